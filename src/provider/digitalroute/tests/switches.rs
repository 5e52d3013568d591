//! Every choice that the documentation leaves open, each in every value.

use super::bench::switches::each_value;
use super::*;

#[tokio::test]
async fn each_value_of_each_switch() {
    let untrue = ["list_limit", "read_lag_ms"];
    let lines = each_value(&untrue, async |bench: Bench| bench.story().await);
    insta::assert_snapshot!(lines.await);
}

/// With nothing registered, some answers are different.
#[tokio::test]
async fn an_empty_server() {
    for (value, expected) in [
        ("array", "none"),
        ("null", "none"),
        ("no_content", "none"),
        // A collection that is not there says that the API is off, not that it is empty.
        ("404", "Unavailable"),
        ("400", "Invalid"),
        ("500", "Unavailable"),
    ] {
        let bench = Bench::new().await;
        bench
            .emulator
            .switch(|switches| switches.set("empty_list", value).unwrap());
        let found = bench.client("nobody").await.map(bench::shown);
        assert_eq!(bench::word(found), expected, "{value}");
        assert_eq!(bench.clients().await.is_ok(), expected == "none", "{value}");
    }
}

/// 500 is believed to say "absent" only of a server that shows another client at the same time.
#[tokio::test]
async fn a_500_for_who_is_not_there() {
    let bench = Bench::new().await;
    bench
        .emulator
        .switch(|switches| switches.set("get_absent", "500").unwrap());
    assert_eq!(
        bench::word(bench.client("nobody").await.map(bench::shown)),
        "Unavailable"
    );
    bench.emulator.add_client("other", "");
    assert_eq!(bench.client("nobody").await, Ok(None));
}

/// Clients of the same name, as a server that does not see to it may have: told apart from one, never guessed.
#[tokio::test]
async fn several_of_one_name() {
    let bench = Bench::new().await;
    bench.emulator.add_client("app", "read");
    bench.emulator.add_client("app", "write");
    assert_eq!(bench.clients().await.unwrap().len(), 2);
    let delete = Request::Delete { target: "app".into() };
    let first = bench.change(&delete, WITHIN).await;
    assert!(matches!(&first, Err(Fault::OutcomeUnknown(text)) if text.contains("still there")));
    assert_eq!(bench.change(&delete, WITHIN).await, Ok(Answer::Done));
    assert_eq!(bench.emulator.clients().len(), 0);

    bench.emulator.add_client("app", "read");
    bench.emulator.add_client("app", "write");
    bench
        .emulator
        .switch(|switches| switches.set("same_name_lookup", "409").unwrap());
    let found = bench.client("app").await;
    assert!(
        matches!(&found, Err(Fault::Unavailable(text)) if text.contains("several")),
        "{found:?}"
    );
}

/// The pair in the answer to PUT is the one that holds from then on.
#[tokio::test]
async fn a_pair_that_a_put_changed_is_told() {
    for value in ["new_secret", "new_pair"] {
        let bench = Bench::new().await;
        bench
            .emulator
            .switch(|switches| switches.set("put_pair", value).unwrap());
        let before = bench.emulator.add_client("app", "read");
        let update = Request::Update {
            target: "app".into(),
            metadata: metadata(&["write"]),
            unset: std::collections::BTreeSet::new(),
        };
        let told = client_of(bench.change(&update, WITHIN).await.unwrap());
        assert_ne!(
            told.credential.client_secret.unwrap().expose(),
            before.client_secret
        );
    }
}

/// A wrong credential, in each way in which a server may say so.
#[tokio::test]
async fn a_credential_that_is_refused() {
    for (value, of_read, of_change) in [
        ("challenge", "Denied", "Denied"),
        ("bare_401", "Denied", "Denied"),
        ("forbidden", "Denied", "Denied"),
        ("login_page", "Unavailable", "OutcomeUnknown"),
        ("login_redirect", "Unavailable", "OutcomeUnknown"),
    ] {
        let bench = Bench::new().await;
        bench.emulator.add_client("app", "read");
        bench
            .emulator
            .switch(|switches| switches.set("unauthorized", value).unwrap());
        bench
            .emulator
            .set_auth(authserver_emulator::digitalroute::Auth::Basic {
                username: "operator".into(),
                password: "another".into(),
            });
        assert_eq!(bench.check().await.unwrap_err().kind(), of_read, "{value}");
        assert_eq!(bench.client("app").await.unwrap_err().kind(), of_read, "{value}");
        assert_eq!(bench.clients().await.unwrap_err().kind(), of_read, "{value}");
        let rotate = Request::Rotate {
            target: "app".into(),
            candidate: None,
            keep_previous: false,
        };
        let register = Request::Register(Box::new(candidate("new", &["read"])));
        for request in [rotate, register] {
            let fault = bench.change(&request, WITHIN).await.unwrap_err();
            assert_eq!(fault.kind(), of_change, "{value}");
        }
        // One call and one more look, not a hail of them at an account that may be locked.
        assert!(bench.emulator.requests().len() <= 7);
    }
}
