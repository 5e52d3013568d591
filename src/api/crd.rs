//! The custom resource definitions: what derive gives, and what it cannot express.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition as Column, CustomResourceDefinition, CustomResourceDefinitionVersion,
    JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, ValidationRule,
};
use kube::CustomResourceExt;
use serde_json::{Value, json};

use super::{
    AuthorizationServer, ClusterAuthorizationServer, LABEL_PROVISIONED_SERVICE, LABEL_TRUE, OAuthClient,
};

/// The three definitions, ready to be applied.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![client(), namespaced_server(), cluster_server()]
}

/// File name and text of each definition, as in `crds/`. The same text every time.
pub fn crd_files() -> Result<Vec<(String, String)>, serde_saphyr::ser_error::Error> {
    crds()
        .into_iter()
        .map(|crd| {
            let name = format!("{}.yaml", crd.metadata.name.as_deref().unwrap_or_default());
            let text = serde_saphyr::to_string(&whole_numbers(json!(crd)))?;
            Ok((name, format!("# Generated from src/api; do not edit.\n{text}")))
        })
        .collect()
}

/// All definitions as one stream of YAML documents.
pub fn crds_yaml() -> Result<String, serde_saphyr::ser_error::Error> {
    let files = crd_files()?;
    Ok(files.iter().flat_map(|(_, text)| ["---\n", text]).collect())
}

fn client() -> CustomResourceDefinition {
    let mut crd = common(OAuthClient::crd());
    crd.metadata.labels = Some(BTreeMap::from([(
        LABEL_PROVISIONED_SERVICE.to_owned(),
        LABEL_TRUE.to_owned(),
    )]));
    columns(
        &mut crd,
        &[
            column(
                "Ready",
                "string",
                r#".status.conditions[?(@.type=="Ready")].status"#,
                0,
            ),
            column(
                "Reason",
                "string",
                r#".status.conditions[?(@.type=="Ready")].reason"#,
                0,
            ),
            column("Client-ID", "string", ".status.clientID", 0),
            column("Server", "string", ".spec.serverRef.name", 0),
            column("Secret", "string", ".status.binding.name", 0),
            column("Age", "date", ".metadata.creationTimestamp", 0),
            column("Rotated", "date", ".status.rotation.lastRotationTime", 1),
            // A time to come: as a date it would be printed as <invalid>.
            column("Next", "string", ".status.rotation.nextRotationTime", 1),
            column(
                "Message",
                "string",
                r#".status.conditions[?(@.type=="Ready")].message"#,
                1,
            ),
        ],
    );
    crd
}

fn namespaced_server() -> CustomResourceDefinition {
    let mut crd = server(AuthorizationServer::crd());
    each_schema(&mut crd, |root| {
        let Some(spec) = property(root, "spec") else {
            return;
        };
        spec.x_kubernetes_validations.get_or_insert_default().extend([
            rule(
                &format!("[{URLS}].all(u, u.startsWith('https:'))"),
                "an AuthorizationServer needs https URLs: plain http is for a ClusterAuthorizationServer only",
            ),
            rule(
                "self.?tls.?caBundleRef.?kind.orValue('Secret') == 'Secret'",
                "an AuthorizationServer takes its CA bundle from a Secret, or as caBundle: a ConfigMap is for a ClusterAuthorizationServer only",
            ),
        ]);
        if let Some(rules) = property(spec, "accessRules") {
            rules.description = Some(
                "Which of the namespace's clients may use this server, for what. A client is allowed when one rule \
                 allows all of its spec. Omitted: every client of the namespace, with the provider's defaults and \
                 any scope. A rule that is tightened later deletes nothing: clients that no longer fit are \
                 reported, and changes of them are refused."
                    .to_owned(),
            );
            if let Some(properties) = items(rules).and_then(|rule| rule.properties.as_mut()) {
                properties.remove("namespaces");
            }
        }
    });
    crd
}

fn cluster_server() -> CustomResourceDefinition {
    let mut crd = server(ClusterAuthorizationServer::crd());
    each_schema(&mut crd, |root| {
        let Some(spec) = property(root, "spec") else {
            return;
        };
        require(spec, "accessRules");
        if let Some(rules) = property(spec, "accessRules") {
            rules.description = Some(
                "Which clients may use this server, for what: at least one rule. A client is allowed when one rule \
                 allows all of its spec; who matches none may do nothing. A rule that is tightened later deletes \
                 nothing: clients that no longer fit are reported, and changes of them are refused."
                    .to_owned(),
            );
            if let Some(item) = items(rules) {
                require(item, "namespaces");
                if let Some(namespaces) = property(item, "namespaces") {
                    namespaces.description = Some("Namespaces whose clients the rule is for.".to_owned());
                }
            }
        }
    });
    crd
}

