//! The control API of this server.

use authserver_emulator::dynamic_registration::Config;
use serde_json::{Value, json};

use crate::caller::{Caller, machine, refusal, sendable};
use crate::support::GRANT;

#[tokio::test]
async fn state_shows_everything() {
    let caller = Caller::switched(&[
        ("secret_on_put", "new"),
        ("old_secret_ms", "600000"),
        ("rat_on_put", "new"),
        ("old_rat", "at_first_use"),
    ])
    .await;
    caller.emulator.set_initial_access_token(None);
    let first = caller.registered("x").await;
    let second = caller.update(&first, &sendable(&first)).await.json();
    let state = caller.control("GET", "/state", None).await.json();
    let client = &state["clients"][0];
    for field in [
        "client_id",
        "client_secret",
        "registration_access_token",
        "client_id_issued_at",
    ] {
        assert_eq!(client[field], second[field], "{field}");
    }
    assert_eq!(client["metadata"]["client_name"], "x");
    assert_eq!(state["issuer"], json!(caller.emulator.issuer()));
    assert_eq!(
        state["old_secrets"],
        json!([{ "client_id": first["client_id"], "client_secret": first["client_secret"] }])
    );
    assert_eq!(
        state["old_registration_access_tokens"][0]["registration_access_token"],
        first["registration_access_token"]
    );
    assert_eq!(
        (&state["initial_access_token"], &state["tokens_issued"]),
        (&Value::Null, &json!(0))
    );
}

#[tokio::test]
async fn reset_goes_back_to_the_start() {
    let caller = Caller::with(Config {
        initial_access_token: Some("initial".to_owned()),
        ..Config::default()
    })
    .await;
    let before = caller.control("GET", "/state", None).await.json();
    let switches = caller.control("GET", "/switches", None).await.json();
    let open = json!({ "token": null });
    let answer = caller.control("PUT", "/initial_access_token", Some(&open)).await;
    assert_eq!(answer.json(), json!({ "required": false }));
    let client = caller.registered("x").await;
    caller.token_status(&client).await;
    caller
        .control("PUT", "/switches", Some(&json!({ "extra_fields": true })))
        .await;
    caller.control("POST", "/reset", None).await;
    assert_eq!(caller.control("GET", "/state", None).await.json(), before);
    assert_eq!(caller.control("GET", "/switches", None).await.json(), switches);
    assert_eq!(caller.control("GET", "/requests", None).await.json(), json!([]));
    assert_eq!(caller.register(&machine("x")).await.status, 401);
}

#[tokio::test]
async fn an_admin_works_behind_everybodys_back() {
    let caller = Caller::start().await;
    let made = caller.control("POST", "/clients", Some(&machine("x"))).await;
    assert_eq!(made.status, 201);
    let id = made.field("client_id");
    assert_eq!(caller.emulator.clients()[0].client_name(), Some("x"));
    let path = format!("/clients/{id}");
    let wish = json!({
        "client_secret": "s", "registration_access_token": "t", "client_secret_expires_at": 7,
        "metadata": { "scope": "c", "client_name": null },
    });
    let edited = caller.control("PUT", &path, Some(&wish)).await.json();
    let client = caller.emulator.clients().remove(0);
    assert_eq!(edited, json!(client));
    assert_eq!((client.scope(), client.client_name()), ("c", None));
    assert_eq!(client.client_secret_expires_at, 7);
    assert!(!caller.emulator.verify_pair(&id, "s"), "it has expired");
    let url = caller.emulator.management_url(&id).unwrap();
    assert_eq!(caller.manage("GET", &url, "t", None).await.status, 200);
    let rotated = caller.control("POST", &format!("{path}/rotate"), None).await;
    let secret = rotated.field("client_secret");
    assert_eq!(caller.token(&id, &secret, &[GRANT]).await.status, 200);
    let deleted = caller.control("DELETE", &path, None).await;
    assert_eq!(deleted.json(), json!({ "removed": true }));
    assert!(caller.emulator.clients().is_empty());
    for (method, path) in [
        ("PUT", "/clients/no"),
        ("POST", "/clients/no/rotate"),
        ("DELETE", "/clients/no"),
    ] {
        assert_eq!(
            caller.control(method, path, None).await.status,
            404,
            "{method} {path}"
        );
    }
    assert_eq!(
        caller.emulator.counters().mutations,
        0,
        "none of this counts as a request"
    );

    let added = caller
        .emulator
        .add_client(machine("y").as_object().unwrap().clone());
    assert!(
        caller
            .emulator
            .edit_client(&added.client_id, |client| client.client_secret = None)
    );
    assert_eq!(caller.emulator.clients()[0].client_secret, None);
    assert!(caller.emulator.rotate_secret(&added.client_id).is_some());
    assert!(
        caller.emulator.remove_client(&added.client_id) && !caller.emulator.remove_client(&added.client_id)
    );
    assert!(!caller.emulator.edit_client("no", |_| {}));
    assert_eq!(caller.emulator.rotate_secret("no"), None);
    assert_eq!(caller.emulator.management_url("no"), None);
}

