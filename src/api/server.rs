//! `AuthorizationServer` and `ClusterAuthorizationServer`: one spec, two scopes.

#![expect(
    clippy::struct_field_names,
    reason = "fields are named as the resource spells them"
)]

use std::ops::{Deref, DerefMut};

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::AccessRule;
use super::provider::{ProviderSpec, SecretRef};
use super::{ServerStatus, schema};

/// The spec of both server kinds. In the schema of AuthorizationServer the access rules have no `namespaces`, URLs are
/// https and the CA bundle is no ConfigMap; in that of ClusterAuthorizationServer at least one access rule is required
/// and each has `namespaces`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.provider.composer) || !has(oldSelf.provider.composer) || self.provider.composer.url == oldSelf.provider.composer.url || (has(self.formerURLs) && oldSelf.provider.composer.url in self.formerURLs)")
        .message("provider.composer.url changed: clients would be looked for at another address. If it is the same server, add the old URL to formerURLs; else create a new server object").field_path(".provider.composer.url"),
    validation = Rule::new("!has(self.provider.digitalRoute) || !has(oldSelf.provider.digitalRoute) || self.provider.digitalRoute.url == oldSelf.provider.digitalRoute.url || (has(self.formerURLs) && oldSelf.provider.digitalRoute.url in self.formerURLs)")
        .message("provider.digitalRoute.url changed: clients would be looked for at another address. If it is the same server, add the old URL to formerURLs; else create a new server object").field_path(".provider.digitalRoute.url"),
    validation = Rule::new("!has(self.provider.cocoon) || !has(oldSelf.provider.cocoon) || self.provider.cocoon.url == oldSelf.provider.cocoon.url || (has(self.formerURLs) && oldSelf.provider.cocoon.url in self.formerURLs)")
        .message("provider.cocoon.url changed: clients would be looked for at another address. If it is the same server, add the old URL to formerURLs; else create a new server object").field_path(".provider.cocoon.url"),
    validation = Rule::new("!has(self.provider.dynamicRegistration) || !has(oldSelf.provider.dynamicRegistration) || !has(oldSelf.provider.dynamicRegistration.issuer) || (has(self.provider.dynamicRegistration.issuer) && self.provider.dynamicRegistration.issuer == oldSelf.provider.dynamicRegistration.issuer) || (has(self.formerURLs) && oldSelf.provider.dynamicRegistration.issuer in self.formerURLs)")
        .message("provider.dynamicRegistration.issuer changed: clients would be looked for at another address. If it is the same server, add the old URL to formerURLs; else create a new server object").field_path(".provider.dynamicRegistration.issuer"),
    validation = Rule::new("!has(self.provider.dynamicRegistration) || !has(oldSelf.provider.dynamicRegistration) || !has(oldSelf.provider.dynamicRegistration.registrationURI) || (has(self.provider.dynamicRegistration.registrationURI) && self.provider.dynamicRegistration.registrationURI == oldSelf.provider.dynamicRegistration.registrationURI) || (has(self.formerURLs) && oldSelf.provider.dynamicRegistration.registrationURI in self.formerURLs)")
        .message("provider.dynamicRegistration.registrationURI changed: clients would be looked for at another address. If it is the same server, add the old URL to formerURLs; else create a new server object").field_path(".provider.dynamicRegistration.registrationURI"),
    validation = Rule::new("!has(self.provider.keycloak) || !has(oldSelf.provider.keycloak) || self.provider.keycloak.url == oldSelf.provider.keycloak.url || (has(self.formerURLs) && oldSelf.provider.keycloak.url in self.formerURLs)")
        .message("provider.keycloak.url changed: clients would be looked for at another address. If it is the same server, add the old URL to formerURLs; else create a new server object").field_path(".provider.keycloak.url"),
    validation = Rule::new("!has(self.provider.hydra) || !has(oldSelf.provider.hydra) || self.provider.hydra.adminURL == oldSelf.provider.hydra.adminURL || (has(self.formerURLs) && oldSelf.provider.hydra.adminURL in self.formerURLs)")
        .message("provider.hydra.adminURL changed: clients would be looked for at another address. If it is the same server, add the old URL to formerURLs; else create a new server object").field_path(".provider.hydra.adminURL"),
)]
pub struct ServerSpec {
    /// Which kind of authorization server this is, where it is, and how the operator authenticates there: exactly
    /// one. The kind cannot change.
    #[x_kube(
        validation = Rule::new("[has(self.composer), has(self.digitalRoute), has(self.auth0), has(self.cocoon), has(self.dynamicRegistration), has(self.keycloak), has(self.hydra)].filter(x, x).size() == 1")
            .message("provider needs exactly one of composer, digitalRoute, auth0, cocoon, dynamicRegistration, keycloak and hydra"),
        validation = Rule::new("has(self.composer) == has(oldSelf.composer) && has(self.digitalRoute) == has(oldSelf.digitalRoute) && has(self.auth0) == has(oldSelf.auth0) && has(self.cocoon) == has(oldSelf.cocoon) && has(self.dynamicRegistration) == has(oldSelf.dynamicRegistration) && has(self.keycloak) == has(oldSelf.keycloak) && has(self.hydra) == has(oldSelf.hydra)")
            .message("the kind of provider cannot change, since clients are registered there: create a new server object"),
    )]
    pub provider: ProviderSpec,

    /// Whom to trust, and who the operator is, when it connects. Omitted: the operator's system roots, and no client
    /// certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,

    /// Endpoints to publish to clients. Each that is left out is discovered where the provider has discovery, or
    /// known from its address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,

    /// What clients get that leave a field out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_defaults: Option<ClientDefaults>,

    /// Who may use this server, for what. A client is allowed when one rule allows all of its spec. On a
    /// ClusterAuthorizationServer at least one rule is required, and who matches none may do nothing. On an
    /// AuthorizationServer, when omitted, the clients of its namespace may have the provider's defaults and any
    /// scope. A rule that is tightened later deletes nothing: clients that no longer fit are reported, and changes of
    /// them are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub access_rules: Option<Vec<AccessRule>>,

    /// How fast the operator may call this server. Where the vendor publishes a lower limit, that holds.
    #[serde(default)]
    pub limits: Limits,

    /// How often the operator looks for changes that were made behind its back, and what it does about them.
    #[serde(default)]
    pub drift_check: DriftCheck,

    /// What slows deletions down.
    #[serde(default)]
    pub deletion: DeletionGuard,

    /// Addresses that this server had before, as they stood in provider. An old address here says: same server, new
    /// address. Without it a change of the address is refused.
    #[serde(default, rename = "formerURLs", skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::former_urls")]
    pub former_urls: Vec<String>,

    /// Stops every call to this server, cleanup included. Default: false.
    #[serde(default)]
    pub suspend: bool,
}

