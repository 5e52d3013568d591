//! An operator in a cluster of its own: the real core and the real pass, a cluster in memory, a clock that is moved by
//! hand, and a real connection to the server under test.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::clock::{Clock, Log};
use super::connection::{Calls, connection, limits};
use super::kills::{Killer, Kills};
use super::mistakes::Mistake;
use super::server::ServerUnderTest;
use super::verdict::{Checked, failed};
use crate::api::{ClientCondition, ConditionStatus, ServerSpec};
use crate::cluster::Cluster;
use crate::cluster::memory::{Effect, MemoryCluster, WriteKind};
use crate::model::{
    Capabilities, ClientKey, Condition, Credential, Decision, Here, InstanceId, LedgerEntry, NamespaceView,
    Observation, Outcome, Quota, Server, ServerKey, ServerView, Step, Subject, Version, Wake, differs,
    testing,
};
use crate::operator::pass::{Connection, Ended, Running, World};
use crate::operator::scenarios::bench::{admits, came, told};
use crate::provider::Provider;
use crate::provider::connect::{Secrets, endpoints, fingerprint};

/// So many passes settle a client, or nothing does.
const PASSES: u32 = 60;
/// So many passes in a row that change nothing show that nothing will.
const IDLE: u32 = 3;
/// Calls that change something at the server, as [`crate::model::Request::kind`] names them.
const CHANGES: [&str; 6] = [
    "Register",
    "Update",
    "Rotate",
    "Delete",
    "Disable",
    "ProvisionScopes",
];

/// An operator in a cluster of its own, with one client.
pub(super) struct Installation {
    pub(super) cluster: MemoryCluster,
    pub(super) subject: Subject,
    name: String,
    mistake: Option<Mistake>,
    described: Mutex<Server>,
    connection: Mutex<Connection>,
    calls: Calls,
    process: AtomicU32,
    /// What an admin has discharged, in words.
    pub(super) discharged: Mutex<BTreeSet<String>>,
    seen: Mutex<Option<Observation>>,
    watched: Mutex<Option<(Version, Timestamp)>>,
    rng: Mutex<StdRng>,
    clock: Arc<Clock>,
    log: Arc<Log>,
}

impl Installation {
    /// An operator that has just been started and connected. Its cluster's id is random, as everything is that it draws.
    pub(super) fn new(
        server: &dyn ServerUnderTest,
        mistake: Option<Mistake>,
        clock: Arc<Clock>,
        log: Arc<Log>,
    ) -> Checked<Self> {
        let cluster = MemoryCluster::new();
        cluster.create_namespace("payments", &[]);
        let subject = cluster.subject("payments", "billing");
        let calls = Arc::default();
        let spec = server.spec();
        let connection = connection(&spec, &server.secrets(), mistake, &calls)?;
        let described = Server {
            fingerprint: fingerprint(&spec.provider),
            capabilities: connection.provider.capabilities().clone(),
            endpoints: endpoints(&spec, connection.provider.endpoints().unwrap_or_default()),
            ..testing::server()
        };
        Ok(Self {
            cluster,
            subject,
            name: format!("cluster-{:016x}", rand::random::<u64>()),
            mistake,
            described: Mutex::new(described),
            connection: Mutex::new(connection),
            calls,
            process: AtomicU32::new(1),
            discharged: Mutex::default(),
            seen: Mutex::default(),
            watched: Mutex::default(),
            rng: Mutex::new(StdRng::seed_from_u64(rand::random())),
            clock,
            log,
        })
    }

    /// The connection is made anew, as when the credential Secret changes; with the operator's own limits, or without.
    pub(super) fn connect(&self, spec: &ServerSpec, secrets: &Secrets, limited: bool) -> Checked {
        let mut connection = connection(spec, secrets, self.mistake, &self.calls)?;
        if limited {
            connection.permits = limits(spec);
        }
        *self.connection.lock().unwrap() = connection;
        Ok(())
    }

    /// It uses the connection of another one from now on.
    pub(super) fn connect_as(&self, other: &Self) {
        let connection = other.connection.lock().unwrap().clone();
        *self.connection.lock().unwrap() = connection;
    }

    pub(super) fn edit_server(&self, edit: impl FnOnce(&mut Server)) {
        edit(&mut self.described.lock().unwrap());
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        self.described.lock().unwrap().capabilities.clone()
    }

    /// The adapter, to be called by hand. Such calls count too.
    pub(super) fn provider(&self) -> Arc<dyn Provider> {
        self.connection.lock().unwrap().provider.clone()
    }

    pub(super) fn key(&self) -> &ClientKey {
        &self.subject.client
    }

