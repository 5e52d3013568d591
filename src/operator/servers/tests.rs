use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::*;
use crate::cluster::ApiServer;
use crate::cluster::memory::MemoryCluster;
use crate::model::{InstanceId, Timing};

/// As much of an API server as the task of one server needs.
#[derive(Default)]
struct Fake {
    secret: Option<Value>,
    status: Option<Value>,
    patches: Vec<Value>,
    events: Vec<Value>,
    reads: u32,
}

type Shared = Arc<Mutex<Fake>>;

async fn answer(State(fake): State<Shared>, method: Method, uri: Uri, body: String) -> Response {
    let mut fake = fake.lock().unwrap();
    match (method.as_str(), uri.path().split('/').nth(2)) {
        ("GET", Some("v1")) => {
            fake.reads += 1;
            let absent = json!({
                "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404,
                "details": {"kind": "secrets", "name": "corp"},
            });
            let found = fake.secret.as_ref().map(|secret| (StatusCode::OK, secret));
            let (status, body) = found.unwrap_or((StatusCode::NOT_FOUND, &absent));
            json_response(status, body)
        }
        ("POST", Some("events.k8s.io")) => {
            let event: Value = serde_json::from_str(&body).unwrap();
            fake.events.push(event.clone());
            json_response(StatusCode::OK, &event)
        }
        ("PATCH", _) => {
            let patch: Value = serde_json::from_str(&body).unwrap();
            let status = patch[1]["value"].clone();
            fake.patches.push(status.clone());
            fake.status = Some(status);
            let object = json!({
                "apiVersion": "oauthclient.dev/v1alpha1", "kind": "ClusterAuthorizationServer", "metadata": {},
            });
            json_response(StatusCode::OK, &object)
        }
        _ => {
            let mut object = manifest();
            if let Some(status) = &fake.status {
                object["status"] = status.clone();
            }
            json_response(StatusCode::OK, &object)
        }
    }
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [("content-type", "application/json")], body.to_string()).into_response()
}

fn manifest() -> Value {
    json!({
        "apiVersion": "oauthclient.dev/v1alpha1",
        "kind": "ClusterAuthorizationServer",
        "metadata": {"name": "corp", "uid": "u", "generation": 1},
        "spec": {
            "provider": {"digitalRoute": {
                "url": "https://corp.example.com",
                "auth": {"basic": {"secretRef": {"name": "corp"}}},
            }},
            "accessRules": [{"name": "all", "namespaces": {"from": "All"}}],
        },
    })
}

fn secret(labels: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "corp", "uid": "s", "labels": labels}})
}

/// The task of a server whose credential is not there.
fn tended(fake: &Shared) -> (watch::Sender<ServerObject>, JoinHandle<()>) {
    let router = Router::new().fallback(answer).with_state(fake.clone());
    let api = ApiServer::new(kube::Client::new(router, "default"));
    let instance = InstanceId("i".into());
    let operator = Operator::new(Box::new(MemoryCluster::new()), instance, Timing::default());
    let object: crate::api::ClusterAuthorizationServer = serde_json::from_value(manifest()).unwrap();
    let (sender, news) = watch::channel(ServerObject {
        uid: "u".into(),
        generation: 1,
        spec: Arc::new(object.spec.0),
    });
    let task = Tender {
        operator: Arc::new(operator),
        objects: Arc::new(ServerObjects::new(api, "operator", "i")),
        egress: EgressRules::default(),
        key: ServerKey {
            namespace: None,
            name: "corp".into(),
        },
        trouble: Arc::new(Notify::new()),
        rights: Arc::default(),
        standing: Standing::default(),
        written: None,
        tidings: Tidings::default(),
        words: Words::default(),
    };
    (sender, tokio::spawn(task.tend(news)))
}

fn reasons(fake: &Shared) -> Vec<String> {
    let fake = fake.lock().unwrap();
    let reason = |status: &Value| status["conditions"][0]["reason"].as_str().unwrap().to_owned();
    fake.patches.iter().map(reason).collect()
}

/// Only Secrets with the label are watched, so one without it shows itself when it is looked for.
#[tokio::test(start_paused = true)]
async fn a_credential_that_comes_without_its_label_is_told_of_within_seconds() {
    let fake = Shared::default();
    let (_sender, task) = tended(&fake);
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(reasons(&fake), ["CredentialMissing"], "written once");
    let reads = fake.lock().unwrap().reads;
    assert!(reads <= 42, "{reads} reads in ten minutes");

    fake.lock().unwrap().secret = Some(secret(&json!({})));
    tokio::time::sleep(LOOK + Duration::from_secs(1)).await;
    assert_eq!(reasons(&fake), ["CredentialMissing", "CredentialNotLabelled"]);
    task.abort();

    let fake = fake.lock().unwrap();
    let told: Vec<_> = fake
        .events
        .iter()
        .map(|event| (&event["reason"], &event["type"]))
        .collect();
    let warning = json!("Warning");
    assert_eq!(
        told,
        [
            (&json!("CredentialMissing"), &warning),
            (&json!("CredentialNotLabelled"), &warning)
        ]
    );
    assert_eq!(fake.events[0]["metadata"]["namespace"], "default");
    let message = fake.patches[0]["conditions"][0]["message"].as_str().unwrap();
    assert!(message.contains("looks again every 15 seconds"), "{message}");
}

/// What is said of an unchanged state before a restart is not said again after it.
#[tokio::test(start_paused = true)]
async fn a_restart_repeats_nothing() {
    let fake = Shared::default();
    for _ in 0..2 {
        let (_sender, task) = tended(&fake);
        tokio::time::sleep(Duration::from_mins(1)).await;
        task.abort();
    }
    assert_eq!(reasons(&fake), ["CredentialMissing"]);
    assert_eq!(fake.lock().unwrap().events.len(), 1);
}
