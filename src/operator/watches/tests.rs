use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use axum::body::Body;
use axum::extract::RawQuery;
use serde_json::{Value, json};

use super::*;
use crate::api;
use crate::cluster::{ApiServer, KubeCluster};
use crate::model::{ClientKey, Timing};
use crate::operator::reach::{Mode, Reach};

fn an_object(name: &str, kind: &str, version: &str) -> Value {
    json!({
        "apiVersion": "oauthclient.dev/v1alpha1",
        "kind": "OAuthClient",
        "metadata": {"namespace": "a", "name": name, "uid": name, "resourceVersion": version, "generation": 1},
        "spec": {"serverRef": {"kind": kind, "name": "corp"}},
    })
}

/// An API server that lists these objects and then tells of these changes.
fn listing(items: Vec<Value>, changes: &[(&str, Value)]) -> Client {
    let mut lines = String::new();
    for (verb, object) in changes {
        lines += &json!({"type": verb, "object": object}).to_string();
        lines.push('\n');
    }
    let answer = move |RawQuery(query): RawQuery| {
        let (items, lines) = (items.clone(), lines.clone());
        async move {
            if query.is_some_and(|query| query.contains("watch=true")) {
                let lines = futures::stream::once(async move { Ok::<_, std::io::Error>(lines) });
                return Body::from_stream(futures::StreamExt::chain(lines, futures::stream::pending()));
            }
            let list = json!({
                "apiVersion": "oauthclient.dev/v1alpha1",
                "kind": "OAuthClientList",
                "metadata": {"resourceVersion": "10"},
                "items": items,
            });
            Body::from(list.to_string())
        }
    };
    Client::new(axum::Router::new().fallback(answer), "default")
}

fn an_operator(client: &Client) -> Arc<Operator> {
    let cluster = KubeCluster::new(ApiServer::new(client.clone()), "operator", "test-0");
    Arc::new(Operator::new(Box::new(cluster), "one".into(), Timing::default()))
}

async fn until(what: &str, is: impl Fn() -> bool) {
    let wait = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .expect(what);
}

#[tokio::test]
async fn an_object_that_cannot_be_read_hides_no_other_and_is_not_taken_for_gone() {
    let later = |name, version| an_object(name, "Later", version);
    let now = |name, version| an_object(name, "ClusterAuthorizationServer", version);
    let changes = [
        ("MODIFIED", later("spoilt", "11")),
        ("ADDED", later("strange", "12")),
        ("ADDED", now("last", "13")),
    ];
    let client = listing(
        vec![later("odd", "1"), now("plain", "2"), now("spoilt", "3")],
        &changes,
    );
    let operator = an_operator(&client);
    let watch = tokio::spawn(watches(&operator, client).clients(Part::Whole));
    let facts = |name: &str| {
        operator.clients.get(&ClientKey {
            namespace: "a".into(),
            name: name.into(),
        })
    };
    until("the watch goes on after the bad objects", || {
        facts("last").is_some()
    })
    .await;
    assert!(facts("plain").unwrap().server.is_some());
    for name in ["odd", "spoilt", "strange"] {
        let facts = facts(name).unwrap_or_else(|| panic!("{name} is taken for gone"));
        assert_eq!((facts.uid, facts.server), (name.into(), None));
    }
    assert_eq!(operator.unreadable()[0], ("OAuthClient", 3));
    watch.abort();
}

fn watches(operator: &Arc<Operator>, client: Client) -> Arc<Watches> {
    let orders = mpsc::unbounded_channel().0;
    Arc::new(Watches::new(operator.clone(), client, "operator", orders))
}

const STUCK: Duration = Duration::from_secs(15 * 60);

/// What the watch of clients is said to be in after a long time with this API server.
async fn after_hours(client: Client) -> (Vec<&'static str>, Vec<String>) {
    let operator = an_operator(&client);
    let watch = tokio::spawn(watches(&operator, client).clients(Part::Whole));
    let mut stuck = Vec::new();
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_secs(200)).await;
        stuck = operator.stuck_watches(STUCK);
    }
    let mut waiting = operator.waiting_for();
    waiting.retain(|told| told.starts_with("OAuthClients"));
    watch.abort();
    watch.await.ok();
    assert!(
        operator.stuck_watches(STUCK).is_empty(),
        "what is not under way is not stuck"
    );
    (stuck, waiting)
}

#[tokio::test(start_paused = true)]
async fn a_watch_is_stuck_when_it_does_not_even_try() {
    let nothing = Vec::<String>::new();
    assert_eq!(
        after_hours(listing(vec![], &[])).await,
        (vec![], nothing.clone()),
        "quiet"
    );
    let away = || async { (axum::http::StatusCode::SERVICE_UNAVAILABLE, "") };
    let away = Client::new(axum::Router::new().fallback(away), "default");
    let (stuck, waiting) = after_hours(away).await;
    assert_eq!(
        stuck,
        Vec::<&str>::new(),
        "an API server that is away helps no restart"
    );
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].contains("503"), "{waiting:?}");
    let hanging = axum::Router::new().fallback(std::future::pending::<String>);
    let hanging = Client::new(hanging, "default");
    assert_eq!(after_hours(hanging).await.0, ["OAuthClients"]);
}

