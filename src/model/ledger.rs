//! The ledger entry: the operator's own record of one client, and the only thing that may cause an action.
//!
//! It lives in a Secret in the operator's namespace; tenants can neither read nor forge it. Its rules are in
//! `docs/concepts.md`: write ahead, store the answer before anything else, never guess from a status.

mod attempt;
mod obligation;
mod registration;
mod served;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::attempt::{Attempt, Candidate, Intent, Operation, Rotation, Trace};
pub use self::obligation::Obligation;
pub use self::registration::{Access, Loss, Previous, Registration};
pub use self::served::{Scheduled, Served};
use super::confidential::Confidential;
use super::digest::short_hash;
use super::names::{ClientKey, ClusterId, Handle, ServerKey, Subject, Uid, looks_generated};
use crate::api::OAuthClientSpec;

/// The schema that this program writes. An entry with a higher number is never touched.
pub const SCHEMA: u32 = 1;

/// Addresses of a server that an application needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// The issuer.
    pub issuer_uri: Option<String>,
    /// The token endpoint.
    pub token_uri: Option<String>,
    /// The authorization endpoint.
    pub authorization_uri: Option<String>,
    /// The keys.
    pub jwks_uri: Option<String>,
}

/// What happens to the client at the server when its `OAuthClient` is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Removal {
    /// It is deleted.
    Delete,
    /// It is disabled.
    Disable,
    /// It is left alone.
    Retain,
}

/// What a spec chose of a client's identity at the server. It cannot change in one `OAuthClient`, and where a successor
/// of the same name chose otherwise, another client is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// `clientName`
    pub client_name: Option<String>,
    /// `clientID`
    pub client_id: Option<String>,
}

impl Chosen {
    /// What this spec chose.
    pub fn by(spec: &OAuthClientSpec) -> Self {
        Self {
            client_name: spec.client_name.clone(),
            client_id: spec.client_id.clone(),
        }
    }
}

/// The record of one client. The current credential, and the previous one until it is retired, are in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerEntry {
    /// The cluster that wrote it. Entries of another cluster are never acted on.
    pub cluster_id: ClusterId,
    /// UID of the CRD `oauthclients.oauthclient.dev` at the last write; part of the evidence that a client is gone.
    pub crd_uid: Uid,
    /// Whose record it is.
    pub subject: Subject,
    /// UID of the `OAuthClient`.
    pub owner: Uid,
    /// The name and the id that its spec chose.
    pub chosen: Chosen,
    /// The server that holds the client.
    pub server: ServerKey,
    /// Fingerprint of the server's address: a name that suddenly leads elsewhere blocks.
    pub server_fingerprint: String,
    /// Name of the Secret that is published.
    pub secret_name: String,
    /// A random text that our published Secret carries and that nobody can know before: proof that it is ours.
    pub publication_id: String,
    /// The addresses that are published.
    pub endpoints: Endpoints,
    /// Whether the `OAuthClient` owns the Secret, so that the garbage collector removes both at once. Not where
    /// the client outlives its resource for a while or for good: there the operator removes the Secret.
    pub secret_owned: bool,
    /// The deletion policy in effect; needed when the spec is no more.
    pub removal: Removal,
    /// How long the registration outlives the resource.
    pub removal_delay: SignedDuration,
    /// Number of the next generated name; only grows, so no name is used twice.
    pub next_number: u32,
    /// The registration that is published.
    pub current: Option<Registration>,
    /// The one before it, during an overlap.
    pub previous: Option<Previous>,
    /// The mutating call that may be under way.
    pub intent: Option<Intent>,
    /// After an unknown outcome: when the client is looked at once more, as late deliveries have ended by then.
    pub recheck_at: Option<Timestamp>,
    /// The rotation triggers that were served.
    pub served: Served,
    /// The rotation schedule, and since when it is that.
    #[serde(default)]
    pub schedule: Option<Scheduled>,
    /// Clients at the server that are still to be removed.
    pub obligations: Vec<Obligation>,
    /// The removal of a client that is gone is held, as too many went at once: the value that the releasing annotation of
    /// the server had then, or nothing. Another value releases it.
    #[serde(default)]
    pub held: Option<String>,
}

impl LedgerEntry {
    /// The client it is about.
    pub fn client(&self) -> &ClientKey {
        &self.subject.client
    }

    /// The obligation that the operator can end, is due at `now` and was due for the longest time, with its place in the
    /// list.
    pub fn due_obligation(&self, now: Timestamp) -> Option<(usize, &Obligation)> {
        self.obligations
            .iter()
            .enumerate()
            .filter(|(_, obligation)| obligation.not_before <= now && !obligation.is_unmanageable())
            .min_by_key(|(_, obligation)| obligation.not_before)
    }

