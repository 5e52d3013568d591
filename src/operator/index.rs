//! What is kept in memory: a few facts of each client, each ledger entry and each namespace, and no secret.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::{Resource, ResourceExt};

use crate::api::{self, ClientCondition, OAuthClient};
use crate::cluster::secrets;
use crate::model::{
    Access, ClientKey, Confidential, Credential, LedgerEntry, NamespaceView, Registration, RemoteClient,
    ServerKey, Subject, Uid, Version, publication, short_hash,
};

/// Longest text about an object that cannot be read, in bytes.
const WHY_MAX: usize = 300;

/// What is kept of an `OAuthClient`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFacts {
    /// Its UID.
    pub uid: Uid,
    /// Its generation.
    pub generation: i64,
    /// It is being deleted.
    pub terminating: bool,
    /// A digest of the rotate annotation's value.
    pub rotate: Option<String>,
    /// The server that it refers to; `None` where this version cannot read the object.
    pub server: Option<ServerKey>,
    /// The Secret that it takes its client secret from.
    pub given: Option<String>,
    /// Whether it is ready, as reported.
    pub ready: bool,
}

/// Reduces an `OAuthClient`. One that this version cannot read is there all the same: nothing may be concluded from its
/// absence, as it is not absent.
pub fn client(object: &DeserializeGuard<OAuthClient>) -> (ClientKey, Option<ClientFacts>) {
    let key = ClientKey {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
    };
    let (server, given, ready) = match &object.0 {
        Ok(client) => (
            Some(ServerKey::referred_to(&client.spec.server_ref, &key)),
            client
                .spec
                .client_secret_ref
                .as_ref()
                .map(|given| given.name.clone()),
            is_ready(client),
        ),
        Err(unreadable) => {
            let why = told(&unreadable.error);
            tracing::warn!(client = %key, why, "this version cannot read an OAuthClient; nothing is done to it");
            (None, None, false)
        }
    };
    let facts = ClientFacts {
        uid: Uid(object.uid().unwrap_or_default()),
        generation: object.meta().generation.unwrap_or_default(),
        terminating: object.meta().deletion_timestamp.is_some(),
        rotate: object
            .annotations()
            .get(api::ANNOTATION_ROTATE)
            .map(|value| short_hash(&[value], 16)),
        server,
        given,
        ready,
    };
    (key, Some(facts))
}

/// Why an object cannot be read, cut: it quotes what somebody else wrote.
pub fn told(why: &str) -> &str {
    why.get(..why.floor_char_boundary(WHY_MAX)).unwrap_or(why)
}

fn is_ready(object: &OAuthClient) -> bool {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    conditions
        .filter(|condition| condition.type_ == ClientCondition::Ready.as_str())
        .any(|condition| condition.status == "True")
}

/// What is kept of a ledger entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryFacts {
    /// Whose it is; `None` where the entry cannot be read.
    pub known: Option<KnownEntry>,
    /// The version that this is.
    pub version: Version,
}

/// What is kept of a ledger entry that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEntry {
    /// Whose it is.
    pub subject: Subject,
    /// UID of the `OAuthClient`.
    pub owner: Uid,
    /// The server.
    pub server: ServerKey,
    /// The current registration, its secret replaced by a digest.
    pub current: Option<Registration>,
    /// How many clients are still to be removed.
    pub obligations: u32,
    /// When the first of them is, or was, due.
    pub removal_due: Option<Timestamp>,
    /// Whether a call has no known outcome yet.
    pub open: bool,
    /// At which value of the server's releasing annotation the removal is held, as too many clients went at once.
    pub held: Option<String>,
}

impl KnownEntry {
    /// Reduces an entry.
    pub fn of(entry: &LedgerEntry) -> Self {
        Self {
            subject: entry.subject.clone(),
            owner: entry.owner.clone(),
            server: entry.server.clone(),
            current: entry.current.clone().map(|current| Registration {
                credential: without_secret(&current.credential),
                access: Access::Operator,
                ..current
            }),
            obligations: u32::try_from(entry.obligations.len()).unwrap_or(u32::MAX),
            removal_due: entry.next_obligation(),
            open: entry.intent.is_some(),
            held: entry.held.clone(),
        }
    }

    /// How many clients it may have at the server, with those that are still to be removed.
    pub fn clients(&self) -> u32 {
        u32::from(self.current.is_some() || self.open).saturating_add(self.obligations)
    }
}

/// A credential whose secret is replaced by a digest, to be compared with another one so treated.
fn without_secret(credential: &Credential) -> Credential {
    Credential {
        client_id: credential.client_id.clone(),
        client_secret: credential.client_secret.as_ref().map(|secret| {
            Confidential::new(short_hash(&["drift", &credential.client_id, secret.expose()], 32))
        }),
    }
}

/// A remote client, so treated that it can be compared with a reduced registration.
pub fn comparable(remote: &RemoteClient) -> RemoteClient {
    RemoteClient {
        credential: without_secret(&remote.credential),
        ..remote.clone()
    }
}

/// Reduces the Secret of a ledger entry. The key is the Secret's name.
pub fn entry(object: &Secret) -> (String, Option<EntryFacts>) {
    let version = Version(object.resource_version().unwrap_or_default());
    let known = secrets::decoded(object)
        .ok()
        .map(|(entry, _)| KnownEntry::of(&entry));
    (object.name_any(), Some(EntryFacts { known, version }))
}

/// What is kept of a published Secret: the client that it says it belongs to, and its version.
pub fn published(object: &PartialObjectMeta<Secret>) -> ((String, String), Option<(ClientKey, Version)>) {
    let namespace = object.namespace().unwrap_or_default();
    let client = object.annotations().get(publication::CLIENT_ANNOTATION).cloned();
    let version = Version(object.resource_version().unwrap_or_default());
    let facts = client.map(|name| {
        (
            ClientKey {
                namespace: namespace.clone(),
                name,
            },
            version,
        )
    });
    ((namespace, object.name_any()), facts)
}

/// What is kept of a credential Secret: its version.
pub fn credential(object: &PartialObjectMeta<Secret>) -> ((String, String), Option<Version>) {
    let key = (object.namespace().unwrap_or_default(), object.name_any());
    (key, object.resource_version().map(Version))
}

/// What is kept of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceFacts {
    /// Its UID.
    pub uid: Uid,
    /// Its labels and whether it is going.
    pub view: NamespaceView,
}

/// Reduces a namespace.
pub fn namespace(object: &PartialObjectMeta<Namespace>) -> (String, Option<NamespaceFacts>) {
    let labels: BTreeMap<String, String> = object.labels().clone();
    let view = NamespaceView {
        labels,
        terminating: object.metadata.deletion_timestamp.is_some(),
        closed: None,
    };
    (
        object.name_any(),
        object.uid().map(|uid| NamespaceFacts { uid: Uid(uid), view }),
    )
}
