//! The admin API, with all switches as they are.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use authserver_emulator::hydra::Config;
use serde_json::{Value, json};

use crate::caller::{Caller, client, ids, read, secret, wish, with};

/// What 2.3.0 answers to a GET of a client of which only this is set, and what 26 has more.
fn whole(client_id: &str) -> Value {
    json!({
        "client_id": client_id, "client_name": "", "redirect_uris": [], "grant_types": [], "response_types": [],
        "scope": "offline_access offline openid", "audience": [], "owner": "", "policy_uri": "",
        "allowed_cors_origins": [], "tos_uri": "", "client_uri": "", "logo_uri": "", "contacts": [],
        "client_secret_expires_at": 0, "subject_type": "public", "jwks": {},
        "token_endpoint_auth_method": "client_secret_basic", "userinfo_signed_response_alg": "none",
        "metadata": {}, "skip_consent": false, "skip_logout_consent": null,
        "authorization_code_grant_access_token_lifespan": null,
        "authorization_code_grant_id_token_lifespan": null,
        "authorization_code_grant_refresh_token_lifespan": null,
        "client_credentials_grant_access_token_lifespan": null,
        "implicit_grant_access_token_lifespan": null, "implicit_grant_id_token_lifespan": null,
        "jwt_bearer_grant_access_token_lifespan": null, "refresh_token_grant_id_token_lifespan": null,
        "refresh_token_grant_access_token_lifespan": null, "refresh_token_grant_refresh_token_lifespan": null,
        "device_authorization_grant_id_token_lifespan": null,
        "device_authorization_grant_access_token_lifespan": null,
        "device_authorization_grant_refresh_token_lifespan": null,
    })
}

/// A client as it was shown, without its times.
fn timeless(mut shown: Value) -> Value {
    let fields = shown.as_object_mut().unwrap();
    for name in ["created_at", "updated_at"] {
        assert!(fields.remove(name).unwrap().is_string());
    }
    shown
}

fn without(mut shown: Value, names: &[&str]) -> Value {
    let fields = shown.as_object_mut().unwrap();
    for name in names {
        fields.remove(*name).unwrap();
    }
    shown
}

#[tokio::test]
async fn the_server_fills_in_what_nobody_says() {
    let caller = Caller::start().await;
    let made = caller.register(&json!({})).await;
    assert_eq!(
        (made.status, made.content_type.as_deref()),
        (201, Some("application/json; charset=utf-8"))
    );
    let [id, secret] = ["client_id", "client_secret"].map(|name| made.field(name));
    assert_eq!((id.len(), secret.len()), (36, 26));
    assert_eq!(made.header("location"), Some(&*format!("/admin/clients/{id}")));
    assert!(made.field("registration_access_token").starts_with("ory_at_"));
    assert!(
        made.field("registration_client_uri")
            .starts_with(&format!("{}/oauth2/register/", caller.emulator.public_url()))
    );
    let expected = whole(&id);
    assert_eq!(timeless(caller.get(&id).await.json()), expected);
    let mut shown = without(
        timeless(made.json()),
        &[
            "client_secret",
            "registration_access_token",
            "registration_client_uri",
        ],
    );
    for name in ["redirect_uris", "grant_types", "response_types", "contacts"] {
        assert_eq!(shown[name], Value::Null, "{name} as a write is answered");
        shown[name] = json!([]);
    }
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_client_lives() {
    let caller = Caller::start().await;
    let made = caller.register(&wish("x")).await;
    assert_eq!(made.field("client_secret"), "secret-of-x", "once");
    let shown = caller.get("x").await.json();
    let expected = with(&wish("x"), &json!({ "client_secret": null }));
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&shown[name], value);
    }
    assert!(shown.get("client_secret").is_none());
    assert_eq!(caller.list().await.json(), json!([shown]));
    assert_eq!(caller.good("x", ["secret-of-x", "wrong!"]).await, [true, false]);

    let changed = caller.update("x", &json!({ "client_name": "Other" })).await;
    assert_eq!(changed.status, 200);
    assert!(changed.json().get("client_secret").is_none(), "none was set");
    let mut expected = whole("x");
    expected["client_name"] = json!("Other");
    assert_eq!(
        timeless(caller.get("x").await.json()),
        expected,
        "all of it is replaced"
    );
    assert!(
        caller.emulator.verify_pair("x", "secret-of-x"),
        "but not the secret"
    );

    let deleted = caller.delete("x").await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(caller.get("x").await.status, 404);
    assert_eq!(caller.list().await.json(), json!([]));
    assert_eq!(caller.token("x", "secret-of-x", &[]).await.status, 401);
    assert_eq!(caller.register(&wish("x")).await.status, 201, "its id is free");
}

