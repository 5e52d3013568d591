//! What a test can do with a running emulator of dynamic registration beside what it can do with every one.

use std::io;

use serde_json::{Map, Value};
use tokio::net::TcpListener;

use super::manage_choices::UriForm;
use super::route::client_uri;
use super::state::Client;
use super::{Config, DynamicRegistration, InitialToken, REGISTER_PATH, Switches, TOKEN_PATH};

/// A running emulator of dynamic client registration. It stops when this is dropped.
pub type Emulator = crate::emulator::Emulator<DynamicRegistration>;

impl Emulator {
    /// Starts one; it listens when this returns.
    pub async fn start(config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        Self::run(listener, DynamicRegistration::new(config, address))
    }

    /// The issuer identifier.
    pub fn issuer(&self) -> String {
        self.hub.server.issuer()
    }

    /// The registration endpoint.
    pub fn registration_url(&self) -> String {
        self.issuer() + REGISTER_PATH
    }

    /// The token endpoint.
    pub fn token_url(&self) -> String {
        self.issuer() + TOKEN_PATH
    }

    /// All clients, oldest first, with their secrets and registration access tokens.
    pub fn clients(&self) -> Vec<Client> {
        self.hub.server.inner().store.clients.clone()
    }

    /// All clients of a `software_id`.
    pub fn clients_of_software(&self, software_id: &str) -> Vec<Client> {
        let mut clients = self.clients();
        clients.retain(|client| client.software_id() == Some(software_id));
        clients
    }

    /// Where a client is managed, at the emulator's own address and whatever its answers say of it.
    pub fn management_url(&self, client_id: &str) -> Option<String> {
        let inner = self.hub.server.inner();
        let mut place = inner.store.clients[inner.store.position(client_id)?]
            .place
            .clone();
        if let UriForm::Relative | UriForm::OtherOrigin = place.form {
            place.form = UriForm::Path;
        }
        Some(client_uri(
            &self.url(),
            &self.hub.server.config.issuer_path,
            &place,
        ))
    }

    /// Whether a pair would get a token, old secrets that still work included.
    pub fn verify_pair(&self, client_id: &str, client_secret: &str) -> bool {
        let inner = self.hub.server.inner();
        inner.store.check_pair(client_id, client_secret).is_some()
    }

    /// Every secret and token that was issued since the start or the last reset, those that work no more included: for
    /// a test that looks for them where they must not be.
    pub fn credentials(&self) -> Vec<String> {
        self.hub.server.inner().store.credentials.clone()
    }

    /// Registers a client behind everybody's back, its metadata unchecked.
    pub fn add_client(&self, metadata: Map<String, Value>) -> Client {
        let mut inner = self.hub.server.inner();
        let switches = inner.switches.clone();
        inner.store.add(&switches, metadata)
    }

    /// Changes a client behind everybody's back; says whether there is one of this id.
    pub fn edit_client(&self, client_id: &str, edit: impl FnOnce(&mut Client)) -> bool {
        let store = &mut self.hub.server.inner().store;
        let index = store.position(client_id);
        if let Some(index) = index {
            edit(&mut store.clients[index]);
        }
        index.is_some()
    }

    /// Removes a client behind everybody's back; says whether there was one of this id.
    pub fn remove_client(&self, client_id: &str) -> bool {
        self.hub.server.inner().store.remove(client_id)
    }

    /// Gives a client another secret behind everybody's back, and returns it if there is such a client.
    pub fn rotate_secret(&self, client_id: &str) -> Option<String> {
        let mut inner = self.hub.server.inner();
        let switches = inner.switches.clone();
        let index = inner.store.position(client_id)?;
        inner.store.replace_secret(&switches, index);
        inner.store.clients[index].client_secret.clone()
    }

    /// Changes the initial access token, or opens registration to everybody.
    pub fn set_initial_access_token(&self, token: Option<&str>) {
        self.hub.server.inner().initial = InitialToken::new(token.map(str::to_owned));
    }

    /// Lets a test turn switches.
    pub fn switch(&self, turn: impl FnOnce(&mut Switches)) {
        turn(&mut self.hub.server.inner().switches);
    }
}
