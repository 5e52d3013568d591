//! What every stage has in hand, and the ways to end the chain.

use jiff::Timestamp;
use rand::CryptoRng;

use super::{Decision, Wake};
use crate::api::{ClientCondition, ClientReason};
use crate::model::access::{self, Desired};
use crate::model::capabilities::ChosenBy;
use crate::model::confidential::Confidential;
use crate::model::fault::{Denial, Fault};
use crate::model::ledger::{Attempt, LedgerEntry, Registration};
use crate::model::names::{AttemptId, ServerKey, random_id};
use crate::model::report::{Condition, Obstacle, Report, impeded, report};
use crate::model::state::{ClientObject, GivenSecret, Server, State, Written};
use crate::model::step::{Record, Refusal, Step, Verification};

/// Goes on with a value, or ends the chain with a decision.
pub(super) type Flow<T = ()> = Result<T, Box<Decision>>;

/// Ends the chain with a step.
pub(super) fn go<T>(step: Step) -> Flow<T> {
    Err(Box::new(Decision::Do(Box::new(step))))
}

/// Ends the chain.
pub(super) fn end<T>(decision: Decision) -> Flow<T> {
    Err(Box::new(decision))
}

/// A client that is there, and what is known about it.
pub(super) struct Case<'a> {
    pub(super) state: &'a State,
    pub(super) client: &'a ClientObject,
}

