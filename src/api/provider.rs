//! Which authorization server, where it is, and how the operator authenticates there.

mod credentials;

use std::fmt;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::credentials::{
    BasicAuth, ClientSecretAuth, NoAuth, PasswordAuth, PrivateKeyJwtAuth, SecretKeyRef, SecretRef,
    SigningAlgorithm, SoftwareStatementRef, TokenAuth,
};
use super::schema;

/// The kind of authorization server and how to reach it. Exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProviderSpec {
    /// Composer Trusted Access, also known as Zoomdata, Logi Composer, Symphony and Simba.
    Composer(Composer),
    /// The Authorization Server of DigitalRoute MediationZone and Usage Engine Private Edition.
    DigitalRoute(DigitalRoute),
    /// Auth0, by its Management API v2.
    Auth0(Auth0),
    /// Cocoon Data SafeShare.
    Cocoon(Cocoon),
    /// Any server with dynamic client registration: RFC 7591, and RFC 7592 where it has it.
    DynamicRegistration(DynamicRegistration),
    /// Keycloak, by its admin API.
    Keycloak(Keycloak),
    /// Ory Hydra, by its admin API.
    Hydra(Hydra),
}

impl ProviderSpec {
    /// Which one it is.
    pub const fn provider_type(&self) -> ProviderType {
        match self {
            Self::Composer(_) => ProviderType::Composer,
            Self::DigitalRoute(_) => ProviderType::DigitalRoute,
            Self::Auth0(_) => ProviderType::Auth0,
            Self::Cocoon(_) => ProviderType::Cocoon,
            Self::DynamicRegistration(_) => ProviderType::DynamicRegistration,
            Self::Keycloak(_) => ProviderType::Keycloak,
            Self::Hydra(_) => ProviderType::Hydra,
        }
    }

    /// The address as the spec gives it: a URL, or Auth0's domain.
    pub fn address(&self) -> &str {
        match self {
            Self::Composer(p) => &p.url,
            Self::DigitalRoute(p) => &p.url,
            Self::Auth0(p) => &p.domain,
            Self::Cocoon(p) => &p.url,
            Self::DynamicRegistration(p) => p
                .issuer
                .as_deref()
                .or(p.registration_uri.as_deref())
                .unwrap_or_default(),
            Self::Keycloak(p) => &p.url,
            Self::Hydra(p) => &p.admin_url,
        }
    }
}

/// Kind of an authorization server, spelt as the field of `provider`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProviderType {
    /// Composer Trusted Access.
    Composer,
    /// DigitalRoute.
    DigitalRoute,
    /// Auth0.
    Auth0,
    /// Cocoon Data SafeShare.
    Cocoon,
    /// RFC 7591 and RFC 7592.
    DynamicRegistration,
    /// Keycloak.
    Keycloak,
    /// Ory Hydra.
    Hydra,
}

impl ProviderType {
    /// Every value.
    pub const ALL: [Self; 7] = [
        Self::Composer,
        Self::DigitalRoute,
        Self::Auth0,
        Self::Cocoon,
        Self::DynamicRegistration,
        Self::Keycloak,
        Self::Hydra,
    ];

    /// The word as manifests spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Composer => "composer",
            Self::DigitalRoute => "digitalRoute",
            Self::Auth0 => "auth0",
            Self::Cocoon => "cocoon",
            Self::DynamicRegistration => "dynamicRegistration",
            Self::Keycloak => "keycloak",
            Self::Hydra => "hydra",
        }
    }
}

impl fmt::Display for ProviderType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Composer Trusted Access, also known as Zoomdata, Logi Composer, Symphony and Simba.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Composer {
    /// Base URL without the context path, such as https://composer.example.com:8080.
    #[schemars(schema_with = "schema::base_url")]
    pub url: String,

    /// Context path of the web application: /composer, /zoomdata before version 6, /discovery in Symphony; empty
    /// where there is none. Default: /composer.
    #[serde(default = "composer_context_path")]
    #[schemars(schema_with = "schema::path_prefix")]
    pub context_path: String,

    /// Media type of the API version to speak. Default: application/vnd.composer.v3+json.
    #[serde(default = "composer_media_type")]
    #[schemars(schema_with = "schema::media_type")]
    pub media_type: String,

