//! The servers: each server object is tended by a task of its own, which connects, checks, lists and reports.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::index::comparable;
use super::pass::{Connection, Permit, Permits, World};
use super::queue::Urgency;
use super::scopes::RememberedScopes;
use super::standing::{Health, Lacking, ServerObjects, Standing};
use super::world::{ObjectKey, Operator};
use crate::api::{DriftAction, ServerReason, ServerSpec, ServerStatus};
use crate::model::{Fault, Observation, Server, ServerKey, ServerView, Uid, differs};
use crate::provider::address::EgressRules;
use crate::provider::connect::{
    NeededKind, NotConnected, connect, endpoints, fingerprint, former_fingerprints, secrets_needed,
};
use crate::provider::gate::{self, Gate};

/// A server in trouble is asked again after this, then after twice as long, and so on.
const FIRST_CHECK: Duration = Duration::from_secs(2);
/// But at least this often.
const LAST_CHECK: Duration = Duration::from_secs(60);
/// A credential that was refused is tried this rarely: it gets locked elsewhere otherwise.
const DENIED_CHECK: Duration = Duration::from_secs(600);
/// A server whose calls fail though it answers is not checked more often than this.
const TROUBLE_PAUSE: Duration = Duration::from_secs(2);
/// Counts in the status are brought up to date this often at most.
const COUNTS: Duration = Duration::from_secs(30);
/// A permit is waited for no longer than this: the pass comes again.
const PERMIT_WAIT: Duration = Duration::from_secs(5);

/// What is kept of a server object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerObject {
    /// Its UID.
    pub uid: Uid,
    /// Its generation.
    pub generation: i64,
    /// What it says.
    pub spec: Arc<ServerSpec>,
}

/// The servers as a pass sees them.
#[derive(Default)]
pub struct Servers {
    known: Mutex<HashMap<ServerKey, (ServerView, Option<Connection>)>>,
}

impl Servers {
    fn known(&self) -> MutexGuard<'_, HashMap<ServerKey, (ServerView, Option<Connection>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server, and the way to it if it can be used.
    pub fn get(&self, key: &ServerKey) -> (ServerView, Option<Connection>) {
        self.known()
            .get(key)
            .cloned()
            .unwrap_or_else(|| (ServerView::Missing(key.clone()), None))
    }

    fn put(&self, key: &ServerKey, view: ServerView, connection: Option<Connection>) {
        self.known().insert(key.clone(), (view, connection));
    }

    fn remove(&self, key: &ServerKey) {
        self.known().remove(key);
    }
}

/// What the tending tasks are told.
#[derive(Debug)]
pub enum Order {
    /// A server object is there, or has changed.
    Tend(ServerKey, ServerObject),
    /// A server object is gone.
    Drop(ServerKey),
    /// A Secret with a credential changed.
    CredentialChanged(ObjectKey),
}

/// Starts, tells and ends the tending tasks.
pub async fn run(
    operator: Arc<Operator>,
    objects: Arc<ServerObjects>,
    egress: EgressRules,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    let mut tended: HashMap<ServerKey, (watch::Sender<ServerObject>, JoinHandle<()>)> = HashMap::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Tend(key, object) => {
                if let Some((sender, _)) = tended.get(&key) {
                    sender.send_if_modified(|current| {
                        let changed = *current != object;
                        *current = object;
                        changed
                    });
                } else {
                    let (sender, news) = watch::channel(object);
                    let task = Tender {
                        operator: operator.clone(),
                        objects: objects.clone(),
                        egress: egress.clone(),
                        key: key.clone(),
                        trouble: Arc::new(Notify::new()),
                        standing: Standing::default(),
                        written: None,
                    };
                    tended.insert(key, (sender, tokio::spawn(task.tend(news))));
                }
            }
            Order::Drop(key) => {
                if let Some((_, task)) = tended.remove(&key) {
                    task.abort();
                }
                operator.servers.remove(&key);
                operator.metrics.forget(&key);
                operator.look_at_server(&key, Urgency::Change);
            }
            Order::CredentialChanged((namespace, name)) => {
                for (key, (sender, _)) in &tended {
                    let reads_there = key.namespace.as_ref().unwrap_or(&objects.namespace) == &namespace;
                    if reads_there && needs(&sender.borrow().spec, &name) {
                        sender.send_modify(|_| {});
                    }
                }
            }
        }
    }
}

