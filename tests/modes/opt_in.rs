//! Namespaces that opt in, by a label and a RoleBinding.

use std::time::Duration;

use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use oauth_client_operator::api::LABEL_ENABLED;
use serde_json::{Value, json};

use crate::stage::tenant::{Tenant, to_own};
use crate::stage::until::{holds, throughout, until};
use crate::stage::world::{INSTALLED, NAMESPACE};
use crate::stage::{App, Scene, World};

const OPT_IN: &[&str] = &["watch.mode=OptIn"];
/// Long enough for what must not happen to happen.
const WHILE: Duration = Duration::from_secs(4);

/// Sets the label of a namespace, or takes it away.
async fn label(scene: &Scene, namespace: &str, value: Value) {
    let patch = json!({"metadata": {"labels": {LABEL_ENABLED: value}}});
    scene
        .namespaces()
        .patch(namespace, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .unwrap();
}

fn bindings(app: &App<'_>) -> Api<RoleBinding> {
    Api::namespaced(app.scene.world.kube.clone(), &app.namespace)
}

/// Gives rights on Secrets, as the notes of the chart say.
async fn give_rights(app: &App<'_>) {
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "oauth-client-operator"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": format!("{INSTALLED}-secrets"),
        },
        "subjects": [{"kind": "ServiceAccount", "name": INSTALLED, "namespace": NAMESPACE}],
    });
    let binding: RoleBinding = serde_json::from_value(binding).unwrap();
    let made = bindings(app).create(&PostParams::default(), &binding).await;
    made.unwrap();
}

async fn take_rights(app: &App<'_>) {
    let delete = DeleteParams::default();
    bindings(app)
        .delete("oauth-client-operator", &delete)
        .await
        .unwrap();
}

/// Deletes the Secret and waits until it is there again.
pub async fn is_repaired(app: &App<'_>) {
    let before = app.secret().await;
    app.delete_secret().await;
    app.until("the Secret is published again", async || {
        let found = app.find_secret().await.ok_or("there is none")?;
        holds(found.uid() != before.uid(), "it is the old one")?;
        holds(found.pair() == before.pair(), "it has another pair")
    })
    .await;
}

/// What the operator says of its readiness, which is well.
async fn readiness(world: &World, wanted: impl Fn(&str) -> bool) -> String {
    let evidence = async || world.operator.log_end(20);
    until(WHILE * 5, "it is ready and says so", evidence, async || {
        let told = world.operator.readiness().await?;
        holds(told.starts_with("ok, ") && wanted(&told), told.clone())?;
        Ok(told)
    })
    .await
}

pub async fn a_namespace_is_given_and_taken_back(world: &'static World) {
    world.install_with(OPT_IN).await;
    // Its credential is in the operator's own namespace, which nobody has to give.
    let scene = Scene::start(world, "given").await;
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    let message = app.wait_condition("Accepted", "False NamespaceNotAllowed").await;
    for word in [&app.namespace, LABEL_ENABLED, "ClusterRole", "RoleBinding"] {
        assert!(message.contains(word), "{message}");
    }
    app.wait_condition("Stalled", "True NamespaceNotAllowed").await;

    give_rights(&app).await;
    assert_eq!(app.remote().len(), 0, "the label is what gives a namespace");
    label(&scene, &app.namespace, json!("true")).await;
    let pair = app.wait_sound("read").await;
    is_repaired(&app).await;

    // The rights are there still, and are not used.
    label(&scene, &app.namespace, Value::Null).await;
    app.wait_condition("Accepted", "False NamespaceNotAllowed").await;
    app.wait_condition("SecretPublished", "True Published").await;
    scene.assert_accepted(&pair).await;
    app.delete_secret().await;
    app.rotate("now").await;
    let calls = scene.mutations();
    let nothing = "nothing is done in a namespace that was taken back";
    throughout(
        WHILE,
        nothing,
        async || app.evidence().await,
        async || {
            holds(app.find_secret().await.is_none(), "there is a Secret")?;
            holds(scene.mutations() == calls, "something was changed at the server")
        },
    )
    .await;

    label(&scene, &app.namespace, json!("true")).await;
    app.until("the rotation is served", async || {
        holds(app.served().await.as_deref() == Some("now"), "it is not")
    })
    .await;
    assert_ne!(app.wait_sound("read").await, pair);

    // Its namespace goes with all that is in it, RoleBinding and all.
    scene.delete_namespace(&app.namespace).await;
    app.wait_nothing_left().await;
    readiness(world, |told| !told.contains("rights")).await;
}

pub async fn a_label_without_rights_harms_nobody_else(world: &'static World) {
    world.install_with(OPT_IN).await;
    let scene = Scene::start(world, "halfway").await;
    let app = scene.app("billing").await;
    label(&scene, &app.namespace, json!("true")).await;
    app.apply(json!({})).await;
    let message = app.wait_condition("Ready", "False WriteDenied").await;
    assert!(message.contains("RoleBinding"), "{message}");
    app.wait_condition("Stalled", "True WriteDenied").await;
    let told = readiness(world, |told| told.contains("rights are missing")).await;
    assert!(told.contains(&app.namespace), "{told}");
    let metrics = world.operator.metrics().await;
    assert!(
        metrics.contains("oauthclient_refused_namespaces 1\n"),
        "{metrics}"
    );
    assert!(
        world.operator.log().contains("a watch is refused"),
        "it is told in the log"
    );
    assert_eq!(app.remote().len(), 0);

    // Nor is it in the way of an operator that starts, and of others.
    world.operator.kill();
    world.operator.start_and_wait().await;
    let tenant = Tenant::start(&scene, "elsewhere").await;
    tenant.apply(json!({"caBundle": tenant.tls.authority})).await;
    let message = tenant.wait("False CredentialMissing").await;
    assert!(message.contains(LABEL_ENABLED), "{message}");
    let other = scene.app_in(&tenant.namespace, "other");
    label(&scene, &tenant.namespace, json!("true")).await;
    give_rights(&other).await;
    tenant.wait("True Ready").await;
    other.apply(to_own()).await;
    other.wait_sound("read").await;
    is_repaired(&other).await;

    give_rights(&app).await;
    app.wait_sound("read").await;
    readiness(world, |told| !told.contains("rights")).await;
    is_repaired(&app).await;

    // Taken away again they harm no client that has all, and its removal needs none.
    take_rights(&other).await;
    other.rotate("now").await;
    other.wait_condition("Stalled", "True WriteDenied").await;
    other.wait_condition("Ready", "True Ready").await;
    other.delete().await;
    other.wait_nothing_left().await;
    app.assert_sound("read").await;
    app.delete().await;
    app.wait_nothing_left().await;
}
