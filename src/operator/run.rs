//! The process: watches that feed the queue, workers that empty it, and a graceful end.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::core::{ObjectMeta, PartialObjectMeta};
use kube::runtime::watcher::Config;
use kube::{Api, Client};
use rand::SeedableRng;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::index;
use super::mirror::Change;
use super::pass::{self, Unfinished};
use super::queue::Urgency;
use super::servers::{Order, ServerObject};
use super::world::{ObjectKey, Operator, until};
use crate::api::{self, AuthorizationServer, ClusterAuthorizationServer, OAuthClient};
use crate::model::{ClientKey, ServerKey, Subject, Uid, Version, Wake, publication};

/// The first retry comes after this, the next ones after twice as long each.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// And no later than this.
const LAST_RETRY: Duration = Duration::from_secs(300);
/// What waits for a change is looked at this often all the same: a change that nobody saw must not be missed for ever.
const SLOW_LOOK: Duration = Duration::from_secs(600);
/// So often in a row a pass that saw something out of date is repeated at once.
const AT_ONCE: u32 = 5;
/// A client that was in hand when this process ceased to lead is put back for this long. By then the queue is held.
const PUT_BACK: Duration = Duration::from_secs(1);
/// Calls in flight are waited for this long at the end.
const GRACE: Duration = Duration::from_secs(70);

/// Watches everything, for ever.
pub async fn watch(
    operator: Arc<Operator>,
    client: Client,
    namespace: String,
    orders: mpsc::UnboundedSender<Order>,
) {
    let mut watches = JoinSet::new();
    watches.spawn(watch_namespaces(operator.clone(), client.clone()));
    watches.spawn(watch_clients(operator.clone(), client.clone()));
    watches.spawn(watch_ledger(operator.clone(), client.clone(), namespace));
    watches.spawn(watch_published(operator.clone(), client.clone()));
    watches.spawn(watch_credentials(
        operator.clone(),
        client.clone(),
        orders.clone(),
    ));
    watches.spawn(watch_cluster_servers(
        operator.clone(),
        client.clone(),
        orders.clone(),
    ));
    watches.spawn(watch_servers(operator.clone(), client, orders));
    while let Some(ended) = watches.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            operator.metrics.panicked();
            tracing::error!(%error, "a watch panicked");
        }
    }
}

async fn watch_namespaces(operator: Arc<Operator>, client: Client) {
    let told = |change: Change<String, index::NamespaceFacts>| {
        if change.before != change.after {
            operator.look_at_namespace(&change.key, Urgency::Change);
        }
    };
    let api = Api::<PartialObjectMeta<Namespace>>::all(client);
    operator
        .namespaces
        .run(api, Config::default(), index::namespace, told)
        .await;
}

async fn watch_clients(operator: Arc<Operator>, client: Client) {
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
    operator
        .clients
        .run(
            Api::<OAuthClient>::all(client),
            Config::default(),
            index::client,
            told,
        )
        .await;
}

async fn watch_ledger(operator: Arc<Operator>, client: Client, namespace: String) {
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
    let config = Config::default().fields(&format!("type={}", api::SECRET_TYPE_LEDGER_ENTRY));
    operator
        .entries
        .run(
            Api::<Secret>::namespaced(client, &namespace),
            config,
            index::entry,
            told,
        )
        .await;
}

async fn watch_published(operator: Arc<Operator>, client: Client) {
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
    let config = Config::default().labels(&format!("{label}={value}"));
    let api = Api::<PartialObjectMeta<Secret>>::all(client);
    operator.published.run(api, config, index::published, told).await;
}

async fn watch_credentials(operator: Arc<Operator>, client: Client, orders: mpsc::UnboundedSender<Order>) {
    let told = |change: Change<ObjectKey, Version>| {
        if change.before != change.after {
            order(&orders, Order::CredentialChanged(change.key));
        }
    };
    let config = Config::default().labels(&format!("{}={}", api::LABEL_SERVER_CREDENTIALS, api::LABEL_TRUE));
    let api = Api::<PartialObjectMeta<Secret>>::all(client);
    operator
        .credentials
        .run(api, config, index::credential, told)
        .await;
}

async fn watch_cluster_servers(
    operator: Arc<Operator>,
    client: Client,
    orders: mpsc::UnboundedSender<Order>,
) {
    let reduce = |object: &ClusterAuthorizationServer| server(&object.metadata, &object.spec.0);
    let api = Api::all(client);
    operator
        .cluster_servers
        .run(api, Config::default(), reduce, |change| tend(&orders, change))
        .await;
}

async fn watch_servers(operator: Arc<Operator>, client: Client, orders: mpsc::UnboundedSender<Order>) {
    let reduce = |object: &AuthorizationServer| server(&object.metadata, &object.spec.0);
    let api = Api::all(client);
    operator
        .namespaced_servers
        .run(api, Config::default(), reduce, |change| tend(&orders, change))
        .await;
}

