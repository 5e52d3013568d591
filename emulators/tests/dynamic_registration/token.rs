//! The token endpoint.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{Caller, machine, refusal, sendable, with};
use crate::support::{GRANT, Read};

fn pair(client: &Value) -> (&str, &str) {
    let [id, secret] = ["client_id", "client_secret"].map(|name| client[name].as_str().unwrap());
    (id, secret)
}

#[tokio::test]
async fn a_client_gets_a_token_in_the_way_that_it_is_registered_with() {
    let caller = Caller::start().await;
    let basic = caller.registered("basic").await;
    let post = json!({ "token_endpoint_auth_method": "client_secret_post" });
    let post = caller.register(&with(&machine("post"), &post)).await.json();
    let invalid_client = (401, "invalid_client".to_owned());
    for (client, in_basic) in [(&basic, true), (&post, false)] {
        let (id, secret) = pair(client);
        let mut answers = [
            caller.token(id, secret, &[GRANT]).await,
            caller.token_in_body(id, secret).await,
        ];
        if !in_basic {
            answers.reverse();
        }
        let [right, wrong] = answers;
        assert_eq!(right.status, 200);
        assert_eq!(right.header("cache-control"), Some("no-store"));
        let body = right.json();
        assert_eq!(
            (&body["token_type"], &body["expires_in"]),
            (&json!("Bearer"), &json!(600))
        );
        assert_eq!(body["scope"], "a b");
        assert_eq!(refusal(&wrong), invalid_client);
        caller.set(&[("token_auth", "any")]);
        assert_eq!(caller.token(id, secret, &[GRANT]).await.status, 200);
        assert_eq!(caller.token_in_body(id, secret).await.status, 200);
        caller.set(&[("token_auth", "registered")]);
    }
    assert_eq!(caller.emulator.requests()[2].client.as_deref(), Some("basic"));
    assert_eq!(caller.emulator.requests()[2].operation, "token");
}

#[tokio::test]
async fn a_token_has_no_more_than_the_registered_scope() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let (id, secret) = pair(&client);
    let token = async |scope| caller.token(id, secret, &[GRANT, ("scope", scope)]).await;
    assert_eq!(token("b").await.field("scope"), "b");
    assert_eq!(refusal(&token("a c").await), (400, "invalid_scope".to_owned()));
    let bare = caller
        .register(&with(&machine("bare"), &json!({ "scope": null })))
        .await
        .json();
    let (id, secret) = pair(&bare);
    let more = caller.token(id, secret, &[GRANT, ("scope", "a")]).await;
    assert_eq!(refusal(&more), (400, "invalid_scope".to_owned()));
    assert_eq!(caller.token(id, secret, &[GRANT]).await.field("scope"), "");
    caller.set(&[("token_scope_omitted", "400")]);
    assert_eq!(
        refusal(&caller.token(id, secret, &[GRANT]).await),
        (400, "invalid_scope".to_owned())
    );
}

#[tokio::test]
async fn refusals_are_those_of_the_standard() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let (id, secret) = pair(&client);
    let invalid_client = (401, "invalid_client".to_owned());
    let wrong = caller.token(id, "wrong", &[GRANT]).await;
    assert_eq!(refusal(&wrong), invalid_client);
    assert_eq!(wrong.header("www-authenticate"), Some("Basic realm=\"token\""));
    assert_eq!(
        refusal(&caller.token("wrong", secret, &[GRANT]).await),
        invalid_client
    );
    let nobody = caller.http.post(caller.emulator.token_url()).form(&[GRANT]);
    assert_eq!(
        refusal(&Read::of(nobody.send().await.unwrap()).await),
        invalid_client
    );
    assert_eq!(refusal(&caller.token(id, secret, &[]).await).1, "invalid_request");
    let twice = [GRANT, ("client_id", id), ("client_secret", secret)];
    assert_eq!(
        refusal(&caller.token(id, secret, &twice).await),
        (400, "invalid_request".to_owned())
    );
    let other_grant = caller.token(id, secret, &[("grant_type", "password")]).await;
    assert_eq!(refusal(&other_grant), (400, "unsupported_grant_type".to_owned()));

    let web = json!({ "redirect_uris": ["https://a.example"] });
    let web = caller.register(&web).await.json();
    let (id, secret) = pair(&web);
    let unauthorized = caller.token(id, secret, &[GRANT]).await;
    assert_eq!(refusal(&unauthorized), (400, "unauthorized_client".to_owned()));
    assert_eq!(caller.emulator.state()["tokens_issued"], 0);
    caller.set(&[("token_error_status", "403")]);
    assert_eq!(caller.token(id, "wrong", &[GRANT]).await.status, 403);
}

#[tokio::test]
async fn id_and_secret_may_be_encoded_in_basic() {
    for (value, plain, encoded) in [("either", 200, 200), ("plain", 200, 401), ("form", 401, 200)] {
        let caller = Caller::switched(&[("token_basic_decoding", value)]).await;
        let client = caller.registered("x").await;
        let id = client["client_id"].as_str().unwrap();
        caller
            .emulator
            .edit_client(id, |client| client.client_secret = Some("+%41:/".to_owned()));
        assert_eq!(
            caller.token(id, "+%41:/", &[GRANT]).await.status,
            plain,
            "{value}"
        );
        assert_eq!(
            caller.token(id, "%2B%2541%3A%2F", &[GRANT]).await.status,
            encoded,
            "{value}"
        );
    }
}

#[tokio::test]
async fn tokens_can_be_verified() {
    let caller = Caller::start().await;
    let client = caller.registered("x").await;
    let (id, secret) = pair(&client);
    let token = caller.token(id, secret, &[GRANT]).await.field("access_token");
    let verify = async |token: &str| {
        let answer = caller
            .control("POST", "/verify_token", Some(&json!({ "token": token })))
            .await;
        answer.json()
    };
    let good = json!({ "issued": true, "good": true, "client_id": id, "scope": "a b" });
    assert_eq!(verify(&token).await, good);
    assert_eq!(verify("ey.ey.x").await, json!({ "issued": false, "good": false }));
    caller.set(&[("token_expiry_seconds", "0")]);
    let expired = caller.token(id, secret, &[GRANT]).await.field("access_token");
    assert_eq!(verify(&expired).await["good"], false);
    caller.delete(&client).await;
    assert_eq!(
        verify(&token).await["issued"],
        false,
        "its tokens end with a client"
    );
}

#[tokio::test]
async fn every_credential_is_known_to_a_test_however_old_it_is() {
    let caller = Caller::switched(&[("rat_on_put", "new"), ("secret_on_put", "new")]).await;
    let first = caller.registered("x").await;
    let second = caller.update(&first, &sendable(&first)).await.json();
    let (id, secret) = pair(&second);
    let token = caller.token(id, secret, &[GRANT]).await.field("access_token");
    let known = caller.emulator.credentials();
    for client in [&first, &second] {
        for field in ["client_secret", "registration_access_token"] {
            assert!(known.iter().any(|one| client[field] == one.as_str()), "{field}");
        }
    }
    assert!(known.contains(&token));
    assert_eq!(known.len(), 5);
}
