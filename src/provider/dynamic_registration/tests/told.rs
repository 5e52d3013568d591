//! What is made of the answer to a registration.

use rstest::rstest;

use super::*;

async fn registered(answer: &Value, asked: ClientMetadata) -> RemoteClient {
    let bench = Bench::new().await;
    bench.answers("POST", made(answer)).await;
    client_of(bench.register(asked).await)
}

#[tokio::test]
async fn a_whole_answer() {
    let bench = Bench::with(true, true).await;
    let uri = format!("{}/reg/the-id?x=1", bench.server.uri());
    let answer = but(&json!({
        "client_id_issued_at": 1_760_000_000,
        "client_secret_expires_at": 1_790_000_000,
        "registration_access_token": ACCESS,
        "registration_client_uri": uri,
        "software_statement": STATEMENT,
        "client_name": "Payments",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "read  write read",
        "token_endpoint_auth_method": "client_secret_basic",
        "x_other": {"kept": [1, true]},
        "x_repeated": [{"again": SECRET}],
        "contacts": null,
    }));
    bench.answers("POST", made(&answer)).await;
    let client = client_of(bench.register(scopes(&["read", "write"])).await);
    assert_eq!(client.handle, Handle::from("the-id"));
    assert_eq!(client.name.as_deref(), Some("Payments"));
    assert_eq!(client.credential.client_id, "the-id");
    assert_eq!(client.credential.client_secret, Some(Confidential::new(SECRET)));
    assert_eq!(client.secret_expires_at.unwrap().as_second(), 1_790_000_000);
    assert_eq!(
        client.metadata,
        ClientMetadata {
            grant_types: Some(set(&["client_credentials"])),
            redirect_uris: Some(set(&[])),
            token_endpoint_auth_method: Some("client_secret_basic".to_owned()),
            ..scopes(&["read", "write"])
        }
    );
    let access = client.access.unwrap();
    assert_eq!((access.uri, access.token), (uri, Confidential::new(ACCESS)));
    let document: Value = serde_json::from_str(&access.document).unwrap();
    assert_eq!(
        document,
        json!({
            "client_id": "the-id",
            "client_name": "Payments",
            "grant_types": ["client_credentials"],
            "response_types": [],
            "scope": "read  write read",
            "token_endpoint_auth_method": "client_secret_basic",
            "x_other": {"kept": [1, true]},
        })
    );
}

/// What a server does not repeat is what it was asked for; what it changed is what it says.
#[tokio::test]
async fn metadata_that_is_not_told_or_is_told_otherwise() {
    let told = registered(&least(), for_users()).await.metadata;
    assert_eq!(told, for_users());
    let told = registered(&least(), scopes(&[])).await.metadata;
    assert_eq!(told.grant_types, Some(set(&["client_credentials"])));
    assert_eq!(
        (told.scopes, told.token_endpoint_auth_method),
        (Some(set(&[])), None)
    );
    let other = but(&json!({
        "scope": "openid",
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "redirect_uris": [],
    }));
    let told = registered(&other, for_users()).await.metadata;
    assert_eq!(
        for_users().differences(&told),
        BTreeSet::from([
            Field::Scopes,
            Field::GrantTypes,
            Field::TokenEndpointAuthMethod,
            Field::RedirectUris
        ])
    );
    let nonsense = but(&json!({"scope": 7, "grant_types": [1], "redirect_uris": {}, "client_name": []}));
    let client = registered(&nonsense, for_users()).await;
    assert_eq!((client.metadata, client.name), (for_users(), None));
    let list = but(&json!({"scope": ["write", "read"]}));
    assert_eq!(registered(&list, for_users()).await.metadata, for_users());
}

#[rstest]
#[case(json!(1_790_000_000), Some(1_790_000_000))]
#[case(json!("1790000000"), Some(1_790_000_000))]
#[case(json!(1_790_000_000.0), Some(1_790_000_000))]
#[case(json!(0), None)]
#[case(json!("0"), None)]
#[case(json!(-1), None)]
#[case(json!(1_790_000_000_000_000_u64), None)]
#[case(json!("soon"), None)]
#[case(json!(1.5), None)]
#[case(json!(true), None)]
#[case(json!(null), None)]
#[tokio::test]
async fn the_end_of_a_secret(#[case] told: Value, #[case] seconds: Option<i64>) {
    let answer = but(&json!({"client_secret_expires_at": told}));
    let client = registered(&answer, scopes(&[])).await;
    assert_eq!(client.secret_expires_at.map(jiff::Timestamp::as_second), seconds);
}

