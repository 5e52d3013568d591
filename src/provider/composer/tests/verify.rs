//! Whether a credential is accepted: a token for a user, which is revoked at once.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::bench::verdict;
use super::*;
use crate::model::{Credential, TokenRequest};

async fn turned(turns: &[(&str, &str)]) -> Bench {
    let bench = Bench::new().await;
    for (name, value) in turns {
        bench.turn(name, value);
    }
    bench
}

fn request(bench: &Bench, secret: Option<&str>) -> TokenRequest {
    let there = bench.emulator.add_client("app", 300);
    let credential = Credential {
        client_id: there.client_id,
        client_secret: Some(Confidential::new(secret.unwrap_or(&there.client_secret))),
    };
    (&credential).into()
}

/// The verdict, and that no user was written and no token is left.
async fn verified(bench: &Bench, secret: Option<&str>) -> (&'static str, String) {
    let users = bench.emulator.users();
    let verification = bench.adapter.verify(&request(bench, secret)).await.unwrap();
    assert_eq!(bench.emulator.counters().of("push"), 0);
    assert_eq!(bench.emulator.users(), users);
    let text = format!("{verification:?}");
    assert!(!text.contains("canary"), "{text}");
    (verdict(&verification), text)
}

/// However the server wants the request, whatever it answers, and whatever the token is called when it is revoked.
#[tokio::test]
async fn a_good_credential_gets_a_token() {
    for manner in ["any", "json", "form"] {
        for answer in ["oauth", "camel", "token", "text"] {
            for id in ["token", "token_id", "id", "jti"] {
                let turns = [
                    ("token_request", manner),
                    ("token_answer", answer),
                    ("token_id", id),
                ];
                let bench = turned(&turns).await;
                assert_eq!(verified(&bench, None).await.0, "issued", "{turns:?}");
                // A token by itself has no id beside it.
                let left = usize::from(answer == "text" && id != "token");
                assert_eq!(bench.emulator.tokens(), left, "{turns:?}");
            }
        }
    }
}

/// Whatever characters a credential is made of, and however the server reads HTTP Basic.
#[tokio::test]
async fn each_alphabet() {
    for decoding in ["either", "form", "plain"] {
        for alphabet in ["url_safe", "base64", "symbols"] {
            let turns = [("token_basic_decoding", decoding), ("secret_alphabet", alphabet)];
            let bench = turned(&turns).await;
            assert_eq!(verified(&bench, None).await.0, "issued", "{turns:?}");
        }
    }
}

#[tokio::test]
async fn a_wrong_credential_is_rejected() {
    for body in ["details", "framework", "oauth", "html", "empty", "text"] {
        let bench = turned(&[("error_body", body)]).await;
        assert_eq!(
            verified(&bench, Some("canary-wrong")).await.0,
            "rejected",
            "{body}"
        );
    }
    // A client that is not there any more.
    let bench = Bench::new().await;
    let gone = request(&bench, None);
    bench.emulator.edit_clients(Vec::clear);
    let verification = bench.adapter.verify(&gone).await.unwrap();
    assert_eq!(verdict(&verification), "rejected");
    // Where everybody is answered alike there is no telling.
    let bench = turned(&[("unknown_client", "401")]).await;
    assert_eq!(verified(&bench, Some("canary-wrong")).await.0, "unknown");
    for status in ["400", "403", "404", "500"] {
        let bench = turned(&[("wrong_secret", status)]).await;
        assert_eq!(
            verified(&bench, Some("canary-wrong")).await.0,
            "unknown",
            "{status}"
        );
    }
}

/// A licence that has run out is not held against a credential, in whatever words it is said, and clients are managed on.
#[tokio::test]
async fn a_licence_that_has_run_out() {
    for body in ["details", "framework", "oauth", "html", "empty", "json_string"] {
        let bench = turned(&[("licence", "expired"), ("error_body", body)]).await;
        let (verdict, text) = verified(&bench, None).await;
        assert!(verdict == "unknown" && text.contains("licence"), "{body}: {text}");
        client_of(bench.change(&register("new"), WITHIN).await.unwrap());
        bench.check().await.unwrap();
    }
}

/// What is wrong with the server or with the probe is not held against the credential.
#[tokio::test]
async fn what_says_nothing_of_the_credential() {
    for (turns, hint) in [
        (&[("trusted_access", "off")][..], "Trusted Access"),
        (&[("release", "before_7_5")], "7.5"),
        (&[("account_scope", "403")], "scoped"),
        (&[("pull_account", "required")], "probe"),
    ] {
        let bench = turned(turns).await;
        let (verdict, text) = verified(&bench, None).await;
        assert!(verdict == "unknown" && text.contains(hint), "{turns:?}: {text}");
    }
    for behaviour in [
        Behaviour::LoseAnswer,
        Behaviour::NotFoundEverything,
        Behaviour::Html { status: 200 },
        Behaviour::Deny { status: 403 },
        Behaviour::NotJson { body: "{}".into() },
        Behaviour::NotJson {
            body: r#"{"access_token":""}"#.into(),
        },
        Behaviour::NotJson { body: "short".into() },
    ] {
        let bench = Bench::new().await;
        let rule = Rule::on("pull", behaviour.clone());
        bench.emulator.misbehave(rule).unwrap();
        assert_eq!(verified(&bench, None).await.0, "unknown", "{behaviour:?}");
    }
}

/// The user of the probe may be wrong; the account is sent where it is configured.
#[tokio::test]
async fn the_user_of_the_probe() {
    for (username, account, expected) in [
        (USER, None, "issued"),
        (USER, Some("tenant"), "issued"),
        (USER, Some("another"), "unknown"),
        ("nobody", None, "unknown"),
        ("supervisor", None, "unknown"),
    ] {
        let mut bench = Bench::new().await;
        let probe = ComposerProbe {
            username: username.to_owned(),
            account: account.map(str::to_owned),
        };
        let spec = spec(&bench.emulator.url(), ComposerAuth::Basic(auth()), Some(probe));
        bench.adapter = connected(spec, &secrets(), WITHIN);
        assert!(bench.adapter.capabilities().can_verify);
        assert_eq!(verified(&bench, None).await.0, expected, "{username} {account:?}");
    }
    let bench = Bench::new().await;
    let spec = spec(&bench.emulator.url(), ComposerAuth::Basic(auth()), None);
    let adapter = connected(spec, &secrets(), WITHIN);
    assert!(!adapter.capabilities().can_verify);
    assert!(adapter.verify(&request(&bench, None)).await.is_err());
}

/// A token that cannot be revoked ends by itself; the credential is proven all the same.
#[tokio::test]
async fn a_token_that_cannot_be_revoked() {
    let bench = turned(&[("revoke", "404")]).await;
    assert_eq!(verified(&bench, None).await.0, "issued");
    assert_eq!(bench.emulator.tokens(), 1);
}
