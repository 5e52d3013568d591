//! How everything was before, for views that are out of date.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::disturbance::VERSIONS;
use crate::cluster::memory::{MemoryCluster, World};
use crate::model::{ClientKey, ServerView};

/// What could be read at one time.
#[derive(Clone)]
pub(super) struct Moment {
    /// What the API server held.
    pub(super) cluster: MemoryCluster,
    /// What the watch of server objects showed.
    pub(super) server: ServerView,
}

/// What has versions of its own. That there is none of it is a version, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Object {
    /// An `OAuthClient`.
    Client(ClientKey),
    /// A ledger entry, by the name of its Secret.
    Entry(String),
    /// A Secret, by namespace and name.
    Secret((String, String)),
    /// What the watches show to a pass over a client in this namespace.
    Watched(String),
}

/// All moments so far that differ in what can be read.
#[derive(Default)]
pub(super) struct Past {
    moments: Vec<Arc<Moment>>,
    /// For each object the moments right before it changed, by number.
    changes: BTreeMap<Object, Vec<usize>>,
}

impl Past {
    /// Keeps how everything is now.
    pub(super) fn note(&mut self, cluster: &MemoryCluster, server: &ServerView) {
        let Some(last) = self.moments.last() else {
            self.keep(cluster, server);
            return;
        };
        let mut changed = BTreeSet::new();
        {
            let (before, now): (&World, &World) = (&last.cluster.world(), &cluster.world());
            changed.extend(differing(&before.clients, &now.clients).map(Object::Client));
            changed.extend(differing(&before.ledger, &now.ledger).map(Object::Entry));
            changed.extend(differing(&before.secrets, &now.secrets).map(Object::Secret));
            changed.extend(differing(&before.namespaces, &now.namespaces).map(Object::Watched));
            if before.crd != now.crd || last.server != *server {
                changed.extend(now.namespaces.keys().cloned().map(Object::Watched));
            }
        }
        if changed.is_empty() {
            return;
        }
        let number = self.moments.len() - 1;
        for object in changed {
            self.changes.entry(object).or_default().push(number);
        }
        self.keep(cluster, server);
    }

    fn keep(&mut self, cluster: &MemoryCluster, server: &ServerView) {
        self.moments.push(Arc::new(Moment {
            cluster: cluster.as_shown(),
            server: server.clone(),
        }));
    }

    /// The moment right before the object's last so many changes, if there were as many and it may be shown.
    pub(super) fn before(&self, object: &Object, changes: u32) -> Option<Arc<Moment>> {
        let numbers = self.changes.get(object)?;
        let number = numbers.len().checked_sub(changes as usize)?;
        let then = &self.moments[numbers[number]];
        self.may_show(object, then).then(|| then.clone())
    }

    /// How many changes of an object can be gone back, at most [`VERSIONS`].
    pub(super) fn versions_before(&self, object: &Object) -> u32 {
        (1..=VERSIONS)
            .rev()
            .find(|changes| self.before(object, *changes).is_some())
            .unwrap_or(0)
    }

    /// Whether an old view of an object is no false evidence: that a Secret is not there, or that a client lives that is
    /// gone. The operator takes the API server's word for both, and that is kept where no version is asked for.
    pub(super) fn may_show(&self, object: &Object, then: &Moment) -> bool {
        let Some(now) = self.moments.last() else {
            return false;
        };
        let (then, now): (&World, &World) = (&then.cluster.world(), &now.cluster.world());
        match object {
            Object::Client(key) => {
                let uid = |world: &World| world.clients.get(key).map(|client| client.uid.clone());
                uid(then).is_none() || uid(then) == uid(now)
            }
            Object::Secret(place) => then.secrets.contains_key(place) || !now.secrets.contains_key(place),
            Object::Entry(_) | Object::Watched(_) => true,
        }
    }
}

/// The keys of what is not the same here and there.
fn differing<K: Ord + Clone, V: PartialEq>(
    before: &BTreeMap<K, V>,
    now: &BTreeMap<K, V>,
) -> impl Iterator<Item = K> {
    let keys: BTreeSet<&K> = before.keys().chain(now.keys()).collect();
    let differing: Vec<K> = keys
        .into_iter()
        .filter(|key| before.get(*key) != now.get(*key))
        .cloned()
        .collect();
    differing.into_iter()
}
