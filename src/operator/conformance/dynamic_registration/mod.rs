//! The emulator of dynamic client registration.

pub(super) mod known;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use authserver_emulator::dynamic_registration::Emulator;
use authserver_emulator::dynamic_registration::state::Client;
use authserver_emulator::misbehave::{Behaviour, Rule};
use serde_json::{Map, Value, json};

use super::emulated;
use super::server::{Door, Edit, Hands, Locks, Manner, Records, Requests, ServerUnderTest, Voice, Weather};
use super::verdict::{Checked, failed};
use crate::api::{
    DynamicRegistration as Spec, DynamicRegistrationAuth, Endpoints, NoAuth, ProviderSpec, SecretRef,
    ServerSpec, SoftwareStatementRef, TokenAuth,
};
use crate::model::{ClientMetadata, Confidential, Credential, Handle, Marker, RemoteClient};
use crate::provider::connect::Secrets;
pub(super) use ways::specimens;

const SCOPES: [&str; 3] = ["read", "write", "admin"];
/// A signed token without any claim, whose signature nobody looks at.
const STATEMENT: &str = "eyJhbGciOiJub25lIn0.e30.canary-of-a-software-statement";

/// How the server object says where the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// By its issuer.
    Issuer,
    /// By its registration endpoint; the token endpoint is given too.
    Endpoints,
    /// By its registration endpoint alone.
    Registration,
}

/// How the operator comes to it.
#[derive(Debug, Clone, Copy)]
struct Approach {
    place: Place,
    /// Whether a registration needs an initial access token.
    guarded: bool,
    /// Whether a registration needs a software statement.
    vouched: bool,
}

struct Emulated {
    emulator: Emulator,
    approach: Approach,
    detours: usize,
    /// The initial access token, of which there is one after the other.
    token: AtomicU32,
}

fn initial_access_token(number: u32) -> String {
    format!("canary-of-initial-access-token-{number}")
}

fn texts(metadata: &Map<String, Value>, name: &str) -> Option<BTreeSet<String>> {
    let values = metadata.get(name)?.as_array()?;
    Some(
        values
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
    )
}

/// The metadata of a client in the words of the model.
pub(super) fn metadata_of(fields: &Map<String, Value>) -> ClientMetadata {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    ClientMetadata {
        grant_types: texts(fields, "grant_types"),
        redirect_uris: texts(fields, "redirect_uris"),
        scopes: Some(
            text("scope")
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
        ),
        token_endpoint_auth_method: text("token_endpoint_auth_method").map(str::to_owned),
        ..ClientMetadata::default()
    }
}

/// The server object.
pub(super) fn server_spec(
    issuer: Option<String>,
    registration_uri: Option<String>,
    guarded: bool,
    vouched: bool,
) -> ServerSpec {
    let secret_ref = SecretRef {
        name: "credential".to_owned(),
    };
    let provider = ProviderSpec::DynamicRegistration(Spec {
        issuer,
        registration_uri,
        software_statement_secret_ref: vouched.then(|| SoftwareStatementRef {
            name: "statement".to_owned(),
            key: "statement".to_owned(),
        }),
        auth: if guarded {
            DynamicRegistrationAuth::InitialAccessToken(TokenAuth {
                secret_ref,
                token_key: "token".to_owned(),
            })
        } else {
            DynamicRegistrationAuth::None(NoAuth {})
        },
    });
    ServerSpec::new(provider, None)
}

fn remote(client: &Client) -> RemoteClient {
    RemoteClient {
        handle: Handle(client.client_id.clone()),
        name: client.client_name().map(str::to_owned),
        marker: None,
        credential: Credential {
            client_id: client.client_id.clone(),
            client_secret: client.client_secret.clone().map(Confidential::new),
        },
        metadata: metadata_of(&client.metadata),
        secret_expires_at: None,
        access: None,
    }
}

#[async_trait]
impl ServerUnderTest for Emulated {
    fn spec(&self) -> ServerSpec {
        let Approach {
            place,
            guarded,
            vouched,
        } = self.approach;
        let (issuer, uri) = match place {
            Place::Issuer => (Some(self.emulator.issuer()), None),
            Place::Endpoints | Place::Registration => (None, Some(self.emulator.registration_url())),
        };
        let mut spec = server_spec(issuer, uri, guarded, vouched);
        if place == Place::Endpoints {
            spec.endpoints = Some(Endpoints {
                token_uri: Some(self.emulator.token_url()),
                ..Endpoints::default()
            });
        }
        spec
    }

    fn secrets(&self) -> Secrets {
        let token = initial_access_token(self.token.load(Ordering::SeqCst));
        let one = |name: &str, key: &str, value: &str| {
            (
                name.to_owned(),
                BTreeMap::from([(key.to_owned(), Confidential::new(value))]),
            )
        };
        BTreeMap::from([
            one("credential", "token", &token),
            one("statement", "statement", STATEMENT),
        ])
    }

