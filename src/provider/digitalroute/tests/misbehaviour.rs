//! Everything that can go wrong on the way, at each call.

use authserver_emulator::digitalroute::DigitalRoute;
use authserver_emulator::misbehave::{BodyKind, Rule};

use super::bench::misbehaviour::{self as wrong, inhabited, status};
use super::bench::{answered, shown, verdict, word};
use super::*;
use crate::model::Credential;

/// The calls of the port, and the operation at the server that each is about.
const CALLS: [(&str, &str); 10] = [
    ("check", "scope_get"),
    ("scopes", "scope_get"),
    ("client", "get"),
    ("clients", "list"),
    ("register", "register"),
    ("update", "put"),
    ("rotate", "rotate"),
    ("delete", "delete"),
    ("provision", "scope_post"),
    ("verify", "token"),
];

async fn call(bench: &Bench, call: &str, within: Duration) -> String {
    let handle = || Handle::from("app");
    let request = match call {
        "check" => return word(bench.check().await.map(|()| "ok")),
        "scopes" => return word(bench.scopes().await.map(|_| "ok")),
        "client" => return word(bench.client("app").await.map(shown)),
        "clients" => return word(bench.clients().await.map(|_| "ok")),
        "verify" => {
            let there = bench.emulator.clients_named("app").remove(0);
            let credential = Credential {
                client_id: there.client_id,
                client_secret: Some(Confidential::new(there.client_secret)),
            };
            let verified = bench.adapter.verify(&(&credential).into()).await;
            return word(verified.map(|verified| verdict(&verified)));
        }
        "register" => Request::Register(Box::new(candidate("new", &["read"]))),
        "update" => Request::Update {
            target: handle().into(),
            metadata: metadata(&["write"]),
            unset: std::collections::BTreeSet::new(),
        },
        "rotate" => Request::Rotate {
            target: handle().into(),
            candidate: None,
            keep_previous: false,
        },
        "delete" => Request::Delete {
            target: handle().into(),
        },
        "provision" => Request::ProvisionScopes(set(&["more"])),
        other => panic!("{other}"),
    };
    word(bench.change(&request, within).await.map(answered))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_at_each_call() {
    insta::assert_snapshot!(wrong::each_at_each(&CALLS, false, call).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_everywhere() {
    insta::assert_snapshot!(wrong::each_at_each(&CALLS, true, call).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_look_goes_wrong() {
    let invalid = |fault: &Fault| fault.kind() == "Invalid";
    wrong::the_second_look_goes_wrong::<DigitalRoute>("list", invalid).await;
}

#[tokio::test]
async fn a_deletion_that_was_done_although_it_failed() {
    wrong::a_deletion_that_was_done_although_it_failed::<DigitalRoute>().await;
}

#[tokio::test]
async fn what_was_lost_is_found_again() {
    let works = async |bench: &Bench, found: RemoteClient| {
        let verified = bench.adapter.verify(&(&found.credential).into()).await;
        verified == Ok(Verification::TokenIssued)
    };
    wrong::what_was_lost_is_found_again(&candidate("new", &["read"]), works).await;
}

/// Retry-After in each form that can be read.
#[tokio::test]
async fn when_to_come_back() {
    for (value, expected) in [
        (Some("7"), Some(7)),
        (Some("date:+7"), Some(7)),
        (Some("date:-7"), Some(0)),
        (Some("999999999"), Some(3600)),
        (Some("date:+999999"), Some(3600)),
        (Some("soon"), None),
        (Some("-1"), None),
        (None, None),
    ] {
        let bench: Bench = inhabited(WITHIN).await;
        bench
            .emulator
            .misbehave(Rule::on("any", status(429, value, BodyKind::Json)))
            .unwrap();
        let Err(Fault::Throttled(until)) = bench.check().await else {
            panic!("{value:?}")
        };
        let wait = until.map(|until| until.duration_since(jiff::Timestamp::now()).as_secs());
        let near =
            |wait: i64| expected.is_some_and(|expected: i64| (expected - 2..=expected).contains(&wait));
        assert!(wait.map_or(expected.is_none(), near), "{value:?}: {wait:?} s");
    }
}
