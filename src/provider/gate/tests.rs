use std::sync::Mutex as StdMutex;
use std::time::Duration;

use futures::FutureExt as _;

use super::*;
use crate::model::Denial;

const LONG: Duration = Duration::from_hours(2);
const NOT: Duration = Duration::ZERO;

fn limits(per_minute: u32, burst: u32, in_flight: u32) -> Limits {
    Limits {
        requests_per_minute: per_minute,
        burst,
        max_in_flight: in_flight,
        ..Limits::default()
    }
}

fn gate(per_minute: u32, burst: u32, in_flight: u32) -> Gate {
    Gate::new(&limits(per_minute, burst, in_flight))
}

fn wide() -> Gate {
    gate(60_000, 1_000, 256)
}

async fn seconds(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

async fn call(gate: &Gate, result: Result<(), Fault>) -> Result<(), Fault> {
    match gate.enter("a", NOT).await {
        Ok(permit) => permit.done(&result),
        Err(NoEntry::Fault(fault)) => return Err(fault),
        Err(NoEntry::Busy(after)) => panic!("busy for {after:?}"),
    }
    result
}

fn unavailable() -> Fault {
    Fault::Unavailable("connection refused".into())
}

fn denied() -> Fault {
    Fault::Denied(Denial::Credential, "401 Unauthorized".into())
}

#[tokio::test(start_paused = true)]
async fn a_burst_and_then_the_rate() {
    let gate = gate(60, 5, 256);
    let begin = Instant::now();
    let mut at = Vec::new();
    for _ in 0..8 {
        drop(gate.enter("a", LONG).await.ok());
        at.push(begin.elapsed().as_secs());
    }
    assert_eq!(at, [0, 0, 0, 0, 0, 1, 2, 3]);
    seconds(100).await;
    for _ in 0..5 {
        assert!(gate.enter("a", NOT).await.is_ok());
    }
    assert!(gate.enter("a", NOT).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn who_cannot_come_in_in_time_is_told_at_once() {
    let gate = gate(1, 1, 8);
    drop(gate.enter("a", NOT).await.ok());
    let begin = Instant::now();
    let refused = gate.enter("a", Duration::from_secs(30)).await;
    // Not a word of the server: it has not asked for anything.
    assert_eq!(refused.map(drop), Err(NoEntry::Busy(Duration::from_secs(60))));
    assert_eq!(begin.elapsed(), NOT);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_limit_are_under_way() {
    let gate = gate(60_000, 1_000, 2);
    let one = gate.enter("a", NOT).await.ok();
    let two = gate.enter("a", NOT).await.ok();
    let refused = gate.enter("a", Duration::from_secs(3)).await.map(drop);
    assert_eq!(refused, Err(NoEntry::Busy(FULL_PAUSE)));

    let waiting = tokio::spawn({
        let gate = gate.clone();
        async move { gate.enter("a", LONG).await.map(drop) }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(one);
    assert_eq!(waiting.await.unwrap(), Ok(()));
    drop(two);
}

/// A place that comes free while the rate has none to give is not lost.
#[tokio::test(start_paused = true)]
async fn both_limits_together() {
    let gate = gate(6, 1, 1);
    let begin = Instant::now();
    let held = gate.enter("a", NOT).await.ok();
    let waiting = tokio::spawn({
        let gate = gate.clone();
        async move { gate.enter("b", LONG).await.map(drop) }
    });
    seconds(3).await;
    drop(held);
    assert_eq!(waiting.await.unwrap(), Ok(()));
    assert_eq!(begin.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn parties_take_turns() {
    let gate = gate(60, 1, 1);
    let order = Arc::new(StdMutex::new(String::new()));
    let held = gate.enter("x", NOT).await.ok();
    let mut tasks = Vec::new();
    for party in ["a", "a", "a", "a", "b", "b", "c"] {
        let (gate, order) = (gate.clone(), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let permit = gate.enter(party, LONG).await;
            order.lock().unwrap().push_str(party);
            drop(permit.ok());
        }));
        tokio::task::yield_now().await;
    }
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), "abcabaa");
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_leaves_no_gap() {
    let gate = gate(60_000, 1_000, 1);
    let held = gate.enter("x", NOT).await.ok();
    let mut impatient = Vec::new();
    for party in ["a", "a", "b"] {
        let gate = gate.clone();
        impatient.push(tokio::spawn(
            async move { gate.enter(party, LONG).await.map(drop) },
        ));
    }
    let patient = tokio::spawn({
        let gate = gate.clone();
        async move { gate.enter("a", LONG).await.map(drop) }
    });
    tokio::task::yield_now().await;
    for task in impatient {
        task.abort();
    }
    drop(held);
    assert_eq!(patient.await.unwrap(), Ok(()));
    assert!(gate.enter("a", NOT).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_time_that_the_server_gave_holds_for_everybody() {
    let gate = wide();
    let until = Timestamp::now() + SignedDuration::from_secs(30);
    call(&gate, Err(Fault::Throttled(Some(until)))).await.unwrap_err();
    for _ in 0..2 {
        let refused = call(&gate, Ok(())).await;
        let Err(Fault::Throttled(Some(told))) = refused else {
            panic!("{refused:?}")
        };
        assert!(told.duration_since(until).abs() < SignedDuration::from_secs(31));
        seconds(14).await;
    }
    seconds(3).await;
    assert_eq!(call(&gate, Ok(())).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_years_is_asked_again_within_the_hour() {
    let gate = wide();
    let until = Timestamp::now() + SignedDuration::from_hours(24 * 365);
    call(&gate, Err(Fault::Throttled(Some(until)))).await.unwrap_err();
    seconds(3599).await;
    assert!(call(&gate, Ok(())).await.is_err());
    seconds(2).await;
    assert_eq!(call(&gate, Ok(())).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn without_a_time_the_pause_grows_to_a_minute() {
    let gate = wide();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        call(&gate, Err(Fault::Throttled(None))).await.unwrap_err();
        let begin = Instant::now();
        while gate.enter("a", NOT).await.is_err() {
            seconds(1).await;
        }
        pauses.push(begin.elapsed().as_secs());
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[tokio::test(start_paused = true)]
async fn a_new_beginning_forgets_trouble_and_keeps_the_pause() {
    let gate = wide();
    call(&gate, Err(denied())).await.unwrap_err();
    assert_eq!(call(&gate, Ok(())).await, Err(denied()));
    gate.forget_trouble();
    assert_eq!(call(&gate, Ok(())).await, Ok(()));

    assert_eq!(gate.paused_until(), None);
    gate.throttled(Some(Timestamp::now() + SignedDuration::from_secs(300)));
    gate.forget_trouble();
    let other = gate.with_limits(&limits(600, 20, 8));
    seconds(290).await;
    for gate in [&gate, &other] {
        assert!(gate.paused_until().is_some());
        assert!(matches!(call(gate, Ok(())).await, Err(Fault::Throttled(Some(_)))));
    }
    seconds(11).await;
    for gate in [&gate, &other] {
        assert_eq!(gate.paused_until(), None);
        assert_eq!(call(gate, Ok(())).await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_server_is_asked_by_one_at_a_time() {
    let gate = wide();
    for _ in 0..3 {
        assert_eq!(call(&gate, Err(unavailable())).await, Err(unavailable()));
    }
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let begin = Instant::now();
        let probe = loop {
            match gate.enter("a", LONG).await {
                Ok(permit) => break permit,
                Err(fault) => assert_eq!(fault, unavailable().into()),
            }
            assert!(begin.elapsed().as_secs() < 100);
            seconds(1).await;
        };
        pauses.push(begin.elapsed().as_secs());
        // Nobody else, while that one is under way.
        assert_eq!(gate.enter("b", LONG).await.map(drop), Err(unavailable().into()));
        probe.done::<()>(&Err(Fault::OutcomeUnknown("connection refused".into())));
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    seconds(60).await;
    assert_eq!(call(&gate, Ok(())).await, Ok(()));
    assert_eq!(call(&gate, Ok(())).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn bad_luck_is_no_outage() {
    let gate = wide();
    for _ in 0..10 {
        for _ in 0..2 {
            call(&gate, Err(unavailable())).await.unwrap_err();
        }
        for answer in [Ok(()), Err(Fault::NotFound), Err(Fault::Invalid(String::new()))] {
            assert_eq!(call(&gate, answer.clone()).await, answer);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_learn_of_the_outage_at_once() {
    let gate = gate(60_000, 1_000, 1);
    for _ in 0..2 {
        call(&gate, Err(unavailable())).await.unwrap_err();
    }
    let held = gate.enter("a", NOT).await.unwrap_or_else(|_| panic!());
    let waiting = tokio::spawn({
        let gate = gate.clone();
        async move { gate.enter("b", LONG).await.map(drop) }
    });
    tokio::task::yield_now().await;
    held.done::<()>(&Err(unavailable()));
    assert_eq!(waiting.await.unwrap(), Err(unavailable().into()));
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_tried_less_and_less() {
    let gate = wide();
    assert_eq!(call(&gate, Err(denied())).await, Err(denied()));
    let mut pauses = Vec::new();
    for _ in 0..10 {
        let begin = Instant::now();
        let probe = loop {
            match gate.enter("a", NOT).await {
                Ok(permit) => break permit,
                Err(fault) => assert_eq!(fault, denied().into()),
            }
            seconds(1).await;
        };
        pauses.push(begin.elapsed().as_secs());
        probe.done::<()>(&Err(denied()));
    }
    assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    // A rebuilt adapter has a new gate.
    assert_eq!(call(&wide(), Ok(())).await, Ok(()));
    seconds(600).await;
    assert_eq!(call(&gate, Ok(())).await, Ok(()));
    assert_eq!(call(&gate, Ok(())).await, Ok(()));
}

/// Eight calls that were under way together are one refusal, not eight.
#[tokio::test(start_paused = true)]
async fn only_the_one_that_tries_makes_the_pause_longer() {
    let gate = wide();
    let mut under_way = Vec::new();
    for _ in 0..8 {
        under_way.push(gate.enter("a", NOT).await.unwrap_or_else(|_| panic!()));
    }
    for permit in under_way {
        permit.done::<()>(&Err(denied()));
    }
    seconds(5).await;
    assert!(gate.enter("a", NOT).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_given_up_makes_room_for_another() {
    let gate = wide();
    call(&gate, Err(denied())).await.unwrap_err();
    seconds(5).await;
    let probe = gate.enter("a", NOT).await.ok();
    assert_eq!(gate.enter("a", NOT).await.map(drop), Err(denied().into()));
    drop(probe);
    assert!(gate.enter("a", NOT).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_stays_the_reason_when_the_server_dies_too() {
    let gate = wide();
    call(&gate, Err(denied())).await.unwrap_err();
    seconds(5).await;
    call(&gate, Err(unavailable())).await.unwrap_err();
    assert_eq!(call(&gate, Ok(())).await, Err(denied()));
}

/// Whatever many tasks do, the rate and the number under way are kept.
#[tokio::test(start_paused = true)]
async fn a_crowd_keeps_the_limits() {
    let gate = gate(600, 20, 8);
    let under_way = Arc::new(StdMutex::new((0_u32, 0_u32)));
    let begin = Instant::now();
    let tasks: Vec<_> = (0..300_u64)
        .map(|number| {
            let (gate, under_way) = (gate.clone(), Arc::clone(&under_way));
            tokio::spawn(async move {
                let party = format!("ns-{}", number % 7);
                let permit = gate.enter(&party, LONG).await.unwrap_or_else(|_| panic!());
                {
                    let mut count = under_way.lock().unwrap();
                    count.0 += 1;
                    count.1 = count.1.max(count.0);
                }
                tokio::time::sleep(Duration::from_millis(number % 50 * 10)).await;
                under_way.lock().unwrap().0 -= 1;
                permit.done(&Ok(()));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let most = under_way.lock().unwrap().1;
    assert!(most <= 8, "{most}");
    // 280 after the burst at ten per second.
    let took = begin.elapsed().as_secs_f32();
    assert!((27.9..40.0).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn the_same_cause_is_told_in_the_same_words() {
    let gate = wide();
    let away = |what: &str, cause: &str| Fault::Unavailable(format!("no connection for {what}: {cause}"));
    let told = |cause: &str| Err(Fault::Unavailable(format!("no connection: {cause}")));
    for _ in 0..3 {
        call(&gate, Err(away("the scopes", "connection refused")))
            .await
            .unwrap_err();
    }
    for what in ["the deletion", "the list"] {
        seconds(70).await;
        // One is let through to see, and what it asked for is nobody else's business.
        call(&gate, Err(away(what, "connection refused")))
            .await
            .unwrap_err();
        assert_eq!(call(&gate, Ok(())).await, told("connection refused"));
    }
    seconds(70).await;
    call(&gate, Err(away("the list", "no answer in time")))
        .await
        .unwrap_err();
    assert_eq!(call(&gate, Ok(())).await, told("no answer in time"));
}

#[tokio::test(start_paused = true)]
async fn who_lacks_a_right_is_refused_alone() {
    let gate = gate(6_000, 20, 1);
    let lacks = Fault::Denied(Denial::Right, "403 Forbidden".into());
    let refused = |entered: Result<Permit, NoEntry>| entered.map(drop) == Err(NoEntry::Fault(lacks.clone()));
    let fails = async |party: &str| {
        let permit = gate.enter(party, NOT).await.unwrap_or_else(|_| panic!("{party}"));
        permit.done(&Err::<(), _>(lacks.clone()));
    };
    let held = gate.enter("a", NOT).await.unwrap_or_else(|_| panic!());
    let waits = gate.enter("a", LONG);
    tokio::pin!(waits);
    assert!((&mut waits).now_or_never().is_none());
    held.done(&Err::<(), _>(lacks.clone()));
    assert!(refused(waits.await), "whoever of it waits is refused too");
    assert!(refused(gate.enter("a", NOT).await));
    assert!(gate.enter("b", NOT).await.is_ok(), "others may have that right");
    for pause in [5, 10, 20] {
        seconds(pause - 1).await;
        assert!(refused(gate.enter("a", NOT).await), "{pause}");
        seconds(1).await;
        fails("a").await;
    }
    seconds(40).await;
    let permit = gate.enter("a", NOT).await.unwrap_or_else(|_| panic!());
    permit.done(&Ok(()));
    assert!(gate.enter("a", NOT).await.is_ok(), "it was granted");
}
