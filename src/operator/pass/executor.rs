//! Does one step after the other. It chooses nothing; it only refuses to send what has become too old.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::{Connection, NotLeading, Permit, World};
use crate::cluster::LedgerRead;
use crate::model::{
    AttemptId, Call, ChosenBy, ClientView, Fault, Outcome, Query, Record, Refusal, Report, ServerView, State,
    Step, Subject, Uid, Version,
};
use crate::provider::gate::NoEntry;

/// Why a step was not taken.
#[derive(Debug)]
pub(super) enum Untaken {
    /// This process does not lead.
    NotLeading,
    /// It is not let through to the server.
    Entry(NoEntry),
}

impl From<NotLeading> for Untaken {
    fn from(NotLeading: NotLeading) -> Self {
        Self::NotLeading
    }
}

impl From<NoEntry> for Untaken {
    fn from(entry: NoEntry) -> Self {
        Self::Entry(entry)
    }
}

impl From<Fault> for Untaken {
    fn from(fault: Fault) -> Self {
        Self::Entry(fault.into())
    }
}

/// The pauses before a record is written again: at once, and on for half a minute where a credential would be lost.
const AGAIN: [Duration; 8] = [
    Duration::ZERO,
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(8),
    Duration::from_secs(8),
];

/// Does one step after the other. It chooses nothing; it only refuses to send what has become too old.
pub(super) struct Executor<'a> {
    pub(super) world: &'a dyn World,
    pub(super) subject: &'a Subject,
    connection: Option<Connection>,
    attempt: Option<Ready>,
    /// When what is known was read, or recorded since.
    known_at: (Instant, Timestamp),
    /// Others go first at the server; worth a try after this long.
    pub(super) busy: Option<Duration>,
}

/// An attempt that is recorded, with the permit to send it.
struct Ready {
    id: AttemptId,
    recorded: Instant,
    wall: Timestamp,
    permit: Box<dyn Permit>,
}

impl<'a> Executor<'a> {
    /// One for a pass that has recorded nothing yet.
    pub(super) fn new(
        world: &'a dyn World,
        subject: &'a Subject,
        connection: Option<Connection>,
        read_at: (Instant, Timestamp),
    ) -> Self {
        Self {
            world,
            subject,
            connection,
            attempt: None,
            known_at: read_at,
            busy: None,
        }
    }

    pub(super) async fn execute(&mut self, state: &State, step: &Step) -> Result<Outcome, Untaken> {
        // An answer may be one that no server gives twice. It is stored whoever leads by now: the version of the record
        // decides whether it still belongs there.
        let stores_answer =
            state.pass.answer.is_some() && matches!(step, Step::Record(Record::Write { call: None, .. }));
        if !stores_answer {
            self.leads()?;
        }
        if step.creates() && self.knows_too_little(state) {
            return Ok(Outcome::Refused(Refusal::Unavailable(
                "is not asked, as what was read before is too old by now".to_owned(),
            )));
        }
        let cluster = self.world.cluster();
        Ok(match step {
            Step::FindClaim(claims) => match cluster.is_claimed(self.subject, claims).await {
                Ok(claimed) => Outcome::Claimed(claimed),
                Err(unread) => Outcome::Refused(Refusal::Unavailable(unread.why)),
            },
            Step::Admit(quota) => {
                Outcome::Admitted(self.world.admit(self.subject, state.server.key(), quota))
            }
            Step::Observe(query) => self.ask(query).await?,
            Step::Record(record) => self.record(state, record).await?,
            Step::Call(call) => self.call(state, call).await?,
            Step::Publish(publish) => match cluster.publish(&self.subject.client, publish).await {
                Ok(Some(found)) => Outcome::Published(found),
                Ok(None) => Outcome::Rehearsed,
                Err(refusal) => Outcome::Refused(refusal),
            },
            Step::Unpublish { uid, version } => {
                let name = state
                    .secret
                    .as_ref()
                    .map(|found| found.name.as_str())
                    .unwrap_or_default();
                match cluster
                    .unpublish(&self.subject.client.namespace, name, uid, version)
                    .await
                {
                    Ok(()) => Outcome::Unpublished,
                    Err(refusal) => Outcome::Refused(refusal),
                }
            }
            Step::Report(report) => self.report(state, report).await,
        })
    }

