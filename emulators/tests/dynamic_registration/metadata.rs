//! What metadata a client is registered with.

use serde_json::{Value, json};

use crate::caller::{Caller, machine, refusal, with};

#[tokio::test]
async fn metadata_that_make_no_sense_are_refused() {
    let caller = Caller::start().await;
    for (more, error) in [
        (json!({ "grant_types": ["magic"] }), "invalid_client_metadata"),
        (
            json!({ "grant_types": "client_credentials" }),
            "invalid_client_metadata",
        ),
        (json!({ "response_types": ["code"] }), "invalid_client_metadata"),
        (
            json!({ "response_types": ["strange"] }),
            "invalid_client_metadata",
        ),
        (
            json!({ "token_endpoint_auth_method": "private_key_jwt" }),
            "invalid_client_metadata",
        ),
        (
            json!({ "token_endpoint_auth_method": 1 }),
            "invalid_client_metadata",
        ),
        (json!({ "scope": "a nope" }), "invalid_client_metadata"),
        (json!({ "scope": ["a"] }), "invalid_client_metadata"),
        (
            json!({ "client_uri": "not an address" }),
            "invalid_client_metadata",
        ),
        (json!({ "jwks": {}, }), "invalid_client_metadata"),
        (
            json!({ "jwks": { "keys": [] }, "jwks_uri": "https://a.example" }),
            "invalid_client_metadata",
        ),
        (json!({ "software_id": {} }), "invalid_client_metadata"),
        (json!({ "contacts": [1] }), "invalid_client_metadata"),
        (
            json!({ "redirect_uris": "https://a.example" }),
            "invalid_redirect_uri",
        ),
        (
            json!({ "redirect_uris": ["https://a.example/#part"] }),
            "invalid_redirect_uri",
        ),
        (json!({ "redirect_uris": ["/relative"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["https://"] }), "invalid_redirect_uri"),
        (
            json!({ "grant_types": ["authorization_code"], "response_types": ["code"] }),
            "invalid_redirect_uri",
        ),
    ] {
        let answer = caller.register(&with(&machine("x"), &more)).await;
        assert_eq!(refusal(&answer), (400, error.to_owned()), "{more}");
        assert!(answer.json()["error_description"].is_string());
    }
    for body in ["", "[]", "{", "null", "\"x\""] {
        let request = caller.request("POST", &caller.emulator.registration_url());
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 400, "{body:?}");
    }
    assert!(caller.emulator.clients().is_empty());
    assert_eq!(caller.emulator.counters().changes, 0);
}

#[tokio::test]
async fn defaults_are_those_of_the_standard() {
    let caller = Caller::start().await;
    let nothing = caller.register(&json!({})).await;
    assert_eq!(
        refusal(&nothing),
        (400, "invalid_redirect_uri".to_owned()),
        "without grant types it is a client that uses redirects"
    );
    let web = caller
        .register(&json!({ "redirect_uris": ["app.example:/cb", "http://[::1]/cb"] }))
        .await
        .json();
    assert_eq!(web["grant_types"], json!(["authorization_code"]));
    assert_eq!(web["response_types"], json!(["code"]));
    assert_eq!(web["token_endpoint_auth_method"], "client_secret_basic");
    let bare = json!({ "grant_types": ["client_credentials"], "client_name": null });
    let bare = caller.register(&bare).await.json();
    assert_eq!(bare["response_types"], json!([]));
    assert!(
        ["redirect_uris", "scope", "client_name"]
            .iter()
            .all(|field| bare.get(field).is_none())
    );
}

async fn granted(switch: (&str, &str), more: &Value) -> (u16, Value) {
    let caller = Caller::switched(&[switch]).await;
    let answer = caller.register(&with(&machine("x"), more)).await;
    if answer.status == 201 {
        assert_eq!(caller.read(&answer.json()).await.json(), answer.json());
    }
    (answer.status, answer.json())
}

