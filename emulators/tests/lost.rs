//! Calls that come late, get lost or meet nobody.

mod support;

use std::time::{Duration, Instant};

use authserver_emulator::journal::Outcome;
use authserver_emulator::misbehave::{Behaviour, Rule};
use serde_json::json;
use support::{Api, chain, changes, client, eventually, raw_call, rotated_with};

#[tokio::test]
async fn delay_waits_before_the_work() {
    let api = Api::start().await;
    api.emulator.add_client("x", "a");
    api.emulator
        .misbehave(Rule::on("rotate", Behaviour::Delay { ms: 800 }).times(1))
        .unwrap();
    let started = Instant::now();
    let request = tokio::spawn(api.request("PATCH", &client("x")).send());
    eventually("the request came", || api.emulator.counters().of("rotate") == 1).await;
    assert_eq!(changes(&api), 0, "not worked yet");
    let answer = request.await.unwrap().unwrap();
    assert!(started.elapsed() >= Duration::from_millis(800));
    assert_eq!((answer.status().as_u16(), changes(&api)), (200, 1));
}

#[tokio::test]
async fn delayed_work_is_done_for_a_caller_who_has_gone() {
    for (behaviour, operation) in [
        (Behaviour::Delay { ms: 300 }, "delay"),
        (Behaviour::DelayAfter { ms: 300 }, "delay_after"),
    ] {
        let api = Api::start().await;
        api.emulator.add_client("x", "a");
        api.emulator.misbehave(Rule::on("rotate", behaviour)).unwrap();
        let request = api
            .request("PATCH", &client("x"))
            .timeout(Duration::from_millis(100));
        assert!(request.send().await.unwrap_err().is_timeout(), "{operation}");
        eventually("the work was done", || changes(&api) == 1).await;
    }
}