#[tokio::test]
async fn the_initial_access_token_changes_while_it_runs() {
    let caller = Caller::start().await;
    let token = json!({ "token": "initial" });
    let answer = caller.control("PUT", "/initial_access_token", Some(&token)).await;
    assert_eq!(answer.json(), json!({ "required": true }));
    assert_eq!(
        refusal(&caller.register(&machine("x")).await),
        (401, "invalid_token".to_owned())
    );
    let request = caller.request("POST", &caller.emulator.registration_url());
    let request = request.bearer_auth("initial").json(&machine("x"));
    assert_eq!(request.send().await.unwrap().status().as_u16(), 201);
    let state = caller.emulator.state();
    assert_eq!(state["initial_access_token_used"], 1);
    let nothing = caller
        .control("PUT", "/initial_access_token", Some(&json!({})))
        .await;
    assert_eq!(nothing.status, 400, "no token is not the same as null");
}

#[tokio::test]
async fn switches_are_turned_all_or_none() {
    let caller = Caller::start().await;
    let wishes = json!({ "extra_fields": true, "client_limit": 3, "update": 405, "rat_on_put": "new" });
    let now = caller.control("PUT", "/switches", Some(&wishes)).await.json();
    let turned = ["extra_fields", "client_limit", "update", "rat_on_put"].map(|name| now[name].clone());
    assert_eq!(json!(turned), json!(["true", "3", "405", "new"]));
    for wishes in [
        json!({ "client_limit": 9, "nonsense": 1 }),
        json!({ "client_limit": 9, "unknown_client": 200 }),
    ] {
        assert_eq!(
            caller.control("PUT", "/switches", Some(&wishes)).await.status,
            400
        );
        assert_eq!(caller.control("GET", "/switches", None).await.json(), now);
    }
    let start = caller.control("DELETE", "/switches", None).await.json();
    assert_eq!(
        (&start["client_limit"], &start["update"]),
        (&json!("0"), &json!("offered"))
    );
}

#[tokio::test]
async fn pairs_can_be_verified() {
    let caller = Caller::switched(&[("old_secret_ms", "600000")]).await;
    let client = caller.registered("x").await;
    let id = client["client_id"].as_str().unwrap();
    let second = caller.emulator.rotate_secret(id).unwrap();
    let verify = async |secret: &str| {
        let pair = json!({ "client_id": id, "client_secret": secret });
        caller.control("POST", "/verify_pair", Some(&pair)).await.json()
    };
    let good = |current| json!({ "good": true, "current": current, "client_name": "x" });
    assert_eq!(verify(&second).await, good(true));
    assert_eq!(
        verify(client["client_secret"].as_str().unwrap()).await,
        good(false)
    );
    let bad = json!({ "good": false, "current": false, "client_name": null });
    assert_eq!(verify("wrong").await, bad);
    assert_eq!(caller.emulator.counters().of("token"), 0);
}

#[tokio::test]
async fn requests_hold_no_credential() {
    let caller = Caller::with(Config {
        initial_access_token: Some("canary-initial".to_owned()),
        ..Config::default()
    })
    .await;
    caller.set(&[("uri_form", "query")]);
    let request = caller.request("POST", &caller.emulator.registration_url());
    let request = request.bearer_auth("canary-initial").json(&machine("x"));
    let client: Value = request.send().await.unwrap().json().await.unwrap();
    caller.read(&client).await;
    caller.update(&client, &sendable(&client)).await;
    caller.token_status(&client).await;
    caller.delete(&client).await;
    let journal = caller.control("GET", "/requests", None).await;
    assert_eq!(journal.json().as_array().unwrap().len(), 5);
    let credentials = caller.emulator.credentials();
    assert_eq!(credentials.len(), 3);
    for credential in credentials.iter().map(String::as_str).chain(["canary-initial"]) {
        assert!(!journal.text.contains(credential));
    }
}