fn server(metadata: &ObjectMeta, spec: &api::ServerSpec) -> (ServerKey, Option<ServerObject>) {
    let key = ServerKey {
        namespace: metadata.namespace.clone(),
        name: metadata.name.clone().unwrap_or_default(),
    };
    let object = ServerObject {
        uid: Uid(metadata.uid.clone().unwrap_or_default()),
        generation: metadata.generation.unwrap_or_default(),
        spec: Arc::new(spec.clone()),
    };
    (key, Some(object))
}

fn tend(orders: &mpsc::UnboundedSender<Order>, change: Change<ServerKey, ServerObject>) {
    if change.before == change.after {
        return;
    }
    order(
        orders,
        match change.after {
            Some(object) => Order::Tend(change.key, object),
            None => Order::Drop(change.key),
        },
    );
}

fn order(orders: &mpsc::UnboundedSender<Order>, order: Order) {
    if orders.send(order).is_err() {
        tracing::debug!("nobody tends servers any more: the operator is stopping");
    }
}

/// Works until the queue is closed, and then until what is in hand is done, but not for ever.
pub async fn work(operator: Arc<Operator>, workers: u16, stop: impl Future<Output = ()>) {
    let retries = Arc::new(Retries::default());
    let mut crew = JoinSet::new();
    for _ in 0..workers {
        let (operator, retries) = (operator.clone(), retries.clone());
        crew.spawn(async move {
            while let Some(subject) = operator.queue.next().await {
                match look(&operator, &subject).await {
                    Some(wake) => retries.schedule(&operator, &subject, wake),
                    None => operator.queue.push_at(subject.clone(), Instant::now() + PUT_BACK),
                }
                operator.queue.done(&subject);
            }
        });
    }
    stop.await;
    tracing::info!("stopping: nothing new is begun, calls in flight are waited for");
    operator.stop();
    let all_home = async { while crew.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all_home).await.is_err() {
        tracing::warn!("some calls did not end in time; the ledger knows of them");
    }
}

/// One look at one client; `None` if it was not ended, as this process does not lead. A panic is a bug of ours: it is counted, and holds back this client only.
async fn look(operator: &Operator, subject: &Subject) -> Option<(bool, Wake)> {
    let span = tracing::info_span!("pass", client = %subject);
    let mut rng = rand::rngs::StdRng::from_rng(&mut rand::rng());
    let pass = AssertUnwindSafe(pass::run(operator, subject, &mut rng)).catch_unwind();
    let wake = match pass.instrument(span).await {
        Ok(Ok(ended)) => {
            operator
                .metrics
                .passed(if ended.settled { "Settled" } else { "Blocked" });
            tracing::debug!(client = %subject, settled = ended.settled, steps = ended.steps, wake = ?ended.wake, "looked");
            (ended.settled, ended.wake)
        }
        Ok(Err(Unfinished::NotLeading)) => return None,
        Ok(Err(Unfinished::Unread(unread))) => {
            operator.metrics.passed("Unread");
            tracing::warn!(client = %subject, %unread, "what a decision needs could not be read; tried again");
            (false, Wake::Backoff)
        }
        Err(_panic) => {
            operator.metrics.panicked();
            tracing::error!(client = %subject, "a pass panicked; tried again later");
            (false, Wake::Backoff)
        }
    };
    Some(wake)
}

/// How often each client came to grief in a row.
#[derive(Debug, Default)]
struct Retries {
    failures: Mutex<HashMap<Subject, u32>>,
}

impl Retries {
    fn schedule(&self, operator: &Operator, subject: &Subject, (settled, wake): (bool, Wake)) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = if settled {
            failures.remove(subject);
            0
        } else {
            let count = failures.entry(subject.clone()).or_default();
            *count = count.saturating_add(1);
            *count
        };
        drop(failures);
        let after = match wake {
            Wake::Now if count <= AT_ONCE => Duration::ZERO,
            Wake::Now | Wake::Backoff => backoff(count, rand::random()),
            // Never before the time that was asked for.
            Wake::At(at) => until(at) + Duration::from_millis(5),
            Wake::OnChange if settled => return,
            Wake::OnChange => SLOW_LOOK,
        };
        operator.queue.push_at(subject.clone(), Instant::now() + after);
    }
}

/// Twice as long after each failure, give or take a fifth.
fn backoff(failures: u32, chance: f64) -> Duration {
    let doubled = FIRST_RETRY.saturating_mul(
        1_u32
            .checked_shl(failures.saturating_sub(1).min(16))
            .unwrap_or(u32::MAX),
    );
    doubled.min(LAST_RETRY).mul_f64(0.8 + 0.4 * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_growing() {
        let seconds = |failures| backoff(failures, 0.5).as_secs();
        assert_eq!([1, 2, 3, 4].map(seconds), [1, 2, 4, 8]);
        assert_eq!(seconds(1000), 300);
        assert!(backoff(1, 0.0) < backoff(1, 1.0));
    }
}
