//! `OAuthClient`: what an application asks for.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::provider::SecretKeyRef;
use super::{OAuthClientStatus, schema};

/// What the application asks for. Only serverRef is required; what is left out is the provider's default, and status
/// shows what is in effect. A field that the provider cannot honour is refused with a condition, never ignored.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "oauthclient.dev",
    version = "v1alpha1",
    kind = "OAuthClient",
    namespaced,
    status = "OAuthClientStatus",
    shortname = "oac",
    category = "oauth",
    derive = "PartialEq",
    doc = "A client of an OAuth 2.0 authorization server. The operator registers it there, writes its credential into a Secret beside it, keeps both true, and rotates the credential when the annotation oauthclient.dev/rotate gets a new value.",
    selectable = ".spec.serverRef.name",
    selectable = ".spec.serverRef.kind",
    selectable = ".status.clientID",
    validation = Rule::new("!has(self.spec.clientSecretRef) || self.spec.clientSecretRef.name != self.spec.?secret.?name.orValue(self.metadata.name)")
        .message("clientSecretRef must name another Secret than the one that is published (secret.name, by default the name of this object)").field_path(".spec.clientSecretRef"),
)]
#[x_kube(
    validation = Rule::new("self.serverRef == oldSelf.serverRef")
        .message("serverRef cannot change: a client is registered at one server; create a new OAuthClient and delete this one").field_path(".serverRef"),
    validation = Rule::new("has(self.clientName) == has(oldSelf.clientName) && (!has(self.clientName) || self.clientName == oldSelf.clientName)")
        .message("clientName cannot change, be added or be removed: create a new OAuthClient and delete this one").field_path(".clientName"),
    validation = Rule::new("has(self.clientID) == has(oldSelf.clientID) && (!has(self.clientID) || self.clientID == oldSelf.clientID)")
        .message("clientID cannot change, be added or be removed: create a new OAuthClient and delete this one").field_path(".clientID"),
    validation = Rule::new("(has(self.secret) && has(self.secret.name)) == (has(oldSelf.secret) && has(oldSelf.secret.name)) && (!has(self.secret) || !has(self.secret.name) || self.secret.name == oldSelf.secret.name)")
        .message("secret.name cannot change, be added or be removed, since workloads read that Secret: create a new OAuthClient and delete this one").field_path(".secret.name"),
    validation = Rule::new("!has(self.accessTokenValiditySeconds) || !has(self.refreshTokenValiditySeconds) || self.refreshTokenValiditySeconds > self.accessTokenValiditySeconds")
        .message("refreshTokenValiditySeconds must be greater than accessTokenValiditySeconds").field_path(".refreshTokenValiditySeconds"),
    validation = Rule::new("!has(self.grantTypes) || !('authorization_code' in self.grantTypes) || (has(self.redirectURIs) && size(self.redirectURIs) > 0)")
        .message("the grant authorization_code needs redirectURIs").field_path(".redirectURIs"),
    validation = Rule::new("!has(self.grantTypes) || !self.grantTypes.exists(g, g in ['implicit', 'password'])")
        .message("the grants implicit and password are not available: they are insecure (RFC 9700 sections 2.1.2 and 2.4); use authorization_code with PKCE, or client_credentials").field_path(".grantTypes"),
    validation = Rule::new("!has(self.tokenEndpointAuthMethod) || self.tokenEndpointAuthMethod != 'none' || !has(self.grantTypes) || !('client_credentials' in self.grantTypes)")
        .message("a public client (tokenEndpointAuthMethod: none) has no credential and so cannot use client_credentials").field_path(".grantTypes"),
    validation = Rule::new("!has(self.tokenEndpointAuthMethod) || self.tokenEndpointAuthMethod != 'none' || (!has(self.clientSecretRef) && !has(self.rotation))")
        .message("a public client (tokenEndpointAuthMethod: none) has no secret: remove clientSecretRef and rotation").field_path(".tokenEndpointAuthMethod"),
    validation = Rule::new("!has(self.clientSecretRef) || !has(self.rotation) || (!has(self.rotation.schedule) && !has(self.rotation.maxAgeSeconds))")
        .message("with clientSecretRef you choose the secret, so the operator cannot renew it by schedule or age: remove rotation.schedule and rotation.maxAgeSeconds and change the referenced Secret instead").field_path(".rotation"),
    validation = Rule::new("!has(self.clientID) || !has(self.adoption) || self.adoption.policy != 'ByID'")
        .message("adoption.policy ByID takes over the client of adoption.clientID: remove spec.clientID").field_path(".clientID"),
)]
pub struct OAuthClientSpec {
    /// The authorization server to register at. Cannot change.
    pub server_ref: ServerRef,

