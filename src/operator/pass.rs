//! One pass over one client: gather, decide, do one step, fold its outcome in, until settled or blocked.

mod executor;
mod gather;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rand::CryptoRng;

use self::executor::{Executor, Untaken};
use self::gather::gather;
use crate::cluster::{Cluster, Unread};
use crate::model::{
    Decision, Fault, Here, LedgerEntry, LedgerView, NamespaceView, Observation, Outcome, Quota, ServerKey,
    ServerView, State, Step, Subject, Version, Wake, decide, fold,
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
    /// Whether a limit on many clients together lets this one go on.
    fn admit(&self, subject: &Subject, server: &ServerKey, quota: &Quota) -> bool;
    /// What the server was last seen to hold for this client; taken once.
    fn seen(&self, subject: &Subject) -> Option<Observation>;
    /// Gives that back, as it came to nothing; something newer is kept.
    fn put_back(&self, subject: &Subject, seen: Observation);
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
    fn observe(&self, subject: &Subject, step: &Step, outcome: &Outcome, took: Duration);
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
    /// What the server was last seen to hold when the pass began.
    hint: Option<Observation>,
    executor: Executor<'a>,
}

impl<'a> Running<'a> {
    /// Reads everything that a decision starts from. `None`: there is neither a client nor a record of one.
    pub(super) async fn begin(world: &'a dyn World, subject: &'a Subject) -> Result<Option<Self>, Unread> {
        let began = (Instant::now(), world.now());
        let gathered = gather(world, subject).await?;
        Ok(gathered.map(|(state, connection)| Self {
            hint: state.seen.clone(),
            state,
            executor: Executor::new(world, subject, connection, began),
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
            Err(Untaken::NotLeading) => {
                self.keep_hint();
                return Err(NotLeading);
            }
        };
        world.observe(subject, step, &outcome, began.elapsed());
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

    /// A list comes once an hour: what it showed is not lost because of one mishap. What was read or called since is newer.
    fn keep_hint(&mut self) {
        if let Some(hint) = self.hint.take()
            && self.state.seen.as_ref() == Some(&hint)
        {
            self.executor.world.put_back(self.executor.subject, hint);
        }
    }

    /// Ends it.
    pub(super) fn end(mut self, settled: bool, wake: Wake) -> Ended {
        if !settled {
            self.keep_hint();
        }
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
