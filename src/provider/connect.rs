//! From the configuration of a server to its adapter.
//!
//! What is particular to a kind of server is in its own folder, in what it implements of [`Configured`].

mod credentials;
mod fingerprint;
mod setup;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use credentials::{Account, Keys};
pub use fingerprint::{fingerprint, former_fingerprints};
pub use setup::{Setup, named};

use super::Provider;
use super::address::EgressRules;
use super::http::Unfit;
use crate::api::{CaBundleKind, ProviderSpec, ProviderType, ServerSpec};
use crate::model::{Confidential, Endpoints};

/// One kind of server, as a spec configures it.
pub trait Configured {
    /// The Secrets of the operator's own credential by name, each with the keys that are needed.
    fn credentials(&self) -> Vec<(&str, Vec<&str>)>;

    /// The addresses that are known from the configuration alone.
    fn endpoints(&self) -> Endpoints {
        Endpoints::default()
    }

    /// What belongs to its address besides [`ProviderSpec::address`]: the path of the API, or the realm. It is part of
    /// its fingerprint, which is written into every entry of the ledger.
    fn suffix(&self) -> String {
        String::new()
    }

    /// What that may have been in other versions of the server.
    fn former_suffixes(&self) -> &'static [&'static str] {
        &[]
    }

    /// An address, of now or of formerly, as a URL.
    fn url(&self, address: &str) -> String {
        address.to_owned()
    }

    /// The adapter. Nothing is sent.
    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected>;
}

/// The one place that knows which kinds of server there are.
fn configured(provider: &ProviderSpec) -> &dyn Configured {
    match provider {
        ProviderSpec::Composer(server) => server,
        ProviderSpec::DigitalRoute(server) => server,
        ProviderSpec::Auth0(server) => server,
        ProviderSpec::Cocoon(server) => server,
        ProviderSpec::DynamicRegistration(server) => server,
        ProviderSpec::Keycloak(server) => server,
        ProviderSpec::Hydra(server) => server,
    }
}

/// Keys of a Secret of type `kubernetes.io/tls`.
const TLS_CERTIFICATE: &str = "tls.crt";
const TLS_KEY: &str = "tls.key";

/// The values of the objects that a server refers to: by [`Needed::id`], then by key.
pub type Secrets = BTreeMap<String, BTreeMap<String, Confidential>>;

/// An object with data that a connection needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Needed {
    /// Its kind.
    pub kind: NeededKind,
    /// Its name.
    pub name: String,
    /// The keys that it must have.
    pub keys: BTreeSet<String>,
}

/// The kind of such an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NeededKind {
    /// A Secret, with the label of server credentials.
    Secret,
    /// A ConfigMap of the operator's namespace; only certificates are read from one.
    ConfigMap,
}

impl Needed {
    /// What [`Secrets`] has it under: a Secret's name; of a ConfigMap `configmap/<name>`, which no name can be.
    pub fn id(&self) -> String {
        id(self.kind, &self.name)
    }
}

fn id(kind: NeededKind, name: &str) -> String {
    match kind {
        NeededKind::Secret => name.to_owned(),
        NeededKind::ConfigMap => format!("configmap/{name}"),
    }
}

/// Why there is no adapter. The texts are for people and hold no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConnected {
    /// This version has no adapter for that kind of server.
    #[error("this version of the operator has no adapter for provider {0}")]
    ProviderNotAvailable(ProviderType),
    /// A value that is needed is not there.
    #[error("{object} has no key {key}")]
    CredentialMissing {
        /// The object, as [`Needed::id`] names it.
        object: String,
        /// The key.
        key: String,
    },
    /// A value that is needed is empty.
    #[error("key {key} of {object} is empty")]
    CredentialEmpty {
        /// The object, as [`Needed::id`] names it.
        object: String,
        /// The key.
        key: String,
    },
    /// The operator may not connect to that address.
    #[error("{0}")]
    AddressNotAllowed(String),
    /// Something in the configuration makes no sense.
    #[error("{0}")]
    BadConfiguration(String),
}

impl From<Unfit> for NotConnected {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Address(refused) => Self::AddressNotAllowed(refused.to_string()),
            Unfit::Configuration(text) => Self::BadConfiguration(text),
        }
    }
}

/// The objects whose values a connection to this server needs, each once.
pub fn secrets_needed(spec: &ServerSpec) -> Vec<Needed> {
    let mut needed: BTreeMap<(NeededKind, String), BTreeSet<String>> = BTreeMap::new();
    let mut need = |kind, name: &str, keys: &[&str]| {
        let all = needed.entry((kind, name.to_owned())).or_default();
        all.extend(keys.iter().map(ToString::to_string));
    };
    for (name, keys) in configured(&spec.provider).credentials() {
        need(NeededKind::Secret, name, &keys);
    }
    if let Some(tls) = &spec.tls {
        if let Some(ca) = &tls.ca_bundle_ref {
            need(ca_kind(ca.kind), &ca.name, &[&ca.key]);
        }
        if let Some(certificate) = &tls.client_certificate_secret_ref {
            need(NeededKind::Secret, &certificate.name, &[TLS_CERTIFICATE, TLS_KEY]);
        }
    }
    needed
        .into_iter()
        .map(|((kind, name), keys)| Needed { kind, name, keys })
        .collect()
}

fn ca_kind(kind: CaBundleKind) -> NeededKind {
    match kind {
        CaBundleKind::ConfigMap => NeededKind::ConfigMap,
        CaBundleKind::Secret => NeededKind::Secret,
    }
}

/// The addresses to publish: those that the spec gives, those that are known from its configuration, and those that were
/// found in its metadata.
pub fn endpoints(spec: &ServerSpec, found: Endpoints) -> Endpoints {
    let given = spec.endpoints.clone().unwrap_or_default();
    let known = configured(&spec.provider).endpoints();
    Endpoints {
        issuer_uri: given.issuer_uri.or(known.issuer_uri).or(found.issuer_uri),
        token_uri: given.token_uri.or(known.token_uri).or(found.token_uri),
        authorization_uri: given
            .authorization_uri
            .or(known.authorization_uri)
            .or(found.authorization_uri),
        jwks_uri: given.jwks_uri.or(known.jwks_uri).or(found.jwks_uri),
    }
}

/// The adapter for a server. Nothing is sent.
///
/// `namespaced` says that a tenant wrote the spec: private addresses and plain HTTP are refused then, and texts of
/// answers are never shown.
pub fn connect(
    spec: &ServerSpec,
    namespaced: bool,
    secrets: &Secrets,
    egress: &EgressRules,
) -> Result<Arc<dyn Provider>, NotConnected> {
    let setup = Setup {
        spec,
        namespaced,
        secrets,
        egress,
    };
    configured(&spec.provider).connect(&setup)
}

#[cfg(test)]
mod tests;
