//! Metrics. Every label has a bounded number of values: kinds of steps and outcomes, and server objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::model::{Fault, Outcome, Query, Record, Refusal, ServerKey, Step};

/// Clients that are still to be removed.
const PENDING_DELETION: &str = "pending_deletion";
/// Of these, the ones that are held, as too many went at once.
const HELD_DELETION: &str = "held_deletion";

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    passes: Family<PassLabels, Counter>,
    steps: Family<StepLabels, Counter>,
    step_seconds: Family<StepKind, Histogram>,
    provider_calls: Family<CallLabels, Counter>,
    /// The series of these that there are: a family does not tell.
    provider_calls_made: Arc<Mutex<BTreeSet<CallLabels>>>,
    panics: Counter,
    lost_events: Counter,
    queue_depth: Gauge,
    unreadable: Family<KindLabels, Gauge>,
    refused_namespaces: Gauge,
    held_records: Gauge,
    leader: Gauge,
    lease_failures: Counter,
    clients: Family<ClientLabels, Gauge>,
    server_ready: Family<ServerLabels, Gauge>,
    ready_seconds: Gauge<f64, AtomicU64>,
    /// Servers without an object that have a series, as they are owed removals.
    left_behind: Mutex<BTreeSet<ServerKey>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PassLabels {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepKind {
    step: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelSet)]
