//! A small copy of one kind of object, kept true by a watch of its own.

use std::collections::HashMap;
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

/// What is kept of each object: no more than is needed, so that memory does not follow the size of objects.
#[derive(Debug)]
pub struct Mirror<K, V> {
    inner: Mutex<Inner<K, V>>,
    pulse: Arc<Mutex<Pulse>>,
}

#[derive(Debug)]
struct Inner<K, V> {
    objects: HashMap<K, V>,
    complete: bool,
}

/// How a watch is.
#[derive(Debug, Default)]
struct Pulse {
    /// When it last did anything: asked, got an answer, an event or an error. `None` while it is not under way.
    active: Option<Instant>,
    /// What keeps it from seeing anything.
    trouble: Option<String>,
}

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
        let inner = Inner {
            objects: HashMap::new(),
            complete: false,
        };
        Self {
            inner: Mutex::new(inner),
            pulse: Arc::default(),
        }
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

impl<K: Clone + Eq + Hash, V: Clone> Mirror<K, V> {
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

    /// Whether a whole list has been seen.
    pub fn is_complete(&self) -> bool {
        self.inner().complete
    }

    /// What the watch is in trouble with now.
    pub fn trouble(&self) -> Option<String> {
        locked(&self.pulse).trouble.clone()
    }

    fn set(&self, key: K, after: Option<V>) -> Change<K, V> {
        let mut inner = self.inner();
        let before = match &after {
            Some(value) => inner.objects.insert(key.clone(), value.clone()),
            None => inner.objects.remove(&key),
        };
        Change { key, before, after }
    }

    /// Replaces everything by a new list; tells what is gone.
    fn replace(&self, listed: HashMap<K, V>) -> Vec<Change<K, V>> {
        let mut inner = self.inner();
        let before = std::mem::replace(&mut inner.objects, listed);
        inner.complete = true;
        let gone = before
            .into_iter()
            .filter(|(key, _)| !inner.objects.contains_key(key));
        gone.map(|(key, value)| Change {
            key,
            before: Some(value),
            after: None,
        })
        .collect::<Vec<_>>()
    }

    fn heard(&self, trouble: Option<String>) {
        let mut pulse = locked(&self.pulse);
        pulse.active = Some(Instant::now());
        pulse.trouble = trouble;
    }

    /// How long ago the watch last did anything, be it in vain; `None` while it is not under way.
    pub fn silent_for(&self) -> Option<Duration> {
        locked(&self.pulse).active.map(|at| at.elapsed())
    }

    /// The client for this mirror's watch. A watch says nothing of its own of bookmarks, nor of the request by which it
    /// begins again every forty seconds, so where nothing changes only its requests tell a watch that is well from one
    /// that is stuck.
    pub fn through(&self, client: &Client) -> Client {
        let (client, pulse) = (client.clone(), self.pulse.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (client, pulse) = (client.clone(), pulse.clone());
            async move {
                locked(&pulse).active = Some(Instant::now());
                let answer = client.send(request).await?;
                if answer.status().is_success() {
                    *locked(&pulse) = Pulse {
                        active: Some(Instant::now()),
                        trouble: None,
                    };
                }
                Ok::<_, kube::Error>(answer)
            }
        });
        Client::new(service, "default")
    }

    /// Follows a watch for ever with a backoff of its own, keeps what `reduce` makes of each object (`None`: as if it were
    /// gone), and tells of every change. A bad hour of the API server never ends it. Kinds whose objects may be unreadable
    /// are watched as [`DeserializeGuard`](kube::core::DeserializeGuard), so that one such object does not hide the others.
    pub async fn run<O: Send + 'static>(
        &self,
        events: impl Stream<Item = watcher::Result<Event<O>>> + Send,
        reduce: impl Fn(&O) -> (K, Option<V>),
        mut told: impl FnMut(Change<K, V>),
    ) {
        let _under_way = UnderWay::begin(&self.pulse);
        let mut listed: Option<HashMap<K, V>> = None;
        let mut events = Box::pin(events.backoff(Patience::default()));
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    let trouble = described(&error);
                    tracing::warn!(error = %trouble, "a watch is in trouble; it is tried again");
                    self.heard(Some(trouble));
                    continue;
                }
            };
            self.heard(None);
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
                        self.replace(listed).into_iter().for_each(&mut told);
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
mod tests {
    use super::*;

    const AWAY: Duration = Duration::from_secs(120);

    #[tokio::test(start_paused = true)]
    async fn a_watch_is_live_soon_after_the_api_server_was_away_for_long() {
        let began = Instant::now();
        let (mut expired, mut asked) = (false, 0_u32);
        let events = futures::stream::iter(std::iter::from_fn(|| {
            asked += 1;
            if began.elapsed() < AWAY {
                return Some(Err(watcher::Error::NoResourceVersion));
            }
            // Once more in vain: what it goes on from is no longer kept.
            if !std::mem::replace(&mut expired, true) {
                return Some(Err(watcher::Error::NoResourceVersion));
            }
            None::<watcher::Result<Event<()>>>
        }));
        let mirror = Mirror::<(), ()>::default();
        mirror.run(events, |()| ((), None), drop).await;
        let after = began.elapsed().saturating_sub(AWAY);
        assert!(after < Duration::from_secs(15), "live after {after:?}");
        assert!(asked < 60, "asked {asked} times within {AWAY:?}");
    }
}
