//! The workers that empty the queue, and their graceful end.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use rand::SeedableRng;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::pass::{self, Unfinished, World as _};
use super::supervise::keep;
use super::world::Operator;
use crate::model::{Subject, Wake};

/// The first retry comes after this, the next ones after twice as long each.
const FIRST_RETRY: Duration = Duration::from_secs(1);
/// And no later than this.
const LAST_RETRY: Duration = Duration::from_secs(300);
/// What waits for a change is looked at this often all the same: a change that nobody saw must not be missed for ever.
const SLOW_LOOK: Duration = Duration::from_secs(600);
/// No wake-up is further away than this.
const LAST_WAKE: Duration = Duration::from_secs(6 * 3600);
/// So often in a row a pass that saw something out of date is repeated at once.
const AT_ONCE: u32 = 5;
/// A client that was in hand when this process ceased to lead is put back for this long. By then the queue is held.
const PUT_BACK: Duration = Duration::from_secs(1);
/// Calls in flight are waited for this long at the end.
const GRACE: Duration = Duration::from_secs(70);

/// So many times the workers that one server may have are there in all, for servers that are slow at the same time.
const SERVERS_AT_ONCE: u16 = 4;

/// Works until the queue is closed, and then until what is in hand is done, but not for ever.
/// A server gets `share` workers at most.
pub async fn work(operator: Arc<Operator>, share: u16, stop: impl Future<Output = ()>) {
    let retries = Arc::new(Retries::default());
    let mut crew = JoinSet::new();
    for _ in 0..share.saturating_mul(SERVERS_AT_ONCE) {
        let (operator, retries) = (operator.clone(), retries.clone());
        crew.spawn(async move {
            let panicked = || operator.metrics.panicked();
            keep("a worker", panicked, || async {
                let server_of = |subject: &Subject| operator.server_of(subject);
                while let Some(subject) = operator.queue.next(share.into(), server_of).await {
                    match look(&operator, &subject).await {
                        Some(ended) => retries.schedule(&operator, &subject, ended),
                        None => operator.queue.push_at(subject.clone(), Instant::now() + PUT_BACK),
                    }
                    operator.queue.done(&subject);
                }
                ControlFlow::Break(())
            })
            .await;
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

/// What came of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Settled,
    Unsettled,
    /// It was not its turn at the server.
    Postponed,
}

/// One look at one client; `None` if it was not ended, as this process does not lead. A panic is a bug of ours: it is
/// counted, and holds back this client only.
async fn look(operator: &Operator, subject: &Subject) -> Option<(Look, Wake)> {
    let span = tracing::info_span!("pass", client = %subject);
    let mut rng = rand::rngs::StdRng::from_rng(&mut rand::rng());
    let pass = AssertUnwindSafe(pass::run(operator, subject, &mut rng)).catch_unwind();
    let wake = match pass.instrument(span).await {
        Ok(Ok(ended)) => {
            let (result, name) = match (ended.postponed, ended.settled) {
                (true, _) => (Look::Postponed, "Postponed"),
                (false, true) => (Look::Settled, "Settled"),
                (false, false) => (Look::Unsettled, "Blocked"),
            };
            operator.metrics.passed(name);
            tracing::debug!(client = %subject, result = name, steps = ended.steps, wake = ?ended.wake, "looked");
            (result, ended.wake)
        }
        Ok(Err(Unfinished::NotLeading)) => return None,
        Ok(Err(Unfinished::Unread(unread))) => {
            operator.metrics.passed("Unread");
            tracing::warn!(client = %subject, %unread, "what a decision needs could not be read; tried again");
            (Look::Unsettled, Wake::Backoff)
        }
        Err(_panic) => {
            operator.metrics.panicked();
            tracing::error!(client = %subject, "a pass panicked; tried again later");
            (Look::Unsettled, Wake::Backoff)
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
    fn schedule(&self, operator: &Operator, subject: &Subject, (look, wake): (Look, Wake)) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = match look {
            Look::Settled => {
                failures.remove(subject);
                0
            }
            Look::Unsettled => {
                let count = failures.entry(subject.clone()).or_default();
                *count = count.saturating_add(1);
                *count
            }
            Look::Postponed => 0,
        };
        drop(failures);
        let after = match wake {
            Wake::Now if count <= AT_ONCE => Duration::ZERO,
            Wake::Now | Wake::Backoff => backoff(count, rand::random()),
            Wake::At(at) => pause_until(at, operator.now()),
            Wake::OnChange if look == Look::Settled => return,
            Wake::OnChange => SLOW_LOOK,
        };
        operator.queue.push_at(subject.clone(), Instant::now() + after);
    }
}

/// Never before the time that was asked for, unless that is so far away that it is looked at in between: a clock may have
/// been wrong when the time was chosen.
fn pause_until(at: Timestamp, now: Timestamp) -> Duration {
    let pause = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    pause.min(LAST_WAKE) + Duration::from_millis(5)
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

    #[test]
    fn no_wake_up_is_early_or_too_far_away() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |seconds| pause_until(now + jiff::SignedDuration::from_secs(seconds), now);
        assert!(after(60) > Duration::from_secs(60));
        assert_eq!(after(-60), Duration::from_millis(5));
        assert!(pause_until(Timestamp::MAX, now) < Duration::from_secs(7 * 3600));
    }
}
