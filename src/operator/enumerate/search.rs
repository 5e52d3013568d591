//! Which plans are tried, and the account of it.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::disturbance::What;
use super::driver::{Purpose, Run, States, run};
use super::mistakes::Mistake;
use super::plan::Plan;
use super::scenes::{ALL, Scene};

/// So many violations are told with their transcript.
const TOLD: usize = 1;

/// What was tried, and what was found.
#[derive(Default)]
pub(super) struct Account {
    scenes: BTreeSet<&'static str>,
    pub(super) runs: usize,
    states: States,
    pub(super) violations: Vec<Violation>,
    /// Runs that end otherwise than undisturbed, as they may: a person is waited for, or an act came early.
    excused: usize,
    took: Duration,
}

/// One run that violated something.
pub(super) struct Violation {
    pub(super) scene: &'static str,
    pub(super) plan: Plan,
    pub(super) what: Vec<String>,
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} scenarios, {} runs, {} distinct states, {} violations, {} other ends that are meant, {} s",
            self.scenes.len(),
            self.runs,
            self.states.lock().unwrap().len(),
            self.violations.len(),
            self.excused,
            self.took.as_secs()
        )
    }
}

/// One part at a time, each on all cores.
static TURN: Mutex<()> = Mutex::new(());

/// Does so many jobs on all cores. What comes of it does not depend on who does which.
pub(super) fn on_all_cores(jobs: usize, job: impl Fn(usize, &mut Account) + Sync) -> Account {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let began = Instant::now();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= jobs {
                return done;
            }
            let mut account = Account::default();
            job(number, &mut account);
            done.push((number, account));
        }
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let mut done: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    done.sort_by_key(|(number, _)| *number);
    let mut all = Account::default();
    for (_, account) in done {
        all.add(account);
    }
    all.took = began.elapsed();
    all
}

/// Tries something with every scene. `job` is told the scene's number, so that samples differ from scene to scene.
pub(super) fn every_scene(
    name: &str,
    bounds: &str,
    job: impl Fn(usize, &'static Scene, &mut Account) + Sync,
) {
    let account = on_all_cores(ALL.len(), |number, account| job(number, &ALL[number], account));
    println!("{name}: {account}; {bounds}");
    account.settle(name);
}

impl Account {
    fn add(&mut self, other: Self) {
        self.scenes.extend(other.scenes);
        self.runs += other.runs;
        let states = std::mem::take(&mut *other.states.lock().unwrap());
        self.states.lock().unwrap().extend(states);
        self.violations.extend(other.violations);
        self.excused += other.excused;
    }

    /// Fails with what was found, and how to see it again.
    pub(super) fn settle(&self, name: &str) {
        let mut kinds = HashSet::new();
        for violation in &self.violations {
            let kind = (violation.scene, violation.what.first().cloned());
            if kinds.insert(kind) && kinds.len() <= 60 {
                println!(
                    "make replay SCENE='{}' AT='{}'\n    {}",
                    violation.scene,
                    violation.plan,
                    violation.what.join("\n    ")
                );
            }
        }
        for violation in self.violations.iter().take(TOLD) {
            println!("{}", transcript(violation.scene, &violation.plan, None));
        }
        assert!(self.violations.is_empty(), "{name}: {self}");
    }
}

/// A scene by its name.
pub(super) fn scene(name: &str) -> &'static Scene {
    ALL.iter()
        .find(|scene| scene.name == name)
        .unwrap_or_else(|| panic!("no scene {name}"))
}

/// The transcript of a run, with what it violates.
pub(super) fn transcript(scene: &str, plan: &Plan, mistake: Option<Mistake>) -> String {
    let scene = self::scene(scene);
    let states: States = Arc::new(Mutex::new(HashSet::new()));
    let base = run(scene, &Plan::default(), mistake, Purpose::Judge, &states);
    let this = run(scene, plan, mistake, Purpose::Show, &states);
    let against = judge(scene, plan, &base, &this);
    format!(
        "{} {plan}\n{}\n{:#?}\n{}",
        scene.name,
        this.transcript,
        this.end,
        against.against.join("\n")
    )
}

/// What is to be said of a run.
pub(super) struct Judgement {
    /// What it violates.
    pub(super) against: Vec<String>,
    /// It ends otherwise than undisturbed, as it may.
    pub(super) excused: bool,
}

