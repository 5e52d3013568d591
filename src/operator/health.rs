//! `/livez`, `/readyz` and `/metrics`.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use super::lead;
use super::pass::World as _;
use super::world::Operator;

/// A pass that goes on for longer than this is stuck: every call in it has a deadline far below.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);

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
    if let Some(silent) = operator
        .leadership
        .silent_for()
        .filter(|silent| *silent > lead::STUCK_AFTER)
    {
        let text = format!("the leader election has shown no sign of life for {silent:?}\n");
        return (StatusCode::SERVICE_UNAVAILABLE, text);
    }
    match operator.queue.oldest_running() {
        Some(since) if since.elapsed() > STUCK_AFTER => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("a pass has been going on for {:?}\n", since.elapsed()),
        ),
        _ => (StatusCode::OK, "ok\n".to_owned()),
    }
}

/// Ready when every watch has seen a whole list, a standby too; says what it waits for.
async fn ready(State(operator): State<Arc<Operator>>) -> (StatusCode, String) {
    let waiting = operator.waiting_for();
    if waiting.is_empty() {
        (
            StatusCode::OK,
            format!("ok, {}\n", operator.leadership.described()),
        )
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("waiting for: {}\n", waiting.join("; ")),
        )
    }
}

async fn metrics(State(operator): State<Arc<Operator>>) -> (StatusCode, String) {
    operator.metrics.queue(operator.queue.depth());
    operator
        .metrics
        .election(operator.leads(), operator.leadership.failures());
    match operator.metrics.text() {
        Ok(text) => (StatusCode::OK, text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}
