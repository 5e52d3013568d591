//! Keycloak, a real server: a realm without a policy for secrets, and one with it. One process for all stories, started with
//! the first of them; a story has a realm for itself, and a relay before it that counts and spoils.

mod realm;
mod relay;
mod traps;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use authserver_emulator::emulator::Emulator;
use futures::FutureExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

use super::emulated;
use super::server::{Edit, Hands, Records, Requests, ServerUnderTest, Specimen, Weather};
use super::verdict::{Checked, failed};
use crate::api::{ClientSecretAuth, Keycloak, KeycloakAuth, ProviderSpec, SecretRef, ServerSpec};
use crate::model::{Confidential, Credential, Handle, Marker, RemoteClient};
use crate::provider::connect::Secrets;
use realm::{Process, Realm, is_own, remote, text};
use relay::{OF_TOKENS, Relay};

const SERVER: &str = "Keycloak (real)";
const SCOPES: [&str; 3] = ["read", "write", "admin"];
/// How long secrets live where they end: Keycloak's own default, a month.
const LONG: u32 = 2_592_000;

/// The process of all stories and tests. It ends with this one: see `--end-with-stdin`.
static PROCESS: OnceCell<Arc<Process>> = OnceCell::const_new();

async fn process() -> Result<Arc<Process>, String> {
    let start = || async {
        let process = tokio::task::spawn_blocking(Process::start).await;
        Ok::<_, String>(Arc::new(process.map_err(|error| error.to_string())??))
    };
    PROCESS.get_or_try_init(start).await.map(Arc::clone)
}

/// A realm, which one story has at a time.
struct Way {
    realm: &'static str,
    has_policy: bool,
    turn: Arc<Mutex<()>>,
}

impl Way {
    async fn lend(&self) -> Result<Lent, String> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let process = process().await?;
        let realm = process.realm(self.realm)?;
        realm.reset().await?;
        if self.has_policy {
            realm.secrets_live(LONG).await?;
            realm.has_policy(true).await?;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.map_err(|error| error.to_string())?;
        let relay = Relay {
            url: process.url.clone(),
        };
        Ok(Lent {
            relay: Emulator::run(listener, relay).map_err(|error| error.to_string())?,
            realm,
            name: self.realm,
            has_policy: self.has_policy,
            process,
            _turn: turn,
        })
    }
}

/// Without a policy, and with it.
static WAYS: LazyLock<[Way; 2]> = LazyLock::new(|| {
    [("plain", false), ("rotating", true)].map(|(realm, has_policy)| Way {
        realm,
        has_policy,
        turn: Arc::default(),
    })
});

/// Both.
pub(super) fn specimens() -> Vec<Specimen> {
    let specimen = |(number, way): (usize, &'static Way)| {
        let variant = if way.has_policy { "on" } else { "off" };
        let start =
            move || async move { Ok(Box::new(way.lend().await?) as Box<dyn ServerUnderTest>) }.boxed();
        Specimen {
            server: SERVER,
            variant: format!("secretRotationPolicy={variant}"),
            turn: Some(number),
            start: Box::new(start),
            marks: Vec::new(),
        }
    };
    WAYS.iter().enumerate().map(specimen).collect()
}

struct Lent {
    relay: Emulator<Relay>,
    realm: Realm,
    name: &'static str,
    has_policy: bool,
    process: Arc<Process>,
    _turn: OwnedMutexGuard<()>,
}

#[async_trait]
impl ServerUnderTest for Lent {
    fn spec(&self) -> ServerSpec {
        let provider = ProviderSpec::Keycloak(Keycloak {
            url: self.relay.url(),
            realm: self.name.to_owned(),
            auth_realm: None,
            secret_rotation_policy: self.has_policy,
            auth: KeycloakAuth::ClientSecret(ClientSecretAuth {
                secret_ref: SecretRef {
                    name: "credential".to_owned(),
                },
                client_id_key: "client-id".to_owned(),
                client_secret_key: "client-secret".to_owned(),
            }),
        });
        ServerSpec::new(provider, None)
    }

    fn secrets(&self) -> Secrets {
        let id = ("client-id".to_owned(), Confidential::new("operator"));
        let secret = ("client-secret".to_owned(), self.process.secret.clone());
        BTreeMap::from([("credential".to_owned(), BTreeMap::from([id, secret]))])
    }

    fn scopes(&self) -> [&'static str; 3] {
        SCOPES
    }

    async fn accepts(&self, pair: &Credential) -> Checked<bool> {
        let Some(secret) = &pair.client_secret else {
            return Ok(false);
        };
        Ok(self.realm.accepts(&pair.client_id, secret.expose()).await?)
    }

    fn records(&self) -> Option<&dyn Records> {
        Some(self)
    }

    fn hands(&self) -> Option<&dyn Hands> {
        Some(self)
    }

    fn weather(&self) -> Option<&dyn Weather> {
        Some(&self.relay)
    }
}

#[async_trait]
impl Records for Lent {
    async fn clients(&self) -> Checked<Vec<RemoteClient>> {
        Ok(self.realm.clients().await?.iter().map(remote).collect())
    }

    async fn marked(&self, marker: &Marker) -> Checked<Vec<Handle>> {
        let mut clients = self.clients().await?;
        clients.retain(|client| client.marker.as_ref() == Some(marker));
        Ok(clients.into_iter().map(|client| client.handle).collect())
    }

    async fn requests(&self) -> Checked<Requests> {
        let counters = self.relay.counters();
        let all: u64 = counters.operations.values().sum();
        Ok(Requests {
            managing: all - counters.of(OF_TOKENS),
            changing: emulated::changing_requests(&self.relay, OF_TOKENS),
        })
    }
}

#[async_trait]
impl Hands for Lent {
    async fn add(&self, name: &str) -> Checked<RemoteClient> {
        let client = json!({
            "clientId": name, "name": name, "serviceAccountsEnabled": true, "standardFlowEnabled": false,
            "secret": "canary-of-somebody-else", "optionalClientScopes": [SCOPES[0]],
        });
        self.realm.must("POST", "/clients", Some(client)).await?;
        let there = self.clients().await?;
        match there
            .into_iter()
            .find(|client| client.credential.client_id == name)
        {
            Some(client) => Ok(client),
            None => failed(format!("somebody else's {name} is not there")),
        }
    }

    async fn edit(&self, handle: &Handle, edit: Edit) -> Checked {
        match edit {
            Edit::Metadata => {
                let scope = self.realm.scope(SCOPES[0]).await?;
                let path = format!("/clients/{handle}/optional-client-scopes/{scope}");
                self.realm.must("DELETE", &path, None).await?;
            }
            Edit::Credential => {
                let path = format!("/clients/{handle}/client-secret");
                self.realm.must("POST", &path, Some(json!({}))).await?;
            }
        }
        Ok(())
    }

    async fn remove(&self, handle: &Handle) -> Checked {
        let there = self.realm.clients().await?;
        let is_it = |client: &Value| text(client, "id") == handle.0 && !is_own(client);
        if there.iter().any(is_it) {
            self.realm
                .must("DELETE", &format!("/clients/{handle}"), None)
                .await?;
        }
        Ok(())
    }
}
