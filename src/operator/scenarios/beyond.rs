//! What is beyond the rules, at servers where each change may be another registration: scopes that the server gives by itself,
//! and orders that are none.

use super::bench::Bench;
use super::servers::dynamic_registration;
use crate::api::{ANNOTATION_VALUE_MAX, ClientCondition};
use crate::model::Happening;

fn bench() -> Bench {
    let bench = Bench::with(dynamic_registration());
    bench.apply();
    bench
}

fn ask(bench: &Bench, scopes: &[&str]) {
    let scopes = scopes.iter().map(ToString::to_string).collect();
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.scopes = Some(scopes));
}

/// A rule that allows these scopes.
fn allow(bench: &Bench, scopes: &[&str]) {
    let rule = serde_json::json!({"name": "readers", "namespaces": {"from": "All"}, "scopes": scopes});
    let rule = serde_json::from_value(rule).unwrap();
    bench.edit_server(|server| server.access_rules = Some(vec![rule]));
}

/// What the server gives by itself is no way around the rules.
#[tokio::test]
async fn more_than_is_allowed_is_not_published() {
    let said = |bench: &Bench| bench.condition(ClientCondition::Ready).unwrap().message;
    let bench = bench();
    bench.provider.gives_by_default(&["read", "admin"]);
    allow(&bench, &["read"]);
    ask(&bench, &[]);
    bench.pass().await;
    assert_eq!(bench.provider.held().len(), 1);
    assert!(bench.secret().is_none(), "its credential is not published");
    let message = said(&bench);
    assert!(
        message.contains("more scopes than it asked for") && message.contains("(nearest rule: readers)"),
        "{message}"
    );

    // What it asks for then it gets.
    ask(&bench, &["read"]);
    bench.settle().await;
    bench.assert_works();
    // And who has the credential does not get more by asking for less.
    ask(&bench, &[]);
    bench.pass().await;
    assert_eq!(
        bench.provider.held()[0].metadata.scopes,
        Some(["read".to_owned()].into())
    );
    let message = said(&bench);
    assert!(message.contains("leave a scope in the spec"), "{message}");
    allow(&bench, &["*"]);
    bench.settle().await;
    assert!(bench.is_ready(), "whoever may have every scope may ask for none");
}

/// What is too long to be an order is not kept: tenants choose it, and could fill the ledger with it.
#[tokio::test]
async fn a_replacement_keeps_no_order_that_is_none() {
    let long = "x".repeat(ANNOTATION_VALUE_MAX + 1);
    let bench = bench();
    bench.provider.gives_access(false);
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some(&long));
    ask(&bench, &["read", "write"]);
    bench.pass().await;
    assert_eq!(bench.published("scope"), "read write");
    // Of the rotation in the record is told what it serves.
    let started = |wanted: Option<&String>| {
        bench.told(|told| matches!(told, Happening::RotationStarted { value } if value.as_ref() == wanted))
    };
    assert!(started(None) && !started(Some(&long)));
}
