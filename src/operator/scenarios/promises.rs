//! What was promised holds whatever comes between: an overlap, a deletion policy, a proof, a status that says what is so.

use jiff::SignedDuration;

use super::bench::Bench;
use super::servers::dynamic_registration;
use crate::api::{ClientCondition, DeletionPolicy, OAuthClientSpec, Rotation, Schedule};
use crate::cluster::memory::WriteKind;
use crate::model::{Fault, Refusal, ServerView, Wake};
use crate::operator::pass::World;
use crate::provider::memory::Fate;

/// What somebody does.
type Act = fn(&Bench);

async fn settled() -> Bench {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench
}

fn change(bench: &Bench, change: impl FnOnce(&mut OAuthClientSpec)) {
    bench.cluster.change_spec(bench.key(), change);
}

fn rotation(bench: &Bench, edit: impl FnOnce(&mut Rotation)) {
    change(bench, |spec| edit(spec.rotation.get_or_insert_default()));
}

fn rotate(bench: &Bench, value: &str) {
    bench.cluster.annotate_rotate(bench.key(), Some(value));
}

/// Passes for so long, whatever they end with.
async fn go_on(bench: &Bench, time: SignedDuration) {
    let until = World::now(bench) + time;
    while World::now(bench) < until {
        bench.pass().await;
        bench.wait(60);
    }
}

#[tokio::test]
async fn a_proof_is_about_one_credential() {
    let bench = Bench::with(dynamic_registration());
    bench.apply();
    bench.settle().await;
    assert_eq!(bench.provider.calls("verify"), 1);
    bench
        .provider
        .next(Fate::Fault(Fault::Unmanageable("401 Unauthorized".into())));
    change(&bench, |spec| {
        spec.scopes = Some(vec!["read".into(), "write".into()]);
    });
    bench.settle().await;
    bench.assert_works();
    assert_eq!(
        bench.provider.calls("verify"),
        3,
        "the old one, as it could not be managed, and the new one"
    );
}

#[tokio::test]
async fn a_credential_that_was_replaced_behind_our_back_is_proven_anew() {
    let bench = settled().await;
    bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            client.credential.client_secret = Some(crate::model::Confidential::new("canary-other"));
        }
    });
    bench.list();
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.provider.calls("verify"), 2);
}

#[tokio::test]
async fn a_rotation_on_top_of_an_unproven_one_keeps_the_overlap() {
    let bench = settled().await;
    rotation(&bench, |rotation| rotation.overlap_seconds = Some(3_600));
    bench.settle().await;
    bench.provider.tamper_tokens(u32::MAX);
    for value in ["one", "two"] {
        rotate(&bench, value);
        bench.pass().await;
        bench.wait(60);
    }
    bench.pass().await;
    assert_eq!(bench.provider.held().len(), 3, "none has had its hour");
    bench.wait(3_000);
    bench.pass().await;
    assert_eq!(bench.provider.held().len(), 3);
}

#[tokio::test]
async fn an_overlap_ends_though_nobody_can_prove_the_new_credential() {
    let bench = settled().await;
    bench.provider.tamper_tokens(u32::MAX);
    rotation(&bench, |rotation| rotation.overlap_seconds = Some(600));
    rotate(&bench, "one");
    go_on(&bench, SignedDuration::from_mins(50)).await;
    assert_eq!(bench.provider.held().len(), 2, "its word is waited for");
    go_on(&bench, SignedDuration::from_mins(30)).await;
    assert_eq!(bench.provider.held().len(), 1, "but not for ever");
    bench.assert_works();
    assert_eq!(bench.reason(ClientCondition::Verified), "Unknown NotVerified");
}

#[tokio::test]
async fn a_refused_credential_never_retires_the_one_before_it() {
    let bench = settled().await;
    rotation(&bench, |rotation| rotation.overlap_seconds = Some(60));
    rotate(&bench, "one");
    bench.provider.tamper_tokens(1);
    bench.pass().await;
    let new = bench.published("client-id");
    bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            if client.credential.client_id == new {
                client.credential.client_secret = Some(crate::model::Confidential::new("canary-other"));
            }
        }
    });
    bench.edit_server(|server| server.capabilities.secret_readable = false);
    go_on(&bench, SignedDuration::from_hours(3)).await;
    assert_eq!(bench.provider.held().len(), 2);
    assert_eq!(bench.reason(ClientCondition::Verified), "False Rejected");
}

