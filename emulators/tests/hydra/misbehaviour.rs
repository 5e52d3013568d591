//! Calls that misbehave, and what that means here.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use authserver_emulator::misbehave::{Behaviour, BodyKind, Rule};
use serde_json::json;

use crate::caller::{Caller, client, wish, with};
use crate::support::{chain, eventually};

fn teapot() -> Behaviour {
    Behaviour::Status {
        status: 418,
        retry_after: None,
        body: BodyKind::Empty,
    }
}

#[tokio::test]
async fn a_lost_registration_is_there_and_repeating_it_is_refused() {
    let caller = Caller::start().await;
    let rule = Rule::on("register", Behaviour::LoseAnswer)
        .named("Client x")
        .times(1);
    caller.emulator.misbehave(rule).unwrap();
    let error = caller
        .request("POST", "")
        .json(&wish("x"))
        .send()
        .await
        .unwrap_err();
    assert!(chain(&error).contains("connection closed"), "{}", chain(&error));
    assert!(caller.emulator.verify_pair("x", "secret-of-x"));
    assert_eq!(caller.register(&wish("x")).await.status, 409);
    assert_eq!(caller.get("x").await.json()["metadata"], json!({ "attempt": 1 }));
}

#[tokio::test]
async fn a_lost_rotation_leaves_a_secret_that_nobody_knows() {
    let caller = Caller::switched(&[("rotation", "offered")]).await;
    caller.registered("x").await;
    let rule = Rule::on("rotate", Behaviour::LoseAnswer).times(1);
    caller.emulator.misbehave(rule).unwrap();
    let path = client("x") + "/secrets/rotate";
    caller.request("POST", &path).send().await.unwrap_err();
    let lost = caller.there("x");
    assert_eq!(lost.rotated_secrets, ["secret-of-x"]);
    let next = caller.rotate("x").await.field("client_secret");
    assert_eq!(
        caller
            .good("x", ["secret-of-x", &lost.client_secret, &next])
            .await,
        [true; 3]
    );
    caller.clear("x").await;
    assert_eq!(
        caller
            .good("x", ["secret-of-x", &lost.client_secret, &next])
            .await,
        [false, false, true]
    );
}

#[tokio::test]
async fn a_late_change_comes_late() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let rule = Rule::on("update", Behaviour::DeliverLate { ms: 300 }).times(1);
    caller.emulator.misbehave(rule).unwrap();
    let set = |secret: &str| with(&wish("x"), &json!({ "client_secret": secret }));
    let late = caller.request("PUT", &client("x")).json(&set("late-secret"));
    late.send().await.unwrap_err();
    assert_eq!(caller.update("x", &set("new-secret")).await.status, 200);
    assert!(caller.emulator.verify_pair("x", "new-secret"));
    eventually("it comes", || caller.emulator.verify_pair("x", "late-secret")).await;
    assert!(!caller.emulator.verify_pair("x", "new-secret"));
}

#[tokio::test]
async fn answers_are_spoilt_here_too() {
    let caller = Caller::start().await;
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
        (Behaviour::Html { status: 200 }, 200),
        (redirect, 307),
        (limit, 429),
        (Behaviour::Deny { status: 401 }, 401),
        (Behaviour::NotFoundEverything, 404),
    ] {
        let rule = Rule::on("register", behaviour).times(1);
        caller.emulator.misbehave(rule).unwrap();
        let answer = caller.register(&wish("x")).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("retry-after"), (status == 429).then_some("7"));
    }
    assert!(caller.emulator.clients().is_empty(), "no work was done");
    let huge = Behaviour::Huge {
        megabytes: 1,
        announced: true,
    };
    caller
        .emulator
        .misbehave(Rule::on("list", huge).times(1))
        .unwrap();
    assert!(caller.list().await.text.len() > 1_000_000);
}

#[tokio::test]
async fn rules_match_the_operations_of_this_server() {
    let all = [
        "list",
        "register",
        "get",
        "update",
        "patch",
        "lifespans",
        "rotate",
        "clear",
        "token",
        "delete",
    ];
    let mutations = [
        "register",
        "update",
        "patch",
        "lifespans",
        "rotate",
        "clear",
        "delete",
    ];
    let reads = ["list", "get", "token"];
    let single = all.map(|name| (name, vec![name]));
    let groups = [
        ("mutation", mutations.to_vec()),
        ("read", reads.to_vec()),
        ("any", all.to_vec()),
    ];
    for (operation, hit) in single.into_iter().chain(groups) {
        let caller = Caller::switched(&[("rotation", "offered")]).await;
        caller.registered("x").await;
        caller.emulator.misbehave(Rule::on(operation, teapot())).unwrap();
        let statuses = [
            caller.list().await.status,
            caller.register(&wish("y")).await.status,
            caller.get("x").await.status,
            caller.update("x", &wish("x")).await.status,
            caller.patch("x", &json!([])).await.status,
            caller.set_lifespans("x", &json!({})).await.status,
            caller.rotate("x").await.status,
            caller.clear("x").await.status,
            caller.token("x", "secret-of-x", &[]).await.status,
            caller.delete("x").await.status,
        ];
        let teapots = all.iter().zip(statuses).filter(|(_, status)| *status == 418);
        let teapots: Vec<_> = teapots.map(|(name, _)| *name).collect();
        assert_eq!(teapots, hit, "{operation}");
    }
    let caller = Caller::start().await;
    assert!(caller.emulator.misbehave(Rule::on("enable", teapot())).is_err());
}

#[tokio::test]
async fn rules_match_clients_by_name_or_else_by_id() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    caller
        .register(&with(&wish("nameless"), &json!({ "client_name": null })))
        .await;
    for name in ["Client x", "nameless"] {
        let rule = Rule::on("any", teapot()).named(name);
        caller.emulator.misbehave(rule).unwrap();
    }
    let statuses = [
        caller.get("x").await.status,
        caller.get("nameless").await.status,
        caller
            .register(&with(&wish("nameless"), &json!({ "client_name": null })))
            .await
            .status,
        caller.token("x", "secret-of-x", &[]).await.status,
        caller.register(&wish("y")).await.status,
    ];
    assert_eq!(statuses, [418, 418, 418, 418, 201]);
}
