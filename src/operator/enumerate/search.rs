//! Which plans are tried, and the account of it.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::disturbance::{Plan, What};
use super::driver::{Run, States, run};
use super::mistakes::Mistake;
use super::plays::Play;

/// So many violations are told in full.
const TOLD: usize = 6;

/// What was tried, and what was found.
#[derive(Default)]
pub(super) struct Account {
    pub(super) plays: usize,
    pub(super) runs: usize,
    pub(super) states: States,
    pub(super) violations: Vec<Violation>,
}

/// One run that violated something.
pub(super) struct Violation {
    pub(super) play: &'static str,
    pub(super) plan: Plan,
    pub(super) what: Vec<String>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} scenarios, {} runs, {} distinct states, {} violations",
            self.plays,
            self.runs,
            self.states.lock().unwrap().len(),
            self.violations.len()
        )
    }
}

impl Account {
    /// Fails with what was found, and how to see it again.
    pub(super) fn settle(&self, name: &str) {
        println!("{name}: {self}");
        let mut kinds = HashSet::new();
        for violation in &self.violations {
            let kind = (violation.play, violation.what.first().cloned());
            if kinds.insert(kind) && kinds.len() <= 60 {
                println!(
                    "ENUMERATE_REPLAY='{} {}' cargo test --lib enumerate::replay -- --nocapture\n    {}",
                    violation.play,
                    violation.plan,
                    violation.what.join("\n    ")
                );
            }
        }
        for violation in self.violations.iter().take(TOLD / 6) {
            println!("{}", transcript(violation.play, &violation.plan, None));
        }
        assert!(self.violations.is_empty(), "{name}: {self}");
    }
}

/// The transcript of a run, with what it violates.
pub(super) fn transcript(play: &str, plan: &Plan, mistake: Option<Mistake>) -> String {
    let play = super::plays::ALL
        .iter()
        .find(|known| known.name == play)
        .unwrap_or_else(|| panic!("no play {play}"));
    let states: States = Arc::new(Mutex::new(HashSet::new()));
    let base = run(play, &Plan::default(), mistake, false, &states);
    let this = run(play, plan, mistake, true, &states);
    let against = judge(play, plan, &base, &this);
    format!(
        "{} {plan}\n{}\n{:#?}\n{}",
        play.name,
        this.transcript,
        this.end,
        against.join("\n")
    )
}

/// Everything that a run violates, the comparison with the undisturbed one included (L2, S10).
pub(super) fn judge(play: &Play, plan: &Plan, base: &Run, this: &Run) -> Vec<String> {
    let mut against = this.violations.clone();
    let unknown = format!("{:?}", this.end).contains("OutcomeUnknown");
    let excused = play.may_end_unknown && unknown;
    if this.end != base.end && !excused {
        for (who, lines) in &base.end.clients {
            let found = this.end.clients.get(who).cloned().unwrap_or_default();
            for line in lines.iter().filter(|line| !found.contains(line)) {
                against.push(format!("L2: {who} ends without: {line}"));
            }
            for line in found.iter().filter(|line| !lines.contains(line)) {
                against.push(format!("L2: {who} ends with: {line}"));
            }
        }
    }
    for ((kind, did), undisturbed) in ["registrations", "deletions", "rotations"]
        .iter()
        .zip(this.did)
        .zip(base.did)
    {
        if did > undisturbed + plan.repeats() {
            against.push(format!("L2: {did} {kind}, undisturbed {undisturbed}"));
        }
    }
    against
}

impl Account {
    fn try_(&mut self, play: &'static Play, plan: &Plan, base: &Run, mistake: Option<Mistake>) -> Run {
        let this = run(play, plan, mistake, false, &self.states);
        self.runs += 1;
        let what = judge(play, plan, base, &this);
        if !what.is_empty() {
            self.violations.push(Violation {
                play: play.name,
                plan: plan.clone(),
                what,
            });
        }
        this
    }

    /// One plan.
    pub(super) fn plan(&mut self, play: &'static Play, plan: &Plan, base: &Run) -> Run {
        self.try_(play, plan, base, None)
    }

    /// The undisturbed run.
    pub(super) fn undisturbed(&mut self, play: &'static Play, mistake: Option<Mistake>) -> Run {
        self.plays += 1;
        self.runs += 1;
        let base = run(play, &Plan::default(), mistake, false, &self.states);
        if !base.violations.is_empty() {
            let (what, plan) = (base.violations.clone(), Plan::default());
            self.violations.push(Violation {
                play: play.name,
                plan,
                what,
            });
        }
        base
    }

    /// Everything that can befall one operation, at every operation.
    pub(super) fn singles(
        &mut self,
        play: &'static Play,
        base: &Run,
        longest_twin: u32,
        mistake: Option<Mistake>,
    ) {
        for (number, what) in choices(base, 0, longest_twin) {
            self.try_(play, &Plan::one(number, what), base, mistake);
        }
    }
}

/// Everything that can befall the operations of a run from number `from` on.
pub(super) fn choices(run: &Run, from: usize, longest_twin: u32) -> Vec<(u32, What)> {
    let mut all = Vec::new();
    for (number, (kind, more)) in run.log.iter().enumerate().skip(from) {
        let twins = if longest_twin == 0 {
            Vec::new()
        } else {
            What::twins(*kind, longest_twin)
        };
        for what in What::of(*kind, *more).into_iter().chain(twins) {
            all.push((u32::try_from(number).unwrap(), what));
        }
    }
    all
}
