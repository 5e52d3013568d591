//! Whose a client at the server is: by the note of who made it, by a generated id, or not to be told.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::bench::Bench;
use super::servers::{auth0, cocoon, hydra, keycloak};
use crate::api::{ClientCondition, Naming};
use crate::model::{Capabilities, Confidential, Fault, Marker, RemoteClient, testing};
use crate::operator::pass::run;
use crate::provider::memory::Fate;

/// A bench whose server lets client ids be chosen.
fn bench(capabilities: fn() -> Capabilities) -> Bench {
    let bench = Bench::with(capabilities());
    let rule = serde_json::from_value(serde_json::json!({
        "name": "all", "namespaces": {"from": "All"}, "scopes": ["*"], "naming": Naming::Any,
    }))
    .unwrap();
    bench.edit_server(|server| server.access_rules = Some(vec![rule]));
    bench.apply();
    if capabilities().scopes == crate::model::ScopeModel::None {
        bench.cluster.change_spec(bench.key(), |spec| spec.scopes = None);
    }
    bench
}

fn choose_id(bench: &Bench, id: &str) {
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.client_id = Some(id.to_owned()));
}

/// A client that somebody else made.
fn foreign(id: &str, marker: Option<Marker>) -> RemoteClient {
    RemoteClient {
        handle: id.into(),
        name: Some("theirs".to_owned()),
        marker,
        credential: crate::model::Credential {
            client_id: id.to_owned(),
            client_secret: Some(Confidential::new("canary-theirs")),
        },
        metadata: testing::scopes(&["admin"]),
        secret_expires_at: None,
        access: None,
    }
}

fn put(bench: &Bench, client: &RemoteClient) {
    bench
        .provider
        .tamper(|clients| drop(clients.insert(client.handle.clone(), client.clone())));
}

/// Loses the ledger entry and the published Secret, so that nothing tells what was registered but the server.
fn lose_everything(bench: &Bench) {
    bench.cluster.drop_entry(&bench.subject);
    bench
        .cluster
        .delete_secret(&bench.key().namespace, &bench.key().name);
}

#[tokio::test]
async fn a_chosen_id_that_is_anothers_is_left_alone() {
    for capabilities in [hydra, keycloak, cocoon] {
        for stranger in [None, Some(testing::marker())] {
            let bench = bench(capabilities);
            choose_id(&bench, "billing");
            let theirs = foreign("billing", stranger.filter(|_| capabilities().keeps_marker));
            put(&bench, &theirs);
            bench.pass().await;
            assert_eq!(bench.reason(ClientCondition::Registered), "False NameTaken");
            assert_eq!(bench.provider.held(), std::slice::from_ref(&theirs));
            assert_eq!(bench.provider.mutations(), 0, "it is looked at first");
            // It is free from now on.
            bench.provider.tamper(std::collections::BTreeMap::clear);
            bench.settle().await;
            bench.assert_works();
            assert_eq!(bench.published("client-id"), "billing");
        }
    }
}

/// Somebody takes the id between the look and the call.
#[tokio::test]
async fn a_chosen_id_that_is_taken_meanwhile_is_left_alone() {
    for capabilities in [hydra, keycloak] {
        let bench = bench(capabilities);
        choose_id(&bench, "billing");
        bench.provider.next(Fate::Fault(Fault::Conflict("in use".into())));
        bench.pass().await;
        put(&bench, &foreign("billing", None));
        bench.pass().await;
        assert_eq!(bench.reason(ClientCondition::Registered), "False NameTaken");
        assert!(bench.entry().is_none_or(|entry| entry.intent.is_none()));
        assert_eq!(bench.provider.held(), [foreign("billing", None)]);
    }
}

#[tokio::test]
async fn a_chosen_id_whose_answer_is_lost_is_known_by_the_note() {
    for capabilities in [hydra, keycloak] {
        let bench = bench(capabilities);
        choose_id(&bench, "billing");
        bench.provider.next(Fate::AnswerLost);
        bench.settle().await;
        bench.assert_works();
        assert_eq!(bench.published("client-id"), "billing");
        assert_eq!(bench.provider.calls("Register"), 1);
    }
}

