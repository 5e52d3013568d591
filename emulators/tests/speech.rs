//! What the switches make of bodies, media types, refusals and the token endpoint.

mod support;

use serde_json::{Value, json};
use support::{Api, GRANT, Read};

#[tokio::test]
async fn additional_fields_and_blanks() {
    let api = Api::switched(&[("extra_fields", "true")]).await;
    let made = api.register("x", "a").await.json();
    assert_eq!(
        (&made["enabled"], made["links"].is_object()),
        (&json!(true), true)
    );
    assert_eq!(
        api.list().await.json()[0]["grant_types"],
        json!(["client_credentials"])
    );

    let api = Api::switched(&[("trailing_whitespace", "true")]).await;
    let made = api.register("x", "a").await;
    assert!(
        made.text.starts_with(" \r\n{") && made.text.ends_with("} \r\n"),
        "{:?}",
        made.text
    );
    assert_eq!(made.field("client_name"), "x");
}

#[tokio::test]
async fn media_types() {
    for (value, expected) in [
        ("json", Some("application/json")),
        ("json_utf8", Some("application/json;charset=UTF-8")),
        ("text", Some("text/plain")),
        ("octet_stream", Some("application/octet-stream")),
        ("absent", None),
    ] {
        let api = Api::switched(&[("content_type", value)]).await;
        let answers = [
            api.register("x", "a").await,
            api.list().await,
            api.get("no").await,
            api.call("GET", "/scope").await,
        ];
        for answer in answers {
            assert_eq!(answer.content_type.as_deref(), expected);
            assert!(answer.json().is_object() || answer.json().is_array());
        }
    }
}

#[tokio::test]
async fn bodies_of_refusals() {
    for (value, content_type, start) in [
        (
            "framework",
            Some("application/json"),
            "{\"error\":\"Conflict\",\"message\":",
        ),
        (
            "oauth",
            Some("application/json"),
            "{\"error\":\"invalid_request\",\"error_description\":",
        ),
        ("failure", Some("application/json"), "{\"message\":"),
        (
            "json_string",
            Some("application/json"),
            "\"a client with the name",
        ),
        ("html", Some("text/html;charset=utf-8"), "<!DOCTYPE html>"),
        ("empty", None, ""),
        ("text", Some("text/plain"), "Conflict: a client"),
        ("echo_client", Some("application/json"), "{\"client\":{"),
    ] {
        let api = Api::switched(&[("error_body", value)]).await;
        let secret = api.register("x", "a").await.field("client_secret");
        let refused = api.register("x", "a").await;
        assert_eq!(
            (refused.status, refused.content_type.as_deref()),
            (409, content_type),
            "{value}"
        );
        assert!(refused.text.starts_with(start), "{value}: {}", refused.text);
        assert_eq!(refused.text.is_empty(), value == "empty");
        assert_eq!(refused.text.contains(&secret), value == "echo_client", "{value}");
    }
}

#[tokio::test]
async fn strangers() {
    for (value, status, challenged) in [
        ("challenge", 401, true),
        ("bare_401", 401, false),
        ("forbidden", 403, false),
        ("login_page", 200, false),
        ("login_redirect", 302, false),
    ] {
        let api = Api::switched(&[("unauthorized", value)]).await;
        api.emulator.add_client("x", "a");
        let request = api
            .http
            .delete(api.emulator.api_url() + "/clients/x")
            .send()
            .await
            .unwrap();
        let location = request
            .headers()
            .get("location")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(location.as_deref(), (status == 302).then_some("/login"));
        let answer = Read::of(request).await;
        assert_eq!(
            (answer.status, answer.challenged),
            (status, challenged),
            "{value}"
        );
        assert_eq!(answer.text.starts_with("<html>"), value == "login_page");
        assert_eq!(api.emulator.clients().len(), 1, "nothing was deleted");
    }
}

#[tokio::test]
async fn strict_readers() {
    let unknown = json!({ "client_name": "x", "scope": "a", "grant_types": [] });
    for (value, status) in [("ignore", 200), ("400", 400), ("500", 500)] {
        let api = Api::switched(&[("request_fields", value)]).await;
        assert_eq!(api.send("POST", "/clients", &unknown).await.status, status);
        let with_name = json!({ "client_name": "y", "scope": "a" });
        assert_eq!(
            api.send("PUT", "/clients/y", &with_name).await.status,
            status,
            "PUT knows only the scope"
        );
        assert_eq!(api.register("z", "a").await.status, 200);
    }
    for (value, status) in [("ignore", 200), ("400", 400)] {
        let api = Api::switched(&[("request_body", value)]).await;
        api.emulator.add_client("x", "a");
        for (method, path) in [
            ("GET", "/clients"),
            ("GET", "/scope"),
            ("GET", "/clients/x"),
            ("PATCH", "/clients/x"),
            ("DELETE", "/clients/x"),
        ] {
            assert_eq!(
                api.send(method, path, &json!({})).await.status,
                status,
                "{value} {method}"
            );
        }
        let remove = api.send("PATCH", "/scope", &json!({ "scope": "a" })).await;
        assert_eq!(remove.status, 200, "this PATCH has a body");
    }
    for (value, status) in [("any", 200), ("400", 400), ("404", 404)] {
        let api = Api::switched(&[("request_type", value)]).await;
        for (name, media_type) in [
            ("x", ""),
            ("y", "text/plain"),
            ("z", "application/json-patch+json"),
        ] {
            let body = json!({ "client_name": name, "scope": "a" }).to_string();
            let request = api
                .request("POST", "/clients")
                .body(body)
                .header("content-type", media_type);
            assert_eq!(
                request.send().await.unwrap().status().as_u16(),
                status,
                "{value} {media_type}"
            );
        }
        let body = json!({ "client_name": "w", "scope": "a" }).to_string();
        let request = api.request("POST", "/clients").body(body);
        let declared = request
            .header("content-type", "application/json; charset=utf-8")
            .send()
            .await;
        assert_eq!(declared.unwrap().status().as_u16(), 200);
    }
}

