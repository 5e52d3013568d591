//! The Lease of the leader election: made once, replaced only as it was seen, and what others put on it stays.

use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use oauth_client_operator::cluster::ApiServer;
use oauth_client_operator::cluster::lease::{KubeLease, LeaseRecord, Leases as _};
use oauth_client_operator::model::Refusal;
use serde_json::json;

use super::support;

const NAME: &str = "operator";

fn held_by(holder: &str) -> LeaseRecord {
    let at = Some("2026-11-22T10:00:00.123456Z".parse().unwrap());
    LeaseRecord {
        holder: Some(holder.to_owned()),
        duration_seconds: Some(15),
        acquired: at,
        renewed: at,
        transitions: 0,
    }
}

#[tokio::test]
async fn a_lease_goes_from_hand_to_hand() -> Result<(), String> {
    let client = support::client().await?;
    let namespace = support::namespace(&client, "lease").await.name_any();
    let lease = KubeLease::new(ApiServer::new(client.clone()), &namespace, NAME);
    assert_eq!(lease.read().await, Ok(None));

    let one = held_by("one");
    let first = lease.write(&one, None).await.unwrap();
    assert_eq!(first.record, one);
    assert_eq!(lease.read().await, Ok(Some(first.clone())));
    assert_eq!(lease.write(&held_by("two"), None).await, Err(Refusal::Stale));

    // Somebody puts a label on it: the record is the same, the object is another one.
    let leases: Api<Lease> = Api::namespaced(client, &namespace);
    let label = Patch::Merge(json!({"metadata": {"labels": {"team": "identity"}}}));
    leases.patch(NAME, &PatchParams::default(), &label).await.unwrap();
    assert_eq!(lease.write(&one, Some(&first)).await, Err(Refusal::Stale));
    let labelled = lease.read().await.unwrap().unwrap();
    assert_eq!(labelled.record, one);

    let two = LeaseRecord {
        transitions: 1,
        ..held_by("two")
    };
    let second = lease.write(&two, Some(&labelled)).await.unwrap();
    assert_eq!(second.record, two);
    assert_eq!(leases.get(NAME).await.unwrap().labels()["team"], "identity");
    assert_eq!(lease.write(&one, Some(&labelled)).await, Err(Refusal::Stale));

    let released = LeaseRecord {
        holder: None,
        duration_seconds: Some(1),
        ..two
    };
    let third = lease.write(&released, Some(&second)).await.unwrap();
    assert_eq!(third.record, released);
    leases.delete(NAME, &DeleteParams::default()).await.unwrap();
    assert_eq!(lease.write(&one, Some(&third)).await, Err(Refusal::Stale));
    assert_eq!(lease.read().await, Ok(None));
    Ok(())
}

#[tokio::test]
async fn a_lease_without_rights_on_it_is_told() -> Result<(), String> {
    let client = support::client().await?;
    let namespace = support::namespace(&client, "lease-rights").await.name_any();
    let nobody = support::client_of(|config| {
        config.auth_info.impersonate = Some("nobody".to_owned());
    })
    .await?;
    let lease = KubeLease::new(ApiServer::new(nobody), &namespace, NAME);
    let unread = lease.read().await.unwrap_err();
    assert!(unread.why.contains("nobody"), "{unread}");
    let refusal = lease.write(&held_by("one"), None).await;
    let Err(Refusal::Denied(text)) = refusal else {
        panic!("{refusal:?}");
    };
    assert!(text.contains("nobody"), "{text}");
    Ok(())
}
