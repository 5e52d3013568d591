//! What goes over the wire, and what is made of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};
use zeroize::Zeroizing;

use super::super::http::{Body, Object};
use crate::api::grant_types;
use crate::model::{ClientMetadata, Confidential, Credential, Handle, RemoteClient};

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

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Confidential>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Confidential::new))
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
pub fn registration(name: &str, metadata: &ClientMetadata) -> Result<Body, serde_json::Error> {
    json(&Registration {
        client_name: name,
        scope: metadata.scope_text(),
    })
}

/// A body that holds only scopes.
pub fn scope<'a>(scopes: impl IntoIterator<Item = &'a String>) -> Result<Body, serde_json::Error> {
    let scopes: Vec<&str> = scopes.into_iter().map(String::as_str).collect();
    json(&ScopeText {
        scope: scopes.join(" "),
    })
}

fn json(value: &impl Serialize) -> Result<Body, serde_json::Error> {
    Ok(Body::Json(Zeroizing::new(serde_json::to_vec(value)?)))
}

impl Scopes {
    /// As a set: order and repetition mean nothing.
    pub fn set(&self) -> BTreeSet<String> {
        set(self.scope.as_deref())
    }
}

fn set(text: Option<&str>) -> BTreeSet<String> {
    let text = text.unwrap_or_default();
    text.split_whitespace().map(str::to_owned).collect()
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
                scopes: Some(set(self.scope.as_deref())),
                grant_types: Some(BTreeSet::from([grant_types::CLIENT_CREDENTIALS.to_owned()])),
                ..ClientMetadata::default()
            },
            secret_expires_at: None,
            access: None,
        }
    }
}
