//! What the server remembers: clients, replaced credentials and tokens.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::manage_choices::{OldRat, RatForm, UriForm};
use super::switches::Switches;
use crate::random::{URL_SAFE, random, secret};

const ID_LENGTH: usize = 22;
const HANDLE_LENGTH: usize = 16;
const SECRET_LENGTH: usize = 43;
const RAT_LENGTH: usize = 43;
/// Random bytes in a registration access token that is a signed token.
const SIGNATURE: usize = 512;

/// A registered client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Its id.
    pub client_id: String,
    /// Its secret. A client that was confidential once keeps it.
    pub client_secret: Option<String>,
    /// When it was registered, in seconds since 1970.
    pub client_id_issued_at: i64,
    /// When the secret ends, in seconds since 1970; 0 for never.
    pub client_secret_expires_at: i64,
    /// The newest token that it is managed with; `None` when that was destroyed.
    pub registration_access_token: Option<String>,
    /// The registered metadata.
    pub metadata: Map<String, Value>,
    /// Where it is managed.
    #[serde(skip)]
    pub place: Place,
}

impl Client {
    /// A text of its metadata.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.metadata.get(field).and_then(Value::as_str)
    }

    /// `client_name`.
    pub fn client_name(&self) -> Option<&str> {
        self.text("client_name")
    }

    /// `software_id`.
    pub fn software_id(&self) -> Option<&str> {
        self.text("software_id")
    }

    /// `software_version`.
    pub fn software_version(&self) -> Option<&str> {
        self.text("software_version")
    }

    /// The scopes, separated by blanks.
    pub fn scope(&self) -> &str {
        self.text("scope").unwrap_or_default()
    }

    /// How it authenticates; RFC 7591 has a default.
    pub fn auth_method(&self) -> &str {
        self.text("token_endpoint_auth_method")
            .unwrap_or("client_secret_basic")
    }

    /// Whether it has a secret to authenticate with.
    pub fn is_confidential(&self) -> bool {
        self.auth_method() != "none"
    }

    /// Whether it may use a grant type.
    pub fn may(&self, grant: &str) -> bool {
        let grants = self.metadata.get("grant_types").and_then(Value::as_array);
        grants.is_some_and(|grants| grants.iter().any(|one| one == grant))
    }

    /// Whether the secret has ended.
    pub fn secret_has_expired(&self) -> bool {
        let expires = self.client_secret_expires_at;
        expires != 0 && expires <= Timestamp::now().as_second()
    }
}

/// Where a client is managed: the form of the address, and what in it stands for the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The form.
    pub form: UriForm,
    /// The client's id, or its handle.
    pub key: String,
}

impl Place {
    /// Whether an address leads there; scheme and host are not looked at.
    pub fn is_at(&self, other: &Self) -> bool {
        let by = |form| match form {
            UriForm::Path | UriForm::Relative | UriForm::OtherOrigin => UriForm::Path,
            form => form,
        };
        by(self.form) == by(other.form) && self.key == other.key
    }
}

/// A secret that was replaced and still works for a while.
#[derive(Clone, Debug, Serialize)]
pub struct OldSecret {
    /// The client.
    pub client_id: String,
    /// The secret.
    pub client_secret: String,
    /// When it stops.
    #[serde(skip)]
    pub until: Instant,
}

impl OldSecret {
    /// Whether it still works.
    pub fn is_alive(&self) -> bool {
        Instant::now() < self.until
    }
}

/// A registration access token that still works beside the newest one.
#[derive(Clone, Debug, Serialize)]
pub struct OlderRat {
    /// The client.
    pub client_id: String,
    /// The token.
    pub registration_access_token: String,
    /// Whether it ends when the newest one is used.
    pub replaced: bool,
}

/// An access token that was issued.
#[derive(Clone, Debug)]
pub struct Token {
    /// The client that asked for it.
    pub client_id: String,
    /// What it is good for.
    pub scope: String,
    /// Until when.
    pub expires: Instant,
}

/// Everything in memory.
#[derive(Default)]
pub struct Store {
    /// Clients, oldest first.
    pub clients: Vec<Client>,
    /// Secrets that were replaced.
    pub old_secrets: Vec<OldSecret>,
    /// Registration access tokens that work beside the newest ones.
    pub old_rats: Vec<OlderRat>,
    /// Access tokens by their text.
    pub tokens: HashMap<String, Token>,
    /// Every secret and token that was ever made up here.
    pub credentials: Vec<String>,
    names: HashMap<String, String>,
    rat_times: HashMap<String, Instant>,
}

impl Store {
    /// Registers a client behind the others and returns it.
    pub fn add(&mut self, switches: &Switches, metadata: Map<String, Value>) -> Client {
        let client_id = secret(ID_LENGTH, switches.id_alphabet);
        let form = switches.uri_form;
        let key = match form {
            UriForm::OtherPath => random(HANDLE_LENGTH, URL_SAFE),
            _ => client_id.clone(),
        };
        let name = metadata.get("client_name").and_then(Value::as_str);
        let name = name.unwrap_or(&client_id).to_owned();
        self.names.insert(client_id.clone(), name);
        let mut client = Client {
            registration_access_token: Some(self.new_rat(switches, &client_id)),
            client_id,
            client_secret: None,
            client_id_issued_at: Timestamp::now().as_second(),
            client_secret_expires_at: 0,
            metadata,
            place: Place { form, key },
        };
        if client.is_confidential() {
            self.give_secret(switches, &mut client);
        }
        self.clients.push(client.clone());
        client
    }

