//! Which operations something befalls, as a text that can be written down and read again.

use std::fmt;
use std::str::FromStr;

use super::disturbance::{Happened, Part, Span, Until, What};

/// The operations at which something happens, by number, and what. The number is counted over the whole scene.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Plan(pub(super) Vec<(u32, What)>);

impl Plan {
    pub(super) fn one(operation: u32, what: What) -> Self {
        Self(vec![(operation, what)])
    }

    pub(super) fn and(&self, operation: u32, what: What) -> Self {
        let mut all = self.0.clone();
        all.push((operation, what));
        Self(all)
    }

    /// Whether something is seen as it was before.
    pub(super) fn looks_back(&self) -> bool {
        let back = |what: &What| matches!(what, What::Stale(_) | What::Behind(_) | What::Watched(_));
        self.0.iter().any(|(_, what)| back(what))
    }

    /// Whether each of its operations took place, and is one that this can befall.
    pub(super) fn befalls(&self, log: &[Happened]) -> bool {
        let like = |one: &What, other: &What| std::mem::discriminant(one) == std::mem::discriminant(other);
        self.0.iter().all(|(number, what)| {
            log.get(*number as usize).is_some_and(|operation| {
                What::of(operation).contains(what)
                    || What::twins(operation.kind, &[])
                        .iter()
                        .any(|twin| like(twin, what))
            })
        })
    }

    /// How many calls may have been done without the operator knowing, so that it may repeat them.
    /// Where a secret is shown once, it is also lost when the answer that has it cannot be stored.
    pub(super) fn repeats(&self, shown_again: bool, log: &[Happened]) -> u32 {
        let unstored = |what: What| matches!(what, What::Unavailable | What::Denied | What::Conflict);
        let kind = |number: u32| log.get(number as usize).map(|operation| operation.kind);
        let unsure =
            |(number, what): &&(u32, What)| what.unsure(kind(*number)) || (!shown_again && unstored(*what));
        u32::try_from(self.0.iter().filter(unsure).count()).unwrap()
    }
}

const WORDS: [(&str, What); 16] = [
    ("crash<", What::CrashBefore),
    ("crash>", What::CrashAfter),
    ("early", What::Early),
    ("list", What::List),
    ("lost", What::Lost),
    ("vanished", What::Vanished),
    ("late", What::Late(None)),
    ("unavailable", What::Unavailable),
    ("denied", What::Denied),
    ("throttled", What::Throttled),
    ("conflict", What::Conflict),
    ("invalid", What::Invalid),
    ("404", What::NotFound),
    ("old", What::Old),
    ("off", What::Missing(Part::Everything, Span::Minutes)),
    ("items", What::Missing(Part::Clients, Span::Minutes)),
];

type Numbered = fn(u32) -> What;

/// What is written with a number: `late+3`.
const NUMBERED: [(&str, Numbered); 6] = [
    ("late", |later| What::Late(Some(later))),
    ("stale", What::Stale),
    ("behind", What::Behind),
    ("watched", What::Watched),
    ("off", |operations| {
        What::Missing(Part::Everything, Span::Operations(operations))
    }),
    ("items", |operations| {
        What::Missing(Part::Clients, Span::Operations(operations))
    }),
];

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(number) => write!(f, "{number}"),
            Self::Settled => f.write_str("settled"),
            Self::Quiet => f.write_str("quiet"),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = match self {
            Self::TwinBefore(until) => return write!(f, "twin<{until}"),
            Self::TwinAfter(until) => return write!(f, "twin>{until}"),
            Self::Late(Some(number))
            | Self::Stale(number)
            | Self::Behind(number)
            | Self::Watched(number)
            | Self::Missing(_, Span::Operations(number)) => *number,
            other => {
                let (word, _) = WORDS.iter().find(|(_, what)| what == other).unwrap();
                return f.write_str(word);
            }
        };
        let (word, _) = NUMBERED.iter().find(|(_, what)| what(number) == *self).unwrap();
        write!(f, "{word}+{number}")
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self
            .0
            .iter()
            .map(|(operation, what)| format!("{operation}:{what}"))
            .collect();
        f.write_str(&all.join(","))
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "settled" => Ok(Self::Settled),
            "quiet" => Ok(Self::Quiet),
            text => number(text).map(Self::Operation),
        }
    }
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(until) = text.strip_prefix("twin<") {
            return until.parse().map(Self::TwinBefore);
        }
        if let Some(until) = text.strip_prefix("twin>") {
            return until.parse().map(Self::TwinAfter);
        }
        let found = match text.split_once('+') {
            None => WORDS
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, what)| *what),
            Some((name, many)) => {
                let many = number(many)?;
                let found = NUMBERED.iter().find(|(word, _)| *word == name);
                found.map(|(_, what)| what(many))
            }
        };
        found.ok_or_else(|| format!("{text}: no such disturbance"))
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |text: &str| {
            let (operation, what) = text
                .split_once(':')
                .ok_or_else(|| format!("{text}: no operation"))?;
            Ok((number(operation)?, what.parse()?))
        };
        text.split(',')
            .filter(|text| !text.is_empty())
            .map(one)
            .collect::<Result<_, String>>()
            .map(Self)
    }
}

#[test]
fn a_plan_can_be_written_down() {
    use super::disturbance::{Kind, Read, VERSIONS};
    for kind in [Kind::Look(Read::Entry), Kind::Query, Kind::Call, Kind::Record] {
        let operation = Happened {
            kind,
            more: true,
            older: VERSIONS,
            watched: VERSIONS,
        };
        for what in What::of(&operation).into_iter().chain(What::twins(kind, &[3])) {
            let plan = Plan::one(7, what).and(12, What::Lost);
            assert_eq!(plan.to_string().parse(), Ok(plan));
        }
    }
}
