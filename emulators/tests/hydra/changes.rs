//! What each switch makes of changes.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::json;

use crate::caller::{Caller, wish, with};

#[tokio::test]
async fn duplicate_id() {
    for status in ["409", "400", "500"] {
        let caller = Caller::switched(&[("duplicate_id", status)]).await;
        caller.registered("x").await;
        assert_eq!(caller.register(&wish("x")).await.status.to_string(), status);
        assert_eq!(caller.emulator.clients().len(), 1);
    }
}

#[tokio::test]
async fn id_case() {
    for (value, second, found) in [("sensitive", 201, 404), ("insensitive", 409, 200)] {
        let caller = Caller::switched(&[("id_case", value)]).await;
        caller.registered("Xy").await;
        assert_eq!(caller.get("xY").await.status, found, "{value}");
        assert_eq!(caller.register(&wish("XY")).await.status, second, "{value}");
        let token = caller.token("xy", "secret-of-Xy", &[]).await;
        assert_eq!(token.status == 200, found == 200, "{value}");
    }
}

#[tokio::test]
async fn long_secret() {
    for (value, status) in [("accepted", 201), ("400", 400), ("500", 500)] {
        let caller = Caller::switched(&[("long_secret", value)]).await;
        let body = |length: usize| with(&wish("x"), &json!({ "client_secret": "s".repeat(length) }));
        assert_eq!(caller.register(&body(73)).await.status, status, "{value}");
        caller.delete("x").await;
        assert_eq!(caller.register(&body(72)).await.status, 201);
        let changed = caller.update("x", &body(73)).await.status;
        assert_eq!(changed == 200, status == 201);
    }
}

#[tokio::test]
async fn absent_and_delete_absent() {
    for status in ["404", "401", "500"] {
        let caller = Caller::switched(&[("absent", status), ("rotation", "offered")]).await;
        let answers = [
            caller.get("x").await,
            caller.update("x", &wish("x")).await,
            caller.patch("x", &json!([])).await,
            caller.set_lifespans("x", &json!({})).await,
            caller.rotate("x").await,
            caller.clear("x").await,
        ];
        assert_eq!(answers.map(|answer| answer.status.to_string()), [status; 6]);
        assert_eq!(caller.delete("x").await.status, 404, "which is by itself");
    }
    for (value, status) in [("404", 404), ("401", 401), ("success", 204)] {
        let caller = Caller::switched(&[("delete_absent", value)]).await;
        assert_eq!(caller.delete("x").await.status, status);
        assert_eq!(caller.emulator.counters().changes, 0);
    }
}
