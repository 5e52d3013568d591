//! The stories of a client's life, each with its transcript.

use jiff::SignedDuration;

use super::bench::Bench;
use crate::api::{ClientCondition, DeletionPolicy, Rotation};
use crate::cluster::memory::WriteKind;
use crate::model::{Happening, ScopeModel, testing};
use crate::provider::memory::MemoryProvider;

fn overlapping(seconds: u32) -> Rotation {
    Rotation {
        overlap_seconds: Some(seconds),
        ..Rotation::default()
    }
}

#[tokio::test]
async fn create() {
    let bench = Bench::new();
    bench.apply();
    bench.scene("a client is applied");
    bench.pass().await;
    bench.assert_works();
    assert_eq!(bench.published("scope"), "read");
    assert_eq!(bench.published("token-uri"), "https://corp/token");
    bench.scene("it is looked at again");
    bench.pass().await;
    insta::assert_snapshot!(bench.transcript());
    assert_eq!(bench.provider.mutations(), 1);
    let written = |kind| bench.cluster.written(kind);
    assert_eq!(
        written(WriteKind::Ledger) + written(WriteKind::Secret) + written(WriteKind::Status),
        4
    );
}

#[tokio::test]
async fn update_of_the_scopes() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let before = bench.published("client-secret");
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.scopes = Some(vec!["write".into(), "read".into()]);
    });
    bench.scene("the scopes are edited");
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("scope"), "read write");
    assert_eq!(
        bench.published("client-secret"),
        before,
        "an update is no rotation"
    );
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn rotation_in_place() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let before = (bench.published("client-id"), bench.published("client-secret"));
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.scene("the annotation is set");
    bench.settle().await;
    bench.assert_works();
    assert_ne!(
        (bench.published("client-id"), bench.published("client-secret")),
        before
    );
    bench.scene("it is looked at again");
    bench.settle().await;
    assert_eq!(bench.provider.calls("Rotate"), 1, "one trigger, one rotation");
    assert!(
        bench.told(|happening| matches!(happening, Happening::RotationStarted { value } if value.as_deref() == Some("one")))
    );
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn rotation_by_replacement_with_overlap() {
    let bench = Bench::new();
    bench.cluster.create_client(bench.key(), {
        let mut spec = testing::spec(&["read"]);
        spec.rotation = Some(overlapping(600));
        spec
    });
    bench.settle().await;
    let first = bench.published("client-id");
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.scene("the annotation is set");
    bench.settle().await;
    bench.assert_works();
    assert_ne!(bench.published("client-id"), first);
    assert_eq!(bench.provider.held().len(), 2, "both work during the overlap");
    assert_eq!(bench.reason(ClientCondition::Rotating), "True Overlap");
    bench.wait(599);
    bench.pass().await;
    assert_eq!(
        bench.provider.held().len(),
        2,
        "and not a second less than promised"
    );
    bench.wait(2);
    bench.scene("the overlap has ended");
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.provider.held().len(), 1);
    assert_eq!(bench.reason(ClientCondition::Rotating), "False Completed");
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn a_second_rotation_during_the_overlap_keeps_the_first_promise() {
    let bench = Bench::new();
    bench.apply();
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.rotation = Some(overlapping(600)));
    bench.settle().await;
    for value in ["one", "two"] {
        bench.cluster.annotate_rotate(bench.key(), Some(value));
        bench.settle().await;
        bench.wait(60);
    }
    assert_eq!(bench.provider.held().len(), 3);
    bench.wait(481);
    bench.settle().await;
    assert_eq!(bench.provider.held().len(), 2, "the oldest has had its 600 s");
    bench.wait(60);
    bench.settle().await;
    assert_eq!(bench.provider.held().len(), 1);
    bench.assert_works();
}

#[tokio::test]
async fn the_annotation_that_is_there_at_creation_rotates_nothing() {
    let bench = Bench::new();
    bench.apply();
    bench.cluster.annotate_rotate(bench.key(), Some("was there"));
    bench.settle().await;
    bench.settle().await;
    assert_eq!(bench.provider.mutations(), 1);
}

