//! What is known after a step: the state before it, the step, and what came of it. Pure.

use super::decide::{differs, is_removal};
use super::fault::Fault;
use super::ledger::{Access, Intent, LedgerEntry, Obligation, Operation, Rotation};
use super::metadata::RemoteClient;
use super::names::Version;
use super::report::{Happening, names};
use super::state::{Answer, LedgerView, Observation, State, Written};
use super::step::{Call, Outcome, Publish, PublishMode, Query, Record, Refusal, Request, Step, Verification};

/// Folds the outcome of `step` into `state`.
///
/// An outcome that does not belong to the step changes nothing but the count of steps, so that the budget ends
/// even what cannot happen.
#[must_use]
pub fn fold(mut state: State, step: &Step, outcome: Outcome) -> State {
    state.pass.steps += 1;
    if matches!(step, Step::Call(_)) {
        // What was seen before a call says nothing about what is there after it.
        state.seen = None;
    }
    match outcome {
        Outcome::Fault(fault) => faulted(&mut state, step, fault),
        Outcome::Refused(refusal) => refused(&mut state, step, refusal),
        Outcome::NotSent => state.pass.recorded_attempt = None,
        outcome => succeeded(&mut state, step, outcome),
    }
    state
}

fn faulted(state: &mut State, step: &Step, fault: Fault) {
    state.pass.recorded_attempt = None;
    if let Step::Call(Call {
        attempt: Some((id, _)),
        request,
    }) = step
        && request.removes()
        && fault == Fault::NotFound
    {
        // Proven gone is as good as deleted.
        state.pass.answer = Some((id.clone(), Answer::Done));
        return;
    }
    if let Step::Call(Call {
        attempt: Some((id, _)),
        ..
    }) = step
        && matches!(
            fault,
            Fault::Denied(..)
                | Fault::Invalid(_)
                | Fault::Quota(_)
                | Fault::Throttled(_)
                | Fault::Unavailable(_)
                | Fault::Conflict(_)
        )
    {
        state.pass.not_done = Some(id.clone());
    }
    match (step, fault) {
        (
            Step::Call(Call {
                attempt: Some((id, _)),
                ..
            }),
            Fault::Unmanageable(_),
        ) => {
            state.pass.unmanageable = Some(id.clone());
            // What a credential showed before was another one's.
            state.pass.revoked = None;
        }
        (Step::Observe(Query::Token(_)), fault) => {
            state.pass.verification = Some(Verification::Unknown(fault.to_string()));
        }
        (
            Step::Call(Call {
                request: Request::Update { .. } | Request::Rotate { .. },
                ..
            }),
            Fault::NotFound,
        ) => {
            state.seen = Some(Observation {
                began_at: state.now,
                authoritative: true,
                client: None,
            });
        }
        (step, fault) if is_removal(step) => state.pass.removal_fault = Some(fault),
        (_, fault) => state.pass.fault = Some(fault),
    }
}

fn refused(state: &mut State, step: &Step, refusal: Refusal) {
    let written = match step {
        Step::Publish(_) | Step::Unpublish { .. } => Written::Secret,
        Step::Report(_) => Written::Status,
        Step::Record(_) | Step::FindClaim(_) | Step::Admit(_) | Step::Observe(_) | Step::Call(_) => {
            Written::Ledger
        }
    };
    state.pass.refusal = Some((written, refusal));
}

