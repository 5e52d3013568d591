//! The status of a client: what is written is what is read, and only the client that is meant gets it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use oauth_client_operator::api::{ClientCondition, ClientReason, ConditionStatus};
use oauth_client_operator::cluster::Cluster;
use oauth_client_operator::model::{Condition, Effective, Refusal, Removal, RotationState, Status};
use serde_json::json;

use super::{Bench, create_client};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn full() -> Status {
    let conditions: BTreeMap<_, _> = ClientCondition::ALL
        .iter()
        .zip(ClientReason::ALL)
        .map(|(type_, reason)| {
            let condition = Condition {
                status: ConditionStatus::Unknown,
                reason: *reason,
                message: "because".to_owned(),
                since: at(1_700_000_000),
                observed_generation: 1,
            };
            (*type_, condition)
        })
        .collect();
    Status {
        observed_generation: Some(1),
        conditions,
        client_id: Some("id".to_owned()),
        client_name: Some("eu1.payments.billing".to_owned()),
        binding: Some("billing".to_owned()),
        effective: Some(Effective {
            grant_types: vec!["client_credentials".to_owned()],
            scopes: vec!["b".to_owned(), "a".to_owned()],
            token_endpoint_auth_method: Some("client_secret_basic".to_owned()),
            access_token_validity_seconds: Some(600),
            removal: Some(Removal::Delete),
        }),
        rotation: Some(RotationState {
            last_handled_trigger: Some("2026-11-22".to_owned()),
            last_rotation: Some(at(1_700_000_001)),
            next_rotation: Some(at(1_800_000_001)),
            overlap_end: Some(at(1_700_086_401)),
            previous_client_id: Some("before".to_owned()),
            credential_expiration: None,
        }),
    }
}

#[tokio::test]
async fn a_status_is_read_as_it_was_written() -> Result<(), String> {
    let bench = Bench::new("status").await?;
    let (port, key, uid) = (&bench.port, bench.key(), &bench.uid);
    let read = async || port.client(key).await.unwrap().unwrap();
    let fresh = read().await.status;
    assert_eq!(fresh.conditions.len(), 1, "the default: {fresh:?}");
    assert_eq!(
        fresh.conditions[&ClientCondition::Ready].reason,
        ClientReason::Pending
    );

    port.report(key, uid, &full()).await.unwrap();
    assert_eq!(read().await.status, full());
    assert_eq!(read().await.generation, 1);

    // What is not said any more goes.
    let mut less = full();
    less.conditions.remove(&ClientCondition::Stalled);
    less.rotation = None;
    less.effective = Some(Effective::default());
    port.report(key, uid, &less).await.unwrap();
    assert_eq!(read().await.status, less);

    // To write the same is no write.
    let version = || async {
        bench
            .clients()
            .get("billing")
            .await
            .unwrap()
            .metadata
            .resource_version
    };
    let before = version().await;
    port.report(key, uid, &less).await.unwrap();
    assert_eq!(version().await, before);

    // What is cut for the schema is what the schema takes.
    let mut long = full();
    long.client_name = Some("ä".repeat(5_000));
    for condition in long.conditions.values_mut() {
        condition.message = "ä".repeat(5_000);
    }
    let long = long.fitted();
    port.report(key, uid, &long).await.unwrap();
    assert_eq!(long.client_name, Some("ä".repeat(1_024)));
    assert_eq!(read().await.status, long, "and it is read as it was written");
    Ok(())
}

#[tokio::test]
async fn a_status_is_taken_back_from_others_and_never_given_to_another() -> Result<(), String> {
    let bench = Bench::new("status-others").await?;
    let (port, key, uid) = (&bench.port, bench.key(), &bench.uid);
    let forged = json!({"status": {"clientID": "forged", "conditions": [{
        "type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
    }]}});
    bench
        .clients()
        .patch_status("billing", &PatchParams::default(), &Patch::Merge(forged))
        .await
        .unwrap();
    port.report(key, uid, &full()).await.unwrap();
    assert_eq!(port.client(key).await.unwrap().unwrap().status, full());

    bench.delete_client().await;
    assert_eq!(port.report(key, uid, &full()).await, Err(Refusal::Stale));
    let second = create_client(&bench.client, key).await;
    assert_eq!(port.report(key, uid, &full()).await, Err(Refusal::Stale));
    let read = port.client(key).await.unwrap().unwrap();
    assert_eq!(read.status.client_id, None);
    assert_eq!(read.uid, second);
    Ok(())
}
