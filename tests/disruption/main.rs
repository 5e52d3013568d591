//! Processes are stopped and rights are taken away: one test after the other, as each has the control plane for itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test run is told on the terminal"
)]

mod idle;
mod interruptions;
mod kills;
mod leaders;
#[path = "../stage/mod.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    let tests = tests![
        interruptions::a_stop_lets_a_call_in_flight_finish,
        interruptions::rights_are_taken_away_for_a_while,
        interruptions::the_api_server_is_restarted,
        leaders::a_standby_takes_over_from_a_leader_that_is_paused,
        leaders::a_leader_that_is_told_to_stop_is_followed_at_once,
        kills::the_operator_is_killed_at_random_moments,
        idle::settled_clients_are_left_alone,
    ];
    let tests = tests.into_iter().map(stage::Test::alone).collect();
    stage::runner::run("disruption", tests)
}
