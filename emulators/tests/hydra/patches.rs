//! PATCH, which takes JSON Patch.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{Caller, client, read, wish};

fn one(operation: &str, path: &str, value: &Value) -> Value {
    json!([{ "op": operation, "path": path, "value": value }])
}

#[tokio::test]
async fn fields_are_changed_one_by_one() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let mut expected = caller.get("x").await.json();
    for (operation, path, value, pointer) in [
        ("replace", "/client_name", json!("Other"), None),
        ("add", "/scope", json!("read"), None),
        ("add", "/metadata/generation", json!(2), None),
        ("replace", "/metadata/attempt", json!(2), None),
        ("add", "/metadata/deep/er", json!(true), None),
        ("replace", "/metadata/new", json!("made"), None),
        (
            "add",
            "/grant_types/-",
            json!("refresh_token"),
            Some("/grant_types/1"),
        ),
        ("add", "/contacts/-", json!("a@example.org"), Some("/contacts/0")),
        ("replace", "/grant_types/1", json!("authorization_code"), None),
        (
            "replace",
            "/client_credentials_grant_access_token_lifespan",
            json!("1h0m0s"),
            None,
        ),
        ("replace", "/metadata", json!({ "a/b": { "m~n": 1 } }), None),
        ("replace", "/metadata/a~1b/m~0n", json!(2), None),
        ("replace", "/skip_consent", json!(true), None),
    ] {
        let answer = caller.patch("x", &one(operation, path, &value)).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(answer.json().get("client_secret").is_none());
        let shown = caller.get("x").await.json();
        assert_eq!(shown.pointer(pointer.unwrap_or(path)), Some(&value), "{path}");
        expected = shown;
    }
    let removal = json!([{ "op": "remove", "path": "/metadata/a~1b" }]);
    assert_eq!(caller.patch("x", &removal).await.status, 200);
    expected["metadata"] = json!({});
    let mut shown = caller.get("x").await.json();
    shown["updated_at"] = expected["updated_at"].clone();
    assert_eq!(shown, expected, "and nothing else");
    assert!(caller.emulator.verify_pair("x", "secret-of-x"));
}

#[tokio::test]
async fn operations_are_done_together_or_not_at_all() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let both = json!([
        { "op": "replace", "path": "/client_name", "value": "Other" },
        { "op": "remove", "path": "/metadata/nothing" },
    ]);
    let before = caller.there("x");
    assert_eq!(caller.patch("x", &both).await.status, 500);
    assert_eq!(caller.there("x"), before);
    assert_eq!(caller.patch("x", &json!([])).await.status, 200);
    assert!(caller.there("x").is_like(&before));
}

#[tokio::test]
async fn a_secret_is_set_by_a_patch() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let answer = caller
        .patch("x", &one("replace", "/client_secret", &json!("second-secret")))
        .await;
    assert_eq!(answer.field("client_secret"), "second-secret");
    assert_eq!(
        caller.good("x", ["secret-of-x", "second-secret"]).await,
        [false, true]
    );
    for (operation, value) in [("replace", json!("")), ("remove", Value::Null)] {
        let answer = caller.patch("x", &one(operation, "/client_secret", &value)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(caller.good("x", ["second-secret"]).await, [true], "it is kept");
    }
    let short = caller
        .patch("x", &one("replace", "/client_secret", &json!("short")))
        .await;
    assert_eq!(short.status, 400);
    assert!(short.field("error_description").contains("at least 6 characters"));
}

