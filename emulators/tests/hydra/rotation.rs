//! Rotation of secrets with an overlap, which releases after 26.2 have.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::json;

use crate::caller::{Caller, client, read, wish, with};

async fn offered(switches: &[(&str, &str)]) -> Caller {
    let caller = Caller::switched(&[("rotation", "offered")]).await;
    caller.set(switches);
    caller.registered("x").await;
    caller
}

#[tokio::test]
async fn a_rotated_secret_stays_good_until_it_is_cleared() {
    let caller = offered(&[]).await;
    let rotated = caller.rotate("x").await;
    let second = rotated.field("client_secret");
    assert_eq!((rotated.status, second.len()), (200, 26));
    assert_eq!(rotated.json()["client_name"], "Client x");
    assert_eq!(caller.good("x", ["secret-of-x", &second]).await, [true, true]);
    let third = caller.rotate("x").await.field("client_secret");
    assert_eq!(
        caller.good("x", ["secret-of-x", &second, &third]).await,
        [true; 3]
    );
    let shown = caller.get("x").await;
    for secret in ["secret-of-x", &second, &third, "rotated"] {
        assert!(!shown.text.contains(secret), "nothing of it is seen");
    }

    let cleared = caller.clear("x").await;
    assert_eq!(cleared.status, 200);
    assert_eq!(cleared.json().get("client_secret"), None);
    assert_eq!(
        caller.good("x", ["secret-of-x", &second, &third]).await,
        [false, false, true]
    );
    assert_eq!(caller.clear("x").await.status, 200, "there is nothing left to do");
    assert_eq!(caller.emulator.counters().changes, 4);
}

#[tokio::test]
async fn the_newest_five_are_kept() {
    for (kept, count) in [("5", 5), ("2", 2), ("0", 0)] {
        let caller = offered(&[("rotated_kept", kept)]).await;
        let mut secrets = vec!["secret-of-x".to_owned()];
        for _ in 0..7 {
            secrets.push(caller.rotate("x").await.field("client_secret"));
        }
        let newest = secrets.pop().unwrap();
        assert!(caller.emulator.verify_pair("x", &newest));
        secrets.reverse();
        let good = secrets
            .iter()
            .map(|secret| caller.emulator.verify_pair("x", secret));
        let expected = (0..7).map(|age| age < count);
        assert!(good.eq(expected), "{kept}");
    }
}

#[tokio::test]
async fn a_secret_that_is_set_clears_those_before() {
    for by_patch in [false, true] {
        let caller = offered(&[]).await;
        let second = caller.rotate("x").await.field("client_secret");
        let untouched = caller
            .update("x", &with(&wish("x"), &json!({ "client_secret": null })))
            .await;
        assert_eq!(untouched.status, 200);
        caller
            .patch("x", &json!([{ "op": "replace", "path": "/owner", "value": "o" }]))
            .await;
        caller.set_lifespans("x", &json!({})).await;
        assert_eq!(
            caller.good("x", ["secret-of-x", &second]).await,
            [true, true],
            "another change does not"
        );
        let answer = if by_patch {
            let set = json!([{ "op": "add", "path": "/client_secret", "value": "third-secret" }]);
            caller.patch("x", &set).await
        } else {
            caller
                .update(
                    "x",
                    &with(&wish("x"), &json!({ "client_secret": "third-secret" })),
                )
                .await
        };
        assert_eq!(answer.status, 200);
        assert_eq!(
            caller.good("x", ["secret-of-x", &second, "third-secret"]).await,
            [false, false, true]
        );
    }
}

#[tokio::test]
async fn only_clients_with_a_secret_rotate_it() {
    let caller = offered(&[]).await;
    for (method, status) in [
        ("client_secret_basic", 200),
        ("client_secret_post", 200),
        ("private_key_jwt", 400),
        ("none", 400),
    ] {
        let more = json!({ "token_endpoint_auth_method": method, "jwks": {} });
        assert_eq!(caller.update("x", &with(&wish("x"), &more)).await.status, 200);
        let statuses = [caller.rotate("x").await.status, caller.clear("x").await.status];
        assert_eq!(statuses, [status; 2], "{method}");
    }
    assert_eq!(
        [caller.rotate("y").await.status, caller.clear("y").await.status],
        [404; 2]
    );
}

#[tokio::test]
async fn rotation() {
    for (value, status, text) in [
        ("404", 404, "<h1>404"),
        ("405", 405, "Method Not Allowed"),
        ("500", 500, "<h1>500"),
        ("offered", 200, "client_id"),
    ] {
        let caller = offered(&[("rotation", value)]).await;
        for answer in [caller.rotate("x").await, caller.clear("x").await] {
            assert_eq!(answer.status, status, "{value}");
            assert!(answer.text.contains(text), "{answer:?}");
        }
        assert_eq!(
            caller.emulator.verify_pair("x", "secret-of-x"),
            value != "offered"
        );
    }
}

#[tokio::test]
async fn rotate_chosen() {
    let chosen = async |caller: &Caller, secret: &str| {
        let path = client("x") + "/secrets/rotate";
        caller
            .send("POST", &path, &json!({ "client_secret": secret }))
            .await
    };
    for (value, status, is_taken) in [
        ("applied", 200, true),
        ("ignored", 200, false),
        ("400", 400, false),
    ] {
        let caller = offered(&[("rotate_chosen", value)]).await;
        let answer = chosen(&caller, "chosen-secret").await;
        assert_eq!(answer.status, status, "{value}");
        assert_eq!(caller.emulator.verify_pair("x", "chosen-secret"), is_taken);
        if status == 200 {
            assert_eq!(answer.field("client_secret") == "chosen-secret", is_taken);
            assert!(caller.emulator.verify_pair("x", &answer.field("client_secret")));
        }
        assert!(caller.emulator.verify_pair("x", "secret-of-x"));
        assert_eq!(chosen(&caller, "").await.status, 200, "an empty one is none");
    }
    let caller = offered(&[]).await;
    assert_eq!(chosen(&caller, "short").await.status, 400);
    let broken = caller
        .request("POST", &(client("x") + "/secrets/rotate"))
        .body("{");
    assert_eq!(read(broken).await.status, 400);
    assert_eq!(caller.emulator.counters().changes, 1);
}

#[tokio::test]
async fn rotate_status_and_clear_status() {
    for status in ["200", "201", "202", "204"] {
        let caller = offered(&[("rotate_status", status), ("clear_status", status)]).await;
        for answer in [caller.rotate("x").await, caller.clear("x").await] {
            assert_eq!(answer.status.to_string(), status);
            assert_eq!(answer.text.is_empty(), status == "204");
        }
        assert_eq!(
            caller.emulator.counters().changes,
            3,
            "whatever is said, it is done"
        );
    }
}
