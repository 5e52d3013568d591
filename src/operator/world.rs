//! Everything that the parts of the process share, and the world as a pass sees it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::admission::{Admissions, Group};
use super::clock::Clock;
use super::index::{ClientFacts, EntryFacts, KnownEntry, NamespaceFacts};
use super::lead::Leadership;
use super::metrics::{Counts, Metrics, kind, outcome_kind};
use super::mirror::Mirror;
use super::pass::{Connection, World};
use super::queue::{Queue, Urgency};
use super::reach::{Kind, Reach};
use super::servers::{CONNECTING, ServerObject, Servers};
use crate::cluster::Cluster;
use crate::model::{
    ClientKey, Here, InstanceId, NamespaceView, Observation, Outcome, Quota, Record, ServerKey, ServerView,
    Step, Subject, Timing, Uid, Version,
};

/// Namespace and name.
pub type ObjectKey = (String, String);

/// The operator: what it knows in memory, and its ways to the outside.
pub struct Operator {
    /// Kubernetes.
    pub cluster: Box<dyn Cluster>,
    /// Whether this process is the one that works.
    pub leadership: Arc<Leadership>,
    /// What is looked at next.
    pub queue: Queue,
    /// The servers and the ways to them.
    pub servers: Servers,
    /// Metrics.
    pub metrics: Metrics,
    /// All `OAuthClient`s.
    pub clients: Mirror<ClientKey, ClientFacts>,
    /// All ledger entries, by the name of their Secret.
    pub entries: Mirror<String, EntryFacts>,
    /// All namespaces.
    pub namespaces: Mirror<String, NamespaceFacts>,
    /// All server objects, or why this version cannot read them.
    pub cluster_servers: Mirror<ServerKey, Result<ServerObject, String>>,
    /// All namespaced server objects.
    pub namespaced_servers: Mirror<ServerKey, Result<ServerObject, String>>,
    /// All published Secrets.
    pub published: Mirror<ObjectKey, (ClientKey, Version)>,
    /// All Secrets with credentials of servers.
    pub credentials: Mirror<ObjectKey, Version>,
    /// Limits on many clients together.
    pub admissions: Admissions,
    /// What it looks after.
    pub reach: Reach,
    clock: Clock,
    here: Mutex<Here>,
    stopping: AtomicBool,
    seen: Mutex<HashMap<Subject, Observation>>,
    watched: Mutex<HashMap<Subject, (Version, Instant)>>,
    ours: Mutex<HashMap<ObjectKey, Version>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Operator {
    /// An operator that knows nothing yet, not even in which cluster it is.
    pub fn new(cluster: Box<dyn Cluster>, instance: InstanceId, timing: Timing) -> Self {
        let here = Here {
            cluster_id: "".into(),
            crd_uid: "".into(),
            instance,
            timing,
        };
        Self {
            cluster,
            leadership: Arc::default(),
            queue: Queue::default(),
            servers: Servers::default(),
            metrics: Metrics::default(),
            clients: Mirror::default(),
            entries: Mirror::default(),
            namespaces: Mirror::default(),
            cluster_servers: Mirror::default(),
            namespaced_servers: Mirror::default(),
            published: Mirror::default(),
            credentials: Mirror::default(),
            admissions: Admissions::default(),
            reach: Reach::default(),
            clock: Clock::new(timing.late_delivery),
            here: Mutex::new(here),
            stopping: AtomicBool::new(false),
            seen: Mutex::default(),
            watched: Mutex::default(),
            ours: Mutex::default(),
        }
    }

    /// The same with something else to look after, in the namespace `own`; before anything is watched.
    #[must_use]
    pub fn within(self, reach: Reach, own: &str) -> Self {
        Self {
            clients: reach.mirror(Kind::Clients, own),
            namespaces: reach.mirror(Kind::Namespaces, own),
            cluster_servers: reach.mirror(Kind::ClusterServers, own),
            namespaced_servers: reach.mirror(Kind::Servers, own),
            published: reach.mirror(Kind::Published, own),
            credentials: reach.mirror(Kind::Credentials, own),
            reach,
            ..self
        }
    }

    /// The subject of a client, if its namespace is known.
    pub fn subject(&self, client: &ClientKey) -> Option<Subject> {
        let namespace_uid = self.namespaces.get(&client.namespace)?.uid;
        Some(Subject {
            client: client.clone(),
            namespace_uid,
        })
    }

    /// The server that a look at this subject goes to, as far as it is known.
    pub fn server_of(&self, subject: &Subject) -> Option<ServerKey> {
        let recorded = self
            .entries
            .get(&subject.entry_name())
            .and_then(|facts| facts.known);
        recorded
            .map(|known| known.server)
            .or_else(|| self.clients.get(&subject.client)?.server)
    }

    /// Asks for a look at everything that is known under this name: the client, and records of earlier ones.
    pub fn look_at(&self, client: &ClientKey, urgency: Urgency) {
        if let Some(subject) = self.subject(client) {
            self.queue.push(subject, urgency);
        }
        for subject in self.recorded(|subject, _| subject.client == *client) {
            self.queue.push(subject, urgency);
        }
    }

    /// Asks for a look at every client of a server, and every record.
    pub fn look_at_server(&self, server: &ServerKey, urgency: Urgency) {
        for (client, _) in self
            .clients
            .select(|_, facts| facts.server.as_ref() == Some(server))
        {
            self.look_at(&client, urgency);
        }
        for subject in self.recorded(|_, known| *known == *server) {
            self.queue.push(subject, urgency);
        }
    }

    /// Asks for a look at what waits for a server: clients that are not ready, calls without an outcome, removals.
    pub fn look_at_waiting(&self, server: &ServerKey) {
        for (client, _) in self
            .clients
            .select(|_, facts| facts.server.as_ref() == Some(server) && !facts.ready)
        {
            self.look_at(&client, Urgency::Background);
        }
        let waits = |facts: &EntryFacts| {
            facts
                .known
                .as_ref()
                .is_some_and(|known| known.server == *server && (known.open || known.obligations > 0))
        };
        for (_, facts) in self.entries.select(|_, facts| waits(facts)) {
            if let Some(known) = facts.known {
                self.queue.push(known.subject, Urgency::Background);
            }
        }
    }

    /// Asks for a look at every client that takes its client secret from this Secret.
    pub fn look_at_those_given(&self, (namespace, name): &ObjectKey) {
        let takes = |client: &ClientKey, facts: &ClientFacts| {
            client.namespace == *namespace && facts.given.as_ref() == Some(name)
        };
        for (client, _) in self.clients.select(takes) {
            self.look_at(&client, Urgency::Change);
        }
    }

    /// Asks for a look at every client of a namespace.
    pub fn look_at_namespace(&self, namespace: &str, urgency: Urgency) {
        for (client, _) in self.clients.select(|client, _| client.namespace == namespace) {
            self.look_at(&client, urgency);
        }
        for subject in self.recorded(|subject, _| subject.client.namespace == namespace) {
            self.queue.push(subject, urgency);
        }
    }

    fn recorded(&self, filter: impl Fn(&Subject, &ServerKey) -> bool) -> Vec<Subject> {
        let known = |facts: &EntryFacts| {
            facts
                .known
                .as_ref()
                .is_some_and(|known| filter(&known.subject, &known.server))
        };
        let chosen = self.entries.select(|_, facts| known(facts));
        chosen
            .into_iter()
            .filter_map(|(_, facts)| facts.known.map(|known| known.subject))
            .collect()
    }

    /// Keeps what a list showed of a client, for its next pass.
    pub fn note_seen(&self, subject: Subject, seen: Observation) {
        locked(&self.seen).insert(subject, seen);
    }

    fn has_server(&self, key: &ServerKey) -> bool {
        self.cluster_servers.get(key).is_some() || self.namespaced_servers.get(key).is_some()
    }

    /// Asks for a look at every client and every record.
    pub fn look_at_everything(&self) {
        for (client, _) in self.clients.select(|_, _| true) {
            self.look_at(&client, Urgency::Background);
        }
        for subject in self.recorded(|_, _| true) {
            self.queue.push(subject, Urgency::Background);
        }
    }

    /// Whether this version of an object is what this process wrote itself.
    pub fn is_ours(&self, key: &ObjectKey, version: &Version) -> bool {
        locked(&self.ours).get(key) == Some(version)
    }

    /// Forgets what was kept of an object that is gone.
    pub fn forget(&self, key: &ObjectKey) {
        locked(&self.ours).remove(key);
    }

    /// Forgets what was kept of a subject that is gone.
    pub fn forget_subject(&self, subject: &Subject) {
        locked(&self.watched).remove(subject);
        locked(&self.seen).remove(subject);
    }

    /// Who we are, once it is known.
    pub fn identify(&self, here: Here) {
        *locked(&self.here) = here;
    }

    /// The CRD was made again.
    pub fn crd_is(&self, uid: Uid) {
        locked(&self.here).crd_uid = uid;
    }

    /// No mutating call is begun from now on, and the workers go home.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.queue.close();
    }

