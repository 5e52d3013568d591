//! Client assertions: what is demanded of them.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::caller::{API, ASSERTION, Caller, GRANT, credentials, text};
use crate::key::{claims, key};

struct Client {
    caller: Caller,
    id: String,
    kid: String,
}

impl Client {
    /// With the first key, for this algorithm.
    async fn with(alg: &str) -> Self {
        let caller = Caller::start().await;
        let client = caller.granted("x").await;
        let id = text(&client, "client_id").to_owned();
        let body = json!({ "credential_type": "public_key", "pem": key(0).pem(), "alg": alg });
        let credential = caller.send("POST", &credentials(&id), &body).await.json();
        caller.attach(&id, &[text(&credential, "id")]).await;
        let kid = text(&credential, "kid").to_owned();
        Self { caller, id, kid }
    }

    fn claims(&self) -> Value {
        claims(&self.id, &self.caller.emulator.tenant_url())
    }

    async fn status(&self, header: &Value, claims: &Value) -> u16 {
        let answer = self.caller.ask_with(&key(0).jwt(header, claims), API).await;
        assert_eq!(answer.status == 200, answer.json().get("access_token").is_some());
        if answer.status != 200 {
            assert_eq!(answer.field("error"), "invalid_client");
        }
        answer.status
    }
}

#[tokio::test]
async fn the_algorithm_is_that_of_the_credential() {
    for alg in ["RS256", "RS384", "PS256"] {
        let client = Client::with(alg).await;
        for other in ["RS256", "RS384", "PS256"] {
            let expected = if alg == other { 200 } else { 401 };
            let header = json!({ "alg": other, "typ": "JWT" });
            assert_eq!(
                client.status(&header, &client.claims()).await,
                expected,
                "{alg} {other}"
            );
        }
        assert_eq!(
            client.status(&json!({ "alg": "none" }), &client.claims()).await,
            401
        );
    }
}

#[tokio::test]
async fn a_kid_chooses_the_credential() {
    let client = Client::with("RS256").await;
    for (kid, status) in [
        (json!(client.kid), 200),
        (Value::Null, 200),
        (json!("another-kid"), 401),
    ] {
        let header = json!({ "alg": "RS256", "kid": kid });
        assert_eq!(client.status(&header, &client.claims()).await, status, "{kid}");
    }
}

#[tokio::test]
async fn claims_are_checked() {
    let client = Client::with("RS256").await;
    let now = Timestamp::now().as_second();
    let tenant = client.caller.emulator.tenant_url();
    for (claim, value, status) in [
        ("sub", json!("other"), 401),
        ("aud", json!(tenant), 401),
        ("aud", json!("https://other.example/"), 401),
        (
            "aud",
            json!([format!("{tenant}/"), "https://other.example/"]),
            200,
        ),
        ("aud", json!(format!("{tenant}/oauth/token")), 200),
        ("aud", Value::Null, 401),
        ("exp", json!(now - 1), 401),
        ("exp", json!(now + 295), 200),
        ("exp", json!(now + 320), 401),
        ("exp", Value::Null, 401),
        ("iat", Value::Null, 200),
        ("iat", json!(now + 5), 200),
        ("iat", json!(now + 30), 401),
        ("nbf", json!(now + 5), 200),
        ("nbf", json!(now + 30), 401),
        ("jti", json!("j".repeat(64)), 200),
        ("jti", json!("j".repeat(65)), 401),
        ("jti", json!(""), 401),
        ("jti", Value::Null, 401),
    ] {
        let mut claims = client.claims();
        claims[claim] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        }
        let header = json!({ "alg": "RS256" });
        assert_eq!(client.status(&header, &claims).await, status, "{claim} {value}");
    }
}

#[tokio::test]
async fn what_is_no_assertion_is_refused() {
    let client = Client::with("RS256").await;
    let good = || key(0).assertion(&client.id, &client.caller.emulator.tenant_url());
    let ask = async |kind: &str, assertion: &str, id: Option<&str>| {
        let mut form = vec![
            GRANT,
            ("client_assertion_type", kind),
            ("client_assertion", assertion),
            ("audience", API),
        ];
        form.extend(id.map(|id| ("client_id", id)));
        client.caller.ask(&form).await.status
    };
    assert_eq!(ask(ASSERTION, &good(), None).await, 200);
    assert_eq!(ask(ASSERTION, &good(), Some(&client.id)).await, 200);
    assert_eq!(ask(ASSERTION, &good(), Some("other")).await, 401);
    assert_eq!(ask("urn:other", &good(), None).await, 401);
    let spoilt = good().replace('.', "..");
    let unsigned = good()
        .rsplit_once('.')
        .map(|(signed, _)| format!("{signed}."))
        .unwrap();
    for text in ["", "x", "a.b.c", &spoilt, &unsigned] {
        assert_eq!(ask(ASSERTION, text, None).await, 401, "{text}");
    }
    let stranger = key(0).assertion("nobody", &client.caller.emulator.tenant_url());
    assert_eq!(ask(ASSERTION, &stranger, None).await, 401);
}

#[tokio::test]
async fn assertion_replay_and_assertion_audience() {
    let client = Client::with("RS256").await;
    let tenant = client.caller.emulator.tenant_url();
    let once = key(0).assertion(&client.id, &tenant);
    for (replay, status) in [("401", 401), ("400", 400), ("accepted", 200)] {
        client.caller.ask_with(&once, API).await;
        client.caller.set(&[("assertion_replay", replay)]);
        assert_eq!(
            client.caller.ask_with(&once, API).await.status,
            status,
            "{replay}"
        );
    }
    for (value, status) in [("either", 200), ("tenant", 401)] {
        client.caller.set(&[("assertion_audience", value)]);
        let mut claims = client.claims();
        claims["aud"] = json!(format!("{tenant}/oauth/token"));
        let header = json!({ "alg": "RS256" });
        assert_eq!(client.status(&header, &claims).await, status, "{value}");
    }
}
