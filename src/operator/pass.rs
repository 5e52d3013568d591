//! One pass over one client: gather, decide, do one step, fold its outcome in, until settled or blocked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rand::CryptoRng;

use crate::cluster::{Cluster, LedgerRead, Unread};
use crate::model::{
    AttemptId, Call, ClientObject, ClientView, Decision, Fault, FoundSecret, Here, LedgerEntry, LedgerView,
    NamespaceView, Observation, Outcome, Query, Record, Report, ServerKey, ServerView, State, Step, Subject,
    Uid, Version, Wake, decide, fold, publication,
};
use crate::provider::Provider;

/// What a pass needs of the world around it.
#[async_trait]
pub trait World: Send + Sync {
    /// Kubernetes.
    fn cluster(&self) -> &dyn Cluster;
    /// Who we are.
    fn here(&self) -> Here;
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// A namespace, as last seen.
    fn namespace(&self, name: &str) -> NamespaceView;
    /// A server object, and the way to the server if it can be used.
    fn server(&self, key: &ServerKey) -> (ServerView, Option<Connection>);
    /// What the server was last seen to hold for this client; taken once.
    fn seen(&self, subject: &Subject) -> Option<Observation>;
    /// For how long this process has seen the ledger entry at exactly this version.
    fn unchanged_for(&self, subject: &Subject, version: &Version) -> SignedDuration;
    /// Whether a mutating call may be begun: not while stopping.
    fn may_mutate(&self) -> bool;
    /// Told of every step and its outcome, for metrics, logs and tests.
    fn observe(
        &self,
        subject: &Subject,
        server: Option<&ServerKey>,
        step: &Step,
        outcome: &Outcome,
        took: Duration,
    );
}

/// The way to one server.
#[derive(Clone)]
pub struct Connection {
    /// The adapter.
    pub provider: Arc<dyn Provider>,
    /// Its limits.
    pub permits: Arc<dyn Permits>,
    /// The longest that one call may take.
    pub call_limit: Duration,
}

/// The limits of one server: its rate, its calls in flight, and its pauses.
#[async_trait]
pub trait Permits: Send + Sync {
    /// Waits for a permit, or says why there will be none for a while. `party` is who asks, for fairness.
    async fn permit(&self, party: &str) -> Result<Box<dyn Permit>, Fault>;
}

/// The leave to make one call. It counts as in flight until it is dropped.
pub trait Permit: Send + Sync {
    /// Tells what came of the call, so that a server in trouble is left in peace.
    fn done(self: Box<Self>, fault: Option<&Fault>);
}

/// How a pass ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Nothing is in the way.
    pub settled: bool,
    /// When to look again.
    pub wake: Wake,
    /// How many steps it took.
    pub steps: u32,
    /// The ledger entry at the end, and its version.
    pub entry: Option<(LedgerEntry, Version)>,
}

/// Runs one pass.
pub async fn run(
    world: &dyn World,
    subject: &Subject,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Ended, Unread> {
    let Some(mut running) = Running::begin(world, subject).await? else {
        return Ok(Ended::nothing_there());
    };
    loop {
        match running.decide(rng) {
            Decision::Do(step) => running = running.take(&step).await,
            Decision::Settled(wake) => return Ok(running.end(true, wake)),
            Decision::Blocked(wake) => return Ok(running.end(false, wake)),
        }
    }
}

impl Ended {
    /// The end of a pass over what neither a client nor a record speaks of.
    pub(super) fn nothing_there() -> Self {
        Self {
            settled: true,
            wake: Wake::OnChange,
            steps: 0,
            entry: None,
        }
    }
}

/// A pass between two steps.
pub(super) struct Running<'a> {
    state: State,
    executor: Executor<'a>,
}

impl<'a> Running<'a> {
    /// Reads everything that a decision starts from. `None`: there is neither a client nor a record of one.
    pub(super) async fn begin(world: &'a dyn World, subject: &'a Subject) -> Result<Option<Self>, Unread> {
        let gathered = gather(world, subject).await?;
        Ok(gathered.map(|(state, connection)| Self {
            state,
            executor: Executor {
                world,
                subject,
                connection,
                attempt: None,
            },
        }))
    }

