//! Those who wait, party by party in turn.

use std::collections::{BTreeMap, VecDeque};

use tokio::sync::oneshot;

/// A line for each party. Whoever gives up just goes: a closed channel is passed over.
pub struct Line<T> {
    waiting: BTreeMap<String, VecDeque<oneshot::Sender<T>>>,
    /// The parties with somebody waiting, the next one first.
    turns: VecDeque<String>,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            turns: VecDeque::new(),
        }
    }
}

impl<T> Line<T> {
    /// Stands at the end of the party's line.
    pub fn join(&mut self, party: &str) -> oneshot::Receiver<T> {
        let (turn, receiver) = oneshot::channel();
        let line = self.waiting.entry(party.to_owned()).or_default();
        line.retain(|turn| !turn.is_closed());
        if line.is_empty() && !self.turns.iter().any(|other| other == party) {
            self.turns.push_back(party.to_owned());
        }
        line.push_back(turn);
        receiver
    }

    /// Everybody of a party who waits; they wait no more.
    pub fn drain_of(&mut self, party: &str) -> Vec<oneshot::Sender<T>> {
        self.turns.retain(|other| other != party);
        self.waiting.remove(party).map(Vec::from).unwrap_or_default()
    }

    /// Whose turn it is.
    pub fn next(&mut self) -> Option<(String, oneshot::Sender<T>)> {
        while let Some(party) = self.turns.pop_front() {
            let Some(line) = self.waiting.get_mut(&party) else {
                continue;
            };
            line.retain(|turn| !turn.is_closed());
            let first = line.pop_front();
            if line.is_empty() {
                self.waiting.remove(&party);
            } else {
                self.turns.push_back(party.clone());
            }
            if let Some(first) = first {
                return Some((party, first));
            }
        }
        None
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting
            .values()
            .all(|line| line.iter().all(oneshot::Sender::is_closed))
    }

    /// Everybody, out of the line.
    pub fn drain(&mut self) -> Vec<oneshot::Sender<T>> {
        self.turns.clear();
        std::mem::take(&mut self.waiting)
            .into_values()
            .flatten()
            .collect()
    }
}
