//! What people are told: status, conditions and Events, all from one value.

mod sheet;

pub use self::sheet::{impeded, report};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::capabilities::Field;
use super::ledger::Removal;
use super::names::{ClientKey, Handle};
use super::text::first_chars;
use crate::api::{
    ANNOTATION_ROTATE, ClientCondition, ClientReason, ConditionStatus, MESSAGE_MAX, STATUS_LIST_MAX,
    STATUS_TEXT_MAX,
};

/// The one thing that is told: it feeds status and Events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Report {
    /// The whole status.
    pub status: Status,
    /// What happened since the last report.
    pub happenings: Vec<Happening>,
}

/// The status of an `OAuthClient`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Status {
    /// The generation that this speaks of.
    pub observed_generation: Option<i64>,
    /// The conditions, one per type.
    pub conditions: BTreeMap<ClientCondition, Condition>,
    /// The client id in effect.
    pub client_id: Option<String>,
    /// The name as registered.
    pub client_name: Option<String>,
    /// Name of the published Secret.
    pub binding: Option<String>,
    /// What is in effect.
    pub effective: Option<Effective>,
    /// The rotation.
    pub rotation: Option<RotationState>,
}

impl Status {
    /// The status as the schema takes it: texts and lists that are too long are cut. That is done here and not when it
    /// is written, else the next comparison would differ.
    #[must_use]
    pub fn fitted(mut self) -> Self {
        for condition in self.conditions.values_mut() {
            shorten(&mut condition.message, MESSAGE_MAX);
        }
        let rotation = self.rotation.iter_mut().flat_map(|rotation| {
            rotation
                .last_handled_trigger
                .iter_mut()
                .chain(&mut rotation.previous_client_id)
        });
        let mut texts: Vec<&mut String> = rotation
            .chain(&mut self.client_id)
            .chain(&mut self.client_name)
            .collect();
        if let Some(effective) = &mut self.effective {
            effective.grant_types.truncate(STATUS_LIST_MAX);
            effective.scopes.truncate(STATUS_LIST_MAX);
            texts.extend(effective.grant_types.iter_mut().chain(&mut effective.scopes));
            texts.extend(&mut effective.token_endpoint_auth_method);
        }
        for text in texts {
            shorten(text, STATUS_TEXT_MAX);
        }
        self
    }

    /// Whether it says that this client id is in effect.
    pub fn has_client_id(&self, client_id: &str) -> bool {
        self.client_id.as_deref() == Some(first_chars(client_id, STATUS_TEXT_MAX))
    }
}

fn shorten(text: &mut String, limit: usize) {
    text.truncate(first_chars(text, limit).len());
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, as one word.
    pub reason: ClientReason,
    /// Why, for a person: what is wrong, whose move it is, what happens next.
    pub message: String,
    /// Since when the status is what it is; seconds.
    pub since: Timestamp,
    /// The generation it speaks of.
    pub observed_generation: i64,
}

/// What the server said is in effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Effective {
    /// Grant types.
    pub grant_types: Vec<String>,
    /// Scopes.
    pub scopes: Vec<String>,
    /// How the client authenticates.
    pub token_endpoint_auth_method: Option<String>,
    /// Life of access tokens.
    pub access_token_validity_seconds: Option<u32>,
    /// What happens on deletion.
    pub removal: Option<Removal>,
}

/// Where the rotation stands; times in whole seconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RotationState {
    /// The last value of the annotation that was served.
    pub last_handled_trigger: Option<String>,
    /// When the credential was last rotated.
    pub last_rotation: Option<Timestamp>,
    /// When it will be next.
    pub next_rotation: Option<Timestamp>,
    /// When the previous one stops working.
    pub overlap_end: Option<Timestamp>,
    /// The client id before.
    pub previous_client_id: Option<String>,
    /// When the credential ends to be good by itself.
    pub credential_expiration: Option<Timestamp>,
}

/// Something in the way of what the spec asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Obstacle {
    /// The condition that it shows on.
    pub on: ClientCondition,
    /// Why, as one word.
    pub reason: ClientReason,
    /// What is wrong, whose move it is, and what the operator will do next.
    pub message: String,
    /// Whether it ends only when a person acts.
    pub stalled: bool,
}