/// Ours was deleted there, and somebody made another one with its id.
#[tokio::test]
async fn what_has_our_chosen_id_later_is_left_alone() {
    let bench = bench(hydra);
    choose_id(&bench, "billing");
    bench.settle().await;
    bench.assert_works();
    let theirs = foreign("billing", None);
    bench.provider.tamper(std::collections::BTreeMap::clear);
    put(&bench, &theirs);
    bench.wait(3600);
    bench.list();
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Registered), "False NameTaken");
    bench.cluster.delete_client(bench.key());
    for _ in 0..5 {
        bench.wait(600);
        bench.pass().await;
    }
    assert_eq!(bench.provider.held(), [theirs], "it is not deleted as ours");
    assert!(bench.entry().is_none(), "and nothing is owed for ever");
}

#[tokio::test]
async fn a_note_that_was_removed_is_put_back() {
    for capabilities in [hydra, keycloak, auth0] {
        let bench = bench(capabilities);
        bench.settle().await;
        let marker = bench.provider.held()[0].marker.clone();
        assert!(marker.is_some());
        bench
            .provider
            .tamper(|clients| clients.values_mut().for_each(|client| client.marker = None));
        bench.wait(3600);
        bench.list();
        bench.settle().await;
        bench.assert_works();
        assert_eq!(bench.provider.held()[0].marker, marker);
    }
}

/// The record is lost and made anew with the same number: what is there has another secret than the new candidate's.
#[tokio::test]
async fn after_a_lost_ledger_nothing_is_published_that_was_never_set() {
    for capabilities in [hydra, keycloak, cocoon] {
        let bench = bench(capabilities);
        bench.settle().await;
        let before = bench.published("client-secret");
        lose_everything(&bench);
        // What is chosen anew is another choice.
        let mut rng = StdRng::seed_from_u64(8);
        for _ in 0..12 {
            run(&bench, &bench.subject, &mut rng).await.unwrap();
            bench.wait(60);
        }
        bench.assert_works();
        assert_eq!(bench.provider.held().len(), 1, "the lost one is removed");
        let is_kept = bench.published("client-secret") == before;
        assert_eq!(
            is_kept,
            capabilities().secret_readable,
            "what can be read is taken over"
        );
    }
}

#[tokio::test]
async fn what_a_spec_says_no_more_is_reset() {
    let bench = bench(hydra);
    bench.edit_server(|server| {
        let field = crate::model::Field::AccessTokenValidity;
        server.capabilities.honours.insert(field);
        server.capabilities.updates.insert(field);
    });
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.access_token_validity_seconds = Some(600));
    bench.settle().await;
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.access_token_validity_seconds = None);
    // The first try is lost, and with it what it would have reset is not forgotten.
    bench.provider.next(Fate::RequestLost);
    bench.pass().await;
    bench
        .cluster
        .change_spec(bench.key(), |spec| spec.scopes = Some(vec!["other".into()]));
    bench.settle().await;
    bench.assert_works();
    let unset = bench.provider.unset();
    assert_eq!(unset, [crate::model::Field::AccessTokenValidity].into());
}

#[tokio::test]
async fn a_server_without_room_says_so() {
    let bench = bench(auth0);
    let full = Fault::Quota("403 Forbidden: you reached the limit".into());
    bench.provider.next(Fate::Fault(full.clone()));
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Registered), "False QuotaReached");
    let entry = bench.entry().unwrap();
    assert_eq!(entry.intent, None, "nothing was done, and nothing is owed");
    assert!(entry.obligations.is_empty());
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.provider.held().len(), 1);
}

/// For a while after a rotation either secret may work, so a token request says nothing.
#[tokio::test]
async fn a_rotation_that_spreads_slowly_is_proven_when_it_has() {
    let bench = bench(auth0);
    bench.edit_server(|server| server.capabilities.spread_seconds = 30);
    bench.settle().await;
    bench.wait(60);
    let asked = bench.provider.calls("verify");
    bench.cluster.annotate_rotate(bench.key(), Some("one"));
    bench.settle().await;
    assert_eq!(bench.provider.calls("verify"), asked, "not yet");
    bench.wait(31);
    bench.settle().await;
    assert_eq!(bench.provider.calls("verify"), asked + 1);
    assert!(bench.is_ready());
}
