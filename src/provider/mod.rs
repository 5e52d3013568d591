//! The port to authorization servers, and the adapters behind it.
//!
//! An adapter turns [`Query`] and [`Request`], which know no wire format, into calls of one management API, and what
//! comes back into model types or a [`Fault`]. It makes no decision: no retry, no second mutating call, no guess.
//! The port knows no Kubernetes type.

mod absence;
pub mod address;
mod auth0;
#[cfg(test)]
pub(crate) mod bench;
mod cocoon;
mod composer;
pub mod connect;
pub mod digitalroute;
pub mod docs;
pub mod dynamic_registration;
pub mod gate;
pub mod http;
mod hydra;
mod keycloak;
pub mod login;
#[cfg(test)]
pub(crate) mod memory;
pub mod pages;
mod token;
pub mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::model::percent;
use crate::model::{
    Answer, Candidate, Capabilities, Endpoints, Fault, Handle, RemoteClient, Request, TokenRequest,
    Verification,
};

/// One configured authorization server.
///
/// Reads fail with `Unavailable`, `Denied`, `Throttled` or `Invalid`, never with `OutcomeUnknown`. A mutating call
/// fails with `OutcomeUnknown` unless it is certain that nothing was done.
#[async_trait]
pub trait Provider: Send + Sync {
    /// What this server can do.
    fn capabilities(&self) -> &Capabilities;

    /// What the server's own metadata tells of its addresses. `None` until it was read, which [`Provider::check`] does;
    /// without metadata there is nothing to wait for.
    fn endpoints(&self) -> Option<Endpoints> {
        Some(Endpoints::default())
    }

    /// Whether the management API answers and takes our credential; the cheapest authenticated read.
    async fn check(&self) -> Result<(), Fault>;

    /// One client, or its *proven* absence (`None`): an item's 404 counts only beside a complete, well-formed list
    /// without it.
    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault>;

    /// The client that an attempt to register `candidate` made, or its proven absence.
    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault>;

    /// All clients: the complete, well-formed list, or a fault. Where [`Capabilities::can_list`] is false this is
    /// `Invalid`.
    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault>;

    /// The scopes that are provisioned; asked only where [`Capabilities::scopes`] says that there are such.
    async fn scopes(&self) -> Result<BTreeSet<String>, Fault>;

    /// Asks the token endpoint for a token. Asked only where [`Capabilities::can_verify`] is true. What
    /// the endpoint says, and that it says nothing, is a [`Verification`]; a fault is about the server, as `Throttled` is.
    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault>;

    /// Sends one mutating call and waits for its answer for at most `within`.
    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault>;
}

/// Reads that prepare or judge a change take no more time than the change has.
async fn in_time<T>(deadline: Instant, read: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    match tokio::time::timeout_at(deadline, read).await {
        Ok(result) => result,
        Err(_) => Err(Fault::Unavailable("no answer in time".to_owned())),
    }
}

/// What is left of the time for a call that is sent next. A change that is not sent is known not to be done.
fn time_for(what: &str, deadline: Instant) -> Result<Duration, Fault> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Err(Fault::Unavailable(format!("no time was left for {what}")));
    }
    Ok(left)
}
