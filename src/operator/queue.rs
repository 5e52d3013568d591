//! What is looked at next: each subject at most once at a time, user changes before background work, namespaces in
//! turn, and no server with more than its share of the workers.
//!
//! Tenants make as many servers as they like, and each may be slow on purpose: so those of one namespace have one share
//! together, and all of them no more than [`SHARES_OF_TENANTS`], however many workers wait for them.

mod waiting;

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use self::waiting::Waiting;
use crate::model::{ServerKey, Subject};

/// So many shares the servers of namespaces have together; the rest of the workers is for those of the cluster.
const SHARES_OF_TENANTS: usize = 2;

/// Who has a share of the workers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Party {
    /// A server of the cluster.
    Server(String),
    /// All servers of a namespace.
    Namespace(String),
}

impl Party {
    fn of(server: ServerKey) -> Self {
        match server.namespace {
            Some(namespace) => Self::Namespace(namespace),
            None => Self::Server(server.name),
        }
    }

    fn is_tenant(&self) -> bool {
        matches!(self, Self::Namespace(_))
    }
}

/// How urgent something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Urgency {
    /// Somebody changed something.
    Change,
    /// A timer, a retry, a look at everything after a start.
    Background,
}

/// A queue of subjects for several workers.
#[derive(Debug, Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    ready: Waiting,
    /// Those that have or want a worker.
    lanes: HashMap<Party, Lane>,
    /// Whose these lanes are, in turn.
    turns: VecDeque<Party>,
    /// How many workers those of namespaces have.
    of_tenants: usize,
    /// Those that are ready, and whose party has its share of the workers already.
    parked: HashMap<Subject, Party>,
    /// Whether a lane goes before those that were not looked at yet.
    lanes_first: bool,
    timers: BTreeSet<(Instant, Subject)>,
    timer_of: HashMap<Subject, Instant>,
    running: HashMap<Subject, (Instant, Option<Party>)>,
    again: HashMap<Subject, Urgency>,
    closed: bool,
    held: bool,
}

/// What one party has of the workers, and who waits for one.
#[derive(Debug, Default)]
struct Lane {
    running: usize,
    waiting: Waiting,
}

impl Inner {
    fn make_ready(&mut self, subject: Subject, urgency: Urgency) {
        if let Some(at) = self.timer_of.remove(&subject) {
            self.timers.remove(&(at, subject.clone()));
        }
        if self.running.contains_key(&subject) {
            let kept = self.again.entry(subject).or_insert(urgency);
            *kept = urgency.min(*kept);
            return;
        }
        if let Some(lane) = self
            .parked
            .get(&subject)
            .and_then(|party| self.lanes.get_mut(party))
        {
            lane.waiting.add(subject, urgency);
            return;
        }
        self.ready.add(subject, urgency);
    }

    /// The most urgent subject whose server has not got its share of the workers.
    fn pop(&mut self, share: usize, server_of: &impl Fn(&Subject) -> Option<ServerKey>) -> Option<Subject> {
        self.lanes_first = !self.lanes_first;
        for urgency in [Urgency::Change, Urgency::Background] {
            let found = if self.lanes_first {
                self.pop_lane(urgency, share)
                    .or_else(|| self.pop_ready(urgency, share, server_of))
            } else {
                self.pop_ready(urgency, share, server_of)
                    .or_else(|| self.pop_lane(urgency, share))
            };
            if let Some((subject, party)) = found {
                if let Some(party) = &party {
                    self.lane(party).running += 1;
                    self.of_tenants += usize::from(party.is_tenant());
                }
                self.running.insert(subject.clone(), (Instant::now(), party));
                return Some(subject);
            }
        }
        None
    }

    fn lane(&mut self, party: &Party) -> &mut Lane {
        if !self.lanes.contains_key(party) {
            self.turns.push_back(party.clone());
        }
        self.lanes.entry(party.clone()).or_default()
    }

    /// Whether there is a worker left for tenants.
    fn tenants_have_room(&self, share: usize) -> bool {
        self.of_tenants < share.saturating_mul(SHARES_OF_TENANTS)
    }

    /// One party after the other, so that each gets on.
    fn pop_lane(&mut self, urgency: Urgency, share: usize) -> Option<(Subject, Option<Party>)> {
        let tenants_have_room = self.tenants_have_room(share);
        let lanes = &mut self.lanes;
        let (turn, subject) = self.turns.iter().enumerate().find_map(|(turn, party)| {
            let may = tenants_have_room || !party.is_tenant();
            let lane = lanes.get_mut(party).filter(|lane| may && lane.running < share)?;
            Some((turn, lane.waiting.pop(urgency)?))
        })?;
        let party = self.turns.remove(turn)?;
        self.turns.push_back(party.clone());
        self.parked.remove(&subject);
        Some((subject, Some(party)))
    }

