//! Token requests.

use rstest::rstest;

use super::*;
use crate::model::Credential;

const ID: &str = "the id:1";

fn credential(secret: Option<&str>) -> Credential {
    Credential {
        client_id: ID.to_owned(),
        client_secret: secret.map(Confidential::new),
    }
}

/// A server whose metadata names a token endpoint.
async fn bench() -> (MockServer, Arc<dyn Provider>) {
    let server = MockServer::start().await;
    let uri = server.uri();
    let metadata = json!({
        "issuer": uri,
        "registration_endpoint": format!("{uri}/reg"),
        "token_endpoint": format!("{uri}/token"),
    });
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(metadata))
        .mount(&server)
        .await;
    let adapter = connected(&spec(Some(uri), None));
    (server, adapter)
}

fn issued() -> ResponseTemplate {
    let token = json!({"access_token": "canary-access-token", "token_type": "Bearer"});
    ResponseTemplate::new(200).set_body_json(token)
}

async fn posts(server: &MockServer) -> Vec<Received> {
    let mut requests = server.received_requests().await.unwrap();
    requests.retain(|request| request.method == "POST");
    requests
}

#[tokio::test]
async fn with_the_credential_as_the_standard_encodes_it() {
    let (server, adapter) = bench().await;
    Mock::given(method("POST"))
        .respond_with(issued())
        .mount(&server)
        .await;
    let verified = adapter.verify(&(&credential(Some("a+b/c="))).into()).await;
    assert_eq!(verified, Ok(Verification::TokenIssued));
    let sent = &posts(&server).await[0];
    assert_eq!(sent.url.path(), "/token");
    // the+id%3A1:a%2Bb%2Fc%3D
    assert_eq!(
        sent.headers["authorization"],
        "Basic dGhlK2lkJTNBMTphJTJCYiUyRmMlM0Q="
    );
    assert_eq!(
        std::str::from_utf8(&sent.body).unwrap(),
        "grant_type=client_credentials"
    );
}

#[tokio::test]
async fn in_the_body_where_basic_is_refused() {
    let (server, adapter) = bench().await;
    let refused = ResponseTemplate::new(401).set_body_json(json!({"error": "invalid_client"}));
    let by_header = wiremock::matchers::header_exists("authorization");
    Mock::given(method("POST"))
        .and(by_header)
        .respond_with(refused)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(issued())
        .mount(&server)
        .await;
    let verified = adapter.verify(&(&credential(Some("a+b"))).into()).await;
    assert_eq!(verified, Ok(Verification::TokenIssued));
    let sent = &posts(&server).await[1];
    assert_eq!(
        std::str::from_utf8(&sent.body).unwrap(),
        "grant_type=client_credentials&client_id=the+id%3A1&client_secret=a%2Bb"
    );
}

#[rstest]
#[case(401, "invalid_client", "rejected", 2)]
#[case(400, "invalid_client", "rejected", 2)]
#[case(401, "", "unknown", 2)]
#[case(401, "unauthorized_client", "unknown", 2)]
#[case(400, "unauthorized_client", "accepted", 1)]
#[case(403, "unauthorized_client", "accepted", 1)]
#[case(400, "invalid_scope", "accepted", 1)]
#[case(400, "unsupported_grant_type", "accepted", 1)]
#[case(400, "invalid_request", "unknown", 2)]
#[case(403, "access_denied", "unknown", 2)]
#[case(404, "not_found", "unknown", 1)]
#[case(429, "slow_down", "throttled", 1)]
#[case(500, "server_error", "unknown", 1)]
#[case(503, "invalid_client", "unknown", 1)]
#[tokio::test]
async fn a_refusal(
    #[case] status: u16,
    #[case] error: &str,
    #[case] expected: &str,
    #[case] requests: usize,
) {
    let (server, adapter) = bench().await;
    let refused = ResponseTemplate::new(status).set_body_json(json!({"error": error}));
    Mock::given(method("POST"))
        .respond_with(refused)
        .mount(&server)
        .await;
    let verified = match adapter.verify(&(&credential(Some(SECRET))).into()).await {
        Ok(Verification::TokenIssued) => "accepted",
        Ok(Verification::Rejected(_)) => "rejected",
        Ok(Verification::Unknown(_)) => "unknown",
        Err(Fault::Throttled(_)) => "throttled",
        Err(other) => panic!("{other}"),
    };
    assert_eq!(verified, expected);
    assert_eq!(posts(&server).await.len(), requests);
}

#[tokio::test]
async fn what_cannot_be_asked_is_not_known() {
    let (server, adapter) = bench().await;
    let without = adapter.verify(&(&credential(None)).into()).await.unwrap();
    assert!(matches!(without, Verification::Unknown(_)));
    assert!(posts(&server).await.is_empty());

    let nowhere = connected(&spec(Some(MockServer::start().await.uri()), None));
    let verified = nowhere.verify(&(&credential(Some(SECRET))).into()).await.unwrap();
    assert!(matches!(verified, Verification::Unknown(_)), "{verified:?}");

    let none = connected(&by_uri(&server));
    let verified = none.verify(&(&credential(Some(SECRET))).into()).await.unwrap();
    assert!(matches!(verified, Verification::Unknown(_)), "{verified:?}");
}

/// The configured token endpoint is asked, and no metadata for it.
#[tokio::test]
async fn where_the_configuration_says() {
    // Not from the pool, at an address of which another test may still have something to ask.
    let server = MockServer::builder().start().await;
    let elsewhere = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(issued())
        .mount(&elsewhere)
        .await;
    let mut spec = spec(Some(server.uri()), None);
    spec.endpoints = Some(crate::api::Endpoints {
        token_uri: Some(format!("{}/given", elsewhere.uri())),
        ..crate::api::Endpoints::default()
    });
    let verified = connected(&spec).verify(&(&credential(Some(SECRET))).into()).await;
    assert_eq!(verified, Ok(Verification::TokenIssued));
    assert_eq!(posts(&elsewhere).await[0].url.path(), "/given");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_method_that_the_client_does_not_use_shows_nothing() {
    let (server, adapter) = bench().await;
    let refused =
        |status: u16, error: &str| ResponseTemplate::new(status).set_body_json(json!({"error": error}));
    Mock::given(method("POST"))
        .and(wiremock::matchers::header_exists("authorization"))
        .respond_with(refused(400, "invalid_target"))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(refused(401, "invalid_client"))
        .mount(&server)
        .await;
    let verified = adapter.verify(&(&credential(Some(SECRET))).into()).await;
    assert!(matches!(verified, Ok(Verification::Unknown(_))), "{verified:?}");
}
