//! Servers that speak RFC 7591 and RFC 7592: no lookup, and for each registration an access that may change with every call
//! and is lost for ever if it is not stored.

use super::bench::Bench;
use super::servers::dynamic_registration;
use crate::api::{ClientCondition, ClientIdChange, Rotation};
use crate::model::{Access, Fault, Happening, LedgerEntry, Loss, Wake, testing};
use crate::provider::memory::Fate;

fn bench() -> Bench {
    let bench = Bench::with(dynamic_registration());
    bench.apply();
    bench
}

async fn settled() -> Bench {
    let bench = bench();
    bench.settle().await;
    bench
}

fn edit(bench: &Bench) {
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.scopes = Some(vec!["read".into(), "write".into()]);
    });
}

fn rotation(bench: &Bench, change: impl FnOnce(&mut Rotation)) {
    bench.cluster.change_spec(bench.key(), |spec| {
        change(spec.rotation.get_or_insert_default());
    });
}

/// What is at the server and in no record: each must have been told as left behind.
fn strangers(bench: &Bench) -> usize {
    let entry = bench.entry();
    let known: Vec<_> = entry.iter().flat_map(LedgerEntry::handles).collect();
    let held = bench.provider.held();
    held.iter()
        .filter(|client| !known.contains(&&client.handle))
        .count()
}

fn left_behind(bench: &Bench) -> usize {
    let entry = bench.entry();
    let owed = entry.iter().flat_map(|entry| &entry.obligations);
    owed.filter(|owed| owed.is_unmanageable()).count()
}

fn works(bench: &Bench) -> bool {
    bench.provider.held().iter().any(|client| {
        let secret = client.credential.client_secret.as_ref();
        client.credential.client_id == bench.published("client-id")
            && secret.is_some_and(|secret| secret.expose() == bench.published("client-secret"))
    })
}

fn access(bench: &Bench) -> Access {
    bench.entry().unwrap().current.unwrap().access
}

/// The admin has looked, and discharges.
fn discharge(bench: &Bench) {
    let mut entry = bench.entry().unwrap();
    entry.obligations.retain(|owed| !owed.is_unmanageable());
    let text = entry.encode().unwrap();
    bench.cluster.overwrite_entry(&bench.subject, text.expose());
}

#[tokio::test]
async fn a_whole_life() {
    let bench = bench();
    bench.scene("a client is applied");
    bench.settle().await;
    bench.assert_works();
    edit(&bench);
    bench.scene("the scopes are edited");
    bench.settle().await;
    bench.assert_works();
    rotation(&bench, |rotation| rotation.overlap_seconds = Some(60));
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.scene("it is rotated, with an overlap");
    bench.settle().await;
    assert_eq!(bench.provider.held().len(), 2);
    bench.assert_works();
    bench.wait(60);
    bench.scene("the overlap is over");
    bench.settle().await;
    assert_eq!(bench.provider.held().len(), 1);
    bench.assert_works();
    bench.cluster.delete_client(bench.key());
    bench.scene("it is deleted");
    bench.settle().await;
    assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
    insta::assert_snapshot!(bench.transcript());
    let reads = ["client", "attempted", "clients"].map(|kind| bench.provider.calls(kind));
    assert_eq!(reads, [0; 3], "no reads for curiosity");
}

#[tokio::test]
async fn a_lost_registration_is_made_anew_and_the_possible_orphan_told() {
    for fate in [Fate::AnswerLost, Fate::RequestLost] {
        let bench = bench();
        bench.provider.next(fate.clone());
        bench.settle().await;
        assert!(bench.is_ready() && works(&bench));
        assert_eq!(strangers(&bench), usize::from(fate == Fate::AnswerLost));
        assert_eq!(left_behind(&bench), 1);
        let entry = bench.entry().unwrap();
        let lost = entry.obligations[0].lost.clone().unwrap().marker;
        let findable = |handle| bench.provider.marker(handle) == Some(lost.clone());
        let held = bench.provider.held();
        let found = held.iter().filter(|client| findable(&client.handle)).count();
        assert_eq!(found, strangers(&bench), "the server's own note leads to it");
        let said =
            |what: &str| what.contains("software_id oauthclient.dev/") && what.contains("software_version 1");
        assert!(bench.told(|told| matches!(told, Happening::LeftBehind { what, .. } if said(what))));
        let events = bench.events();
        bench.pass().await;
        assert_eq!(bench.events(), events, "told once");
        discharge(&bench);
        bench.settle().await;
        assert!(bench.is_ready());
    }
}

