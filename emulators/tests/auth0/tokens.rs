//! Tokens of the tenant's clients, and secrets that spread.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::caller::{API, Caller, GRANT, read, text};
use crate::key::key;
use crate::support::Read;

fn claims(token: &Read) -> Value {
    let token = token.field("access_token");
    let claims = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

fn error(answer: &Read) -> (u16, String, String) {
    (
        answer.status,
        answer.field("error"),
        answer.field("error_description"),
    )
}

#[tokio::test]
async fn a_client_gets_what_it_is_granted() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let token = caller.ask_for(&client).await;
    assert_eq!((token.status, token.field("scope").as_str()), (200, "read"));
    let said = claims(&token);
    let id = text(&client, "client_id");
    assert_eq!(said["iss"], json!(format!("{}/", caller.emulator.tenant_url())));
    assert_eq!(
        (text(&said, "sub"), text(&said, "azp")),
        (format!("{id}@clients").as_str(), id)
    );
    assert_eq!(
        (&said["aud"], &said["gty"]),
        (&json!(API), &json!("client-credentials"))
    );
    let lifetime = said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap();
    assert_eq!((lifetime, &token.json()["expires_in"]), (86_400, &json!(86_400)));
    let verdict = json!({ "token": token.field("access_token") });
    let verdict = caller
        .control("POST", "/verify_token", Some(&verdict))
        .await
        .json();
    assert_eq!(
        verdict,
        json!({
            "issued": true, "good": true, "client_id": id, "client_name": "x", "audience": API, "scope": "read",
        })
    );
}

#[tokio::test]
async fn without_a_grant_there_is_no_token() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let (status, code, message) = error(&caller.ask_for(&client).await);
    assert_eq!((status, code.as_str()), (403, "access_denied"));
    assert!(
        message.contains("You need to create a \"client-grant\""),
        "{message}"
    );
    let id = text(&client, "client_id");
    let of_users = json!({ "client_id": id, "audience": API, "scope": ["read"], "subject_type": "user" });
    caller.send("POST", "/client-grants", &of_users).await;
    assert_eq!(caller.ask_for(&client).await.status, 403, "that is for its users");
    let all = json!({ "client_id": id, "audience": API, "allow_all_scopes": true });
    assert_eq!(caller.send("POST", "/client-grants", &all).await.status, 201);
    assert_eq!(caller.ask_for(&client).await.field("scope"), "read write");
}

#[tokio::test]
async fn token_requests_are_refused_as_seen() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    let pair = [("client_id", id), ("client_secret", secret)];
    for (form, status, code, message) in [
        (vec![("audience", API)], 400, "invalid_request", "grant_type"),
        (
            vec![("grant_type", "password")],
            403,
            "unsupported_grant_type",
            "password",
        ),
        (
            vec![GRANT],
            403,
            "access_denied",
            "No audience parameter was provided",
        ),
        (
            vec![GRANT, ("audience", "urn:gone")],
            403,
            "access_denied",
            "Service not enabled within domain: urn:gone",
        ),
    ] {
        let form = [form.as_slice(), &pair].concat();
        let (seen, error, said) = error(&caller.ask(&form).await);
        assert_eq!((seen, error.as_str()), (status, code));
        assert!(said.contains(message), "{said}");
    }
    for (id, secret) in [(id, "wrong"), ("nobody", secret), (id, "")] {
        let wrong = error(&caller.ask_by_secret(id, secret, API).await);
        assert_eq!(
            wrong,
            (401, "access_denied".to_owned(), "Unauthorized".to_owned())
        );
    }
    let neither = caller.ask(&[GRANT, ("client_id", id), ("audience", API)]).await;
    assert_eq!(neither.status, 401);
    caller
        .update(id, &json!({ "grant_types": ["authorization_code"] }))
        .await;
    let (status, code, message) = error(&caller.ask_for(&client).await);
    assert_eq!((status, code.as_str()), (403, "unauthorized_client"));
    assert_eq!(
        message,
        "Grant type 'client_credentials' not allowed for the client."
    );
    let text = caller.http.post(caller.emulator.token_url()).body("x");
    assert_eq!(read(text).await.status, 400);
    let no_text = caller
        .http
        .post(caller.emulator.token_url())
        .json(&json!({ "grant_type": 1 }));
    assert_eq!(read(no_text).await.status, 400);
}

#[tokio::test]
async fn token_auth() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
    let basic = async || {
        let request = caller
            .http
            .post(caller.emulator.token_url())
            .basic_auth(id, Some(secret));
        read(request.form(&[GRANT, ("audience", API)])).await
    };
    for (value, method, in_body, by_basic) in [
        ("any", json!("client_secret_post"), 200, 200),
        ("any", json!("client_secret_basic"), 200, 200),
        ("as_registered", json!("client_secret_post"), 200, 401),
        ("as_registered", json!("client_secret_basic"), 401, 200),
        ("as_registered", Value::Null, 200, 200),
    ] {
        caller.set(&[("token_auth", value)]);
        caller
            .update(id, &json!({ "token_endpoint_auth_method": method }))
            .await;
        let (post, basic) = (caller.ask_for(&client).await, basic().await);
        assert_eq!(
            (post.status, basic.status),
            (in_body, by_basic),
            "{value} {method}"
        );
        assert_eq!(basic.challenged, basic.status == 401);
    }
}

