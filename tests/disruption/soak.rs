//! Nothing is lost: a mixed load while the operator is killed at random moments, and while the leader of two is stopped
//! past its Lease and woken, and the API server and etcd are restarted; in the long form the API server is away too.

use std::cell::Cell;
use std::time::{Duration, Instant};

use authserver_emulator::journal::Entry;
use authserver_emulator::misbehave::Behaviour;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::ListParams;
use oauth_client_operator::api::SECRET_TYPE_PUBLISHED;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::busiest::{Bound, Report};
use crate::component::{API_SERVER, Component, ETCD, wait_answers};
use crate::load::{Ended, Subject, acts, mixed, persist, subjects};
use crate::plan::Plan;
use crate::stage::operator::Operator;
use crate::stage::until::{MUCH_LATER, holds, until};
use crate::stage::{Published, Scene, World};

/// After a lost answer nothing new is asked for until late deliveries are over. Here none is late, and nobody wants to
/// wait for two minutes.
/// And each process goes to work at once, instead of when the Lease of the one that was killed has run out.
const AT_ONCE: [&str; 2] = ["--late-delivery-seconds=15", "--leader-election=false"];
/// Of two that are paused for less than that.
const ELECTED: [&str; 1] = ["--late-delivery-seconds=60"];
/// Between the start of the operator and the moment that it is killed, in milliseconds.
const ALIVE: std::ops::Range<u64> = 200..4_000;
/// The leader is stopped for so long, in milliseconds: longer than its Lease lasts and another one needs to take it.
const STOPPED: std::ops::Range<u64> = 17_000..32_000;
/// Between that and the next time.
const WOKEN: std::ops::Range<u64> = 3_000..15_000;
/// A component that is restarted is away for this long.
const AWAY: Duration = Duration::from_secs(4);
/// Until all watches are live when the API server is back, on a machine that is busy.
const LIVE: Duration = Duration::from_secs(30);
/// Looks, writes and calls that are no loop yet.
const BOUNDS: [Bound; 3] = [
    Bound {
        at_rest: 20,
        for_each_reason: 3,
    },
    // Events and the status are among them.
    Bound {
        at_rest: 30,
        for_each_reason: 8,
    },
    Bound {
        at_rest: 15,
        for_each_reason: 3,
    },
];

/// A leader that was stopped goes on.
const WOKEN_UP: &str = "it is woken";
/// What it was about to send is sent by then.
const LATE: SignedDuration = SignedDuration::from_secs(5);

/// What happened to all, and when.
type Weather = Vec<(Instant, String)>;

pub async fn nothing_is_lost_whatever_is_killed_and_stopped(world: &'static World) {
    let plan = Plan::read();
    world.say(&format!("the soak: {plan:?}; again with SOAK_SEED={}", plan.seed));
    let spec = json!({
        "limits": {"requestTimeoutSeconds": 2},
        // So many deletions in a short time are meant here.
        "deletion": {"maxBurst": 100_000},
    });
    let scene = Scene::with(world, "soak", spec).await;
    let began = Instant::now();
    // Calls take a while, so that some of them are under way when the operator is killed.
    scene.misbehave("mutation", Behaviour::DelayAfter { ms: 150 });
    let mut subjects = subjects(&scene, plan.clients, plan.namespaces).await;
    let mut weather = Weather::new();
    kills(&plan, world, &mut subjects, &mut weather).await;
    let mut second = None;
    if !plan.leaders.is_zero() {
        second = Some(leaders(&plan, world, &mut subjects, &mut weather).await);
    }
    let over = Instant::now();
    for subject in &mut subjects {
        subject.wait_ended().await;
    }
    let report = Report::since(began, &scene, &subjects, &weather).await;
    let there = subjects.iter().filter(|subject| subject.there).count();
    world.say(&format!(
        "{:?}; {there} of {} clients are there and sound {:.0} s after the last act",
        acts(&subjects),
        subjects.len(),
        over.elapsed().as_secs_f64()
    ));
    world.say(&report.to_string());
    nothing_too_many(&scene, &subjects, there).await;
    each_trigger_is_served_once(&scene, &subjects, &weather);
    let beyond = report.beyond(BOUNDS);
    assert!(beyond.is_empty(), "busy for no reason:\n{}", beyond.join("\n"));
    assert_eq!(report.unknown(), 0, "writes of Secrets that belong to nobody");
    if let Some(second) = second {
        assert!(second.stop().await.success());
        world.witness.see("the log of the second", &second.log());
    }
    assert!(world.operator.stop().await.success());
    world.operator.start_and_wait().await;
}

