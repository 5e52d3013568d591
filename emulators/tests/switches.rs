//! What each switch makes of the management API.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Api, Read};

/// Status and body, `null` for none.
fn said(read: &Read) -> (u16, Value) {
    (
        read.status,
        if read.text.is_empty() {
            Value::Null
        } else {
            read.json()
        },
    )
}

#[tokio::test]
async fn success_has_the_status_it_was_given() {
    for status in ["200", "201", "202", "204"] {
        let code: u16 = status.parse().unwrap();
        let switches = [
            "register_status",
            "put_create_status",
            "put_change_status",
            "rotate_status",
            "delete_status",
            "scope_status",
        ];
        for name in switches {
            let api = Api::switched(&[(name, status)]).await;
            let answers = [
                ("register_status", api.register("x", "a").await),
                ("put_create_status", api.put("y", "a").await),
                ("put_change_status", api.put("y", "b").await),
                ("rotate_status", api.rotate("x").await),
                ("delete_status", api.delete("x").await),
                (
                    "scope_status",
                    api.send("POST", "/scope", &json!({ "scope": "c" })).await,
                ),
                (
                    "scope_status",
                    api.send("PATCH", "/scope", &json!({ "scope": "c" })).await,
                ),
            ];
            for (other, answer) in answers {
                let expected = if other == name { code } else { 200 };
                assert_eq!(answer.status, expected, "{other} under {name}={status}");
                assert_eq!(answer.text.is_empty(), expected == 204);
            }
            assert_eq!(api.emulator.counters().changes, 7, "whatever is said, it is done");
        }
    }
}

#[tokio::test]
async fn duplicate_register() {
    for (value, status, clients, same_pair) in [
        ("409", 409, 1, true),
        ("400", 400, 1, true),
        ("500", 500, 1, true),
        ("keep", 200, 1, true),
        ("overwrite", 200, 1, false),
        ("second", 200, 2, true),
    ] {
        let api = Api::switched(&[("duplicate_register", value)]).await;
        let first = api.register("x", "a").await;
        let again = api.register("x", "b").await;
        assert_eq!(again.status, status, "{value}");
        let all = api.emulator.clients_named("x");
        assert_eq!(
            (all.len(), json!(all[0]) == first.json()),
            (clients, same_pair),
            "{value}"
        );
        match value {
            "keep" => assert_eq!(again.json(), first.json()),
            "overwrite" => assert_eq!((again.json(), all[0].scope.as_str()), (json!(all[0]), "b")),
            "second" => assert_eq!(again.json(), json!(all[1])),
            _ => assert!(!again.text.contains("client_secret")),
        }
    }
}

#[tokio::test]
async fn several_of_one_name() {
    for (value, expected) in [
        ("first", (200, Some(0))),
        ("last", (200, Some(1))),
        ("500", (500, None)),
    ] {
        let api = Api::switched(&[("same_name_lookup", value)]).await;
        let both = [
            api.emulator.add_client("x", "a"),
            api.emulator.add_client("x", "b"),
        ];
        let read = api.get("x").await;
        assert_eq!(read.status, expected.0);
        if let Some(index) = expected.1 {
            assert_eq!(read.json(), json!(both[index]));
            api.delete("x").await;
            assert_eq!(
                api.emulator.clients(),
                [both[1 - index].clone()],
                "the same one is deleted"
            );
        } else {
            for answer in [
                api.put("x", "a").await,
                api.rotate("x").await,
                api.delete("x").await,
            ] {
                assert_eq!(answer.status, 500);
            }
            assert_eq!(api.emulator.clients(), both);
        }
    }
    let api = Api::switched(&[("same_name_delete", "all")]).await;
    for name in ["x", "x", "y"] {
        api.emulator.add_client(name, "a");
    }
    api.delete("x").await;
    assert_eq!(api.emulator.clients().len(), 1);
}

#[tokio::test]
async fn what_is_a_name() {
    let api = Api::switched(&[("name_case", "fold")]).await;
    api.register("App", "a").await;
    assert_eq!(
        (api.register("aPP", "a").await.status, api.get("APP").await.status),
        (409, 200)
    );

    let api = Api::switched(&[("name_limit", "3")]).await;
    assert_eq!(
        api.register("äöü", "a").await.status,
        200,
        "characters, not bytes"
    );
    assert_eq!(
        (
            api.register("abcd", "a").await.status,
            api.put("abcd", "a").await.status
        ),
        (400, 400)
    );

    for (value, status) in [("one_segment", 200), ("400", 400), ("404", 404)] {
        let api = Api::switched(&[("encoded_slash", value)]).await;
        api.emulator.add_client("a/b", "a");
        for path in ["/clients/a%2Fb", "/clients/a%2fb"] {
            assert_eq!(api.call("GET", path).await.status, status, "{value}");
        }
        assert_eq!(api.call("DELETE", "/clients/a%2Fb").await.status, status);
        assert_eq!(api.emulator.clients().len(), usize::from(status != 200));
    }

    for (value, name) in [("literal", "a+b"), ("space", "a b")] {
        let api = Api::switched(&[("plus_in_path", value)]).await;
        let client = api.emulator.add_client(name, "a");
        assert_eq!(api.call("GET", "/clients/a+b").await.json(), json!(client));
    }

    for (value, status) in [("404", 404), ("400", 400), ("collection", 200)] {
        let api = Api::switched(&[("trailing_slash", value)]).await;
        assert_eq!(api.call("GET", "/clients/").await.status, status, "{value}");
    }
}

