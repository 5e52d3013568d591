//! A server that a tenant connects in a namespace of its own.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{Patch, PatchParams};
use oauth_client_operator::api::{API_VERSION, AuthorizationServer};
use serde_json::{Value, json};

use super::scene::{MANAGER, Scene};
use super::tls::TlsFront;
use super::until::{LATER, holds, until};
use crate::support::merge;

/// A tenant with a server of its own, at the address of the scene's but with TLS.
pub struct Tenant<'a> {
    scene: &'a Scene,
    pub namespace: String,
    pub tls: TlsFront,
}

impl<'a> Tenant<'a> {
    /// The tenant's namespace, and the credential in it.
    pub async fn start(scene: &'a Scene, namespace: &str) -> Self {
        let namespace = scene.namespace(namespace).await;
        let tls = TlsFront::before(&scene.emulator.url()).await;
        let tenant = Self {
            scene,
            namespace,
            tls,
        };
        let secrets: Api<Secret> = Api::namespaced(scene.world.kube.clone(), &tenant.namespace);
        let mut secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "admin"}});
        merge(&mut secret, &scene.credential());
        let parameters = PatchParams::apply(MANAGER).force();
        secrets
            .patch("admin", &parameters, &Patch::Apply(secret))
            .await
            .unwrap();
        tenant
    }

    /// The tenant's server objects.
    pub fn servers(&self) -> Api<AuthorizationServer> {
        Api::namespaced(self.scene.world.kube.clone(), &self.namespace)
    }

    /// Applies the server object with this for TLS.
    pub async fn apply(&self, tls: Value) {
        let server = json!({
            "apiVersion": API_VERSION,
            "kind": "AuthorizationServer",
            "metadata": {"name": "own"},
            "spec": {
                "provider": {"digitalRoute": {
                    "url": self.tls.url,
                    "auth": {"basic": {"secretRef": {"name": "admin"}}},
                }},
                "tls": tls,
            },
        });
        let parameters = PatchParams::apply(MANAGER).force();
        self.servers()
            .patch("own", &parameters, &Patch::Apply(server))
            .await
            .unwrap();
    }

    /// Waits until the server object reads so, and returns its message.
    pub async fn wait(&self, wanted: &str) -> String {
        let what = format!("the tenant's server is {wanted}");
        let evidence = async || self.scene.log();
        until(LATER, &what, evidence, async || {
            let server = self.servers().get("own").await.unwrap();
            let conditions = server.status.unwrap_or_default().conditions;
            let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
            let ready = ready.ok_or("there is no condition")?;
            holds(
                format!("{} {}", ready.status, ready.reason) == wanted,
                format!("{} {}: {}", ready.status, ready.reason, ready.message),
            )?;
            Ok(ready.message.clone())
        })
        .await
    }
}

/// What refers to it.
pub fn to_own() -> Value {
    json!({"serverRef": {"kind": "AuthorizationServer", "name": "own"}})
}
