//! Everything that can go wrong on the way, at each call.

use authserver_emulator::misbehave::{Behaviour, BodyKind, Decoy, Rule};
use futures::future::join_all;

use super::bench::{Bench, answered, shown, word};
use super::*;
use crate::model::Credential;

/// How long a call is waited for that would take much longer.
const SHORT: Duration = Duration::from_secs(2);

fn patience(behaviour: &Behaviour) -> Duration {
    match behaviour {
        Behaviour::Delay { .. } | Behaviour::DelayAfter { .. } | Behaviour::Drip { .. } => SHORT,
        _ => WITHIN,
    }
}

fn status(status: u16, retry_after: Option<&str>, body: BodyKind) -> Behaviour {
    Behaviour::Status {
        status,
        retry_after: retry_after.map(str::to_owned),
        body,
    }
}

fn all() -> Vec<(&'static str, Behaviour)> {
    let json = BodyKind::Json;
    vec![
        ("delay", Behaviour::Delay { ms: 30_000 }),
        ("delay-after", Behaviour::DelayAfter { ms: 30_000 }),
        ("400", status(400, None, json)),
        ("401", Behaviour::Deny { status: 401 }),
        ("403", Behaviour::Deny { status: 403 }),
        ("404", status(404, None, BodyKind::Html)),
        ("409", status(409, None, BodyKind::Text)),
        ("429", status(429, None, json)),
        ("429-seconds", status(429, Some("7"), json)),
        ("429-date", status(429, Some("date:+7"), json)),
        ("429-garbage", status(429, Some("soon"), json)),
        ("429-years", status(429, Some("999999999"), json)),
        (
            "rate-limit",
            Behaviour::RateLimit {
                requests: 0,
                window_ms: 60_000,
                retry_after: Some("7".into()),
            },
        ),
        ("500", status(500, None, BodyKind::Html)),
        ("502", status(502, None, BodyKind::Empty)),
        ("503", status(503, None, BodyKind::Text)),
        ("503-seconds", status(503, Some("7"), json)),
        ("504", status(504, None, json)),
        ("lose-answer", Behaviour::LoseAnswer),
        ("lose-request", Behaviour::LoseRequest),
        ("deliver-late", Behaviour::DeliverLate { ms: 100 }),
        ("down", Behaviour::Down),
        ("truncate", Behaviour::Truncate { keep: None }),
        ("truncate-all", Behaviour::Truncate { keep: Some(0) }),
        (
            "huge",
            Behaviour::Huge {
                megabytes: 100,
                announced: false,
            },
        ),
        (
            "huge-announced",
            Behaviour::Huge {
                megabytes: 100,
                announced: true,
            },
        ),
        ("html", Behaviour::Html { status: 200 }),
        (
            "redirect",
            Behaviour::Redirect {
                status: 307,
                location: "/elsewhere".into(),
            },
        ),
        ("drip", Behaviour::Drip { interval_ms: 1_000 }),
        (
            "wrong-type",
            Behaviour::WrongContentType {
                content_type: "text/html".into(),
            },
        ),
        (
            "not-json",
            Behaviour::NotJson {
                body: "this is not JSON".into(),
            },
        ),
        (
            "deep",
            Behaviour::DeepJson {
                depth: 100_000,
                as_field: false,
            },
        ),
        (
            "deep-field",
            Behaviour::DeepJson {
                depth: 100_000,
                as_field: true,
            },
        ),
        ("twice-first", Behaviour::DuplicateKeys { decoy: Decoy::First }),
        ("twice-last", Behaviour::DuplicateKeys { decoy: Decoy::Last }),
        ("gzip-bomb", Behaviour::GzipBomb { megabytes: 100 }),
        ("not-found", Behaviour::NotFoundEverything),
    ]
}

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
            return word(verified.map(|verified| bench::verdict(&verified)));
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

async fn bench(within: Duration) -> Bench {
    let bench = Bench::with(within).await;
    bench.emulator.add_client("app", "read");
    bench.emulator.add_client("other", "read");
    bench
}

async fn line(label: &str, behaviour: Behaviour, everywhere: bool) -> String {
    let calls = CALLS.map(|(name, operation)| {
        let behaviour = behaviour.clone();
        async move {
            let within = patience(&behaviour);
            let bench = Bench {
                delivers_late: matches!(behaviour, Behaviour::DeliverLate { .. } | Behaviour::Delay { .. }),
                ..bench(within).await
            };
            let operation = if everywhere { "any" } else { operation };
            bench.emulator.misbehave(Rule::on(operation, behaviour)).unwrap();
            format!(" {name}={}", call(&bench, name, within).await)
        }
    });
    format!("{label}:{}", join_all(calls).await.concat())
}

/// The kind of fault of each call whose own operation goes wrong, the rest of the server being well. The bench sees to
/// it that a change is sent once at most and that nothing is said that is not so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_at_each_call() {
    let mut lines = Vec::new();
    for (label, behaviour) in all() {
        lines.push(line(label, behaviour, false).await);
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// The same where every operation goes wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_everywhere() {
    let mut lines = Vec::new();
    for (label, behaviour) in all() {
        lines.push(line(label, behaviour, true).await);
    }
    insta::assert_snapshot!(lines.join("\n"));
}

/// What is asked for more than once (after a refusal, to learn whether the client is there) goes wrong later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_look_goes_wrong() {
    for (label, behaviour) in all() {
        let within = patience(&behaviour);
        let bench = bench(within).await;
        let refused = status(404, None, BodyKind::Json);
        bench.emulator.misbehave(Rule::on("delete", refused)).unwrap();
        bench.emulator.misbehave(Rule::on("list", behaviour)).unwrap();
        let delete = Request::Delete { target: "app".into() };
        let fault = bench.change(&delete, within).await.unwrap_err();
        assert_eq!(fault.kind(), "Invalid", "{label}");
    }
}

/// Refused or lost, and done all the same: for a deletion a second look shows it.
#[tokio::test]
async fn a_deletion_that_was_done_although_it_failed() {
    for code in [400, 403, 404, 409, 500, 503] {
        let bench = Bench {
            delivers_late: true,
            ..bench(WITHIN).await
        };
        let rule = Rule::on("delete", status(code, None, BodyKind::Json)).work(true);
        bench.emulator.misbehave(rule).unwrap();
        let delete = Request::Delete { target: "app".into() };
        assert_eq!(
            bench.change(&delete, WITHIN).await,
            Err(Fault::NotFound),
            "{code}"
        );
    }
}

/// The answer to a registration is lost, and found by its name.
#[tokio::test]
async fn what_was_lost_is_found_again() {
    for behaviour in [
        Behaviour::LoseAnswer,
        Behaviour::Truncate { keep: None },
        Behaviour::DelayAfter { ms: 30_000 },
    ] {
        let within = patience(&behaviour);
        let bench = bench(WITHIN).await;
        bench
            .emulator
            .misbehave(Rule::on("mutation", behaviour).times(1))
            .unwrap();
        let candidate = candidate("new", &["read"]);
        let register = Request::Register(Box::new(candidate.clone()));
        let lost = bench.change(&register, within).await;
        assert!(matches!(lost, Err(Fault::OutcomeUnknown(_))), "{lost:?}");
        let found = bench.adapter.attempted(&candidate).await.unwrap().unwrap();
        assert_eq!(
            bench.adapter.verify(&(&found.credential).into()).await,
            Ok(Verification::TokenIssued)
        );
    }
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
        let bench = bench(WITHIN).await;
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
