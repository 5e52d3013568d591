//! The custom resources as a real API server sees them: what it takes, what it refuses and with which words.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{
    ApiResource, DynamicObject, ListParams, Patch, PatchParams, PostParams, ValidationDirective,
};
use kube::core::Request;
use kube::{Api, Client, CustomResourceExt, Resource, ResourceExt};
use oauth_client_operator::api::{
    self, API_VERSION, AuthorizationServer, Binding, CapabilitiesStatus, ChosenBy, ClientCondition,
    ClientCounts, ClientReason, ClusterAuthorizationServer, ConditionStatus, DeletionPolicy,
    EffectiveSettings, OAuthClient, OAuthClientStatus, OverlapKind, ProviderType, RotationStatus,
    ServerStatus,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use support::{cluster, merge};

const MANAGER: &str = "manifests-test";

/// A namespace of this test alone.
async fn namespace(client: &Client, name: &str) -> String {
    support::namespace(client, &format!("manifests-{name}"))
        .await
        .name_any()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    kind: String,
    base: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Name of the object, where that matters.
    object: Option<String>,
    /// Merged into the base.
    with: Option<Value>,
    /// A change of the object once it is accepted.
    then: Option<Value>,
    /// What the answer holds; accepted if absent.
    refused: Option<String>,
    /// What the answer must not repeat.
    silent_about: Option<String>,
}

/// `300*x` stands for 300 times x.
fn expand(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((count, unit)) = text.split_once('*')
                && let Ok(count) = count.parse()
            {
                *text = unit.repeat(count);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(expand),
        Value::Object(values) => values.values_mut().for_each(expand),
        _ => {}
    }
}

/// The typed object says the same as the API server: the defaults of both are the same.
fn same_when_typed<K>(sent: &Value, stored: &DynamicObject)
where
    K: DeserializeOwned + PartialEq + std::fmt::Debug + kube::core::object::HasSpec,
    K::Spec: PartialEq + std::fmt::Debug,
{
    let sent: K = serde_json::from_value(sent.clone()).unwrap();
    let stored: K = serde_json::from_value(json!(stored)).unwrap();
    assert_eq!(
        sent.spec(),
        stored.spec(),
        "the defaults of the types and of the schema differ"
    );
}

async fn run_table<K>(table: &str, text: &str) -> Result<(), String>
where
    K: DeserializeOwned + PartialEq + std::fmt::Debug + kube::core::object::HasSpec,
    K: Resource<DynamicType = ()>,
    K::Spec: PartialEq + std::fmt::Debug,
{
    let client = cluster().await?;
    let table_of: Table = serde_saphyr::from_str(text).map_err(|error| format!("{table}: {error}"))?;
    assert_eq!(table_of.kind, K::kind(&()));
    let resource = ApiResource::erase::<K>(&());
    let namespaced = table_of.kind != ClusterAuthorizationServer::kind(&());
    let objects: Api<DynamicObject> = if namespaced {
        Api::namespaced_with(client.clone(), &namespace(&client, table).await, &resource)
    } else {
        Api::all_with(client.clone(), &resource)
    };

    let mut wrong = Vec::new();
    let count = table_of.cases.len();
    for (index, case) in table_of.cases.into_iter().enumerate() {
        let name = case.object.unwrap_or_else(|| format!("{table}-{index}"));
        let mut spec = table_of.base.clone();
        if let Some(with) = &case.with {
            merge(&mut spec, with);
        }
        expand(&mut spec);
        let sent = json!({"apiVersion": API_VERSION, "kind": table_of.kind, "metadata": {"name": name}, "spec": spec});
        let object: DynamicObject = serde_json::from_value(sent.clone()).unwrap();

        // Only a change needs an object that is really there.
        let dry_run = case.then.is_none();
        if !dry_run {
            let _ = objects.delete(&name, &kube::api::DeleteParams::default()).await;
        }
        let created = objects
            .create(
                &PostParams {
                    dry_run,
                    ..PostParams::default()
                },
                &object,
            )
            .await;
        if let Ok(stored) = &created {
            same_when_typed::<K>(&sent, stored);
        }
        let outcome = match (created, &case.then) {
            (Ok(_), Some(change)) => {
                let outcome = objects
                    .patch(
                        &name,
                        &PatchParams::default(),
                        &Patch::Merge(json!({"spec": change})),
                    )
                    .await;
                objects
                    .delete(&name, &kube::api::DeleteParams::default())
                    .await
                    .unwrap();
                outcome
            }
            (Err(error), Some(_)) => {
                wrong.push(format!("{}: not even created: {error}", case.name));
                continue;
            }
            (created, None) => created,
        };
        if let (Err(error), Some(secret)) = (&outcome, &case.silent_about)
            && error.to_string().contains(secret)
        {
            wrong.push(format!("{}: the answer repeats {secret:?}", case.name));
        }
        match (outcome, case.refused) {
            (Ok(_), None) => {}
            (Ok(_), Some(expected)) => {
                wrong.push(format!("{}: accepted, not refused: {expected}", case.name));
            }
            (Err(error), None) => wrong.push(format!("{}: {error}", case.name)),
            (Err(kube::Error::Api(status)), Some(expected)) if status.message.contains(&expected) => {}
            (Err(error), Some(expected)) => {
                wrong.push(format!(
                    "{}: expected: {expected}\n    answer: {error}",
                    case.name
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    Ok(())
}

#[tokio::test]
async fn oauth_clients() -> Result<(), String> {
    run_table::<OAuthClient>("oauthclient", TABLES[0]).await
}

#[tokio::test]
async fn authorization_servers() -> Result<(), String> {
    run_table::<AuthorizationServer>("authorizationserver", TABLES[1]).await
}

#[tokio::test]
async fn cluster_authorization_servers() -> Result<(), String> {
    run_table::<ClusterAuthorizationServer>("clusterauthorizationserver", TABLES[2]).await
}

/// So many manifests are tried at least: a table that is cut short, or read as empty, would pass otherwise.
const LEAST: usize = 60;

const TABLES: [&str; 3] = [
    include_str!("manifests/oauthclient.yaml"),
    include_str!("manifests/authorizationserver.yaml"),
    include_str!("manifests/clusterauthorizationserver.yaml"),
];

#[test]
fn every_rule_is_tried() {
    fn messages(schema: &Value, found: &mut BTreeSet<String>) {
        match schema {
            Value::Object(fields) => {
                for rule in fields
                    .get("x-kubernetes-validations")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    found.insert(rule["message"].as_str().unwrap_or_default().to_owned());
                }
                fields.values().for_each(|value| messages(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| messages(value, found)),
            _ => {}
        }
    }
    let mut untried = BTreeSet::new();
    messages(&json!(api::crds()), &mut untried);
    let mut manifests = 0;
    for text in TABLES {
        let table: Table = serde_saphyr::from_str(text).unwrap();
        manifests += table.cases.len();
        for expected in table.cases.into_iter().filter_map(|case| case.refused) {
            untried.retain(|message| !message.contains(&expected));
        }
    }
    assert!(untried.is_empty(), "no manifest is refused by: {untried:#?}");
    assert!(manifests >= LEAST, "only {manifests} manifests are tried");
}

fn client_manifest(name: &str) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "OAuthClient",
        "metadata": {"name": name},
        "spec": {"serverRef": {"kind": "AuthorizationServer", "name": "here"}},
    })
}

fn server_manifest(name: &str) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "AuthorizationServer",
        "metadata": {"name": name},
        "spec": {"provider": {"auth0": {
            "domain": "tenant.eu.auth0.com",
            "auth": {"clientSecret": {"secretRef": {"name": "a"}}},
        }}},
    })
}

async fn apply<K>(api: &Api<K>, name: &str, object: Value) -> kube::Result<K>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut params = PatchParams::apply(MANAGER).force();
    params.field_validation = Some(ValidationDirective::Strict);
    api.patch(name, &params, &Patch::Apply(object)).await
}

