//! What a request is about: its path and method.

use hyper::Method;
use serde_json::Value;

use super::{API, TOKEN_PATH, operations};
use crate::Operation;
use crate::http::{Request, decode_segment};

/// What a path leads to. Ids are decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/oauth/token`.
    Token,
    /// `/clients`.
    Clients,
    /// `/clients/<client_id>`.
    Client(String),
    /// `/clients/<client_id>/rotate-secret`.
    Rotation(String),
    /// `/clients/<client_id>/credentials`.
    Credentials(String),
    /// `/clients/<client_id>/credentials/<id>`.
    Credential(String, String),
    /// `/client-grants`.
    Grants,
    /// `/client-grants/<id>`.
    Grant(String),
    /// `/resource-servers`.
    Apis,
    /// `/resource-servers/<id or identifier>`.
    Api(String),
    /// Nothing.
    Elsewhere,
}

/// Where a path leads.
pub fn target(path: &str) -> Target {
    if path == TOKEN_PATH {
        return Target::Token;
    }
    let segments = path.strip_prefix(API).and_then(|rest| {
        let segments = rest.strip_prefix('/')?.split('/').map(decode_segment);
        segments.collect::<Option<Vec<_>>>()
    });
    let segments = segments.unwrap_or_default();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if segments.contains(&"") {
        return Target::Elsewhere;
    }
    match segments.as_slice() {
        ["clients"] => Target::Clients,
        ["clients", id] => Target::Client((*id).to_owned()),
        ["clients", id, "rotate-secret"] => Target::Rotation((*id).to_owned()),
        ["clients", id, "credentials"] => Target::Credentials((*id).to_owned()),
        ["clients", id, "credentials", key] => Target::Credential((*id).to_owned(), (*key).to_owned()),
        ["client-grants"] => Target::Grants,
        ["client-grants", id] => Target::Grant((*id).to_owned()),
        ["resource-servers"] => Target::Apis,
        ["resource-servers", name] => Target::Api((*name).to_owned()),
        _ => Target::Elsewhere,
    }
}

/// The operation of a call to the Management API; a token request is told apart by its audience.
pub fn operation(target: &Target, method: &Method) -> Operation {
    match (target, method.as_str()) {
        (Target::Clients, "GET") => operations::LIST,
        (Target::Clients, "POST") => operations::REGISTER,
        (Target::Client(_), "GET") => operations::GET,
        (Target::Client(_), "PATCH") => operations::UPDATE,
        (Target::Client(_), "DELETE") => operations::DELETE,
        (Target::Rotation(_), "POST") => operations::ROTATE,
        (Target::Credentials(_), "GET") => operations::LIST_CREDENTIALS,
        (Target::Credentials(_), "POST") => operations::CREATE_CREDENTIAL,
        (Target::Credential(..), "GET") => operations::GET_CREDENTIAL,
        (Target::Credential(..), "PATCH") => operations::UPDATE_CREDENTIAL,
        (Target::Credential(..), "DELETE") => operations::DELETE_CREDENTIAL,
        (Target::Grants, "GET") => operations::LIST_GRANTS,
        (Target::Grants, "POST") => operations::CREATE_GRANT,
        (Target::Grant(_), "GET") => operations::GET_GRANT,
        (Target::Grant(_), "PATCH") => operations::UPDATE_GRANT,
        (Target::Grant(_), "DELETE") => operations::DELETE_GRANT,
        (Target::Apis, "GET") => operations::LIST_APIS,
        (Target::Apis, "POST") => operations::CREATE_API,
        (Target::Api(_), "GET") => operations::GET_API,
        (Target::Api(_), "PATCH") => operations::UPDATE_API,
        (Target::Api(_), "DELETE") => operations::DELETE_API,
        (Target::Token, "POST") => operations::TOKEN,
        _ => operations::OTHER,
    }
}

/// A text in the body of a request.
pub fn in_body(request: &Request, name: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body[name].as_str().map(str::to_owned)
}
