//! Who may go on where there is a limit on many clients together: the clients of a namespace at a server, and the removals
//! of a short time.
//!
//! What the ledger says is known a moment later than it is written, and passes run side by side: so whoever was let in is
//! kept here until it is in the ledger. A limit is then kept to the last one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::model::{ServerKey, Subject};

/// Whoever was let in and has not come to the ledger after this time came to nothing.
const ON_THE_WAY: Duration = Duration::from_mins(10);
/// Removals that are so far apart have nothing to do with each other.
pub const BURST: SignedDuration = SignedDuration::from_mins(10);

/// Who was let in.
#[derive(Debug, Default)]
pub struct Admissions {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By server and namespace.
    clients: HashMap<(ServerKey, String), HashMap<Subject, Instant>>,
    removals: HashMap<ServerKey, Vec<Removal>>,
}

/// One removal, or that of everything in a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Removal {
    group: Group,
    since: Timestamp,
}

/// What counts as one removal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Group {
    /// One client.
    Client(Subject),
    /// All clients of a namespace that is deleted, by its UID.
    Namespace(crate::model::Uid),
}

impl Admissions {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `subject` may have a client at `server` where its namespace may have `at_most`. `others` tells how many the
    /// ledger knows there of others, and whether it knows that of a subject.
    pub fn client(
        &self,
        subject: &Subject,
        server: &ServerKey,
        at_most: u32,
        others: impl FnOnce() -> u32,
        is_recorded: impl Fn(&Subject) -> bool,
    ) -> bool {
        let place = (server.clone(), subject.client.namespace.clone());
        let mut inner = self.inner();
        let on_the_way = inner.clients.entry(place.clone()).or_default();
        on_the_way.retain(|other, since| since.elapsed() < ON_THE_WAY && !is_recorded(other));
        let unrecorded = on_the_way.keys().filter(|other| *other != subject).count();
        let there = u32::try_from(unrecorded)
            .unwrap_or(u32::MAX)
            .saturating_add(others());
        let admitted = there < at_most;
        if admitted {
            on_the_way.insert(subject.clone(), Instant::now());
        } else if on_the_way.is_empty() {
            inner.clients.remove(&place);
        }
        admitted
    }

    /// Whether a removal at `server` that is wanted `since` then is one of the first `at_most` within [`BURST`]. The same
    /// one is told the same again.
    pub fn removal(&self, group: &Group, server: &ServerKey, since: Timestamp, at_most: u32) -> bool {
        let mut inner = self.inner();
        let known = inner.removals.entry(server.clone()).or_default();
        let near = |other: &Removal| since.duration_since(other.since).abs() <= BURST;
        if let Some(same) = known
            .iter_mut()
            .find(|other| other.group == *group && near(other))
        {
            same.since = same.since.max(since);
            return true;
        }
        let before = known.iter().filter(|other| near(other)).count();
        if before >= usize::try_from(at_most).unwrap_or(usize::MAX) {
            return false;
        }
        // Older ones are near nothing that may still come.
        known.retain(|other| since.duration_since(other.since) <= BURST * 2);
        known.push(Removal {
            group: group.clone(),
            since,
        });
        true
    }

    /// A server that is gone.
    pub fn forget(&self, server: &ServerKey) {
        let mut inner = self.inner();
        inner.removals.remove(server);
        inner.clients.retain(|(of, _), _| of != server);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;

    fn server() -> ServerKey {
        testing::server().key
    }

    fn subject(name: &str) -> Subject {
        let mut subject = testing::subject();
        subject.client.name = name.to_owned();
        subject
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_on_the_way_counts_until_the_ledger_knows_it() {
        let admissions = Admissions::default();
        let ask = |name: &str, recorded: &[&str]| {
            let recorded: Vec<_> = recorded.iter().map(|name| subject(name)).collect();
            let others = u32::try_from(recorded.len()).unwrap();
            let known = |subject: &Subject| recorded.contains(subject);
            admissions.client(&subject(name), &server(), 2, || others, known)
        };
        assert!(ask("a", &[]) && ask("b", &[]));
        assert!(!ask("c", &[]), "two are on the way");
        assert!(ask("a", &[]), "whoever was let in is let in again");
        assert!(!ask("c", &["a"]), "one is there and one on the way");
        assert!(!ask("c", &["a", "b"]));
        tokio::time::advance(ON_THE_WAY).await;
        assert!(ask("c", &["a"]), "the other one came to nothing");
    }

    #[test]
    fn the_first_removals_of_a_short_time_are_let_through() {
        let admissions = Admissions::default();
        let ask = |name: &str, at: i64| {
            let group = Group::Client(subject(name));
            admissions.removal(&group, &server(), testing::at(at), 2)
        };
        assert!(ask("a", 0) && ask("b", 1));
        assert!(!ask("c", 2));
        assert!(ask("a", 3), "the same one");
        assert!(!ask("c", 500));
        assert!(ask("d", 700), "the first ones are long ago");
        let namespace = Group::Namespace("n".into());
        let all = |at| admissions.removal(&namespace, &server(), testing::at(at), 2);
        assert!(all(701) && all(702) && all(1_000), "a namespace counts once");
        assert!(!ask("e", 703));
        admissions.forget(&server());
        assert!(ask("e", 704));
    }
}
