//! One process of the operator: the world as its passes see it, with every operation at a port counted and disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::disturbance::{Kind, What};
use super::mistakes::{self, Mistake};
use super::stage::{Stage, Ticket};
use crate::cluster::{Cluster, LedgerRead, Unread};
use crate::model::{
    Answer, Candidate, Capabilities, ClientKey, ClientObject, ClientView, Credential, Denial, Fault,
    FoundSecret, Handle, Happening, Here, InstanceId, NamespaceView, Observation, Outcome, Publish,
    PublishMode, Record, Refusal, RemoteClient, Request, ServerKey, ServerView, Status, Step, Subject,
    Timing, Uid, Verification, Version, testing,
};
use crate::operator::pass::{Connection, Permit, Permits, World};
use crate::operator::scenarios::bench::{came, told};
use crate::provider::Provider;
use crate::provider::gate::NoEntry;
use crate::provider::memory::named;

/// One life of the operator.
pub(super) struct Process {
    pub(super) number: usize,
    stage: Arc<Stage>,
    cluster: Arc<dyn Cluster>,
    provider: Arc<dyn Provider>,
    watched: Mutex<BTreeMap<Subject, (Version, Timestamp)>>,
    began: Mutex<Option<Timestamp>>,
    pub(super) passes: AtomicU32,
}

impl Process {
    pub(super) fn start(number: usize, stage: &Arc<Stage>) -> Arc<Self> {
        let port = Port {
            actor: number,
            stage: stage.clone(),
            recorded: Mutex::new(None),
        };
        let (cluster, provider) = mistakes::wrap(stage, Arc::new(port));
        Arc::new(Self {
            number,
            stage: stage.clone(),
            cluster,
            provider,
            watched: Mutex::default(),
            began: Mutex::new(None),
            passes: AtomicU32::new(0),
        })
    }

    pub(super) fn begin_pass(&self) -> u64 {
        *self.began.lock().unwrap() = Some(self.stage.now());
        let pass = self.passes.fetch_add(1, Ordering::SeqCst);
        (u64::try_from(self.number).unwrap() << 32) + u64::from(pass)
    }
}

struct NoLimits;

#[async_trait]
impl Permits for NoLimits {
    async fn permit(&self, _party: &str) -> Result<Box<dyn Permit>, NoEntry> {
        Ok(Box::new(Self))
    }
}

impl Permit for NoLimits {
    fn done(self: Box<Self>, _fault: Option<&Fault>) {}
}

#[async_trait]
impl World for Process {
    fn cluster(&self) -> &dyn Cluster {
        &*self.cluster
    }

    fn here(&self) -> Here {
        Here {
            instance: InstanceId(format!("instance-{}", self.number)),
            crd_uid: self.stage.cluster.crd_uid(),
            ..testing::here()
        }
    }

    fn now(&self) -> Timestamp {
        let began = *self.began.lock().unwrap();
        match began.filter(|_| self.stage.mistake == Some(Mistake::StaleIntent)) {
            Some(began) => began,
            None => self.stage.now(),
        }
    }

    fn namespace(&self, name: &str) -> NamespaceView {
        self.stage.cluster.namespace(name)
    }

    fn server(&self, key: &ServerKey) -> (ServerView, Option<Connection>) {
        let view = self.stage.server.lock().unwrap().clone();
        if view.key() != key {
            return (ServerView::Missing(key.clone()), None);
        }
        let connection = Connection {
            provider: self.provider.clone(),
            permits: Arc::new(NoLimits),
            call_limit: Duration::from_secs(30),
        };
        let usable = matches!(view, ServerView::Ready(_));
        (view, usable.then_some(connection))
    }

    fn seen(&self, subject: &Subject) -> Option<Observation> {
        self.stage.inner().seen.remove(subject)
    }

    fn put_back(&self, subject: &Subject, seen: Observation) {
        self.stage.inner().seen.entry(subject.clone()).or_insert(seen);
    }

    fn unchanged_for(&self, subject: &Subject, version: &Version) -> SignedDuration {
        let now = self.stage.now();
        let mut watched = self.watched.lock().unwrap();
        match watched.get(subject) {
            Some((seen, since)) if seen == version => now.duration_since(*since),
            _ => {
                watched.insert(subject.clone(), (version.clone(), now));
                SignedDuration::ZERO
            }
        }
    }

    fn may_mutate(&self) -> bool {
        true
    }

    // Nothing may depend on it.
    fn leads(&self) -> bool {
        true
    }

    async fn pause(&self, _time: Duration) {}

