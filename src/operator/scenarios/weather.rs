//! Bad weather: lost answers, refusals, crashes, and other people's Secrets.

use super::bench::Bench;
use crate::api::ClientCondition;
use crate::cluster::memory::{Mishap, WriteKind};
use crate::model::{Capabilities, Decision, Denial, Fault, Happening, Refusal, ServerView, Step, testing};
use crate::operator::pass::Running;
use crate::provider::memory::Fate;

#[tokio::test]
async fn a_lost_answer_to_a_registration_is_looked_up() {
    let bench = Bench::new();
    bench.apply();
    bench.provider.next(Fate::AnswerLost);
    bench.scene("the answer to the registration is lost");
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.provider.held().len(), 1);
    bench.wait(121);
    bench.scene("late deliveries are over");
    bench.settle().await;
    assert!(bench.entry().is_some_and(|entry| entry.recheck_at.is_none()));
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn a_registration_that_is_delivered_late_becomes_no_orphan() {
    let bench = Bench::new();
    bench.apply();
    bench.provider.next(Fate::Late);
    bench.pass().await;
    bench.assert_no_orphans();
    bench.provider.deliver();
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.provider.held().len(), 1);
}

#[tokio::test]
async fn a_lost_rotation_rotates_once() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.provider.next(Fate::AnswerLost);
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.provider.calls("Rotate"), 1);
}

#[tokio::test]
async fn a_rotation_that_is_delivered_late_is_found_and_published() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.provider.next(Fate::Late);
    bench.settle().await;
    bench.assert_works();
    bench.provider.deliver();
    bench.wait(121);
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.entry().unwrap().served.annotation.as_deref(), Some("one"));
}

#[tokio::test]
async fn a_late_delivery_is_waited_for_even_where_another_one_was_found() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.provider.next(Fate::Late);
    bench.pass().await;
    bench.wait(2);
    bench.settle().await;
    bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            client.credential.client_id = "id-late".into();
        }
    });
    bench.list();
    bench.settle().await;
    assert_eq!(bench.published("client-id"), "id-late");
    bench.provider.deliver();
    bench.wait(121);
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_new_trigger_waits_until_late_deliveries_are_over() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.provider.next(Fate::AnswerLost);
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("two"));
    let ended = bench.pass().await;
    assert!(!ended.settled);
    assert_eq!(bench.provider.calls("Rotate"), 1);
    bench.settle().await;
    assert_eq!(bench.provider.calls("Rotate"), 2);
    bench.assert_works();
}

#[tokio::test]
async fn another_instances_call_is_waited_for() {
    let bench = Bench::new();
    bench.apply();
    bench.provider.next(Fate::RequestLost);
    bench.pass().await;
    bench.restart();
    bench.scene("another instance finds the open intent");
    let ended = bench.pass().await;
    assert!(!ended.settled);
    assert_eq!(
        bench.provider.calls("Register"),
        1,
        "it waits, as the call may still be under way"
    );
    bench.settle().await;
    bench.assert_works();
    insta::assert_snapshot!(bench.transcript());
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for_and_told_of() {
    let bench = Bench::new();
    bench.apply();
    bench.provider.down(Some(Fault::Unavailable(
        "cannot be reached: connection refused".into(),
    )));
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Ready), "False WaitingForServer");
    assert!(
        bench.condition(ClientCondition::Stalled).is_none(),
        "nobody has to act"
    );
    bench.provider.down(None);
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn an_outage_leaves_settled_clients_as_they_are() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let before = bench.cluster.world().journal.len();
    bench.provider.down(Some(Fault::Unavailable("is away".into())));
    bench.settle().await;
    assert_eq!(bench.cluster.world().journal.len(), before);
    *bench.server.lock().unwrap() =
        ServerView::NotReady(testing::server_key(), "the credential is missing.".into());
    bench.settle().await;
    assert_eq!(bench.cluster.world().journal.len(), before);
    bench.assert_works();
}

#[tokio::test]
async fn a_refused_credential_says_whose_move_it_is() {
    let bench = Bench::new();
    bench.apply();
    bench.provider.down(Some(Fault::Denied(
        Denial::Right,
        "403 insufficient_scope: create:clients".into(),
    )));
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Ready), "False ServerDenied");
    assert_eq!(bench.reason(ClientCondition::Stalled), "True ServerDenied");
    let message = bench.condition(ClientCondition::Ready).unwrap().message;
    insta::assert_snapshot!(message);
    bench.pass().await;
    assert_eq!(bench.events(), ["ServerDenied"], "one Event for a generation");
}

#[tokio::test]
async fn a_refused_registration_ends_when_the_spec_changes() {
    let bench = Bench::new();
    bench.apply();
    bench.provider.next(Fate::Fault(Fault::Invalid("400: no".into())));
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Registered), "False ServerDenied");
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.scopes = Some(vec!["write".into()]));
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("scope"), "write");
}