#[tokio::test]
async fn who_is_not_there() {
    for (value, expected) in [
        ("200_empty_object", (200, json!({}))),
        ("200_null", (200, Value::Null)),
        ("200_empty_array", (200, json!([]))),
    ] {
        let api = Api::switched(&[("get_absent", value)]).await;
        assert_eq!(said(&api.get("x").await), expected);
    }
    let empty = Api::switched(&[("get_absent", "200_empty_body")])
        .await
        .get("x")
        .await;
    assert_eq!(
        (empty.status, empty.text.as_str(), empty.content_type),
        (200, "", None)
    );
    for status in ["400", "401", "403", "404", "500"] {
        let switches = [
            ("get_absent", status),
            ("rotate_absent", status),
            ("delete_absent", status),
            ("empty_list", status),
        ];
        let api = Api::switched(&switches).await;
        let code: u16 = status.parse().unwrap();
        for answer in [
            api.get("x").await,
            api.rotate("x").await,
            api.delete("x").await,
            api.list().await,
        ] {
            assert_eq!(said(&answer), (code, answer.json()));
            assert_eq!(answer.json()["status"], code);
        }
    }
    for (value, expected) in [("200_empty_object", json!({})), ("200_null", Value::Null)] {
        let api = Api::switched(&[("rotate_absent", value)]).await;
        assert_eq!(said(&api.rotate("x").await), (200, expected));
        assert!(api.emulator.clients().is_empty());
    }
    let api = Api::switched(&[("rotate_absent", "register")]).await;
    assert_eq!(api.rotate("x").await.json(), json!(api.emulator.clients()[0]));
    for (value, word) in [("200_success", "success"), ("200_failure", "failure")] {
        let api = Api::switched(&[("delete_absent", value)]).await;
        assert_eq!(said(&api.delete("x").await), (200, json!({ "status": word })));
    }
    for (value, expected) in [
        ("array", (200, json!([]))),
        ("null", (200, Value::Null)),
        ("no_content", (204, Value::Null)),
    ] {
        let api = Api::switched(&[("empty_list", value)]).await;
        assert_eq!(said(&api.list().await), expected);
    }
}

#[tokio::test]
async fn the_order_and_the_end_of_the_list() {
    let names = async |api: &Api| {
        let list = api.list().await.json();
        let name = |client: &Value| client["client_name"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(name).collect::<String>()
    };
    for (value, expected) in [("insertion", "cab"), ("name", "abc"), ("reverse", "bac")] {
        let api = Api::switched(&[("list_order", value)]).await;
        for name in ["c", "a", "b"] {
            api.emulator.add_client(name, "a");
        }
        assert_eq!(names(&api).await, expected);
        api.set(&[("list_limit", "2")]);
        assert_eq!(names(&api).await, expected[..2]);
    }
    let api = Api::switched(&[("list_order", "random")]).await;
    for name in "abcdefghijklmnopqrstuvwxyz".chars() {
        api.emulator.add_client(&name.to_string(), "a");
    }
    let (one, other) = (names(&api).await, names(&api).await);
    assert_ne!(one, other);
    let sorted = |text: String| {
        let mut chars: Vec<_> = text.chars().collect();
        chars.sort_unstable();
        chars.into_iter().collect::<String>()
    };
    assert_eq!(sorted(one), "abcdefghijklmnopqrstuvwxyz");
}

#[tokio::test]
async fn readers_lag_behind() {
    let api = Api::switched(&[("read_lag_ms", "600000")]).await;
    let made = api.register("x", "a").await;
    assert_eq!(
        (api.get("x").await.status, api.list().await.json()),
        (404, json!([]))
    );
    assert_eq!(api.register("x", "a").await.status, 409, "writers do not lag");
    api.set(&[("read_lag_ms", "0")]);
    assert_eq!(api.get("x").await.json(), made.json());

    api.set(&[("read_lag_ms", "1000")]);
    tokio::time::sleep(Duration::from_millis(1010)).await;
    api.set(&[("read_lag_ms", "600000")]);
    api.rotate("x").await;
    api.delete("x").await;
    assert_eq!(api.get("x").await.status, 404, "as it was before everything");
    api.set(&[("read_lag_ms", "1000")]);
    assert_eq!(
        api.get("x").await.json(),
        made.json(),
        "as it was before the rotation"
    );
    tokio::time::sleep(Duration::from_millis(1010)).await;
    assert_eq!(api.get("x").await.status, 404, "gone for readers too");
}
