//! The fields of a spec, each with two values to ask for.

use super::server::ServerUnderTest;
use crate::api::{Audience, OAuthClientSpec, SecretKeyRef, TokenEndpointAuthMethod};
use crate::model::{Capabilities, Field};

/// All fields that a spec can ask for.
pub(super) const ALL: [Field; 10] = [
    Field::ClientName,
    Field::ClientId,
    Field::GrantTypes,
    Field::Scopes,
    Field::Audiences,
    Field::RedirectUris,
    Field::TokenEndpointAuthMethod,
    Field::AccessTokenValidity,
    Field::RefreshTokenValidity,
    Field::ClientSecretRef,
];

/// The Secret and the key in it that a client with a secret of its own refers to.
pub(super) const OWN_SECRET: (&str, &str) = ("chosen", "secret");

/// Which of two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The one that a client is registered with.
    First,
    /// Another one.
    Second,
}

/// The field that a client is registered with: the first that the server honours and can change, of those that every
/// client may have.
pub(super) fn first(can: &Capabilities) -> Option<Field> {
    [Field::Scopes, Field::AccessTokenValidity, Field::RedirectUris]
        .into_iter()
        .find(|field| can.honours.contains(field))
}

/// Whether the resource lets anybody change the field at all, and it is changed as metadata are. A secret of the
/// application's own is changed by a rotation.
pub(super) fn can_be_edited(field: Field) -> bool {
    !matches!(
        field,
        Field::ClientName | Field::ClientId | Field::Enabled | Field::ClientSecretRef
    )
}

/// Asks for a value of a field, which the server knows if it knows the field.
pub(super) fn ask(spec: &mut OAuthClientSpec, field: Field, choice: Choice, server: &dyn ServerUnderTest) {
    let second = choice == Choice::Second;
    let (scopes, grants) = (server.scopes(), server.grant_types());
    let texts = |values: &[&str]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
    match field {
        Field::ClientName => spec.client_name = Some("chosen name".into()),
        Field::ClientId => spec.client_id = Some("chosen-id".into()),
        Field::GrantTypes => spec.grant_types = Some(texts(grants[usize::from(second)])),
        Field::Scopes if second => spec.scopes = Some(texts(&[scopes[1], scopes[0]])),
        Field::Scopes => spec.scopes = Some(texts(&[scopes[0]])),
        Field::Audiences => {
            let all = ["https://api.example", "https://files.example"];
            let audience = |audience: &&str| Audience {
                audience: (*audience).into(),
                scopes: Vec::new(),
            };
            spec.audiences = all.iter().take(1 + usize::from(second)).map(audience).collect();
        }
        Field::RedirectUris if second => {
            spec.redirect_uris = texts(&["https://app.example/b", "https://app.example/a"]);
        }
        Field::RedirectUris => spec.redirect_uris = texts(&["https://app.example/a"]),
        Field::TokenEndpointAuthMethod if second => {
            spec.token_endpoint_auth_method = Some(TokenEndpointAuthMethod::ClientSecretPost);
        }
        Field::TokenEndpointAuthMethod => {
            spec.token_endpoint_auth_method = Some(TokenEndpointAuthMethod::ClientSecretBasic);
        }
        Field::AccessTokenValidity => {
            spec.access_token_validity_seconds = Some(if second { 900 } else { 600 });
        }
        Field::RefreshTokenValidity => {
            spec.refresh_token_validity_seconds = Some(if second { 9000 } else { 7200 });
        }
        Field::ClientSecretRef => {
            spec.client_secret_ref = Some(SecretKeyRef {
                name: OWN_SECRET.0.into(),
                key: OWN_SECRET.1.into(),
            });
        }
        // Nobody asks for it.
        Field::Enabled => {}
    }
}
