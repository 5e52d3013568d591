//! Who may not begin anything: an operator that stops, one that does not lead, and who has to wait for our own limits.

use super::bench::Bench;
use crate::api::ClientCondition;
use crate::cluster::memory::WriteKind;
use crate::model::testing;

#[tokio::test]
async fn a_stopping_operator_provisions_no_scope() {
    let bench = Bench::with(crate::model::Capabilities {
        scopes: crate::model::ScopeModel::Provisioned {
            may_create: true,
            to_let_create: None,
        },
        ..testing::capabilities()
    });
    bench
        .cluster
        .create_client(bench.key(), testing::spec(&["new-scope"]));
    bench.stopping.store(true, std::sync::atomic::Ordering::SeqCst);
    let ended = bench.pass().await;
    assert!(!ended.settled);
    assert_eq!(bench.provider.mutations(), 0);
    bench.stopping.store(false, std::sync::atomic::Ordering::SeqCst);
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_stopping_operator_begins_nothing() {
    let bench = Bench::new();
    bench.apply();
    bench.stopping.store(true, std::sync::atomic::Ordering::SeqCst);
    let ended = bench.pass().await;
    assert!(!ended.settled);
    assert_eq!(bench.provider.mutations(), 0);
    assert_eq!(bench.entry(), None);
}

#[tokio::test]
async fn who_has_to_wait_for_our_own_limits_is_not_told_of_the_server() {
    let bench = Bench::new();
    bench.apply();
    *bench.busy.lock().unwrap() = Some(std::time::Duration::from_secs(7));
    let ended = bench.pass().await;
    assert!(ended.postponed && !ended.settled);
    assert_eq!(ended.wake, crate::model::Wake::At(testing::at(7)));
    assert_eq!((bench.provider.mutations(), bench.entry()), (0, None));
    assert!(
        bench.events().is_empty() && bench.condition(ClientCondition::Ready).is_none(),
        "nothing is wrong, so nothing is said"
    );
    *bench.busy.lock().unwrap() = None;
    bench.settle().await;
    assert!(bench.is_ready());
}

#[tokio::test]
async fn who_does_not_lead_does_nothing() {
    let bench = Bench::new();
    bench.apply();
    assert!(!bench.pass_that_leads_for(0).await);
    assert_eq!((bench.entry(), bench.secret()), (None, None));
    assert_eq!(bench.transcript(), "");
    // It ceases to lead before one step after the other.
    let mut begun = 0;
    for times in 1.. {
        assert!(times < 40, "{}", bench.transcript());
        let bench = Bench::new();
        bench.apply();
        let ended = bench.pass_that_leads_for(times).await;
        begun += bench.provider.mutations();
        if ended {
            break;
        }
        let written = bench.cluster.written(WriteKind::Status);
        assert_eq!(written, 0, "nothing is reported of it\n{}", bench.transcript());
        // The next leader finds what is left.
        bench.wait(121);
        bench.settle().await;
        bench.assert_works();
    }
    assert!(begun > 1, "in some of them the server was called");
}

#[tokio::test]
async fn an_answer_is_stored_whoever_leads_by_then() {
    // The first time that the server is called before it ceases to lead.
    for times in 1..20 {
        let bench = Bench::new();
        bench.apply();
        let ended = bench.pass_that_leads_for(times).await;
        if bench.provider.mutations() > 0 {
            assert!(!ended, "{}", bench.transcript());
            assert!(bench.entry().unwrap().current.is_some(), "{}", bench.transcript());
            assert_eq!(bench.secret(), None, "and that was all");
            return;
        }
    }
    panic!("the server was never called");
}