    /// Name of the client at the server, where people read it. The server's access rule must allow chosen names.
    /// Default: the server's namePrefix, then namespace.name of this object; cut and hashed where that is too long
    /// for the provider. Cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::client_name")]
    pub client_name: Option<String>,

    /// Client identifier (RFC 6749 section 2.2), only where the caller chooses it, which the server's
    /// status.capabilities.clientIDChosenBy tells; refused elsewhere. The server's access rule must allow chosen
    /// names. Default: the registered name in the server's alphabet. Cannot change.
    #[serde(default, rename = "clientID", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::chosen_client_id")]
    pub client_id: Option<String>,

    /// Grant types, spelt as in RFC 7591, such as client_credentials or authorization_code. The grants implicit and
    /// password are refused. Default: the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::grant_types")]
    pub grant_types: Option<Vec<String>>,

    /// Scopes that the client may request (RFC 6749 section 3.3), one per item. Where scopes belong to an API, as at
    /// Auth0, these are of the server's default audience; see audiences. Omitted: none is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::scopes")]
    pub scopes: Option<Vec<String>>,

    /// APIs that the client may call, each with scopes of that API, where the provider knows audiences (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["audience"]))]
    pub audiences: Vec<Audience>,

    /// Redirection endpoints (RFC 6749 section 3.1.2), compared by the server as a whole: https, or http on loopback;
    /// no wildcard, fragment or user info. Required with authorization_code.
    #[serde(default, rename = "redirectURIs", skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::redirect_uris")]
    pub redirect_uris: Vec<String>,

    /// How the client authenticates at the token endpoint (RFC 7591): client_secret_basic, client_secret_post,
    /// client_secret_jwt, private_key_jwt, or none for a public client. Default: the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::word::<TokenEndpointAuthMethod>")]
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,

    /// How long an access token is valid, in seconds. Default: the server object's clientDefaults, else the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = schema::SECONDS_MAX))]
    pub access_token_validity_seconds: Option<u32>,

    /// How long a refresh token is valid, in seconds; more than accessTokenValiditySeconds. Default: the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = schema::SECONDS_MAX))]
    pub refresh_token_validity_seconds: Option<u32>,

    /// A client secret of your own, from a Secret of this namespace with the label
    /// oauthclient.dev/server-credentials: "true", where the provider lets the caller choose. The operator waits for
    /// it and never generates one instead; a new value there is a rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_ref: Option<SecretKeyRef>,

    /// The Secret that the operator publishes, of type servicebinding.io/oauth2.
    #[serde(default)]
    pub secret: SecretTemplate,

    /// When to rotate, and how, beside the annotation oauthclient.dev/rotate; any trigger that is set may fire.
    /// Omitted: only the annotation and the server's own expiry rotate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,

    /// Whether a client that exists already may be taken over. Default: never.
    #[serde(default)]
    pub adoption: Adoption,

    /// What becomes of the client at the server when this object is deleted. Delete: removed. Retain: left as it is.
    /// Disable: left but disabled, where the provider can. The server's access rule must allow it. Default: Delete.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,

    /// Stops every change of the client and every rotation, not the cleanup after this object is deleted.
    /// Default: false.
    #[serde(default)]
    pub suspend: bool,
}

impl OAuthClientSpec {
    /// The smallest spec: all else is as the schema defaults it.
    pub fn new(server_ref: ServerRef) -> Self {
        Self {
            server_ref,
            client_name: None,
            client_id: None,
            grant_types: None,
            scopes: None,
            audiences: Vec::new(),
            redirect_uris: Vec::new(),
            token_endpoint_auth_method: None,
            access_token_validity_seconds: None,
            refresh_token_validity_seconds: None,
            client_secret_ref: None,
            secret: SecretTemplate::default(),
            rotation: None,
            adoption: Adoption::default(),
            deletion_policy: DeletionPolicy::default(),
            suspend: false,
        }
    }
}

/// Which server. It is in this namespace, or cluster-wide: a reference names no namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerRef {
    /// AuthorizationServer, of this namespace, or ClusterAuthorizationServer.
    pub kind: ServerKind,

    /// Name of the server object.
    #[schemars(schema_with = "schema::object_name")]
    pub name: String,
}

/// Kind of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ServerKind {
    /// In the client's namespace.
    AuthorizationServer,
    /// For the cluster.
    ClusterAuthorizationServer,
}

impl ServerKind {
    /// The kind as manifests spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationServer => "AuthorizationServer",
            Self::ClusterAuthorizationServer => "ClusterAuthorizationServer",
        }
    }
}

/// An API and its scopes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Audience {
    /// Identifier of the API, as it stands in the token's aud.
    #[schemars(schema_with = "schema::audience")]
    pub audience: String,

    /// Scopes of that API. Omitted: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::scopes")]
    pub scopes: Vec<String>,
}

