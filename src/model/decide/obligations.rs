//! Clients at the server that are still to be removed.

use jiff::{SignedDuration, Timestamp};
use rand::CryptoRng;

use super::case::{Flow, attempt, go, record};
use super::drift::is_all;
use crate::model::fault::Fault;
use crate::model::ledger::{Access, Candidate, LedgerEntry, Loss, Obligation, Removal, Trace};
use crate::model::metadata::{Marker, RemoteClient};
use crate::model::names::{AttemptId, owner_hash};
use crate::model::state::{Answer, ClientView, Server, ServerView, State};
use crate::model::step::{Call, Query, Record, Request, Step, Target};

/// Removes the obligation whose call was answered; with the last one of a client that is gone, the entry.
pub(super) fn store_answer(state: &State) -> Flow {
    let (Some((id, answer)), Some(entry)) = (&state.pass.answer, state.ledger.entry()) else {
        return Ok(());
    };
    let done = |obligation: &Obligation| obligation.is_tried_by(id);
    if !matches!(answer, Answer::Done) || !entry.obligations.iter().any(done) {
        return Ok(());
    }
    let mut entry = entry.clone();
    // What is deleted has no secrets any more.
    let deleted = |owed: &&Obligation| done(owed) && !owed.only_secret && owed.removal == Removal::Delete;
    let deleted = entry
        .obligations
        .iter()
        .find(deleted)
        .map(|owed| owed.handle.clone());
    entry.obligations.retain_mut(|owed| {
        let went_with_it = owed.only_secret && deleted.as_ref() == Some(&owed.handle);
        !went_with_it && (!done(owed) || keeps_its_name(state, owed))
    });
    go(written_or_removed(state, entry))
}

/// An exact name that was removed is free at once, and whoever gets it next must not lose it to an earlier try that is
/// delivered late: the obligation claims the name until that is over. In the same way the slot of an earlier secret.
fn keeps_its_name(state: &State, owed: &mut Obligation) -> bool {
    let Some(attempt) = owed.attempt.as_ref().filter(|attempt| attempt.tries > 1) else {
        return false;
    };
    let ServerView::Ready(server) = &state.server else {
        return false;
    };
    let over = after(attempt.at, state.here.timing.late_delivery);
    if !(owed.only_secret || is_all(server, &owed.handle)) || over <= state.now {
        return false;
    }
    owed.not_before = over;
    owed.removed = true;
    true
}

/// Gives up the claims to names that were removed, once their time is over. That needs no server.
pub(super) fn give_names_up(state: &State) -> Flow {
    let Some(entry) = state.ledger.entry() else {
        return Ok(());
    };
    let over = |owed: &Obligation| owed.removed && owed.not_before <= state.now;
    if !entry.obligations.iter().any(over) {
        return Ok(());
    }
    let mut entry = entry.clone();
    entry.obligations.retain(|owed| !over(owed));
    go(written_or_removed(state, entry))
}

/// When an absence counts: not while the server may not show yet what it has just done, nor while a try to remove it may
/// still be delivered, as until then nobody else can have the name.
fn absence_counts_at(state: &State, owed: &Obligation) -> Timestamp {
    let timing = &state.here.timing;
    let settled = (owed.registration.as_ref()).map(|known| after(known.as_of, timing.settling));
    let delivered = (owed.attempt.as_ref()).map(|attempt| after(attempt.at, timing.late_delivery));
    settled.max(delivered).unwrap_or(state.now)
}

fn after(time: Timestamp, wait: SignedDuration) -> Timestamp {
    time.checked_add(wait).unwrap_or(time)
}

