//! The scopes of a server, remembered for a short while: a thousand new clients need not ask a thousand times.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use crate::model::{
    Answer, Candidate, Capabilities, Endpoints, Fault, Handle, RemoteClient, Request, TokenRequest,
    Verification,
};
use crate::provider::Provider;

/// Scopes are asked for again after this.
const KEPT: Duration = Duration::from_secs(10);

/// A provider whose scopes are remembered. Everything else goes straight through.
pub struct RememberedScopes {
    provider: Arc<dyn Provider>,
    scopes: Mutex<Option<(Instant, BTreeSet<String>)>>,
}

impl RememberedScopes {
    /// Remembers the scopes of `provider`.
    pub fn new(provider: Arc<dyn Provider>) -> Self {
        Self {
            provider,
            scopes: Mutex::new(None),
        }
    }

    fn remembered(&self) -> MutexGuard<'_, Option<(Instant, BTreeSet<String>)>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Provider for RememberedScopes {
    fn capabilities(&self) -> &Capabilities {
        self.provider.capabilities()
    }

    fn endpoints(&self) -> Option<Endpoints> {
        self.provider.endpoints()
    }

    async fn check(&self) -> Result<(), Fault> {
        self.provider.check().await
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        self.provider.client(handle).await
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        self.provider.attempted(candidate).await
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        self.provider.clients().await
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        let recent = self.remembered().clone().filter(|(at, _)| at.elapsed() < KEPT);
        if let Some((_, scopes)) = recent {
            return Ok(scopes);
        }
        let scopes = self.provider.scopes().await?;
        *self.remembered() = Some((Instant::now(), scopes.clone()));
        Ok(scopes)
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        self.provider.verify(request).await
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        if matches!(request, Request::ProvisionScopes(_)) {
            *self.remembered() = None;
        }
        self.provider.perform(request, within).await
    }
}
