//! Rights in Kubernetes that are taken away and given back.

use super::bench::Bench;
use crate::api::ClientCondition;
use crate::cluster::memory::WriteKind;
use crate::model::{Refusal, Wake};

fn forbidden() -> Refusal {
    Refusal::Denied("secrets is forbidden (403)".into())
}

fn readiness(bench: &Bench) -> (String, String) {
    (
        bench.reason(ClientCondition::Ready),
        bench.reason(ClientCondition::Stalled),
    )
}

fn both(ready: &str, stalled: &str) -> (String, String) {
    (ready.to_owned(), stalled.to_owned())
}

#[tokio::test]
async fn a_record_that_cannot_be_written_is_told_of() {
    let bench = Bench::new();
    bench.apply();
    bench.cluster.refuse_all(WriteKind::Ledger, Some(forbidden()));
    for _ in 0..5 {
        let ended = bench.pass().await;
        assert_eq!((ended.settled, ended.wake), (false, Wake::Backoff));
    }
    assert_eq!(readiness(&bench), both("False WriteDenied", "True WriteDenied"));
    let message = bench.condition(ClientCondition::Ready).unwrap().message;
    assert!(message.contains("secrets is forbidden (403)"), "{message}");
    assert!(message.contains("Platform team"), "{message}");
    assert_eq!(bench.events(), ["WriteDenied"], "told once");
    assert_eq!(bench.cluster.written(WriteKind::Status), 1);
    assert_eq!(bench.provider.mutations(), 0);
    bench.cluster.refuse_all(WriteKind::Ledger, None);
    bench.settle().await;
    bench.assert_works();
    assert_eq!(readiness(&bench), both("True Ready", ""));
}

#[tokio::test]
async fn a_change_that_cannot_be_recorded_is_told_of() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.scopes = Some(vec!["write".into()]));
    bench.cluster.refuse_all(WriteKind::Ledger, Some(forbidden()));
    bench.pass().await;
    assert_eq!(readiness(&bench), both("False WriteDenied", "True WriteDenied"));
    assert_eq!(bench.reason(ClientCondition::SecretPublished), "True Published");
    assert_eq!(bench.published("scope"), "read");
    bench.cluster.refuse_all(WriteKind::Ledger, None);
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("scope"), "write");
    assert_eq!(readiness(&bench), both("True Ready", ""));
}

#[tokio::test]
async fn a_client_that_has_all_stays_ready_while_nothing_can_be_read() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let client_id = bench.published("client-id");
    bench.cluster.hide_secrets(true);
    for _ in 0..5 {
        assert!(!bench.pass().await.settled);
    }
    assert_eq!(readiness(&bench), both("True Ready", "True WriteDenied"));
    assert_eq!(bench.cluster.written(WriteKind::Status), 2);
    bench.cluster.hide_secrets(false);
    bench.settle().await;
    assert_eq!(readiness(&bench), both("True Ready", ""));
    assert_eq!(bench.published("client-id"), client_id);
    assert_eq!(bench.provider.mutations(), 1);
}

#[tokio::test]
async fn a_new_client_whose_record_cannot_be_read_is_told_of_and_not_registered() {
    let bench = Bench::new();
    bench.apply();
    bench.cluster.hide_secrets(true);
    bench.pass().await;
    assert_eq!(readiness(&bench), both("False WriteDenied", "True WriteDenied"));
    assert_eq!((bench.provider.mutations(), bench.entry()), (0, None));
    bench.cluster.hide_secrets(false);
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_cleanup_that_is_not_allowed_is_told_of() {
    for kind in [WriteKind::SecretRemoval, WriteKind::Ledger] {
        let bench = Bench::new();
        bench.apply();
        bench.settle().await;
        bench.cluster.delete_client(bench.key());
        bench.cluster.refuse_all(kind, Some(forbidden()));
        let before = bench.events().len();
        let ended = bench.pass().await;
        assert_eq!((ended.settled, ended.wake), (false, Wake::Backoff));
        assert_eq!(bench.events()[before..], ["CleanupPending"], "{kind:?}");
        bench.cluster.refuse_all(kind, None);
        bench.settle().await;
        assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
        assert_eq!(bench.events().last(), Some(&"CleanupDone"));
    }
}