/// Sends the call of an obligation that this pass recorded, or records the next one that is due.
///
/// What cannot be removed now holds nothing else up: it is tried again later.
pub(super) fn discharge(state: &State, server: &Server, rng: &mut dyn CryptoRng) -> Flow {
    let Some(entry) = state.ledger.entry() else {
        return Ok(());
    };
    if let Some(call) = recorded_call(state, entry) {
        return go(Step::Call(call));
    }
    give_names_up(state)?;
    refused(state, server, entry)?;
    // One call at a time: what is under way has its outcome first.
    if server.suspended || state.pass.removal_fault.is_some() || entry.intent.is_some() {
        return Ok(());
    }
    let mut entry = entry.clone();
    if let Some((index, owed)) = entry.due_obligation(state.now)
        && let Some(candidate) = &owed.lost
    {
        return match &state.pass.looked_up {
            Some((name, found)) if *name == candidate.name => go(written_or_removed(
                state,
                found_or_dropped(
                    &entry,
                    index,
                    found.as_ref().filter(|found| candidate.made(found)),
                ),
            )),
            _ => go(Step::Observe(Query::Lost(Box::new(candidate.clone())))),
        };
    }
    if let Some((index, owed)) = entry.due_obligation(state.now)
        && let Some(candidate) = by_name_alone(server, &entry, owed)
    {
        match is_still(state, server, &candidate) {
            None => return go(Step::Observe(Query::Lost(Box::new(candidate)))),
            Some(true) => {}
            // It is gone, and what has its name by now is left alone.
            Some(false) => {
                let counts_at = absence_counts_at(state, owed);
                match entry.obligations.get_mut(index) {
                    Some(owed) if counts_at > state.now => owed.not_before = counts_at,
                    _ => drop(entry.obligations.remove(index)),
                }
                return go(written_or_removed(state, entry));
            }
        }
    }
    match begin(state, &mut entry, rng) {
        Some(call) => go(record(state, entry, Some(call))),
        None => Ok(()),
    }
}

/// The server did not let the client be managed whose removal this pass has sent. That can mean that it is gone (RFC 7592
/// answers 401 to both), which only its own credential can tell.
fn refused(state: &State, server: &Server, entry: &LedgerEntry) -> Flow {
    let refused = |id| entry.obligations.iter().position(|owed| owed.is_tried_by(id));
    // Once it is recorded as one that the operator cannot end, it is told and done with.
    let Some(index) = (state.pass.unmanageable.as_ref().and_then(refused))
        .filter(|index| !entry.obligations[*index].is_unmanageable())
    else {
        return Ok(());
    };
    let mut entry = entry.clone();
    let Some(registration) = entry
        .obligations
        .get_mut(index)
        .and_then(|owed| owed.registration.as_mut())
    else {
        return Ok(());
    };
    let can_tell = server.capabilities.can_verify && registration.credential.client_secret.is_some();
    match state.pass.revoked {
        None if can_tell && state.pass.removal_fault.is_none() => {
            return go(Step::Observe(Query::Revoked((&*registration).into())));
        }
        // It could not be asked: it is looked at again with the next try.
        None if can_tell => return Ok(()),
        Some(true) => {
            entry.obligations.remove(index);
        }
        Some(false) | None => registration.access = Access::Lost(Loss::Refused),
    }
    go(written_or_removed(state, entry))
}

/// What an admin has to end, for a person.
pub(super) fn unmanageable(entry: &LedgerEntry) -> String {
    let left: Vec<String> = (entry.obligations.iter())
        .filter(|owed| owed.is_unmanageable())
        .map(Obligation::described)
        .collect();
    format!(
        "{} is left at {}, and the operator has no way to remove it. Platform team: remove it there, then discharge it \
         with kubectl oauthclient discharge {}",
        left.join("; "),
        entry.server.name,
        entry.client()
    )
}

/// What to look for before a registration is removed by a name that anybody could have given to another client since.
fn by_name_alone(server: &Server, entry: &LedgerEntry, owed: &Obligation) -> Option<Candidate> {
    let registration = owed
        .registration
        .as_ref()
        .filter(|registration| is_all(server, &registration.handle))?;
    Some(Candidate {
        name: registration.name.clone(),
        trace: Trace::ExactName,
        marker: registration.marker.clone().unwrap_or(Marker {
            owner: owner_hash(&entry.cluster_id, &entry.owner),
            number: 0,
            nonce: String::new(),
        }),
        client_id: Some(registration.credential.client_id.clone()),
        client_secret: None,
        metadata: registration.asked.clone(),
    })
}

/// Whether a look in this pass has shown that what has the name is still what is owed, by its client id and, where the
/// server keeps one, the note of who made it; nothing where there was none.
fn is_still(state: &State, server: &Server, candidate: &Candidate) -> Option<bool> {
    let (_, found) = state
        .pass
        .looked_up
        .as_ref()
        .filter(|(looked_for, _)| *looked_for == candidate.name)?;
    let is_still = |remote: &RemoteClient| {
        let has_note = !server.capabilities.keeps_marker || remote.marker.as_ref() == Some(&candidate.marker);
        candidate.client_id.as_ref() == Some(&remote.credential.client_id) && has_note
    };
    Some(found.as_ref().is_some_and(is_still))
}

