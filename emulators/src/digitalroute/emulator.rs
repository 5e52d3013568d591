//! The emulator for tests that run it in their own process.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::state::Client;
use super::{Auth, Config, DigitalRoute, Switches};
use crate::AuthServer as _;
use crate::hub::Hub;
use crate::journal::{Counters, Entry};
use crate::misbehave::{BadRule, Rule};
use crate::server::{self, Running};

/// A running emulator. It stops when this is dropped.
///
/// Everything that the control API can do over HTTP can be done here directly, without a request.
pub struct Emulator {
    hub: Arc<Hub<DigitalRoute>>,
    running: Running,
    api_prefix: String,
    token_path: String,
}

impl Emulator {
    /// Starts one; it listens when this returns.
    pub async fn start(config: Config) -> io::Result<Self> {
        let (api_prefix, token_path) = (config.api_prefix.clone(), config.token_path.clone());
        let listen = config.listen;
        let (hub, pauses) = Hub::new(DigitalRoute::new(config));
        let running = server::start(listen, Arc::clone(&hub), pauses).await?;
        Ok(Self {
            hub,
            running,
            api_prefix,
            token_path,
        })
    }

    /// Stops it and waits until it does not listen any more.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// What `/clients` and `/scope` are below of.
    pub fn api_url(&self) -> String {
        self.url() + &self.api_prefix
    }

    /// The token endpoint.
    pub fn token_url(&self) -> String {
        self.url() + &self.token_path
    }

    /// What the control API is below of.
    pub fn control_url(&self) -> String {
        self.url() + crate::control::PREFIX
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

    /// Adds a rule of misbehaviour and returns its id.
    pub fn misbehave(&self, rule: Rule) -> Result<u64, BadRule> {
        self.hub.rules().add(rule)
    }

    /// Removes all rules of misbehaviour.
    pub fn behave(&self) {
        self.hub.rules().clear();
    }

    /// Refuses connections for a while.
    pub fn refuse_connections(&self, pause: Duration) {
        self.hub.refuse_connections(pause);
    }

    /// The requests that came, oldest first.
    pub fn requests(&self) -> Vec<Entry> {
        self.hub.journal().entries().to_vec()
    }

    /// How often what was asked.
    pub fn counters(&self) -> Counters {
        self.hub.journal().counters().clone()
    }

    /// Forgets the requests, and nothing else.
    pub fn clear_requests(&self) {
        self.hub.journal().clear();
    }

    /// Back to how it was started.
    pub fn reset(&self) {
        self.hub.reset();
    }

    /// Everything, as the control API shows it.
    pub fn state(&self) -> serde_json::Value {
        self.hub.server.state()
    }
}
