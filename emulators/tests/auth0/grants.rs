//! Client grants and APIs.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{API, Caller, encoded, fields, refused, text};

fn grant(id: &str) -> String {
    format!("/client-grants/{id}")
}

fn api(name: &str) -> String {
    format!("/resource-servers/{}", encoded(name))
}

#[tokio::test]
async fn a_grant_is_made_read_changed_and_deleted() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let made = caller.grant(&client, API, &["read"]).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!(fields(&made), ["audience", "client_id", "id", "scope"]);
    let id = text(&made, "id");
    assert!(id.starts_with("cgr_") && id.len() == 20, "{id}");
    assert_eq!(caller.call("GET", &grant(id)).await.json(), made);
    let more = caller
        .send("PATCH", &grant(id), &json!({ "scope": ["write", "unknown"] }))
        .await;
    assert_eq!(more.status, 200, "what the API lacks is not looked at");
    assert_eq!(more.json()["scope"], json!(["write", "unknown"]));
    let none = caller.send("PATCH", &grant(id), &json!({ "scope": [] })).await;
    assert_eq!((none.status, &none.json()["scope"]), (200, &json!([])));
    for (body, message) in [
        (json!({}), "Too few properties"),
        (
            json!({ "audience": API }),
            "Additional properties not allowed: audience",
        ),
        (json!({ "scope": "read" }), "Expected type array"),
    ] {
        refused(
            &caller.send("PATCH", &grant(id), &body).await,
            400,
            "invalid_body",
            message,
        );
    }
    for _ in 0..2 {
        assert_eq!(caller.call("DELETE", &grant(id)).await.status, 204);
    }
    for method in ["GET", "PATCH"] {
        let absent = caller.send(method, &grant(id), &json!({ "scope": [] })).await;
        refused(&absent, 404, "inexistent_client_grant", "does not exist");
    }
}

#[tokio::test]
async fn one_grant_for_each_client_api_and_subject() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let again = caller.grant(&client, API, &["write"]).await;
    let id = text(&client, "client_id");
    refused(
        &again,
        409,
        "",
        &format!("A client grant already exists between {id} and {API}"),
    );
    let mut body = json!({ "client_id": id, "audience": API, "scope": ["read"], "subject_type": "user" });
    let of_users = caller.send("POST", "/client-grants", &body).await;
    assert_eq!(
        (of_users.status, &of_users.json()["subject_type"]),
        (201, &json!("user"))
    );
    body["subject_type"] = json!("client");
    assert_eq!(caller.send("POST", "/client-grants", &body).await.status, 409);
    body["subject_type"] = json!("robot");
    refused(
        &caller.send("POST", "/client-grants", &body).await,
        400,
        "invalid_body",
        "robot",
    );
    for (body, status, code) in [
        (
            json!({ "client_id": "gone", "audience": API, "scope": [] }),
            404,
            "inexistent_client",
        ),
        (
            json!({ "client_id": id, "audience": "urn:gone", "scope": [] }),
            404,
            "inexistent_resource_server",
        ),
        (json!({ "client_id": id, "audience": API }), 400, "invalid_body"),
        (json!({ "audience": API, "scope": [] }), 400, "invalid_body"),
    ] {
        refused(
            &caller.send("POST", "/client-grants", &body).await,
            status,
            code,
            "",
        );
    }
}

#[tokio::test]
async fn grants_are_listed_by_client_and_by_audience() {
    let caller = Caller::start().await;
    let (x, y) = (caller.granted("x").await, caller.granted("y").await);
    let other = json!({ "identifier": "urn:other" });
    caller.send("POST", "/resource-servers", &other).await;
    caller.grant(&x, "urn:other", &[]).await;
    let list = async |query: &str| {
        let list = caller.call("GET", &format!("/client-grants?{query}")).await;
        assert_eq!(list.status, 200);
        list.json()
    };
    let of = |id: &Value| format!("client_id={}", id.as_str().unwrap());
    assert_eq!(
        list("").await.as_array().unwrap().len(),
        4,
        "that of the operator too"
    );
    assert_eq!(list(&of(&x["client_id"])).await.as_array().unwrap().len(), 2);
    let both = list(&format!(
        "{}&audience={}&include_totals=true&per_page=50",
        of(&x["client_id"]),
        encoded(API)
    ))
    .await;
    assert_eq!(
        (&both["total"], &both["start"], &both["limit"]),
        (&json!(1), &json!(0), &json!(50))
    );
    assert_eq!(both["client_grants"][0]["scope"], json!(["read"]));
    let none = list(&format!(
        "{}&audience=urn:other&include_totals=true",
        of(&y["client_id"])
    ))
    .await;
    assert_eq!(
        none,
        json!({ "total": 0, "start": 0, "limit": 50, "client_grants": [] })
    );
    assert_eq!(list("subject_type=user").await, json!([]));
    let first = list("take=3").await;
    let rest = list(&format!("from={}&take=3", text(&first, "next"))).await;
    assert_eq!(
        (fields(&rest), rest["client_grants"].as_array().unwrap().len()),
        (vec!["client_grants"], 1)
    );
}

