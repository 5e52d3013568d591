//! What a tenant remembers: clients, their secrets and credentials, APIs, grants and tokens.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::choices::{GlobalShown, Spread};
use super::document::{METHODS, is_public};
use super::keys::PublicKey;
use super::limits::{Buckets, Quotas};
use super::paging::Checkpoints;
use super::switches::Switches;
use crate::lagged::Lagged;
use crate::listing::sort;
use crate::management_choices::ListOrder;
use crate::random::{random, secret};

const ID_LENGTH: usize = 32;
const SECRET_LENGTH: usize = 64;
const CREDENTIAL_ID_LENGTH: usize = 22;
const GRANT_ID_LENGTH: usize = 16;
const API_ID_LENGTH: usize = 24;
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEXADECIMAL: &[u8] = b"0123456789abcdef";

/// A registered client, an application in Auth0's words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Client {
    /// Its id.
    pub client_id: String,
    /// Its secret, whatever its authentication method is.
    pub client_secret: String,
    /// Whether it is the tenant's own one, "All Applications".
    pub global: bool,
    /// What it is registered with, and the defaults.
    #[serde(flatten)]
    pub document: Map<String, Value>,
    /// Its key credentials, attached ones and others.
    pub credentials: Vec<Credential>,
}

/// A key of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// Its id.
    pub id: String,
    /// What assertions call it.
    pub kid: String,
    /// The algorithm that it is for.
    pub alg: String,
    /// Its name.
    pub name: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// The key.
    #[serde(skip)]
    pub key: PublicKey,
}

/// What a client may do at an API.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// The client.
    pub client_id: String,
    /// The identifier of the API.
    pub audience: String,
    /// The scopes.
    pub scope: Vec<String>,
    /// Whether it is for the client itself or for its users, if that was sent.
    pub subject_type: Option<String>,
    /// Whatever else was sent.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// An API, a resource server in Auth0's words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Api {
    /// Its id.
    pub id: String,
    /// Its identifier, the audience of its tokens.
    pub identifier: String,
    /// Whether it is the Management API itself.
    pub is_system: bool,
    /// What it is registered with, and the defaults.
    #[serde(flatten)]
    pub document: Map<String, Value>,
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct Token {
    /// The client that asked for it.
    pub client_id: String,
    /// The API that it is for; none for an opaque token.
    pub audience: Option<String>,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// Until when.
    pub expires: Instant,
}

impl Client {
    /// Its name.
    pub fn name(&self) -> &str {
        self.document
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Whether it authenticates with keys.
    pub fn uses_keys(&self) -> bool {
        self.document.contains_key(METHODS)
    }

    /// Whether it can authenticate with its secret.
    pub fn uses_secret(&self) -> bool {
        !self.uses_keys() && !is_public(&self.document) && !self.global
    }

    /// The ids of the credentials that it authenticates with.
    pub fn attached(&self) -> Vec<&str> {
        let methods = self.document.get(METHODS).unwrap_or(&Value::Null);
        let credentials = methods["private_key_jwt"]["credentials"].as_array();
        let ids = credentials.into_iter().flatten();
        ids.filter_map(|credential| credential["id"].as_str()).collect()
    }
}

impl Grant {
    /// Whether it is for the client itself or for its users.
    pub fn subject_type(&self) -> &str {
        self.subject_type.as_deref().unwrap_or("client")
    }
}

impl Api {
    /// Whether this is its id or its identifier.
    pub fn is(&self, name: &str) -> bool {
        self.id == name || self.identifier == name
    }

    /// The scopes that it knows.
    pub fn scopes(&self) -> Vec<&str> {
        let scopes = self.document.get("scopes").and_then(Value::as_array);
        let scopes = scopes.into_iter().flatten();
        scopes.filter_map(|scope| scope["value"].as_str()).collect()
    }

    /// How long its tokens are good, in seconds.
    pub fn token_lifetime(&self) -> u64 {
        let lifetime = self.document.get("token_lifetime").and_then(Value::as_u64);
        lifetime.unwrap_or(86_400)
    }
}

/// Everything in memory.
pub struct Store {
    /// Clients, oldest first; the global one among them.
    pub clients: Lagged<Client>,
    /// APIs, oldest first; the Management API is the first.
    pub apis: Lagged<Api>,
    /// Grants, oldest first.
    pub grants: Lagged<Grant>,
    /// Tokens by their text.
    pub tokens: HashMap<String, Token>,
    /// Every secret and token that was ever known here.
    pub secrets: Vec<String>,
    /// Lists by checkpoint that somebody is in the middle of.
    pub checkpoints: Checkpoints,
    /// What is left of the rate limits.
    pub buckets: Buckets,
    /// How many tokens clients got.
    pub quotas: Quotas,
    /// Assertions that were used, by client and `jti`.
    pub used_assertions: HashSet<(String, String)>,
    /// Secrets that were replaced, by client, oldest first.
    replaced: HashMap<String, Vec<(Instant, String)>>,
    /// Counts token requests, for nodes that take turns.
    turn: usize,
    /// Names of clients by id, of deleted ones too.
    names: HashMap<String, String>,
}

impl Store {
    /// A store with what was there before.
    pub fn new(clients: Vec<Client>, apis: Vec<Api>, grants: Vec<Grant>) -> Self {
        let mut store = Self {
            clients: Lagged::new(Vec::new()),
            apis: Lagged::new(apis),
            grants: Lagged::new(grants),
            tokens: HashMap::new(),
            secrets: Vec::new(),
            checkpoints: Checkpoints::default(),
            buckets: Buckets::default(),
            quotas: Quotas::default(),
            used_assertions: HashSet::new(),
            replaced: HashMap::new(),
            turn: 0,
            names: HashMap::new(),
        };
        for client in &clients {
            store.note(client);
        }
        store.clients = Lagged::new(clients);
        store
    }