#[tokio::test]
async fn a_foreign_secret_is_left_alone_and_nothing_is_minted() {
    let bench = Bench::new();
    bench
        .cluster
        .put_foreign_secret("payments", "billing", &[("password", "theirs")]);
    bench.apply();
    bench.pass().await;
    assert_eq!(
        bench.reason(ClientCondition::SecretPublished),
        "False SecretNameTaken"
    );
    assert_eq!(bench.published("password"), "theirs");
    assert_eq!(bench.provider.mutations(), 0);
    bench.cluster.delete_secret("payments", "billing");
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_secret_that_cannot_be_written_mints_nothing() {
    let bench = Bench::new();
    bench.apply();
    let quota = Refusal::Denied("exceeded quota: few-secrets".into());
    bench
        .cluster
        .refuse_all(WriteKind::Rehearsal, Some(quota.clone()));
    bench.cluster.refuse_all(WriteKind::Secret, Some(quota));
    for _ in 0..10 {
        bench.pass().await;
        bench.wait(6);
    }
    assert_eq!(
        bench.reason(ClientCondition::SecretPublished),
        "False WriteDenied"
    );
    assert_eq!(bench.provider.mutations(), 0);
    bench.cluster.refuse_all(WriteKind::Rehearsal, None);
    bench.cluster.refuse_all(WriteKind::Secret, None);
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_secret_that_is_refused_although_the_dry_run_was_not() {
    let bench = Bench::new();
    bench.apply();
    let refusal = Refusal::Denied("denied by a webhook".into());
    bench.cluster.refuse_all(WriteKind::Secret, Some(refusal));
    for _ in 0..12 {
        bench.pass().await;
        bench.wait(5);
    }
    assert_eq!(
        bench.reason(ClientCondition::SecretPublished),
        "False WriteDenied"
    );
    assert_eq!(
        bench.provider.mutations(),
        1,
        "registered once, and kept in the ledger"
    );
    bench.assert_no_orphans();
    bench.cluster.refuse_all(WriteKind::Secret, None);
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.provider.mutations(), 1);
}

#[tokio::test]
async fn every_write_that_is_lost_after_it_was_done_is_harmless() {
    for kind in [
        WriteKind::Ledger,
        WriteKind::Secret,
        WriteKind::Status,
        WriteKind::Rehearsal,
    ] {
        for mishap in [
            Mishap::Lost,
            Mishap::Refused(Refusal::Stale),
            Mishap::Refused(Refusal::Unavailable("is overloaded".into())),
        ] {
            let bench = Bench::new();
            bench.apply();
            bench.cluster.next(kind, mishap.clone());
            bench.settle().await;
            bench.assert_works();
            assert_eq!(
                bench.provider.held().len(),
                1,
                "{kind:?} {mishap:?}\n{}",
                bench.transcript()
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_given_only_once_is_written_until_it_is_kept() {
    for refusal in [
        Refusal::Stale,
        Refusal::Unavailable("is restarting".into()),
        Refusal::Denied("the webhook of somebody else is away".into()),
    ] {
        let bench = Bench::with(Capabilities {
            secret_readable: false,
            ..testing::capabilities()
        });
        bench.apply();
        bench.cluster.next(WriteKind::Ledger, Mishap::Spared);
        for _ in 0..6 {
            bench
                .cluster
                .next(WriteKind::Ledger, Mishap::Refused(refusal.clone()));
        }
        bench.settle().await;
        bench.assert_works();
        assert_eq!(bench.provider.calls("Register"), 1, "{}", bench.transcript());
    }
}

#[tokio::test]
async fn a_conflict_that_is_none_repeats_no_call() {
    let bench = Bench::new();
    bench.apply();
    bench.cluster.next(WriteKind::Ledger, Mishap::Spared);
    bench
        .cluster
        .next(WriteKind::Ledger, Mishap::Refused(Refusal::Stale));
    bench.settle().await;
    assert_eq!(bench.provider.mutations(), 1, "{}", bench.transcript());
    bench.assert_works();
}

#[tokio::test]
async fn a_terminating_namespace_gets_nothing_new() {
    let bench = Bench::new();
    bench.apply();
    bench.cluster.terminate_namespace("payments");
    let ended = bench.pass().await;
    assert!(ended.settled);
    assert_eq!(bench.provider.mutations(), 0);
}

#[tokio::test]
async fn cleanup_waits_for_a_server_that_is_away_and_says_so() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.cluster.delete_client(bench.key());
    bench
        .provider
        .down(Some(Fault::Unavailable("cannot be reached".into())));
    bench.pass().await;
    assert!(bench.told(|happening| matches!(happening, Happening::CleanupPending { .. })));
    assert_eq!(bench.entry().unwrap().obligations.len(), 1);
    bench.provider.down(None);
    bench.settle().await;
    assert_eq!(bench.provider.held(), []);
    assert_eq!(bench.entry(), None);
}

#[tokio::test]
async fn a_server_that_moved_blocks_until_it_is_acknowledged() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let old = testing::server().fingerprint;
    bench.edit_server(|server| server.fingerprint = "https://other:443".into());
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.scopes = Some(vec!["write".into()]));
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Ready), "False ServerMoved");
    assert_eq!(bench.provider.mutations(), 1);
    bench.edit_server(|server| {
        server.former_fingerprints.insert(old);
    });
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn entries_that_are_not_ours_or_not_readable_are_never_touched() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let text = |edit: &dyn Fn(&mut crate::model::LedgerEntry)| {
        let mut entry = bench.entry().unwrap();
        edit(&mut entry);
        entry.encode().unwrap().expose().to_owned()
    };
    let other = text(&|entry| entry.cluster_id = "another".into());
    for broken in [other.as_str(), r#"{"schema":99}"#, "{"] {
        bench.cluster.overwrite_entry(&bench.subject, broken);
        let before = bench.cluster.written(WriteKind::Ledger);
        bench.pass().await;
        assert_eq!(bench.reason(ClientCondition::Ready), "False Unmanageable");
        assert_eq!(bench.cluster.written(WriteKind::Ledger), before);
        assert_eq!(bench.provider.mutations(), 1);
    }
}

