//! A client secret of the application's own (`clientSecretRef`).

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use oauth_client_operator::api::{ANNOTATION_ROTATE, API_VERSION, LABEL_SERVER_CREDENTIALS, OAuthClient};
use serde_json::{Value, json};

use crate::stage::cocoon::Cocoon;
use crate::stage::known::known;
use crate::stage::scene::{MANAGER, data};
use crate::stage::until::{LATER, holds, until};
use crate::stage::{Pair, Published, Scene, World};

const CLIENT: &str = "billing";
/// Where the application puts its secret.
const OWN: &str = "own";

/// The client at a server where the caller chooses the secret.
struct Stage {
    world: &'static World,
    server: Cocoon,
    id: String,
}

impl Stage {
    async fn start(world: &'static World) -> Self {
        let server = Cocoon::start(world).await;
        let id = format!("given-{}", world.run);
        known(
            world,
            &id,
            &server.credential(),
            &server.provider(&id),
            &json!({}),
        )
        .await;
        Self { world, server, id }
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.world.kube.clone(), &self.id)
    }

    fn clients(&self) -> Api<OAuthClient> {
        Api::namespaced(self.world.kube.clone(), &self.id)
    }

    async fn apply(&self, rotate: Option<&str>) {
        let mut object = json!({
            "apiVersion": API_VERSION, "kind": "OAuthClient", "metadata": {"name": CLIENT},
            "spec": {
                "serverRef": {"kind": "ClusterAuthorizationServer", "name": self.id},
                "clientSecretRef": {"name": OWN},
            },
        });
        if let Some(value) = rotate {
            object["metadata"]["annotations"] = json!({ANNOTATION_ROTATE: value});
        }
        let parameters = PatchParams::apply(MANAGER).force();
        self.clients()
            .patch(CLIENT, &parameters, &Patch::Apply(object))
            .await
            .unwrap();
    }

    /// The application puts a secret there, with these labels.
    async fn put(&self, value: &str, labels: Value) {
        self.world.witness.knows([value.to_owned()]);
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": OWN, "labels": labels},
            "data": data(&json!({"client-secret": value})),
        });
        let parameters = PatchParams::apply(MANAGER).force();
        self.secrets()
            .patch(OWN, &parameters, &Patch::Apply(secret))
            .await
            .unwrap();
    }

    async fn give(&self, value: &str) {
        self.put(value, json!({LABEL_SERVER_CREDENTIALS: "true"})).await;
    }

    fn evidence(&self) -> String {
        self.world.operator.log_about(&self.id, 25)
    }

    /// A condition as `kubectl get` shows it, and its message.
    async fn condition(&self, type_: &str) -> Result<(String, String), String> {
        let object = self
            .clients()
            .get(CLIENT)
            .await
            .map_err(|error| error.to_string())?;
        let status = object.status.unwrap_or_default();
        let mut conditions = status.conditions.into_iter();
        let found = conditions.find(|condition| condition.type_ == type_);
        let found = found.ok_or_else(|| format!("{type_} is not said"))?;
        Ok((format!("{} {}", found.status, found.reason), found.message))
    }

    async fn wait_said(&self, type_: &str, reads: &str, says: &str) {
        let what = format!("{type_} is {reads}: {says}");
        until(
            LATER,
            &what,
            async || self.evidence(),
            async || {
                let (now, message) = self.condition(type_).await?;
                holds(
                    now == reads && message.contains(says),
                    format!("{now}: {message}"),
                )
            },
        )
        .await;
    }

    /// Waits until this secret is published, the client ready, and a token issued.
    async fn wait_published(&self, secret: &str) -> Pair {
        until(
            LATER,
            "it is published",
            async || self.evidence(),
            async || {
                let found = self.secrets().get(CLIENT).await;
                let pair = Published(found.map_err(|error| error.to_string())?).pair();
                holds(pair.secret == secret, "another secret is published")?;
                let (ready, message) = self.condition("Ready").await?;
                holds(ready == "True Ready", format!("{ready}: {message}"))?;
                let token = self.server.token(&pair).await;
                token.map_err(|status| format!("the token endpoint answers {status}"))?;
                Ok(pair)
            },
        )
        .await
    }
}

/// It is waited for, followed when it changes, kept when it is taken away, and never made in its place.
pub async fn a_secret_of_the_applications_own(world: &'static World) {
    let stage = Stage::start(world).await;
    stage.apply(None).await;
    let waits = async |why: &str| stage.wait_said("Ready", "False WaitingForSecret", why).await;
    waits("there is no Secret own").await;
    let (first, second) = (
        "first-secret-of-the-applications-own",
        "second-secret-of-the-applications-own",
    );
    stage.put(first, json!({})).await;
    waits("has no label oauthclient.dev/server-credentials").await;
    assert!(stage.server.apps().is_empty(), "something is registered");

    stage.give(first).await;
    let before = stage.wait_published(first).await;
    let said = async || {
        stage
            .server
            .apps()
            .into_iter()
            .map(|app| app.client_secret)
            .collect::<Vec<_>>()
    };
    assert_eq!(said().await, [first]);

    // A change of it is a rotation, in place here.
    stage.give(second).await;
    let after = stage.wait_published(second).await;
    assert_eq!(after.id, before.id);
    assert_eq!(stage.server.token(&before).await, Err(401));

    // An order to rotate is not: the operator makes none of its own.
    stage.apply(Some("now")).await;
    stage
        .wait_said(
            "Rotating",
            "False NotPossible",
            "clientSecretRef names the secret",
        )
        .await;

    // What is published works on without it.
    let parameters = DeleteParams::default();
    stage.secrets().delete(OWN, &parameters).await.unwrap();
    stage.secrets().delete(CLIENT, &parameters).await.unwrap();
    assert!(stage.wait_published(second).await == after);
    assert_eq!(said().await, [second]);

    stage.clients().delete(CLIENT, &parameters).await.unwrap();
    until(
        LATER,
        "nothing is left",
        async || stage.evidence(),
        async || holds(stage.server.apps().is_empty(), "it is registered"),
    )
    .await;
}

/// Where the server chooses secrets, nobody else does.
pub async fn where_the_server_chooses_it_is_refused(world: &'static World) {
    let scene = Scene::start(world, "not-given").await;
    let app = scene.app("billing").await;
    app.apply(json!({"clientSecretRef": {"name": OWN}})).await;
    let message = app.wait_condition("Accepted", "False FieldNotSupported").await;
    assert!(message.contains("clientSecretRef"), "{message}");
    assert_eq!(scene.mutations(), 0);
}
