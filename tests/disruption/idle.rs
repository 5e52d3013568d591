//! At rest nothing is written and nothing is called.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::core::Request;
use kube::{Api, Client, ResourceExt as _};
use oauth_client_operator::api::{ClusterAuthorizationServer, OAuthClient};
use serde_json::json;

use crate::stage::until::{LATER, holds, until};
use crate::stage::{Scene, World};

const CLIENTS: usize = 10;
const WATCHED: Duration = Duration::from_secs(120);
/// After a start the operator asks the server once whether it is there.
const STARTED: Duration = Duration::from_secs(5);

pub async fn settled_clients_are_left_alone(world: &'static World) {
    let scene = Scene::start(world, "idle").await;
    let mut apps = Vec::new();
    for number in 0..CLIENTS {
        let app = scene.app(&format!("app-{number}")).await;
        app.apply(json!({})).await;
        apps.push(app);
    }
    apps[0].wait_ready().await;
    apps[0].rotate("one").await;
    for app in &apps {
        app.wait_sound("read").await;
    }
    let evidence = async || scene.log();
    until(LATER, "the server object counts them", evidence, async || {
        let server = scene.servers().get(&scene.id).await.unwrap();
        let counts = server.status.and_then(|status| status.clients);
        let registered = counts.as_ref().map(|counts| counts.registered as usize);
        holds(registered == Some(CLIENTS), format!("{counts:?}"))
    })
    .await;

    // A new process looks at every client once more. That is a second reconcile of a settled client.
    let versions = versions(&world.kube).await;
    let written = writes(&world.kube).await;
    assert!(world.operator.stop().await.success());
    world.operator.start_and_wait().await;
    tokio::time::sleep(STARTED).await;
    assert_eq!(scene.mutations(), apps.len() as u64 + 1);
    scene.emulator.clear_requests();
    tokio::time::sleep(WATCHED).await;

    assert_eq!(scene.emulator.requests().len(), 0, "{}", scene.journal());
    let since: BTreeMap<String, i64> = writes(&world.kube)
        .await
        .into_iter()
        .map(|(what, count)| {
            (
                what.clone(),
                count - written.get(&what).copied().unwrap_or_default(),
            )
        })
        .filter(|(_, count)| *count != 0)
        .collect();
    assert!(
        since.is_empty(),
        "requests that write: {since:#?}\n{}",
        world.operator.log_end(20)
    );
    assert_eq!(self::versions(&world.kube).await, versions);
    for app in &apps {
        app.assert_sound("read").await;
    }
    world.say(&format!(
        "{CLIENTS} settled clients over a restart and {WATCHED:?}: no write at the API server, no call at the server"
    ));
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

/// How many requests that write the API server has had, Events and Leases apart.
async fn writes(kube: &Client) -> BTreeMap<String, i64> {
    let request = Request::new("/metrics").list(&ListParams::default()).unwrap();
    let metrics = kube.request_text(request).await.unwrap();
    let mut found = BTreeMap::new();
    for line in metrics.lines() {
        let Some((labels, count)) = line
            .strip_prefix("apiserver_request_total{")
            .and_then(|rest| rest.split_once("} "))
        else {
            continue;
        };
        let writes = ["POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"];
        let is_write = writes
            .iter()
            .any(|verb| labels.contains(&format!("verb=\"{verb}\"")));
        let apart = ["events", "leases"];
        let is_apart = apart
            .iter()
            .any(|resource| labels.contains(&format!("resource=\"{resource}\"")));
        if is_write && !is_apart {
            #[expect(clippy::cast_possible_truncation, reason = "a count")]
            let count = count.trim().parse::<f64>().unwrap() as i64;
            found.insert(labels.to_owned(), count);
        }
    }
    assert!(
        found.values().sum::<i64>() > 0,
        "the metrics of the API server cannot be read"
    );
    found
}
