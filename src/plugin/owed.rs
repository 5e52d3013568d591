//! What is still to be removed at authorization servers, as a person and a program read it. No credential is in it.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::ledger::Kept;
use super::table::{Table, age};
use crate::model::{ClusterId, Obligation, Removal, ServerKey, Trace};

/// One client at a server that is still to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Owed {
    /// Namespace of the `OAuthClient`.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The server.
    pub server: ServerName,
    /// Which client there.
    pub remote_client: RemoteName,
    /// How it is removed.
    pub removal: Removal,
    /// When this became to be done.
    pub since: Timestamp,
    /// It is not done before this time.
    pub not_before: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// Whether it can be done now.
    pub state: OwedState,
    /// The Secret that holds the record.
    pub record: String,
}

/// Which server object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerName {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl From<&ServerKey> for ServerName {
    fn from(key: &ServerKey) -> Self {
        Self {
            kind: key.kind(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        }
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// Which client at the server: what is known to find it there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum RemoteName {
    /// One that was registered.
    Known {
        /// Its client id.
        #[serde(rename = "clientID")]
        client_id: String,
    },
    /// One that may have been registered, as the answer never came, and that the operator cannot look up.
    Possible {
        /// `software_id` of RFC 7591.
        #[serde(rename = "softwareID")]
        software_id: String,
        /// `software_version` of RFC 7591.
        #[serde(rename = "softwareVersion")]
        software_version: String,
    },
    /// One that is looked up by the name that it was to have.
    Named {
        /// That name.
        name: String,
    },
}

impl fmt::Display for RemoteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { client_id } => f.write_str(client_id),
            Self::Possible {
                software_id,
                software_version,
            } => write!(
                f,
                "perhaps one with software_id {software_id}, software_version {software_version}"
            ),
            Self::Named { name } => write!(f, "the one named {name}, if there is one"),
        }
    }
}

/// Whether a removal can be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum OwedState {
    /// It is due: the operator tries, with growing pauses.
    Due,
    /// Its time has not come.
    Waiting,
    /// Too many clients went at once: it is held until the server object's annotation releases it.
    Held,
    /// The operator has no way to do it: an admin does it at the server, and discharges it.
    Unmanageable,
    /// The record is another cluster's: nothing is done until it is adopted.
    OtherCluster,
}

impl fmt::Display for OwedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Due => "due",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Unmanageable => "unmanageable",
            Self::OtherCluster => "other cluster",
        })
    }
}

impl Owed {
    /// All that a record owes. `here` is this cluster, where that is known.
    pub fn by(kept: &Kept, here: Option<&ClusterId>, now: Timestamp) -> Vec<Self> {
        let owed = kept.entry.obligations.iter();
        owed.map(|owed| Self::of(kept, owed, here, now)).collect()
    }

    fn of(kept: &Kept, owed: &Obligation, here: Option<&ClusterId>, now: Timestamp) -> Self {
        let client = kept.entry.client();
        let state = if here.is_some_and(|here| *here != kept.entry.cluster_id) {
            OwedState::OtherCluster
        } else if owed.is_unmanageable() {
            OwedState::Unmanageable
        } else if kept.entry.held.is_some() && owed.was_current && owed.attempt.is_none() {
            OwedState::Held
        } else if owed.not_before > now {
            OwedState::Waiting
        } else {
            OwedState::Due
        };
        Self {
            namespace: client.namespace.clone(),
            name: client.name.clone(),
            server: ServerName::from(&kept.entry.server),
            remote_client: remote(owed),
            removal: owed.removal,
            since: owed.since,
            not_before: owed.not_before,
            tries: owed.attempt.as_ref().map_or(0, |attempt| attempt.tries),
            state,
            record: kept.secret.clone(),
        }
    }
}

fn remote(owed: &Obligation) -> RemoteName {
    match (&owed.registration, &owed.lost) {
        (Some(registration), _) => RemoteName::Known {
            client_id: registration.credential.client_id.clone(),
        },
        (None, Some(lost)) if lost.trace == Trace::None => RemoteName::Possible {
            software_id: lost.marker.software_id(),
            software_version: lost.marker.number.to_string(),
        },
        (None, _) => RemoteName::Named {
            name: owed.handle.0.clone(),
        },
    }
}

/// A table of them.
pub fn table(owed: &[Owed], now: Timestamp) -> String {
    let mut table = Table::new([
        "CLIENT",
        "SERVER",
        "REMOTE CLIENT",
        "REMOVAL",
        "SINCE",
        "NOT BEFORE",
        "TRIES",
        "STATE",
    ]);
    for owed in owed {
        let not_before = match owed.state {
            OwedState::Due => "now".to_owned(),
            OwedState::Waiting => format!("in {}", age(owed.not_before, now)),
            OwedState::Held | OwedState::Unmanageable | OwedState::OtherCluster => String::new(),
        };
        table.add([
            format!("{}/{}", owed.namespace, owed.name),
            owed.server.name.clone(),
            owed.remote_client.to_string(),
            format!("{:?}", owed.removal),
            age(now, owed.since),
            not_before,
            owed.tries.to_string(),
            owed.state.to_string(),
        ]);
    }
    table.to_string()
}