#[tokio::test]
async fn a_deletion_policy_counts_whatever_else_is_in_the_way() {
    let ways: [(&str, Act); 4] = [
        ("the client is suspended", |bench| {
            change(bench, |spec| spec.suspend = true);
        }),
        ("the server is suspended", |bench| {
            bench.edit_server(|server| server.suspended = true);
        }),
        ("the spec is refused", |bench| {
            change(bench, |spec| spec.grant_types = Some(vec!["nobody knows".into()]));
        }),
        ("the Secret's name is taken", |bench| {
            bench.cluster.delete_secret("payments", "billing");
            bench.cluster.put_foreign_secret("payments", "billing", &[]);
        }),
    ];
    for (why, way) in ways {
        let bench = settled().await;
        way(&bench);
        change(&bench, |spec| spec.deletion_policy = DeletionPolicy::Retain);
        bench.pass().await;
        bench.pass().await;
        bench.cluster.delete_client(bench.key());
        bench.edit_server(|server| server.suspended = false);
        bench.settle().await;
        assert_eq!(bench.provider.held().len(), 1, "{why}\n{}", bench.transcript());
        assert_eq!(bench.entry(), None, "{why}");
    }
}

#[tokio::test]
async fn a_deletion_policy_that_no_rule_allows_does_not_count() {
    let bench = settled().await;
    let rule = serde_json::json!({"name": "all", "namespaces": {"from": "All"}, "scopes": ["*"]});
    bench.edit_server(|server| server.access_rules = Some(vec![serde_json::from_value(rule).unwrap()]));
    change(&bench, |spec| spec.deletion_policy = DeletionPolicy::Retain);
    bench.pass().await;
    assert_eq!(
        bench.reason(ClientCondition::Accepted),
        "False NotAllowedByPolicy"
    );
    bench.cluster.delete_client(bench.key());
    bench.settle().await;
    assert_eq!(bench.provider.held(), []);
}

#[tokio::test]
async fn suspended_means_that_what_is_asked_for_is_not_there() {
    let ways: [(Act, Act); 2] = [
        (
            |bench| change(bench, |spec| spec.suspend = true),
            |bench| change(bench, |spec| spec.suspend = false),
        ),
        (
            |bench| bench.edit_server(|server| server.suspended = true),
            |bench| bench.edit_server(|server| server.suspended = false),
        ),
    ];
    for (suspend, go_on) in ways {
        let bench = settled().await;
        suspend(&bench);
        bench.pass().await;
        assert!(bench.is_ready(), "it has all that it asked for");
        change(&bench, |spec| spec.scopes = Some(vec!["write".into()]));
        for _ in 0..3 {
            bench.pass().await;
            assert_eq!(bench.reason(ClientCondition::Ready), "False Suspended");
        }
        change(&bench, |spec| {
            spec.grant_types = Some(vec!["nobody knows".into()]);
        });
        bench.pass().await;
        assert_eq!(bench.reason(ClientCondition::Ready), "False FieldNotSupported");
        change(&bench, |spec| spec.grant_types = None);
        go_on(&bench);
        bench.settle().await;
        bench.assert_works();
        assert_eq!(bench.published("scope"), "write");
    }
}

