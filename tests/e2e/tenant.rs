//! A server that a tenant connects in a namespace of its own.

use authserver_emulator::misbehave::Behaviour;
use serde_json::json;

use crate::stage::tenant::{Tenant, to_own};
use crate::stage::until::holds;
use crate::stage::{App, Scene, World};

pub async fn a_server_of_a_namespace(world: &'static World) {
    let scene = Scene::bare(world, "tenant").await;
    let tenant = Tenant::start(&scene, "").await;
    let app = scene.app_in(&tenant.namespace, "billing");
    app.apply(to_own()).await;

    // Whom it does not know it sends no credential.
    tenant.apply(json!({})).await;
    tenant.wait("False Unreachable").await;
    assert!(scene.emulator.requests().is_empty(), "{}", scene.journal());
    tenant.apply(json!({"caBundle": tenant.tls.authority})).await;
    tenant.wait("True Ready").await;
    app.wait_sound("read").await;
    app.rotate("one").await;
    app.until("the rotation is served", async || {
        holds(app.served().await.as_deref() == Some("one"), "it is not")
    })
    .await;
    app.wait_sound("read").await;

    // It is nobody else's.
    let elsewhere = scene.namespace("elsewhere").await;
    let other: App<'_> = scene.app_in(&elsewhere, "billing");
    other.apply(to_own()).await;
    let message = other.wait_condition("Ready", "False ServerNotFound").await;
    assert!(
        message.contains("there is no AuthorizationServer own"),
        "{message}"
    );
    assert_eq!(scene.emulator.clients().len(), 1);

    app.delete().await;
    app.wait_nothing_left().await;
}

/// What the server at a tenant's address says may be anything, also what somebody else must not read.
pub async fn its_words_are_not_passed_on(world: &'static World) {
    const INNER: &str = "instance-metadata-of-the-node";
    let scene = Scene::bare(world, "tenant-words").await;
    let tenant = Tenant::start(&scene, "").await;
    scene.misbehave(
        "any",
        Behaviour::NotJson {
            body: INNER.to_owned(),
        },
    );
    tenant.apply(json!({"caBundle": tenant.tls.authority})).await;
    let app = scene.app_in(&tenant.namespace, "billing");
    app.apply(to_own()).await;
    let message = tenant.wait("False Unreachable").await;
    assert!(!message.contains(INNER), "{message}");
    app.wait_condition("Ready", "False WaitingForServer").await;
    assert_eq!(world.witness.shows(INNER), Vec::<String>::new());
}
