//! One pass over one client: gather, decide, do one step, fold its outcome in, until settled or blocked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rand::CryptoRng;

use crate::cluster::{Cluster, LedgerRead, Unread};
use crate::model::{
    AttemptId, Call, ChosenBy, ClientObject, ClientView, Decision, Fault, FoundSecret, Here, LedgerEntry,
    LedgerView, NamespaceView, Observation, Outcome, Pass, Query, Record, Refusal, Report, ServerKey,
    ServerView, State, Step, Subject, Uid, Unreadable, Version, Wake, Written, decide, fold, publication,
};
use crate::provider::Provider;
use crate::provider::gate::NoEntry;

/// What a pass needs of the world around it.
#[async_trait]
pub trait World: Send + Sync {
    /// Kubernetes.
    fn cluster(&self) -> &dyn Cluster;
    /// Who we are.
    fn here(&self) -> Here;
    /// The time, which does not jump when the wall clock does.
    fn now(&self) -> Timestamp;
    /// The wall clock as it is.
    fn wall(&self) -> Timestamp {
        self.now()
    }
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
    /// Whether this process is the one that works, asked right before every step. It saves work and does not fence:
    /// what keeps two processes apart is the ledger.
    fn leads(&self) -> bool;
    /// Waits for this long.
    async fn pause(&self, time: Duration);
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
    async fn permit(&self, party: &str) -> Result<Box<dyn Permit>, NoEntry>;
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
    /// Our own limits let nobody in at the server now. Nothing is wrong, so nothing was reported.
    pub postponed: bool,
    /// When to look again.
    pub wake: Wake,
    /// How many steps it took.
    pub steps: u32,
    /// The ledger entry at the end, and its version.
    pub entry: Option<(LedgerEntry, Version)>,
}

/// Why a pass came to no end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfinished {
    /// What a decision needs could not be read.
    Unread(Unread),
    /// Another process leads, or nobody: what is left to do is the leader's.
    NotLeading,
}

