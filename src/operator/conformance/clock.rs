//! The clock that is moved by hand, and the log of what happened.

use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A clock that only a test moves. It begins with the real time, as servers name times by theirs.
#[derive(Debug)]
pub(super) struct Clock {
    began: Timestamp,
    seconds: AtomicI64,
    /// What goes by in earnest then.
    lag: Duration,
}

impl Clock {
    pub(super) fn new(lag: Duration) -> Self {
        Self {
            began: Timestamp::now(),
            seconds: AtomicI64::new(0),
            lag,
        }
    }

    /// Time goes by.
    pub(super) async fn wait(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
        if !self.lag.is_zero() {
            tokio::time::sleep(self.lag).await;
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.began + SignedDuration::from_secs(self.seconds.load(Ordering::SeqCst))
    }
}

/// What happened, line by line.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Vec<String>>);

impl Log {
    pub(super) fn write(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(super) fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}
