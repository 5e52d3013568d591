//! A running emulator, for tests that run it in their own process.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::AuthServer;
use crate::hub::Hub;
use crate::journal::{Counters, Entry};
use crate::misbehave::{BadRule, Rule};
use crate::server::{self, Running};

/// A running emulator of a server. It stops when this is dropped.
///
/// Everything that the control API can do over HTTP can be done here directly, without a request. What only
/// one server has is in that server's module.
pub struct Emulator<S> {
    pub(crate) hub: Arc<Hub<S>>,
    running: Running,
}

impl<S: AuthServer> Emulator<S> {
    /// Lets a server answer on a listener; it may be one of a test's own, which sends on what it is asked.
    pub fn run(listener: TcpListener, server: S) -> io::Result<Self> {
        let (hub, pauses) = Hub::new(server);
        let running = server::start(listener, Arc::clone(&hub), pauses)?;
        Ok(Self { hub, running })
    }

    /// Stops it and waits until it does not listen any more.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// What the control API is below of.
    pub fn control_url(&self) -> String {
        self.url() + crate::control::PREFIX
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
