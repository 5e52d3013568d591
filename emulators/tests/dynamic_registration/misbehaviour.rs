//! Calls that misbehave, and what that means here.

use authserver_emulator::misbehave::{Behaviour, BodyKind, Rule};
use serde_json::json;

use crate::caller::{Caller, machine, place, sendable, with};
use crate::support::{GRANT, chain, eventually};

fn teapot() -> Behaviour {
    Behaviour::Status {
        status: 418,
        retry_after: None,
        body: BodyKind::Empty,
    }
}

#[tokio::test]
async fn a_lost_registration_leaves_a_client_that_nobody_can_manage() {
    let caller = Caller::start().await;
    let rule = Rule::on("register", Behaviour::LoseAnswer).named("x").times(1);
    caller.emulator.misbehave(rule).unwrap();
    let document = with(
        &machine("x"),
        &json!({ "software_id": "soft", "software_version": "1" }),
    );
    let url = caller.emulator.registration_url();
    let error = caller
        .request("POST", &url)
        .json(&document)
        .send()
        .await
        .unwrap_err();
    assert!(chain(&error).contains("connection closed"), "{}", chain(&error));
    let orphans = caller.emulator.clients_of_software("soft");
    assert_eq!(orphans.len(), 1);
    assert_eq!(caller.register(&document).await.status, 201);
    assert_eq!(caller.emulator.clients_of_software("soft").len(), 2);
    assert!(caller.emulator.remove_client(&orphans[0].client_id));
    assert_eq!(caller.emulator.clients_of_software("soft").len(), 1);
}

#[tokio::test]
async fn a_lost_update_locks_out_where_it_replaces_the_token_at_once() {
    for (old, status) in [("at_once", 401), ("at_first_use", 200)] {
        let caller = Caller::switched(&[("rat_on_put", "new"), ("old_rat", old)]).await;
        let client = caller.registered("x").await;
        let rule = Rule::on("update", Behaviour::LoseAnswer).times(1);
        caller.emulator.misbehave(rule).unwrap();
        let (url, token) = place(&client);
        let request = caller.request("PUT", url).bearer_auth(token);
        let wish = with(&sendable(&client), &json!({ "scope": "c" }));
        request.json(&wish).send().await.unwrap_err();
        assert_eq!(caller.there(&client).scope(), "c", "the work was done");
        assert_eq!(caller.read(&client).await.status, status, "{old}");
        assert_eq!(caller.token_status(&client).await, 200);
    }
}

#[tokio::test]
async fn a_late_deletion_comes_late() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let rule = Rule::on("delete", Behaviour::DeliverLate { ms: 300 }).times(1);
    caller.emulator.misbehave(rule).unwrap();
    let (url, token) = place(&client);
    caller
        .request("DELETE", url)
        .bearer_auth(token)
        .send()
        .await
        .unwrap_err();
    assert_eq!(caller.read(&client).await.status, 200);
    eventually("it is deleted", || caller.emulator.clients().is_empty()).await;
}

#[tokio::test]
async fn rules_match_the_operations_of_this_server() {
    let caller = Caller::start().await;
    let (x, y) = (caller.registered("x").await, caller.registered("y").await);
    caller.emulator.misbehave(Rule::on("read", teapot())).unwrap();
    let discovery = "/.well-known/openid-configuration";
    assert_eq!(
        caller.get(discovery).await.status,
        200,
        "read is the GET of a client here"
    );
    assert_eq!(caller.token_status(&x).await, 200);
    assert_eq!(caller.read(&x).await.status, 418);
    caller.emulator.behave();
    caller
        .emulator
        .misbehave(Rule::on("any", teapot()).named("y"))
        .unwrap();
    assert_eq!(
        [caller.read(&x).await.status, caller.read(&y).await.status],
        [200, 418]
    );
    assert_eq!(
        [caller.token_status(&x).await, caller.token_status(&y).await],
        [200, 418]
    );
    caller.emulator.behave();
    for (operation, hit) in [
        ("discover", [418, 201, 200, 200, 200, 204]),
        ("register", [200, 418, 200, 200, 200, 204]),
        ("update", [200, 201, 200, 418, 200, 204]),
        ("delete", [200, 201, 200, 200, 200, 418]),
        ("token", [200, 201, 200, 200, 418, 204]),
        ("mutation", [200, 418, 200, 418, 200, 418]),
    ] {
        let client = caller.registered("z").await;
        caller.emulator.misbehave(Rule::on(operation, teapot())).unwrap();
        let [id, secret] = ["client_id", "client_secret"].map(|name| client[name].as_str().unwrap());
        let statuses = [
            caller.get(discovery).await.status,
            caller.register(&machine("w")).await.status,
            caller.read(&client).await.status,
            caller.update(&client, &sendable(&client)).await.status,
            caller.token(id, secret, &[GRANT]).await.status,
            caller.delete(&client).await.status,
        ];
        assert_eq!(statuses, hit, "{operation}");
        caller.emulator.behave();
    }
    assert!(caller.emulator.misbehave(Rule::on("rotate", teapot())).is_err());
}
