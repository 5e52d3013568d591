//! Who the operator is there: its rights, sessions and CSRF tokens.

use std::sync::Arc;

use authserver_emulator::misbehave::{BodyKind, Rule};

use super::bench::Truth;
use super::bench::misbehaviour::status;
use super::*;
use crate::model::Denial;

/// An adapter that calls in sessions.
fn in_sessions(bench: &Bench) -> Arc<dyn Provider> {
    let spec = spec(&bench.emulator.url(), ComposerAuth::Session(auth()), None);
    connected(spec, &secrets(), WITHIN)
}

async fn offered() -> Bench {
    let mut bench = Bench::turned("session_offered", "true").await;
    bench.adapter = in_sessions(&bench);
    bench
}

fn right(fault: &Fault) -> &str {
    match fault {
        Fault::Denied(Denial::Right, text) => text,
        other => panic!("{other:?}"),
    }
}

/// A tenant administrator can do neither: what it is told about no client is never that it is gone.
#[tokio::test]
async fn a_tenant_administrator() {
    let bench = Bench::new().await;
    bench.emulator.add_client("app", 300);
    let app = Truth::target(&bench.emulator, "app");
    bench.turn("caller", "tenant_administrator");
    for fault in [
        bench.check().await.unwrap_err(),
        bench.clients().await.unwrap_err(),
        bench.client("nobody").await.unwrap_err(),
        bench.change(&register("new"), WITHIN).await.unwrap_err(),
    ] {
        assert!(right(&fault).contains("global administrator"), "{fault:?}");
    }
    // What it may do it does.
    assert!(bench.client(&app.handle.0).await.unwrap().is_some());
    client_of(bench.change(&update(app.clone(), 250), WITHIN).await.unwrap());
    let delete = Request::Delete { target: app };
    assert_eq!(bench.change(&delete, WITHIN).await, Ok(Answer::Done));
}

/// A wrong credential, in each way in which a server may say so.
#[tokio::test]
async fn a_credential_that_is_refused() {
    for (value, of_read, of_change) in [
        ("challenge", "Denied", "Denied"),
        ("bare_401", "Denied", "Denied"),
        ("forbidden", "Denied", "Denied"),
        ("login_page", "Unavailable", "Unavailable"),
        ("login_redirect", "Unavailable", "Unavailable"),
    ] {
        for session in [false, true] {
            let mut bench = Bench::turned("unauthorized", value).await;
            if session {
                bench.adapter = in_sessions(&bench);
            }
            bench.emulator.add_client("app", 300);
            let app = Truth::target(&bench.emulator, "app");
            bench.emulator.set_administrator("operator", "another");
            assert_eq!(bench.check().await.unwrap_err().kind(), of_read, "{value}");
            let fault = bench.client(&app.handle.0).await.unwrap_err();
            assert_eq!(fault.kind(), of_read, "{value}");
            // A read comes before each change.
            for request in [register("new"), update(app, 250)] {
                let fault = bench.change(&request, WITHIN).await.unwrap_err();
                assert_eq!((fault.kind(), bench.sent()), (of_change, 0), "{value}");
            }
            // Not a hail of calls at an account that may be locked.
            assert!(bench.emulator.requests().len() <= 7);
        }
    }
}

/// A 403 that speaks of an expired session is about a missing token, and no right is missing.
#[tokio::test]
async fn a_change_without_a_token() {
    let bench = Bench::turned("csrf", "always").await;
    bench.check().await.unwrap();
    let fault = bench.change(&register("app"), WITHIN).await.unwrap_err();
    assert!(right(&fault).contains("set auth.session"), "{fault:?}");
    // The same with a session that comes without one.
    let adapter = in_sessions(&bench);
    adapter.check().await.unwrap();
    let fault = adapter.perform(&register("app"), WITHIN).await.unwrap_err();
    assert!(right(&fault).contains("gave no CSRF token"), "{fault:?}");
}

