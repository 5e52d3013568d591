//! Token requests.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::bench::verdict;
use super::*;
use crate::model::Credential;

async fn verified(bench: &Bench, secret: Option<&str>) -> &'static str {
    let there = bench.emulator.add_client("app", "read");
    let credential = Credential {
        client_id: there.client_id,
        client_secret: Some(Confidential::new(secret.unwrap_or(&there.client_secret))),
    };
    verdict(&bench.adapter.verify(&(&credential).into()).await.unwrap())
}

async fn with(turns: &[(&str, &str)]) -> Bench {
    let bench = Bench::new().await;
    for (name, value) in turns {
        bench
            .emulator
            .switch(|switches| switches.set(name, value).unwrap());
    }
    bench
}

/// However the server wants the credential, and whatever characters it is made of.
#[tokio::test]
async fn a_good_credential_gets_a_token() {
    for manner in ["both", "basic", "body"] {
        for decoding in ["either", "form"] {
            for alphabet in ["url_safe", "base64", "symbols"] {
                let bench = with(&[
                    ("token_client_auth", manner),
                    ("token_basic_decoding", decoding),
                    ("secret_alphabet", alphabet),
                ])
                .await;
                assert_eq!(
                    verified(&bench, None).await,
                    "issued",
                    "{manner} {decoding} {alphabet}"
                );
                let requests = if manner == "body" { 2 } else { 1 };
                assert_eq!(bench.emulator.counters().of("token"), requests);
            }
        }
    }
}

/// A server that takes Basic as it is: a secret with special characters is refused there, and good in the body.
#[tokio::test]
async fn a_server_that_does_not_decode_basic() {
    let bench = with(&[("token_basic_decoding", "plain"), ("secret_alphabet", "symbols")]).await;
    assert_eq!(verified(&bench, None).await, "issued");
    assert_eq!(bench.emulator.counters().of("token"), 2);
}

#[tokio::test]
async fn a_wrong_credential_is_rejected() {
    for manner in ["both", "basic", "body"] {
        for body in ["oauth", "framework", "html", "empty", "text"] {
            let bench = with(&[("token_client_auth", manner), ("token_error_body", body)]).await;
            assert_eq!(
                verified(&bench, Some("wrong")).await,
                "rejected",
                "{manner} {body}"
            );
        }
    }
    // Without the standard's status or word there is no telling what was refused.
    for (status, body, expected) in [
        ("400", "oauth", "rejected"),
        ("400", "empty", "unknown"),
        ("403", "text", "unknown"),
        ("500", "oauth", "unknown"),
    ] {
        let bench = with(&[("token_error_status", status), ("token_error_body", body)]).await;
        assert_eq!(verified(&bench, Some("wrong")).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_server_is_not_held_against_the_credential() {
    for behaviour in [
        Behaviour::LoseAnswer,
        Behaviour::NotFoundEverything,
        Behaviour::Html { status: 200 },
        Behaviour::Html { status: 400 },
        Behaviour::Deny { status: 403 },
        Behaviour::Redirect {
            status: 307,
            location: "/elsewhere".into(),
        },
        Behaviour::NotJson { body: "{}".into() },
        Behaviour::NotJson {
            body: r#"{"access_token":""}"#.into(),
        },
        Behaviour::NotJson {
            body: r#"{"access_token":null}"#.into(),
        },
    ] {
        let bench = Bench::new().await;
        bench
            .emulator
            .misbehave(Rule::on("token", behaviour.clone()))
            .unwrap();
        assert_eq!(verified(&bench, None).await, "unknown", "{behaviour:?}");
        assert_eq!(bench.emulator.counters().of("other"), 0);
    }
}

/// A token endpoint at another address gets the client's credential and never ours.
#[tokio::test]
async fn a_token_endpoint_elsewhere() {
    let (server, issuer) = (Bench::new().await.emulator, Bench::new().await.emulator);
    let mut spec = spec(&server.url());
    spec.endpoints = Some(crate::api::Endpoints {
        token_uri: Some(issuer.token_url()),
        ..crate::api::Endpoints::default()
    });
    let adapter = bench::connected(spec, &super::secrets(), WITHIN);
    let there = issuer.add_client("app", "");
    let credential = Credential {
        client_id: there.client_id,
        client_secret: Some(Confidential::new(there.client_secret)),
    };
    assert_eq!(
        adapter.verify(&(&credential).into()).await,
        Ok(Verification::TokenIssued)
    );
    assert!(server.requests().is_empty());
}
