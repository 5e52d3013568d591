//! Key credentials.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{API, Caller, attached, credentials, fields, refused, text, with_keys};
use crate::key::key;

async fn made(caller: &Caller, id: &str, number: usize) -> String {
    let answer = caller.add_key(id, key(number)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.field("id")
}

fn one(id: &str, credential: &str) -> String {
    format!("{}/{credential}", credentials(id))
}

#[tokio::test]
async fn a_credential_is_made_read_changed_and_deleted() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let id = text(&client, "client_id");
    let body = json!({ "credential_type": "public_key", "pem": key(0).pem(), "name": "n", "alg": "PS256" });
    let answer = caller.send("POST", &credentials(id), &body).await;
    assert_eq!(answer.status, 201);
    let credential = answer.json();
    assert_eq!(
        fields(&credential),
        [
            "alg",
            "created_at",
            "credential_type",
            "id",
            "kid",
            "name",
            "updated_at"
        ]
    );
    assert!(text(&credential, "id").starts_with("cred_"));
    assert_eq!(
        (text(&credential, "id").len(), text(&credential, "kid").len()),
        (27, 43)
    );
    let created = text(&credential, "created_at");
    assert!(created.len() == 24 && created.ends_with('Z'), "{created}");
    let path = one(id, text(&credential, "id"));
    assert_eq!(caller.call("GET", &path).await.json(), credential);
    let changed = caller
        .send(
            "PATCH",
            &path,
            &json!({ "expires_at": "2033-05-13T11:33:13+02:00" }),
        )
        .await;
    assert_eq!(
        (changed.status, text(&changed.json(), "expires_at")),
        (200, "2033-05-13T09:33:13.000Z")
    );
    let list = caller
        .call(
            "GET",
            &format!("{}?include_totals=true&per_page=50", credentials(id)),
        )
        .await;
    assert_eq!(
        list.json(),
        json!([changed.json()]),
        "an array whatever is asked for"
    );
    for (body, message) in [
        (json!({}), "Too few properties"),
        (json!({ "name": "m" }), "Additional properties not allowed: name"),
        (json!({ "expires_at": "soon" }), "date-time"),
    ] {
        refused(
            &caller.send("PATCH", &path, &body).await,
            400,
            "invalid_body",
            message,
        );
    }
    let unset = caller
        .send("PATCH", &path, &json!({ "expires_at": null }))
        .await
        .json();
    assert!(unset.get("expires_at").is_none());
    for _ in 0..2 {
        assert_eq!(caller.call("DELETE", &path).await.status, 204);
    }
    for method in ["GET", "PATCH"] {
        let absent = caller.send(method, &path, &json!({ "expires_at": null })).await;
        refused(
            &absent,
            404,
            "inexistent_credential",
            "The credential does not exist",
        );
    }
    refused(
        &caller.call("GET", &credentials("gone")).await,
        404,
        "inexistent_client",
        "",
    );
    refused(
        &caller.add_key("gone", key(0)).await,
        404,
        "inexistent_client",
        "",
    );
}

#[tokio::test]
async fn a_key_comes_in_three_forms_and_has_one_thumbprint() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let id = text(&client, "client_id");
    let mut kids = Vec::new();
    for (pem, ends) in [
        (key(0).pem(), None),
        (key(0).pkcs1(), None),
        (key(0).certificate(2033), Some("2033-01-01T00:00:00.000Z")),
        (key(0).certificate(2077), Some("2077-01-01T00:00:00.000Z")),
    ] {
        for parse in [true, false] {
            let body =
                json!({ "credential_type": "public_key", "pem": pem, "parse_expiry_from_cert": parse });
            let made = caller.send("POST", &credentials(id), &body).await;
            assert_eq!(made.status, 201, "{made:?}");
            let made = made.json();
            assert_eq!(made["expires_at"].as_str(), ends.filter(|_| parse));
            kids.push(text(&made, "kid").to_owned());
            caller.call("DELETE", &one(id, text(&made, "id"))).await;
        }
    }
    kids.dedup();
    assert_eq!(kids.len(), 1);
    let body = json!({
        "credential_type": "public_key", "pem": key(0).certificate(2033), "kid": "my-own_kid",
        "parse_expiry_from_cert": true, "expires_at": "2030-01-01T00:00:00Z",
    });
    let made = caller.send("POST", &credentials(id), &body).await.json();
    assert_eq!(
        (text(&made, "kid"), text(&made, "expires_at")),
        ("my-own_kid", "2030-01-01T00:00:00.000Z")
    );
}

