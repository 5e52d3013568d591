//! Calls that misbehave, and what that means here.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::{Duration, Instant};

use authserver_emulator::auth0::operations;
use authserver_emulator::misbehave::{Behaviour, BodyKind, Rule};
use serde_json::json;

use crate::caller::{API, Caller, credentials, text, wish};
use crate::key::key;
use crate::support::{chain, eventually};

fn teapot() -> Behaviour {
    Behaviour::Status {
        status: 418,
        retry_after: None,
        body: BodyKind::Empty,
    }
}

#[tokio::test]
async fn a_lost_registration_leaves_a_client_whose_secret_can_be_read() {
    let caller = Caller::start().await;
    let rule = Rule::on("register", Behaviour::LoseAnswer).named("x").times(1);
    caller.emulator.misbehave(rule).unwrap();
    let request = caller.bare("POST", "/clients").bearer_auth(&caller.token);
    let error = request.json(&wish("x")).send().await.unwrap_err();
    assert!(chain(&error).contains("connection closed"), "{}", chain(&error));
    let again = caller.registered("x").await;
    let both = caller.emulator.clients_named("x");
    assert_eq!(both.len(), 2, "a repetition makes a second one");
    let list = caller.list("app_type=non_interactive&page=0").await.json();
    let orphan = list
        .as_array()
        .unwrap()
        .iter()
        .find(|client| client["client_id"] == json!(both[0].client_id));
    assert_eq!(orphan.unwrap()["client_secret"], json!(both[0].client_secret));
    assert_ne!(text(&again, "client_id"), both[0].client_id);
}

#[tokio::test]
async fn a_late_rotation_comes_late() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let rule = Rule::on("rotate", Behaviour::DeliverLate { ms: 300 }).times(1);
    caller.emulator.misbehave(rule).unwrap();
    let id = text(&client, "client_id");
    let path = format!("/clients/{id}/rotate-secret");
    let request = caller.bare("POST", &path).bearer_auth(&caller.token);
    request.send().await.unwrap_err();
    assert_eq!(caller.ask_for(&client).await.status, 200);
    let secret = text(&client, "client_secret");
    eventually("it is another one", || !caller.emulator.verify_pair(id, secret)).await;
}

#[tokio::test]
async fn a_registration_may_take_long() {
    let caller = Caller::start().await;
    for behaviour in [Behaviour::Delay { ms: 400 }, Behaviour::DelayAfter { ms: 400 }] {
        caller.emulator.behave();
        caller
            .emulator
            .misbehave(Rule::on("register", behaviour))
            .unwrap();
        let start = Instant::now();
        caller.registered("x").await;
        assert!(start.elapsed() >= Duration::from_millis(390));
        let request = caller.bare("POST", "/clients").bearer_auth(&caller.token);
        let impatient = request.json(&wish("y")).timeout(Duration::from_millis(100));
        assert!(impatient.send().await.unwrap_err().is_timeout());
    }
    let there = || caller.emulator.clients_named("y").len() == 2;
    eventually("what nobody waited for is done all the same", there).await;
}

#[tokio::test]
async fn rules_match_the_operations_of_this_server() {
    let all = operations::ALL
        .iter()
        .filter(|operation| operation.name != "other");
    for operation in all {
        let caller = Caller::start().await;
        let client = caller.granted("x").await;
        let id = text(&client, "client_id");
        let credential = caller.add_key(id, key(0)).await.field("id");
        let grant = caller.emulator.grants().pop().unwrap().id;
        let api = caller.emulator.apis().pop().unwrap().id;
        let keys = credentials(id);
        let one = format!("{keys}/{credential}");
        let (grant, api) = (
            format!("/client-grants/{grant}"),
            format!("/resource-servers/{api}"),
        );
        caller
            .emulator
            .misbehave(Rule::on(operation.name, teapot()))
            .unwrap();
        let name = json!({ "name": "y" });
        let calls = [
            ("list", caller.list("").await),
            ("get", caller.get(id).await),
            ("register", caller.register(&wish("y")).await),
            ("update", caller.update(id, &name).await),
            ("rotate", caller.rotate(id).await),
            ("list_credentials", caller.call("GET", &keys).await),
            ("get_credential", caller.call("GET", &one).await),
            ("create_credential", caller.add_key(id, key(1)).await),
            (
                "update_credential",
                caller.send("PATCH", &one, &json!({ "expires_at": null })).await,
            ),
            ("delete_credential", caller.call("DELETE", &one).await),
            ("list_grants", caller.call("GET", "/client-grants").await),
            ("get_grant", caller.call("GET", &grant).await),
            ("create_grant", caller.grant(&client, "urn:x", &[]).await),
            (
                "update_grant",
                caller.send("PATCH", &grant, &json!({ "scope": [] })).await,
            ),
            ("delete_grant", caller.call("DELETE", &grant).await),
            ("list_apis", caller.call("GET", "/resource-servers").await),
            ("get_api", caller.call("GET", &api).await),
            (
                "create_api",
                caller
                    .send("POST", "/resource-servers", &json!({ "identifier": "urn:y" }))
                    .await,
            ),
            ("update_api", caller.send("PATCH", &api, &name).await),
            ("delete_api", caller.call("DELETE", &api).await),
            ("login", caller.login().await),
            ("token", caller.ask_by_secret(id, "s", API).await),
            ("delete", caller.delete(id).await),
        ];
        assert_eq!(calls.len(), operations::ALL.len() - 1);
        for (name, answer) in calls {
            assert_eq!(
                answer.status == 418,
                name == operation.name,
                "{name} {}",
                operation.name
            );
        }
    }
}

#[tokio::test]
async fn mutations_are_counted() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    caller.list("").await;
    caller.ask_for(&client).await;
    let counters = caller.emulator.counters();
    assert_eq!((counters.mutations, counters.changes), (2, 2));
    assert_eq!(
        (counters.of("login"), counters.of("token"), counters.of("list")),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn rules_match_clients_by_name() {
    let caller = Caller::start().await;
    let (x, y) = (caller.granted("x").await, caller.granted("y").await);
    caller
        .emulator
        .misbehave(Rule::on("any", teapot()).named("y"))
        .unwrap();
    for (client, hit) in [(&x, false), (&y, true)] {
        let id = text(client, "client_id");
        let keyed = key(0).assertion(id, &caller.emulator.tenant_url());
        for answer in [
            caller.get(id).await,
            caller.ask_for(client).await,
            caller.ask_with(&keyed, API).await,
            caller.grant(client, API, &[]).await,
            caller
                .call("GET", &format!("/client-grants?client_id={id}"))
                .await,
            caller.call("GET", &credentials(id)).await,
        ] {
            assert_eq!(answer.status == 418, hit, "{answer:?}");
        }
    }
    assert_eq!(caller.login().await.status, 200);
}