    /// Whether what is known is so old that another process may have ended all by now. What is replaced is protected by
    /// its version, and what is made by nothing: made from what has passed away, it would be left behind.
    fn knows_too_little(&self, state: &State) -> bool {
        let (read, at) = self.known_at;
        let age = SignedDuration::try_from(read.elapsed()).unwrap_or(SignedDuration::MAX);
        age.max(self.world.now().duration_since(at)) > state.here.timing.take_over_after()
    }

    fn leads(&self) -> Result<(), NotLeading> {
        if self.world.leads() {
            Ok(())
        } else {
            Err(NotLeading)
        }
    }

    /// Waits for a permit, which may take a while: who leads is asked again after it.
    async fn permit(&self, connection: &Connection) -> Result<Box<dyn Permit>, Untaken> {
        let permit = connection.permits.permit(&self.subject.client.namespace).await;
        self.leads()?;
        Ok(permit?)
    }

    /// Permit first, then the record, then the call: nothing is written for a call that could not be sent.
    async fn record(&mut self, state: &State, record: &Record) -> Result<Outcome, Untaken> {
        let call = match record {
            Record::Write { call, .. } => call.as_ref(),
            Record::Remove { .. } => None,
        };
        let permit = match (call, &self.connection) {
            (None, _) => None,
            (Some(_), None) => return Err(no_way().into()),
            (Some(_), Some(_)) if !self.world.may_mutate() => return Err(stopping().into()),
            (Some(_), Some(connection)) => Some(self.permit(connection).await?),
        };
        // Before it is written: who sees it later counts from then.
        let (recorded, wall) = (Instant::now(), self.world.wall());
        let known_at = (recorded, self.world.now());
        Ok(match self.write(state, record).await {
            Ok(version) => {
                self.known_at = known_at;
                self.attempt = call.cloned().zip(permit).map(|(id, permit)| Ready {
                    id,
                    recorded,
                    wall,
                    permit,
                });
                Outcome::Recorded(version)
            }
            Err(refusal) => Outcome::Refused(refusal),
        })
    }

    /// Writes a record. When that fails, the ledger is asked what became of it: if nobody else has written meanwhile, it
    /// is written again, and longer so where it holds an answer that the server gives only once.
    async fn write(&self, state: &State, record: &Record) -> Result<Option<Version>, Refusal> {
        let cluster = self.world.cluster();
        let holds_answer = state.pass.answer.is_some();
        let given_once = holds_answer && !can_be_asked_again(&state.server);
        let tries = match (holds_answer, given_once) {
            (_, true) => AGAIN.len(),
            // To find it out again takes calls, and until late deliveries are over nothing is removed.
            (true, false) => 3,
            (false, false) => 1,
        };
        let mut pauses = AGAIN.iter().take(tries);
        let mut record = record.clone();
        loop {
            let refusal = match cluster.record(self.subject, &record).await {
                Ok(version) => return Ok(version),
                Err(refusal) => refusal,
            };
            let denied = matches!(refusal, Refusal::Denied(_) | Refusal::NamespaceTerminating);
            let Some(pause) = pauses.next().filter(|_| given_once || !denied) else {
                return Err(refusal);
            };
            self.world.pause(*pause).await;
            if record.creates() && self.knows_too_little(state) {
                return Err(refusal);
            }
            match (&mut record, cluster.ledger(self.subject).await) {
                (Record::Write { entry, .. }, Ok(LedgerRead::Held(held, version))) if held == *entry => {
                    return Ok(Some(version));
                }
                (Record::Remove { .. }, Ok(LedgerRead::Absent)) => return Ok(None),
                // What it says is what was seen: somebody has touched the object alone, or nobody anything.
                (Record::Write { replaces, .. }, Ok(LedgerRead::Held(held, now)))
                    if state.ledger.entry() == Some(&*held) =>
                {
                    *replaces = Some(now);
                }
                (Record::Remove { version }, Ok(LedgerRead::Held(held, now)))
                    if state.ledger.entry() == Some(&*held) =>
                {
                    *version = now;
                }
                // Not read: it may be written again all the same, since it names the version that it replaces.
                (Record::Write { replaces: None, .. }, Ok(LedgerRead::Absent)) | (_, Err(_)) => {}
                (_, Ok(_)) => return Err(Refusal::Stale),
            }
        }
    }

