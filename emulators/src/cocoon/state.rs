//! What the server remembers: apps, users, tokens, replaced secrets.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::choices::InfoId;
use super::switches::Switches;
use crate::lagged::Lagged;
use crate::random::{URL_SAFE, random, uuid};

const TOKEN_LENGTH: usize = 43;

/// A registered app, which is an OAuth client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// What it is called in paths.
    pub client_info_id: String,
    /// The name that users see.
    pub app_name: String,
    /// One half of the pair.
    pub client_id: String,
    /// The other half.
    pub client_secret: String,
    /// Its grant types, and what else is switched on for it.
    pub authorized_grant_types: Vec<String>,
    /// How long its tokens are good, in seconds.
    pub access_token_validity_seconds: u32,
    /// How long its refresh tokens are good, in seconds.
    pub refresh_token_validity_seconds: Option<u32>,
    /// Its redirect URIs.
    pub registered_redirect_uris: Vec<String>,
    /// Whether it may ask for tokens.
    pub enabled: bool,
}

impl App {
    /// Whether it has a grant type.
    pub fn may(&self, grant: &str) -> bool {
        self.authorized_grant_types.iter().any(|own| own == grant)
    }
}

/// A user of the product.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
    /// Whether it may manage apps.
    #[serde(default)]
    pub administrator: bool,
    /// Whether it has a second factor, and so a restricted token first.
    #[serde(default)]
    pub two_factor: bool,
}

/// A token that was issued, or a refresh token, or an authorization code.
#[derive(Clone, Debug)]
pub struct Token {
    /// The app that asked for it.
    pub client_id: String,
    /// The user that it stands for.
    pub username: String,
    /// Whether it is good for nothing before the second factor came.
    pub restricted: bool,
    /// Until when.
    pub expires: Instant,
}

impl Token {
    /// One that is good for so many seconds from now on.
    pub fn new(client_id: &str, username: &str, restricted: bool, seconds: u32) -> Self {
        Self {
            client_id: client_id.to_owned(),
            username: username.to_owned(),
            restricted,
            expires: Instant::now() + Duration::from_secs(seconds.into()),
        }
    }

    /// Whether it has not ended.
    pub fn is_alive(&self) -> bool {
        Instant::now() < self.expires
    }
}

/// A secret that was replaced and still authenticates for a while.
#[derive(Clone, Debug)]
struct OldSecret {
    client_id: String,
    client_secret: String,
    until: Instant,
}

/// Everything in memory.
pub struct Store {
    /// Apps, oldest first.
    pub apps: Lagged<App>,
    /// Users.
    pub users: Vec<User>,
    /// Access tokens by their text.
    pub tokens: HashMap<String, Token>,
    /// Refresh tokens by their text.
    pub refresh_tokens: HashMap<String, Token>,
    /// Authorization codes by their text.
    pub codes: HashMap<String, Token>,
    /// Every secret that was stored and every token that was made up here.
    pub credentials: Vec<String>,
    /// The `clientId` of every app that ever was.
    pub known_ids: HashSet<String>,
    old_secrets: Vec<OldSecret>,
    names: HashMap<String, String>,
    last_id: u64,
}

impl Store {
    /// A store with users and no apps.
    pub fn new(users: Vec<User>) -> Self {
        Self {
            apps: Lagged::new(Vec::new()),
            users,
            tokens: HashMap::new(),
            refresh_tokens: HashMap::new(),
            codes: HashMap::new(),
            credentials: Vec::new(),
            known_ids: HashSet::new(),
            old_secrets: Vec::new(),
            names: HashMap::new(),
            last_id: 0,
        }
    }

    /// Registers an app behind the others, under an id of the server's, and returns it.
    pub fn add(&mut self, switches: &Switches, app: App) -> App {
        self.last_id += 1;
        let client_info_id = match switches.info_id {
            InfoId::Number | InfoId::Text => self.last_id.to_string(),
            InfoId::Uuid => uuid(),
        };
        let app = App {
            client_info_id,
            ..app
        };
        self.note(&app);
        self.apps.change().push(app.clone());
        app
    }

    /// Puts an app in the place of the one at an index; its old secret lives on as the switches say.
    pub fn replace(&mut self, switches: &Switches, index: usize, app: App) {
        let before = self.apps.now()[index].clone();
        if before.client_secret != app.client_secret {
            self.old_secrets.push(OldSecret {
                client_id: before.client_id,
                client_secret: before.client_secret,
                until: Instant::now() + Duration::from_secs(switches.old_secret_seconds),
            });
        }
        self.note(&app);
        self.apps.change()[index] = app;
    }

    fn note(&mut self, app: &App) {
        self.credentials.push(app.client_secret.clone());
        self.known_ids.insert(app.client_id.clone());
        for id in [&app.client_info_id, &app.client_id] {
            self.names.insert(id.clone(), app.app_name.clone());
        }
    }

    /// Where the app is that a path means.
    pub fn position(&self, client_info_id: &str) -> Option<usize> {
        let apps = self.apps.now();
        apps.iter().position(|app| app.client_info_id == client_info_id)
    }

    /// Where the app of a `clientId` is.
    pub fn position_of(&self, client_id: &str) -> Option<usize> {
        let apps = self.apps.now();
        apps.iter().position(|app| app.client_id == client_id)
    }

    /// The name of the app that has or had an id.
    pub fn name_of(&self, id: &str) -> Option<String> {
        self.names.get(id).cloned()
    }

    /// The app that authenticates with a pair, disabled or not. Old secrets count while they live.
    pub fn authenticate(&self, client_id: &str, client_secret: &str) -> Option<&App> {
        let mut apps = self.apps.now().iter().filter(|app| app.client_id == client_id);
        let old = self.old_secrets.iter().any(|old| {
            old.client_id == client_id && old.client_secret == client_secret && Instant::now() < old.until
        });
        let has_secret = !client_secret.is_empty();
        apps.find(|app| has_secret && (app.client_secret == client_secret || old))
    }

    /// The user of a name.
    pub fn user(&self, username: &str) -> Option<&User> {
        self.users.iter().find(|user| user.username == username)
    }

    /// The text of a new token, which is remembered as a credential.
    pub fn new_text(&mut self) -> String {
        let text = random(TOKEN_LENGTH, URL_SAFE);
        self.credentials.push(text.clone());
        text
    }
}
