//! Processes are stopped and rights are taken away: one test after the other, as each has the control plane for itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test run is told on the terminal"
)]

mod apiserver;
mod busiest;
mod component;
mod idle;
mod interruptions;
mod leaders;
mod load;
mod plan;
mod registration;
mod soak;
#[path = "../stage/mod.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    let tests = tests![
        // First: the servers of those after it are gone when they end, which is news about the objects left behind.
        idle::settled_clients_are_left_alone,
        interruptions::a_stop_lets_a_call_in_flight_finish,
        interruptions::rights_are_taken_away_for_a_while,
        interruptions::the_api_server_is_restarted,
        apiserver::row_02_answers_to_writes_are_lost,
        apiserver::row_05_own_writes_are_seen_late,
        apiserver::row_09_events_are_lost_and_the_watch_has_expired,
        apiserver::row_09_etcd_is_compacted,
        apiserver::row_10_watches_are_half_open,
        apiserver::row_11_every_other_write_conflicts,
        apiserver::row_12_requests_are_throttled,
        apiserver::row_12_answers_are_slow,
        apiserver::row_14_the_status_fails,
        apiserver::row_33_a_client_is_made_again_unseen,
        leaders::a_standby_takes_over_from_a_leader_that_is_paused,
        leaders::a_leader_that_is_told_to_stop_is_followed_at_once,
    ];
    let plan = plan::Plan::read();
    let mut soak = Vec::new();
    if !plan.outage.is_zero() {
        soak.extend(tests![soak::the_api_server_is_away_for_long]);
    }
    soak.extend(tests![
        soak::nothing_is_lost_whatever_is_killed_and_stopped,
        registration::nothing_is_lost_at_a_real_server_without_lookup,
        registration::nothing_is_lost_at_cocoon,
    ]);
    let soak = soak.into_iter().map(|test| test.within(plan.limit()));
    let tests = tests.into_iter().chain(soak).map(stage::Test::alone).collect();
    stage::runner::run("disruption", stage::Way::ThroughProxy, tests)
}