    /// What the time is.
    pub(super) fn time(&self) -> Timestamp {
        self.clock.now()
    }

    /// Time goes by.
    pub(super) async fn wait(&self, seconds: i64) {
        self.clock.wait(seconds).await;
    }

    /// The process ends, whatever it was doing, and another one starts with nothing in memory.
    pub(super) fn restart(&self) {
        self.process.fetch_add(1, Ordering::SeqCst);
        *self.watched.lock().unwrap() = None;
        *self.seen.lock().unwrap() = None;
        self.log.write("** killed");
    }

    /// One pass.
    pub(super) async fn pass(&self) -> Checked<Ended> {
        match self.pass_under(&mut Killer::new(Kills::Never)).await? {
            Some(ended) => Ok(ended),
            None => failed("the process was killed by nobody"),
        }
    }

    /// One pass; none ends where the process is killed.
    async fn pass_under(&self, killer: &mut Killer) -> Checked<Option<Ended>> {
        killer.begin();
        let cannot_read = |why| format!("nothing can be decided: {why:?}");
        let Some(mut running) = Running::begin(self, &self.subject).await.map_err(cannot_read)? else {
            return Ok(Some(Ended::nothing_there()));
        };
        let ended = loop {
            let decision = running.decide(&mut *self.rng.lock().unwrap());
            match decision {
                Decision::Do(step) => {
                    running = running
                        .take(&step)
                        .await
                        .map_err(|_| "it does not lead".to_owned())?;
                    if killer.kills_after(&step) {
                        self.restart();
                        return Ok(None);
                    }
                }
                Decision::Settled(wake) => break running.end(true, wake),
                Decision::Blocked(wake) => break running.end(false, wake),
            }
        };
        let word = if ended.settled { "settled" } else { "blocked" };
        let wake = match ended.wake {
            Wake::At(at) => format!("in {} s", at.duration_since(self.now()).as_secs()),
            other => format!("{other:?}"),
        };
        self.log.write(format!("  {word}, looks again {wake}"));
        Ok(Some(ended))
    }

    /// Passes until one ends settled, as the queue would run them; time goes by as they ask.
    pub(super) async fn settle(&self) -> Checked {
        self.settle_under(Kills::Never).await
    }

    /// The same with a process that is killed meanwhile.
    pub(super) async fn settle_under(&self, kills: Kills) -> Checked {
        let mut killer = Killer::new(kills);
        let mut idle = 0;
        for _ in 0..PASSES {
            let before = self.changes();
            let Some(ended) = self.pass_under(&mut killer).await? else {
                continue;
            };
            if ended.settled {
                return Ok(());
            }
            idle = if before == self.changes() { idle + 1 } else { 0 };
            match ended.wake {
                // What cannot be proven is tried for ever.
                Wake::Backoff if idle >= IDLE && self.is_ready() => return Ok(()),
                // The renewal of what waits.
                Wake::At(_) if self.waits_for_a_rotation() && idle >= 1 => return Ok(()),
                Wake::At(at) => {
                    self.wait(at.duration_since(self.now()).as_secs().max(0) + 1)
                        .await;
                }
                Wake::Now => {}
                Wake::Backoff => self.wait(5).await,
                // Somebody has to act, which this story has said before.
                Wake::OnChange if self.waits_for_a_rotation() || self.waits_for_an_admin() => {
                    return Ok(());
                }
                Wake::OnChange => {
                    return failed(format!(
                        "it is blocked until something changes: {}",
                        self.said(ClientCondition::Ready)
                    ));
                }
            }
        }
        failed(format!(
            "it does not settle in {PASSES} passes: {}",
            self.said(ClientCondition::Ready)
        ))
    }

    /// The list as the drift check looks at it: what differs is a hint for the next pass.
    pub(super) async fn check_drift(&self) -> Checked {
        if !self.capabilities().can_list {
            return Ok(());
        }
        let began_at = self.now();
        let clients = match self.provider().clients().await {
            Ok(clients) => clients,
            Err(fault) => {
                self.log.write(format!("  the list: {fault}"));
                return Ok(());
            }
        };
        let Some(current) = self.entry().and_then(|entry| entry.current) else {
            return Ok(());
        };
        let client = clients.into_iter().find(|client| client.handle == current.handle);
        if client.as_ref().is_none_or(|client| differs(&current, client)) {
            self.log.write("  the list hints at a difference");
            *self.seen.lock().unwrap() = Some(Observation {
                began_at,
                authoritative: false,
                client,
            });
        }
        Ok(())
    }