    /// When the first removal that a server owes is, or was, due.
    pub fn removal_due(&self, server: &ServerKey) -> Option<Timestamp> {
        let here = |facts: &EntryFacts| facts.known.as_ref().is_some_and(|known| known.server == *server);
        let entries = self.entries.select(|_, facts| here(facts));
        let known = entries.into_iter().filter_map(|(_, facts)| facts.known);
        known.filter_map(|known| known.removal_due).min()
    }

    /// How the clients of a server stand.
    pub fn counts(&self, server: &ServerKey) -> Counts {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let here = |facts: &&EntryFacts| facts.known.as_ref().is_some_and(|known| known.server == *server);
        let entries = self.entries.select(|_, facts| here(&facts));
        let known = || entries.iter().filter_map(|(_, facts)| facts.known.as_ref());
        let objects = [&self.cluster_servers, &self.namespaced_servers];
        let object = objects.into_iter().find_map(|servers| servers.get(server));
        let release = object
            .and_then(Result::ok)
            .and_then(|object| object.release)
            .unwrap_or_default();
        let is_held = |known: &&KnownEntry| known.held.as_deref() == Some(release.as_str());
        Counts {
            registered: number(known().filter(|known| known.current.is_some()).count()),
            blocked: number(
                self.clients
                    .count(|facts| facts.server.as_ref() == Some(server) && !facts.ready),
            ),
            pending_deletion: known()
                .map(|known| known.obligations)
                .fold(0, u32::saturating_add),
            held_deletion: number(known().filter(is_held).count()),
        }
    }
}

