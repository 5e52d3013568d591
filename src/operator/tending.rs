//! Which servers are tended: each server object by a task of its own, which begins and ends with the object.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::{Mutex, mpsc, watch};

use super::queue::Urgency;
use super::servers::{ServerObject, Tender};
use super::standing::ServerObjects;
use super::supervise::{Task, keep};
use super::world::{ObjectKey, Operator};
use crate::api::ServerSpec;
use crate::model::{ServerKey, ServerView};
use crate::provider::address::EgressRules;
use crate::provider::connect::{NeededKind, secrets_needed};

/// What the tending tasks are told.
#[derive(Debug)]
pub enum Order {
    /// A server object is there, or has changed.
    Tend(ServerKey, ServerObject),
    /// A server object is there and this version cannot read it, for this reason.
    Hold(ServerKey, String),
    /// A server object is gone.
    Drop(ServerKey),
    /// A Secret with a credential changed.
    CredentialChanged(ObjectKey),
}

/// Starts, tells and ends the tending tasks.
pub struct Tending {
    /// Whom they tell.
    pub operator: Arc<Operator>,
    /// What they read and write.
    pub objects: Arc<ServerObjects>,
    /// Where they may connect to.
    pub egress: EgressRules,
    /// What is asked of them.
    pub orders: Mutex<mpsc::UnboundedReceiver<Order>>,
}

type Tended = HashMap<ServerKey, (watch::Sender<ServerObject>, Task)>;

impl Tending {
    /// Follows the orders for as long as there are any. Begun again, it begins with all servers that are known.
    pub async fn run(&self) {
        let mut orders = self.orders.lock().await;
        let mut tended = Tended::new();
        let operator = &self.operator;
        let known = [&operator.cluster_servers, &operator.namespaced_servers];
        for (key, found) in known.into_iter().flat_map(|mirror| mirror.select(|_, _| true)) {
            self.follow(&mut tended, Order::of(key, Some(found))).await;
        }
        while let Some(order) = orders.recv().await {
            self.follow(&mut tended, order).await;
        }
    }

    async fn follow(&self, tended: &mut Tended, order: Order) {
        let operator = &self.operator;
        match order {
            Order::Tend(key, object) => {
                if let Some((sender, _)) = tended.get(&key) {
                    sender.send_if_modified(|current| {
                        let changed = *current != object;
                        *current = object;
                        changed
                    });
                } else {
                    let (sender, news) = watch::channel(object);
                    let task = self.tender(&key, news);
                    tended.insert(key, (sender, task));
                }
            }
            Order::Hold(key, why) => {
                // Ended first, so that it says nothing after us.
                if let Some((_, task)) = tended.remove(&key) {
                    task.end().await;
                }
                let message = format!(
                    "this version of the operator cannot read the server object: {why}. Platform team: mend it, or run \
                     a version that knows it. Nothing is called there until then."
                );
                operator
                    .servers
                    .put(&key, ServerView::NotReady(key.clone(), message), None);
                operator.metrics.server(&key, false, operator.counts(&key));
                operator.look_at_server(&key, Urgency::Background);
            }
            Order::Drop(key) => {
                if let Some((_, task)) = tended.remove(&key) {
                    task.end().await;
                }
                operator.servers.remove(&key);
                operator.metrics.gone(&key);
                operator.admissions.forget(&key);
                operator.look_at_server(&key, Urgency::Change);
            }
            Order::CredentialChanged((namespace, name)) => {
                for (key, (sender, _)) in tended {
                    let reads_there = key.namespace.as_ref().unwrap_or(&self.objects.namespace) == &namespace;
                    if reads_there && needs(&sender.borrow().spec, &name) {
                        sender.send_modify(|_| {});
                    }
                }
            }
        }
    }

    fn tender(&self, key: &ServerKey, news: watch::Receiver<ServerObject>) -> Task {
        let (operator, objects, egress) = (self.operator.clone(), self.objects.clone(), self.egress.clone());
        let key = key.clone();
        Task::spawn(async move {
            let panicked = || operator.metrics.panicked();
            keep("the tending of a server", panicked, || {
                let tender = Tender::new(operator.clone(), objects.clone(), egress.clone(), key.clone());
                tender.tend(news.clone()).map(ControlFlow::Break)
            })
            .await;
        })
    }
}

impl Order {
    /// What is to be done about a server object that is found so, or not found.
    pub fn of(key: ServerKey, found: Option<Result<ServerObject, String>>) -> Self {
        match found {
            Some(Ok(object)) => Self::Tend(key, object),
            Some(Err(why)) => Self::Hold(key, why),
            None => Self::Drop(key),
        }
    }
}

/// Whether a server's connection is made with this Secret.
fn needs(spec: &ServerSpec, secret: &str) -> bool {
    secrets_needed(spec)
        .iter()
        .any(|needed| needed.kind == NeededKind::Secret && needed.name == secret)
}