/// Client authentication methods of RFC 7591 and OpenID Connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenEndpointAuthMethod {
    /// HTTP Basic with id and secret.
    ClientSecretBasic,
    /// Id and secret in the body.
    ClientSecretPost,
    /// A JWT signed with the secret.
    ClientSecretJwt,
    /// A JWT signed with a private key.
    PrivateKeyJwt,
    /// A public client.
    None,
}

impl TokenEndpointAuthMethod {
    /// The wire value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }

    /// The method of a wire value, if it is one of ours.
    pub fn parse(wire: &str) -> Option<Self> {
        [
            Self::ClientSecretBasic,
            Self::ClientSecretPost,
            Self::ClientSecretJwt,
            Self::PrivateKeyJwt,
            Self::None,
        ]
        .into_iter()
        .find(|method| method.as_str() == wire)
    }
}

/// The Secret that is published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.extraKeys) || self.defaultKeys == 'None' || self.extraKeys.all(e, !(e.key in ['type', 'provider', 'client-id', 'client-secret', 'issuer-uri', 'token-uri', 'scope', 'authorization-grant-type', 'client-authentication-method', 'previous-client-id', 'previous-client-secret']))")
        .message("extraKeys must not use a default key (type, provider, client-id, client-secret, issuer-uri, token-uri, scope, authorization-grant-type, client-authentication-method, previous-client-id, previous-client-secret): choose another, or set defaultKeys: None").field_path(".extraKeys"),
    validation = Rule::new("!has(self.extraKeys) || self.previous == 'Publish' || self.extraKeys.all(e, !e.from.startsWith('Previous'))")
        .message("extraKeys from PreviousClientID or PreviousClientSecret need previous: Publish").field_path(".extraKeys"),
)]
pub struct SecretTemplate {
    /// Name of the Secret, in this namespace. A Secret of that name that is not the operator's is never touched.
    /// Default: the name of this object. Cannot change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::object_name")]
    pub name: Option<String>,

    /// ServiceBinding: the keys of the Service Binding specification, each where its value is known: type, provider,
    /// client-id, client-secret, issuer-uri, token-uri, scope, authorization-grant-type,
    /// client-authentication-method. None: only extraKeys. Default: ServiceBinding.
    #[serde(default)]
    pub default_keys: DefaultKeys,

    /// Further keys, for applications that expect other names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub extra_keys: Vec<ExtraKey>,

    /// Publish: the keys previous-client-id and previous-client-secret are always there, equal to the current ones
    /// outside an overlap, for servers of resources that must take both. Omit: they are not. Default: Omit.
    #[serde(default)]
    pub previous: PreviousKeys,

    /// Labels of the Secret, beside the operator's own. Keys of kubernetes.io, k8s.io and oauthclient.dev are refused;
    /// of app.kubernetes.io/ all but managed-by and instance are allowed. Labels that others set are left alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::secret_labels")]
    pub labels: BTreeMap<String, String>,

    /// Annotations of the Secret, beside the operator's own. Keys of kubernetes.io, k8s.io and oauthclient.dev are
    /// refused. Annotations that others set are left alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::secret_annotations")]
    pub annotations: BTreeMap<String, String>,
}

/// Which keys the operator writes by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DefaultKeys {
    /// Those of the Service Binding specification.
    #[default]
    ServiceBinding,
    /// None.
    None,
}

/// Whether the previous credential is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PreviousKeys {
    /// No.
    #[default]
    Omit,
    /// Always, equal to the current one outside an overlap.
    Publish,
}

/// One further key of the Secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtraKey {
    /// Key in the Secret: letters, digits and - . _ only.
    #[schemars(schema_with = "schema::data_key")]
    pub key: String,

    /// What it holds: ClientID, ClientSecret, PreviousClientID, PreviousClientSecret, IssuerURI, TokenURI,
    /// AuthorizationURI, JWKSURI, Scope (separated by spaces), GrantTypes (separated by commas),
    /// TokenEndpointAuthMethod or Provider (the server object's name). A key whose value is not known is left out.
    pub from: ExtraKeySource,
}

/// A value that a key of the Secret may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ExtraKeySource {
    /// The client identifier.
    #[serde(rename = "ClientID")]
    ClientId,
    /// The client secret.
    ClientSecret,
    /// The client identifier before the last rotation.
    #[serde(rename = "PreviousClientID")]
    PreviousClientId,
    /// The client secret before the last rotation.
    PreviousClientSecret,
    /// The issuer identifier.
    #[serde(rename = "IssuerURI")]
    IssuerUri,
    /// The token endpoint.
    #[serde(rename = "TokenURI")]
    TokenUri,
    /// The authorization endpoint.
    #[serde(rename = "AuthorizationURI")]
    AuthorizationUri,
    /// The JWK set.
    #[serde(rename = "JWKSURI")]
    JwksUri,
    /// The scopes in effect, separated by spaces.
    Scope,
    /// The grant types in effect, separated by commas.
    GrantTypes,
    /// The authentication method in effect.
    TokenEndpointAuthMethod,
    /// The server object's name.
    Provider,
}

