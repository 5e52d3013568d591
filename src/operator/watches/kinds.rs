//! The watch of each kind: of the whole cluster, or of one namespace.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::core::{DeserializeGuard, PartialObjectMeta};
use kube::runtime::watcher;
use kube::runtime::watcher::{Config, Event};
use kube::{Api, Resource, ResourceExt};
use tokio::sync::mpsc;

use super::Watches;
use crate::api::{self, AuthorizationServer, ClusterAuthorizationServer, OAuthClient};
use crate::cluster::{ApiServer, Named, WATCH_SECONDS};
use crate::model::{ClientKey, ServerKey, Uid, Version, publication};
use crate::operator::index;
use crate::operator::mirror::{Change, Mirror, Part, Placed, is_refusal};
use crate::operator::queue::Urgency;
use crate::operator::servers::ServerObject;
use crate::operator::tending::Order;
use crate::operator::world::ObjectKey;

/// A namespace that cannot be watched is looked at this often.
const LOOK: Duration = Duration::from_secs(15);

impl Watches {
    pub(super) async fn namespaces(self: Arc<Self>, part: Part) {
        let operator = &self.operator;
        let told = |change: Change<String, index::NamespaceFacts>| {
            if change.before != change.after {
                self.given.notify_one();
                operator.look_at_namespace(&change.key, Urgency::Change);
            }
        };
        if let Part::Namespace(name) = &part {
            return self.look_at_namespace(&part, name, told).await;
        }
        let client = operator.namespaces.through(&part, &self.client);
        let events = watcher(Api::<PartialObjectMeta<Namespace>>::all(client), config());
        operator
            .namespaces
            .run(&part, events, index::namespace, told)
            .await;
    }

    /// In the place of a watch, where the operator may read this one namespace only. That it does not find it says nothing:
    /// with a namespace goes the Role in it, by which it is read.
    async fn look_at_namespace(
        &self,
        part: &Part,
        name: &str,
        told: impl Fn(Change<String, index::NamespaceFacts>),
    ) {
        let mirror = &self.operator.namespaces;
        let api = ApiServer::new(self.client.clone());
        let namespaces = Api::<Namespace>::all(self.client.clone());
        loop {
            let look = api.read(Named::core("namespaces", name), || namespaces.get_metadata(name));
            let (why, refused) = match look.await {
                Ok(Some(found)) => {
                    if let (key, Some(facts)) = index::namespace(&found) {
                        told(mirror.looked(part, (key, facts)));
                    }
                    (String::new(), false)
                }
                Ok(None) => ("it is not there".to_owned(), true),
                Err(unread) => (unread.why, unread.denied),
            };
            if !why.is_empty() && mirror.looked_in_vain(part, why.clone(), refused) {
                tracing::warn!(
                    namespace = name,
                    why,
                    "a watched namespace cannot be seen; what is known of it stays, and it is looked for again"
                );
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                // Made again, it has another UID.
                () = self.regained.notified() => {}
            }
        }
    }

    pub(super) async fn clients(self: Arc<Self>, part: Part) {
        let operator = &self.operator;
        // Our own status writes change nothing but `ready`.
        let asked = |facts: &index::ClientFacts| index::ClientFacts {
            ready: false,
            ..facts.clone()
        };
        let told = |change: Change<ClientKey, index::ClientFacts>| {
            if change.before.as_ref().map(asked) != change.after.as_ref().map(asked) {
                let urgency = if operator.clients.has_seen(&part) {
                    Urgency::Change
                } else {
                    Urgency::Background
                };
                operator.look_at(&change.key, urgency);
            }
        };
        let clients = self.objects::<DeserializeGuard<OAuthClient>, _, _>(&operator.clients, &part);
        let events = watcher(clients, config());
        operator.clients.run(&part, events, index::client, told).await;
    }

    pub(super) async fn ledger(self: Arc<Self>, part: Part) {
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
        let client = operator.entries.through(&part, &self.client);
        let events = watcher(Api::<Secret>::namespaced(client, &self.namespace), config);
        operator.entries.run(&part, events, index::entry, told).await;
    }

    pub(super) async fn published(self: Arc<Self>, part: Part) {
        let operator = &self.operator;
        let told = |change: Change<ObjectKey, (ClientKey, Version)>| {
            let ours = change
                .after
                .as_ref()
                .is_some_and(|(_, version)| operator.is_ours(&change.key, version));
            if change.after.is_none() {
                operator.forget(&change.key);
            }
            if ours || change.before == change.after || !operator.published.has_seen(&part) {
                return;
            }
            for (client, _) in [&change.before, &change.after].into_iter().flatten() {
                operator.look_at(client, Urgency::Change);
            }
        };
        let (label, value) = publication::MANAGED_BY_LABEL;
        let config = config().labels(&format!("{label}={value}"));
        let secrets = self.objects::<PartialObjectMeta<Secret>, _, _>(&operator.published, &part);
        // A right that is given later changes no object, and clients wait for it.
        let refused = AtomicBool::new(false);
        let events = watcher(secrets, config).inspect(|event| match (event, &part) {
            (Err(error), _) if is_refusal(error) => refused.store(true, Ordering::Relaxed),
            (Ok(Event::InitDone), Part::Namespace(name)) if refused.swap(false, Ordering::Relaxed) => {
                tracing::info!(namespace = %name, "the Secrets of a namespace that were refused can be read now");
                self.regained.notify_waiters();
                operator.look_at_namespace(name, Urgency::Change);
            }
            _ => {}
        });
        operator
            .published
            .run(&part, events, index::published, told)
            .await;
    }

    pub(super) async fn credentials(self: Arc<Self>, part: Part) {
        let operator = &self.operator;
        let told = |change: Change<ObjectKey, Version>| {
            if change.before != change.after {
                operator.look_at_those_given(&change.key);
                order(&self.orders, Order::CredentialChanged(change.key));
            }
        };
        let config = config().labels(&format!("{}={}", api::LABEL_SERVER_CREDENTIALS, api::LABEL_TRUE));
        let secrets = self.objects::<PartialObjectMeta<Secret>, _, _>(&operator.credentials, &part);
        let events = watcher(secrets, config);
        operator
            .credentials
            .run(&part, events, index::credential, told)
            .await;
    }

    pub(super) async fn cluster_servers(self: Arc<Self>, part: Part) {
        let mirror = &self.operator.cluster_servers;
        let reduce =
            |object: &DeserializeGuard<ClusterAuthorizationServer>| server(object, |found| &found.spec.0);
        let events = watcher(Api::all(mirror.through(&part, &self.client)), config());
        let told = |change| tend(&self.orders, change);
        mirror.run(&part, events, reduce, told).await;
    }

    pub(super) async fn servers(self: Arc<Self>, part: Part) {
        let mirror = &self.operator.namespaced_servers;
        let reduce = |object: &DeserializeGuard<AuthorizationServer>| server(object, |found| &found.spec.0);
        let servers = self.objects::<DeserializeGuard<AuthorizationServer>, _, _>(mirror, &part);
        let told = |change| tend(&self.orders, change);
        mirror.run(&part, watcher(servers, config()), reduce, told).await;
    }

    /// The objects of a part, through the client of its mirror.
    fn objects<O, K, V>(&self, mirror: &Mirror<K, V>, part: &Part) -> Api<O>
    where
        O: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
        K: Clone + Eq + std::hash::Hash + Placed,
        V: Clone,
    {
        let client = mirror.through(part, &self.client);
        match part {
            Part::Whole => Api::all(client),
            Part::Namespace(name) => Api::namespaced(client, name),
        }
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
