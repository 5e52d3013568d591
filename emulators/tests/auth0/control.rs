//! The control API of this server.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use authserver_emulator::auth0::{Config, Switches};
use serde_json::{Value, json};

use crate::caller::{API, Caller, config, names, text};

#[tokio::test]
async fn state_shows_everything() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let state = caller.control("GET", "/state", None).await.json();
    assert_eq!(state["clients"], json!(caller.emulator.clients()));
    let shown = state["clients"].as_array().unwrap().last().unwrap();
    assert_eq!(shown["client_secret"], client["client_secret"]);
    assert_eq!(
        (&state["tokens"], &state["audience"]),
        (&json!(1), &json!(caller.emulator.audience()))
    );
    assert_eq!(state["grants"], json!(caller.emulator.grants()));
    assert_eq!(state["apis"], json!(caller.emulator.apis()));
    assert_eq!(state, caller.emulator.state());
}

#[tokio::test]
async fn reset_goes_back_to_the_start() {
    let caller = Caller::with(Config {
        clients: vec!["theirs".to_owned()],
        ..config()
    })
    .await;
    caller.control("POST", "/reset", None).await;
    let before = caller.control("GET", "/state", None).await.json();
    let switches = caller.control("GET", "/switches", None).await.json();
    let mut caller = caller;
    caller.token = caller.login().await.field("access_token");
    let theirs = caller.emulator.clients_named("theirs").remove(0);
    caller.rotate(&theirs.client_id).await;
    caller.granted("x").await;
    caller
        .control("PUT", "/switches", Some(&json!({ "extra_fields": true })))
        .await;
    caller.control("POST", "/reset", None).await;
    assert_eq!(caller.control("GET", "/state", None).await.json(), before);
    assert_eq!(caller.control("GET", "/switches", None).await.json(), switches);
    assert_eq!(caller.control("GET", "/requests", None).await.json(), json!([]));
    assert_eq!(caller.list("").await.status, 401, "tokens are gone");
}

#[tokio::test]
async fn an_admin_works_behind_everybodys_back() {
    let caller = Caller::start().await;
    let wish = json!({ "name": "x", "client_id": "i", "client_secret": "s", "nonsense": 1 });
    let made = caller.control("POST", "/clients", Some(&wish)).await;
    assert_eq!(made.status, 201);
    for (name, value) in wish.as_object().unwrap() {
        assert_eq!(made.json()[name], *value, "{name}");
    }
    assert!(caller.emulator.verify_pair("i", "s"));
    let edit = json!({ "name": "y", "client_secret": "t", "nonsense": null });
    let edited = caller.control("PUT", "/clients/i", Some(&edit)).await.json();
    assert_eq!((&edited["name"], edited.get("nonsense")), (&json!("y"), None));
    assert_eq!(caller.get("i").await.json()["client_secret"], "t");
    assert!(!caller.emulator.verify_pair("i", "s"));
    let grant = json!({ "client_id": "i", "audience": API, "scope": ["read"] });
    let first = caller.control("PUT", "/grants", Some(&grant)).await.json();
    let second = caller.control("PUT", "/grants", Some(&grant)).await.json();
    assert_eq!((&first, caller.emulator.grants().len()), (&second, 2));
    let api = json!({ "identifier": "urn:new", "scopes": ["a", "b"] });
    let api = caller.control("PUT", "/apis", Some(&api)).await.json();
    assert_eq!(api["scopes"], json!([{ "value": "a" }, { "value": "b" }]));
    let fewer = json!({ "identifier": API, "scopes": ["write"] });
    caller.control("PUT", "/apis", Some(&fewer)).await;
    let token = caller.ask_by_secret("i", "t", API).await;
    assert_eq!(
        (token.status, token.json().get("scope")),
        (200, None),
        "the API lacks it now"
    );
    caller
        .control("DELETE", &format!("/grants/{}", text(&first, "id")), None)
        .await;
    assert_eq!(caller.ask_by_secret("i", "t", API).await.status, 403);
    caller.control("DELETE", "/tokens", None).await;
    assert_eq!(caller.list("").await.status, 401);
    assert_eq!(caller.control("DELETE", "/clients/i", None).await.status, 200);
    assert!(caller.emulator.clients_named("y").is_empty());
    for (method, path) in [
        ("PUT", "/clients/i"),
        ("DELETE", "/clients/i"),
        ("POST", "/nowhere"),
    ] {
        let answer = caller.control(method, path, Some(&json!({}))).await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
    let keys = json!({ "client_authentication_methods": {} });
    assert_eq!(caller.control("POST", "/clients", Some(&keys)).await.status, 400);
    assert_eq!(caller.emulator.counters().changes, 0, "nothing of that counts");
}

#[tokio::test]
async fn pairs_and_tokens_are_verified() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let pair = |secret: &Value| json!({ "client_id": client["client_id"], "client_secret": secret });
    for (secret, good) in [(&client["client_secret"], true), (&json!("wrong"), false)] {
        let verdict = caller
            .control("POST", "/verify_pair", Some(&pair(secret)))
            .await
            .json();
        assert_eq!(verdict, json!({ "good": good, "client_name": "x" }));
    }
    let unknown = json!({ "token": "nonsense" });
    let verdict = caller
        .control("POST", "/verify_token", Some(&unknown))
        .await
        .json();
    assert_eq!(verdict, json!({ "issued": false, "good": false }));
    let known = json!({ "token": caller.token });
    let verdict = caller.control("POST", "/verify_token", Some(&known)).await.json();
    assert_eq!(verdict["client_id"], "operator");
}

#[tokio::test]
async fn switches_are_turned_by_name() {
    let caller = Caller::start().await;
    let all = caller.control("GET", "/switches", None).await.json();
    assert_eq!(all, json!(Switches::default().to_map()));
    let turned = json!({ "register_status": 200, "error_code": false });
    let turned = caller.control("PUT", "/switches", Some(&turned)).await.json();
    assert_eq!(
        (&turned["register_status"], &turned["error_code"]),
        (&json!("200"), &json!("false"))
    );
    for wrong in [
        json!({ "nonsense": 1 }),
        json!({ "plan": "gold" }),
        json!({ "register_status": 404 }),
    ] {
        assert_eq!(caller.control("PUT", "/switches", Some(&wrong)).await.status, 400);
    }
    let back = caller.control("DELETE", "/switches", None).await.json();
    assert_eq!(back, all);
}

#[tokio::test]
async fn every_secret_and_token_is_remembered() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let id = text(&client, "client_id");
    let rotated = caller.rotate(id).await.json();
    caller.update(id, &json!({ "client_secret": "chosen" })).await;
    let mut chosen = client.clone();
    chosen["client_secret"] = json!("chosen");
    let token = caller.ask_for(&chosen).await.field("access_token");
    caller.delete(id).await;
    let known = caller.emulator.credentials();
    for secret in [
        text(&client, "client_secret"),
        text(&rotated, "client_secret"),
        "chosen",
        &token,
        &caller.token,
        "operator-secret",
    ] {
        assert!(known.iter().any(|known| known == secret), "{secret}");
    }
    assert_eq!(
        names(&caller.list("").await.json()),
        ["operator", "All Applications"]
    );
}
