//! The time as decisions see it: the wall clock, but no step of it is believed at once.
//!
//! What is waited for, such as the end of late deliveries, is written down as a time of the wall clock, so a clock that is
//! set forward by hours would end every wait early. A step is therefore followed only after the clock has kept to it for
//! longer than any late delivery takes; until then time goes on as the clock shows it that never steps.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// What differs by less is no step: clocks are kept in time by small corrections.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(5);
/// A step is kept at least this long before it is followed.
const HOLD: Duration = Duration::from_secs(300);

/// A clock that does not jump because the wall clock does.
#[derive(Debug)]
pub struct Clock {
    hold: Duration,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// The last time that was told, by both clocks.
    told: (Timestamp, Instant),
    /// Since when the wall clock shows something else.
    stepped: Option<Instant>,
}

impl Clock {
    /// A clock that follows a step of the wall clock only when nothing is late by `late_delivery` any more.
    pub fn new(late_delivery: SignedDuration) -> Self {
        let late = Duration::try_from(late_delivery).unwrap_or_default();
        Self {
            hold: HOLD.max(late.saturating_mul(2)),
            inner: Mutex::new(Inner {
                told: (Timestamp::now(), Instant::now()),
                stepped: None,
            }),
        }
    }

    /// The time, and whether a step of the wall clock is followed right now: what waits was timed by another clock then.
    pub fn tell(&self, wall: Timestamp) -> (Timestamp, bool) {
        let now = Instant::now();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, at) = inner.told;
        let elapsed = SignedDuration::try_from(now.duration_since(at)).unwrap_or(SignedDuration::ZERO);
        let expected = told.saturating_add(elapsed).unwrap_or(wall);
        let off = wall.duration_since(expected).abs();
        if off <= TOLERANCE {
            *inner = Inner {
                told: (wall, now),
                stepped: None,
            };
            return (wall, false);
        }
        let since = *inner.stepped.get_or_insert(now);
        if now.duration_since(since) < self.hold {
            return (expected, false);
        }
        tracing::warn!(seconds = off.as_secs(), "the clock was set; it is followed now");
        *inner = Inner {
            told: (wall, now),
            stepped: None,
        };
        (wall, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: SignedDuration = SignedDuration::from_secs(120);

    #[tokio::test(start_paused = true)]
    async fn a_step_is_followed_only_after_late_deliveries_are_over() {
        for hours in [3, -3] {
            let (clock, start) = (Clock::new(LATE), Timestamp::now());
            let at = |seconds: i64| start + SignedDuration::from_secs(seconds);
            let step = |seconds: i64| at(seconds) + SignedDuration::from_hours(hours);
            tokio::time::advance(Duration::from_secs(10)).await;
            let (now, followed) = clock.tell(step(10));
            assert!(!followed && now.duration_since(at(10)).abs() < SignedDuration::from_secs(1));
            tokio::time::advance(Duration::from_secs(200)).await;
            let (now, followed) = clock.tell(step(210));
            assert!(!followed && now.duration_since(at(210)).abs() < SignedDuration::from_secs(1));
            tokio::time::advance(Duration::from_secs(100)).await;
            assert_eq!(clock.tell(step(310)), (step(310), true));
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(clock.tell(step(311)), (step(311), false));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_is_taken_back_and_a_small_one_are_nothing() {
        let (clock, start) = (Clock::new(LATE), Timestamp::now());
        let at = |seconds: i64| start + SignedDuration::from_secs(seconds);
        assert!(clock.tell(at(7200)).0 < at(60));
        tokio::time::advance(Duration::from_secs(290)).await;
        assert_eq!(
            clock.tell(at(292)),
            (at(292), false),
            "two seconds are a correction"
        );
        tokio::time::advance(Duration::from_secs(20)).await;
        let (now, followed) = clock.tell(at(7500));
        assert!(!followed && now < at(400), "the hold begins anew");
    }
}
