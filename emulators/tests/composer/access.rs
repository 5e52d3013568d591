//! Who is let in: Basic, sessions, CSRF tokens, rights, and everything that is switched off.

use authserver_emulator::composer::Config;
use serde_json::{Value, json};

use crate::caller::{Caller, V3, read, text, user, wish};
use crate::support::{PASSWORD, Read, USER};

/// POST `/clients` in a session.
async fn register_in(caller: &Caller, session: &str, token: Option<&str>, name: &str) -> Read {
    let request = caller.bare("POST", "/clients").header("content-type", V3);
    let request = request.header("cookie", format!("theme=dark; SESSION={session}"));
    let request = match token {
        Some(token) => request.header("x-csrf-token", token),
        None => request,
    };
    read(request.body(wish(name).to_string())).await
}

async fn list_in(caller: &Caller, session: &str) -> Read {
    let cookie = format!("SESSION={session}");
    read(caller.bare("GET", "/clients").header("cookie", cookie)).await
}

async fn begin(caller: &Caller) -> (String, String) {
    let begun = caller.control("POST", "/sessions", None).await;
    assert_eq!(begun.status, 201);
    (begun.field("session"), begun.field("csrf_token"))
}

#[tokio::test]
async fn a_wrong_credential_is_challenged() {
    let caller = Caller::start().await;
    for credential in [None, Some((USER, "wrong")), Some(("somebody", PASSWORD))] {
        let request = caller.bare("GET", "/clients");
        let request = match credential {
            Some((name, word)) => request.basic_auth(name, Some(word)),
            None => request,
        };
        let answer = read(request).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"api\""));
    }
    let made = caller.registered("x").await;
    let by_client = caller.bare("GET", "/clients");
    let by_client = by_client.basic_auth(text(&made, "client_id"), Some(text(&made, "client_secret")));
    assert_eq!(read(by_client).await.status, 401, "a client manages nothing");
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
        let answer = read(caller.bare("GET", "/clients")).await;
        assert_eq!((answer.status, answer.challenged), (status, value == "challenge"));
        assert_eq!(answer.header("location").is_some(), value == "login_redirect");
        assert_eq!(caller.list().await.status, 200, "who may come in does");
    }
}

#[tokio::test]
async fn a_session_reads_and_needs_a_token_for_changes() {
    let caller = Caller::start().await;
    let (session, token) = begin(&caller).await;
    assert_eq!(list_in(&caller, &session).await.status, 200);
    for wrong in [None, Some("wrong")] {
        let answer = register_in(&caller, &session, wrong, "x").await;
        assert_eq!(answer.status, 403);
        assert!(answer.text.contains("session has expired"), "{answer:?}");
    }
    assert_eq!(
        register_in(&caller, &session, Some(&token), "x").await.status,
        201
    );
    assert_eq!(caller.register("y").await.status, 201, "Basic needs none");
}

#[tokio::test]
async fn csrf() {
    for (value, in_session, with_basic) in [("sessions", 403, 201), ("always", 403, 403), ("off", 201, 201)] {
        let caller = Caller::switched(&[("csrf", value)]).await;
        let (session, token) = begin(&caller).await;
        assert_eq!(
            register_in(&caller, &session, None, "x").await.status,
            in_session,
            "{value}"
        );
        assert_eq!(caller.register("y").await.status, with_basic, "{value}");
        assert_eq!(caller.list().await.status, 200, "reading needs none");
        let request = caller.request("POST", "/clients").header("content-type", V3);
        let request = request.header("x-csrf-token", token).body(wish("z").to_string());
        assert_eq!(read(request).await.status, 201);
    }
}

#[tokio::test]
async fn login() {
    for (value, with_basic, in_session) in [("both", 200, 200), ("basic", 200, 401), ("session", 401, 200)] {
        let caller = Caller::switched(&[("login", value)]).await;
        let (session, _) = begin(&caller).await;
        assert_eq!(caller.list().await.status, with_basic, "{value}");
        assert_eq!(list_in(&caller, &session).await.status, in_session, "{value}");
    }
}

#[tokio::test]
async fn session_ended() {
    for (value, status) in [
        ("challenge", 401),
        ("bare_401", 401),
        ("forbidden", 403),
        ("login_page", 200),
    ] {
        let caller = Caller::switched(&[("session_ended", value)]).await;
        let (session, token) = begin(&caller).await;
        caller.control("DELETE", "/sessions", None).await;
        let answer = list_in(&caller, &session).await;
        assert_eq!((answer.status, answer.challenged), (status, value == "challenge"));
        assert_eq!(answer.text.contains("session has expired"), value != "login_page");
        assert_ne!(
            register_in(&caller, &session, Some(&token), "x").await.status,
            201
        );
        assert!(caller.emulator.clients().is_empty());
    }
}

