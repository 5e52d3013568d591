//! The watches, which tell the queue and the servers of changes: of each kind one, or one in each namespace that the operator
//! looks after.

mod kinds;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use kube::Client;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::mirror::Part;
use super::reach::{Kind, Place};
use super::supervise::{Task, keep};
use super::tending::Order;
use super::world::Operator;

/// Between two looks whether all namespaces are known.
const PAUSE: Duration = Duration::from_millis(20);

/// What the watches work with.
pub struct Watches {
    /// Whom they tell.
    operator: Arc<Operator>,
    /// Their way to the API server.
    client: Client,
    /// The operator's own namespace.
    namespace: String,
    /// Who tends the servers.
    orders: mpsc::UnboundedSender<Order>,
    /// A namespace may have been given to the operator, or taken back.
    given: Notify,
    /// Rights in a namespace are there again.
    regained: Notify,
}

/// Begins a watch of one part of its kind.
type Begin = fn(Arc<Watches>, Part) -> BoxFuture<'static, ()>;

const PUBLISHED: (&str, Begin) = ("a watch of published Secrets", |on, part| {
    on.published(part).boxed()
});
const CREDENTIALS: (&str, Begin) = ("a watch of credential Secrets", |on, part| {
    on.credentials(part).boxed()
});

/// Watches everything, for ever. Each watch is a task of its own: what ends one ends no other, and it is begun again.
pub async fn watch(watches: Watches) {
    let watches = Arc::new(watches);
    let kinds: [(Kind, (&str, Begin)); 6] = [
        (
            Kind::Namespaces,
            ("a watch of namespaces", |on, part| on.namespaces(part).boxed()),
        ),
        (
            Kind::Clients,
            ("a watch of OAuthClients", |on, part| on.clients(part).boxed()),
        ),
        (Kind::Published, PUBLISHED),
        (Kind::Credentials, CREDENTIALS),
        (
            Kind::ClusterServers,
            ("a watch of ClusterAuthorizationServers", |on, part| {
                on.cluster_servers(part).boxed()
            }),
        ),
        (
            Kind::Servers,
            ("a watch of AuthorizationServers", |on, part| {
                on.servers(part).boxed()
            }),
        ),
    ];
    let mut tasks = JoinSet::new();
    let mut follows = false;
    let ledger: (&str, Begin) = ("the watch of the ledger", |on, part| on.ledger(part).boxed());
    tasks.spawn(kept(watches.clone(), ledger, Part::Whole));
    for (kind, begin) in kinds {
        let parts = match watches.operator.reach.place(kind, &watches.namespace) {
            Place::Everywhere => vec![Part::Whole],
            Place::In(names) => names.into_iter().map(Part::Namespace).collect(),
            Place::WhereGiven(besides) => {
                follows = true;
                besides.into_iter().map(Part::Namespace).collect()
            }
        };
        for part in parts {
            tasks.spawn(kept(watches.clone(), begin, part));
        }
    }
    if follows {
        let begin: (&str, Begin) = ("the look at who gives namespaces", |on, _| on.follow().boxed());
        tasks.spawn(kept(watches.clone(), begin, Part::Whole));
    }
    while tasks.join_next().await.is_some() {}
}

async fn kept(watches: Arc<Watches>, (name, begin): (&'static str, Begin), part: Part) {
    let panicked = || watches.operator.metrics.panicked();
    keep(name, panicked, || {
        begin(watches.clone(), part.clone()).map(ControlFlow::Continue)
    })
    .await;
}

impl Watches {
    /// Tells `operator`, and who tends the servers by `orders`. `namespace` is the operator's own.
    pub fn new(
        operator: Arc<Operator>,
        client: Client,
        namespace: &str,
        orders: mpsc::UnboundedSender<Order>,
    ) -> Self {
        Self {
            operator,
            client,
            namespace: namespace.to_owned(),
            orders,
            given: Notify::new(),
            regained: Notify::new(),
        }
    }

    /// Watches Secrets in each namespace that is given to the operator, for as long as it is. In one that is taken back
    /// nothing is seen any more, which does not mean that anything there is gone.
    async fn follow(self: Arc<Self>) {
        let operator = &self.operator;
        while !operator.namespaces.is_complete() {
            tokio::time::sleep(PAUSE).await;
        }
        let mut running = BTreeMap::<String, Vec<Task>>::new();
        loop {
            let given = operator
                .namespaces
                .select(|_, facts| operator.reach.is_given(facts));
            let given: BTreeSet<String> = given.into_iter().map(|(name, _)| name).collect();
            // Ended first, so that none of them sees anything afterwards.
            for (name, tasks) in running.extract_if(.., |name, _| !given.contains(name)) {
                for task in tasks {
                    task.end().await;
                }
                tracing::info!(namespace = %name, "a namespace is not given to the operator any more");
            }
            let own = BTreeSet::from([self.namespace.clone()]);
            operator.published.keep_only(&given);
            operator.credentials.keep_only(&(&given | &own));
            for name in given {
                running
                    .entry(name)
                    .or_insert_with_key(|name| self.watch_secrets(name));
            }
            operator.published.parts_are_known();
            operator.credentials.parts_are_known();
            self.given.notified().await;
        }
    }

    /// Both watches of Secrets in a namespace, but for what is watched in our own anyway.
    fn watch_secrets(self: &Arc<Self>, name: &str) -> Vec<Task> {
        let part = Part::Namespace(name.to_owned());
        self.operator.published.open(part.clone());
        let mut tasks = vec![Task::spawn(kept(self.clone(), PUBLISHED, part.clone()))];
        if *name != self.namespace {
            self.operator.credentials.open(part.clone());
            tasks.push(Task::spawn(kept(self.clone(), CREDENTIALS, part)));
        }
        tasks
    }
}
