//! Something is in the way of the Secret: nothing is minted that could not be published.

use std::time::Duration;

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::stage::scene::MANAGER;
use crate::stage::until::{SOON, holds, throughout, until};
use crate::stage::{Scene, World};

pub async fn a_foreign_secret(world: &'static World) {
    foreign(world, "foreign", false).await;
}

pub async fn an_immutable_foreign_secret(world: &'static World) {
    foreign(world, "foreign-immutable", true).await;
}

async fn foreign(world: &'static World, name: &str, immutable: bool) {
    let scene = Scene::start(world, name).await;
    let app = scene.app("billing").await;
    let theirs = app.put_foreign_secret(immutable).await;
    app.apply(json!({})).await;
    let message = app.wait_condition("Ready", "False SecretNameTaken").await;
    assert!(
        message.contains("Secret billing exists and is not made by this operator; it is left alone"),
        "{message}"
    );
    app.wait_condition("Stalled", "True SecretNameTaken").await;
    assert_eq!(app.secret().await.version(), theirs.version());
    assert_eq!(scene.mutations(), 0);
    app.delete_secret().await;
    app.wait_sound("read").await;
}

pub async fn two_clients_with_one_secret_name(world: &'static World) {
    let scene = Scene::start(world, "one-name").await;
    let shared = json!({"secret": {"name": "shared"}});
    let first = scene.app("first").await.ready(shared.clone()).await;
    let version = async || {
        first
            .secrets()
            .get("shared")
            .await
            .unwrap()
            .metadata
            .resource_version
    };
    let before = version().await;
    let second = scene.app("second").await;
    second.apply(shared).await;
    let message = second.wait_condition("Ready", "False SecretNameTaken").await;
    assert!(
        message.contains("Secret shared exists and is of OAuthClient first"),
        "{message}"
    );
    let evidence = async || second.evidence().await;
    throughout(
        Duration::from_secs(5),
        "the Secret does not flap",
        evidence,
        async || {
            holds(version().await == before, "it was written")?;
            first.reads("Ready", "True Ready").await.map(drop)
        },
    )
    .await;
    assert_eq!(scene.mutations(), 1);

    first.delete().await;
    second.wait_ready().await;
    assert_eq!(second.remote().len(), 1);
    first
        .until("its client at the server is removed", async || {
            holds(first.remote().is_empty(), "it is there")
        })
        .await;
}

pub async fn a_quota_that_forbids_the_secret(world: &'static World) {
    let scene = Scene::start(world, "quota").await;
    let app = scene.app("billing").await;
    let quotas: Api<ResourceQuota> = Api::namespaced(world.kube.clone(), &app.namespace);
    let allow = async |secrets: &str| {
        let quota = json!({
            "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"},
            "spec": {"hard": {"secrets": secrets}},
        });
        let parameters = PatchParams::apply(MANAGER);
        quotas
            .patch("few", &parameters, &Patch::Apply(quota))
            .await
            .unwrap();
        let evidence = async || String::new();
        until(SOON, "the quota is in force", evidence, async || {
            let hard = quotas
                .get("few")
                .await
                .unwrap()
                .status
                .and_then(|status| status.hard);
            let found = hard.and_then(|hard| hard.get("secrets").cloned());
            holds(
                found.as_ref().is_some_and(|found| found.0 == secrets),
                format!("{found:?}"),
            )
        })
        .await;
    };
    allow("0").await;
    app.apply(json!({})).await;
    let evidence = async || app.evidence().await;
    throughout(
        Duration::from_secs(60),
        "the server is spared",
        evidence,
        async || holds(scene.mutations() <= 3, format!("{} mutations", scene.mutations())),
    )
    .await;
    let message = app.wait_condition("Ready", "False WriteDenied").await;
    assert!(message.contains("exceeded quota"), "{message}");
    assert_eq!(app.remote().len(), 0, "no orphan");
    world.say(&format!(
        "mutations in the first minute of a Secret that cannot be written: {}",
        scene.mutations()
    ));

    allow("5").await;
    app.wait_sound("read").await;
    assert_eq!(scene.calls("register"), 1);
}
