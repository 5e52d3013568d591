//! The token endpoint, and what its tokens are good for.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::Duration;

use serde_json::{Value, json};

use crate::caller::{BOOTSTRAP, Caller, read, wish, with};
use crate::support::{GRANT, PASSWORD, Read, USER};

fn refusal(answer: &Read) -> (u16, String) {
    (answer.status, answer.field("error"))
}

#[tokio::test]
async fn an_administrator_logs_in() {
    let caller = Caller::start().await;
    let login = caller.login(USER, PASSWORD).await;
    assert_eq!(
        (login.status, login.header("cache-control")),
        (200, Some("no-store"))
    );
    let mut said = login.json();
    for random in ["access_token", "refresh_token", "jti"] {
        assert!(said[random].is_string(), "{random}");
        said.as_object_mut().unwrap().remove(random);
    }
    assert_eq!(said, json!({ "token_type": "bearer", "expires_in": 600 }));
    assert_eq!(caller.status_with(&login.field("access_token")).await, 200);
    let again = caller.refresh(BOOTSTRAP, &login.field("refresh_token")).await;
    assert_eq!(caller.status_with(&again.field("access_token")).await, 200);
    assert_eq!(
        caller.status_with(&login.field("refresh_token")).await,
        401,
        "it is no access token"
    );
}

#[tokio::test]
async fn refusals_are_those_of_the_standard() {
    let caller = Caller::start().await;
    let form = json!({ "authorizedGrantTypes": ["mfa"], "refreshTokenValiditySeconds": null });
    caller.register(&with(&wish("x"), &form)).await;
    let x = ("x", "secret-of-x");
    for (answer, status, error) in [
        (caller.login(USER, "wrong").await, 400, "invalid_grant"),
        (caller.login("nobody", PASSWORD).await, 400, "invalid_grant"),
        (
            caller.login_with(("bootstrap", "wrong"), USER, PASSWORD).await,
            401,
            "invalid_client",
        ),
        (
            caller.login_with(("nobody", "wrong"), USER, PASSWORD).await,
            401,
            "invalid_client",
        ),
        (
            caller.login_with(x, USER, PASSWORD).await,
            400,
            "unauthorized_client",
        ),
        (caller.refresh(x, "token").await, 400, "unauthorized_client"),
        (caller.refresh(BOOTSTRAP, "token").await, 400, "invalid_grant"),
        (caller.token(BOOTSTRAP, &[]).await, 400, "invalid_request"),
        (
            caller.token(BOOTSTRAP, &[GRANT]).await,
            400,
            "unsupported_grant_type",
        ),
    ] {
        assert_eq!(refusal(&answer), (status, error.to_owned()));
    }
    let json = caller
        .http
        .post(caller.emulator.token_url())
        .json(&json!({ "grant_type": "password" }));
    assert_eq!(refusal(&read(json).await), (400, "invalid_request".to_owned()));
    let form = [
        ("grant_type", "password"),
        ("client_id", BOOTSTRAP.0),
        ("client_secret", BOOTSTRAP.1),
    ];
    let in_body = caller.http.post(caller.emulator.token_url()).form(&form);
    assert_eq!(refusal(&read(in_body).await), (401, "invalid_client".to_owned()));
}

