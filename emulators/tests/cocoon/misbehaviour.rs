//! Calls that misbehave, and what that means here.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use authserver_emulator::misbehave::{Behaviour, BodyKind, Rule};
use serde_json::json;

use crate::caller::{Caller, app, wish};
use crate::support::{PASSWORD, USER, chain, eventually};

fn teapot() -> Behaviour {
    Behaviour::Status {
        status: 418,
        retry_after: None,
        body: BodyKind::Empty,
    }
}

#[tokio::test]
async fn a_lost_registration_can_be_found_and_works() {
    let caller = Caller::start().await;
    let rule = Rule::on("register", Behaviour::LoseAnswer)
        .named("App x")
        .times(1);
    caller.emulator.misbehave(rule).unwrap();
    let request = caller.bare("POST", "/clientapps").bearer_auth(&caller.token);
    let error = request.json(&wish("x")).send().await.unwrap_err();
    assert!(chain(&error).contains("connection closed"), "{}", chain(&error));
    assert!(caller.emulator.verify_pair("x", "secret-of-x"));
    assert_eq!(caller.register(&wish("x")).await.status, 409);
    assert_eq!(caller.list().await.json()[1]["clientId"], "x");
}

#[tokio::test]
async fn a_lost_toggle_is_not_repeated_without_harm() {
    let caller = Caller::start().await;
    let x = caller.registered("x").await;
    let rule = Rule::on("enable", Behaviour::LoseAnswer).times(1);
    caller.emulator.misbehave(rule).unwrap();
    let path = app(&x.client_info_id) + "/enable";
    let request = caller.bare("PUT", &path).bearer_auth(&caller.token);
    request.send().await.unwrap_err();
    assert!(!caller.there("x").enabled);
    caller.enable(&x.client_info_id).await;
    assert!(caller.there("x").enabled, "twice is not at all");
}

#[tokio::test]
async fn a_late_change_comes_late() {
    let caller = Caller::start().await;
    let x = caller.registered("x").await;
    let rule = Rule::on("update", Behaviour::DeliverLate { ms: 300 }).times(1);
    caller.emulator.misbehave(rule).unwrap();
    let request = caller
        .bare("PUT", &app(&x.client_info_id))
        .bearer_auth(&caller.token);
    request
        .json(&json!({ "clientSecret": "late" }))
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        caller
            .update(&x.client_info_id, &json!({ "clientSecret": "new" }))
            .await
            .status,
        200
    );
    assert!(caller.emulator.verify_pair("x", "new"));
    eventually("it comes", || caller.emulator.verify_pair("x", "late")).await;
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
        caller
            .emulator
            .misbehave(Rule::on("register", behaviour).times(1))
            .unwrap();
        let answer = caller.register(&wish("x")).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("retry-after"), (status == 429).then_some("7"));
    }
    assert!(caller.emulator.clients_of("x").is_empty(), "no work was done");
    let huge = Behaviour::Huge {
        megabytes: 1,
        announced: true,
    };
    caller
        .emulator
        .misbehave(Rule::on("register", huge).times(1))
        .unwrap();
    assert!(caller.register(&wish("x")).await.text.len() > 1_000_000);
    assert_eq!(caller.emulator.clients_of("x").len(), 1, "here it was");
}

#[tokio::test]
async fn rules_match_the_operations_of_this_server() {
    let all = [
        "list",
        "register",
        "get",
        "update",
        "enable",
        "dashboard",
        "token",
        "delete",
    ];
    for (operation, hit) in [
        ("list", &["list"][..]),
        ("register", &["register"]),
        ("get", &["get"]),
        ("update", &["update"]),
        ("enable", &["enable"]),
        ("dashboard", &["dashboard"]),
        ("token", &["token"]),
        ("delete", &["delete"]),
        ("mutation", &["register", "update", "enable", "delete"]),
        ("read", &["list", "get", "dashboard", "token"]),
        ("any", &all),
    ] {
        let caller = Caller::start().await;
        let x = caller.registered("x").await;
        let id = &x.client_info_id;
        caller.emulator.misbehave(Rule::on(operation, teapot())).unwrap();
        let statuses = [
            caller.list().await.status,
            caller.register(&wish("y")).await.status,
            caller.get(id).await.status,
            caller.update(id, &json!({ "appName": "n" })).await.status,
            caller.enable(id).await.status,
            caller.call("GET", "/dashboard/clients").await.status,
            caller.login(USER, PASSWORD).await.status,
            caller.delete(id).await.status,
        ];
        let teapots = all.iter().zip(statuses).filter(|(_, status)| *status == 418);
        let teapots: Vec<_> = teapots.map(|(name, _)| *name).collect();
        assert_eq!(teapots, hit, "{operation}");
    }
    let caller = Caller::start().await;
    assert!(caller.emulator.misbehave(Rule::on("rotate", teapot())).is_err());
}

#[tokio::test]
async fn rules_match_apps_by_name() {
    let caller = Caller::start().await;
    let (x, y) = (caller.registered("x").await, caller.registered("y").await);
    caller
        .emulator
        .misbehave(Rule::on("any", teapot()).named("App y"))
        .unwrap();
    let statuses = [
        caller.get(&x.client_info_id).await.status,
        caller.get(&y.client_info_id).await.status,
    ];
    assert_eq!(statuses, [200, 418]);
    let login = async |id: &str| {
        let secret = format!("secret-of-{id}");
        caller.login_with((id, &secret), "ann", "p").await.status
    };
    assert_eq!([login("x").await, login("y").await], [200, 418]);
}