fn succeeded(state: &mut State, step: &Step, outcome: Outcome) {
    match (step, outcome) {
        (Step::Observe(Query::Attempted(_)), Outcome::Client(client)) => {
            state.seen = Some(Observation {
                began_at: state.now,
                authoritative: true,
                client,
            });
        }
        (Step::Observe(Query::Client(_)), Outcome::Client(client)) => {
            note_drift(state, client.as_ref());
            state.seen = Some(Observation {
                began_at: state.now,
                authoritative: true,
                client,
            });
        }
        (Step::Observe(Query::Lost(candidate)), Outcome::Client(client)) => {
            state.pass.looked_up = Some((candidate.name.clone(), client));
        }
        (Step::Observe(Query::Scopes), Outcome::Scopes(scopes)) => state.pass.scopes = Some(scopes),
        (Step::Observe(Query::Token(_)), Outcome::Token(verification)) => {
            state.pass.verification = Some(verification);
        }
        (Step::Observe(Query::Revoked(_)), Outcome::Token(verification)) => match verification {
            Verification::TokenIssued => state.pass.revoked = Some(false),
            Verification::Rejected(_) => state.pass.revoked = Some(true),
            Verification::Unknown(why) => state.pass.removal_fault = Some(Fault::Unavailable(why)),
        },
        (Step::FindClaim(_), Outcome::Claimed(claimed)) => state.pass.claimed = Some(claimed),
        (Step::Admit(_), Outcome::Admitted(admitted)) => state.pass.admitted = Some(admitted),
        (Step::Record(record), Outcome::Recorded(version)) => recorded(state, record, version),
        (Step::Call(Call { attempt: None, .. }), Outcome::Answered(Answer::Scopes(scopes))) => {
            state.pass.scopes_provisioned = true;
            state.pass.scopes.get_or_insert_default().extend(scopes);
        }
        (
            Step::Call(Call {
                attempt: Some((id, _)),
                ..
            }),
            Outcome::Answered(answer),
        ) => {
            state.pass.recorded_attempt = None;
            state.pass.answer = Some((id.clone(), answer));
        }
        (Step::Publish(publish), Outcome::Rehearsed) if matches!(publish.mode, PublishMode::Rehearse(_)) => {
            state.pass.rehearsed = true;
        }
        (Step::Publish(publish), Outcome::Published(found)) => {
            published(state, publish);
            state.secret = Some(found);
        }
        (Step::Unpublish { .. }, Outcome::Unpublished) => state.secret = None,
        (Step::Report(report), Outcome::Reported) => {
            state.pass.happenings.clear();
            state.pass.told = true;
            if let super::state::ClientView::Present(client) = &mut state.client {
                client.status = report.status.clone();
            }
        }
        _ => {}
    }
}

fn recorded(state: &mut State, record: &Record, version: Option<Version>) {
    let before = state.ledger.entry().cloned();
    match (record, version) {
        (Record::Write { entry, call, .. }, Some(version)) => {
            note(state, before.as_ref(), Some(entry));
            let credential =
                |entry: &LedgerEntry| entry.current.as_ref().map(|current| current.credential.clone());
            if before
                .as_ref()
                .is_some_and(|before| credential(before) != credential(entry))
            {
                // What was proven was the credential before.
                state.pass.verification = None;
                state.pass.unproven = true;
            }
            let open = before.and_then(|before| before.intent);
            if matches!(
                &open,
                Some(Intent {
                    operation: Operation::Register { .. },
                    ..
                })
            ) && open != entry.intent
            {
                // What was seen was about that registration, and says nothing of the current one.
                state.seen = None;
            }
            state.pass.recorded_attempt.clone_from(call);
            if call.is_some() {
                // What was seen before a claim of ours was there to be seen says nothing about who was first.
                state.pass.claimed = None;
            }
            state.pass.answer = None;
            state.ledger = LedgerView::Held {
                entry: entry.clone(),
                version,
                unchanged_for: jiff::SignedDuration::ZERO,
            };
        }
        (Record::Remove { .. }, None) => {
            note(state, before.as_ref(), None);
            state.pass.answer = None;
            state.ledger = LedgerView::Absent;
        }
        _ => {}
    }
}

