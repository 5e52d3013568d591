//! The port to Kubernetes on a real API server: `testcluster/run cargo test --test kube_port`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod events;
mod lease;
mod ledger;
mod presence;
mod publication;
mod servers;
mod status;
#[path = "../support/mod.rs"]
mod support;

use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client, ResourceExt};
use oauth_client_operator::api::{OAuthClient, OAuthClientSpec, ServerKind, ServerRef};
use oauth_client_operator::cluster::{ApiServer, KubeCluster};
use oauth_client_operator::model::{ClientKey, Subject, Uid};
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// One test removes the definitions: it waits until the others are done, and they wait for it.
static DEFINITIONS: RwLock<()> = RwLock::const_new(());

/// What a test works with: the port, and a namespace of its own with a client in it.
struct Bench<G> {
    client: Client,
    port: KubeCluster,
    namespace: String,
    subject: Subject,
    /// UID of the OAuthClient.
    uid: Uid,
    _definitions: G,
}

impl Bench<RwLockReadGuard<'static, ()>> {
    async fn new(stem: &str) -> Result<Self, String> {
        Self::guarded(stem, DEFINITIONS.read().await).await
    }
}

impl Bench<RwLockWriteGuard<'static, ()>> {
    async fn alone(stem: &str) -> Result<Self, String> {
        Self::guarded(stem, DEFINITIONS.write().await).await
    }
}

impl<G> Bench<G> {
    async fn guarded(stem: &str, definitions: G) -> Result<Self, String> {
        let client = support::cluster().await?;
        let namespace = support::namespace(&client, stem).await;
        let name = namespace.name_any();
        // The ledger is in the same namespace here: no test needs to tell it apart.
        let port = KubeCluster::new(ApiServer::new(client.clone()), &name, "test-0");
        let subject = Subject {
            client: ClientKey {
                namespace: name.clone(),
                name: "billing".to_owned(),
            },
            namespace_uid: Uid(namespace.uid().unwrap()),
        };
        let uid = create_client(&client, &subject.client).await;
        Ok(Self {
            client,
            port,
            namespace: name,
            subject,
            uid,
            _definitions: definitions,
        })
    }

    fn key(&self) -> &ClientKey {
        &self.subject.client
    }

    fn clients(&self) -> Api<OAuthClient> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn delete_client(&self) {
        let name = &self.key().name;
        let _ = self
            .clients()
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }
}

async fn create_client(client: &Client, key: &ClientKey) -> Uid {
    let spec = OAuthClientSpec::new(ServerRef {
        kind: ServerKind::ClusterAuthorizationServer,
        name: "corp".to_owned(),
    });
    let clients: Api<OAuthClient> = Api::namespaced(client.clone(), &key.namespace);
    let created = clients
        .create(&PostParams::default(), &OAuthClient::new(&key.name, spec))
        .await
        .unwrap();
    Uid(created.uid().unwrap())
}
