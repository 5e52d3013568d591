//! The administrator's login.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::*;

/// A token that is good for nothing is told as what it is, whatever it is marked with: the platform team has to act.
#[tokio::test]
async fn a_second_factor_is_recognised() {
    for (mark, recognised) in [("scope", true), ("field", true), ("absent", false)] {
        let bench = Bench::turned("two_factor", "everybody").await;
        bench.turn("restricted_mark", mark);
        let fault = bench.check().await.unwrap_err();
        let denial = if recognised {
            Denial::Credential
        } else {
            Denial::Right
        };
        assert!(
            matches!(&fault, Fault::Denied(found, _) if *found == denial),
            "{mark}: {fault:?}"
        );
        assert!(fault.to_string().contains("second factor"), "{fault}");
        assert_eq!(bench.change(&register("app"), WITHIN).await, Err(fault));
        assert_eq!(bench.sent(), 0);
    }
}

/// A user who is no administrator, in each way.
#[tokio::test]
async fn a_user_without_rights_is_told() {
    for rights in ["administrators", "everybody_reads"] {
        let bench = Bench::turned("rights", rights).await;
        bench.emulator.edit_users(|users| users[0].administrator = false);
        let app = bench.add("app", SECRET);
        let requests = [
            register("new"),
            update(app.clone(), wanted(900)),
            Request::Disable { target: app },
        ];
        for request in requests {
            let fault = bench.change(&request, WITHIN).await.unwrap_err();
            assert!(
                matches!(&fault, Fault::Denied(Denial::Right, text) if text.contains("an administrator")),
                "{fault:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_session_that_ends_is_begun_anew() {
    let bench = Bench::new().await;
    let app = bench.add("app", SECRET);
    bench.check().await.unwrap();
    for refresh_tokens in [false, true] {
        bench.emulator.end_tokens(refresh_tokens);
        let logins = bench.emulator.counters().of("token");
        let delete = update(app.clone(), wanted(if refresh_tokens { 700 } else { 800 }));
        assert!(matches!(
            bench.change(&delete, WITHIN).await,
            Ok(Answer::Client(_))
        ));
        assert_eq!(bench.emulator.counters().of("token") - logins, 1);
    }
}

/// The documents spell the header otherwise than the standard.
#[tokio::test]
async fn either_header_is_sent() {
    for header in ["authorization", "authentication", "either"] {
        let bench = Bench::turned("token_header", header).await;
        assert_eq!(bench.check().await, Ok(()), "{header}");
    }
}

#[tokio::test]
async fn a_credential_that_is_refused_is_told() {
    let bench = Bench::new().await;
    bench
        .emulator
        .edit_users(|users| users[0].password = "another".into());
    let fault = bench.check().await.unwrap_err();
    assert!(matches!(fault, Fault::Denied(Denial::Credential, _)), "{fault:?}");
    let bench = Bench::new().await;
    bench.emulator.edit_clients(|apps| apps[0].enabled = false);
    let fault = bench.check().await.unwrap_err();
    assert!(matches!(fault, Fault::Denied(Denial::Credential, _)), "{fault:?}");
    // Nothing of it is about what is managed.
    let bench = Bench::new().await;
    let refused = Rule::on("token", Behaviour::Deny { status: 403 });
    bench.emulator.misbehave(refused).unwrap();
    assert_eq!(bench.client("1").await.unwrap_err().kind(), "Denied");
    assert_eq!(
        bench.change(&register("app"), WITHIN).await.unwrap_err().kind(),
        "Denied"
    );
}

#[test]
fn what_a_connection_needs() {
    use super::super::super::connect::{NotConnected, connect, secrets_needed};
    let spec = spec("https://access.example.com");
    let needed = secrets_needed(&spec);
    assert_eq!(needed.len(), 1);
    assert_eq!(
        needed[0].keys,
        set(&["client-id", "client-secret", "password", "username"])
    );
    for key in &needed[0].keys {
        let mut secrets = secrets();
        secrets.get_mut("credential").unwrap().remove(key);
        let refused = connect(&spec, false, &secrets, &bench::loopback()).err();
        assert!(
            matches!(refused, Some(NotConnected::CredentialMissing { .. })),
            "{key}"
        );
    }
}
