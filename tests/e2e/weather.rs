//! Calls go wrong: each client ends ready, with one client at the server, as soon as calls go right again.

use std::time::{Duration, Instant};

use authserver_emulator::misbehave::{Behaviour, BodyKind, Rule};
use serde_json::json;

use crate::stage::until::holds;
use crate::stage::{Scene, Test, World};

/// What goes wrong with every registration until it is told to stop.
pub fn at_registration() -> Vec<Test> {
    let status = |status| Behaviour::Status {
        status,
        retry_after: None,
        body: BodyKind::Html,
    };
    let not_json = Behaviour::NotJson {
        body: "this is not JSON".to_owned(),
    };
    let wrong_type = Behaviour::WrongContentType {
        content_type: "text/html".to_owned(),
    };
    let nested = Behaviour::DeepJson {
        depth: 100_000,
        as_field: false,
    };
    let redirect = Behaviour::Redirect {
        status: 307,
        location: "/elsewhere".to_owned(),
    };
    let huge = |announced| Behaviour::Huge {
        megabytes: 100,
        announced,
    };
    [
        ("resets_connections", Behaviour::Down),
        ("closes_connections", Behaviour::LoseRequest),
        ("drips", Behaviour::Drip { interval_ms: 200 }),
        ("is_too_slow", Behaviour::DelayAfter { ms: 7_000 }),
        ("redirects", redirect),
        ("answers_with_a_page", Behaviour::Html { status: 200 }),
        ("answers_with_half_of_it", Behaviour::Truncate { keep: None }),
        ("answers_with_a_sentence", not_json),
        ("answers_with_100_megabytes", huge(false)),
        ("announces_100_megabytes", huge(true)),
        ("answers_with_a_bomb", Behaviour::GzipBomb { megabytes: 100 }),
        ("answers_with_deep_nesting", nested),
        ("answers_with_another_type", wrong_type),
        ("fails", status(500)),
        ("is_overloaded", status(503)),
        ("is_not_there", Behaviour::NotFoundEverything),
    ]
    .into_iter()
    .map(|(name, behaviour)| {
        Test::new(&format!("weather::a_server_that_{name}"), move |world| {
            registers_in_the_end(world, name, behaviour)
        })
    })
    .collect()
}

async fn registers_in_the_end(world: &'static World, name: &str, behaviour: Behaviour) {
    let scene = Scene::with(
        world,
        &format!("weather-{}", name.replace('_', "-")),
        json!({"limits": {"requestTimeoutSeconds": 3}}),
    )
    .await;
    let app = scene.app("billing").await;
    scene.misbehave("register", behaviour);
    app.apply(json!({})).await;
    // What was done although its answer was spoilt is found by its name; all else is told.
    app.until("it is ready, or it is told why not", async || {
        let condition = app.condition("Ready").await?;
        let excuses = ["Ready", "WaitingForServer", "OutcomeUnknown", "ServerDenied"];
        holds(
            excuses.contains(&condition.reason.as_str()),
            format!("{condition:?}"),
        )?;
        holds(
            condition.reason == "Ready" || condition.message.contains(&scene.id),
            condition.message,
        )
    })
    .await;
    scene.emulator.behave();
    let pair = app.wait_sound("read").await;
    scene.assert_accepted(&pair).await;
    assert_eq!(scene.emulator.clients().len(), 1, "{}", scene.journal());
    assert_eq!(scene.calls("other"), 0, "a redirect is not followed");
    scene.assert_spared().await;
}

pub async fn a_lost_answer_to_a_registration(world: &'static World) {
    let scene = Scene::start(world, "lost-register").await;
    scene.misbehave_times(1, "register", Behaviour::LoseAnswer);
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    app.wait_sound("read").await;
    assert_eq!(scene.calls("register"), 1, "it is looked up, not repeated");
    scene.assert_spared().await;
}

pub async fn a_lost_answer_to_an_update(world: &'static World) {
    let scene = Scene::start(world, "lost-update").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let before = app.assert_sound("read").await;
    scene.misbehave_times(1, "put", Behaviour::LoseAnswer);
    app.apply(json!({"scopes": ["read", "write"]})).await;
    assert_eq!(app.wait_sound("read write").await, before);
    assert_eq!(scene.calls("register"), 1);
    scene.assert_spared().await;
}