#[tokio::test]
async fn what_is_no_patch_of_this_server_is_refused() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    for patch in [
        json!({ "client_name": "merged" }),
        json!("x"),
        json!([{ "op": "replace" }]),
        one("test", "/client_name", &json!("Client x")),
        json!([{ "op": "move", "from": "/client_name", "path": "/owner" }]),
        json!([{ "op": "copy", "from": "/client_name", "path": "/owner" }]),
        one("replace", "/id", &json!("y")),
        one("add", "/client_name/deep", &json!(1)),
        one("replace", "/grant_types/7", &json!("x")),
        one("replace", "", &json!([])),
        json!([{ "op": "remove", "path": "/nothing" }]),
        one("replace", "/scope", &json!(7)),
    ] {
        let answer = caller.patch("x", &patch).await;
        assert_eq!(
            (answer.status, answer.json()),
            (
                500,
                json!({ "error": "error", "error_description": "The error is unrecognizable" })
            ),
            "{patch}"
        );
    }
    let broken = caller.request("PATCH", &client("x")).body("[");
    assert_eq!(read(broken).await.status, 500);
    assert_eq!(caller.emulator.counters().changes, 1);
}

#[tokio::test]
async fn a_patch_that_names_another_client_changes_that_one() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let elsewhere = one("replace", "/client_id", &json!("y"));
    assert_eq!(caller.patch("x", &elsewhere).await.status, 404);
    caller
        .register(&json!({ "client_id": "y", "client_secret": "secret-of-y" }))
        .await;
    assert_eq!(caller.patch("x", &elsewhere).await.json()["client_id"], "y");
    assert_eq!(caller.there("y").name(), "Client x");
    assert_eq!(caller.there("x").client_id, "x");
    assert!(caller.emulator.verify_pair("y", "secret-of-y"));
}

#[tokio::test]
async fn patch_remove() {
    let removal = json!([
        { "op": "remove", "path": "/client_name" },
        { "op": "remove", "path": "/grant_types" },
        { "op": "remove", "path": "/owner" },
        { "op": "remove", "path": "/policy_uri" },
    ]);
    for (value, name, grants) in [
        ("kept", "Client x", json!(["client_credentials"])),
        ("unset", "", json!([])),
    ] {
        let caller = Caller::switched(&[("patch_remove", value)]).await;
        caller.registered("x").await;
        assert_eq!(caller.patch("x", &removal).await.status, 200, "{value}");
        let shown = caller.get("x").await.json();
        assert_eq!(
            [&shown["client_name"], &shown["grant_types"]],
            [&json!(name), &grants]
        );
        assert_eq!(shown["scope"], "read write");
    }
}

#[tokio::test]
async fn patch_type_and_patch_refused() {
    let typed = async |caller: &Caller, media_type: &str| {
        let request = caller
            .request("PATCH", &client("x"))
            .header("content-type", media_type);
        read(request.body("[]")).await.status
    };
    for (value, expected) in [
        ("any", [200, 200, 200]),
        ("json", [200, 415, 415]),
        ("json_patch", [415, 200, 415]),
    ] {
        let caller = Caller::switched(&[("patch_type", value)]).await;
        caller.register(&wish("x")).await;
        let statuses = [
            typed(&caller, "application/json; charset=utf-8").await,
            typed(&caller, "application/json-patch+json").await,
            typed(&caller, "text/plain").await,
        ];
        assert_eq!(statuses, expected, "{value}");
    }
    let caller = Caller::switched(&[("patch_refused", "422")]).await;
    caller.register(&wish("x")).await;
    assert_eq!(caller.patch("x", &json!({})).await.status, 422);
}

#[tokio::test]
async fn patch_jwks_uri() {
    let keys = json!({ "client_id": "k", "jwks_uri": "https://a.example/keys", "owner": "o" });
    for (value, status) in [("400", 400), ("500", 500), ("accepted", 200)] {
        let caller = Caller::switched(&[("patch_jwks_uri", value)]).await;
        caller.register(&keys).await;
        let statuses = [
            caller
                .patch("k", &one("replace", "/owner", &json!("p")))
                .await
                .status,
            caller.set_lifespans("k", &json!({})).await.status,
        ];
        assert_eq!(statuses, [status; 2], "{value}");
        assert_eq!(caller.update("k", &keys).await.status, 200, "PUT says all of it");
        let removal = json!([{ "op": "replace", "path": "/jwks_uri", "value": "" }]);
        assert_eq!(
            caller.patch("k", &removal).await.status,
            200,
            "without it all is well"
        );
    }
}
