//! The metadata of a server.

use rstest::rstest;

use super::*;

const OPENID: &str = "/.well-known/openid-configuration";

fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "registration_endpoint": format!("{issuer}/reg?from=metadata"),
        "token_endpoint": format!("{issuer}/token"),
        "authorization_endpoint": format!("{issuer}/auth"),
        "jwks_uri": format!("{issuer}/jwks"),
        "x": [],
    })
}

async fn put(server: &MockServer, at: &str, answer: ResponseTemplate) {
    Mock::given(method("GET"))
        .and(path(at))
        .respond_with(answer)
        .mount(server)
        .await;
}

fn said(document: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(document)
}

async fn asked(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    requests
        .iter()
        .map(|request| format!("{} {}", request.method, request.url.path()))
        .collect()
}

/// A server whose metadata is this, and its adapter.
async fn with(document: &Value) -> (MockServer, Arc<dyn Provider>) {
    let server = MockServer::start().await;
    let document = document.to_string().replace("HERE", &server.uri());
    put(&server, OPENID, said(&serde_json::from_str(&document).unwrap())).await;
    let adapter = connected(&spec(Some(server.uri()), None));
    (server, adapter)
}

#[tokio::test]
async fn is_read_when_it_is_needed_and_remembered() {
    let (server, adapter) = with(&metadata("HERE")).await;
    assert_eq!(adapter.endpoints(), None);
    Mock::given(method("POST"))
        .respond_with(made(&least()))
        .mount(&server)
        .await;
    let request = Request::Register(Box::new(candidate(scopes(&[]))));
    for _ in 0..2 {
        client_of(adapter.perform(&request, WITHIN).await);
    }
    assert_eq!(
        asked(&server).await,
        [
            format!("GET {OPENID}"),
            "POST /reg".to_owned(),
            "POST /reg".to_owned()
        ]
    );
    let requests = server.received_requests().await.unwrap();
    assert_eq!(bearer(&requests[0]), None, "the token is for registrations only");
    assert_eq!(requests[0].headers["accept"], "application/json");
    assert_eq!(bearer(&requests[1]), Some(INITIAL));
    assert_eq!(requests[1].url.query(), Some("from=metadata"));
    let uri = server.uri();
    assert_eq!(
        adapter.endpoints(),
        Some(Endpoints {
            issuer_uri: Some(uri.clone()),
            token_uri: Some(format!("{uri}/token")),
            authorization_uri: Some(format!("{uri}/auth")),
            jwks_uri: Some(format!("{uri}/jwks")),
        })
    );
}

/// A check asks each time, as it has to find an outage; what was known stays known through one.
#[tokio::test]
async fn a_check_looks_again() {
    let (server, adapter) = with(&metadata("HERE")).await;
    for _ in 0..2 {
        assert_eq!(adapter.check().await, Ok(()));
    }
    assert_eq!(asked(&server).await.len(), 2);
    let known = adapter.endpoints();
    server.reset().await;
    put(&server, OPENID, ResponseTemplate::new(503)).await;
    assert_eq!(kind(adapter.check().await), "Unavailable");
    assert_eq!(adapter.endpoints(), known);
    server.reset().await;
    let mut moved = metadata(&server.uri());
    moved["jwks_uri"] = json!(format!("{}/other", server.uri()));
    put(&server, OPENID, said(&moved)).await;
    assert_eq!(adapter.check().await, Ok(()));
    let endpoints = adapter.endpoints().unwrap();
    assert_eq!(endpoints.jwks_uri, Some(format!("{}/other", server.uri())));
}

#[tokio::test]
async fn who_comes_while_another_looks_waits_for_that() {
    let server = MockServer::start().await;
    let late = said(&metadata(&server.uri())).set_delay(Duration::from_millis(300));
    put(&server, OPENID, late).await;
    let adapter = connected(&spec(Some(server.uri()), None));
    let checks = (0..10).map(|_| adapter.check());
    let checked = futures::future::join_all(checks).await;
    assert!(checked.iter().all(Result::is_ok), "{checked:?}");
    assert_eq!(asked(&server).await.len(), 1);
}

#[rstest]
#[case("", &["/.well-known/openid-configuration"])]
#[case("", &["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"])]
#[case("/a/b", &["/a/b/.well-known/openid-configuration"])]
#[case("/a/b", &["/a/b/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/a/b"])]
#[case("/a/b", &[
    "/a/b/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server/a/b",
    "/a/b/.well-known/oauth-authorization-server",
])]
#[case("/a/", &["/a/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/a"])]
#[tokio::test]
async fn is_looked_for_in_these_places(#[case] issuer: &str, #[case] places: &[&str]) {
    let server = MockServer::start().await;
    let issuer = format!("{}{issuer}", server.uri());
    let last = places.last().unwrap();
    put(&server, last, said(&metadata(&issuer))).await;
    let adapter = connected(&spec(Some(issuer), None));
    assert_eq!(adapter.check().await, Ok(()));
    let expected: Vec<String> = places.iter().map(|place| format!("GET {place}")).collect();
    assert_eq!(asked(&server).await, expected);
}