    /// How the operator authenticates: exactly one of basic and session. The user must be a global administrator or
    /// of the group Supervisors.
    #[x_kube(validation = Rule::new("[has(self.basic), has(self.session)].filter(x, x).size() == 1").message("auth needs exactly one of basic and session"))]
    pub auth: ComposerAuth,

    /// A user for whom a pull token is requested to verify a new credential. Omitted: credentials are not verified,
    /// since Composer issues tokens for users only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<ComposerProbe>,
}

fn composer_context_path() -> String {
    "/composer".to_owned()
}

fn composer_media_type() -> String {
    "application/vnd.composer.v3+json".to_owned()
}

/// How the operator authenticates at Composer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ComposerAuth {
    /// HTTP Basic.
    Basic(BasicAuth),
    /// HTTP Basic once, then the session cookie and the CSRF header.
    Session(BasicAuth),
}

/// A user for whom a token can be requested.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComposerProbe {
    /// Name of the user; a regular user or an administrator, not a supervisor.
    #[schemars(schema_with = "schema::printable")]
    pub username: String,

    /// Account (tenant) of the user, where the installation asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::printable")]
    pub account: Option<String>,
}

/// The Authorization Server of DigitalRoute MediationZone and Usage Engine Private Edition.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DigitalRoute {
    /// Base URL, such as https://mz.example.com:10000.
    #[schemars(schema_with = "schema::base_url")]
    pub url: String,

    /// Path of the management API: /authserver/api, or /api on older versions. Default: /authserver/api.
    #[serde(default = "digital_route_api_prefix")]
    #[schemars(schema_with = "schema::path_prefix")]
    pub api_prefix: String,

    /// Path of the token endpoint. Default: /authserver/token.
    #[serde(default = "digital_route_token_path")]
    #[schemars(schema_with = "schema::path_prefix")]
    pub token_path: String,

    /// Scopes are objects of the server that clients share. Refuse: a client with a scope that is not provisioned is
    /// refused. Create: missing scopes are provisioned; the operator never removes one. Default: Refuse.
    #[serde(default)]
    pub scope_provisioning: ScopeProvisioning,

    /// How the operator authenticates: exactly one of basic and none. Without authentication everybody on the network
    /// can read every client's secret.
    #[x_kube(validation = Rule::new("[has(self.basic), has(self.none)].filter(x, x).size() == 1").message("auth needs exactly one of basic and none"))]
    pub auth: DigitalRouteAuth,
}

fn digital_route_api_prefix() -> String {
    "/authserver/api".to_owned()
}

fn digital_route_token_path() -> String {
    "/authserver/token".to_owned()
}

/// What to do about a scope that the server does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ScopeProvisioning {
    /// Refuse the client.
    #[default]
    Refuse,
    /// Provision it.
    Create,
}

/// How the operator authenticates at DigitalRoute.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DigitalRouteAuth {
    /// HTTP Basic.
    Basic(BasicAuth),
    /// Not at all.
    None(NoAuth),
}

/// Auth0, by its Management API v2.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Auth0 {
    /// Domain of the tenant, such as tenant.eu.auth0.com. Cannot change.
    #[schemars(schema_with = "schema::domain")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("domain cannot change, since clients are registered in that tenant: create a new server object"))]
    pub domain: String,

    /// Audience of the Management API, where the domain is a custom one. Default: https://<domain>/api/v2/.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::audience")]
    pub management_audience: Option<String>,

    /// Identifier of the API that a client's top-level scopes belong to. Omitted: a client with top-level scopes is
    /// refused; it can give audiences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::audience")]
    pub default_audience: Option<String>,

    /// How the operator authenticates: exactly one of clientSecret and privateKeyJWT, with the credential of a
    /// machine-to-machine application that is granted the Management API.
    #[x_kube(validation = Rule::new("[has(self.clientSecret), has(self.privateKeyJWT)].filter(x, x).size() == 1").message("auth needs exactly one of clientSecret and privateKeyJWT"))]
    pub auth: Auth0Auth,
}

/// How the operator authenticates at Auth0.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Auth0Auth {
    /// Client id and secret.
    ClientSecret(ClientSecretAuth),
    /// Client id and a signed JWT.
    #[serde(rename = "privateKeyJWT")]
    PrivateKeyJwt(PrivateKeyJwtAuth),
}