#[tokio::test]
async fn registrations_are_not_lost_without_end() {
    let bench = bench();
    for _ in 0..3 {
        bench.provider.next(Fate::AnswerLost);
    }
    let mut ended = bench.pass().await;
    for _ in 0..6 {
        bench.wait(5);
        ended = bench.pass().await;
    }
    assert_eq!(ended.wake, Wake::OnChange);
    assert_eq!(
        bench.reason(ClientCondition::Registered),
        "Unknown OutcomeUnknown"
    );
    assert_eq!(bench.reason(ClientCondition::Stalled), "True OutcomeUnknown");
    assert_eq!((bench.provider.calls("Register"), left_behind(&bench)), (3, 3));
    discharge(&bench);
    bench.settle().await;
    assert!(bench.is_ready() && works(&bench));
}

#[tokio::test]
async fn another_process_may_still_store_its_answer() {
    let bench = bench();
    let finished = bench.pass_that_leads_for(4).await;
    assert!(!finished && bench.entry().unwrap().intent.is_some());
    bench.restart();
    let ended = bench.pass().await;
    assert!(matches!(ended.wake, Wake::At(_)), "{}", bench.transcript());
    assert_eq!(bench.provider.calls("Register"), 0, "its call may be under way");
    bench.settle().await;
    assert!(bench.is_ready() && works(&bench));
    assert_eq!(left_behind(&bench), 1);
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_waits_for_the_next_one() {
    let bench = settled().await;
    let before = bench.published("client-secret");
    edit(&bench);
    bench.provider.next(Fate::AnswerLost);
    bench.scene("the answer to the change is lost, and the old token void");
    bench.pass().await;
    bench.wait(5);
    let ended = bench.pass().await;
    assert_eq!(ended.wake, Wake::OnChange, "{}", bench.transcript());
    assert_eq!(bench.reason(ClientCondition::Ready), "False Unmanageable");
    assert_eq!(bench.reason(ClientCondition::Stalled), "True Unmanageable");
    assert_eq!(bench.reason(ClientCondition::Verified), "True TokenIssued");
    assert_eq!(access(&bench), Access::Lost(Loss::WithAnswer));
    assert_eq!(
        bench.published("client-secret"),
        before,
        "the credential works on"
    );
    let calls = bench.provider.mutations();
    bench.wait(3600);
    bench.pass().await;
    assert_eq!(
        bench.provider.mutations(),
        calls,
        "never tried again with that token"
    );
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.scene("it is rotated");
    bench.settle().await;
    insta::assert_snapshot!(bench.transcript());
    assert!(bench.is_ready() && works(&bench));
    assert_ne!(bench.published("client-secret"), before);
    assert_eq!(left_behind(&bench), 1, "the first client cannot be removed");
    let id = |what: &str| what.starts_with("client id-");
    assert!(bench.told(|told| matches!(told, Happening::LeftBehind { what, .. } if id(what))));
}

#[tokio::test]
async fn the_next_change_replaces_it_too() {
    let bench = settled().await;
    edit(&bench);
    bench.provider.next(Fate::AnswerLost);
    bench.pass().await;
    bench.wait(5);
    bench.pass().await;
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.scopes = Some(vec!["admin".into()]));
    bench.settle().await;
    assert!(bench.is_ready() && works(&bench));
    assert_eq!(bench.published("scope"), "admin");
}

#[tokio::test]
async fn where_the_token_stays_the_same_a_lost_change_is_repeated() {
    for (rotates, fate) in [
        (false, Fate::AnswerLost),
        (false, Fate::RequestLost),
        (false, Fate::Late),
        (true, Fate::RequestLost),
        (true, Fate::Late),
    ] {
        let bench = settled().await;
        bench.provider.rotates_access(rotates);
        edit(&bench);
        bench.provider.next(fate);
        bench.settle().await;
        bench.assert_works();
        bench.provider.deliver();
        bench.wait(121);
        bench.settle().await;
        bench.assert_works();
        assert_eq!(left_behind(&bench), 0);
        let entry = bench.entry().unwrap();
        assert_eq!((entry.intent, entry.recheck_at), (None, None));
        let calls = bench.provider.mutations();
        bench.wait(500);
        bench.settle().await;
        assert_eq!(bench.provider.mutations(), calls);
    }
}