#[tokio::test]
async fn what_waits_for_its_server_says_so_until_it_is_there() {
    let bench = settled().await;
    let view = bench.server.lock().unwrap().clone();
    let away = ServerView::NotReady(view.key().clone(), "it is being connected.".into());
    *bench.server.lock().unwrap() = away;
    bench.pass().await;
    assert!(bench.is_ready());
    change(&bench, |spec| spec.scopes = Some(vec!["write".into()]));
    for _ in 0..3 {
        bench.pass().await;
        assert_eq!(bench.reason(ClientCondition::Ready), "False WaitingForServer");
    }
    *bench.server.lock().unwrap() = view;
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_schedule_has_missed_nothing_before_it_was_there() {
    let bench = settled().await;
    bench.wait(3_600 * 24 * 45);
    let schedule = |cron: &str| {
        let schedule = Schedule {
            cron: cron.into(),
            time_zone: None,
        };
        rotation(&bench, |rotation| rotation.schedule = Some(schedule));
    };
    schedule("0 3 1 * *");
    bench.settle().await;
    bench.settle().await;
    assert_eq!(bench.provider.calls("Rotate"), 0, "no tick since it was set");
    bench.wait(3_600 * 24 * 90);
    bench.settle().await;
    assert_eq!(bench.provider.calls("Rotate"), 1, "some ticks, one rotation");
    schedule("0 3 2 * *");
    bench.settle().await;
    assert_eq!(bench.provider.calls("Rotate"), 1, "another schedule begins anew");
}

#[tokio::test]
async fn the_last_label_and_annotation_go_with_the_spec() {
    let bench = settled().await;
    change(&bench, |spec| {
        spec.secret.labels = [("team".to_owned(), "a".to_owned())].into();
        spec.secret.annotations = [("note".to_owned(), "b".to_owned())].into();
    });
    bench.settle().await;
    let all = |bench: &Bench| {
        let secret = bench.secret().unwrap();
        let keys = secret.labels.into_keys().chain(secret.annotations.into_keys());
        keys.collect::<Vec<_>>()
    };
    assert!(all(&bench).contains(&"team".to_owned()) && all(&bench).contains(&"note".to_owned()));
    change(&bench, |spec| {
        spec.secret.labels.clear();
        spec.secret.annotations.clear();
    });
    bench.settle().await;
    let left = all(&bench);
    for gone in [
        "team",
        "note",
        crate::model::publication::METADATA_KEYS_ANNOTATION,
    ] {
        assert!(!left.contains(&gone.to_owned()), "{gone} is left: {left:?}");
    }
    let before = bench.cluster.world().journal.len();
    bench.settle().await;
    assert_eq!(bench.cluster.world().journal.len(), before);
}

#[tokio::test]
async fn who_comes_back_is_looked_at_when_nothing_more_can_arrive() {
    let bench = settled().await;
    bench.edit_server(|server| server.deletion_delay = SignedDuration::from_mins(10));
    bench.pass().await;
    rotate(&bench, "one");
    bench.provider.next(Fate::Late);
    bench.pass().await;
    bench.cluster.delete_client(bench.key());
    bench.pass().await;
    bench.apply();
    bench.settle().await;
    bench.provider.deliver();
    bench.wait(300);
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_blocked_client_keeps_its_times() {
    let bench = settled().await;
    rotation(&bench, |rotation| rotation.overlap_seconds = Some(600));
    rotate(&bench, "one");
    bench.settle().await;
    assert_eq!(bench.provider.held().len(), 2);
    change(&bench, |spec| {
        spec.grant_types = Some(vec!["nobody knows".into()]);
    });
    let ended = bench.pass().await;
    assert!(matches!(ended.wake, Wake::At(_)), "{:?}", ended.wake);
    bench.wait(601);
    bench.pass().await;
    assert_eq!(bench.provider.held().len(), 1);
}

#[tokio::test]
async fn the_hour_of_proof_begins_when_the_new_credential_is_published() {
    let bench = settled().await;
    rotation(&bench, |rotation| rotation.overlap_seconds = Some(60));
    bench.settle().await;
    rotate(&bench, "one");
    bench
        .cluster
        .refuse_all(WriteKind::Secret, Some(Refusal::Denied("exceeded quota".into())));
    bench.pass().await;
    bench.wait(7_200);
    bench.provider.tamper_tokens(u32::MAX);
    bench.cluster.refuse_all(WriteKind::Secret, None);
    bench.pass().await;
    bench.wait(120);
    bench.pass().await;
    assert_eq!(bench.provider.held().len(), 2, "{}", bench.transcript());
    go_on(&bench, SignedDuration::from_mins(70)).await;
    assert_eq!(bench.provider.held().len(), 1);
}
