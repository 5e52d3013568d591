//! Bad weather between the operator and the API server. Each story is named after its row in the catalogue of faults;
//! in each, clients end as in fair weather, with one registration each.

use std::time::{Duration, Instant};

use kube::core::Request;
use kube::core::params::WatchParams;
use oauth_client_operator::api::API_VERSION;
use serde_json::json;

use crate::component::{API_SERVER, compact_etcd, wait_answers};
use crate::stage::proxy::{Fault, Passed};
use crate::stage::until::{LATER, SOON, holds, until};
use crate::stage::{App, Scene, World};

/// Until a watch that nothing comes from is noticed, and more.
const NOTICED: Duration = Duration::from_secs(60);
/// The kinds that are watched.
const WATCHED: [&str; 5] = [
    "oauthclients",
    "secrets",
    "namespaces",
    "clusterauthorizationservers",
    "authorizationservers",
];

/// Row 5: what the operator has written itself comes back late.
pub async fn row_05_own_writes_are_seen_late(world: &'static World) {
    let scene = Scene::start(world, "lag").await;
    for resource in WATCHED {
        world.proxy.delay_events(resource, Duration::from_secs(3));
    }
    let app = scene.app("billing").await.ready(json!({})).await;
    app.rotate("one").await;
    app.until_within(LATER, "the rotation is served", async || {
        holds(app.served().await.as_deref() == Some("one"), "it is not")
    })
    .await;
    world.proxy.clear();
    app.wait_sound("read").await;
    assert_eq!(
        (scene.calls("register"), scene.calls("rotate")),
        (1, 1),
        "{}",
        scene.journal()
    );
}

