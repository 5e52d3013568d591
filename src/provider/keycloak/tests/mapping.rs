//! Between the model's words and Keycloak's.

use rstest::rstest;

use super::super::scopes::{Given, Moves};
use super::super::wire::{Client, Written};
use super::*;

fn with(fields: &[(&str, Value)], attributes: &[(&str, &str)]) -> Client {
    let mut client = client();
    for (name, value) in fields {
        client[*name] = value.clone();
    }
    for (name, value) in attributes {
        client["attributes"][*name] = json!(value);
    }
    read(&client)
}

/// What is written for grant types is read as the same.
#[rstest]
#[case(&["client_credentials"])]
#[case(&["client_credentials", "refresh_token"])]
#[case(&["authorization_code"])]
#[case(&["authorization_code", "refresh_token"])]
#[case(&["authorization_code", "client_credentials", "refresh_token"])]
#[case(&["authorization_code", "client_credentials"])]
#[case(&["implicit"])]
#[case(&["password", "refresh_token"])]
#[case(&["urn:ietf:params:oauth:grant-type:device_code"])]
#[case(&["urn:openid:params:grant-type:ciba", "refresh_token"])]
#[case(&["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"])]
fn grant_types(#[case] grants: &[&str]) {
    let then = ClientMetadata {
        grant_types: Some(set(grants)),
        ..ClientMetadata::default()
    };
    let mut written = Written::default();
    terms::write(
        &mut written,
        &BTreeSet::from([Field::GrantTypes]),
        &then,
        std::iter::empty(),
    );
    let mut client = client();
    let written = serde_json::to_value(&written).unwrap();
    for (name, value) in written.as_object().unwrap() {
        if name != "attributes" {
            client[name] = value.clone();
        }
    }
    for (name, value) in written["attributes"].as_object().unwrap() {
        client["attributes"][name] = value.clone();
    }
    assert_eq!(terms::of(&read(&client)).grant_types, then.grant_types);
}

#[test]
fn what_is_not_said_is_keycloaks_default() {
    let of = |fields: &[(&str, Value)], attributes: &[(&str, &str)]| terms::of(&with(fields, attributes));
    let users = of(
        &[("standardFlowEnabled", json!(true))],
        &[("use.refresh.tokens", "")],
    );
    assert!(users.grant_types.unwrap().contains("refresh_token"));
    let told = of(&[], &[]);
    assert_eq!(told.access_token_validity_seconds, None);
    assert_eq!(told.refresh_token_validity_seconds, None);
    assert_eq!(told.audiences, Some(std::collections::BTreeMap::new()));
    assert_eq!(
        told.token_endpoint_auth_method.as_deref(),
        Some("client_secret_basic")
    );
    let odd = of(&[], &[("access.token.lifespan", "soon")]);
    assert_eq!(odd.access_token_validity_seconds, None);
}

#[rstest]
#[case("client-secret", "", "client_secret_basic")]
#[case("client-secret", "client_secret_post", "client_secret_post")]
#[case("client-jwt", "client_secret_post", "private_key_jwt")]
#[case("client-x509", "", "tls_client_auth")]
fn ways_to_authenticate(#[case] kind: &str, #[case] asked: &str, #[case] method: &str) {
    let client = with(
        &[("clientAuthenticatorType", json!(kind))],
        &[("oauthclient.dev/token-endpoint-auth-method", asked)],
    );
    assert_eq!(
        terms::of(&client).token_endpoint_auth_method.as_deref(),
        Some(method)
    );
}

#[test]
fn scopes_of_the_realm_are_not_the_clients_own() {
    assert_eq!(terms::of(&with(&[], &[])).scopes, Some(set(&["read"])));
    let asked = [("oauthclient.dev/realm-scopes", "basic service_account")];
    assert_eq!(
        terms::of(&with(&[], &asked)).scopes,
        Some(set(&["openid", "profile", "read"]))
    );
    let mut foreign = client();
    foreign["attributes"] = json!({});
    assert_eq!(
        terms::of(&read(&foreign)).scopes,
        Some(set(&["basic", "profile", "read"]))
    );
}

#[test]
fn scopes_are_attached_and_taken_off() {
    let realm = Given {
        defaults: set(&["basic"]),
        optionals: set(&["profile"]),
    };
    let client = with(&[], &[]);
    let moves = |wanted: &[&str]| Moves::new(&client, &set(wanted), &realm);
    let given = set(&["basic", "openid", "profile", "service_account"]);
    assert_eq!(
        moves(&["read", "write"]),
        Moves {
            attach: set(&["write"]),
            detach: set(&[]),
            given: given.clone(),
        }
    );
    assert_eq!(moves(&[]).detach, set(&["read"]));
    let asked = moves(&["read", "profile", "openid"]);
    assert!(asked.attach.is_empty() && asked.detach.is_empty());
    assert_eq!(asked.given, set(&["basic", "service_account"]));

    // And back: what comes from the realm stays.
    let client = with(&[], &[("oauthclient.dev/realm-scopes", "basic service_account")]);
    let back = Moves::new(&client, &set(&["read"]), &realm);
    assert!(back.attach.is_empty() && back.detach.is_empty());
    assert_eq!(back.given, given);
}
