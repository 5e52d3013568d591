//! Everything that is known when a decision is made. Plain data: cloneable, comparable, hashable.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::capabilities::Capabilities;
use super::confidential::Confidential;
use super::fault::Fault;
use super::ledger::{Endpoints, LedgerEntry, Unreadable};
use super::metadata::RemoteClient;
use super::names::{AttemptId, ClientKey, ClusterId, InstanceId, ServerKey, Subject, Uid, Version};
use super::publication::FoundSecret;
use super::report::{Happening, Status};
use super::step::{Refusal, Verification};
use crate::api::{AccessRule, LABEL_SERVER_CREDENTIALS, LABEL_TRUE, OAuthClientSpec, SecretKeyRef};

/// What is known about one client: the input of [`super::decide`], changed only by [`super::fold`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The wall clock when this was gathered.
    pub now: Timestamp,
    /// Who we are.
    pub here: Here,
    /// What this is about.
    pub subject: Subject,
    /// The `OAuthClient`.
    pub client: ClientView,
    /// The namespace it lives in.
    pub namespace: NamespaceView,
    /// The server that the client asks for or, when the client is gone, the one in the ledger.
    pub server: ServerView,
    /// The ledger entry.
    pub ledger: LedgerView,
    /// The Secret under the name that is wanted.
    pub secret: Option<FoundSecret>,
    /// Why that Secret cannot be seen, if so: then `secret` says nothing.
    pub secret_hidden: Option<String>,
    /// The client secret that the spec refers to.
    pub given: GivenSecret,
    /// What the server was last seen to hold for the current registration.
    pub seen: Option<Observation>,
    /// What this pass has done so far. Lost in a crash, and nothing depends on it but this pass.
    pub pass: Pass,
}

/// The client secret that a spec refers to (`clientSecretRef`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GivenSecret {
    /// It refers to none.
    NotAsked,
    /// It cannot be used, and why.
    Missing(String),
    /// This one.
    There(Confidential),
}

impl GivenSecret {
    /// What the Secret that a spec refers to gives. It must have the label of credentials for the operator: who can write
    /// an `OAuthClient` need not be allowed to use every Secret of the namespace.
    pub fn of(wanted: &SecretKeyRef, found: Option<&FoundSecret>) -> Self {
        let SecretKeyRef { name, key } = wanted;
        let Some(found) = found else {
            return Self::Missing(format!("there is no Secret {name}"));
        };
        if found.labels.get(LABEL_SERVER_CREDENTIALS).map(String::as_str) != Some(LABEL_TRUE) {
            return Self::Missing(format!(
                "Secret {name} has no label {LABEL_SERVER_CREDENTIALS}: \"{LABEL_TRUE}\""
            ));
        }
        let Some(value) = found.data.get(key) else {
            return Self::Missing(format!("Secret {name} has no text under key {key}"));
        };
        // Editors and shells like to add a line break at its end, which no secret has.
        let line = value.expose().trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            Self::Missing(format!("key {key} of Secret {name} is empty"))
        } else if line.contains(char::is_control) {
            Self::Missing(format!("key {key} of Secret {name} holds control characters"))
        } else {
            Self::There(Confidential::new(line))
        }
    }

    /// The secret, where there is one that can be used.
    pub fn secret(&self) -> Option<&Confidential> {
        match self {
            Self::There(secret) => Some(secret),
            Self::NotAsked | Self::Missing(_) => None,
        }
    }
}

/// Who we are, and how long things take.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Here {
    /// The cluster.
    pub cluster_id: ClusterId,
    /// The CRD's UID now.
    pub crd_uid: Uid,
    /// This process.
    pub instance: InstanceId,
    /// How long things take.
    pub timing: Timing,
}

