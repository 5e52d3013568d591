//! What is made again under a name that was used before: with another server it waits for what it left at the first one,
//! and says so; in another namespace of that name it inherits nothing.

use super::bench::Bench;
use crate::api::ClientCondition;
use crate::model::{Fault, ServerKey, ServerView, testing};

fn made_again_elsewhere(bench: &Bench) {
    bench.cluster.delete_client(bench.key());
    let mut spec = testing::spec(&["read"]);
    spec.server_ref.name = "other".into();
    bench.cluster.create_client(bench.key(), spec);
    bench.cluster.collect_garbage();
}

async fn registered() -> Bench {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench
}

/// It is told what it waits for, once, with these words; and is quiet then.
async fn assert_told(bench: &Bench, words: &[&str]) {
    bench.pass().await;
    let ready = bench.condition(ClientCondition::Ready).unwrap();
    assert_eq!(
        bench.reason(ClientCondition::Ready),
        "False WaitingForServer",
        "{}",
        bench.transcript()
    );
    for word in words
        .iter()
        .chain(&["had this name before", "at corp", "at other"])
    {
        assert!(ready.message.contains(word), "{word}: {}", ready.message);
    }
    let told = bench.events().len();
    bench.pass().await;
    assert_eq!(bench.condition(ClientCondition::Ready).unwrap(), ready);
    assert_eq!(bench.events().len(), told, "it is told once");
}

#[tokio::test]
async fn it_says_that_the_server_object_of_the_first_is_gone() {
    let bench = registered().await;
    let ready = bench.server.lock().unwrap().clone();
    let key = ServerKey {
        namespace: None,
        name: "corp".into(),
    };
    *bench.server.lock().unwrap() = ServerView::Missing(key);
    made_again_elsewhere(&bench);
    assert_told(&bench, &["there is no", "Platform team: make it again"]).await;
    assert_eq!(
        bench.reason(ClientCondition::Stalled),
        "True WaitingForServer",
        "a person must act"
    );

    *bench.server.lock().unwrap() = ready;
    bench.pass().await;
    assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
    bench.pass().await;
    assert_eq!(
        bench.reason(ClientCondition::Accepted),
        "False ServerNotFound",
        "it is the turn of the other server, which is not here"
    );
}

#[tokio::test]
async fn it_says_that_the_first_server_is_suspended() {
    let bench = registered().await;
    bench.edit_server(|server| server.suspended = true);
    made_again_elsewhere(&bench);
    assert_told(&bench, &["corp is suspended", "Platform team"]).await;
}

#[tokio::test]
async fn it_says_that_the_first_server_is_not_ready() {
    let bench = registered().await;
    let key = ServerKey {
        namespace: None,
        name: "corp".into(),
    };
    *bench.server.lock().unwrap() = ServerView::NotReady(key, "its certificate is not trusted.".into());
    made_again_elsewhere(&bench);
    assert_told(&bench, &["its certificate is not trusted"]).await;
}

#[tokio::test]
async fn it_says_that_the_first_server_does_not_answer() {
    let bench = registered().await;
    made_again_elsewhere(&bench);
    bench
        .provider
        .down(Some(Fault::Unavailable("connection refused".into())));
    assert_told(&bench, &["connection refused", "growing pauses"]).await;
}

#[tokio::test]
async fn it_says_how_long_the_deletion_delay_is() {
    let bench = Bench::new();
    bench.edit_server(|server| server.deletion_delay = jiff::SignedDuration::from_hours(24));
    bench.apply();
    bench.settle().await;
    made_again_elsewhere(&bench);
    assert_told(&bench, &["deletion delay", "use another metadata.name"]).await;
    assert_eq!(bench.reason(ClientCondition::Stalled), "", "time is all it takes");
    bench.wait(24 * 3600 + 1);
    bench.pass().await;
    assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
}

#[tokio::test]
async fn a_client_that_is_made_again_with_another_server_starts_anew() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    bench.cluster.delete_client(bench.key());
    let mut spec = testing::spec(&["read"]);
    spec.server_ref.name = "other".into();
    bench.cluster.create_client(bench.key(), spec);
    let ended = bench.pass().await;
    assert_eq!(ended.wake, crate::model::Wake::Now, "{}", bench.transcript());
    assert_eq!((bench.provider.held(), bench.entry()), (vec![], None));
    bench.pass().await;
    assert_eq!(
        bench.reason(ClientCondition::Accepted),
        "False ServerNotFound",
        "there is no other server here"
    );
}

#[tokio::test]
async fn a_namespace_that_is_made_again_inherits_nothing() {
    let bench = Bench::new();
    bench.apply();
    bench.settle().await;
    let before = bench.published("client-secret");
    bench.cluster.delete_client(bench.key());
    bench.cluster.collect_garbage();
    bench.cluster.terminate_namespace("payments");
    bench.cluster.remove_namespace("payments");
    bench.cluster.create_namespace("payments", &[]);
    bench.apply();
    bench.settle().await;
    assert_ne!(bench.published("client-secret"), before);
    assert_eq!(
        (bench.provider.held(), bench.entry()),
        (vec![], None),
        "what the first tenant had is removed"
    );
}

#[tokio::test]
async fn a_successor_publishes_under_its_own_name() {
    let bench = Bench::new();
    bench.edit_server(|server| server.deletion_delay = jiff::SignedDuration::from_secs(3600));
    bench.apply();
    bench.settle().await;
    let before = bench.published("client-secret");
    bench.cluster.delete_client(bench.key());
    bench.pass().await;
    let mut spec = testing::spec(&["read"]);
    spec.secret.name = Some("renamed".into());
    bench.cluster.create_client(bench.key(), spec);
    bench.settle().await;
    assert_eq!(bench.secret(), None);
    let renamed = bench.cluster.found_secret("payments", "renamed").unwrap();
    assert_eq!(renamed.data["client-secret"].expose(), before);
}
