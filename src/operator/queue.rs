//! What is looked at next: each subject at most once at a time, user changes before background work, namespaces in
//! turn, and no server with more than its share of the workers.
//!
//! Tenants make as many servers as they like, and each may be slow on purpose: so those of one namespace have one share
//! together, and all of them no more than [`SHARES_OF_TENANTS`], however many workers wait for them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

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

/// Subjects that are ready, by urgency.
#[derive(Debug, Default)]
struct Waiting(BTreeMap<Urgency, Rota>);

impl Waiting {
    fn add(&mut self, subject: Subject, urgency: Urgency) {
        if urgency == Urgency::Change {
            self.0.entry(Urgency::Background).or_default().remove(&subject);
        } else if self
            .0
            .get(&Urgency::Change)
            .is_some_and(|rota| rota.members.contains(&subject))
        {
            return;
        }
        self.0.entry(urgency).or_default().push(subject);
    }

    fn pop(&mut self, urgency: Urgency) -> Option<Subject> {
        self.0.get_mut(&urgency)?.pop()
    }

    fn len(&self) -> usize {
        self.0.values().map(|rota| rota.members.len()).sum()
    }
}

/// Subjects that are ready, one namespace after the other, so that a crowd in one delays nobody in another.
#[derive(Debug, Default)]
struct Rota {
    namespaces: VecDeque<String>,
    waiting: HashMap<String, VecDeque<Subject>>,
    members: HashSet<Subject>,
}

impl Rota {
    fn push(&mut self, subject: Subject) {
        if !self.members.insert(subject.clone()) {
            return;
        }
        let namespace = subject.client.namespace.clone();
        let line = self.waiting.entry(namespace.clone()).or_default();
        if line.is_empty() {
            self.namespaces.push_back(namespace);
        }
        line.push_back(subject);
    }

    fn pop(&mut self) -> Option<Subject> {
        let namespace = self.namespaces.pop_front()?;
        let line = self.waiting.get_mut(&namespace)?;
        let subject = line.pop_front()?;
        if line.is_empty() {
            self.waiting.remove(&namespace);
        } else {
            self.namespaces.push_back(namespace);
        }
        self.members.remove(&subject);
        Some(subject)
    }

