//! Steps: one side effect or one read each, as data with every value already chosen; and their outcomes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::capabilities::Field;
use super::fault::Fault;
use super::ledger::{Access, Candidate, LedgerEntry, Registration};
use super::metadata::{ClientMetadata, Credential, Marker, RegistrationAccess, RemoteClient};
use super::names::{AttemptId, Handle, Uid, Version};
use super::publication::{FoundSecret, Publication};
use super::report::Report;
use super::state::Answer;

/// One thing to do. The executor has no choices left.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// Read something at the server that a decision needs.
    Observe(Query),
    /// Look in the ledger for another entry that has one of these claims (see [`super::claim`]).
    FindClaim(BTreeSet<String>),
    /// Ask whether a limit on many clients together lets this one go on.
    Admit(Quota),
    /// Write, or remove, the ledger entry.
    Record(Record),
    /// One mutating call at the server.
    Call(Call),
    /// Write the Secret.
    Publish(Box<Publish>),
    /// Remove the Secret, if it is still this one.
    Unpublish {
        /// Its UID.
        uid: Uid,
        /// Its version.
        version: Version,
    },
    /// Write the status and send the Events.
    Report(Box<Report>),
}

impl Step {
    /// Whether it makes an object that is not there yet. What replaces one is protected by its version, and this by
    /// nothing.
    pub fn creates(&self) -> bool {
        match self {
            Self::Record(record) => record.creates(),
            Self::Publish(publish) => publish.creates(),
            _ => false,
        }
    }
}

/// A read at the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Query {
    /// One client.
    Client(Handle),
    /// The client that an attempt to register this candidate made, if it made one.
    Attempted(Box<Candidate>),
    /// The client that a lost attempt made, if it made one, so that it can be removed.
    Lost(Box<Candidate>),
    /// The scopes that are provisioned.
    Scopes,
    /// Whether a token request succeeds.
    Token(TokenRequest),
    /// Whether a token request with the credential of a client that is owed to its removal succeeds still.
    Revoked(TokenRequest),
}

/// A credential, and what it asks a token for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenRequest {
    /// The credential.
    pub credential: Credential,
    /// A scope that the client has, if it has any: some servers refuse a request that names none.
    pub scope: Option<String>,
}

impl From<&Credential> for TokenRequest {
    fn from(credential: &Credential) -> Self {
        Self {
            credential: credential.clone(),
            scope: None,
        }
    }
}

impl From<&Registration> for TokenRequest {
    fn from(registration: &Registration) -> Self {
        let first = |metadata: &ClientMetadata| metadata.scopes.iter().flatten().next().cloned();
        Self {
            credential: registration.credential.clone(),
            scope: first(&registration.told).or_else(|| first(&registration.asked)),
        }
    }
}

/// What a limit on many clients together is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quota {
    /// Another client of the namespace at the server; what is still to be removed counts as well.
    Clients {
        /// So many may be there.
        at_most: u32,
        /// So many are there by this client's own record.
        own: u32,
    },
    /// The removal of a client that is gone.
    Removals {
        /// Since when it is wanted.
        since: Timestamp,
        /// So many within a short time go on; a namespace that is deleted counts once.
        at_most: u32,
    },
}

/// A write of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Record {
    /// Create the entry, or replace the version given.
    Write {
        /// What it says from now on.
        entry: Box<LedgerEntry>,
        /// The version that is replaced; `None` creates.
        replaces: Option<Version>,
        /// The attempt that follows at once, if one does: the permit of the server's rate limiter is taken
        /// before this write.
        call: Option<AttemptId>,
    },
    /// Remove the entry: nothing is owed any more.
    Remove {
        /// The version that is removed.
        version: Version,
    },
}

impl Record {
    /// Whether it makes an entry that is not there yet.
    pub fn creates(&self) -> bool {
        matches!(self, Self::Write { replaces: None, .. })
    }
}

/// One mutating call, and the attempt that was recorded for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// The attempt; none for what is harmless at any time (provisioning a shared scope).
    pub attempt: Option<(AttemptId, Timestamp)>,
    /// What is asked.
    pub request: Request,
}

/// The client that a request is about, with what an adapter may need to address it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// What addresses it.
    pub handle: Handle,
    /// The note of who made it, where it was registered with one.
    pub marker: Option<Marker>,
    /// Its credential, where it is known.
    pub credential: Option<Credential>,
    /// The access to its registration, where it has one of its own.
    pub access: Option<RegistrationAccess>,
}

impl From<Handle> for Box<Target> {
    fn from(handle: Handle) -> Self {
        Self::new(Target {
            handle,
            marker: None,
            credential: None,
            access: None,
        })
    }
}

