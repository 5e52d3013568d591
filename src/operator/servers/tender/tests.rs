use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use serde_json::{Value, json};

use tokio::task::JoinHandle;

use super::*;
use crate::cluster::memory::MemoryCluster;
use crate::cluster::{ApiServer, KubeCluster};
use crate::model::{InstanceId, Timing, testing};
use crate::provider::gate::NoEntry;
use crate::provider::memory::MemoryProvider;

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

fn a_tender(fake: &Shared) -> (Tender, ServerObject) {
    let router = Router::new().fallback(answer).with_state(fake.clone());
    let api = ApiServer::new(kube::Client::new(router, "default"));
    let instance = InstanceId("i".into());
    let operator = Operator::new(Box::new(MemoryCluster::new()), instance, Timing::default());
    operator.leadership.without_election("i");
    let object: crate::api::ClusterAuthorizationServer = serde_json::from_value(manifest()).unwrap();
    let object = ServerObject {
        uid: "u".into(),
        generation: 1,
        spec: Arc::new(object.spec.0),
        release: None,
    };
    let key = ServerKey {
        namespace: None,
        name: "corp".into(),
    };
    let objects = Arc::new(ServerObjects::new(api, "operator", "i"));
    let tender = Tender::new(Arc::new(operator), objects, EgressRules::default(), key);
    (tender, object)
}

/// The task of a server whose credential is not there.
fn tended(fake: &Shared) -> (watch::Sender<ServerObject>, JoinHandle<()>) {
    let (tender, object) = a_tender(fake);
    let (sender, news) = watch::channel(object);
    (sender, tokio::spawn(tender.tend(news)))
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_a_pause_is_not_checked_in_it() {
    let (mut tender, object) = a_tender(&Shared::default());
    let memory = Arc::new(MemoryProvider::new(testing::capabilities(), &[]));
    let connection = Connection {
        provider: memory.clone(),
        permits: Arc::new(Limits {
            gate: tender.gate(&object.spec, Secrets::new()),
            trouble: tender.trouble.clone(),
        }),
        call_limit: Duration::from_secs(1),
    };
    let (_sender, mut news) = watch::channel(object.clone());
    let in_five_minutes = Timestamp::now() + SignedDuration::from_secs(300);
    memory.down(Some(Fault::Throttled(Some(in_five_minutes))));
    tokio::select! {
        ended = tender.watch_over(&object, &connection, &mut news) => panic!("{ended:?}"),
        () = tokio::time::sleep(Duration::from_secs(280)) => {}
    }
    assert_eq!(memory.calls("check"), 1);
    assert!(matches!(
        connection.permits.permit("a").await.map(drop),
        Err(NoEntry::Fault(Fault::Throttled(Some(_))))
    ));

    // A new connection changes nothing of that.
    memory.down(None);
    drop(tender.gate(&object.spec, Secrets::new()));
    let began = Instant::now();
    let ended = tender.watch_over(&object, &connection, &mut news).await;
    assert_eq!(ended, Watched::Recovered);
    assert!(began.elapsed() > Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(memory.calls("check"), 2);
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

#[tokio::test]
async fn a_change_of_a_config_map_is_seen_and_a_bad_hour_is_none() {
    use axum::http::StatusCode;
    use serde_json::json;

    let map = |text: &str| {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": text},
            "metadata": {"namespace": "operator", "name": "ca", "uid": "u", "resourceVersion": "1"},
        });
        (StatusCode::OK, map.to_string())
    };
    let answer = Arc::new(Mutex::new(map("one")));
    let answers = answer.clone();
    let routes = axum::Router::new().fallback(move || async move { answers.lock().unwrap().clone() });
    let api = ApiServer::new(kube::Client::new(routes, "default"));
    let cluster = KubeCluster::new(api.clone(), "operator", "test-0");
    let operator = Operator::new(Box::new(cluster), "one".into(), crate::model::Timing::default());
    let key = ServerKey {
        namespace: None,
        name: "corp".into(),
    };
    let objects = Arc::new(ServerObjects::new(api, "operator", "test-0"));
    let mut tender = Tender::new(Arc::new(operator), objects, EgressRules::default(), key);
    let spec: ServerSpec = serde_json::from_value(json!({
        "provider": {"dynamicRegistration": {"registrationURI": "https://a.example.com/reg", "auth": {"none": {}}}},
        "tls": {"caBundleRef": {"kind": "ConfigMap", "name": "ca"}},
    }))
    .unwrap();
    assert_eq!(unwatched(&spec).len(), 1);
    assert_eq!(tender.read(&spec).await.unwrap().len(), 1);
    assert!(!tender.is_outdated(&spec).await);
    *answer.lock().unwrap() = (StatusCode::SERVICE_UNAVAILABLE, String::new());
    assert!(
        !tender.is_outdated(&spec).await,
        "what cannot be read says nothing"
    );
    *answer.lock().unwrap() = map("two");
    assert!(tender.is_outdated(&spec).await);
    tender.read(&spec).await.unwrap();
    assert!(!tender.is_outdated(&spec).await);
    let gone = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "NotFound",
        "message": "gone", "code": 404, "details": {"kind": "configmaps", "name": "ca"},
    });
    *answer.lock().unwrap() = (StatusCode::NOT_FOUND, gone.to_string());
    assert!(tender.is_outdated(&spec).await);
}