    /// What is known.
    #[cfg(all(test, feature = "enumerate"))]
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Decides what is next, at the time it is now.
    pub(super) fn decide(&mut self, rng: &mut dyn CryptoRng) -> Decision {
        self.state.now = self.executor.world.now();
        decide(&self.state, rng)
    }

    /// Does one step and folds its outcome in.
    pub(super) async fn take(mut self, step: &Step) -> Self {
        let Executor { world, subject, .. } = self.executor;
        let began = Instant::now();
        let outcome = self.executor.execute(&self.state, step).await;
        world.observe(
            subject,
            Some(self.state.server.key()),
            step,
            &outcome,
            began.elapsed(),
        );
        self.state = fold(self.state, step, outcome);
        self
    }

    /// Ends it.
    pub(super) fn end(self, settled: bool, wake: Wake) -> Ended {
        let entry = match self.state.ledger {
            LedgerView::Held { entry, version, .. } => Some((*entry, version)),
            LedgerView::Absent | LedgerView::Unreadable(_) => None,
        };
        Ended {
            settled,
            wake,
            steps: self.state.pass.steps,
            entry,
        }
    }
}

/// So often a record that changes while the rest is read is read again.
const GATHER_TRIES: u32 = 3;

/// Everything that a decision starts from.
enum Gathered {
    Nothing,
    /// The record was changed by another process in the meantime, so what was read does not fit together.
    Torn,
    Whole(Box<State>, Option<Connection>),
}

/// Reads everything that a decision starts from. `None`: there is neither a client nor a record of one.
async fn gather(world: &dyn World, subject: &Subject) -> Result<Option<(State, Option<Connection>)>, Unread> {
    for _ in 0..GATHER_TRIES {
        match gather_once(world, subject).await? {
            Gathered::Nothing => return Ok(None),
            Gathered::Torn => {}
            Gathered::Whole(state, connection) => return Ok(Some((*state, connection))),
        }
    }
    Err(Unread(
        "the record of this client changes while it is read".to_owned(),
    ))
}

async fn gather_once(world: &dyn World, subject: &Subject) -> Result<Gathered, Unread> {
    let cluster = world.cluster();
    let ledger = match cluster.ledger(subject).await? {
        LedgerRead::Absent => LedgerView::Absent,
        LedgerRead::Unreadable(why) => LedgerView::Unreadable(why),
        LedgerRead::Held(entry, version) => {
            let unchanged_for = world.unchanged_for(subject, &version);
            LedgerView::Held {
                entry,
                version,
                unchanged_for,
            }
        }
    };
    let client = match (cluster.client(&subject.client).await, ledger.entry()) {
        // A new client, or another object of that name: is this still the namespace that the subject means?
        (Ok(Some(client)), entry) if entry.is_none_or(|entry| entry.owner != client.uid) => {
            match (in_its_namespace(cluster, subject, client).await?, entry) {
                (ClientView::Present(client), _) => ClientView::Present(client),
                (_, None) => return Ok(Gathered::Nothing),
                (gone, Some(_)) => gone,
            }
        }
        (Ok(Some(client)), _) => ClientView::Present(Box::new(client)),
        (Ok(None), Some(entry)) => cluster.presence(&subject.client, &entry.owner).await,
        (Ok(None), None) => return Ok(Gathered::Nothing),
        (Err(unread), _) => return Err(unread),
    };
    let server_key = match (ledger.entry(), &client) {
        (Some(entry), _) => entry.server.clone(),
        (None, ClientView::Present(client)) => client.server(&subject.client),
        (None, ClientView::Gone { .. } | ClientView::Unknown(_)) => return Ok(Gathered::Nothing),
    };
    let secret_name = match (ledger.entry(), &client) {
        (Some(entry), _) => entry.secret_name.clone(),
        (None, ClientView::Present(client)) => publication::secret_name(&subject.client.name, &client.spec),
        (None, ClientView::Gone { .. } | ClientView::Unknown(_)) => return Ok(Gathered::Nothing),
    };
    let secret = cluster.secret(&subject.client.namespace, &secret_name).await?;
    if let LedgerView::Held { entry, version, .. } = &ledger
        && !matches!(&client, ClientView::Present(client) if is_published(client, entry, secret.as_ref()))
        && !is_still(cluster.ledger(subject).await?, version)
    {
        return Ok(Gathered::Torn);
    }
    let (server, connection) = world.server(&server_key);
    let mut here = world.here();
    if let Some(limit) = connection
        .as_ref()
        .and_then(|way| SignedDuration::try_from(way.call_limit).ok())
    {
        here.timing.call_limit = limit;
        // Nothing that another process may still send arrives after late deliveries are over.
        let at_least = here.timing.take_over_after() + SignedDuration::from_secs(60);
        here.timing.late_delivery = here.timing.late_delivery.max(at_least);
    }
    let state = State {
        now: world.now(),
        here,
        subject: subject.clone(),
        client,
        namespace: world.namespace(&subject.client.namespace),
        server,
        ledger,
        secret,
        seen: world.seen(subject),
        pass: crate::model::Pass::default(),
    };
    Ok(Gathered::Whole(Box::new(state), connection))
}

