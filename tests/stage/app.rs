//! One `OAuthClient` as its owner handles it, and what becomes of it.

use std::collections::BTreeMap;
use std::time::Duration;

use authserver_emulator::digitalroute::state::Client as RemoteClient;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt as _};
use oauth_client_operator::api::{
    ANNOTATION_ROTATE, API_VERSION, LEDGER_KEY, OAuthClient, SECRET_TYPE_LEDGER_ENTRY,
};
use serde_json::{Value, json};

use super::published::{Pair, Published, sorted};
use super::scene::{MANAGER, Scene};
use super::until::{LATER, MUCH_LATER, SOON, holds, until};
use super::world::NAMESPACE;
use crate::support::merge;

/// One `OAuthClient`.
pub struct App<'a> {
    pub scene: &'a Scene,
    pub namespace: String,
    pub name: String,
    /// How its names at the server begin.
    beginning: String,
}

/// Of longer names only this much is compared, as they are cut at the server.
const COMPARED: usize = 60;

impl<'a> App<'a> {
    pub fn new(scene: &'a Scene, namespace: &str, name: &str) -> Self {
        Self {
            scene,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            beginning: beginning(&format!("{namespace}.{name}")),
        }
    }

    /// The same with a name of its own at the server.
    pub fn called(mut self, client_name: &str) -> Self {
        self.beginning = beginning(client_name);
        self
    }

    fn kube(&self) -> Client {
        self.scene.world.kube.clone()
    }

