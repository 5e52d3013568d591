//! Sees through watches, as a user's program would, when clients become ready and when Secrets are there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Secret;
use kube::api::Api;
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Client, Resource};
use oauth_client_operator::api::{OAuthClient, SECRET_TYPE_PUBLISHED};
use serde::de::DeserializeOwned;
use tokio::task::JoinHandle;

/// Namespace and name.
pub type Key = (String, String);

/// What has been seen so far.
#[derive(Default)]
struct Seen {
    ready: BTreeSet<Key>,
    /// When each Secret was seen last as a new one.
    secrets: BTreeMap<Key, Instant>,
}

/// Looks on for as long as it lives.
pub struct Board {
    seen: Arc<Mutex<Seen>>,
    watches: [JoinHandle<()>; 2],
}

impl Board {
    pub fn new(kube: &Client) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let clients = Api::<OAuthClient>::all(kube.clone());
        let secrets = Api::<Secret>::all(kube.clone());
        let published = Config::default().fields(&format!("type={SECRET_TYPE_PUBLISHED}"));
        let by_clients = seen.clone();
        let by_secrets = seen.clone();
        let watches = [
            watch(clients, Config::default(), move |client, there| {
                let ready = there && is_ready(&client);
                let mut seen = by_clients.lock().unwrap();
                if ready {
                    seen.ready.insert(key(&client));
                } else {
                    seen.ready.remove(&key(&client));
                }
            }),
            watch(secrets, published, move |secret, there| {
                let mut seen = by_secrets.lock().unwrap();
                if there {
                    seen.secrets.entry(key(&secret)).or_insert_with(Instant::now);
                } else {
                    seen.secrets.remove(&key(&secret));
                }
            }),
        ];
        Self { seen, watches }
    }

    /// Waits until so many clients are ready.
    pub async fn wait_ready(&self, wanted: usize) {
        self.wait(
            |seen| seen.ready.len() == wanted,
            || format!("{wanted} clients are ready"),
        )
        .await;
    }

    /// Waits until so many published Secrets are there.
    pub async fn wait_secrets(&self, wanted: usize) {
        self.wait(
            |seen| seen.secrets.len() == wanted,
            || format!("{wanted} Secrets are there"),
        )
        .await;
    }

    /// Waits until this Secret is there as one that came after `since`, and says when it did.
    pub async fn wait_secret(&self, key: &Key, since: Instant) -> Instant {
        let came = |seen: &Seen| seen.secrets.get(key).copied().filter(|at| *at > since);
        self.wait(|seen| came(seen).is_some(), || format!("Secret {key:?} is there"))
            .await;
        came(&self.seen.lock().unwrap()).unwrap()
    }

    async fn wait(&self, is_so: impl Fn(&Seen) -> bool, what: impl Fn() -> String) {
        let began = Instant::now();
        loop {
            {
                let seen = self.seen.lock().unwrap();
                if is_so(&seen) {
                    return;
                }
                let so_far = (seen.ready.len(), seen.secrets.len());
                assert!(
                    began.elapsed() < Duration::from_secs(900),
                    "not within 15 minutes: {}; (ready, Secrets): {so_far:?}",
                    what()
                );
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        for watch in &self.watches {
            watch.abort();
        }
    }
}

fn watch<K>(api: Api<K>, config: Config, mut see: impl FnMut(K, bool) + Send + 'static) -> JoinHandle<()>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut changes = Box::pin(watcher(api, config).default_backoff());
    tokio::spawn(async move {
        while let Some(change) = changes.next().await {
            match change {
                Ok(Event::Apply(object) | Event::InitApply(object)) => see(object, true),
                Ok(Event::Delete(object)) => see(object, false),
                Ok(Event::Init | Event::InitDone) | Err(_) => {}
            }
        }
    })
}

fn key(object: &impl kube::ResourceExt) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn is_ready(client: &OAuthClient) -> bool {
    let conditions = client.status.iter().flat_map(|status| &status.conditions);
    conditions
        .into_iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
