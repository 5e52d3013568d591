//! Whether a client is gone: only a quorum NotFound of exactly it, between two looks at the same CRD, says so.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, CustomResourceExt, ResourceExt};
use oauth_client_operator::api::OAuthClient;
use oauth_client_operator::cluster::{ApiServer, Cluster, identity};
use oauth_client_operator::model::{ClientView, ClusterId, Uid};
use serde_json::json;

use super::{Bench, create_client, support};

fn unknown(view: &ClientView) -> bool {
    matches!(view, ClientView::Unknown(_))
}

#[tokio::test]
async fn a_client_is_read_as_it_is() -> Result<(), String> {
    let bench = Bench::new("client").await?;
    let read = bench.port.client(bench.key()).await.unwrap().unwrap();
    assert_eq!(
        (read.uid, read.generation, read.rotate),
        (bench.uid.clone(), 1, None)
    );
    assert!(!read.terminating);
    assert_eq!(read.spec.server_ref.name, "corp");

    let patch = json!({
        "metadata": {"annotations": {"oauthclient.dev/rotate": "now"}, "finalizers": ["example.com/held"]},
        "spec": {"scopes": ["a"]},
    });
    let clients = bench.clients();
    let parameters = PatchParams::default();
    clients
        .patch("billing", &parameters, &Patch::Merge(patch))
        .await
        .unwrap();
    let read = bench.port.client(bench.key()).await.unwrap().unwrap();
    assert_eq!((read.generation, read.rotate), (2, Some("now".to_owned())));
    bench.delete_client().await;
    let read = bench.port.client(bench.key()).await.unwrap().unwrap();
    assert!(read.terminating);
    assert!(matches!(
        bench.port.presence(bench.key(), &bench.uid).await,
        ClientView::Present(_)
    ));
    let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    clients.patch("billing", &parameters, &patch).await.unwrap();
    assert_eq!(bench.port.client(bench.key()).await, Ok(None));
    Ok(())
}

#[tokio::test]
async fn a_client_is_there_is_another_one_or_is_gone() -> Result<(), String> {
    let bench = Bench::new("presence").await?;
    let server = ApiServer::new(bench.client.clone());
    let definition = identity::definition(&server).await.unwrap().unwrap();
    let (port, key, uid) = (&bench.port, bench.key(), &bench.uid);

    let view = port.presence(key, uid).await;
    assert!(
        matches!(&view, ClientView::Present(client) if client.uid == *uid),
        "{view:?}"
    );
    bench.delete_client().await;
    let gone = ClientView::Gone {
        crd_uid: definition.uid,
    };
    assert_eq!(port.presence(key, uid).await, gone);

    let second = create_client(&bench.client, key).await;
    let view = port.presence(key, uid).await;
    assert!(unknown(&view), "another one of that name: {view:?}");
    let view = port.presence(key, &second).await;
    assert!(matches!(view, ClientView::Present(_)), "{view:?}");

    // A client in a namespace that never was: the API server says so of exactly this client.
    let mut elsewhere = key.clone();
    elsewhere.namespace = "no-such-namespace".to_owned();
    assert_eq!(port.presence(&elsewhere, uid).await, gone);
    Ok(())
}

#[tokio::test]
async fn without_the_crd_nothing_is_known() -> Result<(), String> {
    let bench = Bench::alone("presence-crd").await?;
    let (port, key, uid) = (&bench.port, bench.key(), &bench.uid);
    let server = ApiServer::new(bench.client.clone());
    let before = identity::definition(&server).await.unwrap().unwrap();
    assert!(before.established && !before.terminating);
    let definitions: Api<CustomResourceDefinition> = Api::all(bench.client.clone());
    let name = OAuthClient::crd_name();

    // It is being deleted, and a client that is held keeps it so.
    let hold = Patch::Merge(json!({"metadata": {"finalizers": ["example.com/held"]}}));
    let release = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let parameters = PatchParams::default();
    bench
        .clients()
        .patch("billing", &parameters, &hold)
        .await
        .unwrap();
    let _ = definitions.delete(name, &DeleteParams::default()).await.unwrap();
    let going = identity::definition(&server).await.unwrap().unwrap();
    assert!(going.terminating);
    assert!(unknown(&port.presence(key, uid).await));
    let mut other = key.clone();
    other.name = "never-there".to_owned();
    assert!(unknown(&port.presence(&other, uid).await));
    bench
        .clients()
        .patch("billing", &parameters, &release)
        .await
        .unwrap();
    let deleted = await_condition(definitions.clone(), name, conditions::is_deleted(&before.uid.0));
    deleted.await.unwrap();

    // It is gone.
    assert_eq!(identity::definition(&server).await, Ok(None));
    assert!(unknown(&port.presence(key, uid).await));
    let mut waited = 0;
    // The handler of the resource goes a moment after the CRD; until then it says NotFound, as it may.
    while port.client(key).await == Ok(None) && waited < 100 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        waited += 1;
    }
    let unread = port.client(key).await;
    assert!(unread.is_err(), "a resource that is not served: {unread:?}");

    // It comes back as another one, and what is said of its clients carries its UID.
    support::install_crds(&bench.client).await?;
    let after = identity::definition(&server).await.unwrap().unwrap();
    assert_ne!(after.uid, before.uid);
    let mut view = port.presence(key, uid).await;
    while unknown(&view) && waited < 200 {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        waited += 1;
        view = port.presence(key, uid).await;
    }
    assert_eq!(view, ClientView::Gone { crd_uid: after.uid });
    Ok(())
}

#[tokio::test]
async fn a_cluster_is_told_from_others() -> Result<(), String> {
    let bench = Bench::new("identity").await?;
    let server = ApiServer::new(bench.client.clone());
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(bench.client.clone());
    let system = namespaces.get("kube-system").await.unwrap().uid().unwrap();
    assert_eq!(identity::cluster_id(&server, None).await, Ok(ClusterId(system)));
    assert_eq!(
        identity::cluster_id(&server, Some("prod")).await,
        Ok("prod".into())
    );
    let own: Result<Uid, _> = identity::namespace_uid(&server, &bench.namespace).await;
    assert_eq!(own, Ok(bench.subject.namespace_uid.clone()));
    assert!(
        identity::namespace_uid(&server, "no-such-namespace")
            .await
            .is_err()
    );
    Ok(())
}