/// Everything that a run violates, the comparison with the undisturbed one included (L2, S10).
pub(super) fn judge(scene: &Scene, plan: &Plan, base: &Run, this: &Run) -> Judgement {
    let mut against = this.violations.clone();
    let told = format!("{:?}", this.end);
    let unknown = told.contains("OutcomeUnknown");
    let own_access = (scene.profile.capabilities)().own_access;
    // A person is told to rotate, or to look at the server (after some lost registrations nothing more is registered before),
    // and the credential works meanwhile.
    let waits = own_access && (unknown || told.contains("Unmanageable") || told.contains("NotPossible"));
    let late = plan
        .0
        .iter()
        .any(|(_, what)| matches!(what, What::Early | What::Missing(..)));
    let excused =
        (scene.may_end_unknown && unknown) || waits || (scene.order_matters && (late || this.hurried));
    let mut differs = this.end.differs_from(&base.end, scene.either);
    if own_access && this.did[0] > base.did[0] {
        // What could be changed no more was replaced.
        differs.retain(|what| !what.contains(": Rotating "));
    }
    let excused = excused && !differs.is_empty();
    if !excused {
        against.append(&mut differs);
    }
    let shown_again = (scene.profile.capabilities)().secret_readable;
    let repeats = plan.repeats(shown_again, &this.log);
    for ((kind, did), undisturbed) in ["registrations", "deletions", "rotations"]
        .iter()
        .zip(this.did)
        .zip(base.did)
    {
        if did > undisturbed + repeats {
            against.push(format!("L2: {did} {kind}, undisturbed {undisturbed}"));
        }
    }
    Judgement { against, excused }
}

impl Account {
    fn try_(
        &mut self,
        scene: &'static Scene,
        plan: &Plan,
        base: &Run,
        mistake: Option<Mistake>,
        purpose: Purpose,
    ) -> Run {
        let this = run(scene, plan, mistake, purpose, &self.states);
        self.runs += 1;
        let Judgement { against, excused } = judge(scene, plan, base, &this);
        self.excused += usize::from(excused);
        self.judged(scene, plan, against);
        this
    }

    fn judged(&mut self, scene: &'static Scene, plan: &Plan, what: Vec<String>) {
        if !what.is_empty() {
            self.violations.push(Violation {
                scene: scene.name,
                plan: plan.clone(),
                what,
            });
        }
    }

    /// One plan.
    pub(super) fn plan(&mut self, scene: &'static Scene, plan: &Plan, base: &Run) {
        self.try_(scene, plan, base, None, Purpose::Judge);
    }

    /// One plan that is made longer then.
    pub(super) fn plan_on(&mut self, scene: &'static Scene, plan: &Plan, base: &Run) -> Run {
        self.try_(scene, plan, base, None, Purpose::Explore)
    }

    /// The undisturbed run.
    pub(super) fn undisturbed(&mut self, scene: &'static Scene) -> Run {
        self.scenes.insert(scene.name);
        self.runs += 1;
        let base = run(scene, &Plan::default(), None, Purpose::Explore, &self.states);
        self.judged(scene, &Plan::default(), base.violations.clone());
        base
    }

    /// Looks for a run that a mistake spoils: undisturbed ones first, then one disturbance each.
    pub(super) fn first_spoilt_by(&mut self, mistake: Mistake) -> Option<Violation> {
        let mut spoilt = |scene, plan: &Plan, base: &Run| {
            self.try_(scene, plan, base, Some(mistake), Purpose::Judge);
            self.violations.pop()
        };
        for scene in ALL.iter() {
            let base = run(scene, &Plan::default(), None, Purpose::Judge, &States::default());
            if let Some(found) = spoilt(scene, &Plan::default(), &base) {
                return Some(found);
            }
        }
        for scene in ALL.iter() {
            let base = run(
                scene,
                &Plan::default(),
                None,
                Purpose::Explore,
                &States::default(),
            );
            for (number, what) in choices(&base, 0, &[2]) {
                if let Some(found) = spoilt(scene, &Plan::one(number, what), &base) {
                    return Some(found);
                }
            }
        }
        None
    }
}

/// Everything that can befall the operations of a run from number `from` on. Second instances run for so many
/// operations before the first wakes, or to their end; with no lengths there are none.
pub(super) fn choices(run: &Run, from: usize, lengths: &[u32]) -> Vec<(u32, What)> {
    let mut all = Vec::new();
    for (number, operation) in run.log.iter().enumerate().skip(from) {
        let twins = if lengths.is_empty() {
            Vec::new()
        } else {
            What::twins(operation.kind, lengths)
        };
        for what in What::of(operation).into_iter().chain(twins) {
            all.push((u32::try_from(number).unwrap(), what));
        }
    }
    all
}