impl<'a> Case<'a> {
    pub(super) fn entry(&self) -> Option<&'a LedgerEntry> {
        self.state.ledger.entry()
    }

    pub(super) fn current(&self) -> Option<(&'a LedgerEntry, &'a Registration)> {
        self.entry()
            .and_then(|entry| entry.current.as_ref().map(|current| (entry, current)))
    }

    pub(super) fn record(&self, entry: LedgerEntry) -> Step {
        record(self.state, entry, None)
    }

    /// A step at the server, unless this pass has come to grief there already.
    pub(super) fn ask<T>(&self, server: &ServerKey, trouble: Trouble, step: Step) -> Flow<T> {
        match &self.state.pass.fault {
            None => go(step),
            Some(fault) => self.in_trouble(server, trouble, fault),
        }
    }

    /// Ends the pass with what a fault means to the client.
    pub(super) fn in_trouble<T>(&self, server: &ServerKey, trouble: Trouble, fault: &Fault) -> Flow<T> {
        let wake = match fault {
            Fault::Throttled(Some(until)) => Wake::At(*until),
            _ => Wake::Backoff,
        };
        match trouble {
            Trouble::Background => end(Decision::Blocked(wake)),
            Trouble::Spec | Trouble::Rotation => {
                let obstacle = obstacle_of(&server.name, trouble, fault);
                self.blocked_until(obstacle, wake)
            }
        }
    }

    /// A write that the API server refused ends the pass, or tells the client.
    pub(super) fn heed_refusals(&self) -> Flow {
        match &self.state.pass.refusal {
            None => Ok(()),
            Some((_, Refusal::Stale)) => end(Decision::Blocked(Wake::Now)),
            Some((_, Refusal::NamespaceTerminating)) => end(Decision::Settled(Wake::OnChange)),
            Some((Written::Secret, Refusal::Denied(why))) => {
                let name = crate::model::publication::secret_name(
                    &self.state.subject.client.name,
                    &self.client.spec,
                );
                self.blocked_until(
                    Obstacle {
                        on: ClientCondition::SecretPublished,
                        reason: ClientReason::WriteDenied,
                        message: format!(
                            "the API server refuses to write Secret {name}: {why}. Owner of the namespace: make room \
                             or lift the rule; nothing is changed at the authorization server until then. Retried \
                             with growing pauses."
                        ),
                        stalled: true,
                    },
                    Wake::Backoff,
                )
            }
            Some((written @ (Written::Ledger | Written::NotRead), Refusal::Denied(why))) => {
                self.impeded(&super::without_rights(*written, why))
            }
            Some((_, Refusal::Denied(_) | Refusal::Unavailable(_))) => end(Decision::Blocked(Wake::Backoff)),
        }
    }

    /// A namespace that the operator has nothing to do with gets nothing, and what it has stays.
    pub(super) fn heed_closed_namespace(&self) -> Flow {
        let Some(closed) = &self.state.namespace.closed else {
            return Ok(());
        };
        self.blocked(Obstacle {
            on: ClientCondition::Accepted,
            reason: ClientReason::NamespaceNotAllowed,
            message: closed.why().to_owned(),
            stalled: true,
        })
    }

    /// What the spec comes to at this server, or the end of the chain with what stands in the way of it.
    pub(super) fn desired(&self, server: &Server) -> Flow<Desired> {
        let key = &self.state.subject.client;
        match access::accept(key, self.client, &self.state.namespace, server) {
            Ok(desired) => Ok(desired),
            Err(obstacle) => self.blocked(obstacle),
        }
    }

    /// The secret of a call that sets one: the one that the spec refers to, or else a new one. Where the spec refers to one
    /// that is not there, it is waited for, and none is made in its place.
    pub(super) fn secret_to_set(
        &self,
        chosen_by: ChosenBy,
        rng: &mut dyn CryptoRng,
    ) -> Flow<Option<Confidential>> {
        match (chosen_by, &self.state.given) {
            (ChosenBy::Server, _) => Ok(None),
            (ChosenBy::Caller, GivenSecret::NotAsked) => Ok(Some(Confidential::generate(rng))),
            (ChosenBy::Caller, GivenSecret::There(secret)) => Ok(Some(secret.clone())),
            (ChosenBy::Caller, GivenSecret::Missing(why)) => self.blocked_until(
                Obstacle {
                    on: ClientCondition::Ready,
                    reason: ClientReason::WaitingForSecret,
                    message: format!(
                        "clientSecretRef: {why}. Application team: put it there. Goes on as soon as it is."
                    ),
                    stalled: false,
                },
                Wake::Backoff,
            ),
        }
    }

    pub(super) fn blocked<T>(&self, obstacle: Obstacle) -> Flow<T> {
        self.blocked_until(obstacle, Wake::OnChange)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "an obstacle is made where it is met, for this call"
    )]
    pub(super) fn blocked_until<T>(&self, obstacle: Obstacle, wake: Wake) -> Flow<T> {
        self.tell(Some(&obstacle), None)?;
        let wake = match wake {
            Wake::OnChange if self.state.pass.removal_fault.is_some() => Wake::Backoff,
            Wake::OnChange => self.next_time(None).map_or(Wake::OnChange, Wake::At),
            other => other,
        };
        end(Decision::Blocked(wake))
    }

    /// The next time at which something is due by itself, if it is still to come.
    fn next_time(&self, next_rotation: Option<Timestamp>) -> Option<Timestamp> {
        let entry = self.entry();
        let previous = entry.and_then(|entry| entry.previous.as_ref());
        [
            next_rotation,
            entry.and_then(LedgerEntry::next_obligation),
            previous.and_then(|previous| previous.retire_at),
            entry.and_then(|entry| entry.recheck_at),
            super::overlap::spread_at(self),
        ]
        .into_iter()
        .flatten()
        .filter(|at| *at > self.state.now)
        .min()
    }

    /// Kubernetes itself is in the way. What is published stays what it is, and so does what is said of it.
    fn impeded<T>(&self, message: &str) -> Flow<T> {
        self.say(impeded(self.state, self.client, message))?;
        end(Decision::Blocked(Wake::Backoff))
    }

    pub(super) fn settled(&self, next_rotation: Option<Timestamp>) -> Flow<Decision> {
        self.tell(None, next_rotation)?;
        if matches!(
            self.state.pass.verification,
            Some(Verification::Rejected(_) | Verification::Unknown(_))
        ) {
            // Nothing else brings this client back, and the previous credential waits for the proof.
            return Ok(Decision::Blocked(Wake::Backoff));
        }
        if self.state.pass.removal_fault.is_some() {
            // What is owed is past its time, so its time is no wake-up.
            return Ok(Decision::Blocked(Wake::Backoff));
        }
        let wake = self.next_time(next_rotation);
        Ok(Decision::Settled(wake.map_or(Wake::OnChange, Wake::At)))
    }

    /// Reports, if there is anything to say that was not said.
    fn tell(&self, obstacle: Option<&Obstacle>, next_rotation: Option<Timestamp>) -> Flow {
        self.say(report(self.state, self.client, obstacle, next_rotation))
    }

    fn say(&self, report: Report) -> Flow {
        let status_refused = matches!(self.state.pass.refusal, Some((Written::Status, _)));
        let news = report.status != self.client.status || !report.happenings.is_empty();
        if news && !status_refused {
            go(Step::Report(Box::new(report)))
        } else {
            Ok(())
        }
    }

    /// Whether there is a client, and nothing is under way or asked for that the spec does not show.
    fn waits_for_nothing(&self) -> bool {
        let rotate_waits = |entry: &LedgerEntry| {
            self.client
                .rotate
                .as_ref()
                .is_some_and(|value| !entry.served.knows(value))
        };
        self.current()
            .is_some_and(|(entry, _)| entry.intent.is_none() && !rotate_waits(entry))
    }

    /// Whether the client has all that its spec asks for, as far as can be told without the server: its status says so, or
    /// says what else is in the way.
    fn has_all(&self) -> bool {
        let waits = |told: &Condition| {
            matches!(
                told.reason,
                ClientReason::Suspended | ClientReason::WaitingForServer
            )
        };
        let status = &self.client.status;
        self.waits_for_nothing()
            && status.observed_generation == Some(self.client.generation)
            && !status.conditions.get(&ClientCondition::Ready).is_some_and(waits)
    }

    /// The server object cannot be used. A client that has all it asked for stays as it is; one that has not
    /// says what it waits for.
    pub(super) fn leave_as_it_is<T>(&self, server: &ServerKey, why: &str) -> Flow<T> {
        if self.has_all() {
            return end(Decision::Settled(Wake::OnChange));
        }
        self.blocked(Obstacle {
            on: ClientCondition::Ready,
            reason: ClientReason::WaitingForServer,
            message: format!(
                "{} cannot be used: {why} This client goes on as soon as that is mended.",
                server.name
            ),
            stalled: false,
        })
    }

    /// Changes and rotation wait. A client that has all it asked for stays as it is.
    pub(super) fn suspended(&self, server: &Server) -> Flow<Decision> {
        super::drift::recheck(self, server)?;
        let desired = self.desired(server)?;
        let up_to_date = |current: &Registration| current.asked == desired.metadata;
        if self.waits_for_nothing() && self.current().is_some_and(|(_, current)| up_to_date(current)) {
            return self.settled(None);
        }
        let who = if server.suspended {
            format!("{} is suspended", server.key.name)
        } else {
            "spec.suspend is set".into()
        };
        self.blocked(Obstacle {
            on: ClientCondition::Ready,
            reason: ClientReason::Suspended,
            message: format!(
                "{who}: nothing is changed or rotated until it is cleared; the credential stays as it is"
            ),
            stalled: false,
        })
    }
}

