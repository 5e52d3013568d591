//! Secrets of the application's own (`clientSecretRef`): waited for, followed, and never made in their place.

use super::bench::Bench;
use super::servers::{cocoon, hydra, hydra_with_two_secrets, keycloak, keycloak_with_two_secrets};
use crate::api::{ClientCondition, OAuthClientSpec, Rotation, SecretKeyRef};
use crate::model::{Capabilities, ChosenBy, Field, Overlap, ScopeModel};
use crate::provider::memory::Fate;

const ALL: [fn() -> Capabilities; 5] = [
    cocoon,
    hydra,
    hydra_with_two_secrets,
    keycloak,
    keycloak_with_two_secrets,
];

/// A bench whose client brings its own secret, which is not there yet.
fn bench(capabilities: fn() -> Capabilities) -> Bench {
    let mut can = capabilities();
    can.honours.insert(Field::ClientSecretRef);
    let bench = Bench::with(can);
    bench.apply();
    bench
        .cluster
        .change_spec(bench.key(), |spec: &mut OAuthClientSpec| {
            spec.client_secret_ref = Some(SecretKeyRef {
                name: "own".into(),
                key: "client-secret".into(),
            });
            if capabilities().scopes == ScopeModel::None {
                spec.scopes = None;
            }
        });
    bench
}

fn give(bench: &Bench, value: &str) {
    let namespace = &bench.key().namespace;
    bench
        .cluster
        .give_secret(namespace, "own", "client-secret", value);
}

fn overlap(bench: &Bench, seconds: u32) {
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.rotation = Some(Rotation {
            overlap_seconds: Some(seconds),
            ..Rotation::default()
        });
    });
}

fn message(bench: &Bench) -> String {
    bench.condition(ClientCondition::Ready).unwrap().message
}

#[tokio::test]
async fn it_is_waited_for_and_never_made() {
    for capabilities in ALL {
        let bench = bench(capabilities);
        let namespace = bench.key().namespace.clone();
        let waits = async |why: &str| {
            bench.pass().await;
            assert_eq!(bench.reason(ClientCondition::Ready), "False WaitingForSecret");
            assert!(message(&bench).contains(why), "{}", message(&bench));
            assert_eq!(bench.provider.mutations(), 0);
            bench.wait(60);
        };
        waits("there is no Secret own").await;
        bench
            .cluster
            .put_foreign_secret(&namespace, "own", &[("client-secret", "canary-own")]);
        waits("has no label oauthclient.dev/server-credentials").await;
        give(&bench, "\n");
        waits("is empty").await;
        give(&bench, "canary\nown");
        waits("holds control characters").await;
        bench
            .cluster
            .put_foreign_secret(&namespace, "own", &[("other", "canary-own")]);
        give(&bench, "canary-own\n");
        bench.settle().await;
        bench.assert_works();
        assert_eq!(
            bench.published("client-secret"),
            "canary-own",
            "without the line break"
        );
    }
}

#[tokio::test]
async fn its_changes_are_rotations() {
    for capabilities in ALL {
        for (seconds, fate) in [
            (0, None),
            (600, None),
            (0, Some(Fate::AnswerLost)),
            (0, Some(Fate::RequestLost)),
        ] {
            let bench = bench(capabilities);
            overlap(&bench, seconds);
            give(&bench, "canary-one");
            bench.settle().await;
            let first = bench.entry().unwrap().current.unwrap().credential;
            give(&bench, "canary-two");
            if let Some(fate) = fate {
                bench.provider.next(fate);
            }
            bench.settle().await;
            bench.wait(200);
            bench.settle().await;
            bench.assert_works();
            assert_eq!(bench.published("client-secret"), "canary-two");
            // Where the second of two secrets is the server's choice, there is no second one.
            let can_hold_ours = capabilities().overlap == Overlap::TwoSlots(ChosenBy::Caller);
            let in_overlap = seconds > 0 && can_hold_ours;
            assert_eq!(bench.provider.accepts(&first), in_overlap);
            bench.wait(900);
            bench.settle().await;
            assert!(!bench.provider.accepts(&first));
            assert_eq!(bench.provider.held().len(), 1);
        }
    }
}

#[tokio::test]
async fn an_order_to_rotate_is_answered_with_where_the_secret_comes_from() {
    let bench = bench(keycloak);
    give(&bench, "canary-one");
    bench.settle().await;
    bench.cluster.annotate_rotate(bench.key(), Some("now"));
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Rotating), "False NotPossible");
    assert_eq!(bench.published("client-secret"), "canary-one");
    // With another value it is served.
    give(&bench, "canary-two");
    bench.settle().await;
    bench.assert_works();
    assert_eq!(bench.published("client-secret"), "canary-two");
}

/// What is published works on, whatever becomes of what it was taken from; but nothing new is made without it.
#[tokio::test]
async fn when_it_is_taken_away_what_there_is_stays() {
    for capabilities in ALL {
        let bench = bench(capabilities);
        give(&bench, "canary-one");
        bench.settle().await;
        bench.cluster.delete_secret(&bench.key().namespace, "own");
        bench.settle().await;
        bench.assert_works();
        bench.provider.tamper(std::collections::BTreeMap::clear);
        bench.wait(3600);
        bench.list();
        bench.pass().await;
        assert_eq!(bench.reason(ClientCondition::Ready), "False WaitingForSecret");
        assert_eq!(bench.provider.calls("Register"), 1);
        give(&bench, "canary-one");
        bench.settle().await;
        bench.wait(300);
        bench.settle().await;
        bench.assert_works();
    }
}

#[tokio::test]
async fn it_is_refused_where_the_server_chooses() {
    let bench = Bench::new();
    bench.apply();
    bench.cluster.change_spec(bench.key(), |spec| {
        spec.client_secret_ref = Some(SecretKeyRef {
            name: "own".into(),
            key: "client-secret".into(),
        });
    });
    give(&bench, "canary-one");
    bench.pass().await;
    assert_eq!(bench.reason(ClientCondition::Accepted), "False FieldNotSupported");
    assert_eq!(bench.provider.mutations(), 0);
}
