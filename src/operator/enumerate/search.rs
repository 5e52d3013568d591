//! Which plans are tried, and the account of it.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};

use super::disturbance::{Plan, What};
use super::driver::{Run, States, run};
use super::mistakes::Mistake;
use super::scenes::Scene;

/// So many violations are told with their transcript.
const TOLD: usize = 1;

/// What was tried, and what was found.
#[derive(Default)]
pub(super) struct Account {
    pub(super) scenes: usize,
    pub(super) runs: usize,
    pub(super) states: States,
    pub(super) violations: Vec<Violation>,
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
            "{} scenarios, {} runs, {} distinct states, {} violations",
            self.scenes,
            self.runs,
            self.states.lock().unwrap().len(),
            self.violations.len()
        )
    }
}

impl Account {
    /// Fails with what was found, and how to see it again.
    pub(super) fn settle(&self, name: &str) {
        println!("{name}: {self}");
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
    super::scenes::ALL
        .iter()
        .find(|scene| scene.name == name)
        .unwrap_or_else(|| panic!("no scene {name}"))
}

/// The transcript of a run, with what it violates.
pub(super) fn transcript(scene: &str, plan: &Plan, mistake: Option<Mistake>) -> String {
    let scene = self::scene(scene);
    let states: States = Arc::new(Mutex::new(HashSet::new()));
    let base = run(scene, &Plan::default(), mistake, false, &states);
    let this = run(scene, plan, mistake, true, &states);
    let against = judge(scene, plan, &base, &this);
    format!(
        "{} {plan}\n{}\n{:#?}\n{}",
        scene.name,
        this.transcript,
        this.end,
        against.join("\n")
    )
}

/// Everything that a run violates, the comparison with the undisturbed one included (L2, S10).
pub(super) fn judge(scene: &Scene, plan: &Plan, base: &Run, this: &Run) -> Vec<String> {
    let mut against = this.violations.clone();
    let told = format!("{:?}", this.end);
    let unknown = told.contains("OutcomeUnknown");
    // A person is told to rotate, or to look at the server, and the credential works meanwhile.
    let waits = (scene.profile.capabilities)().own_access && (unknown || told.contains("Unmanageable"));
    let early = plan.0.iter().any(|(_, what)| *what == What::Early);
    let excused = (scene.may_end_unknown && unknown) || waits || (scene.order_matters && early);
    // What could be changed no more was replaced.
    let replaced = (scene.profile.capabilities)().own_access && this.did[0] > base.did[0];
    let expected = |line: &&String| !replaced || !line.starts_with("Rotating ");
    if this.end != base.end && !excused {
        for (who, lines) in &base.end.clients {
            let found = this.end.clients.get(who).cloned().unwrap_or_default();
            for line in lines.iter().filter(|line| !found.contains(line)).filter(expected) {
                against.push(format!("L2: {who} ends without: {line}"));
            }
            for line in found.iter().filter(|line| !lines.contains(line)).filter(expected) {
                against.push(format!("L2: {who} ends with: {line}"));
            }
        }
    }
    for ((kind, did), undisturbed) in ["registrations", "deletions", "rotations"]
        .iter()
        .zip(this.did)
        .zip(base.did)
    {
        if did > undisturbed + plan.repeats((scene.profile.capabilities)().secret_readable) {
            against.push(format!("L2: {did} {kind}, undisturbed {undisturbed}"));
        }
    }
    against
}

impl Account {
    fn try_(&mut self, scene: &'static Scene, plan: &Plan, base: &Run, mistake: Option<Mistake>) -> Run {
        let this = run(scene, plan, mistake, false, &self.states);
        self.runs += 1;
        let what = judge(scene, plan, base, &this);
        if !what.is_empty() {
            self.violations.push(Violation {
                scene: scene.name,
                plan: plan.clone(),
                what,
            });
        }
        this
    }

    /// One plan.
    pub(super) fn plan(&mut self, scene: &'static Scene, plan: &Plan, base: &Run) -> Run {
        self.try_(scene, plan, base, None)
    }

    /// The undisturbed run.
    pub(super) fn undisturbed(&mut self, scene: &'static Scene, mistake: Option<Mistake>) -> Run {
        self.scenes += 1;
        self.runs += 1;
        let base = run(scene, &Plan::default(), mistake, false, &self.states);
        if !base.violations.is_empty() {
            let (what, plan) = (base.violations.clone(), Plan::default());
            self.violations.push(Violation {
                scene: scene.name,
                plan,
                what,
            });
        }
        base
    }

    /// Looks for a run that a mistake spoils: undisturbed ones first, then one disturbance each.
    pub(super) fn first_spoilt_by(&mut self, mistake: Mistake) -> Option<Violation> {
        for scene in super::scenes::ALL.iter() {
            let base = run(scene, &Plan::default(), None, false, &self.states);
            self.try_(scene, &Plan::default(), &base, Some(mistake));
            if let Some(found) = self.violations.pop() {
                return Some(found);
            }
        }
        for scene in super::scenes::ALL.iter() {
            let base = run(scene, &Plan::default(), None, false, &self.states);
            for (number, what) in choices(&base, 0, &[2]) {
                self.try_(scene, &Plan::one(number, what), &base, Some(mistake));
                if let Some(found) = self.violations.pop() {
                    return Some(found);
                }
            }
        }
        None
    }
}

/// All of them with the first kind of server, and everywhere when far more is wanted; else every `stride`th.
pub(super) fn some(all: Vec<(u32, What)>, scene: &Scene, stride: usize) -> Vec<(u32, What)> {
    if super::all() || scene.profile.name.is_empty() {
        return all;
    }
    all.into_iter()
        .skip(scene.name.len() % stride)
        .step_by(stride)
        .collect()
}

/// Everything that can befall the operations of a run from number `from` on. Second instances run for so many
/// operations before the first wakes, or to their end; with no lengths there are none.
pub(super) fn choices(run: &Run, from: usize, lengths: &[u32]) -> Vec<(u32, What)> {
    let mut all = Vec::new();
    for (number, (kind, more)) in run.log.iter().enumerate().skip(from) {
        let twins = if lengths.is_empty() {
            Vec::new()
        } else {
            What::twins(*kind, lengths)
        };
        for what in What::of(*kind, *more).into_iter().chain(twins) {
            all.push((u32::try_from(number).unwrap(), what));
        }
    }
    all
}