impl From<Unread> for Unfinished {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

/// This process does not lead, so a step was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotLeading;

/// Why a step was not taken.
#[derive(Debug)]
enum Untaken {
    /// This process does not lead.
    NotLeading,
    /// It is not let through to the server.
    Entry(NoEntry),
}

impl From<NotLeading> for Untaken {
    fn from(NotLeading: NotLeading) -> Self {
        Self::NotLeading
    }
}

impl From<NoEntry> for Untaken {
    fn from(entry: NoEntry) -> Self {
        Self::Entry(entry)
    }
}

impl From<Fault> for Untaken {
    fn from(fault: Fault) -> Self {
        Self::Entry(fault.into())
    }
}

impl From<NotLeading> for Unfinished {
    fn from(NotLeading: NotLeading) -> Self {
        Self::NotLeading
    }
}

/// Runs one pass.
pub async fn run(
    world: &dyn World,
    subject: &Subject,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<Ended, Unfinished> {
    if !world.leads() {
        return Err(Unfinished::NotLeading);
    }
    let Some(mut running) = Running::begin(world, subject).await? else {
        return Ok(Ended::nothing_there());
    };
    loop {
        match running.decide(rng) {
            Decision::Do(step) => {
                running = running.take(&step).await?;
                if let Some(after) = running.executor.busy {
                    return Ok(running.postpone(after));
                }
            }
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
            postponed: false,
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
                busy: None,
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

    /// Does one step and folds its outcome in, if this process leads.
    pub(super) async fn take(mut self, step: &Step) -> Result<Self, NotLeading> {
        let Executor { world, subject, .. } = self.executor;
        let began = Instant::now();
        let outcome = match self.executor.execute(&self.state, step).await {
            Ok(Outcome::Fault(fault)) | Err(Untaken::Entry(NoEntry::Fault(fault))) => {
                Outcome::Fault(by_our_clock(world, fault))
            }
            Ok(outcome) => outcome,
            Err(Untaken::Entry(NoEntry::Busy(after))) => {
                self.executor.busy = Some(after);
                return Ok(self);
            }
            Err(Untaken::NotLeading) => return Err(NotLeading),
        };
        world.observe(
            subject,
            Some(self.state.server.key()),
            step,
            &outcome,
            began.elapsed(),
        );
        self.state = fold(self.state, step, outcome);
        Ok(self)
    }

    /// Ends it before a call that has to wait for its turn at the server.
    fn postpone(self, after: Duration) -> Ended {
        let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::ZERO);
        let wake = Wake::At(self.state.now.saturating_add(after).unwrap_or(self.state.now));
        Ended {
            postponed: true,
            ..self.end(false, wake)
        }
    }

    /// Ends it.
    pub(super) fn end(self, settled: bool, wake: Wake) -> Ended {
        let entry = match self.state.ledger {
            LedgerView::Held { entry, version, .. } => Some((*entry, version)),
            LedgerView::Absent | LedgerView::Unreadable(_) => None,
        };
        Ended {
            settled,
            postponed: false,
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
    Err(Unread::new(
        "the record of this client changes while it is read".to_owned(),
    ))
}

async fn gather_once(world: &dyn World, subject: &Subject) -> Result<Gathered, Unread> {
    let cluster = world.cluster();
    // What only a person can mend is told to the client, as far as that can be read.
    let mut not_read = None;
    let ledger = match cluster.ledger(subject).await {
        Err(unread) if unread.denied => {
            not_read = Some(unread.why.clone());
            LedgerView::Unreadable(Unreadable::NotShown(unread.why))
        }
        Err(unread) => return Err(unread),
        Ok(LedgerRead::Absent) => LedgerView::Absent,
        Ok(LedgerRead::Unreadable(why)) => LedgerView::Unreadable(why),
        Ok(LedgerRead::Held(entry, version)) => {
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
    let secret = match cluster.secret(&subject.client.namespace, &secret_name).await {
        Err(unread) if unread.denied => {
            not_read.get_or_insert(unread.why);
            None
        }
        read => read?,
    };
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
        pass: Pass {
            refusal: not_read.map(|why| (Written::NotRead, Refusal::Denied(why))),
            ..Pass::default()
        },
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

/// The pauses before a record is written again: at once, and on for half a minute where a credential would be lost.
const AGAIN: [Duration; 8] = [
    Duration::ZERO,
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(8),
    Duration::from_secs(8),
];

/// Does one step after the other. It chooses nothing; it only refuses to send what has become too old.
struct Executor<'a> {
    world: &'a dyn World,
    subject: &'a Subject,
    connection: Option<Connection>,
    attempt: Option<Ready>,
    /// Others go first at the server; worth a try after this long.
    busy: Option<Duration>,
}

/// An attempt that is recorded, with the permit to send it.
struct Ready {
    id: AttemptId,
    recorded: Instant,
    wall: Timestamp,
    permit: Box<dyn Permit>,
}

impl Executor<'_> {
    async fn execute(&mut self, state: &State, step: &Step) -> Result<Outcome, Untaken> {
        // An answer may be one that no server gives twice. It is stored whoever leads by now: the version of the record
        // decides whether it still belongs there.
        let stores_answer =
            state.pass.answer.is_some() && matches!(step, Step::Record(Record::Write { call: None, .. }));
        if !stores_answer {
            self.leads()?;
        }
        let cluster = self.world.cluster();
        Ok(match step {
            Step::FindClaim(claims) => match cluster.is_claimed(self.subject, claims).await {
                Ok(claimed) => Outcome::Claimed(claimed),
                Err(unread) => Outcome::Refused(Refusal::Unavailable(unread.why)),
            },
            Step::Observe(query) => self.ask(query).await?,
            Step::Record(record) => self.record(state, record).await?,
            Step::Call(call) => self.call(state, call).await?,
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
        })
    }

    fn leads(&self) -> Result<(), NotLeading> {
        if self.world.leads() {
            Ok(())
        } else {
            Err(NotLeading)
        }
    }

    /// Waits for a permit, which may take a while: who leads is asked again after it.
    async fn permit(&self, connection: &Connection) -> Result<Box<dyn Permit>, Untaken> {
        let permit = connection.permits.permit(&self.subject.client.namespace).await;
        self.leads()?;
        Ok(permit?)
    }

    /// Permit first, then the record, then the call: nothing is written for a call that could not be sent.
    async fn record(&mut self, state: &State, record: &Record) -> Result<Outcome, Untaken> {
        let call = match record {
            Record::Write { call, .. } => call.as_ref(),
            Record::Remove { .. } => None,
        };
        let permit = match (call, &self.connection) {
            (None, _) => None,
            (Some(_), None) => return Err(no_way().into()),
            (Some(_), Some(_)) if !self.world.may_mutate() => return Err(stopping().into()),
            (Some(_), Some(connection)) => Some(self.permit(connection).await?),
        };
        // Before it is written: who sees it later counts from then.
        let (recorded, wall) = (Instant::now(), self.world.wall());
        Ok(match self.write(state, record).await {
            Ok(version) => {
                self.attempt = call.cloned().zip(permit).map(|(id, permit)| Ready {
                    id,
                    recorded,
                    wall,
                    permit,
                });
                Outcome::Recorded(version)
            }
            Err(refusal) => Outcome::Refused(refusal),
        })
    }

    /// Writes a record. When that fails, the ledger is asked what became of it: if nobody else has written meanwhile, it
    /// is written again, and longer so where it holds an answer that the server gives only once.
    async fn write(&self, state: &State, record: &Record) -> Result<Option<Version>, Refusal> {
        let cluster = self.world.cluster();
        let holds_answer = state.pass.answer.is_some();
        let given_once = holds_answer && !can_be_asked_again(&state.server);
        let tries = match (holds_answer, given_once) {
            (_, true) => AGAIN.len(),
            // To find it out again takes calls, and until late deliveries are over nothing is removed.
            (true, false) => 3,
            (false, false) => 1,
        };
        let mut pauses = AGAIN.iter().take(tries);
        loop {
            let refusal = match cluster.record(self.subject, record).await {
                Ok(version) => return Ok(version),
                Err(refusal) => refusal,
            };
            let denied = matches!(refusal, Refusal::Denied(_) | Refusal::NamespaceTerminating);
            let Some(pause) = pauses.next().filter(|_| given_once || !denied) else {
                return Err(refusal);
            };
            self.world.pause(*pause).await;
            match (record, cluster.ledger(self.subject).await) {
                (Record::Write { entry, .. }, Ok(LedgerRead::Held(held, version))) if held == *entry => {
                    return Ok(Some(version));
                }
                (Record::Remove { .. }, Ok(LedgerRead::Absent)) => return Ok(None),
                (Record::Write { replaces, .. }, Ok(LedgerRead::Held(_, version)))
                    if replaces.as_ref() == Some(&version) => {}
                (Record::Remove { version }, Ok(LedgerRead::Held(_, now))) if now == *version => {}
                // Not read: it may be written again all the same, since it names the version that it replaces.
                (Record::Write { replaces: None, .. }, Ok(LedgerRead::Absent)) | (_, Err(_)) => {}
                (_, Ok(_)) => return Err(Refusal::Stale),
            }
        }
    }

    async fn call(&mut self, state: &State, call: &Call) -> Result<Outcome, Untaken> {
        let Some(connection) = self.connection.clone() else {
            return Err(no_way().into());
        };
        let timing = &state.here.timing;
        let (within, permit) = match &call.attempt {
            // No record went before this call, so nothing has asked yet whether it may be begun.
            None if !self.world.may_mutate() => return Err(stopping().into()),
            None => {
                let permit = self.permit(&connection).await?;
                (connection.call_limit, permit)
            }
            Some((id, at)) => {
                let Some(ready) = self.attempt.take().filter(|ready| ready.id == *id) else {
                    return Ok(Outcome::NotSent);
                };
                // Both clocks: the monotonic one stops while a machine sleeps, the other one can be set.
                let by_wall = self.world.wall().duration_since(ready.wall);
                let since_decided = self.world.now().duration_since(*at);
                let by_own =
                    SignedDuration::try_from(ready.recorded.elapsed()).unwrap_or(SignedDuration::MAX);
                let age = by_wall.max(by_own).max(since_decided);
                if age > timing.send_within || by_wall.min(since_decided) < -timing.send_within {
                    return Ok(Outcome::NotSent);
                }
                let left = timing.take_over_after() - age.max(SignedDuration::ZERO);
                let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
                (left.min(connection.call_limit), ready.permit)
            }
        };
        let answer = connection.provider.perform(&call.request, within).await;
        permit.done(answer.as_ref().err());
        Ok(answer.map_or_else(Outcome::Fault, Outcome::Answered))
    }

    async fn ask(&self, query: &Query) -> Result<Outcome, Untaken> {
        let Some(connection) = &self.connection else {
            return Err(no_way().into());
        };
        let provider = &connection.provider;
        let permit = self.permit(connection).await?;
        let answer = match query {
            Query::Client(handle) => provider.client(handle).await.map(Outcome::Client),
            Query::Attempted(candidate) | Query::Lost(candidate) => {
                provider.attempted(candidate).await.map(Outcome::Client)
            }
            Query::Scopes => provider.scopes().await.map(Outcome::Scopes),
            Query::Token(credential) => provider.verify(credential).await.map(Outcome::Token),
        };
        permit.done(answer.as_ref().err());
        Ok(answer.unwrap_or_else(Outcome::Fault))
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

/// Whether the server tells the credential of a client more than once, or need not, as we have chosen it.
fn can_be_asked_again(server: &ServerView) -> bool {
    match server {
        ServerView::Ready(server) => {
            let can = &server.capabilities;
            can.secret_readable || can.client_secret == ChosenBy::Caller
        }
        ServerView::Missing(_) | ServerView::NotReady(..) => false,
    }
}

fn stopping() -> Fault {
    Fault::Unavailable("is not called any more, as the operator is stopping".to_owned())
}

/// A server's pause ends at a time of the wall clock; decisions are made by ours.
fn by_our_clock(world: &dyn World, fault: Fault) -> Fault {
    match fault {
        Fault::Throttled(Some(until)) => {
            let ahead = world.now().duration_since(world.wall());
            Fault::Throttled(Some(until.saturating_add(ahead).unwrap_or(until)))
        }
        fault => fault,
    }
}

fn no_way() -> Fault {
    Fault::Unavailable("cannot be used now".to_owned())
}