#[tokio::test]
async fn session_seconds() {
    let caller = Caller::switched(&[("session_seconds", "1")]).await;
    let (session, _) = begin(&caller).await;
    assert_eq!(list_in(&caller, &session).await.status, 200);
    tokio::time::sleep(std::time::Duration::from_millis(1050)).await;
    assert_eq!(list_in(&caller, &session).await.status, 401);
    caller.set(&[("session_seconds", "0")]);
    assert_eq!(list_in(&caller, &session).await.status, 200);
}

#[tokio::test]
async fn session_offered() {
    let caller = Caller::switched(&[("session_offered", "true")]).await;
    let answer = caller.list().await;
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap();
    let session = cookie.strip_prefix("SESSION=").unwrap();
    let token = answer.header("x-csrf-token").unwrap();
    assert_eq!(register_in(&caller, session, Some(token), "x").await.status, 201);
    caller.set(&[("session_offered", "false")]);
    assert_eq!(caller.list().await.header("set-cookie"), None);
}

#[tokio::test]
async fn a_session_can_be_configured() {
    let caller = Caller::with(Config {
        session: Some(("cookie".to_owned(), "token".to_owned())),
        ..Config::default()
    })
    .await;
    assert_eq!(
        register_in(&caller, "cookie", Some("token"), "x").await.status,
        201
    );
    caller.emulator.end_sessions();
    assert_eq!(list_in(&caller, "cookie").await.status, 401);
    caller.emulator.reset();
    assert_eq!(list_in(&caller, "cookie").await.status, 200);
}

#[tokio::test]
async fn caller() {
    for (value, of_all, of_one) in [
        ("supervisor", [200, 201], [200, 200, 204]),
        ("tenant_administrator", [403, 403], [200, 200, 204]),
        ("user", [403, 403], [403, 403, 403]),
    ] {
        let caller = Caller::switched(&[("caller", value)]).await;
        let there = caller.emulator.add_client("there", 300);
        let list = caller.list().await;
        assert_eq!(
            [list.status, caller.register("x").await.status],
            of_all,
            "{value}"
        );
        if list.status == 403 {
            assert_eq!(list.json()["details"], "Access Denied");
        }
        let id = &there.client_id;
        let statuses = [
            caller.get(id).await.status,
            caller
                .update(id, &json!({ "access_token_validity_seconds": 60 }))
                .await
                .status,
            caller.delete(id).await.status,
        ];
        assert_eq!(statuses, of_one, "{value}");
    }
}

#[tokio::test]
async fn trusted_access() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    let id = text(&made, "client_id");
    let token = caller.pull(&made, "ann").await.field("access_token");
    caller.set(&[("trusted_access", "off")]);
    let answers = [
        caller.list().await,
        caller.register("y").await,
        caller.get(id).await,
        caller.update(id, &json!({})).await,
        caller.delete(id).await,
        caller.pull(&made, "ann").await,
        caller.push(&made, "ann", "acme").await,
        caller.revoke(&made, &token).await,
        read(caller.bare("GET", "/clients")).await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    let with_token = |token: &str| read(caller.bare("GET", "/clients").bearer_auth(token));
    assert_eq!(with_token(&token).await.status, 401);
    assert_eq!(with_token("unknown").await.status, 404);
    caller.set(&[("trusted_access", "on")]);
    assert_eq!(caller.get(id).await.status, 200, "it is as it was");
    assert_eq!(caller.emulator.counters().changes, 1);
}

#[tokio::test]
async fn licence() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    caller.set(&[("licence", "expired")]);
    assert_eq!(caller.pull(&made, "ann").await.status, 401);
    assert_eq!(caller.push(&made, "ann", "acme").await.status, 401);
    assert_eq!(
        caller.emulator.users(),
        [user("ann", "acme"), user("boss", "acme")]
    );
    let id = text(&made, "client_id");
    assert_eq!(
        [
            caller.list().await.status,
            caller.get(id).await.status,
            caller.register("y").await.status
        ],
        [200, 200, 201]
    );
    caller.set(&[("licence", "valid")]);
    assert_eq!(caller.pull(&made, "ann").await.status, 200);
}

#[tokio::test]
async fn release() {
    let caller = Caller::switched(&[("release", "before_7_5")]).await;
    let made = caller.registered("x").await;
    let ann = json!({ "username": "ann" });
    assert_eq!(caller.token("/token", &made, &ann).await.status, 200);
    let token: Value = caller.token("/token", &made, &ann).await.json();
    assert_eq!(
        [
            caller.pull(&made, "ann").await.status,
            caller.push(&made, "ann", "acme").await.status,
            caller.revoke(&made, text(&token, "access_token")).await.status,
        ],
        [404, 404, 404]
    );
    caller.set(&[("release", "since_7_5")]);
    assert_eq!(caller.token("/token", &made, &ann).await.status, 404);
    assert_eq!(caller.pull(&made, "ann").await.status, 200);
}