impl ServerSpec {
    /// A spec with a provider and rules; all else is as the schema defaults it.
    pub fn new(provider: ProviderSpec, access_rules: Option<Vec<AccessRule>>) -> Self {
        Self {
            provider,
            tls: None,
            endpoints: None,
            client_defaults: None,
            access_rules,
            limits: Limits::default(),
            drift_check: DriftCheck::default(),
            deletion: DeletionGuard::default(),
            former_urls: Vec::new(),
            suspend: false,
        }
    }
}

/// A server of one namespace. Its credentials are Secrets of that namespace.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[kube(
    group = "oauthclient.dev",
    version = "v1alpha1",
    kind = "AuthorizationServer",
    namespaced,
    status = "ServerStatus",
    shortname = "authsrv",
    category = "oauth",
    derive = "PartialEq",
    doc = "An OAuth 2.0 authorization server for the OAuthClients of its own namespace, with credentials from Secrets of that namespace."
)]
pub struct AuthorizationServerSpec(pub ServerSpec);

/// A server for the cluster. Its credentials are Secrets of the operator's namespace.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[kube(
    group = "oauthclient.dev",
    version = "v1alpha1",
    kind = "ClusterAuthorizationServer",
    status = "ServerStatus",
    shortname = "cauthsrv",
    category = "oauth",
    derive = "PartialEq",
    doc = "An OAuth 2.0 authorization server for the OAuthClients of the namespaces that its access rules select, with credentials from Secrets of the operator's namespace."
)]
pub struct ClusterAuthorizationServerSpec(pub ServerSpec);

impl Deref for AuthorizationServerSpec {
    type Target = ServerSpec;

    fn deref(&self) -> &ServerSpec {
        &self.0
    }
}

impl DerefMut for AuthorizationServerSpec {
    fn deref_mut(&mut self) -> &mut ServerSpec {
        &mut self.0
    }
}

impl Deref for ClusterAuthorizationServerSpec {
    type Target = ServerSpec;

    fn deref(&self) -> &ServerSpec {
        &self.0
    }
}

impl DerefMut for ClusterAuthorizationServerSpec {
    fn deref_mut(&mut self) -> &mut ServerSpec {
        &mut self.0
    }
}

/// Whom to trust, and who the operator is, when it connects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    // Here and not at caBundle: the answer to a rule of a string repeats the string, and this one may be a key.
    validation = Rule::new("!has(self.caBundle) || !self.caBundle.contains('PRIVATE KEY-----')")
        .message("caBundle must hold certificates only: a private key does not belong in a resource; if it was applied, replace it"),
    validation = Rule::new("!has(self.caBundle) || self.caBundle.contains('-----BEGIN CERTIFICATE-----')")
        .message("caBundle must hold at least one PEM certificate (-----BEGIN CERTIFICATE-----)"),
    validation = Rule::new("!has(self.caBundle) || !has(self.caBundleRef)")
        .message("give caBundle or caBundleRef, not both"),
)]
pub struct Tls {
    /// Certificates of the authorities to trust, PEM, instead of the operator's system roots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::ca_bundle")]
    pub ca_bundle: Option<String>,

    /// The same from another object; a change there is picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_bundle_ref: Option<CaBundleRef>,

