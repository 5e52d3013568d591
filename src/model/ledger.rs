//! The ledger entry: the operator's own record of one client, and the only thing that may cause an action.
//!
//! It lives in a Secret in the operator's namespace; tenants can neither read nor forge it. Its rules are in
//! `docs/concepts.md`: write ahead, store the answer before anything else, never guess from a status.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::confidential::Confidential;
use super::digest::short_hash;
use super::metadata::{ClientMetadata, Credential, RegistrationAccess};
use super::names::{
    AttemptId, ClientKey, ClusterId, Handle, InstanceId, ServerKey, Subject, Uid, looks_generated,
};
use crate::api::{ANNOTATION_VALUE_MAX, OAuthClientSpec};

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

/// A rotation schedule as first seen. Ticks before that are none that were missed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    /// `schedule.cron`
    pub cron: String,
    /// `schedule.timeZone`
    pub time_zone: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

impl Scheduled {
    /// What a spec asks for: what is known of it, or that it is new.
    pub fn kept(known: Option<&Self>, spec: &OAuthClientSpec, now: Timestamp) -> Option<Self> {
        let schedule = spec.rotation.as_ref()?.schedule.as_ref()?;
        let same = |known: &&Self| known.cron == schedule.cron && known.time_zone == schedule.time_zone;
        Some(known.filter(same).cloned().unwrap_or_else(|| Self {
            cron: schedule.cron.clone(),
            time_zone: schedule.time_zone.clone(),
            since: now,
        }))
    }
}

/// One client at the server, with everything that is needed to use, compare and remove it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// What addresses it.
    pub handle: Handle,
    /// The name it is registered under.
    pub name: String,
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
    /// Every secret in it.
    fn secrets(&self) -> impl Iterator<Item = &Confidential> {
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
    /// How long it lives on after the new credential is published and, where possible, proven.
    pub overlap_seconds: u32,
    /// When it is retired; not known until the new credential is published and proven.
    pub retire_at: Option<Timestamp>,
    /// Since when the new credential is published and the token endpoint cannot be asked about it.
    #[serde(default)]
    pub unproven_since: Option<Timestamp>,
}

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
    #[serde(default, with = "super::confidential::in_ledger")]
    pub client_secret: Option<super::confidential::Confidential>,
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

/// What has been served.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Served {
    /// The last value of the rotate annotation that was served (or was there at creation).
    pub annotation: Option<String>,
    /// Values that were served before it, the latest first: a revert in a GitOps repository rotates nothing.
    pub earlier: Vec<String>,
    /// When the last rotation was completed.
    pub rotated_at: Option<Timestamp>,
}

impl Served {
    /// How many earlier values are remembered.
    const REMEMBERED: usize = 9;

    /// The value that is there at creation rotates nothing. One that is too long to be an order is not kept either: tenants
    /// choose it, and could fill the ledger with it.
    pub fn at_creation(annotation: Option<String>) -> Self {
        Self {
            annotation: annotation.filter(|value| Self::may_be_kept(value)),
            ..Self::default()
        }
    }

    fn may_be_kept(value: &str) -> bool {
        value.chars().count() <= ANNOTATION_VALUE_MAX
    }

    /// Whether a value of the annotation was served.
    pub fn knows(&self, value: &str) -> bool {
        self.annotation.as_deref() == Some(value) || self.earlier.iter().any(|earlier| earlier == value)
    }

