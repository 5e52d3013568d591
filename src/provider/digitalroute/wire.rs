//! What goes over the wire, and what is made of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::super::http::{Body, Object};
use super::super::wire::{json, scopes, secret};
use crate::api::grant_types;
use crate::model::{ClientMetadata, Confidential, Credential, Fault, Handle, RemoteClient};

/// A client as the server tells of it. Fields that are not documented are ignored; one that comes twice is an error.
#[derive(Deserialize)]
pub struct Client {
    #[serde(rename = "client_name")]
    name: String,
    #[serde(rename = "client_id")]
    id: String,
    #[serde(default, rename = "client_secret", deserialize_with = "secret")]
    secret: Option<Confidential>,
    #[serde(default)]
    scope: Option<String>,
}

/// The list. A server may write an empty one as `null`.
pub type List = Option<Vec<Object<Client>>>;

/// Provisioned scopes.
#[derive(Deserialize)]
pub struct Scopes {
    #[serde(default)]
    scope: Option<String>,
}

/// The answer to a deletion.
#[derive(Deserialize)]
pub struct Deleted {
    status: String,
}

impl Deleted {
    /// Whether it was done.
    pub fn is_success(&self) -> bool {
        self.status.eq_ignore_ascii_case("success")
    }
}

#[derive(Serialize)]
struct Registration<'a> {
    client_name: &'a str,
    scope: String,
}

#[derive(Serialize)]
struct ScopeText {
    scope: String,
}

/// The body of a registration.
pub fn registration(name: &str, metadata: &ClientMetadata) -> Result<Body, Fault> {
    json(&Registration {
        client_name: name,
        scope: metadata.scope_text(),
    })
}

/// A body that holds only scopes.
pub fn scope<'a>(words: impl IntoIterator<Item = &'a String>) -> Result<Body, Fault> {
    let words: Vec<&str> = words.into_iter().map(String::as_str).collect();
    json(&ScopeText {
        scope: words.join(" "),
    })
}

impl Scopes {
    /// As a set: order and repetition mean nothing.
    pub fn set(&self) -> BTreeSet<String> {
        scopes(self.scope.as_deref().unwrap_or_default())
    }
}

impl Client {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether name and id are there at all.
    pub fn is_sound(&self) -> bool {
        !self.name.is_empty() && !self.id.is_empty()
    }

    /// Whether its secret is shown. Asterisks stand for one.
    pub fn shows_secret(&self) -> bool {
        let masked = |secret: &str| secret.chars().all(|c| matches!(c, '*' | '•'));
        self.secret
            .as_ref()
            .is_some_and(|secret| !masked(secret.expose()))
    }

    /// In the words of the model.
    pub fn into_remote(self) -> RemoteClient {
        let shown = self.shows_secret();
        RemoteClient {
            handle: Handle(self.name.clone()),
            name: Some(self.name),
            marker: None,
            credential: Credential {
                client_id: self.id,
                client_secret: self.secret.filter(|_| shown),
            },
            metadata: ClientMetadata {
                scopes: Some(scopes(self.scope.as_deref().unwrap_or_default())),
                grant_types: Some(BTreeSet::from([grant_types::CLIENT_CREDENTIALS.to_owned()])),
                ..ClientMetadata::default()
            },
            secret_expires_at: None,
            access: None,
        }
    }
}