#[tokio::test(start_paused = true)]
async fn a_list_comes_in_time_however_often_the_server_is_connected_to_again() {
    let period = Duration::from_secs(3600);
    let (mut listing, start) = (Listing::default(), Instant::now());
    // Each turn is a connection that lasts for ten minutes.
    while Instant::now() < listing.due(period) {
        tokio::time::advance(Duration::from_secs(600)).await;
        assert!(start.elapsed() <= period + Duration::from_secs(600));
    }
    listing.begun(period);
    assert_eq!(listing.due(period), Instant::now() + period);
    let sooner = listing.due(Duration::from_secs(60));
    assert!(
        sooner <= Instant::now() + Duration::from_secs(60),
        "a new period counts at once"
    );
}

/// Clients are not published without addresses that are about to be known, and a new connection forgets none.
#[tokio::test]
async fn a_server_with_metadata_can_be_used_when_that_was_read() {
    let fake = Shared::default();
    let (mut tender, mut object) = a_tender(&fake);
    tender.egress.allow_loopback = true;
    let issuer = wiremock::MockServer::start().await;
    let uri = issuer.uri();
    let of = |rules: &str| ServerObject {
        spec: Arc::new(
            serde_json::from_value(json!({
                "provider": {"dynamicRegistration": {"issuer": uri, "auth": {"none": {}}}},
                "endpoints": {"jwksURI": "https://given.example.com/jwks"},
                "accessRules": [{"name": rules, "namespaces": {"from": "All"}}],
            }))
            .unwrap(),
        ),
        ..object.clone()
    };
    let (first, second) = (of("first"), of("second"));
    object = first.clone();
    let operator = tender.operator.clone();
    let key = tender.key.clone();
    let view = || operator.servers.get(&key);
    let until = async |is: &dyn Fn(&ServerView) -> bool| {
        while !is(&view().0) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let rules = |view: &ServerView| match view {
        ServerView::Ready(server) => server.access_rules.clone().unwrap()[0].name.clone(),
        _ => String::new(),
    };

    let (sender, news) = watch::channel(object);
    let task = tokio::spawn(tender.tend(news));
    until(&|view| matches!(view, ServerView::NotReady(_, why) if why.contains("metadata"))).await;
    assert!(view().1.is_none());

    let metadata = json!({
        "issuer": uri,
        "registration_endpoint": format!("{uri}/reg"),
        "token_endpoint": format!("{uri}/token"),
        "jwks_uri": format!("{uri}/jwks"),
    });
    let answer = wiremock::ResponseTemplate::new(200).set_body_json(metadata);
    let get = || wiremock::Mock::given(wiremock::matchers::method("GET"));
    get().respond_with(answer).mount(&issuer).await;
    until(&|view| rules(view) == "first").await;
    let (ServerView::Ready(server), Some(_)) = view() else {
        panic!("{:?}", view().0)
    };
    assert_eq!(
        server.endpoints,
        Endpoints {
            issuer_uri: Some(uri.clone()),
            token_uri: Some(format!("{uri}/token")),
            authorization_uri: None,
            jwks_uri: Some("https://given.example.com/jwks".to_owned()),
        }
    );

    // The server is away while its object changes: what was known is enough.
    issuer.reset().await;
    sender.send(second).unwrap();
    until(&|view| rules(view) != "first").await;
    assert_eq!(rules(&view().0), "second");
    let ServerView::Ready(after) = view().0 else {
        panic!()
    };
    assert_eq!(after.endpoints, server.endpoints);
    task.abort();
}

#[tokio::test]
async fn no_credential_is_read_in_a_namespace_that_is_not_given() {
    use crate::model::NamespaceView;
    use crate::operator::index::NamespaceFacts;
    use crate::operator::mirror::Part;
    use crate::operator::reach::{Mode, Reach};

    let fake = Shared::default();
    let (tender, object) = a_tender(&fake);
    let reach = Reach {
        mode: Mode::OptIn,
        ..Reach::default()
    };
    let cluster = Box::new(MemoryCluster::new());
    let operator = Operator::new(cluster, "i".into(), Timing::default()).within(reach, "operator");
    let operator = Arc::new(operator);
    let key = ServerKey {
        namespace: Some("payments".to_owned()),
        name: "corp".to_owned(),
    };
    let mut tender = Tender::new(operator.clone(), tender.objects, EgressRules::default(), key);
    let labelled = |value: &str| {
        let view = NamespaceView {
            labels: [(crate::api::LABEL_ENABLED.to_owned(), value.to_owned())].into(),
            ..NamespaceView::default()
        };
        operator.namespaces.looked(
            &Part::Whole,
            (
                "payments".to_owned(),
                NamespaceFacts {
                    uid: "u".into(),
                    view,
                },
            ),
        );
    };
    labelled("no");
    let lacking = tender.read(&object.spec).await.unwrap_err();
    assert!(
        lacking.message.contains("namespace payments is not given"),
        "{}",
        lacking.message
    );
    assert_eq!(fake.lock().unwrap().reads, 0);
    labelled("true");
    let lacking = tender.read(&object.spec).await.unwrap_err();
    assert!(
        lacking.message.contains("Secret corp is not there"),
        "{}",
        lacking.message
    );
    assert_eq!(fake.lock().unwrap().reads, 1);
}