/// Bounds on time that safety depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timing {
    /// A recorded attempt is sent within this time or not at all.
    pub send_within: SignedDuration,
    /// No request is waited for longer than this.
    pub call_limit: SignedDuration,
    /// No request that was sent is delivered later than this after it was recorded.
    pub late_delivery: SignedDuration,
    /// A server may not yet show what it has just done for this long.
    pub settling: SignedDuration,
}

impl Timing {
    /// How long another process must have left an open intent alone before its call cannot be under way any more.
    pub fn take_over_after(&self) -> SignedDuration {
        self.send_within + self.call_limit
    }
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            send_within: SignedDuration::from_secs(10),
            call_limit: SignedDuration::from_secs(30),
            late_delivery: SignedDuration::from_secs(120),
            settling: SignedDuration::from_secs(30),
        }
    }
}

/// The `OAuthClient`, or the proof that it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ClientView {
    /// It is there.
    Present(Box<ClientObject>),
    /// It is gone: a quorum read said so between two looks at the CRD.
    Gone {
        /// UID of the CRD, the same before and after the read, established and not terminating.
        crd_uid: Uid,
    },
    /// It cannot be told; the text says why. Never a reason to remove anything.
    Unknown(String),
}

/// An `OAuthClient` as a decision needs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientObject {
    /// Its UID.
    pub uid: Uid,
    /// Its generation.
    pub generation: i64,
    /// It is being deleted.
    pub terminating: bool,
    /// What is asked for.
    pub spec: OAuthClientSpec,
    /// The value of the rotate annotation.
    pub rotate: Option<String>,
    /// What was reported last; a report only, never a cause.
    pub status: Status,
}

impl ClientObject {
    /// The server object that the spec of the client `key` refers to.
    pub fn server(&self, key: &ClientKey) -> ServerKey {
        ServerKey::referred_to(&self.spec.server_ref, key)
    }
}

/// The namespace of the client.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct NamespaceView {
    /// Its labels, for access rules.
    pub labels: BTreeMap<String, String>,
    /// It is being deleted, or gone.
    pub terminating: bool,
    /// Why the operator has nothing to do there, if so.
    pub closed: Option<Closed>,
}

/// Why the operator leaves a namespace alone. Nothing is minted, published or deleted in it then, and what is there stays.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Closed {
    /// It was not given to the operator, or was taken back. What is wrong and whose move it is; its clients are told.
    NotGiven(String),
    /// The operator does not look there at all, so that it knows of nothing there whether it is or is gone; it says why.
    OutOfSight(String),
}

impl Closed {
    /// Why, for a person.
    pub fn why(&self) -> &str {
        match self {
            Self::NotGiven(why) | Self::OutOfSight(why) => why,
        }
    }
}

/// The server object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ServerView {
    /// There is no such object.
    Missing(ServerKey),
    /// This operator has nothing to do with objects of its kind, whether there is one or not.
    NotServed(ServerKey),
    /// It is there and cannot be used; the text says why and whose move it is.
    NotReady(ServerKey, String),
    /// It can be used.
    Ready(Box<Server>),
}

impl ServerView {
    /// Which server object this is about.
    pub fn key(&self) -> &ServerKey {
        match self {
            Self::Missing(key) | Self::NotServed(key) | Self::NotReady(key, _) => key,
            Self::Ready(server) => &server.key,
        }
    }
}

/// A usable server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    /// Which object.
    pub key: ServerKey,
    /// Fingerprint of its address.
    pub fingerprint: String,
    /// Fingerprints of the addresses in `formerURLs`.
    pub former_fingerprints: BTreeSet<String>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Put before default client names.
    pub name_prefix: String,
    /// Default of `accessTokenValiditySeconds`.
    pub access_token_validity_seconds: Option<u32>,
    /// Default of `rotation.overlapSeconds`.
    pub overlap_seconds: Option<u32>,
    /// Who may ask for what; `None` on a namespaced server that has no rules: its own namespace may.
    pub access_rules: Option<Vec<AccessRule>>,
    /// Addresses that are published.
    pub endpoints: Endpoints,
    /// Whether drift is repaired or only reported.
    pub repair_drift: bool,
    /// How long a client that is gone keeps its registration.
    pub deletion_delay: SignedDuration,
    /// So many removals that are new within a short time go on; more are held.
    pub removals_at_most: u32,
    /// The value of the annotation that releases what is held.
    pub release: Option<String>,
    /// All calls are stopped, cleanup included.
    pub suspended: bool,
}

