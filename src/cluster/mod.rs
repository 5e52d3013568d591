//! Kubernetes as the core sees it: a small port, and its implementation on the API server.
//!
//! The port speaks in model types. Reads are quorum reads (no `resourceVersion`), as decisions are made from them;
//! writes carry the preconditions that the step names, and say what they know of their effect in a
//! [`Refusal`].

mod apiserver;
mod events;
pub mod identity;
mod kube;
pub mod lease;
#[cfg(test)]
pub mod memory;
mod scrub;
pub mod secrets;
pub mod servers;
pub mod status;

pub use self::apiserver::{ApiServer, Failure, Named, WATCH_SECONDS, client};
pub use self::events::{About, News, Recorder};
pub use self::kube::KubeCluster;

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::model::{
    ClientKey, ClientObject, ClientView, FoundSecret, Happening, LedgerEntry, Publish, Record, Refusal,
    Status, Subject, Uid, Unreadable, Version,
};

/// The field manager of all that we write.
pub(crate) const MANAGER: &str = "oauth-client-operator";

/// A read that did not succeed: the text says why, without any credential. Never evidence of absence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unread {
    /// Why.
    pub why: String,
    /// The operator has no right to it: a person must act.
    pub denied: bool,
}

impl Unread {
    /// A read that did not succeed for now.
    pub fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            denied: false,
        }
    }
}

/// What a read of the ledger found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerRead {
    /// There is no entry.
    Absent,
    /// There is one that cannot be used.
    Unreadable(Unreadable),
    /// There is one.
    Held(Box<LedgerEntry>, Version),
}

/// Kubernetes, as far as one reconcile needs it.
#[async_trait]
pub trait Cluster: Send + Sync {
    /// The `OAuthClient`, if the API server says there is one.
    async fn client(&self, key: &ClientKey) -> Result<Option<ClientObject>, Unread>;

    /// The UID of a namespace, if the API server says there is one.
    async fn namespace_uid(&self, name: &str) -> Result<Option<Uid>, Unread>;

    /// UID of the CRD of `OAuthClient`, if it is established and not terminating.
    async fn served_crd(&self) -> Result<Uid, Unread>;

    /// Whether the client of an entry is gone: the CRD is read, then the client, then the CRD again. `Gone` only if
    /// both looks at the CRD show the same UID, established and not terminating, and the API server says NotFound
    /// with our object in its details; `Unknown` in every other case that is not an object with the UID `owner`.
    async fn presence(&self, key: &ClientKey, owner: &Uid) -> ClientView;

    /// The ledger entry of a subject.
    async fn ledger(&self, subject: &Subject) -> Result<LedgerRead, Unread>;

    /// Whether an entry other than the subject's has one of these claims (see [`crate::model::claim`]).
    async fn is_claimed(&self, subject: &Subject, claims: &BTreeSet<String>) -> Result<bool, Unread>;

    /// A Secret in the namespace of a client.
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<FoundSecret>, Unread>;

    /// Writes, or removes, the ledger entry; the version after it, or `None` when it was removed.
    async fn record(&self, subject: &Subject, record: &Record) -> Result<Option<Version>, Refusal>;

    /// Writes the Secret, or rehearses that (`None`).
    async fn publish(&self, key: &ClientKey, publish: &Publish) -> Result<Option<FoundSecret>, Refusal>;

    /// Deletes a Secret if it is still this one; a Secret that is gone already is a success.
    async fn unpublish(
        &self,
        namespace: &str,
        name: &str,
        uid: &Uid,
        version: &Version,
    ) -> Result<(), Refusal>;

    /// Writes the status of the client with this UID.
    async fn report(&self, key: &ClientKey, uid: &Uid, status: &Status) -> Result<(), Refusal>;

    /// How many Events could not be sent.
    fn lost_events(&self) -> u64 {
        0
    }

    /// Sends Events about the client, gone or not. A lost Event is logged and counted, and nothing else.
    async fn tell(&self, key: &ClientKey, uid: &Uid, happenings: &[Happening]);
}
