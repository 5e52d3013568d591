//! Runs a scene: passes as the queue would run them, processes that die, and processes that are held and wake.

use std::collections::HashSet;
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng as _;

use super::disturbance::{Happened, Kind, Until};
use super::ending::{End, end};
use super::mistakes::Mistake;
use super::plan::Plan;
use super::ports::Process;
use super::scenes::Scene;
use super::stage::{Signal, Stage};
use crate::cluster::memory::{Effect, Write, WriteKind};
use crate::model::{Decision, Subject, Wake};
use crate::operator::pass::Running;

/// So many passes of one client end its part of the scene, one way or the other.
const PASSES: u32 = 80;
/// So many passes in a row that change nothing show that nothing will.
const IDLE: u32 = 6;

/// Hashes of every state that a decision was made from.
pub(super) type States = Arc<Mutex<HashSet<u64>>>;

/// What came of one run.
pub(super) struct Run {
    pub(super) violations: Vec<String>,
    pub(super) transcript: String,
    pub(super) log: Vec<Happened>,
    pub(super) end: End,
    /// Registrations, deletions and rotations that the server did.
    pub(super) did: [u32; 3],
    /// An act came before what the one before it asked for was there.
    pub(super) hurried: bool,
}

type Future_ = Pin<Box<dyn Future<Output = Option<(bool, Wake)>>>>;

struct Held {
    process: Arc<Process>,
    pass: Future_,
    subject: usize,
    until: Until,
}

/// When a client is looked at next, and how its last passes went.
#[derive(Clone, Copy)]
struct Due {
    at: Option<Timestamp>,
    settled: bool,
    slow: bool,
    failures: u32,
    idle: u32,
}

struct Driver {
    stage: Arc<Stage>,
    processes: Vec<Arc<Process>>,
    started: usize,
    turn: usize,
    due: Vec<Due>,
    held: Option<Held>,
    states: States,
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What it violates.
    Judge,
    /// What can befall its operations besides.
    Explore,
    /// A person looks at it.
    Show,
}

/// Runs a scene under a plan.
pub(super) fn run(
    scene: &Scene,
    plan: &Plan,
    mistake: Option<Mistake>,
    purpose: Purpose,
    states: &States,
) -> Run {
    let looks_back = purpose != Purpose::Judge || plan.looks_back();
    let stage = Stage::new(scene, mistake, purpose == Purpose::Show, looks_back);
    let stage = Arc::new(stage);
    let mut driver = Driver::new(&stage, states);
    stage.note();
    (scene.setup)(&stage);
    stage.note();
    stage.check();
    if scene.settled_before {
        driver.go(true);
    }
    stage.inner().checker.always_accepted = scene.always_accepted;
    stage.inner().acts = scene.acts.iter().copied().collect();
    stage.begin(plan);
    driver.everybody_looks();
    let mut hurried = false;
    while stage.act() {
        driver.go(false);
        hurried |= driver.due.iter().any(|due| !due.settled) && !stage.inner().acts.is_empty();
    }
    driver.go(true);
    driver.wake_held();
    driver.go(true);
    stage.collect_garbage();
    let (before_drift_check, mut violations) = end(&stage);
    if scene.tampered {
        // Before the drift check nobody can know what was done behind our back.
        violations.clear();
    }
    stage.write(|| "== the drift check".to_owned());
    let operations = stage.inner().log.len();
    stage.begin_epilogue();
    stage.list();
    driver.everybody_looks();
    driver.go(true);
    let (the_end, more) = end(&stage);
    if !scene.tampered && the_end != before_drift_check {
        violations.push(format!(
            "L2: the end was reached only by the drift check; before it: {before_drift_check:?}"
        ));
    }
    violations.extend(more);
    violations.extend(driver.nothing_more());
    stage.check();
    let mut inner = stage.inner();
    violations.extend(std::mem::take(&mut inner.checker.violations));
    let count = |kind: &str| inner.done.get(kind).copied().unwrap_or_default();
    let did = [count("Register"), count("Delete"), count("Rotate")];
    let log = inner.log[..operations].to_vec();
    drop(inner);
    violations.dedup();
    Run {
        violations,
        transcript: stage.transcript(),
        log,
        end: the_end,
        did,
        hurried,
    }
}

