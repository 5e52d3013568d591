//! A server that a tenant connects in a namespace of its own.

use authserver_emulator::misbehave::Behaviour;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{Patch, PatchParams};
use oauth_client_operator::api::{API_VERSION, AuthorizationServer};
use serde_json::{Value, json};

use crate::stage::scene::MANAGER;
use crate::stage::tls::TlsFront;
use crate::stage::until::{LATER, holds, until};
use crate::stage::{App, Scene, World};
use crate::support::merge;

struct Tenant<'a> {
    scene: &'a Scene,
    namespace: String,
    tls: TlsFront,
}

impl<'a> Tenant<'a> {
    async fn start(scene: &'a Scene) -> Self {
        let namespace = scene.namespace("").await;
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

    fn servers(&self) -> Api<AuthorizationServer> {
        Api::namespaced(self.scene.world.kube.clone(), &self.namespace)
    }

    async fn apply(&self, tls: Value) {
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

    async fn wait(&self, wanted: &str) -> String {
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

fn to_own() -> Value {
    json!({"serverRef": {"kind": "AuthorizationServer", "name": "own"}})
}

pub async fn a_server_of_a_namespace(world: &'static World) {
    let scene = Scene::bare(world, "tenant").await;
    let tenant = Tenant::start(&scene).await;
    let app = scene.app_in(&tenant.namespace, "billing");
    app.apply(to_own()).await;

    // Whom it does not know it sends no credential.
    tenant.apply(json!({})).await;
    tenant.wait("False Unreachable").await;
    assert!(scene.emulator.requests().is_empty(), "{}", scene.journal());
    tenant.apply(json!({"caBundle": tenant.tls.authority})).await;
    tenant.wait("True Ready").await;
    app.wait_sound("read").await;
    app.rotate("one").await;
    app.until("the rotation is served", async || {
        holds(app.served().await.as_deref() == Some("one"), "it is not")
    })
    .await;
    app.wait_sound("read").await;

    // It is nobody else's.
    let elsewhere = scene.namespace("elsewhere").await;
    let other: App<'_> = scene.app_in(&elsewhere, "billing");
    other.apply(to_own()).await;
    let message = other.wait_condition("Ready", "False ServerNotFound").await;
    assert!(
        message.contains("there is no AuthorizationServer own"),
        "{message}"
    );
    assert_eq!(scene.emulator.clients().len(), 1);

    app.delete().await;
    app.wait_nothing_left().await;
}

/// What the server at a tenant's address says may be anything, also what somebody else must not read.
pub async fn its_words_are_not_passed_on(world: &'static World) {
    const INNER: &str = "instance-metadata-of-the-node";
    let scene = Scene::bare(world, "tenant-words").await;
    let tenant = Tenant::start(&scene).await;
    scene.misbehave(
        "any",
        Behaviour::NotJson {
            body: INNER.to_owned(),
        },
    );
    tenant.apply(json!({"caBundle": tenant.tls.authority})).await;
    let app = scene.app_in(&tenant.namespace, "billing");
    app.apply(to_own()).await;
    let message = tenant.wait("False Unreachable").await;
    assert!(!message.contains(INNER), "{message}");
    app.wait_condition("Ready", "False WaitingForServer").await;
    assert_eq!(world.witness.shows(INNER), Vec::<String>::new());
}
