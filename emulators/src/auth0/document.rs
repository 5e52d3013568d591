//! What a client is registered with: the fields that a body may have, their limits, defaults, and how a change
//! is merged.

use serde_json::{Map, Value, json};

use super::choices::{AuthMethodDefault, MethodsConflict};
use super::refusal::Refusal;
use super::schema::{Field, Kind, field, nullable};
use super::switches::Switches;
use crate::switch::Either::{Do, Refuse};

/// The field with the authentication methods that use credentials.
pub const METHODS: &str = "client_authentication_methods";
/// The field with the authentication method that uses a secret.
pub const METHOD: &str = "token_endpoint_auth_method";
/// The field with the secret.
pub const SECRET: &str = "client_secret";
const METADATA: &str = "client_metadata";
const GRANT_TYPES: &str = "grant_types";

/// The most entries of `client_metadata`.
const METADATA_ENTRIES: usize = 10;
/// The most characters of each of its names and texts.
const METADATA_TEXT: usize = 255;
/// The most characters of a text that has no limit of its own.
const LONG: usize = 100_000;

const USAGES: Kind = Kind::Choice(&["deny", "allow", "require"]);

/// What a change may have; a registration may have all but the secret.
pub const FIELDS: &[Field] = &[
    field(SECRET, Kind::Text(1, LONG)),
    field("name", Kind::Name),
    field("description", Kind::Text(0, 140)),
    field("logo_uri", Kind::Text(0, LONG)),
    field("callbacks", Kind::Texts(LONG)),
    nullable("oidc_logout", Kind::Object),
    nullable("oidc_backchannel_logout", Kind::Object),
    nullable("session_transfer", Kind::Object),
    field("allowed_origins", Kind::Texts(LONG)),
    field("web_origins", Kind::Texts(LONG)),
    field("client_aliases", Kind::Texts(LONG)),
    field("allowed_clients", Kind::Texts(LONG)),
    field("allowed_logout_urls", Kind::Texts(LONG)),
    field(GRANT_TYPES, Kind::Texts(LONG)),
    nullable(
        METHOD,
        Kind::Choice(&["none", "client_secret_post", "client_secret_basic"]),
    ),
    field(
        "app_type",
        Kind::Choice(&[
            "native",
            "spa",
            "regular_web",
            "non_interactive",
            "resource_server",
        ]),
    ),
    field("is_first_party", Kind::Flag),
    field("oidc_conformant", Kind::Flag),
    field("jwt_configuration", Kind::Object),
    nullable("encryption_key", Kind::Object),
    field("sso", Kind::Flag),
    field("cross_origin_authentication", Kind::Flag),
    nullable("cross_origin_loc", Kind::Text(0, LONG)),
    field("sso_disabled", Kind::Flag),
    field("custom_login_page_on", Kind::Flag),
    field("custom_login_page", Kind::Text(0, LONG)),
    field("custom_login_page_preview", Kind::Text(0, LONG)),
    field("form_template", Kind::Text(0, LONG)),
    field("addons", Kind::Object),
    field(METADATA, Kind::Object),
    field("mobile", Kind::Object),
    field("initiate_login_uri", Kind::Text(0, LONG)),
    field("native_social_login", Kind::Object),
    nullable("refresh_token", Kind::Object),
    nullable("default_organization", Kind::Object),
    nullable("organization_usage", USAGES),
    nullable("organization_require_behavior", Kind::Text(0, LONG)),
    nullable("compliance_level", Kind::Text(0, LONG)),
    nullable("par_request_expiry", Kind::Number),
    nullable(METHODS, Kind::Object),
    field("require_pushed_authorization_requests", Kind::Flag),
    field("require_proof_of_possession", Kind::Flag),
    nullable("signed_request_object", Kind::Object),
    nullable("token_quota", Kind::Object),
    field("is_token_endpoint_ip_header_trusted", Kind::Flag),
];

/// Fields of which a change is merged; others are replaced.
fn is_merged(name: &str) -> bool {
    [METADATA, "jwt_configuration", "mobile"].contains(&name)
}