/// When to rotate, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.maxAgeSeconds) || !has(self.overlapSeconds) || self.overlapSeconds < self.maxAgeSeconds")
        .message("overlapSeconds must be less than maxAgeSeconds, else the next rotation starts before the last one ends").field_path(".overlapSeconds"),
    validation = Rule::new("!has(self.maxAgeSeconds) || !has(self.renewBeforeSeconds) || self.renewBeforeSeconds < self.maxAgeSeconds")
        .message("renewBeforeSeconds must be less than maxAgeSeconds, else every credential is due for renewal at once").field_path(".renewBeforeSeconds"),
    validation = Rule::new("self.overlap != 'Required' || !has(self.overlapSeconds) || self.overlapSeconds > 0")
        .message("overlap: Required and overlapSeconds: 0 contradict each other: remove one").field_path(".overlapSeconds"),
)]
pub struct Rotation {
    /// Rotate a credential that is this old, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = schema::SECONDS_MAX))]
    pub max_age_seconds: Option<u32>,

    /// Rotate at fixed times. After a stop one missed time is made up for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,

    /// Rotate this long before the server's own expiry of the credential, in seconds, where it has one.
    /// Default: the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = schema::SECONDS_MAX))]
    pub renew_before_seconds: Option<u32>,

    /// How long the previous credential keeps working after a rotation, in seconds. 0 ends it at once, which is the
    /// answer to a leak. Default: the server object's clientDefaults, else the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = schema::SECONDS_MAX))]
    pub overlap_seconds: Option<u32>,

    /// Preferred: rotate with an overlap where the server can, else without. Required: refuse to rotate where it
    /// cannot. Default: Preferred.
    #[serde(default)]
    pub overlap: OverlapPolicy,

    /// Whether a rotation may change the client id. Forbidden: a rotation that would change it is not done. Allowed:
    /// it may. Default: Forbidden where the provider keeps the id, Allowed where it leaves no choice.
    #[serde(default, rename = "clientIDChange", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::word::<ClientIdChange>")]
    pub client_id_change: Option<ClientIdChange>,
}

/// Times of rotation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Schedule {
    /// Five fields as in cron: minute, hour, day of month, month, day of week, such as "0 3 1 * *".
    #[schemars(schema_with = "schema::cron")]
    pub cron: String,

    /// IANA name of the time zone, such as Europe/Oslo. Default: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::time_zone")]
    pub time_zone: Option<String>,
}

/// How much an overlap matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum OverlapPolicy {
    /// Where possible.
    #[default]
    Preferred,
    /// Rather no rotation than one without.
    Required,
}

/// Whether a rotation may change the client id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ClientIdChange {
    /// It may not.
    Forbidden,
    /// It may.
    Allowed,
}

/// Whether a client that exists already may be taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(self.policy == 'ByID') == has(self.clientID)")
        .message("adoption.policy ByID and adoption.clientID go together: set both or neither").field_path(".clientID"),
)]
pub struct Adoption {
    /// Never: a name or id that is taken blocks. ByID: take over the client with adoption.clientID, if an access rule
    /// of the server lists that id under adoptableClientIDs. Default: Never.
    #[serde(default)]
    pub policy: AdoptionPolicy,

    /// Client id to take over. Required with ByID, forbidden otherwise.
    #[serde(default, rename = "clientID", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::existing_client_id")]
    pub client_id: Option<String>,

    /// What to do when the secret of the adopted client cannot be read. Refuse: block. Replace: give it a new secret,
    /// which breaks whoever uses the old one. Default: Refuse.
    #[serde(default)]
    pub unreadable_secret: UnreadableSecret,
}

/// Which existing clients may be taken over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AdoptionPolicy {
    /// None.
    #[default]
    Never,
    /// The one that is named.
    #[serde(rename = "ByID")]
    ById,
}

/// What to do when the secret of an adopted client cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum UnreadableSecret {
    /// Block.
    #[default]
    Refuse,
    /// Give it a new one.
    Replace,
}

/// What becomes of the client at the server.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum DeletionPolicy {
    /// It is removed.
    #[default]
    Delete,
    /// It stays.
    Retain,
    /// It stays, disabled.
    Disable,
}

impl DeletionPolicy {
    /// The policy as manifests spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "Delete",
            Self::Retain => "Retain",
            Self::Disable => "Disable",
        }
    }
}
