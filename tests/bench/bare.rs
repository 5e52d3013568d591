//! The limit: a client without an operator that makes the same writes and calls. It writes what the operator has written,
//! object by object, so that sizes, kinds and order are the same; it decides nothing and reads nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::events::v1::Event;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt as _};
use oauth_client_operator::api::{LEDGER_KEY, OAuthClient, SECRET_TYPE_LEDGER_ENTRY, SECRET_TYPE_PUBLISHED};
use serde_json::{Value, json};

use crate::board::Key;
use crate::crowd::{AT_ONCE, Crowd};
use crate::stage::world::NAMESPACE;

/// What the operator has written for one client.
#[derive(Default)]
struct Written {
    uid: String,
    status: Value,
    record: Secret,
    published: Secret,
    events: Vec<Event>,
}

/// What it has written for all of them.
pub struct Copy(BTreeMap<Key, Written>);

fn about(object: &impl kube::ResourceExt) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

/// As it is to be created once more.
fn fresh(mut secret: Secret) -> Secret {
    secret.metadata.uid = None;
    secret.metadata.resource_version = None;
    secret.metadata.creation_timestamp = None;
    secret.metadata.managed_fields = None;
    secret
}

impl Copy {
    /// Takes a copy of all that is there.
    pub async fn of(crowd: &Crowd) -> Self {
        let kube = &crowd.scene.world.kube;
        let everything = ListParams::default();
        let typed = |type_: &str| ListParams::default().fields(&format!("type={type_}"));
        let mut all: BTreeMap<Key, Written> = BTreeMap::new();
        for client in Api::<OAuthClient>::all(kube.clone())
            .list(&everything)
            .await
            .unwrap()
        {
            let written = all.entry(about(&client)).or_default();
            written.uid = client.uid().unwrap();
            written.status = json!({"status": client.status});
        }
        let secrets: Api<Secret> = Api::all(kube.clone());
        for secret in secrets.list(&typed(SECRET_TYPE_PUBLISHED)).await.unwrap() {
            if let Some(written) = all.get_mut(&about(&secret)) {
                written.published = fresh(secret);
            }
        }
        let records: Api<Secret> = Api::namespaced(kube.clone(), NAMESPACE);
        for record in records.list(&typed(SECRET_TYPE_LEDGER_ENTRY)).await.unwrap() {
            let text = &record.data.as_ref().unwrap()[LEDGER_KEY].0;
            let subject = &serde_json::from_slice::<Value>(text).unwrap()["entry"]["subject"]["client"];
            let word = |name: &str| subject[name].as_str().unwrap().to_owned();
            if let Some(written) = all.get_mut(&(word("namespace"), word("name"))) {
                written.record = fresh(record);
            }
        }
        for mut event in Api::<Event>::all(kube.clone()).list(&everything).await.unwrap() {
            let regarding = event.regarding.clone().unwrap_or_default();
            let key = (
                regarding.namespace.unwrap_or_default(),
                regarding.name.unwrap_or_default(),
            );
            if let Some(written) = all.get_mut(&key)
                && regarding.uid.as_ref() == Some(&written.uid)
            {
                event.metadata.name = Some(format!("bare-{}", event.name_any()));
                event.metadata.uid = None;
                event.metadata.resource_version = None;
                event.metadata.creation_timestamp = None;
                event.metadata.managed_fields = None;
                written.events.push(event);
            }
        }
        all.retain(|key, _| crowd.keys.contains(key));
        assert_eq!(all.len(), crowd.keys.len());
        Self(all)
    }

    /// Writes it once more, for clients that are applied anew, and makes the same calls at the server: how long that takes.
    pub async fn write(&self, crowd: &Crowd) -> Duration {
        let mut uids = BTreeMap::new();
        let clients: Api<OAuthClient> = Api::all(crowd.scene.world.kube.clone());
        for client in clients.list(&ListParams::default()).await.unwrap() {
            uids.insert(about(&client), client.uid().unwrap());
        }
        let began = Instant::now();
        let each = stream::iter(&self.0).map(|(key, written)| one(crowd, key, written, &uids[key]));
        each.buffer_unordered(AT_ONCE).for_each(async |()| ()).await;
        began.elapsed()
    }
}

async fn one(crowd: &Crowd, (namespace, name): &Key, written: &Written, uid: &str) {
    let kube = &crowd.scene.world.kube;
    let create = PostParams::default();
    let records: Api<Secret> = Api::namespaced(kube.clone(), NAMESPACE);
    // Ahead of the call, with the answer, published, reported.
    let mut recorded = records.create(&create, &written.record).await.unwrap();
    register(crowd, &format!("{namespace}.{name}")).await;
    // What is replaced by the same would not be written.
    recorded
        .annotations_mut()
        .insert("answered".to_owned(), "yes".to_owned());
    records
        .replace(&recorded.name_any(), &create, &recorded)
        .await
        .unwrap();
    let mut published = written.published.clone();
    for owner in published.metadata.owner_references.iter_mut().flatten() {
        uid.clone_into(&mut owner.uid);
    }
    crowd
        .secrets(namespace)
        .create(&create, &published)
        .await
        .unwrap();
    let status = Patch::Merge(&written.status);
    let clients = crowd.clients(namespace);
    clients
        .patch_status(name, &PatchParams::default(), &status)
        .await
        .unwrap();
    let events: Api<Event> = Api::namespaced(kube.clone(), namespace);
    for event in &written.events {
        events.create(&create, event).await.unwrap();
    }
}

/// Registers a client and gets a token with its credential, as the operator does to see that it works.
async fn register(crowd: &Crowd, client_name: &str) {
    let scene = &crowd.scene;
    let url = format!("{}/clients", scene.emulator.api_url());
    let asked = scene
        .world
        .http
        .post(url)
        .basic_auth("operator", Some(&scene.password));
    let answer = asked
        .header("content-type", "application/json")
        .body(json!({"client_name": client_name, "scope": "read"}).to_string())
        .send()
        .await
        .unwrap()
        .error_for_status()
        .unwrap();
    let client: Value = answer.json().await.unwrap();
    let word = |name: &str| client[name].as_str().unwrap().to_owned();
    let pair = crate::stage::Pair {
        id: word("client_id"),
        secret: word("client_secret"),
    };
    scene.token(&pair).await.unwrap();
}
