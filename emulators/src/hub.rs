//! The course of one call: journal, misbehaviour, the server's work, the answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::AuthServer;
use crate::garble::spoil;
use crate::http::{Answer, Request};
use crate::journal::{Journal, Outcome, Place};
use crate::misbehave::{Behaviour, Rules};
use crate::wire::Delivery;

/// How a call ends on the wire.
#[derive(Debug)]
pub enum Verdict {
    /// With an answer.
    Answer(Answer, Delivery),
    /// The connection is closed without one.
    Close,
    /// This and all other connections are reset.
    Reset,
}

/// A server with everything around it that all emulators share.
pub struct Hub<S> {
    /// The server itself.
    pub server: S,
    journal: Mutex<Journal>,
    rules: Mutex<Rules>,
    epoch: AtomicU64,
    resets: watch::Sender<u64>,
    pauses: mpsc::UnboundedSender<Duration>,
}

impl<S: AuthServer> Hub<S> {
    /// Puts a server to work. The other end of `pauses` is the listener's.
    pub fn new(server: S) -> (Arc<Self>, mpsc::UnboundedReceiver<Duration>) {
        let (pauses, pause_requests) = mpsc::unbounded_channel();
        let hub = Self {
            journal: Mutex::new(Journal::new(server.operations())),
            rules: Mutex::new(Rules::new(server.operations())),
            epoch: AtomicU64::new(0),
            resets: watch::Sender::new(0),
            pauses,
            server,
        };
        (Arc::new(hub), pause_requests)
    }

    /// The journal.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules of misbehaviour.
    pub fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Back to how everything was at the start. Work that would still come late never comes.
    pub fn reset(&self) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.rules().clear();
        self.server.reset();
        self.journal().clear();
    }

    /// Resets every connection that was last used for the vendor's API.
    pub fn reset_connections(&self) {
        self.resets.send_modify(|count| *count += 1);
    }

    /// Refuses new connections for a while, the control API's too, and resets those to the vendor's API.
    pub fn refuse_connections(&self, pause: Duration) {
        // Nobody listens any more when the emulator is being stopped; then it refuses anyway.
        self.pauses.send(pause).ok();
        self.reset_connections();
    }

    /// Tells connections when they are to be reset.
    pub fn resets(&self) -> watch::Receiver<u64> {
        self.resets.subscribe()
    }

    /// Handles one call to the vendor's API. Run it in a task of its own: the work must not depend on
    /// whether the caller is still there.
    pub async fn call(self: Arc<Self>, request: Request) -> Verdict {
        let call = self.server.classify(&request);
        let place = self.journal().arrived(&call, &request);
        let Some(sentence) = self.rules().judge(&call) else {
            let answer = self.work(place, &request);
            return self.answered(place, answer, Delivery::Whole);
        };
        self.journal().misbehaves(place, sentence.behaviour.kind());
        match sentence.behaviour {
            Behaviour::LoseRequest => self.lost(place, Outcome::Closed, Verdict::Close),
            Behaviour::Down => self.lost(place, Outcome::Reset, Verdict::Reset),
            Behaviour::LoseAnswer => {
                self.work(place, &request);
                self.lost(place, Outcome::Closed, Verdict::Close)
            }
            Behaviour::DeliverLate { ms } => {
                let verdict = self.lost(place, Outcome::Closed, Verdict::Close);
                tokio::spawn(self.work_late(place, request, Duration::from_millis(ms)));
                verdict
            }
            Behaviour::Delay { ms } => {
                let epoch = self.epoch.load(Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(ms)).await;
                if epoch != self.epoch.load(Ordering::SeqCst) {
                    return Verdict::Close;
                }
                let answer = self.work(place, &request);
                self.answered(place, answer, Delivery::Whole)
            }
            Behaviour::DelayAfter { ms } => {
                let answer = self.work(place, &request);
                tokio::time::sleep(Duration::from_millis(ms)).await;
                self.answered(place, answer, Delivery::Whole)
            }
            behaviour => {
                let answer = if sentence.work {
                    self.work(place, &request)
                } else {
                    Answer::empty(200)
                };
                let (answer, delivery) = spoil(&behaviour, answer);
                self.answered(place, answer, delivery)
            }
        }
    }

    fn work(&self, place: Place, request: &Request) -> Answer {
        let done = self.server.perform(request);
        self.journal().worked(place, done.changed);
        done.answer
    }

    async fn work_late(self: Arc<Self>, place: Place, request: Request, wait: Duration) {
        let epoch = self.epoch.load(Ordering::SeqCst);
        tokio::time::sleep(wait).await;
        if epoch == self.epoch.load(Ordering::SeqCst) {
            self.work(place, &request);
        }
    }

    fn lost(&self, place: Place, outcome: Outcome, verdict: Verdict) -> Verdict {
        self.journal().ended(place, outcome, None);
        verdict
    }

    fn answered(&self, place: Place, answer: Answer, delivery: Delivery) -> Verdict {
        let outcome = match delivery {
            Delivery::Truncated(_) => Outcome::Broken,
            Delivery::Whole | Delivery::Drip(_) | Delivery::Huge { .. } => Outcome::Answered,
        };
        self.journal().ended(place, outcome, Some(answer.status.as_u16()));
        Verdict::Answer(answer, delivery)
    }
}