/// Something that a person may want to know, once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Happening {
    /// A client was registered.
    Registered {
        /// Under this name.
        name: String,
        /// At this server.
        server: String,
    },
    /// Its metadata was changed.
    Updated {
        /// These fields.
        fields: BTreeSet<Field>,
    },
    /// Another credential is in effect.
    CredentialReplaced {
        /// With this client id.
        client_id: String,
    },
    /// A rotation was begun.
    RotationStarted {
        /// The value of the rotate annotation that asked for it; none where the schedule or the age did.
        value: Option<String>,
    },
    /// The Secret was created.
    SecretPublished {
        /// Its name.
        name: String,
    },
    /// The Secret was written again.
    SecretUpdated {
        /// Its name.
        name: String,
    },
    /// The server had drifted and is put right.
    DriftFound {
        /// What differed, in words.
        what: String,
    },
    /// The new credential was proven with a token request.
    CredentialVerified,
    /// The overlap is over: the previous credential works no more.
    PreviousRetired {
        /// Its client id.
        client_id: String,
    },
    /// Nothing of a resource that is gone is left at the server.
    CleanupDone {
        /// What was removed last.
        handle: Handle,
    },
    /// The remote client of a resource that is gone cannot be removed yet.
    CleanupPending {
        /// Why.
        why: String,
    },
    /// A client that nobody can prove to be ours may be left at the server.
    PossibleOrphan {
        /// Its name.
        name: String,
        /// The server.
        server: String,
    },
    /// A client may be, or is, left at the server that the operator has no way to remove.
    LeftBehind {
        /// Which, in words.
        what: String,
        /// The server.
        server: String,
        /// The client that it was registered for.
        client: ClientKey,
    },
    /// Something is in the way.
    Blocked {
        /// Why, as one word.
        reason: ClientReason,
        /// In a sentence.
        message: String,
    },
}

impl Happening {
    /// The Event's reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "Registered",
            Self::Updated { .. } => "Updated",
            Self::CredentialReplaced { .. } => "CredentialReplaced",
            Self::RotationStarted { .. } => "RotationStarted",
            Self::SecretPublished { .. } => "SecretPublished",
            Self::SecretUpdated { .. } => "SecretUpdated",
            Self::DriftFound { .. } => "DriftFound",
            Self::CredentialVerified => "CredentialVerified",
            Self::PreviousRetired { .. } => "PreviousRetired",
            Self::CleanupDone { .. } => "CleanupDone",
            Self::CleanupPending { .. } => "CleanupPending",
            Self::PossibleOrphan { .. } => "PossibleOrphan",
            Self::LeftBehind { .. } => "Unmanageable",
            Self::Blocked { reason, .. } => reason.as_str(),
        }
    }

    /// Whether it is a warning.
    pub fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::DriftFound { .. }
                | Self::CleanupPending { .. }
                | Self::PossibleOrphan { .. }
                | Self::LeftBehind { .. }
                | Self::Blocked { .. }
        )
    }

    /// The Event's note.
    pub fn note(&self) -> String {
        match self {
            Self::Registered { name, server } => format!("client {name} registered at {server}"),
            Self::Updated { fields } => format!("changed at the server: {}", names(fields)),
            Self::CredentialReplaced { client_id } => {
                format!("another credential is in effect, with client id {client_id}")
            }
            Self::RotationStarted { value: Some(value) } => {
                format!("rotation started: the annotation {ANNOTATION_ROTATE} has the new value {value:?}")
            }
            Self::RotationStarted { value: None } => {
                "rotation started: the schedule or the credential's age asks for it".to_owned()
            }
            Self::SecretPublished { name } => format!("credential published in Secret {name}"),
            Self::SecretUpdated { name } => format!("Secret {name} written again"),
            Self::DriftFound { what } => format!("the server is not as the operator left it: {what}"),
            Self::CredentialVerified => "a token was issued for the new credential".to_owned(),
            Self::PreviousRetired { client_id } => {
                format!("the previous credential works no more; its client id was {client_id}")
            }
            Self::CleanupDone { handle } => {
                format!("client {handle} removed at the server; nothing is left to be done")
            }
            Self::CleanupPending { why } => why.clone(),
            Self::PossibleOrphan { name, server } => format!(
                "a client named {name} may exist at {server}, or not be ours: the answer to its registration was lost, and \
                 an exact name proves nothing. Platform team: look there, and delete it if nobody uses it; the operator \
                 leaves it alone"
            ),
            Self::LeftBehind { what, server, client } => format!(
                "{what} is left at {server}, and the operator has no way to remove it. Platform team: remove it there if \
                 nobody uses it, then discharge it with kubectl oauthclient discharge {client}"
            ),
            Self::Blocked { message, .. } => message.clone(),
        }
    }
}

/// The fields' names, for a sentence.
pub fn names(fields: &BTreeSet<Field>) -> String {
    fields
        .iter()
        .map(|field| field.name())
        .collect::<Vec<_>>()
        .join(", ")
}
