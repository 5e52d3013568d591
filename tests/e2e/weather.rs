//! Calls go wrong: each client ends ready, with one client at the server, as soon as calls go right again.

use std::time::Duration;

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
}

pub async fn a_lost_answer_to_a_registration(world: &'static World) {
    let scene = Scene::start(world, "lost-register").await;
    scene.misbehave_times(1, "register", Behaviour::LoseAnswer);
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    app.wait_sound("read").await;
    assert_eq!(scene.calls("register"), 1, "it is looked up, not repeated");
}

pub async fn a_lost_answer_to_an_update(world: &'static World) {
    let scene = Scene::start(world, "lost-update").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let before = app.assert_sound("read").await;
    scene.misbehave_times(1, "put", Behaviour::LoseAnswer);
    app.apply(json!({"scopes": ["read", "write"]})).await;
    assert_eq!(app.wait_sound("read write").await, before);
    assert_eq!(scene.calls("register"), 1);
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
}

pub async fn a_lost_answer_to_a_removal(world: &'static World) {
    let scene = Scene::start(world, "lost-delete").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    scene.misbehave_times(1, "delete", Behaviour::LoseAnswer);
    app.delete().await;
    app.wait_nothing_left().await;
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
}
