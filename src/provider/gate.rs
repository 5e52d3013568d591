//! The gate before one server: how many calls, how fast, and none while it makes no sense.
//!
//! A call enters with [`Gate::enter`], holds its [`Permit`] while it is under way and says with [`Permit::done`] what
//! came of it. Waiting calls go in turn by party (a namespace), so that one with many clients does not delay the
//! others. What comes back closes the gate:
//!
//! * `Throttled`: for everybody, until the time that the server gave.
//! * `Denied` for our credential: that is presumed bad, and to go on with it may lock the account. Calls are refused with
//!   the same fault for a growing pause, and then one is let through to see. A gate lives as long as its adapter: whoever
//!   builds a new one, because the credential or the spec changed, builds a new gate too.
//! * `Denied` for a right: the same for the calls of this party alone. What it asked for may be what is refused, and the
//!   others ask for something else.
//! * `Unavailable` or `OutcomeUnknown` several times in a row: the server is dead or too slow. Calls are refused at once
//!   for a short growing pause, and then one is let through to see; so a dead server holds no worker.

mod bucket;
mod line;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::api::Limits;
use crate::model::{Denial, Fault};
use bucket::Bucket;
use line::Line;

/// So many calls in a row that come to nothing show that the server is dead; one or two may be bad luck.
const FAILURES: u32 = 3;
/// Pauses of a server that is dead: short, since to try costs one call, which times out at worst.
const DOWN: Growing = Growing::seconds(1, 60);
/// Pauses of a server that refuses our credential: an account that is locked after some tries must not be.
const DENIED: Growing = Growing::seconds(5, 600);
/// Pauses of a server that asks for fewer requests and does not say for how long.
const THROTTLED: Growing = Growing::seconds(1, 60);
/// While as many calls are under way as may be, another one is tried after this.
const FULL_PAUSE: Duration = Duration::from_secs(1);
/// A party that lacked a right is forgotten so long after its pause.
const FORGOTTEN: Duration = Duration::from_hours(1);
/// No server keeps us away for longer than this at once.
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// The gate before one server. Clones are the same gate.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    max_in_flight: u32,
    state: Mutex<State>,
    /// A call has ended.
    changed: Notify,
}

struct State {
    bucket: Bucket,
    in_flight: u32,
    line: Line<Result<Permit, Fault>>,
    /// What the server asked for.
    paused_until: Option<Instant>,
    /// How often in a row it asked without a time.
    throttled: u32,
    /// Calls in a row that came to nothing.
    failures: u32,
    trouble: Option<Trouble>,
    /// Parties that lack a right.
    denied: BTreeMap<String, Trouble>,
}

/// Why calls are refused.
struct Trouble {
    /// What they are refused with.
    fault: Fault,
    /// When one is let through to see.
    until: Instant,
    /// How often that has been done.
    probed: u32,
    /// One is under way.
    probing: bool,
    pauses: Growing,
}

impl Trouble {
    fn new(fault: Fault, pauses: Growing, now: Instant) -> Self {
        Self {
            fault,
            until: now + pauses.after(0),
            probed: 0,
            probing: false,
            pauses,
        }
    }

    /// Whether the pause is over and the call that begins now may see whether the trouble is.
    fn probe(&mut self, room: bool) -> Result<(), Fault> {
        if self.probing || !room {
            return Err(self.fault.clone());
        }
        self.probing = true;
        Ok(())
    }

    /// It was seen that it goes on.
    fn goes_on(&mut self, now: Instant) {
        self.probed = self.probed.saturating_add(1);
        self.until = now + self.pauses.after(self.probed);
    }
}

/// Pauses that double.
#[derive(Clone, Copy)]
struct Growing {
    first: Duration,
    most: Duration,
}

impl Growing {
    const fn seconds(first: u64, most: u64) -> Self {
        Self {
            first: Duration::from_secs(first),
            most: Duration::from_secs(most),
        }
    }

    fn after(self, earlier: u32) -> Duration {
        let factor = 1_u32.checked_shl(earlier).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.most)
    }
}

/// The right to make one call. It ends when this is dropped.
#[must_use]
pub struct Permit {
    gate: Option<Arc<Inner>>,
    party: String,
    probe: bool,
}