/// What a fault at the server stands in the way of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Of what the spec asks for: the client is not ready.
    Spec,
    /// Of a rotation: the credential before it still works.
    Rotation,
    /// Of a background check or of cleanup: nothing that the client's status speaks of.
    Background,
}

fn obstacle_of(server: &str, trouble: Trouble, fault: &Fault) -> Obstacle {
    let (reason, stalled, next) = match fault {
        Fault::Denied(Denial::Credential, _) => (
            ClientReason::ServerDenied,
            true,
            "Platform team: mend the credential. Asked again at least every 10 minutes, and when the credential Secret changes.",
        ),
        Fault::Denied(Denial::Right, _) => (
            ClientReason::ServerDenied,
            true,
            "Platform team: grant it. Asked again at least every 10 minutes, and when the credential Secret changes.",
        ),
        Fault::Invalid(_) => (
            ClientReason::ServerDenied,
            true,
            "Application team: change the spec. Retried with growing pauses.",
        ),
        Fault::Unmanageable(_) => (
            ClientReason::Unmanageable,
            true,
            "Platform team: see to it there. Retried with growing pauses.",
        ),
        Fault::Quota(_) => (
            ClientReason::QuotaReached,
            true,
            "Platform team: make room there. Retried with growing pauses.",
        ),
        Fault::Conflict(_) => (
            ClientReason::NameTaken,
            true,
            "Application team: make this OAuthClient again with another clientName. Retried with growing pauses.",
        ),
        Fault::OutcomeUnknown(_) => (
            ClientReason::OutcomeUnknown,
            false,
            "The operator looks again and repeats the call with growing pauses; nobody has to act.",
        ),
        Fault::Throttled(_) | Fault::Unavailable(_) | Fault::NotFound => (
            ClientReason::WaitingForServer,
            false,
            "Retried with growing pauses. Platform team: if it lasts, look at the server, its address and the way there.",
        ),
    };
    let on = match (trouble, reason) {
        (Trouble::Rotation, _) => ClientCondition::Rotating,
        (_, ClientReason::WaitingForServer) => ClientCondition::Ready,
        _ => ClientCondition::Registered,
    };
    let reason = if on == ClientCondition::Rotating {
        ClientReason::Failed
    } else {
        reason
    };
    Obstacle {
        on,
        reason,
        message: format!("{server} {fault}. {next}"),
        stalled,
    }
}

pub(super) fn server_not_found(key: &ServerKey) -> Obstacle {
    Obstacle {
        on: ClientCondition::Accepted,
        reason: ClientReason::ServerNotFound,
        message: format!(
            "there is no {key}. Platform team: create the server object; application team: if another one is meant, make \
             this OAuthClient again with its serverRef. Goes on as soon as it is there."
        ),
        stalled: true,
    }
}

pub(super) fn server_not_served(key: &ServerKey) -> Obstacle {
    Obstacle {
        on: ClientCondition::Accepted,
        reason: ClientReason::ServerNotFound,
        message: format!(
            "this operator does not serve cluster-wide servers, so it knows no {key} (clusterServers.enabled of its chart is \
             false). Application team: make this OAuthClient again with an AuthorizationServer in its serverRef; platform \
             team: if it is this operator that shall serve them, and no other one of the cluster does, set the value to \
             true."
        ),
        stalled: true,
    }
}

/// A write of the ledger; with the attempt whose call follows at once, if one does.
pub(super) fn record(state: &State, entry: LedgerEntry, call: Option<AttemptId>) -> Step {
    Step::Record(Record::Write {
        entry: Box::new(entry),
        replaces: state.ledger.version().cloned(),
        call,
    })
}

/// A fresh attempt, after `tries` earlier ones.
pub(super) fn attempt(state: &State, rng: &mut dyn CryptoRng, tries: u32) -> Attempt {
    Attempt {
        id: AttemptId(random_id(rng)),
        by: state.here.instance.clone(),
        at: state.now,
        tries: tries.saturating_add(1),
    }
}
