//! What the other switches make of it.

use authserver_emulator::dynamic_registration::Config;
use serde_json::{Value, json};

use crate::caller::{Caller, machine, place, refusal, sendable};
use crate::support::Read;

#[tokio::test]
async fn what_discovery_says() {
    let caller = Caller::with(Config {
        issuer_path: "/a".to_owned(),
        ..Config::default()
    })
    .await;
    let places = [
        "/a/.well-known/openid-configuration",
        "/.well-known/openid-configuration/a",
        "/a/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/a",
    ];
    for (form, discovery, there) in [
        ("standard", "both", [true, false, false, true]),
        ("all", "both", [true, true, true, true]),
        ("insert", "both", [false, true, false, true]),
        ("append", "both", [true, false, true, false]),
        ("all", "openid", [true, true, false, false]),
        ("standard", "oauth", [false, false, false, true]),
        ("all", "none", [false, false, false, false]),
    ] {
        caller.set(&[("discovery_form", form), ("discovery", discovery)]);
        for (path, there) in places.iter().zip(there) {
            let status = caller.get(path).await.status;
            assert_eq!(status == 200, there, "{form} {discovery} {path}: {status}");
        }
    }
    caller.set(&[("discovery", "both"), ("discovery_form", "standard")]);
    let url = caller.emulator.url();
    for (switch, value, field, expected) in [
        (
            "issuer_value",
            "trailing_slash",
            "issuer",
            Some(format!("{url}/a/")),
        ),
        (
            "issuer_value",
            "other",
            "issuer",
            Some("https://elsewhere.invalid/a".to_owned()),
        ),
        ("issuer_value", "absent", "issuer", None),
        ("registration_endpoint", "absent", "registration_endpoint", None),
        (
            "registration_endpoint",
            "relative",
            "registration_endpoint",
            Some("/a/register".to_owned()),
        ),
        (
            "registration_endpoint",
            "other_origin",
            "registration_endpoint",
            Some("https://elsewhere.invalid/a/register".to_owned()),
        ),
        ("discovery_fields", "required", "grant_types_supported", None),
    ] {
        caller.set(&[(switch, value)]);
        for path in [places[0], places[3]] {
            let document = caller.get(path).await.json();
            assert_eq!(
                document
                    .get(field)
                    .map(|value| value.as_str().unwrap().to_owned()),
                expected
            );
        }
    }
}

#[tokio::test]
async fn what_a_registration_answers() {
    for status in ["200", "202"] {
        let caller = Caller::switched(&[("register_status", status)]).await;
        let answer = caller.register(&machine("x")).await;
        assert_eq!(answer.status.to_string(), status);
        assert!(answer.json()["client_secret"].is_string());
    }
    let caller = Caller::switched(&[("register_secret", "absent")]).await;
    let client = caller.registered("x").await;
    assert!(client.get("client_secret").is_none());
    assert!(caller.there(&client).client_secret.is_some());
    assert!(caller.read(&client).await.json()["client_secret"].is_string());
    caller.set(&[("register_secret", "empty")]);
    assert_eq!(caller.registered("x").await["client_secret"], "");
    caller.set(&[("register", "404")]);
    assert_eq!(caller.register(&machine("x")).await.status, 404);
    assert_eq!(caller.emulator.clients().len(), 2);
}

#[tokio::test]
async fn how_many_may_register() {
    for (status, error) in [
        ("403", "access_denied"),
        ("400", "invalid_client_metadata"),
        ("429", "access_denied"),
    ] {
        let caller = Caller::switched(&[("client_limit", "1"), ("client_limit_status", status)]).await;
        let first = caller.registered("x").await;
        let second = caller.register(&machine("y")).await;
        assert_eq!(refusal(&second), (status.parse().unwrap(), error.to_owned()));
        caller.delete(&first).await;
        caller.registered("y").await;
    }
    let caller = Caller::switched(&[("initial_token_uses", "2")]).await;
    let url = caller.emulator.registration_url();
    caller.emulator.set_initial_access_token(Some("initial"));
    let mut statuses = Vec::new();
    for body in [json!({}), machine("x"), machine("x"), machine("x")] {
        let request = caller.request("POST", &url).bearer_auth("initial").json(&body);
        statuses.push(request.send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [400, 201, 201, 401], "only registrations count");
}

#[tokio::test]
async fn where_a_client_is_managed() {
    let caller = Caller::with(Config {
        issuer_path: "/a".to_owned(),
        ..Config::default()
    })
    .await;
    let register = caller.emulator.registration_url();
    for (value, expected) in [
        ("path", format!("{register}/ID")),
        ("query", format!("{register}?client_id=ID")),
        ("relative", "/a/register/ID".to_owned()),
        (
            "other_origin",
            "https://elsewhere.invalid/a/register/ID".to_owned(),
        ),
    ] {
        caller.set(&[("uri_form", value)]);
        let client = caller.registered("x").await;
        let id = client["client_id"].as_str().unwrap();
        let (uri, token) = place(&client);
        assert_eq!(uri, expected.replace("ID", id));
        let here = caller.emulator.management_url(id).unwrap();
        assert_eq!(caller.manage("GET", &here, token, None).await.json(), client);
    }
    caller.set(&[("uri_form", "other_path")]);
    let client = caller.registered("x").await;
    let (uri, token) = place(&client);
    assert!(!uri.contains(client["client_id"].as_str().unwrap()), "{uri}");
    assert_eq!(caller.read(&client).await.json(), client);
    let guess = format!("{register}/{}", client["client_id"].as_str().unwrap());
    assert_eq!(
        caller.manage("GET", &guess, token, None).await.status,
        401,
        "the address is opaque"
    );
}

#[tokio::test]
async fn what_can_be_managed() {
    for (value, uri, token) in [
        ("full", true, true),
        ("none", false, false),
        ("token_only", false, true),
        ("uri_only", true, false),
    ] {
        let caller = Caller::switched(&[("management", value)]).await;
        let client = caller.registered("x").await;
        assert_eq!(client.get("registration_client_uri").is_some(), uri, "{value}");
        assert_eq!(
            client.get("registration_access_token").is_some(),
            token,
            "{value}"
        );
        let there = caller.there(&client);
        let url = caller.emulator.management_url(&there.client_id).unwrap();
        let token = there.registration_access_token.unwrap();
        let status = caller.manage("GET", &url, &token, None).await.status;
        assert_eq!(status, if value == "none" { 404 } else { 200 });
    }
    for (switch, allowed) in [
        ("read", "PUT, DELETE"),
        ("update", "GET, DELETE"),
        ("delete", "GET, PUT"),
    ] {
        let caller = Caller::switched(&[(switch, "405")]).await;
        let client = caller.registered("x").await;
        let answer = match switch {
            "read" => caller.read(&client).await,
            "update" => caller.update(&client, &sendable(&client)).await,
            _ => caller.delete(&client).await,
        };
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)));
        assert_eq!(caller.emulator.counters().of(switch), 1);
        assert_eq!(caller.emulator.clients().len(), 1);
    }
}

