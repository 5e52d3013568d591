//! Servers that hold two secrets of one client: a rotation adds one, and the one before it is retired by a call of its own.

use super::bench::Bench;
use super::servers::{hydra_with_two_secrets, keycloak_with_two_secrets};
use crate::api::{ClientCondition, DeletionPolicy, Rotation};
use crate::model::{Capabilities, Credential};
use crate::provider::memory::Fate;

const ALL: [fn() -> Capabilities; 2] = [hydra_with_two_secrets, keycloak_with_two_secrets];
const OVERLAP: u32 = 600;

fn bench(capabilities: fn() -> Capabilities) -> Bench {
    let bench = Bench::with(capabilities());
    bench.apply();
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.rotation = Some(Rotation {
            overlap_seconds: Some(OVERLAP),
            ..Rotation::default()
        });
    });
    bench
}

fn credential(bench: &Bench) -> Credential {
    bench.entry().unwrap().current.unwrap().credential
}

async fn rotate(bench: &Bench, value: &str) {
    bench.cluster.annotate_rotate(bench.key(), Some(value));
    bench.pass().await;
    // A call whose outcome is not known may take a while.
    while bench.entry().unwrap().intent.is_some() {
        bench.wait(30);
        bench.pass().await;
    }
}

#[tokio::test]
async fn the_earlier_secret_works_until_the_overlap_is_over() {
    for capabilities in ALL {
        for fate in [None, Some(Fate::AnswerLost), Some(Fate::RequestLost)] {
            let bench = bench(capabilities);
            bench.settle().await;
            let first = credential(&bench);
            if let Some(fate) = fate {
                bench.provider.next(fate);
            }
            rotate(&bench, "one").await;
            let second = credential(&bench);
            assert_eq!(first.client_id, second.client_id, "the client stays");
            assert_ne!(first.client_secret, second.client_secret);
            assert!(bench.provider.accepts(&first) && bench.provider.accepts(&second));
            assert_eq!(bench.reason(ClientCondition::Rotating), "True Overlap");
            bench.wait(i64::from(OVERLAP) - 10);
            bench.pass().await;
            assert!(bench.provider.accepts(&first), "not before its time");
            bench.wait(20);
            bench.settle().await;
            assert!(!bench.provider.accepts(&first));
            assert_eq!(credential(&bench), second);
            bench.assert_works();
            assert_eq!(bench.provider.held().len(), 1);
            assert!(
                bench.told(|happening| matches!(happening, crate::model::Happening::PreviousRetired { .. }))
            );
        }
    }
}

/// There is no third slot: the next rotation waits until the overlap before it is over.
#[tokio::test]
async fn a_rotation_in_an_overlap_waits_for_its_end() {
    for capabilities in ALL {
        let bench = bench(capabilities);
        bench.settle().await;
        let first = credential(&bench);
        rotate(&bench, "one").await;
        let second = credential(&bench);
        rotate(&bench, "two").await;
        assert_eq!(credential(&bench), second, "not yet");
        assert!(bench.provider.accepts(&first));
        bench.wait(i64::from(OVERLAP) + 1);
        bench.settle().await;
        let third = credential(&bench);
        assert_ne!(third, second);
        assert!(bench.provider.accepts(&second) && !bench.provider.accepts(&first));
        assert_eq!(bench.provider.calls("Rotate"), 2);
    }
}

/// An overlap of nothing is the answer to a leak.
#[tokio::test]
async fn without_an_overlap_the_secret_is_replaced_in_place() {
    for capabilities in ALL {
        let bench = bench(capabilities);
        bench
            .cluster
            .change_spec(bench.key(), |spec| spec.rotation = None);
        bench.settle().await;
        let first = credential(&bench);
        rotate(&bench, "one").await;
        bench.settle().await;
        assert!(!bench.provider.accepts(&first));
        assert_eq!(bench.provider.calls("RetireSecret"), 0);
        bench.assert_works();
    }
}

#[tokio::test]
async fn what_is_deleted_in_an_overlap_leaves_nothing_to_retire() {
    for capabilities in ALL {
        for policy in [DeletionPolicy::Delete, DeletionPolicy::Retain] {
            let bench = bench(capabilities);
            bench
                .cluster
                .change_spec(bench.key(), |spec| spec.deletion_policy = policy);
            bench.settle().await;
            let first = credential(&bench);
            rotate(&bench, "one").await;
            let second = credential(&bench);
            bench.cluster.delete_client(bench.key());
            for _ in 0..10 {
                bench.pass().await;
                bench.wait(120);
            }
            assert!(bench.entry().is_none(), "nothing is owed any more");
            assert!(
                !bench.provider.accepts(&first),
                "nobody has it, and it is no current one"
            );
            let is_kept = policy == DeletionPolicy::Retain;
            assert_eq!(bench.provider.accepts(&second), is_kept);
            assert_eq!(bench.provider.held().len(), usize::from(is_kept));
        }
    }
}

/// The client is deleted there in the overlap: it is registered anew, and its earlier secret is nobody's business.
#[tokio::test]
async fn what_is_gone_there_in_an_overlap_is_registered_anew() {
    for capabilities in ALL {
        let bench = bench(capabilities);
        bench.settle().await;
        rotate(&bench, "one").await;
        bench.provider.tamper(std::collections::BTreeMap::clear);
        bench.wait(300);
        bench.list();
        bench.settle().await;
        bench.wait(3600);
        bench.settle().await;
        bench.assert_works();
        assert_eq!(bench.provider.held().len(), 1);
        assert!(bench.entry().unwrap().obligations.is_empty());
    }
}

/// The first try arrives late. What it makes must not be newer than what is published, as all but the newest is retired.
#[tokio::test]
async fn a_rotation_that_arrives_late_takes_nothing_from_the_one_after_it() {
    for capabilities in ALL {
        let bench = bench(capabilities);
        bench.settle().await;
        bench.provider.next(Fate::Late);
        bench.cluster.annotate_rotate(bench.key(), Some("one"));
        bench.pass().await;
        bench.wait(60);
        bench.pass().await;
        bench.provider.deliver();
        for _ in 0..5 {
            bench.wait(300);
            bench.pass().await;
        }
        bench.settle().await;
        bench.assert_works();
        assert_eq!(bench.reason(ClientCondition::Verified), "True TokenIssued");
        let entry = bench.entry().unwrap();
        assert!(entry.previous.is_none() && entry.obligations.is_empty() && entry.intent.is_none());
    }
}
