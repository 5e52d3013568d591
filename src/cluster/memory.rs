//! Kubernetes in memory, for tests: the same port, with the API server's preconditions and nothing of its timing.
//!
//! Everything is deterministic: UIDs and versions come from one counter. A clone is a copy of the whole world, so a
//! test can go on from one point in several ways; share one by reference or in an `Arc`.

#![expect(
    clippy::missing_panics_doc,
    reason = "a test that asks for what cannot be shall fail"
)]

mod hands;
mod port;
mod tests;
mod writes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;

use crate::model::{
    ClientKey, ClientObject, Closed, FoundSecret, Happening, LedgerEntry, Refusal, Subject, Uid, Unreadable,
    Version,
};

/// A cluster that lives in memory.
#[derive(Debug, Default)]
pub struct MemoryCluster(Mutex<World>);

impl Clone for MemoryCluster {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.world().clone()))
    }
}

/// All that is in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    counter: u64,
    /// The CRD of OAuthClient.
    pub crd: Option<Crd>,
    /// The namespaces.
    pub namespaces: BTreeMap<String, Namespace>,
    /// The clients.
    pub clients: BTreeMap<ClientKey, ClientObject>,
    /// The ledger entries by name, as the text that is stored.
    pub ledger: BTreeMap<String, Stored>,
    /// The Secrets by namespace and name.
    pub secrets: BTreeMap<(String, String), FoundSecret>,
    /// The Events in the order they were sent.
    pub events: Vec<Told>,
    /// Every write that was asked for, in order.
    pub journal: Vec<Write>,
    mishaps: VecDeque<(WriteKind, Mishap)>,
    standing: BTreeMap<WriteKind, Refusal>,
    unreadable: Option<String>,
    hidden: bool,
    hidden_in: BTreeSet<String>,
}

/// The CRD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crd {
    /// Its UID.
    pub uid: Uid,
    /// It is served.
    pub established: bool,
    /// It is being deleted.
    pub terminating: bool,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its UID.
    pub uid: Uid,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// It is being deleted: nothing can be created in it.
    pub terminating: bool,
    /// Why the operator has nothing to do in it, if so.
    pub closed: Option<Closed>,
}

/// A ledger entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its version.
    pub version: Version,
    /// The subject that it was written for.
    pub subject: Subject,
    /// Its text.
    pub text: String,
    /// What the text says.
    pub entry: Result<LedgerEntry, Unreadable>,
}

/// An Event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// About this client.
    pub client: ClientKey,
    /// With this UID.
    pub uid: Uid,
    /// What happened.
    pub happening: Happening,
}

/// Kinds of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteKind {
    /// A ledger entry is created or replaced.
    Ledger,
    /// A ledger entry is removed.
    LedgerRemoval,
    /// A Secret is created or changed.
    Secret,
    /// The dry run of that.
    Rehearsal,
    /// A Secret is deleted.
    SecretRemoval,
    /// A status is written.
    Status,
}

/// One write that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// What kind of write.
    pub kind: WriteKind,
    /// The client it was for.
    pub client: ClientKey,
    /// What it did; for a lost answer this is what was done, not what was told.
    pub effect: Effect,
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It was done.
    Done,
    /// Everything was so already: no new version, no watch event.
    Unchanged,
    /// Nothing.
    Refused(Refusal),
}

/// What shall befall the next write of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// It is refused.
    Refused(Refusal),
    /// It is done, and the answer is lost.
    Lost,
    /// Nothing: a mishap that is set after this is for the write after it.
    Spared,
}
