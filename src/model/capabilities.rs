//! What an authorization server can do, as data. The decision code asks these, never a provider's name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Who chooses a value: we (the caller of the management API) or the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChosenBy {
    /// The caller sends the value, so it can be in the ledger before the call.
    Caller,
    /// The server makes the value and tells it in its answer.
    Server,
}

/// What addresses one client in the management API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandleKind {
    /// The client's name; known before the call, so that a lost answer can be looked up.
    Name,
    /// The client id, which the caller chooses.
    ClientId,
    /// An id that the server tells in its answer.
    ServerId,
}

/// How two credentials can be good at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// Not at all.
    None,
    /// One client can hold two secrets: a rotation adds one, chosen by us or by the server, and the one before it is retired
    /// by a call of its own.
    TwoSlots(ChosenBy),
    /// Only by a second client, so with another client id.
    SecondClient,
}

/// What a scope is to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScopeModel {
    /// The server knows no scopes of a client.
    None,
    /// Any text.
    Free,
    /// Scopes are provisioned server-wide before a client can use them.
    Provisioned {
        /// The admin lets the operator provision what is missing.
        may_create: bool,
        /// What in the server object would let it, as words that follow "or": `set … to …`.
        to_let_create: Option<&'static str>,
    },
}

/// A property of a client that a spec can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    /// `clientName`
    ClientName,
    /// `clientID`
    ClientId,
    /// `grantTypes`
    GrantTypes,
    /// `scopes`
    Scopes,
    /// `audiences`
    Audiences,
    /// `redirectURIs`
    RedirectUris,
    /// `tokenEndpointAuthMethod`
    TokenEndpointAuthMethod,
    /// `accessTokenValiditySeconds`
    AccessTokenValidity,
    /// `refreshTokenValiditySeconds`
    RefreshTokenValidity,
    /// `clientSecretRef`
    ClientSecretRef,
    /// Not in the spec: that the client can be used. Wanted of every client, where clients can be disabled.
    Enabled,
}

impl Field {
    /// The field's name in `OAuthClient.spec`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientName => "clientName",
            Self::ClientId => "clientID",
            Self::GrantTypes => "grantTypes",
            Self::Scopes => "scopes",
            Self::Audiences => "audiences",
            Self::RedirectUris => "redirectURIs",
            Self::TokenEndpointAuthMethod => "tokenEndpointAuthMethod",
            Self::AccessTokenValidity => "accessTokenValiditySeconds",
            Self::RefreshTokenValidity => "refreshTokenValiditySeconds",
            Self::ClientSecretRef => "clientSecretRef",
            Self::Enabled => "enabled",
        }
    }
}

/// What one configured authorization server can do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// Who chooses the client id.
    pub client_id: ChosenBy,
    /// Who chooses the client secret of a registration.
    pub client_secret: ChosenBy,
    /// Who chooses the client secret of a rotation in place.
    pub rotated_secret: ChosenBy,
    /// A read shows the secret again.
    pub secret_readable: bool,
    /// What addresses one client.
    pub handle: HandleKind,
    /// The server has no two clients of one name.
    pub unique_names: bool,
    /// The server keeps a note of who made a client (see [`Marker`](super::Marker)), which proves that it is ours.
    pub keeps_marker: bool,
    /// A registration that is repeated with the same candidate makes no second client, and what it makes can be used.
    pub idempotent_create: bool,
    /// How two credentials can be good at once.
    pub overlap: Overlap,
    /// There is a call that replaces the secret of a client (or the secret can be set).
    pub rotate_in_place: bool,
    /// A rotation in place keeps the client id.
    pub client_id_stable: bool,
    /// Fields of the spec that the server honours. Anything else that a spec sets is refused.
    pub honours: BTreeSet<Field>,
    /// Grant types that the server knows; `None` where any may be tried.
    pub grant_types: Option<BTreeSet<String>>,
    /// Fields that can be changed without a new registration.
    pub updates: BTreeSet<Field>,
    /// What a scope is.
    pub scopes: ScopeModel,
    /// An audience has scopes of its own.
    pub audience_scopes: bool,
    /// There is a complete list of clients.
    pub can_list: bool,
    /// A client can be read without changing anything, and what a lost attempt made can be looked for.
    pub can_look_up: bool,
    /// Each registration is managed with an access of its own (RFC 7592), and not with the operator's credential.
    pub own_access: bool,
    /// Secrets may end to be good by themselves.
    pub secrets_expire: bool,
    /// A client can be disabled.
    pub can_disable: bool,
    /// A token request can prove a credential.
    pub can_verify: bool,
    /// For so long after a rotation in place, in seconds, a token request proves nothing: the server may still take the
    /// old credential, or not yet the new one.
    pub spread_seconds: u32,
    /// The longest name that the server takes, in characters.
    pub name_limit: usize,
}

impl Capabilities {
    /// What the poorest server can do: an adapter says what its own can do beyond that.
    pub fn least() -> Self {
        Self {
            client_id: ChosenBy::Server,
            client_secret: ChosenBy::Server,
            rotated_secret: ChosenBy::Server,
            secret_readable: false,
            handle: HandleKind::ServerId,
            unique_names: false,
            keeps_marker: false,
            idempotent_create: false,
            overlap: Overlap::None,
            rotate_in_place: false,
            client_id_stable: false,
            honours: BTreeSet::new(),
            grant_types: None,
            updates: BTreeSet::new(),
            scopes: ScopeModel::None,
            audience_scopes: false,
            can_list: false,
            can_look_up: false,
            own_access: false,
            secrets_expire: false,
            can_disable: false,
            can_verify: false,
            spread_seconds: 0,
            name_limit: 200,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_names_are_those_of_the_resource() {
        assert_eq!(Field::RedirectUris.name(), "redirectURIs");
        assert_eq!(Field::ClientId.name(), "clientID");
    }
}
