//! Who may use a server, and for what.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema;
use super::{DeletionPolicy, TokenEndpointAuthMethod};

/// What one group of clients may ask for. A client is allowed when one rule allows all of its spec; rules do not add up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessRule {
    /// Name of the rule, unique in the list. Messages to tenants show it.
    #[schemars(schema_with = "schema::label_name")]
    pub name: String,

    /// Namespaces whose clients the rule is for. Required on a ClusterAuthorizationServer, absent on an
    /// AuthorizationServer, which serves its own namespace only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<NamespaceSelection>,

    /// Grant types that a client may ask for, spelt as in RFC 7591, such as client_credentials. Omitted: a client may
    /// have the provider's default only, by leaving its own grantTypes out. Empty: none may be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::grant_type_list")]
    pub grant_types: Option<Vec<String>>,

    /// Scopes that a client may ask for: exact, or a prefix followed by one *, such as invoices.*; a lone * allows
    /// every scope. Omitted: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::scope_patterns")]
    pub scopes: Option<Vec<String>>,

    /// Audiences (APIs) that a client may ask for, exact. Omitted: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::audience_list")]
    pub audiences: Vec<String>,

    /// Hosts that redirect URIs may have: exact, or *. and a suffix, such as *.apps.example.com, which does not match
    /// the suffix itself. Omitted: none, so a client may have no redirect URI.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::redirect_hosts")]
    pub redirect_hosts: Vec<String>,

    /// Client authentication methods at the token endpoint that a client may ask for. Omitted: the provider's default
    /// only. Empty: none may be asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "set"))]
    pub token_endpoint_auth_methods: Option<Vec<TokenEndpointAuthMethod>>,

    /// Who names a client at the server. Generated: the operator does, and a client with clientName or clientID is
    /// refused. Any: both may be chosen. Exact: as Any, and the name stays without the operator's suffix where it is
    /// the server's handle; there a lost answer of the server blocks the client until a person has looked.
    /// Default: Generated.
    #[serde(default)]
    pub naming: Naming,

    /// Client ids of existing clients at the server that may be adopted with adoption.policy ByID. Omitted: none.
    #[serde(default, rename = "adoptableClientIDs", skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::existing_client_ids")]
    pub adoptable_client_ids: Vec<String>,

    /// Deletion policies that a client may have. Default: Delete only.
    #[serde(default = "delete_only")]
    #[schemars(length(min = 1, max = 3), extend("x-kubernetes-list-type" = "set"))]
    pub deletion_policies: Vec<DeletionPolicy>,

    /// Longest accessTokenValiditySeconds that a client may ask for, in seconds. Omitted: no limit here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = schema::SECONDS_MAX))]
    pub max_access_token_validity_seconds: Option<u32>,

    /// Longest refreshTokenValiditySeconds that a client may ask for, in seconds. Omitted: no limit here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = schema::SECONDS_MAX))]
    pub max_refresh_token_validity_seconds: Option<u32>,

    /// Most clients that one namespace may have at this server where this rule lets one in; those that are still to be
    /// removed count. A limit that is lowered later removes nothing. Omitted: no limit here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub max_clients_per_namespace: Option<u32>,
}

fn delete_only() -> Vec<DeletionPolicy> {
    vec![DeletionPolicy::Delete]
}

/// Who names a client at the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Naming {
    /// The operator only.
    #[default]
    Generated,
    /// clientName and clientID may be chosen.
    Any,
    /// As Any, and unsuffixed where the name is the handle.
    Exact,
}

/// Namespaces that a rule is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.from != 'Selector' || (has(self.selector) && (has(self.selector.matchLabels) && size(self.selector.matchLabels) > 0 || has(self.selector.matchExpressions) && size(self.selector.matchExpressions) > 0))")
        .message("from: Selector needs a selector that is not empty; for every namespace write from: All"),
    validation = Rule::new("self.from != 'All' || !has(self.selector)")
        .message("from: All takes no selector: remove it, or write from: Selector"),
)]
pub struct NamespaceSelection {
    /// All: every namespace of the cluster. Selector: those whose labels match selector.
    pub from: NamespacesFrom,

    /// Labels of the namespaces. Required with Selector, and not empty; forbidden with All.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// How namespaces are selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum NamespacesFrom {
    /// Every namespace.
    All,
    /// By labels.
    Selector,
}

/// A label selector as everywhere in Kubernetes: all of matchLabels and matchExpressions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must be there with exactly this value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::match_labels")]
    pub match_labels: BTreeMap<String, String>,

    /// Further requirements.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// One requirement of a label selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)")
        .message("In and NotIn need values, Exists and DoesNotExist take none"),
)]
pub struct LabelSelectorRequirement {
    /// Label key.
    #[schemars(schema_with = "schema::label_key")]
    pub key: String,

    /// In, NotIn, Exists or DoesNotExist.
    pub operator: LabelSelectorOperator,

    /// Values for In and NotIn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::label_values")]
    pub values: Vec<String>,
}

/// How a label relates to values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum LabelSelectorOperator {
    /// The label has one of the values.
    In,
    /// The label has none of the values, or is not there.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
}
