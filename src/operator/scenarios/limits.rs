//! Limits on many clients together: what is told, and how one goes on.

use super::bench::Bench;
use crate::api::{AccessRule, ClientCondition};
use crate::model::Happening;

fn rule(at_most: u32) -> Vec<AccessRule> {
    let rule = serde_json::json!({
        "name": "team", "namespaces": {"from": "All"}, "scopes": ["*"], "maxClientsPerNamespace": at_most,
    });
    vec![serde_json::from_value(rule).unwrap()]
}

async fn settled() -> Bench {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench
}

#[tokio::test]
async fn a_namespace_that_is_full_is_told_so_and_nothing_is_called() {
    let bench = Bench::new();
    bench.edit_server(|server| server.access_rules = Some(rule(0)));
    bench.apply();
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Registered), "False QuotaReached");
    let told = bench.condition(ClientCondition::Registered).unwrap().message;
    for part in ["namespace payments", "rule team", "0, with", "Application team"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!((bench.provider.mutations(), bench.entry()), (0, None));
    bench.edit_server(|server| server.access_rules = Some(rule(1)));
    bench.settle().await;
    bench.assert_works();
    bench.edit_server(|server| server.access_rules = Some(rule(0)));
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.provider.calls("Rotate"), 1, "what is there goes on");
}

#[tokio::test]
async fn what_is_still_to_be_removed_counts() {
    let bench = settled().await;
    bench.edit_server(|server| server.access_rules = Some(rule(1)));
    bench
        .provider
        .down(Some(crate::model::Fault::Unavailable("is away".into())));
    bench.cluster.delete_client(bench.key());
    bench.pass().await;
    bench.cluster.create_client(bench.key(), {
        let mut spec = crate::model::testing::spec(&["read"]);
        spec.client_name = Some("other".into());
        spec
    });
    bench.edit_server(|server| {
        for rule in server.access_rules.iter_mut().flatten() {
            rule.naming = crate::api::Naming::Any;
        }
    });
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Registered), "False QuotaReached");
    bench.provider.down(None);
    bench.wait(600);
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_removal_that_is_held_waits_for_a_person() {
    let bench = settled().await;
    let before = bench.published("client-secret");
    bench.edit_server(|server| {
        server.removals_at_most = 0;
        server.release = Some("last time".into());
    });
    bench.cluster.delete_client(bench.key());
    for _ in 0..3 {
        bench.pass().await;
        bench.wait(3_600);
    }
    assert_eq!(bench.provider.held().len(), 1);
    let said = |why: &str| why.contains("release-held-deletions") && why.contains("Platform team");
    assert!(bench.told(|told| matches!(told, Happening::CleanupPending { why } if said(why))));

    bench.apply();
    bench.settle().await;
    bench.assert_works();
    assert_eq!(
        bench.published("client-secret"),
        before,
        "whoever comes back keeps it"
    );
    assert_eq!(bench.provider.mutations(), 1);

    bench.cluster.delete_client(bench.key());
    bench.pass().await;
    bench.edit_server(|server| server.release = Some("go".into()));
    bench.settle().await;
    assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
}

#[tokio::test]
async fn a_removal_that_has_begun_is_not_held() {
    let bench = settled().await;
    bench
        .provider
        .down(Some(crate::model::Fault::Unavailable("is away".into())));
    bench.cluster.delete_client(bench.key());
    bench.pass().await;
    bench.provider.down(None);
    bench.edit_server(|server| server.removals_at_most = 0);
    bench.settle().await;
    assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
}
