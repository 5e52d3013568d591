//! Authorization servers of other kinds than a [`Scene`](super::Scene)'s, made known to the operator.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{Patch, PatchParams};
use oauth_client_operator::api::{API_VERSION, ClusterAuthorizationServer, LABEL_SERVER_CREDENTIALS};
use serde_json::{Value, json};

use super::scene::{MANAGER, SCENE_LABEL, data};
use super::until::{LATER, holds, until};
use super::world::{NAMESPACE, World};
use crate::support::{merge, namespace_named};

/// Makes a server known: a namespace, a credential Secret and a server object, all of one name. Its only rule selects the
/// namespace and allows this. Returns when the operator has reached it.
pub async fn known(world: &World, id: &str, credential: &Value, provider: &Value, allows: &Value) {
    namespace_named(&world.kube, id, json!({SCENE_LABEL: id})).await;
    let secrets: Api<Secret> = Api::namespaced(world.kube.clone(), NAMESPACE);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": id, "labels": {LABEL_SERVER_CREDENTIALS: "true"}},
        "data": data(credential),
    });
    let parameters = PatchParams::apply(MANAGER).force();
    secrets
        .patch(id, &parameters, &Patch::Apply(secret))
        .await
        .unwrap();
    let mut rule = json!({
        "name": "everything",
        "namespaces": {"from": "Selector", "selector": {"matchLabels": {SCENE_LABEL: id}}},
    });
    merge(&mut rule, allows);
    let object = json!({
        "apiVersion": API_VERSION, "kind": "ClusterAuthorizationServer", "metadata": {"name": id},
        "spec": {
            "provider": provider,
            "accessRules": [rule],
            "limits": {"requestsPerMinute": 6000, "burst": 100, "requestTimeoutSeconds": 5},
            "deletion": {"maxBurst": 100_000},
        },
    });
    let servers: Api<ClusterAuthorizationServer> = Api::all(world.kube.clone());
    servers
        .patch(id, &parameters, &Patch::Apply(object))
        .await
        .unwrap();
    let evidence = async || world.operator.log_end(20);
    until(LATER, "the server is ready", evidence, async || {
        let server = servers.get(id).await.unwrap();
        let status = server.status.unwrap_or_default();
        let mut conditions = status.conditions.iter();
        let ready = conditions.find(|condition| condition.type_ == "Ready");
        let ready = ready.map(|found| format!("{} {}: {}", found.status, found.reason, found.message));
        holds(
            ready.as_ref().is_some_and(|ready| ready.starts_with("True")),
            format!("{ready:?}"),
        )
    })
    .await;
}