/// The client, if the subject's namespace is the one it lives in. A namespace that was made again has emptied the first
/// one: there the subject's client is gone, whoever is there under its name by now.
async fn in_its_namespace(
    cluster: &dyn Cluster,
    subject: &Subject,
    client: ClientObject,
) -> Result<ClientView, Unread> {
    let before = cluster.served_crd().await?;
    let namespace = cluster.namespace_uid(&subject.client.namespace).await?;
    if namespace.as_ref() == Some(&subject.namespace_uid) {
        return Ok(ClientView::Present(Box::new(client)));
    }
    let after = cluster.served_crd().await?;
    Ok(match namespace {
        Some(_) if before == after => ClientView::Gone { crd_uid: after },
        Some(_) => ClientView::Unknown("the CRD of OAuthClient was made again".to_owned()),
        None => ClientView::Unknown("the namespace is not there any more".to_owned()),
    })
}

/// Whether the Secret needs no write. Where it needs one, its version alone does not protect it: it may be newer than
/// the record that was read before it.
fn is_published(client: &ClientObject, entry: &LedgerEntry, secret: Option<&FoundSecret>) -> bool {
    publication::wanted(client, entry)
        .zip(secret)
        .is_some_and(|(wanted, found)| found.holds(&wanted))
}

fn is_still(ledger: LedgerRead, version: &Version) -> bool {
    matches!(ledger, LedgerRead::Held(_, now) if now == *version)
}

/// Does one step after the other. It chooses nothing; it only refuses to send what has become too old.
struct Executor<'a> {
    world: &'a dyn World,
    subject: &'a Subject,
    connection: Option<Connection>,
    attempt: Option<Ready>,
}

/// An attempt that is recorded, with the permit to send it.
struct Ready {
    id: AttemptId,
    recorded: Instant,
    permit: Box<dyn Permit>,
}

