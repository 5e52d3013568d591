//! Calls that misbehave, and what that means here.

use authserver_emulator::misbehave::{Behaviour, BodyKind, Rule};
use serde_json::json;

use crate::caller::{Caller, V3, pair_of, text, wish};
use crate::support::{chain, eventually};

fn teapot() -> Behaviour {
    Behaviour::Status {
        status: 418,
        retry_after: None,
        body: BodyKind::Empty,
    }
}

#[tokio::test]
async fn a_lost_registration_leaves_a_secret_that_nobody_knows() {
    let caller = Caller::start().await;
    let rule = Rule::on("register", Behaviour::LoseAnswer).named("x").times(1);
    caller.emulator.misbehave(rule).unwrap();
    let request = caller.request("POST", "/clients").header("content-type", V3);
    let error = request.body(wish("x").to_string()).send().await.unwrap_err();
    assert!(chain(&error).contains("connection closed"), "{}", chain(&error));
    assert_eq!(caller.register("x").await.status, 409, "the name is taken");
    let list = caller.list().await;
    assert!(!list.text.contains("\"client_secret\""));
    let id = list.json()["content"][0]["client_id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(caller.delete(&id).await.status, 204);
    let again = caller.registered("x").await;
    let [id, secret] = pair_of(&again);
    assert!(caller.emulator.verify_pair(id, secret));
}

#[tokio::test]
async fn a_late_registration_comes_late() {
    let caller = Caller::start().await;
    let rule = Rule::on("register", Behaviour::DeliverLate { ms: 300 }).times(1);
    caller.emulator.misbehave(rule).unwrap();
    let request = caller.request("POST", "/clients").header("content-type", V3);
    request.body(wish("x").to_string()).send().await.unwrap_err();
    assert_eq!(caller.list().await.json(), json!({ "content": [] }));
    eventually("it is there", || caller.emulator.clients_named("x").len() == 1).await;
}

#[tokio::test]
async fn answers_are_spoilt_here_too() {
    let caller = Caller::start().await;
    let html = Behaviour::Html { status: 200 };
    let redirect = Behaviour::Redirect {
        status: 307,
        location: "/login".to_owned(),
    };
    let limit = Behaviour::RateLimit {
        requests: 0,
        window_ms: 60_000,
        retry_after: Some("7".to_owned()),
    };
    for (behaviour, status) in [
        (html, 200),
        (redirect, 307),
        (limit, 429),
        (Behaviour::Deny { status: 403 }, 403),
    ] {
        caller
            .emulator
            .misbehave(Rule::on("register", behaviour).times(1))
            .unwrap();
        let answer = caller.register("x").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("retry-after"), (status == 429).then_some("7"));
    }
    assert!(caller.emulator.clients().is_empty(), "no work was done");
    for behaviour in [
        Behaviour::Truncate { keep: None },
        Behaviour::GzipBomb { megabytes: 1 },
    ] {
        caller
            .emulator
            .misbehave(Rule::on("register", behaviour).times(1))
            .unwrap();
        let request = caller.request("POST", "/clients").header("content-type", V3);
        let name = format!("x{}", caller.emulator.clients().len());
        let answer = request.body(wish(&name).to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 201);
    }
    assert_eq!(caller.emulator.clients().len(), 2, "here it was");
}

#[tokio::test]
async fn rules_match_the_operations_of_this_server() {
    let all = [
        "list", "register", "get", "update", "pull", "push", "revoke", "delete",
    ];
    for (operation, hit) in [
        ("list", &["list"][..]),
        ("register", &["register"]),
        ("get", &["get"]),
        ("update", &["update"]),
        ("pull", &["pull"]),
        ("push", &["push"]),
        ("revoke", &["revoke"]),
        ("delete", &["delete"]),
        ("mutation", &["register", "update", "push", "delete"]),
        ("read", &["list", "get", "pull", "revoke"]),
        ("any", &all),
    ] {
        let caller = Caller::start().await;
        let made = caller.registered("x").await;
        let id = text(&made, "client_id");
        let token = caller.pull(&made, "ann").await.field("access_token");
        caller.emulator.misbehave(Rule::on(operation, teapot())).unwrap();
        let statuses = [
            caller.list().await.status,
            caller.register("y").await.status,
            caller.get(id).await.status,
            caller.update(id, &json!({})).await.status,
            caller.pull(&made, "ann").await.status,
            caller.push(&made, "ann", "acme").await.status,
            caller.revoke(&made, &token).await.status,
            caller.delete(id).await.status,
        ];
        let teapots: Vec<_> = all
            .iter()
            .zip(statuses)
            .filter(|(_, status)| *status == 418)
            .collect();
        let teapots: Vec<_> = teapots.into_iter().map(|(name, _)| *name).collect();
        assert_eq!(teapots, hit, "{operation}");
    }
    let caller = Caller::start().await;
    assert!(caller.emulator.misbehave(Rule::on("rotate", teapot())).is_err());
}

#[tokio::test]
async fn rules_match_clients_by_name() {
    let caller = Caller::start().await;
    let (x, y) = (caller.registered("x").await, caller.registered("y").await);
    caller
        .emulator
        .misbehave(Rule::on("any", teapot()).named("y"))
        .unwrap();
    let [x_id, y_id] = [&x, &y].map(|made| text(made, "client_id"));
    assert_eq!(
        [caller.get(x_id).await.status, caller.get(y_id).await.status],
        [200, 418]
    );
    assert_eq!(
        [
            caller.pull(&x, "ann").await.status,
            caller.pull(&y, "ann").await.status
        ],
        [200, 418]
    );
}
