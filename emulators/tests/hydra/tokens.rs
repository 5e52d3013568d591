//! The token endpoint.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::json;

use crate::caller::{Caller, read, secret, wish, with};
use crate::support::{GRANT, Read};

fn refused(answer: &Read, status: u16, error: &str) {
    assert_eq!(
        (answer.status, answer.field("error").as_str()),
        (status, error),
        "{answer:?}"
    );
    assert_eq!(
        answer.content_type.as_deref(),
        Some("application/json;charset=UTF-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_token_is_issued() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let answer = caller.token("x", "secret-of-x", &[("scope", "read")]).await;
    let token = answer.field("access_token");
    assert!(token.starts_with("ory_at_"));
    assert_eq!(
        answer.json(),
        json!({ "access_token": token, "expires_in": 3599, "scope": "read", "token_type": "bearer" })
    );
    assert_eq!(
        answer.content_type.as_deref(),
        Some("application/json;charset=UTF-8")
    );
    let verdict = caller
        .control("POST", "/verify_token", Some(&json!({ "token": token })))
        .await;
    assert_eq!(
        verdict.json(),
        json!({ "issued": true, "good": true, "client_id": "x", "scope": "read", "audience": [] })
    );
    caller.delete("x").await;
    let verdict = caller
        .control("POST", "/verify_token", Some(&json!({ "token": token })))
        .await;
    assert_eq!(
        verdict.json(),
        json!({ "issued": false, "good": false }),
        "it went with its client"
    );
}

#[tokio::test]
async fn each_client_authenticates_as_it_is_registered() {
    let caller = Caller::start().await;
    for (method, basic, body) in [
        ("client_secret_basic", 200, 401),
        ("client_secret_post", 401, 200),
        ("client_secret_jwt", 401, 401),
    ] {
        let more = json!({ "token_endpoint_auth_method": method });
        caller.register(&with(&wish(method), &more)).await;
        let secret = secret(method);
        let by_basic = caller.token(method, &secret, &[]).await;
        let by_body = caller
            .token_in_body(&[("client_id", method), ("client_secret", &secret)])
            .await;
        assert_eq!([by_basic.status, by_body.status], [basic, body], "{method}");
        for answer in [by_basic, by_body].iter().filter(|answer| answer.status != 200) {
            refused(answer, 401, "invalid_client");
        }
    }
    let public = json!({ "token_endpoint_auth_method": "none" });
    caller.register(&with(&wish("public"), &public)).await;
    refused(
        &caller.token_in_body(&[("client_id", "public")]).await,
        400,
        "invalid_grant",
    );
    assert!(!caller.emulator.verify_pair("public", "secret-of-public"));
}

#[tokio::test]
async fn what_is_wrong_with_a_token_request_is_said() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    caller
        .register(&with(&wish("no grant"), &json!({ "grant_types": null })))
        .await;
    refused(&caller.token("x", "wrong!", &[]).await, 401, "invalid_client");
    refused(&caller.token("x", "", &[]).await, 401, "invalid_client");
    refused(
        &caller.token("nobody", "secret-of-x", &[]).await,
        401,
        "invalid_client",
    );
    refused(&caller.token_in_body(&[]).await, 400, "invalid_request");
    refused(
        &caller.token_in_body(&[("client_id", "x")]).await,
        401,
        "invalid_client",
    );
    refused(
        &caller.token("x", "secret-of-x", &[("scope", "read other")]).await,
        400,
        "invalid_scope",
    );
    refused(
        &caller.token("no grant", "secret-of-no grant", &[]).await,
        400,
        "unauthorized_client",
    );
    let assertion = [("client_assertion_type", "odd")];
    refused(&caller.token_in_body(&assertion).await, 400, "invalid_request");
    let url = caller.emulator.token_url();
    let with_basic = |request: reqwest::RequestBuilder| request.basic_auth("x", Some("secret-of-x"));
    for form in [&[][..], &[("grant_type", "password")]] {
        refused(
            &read(with_basic(caller.http.post(&url)).form(form)).await,
            400,
            "invalid_request",
        );
    }
    let json = with_basic(caller.http.post(&url)).json(&json!({ "grant_type": GRANT.1 }));
    refused(&read(json).await, 400, "invalid_request");
    assert_eq!(read(caller.http.get(url)).await.status, 405);
}

#[tokio::test]
async fn an_audience_has_to_be_the_clients() {
    let caller = Caller::start().await;
    let audience = ["https://api.example", "https://other.example/v1/", "urn:thing"];
    caller
        .register(&with(&wish("x"), &json!({ "audience": audience })))
        .await;
    for (asked, status) in [
        ("https://api.example", 200),
        ("https://api.example/", 200),
        ("https://api.example/deep/er", 200),
        ("https://api.example https://other.example/v1", 200),
        ("urn:thing", 200),
        ("https://api.example.evil", 400),
        ("https://other.example", 400),
        ("https://other.example/v12", 400),
        ("https://api.example https://nobody.example", 400),
    ] {
        let answer = caller.token("x", "secret-of-x", &[("audience", asked)]).await;
        assert_eq!(answer.status, status, "{asked}");
        if status == 400 {
            refused(&answer, 400, "invalid_request");
        }
    }
}

#[tokio::test]
async fn a_token_lives_as_long_as_its_client_says() {
    let caller = Caller::switched(&[("token_seconds", "600")]).await;
    caller.registered("x").await;
    let lifespan = "client_credentials_grant_access_token_lifespan";
    let expires_in = async || caller.token("x", "secret-of-x", &[]).await.json()["expires_in"].clone();
    assert_eq!(expires_in().await, 599);
    caller.set_lifespans("x", &json!({ lifespan: "2h" })).await;
    assert_eq!(expires_in().await, 7199);
    caller.set_lifespans("x", &json!({ lifespan: "-1s" })).await;
    let token = caller.token("x", "secret-of-x", &[]).await;
    assert_eq!(token.json()["expires_in"], 0);
    let token = json!({ "token": token.field("access_token") });
    let verdict = caller.control("POST", "/verify_token", Some(&token)).await.json();
    assert_eq!([&verdict["issued"], &verdict["good"]], [true, false]);
}

#[tokio::test]
async fn a_token_is_a_jwt_where_its_client_wants_one() {
    let caller = Caller::start().await;
    caller
        .register(&with(&wish("x"), &json!({ "access_token_strategy": "jwt" })))
        .await;
    let token = caller.token("x", "secret-of-x", &[]).await.field("access_token");
    assert_eq!(token.split('.').count(), 3);
    assert!(caller.emulator.credentials().contains(&token));
}

#[tokio::test]
async fn token_basic_decoding() {
    for (value, encoded, plain) in [("form", 200, 401), ("plain", 401, 200), ("either", 200, 200)] {
        let caller = Caller::switched(&[("token_basic_decoding", value)]).await;
        let secret = "+%41:/ secret";
        caller
            .register(&with(&wish("x"), &json!({ "client_secret": secret })))
            .await;
        assert_eq!(caller.token("x", secret, &[]).await.status, encoded, "{value}");
        let request = caller.http.post(caller.emulator.token_url());
        let request = request.basic_auth("x", Some(secret)).form(&[GRANT]);
        assert_eq!(read(request).await.status, plain, "{value}");
    }
}

#[tokio::test]
async fn token_scope_omitted_and_token_scope_shown() {
    for (value, scope) in [("none", Some("")), ("all", Some("read write")), ("400", None)] {
        let caller = Caller::switched(&[("token_scope_omitted", value)]).await;
        caller.registered("x").await;
        let answer = caller.token("x", "secret-of-x", &[]).await;
        match scope {
            Some(scope) => assert_eq!(answer.json()["scope"], scope),
            None => refused(&answer, 400, "invalid_scope"),
        }
    }
    let caller = Caller::switched(&[("token_scope_shown", "false")]).await;
    caller.registered("x").await;
    assert_eq!(
        caller.token("x", "secret-of-x", &[]).await.json().get("scope"),
        None
    );
}

#[tokio::test]
async fn token_expires_in_and_token_type() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    for (value, written) in [
        ("number", Some(json!(3599))),
        ("text", Some(json!("3599"))),
        ("absent", None),
    ] {
        caller.set(&[("token_expires_in", value)]);
        let answer = caller.token("x", "secret-of-x", &[]).await.json();
        assert_eq!(answer.get("expires_in"), written.as_ref());
    }
    for value in ["Bearer", "bearer", "BEARER"] {
        caller.set(&[("token_type", value)]);
        assert_eq!(
            caller.token("x", "secret-of-x", &[]).await.json()["token_type"],
            value
        );
    }
}
