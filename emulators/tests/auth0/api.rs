//! Clients as the documentation and recordings have them.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{Caller, fields, refused, text, wish};

#[tokio::test]
async fn a_new_client_is_filled_up_with_defaults() {
    let caller = Caller::start().await;
    let made = caller.register(&json!({ "name": "x", "description": "d" })).await;
    assert_eq!(made.status, 201);
    assert_eq!(
        made.content_type.as_deref(),
        Some("application/json; charset=utf-8")
    );
    let made = made.json();
    assert_eq!(
        fields(&made),
        [
            "client_id",
            "client_secret",
            "cross_origin_authentication",
            "custom_login_page_on",
            "description",
            "grant_types",
            "is_first_party",
            "is_token_endpoint_ip_header_trusted",
            "jwt_configuration",
            "name",
            "oidc_conformant",
            "refresh_token",
            "signing_keys",
            "sso_disabled",
        ]
    );
    assert_eq!(
        (text(&made, "client_id").len(), text(&made, "client_secret").len()),
        (32, 64)
    );
    assert_eq!(
        made["grant_types"],
        json!([
            "authorization_code",
            "implicit",
            "refresh_token",
            "client_credentials"
        ])
    );
    assert_eq!(
        made["jwt_configuration"],
        json!({ "secret_encoded": false, "lifetime_in_seconds": 36000 })
    );
    assert_eq!(made["refresh_token"]["token_lifetime"], 2_592_000);
    assert!(made["signing_keys"][0]["cert"].is_string());
    let machine = caller.registered("machine").await;
    assert_eq!(machine["token_endpoint_auth_method"], "client_secret_post");
    assert_eq!(machine["refresh_token"]["token_lifetime"], 31_557_600);
    let alg = caller
        .register(&json!({ "name": "y", "jwt_configuration": { "alg": "RS256" } }))
        .await;
    assert_eq!(
        alg.json()["jwt_configuration"],
        json!({ "secret_encoded": false, "alg": "RS256" })
    );
    let read = caller.get(text(&made, "client_id")).await;
    assert_eq!((read.status, read.json()), (200, made));
}

#[tokio::test]
async fn a_registration_has_a_closed_schema() {
    let caller = Caller::start().await;
    for (body, message) in [
        (json!({}), "'Missing required property: name'"),
        (json!({ "name": "" }), "on property name"),
        (json!({ "name": "<x>" }), "on property name"),
        (json!({ "name": 1 }), "Expected type string but found type number"),
        (
            json!({ "name": "x", "client_secret": "s" }),
            "'Additional properties not allowed: client_secret'",
        ),
        (
            json!({ "name": "x", "client_id": "i", "tenant": "t" }),
            "client_id,tenant",
        ),
        (
            json!({ "name": "x", "description": "d".repeat(141) }),
            "String is too long (141 chars), maximum 140",
        ),
        (
            json!({ "name": "x", "grant_types": "client_credentials" }),
            "Expected type array",
        ),
        (json!({ "name": "x", "callbacks": [1] }), "on property callbacks"),
        (
            json!({ "name": "x", "app_type": "robot" }),
            "No enum match for: robot",
        ),
        (
            json!({ "name": "x", "is_first_party": "yes" }),
            "Expected type boolean",
        ),
        (
            json!({ "name": "x", "client_metadata": [] }),
            "Expected type object",
        ),
        (
            json!({ "name": "x", "par_request_expiry": -1 }),
            "Expected type integer",
        ),
        (json!({ "name": "x", "grant_types": null }), "found type null"),
        (json!([]), "Expected type object"),
    ] {
        refused(&caller.register(&body).await, 400, "invalid_body", message);
    }
    let nothing = caller.call("POST", "/clients").await;
    refused(&nothing, 400, "invalid_body", "JSON");
    let public = json!({
        "name": "x", "token_endpoint_auth_method": "none", "grant_types": ["client_credentials"],
    });
    let public = caller.register(&public).await;
    refused(
        &public,
        400,
        "invalid_body",
        "Invalid grant types: client_credentials",
    );
    assert_eq!(caller.emulator.counters().changes, 0);
}

#[tokio::test]
async fn metadata_has_ten_entries_of_255_characters() {
    let caller = Caller::start().await;
    let with = |metadata: Value| json!({ "name": "x", "client_metadata": metadata });
    let entries = |count: usize| -> Value {
        let entries = (0..count).map(|number| (format!("k{number}"), json!("v")));
        Value::Object(entries.collect())
    };
    let long = "é".repeat(255);
    for metadata in [
        json!({}),
        entries(10),
        json!({ "k": long }),
        json!({ long.as_str(): "v" }),
    ] {
        assert_eq!(caller.register(&with(metadata)).await.status, 201);
    }
    for (metadata, message) in [
        (entries(11), "Too many properties defined (11), maximum 10"),
        (
            json!({ "k": format!("{long}x") }),
            "String is too long (256 chars), maximum 255",
        ),
        (
            json!({ format!("{long}x"): "v" }),
            "String is too long (256 chars), maximum 255",
        ),
        (json!({ "k": 1 }), "Expected type string"),
        (json!({ "k": { "deep": "v" } }), "Expected type string"),
    ] {
        refused(
            &caller.register(&with(metadata)).await,
            400,
            "invalid_body",
            message,
        );
    }
}