/// A page for whatever is not there, or metadata that is of no use, hides nothing that is.
#[tokio::test]
async fn what_is_of_no_use_hides_nothing() {
    let page = ResponseTemplate::new(200).set_body_raw("<html>", "text/html");
    for useless in [
        page,
        ResponseTemplate::new(500),
        said(&metadata("https://other")),
        said(&json!({})),
    ] {
        let server = MockServer::start().await;
        put(&server, OPENID, useless).await;
        let there = "/.well-known/oauth-authorization-server";
        put(&server, there, said(&metadata(&server.uri()))).await;
        let adapter = connected(&spec(Some(server.uri()), None));
        assert_eq!(adapter.check().await, Ok(()));
    }
}

#[rstest]
#[case::other_issuer(json!({"issuer": "https://other.example.com"}), "another issuer, https://other.example.com")]
#[case::trailing_slash(json!({"issuer": "HERE/"}), "must be exactly")]
#[case::no_issuer(json!({"issuer": null}), "another issuer")]
#[case::issuer_of_another_type(json!({"issuer": ["HERE"]}), "another issuer")]
#[case::no_registration(json!({"registration_endpoint": null}), "names no registration endpoint")]
#[case::elsewhere(json!({"registration_endpoint": "https://reg.example.com/reg"}), "registrationURI instead of issuer")]
#[case::user_info(json!({"registration_endpoint": "http://a:b@HOST/reg"}), "another server")]
#[tokio::test]
async fn that_cannot_be_used_says_what_to_do(#[case] change: Value, #[case] expected: &str) {
    let server = MockServer::start().await;
    let mut document = metadata(&server.uri());
    for (name, value) in change.as_object().unwrap() {
        document[name] = value.clone();
    }
    let host = server.address().to_string();
    let text = document
        .to_string()
        .replace("HERE", &server.uri())
        .replace("HOST", &host);
    put(&server, OPENID, said(&serde_json::from_str(&text).unwrap())).await;
    let adapter = connected(&spec(Some(server.uri()), None));
    let fault = adapter.check().await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Unavailable(text) if text.contains(expected)),
        "{fault}"
    );
    assert_eq!(adapter.endpoints(), None);
    let request = Request::Register(Box::new(candidate(scopes(&[]))));
    assert_eq!(adapter.perform(&request, WITHIN).await, Err(fault));
    assert!(asked(&server).await.iter().all(|asked| asked.starts_with("GET")));
}

#[tokio::test]
async fn that_is_nowhere() {
    let server = MockServer::start().await;
    let adapter = connected(&spec(Some(server.uri()), None));
    let fault = adapter.check().await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Unavailable(text) if text.contains("404") && text.contains("registrationURI")),
        "{fault}"
    );
    server.reset().await;
    let wait = ResponseTemplate::new(429).insert_header("retry-after", "7");
    put(&server, OPENID, wait).await;
    assert!(matches!(adapter.check().await, Err(Fault::Throttled(Some(_)))));
    for status in [401, 403] {
        server.reset().await;
        put(&server, OPENID, ResponseTemplate::new(status)).await;
        let fault = adapter.check().await.unwrap_err();
        assert_eq!(
            fault.kind(),
            "Unavailable",
            "no credential was shown, so none was refused"
        );
    }
}

/// Whatever makes no sense, or is less secure than the server itself, is not published.
#[tokio::test]
async fn endpoints_that_are_not_published() {
    let mut document = metadata("HERE");
    document["token_endpoint"] = json!("no address");
    document["jwks_uri"] = json!("http://user:password@HERE/jwks");
    document["authorization_endpoint"] = json!(7);
    let (server, adapter) = with(&document).await;
    assert_eq!(adapter.check().await, Ok(()));
    assert_eq!(
        adapter.endpoints(),
        Some(Endpoints {
            issuer_uri: Some(server.uri()),
            ..Endpoints::default()
        })
    );
}

/// A time that is spent on metadata is not there for the registration.
#[tokio::test]
async fn takes_its_time_from_the_registration() {
    let server = MockServer::start().await;
    let late = said(&metadata(&server.uri())).set_delay(Duration::from_secs(5));
    put(&server, OPENID, late).await;
    let adapter = connected(&spec(Some(server.uri()), None));
    let request = Request::Register(Box::new(candidate(scopes(&[]))));
    let soon = Duration::from_millis(200);
    assert_eq!(kind(adapter.perform(&request, soon).await), "Unavailable");
}

#[test]
fn of_a_server_of_one_namespace_needs_https() {
    let refused = try_connect(&spec(Some("http://127.0.0.1".to_owned()), None), true);
    assert!(matches!(
        refused.map(drop),
        Err(NotConnected::BadConfiguration(_))
    ));
}
