//! What came of it, as a table that a person can read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use super::checks::Check;
use super::server::As;
use super::verdict::{Checked, Stop};

/// So many failures are told with their log.
const TOLD: usize = 3;
/// The last lines of a log say what went wrong.
const LINES: usize = 60;

/// One check of one specimen.
pub(super) struct Run {
    pub(super) server: &'static str,
    pub(super) variant: String,
    pub(super) check: &'static str,
    /// What could be done with the server besides; empty where it was not started.
    pub(super) controls: String,
    pub(super) came: Checked,
    /// What was known beforehand.
    pub(super) known: Option<As>,
    /// What happened, line by line.
    pub(super) log: String,
}

impl Run {
    pub(super) fn failure(&self) -> Option<&str> {
        match &self.came {
            Err(Stop::Failed(why)) => Some(why),
            Ok(()) | Err(Stop::DoesNotApply(_)) => None,
        }
    }

    /// It fails and nobody knew, or it is known to fail and does not.
    pub(super) fn is_news(&self) -> bool {
        self.failure().is_some() != self.is_known_to_fail()
    }

    fn is_known_to_fail(&self) -> bool {
        matches!(self.known, Some(As::Failing(_)))
    }

    /// How to see it again.
    fn again(&self) -> String {
        format!(
            "make conformance SERVER='{}' VARIANT='{}' CHECK='{}'",
            self.server, self.variant, self.check
        )
    }
}

/// How often a check came to what.
#[derive(Default, Clone, Copy)]
struct Count {
    passed: usize,
    failed: usize,
    not_applied: usize,
}

impl Count {
    fn of<'a>(runs: impl Iterator<Item = &'a Run>) -> Self {
        runs.fold(Self::default(), |mut count, run| {
            match &run.came {
                Ok(()) => count.passed += 1,
                Err(Stop::Failed(_)) => count.failed += 1,
                Err(Stop::DoesNotApply(_)) => count.not_applied += 1,
            }
            count
        })
    }

    /// As a cell: one word for one specimen, else how many.
    fn cell(self) -> String {
        let single = self.passed + self.failed + self.not_applied == 1;
        let words = [
            ("ok", self.passed),
            ("n/a", self.not_applied),
            ("FAILED", self.failed),
        ];
        let words = words.into_iter().filter(|(_, count)| *count > 0);
        let words = words.map(|(word, count)| {
            if single {
                word.to_owned()
            } else {
                format!("{count} {word}")
            }
        });
        words.collect::<Vec<_>>().join(", ")
    }
}

/// The whole report. Its last line is `N passed, N failed`.
pub(super) fn report(checks: &[&Check], runs: &[Run], took: Duration) -> String {
    let mut text = String::new();
    table(&mut text, checks, runs);
    not_applied(&mut text, runs);
    mended(&mut text, runs);
    failures(&mut text, runs);
    let count = Count::of(runs.iter());
    let known = runs
        .iter()
        .filter(|run| run.failure().is_some() && !run.is_news());
    writeln!(
        text,
        "\nOf what failed, {} was known and is marked. It took {} s.",
        known.count(),
        took.as_secs()
    )
    .unwrap();
    write!(text, "{} passed, {} failed", count.passed, count.failed).unwrap();
    text
}

