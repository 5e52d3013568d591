//! At rest nothing is written and nothing is called.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client, ResourceExt as _};
use oauth_client_operator::api::{ClusterAuthorizationServer, OAuthClient};
use serde_json::json;

use crate::stage::requests::{Asked, requests, since};
use crate::stage::until::{LATER, holds, until};
use crate::stage::{Scene, World};

/// Of the plainest kind.
const PLAIN: usize = 10;
const WATCHED: Duration = Duration::from_secs(120);
/// The two credentials of a rotation are good side by side until long after the test.
const OVERLAP: Duration = Duration::from_secs(3_600);
/// The one request by which the operator finds out, after a start, whether a server is there.
const CHECK: &str = "scope_get";
/// That, the first look, and those after 1, 2, 4, … seconds which have passed within two minutes: nine. Two more, as pauses
/// vary and begin anew with the restart.
const LOOKS: usize = 11;

pub async fn settled_clients_are_left_alone(world: &'static World) {
    let rules = json!([{
        "name": "everything",
        "namespaces": {"from": "All"},
        "scopes": ["read", "write", "not-there"],
        "deletionPolicies": ["Delete", "Retain"],
    }]);
    let scene = Scene::with(world, "idle", json!({"accessRules": rules.clone()})).await;
    let mut apps = Vec::new();
    for number in 0..PLAIN {
        let app = scene.app(&format!("app-{number}")).await;
        app.apply(json!({})).await;
        apps.push(app);
    }
    let kept = scene.app("kept").await;
    kept.apply(json!({"deletionPolicy": "Retain"})).await;
    apps.push(kept);
    apps[0].wait_ready().await;
    apps[0].rotate("one").await;
    for app in &apps {
        app.wait_sound("read").await;
    }
    in_overlap(&scene).await;
    let blocked = blocked(&scene).await;
    let waiting = Scene::with(world, "waiting", json!({"accessRules": rules})).await;
    let waits = waiting.app("no-such-scope").await;
    waits.apply(json!({"scopes": ["read", "not-there"]})).await;
    waits.wait_condition("Ready", "False ScopeNotFound").await;
    let registered = apps.len() + 1;
    wait_counted(&scene, (registered, blocked)).await;
    wait_counted(&waiting, (0, 1)).await;
    // Each is registered once, and two are rotated once.
    assert_eq!(scene.mutations(), registered as u64 + 2, "{}", scene.journal());

    // A new process looks at every client once more. That is a second reconcile of a settled client.
    let versions = versions(&world.kube).await;
    let written = writes(&world.kube).await;
    scene.emulator.clear_requests();
    assert!(world.operator.stop().await.success());
    world.operator.start_and_wait().await;
    tokio::time::sleep(WATCHED).await;

    // Whether the server is there and lets the operator in: by reading its scopes.
    assert_eq!(asked(&scene), [CHECK], "{}", scene.journal());
    // Nobody tells when a scope is made, so it is looked for, with pauses that double.
    let looked = asked(&waiting);
    let only_looks = looked.iter().all(|operation| *operation == CHECK);
    assert!(only_looks && looked.len() <= LOOKS, "{}", waiting.journal());
    let since = since(&written, writes(&world.kube).await);
    // By a dry run a client that is not registered finds out whether its Secret could be written.
    let (dry_runs, since): (BTreeMap<_, _>, BTreeMap<_, _>) =
        since.into_iter().partition(|(what, _)| what.dry_run);
    assert!(
        since.is_empty(),
        "requests that write: {since:#?}\n{}",
        world.operator.log_end(20)
    );
    let tried = dry_runs.values().sum::<i64>();
    assert!(
        usize::try_from(tried).is_ok_and(|tried| tried <= LOOKS + blocked),
        "{dry_runs:#?}\n{}",
        world.operator.log_end(20)
    );
    assert_eq!(self::versions(&world.kube).await, versions);
    for app in &apps {
        app.assert_sound("read").await;
    }
    world.say(&format!(
        "{registered} registered and {blocked} blocked clients over a restart and {WATCHED:?}: no write at the API \
         server, at theirs its check alone; one that waits for a scope: {} reads of scopes; {tried} dry runs",
        looked.len()
    ));
}

/// What the server was asked.
fn asked(scene: &Scene) -> Vec<&'static str> {
    let requests = scene.emulator.requests();
    requests.iter().map(|entry| entry.operation).collect()
}

/// Waits until so many clients are counted as registered, and so many as blocked.
async fn wait_counted(scene: &Scene, wanted: (usize, usize)) {
    let evidence = async || scene.log();
    until(LATER, "the server object counts them", evidence, async || {
        let server = scene.servers().get(&scene.id).await.unwrap();
        let counts = server.status.and_then(|status| status.clients);
        let found = counts
            .as_ref()
            .map(|counts| (counts.registered as usize, counts.blocked as usize));
        holds(found == Some(wanted), format!("{counts:?}"))
    })
    .await;
}

/// A client whose former credential still works.
async fn in_overlap(scene: &Scene) {
    let app = scene.app("overlap").await;
    let rotation = json!({"rotation": {"overlapSeconds": OVERLAP.as_secs()}});
    let app = app.ready(rotation).await;
    app.rotate("one").await;
    app.wait_condition("Rotating", "True Overlap").await;
    assert_eq!(app.remote().len(), 2, "{}", scene.journal());
}

/// Clients that wait for somebody to change something in the cluster: how many.
async fn blocked(scene: &Scene) -> usize {
    let taken = scene.app("taken").await;
    taken.put_foreign_secret(false).await;
    let waiting = [
        (taken, json!({}), "False SecretNameTaken"),
        (
            scene.app("not-allowed").await,
            json!({"scopes": ["admin"]}),
            "False NotAllowedByPolicy",
        ),
    ];
    for (app, spec, reads) in &waiting {
        app.apply(spec.clone()).await;
        app.wait_condition("Ready", reads).await;
    }
    waiting.len()
}

/// The versions of everything that the operator writes.
async fn versions(kube: &Client) -> BTreeMap<String, String> {
    let kinds = [
        ApiResource::erase::<OAuthClient>(&()),
        ApiResource::erase::<ClusterAuthorizationServer>(&()),
        ApiResource::erase::<Secret>(&()),
    ];
    let mut versions = BTreeMap::new();
    for kind in kinds {
        let objects: Api<DynamicObject> = Api::all_with(kube.clone(), &kind);
        for object in objects.list(&ListParams::default()).await.unwrap() {
            let name = format!(
                "{} {}/{}",
                kind.kind,
                object.namespace().unwrap_or_default(),
                object.name_any()
            );
            versions.insert(name, object.resource_version().unwrap_or_default());
        }
    }
    versions
}

/// How many requests that write, or try to, the API server has had, Events and Leases apart.
async fn writes(kube: &Client) -> BTreeMap<Asked, i64> {
    let mut found = requests(kube).await;
    found.retain(|asked, _| {
        let apart = ["events", "leases"].contains(&asked.resource.as_str());
        (asked.writes() || asked.dry_run) && !apart
    });
    found
}