#[tokio::test]
async fn a_removal_that_fails_holds_nothing_up_and_does_not_spin() {
    let bench = Bench::new();
    bench.apply();
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.rotation = Some(crate::api::Rotation {
            overlap_seconds: Some(60),
            ..crate::api::Rotation::default()
        });
    });
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.settle().await;
    bench.wait(61);
    bench.provider.next(Fate::Fault(Fault::Invalid("405: no".into())));
    let ended = bench.pass().await;
    assert_eq!((ended.settled, ended.wake), (false, crate::model::Wake::Backoff));
    assert!(bench.is_ready());
    bench.settle().await;
    assert_eq!(bench.provider.held().len(), 1);
}

#[tokio::test]
async fn an_annotation_that_is_reverted_rotates_nothing() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    for value in ["a", "b", "a"] {
        bench.cluster.annotate_rotate(bench.key(), Some(value));
        bench.settle().await;
    }
    assert_eq!(bench.provider.calls("Rotate"), 2);
}

#[tokio::test]
async fn a_change_that_was_lost_is_waited_for_before_the_client_is_removed() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.scopes = Some(vec!["write".into()]));
    bench.provider.next(Fate::Late);
    bench.pass().await;
    bench.cluster.delete_client(bench.key());
    bench.pass().await;
    assert_eq!(
        bench.provider.held().len(),
        1,
        "not before late deliveries are over"
    );
    bench.provider.deliver();
    bench.wait(121);
    bench.settle().await;
    assert_eq!(bench.provider.held(), []);
}

#[tokio::test]
async fn a_token_endpoint_that_is_away_once_does_not_keep_the_previous_credential() {
    let bench = Bench::new();
    bench.apply();
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.rotation = Some(crate::api::Rotation {
            overlap_seconds: Some(60),
            ..crate::api::Rotation::default()
        });
    });
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.provider.tamper_tokens(1);
    let ended = bench.pass().await;
    assert_eq!(ended.wake, crate::model::Wake::Backoff);
    bench.settle().await;
    bench.wait(61);
    bench.settle().await;
    assert_eq!(bench.provider.held().len(), 1);
}

#[tokio::test]
async fn what_a_list_showed_outlives_a_mishap() {
    for busy in [true, false] {
        let bench = Bench::new();
        bench.apply();
        bench.settle().await;
        bench.wait(200);
        bench.settle().await;
        bench.provider.tamper(std::collections::BTreeMap::clear);
        bench.list();
        if busy {
            *bench.busy.lock().unwrap() = Some(std::time::Duration::from_secs(1));
        } else {
            bench
                .provider
                .down(Some(Fault::Unavailable("is restarting".into())));
        }
        bench.pass().await;
        *bench.busy.lock().unwrap() = None;
        bench.provider.down(None);
        bench.wait(5);
        bench.settle().await;
        bench.assert_works();
        assert_eq!(bench.provider.held().len(), 1, "{}", bench.transcript());
    }
}

#[tokio::test]
async fn an_answer_is_kept_though_somebody_labelled_the_record() {
    let bench = Bench::with(Capabilities {
        secret_readable: false,
        ..testing::capabilities()
    });
    bench.apply();
    let mut rng = testing::rng();
    let mut running = Running::begin(&bench, &bench.subject).await.unwrap().unwrap();
    while let Decision::Do(step) = running.decide(&mut rng) {
        running = running.take(&step).await.ok().unwrap();
        if matches!(*step, Step::Call(_)) {
            let text = bench.entry().unwrap().encode().unwrap();
            bench.cluster.overwrite_entry(&bench.subject, text.expose());
        }
    }
    bench.assert_works();
    assert_eq!(bench.provider.calls("Register"), 1);
}
