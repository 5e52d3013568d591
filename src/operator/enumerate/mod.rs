//! Crash enumeration: every scene is run with the real core and the real pass, and disturbed at every operation at a
//! port, in every way. After every operation the invariants are checked, and the end is compared with the
//! undisturbed one's.
//!
//! A violation prints how to see it again. `ENUMERATE=all` tries far more, for far longer.

mod acts;
mod disturbance;
mod driver;
mod found;
mod invariants;
mod mistakes;
mod ports;
mod profiles;
mod scenes;
mod search;
mod stage;

use search::Account;

use disturbance::Plan;
use rand::{RngExt as _, SeedableRng as _};

/// Whether far more is wanted, for far longer.
fn all() -> bool {
    std::env::var("ENUMERATE").is_ok_and(|wanted| wanted == "all")
}

/// Every way to disturb every operation, once. In bounds, servers of other kinds meet an even sample of them.
#[test]
fn one_disturbance() {
    let mut account = Account::default();
    for scene in scenes::ALL.iter() {
        let base = account.undisturbed(scene, None);
        for (number, what) in search::some(search::choices(&base, 0, &[]), scene, 4) {
            account.plan(scene, &Plan::one(number, what), &base);
        }
    }
    account.settle("one disturbance");
}

/// A second instance starts at every operation, and the first wakes up after a while.
#[test]
fn a_second_instance() {
    let mut account = Account::default();
    let long: Vec<u32> = (1..=16).collect();
    let lengths: &[u32] = if all() { &long } else { &[2, 5] };
    for scene in scenes::ALL.iter() {
        let base = account.undisturbed(scene, None);
        let mut twins = search::choices(&base, 0, lengths);
        twins.retain(|(_, what)| what.is_twin());
        for (number, what) in search::some(twins, scene, 9) {
            account.plan(scene, &Plan::one(number, what), &base);
        }
    }
    account.settle("a second instance");
}

/// Two disturbances: all pairs, or an even sample of them.
#[test]
fn two_disturbances() {
    let mut account = Account::default();
    let lengths: &[u32] = if all() { &[1, 3, 6, 10] } else { &[3] };
    // In bounds: some of the first ones, and after each a few of the second ones.
    let (firsts, seconds) = if all() { (1, 1) } else { (17, 61) };
    let mut count = 0_usize;
    for scene in scenes::ALL.iter() {
        let base = account.undisturbed(scene, None);
        let all = search::choices(&base, 0, lengths);
        let all = all.into_iter().skip(count % firsts).step_by(firsts).collect();
        for (first, what) in search::some(all, scene, 3) {
            // The second one is chosen from what happens after the first.
            let plan = Plan::one(first, what);
            let run = account.plan(scene, &plan, &base);
            let after = search::choices(&run, first as usize + 1, lengths);
            for (second, what) in after.into_iter().skip(count % seconds).step_by(seconds) {
                account.plan(scene, &plan.and(second, what), &base);
            }
            count += 97;
        }
        count += 5;
    }
    account.settle("two disturbances");
}

/// Long runs with several clients and several disturbances, each from a seed.
#[test]
fn many_disturbances() {
    let mut account = Account::default();
    let runs = if all() { 100_000 } else { 400 };
    for seed in 0..runs {
        let mut rng = rand::rngs::StdRng::seed_from_u64(seed);
        let scene = &scenes::ALL[rng.random_range(0..scenes::ALL.len())];
        let base = account.undisturbed(scene, None);
        let mut plan = Plan::default();
        let mut last = base;
        let mut from = 0;
        for _ in 0..rng.random_range(2..6) {
            let choices = search::choices(&last, from, &[1, 3, 7]);
            if choices.is_empty() {
                break;
            }
            let (number, what) = choices[rng.random_range(0..choices.len())];
            plan = plan.and(number, what);
            from = number as usize + 1;
            let base = account.undisturbed(scene, None);
            last = account.plan(scene, &plan, &base);
        }
    }
    account.settle("many disturbances");
}

/// The test of the test: an operator that makes a mistake is found out.
#[test]
fn every_mistake_is_caught() {
    let mut account = Account::default();
    let mut missed = Vec::new();
    for mistake in mistakes::ALL {
        match account.first_spoilt_by(mistake) {
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
        mistakes::ALL.len(),
        mistakes::ALL.len() - missed.len(),
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
