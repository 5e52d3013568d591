//! A client at the server, as the ledger knows it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::confidential::Confidential;
use crate::model::metadata::{ClientMetadata, Credential, Marker, RegistrationAccess};
use crate::model::names::Handle;

/// One client at the server, with everything that is needed to use, compare and remove it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// What addresses it.
    pub handle: Handle,
    /// The name it is registered under.
    pub name: String,
    /// The note of who made it, as it was registered with.
    #[serde(default)]
    pub marker: Option<Marker>,
    /// Its id and secret.
    pub credential: Credential,
    /// The metadata we last asked for.
    pub asked: ClientMetadata,
    /// The metadata the server told when it last answered.
    pub told: ClientMetadata,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// When we last changed it, or looked at it. Observations that began before are stale.
    pub as_of: Timestamp,
    /// When the secret ends to be good by itself.
    #[serde(default)]
    pub secret_expires_at: Option<Timestamp>,
    /// What it is changed and removed with.
    #[serde(default)]
    pub access: Access,
}

impl Registration {
    /// Whether it was registered as one that cannot be used yet, and is still to be enabled.
    pub fn is_to_be_enabled(&self) -> bool {
        self.asked.enabled.is_none() && self.told.enabled == Some(false)
    }

    /// Whether the server told of scopes that were not asked for.
    pub fn has_more_scopes(&self) -> bool {
        let asked = |scope: &String| self.asked.scopes.iter().flatten().any(|asked| asked == scope);
        !self.told.scopes.iter().flatten().all(asked)
    }

    /// Every secret in it.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Confidential> {
        let token = match &self.access {
            Access::Own(own) => Some(&own.token),
            Access::Operator | Access::Lost(_) => None,
        };
        self.credential.client_secret.iter().chain(token)
    }
}

/// What a registration is changed and removed with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Access {
    /// With the operator's own credential.
    #[default]
    Operator,
    /// With the access that the server handed out for this one registration.
    Own(RegistrationAccess),
    /// With nothing any more. What it holds works on, until it ends by itself.
    Lost(Loss),
}

impl Access {
    /// What came with an answer, where this kind of server hands out an access for each registration.
    pub fn given(own: Option<RegistrationAccess>, handed_out: bool) -> Self {
        match own {
            Some(access) => Self::Own(access),
            None if handed_out => Self::Lost(Loss::NeverGiven),
            None => Self::Operator,
        }
    }
}

/// Why a registration can be managed no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Loss {
    /// The server hands out no access, or not to this client.
    NeverGiven,
    /// The server refuses it, or has no such call.
    Refused,
    /// The answer to a change was lost and with it, as the server has shown since, the access: whether the change is in
    /// effect is not known.
    WithAnswer,
}

/// The registration that a rotation replaced, kept while consumers change over.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// What it was.
    pub registration: Registration,
    /// It is an earlier secret of the current client, and no client of its own.
    #[serde(default)]
    pub same_client: bool,
    /// How long it lives on after the new credential is published and, where possible, proven.
    pub overlap_seconds: u32,
    /// When it is retired; not known until the new credential is published and proven.
    pub retire_at: Option<Timestamp>,
    /// Since when the new credential is published and the token endpoint cannot be asked about it.
    #[serde(default)]
    pub unproven_since: Option<Timestamp>,
}
