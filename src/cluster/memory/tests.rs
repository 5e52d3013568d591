//! The cluster in memory does as the API server does.

use std::collections::BTreeMap;

use super::*;
use crate::api::{OAuthClientSpec, ServerKind, ServerRef};
use crate::cluster::Cluster as _;
use crate::model::{ClientView, Confidential, Publication, Publish, PublishMode};

fn spec() -> OAuthClientSpec {
    OAuthClientSpec::new(ServerRef {
        kind: ServerKind::ClusterAuthorizationServer,
        name: "corp".to_owned(),
    })
}

fn publication(owner: &Uid, secret: &str) -> Publication {
    Publication {
        name: "billing".to_owned(),
        data: BTreeMap::from([("client-secret".to_owned(), Confidential::new(secret))]),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        owned: true,
        owner: (owner.clone(), "billing".to_owned()),
    }
}

fn create(publication: &Publication) -> Publish {
    Publish {
        publication: publication.clone(),
        mode: PublishMode::Create,
    }
}

fn apply(publication: &Publication, found: &FoundSecret) -> Publish {
    Publish {
        publication: publication.clone(),
        mode: PublishMode::Apply(Box::new(found.clone())),
    }
}

/// A cluster with one client, its key and UID.
fn one_client() -> (MemoryCluster, ClientKey, Uid) {
    let cluster = MemoryCluster::new();
    cluster.create_namespace("payments", &[("team", "payments")]);
    let key = cluster.subject("payments", "billing").client;
    let uid = cluster.create_client(&key, spec());
    (cluster, key, uid)
}

#[tokio::test]
async fn a_secret_is_changed_only_as_it_was_seen() {
    let (cluster, key, uid) = one_client();
    let first = publication(&uid, "one");
    let found = cluster.publish(&key, &create(&first)).await.unwrap().unwrap();
    assert!(found.holds(&first));
    assert_eq!(cluster.publish(&key, &create(&first)).await, Err(Refusal::Stale));

    let second = publication(&uid, "two");
    let changed = cluster
        .publish(&key, &apply(&second, &found))
        .await
        .unwrap()
        .unwrap();
    assert!(changed.holds(&second) && changed.uid == found.uid && changed.version != found.version);
    assert_eq!(
        cluster.publish(&key, &apply(&first, &found)).await,
        Err(Refusal::Stale)
    );
    let again = cluster
        .publish(&key, &apply(&second, &changed))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(again, changed, "nothing changed, so neither did the version");
    assert_eq!(cluster.written(WriteKind::Secret), 2);
}

#[tokio::test]
async fn a_lost_answer_is_a_write_that_was_done() {
    let (cluster, key, uid) = one_client();
    cluster.next(WriteKind::Secret, Mishap::Lost);
    let wanted = publication(&uid, "one");
    let answer = cluster.publish(&key, &create(&wanted)).await;
    assert!(matches!(answer, Err(Refusal::Unavailable(_))));
    let found = cluster.secret("payments", "billing").await.unwrap().unwrap();
    assert!(found.holds(&wanted));
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_finds_what_stands_in_the_way() {
    let (cluster, key, uid) = one_client();
    let rehearsal = Publish {
        publication: publication(&uid, "one"),
        mode: PublishMode::Rehearse(None),
    };
    let before = cluster.world().clone();
    assert_eq!(cluster.publish(&key, &rehearsal).await, Ok(None));
    let mut after = cluster.world().clone();
    after.journal.clear();
    assert_eq!(after, before);

    cluster.terminate_namespace("payments");
    assert_eq!(
        cluster.publish(&key, &rehearsal).await,
        Err(Refusal::NamespaceTerminating)
    );
}

#[tokio::test]
async fn the_garbage_collector_takes_what_only_the_client_owned() {
    let (cluster, key, uid) = one_client();
    let wanted = publication(&uid, "one");
    cluster.publish(&key, &create(&wanted)).await.unwrap();
    cluster.put_foreign_secret("payments", "foreign", &[]);
    cluster.delete_client(&key);
    assert!(matches!(
        cluster.presence(&key, &uid).await,
        ClientView::Gone { .. }
    ));
    cluster.collect_garbage();
    assert_eq!(cluster.found_secret("payments", "billing"), None);
    assert!(cluster.found_secret("payments", "foreign").is_some());
}

#[tokio::test]
async fn a_missing_crd_is_no_evidence() {
    let (cluster, key, uid) = one_client();
    cluster.remove_crd();
    assert!(cluster.client(&key).await.is_err());
    assert!(matches!(
        cluster.presence(&key, &uid).await,
        ClientView::Unknown(_)
    ));
}

#[tokio::test]
async fn a_copy_goes_its_own_way() {
    let (cluster, key, _) = one_client();
    let copy = cluster.clone();
    copy.delete_client(&key);
    assert!(cluster.client(&key).await.unwrap().is_some());
}
