//! What was asked of a server, in the order in which it came: no bodies, no credentials.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;

use crate::http::Request;
use crate::{Call, Operation};

/// How a call ended for the one who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing was sent yet.
    Pending,
    /// A whole answer was handed to the connection.
    Answered,
    /// An answer was begun and will never be whole.
    Broken,
    /// The connection was closed without an answer.
    Closed,
    /// The connection was reset.
    Reset,
}

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Counts from 1 since the start or the last reset.
    pub seq: u64,
    /// When it came.
    pub at: Timestamp,
    /// The same in milliseconds since the emulator was started, for measuring rates.
    pub at_ms: u64,
    /// Which operation it was.
    pub operation: &'static str,
    /// The method.
    pub method: String,
    /// The path as it came, without a query.
    pub path: String,
    /// The name of the client that it was about.
    pub client: Option<String>,
    /// `none`, `basic`, `bearer` or `other`; never the credential.
    pub authorization: &'static str,
    /// The size of the body.
    pub request_bytes: usize,
    /// The status that was sent, if one was.
    pub status: Option<u16>,
    /// How it ended for the caller.
    pub outcome: Outcome,
    /// Whether the server did its work on it (it may have refused).
    pub worked: bool,
    /// Whether that changed the server's state.
    pub changed: bool,
    /// The misbehaviour that was applied.
    pub behaviour: Option<&'static str>,
}

/// How often what was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// Requests that came, by operation; every operation is there, with 0 too.
    pub operations: BTreeMap<&'static str, u64>,
    /// Requests that came and were meant to change something, whatever became of them.
    pub mutations: u64,
    /// Requests that did change the server's state.
    pub changes: u64,
}

impl Counters {
    /// How many requests of one operation came; 0 for one that is not known.
    pub fn of(&self, operation: &str) -> u64 {
        self.operations.get(operation).copied().unwrap_or_default()
    }
}

/// The journal and the counters of one server.
#[derive(Debug)]
pub struct Journal {
    started: Instant,
    operations: &'static [Operation],
    entries: Vec<Entry>,
    counters: Counters,
    epoch: u64,
}

/// A place in the journal. It goes stale when the journal is cleared, and is ignored from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    epoch: u64,
    index: usize,
}

impl Journal {
    /// An empty journal.
    pub fn new(operations: &'static [Operation]) -> Self {
        let mut journal = Self {
            started: Instant::now(),
            operations,
            entries: Vec::new(),
            counters: Counters::default(),
            epoch: 0,
        };
        journal.clear();
        journal
    }

    /// Forgets all entries and counts from 0 again.
    pub fn clear(&mut self) {
        self.epoch += 1;
        self.entries.clear();
        self.counters = Counters::default();
        self.counters.operations = self
            .operations
            .iter()
            .map(|operation| (operation.name, 0))
            .collect();
    }

    /// Notes that a request came.
    pub fn arrived(&mut self, call: &Call, request: &Request) -> Place {
        *self.counters.operations.entry(call.operation.name).or_default() += 1;
        self.counters.mutations += u64::from(call.operation.mutating);
        let index = self.entries.len();
        self.entries.push(Entry {
            seq: index as u64 + 1,
            at: Timestamp::now(),
            at_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            operation: call.operation.name,
            method: request.method.to_string(),
            path: request.path.clone(),
            client: call.name.clone(),
            authorization: request.authorization_kind(),
            request_bytes: request.body.len(),
            status: None,
            outcome: Outcome::Pending,
            worked: false,
            changed: false,
            behaviour: None,
        });
        Place {
            epoch: self.epoch,
            index,
        }
    }

    /// Notes which misbehaviour is applied.
    pub fn misbehaves(&mut self, place: Place, behaviour: &'static str) {
        if let Some(entry) = self.entry(place) {
            entry.behaviour = Some(behaviour);
        }
    }

    /// Notes that the work was done.
    pub fn worked(&mut self, place: Place, changed: bool) {
        if let Some(entry) = self.entry(place) {
            entry.worked = true;
            entry.changed = changed;
            self.counters.changes += u64::from(changed);
        }
    }

    /// Notes how it ended.
    pub fn ended(&mut self, place: Place, outcome: Outcome, status: Option<u16>) {
        if let Some(entry) = self.entry(place) {
            entry.outcome = outcome;
            entry.status = status;
        }
    }

    /// All requests, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The counters.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn entry(&mut self, place: Place) -> Option<&mut Entry> {
        if place.epoch == self.epoch {
            self.entries.get_mut(place.index)
        } else {
            None
        }
    }
}
