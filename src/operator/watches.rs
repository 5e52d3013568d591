//! The watches, one per kind, which tell the queue and the servers of changes.

use std::ops::ControlFlow;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::watcher;
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource, ResourceExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::index;
use super::mirror::Change;
use super::queue::Urgency;
use super::servers::ServerObject;
use super::supervise::keep;
use super::tending::Order;
use super::world::{ObjectKey, Operator};
use crate::api::{self, AuthorizationServer, ClusterAuthorizationServer, OAuthClient};
use crate::cluster::WATCH_SECONDS;
use crate::model::{ClientKey, ServerKey, Uid, Version, publication};

/// What the watches work with.
pub struct Watches {
    /// Whom they tell.
    pub operator: Arc<Operator>,
    /// Their way to the API server.
    pub client: Client,
    /// The operator's own namespace.
    pub namespace: String,
    /// Who tends the servers.
    pub orders: mpsc::UnboundedSender<Order>,
}

/// Watches everything, for ever. Each kind has a watch of its own: what ends one ends no other, and it is begun again.
pub async fn watch(watches: Watches) {
    type Begin = fn(Arc<Watches>) -> BoxFuture<'static, ()>;
    let watches = Arc::new(watches);
    let kinds: [(&str, Begin); 7] = [
        ("the watch of namespaces", |on| on.namespaces().boxed()),
        ("the watch of OAuthClients", |on| on.clients().boxed()),
        ("the watch of the ledger", |on| on.ledger().boxed()),
        ("the watch of published Secrets", |on| on.published().boxed()),
        ("the watch of credential Secrets", |on| on.credentials().boxed()),
        ("the watch of ClusterAuthorizationServers", |on| {
            on.cluster_servers().boxed()
        }),
        ("the watch of AuthorizationServers", |on| on.servers().boxed()),
    ];
    let mut tasks = JoinSet::new();
    for (name, begin) in kinds {
        let watches = watches.clone();
        tasks.spawn(async move {
            let panicked = || watches.operator.metrics.panicked();
            keep(name, panicked, || {
                begin(watches.clone()).map(ControlFlow::Continue)
            })
            .await;
        });
    }
    while tasks.join_next().await.is_some() {}
}

impl Watches {
    async fn namespaces(self: Arc<Self>) {
        let operator = &self.operator;
        let told = |change: Change<String, index::NamespaceFacts>| {
            if change.before != change.after {
                operator.look_at_namespace(&change.key, Urgency::Change);
            }
        };
        let events = watcher(
            Api::<PartialObjectMeta<Namespace>>::all(operator.namespaces.through(&self.client)),
            config(),
        );
        operator.namespaces.run(events, index::namespace, told).await;
    }

    async fn clients(self: Arc<Self>) {
        let operator = &self.operator;
        // Our own status writes change nothing but `ready`.
        let asked = |facts: &index::ClientFacts| index::ClientFacts {
            ready: false,
            ..facts.clone()
        };
        let told = |change: Change<ClientKey, index::ClientFacts>| {
            if change.before.as_ref().map(asked) != change.after.as_ref().map(asked) {
                let urgency = if operator.clients.is_complete() {
                    Urgency::Change
                } else {
                    Urgency::Background
                };
                operator.look_at(&change.key, urgency);
            }
        };
        let events = watcher(
            Api::<DeserializeGuard<OAuthClient>>::all(operator.clients.through(&self.client)),
            config(),
        );
        operator.clients.run(events, index::client, told).await;
    }

    async fn ledger(self: Arc<Self>) {
        let operator = &self.operator;
        let subject = |facts: &index::EntryFacts| facts.known.as_ref().map(|known| known.subject.clone());
        let told = |change: Change<String, index::EntryFacts>| {
            let key = (String::new(), change.key.clone());
            let before = change.before.as_ref().and_then(subject);
            match &change.after {
                Some(facts) if operator.is_ours(&key, &facts.version) || change.before == change.after => {}
                Some(facts) => {
                    if let Some(subject) = subject(facts).or(before) {
                        operator.queue.push(subject, Urgency::Background);
                    }
                }
                None => {
                    operator.forget(&key);
                    if let Some(subject) = before {
                        operator.forget_subject(&subject);
                        operator.queue.push(subject, Urgency::Background);
                    }
                }
            }
        };
        let config = config().fields(&format!("type={}", api::SECRET_TYPE_LEDGER_ENTRY));
        let events = watcher(
            Api::<Secret>::namespaced(operator.entries.through(&self.client), &self.namespace),
            config,
        );
        operator.entries.run(events, index::entry, told).await;
    }

