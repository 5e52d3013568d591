//! Fixtures of the plugin's tests.

use jiff::Timestamp;

use super::ledger::{Book, Kept};
use crate::model::{
    Access, Attempt, Candidate, ClientMetadata, Confidential, LedgerEntry, Loss, Marker, Obligation, Removal,
    Trace, testing,
};

/// An hour after every fixture began.
pub(crate) fn now() -> Timestamp {
    testing::at(3_600)
}

/// Records, as they would be read.
pub(crate) fn book(entries: impl IntoIterator<Item = LedgerEntry>) -> Book {
    let mut kept: Vec<Kept> = entries.into_iter().map(kept).collect();
    kept.sort_by(|one, other| one.entry.subject.cmp(&other.entry.subject));
    Book {
        kept,
        unusable: Vec::new(),
    }
}

/// A record, as it would be read.
pub(crate) fn kept(entry: LedgerEntry) -> Kept {
    Kept {
        secret: entry.subject.entry_name(),
        entry,
        version: "7".into(),
    }
}

/// An obligation to remove a client that was registered.
pub(crate) fn obligation(number: u32) -> Obligation {
    let registration = testing::registration(number);
    Obligation {
        handle: registration.handle.clone(),
        registration: Some(registration),
        lost: None,
        only_secret: false,
        removal: Removal::Delete,
        since: testing::noon(),
        not_before: testing::noon(),
        was_current: false,
        attempt: None,
        removed: false,
    }
}

/// One whose access is lost.
pub(crate) fn out_of_reach(number: u32) -> Obligation {
    let mut owed = obligation(number);
    if let Some(registration) = &mut owed.registration {
        registration.access = Access::Lost(Loss::Refused);
    }
    owed
}

/// One that may never have come to be, and cannot be looked up.
pub(crate) fn possible_orphan(number: u32) -> Obligation {
    Obligation {
        handle: "payments.billing".into(),
        registration: None,
        lost: Some(Candidate {
            name: "payments.billing".to_owned(),
            trace: Trace::None,
            marker: Marker {
                number,
                ..testing::marker()
            },
            client_id: None,
            client_secret: Some(Confidential::new("canary-candidate")),
            metadata: ClientMetadata::default(),
        }),
        ..obligation(number)
    }
}

/// A record that owes one of each kind.
pub(crate) fn owing() -> LedgerEntry {
    LedgerEntry {
        obligations: vec![
            Obligation {
                attempt: Some(Attempt {
                    id: "attempt".into(),
                    by: "instance-1".into(),
                    at: testing::at(60),
                    tries: 3,
                }),
                ..obligation(2)
            },
            Obligation {
                not_before: testing::at(7_200),
                removal: Removal::Disable,
                ..obligation(3)
            },
            out_of_reach(4),
            possible_orphan(5),
        ],
        ..testing::settled_entry()
    }
}
