//! What each switch makes of registrations.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{Caller, wish, with};

/// A caller, and the status of a registration with these fields.
async fn registering(switches: &[(&str, &str)], more: Value) -> (Caller, u16) {
    let caller = Caller::switched(switches).await;
    let answer = caller.register(&with(&wish("x"), &more)).await;
    (caller, answer.status)
}

fn redirects(caller: &Caller) -> usize {
    caller.there("x").registered_redirect_uris.len()
}

#[tokio::test]
async fn duplicate_client_id() {
    for (value, status, apps, old_works) in [
        ("409", 409, 1, true),
        ("400", 400, 1, true),
        ("500", 500, 1, true),
        ("keep", 200, 1, true),
        ("overwrite", 200, 1, false),
        ("second", 200, 2, true),
    ] {
        let caller = Caller::switched(&[("duplicate_client_id", value)]).await;
        let first = caller.registered("x").await;
        let other = with(
            &wish("x"),
            &json!({ "clientSecret": "other", "appName": "Other" }),
        );
        let again = caller.register(&other).await;
        assert_eq!(again.status, status, "{value}");
        let there = caller.emulator.clients_of("x");
        assert_eq!(there.len(), apps, "{value}");
        assert_eq!(there[0].client_info_id, first.client_info_id);
        assert_eq!(
            caller.emulator.verify_pair("x", "secret-of-x"),
            old_works,
            "{value}"
        );
        let new_works = ["overwrite", "second"].contains(&value);
        assert_eq!(caller.emulator.verify_pair("x", "other"), new_works, "{value}");
        match value {
            "keep" => assert_eq!(again.json()["appName"], "App x"),
            "overwrite" | "second" => assert_eq!(again.json()["appName"], "Other"),
            _ => assert!(!again.text.contains("secret-of-x")),
        }
    }
}