/// What a lost attempt has come to: a client that can be removed now, or nothing at all.
fn found_or_dropped(entry: &LedgerEntry, index: usize, found: Option<&RemoteClient>) -> LedgerEntry {
    let mut entry = entry.clone();
    let nothing_owed = found.is_none_or(|remote| {
        let mut held = entry
            .current
            .iter()
            .chain(entry.previous.iter().map(|previous| &previous.registration));
        held.any(|registration| registration.handle == remote.handle)
    });
    match (found, entry.obligations.get_mut(index)) {
        (Some(remote), Some(owed)) if !nothing_owed => {
            owed.handle = remote.handle.clone();
            owed.lost = None;
        }
        _ => {
            entry.obligations.remove(index);
        }
    }
    entry
}

/// Gives the obligation that is due a fresh attempt, if one is due.
pub(super) fn begin(state: &State, entry: &mut LedgerEntry, rng: &mut dyn CryptoRng) -> Option<AttemptId> {
    let (index, due) = entry
        .due_obligation(state.now)
        .filter(|(_, due)| due.lost.is_none() && !due.removed && may_go(state, entry, due))?;
    let tries = due.attempt.as_ref().map_or(0, |attempt| attempt.tries);
    let attempt = attempt(state, rng, tries);
    let id = attempt.id.clone();
    let owed = entry.obligations.get_mut(index)?;
    if owed.removal == Removal::Disable {
        // One call may enable and disable in turn, so a try that is delivered after the next one would undo it.
        owed.not_before = after(attempt.at, state.here.timing.late_delivery);
    }
    owed.attempt = Some(attempt);
    Some(id)
}

/// Whether a removal can be sent: what is addressed by its name alone has been looked at in this pass.
fn may_go(state: &State, entry: &LedgerEntry, owed: &Obligation) -> bool {
    let ServerView::Ready(server) = &state.server else {
        return true;
    };
    by_name_alone(server, entry, owed)
        .is_none_or(|candidate| is_still(state, server, &candidate) == Some(true))
}

/// The entry, or nothing where it is a gone client's and owes nothing any more.
pub(super) fn written_or_removed(state: &State, entry: LedgerEntry) -> Step {
    let gone = match &state.client {
        ClientView::Gone { .. } => true,
        // Another object has its name by now.
        ClientView::Present(client) => client.uid != entry.owner,
        ClientView::Unknown(_) => false,
    };
    let over = entry.obligations.is_empty()
        && entry.current.is_none()
        && entry.previous.is_none()
        && entry.intent.is_none()
        && secret_left(state, &entry).is_none();
    match state.ledger.version() {
        Some(version) if gone && over => Step::Record(Record::Remove {
            version: version.clone(),
        }),
        _ => record(state, entry, None),
    }
}

/// Why nobody can tell that the Secret of a client that is gone is gone too, where nobody else removes it: then the record
/// stays, as only by it the Secret is known for ours. One that Kubernetes collects with its owner is no concern of ours.
pub(super) fn secret_left<'a>(state: &'a State, entry: &LedgerEntry) -> Option<&'a str> {
    state.secret_hidden.as_deref().filter(|_| !entry.secret_owned)
}

/// Whether a step is about an obligation, so that its failure holds nothing else up.
pub(in crate::model) fn is_removal(step: &Step) -> bool {
    match step {
        Step::Observe(Query::Lost(_) | Query::Revoked(_)) => true,
        Step::Call(Call { request, .. }) => request.removes(),
        Step::Record(Record::Write {
            entry,
            call: Some(id),
            ..
        }) => entry
            .obligations
            .iter()
            .any(|obligation| obligation.is_tried_by(id)),
        _ => false,
    }
}

/// Why the cleanup does not go on, for a person.
pub(super) fn described(fault: &Fault, server: &str) -> String {
    format!(
        "{server} {fault}. The client there is removed as soon as {server} lets us; tried again with growing pauses"
    )
}

fn recorded_call(state: &State, entry: &LedgerEntry) -> Option<Call> {
    let id = state.pass.recorded_attempt.as_ref()?;
    let obligation = entry
        .obligations
        .iter()
        .find(|obligation| obligation.is_tried_by(id))?;
    let at = obligation.attempt.as_ref()?.at;
    let target = match &obligation.registration {
        Some(registration) => Box::<Target>::from(registration),
        None => obligation.handle.clone().into(),
    };
    let request = match obligation.removal {
        _ if obligation.only_secret => Request::RetireSecret { target },
        Removal::Delete => Request::Delete { target },
        Removal::Disable => Request::Disable { target },
        Removal::Retain => return None,
    };
    Some(Call {
        attempt: Some((id.clone(), at)),
        request,
    })
}
