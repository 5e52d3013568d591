//! Where a scene takes place: a cluster and a server in memory, a clock, and the plan of what befalls whom.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::disturbance::{Kind, Plan, Until, What};
use super::invariants::Checker;
use super::mistakes::Mistake;
use crate::cluster::memory::MemoryCluster;
use crate::model::{
    Answer, Candidate, Capabilities, Credential, Fault, Handle, LedgerEntry, RemoteClient, Request, Server,
    ServerView, Subject, Uid, testing,
};
use crate::provider::Provider as _;
use crate::provider::memory::MemoryProvider;

/// Something that somebody does, by name.
pub(super) type Act = (&'static str, fn(&Stage));

/// The place of one run of one scene.
pub(super) struct Stage {
    pub(super) cluster: MemoryCluster,
    pub(super) provider: MemoryProvider,
    pub(super) server: Mutex<ServerView>,
    pub(super) subjects: Vec<Subject>,
    pub(super) mistake: Option<Mistake>,
    inner: Mutex<Inner>,
}

/// What the driver is told when a process does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// It was killed.
    Crash,
    /// It is held; another one starts.
    Hold(Until),
    /// It is the other one's turn.
    Resume,
}

/// A call on its way.
struct Late {
    id: u32,
    request: Request,
    at_operation: Option<u32>,
    deadline: Timestamp,
}

pub(super) struct Inner {
    now: Timestamp,
    operation: u32,
    enabled: bool,
    performed: usize,
    last_checked: (usize, usize, usize),
    plan: Plan,
    pub(super) signal: Option<Signal>,
    /// The held process wakes when this one is about to do operation number that.
    pub(super) resume: Option<(usize, u32)>,
    late: Vec<Late>,
    pub(super) acts: VecDeque<Act>,
    /// The kinds of all operations, in order, and whether an act was still to come.
    pub(super) log: Vec<(Kind, bool)>,
    transcript: Option<Vec<String>>,
    pub(super) checker: Checker,
    /// Calls that the server did.
    pub(super) done: BTreeMap<&'static str, u32>,
    before_last_call: Option<(Timestamp, BTreeMap<Handle, RemoteClient>)>,
    pub(super) seen: BTreeMap<Subject, crate::model::Observation>,
    /// Clients that a person deleted.
    pub(super) deleted: BTreeSet<Uid>,
    /// An act has changed something, so everybody has a look.
    pub(super) news: bool,
}

/// One operation that goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    pub(super) number: u32,
    pub(super) what: Option<What>,
}

impl Stage {
    pub(super) fn new(
        capabilities: &Capabilities,
        clients: usize,
        mistake: Option<Mistake>,
        record: bool,
    ) -> Self {
        let cluster = MemoryCluster::new();
        cluster.create_namespace("payments", &[("team", "payments")]);
        cluster.create_namespace("shop", &[]);
        let names = [("payments", "billing"), ("payments", "audit"), ("shop", "cart")];
        let subjects = names
            .iter()
            .take(clients)
            .map(|(namespace, name)| cluster.subject(namespace, name))
            .collect();
        let provider = MemoryProvider::new(capabilities.clone(), &["read", "write", "admin"]);
        provider.tamper(|held| {
            let theirs = foreign_client();
            held.insert(theirs.handle.clone(), theirs);
        });
        let server = Server {
            capabilities: capabilities.clone(),
            ..testing::server()
        };
        Self {
            cluster,
            provider,
            server: Mutex::new(ServerView::Ready(Box::new(server))),
            subjects,
            mistake,
            inner: Mutex::new(Inner {
                now: testing::noon(),
                operation: 0,
                enabled: false,
                performed: 0,
                last_checked: (0, 0, 0),
                plan: Plan::default(),
                signal: None,
                resume: None,
                late: Vec::new(),
                acts: VecDeque::new(),
                log: Vec::new(),
                transcript: record.then(Vec::new),
                checker: Checker::default(),
                done: BTreeMap::new(),
                before_last_call: None,
                seen: BTreeMap::new(),
                deleted: BTreeSet::new(),
                news: false,
            }),
        }
    }

