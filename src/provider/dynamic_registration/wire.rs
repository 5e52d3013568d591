//! What the server answers about a client (RFC 7591 section 3.2.1), and what is made of it.
//!
//! What decides whether the client can be used must make sense. Of the metadata whatever makes no sense is taken for not
//! told, as a client is not to be lost for it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::super::http::Reply;
use super::super::wire::{epoch, scopes};
use super::document::{self, Distinct, Document};
use crate::model::{ClientMetadata, Confidential, Credential, Handle, RegistrationAccess, RemoteClient};

/// The longest client id, in bytes.
const ID_MAX: usize = 1024;
/// The longest client secret, in bytes.
const SECRET_MAX: usize = 4096;
/// The longest registration access token, in bytes: some are JWTs, and all must fit into a header.
const TOKEN_MAX: usize = 8192;

/// One client as the server tells of it.
pub struct Told {
    /// `client_id`
    pub id: String,
    secret: Option<Confidential>,
    secret_expires_at: Option<Timestamp>,
    /// `registration_access_token`
    pub token: Option<Confidential>,
    /// `registration_client_uri`, as it was given.
    pub uri: Option<String>,
    name: Option<String>,
    metadata: ClientMetadata,
    /// All metadata, a JSON object without any credential.
    pub document: String,
}

impl Told {
    /// Reads an answer; else what is wrong with it in a few words. `secrets` are those that the server knows besides.
    pub fn read(reply: &Reply, secrets: &[&Confidential]) -> Result<Self, String> {
        let Distinct(mut answer) = reply.object()?;
        let id = text(&mut answer, "client_id").unwrap_or_default();
        if id.is_empty() || !is_sound(&id, ID_MAX) {
            return Err("its client id is missing or makes no sense".to_owned());
        }
        let secret = text(&mut answer, "client_secret").map(Confidential::new);
        let secret = secret.filter(|secret| !secret.expose().is_empty());
        if secret
            .as_ref()
            .is_some_and(|secret| !is_sound(secret.expose(), SECRET_MAX))
        {
            return Err("its client secret makes no sense".to_owned());
        }
        let token = text(&mut answer, "registration_access_token").map(Confidential::new);
        let token = token.filter(|token| !token.expose().is_empty() && is_sound(token.expose(), TOKEN_MAX));
        let told = Self {
            secret_expires_at: answer.get("client_secret_expires_at").and_then(epoch),
            uri: text(&mut answer, "registration_client_uri"),
            name: answer
                .get("client_name")
                .and_then(Value::as_str)
                .map(str::to_owned),
            metadata: ClientMetadata {
                grant_types: answer.get("grant_types").and_then(set),
                scopes: answer.get("scope").and_then(set),
                redirect_uris: answer.get("redirect_uris").and_then(set),
                token_endpoint_auth_method: answer
                    .get("token_endpoint_auth_method")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
                ..ClientMetadata::default()
            },
            document: String::new(),
            id: id.clone(),
            secret,
            token,
        };
        answer.insert("client_id".to_owned(), Value::from(id));
        let known = secrets.iter().copied().chain(&told.secret).chain(&told.token);
        document::keep_metadata(&mut answer, &known.collect::<Vec<_>>());
        Ok(Self {
            document: Value::from(answer).to_string(),
            ..told
        })
    }

    /// An answer that says only that it was done.
    pub fn nothing(handle: &Handle, sent: &Document) -> Self {
        Self {
            id: handle.0.clone(),
            secret: None,
            secret_expires_at: None,
            token: None,
            uri: None,
            name: None,
            metadata: ClientMetadata::default(),
            document: Value::from(sent.clone()).to_string(),
        }
    }

    /// In the words of the model. What the server does not tell is what was sent.
    pub fn into_remote(self, sent: ClientMetadata, access: Option<RegistrationAccess>) -> RemoteClient {
        let told = self.metadata;
        RemoteClient {
            handle: Handle(self.id.clone()),
            name: self.name,
            marker: None,
            credential: Credential {
                client_id: self.id,
                client_secret: self.secret,
            },
            metadata: ClientMetadata {
                grant_types: told.grant_types.or(sent.grant_types),
                scopes: told.scopes.or(sent.scopes),
                redirect_uris: told.redirect_uris.or(sent.redirect_uris),
                token_endpoint_auth_method: told
                    .token_endpoint_auth_method
                    .or(sent.token_endpoint_auth_method),
                ..ClientMetadata::default()
            },
            secret_expires_at: self.secret_expires_at,
            access,
        }
    }
}

/// Whether a client with this metadata has a secret. The default method of the standard is one with a secret.
pub fn needs_secret(metadata: &ClientMetadata) -> bool {
    let method = metadata.token_endpoint_auth_method.as_deref();
    method.is_none_or(|method| method.starts_with("client_secret_"))
}

fn text(answer: &mut Document, name: &str) -> Option<String> {
    match answer.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn is_sound(text: &str, most: usize) -> bool {
    text.len() <= most && !text.contains(char::is_control)
}

/// A list, or a text of words. Neither order nor repetition means anything.
fn set(value: &Value) -> Option<BTreeSet<String>> {
    match value {
        Value::String(text) => Some(scopes(text)),
        Value::Array(values) => values
            .iter()
            .map(|value| value.as_str().map(str::to_owned))
            .collect(),
        _ => None,
    }
}