#[tokio::test]
async fn what_is_no_credential_is_refused() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let path = credentials(text(&client, "client_id"));
    let with = |more: Value| {
        let mut body = json!({ "credential_type": "public_key", "pem": key(0).pem() });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    for (body, code, message) in [
        (
            json!({ "pem": key(0).pem() }),
            "invalid_body",
            "Missing required property: credential_type",
        ),
        (
            json!({ "credential_type": "public_key" }),
            "invalid_body",
            "Missing required property: pem",
        ),
        (with(json!({ "pem": "none" })), "invalid_body", "not an RSA key"),
        (with(json!({ "alg": "HS256" })), "invalid_body", "No enum match"),
        (with(json!({ "kid": "short" })), "invalid_body", "too short"),
        (
            with(json!({ "kid": "with blanks" })),
            "invalid_body",
            "does not match pattern",
        ),
        (
            with(json!({ "name": "n".repeat(129) })),
            "invalid_body",
            "too long",
        ),
        (
            with(json!({ "id": "cred_x" })),
            "invalid_body",
            "Additional properties not allowed: id",
        ),
        (
            with(json!({ "credential_type": "x509_cert" })),
            "operation_not_supported",
            "not emulated|Only",
        ),
    ] {
        let message = message.split('|').next_back().unwrap();
        refused(&caller.send("POST", &path, &body).await, 400, code, message);
    }
}

#[tokio::test]
async fn two_are_attached_and_four_are_there() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let id = text(&client, "client_id");
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(made(&caller, id, number).await);
    }
    let again = caller.add_key(id, key(2)).await;
    refused(
        &again,
        400,
        "invalid_body",
        "credentials contains public keys that already exist in client",
    );
    let fifth = caller.add_key(id, key(4)).await;
    refused(
        &fifth,
        400,
        "invalid_body",
        "A client can have a maximum of 4 credentials.",
    );
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let three = caller.attach(id, &ids[..3]).await;
    refused(&three, 400, "invalid_body", "Array is too long (3), maximum 2");
    let stranger = caller.attach(id, &["cred_other"]).await;
    refused(&stranger, 400, "inexistent_credential", "does not exist");
    let whole = json!({ "client_authentication_methods": { "private_key_jwt": {
        "credentials": [{ "id": ids[0], "pem": key(0).pem() }] } } });
    refused(&caller.update(id, &whole).await, 400, "invalid_body", "by its id");
    let two = caller.attach(id, &ids[..2]).await;
    assert_eq!(two.status, 200, "{two:?}");
    assert_eq!(
        two.json()["client_authentication_methods"],
        attached(&ids[..2])["client_authentication_methods"]
    );
    let kept = caller.call("DELETE", &one(id, ids[1])).await;
    refused(
        &kept,
        400,
        "operation_not_supported",
        "Cannot delete credential still associated with a client",
    );
    caller.attach(id, &ids[..1]).await;
    assert_eq!(caller.call("DELETE", &one(id, ids[1])).await.status, 204);
    assert_eq!(made(&caller, id, 4).await.len(), 27, "there is a place again");
}