#[tokio::test]
async fn a_change_of_a_secret_spreads() {
    for (spread, old_good, new_good) in [
        ("either", vec![true; 4], vec![true; 4]),
        ("old_first", vec![true; 4], vec![false; 4]),
    ] {
        let caller = Caller::switched(&[("spread_ms", "600000"), ("spread", spread)]).await;
        let old = caller.granted("x").await;
        assert_eq!(
            caller.ask_for(&old).await.status,
            200,
            "a new secret is good at once"
        );
        let new = caller.rotate(text(&old, "client_id")).await.json();
        let (mut olds, mut news) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            olds.push(caller.ask_for(&old).await.status == 200);
            news.push(caller.ask_for(&new).await.status == 200);
        }
        assert_eq!((olds, news), (old_good, new_good), "{spread}");
        caller.set(&[("spread_ms", "0")]);
        assert_eq!(caller.ask_for(&old).await.status, 401);
        assert_eq!(caller.ask_for(&new).await.status, 200);
    }
    let caller = Caller::switched(&[("spread_ms", "600000"), ("spread", "in_turn")]).await;
    let old = caller.granted("x").await;
    let new = caller.rotate(text(&old, "client_id")).await.json();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(caller.ask_for(&new).await.status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 401, 401], "it depends on who answers");
}

#[tokio::test]
async fn a_change_has_spread_after_its_time() {
    let caller = Caller::switched(&[("spread_ms", "300"), ("spread", "old_first")]).await;
    let old = caller.granted("x").await;
    let id = text(&old, "client_id");
    let mut new = old.clone();
    new["client_secret"] = json!("chosen");
    caller.update(id, &json!({ "client_secret": "chosen" })).await;
    let changed = Instant::now();
    assert!(!caller.emulator.verify_pair(id, "chosen"));
    while caller.ask_for(&new).await.status != 200 {
        assert!(changed.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(changed.elapsed() >= Duration::from_millis(290));
    assert_eq!(caller.ask_for(&old).await.status, 401);
    assert!(caller.emulator.verify_pair(id, "chosen"));
}

#[tokio::test]
async fn the_token_endpoint_may_lag_behind() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    caller.set(&[("token_lag_ms", "600000")]);
    assert_eq!(
        caller.ask_for(&client).await.status,
        401,
        "it does not know the client yet"
    );
    caller.set(&[("token_lag_ms", "0")]);
    assert_eq!(caller.ask_for(&client).await.status, 200);
}

#[tokio::test]
async fn a_client_has_a_quota() {
    let caller = Caller::start().await;
    let client = caller.granted("x").await;
    let id = text(&client, "client_id");
    let quota = |enforce: bool| json!({ "token_quota": { "client_credentials": { "enforce": enforce, "per_hour": 2, "per_day": 3 } } });
    caller.update(id, &quota(true)).await;
    let first = caller.ask_for(&client).await;
    let header = first.header("auth0-client-quota-limit").unwrap();
    assert!(header.starts_with("b=per_hour;q=2;r=1;t="), "{header}");
    assert!(header.contains(",b=per_day;q=3;r=2;t="), "{header}");
    assert_eq!(caller.ask_for(&client).await.status, 200);
    let third = caller.ask_for(&client).await;
    assert_eq!(
        error(&third),
        (
            429,
            "too_many_requests".to_owned(),
            "Client quota exceeded".to_owned()
        )
    );
    let wait: u64 = third.header("retry-after").unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    caller.update(id, &quota(false)).await;
    assert_eq!(caller.ask_for(&client).await.status, 200);
    for _ in 0..5 {
        assert_eq!(
            caller.login().await.status,
            200,
            "the Management API has no quota"
        );
    }
}

#[tokio::test]
async fn switches_of_tokens() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let id = text(&client, "client_id");
    let scope = json!({ "client_id": id, "audience": API, "scope": ["read", "write", "more"] });
    caller.send("POST", "/client-grants", &scope).await;
    let asked = async |scope: &str| {
        let secret = text(&client, "client_secret");
        let form = [
            GRANT,
            ("client_id", id),
            ("client_secret", secret),
            ("audience", API),
            ("scope", scope),
        ];
        caller.ask(&form).await.field("scope")
    };
    assert_eq!(
        (asked("write").await, asked("").await),
        ("read write".to_owned(), "read write".to_owned())
    );
    caller.set(&[("token_scope", "narrowed"), ("unknown_scopes", "true")]);
    assert_eq!(
        (asked("write").await, asked("").await),
        ("write".to_owned(), "read write more".to_owned())
    );
    caller.set(&[("wrong_secret", "invalid_client"), ("wrong_secret_status", "403")]);
    let (status, code, _) = error(&caller.ask_by_secret(id, "wrong", API).await);
    assert_eq!((status, code.as_str()), (403, "invalid_client"));
    caller.set(&[("no_audience", "opaque")]);
    let form = [
        GRANT,
        ("client_id", id),
        ("client_secret", text(&client, "client_secret")),
    ];
    let opaque = caller.ask(&form).await;
    assert_eq!((opaque.status, opaque.field("access_token").len()), (200, 32));
    let other = caller.registered("y").await;
    caller.set(&[("no_grant_status", "401")]);
    assert_eq!(caller.ask_for(&other).await.status, 401);
    for (policy, status) in [
        ("allow_all", 200),
        ("deny_all", 401),
        ("require_client_grant", 401),
    ] {
        caller.set(&[("client_policy", policy)]);
        assert_eq!(caller.ask_for(&other).await.status, status, "{policy}");
    }
    let named = json!({ "subject_type_authorization": { "client": { "policy": "allow_all" } } });
    let path = format!("/resource-servers/{}", crate::caller::encoded(API));
    assert_eq!(caller.send("PATCH", &path, &named).await.status, 200);
    assert_eq!(
        caller.ask_for(&other).await.field("scope"),
        "read write",
        "what is named goes before"
    );
    let keyed = caller.keyed("z", &[key(0)]).await;
    let assertion = key(0).assertion(text(&keyed, "client_id"), &caller.emulator.tenant_url());
    assert_eq!(caller.ask_with(&assertion, API).await.status, 200);
}