/// Every URL of a server's spec but the former ones, in CEL; what is not set counts as https.
const URLS: &str = "self.provider.?composer.?url.orValue('https:'), \
    self.provider.?digitalRoute.?url.orValue('https:'), \
    self.provider.?cocoon.?url.orValue('https:'), \
    self.provider.?dynamicRegistration.?issuer.orValue('https:'), \
    self.provider.?dynamicRegistration.?registrationURI.orValue('https:'), \
    self.provider.?keycloak.?url.orValue('https:'), \
    self.provider.?hydra.?adminURL.orValue('https:'), \
    self.provider.?hydra.?publicURL.orValue('https:'), \
    self.?endpoints.?issuerURI.orValue('https:'), \
    self.?endpoints.?tokenURI.orValue('https:'), \
    self.?endpoints.?authorizationURI.orValue('https:'), \
    self.?endpoints.?jwksURI.orValue('https:')";

fn server(crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let mut crd = common(crd);
    columns(
        &mut crd,
        &[
            column(
                "Ready",
                "string",
                r#".status.conditions[?(@.type=="Ready")].status"#,
                0,
            ),
            column(
                "Reason",
                "string",
                r#".status.conditions[?(@.type=="Ready")].reason"#,
                0,
            ),
            column("Provider", "string", ".status.providerType", 0),
            column("Clients", "integer", ".status.clients.registered", 0),
            column("Pending-Delete", "integer", ".status.clients.pendingDeletion", 0),
            column("Age", "date", ".metadata.creationTimestamp", 0),
            column(
                "URL",
                "string",
                ".spec.provider.*['url','domain','issuer','registrationURI','adminURL']",
                1,
            ),
        ],
    );
    crd
}

fn common(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    each_schema(&mut crd, |root| {
        root.title = None;
        tidy(root);
        if let Some(status) = property(root, "status") {
            status.description = Some("What the operator reports. Written by the operator only.".to_owned());
            // With the default of `conditions` in it: a new object lists as Unknown and Pending with no write.
            status.default = Some(JSON(json!({})));
        }
    });
    crd
}

/// Removes what the API server does not need or does not know, all the way down.
fn tidy(schema: &mut JSONSchemaProps) {
    // An explicit null is dropped by the API server instead of being stored, and rules need not think of it.
    schema.nullable = None;
    // "Exactly one" is a rule with a sentence; the error of `oneOf` is none, and it keeps the rules from being checked.
    schema.one_of = None;
    schema.title = None;
    if let Some(format) = &mut schema.format
        && format.starts_with("uint")
    {
        let small = schema
            .maximum
            .is_some_and(|maximum| maximum <= f64::from(i32::MAX));
        if small { "int32" } else { "int64" }.clone_into(format);
    }
    // Lines of the source are no lines of the text.
    if let Some(description) = &mut schema.description {
        *description = description.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    for child in schema.properties.iter_mut().flat_map(BTreeMap::values_mut) {
        tidy(child);
    }
    if let Some(item) = items(schema) {
        // The list's own description says it; a second one only repeats the type's.
        if item.type_.as_deref() != Some("object") {
            item.description = None;
        }
        tidy(item);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        tidy(values);
    }
}

fn each_schema(crd: &mut CustomResourceDefinition, change: impl Fn(&mut JSONSchemaProps)) {
    for version in &mut crd.spec.versions {
        if let Some(root) = schema_of(version) {
            change(root);
        }
    }
}

fn schema_of(version: &mut CustomResourceDefinitionVersion) -> Option<&mut JSONSchemaProps> {
    version.schema.as_mut()?.open_api_v3_schema.as_mut()
}

fn property<'a>(schema: &'a mut JSONSchemaProps, name: &str) -> Option<&'a mut JSONSchemaProps> {
    schema.properties.as_mut()?.get_mut(name)
}

fn items(schema: &mut JSONSchemaProps) -> Option<&mut JSONSchemaProps> {
    match schema.items.as_mut()? {
        JSONSchemaPropsOrArray::Schema(item) => Some(item),
        JSONSchemaPropsOrArray::Schemas(_) => None,
    }
}

fn require(schema: &mut JSONSchemaProps, name: &str) {
    let required = schema.required.get_or_insert_default();
    required.push(name.to_owned());
    required.sort();
}

fn rule(rule: &str, message: &str) -> ValidationRule {
    ValidationRule {
        rule: rule.to_owned(),
        message: Some(message.to_owned()),
        ..ValidationRule::default()
    }
}

fn columns(crd: &mut CustomResourceDefinition, columns: &[Column]) {
    for version in &mut crd.spec.versions {
        version.additional_printer_columns = Some(columns.to_owned());
    }
}

fn column(name: &str, type_: &str, json_path: &str, priority: i32) -> Column {
    Column {
        name: name.to_owned(),
        type_: type_.to_owned(),
        json_path: json_path.to_owned(),
        priority: (priority != 0).then_some(priority),
        ..Column::default()
    }
}