impl Gate {
    /// A gate that nothing has passed.
    pub fn new(limits: &Limits) -> Self {
        Self(Arc::new(Inner {
            max_in_flight: limits.max_in_flight.max(1),
            state: Mutex::new(State {
                bucket: Bucket::new(limits.requests_per_minute, limits.burst),
                in_flight: 0,
                line: Line::default(),
                paused_until: None,
                throttled: 0,
                failures: 0,
                trouble: None,
                denied: BTreeMap::new(),
            }),
            changed: Notify::new(),
        }))
    }

    /// What was known of trouble counts no more, unlike the pause that the server asked for.
    pub fn forget_trouble(&self) {
        let mut state = self.0.state();
        state.failures = 0;
        state.trouble = None;
        state.denied.clear();
    }

    /// A gate with other limits before the same server, which is left alone for as long as it asked for.
    #[must_use]
    pub fn with_limits(&self, limits: &Limits) -> Self {
        let new = Self::new(limits);
        {
            let (old, mut state) = (self.0.state(), new.0.state());
            state.paused_until = old.paused_until;
            state.throttled = old.throttled;
        }
        new
    }

    /// A call that was made without a permit was answered with "too many requests".
    pub fn throttled(&self, until: Option<Timestamp>) {
        let (fault, now) = (Fault::Throttled(until), Instant::now());
        let refused = self.0.state().learn("", false, Err(&fault), now);
        for (turn, fault) in refused {
            turn.send(Err(fault)).ok();
        }
        self.0.changed.notify_waiters();
    }

    /// Until when the server asked to be left alone.
    pub fn paused_until(&self) -> Option<Instant> {
        let now = Instant::now();
        self.0.state().paused_until.filter(|until| *until > now)
    }

    /// Waits for the right to make one call, for at most `max_wait`; `party` is who waits, such as a namespace.
    ///
    /// Refused at once where waiting makes no sense. Nothing was sent then, so the fault is never `OutcomeUnknown`.
    pub async fn enter(&self, party: &str, max_wait: Duration) -> Result<Permit, NoEntry> {
        let deadline = Instant::now() + max_wait;
        let mut turn = match self.0.try_enter(party) {
            Entry::Now(result) => return result.map_err(NoEntry::Fault),
            Entry::Wait(turn) => turn,
        };
        loop {
            // Asked for before the state is looked at, so that no change is missed.
            let changed = self.0.changed.notified();
            let next = self.0.next_start();
            if next.is_some_and(|next| next > deadline) {
                return Err(self.0.gave_up(party));
            }
            tokio::select! {
                biased;
                result = &mut turn => return match result {
                    Ok(result) => result.map_err(NoEntry::Fault),
                    Err(_) => Err(self.0.gave_up(party)),
                },
                () = sleep_until(deadline) => return Err(self.0.gave_up(party)),
                () = sleep_until(next.unwrap_or(deadline)) => self.0.admit(),
                () = changed => {}
            }
        }
    }
}

/// Why there is no permit. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoEntry {
    /// The server is in trouble, or asked for a pause.
    Fault(Fault),
    /// Our own limits: others are before this call. It is worth a try after this long.
    Busy(Duration),
}

impl From<Fault> for NoEntry {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

enum Entry {
    Now(Result<Permit, Fault>),
    Wait(oneshot::Receiver<Result<Permit, Fault>>),
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_enter(self: &Arc<Self>, party: &str) -> Entry {
        let now = Instant::now();
        let mut state = self.state();
        if let Err(fault) = state.open(party, now) {
            return Entry::Now(Err(fault));
        }
        let room = state.in_flight < self.max_in_flight && state.bucket.is_ready(now);
        let State { trouble, denied, .. } = &mut *state;
        if let Some(trouble) = trouble.as_mut().or_else(|| denied.get_mut(party)) {
            // The pause is over. One call sees whether the trouble is.
            let probe = trouble.probe(room);
            return Entry::Now(probe.map(|()| state.start(self, party, now, true)));
        }
        if room && state.line.is_empty() {
            return Entry::Now(Ok(state.start(self, party, now, false)));
        }
        Entry::Wait(state.line.join(party))
    }

