//! The open intent: a call that is about to be sent, or was and has no known outcome.

use jiff::Timestamp;
use rand::CryptoRng;

use super::case::{Case, Flow, Trouble, attempt, end, go, record};
use super::{Decision, Wake, claim, own_access, register, update};
use crate::api::{ClientCondition, ClientReason};
use crate::model::access::Desired;
use crate::model::capabilities::HandleKind;
use crate::model::fault::Fault;
use crate::model::ledger::{
    Access, Candidate, Intent, LedgerEntry, Obligation, Operation, Previous, Registration, Rotation, Trace,
};
use crate::model::metadata::{ClientMetadata, Credential, RemoteClient};
use crate::model::names::Handle;
use crate::model::report::Obstacle;
use crate::model::state::{Answer, Server, ServerView, State};
use crate::model::step::{Call, Query, Request, Step, Target};

/// An answer is stored before anything else is done with it.
pub(super) fn store_answer(case: &Case) -> Flow {
    super::obligations::store_answer(case.state)?;
    let (Some((id, Answer::Client(remote))), Some(entry)) = (&case.state.pass.answer, case.entry()) else {
        return Ok(());
    };
    match &entry.intent {
        Some(intent) if intent.attempt.id == *id => {
            go(case.record(closed(case, entry, intent, remote, true)))
        }
        Some(_) | None => Ok(()),
    }
}

/// Sends the call of an attempt that this pass recorded; finds out what became of any other.
pub(super) fn resolve(case: &Case, server: &Server, desired: &Desired, rng: &mut dyn CryptoRng) -> Flow {
    let Some(entry) = case.entry() else { return Ok(()) };
    let Some(intent) = &entry.intent else {
        return Ok(());
    };
    if case.state.pass.recorded_attempt.as_ref() == Some(&intent.attempt.id) {
        if let Operation::Register { candidate, .. } = &intent.operation {
            claim::before_call(case, server, entry, intent, candidate)?;
        }
        return match request(entry, &intent.operation) {
            Some(request) => {
                let attempt = Some((intent.attempt.id.clone(), intent.attempt.at));
                go(Step::Call(Call { attempt, request }))
            }
            None => end(Decision::Blocked(Wake::OnChange)),
        };
    }
    let trouble = trouble_of(entry, &intent.operation);
    if case.state.pass.unmanageable.as_ref() == Some(&intent.attempt.id) {
        return own_access::refused(case, entry, intent);
    }
    let once = matches!(&intent.operation, Operation::Register { candidate, .. } if !repeatable(server, entry, candidate));
    close_as_not_done(case, server, entry, intent, once)?;
    if let Operation::Register { candidate, .. } = &intent.operation
        && was_there_before(case, server, intent, candidate)
    {
        return give_up(case, entry, intent, lost(case.state, candidate.clone()));
    }
    if let Some(
        fault @ (Fault::Denied(..)
        | Fault::Invalid(_)
        | Fault::Quota(_)
        | Fault::Throttled(_)
        | Fault::Unavailable(_)),
    ) = &case.state.pass.fault
    {
        return case.in_trouble(&server.key, trouble, fault);
    }
    let seen = case
        .state
        .seen
        .as_ref()
        .filter(|seen| seen.authoritative && seen.began_at >= intent.attempt.at);
    match &intent.operation {
        // To repeat it harms nobody, and what is asked for by now replaces what was asked for then.
        Operation::Update { .. } => match (seen, &case.state.pass.fault) {
            (Some(seen), _) if seen.client.is_none() => Ok(()),
            (_, Some(fault)) => case.in_trouble(&server.key, trouble, fault),
            (_, None) => {
                if server.capabilities.own_access {
                    // The answer to another process's call may hold the access that is good from then on.
                    left_alone(case, intent)?;
                }
                update::send(case, server, desired, rng)
            }
        },
        Operation::Register { candidate, .. } if candidate.trace == Trace::None => {
            give_up(case, entry, intent, lost(case.state, candidate.clone()))
        }
        Operation::Register { candidate, .. } => match seen {
            None => go(Step::Observe(Query::Attempted(Box::new(candidate.clone())))),
            Some(seen) => match &seen.client {
                Some(remote) if is_whole(server, candidate, remote) => {
                    close_as_found(case, entry, intent, remote)
                }
                Some(remote) if candidate.made(remote) || candidate.is_of_same_owner(remote) => {
                    // It is ours, and nobody knows its secret.
                    let now = case.state.now;
                    give_up(
                        case,
                        entry,
                        intent,
                        Obligation::of(remote.handle.clone(), now, now),
                    )
                }
                Some(_) if candidate.trace == Trace::Marker => {
                    case.blocked_until(register::taken(server, entry, candidate), Wake::Backoff)
                }
                Some(_) => {
                    claim::free(case, server, candidate)?;
                    case.blocked(cannot_prove(&server.key.name, &candidate.name))
                }
                None if once => give_up(case, entry, intent, lost(case.state, candidate.clone())),
                None => {
                    let operation = with_metadata(&intent.operation, desired);
                    repeat(case, server, entry, intent, operation, rng)
                }
            },
        },
        Operation::Rotate { .. } => match (seen, &entry.current) {
            (_, None) => Ok(()),
            (None, Some(current)) => go(Step::Observe(Query::Client(current.handle.clone()))),
            (Some(seen), Some(current)) => match &seen.client {
                // The client is gone altogether; the drift stage registers it anew.
                None => Ok(()),
                Some(remote) if remote.shows_other_credential(&current.credential) => {
                    close_as_found(case, entry, intent, remote)
                }
                Some(_) => {
                    delivered(case, server, intent)?;
                    repeat(case, server, entry, intent, intent.operation.clone(), rng)
                }
            },
        },
    }
}

