//! Rate limits.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::time::{Duration, Instant};

use authserver_emulator::auth0::operations;
use jiff::Timestamp;

use crate::caller::{Caller, refused, text};
use crate::support::Read;

/// Statuses of so many lists, one after the other.
async fn statuses(caller: &Caller, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..count {
        statuses.push(caller.list("").await.status);
    }
    statuses
}

fn number(answer: &Read, name: &str) -> i64 {
    answer.header(name).unwrap().parse().unwrap()
}

/// Asks until it is refused; the refusal, and how many passed.
async fn until_refused(caller: &Caller) -> (Read, u64) {
    for passed in 0.. {
        let answer = caller.list("").await;
        if answer.status != 200 {
            return (answer, passed);
        }
    }
    unreachable!("there is always a limit")
}

#[tokio::test]
async fn a_plan_has_a_burst() {
    for (plan, burst) in [
        ("free", 2),
        ("enterprise_non_production", 10),
        ("self_service", 5),
    ] {
        let caller = Caller::switched(&[("plan", plan)]).await;
        let start = Instant::now();
        let (refusal, passed) = until_refused(&caller).await;
        assert_eq!(refusal.status, 429);
        let most = burst + start.elapsed().as_secs() * 2 + 1;
        assert!((burst..=most).contains(&passed), "{plan}: {passed}");
    }
    for plan in ["enterprise", "unlimited"] {
        let caller = Caller::switched(&[("plan", plan)]).await;
        assert_eq!(statuses(&caller, 50).await, [200; 50], "{plan}");
    }
}

#[tokio::test]
async fn used_up_requests_come_back() {
    let caller = Caller::switched(&[("plan", "custom"), ("rate_per_second", "5"), ("rate_burst", "3")]).await;
    let start = Instant::now();
    let mut passed = 0;
    while start.elapsed() < Duration::from_secs(2) {
        passed += usize::from(caller.list("").await.status == 200);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let most = 3 + start.elapsed().as_millis() / 200;
    assert!(
        (9..=usize::try_from(most).unwrap()).contains(&passed),
        "{passed} of {most}"
    );
}

#[tokio::test]
async fn an_answer_tells_of_the_limit() {
    let caller = Caller::switched(&[("plan", "custom"), ("rate_per_second", "1"), ("rate_burst", "3")]).await;
    let first = caller.list("").await;
    assert_eq!(
        (
            number(&first, "x-ratelimit-limit"),
            number(&first, "x-ratelimit-remaining")
        ),
        (3, 2)
    );
    let now = Timestamp::now().as_second();
    assert!((now..=now + 2).contains(&number(&first, "x-ratelimit-reset")));
    let (refusal, _) = until_refused(&caller).await;
    refused(
        &refusal,
        429,
        "too_many_requests",
        "Global limit has been reached",
    );
    assert_eq!(refusal.json()["error"], "Too Many Requests");
    assert_eq!(
        (
            number(&refusal, "x-ratelimit-remaining"),
            refusal.header("retry-after")
        ),
        (0, None)
    );
    caller.set(&[("rate_reset", "full"), ("retry_after", "seconds")]);
    let (refusal, _) = until_refused(&caller).await;
    let now = Timestamp::now().as_second();
    assert!(
        (now + 1..=now + 4).contains(&number(&refusal, "x-ratelimit-reset")),
        "{refusal:?}"
    );
    assert_eq!(refusal.header("retry-after"), Some("1"));
    caller.set(&[("rate_headers", "false"), ("retry_after", "date")]);
    let (refusal, _) = until_refused(&caller).await;
    assert_eq!(refusal.header("x-ratelimit-limit"), None);
    assert!(refusal.header("retry-after").unwrap().ends_with(" GMT"));
}

#[tokio::test]
async fn all_calls_share_the_limit_of_a_tenant() {
    let caller = Caller::switched(&[("plan", "custom"), ("rate_per_second", "1"), ("rate_burst", "7")]).await;
    let start = Instant::now();
    let made = caller.registered("x").await;
    let id = text(&made, "client_id");
    for answer in [
        caller.rotate(id).await,
        caller.get(id).await,
        caller.call("GET", "/client-grants").await,
        caller.call("GET", "/resource-servers").await,
        caller.call("GET", "/clients/gone").await,
        caller.call("GET", "/nowhere").await,
    ] {
        assert_ne!(answer.status, 429);
    }
    let (_, passed) = until_refused(&caller).await;
    assert!(passed <= start.elapsed().as_secs() + 1, "{passed}");
    assert_eq!(
        caller.login().await.status,
        200,
        "tokens have a limit of their own"
    );
    caller.set(&[("rate_burst", "0")]);
    assert_eq!(caller.delete(id).await.status, 429);
    assert_eq!(caller.emulator.clients_named("x").len(), 1, "no work was done");
    assert_eq!(
        caller.emulator.counters().of(operations::DELETE.name),
        1,
        "but it came"
    );
}

#[tokio::test]
async fn self_service_limits_reads_of_clients_apart() {
    let caller = Caller::switched(&[("plan", "self_service")]).await;
    while caller.list("").await.status == 200 {}
    let grants = caller.call("GET", "/client-grants").await;
    assert_eq!((grants.status, number(&grants, "x-ratelimit-limit")), (200, 10));
}

#[tokio::test]
async fn rate_refill_by_second() {
    let switches = [
        ("plan", "custom"),
        ("rate_per_second", "4"),
        ("rate_burst", "4"),
        ("rate_refill", "by_second"),
    ];
    let caller = Caller::switched(&switches).await;
    let start = Instant::now();
    assert_eq!(statuses(&caller, 4).await, [200; 4]);
    while start.elapsed() < Duration::from_millis(500) {
        assert_eq!(
            caller.list("").await.status,
            429,
            "nothing comes back within the second"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(1100).saturating_sub(start.elapsed())).await;
    assert_eq!(statuses(&caller, 4).await, [200; 4], "then all of it at once");
}

#[tokio::test]
async fn token_requests_have_their_limit() {
    for (value, status, code, message) in [
        ("quota_429", 429, "too_many_requests", "Client quota exceeded"),
        ("denied_429", 429, "Rate limit reached", "Access Denied"),
        (
            "denied_500",
            500,
            "access_denied",
            "Global limit has been reached",
        ),
    ] {
        let switches = [
            ("plan", "custom"),
            ("token_rate", "1"),
            ("token_limit", value),
            ("retry_after", "seconds"),
        ];
        let caller = Caller::switched(&switches).await;
        let first = caller.login().await;
        assert_eq!((first.status, number(&first, "x-ratelimit-limit")), (200, 1));
        let mut second = caller.login().await;
        while second.status == 200 {
            second = caller.login().await;
        }
        assert_eq!(
            (
                second.status,
                second.field("error").as_str(),
                second.field("error_description").as_str()
            ),
            (status, code, message)
        );
        assert_eq!(second.header("retry-after"), Some("1"));
    }
}
