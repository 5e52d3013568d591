//! The management of clients as it is documented.

use serde_json::{Value, json};

use crate::caller::{Caller, machine, place, refusal, sendable, with};

fn invalid_request() -> (u16, String) {
    (400, "invalid_request".to_owned())
}

fn invalid_token() -> (u16, String) {
    (401, "invalid_token".to_owned())
}

#[tokio::test]
async fn a_client_lives_as_documented() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let read = caller.read(&client).await;
    assert_eq!((read.status, read.json()), (200, client.clone()));
    assert_eq!(read.header("cache-control"), Some("no-store"));

    let wish = with(
        &sendable(&client),
        &json!({ "scope": "c", "software_version": "2" }),
    );
    let updated = caller.update(&client, &wish).await;
    assert_eq!(updated.status, 200);
    let expected = with(&client, &json!({ "scope": "c", "software_version": "2" }));
    assert_eq!(updated.json(), expected, "id, secret and token are the same");
    assert_eq!(caller.read(&client).await.json(), expected);

    let deleted = caller.delete(&client).await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    assert_eq!(caller.token_status(&client).await, 401);
    for again in [
        caller.read(&client).await,
        caller.update(&client, &wish).await,
        caller.delete(&client).await,
    ] {
        assert_eq!(refusal(&again), invalid_token());
        assert!(again.challenged);
    }
    let counters = caller.emulator.counters();
    assert_eq!((counters.mutations, counters.changes), (5, 3));
    let counted = ["register", "read", "update", "delete", "token"].map(|name| counters.of(name));
    assert_eq!(counted, [1, 3, 2, 2, 1]);
    let requests = caller.emulator.requests();
    assert!(
        requests.iter().all(|entry| entry.client.as_deref() == Some("x")),
        "even when it has gone"
    );
    assert_eq!(
        (requests[1].authorization, requests[1].operation),
        ("bearer", "read")
    );
}

#[tokio::test]
async fn an_update_replaces_the_whole_document() {
    let caller = Caller::start().await;
    let full = with(
        &machine("x"),
        &json!({ "software_id": "soft", "contacts": ["a"], "logo_uri": "https://l.example" }),
    );
    let client = caller.register(&full).await.json();
    let wish = json!({
        "client_id": client["client_id"], "grant_types": ["client_credentials"], "software_id": "soft", "contacts": null,
    });
    let updated = caller.update(&client, &wish).await.json();
    let expected = json!({
        "grant_types": ["client_credentials"], "response_types": [], "software_id": "soft",
        "token_endpoint_auth_method": "client_secret_basic",
    });
    assert_eq!(Value::Object(caller.there(&client).metadata), expected);
    assert!(
        ["scope", "contacts", "logo_uri", "client_name"]
            .iter()
            .all(|field| updated.get(field).is_none())
    );
    let same = caller.update(&client, &wish).await;
    assert_eq!(
        (same.status, caller.emulator.counters().changes),
        (200, 2),
        "nothing changed"
    );
}

#[tokio::test]
async fn an_update_that_makes_no_sense_is_refused() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let wish = sendable(&client);
    for field in [
        "registration_access_token",
        "registration_client_uri",
        "client_secret_expires_at",
        "client_id_issued_at",
    ] {
        let answer = caller
            .update(&client, &with(&wish, &json!({ field: client[field] })))
            .await;
        assert_eq!(refusal(&answer), invalid_request(), "{field}");
        assert_eq!(
            answer.field("error_description"),
            format!("request MUST NOT include the {field} field")
        );
    }
    for (more, error) in [
        (json!({ "client_id": null }), "invalid_request"),
        (json!({ "client_id": "other" }), "invalid_request"),
        (json!({ "client_secret": "my own" }), "invalid_request"),
        (json!({ "grant_types": ["magic"] }), "invalid_client_metadata"),
        (json!({ "redirect_uris": ["nowhere"] }), "invalid_redirect_uri"),
    ] {
        let answer = caller.update(&client, &with(&wish, &more)).await;
        assert_eq!(refusal(&answer), (400, error.to_owned()), "{more}");
    }
    let mut nameless = wish.clone();
    nameless.as_object_mut().unwrap().remove("client_id");
    assert_eq!(
        refusal(&caller.update(&client, &nameless).await),
        invalid_request()
    );
    assert_eq!(
        refusal(&caller.update(&client, &json!([])).await),
        invalid_request()
    );
    assert_eq!(caller.read(&client).await.json(), client, "it is what it was");
    for secret in [Value::Null, client["client_secret"].clone()] {
        let answer = caller
            .update(&client, &with(&wish, &json!({ "client_secret": secret })))
            .await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn a_client_is_managed_with_its_own_token_only() {
    let caller = Caller::start().await;
    let (one, other) = (caller.registered("one").await, caller.registered("other").await);
    let (url, token) = place(&one);
    let (_, foreign) = place(&other);
    for wrong in ["wrong", "", foreign] {
        let answer = caller.manage("GET", url, wrong, None).await;
        assert_eq!(refusal(&answer), invalid_token(), "{wrong}");
    }
    let without = caller.request("GET", url).send().await.unwrap();
    assert_eq!(without.status().as_u16(), 401);
    let basic = caller
        .request("GET", url)
        .basic_auth("one", Some(token))
        .send()
        .await
        .unwrap();
    assert_eq!(basic.status().as_u16(), 401);
    assert_eq!(caller.read(&one).await.status, 200);
    assert_eq!(caller.read(&other).await.status, 200, "it was not destroyed");
}

#[tokio::test]
async fn a_token_that_comes_for_nobody_is_revoked() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let (url, token) = place(&client);
    let nobody = caller.manage("GET", &format!("{url}x"), token, None).await;
    assert_eq!(refusal(&nobody), invalid_token());
    assert_eq!(caller.emulator.counters().changes, 2);
    assert_eq!(refusal(&caller.read(&client).await), invalid_token());
    assert_eq!(caller.there(&client).registration_access_token, None);
    assert_eq!(
        caller.token_status(&client).await,
        200,
        "the client itself works on"
    );
}

#[tokio::test]
async fn a_client_that_becomes_confidential_gets_a_secret() {
    let caller = Caller::start().await;
    let public = json!({ "token_endpoint_auth_method": "none", "redirect_uris": ["https://a.example"] });
    let client = caller.register(&public).await.json();
    let wish = sendable(&client);
    let updated = caller
        .update(
            &client,
            &with(&wish, &json!({ "token_endpoint_auth_method": null })),
        )
        .await;
    let secret = updated.field("client_secret");
    assert_eq!(updated.json()["client_secret_expires_at"], 0);
    let back = caller.update(&client, &wish).await.json();
    assert!(back.get("client_secret").is_none() && back.get("client_secret_expires_at").is_none());
    assert!(
        !caller
            .emulator
            .verify_pair(client["client_id"].as_str().unwrap(), &secret)
    );
    let again = caller
        .update(
            &client,
            &with(&wish, &json!({ "token_endpoint_auth_method": null })),
        )
        .await;
    assert_eq!(again.field("client_secret"), secret, "it was kept");
}