/// Why a server is not watched over any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watched {
    /// Its object or its credential changed.
    Changed,
    /// It was in trouble and is well again.
    Recovered,
}

/// Whether a server's connection is made with this Secret.
fn needs(spec: &ServerSpec, secret: &str) -> bool {
    secrets_needed(spec)
        .iter()
        .any(|needed| needed.kind == NeededKind::Secret && needed.name == secret)
}

/// The task of one server.
struct Tender {
    operator: Arc<Operator>,
    objects: Arc<ServerObjects>,
    egress: EgressRules,
    key: ServerKey,
    trouble: Arc<Notify>,
    standing: Standing,
    written: Option<ServerStatus>,
}

impl Tender {
    async fn tend(mut self, mut news: watch::Receiver<ServerObject>) {
        let mut recovered = false;
        loop {
            let object = news.borrow_and_update().clone();
            let leads = self.operator.leads();
            self.written = None;
            match self.connection(&object).await {
                Ok(connection) => {
                    let view = ServerView::Ready(Box::new(self.described(&object.spec, &connection)));
                    self.operator
                        .servers
                        .put(&self.key, view, Some(connection.clone()));
                    if recovered && !news.has_changed().unwrap_or(true) {
                        self.operator.look_at_waiting(&self.key);
                    } else {
                        // Whatever changed may allow what was refused, or the other way round.
                        self.operator.look_at_server(&self.key, Urgency::Background);
                    }
                    recovered = self.watch_over(&object, &connection, &mut news).await == Watched::Recovered;
                }
                Err(lacking) => {
                    tracing::warn!(server = %self.key, reason = %lacking.reason, "{}", lacking.message);
                    let view = ServerView::NotReady(self.key.clone(), lacking.message.clone());
                    self.operator.servers.put(&self.key, view, None);
                    self.operator.look_at_server(&self.key, Urgency::Background);
                    let retry = lacking.retry;
                    self.standing.lacking = Some(lacking);
                    self.report(&object, None).await;
                    // What is missing shows itself by a change; what could not be read is tried again.
                    let pause = if retry { FIRST_CHECK } else { LAST_CHECK * 10 };
                    tokio::select! {
                        changed = news.changed() => if changed.is_err() { return },
                        () = self.operator.leadership.until(!leads) => {}
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
            if news.has_changed().is_err() {
                return;
            }
        }
    }

    /// Checks, lists and reports until the object or its credential changes, or a server that was in trouble is well
    /// again: then everything that knew of the trouble is made anew.
    async fn watch_over(
        &mut self,
        object: &ServerObject,
        connection: &Connection,
        news: &mut watch::Receiver<ServerObject>,
    ) -> Watched {
        self.standing.lacking = None;
        let leadership = self.operator.leadership.clone();
        if !leadership.is_current() {
            // A standby has the connection ready, makes no call and knows of no trouble.
            self.standing.health = None;
            self.operator.metrics.forget(&self.key);
            tokio::select! {
                _ = news.changed() => {}
                () = leadership.until(true) => {}
            }
            return Watched::Changed;
        }
        let period = Duration::from_secs(object.spec.drift_check.period_seconds.into());
        // Spread over the period, so that servers are not all listed at once after a start.
        let mut next_list = Instant::now() + period.mul_f64(0.5 + 0.5 * rand::random::<f64>());
        let mut next_check = Some(Instant::now());
        let mut last_check = Instant::now();
        let mut pause = FIRST_CHECK;
        let mut next_counts = Instant::now() + COUNTS;
        let far = Duration::from_secs(365 * 86_400);
        loop {
            tokio::select! {
                _ = news.changed() => return Watched::Changed,
                () = leadership.until(false) => return Watched::Changed,
                () = tokio::time::sleep_until(next_check.unwrap_or_else(|| Instant::now() + far)) => {
                    if object.spec.suspend {
                        next_check = None;
                        self.report(object, Some(connection)).await;
                        continue;
                    }
                    if !leadership.is_current() {
                        return Watched::Changed;
                    }
                    let before = self.standing.health.clone();
                    let health = self.check(connection).await;
                    last_check = Instant::now();
                    let good = health == Health::Good;
                    next_check = match &health {
                        Health::Good => None,
                        Health::Denied(_) => Some(Instant::now() + DENIED_CHECK),
                        Health::Unreachable(_) => Some(Instant::now() + pause),
                    };
                    pause = if good { FIRST_CHECK } else { (pause * 2).min(LAST_CHECK) };
                    self.standing.health = Some(health);
                    self.report(object, Some(connection)).await;
                    if good && before.is_some_and(|before| before != Health::Good) {
                        return Watched::Recovered;
                    }
                }
                () = self.trouble.notified(), if next_check.is_none() => {
                    next_check = Some(Instant::now().max(last_check + TROUBLE_PAUSE));
                }
                () = tokio::time::sleep_until(next_list), if self.standing.health == Some(Health::Good) && !object.spec.suspend => {
                    next_list = Instant::now() + period;
                    self.list(connection).await;
                }
                () = tokio::time::sleep_until(next_counts) => {
                    next_counts = Instant::now() + COUNTS;
                    self.report(object, Some(connection)).await;
                }
            }
        }
    }

    async fn check(&self, connection: &Connection) -> Health {
        let checked = connection.provider.check().await;
        let outcome = checked.as_ref().err().map_or("Done", Fault::kind);
        self.operator.metrics.called(&self.key, "Check", outcome);
        match checked {
            Ok(()) => Health::Good,
            Err(Fault::Denied(text)) => Health::Denied(text),
            Err(fault) => Health::Unreachable(fault.to_string()),
        }
    }

    /// One list, compared with what the ledger says: what differs is looked at.
    async fn list(&self, connection: &Connection) {
        if !connection.provider.capabilities().can_list {
            return;
        }
        let began_at = Timestamp::now();
        let Ok(permit) = connection.permits.permit("").await else {
            return;
        };
        if !self.operator.leads() {
            return;
        }
        let listed = connection.provider.clients().await;
        permit.done(listed.as_ref().err());
        self.operator.metrics.called(
            &self.key,
            "List",
            listed.as_ref().err().map_or("Done", Fault::kind),
        );
        let clients = match listed {
            Ok(clients) => clients,
            Err(fault) => {
                tracing::warn!(server = %self.key, %fault, "the drift check could not list the clients");
                return;
            }
        };
        let by_handle: HashMap<_, _> = clients
            .into_iter()
            .map(|client| (client.handle.clone(), client))
            .collect();
        let known = self.operator.entries.select(|_, facts| {
            facts
                .known
                .as_ref()
                .is_some_and(|known| known.server == self.key && known.current.is_some())
        });
        for known in known.into_iter().filter_map(|(_, facts)| facts.known) {
            let Some(current) = &known.current else { continue };
            let client = by_handle.get(&current.handle);
            if client.is_none_or(|client| differs(current, &comparable(client))) {
                let seen = Observation {
                    began_at,
                    authoritative: false,
                    client: client.cloned(),
                };
                self.operator.note_seen(known.subject.clone(), seen);
                self.operator.queue.push(known.subject, Urgency::Background);
            }
        }
    }

    async fn connection(&self, object: &ServerObject) -> Result<Connection, Lacking> {
        let spec = &object.spec;
        let namespaced = self.key.namespace.is_some();
        let secrets = self.objects.read(&self.key, &secrets_needed(spec)).await?;
        let provider =
            connect(spec, namespaced, &secrets, &self.egress).map_err(|why| not_connected(&why))?;
        Ok(Connection {
            provider: Arc::new(RememberedScopes::new(provider)),
            permits: Arc::new(Limits {
                gate: Gate::new(&spec.limits),
                trouble: self.trouble.clone(),
            }),
            call_limit: Duration::from_secs(spec.limits.request_timeout_seconds.max(1).into()),
        })
    }

    fn described(&self, spec: &ServerSpec, connection: &Connection) -> Server {
        let defaults = spec.client_defaults.as_ref();
        Server {
            key: self.key.clone(),
            fingerprint: fingerprint(&spec.provider),
            former_fingerprints: former_fingerprints(spec),
            capabilities: connection.provider.capabilities().clone(),
            name_prefix: defaults
                .and_then(|defaults| defaults.name_prefix.clone())
                .unwrap_or_default(),
            access_token_validity_seconds: defaults
                .and_then(|defaults| defaults.access_token_validity_seconds),
            overlap_seconds: defaults.and_then(|defaults| defaults.overlap_seconds),
            // The cluster kind always has rules; without any, nobody may use it.
            access_rules: match (&spec.access_rules, &self.key.namespace) {
                (None, None) => Some(Vec::new()),
                (rules, _) => rules.clone(),
            },
            endpoints: endpoints(spec),
            repair_drift: spec.drift_check.action == DriftAction::Repair,
            deletion_delay: SignedDuration::from_secs(spec.deletion.delay_seconds.into()),
            suspended: spec.suspend,
        }
    }

    /// Writes the status, if it says anything new.
    async fn report(&mut self, object: &ServerObject, connection: Option<&Connection>) {
        if !self.operator.leads() {
            self.operator.metrics.forget(&self.key);
            return;
        }
        self.standing.counts = self.operator.counts(&self.key);
        self.standing.suspended = object.spec.suspend;
        self.standing.provider_type = Some(object.spec.provider.provider_type());
        self.standing.capabilities = connection.map(|connection| connection.provider.capabilities().clone());
        self.operator
            .metrics
            .server(&self.key, self.standing.is_ready(), self.standing.counts);
        if !self.operator.may_mutate() {
            return;
        }
        if self.written.is_none() {
            self.written = match self.objects.status(&self.key).await {
                Ok(status) => status,
                Err(why) => {
                    tracing::warn!(server = %self.key, why, "the status of a server could not be read; tried again");
                    return;
                }
            };
            if !self.operator.leads() {
                return;
            }
        }
        let old = self.written.as_ref();
        match self
            .objects
            .report(&self.key, &object.uid, object.generation, old, &self.standing)
            .await
        {
            Ok(written) => self.written = Some(written),
            Err(why) => {
                tracing::warn!(server = %self.key, ?why, "the status of a server could not be written; tried again");
            }
        }
    }
}

fn not_connected(why: &NotConnected) -> Lacking {
    let (reason, cure) = match why {
        NotConnected::ProviderNotAvailable(_) => (
            ServerReason::ProviderNotAvailable,
            "Platform team: use a version of the operator that has one.",
        ),
        NotConnected::CredentialMissing { .. } | NotConnected::CredentialEmpty { .. } => (
            ServerReason::CredentialMissing,
            "Platform team: put it in. Looked at again when it changes.",
        ),
        NotConnected::AddressNotAllowed(_) => (
            ServerReason::AddressNotAllowed,
            "Platform team: use another address, or allow this one.",
        ),
        NotConnected::BadConfiguration(_) => (
            ServerReason::InvalidConfiguration,
            "Platform team: mend the server object.",
        ),
    };
    Lacking {
        reason,
        message: format!("{why}. {cure}"),
        retry: false,
    }
}

/// The limits of a server, which call its task when a call comes to grief.
struct Limits {
    gate: Gate,
    trouble: Arc<Notify>,
}

#[async_trait]
impl Permits for Limits {
    async fn permit(&self, party: &str) -> Result<Box<dyn Permit>, Fault> {
        let permit = self.gate.enter(party, PERMIT_WAIT).await?;
        Ok(Box::new(Admitted {
            permit,
            trouble: self.trouble.clone(),
        }))
    }
}

struct Admitted {
    permit: gate::Permit,
    trouble: Arc<Notify>,
}

impl Permit for Admitted {
    fn done(self: Box<Self>, fault: Option<&Fault>) {
        self.permit
            .done(&fault.map_or(Ok(()), |fault| Err(fault.clone())));
        if matches!(
            fault,
            Some(Fault::Denied(_) | Fault::Unavailable(_) | Fault::OutcomeUnknown(_))
        ) {
            self.trouble.notify_one();
        }
    }
}