    async fn published(self: Arc<Self>) {
        let operator = &self.operator;
        let told = |change: Change<ObjectKey, (ClientKey, Version)>| {
            let ours = change
                .after
                .as_ref()
                .is_some_and(|(_, version)| operator.is_ours(&change.key, version));
            if change.after.is_none() {
                operator.forget(&change.key);
            }
            if ours || change.before == change.after || !operator.published.is_complete() {
                return;
            }
            for (client, _) in [&change.before, &change.after].into_iter().flatten() {
                operator.look_at(client, Urgency::Change);
            }
        };
        let (label, value) = publication::MANAGED_BY_LABEL;
        let config = config().labels(&format!("{label}={value}"));
        let events = watcher(
            Api::<PartialObjectMeta<Secret>>::all(operator.published.through(&self.client)),
            config,
        );
        operator.published.run(events, index::published, told).await;
    }

    async fn credentials(self: Arc<Self>) {
        let operator = &self.operator;
        let told = |change: Change<ObjectKey, Version>| {
            if change.before != change.after {
                order(&self.orders, Order::CredentialChanged(change.key));
            }
        };
        let config = config().labels(&format!("{}={}", api::LABEL_SERVER_CREDENTIALS, api::LABEL_TRUE));
        let events = watcher(
            Api::<PartialObjectMeta<Secret>>::all(operator.credentials.through(&self.client)),
            config,
        );
        operator.credentials.run(events, index::credential, told).await;
    }

    async fn cluster_servers(self: Arc<Self>) {
        let operator = &self.operator;
        let reduce =
            |object: &DeserializeGuard<ClusterAuthorizationServer>| server(object, |found| &found.spec.0);
        let events = watcher(Api::all(operator.cluster_servers.through(&self.client)), config());
        operator
            .cluster_servers
            .run(events, reduce, |change| tend(&self.orders, change))
            .await;
    }

    async fn servers(self: Arc<Self>) {
        let operator = &self.operator;
        let reduce = |object: &DeserializeGuard<AuthorizationServer>| server(object, |found| &found.spec.0);
        let events = watcher(
            Api::all(operator.namespaced_servers.through(&self.client)),
            config(),
        );
        operator
            .namespaced_servers
            .run(events, reduce, |change| tend(&self.orders, change))
            .await;
    }
}

type FoundServer = Result<ServerObject, String>;

fn server<O: Resource>(
    object: &DeserializeGuard<O>,
    spec: impl Fn(&O) -> &api::ServerSpec,
) -> (ServerKey, Option<FoundServer>)
where
    DeserializeGuard<O>: Resource,
{
    let key = ServerKey {
        namespace: object.namespace(),
        name: object.name_any(),
    };
    let found = match &object.0 {
        Ok(found) => Ok(ServerObject {
            uid: Uid(object.uid().unwrap_or_default()),
            generation: object.meta().generation.unwrap_or_default(),
            spec: Arc::new(spec(found).clone()),
            release: object
                .annotations()
                .get(crate::api::ANNOTATION_RELEASE_HELD_DELETIONS)
                .cloned(),
        }),
        Err(unreadable) => {
            let why = index::told(&unreadable.error).to_owned();
            tracing::warn!(server = %key, why, "this version cannot read a server object; nothing is called there");
            Err(why)
        }
    };
    (key, Some(found))
}

fn tend(orders: &mpsc::UnboundedSender<Order>, change: Change<ServerKey, FoundServer>) {
    if change.before == change.after {
        return;
    }
    order(orders, Order::of(change.key, change.after));
}

fn order(orders: &mpsc::UnboundedSender<Order>, order: Order) {
    if orders.send(order).is_err() {
        tracing::debug!("nobody tends servers any more: the operator is stopping");
    }
}

/// How everything is watched.
fn config() -> Config {
    Config::default().timeout(WATCH_SECONDS)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::Body;
    use axum::extract::RawQuery;
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::{ApiServer, KubeCluster};
    use crate::model::Timing;

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
        let watch = tokio::spawn(watches(&operator, client).clients());
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
        Arc::new(Watches {
            operator: operator.clone(),
            client,
            namespace: "operator".to_owned(),
            orders: mpsc::unbounded_channel().0,
        })
    }

    const STUCK: Duration = Duration::from_secs(15 * 60);

    /// What the watch of clients is said to be in after a long time with this API server.
    async fn after_hours(client: Client) -> (Vec<&'static str>, Vec<String>) {
        let operator = an_operator(&client);
        let watch = tokio::spawn(watches(&operator, client).clients());
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
        let watch = tokio::spawn(watches(&operator, client).clients());
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
}