/// A client that is not as we left it, though no call of ours is open.
fn note_drift(state: &mut State, found: Option<&RemoteClient>) {
    let Some(entry) = state.ledger.entry().filter(|entry| entry.intent.is_none()) else {
        return;
    };
    let Some(current) = &entry.current else { return };
    let what = match found {
        None => "the client is gone there".to_owned(),
        Some(remote) if remote.shows_other_credential(&current.credential) => {
            "its credential was replaced there".to_owned()
        }
        Some(remote) if current.marker.is_some() && current.marker != remote.marker => {
            "the note of who made it was changed there".to_owned()
        }
        Some(remote) if differs(current, remote) => {
            format!(
                "changed there: {}",
                names(&current.asked.differences(&remote.metadata))
            )
        }
        Some(_) => return,
    };
    state.pass.happenings.push(Happening::DriftFound { what });
}

/// What the change of the ledger means to a person.
fn note(state: &mut State, before: Option<&LedgerEntry>, after: Option<&LedgerEntry>) {
    let current = |entry: Option<&LedgerEntry>| entry.and_then(|entry| entry.current.clone());
    let happenings = &mut state.pass.happenings;
    match (current(before), current(after)) {
        (None, Some(new)) => {
            let server = after.map(|entry| entry.server.name.clone()).unwrap_or_default();
            happenings.push(Happening::Registered {
                name: new.name,
                server,
            });
        }
        (Some(old), Some(new)) => {
            if old.credential != new.credential {
                happenings.push(Happening::CredentialReplaced {
                    client_id: new.credential.client_id.clone(),
                });
            }
            // Of a change that may not be in effect the obstacle tells.
            if old.asked != new.asked && !matches!(new.access, Access::Lost(_)) {
                let fields = new
                    .asked
                    .differences(&old.asked)
                    .union(&old.asked.differences(&new.asked))
                    .copied()
                    .collect();
                happenings.push(Happening::Updated { fields });
            }
        }
        (Some(_) | None, None) => {}
    }
    if let Some(rotation) = rotation_of(after)
        && rotation_of(before).is_none()
    {
        let value = rotation.annotation.clone();
        happenings.push(Happening::RotationStarted { value });
    }
    if let Some(after) = after {
        let left = |entry: &LedgerEntry| {
            let left = entry.obligations.iter().filter(|owed| owed.is_unmanageable());
            left.map(Obligation::described).collect::<Vec<_>>()
        };
        let known = before.map(left).unwrap_or_default();
        let new = left(after).into_iter().filter(|what| !known.contains(what));
        happenings.extend(new.map(|what| Happening::LeftBehind {
            what,
            server: after.server.name.clone(),
            client: after.client().clone(),
        }));
    }
    let over = before.iter().flat_map(|entry| &entry.obligations);
    match after {
        None => happenings.extend(over.last().map(|last| Happening::CleanupDone {
            handle: last.handle.clone(),
        })),
        // What the answer to was lost, or what has the same handle as what is kept, was nobody's credential.
        Some(after) if after.current.is_some() => {
            let still_owed = |owed: &Obligation| {
                let same = |left: &Obligation| left.handle == owed.handle && left.only_secret;
                after.obligations.iter().any(same)
            };
            let removed = over.filter(|owed| {
                if owed.only_secret {
                    !still_owed(owed)
                } else {
                    !after.handles().any(|handle| *handle == owed.handle)
                }
            });
            let retired = removed.filter_map(|owed| owed.registration.as_ref());
            happenings.extend(retired.map(|registration| Happening::PreviousRetired {
                client_id: registration.credential.client_id.clone(),
            }));
        }
        Some(_) => {}
    }
}

/// The rotation that an open call is about.
fn rotation_of(entry: Option<&LedgerEntry>) -> Option<&Rotation> {
    match &entry?.intent.as_ref()?.operation {
        Operation::Register { rotation, .. } => rotation.as_ref(),
        Operation::Rotate { rotation, .. } => Some(rotation),
        Operation::Update { .. } => None,
    }
}

fn published(state: &mut State, publish: &Publish) {
    let name = publish.publication.name.clone();
    let happening = match publish.mode {
        PublishMode::Create => Happening::SecretPublished { name },
        PublishMode::Apply(_) => Happening::SecretUpdated { name },
        PublishMode::Rehearse(_) => return,
    };
    state.pass.happenings.push(happening);
}