#[tokio::test]
async fn delay_after_works_first() {
    let api = Api::start().await;
    api.emulator.add_client("x", "a");
    api.emulator
        .misbehave(Rule::on("rotate", Behaviour::DelayAfter { ms: 500 }))
        .unwrap();
    let started = Instant::now();
    let request = tokio::spawn(api.request("PATCH", &client("x")).send());
    eventually("the work was done", || changes(&api) == 1).await;
    assert_eq!(
        api.emulator.requests()[0].outcome,
        Outcome::Pending,
        "not answered yet"
    );
    assert_eq!(request.await.unwrap().unwrap().status().as_u16(), 200);
    assert!(started.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn lose_answer_works_and_closes() {
    let (api, answer) = rotated_with(Behaviour::LoseAnswer).await;
    let error = answer.unwrap_err();
    assert!(
        error.is_request() && !error.is_timeout() && !error.is_connect(),
        "{error:?}"
    );
    assert!(
        chain(&error).contains("connection closed before message completed"),
        "{}",
        chain(&error)
    );
    let entry = api.emulator.requests().remove(0);
    assert_eq!(
        (entry.outcome, entry.status, entry.worked),
        (Outcome::Closed, None, true)
    );
    assert_eq!(
        (entry.behaviour, entry.changed, changes(&api)),
        (Some("lose_answer"), true, 1)
    );
}

#[tokio::test]
async fn lose_request_closes_and_does_not_work() {
    let (api, answer) = rotated_with(Behaviour::LoseRequest).await;
    let error = answer.unwrap_err();
    assert!(
        chain(&error).contains("connection closed before message completed"),
        "{}",
        chain(&error)
    );
    let entry = api.emulator.requests().remove(0);
    assert_eq!(
        (entry.outcome, entry.worked, changes(&api)),
        (Outcome::Closed, false, 0)
    );
}

#[tokio::test]
async fn not_one_byte_comes_when_an_answer_is_lost() {
    let api = Api::start().await;
    for behaviour in [
        Behaviour::LoseAnswer,
        Behaviour::LoseRequest,
        Behaviour::DeliverLate { ms: 0 },
    ] {
        api.emulator
            .misbehave(Rule::on("list", behaviour).times(1))
            .unwrap();
        assert_eq!(raw_call(&api, "GET", "/authserver/api/clients").await, "");
    }
}

#[tokio::test]
async fn deliver_late_works_after_the_caller_was_told_nothing() {
    let (api, answer) = rotated_with(Behaviour::DeliverLate { ms: 1000 }).await;
    assert!(chain(&answer.unwrap_err()).contains("connection closed before message completed"));
    assert_eq!(changes(&api), 0);
    assert_eq!(api.rotate("x").await.status, 200);
    let between = api.emulator.clients();
    eventually("the first one arrived", || changes(&api) == 2).await;
    assert_ne!(
        api.emulator.clients(),
        between,
        "the late rotation came after the other one"
    );
}

#[tokio::test]
async fn late_work_does_not_survive_a_reset() {
    let api = Api::start().await;
    for behaviour in [Behaviour::DeliverLate { ms: 500 }, Behaviour::Delay { ms: 500 }] {
        api.emulator.misbehave(Rule::on("register", behaviour)).unwrap();
        let body = json!({ "client_name": "x", "scope": "a" });
        let request = tokio::spawn(api.request("POST", "/clients").json(&body).send());
        eventually("the request came", || api.emulator.counters().of("register") == 1).await;
        api.emulator.reset();
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(request.await.unwrap().is_err());
        assert!(api.emulator.clients().is_empty());
        assert_eq!((changes(&api), api.emulator.requests().len()), (0, 0));
    }
}

#[tokio::test]
async fn down_resets_what_is_open() {
    let api = Api::start().await;
    api.emulator.add_client("x", "a");
    api.emulator
        .misbehave(Rule::on("get", Behaviour::DelayAfter { ms: 60_000 }))
        .unwrap();
    let waiting = tokio::spawn(api.request("GET", &client("x")).send());
    eventually("the first request came", || {
        api.emulator.counters().of("get") == 1
    })
    .await;
    api.emulator
        .misbehave(Rule::on("rotate", Behaviour::Down).times(1))
        .unwrap();
    let error = api.request("PATCH", &client("x")).send().await.unwrap_err();
    assert!(chain(&error).contains("reset by peer"), "{}", chain(&error));
    let error = waiting.await.unwrap().unwrap_err();
    assert!(chain(&error).contains("reset by peer"), "{}", chain(&error));
    assert_eq!(
        (changes(&api), api.emulator.requests()[1].outcome),
        (0, Outcome::Reset)
    );
    assert_eq!(api.rotate("x").await.status, 200, "up again");
}

#[tokio::test]
async fn refused_connections_are_refused_for_a_while() {
    let api = Api::start().await;
    let started = Instant::now();
    api.emulator.refuse_connections(Duration::from_millis(700));
    let mut refusals = 0;
    let answer = loop {
        match api.request("GET", "/clients").send().await {
            Ok(answer) => break answer,
            Err(error) if error.is_connect() => refusals += 1,
            // A connection that was in the queue when it stopped listening.
            Err(error) => assert!(chain(&error).contains("reset by peer"), "{}", chain(&error)),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(answer.status().as_u16(), 200);
    assert!(
        refusals > 3 && started.elapsed() >= Duration::from_millis(700),
        "{refusals} refusals"
    );
}

#[tokio::test]
async fn a_call_from_before_the_journal_was_cleared_is_not_in_it() {
    let api = Api::start().await;
    api.emulator
        .misbehave(Rule::on("register", Behaviour::DelayAfter { ms: 500 }))
        .unwrap();
    let body = json!({ "client_name": "x", "scope": "a" });
    let request = tokio::spawn(api.request("POST", "/clients").json(&body).send());
    eventually("the work was done", || changes(&api) == 1).await;
    api.emulator.clear_requests();
    assert_eq!(api.get("absent").await.status, 404);
    assert_eq!(request.await.unwrap().unwrap().status().as_u16(), 200);
    let entry = api.emulator.requests().remove(0);
    assert_eq!(
        (entry.operation, entry.status, api.emulator.requests().len()),
        ("get", Some(404), 1)
    );
}
