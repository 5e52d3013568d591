//! What the server remembers: clients, users, tokens and sessions.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::choices::{Handle, NameCase};
use super::switches::Switches;
use crate::lagged::Lagged;
use crate::random::{URL_SAFE, random, secret};

const ID_LENGTH: usize = 32;
const SECRET_LENGTH: usize = 40;
const TOKEN_LENGTH: usize = 43;

/// A registered client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Client {
    /// An id of its own, where the server has one.
    pub id: String,
    /// One half of the pair.
    pub client_id: String,
    /// The other half; the real server keeps a hash only.
    pub client_secret: String,
    /// Its name.
    pub client_name: String,
    /// How long its tokens are good, in seconds.
    pub access_token_validity_seconds: u32,
    /// When its secret ends, in seconds since 1970; 0 for never.
    pub client_secret_expires_at: i64,
    /// Whether somebody scoped it to accounts.
    pub scoped: bool,
}

impl Client {
    /// Whether a handle means it.
    pub fn is_at(&self, handle: Handle, text: &str) -> bool {
        match handle {
            Handle::ClientId | Handle::ClientIdOfTwo => self.client_id == text,
            Handle::OtherId => self.id == text,
            Handle::Either => self.client_id == text || self.id == text,
        }
    }

    /// Whether the secret has ended.
    pub fn secret_has_expired(&self) -> bool {
        let expires = self.client_secret_expires_at;
        expires != 0 && expires <= Timestamp::now().as_second()
    }
}

/// A user of the product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name.
    pub username: String,
    /// The account that it belongs to.
    pub account: String,
    /// Whether it is a supervisor, for whom there are no tokens.
    #[serde(default)]
    pub supervisor: bool,
    /// How often a push created or overwrote it.
    #[serde(default)]
    pub pushed: u64,
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its id, where that is not the token itself.
    pub id: String,
    /// The client that asked for it.
    pub client_id: String,
    /// The user that it is for.
    pub username: String,
    /// Until when.
    pub expires: Instant,
}

/// A session of an administrator.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The value of the cookie.
    pub cookie: String,
    /// The token that changes need.
    pub csrf_token: String,
    /// When it began.
    pub since: Instant,
}

impl Session {
    /// One that begins now.
    pub fn new(cookie: String, csrf_token: String) -> Self {
        Self {
            cookie,
            csrf_token,
            since: Instant::now(),
        }
    }

    fn is_alive(&self, seconds: u64) -> bool {
        seconds == 0 || self.since.elapsed() < Duration::from_secs(seconds)
    }
}

/// Everything in memory.
pub struct Store {
    /// Clients, oldest first.
    pub clients: Lagged<Client>,
    /// Users.
    pub users: Vec<User>,
    /// Accounts that there are beside those of users.
    pub accounts: Vec<String>,
    /// Tokens by their text.
    pub tokens: HashMap<String, Token>,
    /// Sessions that nobody ended.
    pub sessions: Vec<Session>,
    /// Every secret, token and session that was ever made up here.
    pub credentials: Vec<String>,
    /// Names of clients by either id, of deleted ones too.
    names: HashMap<String, String>,
}

impl Store {
    /// A store with what was there before.
    pub fn new(clients: Vec<Client>, users: Vec<User>, accounts: Vec<String>) -> Self {
        let mut store = Self {
            clients: Lagged::new(Vec::new()),
            users,
            accounts,
            tokens: HashMap::new(),
            sessions: Vec::new(),
            credentials: Vec::new(),
            names: HashMap::new(),
        };
        for client in &clients {
            store.note(client);
        }
        store.clients = Lagged::new(clients);
        store
    }

    fn note(&mut self, client: &Client) {
        self.credentials.push(client.client_secret.clone());
        for id in [&client.id, &client.client_id] {
            self.names.insert(id.clone(), client.client_name.clone());
        }
    }

