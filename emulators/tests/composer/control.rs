//! The control API of this server.

use authserver_emulator::composer::{Config, Switches};
use serde_json::{Value, json};

use crate::caller::{Caller, pair_of, read, text, user};

#[tokio::test]
async fn state_shows_everything() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    caller.pull(&made, "ann").await;
    let session = caller.emulator.begin_session();
    let state = caller.control("GET", "/state", None).await.json();
    assert_eq!(state["clients"], json!(caller.emulator.clients()));
    assert_eq!(state["clients"][0]["client_secret"], made["client_secret"]);
    assert_eq!(
        state["sessions"],
        json!([{ "session": session.cookie, "csrf_token": session.csrf_token }])
    );
    assert_eq!(
        (&state["tokens"], &state["users"][0]["username"]),
        (&json!(1), &json!("ann"))
    );
    assert_eq!(state, caller.emulator.state());
}

#[tokio::test]
async fn reset_goes_back_to_the_start() {
    let caller = Caller::with(Config {
        clients: vec!["theirs".to_owned()],
        users: vec![user("ann", "acme")],
        ..Config::default()
    })
    .await;
    let before = caller.control("GET", "/state", None).await.json();
    let switches = caller.control("GET", "/switches", None).await.json();
    let made = caller.registered("x").await;
    caller.push(&made, "new", "acme").await;
    caller.delete(&caller.emulator.clients()[0].client_id).await;
    caller
        .control("PUT", "/switches", Some(&json!({ "extra_fields": true })))
        .await;
    let other = json!({ "username": "other", "password": "p" });
    caller.control("PUT", "/administrator", Some(&other)).await;
    caller.control("POST", "/reset", None).await;
    assert_eq!(caller.control("GET", "/state", None).await.json(), before);
    assert_eq!(caller.control("GET", "/switches", None).await.json(), switches);
    assert_eq!(caller.control("GET", "/requests", None).await.json(), json!([]));
    assert_eq!(caller.list().await.status, 200);
}

#[tokio::test]
async fn an_admin_works_behind_everybodys_back() {
    let caller = Caller::start().await;
    let wish = json!({ "client_name": "x", "client_id": "i", "client_secret": "s" });
    let made = caller.control("POST", "/clients", Some(&wish)).await;
    assert_eq!(
        (made.status, made.json()),
        (201, json!(caller.emulator.clients()[0]))
    );
    assert_eq!(pair_of(&made.json()), ["i", "s"]);
    caller
        .control("POST", "/clients", Some(&json!({ "client_name": "x" })))
        .await;
    assert_eq!(caller.emulator.clients_named("x").len(), 2);
    let edit = json!({
        "client_name": "y", "client_secret": "t", "access_token_validity_seconds": 7,
        "client_secret_expires_at": 0, "scoped": true,
    });
    let edited = caller.control("PUT", "/clients/i", Some(&edit)).await.json();
    assert_eq!(edited, json!(caller.emulator.clients()[0]));
    for (name, value) in edit.as_object().unwrap() {
        assert_eq!(edited[name], *value, "{name}");
    }
    let internal = text(&edited, "id").to_owned();
    assert_eq!(
        caller
            .control("PUT", &format!("/clients/{internal}"), Some(&json!({})))
            .await
            .json(),
        edited
    );
    assert_eq!(caller.control("DELETE", "/clients/i", None).await.status, 200);
    for (method, path) in [
        ("DELETE", "/clients/i"),
        ("PUT", "/clients/i"),
        ("GET", "/nothing"),
    ] {
        assert_eq!(caller.control(method, path, Some(&json!({}))).await.status, 404);
    }
    assert_eq!(
        caller.emulator.counters().operations.values().sum::<u64>(),
        0,
        "nothing of it is counted"
    );
}

#[tokio::test]
async fn the_administrators_password_changes() {
    let caller = Caller::start().await;
    let new = json!({ "username": "operator", "password": "new" });
    let answer = caller.control("PUT", "/administrator", Some(&new)).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "username": "operator" }))
    );
    assert_eq!(caller.list().await.status, 401);
    let request = caller.bare("GET", "/clients").basic_auth("operator", Some("new"));
    assert_eq!(read(request).await.status, 200);
    let partly = caller
        .control("PUT", "/administrator", Some(&json!({ "password": "p" })))
        .await;
    assert_eq!(partly.status, 400);
}

#[tokio::test]
async fn pairs_and_tokens_are_verified() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    let [id, secret] = pair_of(&made);
    let verify = async |id: &str, secret: &str| {
        let pair = json!({ "client_id": id, "client_secret": secret });
        caller.control("POST", "/verify_pair", Some(&pair)).await.json()
    };
    assert_eq!(
        verify(id, secret).await,
        json!({ "good": true, "client_name": "x" })
    );
    assert_eq!(
        verify(id, "wrong").await,
        json!({ "good": false, "client_name": "x" })
    );
    assert_eq!(
        verify("wrong", secret).await,
        json!({ "good": false, "client_name": null })
    );
    let issued = caller.emulator.credentials();
    let token = caller.pull(&made, "ann").await.field("access_token");
    assert!(issued.iter().any(|known| known == secret) && !issued.contains(&token));
    assert!(caller.emulator.credentials().contains(&token));
}

#[tokio::test]
async fn switches_are_turned_together_or_not_at_all() {
    let caller = Caller::start().await;
    let turned = json!({ "page_size": 3, "paging": "page", "extra_fields": true });
    let answer = caller.control("PUT", "/switches", Some(&turned)).await.json();
    assert_eq!(
        [&answer["page_size"], &answer["paging"], &answer["extra_fields"]],
        ["3", "page", "true"]
    );
    for wrong in [
        json!({ "page_size": 4, "nonsense": 1 }),
        json!({ "page_size": 4, "paging": "sometimes" }),
    ] {
        let answer = caller.control("PUT", "/switches", Some(&wrong)).await;
        assert_eq!(answer.status, 400);
        assert!(
            ["nonsense", "none, cut, page"]
                .iter()
                .any(|part| answer.text.contains(part))
        );
    }
    let now = caller.control("GET", "/switches", None).await.json();
    assert_eq!(now, answer);
    let reset = caller.control("DELETE", "/switches", None).await.json();
    assert_eq!(reset, json!(Switches::default().to_map()));
    assert_ne!(reset, Value::Null);
}
