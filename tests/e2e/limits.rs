//! Limits on many clients together: no namespace has more than its share, and a mass deletion waits for a person.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::stage::until::{holds, throughout};
use crate::stage::{App, Scene, World};

fn rules(most: u32) -> Value {
    json!([{"name": "all", "namespaces": {"from": "All"}, "scopes": ["*"], "maxClientsPerNamespace": most}])
}

async fn count(apps: &[App<'_>], type_: &str, wanted: &str) -> usize {
    let mut count = 0;
    for app in apps {
        count += usize::from(app.reads(type_, wanted).await.is_ok());
    }
    count
}

pub async fn a_namespace_has_its_share_and_no_more(world: &'static World) {
    let scene = Scene::with(world, "share", json!({"accessRules": rules(4)})).await;
    let namespace = scene.namespace("").await;
    let apps: Vec<App> = (0..9)
        .map(|n| scene.app_in(&namespace, &format!("app-{n}")))
        .collect();
    // All at once: no two that are looked at side by side take the same place.
    futures::future::join_all(apps.iter().map(|app| app.apply(json!({})))).await;
    apps[0]
        .until(
            "four are ready and five are told that the namespace is full",
            async || {
                let ready = count(&apps, "Ready", "True Ready").await;
                let full = count(&apps, "Registered", "False QuotaReached").await;
                holds((ready, full) == (4, 5), format!("{ready} ready, {full} told"))
            },
        )
        .await;
    assert_eq!(scene.calls("register"), 4);
    let other = scene.app_in(&scene.namespace("other").await, "app");
    other.ready(json!({})).await;

    // A place that is given up is taken by one of those who wait.
    let mut first = None;
    for app in &apps {
        if app.reads("Ready", "True Ready").await.is_ok() {
            first = Some(app);
        }
    }
    first.unwrap().delete().await;
    apps[0]
        .until("another one has the place", async || {
            let ready = count(&apps, "Ready", "True Ready").await;
            holds(ready == 4, format!("{ready} ready"))
        })
        .await;
    assert_eq!(scene.emulator.clients().len(), 5, "four here, one there");
}

pub async fn a_mass_deletion_waits_for_a_person(world: &'static World) {
    let scene = Scene::with(world, "mass", json!({"deletion": {"maxBurst": 3}})).await;
    let gone = scene.namespace("gone").await;
    let along = scene.namespace("along").await;
    let apps: Vec<App> = (0..8)
        .map(|n| scene.app_in(if n < 3 { &gone } else { &along }, &format!("app-{n}")))
        .collect();
    for app in &apps {
        app.apply(json!({})).await;
    }
    let mut pairs = Vec::new();
    for app in &apps {
        pairs.push(app.wait_sound("read").await);
    }
    // A namespace counts once, however many clients go with it.
    scene.delete_namespace(&gone).await;
    scene.wait_namespace_gone(&gone).await;
    for app in &apps[..3] {
        app.wait_nothing_left().await;
    }
    let apps = &apps[3..];
    futures::future::join_all(apps.iter().map(App::delete)).await;
    let message = scene.wait_server("DeletionsHeld", "True BurstExceeded").await;
    assert!(
        message.contains("oauthclient.dev/release-held-deletions"),
        "{message}"
    );
    apps[0]
        .until("two went, three are held", async || {
            let left = scene.emulator.clients().len();
            let server = scene.servers().get(&scene.id).await.unwrap();
            let counts = server.status.and_then(|status| status.clients);
            let held = counts.as_ref().map(|counts| counts.held_deletion);
            holds(left == 3 && held == Some(3), format!("{left} left, {counts:?}"))
        })
        .await;
    throughout(
        Duration::from_secs(3),
        "held is held",
        async || scene.log(),
        async || {
            let left = scene.emulator.clients().len();
            holds(left == 3, format!("{left} left"))
        },
    )
    .await;

    // One that was not meant to go comes back as it was.
    let mut back = None;
    for (app, pair) in apps.iter().zip(&pairs[3..]) {
        if scene.token(pair).await.is_ok() {
            back = Some((app, pair));
        }
    }
    let (app, pair) = back.unwrap();
    app.apply(json!({})).await;
    assert_eq!(app.wait_sound("read").await, *pair);

    let release =
        json!({"metadata": {"annotations": {"oauthclient.dev/release-held-deletions": "all wanted"}}});
    let release = Patch::Merge(release);
    let servers = scene.servers();
    servers
        .patch(&scene.id, &PatchParams::default(), &release)
        .await
        .unwrap();
    app.until("the others went", async || {
        let left = scene.emulator.clients().len();
        holds(left == 1, format!("{left} left"))
    })
    .await;
    scene.wait_server("DeletionsHeld", "False NoneHeld").await;
    app.assert_sound("read").await;
}
