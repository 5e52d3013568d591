//! Everything that can go wrong on the way, at each call.

use authserver_emulator::misbehave::{Behaviour, BodyKind, Decoy, Rule};
use futures::future::join_all;

use super::bench::{Bench, answered, shown, word};
use super::*;

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
        ("408", status(408, None, json)),
        ("409", status(409, None, BodyKind::Text)),
        ("429", status(429, None, json)),
        ("429-seconds", status(429, Some("7"), json)),
        ("500", status(500, None, BodyKind::Html)),
        ("502", status(502, None, BodyKind::Empty)),
        ("503", status(503, None, BodyKind::Text)),
        ("503-seconds", status(503, Some("7"), json)),
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
const CALLS: [(&str, &str); 9] = [
    ("check", "list"),
    ("login", "token"),
    ("client", "get"),
    ("clients", "list"),
    ("register", "register"),
    ("update", "update"),
    ("rotate", "update"),
    ("disable", "enable"),
    ("delete", "delete"),
];

async fn call(bench: &Bench, app: Box<Target>, call: &str, within: Duration) -> String {
    let request = match call {
        "check" | "login" => return word(bench.check().await.map(|()| "ok")),
        "client" => return word(bench.client(&app.handle.0).await.map(shown)),
        "clients" => return word(bench.clients().await.map(|_| "ok")),
        "register" => register("new"),
        "update" => update(app, wanted(900)),
        "rotate" => rotate(app, "app", "canary-of-a-new-secret"),
        "disable" => Request::Disable { target: app },
        "delete" => Request::Delete { target: app },
        other => panic!("{other}"),
    };
    word(bench.change(&request, within).await.map(answered))
}

async fn bench(within: Duration) -> (Bench, Box<Target>) {
    let bench = Bench::with(within).await;
    let app = bench.add("app", SECRET);
    bench.add("other", SECRET);
    (bench, app)
}

async fn line(label: &str, behaviour: Behaviour, everywhere: bool) -> String {
    let calls = CALLS.map(|(name, operation)| {
        let behaviour = behaviour.clone();
        async move {
            let within = patience(&behaviour);
            let (bench, app) = bench(within).await;
            let bench = Bench {
                delivers_late: matches!(behaviour, Behaviour::DeliverLate { .. } | Behaviour::Delay { .. }),
                ..bench
            };
            let operation = if everywhere { "any" } else { operation };
            bench.emulator.misbehave(Rule::on(operation, behaviour)).unwrap();
            format!(" {name}={}", call(&bench, app, name, within).await)
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

/// What is asked for more than once (after a refusal, to learn whether the app is there) goes wrong later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_look_goes_wrong() {
    for (label, behaviour) in all() {
        let within = patience(&behaviour);
        let (bench, app) = bench(within).await;
        let refused = status(404, None, BodyKind::Json);
        bench.emulator.misbehave(Rule::on("delete", refused)).unwrap();
        bench.emulator.misbehave(Rule::on("get", behaviour)).unwrap();
        let delete = Request::Delete { target: app };
        let fault = bench.change(&delete, within).await.unwrap_err();
        assert_ne!(fault, Fault::NotFound, "{label}");
    }
}

/// Refused or lost, and done all the same: for a deletion a second look shows it.
#[tokio::test]
async fn a_deletion_that_was_done_although_it_failed() {
    for code in [400, 403, 404, 409, 500, 503] {
        let (bench, app) = bench(WITHIN).await;
        let bench = Bench {
            delivers_late: true,
            ..bench
        };
        let rule = Rule::on("delete", status(code, None, BodyKind::Json)).work(true);
        bench.emulator.misbehave(rule).unwrap();
        let delete = Request::Delete { target: app };
        assert_eq!(
            bench.change(&delete, WITHIN).await,
            Err(Fault::NotFound),
            "{code}"
        );
    }
}

/// The answer to a registration is lost, and found by the id that was chosen.
#[tokio::test]
async fn what_was_lost_is_found_again() {
    for behaviour in [
        Behaviour::LoseAnswer,
        Behaviour::Truncate { keep: None },
        Behaviour::DelayAfter { ms: 30_000 },
    ] {
        let within = patience(&behaviour);
        let (bench, _) = bench(WITHIN).await;
        bench
            .emulator
            .misbehave(Rule::on("mutation", behaviour).times(1))
            .unwrap();
        let lost = bench.change(&register("new"), within).await;
        assert!(matches!(lost, Err(Fault::OutcomeUnknown(_))), "{lost:?}");
        let found = bench.attempted("new").await.unwrap().unwrap();
        assert!(bench.emulator.verify_pair(&found.credential.client_id, SECRET));
    }
}