fn table(text: &mut String, checks: &[&Check], runs: &[Run]) {
    let servers: BTreeSet<&'static str> = runs.iter().map(|run| run.server).collect();
    let cell = |server: &str, check: &str| {
        let these = runs
            .iter()
            .filter(|run| run.server == server && run.check == check);
        Count::of(these).cell()
    };
    let first = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or_default();
    let widths: Vec<usize> = servers
        .iter()
        .map(|server| {
            let cells = checks.iter().map(|check| cell(server, check.name).len());
            cells.chain([server.len()]).max().unwrap_or_default()
        })
        .collect();
    let mut line = |name: &str, cells: Vec<String>| {
        write!(text, "{name:first$}").unwrap();
        for (cell, width) in cells.iter().zip(&widths) {
            write!(text, " | {cell:width$}").unwrap();
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    };
    line("check", servers.iter().map(ToString::to_string).collect());
    line(
        &"-".repeat(first),
        widths.iter().map(|width| "-".repeat(*width)).collect(),
    );
    for check in checks {
        line(
            check.name,
            servers.iter().map(|server| cell(server, check.name)).collect(),
        );
    }
    text.push('\n');
    for server in servers {
        let these: Vec<&Run> = runs.iter().filter(|run| run.server == server).collect();
        let variants: BTreeSet<&String> = these.iter().map(|run| &run.variant).collect();
        let controls = these
            .iter()
            .map(|run| run.controls.as_str())
            .max()
            .unwrap_or_default();
        writeln!(
            text,
            "{server}: {} variants; controls: {controls}",
            variants.len()
        )
        .unwrap();
    }
}

/// What does not apply, by the reason: which checks, and to whom.
fn not_applied(text: &mut String, runs: &[Run]) {
    let mut reasons: BTreeMap<(&str, &str), Vec<&Run>> = BTreeMap::new();
    for run in runs {
        if let Err(Stop::DoesNotApply(why)) = &run.came {
            reasons.entry((run.server, why)).or_default().push(run);
        }
    }
    if !reasons.is_empty() {
        text.push_str("\nDoes not apply (n/a):\n");
    }
    for ((server, why), these) in reasons {
        let all: BTreeSet<&str> = runs
            .iter()
            .filter(|run| run.server == server)
            .map(|run| run.check)
            .collect();
        let checks = if set(&these, |run| run.check).len() == all.len() {
            "all".to_owned()
        } else {
            joined(&these, |run| run.check)
        };
        let variants = match set(&these, |run| &run.variant).len() {
            1..=9 => joined(&these, |run| &run.variant),
            many => format!("{many} of them"),
        };
        writeln!(
            text,
            "- {server}: {why}\n  checks: {checks}\n  variants: {variants}"
        )
        .unwrap();
    }
}

/// What these runs have, each once.
fn set<'a>(runs: &[&'a Run], what: fn(&Run) -> &str) -> BTreeSet<&'a str> {
    runs.iter().map(|run| what(run)).collect()
}

fn joined(runs: &[&Run], what: fn(&Run) -> &str) -> String {
    set(runs, what).into_iter().collect::<Vec<_>>().join(", ")
}

/// What was known to fail and does not: the mark has to go.
fn mended(text: &mut String, runs: &[Run]) {
    for run in runs.iter().filter(|run| run.is_news() && run.is_known_to_fail()) {
        writeln!(
            text,
            "\nKnown to fail, and does not: {}, {}, {}",
            run.check, run.server, run.variant
        )
        .unwrap();
    }
}

/// What failed, by what was seen: how to see it again, and of the first ones what happened.
fn failures(text: &mut String, runs: &[Run]) {
    let mut kinds: BTreeMap<(&str, &str), Vec<&Run>> = BTreeMap::new();
    for run in runs {
        if let Some(why) = run.failure() {
            kinds.entry((run.server, why)).or_default().push(run);
        }
    }
    if !kinds.is_empty() {
        text.push_str("\nFAILED:\n");
    }
    for (number, ((server, why), these)) in kinds.into_iter().enumerate() {
        let checks = joined(&these, |run| run.check);
        let variants = joined(&these, |run| &run.variant);
        writeln!(
            text,
            "- {server}: {why}\n  checks: {checks}\n  variants: {variants}"
        )
        .unwrap();
        let Some(one) = these.first() else { continue };
        if let Some(As::Failing(known)) = one.known {
            writeln!(text, "  known: {known}").unwrap();
        }
        writeln!(text, "  {}", one.again()).unwrap();
        if number < TOLD {
            let lines: Vec<&str> = one.log.lines().collect();
            for line in &lines[lines.len().saturating_sub(LINES)..] {
                writeln!(text, "    {line}").unwrap();
            }
        }
    }
}
