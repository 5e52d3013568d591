//! Things that change, and what they were before: for readers that lag behind, as replicas do.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many changes back a lagging reader can see.
const HISTORY: usize = 256;

/// A list of things that remembers what it was.
#[derive(Clone, Debug)]
pub struct Lagged<T> {
    now: Vec<T>,
    history: VecDeque<(Instant, Vec<T>)>,
}

impl<T: Clone> Lagged<T> {
    /// A list without a past.
    pub fn new(now: Vec<T>) -> Self {
        Self {
            now,
            history: VecDeque::new(),
        }
    }

    /// The things as they are.
    pub fn now(&self) -> &[T] {
        &self.now
    }

    /// The things as they were so many milliseconds ago.
    pub fn seen(&self, lag_ms: u64) -> &[T] {
        let lag = Duration::from_millis(lag_ms);
        // A change that is younger than the lag is not seen yet, so what was there before it counts.
        let unseen = self.history.iter().find(|(at, _)| at.elapsed() < lag);
        unseen.map_or(&self.now, |(_, before)| before)
    }

    /// Forgets what the things were, as if they had always been so.
    pub fn forget(&mut self) {
        self.history.clear();
    }

    /// The things, to be changed; remembers what they are.
    pub fn change(&mut self) -> &mut Vec<T> {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back((Instant::now(), self.now.clone()));
        &mut self.now
    }
}
