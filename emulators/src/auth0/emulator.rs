//! What a test can do with a running Auth0 emulator beside what it can do with every one.

use std::io;

use tokio::net::TcpListener;

use super::seeds::named;
use super::state::{Api, Client, Grant};
use super::{API, Auth0, Config, Switches, TOKEN_PATH};

/// A running Auth0 emulator. It stops when this is dropped.
pub type Emulator = crate::emulator::Emulator<Auth0>;

impl Emulator {
    /// Starts one; it listens when this returns.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let server = Auth0::new(config, address)?;
        Self::run(listener, server)
    }

    /// What `/clients` is below of.
    pub fn api_url(&self) -> String {
        self.url() + API
    }

    /// The token endpoint.
    pub fn token_url(&self) -> String {
        self.url() + TOKEN_PATH
    }

    /// The tenant's own address, without a slash at the end.
    pub fn tenant_url(&self) -> String {
        self.hub.server.addresses.tenant.clone()
    }

    /// The audience of the Management API.
    pub fn audience(&self) -> String {
        self.hub.server.addresses.management()
    }

    /// All clients, oldest first, with their secrets; that of the operator and the global one among them.
    pub fn clients(&self) -> Vec<Client> {
        self.hub.server.inner().store.clients.now().to_vec()
    }

    /// All clients of a name.
    pub fn clients_named(&self, name: &str) -> Vec<Client> {
        let mut clients = self.clients();
        clients.retain(|client| client.name() == name);
        clients
    }

    /// All grants, oldest first; that of the operator among them.
    pub fn grants(&self) -> Vec<Grant> {
        self.hub.server.inner().store.grants.now().to_vec()
    }

    /// All APIs, oldest first; the Management API among them.
    pub fn apis(&self) -> Vec<Api> {
        self.hub.server.inner().store.apis.now().to_vec()
    }

    /// Every secret that was set and every token that was issued since the start or the last reset, those that work
    /// no more included: for a test that looks for them where they must not be.
    pub fn credentials(&self) -> Vec<String> {
        self.hub.server.inner().store.secrets.clone()
    }

    /// Whether a client could authenticate with a secret, old ones that still spread away included.
    pub fn verify_pair(&self, client_id: &str, client_secret: &str) -> bool {
        self.hub.server.inner().knows_pair(client_id, client_secret)
    }

    /// Registers a client behind everybody's back.
    pub fn add_client(&self, name: &str) -> Client {
        let mut inner = self.hub.server.inner();
        let client = named(&inner.switches, name);
        inner.store.add(client.clone());
        client
    }

    /// Changes clients behind everybody's back; old secrets are void at once.
    pub fn edit_clients(&self, edit: impl FnOnce(&mut Vec<Client>)) {
        edit(self.hub.server.inner().store.clients.change());
    }

    /// Changes grants behind everybody's back.
    pub fn edit_grants(&self, edit: impl FnOnce(&mut Vec<Grant>)) {
        edit(self.hub.server.inner().store.grants.change());
    }

    /// Changes APIs behind everybody's back.
    pub fn edit_apis(&self, edit: impl FnOnce(&mut Vec<Api>)) {
        edit(self.hub.server.inner().store.apis.change());
    }

    /// Ends all tokens before their time.
    pub fn end_tokens(&self) {
        self.hub.server.inner().store.end_tokens();
    }

    /// Lets a test turn switches.
    pub fn switch(&self, turn: impl FnOnce(&mut Switches)) {
        turn(&mut self.hub.server.inner().switches);
    }
}
