//! What the servers can do that the operator is for, as capabilities of the server in memory.

use std::collections::BTreeSet;

use crate::model::{Capabilities, ChosenBy, Field, HandleKind, Overlap, ScopeModel, testing};

/// We choose id and secret, and nothing shows the secret again; no client credentials, so nothing can be proven. A
/// registration that is repeated may make a second client.
pub(in crate::operator) fn cocoon() -> Capabilities {
    let grants = ["authorization_code", "implicit", "password", "refresh_token"];
    Capabilities {
        client_id: ChosenBy::Caller,
        client_secret: ChosenBy::Caller,
        rotated_secret: ChosenBy::Caller,
        secret_readable: false,
        handle: HandleKind::ServerId,
        unique_names: false,
        idempotent_create: false,
        client_id_stable: true,
        honours: BTreeSet::from([
            Field::ClientName,
            Field::ClientId,
            Field::GrantTypes,
            Field::RedirectUris,
            Field::AccessTokenValidity,
            Field::RefreshTokenValidity,
            Field::ClientSecretRef,
        ]),
        updates: BTreeSet::from([
            Field::GrantTypes,
            Field::RedirectUris,
            Field::AccessTokenValidity,
            Field::RefreshTokenValidity,
            Field::Enabled,
        ]),
        grant_types: Some(grants.map(str::to_owned).into()),
        scopes: ScopeModel::None,
        can_disable: true,
        can_verify: false,
        ..testing::capabilities()
    }
}

/// We choose id and secret, the secret can be read and may end, and a note says who made a client. Scopes are the server's.
pub(in crate::operator) fn keycloak() -> Capabilities {
    let grants = [
        "authorization_code",
        "client_credentials",
        "implicit",
        "password",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:openid:params:grant-type:ciba",
    ];
    let updates = BTreeSet::from([
        Field::GrantTypes,
        Field::Scopes,
        Field::Audiences,
        Field::RedirectUris,
        Field::TokenEndpointAuthMethod,
        Field::AccessTokenValidity,
        Field::RefreshTokenValidity,
        Field::Enabled,
    ]);
    let mut honours = updates.clone();
    honours.remove(&Field::Enabled);
    honours.extend([Field::ClientName, Field::ClientId]);
    Capabilities {
        keeps_marker: true,
        secret_readable: true,
        idempotent_create: true,
        honours,
        updates,
        grant_types: Some(grants.map(str::to_owned).into()),
        scopes: ScopeModel::Provisioned {
            may_create: false,
            to_let_create: None,
        },
        secrets_expire: true,
        can_verify: true,
        ..cocoon()
    }
}

/// With the realm's policy that lets a client have two secrets.
pub(in crate::operator) fn keycloak_with_two_secrets() -> Capabilities {
    Capabilities {
        overlap: Overlap::TwoSlots(ChosenBy::Caller),
        ..keycloak()
    }
}

/// As released: we choose id and secret, the secret is never shown, and the id addresses the client.
pub(in crate::operator) fn hydra() -> Capabilities {
    Capabilities {
        secret_readable: false,
        handle: HandleKind::ClientId,
        honours: BTreeSet::from([Field::ClientName, Field::ClientId, Field::Scopes]),
        updates: BTreeSet::from([Field::Scopes]),
        grant_types: None,
        scopes: ScopeModel::Free,
        secrets_expire: false,
        can_disable: false,
        ..keycloak()
    }
}

/// With the call that adds a secret, which is in no release yet.
pub(in crate::operator) fn hydra_with_two_secrets() -> Capabilities {
    Capabilities {
        overlap: Overlap::TwoSlots(ChosenBy::Server),
        ..hydra()
    }
}

/// The server chooses, and shows the secret; a rotation can set one of ours. Names are not unique, and a note says who made a
/// client.
pub(in crate::operator) fn auth0() -> Capabilities {
    Capabilities {
        rotated_secret: ChosenBy::Caller,
        handle: HandleKind::ServerId,
        unique_names: false,
        keeps_marker: true,
        idempotent_create: false,
        client_id_stable: true,
        scopes: ScopeModel::Free,
        ..testing::capabilities()
    }
}

/// The server chooses, and shows the secret once; it cannot rotate and knows no scopes. Without a user for whom a token can
/// be asked for, nothing can be proven.
pub(in crate::operator) fn composer() -> Capabilities {
    Capabilities {
        secret_readable: false,
        handle: HandleKind::ServerId,
        idempotent_create: false,
        rotate_in_place: false,
        honours: BTreeSet::from([
            Field::ClientName,
            Field::TokenEndpointAuthMethod,
            Field::AccessTokenValidity,
        ]),
        updates: BTreeSet::from([Field::AccessTokenValidity]),
        grant_types: None,
        scopes: ScopeModel::None,
        secrets_expire: true,
        can_verify: false,
        ..testing::capabilities()
    }
}

/// RFC 7591 and RFC 7592: the server chooses and shows the secret once, nothing can be looked up, and each registration is
/// managed with an access of its own.
pub(in crate::operator) fn dynamic_registration() -> Capabilities {
    Capabilities {
        secret_readable: false,
        handle: HandleKind::ServerId,
        unique_names: false,
        idempotent_create: false,
        rotate_in_place: false,
        honours: BTreeSet::from([
            Field::ClientName,
            Field::GrantTypes,
            Field::Scopes,
            Field::RedirectUris,
            Field::TokenEndpointAuthMethod,
        ]),
        updates: BTreeSet::from([
            Field::GrantTypes,
            Field::Scopes,
            Field::RedirectUris,
            Field::TokenEndpointAuthMethod,
        ]),
        grant_types: None,
        scopes: ScopeModel::Free,
        can_list: false,
        can_look_up: false,
        own_access: true,
        secrets_expire: true,
        ..testing::capabilities()
    }
}

mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::ProviderType;
    use crate::provider::docs;

    /// What is enumerated is what the adapter says, but for the longest name, on which no decision depends.
    fn is_as_declared(provider: ProviderType, more: &serde_json::Value, profile: Capabilities) {
        let declared = docs::capabilities_with(provider, more).unwrap().unwrap();
        let profile = Capabilities {
            name_limit: declared.name_limit,
            ..profile
        };
        assert_eq!(profile, declared, "{provider}");
    }

    #[test]
    fn cocoon_is_as_its_adapter_says() {
        is_as_declared(ProviderType::Cocoon, &json!({}), cocoon());
    }

    #[test]
    fn keycloak_is_as_its_adapter_says() {
        is_as_declared(ProviderType::Keycloak, &json!({}), keycloak());
        let policy = json!({"secretRotationPolicy": true});
        is_as_declared(ProviderType::Keycloak, &policy, keycloak_with_two_secrets());
    }

    #[test]
    fn composer_is_as_its_adapter_says() {
        is_as_declared(ProviderType::Composer, &json!({}), composer());
    }
}