/// A second secret that the server makes and shows once is asked for again only when the first try can arrive no more: after
/// ours it would be the current one, unknown to anybody, and ours the one that is retired.
fn delivered(case: &Case, server: &Server, intent: &Intent) -> Flow {
    let Operation::Rotate {
        candidate: None,
        keep_previous: true,
        ..
    } = &intent.operation
    else {
        return Ok(());
    };
    let late = case.state.here.timing.late_delivery;
    let over = intent.attempt.at.checked_add(late).unwrap_or(intent.attempt.at);
    if server.capabilities.secret_readable || over <= case.state.now {
        return Ok(());
    }
    end(Decision::Blocked(Wake::At(over)))
}

/// It is certain that nothing was done, and after this pass nobody would know: so the intent is closed where that makes a
/// difference. `once`: it cannot be repeated as it is.
fn close_as_not_done(case: &Case, server: &Server, entry: &LedgerEntry, intent: &Intent, once: bool) -> Flow {
    // What a refused access means depends on whether an earlier try may have been done.
    let first_update = server.capabilities.own_access
        && matches!(&intent.operation, Operation::Update { .. })
        && intent.attempt.tries == 1;
    let closes = match &case.state.pass.fault {
        // An earlier try may have done what this one was in conflict with, and a name that is proof can be looked for.
        Some(Fault::Conflict(_)) => is_first_of_anybodys(entry, intent),
        _ => once || first_update,
    };
    if !closes || case.state.pass.not_done.as_ref() != Some(&intent.attempt.id) {
        return Ok(());
    }
    // Where it was to put right what may have arrived late, that is still to be done.
    let puts_right = |current: &&Registration| match &intent.operation {
        Operation::Update { metadata, .. } => current.asked == *metadata,
        Operation::Register { .. } | Operation::Rotate { .. } => false,
    };
    let due = entry.current.as_ref().filter(puts_right).map(|_| case.state.now);
    go(case.record(LedgerEntry {
        intent: None,
        recheck_at: entry.recheck_at.or(due),
        ..entry.clone()
    }))
}

fn close_as_found(case: &Case, entry: &LedgerEntry, intent: &Intent, remote: &RemoteClient) -> Flow {
    go(case.record(closed(case, entry, intent, remote, false)))
}

