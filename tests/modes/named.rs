//! Namespaces that are named, each with a Role of its own.

use std::time::Duration;

use kube::api::DeleteParams;
use serde_json::json;

use super::opt_in::is_repaired;
use crate::stage::tenant::{Tenant, to_own};
use crate::stage::until::{SOON, holds, throughout, until};
use crate::stage::world::install;
use crate::stage::{App, Scene, World};

/// Long enough for what must not happen to happen.
const WHILE: Duration = Duration::from_secs(4);

/// Installs the chart for these namespaces, which are there.
async fn install_for(world: &World, namespaces: &[&str], more: &[&str]) {
    let named = format!("watch.namespaces={{{}}}", namespaces.join(","));
    let values: Vec<&str> = ["watch.mode=Namespaces", &named]
        .iter()
        .chain(more)
        .copied()
        .collect();
    world.install_with(&values).await;
}

/// That nothing is done about a client: it is not even told so.
async fn is_left_alone(app: &App<'_>) {
    let version = app.version().await;
    let evidence = async || app.evidence().await;
    throughout(WHILE, "it is left alone", evidence, async || {
        holds(app.version().await == version, "its status was written")?;
        holds(app.find_secret().await.is_none(), "there is a Secret")?;
        holds(app.remote().is_empty(), "there is a client at the server")
    })
    .await;
}

pub async fn what_is_not_named_is_left_alone(world: &'static World) {
    let scene = Scene::bare(world, "named").await;
    let (first, second) = (scene.namespace("first").await, scene.namespace("second").await);
    let outside = scene.namespace("outside").await;
    install_for(world, &[&first, &second], &[]).await;
    scene.put_credential(scene.credential()).await;
    scene.apply_server(json!({})).await;
    scene.wait_server("Ready", "True Ready").await;

    let left_alone = scene.app_in(&outside, "billing");
    left_alone.apply(json!({})).await;
    for namespace in [&first, &second] {
        let app = scene.app_in(namespace, "billing").ready(json!({})).await;
        app.assert_sound("read").await;
        app.wait_event("SecretPublished").await;
        is_repaired(&app).await;
        app.delete().await;
        app.wait_nothing_left().await;
    }
    is_left_alone(&left_alone).await;
    left_alone.delete().await;
}

pub async fn a_namespace_that_is_not_named_any_more_is_held(world: &'static World) {
    let scene = Scene::bare(world, "less").await;
    let (stays, goes) = (scene.namespace("stays").await, scene.namespace("goes").await);
    install_for(world, &[&stays, &goes], &[]).await;
    scene.put_credential(scene.credential()).await;
    scene.apply_server(json!({})).await;
    let app = scene.app_in(&goes, "billing").ready(json!({})).await;
    let pair = app.assert_sound("read").await;

    install_for(world, &[&stays], &[]).await;
    app.delete().await;
    let evidence = async || app.evidence().await;
    throughout(
        WHILE,
        "what is out of sight is no evidence",
        evidence,
        async || {
            holds(app.remote().len() == 1, "the client at the server is gone")?;
            holds(app.record().await.is_some(), "the record is gone")
        },
    )
    .await;
    scene.assert_accepted(&pair).await;
    let metrics = world.operator.metrics().await;
    assert!(metrics.contains("oauthclient_held_records 1\n"), "{metrics}");
    assert!(world.operator.log().contains("are held"), "it is told in the log");

    install_for(world, &[&stays, &goes], &[]).await;
    app.wait_nothing_left().await;
}

pub async fn a_namespace_is_deleted_and_made_again(world: &'static World) {
    let scene = Scene::bare(world, "gone").await;
    let (stays, goes) = (scene.namespace("stays").await, scene.namespace("goes").await);
    install_for(world, &[&stays, &goes], &[]).await;
    scene.put_credential(scene.credential()).await;
    scene.apply_server(json!({})).await;
    let app = scene.app_in(&goes, "billing").ready(json!({})).await;
    let other = scene.app_in(&stays, "billing").ready(json!({})).await;

    // With the operator away, what is there cannot be told any more when it is back: its rights are gone, too.
    world.operator.kill();
    scene.delete_namespace(&goes).await;
    scene.wait_namespace_gone(&goes).await;
    world.operator.start_and_wait().await;
    let evidence = async || app.evidence().await;
    throughout(WHILE, "a refusal is no evidence", evidence, async || {
        holds(app.remote().len() == 1, "the client at the server is gone")?;
        holds(app.record().await.is_some(), "the record is gone")
    })
    .await;
    let told = world.operator.readiness().await.unwrap();
    assert!(told.starts_with("ok, ") && told.contains(&goes), "{told}");
    is_repaired(&other).await;

    scene.namespace("goes").await;
    let named = format!("watch.namespaces={{{stays},{goes}}}");
    install(&["watch.mode=Namespaces", &named]).unwrap();
    app.wait_nothing_left().await;
    let again = scene.app_in(&goes, "billing").ready(json!({})).await;
    again.assert_sound("read").await;
    let evidence = async || world.operator.log_end(20);
    until(SOON, "nothing is missing", evidence, async || {
        let told = world.operator.readiness().await?;
        holds(told.starts_with("ok, ") && !told.contains("rights"), told)
    })
    .await;
}

pub async fn with_the_least_rights(world: &'static World) {
    let scene = Scene::bare(world, "least").await;
    let tenant = Tenant::start(&scene, "").await;
    let least = [
        "clusterServers.enabled=false",
        "clusterID=modes",
        "leaderElection.enabled=false",
        "replicaCount=1",
    ];
    install_for(world, &[&tenant.namespace], &least).await;
    tenant.apply(json!({"caBundle": tenant.tls.authority})).await;
    tenant.wait("True Ready").await;
    let app = scene.app_in(&tenant.namespace, "billing");
    app.apply(to_own()).await;
    app.wait_sound("read").await;
    is_repaired(&app).await;

    // Another operator of the cluster may serve them.
    scene.apply_server(json!({})).await;
    let lost = scene.app_in(&tenant.namespace, "lost");
    lost.apply(json!({})).await;
    let message = lost.wait_condition("Ready", "False ServerNotFound").await;
    assert!(message.contains("clusterServers.enabled"), "{message}");
    let untouched = (
        "Unknown Pending".to_owned(),
        "Waiting for the operator.".to_owned(),
    );
    assert_eq!(
        scene.server_condition("Ready").await,
        Some(untouched),
        "its status is somebody else's"
    );
    let delete = DeleteParams::default();
    scene.servers().delete(&scene.id, &delete).await.unwrap();
    lost.delete().await;
    app.delete().await;
    app.wait_nothing_left().await;
}