/// The operator is killed at random moments.
async fn kills(plan: &Plan, world: &World, subjects: &mut [Subject<'_>], weather: &mut Weather) {
    assert!(world.operator.stop().await.success());
    world.operator.start_with(&AT_ONCE).await;
    let over = Cell::new(false);
    let killing = async {
        let mut rng = StdRng::seed_from_u64(plan.seed);
        let mut moments = Vec::new();
        for _ in 0..plan.kills {
            let moment = rng.random_range(ALIVE);
            tokio::time::sleep(Duration::from_millis(moment)).await;
            world.operator.kill();
            moments.push(moment);
            weather.push((Instant::now(), "the operator is killed".to_owned()));
            world.operator.start_with(&AT_ONCE).await;
        }
        over.set(true);
        world.say(&format!(
            "the operator was killed {} times, so many ms after it was ready: {moments:?}",
            plan.kills
        ));
    };
    tokio::join!(mixed(subjects, plan.seed + 1_000, &over), killing);
}

/// Two instances: the one that leads is stopped past its Lease and woken, again and again; the API server and etcd are
/// restarted once each, wherever that falls.
async fn leaders(
    plan: &Plan,
    world: &World,
    subjects: &mut [Subject<'_>],
    weather: &mut Weather,
) -> Operator {
    assert!(world.operator.stop().await.success());
    world.operator.start_with(&ELECTED).await;
    let second = world.operator.beside();
    second.start_with(&ELECTED).await;
    let both = [&world.operator, &second];
    let ids = both.map(Operator::id);
    let over = Cell::new(false);
    let began = Instant::now();
    let (mut stops, mut restarts) = (Weather::new(), Weather::new());
    let stopping = async {
        let mut rng = StdRng::seed_from_u64(plan.seed + 1);
        let mut taken_over = 0;
        // Once at least, wherever the restarts fall.
        while began.elapsed() < plan.leaders || taken_over == 0 {
            let leader = leading(both).await;
            both[leader].pause(true);
            stops.push((Instant::now(), "the leader is stopped".to_owned()));
            tokio::time::sleep(Duration::from_millis(rng.random_range(STOPPED))).await;
            // Not so when the API server was away meanwhile.
            let other = both[1 - leader].readiness().await;
            taken_over += usize::from(other.is_ok_and(|said| said.contains("leading")));
            both[leader].pause(false);
            stops.push((Instant::now(), WOKEN_UP.to_owned()));
            tokio::time::sleep(Duration::from_millis(rng.random_range(WOKEN))).await;
        }
        over.set(true);
        world.say(&format!(
            "in {:.0} s the leader was stopped {} times, and {taken_over} times the other one led when it was woken",
            began.elapsed().as_secs_f64(),
            stops.len() / 2
        ));
    };
    let restarting = async {
        for component in [API_SERVER, ETCD] {
            tokio::time::sleep(plan.leaders / 3).await;
            restart(component).await;
            restarts.push((Instant::now(), format!("{} is restarted", component.0)));
        }
    };
    tokio::join!(mixed(subjects, plan.seed + 2_000, &over), stopping, restarting);
    weather.append(&mut stops);
    weather.append(&mut restarts);
    for operator in both {
        operator.wait_ready().await;
        operator.lives().await.unwrap();
    }
    assert_eq!(both.map(Operator::id), ids, "no process was restarted for it");
    second
}

async fn restart(component: Component) {
    component.kill();
    tokio::time::sleep(AWAY).await;
    component.start();
}

async fn leading(both: [&Operator; 2]) -> usize {
    let evidence = async || both.map(|operator| operator.log_end(10)).join("\n");
    until(MUCH_LATER, "one of them leads", evidence, async || {
        for (number, operator) in both.into_iter().enumerate() {
            let said = operator.readiness().await.unwrap_or_default();
            if said.contains("leading") {
                return Ok(number);
            }
        }
        Err("none does".to_owned())
    })
    .await
}

/// No orphan at the server, no record too many, and no Secret that the token endpoint refuses.
async fn nothing_too_many(scene: &Scene, subjects: &[Subject<'_>], there: usize) {
    let remote = scene.emulator.clients().len();
    let ledger = scene.ledger().await.len();
    let (mut secrets, mut refused) = (0, Vec::new());
    let everywhere: Api<Secret> = Api::all(scene.world.kube.clone());
    let published = ListParams::default().fields(&format!("type={SECRET_TYPE_PUBLISHED}"));
    for secret in everywhere.list(&published).await.unwrap() {
        let secret = Published(secret);
        let namespace = secret.0.metadata.namespace.as_ref();
        if subjects
            .iter()
            .any(|subject| Some(&subject.app.namespace) == namespace)
        {
            secrets += 1;
            if let Err(status) = scene.token(&secret.pair()).await {
                refused.push((secret.0.metadata.name.clone(), status));
            }
        }
    }
    scene.world.say(&format!(
        "{there} clients, {remote} registrations, {ledger} records, {secrets} Secrets, {} of them refused",
        refused.len()
    ));
    assert_eq!(
        (remote, ledger, secrets),
        (there, there, there),
        "{}",
        scene.journal()
    );
    assert!(refused.is_empty(), "refused: {refused:?}");
}

/// A trigger of a client that lived to see it served is one rotation at the server; of one that was deleted before,
/// one at most. One more is a named repeat when it came right after a leader was woken: no question that it asks before
/// it sends a request can tell it that it was stopped in between.
fn each_trigger_is_served_once(scene: &Scene, subjects: &[Subject<'_>], weather: &Weather) {
    let entries = scene.emulator.requests();
    let woken = weather.iter().filter(|(_, note)| note == WOKEN_UP);
    let woken: Vec<Timestamp> = woken.map(|(at, _)| Timestamp::now() - at.elapsed()).collect();
    let is_late = |entry: &&&Entry| {
        let since = woken.iter().map(|at| entry.at.duration_since(*at));
        since
            .into_iter()
            .any(|since| (SignedDuration::ZERO..LATE).contains(&since))
    };
    let (mut served, mut abandoned, mut repeats, mut wrong) = (0, 0, Vec::new(), Vec::new());
    for subject in subjects {
        let (before, by_trigger) = subject.rotations(&entries);
        if !before.is_empty() {
            wrong.push(format!("{}: rotated unasked: {before:#?}", subject.key()));
        }
        for (trigger, rotations) in by_trigger {
            let told = format!("{}: {trigger:?}: {rotations:#?}", subject.key());
            let few = match trigger.ended {
                Ended::Served => {
                    served += 1;
                    rotations.is_empty()
                }
                Ended::Abandoned => {
                    abandoned += 1;
                    false
                }
                Ended::Open => true,
            };
            let many = rotations.len().saturating_sub(1);
            if few || many > rotations.iter().filter(is_late).count() {
                wrong.push(told);
            } else if many > 0 {
                repeats.push(told);
            }
        }
    }
    scene.world.say(&format!(
        "{served} triggers are served and {abandoned} gone with their clients; {} named repeats, {} are wrong",
        repeats.len(),
        wrong.len()
    ));
    for repeat in repeats {
        scene.world.say(&format!("named repeat: {repeat}"));
    }
    // Few acts may have drawn none.
    let asked = subjects.iter().any(|subject| !subject.triggers.is_empty());
    assert!(served > 0 || !asked || abandoned > 0, "no trigger is served");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The API server is away for longer than any request is waited for.
pub async fn the_api_server_is_away_for_long(world: &'static World) {
    let plan = Plan::read();
    let scene = Scene::start(world, "outage").await;
    let app = scene.app("edited").await.ready(json!({})).await;
    let settled = scene.app("settled").await.ready(json!({})).await;
    let pair = settled.assert_sound("read").await;
    let process = world.operator.id();
    API_SERVER.kill();
    tokio::time::sleep(plan.outage).await;
    world.operator.alive().unwrap();
    world.operator.lives().await.unwrap();
    let said = world.operator.readiness().await.unwrap();
    assert!(
        !said.starts_with("ok"),
        "its watches see nothing, and it is {said}"
    );
    API_SERVER.start();
    wait_answers(world).await;
    let back = Instant::now();
    let after = || format!("{:.1} s", back.elapsed().as_secs_f64());
    let news = async {
        // Rights and definitions take the API server another moment.
        persist(async || {
            app.try_apply(json!({"scopes": ["read", "write"]}))
                .await
                .map(drop)
        })
        .await;
        settled.delete_secret().await;
        let edited = async {
            app.wait_sound("read write").await;
            after()
        };
        let repaired = async {
            assert_eq!(settled.wait_sound("read").await, pair);
            after()
        };
        tokio::join!(edited, repaired)
    };
    let ready = async {
        let evidence = async || world.operator.log_end(20);
        until(MUCH_LATER, "all watches are live", evidence, async || {
            let said = world.operator.readiness().await?;
            holds(said.starts_with("ok"), said)
        })
        .await;
        back.elapsed()
    };
    let (ready, (edited, repaired)) = tokio::join!(ready, news);
    world.say(&format!(
        "the API server was away for {:?}; after it answered again all watches were live after {:.1} s, an edit had \
         arrived at the server after {edited}, a deleted Secret was there again after {repaired}",
        plan.outage,
        ready.as_secs_f64()
    ));
    assert!(ready < LIVE, "{ready:?}");
    world.operator.lives().await.unwrap();
    assert_eq!(world.operator.id(), process, "it was not restarted for it");
    assert_eq!(scene.mutations(), 3, "{}", scene.journal());
}