#[tokio::test]
async fn tokens_end() {
    let caller = Caller::start().await;
    assert_eq!(caller.list().await.status, 200);
    let refresh = caller.login(USER, PASSWORD).await.field("refresh_token");
    caller.control("DELETE", "/access_tokens", None).await;
    let ended = caller.list().await;
    assert_eq!((ended.status, ended.challenged), (401, true));
    assert_eq!(caller.refresh(BOOTSTRAP, &refresh).await.status, 200);
    caller.control("DELETE", "/tokens", None).await;
    assert_eq!(caller.refresh(BOOTSTRAP, &refresh).await.status, 400);
    let short = json!({ "accessTokenValiditySeconds": 1, "refreshTokenValiditySeconds": 2 });
    caller.control("PUT", "/clients/bootstrap", Some(&short)).await;
    let login = caller.login(USER, PASSWORD).await;
    assert_eq!(login.json()["expires_in"], 1);
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(caller.status_with(&login.field("access_token")).await, 401);
    assert_eq!(
        caller
            .refresh(BOOTSTRAP, &login.field("refresh_token"))
            .await
            .status,
        200
    );
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(
        caller
            .refresh(BOOTSTRAP, &login.field("refresh_token"))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_code_is_good_once() {
    let caller = Caller::start().await;
    let code_app = json!({
        "authorizedGrantTypes": ["authorization_code"], "registeredRedirectUris": ["https://a.example"],
    });
    caller.register(&with(&wish("x"), &code_app)).await;
    caller.registered("y").await;
    let issue = json!({ "client_id": "x", "username": "ann" });
    let code = caller.control("POST", "/codes", Some(&issue)).await.field("code");
    let exchange = async |pair: (&str, &str), code: &str| {
        caller
            .token(pair, &[("grant_type", "authorization_code"), ("code", code)])
            .await
    };
    assert_eq!(exchange(("y", "secret-of-y"), &code).await.status, 400);
    let x = ("x", "secret-of-x");
    let token = exchange(x, &code).await.json();
    assert!(token["access_token"].is_string() && token.get("refresh_token").is_none());
    assert_eq!(
        refusal(&exchange(x, &code).await),
        (400, "invalid_grant".to_owned())
    );
    assert_eq!(
        refusal(&exchange(("x", "wrong"), &code).await),
        (401, "invalid_client".to_owned())
    );
}

#[tokio::test]
async fn token_header() {
    for (value, authorization, authentication) in [
        ("authorization", 200, 401),
        ("authentication", 401, 200),
        ("either", 200, 200),
    ] {
        let caller = Caller::switched(&[("token_header", value)]).await;
        assert_eq!(
            caller.login(USER, PASSWORD).await.status,
            authorization,
            "{value}"
        );
        let form = [
            ("grant_type", "password"),
            ("username", USER),
            ("password", PASSWORD),
        ];
        let request = caller.http.post(caller.emulator.token_url()).form(&form);
        let request = request.header("authentication", "Basic Ym9vdHN0cmFwOmJvb3RzdHJhcC1zZWNyZXQ=");
        assert_eq!(read(request).await.status, authentication, "{value}");
    }
}

#[tokio::test]
async fn token_basic_decoding() {
    for (value, plain, encoded) in [("either", 200, 200), ("plain", 200, 401), ("form", 401, 200)] {
        let caller = Caller::switched(&[("token_basic_decoding", value)]).await;
        caller.emulator.add_client("x", "+%41:/");
        let login = async |secret: &str| caller.login_with(("x", secret), "ann", "p").await.status;
        assert_eq!(login("+%41:/").await, plain, "{value}");
        assert_eq!(login("%2B%2541%3A%2F").await, encoded, "{value}");
    }
}

#[tokio::test]
async fn token_error_status() {
    for (value, wrong_user, wrong_app) in [("standard", 400, 401), ("403", 403, 403), ("500", 500, 500)] {
        let caller = Caller::switched(&[("token_error_status", value)]).await;
        assert_eq!(caller.login(USER, "wrong").await.status, wrong_user, "{value}");
        assert_eq!(
            caller.login_with(("no", "no"), USER, PASSWORD).await.status,
            wrong_app,
            "{value}"
        );
        assert_eq!(caller.login(USER, PASSWORD).await.status, 200);
    }
}

#[tokio::test]
async fn token_error_body() {
    for (value, holds) in [
        ("oauth", r#""error":"invalid_grant""#),
        ("framework", r#""path":"/api/oauth/token""#),
        ("html", "<h1>400 Bad Request</h1>"),
        ("text", "Bad Request: "),
        ("empty", ""),
    ] {
        let caller = Caller::switched(&[("token_error_body", value)]).await;
        let answer = caller.login(USER, "wrong").await;
        assert_eq!(answer.status, 400);
        assert!(answer.text.contains(holds), "{value}: {answer:?}");
        assert_eq!(answer.text.is_empty(), value == "empty");
    }
}

#[tokio::test]
async fn token_expires_in_and_token_type() {
    for (value, expected) in [
        ("number", json!(600)),
        ("text", json!("600")),
        ("absent", Value::Null),
    ] {
        let caller = Caller::switched(&[("token_expires_in", value)]).await;
        assert_eq!(caller.login(USER, PASSWORD).await.json()["expires_in"], expected);
    }
    for value in ["Bearer", "bearer", "BEARER"] {
        let caller = Caller::switched(&[("token_type", value)]).await;
        assert_eq!(caller.login(USER, PASSWORD).await.json()["token_type"], value);
    }
}

#[tokio::test]
async fn refresh_issued() {
    for (value, issued) in [("true", true), ("false", false)] {
        let caller = Caller::switched(&[("refresh_issued", value)]).await;
        let login = caller.login(USER, PASSWORD).await.json();
        assert_eq!(login.get("refresh_token").is_some(), issued, "{value}");
    }
}

#[tokio::test]
async fn refresh_use() {
    for (value, shown, same, old_works) in [
        ("same", true, true, 200),
        ("new", true, false, 400),
        ("not_shown", false, false, 200),
    ] {
        let caller = Caller::switched(&[("refresh_use", value)]).await;
        let first = caller.login(USER, PASSWORD).await.field("refresh_token");
        let answer = caller.refresh(BOOTSTRAP, &first).await.json();
        assert_eq!(answer.get("refresh_token").is_some(), shown, "{value}");
        assert_eq!(answer["refresh_token"] == json!(first), same, "{value}");
        assert_eq!(
            caller.refresh(BOOTSTRAP, &first).await.status,
            old_works,
            "{value}"
        );
        if value == "new" {
            let second = answer["refresh_token"].as_str().unwrap();
            assert_eq!(caller.refresh(BOOTSTRAP, second).await.status, 200);
        }
    }
}

#[tokio::test]
async fn two_factor_and_restricted_use() {
    for (value, status_then) in [("by_user", 200), ("everybody", 403)] {
        let caller = Caller::switched(&[("two_factor", value)]).await;
        let two = caller.login("two", "p").await;
        assert_eq!(two.status, 200);
        assert!(
            two.json().get("refresh_token").is_none(),
            "no way around the second factor"
        );
        assert_eq!(caller.status_with(&two.field("access_token")).await, 403);
        let one = caller.login(USER, PASSWORD).await.field("access_token");
        assert_eq!(caller.status_with(&one).await, status_then, "{value}");
    }
    for status in ["401", "400"] {
        let caller = Caller::switched(&[("restricted_use", status)]).await;
        let two = caller.login("two", "p").await.field("access_token");
        assert_eq!(caller.status_with(&two).await.to_string(), status);
        assert_eq!(caller.list().await.status, 200);
    }
}

#[tokio::test]
async fn restricted_mark() {
    for (value, mark) in [
        ("scope", Some("scope")),
        ("field", Some("mfaRequired")),
        ("absent", None),
    ] {
        let caller = Caller::switched(&[("restricted_mark", value)]).await;
        let (two, one) = (
            caller.login("two", "p").await.json(),
            caller.login(USER, PASSWORD).await.json(),
        );
        for name in ["scope", "mfaRequired"] {
            assert_eq!(two.get(name).is_some(), mark == Some(name), "{value}");
            assert!(one.get(name).is_none());
        }
    }
}

#[tokio::test]
async fn disabled_app() {
    for status in ["401", "400", "403"] {
        let caller = Caller::switched(&[("disabled_app", status)]).await;
        let x = caller.registered("x").await;
        caller.enable(&x.client_info_id).await;
        let answer = caller.login_with(("x", "secret-of-x"), "ann", "p").await;
        assert_eq!(answer.status.to_string(), status);
        caller.enable(&x.client_info_id).await;
        assert_eq!(
            caller.login_with(("x", "secret-of-x"), "ann", "p").await.status,
            200
        );
    }
}

#[tokio::test]
async fn old_secret_seconds() {
    for (value, old_works) in [("0", 401), ("600", 200)] {
        let caller = Caller::switched(&[("old_secret_seconds", value)]).await;
        let x = caller.registered("x").await;
        caller
            .update(&x.client_info_id, &json!({ "clientSecret": "new" }))
            .await;
        assert_eq!(
            caller.login_with(("x", "secret-of-x"), "ann", "p").await.status,
            old_works,
            "{value}"
        );
        assert_eq!(caller.login_with(("x", "new"), "ann", "p").await.status, 200);
        let pair = json!({ "client_id": "x", "client_secret": "secret-of-x" });
        let verdict = caller.control("POST", "/verify_pair", Some(&pair)).await.json();
        assert_eq!(
            verdict,
            json!({ "good": old_works == 200, "current": false, "client_name": "App x" })
        );
        caller.delete(&x.client_info_id).await;
        assert!(!caller.emulator.verify_pair("x", "secret-of-x"));
    }
}

#[tokio::test]
async fn unauthorized() {
    for (value, status) in [
        ("challenge", 401),
        ("bare_401", 401),
        ("forbidden", 403),
        ("login_page", 200),
        ("login_redirect", 302),
    ] {
        let caller = Caller::switched(&[("unauthorized", value)]).await;
        for answer in [
            read(caller.bare("GET", "/clientapps")).await,
            read(caller.bare("GET", "/clientapps").bearer_auth("wrong")).await,
            read(caller.bare("GET", "/clientapps").basic_auth(USER, Some(PASSWORD))).await,
        ] {
            assert_eq!((answer.status, answer.challenged), (status, value == "challenge"));
        }
        assert_eq!(caller.list().await.status, 200);
    }
}

#[tokio::test]
async fn rights() {
    for (value, reads) in [("administrators", 403), ("everybody_reads", 200)] {
        let caller = Caller::switched(&[("rights", value)]).await;
        let token = caller.login("ann", "p").await.field("access_token");
        assert_eq!(caller.status_with(&token).await, reads, "{value}");
        let request = caller
            .bare("POST", "/clientapps")
            .bearer_auth(&token)
            .json(&wish("x"));
        assert_eq!(read(request).await.status, 403, "{value}");
        assert_eq!(caller.list().await.status, 200);
        caller.control("DELETE", "/users/operator", None).await;
        assert_eq!(caller.list().await.status, 401, "a token of nobody");
    }
}
