//! What each switch makes of answers: status, media type, fields.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use authserver_emulator::hydra::Config;
use serde_json::{Value, json};

use crate::caller::{Caller, ids, wish, with};

const LIFESPAN: &str = "client_credentials_grant_access_token_lifespan";

#[tokio::test]
async fn success_has_the_status_it_was_given() {
    let names = [
        "register_status",
        "update_status",
        "patch_status",
        "lifespans_status",
        "delete_status",
    ];
    let usual = [201, 200, 200, 200, 204];
    for status in ["200", "201", "202", "204"] {
        for (place, name) in names.into_iter().enumerate() {
            let caller = Caller::switched(&[(name, status)]).await;
            let answers = [
                caller.register(&wish("x")).await,
                caller
                    .update("x", &with(&wish("x"), &json!({ "owner": "o" })))
                    .await,
                caller
                    .patch("x", &json!([{ "op": "add", "path": "/owner", "value": "p" }]))
                    .await,
                caller.set_lifespans("x", &json!({ LIFESPAN: "1h" })).await,
                caller.delete("x").await,
            ];
            let mut expected = usual;
            expected[place] = status.parse().unwrap();
            assert_eq!(
                answers.each_ref().map(|answer| answer.status),
                expected,
                "{name}={status}"
            );
            assert_eq!(answers[place].text.is_empty(), status == "204");
            assert_eq!(
                caller.emulator.counters().changes,
                5,
                "whatever is said, it is done"
            );
        }
    }
}

#[tokio::test]
async fn content_type() {
    for (value, expected) in [
        ("json_utf8", Some("application/json; charset=utf-8")),
        ("json", Some("application/json")),
        ("text", Some("text/plain")),
        ("absent", None),
    ] {
        let caller = Caller::switched(&[("content_type", value)]).await;
        for answer in [
            caller.register(&wish("x")).await,
            caller.list().await,
            caller.get("x").await,
        ] {
            assert_eq!(answer.content_type.as_deref(), expected, "{value}");
        }
    }
}

