//! The documented API, with all switches as they are.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use authserver_emulator::cocoon::Config;
use serde_json::{Value, json};

use crate::caller::{BOOTSTRAP, Caller, app, read, wish, with};
use crate::support::Read;

#[tokio::test]
async fn an_app_lives() {
    let caller = Caller::start().await;
    let made = caller.register(&wish("x")).await;
    assert_eq!(
        (made.status, made.content_type.as_deref()),
        (200, Some("application/json"))
    );
    let mut shown = with(&wish("x"), &json!({ "clientSecret": null }));
    shown["clientInfoId"] = made.json()["clientInfoId"].clone();
    shown["enabled"] = json!(true);
    shown["registeredRedirectUris"] = json!([]);
    assert_eq!(made.json(), shown);
    assert!(caller.emulator.verify_pair("x", "secret-of-x"));

    let id = shown["clientInfoId"].to_string();
    assert_eq!(caller.get(&id).await.json(), shown);
    let list = caller.list().await.json();
    assert_eq!(list[1], shown, "behind the app that administrators log in with");
    assert_eq!(
        (&list[0]["clientId"], list.as_array().unwrap().len()),
        (&json!("bootstrap"), 2)
    );
    let total = caller.call("GET", "/dashboard/clients").await;
    assert_eq!(
        (total.status, total.json()),
        (200, json!({ "totalClientApps": 2 }))
    );

    let changed = caller
        .update(
            &id,
            &json!({ "appName": "Other", "accessTokenValiditySeconds": 60 }),
        )
        .await;
    shown["appName"] = json!("Other");
    shown["accessTokenValiditySeconds"] = json!(60);
    assert_eq!((changed.status, changed.json()), (200, shown.clone()));
    assert_eq!(caller.get(&id).await.json(), shown);

    let deleted = caller.delete(&id).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (200, ""));
    assert!(!caller.emulator.verify_pair("x", "secret-of-x"));
    assert_eq!(caller.get(&id).await.status, 404);
    assert_eq!(caller.list().await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_is_replaced_at_once() {
    let caller = Caller::start().await;
    let x = caller.registered("x").await;
    let login = async |secret: &str| caller.login_with(("x", secret), "ann", "p").await.status;
    assert_eq!(login("secret-of-x").await, 200);
    let answer = caller
        .update(&x.client_info_id, &json!({ "clientSecret": "new" }))
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!([login("secret-of-x").await, login("new").await], [401, 200]);
    assert_eq!(caller.there("x").client_id, "x");
    let again = caller
        .update(&x.client_info_id, &json!({ "clientSecret": "new" }))
        .await;
    assert_eq!(again.status, 200, "a repetition does no harm");
    assert_eq!(caller.emulator.counters().changes, 2, "and is no change");
}

#[tokio::test]
async fn enable_toggles() {
    let caller = Caller::start().await;
    let x = caller.registered("x").await;
    for expected in [false, true, false] {
        let answer = caller.enable(&x.client_info_id).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, ""));
        assert_eq!(caller.get(&x.client_info_id).await.json()["enabled"], expected);
        let status = caller.login_with(("x", "secret-of-x"), "ann", "p").await.status;
        assert_eq!(status, if expected { 200 } else { 401 });
        assert_eq!(caller.emulator.verify_pair("x", "secret-of-x"), expected);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_said() {
    let caller = Caller::start().await;
    for (field, wrong) in [
        ("appName", json!(["", 7])),
        ("clientId", json!(["", 7])),
        ("clientSecret", json!(["", 7])),
        (
            "authorizedGrantTypes",
            json!([[], "", 7, [7], ["client_credentials"]]),
        ),
        (
            "accessTokenValiditySeconds",
            json!([0, -1, 1.5, "300", 2_147_483_648_u32]),
        ),
        ("refreshTokenValiditySeconds", json!([300, 299, "3600"])),
        ("registeredRedirectUris", json!([7, [7]])),
        ("enabled", json!(["true"])),
    ] {
        let wrong = wrong.as_array().unwrap().clone();
        for value in wrong {
            let answer = caller.register(&with(&wish("x"), &json!({ field: value }))).await;
            assert_eq!(answer.status, 400, "{field}: {value}");
            assert_eq!(answer.json()["error"], "Bad Request");
        }
        if !["registeredRedirectUris", "enabled"].contains(&field) {
            let answer = caller.register(&with(&wish("x"), &json!({ field: null }))).await;
            assert_eq!(answer.status, 400, "without {field}");
            assert!(answer.text.contains(field), "{answer:?}");
        }
    }
    for body in [json!([]), json!("x"), json!({})] {
        assert_eq!(caller.register(&body).await.status, 400);
    }
    assert_eq!(
        (
            caller.emulator.clients().len(),
            caller.emulator.counters().changes
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn an_update_cannot_break_what_a_registration_could_not() {
    let caller = Caller::start().await;
    let x = caller.registered("x").await;
    for body in [
        json!({ "accessTokenValiditySeconds": 3600 }),
        json!({ "refreshTokenValiditySeconds": 300 }),
        json!({ "authorizedGrantTypes": ["implicit", "refresh_token"] }),
        json!({ "authorizedGrantTypes": ["authorization_code"] }),
        json!({ "authorizedGrantTypes": [] }),
    ] {
        assert_eq!(
            caller.update(&x.client_info_id, &body).await.status,
            400,
            "{body}"
        );
    }
    let code = json!({
        "authorizedGrantTypes": ["authorization_code", "mfa", "device"],
        "registeredRedirectUris": ["https://a.example/cb"],
    });
    assert_eq!(caller.update(&x.client_info_id, &code).await.status, 200);
    assert_eq!(
        caller.there("x").registered_redirect_uris,
        ["https://a.example/cb"]
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let caller = Caller::start().await;
    for answer in [
        caller.get("77").await,
        caller.update("77", &json!({ "appName": "x" })).await,
        caller.enable("77").await,
        caller.delete("77").await,
        caller.get("bootstrap").await,
    ] {
        assert_eq!(answer.status, 404);
    }
    for path in [
        "/",
        "/clientapps/",
        "/clientapps/1/",
        "/clientapps/1/disable",
        "/dashboard",
    ] {
        assert_eq!(caller.call("GET", path).await.status, 404, "{path}");
    }
    for (method, path) in [
        ("PATCH", "/clientapps/1"),
        ("DELETE", "/clientapps"),
        ("GET", "/clientapps/1/enable"),
        ("POST", "/dashboard/clients"),
    ] {
        assert_eq!(caller.call(method, path).await.status, 405, "{method} {path}");
    }
    let token = caller.http.get(caller.emulator.token_url());
    assert_eq!(read(token).await.status, 405);
    assert_eq!(caller.emulator.counters().of("other"), 10);
}

#[tokio::test]
async fn the_context_path_is_as_configured_and_others_were_there_before() {
    let caller = Caller::with(Config {
        context_path: "/access".to_owned(),
        clients: vec!["theirs".to_owned()],
        ..Config::default()
    })
    .await;
    let expected = format!("{}/access/api/v1", caller.emulator.url());
    assert_eq!(caller.emulator.api_url(), expected);
    let theirs = wish("theirs");
    assert_eq!(caller.register(&theirs).await.status, 409);
    assert!(
        caller.emulator.verify_pair("theirs", "secret-of-theirs"),
        "it is in use"
    );
}

fn total(answer: &Read) -> Value {
    answer.json()["totalClientApps"].clone()
}

#[tokio::test]
async fn calls_are_counted_by_what_they_are() {
    let caller = Caller::start().await;
    caller.emulator.clear_requests();
    let x = caller.registered("x").await;
    let id = &x.client_info_id;
    caller.list().await;
    caller.get(id).await;
    caller.update(id, &json!({ "appName": "App x" })).await;
    caller.enable(id).await;
    caller.enable(id).await;
    assert_eq!(total(&caller.call("GET", "/dashboard/clients").await), 2);
    caller.login_with(("x", "secret-of-x"), "ann", "p").await;
    caller.delete(id).await;
    caller.delete(id).await;
    let counters = caller.control("GET", "/counters", None).await.json();
    assert_eq!(
        counters,
        json!({
            "operations": {
                "list": 1, "get": 1, "register": 1, "update": 1, "enable": 2, "delete": 2, "dashboard": 1,
                "token": 1, "other": 0,
            },
            "mutations": 6,
            "changes": 4,
        })
    );
    let journal = caller.emulator.requests();
    for operation in ["register", "get", "update", "enable", "token", "delete"] {
        let entry = journal.iter().find(|entry| entry.operation == operation).unwrap();
        assert_eq!(entry.client.as_deref(), Some("App x"), "{operation}");
    }
    let journal = json!(journal).to_string();
    for secret in ["secret-of-x", BOOTSTRAP.1, caller.token.as_str()] {
        assert!(!journal.contains(secret));
    }
    assert!(journal.contains(&app(id)));
}