/// Cocoon Data SafeShare.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cocoon {
    /// URL of the access service, such as https://access-service.example.com.
    #[schemars(schema_with = "schema::base_url")]
    pub url: String,

    /// How the operator authenticates: password, as an administrator without second factor, through a client
    /// application that may use the password grant.
    #[x_kube(validation = Rule::new("has(self.password)").message("auth needs password"))]
    pub auth: CocoonAuth,
}

/// How the operator authenticates at SafeShare.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CocoonAuth {
    /// The password grant; the server has no other for its own API.
    Password(PasswordAuth),
}

/// Any server with dynamic client registration: RFC 7591, and RFC 7592 where it has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.issuer) != has(self.registrationURI)")
        .message("dynamicRegistration needs exactly one of issuer and registrationURI"),
)]
pub struct DynamicRegistration {
    /// Issuer identifier; endpoints come from its metadata (RFC 8414, OpenID Connect Discovery), whose issuer must be
    /// the same. Exactly one of issuer and registrationURI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::base_url")]
    pub issuer: Option<String>,

    /// Client registration endpoint, for a server without metadata. Exactly one of issuer and registrationURI.
    #[serde(default, rename = "registrationURI", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::base_url")]
    pub registration_uri: Option<String>,

    /// A software statement (RFC 7591 section 2.3) that goes with every registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software_statement_secret_ref: Option<SoftwareStatementRef>,

    /// How the operator authenticates at the registration endpoint: exactly one of initialAccessToken and none.
    #[x_kube(validation = Rule::new("[has(self.initialAccessToken), has(self.none)].filter(x, x).size() == 1").message("auth needs exactly one of initialAccessToken and none"))]
    pub auth: DynamicRegistrationAuth,
}

/// How the operator authenticates at a registration endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DynamicRegistrationAuth {
    /// An initial access token.
    InitialAccessToken(TokenAuth),
    /// Not at all.
    None(NoAuth),
}

/// Keycloak, by its admin API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Keycloak {
    /// Base URL, such as https://keycloak.example.com, with /auth where the installation has it.
    #[schemars(schema_with = "schema::base_url")]
    pub url: String,

    /// Realm that clients are registered in. Cannot change.
    #[schemars(schema_with = "schema::realm")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("realm cannot change, since clients are registered in that realm: create a new server object"))]
    pub realm: String,

    /// Realm that the operator's own client belongs to. Default: realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::realm")]
    pub auth_realm: Option<String>,

    /// Whether a client policy of the realm with the executor secret-rotation is for the clients that are registered here:
    /// then a client can have an earlier secret beside its own, and a rotation with an overlap keeps the client id. It needs
    /// a server with the feature client-secret-rotation. Default: false.
    #[serde(default)]
    pub secret_rotation_policy: bool,

    /// How the operator authenticates: clientSecret, of a client whose service account has the role manage-clients.
    #[x_kube(validation = Rule::new("has(self.clientSecret)").message("auth needs clientSecret"))]
    pub auth: KeycloakAuth,
}

/// How the operator authenticates at Keycloak.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum KeycloakAuth {
    /// Client id and secret.
    ClientSecret(ClientSecretAuth),
}

/// Ory Hydra, by its admin API.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hydra {
    /// URL of the admin port, such as https://hydra-admin.example.com.
    #[serde(rename = "adminURL")]
    #[schemars(schema_with = "schema::base_url")]
    pub admin_url: String,

    /// URL of the public port, for issuer and token endpoint. Omitted: give endpoints, else none are published.
    #[serde(default, rename = "publicURL", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::base_url")]
    pub public_url: Option<String>,

    /// How the operator authenticates: exactly one of none and bearerToken. Hydra itself knows no authentication on
    /// the admin port; a proxy in front of it may.
    #[x_kube(validation = Rule::new("[has(self.none), has(self.bearerToken)].filter(x, x).size() == 1").message("auth needs exactly one of none and bearerToken"))]
    pub auth: HydraAuth,
}

/// How the operator authenticates at Hydra.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HydraAuth {
    /// Not at all.
    None(NoAuth),
    /// A bearer token.
    BearerToken(TokenAuth),
}
