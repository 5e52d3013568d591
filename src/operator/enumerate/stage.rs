//! Where a scene takes place: a cluster and a server in memory, a clock, and the plan of what befalls whom.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};

use super::acts;
use super::disturbance::{Happened, Kind, Until, What};
use super::invariants::Checker;
use super::mistakes::Mistake;
use super::past::Past;
use super::plan::Plan;
use super::profiles::Profile;
use super::scenes::Scene;
use super::server::{Late, Missing, foreign_client};
use crate::cluster::memory::MemoryCluster;
use crate::model::{
    Handle, LedgerEntry, Observation, RemoteClient, Server, ServerView, Subject, Uid, testing,
};
use crate::provider::memory::MemoryProvider;

/// Something that somebody does, by name.
pub(super) type Act = (&'static str, fn(&Stage));

/// The place of one run of one scene.
pub(super) struct Stage {
    pub(super) cluster: MemoryCluster,
    pub(super) provider: MemoryProvider,
    pub(super) server: Mutex<ServerView>,
    pub(super) subjects: Vec<Subject>,
    pub(super) profile: &'static Profile,
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

pub(super) struct Inner {
    pub(super) now: Timestamp,
    pub(super) operation: u32,
    enabled: bool,
    pub(super) performed: usize,
    last_checked: (usize, usize, usize),
    plan: Plan,
    pub(super) signal: Option<Signal>,
    /// The held process wakes when this one is about to do operation number that.
    pub(super) resume: Option<(usize, u32)>,
    pub(super) late: Vec<Late>,
    pub(super) missing: Option<Missing>,
    pub(super) past: Option<Past>,
    pub(super) acts: VecDeque<Act>,
    /// All operations, in order.
    pub(super) log: Vec<Happened>,
    transcript: Option<Vec<String>>,
    pub(super) checker: Checker,
    /// Calls that the server did.
    pub(super) done: BTreeMap<&'static str, u32>,
    pub(super) before_last_call: Option<(Timestamp, BTreeMap<Handle, RemoteClient>)>,
    pub(super) seen: BTreeMap<Subject, Observation>,
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
    /// `looks_back`: the past is kept, for views that are out of date.
    pub(super) fn new(scene: &Scene, mistake: Option<Mistake>, record: bool, looks_back: bool) -> Self {
        let capabilities = (scene.adapted)((scene.profile.capabilities)());
        let cluster = MemoryCluster::new();
        cluster.create_namespace("payments", &[("team", "payments")]);
        cluster.create_namespace("shop", &[]);
        let subjects = scene.clients.iter();
        let subjects = subjects
            .map(|(namespace, name)| cluster.subject(namespace, name))
            .collect();
        let provider = MemoryProvider::new(capabilities.clone(), &["read", "write", "admin"]);
        provider.tamper(|held| {
            let theirs = foreign_client();
            held.insert(theirs.handle.clone(), theirs);
        });
        let everybody = || vec![acts::rule(&serde_json::json!({ "from": "All" }))];
        let server = ServerView::Ready(Box::new(Server {
            capabilities,
            access_rules: scene.exact_names.then(everybody),
            ..testing::server()
        }));
        Self {
            cluster,
            provider,
            server: Mutex::new(server),
            subjects,
            profile: scene.profile,
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
                missing: None,
                past: looks_back.then(Past::default),
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
        self.note();
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
        self.note();
        self.inner().news = true;
        self.check();
        self.inner().checker.free_hand = false;
        true
    }

    /// Keeps how everything is now, for views that are out of date.
    pub(super) fn note(&self) {
        let server = self.server.lock().unwrap();
        if let Some(past) = &mut self.inner().past {
            past.note(&self.cluster, &server);
        }
    }

    /// An operation begins, of which there are so many earlier versions: of what it reads, and of what the watches show.
    /// What is planned before it happens. `Err`: the process stops here.
    pub(super) fn enter(
        &self,
        actor: usize,
        kind: Kind,
        (older, watched): (u32, u32),
    ) -> Result<Ticket, Ticket> {
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
            inner.log.push(Happened {
                kind,
                more,
                older,
                watched,
            });
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
                What::Missing(part, span) => self.begin_missing(*part, *span),
                _ => {}
            }
        }
        let what = whats.into_iter().find(|what| !what.goes_with_others());
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
            self.note();
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

    /// Time goes by; what is on its way arrives at the latest time that it can.
    pub(super) fn advance(&self, to: Timestamp) {
        loop {
            match self.next_delivery().filter(|next| *next <= to) {
                None => break,
                Some(next) => {
                    let now = self.now();
                    self.inner().now = now.max(next);
                    self.deliver_until(next);
                }
            }
        }
        let now = self.now();
        self.inner().now = now.max(to);
    }

    pub(super) fn wait(&self, seconds: i64) {
        self.advance(self.now() + SignedDuration::from_secs(seconds));
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