/// Rows 8 and 9: events are lost, and the watch is told that what it asks for is no longer kept.
pub async fn row_09_events_are_lost_and_the_watch_has_expired(world: &'static World) {
    let scene = Scene::start(world, "gap").await;
    let (edited, deleted, settled) = (
        scene.app("edited").await.ready(json!({})).await,
        scene.app("deleted").await.ready(json!({})).await,
        scene.app("settled").await.ready(json!({})).await,
    );
    for resource in ["oauthclients", "secrets"] {
        world.proxy.swallow_events(resource, 1_000);
    }
    edited.apply(json!({"scopes": ["read", "write"]})).await;
    deleted.delete().await;
    settled.delete_secret().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(scene.mutations(), 3, "nobody has told the operator yet");
    world.proxy.clear();
    let moment = Instant::now();
    for resource in WATCHED {
        world.proxy.expire_watches(resource);
    }
    edited.wait_sound("read write").await;
    deleted.wait_nothing_left().await;
    settled.wait_sound("read").await;
    world.say(&format!(
        "lost events are made up for {:.1} s after the watches were told that they have expired",
        moment.elapsed().as_secs_f64()
    ));
    // An edit and a deletion: a new list alone changes nothing at the server.
    assert_eq!(scene.mutations(), 5, "{}", scene.journal());
    let moment = Instant::now();
    for resource in WATCHED {
        world.proxy.expire_watches(resource);
        world.proxy.end_watches(resource);
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    let written: Vec<_> = world
        .proxy
        .passed_since(moment)
        .into_iter()
        .filter(|passed| passed.writes() && passed.resource != "leases")
        // The servers of earlier tests have gone, which is told of them in these seconds or others.
        .filter(|passed| !passed.resource.ends_with("servers/status") || passed.name == scene.id)
        .collect();
    assert!(written.is_empty(), "new lists made it write: {written:#?}");
}

/// Row 9 without a proxy's word for it: what the watches ask for is compacted away, and the API server starts anew.
pub async fn row_09_etcd_is_compacted(world: &'static World) {
    let scene = Scene::start(world, "compacted").await;
    let (edited, deleted, settled) = (
        scene.app("edited").await.ready(json!({})).await,
        scene.app("deleted").await.ready(json!({})).await,
        scene.app("settled").await.ready(json!({})).await,
    );
    let pair = settled.assert_sound("read").await;
    let seen = edited.get().await.unwrap().metadata.resource_version.unwrap();
    for resource in WATCHED {
        world.proxy.fault("watch", resource, Fault::Lost);
        world.proxy.end_watches(resource);
    }
    edited.apply(json!({"scopes": ["read", "write"]})).await;
    deleted.delete().await;
    settled.delete_secret().await;
    compact_etcd().await;
    API_SERVER.kill();
    API_SERVER.start();
    wait_answers(world).await;
    until(
        SOON,
        "what was seen last can no longer be watched from",
        async || scene.journal(),
        async || {
            let watched = Request::new(format!("/apis/{API_VERSION}/oauthclients"));
            let request = watched.watch(&WatchParams::default().timeout(1), &seen).unwrap();
            let told = world.kube.request_text(request).await;
            let told = told.unwrap_or_else(|error| format!("{error:?}"));
            holds(told.contains("too old resource version"), told)
        },
    )
    .await;
    let moment = Instant::now();
    world.proxy.clear();
    edited.wait_sound("read write").await;
    deleted.wait_nothing_left().await;
    assert_eq!(settled.wait_sound("read").await, pair);
    let listed = |passed: &Passed| passed.verb == "list" && passed.resource == "oauthclients";
    assert!(
        world.proxy.passed_since(moment).iter().any(listed),
        "what was missed is read from a new list"
    );
    assert_eq!(scene.mutations(), 5, "{}", scene.journal());
    world.operator.wait_ready().await;
}

/// Row 10: all watches are half open.
pub async fn row_10_watches_are_half_open(world: &'static World) {
    let scene = Scene::start(world, "halfopen").await;
    let settled = scene.app("settled").await.ready(json!({})).await;
    let pair = settled.assert_sound("read").await;
    for resource in WATCHED {
        world.proxy.silence_watches(resource);
    }
    let moment = Instant::now();
    settled.delete_secret().await;
    let app = scene.app("new").await;
    app.apply(json!({})).await;
    app.wait_sound("read").await;
    assert_eq!(settled.wait_sound("read").await, pair);
    world.say(&format!(
        "watches that were half open have recovered after {:.1} s",
        moment.elapsed().as_secs_f64()
    ));
    assert!(moment.elapsed() < NOTICED, "{:?}", moment.elapsed());
    world.operator.lives().await.unwrap();
}

/// Row 11: every other write conflicts with somebody else's.
pub async fn row_11_every_other_write_conflicts(world: &'static World) {
    let scene = Scene::start(world, "conflicts").await;
    world
        .proxy
        .fault_every(2, "write", "*", Fault::Refused(409, None));
    the_whole_life(&scene, world).await;
}

/// Row 12: the API server has no time.
pub async fn row_12_requests_are_throttled(world: &'static World) {
    let scene = Scene::start(world, "throttled").await;
    world.proxy.fault_every(4, "*", "*", Fault::Refused(429, Some(1)));
    world.proxy.fault_every(5, "*", "*", Fault::Refused(429, None));
    world.proxy.fault_every(7, "*", "*", Fault::Refused(503, None));
    the_whole_life(&scene, world).await;
}

/// Row 12 again: answers take their time.
pub async fn row_12_answers_are_slow(world: &'static World) {
    let scene = Scene::start(world, "slow-api").await;
    world
        .proxy
        .fault("*", "*", Fault::Late(Duration::from_millis(400)));
    the_whole_life(&scene, world).await;
}

/// Row 2, at the API server: every third write is done and its answer lost; every fifth is lost itself.
pub async fn row_02_answers_to_writes_are_lost(world: &'static World) {
    let scene = Scene::start(world, "lost-writes").await;
    world.proxy.fault_every(3, "write", "*", Fault::AnswerLost);
    world.proxy.fault_every(5, "write", "*", Fault::Lost);
    the_whole_life(&scene, world).await;
}

/// Row 14: the status cannot be written, and everything else can.
pub async fn row_14_the_status_fails(world: &'static World) {
    let scene = Scene::start(world, "no-status").await;
    world
        .proxy
        .fault("patch", "oauthclients/status", Fault::Refused(500, None));
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    app.until("its Secret works", async || {
        let secret = app.find_secret().await.ok_or("there is no Secret")?;
        let answer = scene.token(&secret.pair()).await;
        answer.map(drop).map_err(|status| status.to_string())
    })
    .await;
    world.proxy.clear();
    app.wait_sound("read").await;
    assert_eq!(scene.mutations(), 1, "{}", scene.journal());
}

/// Row 33: a client is deleted and made again before anybody hears of it.
pub async fn row_33_a_client_is_made_again_unseen(world: &'static World) {
    let scene = Scene::start(world, "again").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    for resource in ["oauthclients", "secrets"] {
        world.proxy.delay_events(resource, Duration::from_secs(2));
    }
    app.delete().await;
    app.until("it is gone", async || {
        holds(app.get().await.is_none(), "it is there")
    })
    .await;
    app.apply(json!({"scopes": ["write"]})).await;
    app.wait_sound("write").await;
    world.proxy.clear();
    app.wait_sound("write").await;
}

/// Created, edited, rotated, repaired and deleted while the weather is bad: each registration and each rotation
/// happens once.
async fn the_whole_life(scene: &Scene, world: &'static World) {
    let app = scene.app("billing").await;
    let other = scene.app("other").await;
    app.apply(json!({})).await;
    other.apply(json!({})).await;
    let before = app.wait_sound("read").await;
    other.wait_sound("read").await;
    app.apply(json!({"scopes": ["read", "write"]})).await;
    app.wait_sound("read write").await;
    app.rotate("one").await;
    app.until_within(LATER, "the rotation is served", async || {
        holds(app.served().await.as_deref() == Some("one"), "it is not")
    })
    .await;
    let pair = app.wait_sound("read write").await;
    assert_ne!(pair, before);
    app.delete_secret().await;
    assert_eq!(app.wait_sound("read write").await, pair);
    other.delete().await;
    other.wait_nothing_left().await;
    world.proxy.clear();
    app.wait_sound("read write").await;
    assert_eq!(
        (scene.calls("register"), scene.calls("rotate")),
        (2, 1),
        "{}",
        scene.journal()
    );
    assert_eq!(scene.emulator.clients().len(), 1);
    refresh(&app).await;
}

/// What was spoilt for the operator is not spoilt for the next story.
async fn refresh(app: &App<'_>) {
    app.scene.world.operator.wait_ready().await;
}
