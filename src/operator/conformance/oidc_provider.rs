//! node oidc-provider, a real server, in four of its ways: with and without an initial access token, and with and without a
//! new registration access token for each change. One process for each, which a story gets as if it were new.

mod process;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use authserver_emulator::misbehave::{Behaviour, Rule};
use futures::FutureExt as _;
use serde_json::{Map, Value, json};
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

use super::dynamic_registration::{known, metadata_of, server_spec};
use super::process::{call, client};
use super::server::{Edit, Hands, Locks, Records, Requests, ServerUnderTest, Specimen, Weather};
use super::verdict::{Checked, does_not_apply};
use crate::api::ServerSpec;
use crate::model::{Confidential, Credential, Handle, Marker, RemoteClient};
use crate::provider::connect::Secrets;
use process::{INITIAL_ACCESS_TOKEN, Process};

const SERVER: &str = "oidc-provider (real)";
pub(super) const SCOPES: [&str; 3] = ["read", "write", "admin"];

/// One process for all stories of a way, started with the first of them.
struct Shared {
    guarded: bool,
    rotates: bool,
    process: OnceCell<Arc<Process>>,
    turn: Arc<Mutex<()>>,
}

impl Shared {
    /// It is one story's alone, and as if it were new.
    async fn lend(&self) -> Result<Box<dyn ServerUnderTest>, String> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let start = || async {
            let (guarded, rotates) = (self.guarded, self.rotates);
            let process = tokio::task::spawn_blocking(move || Process::start(guarded, rotates));
            let process = process.await.map_err(|error| error.to_string())??;
            Ok::<_, String>(Arc::new(process))
        };
        let process = Arc::clone(self.process.get_or_try_init(start).await?);
        let lent = Lent {
            http: client()?,
            process,
            guarded: self.guarded,
            registered_by_hand: Mutex::default(),
            _turn: turn,
        };
        lent.control("POST", "reset", None).await?;
        Ok(Box::new(lent))
    }
}

/// All of them.
pub(super) fn specimens() -> Vec<Specimen> {
    let ways = [true, false]
        .into_iter()
        .flat_map(|guarded| [true, false].map(|rotates| (guarded, rotates)));
    ways.enumerate()
        .map(|(number, (guarded, rotates))| {
            let shared = Arc::new(Shared {
                guarded,
                rotates,
                process: OnceCell::new(),
                turn: Arc::default(),
            });
            let start = move || {
                let shared = Arc::clone(&shared);
                async move { shared.lend().await }.boxed()
            };
            Specimen {
                server: SERVER,
                variant: format!(
                    "initialAccessToken={} rotateRegistrationAccessToken={}",
                    if guarded { "on" } else { "off" },
                    if rotates { "on" } else { "off" }
                ),
                turn: Some(number),
                start: Box::new(start),
                marks: known::of("", ""),
            }
        })
        .collect()
}

struct Lent {
    process: Arc<Process>,
    http: reqwest::Client,
    guarded: bool,
    /// So many requests were a test's own.
    registered_by_hand: Mutex<u64>,
    _turn: OwnedMutexGuard<()>,
}

impl Lent {
    async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, String> {
        let url = format!("{}/_control/{path}", self.process.url);
        match call(&self.http, method, &url, body, None).await? {
            (200..=299, answer) => Ok(answer),
            (status, _) => Err(format!("control {method} {path} is answered with {status}")),
        }
    }

    async fn fields(&self) -> Result<Vec<Map<String, Value>>, String> {
        let clients = self.control("GET", "clients", None).await?;
        let clients = clients.as_array().into_iter().flatten();
        Ok(clients.filter_map(Value::as_object).cloned().collect())
    }
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

fn id(fields: &Map<String, Value>) -> String {
    text(fields, "client_id").unwrap_or_default().to_owned()
}

fn remote(fields: &Map<String, Value>) -> RemoteClient {
    RemoteClient {
        handle: Handle(id(fields)),
        name: text(fields, "client_name").map(str::to_owned),
        marker: None,
        credential: Credential {
            client_id: id(fields),
            client_secret: text(fields, "client_secret").map(Confidential::new),
        },
        metadata: metadata_of(fields),
        secret_expires_at: None,
        access: None,
    }
}

#[async_trait]
impl ServerUnderTest for Lent {
    fn spec(&self) -> ServerSpec {
        server_spec(Some(self.process.url.clone()), None, self.guarded, false)
    }

    fn secrets(&self) -> Secrets {
        let token = ("token".to_owned(), Confidential::new(INITIAL_ACCESS_TOKEN));
        BTreeMap::from([("credential".to_owned(), BTreeMap::from([token]))])
    }

    fn scopes(&self) -> [&'static str; 3] {
        SCOPES
    }