#[tokio::test]
async fn a_secret_is_replaced_at_once_and_shown_when_it_is_set() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let body = with(&wish("x"), &json!({ "client_secret": "second-secret" }));
    let answer = caller.update("x", &body).await;
    assert_eq!(answer.field("client_secret"), "second-secret");
    assert_eq!(
        caller.good("x", ["secret-of-x", "second-secret"]).await,
        [false, true]
    );
    let again = caller.update("x", &body).await;
    assert_eq!(again.status, 200, "a repetition does no harm");
    assert_eq!(caller.emulator.counters().changes, 2, "and is no change");
    for empty in [json!(""), Value::Null] {
        let mut body = wish("x");
        body["client_secret"] = empty;
        assert_eq!(caller.update("x", &body).await.status, 200);
        assert_eq!(caller.good("x", ["second-secret"]).await, [true], "it is kept");
    }
}

#[tokio::test]
async fn the_id_of_a_path_counts_and_not_that_of_a_body() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    let body = with(
        &wish("y"),
        &json!({ "created_at": "2020-01-01T00:00:00Z", "client_secret_expires_at": 7 }),
    );
    let answer = caller.update("x", &body).await.json();
    assert_eq!(
        [&answer["client_id"], &answer["client_secret_expires_at"]],
        [&json!("x"), &json!(0)]
    );
    let client = caller.there("x");
    assert_eq!(client.created_at, made.created_at);
    assert!(client.updated_at > made.updated_at);
    assert_eq!(caller.emulator.clients().len(), 1);
}

#[tokio::test]
async fn ids_are_any_text() {
    let caller = Caller::start().await;
    for id in ["a b", "ä/ö?", "A", "a", "..%2F"] {
        let made = caller.register(&wish(id)).await;
        assert_eq!(made.status, 201, "{id}");
        assert!(made.header("location").unwrap().is_ascii());
        assert_eq!(caller.get(id).await.json()["client_id"], id);
        assert_eq!(caller.token(id, &secret(id), &[]).await.status, 200, "{id}");
        assert_eq!(caller.delete(id).await.status, 204);
    }
}

#[tokio::test]
async fn a_public_client_shows_no_secret() {
    let caller = Caller::start().await;
    let public = with(&wish("x"), &json!({ "token_endpoint_auth_method": "none" }));
    let made = caller.register(&public).await.json();
    assert_eq!(made.get("client_secret"), None);
}

