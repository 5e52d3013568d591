//! What can befall one operation at a port, as data that can be written down and read again.

use std::fmt;
use std::str::FromStr;

/// A kind of operation at a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A read at the API server.
    Look,
    /// A read at the authorization server.
    Query,
    /// A write of the ledger.
    Record,
    /// A mutating call.
    Call,
    /// A dry run of publishing.
    Rehearse,
    /// A write of the Secret.
    Publish,
    /// A removal of the Secret.
    Unpublish,
    /// A write of the status.
    Status,
}

/// What befalls an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// The process is killed before it.
    CrashBefore,
    /// The process is killed after it, before it hears of it.
    CrashAfter,
    /// The process is held before it (a call: on the way), another one starts, and the first wakes later.
    TwinBefore(Until),
    /// The same, with the process held after the operation was done.
    TwinAfter(Until),
    /// The next act of the scene happens before it.
    Early,
    /// The drift check lists the clients before it; the next pass learns what it saw.
    List,
    /// It is done and the answer is lost.
    Lost,
    /// It is not done, and nobody can tell.
    Vanished,
    /// A call that is done so many operations later, with no answer; `None`: as late as can be.
    Late(Option<u32>),
    /// It cannot be reached, or 5xx; nothing is done.
    Unavailable,
    /// 401 or 403.
    Denied,
    /// 429.
    Throttled,
    /// 409.
    Conflict,
    /// 400.
    Invalid,
    /// A read that says 404 and proves nothing.
    NotFound,
    /// A read that shows what was there before the last call.
    Old,
}

/// When a held process wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Until {
    /// When the other one is about to do its operation of this number, counted from one.
    Operation(u32),
    /// When the other one has settled.
    Settled,
    /// When all is quiet, long after.
    Quiet,
}

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

    /// How many calls may have been done without the operator knowing, so that it may repeat them.
    /// Where a secret is shown once, it is also lost when the answer that has it cannot be stored.
    pub(super) fn repeats(&self, shown_again: bool) -> u32 {
        let unstored = |what: What| matches!(what, What::Unavailable | What::Denied | What::Conflict);
        let unsure = |what: What| what.unsure() || (!shown_again && unstored(what));
        let unsure = self.0.iter().filter(|(_, what)| unsure(*what)).count();
        u32::try_from(unsure).unwrap()
    }
}

impl What {
    fn unsure(self) -> bool {
        matches!(
            self,
            Self::CrashBefore
                | Self::CrashAfter
                | Self::TwinBefore(_)
                | Self::TwinAfter(_)
                | Self::Lost
                | Self::Vanished
                | Self::Late(_)
                | Self::Old
        )
    }

    /// All that can befall an operation of this kind, but for second instances.
    pub(super) fn of(kind: Kind, more_acts: bool) -> Vec<Self> {
        let mut all = vec![Self::CrashBefore];
        if kind != Kind::Look {
            all.push(Self::CrashAfter);
        }
        if more_acts {
            all.push(Self::Early);
        }
        match kind {
            Kind::Look => all.push(Self::Unavailable),
            Kind::Query => all.extend([
                Self::Unavailable,
                Self::Denied,
                Self::Throttled,
                Self::NotFound,
                Self::Old,
                Self::List,
            ]),
            Kind::Call => {
                all.extend([
                    Self::Lost,
                    Self::Vanished,
                    Self::Unavailable,
                    Self::Denied,
                    Self::Throttled,
                    Self::Conflict,
                    Self::Invalid,
                    Self::List,
                ]);
                all.extend((1..=12).map(|later| Self::Late(Some(later))));
                all.push(Self::Late(None));
            }
            Kind::Record | Kind::Rehearse | Kind::Publish | Kind::Unpublish | Kind::Status => {
                all.extend([Self::Lost, Self::Unavailable, Self::Denied, Self::Conflict]);
            }
        }
        all
    }

    /// Second instances that start at an operation and run for a while.
    pub(super) fn twins(kind: Kind, lengths: &[u32]) -> Vec<Self> {
        let until = || {
            let some = lengths.iter().copied().map(Until::Operation);
            some.chain([Until::Settled, Until::Quiet])
        };
        let mut all: Vec<Self> = until().map(Self::TwinBefore).collect();
        if matches!(kind, Kind::Call | Kind::Look | Kind::Query | Kind::Record) {
            all.extend(until().map(Self::TwinAfter));
        }
        all
    }

    pub(super) fn is_twin(self) -> bool {
        matches!(self, Self::TwinBefore(_) | Self::TwinAfter(_))
    }
}

const WORDS: [(&str, What); 14] = [
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
        match self {
            Self::TwinBefore(until) => write!(f, "twin<{until}"),
            Self::TwinAfter(until) => write!(f, "twin>{until}"),
            Self::Late(Some(later)) => write!(f, "late+{later}"),
            other => {
                let (word, _) = WORDS.iter().find(|(_, what)| what == other).unwrap();
                f.write_str(word)
            }
        }
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

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "settled" => Ok(Self::Settled),
            "quiet" => Ok(Self::Quiet),
            number => number
                .parse()
                .map(Self::Operation)
                .map_err(|error| format!("{text}: {error}")),
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
        if let Some(later) = text.strip_prefix("late+") {
            let later = later.parse().map_err(|error| format!("{text}: {error}"))?;
            return Ok(Self::Late(Some(later)));
        }
        let found = WORDS.iter().find(|(word, _)| *word == text);
        found
            .map(|(_, what)| *what)
            .ok_or_else(|| format!("{text}: no such disturbance"))
    }
}

impl FromStr for Plan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |text: &str| {
            let (operation, what) = text
                .split_once(':')
                .ok_or_else(|| format!("{text}: no operation"))?;
            let operation = operation.parse().map_err(|error| format!("{text}: {error}"))?;
            Ok((operation, what.parse()?))
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
    for kind in [Kind::Look, Kind::Query, Kind::Call, Kind::Record] {
        for what in What::of(kind, true).into_iter().chain(What::twins(kind, &[3])) {
            let plan = Plan::one(7, what).and(12, What::Lost);
            assert_eq!(plan.to_string().parse(), Ok(plan));
        }
    }
}
