//! What each refusal means.

use rstest::rstest;

use super::*;

fn refusal(status: u16, error: &str) -> ResponseTemplate {
    let body = json!({"error": error, "error_description": "said so"});
    ResponseTemplate::new(status).set_body_json(body)
}

#[rstest]
#[case(400, "invalid_client_metadata", "Invalid", "Invalid", "Invalid")]
#[case(400, "invalid_redirect_uri", "Invalid", "Invalid", "Invalid")]
#[case(400, "invalid_request", "Invalid", "Unavailable", "Invalid")]
#[case(400, "invalid_token", "Denied", "Unmanageable", "Unmanageable")]
#[case(400, "invalid_software_statement", "Denied", "Invalid", "Invalid")]
#[case(400, "unapproved_software_statement", "Denied", "Invalid", "Invalid")]
#[case(401, "invalid_token", "Denied", "Unmanageable", "Unmanageable")]
#[case(403, "invalid_token", "Denied", "Unmanageable", "Unmanageable")]
#[case(403, "insufficient_scope", "Denied", "Unmanageable", "Unmanageable")]
#[case(404, "not_found", "Unavailable", "Unavailable", "Unmanageable")]
#[case(405, "", "Unavailable", "Unmanageable", "Unmanageable")]
#[case(410, "", "Unavailable", "Unavailable", "Unmanageable")]
#[case(501, "", "Unavailable", "Unmanageable", "Unmanageable")]
#[case(408, "", "OutcomeUnknown", "OutcomeUnknown", "OutcomeUnknown")]
#[case(409, "", "Invalid", "Invalid", "Invalid")]
#[case(422, "", "Invalid", "Invalid", "Invalid")]
#[case(429, "", "Throttled", "Throttled", "Throttled")]
#[case(500, "server_error", "OutcomeUnknown", "OutcomeUnknown", "OutcomeUnknown")]
#[case(502, "", "OutcomeUnknown", "OutcomeUnknown", "OutcomeUnknown")]
#[case(503, "", "OutcomeUnknown", "OutcomeUnknown", "OutcomeUnknown")]
#[case(302, "", "OutcomeUnknown", "OutcomeUnknown", "OutcomeUnknown")]
#[tokio::test]
async fn of_each_call(
    #[case] status: u16,
    #[case] error: &str,
    #[case] of_register: &str,
    #[case] of_update: &str,
    #[case] of_delete: &str,
) {
    let bench = Bench::new().await;
    let target = bench.target(&json!({}));
    bench.answers("POST", refusal(status, error)).await;
    assert_eq!(kind(bench.register(scopes(&[])).await), of_register);
    bench.answers("PUT", refusal(status, error)).await;
    assert_eq!(kind(bench.change(&target, scopes(&[])).await), of_update);
    bench.answers("DELETE", refusal(status, error)).await;
    assert_eq!(kind(bench.delete(&target).await), of_delete);
}

#[rstest]
#[case(401, true, Denial::Credential, "expired, used up or withdrawn")]
#[case(401, false, Denial::Credential, "asks for an initial access token")]
#[case(403, true, Denial::Right, "not good for such a registration")]
#[case(403, false, Denial::Right, "without an initial access token")]
#[tokio::test]
async fn a_refused_token_says_whose_move_it_is(
    #[case] status: u16,
    #[case] with_token: bool,
    #[case] denial: Denial,
    #[case] hint: &str,
) {
    let bench = Bench::with(with_token, false).await;
    bench.answers("POST", refusal(status, "invalid_token")).await;
    let fault = bench.register(scopes(&[])).await.unwrap_err();
    let Fault::Denied(found, text) = &fault else {
        panic!("{fault:?}")
    };
    assert_eq!(*found, denial);
    assert!(text.contains("said so") && text.contains(hint), "{text}");
}

/// No read shows that the token is refused, so the server's check remembers it.
#[tokio::test]
async fn a_check_remembers_a_refused_token() {
    let bench = Bench::new().await;
    assert_eq!(bench.adapter.check().await, Ok(()));
    bench.answers("POST", refusal(401, "invalid_token")).await;
    let fault = bench.register(scopes(&[])).await.unwrap_err();
    assert_eq!(bench.adapter.check().await, Err(fault.clone()));
    bench.answers("POST", refusal(500, "")).await;
    assert_eq!(kind(bench.register(scopes(&[])).await), "OutcomeUnknown");
    assert_eq!(
        bench.adapter.check().await,
        Err(fault),
        "that says nothing of the token"
    );
    // A lack of a right is remembered elsewhere, and the token was taken.
    bench.answers("POST", refusal(403, "")).await;
    assert_eq!(kind(bench.register(scopes(&[])).await), "Denied");
    assert_eq!(bench.adapter.check().await, Ok(()));
    bench.answers("POST", refusal(401, "invalid_token")).await;
    assert_eq!(kind(bench.register(scopes(&[])).await), "Denied");
    bench.answers("POST", made(&least())).await;
    assert_eq!(kind(bench.register(scopes(&[])).await), "Done");
    assert_eq!(bench.adapter.check().await, Ok(()));
}
