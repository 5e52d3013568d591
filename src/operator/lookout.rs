//! What the watches see, and what they do not, for who asks whether all is well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::index::EntryFacts;
use super::mirror::{Mirror, Placed};
use super::pass::World as _;
use super::reach::Mode;
use super::world::Operator;

/// So many names are told; of more, how many.
const NAMES_MAX: usize = 10;

/// How the watches of a kind are.
struct Outlook {
    /// What they are called.
    name: &'static str,
    /// They have seen everything that is not refused to us.
    complete: bool,
    /// What keeps one of them from seeing anything.
    trouble: Option<String>,
    /// The namespaces that are refused to us.
    refused: Vec<String>,
    /// How long the one that has been silent for longest has been so.
    silent: Option<Duration>,
}

impl Operator {
    /// What keeps the operator from being ready: a watch that has not seen everything yet, or sees nothing any more.
    pub fn waiting_for(&self) -> Vec<String> {
        let identity = "the cluster's identity and the CRDs".to_owned();
        let identified = !self.here().cluster_id.0.is_empty();
        let watches = self.watches();
        let watches = watches.into_iter().filter_map(|seen| {
            let name = seen.name;
            seen.trouble
                .map(|trouble| format!("{name} ({trouble})"))
                .or_else(|| (!seen.complete).then(|| name.to_owned()))
        });
        (!identified)
            .then_some(identity)
            .into_iter()
            .chain(watches)
            .chain(self.leadership.trouble().map(|why| format!("the Lease ({why})")))
            .collect()
    }

    /// The watches that are under way and have not done anything for longer than `limit`, not even tried.
    pub fn stuck_watches(&self, limit: Duration) -> Vec<&'static str> {
        let watches = self.watches().into_iter();
        let stuck = watches.filter(|seen| seen.silent.is_some_and(|silent| silent > limit));
        stuck.map(|seen| seen.name).collect()
    }

    fn watches(&self) -> [Outlook; 7] {
        fn watch<K: Clone + Eq + std::hash::Hash + Placed, V: Clone>(
            name: &'static str,
            mirror: &Mirror<K, V>,
        ) -> Outlook {
            Outlook {
                name,
                complete: mirror.is_complete(),
                trouble: mirror.trouble(),
                refused: mirror.refused(),
                silent: mirror.silent_for(),
            }
        }
        [
            watch("OAuthClients", &self.clients),
            watch("the ledger", &self.entries),
            watch("namespaces", &self.namespaces),
            watch("ClusterAuthorizationServers", &self.cluster_servers),
            watch("AuthorizationServers", &self.namespaced_servers),
            watch("published Secrets", &self.published),
            watch("credential Secrets", &self.credentials),
        ]
    }

    /// How many objects of each kind this version cannot read.
    pub fn unreadable(&self) -> [(&'static str, usize); 4] {
        [
            ("OAuthClient", self.clients.count(|facts| facts.server.is_none())),
            (
                "AuthorizationServer",
                self.namespaced_servers.count(Result::is_err),
            ),
            (
                "ClusterAuthorizationServer",
                self.cluster_servers.count(Result::is_err),
            ),
            ("LedgerEntry", self.entries.count(|facts| facts.known.is_none())),
        ]
    }

    /// The namespaces in which something is refused to us that we look after; others may decide that, and whoever works in
    /// them suffers alone.
    pub fn refused_namespaces(&self) -> BTreeSet<String> {
        let watches = self.watches().into_iter();
        watches.flat_map(|seen| seen.refused).collect()
    }

    /// Writes to the log what this process does not see of what it should, or was to see earlier.
    pub fn tell_what_is_not_seen(&self) {
        let refused = self.refused_namespaces();
        if !refused.is_empty() {
            let namespaces = some_of(refused.into_iter());
            tracing::warn!(%namespaces, "rights in these namespaces are missing; nothing is done there until they are given");
        }
        let held = self.out_of_sight();
        if !held.is_empty() {
            let records: usize = held.values().sum();
            let namespaces = some_of(held.into_keys().collect::<Vec<_>>().into_iter());
            tracing::warn!(
                %namespaces,
                records,
                "records of clients in namespaces that are not watched are held: nothing tells whether these are gone"
            );
        }
    }

    /// How many records there are of each namespace that is not looked at. They are held: whether their clients are gone
    /// cannot be told.
    pub fn out_of_sight(&self) -> BTreeMap<String, usize> {
        let mut records = BTreeMap::<String, usize>::new();
        if !matches!(self.reach.mode, Mode::Namespaces(_)) {
            return records;
        }
        let unseen = |facts: &EntryFacts| {
            let known = facts.known.as_ref();
            known.is_some_and(|known| !self.reach.sees(&known.subject.client.namespace))
        };
        let entries = self.entries.select(|_, facts| unseen(facts)).into_iter();
        for known in entries.filter_map(|(_, facts)| facts.known) {
            *records.entry(known.subject.client.namespace).or_default() += 1;
        }
        records
    }
}

/// The first of some names, for people.
pub fn some_of(names: impl ExactSizeIterator<Item = impl Into<String>>) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let first: Vec<String> = names.take(NAMES_MAX).map(Into::into).collect();
    match more {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
