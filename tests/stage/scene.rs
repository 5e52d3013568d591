//! The scene of one test: an authorization server of its own, and the object that stands for it.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Instant;

use authserver_emulator::digitalroute::choices::Alphabet;
use authserver_emulator::digitalroute::state::random;
use authserver_emulator::digitalroute::{Auth, Config, Emulator, Switches};
use authserver_emulator::misbehave::{Behaviour, Rule};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use oauth_client_operator::api::{API_VERSION, ClusterAuthorizationServer, LABEL_SERVER_CREDENTIALS};
use serde_json::{Value, json};

use super::app::App;
use super::published::Pair;
use super::until::{LATER, SOON, until};
use super::world::{NAMESPACE, World};
use crate::support::{merge, namespace_named};

/// Who writes what people would write.
pub const MANAGER: &str = "e2e";
/// A label of the namespaces of a scene.
pub const SCENE_LABEL: &str = "e2e.example.com/scene";

/// An authorization server of one test, and all that belongs to it.
pub struct Scene {
    pub world: &'static World,
    /// The name of the server object, and the beginning of those of namespaces.
    pub id: String,
    pub emulator: Emulator,
    /// The operator's credential there.
    pub password: String,
    /// When it began.
    pub began: Instant,
    /// The clients that it was about, by namespace and name.
    pub apps: Mutex<BTreeSet<(String, String)>>,
    /// When the test itself asked for tokens.
    pub tokens_asked: Mutex<Vec<Timestamp>>,
}

impl Scene {
    /// A server that is ready.
    pub async fn start(world: &'static World, name: &str) -> Self {
        Self::with(world, name, json!({})).await
    }

    /// A server that is ready, with something else in its spec.
    pub async fn with(world: &'static World, name: &str, spec: Value) -> Self {
        let scene = Self::bare(world, name).await;
        scene.put_credential(scene.credential()).await;
        scene.apply_server(spec).await;
        scene.wait_server("Ready", "True Ready").await;
        scene
    }

    /// The server itself, and nothing that speaks of it.
    pub async fn bare(world: &'static World, name: &str) -> Self {
        Self::called(world, &format!("{name}-{}", world.run)).await
    }

    /// The same with exactly this name.
    pub async fn called(world: &'static World, id: &str) -> Self {
        let password = format!("{}+%:&\"\\", random(24, b"abcdefghkmnpqrstuvwxyz23456789"));
        let emulator = Emulator::start(Config {
            auth: Auth::Basic {
                username: "operator".to_owned(),
                password: password.clone(),
            },
            scopes: ["read", "write", "admin"].map(str::to_owned).to_vec(),
            switches: Switches {
                // Those that are most easily spoilt on their way.
                secret_alphabet: Alphabet::Symbols,
                ..Switches::default()
            },
            ..Config::default()
        });
        let emulator = emulator.await.unwrap();
        world.witness.knows([password.clone()]);
        Self {
            world,
            id: id.to_owned(),
            emulator,
            password,
            began: Instant::now(),
            apps: Mutex::default(),
            tokens_asked: Mutex::default(),
        }
    }

    /// The data of the credential Secret as it should be.
    pub fn credential(&self) -> Value {
        json!({
            "metadata": {"labels": {LABEL_SERVER_CREDENTIALS: "true"}},
            "data": data(&json!({"username": "operator", "password": self.password})),
        })
    }

    /// The same after somebody has touched it, so that the operator tries it at once.
    pub fn credential_again(&self) -> Value {
        let mut credential = self.credential();
        credential["metadata"]["annotations"] = json!({"touched": "yes"});
        credential
    }

    /// Puts this in the place of the credential Secret.
    pub async fn put_credential(&self, secret: Value) {
        let secrets: Api<Secret> = Api::namespaced(self.world.kube.clone(), NAMESPACE);
        let mut object = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": self.id}});
        merge(&mut object, &secret);
        secrets
            .patch(
                &self.id,
                &PatchParams::apply(MANAGER).force(),
                &Patch::Apply(object),
            )
            .await
            .unwrap();
    }

