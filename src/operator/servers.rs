//! The servers: each server object is tended by a task of its own, which connects, checks, lists and reports.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::index::comparable;
use super::pass::{Connection, Permit, Permits, World};
use super::queue::Urgency;
use super::rights::Rights;
use super::scopes::RememberedScopes;
use super::standing::{Health, Lacking, ServerObjects, Standing};
use super::tapped::Tapped;
use super::tidings::{Tidings, Words, unreachable};
use super::world::Operator;
use crate::api::{DriftAction, ProviderSpec, ServerReason, ServerSpec, ServerStatus};
use crate::model::{Denial, Endpoints, Fault, Observation, Server, ServerKey, ServerView, Uid, differs};
use crate::provider::address::EgressRules;
use crate::provider::connect::{
    Needed, NeededKind, NotConnected, Secrets, connect, endpoints, fingerprint, former_fingerprints,
    secrets_needed,
};
use crate::provider::gate::{self, Gate, NoEntry};

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
/// What a connection lacks is looked for this often: one read of each object that it needs.
const LOOK: Duration = Duration::from_secs(15);
/// What a connection is made with and is not watched is looked at this often.
const UNWATCHED_LOOK: Duration = Duration::from_secs(60);
/// A permit is waited for no longer than this: the pass comes again.
const PERMIT_WAIT: Duration = Duration::from_secs(5);

/// Why a server cannot be used that was not asked yet.
pub(super) const CONNECTING: &str = "it is being connected to.";

/// What is kept of a server object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerObject {
    /// Its UID.
    pub uid: Uid,
    /// Its generation.
    pub generation: i64,
    /// What it says.
    pub spec: Arc<ServerSpec>,
    /// The value of the annotation that releases held deletions.
    pub release: Option<String>,
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

    pub(super) fn put(&self, key: &ServerKey, view: ServerView, connection: Option<Connection>) {
        self.known().insert(key.clone(), (view, connection));
    }

    pub(super) fn remove(&self, key: &ServerKey) {
        self.known().remove(key);
    }
}

/// When a server is listed next. Kept beyond a connection: where that is made anew more often than the server is to be
/// listed, the list would never come.
#[derive(Debug, Default)]
struct Listing {
    /// The period that was asked for, and the time that follows from it.
    planned: Option<(Duration, Instant)>,
}

impl Listing {
    /// When the next list is due, with this period.
    fn due(&mut self, period: Duration) -> Instant {
        match self.planned {
            Some((planned, at)) if planned == period => at,
            _ => {
                // Spread over the period, so that servers are not all listed at once after a start.
                let at = Instant::now() + period.mul_f64(0.5 + 0.5 * rand::random::<f64>());
                self.planned = Some((period, at));
                at
            }
        }
    }

