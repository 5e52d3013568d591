//! What becomes of each call of a provider, told to whoever wants to know.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::{
    Answer, Candidate, Capabilities, Endpoints, Fault, Handle, RemoteClient, Request, TokenRequest,
    Verification,
};
use crate::provider::Provider;

/// A provider of whose calls is told, by kind, with the fault that they ended with.
pub struct Tapped<T> {
    provider: Arc<dyn Provider>,
    told: T,
}

impl<T: Fn(&'static str, Option<&Fault>) + Send + Sync> Tapped<T> {
    /// Tells `told` of the calls of `provider`.
    pub fn new(provider: Arc<dyn Provider>, told: T) -> Self {
        Self { provider, told }
    }

    fn tell<A>(&self, call: &'static str, result: Result<A, Fault>) -> Result<A, Fault> {
        (self.told)(call, result.as_ref().err());
        result
    }
}

#[async_trait]
impl<T: Fn(&'static str, Option<&Fault>) + Send + Sync> Provider for Tapped<T> {
    fn capabilities(&self) -> &Capabilities {
        self.provider.capabilities()
    }

    fn endpoints(&self) -> Option<Endpoints> {
        self.provider.endpoints()
    }

    async fn check(&self) -> Result<(), Fault> {
        self.tell("Check", self.provider.check().await)
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        self.tell("ObserveClient", self.provider.client(handle).await)
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        self.tell("ObserveAttempt", self.provider.attempted(candidate).await)
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        self.tell("List", self.provider.clients().await)
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        self.tell("ObserveScopes", self.provider.scopes().await)
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        self.tell("ObserveToken", self.provider.verify(request).await)
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        self.tell(request.kind(), self.provider.perform(request, within).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Outcome, ServerKey, Step, testing};
    use crate::operator::metrics::Metrics;
    use crate::provider::memory::{Fate, MemoryProvider};

    #[tokio::test]
    async fn what_was_sent_is_counted_and_nothing_else() {
        let metrics = Metrics::default();
        let server = ServerKey {
            namespace: None,
            name: "corp".into(),
        };
        let memory = Arc::new(MemoryProvider::new(testing::capabilities(), &[]));
        let calls = metrics.calls_of(&server);
        let provider = Tapped::new(memory.clone(), move |call, fault| calls.made(call, fault));
        let provision = Request::ProvisionScopes(BTreeSet::new());
        let within = Duration::from_secs(1);
        provider.perform(&provision, within).await.unwrap();
        memory.next(Fate::Fault(Fault::Unavailable("503".into())));
        provider.perform(&provision, within).await.unwrap_err();
        provider.check().await.unwrap();

        let observe = Step::Observe(crate::model::Query::Scopes);
        let refused = Outcome::Fault(Fault::Throttled(None));
        for outcome in [Outcome::NotSent, refused] {
            metrics.stepped(&observe, &outcome, within);
        }
        let text = metrics.text().unwrap();
        let mut counted: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("oauthclient_provider_calls_total"))
            .collect();
        counted.sort_unstable();
        assert_eq!(
            counted,
            [
                r#"{server="corp",call="Check",outcome="Done"} 1"#,
                r#"{server="corp",call="ProvisionScopes",outcome="Done"} 1"#,
                r#"{server="corp",call="ProvisionScopes",outcome="Unavailable"} 1"#,
            ]
        );
    }
}