/// The ledger entry, or what is known instead.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LedgerView {
    /// There is none.
    Absent,
    /// There is one, and it must not be touched.
    Unreadable(Unreadable),
    /// Here it is.
    Held {
        /// What it says.
        entry: Box<LedgerEntry>,
        /// Which version this is.
        version: Version,
        /// For how long this process has seen exactly this version, by a clock that does not jump.
        unchanged_for: SignedDuration,
    },
}

impl LedgerView {
    /// The entry, if it can be read.
    pub fn entry(&self) -> Option<&LedgerEntry> {
        match self {
            Self::Held { entry, .. } => Some(entry),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// The version to replace in the next write.
    pub fn version(&self) -> Option<&Version> {
        match self {
            Self::Held { version, .. } => Some(version),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

/// What the server was seen to hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Observation {
    /// When the reading began: what changed later is not in it.
    pub began_at: Timestamp,
    /// Whether it was a reading of this one client. A list is a hint that asks for such a reading.
    pub authoritative: bool,
    /// The client, or its proven absence.
    pub client: Option<RemoteClient>,
}

/// What one pass has done and learnt.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Pass {
    /// Steps so far; a budget ends loops.
    pub steps: u32,
    /// The attempt that this pass recorded and has not used yet.
    pub recorded_attempt: Option<AttemptId>,
    /// What the call of an attempt answered, until the ledger has it.
    pub answer: Option<(AttemptId, Answer)>,
    /// What a call or a read at the server came to grief with.
    pub fault: Option<Fault>,
    /// What the removal of a client that is owed came to grief with.
    pub removal_fault: Option<Fault>,
    /// What the look for a lost attempt, by its name, has shown.
    pub looked_up: Option<(String, Option<RemoteClient>)>,
    /// The attempt whose call failed so that it is certain that nothing was done.
    pub not_done: Option<AttemptId>,
    /// The attempt whose client the server does not let us manage.
    pub unmanageable: Option<AttemptId>,
    /// Whether the credential of a client that is owed to its removal is refused by now.
    pub revoked: Option<bool>,
    /// What a write at the API server came to grief with.
    pub refusal: Option<(Written, Refusal)>,
    /// A dry run of publishing was accepted.
    pub rehearsed: bool,
    /// The scopes that are provisioned, if they were read.
    pub scopes: Option<BTreeSet<String>>,
    /// Missing scopes were provisioned; what is still missing stays so.
    pub scopes_provisioned: bool,
    /// Whether another entry of the ledger claims the exact name; read anew after a claim of ours was recorded.
    pub claimed: Option<bool>,
    /// Whether a limit on many clients together lets this one go on.
    pub admitted: Option<bool>,
    /// Whether the current credential was proven.
    pub verification: Option<Verification>,
    /// The current credential is another one than at the beginning, so that nothing said before is about it.
    pub unproven: bool,
    /// A report was sent.
    pub told: bool,
    /// What happened that a person may want to know.
    pub happenings: Vec<Happening>,
}

/// What a mutating call answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(clippy::large_enum_variant)] // One answer at a time, soon folded away.
pub enum Answer {
    /// This client.
    Client(RemoteClient),
    /// That it is done.
    Done,
    /// These scopes are provisioned.
    Scopes(BTreeSet<String>),
}

/// Which object a refusal was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Written {
    /// The ledger entry.
    Ledger,
    /// The published Secret.
    Secret,
    /// The status.
    Status,
    /// Nothing: what a decision starts from could not be read.
    NotRead,
}