#[tokio::test]
async fn a_registration_attaches_its_keys() {
    let caller = Caller::start().await;
    let answer = caller.register(&with_keys("x", &[key(0), key(1)])).await;
    assert_eq!(answer.status, 201);
    let client = answer.json();
    let told = &client["client_authentication_methods"]["private_key_jwt"]["credentials"];
    assert_eq!(
        fields(&told[0]),
        ["alg", "created_at", "credential_type", "id", "kid", "updated_at"]
    );
    assert!(client.get("client_secret").is_none() && client.get("token_endpoint_auth_method").is_none());
    let id = text(&client, "client_id");
    let ids = [text(&told[0], "id"), text(&told[1], "id")];
    let read = caller.get(id).await.json();
    assert_eq!(
        read["client_authentication_methods"],
        attached(&ids)["client_authentication_methods"],
        "later the ids are told only"
    );
    for (keys, message) in [
        (vec![key(0), key(0)], "already exist"),
        (vec![key(0), key(1), key(2)], "Array is too long (3), maximum 2"),
    ] {
        refused(
            &caller.register(&with_keys("y", &keys)).await,
            400,
            "invalid_body",
            message,
        );
    }
    let mut both = with_keys("y", &[key(0)]);
    both["token_endpoint_auth_method"] = json!("client_secret_post");
    refused(
        &caller.register(&both).await,
        400,
        "invalid_body",
        "mutually exclusive",
    );
    let mut no_alg = with_keys("y", &[key(0)]);
    no_alg["jwt_configuration"] = json!({});
    refused(&caller.register(&no_alg).await, 400, "invalid_body", "RS256");
    let tls = json!({ "name": "y", "client_authentication_methods": { "tls_client_auth": {} } });
    refused(
        &caller.register(&tls).await,
        400,
        "operation_not_supported",
        "tls_client_auth",
    );
}

#[tokio::test]
async fn keys_and_secrets_exclude_each_other() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let id = text(&client, "client_id");
    let credential = made(&caller, id, 0).await;
    assert_eq!(
        caller.ask_for(&client).await.status,
        200,
        "it is not attached yet"
    );
    let tenant = caller.emulator.tenant_url();
    let early = caller.ask_with(&key(0).assertion(id, &tenant), API).await;
    assert_eq!(early.status, 401);
    let attached = caller.attach(id, &[&credential]).await.json();
    assert!(attached.get("client_secret").is_none());
    assert_eq!(caller.ask_for(&client).await.status, 401);
    assert_eq!(
        caller.ask_with(&key(0).assertion(id, &tenant), API).await.status,
        200
    );
    refused(
        &caller.rotate(id).await,
        400,
        "operation_not_supported",
        "private_key_jwt",
    );
    let back = json!({
        "client_authentication_methods": null, "token_endpoint_auth_method": "client_secret_post",
    });
    let back = caller.update(id, &back).await.json();
    assert_eq!(back["client_secret"], client["client_secret"]);
    assert_eq!(caller.ask_for(&client).await.status, 200);
    assert_eq!(
        caller.ask_with(&key(0).assertion(id, &tenant), API).await.status,
        401
    );
}

/// As it was recorded.
#[tokio::test]
async fn keys_are_rotated_without_a_gap() {
    let caller = Caller::start().await;
    let client = caller.keyed("x", &[key(0)]).await;
    let id = text(&client, "client_id");
    let tenant = caller.emulator.tenant_url();
    let works = |number: usize| {
        let (caller, assertion) = (&caller, key(number).assertion(id, &tenant));
        async move { caller.ask_with(&assertion, API).await.status == 200 }
    };
    let old = caller.call("GET", &credentials(id)).await.json();
    let old = text(&old[0], "id").to_owned();
    let new = made(&caller, id, 1).await;
    assert_eq!((works(0).await, works(1).await), (true, false));
    caller.attach(id, &[&old, &new]).await;
    assert_eq!((works(0).await, works(1).await), (true, true));
    caller.attach(id, &[&new]).await;
    assert_eq!((works(0).await, works(1).await), (false, true));
    assert_eq!(caller.call("DELETE", &one(id, &old)).await.status, 204);
    assert_eq!((works(0).await, works(1).await), (false, true));
}

#[tokio::test]
async fn an_expired_credential_is_there_and_good_for_nothing() {
    let caller = Caller::start().await;
    let client = caller.keyed("x", &[key(0)]).await;
    let id = text(&client, "client_id");
    let list = caller.call("GET", &credentials(id)).await.json();
    let path = one(id, text(&list[0], "id"));
    let tenant = caller.emulator.tenant_url();
    for (end, status) in [("2020-01-01T00:00:00Z", 401), ("2120-01-01T00:00:00Z", 200)] {
        caller.send("PATCH", &path, &json!({ "expires_at": end })).await;
        assert_eq!(
            caller.ask_with(&key(0).assertion(id, &tenant), API).await.status,
            status
        );
    }
}