#[tokio::test]
async fn an_id_that_is_taken_is_refused() {
    let caller = Caller::start().await;
    caller.registered("x").await;
    let answer = caller
        .register(&with(&wish("x"), &json!({ "client_secret": "another-secret" })))
        .await;
    assert_eq!(answer.status, 409);
    assert!(answer.field("error").contains("exists already"));
    assert_eq!(answer.field("error_description"), "");
    assert_eq!(
        caller.good("x", ["secret-of-x", "another-secret"]).await,
        [true, false]
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let caller = Caller::start().await;
    for answer in [
        caller.get("x").await,
        caller.update("x", &wish("x")).await,
        caller.patch("x", &json!([])).await,
        caller.set_lifespans("x", &json!({})).await,
        caller.delete("x").await,
    ] {
        assert_eq!(answer.status, 404);
        assert_eq!(
            answer.json(),
            json!({ "error": "Unable to locate the resource", "error_description": "" })
        );
    }
    for path in [
        "/",
        "/admin",
        "/admin/",
        "/admin/clients/",
        "/admin/clients/x/other",
        "/admin/clients/x/secrets",
    ] {
        let answer = read(caller.request_to("GET", path)).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.text.contains("<h1>404"), "a page, of the router");
    }
    for (method, path, allowed) in [
        ("DELETE", "", "GET, OPTIONS, POST"),
        ("POST", "/x", "DELETE, GET, OPTIONS, PATCH, PUT"),
        ("GET", "/x/lifespans", "OPTIONS, PUT"),
    ] {
        let answer = caller.call(method, path).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (405, "Method Not Allowed\n")
        );
        assert_eq!(answer.header("allow"), Some(allowed));
    }
    assert_eq!(caller.emulator.counters().of("other"), 9);
}

#[tokio::test]
async fn the_admin_api_can_be_behind_a_token_and_a_path() {
    let mut caller = Caller::with(Config {
        admin_path: "/hydra".to_owned(),
        public_path: "/auth".to_owned(),
        bearer_token: Some("canary".to_owned()),
        clients: vec!["theirs".to_owned()],
        ..Config::default()
    })
    .await;
    let url = caller.emulator.url();
    assert_eq!(caller.emulator.admin_url(), format!("{url}/hydra"));
    assert_eq!(caller.emulator.token_url(), format!("{url}/auth/oauth2/token"));
    assert_eq!(caller.emulator.public_url(), format!("{url}/auth"));
    let list = caller.list().await;
    assert_eq!(ids(&list), ["theirs"]);
    assert!(
        list.header("link").unwrap().starts_with("</admin/clients?"),
        "it does not know of the path"
    );
    assert_eq!(read(caller.http.get(url + "/admin/clients")).await.status, 401);
    assert_eq!(caller.token("theirs", "secret-of-theirs", &[]).await.status, 200);
    for token in [Some("wrong".to_owned()), None] {
        caller.token = token;
        for answer in [
            caller.list().await,
            caller.register(&wish("x")).await,
            caller.delete("theirs").await,
            caller.call("GET", "/x/nothing").await,
        ] {
            assert_eq!((answer.status, answer.challenged), (401, false));
        }
    }
    caller.emulator.set_bearer_token(None);
    assert_eq!(caller.list().await.status, 200);
    assert_eq!(caller.emulator.counters().changes, 0);
}

#[tokio::test]
async fn calls_are_counted_by_what_they_are() {
    let caller = Caller::switched(&[("rotation", "offered")]).await;
    caller.registered("x").await;
    caller.list().await;
    caller.get("x").await;
    caller.update("x", &wish("x")).await;
    caller.patch("x", &json!([])).await;
    caller.set_lifespans("x", &json!({})).await;
    caller.token("x", "secret-of-x", &[]).await;
    caller.rotate("x").await;
    caller.clear("x").await;
    caller.delete("x").await;
    caller.delete("x").await;
    let counters = caller.control("GET", "/counters", None).await.json();
    assert_eq!(
        counters,
        json!({
            "operations": {
                "list": 1, "get": 1, "register": 1, "update": 1, "patch": 1, "lifespans": 1, "rotate": 1, "clear": 1,
                "delete": 2, "token": 1, "other": 0,
            },
            "mutations": 8,
            "changes": 4,
        })
    );
    let journal = caller.emulator.requests();
    for entry in journal.iter().filter(|entry| entry.operation != "list") {
        assert_eq!(entry.client.as_deref(), Some("Client x"), "{}", entry.operation);
    }
    let journal = json!(journal).to_string();
    for secret in caller.emulator.credentials() {
        assert!(!journal.contains(&secret));
    }
    assert!(journal.contains(&client("x")));
}