#[async_trait]
impl World for Operator {
    fn cluster(&self) -> &dyn Cluster {
        &*self.cluster
    }

    fn here(&self) -> Here {
        locked(&self.here).clone()
    }

    fn now(&self) -> Timestamp {
        let (now, followed) = self.clock.tell(Timestamp::now());
        if followed {
            self.look_at_everything();
        }
        now
    }

    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn namespace(&self, name: &str) -> NamespaceView {
        let view = match self.namespaces.get(&name.to_owned()) {
            Some(facts) => facts.view,
            // A namespace that is gone gets nothing new.
            None => NamespaceView {
                terminating: true,
                ..NamespaceView::default()
            },
        };
        NamespaceView {
            closed: self.reach.closed(name, &view),
            ..view
        }
    }

    fn server(&self, key: &ServerKey) -> (ServerView, Option<Connection>) {
        if self.reach.excludes(key) {
            return (ServerView::NotServed(key.clone()), None);
        }
        match self.servers.get(key) {
            // Right after a start, or after it was made, a server object is there before the way to the server is.
            (ServerView::Missing(key), _) if self.has_server(&key) => {
                (ServerView::NotReady(key, CONNECTING.to_owned()), None)
            }
            found => found,
        }
    }

    fn admit(&self, subject: &Subject, server: &ServerKey, quota: &Quota) -> bool {
        let namespace = &subject.client.namespace;
        match quota {
            Quota::Clients { at_most, own } => {
                let others = || {
                    let there = self.entries.sum(|facts| {
                        let known = facts.known.as_ref().filter(|known| {
                            known.server == *server
                                && known.subject != *subject
                                && known.subject.client.namespace == *namespace
                        });
                        known.map_or(0, KnownEntry::clients)
                    });
                    there.saturating_add(*own)
                };
                let is_recorded = |other: &Subject| self.entries.get(&other.entry_name()).is_some();
                self.admissions
                    .client(subject, server, *at_most, others, is_recorded)
            }
            Quota::Removals { since, at_most } => {
                let there = self.namespaces.get(namespace);
                let lives =
                    there.is_some_and(|facts| facts.uid == subject.namespace_uid && !facts.view.terminating);
                let group = if lives {
                    Group::Client(subject.clone())
                } else {
                    Group::Namespace(subject.namespace_uid.clone())
                };
                self.admissions.removal(&group, server, *since, *at_most)
            }
        }
    }

    fn seen(&self, subject: &Subject) -> Option<Observation> {
        locked(&self.seen).remove(subject)
    }

    fn put_back(&self, subject: &Subject, seen: Observation) {
        locked(&self.seen).entry(subject.clone()).or_insert(seen);
    }

    fn unchanged_for(&self, subject: &Subject, version: &Version) -> SignedDuration {
        let mut watched = locked(&self.watched);
        let now = Instant::now();
        match watched.get(subject) {
            Some((seen, since)) if seen == version => {
                SignedDuration::try_from(now.duration_since(*since)).unwrap_or(SignedDuration::MAX)
            }
            _ => {
                watched.insert(subject.clone(), (version.clone(), now));
                SignedDuration::ZERO
            }
        }
    }

    fn may_mutate(&self) -> bool {
        !self.stopping.load(Ordering::SeqCst)
    }

    fn leads(&self) -> bool {
        self.leadership.is_current()
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    fn observe(&self, subject: &Subject, step: &Step, outcome: &Outcome, took: Duration) {
        match (step, outcome) {
            (Step::Record(Record::Write { .. }), Outcome::Recorded(Some(version))) => {
                locked(&self.ours).insert((String::new(), subject.entry_name()), version.clone());
            }
            (_, Outcome::Published(found)) => {
                let key = (subject.client.namespace.clone(), found.name.clone());
                locked(&self.ours).insert(key, found.version.clone());
            }
            _ => {}
        }
        self.metrics.stepped(step, outcome, took);
        let kind = match (step, outcome) {
            // The ledger was not asked: our own limits, or what is known of the server, let nobody in.
            (Step::Record(_), Outcome::Fault(_)) => "Permit",
            _ => kind(step),
        };
        let result = outcome_kind(outcome);
        match outcome {
            Outcome::Fault(fault) => tracing::warn!(step = kind, outcome = result, %fault, ?took, "step"),
            Outcome::Refused(refusal) => {
                tracing::warn!(step = kind, outcome = result, ?refusal, ?took, "step");
            }
            // What changes something at a server is always told; the rest only to who wants to know.
            _ if matches!(step, Step::Call(_)) => {
                tracing::info!(step = kind, outcome = result, ?took, "step");
            }
            _ => tracing::debug!(step = kind, outcome = result, ?took, "step"),
        }
    }
}
