//! With which credential the operator authenticates, and the Secret that it is in.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::schema;

/// A Secret with the label oauthclient.dev/server-credentials: "true": in the namespace of the object that refers to
/// it, or in the operator's namespace where that object is a ClusterAuthorizationServer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Name of the Secret.
    #[schemars(schema_with = "schema::object_name")]
    pub name: String,
}

/// A key of a Secret with the label oauthclient.dev/server-credentials: "true".
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the Secret.
    #[schemars(schema_with = "schema::object_name")]
    pub name: String,

    /// Key in the Secret. Default: client-secret.
    #[serde(default = "client_secret_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub key: String,
}

/// A key of a Secret with the label oauthclient.dev/server-credentials: "true".
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct SoftwareStatementRef {
    /// Name of the Secret.
    #[schemars(schema_with = "schema::object_name")]
    pub name: String,

    /// Key in the Secret. Default: statement.
    #[serde(default = "statement_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub key: String,
}

/// A user name and password.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct BasicAuth {
    /// The Secret that holds both; it needs the label oauthclient.dev/server-credentials: "true".
    pub secret_ref: SecretRef,

    /// Key of the user name. Default: username.
    #[serde(default = "username_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub username_key: String,

    /// Key of the password. Default: password.
    #[serde(default = "password_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub password_key: String,
}

/// A client id and secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientSecretAuth {
    /// The Secret that holds both; it needs the label oauthclient.dev/server-credentials: "true".
    pub secret_ref: SecretRef,

    /// Key of the client id. Default: client-id.
    #[serde(default = "client_id_key", rename = "clientIDKey")]
    #[schemars(schema_with = "schema::data_key")]
    pub client_id_key: String,

    /// Key of the client secret. Default: client-secret.
    #[serde(default = "client_secret_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub client_secret_key: String,
}

/// A client id and a private key for JWTs (RFC 7523).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrivateKeyJwtAuth {
    /// The Secret that holds both; it needs the label oauthclient.dev/server-credentials: "true".
    pub secret_ref: SecretRef,

    /// Key of the client id. Default: client-id.
    #[serde(default = "client_id_key", rename = "clientIDKey")]
    #[schemars(schema_with = "schema::data_key")]
    pub client_id_key: String,

    /// Key of the private key, PEM. Default: private-key.
    #[serde(default = "private_key_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub private_key_key: String,

    /// Algorithm of the signature: RS256, RS384 or PS256. Default: RS256.
    #[serde(default)]
    pub algorithm: SigningAlgorithm,
}

/// Algorithms that Auth0 takes for a signed JWT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[default]
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PSS with SHA-256.
    PS256,
}

/// A user name and password, and the client application through which they are used.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordAuth {
    /// The Secret that holds all four; it needs the label oauthclient.dev/server-credentials: "true".
    pub secret_ref: SecretRef,

    /// Key of the user name. Default: username.
    #[serde(default = "username_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub username_key: String,

    /// Key of the password. Default: password.
    #[serde(default = "password_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub password_key: String,

    /// Key of the client id. Default: client-id.
    #[serde(default = "client_id_key", rename = "clientIDKey")]
    #[schemars(schema_with = "schema::data_key")]
    pub client_id_key: String,

    /// Key of the client secret. Default: client-secret.
    #[serde(default = "client_secret_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub client_secret_key: String,
}

/// A token that is sent as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenAuth {
    /// The Secret that holds it; it needs the label oauthclient.dev/server-credentials: "true".
    pub secret_ref: SecretRef,

    /// Key of the token. Default: token.
    #[serde(default = "token_key")]
    #[schemars(schema_with = "schema::data_key")]
    pub token_key: String,
}

/// No authentication. Written as an empty object: none: {}.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
pub struct NoAuth {}

fn username_key() -> String {
    "username".to_owned()
}

fn password_key() -> String {
    "password".to_owned()
}

fn client_id_key() -> String {
    "client-id".to_owned()
}

fn client_secret_key() -> String {
    "client-secret".to_owned()
}

fn private_key_key() -> String {
    "private-key".to_owned()
}

fn token_key() -> String {
    "token".to_owned()
}

fn statement_key() -> String {
    "statement".to_owned()
}