#[tokio::test(start_paused = true)]
async fn readiness_names_a_watch_that_is_lost_and_forgets_it_when_it_is_back() {
    let refused = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (switch, inner) = (refused.clone(), listing(vec![], &[]));
    let answer = tower::service_fn(move |request| {
        let (refused, inner) = (switch.clone(), inner.clone());
        async move {
            if refused.load(std::sync::atomic::Ordering::SeqCst) {
                let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "no right", "reason": "Forbidden", "code": 403});
                let body = kube::client::Body::from(body.to_string().into_bytes());
                return Ok(axum::http::Response::builder().status(403).body(body).unwrap());
            }
            inner.send(request).await
        }
    });
    let client = Client::new(answer, "default");
    let operator = an_operator(&client);
    let watch = tokio::spawn(watches(&operator, client).clients(Part::Whole));
    let told = || {
        let mut told = operator.waiting_for();
        told.retain(|told| told.starts_with("OAuthClients"));
        told
    };
    // A watch is asked for again every forty seconds.
    let reconnects = Duration::from_secs(400);
    tokio::time::sleep(reconnects).await;
    assert_eq!(told(), Vec::<String>::new());
    refused.store(true, std::sync::atomic::Ordering::SeqCst);
    tokio::time::sleep(reconnects).await;
    assert_eq!(told(), ["OAuthClients (403 no right)"]);
    assert!(operator.clients.is_complete(), "what was seen is kept");
    refused.store(false, std::sync::atomic::Ordering::SeqCst);
    tokio::time::sleep(reconnects).await;
    assert_eq!(
        told(),
        Vec::<String>::new(),
        "although nothing has happened since"
    );
    watch.abort();
}

/// An API server that knows these namespaces, tells of changes to them, has no other objects, and notes what it is asked
/// for by watches. Secrets of the namespaces in `refused` are refused.
#[derive(Clone)]
struct Namespaces {
    found: Arc<Mutex<BTreeMap<String, Value>>>,
    changes: tokio::sync::broadcast::Sender<String>,
    asked: Arc<Mutex<BTreeSet<String>>>,
    refused: Arc<Mutex<BTreeSet<String>>>,
}

fn a_namespace(name: &str, label: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": name, "uid": format!("{name}-uid"), "resourceVersion": "1", "labels": {api::LABEL_ENABLED: label}},
    })
}

impl Namespaces {
    fn of(labels: &[(&str, &str)]) -> Self {
        let found = labels
            .iter()
            .map(|(name, label)| ((*name).to_owned(), a_namespace(name, label)));
        Self {
            found: Arc::new(Mutex::new(found.collect())),
            changes: tokio::sync::broadcast::channel(16).0,
            asked: Arc::default(),
            refused: Arc::default(),
        }
    }

    fn change(&self, name: &str, label: &str) {
        let line = json!({"type": "MODIFIED", "object": a_namespace(name, label)}).to_string() + "\n";
        self.changes.send(line).unwrap();
    }

    fn client(&self) -> Client {
        let server = self.clone();
        let answer = move |request: axum::http::Request<Body>| {
            let server = server.clone();
            async move { server.answer(request.uri().path(), request.uri().query().unwrap_or_default()) }
        };
        Client::new(axum::Router::new().fallback(answer), "default")
    }

    fn answer(&self, path: &str, query: &str) -> (axum::http::StatusCode, Body) {
        let short = path
            .trim_start_matches("/api/v1/")
            .trim_start_matches("/apis/oauthclient.dev/v1alpha1/");
        let selected = query.split('&').find(|part| part.contains("Selector="));
        let what = selected.map_or("", |part| match part {
            part if part.contains("managed-by") => " published",
            part if part.contains("server-credentials") => " credentials",
            _ => " ledger",
        });
        self.asked.lock().unwrap().insert(format!("{short}{what}"));
        let of = |namespace: &String| short.starts_with(&format!("namespaces/{namespace}/secrets"));
        if self.refused.lock().unwrap().iter().any(of) {
            let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "no right", "reason": "Forbidden", "code": 403});
            return (axum::http::StatusCode::FORBIDDEN, Body::from(status.to_string()));
        }
        let one = short
            .strip_prefix("namespaces/")
            .filter(|name| !name.contains('/'));
        let body = match (one, query.contains("watch=true")) {
            (Some(name), _) => Body::from(self.found.lock().unwrap()[name].to_string()),
            (None, true) if short == "namespaces" => {
                let changes = futures::stream::unfold(self.changes.subscribe(), async |mut changes| {
                    changes
                        .recv()
                        .await
                        .ok()
                        .map(|line| (Ok::<_, std::io::Error>(line), changes))
                });
                Body::from_stream(changes)
            }
            (None, true) => Body::from_stream(futures::stream::pending::<Result<String, std::io::Error>>()),
            (None, false) => {
                let items: Vec<Value> = match short {
                    "namespaces" => self.found.lock().unwrap().values().cloned().collect(),
                    _ => Vec::new(),
                };
                let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": "10"}, "items": items});
                Body::from(list.to_string())
            }
        };
        (axum::http::StatusCode::OK, body)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().cloned().collect()
    }
}