    /// Lets those in who wait, as far as there is room.
    fn admit(self: &Arc<Self>) {
        let mut unwanted = Vec::new();
        let mut state = self.state();
        loop {
            let now = Instant::now();
            if state.in_flight >= self.max_in_flight || !state.bucket.is_ready(now) {
                break;
            }
            let Some((party, turn)) = state.line.next() else {
                break;
            };
            let permit = state.start(self, &party, now, false);
            // Whoever waited may have gone this very moment.
            if let Err(permit) = turn.send(Ok(permit)) {
                unwanted.push(permit);
            }
        }
        // To drop a permit takes the lock.
        drop(state);
    }

    /// When the next call may start by the rate limit, if the limit on calls under way does not hold it.
    fn next_start(&self) -> Option<Instant> {
        let state = self.state();
        (state.in_flight < self.max_in_flight).then(|| state.bucket.ready_at(Instant::now()))
    }

    /// Why a call that waited gives up.
    fn gave_up(&self, party: &str) -> NoEntry {
        let now = Instant::now();
        let mut state = self.state();
        if let Err(fault) = state.open(party, now) {
            return fault.into();
        }
        if state.in_flight >= self.max_in_flight {
            return NoEntry::Busy(FULL_PAUSE);
        }
        NoEntry::Busy(state.bucket.ready_at(now).saturating_duration_since(now))
    }

    fn end(self: &Arc<Self>, party: &str, probe: bool, result: Option<Result<(), &Fault>>) {
        let mut state = self.state();
        state.in_flight = state.in_flight.saturating_sub(1);
        if probe {
            let State { trouble, denied, .. } = &mut *state;
            for trouble in trouble.iter_mut().chain(denied.get_mut(party)) {
                trouble.probing = false;
            }
        }
        let refused = match result {
            None => Vec::new(),
            Some(result) => state.learn(party, probe, result, Instant::now()),
        };
        drop(state);
        for (turn, fault) in refused {
            turn.send(Err(fault)).ok();
        }
        self.admit();
        self.changed.notify_waiters();
    }
}

type Turn = oneshot::Sender<Result<Permit, Fault>>;

/// What went wrong, without what it went wrong for: texts are "<what happened> for <what>: <cause>".
fn cause(fault: &Fault) -> String {
    let text = fault.to_string();
    let mut parts = text.splitn(3, ": ");
    let (kind, _, cause) = (parts.next(), parts.next(), parts.next());
    cause.map_or_else(
        || text.clone(),
        |cause| format!("{}: {cause}", kind.unwrap_or_default()),
    )
}

/// What went wrong, without the call that it went wrong for: texts are "<what happened> for|during <what>: <cause>".
fn of_nobody(text: &str) -> String {
    let Some((what, cause)) = text.split_once(": ") else {
        return text.to_owned();
    };
    let happened = what
        .split(" for ")
        .next()
        .and_then(|what| what.split(" during ").next());
    format!("{}: {cause}", happened.unwrap_or(what))
}

impl State {
    /// Whether the gate is open, but for a trouble whose pause is over.
    fn open(&mut self, party: &str, now: Instant) -> Result<(), Fault> {
        self.paused_until = self.paused_until.filter(|until| *until > now);
        if let Some(until) = self.paused_until {
            return Err(Fault::Throttled(wall(until, now)));
        }
        match self.trouble.as_ref().or_else(|| self.denied.get(party)) {
            Some(trouble) if trouble.until > now => Err(trouble.fault.clone()),
            _ => Ok(()),
        }
    }

    fn start(&mut self, gate: &Arc<Inner>, party: &str, now: Instant, probe: bool) -> Permit {
        self.in_flight += 1;
        self.bucket.take(now);
        Permit {
            gate: Some(Arc::clone(gate)),
            party: party.to_owned(),
            probe,
        }
    }

