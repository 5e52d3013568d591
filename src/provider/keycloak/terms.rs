//! What a client is registered with, in the model's words and in Keycloak's: switches, attributes and mappers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::scopes::Given;
use super::wire::{Client, Written};
use crate::api::grant_types::{
    AUTHORIZATION_CODE, CLIENT_CREDENTIALS, DEVICE_CODE, IMPLICIT, PASSWORD, REFRESH_TOKEN, TOKEN_EXCHANGE,
};
use crate::model::{ClientMetadata, Fault, Field, short_hash};

/// OpenID Connect Client-Initiated Backchannel Authentication.
const CIBA: &str = "urn:openid:params:grant-type:ciba";
/// All grant types that a client can be given.
pub const GRANTS: [&str; 8] = [
    AUTHORIZATION_CODE,
    CIBA,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    IMPLICIT,
    PASSWORD,
    REFRESH_TOKEN,
    TOKEN_EXCHANGE,
];
/// The scope that is no client scope, and that every client can ask for.
pub const OPENID: &str = "openid";
/// The client scope that Keycloak itself attaches to every client with a service account.
pub const SERVICE_ACCOUNT: &str = "service_account";

/// Our marker. As an attribute it cannot be looked for, and is shown with the client.
pub const MARKER: &str = "oauthclient.dev/marker";
/// Which of its client scopes a client has from the realm, without having asked for them.
pub const GIVEN: &str = "oauthclient.dev/realm-scopes";
/// Which of the ways to send a secret was asked for: Keycloak takes either.
const METHOD: &str = "oauthclient.dev/token-endpoint-auth-method";

const ACCESS: &str = "access.token.lifespan";
const REFRESH: &str = "client.session.idle.timeout";
const DEVICE_SWITCH: &str = "oauth2.device.authorization.grant.enabled";
const CIBA_SWITCH: &str = "oidc.ciba.grant.enabled";
const EXCHANGE_SWITCH: &str = "standard.token.exchange.enabled";
/// Refresh tokens with the tokens of users; on where it is not said.
const REFRESH_OF_USERS: &str = "use.refresh.tokens";
/// The same with those of the client itself; off where it is not said.
const REFRESH_OF_CLIENT: &str = "client_credentials.use_refresh_token";

/// The authenticator that takes id and secret.
const BY_SECRET: &str = "client-secret";
const BASIC: &str = "client_secret_basic";
const POST: &str = "client_secret_post";
const AUDIENCE_MAPPER: &str = "oidc-audience-mapper";
const AUDIENCE: &str = "included.custom.audience";

/// What a new client is registered with. What is not said is Keycloak's own default, but for the grant types, of which it has
/// one for users only.
pub fn new(wanted: &ClientMetadata) -> ClientMetadata {
    ClientMetadata {
        grant_types: Some(
            wanted
                .grant_types
                .clone()
                .unwrap_or_else(|| by_default(wanted.redirect_uris.as_ref())),
        ),
        ..wanted.clone()
    }
}

/// What a client has from now on: what is not asked for stays, but for what is asked for no more.
pub fn changed(has: &ClientMetadata, wanted: &ClientMetadata, unset: &BTreeSet<Field>) -> ClientMetadata {
    fn one<T: Clone>(wanted: Option<&T>, has: Option<&T>, unset: bool, default: Option<T>) -> Option<T> {
        match (wanted, unset) {
            (Some(wanted), _) => Some(wanted.clone()),
            (None, true) => default,
            (None, false) => has.cloned(),
        }
    }
    let is = |field| unset.contains(&field);
    let (w, h) = (wanted, has);
    let redirect_uris = one(
        w.redirect_uris.as_ref(),
        h.redirect_uris.as_ref(),
        is(Field::RedirectUris),
        Some(BTreeSet::new()),
    );
    ClientMetadata {
        grant_types: one(
            w.grant_types.as_ref(),
            h.grant_types.as_ref(),
            is(Field::GrantTypes),
            Some(by_default(redirect_uris.as_ref())),
        ),
        scopes: one(
            w.scopes.as_ref(),
            h.scopes.as_ref(),
            is(Field::Scopes),
            Some(BTreeSet::new()),
        ),
        audiences: one(
            w.audiences.as_ref(),
            h.audiences.as_ref(),
            is(Field::Audiences),
            Some(BTreeMap::new()),
        ),
        redirect_uris,
        token_endpoint_auth_method: one(
            w.token_endpoint_auth_method.as_ref(),
            h.token_endpoint_auth_method.as_ref(),
            is(Field::TokenEndpointAuthMethod),
            Some(BASIC.to_owned()),
        ),
        access_token_validity_seconds: one(
            w.access_token_validity_seconds.as_ref(),
            h.access_token_validity_seconds.as_ref(),
            is(Field::AccessTokenValidity),
            None,
        ),
        refresh_token_validity_seconds: one(
            w.refresh_token_validity_seconds.as_ref(),
            h.refresh_token_validity_seconds.as_ref(),
            is(Field::RefreshTokenValidity),
            None,
        ),
        enabled: w.enabled.or(h.enabled),
    }
}

