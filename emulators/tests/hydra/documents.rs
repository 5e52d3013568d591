//! Documents of clients: what is taken, what is refused, lifespans.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{Caller, read, wish, with};
use crate::support::Read;

fn refused(answer: &Read, error: &str, description: &str) {
    assert_eq!(answer.status, 400, "{answer:?}");
    assert_eq!(answer.content_type.as_deref(), Some("application/json"));
    assert_eq!(answer.json().as_object().unwrap().len(), 2, "{answer:?}");
    assert!(answer.field("error").contains(error), "{error}: {answer:?}");
    assert!(
        answer.field("error_description").contains(description),
        "{description}: {answer:?}"
    );
}

/// Registers and changes a client with a field that is wrong, of which this is said.
async fn refuses(caller: &Caller, field: &str, wrong: &Value, (error, description): (&str, &str)) {
    let more = json!({ field: wrong });
    let registered = caller.register(&with(&wish("x"), &more)).await;
    refused(&registered, error, description);
    let changed = caller.update("there", &with(&wish("there"), &more)).await;
    refused(&changed, error, description);
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_refused() {
    let caller = Caller::start().await;
    caller.registered("there").await;
    let key = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" });
    let lifespan = "client_credentials_grant_access_token_lifespan";
    for (field, wrong, description) in [
        (
            "client_secret",
            json!(7),
            "number into Go struct field Client.client_secret",
        ),
        ("client_id", json!(["x"]), "array"),
        ("client_name", json!(7), "Client.client_name of type string"),
        ("scope", json!(["read"]), "Client.scope"),
        ("grant_types", json!("client_credentials"), "[]string"),
        ("grant_types", json!([7]), "number"),
        ("skip_consent", json!("yes"), "bool"),
        ("skip_logout_consent", json!(1), "bool"),
        ("jwks", json!([]), "jwks"),
        ("jwks", json!({ "keys": [key] }), "key"),
        ("jwks", json!({ "keys": [{ "kty": "oct", "k": "AA" }] }), "key"),
        (lifespan, json!(3600), "number"),
        (lifespan, json!("1 hour"), "duration"),
        (lifespan, json!(""), "duration"),
    ] {
        refuses(&caller, field, &wrong, ("malformed", description)).await;
    }
    for body in [json!([]), json!("x"), json!(7)] {
        refused(&caller.register(&body).await, "malformed", "client.Client");
    }
    let broken = read(caller.request("POST", "").body("{")).await;
    refused(&broken, "malformed", "decode");
    refused(&caller.call("POST", "").await, "malformed", "decode");
    assert_eq!(caller.emulator.counters().changes, 1, "nothing of it was done");
}

#[tokio::test]
async fn a_field_of_a_wrong_value_is_refused() {
    let caller = Caller::start().await;
    caller.registered("there").await;
    for (field, wrong, error, description) in [
        (
            "client_secret",
            json!("short"),
            "invalid_client_metadata",
            "at least 6 characters",
        ),
        ("redirect_uris", json!(["nope"]), "invalid_redirect_uri", "nope"),
        (
            "redirect_uris",
            json!(["https://a.example/#f"]),
            "invalid_redirect_uri",
            "fragments",
        ),
        (
            "token_endpoint_auth_method",
            json!("private_key_jwt"),
            "metadata",
            "either jwks or jwks_uri",
        ),
        ("subject_type", json!("pairwise"), "metadata", "subject_type"),
        (
            "userinfo_signed_response_alg",
            json!("ES256"),
            "metadata",
            "userinfo",
        ),
        (
            "access_token_strategy",
            json!("odd"),
            "metadata",
            "access_token_strategy",
        ),
    ] {
        refuses(&caller, field, &wrong, (error, description)).await;
    }
    let both = json!({ "jwks": { "keys": [] }, "jwks_uri": "https://a.example/keys" });
    let registered = caller.register(&with(&wish("x"), &both)).await;
    refused(&registered, "metadata", "can not both be set");
    assert_eq!(caller.emulator.counters().changes, 1, "nothing of it was done");
}

#[tokio::test]
async fn what_is_allowed_is_taken_as_it_is() {
    let caller = Caller::start().await;
    for more in [
        json!({ "unknown_field": 1 }),
        json!({ "metadata": "text" }),
        json!({ "metadata": [{ "a": [1.5, null] }] }),
        json!({ "redirect_uris": ["https://a.example/cb", "custom:thing", "/path"] }),
        json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
        json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": {} }),
        json!({ "contacts": [], "audience": ["https://api.example"], "response_types": ["code id_token"] }),
    ] {
        let answer = caller.register(&with(&wish("x"), &more)).await;
        assert_eq!(answer.status, 201, "{more}");
        for (name, value) in more
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| *name != "unknown_field")
        {
            assert_eq!(&answer.json()[name], value, "{more}");
        }
        caller.delete("x").await;
    }
    let mut body = wish("x");
    body["metadata"] = Value::Null;
    assert_eq!(caller.register(&body).await.json()["metadata"], Value::Null);
    assert_eq!(
        caller.get("x").await.json()["metadata"],
        Value::Null,
        "which is not the same as unset"
    );
}

#[tokio::test]
async fn lifespans_are_written_as_go_writes_them() {
    let caller = Caller::start().await;
    let name = "client_credentials_grant_access_token_lifespan";
    for (sent, shown) in [
        ("1h0m0s", "1h0m0s"),
        ("90m", "1h30m0s"),
        ("60s", "1m0s"),
        ("1.5h", "1h30m0s"),
        ("1500ms", "1.5s"),
        ("10µs", "10µs"),
        ("1us500ns", "1.5µs"),
        ("-5s", "-5s"),
        ("+7s", "7s"),
        ("0", "0s"),
        (".5s", "500ms"),
        ("87600h", "87600h0m0s"),
    ] {
        let body = with(&wish("x"), &json!({ name: sent }));
        let answer = caller.register(&body).await;
        assert_eq!(answer.json()[name], shown, "{sent}");
        assert_eq!(caller.get("x").await.json()[name], shown);
        caller.delete("x").await;
    }
    for wrong in [
        "h",
        "1",
        "1d",
        "1 h",
        ".s",
        "--1s",
        "1h-1m",
        "s1",
        "99999999999h",
        "1..5s",
    ] {
        let body = with(&wish("x"), &json!({ name: wrong }));
        assert_eq!(caller.register(&body).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn lifespans_are_set_by_themselves() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let [own, other] =
        ["client_credentials", "implicit"].map(|of| format!("{of}_grant_access_token_lifespan"));
    let answer = caller
        .set_lifespans("x", &json!({ &own: "10m", "client_name": "Not this" }))
        .await;
    assert_eq!(
        (answer.status, answer.json()[&own].as_str()),
        (200, Some("10m0s"))
    );
    assert_eq!(
        answer.json()["client_name"],
        "Client x",
        "nothing else is touched"
    );
    assert!(caller.emulator.verify_pair("x", "secret-of-x"));
    let answer = caller.set_lifespans("x", &json!({ &other: "1h" })).await.json();
    assert_eq!(
        [&answer[&own], &answer[&other]],
        [&Value::Null, &json!("1h0m0s")],
        "all are replaced"
    );
    let named = caller
        .update("x", &with(&wish("x"), &json!({ &own: "5m" })))
        .await
        .json();
    assert_eq!(
        [&named[&own], &named[&other]],
        [&json!("5m0s"), &Value::Null],
        "by PUT, too"
    );
    refused(
        &caller.set_lifespans("x", &json!({ &own: 600 })).await,
        "malformed",
        "number",
    );
}
