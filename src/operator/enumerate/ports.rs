//! One process of the operator: the world as its passes see it, with every operation at a port counted and disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::disturbance::{Kind, Read, What};
use super::mistakes::{self, Mistake};
use super::past::{Moment, Object};
use super::stage::{Stage, Ticket};
use crate::cluster::memory::MemoryCluster;
use crate::cluster::{Cluster, LedgerRead, Unread};
use crate::model::{
    ClientKey, ClientObject, ClientView, Fault, FoundSecret, Happening, Here, InstanceId, NamespaceView,
    Observation, Outcome, Publish, PublishMode, Quota, Record, Refusal, ServerKey, ServerView, Status, Step,
    Subject, Uid, Version, testing,
};
use crate::operator::pass::{Connection, Permit, Permits, World};
use crate::operator::scenarios::bench::{admits, came, told};
use crate::provider::Provider;
use crate::provider::gate::NoEntry;

/// What makes an object anew is not sent later than this after it was begun. What replaces one may well be: its version
/// protects it.
const WRITE_LIMIT: SignedDuration = SignedDuration::from_secs(20);

/// One life of the operator.
pub(super) struct Process {
    pub(super) number: usize,
    stage: Arc<Stage>,
    port: Arc<Port>,
    cluster: Arc<dyn Cluster>,
    provider: Arc<dyn Provider>,
    watched: Mutex<BTreeMap<Subject, (Version, Timestamp)>>,
    began: Mutex<Option<Timestamp>>,
    pub(super) passes: AtomicU32,
}

impl Process {
    pub(super) fn start(number: usize, stage: &Arc<Stage>) -> Arc<Self> {
        let port = Arc::new(Port {
            actor: number,
            stage: stage.clone(),
            pass: Mutex::default(),
        });
        let (cluster, provider) = mistakes::wrap(stage, port.clone());
        Arc::new(Self {
            number,
            stage: stage.clone(),
            port,
            cluster,
            provider,
            watched: Mutex::default(),
            began: Mutex::new(None),
            passes: AtomicU32::new(0),
        })
    }

    pub(super) fn begin_pass(&self, subject: &Subject) -> u64 {
        *self.began.lock().unwrap() = Some(self.stage.now());
        *self.port.pass() = InPass {
            subject: Some(subject.clone()),
            ..InPass::default()
        };
        let pass = self.passes.fetch_add(1, Ordering::SeqCst);
        (u64::try_from(self.number).unwrap() << 32) + u64::from(pass)
    }

    /// Whether this pass was shown something that was out of date, so that the watches bring what is newer.
    pub(super) fn saw_the_past(&self) -> bool {
        self.port.pass().saw_the_past
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
            crd_uid: match self.port.watched() {
                Some(then) => then.cluster.crd_uid(),
                None => self.stage.cluster.crd_uid(),
            },
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
        match self.port.watched() {
            Some(then) => then.cluster.namespace(name),
            None => self.stage.cluster.namespace(name),
        }
    }