/// A new client's document: what was sent, and the defaults.
pub fn registered(switches: &Switches, sent: Map<String, Value>) -> Result<Map<String, Value>, Refusal> {
    let mut document = Map::new();
    merge(&mut document, sent);
    let has_keys = document.contains_key(METHODS);
    if !has_keys && !document.contains_key(METHOD) {
        let method = match switches.auth_method_default {
            AuthMethodDefault::NotShown => None,
            AuthMethodDefault::Post => Some("client_secret_post"),
            AuthMethodDefault::None => Some("none"),
        };
        document.extend(method.map(|method| (METHOD.to_owned(), json!(method))));
    }
    let is_machine = document
        .get("app_type")
        .is_some_and(|kind| kind == "non_interactive");
    let (lifetime, idle) = if is_machine {
        (31_557_600, 2_592_000)
    } else {
        (2_592_000, 1_296_000)
    };
    let mut default = |name: &str, value: Value| {
        document.entry(name).or_insert(value);
    };
    default("is_first_party", json!(true));
    default("is_token_endpoint_ip_header_trusted", json!(false));
    default("oidc_conformant", json!(false));
    default("jwt_configuration", json!({ "lifetime_in_seconds": 36000 }));
    default("sso_disabled", json!(false));
    default("cross_origin_authentication", json!(false));
    default("custom_login_page_on", json!(true));
    default(
        "refresh_token",
        json!({
            "rotation_type": "non-rotating",
            "expiration_type": "non-expiring",
            "leeway": 0,
            "token_lifetime": lifetime,
            "infinite_token_lifetime": true,
            "infinite_idle_token_lifetime": true,
            "idle_token_lifetime": idle,
        }),
    );
    if let Some(Value::Object(jwt)) = document.get_mut("jwt_configuration") {
        jwt.entry("secret_encoded").or_insert(json!(false));
    }
    let mut grants = vec!["authorization_code", "implicit", "refresh_token"];
    if !is_public(&document) {
        grants.push("client_credentials");
    }
    document.entry(GRANT_TYPES).or_insert(json!(grants));
    check(switches, &document)?;
    Ok(document)
}

/// A client's document after a change.
pub fn changed(
    switches: &Switches,
    before: &Map<String, Value>,
    sent: Map<String, Value>,
) -> Result<Map<String, Value>, Refusal> {
    let sets = |name: &str| sent.get(name).is_some_and(|value| !value.is_null());
    let (sets_method, sets_methods) = (sets(METHOD), sets(METHODS));
    if sets_method && sets_methods {
        return Err(exclusive(400));
    }
    let mut document = before.clone();
    merge(&mut document, sent);
    if document.contains_key(METHOD) && document.contains_key(METHODS) {
        let other = if sets_methods { METHOD } else { METHODS };
        match switches.methods_conflict {
            Refuse(status) => return Err(exclusive(status)),
            Do(MethodsConflict::Replaces) => document.remove(other),
        };
    }
    check(switches, &document)?;
    Ok(document)
}

fn exclusive(status: u16) -> Refusal {
    let refusal = Refusal::body(format!("'{METHOD} and {METHODS} are mutually exclusive'"));
    refusal.with_status(status)
}

/// `null` removes, also one entry of an object that is merged.
fn merge(document: &mut Map<String, Value>, sent: Map<String, Value>) {
    for (name, value) in sent {
        match value {
            Value::Null => {
                document.remove(&name);
            }
            Value::Object(entries) if is_merged(&name) => {
                if let Value::Object(merged) = document.entry(name).or_insert_with(|| json!({})) {
                    merge(merged, entries);
                }
            }
            value => {
                document.insert(name, value);
            }
        }
    }
}

/// What the schema alone cannot say.
fn check(switches: &Switches, document: &Map<String, Value>) -> Result<(), Refusal> {
    if document.contains_key(METHOD) && document.contains_key(METHODS) {
        return Err(exclusive(400));
    }
    if let Some(Value::Object(metadata)) = document.get(METADATA) {
        check_metadata(metadata)?;
    }
    if is_public(document) && grants(document).any(|grant| grant == "client_credentials") {
        let message = "Invalid grant types: client_credentials";
        return Err(Refusal::new(400, "invalid_body", message));
    }
    let alg = &document.get("jwt_configuration").unwrap_or(&Value::Null)["alg"];
    match switches.key_alg {
        Refuse(status) if document.contains_key(METHODS) && *alg != "RS256" && *alg != "PS256" => {
            let message = "private_key_jwt needs jwt_configuration.alg RS256";
            Err(Refusal::new(status, "invalid_body", message))
        }
        Refuse(_) | Do(_) => Ok(()),
    }
}

fn check_metadata(metadata: &Map<String, Value>) -> Result<(), Refusal> {
    let wrong = |what: String| Refusal::body(format!("'{what}' on property {METADATA}"));
    let count = metadata.len();
    if count > METADATA_ENTRIES {
        let what = format!("Too many properties defined ({count}), maximum {METADATA_ENTRIES}");
        return Err(wrong(what));
    }
    for (name, value) in metadata {
        let Value::String(text) = value else {
            return Err(wrong(format!("Expected type string for {name}")));
        };
        let length = name.chars().count().max(text.chars().count());
        if length > METADATA_TEXT {
            let what = format!("String is too long ({length} chars), maximum {METADATA_TEXT}");
            return Err(wrong(what));
        }
    }
    Ok(())
}

/// Whether a client has no way to authenticate.
pub fn is_public(document: &Map<String, Value>) -> bool {
    document.get(METHOD).is_some_and(|method| method == "none")
}

/// The grant types of a client.
pub fn grants(document: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let grants = document.get(GRANT_TYPES).and_then(Value::as_array);
    grants.into_iter().flatten().filter_map(Value::as_str)
}
