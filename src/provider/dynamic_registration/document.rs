//! What is asked of the server: the bodies of registrations and changes.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::super::http::Body;
use super::super::wire::json;
use crate::api::{TokenEndpointAuthMethod, grant_types};
use crate::model::{Candidate, ClientMetadata, Confidential, Fault, Handle, RegistrationAccess};

/// A client's metadata as JSON.
pub type Document = Map<String, Value>;

/// Fields of an answer that are not kept with the metadata. The first four must not be in a change (RFC 7592 section 2.2);
/// the others come from where they are kept as secrets.
const NOT_KEPT: [&str; 6] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
    "client_secret",
    "software_statement",
];

/// A document in which no name comes twice: of two values nobody knows which one the server means.
pub struct Distinct(pub Document);

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Document;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object whose names are distinct")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
                let mut document = Document::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if document.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name comes twice"));
                    }
                }
                Ok(document)
            }
        }

        from.deserialize_map(Fields).map(Self)
    }
}

/// Takes out of an answer what is not kept, and what repeats one of `secrets` under another name.
pub fn keep_metadata(answer: &mut Document, secrets: &[&Confidential]) {
    // Null and absent mean the same, and not every server knows it.
    answer.retain(|name, value| {
        !NOT_KEPT.contains(&name.as_str()) && !value.is_null() && !repeats(value, secrets)
    });
}

fn repeats(value: &Value, secrets: &[&Confidential]) -> bool {
    match value {
        Value::String(text) => secrets.iter().any(|secret| secret.expose() == text),
        Value::Array(values) => values.iter().any(|value| repeats(value, secrets)),
        Value::Object(fields) => fields.values().any(|value| repeats(value, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether the operator can register what is asked for; else why not.
pub fn check(metadata: &ClientMetadata) -> Result<(), String> {
    let method = metadata.token_endpoint_auth_method.as_deref();
    match method.and_then(TokenEndpointAuthMethod::parse) {
        Some(TokenEndpointAuthMethod::PrivateKeyJwt) => Err(
            "tokenEndpointAuthMethod private_key_jwt needs a key of the client, and the operator registers none".to_owned(),
        ),
        // Whether such a client is gone could not be told from a wrong way to ask for a token.
        Some(TokenEndpointAuthMethod::ClientSecretJwt) => {
            Err("tokenEndpointAuthMethod client_secret_jwt cannot be verified by the operator".to_owned())
        }
        _ => Ok(()),
    }
}

/// The metadata that is sent for what is asked, with the operator's defaults.
pub fn as_sent(metadata: &ClientMetadata) -> ClientMetadata {
    let by_default = || BTreeSet::from([grant_types::CLIENT_CREDENTIALS.to_owned()]);
    ClientMetadata {
        grant_types: Some(metadata.grant_types.clone().unwrap_or_else(by_default)),
        redirect_uris: Some(metadata.redirect_uris.clone().unwrap_or_default()),
        ..metadata.clone()
    }
}

/// The body of a registration (RFC 7591 section 3.1).
pub fn registration(candidate: &Candidate, statement: Option<&Confidential>) -> Result<Body, Fault> {
    let mut document = Document::new();
    let mut put = |name: &str, value: String| document.insert(name.to_owned(), Value::from(value));
    put("client_name", candidate.name.clone());
    // The way for a person to find what a lost answer has left behind.
    put("software_id", candidate.marker.software_id());
    put("software_version", candidate.marker.number.to_string());
    ask(&mut document, &candidate.metadata);
    with_secrets(&document, None, statement)
}

/// The metadata that a client shall have: all that the server returned last, but for what is asked for.
pub fn changed(
    access: &RegistrationAccess,
    handle: &Handle,
    metadata: &ClientMetadata,
) -> Result<Document, String> {
    let last = serde_json::from_str(&access.document);
    let mut document: Document =
        last.map_err(|_| "what the server returned last cannot be read".to_owned())?;
    keep_metadata(&mut document, &[]);
    document.insert("client_id".to_owned(), Value::from(handle.0.as_str()));
    ask(&mut document, metadata);
    Ok(document)
}

/// The body of a change (RFC 7592 section 2.2).
pub fn change(
    document: &Document,
    secret: Option<&Confidential>,
    statement: Option<&Confidential>,
) -> Result<Body, Fault> {
    with_secrets(document, secret, statement)
}

/// Puts what is asked for into a document. What is not asked for is left out, so that the server's default holds.
fn ask(document: &mut Document, metadata: &ClientMetadata) {
    let sent = as_sent(metadata);
    let list = |values: &Option<BTreeSet<String>>| values.iter().flatten().cloned().collect::<Value>();
    let grants = sent.grant_types.iter().flatten();
    let codes = grants.filter(|grant| *grant == grant_types::AUTHORIZATION_CODE);
    // Each grant has its response type (RFC 7591 section 2.1); without one, the default would ask for redirect URIs.
    document.insert(
        "response_types".to_owned(),
        codes.map(|_| "code").collect::<Value>(),
    );
    document.insert("grant_types".to_owned(), list(&sent.grant_types));
    document.insert("redirect_uris".to_owned(), list(&sent.redirect_uris));
    let scope = Some(sent.scope_text()).filter(|scope| !scope.is_empty());
    for (name, value) in [
        ("scope", scope),
        ("token_endpoint_auth_method", sent.token_endpoint_auth_method),
    ] {
        match value {
            Some(value) => document.insert(name.to_owned(), Value::from(value)),
            None => document.remove(name),
        };
    }
}

/// Writes a document with members that are secret, which are in no value that lives on.
fn with_secrets(
    document: &Document,
    secret: Option<&Confidential>,
    statement: Option<&Confidential>,
) -> Result<Body, Fault> {
    let whole = Whole {
        document,
        client_secret: secret.map(Confidential::expose),
        software_statement: statement.map(Confidential::expose),
    };
    json(&whole)
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    document: &'a Document,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    software_statement: Option<&'a str>,
}