#[tokio::test]
async fn policies_refuse() {
    let none = json!({});
    let (status, body) = granted(("refused_grants", "implicit client_credentials"), &none).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_client_metadata")));
    let local = json!({ "redirect_uris": ["http://127.0.0.1/cb"] });
    let web = json!({ "redirect_uris": ["https://a.example/cb"] });
    for (policy, statuses) in [("any", [201, 201]), ("https", [400, 201]), ("none", [400, 400])] {
        for (redirects, expected) in [&local, &web].into_iter().zip(statuses) {
            let (status, body) = granted(("redirect_policy", policy), redirects).await;
            assert_eq!(status, expected, "{policy}");
            assert!(status == 201 || body["error"] == "invalid_redirect_uri");
        }
    }
    let unknown = json!({ "scope": "a nope" });
    assert_eq!(
        granted(("unknown_scope", "accept"), &unknown).await.1["scope"],
        "a nope"
    );
    assert_eq!(granted(("unknown_scope", "drop"), &unknown).await.1["scope"], "a");
    assert_eq!(granted(("unknown_scope", "403"), &unknown).await.0, 403);
    let no_scope = json!({ "scope": null });
    assert_eq!(
        granted(("scope_omitted", "all"), &no_scope).await.1["scope"],
        "a b c"
    );
    assert_eq!(granted(("scope_omitted", "400"), &no_scope).await.0, 400);
    let marked = json!({ "x_mark": { "of": ["mine"] } });
    assert!(
        granted(("unknown_metadata", "ignore"), &marked)
            .await
            .1
            .get("x_mark")
            .is_none()
    );
    assert_eq!(
        granted(("unknown_metadata", "keep"), &marked).await.1["x_mark"],
        marked["x_mark"]
    );
    assert_eq!(granted(("unknown_metadata", "400"), &marked).await.0, 400);

    let caller = Caller::switched(&[("bare_lists", "required")]).await;
    let bare = json!({ "grant_types": ["client_credentials"] });
    assert_eq!(
        refusal(&caller.register(&bare).await),
        (400, "invalid_redirect_uri".to_owned())
    );
    caller.registered("x").await;
}

#[tokio::test]
async fn a_server_may_grant_something_else() {
    let asked = json!({
        "software_id": "soft", "contacts": ["b@x.example", "a@x.example"],
        "grant_types": ["client_credentials", "refresh_token"], "token_endpoint_auth_method": "client_secret_post",
    });
    let (_, dropped) = granted(("dropped_fields", "software_id contacts"), &asked).await;
    assert!(dropped.get("software_id").is_none() && dropped.get("contacts").is_none());
    let (_, dropped) = granted(("dropped_grants", "client_credentials"), &asked).await;
    assert_eq!(dropped["grant_types"], json!(["refresh_token"]));
    for (value, scope) in [
        ("as_asked", Some("a b")),
        ("one_less", Some("a")),
        ("all", Some("a b c")),
        ("none", None),
    ] {
        let (_, body) = granted(("scope_granted", value), &asked).await;
        assert_eq!(body.get("scope").and_then(Value::as_str), scope, "{value}");
    }
    let (_, body) = granted(("auth_method", "client_secret_basic"), &asked).await;
    assert_eq!(body["token_endpoint_auth_method"], "client_secret_basic");
    let (_, body) = granted(("default_fields", "true"), &asked).await;
    assert_eq!(
        (&body["application_type"], &body["require_auth_time"]),
        (&json!("web"), &json!(false))
    );
}

#[tokio::test]
async fn a_server_may_write_it_in_another_way() {
    let asked = json!({ "contacts": ["b", "c", "a"], "default_max_age": 60 });
    for (value, contacts) in [
        ("as_given", ["b", "c", "a"]),
        ("sorted", ["a", "b", "c"]),
        ("reversed", ["a", "c", "b"]),
    ] {
        let (_, body) = granted(("array_order", value), &asked).await;
        assert_eq!(body["contacts"], json!(contacts), "{value}");
    }
    for (value, scope) in [
        ("reversed", Some("b a")),
        ("padded", Some(" a  b ")),
        ("absent", None),
    ] {
        let caller = Caller::switched(&[("scope_text", value)]).await;
        let body = caller.registered("x").await;
        assert_eq!(body.get("scope").and_then(Value::as_str), scope, "{value}");
        assert_eq!(
            caller.there(&body).scope(),
            "a b",
            "it is registered nevertheless"
        );
    }
    let (_, body) = granted(("unset_fields", "null"), &asked).await;
    assert!(body.get("logo_uri").is_some_and(Value::is_null) && body["contacts"].is_array());
    let (_, body) = granted(("extra_fields", "true"), &asked).await;
    assert_eq!(body["owner"]["groups"][0]["name"], "clients");
    let (_, body) = granted(("numbers", "text"), &asked).await;
    assert_eq!(
        (&body["default_max_age"], &body["client_secret_expires_at"]),
        (&json!("60"), &json!("0"))
    );
    assert!(body["client_id_issued_at"].is_string());
    let (_, body) = granted(("numbers", "fraction"), &asked).await;
    assert!(body["client_id_issued_at"].is_f64() && body["default_max_age"].is_f64());
    for (value, written) in [
        ("text", Some(json!("0"))),
        ("negative", Some(json!(-1))),
        ("milliseconds", Some(json!(0))),
        ("null", Some(Value::Null)),
        ("absent", None),
    ] {
        let (_, body) = granted(("secret_expires_at", value), &asked).await;
        assert_eq!(body.get("client_secret_expires_at"), written.as_ref(), "{value}");
    }
}