    fn pop_ready(
        &mut self,
        urgency: Urgency,
        share: usize,
        server_of: &impl Fn(&Subject) -> Option<ServerKey>,
    ) -> Option<(Subject, Option<Party>)> {
        while let Some(subject) = self.ready.pop(urgency) {
            let Some(server) = server_of(&subject) else {
                return Some((subject, None));
            };
            let party = Party::of(server);
            let may = !party.is_tenant() || self.tenants_have_room(share);
            let lane = self.lane(&party);
            if may && lane.running < share {
                return Some((subject, Some(party)));
            }
            lane.waiting.add(subject.clone(), urgency);
            self.parked.insert(subject, party);
        }
        None
    }

    fn leave(&mut self, party: &Party) {
        let Some(lane) = self.lanes.get_mut(party) else {
            return;
        };
        lane.running = lane.running.saturating_sub(1);
        self.of_tenants = self.of_tenants.saturating_sub(usize::from(party.is_tenant()));
        if lane.running == 0 && lane.waiting.len() == 0 {
            self.lanes.remove(party);
            self.turns.retain(|other| other != party);
        }
    }

    fn ring(&mut self, now: Instant) {
        while let Some((at, _)) = self.timers.first()
            && *at <= now
            && let Some((_, subject)) = self.timers.pop_first()
        {
            self.timer_of.remove(&subject);
            self.make_ready(subject, Urgency::Background);
        }
    }
}

impl Queue {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a look at `subject` as soon as a worker is free.
    pub fn push(&self, subject: Subject, urgency: Urgency) {
        self.inner().make_ready(subject, urgency);
        self.news.notify_one();
    }

    /// Asks for a look at `subject` at `at`, unless an earlier one is asked for already.
    pub fn push_at(&self, subject: Subject, at: Instant) {
        let mut inner = self.inner();
        match inner.timer_of.get(&subject).copied() {
            Some(earlier) if earlier <= at => return,
            Some(later) => {
                inner.timers.remove(&(later, subject.clone()));
            }
            None => {}
        }
        inner.timer_of.insert(subject.clone(), at);
        inner.timers.insert((at, subject));
        drop(inner);
        self.news.notify_one();
    }

    /// The next subject; it is nobody else's until [`Queue::done`]. `None` once the queue is closed. A server, as
    /// `server_of` tells it, gets `share` of the workers at most: one that is slow keeps none from the others. Those of a
    /// namespace get one share together.
    pub async fn next(
        &self,
        share: usize,
        server_of: impl Fn(&Subject) -> Option<ServerKey>,
    ) -> Option<Subject> {
        loop {
            let next_timer = {
                let mut inner = self.inner();
                if inner.closed {
                    return None;
                }
                if inner.held {
                    None
                } else {
                    inner.ring(Instant::now());
                    if let Some(subject) = inner.pop(share, &server_of) {
                        drop(inner);
                        // There may be more for another worker.
                        self.news.notify_one();
                        return Some(subject);
                    }
                    inner.timers.first().map(|(at, _)| *at)
                }
            };
            match next_timer {
                Some(at) => {
                    tokio::select! {
                        () = self.news.notified() => {}
                        () = tokio::time::sleep_until(at) => {}
                    }
                }
                None => self.news.notified().await,
            }
        }
    }

    /// Gives a subject back. If somebody asked for it meanwhile it is ready at once.
    pub fn done(&self, subject: &Subject) {
        let mut inner = self.inner();
        if let Some((_, Some(party))) = inner.running.remove(subject) {
            inner.leave(&party);
        }
        if let Some(urgency) = inner.again.remove(subject) {
            inner.make_ready(subject.clone(), urgency);
        }
        drop(inner);
        self.news.notify_one();
    }

    /// Lets every worker go home after what it has in hand.
    pub fn close(&self) {
        self.inner().closed = true;
        self.news.notify_waiters();
        // A worker that was not waiting yet finds this one.
        self.news.notify_one();
    }

    /// Gives nothing out until it is told otherwise. What is asked for is kept.
    pub fn hold(&self, held: bool) {
        self.inner().held = held;
        self.news.notify_one();
    }

    /// How many subjects wait for a worker.
    pub fn depth(&self) -> usize {
        let inner = self.inner();
        inner.ready.len() + inner.parked.len()
    }

    /// Since when the longest look that is under way has been going on.
    pub fn oldest_running(&self) -> Option<Instant> {
        self.inner().running.values().map(|(since, _)| *since).min()
    }
}
