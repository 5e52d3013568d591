//! Tokens for users.

use authserver_emulator::composer::Config;
use serde_json::{Value, json};

use crate::caller::{Caller, V3, pair_of, read, text, user};
use crate::support::Read;

async fn with_client(switches: &[(&str, &str)]) -> (Caller, Value) {
    let caller = Caller::switched(switches).await;
    let made = json!(caller.emulator.add_client("x", 300));
    (caller, made)
}

async fn good(caller: &Caller, token: &str) -> Value {
    let body = json!({ "token": token });
    caller.control("POST", "/verify_token", Some(&body)).await.json()
}

#[tokio::test]
async fn a_token_lives() {
    let (caller, x) = with_client(&[]).await;
    let answer = caller.pull(&x, "ann").await;
    let token = answer.field("access_token");
    assert_eq!(
        (answer.status, answer.json()),
        (
            200,
            json!({ "access_token": token, "token_type": "bearer", "expires_in": 300 })
        )
    );
    let verdict = json!({
        "issued": true, "good": true, "client_id": x["client_id"], "client_name": "x", "username": "ann",
    });
    assert_eq!(good(&caller, &token).await, verdict);
    let other = json!(caller.emulator.add_client("y", 300));
    assert_eq!(
        caller.revoke(&other, &token).await.status,
        404,
        "it is not theirs"
    );
    assert_eq!(caller.revoke(&x, &token).await.status, 204);
    assert_eq!(
        good(&caller, &token).await,
        json!({ "issued": false, "good": false })
    );
    assert_eq!(caller.revoke(&x, &token).await.status, 404);
    assert_eq!(
        (caller.emulator.tokens(), caller.emulator.counters().changes),
        (0, 0)
    );
}

#[tokio::test]
async fn a_token_ends() {
    let caller = Caller::start().await;
    let x = json!(caller.emulator.add_client("x", 1));
    let one = caller.pull(&x, "ann").await.field("access_token");
    tokio::time::sleep(std::time::Duration::from_millis(1050)).await;
    assert_eq!(good(&caller, &one).await["good"], false);
    let other = caller.pull(&x, "ann").await.field("access_token");
    assert_eq!(good(&caller, &other).await["good"], true);
    caller.delete(text(&x, "client_id")).await;
    assert_eq!(
        good(&caller, &other).await["good"],
        false,
        "nor without its client"
    );
}

#[tokio::test]
async fn unknown_client_and_wrong_secret() {
    for status in ["500", "401", "400"] {
        let (caller, mut x) = with_client(&[("unknown_client", status), ("wrong_secret", "403")]).await;
        let stranger = json!({ "client_id": "stranger", "client_secret": "s" });
        for answer in [
            caller.pull(&stranger, "ann").await,
            caller.push(&stranger, "ann", "acme").await,
            caller.revoke(&stranger, "t").await,
        ] {
            assert_eq!(answer.status.to_string(), status);
            assert!(answer.text.contains("can't get authentication"));
        }
        x["client_secret"] = json!("wrong");
        assert_eq!(caller.pull(&x, "ann").await.status, 403);
        let without = caller
            .bare("POST", "/pull/tokens")
            .json(&json!({ "username": "ann" }));
        assert_eq!(read(without).await.status, 401);
    }
    let (caller, mut x) = with_client(&[]).await;
    x["client_secret"] = json!("wrong");
    assert_eq!(caller.pull(&x, "ann").await.status, 401);
    assert_eq!(caller.emulator.tokens(), 0);
}

