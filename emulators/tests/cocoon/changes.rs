//! What each switch makes of PUT.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use authserver_emulator::cocoon::state::App;
use serde_json::{Value, json};

use crate::caller::{Caller, wish, with};

/// An app with everything.
async fn full(switches: &[(&str, &str)]) -> (Caller, App) {
    let caller = Caller::switched(switches).await;
    let app = full_wish();
    assert_eq!(caller.register(&app).await.status, 200);
    let there = caller.there("x");
    (caller, there)
}

fn full_wish() -> Value {
    with(
        &wish("x"),
        &json!({ "registeredRedirectUris": ["https://a.example"] }),
    )
}

#[tokio::test]
async fn omitted_in_put() {
    // Without refresh_token the validity of refresh tokens can be missing.
    let change = json!({ "appName": "New", "authorizedGrantTypes": ["password"] });
    for (value, status, refresh, redirects, secret) in [
        ("kept", 200, Some(3600), 1, "secret-of-x"),
        ("reset", 200, None, 0, "secret-of-x"),
        ("reset_secret", 200, None, 0, ""),
        ("400", 400, Some(3600), 1, "secret-of-x"),
        ("422", 422, Some(3600), 1, "secret-of-x"),
    ] {
        let (caller, x) = full(&[("omitted_in_put", value)]).await;
        let answer = caller.update(&x.client_info_id, &change).await;
        assert_eq!(answer.status, status, "{value}");
        let then = caller.there("x");
        assert_eq!(then.app_name, if status == 200 { "New" } else { "App x" });
        assert_eq!(then.refresh_token_validity_seconds, refresh, "{value}");
        assert_eq!(then.registered_redirect_uris.len(), redirects, "{value}");
        assert_eq!(then.client_secret, secret, "{value}");
        assert!(!caller.emulator.verify_pair("x", ""), "nothing is no secret");
        assert_eq!(
            caller.emulator.verify_pair("x", "secret-of-x"),
            !secret.is_empty()
        );
    }
}

#[tokio::test]
async fn a_whole_body_is_taken_always() {
    for value in ["kept", "reset", "reset_secret", "400"] {
        let (caller, x) = full(&[("omitted_in_put", value)]).await;
        let whole = with(&full_wish(), &json!({ "appName": "New", "clientSecret": "new" }));
        assert_eq!(
            caller.update(&x.client_info_id, &whole).await.status,
            200,
            "{value}"
        );
        let expected = App {
            app_name: "New".to_owned(),
            client_secret: "new".to_owned(),
            ..x
        };
        assert_eq!(caller.there("x"), expected, "{value}");
    }
}

#[tokio::test]
async fn put_client_id() {
    for (value, status, then) in [("applied", 200, "y"), ("ignored", 200, "x"), ("400", 400, "x")] {
        let (caller, x) = full(&[("put_client_id", value)]).await;
        let answer = caller
            .update(&x.client_info_id, &json!({ "clientId": "y" }))
            .await;
        assert_eq!(answer.status, status, "{value}");
        assert_eq!(caller.there(then).client_info_id, x.client_info_id);
        assert!(caller.emulator.verify_pair(then, "secret-of-x"));
        if value == "applied" {
            caller.registered("z").await;
            let taken = caller
                .update(&x.client_info_id, &json!({ "clientId": "z" }))
                .await;
            assert_eq!(taken.status, 409);
        }
    }
}

#[tokio::test]
async fn put_secret() {
    for (value, status, then) in [
        ("applied", 200, "new"),
        ("ignored", 200, "secret-of-x"),
        ("403", 403, "secret-of-x"),
    ] {
        let (caller, x) = full(&[("put_secret", value)]).await;
        let answer = caller
            .update(&x.client_info_id, &json!({ "clientSecret": "new" }))
            .await;
        assert_eq!(answer.status, status, "{value}");
        assert_eq!(caller.there("x").client_secret, then, "{value}");
        assert!(caller.emulator.verify_pair("x", then));
        let other = caller
            .update(&x.client_info_id, &json!({ "appName": "New" }))
            .await;
        assert_eq!(other.status, 200, "the rest can be changed");
    }
    let (caller, x) = full(&[("put_secret", "ignored"), ("omitted_in_put", "reset_secret")]).await;
    let whole = with(&full_wish(), &json!({ "clientSecret": "new" }));
    caller.update(&x.client_info_id, &whole).await;
    assert_eq!(caller.there("x").client_secret, "secret-of-x");
}

#[tokio::test]
async fn put_enabled() {
    for (value, status, then) in [
        ("ignored", 200, true),
        ("applied", 200, false),
        ("400", 400, true),
    ] {
        let (caller, x) = full(&[("put_enabled", value)]).await;
        let answer = caller
            .update(&x.client_info_id, &json!({ "enabled": false }))
            .await;
        assert_eq!(
            (answer.status, caller.there("x").enabled),
            (status, then),
            "{value}"
        );
    }
}

#[tokio::test]
async fn enable() {
    for (value, statuses, states) in [
        ("toggles", [200, 200, 200], [false, true, false]),
        ("enables", [200, 200, 200], [true, true, true]),
        ("404", [404, 404, 404], [true, true, true]),
        ("405", [405, 405, 405], [true, true, true]),
    ] {
        let (caller, x) = full(&[("enable", value)]).await;
        for (status, state) in statuses.into_iter().zip(states) {
            assert_eq!(caller.enable(&x.client_info_id).await.status, status, "{value}");
            assert_eq!(caller.there("x").enabled, state, "{value}");
        }
    }
    let (caller, x) = full(&[("enable", "enables")]).await;
    caller
        .control("PUT", "/clients/x", Some(&json!({ "enabled": false })))
        .await;
    caller.enable(&x.client_info_id).await;
    assert!(caller.there("x").enabled);
}
