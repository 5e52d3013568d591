//! `kubectl oauthclient` on a real API server, beside an operator that the chart installed:
//! `testcluster/run cargo test --test plugin`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test run is told on the terminal"
)]

mod adopt;
mod desk;
mod discharge;
mod looks;
#[path = "../stage/mod.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

use stage::Test;

fn main() -> ExitCode {
    let mut tests = tests![
        looks::a_client_that_is_ready,
        looks::a_tenant_sees_what_a_tenant_may,
        looks::a_client_that_is_not_there,
        looks::pending_lists_what_is_owed,
        looks::rights_that_are_missing_are_told,
        discharge::what_the_operator_cannot_remove,
        discharge::a_server_that_is_gone_for_good,
        discharge::a_record_that_changes_meanwhile,
        discharge::somebody_without_the_right,
        adopt::a_cluster_with_another_id,
        adopt::a_crash_and_a_conflict,
    ];
    // These look at all that is in the cluster, or stop the operator.
    tests.push(Test::new("looks::doctor", looks::doctor).alone());
    tests.push(Test::new("adopt::a_restored_ledger", adopt::a_restored_ledger).alone());
    stage::runner::run("plugin", stage::Way::Direct, tests)
}
