//! What a request is about: its path and method.

use hyper::Method;
use serde_json::Value;

use super::choices::Release;
use super::{Config, TOKEN_PATH, operations};
use crate::Operation;
use crate::http::{Request, decode_segment};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/admin/clients`.
    Clients,
    /// `/admin/clients/<client_id>`, the id decoded.
    Client(String),
    /// `/admin/clients/<client_id>/lifespans`.
    Lifespans(String),
    /// `/admin/clients/<client_id>/secrets/rotate`.
    Rotation(String),
    /// The token endpoint.
    Token,
    /// Nothing.
    Elsewhere,
}

impl Target {
    /// The client that it is about, where there is one.
    pub fn client_id(&self) -> Option<&str> {
        match self {
            Self::Client(id) | Self::Lifespans(id) | Self::Rotation(id) => Some(id),
            Self::Clients | Self::Token | Self::Elsewhere => None,
        }
    }

    /// The methods that it takes.
    pub fn allowed(&self) -> &'static str {
        match self {
            Self::Clients => "GET, OPTIONS, POST",
            Self::Client(_) => "DELETE, GET, OPTIONS, PATCH, PUT",
            Self::Lifespans(_) => "OPTIONS, PUT",
            Self::Rotation(_) => "DELETE, OPTIONS, POST",
            Self::Token => "OPTIONS, POST",
            Self::Elsewhere => "",
        }
    }
}

/// Where a path leads.
pub fn target(config: &Config, release: Release, path: &str) -> Target {
    if path.strip_prefix(&config.public_path) == Some(TOKEN_PATH) {
        return Target::Token;
    }
    let rest = path.strip_prefix(&config.admin_path).unwrap_or_default();
    let rest = match rest.strip_prefix("/admin/") {
        Some(_) if release == Release::V1 => return Target::Elsewhere,
        Some(rest) => rest,
        None => rest.strip_prefix('/').unwrap_or_default(),
    };
    let segments = match release {
        // The router of these has decoded a path before it looks for slashes.
        Release::V1 | Release::V2 => {
            decode_segment(rest).map(|rest| rest.split('/').map(str::to_owned).collect())
        }
        Release::V26 => rest.split('/').map(decode_segment).collect::<Option<Vec<_>>>(),
    };
    let Some(segments) = segments else {
        return Target::Elsewhere;
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let has_more = release != Release::V1;
    match segments[..] {
        ["clients"] => Target::Clients,
        ["clients", id] if !id.is_empty() => Target::Client(id.to_owned()),
        ["clients", id, "lifespans"] if has_more => Target::Lifespans(id.to_owned()),
        ["clients", id, "secrets", "rotate"] if has_more => Target::Rotation(id.to_owned()),
        _ => Target::Elsewhere,
    }
}

/// The operation of a request.
pub fn operation(target: &Target, method: &Method) -> Operation {
    match (target, method.as_str()) {
        (Target::Clients, "GET") => operations::LIST,
        (Target::Clients, "POST") => operations::REGISTER,
        (Target::Client(_), "GET") => operations::GET,
        (Target::Client(_), "PUT") => operations::UPDATE,
        (Target::Client(_), "PATCH") => operations::PATCH,
        (Target::Client(_), "DELETE") => operations::DELETE,
        (Target::Lifespans(_), "PUT") => operations::LIFESPANS,
        (Target::Rotation(_), "POST") => operations::ROTATE,
        (Target::Rotation(_), "DELETE") => operations::CLEAR,
        (Target::Token, "POST") => operations::TOKEN,
        _ => operations::OTHER,
    }
}

/// The name in the body of a registration, or the id where there is none.
pub fn name_in_body(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    let text = |field: &str| {
        let text = body.get(field)?.as_str().filter(|text| !text.is_empty());
        text.map(str::to_owned)
    };
    text("client_name").or_else(|| text("client_id"))
}