impl Driver {
    fn new(stage: &Arc<Stage>, states: &States) -> Self {
        let due = Due {
            at: Some(stage.now()),
            settled: false,
            slow: false,
            failures: 0,
            idle: 0,
        };
        Self {
            stage: stage.clone(),
            processes: vec![Process::start(1, stage)],
            started: 1,
            turn: 0,
            due: vec![due; stage.subjects.len()],
            held: None,
            states: states.clone(),
        }
    }

    fn everybody_looks(&mut self) {
        let now = self.stage.now();
        for due in &mut self.due {
            due.at = Some(now);
        }
        self.has_changed();
    }

    /// Passes that changed nothing before this show nothing any more.
    fn has_changed(&mut self) {
        for due in &mut self.due {
            due.idle = 0;
        }
    }

    fn another(&mut self) -> Arc<Process> {
        self.started += 1;
        Process::start(self.started, &self.stage)
    }

    /// Passes as they fall due. Until all is quiet, or only until all is settled.
    fn go(&mut self, quiet: bool) {
        let mut passes = vec![0_u32; self.due.len()];
        loop {
            if std::mem::take(&mut self.stage.inner().news) {
                self.everybody_looks();
            }
            let next = self
                .due
                .iter()
                .enumerate()
                .filter(|(index, due)| {
                    let patience = if quiet { IDLE } else { 3 };
                    due.idle < patience && (quiet || due.failures < IDLE) || quiet && self.looks_again(*index)
                })
                .filter_map(|(index, due)| due.at.map(|at| (at, index)))
                .min();
            let waits = |due: &Due, now| (due.settled || due.slow) && due.at.is_some_and(|at| at > now);
            let now = self.stage.now();
            let next = next.filter(|(_, index)| quiet || !waits(&self.due[*index], now));
            let Some((at, index)) = next else {
                if let Some(held) = &self.held
                    && (quiet || held.until != Until::Quiet)
                {
                    if quiet {
                        self.stage.wait(3600);
                    }
                    self.wake_held();
                    continue;
                }
                if quiet && self.stage.wait_for_missing() {
                    self.has_changed();
                    continue;
                }
                if quiet && let Some(last) = self.stage.last_delivery() {
                    self.stage.advance(last);
                    continue;
                }
                return;
            };
            passes[index] += 1;
            if passes[index] > PASSES {
                let subject = &self.stage.subjects[index];
                let what = format!("L5: {subject} is looked at more than {PASSES} times");
                self.stage.inner().checker.violated(what);
                return;
            }
            self.stage.advance(at);
            self.pass(index);
        }
    }

    /// Whether the record says that the client is looked at once more, at a time that has not come yet.
    fn looks_again(&self, index: usize) -> bool {
        let entry = self.stage.entry(&self.stage.subjects[index]);
        entry
            .and_then(|entry| entry.recheck_at)
            .is_some_and(|at| at > self.stage.now())
    }

    /// The future of one pass.
    fn future(&self, process: &Arc<Process>, index: usize) -> Future_ {
        let (process, subject) = (process.clone(), self.stage.subjects[index].clone());
        let states = self.states.clone();
        Box::pin(async move { one_pass(&process, &subject, &states).await })
    }

    fn pass(&mut self, index: usize) {
        self.turn += 1;
        let place = self.turn % self.processes.len();
        let changes = self.changes();
        let mut pass = self.future(&self.processes[place].clone(), index);
        loop {
            match poll(&mut pass) {
                Poll::Ready(ended) => {
                    let idle = changes == self.changes();
                    self.ended(index, ended, idle);
                    // The watches bring what is newer.
                    let news = self.processes[place].saw_the_past();
                    self.stage.inner().news |= news;
                    return;
                }
                Poll::Pending => {}
            }
            let signal = self.stage.inner().signal.take();
            match signal {
                Some(Signal::Crash) => {
                    drop(pass);
                    self.stage.write(|| "** killed".to_owned());
                    self.processes[place] = self.another();
                    self.everybody_looks();
                    return;
                }
                Some(Signal::Hold(until)) if self.held.is_none() => {
                    self.hold(place, pass, index, until);
                    return;
                }
                Some(Signal::Resume) => self.wake_held(),
                Some(Signal::Hold(_)) | None => {}
            }
        }
    }