    /// A Secret of type kubernetes.io/tls with the operator's client certificate, keys tls.crt and tls.key; it needs
    /// the label oauthclient.dev/server-credentials: "true".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_secret_ref: Option<SecretRef>,
}

/// Where certificates are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaBundleRef {
    /// Secret, which needs the label oauthclient.dev/server-credentials: "true"; or, on a ClusterAuthorizationServer
    /// only, ConfigMap, of the operator's namespace.
    pub kind: CaBundleKind,

    /// Name of the object.
    #[schemars(schema_with = "schema::object_name")]
    pub name: String,

    /// Key of the certificates, PEM. Default: ca.crt.
    #[serde(default = "ca_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub key: String,
}

fn ca_key() -> String {
    "ca.crt".to_owned()
}

/// Kind of the object that holds certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum CaBundleKind {
    /// On a ClusterAuthorizationServer only.
    ConfigMap,
    /// Labelled.
    Secret,
}

/// Endpoints to publish to clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// Issuer identifier (RFC 8414), as it stands in the tokens' iss.
    #[serde(default, rename = "issuerURI", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::base_url")]
    pub issuer_uri: Option<String>,

    /// Token endpoint (RFC 6749 section 3.2). Also where the operator verifies a new credential.
    #[serde(default, rename = "tokenURI", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::base_url")]
    pub token_uri: Option<String>,

    /// Authorization endpoint (RFC 6749 section 3.1).
    #[serde(default, rename = "authorizationURI", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::base_url")]
    pub authorization_uri: Option<String>,

    /// JWK set with which tokens are verified (RFC 7517).
    #[serde(default, rename = "jwksURI", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::base_url")]
    pub jwks_uri: Option<String>,
}

/// What clients get that leave a field out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientDefaults {
    /// Put before the default name, namespace.name, of a client; tells clusters that share a server apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::name_prefix")]
    pub name_prefix: Option<String>,

    /// How long an access token is valid, in seconds. Omitted: the provider's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = schema::SECONDS_MAX))]
    pub access_token_validity_seconds: Option<u32>,

    /// How long the previous credential keeps working after a rotation, in seconds. Omitted: the operator's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = schema::SECONDS_MAX))]
    pub overlap_seconds: Option<u32>,
}

/// How fast the operator may call a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Requests per minute, on average. Default: 600.
    #[serde(default = "requests_per_minute")]
    #[schemars(range(min = 1, max = 60_000))]
    pub requests_per_minute: u32,

    /// Requests that may be made at once after a pause. Default: 20.
    #[serde(default = "burst")]
    #[schemars(range(min = 1, max = 1_000))]
    pub burst: u32,

    /// Requests that may wait for an answer at the same time. Default: 8.
    #[serde(default = "max_in_flight")]
    #[schemars(range(min = 1, max = 256))]
    pub max_in_flight: u32,

    /// How long one request may take, in seconds. Default: 30.
    #[serde(default = "request_timeout_seconds")]
    #[schemars(range(min = 1, max = 60))]
    pub request_timeout_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_minute: requests_per_minute(),
            burst: burst(),
            max_in_flight: max_in_flight(),
            request_timeout_seconds: request_timeout_seconds(),
        }
    }
}

const fn requests_per_minute() -> u32 {
    600
}

const fn burst() -> u32 {
    20
}

const fn max_in_flight() -> u32 {
    8
}

const fn request_timeout_seconds() -> u32 {
    30
}

/// How often the operator looks for changes that were made behind its back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DriftCheck {
    /// Time between two checks, in seconds. Default: 3600.
    #[serde(default = "drift_period_seconds")]
    #[schemars(range(min = 60, max = 604_800))]
    pub period_seconds: u32,

    /// Repair: put back what the specs say. Report: only say so. Default: Repair.
    #[serde(default)]
    pub action: DriftAction,
}

impl Default for DriftCheck {
    fn default() -> Self {
        Self {
            period_seconds: drift_period_seconds(),
            action: DriftAction::default(),
        }
    }
}

const fn drift_period_seconds() -> u32 {
    3600
}

/// What to do about a change that was made at the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum DriftAction {
    /// Put back what the spec says.
    #[default]
    Repair,
    /// Say so.
    Report,
}

/// What slows deletions down.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletionGuard {
    /// Time between the deletion of an OAuthClient and the removal of its client, in seconds. An OAuthClient that
    /// comes back under its name within it keeps its credential. Default: 0.
    #[serde(default)]
    #[schemars(range(min = 0, max = 2_592_000))]
    pub delay_seconds: u32,

    /// Deletions that are new within ten minutes and not held; a deleted namespace counts once. More are held until
    /// the annotation oauthclient.dev/release-held-deletions of this object gets a new value. Default: 100.
    #[serde(default = "max_burst")]
    #[schemars(range(min = 1, max = 100_000))]
    pub max_burst: u32,
}

impl Default for DeletionGuard {
    fn default() -> Self {
        Self {
            delay_seconds: 0,
            max_burst: max_burst(),
        }
    }
}

const fn max_burst() -> u32 {
    100
}
