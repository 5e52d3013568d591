//! Everything that can go wrong on the way to a server, at each call.

use std::time::Duration;

use authserver_emulator::misbehave::{Behaviour, BodyKind, Decoy, Rule};
use futures::future::join_all;

use super::{Bench, Truth, WITHIN};
use crate::model::{Candidate, Fault, RemoteClient, Request};

/// How long a call is waited for that would take much longer.
const SHORT: Duration = Duration::from_secs(2);

fn patience(behaviour: &Behaviour) -> Duration {
    match behaviour {
        Behaviour::Delay { .. } | Behaviour::DelayAfter { .. } | Behaviour::Drip { .. } => SHORT,
        _ => WITHIN,
    }
}

pub fn status(status: u16, retry_after: Option<&str>, body: BodyKind) -> Behaviour {
    Behaviour::Status {
        status,
        retry_after: retry_after.map(str::to_owned),
        body,
    }
}

/// Whatever a call can meet, by a short name.
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

/// A bench with two clients, `app` and `other`.
pub async fn inhabited<S: Truth>(within: Duration) -> Bench<S> {
    let bench = Bench::with(within).await;
    for name in ["app", "other"] {
        S::add(&bench.emulator, name);
    }
    bench
}

/// A line for each behaviour: what each call comes to in a word, where either the operation at the server goes wrong that
/// the call is about, the rest being well, or every operation. The bench sees to it that a change is sent once at most and
/// that nothing is said that is not so.
pub async fn each_at_each<S: Truth>(
    calls: &[(&str, &str)],
    everywhere: bool,
    call: impl AsyncFn(&Bench<S>, &str, Duration) -> String,
) -> String {
    let mut lines = Vec::new();
    for (label, behaviour) in all() {
        let late = matches!(behaviour, Behaviour::DeliverLate { .. } | Behaviour::Delay { .. });
        let within = patience(&behaviour);
        let words = calls.iter().map(async |(name, operation)| {
            let bench = Bench {
                delivers_late: late,
                ..inhabited(within).await
            };
            let operation = if everywhere { "any" } else { operation };
            let rule = Rule::on(operation, behaviour.clone());
            bench.emulator.misbehave(rule).unwrap();
            format!(" {name}={}", call(&bench, name, within).await)
        });
        lines.push(format!("{label}:{}", join_all(words).await.concat()));
    }
    lines.join("\n")
}

/// A deletion is refused with a 404, and the second look, which is meant to tell whether the client is there, goes wrong.
/// It comes to this fault, whatever goes wrong.
pub async fn the_second_look_goes_wrong<S: Truth>(look: &str, expected: impl Fn(&Fault) -> bool) {
    for (label, behaviour) in all() {
        let within = patience(&behaviour);
        let bench = inhabited::<S>(within).await;
        let target = S::target(&bench.emulator, "app");
        let refused = status(404, None, BodyKind::Json);
        bench.emulator.misbehave(Rule::on("delete", refused)).unwrap();
        bench.emulator.misbehave(Rule::on(look, behaviour)).unwrap();
        let fault = bench.change(&Request::Delete { target }, within).await;
        let fault = fault.unwrap_err();
        assert!(expected(&fault), "{label}: {fault:?}");
    }
}

/// Refused or lost, and done all the same: for a deletion a second look shows it.
pub async fn a_deletion_that_was_done_although_it_failed<S: Truth>() {
    for code in [400, 403, 404, 409, 500, 503] {
        let bench = Bench::<S> {
            delivers_late: true,
            ..inhabited(WITHIN).await
        };
        let target = S::target(&bench.emulator, "app");
        let rule = Rule::on("delete", status(code, None, BodyKind::Json)).work(true);
        bench.emulator.misbehave(rule).unwrap();
        let deleted = bench.change(&Request::Delete { target }, WITHIN).await;
        assert_eq!(deleted, Err(Fault::NotFound), "{code}");
    }
}

/// The answer to a registration is lost, and what it made is found by what was chosen for it.
pub async fn what_was_lost_is_found_again<S: Truth>(
    candidate: &Candidate,
    works: impl AsyncFn(&Bench<S>, RemoteClient) -> bool,
) {
    for behaviour in [
        Behaviour::LoseAnswer,
        Behaviour::Truncate { keep: None },
        Behaviour::DelayAfter { ms: 30_000 },
    ] {
        let within = patience(&behaviour);
        let bench = inhabited(WITHIN).await;
        let rule = Rule::on("mutation", behaviour).times(1);
        bench.emulator.misbehave(rule).unwrap();
        let register = Request::Register(Box::new(candidate.clone()));
        let lost = bench.change(&register, within).await;
        assert!(matches!(lost, Err(Fault::OutcomeUnknown(_))), "{lost:?}");
        let found = bench.attempted(candidate).await.unwrap().unwrap();
        assert!(works(&bench, found).await);
    }
}