/// Whether a registration may be sent again as it is. What can be anybody's has no next one to be given up for.
fn repeatable(server: &Server, entry: &LedgerEntry, candidate: &Candidate) -> bool {
    server.capabilities.idempotent_create || is_anybodys(entry, candidate)
}

/// Whether another client may have what this one is known by: an exact name, or a client id that the spec chose.
pub(super) fn is_anybodys(entry: &LedgerEntry, candidate: &Candidate) -> bool {
    let is_chosen = candidate.client_id.is_some() && candidate.client_id == entry.chosen.client_id;
    candidate.trace == Trace::ExactName || is_chosen
}

/// Whether it is the first try to register what can be anybody's: what is there is not ours.
fn is_first_of_anybodys(entry: &LedgerEntry, intent: &Intent) -> bool {
    matches!(&intent.operation, Operation::Register { candidate, .. } if is_anybodys(entry, candidate))
        && intent.attempt.tries == 1
}

/// Whether the first try met a client that only its generated name or id tells for ours, so the ledger was lost since that
/// was made, and nothing tells its secret: the candidate's was never set there.
fn was_there_before(case: &Case, server: &Server, intent: &Intent, candidate: &Candidate) -> bool {
    matches!(case.state.pass.fault, Some(Fault::Conflict(_)))
        && case.state.pass.not_done.as_ref() == Some(&intent.attempt.id)
        && intent.attempt.tries == 1
        && candidate.trace == Trace::GeneratedName
        && candidate.client_secret.is_some()
        && !server.capabilities.secret_readable
}

/// Whether what was found is ours and can be used: its secret is shown, or we chose it, or it needs none.
fn is_whole(server: &Server, candidate: &Candidate, found: &RemoteClient) -> bool {
    let is_shown = server.capabilities.secret_readable || found.credential.client_secret.is_some();
    if candidate.made(found) {
        is_shown || candidate.client_secret.is_some()
    } else {
        is_shown && candidate.is_of_same_owner(found)
    }
}

/// The obligation to look for what a lost registration may have made, and to remove it, once it can not come any more.
pub(super) fn lost(state: &State, candidate: Candidate) -> Obligation {
    // Where the name addresses a client, it can be removed without a look.
    let kind = match &state.server {
        ServerView::Ready(server) => Some(server.capabilities.handle),
        ServerView::Missing(_) | ServerView::NotServed(_) | ServerView::NotReady(..) => None,
    };
    let look = kind != Some(HandleKind::Name);
    let late = (state.now)
        .checked_add(state.here.timing.late_delivery)
        .unwrap_or(state.now);
    let handle = Handle(candidate.name.clone());
    Obligation {
        lost: look.then_some(candidate),
        ..Obligation::of(handle, state.now, late)
    }
}

/// Gives a registration up that cannot be repeated; the next one uses the next name.
fn give_up(case: &Case, entry: &LedgerEntry, intent: &Intent, owed: Obligation) -> Flow {
    left_alone(case, intent)?;
    let mut entry = entry.clone();
    entry.intent = None;
    entry.obligations.push(owed);
    go(case.record(entry))
}

/// Repeats a call that did not show: the same candidate under a fresh attempt. Another process's call may still
/// be on its way, so its intent must have been left alone for long enough.
fn repeat(
    case: &Case,
    server: &Server,
    entry: &LedgerEntry,
    intent: &Intent,
    operation: Operation,
    rng: &mut dyn CryptoRng,
) -> Flow {
    let trouble = trouble_of(entry, &operation);
    if let Some(fault) = &case.state.pass.fault {
        return case.in_trouble(&server.key, trouble, fault);
    }
    let state = case.state;
    if !harmless(&operation) {
        left_alone(case, intent)?;
    }
    if let Operation::Register { candidate, .. } = &operation {
        claim::before_repeat(case, server, entry, intent, candidate)?;
    }
    let attempt = attempt(state, rng, intent.attempt.tries);
    let call = Some(attempt.id.clone());
    let entry = LedgerEntry {
        intent: Some(Intent { operation, attempt }),
        ..entry.clone()
    };
    case.ask(&server.key, trouble, record(state, entry, call))
}

