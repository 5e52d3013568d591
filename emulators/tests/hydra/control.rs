//! The control API of this server.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use authserver_emulator::hydra::{Config, Switches};
use serde_json::{Value, json};

use crate::caller::{Caller, wish};

#[tokio::test]
async fn state_shows_everything() {
    let caller = Caller::switched(&[("rotation", "offered")]).await;
    caller.registered("x").await;
    caller.rotate("x").await;
    caller.token("x", "secret-of-x", &[]).await;
    let state = caller.control("GET", "/state", None).await.json();
    assert_eq!(state["clients"], json!(caller.emulator.clients()));
    assert_eq!(state["clients"][0]["rotated_secrets"], json!(["secret-of-x"]));
    assert_eq!(
        [&state["tokens"], &state["bearer_token"]],
        [&json!(1), &Value::Null]
    );
    assert_eq!(state, caller.emulator.state());
}

#[tokio::test]
async fn reset_goes_back_to_the_start() {
    let caller = Caller::with(Config {
        bearer_token: Some("canary".to_owned()),
        clients: vec!["theirs".to_owned()],
        ..Config::default()
    })
    .await;
    let before = caller.emulator.clients();
    let switches = caller.control("GET", "/switches", None).await.json();
    caller.registered("x").await;
    caller.delete("theirs").await;
    caller
        .control("PUT", "/switches", Some(&json!({ "extra_fields": true })))
        .await;
    caller
        .control("PUT", "/bearer_token", Some(&json!({ "token": "other" })))
        .await;
    assert_eq!(caller.list().await.status, 401);
    caller.control("POST", "/reset", None).await;
    let mut after = caller.emulator.clients();
    assert_eq!(after.len(), 1);
    after[0].created_at = before[0].created_at;
    assert!(after[0].is_like(&before[0]));
    assert_eq!(caller.control("GET", "/switches", None).await.json(), switches);
    assert_eq!(caller.control("GET", "/requests", None).await.json(), json!([]));
    assert_eq!(caller.list().await.status, 200);
}

#[tokio::test]
async fn an_admin_works_behind_everybodys_back() {
    let caller = Caller::start().await;
    let made = caller
        .control("POST", "/clients", Some(&json!({ "client_id": "x" })))
        .await;
    assert_eq!((made.status, made.json()), (201, json!(caller.there("x"))));
    assert_eq!(caller.emulator.clients()[0].client_secret, "secret-of-x");
    let edit = json!({
        "client_id": "y", "client_secret": "s", "rotated_secrets": ["r"],
        "document": { "client_name": "n", "scope": null },
    });
    let edited = caller.control("PUT", "/clients/x", Some(&edit)).await.json();
    assert_eq!(edited, json!(caller.there("y")));
    assert_eq!(edited["document"]["client_name"], "n");
    assert_eq!(edited["document"].get("scope"), None);
    assert_eq!(
        caller.good("y", ["s", "r", "secret-of-x"]).await,
        [true, true, false]
    );
    let rotated = caller.control("POST", "/clients/y/rotate", None).await.json();
    assert_eq!(rotated["rotated_secrets"], json!(["r", "s"]));
    assert_eq!(caller.emulator.clients_named("n").len(), 1);
    caller
        .control("POST", "/clients", Some(&json!({ "client_id": "y" })))
        .await;
    assert_eq!(caller.emulator.clients().len(), 2, "even if the id is taken");
    for _ in 0..2 {
        assert_eq!(caller.control("DELETE", "/clients/y", None).await.status, 200);
    }
    for (method, path) in [
        ("DELETE", "/clients/y"),
        ("PUT", "/clients/y"),
        ("POST", "/clients/y/rotate"),
        ("GET", "/nothing"),
    ] {
        assert_eq!(caller.control(method, path, Some(&json!({}))).await.status, 404);
    }
    for (path, body) in [
        ("/clients", json!({})),
        ("/clients", json!({ "odd": 1 })),
        ("/clients", json!([])),
    ] {
        assert_eq!(
            caller.control("POST", path, Some(&body)).await.status,
            400,
            "{body}"
        );
    }
    let counters = caller.emulator.counters();
    assert_eq!(
        counters.operations.values().sum::<u64>(),
        3,
        "nothing of it is counted"
    );
}

#[tokio::test]
async fn the_bearer_token_can_be_changed_and_taken_away() {
    let mut caller = Caller::start().await;
    let set = async |caller: &Caller, token: Value| {
        caller
            .control("PUT", "/bearer_token", Some(&json!({ "token": token })))
            .await
    };
    assert_eq!(
        set(&caller, json!("canary")).await.json(),
        json!({ "required": true })
    );
    assert_eq!(caller.list().await.status, 401);
    caller.token = Some("canary".to_owned());
    assert_eq!(caller.list().await.status, 200);
    assert_eq!(set(&caller, json!(7)).await.status, 400);
    assert_eq!(
        caller
            .control("PUT", "/bearer_token", Some(&json!({})))
            .await
            .status,
        400
    );
    assert_eq!(
        set(&caller, Value::Null).await.json(),
        json!({ "required": false })
    );
    caller.token = None;
    assert_eq!(caller.list().await.status, 200);
}

#[tokio::test]
async fn pairs_are_verified_and_credentials_known() {
    let caller = Caller::switched(&[("rotation", "offered")]).await;
    let made = caller.register(&wish("x")).await;
    let second = caller.rotate("x").await.field("client_secret");
    let token = caller.token("x", &second, &[]).await.field("access_token");
    let verify = async |id: &str, secret: &str| {
        let pair = json!({ "client_id": id, "client_secret": secret });
        caller.control("POST", "/verify_pair", Some(&pair)).await.json()
    };
    let verdict = |good: bool, current: bool, name: Option<&str>| json!({ "good": good, "current": current, "client_name": name });
    assert_eq!(verify("x", &second).await, verdict(true, true, Some("Client x")));
    assert_eq!(
        verify("x", "secret-of-x").await,
        verdict(true, false, Some("Client x"))
    );
    assert_eq!(
        verify("x", "wrong!").await,
        verdict(false, false, Some("Client x"))
    );
    assert_eq!(verify("y", &second).await, verdict(false, false, None));
    let credentials = caller.emulator.credentials();
    for known in [
        "secret-of-x",
        &second,
        &token,
        &made.field("registration_access_token"),
    ] {
        assert!(
            credentials.iter().any(|credential| credential == known),
            "{known}"
        );
    }
}

#[tokio::test]
async fn switches_are_turned_together_or_not_at_all() {
    let caller = Caller::start().await;
    let turned = json!({ "page_size": 3, "release": "v2", "extra_fields": true });
    let answer = caller.control("PUT", "/switches", Some(&turned)).await.json();
    assert_eq!(
        [&answer["page_size"], &answer["release"], &answer["extra_fields"]],
        ["3", "v2", "true"]
    );
    let wrong = json!({ "page_size": 4, "release": "v3" });
    let refused = caller.control("PUT", "/switches", Some(&wrong)).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("v1, v2, v26"));
    assert_eq!(caller.control("GET", "/switches", None).await.json(), answer);
    let reset = caller.control("DELETE", "/switches", None).await.json();
    assert_eq!(reset, json!(Switches::default().to_map()));
}
