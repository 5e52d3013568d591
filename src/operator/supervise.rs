//! Tasks that go on for as long as the process: one that panics or ends is begun again, and all end with their owner.

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// A task is begun again after this, then after twice as long, and so on.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// But no later than this.
const LAST_PAUSE: Duration = Duration::from_secs(60);

/// Keeps a task going. A panic is a bug of ours: `panicked` is told of it, and the task is begun again after a pause, as
/// is one that ends although it should not. `Break` is an end on purpose.
pub async fn keep<F>(name: &str, panicked: impl Fn(), mut begin: impl FnMut() -> F)
where
    F: Future<Output = ControlFlow<()>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        let start = Instant::now();
        match AssertUnwindSafe(async { begin().await }).catch_unwind().await {
            Ok(ControlFlow::Break(())) => return,
            Ok(ControlFlow::Continue(())) => tracing::error!(task = name, "ended; it is begun again"),
            Err(_panic) => {
                panicked();
                tracing::error!(task = name, "panicked; it is begun again");
            }
        }
        // One that went well for a while did not come to grief in a row.
        if start.elapsed() > LAST_PAUSE {
            pause = FIRST_PAUSE;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// A task that ends with its owner.
#[derive(Debug)]
pub struct Task(JoinHandle<()>);

impl Task {
    /// Begins it.
    pub fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }

    /// Ends it and waits until it has: nothing that it was doing takes effect afterwards.
    pub async fn end(mut self) {
        self.0.abort();
        // That it was ended is what was asked for.
        (&mut self.0).await.ok();
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_or_ends_is_begun_again_and_one_that_is_done_is_not() {
        let (begun, panics) = (AtomicU32::new(0), AtomicU32::new(0));
        let start = Instant::now();
        let count = || {
            panics.fetch_add(1, Ordering::SeqCst);
        };
        keep("test", count, || async {
            match begun.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => panic!("a bug"),
                2 => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        })
        .await;
        assert_eq!(begun.load(Ordering::SeqCst), 4);
        assert_eq!(panics.load(Ordering::SeqCst), 2);
        assert_eq!(start.elapsed(), Duration::from_secs(1 + 2 + 4));
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_end_growing_and_begin_anew_after_a_good_while() {
        let begun = AtomicU32::new(0);
        let start = Instant::now();
        keep(
            "test",
            || (),
            || async {
                let count = begun.fetch_add(1, Ordering::SeqCst);
                if count == 10 {
                    tokio::time::sleep(LAST_PAUSE * 2).await;
                }
                if count == 11 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            },
        )
        .await;
        let pauses = 1 + 2 + 4 + 8 + 16 + 32 + 4 * 60 + 120 + 1;
        assert_eq!(start.elapsed(), Duration::from_secs(pauses));
    }

    #[tokio::test]
    async fn a_task_that_was_ended_does_nothing_afterwards() {
        let alive = Arc::new(());
        let held = alive.clone();
        let task = Task::spawn(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        task.end().await;
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
