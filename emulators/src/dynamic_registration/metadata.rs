//! What a client is registered with: the metadata it asks for, checked, completed and altered as a server may.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::Config;
use super::choices::{
    AuthMethod, BareLists, RedirectPolicy, ScopeGranted, ScopeOmitted, UnknownMetadata, UnknownScope,
};
use super::manage_choices::OmittedInPut;
use super::switches::Switches;
use super::voice::Refusal;
use crate::switch::Either::{Do, Refuse};

/// The grant types that can be registered.
pub const GRANT_TYPES: [&str; 5] = [
    "authorization_code",
    "implicit",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
];
/// The authentication methods that can be registered.
pub const AUTH_METHODS: [&str; 3] = ["client_secret_basic", "client_secret_post", "none"];
/// What a server says of a client that the client must not say of itself.
pub const ISSUED: [&str; 4] = [
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
];
/// The metadata of RFC 7591 section 2.
pub const REGISTERED: [&str; 16] = [
    "redirect_uris",
    "token_endpoint_auth_method",
    "grant_types",
    "response_types",
    "client_name",
    "client_uri",
    "logo_uri",
    "scope",
    "contacts",
    "tos_uri",
    "policy_uri",
    "jwks_uri",
    "jwks",
    "software_id",
    "software_version",
    "software_statement",
];

/// What kind of value a field has; `None` when the field is not known.
fn kind(name: &str) -> Option<fn(&Value) -> bool> {
    // client_name#ja is client_name in Japanese.
    let plain = name.split('#').next().unwrap_or(name);
    match plain {
        "redirect_uris"
        | "grant_types"
        | "response_types"
        | "contacts"
        | "post_logout_redirect_uris"
        | "default_acr_values"
        | "request_uris" => Some(|value| {
            value
                .as_array()
                .is_some_and(|items| items.iter().all(Value::is_string))
        }),
        "client_uri"
        | "logo_uri"
        | "tos_uri"
        | "policy_uri"
        | "jwks_uri"
        | "sector_identifier_uri"
        | "initiate_login_uri" => Some(|value| value.as_str().is_some_and(is_web_address)),
        "jwks" => Some(|value| value.get("keys").is_some_and(Value::is_array)),
        "require_auth_time" => Some(Value::is_boolean),
        "default_max_age" => Some(Value::is_i64),
        "application_type" | "subject_type" | "id_token_signed_response_alg" => Some(Value::is_string),
        name if REGISTERED.contains(&name) => Some(Value::is_string),
        _ => None,
    }
}

fn is_web_address(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !text.contains(char::is_whitespace))
}

/// What decides on the metadata of one client.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// The switches.
    pub switches: &'a Switches,
    /// What the server knows.
    pub config: &'a Config,
}