/// Bounds are floats in the type and whole numbers in fact; `60.0` would only puzzle the reader.
fn whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let whole = number
                .as_f64()
                .filter(|n| n.fract() == 0.0)
                .map(|n| format!("{n:.0}"));
            whole
                .and_then(|n| n.parse::<i64>().ok())
                .map_or(Value::Number(number), Value::from)
        }
        Value::Array(values) => values.into_iter().map(whole_numbers).collect(),
        Value::Object(values) => values
            .into_iter()
            .map(|(key, value)| (key, whole_numbers(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::keys;

    /// Every schema of a definition with its path, from the root on.
    fn every_schema(crd: &CustomResourceDefinition) -> Vec<(String, JSONSchemaProps)> {
        fn walk(path: &str, schema: &JSONSchemaProps, found: &mut Vec<(String, JSONSchemaProps)>) {
            found.push((path.to_owned(), schema.clone()));
            for (name, property) in schema.properties.iter().flatten() {
                walk(&format!("{path}.{name}"), property, found);
            }
            if let Some(JSONSchemaPropsOrArray::Schema(item)) = &schema.items {
                walk(&format!("{path}[]"), item, found);
            }
            if let Some(JSONSchemaPropsOrBool::Schema(values)) = &schema.additional_properties {
                walk(&format!("{path}{{}}"), values, found);
            }
        }
        let mut found = Vec::new();
        let root = crd.spec.versions[0]
            .schema
            .as_ref()
            .unwrap()
            .open_api_v3_schema
            .as_ref()
            .unwrap();
        walk(&crd.spec.names.kind, root, &mut found);
        found
    }

    fn all() -> Vec<(String, JSONSchemaProps)> {
        crds().iter().flat_map(every_schema).collect()
    }

    #[test]
    fn every_field_is_described() {
        for (path, schema) in all() {
            if path.ends_with("[]") || path.ends_with("{}") {
                continue;
            }
            let description = schema.description.unwrap_or_default();
            assert!(
                description.len() > 3 && description.ends_with('.'),
                "{path}: {description:?}"
            );
            assert!(!description.contains(['`', '\n', '[']), "{path}: {description:?}");
        }
    }

    #[test]
    fn every_string_list_and_map_is_bounded() {
        for (path, schema) in all() {
            match schema.type_.as_deref() {
                Some("string") => assert!(
                    schema.max_length.is_some() || schema.enum_.is_some() || schema.format.is_some(),
                    "{path}"
                ),
                Some("array") => assert!(schema.max_items.is_some(), "{path}"),
                Some("object") if schema.additional_properties.is_some() => {
                    assert!(schema.max_properties.is_some(), "{path}");
                }
                Some("integer") => {
                    assert!(path.contains(".status.") || schema.maximum.is_some(), "{path}");
                    assert!(schema.minimum.is_some(), "{path}");
                    assert!(
                        matches!(schema.format.as_deref(), Some("int32" | "int64")),
                        "{path}"
                    );
                }
                Some("object" | "boolean") => {}
                other => panic!("{path}: type {other:?}"),
            }
        }
    }

    #[test]
    fn every_list_says_how_it_merges() {
        for (path, schema) in all() {
            if schema.type_.as_deref() == Some("array") {
                assert!(schema.x_kubernetes_list_type.is_some(), "{path}");
            }
        }
    }

    #[test]
    fn every_pattern_is_anchored() {
        for (path, schema) in all() {
            if let Some(pattern) = schema.pattern {
                assert!(
                    pattern.starts_with('^') && pattern.ends_with('$'),
                    "{path}: {pattern}"
                );
            }
        }
    }

    #[test]
    fn every_rule_speaks_to_people() {
        for (path, schema) in all() {
            for rule in schema.x_kubernetes_validations.into_iter().flatten() {
                let message = rule.message.unwrap_or_default();
                assert!(
                    message.len() > 10 && !message.contains('\n'),
                    "{path}: {}",
                    rule.rule
                );
                // The API server refuses a definition with a longer one.
                assert!(message.len() <= 2048, "{path}: {message}");
            }
        }
    }

    #[test]
    fn nothing_may_be_null() {
        for (path, schema) in all() {
            assert_eq!(schema.nullable, None, "{path}");
            assert!(
                schema.any_of.is_none() && schema.one_of.is_none() && schema.all_of.is_none(),
                "{path}"
            );
        }
    }

    #[test]
    fn extra_keys_spare_every_default_key() {
        let rules: Vec<_> = all()
            .into_iter()
            .filter(|(path, _)| path == "OAuthClient.spec.secret")
            .flat_map(|(_, schema)| schema.x_kubernetes_validations.unwrap_or_default())
            .filter(|rule| rule.rule.contains("defaultKeys"))
            .collect();
        let [rule] = rules.as_slice() else {
            panic!("{rules:?}")
        };
        for key in keys::DEFAULT {
            assert!(rule.rule.contains(&format!("'{key}'")), "{key}");
            assert!(rule.message.as_deref().unwrap_or_default().contains(key), "{key}");
        }
    }

    #[test]
    fn only_a_cluster_server_selects_namespaces() {
        let [_, namespaced, cluster] = crds().try_into().unwrap();
        let selects = |crd| {
            every_schema(crd)
                .iter()
                .any(|(path, _)| path.ends_with("accessRules[].namespaces"))
        };
        assert!(!selects(&namespaced));
        assert!(selects(&cluster));
    }
}
