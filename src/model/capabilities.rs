//! What an authorization server can do, as data. The decision code asks these, never a provider's name.

use std::collections::BTreeSet;

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
    /// An id that the server tells in its answer.
    ServerId,
}

/// How two credentials can be good at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// Not at all.
    None,
    /// One client can hold two secrets.
    TwoSlots,
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
        /// The admin lets the operator provision what is missing (`scopeProvisioning: Create`).
        may_create: bool,
    },
}

/// A property of a client that a spec can set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
        }
    }
}

/// What one configured authorization server can do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// Who chooses the client id.
    pub client_id: ChosenBy,
    /// Who chooses the client secret.
    pub client_secret: ChosenBy,
    /// A read shows the secret again.
    pub secret_readable: bool,
    /// What addresses one client.
    pub handle: HandleKind,
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
    /// The longest name that the server takes, in characters.
    pub name_limit: usize,
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
