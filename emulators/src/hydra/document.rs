//! What a request wants a client to be: read as Go reads JSON, then checked and filled in as the server does.

use serde_json::{Map, Value, json};

use super::fields::{self, Field, Kind};
use super::keys::{ALGORITHMS, Key};
use super::lifespan;
use super::voice::{Refusal, Voice};
use crate::switch::Either::{Do, Refuse};

/// The shortest secret, in bytes.
pub const LEAST_SECRET: usize = 6;
/// What BCrypt takes of a secret, in bytes.
const MOST_SECRET: usize = 72;

/// What a request says of a client.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// `client_id`, if it is not empty.
    pub client_id: Option<String>,
    /// `client_secret`, if it is not empty.
    pub client_secret: Option<String>,
    /// All other fields that are set; fields that nobody knows are left out.
    pub document: Map<String, Value>,
}

impl Wish {
    /// Reads a body.
    pub fn read(voice: Voice<'_>) -> Result<Self, Refusal> {
        let body = serde_json::from_slice(&voice.request.body);
        Self::of(voice, body.map_err(|error| undecodable(&error.to_string()))?)
    }

    /// Reads a JSON value.
    pub fn of(voice: Voice<'_>, body: Value) -> Result<Self, Refusal> {
        let Value::Object(mut body) = body else {
            let found = kind_of(&body);
            let reason = format!("json: cannot unmarshal {found} into Go value of type client.Client");
            return Err(undecodable(&reason));
        };
        let mut wish = Self::default();
        let mut text = |name: &str| match body.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(other) => Err(undecodable(&mistyped(&other, name, "string"))),
        };
        wish.client_id = text("client_id")?;
        wish.client_secret = text("client_secret")?;
        for field in fields::of(voice.switches.release) {
            if let Some(value) = body.remove(field.name)
                && let Some(value) = taken(field, value).map_err(|reason| undecodable(&reason))?
            {
                wish.document.insert(field.name.to_owned(), value);
            }
        }
        Ok(wish)
    }

    /// Only the lifespans of a body.
    pub fn lifespans(voice: Voice<'_>) -> Result<Map<String, Value>, Refusal> {
        let mut document = Self::read(voice)?.document;
        document.retain(|name, _| {
            fields::lifespans(voice.switches.release).any(|lifespan| lifespan.name == name)
        });
        Ok(document)
    }

    /// Checks it and fills in what the server fills in.
    pub fn settle(&mut self, voice: Voice<'_>) -> Result<(), Refusal> {
        self.check_secret(voice)?;
        self.check_keys()?;
        let document = &mut self.document;
        let mut default = |name: &str, value: &str| {
            if !value.is_empty() {
                document.entry(name).or_insert_with(|| json!(value));
            }
        };
        default("token_endpoint_auth_method", "client_secret_basic");
        default("scope", &voice.switches.default_scope);
        default("userinfo_signed_response_alg", "none");
        default("subject_type", "public");
        for (name, allowed) in [
            ("userinfo_signed_response_alg", &["none", "RS256"][..]),
            ("subject_type", &["public"]),
            ("access_token_strategy", &["opaque", "jwt"]),
        ] {
            let value = self.text(name).unwrap_or(allowed[0]);
            if !allowed.contains(&value) {
                return Err(Refusal::metadata(&format!("Field {name} cannot be {value:?}.")));
            }
        }
        self.check_redirects()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.document.get(name).and_then(Value::as_str)
    }

    fn check_secret(&self, voice: Voice<'_>) -> Result<(), Refusal> {
        let length = self.client_secret.as_ref().map(String::len);
        if length.is_some_and(|length| length < LEAST_SECRET) {
            return Err(Refusal::metadata(
                "Field client_secret must contain a secret that is at least 6 characters long.",
            ));
        }
        match voice.switches.long_secret {
            Refuse(status) if length.is_some_and(|length| length > MOST_SECRET) => {
                Err(Refusal::unrecognizable(status))
            }
            Refuse(_) | Do(_) => Ok(()),
        }
    }

    fn check_keys(&self) -> Result<(), Refusal> {
        let has = |name| self.document.contains_key(name);
        if has("jwks") && has("jwks_uri") {
            return Err(Refusal::both_keys(400));
        }
        if self.text("token_endpoint_auth_method") != Some("private_key_jwt") {
            return Ok(());
        }
        if !has("jwks") && !has("jwks_uri") {
            return Err(Refusal::metadata(
                "When token_endpoint_auth_method is 'private_key_jwt', either jwks or jwks_uri must be set.",
            ));
        }
        match self.text("token_endpoint_auth_signing_alg") {
            Some(algorithm) if !ALGORITHMS.contains(&algorithm) => Err(Refusal::metadata(
                "The algorithm is not supported for private key authentication.",
            )),
            _ => Ok(()),
        }
    }

    fn check_redirects(&self) -> Result<(), Refusal> {
        let uris = self.document.get("redirect_uris").and_then(Value::as_array);
        for uri in uris.into_iter().flatten().filter_map(Value::as_str) {
            if !uri.starts_with('/') && !has_scheme(uri) {
                return Err(Refusal::redirect(&format!("Unable to parse redirect URL: {uri}")));
            }
            if uri.contains('#') {
                return Err(Refusal::redirect("Redirect URIs must not contain fragments (#)."));
            }
        }
        Ok(())
    }
}

fn has_scheme(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char))
    })
}

fn undecodable(reason: &str) -> Refusal {
    Refusal::malformed(&format!("Unable to decode the request body: {reason}"))
}

/// What is said of a field of the wrong type.
fn mistyped(value: &Value, field: &str, wanted: &str) -> String {
    let found = kind_of(value);
    format!("json: cannot unmarshal {found} into Go struct field Client.{field} of type {wanted}")
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as it is stored; `None` when the field stays unset. Says what is wrong with it otherwise.
fn taken(field: &Field, value: Value) -> Result<Option<Value>, String> {
    let wrong = |value: &Value, wanted: &str| Err(mistyped(value, field.name, wanted));
    match (field.kind, value) {
        (Kind::Free, value) => Ok(Some(value)),
        (_, Value::Null) => Ok(None),
        (Kind::Text, Value::String(text)) => Ok((!text.is_empty()).then_some(Value::String(text))),
        (Kind::List, Value::Array(items)) => match items.iter().find(|item| !item.is_string()) {
            Some(item) => wrong(item, "string"),
            None => Ok(Some(Value::Array(items))),
        },
        (Kind::List, value) => wrong(&value, "[]string"),
        (Kind::Flag, Value::Bool(yes)) => Ok(yes.then_some(Value::Bool(yes))),
        (Kind::NullableFlag, Value::Bool(yes)) => Ok(Some(Value::Bool(yes))),
        (Kind::Flag | Kind::NullableFlag, value) => wrong(&value, "bool"),
        (Kind::Lifespan, Value::String(text)) => match lifespan::parse(&text) {
            Some(_) => Ok(Some(Value::String(text))),
            None => Err(format!("time: invalid duration {text:?}")),
        },
        (Kind::Text | Kind::Lifespan, value) => wrong(&value, "string"),
        (Kind::Keys, Value::Object(set)) => match set.get("keys") {
            None => Ok(Some(json!({}))),
            Some(Value::Array(keys)) if keys.iter().all(|key| Key::read(key).is_some()) => {
                Ok(Some(Value::Object(set)))
            }
            Some(_) => Err("go-jose/go-jose: unsupported or invalid key".to_owned()),
        },
        (Kind::Keys, value) => wrong(&value, "jose.JSONWebKeySet"),
    }
}
