//! The task of one server: it connects, checks, lists and reports.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::listing::{Listing, list};
use super::permits::Limits;
use super::view::{described, not_connected};
use super::{CONNECTING, ServerObject};
use crate::api::{ProviderSpec, ServerReason, ServerSpec, ServerStatus};
use crate::model::{Denial, Endpoints, Fault, ServerKey, ServerView};
use crate::operator::pass::{Connection, World};
use crate::operator::queue::Urgency;
use crate::operator::rights::Rights;
use crate::operator::scopes::RememberedScopes;
use crate::operator::standing::{Health, Lacking, ServerObjects, Standing};
use crate::operator::tapped::Tapped;
use crate::operator::tidings::{Tidings, Words, unreachable};
use crate::operator::world::Operator;
use crate::provider::address::EgressRules;
use crate::provider::connect::{Needed, NeededKind, Secrets, connect, secrets_needed};
use crate::provider::gate::Gate;

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

/// Why a server is not watched over any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watched {
    /// Its object or its credential changed.
    Changed,
    /// It was in trouble and is well again.
    Recovered,
}

/// The task of one server.
pub struct Tender {
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
    pub fn new(
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
    pub async fn tend(mut self, mut news: watch::Receiver<ServerObject>) {
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
                    list(&self.operator, &self.key, connection).await;
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
                ServerView::Ready(Box::new(described(&self.key, object, connection, found)))
            }
        };
        let usable = matches!(view, ServerView::Ready(_)).then(|| connection.clone());
        let news = self.operator.servers.get(&self.key).0 != view;
        self.operator.servers.put(&self.key, view, usable);
        news
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
