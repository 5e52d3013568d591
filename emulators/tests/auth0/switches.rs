//! What each switch does that no other test turns.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{API, Caller, attached, credentials, encoded, fields, refused, text, wish, with_keys};
use crate::key::key;

#[tokio::test]
async fn error_code_and_absent_code() {
    for (value, code) in [
        ("inexistent", Some("inexistent_client")),
        ("not_found", Some("not_found")),
        ("absent", None),
    ] {
        let caller = Caller::switched(&[("absent_code", value)]).await;
        assert_eq!(caller.get("gone").await.json()["errorCode"].as_str(), code);
        let other = caller.register(&json!({})).await;
        assert_eq!(other.field("errorCode"), "invalid_body");
    }
    let caller = Caller::switched(&[("error_code", "false")]).await;
    for answer in [caller.get("gone").await, caller.register(&json!({})).await] {
        assert_eq!(fields(&answer.json()), ["error", "message", "statusCode"]);
    }
}

#[tokio::test]
async fn statuses() {
    let switches = [
        ("register_status", "200"),
        ("update_status", "201"),
        ("credential_update_status", "201"),
        ("api_update_status", "201"),
    ];
    let caller = Caller::switched(&switches).await;
    let made = caller.register(&wish("x")).await;
    let id = made.field("client_id");
    let credential = caller.add_key(&id, key(0)).await.field("id");
    let end = json!({ "expires_at": "2033-05-13T09:33:13.000Z" });
    let path = format!("{}/{credential}", credentials(&id));
    let api = format!("/resource-servers/{}", encoded(API));
    let name = json!({ "name": "y" });
    assert_eq!(
        [
            made.status,
            caller.update(&id, &name).await.status,
            caller.send("PATCH", &path, &end).await.status,
            caller.send("PATCH", &api, &name).await.status,
        ],
        [200, 201, 201, 201]
    );
    caller.set(&[("register_status", "204")]);
    assert_eq!(caller.register(&wish("z")).await.text, "");
}

#[tokio::test]
async fn request_fields() {
    let body = json!({ "name": "x", "nonsense": 1 });
    let caller = Caller::switched(&[("request_fields", "422")]).await;
    refused(&caller.register(&body).await, 422, "invalid_body", "nonsense");
    caller.set(&[("request_fields", "ignore")]);
    let made = caller.register(&body).await;
    assert_eq!((made.status, made.json().get("nonsense")), (201, None));
    let nothing_known = caller
        .update(&made.field("client_id"), &json!({ "nonsense": 1 }))
        .await;
    refused(&nothing_known, 400, "invalid_body", "Too few properties");
}

#[tokio::test]
async fn secret_at_create() {
    let body = json!({ "name": "x", "client_secret": "mine" });
    for (value, status, applied) in [
        ("400", 400, false),
        ("422", 422, false),
        ("applied", 201, true),
        ("ignored", 201, false),
    ] {
        let caller = Caller::switched(&[("secret_at_create", value)]).await;
        let made = caller.register(&body).await;
        assert_eq!(made.status, status, "{value}");
        assert_eq!(made.json()["client_secret"] == "mine", applied, "{value}");
        let other = caller.register(&json!({ "name": "x", "nonsense": 1 })).await;
        assert_eq!(other.status, 400, "{value}");
    }
}

#[tokio::test]
async fn auth_method_default() {
    for (value, shown, grants, status) in [
        ("not_shown", Value::Null, 4, 200),
        ("client_secret_post", json!("client_secret_post"), 4, 200),
        ("none", json!("none"), 3, 401),
    ] {
        let caller = Caller::switched(&[("auth_method_default", value)]).await;
        let made = caller.register(&json!({ "name": "x" })).await.json();
        assert_eq!(made["token_endpoint_auth_method"], shown);
        assert_eq!(made["grant_types"].as_array().unwrap().len(), grants);
        caller.grant(&made, API, &["read"]).await;
        assert_eq!(caller.ask_for(&made).await.status, status, "{value}");
        let named = caller.granted("y").await;
        assert_eq!(caller.ask_for(&named).await.status, 200, "who names one gets it");
    }
}

