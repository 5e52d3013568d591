//! How much the operator does in how much time, beside a bare client that makes the same writes and calls: `make bench`
//! prints it and writes docs/benchmarks.md. Reported, not judged: the machine is not the reader's.
//!
//! `BENCH_CLIENTS=1000,5000` and `BENCH_DELAYS=0,20` (milliseconds that the authorization server takes for each call)
//! choose what is measured.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a run that cannot go on fails")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test run is told on the terminal"
)]

mod bare;
mod board;
mod crowd;
mod measured;
mod page;
mod process;
#[path = "../stage/mod.rs"]
mod stage;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::time::Duration;

use stage::World;

/// Longer than it takes when all is well.
const LIMIT: Duration = Duration::from_secs(3_600);

fn main() -> ExitCode {
    let tests = tests![everything_is_measured];
    let tests = tests.into_iter().map(|test| test.within(LIMIT)).collect();
    stage::runner::run("bench", stage::Way::Direct, tests)
}

/// Numbers of a variable, with commas between them.
fn numbers(variable: &str, otherwise: &[u32]) -> Vec<u32> {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty());
    let Some(text) = text else {
        return otherwise.to_vec();
    };
    let number = |word: &str| {
        let number = word.trim().parse();
        number.unwrap_or_else(|_| panic!("{variable}={text}: {word} is no number"))
    };
    text.split(',').map(number).collect()
}

async fn everything_is_measured(world: &'static World) {
    world.install_with(&["log.level=info"]).await;
    let mut page = page::Page::new();
    for clients in numbers("BENCH_CLIENTS", &[1_000, 5_000]) {
        for delay in numbers("BENCH_DELAYS", &[0, 20]) {
            let way = measured::Way { clients, delay };
            let crowd = measured::crowd(world, way).await;
            world.say(&page.crowd(way, &crowd));
        }
    }
    let pace = measured::pace(world).await;
    world.say(&page.pace(&pace));
    let memory = measured::memory(world).await;
    world.say(&page.memory(&memory));
    page.write();
}