    /// A list was begun now.
    fn begun(&mut self, period: Duration) {
        self.planned = Some((period, Instant::now() + period));
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

/// The task of one server.
pub(super) struct Tender {
    operator: Arc<Operator>,
    objects: Arc<ServerObjects>,
    egress: EgressRules,
    key: ServerKey,
    trouble: Arc<Notify>,
    rights: Arc<Rights>,
    standing: Standing,
    written: Option<ServerStatus>,
    tidings: Tidings,
    words: Words,
    listing: Listing,
    /// What the connection was made with of what is not watched.
    unwatched: Secrets,
    /// Kept beyond a connection, as what the server asked for is.
    gate: Option<KnownGate>,
    /// What the metadata of a server told, and of which: kept beyond a connection too.
    found: Option<(ProviderSpec, Endpoints)>,
}

/// A gate, and for what it was made.
struct KnownGate {
    gate: Gate,
    provider: ProviderSpec,
    secrets: Secrets,
    limits: crate::api::Limits,
}

impl Tender {
    /// A task that has not done anything.
    pub(super) fn new(
        operator: Arc<Operator>,
        objects: Arc<ServerObjects>,
        egress: EgressRules,
        key: ServerKey,
    ) -> Self {
        Self {
            operator,
            objects,
            egress,
            key,
            trouble: Arc::new(Notify::new()),
            rights: Arc::default(),
            standing: Standing::default(),
            written: None,
            tidings: Tidings::default(),
            words: Words::default(),
            listing: Listing::default(),
            unwatched: Secrets::new(),
            gate: None,
            found: None,
        }
    }

    /// Tends the server until nobody tells of it any more.
    pub(super) async fn tend(mut self, mut news: watch::Receiver<ServerObject>) {
        let mut recovered = false;
        loop {
            let object = news.borrow_and_update().clone();
            self.written = None;
            match self.connection(&object).await {
                Ok(connection) => {
                    self.show(&object, &connection);
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
                    self.standing.lacking = Some(lacking.clone());
                    self.report(&object, None).await;
                    self.wait_for_what_lacks(&object, &lacking, &mut news).await;
                }
            }
            if news.has_changed().is_err() {
                return;
            }
        }
    }

    /// Waits until a connection lacks something else than it did, or nothing any more. A Secret without the label shows
    /// itself by no change, as only those with it are watched.
    async fn wait_for_what_lacks(
        &mut self,
        object: &ServerObject,
        lacking: &Lacking,
        news: &mut watch::Receiver<ServerObject>,
    ) {
        let leads = self.operator.leads();
        let mut pause = if lacking.retry { FIRST_CHECK } else { LOOK };
        loop {
            tokio::select! {
                _ = news.changed() => return,
                () = self.operator.leadership.until(!leads) => return,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LOOK);
            match self.connection(object).await {
                Err(now) if now.reason == lacking.reason && (now.retry || now == *lacking) => {
                    // Not written before, perhaps, and what it counts may have changed.
                    self.report(object, None).await;
                }
                _ => return,
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
        let mut next_check = Some(Instant::now());
        let mut last_check = Instant::now();
        let mut pause = FIRST_CHECK;
        let mut next_counts = Instant::now() + COUNTS;
        let far = Duration::from_secs(365 * 86_400);
        let has_unwatched = !unwatched(&object.spec).is_empty();
        let mut next_look = Instant::now() + UNWATCHED_LOOK;
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
                    if let Some(until) = self.paused_until() {
                        next_check = Some(until);
                        self.report(object, Some(connection)).await;
                        continue;
                    }
                    let before = self.standing.health.clone();
                    let health = self.check(connection).await;
                    last_check = Instant::now();
                    let good = health == Health::Good;
                    next_check = match &health {
                        Health::Good => None,
                        Health::Denied(..) => Some(Instant::now() + DENIED_CHECK),
                        Health::Unreachable(_) => Some(Instant::now() + pause),
                    };
                    next_check = next_check.map(|at| self.paused_until().map_or(at, |until| at.max(until)));
                    pause = if good { FIRST_CHECK } else { (pause * 2).min(LAST_CHECK) };
                    self.standing.health = Some(health);
                    if self.show(object, connection) {
                        self.operator.look_at_server(&self.key, Urgency::Background);
                    }
                    self.report(object, Some(connection)).await;
                    if good && before.is_some_and(|before| before != Health::Good) {
                        return Watched::Recovered;
                    }
                }
                () = self.trouble.notified(), if next_check.is_none() => {
                    next_check = Some(Instant::now().max(last_check + TROUBLE_PAUSE));
                }
                () = self.rights.granted.notified() => {
                    next_check = Some(Instant::now().max(last_check + TROUBLE_PAUSE));
                }
                () = tokio::time::sleep_until(self.listing.due(period)), if self.can_list() && !object.spec.suspend => {
                    self.listing.begun(period);
                    self.list(connection).await;
                }
                () = tokio::time::sleep_until(next_look), if has_unwatched => {
                    next_look = Instant::now() + UNWATCHED_LOOK;
                    if self.is_outdated(&object.spec).await {
                        tracing::info!(server = %self.key, "what the connection was made with has changed; it is made anew");
                        return Watched::Changed;
                    }
                }
                () = tokio::time::sleep_until(next_counts) => {
                    next_counts = Instant::now() + COUNTS;
                    self.report(object, Some(connection)).await;
                }
            }
        }
    }

    async fn check(&mut self, connection: &Connection) -> Health {
        // Without a permit: it is the check that finds out that a trouble is over. A pause that the server asks for is
        // for calls and checks alike.
        let checked = connection.provider.check().await;
        if let (Err(Fault::Throttled(until)), Some(known)) = (&checked, &self.gate) {
            known.gate.throttled(*until);
        }
        let health = match checked {
            // It reads. Whether it may do more, the calls for clients have shown.
            Ok(()) => self
                .rights
                .lacking()
                .map_or(Health::Good, |text| Health::Denied(Denial::Right, text)),
            Err(Fault::Denied(denial, text)) => Health::Denied(denial, text),
            Err(fault) => unreachable(&fault),
        };
        self.words.settle(self.standing.health.as_ref(), health)
    }

    /// Whether the server answers. A right that calls for clients were found to lack says nothing of reads.
    fn can_list(&self) -> bool {
        matches!(
            &self.standing.health,
            Some(Health::Good | Health::Denied(Denial::Right, _))
        )
    }

    /// Until when the server asked to be left alone.
    fn paused_until(&self) -> Option<Instant> {
        self.gate.as_ref().and_then(|known| known.gate.paused_until())
    }

    /// One list, compared with what the ledger says: what differs is looked at.
    async fn list(&self, connection: &Connection) {
        if !connection.provider.capabilities().can_list {
            return;
        }
        let began_at = self.operator.now();
        let Ok(permit) = connection.permits.permit("").await else {
            return;
        };
        if !self.operator.leads() {
            return;
        }
        let listed = connection.provider.clients().await;
        permit.done(listed.as_ref().err());
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

    /// Reads what a connection is made with, and keeps what nobody tells of when it changes.
    async fn read(&mut self, spec: &ServerSpec) -> Result<Secrets, Lacking> {
        if let Some(lacking) = self.withheld() {
            return Err(lacking);
        }
        let found = self.objects.read(&self.key, &secrets_needed(spec)).await?;
        let ids: Vec<_> = unwatched(spec).iter().map(Needed::id).collect();
        self.unwatched = found.clone();
        self.unwatched.retain(|id, _| ids.contains(id));
        Ok(found)
    }

    /// Why nothing is read in the namespace of the server, if so.
    fn withheld(&self) -> Option<Lacking> {
        let namespace = self.key.namespace.as_ref()?;
        let facts = self.operator.namespaces.get(namespace)?;
        let closed = self.operator.reach.closed(namespace, &facts.view)?;
        Some(Lacking {
            reason: ServerReason::CredentialMissing,
            message: format!("what the connection needs is not read: {}", closed.why()),
            retry: false,
        })
    }

    /// Whether something that is not watched is not any more what the connection was made with.
    async fn is_outdated(&self, spec: &ServerSpec) -> bool {
        if self.withheld().is_some() {
            // A connection that is there may still be used for what is to be removed.
            return false;
        }
        match self.objects.read(&self.key, &unwatched(spec)).await {
            Ok(found) => found != self.unwatched,
            Err(lacking) => !lacking.retry,
        }
    }

    async fn connection(&mut self, object: &ServerObject) -> Result<Connection, Lacking> {
        let spec = &object.spec;
        let namespaced = self.key.namespace.is_some();
        let secrets = self.read(spec).await?;
        let provider =
            connect(spec, namespaced, &secrets, &self.egress).map_err(|why| not_connected(&why))?;
        // What another credential lacked says nothing of this one.
        self.rights = Arc::default();
        let calls = self.operator.metrics.calls_of(&self.key);
        let rights = self.rights.clone();
        let tapped = Tapped::new(provider, move |call, fault| {
            calls.made(call, fault);
            rights.learn(call, fault);
        });
        Ok(Connection {
            provider: Arc::new(RememberedScopes::new(Arc::new(tapped))),
            permits: Arc::new(Limits {
                gate: self.gate(spec, secrets),
                trouble: self.trouble.clone(),
            }),
            call_limit: Duration::from_secs(spec.limits.request_timeout_seconds.max(1).into()),
        })
    }

    /// The gate before the server. Another server, or another credential, has asked for nothing yet.
    fn gate(&mut self, spec: &ServerSpec, secrets: Secrets) -> Gate {
        let known = self
            .gate
            .take()
            .filter(|known| known.provider == spec.provider && known.secrets == secrets);
        let gate = match known {
            Some(known) if known.limits == spec.limits => known.gate,
            Some(known) => known.gate.with_limits(&spec.limits),
            None => Gate::new(&spec.limits),
        };
        gate.forget_trouble();
        self.gate = Some(KnownGate {
            gate: gate.clone(),
            provider: spec.provider.clone(),
            secrets,
            limits: spec.limits.clone(),
        });
        gate
    }

    /// Shows the server to passes; whether that is news. One whose own addresses are not known yet cannot be used: clients
    /// would be published without them.
    fn show(&mut self, object: &ServerObject, connection: &Connection) -> bool {
        let spec = &object.spec;
        if let Some(found) = connection.provider.endpoints() {
            self.found = Some((spec.provider.clone(), found));
        }
        let found = self.found.as_ref().filter(|(of, _)| *of == spec.provider);
        let view = match found {
            // Nothing is published for a server that is suspended.
            None if !spec.suspend => {
                let why = match self.standing.health {
                    None | Some(Health::Good) => CONNECTING,
                    Some(Health::Denied(..) | Health::Unreachable(_)) => {
                        "its metadata could not be read yet; its conditions say why."
                    }
                };
                ServerView::NotReady(self.key.clone(), why.to_owned())
            }
            found => {
                let found = found.map(|(_, found)| found.clone()).unwrap_or_default();
                ServerView::Ready(Box::new(self.described(object, connection, found)))
            }
        };
        let usable = matches!(view, ServerView::Ready(_)).then(|| connection.clone());
        let news = self.operator.servers.get(&self.key).0 != view;
        self.operator.servers.put(&self.key, view, usable);
        news
    }

    fn described(&self, object: &ServerObject, connection: &Connection, found: Endpoints) -> Server {
        let spec = &object.spec;
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
            endpoints: endpoints(spec, found),
            repair_drift: spec.drift_check.action == DriftAction::Repair,
            deletion_delay: SignedDuration::from_secs(spec.deletion.delay_seconds.into()),
            removals_at_most: spec.deletion.max_burst,
            release: object.release.clone(),
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
            Ok(written) => {
                let due = self.operator.removal_due(&self.key);
                let news = self
                    .tidings
                    .news(&self.key.name, old, &written, due, Timestamp::now());
                self.objects.tell(&self.key, &object.uid, &news).await;
                self.written = Some(written);
            }
            Err(why) => {
                tracing::warn!(server = %self.key, ?why, "the status of a server could not be written; tried again");
            }
        }
    }
}

/// What a connection is made with and nobody tells of when it changes: ConfigMaps, which the operator may read and not
/// watch.
fn unwatched(spec: &ServerSpec) -> Vec<Needed> {
    let mut needed = secrets_needed(spec);
    needed.retain(|needed| needed.kind == NeededKind::ConfigMap);
    needed
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
            "Platform team: use another address.",
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
    async fn permit(&self, party: &str) -> Result<Box<dyn Permit>, NoEntry> {
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
            Some(Fault::Denied(..) | Fault::Unavailable(_) | Fault::OutcomeUnknown(_))
        ) {
            self.trouble.notify_one();
        }
    }
}

#[cfg(test)]
mod tests;
