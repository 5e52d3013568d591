//! The documented API, with all switches as they are.

use authserver_emulator::composer::Config;
use serde_json::{Value, json};

use crate::caller::{Caller, V3, fields, text, user, wish};

#[tokio::test]
async fn a_client_lives() {
    let caller = Caller::start().await;
    let made = caller.register("x").await;
    assert_eq!((made.status, made.content_type.as_deref()), (201, Some(V3)));
    let made = made.json();
    let secret = text(&made, "client_secret");
    let mut shown = made.clone();
    shown.as_object_mut().unwrap().remove("client_secret");
    assert_eq!(
        shown,
        json!({
            "client_id": made["client_id"],
            "client_name": "x",
            "access_token_validity_seconds": 300,
            "client_secret_expires_at": 0,
            "token_endpoint_auth_method": "client_secret_basic",
        })
    );
    let id = text(&made, "client_id");
    assert!(caller.emulator.verify_pair(id, secret));

    let read = caller.get(id).await;
    assert_eq!(
        (read.status, read.json()),
        (200, shown.clone()),
        "all but the secret"
    );
    let list = caller.list().await;
    assert_eq!((list.status, list.json()), (200, json!({ "content": [shown] })));

    shown["access_token_validity_seconds"] = json!(60);
    let updated = caller
        .update(id, &json!({ "access_token_validity_seconds": 60 }))
        .await;
    assert_eq!((updated.status, updated.json()), (200, shown.clone()));
    assert_eq!(caller.get(id).await.json(), shown);
    assert!(caller.emulator.verify_pair(id, secret), "the pair is the same");

    let deleted = caller.delete(id).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert!(!caller.emulator.verify_pair(id, secret));
    assert_eq!(caller.get(id).await.status, 404);
    assert_eq!(caller.list().await.json(), json!({ "content": [] }));
}

#[tokio::test]
async fn each_registration_has_a_pair_of_its_own() {
    let caller = Caller::start().await;
    let (one, other) = (caller.registered("x").await, caller.registered("y").await);
    for half in ["client_id", "client_secret"] {
        assert_ne!(one[half], other[half]);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_said() {
    let caller = Caller::start().await;
    for body in [
        json!({}),
        json!([]),
        json!({ "client_name": "x" }),
        json!({ "access_token_validity_seconds": 300 }),
        json!({ "client_name": "", "access_token_validity_seconds": 300 }),
        json!({ "client_name": 7, "access_token_validity_seconds": 300 }),
        json!({ "client_name": "x", "access_token_validity_seconds": 0 }),
        json!({ "client_name": "x", "access_token_validity_seconds": -1 }),
        json!({ "client_name": "x", "access_token_validity_seconds": 1.5 }),
        json!({ "client_name": "x", "access_token_validity_seconds": "300" }),
        json!({ "client_name": "x", "access_token_validity_seconds": 2_147_483_648_u32 }),
    ] {
        let answer = caller.send("POST", "/clients", &body).await;
        assert_eq!(answer.status, 400, "{body}");
        let answer = answer.json();
        assert_eq!(
            (fields(&answer), text(&answer, "error")),
            (vec!["details", "error"], "Bad Request")
        );
    }
    assert!(caller.emulator.clients().is_empty());
    assert_eq!(caller.emulator.counters().changes, 0);
}

#[tokio::test]
async fn a_name_is_unique() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    let again = caller.register("x").await;
    assert_eq!(again.status, 409);
    assert!(!again.text.contains("client_secret"));
    caller.delete(text(&made, "client_id")).await;
    assert_eq!(caller.register("x").await.status, 201);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let caller = Caller::start().await;
    let body = json!({ "access_token_validity_seconds": 60 });
    assert_eq!(caller.get("gone").await.status, 404);
    assert_eq!(caller.update("gone", &body).await.status, 404);
    assert_eq!(caller.delete("gone").await.status, 404);
    for path in ["/", "/clients/", "/clients/a/b", "/clientsx", "/tokens/"] {
        assert_eq!(caller.call("GET", path).await.status, 404, "{path}");
    }
    for (method, path) in [
        ("PUT", "/clients/x"),
        ("DELETE", "/clients"),
        ("GET", "/pull/tokens"),
        ("GET", "/tokens/x"),
    ] {
        assert_eq!(caller.call(method, path).await.status, 405, "{method} {path}");
    }
    let elsewhere = caller.emulator.url() + "/zoomdata/api/trusted-access/clients";
    let answer = caller.http.get(elsewhere).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(caller.emulator.counters().of("other"), 10);
}

#[tokio::test]
async fn the_context_path_is_as_configured() {
    for context_path in ["", "/zoomdata", "/discovery"] {
        let caller = Caller::with(Config {
            context_path: context_path.to_owned(),
            ..Config::default()
        })
        .await;
        let expected = format!("{}{context_path}/api/trusted-access", caller.emulator.url());
        assert_eq!(caller.emulator.api_url(), expected);
        assert_eq!(caller.register("x").await.status, 201);
    }
}

#[tokio::test]
async fn clients_of_others_were_there_before() {
    let caller = Caller::with(Config {
        users: vec![user("ann", "acme")],
        clients: vec!["theirs".to_owned(), "x.old".to_owned()],
        ..Config::default()
    })
    .await;
    let list = caller.list().await.json();
    let names: Vec<&Value> = list["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["client_name"])
        .collect();
    assert_eq!(names, ["theirs", "x.old"]);
    assert_eq!(caller.register("theirs").await.status, 409);
    let theirs = json!(caller.emulator.clients_named("theirs")[0]);
    assert_eq!(caller.pull(&theirs, "ann").await.status, 200, "it is in use");
}

#[tokio::test]
async fn calls_are_counted_by_what_they_are() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    let id = text(&made, "client_id");
    caller.list().await;
    caller.get(id).await;
    caller
        .update(id, &json!({ "access_token_validity_seconds": 60 }))
        .await;
    caller
        .update(id, &json!({ "access_token_validity_seconds": 60 }))
        .await;
    let token = caller.pull(&made, "ann").await.field("access_token");
    caller.revoke(&made, &token).await;
    caller.push(&made, "ann", "acme").await;
    caller.delete(id).await;
    caller.register("").await;
    let counters = caller.control("GET", "/counters", None).await.json();
    assert_eq!(
        counters,
        json!({
            "operations": {
                "list": 1, "get": 1, "register": 2, "update": 2, "delete": 1, "pull": 1, "push": 1, "revoke": 1,
                "other": 0,
            },
            "mutations": 6,
            "changes": 4,
        })
    );
    let journal = caller.emulator.requests();
    let named = |operation: &str| {
        let mut entries = journal.iter().filter(|entry| entry.operation == operation);
        entries.next().and_then(|entry| entry.client.clone())
    };
    for operation in ["register", "get", "update", "pull", "revoke", "push", "delete"] {
        assert_eq!(named(operation).as_deref(), Some("x"), "{operation}");
    }
    assert!(!json!(journal).to_string().contains(text(&made, "client_secret")));
}

#[tokio::test]
async fn an_update_of_nothing_changes_nothing() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    let before = caller.emulator.clients();
    let answer = caller.update(text(&made, "client_id"), &json!({})).await;
    assert_eq!((answer.status, caller.emulator.clients()), (200, before));
    assert_eq!(caller.emulator.counters().changes, 1);
    let wrong = json!({ "access_token_validity_seconds": "long" });
    assert_eq!(caller.update(text(&made, "client_id"), &wrong).await.status, 400);
    assert_eq!(caller.send("POST", "/clients", &wish("y")).await.status, 201);
}
