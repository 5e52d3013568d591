//! Runs the tests of a binary: first those that must be alone, then the others side by side; at the end the operator
//! is stopped and everything that it has shown is looked through for credentials.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

use super::world::{Way, World};

/// Longer than any deadline within a test, but for those that say so.
const LIMIT: Duration = Duration::from_secs(300);
/// Most of the time a test waits.
const SIDE_BY_SIDE: usize = 24;

type Running = Pin<Box<dyn Future<Output = ()>>>;

/// One test.
pub struct Test {
    name: String,
    alone: bool,
    limit: Duration,
    run: Box<dyn FnOnce(&'static World) -> Running>,
}

impl Test {
    /// A test with a name.
    pub fn new<F: Future<Output = ()> + 'static>(
        name: &str,
        run: impl FnOnce(&'static World) -> F + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            alone: false,
            limit: LIMIT,
            run: Box::new(move |world| Box::pin(run(world))),
        }
    }

    /// While nothing else runs.
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// It may take longer than others.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = self.limit.max(limit);
        self
    }
}

/// Makes tests of async functions that take the world; their paths are their names.
#[macro_export]
macro_rules! tests {
    ($($test:path),* $(,)?) => {
        vec![$($crate::stage::Test::new(
            &stringify!($test).replace(' ', ""),
            |world| $test(world),
        )),*]
    };
}

/// The part of the usual command line that makes sense here.
struct Wishes {
    names: Vec<String>,
    skip: Vec<String>,
    exact: bool,
    list: bool,
    ignored: bool,
    side_by_side: usize,
}

impl Wishes {
    fn read() -> Self {
        let mut wishes = Self {
            names: Vec::new(),
            skip: Vec::new(),
            exact: false,
            list: false,
            ignored: false,
            side_by_side: SIDE_BY_SIDE,
        };
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--exact" => wishes.exact = true,
                "--list" => wishes.list = true,
                "--ignored" => wishes.ignored = true,
                "--skip" => wishes.skip.extend(words.next()),
                "--test-threads" => {
                    wishes.side_by_side = words.next().and_then(|n| n.parse().ok()).unwrap_or(SIDE_BY_SIDE);
                }
                // Their values are not names.
                "--format" | "--color" | "--logfile" | "-Z" => drop(words.next()),
                option if option.starts_with("--skip=") => {
                    wishes.skip.push(option["--skip=".len()..].to_owned());
                }
                option if option.starts_with('-') => {}
                name => wishes.names.push(name.to_owned()),
            }
        }
        wishes
    }

    fn wants(&self, test: &Test) -> bool {
        let fits = |name: &String| {
            if self.exact {
                test.name == *name
            } else {
                test.name.contains(name.as_str())
            }
        };
        !self.ignored && (self.names.is_empty() || self.names.iter().any(fits)) && !self.skip.iter().any(fits)
    }
}

/// The whole run of a binary.
pub fn run(suite: &str, way: Way, tests: Vec<Test>) -> ExitCode {
    run_installed(suite, way, &[], tests)
}

/// The same with more values for the chart.
pub fn run_installed(suite: &str, way: Way, values: &[&str], tests: Vec<Test>) -> ExitCode {
    let wishes = Wishes::read();
    let tests: Vec<Test> = tests.into_iter().filter(|test| wishes.wants(test)).collect();
    if wishes.list {
        for test in tests {
            println!("{}: test", test.name);
        }
        return ExitCode::SUCCESS;
    }
    if tests.is_empty() {
        // Nothing is ignored here, so who asks for that asks for nothing. Who asks for a test has mistyped its name.
        if wishes.ignored {
            return ExitCode::SUCCESS;
        }
        let asked = wishes.names.join(", ");
        eprintln!("{suite}: no test is called like that: {asked}; --list names them");
        return ExitCode::FAILURE;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let passed = LocalSet::new().block_on(&runtime, async {
        match World::start(suite, way, values).await {
            Ok(world) => run_all(world, tests, wishes.side_by_side).await,
            Err(why) => {
                eprintln!("{suite}: {why}");
                false
            }
        }
    });
    // What a test has left behind, such as a reader of a slow answer, is not waited for.
    runtime.shutdown_background();
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

async fn run_all(world: &'static World, tests: Vec<Test>, side_by_side: usize) -> bool {
    let began = Instant::now();
    world.say(&format!("\nrunning {} tests", tests.len()));
    let failures = Rc::new(Cell::new(0));
    let (alone, others): (Vec<Test>, Vec<Test>) = tests.into_iter().partition(|test| test.alone);
    let turns = Rc::new(Semaphore::new(side_by_side));
    for test in alone {
        // Whatever the one before has left behind.
        world.proxy.clear();
        run_one(world, test, &failures).await;
    }
    let mut running = JoinSet::new();
    for test in others {
        let (turns, failures) = (Rc::clone(&turns), Rc::clone(&failures));
        running.spawn_local(async move {
            let _turn = turns.acquire().await;
            run_one(world, test, &failures).await;
        });
    }
    while running.join_next().await.is_some() {}
    world.proxy.clear();
    for last in [
        Test::new("the_operator_stops_when_it_is_told", World::stop_operator),
        Test::new("no_process_has_panicked", async |world: &World| {
            world.show_no_panic();
        }),
        Test::new("there_is_something_to_look_through", async |world: &World| {
            world.show_something();
        }),
        Test::new("what_is_planted_is_found", World::find_what_is_planted),
        Test::new("no_credential_is_shown_anywhere", async |world: &World| {
            world.show_no_credential();
        }),
    ] {
        run_one(world, last, &failures).await;
    }
    world.clean_up(failures.get() > 0).await;
    world.say(&format!(
        "\ntest result: {}. {} failed; finished in {:.1} s\n",
        if failures.get() == 0 { "ok" } else { "FAILED" },
        failures.get(),
        began.elapsed().as_secs_f64()
    ));
    failures.get() == 0
}

async fn run_one(world: &'static World, test: Test, failures: &Cell<usize>) {
    let began = Instant::now();
    let limit = test.limit;
    let running = tokio::task::spawn_local(tokio::time::timeout(limit, (test.run)(world)));
    let failure = match running.await {
        Ok(Ok(())) => None,
        Ok(Err(_)) => Some(format!("not finished after {limit:?}")),
        Err(error) if error.is_panic() => Some(words(error.into_panic().as_ref())),
        Err(error) => Some(error.to_string()),
    };
    let took = began.elapsed().as_secs_f64();
    match failure {
        None => world.say(&format!("test {} ... ok ({took:.1} s)", test.name)),
        Some(why) => {
            failures.set(failures.get() + 1);
            world.say(&format!("test {} ... FAILED ({took:.1} s)\n{why}\n", test.name));
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
        .unwrap_or_else(|| "it panicked".to_owned())
}