    fn note(&mut self, client: &Client) {
        self.secrets.push(client.client_secret.clone());
        self.names
            .insert(client.client_id.clone(), client.name().to_owned());
    }

    /// Registers a client behind the others.
    pub fn add(&mut self, client: Client) {
        self.note(&client);
        self.clients.change().push(client);
    }

    /// Puts a client in the place of the one at `index`; its old secret spreads away. Says whether that changed
    /// anything.
    pub fn replace(&mut self, index: usize, client: Client) -> bool {
        let before = &self.clients.now()[index];
        if *before == client {
            return false;
        }
        if before.client_secret != client.client_secret {
            let old = (Instant::now(), before.client_secret.clone());
            self.replaced
                .entry(client.client_id.clone())
                .or_default()
                .push(old);
        }
        self.note(&client);
        self.clients.change()[index] = client;
        true
    }

    /// Where a client is.
    pub fn position(&self, client_id: &str) -> Option<usize> {
        let clients = self.clients.now();
        clients.iter().position(|client| client.client_id == client_id)
    }

    /// The name of the client that has or had an id.
    pub fn name_of(&self, client_id: &str) -> Option<String> {
        self.names.get(client_id).cloned()
    }

    /// The clients that a list shows; the global one has a place of its own.
    pub fn listed(&self, switches: &Switches, order: ListOrder) -> Vec<Client> {
        let (mut global, mut clients): (Vec<_>, Vec<_>) = self
            .clients
            .seen(switches.read_lag_ms)
            .iter()
            .cloned()
            .partition(|client| client.global);
        sort(&mut clients, order, Client::name);
        match switches.global_shown {
            GlobalShown::Last => clients.append(&mut global),
            GlobalShown::First => clients.splice(0..0, global).for_each(drop),
            GlobalShown::Absent => {}
        }
        clients
    }

    /// Where an API is that is called by its id or its identifier.
    pub fn api_position(&self, name: &str) -> Option<usize> {
        let apis = self.apis.now();
        apis.iter().position(|api| api.is(name))
    }

    /// Lets the next node answer token requests.
    pub fn next_node(&mut self) {
        self.turn += 1;
    }

    /// The secrets of a client that the token endpoint takes now.
    pub fn good_secrets(&self, switches: &Switches, client: &Client) -> Vec<String> {
        let spread = Duration::from_millis(switches.spread_ms);
        let replaced = self.replaced.get(&client.client_id).into_iter().flatten();
        let mut old = replaced
            .filter(|(at, _)| at.elapsed() < spread)
            .map(|(_, old)| old);
        let now = client.client_secret.clone();
        let Some(oldest) = old.next().cloned() else {
            return vec![now];
        };
        match switches.spread {
            Spread::Either => old.cloned().chain([oldest, now]).collect(),
            Spread::OldFirst => vec![oldest],
            Spread::InTurn if self.turn % 2 == 1 => vec![oldest],
            Spread::InTurn => vec![now],
        }
    }

    /// Keeps a token.
    pub fn issue(&mut self, text: String, token: Token) {
        self.secrets.push(text.clone());
        self.tokens.insert(text, token);
    }

    /// Ends all tokens.
    pub fn end_tokens(&mut self) {
        self.tokens.clear();
    }
}

/// A new secret.
pub fn new_secret(switches: &Switches) -> String {
    secret(SECRET_LENGTH, switches.secret_alphabet)
}

/// A client with a new id and a new secret.
pub fn made_up(switches: &Switches, document: Map<String, Value>) -> Client {
    Client {
        client_id: random(ID_LENGTH, ALPHANUMERIC),
        client_secret: new_secret(switches),
        global: false,
        document,
        credentials: Vec::new(),
    }
}

/// The tenant's own client.
pub fn global_client(switches: &Switches) -> Client {
    let document = json!({ "name": "All Applications", "callbacks": [], "is_first_party": true });
    let document = match document {
        Value::Object(document) => document,
        _ => Map::new(),
    };
    Client {
        global: true,
        ..made_up(switches, document)
    }
}

/// A new id of a credential.
pub fn credential_id() -> String {
    format!("cred_{}", random(CREDENTIAL_ID_LENGTH, ALPHANUMERIC))
}

/// A new id of a grant.
pub fn grant_id() -> String {
    format!("cgr_{}", random(GRANT_ID_LENGTH, ALPHANUMERIC))
}

/// A new id of an API.
pub fn api_id() -> String {
    random(API_ID_LENGTH, HEXADECIMAL)
}
