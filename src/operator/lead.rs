//! Which of several operators works: the one whose claim on the Lease is current.
//!
//! It only saves work. A claim ends by itself on the holder's own monotonic clock, and is asked right before every
//! step; yet no question asked before a request fences it, so what keeps two operators apart is the ledger.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::time::Instant;

use super::world::Operator;
use crate::cluster::lease::{LeaseRecord, Leases, SeenLease};
use crate::model::Refusal;

/// Others leave a Lease alone for this long after they saw it renewed, in seconds.
const DURATION_SECONDS: i32 = 15;
/// What a Lease asks for is heeded up to this, so that a slip in an edit by hand does not stop the work for days.
const LONGEST_SECONDS: i32 = 60;
/// A claim lasts for so long after the renewal was sent: a little shorter than others wait, for requests that are sent at
/// its very end.
const CLAIM: Duration = Duration::from_secs(13);
/// A Lease that is held is renewed this often.
const RENEW: Duration = Duration::from_secs(5);
/// A Lease that somebody else holds is looked at this often.
const LOOK: Duration = Duration::from_secs(2);
/// One request may take this long, so that there are several tries within a claim.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(4);
/// The release at the end may take this long.
const RELEASE_LIMIT: Duration = Duration::from_secs(5);
/// Each turn ends long before this; one that does not is stuck.
pub const STUCK_AFTER: Duration = Duration::from_secs(60);

/// The right to work, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who has it.
    pub holder: String,
    /// When it ends, by two clocks: the monotonic one stops while a machine sleeps, the other one can be set. `None`:
    /// never, where there is no election.
    ends: Option<(Instant, Timestamp)>,
}

impl Claim {
    /// Whether it still holds.
    pub fn is_current(&self) -> bool {
        self.ends
            .is_none_or(|(own, wall)| Instant::now() < own && Timestamp::now() < wall)
    }
}

/// Whether this process leads, for everybody to ask.
#[derive(Debug)]
pub struct Leadership {
    claim: watch::Sender<Option<Claim>>,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    beat: Option<Instant>,
    other: Option<String>,
    trouble: Option<String>,
    failures: u64,
}

impl Default for Leadership {
    fn default() -> Self {
        Self {
            claim: watch::Sender::new(None),
            notes: Mutex::default(),
        }
    }
}

impl Leadership {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process may work now. Ask right before a mutation, not earlier.
    pub fn is_current(&self) -> bool {
        self.claim.borrow().as_ref().is_some_and(Claim::is_current)
    }

    /// There is no election: this process works.
    pub fn without_election(&self, holder: &str) {
        self.claim.send_replace(Some(Claim {
            holder: holder.to_owned(),
            ends: None,
        }));
    }

    /// Waits until this process leads, or until it does not.
    pub async fn until(&self, leads: bool) {
        let mut claims = self.claim.subscribe();
        loop {
            let (current, ends) = {
                let claim = claims.borrow_and_update();
                let current = claim.as_ref().is_some_and(Claim::is_current);
                (current, claim.as_ref().and_then(|claim| claim.ends))
            };
            if current == leads {
                return;
            }
            // A claim that is not renewed ends without anybody saying so.
            let end = async {
                match ends {
                    Some((own, _)) if current => tokio::time::sleep_until(own).await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = claims.changed() => if changed.is_err() { return },
                () = end => {}
            }
        }
    }

    /// For how long the election has shown no sign of life; `None` while there is none.
    pub fn silent_for(&self) -> Option<Duration> {
        self.notes().beat.map(|beat| beat.elapsed())
    }

    /// How often the Lease could not be read or written.
    pub fn failures(&self) -> u64 {
        self.notes().failures
    }

    /// Why this process cannot find out who leads. A leader in trouble is one until its claim ends.
    pub fn trouble(&self) -> Option<String> {
        let leads = self.is_current();
        self.notes().trouble.clone().filter(|_| !leads)
    }

    /// In a word or two, for a person.
    pub fn described(&self) -> String {
        match (self.is_current(), &self.notes().other) {
            (true, _) => "leading".to_owned(),
            (false, Some(other)) => format!("standby, {other} holds the Lease"),
            (false, None) => "standby".to_owned(),
        }
    }

    fn claims(&self, claim: Claim) {
        self.notes().other = None;
        self.claim.send_replace(Some(claim));
    }

    fn claims_nothing(&self, other: Option<&str>) {
        self.notes().other = other.map(str::to_owned);
        self.claim.send_if_modified(|claim| claim.take().is_some());
    }
}

/// Somebody who wants to lead.
pub struct Candidate {
    leadership: Arc<Leadership>,
    leases: Box<dyn Leases>,
    me: String,
    /// The Lease as we wrote it last.
    mine: Option<SeenLease>,
    /// What somebody else wrote, and since when it has been so, by our clock.
    watched: Option<(LeaseRecord, Instant)>,
}

impl Candidate {
    /// Somebody of this name, which nobody else has: not even the process that ran here before.
    pub fn new(leadership: Arc<Leadership>, leases: Box<dyn Leases>, me: String) -> Self {
        Self {
            leadership,
            leases,
            me,
            mine: None,
            watched: None,
        }
    }

