//! Sees everything that the operator shows at the API server while the tests run, and knows every credential.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::api::events::v1::Event;
use kube::api::{ApiResource, DynamicObject};
use kube::runtime::watcher::Event as Change;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client, Resource};
use oauth_client_operator::api::{AuthorizationServer, ClusterAuthorizationServer, OAuthClient};
use serde_json::{Value, json};

use super::canary::Search;
use super::remains;

/// Where metrics were shown.
pub const METRICS: &str = "the metrics";
/// How it begins where a log was shown.
pub const LOG: &str = "the log";
/// Where an `OAuthClient` was shown.
pub const CLIENT: &str = "an OAuthClient";
/// Where an Event was shown.
pub const EVENT: &str = "an Event";

#[derive(Default)]
struct Notes {
    processes: usize,
    credentials: BTreeSet<String>,
    seen: BTreeSet<(String, String)>,
}

/// Takes notes.
#[derive(Clone, Default)]
pub struct Witness(Arc<Mutex<Notes>>);

impl Witness {
    /// Starts to watch.
    pub fn start(client: &Client) -> Self {
        let witness = Self::default();
        witness.watch(client, CLIENT, &ApiResource::erase::<OAuthClient>(&()));
        let servers = [
            ApiResource::erase::<ClusterAuthorizationServer>(&()),
            ApiResource::erase::<AuthorizationServer>(&()),
        ];
        for resource in servers {
            witness.watch(client, "a server object", &resource);
        }
        witness.watch(client, EVENT, &event());
        witness.watch(client, "the metadata of a Secret", &secret());
        witness.watch(client, "a namespace", &ApiResource::erase::<Namespace>(&()));
        witness
    }

    fn watch(&self, client: &Client, what: &'static str, resource: &ApiResource) {
        let objects: Api<DynamicObject> = Api::all_with(client.clone(), resource);
        let witness = self.clone();
        let mut changes = Box::pin(watcher(objects, watcher::Config::default()).default_backoff());
        tokio::spawn(async move {
            while let Some(change) = changes.next().await {
                // The API server is stopped in some tests; the watch goes on by itself.
                if let Ok(Change::Apply(object) | Change::InitApply(object)) = change {
                    witness.see(what, &shown(&object).to_string());
                }
            }
        });
    }

    /// Something that was shown.
    pub fn see(&self, where_: &str, text: &str) {
        let mut notes = self.0.lock().unwrap();
        notes.seen.insert((where_.to_owned(), text.to_owned()));
    }

    /// A credential that exists, or did.
    pub fn knows(&self, credentials: impl IntoIterator<Item = String>) {
        self.0.lock().unwrap().credentials.extend(credentials);
    }

    /// What was planted is no credential any more.
    pub fn forgets(&self, planted: &str) {
        self.0.lock().unwrap().credentials.remove(planted);
    }

    /// A process of the operator was started.
    pub fn process_started(&self) {
        self.0.lock().unwrap().processes += 1;
    }

    /// What speaks of a panic, in logs and metrics.
    pub fn panics(&self) -> Vec<String> {
        let notes = self.0.lock().unwrap();
        let shown = |beginning: &'static str| {
            let texts = notes.seen.iter();
            texts.filter(move |(where_, _)| where_.starts_with(beginning))
        };
        let metrics = shown(METRICS).filter_map(|(_, text)| remains::panics_in_metrics(text));
        let logs = shown(LOG).flat_map(|(_, text)| remains::panics_in_log(text));
        metrics.chain(logs).collect()
    }

    /// What should have been there to be looked through, and is not: where nothing is shown, nothing is found.
    pub fn missing(&self) -> Vec<String> {
        let notes = self.0.lock().unwrap();
        let texts = |beginning: &str| {
            let seen = notes.seen.iter();
            let texts = seen.filter(|(where_, _)| where_.starts_with(beginning));
            texts.map(|(_, text)| text.as_str()).collect()
        };
        let (logs, metrics, clients): (Vec<&str>, Vec<&str>, Vec<&str>) =
            (texts(LOG), texts(METRICS), texts(CLIENT));
        let mut missing = remains::missing(notes.processes, !clients.is_empty(), &logs, &metrics);
        // One is the token that the operator has from the cluster.
        if notes.credentials.len() < 2 {
            missing.push("a credential of an authorization server".to_owned());
        }
        missing
    }

    /// Where one text was shown.
    pub fn shows(&self, text: &str) -> Vec<String> {
        found(&Search::new([text]), &self.0.lock().unwrap().seen)
    }

    /// Where credentials were shown; and how much was looked through for how many.
    pub fn findings(&self) -> (Vec<String>, String) {
        let notes = self.0.lock().unwrap();
        let search = Search::new(notes.credentials.iter().map(String::as_str));
        let bytes: usize = notes.seen.iter().map(|(_, text)| text.len()).sum();
        let extent = format!(
            "{} credentials looked for in {} texts, {} kB",
            notes.credentials.len(),
            notes.seen.len(),
            bytes / 1000
        );
        (found(&search, &notes.seen), extent)
    }
}

fn found(search: &Search, seen: &BTreeSet<(String, String)>) -> Vec<String> {
    let mut findings = BTreeSet::new();
    for (where_, text) in seen {
        findings.extend(
            search
                .within(text)
                .into_iter()
                .map(|how| format!("{where_}: {how}")),
        );
    }
    findings.into_iter().collect()
}

/// What others may read of an object: of a Secret its metadata, of all the rest everything.
fn shown(object: &DynamicObject) -> Value {
    let is_secret = object
        .types
        .as_ref()
        .is_some_and(|types| types.kind == Secret::kind(&()))
        || object.data.get("data").is_some() && object.data.get("spec").is_none();
    let mut metadata = object.metadata.clone();
    metadata.managed_fields = None;
    metadata.resource_version = None;
    if is_secret {
        json!({ "metadata": metadata })
    } else {
        json!({ "metadata": metadata, "rest": object.data })
    }
}

fn event() -> ApiResource {
    ApiResource::erase::<Event>(&())
}

fn secret() -> ApiResource {
    ApiResource::erase::<Secret>(&())
}