#[tokio::test]
async fn methods_conflict() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let id = text(&client, "client_id");
    let credential = caller.add_key(id, key(0)).await.field("id");
    let mut keys = attached(&[&credential]);
    keys.as_object_mut().unwrap().remove("token_endpoint_auth_method");
    let secret = json!({ "token_endpoint_auth_method": "client_secret_basic" });
    refused(
        &caller.update(id, &keys).await,
        400,
        "invalid_body",
        "mutually exclusive",
    );
    caller.set(&[("methods_conflict", "replaces")]);
    let keyed = caller.update(id, &keys).await.json();
    assert!(keyed.get("token_endpoint_auth_method").is_none());
    let tenant = caller.emulator.tenant_url();
    assert_eq!(
        caller.ask_with(&key(0).assertion(id, &tenant), API).await.status,
        200
    );
    caller.set(&[("methods_conflict", "409")]);
    refused(
        &caller.update(id, &secret).await,
        409,
        "invalid_body",
        "mutually exclusive",
    );
    caller.set(&[("methods_conflict", "replaces")]);
    let back = caller.update(id, &secret).await.json();
    assert!(back.get("client_authentication_methods").is_none());
    assert_eq!(caller.ask_for(&client).await.status, 200);
    let mut both = keys.clone();
    both["token_endpoint_auth_method"] = json!("client_secret_post");
    refused(
        &caller.update(id, &both).await,
        400,
        "invalid_body",
        "mutually exclusive",
    );
}

#[tokio::test]
async fn attach_none_and_key_alg() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let id = text(&client, "client_id");
    assert_eq!(caller.attach(id, &[]).await.status, 200);
    caller.set(&[("attach_none", "400")]);
    refused(
        &caller.attach(id, &[]).await,
        400,
        "invalid_body",
        "Array is too short (0), minimum 1",
    );
    refused(
        &caller.register(&with_keys("y", &[])).await,
        400,
        "invalid_body",
        "Array is too short",
    );
    for (alg, accepted) in [("RS256", true), ("PS256", true), ("HS256", false)] {
        let mut body = with_keys("z", &[key(0)]);
        body["jwt_configuration"]["alg"] = json!(alg);
        assert_eq!(caller.register(&body).await.status == 201, accepted, "{alg}");
        caller.set(&[("key_alg", "accepted")]);
        assert_eq!(caller.register(&body).await.status, 201, "{alg}");
        caller.set(&[("key_alg", "400")]);
    }
}

#[tokio::test]
async fn key_auth() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let id = text(&client, "client_id");
    let credential = caller.add_key(id, key(0)).await.field("id");
    caller.set(&[("key_auth", "403")]);
    for answer in [
        caller.add_key(id, key(1)).await,
        caller.attach(id, &[&credential]).await,
        caller.register(&with_keys("y", &[key(0)])).await,
    ] {
        refused(&answer, 403, "insufficient_entitlement", "Private Key JWT");
    }
    assert_eq!(
        caller
            .update(id, &json!({ "client_authentication_methods": null }))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn secret_with_keys_and_secret_after_keys() {
    for (with, after, shown, same) in [("absent", "same", false, true), ("shown", "new", true, false)] {
        let caller = Caller::switched(&[("secret_with_keys", with), ("secret_after_keys", after)]).await;
        let client = caller.registered("x").await;
        let id = text(&client, "client_id");
        let credential = caller.add_key(id, key(0)).await.field("id");
        let keyed = caller.attach(id, &[&credential]).await.json();
        assert_eq!(keyed.get("client_secret").is_some(), shown);
        let made = caller.register(&with_keys("y", &[key(1)])).await.json();
        assert_eq!(made.get("client_secret").is_some(), shown);
        let back = json!({
            "client_authentication_methods": null, "token_endpoint_auth_method": "client_secret_post",
        });
        let back = caller.update(id, &back).await.json();
        assert_eq!(back["client_secret"] == client["client_secret"], same);
        assert!(caller.emulator.verify_pair(id, text(&back, "client_secret")));
    }
}

#[tokio::test]
async fn refusals_of_what_is_documented_as_refused() {
    let switches = [
        ("rotate_with_keys", "409"),
        ("delete_global", "403"),
        ("duplicate_key", "409"),
        ("grant_target_absent", "400"),
        ("delete_absent", "404"),
    ];
    let caller = Caller::switched(&switches).await;
    let client = caller.keyed("x", &[key(0)]).await;
    let id = text(&client, "client_id");
    refused(&caller.rotate(id).await, 409, "operation_not_supported", "");
    refused(
        &caller.add_key(id, key(0)).await,
        409,
        "invalid_body",
        "already exist",
    );
    let global = caller.emulator.clients_named("All Applications").remove(0);
    refused(
        &caller.delete(&global.client_id).await,
        403,
        "operation_not_supported",
        "",
    );
    refused(
        &caller.grant(&client, "urn:gone", &[]).await,
        400,
        "inexistent_resource_server",
        "",
    );
    for (path, code) in [
        ("/clients/gone", "inexistent_client"),
        ("/clients/gone/credentials/gone", "inexistent_client"),
        (&format!("{}/gone", credentials(id)), "inexistent_credential"),
        ("/client-grants/gone", "inexistent_client_grant"),
        ("/resource-servers/gone", "inexistent_resource_server"),
    ] {
        refused(&caller.call("DELETE", path).await, 404, code, "");
    }
}

#[tokio::test]
async fn secret_alphabet() {
    for value in ["url_safe", "base64", "symbols"] {
        let caller = Caller::switched(&[("secret_alphabet", value)]).await;
        let made = caller.granted("x").await;
        let rotated = caller.rotate(text(&made, "client_id")).await.json();
        for client in [&made, &rotated] {
            let secret = text(client, "client_secret");
            let fits = match value {
                "url_safe" => secret
                    .chars()
                    .all(|char| char.is_ascii_alphanumeric() || "-_".contains(char)),
                "base64" => secret.ends_with("=="),
                _ => secret.ends_with("+%:&\"\\"),
            };
            assert!(fits && secret.len() == 64, "{secret}");
        }
        assert_eq!(caller.ask_for(&rotated).await.status, 200);
    }
}

#[tokio::test]
async fn what_answers_show() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let id = text(&client, "client_id");
    let chosen = format!("/clients/{id}?fields=client_id");
    caller.set(&[("fields_extra", "false")]);
    assert_eq!(fields(&caller.call("GET", &chosen).await.json()), ["client_id"]);
    assert_eq!(
        fields(&caller.list("fields=client_id").await.json()[0]),
        ["client_id"]
    );
    assert!(caller.get(id).await.json().get("tenant").is_none());
    caller.set(&[("tenant_shown", "always"), ("extra_fields", "true")]);
    for shown in [caller.registered("y").await, caller.get(id).await.json()] {
        assert_eq!(
            (&shown["tenant"], &shown["global"]),
            (&json!("tenant"), &json!(false))
        );
        assert!(shown["owners"].is_array());
    }
}

