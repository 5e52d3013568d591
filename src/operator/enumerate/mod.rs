//! Crash enumeration: every play is run with the real core and the real pass, and disturbed at every operation at a
//! port, in every way. After every operation the invariants are checked, and the end is compared with the
//! undisturbed one's.
//!
//! A violation prints how to see it again. `ENUMERATE=all` tries far more, for far longer.

mod disturbance;
mod driver;
mod invariants;
mod mistakes;
mod plays;
mod ports;
mod search;
mod stage;

use search::Account;

#[test]
fn undisturbed() {
    let mut account = Account::default();
    for play in plays::ALL {
        account.undisturbed(play, None);
    }
    account.settle("undisturbed");
}

#[test]
fn one_disturbance() {
    let mut account = Account::default();
    for play in plays::ALL {
        let base = account.undisturbed(play, None);
        account.singles(play, &base, 0, None);
    }
    account.settle("one disturbance");
}

#[test]
fn a_second_instance() {
    let mut account = Account::default();
    for play in plays::ALL {
        let base = account.undisturbed(play, None);
        for (number, what) in search::choices(&base, 0, 12) {
            if matches!(
                what,
                disturbance::What::TwinBefore(_) | disturbance::What::TwinAfter(_)
            ) {
                account.plan(play, &disturbance::Plan::one(number, what), &base);
            }
        }
    }
    account.settle("a second instance");
}

/// Shows one run again: `ENUMERATE_REPLAY='<play> <plan>'`.
#[test]
fn replay() {
    let Ok(wanted) = std::env::var("ENUMERATE_REPLAY") else {
        return;
    };
    let (play, plan) = wanted.split_once(' ').unwrap_or((&wanted, ""));
    println!("{}", search::transcript(play, &plan.parse().unwrap(), None));
}
