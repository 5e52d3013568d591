//! What a request is about: its path and method, read as the server would.

use hyper::Method;
use serde_json::Value;

use super::choices::{Plus, ScopeBase};
use super::switches::Switches;
use super::{Config, operations};
use crate::Operation;
use crate::http::{Request, decode_segment};
use crate::switch::Either;

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/clients`.
    Clients,
    /// `/clients/<name>`, the name decoded.
    Client(String),
    /// `/scope`.
    Scope,
    /// The token endpoint.
    Token,
    /// A path below the API that the server refuses with this status.
    Refused(u16),
    /// Nothing.
    Elsewhere,
}

/// Where a path leads.
pub fn target(config: &Config, switches: &Switches, path: &str) -> Target {
    if path == config.token_path {
        return Target::Token;
    }
    let scope_base = match switches.scope_base {
        ScopeBase::Same => config.api_prefix.as_str(),
        ScopeBase::Root => "",
        ScopeBase::Api => "/api",
    };
    if path.strip_prefix(scope_base) == Some("/scope") {
        return Target::Scope;
    }
    let Some(rest) = path
        .strip_prefix(&config.api_prefix)
        .and_then(|path| path.strip_prefix("/clients"))
    else {
        return Target::Elsewhere;
    };
    match rest.strip_prefix('/') {
        None if rest.is_empty() => Target::Clients,
        None => Target::Elsewhere,
        Some("") => match switches.trailing_slash {
            Either::Refuse(status) => Target::Refused(status),
            Either::Do(_) => Target::Clients,
        },
        Some(segment) if segment.contains('/') => Target::Elsewhere,
        Some(segment) => client(switches, segment),
    }
}

fn client(switches: &Switches, segment: &str) -> Target {
    if let Either::Refuse(status) = switches.encoded_slash
        && segment.to_ascii_lowercase().contains("%2f")
    {
        return Target::Refused(status);
    }
    let segment = match switches.plus_in_path {
        Plus::Literal => segment.to_owned(),
        Plus::Space => segment.replace('+', "%20"),
    };
    decode_segment(&segment).map_or(Target::Refused(400), Target::Client)
}

/// The operation of a request.
pub fn operation(target: &Target, method: &Method) -> Operation {
    match (target, method.as_str()) {
        (Target::Clients, "GET") => operations::LIST,
        (Target::Clients, "POST") => operations::REGISTER,
        (Target::Client(_), "GET") => operations::GET,
        (Target::Client(_), "PUT") => operations::PUT,
        (Target::Client(_), "PATCH") => operations::ROTATE,
        (Target::Client(_), "DELETE") => operations::DELETE,
        (Target::Scope, "GET") => operations::SCOPE_GET,
        (Target::Scope, "POST") => operations::SCOPE_POST,
        (Target::Scope, "PATCH") => operations::SCOPE_PATCH,
        (Target::Token, "POST") => operations::TOKEN,
        _ => operations::OTHER,
    }
}

/// The name in the body of a registration.
pub fn name_in_body(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body.get("client_name")?.as_str().map(str::to_owned)
}
