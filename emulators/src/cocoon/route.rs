//! What a request is about: its path and method.

use hyper::Method;
use serde_json::Value;

use super::{API, TOKEN_PATH, operations};
use crate::Operation;
use crate::http::{Request, decode_segment};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/clientapps`.
    Apps,
    /// `/clientapps/<clientInfoId>`, the id decoded.
    App(String),
    /// `/clientapps/<clientInfoId>/enable`, the id decoded.
    Enable(String),
    /// `/dashboard/clients`.
    Dashboard,
    /// The token endpoint.
    Token,
    /// Nothing.
    Elsewhere,
}

/// Where a path leads.
pub fn target(context_path: &str, path: &str) -> Target {
    let Some(rest) = path.strip_prefix(context_path) else {
        return Target::Elsewhere;
    };
    if rest == TOKEN_PATH {
        return Target::Token;
    }
    let segments = rest
        .strip_prefix(API)
        .unwrap_or_default()
        .split('/')
        .map(decode_segment);
    let Some(segments) = segments.collect::<Option<Vec<_>>>() else {
        return Target::Elsewhere;
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments[..] {
        ["", "clientapps"] => Target::Apps,
        ["", "clientapps", id] if !id.is_empty() => Target::App(id.to_owned()),
        ["", "clientapps", id, "enable"] if !id.is_empty() => Target::Enable(id.to_owned()),
        ["", "dashboard", "clients"] => Target::Dashboard,
        _ => Target::Elsewhere,
    }
}

/// The operation of a request.
pub fn operation(target: &Target, method: &Method) -> Operation {
    match (target, method.as_str()) {
        (Target::Apps, "GET") => operations::LIST,
        (Target::Apps, "POST") => operations::REGISTER,
        (Target::App(_), "GET") => operations::GET,
        (Target::App(_), "PUT") => operations::UPDATE,
        (Target::App(_), "DELETE") => operations::DELETE,
        (Target::Enable(_), "PUT") => operations::ENABLE,
        (Target::Dashboard, "GET") => operations::DASHBOARD,
        (Target::Token, "POST") => operations::TOKEN,
        _ => operations::OTHER,
    }
}

/// The name in the body of a registration.
pub fn name_in_body(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body.get("appName")?.as_str().map(str::to_owned)
}
