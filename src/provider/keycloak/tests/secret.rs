//! Secrets, without and with a policy by which they end.

use jiff::Timestamp;

use super::*;

const MADE: &str = "client.secret.creation.time";
const ENDS: &str = "client.secret.expiration.time";
const EARLIER: &str = "client.secret.rotated";
const EARLIER_ENDS: &str = "client.secret.rotated.expiration.time";

fn now() -> i64 {
    Timestamp::now().as_second()
}

fn seconds(value: &Value) -> i64 {
    value.as_str().unwrap().parse().unwrap()
}

/// A bench whose client has the next secret once it was set.
async fn bench(before: &Value) -> Bench {
    let bench = Bench::with(true).await;
    let item = format!("{API}/clients/{ID}");
    Mock::given(method("GET"))
        .and(path(&item))
        .respond_with(answer(200, before))
        .up_to_n_times(1)
        .mount(&bench.server)
        .await;
    let mut after = before.clone();
    after["secret"] = json!(NEXT);
    bench.has(&after).await;
    bench
}

#[tokio::test]
async fn a_secret_is_set_in_one_call() {
    let bench = bench(&client()).await;
    let answer = bench.perform(&rotate(false)).await.unwrap();
    assert!(matches!(answer, Answer::Client(client) if client.credential == credential(NEXT)));
    let sent = bench.sent().await;
    assert_eq!(sent["secret"], NEXT);
    let attributes = &sent["attributes"];
    assert_eq!(attributes["oauthclient.dev/marker"], testing::marker().text());
    assert_eq!(attributes.get(ENDS), None, "no policy, no end");
}

/// With a policy the time of the new secret begins anew, and an earlier one ends with the one before.
#[tokio::test]
async fn with_a_policy_it_gets_a_time_of_its_own() {
    let mut before = expiring(now());
    before["attributes"][EARLIER] = json!("canary-earlier");
    let bench = bench(&before).await;
    bench.perform(&rotate(false)).await.unwrap();
    let attributes = bench.sent().await["attributes"].clone();
    assert_eq!(
        seconds(&attributes[ENDS]) - seconds(&attributes[MADE]),
        86_400,
        "as long as the policy gave the one before"
    );
    assert!(seconds(&attributes[MADE]) >= now() - 5);
    for name in [EARLIER, "client.secret.rotated.creation.time", EARLIER_ENDS] {
        assert_eq!(attributes[name], "", "{name} is taken away");
    }
}

#[tokio::test]
async fn the_secret_before_is_kept_as_the_earlier_one() {
    let before = expiring(now());
    let bench = bench(&before).await;
    bench.perform(&rotate(true)).await.unwrap();
    let sent = bench.sent().await;
    assert_eq!(sent["secret"], NEXT);
    let attributes = &sent["attributes"];
    assert_eq!(attributes[EARLIER], SECRET);
    assert_eq!(
        attributes[EARLIER_ENDS], before["attributes"][ENDS],
        "no longer than it would have been good"
    );
    assert_eq!(seconds(&attributes[ENDS]) - seconds(&attributes[MADE]), 86_400);
}

/// The answer to the first try was lost: the second sends the same, and the earlier secret keeps its end.
#[tokio::test]
async fn to_repeat_it_changes_nothing() {
    let mut there = expiring(now());
    there["secret"] = json!(NEXT);
    there["attributes"][EARLIER] = json!(SECRET);
    there["attributes"][EARLIER_ENDS] = json!("1700000000");
    let bench = bench(&there).await;
    bench.perform(&rotate(true)).await.unwrap();
    let sent = bench.sent().await;
    assert_eq!(sent["secret"], NEXT);
    assert_eq!(sent["attributes"][EARLIER], SECRET);
    assert_eq!(sent["attributes"][EARLIER_ENDS], "1700000000");
}

/// The secret before would be refused at once, so nothing is sent.
#[tokio::test]
async fn without_the_policy_no_overlap_is_promised() {
    let bench = bench(&client()).await;
    let fault = bench.perform(&rotate(true)).await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Invalid(text) if text.contains("secretRotationPolicy")),
        "{fault:?}"
    );
    assert!(bench.changes().await.is_empty());
}

#[tokio::test]
async fn another_secret_than_the_one_that_was_set_is_no_success() {
    let bench = Bench::new().await;
    bench.has(&client()).await;
    let fault = bench.perform(&rotate(false)).await.unwrap_err();
    let Fault::OutcomeUnknown(text) = &fault else {
        panic!("{fault:?}")
    };
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn an_earlier_secret_is_ended_where_it_is_the_one() {
    for (earlier, calls) in [(Some(SECRET), 1), (Some("canary-another"), 0), (None, 0)] {
        let bench = Bench::with(true).await;
        let mut has = expiring(now());
        has["secret"] = json!(NEXT);
        if let Some(earlier) = earlier {
            has["attributes"][EARLIER] = json!(earlier);
        }
        bench.has(&has).await;
        let retire = Request::RetireSecret { target: target() };
        assert_eq!(bench.perform(&retire).await, Ok(Answer::Done));
        let changes = bench.changes().await;
        assert_eq!(changes.len(), calls, "{earlier:?}");
        for change in changes {
            assert_eq!(change.method, "DELETE");
            let at = format!("{API}/clients/{ID}/client-secret/rotated");
            assert_eq!(change.url.path(), at);
        }
    }
}

/// Attributes hold the earlier secret: nothing of a client can be printed.
#[test]
fn the_end_of_a_secret_is_told() {
    let found = read(&expiring(1_795_000_000)).into_remote();
    assert_eq!(
        found.secret_expires_at.map(Timestamp::as_second),
        Some(1_795_000_000 - 3600 + 86_400)
    );
    assert!(!format!("{found:?}").contains("canary-secret"));
}
