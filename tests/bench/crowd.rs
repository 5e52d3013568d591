//! Many clients at one server: applied and removed as a user's program would, many at once.

use std::time::{Duration, Instant};

use authserver_emulator::misbehave::Behaviour;
use futures::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use oauth_client_operator::api::{API_VERSION, OAuthClient, SECRET_TYPE_PUBLISHED};
use serde_json::json;

use crate::board::{Board, Key};
use crate::stage::{Scene, World};

/// Requests at once, the operator's own default for one server.
pub const AT_ONCE: usize = 16;
/// Clients of one namespace.
const TOGETHER: u32 = 100;

/// An authorization server with its limits lifted, and clients of it.
pub struct Crowd {
    pub scene: Scene,
    pub keys: Vec<Key>,
}

impl Crowd {
    /// Nothing is applied yet.
    pub async fn gather(world: &'static World, name: &str, clients: u32, delay: u32) -> Self {
        let spec = json!({
            "limits": {"requestsPerMinute": 60_000, "burst": 1_000, "maxInFlight": 64},
            "deletion": {"maxBurst": 100_000},
        });
        let scene = Scene::with(world, name, spec).await;
        let mut keys = Vec::new();
        for first in (0..clients).step_by(TOGETHER as usize) {
            let namespace = scene.namespace(&format!("{first}")).await;
            let numbers = first..clients.min(first + TOGETHER);
            keys.extend(numbers.map(|number| (namespace.clone(), format!("app-{number}"))));
        }
        if delay > 0 {
            scene.misbehave("any", Behaviour::Delay { ms: delay.into() });
        }
        Self { scene, keys }
    }

    pub fn clients(&self, namespace: &str) -> Api<OAuthClient> {
        Api::namespaced(self.scene.world.kube.clone(), namespace)
    }

    pub fn secrets(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.scene.world.kube.clone(), namespace)
    }

    /// Applies one, and says when the request was sent.
    pub async fn apply(&self, (namespace, name): &Key) -> Instant {
        let client: OAuthClient = serde_json::from_value(json!({
            "apiVersion": API_VERSION, "kind": "OAuthClient", "metadata": {"name": name},
            "spec": {
                "serverRef": {"kind": "ClusterAuthorizationServer", "name": self.scene.id},
                "scopes": ["read"],
            },
        }))
        .unwrap();
        let sent = Instant::now();
        let clients = self.clients(namespace);
        clients.create(&PostParams::default(), &client).await.unwrap();
        sent
    }

    /// Applies all.
    pub async fn apply_all(&self) {
        let all = stream::iter(&self.keys).map(|key| self.apply(key));
        all.buffer_unordered(AT_ONCE).for_each(async |_| ()).await;
    }

    /// Deletes all, as `kubectl delete --all` does in each namespace.
    pub async fn delete_all(&self) {
        let mut namespaces: Vec<&String> = self.keys.iter().map(|(namespace, _)| namespace).collect();
        namespaces.dedup();
        for namespace in namespaces {
            let clients = self.clients(namespace);
            clients
                .delete_collection(&DeleteParams::default(), &ListParams::default())
                .await
                .unwrap();
        }
    }

    /// What is left when all are deleted: clients at the server, records, Secrets.
    pub async fn left(&self) -> [usize; 3] {
        let secrets: Api<Secret> = Api::all(self.scene.world.kube.clone());
        let published = ListParams::default().fields(&format!("type={SECRET_TYPE_PUBLISHED}"));
        let published = secrets.list_metadata(&published).await.unwrap().items.into_iter();
        let ours = published.filter(|secret| {
            let namespace = secret.metadata.namespace.as_deref().unwrap_or_default();
            self.keys.iter().any(|(ours, _)| ours == namespace)
        });
        let remote = self.scene.emulator.clients().len();
        [remote, self.scene.ledger().await.len(), ours.count()]
    }

    /// Deletes all and waits until nothing is left of them.
    pub async fn remove(&self, board: &Board) {
        self.delete_all().await;
        board.wait_secrets(0).await;
        let began = Instant::now();
        while self.left().await != [0; 3] {
            assert!(
                began.elapsed().as_secs() < 600,
                "{:?} are left",
                self.left().await
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