    /// One process is held in its pass, and another one does all the work.
    fn hold(&mut self, place: usize, pass: Future_, subject: usize, until: Until) {
        self.stage.write(|| "** held; another one starts".to_owned());
        let other = self.another();
        if let Until::Operation(number) = until {
            let mut inner = self.stage.inner();
            let at = u32::try_from(inner.log.len()).unwrap() + number - 1;
            inner.resume = Some((other.number, at));
        }
        let process = std::mem::replace(&mut self.processes[place], other);
        self.held = Some(Held {
            process,
            pass,
            subject,
            until,
        });
        self.everybody_looks();
    }

    /// The held process wakes and runs to the end of its pass.
    fn wake_held(&mut self) {
        let Some(mut held) = self.held.take() else { return };
        self.stage.inner().resume = None;
        self.stage.write(|| "** the held one wakes".to_owned());
        loop {
            match poll(&mut held.pass) {
                Poll::Ready(ended) => {
                    self.ended(held.subject, ended, false);
                    self.stage
                        .write(|| "** the one that was held has ended its pass".to_owned());
                    self.processes.push(held.process);
                    break;
                }
                Poll::Pending => {
                    if self.stage.inner().signal.take() == Some(Signal::Crash) {
                        self.stage.write(|| "** and is killed".to_owned());
                        break;
                    }
                }
            }
        }
        // What it wrote is seen by the other one's watches.
        self.stage.inner().news = true;
    }

    fn changes(&self) -> (usize, u32) {
        (self.written(), self.stage.provider.mutations())
    }

    fn ended(&mut self, index: usize, ended: Option<(bool, Wake)>, idle: bool) {
        let now = self.stage.now();
        self.stage.write(|| format!("   pass ends: {ended:?}"));
        if !idle {
            self.has_changed();
        }
        let due = &mut self.due[index];
        due.idle += u32::from(idle);
        let (settled, wake) = ended.unwrap_or((false, Wake::Backoff));
        due.settled = settled;
        due.failures = if settled { 0 } else { due.failures + 1 };
        due.slow = !settled && wake == Wake::OnChange;
        let pause = SignedDuration::from_secs(1_i64 << (due.failures.clamp(1, 9) - 1))
            .min(SignedDuration::from_secs(300));
        due.at = match wake {
            Wake::Now if due.failures <= 5 => Some(now),
            Wake::Now | Wake::Backoff => Some(now + pause),
            Wake::At(at) => Some(at.max(now)),
            Wake::OnChange if settled => None,
            Wake::OnChange => Some(now + SignedDuration::from_secs(600)),
        };
    }

    fn written(&self) -> usize {
        let world = self.stage.cluster.world();
        let real = |write: &&Write| write.kind != WriteKind::Rehearsal && write.effect == Effect::Done;
        world.journal.iter().filter(real).count()
    }

    /// L1: what is quiet stays so.
    fn nothing_more(&mut self) -> Vec<String> {
        self.stage.write(|| "== one more look".to_owned());
        let writes = self.written();
        let before = self.stage.inner().log.len();
        let given_up: Vec<bool> = self.due.iter().map(|due| !due.settled).collect();
        self.everybody_looks();
        for index in 0..self.due.len() {
            self.pass(index);
        }
        let mut violations = Vec::new();
        let written = self.written() - writes;
        if written > 0 {
            violations.push(format!("L1: {written} writes of what was settled"));
        }
        let asked = self.stage.inner().log[before..]
            .iter()
            .filter(|asked| {
                asked.kind == Kind::Call || (asked.kind == Kind::Query && !given_up.contains(&true))
            })
            .count();
        if asked > 0 {
            violations.push(format!("L1: {asked} calls for what was settled"));
        }
        violations
    }
}

fn poll(pass: &mut Future_) -> Poll<Option<(bool, Wake)>> {
    pass.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

async fn one_pass(process: &Process, subject: &Subject, states: &States) -> Option<(bool, Wake)> {
    let mut rng = rand::rngs::StdRng::seed_from_u64(process.begin_pass(subject));
    let Some(mut running) = Running::begin(process, subject).await.ok()? else {
        return Some((true, Wake::OnChange));
    };
    loop {
        let mut hasher = DefaultHasher::new();
        running.state().hash(&mut hasher);
        states.lock().unwrap().insert(hasher.finish());
        match running.decide(&mut rng) {
            Decision::Do(step) => running = running.take(&step).await.ok()?,
            Decision::Settled(wake) => return Some((true, wake)),
            Decision::Blocked(wake) => return Some((false, wake)),
        }
    }
}