impl From<&str> for Box<Target> {
    fn from(handle: &str) -> Self {
        Handle::from(handle).into()
    }
}

impl From<&Registration> for Box<Target> {
    fn from(registration: &Registration) -> Self {
        Self::new(Target {
            handle: registration.handle.clone(),
            marker: registration.marker.clone(),
            credential: Some(registration.credential.clone()),
            access: match &registration.access {
                Access::Own(access) => Some(access.clone()),
                Access::Operator | Access::Lost(_) => None,
            },
        })
    }
}

/// What a mutating call asks of the server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// Register a client.
    Register(Box<Candidate>),
    /// Change a client's metadata.
    Update {
        /// Which client.
        target: Box<Target>,
        /// All metadata that is wanted.
        metadata: ClientMetadata,
        /// What was wanted before and is not any more: the provider's default holds again.
        unset: BTreeSet<Field>,
    },
    /// Replace a client's credential.
    Rotate {
        /// Which client.
        target: Box<Target>,
        /// The credential to set, where the caller chooses it.
        candidate: Option<Credential>,
        /// The secret before it stays good ([`Overlap::TwoSlots`](super::Overlap::TwoSlots)).
        keep_previous: bool,
    },
    /// End the earlier one of a client's two secrets. Where there is none any more, that is done.
    RetireSecret {
        /// Which client, with the credential to retire.
        target: Box<Target>,
    },
    /// Delete a client.
    Delete {
        /// Which client.
        target: Box<Target>,
    },
    /// Disable a client.
    Disable {
        /// Which client.
        target: Box<Target>,
    },
    /// Provision scopes; nothing is ever removed.
    ProvisionScopes(BTreeSet<String>),
}

impl Request {
    /// Whether it removes something that is not wanted any more.
    pub fn removes(&self) -> bool {
        matches!(
            self,
            Self::Delete { .. } | Self::Disable { .. } | Self::RetireSecret { .. }
        )
    }

    /// The request's kind as a word of bounded number, for metric labels and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Register(_) => "Register",
            Self::Update { .. } => "Update",
            Self::Rotate { .. } => "Rotate",
            Self::RetireSecret { .. } => "RetireSecret",
            Self::Delete { .. } => "Delete",
            Self::Disable { .. } => "Disable",
            Self::ProvisionScopes(_) => "ProvisionScopes",
        }
    }
}

/// A write of the published Secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Publish {
    /// What it shall hold.
    pub publication: Publication,
    /// How it is written.
    pub mode: PublishMode,
}

impl Publish {
    /// Whether it makes a Secret that is not there yet.
    pub fn creates(&self) -> bool {
        matches!(self.mode, PublishMode::Create)
    }
}

/// How the Secret is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PublishMode {
    /// A dry run of creating it, or of changing the one given: shows that the real write would be accepted.
    Rehearse(Option<Box<FoundSecret>>),
    /// Create it; refused where one of that name exists.
    Create,
    /// Change exactly this one.
    Apply(Box<FoundSecret>),
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A client was looked up: there it is, or it is proven not to be there.
    Client(Option<RemoteClient>),
    /// The scopes that are provisioned.
    Scopes(BTreeSet<String>),
    /// What a token request showed.
    Token(Verification),
    /// Whether another entry has the claim.
    Claimed(bool),
    /// Whether the limit lets it go on.
    Admitted(bool),
    /// The ledger was written; this is its version now (`None`: it was removed).
    Recorded(Option<Version>),
    /// A call succeeded.
    Answered(Answer),
    /// The Secret was written.
    Published(FoundSecret),
    /// A dry run of the write was accepted.
    Rehearsed,
    /// The Secret is gone.
    Unpublished,
    /// The status was written.
    Reported,
    /// The server did not do it.
    Fault(Fault),
    /// The API server did not do it.
    Refused(Refusal),
    /// The call was not sent, as its record had become too old. Nothing was done.
    NotSent,
}

/// What a token request with a credential showed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Verification {
    /// A token was issued.
    TokenIssued,
    /// The token endpoint refused the credential.
    Rejected(String),
    /// It could not be asked.
    Unknown(String),
}

/// Why the API server did not do a write.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The object is not the one we saw (409, 412, or 404 for a write with preconditions): look again.
    Stale,
    /// It will not let us (403, quota, admission, immutable): a person must act.
    Denied(String),
    /// The namespace is going away.
    NamespaceTerminating,
    /// It could not be reached, is overloaded, or its answer was lost: the write may have been done.
    Unavailable(String),
}