    pub fn api(&self) -> Api<OAuthClient> {
        Api::namespaced(self.kube(), &self.namespace)
    }

    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.kube(), &self.namespace)
    }

    /// Applies the manifest with this in its spec; scope `read` if it says nothing of scopes.
    pub async fn apply(&self, spec: Value) {
        self.try_apply(spec).await.unwrap();
    }

    /// The same, if the API server takes it.
    pub async fn try_apply(&self, spec: Value) -> kube::Result<OAuthClient> {
        let mut manifest = json!({
            "apiVersion": API_VERSION,
            "kind": "OAuthClient",
            "metadata": {"name": self.name},
            "spec": {
                "serverRef": {"kind": "ClusterAuthorizationServer", "name": self.scene.id},
                "scopes": ["read"],
            },
        });
        merge(&mut manifest["spec"], &spec);
        let mut parameters = PatchParams::apply(MANAGER).force();
        parameters.field_validation = Some(kube::api::ValidationDirective::Strict);
        self.api()
            .patch(&self.name, &parameters, &Patch::Apply(manifest))
            .await
    }

    /// Applies it and waits until it is ready.
    pub async fn ready(self, spec: Value) -> Self {
        self.apply(spec).await;
        self.wait_ready().await;
        self
    }

    /// Sets the annotation that asks for a rotation.
    pub async fn rotate(&self, value: &str) {
        self.patch(json!({"metadata": {"annotations": {ANNOTATION_ROTATE: value}}}))
            .await;
    }

    /// Merges a patch into the object.
    pub async fn patch(&self, patch: Value) {
        let parameters = PatchParams::default();
        self.api()
            .patch(&self.name, &parameters, &Patch::Merge(patch))
            .await
            .unwrap();
    }

    pub async fn delete(&self) {
        self.api()
            .delete(&self.name, &DeleteParams::default())
            .await
            .unwrap();
    }

    pub async fn get(&self) -> Option<OAuthClient> {
        self.api().get_opt(&self.name).await.unwrap()
    }

    /// The value of the annotation that was served last.
    pub async fn served(&self) -> Option<String> {
        self.get().await?.status?.rotation?.last_handled_trigger
    }

    /// A condition, if it speaks of the spec as it is.
    pub async fn condition(&self, type_: &str) -> Result<Condition, String> {
        let object = self.get().await.ok_or("there is no such OAuthClient")?;
        let generation = object.metadata.generation;
        let conditions = object.status.unwrap_or_default().conditions;
        let found = conditions.into_iter().find(|condition| condition.type_ == type_);
        let found = found.ok_or_else(|| format!("there is no condition {type_}"))?;
        if found.observed_generation == generation {
            Ok(found)
        } else {
            Err(format!(
                "{type_} speaks of generation {:?}, not {generation:?}",
                found.observed_generation
            ))
        }
    }

    /// Whether a condition reads `wanted`, as in `False NameTaken`; its message.
    pub async fn reads(&self, type_: &str, wanted: &str) -> Result<String, String> {
        let found = self.condition(type_).await?;
        let reads = format!("{} {}", found.status, found.reason);
        if reads == wanted {
            Ok(found.message)
        } else {
            Err(format!("{type_} is {reads}: {}", found.message))
        }
    }

    pub async fn wait_ready(&self) {
        self.wait_condition("Ready", "True Ready").await;
    }

    /// Waits until a condition reads so, and returns its message.
    pub async fn wait_condition(&self, type_: &str, wanted: &str) -> String {
        let what = format!("{type_} is {wanted}");
        self.until_within(LATER, &what, async || self.reads(type_, wanted).await)
            .await
    }

    /// Waits for something that comes soon.
    pub async fn until<T>(&self, what: &str, look: impl AsyncFnMut() -> Result<T, String>) -> T {
        self.until_within(SOON, what, look).await
    }

    /// Waits for something with a deadline.
    pub async fn until_within<T>(
        &self,
        within: Duration,
        what: &str,
        look: impl AsyncFnMut() -> Result<T, String>,
    ) -> T {
        let what = format!("{}/{}: {what}", self.namespace, self.name);
        until(within, &what, async || self.evidence().await, look).await
    }

    /// The Secret that is published under the client's name.
    pub async fn secret(&self) -> Published {
        self.find_secret().await.unwrap()
    }

    /// The same, if it is there.
    pub async fn find_secret(&self) -> Option<Published> {
        self.secrets().get_opt(&self.name).await.unwrap().map(Published)
    }

    /// Changes the Secret as somebody with the right to do so would.
    pub async fn alter_secret(&self, patch: Value) {
        let parameters = PatchParams::default();
        self.secrets()
            .patch(&self.name, &parameters, &Patch::Merge(patch))
            .await
            .unwrap();
    }

    pub async fn delete_secret(&self) {
        self.secrets()
            .delete(&self.name, &DeleteParams::default())
            .await
            .unwrap();
    }

    /// Makes a Secret under the client's name that is somebody else's.
    pub async fn put_foreign_secret(&self, immutable: bool) -> Published {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": self.name},
            "immutable": immutable, "stringData": {"password": "somebody else's"},
        });
        let secret: Secret = serde_json::from_value(secret).unwrap();
        Published(
            self.secrets()
                .create(&PostParams::default(), &secret)
                .await
                .unwrap(),
        )
    }

    /// The clients at the server that were registered for this one.
    pub fn remote(&self) -> Vec<RemoteClient> {
        let mut clients = self.scene.emulator.clients();
        clients.retain(|client| client.client_name.starts_with(&self.beginning));
        clients
    }

    /// All is as it should be: one client at the server, its pair in the Secret, with these scopes.
    pub async fn sound(&self, scopes: &str) -> Result<Pair, String> {
        self.reads("Ready", "True Ready").await?;
        let clients = self.remote();
        let [client] = clients.as_slice() else {
            return Err(format!("{} clients at the server", clients.len()));
        };
        let secret = self.find_secret().await.ok_or("there is no Secret")?;
        holds(
            secret.pair() == Pair::of(client),
            format!(
                "the Secret has {:?}, the server {:?}",
                secret.pair(),
                Pair::of(client)
            ),
        )?;
        let wanted = sorted(scopes);
        let (told, held) = (secret.scopes(), sorted(&client.scope));
        holds(
            told == wanted && held == wanted,
            format!("scopes {told:?} in the Secret and {held:?} at the server"),
        )?;
        match self.scene.token(&secret.pair()).await {
            Ok(_) => Ok(secret.pair()),
            Err(status) => Err(format!("the token endpoint answers {status}")),
        }
    }

    /// Waits until all is as it should be.
    pub async fn wait_sound(&self, scopes: &str) -> Pair {
        self.until_within(LATER, "all is sound", async || self.sound(scopes).await)
            .await
    }

    /// That all is as it should be, now.
    pub async fn assert_sound(&self, scopes: &str) -> Pair {
        match self.sound(scopes).await {
            Ok(pair) => pair,
            Err(why) => panic!(
                "{}/{}: {why}\n{}",
                self.namespace,
                self.name,
                self.evidence().await
            ),
        }
    }

    /// Waits until nothing is left: no client at the server, no Secret, no record.
    pub async fn wait_nothing_left(&self) {
        let what = "nothing is left of it";
        // A registration whose outcome had to be found out is not removed before late deliveries are over.
        self.until_within(MUCH_LATER, what, async || {
            holds(self.get().await.is_none(), "the OAuthClient is there")?;
            let clients = self.remote().len();
            holds(clients == 0, format!("{clients} clients at the server"))?;
            holds(self.find_secret().await.is_none(), "the Secret is there")?;
            holds(self.record().await.is_none(), "the ledger has an entry")
        })
        .await;
    }

    /// The entry in the ledger.
    pub async fn record(&self) -> Option<Value> {
        let subject = format!("{}/{}", self.namespace, self.name);
        ledger(&self.kube()).await.remove(&subject)
    }

    /// The reasons of the Events about it, oldest first, and what they say.
    pub async fn events(&self) -> Vec<(String, String)> {
        let events: Api<Event> = Api::namespaced(self.kube(), &self.namespace);
        let mut events = events.list(&ListParams::default()).await.unwrap().items;
        events.retain(|event| {
            event
                .regarding
                .as_ref()
                .is_some_and(|about| about.name.as_ref() == Some(&self.name))
        });
        events.sort_by_key(|event| event.event_time.as_ref().map(|time| time.0));
        events
            .into_iter()
            .map(|event| (event.reason.unwrap_or_default(), event.note.unwrap_or_default()))
            .collect()
    }

    /// Waits for an Event, and returns what it says.
    pub async fn wait_event(&self, reason: &str) -> String {
        self.until(&format!("an Event {reason}"), async || {
            let events = self.events().await;
            let found = events.iter().find(|(found, _)| found == reason);
            found
                .map(|(_, note)| note.clone())
                .ok_or_else(|| format!("{events:?}"))
        })
        .await
    }

    /// What is to be seen of it, for somebody who wonders why a test failed.
    pub async fn evidence(&self) -> String {
        let object = self.api().get_opt(&self.name).await;
        let conditions = match object {
            Ok(Some(object)) => {
                let generation = object.metadata.generation.unwrap_or_default();
                let deleted = object.metadata.deletion_timestamp.is_some();
                let conditions = object.status.unwrap_or_default().conditions;
                let lines = conditions.iter().map(|c| {
                    format!(
                        "    {} {} {} [{:?}]: {}",
                        c.type_, c.status, c.reason, c.observed_generation, c.message
                    )
                });
                let lines: Vec<String> = lines.collect();
                format!(
                    "generation {generation}, deleted: {deleted}\n{}",
                    lines.join("\n")
                )
            }
            Ok(None) => "not there".to_owned(),
            Err(error) => error.to_string(),
        };
        let events = self.events().await;
        let server = self.scene.server_condition("Ready").await;
        format!(
            "  OAuthClient: {conditions}\n  server: {server:?}\n  Events: {events:#?}\n{}\n{}",
            self.scene.journal(),
            self.scene.log()
        )
    }

    /// The version of the object.
    pub async fn version(&self) -> String {
        self.api()
            .get(&self.name)
            .await
            .unwrap()
            .resource_version()
            .unwrap_or_default()
    }
}

fn beginning(client_name: &str) -> String {
    // A dot and the suffix that makes a name ours come behind it.
    format!("{client_name}.").chars().take(COMPARED).collect()
}

/// The entries of the ledger: by `namespace/name` of the client.
pub async fn ledger(kube: &Client) -> BTreeMap<String, Value> {
    let secrets: Api<Secret> = Api::namespaced(kube.clone(), NAMESPACE);
    let parameters = ListParams::default().fields(&format!("type={SECRET_TYPE_LEDGER_ENTRY}"));
    let entries = secrets.list(&parameters).await.unwrap().items;
    entries
        .into_iter()
        .map(|secret| {
            let data = secret.data.unwrap_or_default();
            let document: Value = serde_json::from_slice(&data[LEDGER_KEY].0).unwrap();
            let entry = document["entry"].clone();
            let client = &entry["subject"]["client"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            (
                format!("{}/{}", text(&client["namespace"]), text(&client["name"])),
                entry,
            )
        })
        .collect()
}
