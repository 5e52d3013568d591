//! What each switch makes of answers: status, media type, ids, fields.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::caller::{Caller, V2, V3, fields, pair_of, read, text, wish};
use crate::support::{PASSWORD, USER};

fn validity(seconds: u32) -> Value {
    json!({ "access_token_validity_seconds": seconds })
}

#[tokio::test]
async fn success_has_the_status_it_was_given() {
    for status in ["200", "201", "202", "204"] {
        for name in [
            "register_status",
            "update_status",
            "delete_status",
            "token_status",
            "revoke_status",
        ] {
            let caller = Caller::switched(&[(name, status)]).await;
            let x = json!(caller.emulator.add_client("x", 300));
            let id = text(&x, "client_id");
            let pulled = caller.pull(&x, "ann").await;
            let token = if pulled.status == 204 {
                String::new()
            } else {
                pulled.field("access_token")
            };
            let revoked = if token.is_empty() {
                204
            } else {
                caller.revoke(&x, &token).await.status
            };
            let statuses = [
                ("register_status", caller.register("y").await.status, 201),
                (
                    "update_status",
                    caller.update(id, &validity(60)).await.status,
                    200,
                ),
                ("delete_status", caller.delete(id).await.status, 204),
                ("token_status", pulled.status, 200),
                ("revoke_status", revoked, 204),
            ];
            for (other, answered, usual) in statuses {
                let expected = if other == name {
                    status.parse().unwrap()
                } else {
                    usual
                };
                assert_eq!(answered, expected, "{other} under {name}={status}");
            }
            assert_eq!(
                caller.emulator.counters().changes,
                3,
                "whatever is said, it is done"
            );
        }
    }
}

#[tokio::test]
async fn request_type() {
    let media_types = [V3, V2, "application/json", "text/plain"];
    for (value, read_types) in [
        ("vendor_or_json", [true, true, true, false]),
        ("vendor", [true, true, false, false]),
        ("v3", [true, false, false, false]),
        ("json", [false, false, true, false]),
        ("any", [true, true, true, true]),
    ] {
        let caller = Caller::switched(&[("request_type", value)]).await;
        let there = caller.emulator.add_client("there", 300);
        for (media_type, is_read) in media_types.into_iter().zip(read_types) {
            let typed = format!("{media_type};charset=UTF-8");
            let update = caller.request("PATCH", &format!("/clients/{}", there.client_id));
            let update = update
                .header("content-type", &typed)
                .body(validity(60).to_string());
            assert_eq!(read(update).await.status, if is_read { 200 } else { 415 });
            let register = caller.request("POST", "/clients").header("content-type", typed);
            let register = register.body(wish(media_type).to_string());
            assert_eq!(
                read(register).await.status,
                if is_read { 201 } else { 415 },
                "{value} {media_type}"
            );
        }
        assert_eq!(
            caller.list().await.status,
            200,
            "without a body nothing is refused"
        );
    }
}

#[tokio::test]
async fn accept() {
    for (value, expected) in [
        ("any", [200, 200, 200, 200]),
        ("vendor", [200, 200, 406, 406]),
        ("json", [406, 406, 200, 406]),
    ] {
        let caller = Caller::switched(&[("accept", value)]).await;
        for (accept, status) in [V3, V2, "application/json", "*/*"].into_iter().zip(expected) {
            let request = caller.bare("GET", "/clients").basic_auth(USER, Some(PASSWORD));
            let request = request.header("accept", accept);
            assert_eq!(read(request).await.status, status, "{value} {accept}");
        }
        let both = format!("{V3};q=0.5, application/json");
        let request = caller.bare("GET", "/clients").basic_auth(USER, Some(PASSWORD));
        assert_eq!(read(request.header("accept", both)).await.status, 200);
    }
}

#[tokio::test]
async fn content_type() {
    for (value, expected) in [
        ("vendor", [Some(V3), Some(V2), Some("application/json")]),
        ("json", [Some("application/json;charset=UTF-8"); 3]),
        ("text", [Some("text/plain"); 3]),
        ("absent", [None; 3]),
    ] {
        let caller = Caller::switched(&[("content_type", value)]).await;
        for (accept, content_type) in [V3, V2, "*/*"].into_iter().zip(expected) {
            let request = caller.bare("GET", "/clients").basic_auth(USER, Some(PASSWORD));
            let answer = read(request.header("accept", accept)).await;
            assert_eq!(answer.content_type.as_deref(), content_type, "{value} {accept}");
        }
    }
}