#[tokio::test]
async fn age_and_schedule_rotate_once_however_much_was_missed() {
    let bench = Bench::new();
    bench.apply();
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.rotation = Some(Rotation {
            max_age_seconds: Some(3600),
            ..Rotation::default()
        });
    });
    bench.settle().await;
    bench.wait(3600 * 10);
    bench.settle().await;
    bench.settle().await;
    assert_eq!(bench.provider.calls("Rotate"), 1, "one catch-up for ten missed");
    bench.assert_works();
}

#[tokio::test]
async fn deletion_removes_the_remote_client_and_the_record() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.cluster.delete_client(bench.key());
    bench.cluster.collect_garbage();
    bench.scene("the client is deleted");
    bench.settle().await;
    assert_eq!(bench.provider.held(), []);
    assert_eq!(bench.entry(), None);
    assert_eq!(bench.secret(), None);
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn deletion_without_a_garbage_collector_removes_the_secret_too() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.cluster.delete_client(bench.key());
    bench.settle().await;
    assert_eq!(bench.secret(), None);
    assert_eq!(bench.provider.held(), []);
}

#[tokio::test]
async fn retain_leaves_the_client_and_nothing_else() {
    let bench = Bench::new();
    bench.apply();
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.deletion_policy = DeletionPolicy::Retain);
    bench.settle().await;
    assert!(
        bench.secret().is_some_and(|secret| secret.owners.is_empty()),
        "not for the garbage collector"
    );
    bench.cluster.delete_client(bench.key());
    bench.settle().await;
    assert_eq!(bench.provider.held().len(), 1);
    assert_eq!((bench.entry(), bench.secret()), (None, None));
}

#[tokio::test]
async fn a_client_that_comes_back_within_the_delay_keeps_its_credential() {
    let bench = Bench::new();
    bench.edit_server(|server| server.deletion_delay = SignedDuration::from_secs(3600));
    bench.apply();
    bench.settle().await;
    let before = bench.published("client-secret");
    bench.cluster.delete_client(bench.key());
    bench.scene("the client is pruned");
    bench.pass().await;
    assert_eq!(
        bench.published("client-secret"),
        before,
        "the Secret stays as long as the client"
    );
    bench.wait(600);
    bench.apply();
    bench.scene("and comes back");
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("client-secret"), before);
    assert_eq!(bench.provider.mutations(), 1);
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn a_client_that_comes_back_too_late_is_a_new_one() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let before = bench.published("client-secret");
    bench.cluster.delete_client(bench.key());
    bench.cluster.collect_garbage();
    bench.settle().await;
    bench.apply();
    bench.settle().await;
    bench.assert_works();
    assert_ne!(bench.published("client-secret"), before);
}

#[tokio::test]
async fn a_crd_that_is_made_again_changes_no_credential() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let before = bench.published("client-secret");
    bench.cluster.delete_client(bench.key());
    bench.cluster.remove_crd();
    bench.cluster.install_crd();
    let ended = bench.pass().await;
    assert!(
        !ended.settled,
        "a new CRD is no evidence that anybody deleted the client"
    );
    assert_eq!(bench.provider.held().len(), 1);
    bench.apply();
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("client-secret"), before);
}

#[tokio::test]
async fn a_deleted_secret_comes_back_as_it_was_without_a_call() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let (before, calls) = (bench.published("client-secret"), bench.provider.mutations());
    bench.cluster.delete_secret("payments", "billing");
    bench
        .provider
        .down(Some(crate::model::Fault::Unavailable("is away".into())));
    bench.scene("the Secret is deleted, and the server is away too");
    bench.pass().await;
    assert_eq!(bench.published("client-secret"), before);
    assert_eq!(bench.provider.mutations(), calls);
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn an_altered_secret_is_put_right_and_foreign_metadata_left_alone() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let before = bench.published("client-secret");
    bench.cluster.edit_secret("payments", "billing", |secret| {
        secret
            .data
            .insert("client-secret".into(), crate::model::Confidential::new("forged"));
        secret.data.remove("client-id");
        secret
            .annotations
            .insert("reflector/allowed".into(), "true".into());
    });
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("client-secret"), before);
    assert!(
        bench
            .secret()
            .is_some_and(|secret| secret.annotations.contains_key("reflector/allowed"))
    );
}

