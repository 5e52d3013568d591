//! What server objects need: credentials only from Secrets that are labelled for it, and a status.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;
use kube::api::PostParams;
use kube::core::Resource;
use oauth_client_operator::api::{
    API_VERSION, AuthorizationServer, ClientCounts, ClusterAuthorizationServer, ConditionStatus,
    ServerCondition, ServerReason, ServerStatus,
};
use oauth_client_operator::cluster::ApiServer;
use oauth_client_operator::cluster::servers::{self, Lack, Source, SourceKind, Standing, Values};
use oauth_client_operator::model::{Refusal, ServerKey, Uid};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Bench;

impl<G> Bench<G> {
    async fn make<K>(&self, object: Value)
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + DeserializeOwned
            + serde::Serialize
            + std::fmt::Debug,
    {
        let objects: Api<K> = Api::namespaced(self.client.clone(), &self.namespace);
        let object = serde_json::from_value(object).unwrap();
        objects.create(&PostParams::default(), &object).await.unwrap();
    }

    async fn values(&self, kind: SourceKind, name: &str, keys: &[&str]) -> Result<Values, Lack> {
        let server = ApiServer::new(self.client.clone());
        let source = Source {
            kind,
            name: name.to_owned(),
        };
        let keys: BTreeSet<_> = keys.iter().map(ToString::to_string).collect();
        servers::values(&server, &self.namespace, &source, &keys)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn credentials_need_the_label() -> Result<(), String> {
    let bench = Bench::new("servers").await?;
    let label = |value: &str| json!({"oauthclient.dev/server-credentials": value});
    let secret = |name: &str, labels: Value| {
        json!({
            "metadata": {"name": name, "labels": labels},
            "stringData": {"username": "admin", "password": "canary", "unasked": "x"},
            "data": {"binary": "/w=="},
        })
    };
    bench.make::<Secret>(secret("good", label("true"))).await;
    bench.make::<Secret>(secret("plain", json!({}))).await;
    bench.make::<Secret>(secret("refused", label("false"))).await;
    bench
        .make::<ConfigMap>(json!({"metadata": {"name": "ca"}, "data": {"ca.crt": "PEM"}}))
        .await;

    let good = bench
        .values(SourceKind::Secret, "good", &["username", "password"])
        .await;
    let good = good.unwrap();
    assert_eq!(good.data.len(), 2, "only what was asked for");
    assert_eq!(good.data["password"].expose(), "canary");
    assert!(!good.seen.0.0.is_empty() && !good.seen.1.0.is_empty());
    assert!(!format!("{good:?}").contains("canary"));

    for name in ["plain", "refused"] {
        let lack = bench.values(SourceKind::Secret, name, &["username"]).await;
        assert!(matches!(lack, Err(Lack::NotLabelled(_))), "{lack:?}");
    }
    for key in ["token", "binary"] {
        let lack = bench.values(SourceKind::Secret, "good", &[key]).await;
        assert!(matches!(lack, Err(Lack::KeyMissing { .. })), "{lack:?}");
    }
    for kind in [SourceKind::Secret, SourceKind::ConfigMap] {
        let lack = bench.values(kind, "nowhere", &["x"]).await;
        assert!(matches!(lack, Err(Lack::Missing(_))), "{lack:?}");
    }
    let ca = bench
        .values(SourceKind::ConfigMap, "ca", &["ca.crt"])
        .await
        .unwrap();
    assert_eq!(ca.data["ca.crt"].expose(), "PEM");
    Ok(())
}

fn spec(rules: Option<Value>) -> Value {
    let mut spec = json!({"provider": {"auth0": {
        "domain": "tenant.eu.auth0.com",
        "auth": {"clientSecret": {"secretRef": {"name": "a"}}},
    }}});
    if let Some(rules) = rules {
        spec["accessRules"] = rules;
    }
    spec
}

fn status(old: Option<&ServerStatus>, status: ConditionStatus, at: i64) -> ServerStatus {
    let standing = Standing {
        condition: ServerCondition::Ready,
        status,
        reason: ServerReason::Unreachable,
        message: "because".to_owned(),
    };
    let old = old.map(|old| old.conditions.as_slice()).unwrap_or_default();
    let at = Timestamp::from_second(at).unwrap();
    ServerStatus {
        observed_generation: Some(1),
        conditions: servers::conditions(old, &[standing], 1, at),
        clients: Some(ClientCounts::default()),
        ..ServerStatus::default()
    }
}

#[tokio::test]
async fn both_kinds_get_their_status() -> Result<(), String> {
    let bench = Bench::new("servers-status").await?;
    let server = ApiServer::new(bench.client.clone());
    let own: Api<AuthorizationServer> = Api::namespaced(bench.client.clone(), &bench.namespace);
    let all: Api<ClusterAuthorizationServer> = Api::all(bench.client.clone());
    let manifest = |kind: &str, spec: Value| {
        let name = &bench.namespace;
        json!({"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec})
    };
    let object = serde_json::from_value(manifest("AuthorizationServer", spec(None))).unwrap();
    let created = own.create(&PostParams::default(), &object).await.unwrap();
    let rules = json!([{"name": "all", "namespaces": {"from": "All"}}]);
    let object = manifest("ClusterAuthorizationServer", spec(Some(rules)));
    let object = serde_json::from_value(object).unwrap();
    let created_for_all = all.create(&PostParams::default(), &object).await.unwrap();

    let key = |namespace: Option<&String>| ServerKey {
        namespace: namespace.cloned(),
        name: bench.namespace.clone(),
    };
    let uids = [
        (key(Some(&bench.namespace)), created.metadata.uid.unwrap()),
        (key(None), created_for_all.metadata.uid.unwrap()),
    ];
    for (key, uid) in uids {
        let uid = Uid(uid);
        let read = async || match key.namespace {
            Some(_) => own.get(&key.name).await.unwrap().status.unwrap(),
            None => all.get(&key.name).await.unwrap().status.unwrap(),
        };
        let first = status(None, ConditionStatus::False, 1_700_000_000);
        assert_eq!(
            servers::report(&server, &key, &uid, Some(&read().await), &first).await,
            Ok(true)
        );
        assert_eq!(read().await, first);
        let same = status(Some(&first), ConditionStatus::False, 1_800_000_000);
        assert_eq!(
            servers::report(&server, &key, &uid, Some(&read().await), &same).await,
            Ok(false),
            "nothing changed"
        );
        let other = status(Some(&first), ConditionStatus::True, 1_800_000_000);
        assert_eq!(
            servers::report(&server, &key, &uid, Some(&first), &other).await,
            Ok(true)
        );
        assert_eq!(read().await, other);
        let wrong = servers::report(&server, &key, &"other".into(), None, &first).await;
        assert_eq!(wrong, Err(Refusal::Stale));
    }
    let _ = all
        .delete(&bench.namespace, &kube::api::DeleteParams::default())
        .await
        .unwrap();
    Ok(())
}