#[tokio::test]
async fn token_request() {
    for (value, json_status, form_status) in [("any", 200, 200), ("json", 200, 415), ("form", 415, 200)] {
        let (caller, x) = with_client(&[("token_request", value)]).await;
        let [id, secret] = pair_of(&x);
        let call = || caller.bare("POST", "/pull/tokens").basic_auth(id, Some(secret));
        assert_eq!(caller.pull(&x, "ann").await.status, json_status, "{value}");
        let vendor = call().header("content-type", V3).body(r#"{"username":"ann"}"#);
        assert_eq!(read(vendor).await.status, json_status, "{value}");
        assert_eq!(
            read(call().form(&[("username", "ann")])).await.status,
            form_status,
            "{value}"
        );
        assert_eq!(read(call().body("username=ann")).await.status, 415, "{value}");
    }
}

#[tokio::test]
async fn token_basic_decoding() {
    for (value, plain, encoded) in [("either", 200, 200), ("plain", 200, 401), ("form", 401, 200)] {
        let (caller, mut x) = with_client(&[("token_basic_decoding", value)]).await;
        caller
            .emulator
            .edit_clients(|clients| clients[0].client_secret = "+%41:/".to_owned());
        x["client_secret"] = json!("+%41:/");
        assert_eq!(caller.pull(&x, "ann").await.status, plain, "{value}");
        x["client_secret"] = json!("%2B%2541%3A%2F");
        assert_eq!(caller.pull(&x, "ann").await.status, encoded, "{value}");
    }
}

#[tokio::test]
async fn token_answer() {
    for (value, field) in [
        ("oauth", Some("access_token")),
        ("camel", Some("accessToken")),
        ("token", Some("token")),
        ("text", None),
    ] {
        let (caller, x) = with_client(&[("token_answer", value)]).await;
        let answer = caller.pull(&x, "ann").await;
        let token = field.map_or_else(|| answer.text.clone(), |field| answer.field(field));
        assert_eq!(good(&caller, &token).await["good"], true, "{value}");
        assert_eq!(caller.revoke(&x, &token).await.status, 204);
    }
}

#[tokio::test]
async fn token_id() {
    for value in ["token", "token_id", "id", "jti"] {
        let (caller, x) = with_client(&[("token_id", value)]).await;
        let answer = caller.pull(&x, "ann").await.json();
        let token = text(&answer, "access_token");
        let (right, wrong) = match value {
            "token" => (token, "no id"),
            name => (text(&answer, name), token),
        };
        assert_eq!(caller.revoke(&x, wrong).await.status, 404, "{value}");
        assert_eq!(caller.revoke(&x, right).await.status, 204, "{value}");
        assert_eq!(good(&caller, token).await["good"], false);
    }
}

#[tokio::test]
async fn account_scope() {
    let (caller, x) = with_client(&[("account_scope", "403")]).await;
    assert_eq!(caller.pull(&x, "ann").await.status, 403);
    assert_eq!(caller.push(&x, "new", "acme").await.status, 403);
    let path = format!("/clients/{}", text(&x, "client_id"));
    caller
        .control("PUT", &path, Some(&json!({ "scoped": true })))
        .await;
    assert_eq!(caller.pull(&x, "ann").await.status, 200);
    let (caller, x) = with_client(&[("account_scope", "everywhere")]).await;
    assert_eq!(caller.pull(&x, "ann").await.status, 200);
}

#[tokio::test]
async fn pull_account() {
    for (value, without, with) in [("optional", 200, 200), ("required", 400, 200), ("422", 200, 422)] {
        let (caller, x) = with_client(&[("pull_account", value)]).await;
        let pull = async |body: Value| caller.token("/pull/tokens", &x, &body).await.status;
        assert_eq!(pull(json!({ "username": "ann" })).await, without, "{value}");
        assert_eq!(
            pull(json!({ "username": "ann", "account": "acme" })).await,
            with,
            "{value}"
        );
        assert_ne!(pull(json!({ "username": "ann", "account": "empty" })).await, 200);
    }
}

#[tokio::test]
async fn pull_unknown_user() {
    for (value, status, users) in [("400", 400, 2), ("404", 404, 2), ("provision", 200, 3)] {
        let (caller, x) = with_client(&[("pull_unknown_user", value)]).await;
        assert_eq!(caller.pull(&x, "nobody").await.status, status, "{value}");
        assert_eq!(caller.emulator.users().len(), users);
        assert_eq!(caller.pull(&x, "ann").await.status, 200);
        for body in [
            json!({}),
            json!({ "username": "" }),
            json!({ "username": 7 }),
            json!([]),
        ] {
            assert_eq!(
                caller.token("/pull/tokens", &x, &body).await.status,
                400,
                "{body}"
            );
        }
    }
}

#[tokio::test]
async fn supervisor_target() {
    for (value, status) in [("400", 400), ("403", 403), ("issued", 200)] {
        let (caller, x) = with_client(&[("supervisor_target", value)]).await;
        assert_eq!(caller.pull(&x, "boss").await.status, status, "{value}");
        assert_eq!(caller.push(&x, "boss", "acme").await.status, status, "{value}");
        assert_eq!(caller.pull(&x, "ann").await.status, 200);
    }
}

#[tokio::test]
async fn revoke() {
    for (value, status) in [("offered", 204), ("404", 404), ("405", 405)] {
        let (caller, x) = with_client(&[("revoke", value)]).await;
        let token = caller.pull(&x, "ann").await.field("access_token");
        assert_eq!(caller.revoke(&x, &token).await.status, status, "{value}");
        assert_eq!(good(&caller, &token).await["good"], status != 204);
    }
}

#[tokio::test]
async fn revoke_absent() {
    for status in ["404", "400", "401"] {
        let (caller, x) = with_client(&[("revoke_absent", status)]).await;
        assert_eq!(caller.revoke(&x, "gone").await.status.to_string(), status);
    }
}

#[tokio::test]
async fn unknown_fields_of_token_requests() {
    let (caller, x) = with_client(&[("request_fields", "400")]).await;
    let body = json!({ "username": "ann", "scope": "a" });
    assert_eq!(caller.token("/pull/tokens", &x, &body).await.status, 400);
    let full = json!({
        "username": "ann", "account": "acme", "fullname": "Ann", "email": "a@example.org", "groups": [],
        "attributes": { "a": "b" },
    });
    assert_eq!(caller.token("/push/tokens", &x, &full).await.status, 200);
}

fn refused(answer: &Read, text: &str) {
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains(text), "{answer:?}");
}

