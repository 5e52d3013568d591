//! What a request is about: its path, query and method, read as the server would.

use hyper::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::choices::{Discovery, DiscoveryForm};
use super::manage_choices::UriForm;
use super::state::Place;
use super::switches::Switches;
use super::{REGISTER_PATH, TOKEN_PATH, operations};
use crate::Operation;
use crate::http::{Request, decode_segment};

/// Everything but the characters that RFC 3986 calls unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What is before the handle of a client in an address that has nothing to do with its id.
const MANAGE_PATH: &str = "/manage/";
/// What is behind it.
const MANAGE_END: &str = "/client";
/// Where addresses lead that lead elsewhere.
pub const OTHER_ORIGIN: &str = "https://elsewhere.invalid";

/// One of the two discovery documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// OpenID Connect Discovery's.
    OpenId,
    /// RFC 8414's.
    OAuth,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A discovery document; `None` where one would be looked for in vain.
    Discovery(Option<Document>),
    /// The registration endpoint.
    Register,
    /// A client's configuration.
    Client(Place),
    /// The token endpoint.
    Token,
    /// Nothing.
    Elsewhere,
}

/// Where a request leads.
pub fn target(issuer_path: &str, switches: &Switches, request: &Request) -> Target {
    if request.path.contains("/.well-known/") {
        return Target::Discovery(document(issuer_path, switches, &request.path));
    }
    let Some(path) = request.path.strip_prefix(issuer_path) else {
        return Target::Elsewhere;
    };
    let place = |form, key| Target::Client(Place { form, key });
    let one = |segment: &str| {
        let segment = Some(segment).filter(|segment| !segment.is_empty() && !segment.contains('/'));
        segment.and_then(decode_segment)
    };
    if path == TOKEN_PATH {
        return Target::Token;
    }
    if path == REGISTER_PATH {
        let key = request.parameter("client_id");
        return key.map_or(Target::Register, |key| place(UriForm::Query, key));
    }
    if let Some(handle) = path
        .strip_prefix(MANAGE_PATH)
        .and_then(|rest| rest.strip_suffix(MANAGE_END))
    {
        return one(handle).map_or(Target::Elsewhere, |key| place(UriForm::OtherPath, key));
    }
    let id = path
        .strip_prefix(REGISTER_PATH)
        .and_then(|rest| rest.strip_prefix('/'));
    id.and_then(one)
        .map_or(Target::Elsewhere, |key| place(UriForm::Path, key))
}

/// The document at a path with a well-known part, where the switches have one.
fn document(issuer_path: &str, switches: &Switches, path: &str) -> Option<Document> {
    let documents = [
        (Document::OpenId, "/.well-known/openid-configuration"),
        (Document::OAuth, "/.well-known/oauth-authorization-server"),
    ];
    let (document, _) = documents.into_iter().find(|(document, name)| {
        let exists = match switches.discovery {
            Discovery::Both => true,
            Discovery::OpenId => *document == Document::OpenId,
            Discovery::OAuth => *document == Document::OAuth,
            Discovery::None => false,
        };
        let inserted = path == format!("{name}{issuer_path}");
        let appended = path == format!("{issuer_path}{name}");
        exists
            && match switches.discovery_form {
                DiscoveryForm::Standard if *document == Document::OpenId => appended,
                DiscoveryForm::Standard | DiscoveryForm::Insert => inserted,
                DiscoveryForm::Append => appended,
                DiscoveryForm::All => inserted || appended,
            }
    })?;
    Some(document)
}

/// The operation of a request.
pub fn operation(target: &Target, method: &Method) -> Operation {
    match (target, method.as_str()) {
        (Target::Discovery(_), "GET") => operations::DISCOVER,
        (Target::Register, "POST") => operations::REGISTER,
        (Target::Client(_), "GET") => operations::READ,
        (Target::Client(_), "PUT") => operations::UPDATE,
        (Target::Client(_), "DELETE") => operations::DELETE,
        (Target::Token, "POST") => operations::TOKEN,
        _ => operations::OTHER,
    }
}

/// A client's `registration_client_uri`.
pub fn client_uri(origin: &str, issuer_path: &str, place: &Place) -> String {
    let key = utf8_percent_encode(&place.key, SEGMENT);
    let register = format!("{issuer_path}{REGISTER_PATH}");
    match place.form {
        UriForm::Path => format!("{origin}{register}/{key}"),
        UriForm::Query => format!("{origin}{register}?client_id={key}"),
        UriForm::OtherPath => format!("{origin}{issuer_path}{MANAGE_PATH}{key}{MANAGE_END}"),
        UriForm::Relative => format!("{register}/{key}"),
        UriForm::OtherOrigin => format!("{OTHER_ORIGIN}{register}/{key}"),
    }
}
