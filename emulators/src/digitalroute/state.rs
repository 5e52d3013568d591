//! What the server remembers: clients, scopes, replaced pairs and tokens.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::choices::{NameCase, RotateChanges, SameName};
use super::switches::Switches;
pub use crate::random::random;
use crate::random::{URL_SAFE, secret};
use crate::switch::Either;

/// How many changes back a lagging reader can see.
const HISTORY: usize = 256;
const ID_LENGTH: usize = 36;
const SECRET_LENGTH: usize = 50;

/// A registered client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its name, which is its handle.
    pub client_name: String,
    /// One half of the pair.
    pub client_id: String,
    /// The other half.
    pub client_secret: String,
    /// Its scopes, separated by blanks, as they were given.
    pub scope: String,
}

/// A pair that was replaced and still works for a while.
#[derive(Clone, Debug, Serialize)]
pub struct OldPair {
    /// The client's name.
    pub client_name: String,
    /// The id.
    pub client_id: String,
    /// The secret.
    pub client_secret: String,
    /// When it stops.
    #[serde(skip)]
    pub until: Instant,
}

impl OldPair {
    /// Whether it still works.
    pub fn is_alive(&self) -> bool {
        Instant::now() < self.until
    }
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct Token {
    /// The name of the client that asked for it.
    pub client_name: String,
    /// The id that it asked with.
    pub client_id: String,
    /// What it is good for.
    pub scope: String,
    /// Until when.
    pub expires: Instant,
}

/// Everything in memory.
#[derive(Debug, Default)]
pub struct Store {
    /// Clients, oldest first.
    pub clients: Vec<Client>,
    /// Provisioned scopes, oldest first.
    pub scopes: Vec<String>,
    /// Pairs that were replaced.
    pub old_pairs: Vec<OldPair>,
    /// Tokens by their text.
    pub tokens: HashMap<String, Token>,
    /// Every secret that was ever made up here.
    pub secrets: Vec<String>,
    history: Vec<(Instant, Vec<Client>)>,
}

/// More than one client has the name, and the server gives up with this status.
#[derive(Debug)]
pub struct Ambiguous(pub u16);

impl Store {
    /// A store with provisioned scopes and no clients.
    pub fn with_scopes(scopes: &[String]) -> Self {
        Self {
            scopes: scopes.to_vec(),
            ..Self::default()
        }
    }

    /// The clients as a reader sees them.
    pub fn visible(&self, lag_ms: u64) -> &[Client] {
        let lag = Duration::from_millis(lag_ms);
        // A change that is younger than the lag is not seen yet, so what was there before it counts.
        let unseen = self.history.iter().find(|(at, _)| at.elapsed() < lag);
        unseen.map_or(&self.clients, |(_, before)| before)
    }

    /// Must be called before the clients are changed.
    pub fn remember(&mut self) {
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push((Instant::now(), self.clients.clone()));
    }

    /// Registers a client behind the others and returns it.
    pub fn add(&mut self, switches: &Switches, name: &str, scope: String) -> Client {
        let client = Client {
            client_name: name.to_owned(),
            client_id: random(ID_LENGTH, URL_SAFE),
            client_secret: self.new_secret(switches),
            scope,
        };
        self.remember();
        self.clients.push(client.clone());
        client
    }

    /// Gives the client at a place a new pair and lets the old one live on as the switches say.
    pub fn replace_pair(&mut self, switches: &Switches, index: usize, changes: RotateChanges) {
        self.remember();
        let secret = self.new_secret(switches);
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        let until = Instant::now() + Duration::from_secs(switches.old_pair_seconds);
        self.old_pairs.push(OldPair {
            client_name: client.client_name.clone(),
            client_id: client.client_id.clone(),
            client_secret: client.client_secret.clone(),
            until,
        });
        client.client_secret = secret;
        if changes == RotateChanges::Both {
            client.client_id = random(ID_LENGTH, URL_SAFE);
        }
    }

    fn new_secret(&mut self, switches: &Switches) -> String {
        let secret = secret(SECRET_LENGTH, switches.secret_alphabet);
        self.secrets.push(secret.clone());
        secret
    }

    /// Removes the clients for which `gone` holds, with their replaced pairs; says how many there were.
    pub fn remove(&mut self, gone: impl Fn(usize, &Client) -> bool) -> usize {
        self.remember();
        let before = self.clients.len();
        let mut index = 0;
        let mut names = Vec::new();
        self.clients.retain(|client| {
            let remove = gone(index, client);
            index += 1;
            if remove {
                names.push(client.client_name.clone());
            }
            !remove
        });
        self.old_pairs.retain(|pair| !names.contains(&pair.client_name));
        before - self.clients.len()
    }

    /// The name of the client that a pair gets tokens for, and its scopes. Old pairs count while they live.
    pub fn check_pair(&self, id: &str, secret: &str) -> Option<(String, String)> {
        let fits = |client: &&Client| client.client_id == id && client.client_secret == secret;
        if let Some(client) = self.clients.iter().find(fits) {
            return Some((client.client_name.clone(), client.scope.clone()));
        }
        let alive = |pair: &&OldPair| pair.client_id == id && pair.client_secret == secret && pair.is_alive();
        let old = self.old_pairs.iter().find(alive)?;
        let client = self
            .clients
            .iter()
            .find(|client| client.client_name == old.client_name)?;
        Some((old.client_name.clone(), client.scope.clone()))
    }

    /// The name of the client that has or had an id.
    pub fn name_of(&self, id: &str) -> Option<String> {
        let current = self.clients.iter().find(|client| client.client_id == id);
        let old = || self.old_pairs.iter().find(|pair| pair.client_id == id);
        current
            .map(|client| client.client_name.clone())
            .or_else(|| old().map(|pair| pair.client_name.clone()))
    }
}

/// Where in a list of clients the one of a name is.
pub fn find(clients: &[Client], switches: &Switches, name: &str) -> Result<Option<usize>, Ambiguous> {
    let same = |client: &Client| match switches.name_case {
        NameCase::Exact => client.client_name == name,
        NameCase::Fold => client.client_name.to_lowercase() == name.to_lowercase(),
    };
    let first = clients.iter().position(same);
    let last = clients.iter().rposition(same);
    match switches.same_name_lookup {
        Either::Refuse(status) if first != last => Err(Ambiguous(status)),
        Either::Do(SameName::Last) => Ok(last),
        Either::Refuse(_) | Either::Do(SameName::First) => Ok(first),
    }
}