/// The access to a registration is only one that is sent to the server itself.
#[rstest]
#[case::whole("HERE/reg/the-id", ACCESS, Some("HERE/reg/the-id"))]
#[case::query("HERE/reg?client_id=the-id#x", ACCESS, Some("HERE/reg?client_id=the-id"))]
#[case::relative_to_the_endpoint("reg/the-id", ACCESS, Some("HERE/reg/the-id"))]
#[case::from_the_root("/clients/the-id", ACCESS, Some("HERE/clients/the-id"))]
#[case::elsewhere("https://evil.example.com/reg/the-id", ACCESS, None)]
#[case::elsewhere_without_a_scheme("//evil.example.com/reg", ACCESS, None)]
#[case::other_scheme("https://HOST/reg/the-id", ACCESS, None)]
#[case::user_info("http://user@HOST/reg/the-id", ACCESS, None)]
#[case::other_port("http://127.0.0.1:1/reg/the-id", ACCESS, None)]
#[case::no_address("http://", ACCESS, None)]
#[case::a_token_that_cannot_be_sent("HERE/reg/the-id", "canary token", None)]
#[case::an_empty_token("HERE/reg/the-id", "", None)]
#[tokio::test]
async fn the_access(#[case] uri: &str, #[case] token: &str, #[case] expected: Option<&str>) {
    let bench = Bench::new().await;
    let host = bench.server.address().to_string();
    let place = |text: &str| text.replace("HERE", &bench.server.uri()).replace("HOST", &host);
    let answer = but(&json!({"registration_client_uri": place(uri), "registration_access_token": token}));
    bench.answers("POST", made(&answer)).await;
    let access = client_of(bench.register(scopes(&[])).await).access;
    assert_eq!(access.map(|access| access.uri), expected.map(place));
}

#[tokio::test]
async fn a_server_that_gives_no_access_or_half_of_it() {
    for given in [
        json!({}),
        json!({"registration_access_token": ACCESS}),
        json!({"registration_client_uri": "/reg/the-id"}),
        json!({"registration_client_uri": 7, "registration_access_token": [ACCESS]}),
        json!({"registration_client_uri": format!("/{}", "x".repeat(2048)), "registration_access_token": ACCESS}),
        json!({"registration_client_uri": "/reg/the-id", "registration_access_token": "x".repeat(8193)}),
    ] {
        assert_eq!(
            registered(&but(&given), scopes(&[])).await.access,
            None,
            "{given}"
        );
    }
}

/// A client was made, and what came of it cannot be used.
#[tokio::test]
async fn an_answer_that_makes_no_sense_leaves_the_outcome_open() {
    let bench = Bench::new().await;
    let page = ResponseTemplate::new(201).set_body_raw("<html>", "text/html");
    let large = but(&json!({"x": "y".repeat(256 * 1024)}));
    for answer in [
        made(&json!({})),
        made(&json!([])),
        made(&json!("the-id")),
        made(&but(&json!({"client_id": null}))),
        made(&but(&json!({"client_id": ""}))),
        made(&but(&json!({"client_id": 7}))),
        made(&but(&json!({"client_id": "a\nb"}))),
        made(&but(&json!({"client_id": "x".repeat(1025)}))),
        made(&but(&json!({"client_secret": null}))),
        made(&but(&json!({"client_secret": ""}))),
        made(&but(&json!({"client_secret": "a\u{0}b"}))),
        made(&but(&json!({"client_secret": "x".repeat(4097)}))),
        made(&but(
            &json!({"client_secret": null, "token_endpoint_auth_method": "client_secret_post"}),
        )),
        made(&large),
        page,
        ResponseTemplate::new(201).set_body_raw(
            r#"{"client_id":"a","client_secret":"s","client_id":"b"}"#,
            "application/json",
        ),
        ResponseTemplate::new(201),
        ResponseTemplate::new(204),
    ] {
        bench.answers("POST", answer).await;
        let answer = bench.register(scopes(&[])).await;
        assert_eq!(kind(answer.clone()), "OutcomeUnknown", "{answer:?}");
    }
}

/// The limits are inclusive, other successes are borne, and a client need not have a secret.
#[tokio::test]
async fn an_answer_at_the_edge() {
    let bench = Bench::new().await;
    let longest = but(&json!({"client_id": "i".repeat(1024), "client_secret": "s".repeat(4096)}));
    for status in [200, 202] {
        let answer = ResponseTemplate::new(status).set_body_json(&longest);
        bench.answers("POST", answer).await;
        assert_eq!(kind(bench.register(scopes(&[])).await), "Done");
    }
    for method in ["none", "private_key_jwt", "tls_client_auth"] {
        let without = but(&json!({"client_secret": null, "token_endpoint_auth_method": method}));
        bench.answers("POST", made(&without)).await;
        let client = client_of(bench.register(scopes(&[])).await);
        assert_eq!(client.credential.client_secret, None);
    }
}