#[tokio::test]
async fn a_push_writes_users_and_can_be_seen() {
    let (caller, x) = with_client(&[]).await;
    refused(
        &caller.push(&x, "new", "nowhere").await,
        "invalid_request: account: nowhere does not exist",
    );
    for key in ["composerUserName", "accountId"] {
        let body = json!({ "username": "new", "account": "acme", "attributes": { key: "x" } });
        refused(&caller.token("/push/tokens", &x, &body).await, "reserved");
    }
    for body in [json!({ "username": "new" }), json!({ "account": "acme" })] {
        refused(&caller.token("/push/tokens", &x, &body).await, "is missing");
    }
    assert_eq!(caller.emulator.counters().changes, 0);
    let token = caller.push(&x, "new", "empty").await.field("access_token");
    assert_eq!(good(&caller, &token).await["username"], "new");
    assert_eq!(caller.push(&x, "ann", "empty").await.status, 200);
    let users = caller.control("GET", "/state", None).await.json()["users"].clone();
    assert_eq!(
        users,
        json!([
            { "username": "ann", "account": "empty", "supervisor": false, "pushed": 1 },
            { "username": "boss", "account": "acme", "supervisor": true, "pushed": 0 },
            { "username": "new", "account": "empty", "supervisor": false, "pushed": 1 },
        ])
    );
    assert_eq!(caller.emulator.counters().changes, 2);
}

#[tokio::test]
async fn tokens_need_no_users_of_this_process() {
    let caller = Caller::with(Config {
        users: vec![user("ann", "acme")],
        ..Config::default()
    })
    .await;
    let x = json!(caller.emulator.add_client("x", 300));
    caller.emulator.edit_users(Vec::clear);
    assert_eq!(caller.pull(&x, "ann").await.status, 400);
    caller
        .control(
            "PUT",
            "/users",
            Some(&json!({ "username": "bob", "account": "b" })),
        )
        .await;
    assert_eq!(caller.pull(&x, "bob").await.status, 200);
    assert_eq!(caller.control("DELETE", "/users/bob", None).await.status, 200);
    assert_eq!(caller.control("DELETE", "/users/bob", None).await.status, 404);
    assert_eq!(caller.pull(&x, "bob").await.status, 400);
}
