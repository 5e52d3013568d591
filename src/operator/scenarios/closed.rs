//! Namespaces that are not given to the operator, or were taken back, or that it does not look at.

use jiff::SignedDuration;

use super::bench::Bench;
use crate::api::ClientCondition;
use crate::model::{Closed, Wake};

const WHY: &str = "namespace payments is not given to the operator";

fn not_given() -> Closed {
    Closed::NotGiven(WHY.to_owned())
}

#[tokio::test]
async fn a_client_in_a_namespace_that_is_not_given_is_told_so_and_nothing_is_done() {
    let bench = Bench::new();
    bench.cluster.close_namespace("payments", Some(not_given()));
    bench.apply();
    let ended = bench.pass().await;
    assert_eq!((ended.settled, ended.wake), (false, Wake::OnChange));
    let accepted = bench.condition(ClientCondition::Accepted).unwrap();
    assert_eq!(
        bench.reason(ClientCondition::Accepted),
        "False NamespaceNotAllowed"
    );
    assert_eq!(bench.reason(ClientCondition::Stalled), "True NamespaceNotAllowed");
    assert_eq!(accepted.message, WHY);
    assert_eq!((bench.provider.mutations(), bench.entry()), (0, None));
    bench.cluster.close_namespace("payments", None);
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.reason(ClientCondition::Stalled), "");
}

#[tokio::test]
async fn a_namespace_that_is_taken_back_keeps_what_it_has_as_it_is() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let (entry, mutations) = (bench.entry(), bench.provider.mutations());
    bench.cluster.close_namespace("payments", Some(not_given()));
    // Its Secrets are nobody's business any more, whatever the rights are.
    bench.cluster.delete_secret("payments", "billing");
    bench.cluster.annotate_rotate(bench.key(), Some("now"));
    for _ in 0..3 {
        bench.pass().await;
    }
    assert_eq!(
        bench.reason(ClientCondition::Accepted),
        "False NamespaceNotAllowed"
    );
    assert_eq!(bench.reason(ClientCondition::SecretPublished), "True Published");
    assert_eq!((bench.provider.mutations(), bench.entry()), (mutations, entry));
    assert!(bench.cluster.found_secret("payments", "billing").is_none());
    bench.cluster.close_namespace("payments", None);
    bench.settle().await;
    bench.assert_works();
    assert!(
        bench.provider.mutations() > mutations,
        "the rotation that was asked for"
    );
}

#[tokio::test]
async fn a_client_that_goes_is_removed_at_the_server_and_its_secret_is_the_collectors() {
    for closed in [true, false] {
        let bench = Bench::new();
        bench.apply();
        bench.settle().await;
        assert!(bench.entry().unwrap().secret_owned);
        if closed {
            bench.cluster.close_namespace("payments", Some(not_given()));
        } else {
            bench.cluster.hide_secrets_of("payments", true);
        }
        bench.cluster.delete_client(bench.key());
        bench.settle().await;
        assert_eq!((bench.provider.held(), bench.entry()), (vec![], None), "{closed}");
    }
}

#[tokio::test]
async fn a_secret_that_nobody_else_removes_keeps_the_record_until_it_can_be_seen() {
    for closed in [true, false] {
        let bench = Bench::new();
        bench.edit_server(|server| server.deletion_delay = SignedDuration::from_secs(60));
        bench.apply();
        bench.settle().await;
        assert!(!bench.entry().unwrap().secret_owned);
        if closed {
            bench.cluster.close_namespace("payments", Some(not_given()));
        } else {
            bench.cluster.hide_secrets_of("payments", true);
        }
        bench.cluster.delete_client(bench.key());
        bench.pass().await;
        bench.wait(61);
        for _ in 0..3 {
            let ended = bench.pass().await;
            assert_eq!((ended.settled, ended.wake), (false, Wake::Backoff), "{closed}");
        }
        assert_eq!(bench.provider.held(), [], "a client needs no right on Secrets");
        assert!(bench.entry().is_some() && bench.cluster.found_secret("payments", "billing").is_some());
        assert_eq!(bench.events().last(), Some(&"CleanupPending"));
        bench.cluster.close_namespace("payments", None);
        bench.cluster.hide_secrets_of("payments", false);
        bench.settle().await;
        assert_eq!(bench.entry(), None);
        assert!(bench.cluster.found_secret("payments", "billing").is_none());
    }
}

#[tokio::test]
async fn with_its_namespace_a_secret_is_gone_that_cannot_be_seen() {
    let bench = Bench::new();
    bench.edit_server(|server| server.deletion_delay = SignedDuration::from_secs(60));
    bench.apply();
    bench.settle().await;
    bench.cluster.remove_namespace("payments");
    bench.cluster.hide_secrets_of("payments", true);
    bench.pass().await;
    bench.wait(61);
    bench.settle().await;
    assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
}

#[tokio::test]
async fn what_is_out_of_sight_is_no_evidence() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let (entry, held) = (bench.entry(), bench.provider.held());
    bench
        .cluster
        .close_namespace("payments", Some(Closed::OutOfSight("it is not watched".into())));
    bench.cluster.delete_client(bench.key());
    for _ in 0..3 {
        let ended = bench.pass().await;
        assert_eq!((ended.settled, ended.wake), (false, Wake::OnChange));
        bench.wait(3600);
    }
    assert_eq!((bench.entry(), bench.provider.held()), (entry, held));
    bench.cluster.close_namespace("payments", None);
    bench.settle().await;
    assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
}
