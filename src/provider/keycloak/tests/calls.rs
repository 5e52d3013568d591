//! What answers mean.

use rstest::rstest;

use super::*;
use crate::model::Verification;

#[rstest]
#[case(409, json!({"errorMessage": "Client billing already exists"}), "Conflict")]
#[case(400, json!({"error": "invalid_input", "error_description": "A redirect URI is not a valid URI"}), "Invalid")]
#[case(403, json!({"error": "HTTP 403 Forbidden"}), "Denied")]
#[case(404, json!({"error": "Realm not found."}), "Unavailable")]
#[case(429, json!({}), "Throttled")]
#[case(500, json!({"error": "unknown_error"}), "OutcomeUnknown")]
#[case(503, json!({}), "OutcomeUnknown")]
#[case(200, json!({}), "OutcomeUnknown")]
#[tokio::test]
async fn registrations(#[case] status: u16, #[case] body: Value, #[case] fault: &str) {
    let bench = Bench::new().await;
    bench
        .says("POST", &format!("{API}/clients"), answer(status, &body))
        .await;
    bench.has(&client()).await;
    let came = bench.perform(&register(ClientMetadata::default())).await;
    assert_eq!(came.unwrap_err().kind(), fault);
    assert_eq!(bench.changes().await.len(), 1, "sent once");
}

#[rstest]
#[case(409, json!({"error": "conflict"}), "Invalid")]
#[case(400, json!({"error": "invalid_input"}), "Invalid")]
#[case(403, json!({}), "Denied")]
#[case(500, json!({"error": "unknown_error"}), "OutcomeUnknown")]
#[case(200, json!({}), "OutcomeUnknown")]
#[tokio::test]
async fn changes(#[case] status: u16, #[case] body: Value, #[case] fault: &str) {
    let bench = Bench::new().await;
    bench
        .says("PUT", &format!("{API}/clients/{ID}"), answer(status, &body))
        .await;
    bench.has(&client()).await;
    let came = bench.perform(&rotate(false)).await;
    assert_eq!(came.unwrap_err().kind(), fault);
    assert_eq!(bench.changes().await.len(), 1, "sent once");
}

/// A client that goes while it is changed: its absence is proven by a second look.
#[tokio::test]
async fn what_is_gone_meanwhile() {
    let bench = Bench::new().await;
    let item = format!("{API}/clients/{ID}");
    bench.says("DELETE", &item, no_client()).await;
    bench.says("GET", &item, no_client()).await;
    let mut another = client();
    another["id"] = json!("another");
    bench
        .says("GET", &format!("{API}/clients"), answer(200, &json!([another])))
        .await;
    let delete = Request::Delete { target: target() };
    assert_eq!(bench.perform(&delete).await, Err(Fault::NotFound));

    let bench = Bench::new().await;
    bench.says("DELETE", &item, no_client()).await;
    bench.has(&client()).await;
    assert_eq!(bench.perform(&delete).await.unwrap_err().kind(), "Unavailable");
}

#[tokio::test]
async fn a_registration_that_does_not_say_where_it_is() {
    let bench = Bench::new().await;
    bench
        .says("POST", &format!("{API}/clients"), ResponseTemplate::new(201))
        .await;
    bench.has(&client()).await;
    let came = bench.perform(&register(ClientMetadata::default())).await;
    assert_eq!(came.unwrap_err().kind(), "OutcomeUnknown");
}

/// Keycloak refuses a wrong secret with the same status and word as a client that may have no token of its own.
#[rstest]
#[case(
    401,
    "unauthorized_client",
    "Invalid client or Invalid client credentials",
    Some(false)
)]
#[case(
    401,
    "unauthorized_client",
    "Client not enabled to retrieve service account",
    Some(true)
)]
#[case(
    401,
    "invalid_client",
    "Invalid client or Invalid client credentials",
    Some(false)
)]
#[case(400, "invalid_scope", "Invalid scopes: x", None)]
#[case(500, "unknown_error", "", None)]
#[tokio::test]
async fn proof(
    #[case] status: u16,
    #[case] word: &str,
    #[case] description: &str,
    #[case] good: Option<bool>,
) {
    let bench = Bench::new().await;
    bench.server.reset().await;
    let body = json!({"error": word, "error_description": description});
    bench.says("POST", TOKEN, answer(status, &body)).await;
    let request = TokenRequest {
        credential: credential(SECRET),
        scope: None,
    };
    let came = match bench.adapter.verify(&request).await.unwrap() {
        Verification::TokenIssued => Some(true),
        Verification::Rejected(_) => Some(false),
        Verification::Unknown(_) => None,
    };
    assert_eq!(came, good);
}

/// A short token is replaced before it ends, and one that is refused early once.
#[tokio::test]
async fn a_token_that_is_refused_costs_one_login() {
    let bench = Bench::new().await;
    let first = format!("{API}/clients");
    bench.has(&client()).await;
    bench.adapter.check().await.unwrap();
    bench.server.reset().await;
    let token = json!({"access_token": "canary-second", "token_type": "Bearer", "expires_in": 60});
    bench.says("POST", TOKEN, answer(200, &token)).await;
    Mock::given(method("GET"))
        .and(path(&first))
        .respond_with(answer(401, &json!({"error": "HTTP 401 Unauthorized"})))
        .up_to_n_times(1)
        .mount(&bench.server)
        .await;
    bench.has(&client()).await;
    bench.adapter.check().await.unwrap();
    let received = bench.server.received_requests().await.unwrap();
    let paths: Vec<&str> = received.iter().map(|request| request.url.path()).collect();
    assert_eq!(paths, [first.as_str(), TOKEN, first.as_str()]);
}
