//! The Secret that applications use: what it shall hold, and whether the one that is there does.

use std::collections::{BTreeMap, BTreeSet};

use super::confidential::Confidential;
use super::ledger::{LedgerEntry, Registration};
use super::names::{Uid, Version};
use super::state::ClientObject;
use crate::api::{self, DefaultKeys, ExtraKeySource, PreviousKeys};

/// Annotation that proves a Secret is ours: a random text that only the ledger knows before it is published.
pub const PUBLICATION_ANNOTATION: &str = "oauthclient.dev/publication";
/// Annotation with the name of the `OAuthClient`, for people and for our watch.
pub const CLIENT_ANNOTATION: &str = "oauthclient.dev/client";
/// Annotation that lists the label and annotation keys which the spec asked for, so that they can go again.
pub const METADATA_KEYS_ANNOTATION: &str = "oauthclient.dev/metadata-keys";
/// Label by which our watch selects Secrets.
pub const MANAGED_BY_LABEL: (&str, &str) = ("app.kubernetes.io/managed-by", "oauth-client-operator");

/// What the Secret shall hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Publication {
    /// Its name.
    pub name: String,
    /// Its data, all of it.
    pub data: BTreeMap<String, Confidential>,
    /// Labels that must be there; others are left alone.
    pub labels: BTreeMap<String, String>,
    /// Annotations that must be there; others are left alone.
    pub annotations: BTreeMap<String, String>,
    /// Whether the `OAuthClient` owns it, so that the garbage collector removes it.
    pub owned: bool,
    /// The `OAuthClient` that would own it: UID and name.
    pub owner: (Uid, String),
}

/// A Secret that is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FoundSecret {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: Uid,
    /// Its version.
    pub version: Version,
    /// Its type.
    pub secret_type: String,
    /// Nobody can change its data.
    pub immutable: bool,
    /// It is being deleted.
    pub terminating: bool,
    /// Its data, as far as it is text.
    pub data: BTreeMap<String, Confidential>,
    /// Keys of data that is not text, and so not ours.
    pub not_text: BTreeSet<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its owners: UID and `kind/name`.
    pub owners: BTreeMap<Uid, String>,
}

impl FoundSecret {
    /// Whether the ledger entry proves that we published it.
    pub fn is_of(&self, entry: &LedgerEntry) -> bool {
        self.annotations.get(PUBLICATION_ANNOTATION) == Some(&entry.publication_id)
    }

    /// Whether it holds what is wanted. Labels, annotations and owners that others added do not count; data
    /// that others added does.
    pub fn holds(&self, wanted: &Publication) -> bool {
        let contains = |found: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>| {
            wanted.iter().all(|(key, value)| found.get(key) == Some(value))
        };
        !self.terminating
            && self.secret_type == api::SECRET_TYPE_PUBLISHED
            && self.holds_data(wanted)
            && contains(&self.labels, &wanted.labels)
            && contains(&self.annotations, &wanted.annotations)
            && self.outdated_metadata(wanted).is_empty()
            && self.owners.contains_key(&wanted.owner.0) == wanted.owned
    }

    /// Whether its data is what is wanted, and nothing else.
    pub fn holds_data(&self, wanted: &Publication) -> bool {
        self.data == wanted.data && self.not_text.is_empty()
    }

    /// Label and annotation keys that an earlier spec asked for and this one does not, and with the last of them the
    /// annotation that lists them.
    pub fn outdated_metadata(&self, wanted: &Publication) -> BTreeSet<String> {
        self.annotations
            .get(METADATA_KEYS_ANNOTATION)
            .iter()
            .flat_map(|keys| keys.split(' ').chain([METADATA_KEYS_ANNOTATION]))
            .filter(|key| !wanted.labels.contains_key(*key) && !wanted.annotations.contains_key(*key))
            .map(str::to_owned)
            .collect()
    }

    /// The `OAuthClient` that it says it belongs to.
    pub fn other_client(&self) -> Option<&str> {
        self.annotations.get(CLIENT_ANNOTATION).map(String::as_str)
    }

    /// Whose it is, in words.
    pub fn described_owner(&self) -> String {
        let manager = self
            .labels
            .get(MANAGED_BY_LABEL.0)
            .map(|manager| format!("managed by {manager}"));
        let client = self.other_client().map(|name| format!("of OAuthClient {name}"));
        let owner = self
            .owners
            .values()
            .next()
            .map(|owner| format!("owned by {owner}"));
        client
            .or(owner)
            .or(manager)
            .unwrap_or_else(|| "not made by this operator".to_owned())
    }
}