/// All watches of an operator with something to look after, until everything is seen.
async fn all_watches(server: &Namespaces, reach: Reach) -> (Arc<Operator>, Task) {
    let client = server.client();
    let cluster = KubeCluster::new(ApiServer::new(client.clone()), "own", "test-0");
    let operator = Operator::new(Box::new(cluster), "one".into(), Timing::default());
    let operator = Arc::new(operator.within(reach, "own"));
    let watches = Watches::new(operator.clone(), client, "own", mpsc::unbounded_channel().0);
    let task = Task::spawn(watch(watches));
    until("everything is seen", || {
        let waiting = operator.waiting_for();
        waiting
            .iter()
            .all(|told| told.starts_with("the cluster's identity") || told.starts_with("the Lease"))
    })
    .await;
    (operator, task)
}

#[tokio::test]
async fn the_whole_cluster_is_watched_by_one_watch_of_each_kind() {
    let server = Namespaces::of(&[("a", "true"), ("own", "")]);
    let (_, task) = all_watches(&server, Reach::default()).await;
    assert_eq!(
        server.asked(),
        [
            "authorizationservers",
            "clusterauthorizationservers",
            "namespaces",
            "namespaces/own/secrets ledger",
            "oauthclients",
            "secrets credentials",
            "secrets published",
        ]
    );
    task.end().await;
}

#[tokio::test]
async fn secrets_are_watched_where_they_are_given_for_as_long_as_they_are() {
    let server = Namespaces::of(&[("a", "true"), ("b", "false"), ("own", "")]);
    let reach = Reach {
        mode: Mode::OptIn,
        cluster_servers: true,
    };
    let (operator, task) = all_watches(&server, reach).await;
    let everywhere = [
        "authorizationservers",
        "clusterauthorizationservers",
        "namespaces",
    ];
    let asked = |secrets: &[&str]| {
        let secrets = secrets.iter().map(|of| format!("namespaces/{of}"));
        let mut all: Vec<String> = everywhere.map(str::to_owned).into_iter().chain(secrets).collect();
        all.extend(
            [
                "namespaces/own/secrets credentials",
                "namespaces/own/secrets ledger",
                "oauthclients",
            ]
            .map(str::to_owned),
        );
        all
    };
    let of_a = ["a/secrets credentials", "a/secrets published"];
    assert_eq!(server.asked(), asked(&of_a));

    // A refusal is told and keeps nothing else from being seen.
    server.refused.lock().unwrap().insert("b".to_owned());
    server.change("b", "true");
    until("b is refused", || {
        operator.refused_namespaces() == ["b".to_owned()].into()
    })
    .await;
    assert_eq!(operator.published.trouble(), None);
    assert!(operator.published.is_complete());
    server.refused.lock().unwrap().clear();
    until("b is given", || operator.refused_namespaces().is_empty()).await;
    let of_both = [of_a[0], of_a[1], "b/secrets credentials", "b/secrets published"];
    assert_eq!(server.asked(), asked(&of_both));

    server.change("a", "false");
    let part = Part::Namespace("a".to_owned());
    until("a is taken back", || !operator.published.has_seen(&part)).await;
    assert!(!operator.credentials.has_seen(&part));
    assert!(operator.credentials.has_seen(&Part::Namespace("own".to_owned())));
    server.asked.lock().unwrap().clear();
    server.change("a", "true");
    until("a is given again", || {
        operator.published.has_seen(&part) && operator.credentials.has_seen(&part)
    })
    .await;
    assert_eq!(server.asked(), of_a.map(|of| format!("namespaces/{of}")));
    task.end().await;
}

#[tokio::test]
async fn of_named_namespaces_each_is_watched_alone() {
    let server = Namespaces::of(&[("a", ""), ("b", ""), ("own", "")]);
    let reach = Reach {
        mode: Mode::Namespaces(["a", "b"].map(str::to_owned).into()),
        cluster_servers: false,
    };
    let (operator, task) = all_watches(&server, reach).await;
    assert_eq!(
        server.asked(),
        [
            "namespaces/a",
            "namespaces/a/authorizationservers",
            "namespaces/a/oauthclients",
            "namespaces/a/secrets credentials",
            "namespaces/a/secrets published",
            "namespaces/b",
            "namespaces/b/authorizationservers",
            "namespaces/b/oauthclients",
            "namespaces/b/secrets credentials",
            "namespaces/b/secrets published",
            "namespaces/own/secrets credentials",
            "namespaces/own/secrets ledger",
        ]
    );
    assert_eq!(
        operator.namespaces.get(&"a".to_owned()).unwrap().uid,
        "a-uid".into()
    );
    task.end().await;
}
