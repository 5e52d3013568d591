//! Mutating calls: what is about to be sent, or was and has no known outcome.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::capabilities::Field;
use crate::model::confidential::{self, Confidential};
use crate::model::metadata::{ClientMetadata, Credential, Marker, RemoteClient};
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
        /// What was asked for before and is not any more: the provider's default holds again.
        #[serde(default)]
        unset: BTreeSet<Field>,
    },
    /// Replace the credential of the current client in place.
    Rotate {
        /// Where we choose: the credential that will be in effect.
        candidate: Option<Credential>,
        /// The secret before it stays good, as the earlier one of two.
        #[serde(default)]
        keep_previous: bool,
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
    /// By the note of who made it, which the server keeps: what has ours is ours.
    Marker,
    /// By a name, or a client id, that nobody else would generate: what has it is ours.
    GeneratedName,
    /// By an exact name, or a client id that the spec chose, which anybody can have given: it is claimed in the ledger, and finding it proves nothing.
    ExactName,
    /// Not at all: the server gives no way to look.
    None,
}

impl Candidate {
    /// Whether a client that was found for it is what an attempt to register it made.
    pub fn made(&self, found: &RemoteClient) -> bool {
        match self.trace {
            Trace::Marker => found.marker.as_ref() == Some(&self.marker),
            Trace::GeneratedName => true,
            Trace::ExactName | Trace::None => false,
        }
    }

    /// Whether a client that was found for it is another registration of the same `OAuthClient`, of which the ledger knows
    /// nothing any more.
    pub fn is_of_same_owner(&self, found: &RemoteClient) -> bool {
        found
            .marker
            .as_ref()
            .is_some_and(|found| found.owner == self.marker.owner)
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