/// The Secret that `entry` asks for, once there is a current registration.
pub fn wanted(client: &ClientObject, entry: &LedgerEntry) -> Option<Publication> {
    let current = entry.current.as_ref()?;
    let spec = &client.spec.secret;
    let name = entry.subject.client.name.clone();

    let facts = Facts {
        entry,
        current,
        previous: entry.previous.as_ref().map_or(current, |p| &p.registration),
    };
    let mut data = BTreeMap::new();
    let mut put = |key: &str, value: Option<Confidential>| {
        if let Some(value) = value {
            data.insert(key.to_owned(), value);
        }
    };
    if spec.default_keys == DefaultKeys::ServiceBinding {
        put(api::keys::TYPE, Some(Confidential::new("oauth2")));
        for (key, source) in [
            (api::keys::PROVIDER, ExtraKeySource::Provider),
            (api::keys::CLIENT_ID, ExtraKeySource::ClientId),
            (api::keys::CLIENT_SECRET, ExtraKeySource::ClientSecret),
            (api::keys::ISSUER_URI, ExtraKeySource::IssuerUri),
            (api::keys::TOKEN_URI, ExtraKeySource::TokenUri),
            (api::keys::SCOPE, ExtraKeySource::Scope),
            (api::keys::AUTHORIZATION_GRANT_TYPE, ExtraKeySource::GrantTypes),
            (
                api::keys::CLIENT_AUTHENTICATION_METHOD,
                ExtraKeySource::TokenEndpointAuthMethod,
            ),
        ] {
            put(key, facts.value(source));
        }
    }
    for extra in &spec.extra_keys {
        put(&extra.key, facts.value(extra.from));
    }
    if spec.previous == PreviousKeys::Publish {
        put(
            api::keys::PREVIOUS_CLIENT_ID,
            facts.value(ExtraKeySource::PreviousClientId),
        );
        put(
            api::keys::PREVIOUS_CLIENT_SECRET,
            facts.value(ExtraKeySource::PreviousClientSecret),
        );
    }

    let mut labels = spec.labels.clone();
    labels.insert(MANAGED_BY_LABEL.0.into(), MANAGED_BY_LABEL.1.into());
    let mut annotations = spec.annotations.clone();
    let keys: BTreeSet<&String> = spec.labels.keys().chain(spec.annotations.keys()).collect();
    if !keys.is_empty() {
        let keys: Vec<&str> = keys.into_iter().map(String::as_str).collect();
        annotations.insert(METADATA_KEYS_ANNOTATION.into(), keys.join(" "));
    }
    annotations.insert(PUBLICATION_ANNOTATION.into(), entry.publication_id.clone());
    annotations.insert(CLIENT_ANNOTATION.into(), name.clone());

    Some(Publication {
        name: entry.secret_name.clone(),
        data,
        labels,
        annotations,
        owned: entry.secret_owned,
        owner: (client.uid.clone(), name),
    })
}

/// The name of the Secret that a spec asks for.
pub fn secret_name(client_name: &str, spec: &api::OAuthClientSpec) -> String {
    spec.secret.name.clone().unwrap_or_else(|| client_name.to_owned())
}

/// Where the values of a Secret come from. Outside an overlap the previous credential is the current one.
struct Facts<'a> {
    entry: &'a LedgerEntry,
    current: &'a Registration,
    previous: &'a Registration,
}

impl Facts<'_> {
    fn value(&self, source: ExtraKeySource) -> Option<Confidential> {
        let (told, endpoints) = (&self.current.told, &self.entry.endpoints);
        let text = match source {
            ExtraKeySource::ClientSecret => return self.current.credential.client_secret.clone(),
            ExtraKeySource::PreviousClientSecret => return self.previous.credential.client_secret.clone(),
            ExtraKeySource::ClientId => Some(self.current.credential.client_id.clone()),
            ExtraKeySource::PreviousClientId => Some(self.previous.credential.client_id.clone()),
            ExtraKeySource::IssuerUri => endpoints.issuer_uri.clone(),
            ExtraKeySource::TokenUri => endpoints.token_uri.clone(),
            ExtraKeySource::AuthorizationUri => endpoints.authorization_uri.clone(),
            ExtraKeySource::JwksUri => endpoints.jwks_uri.clone(),
            ExtraKeySource::Scope => told.scopes.as_ref().map(|_| told.scope_text()),
            ExtraKeySource::GrantTypes => told.grant_types.as_ref().map(joined),
            ExtraKeySource::TokenEndpointAuthMethod => told.token_endpoint_auth_method.clone(),
            ExtraKeySource::Provider => Some(self.entry.server.name.clone()),
        };
        text.map(Confidential::new)
    }
}

fn joined(values: &BTreeSet<String>) -> String {
    values.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}
