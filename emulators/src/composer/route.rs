//! What a request is about: its path and method.

use hyper::Method;
use serde_json::Value;

use super::choices::Release;
use super::{API, operations};
use crate::Operation;
use crate::http::{Request, decode_segment};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/clients`.
    Clients,
    /// `/clients/<id>`, the id decoded.
    Client(String),
    /// `/pull/tokens`, or `/token` of an old release.
    Pull,
    /// `/push/tokens`.
    Push,
    /// `/tokens/<id>`, the id decoded.
    Token(String),
    /// Nothing.
    Elsewhere,
}

/// Where a path leads.
pub fn target(context_path: &str, release: Release, path: &str) -> Target {
    let rest = path
        .strip_prefix(context_path)
        .and_then(|path| path.strip_prefix(API));
    let Some(rest) = rest else {
        return Target::Elsewhere;
    };
    match (rest, release) {
        ("/clients", _) => return Target::Clients,
        ("/pull/tokens", Release::Recent) | ("/token", Release::Old) => return Target::Pull,
        ("/push/tokens", Release::Recent) => return Target::Push,
        _ => {}
    }
    let item = |collection| {
        let segment = rest.strip_prefix(collection)?;
        let one = !segment.is_empty() && !segment.contains('/');
        decode_segment(segment).filter(|_| one)
    };
    if let Some(id) = item("/clients/") {
        return Target::Client(id);
    }
    match item("/tokens/") {
        Some(id) if release == Release::Recent => Target::Token(id),
        _ => Target::Elsewhere,
    }
}

/// The operation of a request.
pub fn operation(target: &Target, method: &Method) -> Operation {
    match (target, method.as_str()) {
        (Target::Clients, "GET") => operations::LIST,
        (Target::Clients, "POST") => operations::REGISTER,
        (Target::Client(_), "GET") => operations::GET,
        (Target::Client(_), "PATCH") => operations::UPDATE,
        (Target::Client(_), "DELETE") => operations::DELETE,
        (Target::Pull, "POST") => operations::PULL,
        (Target::Push, "POST") => operations::PUSH,
        (Target::Token(_), "DELETE") => operations::REVOKE,
        _ => operations::OTHER,
    }
}

/// The name in the body of a registration.
pub fn name_in_body(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body.get("client_name")?.as_str().map(str::to_owned)
}
