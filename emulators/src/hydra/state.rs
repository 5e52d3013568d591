//! What the server remembers: clients with all their secrets, tokens, used assertions.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::choices::IdCase;
use super::fields::CLIENT_CREDENTIALS_LIFESPAN;
use super::lifespan::{self, SECOND};
use super::switches::Switches;
use crate::lagged::Lagged;
use crate::random::random;

const SECRET_LENGTH: usize = 26;
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~.";
const TOKEN_LENGTH: usize = 43;
/// What tokens begin with.
const TOKEN_PREFIX: &str = "ory_at_";

/// A registered client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Its id.
    pub client_id: String,
    /// Its newest secret. Clients that authenticate otherwise have one, too.
    pub client_secret: String,
    /// The secrets behind it that are good as well, oldest first.
    pub rotated_secrets: Vec<String>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// The fields that are set.
    pub document: Map<String, Value>,
}

impl Client {
    /// A text of its document.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.document.get(field).and_then(Value::as_str)
    }

    /// The texts of a list of its document.
    pub fn texts(&self, field: &str) -> impl Iterator<Item = &str> {
        let list = self.document.get(field).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Its name, or its id where it has none.
    pub fn name(&self) -> &str {
        let name = self.text("client_name").filter(|name| !name.is_empty());
        name.unwrap_or(&self.client_id)
    }

    /// How it authenticates.
    pub fn auth_method(&self) -> &str {
        self.text("token_endpoint_auth_method")
            .unwrap_or("client_secret_basic")
    }

    /// Whether it authenticates with a secret.
    pub fn has_secret(&self) -> bool {
        ["client_secret_basic", "client_secret_post"].contains(&self.auth_method())
    }

    /// Whether a secret is its newest one, or one of those behind.
    pub fn knows(&self, secret: &str) -> bool {
        self.client_secret == secret || self.rotated_secrets.iter().any(|old| old == secret)
    }

    /// How long its tokens are good that it gets by itself, in seconds.
    pub fn token_seconds(&self, usual: u64) -> u64 {
        let own = self.text(CLIENT_CREDENTIALS_LIFESPAN).and_then(lifespan::parse);
        own.map_or(usual, |nanoseconds| {
            u64::try_from(i128::from(nanoseconds) / SECOND).unwrap_or_default()
        })
    }

    /// Gives it a secret, and lets the one before live on behind it, but no more of them than there may be.
    pub fn rotate(&mut self, secret: String, kept: u64) {
        let old = std::mem::replace(&mut self.client_secret, secret);
        self.rotated_secrets.push(old);
        let kept = usize::try_from(kept).unwrap_or(usize::MAX);
        let surplus = self.rotated_secrets.len().saturating_sub(kept);
        self.rotated_secrets.drain(..surplus);
    }

    /// Gives it a secret in place of all others.
    pub fn set_secret(&mut self, secret: String) {
        self.client_secret = secret;
        self.rotated_secrets.clear();
    }

    /// Whether it is the same but for the time of its last change.
    pub fn is_like(&self, other: &Self) -> bool {
        let updated_at = self.updated_at;
        *self
            == Self {
                updated_at,
                ..other.clone()
            }
    }
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct Token {
    /// The client that asked for it.
    pub client_id: String,
    /// What it is good for.
    pub scope: String,
    /// For whom.
    pub audience: Vec<String>,
    /// Until when.
    pub expires: Instant,
}

impl Token {
    /// Whether it has not ended.
    pub fn is_alive(&self) -> bool {
        Instant::now() < self.expires
    }
}

/// Everything in memory.
pub struct Store {
    /// Clients, oldest first.
    pub clients: Lagged<Client>,
    /// Access tokens by their text.
    pub tokens: HashMap<String, Token>,
    /// The `jti` of every assertion that was used.
    pub assertions: HashSet<String>,
    /// Every secret that was stored and every token that was made up here.
    pub credentials: Vec<String>,
    names: HashMap<String, String>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            clients: Lagged::new(Vec::new()),
            tokens: HashMap::new(),
            assertions: HashSet::new(),
            credentials: Vec::new(),
            names: HashMap::new(),
        }
    }
}

impl Store {
    /// Registers a client behind the others.
    pub fn add(&mut self, client: Client) {
        self.note(&client);
        self.clients.change().push(client);
    }

    /// Puts a client in the place of the one at an index.
    pub fn replace(&mut self, index: usize, client: Client) {
        self.note(&client);
        self.clients.change()[index] = client;
    }

    /// Removes the client at an index with its tokens.
    pub fn remove(&mut self, index: usize) -> Client {
        let client = self.clients.change().remove(index);
        self.tokens.retain(|_, token| token.client_id != client.client_id);
        client
    }

    fn note(&mut self, client: &Client) {
        self.credentials.push(client.client_secret.clone());
        let name = client.name().to_owned();
        self.names.insert(client.client_id.clone(), name);
    }

    /// Where the client of an id is.
    pub fn position(&self, switches: &Switches, client_id: &str) -> Option<usize> {
        let mut clients = self.clients.now().iter();
        clients.position(|client| same_id(switches, &client.client_id, client_id))
    }

    /// The client of an id.
    pub fn find(&self, switches: &Switches, client_id: &str) -> Option<&Client> {
        let index = self.position(switches, client_id)?;
        self.clients.now().get(index)
    }

    /// The name of the client that has or had an id.
    pub fn name_of(&self, client_id: &str) -> Option<String> {
        self.names.get(client_id).cloned()
    }

    /// A secret that is made up.
    pub fn new_secret() -> String {
        random(SECRET_LENGTH, SECRET_ALPHABET)
    }

    /// A token that is made up and remembered as a credential; nobody can read it.
    pub fn new_token(&mut self) -> String {
        let [key, signature] = [(); 2].map(|()| random(TOKEN_LENGTH, crate::random::URL_SAFE));
        let token = format!("{TOKEN_PREFIX}{key}.{signature}");
        self.credentials.push(token.clone());
        token
    }
}

/// Whether two ids are one.
pub fn same_id(switches: &Switches, one: &str, other: &str) -> bool {
    match switches.id_case {
        IdCase::Sensitive => one == other,
        IdCase::Insensitive => one.eq_ignore_ascii_case(other),
    }
}