#[tokio::test]
async fn an_api_is_made_read_changed_and_deleted() {
    let caller = Caller::start().await;
    let identifier = "https://uat.example.com/client-grant/X y";
    let body = json!({
        "name": "n", "identifier": identifier, "scopes": [{ "value": "a", "description": "A" }],
        "subject_type_authorization": { "client": { "policy": "require_client_grant" } },
    });
    let made = caller.send("POST", "/resource-servers", &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made = made.json();
    assert_eq!(
        (
            &made["signing_alg"],
            &made["token_lifetime"],
            &made["token_lifetime_for_web"]
        ),
        (&json!("RS256"), &json!(86_400), &json!(7200))
    );
    let id = text(&made, "id");
    for name in [id, identifier] {
        let read = caller.call("GET", &api(name)).await;
        assert_eq!((read.status, read.json()), (200, made.clone()), "{name}");
    }
    let scopes = json!({ "scopes": [{ "value": "b" }] });
    let changed = caller.send("PATCH", &api(identifier), &scopes).await;
    assert_eq!(
        (changed.status, &changed.json()["scopes"]),
        (200, &scopes["scopes"])
    );
    let again = caller.send("POST", "/resource-servers", &body).await;
    refused(
        &again,
        409,
        "",
        "A resource server with the same identifier already exists",
    );
    for (body, message) in [
        (json!({}), "Too few properties"),
        (
            json!({ "identifier": "urn:other" }),
            "Additional properties not allowed: identifier",
        ),
        (
            json!({ "scopes": [{ "description": "A" }] }),
            "Missing required property: value",
        ),
    ] {
        refused(
            &caller.send("PATCH", &api(id), &body).await,
            400,
            "invalid_body",
            message,
        );
    }
    refused(
        &caller
            .send("POST", "/resource-servers", &json!({ "name": "n" }))
            .await,
        400,
        "invalid_body",
        "identifier",
    );
    for _ in 0..2 {
        assert_eq!(caller.call("DELETE", &api(identifier)).await.status, 204);
    }
    for method in ["GET", "PATCH"] {
        let absent = caller.send(method, &api(id), &scopes).await;
        refused(&absent, 404, "inexistent_resource_server", "does not exist");
    }
}

#[tokio::test]
async fn apis_are_listed_and_the_management_api_is_one() {
    let caller = Caller::start().await;
    let list = caller.call("GET", "/resource-servers").await.json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    let audience = caller.emulator.audience();
    assert_eq!(
        (&list[0]["identifier"], &list[0]["is_system"]),
        (&json!(audience), &json!(true))
    );
    let query = format!(
        "/resource-servers?identifiers={}&include_totals=true",
        encoded(API)
    );
    let one = caller.call("GET", &query).await.json();
    assert_eq!(
        (&one["total"], &one["resource_servers"][0]),
        (&json!(1), &list[1])
    );
    let scopes = json!({ "scopes": [] });
    let fixed = caller.send("PATCH", &api(&audience), &scopes).await;
    refused(
        &fixed,
        400,
        "invalid_body",
        "Additional properties not allowed: scopes",
    );
    let kept = caller.call("DELETE", &api(&audience)).await;
    refused(&kept, 400, "operation_not_supported", "");
    let short = caller
        .send("PATCH", &api(&audience), &json!({ "token_lifetime": 60 }))
        .await;
    assert_eq!(short.status, 200);
    assert_eq!(caller.login().await.json()["expires_in"], 60);
}

#[tokio::test]
async fn an_api_takes_its_grants_with_it() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    assert_eq!(caller.ask_for(&client).await.status, 200);
    caller.call("DELETE", &api(API)).await;
    assert_eq!(caller.emulator.grants().len(), 1);
    let gone = caller.ask_for(&client).await;
    assert!(
        gone.field("error_description")
            .contains("Service not enabled within domain")
    );
}