#[tokio::test]
async fn error_body() {
    for (value, holds) in [
        ("details", r#""details":"there is no such client""#),
        (
            "framework",
            r#""path":"/composer/api/trusted-access/clients/gone""#,
        ),
        ("oauth", r#""error_description":"there is no such client""#),
        ("message", r#"{"message":"there is no such client"}"#),
        ("json_string", r#""there is no such client""#),
        ("html", "<h1>404 Not Found</h1>"),
        ("text", "Not Found: there is no such client"),
        ("empty", ""),
    ] {
        let caller = Caller::switched(&[("error_body", value)]).await;
        let answer = caller.get("gone").await;
        assert_eq!(answer.status, 404);
        assert!(answer.text.contains(holds), "{value}: {answer:?}");
        assert_eq!(answer.text.is_empty(), value == "empty");
    }
}

#[tokio::test]
async fn register_answer() {
    for (value, expected) in [
        (
            "client",
            &[
                "access_token_validity_seconds",
                "client_id",
                "client_name",
                "client_secret",
                "client_secret_expires_at",
                "token_endpoint_auth_method",
            ][..],
        ),
        (
            "generated",
            &[
                "client_id",
                "client_secret",
                "client_secret_expires_at",
                "token_endpoint_auth_method",
            ],
        ),
        ("pair", &["client_id", "client_secret"]),
    ] {
        let caller = Caller::switched(&[("register_answer", value)]).await;
        let made = caller.registered("x").await;
        assert_eq!(fields(&made), expected, "{value}");
        let [id, secret] = pair_of(&made);
        assert!(caller.emulator.verify_pair(id, secret));
    }
}

#[tokio::test]
async fn update_answer_and_delete_answer() {
    for (value, shows) in [("client", true), ("empty_object", false), ("nothing", false)] {
        let switches = [
            ("update_answer", value),
            ("delete_answer", value),
            ("delete_status", "200"),
        ];
        let caller = Caller::switched(&switches).await;
        let made = caller.registered("x").await;
        let id = text(&made, "client_id");
        let updated = caller.update(id, &validity(60)).await;
        let there = caller.get(id).await.json();
        assert_eq!(there["access_token_validity_seconds"], 60);
        for answer in [updated, caller.delete(id).await] {
            assert_eq!(answer.status, 200);
            match (shows, value) {
                (true, _) => assert_eq!(answer.json(), there),
                (false, "nothing") => assert!(answer.text.is_empty()),
                _ => assert_eq!(answer.json(), json!({})),
            }
        }
        assert!(caller.emulator.clients().is_empty());
    }
}

#[tokio::test]
async fn handle() {
    for (value, by_client_id, by_id) in [
        ("client_id", 200, 404),
        ("other_id", 404, 200),
        ("client_id_of_two", 200, 404),
        ("either", 200, 200),
    ] {
        let caller = Caller::switched(&[("handle", value)]).await;
        let made = caller.registered("x").await;
        let there = caller.emulator.clients().remove(0);
        assert_eq!(made["client_id"], json!(there.client_id));
        assert_eq!(made.get("id").is_some(), value != "client_id");
        assert_eq!(made["id"] == json!(there.id), value != "client_id");
        assert_eq!(caller.get(&there.client_id).await.status, by_client_id, "{value}");
        assert_eq!(caller.get(&there.id).await.status, by_id, "{value}");
        assert_eq!(
            caller.update(&there.client_id, &validity(60)).await.status,
            by_client_id
        );
        let right = caller.emulator.handle(&there);
        assert_eq!(caller.delete(&right).await.status, 204);
    }
}

#[tokio::test]
async fn read_id() {
    for (handle, value, id, client_id) in [
        ("client_id", "client_id", false, true),
        ("client_id", "id", true, false),
        ("other_id", "client_id", true, true),
        ("other_id", "id", true, false),
    ] {
        let caller = Caller::switched(&[("handle", handle), ("read_id", value)]).await;
        let made = caller.registered("x").await;
        assert!(made.get("client_id").is_some(), "a registration has it always");
        let there = caller.emulator.clients().remove(0);
        let usable = caller.emulator.handle(&there);
        for shown in [
            caller.list().await.json()["content"][0].clone(),
            caller.get(&usable).await.json(),
        ] {
            assert_eq!(
                [shown.get("id").is_some(), shown.get("client_id").is_some()],
                [id, client_id]
            );
            if id {
                assert_eq!(shown["id"], json!(usable), "it can be used in paths");
            }
        }
    }
}

#[tokio::test]
async fn read_secret() {
    for (value, in_list, in_get) in [
        ("absent", None, None),
        ("shown", Some("SECRET"), Some("SECRET")),
        ("not_in_list", None, Some("SECRET")),
        ("masked", Some("********"), Some("********")),
        ("hash", Some("$2a$10$"), Some("$2a$10$")),
        ("null", Some("null"), Some("null")),
    ] {
        let caller = Caller::switched(&[("read_secret", value)]).await;
        let made = caller.registered("x").await;
        let list = caller.list().await.json();
        let get = caller.get(text(&made, "client_id")).await.json();
        for (shown, expected) in [(&list["content"][0], in_list), (&get, in_get)] {
            match (shown.get("client_secret"), expected) {
                (None, None) | (Some(Value::Null), Some("null")) => {}
                (Some(secret), Some("SECRET")) => assert_eq!(*secret, made["client_secret"]),
                (Some(Value::String(secret)), Some(start)) => assert!(secret.starts_with(start), "{secret}"),
                (shown, _) => panic!("{value}: {shown:?}"),
            }
        }
        assert_eq!(
            get,
            caller.get(text(&made, "client_id")).await.json(),
            "it is always the same"
        );
    }
}

#[tokio::test]
async fn secret_seconds_and_secret_expires_at() {
    let now = Timestamp::now().as_second();
    for (value, never, range) in [
        ("epoch", json!(0), Some((now + 3590, now + 3700))),
        (
            "milliseconds",
            json!(0),
            Some(((now + 3590) * 1000, (now + 3700) * 1000)),
        ),
        ("duration", json!(0), Some((3500, 3600))),
        ("null_for_never", Value::Null, Some((now + 3590, now + 3700))),
        ("absent", Value::Null, None),
    ] {
        let caller = Caller::switched(&[("secret_expires_at", value)]).await;
        let for_ever = caller.registered("x").await;
        assert_eq!(for_ever["client_secret_expires_at"], never);
        assert_eq!(
            for_ever.get("client_secret_expires_at").is_none(),
            value == "absent"
        );
        caller.set(&[("secret_seconds", "3600")]);
        let ending = caller.registered("y").await;
        let read = caller.get(text(&ending, "client_id")).await.json();
        for shown in [&ending, &read] {
            let at = shown["client_secret_expires_at"].as_i64();
            let fits = range.map_or(at.is_none(), |(from, to)| {
                at.is_some_and(|at| (from..=to).contains(&at))
            });
            assert!(fits, "{value}: {at:?}");
        }
        assert_eq!(caller.pull(&ending, "ann").await.status, 200);
        let past = json!({ "client_secret_expires_at": now - 10 });
        caller
            .control(
                "PUT",
                &format!("/clients/{}", text(&ending, "client_id")),
                Some(&past),
            )
            .await;
        assert_eq!(caller.pull(&ending, "ann").await.status, 401, "it has ended");
        assert_eq!(caller.pull(&for_ever, "ann").await.status, 200);
    }
}

#[tokio::test]
async fn numbers() {
    for (value, written) in [("integer", "300"), ("text", "\"300\""), ("fraction", "300.0")] {
        let caller = Caller::switched(&[("numbers", value)]).await;
        let made = caller.register("x").await;
        let expected = format!("\"access_token_validity_seconds\":{written}");
        assert!(made.text.contains(&expected), "{made:?}");
        assert!(caller.list().await.text.contains(&expected));
    }
}

#[tokio::test]
async fn extra_fields() {
    let caller = Caller::switched(&[("extra_fields", "true")]).await;
    let made = caller.registered("x").await;
    assert!(made["links"][0]["href"].is_string() && made["created"].is_string());
    caller.set(&[("extra_fields", "false")]);
    assert!(caller.registered("y").await.get("links").is_none());
}

#[tokio::test]
async fn secret_alphabet_and_id_alphabet() {
    for value in ["url_safe", "base64", "symbols"] {
        let caller = Caller::switched(&[("secret_alphabet", value), ("id_alphabet", value)]).await;
        let made = caller.registered("x").await;
        let fits = |text: &str| match value {
            "url_safe" => text
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || "-_".contains(char)),
            "base64" => text.ends_with("=="),
            _ => text.ends_with("+%:&\"\\"),
        };
        let [id, secret] = pair_of(&made);
        assert!(fits(id) && fits(secret), "{made}");
        assert_eq!(caller.get(id).await.status, 200, "it can be written into a path");
        if !id.contains(':') {
            assert_eq!(caller.pull(&made, "ann").await.status, 200);
        }
    }
}
