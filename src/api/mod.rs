//! The custom resources: types, validation rules, names. No I/O.
//!
//! A type here says what a person may write; the schema that is generated from it says it to the API server. What a
//! provider can honour is decided later, from its capabilities.

mod access;
mod client;
mod conditions;
mod crd;
pub mod docs;
mod provider;
mod schema;
mod server;
mod status;

pub use access::{AccessRule, LabelSelector, LabelSelectorOperator, LabelSelectorRequirement};
pub use access::{NamespaceSelection, NamespacesFrom, Naming};
pub use client::{
    Adoption, AdoptionPolicy, Audience, ClientIdChange, DefaultKeys, DeletionPolicy, ExtraKey,
    ExtraKeySource, OAuthClient, OAuthClientSpec, OverlapPolicy, PreviousKeys, Rotation, Schedule,
    SecretTemplate, ServerKind, ServerRef, TokenEndpointAuthMethod, UnreadableSecret,
};
pub use conditions::{
    ClientCondition, ClientReason, ConditionStatus, LAST_TRANSITION_NEVER, MESSAGE_MAX, PENDING_MESSAGE,
    STATUS_LIST_MAX, STATUS_TEXT_MAX, ServerCondition, ServerReason,
};
pub use crd::{crd_files, crds, crds_yaml};
pub use provider::{
    Auth0, Auth0Auth, BasicAuth, ClientSecretAuth, Cocoon, CocoonAuth, Composer, ComposerAuth, ComposerProbe,
    DigitalRoute, DigitalRouteAuth, DynamicRegistration, DynamicRegistrationAuth, Hydra, HydraAuth, Keycloak,
    KeycloakAuth, NoAuth, PasswordAuth, PrivateKeyJwtAuth, ProviderSpec, ProviderType, ScopeProvisioning,
    SecretKeyRef, SecretRef, SigningAlgorithm, SoftwareStatementRef, TokenAuth,
};
pub use server::{
    AuthorizationServer, AuthorizationServerSpec, CaBundleKind, CaBundleRef, ClientDefaults,
    ClusterAuthorizationServer, ClusterAuthorizationServerSpec, DeletionGuard, DriftAction, DriftCheck,
    Endpoints, Limits, ServerSpec, Tls,
};
pub use status::{
    Binding, CapabilitiesStatus, ChosenBy, ClientCounts, EffectiveSettings, OAuthClientStatus, OverlapKind,
    RotationStatus, ServerStatus,
};

/// The API group of all three kinds.
pub const GROUP: &str = "oauthclient.dev";
/// The one version that is served and stored.
pub const VERSION: &str = "v1alpha1";
/// `apiVersion` of all three kinds.
pub const API_VERSION: &str = "oauthclient.dev/v1alpha1";

/// Annotation on an OAuthClient: a value that was not served yet rotates the credential once.
pub const ANNOTATION_ROTATE: &str = "oauthclient.dev/rotate";
/// Annotation on a server: a new value releases the deletions that are held at that time.
pub const ANNOTATION_RELEASE_HELD_DELETIONS: &str = "oauthclient.dev/release-held-deletions";
/// Longest value of an annotation that is an order; a longer one is reported and not served.
pub const ANNOTATION_VALUE_MAX: usize = 256;

/// Label that a Secret must carry before the operator reads a credential from it.
pub const LABEL_SERVER_CREDENTIALS: &str = "oauthclient.dev/server-credentials";
/// Label of a namespace that opts in where the operator has Secret rights per namespace only.
pub const LABEL_ENABLED: &str = "oauthclient.dev/enabled";
/// The value that both labels need.
pub const LABEL_TRUE: &str = "true";
/// Label on the CRD of OAuthClient, by which tools of the Service Binding specification find the kind.
pub const LABEL_PROVISIONED_SERVICE: &str = "servicebinding.io/provisioned-service";

/// Type of the Secret that an OAuthClient publishes.
pub const SECRET_TYPE_PUBLISHED: &str = "servicebinding.io/oauth2";
/// Key of the ledger entry in its Secret.
pub const LEDGER_KEY: &str = "entry";
/// Type of a ledger entry.
pub const SECRET_TYPE_LEDGER_ENTRY: &str = "oauthclient.dev/ledger-entry";

/// Keys of the published Secret. The values of [`keys::DEFAULT`] are what `defaultKeys: ServiceBinding` may write.
pub mod keys {
    /// Always `oauth2`.
    pub const TYPE: &str = "type";
    /// The server object's name.
    pub const PROVIDER: &str = "provider";
    /// The client identifier.
    pub const CLIENT_ID: &str = "client-id";
    /// The client secret.
    pub const CLIENT_SECRET: &str = "client-secret";
    /// The issuer identifier.
    pub const ISSUER_URI: &str = "issuer-uri";
    /// The token endpoint.
    pub const TOKEN_URI: &str = "token-uri";
    /// The scopes in effect, separated by spaces.
    pub const SCOPE: &str = "scope";
    /// The grant types in effect, separated by commas.
    pub const AUTHORIZATION_GRANT_TYPE: &str = "authorization-grant-type";
    /// How the client authenticates at the token endpoint.
    pub const CLIENT_AUTHENTICATION_METHOD: &str = "client-authentication-method";
    /// The client identifier before the last rotation, with `previous: Publish`.
    pub const PREVIOUS_CLIENT_ID: &str = "previous-client-id";
    /// The client secret before the last rotation, with `previous: Publish`.
    pub const PREVIOUS_CLIENT_SECRET: &str = "previous-client-secret";

    /// Every key that the operator may write by itself; `extraKeys` may not use one.
    pub const DEFAULT: [&str; 11] = [
        TYPE,
        PROVIDER,
        CLIENT_ID,
        CLIENT_SECRET,
        ISSUER_URI,
        TOKEN_URI,
        SCOPE,
        AUTHORIZATION_GRANT_TYPE,
        CLIENT_AUTHENTICATION_METHOD,
        PREVIOUS_CLIENT_ID,
        PREVIOUS_CLIENT_SECRET,
    ];
}

/// OAuth grant types that the code names. The field itself is open: a server may know others.
pub mod grant_types {
    /// RFC 6749 section 4.4.
    pub const CLIENT_CREDENTIALS: &str = "client_credentials";
    /// RFC 6749 section 4.1.
    pub const AUTHORIZATION_CODE: &str = "authorization_code";
    /// RFC 6749 section 6.
    pub const REFRESH_TOKEN: &str = "refresh_token";
    /// RFC 8628.
    pub const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
    /// RFC 8693.
    pub const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
    /// RFC 7523.
    pub const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    /// RFC 6749 section 4.2, removed by RFC 9700; refused.
    pub const IMPLICIT: &str = "implicit";
    /// RFC 6749 section 4.3, removed by RFC 9700; refused.
    pub const PASSWORD: &str = "password";
}
