//! Mutating calls: what is about to be sent, or was and has no known outcome.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::confidential::{self, Confidential};
use crate::model::metadata::{ClientMetadata, Credential};
use crate::model::names::{AttemptId, InstanceId};

/// A mutating call that is about to be sent, or was and has no known outcome.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// What is to be done.
    pub operation: Operation,
    /// This try, and the ones before it.
    pub attempt: Attempt,
}

/// One try of a call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The process that makes it.
    pub by: InstanceId,
    /// When it was recorded, by the clock of that process.
    pub at: Timestamp,
    /// How many tries there were, this one included.
    pub tries: u32,
}

/// The operations that need an intent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// Register a client: the first one, or a replacement in a rotation.
    Register {
        /// What is registered. Repeated as it is until its outcome is known.
        candidate: Candidate,
        /// The rotation that this registration serves; none for a first registration.
        rotation: Option<Rotation>,
    },
    /// Change the metadata of the current client.
    Update {
        /// What is asked for.
        metadata: ClientMetadata,
    },
    /// Replace the credential of the current client in place.
    Rotate {
        /// Where we choose: the credential that will be in effect.
        candidate: Option<Credential>,
        /// The rotation that it serves.
        rotation: Rotation,
    },
}

/// A client about to be registered, with every value that we choose.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The name.
    pub name: String,
    /// How what a lost attempt made is found again.
    pub trace: Trace,
    /// Who makes it.
    pub marker: Marker,
    /// The client id where we choose it.
    pub client_id: Option<String>,
    /// The secret where we choose it.
    #[serde(default, with = "confidential::in_ledger")]
    pub client_secret: Option<Confidential>,
    /// The metadata.
    pub metadata: ClientMetadata,
}

/// How what an attempt to register made is found again when its answer is lost, and what finding it proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Trace {
    /// By a name that nobody else would generate: what has it is ours.
    GeneratedName,
    /// By an exact name, which anybody can have given: it is claimed in the ledger, and finding it proves nothing.
    ExactName,
    /// Not at all: the server gives no way to look.
    None,
}

impl Candidate {
    /// Whether the name proves whose client has it.
    pub fn name_is_proof(&self) -> bool {
        self.trace == Trace::GeneratedName
    }
}

/// Who makes a registration, for servers that keep a note of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// A hash of cluster and UID of the `OAuthClient`: the same in all its registrations, and nobody else's.
    pub owner: String,
    /// Which of its registrations it is; no number is used twice.
    pub number: u32,
}

impl Marker {
    /// Who we are, as `software_id` of RFC 7591: the same in all registrations of one `OAuthClient`. Its
    /// `software_version` is the number.
    pub fn software_id(&self) -> String {
        format!("oauthclient.dev/{}", self.owner)
    }
}

/// Why a rotation happens and what it serves.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// The annotation's value that it serves, which is then never served again.
    pub annotation: Option<String>,
    /// How long the previous credential shall live on.
    pub overlap_seconds: u32,
}