    /// How often a call was made.
    pub(super) fn calls(&self, kind: &str) -> usize {
        self.calls
            .lock()
            .unwrap()
            .iter()
            .filter(|call| **call == kind)
            .count()
    }

    /// How many calls were made.
    pub(super) fn all_calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// How many calls were made that change something at the server.
    pub(super) fn changing_calls(&self) -> usize {
        CHANGES.iter().map(|kind| self.calls(kind)).sum()
    }

    /// How much was changed so far: writes in the cluster, and changing calls.
    pub(super) fn changes(&self) -> (usize, usize) {
        let world = self.cluster.world();
        let written = world
            .journal
            .iter()
            .filter(|write| write.kind != WriteKind::Rehearsal && write.effect == Effect::Done);
        (written.count(), self.changing_calls())
    }

    pub(super) fn entry(&self) -> Option<LedgerEntry> {
        self.cluster.entry(&self.subject)
    }

    /// The pair in the published Secret.
    pub(super) fn published(&self) -> Option<Credential> {
        let secret = self.cluster.found_secret("payments", "billing")?;
        let client_id = secret.data.get("client-id")?.expose().to_owned();
        Some(Credential {
            client_id,
            client_secret: secret.data.get("client-secret").cloned(),
        })
    }

    pub(super) fn condition(&self, on: ClientCondition) -> Option<Condition> {
        let world = self.cluster.world();
        let client = world.clients.get(self.key())?;
        client.status.conditions.get(&on).cloned()
    }

    /// A condition in a line.
    pub(super) fn said(&self, on: ClientCondition) -> String {
        self.condition(on).map_or_else(
            || format!("{on} is not said"),
            |found| format!("{on} {} {}: {}", found.status, found.reason, found.message),
        )
    }

    pub(super) fn is(&self, on: ClientCondition, status: ConditionStatus) -> bool {
        self.condition(on).is_some_and(|found| found.status == status)
    }

    /// Whether a process was killed so far.
    pub(super) fn was_killed(&self) -> bool {
        self.process.load(Ordering::SeqCst) > 1
    }

    /// Whether it is said to be ready, as its spec is now.
    pub(super) fn is_ready(&self) -> bool {
        let world = self.cluster.world();
        let Some(client) = world.clients.get(self.key()) else {
            return false;
        };
        let ready = client.status.conditions.get(&ClientCondition::Ready);
        client.status.observed_generation == Some(client.generation)
            && ready.is_some_and(|ready| ready.status == ConditionStatus::True)
    }
}

#[async_trait]
impl World for Installation {
    fn cluster(&self) -> &dyn Cluster {
        &self.cluster
    }

    fn here(&self) -> Here {
        Here {
            cluster_id: self.name.as_str().into(),
            instance: InstanceId(format!("process-{}", self.process.load(Ordering::SeqCst))),
            crd_uid: self.cluster.crd_uid(),
            ..testing::here()
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The server's clock is the real one, and so are the times that it names.
    fn wall(&self) -> Timestamp {
        Timestamp::now()
    }

    fn namespace(&self, name: &str) -> NamespaceView {
        self.cluster.namespace(name)
    }

    fn server(&self, key: &ServerKey) -> (ServerView, Option<Connection>) {
        let described = self.described.lock().unwrap().clone();
        if described.key != *key {
            return (ServerView::Missing(key.clone()), None);
        }
        let connection = self.connection.lock().unwrap().clone();
        (ServerView::Ready(Box::new(described)), Some(connection))
    }

    fn admit(&self, _subject: &Subject, _server: &ServerKey, quota: &Quota) -> bool {
        admits(quota)
    }

    fn seen(&self, _subject: &Subject) -> Option<Observation> {
        self.seen.lock().unwrap().take()
    }

    fn put_back(&self, _subject: &Subject, seen: Observation) {
        self.seen.lock().unwrap().get_or_insert(seen);
    }

    fn unchanged_for(&self, _subject: &Subject, version: &Version) -> SignedDuration {
        let now = self.now();
        let mut watched = self.watched.lock().unwrap();
        match &*watched {
            Some((seen, since)) if seen == version => now.duration_since(*since),
            _ => {
                *watched = Some((version.clone(), now));
                SignedDuration::ZERO
            }
        }
    }

    fn may_mutate(&self) -> bool {
        true
    }

    fn leads(&self) -> bool {
        true
    }

    async fn pause(&self, _time: Duration) {}

    fn observe(&self, _subject: &Subject, step: &Step, outcome: &Outcome, _took: Duration) {
        self.log.write(format!("  {} -> {}", told(step), came(outcome)));
    }
}
