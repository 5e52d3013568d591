//! A table of attacks on a real API server: what tenants try to get that is not theirs, what they see, and that nothing
//! else happens. docs/attacks.md is the same table for people.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test run is told on the terminal"
)]

mod actors;
mod ground;
mod rows;
#[path = "../stage/mod.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod without;

use std::process::ExitCode;

/// The emulators are at 127.0.0.1, so that one address is allowed; all other addresses of this host are refused, as all
/// are in an installation.
pub const STRICT: [&str; 2] = ["egress.allowLoopback=false", "egress.allowedCIDRs={127.0.0.1/32}"];

fn main() -> ExitCode {
    let mut tests = vec![
        stage::Test::new(
            "without::an_operator_that_may_connect_to_loopback_is_caught",
            without::may_connect_to_loopback,
        )
        .alone(),
    ];
    tests.push(stage::Test::new(
        "without::words_of_a_server_of_the_cluster_are_seen",
        without::words_are_shown,
    ));
    tests.extend(rows::all());
    let code = stage::runner::run_installed("attacks", stage::Way::ThroughProxy, &STRICT, tests);
    for known in rows::KNOWN.lock().unwrap().iter() {
        println!("{known}");
    }
    code
}
