//! A small copy of one kind of object, kept true by a watch of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::Request;
use futures::{Stream, StreamExt};
use kube::Client;
use kube::client::Body;
use kube::runtime::WatchStreamExt;
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, Event};
use tokio::time::Instant;

/// What one watch of a kind covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// All there is of it.
    Whole,
    /// What is in one namespace. That it is refused to us holds nothing else up, as others may decide it.
    Namespace(String),
}

impl Part {
    fn holds<K: Placed>(&self, key: &K) -> bool {
        match self {
            Self::Whole => true,
            Self::Namespace(name) => key.namespace() == Some(name),
        }
    }
}

/// A key that tells in which namespace its object is.
pub trait Placed {
    /// The namespace; `None` where objects are in none.
    fn namespace(&self) -> Option<&str>;
}

/// What is kept of each object: no more than is needed, so that memory does not follow the size of objects. Each part has
/// a watch of its own.
#[derive(Debug)]
pub struct Mirror<K, V> {
    inner: Mutex<Inner<K, V>>,
}

#[derive(Debug)]
struct Inner<K, V> {
    objects: HashMap<K, V>,
    parts: BTreeMap<Part, Shared>,
    /// Whether it is known which parts there are.
    all_known: bool,
}

/// How the watch of a part is.
#[derive(Debug, Default)]
struct Pulse {
    /// When it last did anything: asked, got an answer, an event or an error. `None` while it is not under way.
    active: Option<Instant>,
    /// What keeps it from seeing anything.
    trouble: Option<String>,
    /// That is a refusal, of a part that others may refuse to us.
    refused: bool,
    /// It has seen a whole list.
    complete: bool,
}

impl Pulse {
    fn heard(&mut self, trouble: Option<(String, bool)>) {
        self.active = Some(Instant::now());
        self.refused = trouble.as_ref().is_some_and(|(_, refused)| *refused);
        self.trouble = trouble.map(|(why, _)| why);
    }
}

type Shared = Arc<Mutex<Pulse>>;

fn locked(pulse: &Mutex<Pulse>) -> MutexGuard<'_, Pulse> {
    pulse.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a watch in trouble waits until it is tried again: longer from time to time, and never long.
///
/// The usual backoff of watches waits for up to a minute. After an API server was away that is paid twice, because its
/// first answer is mostly that what the watch goes on from is no longer kept; and all that while changes go unseen. A
/// handful of watches that ask every few seconds are no burden to an API server that comes back.
#[derive(Debug)]
struct Patience(Duration);

impl Patience {
    const SHORTEST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(4);
}

impl Default for Patience {
    fn default() -> Self {
        Self(Self::SHORTEST)
    }
}

impl Iterator for Patience {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let now = self.0;
        self.0 = now.saturating_mul(2).min(Self::LONGEST);
        // So that the watches do not ask all at once.
        Some(now.mul_f64(rand::random_range(1.0..1.5)))
    }
}

impl Backoff for Patience {
    fn reset(&mut self) {
        *self = Self::default();
    }
}

/// How often a watch was refused in a row. It is tried again more rarely than one in trouble: somebody has to act.
#[derive(Debug, Default)]
struct Refusals(u32);

impl Refusals {
    const LONGEST: Duration = Duration::from_secs(15);

    /// Tells of the first one, and waits for longer after each.
    async fn wait(&mut self, part: &Part, trouble: &str) {
        if let (0, Part::Namespace(namespace)) = (self.0, part) {
            tracing::warn!(%namespace, error = trouble, "a watch is refused; it is tried again with growing pauses");
        }
        let pause = Duration::from_secs(1_u64.checked_shl(self.0).unwrap_or(u64::MAX));
        self.0 = self.0.saturating_add(1);
        tokio::time::sleep(pause.min(Self::LONGEST)).await;
    }
}

/// Says that a watch is under way until it is dropped.
struct UnderWay<'a>(&'a Mutex<Pulse>);

impl<'a> UnderWay<'a> {
    fn begin(pulse: &'a Mutex<Pulse>) -> Self {
        locked(pulse).active = Some(Instant::now());
        Self(pulse)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        locked(self.0).active = None;
    }
}

impl<K, V> Default for Mirror<K, V> {
    fn default() -> Self {
        Self::of([Part::Whole])
    }
}

impl<K, V> Mirror<K, V> {
    /// Of exactly these parts, and of nothing where there are none.
    pub fn of(parts: impl IntoIterator<Item = Part>) -> Self {
        let parts = parts.into_iter().map(|part| (part, Shared::default())).collect();
        let inner = Inner {
            objects: HashMap::new(),
            parts,
            all_known: true,
        };
        Self {
            inner: Mutex::new(inner),
        }
    }

    /// The same, and of more parts that are not known yet; not complete until [`Mirror::parts_are_known`].
    #[must_use]
    pub fn and_more(mut self) -> Self {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        inner.all_known = false;
        self
    }
}