/// The rows of `kubectl get -o wide`: column by column.
async fn table(client: &Client, path: &str) -> Vec<BTreeMap<String, Value>> {
    let mut request = Request::new(path).list(&ListParams::default()).unwrap();
    let accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
    request.headers_mut().insert("accept", accept.parse().unwrap());
    let table: Value = client.request(request).await.unwrap();
    let columns: Vec<String> = table["columnDefinitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap().to_uppercase())
        .collect();
    let cells = |row: &Value| row["cells"].as_array().unwrap().clone();
    table["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| columns.iter().cloned().zip(cells(row)).collect())
        .collect()
}

fn path<K: Resource<DynamicType = ()>>(namespace: &str) -> String {
    K::url_path(&(), Some(namespace))
}

#[tokio::test]
async fn a_new_object_lists_as_pending_with_no_write() -> Result<(), String> {
    let client = cluster().await?;
    let namespace = namespace(&client, "new").await;
    let clients: Api<OAuthClient> = Api::namespaced(client.clone(), &namespace);
    let servers: Api<AuthorizationServer> = Api::namespaced(client.clone(), &namespace);
    apply(&clients, "fresh", client_manifest("fresh")).await.unwrap();
    apply(&servers, "fresh", server_manifest("fresh")).await.unwrap();

    let rows = table(&client, &path::<OAuthClient>(&namespace)).await;
    let [row] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    assert_eq!(row["READY"], "Unknown");
    assert_eq!(row["REASON"], "Pending");
    assert_eq!(row["SERVER"], "here");
    assert_eq!(row["MESSAGE"], "Waiting for the operator.");
    let columns: Vec<_> = row.keys().map(String::as_str).collect();
    let expected = [
        "AGE",
        "CLIENT-ID",
        "MESSAGE",
        "NAME",
        "NEXT",
        "READY",
        "REASON",
        "ROTATED",
        "SECRET",
        "SERVER",
    ];
    assert_eq!(columns, expected);

    let rows = table(&client, &path::<AuthorizationServer>(&namespace)).await;
    let [row] = rows.as_slice() else {
        panic!("{rows:?}")
    };
    assert_eq!(row["READY"], "Unknown");
    assert_eq!(row["REASON"], "Pending");
    assert_eq!(row["URL"], "tenant.eu.auth0.com");
    let columns: Vec<_> = row.keys().map(String::as_str).collect();
    assert_eq!(
        columns,
        [
            "AGE",
            "CLIENTS",
            "NAME",
            "PENDING-DELETE",
            "PROVIDER",
            "READY",
            "REASON",
            "URL"
        ]
    );

    // The typed object has it as well, so nobody takes silence for health.
    let fresh = clients.get("fresh").await.unwrap();
    let [condition] = fresh.status.as_ref().unwrap().conditions.as_slice() else {
        panic!("{fresh:?}")
    };
    assert_eq!(condition.type_, ClientCondition::Ready.as_str());
    assert_eq!(condition.reason, ClientReason::Pending.as_str());
    assert_eq!(fresh.metadata.generation, Some(1));
    Ok(())
}

fn condition(type_: ClientCondition, reason: ClientReason) -> Condition {
    Condition {
        type_: type_.as_str().to_owned(),
        status: ConditionStatus::True.as_str().to_owned(),
        reason: reason.as_str().to_owned(),
        message: "m".repeat(api::MESSAGE_MAX),
        observed_generation: Some(1),
        last_transition_time: Time(Timestamp::from_second(1_800_000_000).unwrap()),
    }
}

#[tokio::test]
async fn a_full_status_is_kept_as_it_is() -> Result<(), String> {
    let client = cluster().await?;
    let namespace = namespace(&client, "status").await;
    let clients: Api<OAuthClient> = Api::namespaced(client.clone(), &namespace);
    let servers: Api<AuthorizationServer> = Api::namespaced(client.clone(), &namespace);
    apply(&clients, "full", client_manifest("full")).await.unwrap();
    apply(&servers, "full", server_manifest("full")).await.unwrap();
    let time = || Some(Time(Timestamp::from_second(1_900_000_000).unwrap()));

    let mut conditions: Vec<_> = ClientCondition::ALL
        .iter()
        .zip(ClientReason::ALL)
        .map(|(type_, reason)| condition(*type_, *reason))
        .collect();
    let status = OAuthClientStatus {
        observed_generation: Some(1),
        conditions: conditions.clone(),
        client_id: Some("the-id".to_owned()),
        client_name: Some("eu1.payments.full".to_owned()),
        binding: Some(Binding {
            name: "full".to_owned(),
        }),
        effective: Some(EffectiveSettings {
            grant_types: Some(vec!["client_credentials".to_owned()]),
            scopes: Some(vec![]),
            token_endpoint_auth_method: Some("client_secret_basic".to_owned()),
            access_token_validity_seconds: Some(600),
            refresh_token_validity_seconds: Some(0),
            deletion_policy: Some(DeletionPolicy::Disable),
        }),
        rotation: Some(RotationStatus {
            last_handled_trigger: Some("2026-11-22".to_owned()),
            last_rotation_time: time(),
            next_rotation_time: time(),
            overlap_end_time: time(),
            previous_client_id: Some("the-old-id".to_owned()),
            credential_expiration_time: time(),
        }),
    };
    let stored = write_status(&clients, "full", json!(status)).await;
    assert_eq!(stored.status, Some(status));

    // Fewer conditions later: the others go, and the default does not come back beside ours.
    conditions.truncate(1);
    let fewer = OAuthClientStatus {
        conditions,
        ..OAuthClientStatus::default()
    };
    let stored = write_status(&clients, "full", json!(fewer)).await;
    assert_eq!(stored.status, Some(fewer));

    let status = ServerStatus {
        observed_generation: Some(1),
        conditions: vec![condition(ClientCondition::Ready, ClientReason::Ready)],
        provider_type: Some(ProviderType::DynamicRegistration),
        capabilities: Some(CapabilitiesStatus {
            client_id_chosen_by: ChosenBy::Server,
            secret_readable: true,
            overlap: OverlapKind::SecondClient,
            client_id_stable: false,
            can_disable: true,
            can_verify: false,
        }),
        clients: Some(ClientCounts {
            registered: 12,
            blocked: 1,
            pending_deletion: u32::MAX,
            held_deletion: 0,
        }),
    };
    let stored = write_status(&servers, "full", json!(status)).await;
    assert_eq!(stored.status, Some(status));
    let rows = table(&client, &path::<AuthorizationServer>(&namespace)).await;
    assert_eq!(rows[0]["PROVIDER"], "dynamicRegistration");
    assert_eq!(rows[0]["CLIENTS"], 12);
    Ok(())
}

async fn write_status<K>(api: &Api<K>, name: &str, status: Value) -> K
where
    K: Clone + DeserializeOwned + std::fmt::Debug + Resource<DynamicType = ()>,
{
    let object = json!({"apiVersion": API_VERSION, "kind": K::kind(&()), "status": status});
    api.patch_status(name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(object))
        .await
        .unwrap()
}

#[tokio::test]
async fn clients_are_selected_by_field() -> Result<(), String> {
    let client = cluster().await?;
    let namespace = namespace(&client, "fields").await;
    let clients: Api<OAuthClient> = Api::namespaced(client.clone(), &namespace);
    for name in ["one", "two"] {
        let mut manifest = client_manifest(name);
        manifest["spec"]["serverRef"]["name"] = json!(name);
        apply(&clients, name, manifest).await.unwrap();
        write_status(&clients, name, json!({"clientID": format!("id-of-{name}")})).await;
    }
    for (selector, expected) in [
        ("spec.serverRef.name=one", vec!["one"]),
        ("spec.serverRef.kind=AuthorizationServer", vec!["one", "two"]),
        ("spec.serverRef.kind=ClusterAuthorizationServer", vec![]),
        ("status.clientID=id-of-two", vec!["two"]),
    ] {
        let found = clients
            .list(&ListParams::default().fields(selector))
            .await
            .unwrap();
        let names: Vec<_> = found.iter().map(ResourceExt::name_any).collect();
        assert_eq!(names, expected, "{selector}");
    }
    Ok(())
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_strict_validation() -> Result<(), String> {
    let client = cluster().await?;
    let namespace = namespace(&client, "unknown").await;

    let clients: Api<OAuthClient> = Api::namespaced(client.clone(), &namespace);
    let mut manifest = client_manifest("a");
    manifest["spec"]["serverRef"]["namespace"] = json!("kube-system");
    let error = apply(&clients, "a", manifest).await.unwrap_err().to_string();
    assert!(
        error.contains(".spec.serverRef.namespace: field not declared in schema"),
        "{error}"
    );

    let servers: Api<AuthorizationServer> = Api::namespaced(client.clone(), &namespace);
    let mut manifest = server_manifest("a");
    manifest["spec"]["accessRules"] = json!([{"name": "a", "namespaces": {"from": "All"}}]);
    let error = apply(&servers, "a", manifest).await.unwrap_err().to_string();
    assert!(
        error.contains("namespaces: field not declared in schema"),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn a_null_counts_as_absent() -> Result<(), String> {
    let client = cluster().await?;
    let namespace = namespace(&client, "null").await;
    let objects: Api<DynamicObject> = Api::namespaced_with(client, &namespace, &OAuthClient::api_resource());
    let mut manifest = client_manifest("a");
    for field in ["clientName", "scopes", "secret", "rotation", "suspend"] {
        manifest["spec"][field] = Value::Null;
    }
    let object: DynamicObject = serde_json::from_value(manifest).unwrap();
    let stored = objects
        .create(
            &PostParams {
                dry_run: true,
                ..PostParams::default()
            },
            &object,
        )
        .await
        .unwrap();
    assert_eq!(stored.data["spec"].get("clientName"), None);
    assert_eq!(stored.data["spec"]["secret"]["defaultKeys"], "ServiceBinding");
    assert_eq!(stored.data["spec"]["suspend"], false);
    Ok(())
}

#[tokio::test]
async fn lists_are_bounded() -> Result<(), String> {
    let client = cluster().await?;
    let namespace = namespace(&client, "bounds").await;
    let objects: Api<DynamicObject> = Api::namespaced_with(client, &namespace, &OAuthClient::api_resource());
    let many = |count: usize| {
        (0..count)
            .map(|n| json!(format!("https://{n}.example.com/")))
            .collect::<Value>()
    };
    let labels = |count: usize| (0..count).map(|n| (n.to_string(), json!("x"))).collect::<Value>();
    for (spec, expected) in [
        (
            json!({"scopes": many(101)}),
            "spec.scopes: Too many: 101: must have at most 100 items",
        ),
        (
            json!({"redirectURIs": many(51)}),
            "spec.redirectURIs: Too many: 51: must have at most 50 items",
        ),
        (
            json!({"secret": {"labels": labels(33)}}),
            "spec.secret.labels: Too many: 33: must have at most 32",
        ),
    ] {
        let mut manifest = client_manifest("a");
        merge(&mut manifest["spec"], &spec);
        let object: DynamicObject = serde_json::from_value(manifest).unwrap();
        let created = objects
            .create(
                &PostParams {
                    dry_run: true,
                    ..PostParams::default()
                },
                &object,
            )
            .await;
        let error = created.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    Ok(())
}