    async fn call(&mut self, state: &State, call: &Call) -> Result<Outcome, Untaken> {
        let Some(connection) = self.connection.clone() else {
            return Err(no_way().into());
        };
        let timing = &state.here.timing;
        let (within, permit) = match &call.attempt {
            // No record went before this call, so nothing has asked yet whether it may be begun.
            None if !self.world.may_mutate() => return Err(stopping().into()),
            None => {
                let permit = self.permit(&connection).await?;
                (connection.call_limit, permit)
            }
            Some((id, at)) => {
                let Some(ready) = self.attempt.take().filter(|ready| ready.id == *id) else {
                    return Ok(Outcome::NotSent);
                };
                // Both clocks: the monotonic one stops while a machine sleeps, the other one can be set.
                let by_wall = self.world.wall().duration_since(ready.wall);
                let since_decided = self.world.now().duration_since(*at);
                let by_own =
                    SignedDuration::try_from(ready.recorded.elapsed()).unwrap_or(SignedDuration::MAX);
                let age = by_wall.max(by_own).max(since_decided);
                if age > timing.send_within || by_wall.min(since_decided) < -timing.send_within {
                    return Ok(Outcome::NotSent);
                }
                let left = timing.take_over_after() - age.max(SignedDuration::ZERO);
                let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
                (left.min(connection.call_limit), ready.permit)
            }
        };
        let answer = connection.provider.perform(&call.request, within).await;
        permit.done(answer.as_ref().err());
        Ok(answer.map_or_else(Outcome::Fault, Outcome::Answered))
    }

    async fn ask(&self, query: &Query) -> Result<Outcome, Untaken> {
        let Some(connection) = &self.connection else {
            return Err(no_way().into());
        };
        let provider = &connection.provider;
        let permit = self.permit(connection).await?;
        let answer = match query {
            Query::Client(handle) => provider.client(handle).await.map(Outcome::Client),
            Query::Attempted(candidate) | Query::Lost(candidate) => {
                provider.attempted(candidate).await.map(Outcome::Client)
            }
            Query::Scopes => provider.scopes().await.map(Outcome::Scopes),
            Query::Token(request) | Query::Revoked(request) => {
                provider.verify(request).await.map(Outcome::Token)
            }
        };
        match (query, &answer) {
            // What the token endpoint says, with another credential, shows nothing of the management API. To ask for fewer
            // requests it may speak for both.
            (Query::Token(_) | Query::Revoked(_), Ok(_) | Err(Fault::Unavailable(_))) => drop(permit),
            _ => permit.done(answer.as_ref().err()),
        }
        Ok(answer.unwrap_or_else(Outcome::Fault))
    }

    async fn report(&self, state: &State, report: &Report) -> Outcome {
        let (cluster, key) = (self.world.cluster(), &self.subject.client);
        let uid: Option<&Uid> = match &state.client {
            ClientView::Present(client) => {
                if client.status != report.status
                    && let Err(refusal) = cluster.report(key, &client.uid, &report.status).await
                {
                    return Outcome::Refused(refusal);
                }
                Some(&client.uid)
            }
            ClientView::Gone { .. } | ClientView::Unknown(_) => {
                state.ledger.entry().map(|entry| &entry.owner)
            }
        };
        let none = Uid(String::new());
        cluster.tell(key, uid.unwrap_or(&none), &report.happenings).await;
        Outcome::Reported
    }
}

/// Whether the server tells the credential of a client more than once, or need not, as we have chosen it.
fn can_be_asked_again(server: &ServerView) -> bool {
    match server {
        ServerView::Ready(server) => {
            let can = &server.capabilities;
            let by_us = [can.client_secret, can.rotated_secret] == [ChosenBy::Caller; 2];
            can.secret_readable || by_us
        }
        ServerView::Missing(_) | ServerView::NotServed(_) | ServerView::NotReady(..) => false,
    }
}

fn stopping() -> Fault {
    Fault::Unavailable("is not called any more, as the operator is stopping".to_owned())
}

fn no_way() -> Fault {
    Fault::Unavailable("cannot be used now".to_owned())
}
