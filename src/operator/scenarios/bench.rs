//! The bench that the stories are played on.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::api::{ClientCondition, ConditionStatus};
use crate::cluster::Cluster;
use crate::cluster::memory::MemoryCluster;
use crate::model::{
    Capabilities, ClientKey, Condition, Fault, FoundSecret, Happening, Here, InstanceId, LedgerEntry,
    NamespaceView, Observation, Outcome, PublishMode, Quota, Record, Server, ServerKey, ServerView, Step,
    Subject, Version, Wake, testing,
};
use crate::operator::pass::{Connection, Ended, Permit, Permits, Unfinished, World, run};
use crate::provider::gate::NoEntry;
use crate::provider::memory::MemoryProvider;

/// A cluster with one namespace, a server with three scopes, and an operator that is run by hand.
pub(super) struct Bench {
    pub(super) cluster: Arc<MemoryCluster>,
    pub(super) provider: Arc<MemoryProvider>,
    pub(super) server: Mutex<ServerView>,
    pub(super) subject: Subject,
    seconds: AtomicI64,
    instance: Mutex<String>,
    seen: Mutex<Option<Observation>>,
    watched: Mutex<Option<(Version, i64)>>,
    pub(super) stopping: AtomicBool,
    /// For how long our own limits let nobody in.
    pub(super) busy: Mutex<Option<Duration>>,
    /// How many times more it is told that it leads; negative: always.
    pub(super) leads_for: AtomicI64,
    transcript: Mutex<Vec<String>>,
}

/// Lets everybody in, or nobody for a while.
struct NoLimits(Option<Duration>);

#[async_trait]
impl Permits for NoLimits {
    async fn permit(&self, _party: &str) -> Result<Box<dyn Permit>, NoEntry> {
        match self.0 {
            Some(after) => Err(NoEntry::Busy(after)),
            None => Ok(Box::new(Self(None))),
        }
    }
}

