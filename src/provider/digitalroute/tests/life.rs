//! One client from its registration to its end.

use super::*;

#[tokio::test]
async fn one_life() {
    let bench = Bench::new().await;
    let adapter = &bench.adapter;
    adapter.check().await.unwrap();
    assert_eq!(adapter.scopes().await.unwrap(), set(&["read", "write"]));
    let asked = Request::ProvisionScopes(set(&["more"]));
    assert_eq!(
        adapter.perform(&asked, WITHIN).await.unwrap(),
        Answer::Scopes(set(&["more"]))
    );

    let candidate = candidate("ns.app.1", &["read", "more"]);
    assert_eq!(adapter.attempted(&candidate).await.unwrap(), None);
    let register = Request::Register(Box::new(candidate.clone()));
    let client = client_of(adapter.perform(&register, WITHIN).await.unwrap());
    assert_eq!(client.handle, "ns.app.1".into());
    assert_eq!(client.metadata.scopes, Some(set(&["more", "read"])));
    assert_eq!(adapter.attempted(&candidate).await.unwrap(), Some(client.clone()));
    assert_eq!(adapter.clients().await.unwrap(), vec![client.clone()]);
    assert_eq!(
        adapter.verify(&(&client.credential).into()).await.unwrap(),
        Verification::TokenIssued
    );

    let handle = client.handle.clone();
    let update = Request::Update {
        target: handle.clone().into(),
        metadata: metadata(&["write"]),
        unset: std::collections::BTreeSet::new(),
    };
    let updated = client_of(adapter.perform(&update, WITHIN).await.unwrap());
    assert_eq!(updated.credential, client.credential);
    assert_eq!(updated.metadata.scopes, Some(set(&["write"])));

    let rotate = Request::Rotate {
        target: handle.clone().into(),
        candidate: None,
        keep_previous: false,
    };
    let rotated = client_of(adapter.perform(&rotate, WITHIN).await.unwrap());
    assert_ne!(rotated.credential, client.credential);
    assert_eq!(
        adapter.verify(&(&rotated.credential).into()).await.unwrap(),
        Verification::TokenIssued
    );
    assert!(matches!(
        adapter.verify(&(&client.credential).into()).await.unwrap(),
        Verification::Rejected(_)
    ));

    let delete = Request::Delete {
        target: handle.clone().into(),
    };
    assert_eq!(adapter.perform(&delete, WITHIN).await.unwrap(), Answer::Done);
    assert_eq!(adapter.client(&handle).await.unwrap(), None);
    for gone in [delete, update, rotate] {
        assert_eq!(adapter.perform(&gone, WITHIN).await, Err(Fault::NotFound));
    }
}