/// What nobody can do for a client here is refused before anything is sent.
pub fn possible(wanted: &ClientMetadata) -> Result<(), Fault> {
    match wanted.token_endpoint_auth_method.as_deref() {
        None | Some(BASIC | POST) => Ok(()),
        Some(other) => Err(Fault::Invalid(format!(
            "nothing is sent: tokenEndpointAuthMethod {other} is not supported here, only {BASIC} and {POST} are"
        ))),
    }
}

/// What a client can do where nobody says what.
fn by_default(redirects: Option<&BTreeSet<String>>) -> BTreeSet<String> {
    let serves_users = redirects.is_some_and(|uris| !uris.is_empty());
    let grants: &[&str] = if serves_users {
        &[AUTHORIZATION_CODE, REFRESH_TOKEN]
    } else {
        &[CLIENT_CREDENTIALS]
    };
    grants.iter().map(ToString::to_string).collect()
}

/// What a client has, in the model's words.
pub fn of(client: &Client) -> ClientMetadata {
    let seconds = |name| client.attribute(name).and_then(|text| text.trim().parse().ok());
    let given = client.given();
    let attached = client.attached();
    ClientMetadata {
        grant_types: Some(grants_of(client)),
        scopes: Some(attached.difference(&given).cloned().collect()),
        audiences: Some(
            (client.mappers())
                .filter_map(audience)
                .map(|audience| (audience.to_owned(), BTreeSet::new()))
                .collect(),
        ),
        redirect_uris: Some(client.redirect_uris.iter().flatten().cloned().collect()),
        token_endpoint_auth_method: method_of(client),
        access_token_validity_seconds: seconds(ACCESS),
        refresh_token_validity_seconds: seconds(REFRESH),
        enabled: client.enabled,
    }
}

fn grants_of(client: &Client) -> BTreeSet<String> {
    let is_on = |name| client.attribute(name) == Some("true");
    let switched = [
        (AUTHORIZATION_CODE, client.standard_flow_enabled == Some(true)),
        (IMPLICIT, client.implicit_flow_enabled == Some(true)),
        (PASSWORD, client.direct_access_grants_enabled == Some(true)),
        (CLIENT_CREDENTIALS, client.service_accounts_enabled == Some(true)),
        (DEVICE_CODE, is_on(DEVICE_SWITCH)),
        (CIBA, is_on(CIBA_SWITCH)),
        (TOKEN_EXCHANGE, is_on(EXCHANGE_SWITCH)),
    ];
    let mut grants: BTreeSet<String> = switched
        .into_iter()
        .filter(|(_, is_on)| *is_on)
        .map(|(grant, _)| grant.to_owned())
        .collect();
    let of_users = serves_users(&grants) && client.attribute(REFRESH_OF_USERS) != Some("false");
    let of_client = grants.contains(CLIENT_CREDENTIALS) && is_on(REFRESH_OF_CLIENT);
    if of_users || of_client {
        grants.insert(REFRESH_TOKEN.to_owned());
    }
    grants
}

/// Whether users get tokens that could have refresh tokens with them.
fn serves_users(grants: &BTreeSet<String>) -> bool {
    [AUTHORIZATION_CODE, PASSWORD, DEVICE_CODE, CIBA]
        .iter()
        .any(|grant| grants.contains(*grant))
}

fn method_of(client: &Client) -> Option<String> {
    let method = match client.client_authenticator_type.as_deref() {
        _ if client.public_client == Some(true) => "none",
        Some(BY_SECRET) if client.attribute(METHOD) == Some(POST) => POST,
        Some(BY_SECRET) => BASIC,
        Some("client-jwt") => "private_key_jwt",
        Some("client-secret-jwt") => "client_secret_jwt",
        Some("client-x509") => "tls_client_auth",
        _ => return None,
    };
    Some(method.to_owned())
}

