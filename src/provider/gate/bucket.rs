//! A rate limit: so many per minute on average, and so many at once after a pause.

use std::time::Duration;

use tokio::time::Instant;

/// The generic cell rate algorithm: one time is all that is kept.
pub struct Bucket {
    interval: Duration,
    tolerance: Duration,
    /// When the next one would start if all came evenly.
    even: Instant,
}

impl Bucket {
    pub fn new(per_minute: u32, burst: u32) -> Self {
        let interval = Duration::from_mins(1) / per_minute.max(1);
        Self {
            interval,
            tolerance: interval * burst.saturating_sub(1),
            even: Instant::now(),
        }
    }

    /// Whether one may start now.
    pub fn is_ready(&self, now: Instant) -> bool {
        self.even <= now + self.tolerance
    }

    /// When one may start.
    pub fn ready_at(&self, now: Instant) -> Instant {
        now + self
            .even
            .saturating_duration_since(now)
            .saturating_sub(self.tolerance)
    }

    /// One starts.
    pub fn take(&mut self, now: Instant) {
        self.even = self.even.max(now) + self.interval;
    }
}