/// What a watch brought: the value before and after. Both are there on a change.
#[derive(Debug)]
pub struct Change<K, V> {
    /// Which object.
    pub key: K,
    /// What was kept of it.
    pub before: Option<V>,
    /// What is kept of it now; `None` when it is gone.
    pub after: Option<V>,
}

impl<K: Clone + Eq + Hash + Placed, V: Clone> Mirror<K, V> {
    fn inner(&self) -> MutexGuard<'_, Inner<K, V>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of an object.
    pub fn get(&self, key: &K) -> Option<V> {
        self.inner().objects.get(key).cloned()
    }

    /// Everything that passes the filter.
    pub fn select(&self, mut filter: impl FnMut(&K, &V) -> bool) -> Vec<(K, V)> {
        let inner = self.inner();
        let chosen = inner.objects.iter().filter(|(key, value)| filter(key, value));
        chosen.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The sum of a number of each object.
    pub fn sum(&self, number: impl FnMut(&V) -> u32) -> u32 {
        self.inner()
            .objects
            .values()
            .map(number)
            .fold(0, u32::saturating_add)
    }

    /// How many objects pass the filter.
    pub fn count(&self, mut filter: impl FnMut(&V) -> bool) -> usize {
        self.inner()
            .objects
            .values()
            .filter(|value| filter(value))
            .count()
    }

    /// All parts that were known to come are there.
    pub fn parts_are_known(&self) {
        self.inner().all_known = true;
    }

    /// Begins a part; nothing of it has been seen.
    pub fn open(&self, part: Part) {
        self.inner().parts.entry(part).or_default();
    }

    /// Ends the parts of all namespaces but these, whose watches have ended. What was kept of them is forgotten, which does
    /// not mean that it is gone: nobody is told.
    pub fn keep_only(&self, names: &BTreeSet<String>) {
        let ends = |part: &Part| matches!(part, Part::Namespace(name) if !names.contains(name));
        let mut inner = self.inner();
        let ended: Vec<Part> = inner
            .parts
            .extract_if(.., |part, _| ends(part))
            .map(|(part, _)| part)
            .collect();
        inner
            .objects
            .retain(|key, _| !ended.iter().any(|part| part.holds(key)));
    }

    fn pulses(&self) -> Vec<(Part, Shared)> {
        let inner = self.inner();
        let pulses = inner.parts.iter();
        pulses
            .map(|(part, pulse)| (part.clone(), pulse.clone()))
            .collect()
    }

    fn pulse(&self, part: &Part) -> Shared {
        self.inner().parts.entry(part.clone()).or_default().clone()
    }

    /// Whether a whole list has been seen of every part, but for those that are refused to us.
    pub fn is_complete(&self) -> bool {
        let settled = |pulse: &Shared| {
            let pulse = locked(pulse);
            pulse.complete || pulse.refused
        };
        let inner = self.inner();
        inner.all_known && inner.parts.values().all(settled)
    }

    /// Whether a whole list has been seen of this part.
    pub fn has_seen(&self, part: &Part) -> bool {
        let inner = self.inner();
        inner.parts.get(part).is_some_and(|pulse| locked(pulse).complete)
    }

    /// What a watch is in trouble with now, but for those that are refused to us.
    pub fn trouble(&self) -> Option<String> {
        self.pulses().into_iter().find_map(|(part, pulse)| {
            let pulse = locked(&pulse);
            let trouble = pulse.trouble.as_ref().filter(|_| !pulse.refused)?;
            Some(match part {
                Part::Whole => trouble.clone(),
                Part::Namespace(name) => format!("{name}: {trouble}"),
            })
        })
    }

    /// The namespaces of which nothing is seen because it is refused to us.
    pub fn refused(&self) -> Vec<String> {
        let refused = self
            .pulses()
            .into_iter()
            .filter(|(_, pulse)| locked(pulse).refused);
        let named = refused.filter_map(|(part, _)| match part {
            Part::Namespace(name) => Some(name),
            Part::Whole => None,
        });
        named.collect()
    }

    fn set(&self, key: K, after: Option<V>) -> Change<K, V> {
        let mut inner = self.inner();
        let before = match &after {
            Some(value) => inner.objects.insert(key.clone(), value.clone()),
            None => inner.objects.remove(&key),
        };
        Change { key, before, after }
    }

    /// Replaces a part by a new list; tells what is gone.
    fn replace(&self, part: &Part, pulse: &Shared, mut listed: HashMap<K, V>) -> Vec<Change<K, V>> {
        let mut inner = self.inner();
        let gone: Vec<_> = inner
            .objects
            .extract_if(|key, _| part.holds(key) && !listed.contains_key(key))
            .collect();
        inner.objects.extend(listed.drain());
        locked(pulse).complete = true;
        let gone = gone.into_iter().map(|(key, value)| Change {
            key,
            before: Some(value),
            after: None,
        });
        gone.collect()
    }

    /// How long ago the watch that has been silent for longest last did anything, be it in vain; `None` while none is under
    /// way.
    pub fn silent_for(&self) -> Option<Duration> {
        let pulses = self.pulses().into_iter();
        let silent = pulses.filter_map(|(_, pulse)| locked(&pulse).active.map(|at| at.elapsed()));
        silent.max()
    }

    /// The client for the watch of a part. A watch says nothing of its own of bookmarks, nor of the request by which it
    /// begins again every forty seconds, so where nothing changes only its requests tell a watch that is well from one
    /// that is stuck.
    pub fn through(&self, part: &Part, client: &Client) -> Client {
        let (client, pulse) = (client.clone(), self.pulse(part));
        let service = tower::service_fn(move |request: Request<Body>| {
            let (client, pulse) = (client.clone(), pulse.clone());
            async move {
                locked(&pulse).active = Some(Instant::now());
                let answer = client.send(request).await?;
                if answer.status().is_success() {
                    locked(&pulse).heard(None);
                }
                Ok::<_, kube::Error>(answer)
            }
        });
        Client::new(service, "default")
    }

    /// Where a part is one object that is looked at again and again, as it cannot be watched: what a look has shown.
    pub fn looked(&self, part: &Part, (key, value): (K, V)) -> Change<K, V> {
        let pulse = self.pulse(part);
        let mut well = locked(&pulse);
        well.heard(None);
        well.complete = true;
        drop(well);
        self.set(key, Some(value))
    }

    /// The same where a look has shown nothing. What was seen before is kept. Whether that is news.
    pub fn looked_in_vain(&self, part: &Part, why: String, refused: bool) -> bool {
        let pulse = self.pulse(part);
        let mut pulse = locked(&pulse);
        let news = pulse.trouble.is_none();
        pulse.heard(Some((why, refused)));
        news
    }

    /// Follows the watch of a part for ever with a backoff of its own, keeps what `reduce` makes of each object (`None`: as if it were
    /// gone), and tells of every change. A bad hour of the API server never ends it. Kinds whose objects may be unreadable
    /// are watched as [`DeserializeGuard`](kube::core::DeserializeGuard), so that one such object does not hide the others.
    pub async fn run<O: Send + 'static>(
        &self,
        part: &Part,
        events: impl Stream<Item = watcher::Result<Event<O>>> + Send,
        reduce: impl Fn(&O) -> (K, Option<V>),
        mut told: impl FnMut(Change<K, V>),
    ) {
        let pulse = self.pulse(part);
        let _under_way = UnderWay::begin(&pulse);
        let mut listed: Option<HashMap<K, V>> = None;
        let mut refusals = Refusals::default();
        let mut events = Box::pin(events.backoff(Patience::default()));
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    let trouble = described(&error);
                    let refused = *part != Part::Whole && is_refusal(&error);
                    locked(&pulse).heard(Some((trouble.clone(), refused)));
                    if refused {
                        refusals.wait(part, &trouble).await;
                    } else {
                        tracing::warn!(error = %trouble, "a watch is in trouble; it is tried again");
                    }
                    continue;
                }
            };
            refusals = Refusals::default();
            locked(&pulse).heard(None);
            match event {
                Event::Init => listed = Some(HashMap::new()),
                Event::InitApply(object) => {
                    let (key, value) = reduce(&object);
                    if let (Some(listed), Some(value)) = (&mut listed, &value) {
                        listed.insert(key.clone(), value.clone());
                    }
                    told(self.set(key, value));
                }
                Event::InitDone => {
                    if let Some(listed) = listed.take() {
                        self.replace(part, &pulse, listed).into_iter().for_each(&mut told);
                    }
                }
                Event::Apply(object) => {
                    let (key, value) = reduce(&object);
                    told(self.set(key, value));
                }
                Event::Delete(object) => told(self.set(reduce(&object).0, None)),
            }
        }
    }
}

/// Whether a watch failed for lack of a right.
pub fn is_refusal(error: &watcher::Error) -> bool {
    matches!(
        error,
        watcher::Error::WatchError(status)
        | watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status))
            if status.code == 403
    )
}

/// What is wrong with a watch, for a person. An answer that cannot be read is not quoted: a Secret may be in it.
fn described(error: &watcher::Error) -> String {
    match error {
        watcher::Error::WatchError(status) => format!("{} {}", status.code, status.message),
        watcher::Error::NoResourceVersion => "an answer lacks its resourceVersion".to_owned(),
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => match error {
            kube::Error::Api(status) => format!("{} {}", status.code, status.message),
            kube::Error::SerdeError(_) => "an answer could not be read".to_owned(),
            kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => {
                "the API server cannot be reached".to_owned()
            }
            _ => "the request failed".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