pub async fn a_lost_answer_to_a_rotation(world: &'static World) {
    let scene = Scene::start(world, "lost-rotate").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let before = app.assert_sound("read").await;
    scene.misbehave_times(1, "rotate", Behaviour::LoseAnswer);
    app.rotate("one").await;
    let after = app
        .until_within(Duration::from_secs(60), "it is rotated", async || {
            let now = app.sound("read").await?;
            holds(now != before, "it is not")?;
            Ok(now)
        })
        .await;
    scene.assert_accepted(&after).await;
    scene.assert_refused(&before).await;
    assert_eq!(
        scene.calls("rotate"),
        1,
        "one value of the annotation, one rotation"
    );
    scene.assert_spared().await;
}

pub async fn a_lost_answer_to_a_removal(world: &'static World) {
    let scene = Scene::start(world, "lost-delete").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    scene.misbehave_times(1, "delete", Behaviour::LoseAnswer);
    app.delete().await;
    app.wait_nothing_left().await;
    scene.assert_spared().await;
}

/// Nobody listens at the server's port, which is what is seen while it is restarted.
pub async fn a_server_that_refuses_connections(world: &'static World) {
    const REFUSED: Duration = Duration::from_secs(15);
    let scene = Scene::start(world, "refuses").await;
    let settled = scene.app("settled").await.ready(json!({})).await;
    let version = settled.version().await;
    let (asked, calls) = (scene.emulator.requests().len(), calls(&scene).await);
    // A connection that is still open ends with the first request, and there is no way to open another one.
    scene.misbehave_times(1, "any", Behaviour::Down);
    scene.emulator.refuse_connections(REFUSED);
    let refused = Instant::now();
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    let message = app.wait_condition("Ready", "False WaitingForServer").await;
    assert!(message.contains(&scene.id), "{message}");
    scene.wait_server("Ready", "False Unreachable").await;
    assert!(refused.elapsed() < REFUSED, "it was not told in time");
    tokio::time::sleep(REFUSED.saturating_sub(refused.elapsed())).await;
    settled.reads("Ready", "True Ready").await.unwrap();
    assert_eq!(settled.version().await, version, "nothing is to be said of it");
    // What is refused does not come to the server; that it was tried, and how often, the operator has to tell.
    let tried = self::calls(&scene).await - calls;
    let came = scene.emulator.requests().len() - asked;
    world.say(&format!(
        "{tried} calls while connections are refused, {came} came to the server"
    ));
    assert!((2..=10).contains(&tried), "{tried} calls");
    scene.emulator.behave();
    app.wait_sound("read").await;
    settled.assert_sound("read").await;
    scene.wait_server("Ready", "True Ready").await;
    scene.assert_spared().await;
}

/// How many calls at the scene's server the operator has counted.
async fn calls(scene: &Scene) -> u64 {
    let metrics = scene.world.operator.metrics().await;
    let of_scene = format!("server=\"{}\"", scene.id);
    let counts = metrics
        .lines()
        .filter(|line| line.starts_with("oauthclient_provider_calls_total{") && line.contains(&of_scene))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

pub async fn a_server_that_asks_for_patience(world: &'static World) {
    const SECONDS: u64 = 6;
    let scene = Scene::start(world, "patience").await;
    let throttled = Behaviour::Status {
        status: 429,
        retry_after: Some(SECONDS.to_string()),
        body: BodyKind::Json,
    };
    scene
        .emulator
        .misbehave(Rule::on("register", throttled).times(1))
        .unwrap();
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    let message = app.wait_condition("Ready", "False WaitingForServer").await;
    assert!(message.contains(&scene.id), "{message}");
    app.wait_sound("read").await;
    let asked: Vec<u64> = scene
        .emulator
        .requests()
        .iter()
        .filter(|entry| entry.operation == "register")
        .map(|entry| entry.at_ms)
        .collect();
    let [first, second] = asked.as_slice() else {
        panic!("asked at {asked:?}")
    };
    assert!(second - first >= SECONDS * 1000 - 100, "asked at {asked:?} ms");
    scene.assert_spared().await;
}