#[tokio::test]
async fn how_credentials_are_shown() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let id = text(&client, "client_id");
    let mut made = Value::Null;
    for (number, name) in ["b", "a"].into_iter().enumerate() {
        let body = json!({ "credential_type": "public_key", "pem": key(number).pem(), "name": name });
        made = caller.send("POST", &credentials(id), &body).await.json();
    }
    let path = format!("{}/{}", credentials(id), text(&made, "id"));
    for (value, read, listed) in [
        ("absent", None, None),
        ("null_in_list", None, Some(&Value::Null)),
        ("null", Some(&Value::Null), Some(&Value::Null)),
    ] {
        caller.set(&[("expires_unset", value)]);
        let list = caller.call("GET", &credentials(id)).await.json();
        assert_eq!(
            caller.call("GET", &path).await.json().get("expires_at"),
            read,
            "{value}"
        );
        assert_eq!(list[0].get("expires_at"), listed, "{value}");
    }
    for (value, expected) in [
        ("insertion", ["b", "a"]),
        ("name", ["a", "b"]),
        ("reverse", ["a", "b"]),
    ] {
        caller.set(&[("credential_order", value)]);
        let list = caller.call("GET", &credentials(id)).await.json();
        assert_eq!(crate::caller::names(&list), expected, "{value}");
    }
    caller.set(&[("credential_list", "as_asked")]);
    let asked = caller
        .call("GET", &format!("{}?include_totals=true", credentials(id)))
        .await
        .json();
    assert_eq!(
        (&asked["total"], asked["credentials"].as_array().unwrap().len()),
        (&json!(2), 2)
    );
    assert!(caller.call("GET", &credentials(id)).await.json().is_array());
}

#[tokio::test]
async fn subject_type_shown_and_grants_of_deleted() {
    let switches = [("subject_type_shown", "true"), ("grants_of_deleted", "kept")];
    let caller = Caller::switched(&switches).await;
    let client = caller.registered("x").await;
    let made = caller.grant(&client, API, &["read"]).await.json();
    assert_eq!(made["subject_type"], "client");
    caller.delete(text(&client, "client_id")).await;
    assert_eq!(caller.emulator.grants().len(), 2);
}
