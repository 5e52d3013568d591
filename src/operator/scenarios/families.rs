//! Servers of every kind: who chooses, what is shown again, and what a lost answer costs.

use super::bench::Bench;
use super::servers::{
    auth0, cocoon, composer, hydra, hydra_with_two_secrets, keycloak, keycloak_with_two_secrets,
};
use crate::cluster::memory::WriteKind;
use crate::model::{Capabilities, Fault, Field};
use crate::provider::memory::Fate;

const ALL: [fn() -> Capabilities; 7] = [
    auth0,
    cocoon,
    composer,
    hydra,
    hydra_with_two_secrets,
    keycloak,
    keycloak_with_two_secrets,
];

/// A bench whose client asks for what the server knows.
fn bench(capabilities: fn() -> Capabilities) -> Bench {
    let bench = Bench::with(capabilities());
    bench.apply();
    if !capabilities().honours.contains(&Field::Scopes) {
        bench.cluster.change_spec(bench.key(), |spec| {
            spec.scopes = None;
            spec.access_token_validity_seconds = Some(600);
        });
    }
    bench
}

#[tokio::test]
async fn every_kind_of_server_registers_and_rotates() {
    for capabilities in ALL {
        let bench = bench(capabilities);
        bench.settle().await;
        bench.assert_works();
        let before = bench.published("client-secret");
        bench.cluster.annotate_rotate(bench.key(), Some("one"));
        bench.settle().await;
        bench.wait(200);
        bench.settle().await;
        bench.assert_works();
        assert_ne!(bench.published("client-secret"), before);
        assert_eq!(bench.provider.held().len(), 1);
    }
}

#[tokio::test]
async fn a_lost_registration_ends_in_one_client_that_works() {
    for capabilities in ALL {
        for fate in [Fate::AnswerLost, Fate::RequestLost, Fate::Late] {
            let bench = bench(capabilities);
            bench.provider.next(fate);
            bench.settle().await;
            bench.assert_works();
            bench.provider.deliver();
            bench.wait(200);
            bench.settle().await;
            bench.assert_works();
            assert_eq!(bench.provider.held().len(), 1);
            let entry = bench.entry().unwrap();
            assert_eq!((entry.obligations.len(), entry.intent), (0, None));
        }
    }
}

#[tokio::test]
async fn what_we_chose_is_repeated_and_never_chosen_anew() {
    let bench = bench(hydra);
    bench.provider.next(Fate::Late);
    bench.pass().await;
    let chosen = |bench: &Bench| {
        let entry = bench.entry().unwrap();
        entry
            .secrets()
            .map(|secret| secret.expose().to_owned())
            .collect::<Vec<_>>()
    };
    let before = chosen(&bench);
    bench.restart();
    bench.pass().await;
    assert_eq!(
        chosen(&bench),
        before,
        "another instance repeats the candidate, and waits for nobody"
    );
    assert_eq!(bench.published("client-secret"), before[0]);
    bench.provider.deliver();
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_secret_that_is_shown_once_and_lost_costs_a_name_and_no_orphan() {
    let bench = bench(composer);
    bench.provider.next(Fate::AnswerLost);
    bench.scene("the answer to the registration is lost");
    bench.pass().await;
    bench.wait(2);
    bench.settle().await;
    bench.assert_works();
    insta::assert_snapshot!(bench.transcript());
    assert_eq!(bench.provider.held().len(), 1);
    assert!(bench.provider.held()[0].name.as_ref().unwrap().ends_with(".2"));
}

#[tokio::test]
async fn a_registration_that_comes_late_is_looked_for_when_nothing_can_come_any_more() {
    let bench = bench(composer);
    bench.provider.next(Fate::Late);
    bench.pass().await;
    bench.wait(2);
    bench.settle().await;
    bench.assert_works();
    bench.provider.deliver();
    assert_eq!(bench.provider.held().len(), 2);
    bench.wait(121);
    bench.settle().await;
    assert_eq!(bench.provider.held().len(), 1);
    bench.assert_works();
}

#[tokio::test]
async fn a_registration_that_was_refused_for_certain_owes_nothing() {
    let bench = bench(composer);
    bench.provider.next(Fate::Fault(Fault::Throttled(None)));
    bench.pass().await;
    let entry = bench.entry().unwrap();
    assert_eq!((entry.intent, entry.obligations.len()), (None, 0));
    bench.settle().await;
    bench.assert_works();
}

#[tokio::test]
async fn a_client_that_is_gone_takes_its_lost_registrations_along() {
    for capabilities in ALL {
        let bench = bench(capabilities);
        bench.provider.next(Fate::Late);
        bench.pass().await;
        bench.cluster.delete_client(bench.key());
        bench.pass().await;
        bench.provider.deliver();
        bench.wait(121);
        bench.settle().await;
        assert_eq!(bench.provider.held(), []);
        assert!(bench.entry().is_none());
    }
}

#[tokio::test]
async fn where_we_choose_the_credential_a_client_costs_no_look() {
    let bench = bench(cocoon);
    bench.settle().await;
    assert_eq!(
        bench.provider.calls("client") + bench.provider.calls("attempted"),
        0
    );
    assert!(bench.cluster.written(WriteKind::Ledger) <= 2);
}
