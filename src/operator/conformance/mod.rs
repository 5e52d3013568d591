//! The conformance suite: the same checks for every adapter, over HTTP against an emulator or a real server, through the
//! real decide loop with a cluster in memory. `make conformance` runs it.
//!
//! A [`server::Specimen`] is a server in one of its ways; a check in [`checks`] tells a story about it, from a fresh start
//! each. What applies is asked of the adapter's capabilities and of the controls that the server has; what does not apply
//! is printed with the reason. After every scene the same must hold: see [`story::Story::at_rest`].
//!
//! To add a server: implement [`server::ServerUnderTest`] beside [`digitalroute`] and [`cocoon`] (emulators) and
//! [`oidc_provider`] and [`keycloak`] (real servers; before the latter stands a relay that counts and spoils as the emulators
//! do), and name its specimens in [`specimens`]. The clock is moved by hand, so nothing sleeps.
//!
//! What nothing at the server leads to, as the answer that told of it was lost, must have been told as left behind with the
//! `software_id` that it carries; then an admin of the story finds it by that, removes it and discharges it. Everything else
//! that no ledger entry knows is an orphan, and a failure.

mod checks;
mod clock;
mod cocoon;
mod connection;
mod digitalroute;
mod dynamic_registration;
mod emulated;
mod fields;
mod installation;
mod keycloak;
mod kills;
mod left_behind;
mod life;
mod mistakes;
mod oidc_provider;
mod process;
mod report;
mod server;
mod story;
mod verdict;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::join_all;

use checks::Check;
use clock::Log;
use mistakes::Mistake;
use report::{Run, report};
use server::{As, Specimen};
use story::Story;
use verdict::{does_not_apply, failed};

/// So many stories does a thread tell at once. It has a runtime of its own, so that nothing of a story is handed from one
/// thread to another.
const AT_ONCE: usize = 4;
/// No story takes so long unless something hangs.
const TOO_LONG: Duration = Duration::from_secs(60);
/// What chooses servers, variants and checks.
const CHOICES: [&str; 3] = ["CONFORMANCE_SERVER", "CONFORMANCE_VARIANT", "CONFORMANCE_CHECK"];

/// Every server, in each of its ways.
fn specimens() -> Vec<Specimen> {
    let emulators = digitalroute::specimens()
        .into_iter()
        .chain(cocoon::specimens())
        .chain(dynamic_registration::specimens());
    let real = oidc_provider::specimens()
        .into_iter()
        .chain(keycloak::specimens());
    emulators.chain(real).collect()
}

/// What the environment chooses in a variable, if it chooses.
fn choice(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|chosen| !chosen.is_empty())
}

/// As a person may write it: a server is chosen by the first letters of its name, as the kind of a server object has it too.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// Every check of every specimen, or those that the environment chooses.
#[test]
fn every_adapter_conforms() {
    let chosen = CHOICES.map(choice);
    let is_chosen = |place: usize, name: &str| chosen[place].as_ref().is_none_or(|chosen| chosen == name);
    let mut specimens = specimens();
    let begins = |server: &str, chosen: &str| plain(server).starts_with(&plain(chosen));
    specimens.retain(|specimen| {
        let server = chosen[0].as_ref();
        server.is_none_or(|server| begins(specimen.server, server)) && is_chosen(1, &specimen.variant)
    });
    let checks: Vec<&Check> = checks::ALL
        .iter()
        .filter(|check| is_chosen(2, check.name))
        .collect();
    let specimens: Vec<Arc<Specimen>> = specimens.into_iter().map(Arc::new).collect();
    // Check by check: where a server lends itself to one story at a time, others are told meanwhile.
    let stories = checks.iter().flat_map(|check| {
        specimens
            .iter()
            .map(move |specimen| (specimen.clone(), *check, None))
    });
    let stories: Vec<Told> = stories.collect();
    assert!(!stories.is_empty(), "there is no such server, variant or check");

    let began = Instant::now();
    let runs = tell(stories);
    if let [run] = &runs[..] {
        println!("{}", run.log);
    }
    println!("\n{}", report(&checks, &runs, began.elapsed()));
    assert!(
        !runs.iter().any(Run::is_news),
        "not as it is known to be: see above"
    );
}

/// What is marked is a check that there is.
#[test]
fn marks_name_checks() {
    for mark in specimens().iter().flat_map(|specimen| &specimen.marks) {
        for name in mark.checks.iter().chain(mark.but) {
            let known = checks::ALL.iter().any(|check| check.name == *name);
            assert!(known, "there is no check {name}");
        }
    }
}

/// The test of the suite: it finds each mistake of an adapter.
#[test]
fn every_mistake_is_found() {
    if CHOICES.into_iter().any(|variable| choice(variable).is_some()) {
        return;
    }
    let specimens: Vec<Arc<Specimen>> = specimens().into_iter().map(Arc::new).collect();
    let mut missed = Vec::new();
    for (server, variant, made) in mistakes::AT {
        let is_it = |specimen: &&Arc<Specimen>| specimen.server == server && specimen.variant == variant;
        let specimen = specimens.iter().find(is_it).unwrap();
        for mistake in made {
            // What is known to fail finds nothing.
            let checks = checks::ALL
                .iter()
                .filter(|check| specimen.known(check.name).is_none());
            let stories = checks.map(|check| (specimen.clone(), check, Some(*mistake)));
            let mut runs = stories.flat_map(|story| tell(vec![story]));
            match runs.find(|run| run.failure().is_some()) {
                Some(run) => println!("mistake {mistake:?} at {server} is found by: {}", run.check),
                None => missed.push((server, mistake)),
            }
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

/// A story to be told: of a specimen, by a check, with an adapter that may make a mistake.
type Told = (Arc<Specimen>, &'static Check, Option<Mistake>);

/// Tells all stories, and returns what came of them in their order.
fn tell(stories: Vec<Told>) -> Vec<Run> {
    let queue = Mutex::new(stories.into_iter().enumerate());
    let runs = Mutex::new(BTreeMap::new());
    let teller = || async {
        loop {
            let Some((number, (specimen, check, mistake))) = queue.lock().unwrap().next() else {
                return;
            };
            let run = run(&specimen, check, mistake).await;
            runs.lock().unwrap().insert(number, run);
        }
    };
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().min(8));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(join_all((0..AT_ONCE).map(|_| teller())));
            });
        }
    });
    runs.into_inner().unwrap().into_values().collect()
}

async fn run(specimen: &Specimen, check: &Check, mistake: Option<Mistake>) -> Run {
    let log = Arc::new(Log::default());
    let mut controls = String::new();
    let known = specimen.known(check.name);
    let story = async {
        if let Some(As::Senseless(because)) = known {
            return does_not_apply(format!("declared: {because}"));
        }
        // A server may have to be installed first, and to end another story.
        let story = Story::begin(specimen, mistake, log.clone()).await?;
        controls = server::controls(&*story.server);
        match tokio::time::timeout(TOO_LONG, (check.run)(&story)).await {
            Ok(came) => came,
            Err(_) => failed(format!("it takes more than {} s", TOO_LONG.as_secs())),
        }
    };
    let came = story.await;
    Run {
        server: specimen.server,
        variant: specimen.variant.clone(),
        check: check.name,
        controls,
        came,
        known,
        log: log.text(),
    }
}