async fn pair(api: &Api, secret: &str) {
    let body = json!({ "client_name": "x", "scope": "a b", "client_id": "i", "client_secret": secret });
    assert_eq!(api.control("POST", "/clients", Some(&body)).await.status, 201);
}

#[tokio::test]
async fn how_clients_authenticate() {
    for (value, basic, body) in [("both", 200, 200), ("basic", 200, 401), ("body", 401, 200)] {
        let api = Api::switched(&[("token_client_auth", value)]).await;
        pair(&api, "s").await;
        let got = (
            api.token("i", "s", &[GRANT]).await.status,
            api.token_in_body("i", "s").await.status,
        );
        assert_eq!(got, (basic, body), "{value}");
    }
    for (value, plain, form) in [("either", 200, 200), ("plain", 200, 401), ("form", 401, 200)] {
        let api = Api::switched(&[("token_basic_decoding", value)]).await;
        pair(&api, "a+b%41:&=").await;
        let got = (
            api.token("i", "a+b%41:&=", &[GRANT]).await.status,
            api.token("i", "a%2Bb%2541%3A%26%3D", &[GRANT]).await.status,
        );
        assert_eq!(got, (plain, form), "{value}");
        assert_eq!(
            api.token_in_body("i", "a+b%41:&=").await.status,
            200,
            "the body is a form in any case"
        );
    }
}

#[tokio::test]
async fn refusals_of_the_token_endpoint() {
    for (value, client, request) in [("standard", 401, 400), ("400", 400, 400), ("500", 500, 500)] {
        let api = Api::switched(&[("token_error_status", value)]).await;
        let got = (
            api.token("i", "s", &[GRANT]).await.status,
            api.token("i", "s", &[]).await.status,
        );
        assert_eq!(got.0, client, "{value}");
        assert_eq!(got.1, request, "{value}");
    }
    for (value, start) in [
        ("oauth", "{\"error\":\"invalid_client\",\"error_description\""),
        ("framework", "{\"error\":\"Unauthorized\",\"message\""),
        ("html", "<!DOCTYPE html>"),
        ("text", "Unauthorized: "),
        ("empty", ""),
    ] {
        let api = Api::switched(&[("token_error_body", value)]).await;
        let refused = api.token("i", "s", &[GRANT]).await;
        assert!(
            refused.status == 401 && refused.text.starts_with(start),
            "{value}: {}",
            refused.text
        );
        assert_eq!(refused.text.is_empty(), value == "empty");
    }
}

#[tokio::test]
async fn scopes_of_tokens() {
    for (value, status, scope) in [("all", 200, "a b"), ("none", 200, ""), ("400", 400, "")] {
        let api = Api::switched(&[("token_scope_omitted", value)]).await;
        pair(&api, "s").await;
        let answer = api.token("i", "s", &[GRANT]).await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert_eq!(answer.field("scope"), scope);
        } else {
            assert_eq!(answer.field("error"), "invalid_scope");
        }
    }
    for (value, status) in [("narrow", 200), ("400", 400), ("403", 403)] {
        let api = Api::switched(&[("token_scope_excess", value)]).await;
        pair(&api, "s").await;
        let answer = api.token("i", "s", &[GRANT, ("scope", "c b")]).await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert_eq!(answer.field("scope"), "b");
        }
    }
}

#[tokio::test]
async fn the_token_answer() {
    let answer = async |name: &str, value: &str| {
        let api = Api::switched(&[(name, value)]).await;
        pair(&api, "s").await;
        api.token("i", "s", &[GRANT]).await.json()
    };
    assert_eq!(answer("token_scope_shown", "false").await.get("scope"), None);
    assert_eq!(answer("token_expiry_seconds", "60").await["expires_in"], 60);
    assert_eq!(answer("token_expires_in", "number").await["expires_in"], 1800);
    assert_eq!(answer("token_expires_in", "text").await["expires_in"], "1800");
    assert_eq!(answer("token_expires_in", "absent").await.get("expires_in"), None);
    for value in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(
            answer("token_type", value).await["token_type"],
            Value::from(value)
        );
    }
}
