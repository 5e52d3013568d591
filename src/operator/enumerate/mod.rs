//! Crash enumeration: every scene is run with the real core and the real pass, and disturbed at every operation at a
//! port, in every way. After every operation the invariants are checked, and the end is compared with the
//! undisturbed one's.
//!
//! A violation prints how to see it again. `ENUMERATE=all` tries far more, for far longer.

mod acts;
mod bounds;
mod calls;
mod disturbance;
mod driver;
mod ending;
mod found;
mod invariants;
mod mistakes;
mod past;
mod plan;
mod ports;
mod profiles;
mod scenes;
mod search;
mod server;
mod several;
mod stage;

use std::collections::BTreeMap;
use std::sync::Mutex;

use bounds::BOUNDS;
use plan::Plan;
use rand::{RngExt as _, SeedableRng as _};
use search::{choices, every_scene};

/// Every way to disturb every operation, once.
#[test]
fn one_disturbance() {
    every_scene("one disturbance", &BOUNDS.of_ones(), |number, scene, account| {
        let base = account.undisturbed(scene);
        for (at, what) in BOUNDS.ones(choices(&base, 0, &[]), scene, number) {
            account.plan(scene, &Plan::one(at, what), &base);
        }
    });
}

/// A second instance starts at every operation, and the first wakes up after a while.
#[test]
fn a_second_instance() {
    every_scene(
        "a second instance",
        &BOUNDS.of_twins(),
        |number, scene, account| {
            let base = account.undisturbed(scene);
            let mut twins = choices(&base, 0, BOUNDS.twin_lengths);
            twins.retain(|(_, what)| what.is_twin());
            for (at, what) in BOUNDS.twins(twins, scene, number) {
                account.plan(scene, &Plan::one(at, what), &base);
            }
        },
    );
}

/// Two disturbances, the second one chosen from what happens after the first.
#[test]
fn two_disturbances() {
    every_scene(
        "two disturbances",
        &BOUNDS.of_pairs(),
        |number, scene, account| {
            let base = account.undisturbed(scene);
            let firsts = choices(&base, 0, BOUNDS.pair_lengths);
            for (count, (first, what)) in BOUNDS.firsts(firsts, scene, number).enumerate() {
                let plan = Plan::one(first, what);
                let run = account.plan_on(scene, &plan, &base);
                let seconds = choices(&run, first as usize + 1, BOUNDS.pair_lengths);
                for (second, what) in BOUNDS.seconds(seconds, number + count) {
                    account.plan(scene, &plan.and(second, what), &base);
                }
            }
        },
    );
}

/// Several disturbances, each run from a seed.
#[test]
fn many_disturbances() {
    every_scene(
        "many disturbances",
        &BOUNDS.of_seeds(),
        |number, scene, account| {
            let base = account.undisturbed(scene);
            for seed in BOUNDS.seeds(number) {
                let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
                let mut plan = Plan::default();
                let mut next = choices(&base, 0, BOUNDS.pair_lengths);
                for _ in 0..rng.random_range(2..6) {
                    if next.is_empty() {
                        break;
                    }
                    let (at, what) = next[rng.random_range(0..next.len())];
                    plan = plan.and(at, what);
                    let run = account.plan_on(scene, &plan, &base);
                    next = choices(&run, at as usize + 1, BOUNDS.pair_lengths);
                }
            }
        },
    );
}

/// The test of the test: an operator that makes a mistake is found out.
#[test]
fn every_mistake_is_caught() {
    let caught = Mutex::new(BTreeMap::new());
    let wanted = &mistakes::ALL[..BOUNDS.mistakes];
    let account = search::on_all_cores(wanted.len(), |number, account| {
        if let Some(found) = account.first_spoilt_by(wanted[number]) {
            caught.lock().unwrap().insert(number, found);
        }
    });
    let caught = caught.into_inner().unwrap();
    let mut missed = Vec::new();
    for (number, mistake) in wanted.iter().enumerate() {
        match caught.get(&number) {
            Some(found) => println!(
                "mistake {mistake:?} caught by {} {}: {}",
                found.scene,
                found.plan,
                found.what.join("; ").chars().take(160).collect::<String>()
            ),
            None => missed.push(mistake),
        }
    }
    println!(
        "mistakes: {} made, {} caught, {} runs",
        wanted.len(),
        caught.len(),
        account.runs
    );
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

/// Shows one run again: `make replay SCENE=… AT=…`.
#[test]
fn replay() {
    let Ok(scene) = std::env::var("ENUMERATE_SCENE") else {
        return;
    };
    let plan = std::env::var("ENUMERATE_AT").unwrap_or_default();
    println!("{}", search::transcript(&scene, &plan.parse().unwrap(), None));
}
