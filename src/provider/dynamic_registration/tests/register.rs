//! What is sent to register a client.

use super::*;

#[tokio::test]
async fn the_smallest_registration() {
    let bench = Bench::new().await;
    bench.answers("POST", made(&least())).await;
    bench.register(scopes(&[])).await.unwrap();
    let sent = &bench.received().await[0];
    assert_eq!(sent.url.path(), "/reg");
    assert_eq!(bearer(sent), Some(INITIAL));
    assert_eq!(sent.headers["accept"], "application/json");
    assert_eq!(sent.headers["content-type"], "application/json");
    let marker = testing::marker();
    assert_eq!(
        body(sent),
        json!({
            "client_name": "payments.billing",
            "grant_types": ["client_credentials"],
            "response_types": [],
            "redirect_uris": [],
            "software_id": marker.software_id(),
            "software_version": marker.number.to_string(),
        })
    );
}

#[tokio::test]
async fn a_registration_with_everything() {
    let bench = Bench::with(false, true).await;
    bench.answers("POST", made(&least())).await;
    bench.register(for_users()).await.unwrap();
    let sent = &bench.received().await[0];
    assert_eq!(sent.headers.get("authorization"), None);
    let body = body(sent);
    assert_eq!(
        body["grant_types"],
        json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(body["response_types"], json!(["code"]));
    assert_eq!(
        body["redirect_uris"],
        json!(["https://app.example.com/a", "https://app.example.com/b"])
    );
    assert_eq!(body["scope"], "read write");
    assert_eq!(body["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(body["software_statement"], STATEMENT);
}

/// A method that needs a key, or that the operator could not prove, is refused before anything is made.
#[tokio::test]
async fn a_method_that_cannot_be_had_is_not_asked_for() {
    let bench = Bench::new().await;
    for method in ["private_key_jwt", "client_secret_jwt"] {
        let metadata = ClientMetadata {
            token_endpoint_auth_method: Some(method.to_owned()),
            ..scopes(&[])
        };
        let fault = bench.register(metadata.clone()).await.unwrap_err();
        assert!(
            matches!(&fault, Fault::Invalid(text) if text.contains(method)),
            "{fault}"
        );
        let target = bench.target(&json!({}));
        assert_eq!(kind(bench.change(&target, metadata).await), "Invalid");
    }
    assert!(bench.received().await.is_empty());
}

#[tokio::test]
async fn an_answer_that_does_not_come_leaves_the_outcome_open() {
    let bench = Bench::new().await;
    let late = made(&least()).set_delay(Duration::from_secs(5));
    bench.answers("POST", late).await;
    let request = Request::Register(Box::new(candidate(scopes(&[]))));
    let within = Duration::from_millis(200);
    assert_eq!(
        kind(bench.adapter.perform(&request, within).await),
        "OutcomeUnknown"
    );
    assert_eq!(bench.received().await.len(), 1);
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_done() {
    let bench = Bench::new().await;
    let adapter = Arc::clone(&bench.adapter);
    drop(bench);
    let request = Request::Register(Box::new(candidate(scopes(&[]))));
    assert_eq!(kind(adapter.perform(&request, WITHIN).await), "Unavailable");
}
