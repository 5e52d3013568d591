//! What is still to be removed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Access, Attempt, Candidate, Registration, Removal, Trace};
use crate::model::names::{AttemptId, Handle};

/// A client at the server that is still to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Obligation {
    /// What addresses it.
    pub handle: Handle,
    /// What is known of it. None for a lost attempt, whose answer never came.
    pub registration: Option<Registration>,
    /// The lost attempt, where only a look at the server can tell what addresses its client; until then the handle is
    /// the name that was asked for.
    #[serde(default)]
    pub lost: Option<Candidate>,
    /// Only an earlier secret of the client goes. The client stays.
    #[serde(default)]
    pub only_secret: bool,
    /// How it is removed.
    pub removal: Removal,
    /// When it became an obligation.
    pub since: Timestamp,
    /// Not before this time: a deletion delay, an overlap, or the end of late deliveries.
    pub not_before: Timestamp,
    /// Whether this was the current registration of a client that is gone, so that it can come back.
    pub was_current: bool,
    /// The try to remove it, once there was one; from then on it cannot come back.
    pub attempt: Option<Attempt>,
    /// It is removed, and what is left is the claim to its exact name: until an earlier try to remove it can be delivered
    /// no more, nobody else gets the name.
    #[serde(default)]
    pub removed: bool,
}

impl Obligation {
    /// The removal of what has this handle, wanted since then and not before that time. No more is known of it.
    pub fn of(handle: Handle, since: Timestamp, not_before: Timestamp) -> Self {
        Self {
            handle,
            registration: None,
            lost: None,
            only_secret: false,
            removal: Removal::Delete,
            since,
            not_before,
            was_current: false,
            attempt: None,
            removed: false,
        }
    }

    /// The same of a registration.
    pub fn of_registration(registration: Registration, since: Timestamp, not_before: Timestamp) -> Self {
        Self {
            registration: Some(registration.clone()),
            ..Self::of(registration.handle, since, not_before)
        }
    }

    /// Whether the try to remove it has this id.
    pub fn is_tried_by(&self, id: &AttemptId) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| attempt.id == *id)
    }

    /// Which client at the server it is about, for a person who looks for it there.
    pub fn described(&self) -> String {
        match (&self.registration, &self.lost) {
            (Some(registration), _) if self.only_secret => {
                format!(
                    "an earlier secret of client {}",
                    registration.credential.client_id
                )
            }
            (Some(registration), _) => format!("client {}", registration.credential.client_id),
            (None, Some(lost)) if lost.trace == Trace::None => format!(
                "perhaps a client with software_id {} and software_version {}",
                lost.marker.software_id(),
                lost.marker.number
            ),
            (None, _) => format!("client {}", self.handle),
        }
    }

    /// Whether nothing that the operator can do ends it: an admin has to.
    pub fn is_unmanageable(&self) -> bool {
        let never_found = |lost: &Candidate| lost.trace == Trace::None;
        let never_removed = |registration: &Registration| matches!(registration.access, Access::Lost(_));
        self.lost.as_ref().is_some_and(never_found) || self.registration.as_ref().is_some_and(never_removed)
    }
}
