//! Rights that the operator's credential was found to lack. A server's check only reads, so a right that is missing shows
//! itself no earlier than when a client needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::model::{
    Answer, Candidate, Capabilities, Credential, Denial, Fault, Handle, RemoteClient, Request, Verification,
};
use crate::provider::Provider;

/// A refusal that nobody has met again for this long counts no more: who asked for it may be gone. Longer than the pause
/// after which a refused call is let through to see.
const REMEMBERED: Duration = Duration::from_mins(20);

/// What a server refused to do for lack of a right, by kind of call.
#[derive(Debug, Default)]
pub struct Rights {
    lacking: Mutex<BTreeMap<&'static str, (String, Instant)>>,
    /// A call that was refused is done again.
    pub granted: Notify,
}

impl Rights {
    fn refusals(&self) -> MutexGuard<'_, BTreeMap<&'static str, (String, Instant)>> {
        self.lacking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server said where it refused a call for lack of a right, and did not do it since.
    pub fn lacking(&self) -> Option<String> {
        let mut refusals = self.refusals();
        refusals.retain(|_, (_, at)| at.elapsed() < REMEMBERED);
        refusals.values().next().map(|(text, _)| text.clone())
    }

    fn learn<T>(&self, call: &'static str, result: Result<T, Fault>) -> Result<T, Fault> {
        match &result {
            Err(Fault::Denied(Denial::Right, text)) => {
                self.refusals().insert(call, (text.clone(), Instant::now()));
            }
            Ok(_) => {
                let known = self.refusals().remove(call);
                if known.is_some() {
                    self.granted.notify_one();
                }
            }
            Err(_) => {}
        }
        result
    }
}

/// A provider whose refusals for lack of a right are remembered.
pub struct WatchedRights {
    provider: Arc<dyn Provider>,
    rights: Arc<Rights>,
}

impl WatchedRights {
    /// Tells `rights` what `provider` refuses.
    pub fn new(provider: Arc<dyn Provider>, rights: Arc<Rights>) -> Self {
        Self { provider, rights }
    }
}

#[async_trait]
impl Provider for WatchedRights {
    fn capabilities(&self) -> &Capabilities {
        self.provider.capabilities()
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
        self.rights.learn("Scopes", self.provider.scopes().await)
    }

    async fn verify(&self, credential: &Credential) -> Result<Verification, Fault> {
        self.provider.verify(credential).await
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        let result = self.provider.perform(request, within).await;
        self.rights.learn(request.kind(), result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;
    use crate::provider::memory::{Fate, MemoryProvider};

    #[tokio::test(start_paused = true)]
    async fn a_refusal_counts_until_the_call_is_done_or_nobody_meets_it_again() {
        let memory = Arc::new(MemoryProvider::new(testing::capabilities(), &[]));
        let rights = Arc::new(Rights::default());
        let provider = WatchedRights::new(memory.clone(), rights.clone());
        let provision = Request::ProvisionScopes(BTreeSet::new());
        let refused = |denial| Fate::Fault(Fault::Denied(denial, "403 Forbidden: create:clients".into()));
        let within = Duration::from_secs(1);

        memory.next(refused(Denial::Credential));
        let _refused = provider.perform(&provision, within).await;
        assert_eq!(rights.lacking(), None, "the credential is another matter");

        memory.next(refused(Denial::Right));
        let _refused = provider.perform(&provision, within).await;
        assert_eq!(rights.lacking().as_deref(), Some("403 Forbidden: create:clients"));
        provider.scopes().await.unwrap();
        assert!(rights.lacking().is_some(), "another call says nothing of it");
        provider.perform(&provision, within).await.unwrap();
        assert_eq!(rights.lacking(), None);
        rights.granted.notified().await;

        memory.next(refused(Denial::Right));
        let _refused = provider.perform(&provision, within).await;
        tokio::time::sleep(REMEMBERED).await;
        assert_eq!(rights.lacking(), None);
    }
}