    /// Applies the server object, with something else in its spec.
    pub async fn apply_server(&self, spec: Value) {
        let mut object = json!({
            "apiVersion": API_VERSION,
            "kind": "ClusterAuthorizationServer",
            "metadata": {"name": self.id},
            "spec": {
                "provider": {"digitalRoute": {
                    "url": self.emulator.url(),
                    "auth": {"basic": {"secretRef": {"name": self.id}}},
                }},
                "accessRules": [{
                    "name": "everything",
                    "namespaces": {"from": "Selector", "selector": {"matchLabels": {SCENE_LABEL: self.id}}},
                    "grantTypes": ["client_credentials"],
                    "scopes": ["read", "write"],
                    "naming": "Any",
                    "deletionPolicies": ["Delete", "Retain"],
                }],
                "limits": {"requestsPerMinute": 6000, "burst": 100, "requestTimeoutSeconds": 5},
            },
        });
        merge(&mut object["spec"], &spec);
        self.servers()
            .patch(
                &self.id,
                &PatchParams::apply(MANAGER).force(),
                &Patch::Apply(object),
            )
            .await
            .unwrap();
    }

    /// The server objects.
    pub fn servers(&self) -> Api<ClusterAuthorizationServer> {
        Api::all(self.world.kube.clone())
    }

    /// The condition of the server object as `kubectl get` shows it, and its message.
    pub async fn server_condition(&self, type_: &str) -> Option<(String, String)> {
        let server = self.servers().get_opt(&self.id).await.unwrap()?;
        server
            .status?
            .conditions
            .iter()
            .find(|condition| condition.type_ == type_)
            .map(|found| {
                (
                    format!("{} {}", found.status, found.reason),
                    found.message.clone(),
                )
            })
    }

    /// Waits until a condition of the server object reads so, and returns its message.
    pub async fn wait_server(&self, type_: &str, wanted: &str) -> String {
        let what = format!("{type_} of {} is {wanted}", self.id);
        let evidence = async || format!("{}\n{}", self.journal(), self.log());
        until(LATER, &what, evidence, async || {
            match self.server_condition(type_).await {
                Some((found, message)) if found == wanted => Ok(message),
                found => Err(format!("{found:?}")),
            }
        })
        .await
    }

    /// A namespace that the server's rule selects.
    pub async fn namespace(&self, name: &str) -> String {
        let labels = json!({SCENE_LABEL: self.id});
        self.namespace_with(name, labels).await
    }

    /// A namespace with these labels.
    pub async fn namespace_with(&self, name: &str, labels: Value) -> String {
        let name = if name.is_empty() {
            self.id.clone()
        } else {
            format!("{}-{name}", self.id)
        };
        namespace_named(&self.world.kube, &name, labels).await;
        name
    }

    /// Namespaces.
    pub fn namespaces(&self) -> Api<Namespace> {
        Api::all(self.world.kube.clone())
    }

    /// Deletes a namespace, as a person does.
    pub async fn delete_namespace(&self, name: &str) {
        self.namespaces()
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }

    /// Waits until a namespace is gone.
    pub async fn wait_namespace_gone(&self, name: &str) {
        let what = format!("namespace {name} is gone");
        let evidence = async || self.log();
        until(SOON, &what, evidence, async || {
            match self.namespaces().get_opt(name).await.unwrap() {
                None => Ok(()),
                Some(left) => Err(format!("{:?}", left.status)),
            }
        })
        .await;
    }

