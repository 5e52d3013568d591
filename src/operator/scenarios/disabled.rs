//! Clients that are there and cannot be used.

use super::bench::Bench;
use super::servers::cocoon;
use crate::api::{ClientIdChange, DeletionPolicy, Rotation};
use crate::provider::memory::Fate;

/// A bench whose client asks for what the server knows.
fn bench() -> Bench {
    let bench = Bench::with(cocoon());
    bench.apply();
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.scopes = None;
        spec.deletion_policy = DeletionPolicy::Disable;
    });
    bench
}

#[tokio::test]
async fn what_starts_disabled_is_enabled_by_a_change() {
    for lost in [false, true] {
        let bench = bench();
        bench.provider.starts_disabled(true);
        if lost {
            bench.provider.next(Fate::AnswerLost);
        }
        bench.settle().await;
        bench.assert_works();
        assert_eq!(bench.provider.held()[0].metadata.enabled, Some(true));
        assert_eq!(bench.provider.calls("Update"), 1);
        bench.wait(200);
        bench.settle().await;
        assert_eq!(bench.provider.mutations(), 2);
    }
}

/// A rotation by a second client: the first one works until the second one does.
#[tokio::test]
async fn nothing_is_published_that_cannot_be_used() {
    let bench = bench();
    bench.settle().await;
    let before = bench.published("client-id");
    bench.provider.starts_disabled(true);
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.rotation = Some(Rotation {
            overlap_seconds: Some(60),
            client_id_change: Some(ClientIdChange::Allowed),
            ..Rotation::default()
        });
    });
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.scene("it is rotated");
    bench.settle().await;
    let transcript = bench.transcript();
    let rotation = transcript.split("it is rotated").last().unwrap_or_default();
    let steps = rotation
        .lines()
        .map(|line| line.trim().split(" -> ").next().unwrap_or_default());
    let after = steps.skip_while(|step| !step.starts_with("call Register"));
    insta::assert_snapshot!(after.collect::<Vec<_>>().join("\n"));
    bench.wait(200);
    bench.settle().await;
    bench.assert_works();
    assert_ne!(bench.published("client-id"), before);
    assert_eq!(bench.provider.held().len(), 1, "the first one is gone");
}

#[tokio::test]
async fn what_somebody_disables_is_enabled_again() {
    let bench = bench();
    bench.settle().await;
    bench.assert_works();
    bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            client.metadata.enabled = Some(false);
        }
    });
    bench.wait(3600);
    bench.list();
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.provider.held()[0].metadata.enabled, Some(true));
    assert_eq!(bench.provider.calls("Update"), 1);
}

/// The same call may disable and enable, so a first try that comes late must not find the client disabled by a second one.
#[tokio::test]
async fn a_client_is_disabled_again_only_when_nothing_can_come_late() {
    let bench = bench();
    bench.settle().await;
    bench.cluster.delete_client(bench.key());
    bench.cluster.collect_garbage();
    bench.provider.next(Fate::RequestLost);
    for _ in 0..4 {
        bench.pass().await;
        bench.wait(20);
    }
    assert_eq!(bench.provider.calls("Disable"), 1);
    assert!(bench.entry().is_some(), "it is owed");
    bench.settle().await;
    assert_eq!(bench.provider.calls("Disable"), 2);
    assert!(bench.entry().is_none());
}