    async fn accepts(&self, pair: &Credential) -> Checked<bool> {
        let Some(secret) = &pair.client_secret else {
            return Ok(false);
        };
        // As the client is registered to authenticate.
        let fields = self.fields().await?;
        let client = fields.iter().find(|fields| id(fields) == pair.client_id);
        let in_body = client.and_then(|client| text(client, "token_endpoint_auth_method"))
            == Some("client_secret_post");
        let issued = process::token(
            &self.http,
            &self.process.url,
            &pair.client_id,
            secret.expose(),
            in_body,
        );
        Ok(issued.await?)
    }

    fn records(&self) -> Option<&dyn Records> {
        Some(self)
    }

    fn hands(&self) -> Option<&dyn Hands> {
        Some(self)
    }

    fn weather(&self) -> Option<&dyn Weather> {
        Some(self)
    }

    fn locks(&self) -> Option<&dyn Locks> {
        Some(self)
    }
}

#[async_trait]
impl Records for Lent {
    async fn clients(&self) -> Checked<Vec<RemoteClient>> {
        Ok(self.fields().await?.iter().map(remote).collect())
    }

    async fn marked(&self, marker: &Marker) -> Checked<Vec<Handle>> {
        let (software, version) = (marker.software_id(), marker.number.to_string());
        let is_it = |fields: &&Map<String, Value>| {
            text(fields, "software_id") == Some(&software)
                && text(fields, "software_version") == Some(&version)
        };
        let fields = self.fields().await?;
        Ok(fields
            .iter()
            .filter(is_it)
            .map(|fields| Handle(id(fields)))
            .collect())
    }

    async fn requests(&self) -> Checked<Requests> {
        let requests = self.control("GET", "requests", None).await?;
        let requests = requests.as_array().into_iter().flatten();
        let managing = requests.filter(|request| {
            request["path"]
                .as_str()
                .is_some_and(|path| path.starts_with("/reg"))
        });
        let managing = managing.count() as u64 - *self.registered_by_hand.lock().await;
        // The operator reads none.
        Ok(Requests {
            managing,
            changing: managing,
        })
    }
}

#[async_trait]
impl Hands for Lent {
    async fn add(&self, name: &str) -> Checked<RemoteClient> {
        let metadata = json!({
            "client_name": name, "grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [],
            "scope": SCOPES[0],
        });
        let token = self.guarded.then_some(INITIAL_ACCESS_TOKEN);
        let url = format!("{}/reg", self.process.url);
        *self.registered_by_hand.lock().await += 1;
        let (status, answer) = call(&self.http, "POST", &url, Some(metadata), token).await?;
        let id = answer["client_id"].as_str().unwrap_or_default();
        let there = self.clients().await?;
        match there.into_iter().find(|client| client.handle.0 == id) {
            Some(client) => Ok(client),
            None => Err(format!("somebody else's client is not registered: {status}").into()),
        }
    }

    async fn edit(&self, _: &Handle, _: Edit) -> Checked {
        does_not_apply("no control: its clients cannot be edited behind the operator's back")
    }

    async fn remove(&self, handle: &Handle) -> Checked {
        let there = self.fields().await?.iter().any(|fields| id(fields) == handle.0);
        if there {
            self.control("DELETE", &format!("clients/{}", handle.0), None)
                .await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Locks for Lent {
    async fn change(&self, handle: &Handle) -> Checked {
        self.control("DELETE", &format!("access/{}", handle.0), None)
            .await?;
        Ok(())
    }
}

#[async_trait]
impl Weather for Lent {
    fn knows(&self, behaviour: &Behaviour) -> bool {
        process::spoiled(behaviour).is_some()
    }

    async fn turn(&self, rule: Rule) -> Checked {
        let Some(mut spoil) = process::spoiled(&rule.behaviour) else {
            return does_not_apply(format!(
                "no control: {} cannot be made there",
                rule.behaviour.kind()
            ));
        };
        spoil["calls"] = json!(rule.matching.operation);
        spoil["times"] = json!(rule.times);
        if let Some(work) = rule.work {
            spoil["work"] = json!(work);
        }
        self.control("POST", "spoil", Some(spoil)).await?;
        Ok(())
    }

    async fn clear(&self) -> Checked {
        self.control("DELETE", "spoil", None).await?;
        Ok(())
    }

    async fn met(&self) -> Checked<u64> {
        let weather = self.control("GET", "spoil", None).await?;
        Ok(weather["met"].as_u64().unwrap_or_default())
    }

    async fn delivered(&self) -> Checked {
        while self.control("GET", "spoil", None).await?["under_way"].as_u64() != Some(0) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        Ok(())
    }
}