    /// An application of this scene's own namespace; nothing is applied yet.
    pub async fn app(&self, name: &str) -> App<'_> {
        let namespace = self.namespace("").await;
        self.app_in(&namespace, name)
    }

    /// An application of a namespace that is there.
    pub fn app_in(&self, namespace: &str, name: &str) -> App<'_> {
        let named = (namespace.to_owned(), name.to_owned());
        self.apps.lock().unwrap().insert(named);
        App::new(self, namespace, name)
    }

    /// Makes calls go wrong.
    pub fn misbehave(&self, operation: &str, behaviour: Behaviour) {
        self.emulator.misbehave(Rule::on(operation, behaviour)).unwrap();
    }

    /// Makes so many calls go wrong.
    pub fn misbehave_times(&self, times: u64, operation: &str, behaviour: Behaviour) {
        let rule = Rule::on(operation, behaviour).times(times);
        self.emulator.misbehave(rule).unwrap();
    }

    /// How often this was called.
    pub fn calls(&self, operation: &str) -> u64 {
        self.emulator.counters().of(operation)
    }

    /// How many calls were meant to change something.
    pub fn mutations(&self) -> u64 {
        self.emulator.counters().mutations
    }

    /// Asks for a token: the token, or the status of the refusal.
    pub async fn token(&self, pair: &Pair) -> Result<String, u16> {
        self.tokens_asked.lock().unwrap().push(Timestamp::now());
        let answer = self
            .world
            .http
            .post(self.emulator.token_url())
            .basic_auth(&pair.id, Some(&pair.secret))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials")
            .send()
            .await
            .unwrap();
        if !answer.status().is_success() {
            return Err(answer.status().as_u16());
        }
        let body: Value = answer.json().await.unwrap();
        Ok(body["access_token"].as_str().unwrap().to_owned())
    }

    /// That the token endpoint takes a pair.
    pub async fn assert_accepted(&self, pair: &Pair) {
        let answer = self.token(pair).await;
        assert!(
            answer.is_ok(),
            "{pair:?} is refused: {answer:?}\n{}",
            self.journal()
        );
    }

    /// That the token endpoint refuses a pair.
    pub async fn assert_refused(&self, pair: &Pair) {
        let answer = self.token(pair).await;
        assert_eq!(
            answer.err(),
            Some(401),
            "{pair:?} is not refused\n{}",
            self.journal()
        );
    }

    /// What the server was asked last, and whom it knows.
    pub fn journal(&self) -> String {
        let requests = self.emulator.requests();
        let last = requests.iter().rev().take(25).rev().map(|entry| {
            format!(
                "    {:>7} ms {} {} -> {:?} {:?}{}",
                entry.at_ms,
                entry.operation,
                entry.client.as_deref().unwrap_or(""),
                entry.status,
                entry.outcome,
                entry
                    .behaviour
                    .map(|kind| format!(" ({kind})"))
                    .unwrap_or_default()
            )
        });
        let last: Vec<String> = last.collect();
        let clients: Vec<String> = self
            .emulator
            .clients()
            .iter()
            .map(|client| format!("    {} [{}]", client.client_name, client.scope))
            .collect();
        format!(
            "  last of {} requests:\n{}\n  clients at the server:\n{}",
            requests.len(),
            last.join("\n"),
            clients.join("\n")
        )
    }

    /// What the operator wrote about this scene.
    pub fn log(&self) -> String {
        // Behind a quotation mark, as other scenes may end like this one.
        self.world.operator.log_about(&format!("\"{}", self.id), 25)
    }

    /// The names of the ledger's entries that belong to this scene: `namespace/name`.
    pub async fn ledger(&self) -> Vec<String> {
        let namespaces = [self.id.clone(), format!("{}-", self.id)];
        let ours = |namespace: &str| namespace == namespaces[0] || namespace.starts_with(&namespaces[1]);
        let subjects = super::app::ledger(&self.world.kube).await.into_iter();
        subjects
            .filter(|(subject, _)| ours(subject.split('/').next().unwrap_or_default()))
            .map(|(subject, _)| subject)
            .collect()
    }

    /// Removes the server object.
    pub async fn delete_server(&self) {
        let servers = self.servers();
        servers.delete(&self.id, &DeleteParams::default()).await.unwrap();
    }

    /// The version of the server object.
    pub async fn server_version(&self) -> String {
        let server = self.servers().get(&self.id).await.unwrap();
        server.resource_version().unwrap_or_default()
    }
}

/// The data of a Secret, from texts. What is applied as `stringData` would stay when it is left out later.
pub fn data(texts: &Value) -> Value {
    let texts = texts.as_object().unwrap().iter();
    texts
        .map(|(key, text)| (key.clone(), json!(BASE64_STANDARD.encode(text.as_str().unwrap()))))
        .collect()
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.world.witness.knows(self.emulator.credentials());
    }
}