    async fn accepts(&self, pair: &Credential) -> Checked<bool> {
        let secret = pair.client_secret.as_ref();
        Ok(secret.is_some_and(|secret| self.emulator.verify_pair(&pair.client_id, secret.expose())))
    }

    fn detours(&self) -> usize {
        self.detours
    }

    fn absurd(&self) -> Vec<Behaviour> {
        let nobody = r#"{"client_id":"","client_secret":"s","client_secret_expires_at":0}"#;
        let without_secret = r#"{"client_id":"i"}"#;
        let odd = r#"{"client_id":17,"client_secret":["s"]}"#;
        emulated::answers([nobody, without_secret, odd])
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

    fn door(&self) -> Option<&dyn Door> {
        if self.approach.guarded { Some(self) } else { None }
    }

    fn voice(&self) -> Option<&dyn Voice> {
        Some(self)
    }

    fn locks(&self) -> Option<&dyn Locks> {
        Some(self)
    }
}

#[async_trait]
impl Records for Emulated {
    async fn clients(&self) -> Checked<Vec<RemoteClient>> {
        Ok(self.emulator.clients().iter().map(remote).collect())
    }

    async fn marked(&self, marker: &Marker) -> Checked<Vec<Handle>> {
        let number = marker.number.to_string();
        let clients = self.emulator.clients_of_software(&marker.software_id());
        let these = clients
            .into_iter()
            .filter(|client| client.software_version() == Some(&number));
        Ok(these.map(|client| Handle(client.client_id)).collect())
    }

    async fn requests(&self) -> Checked<Requests> {
        let counters = self.emulator.counters();
        Ok(Requests {
            managing: ["register", "read", "update", "delete"]
                .map(|operation| counters.of(operation))
                .iter()
                .sum(),
            changing: counters.mutations,
        })
    }
}

#[async_trait]
impl Hands for Emulated {
    async fn add(&self, name: &str) -> Checked<RemoteClient> {
        let metadata = json!({
            "client_name": name, "grant_types": ["client_credentials"], "response_types": [], "redirect_uris": [],
            "scope": SCOPES[0], "token_endpoint_auth_method": "client_secret_basic",
        });
        let metadata = metadata.as_object().cloned().unwrap_or_default();
        Ok(remote(&self.emulator.add_client(metadata)))
    }

    async fn edit(&self, handle: &Handle, edit: Edit) -> Checked {
        let found = match edit {
            Edit::Metadata => self.emulator.edit_client(&handle.0, |client| {
                client.metadata.insert("scope".to_owned(), json!(SCOPES[2]));
            }),
            Edit::Credential => self.emulator.rotate_secret(&handle.0).is_some(),
        };
        if found {
            Ok(())
        } else {
            failed(format!("there is no {handle} to edit"))
        }
    }

    async fn remove(&self, handle: &Handle) -> Checked {
        self.emulator.remove_client(&handle.0);
        Ok(())
    }
}

#[async_trait]
impl Weather for Emulated {
    async fn turn(&self, rule: Rule) -> Checked {
        // It has an operation of the name "read", which would be taken for the one that is meant.
        let operations = match rule.matching.operation.as_str() {
            "read" => vec!["discover", "token", "read"],
            other => vec![other],
        };
        for operation in operations {
            let mut rule = rule.clone();
            rule.matching.operation = operation.to_owned();
            self.emulator.turn(rule).await?;
        }
        Ok(())
    }

    async fn clear(&self) -> Checked {
        self.emulator.clear().await
    }

    async fn met(&self) -> Checked<u64> {
        self.emulator.met().await
    }

    async fn delivered(&self) -> Checked {
        self.emulator.delivered().await
    }
}

#[async_trait]
impl Door for Emulated {
    async fn change(&self) -> Checked<Secrets> {
        let number = self.token.fetch_add(1, Ordering::SeqCst) + 1;
        self.emulator
            .set_initial_access_token(Some(&initial_access_token(number)));
        Ok(self.secrets())
    }
}

#[async_trait]
impl Voice for Emulated {
    async fn speak(&self, manner: Manner) -> Checked {
        let turns: &[(&str, &str)] = match manner {
            Manner::Otherwise => &[
                ("scope_text", "reversed"),
                ("array_order", "reversed"),
                ("default_fields", "true"),
            ],
            Manner::WithMore => &[("extra_fields", "true"), ("unset_fields", "null")],
            Manner::Less => &[("scope_granted", "one_less")],
            Manner::Ending => &[("secret_seconds", "86400")],
        };
        let mut said = Ok(());
        self.emulator.switch(|switches| {
            said = emulated::turn_all(turns, |switch, value| switches.set(switch, value));
        });
        said
    }
}

#[async_trait]
impl Locks for Emulated {
    async fn change(&self, handle: &Handle) -> Checked {
        let token = format!("canary-of-access-{:016x}", rand::random::<u64>());
        let known = self.emulator.edit_client(&handle.0, |client| {
            client.registration_access_token = Some(token);
        });
        if known {
            Ok(())
        } else {
            failed(format!("there is no {handle}"))
        }
    }
}
