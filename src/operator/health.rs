//! `/livez`, `/readyz` and `/metrics`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use super::index::EntryFacts;
use super::lead;
use super::lookout::some_of;
use super::pass::World as _;
use super::world::Operator;
use crate::model::{ServerKey, ServerView};

/// A pass that goes on for longer than this is stuck: every call in it has a deadline far below.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);

/// A watch begins again every forty seconds, and tries at least as often while it is in trouble. One that does neither
/// for this long is stuck.
const WATCH_STUCK_AFTER: Duration = Duration::from_secs(15 * 60);

/// The routes.
pub fn router(operator: Arc<Operator>) -> Router {
    Router::new()
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(operator)
}

/// Fails only for a task that is stuck: a restart helps against nothing else.
async fn live(State(operator): State<Arc<Operator>>) -> (StatusCode, String) {
    // Asked every few seconds, so that a clock that was set is noticed also where nothing else happens.
    operator.now();
    let stuck = stuck(
        &operator.stuck_watches(WATCH_STUCK_AFTER),
        operator.leadership.silent_for(),
        operator.queue.oldest_running().map(|since| since.elapsed()),
    );
    answer("ok\n".to_owned(), "stuck", &stuck)
}

/// What is stuck, in words: watches by their names, an election that has been silent, a pass that goes on, each for so long.
fn stuck(watches: &[&str], silent: Option<Duration>, running: Option<Duration>) -> Vec<String> {
    let watches = watches
        .iter()
        .map(|name| format!("the watch of {name} has not even tried anything for {WATCH_STUCK_AFTER:?}"));
    let election = silent
        .filter(|silent| *silent > lead::STUCK_AFTER)
        .map(|silent| format!("the leader election has shown no sign of life for {silent:?}"));
    let pass = running
        .filter(|running| *running > STUCK_AFTER)
        .map(|running| format!("a pass has been going on for {running:?}"));
    watches.chain(election).chain(pass).collect()
}

/// Ready when every watch has seen a whole list and still sees, a standby too; says what it waits for. Rights in a namespace
/// that others give or take are told of and keep nobody from being ready.
async fn ready(State(operator): State<Arc<Operator>>) -> (StatusCode, String) {
    let refused = operator.refused_namespaces();
    let but = if refused.is_empty() {
        String::new()
    } else {
        format!("; rights are missing in {}", some_of(refused.into_iter()))
    };
    let well = format!("ok, {}{but}\n", operator.leadership.described());
    answer(well, "waiting for", &operator.waiting_for())
}

fn answer(well: String, what: &str, troubles: &[String]) -> (StatusCode, String) {
    if troubles.is_empty() {
        (StatusCode::OK, well)
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{what}: {}\n", troubles.join("; ")),
        )
    }
}

async fn metrics(State(operator): State<Arc<Operator>>) -> (StatusCode, String) {
    operator.metrics.queue(operator.queue.depth());
    operator.metrics.lost_events(operator.cluster.lost_events());
    operator.metrics.unreadable(operator.unreadable());
    operator.metrics.unseen(
        operator.refused_namespaces().len(),
        operator.out_of_sight().values().sum(),
    );
    operator
        .metrics
        .election(operator.leads(), operator.leadership.failures());
    operator
        .metrics
        .left_behind(&left_behind(&operator), |server| is_gone(&operator, server));
    match operator.metrics.text() {
        Ok(text) => (StatusCode::OK, text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn is_gone(operator: &Operator, server: &ServerKey) -> bool {
    matches!(operator.servers.get(server).0, ServerView::Missing(_))
}

/// How many removals are owed to each server whose object is gone. No task tends those, so nothing else tells of them.
fn left_behind(operator: &Operator) -> BTreeMap<ServerKey, u32> {
    let mut owed = BTreeMap::<ServerKey, u32>::new();
    if !operator.leads() {
        return owed;
    }
    let in_debt = |facts: &EntryFacts| facts.known.as_ref().is_some_and(|known| known.obligations > 0);
    let entries = operator.entries.select(|_, facts| in_debt(facts));
    for known in entries.into_iter().filter_map(|(_, facts)| facts.known) {
        let count = owed.entry(known.server).or_default();
        *count = count.saturating_add(known.obligations);
    }
    owed.retain(|server, _| is_gone(operator, server));
    owed
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_secs(1);

    #[test]
    fn only_what_is_stuck_is_a_reason_to_be_restarted() {
        let secrets = ["Secrets"].as_slice();
        let cases = [
            ([].as_slice(), None, None, ""),
            (&[], Some(lead::STUCK_AFTER), Some(STUCK_AFTER), ""),
            (
                secrets,
                None,
                None,
                "the watch of Secrets has not even tried anything for 900s",
            ),
            (
                &[],
                Some(lead::STUCK_AFTER + MOMENT),
                None,
                "the leader election has shown no sign of life for 61s",
            ),
            (
                &[],
                None,
                Some(STUCK_AFTER + MOMENT),
                "a pass has been going on for 901s",
            ),
        ];
        for (watches, silent, running, wanted) in cases {
            let (status, said) = answer("ok\n".to_owned(), "stuck", &stuck(watches, silent, running));
            if wanted.is_empty() {
                assert_eq!((status, said.as_str()), (StatusCode::OK, "ok\n"));
            } else {
                assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
                assert_eq!(said, format!("stuck: {wanted}\n"));
            }
        }
    }
}
