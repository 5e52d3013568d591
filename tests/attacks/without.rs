//! That the table catches an operator that lacks a protection: the attack succeeds there, and is seen to.

use authserver_emulator::misbehave::{Behaviour, BodyKind};
use kube::Api;
use kube::api::{Patch, PatchParams};
use oauth_client_operator::api::{API_VERSION, AuthorizationServer};
use serde_json::json;

use crate::STRICT;
use crate::actors;
use crate::ground::Trap;
use crate::stage::scene::MANAGER;
use crate::stage::until::{SOON, holds, until};
use crate::stage::{Scene, World};
use crate::table::Actor;

/// The same address as in the group `addresses`, and an operator that is told to allow it.
pub async fn may_connect_to_loopback(world: &'static World) {
    world.install_with(&["egress.allowLoopback=true"]).await;
    let scene = Scene::bare(world, "without").await;
    let namespace = scene.namespace("").await;
    let trap = Trap::set().await;
    let attacker = actors::enter(&world.kube, Actor::ServerOwner, &namespace).await;
    let servers: Api<AuthorizationServer> = Api::namespaced(attacker, &namespace);
    let server = json!({
        "apiVersion": API_VERSION, "kind": "AuthorizationServer", "metadata": {"name": "inner"},
        "spec": {"provider": {"digitalRoute": {
            "url": format!("https://127.0.0.2:{}", trap.port), "auth": {"none": {}},
        }}},
    });
    servers
        .patch("inner", &PatchParams::apply(MANAGER), &Patch::Apply(server))
        .await
        .unwrap();
    let evidence = async || scene.log();
    until(
        SOON,
        "the operator connects to the inner address",
        evidence,
        async || holds(trap.visits() > 0, "nobody came"),
    )
    .await;
    servers
        .delete("inner", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    world.install_with(&STRICT).await;
}

/// What a server of the cluster answers may be told: there the words are found that nobody sees in the group `answers`.
pub async fn words_are_shown(world: &'static World) {
    const WORDS: &str = "this call was answered 426 on command";
    let scene = Scene::bare(world, "words").await;
    scene.misbehave(
        "any",
        Behaviour::Status {
            status: 426,
            retry_after: None,
            body: BodyKind::Json,
        },
    );
    scene.put_credential(scene.credential()).await;
    scene.apply_server(json!({})).await;
    let message = scene.wait_server("Ready", "False Unreachable").await;
    assert!(message.contains(WORDS), "{message}");
    let evidence = async || scene.log();
    until(SOON, "the words are seen", evidence, async || {
        holds(!world.witness.shows(WORDS).is_empty(), "they are not")
    })
    .await;
}
