//! What the switches make of ids and secrets.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Api, GRANT};

#[tokio::test]
async fn what_becomes_of_the_pair() {
    for (value, same_id, same_secret) in [
        ("keep", true, true),
        ("new_secret", true, false),
        ("new_pair", false, false),
    ] {
        let api = Api::switched(&[("put_pair", value)]).await;
        let before = api.register("x", "a").await.json();
        for scope in ["b", "b"] {
            let after = api.put("x", scope).await.json();
            assert_eq!(after["client_id"] == before["client_id"], same_id, "{value}");
            assert_eq!(
                after["client_secret"] == before["client_secret"],
                same_secret,
                "{value}"
            );
            assert_eq!(api.get("x").await.json(), after);
        }
        let changes = api.emulator.counters().changes;
        assert_eq!(
            changes,
            if value == "keep" { 2 } else { 3 },
            "a PUT without a difference may change the pair"
        );
    }
    for (value, same_id) in [("both", false), ("secret_only", true)] {
        let api = Api::switched(&[("rotate_changes", value)]).await;
        let before = api.register("x", "a").await.json();
        let after = api.rotate("x").await.json();
        assert_eq!(after["client_id"] == before["client_id"], same_id);
        assert_ne!(after["client_secret"], before["client_secret"]);
    }
}

#[tokio::test]
async fn old_pairs_live_on_for_a_while() {
    let api = Api::switched(&[("old_pair_seconds", "600")]).await;
    let old = api.emulator.add_client("x", "a");
    api.rotate("x").await;
    api.rotate("x").await;
    assert_eq!(
        api.token(&old.client_id, &old.client_secret, &[GRANT])
            .await
            .status,
        200
    );
    api.delete("x").await;
    assert_eq!(
        api.token(&old.client_id, &old.client_secret, &[GRANT])
            .await
            .status,
        401
    );

    api.emulator.add_client("x", "a");
    let again = api.token(&old.client_id, &old.client_secret, &[GRANT]).await;
    assert_eq!(
        again.status, 401,
        "another client of the name does not inherit it"
    );

    api.set(&[("old_pair_seconds", "1")]);
    let old = api.emulator.add_client("y", "a");
    api.rotate("y").await;
    tokio::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(
        api.token(&old.client_id, &old.client_secret, &[GRANT])
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn whether_the_secret_can_be_read() {
    for (value, in_list, in_get) in [
        ("shown", Some("s"), Some("s")),
        ("not_in_list", None, Some("s")),
        ("masked", Some("********"), Some("********")),
        ("absent", None, None),
    ] {
        let api = Api::switched(&[("read_secret", value)]).await;
        let pair = json!({ "client_name": "x", "client_id": "i", "client_secret": "s" });
        api.control("POST", "/clients", Some(&pair)).await;
        assert_eq!(
            api.list().await.json()[0]
                .get("client_secret")
                .and_then(Value::as_str),
            in_list
        );
        assert_eq!(
            api.get("x")
                .await
                .json()
                .get("client_secret")
                .and_then(Value::as_str),
            in_get
        );
        let change = api.rotate("x").await;
        assert_eq!(
            change.field("client_secret"),
            api.emulator.clients()[0].client_secret
        );
    }
}

#[tokio::test]
async fn what_secrets_consist_of() {
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
        let api = Api::switched(&[("secret_alphabet", value)]).await;
        let secret = api.register("x", "a").await.field("client_secret");
        assert!(
            secret.chars().count() == 50 && secret.chars().all(fits),
            "{value}: {secret}"
        );
        match value {
            "base64" => assert!(secret.ends_with("==")),
            "symbols" => assert!("+%:&\"\\".chars().all(|char| secret.contains(char))),
            _ => {}
        }
        let client = &api.emulator.clients()[0];
        assert_eq!(api.token(&client.client_id, &secret, &[GRANT]).await.status, 200);
    }
}