    /// Remembers a value as served, unless it is too long to be an order.
    pub fn serve(&mut self, value: &str) {
        if !Self::may_be_kept(value) {
            return;
        }
        self.earlier.retain(|earlier| earlier != value);
        if let Some(last) = self
            .annotation
            .replace(value.to_owned())
            .filter(|last| last != value)
        {
            self.earlier.insert(0, last);
            self.earlier.truncate(Self::REMEMBERED);
        }
    }
}

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
    /// Whether the try to remove it has this id.
    pub fn is_tried_by(&self, id: &AttemptId) -> bool {
        self.attempt.as_ref().is_some_and(|attempt| attempt.id == *id)
    }

    /// Which client at the server it is about, for a person who looks for it there.
    pub fn described(&self) -> String {
        match (&self.registration, &self.lost) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;

    #[test]
    fn a_value_that_is_too_long_to_be_an_order_is_not_kept() {
        let long = "x".repeat(ANNOTATION_VALUE_MAX + 1);
        let mut served = Served::at_creation(Some(long.clone()));
        served.serve(&long);
        assert_eq!(served, Served::default());
        assert!(!served.knows(&long), "so it is told that it is too long");
        served.serve(&long[1..]);
        assert!(served.knows(&long[1..]));
    }

    #[test]
    fn an_entry_survives_the_ledger() {
        let entry = testing::settled_entry();
        let text = entry.encode().unwrap();
        assert!(
            text.expose().contains("canary-current-secret"),
            "the credential is kept"
        );
        assert_eq!(LedgerEntry::decode(text.expose()).unwrap(), entry);
    }

    #[test]
    fn a_newer_schema_is_told_from_a_broken_one() {
        assert_eq!(
            LedgerEntry::decode(r#"{"schema":2,"what":[]}"#),
            Err(Unreadable::Newer(2))
        );
        assert!(matches!(
            LedgerEntry::decode(r#"{"schema":1,"entry":{}}"#),
            Err(Unreadable::Malformed(_))
        ));
        assert!(matches!(LedgerEntry::decode(""), Err(Unreadable::Malformed(_))));
    }

    #[test]
    fn a_field_that_is_not_known_is_not_dropped_silently() {
        let text = testing::settled_entry().encode().unwrap();
        let text = text
            .expose()
            .replacen("\"cluster_id\"", "\"later\":1,\"cluster_id\"", 1);
        assert!(matches!(
            LedgerEntry::decode(&text),
            Err(Unreadable::Malformed(_))
        ));
    }

    #[test]
    fn an_entry_claims_every_exact_name_that_it_answers_for() {
        let mut entry = testing::settled_entry();
        assert!(entry.claims().is_empty(), "generated names need no claim");
        let named = |name: &str| Registration {
            name: name.to_owned(),
            ..testing::registration(1)
        };
        entry.current = Some(named("current"));
        entry.previous = Some(Previous {
            registration: named("previous"),
            overlap_seconds: 0,
            retire_at: None,
            unproven_since: None,
        });
        entry.obligations.push(Obligation {
            handle: "owed".into(),
            registration: Some(named("owed")),
            lost: None,
            removal: Removal::Delete,
            since: testing::noon(),
            not_before: testing::noon(),
            was_current: false,
            attempt: None,
            removed: false,
        });
        entry.intent = Some(Intent {
            operation: Operation::Register {
                candidate: Candidate {
                    name: "attempted".to_owned(),
                    trace: Trace::ExactName,
                    marker: testing::marker(),
                    client_id: None,
                    client_secret: None,
                    metadata: ClientMetadata::default(),
                },
                rotation: None,
            },
            attempt: Attempt {
                id: "a".into(),
                by: "b".into(),
                at: testing::noon(),
                tries: 1,
            },
        });
        let claimed = ["current", "previous", "owed", "attempted"];
        assert_eq!(
            entry.claims(),
            claimed
                .map(|name| claim(&entry.server_fingerprint, name))
                .into_iter()
                .collect()
        );
        assert_ne!(claim("https://a", "x"), claim("https://b", "x"));
    }

    #[test]
    fn errors_do_not_quote_the_entry() {
        let text = testing::settled_entry().encode().unwrap();
        let broken =
            text.expose()
                .replacen("\"tries\"", "\"tires\"", 1)
                .replacen("\"Delete\"", "\"canary-x\"", 1);
        let error = LedgerEntry::decode(&broken).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}
