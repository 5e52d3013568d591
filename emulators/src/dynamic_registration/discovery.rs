//! The discovery documents.

use serde_json::{Map, Value, json};

use super::choices::{DiscoveryFields, IssuerValue, RegistrationEndpoint};
use super::metadata::{AUTH_METHODS, GRANT_TYPES};
use super::route::{Document, OTHER_ORIGIN};
use super::voice::Voice;
use super::{REGISTER_PATH, TOKEN_PATH};
use crate::http::Answer;
use crate::switch::Success;

/// One of the documents of a server with these scopes.
pub fn answer(voice: Voice<'_>, document: Document, scopes: &[String]) -> Answer {
    let mut fields = Map::new();
    let mut insert = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    let issuer = format!("{}{}", voice.origin, voice.issuer_path);
    let said = match voice.switches.issuer_value {
        IssuerValue::Right => Some(issuer.clone()),
        IssuerValue::TrailingSlash => Some(format!("{issuer}/")),
        IssuerValue::Other => Some(format!("{OTHER_ORIGIN}{}", voice.issuer_path)),
        IssuerValue::Absent => None,
    };
    if let Some(said) = said {
        insert("issuer", json!(said));
    }
    insert("authorization_endpoint", json!(format!("{issuer}/authorize")));
    insert("token_endpoint", json!(format!("{issuer}{TOKEN_PATH}")));
    insert("response_types_supported", json!(["code", "token"]));
    let endpoint = match voice.switches.registration_endpoint {
        RegistrationEndpoint::Shown => Some(format!("{issuer}{REGISTER_PATH}")),
        RegistrationEndpoint::Relative => Some(format!("{}{REGISTER_PATH}", voice.issuer_path)),
        RegistrationEndpoint::OtherOrigin => {
            Some(format!("{OTHER_ORIGIN}{}{REGISTER_PATH}", voice.issuer_path))
        }
        RegistrationEndpoint::Absent => None,
    };
    if let Some(endpoint) = endpoint {
        insert("registration_endpoint", json!(endpoint));
    }
    if document == Document::OpenId {
        insert("jwks_uri", json!(format!("{issuer}/jwks")));
        insert("subject_types_supported", json!(["public"]));
        insert("id_token_signing_alg_values_supported", json!(["RS256"]));
    }
    if voice.switches.discovery_fields == DiscoveryFields::Full {
        insert("grant_types_supported", json!(GRANT_TYPES));
        insert("token_endpoint_auth_methods_supported", json!(AUTH_METHODS));
        if !scopes.is_empty() {
            insert("scopes_supported", json!(scopes));
        }
    }
    voice.json(Success(200), &Value::Object(fields))
}
