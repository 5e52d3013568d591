//! A client ends: deleted, pruned, taken along by its namespace, or left where it is.

use std::time::{Duration, Instant};

use authserver_emulator::misbehave::Behaviour;
use serde_json::json;

use crate::stage::until::{holds, throughout};
use crate::stage::{Scene, World};

pub async fn delete(world: &'static World) {
    let scene = Scene::start(world, "delete").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let other = scene.app("orders").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    app.delete().await;
    app.wait_nothing_left().await;
    scene.assert_refused(&pair).await;
    other.assert_sound("read").await;
    assert_eq!(scene.calls("delete"), 1);

    // The same name again is a new client.
    app.apply(json!({})).await;
    assert_ne!(app.wait_sound("read").await, pair);
}

pub async fn delete_while_the_server_is_down(world: &'static World) {
    let scene = Scene::start(world, "delete-down").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    scene.misbehave("any", Behaviour::Down);
    app.delete().await;
    app.until("the object is gone at once", async || {
        holds(app.get().await.is_none(), "it is there")
    })
    .await;
    let note = app.wait_event("CleanupPending").await;
    assert!(note.contains("removed as soon as"), "{note}");
    app.until("the server object tells what is left to do", async || {
        let server = scene.servers().get(&scene.id).await.unwrap();
        let counts = server.status.and_then(|status| status.clients);
        let pending = counts.as_ref().map(|counts| counts.pending_deletion);
        holds(pending == Some(1), format!("{counts:?}"))
    })
    .await;
    scene.emulator.behave();
    app.wait_nothing_left().await;
}

pub async fn a_namespace_is_deleted(world: &'static World) {
    let scene = Scene::start(world, "ns-deleted").await;
    let namespace = scene.namespace("gone").await;
    let apps = [
        scene.app_in(&namespace, "billing"),
        scene.app_in(&namespace, "orders"),
    ];
    for app in &apps {
        app.apply(json!({})).await;
    }
    for app in &apps {
        app.wait_sound("read").await;
    }
    let stays = scene.app("stays").await.ready(json!({})).await;
    scene.delete_namespace(&namespace).await;
    scene.wait_namespace_gone(&namespace).await;
    for app in &apps {
        app.wait_nothing_left().await;
    }
    stays.assert_sound("read").await;
    assert_eq!(scene.ledger().await, [format!("{}/stays", scene.id)]);
}

pub async fn a_namespace_that_is_terminating_gets_nothing(world: &'static World) {
    let scene = Scene::start(world, "ns-terminating").await;
    let namespace = scene.namespace("going").await;
    let app = scene.app_in(&namespace, "billing");
    // Something that keeps the namespace, and the client in it, from going.
    let finalizers = json!(["e2e.example.com/stay"]);
    // Something that holds the registration up, so that it is still to be done.
    scene.emulator.set_scopes(&[]);
    app.apply(json!({})).await;
    app.patch(json!({"metadata": {"finalizers": finalizers}})).await;
    app.wait_condition("Ready", "False ScopeNotFound").await;
    scene.delete_namespace(&namespace).await;
    app.until("the namespace controller has come to the client", async || {
        let object = app.get().await.ok_or("it is gone")?;
        holds(
            object.metadata.deletion_timestamp.is_some(),
            "it is not being deleted",
        )
    })
    .await;
    scene.emulator.set_scopes(&["read"]);
    let evidence = async || app.evidence().await;
    throughout(
        Duration::from_secs(10),
        "nothing is minted or published",
        evidence,
        async || {
            holds(scene.mutations() == 0, "it was registered")?;
            holds(app.find_secret().await.is_none(), "there is a Secret")
        },
    )
    .await;
    app.patch(json!({"metadata": {"finalizers": null}})).await;
    scene.wait_namespace_gone(&namespace).await;
    app.wait_nothing_left().await;
}

pub async fn a_client_that_is_terminating_gets_nothing_new(world: &'static World) {
    let scene = Scene::start(world, "terminating").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    app.patch(json!({"metadata": {"finalizers": ["e2e.example.com/stay"]}}))
        .await;
    app.delete().await;
    app.rotate("too late").await;
    let evidence = async || app.evidence().await;
    throughout(
        Duration::from_secs(10),
        "it stays as it is",
        evidence,
        async || {
            holds(scene.mutations() == 1, "the server was asked for a change")?;
            let secret = app.find_secret().await.ok_or("the Secret is gone")?;
            holds(secret.pair() == pair, "another credential is published")
        },
    )
    .await;
    app.patch(json!({"metadata": {"finalizers": null}})).await;
    app.wait_nothing_left().await;
}

pub async fn prune_and_come_back(world: &'static World) {
    const DELAY: Duration = Duration::from_secs(20);
    // Times are told in whole seconds, and it takes a moment to see them.
    const LEAST: Duration = Duration::from_secs(18);
    let scene = Scene::with(
        world,
        "prune",
        json!({"deletion": {"delaySeconds": DELAY.as_secs()}}),
    )
    .await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;

    app.delete().await;
    app.until("the removal is noted", async || {
        let record = app.record().await.ok_or("the ledger has no entry")?;
        holds(
            record["obligations"]
                .as_array()
                .is_some_and(|owed| owed.len() == 1),
            "it is not",
        )
    })
    .await;
    assert_eq!(
        app.secret().await.pair(),
        pair,
        "the Secret stays as long as the client"
    );
    scene.assert_accepted(&pair).await;
    app.apply(json!({})).await;
    assert_eq!(
        app.wait_sound("read").await,
        pair,
        "nothing has changed for the application"
    );
    assert_eq!((scene.calls("register"), scene.calls("delete")), (1, 0));

    app.delete().await;
    let deleted = Instant::now();
    app.wait_nothing_left().await;
    assert!(
        deleted.elapsed() >= LEAST,
        "removed after {:?}",
        deleted.elapsed()
    );
    scene.assert_refused(&pair).await;
}

pub async fn retain(world: &'static World) {
    let scene = Scene::start(world, "retain").await;
    let app = scene
        .app("billing")
        .await
        .ready(json!({"deletionPolicy": "Retain"}))
        .await;
    let pair = app.assert_sound("read").await;
    assert!(
        app.secret().await.meaning().owners.is_empty(),
        "not for the garbage collector"
    );
    app.delete().await;
    app.until("only the client at the server is left", async || {
        holds(app.find_secret().await.is_none(), "the Secret is there")?;
        holds(app.record().await.is_none(), "the ledger has an entry")
    })
    .await;
    assert_eq!(app.remote().len(), 1);
    scene.assert_accepted(&pair).await;
    assert_eq!(scene.calls("delete"), 0);
}