#[tokio::test]
async fn names_are_not_unique() {
    let caller = Caller::start().await;
    let one = caller.registered("x").await;
    let other = caller.registered("x").await;
    assert_ne!(one["client_id"], other["client_id"]);
    assert_eq!(caller.emulator.clients_named("x").len(), 2);
}

#[tokio::test]
async fn a_secret_is_rotated_and_the_id_stays() {
    let caller = Caller::start().await;
    let made = caller.granted("x").await;
    let id = text(&made, "client_id");
    let rotated = caller.rotate(id).await;
    assert_eq!(rotated.status, 200);
    let rotated = rotated.json();
    assert_ne!(rotated["client_secret"], made["client_secret"]);
    assert_eq!(rotated["client_id"], made["client_id"]);
    assert_eq!(fields(&rotated), fields(&made));
    assert_eq!(caller.get(id).await.json(), rotated, "it can be read again");
    assert_eq!(caller.ask_for(&rotated).await.status, 200);
    assert_eq!(caller.ask_for(&made).await.status, 401);
    refused(
        &caller.rotate("gone").await,
        404,
        "inexistent_client",
        "does not exist",
    );
}

#[tokio::test]
async fn a_secret_can_be_chosen() {
    let caller = Caller::start().await;
    let made = caller.granted("x").await;
    let id = text(&made, "client_id");
    let chosen = json!({ "client_secret": "LUF+x=sR_Ljb 7&%" });
    let changed = caller.update(id, &chosen).await;
    assert_eq!(
        (changed.status, &changed.json()["client_secret"]),
        (200, &chosen["client_secret"])
    );
    assert_eq!(
        caller.get(id).await.json()["client_secret"],
        chosen["client_secret"]
    );
    assert_eq!(caller.ask_for(&changed.json()).await.status, 200);
    assert_eq!(caller.ask_for(&made).await.status, 401);
    let before = caller.emulator.counters().changes;
    assert_eq!(caller.update(id, &chosen).await.status, 200);
    assert_eq!(
        caller.emulator.counters().changes,
        before,
        "the same again changes nothing"
    );
    let empty = caller.update(id, &json!({ "client_secret": "" })).await;
    refused(&empty, 400, "invalid_body", "String is too short");
}

#[tokio::test]
async fn a_deletion_can_be_repeated() {
    let caller = Caller::start().await;
    let made = caller.granted("x").await;
    let id = text(&made, "client_id");
    for changes in [3, 3] {
        let deleted = caller.delete(id).await;
        assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
        assert_eq!(caller.emulator.counters().changes, changes);
    }
    refused(
        &caller.get(id).await,
        404,
        "inexistent_client",
        "The client does not exist",
    );
    refused(
        &caller.update(id, &json!({ "name": "y" })).await,
        404,
        "inexistent_client",
        "",
    );
    assert_eq!(caller.emulator.grants().len(), 1, "its grant has gone with it");
    assert_eq!(caller.ask_for(&made).await.status, 401);
}

#[tokio::test]
async fn the_global_client_stays() {
    let caller = Caller::start().await;
    let list = caller.list("is_global=true").await.json();
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["global"]),
        (1, &json!(true))
    );
    let id = text(&list[0], "client_id");
    refused(&caller.delete(id).await, 400, "operation_not_supported", "global");
    assert_eq!(caller.get(id).await.json()["global"], true);
}

#[tokio::test]
async fn fields_can_be_chosen() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    let path = crate::caller::client(text(&made, "client_id"));
    let read = |query: &'static str| {
        let (caller, path) = (&caller, path.clone());
        async move { caller.call("GET", &format!("{path}?{query}")).await.json() }
    };
    let one = read("fields=client_id&include_fields=true").await;
    assert_eq!(fields(&one), ["client_id", "signing_keys"], "so it was recorded");
    let two = read("fields=client_id%2Cname").await;
    assert_eq!(fields(&two), ["client_id", "name", "signing_keys"]);
    let less = read("fields=refresh_token,signing_keys&include_fields=false").await;
    assert_eq!(fields(&less).len(), fields(&made).len() - 2);
    assert_eq!(read("fields=").await, made);
    let list = caller.list("fields=client_id").await.json();
    assert_eq!(fields(&list[0]), ["client_id", "tenant"], "so it was recorded");
}

#[tokio::test]
async fn there_are_so_many_clients_only() {
    let caller = Caller::switched(&[("client_limit", "2")]).await;
    let made = caller.registered("x").await;
    let message = "You reached the limit of entities of this type for this tenant.";
    refused(
        &caller.register(&wish("y")).await,
        403,
        "too_many_entities",
        message,
    );
    caller.delete(text(&made, "client_id")).await;
    caller.registered("y").await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let caller = Caller::start().await;
    for (method, path) in [
        ("GET", "/users"),
        ("PUT", "/clients"),
        ("GET", "/clients/x/rotate-secret"),
        ("GET", "/clients/"),
        ("GET", "/clients//credentials"),
        ("GET", "/clients/x/credentials/y/z"),
    ] {
        let answer = caller.call(method, path).await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
}
