//! What Keycloak does to secrets of which no answer tells, and what becomes of it; and consumers that go on meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::super::server::ServerUnderTest as _;
use super::{Lent, WAYS};
use crate::model::{
    Answer, Candidate, ClientMetadata, Confidential, Credential, Fault, Marker, RemoteClient, Request,
    Target, Trace, testing,
};
use crate::provider::Provider;
use crate::provider::bench::loopback;
use crate::provider::connect::connect;

const WITHIN: Duration = Duration::from_secs(20);

struct Bench {
    lent: Lent,
    adapter: std::sync::Arc<dyn Provider>,
}

impl Bench {
    async fn new(has_policy: bool) -> Self {
        let way = WAYS.iter().find(|way| way.has_policy == has_policy).unwrap();
        let lent = way.lend().await.unwrap();
        let adapter = connect(&lent.spec(), false, &lent.secrets(), &loopback()).unwrap();
        Self { lent, adapter }
    }

    async fn perform(&self, request: Request) -> Result<Answer, Fault> {
        self.adapter.perform(&request, WITHIN).await
    }

    async fn client(&self, request: Request) -> RemoteClient {
        match self.perform(request).await.unwrap() {
            Answer::Client(client) => client,
            answer => panic!("{answer:?}"),
        }
    }

    async fn registered(&self) -> RemoteClient {
        self.client(Request::Register(Box::new(Candidate {
            name: "billing".to_owned(),
            trace: Trace::Marker,
            marker: Marker {
                number: 1,
                ..testing::marker()
            },
            client_id: Some("billing".to_owned()),
            client_secret: Some(Confidential::new("canary-secret-0")),
            metadata: ClientMetadata::default(),
        })))
        .await
    }

    async fn changed(&self, client: &RemoteClient, seconds: u32) -> RemoteClient {
        self.client(Request::Update {
            target: target(client),
            metadata: ClientMetadata {
                access_token_validity_seconds: Some(seconds),
                ..ClientMetadata::default()
            },
            unset: BTreeSet::new(),
        })
        .await
    }

    async fn accepts(&self, credential: &Credential) -> bool {
        let secret = credential.client_secret.as_ref().unwrap();
        let realm = &self.lent.realm;
        realm
            .accepts(&credential.client_id, secret.expose())
            .await
            .unwrap()
    }
}

fn target(client: &RemoteClient) -> Box<Target> {
    Box::new(Target {
        handle: client.handle.clone(),
        marker: client.marker.clone(),
        credential: Some(client.credential.clone()),
        access: None,
    })
}

fn rotation(client: &RemoteClient, number: u32, keep_previous: bool) -> Request {
    Request::Rotate {
        target: target(client),
        candidate: Some(Credential {
            client_secret: Some(Confidential::new(format!("canary-secret-{number}"))),
            ..client.credential.clone()
        }),
        keep_previous,
    }
}

fn life(client: &RemoteClient) -> SignedDuration {
    client.secret_expires_at.unwrap().duration_since(Timestamp::now())
}

/// Trap a: a change of a client whose secret has expired gives it another one, and says nothing.
#[tokio::test]
async fn a_change_that_rotates_by_itself_is_seen() {
    let bench = Bench::new(true).await;
    bench.lent.realm.secrets_live(2).await.unwrap();
    let first = bench.registered().await;
    assert!(bench.accepts(&first.credential).await);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!bench.accepts(&first.credential).await, "it has expired");
    bench.lent.realm.secrets_live(600).await.unwrap();
    let changed = bench.changed(&first, 600).await;
    assert_eq!(changed.metadata.access_token_validity_seconds, Some(600));
    assert!(
        changed.shows_other_credential(&first.credential),
        "Keycloak rotates it no more by itself: the adapter and its page say that it does"
    );
    assert!(bench.accepts(&changed.credential).await);

    // A rotation of ours is none of Keycloak's, though the secret has expired.
    bench.lent.realm.secrets_live(2).await.unwrap();
    let other = bench.client(rotation(&changed, 1, false)).await;
    assert_eq!(
        other.credential.client_secret,
        Some(Confidential::new("canary-secret-1"))
    );
    assert!(bench.accepts(&other.credential).await);
}

/// Trap b: after the policy was taken away the next change ends an overlap. It is not promised again.
#[tokio::test]
async fn a_change_that_ends_an_overlap() {
    let bench = Bench::new(true).await;
    let first = bench.registered().await;
    let second = bench.client(rotation(&first, 1, true)).await;
    bench.lent.realm.has_policy(false).await.unwrap();
    assert!(bench.accepts(&first.credential).await && bench.accepts(&second.credential).await);
    let changed = bench.changed(&second, 600).await;
    assert!(!changed.shows_other_credential(&second.credential));
    assert!(bench.accepts(&second.credential).await);
    assert!(
        !bench.accepts(&first.credential).await,
        "Keycloak lets the overlap go on: the page of the adapter says that it ends"
    );
    let refused = bench.perform(rotation(&second, 2, true)).await.unwrap_err();
    assert!(matches!(refused, Fault::Invalid(_)), "{refused:?}");
    assert!(bench.accepts(&second.credential).await, "nothing was sent");
    // What was to be retired is over.
    let retire = Request::RetireSecret {
        target: target(&first),
    };
    assert_eq!(bench.perform(retire).await, Ok(Answer::Done));
}

