//! A client that is made again with another server waits for what it left at the first one, and says so.

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