/// The audience that a mapper puts into access tokens.
fn audience(mapper: &Value) -> Option<&str> {
    let config = &mapper["config"];
    let is_one = mapper["protocolMapper"] == AUDIENCE_MAPPER && config["access.token.claim"] == "true";
    config[AUDIENCE]
        .as_str()
        .filter(|audience| is_one && !audience.is_empty())
}

/// Writes the values of some fields. What is of the rest is not written, so it stays.
pub fn write<'a>(
    into: &mut Written<'a>,
    fields: &BTreeSet<Field>,
    then: &'a ClientMetadata,
    mappers: impl Iterator<Item = &'a Value>,
) {
    let text = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
    if fields.contains(&Field::GrantTypes) {
        write_grants(into, &then.grant_types.clone().unwrap_or_default());
    }
    if fields.contains(&Field::RedirectUris) {
        into.redirect_uris = Some(then.redirect_uris.clone().unwrap_or_default());
    }
    if fields.contains(&Field::TokenEndpointAuthMethod) {
        into.client_authenticator_type = Some(BY_SECRET);
        into.public_client = Some(false);
        let method = then
            .token_endpoint_auth_method
            .as_deref()
            .filter(|method| *method == POST);
        into.set(METHOD, method.unwrap_or_default().to_owned());
    }
    if fields.contains(&Field::AccessTokenValidity) {
        into.set(ACCESS, text(then.access_token_validity_seconds));
    }
    if fields.contains(&Field::RefreshTokenValidity) {
        into.set(REFRESH, text(then.refresh_token_validity_seconds));
    }
    if fields.contains(&Field::Audiences) {
        let wanted = then.audiences.clone().unwrap_or_default();
        let mut stay: Vec<Value> = Vec::new();
        let mut there = BTreeSet::new();
        for mapper in mappers {
            match audience(mapper) {
                Some(audience) if !wanted.contains_key(audience) => continue,
                Some(audience) => drop(there.insert(audience.to_owned())),
                None => {}
            }
            stay.push(mapper.clone());
        }
        let new = wanted.keys().filter(|audience| !there.contains(*audience));
        stay.extend(new.map(|audience| mapper_for(audience)));
        into.protocol_mappers = Some(stay);
    }
    if fields.contains(&Field::Enabled) {
        into.enabled = then.enabled;
    }
}

fn write_grants(into: &mut Written<'_>, grants: &BTreeSet<String>) {
    let has = |grant: &str| grants.contains(grant);
    into.standard_flow_enabled = Some(has(AUTHORIZATION_CODE));
    into.implicit_flow_enabled = Some(has(IMPLICIT));
    into.direct_access_grants_enabled = Some(has(PASSWORD));
    into.service_accounts_enabled = Some(has(CLIENT_CREDENTIALS));
    let refresh = has(REFRESH_TOKEN);
    for (name, is_on) in [
        (DEVICE_SWITCH, has(DEVICE_CODE)),
        (CIBA_SWITCH, has(CIBA)),
        (EXCHANGE_SWITCH, has(TOKEN_EXCHANGE)),
        (REFRESH_OF_USERS, refresh),
        // A client that asks for itself can ask again (RFC 6749 section 4.4.3), unless that is all that is wanted.
        (REFRESH_OF_CLIENT, refresh && !serves_users(grants)),
    ] {
        into.set(name, is_on.to_string());
    }
}

/// A mapper of a name that no other has.
fn mapper_for(audience: &str) -> Value {
    json!({
        "name": format!("oauthclient.dev audience {}", short_hash(&[audience], 16)),
        "protocol": "openid-connect",
        "protocolMapper": AUDIENCE_MAPPER,
        "config": {AUDIENCE: audience, "access.token.claim": "true", "id.token.claim": "false"},
    })
}

/// The client scopes of a new client: the realm's, and what is asked for beside them.
pub fn write_scopes(into: &mut Written<'_>, wanted: &BTreeSet<String>, realm: &Given) {
    let mut optionals = realm.optionals.clone();
    let asked = wanted
        .iter()
        .filter(|name| *name != OPENID && !realm.defaults.contains(*name));
    optionals.extend(asked.cloned());
    into.optional_client_scopes = Some(optionals);
    into.default_client_scopes = Some(realm.defaults.clone());
    into.set(GIVEN, listed(realm.all().difference(wanted)));
}

/// Names of client scopes as one text: they hold no space.
pub fn listed<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(" ")
}