    pub(super) fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.inner().now
    }

    /// From now on operations count, and the plan is carried out.
    pub(super) fn begin(&self, plan: &Plan) {
        let mut inner = self.inner();
        inner.enabled = true;
        inner.plan = plan.clone();
        inner.done.clear();
    }

    /// The garbage collector comes by, as it does all the time.
    pub(super) fn collect_garbage(&self) {
        self.inner().checker.free_hand = true;
        self.cluster.collect_garbage();
        self.check();
        self.inner().checker.free_hand = false;
    }

    /// From now on nothing is disturbed any more.
    pub(super) fn begin_epilogue(&self) {
        self.inner().plan = Plan::default();
    }

    pub(super) fn write(&self, line: impl FnOnce() -> String) {
        let mut inner = self.inner();

        let now = inner.now;
        if let Some(transcript) = &mut inner.transcript {
            let stamp = now.duration_since(testing::noon()).as_millis();
            transcript.push(format!(
                "{:>9.3}s {}",
                f64::from(i32::try_from(stamp).unwrap_or(i32::MAX)) / 1000.0,
                line()
            ));
        }
    }

    pub(super) fn transcript(&self) -> String {
        self.inner().transcript.clone().unwrap_or_default().join("\n")
    }

    /// The next act happens.
    pub(super) fn act(&self) -> bool {
        let Some((name, act)) = self.inner().acts.pop_front() else {
            return false;
        };
        self.write(|| format!("== {name}"));
        self.inner().checker.free_hand = true;
        act(self);
        self.inner().news = true;
        self.check();
        self.inner().checker.free_hand = false;
        true
    }

    /// An operation begins. What is planned before it happens; `None`: the process stops here, and if it ever goes
    /// on, then with [`Stage::go_on`].
    pub(super) fn enter(&self, actor: usize, kind: Kind) -> Result<Ticket, Ticket> {
        let (number, whats, resume) = {
            let mut inner = self.inner();
            inner.now += SignedDuration::from_millis(10);
            if !inner.enabled {
                return Ok(Ticket {
                    number: 0,
                    what: None,
                });
            }
            let number = inner.operation;
            inner.operation += 1;
            let more = !inner.acts.is_empty();
            inner.log.push((kind, more));
            let whats: Vec<What> = inner
                .plan
                .0
                .iter()
                .filter(|(at, _)| *at == number)
                .map(|(_, what)| *what)
                .collect();
            let resume = inner.resume == Some((actor, number));
            (number, whats, resume)
        };
        self.write(|| {
            let fates: Vec<String> = whats.iter().map(ToString::to_string).collect();
            format!("   #{number} {kind:?} by {actor} {}", fates.join(" "))
        });
        self.deliver(|late| late.at_operation.is_some_and(|at| at <= number));
        for what in &whats {
            match what {
                What::Early => {
                    self.act();
                }
                What::List => self.list(),
                _ => {}
            }
        }
        let what = whats
            .into_iter()
            .find(|what| !matches!(what, What::Early | What::List));
        let ticket = Ticket { number, what };
        let signal = match what {
            Some(What::CrashBefore) => Some(Signal::Crash),
            Some(What::TwinBefore(until)) => Some(Signal::Hold(until)),
            _ if resume => Some(Signal::Resume),
            _ => None,
        };
        match signal {
            None => Ok(ticket),
            Some(signal) => {
                self.inner().signal = Some(signal);
                Err(ticket)
            }
        }
    }

    /// An operation was done.
    pub(super) fn leave(&self, ticket: Ticket) -> Result<(), ()> {
        self.inner().now += SignedDuration::from_millis(10);
        let journal = self.cluster.world().journal.len();
        let mut inner = self.inner();
        let now = (journal, inner.performed, inner.late.len());
        let changed = std::mem::replace(&mut inner.last_checked, now) != now;
        drop(inner);
        if changed {
            self.check();
        }
        let signal = match ticket.what {
            Some(What::CrashAfter) => Signal::Crash,
            Some(What::TwinAfter(until)) => Signal::Hold(until),
            _ => return Ok(()),
        };
        self.inner().signal = Some(signal);
        Err(())
    }

    pub(super) fn check(&self) {
        let mut checker = std::mem::take(&mut self.inner().checker);
        checker.look(self);
        self.inner().checker = checker;
    }

    /// The server does a call.
    pub(super) fn perform(&self, request: &Request) -> Result<Answer, Fault> {
        let before = self.clients();
        let answer = self
            .provider
            .perform(request, std::time::Duration::from_secs(1))
            .now_or_never()
            .unwrap();
        let mut inner = self.inner();
        inner.performed += 1;
        if answer.is_ok() {
            *inner.done.entry(request.kind()).or_default() += 1;
            let now = inner.now;
            inner.before_last_call = Some((now, before));
        }
        drop(inner);
        let word = answer.as_ref().map_or_else(Fault::kind, |_| "done");
        self.write(|| format!("   server: {} {word}", request.kind()));
        answer
    }

    /// A call will be done later.
    pub(super) fn send(&self, request: &Request, at_operation: Option<u32>, deadline: Timestamp) -> u32 {
        let mut inner = self.inner();
        let id = inner.operation;
        inner.late.push(Late {
            id,
            request: request.clone(),
            at_operation,
            deadline,
        });
        id
    }

    /// Takes a call back from its way, if it is still on it.
    pub(super) fn take_back(&self, id: u32) -> bool {
        let mut inner = self.inner();
        let before = inner.late.len();
        inner.late.retain(|late| late.id != id);
        inner.late.len() < before
    }

    fn deliver(&self, due: impl Fn(&Late) -> bool) {
        let (ready, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.inner().late).into_iter().partition(&due);
        self.inner().late = rest;
        for late in ready {
            self.write(|| format!("   a late {} arrives", late.request.kind()));
            let _ = self.perform(&late.request);
            self.check();
        }
    }

    /// What calls on their way would register.
    pub(super) fn under_way(&self) -> Vec<Candidate> {
        let inner = self.inner();
        let candidate = |late: &Late| match &late.request {
            Request::Register(candidate) => Some((**candidate).clone()),
            _ => None,
        };
        inner.late.iter().filter_map(candidate).collect()
    }

    /// Whether what a lost attempt made can be looked for.
    pub(super) fn looks_up(&self) -> bool {
        self.provider.capabilities().can_look_up
    }

    /// The clients that an admin has been told to look at, as nothing else can.
    pub(super) fn left_behind(&self) -> BTreeSet<Handle> {
        let world = self.cluster.world();
        let entries = world
            .ledger
            .values()
            .filter_map(|stored| stored.entry.as_ref().ok());
        let owed = entries.flat_map(|entry| &entry.obligations);
        let left: Vec<_> = owed.filter(|owed| owed.is_unmanageable()).cloned().collect();
        drop(world);
        let clients = self.clients().into_keys();
        clients
            .filter(|handle| {
                let marker = self.provider.marker(handle);
                left.iter().any(|owed| match &owed.lost {
                    Some(lost) => marker.as_ref() == Some(&lost.marker),
                    None => owed.handle == *handle,
                })
            })
            .collect()
    }

    pub(super) fn last_delivery(&self) -> Option<Timestamp> {
        self.inner().late.iter().map(|late| late.deadline).max()
    }

    /// Time goes by; what is on its way arrives at the latest time that it can.
    pub(super) fn advance(&self, to: Timestamp) {
        loop {
            let next = self.inner().late.iter().map(|late| late.deadline).min();
            match next.filter(|next| *next <= to) {
                None => break,
                Some(next) => {
                    let now = self.now();
                    self.inner().now = now.max(next);
                    self.deliver(|late| late.deadline <= next);
                }
            }
        }
        let now = self.now();
        self.inner().now = now.max(to);
    }

    pub(super) fn wait(&self, seconds: i64) {
        self.advance(self.now() + SignedDuration::from_secs(seconds));
    }

    pub(super) fn clients(&self) -> BTreeMap<Handle, RemoteClient> {
        let mut all = BTreeMap::new();
        self.provider.tamper(|held| all.clone_from(held));
        all
    }

    /// What a read showed before the last call, if that is not long ago.
    pub(super) fn old_clients(&self) -> Option<BTreeMap<Handle, RemoteClient>> {
        let inner = self.inner();
        let settling = crate::model::Timing::default().settling;
        inner
            .before_last_call
            .as_ref()
            .filter(|(at, _)| inner.now.duration_since(*at) < settling)
            .map(|(_, clients)| clients.clone())
    }

    /// The drift check sees the list as it is now.
    pub(super) fn list(&self) {
        let now = self.now();
        let clients = self.clients();
        for subject in &self.subjects {
            let Some(current) = self.entry(subject).and_then(|entry| entry.current) else {
                continue;
            };
            let seen = crate::model::Observation {
                began_at: now,
                authoritative: false,
                client: clients
                    .get(&current.handle)
                    .map(|client| self.provider.shown(client)),
            };
            self.inner().seen.insert(subject.clone(), seen);
        }
    }

    pub(super) fn entry(&self, subject: &Subject) -> Option<LedgerEntry> {
        self.cluster.entry(subject)
    }

    pub(super) fn edit_server(&self, edit: impl FnOnce(&mut Server)) {
        if let ServerView::Ready(server) = &mut *self.server.lock().unwrap() {
            edit(server);
        }
    }
}

/// A client at the server that somebody else made.
pub(super) fn foreign_client() -> RemoteClient {
    RemoteClient {
        handle: "payments.billing".into(),
        name: Some("payments.billing".into()),
        credential: Credential {
            client_id: "theirs".into(),
            client_secret: None,
        },
        metadata: testing::scopes(&["admin"]),
        secret_expires_at: None,
        access: None,
    }
}