    /// When the next obligation that the operator can end becomes due, if there is any.
    pub fn next_obligation(&self) -> Option<Timestamp> {
        self.obligations
            .iter()
            .filter(|obligation| !obligation.is_unmanageable())
            .map(|obligation| obligation.not_before)
            .min()
    }

    /// Every handle that the entry answers for.
    pub fn handles(&self) -> impl Iterator<Item = &Handle> {
        self.current
            .iter()
            .chain(self.previous.iter().map(|previous| &previous.registration))
            .map(|registration| &registration.handle)
            .chain(self.obligations.iter().map(|obligation| &obligation.handle))
    }

    /// The exact names that the entry claims, each with its server as [`claim`] has it. A generated name needs no
    /// claim: it is nobody else's.
    pub fn claims(&self) -> BTreeSet<String> {
        let previous = self.previous.iter().map(|previous| &previous.registration);
        let registered = self.current.iter().chain(previous);
        // Where nothing more is known of it, what addresses it may be its name.
        let owed = self.obligations.iter().map(|owed| match &owed.registration {
            Some(registration) => &registration.name,
            None => &owed.handle.0,
        });
        let attempted = match self.intent.as_ref().map(|intent| &intent.operation) {
            Some(Operation::Register { candidate, .. }) => Some(&candidate.name),
            Some(Operation::Update { .. } | Operation::Rotate { .. }) | None => None,
        };
        registered
            .map(|registration| &registration.name)
            .chain(owed)
            .chain(attempted)
            .filter(|name| !looks_generated(name))
            .map(|name| claim(&self.server_fingerprint, name))
            .collect()
    }

    /// Every secret in it, of what is and of what may come to be.
    pub fn secrets(&self) -> impl Iterator<Item = &Confidential> {
        let candidate = match self.intent.as_ref().map(|intent| &intent.operation) {
            Some(Operation::Register { candidate, .. }) => candidate.client_secret.as_ref(),
            Some(Operation::Rotate { candidate, .. }) => candidate
                .as_ref()
                .and_then(|candidate| candidate.client_secret.as_ref()),
            Some(Operation::Update { .. }) | None => None,
        };
        let previous = self.previous.iter().map(|previous| &previous.registration);
        let owed = self
            .obligations
            .iter()
            .filter_map(|owed| owed.registration.as_ref());
        let lost = self.obligations.iter().filter_map(|owed| owed.lost.as_ref());
        self.current
            .iter()
            .chain(previous)
            .chain(owed)
            .flat_map(Registration::secrets)
            .chain(candidate)
            .chain(lost.filter_map(|candidate| candidate.client_secret.as_ref()))
    }

    /// The entry as text, credentials included: for the ledger's Secret and nowhere else.
    pub fn encode(&self) -> Result<super::Confidential, Unreadable> {
        let document = Document {
            schema: SCHEMA,
            entry: self,
        };
        serde_json::to_string(&document)
            .map(super::Confidential::new)
            .map_err(|source| Unreadable::Malformed(source.to_string()))
    }

    /// Reads what [`LedgerEntry::encode`] wrote. What cannot be read is never taken for "absent".
    pub fn decode(text: &str) -> Result<Self, Unreadable> {
        // serde's messages can quote the input, so only the place of the error is told.
        let place = |e: serde_json::Error| {
            Unreadable::Malformed(format!("at line {} column {}", e.line(), e.column()))
        };
        let schema = serde_json::from_str::<SchemaOnly>(text).map_err(place)?.schema;
        if schema > SCHEMA {
            return Err(Unreadable::Newer(schema));
        }
        serde_json::from_str::<Document<LedgerEntry>>(text)
            .map(|document| document.entry)
            .map_err(place)
    }
}

/// What stands for an exact name at the server with this fingerprint, where a name itself has no place. Two objects
/// for one server share its names.
pub fn claim(fingerprint: &str, name: &str) -> String {
    short_hash(&["claim", fingerprint, name], 40)
}

/// Why an entry cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Unreadable {
    /// A newer version of the operator wrote it.
    #[error("it has schema {0}, newer than this operator's {SCHEMA}")]
    Newer(u32),
    /// It is not what any version wrote.
    #[error("it is malformed: {0}")]
    Malformed(String),
    /// The API server does not show it.
    #[error("it cannot be read: {0}")]
    NotShown(String),
}

#[derive(Deserialize)]
struct SchemaOnly {
    schema: u32,
}

#[derive(Serialize, Deserialize)]
struct Document<E> {
    schema: u32,
    entry: E,
}
