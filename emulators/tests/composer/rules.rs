//! What each switch makes of names, validities, unknown fields, and clients that are not there.

use serde_json::{Value, json};

use crate::caller::{Caller, pair_of, text};
use crate::support::Read;

fn validity(seconds: u32) -> Value {
    json!({ "access_token_validity_seconds": seconds })
}

/// Status and body, `null` for none.
fn said(read: &Read) -> (u16, Value) {
    (
        read.status,
        if read.text.is_empty() {
            Value::Null
        } else {
            read.json()
        },
    )
}

#[tokio::test]
async fn duplicate_register() {
    for (value, status, clients, old_works) in [
        ("409", 409, 1, true),
        ("400", 400, 1, true),
        ("500", 500, 1, true),
        ("keep", 201, 1, true),
        ("overwrite", 201, 1, false),
        ("second", 201, 2, true),
    ] {
        let caller = Caller::switched(&[("duplicate_register", value)]).await;
        let first = caller.registered("x").await;
        let again = caller
            .send(
                "POST",
                "/clients",
                &json!({ "client_name": "x", "access_token_validity_seconds": 60 }),
            )
            .await;
        assert_eq!(again.status, status, "{value}");
        let there = caller.emulator.clients_named("x");
        assert_eq!(there.len(), clients, "{value}");
        let [id, secret] = pair_of(&first);
        assert_eq!(caller.emulator.verify_pair(id, secret), old_works, "{value}");
        match value {
            "keep" => assert_eq!(again.json(), caller.get(id).await.json(), "without the secret"),
            "overwrite" => {
                assert_eq!(again.json()["client_id"], first["client_id"]);
                assert_eq!(there[0].access_token_validity_seconds, 60);
            }
            "second" => assert_ne!(again.json()["client_id"], first["client_id"]),
            _ => assert!(!again.text.contains("client_secret")),
        }
        if let "overwrite" | "second" = value {
            let again = again.json();
            let [id, secret] = pair_of(&again);
            assert!(caller.emulator.verify_pair(id, secret));
        }
    }
}

#[tokio::test]
async fn name_case() {
    for (value, status) in [("exact", 201), ("fold", 409)] {
        let caller = Caller::switched(&[("name_case", value)]).await;
        caller.registered("name").await;
        assert_eq!(caller.register("NAME").await.status, status, "{value}");
    }
}

#[tokio::test]
async fn name_limit() {
    let caller = Caller::switched(&[("name_limit", "4")]).await;
    assert_eq!(caller.register("five!").await.status, 400);
    assert_eq!(caller.register("fóur").await.status, 201);
    caller.set(&[("name_limit", "0")]);
    assert_eq!(caller.register(&"long".repeat(1000)).await.status, 201);
}

#[tokio::test]
async fn deleted_name() {
    for (value, duplicate, status) in [
        ("free", "409", 201),
        ("taken", "409", 409),
        ("taken", "400", 400),
        ("taken", "second", 409),
    ] {
        let caller = Caller::switched(&[("deleted_name", value), ("duplicate_register", duplicate)]).await;
        let made = caller.registered("x").await;
        caller.delete(text(&made, "client_id")).await;
        assert_eq!(caller.register("x").await.status, status, "{value}");
        assert_eq!(caller.register("y").await.status, 201);
    }
}

#[tokio::test]
async fn validity_limit_and_validity_excess() {
    for (value, status, validity_then) in [("400", 400, None), ("422", 422, None), ("cap", 201, Some(100))] {
        let caller = Caller::switched(&[("validity_limit", "100"), ("validity_excess", value)]).await;
        assert_eq!(caller.register("x").await.status, status, "{value}");
        let there = caller.emulator.clients();
        assert_eq!(
            there.first().map(|client| client.access_token_validity_seconds),
            validity_then
        );
        let right = json!({ "client_name": "y", "access_token_validity_seconds": 100 });
        let made = caller.send("POST", "/clients", &right).await;
        assert_eq!(made.status, 201);
        let updated = caller.update(&made.field("client_id"), &validity(101)).await;
        assert_eq!(updated.status, if status == 201 { 200 } else { status });
    }
    let caller = Caller::switched(&[("validity_excess", "cap")]).await;
    assert_eq!(caller.registered("x").await["access_token_validity_seconds"], 300);
}

#[tokio::test]
async fn request_fields() {
    for (value, registered, updated) in [("ignore", 201, 200), ("400", 400, 400), ("422", 422, 422)] {
        let caller = Caller::switched(&[("request_fields", value)]).await;
        let there = caller.emulator.add_client("there", 300);
        let wish = json!({ "client_name": "x", "access_token_validity_seconds": 300, "scope": "a" });
        assert_eq!(
            caller.send("POST", "/clients", &wish).await.status,
            registered,
            "{value}"
        );
        let change = json!({ "access_token_validity_seconds": 60, "scope": "a" });
        assert_eq!(
            caller.update(&there.client_id, &change).await.status,
            updated,
            "{value}"
        );
    }
}

#[tokio::test]
async fn update_name() {
    for (value, status, name) in [("ignored", 200, "x"), ("applied", 200, "z"), ("400", 400, "x")] {
        let caller = Caller::switched(&[("update_name", value)]).await;
        let made = caller.registered("x").await;
        caller.registered("y").await;
        let id = text(&made, "client_id");
        assert_eq!(
            caller.update(id, &json!({ "client_name": "z" })).await.status,
            status,
            "{value}"
        );
        assert_eq!(caller.get(id).await.json()["client_name"], name);
        if value == "applied" {
            assert_eq!(
                caller.update(id, &json!({ "client_name": "y" })).await.status,
                409,
                "it is taken"
            );
        }
    }
}

#[tokio::test]
async fn update_validity() {
    for (value, then) in [("applied", 60), ("ignored", 300)] {
        let caller = Caller::switched(&[("update_validity", value)]).await;
        let made = caller.registered("x").await;
        let updated = caller.update(text(&made, "client_id"), &validity(60)).await;
        assert_eq!(
            (updated.status, &updated.json()["access_token_validity_seconds"]),
            (200, &json!(then))
        );
        assert_eq!(
            caller.list().await.json()["content"][0]["access_token_validity_seconds"],
            then
        );
    }
}

#[tokio::test]
async fn get_absent() {
    for (value, expected) in [
        ("404", None),
        ("403", None),
        ("200_null", Some(Value::Null)),
        ("200_empty_object", Some(json!({}))),
        ("200_empty_body", Some(Value::Null)),
    ] {
        let caller = Caller::switched(&[("get_absent", value)]).await;
        let answer = caller.get("gone").await;
        match expected {
            Some(body) => assert_eq!(said(&answer), (200, body), "{value}"),
            None => assert_eq!(answer.status.to_string(), value),
        }
    }
}

#[tokio::test]
async fn update_absent_and_delete_absent() {
    for status in ["404", "400", "500"] {
        let caller = Caller::switched(&[("update_absent", status), ("delete_absent", status)]).await;
        let statuses = [
            caller.update("gone", &validity(60)).await.status,
            caller.delete("gone").await.status,
        ];
        assert_eq!(statuses.map(|status| status.to_string()), [status; 2]);
    }
    let caller = Caller::switched(&[("delete_absent", "success")]).await;
    assert_eq!(said(&caller.delete("gone").await), (204, Value::Null));
    assert_eq!(caller.emulator.counters().changes, 0);
}