/// Where we chose everything, the same candidate arrives once or twice to the same effect: nobody waits.
fn harmless(operation: &Operation) -> bool {
    match operation {
        Operation::Register { candidate, .. } => {
            candidate.client_id.is_some() && candidate.client_secret.is_some()
        }
        Operation::Rotate { candidate, .. } => candidate.is_some(),
        Operation::Update { .. } => false,
    }
}

/// Waits until the call of another process cannot be on its way any more.
fn left_alone(case: &Case, intent: &Intent) -> Flow {
    let state = case.state;
    if intent.attempt.by != state.here.instance {
        let unchanged_for = match &state.ledger {
            crate::model::state::LedgerView::Held { unchanged_for, .. } => *unchanged_for,
            _ => jiff::SignedDuration::ZERO,
        };
        let rest = state.here.timing.take_over_after() - unchanged_for;
        if rest.is_positive() {
            let at = state.now.checked_add(rest).unwrap_or(state.now);
            return end(Decision::Blocked(Wake::At(at)));
        }
    }
    Ok(())
}

/// What fails with it. A rotation by a second client may bring what the spec asks for besides; until then the client is not
/// what it shall be.
pub(super) fn trouble_of(entry: &LedgerEntry, operation: &Operation) -> Trouble {
    match operation {
        Operation::Register {
            candidate,
            rotation: Some(_),
        } if (entry.current.as_ref()).is_some_and(|current| current.asked == candidate.metadata) => {
            Trouble::Rotation
        }
        Operation::Register { .. } | Operation::Update { .. } => Trouble::Spec,
        Operation::Rotate { .. } => Trouble::Rotation,
    }
}

fn with_metadata(operation: &Operation, desired: &Desired) -> Operation {
    match operation {
        Operation::Register { candidate, rotation } => Operation::Register {
            candidate: Candidate {
                metadata: desired.metadata.clone(),
                ..candidate.clone()
            },
            rotation: rotation.clone(),
        },
        other => other.clone(),
    }
}

fn request(entry: &LedgerEntry, operation: &Operation) -> Option<Request> {
    let target = || entry.current.as_ref().map(Box::<Target>::from);
    Some(match operation {
        Operation::Register { candidate, .. } => Request::Register(Box::new(candidate.clone())),
        Operation::Update { metadata, unset } => Request::Update {
            target: target()?,
            metadata: metadata.clone(),
            unset: unset.clone(),
        },
        Operation::Rotate {
            candidate,
            keep_previous,
            ..
        } => Request::Rotate {
            target: target()?,
            candidate: candidate.clone(),
            keep_previous: *keep_previous,
        },
    })
}

/// The entry once the outcome of its intent is known. Unless the only try was answered directly, an earlier
/// delivery may still come, so the client is looked at once more when that has become impossible.
fn closed(
    case: &Case,
    entry: &LedgerEntry,
    intent: &Intent,
    remote: &RemoteClient,
    answered: bool,
) -> LedgerEntry {
    let (now, timing) = (case.state.now, &case.state.here.timing);
    let mut entry = LedgerEntry {
        intent: None,
        ..entry.clone()
    };
    if !answered || intent.attempt.tries > 1 {
        entry.recheck_at = now.checked_add(timing.late_delivery).ok();
    }
    match &intent.operation {
        Operation::Register { candidate, rotation } => {
            let registration = Registration {
                handle: remote.handle.clone(),
                name: remote.name.clone().unwrap_or_else(|| candidate.name.clone()),
                marker: (remote.marker.clone())
                    .or_else(|| (candidate.trace == Trace::Marker).then(|| candidate.marker.clone())),
                credential: Credential {
                    client_id: remote.credential.client_id.clone(),
                    client_secret: remote
                        .credential
                        .client_secret
                        .clone()
                        .or_else(|| candidate.client_secret.clone()),
                },
                asked: asked_for(&candidate.metadata, &remote.metadata),
                told: remote.metadata.clone(),
                registered_at: now,
                as_of: now,
                secret_expires_at: remote.secret_expires_at,
                access: Access::given(
                    remote.access.clone(),
                    own_access::is_handed_out(&case.state.server),
                ),
            };
            if let Some(rotation) = rotation {
                set_aside(&mut entry, rotation, now, false);
                entry.current = None;
                serve(&mut entry, rotation, now);
            }
            // What has the same handle is the same client, and must not be removed as an earlier one.
            entry.previous = entry
                .previous
                .filter(|earlier| earlier.registration.handle != registration.handle);
            entry
                .obligations
                .retain(|owed| owed.handle != registration.handle);
            entry.current = Some(registration);
        }
        Operation::Update { metadata, .. } => {
            if let Some(current) = &mut entry.current {
                current.asked = metadata.clone();
                absorb(current, remote, now);
            }
        }
        Operation::Rotate {
            candidate,
            keep_previous,
            rotation,
        } => {
            if *keep_previous {
                set_aside(&mut entry, rotation, now, true);
            }
            if let Some(current) = &mut entry.current {
                if let Some(candidate) = candidate {
                    current.credential = candidate.clone();
                }
                absorb(current, remote, now);
                serve(&mut entry, rotation, now);
            }
        }
    }
    entry
}