struct CallLabels {
    server: String,
    call: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ClientLabels {
    server: String,
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ServerLabels {
    server: String,
}

/// How many clients of a server are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Registered.
    pub registered: u32,
    /// Not ready.
    pub blocked: u32,
    /// Still to be removed.
    pub pending_deletion: u32,
    /// Of these, how many are held, as too many went at once.
    pub held_deletion: u32,
}

/// Counts the calls of one server.
#[derive(Debug, Clone)]
pub struct Calls {
    family: Family<CallLabels, Counter>,
    made: Arc<Mutex<BTreeSet<CallLabels>>>,
    server: String,
}

impl Calls {
    /// A call was made, and ended with this fault, if with any.
    pub fn made(&self, call: &'static str, fault: Option<&Fault>) {
        let labels = CallLabels {
            server: self.server.clone(),
            call,
            outcome: fault.map_or("Done", Fault::kind),
        };
        self.family.get_or_create(&labels).inc();
        self.made
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(labels);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("oauthclient");
        let metrics = Self {
            passes: Family::default(),
            steps: Family::default(),
            step_seconds: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.001, 2.0, 16))
            }),
            provider_calls: Family::default(),
            provider_calls_made: Arc::default(),
            panics: Counter::default(),
            lost_events: Counter::default(),
            queue_depth: Gauge::default(),
            unreadable: Family::default(),
            refused_namespaces: Gauge::default(),
            held_records: Gauge::default(),
            leader: Gauge::default(),
            lease_failures: Counter::default(),
            clients: Family::default(),
            server_ready: Family::default(),
            ready_seconds: Gauge::default(),
            left_behind: Mutex::default(),
            registry: Registry::default(),
        };
        let m = &metrics;
        registry.register("passes", "Passes over one client, by result", m.passes.clone());
        registry.register("steps", "Steps, by kind and outcome", m.steps.clone());
        registry.register(
            "step_duration_seconds",
            "Time that steps took",
            m.step_seconds.clone(),
        );
        registry.register(
            "provider_calls",
            "Calls of authorization servers",
            m.provider_calls.clone(),
        );
        registry.register(
            "panics",
            "Passes and tasks that panicked; each is a bug",
            m.panics.clone(),
        );
        registry.register(
            "lost_events",
            "Events that the API server did not take",
            m.lost_events.clone(),
        );
        registry.register(
            "queue_depth",
            "Clients that wait for a worker",
            m.queue_depth.clone(),
        );
        registry.register(
            "unreadable_objects",
            "Objects that this version cannot read, by kind",
            m.unreadable.clone(),
        );
        registry.register(
            "refused_namespaces",
            "Namespaces that shall be served and in which the operator lacks rights",
            m.refused_namespaces.clone(),
        );
        registry.register(
            "held_records",
            "Records of clients in namespaces that are not watched",
            m.held_records.clone(),
        );
        registry.register(
            "leader",
            "Whether this process is the one that works",
            m.leader.clone(),
        );
        registry.register(
            "lease_failures",
            "Times that the Lease of the leader election could not be read or written",
            m.lease_failures.clone(),
        );
        registry.register("clients", "Clients by server and state", m.clients.clone());
        registry.register(
            "server_ready",
            "Whether a server can be used",
            m.server_ready.clone(),
        );
        registry.register(
            "start_to_ready_seconds",
            "Time from start to readiness",
            m.ready_seconds.clone(),
        );
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// A pass ended.
    pub fn passed(&self, result: &'static str) {
        self.passes.get_or_create(&PassLabels { result }).inc();
    }

    /// A pass panicked.
    pub fn panicked(&self) {
        self.panics.inc();
    }

    /// A step was taken. What was asked of a server in it is counted where it is sent, by [`Calls`].
    pub fn stepped(&self, step: &Step, outcome: &Outcome, took: Duration) {
        let (kind, outcome) = (kind(step), outcome_kind(outcome));
        self.steps
            .get_or_create(&StepLabels { step: kind, outcome })
            .inc();
        self.step_seconds
            .get_or_create(&StepKind { step: kind })
            .observe(took.as_secs_f64());
    }

    /// What counts the calls of this server.
    pub fn calls_of(&self, server: &ServerKey) -> Calls {
        Calls {
            family: self.provider_calls.clone(),
            made: self.provider_calls_made.clone(),
            server: label(server),
        }
    }

    /// How many wait.
    pub fn queue(&self, depth: usize) {
        self.queue_depth.set(i64::try_from(depth).unwrap_or(i64::MAX));
    }

    /// How many Events were lost so far.
    pub fn lost_events(&self, count: u64) {
        self.lost_events.inner().store(count, Ordering::Relaxed);
    }

    /// How many objects of each kind cannot be read.
    pub fn unreadable(&self, counts: impl IntoIterator<Item = (&'static str, usize)>) {
        for (kind, count) in counts {
            self.unreadable
                .get_or_create(&KindLabels { kind })
                .set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// In how many namespaces rights are missing, and how many records are held as their namespaces are not watched.
    pub fn unseen(&self, refused: usize, held: usize) {
        for (gauge, count) in [(&self.refused_namespaces, refused), (&self.held_records, held)] {
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Who leads, and how often the Lease could not be used so far.
    pub fn election(&self, leads: bool, failures: u64) {
        self.leader.set(leads.into());
        // The count is kept elsewhere; a counter only grows.
        let told = self.lease_failures.get();
        self.lease_failures.inc_by(failures.saturating_sub(told));
    }

    /// Where a server stands.
    pub fn server(&self, server: &ServerKey, ready: bool, counts: Counts) {
        let name = label(server);
        self.server_ready
            .get_or_create(&ServerLabels { server: name.clone() })
            .set(ready.into());
        for (state, count) in [
            ("registered", counts.registered),
            ("blocked", counts.blocked),
            (PENDING_DELETION, counts.pending_deletion),
            (HELD_DELETION, counts.held_deletion),
        ] {
            self.clients
                .get_or_create(&ClientLabels {
                    server: name.clone(),
                    state,
                })
                .set(count.into());
        }
    }

    /// A server object is gone, and with it all series that tell of it: whoever makes and deletes such objects shall not
    /// fill the memory.
    pub fn gone(&self, server: &ServerKey) {
        self.forget(server);
        let name = label(server);
        let mut made = self
            .provider_calls_made
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        made.retain(|labels| {
            let stays = labels.server != name;
            if !stays {
                self.provider_calls.remove(labels);
            }
            stays
        });
    }

    /// Nothing is known of how a server stands: it is not said either.
    pub fn forget(&self, server: &ServerKey) {
        let name = label(server);
        self.server_ready.remove(&ServerLabels { server: name.clone() });
        for state in ["registered", "blocked", PENDING_DELETION, HELD_DELETION] {
            self.clients.remove(&ClientLabels {
                server: name.clone(),
                state,
            });
        }
    }

    /// What is still to be removed from servers whose object is gone. Those of which nothing more is said lose their
    /// series, unless their object is back.
    pub fn left_behind(&self, owed: &BTreeMap<ServerKey, u32>, is_gone: impl Fn(&ServerKey) -> bool) {
        let series = |server: &ServerKey| ClientLabels {
            server: label(server),
            state: PENDING_DELETION,
        };
        for (server, count) in owed {
            self.clients.get_or_create(&series(server)).set(i64::from(*count));
        }
        let mut known = self.left_behind.lock().unwrap_or_else(PoisonError::into_inner);
        let now: BTreeSet<ServerKey> = owed.keys().cloned().collect();
        for server in known.difference(&now).filter(|server| is_gone(server)) {
            self.clients.remove(&series(server));
        }
        *known = now;
    }

    /// The operator became ready after this long.
    pub fn became_ready(&self, after: Duration) {
        self.ready_seconds.set(after.as_secs_f64());
    }

    /// The text that Prometheus reads.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn label(server: &ServerKey) -> String {
    match &server.namespace {
        Some(namespace) => format!("{namespace}/{}", server.name),
        None => server.name.clone(),
    }
}

/// A step's kind.
pub fn kind(step: &Step) -> &'static str {
    match step {
        Step::Observe(Query::Client(_)) => "ObserveClient",
        Step::Observe(Query::Attempted(_) | Query::Lost(_)) => "ObserveAttempt",
        Step::Observe(Query::Scopes) => "ObserveScopes",
        Step::Observe(Query::Token(_) | Query::Revoked(_)) => "ObserveToken",
        Step::FindClaim(_) => "FindClaim",
        Step::Admit(_) => "Admit",
        Step::Record(Record::Write { .. }) => "Record",
        Step::Record(Record::Remove { .. }) => "RemoveRecord",
        Step::Call(call) => call.request.kind(),
        Step::Publish(_) => "Publish",
        Step::Unpublish { .. } => "Unpublish",
        Step::Report(_) => "Report",
    }
}

/// An outcome's kind.
pub fn outcome_kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Fault(fault) => fault.kind(),
        Outcome::Refused(Refusal::Stale) => "Stale",
        Outcome::Refused(Refusal::Denied(_)) => "Refused",
        Outcome::Refused(Refusal::NamespaceTerminating) => "NamespaceTerminating",
        Outcome::Refused(Refusal::Unavailable(_)) => "ApiServerUnavailable",
        Outcome::NotSent => "NotSent",
        _ => "Done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_server_go_with_it() {
        let metrics = Metrics::default();
        let server = ServerKey {
            namespace: None,
            name: "corp".into(),
        };
        metrics.server(
            &server,
            true,
            Counts {
                registered: 3,
                ..Counts::default()
            },
        );
        let text = metrics.text().unwrap();
        assert!(
            text.contains(r#"oauthclient_clients{server="corp",state="registered"} 3"#),
            "{text}"
        );
        metrics.calls_of(&server).made("Register", None);
        metrics.forget(&server);
        let text = metrics.text().unwrap();
        assert!(
            text.contains("corp") && !text.contains("oauthclient_clients{"),
            "{text}"
        );
        metrics.gone(&server);
        assert!(!metrics.text().unwrap().contains("corp"));
    }

    #[test]
    fn what_is_owed_to_a_server_that_is_gone_is_shown_until_it_is_done() {
        let metrics = Metrics::default();
        let server = |namespace: Option<&str>| ServerKey {
            namespace: namespace.map(ToOwned::to_owned),
            name: "corp".into(),
        };
        let series = |server: &str, count| {
            format!(r#"oauthclient_clients{{server="{server}",state="pending_deletion"}} {count}"#)
        };
        metrics.forget(&server(None));
        let owed = BTreeMap::from([(server(None), 2), (server(Some("payments")), 1)]);
        metrics.left_behind(&owed, |_| true);
        let text = metrics.text().unwrap();
        assert!(text.contains(&series("corp", 2)), "{text}");
        assert!(text.contains(&series("payments/corp", 1)), "{text}");
        assert!(!text.contains("server_ready{"), "{text}");

        // One is discharged, the other one's object is back and has told how it stands.
        let back = server(Some("payments"));
        metrics.server(&back, true, Counts::default());
        metrics.left_behind(&BTreeMap::new(), |server| *server != back);
        let text = metrics.text().unwrap();
        assert!(!text.contains(r#"server="corp""#), "{text}");
        assert!(text.contains(&series("payments/corp", 0)), "{text}");
    }
}
