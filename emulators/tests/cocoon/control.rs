//! The control API of this server.

use authserver_emulator::cocoon::{Config, Switches};
use serde_json::json;

use crate::caller::{Caller, wish};
use crate::support::{PASSWORD, USER};

#[tokio::test]
async fn state_shows_everything() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let state = caller.control("GET", "/state", None).await.json();
    assert_eq!(state["clients"], json!(caller.emulator.clients()));
    assert_eq!(state["clients"][1]["clientSecret"], "secret-of-x");
    assert_eq!(state["users"], json!(["operator", "ann", "two"]));
    assert_eq!([&state["tokens"], &state["refresh_tokens"]], [1, 1]);
    assert_eq!(state, caller.emulator.state());
}

#[tokio::test]
async fn reset_goes_back_to_the_start() {
    let caller = Caller::with(Config {
        clients: vec!["theirs".to_owned()],
        ..Config::default()
    })
    .await;
    let before = caller.emulator.clients();
    let switches = caller.control("GET", "/switches", None).await.json();
    caller.registered("x").await;
    caller.delete("1").await;
    caller
        .control("PUT", "/switches", Some(&json!({ "extra_fields": true })))
        .await;
    caller.control("DELETE", "/users/operator", None).await;
    caller.control("POST", "/reset", None).await;
    assert_eq!(caller.emulator.clients(), before);
    assert_eq!(caller.control("GET", "/switches", None).await.json(), switches);
    assert_eq!(caller.control("GET", "/requests", None).await.json(), json!([]));
    assert_eq!(caller.list().await.status, 401, "tokens are gone");
    assert_eq!(caller.login(USER, PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_admin_works_behind_everybodys_back() {
    let caller = Caller::start().await;
    caller.emulator.clear_requests();
    let made = caller
        .control("POST", "/clients", Some(&json!({ "clientId": "x" })))
        .await;
    assert_eq!((made.status, made.json()), (201, json!(caller.there("x"))));
    caller
        .control("POST", "/clients", Some(&json!({ "clientId": "x" })))
        .await;
    assert_eq!(caller.emulator.clients_of("x").len(), 2);
    let edit = json!({
        "appName": "n", "clientSecret": "t", "authorizedGrantTypes": ["mfa"], "accessTokenValiditySeconds": 7,
        "refreshTokenValiditySeconds": 1, "registeredRedirectUris": ["https://a.example"], "enabled": false,
        "clientId": "y",
    });
    let edited = caller.control("PUT", "/clients/x", Some(&edit)).await.json();
    assert_eq!(edited, json!(caller.there("y")));
    for field in [
        "appName",
        "clientSecret",
        "authorizedGrantTypes",
        "enabled",
        "refreshTokenValiditySeconds",
    ] {
        assert_eq!(edited[field], edit[field], "{field}");
    }
    let by_info_id = format!("/clients/{}", caller.there("y").client_info_id);
    assert_eq!(caller.control("DELETE", &by_info_id, None).await.status, 200);
    for (method, path) in [
        ("DELETE", "/clients/y"),
        ("PUT", "/clients/y"),
        ("GET", "/nothing"),
    ] {
        assert_eq!(caller.control(method, path, Some(&json!({}))).await.status, 404);
    }
    let nameless = caller
        .control("POST", "/clients", Some(&json!({ "appName": "n" })))
        .await;
    assert_eq!(nameless.status, 400);
    assert_eq!(
        caller.emulator.counters().operations.values().sum::<u64>(),
        0,
        "nothing of it is counted"
    );
}

#[tokio::test]
async fn users_come_and_go() {
    let caller = Caller::start().await;
    let new = json!({ "username": USER, "password": "new", "administrator": true });
    let said = caller.control("PUT", "/users", Some(&new)).await;
    assert_eq!(
        said.json(),
        json!({ "username": USER, "administrator": true, "two_factor": false })
    );
    let statuses = [
        caller.login(USER, PASSWORD).await.status,
        caller.login(USER, "new").await.status,
    ];
    assert_eq!(statuses, [400, 200]);
    assert_eq!(
        caller.control("DELETE", "/users/operator", None).await.status,
        200
    );
    assert_eq!(
        caller.control("DELETE", "/users/operator", None).await.status,
        404
    );
}

#[tokio::test]
async fn pairs_and_tokens_are_verified() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let verify = async |id: &str, secret: &str| {
        let pair = json!({ "client_id": id, "client_secret": secret });
        caller.control("POST", "/verify_pair", Some(&pair)).await.json()
    };
    let verdict =
        |good: bool, name: Option<&str>| json!({ "good": good, "current": good, "client_name": name });
    assert_eq!(verify("x", "secret-of-x").await, verdict(true, Some("App x")));
    assert_eq!(verify("x", "wrong").await, verdict(false, Some("App x")));
    assert_eq!(verify("y", "secret-of-x").await, verdict(false, None));
    let check = async |token: &str| {
        let token = json!({ "token": token });
        caller.control("POST", "/verify_token", Some(&token)).await.json()
    };
    let of = |client_id: &str, username: &str, restricted: bool| {
        json!({
            "issued": true, "good": !restricted, "client_id": client_id, "username": username,
            "restricted": restricted,
        })
    };
    let ann = caller
        .login_with(("x", "secret-of-x"), "ann", "p")
        .await
        .field("access_token");
    assert_eq!(check(&ann).await, of("x", "ann", false));
    let two = caller.login("two", "p").await.field("access_token");
    assert_eq!(check(&two).await, of("bootstrap", "two", true));
    assert_eq!(check("wrong").await, json!({ "issued": false, "good": false }));
    let credentials = caller.emulator.credentials();
    for known in ["secret-of-x", "bootstrap-secret", &ann, &two] {
        assert!(credentials.iter().any(|credential| credential == known));
    }
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
    let wrong = json!({ "page_size": 4, "info_id": "roman" });
    let refused = caller.control("PUT", "/switches", Some(&wrong)).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("number, text, uuid"));
    assert_eq!(caller.control("GET", "/switches", None).await.json(), answer);
    let reset = caller.control("DELETE", "/switches", None).await.json();
    assert_eq!(reset, json!(Switches::default().to_map()));
    assert_eq!(caller.register(&wish("x")).await.status, 200);
}