#[tokio::test]
async fn an_immutable_secret_that_was_altered_is_made_again() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.cluster.edit_secret("payments", "billing", |secret| {
        secret.data.remove("client-id");
        secret.immutable = true;
    });
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_remote_client_that_was_deleted_is_registered_again() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let before = bench.published("client-id");
    bench.provider.tamper(std::collections::BTreeMap::clear);
    bench.wait(3600);
    bench.list();
    bench.scene("the list lacks the client");
    bench.settle().await;
    bench.assert_works();
    assert_ne!(bench.published("client-id"), before);
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn a_remote_client_that_was_edited_is_put_right_once() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            client.metadata.scopes = testing::scopes(&["admin"]).scopes;
        }
    });
    bench.wait(3600);
    bench.list();
    bench.scene("the list shows other scopes");
    bench.settle().await;
    bench.assert_works();
    let now = bench.provider.held().pop().unwrap().metadata.scopes;
    assert_eq!(now, testing::scopes(&["read"]).scopes);
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn a_credential_that_was_replaced_at_the_server_is_published() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            client.credential.client_id = "replaced".into();
        }
    });
    bench.wait(3600);
    bench.list();
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("client-id"), "replaced");
    assert_eq!(bench.provider.mutations(), 1);
}

#[tokio::test]
async fn a_credential_that_is_refused_is_looked_up_at_once() {
    let bench = Bench::new();
    bench.apply();
    bench.provider.tamper_tokens(1);
    bench.pass().await;
    // What a rotation does that is delivered late.
    bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            client.credential.client_id = "id-late".into();
        }
    });
    bench.wait(2);
    bench.pass().await;
    assert_eq!(bench.published("client-id"), "id-late");
    bench.wait(2);
    bench.pass().await;
    bench.assert_works();
}

#[tokio::test]
async fn scopes_are_provisioned_only_where_the_admin_allows_it() {
    let bench = Bench::new();
    bench
        .cluster
        .create_client(bench.key(), testing::spec(&["fresh"]));
    let ended = bench.pass().await;
    assert!(!ended.settled);
    assert_eq!(bench.reason(ClientCondition::Registered), "False ScopeNotFound");
    assert_eq!(bench.provider.mutations(), 0);
    bench.edit_server(|server| {
        server.capabilities.scopes = ScopeModel::Provisioned {
            may_create: true,
            to_let_create: None,
        }
    });
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn suspend_stops_changes_and_not_repair() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let before = bench.published("client-secret");
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.suspend = true;
        spec.scopes = Some(vec!["write".into()]);
    });
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.cluster.delete_secret("payments", "billing");
    bench.pass().await;
    assert_eq!(bench.published("client-secret"), before);
    assert_eq!(bench.provider.mutations(), 1);
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.suspend = false);
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("scope"), "write");
    assert_eq!(bench.provider.calls("Rotate"), 1);
}

#[tokio::test]
async fn a_status_that_is_too_long_is_written_once() {
    let mut bench = Bench::new();
    let long = "x".repeat(2_000);
    bench.provider = std::sync::Arc::new(MemoryProvider::new(testing::capabilities(), &[&long]));
    bench.cluster.create_client(bench.key(), testing::spec(&[&long]));
    bench.settle().await;
    bench.assert_works();
    let effective = |bench: &Bench| {
        let world = bench.cluster.world();
        world.clients[bench.key()].status.effective.clone().unwrap()
    };
    assert_eq!(effective(&bench).scopes[0].len(), crate::api::STATUS_TEXT_MAX);
    let before = bench.cluster.world().journal.len();
    bench.settle().await;
    assert_eq!(bench.cluster.world().journal.len(), before);
}