#[tokio::test]
async fn what_management_answers() {
    let caller = Caller::switched(&[("update_status", "204"), ("delete_status", "200")]).await;
    let client = caller.registered("x").await;
    let updated = caller.update(&client, &sendable(&client)).await;
    assert_eq!((updated.status, updated.text.as_str()), (204, ""));
    let deleted = caller.delete(&client).await;
    assert_eq!((deleted.status, deleted.json()), (200, json!({})));
    for status in ["404", "403"] {
        caller.set(&[("unknown_client", status)]);
        let gone = caller.read(&client).await;
        assert_eq!(
            refusal(&gone),
            (status.parse().unwrap(), "invalid_request".to_owned())
        );
    }
    let client = caller.registered("x").await;
    caller.set(&[("omitted_in_put", "kept")]);
    let wish = json!({ "client_id": client["client_id"], "client_name": null, "software_id": "new" });
    caller.update(&client, &wish).await;
    let metadata = caller.there(&client).metadata;
    assert_eq!(
        (&metadata["scope"], &metadata["software_id"]),
        (&json!("a b"), &json!("new"))
    );
    assert!(metadata.get("client_name").is_none());
}

#[tokio::test]
async fn how_refusals_are_written() {
    for (value, content_type) in [
        ("oauth", Some("application/json")),
        ("code_only", Some("application/json")),
        ("problem", Some("application/problem+json")),
        ("html", Some("text/html;charset=utf-8")),
        ("empty", None),
    ] {
        let caller = Caller::switched(&[("error_body", value), ("token_error_body", value)]).await;
        let refused = caller.register(&json!({})).await;
        let token = caller.token("x", "y", &[]).await;
        for answer in [&refused, &token] {
            assert_eq!(
                (answer.status, answer.content_type.as_deref()),
                (400, content_type),
                "{value}"
            );
        }
        match value {
            "oauth" => assert!(refused.json()["error_description"].is_string()),
            "code_only" => assert_eq!(refused.json(), json!({ "error": "invalid_redirect_uri" })),
            "problem" => assert_eq!(
                (&refused.json()["status"], &refused.json()["title"]),
                (&json!(400), &json!("Bad Request"))
            ),
            "html" => assert!(refused.text.contains("<h1>400")),
            _ => assert_eq!(refused.text, ""),
        }
    }
    for (value, status, challenged) in [
        ("challenge", 401, true),
        ("bare_401", 401, false),
        ("forbidden", 403, false),
    ] {
        let caller = Caller::switched(&[("unauthorized", value)]).await;
        let client = caller.registered("x").await;
        let answer = caller.manage("GET", place(&client).0, "wrong", None).await;
        assert_eq!(
            (answer.status, answer.challenged),
            (status, challenged),
            "{value}"
        );
    }
}

#[tokio::test]
async fn what_a_caller_says_that_it_wants() {
    let caller = Caller::start().await;
    let url = caller.emulator.registration_url();
    let post = async |accept: &str, body: &Value| {
        let request = caller.http.post(&url).header("accept", accept).json(body);
        Read::of(request.send().await.unwrap()).await
    };
    caller.set(&[("accept", "html_errors")]);
    assert!(post("*/*", &json!({})).await.text.contains("<html>"));
    assert_eq!(
        post("text/html, application/json;q=0.9", &json!({}))
            .await
            .field("error"),
        "invalid_redirect_uri"
    );
    assert_eq!(post("*/*", &machine("x")).await.status, 201, "a success is JSON");
    caller.set(&[("accept", "406")]);
    assert_eq!(post("*/*", &machine("x")).await.status, 406);
    assert_eq!(post("application/json", &machine("x")).await.status, 201);
    let client = caller.registered("x").await;
    let (url, token) = place(&client);
    for method in ["GET", "PUT"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = caller.http.request(method, url).bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 406);
    }
    caller.set(&[("accept", "ignored"), ("request_type", "415")]);
    let untyped = caller.request("POST", &caller.emulator.registration_url());
    let untyped = untyped.body(machine("x").to_string()).send().await.unwrap();
    assert_eq!(untyped.status().as_u16(), 415);
    for (value, content_type) in [
        ("json_utf8", Some("application/json;charset=UTF-8")),
        ("text", Some("text/plain")),
        ("absent", None),
    ] {
        caller.set(&[("content_type", value)]);
        assert_eq!(caller.read(&client).await.content_type.as_deref(), content_type);
    }
}
