//! What a test can do with a running Cocoon emulator beside what it can do with every one.

use std::io;

use tokio::net::TcpListener;

use super::state::{App, User};
use super::{API, Cocoon, Config, Switches, TOKEN_PATH, there_before};

/// A running Cocoon emulator. It stops when this is dropped.
pub type Emulator = crate::emulator::Emulator<Cocoon>;

impl Emulator {
    /// Starts one; it listens when this returns.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        Self::run(listener, Cocoon::new(config))
    }

    /// How the access service is reached: address and context path.
    pub fn base_url(&self) -> String {
        self.url() + &self.hub.server.config.context_path
    }

    /// What `/clientapps` is below of.
    pub fn api_url(&self) -> String {
        self.base_url() + API
    }

    /// The token endpoint.
    pub fn token_url(&self) -> String {
        self.base_url() + TOKEN_PATH
    }

    /// All apps, oldest first, with their secrets; the first is the one that administrators log in with, unless
    /// somebody deleted it.
    pub fn clients(&self) -> Vec<App> {
        self.hub.server.inner().store.apps.now().to_vec()
    }

    /// All apps of a `clientId`.
    pub fn clients_of(&self, client_id: &str) -> Vec<App> {
        let mut apps = self.clients();
        apps.retain(|app| app.client_id == client_id);
        apps
    }

    /// All apps of an `appName`.
    pub fn clients_named(&self, name: &str) -> Vec<App> {
        let mut apps = self.clients();
        apps.retain(|app| app.app_name == name);
        apps
    }

    /// Every secret that was stored and every token that was issued since the start or the last reset, those that
    /// work no more included: for a test that looks for them where they must not be.
    pub fn credentials(&self) -> Vec<String> {
        self.hub.server.inner().store.credentials.clone()
    }

    /// Whether an app could ask for a token with a pair, old secrets that still work included.
    pub fn verify_pair(&self, client_id: &str, client_secret: &str) -> bool {
        self.hub.server.inner().knows_pair(client_id, client_secret)
    }

    /// Registers an app behind everybody's back, named like its id, even if that is taken.
    pub fn add_client(&self, client_id: &str, client_secret: &str) -> App {
        let mut inner = self.hub.server.inner();
        let switches = inner.switches.clone();
        inner.store.add(&switches, there_before(client_id, client_secret))
    }

    /// Changes apps behind everybody's back.
    pub fn edit_clients(&self, edit: impl FnOnce(&mut Vec<App>)) {
        edit(self.hub.server.inner().store.apps.change());
    }

    /// Changes users behind everybody's back.
    pub fn edit_users(&self, edit: impl FnOnce(&mut Vec<User>)) {
        edit(&mut self.hub.server.inner().store.users);
    }

    /// Ends all access tokens, as a restart of the server may; refresh tokens too if that is wanted.
    pub fn end_tokens(&self, refresh_tokens: bool) {
        self.hub.server.inner().end_tokens(refresh_tokens);
    }

    /// Lets a test turn switches.
    pub fn switch(&self, turn: impl FnOnce(&mut Switches)) {
        turn(&mut self.hub.server.inner().switches);
    }
}