    fn observe(&self, subject: &Subject, step: &Step, outcome: &Outcome, _took: Duration) {
        self.stage
            .write(|| format!("[{}] {subject}: {} -> {}", self.number, told(step), came(outcome)));
    }
}

/// The ports of one process.
pub(super) struct Port {
    pub(super) actor: usize,
    pub(super) stage: Arc<Stage>,
    recorded: Mutex<Option<Timestamp>>,
}

/// Stops until it is polled once more.
async fn stop() {
    let mut stopped = false;
    poll_fn(move |_| {
        if std::mem::replace(&mut stopped, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

impl Port {
    async fn enter(&self, kind: Kind) -> Ticket {
        match self.stage.enter(self.actor, kind) {
            Ok(ticket) => ticket,
            Err(ticket) => {
                stop().await;
                ticket
            }
        }
    }

    async fn leave(&self, ticket: Ticket) {
        if self.stage.leave(ticket).is_err() {
            stop().await;
        }
    }

    async fn look<T>(&self, read: impl Future<Output = Result<T, Unread>> + Send) -> Result<T, Unread> {
        let ticket = self.enter(Kind::Look).await;
        let found = match ticket.what {
            Some(What::Unavailable) => Err(Unread::new("the API server is away")),
            _ => read.await,
        };
        self.leave(ticket).await;
        found
    }

    async fn write<T>(
        &self,
        kind: Kind,
        write: impl Future<Output = Result<T, Refusal>> + Send,
    ) -> Result<T, Refusal> {
        let ticket = self.enter(kind).await;
        let lost = || Refusal::Unavailable("the answer was lost".into());
        let outcome = match ticket.what {
            Some(What::Unavailable) => Err(Refusal::Unavailable("is overloaded".into())),
            Some(What::Denied) => Err(Refusal::Denied("forbidden".into())),
            Some(What::Conflict) => Err(Refusal::Stale),
            Some(What::Lost) => write.await.and_then(|_| Err(lost())),
            _ => write.await,
        };
        self.leave(ticket).await;
        outcome
    }

    async fn query<T: Send>(
        &self,
        read: impl Fn(Option<BTreeMap<Handle, RemoteClient>>) -> Result<T, Fault> + Send,
    ) -> Result<T, Fault> {
        let ticket = self.enter(Kind::Query).await;
        let answer = match ticket.what {
            Some(What::Old) => read(self.stage.old_clients()),
            what => match self.fault(what) {
                Some(fault) => Err(fault),
                None => read(None),
            },
        };
        self.leave(ticket).await;
        answer
    }

    fn fault(&self, what: Option<What>) -> Option<Fault> {
        Some(match what? {
            What::Unavailable => Fault::Unavailable("is away".into()),
            What::Denied => Fault::Denied(Denial::Right, "403".into()),
            What::Throttled => Fault::Throttled(Some(self.stage.now() + SignedDuration::from_secs(7))),
            What::Conflict => Fault::Conflict("409".into()),
            What::Invalid => Fault::Invalid("400".into()),
            What::NotFound => Fault::NotFound,
            _ => return None,
        })
    }

    /// One call. A process that is held while the call is on its way hears of it only if it wakes in time.
    async fn call(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        let unknown = || Err(Fault::OutcomeUnknown("closed the connection".into()));
        let timing = Timing::default();
        let recorded = self.recorded.lock().unwrap().unwrap_or(self.stage.now());
        let deadline = recorded + timing.late_delivery - SignedDuration::from_millis(50);
        self.stage.inner().checker.sent(request);
        let ticket = match self.stage.enter(self.actor, Kind::Call) {
            Ok(ticket) => ticket,
            Err(ticket) if matches!(ticket.what, Some(What::CrashBefore)) => {
                stop().await;
                ticket
            }
            Err(ticket) => {
                let began = self.stage.now();
                let id = self.stage.send(request, None, deadline);
                stop().await;
                let waited = Duration::try_from(self.stage.now().duration_since(began)).unwrap_or_default();
                if waited > within || !self.stage.take_back(id) {
                    self.leave(ticket).await;
                    return unknown();
                }
                ticket
            }
        };
        let answer = match ticket.what {
            Some(What::Lost) => {
                let _ = self.stage.perform(request);
                unknown()
            }
            Some(What::Vanished) => unknown(),
            Some(What::Late(later)) => {
                let at = later.map(|later| ticket.number + later);
                self.stage.send(request, at, deadline);
                unknown()
            }
            // There the access of the one client is refused, not the operator's credential.
            Some(What::Denied)
                if self.capabilities().own_access && !matches!(request, Request::Register(_)) =>
            {
                Err(Fault::Unmanageable("401".into()))
            }
            what => match self.fault(what) {
                Some(fault) => Err(fault),
                None => self.stage.perform(request),
            },
        };
        self.leave(ticket).await;
        answer
    }
}

#[async_trait]
impl Cluster for Port {
    async fn client(&self, key: &ClientKey) -> Result<Option<ClientObject>, Unread> {
        self.look(self.stage.cluster.client(key)).await
    }

    async fn namespace_uid(&self, name: &str) -> Result<Option<Uid>, Unread> {
        self.stage.cluster.namespace_uid(name).await
    }

    async fn served_crd(&self) -> Result<Uid, Unread> {
        self.stage.cluster.served_crd().await
    }

    async fn presence(&self, key: &ClientKey, owner: &Uid) -> ClientView {
        let read = async { Ok(self.stage.cluster.presence(key, owner).await) };
        self.look(read)
            .await
            .unwrap_or_else(|unread| ClientView::Unknown(unread.why))
    }

    async fn ledger(&self, subject: &Subject) -> Result<LedgerRead, Unread> {
        self.look(self.stage.cluster.ledger(subject)).await
    }

    async fn is_claimed(&self, subject: &Subject, claims: &BTreeSet<String>) -> Result<bool, Unread> {
        self.look(self.stage.cluster.is_claimed(subject, claims)).await
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<FoundSecret>, Unread> {
        self.look(self.stage.cluster.secret(namespace, name)).await
    }

    async fn record(&self, subject: &Subject, record: &Record) -> Result<Option<Version>, Refusal> {
        if matches!(record, Record::Write { call: Some(_), .. }) {
            *self.recorded.lock().unwrap() = Some(self.stage.now());
        }
        self.write(Kind::Record, self.stage.cluster.record(subject, record))
            .await
    }

    async fn publish(&self, key: &ClientKey, publish: &Publish) -> Result<Option<FoundSecret>, Refusal> {
        let kind = match publish.mode {
            PublishMode::Rehearse(_) => Kind::Rehearse,
            PublishMode::Create | PublishMode::Apply(_) => Kind::Publish,
        };
        self.write(kind, self.stage.cluster.publish(key, publish)).await
    }

    async fn unpublish(
        &self,
        namespace: &str,
        name: &str,
        uid: &Uid,
        version: &Version,
    ) -> Result<(), Refusal> {
        let write = self.stage.cluster.unpublish(namespace, name, uid, version);
        self.write(Kind::Unpublish, write).await
    }

    async fn report(&self, key: &ClientKey, uid: &Uid, status: &Status) -> Result<(), Refusal> {
        self.write(Kind::Status, self.stage.cluster.report(key, uid, status))
            .await
    }

    async fn tell(&self, key: &ClientKey, uid: &Uid, happenings: &[Happening]) {
        self.stage.cluster.tell(key, uid, happenings).await;
    }
}

#[async_trait]
impl Provider for Port {
    fn capabilities(&self) -> &Capabilities {
        self.stage.provider.capabilities()
    }

    async fn check(&self) -> Result<(), Fault> {
        Ok(())
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        self.query(|old| {
            let now = futures::FutureExt::now_or_never(self.stage.provider.client(handle)).unwrap()?;
            let shown = |client: &RemoteClient| self.stage.provider.shown(client);
            Ok(old.map_or(now, |old| old.get(handle).map(shown)))
        })
        .await
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        self.query(|old| {
            let now = futures::FutureExt::now_or_never(self.stage.provider.attempted(candidate)).unwrap()?;
            let shown = |client: &RemoteClient| self.stage.provider.shown(client);
            Ok(old.map_or(now, |old| named(&old, &candidate.name).map(shown)))
        })
        .await
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        self.stage.provider.clients().await
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        self.query(|_| futures::FutureExt::now_or_never(self.stage.provider.scopes()).unwrap())
            .await
    }

    async fn verify(&self, credential: &Credential) -> Result<Verification, Fault> {
        self.query(|old| {
            let now = futures::FutureExt::now_or_never(self.stage.provider.verify(credential)).unwrap()?;
            let refused = || Verification::Rejected("invalid_client".into());
            let known = |clients: BTreeMap<Handle, RemoteClient>| {
                clients.values().any(|client| client.credential == *credential)
            };
            Ok(match old.map(known) {
                None => now,
                Some(true) => Verification::TokenIssued,
                Some(false) => refused(),
            })
        })
        .await
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        self.call(request, within).await
    }
}
