//! Rights that the operator's credential was found to lack. A server's check only reads, so a right that is missing shows
//! itself no earlier than when a client needs it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::model::{Denial, Fault};

/// A refusal that nobody has met again for this long counts no more: who asked for it may be gone. Longer than the pause
/// after which a refused call is let through to see.
const REMEMBERED: Duration = Duration::from_mins(20);

/// Calls that nothing is learned from.
const READS: [&str; 5] = ["Check", "ObserveClient", "ObserveAttempt", "List", "ObserveToken"];

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

    /// A call was made, and ended with this fault, if with any. Of the reads only that of the scopes can lack a right of
    /// its own: the others are the server's check.
    pub fn learn(&self, call: &'static str, fault: Option<&Fault>) {
        if READS.contains(&call) {
            return;
        }
        match fault {
            Some(Fault::Denied(Denial::Right, text)) => {
                self.refusals().insert(call, (text.clone(), Instant::now()));
            }
            None if self.refusals().remove(call).is_some() => self.granted.notify_one(),
            None | Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::super::tapped::Tapped;
    use super::*;
    use crate::model::{Request, testing};
    use crate::provider::Provider as _;
    use crate::provider::memory::{Fate, MemoryProvider};

    #[tokio::test(start_paused = true)]
    async fn a_refusal_counts_until_the_call_is_done_or_nobody_meets_it_again() {
        let memory = Arc::new(MemoryProvider::new(testing::capabilities(), &[]));
        let rights = Arc::new(Rights::default());
        let learning = rights.clone();
        let provider = Tapped::new(memory.clone(), move |call, fault| learning.learn(call, fault));
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
