//! The token endpoint.

mod support;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use support::{Api, GRANT, Read};

#[tokio::test]
async fn a_client_gets_a_token_either_way() {
    let api = Api::start().await;
    let client = api.emulator.add_client("x", "a b");
    let (id, secret) = (client.client_id.as_str(), client.client_secret.as_str());
    for answer in [
        api.token(id, secret, &[GRANT]).await,
        api.token_in_body(id, secret).await,
    ] {
        assert_eq!(answer.status, 200);
        let body = answer.json();
        assert_eq!(
            (&body["token_type"], &body["expires_in"]),
            (&json!("Bearer"), &json!(1800))
        );
        assert_eq!(body["scope"], "a b");
        let token = answer.field("access_token");
        let parts: Vec<Vec<u8>> = token
            .split('.')
            .map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap())
            .collect();
        let header: Value = serde_json::from_slice(&parts[0]).unwrap();
        let claims: Value = serde_json::from_slice(&parts[1]).unwrap();
        assert_eq!(header["alg"], "RS256");
        assert_eq!(
            (claims["sub"].as_str(), claims["scope"].as_str()),
            (Some(id), Some("a b"))
        );
        assert_eq!(
            claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
            1800
        );
        assert_eq!(parts[2].len(), 256);
    }
    assert_eq!(api.emulator.counters().of("token"), 2);
    assert_eq!(api.emulator.requests()[0].client.as_deref(), Some("x"));
    assert_eq!(api.emulator.requests()[1].client.as_deref(), Some("x"));
}

#[tokio::test]
async fn a_token_has_what_was_asked_for() {
    let api = Api::start().await;
    let client = api.emulator.add_client("x", "a b");
    let token = async |scope| {
        api.token(
            &client.client_id,
            &client.client_secret,
            &[GRANT, ("scope", scope)],
        )
        .await
    };
    assert_eq!(token("b").await.field("scope"), "b");
    assert_eq!(token("b a").await.field("scope"), "b a");
    let excess = token("a c").await;
    assert_eq!(
        (excess.status, excess.field("error").as_str()),
        (400, "invalid_scope")
    );
}

#[tokio::test]
async fn refusals_are_those_of_the_standard() {
    let api = Api::start().await;
    let client = api.emulator.add_client("x", "a");
    let (id, secret) = (client.client_id.as_str(), client.client_secret.as_str());
    let refused = |answer: Read| (answer.status, answer.field("error"));
    let invalid_client = (401, "invalid_client".to_owned());
    assert_eq!(refused(api.token(id, "wrong", &[GRANT]).await), invalid_client);
    assert_eq!(
        refused(api.token("wrong", secret, &[GRANT]).await),
        invalid_client
    );
    assert_eq!(refused(api.token_in_body(id, "wrong").await), invalid_client);
    let nobody = api
        .http
        .post(api.emulator.token_url())
        .form(&[GRANT])
        .send()
        .await
        .unwrap();
    assert_eq!(refused(Read::of(nobody).await), invalid_client);

    let invalid_request = (400, "invalid_request".to_owned());
    assert_eq!(
        refused(api.token(id, secret, &[("scope", "a")]).await),
        invalid_request
    );
    let twice = api
        .token(id, secret, &[GRANT, ("client_id", id), ("client_secret", secret)])
        .await;
    assert_eq!(refused(twice), invalid_request);
    let json = api
        .http
        .post(api.emulator.token_url())
        .basic_auth(id, Some(secret));
    let json = json
        .json(&json!({ "grant_type": "client_credentials" }))
        .send()
        .await
        .unwrap();
    assert_eq!(refused(Read::of(json).await), invalid_request);
    let other_grant = api.token(id, secret, &[("grant_type", "password")]).await;
    assert_eq!(refused(other_grant), (400, "unsupported_grant_type".to_owned()));

    let read = api.http.get(api.emulator.token_url()).send().await.unwrap();
    assert_eq!(read.status().as_u16(), 405);
    let challenge = api
        .http
        .post(api.emulator.token_url())
        .basic_auth(id, Some("wrong"))
        .form(&[GRANT]);
    assert!(
        challenge
            .send()
            .await
            .unwrap()
            .headers()
            .contains_key("www-authenticate")
    );
    assert_eq!(api.emulator.state()["tokens_issued"], 0);
}

#[tokio::test]
async fn the_admin_is_not_a_client() {
    let api = Api::start().await;
    assert_eq!(
        api.token(support::USER, support::PASSWORD, &[GRANT]).await.status,
        401
    );
}

#[tokio::test]
async fn a_pair_ends_with_its_rotation_and_with_its_client() {
    let api = Api::start().await;
    let first = api.emulator.add_client("x", "a");
    api.rotate("x").await;
    let second = api.emulator.clients().remove(0);
    assert_eq!(
        api.token(&first.client_id, &first.client_secret, &[GRANT])
            .await
            .status,
        401
    );
    assert_eq!(
        api.token(&first.client_id, &second.client_secret, &[GRANT])
            .await
            .status,
        401
    );
    assert_eq!(
        api.token(&second.client_id, &second.client_secret, &[GRANT])
            .await
            .status,
        200
    );
    api.delete("x").await;
    assert_eq!(
        api.token(&second.client_id, &second.client_secret, &[GRANT])
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn tokens_can_be_verified() {
    let api = Api::start().await;
    let client = api.emulator.add_client("x", "a");
    let answer = api
        .token(&client.client_id, &client.client_secret, &[GRANT])
        .await;
    let token = answer.field("access_token");
    let verify = async |token: &str| {
        api.control("POST", "/verify_token", Some(&json!({ "token": token })))
            .await
            .json()
    };
    let good = json!({
        "issued": true, "good": true, "client_name": "x", "client_id": client.client_id, "scope": "a",
        "client_exists": true, "id_is_current": true,
    });
    assert_eq!(verify(&token).await, good);
    assert_eq!(verify("ey.ey.x").await, json!({ "issued": false, "good": false }));
    api.rotate("x").await;
    assert_eq!(verify(&token).await["id_is_current"], false);
    api.delete("x").await;
    assert_eq!(verify(&token).await["client_exists"], false);
    assert_eq!(
        verify(&token).await["good"],
        true,
        "a signed token outlives its client"
    );
}

#[tokio::test]
async fn a_token_expires() {
    let api = Api::switched(&[("token_expiry_seconds", "0")]).await;
    let client = api.emulator.add_client("x", "a");
    let answer = api
        .token(&client.client_id, &client.client_secret, &[GRANT])
        .await;
    let body = json!({ "token": answer.field("access_token") });
    let verdict = api.control("POST", "/verify_token", Some(&body)).await.json();
    assert_eq!(
        (&verdict["issued"], &verdict["good"]),
        (&json!(true), &json!(false))
    );
}

#[tokio::test]
async fn every_credential_is_known_to_a_test_however_old_it_is() {
    let api = Api::start().await;
    let first = api.emulator.add_client("x", "a");
    let answer = api.token(&first.client_id, &first.client_secret, &[GRANT]).await;
    api.rotate("x").await;
    let second = api.emulator.clients_named("x").remove(0);
    api.delete("x").await;
    let known = api.emulator.credentials();
    for credential in [
        first.client_secret,
        second.client_secret,
        answer.field("access_token"),
    ] {
        assert!(known.contains(&credential));
    }
    assert_eq!(known.len(), 3);
}