    /// Draws the conclusion from what came of a call. Where that closes the gate, those who wait are refused.
    fn learn(
        &mut self,
        party: &str,
        probe: bool,
        result: Result<(), &Fault>,
        now: Instant,
    ) -> Vec<(Turn, Fault)> {
        match result {
            Ok(())
            | Err(
                Fault::NotFound
                | Fault::Conflict(_)
                | Fault::Invalid(_)
                | Fault::Quota(_)
                | Fault::Unmanageable(_),
            ) => {
                self.is_well();
                self.denied.remove(party);
                return Vec::new();
            }
            Err(fault @ Fault::Denied(Denial::Right, _)) => {
                // It knows our credential.
                self.is_well();
                return self.denied(party, fault, probe, now);
            }
            Err(Fault::Throttled(until)) => {
                self.is_alive();
                self.throttle(*until, now);
            }
            Err(fault @ Fault::Denied(Denial::Credential, _)) => {
                self.is_alive();
                self.trouble(fault.clone(), DENIED, probe, now);
            }
            Err(Fault::Unavailable(text) | Fault::OutcomeUnknown(text)) => {
                self.failures = self.failures.saturating_add(1);
                if self.failures < FAILURES && self.trouble.is_none() {
                    return Vec::new();
                }
                // Of a call that is refused here nothing was sent; and whose call it was that came to nothing is not theirs to
                // know.
                self.trouble(Fault::Unavailable(of_nobody(text)), DOWN, probe, now);
            }
        }
        let refusal = self.open("", now).err();
        let waiting = refusal.map(|fault| {
            let waiting = self.line.drain();
            waiting.into_iter().map(|turn| (turn, fault.clone())).collect()
        });
        waiting.unwrap_or_default()
    }

    /// It answered, and knows us.
    fn is_well(&mut self) {
        self.throttled = 0;
        self.failures = 0;
        self.trouble = None;
    }

    /// A party lacks a right: its calls are refused for a while.
    fn denied(&mut self, party: &str, fault: &Fault, probe: bool, now: Instant) -> Vec<(Turn, Fault)> {
        self.denied.retain(|_, trouble| now < trouble.until + FORGOTTEN);
        match self.denied.get_mut(party) {
            Some(trouble) if probe => trouble.goes_on(now),
            Some(_) => {}
            None => {
                let trouble = Trouble::new(fault.clone(), DENIED, now);
                self.denied.insert(party.to_owned(), trouble);
            }
        }
        let waiting = self.line.drain_of(party);
        waiting.into_iter().map(|turn| (turn, fault.clone())).collect()
    }

    /// It answered, if not what we like.
    fn is_alive(&mut self) {
        self.failures = 0;
        self.trouble = self
            .trouble
            .take()
            .filter(|trouble| matches!(trouble.fault, Fault::Denied(..)));
    }

    fn throttle(&mut self, until: Option<Timestamp>, now: Instant) {
        let wait = match until {
            Some(until) => Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default(),
            None => THROTTLED.after(self.throttled),
        };
        self.throttled = self.throttled.saturating_add(1);
        let until = now + wait.min(PAUSE_MAX);
        self.paused_until = Some(self.paused_until.map_or(until, |earlier| earlier.max(until)));
    }

    /// Calls that were under way when the trouble began say nothing new; only the one that was let through to see
    /// makes the pause longer.
    fn trouble(&mut self, fault: Fault, pauses: Growing, probe: bool, now: Instant) {
        match &mut self.trouble {
            Some(_) if !probe => {}
            Some(trouble) => {
                trouble.goes_on(now);
                // A refusal of the credential stays the reason until something better is known; and a cause that is the
                // same is told in the same words, whatever was asked for.
                if !matches!(trouble.fault, Fault::Denied(..)) && cause(&trouble.fault) != cause(&fault) {
                    trouble.fault = fault;
                }
            }
            None => self.trouble = Some(Trouble::new(fault, pauses, now)),
        }
    }
}

impl Permit {
    /// Ends the call and says what came of it.
    pub fn done<T>(mut self, result: &Result<T, Fault>) {
        if let Some(gate) = self.gate.take() {
            gate.end(&self.party, self.probe, Some(result.as_ref().map(|_| ())));
        }
    }
}

impl Drop for Permit {
    /// A call that was given up says nothing about the server.
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take() {
            gate.end(&self.party, self.probe, None);
        }
    }
}

/// The time on the wall at a moment of the clock that does not jump.
fn wall(at: Instant, now: Instant) -> Option<Timestamp> {
    let wait = SignedDuration::try_from(at.saturating_duration_since(now)).ok()?;
    Timestamp::now().checked_add(wait).ok()
}
