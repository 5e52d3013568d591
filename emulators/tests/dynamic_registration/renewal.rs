//! What the switches make of secrets and registration access tokens.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::caller::{Caller, place, refusal, sendable, with};

const RAT: &str = "registration_access_token";

async fn update(caller: &Caller, client: &Value) -> Value {
    let answer = caller.update(client, &sendable(client)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn an_update_may_replace_the_token() {
    for (value, old) in [("at_once", 401), ("at_first_use", 200)] {
        let caller = Caller::switched(&[("rat_on_put", "new"), ("old_rat", value)]).await;
        let first = caller.registered("x").await;
        let second = update(&caller, &first).await;
        assert_ne!(first[RAT], second[RAT]);
        assert_eq!(first["client_secret"], second["client_secret"]);
        assert_eq!(caller.read(&first).await.status, old, "{value}");
        assert_eq!(caller.read(&second).await.json(), second);
        assert_eq!(caller.read(&first).await.status, 401, "the new one was used");
    }
    let caller = Caller::switched(&[("rat_on_put", "new")]).await;
    let client = caller.registered("x").await;
    assert_eq!(caller.update(&client, &json!({})).await.status, 400);
    assert_eq!(
        caller.read(&client).await.json(),
        client,
        "a refused update replaces nothing"
    );
}

#[tokio::test]
async fn a_replaced_token_may_live_through_two_updates() {
    let caller = Caller::switched(&[("rat_on_put", "new"), ("old_rat", "at_first_use")]).await;
    let first = caller.registered("x").await;
    update(&caller, &first).await;
    let third = update(&caller, &first).await;
    assert_eq!(caller.read(&first).await.status, 200);
    let old = caller.control("GET", "/state", None).await.json();
    assert_eq!(old["old_registration_access_tokens"].as_array().unwrap().len(), 2);
    caller.read(&third).await;
    assert_eq!(caller.read(&first).await.status, 401);
}

#[tokio::test]
async fn a_read_may_replace_the_token() {
    let caller = Caller::switched(&[("rat_on_get", "new")]).await;
    let first = caller.registered("x").await;
    let second = caller.read(&first).await.json();
    assert_ne!(first[RAT], second[RAT]);
    assert_eq!(
        refusal(&caller.read(&first).await),
        (401, "invalid_token".to_owned())
    );
    assert_eq!(caller.read(&second).await.status, 200);
    assert_eq!(caller.emulator.counters().changes, 3);

    let caller = Caller::switched(&[("rat_on_get", "resigned")]).await;
    let first = caller.registered("x").await;
    let second = caller.read(&first).await.json();
    assert_ne!(first[RAT], second[RAT]);
    for client in [&first, &second, &first] {
        assert_eq!(caller.read(client).await.status, 200, "both work");
    }
    caller.set(&[("rat_on_get", "keep"), ("rat_on_put", "new")]);
    let third = update(&caller, &first).await;
    assert_eq!(caller.read(&first).await.status, 401);
    assert_eq!(caller.read(&second).await.status, 401);
    assert_eq!(caller.read(&third).await.status, 200);
}

#[tokio::test]
async fn a_token_may_be_left_out_of_answers() {
    for (value, same, new) in [
        ("always", true, true),
        ("changed", false, true),
        ("never", false, false),
    ] {
        let caller = Caller::switched(&[("rat_in_get_answer", value), ("rat_in_put_answer", value)]).await;
        let client = caller.registered("x").await;
        assert_eq!(
            caller.read(&client).await.json().get(RAT).is_some(),
            same,
            "{value}"
        );
        assert_eq!(update(&caller, &client).await.get(RAT).is_some(), same, "{value}");
        caller.set(&[
            ("rat_on_get", "new"),
            ("rat_on_put", "new"),
            ("old_rat", "at_first_use"),
        ]);
        assert_eq!(
            caller.read(&client).await.json().get(RAT).is_some(),
            new,
            "{value}"
        );
        assert_eq!(update(&caller, &client).await.get(RAT).is_some(), new, "{value}");
    }
}

#[tokio::test]
async fn a_token_may_expire() {
    let caller = Caller::switched(&[("rat_seconds", "1"), ("rat_on_get", "new")]).await;
    let client = caller.registered("x").await;
    let client = caller.read(&client).await.json();
    tokio::time::sleep(Duration::from_millis(1050)).await;
    let late = caller.read(&client).await;
    assert_eq!(refusal(&late), (401, "invalid_token".to_owned()));
    assert_eq!(caller.token_status(&client).await, 200);
}

#[tokio::test]
async fn a_token_may_be_a_signed_one() {
    let caller = Caller::switched(&[("rat_form", "jwt")]).await;
    let client = caller.registered("x").await;
    let (_, token) = place(&client);
    assert!(token.split('.').count() == 3 && token.len() > 500, "{token}");
    assert_eq!(caller.read(&client).await.json(), client);
}

#[tokio::test]
async fn a_token_that_comes_for_another_client_may_be_destroyed() {
    for (value, unknown, foreign) in [
        ("kept", 200, 200),
        ("destroyed_if_unknown", 401, 200),
        ("destroyed", 401, 401),
    ] {
        let caller = Caller::switched(&[("foreign_rat", value)]).await;
        let (one, other) = (caller.registered("one").await, caller.registered("other").await);
        let (url, _) = place(&one);
        let wrong = caller.manage("GET", url, place(&other).1, None).await;
        assert_eq!(wrong.status, 401);
        assert_eq!(caller.read(&other).await.status, foreign, "{value}");
        let nobody = caller
            .manage("DELETE", &format!("{url}x"), place(&one).1, None)
            .await;
        assert_eq!(nobody.status, 401);
        assert_eq!(caller.read(&one).await.status, unknown, "{value}");
    }
}

#[tokio::test]
async fn an_update_may_replace_the_secret() {
    let caller = Caller::switched(&[("secret_on_put", "new"), ("secret_in_put", "demanded")]).await;
    let first = caller.registered("x").await;
    let mut without = sendable(&first);
    without.as_object_mut().unwrap().remove("client_secret");
    let refused = caller.update(&first, &without).await;
    assert_eq!(refusal(&refused), (400, "invalid_request".to_owned()));
    assert_eq!(caller.token_status(&first).await, 200);
    let second = update(&caller, &first).await;
    assert_ne!(first["client_secret"], second["client_secret"]);
    assert_eq!(first["client_id"], second["client_id"]);
    assert_eq!(
        [
            caller.token_status(&first).await,
            caller.token_status(&second).await
        ],
        [401, 200]
    );
    let stale = caller.update(&first, &sendable(&first)).await;
    assert_eq!(
        stale.status, 400,
        "the first secret is not the current one any more"
    );

    let caller = Caller::switched(&[("secret_in_put", "403")]).await;
    let client = caller.registered("x").await;
    assert_eq!(caller.update(&client, &sendable(&client)).await.status, 403);
    let mut without = sendable(&client);
    without.as_object_mut().unwrap().remove("client_secret");
    assert_eq!(caller.update(&client, &without).await.status, 200);
}

#[tokio::test]
async fn an_update_may_replace_an_expired_secret_only() {
    let caller = Caller::switched(&[("secret_on_put", "new_if_expired")]).await;
    let client = caller.registered("x").await;
    assert_eq!(
        update(&caller, &client).await["client_secret"],
        client["client_secret"]
    );
    let past = Timestamp::now().as_second() - 1;
    let id = client["client_id"].as_str().unwrap();
    assert!(
        caller
            .emulator
            .edit_client(id, |client| client.client_secret_expires_at = past)
    );
    assert_eq!(caller.token_status(&client).await, 401);
    let renewed = update(&caller, &client).await;
    assert_ne!(renewed["client_secret"], client["client_secret"]);
    assert_eq!(caller.token_status(&renewed).await, 200);
}

#[tokio::test]
async fn a_read_may_replace_the_secret() {
    let caller = Caller::switched(&[("secret_on_get", "new")]).await;
    let first = caller.registered("x").await;
    let second = caller.read(&first).await.json();
    assert_ne!(first["client_secret"], second["client_secret"]);
    assert_eq!(
        [
            caller.token_status(&first).await,
            caller.token_status(&second).await
        ],
        [401, 200]
    );
}

#[tokio::test]
async fn a_secret_may_be_left_out_of_answers() {
    for (value, same, new) in [
        ("always", true, true),
        ("changed", false, true),
        ("never", false, false),
    ] {
        let caller =
            Caller::switched(&[("secret_in_get_answer", value), ("secret_in_put_answer", value)]).await;
        let client = caller.registered("x").await;
        let shows = |answer: &Value| answer.get("client_secret").is_some();
        assert_eq!(shows(&caller.read(&client).await.json()), same, "{value}");
        assert_eq!(shows(&update(&caller, &client).await), same, "{value}");
        caller.set(&[("secret_on_get", "new"), ("secret_on_put", "new")]);
        assert_eq!(shows(&update(&caller, &client).await), new, "{value}");
        assert_eq!(shows(&caller.read(&client).await.json()), new, "{value}");
    }
}

#[tokio::test]
async fn a_secret_may_expire() {
    let caller = Caller::switched(&[("secret_seconds", "3600")]).await;
    let client = caller.registered("x").await;
    let left = client["client_secret_expires_at"].as_i64().unwrap() - Timestamp::now().as_second();
    assert!((3500..=3600).contains(&left), "{left}");
    caller.set(&[("secret_seconds", "1")]);
    let client = caller.registered("y").await;
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(caller.token_status(&client).await, 401);
    let other = with(&client, &json!({ "client_secret": "wrong" }));
    assert_eq!(caller.token_status(&other).await, 401);
}

#[tokio::test]
async fn an_old_secret_may_live_on() {
    let caller = Caller::switched(&[("old_secret_ms", "600000"), ("secret_on_put", "new")]).await;
    let first = caller.registered("x").await;
    let second = update(&caller, &first).await;
    assert_eq!(
        [
            caller.token_status(&first).await,
            caller.token_status(&second).await
        ],
        [200, 200]
    );
    let id = first["client_id"].as_str().unwrap();
    assert!(
        caller
            .emulator
            .verify_pair(id, first["client_secret"].as_str().unwrap())
    );
    caller.set(&[("old_secret_ms", "200")]);
    let third = caller.emulator.rotate_secret(id).unwrap();
    assert!(caller.emulator.verify_pair(id, &third));
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert_eq!(caller.token_status(&second).await, 401);
    caller.delete(&first).await;
    assert_eq!(
        caller.token_status(&first).await,
        401,
        "it does not outlive its client"
    );
}

#[tokio::test]
async fn ids_and_secrets_may_have_any_printable_character() {
    for (value, fits) in [
        (
            "url_safe",
            (|char: char| char.is_ascii_alphanumeric() || "-_".contains(char)) as fn(char) -> bool,
        ),
        ("base64", |char| {
            char.is_ascii_alphanumeric() || "+/=".contains(char)
        }),
        ("symbols", |char| char.is_ascii_graphic()),
    ] {
        for form in ["path", "query", "other_path"] {
            let caller = Caller::switched(&[
                ("secret_alphabet", value),
                ("id_alphabet", value),
                ("uri_form", form),
            ])
            .await;
            let client = caller.registered("x").await;
            let [id, secret] = ["client_id", "client_secret"].map(|name| client[name].as_str().unwrap());
            assert!(
                id.chars().chain(secret.chars()).all(fits),
                "{value}: {id} {secret}"
            );
            assert_eq!(secret.len(), 43);
            assert_eq!(caller.read(&client).await.json(), client, "{value}, {form}");
            assert_eq!(caller.emulator.requests()[1].client.as_deref(), Some("x"));
            assert_eq!(update(&caller, &client).await, client);
            assert_eq!(caller.delete(&client).await.status, 204);
        }
    }
}
