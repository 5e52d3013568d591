//! How requests are written where the documents leave it open. A refusal does not say what it is about, so the next try
//! is written in the next manner; once one was accepted it stays.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// What a change says of the app's own id and secret, which it need not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Both: a server may take what is left out away.
    Whole,
    /// The secret alone: a server may refuse the id.
    SecretAlone,
    /// Neither: it may refuse both.
    LeftOut,
}

/// One manner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Grant types are a text with commas, as the documents of 2.16 print them, and no array.
    pub grants_as_text: bool,
    /// What a change holds.
    pub identity: Identity,
    number: u8,
}

/// So many manners of a change there are for each manner to write grant types.
const IDENTITIES: u8 = 3;
const ALL: u8 = 2 * IDENTITIES;

/// The manner that is in use.
#[derive(Debug, Default)]
pub struct Manners {
    number: AtomicU8,
    grants_accepted: AtomicBool,
    change_accepted: AtomicBool,
}

impl Manners {
    /// The manner of the next request. `sets_secret`: it is a change of the secret, which cannot do without.
    pub fn now(&self, sets_secret: bool) -> Manner {
        let number = self.number.load(Ordering::Relaxed);
        Manner {
            grants_as_text: number >= IDENTITIES,
            identity: match number % IDENTITIES {
                0 => Identity::Whole,
                1 => Identity::SecretAlone,
                _ if sets_secret => Identity::SecretAlone,
                _ => Identity::LeftOut,
            },
            number,
        }
    }

    /// A registration was accepted in this manner.
    pub fn registration_accepted(&self) {
        self.grants_accepted.store(true, Ordering::Relaxed);
    }

    /// A change was.
    pub fn change_accepted(&self) {
        self.grants_accepted.store(true, Ordering::Relaxed);
        self.change_accepted.store(true, Ordering::Relaxed);
    }

    /// A registration was refused. Whether the next one is written otherwise.
    pub fn registration_refused(&self, manner: Manner) -> bool {
        !self.grants_accepted.load(Ordering::Relaxed) && self.turn(manner, IDENTITIES)
    }

    /// A change was refused. Whether the next one is written otherwise.
    pub fn change_refused(&self, manner: Manner) -> bool {
        if self.change_accepted.load(Ordering::Relaxed) {
            return false;
        }
        let to_last = manner.number % IDENTITIES == IDENTITIES - 1;
        // Grant types that were taken as they are stay as they are.
        let by = if to_last && self.grants_accepted.load(Ordering::Relaxed) {
            ALL - IDENTITIES + 1
        } else {
            1
        };
        self.turn(manner, by)
    }

    /// Goes on from a manner, unless somebody else did meanwhile.
    fn turn(&self, from: Manner, by: u8) -> bool {
        let next = (from.number + by) % ALL;
        let turned = self
            .number
            .compare_exchange(from.number, next, Ordering::Relaxed, Ordering::Relaxed);
        turned.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(manners: &Manners, times: usize) -> Vec<(bool, Identity)> {
        let mut tried = Vec::new();
        for _ in 0..times {
            let manner = manners.now(false);
            tried.push((manner.grants_as_text, manner.identity));
            manners.change_refused(manner);
        }
        tried
    }

    #[test]
    fn a_refused_change_goes_through_all_manners() {
        use Identity::{LeftOut, SecretAlone, Whole};
        let six = [Whole, SecretAlone, LeftOut].map(|identity| [false, true].map(|text| (text, identity)));
        let mut all: Vec<_> = six.into_iter().flatten().collect();
        all.sort_by_key(|(text, _)| *text);
        assert_eq!(tried(&Manners::default(), 6), all);
        // What registrations have shown to be right is not tried otherwise.
        for text in [false, true] {
            let manners = Manners::default();
            if text {
                assert!(manners.registration_refused(manners.now(false)));
            }
            manners.registration_accepted();
            let three = [Whole, SecretAlone, LeftOut].map(|identity| (text, identity));
            assert_eq!(tried(&manners, 6), [three, three].concat());
        }
    }

    #[test]
    fn what_was_accepted_stays() {
        let manners = Manners::default();
        let first = manners.now(false);
        manners.change_accepted();
        assert!(!manners.change_refused(first) && !manners.registration_refused(first));
        assert_eq!(manners.now(false), first);
    }

    #[test]
    fn two_refusals_at_once_are_one() {
        let manners = Manners::default();
        let first = manners.now(false);
        assert!(manners.change_refused(first) && !manners.change_refused(first));
        assert_eq!(manners.now(false).identity, Identity::SecretAlone);
    }

    #[test]
    fn a_new_secret_is_never_left_out() {
        let manners = Manners::default();
        for _ in 0..ALL {
            let manner = manners.now(true);
            assert_ne!(manner.identity, Identity::LeftOut);
            manners.change_refused(manner);
        }
    }
}
