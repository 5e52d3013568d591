//! Events: seen where people look for them, once each, whatever the client's fate.

use k8s_openapi::api::core::v1::Event as CoreEvent;
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use oauth_client_operator::api::ClientReason;
use oauth_client_operator::cluster::Cluster;
use oauth_client_operator::model::{Happening, Uid};

use super::Bench;

fn blocked(message: &str) -> Happening {
    Happening::Blocked {
        reason: ClientReason::ServerDenied,
        message: message.to_owned(),
    }
}

impl<G> Bench<G> {
    /// Reason, type, note and count of every Event about the client.
    async fn events(&self) -> Vec<(String, String, String, i32)> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let mut found: Vec<_> = events
            .list(&ListParams::default())
            .await
            .unwrap()
            .into_iter()
            .map(|event| {
                let regarding = event.regarding.unwrap();
                assert_eq!(regarding.uid.as_ref(), Some(&self.uid.0));
                assert_eq!(regarding.kind.as_deref(), Some("OAuthClient"));
                (
                    event.reason.unwrap(),
                    event.type_.unwrap(),
                    event.note.unwrap(),
                    event.series.map_or(1, |series| series.count),
                )
            })
            .collect();
        found.sort();
        found
    }
}

fn row(reason: &str, type_: &str, note: &str, count: i32) -> (String, String, String, i32) {
    (reason.to_owned(), type_.to_owned(), note.to_owned(), count)
}

#[tokio::test]
async fn events_are_seen_once_each() -> Result<(), String> {
    let bench = Bench::new("events").await?;
    let (port, key, uid) = (&bench.port, bench.key(), &bench.uid);
    let registered = Happening::Registered {
        name: "billing".to_owned(),
        server: "corp".to_owned(),
    };
    let note = registered.note();
    port.tell(key, uid, &[registered, blocked("one"), blocked("two")])
        .await;
    // The same again is counted; another note is another Event.
    port.tell(key, uid, &[blocked("one")]).await;
    port.tell(key, uid, &[blocked("one")]).await;
    assert_eq!(
        bench.events().await,
        [
            row("Registered", "Normal", &note, 1),
            row("ServerDenied", "Warning", "one", 3),
            row("ServerDenied", "Warning", "two", 1),
        ]
    );
    // As kubectl describe looks for them.
    let core: Api<CoreEvent> = Api::namespaced(bench.client.clone(), &bench.namespace);
    let fields = format!(
        "involvedObject.name=billing,involvedObject.kind=OAuthClient,involvedObject.uid={}",
        uid.0
    );
    let found = core.list(&ListParams::default().fields(&fields)).await.unwrap();
    assert_eq!(found.items.len(), 3);
    assert_eq!(port.lost_events(), 0);
    Ok(())
}

#[tokio::test]
async fn events_are_sent_of_a_client_that_is_gone() -> Result<(), String> {
    let bench = Bench::new("events-gone").await?;
    bench.delete_client().await;
    let pending = Happening::CleanupPending {
        why: "ä".repeat(2_000),
    };
    bench.port.tell(bench.key(), &bench.uid, &[pending]).await;
    let [(reason, _, note, _)] = &bench.events().await[..] else {
        panic!("{:?}", bench.events().await);
    };
    assert_eq!(reason, "CleanupPending");
    assert_eq!(note.len(), 1_024);
    Ok(())
}

#[tokio::test]
async fn an_event_that_cannot_be_sent_is_counted() -> Result<(), String> {
    let bench = Bench::new("events-lost").await?;
    let mut key = bench.key().clone();
    key.namespace = "no-such-namespace".to_owned();
    bench.port.tell(&key, &bench.uid, &[blocked("one")]).await;
    assert_eq!(bench.port.lost_events(), 1);
    // A client whose UID nobody knows any more, and one with the longest name.
    let mut key = bench.key().clone();
    key.name = "a".repeat(253);
    bench
        .port
        .tell(&key, &Uid(String::new()), &[blocked("one")])
        .await;
    assert_eq!(bench.port.lost_events(), 1);
    Ok(())
}
