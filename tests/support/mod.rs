//! What every test on a real API server needs: a client, the custom resource definitions, a namespace of its own.

#![allow(dead_code, reason = "no test needs all of it")]

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::ObjectMeta;
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client, Config, ResourceExt};
use oauth_client_operator::{api, cluster};
use serde_json::{Value, json};

const MANAGER: &str = "test";

/// A client of a cluster that has the definitions.
pub async fn cluster() -> Result<Client, String> {
    let client = client().await?;
    install_crds(&client).await?;
    Ok(client)
}

/// A client as the operator makes it, or one line that says how to get there. Each test makes its own, since a client
/// lives and dies with the runtime that made it.
pub async fn client() -> Result<Client, String> {
    client_of(|_| ()).await
}

/// The same with a change of its configuration.
pub async fn client_of(change: impl FnOnce(&mut Config)) -> Result<Client, String> {
    if std::env::var_os("KUBECONFIG").is_none() {
        return Err("KUBECONFIG is not set: run this through testcluster/run, as make test does".to_owned());
    }
    let mut config = Config::infer().await.map_err(|error| error.to_string())?;
    change(&mut config);
    cluster::client(config).map_err(|error| error.to_string())
}

/// Installs the definitions and waits until they are served. To repeat it does no harm.
pub async fn install_crds(client: &Client) -> Result<(), String> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    for definition in api::crds() {
        let name = definition.name_any();
        let parameters = PatchParams::apply(MANAGER).force();
        definitions
            .patch(&name, &parameters, &Patch::Apply(&definition))
            .await
            .map_err(|error| format!("{name}: {error}"))?;
    }
    crds_served(client).await
}

/// Waits until the definitions are served, whoever installs them.
pub async fn crds_served(client: &Client) -> Result<(), String> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    for name in api::crds().iter().map(ResourceExt::name_any) {
        let established = await_condition(definitions.clone(), &name, conditions::is_crd_established());
        tokio::time::timeout(Duration::from_secs(30), established)
            .await
            .map_err(|_| format!("{name} is not established after 30 s"))?
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A namespace that nobody had before.
pub async fn namespace(client: &Client, stem: &str) -> Namespace {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = Namespace {
        metadata: ObjectMeta {
            generate_name: Some(format!("{stem}-")),
            ..ObjectMeta::default()
        },
        ..Namespace::default()
    };
    namespaces
        .create(&PostParams::default(), &namespace)
        .await
        .unwrap()
}

/// A namespace of this name with these labels, made or changed.
pub async fn namespace_named(client: &Client, name: &str, labels: Value) {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let object =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    namespaces
        .patch(name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(object))
        .await
        .unwrap();
}

/// Merges a patch into a value, as RFC 7396 says.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().unwrap();
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}