/// Trap c: the time of a client that was there before the policy begins with its first change.
#[tokio::test]
async fn a_clock_that_starts_late() {
    let bench = Bench::new(true).await;
    bench.lent.realm.has_policy(false).await.unwrap();
    let first = bench.registered().await;
    assert_eq!(first.secret_expires_at, None);
    bench.lent.realm.secrets_live(600).await.unwrap();
    bench.lent.realm.has_policy(true).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let changed = bench.changed(&first, 600).await;
    assert!(
        !changed.shows_other_credential(&first.credential),
        "the secret stays"
    );
    let about = |left: SignedDuration| (595..=601).contains(&left.as_secs());
    assert!(about(life(&changed)), "{:?}", life(&changed));
    // It is as long with the next secret, by what is written down of the first one.
    let next = bench.client(rotation(&changed, 1, true)).await;
    assert!(about(life(&next)), "{:?}", life(&next));
    assert!(bench.accepts(&first.credential).await && bench.accepts(&next.credential).await);
}

/// Two secrets, and then one; a rotation that is repeated; the answer to a leak.
#[tokio::test]
async fn two_secrets() {
    let bench = Bench::new(true).await;
    let first = bench.registered().await;
    let second = bench.client(rotation(&first, 1, true)).await;
    let again = bench.client(rotation(&first, 1, true)).await;
    assert_eq!(second, again);
    assert!(bench.accepts(&first.credential).await && bench.accepts(&second.credential).await);
    let retire = || Request::RetireSecret {
        target: target(&first),
    };
    for _ in 0..2 {
        assert_eq!(bench.perform(retire()).await, Ok(Answer::Done));
        assert!(!bench.accepts(&first.credential).await && bench.accepts(&second.credential).await);
    }
    let third = bench.client(rotation(&second, 2, true)).await;
    let fourth = bench.client(rotation(&third, 3, false)).await;
    assert!(bench.accepts(&fourth.credential).await);
    for ended in [second, third] {
        assert!(
            !bench.accepts(&ended.credential).await,
            "a leak is closed at once"
        );
    }
}

/// A consumer that asks for a token every 20 ms and learns of each new secret a while after the operator knows it.
#[tokio::test]
async fn a_consumer_through_twenty_rotations() {
    for has_policy in [true, false] {
        let bench = Bench::new(has_policy).await;
        let mut current = bench.registered().await;
        let (publish, mut published) = watch::channel(Some(current.credential.clone()));
        let (tell, mut used) = watch::channel(None);
        let realm = bench.lent.process.realm(bench.lent.name).unwrap();
        let consumer = tokio::spawn(async move {
            let (mut asked, mut refused, mut longest) = (0_u32, 0_u32, Duration::ZERO);
            let mut since: Option<Instant> = None;
            loop {
                let Some(pair) = published.borrow_and_update().clone() else {
                    return (asked, refused, longest);
                };
                let secret = pair.client_secret.clone().unwrap();
                asked += 1;
                if realm.accepts(&pair.client_id, secret.expose()).await.unwrap() {
                    tell.send_replace(Some(pair));
                    longest = longest.max(since.take().map_or(Duration::ZERO, |since| since.elapsed()));
                } else {
                    refused += 1;
                    since.get_or_insert_with(Instant::now);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        for number in 1..=20 {
            let before = current.clone();
            current = bench.client(rotation(&before, number, has_policy)).await;
            // So long does a Secret take to reach a consumer, at the least.
            tokio::time::sleep(Duration::from_millis(60)).await;
            publish.send_replace(Some(current.credential.clone()));
            let is_used = |used: &Option<Credential>| used.as_ref() == Some(&current.credential);
            used.wait_for(is_used).await.unwrap();
            if has_policy {
                let retire = Request::RetireSecret {
                    target: target(&before),
                };
                bench.perform(retire).await.unwrap();
            }
        }
        publish.send_replace(None);
        let (asked, refused, longest) = consumer.await.unwrap();
        println!(
            "20 rotations at Keycloak, policy {has_policy}: {refused} of {asked} token requests refused, \
             the longest gap {} ms",
            longest.as_millis()
        );
        // Before, at and after each rotation, at the least.
        assert!(asked >= 60, "{asked}");
        assert_eq!(refused == 0, has_policy, "{refused} of {asked}");
    }
}
