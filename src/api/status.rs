//! What the operator reports. Status is only a report: losing it does no harm.

#![expect(
    clippy::struct_excessive_bools,
    reason = "capabilities are independent facts, each under its own name"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::provider::ProviderType;
use super::{DeletionPolicy, schema};

/// What the operator reports of a client.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct OAuthClientStatus {
    /// metadata.generation that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub observed_generation: Option<i64>,

    /// Ready, Accepted, Registered, SecretPublished, Verified, Rotating, and Stalled when a person must act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,

    /// Client identifier in effect.
    #[serde(default, rename = "clientID", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::status_text")]
    pub client_id: Option<String>,

    /// Name of the client at the server, as registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::status_text")]
    pub client_name: Option<String>,

    /// The published Secret, as a provisioned service of the Service Binding specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,

    /// What is in effect at the server, chosen or by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective: Option<EffectiveSettings>,

    /// Past and coming rotations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<RotationStatus>,
}

/// The published Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// Name of the Secret, in this namespace.
    #[schemars(schema_with = "schema::object_name")]
    pub name: String,
}

/// What is in effect at the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct EffectiveSettings {
    /// Grant types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::status_list")]
    pub grant_types: Option<Vec<String>>,

    /// Scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::status_list")]
    pub scopes: Option<Vec<String>>,

    /// Client authentication method at the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::status_text")]
    pub token_endpoint_auth_method: Option<String>,

    /// Validity of an access token, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub access_token_validity_seconds: Option<i64>,

    /// Validity of a refresh token, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub refresh_token_validity_seconds: Option<i64>,

    /// What becomes of the client when this object is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::word::<DeletionPolicy>")]
    pub deletion_policy: Option<DeletionPolicy>,
}

/// Past and coming rotations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotationStatus {
    /// Value of the annotation oauthclient.dev/rotate that was served last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::status_text")]
    pub last_handled_trigger: Option<String>,

    /// When the credential was last rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_rotation_time: Option<Time>,

    /// When the next rotation is due, where one is planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_rotation_time: Option<Time>,

    /// Until when the previous credential works, during an overlap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_end_time: Option<Time>,

    /// Client identifier before the last rotation, during an overlap in which it differs.
    #[serde(default, rename = "previousClientID", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::status_text")]
    pub previous_client_id: Option<String>,

    /// When the server lets the credential expire, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_expiration_time: Option<Time>,
}

/// What the operator reports of a server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerStatus {
    /// metadata.generation that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub observed_generation: Option<i64>,

    /// Ready, Reachable, Authenticated, DeletionsHeld.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::conditions")]
    pub conditions: Vec<Condition>,

    /// Kind of the provider, as the field of spec.provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::word::<ProviderType>")]
    pub provider_type: Option<ProviderType>,

    /// What this server can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<CapabilitiesStatus>,

    /// How many clients there are; written at most every 30 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<ClientCounts>,
}

/// What a server can do, as far as it matters to who writes an OAuthClient.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each shown under its own name"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct CapabilitiesStatus {
    /// Caller: an OAuthClient may set clientID. Server: it may not.
    #[serde(rename = "clientIDChosenBy")]
    pub client_id_chosen_by: ChosenBy,

    /// Whether the server shows a client's secret again.
    pub secret_readable: bool,

    /// How an old and a new credential can work at the same time. None: they cannot. TwoSlots: a client has two.
    /// SecondClient: by a second registration, so the client id changes.
    pub overlap: OverlapKind,

    /// Whether the client id stays the same when the credential is rotated.
    #[serde(rename = "clientIDStable")]
    pub client_id_stable: bool,

    /// Whether deletionPolicy Disable is possible.
    pub can_disable: bool,

    /// Whether a new credential can be tried at the token endpoint.
    pub can_verify: bool,
}

/// Who chooses a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ChosenBy {
    /// Who registers the client.
    Caller,
    /// The server.
    Server,
}

/// How an old and a new credential can work at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OverlapKind {
    /// They cannot.
    None,
    /// A client has room for two.
    TwoSlots,
    /// By a second registration.
    SecondClient,
}

/// How many clients a server has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientCounts {
    /// OAuthClients that are registered.
    #[serde(default)]
    pub registered: u32,

    /// OAuthClients that wait for a person.
    #[serde(default)]
    pub blocked: u32,

    /// Clients that are still to be removed from the server.
    #[serde(default)]
    pub pending_deletion: u32,

    /// Of those, held until a person releases them.
    #[serde(default)]
    pub held_deletion: u32,
}