    fn remove(&mut self, subject: &Subject) {
        if !self.members.remove(subject) {
            return;
        }
        let namespace = &subject.client.namespace;
        if let Some(line) = self.waiting.get_mut(namespace) {
            line.retain(|waiting| waiting != subject);
            if line.is_empty() {
                self.waiting.remove(namespace);
                self.namespaces.retain(|waiting| waiting != namespace);
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::ClientKey;

    fn subject(namespace: &str, name: &str) -> Subject {
        Subject {
            client: ClientKey {
                namespace: namespace.into(),
                name: name.into(),
            },
            namespace_uid: namespace.into(),
        }
    }

    async fn next(queue: &Queue) -> Option<Subject> {
        queue.next(usize::MAX, |_| None).await
    }

    async fn drain(queue: &Queue, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            let subject = next(queue).await.unwrap();
            names.push(subject.to_string());
            queue.done(&subject);
        }
        names
    }

    #[tokio::test(start_paused = true)]
    async fn namespaces_take_turns() {
        let queue = Queue::default();
        for name in ["1", "2", "3"] {
            queue.push(subject("crowd", name), Urgency::Change);
        }
        queue.push(subject("lone", "1"), Urgency::Change);
        assert_eq!(
            drain(&queue, 4).await,
            ["crowd/1", "lone/1", "crowd/2", "crowd/3"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn changes_come_before_background_work() {
        let queue = Queue::default();
        queue.push(subject("a", "old"), Urgency::Background);
        queue.push(subject("a", "both"), Urgency::Background);
        queue.push(subject("a", "both"), Urgency::Change);
        queue.push(subject("a", "both"), Urgency::Background);
        assert_eq!(drain(&queue, 2).await, ["a/both", "a/old"]);
        assert_eq!(queue.depth(), 0, "nothing is in twice");
    }

    #[tokio::test(start_paused = true)]
    async fn a_subject_is_never_in_two_hands() {
        let queue = Queue::default();
        queue.push(subject("a", "1"), Urgency::Change);
        let first = next(&queue).await.unwrap();
        queue.push(first.clone(), Urgency::Change);
        let second = tokio::time::timeout(Duration::from_secs(1), next(&queue)).await;
        assert!(second.is_err(), "it is still in the first worker's hands");
        queue.done(&first);
        assert_eq!(
            next(&queue).await.unwrap(),
            first,
            "and comes back, as it was asked for meanwhile"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn timers_ring_in_time_and_a_change_overtakes_them() {
        let queue = Queue::default();
        let start = Instant::now();
        queue.push_at(subject("a", "late"), start + Duration::from_secs(60));
        queue.push_at(subject("a", "soon"), start + Duration::from_secs(5));
        queue.push_at(subject("a", "soon"), start + Duration::from_secs(50));
        assert_eq!(drain(&queue, 1).await, ["a/soon"]);
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        queue.push(subject("a", "late"), Urgency::Change);
        assert_eq!(drain(&queue, 1).await, ["a/late"]);
        let nothing = tokio::time::timeout(Duration::from_secs(600), next(&queue)).await;
        assert!(nothing.is_err(), "its timer is spent");
    }

    #[tokio::test(start_paused = true)]
    async fn while_it_is_held_nothing_is_given_out_and_nothing_is_lost() {
        let queue = std::sync::Arc::new(Queue::default());
        queue.hold(true);
        queue.push(subject("a", "asked"), Urgency::Change);
        queue.push_at(subject("a", "timed"), Instant::now() + Duration::from_secs(5));
        let nothing = tokio::time::timeout(Duration::from_secs(60), next(&queue)).await;
        assert!(nothing.is_err());
        queue.hold(false);
        assert_eq!(drain(&queue, 2).await, ["a/asked", "a/timed"]);
        queue.hold(true);
        let worker = tokio::spawn({
            let queue = queue.clone();
            async move { next(&queue).await }
        });
        tokio::task::yield_now().await;
        queue.close();
        assert_eq!(worker.await.unwrap(), None, "a stop ends the wait");
    }

    #[tokio::test(start_paused = true)]
    async fn closing_sends_everybody_home() {
        let queue = std::sync::Arc::new(Queue::default());
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { next(&queue).await })
            })
            .collect();
        tokio::task::yield_now().await;
        queue.close();
        for worker in workers {
            assert_eq!(worker.await.unwrap(), None);
        }
    }

    /// The server is told by the beginning of the name.
    fn server_of(subject: &Subject) -> Option<ServerKey> {
        let name = subject.client.name.split('-').next()?.to_owned();
        Some(ServerKey {
            namespace: None,
            name,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_whose_calls_hang_keeps_no_worker_from_another_one() {
        let queue = std::sync::Arc::new(Queue::default());
        let served = std::sync::Arc::new(Mutex::new(Vec::new()));
        for number in 0..100 {
            queue.push(subject("a", &format!("hung-{number}")), Urgency::Change);
        }
        for _ in 0..8 {
            let (queue, served) = (queue.clone(), served.clone());
            tokio::spawn(async move {
                while let Some(subject) = queue.next(2, server_of).await {
                    let work = if subject.client.name.starts_with("hung") {
                        30
                    } else {
                        1
                    };
                    tokio::time::sleep(Duration::from_secs(work)).await;
                    served.lock().unwrap().push(subject.client.name.clone());
                    queue.done(&subject);
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(queue.depth(), 98, "two have a worker");
        // Even in the same namespace, and even if it is less urgent.
        queue.push(subject("a", "well-1"), Urgency::Background);
        queue.push(subject("b", "well-2"), Urgency::Change);
        tokio::time::sleep(Duration::from_secs(1)).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        let mut found = served.lock().unwrap().clone();
        found.sort();
        assert_eq!(found, ["well-1", "well-2"], "no later than their own work takes");
        // Who waits for the slow server is not forgotten: two at a time.
        tokio::time::sleep(Duration::from_secs(50 * 30)).await;
        assert_eq!(served.lock().unwrap().len(), 102);
        assert_eq!(queue.depth(), 0);
        assert!(queue.inner().lanes.is_empty());
    }

    /// With a server of its own in each namespace but one, and many in each.
    #[tokio::test(start_paused = true)]
    async fn tenants_with_slow_servers_keep_no_worker_from_those_of_the_cluster() {
        let server_of = |subject: &Subject| {
            let namespace = &subject.client.namespace;
            Some(ServerKey {
                namespace: (namespace != "bob").then(|| namespace.clone()),
                name: subject.client.name.clone(),
            })
        };
        let queue = Queue::default();
        for number in 0..60 {
            let subject = subject(&format!("tenant-{}", number % 6), &format!("slow-{number}"));
            queue.push(subject, Urgency::Change);
        }
        queue.push(subject("bob", "well"), Urgency::Change);
        // Of sixteen workers, with shares of four.
        let mut hands = Vec::new();
        while let Ok(next) = tokio::time::timeout(Duration::from_secs(1), queue.next(4, server_of)).await {
            hands.push(next.unwrap());
        }
        let of = |namespace: &str| {
            let taken = hands.iter();
            taken.filter(|taken| taken.client.namespace == namespace).count()
        };
        assert_eq!((hands.len(), of("bob")), (9, 1), "two shares, and bob");
        assert!((0..6).all(|n| of(&format!("tenant-{n}")) <= 4));
        // What they give back others of them get.
        for subject in &hands {
            queue.done(subject);
        }
        for _ in 0..52 {
            let next = queue.next(4, server_of).await.unwrap();
            queue.done(&next);
        }
        assert_eq!((queue.depth(), queue.inner().of_tenants), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn one_namespace_has_one_share_for_all_its_servers() {
        let server_of = |subject: &Subject| {
            Some(ServerKey {
                namespace: Some(subject.client.namespace.clone()),
                name: subject.client.name.clone(),
            })
        };
        let queue = Queue::default();
        for number in 0..20 {
            queue.push(subject("mallory", &number.to_string()), Urgency::Change);
        }
        queue.push(subject("bob", "well"), Urgency::Change);
        let mut hands = Vec::new();
        while let Ok(next) = tokio::time::timeout(Duration::from_secs(1), queue.next(4, server_of)).await {
            hands.push(next.unwrap().client.namespace);
        }
        hands.sort();
        assert_eq!(hands, ["bob", "mallory", "mallory", "mallory", "mallory"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_server_is_there_once_and_a_change_goes_first() {
        let queue = Queue::default();
        for name in ["slow-1", "slow-2", "slow-3"] {
            queue.push(subject("a", name), Urgency::Background);
        }
        let first = queue.next(1, server_of).await.unwrap();
        let nothing = tokio::time::timeout(Duration::from_secs(1), queue.next(1, server_of)).await;
        assert!(nothing.is_err());
        queue.push(subject("a", "slow-3"), Urgency::Change);
        queue.push(subject("a", "slow-3"), Urgency::Background);
        assert_eq!(queue.depth(), 2);
        queue.done(&first);
        for expected in ["a/slow-3", "a/slow-2"] {
            let found = queue.next(1, server_of).await.unwrap();
            assert_eq!(found.to_string(), expected);
            queue.done(&found);
        }
        assert_eq!(queue.depth(), 0);
    }

    #[tokio::test]
    async fn servers_take_turns() {
        let queue = Queue::default();
        for number in 0..8 * 400 {
            queue.push(
                subject(&format!("n{}", number % 7), &format!("s{}-{number}", number % 8)),
                Urgency::Background,
            );
        }
        let mut hands = VecDeque::new();
        for _ in 0..64 {
            hands.push_back(queue.next(16, server_of).await.unwrap());
        }
        let mut served: HashMap<ServerKey, usize> = HashMap::new();
        for _ in 0..1_600 {
            let subject = hands.pop_front().unwrap();
            *served.entry(server_of(&subject).unwrap()).or_default() += 1;
            queue.done(&subject);
            hands.push_back(queue.next(16, server_of).await.unwrap());
        }
        let (least, most) = (served.values().min().unwrap(), served.values().max().unwrap());
        assert!(served.len() == 8 && *least > 100 && *most < 300, "{served:?}");
    }
}