#[tokio::test]
async fn a_secret_that_a_change_brings_is_published() {
    let bench = settled().await;
    bench.provider.renews_secret(true);
    let before = bench.published("client-secret");
    edit(&bench);
    bench.settle().await;
    bench.assert_works();
    assert_ne!(bench.published("client-secret"), before);
}

#[tokio::test]
async fn a_secret_that_was_lost_with_the_answer_is_replaced_at_once() {
    let bench = settled().await;
    bench.provider.renews_secret(true);
    edit(&bench);
    bench.provider.next(Fate::AnswerLost);
    bench.settle().await;
    assert!(bench.is_ready() && works(&bench), "{}", bench.transcript());
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_with_its_client() {
    let bench = settled().await;
    let before = bench.published("client-id");
    bench.provider.tamper(|clients| {
        for client in clients.values_mut() {
            if let Some(access) = &mut client.access {
                access.token = crate::model::Confidential::new("canary-other");
            }
        }
    });
    rotation(&bench, |rotation| {
        rotation.client_id_change = Some(ClientIdChange::Forbidden);
    });
    edit(&bench);
    let ended = bench.pass().await;
    assert_eq!(ended.wake, Wake::OnChange);
    assert_eq!(bench.reason(ClientCondition::Registered), "False Unmanageable");
    assert_eq!(bench.published("client-id"), before);
    rotation(&bench, |rotation| {
        rotation.client_id_change = Some(ClientIdChange::Allowed);
    });
    bench.settle().await;
    assert!(bench.is_ready() && works(&bench));
    assert_ne!(bench.published("client-id"), before);
    assert_eq!(left_behind(&bench), 1);
    assert_eq!(
        bench.provider.calls("Update"),
        1,
        "never tried again with that token"
    );
}

#[tokio::test]
async fn a_client_that_is_gone_there_is_registered_anew_at_the_next_change() {
    let bench = settled().await;
    bench.provider.tamper(std::collections::BTreeMap::clear);
    edit(&bench);
    bench.settle().await;
    bench.assert_works();
    assert_eq!(left_behind(&bench), 0, "its credential is refused, so it is gone");
}

#[tokio::test]
async fn a_removal_whose_answer_was_lost_is_known_by_the_credential() {
    let bench = settled().await;
    bench.cluster.delete_client(bench.key());
    bench.provider.next(Fate::AnswerLost);
    bench.pass().await;
    bench.wait(5);
    bench.settle().await;
    assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
}

#[tokio::test]
async fn a_removal_that_is_refused_is_left_to_the_admin_and_hangs_nothing() {
    let bench = settled().await;
    bench.cluster.delete_client(bench.key());
    bench
        .provider
        .next(Fate::Fault(Fault::Unmanageable("405 Method Not Allowed".into())));
    let ended = bench.pass().await;
    assert_eq!(ended.wake, Wake::OnChange);
    assert_eq!(left_behind(&bench), 1);
    assert!(
        bench.told(|told| matches!(told, Happening::CleanupPending { why } if why.contains("discharge")))
    );
    let calls = bench.provider.mutations();
    bench.wait(3600);
    bench.pass().await;
    assert_eq!(bench.provider.mutations(), calls);
    discharge(&bench);
    bench.settle().await;
    assert_eq!(bench.entry(), None);
}

#[tokio::test]
async fn a_removal_is_tried_again_while_the_token_endpoint_is_away() {
    let bench = settled().await;
    bench.cluster.delete_client(bench.key());
    bench.provider.next(Fate::AnswerLost);
    bench.pass().await;
    bench.provider.tamper_tokens(2);
    for _ in 0..2 {
        bench.wait(5);
        let ended = bench.pass().await;
        assert_eq!(ended.wake, Wake::Backoff);
        assert!(bench.entry().is_some());
    }
    bench.wait(5);
    bench.settle().await;
    assert_eq!(bench.entry(), None);
}

#[tokio::test]
async fn a_server_without_management_registers_and_replaces() {
    let bench = bench();
    bench.provider.gives_access(false);
    bench.settle().await;
    bench.assert_works();
    let before = bench.published("client-id");
    edit(&bench);
    bench.settle().await;
    assert!(bench.is_ready() && works(&bench));
    assert_ne!(bench.published("client-id"), before);
    assert_eq!(left_behind(&bench), 1);
    assert_eq!(bench.provider.calls("Update"), 0);
}

#[tokio::test]
async fn a_secret_that_expires_is_replaced_before() {
    let bench = bench();
    bench.provider.secrets_expire_at(Some(testing::at(9000)));
    bench.settle().await;
    let before = bench.published("client-secret");
    bench.wait(5900);
    bench.settle().await;
    assert_eq!(bench.published("client-secret"), before);
    bench.provider.secrets_expire_at(Some(testing::at(90_000)));
    bench.wait(200);
    bench.settle().await;
    bench.assert_works();
    assert_ne!(
        bench.published("client-secret"),
        before,
        "two thirds of its life are over"
    );
    assert_eq!(bench.provider.calls("Register"), 2);
}

#[tokio::test]
async fn a_removal_that_is_refused_is_told_once_and_written_once() {
    let bench = settled().await;
    rotation(&bench, |rotation| rotation.overlap_seconds = Some(60));
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.settle().await;
    bench.wait(61);
    bench
        .provider
        .next(Fate::Fault(Fault::Unmanageable("401 Unauthorized".into())));
    let before = bench.cluster.world().journal.len();
    bench.settle().await;
    let written = bench.cluster.world().journal.len() - before;
    assert!(written <= 5, "{written} writes\n{}", bench.transcript());
    assert_eq!(left_behind(&bench), 1);
    assert!(bench.told(|told| matches!(told, Happening::LeftBehind { .. })));
}

#[tokio::test]
async fn a_client_whose_secret_and_access_were_lost_with_an_answer_is_told_and_replaced() {
    let bench = bench();
    bench.provider.renews_secret(true);
    bench.settle().await;
    let before = bench.published("client-id");
    edit(&bench);
    bench.provider.next(Fate::AnswerLost);
    bench.settle().await;
    assert!(bench.is_ready() && works(&bench));
    assert_ne!(bench.published("client-id"), before);
    assert_eq!(left_behind(&bench), 1, "it is there still, with another secret");
    let said = |what: &str| what.contains(&before);
    assert!(bench.told(|told| matches!(told, Happening::LeftBehind { what, .. } if said(what))));
}

#[tokio::test]
async fn while_a_change_waits_for_its_registration_the_client_is_not_ready() {
    let bench = bench();
    bench.provider.gives_access(false);
    bench.settle().await;
    edit(&bench);
    bench
        .provider
        .down(Some(Fault::Unavailable("404 Not Found".into())));
    for _ in 0..2 {
        bench.pass().await;
        assert_eq!(bench.reason(ClientCondition::Ready), "False WaitingForServer");
        bench.wait(5);
    }
    bench.provider.down(None);
    bench.settle().await;
    assert!(bench.is_ready() && works(&bench));
}

#[tokio::test]
async fn what_was_plainly_refused_before_may_not_have_been_done() {
    let bench = settled().await;
    let before = bench.published("client-id");
    edit(&bench);
    for fault in [
        Fault::Unavailable("403 Forbidden".into()),
        Fault::Unmanageable("403 Forbidden".into()),
    ] {
        bench.provider.next(Fate::Fault(fault));
    }
    bench.settle().await;
    assert!(bench.is_ready() && works(&bench), "{}", bench.transcript());
    assert_ne!(
        bench.published("client-id"),
        before,
        "replaced at once, not at the next change"
    );
}

#[tokio::test]
async fn what_was_to_put_right_a_late_change_is_still_due_when_it_fails() {
    let bench = bench();
    bench.provider.rotates_access(false);
    bench.settle().await;
    bench.provider.next(Fate::AnswerLost);
    edit(&bench);
    bench.settle().await;
    assert!(bench.entry().unwrap().recheck_at.is_some());
    bench.wait(180);
    bench.provider.next(Fate::Fault(Fault::Throttled(None)));
    bench.pass().await;
    let before = bench.provider.calls("Update");
    bench.wait(5);
    bench.settle().await;
    assert_eq!(
        bench.provider.calls("Update"),
        before + 1,
        "{}",
        bench.transcript()
    );
    assert!(bench.is_ready() && works(&bench));
}
