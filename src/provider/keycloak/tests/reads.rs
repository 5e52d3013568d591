//! What is there, and what is proven not to be.

use super::*;

#[tokio::test]
async fn a_client_is_shown() {
    let bench = Bench::new().await;
    bench.has(&client()).await;
    bench.adapter.check().await.unwrap();
    let found = bench.adapter.client(&ID.into()).await.unwrap().unwrap();
    assert_eq!(found.marker, Some(testing::marker()));
    assert_eq!(found.credential, credential(SECRET));
    assert_eq!(found.metadata.scopes, Some(set(&["read"])));
    assert_eq!(found.metadata.grant_types, Some(set(&["client_credentials"])));
    assert_eq!(found.secret_expires_at, None);
    let attempted = bench
        .adapter
        .attempted(&candidate(ClientMetadata::default()))
        .await;
    assert_eq!(attempted.unwrap(), Some(found));
    assert_eq!(
        bench.adapter.scopes().await.unwrap(),
        set(&["basic", "openid", "profile", "read", "write"]),
        "none of another protocol"
    );
}

/// An id that nobody has: 404 in Keycloak's own words, beside a list of others.
#[tokio::test]
async fn absence_takes_two_witnesses() {
    let bench = Bench::new().await;
    let unknown = "00000000-0000-0000-0000-000000000000";
    bench
        .says("GET", &format!("{API}/clients/{unknown}"), no_client())
        .await;
    bench.has(&client()).await;
    assert_eq!(bench.adapter.client(&unknown.into()).await, Ok(None));
    let mut another = candidate(ClientMetadata::default());
    another.client_id = Some("another".to_owned());
    let found = bench.adapter.attempted(&another).await;
    let Err(Fault::Unavailable(text)) = found else {
        panic!("{found:?}")
    };
    assert!(text.contains("about other clients"), "{text}");
}

/// Who may see nothing gets an empty list; who may not list gets 403, for ids that nobody has, too.
#[tokio::test]
async fn want_of_a_right_is_no_absence() {
    let bench = Bench::new().await;
    bench
        .says("GET", &format!("{API}/clients/{ID}"), no_client())
        .await;
    bench
        .says("GET", &format!("{API}/clients"), answer(200, &json!([])))
        .await;
    let refused = [
        bench.adapter.check().await.unwrap_err(),
        bench.adapter.client(&ID.into()).await.unwrap_err(),
        bench
            .adapter
            .attempted(&candidate(ClientMetadata::default()))
            .await
            .unwrap_err(),
        bench.adapter.clients().await.unwrap_err(),
    ];
    for fault in refused {
        let Fault::Denied(Denial::Right, text) = &fault else {
            panic!("{fault:?}")
        };
        assert!(text.contains("manage-clients"), "{text}");
    }

    let bench = Bench::new().await;
    Mock::given(path_regex(format!("^{API}")))
        .respond_with(answer(403, &json!({"error": "HTTP 403 Forbidden"})))
        .mount(&bench.server)
        .await;
    let fault = bench.adapter.client(&ID.into()).await.unwrap_err();
    assert!(matches!(fault, Fault::Denied(Denial::Right, _)), "{fault:?}");
}

#[tokio::test]
async fn who_may_only_look_is_told() {
    let bench = Bench::new().await;
    let mut seen = client();
    seen["access"]["manage"] = json!(false);
    bench.has(&seen).await;
    let fault = bench.adapter.check().await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Denied(Denial::Right, text) if text.contains("not managed")),
        "{fault:?}"
    );
}

/// A 404 in other words is about the path: another server, or a realm that is gone.
#[tokio::test]
async fn a_realm_that_is_gone_proves_nothing() {
    let bench = Bench::new().await;
    Mock::given(path_regex(format!("^{API}")))
        .respond_with(answer(404, &json!({"error": "Realm not found."})))
        .mount(&bench.server)
        .await;
    for fault in [
        bench.adapter.client(&ID.into()).await.unwrap_err(),
        bench.adapter.clients().await.unwrap_err(),
        bench.perform(&rotate(false)).await.unwrap_err(),
        bench
            .perform(&Request::Delete { target: target() })
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(fault, Fault::Unavailable(_)), "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_not_believed() {
    let mut hidden = client();
    hidden["attributes"].take();
    let mut another = client();
    another["id"] = json!("another");
    for absurd in [
        json!({}),
        json!([]),
        json!([client()]),
        json!("x"),
        hidden,
        another,
    ] {
        let bench = Bench::new().await;
        let item = format!("{API}/clients/{ID}");
        bench.says("GET", &item, answer(200, &absurd)).await;
        bench.has(&client()).await;
        let found = bench.adapter.client(&ID.into()).await;
        assert!(matches!(found, Err(Fault::Unavailable(_))), "{absurd}");
    }
}