    /// Takes part until it is told to stop, and then gives the Lease back.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            self.leadership.notes().beat = Some(Instant::now());
            let pause = self.turn().await;
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.leadership.claims_nothing(None);
        self.leadership.notes().beat = None;
        if tokio::time::timeout(RELEASE_LIMIT, self.release()).await.is_err() {
            tracing::info!("the Lease could not be released in time; it ends by itself");
        }
    }

    /// Renews, takes or watches the Lease once; how long to wait then.
    async fn turn(&mut self) -> Duration {
        match self.attempt().await {
            Ok(pause) => {
                if self.leadership.notes().trouble.take().is_some() {
                    tracing::info!("the Lease can be used again");
                }
                pause
            }
            Err(why) => {
                let mut notes = self.leadership.notes();
                notes.failures += 1;
                // Once, and not every two seconds for as long as it lasts.
                if notes.trouble.is_none() {
                    tracing::warn!(
                        why,
                        "the Lease cannot be used; tried again, and a claim ends by itself"
                    );
                }
                notes.trouble = Some(why);
                jittered(LOOK)
            }
        }
    }

    async fn attempt(&mut self) -> Result<Duration, String> {
        if let Some(mine) = self.mine.take()
            && let Some(pause) = self.write(Some(&mine)).await?
        {
            return Ok(pause);
        }
        // It is not known what the Lease says, or it is not what it was.
        let seen = self.leases.read().await.map_err(|unread| unread.why)?;
        let other = seen.as_ref().and_then(|seen| seen.record.holder.clone());
        if let (Some(seen), Some(other)) = (&seen, other.filter(|other| *other != self.me)) {
            self.leadership.claims_nothing(Some(&other));
            let left = self.left(&seen.record);
            if !left.is_zero() {
                return Ok(left.min(jittered(LOOK)));
            }
        }
        // Somebody else was faster: they are looked at in a moment.
        Ok(self.write(seen.as_ref()).await?.unwrap_or(jittered(LOOK / 10)))
    }

    /// How long somebody else's Lease is to be left alone. Neither their clock nor the difference between the clocks
    /// matters: what counts is for how long we have seen the same.
    fn left(&mut self, record: &LeaseRecord) -> Duration {
        let now = Instant::now();
        let since = match &self.watched {
            Some((watched, since)) if watched == record => *since,
            _ => {
                self.watched = Some((record.clone(), now));
                now
            }
        };
        let seconds = record.duration_seconds.unwrap_or(DURATION_SECONDS);
        let seconds = seconds.clamp(DURATION_SECONDS, LONGEST_SECONDS).unsigned_abs();
        Duration::from_secs(seconds.into()).saturating_sub(now - since)
    }

    /// Writes that the Lease is ours. `None`: it is not the one that was seen any more.
    async fn write(&mut self, over: Option<&SeenLease>) -> Result<Option<Duration>, String> {
        // Before it is sent: from when it is written on others may count.
        let (began, began_at) = (Instant::now(), Timestamp::now());
        let before = over.map(|seen| seen.record.clone()).unwrap_or_default();
        let again = before.holder.as_ref() == Some(&self.me);
        let record = LeaseRecord {
            holder: Some(self.me.clone()),
            duration_seconds: Some(DURATION_SECONDS),
            acquired: before.acquired.filter(|_| again).or(Some(began_at)),
            renewed: Some(began_at),
            transitions: before
                .transitions
                .saturating_add(i32::from(over.is_some() && !again)),
        };
        match self.leases.write(&record, over).await {
            Ok(seen) => {
                self.mine = Some(seen);
                self.watched = None;
                let wall = SignedDuration::try_from(CLAIM).unwrap_or(SignedDuration::ZERO);
                let ends = Some((began + CLAIM, began_at.saturating_add(wall).unwrap_or(began_at)));
                let holder = self.me.clone();
                self.leadership.claims(Claim { holder, ends });
                Ok(Some(jittered(RENEW)))
            }
            Err(Refusal::Stale) => Ok(None),
            Err(Refusal::Denied(why) | Refusal::Unavailable(why)) => Err(why),
            Err(Refusal::NamespaceTerminating) => Err("its namespace is being deleted".to_owned()),
        }
    }

    async fn release(&mut self) {
        let mine = match self.mine.take() {
            Some(mine) => Some(mine),
            // The answer to the last renewal may have been lost.
            None => self.leases.read().await.ok().flatten(),
        };
        let Some(mine) = mine.filter(|seen| seen.record.holder.as_ref() == Some(&self.me)) else {
            return;
        };
        let record = LeaseRecord {
            holder: None,
            duration_seconds: Some(1),
            renewed: Some(Timestamp::now()),
            ..mine.record.clone()
        };
        match self.leases.write(&record, Some(&mine)).await {
            Ok(_) => tracing::info!("the Lease is released"),
            Err(why) => tracing::info!(?why, "the Lease was not released; it ends by itself"),
        }
    }
}

/// Lets the workers work while this process leads, and rest while it does not.
pub async fn follow(operator: &Operator) {
    loop {
        operator.leadership.until(true).await;
        tracing::info!("leading: every client is looked at");
        operator.queue.hold(false);
        operator.look_at_everything();
        operator.leadership.until(false).await;
        tracing::warn!("not leading any more: nothing is begun until this process leads again");
        operator.queue.hold(true);
    }
}

/// Give or take a tenth, so that candidates do not keep in step.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.9 + 0.2 * rand::random::<f64>())
}

#[cfg(test)]
#[path = "lead/tests.rs"]
mod tests;