impl Permit for NoLimits {
    fn done(self: Box<Self>, _fault: Option<&Fault>) {}
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(testing::capabilities())
    }

    pub(super) fn with(capabilities: Capabilities) -> Self {
        let cluster = MemoryCluster::new();
        cluster.create_namespace("payments", &[("team", "payments")]);
        let subject = cluster.subject("payments", "billing");
        let server = Server {
            capabilities: capabilities.clone(),
            ..testing::server()
        };
        Self {
            cluster: Arc::new(cluster),
            provider: Arc::new(MemoryProvider::new(capabilities, &["read", "write", "admin"])),
            server: Mutex::new(ServerView::Ready(Box::new(server))),
            subject,
            seconds: AtomicI64::new(0),
            instance: Mutex::new("instance-1".into()),
            seen: Mutex::new(None),
            watched: Mutex::new(None),
            stopping: AtomicBool::new(false),
            busy: Mutex::new(None),
            leads_for: AtomicI64::new(-1),
            transcript: Mutex::new(Vec::new()),
        }
    }

    pub(super) fn key(&self) -> &ClientKey {
        &self.subject.client
    }

    /// Somebody applies the fixture's client.
    pub(super) fn apply(&self) {
        self.cluster.create_client(self.key(), testing::spec(&["read"]));
    }

    pub(super) fn edit_server(&self, edit: impl FnOnce(&mut Server)) {
        if let ServerView::Ready(server) = &mut *self.server.lock().unwrap() {
            edit(server);
        }
    }

    /// Time goes by.
    pub(super) fn wait(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The operator is killed and started again: another instance, with nothing in memory.
    pub(super) fn restart(&self) {
        let mut instance = self.instance.lock().unwrap();
        *instance = format!("{instance}+");
        *self.watched.lock().unwrap() = None;
    }

    /// The server's list as the drift check sees it.
    pub(super) fn list(&self) {
        let handle = self
            .entry()
            .and_then(|entry| entry.current)
            .map(|current| current.handle);
        let client = self
            .provider
            .held()
            .into_iter()
            .find(|client| Some(&client.handle) == handle.as_ref());
        let seen = Observation {
            began_at: self.now(),
            authoritative: false,
            client,
        };
        *self.seen.lock().unwrap() = Some(seen);
    }

    /// One pass.
    pub(super) async fn pass(&self) -> Ended {
        let ended = run(self, &self.subject, &mut testing::rng()).await.unwrap();
        let word = if ended.settled { "settled" } else { "blocked" };
        let wake = match ended.wake {
            Wake::At(at) => format!("at {}", self.relative(at)),
            other => format!("{other:?}"),
        };
        self.write(format!("  {word}, wake {wake}"));
        ended
    }

    /// A pass of a process that has been told so often that it leads, and then not any more.
    pub(super) async fn pass_that_leads_for(&self, times: i64) -> bool {
        self.leads_for.store(times, Ordering::SeqCst);
        let ended = run(self, &self.subject, &mut testing::rng()).await;
        self.leads_for.store(-1, Ordering::SeqCst);
        match ended {
            Ok(_) => true,
            Err(Unfinished::NotLeading) => false,
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Passes until one ends settled, as the queue would run them; time goes by as they ask.
    pub(super) async fn settle(&self) -> Ended {
        for _ in 0..20 {
            let ended = self.pass().await;
            match ended.wake {
                _ if ended.settled => return ended,
                Wake::At(at) => self.wait((at.duration_since(self.now()).as_secs()).max(0)),
                Wake::Now => {}
                Wake::Backoff => self.wait(5),
                Wake::OnChange => panic!("blocked until a change:\n{}", self.transcript()),
            }
        }
        panic!("does not settle:\n{}", self.transcript());
    }

    /// A heading in the transcript.
    pub(super) fn scene(&self, heading: &str) {
        self.write(format!("{heading}:"));
    }

    pub(super) fn transcript(&self) -> String {
        self.transcript.lock().unwrap().join("\n")
    }

    fn write(&self, line: String) {
        self.transcript.lock().unwrap().push(line);
    }

    fn relative(&self, at: Timestamp) -> String {
        format!("{:+}s", at.duration_since(self.now()).as_secs())
    }

    pub(super) fn entry(&self) -> Option<LedgerEntry> {
        self.cluster.entry(&self.subject)
    }

    pub(super) fn secret(&self) -> Option<FoundSecret> {
        self.cluster.found_secret("payments", "billing")
    }

    /// A value of the published Secret.
    pub(super) fn published(&self, key: &str) -> String {
        self.secret()
            .and_then(|secret| secret.data.get(key).cloned())
            .map(|v| v.expose().to_owned())
            .unwrap_or_default()
    }

    pub(super) fn condition(&self, on: ClientCondition) -> Option<Condition> {
        let world = self.cluster.world();
        world
            .clients
            .get(self.key())
            .and_then(|client| client.status.conditions.get(&on).cloned())
    }

    pub(super) fn reason(&self, on: ClientCondition) -> String {
        self.condition(on)
            .map(|found| format!("{} {}", found.status, found.reason))
            .unwrap_or_default()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.condition(ClientCondition::Ready)
            .is_some_and(|found| found.status == ConditionStatus::True)
    }

    pub(super) fn events(&self) -> Vec<&'static str> {
        self.cluster
            .world()
            .events
            .iter()
            .map(|told| told.happening.reason())
            .collect()
    }

    pub(super) fn told(&self, wanted: impl Fn(&Happening) -> bool) -> bool {
        self.cluster
            .world()
            .events
            .iter()
            .any(|told| wanted(&told.happening))
    }

    /// The credential in the Secret is the one that the one client at the server has.
    pub(super) fn assert_works(&self) {
        let held = self.provider.held();
        assert!(
            self.is_ready(),
            "ready: {}\n{}",
            self.reason(ClientCondition::Ready),
            self.transcript()
        );
        let good = held.iter().any(|client| {
            client.credential.client_id == self.published("client-id")
                && client
                    .credential
                    .client_secret
                    .as_ref()
                    .is_some_and(|s| s.expose() == self.published("client-secret"))
        });
        assert!(
            good,
            "the published credential is accepted\n{}",
            self.transcript()
        );
        self.assert_no_orphans();
    }

    /// Every client at the server is named in the ledger.
    pub(super) fn assert_no_orphans(&self) {
        let entry = self.entry();
        let mut known: Vec<String> = entry
            .iter()
            .flat_map(LedgerEntry::handles)
            .map(ToString::to_string)
            .collect();
        if let Some(crate::model::Operation::Register { candidate, .. }) = entry
            .as_ref()
            .and_then(|entry| entry.intent.as_ref())
            .map(|intent| &intent.operation)
        {
            known.push(candidate.name.clone());
        }
        for client in self.provider.held() {
            assert!(
                known.contains(&client.handle.0),
                "orphan {}\n{}",
                client.handle,
                self.transcript()
            );
        }
    }
}

/// A limit that is reached by this client's own record alone: there are no others, and no time before.
pub(in crate::operator) fn admits(quota: &Quota) -> bool {
    match quota {
        Quota::Clients { at_most, own } => own < at_most,
        Quota::Removals { at_most, .. } => *at_most > 0,
    }
}

#[async_trait]
impl World for Bench {
    fn cluster(&self) -> &dyn Cluster {
        &*self.cluster
    }

    fn here(&self) -> Here {
        let crd_uid = self
            .cluster
            .world()
            .crd
            .as_ref()
            .map_or_else(|| "none".into(), |crd| crd.uid.clone());
        Here {
            instance: InstanceId(self.instance.lock().unwrap().clone()),
            crd_uid,
            ..testing::here()
        }
    }

    fn now(&self) -> Timestamp {
        testing::at(self.seconds.load(Ordering::SeqCst))
    }

    fn namespace(&self, name: &str) -> NamespaceView {
        self.cluster.namespace(name)
    }

    fn server(&self, key: &ServerKey) -> (ServerView, Option<Connection>) {
        let view = self.server.lock().unwrap().clone();
        if view.key() != key {
            return (ServerView::Missing(key.clone()), None);
        }
        let connection = Connection {
            provider: self.provider.clone(),
            permits: Arc::new(NoLimits(*self.busy.lock().unwrap())),
            call_limit: Duration::from_secs(30),
        };
        (view, Some(connection))
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
        let now = self.seconds.load(Ordering::SeqCst);
        let mut watched = self.watched.lock().unwrap();
        match &*watched {
            Some((seen, since)) if seen == version => SignedDuration::from_secs(now - since),
            _ => {
                *watched = Some((version.clone(), now));
                SignedDuration::ZERO
            }
        }
    }

    fn may_mutate(&self) -> bool {
        !self.stopping.load(Ordering::SeqCst)
    }

    fn leads(&self) -> bool {
        let left = self.leads_for.load(Ordering::SeqCst);
        if left > 0 {
            self.leads_for.store(left - 1, Ordering::SeqCst);
        }

        left != 0
    }

    async fn pause(&self, _time: Duration) {}

    fn observe(&self, _subject: &Subject, step: &Step, outcome: &Outcome, _took: Duration) {
        self.write(format!("  {} -> {}", told(step), came(outcome)));
    }
}

/// A step in a line, without random values.
pub(in crate::operator) fn told(step: &Step) -> String {
    match step {
        Step::Observe(query) => match query {
            crate::model::Query::Client(_) => "observe client".into(),
            crate::model::Query::Attempted(_) => "observe attempted client".into(),
            crate::model::Query::Lost(_) => "observe lost client".into(),
            crate::model::Query::Scopes => "observe scopes".into(),
            crate::model::Query::Token(_) => "observe token".into(),
            crate::model::Query::Revoked(_) => "observe token of what is owed".into(),
        },
        Step::FindClaim(_) => "find claim".into(),
        Step::Admit(_) => "ask for admission".into(),
        Step::Record(Record::Remove { .. }) => "record: remove entry".into(),
        Step::Record(Record::Write {
            entry,
            replaces,
            call,
        }) => {
            let mut parts = vec![];
            parts.extend(
                entry
                    .intent
                    .as_ref()
                    .map(|intent| format!("intent {} try {}", kind(&intent.operation), intent.attempt.tries)),
            );
            parts.extend(
                entry
                    .current
                    .as_ref()
                    .map(|current| format!("current {}", current.credential.client_id)),
            );
            parts.extend(entry.previous.as_ref().map(|previous| {
                let retire = if previous.retire_at.is_some() {
                    ", retiring"
                } else {
                    ""
                };
                format!("previous {}{retire}", previous.registration.credential.client_id)
            }));
            parts
                .extend((!entry.obligations.is_empty()).then(|| format!("{} owed", entry.obligations.len())));
            parts.extend(entry.recheck_at.map(|_| "recheck".to_owned()));
            let verb = if replaces.is_some() {
                "record"
            } else {
                "record new"
            };
            let call = if call.is_some() { ", call follows" } else { "" };
            format!("{verb}: {}{call}", parts.join(", "))
        }
        Step::Call(call) => format!("call {}", call.request.kind()),
        Step::Publish(publish) => match publish.mode {
            PublishMode::Rehearse(_) => "rehearse publishing".into(),
            PublishMode::Create => "create Secret".into(),
            PublishMode::Apply(_) => "apply Secret".into(),
        },
        Step::Unpublish { .. } => "delete Secret".into(),
        Step::Report(report) => {
            let ready = report.status.conditions.get(&ClientCondition::Ready);
            let ready = ready.map_or_else(
                || "events only".into(),
                |ready| format!("{} {}", ready.status, ready.reason),
            );
            let events: Vec<_> = report.happenings.iter().map(Happening::reason).collect();
            format!("report {ready} [{}]", events.join(" "))
        }
    }
}

fn kind(operation: &crate::model::Operation) -> &'static str {
    match operation {
        crate::model::Operation::Register { rotation: None, .. } => "register",
        crate::model::Operation::Register {
            rotation: Some(_), ..
        } => "register replacement",
        crate::model::Operation::Update { .. } => "update",
        crate::model::Operation::Rotate { .. } => "rotate",
    }
}

pub(in crate::operator) fn came(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Client(Some(_)) => "found".into(),
        Outcome::Client(None) => "proven absent".into(),
        Outcome::Scopes(_) => "scopes".into(),
        Outcome::Claimed(true) => "claimed by another".into(),
        Outcome::Claimed(false) => "claimed by nobody else".into(),
        Outcome::Admitted(true) => "admitted".into(),
        Outcome::Admitted(false) => "not admitted".into(),
        Outcome::Token(verification) => format!("{verification:?}")
            .split('(')
            .next()
            .unwrap_or_default()
            .to_owned(),
        Outcome::Recorded(_) | Outcome::Answered(_) | Outcome::Published(_) | Outcome::Rehearsed => {
            "done".into()
        }
        Outcome::Unpublished | Outcome::Reported => "done".into(),
        Outcome::Fault(fault) => fault.kind().into(),
        Outcome::Refused(refusal) => format!("{refusal:?}")
            .split('(')
            .next()
            .unwrap_or_default()
            .to_owned(),
        Outcome::NotSent => "not sent".into(),
    }
}
