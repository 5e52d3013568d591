//! What a test can do with a running Hydra emulator beside what it can do with every one.

use std::io;

use tokio::net::TcpListener;

use super::state::Client;
use super::{Config, Hydra, Switches, TOKEN_PATH, there_before};

/// A running Hydra emulator. It stops when this is dropped.
pub type Emulator = crate::emulator::Emulator<Hydra>;

impl Emulator {
    /// Starts one; it listens when this returns.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        Self::run(listener, Hydra::new(config, address))
    }

    /// What `/admin/clients` is below of.
    pub fn admin_url(&self) -> String {
        self.url() + &self.hub.server.config.admin_path
    }

    /// What `/oauth2/token` is below of, as the server says it.
    pub fn public_url(&self) -> String {
        self.hub.server.public_url.clone()
    }

    /// The token endpoint, where it listens.
    pub fn token_url(&self) -> String {
        self.url() + &self.hub.server.config.public_path + TOKEN_PATH
    }

    /// All clients, oldest first, with their secrets.
    pub fn clients(&self) -> Vec<Client> {
        self.hub.server.inner().store.clients.now().to_vec()
    }

    /// The client of an id.
    pub fn client(&self, client_id: &str) -> Option<Client> {
        let mut clients = self.clients().into_iter();
        clients.find(|client| client.client_id == client_id)
    }

    /// All clients of a name.
    pub fn clients_named(&self, name: &str) -> Vec<Client> {
        let mut clients = self.clients();
        clients.retain(|client| client.text("client_name") == Some(name));
        clients
    }

    /// Every secret that was stored and every token that was made up since the start or the last reset, those that
    /// work no more included: for a test that looks for them where they must not be.
    pub fn credentials(&self) -> Vec<String> {
        self.hub.server.inner().store.credentials.clone()
    }

    /// Whether a client could ask for a token with a pair; rotated secrets count.
    pub fn verify_pair(&self, client_id: &str, client_secret: &str) -> bool {
        self.hub.server.inner().knows_pair(client_id, client_secret)
    }

    /// Registers a client behind everybody's back; its secret is `secret-of-` and the id.
    pub fn add_client(&self, client_id: &str) -> Client {
        let client = there_before(client_id);
        self.hub.server.inner().store.add(client.clone());
        client
    }

    /// Changes clients behind everybody's back.
    pub fn edit_clients(&self, edit: impl FnOnce(&mut Vec<Client>)) {
        edit(self.hub.server.inner().store.clients.change());
    }

    /// Sets the token that the admin API needs; `None` opens it.
    pub fn set_bearer_token(&self, token: Option<String>) {
        self.hub.server.inner().bearer_token = token;
    }

    /// Lets a test turn switches.
    pub fn switch(&self, turn: impl FnOnce(&mut Switches)) {
        turn(&mut self.hub.server.inner().switches);
    }
}