/// What a registration has asked for. A server may register clients that cannot be used yet, and have a call of its own that
/// enables them: then that is still to be asked for, and until it is done nothing is published.
fn asked_for(wanted: &ClientMetadata, told: &ClientMetadata) -> ClientMetadata {
    ClientMetadata {
        enabled: wanted.enabled.filter(|_| told.enabled != Some(false)),
        ..wanted.clone()
    }
}

/// Takes over what the server told of a client.
pub(super) fn absorb(current: &mut Registration, remote: &RemoteClient, now: Timestamp) {
    current.told = remote.metadata.clone();
    current.as_of = now;
    if let Some(access) = &remote.access {
        current.access = Access::Own(access.clone());
    }
    if remote.credential.client_secret.is_some() {
        current.secret_expires_at = remote.secret_expires_at;
    }
    if remote.shows_other_credential(&current.credential) {
        let known = current.credential.client_secret.take();
        current.credential = remote.credential.clone();
        if current.credential.client_secret.is_none() {
            current.credential.client_secret = known;
        }
    }
}

/// The current registration, or its secret where the client stays, becomes the previous one; a still earlier one keeps its
/// time and then goes.
fn set_aside(entry: &mut LedgerEntry, rotation: &Rotation, now: Timestamp, same_client: bool) {
    if let Some(earlier) = entry.previous.take() {
        entry.obligations.push(retiring(earlier, now));
    }
    entry.previous = entry.current.clone().map(|registration| Previous {
        registration,
        same_client,
        overlap_seconds: rotation.overlap_seconds,
        retire_at: None,
        unproven_since: None,
    });
}

/// The obligation to remove a registration, or an earlier secret, whose overlap has ended, or ends at its time. Where that was not known yet,
/// its whole overlap begins now.
pub(super) fn retiring(previous: Previous, now: Timestamp) -> Obligation {
    let not_before = previous.retire_at.unwrap_or_else(|| {
        let overlap = jiff::SignedDuration::from_secs(previous.overlap_seconds.into());
        now.checked_add(overlap).unwrap_or(now)
    });
    Obligation {
        only_secret: previous.same_client,
        ..Obligation::of_registration(previous.registration, now, not_before)
    }
}

fn serve(entry: &mut LedgerEntry, rotation: &Rotation, now: Timestamp) {
    if let Some(value) = &rotation.annotation {
        entry.served.serve(value);
    }
    entry.served.rotated_at = Some(now);
}

fn cannot_prove(server: &str, name: &str) -> Obstacle {
    Obstacle {
        on: ClientCondition::Registered,
        reason: ClientReason::OutcomeUnknown,
        message: format!(
            "{server} has a client named {name}, and it cannot be told whether this operator made it, as its answer was \
             lost and exact names prove nothing. Platform team: look at that client; delete it if nobody uses it, and \
             then make this OAuthClient again."
        ),
        stalled: true,
    }
}