    /// Registers a client behind the others and returns it.
    pub fn add(&mut self, switches: &Switches, name: &str, validity: u32) -> Client {
        let client = made_up(switches, name, validity);
        self.note(&client);
        self.clients.change().push(client.clone());
        client
    }

    /// Gives the client at a place a new secret.
    pub fn replace_secret(&mut self, switches: &Switches, index: usize) {
        let secret = secret(SECRET_LENGTH, switches.secret_alphabet);
        self.credentials.push(secret.clone());
        let client = &mut self.clients.change()[index];
        client.client_secret = secret;
        client.client_secret_expires_at = expiry(switches);
    }

    /// Where the client is that a handle means.
    pub fn position(&self, handle: Handle, text: &str) -> Option<usize> {
        let clients = self.clients.now();
        clients.iter().position(|client| client.is_at(handle, text))
    }

    /// Where the client of a name is.
    pub fn position_named(&self, case: NameCase, name: &str) -> Option<usize> {
        let clients = self.clients.now();
        clients
            .iter()
            .position(|client| is_same(case, &client.client_name, name))
    }

    /// Whether any client has or had a name.
    pub fn knew_name(&self, case: NameCase, name: &str) -> bool {
        self.names.values().any(|known| is_same(case, known, name))
    }

    /// The name of the client that has or had an id.
    pub fn name_of(&self, id: &str) -> Option<String> {
        self.names.get(id).cloned()
    }

    /// Begins a session.
    pub fn begin_session(&mut self) -> Session {
        let session = Session::new(random(TOKEN_LENGTH, URL_SAFE), random(TOKEN_LENGTH, URL_SAFE));
        self.keep_session(session.clone());
        session
    }

    /// Adds a session that is known outside.
    pub fn keep_session(&mut self, session: Session) {
        self.credentials.push(session.cookie.clone());
        self.credentials.push(session.csrf_token.clone());
        self.sessions.push(session);
    }

    /// The session of a cookie, while it lasts.
    pub fn session(&self, cookie: &str, seconds: u64) -> Option<&Session> {
        let mut sessions = self.sessions.iter();
        sessions.find(|session| session.cookie == cookie && session.is_alive(seconds))
    }

    /// Whether an account is there.
    pub fn has_account(&self, account: &str) -> bool {
        let used = self.users.iter().any(|user| user.account == account);
        used || self.accounts.iter().any(|known| known == account)
    }

    /// Issues a token; returns its text and its id.
    pub fn issue(&mut self, client: &Client, username: &str) -> (String, String) {
        let (text, id) = (random(TOKEN_LENGTH, URL_SAFE), random(ID_LENGTH, URL_SAFE));
        let validity = Duration::from_secs(client.access_token_validity_seconds.into());
        let token = Token {
            id: id.clone(),
            client_id: client.client_id.clone(),
            username: username.to_owned(),
            expires: Instant::now() + validity,
        };
        self.credentials.push(text.clone());
        self.tokens.insert(text.clone(), token);
        (text, id)
    }
}

fn is_same(case: NameCase, one: &str, other: &str) -> bool {
    match case {
        NameCase::Exact => one == other,
        NameCase::Fold => one.to_lowercase() == other.to_lowercase(),
    }
}

/// A client with a new pair.
pub fn made_up(switches: &Switches, name: &str, validity: u32) -> Client {
    Client {
        id: random(ID_LENGTH, URL_SAFE),
        client_id: secret(ID_LENGTH, switches.id_alphabet),
        client_secret: secret(SECRET_LENGTH, switches.secret_alphabet),
        client_name: name.to_owned(),
        access_token_validity_seconds: validity,
        client_secret_expires_at: expiry(switches),
        scoped: false,
    }
}

fn expiry(switches: &Switches) -> i64 {
    match switches.secret_seconds {
        0 => 0,
        seconds => Timestamp::now().as_second().saturating_add_unsigned(seconds),
    }
}
