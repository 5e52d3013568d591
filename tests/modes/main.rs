//! The operator in each mode of the chart that gives it fewer rights, under exactly these: namespaces that opt in, and
//! namespaces that are named. One test after the other, as each installs the chart anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test run is told on the terminal"
)]

mod named;
mod opt_in;
#[path = "../stage/mod.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

fn main() -> ExitCode {
    let tests = tests![
        opt_in::a_namespace_is_given_and_taken_back,
        opt_in::a_label_without_rights_harms_nobody_else,
        named::what_is_not_named_is_left_alone,
        named::a_namespace_that_is_not_named_any_more_is_held,
        named::a_namespace_is_deleted_and_made_again,
        named::with_the_least_rights,
    ];
    let tests = tests.into_iter().map(stage::Test::alone).collect();
    stage::runner::run("modes", stage::Way::Direct, tests)
}