    fn server(&self, key: &ServerKey) -> (ServerView, Option<Connection>) {
        let view = match self.port.watched() {
            Some(then) => then.server.clone(),
            None => self.stage.server.lock().unwrap().clone(),
        };
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

    fn admit(&self, _subject: &Subject, _server: &ServerKey, quota: &Quota) -> bool {
        admits(quota)
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
    pass: Mutex<InPass>,
}

/// The pass that a process is in.
#[derive(Default)]
pub(super) struct InPass {
    subject: Option<Subject>,
    /// When its last call was recorded.
    pub(super) recorded: Option<Timestamp>,
    looked: bool,
    /// What everything is read from, if not from how it is now.
    behind: Option<Arc<Moment>>,
    /// What the watches show, if not how it is now.
    watched: Option<Arc<Moment>>,
    /// What the client was last read from, if not from how it is now.
    client: Option<Arc<Moment>>,
    saw_the_past: bool,
}

/// A read that began.
struct Look {
    ticket: Ticket,
    then: Option<Arc<Moment>>,
}

impl Look {
    fn cluster<'a>(&'a self, port: &'a Port) -> &'a MemoryCluster {
        self.then
            .as_ref()
            .map_or(&port.stage.cluster, |then| &then.cluster)
    }
}

/// Stops until it is polled once more.
pub(super) async fn stop() {
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
    pub(super) fn pass(&self) -> MutexGuard<'_, InPass> {
        self.pass.lock().unwrap()
    }

    /// Whose pass it is.
    pub(super) fn subject(&self) -> Subject {
        self.pass().subject.clone().unwrap()
    }

    /// What the client was last read from, if not from how it is now.
    pub(super) fn client_was_read_from(&self) -> Option<Arc<Moment>> {
        self.pass().client.clone()
    }

    fn watched(&self) -> Option<Arc<Moment>> {
        self.pass().watched.clone()
    }

    pub(super) async fn enter(&self, kind: Kind, versions: (u32, u32)) -> Ticket {
        match self.stage.enter(self.actor, kind, versions) {
            Ok(ticket) => ticket,
            Err(ticket) => {
                stop().await;
                ticket
            }
        }
    }

    pub(super) async fn leave(&self, ticket: Ticket) {
        if self.stage.leave(ticket).is_err() {
            stop().await;
        }
    }

    /// Begins a read. What is evidence, and so names no object here, is always read as it is now: the API server vouches
    /// for that where no version is asked for.
    async fn look(&self, read: Read, object: Option<Object>) -> Result<Look, Unread> {
        let ticket = self.enter(Kind::Look(read), self.versions(object.as_ref())).await;
        if ticket.what == Some(What::Unavailable) {
            self.leave(ticket).await;
            return Err(Unread::new("the API server is away"));
        }
        let then = object.and_then(|object| self.view(ticket.what, &object));
        if read == Read::Client {
            self.pass().client.clone_from(&then);
        }
        Ok(Look { ticket, then })
    }

    /// How many earlier versions there are of an object, and of what the watches show where a pass begins.
    fn versions(&self, object: Option<&Object>) -> (u32, u32) {
        let watched = {
            let mut pass = self.pass();
            let first = !std::mem::replace(&mut pass.looked, true);
            let subject = pass.subject.as_ref().filter(|_| first);
            subject.map(|subject| Object::Watched(subject.client.namespace.clone()))
        };
        let inner = self.stage.inner();
        let Some(past) = &inner.past else { return (0, 0) };
        let versions = |object: Option<&Object>| object.map_or(0, |object| past.versions_before(object));
        (versions(object), versions(watched.as_ref()))
    }

    /// The moment that a read shows, if it does not show what is there now.
    fn view(&self, what: Option<What>, object: &Object) -> Option<Arc<Moment>> {
        let mut pass = self.pass();
        let inner = self.stage.inner();
        let history = inner.past.as_ref()?;
        let mut stale = None;
        match what {
            Some(What::Stale(changes)) => stale = history.before(object, changes),
            Some(What::Behind(changes)) => {
                let then = history.before(object, changes);
                pass.behind.clone_from(&then);
                pass.watched = then;
            }
            Some(What::Watched(changes)) => {
                let namespace = pass
                    .subject
                    .as_ref()
                    .map(|subject| subject.client.namespace.clone());
                pass.watched = namespace.and_then(|name| history.before(&Object::Watched(name), changes));
            }
            _ => {}
        }
        let behind = pass.behind.clone();
        let then = stale.or_else(|| behind.filter(|then| history.may_show(object, then)));
        pass.saw_the_past |= then.is_some() || pass.watched.is_some();
        then
    }

    async fn write<T>(
        &self,
        kind: Kind,
        anew: bool,
        write: impl Future<Output = Result<T, Refusal>> + Send,
    ) -> Result<T, Refusal> {
        let began = self.stage.now();
        let ticket = self.enter(kind, (0, 0)).await;
        let lost = || Refusal::Unavailable("the answer was lost".into());
        let outcome = match ticket.what {
            _ if anew && self.stage.now().duration_since(began) > WRITE_LIMIT => Err(lost()),
            Some(What::Unavailable) => Err(Refusal::Unavailable("is overloaded".into())),
            Some(What::Denied) => Err(Refusal::Denied("forbidden".into())),
            Some(What::Conflict) => Err(Refusal::Stale),
            Some(What::Lost) => write.await.and_then(|_| Err(lost())),
            _ => write.await,
        };
        self.leave(ticket).await;
        outcome
    }
}

#[async_trait]
impl Cluster for Port {
    async fn client(&self, key: &ClientKey) -> Result<Option<ClientObject>, Unread> {
        let look = self.look(Read::Client, Some(Object::Client(key.clone()))).await?;
        let found = look.cluster(self).client(key).await;
        self.leave(look.ticket).await;
        found
    }