#[tokio::test]
async fn a_life_in_a_session() {
    for csrf in ["sessions", "always", "off"] {
        let bench = offered().await;
        bench.turn("csrf", csrf);
        bench.check().await.unwrap();
        let registered = client_of(bench.change(&register("app"), WITHIN).await.unwrap());
        let app = || Box::<Target>::from(registered.handle.clone());
        client_of(bench.change(&update(app(), 250), WITHIN).await.unwrap());
        bench.clients().await.unwrap();
        let delete = Request::Delete { target: app() };
        assert_eq!(bench.change(&delete, WITHIN).await, Ok(Answer::Done));
        // The user's password went once.
        let sessions = bench.emulator.credentials();
        assert_eq!(sessions.len(), 3, "cookie and token of one session, and a secret");
    }
}

/// Of many calls at once one begins the session.
#[tokio::test]
async fn many_calls_at_once() {
    let bench = offered().await;
    let calls = (0..20).map(|_| bench.adapter.check());
    for came in futures::future::join_all(calls).await {
        came.unwrap();
    }
    assert_eq!(bench.emulator.counters().of("list"), 21);
    assert_eq!(bench.emulator.credentials().len(), 2);
}

/// A session that has ended, in each way in which a server may say so.
#[tokio::test]
async fn a_session_that_has_ended() {
    for (value, first) in [
        ("challenge", true),
        ("bare_401", true),
        ("forbidden", true),
        ("login_page", false),
        ("login_redirect", false),
    ] {
        let bench = offered().await;
        bench.turn("session_ended", value);
        bench.emulator.add_client("app", 300);
        let app = || Truth::target(&bench.emulator, "app");
        bench.check().await.unwrap();
        // What plainly asks for a login is borne at once; of a page nobody knows what it is, so the next call begins anew.
        bench.emulator.end_sessions();
        assert_eq!(bench.client(&app().handle.0).await.is_ok(), first, "{value}");
        assert!(bench.client(&app().handle.0).await.unwrap().is_some(), "{value}");
        let delete = Request::Delete { target: app() };
        bench.emulator.end_sessions();
        match bench.adapter.perform(&delete, WITHIN).await {
            Ok(_) => assert!(first, "{value}"),
            Err(fault) => {
                assert!(
                    !first && matches!(fault, Fault::OutcomeUnknown(_)),
                    "{value}: {fault:?}"
                );
                assert_eq!(bench.change(&delete, WITHIN).await, Ok(Answer::Done));
            }
        }
        assert!(bench.emulator.clients().is_empty(), "{value}");
    }
}

/// A session that cannot be begun: nothing of the change was sent.
#[tokio::test]
async fn no_session_can_be_begun() {
    for code in [408, 429, 500, 503] {
        let bench = offered().await;
        let rule = Rule::on("list", status(code, None, BodyKind::Json));
        bench.emulator.misbehave(rule).unwrap();
        let fault = bench.change(&register("app"), WITHIN).await.unwrap_err();
        let expected = if code == 429 { "Throttled" } else { "Unavailable" };
        assert_eq!((fault.kind(), bench.sent()), (expected, 0), "{code}");
        let delete = Request::Delete {
            target: "0815".into(),
        };
        let fault = bench.change(&delete, WITHIN).await.unwrap_err();
        assert_eq!((fault.kind(), bench.sent()), (expected, 0), "{code}");
    }
}

/// A server that takes the user and begins no session is called with Basic.
#[tokio::test]
async fn no_session_is_offered() {
    let bench = Bench::new().await;
    let adapter = in_sessions(&bench);
    let client = client_of(adapter.perform(&register("app"), WITHIN).await.unwrap());
    assert!(adapter.client(&client.handle).await.unwrap().is_some());
    // One that takes sessions only refuses the user, and is asked no more than it takes to see that.
    bench.turn("login", "session");
    let fault = in_sessions(&bench).check().await.unwrap_err();
    assert!(matches!(fault, Fault::Denied(Denial::Credential, _)), "{fault:?}");
}
