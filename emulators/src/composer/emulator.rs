//! What a test can do with a running Composer emulator beside what it can do with every one.

use std::io;

use tokio::net::TcpListener;

use super::access::Administrator;
use super::clients::handle_of;
use super::state::{Client, Session, User};
use super::{API, Composer, Config, Switches};

/// A running Composer emulator. It stops when this is dropped.
pub type Emulator = crate::emulator::Emulator<Composer>;

impl Emulator {
    /// Starts one; it listens when this returns.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        Self::run(listener, Composer::new(config))
    }

    /// How the product is reached: address and context path.
    pub fn base_url(&self) -> String {
        self.url() + &self.hub.server.config.context_path
    }

    /// What `/clients`, `/pull/tokens` and `/tokens` are below of.
    pub fn api_url(&self) -> String {
        self.base_url() + API
    }

    /// All clients, oldest first, with their secrets.
    pub fn clients(&self) -> Vec<Client> {
        self.hub.server.inner().store.clients.now().to_vec()
    }

    /// All clients of a name.
    pub fn clients_named(&self, name: &str) -> Vec<Client> {
        let mut clients = self.clients();
        clients.retain(|client| client.client_name == name);
        clients
    }

    /// What a client is called in paths.
    pub fn handle(&self, client: &Client) -> String {
        handle_of(client, self.hub.server.inner().switches.handle).to_owned()
    }

    /// Every secret, token and session that was issued since the start or the last reset, those that work no more
    /// included: for a test that looks for them where they must not be.
    pub fn credentials(&self) -> Vec<String> {
        self.hub.server.inner().store.credentials.clone()
    }

    /// Whether a pair would get a token, were the licence valid.
    pub fn verify_pair(&self, client_id: &str, client_secret: &str) -> bool {
        self.hub.server.inner().knows_pair(client_id, client_secret)
    }

    /// How many tokens there are that nobody revoked.
    pub fn tokens(&self) -> usize {
        self.hub.server.inner().store.tokens.len()
    }

    /// Registers a client behind everybody's back, even if the name is taken.
    pub fn add_client(&self, name: &str, validity: u32) -> Client {
        let mut inner = self.hub.server.inner();
        let switches = inner.switches.clone();
        inner.store.add(&switches, name, validity)
    }

    /// Changes clients behind everybody's back.
    pub fn edit_clients(&self, edit: impl FnOnce(&mut Vec<Client>)) {
        edit(self.hub.server.inner().store.clients.change());
    }

    /// All users.
    pub fn users(&self) -> Vec<User> {
        self.hub.server.inner().store.users.clone()
    }

    /// Changes users behind everybody's back.
    pub fn edit_users(&self, edit: impl FnOnce(&mut Vec<User>)) {
        edit(&mut self.hub.server.inner().store.users);
    }

    /// Begins a session of the administrator.
    pub fn begin_session(&self) -> Session {
        self.hub.server.inner().store.begin_session()
    }

    /// Ends all sessions.
    pub fn end_sessions(&self) {
        self.hub.server.inner().store.sessions.clear();
    }

    /// Changes the credential of the management API.
    pub fn set_administrator(&self, username: &str, password: &str) {
        self.hub.server.inner().administrator = Administrator {
            username: username.to_owned(),
            password: password.to_owned(),
        };
    }

    /// Lets a test turn switches.
    pub fn switch(&self, turn: impl FnOnce(&mut Switches)) {
        turn(&mut self.hub.server.inner().switches);
    }
}