    /// Where the client of an id is.
    pub fn position(&self, client_id: &str) -> Option<usize> {
        self.clients
            .iter()
            .position(|client| client.client_id == client_id)
    }

    /// Gives the client at an index a new secret and lets the old one live on as the switches say.
    pub fn replace_secret(&mut self, switches: &Switches, index: usize) {
        let mut client = self.clients[index].clone();
        if let Some(old) = client.client_secret.take() {
            self.old_secrets.push(OldSecret {
                client_id: client.client_id.clone(),
                client_secret: old,
                until: Instant::now() + Duration::from_millis(switches.old_secret_ms),
            });
        }
        self.give_secret(switches, &mut client);
        self.clients[index] = client;
    }

    fn give_secret(&mut self, switches: &Switches, client: &mut Client) {
        let secret = secret(SECRET_LENGTH, switches.secret_alphabet);
        self.credentials.push(secret.clone());
        client.client_secret = Some(secret);
        client.client_secret_expires_at = match switches.secret_seconds {
            0 => 0,
            seconds => Timestamp::now().as_second().saturating_add_unsigned(seconds),
        };
    }

    /// Gives the client at an index a new registration access token in place of all others.
    pub fn replace_rat(&mut self, switches: &Switches, index: usize) {
        self.resign_rat(switches, index);
        let client_id = self.clients[index].client_id.as_str();
        match switches.old_rat {
            OldRat::AtOnce => self.old_rats.retain(|rat| rat.client_id != client_id),
            OldRat::AtFirstUse => {
                let of_client = self.old_rats.iter_mut().filter(|rat| rat.client_id == client_id);
                of_client.for_each(|rat| rat.replaced = true);
            }
        }
    }

    /// Gives the client at an index a new registration access token beside those before.
    pub fn resign_rat(&mut self, switches: &Switches, index: usize) {
        let client_id = self.clients[index].client_id.clone();
        let new = self.new_rat(switches, &client_id);
        let old = self.clients[index].registration_access_token.replace(new);
        self.old_rats.extend(old.map(|token| OlderRat {
            client_id,
            registration_access_token: token,
            replaced: false,
        }));
    }

    fn new_rat(&mut self, switches: &Switches, client_id: &str) -> String {
        let rat = match switches.rat_form {
            RatForm::Opaque => random(RAT_LENGTH, URL_SAFE),
            RatForm::Jwt => {
                let id = random(RAT_LENGTH, URL_SAFE);
                let claims = json!({ "jti": id, "sub": client_id, "typ": "RegistrationAccessToken" });
                [
                    json!({ "alg": "HS512", "typ": "JWT" }).to_string(),
                    claims.to_string(),
                    random(SIGNATURE, URL_SAFE),
                ]
                .map(|part| BASE64_URL_SAFE_NO_PAD.encode(part))
                .join(".")
            }
        };
        self.credentials.push(rat.clone());
        self.rat_times.insert(rat.clone(), Instant::now());
        rat
    }

    /// Whether a registration access token is good for the client at an index. Using the newest one ends those
    /// that it replaced.
    pub fn use_rat(&mut self, switches: &Switches, index: usize, token: &str) -> bool {
        let client = &self.clients[index];
        let life = Duration::from_secs(switches.rat_seconds);
        let issued = self.rat_times.get(token);
        if switches.rat_seconds > 0 && issued.is_some_and(|issued| issued.elapsed() >= life) {
            return false;
        }
        let of_client = |rat: &OlderRat| rat.client_id == client.client_id;
        if client.registration_access_token.as_deref() == Some(token) {
            self.old_rats.retain(|rat| !(of_client(rat) && rat.replaced));
            return true;
        }
        let mut old = self.old_rats.iter();
        old.any(|rat| of_client(rat) && rat.registration_access_token == token)
    }

    /// Destroys a registration access token, whosever it is; says whether it was one.
    pub fn destroy_rat(&mut self, token: &str) -> bool {
        let mut destroyed = false;
        for client in &mut self.clients {
            if client.registration_access_token.as_deref() == Some(token) {
                client.registration_access_token = None;
                destroyed = true;
            }
        }
        let before = self.old_rats.len();
        self.old_rats.retain(|rat| rat.registration_access_token != token);
        destroyed || before != self.old_rats.len()
    }

    /// Removes the client of an id with its credentials and tokens; says whether there was one.
    pub fn remove(&mut self, client_id: &str) -> bool {
        let before = self.clients.len();
        self.clients.retain(|client| client.client_id != client_id);
        self.old_secrets.retain(|old| old.client_id != client_id);
        self.old_rats.retain(|old| old.client_id != client_id);
        self.tokens.retain(|_, token| token.client_id != client_id);
        before != self.clients.len()
    }

    /// The client that a pair is good for. Old secrets count while they live.
    pub fn check_pair(&self, client_id: &str, secret: &str) -> Option<&Client> {
        let client = &self.clients[self.position(client_id)?];
        let current = client.client_secret.as_deref() == Some(secret) && !client.secret_has_expired();
        let old =
            |old: &OldSecret| old.client_id == client_id && old.client_secret == secret && old.is_alive();
        let good = client.is_confidential() && (current || self.old_secrets.iter().any(old));
        good.then_some(client)
    }

    /// The name that the client of an id has or had, or the id if it has none.
    pub fn name_of(&self, client_id: &str) -> Option<&str> {
        self.names.get(client_id).map(String::as_str)
    }
}