#[tokio::test]
async fn duplicate_app_name() {
    for (value, status) in [("allowed", 200), ("409", 409), ("400", 400)] {
        let caller = Caller::switched(&[("duplicate_app_name", value)]).await;
        let x = caller.registered("x").await;
        let same = with(&wish("y"), &json!({ "appName": "App x" }));
        assert_eq!(caller.register(&same).await.status, status, "{value}");
        let z = caller.registered("z").await;
        let renamed = caller
            .update(&z.client_info_id, &json!({ "appName": "App x" }))
            .await;
        assert_eq!(renamed.status, status, "{value}");
        let own = caller
            .update(&x.client_info_id, &json!({ "appName": "App x" }))
            .await;
        assert_eq!(own.status, if status == 200 { 200 } else { own.status });
        assert_eq!(
            caller
                .update(&z.client_info_id, &json!({ "appName": "App w" }))
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn deleted_client_id() {
    for (value, duplicate, status) in [
        ("free", "409", 200),
        ("taken", "409", 409),
        ("taken", "keep", 409),
    ] {
        let caller =
            Caller::switched(&[("deleted_client_id", value), ("duplicate_client_id", duplicate)]).await;
        let x = caller.registered("x").await;
        caller.delete(&x.client_info_id).await;
        assert_eq!(caller.register(&wish("x")).await.status, status, "{value}");
        assert_eq!(caller.register(&wish("y")).await.status, 200);
    }
}

#[tokio::test]
async fn name_limit() {
    for (value, status) in [("0", 200), ("5", 200), ("4", 400)] {
        let (_, answered) = registering(&[("name_limit", value)], json!({})).await;
        assert_eq!(answered, status, "{value}");
    }
}

#[tokio::test]
async fn secret_least_and_secret_limit() {
    let length = "secret-of-x".len();
    for (least, limit, status) in [
        (0, 0, 200),
        (length, length, 200),
        (length + 1, 0, 400),
        (0, length - 1, 400),
    ] {
        let (least, limit) = (least.to_string(), limit.to_string());
        let switches = [("secret_least", least.as_str()), ("secret_limit", limit.as_str())];
        let (caller, answered) = registering(&switches, json!({})).await;
        assert_eq!(answered, status, "{switches:?}");
        let there = caller.emulator.add_client("there", "s").client_info_id;
        let update = caller
            .update(&there, &json!({ "clientSecret": "secret-of-x" }))
            .await;
        assert_eq!(update.status, status, "a new secret too");
    }
}

#[tokio::test]
async fn grants_taken() {
    for (value, array, text) in [("either", 200, 200), ("array", 200, 400), ("text", 400, 200)] {
        let (caller, answered) = registering(&[("grants_taken", value)], json!({})).await;
        assert_eq!(answered, array, "{value}");
        let as_text = json!({ "authorizedGrantTypes": "password, refresh_token,mfa" });
        assert_eq!(
            caller.register(&with(&wish("y"), &as_text)).await.status,
            text,
            "{value}"
        );
        if text == 200 {
            assert_eq!(
                caller.there("y").authorized_grant_types,
                ["password", "refresh_token", "mfa"]
            );
        }
    }
}

#[tokio::test]
async fn unknown_grant() {
    let grants = || json!({ "authorizedGrantTypes": ["password", "magic", "refresh_token"] });
    for (value, status, then) in [
        ("400", 400, &[][..]),
        ("422", 422, &[]),
        ("applied", 200, &["password", "magic", "refresh_token"]),
        ("ignored", 200, &["password", "refresh_token"]),
    ] {
        let (caller, answered) = registering(&[("unknown_grant", value)], grants()).await;
        assert_eq!(answered, status, "{value}");
        if status == 200 {
            assert_eq!(caller.there("x").authorized_grant_types, then);
        }
    }
}

#[tokio::test]
async fn refresh_validity() {
    let grants =
        |grants: Value| json!({ "authorizedGrantTypes": grants, "refreshTokenValiditySeconds": null });
    for (value, without) in [("with_refresh_token", 200), ("always", 400)] {
        let (caller, answered) =
            registering(&[("refresh_validity", value)], grants(json!(["password"]))).await;
        assert_eq!(answered, without, "{value}");
        let with_it = with(&wish("y"), &grants(json!(["password", "refresh_token"])));
        assert_eq!(caller.register(&with_it).await.status, 400);
        assert_eq!(caller.register(&wish("z")).await.status, 200);
    }
}

#[tokio::test]
async fn refresh_unneeded() {
    for (value, status, then) in [
        ("applied", 200, Some(3600)),
        ("ignored", 200, None),
        ("400", 400, None),
    ] {
        let more = json!({ "authorizedGrantTypes": ["password"] });
        let (caller, answered) = registering(&[("refresh_unneeded", value)], more.clone()).await;
        assert_eq!(answered, status, "{value}");
        if status == 200 {
            assert_eq!(caller.there("x").refresh_token_validity_seconds, then);
        }
        let y = caller.registered("y").await;
        let fewer = caller.update(&y.client_info_id, &more).await;
        assert_eq!(fewer.status, 200, "what was there before is not refused");
    }
}

#[tokio::test]
async fn short_refresh() {
    for (value, status, then) in [
        ("400", 400, None),
        ("422", 422, None),
        ("accepted", 200, Some(300)),
        ("raised", 200, Some(301)),
    ] {
        let more = json!({ "refreshTokenValiditySeconds": 300 });
        let (caller, answered) = registering(&[("short_refresh", value)], more).await;
        assert_eq!(answered, status, "{value}");
        let there = caller.emulator.clients_of("x");
        assert_eq!(
            there.first().and_then(|app| app.refresh_token_validity_seconds),
            then,
            "{value}"
        );
    }
}

#[tokio::test]
async fn implicit_with_refresh() {
    let more = || {
        json!({
            "authorizedGrantTypes": ["implicit", "refresh_token"], "registeredRedirectUris": ["https://a.example"],
        })
    };
    for (value, status, then) in [
        ("400", 400, &[][..]),
        ("accepted", 200, &["implicit", "refresh_token"]),
        ("dropped", 200, &["implicit"]),
    ] {
        let (caller, answered) = registering(&[("implicit_with_refresh", value)], more()).await;
        assert_eq!(answered, status, "{value}");
        if status == 200 {
            assert_eq!(caller.there("x").authorized_grant_types, then, "{value}");
        }
    }
}

#[tokio::test]
async fn redirects_missing() {
    for grant in ["authorization_code", "implicit"] {
        for (value, status) in [("400", 400), ("422", 422), ("accepted", 200)] {
            let more = json!({ "authorizedGrantTypes": [grant] });
            let (_, answered) = registering(&[("redirects_missing", value)], more).await;
            assert_eq!(answered, status, "{value}");
        }
    }
}

#[tokio::test]
async fn redirects_unneeded() {
    for (value, status, then) in [("applied", 200, 1), ("ignored", 200, 0), ("400", 400, 0)] {
        let more = json!({ "registeredRedirectUris": ["https://a.example"] });
        let (caller, answered) = registering(&[("redirects_unneeded", value)], more).await;
        assert_eq!(answered, status, "{value}");
        if status == 200 {
            assert_eq!(redirects(&caller), then, "{value}");
        }
    }
}

#[tokio::test]
async fn request_fields() {
    for (value, status) in [("ignore", 200), ("400", 400), ("422", 422)] {
        let (caller, answered) = registering(&[("request_fields", value)], json!({ "scope": "a" })).await;
        assert_eq!(answered, status, "{value}");
        let there = caller.emulator.add_client("there", "s").client_info_id;
        assert_eq!(
            caller.update(&there, &json!({ "scope": "a" })).await.status,
            status,
            "{value}"
        );
        assert_eq!(caller.register(&wish("y")).await.status, 200);
    }
}

#[tokio::test]
async fn starts_enabled() {
    for (value, enabled) in [("true", true), ("false", false)] {
        let (caller, answered) =
            registering(&[("starts_enabled", value)], json!({ "enabled": !enabled })).await;
        assert_eq!((answered, caller.there("x").enabled), (200, enabled), "{value}");
        assert_eq!(caller.emulator.verify_pair("x", "secret-of-x"), enabled);
    }
}