impl Executor<'_> {
    async fn execute(&mut self, state: &State, step: &Step) -> Outcome {
        let cluster = self.world.cluster();
        match step {
            Step::Observe(query) => self.ask(query).await,
            Step::Record(record) => self.record(record).await,
            Step::Call(call) => self.call(state, call).await,
            Step::Publish(publish) => match cluster.publish(&self.subject.client, publish).await {
                Ok(Some(found)) => Outcome::Published(found),
                Ok(None) => Outcome::Rehearsed,
                Err(refusal) => Outcome::Refused(refusal),
            },
            Step::Unpublish { uid, version } => {
                let name = state
                    .secret
                    .as_ref()
                    .map(|found| found.name.as_str())
                    .unwrap_or_default();
                match cluster
                    .unpublish(&self.subject.client.namespace, name, uid, version)
                    .await
                {
                    Ok(()) => Outcome::Unpublished,
                    Err(refusal) => Outcome::Refused(refusal),
                }
            }
            Step::Report(report) => self.report(state, report).await,
        }
    }

    /// Permit first, then the record, then the call: nothing is written for a call that could not be sent.
    async fn record(&mut self, record: &Record) -> Outcome {
        let call = match record {
            Record::Write { call, .. } => call.as_ref(),
            Record::Remove { .. } => None,
        };
        let permit = match (call, &self.connection) {
            (None, _) => None,
            (Some(_), None) => return Outcome::Fault(no_way()),
            (Some(_), Some(_)) if !self.world.may_mutate() => {
                return Outcome::Fault(Fault::Unavailable(
                    "is not called any more, as the operator is stopping".into(),
                ));
            }
            (Some(_), Some(connection)) => {
                match connection.permits.permit(&self.subject.client.namespace).await {
                    Ok(permit) => Some(permit),
                    Err(fault) => return Outcome::Fault(fault),
                }
            }
        };
        match self.world.cluster().record(self.subject, record).await {
            Ok(version) => {
                self.attempt = call.cloned().zip(permit).map(|(id, permit)| Ready {
                    id,
                    recorded: Instant::now(),
                    permit,
                });
                Outcome::Recorded(version)
            }
            Err(refusal) => Outcome::Refused(refusal),
        }
    }

    async fn call(&mut self, state: &State, call: &Call) -> Outcome {
        let Some(connection) = self.connection.clone() else {
            return Outcome::Fault(no_way());
        };
        let timing = &state.here.timing;
        let (within, permit) = match &call.attempt {
            None => match connection.permits.permit(&self.subject.client.namespace).await {
                Ok(permit) => (connection.call_limit, permit),
                Err(fault) => return Outcome::Fault(fault),
            },
            Some((id, at)) => {
                let Some(ready) = self.attempt.take().filter(|ready| ready.id == *id) else {
                    return Outcome::NotSent;
                };
                // Both clocks: the monotonic one stops while a machine sleeps, the other one can be set.
                let by_wall = self.world.now().duration_since(*at);
                let by_own =
                    SignedDuration::try_from(ready.recorded.elapsed()).unwrap_or(SignedDuration::MAX);
                let age = by_wall.max(by_own);
                if age > timing.send_within || by_wall < -timing.send_within {
                    return Outcome::NotSent;
                }
                let left = timing.take_over_after() - age.max(SignedDuration::ZERO);
                let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
                (left.min(connection.call_limit), ready.permit)
            }
        };
        let answer = connection.provider.perform(&call.request, within).await;
        permit.done(answer.as_ref().err());
        answer.map_or_else(Outcome::Fault, Outcome::Answered)
    }

    async fn ask(&self, query: &Query) -> Outcome {
        let Some(connection) = &self.connection else {
            return Outcome::Fault(no_way());
        };
        let provider = &connection.provider;
        let permit = match connection.permits.permit(&self.subject.client.namespace).await {
            Ok(permit) => permit,
            Err(fault) => return Outcome::Fault(fault),
        };
        let answer = match query {
            Query::Client(handle) => provider.client(handle).await.map(Outcome::Client),
            Query::Attempted(candidate) | Query::Lost(candidate) => {
                provider.attempted(candidate).await.map(Outcome::Client)
            }
            Query::Scopes => provider.scopes().await.map(Outcome::Scopes),
            Query::Token(credential) => provider.verify(credential).await.map(Outcome::Token),
        };
        permit.done(answer.as_ref().err());
        answer.unwrap_or_else(Outcome::Fault)
    }

    async fn report(&self, state: &State, report: &Report) -> Outcome {
        let (cluster, key) = (self.world.cluster(), &self.subject.client);
        let uid: Option<&Uid> = match &state.client {
            ClientView::Present(client) => {
                if client.status != report.status
                    && let Err(refusal) = cluster.report(key, &client.uid, &report.status).await
                {
                    return Outcome::Refused(refusal);
                }
                Some(&client.uid)
            }
            ClientView::Gone { .. } | ClientView::Unknown(_) => {
                state.ledger.entry().map(|entry| &entry.owner)
            }
        };
        let none = Uid(String::new());
        cluster.tell(key, uid.unwrap_or(&none), &report.happenings).await;
        Outcome::Reported
    }
}

fn no_way() -> Fault {
    Fault::Unavailable("cannot be used now".to_owned())
}
