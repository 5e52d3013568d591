//! A published Secret, and the pair in it.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use authserver_emulator::digitalroute::state::Client;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;

/// A client id and its secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pair {
    pub id: String,
    pub secret: String,
}

impl Pair {
    /// The one that the server has for a client.
    pub fn of(client: &Client) -> Self {
        Self {
            id: client.client_id.clone(),
            secret: client.client_secret.clone(),
        }
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hasher = DefaultHasher::new();
        self.secret.hash(&mut hasher);
        write!(f, "{} with secret #{:04x}", self.id, hasher.finish() & 0xffff)
    }
}

/// A Secret as applications find it.
#[derive(Clone)]
pub struct Published(pub Secret);

impl Published {
    /// Its data as text.
    pub fn data(&self) -> BTreeMap<String, String> {
        self.0
            .data
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), String::from_utf8_lossy(&value.0).into_owned()))
            .collect()
    }

    /// One value; empty where it is missing.
    pub fn text(&self, key: &str) -> String {
        self.data().remove(key).unwrap_or_default()
    }

    /// Its scopes, sorted.
    pub fn scopes(&self) -> Vec<String> {
        sorted(&self.text("scope"))
    }

    /// Id and secret.
    pub fn pair(&self) -> Pair {
        Pair {
            id: self.text("client-id"),
            secret: self.text("client-secret"),
        }
    }

    /// Tells this Secret from another of the same name.
    pub fn uid(&self) -> String {
        self.0.uid().unwrap_or_default()
    }

    /// Tells this state of it from others.
    pub fn version(&self) -> String {
        self.0.resource_version().unwrap_or_default()
    }

    /// What an application or a person can tell from it: all but versions, times and the bookkeeping of writers.
    pub fn meaning(&self) -> Meaning {
        Meaning {
            secret_type: self.0.type_.clone().unwrap_or_default(),
            data: self.data(),
            labels: self.0.labels().clone(),
            annotations: self.0.annotations().clone(),
            owners: self
                .0
                .owner_references()
                .iter()
                .map(|owner| format!("{}/{}", owner.kind, owner.name))
                .collect(),
        }
    }
}

/// What a Secret means.
#[derive(Clone, PartialEq, Eq)]
pub struct Meaning {
    pub secret_type: String,
    pub data: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    pub annotations: BTreeMap<String, String>,
    pub owners: Vec<String>,
}

impl Meaning {
    /// What is different, without values of data.
    pub fn difference(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let keys: Vec<&String> = self
            .data
            .keys()
            .chain(other.data.keys())
            .filter(|key| self.data.get(*key) != other.data.get(*key))
            .collect();
        Some(format!(
            "types {:?} and {:?}; data differs in {keys:?}; labels {:?} and {:?}; annotations {:?} and {:?}; owners {:?} and {:?}",
            self.secret_type,
            other.secret_type,
            self.labels,
            other.labels,
            self.annotations,
            other.annotations,
            self.owners,
            other.owners
        ))
    }
}

/// Scopes of a text, sorted.
pub fn sorted(text: &str) -> Vec<String> {
    let mut scopes: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    scopes.sort();
    scopes
}
