//! What a test can do with a running DigitalRoute emulator beside what it can do with every one.

use std::io;

use tokio::net::TcpListener;

use super::state::Client;
use super::{Auth, Config, DigitalRoute, Switches};

/// A running DigitalRoute emulator. It stops when this is dropped.
pub type Emulator = crate::emulator::Emulator<DigitalRoute>;

impl Emulator {
    /// Starts one; it listens when this returns.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        Self::run(listener, DigitalRoute::new(config))
    }

    /// What `/clients` and `/scope` are below of.
    pub fn api_url(&self) -> String {
        self.url() + &self.hub.server.config.api_prefix
    }

    /// The token endpoint.
    pub fn token_url(&self) -> String {
        self.url() + &self.hub.server.config.token_path
    }

    /// All clients, with their secrets.
    pub fn clients(&self) -> Vec<Client> {
        self.hub.server.clients()
    }

    /// All clients of a name.
    pub fn clients_named(&self, name: &str) -> Vec<Client> {
        self.clients()
            .into_iter()
            .filter(|client| client.client_name == name)
            .collect()
    }

    /// The provisioned scopes.
    pub fn scopes(&self) -> Vec<String> {
        self.hub.server.inner().store.scopes.clone()
    }

    /// Sets the provisioned scopes.
    pub fn set_scopes(&self, scopes: &[&str]) {
        self.hub.server.inner().store.scopes = scopes.iter().map(ToString::to_string).collect();
    }

    /// Every secret and token that was issued since the start or the last reset, those that work no more included: for
    /// a test that looks for them where they must not be.
    pub fn credentials(&self) -> Vec<String> {
        let store = &self.hub.server.inner().store;
        let tokens = store.tokens.keys();
        store.secrets.iter().chain(tokens).cloned().collect()
    }

    /// Changes a client behind everybody's back.
    pub fn edit_clients(&self, edit: impl FnOnce(&mut Vec<Client>)) {
        let mut inner = self.hub.server.inner();
        inner.store.remember();
        edit(&mut inner.store.clients);
    }

    /// Registers a client behind everybody's back.
    pub fn add_client(&self, name: &str, scope: &str) -> Client {
        let mut inner = self.hub.server.inner();
        let switches = inner.switches.clone();
        inner.store.add(&switches, name, scope.to_owned())
    }

    /// Lets a test turn switches.
    pub fn switch(&self, turn: impl FnOnce(&mut Switches)) {
        turn(&mut self.hub.server.inner().switches);
    }

    /// Changes the credential of the management API.
    pub fn set_auth(&self, auth: Auth) {
        self.hub.server.inner().auth = auth;
    }
}
