//! DigitalRoute's emulator, by default and with each value of each of its switches, one at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use authserver_emulator::digitalroute::state::Client;
use authserver_emulator::digitalroute::{Auth, Config, Emulator, Switches};
use authserver_emulator::misbehave::Behaviour;
use futures::FutureExt as _;

use super::emulated::{self, Known, senseless};
use super::server::{
    Door, Edit, Hands, Manner, Records, Requests, ServerUnderTest, Specimen, Voice, Weather,
};
use super::verdict::{Checked, does_not_apply, failed};
use crate::api::{
    BasicAuth, DigitalRoute as Spec, DigitalRouteAuth, ProviderSpec, ScopeProvisioning, SecretRef,
    ServerSpec, grant_types,
};
use crate::model::{ClientMetadata, Confidential, Credential, Handle, RemoteClient};
use crate::provider::connect::Secrets;

const SERVER: &str = "DigitalRoute (emulator)";
const SCOPES: [&str; 3] = ["read", "write", "admin"];

const KNOWN: &[Known] = &[
    (
        "name_limit",
        &["1"],
        senseless(
            &[],
            "no name that proves whose a client is fits into one character, so none is registered",
        ),
    ),
    (
        "list_limit",
        &[],
        senseless(
            &["more than three pages"],
            "a list that ends early and does not say so cannot be told from a whole one",
        ),
    ),
    (
        "unauthorized",
        &["login_page", "login_redirect"],
        senseless(
            &["admin credential refused: said"],
            "a login page in place of a refusal does not say that the credential is refused",
        ),
    ),
    (
        "register_status",
        &["204"],
        senseless(
            &["name taken over by somebody else", "one name in two clusters"],
            "no answer to a registration shows the client, and an exact name proves nothing: it is blocked",
        ),
    ),
    (
        "read_secret",
        &["masked", "absent"],
        senseless(
            &[
                "observe",
                "update each field that can change",
                "alone at the server",
                "killed after every call",
                "killed after every step",
                "every answer lost",
                "every request lost",
                "every request delivered late",
                "throttled",
                "denied",
                "failed though done",
                "feature switched off",
                "absurd answers to changes",
                "absurd answers to reads",
                "other order, defaults filled in",
                "unknown fields",
                "drift of metadata",
                "drift of the credential",
                "name taken by somebody else",
                "name taken over by somebody else",
            ],
            "it hides the secret that it is documented to show, so what it holds cannot be compared: nothing is concluded \
             from it",
        ),
    ),
];

/// Values of switches that stand for many: one of each more than the emulator's own samples have.
const MORE: [(&str, &str); 4] = [
    ("name_limit", "64"),
    ("list_limit", "2"),
    ("read_lag_ms", "20"),
    ("old_pair_seconds", "3600"),
];

/// All of them.
pub(super) fn specimens() -> Vec<Specimen> {
    let mut all = vec![
        Specimen {
            turn: None,
            ..specimen(
                "default".to_owned(),
                ScopeProvisioning::Create,
                Switches::default(),
            )
        },
        specimen(
            "scopeProvisioning: Refuse".to_owned(),
            ScopeProvisioning::Refuse,
            Switches::default(),
        ),
    ];
    for (switch, value) in emulated::turns(Switches::info(), &MORE) {
        let mut switches = Switches::default();
        switches.set(switch, &value).unwrap();
        let label = format!("{switch}={value}");
        all.push(Specimen {
            marks: emulated::marks(KNOWN, switch, &value),
            turn: Some(all.len()),
            ..specimen(label, ScopeProvisioning::Create, switches)
        });
    }
    all
}

fn specimen(variant: String, provisioning: ScopeProvisioning, switches: Switches) -> Specimen {
    let start = move || {
        let lag = Duration::from_millis(switches.read_lag_ms);
        let config = Config {
            auth: auth(1),
            scopes: SCOPES.map(str::to_owned).to_vec(),
            switches: switches.clone(),
            ..Config::default()
        };
        async move {
            let emulator = Emulator::start(config).await.map_err(|error| error.to_string())?;
            let emulated = Emulated {
                emulator,
                provisioning,
                credential: AtomicU32::new(1),
                lag,
            };
            Ok(Box::new(emulated) as Box<dyn ServerUnderTest>)
        }
        .boxed()
    };
    Specimen {
        server: SERVER,
        variant,
        turn: Some(0),
        start: Box::new(start),
        marks: Vec::new(),
    }
}

/// The operator's credential, of which there is one after the other.
fn password(number: u32) -> String {
    format!("canary-of-admin-password-{number}")
}

fn auth(number: u32) -> Auth {
    Auth::Basic {
        username: "operator".to_owned(),
        password: password(number),
    }
}

struct Emulated {
    emulator: Emulator,
    provisioning: ScopeProvisioning,
    credential: AtomicU32,
    lag: Duration,
}

fn remote(client: &Client) -> RemoteClient {
    RemoteClient {
        handle: Handle(client.client_name.clone()),
        name: Some(client.client_name.clone()),
        marker: None,
        credential: Credential {
            client_id: client.client_id.clone(),
            client_secret: Some(Confidential::new(client.client_secret.clone())),
        },
        metadata: ClientMetadata {
            scopes: Some(client.scope.split_whitespace().map(str::to_owned).collect()),
            grant_types: Some(BTreeSet::from([grant_types::CLIENT_CREDENTIALS.to_owned()])),
            ..ClientMetadata::default()
        },
        secret_expires_at: None,
        access: None,
    }
}