impl Policy<'_> {
    /// What a client is registered with when it sends this document. `before` is what it was registered with
    /// when the document replaces that.
    pub fn grant(
        &self,
        document: Map<String, Value>,
        before: Option<&Map<String, Value>>,
    ) -> Result<Map<String, Value>, Refusal> {
        let mut asked = match before {
            Some(before) if self.switches.omitted_in_put == OmittedInPut::Kept => before.clone(),
            _ => Map::new(),
        };
        asked.extend(document);
        asked.retain(|name, value| {
            !value.is_null()
                && name != "client_id"
                && name != "client_secret"
                && !ISSUED.contains(&name.as_str())
        });
        self.read_statement(&mut asked, before.is_none())?;
        self.sort_out(&mut asked)?;
        self.complete(&mut asked)?;
        self.check_grants(&asked)?;
        self.check_redirects(&asked)?;
        check_keys(&asked)?;
        let method = text(&asked, "token_endpoint_auth_method");
        if !AUTH_METHODS.contains(&method) {
            return Err(Refusal::metadata("token_endpoint_auth_method is not supported"));
        }
        self.decide_scope(&mut asked)?;
        self.alter(&mut asked);
        Ok(asked)
    }

    /// What a software statement claims goes before what stands beside it.
    fn read_statement(&self, asked: &mut Map<String, Value>, demanded: bool) -> Result<(), Refusal> {
        let approved = &self.config.software_statements;
        if approved.is_empty() {
            // They are not supported here, so it is a field like any other unknown one.
            asked.remove("software_statement");
            return Ok(());
        }
        let invalid = |message: &str| Refusal::new(400, "invalid_software_statement", message);
        let statement = match asked.get("software_statement") {
            Some(statement) => statement.as_str(),
            None if demanded => return Err(invalid("a software statement is required")),
            None => return Ok(()),
        };
        let Some((statement, claims)) = statement.and_then(|text| Some((text, claims(text)?))) else {
            return Err(invalid("the software statement is not a signed token"));
        };
        if !approved.iter().any(|one| one == statement) {
            return Err(Refusal::new(
                400,
                "unapproved_software_statement",
                "the software statement is not approved here",
            ));
        }
        asked.extend(claims.into_iter().filter(|(name, _)| kind(name).is_some()));
        Ok(())
    }

    /// Unknown fields, and fields of a wrong kind.
    fn sort_out(&self, asked: &mut Map<String, Value>) -> Result<(), Refusal> {
        let unknown: Vec<String> = asked
            .keys()
            .filter(|name| kind(name).is_none())
            .cloned()
            .collect();
        match self.switches.unknown_metadata {
            Refuse(status) => {
                if let Some(name) = unknown.first() {
                    let message = format!("{name} is not known here");
                    return Err(Refusal::new(status, "invalid_client_metadata", message));
                }
            }
            Do(UnknownMetadata::Ignore) => asked.retain(|name, _| !unknown.contains(name)),
            Do(UnknownMetadata::Keep) => {}
        }
        let wrong = asked
            .iter()
            .find(|(name, value)| kind(name).is_some_and(|fits| !fits(value)));
        match wrong {
            Some((name, _)) if name == "redirect_uris" => {
                Err(bad_redirect("redirect_uris is not a list of texts"))
            }
            Some((name, _)) => Err(Refusal::metadata(format!("{name} is not valid"))),
            None => Ok(()),
        }
    }

    /// The defaults of RFC 7591 section 2.
    fn complete(&self, asked: &mut Map<String, Value>) -> Result<(), Refusal> {
        let mut default = |name: &str, value: Value| {
            asked.entry(name).or_insert(value);
        };
        default("token_endpoint_auth_method", json!("client_secret_basic"));
        default("grant_types", json!(["authorization_code"]));
        let bare = !asked.contains_key("response_types") || !asked.contains_key("redirect_uris");
        if bare && self.switches.bare_lists == BareLists::Required {
            return Err(bad_redirect("redirect_uris is mandatory property"));
        }
        let grants = list(asked, "grant_types");
        let responses: Vec<&str> = [("authorization_code", "code"), ("implicit", "token")]
            .into_iter()
            .filter_map(|(grant, response)| grants.contains(&grant).then_some(response))
            .collect();
        let responses = json!(responses);
        asked.entry("response_types").or_insert(responses);
        Ok(())
    }

    fn check_grants(&self, asked: &Map<String, Value>) -> Result<(), Refusal> {
        let grants = list(asked, "grant_types");
        if let Some(grant) = grants.iter().find(|grant| !GRANT_TYPES.contains(grant)) {
            return Err(Refusal::metadata(format!(
                "grant type {grant:?} is not supported"
            )));
        }
        let refused: Vec<&str> = self.switches.refused_grants.split_whitespace().collect();
        if let Some(grant) = grants.iter().find(|grant| refused.contains(grant)) {
            return Err(Refusal::metadata(format!("grant type {grant:?} is not allowed")));
        }
        let responses = list(asked, "response_types");
        let mut words = responses.iter().flat_map(|response| response.split_whitespace());
        let fits = words.all(|word| match word {
            "code" => grants.contains(&"authorization_code"),
            "token" | "id_token" => grants.contains(&"implicit"),
            other => other == "none",
        });
        if fits {
            Ok(())
        } else {
            Err(Refusal::metadata("response_types do not fit grant_types"))
        }
    }

    fn check_redirects(&self, asked: &Map<String, Value>) -> Result<(), Refusal> {
        let redirects = list(asked, "redirect_uris");
        let needed = list(asked, "grant_types")
            .iter()
            .any(|grant| ["authorization_code", "implicit"].contains(grant));
        if needed && redirects.is_empty() {
            return Err(bad_redirect("a client that uses redirects needs redirect_uris"));
        }
        for uri in redirects {
            let allowed = match self.switches.redirect_policy {
                RedirectPolicy::Any => true,
                RedirectPolicy::Https => uri.starts_with("https://"),
                RedirectPolicy::None => false,
            };
            if !allowed || !is_redirect(uri) {
                return Err(bad_redirect(format!("{uri:?} is not accepted")));
            }
        }
        Ok(())
    }

    fn decide_scope(&self, asked: &mut Map<String, Value>) -> Result<(), Refusal> {
        let known: Vec<&str> = self.config.scopes.iter().map(String::as_str).collect();
        let is_known = |scope: &str| known.is_empty() || known.contains(&scope);
        let mut scopes: Vec<&str> = text(asked, "scope").split_whitespace().collect();
        if scopes.is_empty() {
            match self.switches.scope_omitted {
                Refuse(status) => {
                    return Err(Refusal::new(
                        status,
                        "invalid_client_metadata",
                        "scope is missing",
                    ));
                }
                Do(ScopeOmitted::None) => {}
                Do(ScopeOmitted::All) => scopes.clone_from(&known),
            }
        }
        if let Some(unknown) = scopes.iter().find(|scope| !is_known(scope)) {
            match self.switches.unknown_scope {
                Refuse(status) => {
                    let message = format!("scope {unknown:?} is not known here");
                    return Err(Refusal::new(status, "invalid_client_metadata", message));
                }
                Do(UnknownScope::Accept) => {}
                Do(UnknownScope::Drop) => scopes.retain(|scope| is_known(scope)),
            }
        }
        match self.switches.scope_granted {
            ScopeGranted::AsAsked => {}
            ScopeGranted::OneLess => {
                scopes.pop();
            }
            ScopeGranted::None => scopes.clear(),
            ScopeGranted::All => scopes.clone_from(&known),
        }
        let scope = scopes.join(" ");
        if scope.is_empty() {
            asked.remove("scope");
        } else {
            asked.insert("scope".to_owned(), json!(scope));
        }
        Ok(())
    }

    /// What the server makes of it without being asked.
    fn alter(&self, asked: &mut Map<String, Value>) {
        let switches = self.switches;
        let method = match switches.auth_method {
            AuthMethod::AsAsked => None,
            AuthMethod::Basic => Some("client_secret_basic"),
            AuthMethod::Post => Some("client_secret_post"),
        };
        if let Some(method) = method {
            asked.insert("token_endpoint_auth_method".to_owned(), json!(method));
        }
        let dropped: Vec<&str> = switches.dropped_grants.split_whitespace().collect();
        if let Some(Value::Array(grants)) = asked.get_mut("grant_types") {
            grants.retain(|grant| grant.as_str().is_none_or(|grant| !dropped.contains(&grant)));
        }
        if switches.default_fields.0 {
            for (name, value) in [
                ("application_type", json!("web")),
                ("subject_type", json!("public")),
                ("id_token_signed_response_alg", json!("RS256")),
                ("require_auth_time", json!(false)),
                ("default_max_age", json!(3600)),
                ("post_logout_redirect_uris", json!([])),
            ] {
                asked.entry(name).or_insert(value);
            }
        }
        for name in switches.dropped_fields.split_whitespace() {
            asked.remove(name);
        }
    }
}

fn bad_redirect(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "invalid_redirect_uri", message)
}

/// Keys can be given in one way only.
fn check_keys(asked: &Map<String, Value>) -> Result<(), Refusal> {
    if asked.contains_key("jwks") && asked.contains_key("jwks_uri") {
        return Err(Refusal::metadata("jwks and jwks_uri exclude each other"));
    }
    Ok(())
}

/// An absolute URI without a fragment: RFC 6749 section 3.1.2.
fn is_redirect(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
    let of_the_web = !["http", "https"].contains(&scheme) || is_web_address(uri);
    named && of_the_web && !rest.is_empty() && !uri.contains('#') && !uri.contains(char::is_whitespace)
}

/// The claims of a signed token; its signature is not looked at.
fn claims(token: &str) -> Option<Map<String, Value>> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts.as_slice() else {
        return None;
    };
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(fields: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    let items = fields.get(name).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).collect()
}
