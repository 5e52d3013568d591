//! What a check finds.

use std::fmt;

use crate::plugin::moves::Mover;
use crate::plugin::table::count;

/// What a read has brought, or why it brought nothing.
pub(super) type Answer<T> = Result<T, String>;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grade {
    /// As it should be.
    Good,
    /// Worth knowing, and not wrong by itself.
    Note,
    /// Not as it should be.
    Wrong,
    /// It could not be read.
    NotRead,
}

/// What was found about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) grade: Grade,
    /// About what, in a word or two.
    pub(super) about: &'static str,
    pub(super) what: String,
    /// Whose move it is, and what to do; where `what` does not say it itself.
    pub(super) cure: Option<(Mover, String)>,
}

impl Finding {
    pub(super) fn good(about: &'static str, what: impl Into<String>) -> Self {
        Self {
            grade: Grade::Good,
            about,
            what: what.into(),
            cure: None,
        }
    }

    /// How many of all are ready.
    pub(super) fn ready(about: &'static str, ready: usize, all: usize) -> Self {
        Self {
            grade: if ready == all { Grade::Good } else { Grade::Note },
            about,
            what: format!("{ready} of {all} ready"),
            cure: None,
        }
    }

    pub(super) fn wrong(
        about: &'static str,
        what: impl Into<String>,
        mover: Mover,
        cure: impl Into<String>,
    ) -> Self {
        Self {
            grade: Grade::Wrong,
            about,
            what: what.into(),
            cure: Some((mover, cure.into())),
        }
    }

    /// Something wrong that says itself whose move it is.
    pub(super) fn told(about: &'static str, what: String) -> Self {
        Self {
            grade: Grade::Wrong,
            about,
            what,
            cure: None,
        }
    }

    pub(super) fn not_read(about: &'static str, why: &str) -> Self {
        Self {
            grade: Grade::NotRead,
            about,
            what: why.to_owned(),
            cure: None,
        }
    }
}

/// All that was found.
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    fn count(&self, grade: Grade) -> usize {
        self.0.iter().filter(|finding| finding.grade == grade).count()
    }

    /// Whether nothing is wrong, and everything was seen.
    pub(super) fn all_is_well(&self) -> bool {
        self.count(Grade::Wrong) == 0 && self.count(Grade::NotRead) == 0
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.0 {
            let grade = match finding.grade {
                Grade::Good => "ok",
                Grade::Note => "note",
                Grade::Wrong => "WRONG",
                Grade::NotRead => "NOT READ",
            };
            writeln!(f, "{grade:10}{:13}{}", finding.about, finding.what)?;
            if let Some((mover, cure)) = &finding.cure {
                writeln!(f, "{:23}-> {mover}: {cure}", "")?;
            }
        }
        let (wrong, not_read) = (self.count(Grade::Wrong), self.count(Grade::NotRead));
        let unseen = match not_read {
            0 => String::new(),
            number => format!(", {} could not be read", count(number, "thing")),
        };
        match wrong {
            0 => writeln!(f, "\nNothing is wrong{unseen}."),
            number => writeln!(f, "\n{} wrong{unseen}.", count(number, "thing")),
        }
    }
}