#[async_trait]
impl ServerUnderTest for Emulated {
    fn spec(&self) -> ServerSpec {
        let provider = ProviderSpec::DigitalRoute(Spec {
            url: self.emulator.url(),
            api_prefix: "/authserver/api".to_owned(),
            token_path: "/authserver/token".to_owned(),
            scope_provisioning: self.provisioning,
            auth: DigitalRouteAuth::Basic(BasicAuth {
                secret_ref: SecretRef {
                    name: "credential".to_owned(),
                },
                username_key: "username".to_owned(),
                password_key: "password".to_owned(),
            }),
        });
        ServerSpec::new(provider, None)
    }

    fn secrets(&self) -> Secrets {
        let password = password(self.credential.load(Ordering::SeqCst));
        let values = [("username", "operator"), ("password", password.as_str())];
        let values = values.map(|(key, value)| (key.to_owned(), Confidential::new(value)));
        BTreeMap::from([("credential".to_owned(), BTreeMap::from(values))])
    }

    async fn accepts(&self, pair: &Credential) -> Checked<bool> {
        let Some(secret) = &pair.client_secret else {
            return Ok(false);
        };
        let clients = self.emulator.clients();
        let current = clients
            .iter()
            .any(|client| client.client_id == pair.client_id && client.client_secret == secret.expose());
        // A pair that was replaced and lives on for a while.
        let state = self.emulator.state();
        let old = state["old_pairs"].as_array().is_some_and(|pairs| {
            pairs.iter().any(|old| {
                old["client_id"] == pair.client_id.as_str() && old["client_secret"] == secret.expose()
            })
        });
        Ok(current || old)
    }

    fn lag(&self) -> Duration {
        self.lag
    }

    fn absurd(&self) -> Vec<Behaviour> {
        let another = r#"{"client_name":"another","client_id":"i","client_secret":"s","scope":"read"}"#;
        let hidden = r#"{"client_name":"another","client_id":"i","client_secret":"****","scope":"read"}"#;
        emulated::answers([another, hidden])
    }

    fn records(&self) -> Option<&dyn Records> {
        Some(self)
    }

    fn hands(&self) -> Option<&dyn Hands> {
        Some(self)
    }

    fn weather(&self) -> Option<&dyn Weather> {
        Some(&self.emulator)
    }

    fn door(&self) -> Option<&dyn Door> {
        Some(self)
    }

    fn voice(&self) -> Option<&dyn Voice> {
        Some(self)
    }
}

#[async_trait]
impl Records for Emulated {
    async fn clients(&self) -> Checked<Vec<RemoteClient>> {
        Ok(self.emulator.clients().iter().map(remote).collect())
    }

    async fn requests(&self) -> Checked<Requests> {
        let counters = self.emulator.counters();
        let all: u64 = counters.operations.values().sum();
        Ok(Requests {
            managing: all - counters.of("token"),
            changing: counters.mutations,
        })
    }
}

#[async_trait]
impl Hands for Emulated {
    async fn add(&self, name: &str) -> Checked<RemoteClient> {
        Ok(remote(&self.emulator.add_client(name, SCOPES[0])))
    }

    async fn edit(&self, handle: &Handle, edit: Edit) -> Checked {
        let mut found = false;
        self.emulator.edit_clients(|clients| {
            for client in clients.iter_mut().filter(|client| client.client_name == handle.0) {
                found = true;
                match edit {
                    Edit::Metadata => client.scope = SCOPES[2].to_owned(),
                    Edit::Credential => {
                        client.client_id.push_str("-replaced");
                        client.client_secret.push_str("-replaced");
                    }
                }
            }
        });
        if found {
            Ok(())
        } else {
            failed(format!("there is no {handle} to edit"))
        }
    }

    async fn remove(&self, handle: &Handle) -> Checked {
        self.emulator
            .edit_clients(|clients| clients.retain(|client| client.client_name != handle.0));
        Ok(())
    }
}

#[async_trait]
impl Door for Emulated {
    async fn change(&self) -> Checked<Secrets> {
        let number = self.credential.fetch_add(1, Ordering::SeqCst) + 1;
        self.emulator.set_auth(auth(number));
        Ok(self.secrets())
    }
}

#[async_trait]
impl Voice for Emulated {
    async fn speak(&self, manner: Manner) -> Checked {
        let turns: &[(&str, &str)] = match manner {
            Manner::Otherwise => &[("scope_text", "reversed"), ("list_order", "random")],
            Manner::WithMore => &[("extra_fields", "true"), ("trailing_whitespace", "true")],
            Manner::Less => return does_not_apply("no control: it registers what is asked for, or nothing"),
            Manner::Ending => return does_not_apply("no control: its secrets do not end"),
        };
        let mut said = Ok(());
        self.emulator.switch(|switches| {
            said = emulated::turn_all(turns, |switch, value| switches.set(switch, value));
        });
        said
    }
}
