//! What people are told.

use authserver_emulator::misbehave::Behaviour;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use oauth_client_operator::model::LedgerEntry;
use serde_json::{Value, json};

use crate::desk::{entry, ledger_apart, out_of_reach, owed, plugin, subject};
use crate::stage::until::holds;
use crate::stage::world::{INSTALLED, NAMESPACE};
use crate::stage::{App, Scene, World};

async fn status(app: &App<'_>, more: &str) -> String {
    let words = format!("status {} -n {}{more}", app.name, app.namespace);
    plugin(app.scene.world, &words).await.well()
}

pub async fn a_client_that_is_ready(world: &'static World) {
    let scene = Scene::start(world, "status").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let text = status(&app, "").await;
    for part in [
        "ready for",
        "nobody",
        "nothing: all is as it should be",
        "billing, there",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    assert!(!text.contains("Not read"), "{text}");

    let told: Value = serde_json::from_str(&status(&app, " -o json").await).unwrap();
    assert_eq!(told["server"]["ready"], json!(true));
    assert_eq!(told["secret"], json!({"name": "billing", "there": true}));
    assert_eq!(told["clientID"], json!(app.secret().await.pair().id));
    assert_eq!((&told["moves"], &told["wrong"]), (&json!(["Nobody"]), &json!([])));

    // It was deleted while the server is down.
    scene.misbehave("any", Behaviour::Down);
    app.delete().await;
    app.until("its removal is owed", async || {
        let record = app.record().await.unwrap_or_default();
        holds(record["obligations"][0].is_object(), "nothing is owed")
    })
    .await;
    let text = status(&app, "").await;
    assert!(text.contains("gone; 1 client still to be removed"), "{text}");
    scene.emulator.behave();
    app.wait_nothing_left().await;
}

/// A service account with the built-in role `edit` in the own namespace, and nothing else.
async fn tenant(app: &App<'_>) -> String {
    let namespace = &app.namespace;
    let bindings: Api<RoleBinding> = Api::namespaced(app.scene.world.kube.clone(), namespace);
    let binding = json!({
        "metadata": {"name": "developer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "developer", "namespace": namespace}],
    });
    let binding = serde_json::from_value(binding).unwrap();
    bindings.create(&PostParams::default(), &binding).await.unwrap();
    format!("system:serviceaccount:{namespace}:developer")
}

pub async fn a_tenant_sees_what_a_tenant_may(world: &'static World) {
    let scene = Scene::start(world, "tenant-status").await;
    let app = scene.app("billing").await;
    let tenant = tenant(&app).await;
    scene.misbehave("register", Behaviour::Deny { status: 403 });
    app.apply(json!({})).await;
    app.wait_condition("Stalled", "True ServerDenied").await;
    let text = status(&app, &format!(" --as {tenant}")).await;
    for part in [
        "not ready for",
        "Stalled is True: ServerDenied",
        "the platform team",
        "as soon as that is done",
        "the server object: clusterauthorizationservers/",
        "the operator's record, for what is still to be removed: secrets/",
    ] {
        assert!(text.contains(part), "{part:?} in\n{text}");
    }
    scene.emulator.behave();
    scene.put_credential(scene.credential_again()).await;
    app.wait_ready().await;
    let text = status(&app, &format!(" --as {tenant}")).await;
    assert!(
        text.contains("ready for") && text.contains("billing, there"),
        "{text}"
    );
    let nobodys = plugin(world, &format!("status billing -n {} --as nobody", app.namespace)).await;
    assert!(nobodys.error().contains("forbidden"));
}

pub async fn a_client_that_is_not_there(world: &'static World) {
    let scene = Scene::bare(world, "status-none").await;
    let namespace = scene.namespace("").await;
    let error = plugin(world, &format!("status billing -n {namespace}"))
        .await
        .error();
    assert!(
        error.contains(&format!(
            "no OAuthClient billing in namespace {namespace}, and no record"
        )),
        "{error}"
    );
    let error = plugin(world, "--context elsewhere status billing").await.error();
    assert!(
        error.contains("--context") && error.contains("elsewhere"),
        "{error}"
    );
    let error = plugin(world, "--kubeconfig /no/such/file status billing")
        .await
        .error();
    assert!(error.contains("/no/such/file"), "{error}");
}

pub async fn pending_lists_what_is_owed(world: &'static World) {
    let (ledger, namespace) = ledger_apart(world, "pending").await;
    for (client_namespace, name) in [(namespace.as_str(), "billing"), ("elsewhere", "reports")] {
        let subject = subject(client_namespace, "uid", name);
        let record = LedgerEntry {
            obligations: vec![
                owed(&format!("id-of-{name}")),
                out_of_reach(&format!("lost-of-{name}")),
            ],
            ..entry(&subject)
        };
        ledger.write(&record, None).await.unwrap();
    }
    let home = format!("--operator-namespace {namespace}");
    let all = plugin(world, &format!("pending -A {home}")).await;
    assert!(all.err.contains("no Deployment of the operator"), "{all:?}");
    let all = all.well();
    assert_eq!(all.lines().count(), 5, "{all}");
    let one = plugin(world, &format!("pending -n {namespace} {home} -o json"))
        .await
        .well();
    let told: Value = serde_json::from_str(&one).unwrap();
    let told: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|owed| {
            (
                owed["remoteClient"]["clientID"].as_str().unwrap(),
                owed["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("id-of-billing", "Due"), ("lost-of-billing", "Unmanageable")]
    );
    let none = plugin(world, &format!("pending -n nowhere {home}")).await;
    assert!(
        none.well && none.err.contains("Nothing of OAuthClients in namespace nowhere"),
        "{none:?}"
    );
    assert!(!format!("{all}{one}").contains("canary"));
}

pub async fn rights_that_are_missing_are_told(world: &'static World) {
    let error = plugin(world, "pending -A --as nobody").await.error();
    assert!(
        error.contains("right to list Secrets in namespace oauth-system") && error.contains("nobody"),
        "{error}"
    );
    let doctor = plugin(world, "doctor --as nobody").await;
    assert!(!doctor.well && doctor.out.contains("NOT READ"), "{doctor:?}");
    assert!(doctor.out.contains("Nothing is wrong, "), "{doctor:?}");
}

/// Alone: it looks at all that is there.
pub async fn doctor(world: &'static World) {
    let scene = Scene::start(world, "doctor").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    // Here no kubelet runs the pods: the operator is a process beside.
    let deployments: Api<Deployment> = Api::namespaced(world.kube.clone(), NAMESPACE);
    let ready = |number: i32| {
        let patch = json!({"status": {"replicas": number, "readyReplicas": number}});
        let deployments = deployments.clone();
        async move {
            let parameters = PatchParams::default();
            deployments
                .patch_status(INSTALLED, &parameters, &Patch::Merge(patch))
                .await
                .unwrap();
        }
    };
    let paused = plugin(world, "doctor").await;
    assert!(!paused.well && paused.out.contains("0 of 2 ready"), "{paused:?}");
    ready(2).await;
    let well = plugin(world, "doctor").await.well();
    for part in [
        "3 definitions established",
        "2 of 2 ready",
        "is held by",
        "1 record can be read",
        "is there and labelled",
        "Nothing is wrong.",
    ] {
        assert!(well.contains(part), "{part:?} in\n{well}");
    }

    let elsewhere = plugin(world, "doctor --operator-namespace default").await;
    assert!(
        !elsewhere.well && elsewhere.out.contains("say --operator-namespace oauth-system"),
        "{elsewhere:?}"
    );

    let mut unlabelled = scene.credential();
    unlabelled["metadata"]["labels"] = json!({});
    scene.put_credential(unlabelled).await;
    scene.wait_server("Ready", "False CredentialNotLabelled").await;
    app.apply(json!({"scopes": ["admin"]})).await;
    let wrong = plugin(world, "doctor").await;
    assert!(!wrong.well);
    for part in ["CredentialNotLabelled", "kubectl label secret", "lacks the label"] {
        assert!(wrong.out.contains(part), "{part:?} in\n{}", wrong.out);
    }
    scene.put_credential(scene.credential()).await;
    app.wait_condition("Stalled", "True NotAllowedByPolicy").await;
    let stalled = plugin(world, "doctor").await;
    assert!(
        !stalled.well && stalled.out.contains("1 stalled: NotAllowedByPolicy"),
        "{stalled:?}"
    );
    app.delete().await;
    app.wait_nothing_left().await;
    scene.delete_server().await;
}
