//! What each switch makes of answers: status, media type, fields, lists.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{Caller, app, read, wish, with};

/// A caller with an app `x` that has redirect URIs.
async fn with_redirects(switches: &[(&str, &str)]) -> (Caller, Value) {
    let caller = Caller::switched(switches).await;
    let body = with(
        &wish("x"),
        &json!({
            "authorizedGrantTypes": ["password", "authorization_code", "refresh_token"],
            "registeredRedirectUris": ["https://a.example", "https://b.example"],
        }),
    );
    let answer = caller.register(&body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let shown = caller.get(&caller.there("x").client_info_id).await.json();
    (caller, shown)
}

#[tokio::test]
async fn success_has_the_status_it_was_given() {
    for status in ["200", "201", "202", "204"] {
        for name in [
            "register_status",
            "update_status",
            "enable_status",
            "delete_status",
        ] {
            let caller = Caller::switched(&[(name, status)]).await;
            let there = caller.emulator.add_client("there", "s").client_info_id;
            let answers = [
                ("register_status", caller.register(&wish("x")).await),
                (
                    "update_status",
                    caller.update(&there, &json!({ "appName": "n" })).await,
                ),
                ("enable_status", caller.enable(&there).await),
                ("delete_status", caller.delete(&there).await),
            ];
            for (other, answer) in answers {
                let expected = if other == name {
                    status.parse().unwrap()
                } else {
                    200
                };
                assert_eq!(answer.status, expected, "{other} under {name}={status}");
            }
            assert_eq!(
                caller.emulator.counters().changes,
                4,
                "whatever is said, it is done"
            );
        }
    }
}

#[tokio::test]
async fn request_type() {
    for (value, status) in [("415", 415), ("400", 400), ("any", 200)] {
        let caller = Caller::switched(&[("request_type", value)]).await;
        let request = caller.bare("POST", "/clientapps").bearer_auth(&caller.token);
        let request = request
            .header("content-type", "text/plain")
            .body(wish("x").to_string());
        assert_eq!(read(request).await.status, status, "{value}");
        let request = caller.bare("POST", "/clientapps").bearer_auth(&caller.token);
        let request = request.header("content-type", "application/json;charset=utf-8");
        assert_eq!(read(request.body(wish("y").to_string())).await.status, 200);
    }
}

#[tokio::test]
async fn content_type() {
    for (value, expected) in [
        ("json", Some("application/json")),
        ("json_utf8", Some("application/json;charset=UTF-8")),
        ("text", Some("text/plain")),
        ("absent", None),
    ] {
        let caller = Caller::switched(&[("content_type", value)]).await;
        for answer in [
            caller.list().await,
            caller.register(&wish("x")).await,
            caller.get("77").await,
        ] {
            assert_eq!(answer.content_type.as_deref(), expected, "{value}");
        }
    }
}

#[tokio::test]
async fn error_body() {
    for (value, holds) in [
        ("details", r#""details":"there is no such app""#),
        ("framework", r#""path":"/api/v1/clientapps/77""#),
        ("oauth", r#""error_description":"there is no such app""#),
        ("message", r#"{"message":"there is no such app"}"#),
        ("json_string", r#""there is no such app""#),
        ("html", "<h1>404 Not Found</h1>"),
        ("text", "Not Found: there is no such app"),
        ("empty", ""),
    ] {
        let caller = Caller::switched(&[("error_body", value)]).await;
        let answer = caller.get("77").await;
        assert_eq!(answer.status, 404);
        assert!(answer.text.contains(holds), "{value}: {answer:?}");
        assert_eq!(answer.text.is_empty(), value == "empty");
    }
}

#[tokio::test]
async fn register_answer() {
    for value in ["app", "ids", "without_info_id", "location", "nothing"] {
        let caller = Caller::switched(&[("register_answer", value)]).await;
        let answer = caller.register(&wish("x")).await;
        assert_eq!(answer.status, 200);
        let id = caller.there("x").client_info_id;
        let mut whole = caller.get(&id).await.json();
        let location = answer.header("location");
        match value {
            "app" => assert_eq!(answer.json(), whole),
            "ids" => assert_eq!(
                answer.json(),
                json!({ "clientInfoId": whole["clientInfoId"], "clientId": "x" })
            ),
            "without_info_id" => {
                whole.as_object_mut().unwrap().remove("clientInfoId");
                assert_eq!(answer.json(), whole);
            }
            _ => assert!(answer.text.is_empty()),
        }
        let expected = (value == "location").then(|| format!("/api/v1{}", app(&id)));
        assert_eq!(location, expected.as_deref(), "{value}");
    }
}

#[tokio::test]
async fn answers_to_changes() {
    for value in ["client", "empty_object", "nothing"] {
        for name in ["update_answer", "enable_answer", "delete_answer"] {
            let caller = Caller::switched(&[(name, value)]).await;
            let there = caller.emulator.add_client("there", "s").client_info_id;
            let updated = caller.update(&there, &json!({ "appName": "n" })).await;
            let enabled = caller.enable(&there).await;
            let shown = caller.get(&there).await;
            let deleted = caller.delete(&there).await;
            let answer = match name {
                "update_answer" => updated,
                "enable_answer" => enabled,
                _ => deleted,
            };
            match value {
                "client" => assert_eq!(answer.json()["appName"], shown.json()["appName"], "{name}"),
                "empty_object" => assert_eq!(answer.json(), json!({}), "{name}"),
                _ => assert!(answer.text.is_empty(), "{name}"),
            }
        }
    }
}

#[tokio::test]
async fn info_id() {
    for value in ["number", "text", "uuid"] {
        let caller = Caller::switched(&[("info_id", value)]).await;
        let made = caller.register(&wish("x")).await.json();
        let id = caller.there("x").client_info_id;
        let expected = if value == "number" { json!(2) } else { json!(id) };
        assert_eq!(made["clientInfoId"], expected);
        assert_eq!(id.len(), if value == "uuid" { 36 } else { 1 });
        assert_eq!(caller.get(&id).await.json()["clientInfoId"], expected);
        assert_eq!(caller.delete(&id).await.status, 200);
        let next = caller.registered("x").await.client_info_id;
        assert_ne!(next, id, "it is never used again");
    }
}

fn shows_secret(shown: &Value, expected: Option<&str>) {
    let fits = match (shown.get("clientSecret"), expected) {
        (None, None) | (Some(Value::Null), Some("null")) => true,
        (Some(Value::String(secret)), Some(start)) => secret.starts_with(start),
        _ => false,
    };
    assert!(fits, "{expected:?}: {shown}");
}

#[tokio::test]
async fn read_secret() {
    for (value, in_list, in_get) in [
        ("absent", None, None),
        ("shown", Some("secret-of-x"), Some("secret-of-x")),
        ("not_in_list", None, Some("secret-of-x")),
        ("masked", Some("********"), Some("********")),
        ("hash", Some("$2a$10$"), Some("$2a$10$")),
        ("null", Some("null"), Some("null")),
    ] {
        let caller = Caller::switched(&[("read_secret", value)]).await;
        shows_secret(&caller.register(&wish("x")).await.json(), None);
        shows_secret(&caller.list().await.json()[1], in_list);
        let id = caller.there("x").client_info_id;
        shows_secret(&caller.get(&id).await.json(), in_get);
    }
}

#[tokio::test]
async fn change_secret() {
    for (value, registered, changed) in [
        ("absent", None, None),
        ("shown", Some("secret-of-x"), Some("secret-of-x")),
        ("at_registration", Some("secret-of-x"), None),
        ("masked", Some("********"), Some("********")),
        ("null", Some("null"), Some("null")),
    ] {
        let caller = Caller::switched(&[("change_secret", value)]).await;
        shows_secret(&caller.register(&wish("x")).await.json(), registered);
        let id = caller.there("x").client_info_id;
        let update = caller.update(&id, &json!({ "appName": "n" })).await;
        shows_secret(&update.json(), changed);
        shows_secret(&caller.get(&id).await.json(), None);
    }
}

#[tokio::test]
async fn numbers_and_booleans() {
    for (value, written) in [("integer", "300"), ("text", "\"300\""), ("fraction", "300.0")] {
        let caller = Caller::switched(&[("numbers", value)]).await;
        let made = caller.register(&wish("x")).await;
        assert!(
            made.text
                .contains(&format!("\"accessTokenValiditySeconds\":{written}")),
            "{made:?}"
        );
    }
    for (value, yes, no) in [
        ("boolean", "true", "false"),
        ("text", "\"true\"", "\"false\""),
        ("number", "1", "0"),
    ] {
        let caller = Caller::switched(&[("booleans", value)]).await;
        let x = caller.registered("x").await;
        for written in [yes, no] {
            let shown = caller.get(&x.client_info_id).await;
            assert!(
                shown.text.contains(&format!("\"enabled\":{written}")),
                "{value}: {shown:?}"
            );
            caller.enable(&x.client_info_id).await;
        }
    }
}

#[tokio::test]
async fn extra_fields() {
    for (value, there) in [("true", true), ("false", false)] {
        let caller = Caller::switched(&[("extra_fields", value)]).await;
        let made = caller.register(&wish("x")).await.json();
        assert_eq!(
            [made["owner"]["name"].is_string(), made["createdDate"].is_number()],
            [there; 2]
        );
    }
}

#[tokio::test]
async fn grants_text_and_redirects_text() {
    for (value, grants, redirects) in [
        (
            "array",
            json!(["password", "authorization_code", "refresh_token"]),
            json!(["https://a.example", "https://b.example"]),
        ),
        (
            "comma",
            json!("password,authorization_code,refresh_token"),
            json!("https://a.example,https://b.example"),
        ),
        (
            "comma_blank",
            json!("password, authorization_code, refresh_token"),
            json!("https://a.example, https://b.example"),
        ),
    ] {
        let (_, shown) = with_redirects(&[("grants_text", value)]).await;
        assert_eq!(shown["authorizedGrantTypes"], grants);
        assert!(shown["registeredRedirectUris"].is_array());
        let (_, shown) = with_redirects(&[("redirects_text", value)]).await;
        assert_eq!(shown["registeredRedirectUris"], redirects);
        assert!(shown["authorizedGrantTypes"].is_array());
    }
}

#[tokio::test]
async fn grants_order() {
    for (value, order) in [
        ("as_given", ["password", "authorization_code", "refresh_token"]),
        ("sorted", ["authorization_code", "password", "refresh_token"]),
        ("reversed", ["refresh_token", "authorization_code", "password"]),
    ] {
        let (_, shown) = with_redirects(&[("grants_order", value)]).await;
        assert_eq!(shown["authorizedGrantTypes"], json!(order), "{value}");
    }
}

#[tokio::test]
async fn unset() {
    let bare = with(
        &wish("x"),
        &json!({ "authorizedGrantTypes": ["password"], "refreshTokenValiditySeconds": null }),
    );
    for (value, redirects, refresh) in [
        ("empty", Some(json!([])), Some(json!(0))),
        ("null", Some(Value::Null), Some(Value::Null)),
        ("absent", None, None),
    ] {
        let caller = Caller::switched(&[("unset", value)]).await;
        let made = caller.register(&bare).await.json();
        assert_eq!(made.get("registeredRedirectUris"), redirects.as_ref(), "{value}");
        assert_eq!(
            made.get("refreshTokenValiditySeconds"),
            refresh.as_ref(),
            "{value}"
        );
    }
}

#[tokio::test]
async fn enabled_shown() {
    for (value, in_get, elsewhere) in [
        ("always", true, true),
        ("get_only", true, false),
        ("never", false, false),
    ] {
        let caller = Caller::switched(&[("enabled_shown", value)]).await;
        let made = caller.register(&wish("x")).await.json();
        let get = caller.get(&caller.there("x").client_info_id).await.json();
        let list = caller.list().await.json()[1].clone();
        let shown = [get, made, list].map(|shown| shown.get("enabled").is_some());
        assert_eq!(shown, [in_get, elsewhere, elsewhere], "{value}");
    }
}

#[tokio::test]
async fn get_absent() {
    for (value, status, text) in [
        ("404", 404, None),
        ("403", 403, None),
        ("200_null", 200, Some("null")),
        ("200_empty_object", 200, Some("{}")),
        ("200_empty_body", 200, Some("")),
    ] {
        let caller = Caller::switched(&[("get_absent", value)]).await;
        let answer = caller.get("77").await;
        assert_eq!(answer.status, status, "{value}");
        assert!(text.is_none_or(|text| text == answer.text), "{value}");
    }
}

#[tokio::test]
async fn update_absent_and_delete_absent() {
    for status in ["404", "400", "500"] {
        let caller = Caller::switched(&[("update_absent", status), ("delete_absent", status)]).await;
        let answers = [
            caller.update("77", &json!({ "appName": "n" })).await,
            caller.enable("77").await,
            caller.delete("77").await,
        ];
        assert_eq!(answers.map(|answer| answer.status.to_string()), [status; 3]);
    }
    let caller = Caller::switched(&[("delete_absent", "success")]).await;
    assert_eq!(caller.delete("77").await.status, 200);
    assert_eq!(caller.emulator.counters().changes, 0);
}

#[tokio::test]
async fn lists() {
    for (value, key) in [
        ("array", None),
        ("content", Some("content")),
        ("data", Some("data")),
    ] {
        let caller = Caller::switched(&[("list_shape", value)]).await;
        let list = caller.list().await.json();
        let items = key.map_or(&list, |key| &list[key]);
        assert_eq!(items[0]["clientId"], "bootstrap", "{value}");
    }
    for (value, order) in [
        ("insertion", ["bootstrap", "y", "x", "z"]),
        ("name", ["bootstrap", "x", "y", "z"]),
        ("reverse", ["z", "x", "y", "bootstrap"]),
    ] {
        let caller = filled(&[("list_order", value)]).await;
        assert_eq!(ids(&caller.list().await.json()), order, "{value}");
    }
    let caller = filled(&[("list_fields", "brief")]).await;
    let brief = json!({ "clientInfoId": 2, "clientId": "y", "appName": "y", "enabled": true });
    assert_eq!(caller.list().await.json()[1], brief);
    assert!(caller.get("2").await.json()["authorizedGrantTypes"].is_array());
}

async fn filled(switches: &[(&str, &str)]) -> Caller {
    let caller = Caller::switched(switches).await;
    for id in ["y", "x", "z"] {
        caller.emulator.add_client(id, "s");
    }
    caller
}

fn ids(list: &Value) -> Vec<&str> {
    let apps = list.as_array().unwrap().iter();
    apps.map(|app| app["clientId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn paging_and_page_size() {
    for (value, second, third) in [
        ("page", "?page=1", "?page=2"),
        ("offset", "?offset=2", "?offset=4"),
        ("next", "?cursor=2", "?cursor=4"),
    ] {
        let caller = filled(&[("paging", value), ("page_size", "2")]).await;
        assert_eq!(ids(&caller.list().await.json()), ["bootstrap", "y"], "{value}");
        let page = async |query: &str| caller.call("GET", &format!("/clientapps{query}")).await.json();
        assert_eq!(ids(&page(second).await), ["x", "z"], "{value}");
        assert_eq!(page(third).await, json!([]), "{value}");
    }
    let caller = filled(&[("paging", "cut"), ("page_size", "3")]).await;
    assert_eq!(ids(&caller.list().await.json()), ["bootstrap", "y", "x"]);
    let total = caller.call("GET", "/dashboard/clients").await.json();
    assert_eq!(total["totalClientApps"], 4, "which is how one could know");
    caller.set(&[("paging", "none")]);
    assert_eq!(ids(&caller.list().await.json()).len(), 4);
}

#[tokio::test]
async fn read_lag_ms() {
    let caller = Caller::switched(&[("read_lag_ms", "600000")]).await;
    let before = caller.list().await.json();
    assert_eq!(
        ids(&before),
        ["bootstrap"],
        "what was there at the start has no past"
    );
    caller.register(&wish("x")).await;
    let id = caller.there("x").client_info_id;
    assert_eq!(caller.list().await.json(), before);
    assert_eq!(caller.get(&id).await.status, 404);
    assert_eq!(
        caller.update(&id, &json!({ "appName": "n" })).await.status,
        200,
        "changes see it"
    );
    assert!(caller.emulator.verify_pair("x", "secret-of-x"));
    caller.set(&[("read_lag_ms", "0")]);
    assert_eq!(caller.get(&id).await.json()["appName"], "n");
}