#[tokio::test]
async fn error_body() {
    for (value, holds) in [
        ("oauth", r#""error":"Unable to locate the resource""#),
        ("request_id", r#""request_id":"canary""#),
        ("nested", r#""code":404"#),
        ("html", "<h1>404 Not Found</h1>"),
        ("text", "Unable to locate the resource"),
        ("empty", ""),
    ] {
        let caller = Caller::switched(&[("error_body", value)]).await;
        let request = caller.request("GET", "/x").header("x-request-id", "canary");
        let answer = crate::caller::read(request).await;
        assert_eq!(answer.status, 404);
        assert!(answer.text.contains(holds), "{value}: {answer:?}");
        assert_eq!(answer.text.is_empty(), value == "empty");
        assert_eq!(
            answer.text.contains("canary"),
            ["request_id", "nested"].contains(&value)
        );
    }
}

#[tokio::test]
async fn unauthorized() {
    for (value, status, challenged) in [
        ("challenge", 401, true),
        ("bare_401", 401, false),
        ("forbidden", 403, false),
        ("login_page", 200, false),
        ("login_redirect", 302, false),
    ] {
        let mut caller = Caller::with(Config {
            bearer_token: Some("canary".to_owned()),
            ..Config::default()
        })
        .await;
        caller.set(&[("unauthorized", value)]);
        assert_eq!(caller.list().await.status, 200);
        caller.token = Some("wrong".to_owned());
        let answer = caller.list().await;
        assert_eq!(
            (answer.status, answer.challenged),
            (status, challenged),
            "{value}"
        );
    }
}

#[tokio::test]
async fn update_answer() {
    for value in ["client", "sparse", "empty_object", "nothing"] {
        let caller = Caller::switched(&[("update_answer", value)]).await;
        caller.registered("x").await;
        let body = json!({ "client_name": "n", "grant_types": ["client_credentials"] });
        let answer = caller.update("x", &body).await;
        let shown = caller.get("x").await.json();
        match value {
            "client" => {
                assert_eq!(answer.json()["scope"], shown["scope"]);
                assert_eq!(
                    answer.json().as_object().unwrap().len(),
                    shown.as_object().unwrap().len()
                );
            }
            "sparse" => assert_eq!(answer.json(), with(&body, &json!({ "client_id": "x" }))),
            "empty_object" => assert_eq!(answer.json(), json!({})),
            _ => assert!(answer.text.is_empty()),
        }
        assert_eq!(shown["client_name"], "n");
        let patched = caller
            .patch("x", &json!([{ "op": "add", "path": "/owner", "value": "o" }]))
            .await;
        assert_eq!(patched.text.is_empty(), value == "nothing");
    }
}

#[tokio::test]
async fn set_secret_shown() {
    for (value, is_shown) in [("true", true), ("false", false)] {
        let caller = Caller::switched(&[("set_secret_shown", value)]).await;
        let made = caller.register(&wish("x")).await;
        assert_eq!(made.field("client_secret"), "secret-of-x", "here it is always");
        let put = caller.update("x", &wish("x")).await.json();
        let set = json!([{ "op": "add", "path": "/client_secret", "value": "third-secret" }]);
        let patched = caller.patch("x", &set).await.json();
        assert_eq!(
            [put, patched].map(|shown| shown.get("client_secret").is_some()),
            [is_shown; 2]
        );
        assert_eq!(caller.good("x", ["third-secret"]).await, [true]);
    }
}

#[tokio::test]
async fn extra_fields() {
    for (value, there) in [("true", true), ("false", false)] {
        let caller = Caller::switched(&[("extra_fields", value)]).await;
        let made = caller.register(&wish("x")).await.json();
        let listed = caller.list().await.json()[0].clone();
        for shown in [made, listed] {
            assert_eq!(
                [shown["trust"]["level"].is_f64(), shown.get("nid").is_some()],
                [there; 2]
            );
        }
    }
}

#[tokio::test]
async fn unset_lists_and_unset_objects_and_unset_lifespans() {
    for (value, written, read, never_null) in [
        ("by_call", Some(Value::Null), Some(json!([])), Some(json!([]))),
        ("empty", Some(json!([])), Some(json!([])), Some(json!([]))),
        ("null", Some(Value::Null), Some(Value::Null), Some(Value::Null)),
        ("absent", None, None, None),
    ] {
        let caller = Caller::switched(&[("unset_lists", value)]).await;
        let made = caller.register(&wish("x")).await.json();
        let shown = caller.get("x").await.json();
        assert_eq!(made.get("redirect_uris"), written.as_ref(), "{value}");
        assert_eq!(shown.get("redirect_uris"), read.as_ref(), "{value}");
        assert_eq!(made.get("audience"), never_null.as_ref(), "{value}");
        assert_eq!(made["grant_types"], json!(["client_credentials"]), "it was set");
    }
    let bare = with(&wish("x"), &json!({ "metadata": null }));
    for (value, expected) in [
        ("empty", Some(json!({}))),
        ("null", Some(Value::Null)),
        ("absent", None),
    ] {
        let caller = Caller::switched(&[("unset_objects", value)]).await;
        let made = caller.register(&bare).await.json();
        assert_eq!(
            [made.get("metadata"), made.get("jwks")],
            [expected.as_ref(); 2],
            "{value}"
        );
    }
    for (value, expected) in [
        ("null", Some(Value::Null)),
        ("absent", None),
        ("zero", Some(json!("0s"))),
    ] {
        let caller = Caller::switched(&[("unset_lifespans", value)]).await;
        assert_eq!(
            caller.register(&bare).await.json().get(LIFESPAN),
            expected.as_ref(),
            "{value}"
        );
    }
}

#[tokio::test]
async fn lifespan_form() {
    for (value, expected) in [
        ("normal", Some(json!("1h30m0s"))),
        ("as_sent", Some(json!("90m"))),
        ("seconds", Some(json!(5400))),
        ("nanoseconds", Some(json!(5_400_000_000_000_i64))),
        ("absent", None),
    ] {
        let caller = Caller::switched(&[("lifespan_form", value)]).await;
        let body = with(&wish("x"), &json!({ LIFESPAN: "90m" }));
        let made = caller.register(&body).await.json();
        assert_eq!(made.get(LIFESPAN), expected.as_ref(), "{value}");
        let token = caller.token("x", "secret-of-x", &[]).await;
        assert_eq!(token.json()["expires_in"], 5399, "whatever is said of it");
        let patch = json!([{ "op": "add", "path": "/owner", "value": "o" }]);
        assert_eq!(
            caller.patch("x", &patch).await.status,
            200,
            "and a patch does not stumble over it"
        );
    }
}

#[tokio::test]
async fn array_order_and_scope_text() {
    for (value, order) in [
        ("as_given", ["b", "c", "a"]),
        ("sorted", ["a", "b", "c"]),
        ("reversed", ["a", "c", "b"]),
    ] {
        let caller = Caller::switched(&[("array_order", value)]).await;
        let body = with(&wish("x"), &json!({ "contacts": ["b", "c", "a"] }));
        assert_eq!(
            caller.register(&body).await.json()["contacts"],
            json!(order),
            "{value}"
        );
    }
    for (value, scope) in [
        ("as_given", "read write"),
        ("reversed", "write read"),
        ("padded", " read  write "),
    ] {
        let caller = Caller::switched(&[("scope_text", value)]).await;
        assert_eq!(caller.register(&wish("x")).await.json()["scope"], scope);
    }
}

#[tokio::test]
async fn default_scope() {
    for scope in ["", "a b"] {
        let caller = Caller::switched(&[("default_scope", scope)]).await;
        let made = caller
            .register(&with(&wish("x"), &json!({ "scope": null })))
            .await;
        assert_eq!(made.json()["scope"], scope);
        assert_eq!(caller.register(&wish("y")).await.json()["scope"], "read write");
    }
}

#[tokio::test]
async fn an_order_of_a_list_does_not_touch_what_is_stored() {
    let caller = Caller::switched(&[("array_order", "reversed"), ("scope_text", "reversed")]).await;
    caller.registered("x").await;
    caller
        .patch(
            "x",
            &json!([{ "op": "add", "path": "/contacts", "value": ["a", "b"] }]),
        )
        .await;
    caller
        .patch("x", &json!([{ "op": "add", "path": "/owner", "value": "o" }]))
        .await;
    caller.set(&[("array_order", "as_given"), ("scope_text", "as_given")]);
    let shown = caller.get("x").await.json();
    assert_eq!(
        [&shown["contacts"], &shown["scope"]],
        [&json!(["a", "b"]), &json!("read write")]
    );
    assert_eq!(ids(&caller.list().await), ["x"]);
}