    async fn namespace_uid(&self, name: &str) -> Result<Option<Uid>, Unread> {
        self.stage.cluster.namespace_uid(name).await
    }

    async fn served_crd(&self) -> Result<Uid, Unread> {
        self.stage.cluster.served_crd().await
    }

    async fn presence(&self, key: &ClientKey, owner: &Uid) -> ClientView {
        let look = match self.look(Read::Presence, None).await {
            Ok(look) => look,
            Err(unread) => return ClientView::Unknown(unread.why),
        };
        let found = look.cluster(self).presence(key, owner).await;
        self.leave(look.ticket).await;
        found
    }

    async fn ledger(&self, subject: &Subject) -> Result<LedgerRead, Unread> {
        let look = self
            .look(Read::Entry, Some(Object::Entry(subject.entry_name())))
            .await?;
        let found = look.cluster(self).ledger(subject).await;
        self.leave(look.ticket).await;
        found
    }

    async fn is_claimed(&self, subject: &Subject, claims: &BTreeSet<String>) -> Result<bool, Unread> {
        let look = self.look(Read::Claims, None).await?;
        let found = look.cluster(self).is_claimed(subject, claims).await;
        self.leave(look.ticket).await;
        found
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<FoundSecret>, Unread> {
        let place = (namespace.to_owned(), name.to_owned());
        let look = self.look(Read::Secret, Some(Object::Secret(place))).await?;
        let found = look.cluster(self).secret(namespace, name).await;
        self.leave(look.ticket).await;
        found
    }

    async fn record(&self, subject: &Subject, record: &Record) -> Result<Option<Version>, Refusal> {
        if matches!(record, Record::Write { call: Some(_), .. }) {
            self.pass().recorded = Some(self.stage.now());
        }
        self.write(
            Kind::Record,
            record.creates(),
            self.stage.cluster.record(subject, record),
        )
        .await
    }

    async fn publish(&self, key: &ClientKey, publish: &Publish) -> Result<Option<FoundSecret>, Refusal> {
        let kind = match publish.mode {
            PublishMode::Rehearse(_) => Kind::Rehearse,
            PublishMode::Create | PublishMode::Apply(_) => Kind::Publish,
        };
        self.write(kind, publish.creates(), self.stage.cluster.publish(key, publish))
            .await
    }

    async fn unpublish(
        &self,
        namespace: &str,
        name: &str,
        uid: &Uid,
        version: &Version,
    ) -> Result<(), Refusal> {
        let write = self.stage.cluster.unpublish(namespace, name, uid, version);
        self.write(Kind::Unpublish, false, write).await
    }

    async fn report(&self, key: &ClientKey, uid: &Uid, status: &Status) -> Result<(), Refusal> {
        self.stage.inner().checker.sees_the_past = self.pass().saw_the_past;
        self.write(Kind::Status, false, self.stage.cluster.report(key, uid, status))
            .await
    }

    async fn tell(&self, key: &ClientKey, uid: &Uid, happenings: &[Happening]) {
        self.stage.cluster.tell(key, uid, happenings).await;
    }
}
