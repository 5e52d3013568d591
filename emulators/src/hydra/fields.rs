//! The fields of a client's document, and in which form each may be written.

use super::choices::Release;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; empty is the same as unset.
    Text,
    /// A list of texts.
    List,
    /// Yes or no; no is the same as unset.
    Flag,
    /// Yes, no, or `null` where it is unset.
    NullableFlag,
    /// A JSON Web Key Set.
    Keys,
    /// Any JSON.
    Free,
    /// How long tokens of one kind are good, such as `1h0m0s`, or `null` where it is unset.
    Lifespan,
}

/// A field of a client's document.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it is shown where it is unset.
    pub always: bool,
    /// The first release that has it.
    since: Release,
}

impl Field {
    const fn always(kind: Kind, name: &'static str) -> Self {
        Self {
            name,
            kind,
            always: true,
            since: Release::V1,
        }
    }

    const fn when_set(kind: Kind, name: &'static str) -> Self {
        Self {
            always: false,
            ..Self::always(kind, name)
        }
    }

    const fn since(self, since: Release) -> Self {
        Self { since, ..self }
    }

    const fn lifespan(name: &'static str) -> Self {
        Self::always(Kind::Lifespan, name).since(Release::V2)
    }

    const fn device(name: &'static str) -> Self {
        Self::lifespan(name).since(Release::V26)
    }
}

/// How long a token is good that a client got by itself.
pub const CLIENT_CREDENTIALS_LIFESPAN: &str = "client_credentials_grant_access_token_lifespan";

/// All of them but id, secret, times and what comes with a registration.
const FIELDS: [Field; 44] = [
    Field::always(Kind::Text, "client_name"),
    Field::always(Kind::List, "redirect_uris"),
    Field::always(Kind::List, "grant_types"),
    Field::always(Kind::List, "response_types"),
    Field::always(Kind::Text, "scope"),
    Field::always(Kind::List, "audience"),
    Field::always(Kind::Text, "owner"),
    Field::always(Kind::Text, "policy_uri"),
    Field::always(Kind::List, "allowed_cors_origins"),
    Field::always(Kind::Text, "tos_uri"),
    Field::always(Kind::Text, "client_uri"),
    Field::always(Kind::Text, "logo_uri"),
    Field::always(Kind::List, "contacts"),
    Field::always(Kind::Text, "subject_type"),
    Field::when_set(Kind::Text, "sector_identifier_uri"),
    Field::when_set(Kind::Text, "jwks_uri"),
    Field::always(Kind::Keys, "jwks"),
    Field::when_set(Kind::Text, "token_endpoint_auth_method"),
    Field::when_set(Kind::Text, "token_endpoint_auth_signing_alg"),
    Field::when_set(Kind::List, "request_uris"),
    Field::when_set(Kind::Text, "request_object_signing_alg"),
    Field::when_set(Kind::Text, "userinfo_signed_response_alg"),
    Field::when_set(Kind::Text, "frontchannel_logout_uri"),
    Field::when_set(Kind::Flag, "frontchannel_logout_session_required"),
    Field::when_set(Kind::List, "post_logout_redirect_uris"),
    Field::when_set(Kind::Text, "backchannel_logout_uri"),
    Field::when_set(Kind::Flag, "backchannel_logout_session_required"),
    Field::always(Kind::Free, "metadata"),
    Field::when_set(Kind::Text, "access_token_strategy").since(Release::V2),
    Field::always(Kind::Flag, "skip_consent").since(Release::V2),
    Field::always(Kind::NullableFlag, "skip_logout_consent").since(Release::V2),
    Field::lifespan("authorization_code_grant_access_token_lifespan"),
    Field::lifespan("authorization_code_grant_id_token_lifespan"),
    Field::lifespan("authorization_code_grant_refresh_token_lifespan"),
    Field::lifespan(CLIENT_CREDENTIALS_LIFESPAN),
    Field::lifespan("implicit_grant_access_token_lifespan"),
    Field::lifespan("implicit_grant_id_token_lifespan"),
    Field::lifespan("jwt_bearer_grant_access_token_lifespan"),
    Field::lifespan("refresh_token_grant_id_token_lifespan"),
    Field::lifespan("refresh_token_grant_access_token_lifespan"),
    Field::lifespan("refresh_token_grant_refresh_token_lifespan"),
    Field::device("device_authorization_grant_id_token_lifespan"),
    Field::device("device_authorization_grant_access_token_lifespan"),
    Field::device("device_authorization_grant_refresh_token_lifespan"),
];

/// The fields that a release has.
pub fn of(release: Release) -> impl Iterator<Item = &'static Field> {
    FIELDS
        .iter()
        .filter(move |field| field.since as u8 <= release as u8)
}

/// The lifespans that a release has.
pub fn lifespans(release: Release) -> impl Iterator<Item = &'static Field> {
    of(release).filter(|field| field.kind == Kind::Lifespan)
}
