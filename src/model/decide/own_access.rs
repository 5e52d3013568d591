//! Registrations that are managed with an access of their own (RFC 7592): it comes with an answer, may be another one
//! after each call, and is not given again. Where such a server has nothing to look a client up with, there is nothing but
//! its answers and, for a credential, its token endpoint.

use jiff::Timestamp;
use rand::CryptoRng;

use super::case::{Case, Flow, Trouble, end, go};
use super::{Decision, Wake, keep, register, update};
use crate::api::{ClientCondition, ClientReason};
use crate::model::access::Desired;
use crate::model::ledger::{
    Access, Candidate, Intent, LedgerEntry, Loss, Obligation, Operation, Registration, Rotation, Trace,
};
use crate::model::report::Obstacle;
use crate::model::state::{Server, ServerView};
use crate::model::step::{Query, Step, Verification};

/// So many registrations whose answers were lost are left behind; then an admin has to look.
const LOST_AT_MOST: usize = 3;

/// Whether the server hands out an access for each registration.
pub(super) fn is_handed_out(server: &ServerView) -> bool {
    matches!(server, ServerView::Ready(server) if server.capabilities.own_access)
}

/// The server refused the access in a change of the current client. It is never tried again.
///
/// An earlier try of the same change, whose answer was lost, may have been done and may have made the access void: then the
/// change counts as asked for, and the client waits for the next one. Else nothing was done.
pub(super) fn refused(case: &Case, entry: &LedgerEntry, intent: &Intent) -> Flow {
    let mut entry = entry.clone();
    entry.intent = None;
    let Some(current) = &mut entry.current else {
        return go(case.record(entry));
    };
    current.access = Access::Lost(Loss::Refused);
    // Whether the credential still works shows whether the client is there at all.
    entry.recheck_at = Some(case.state.now);
    if intent.attempt.tries > 1
        && let Operation::Update { metadata, .. } = &intent.operation
    {
        current.access = Access::Lost(Loss::WithAnswer);
        current.asked = metadata.clone();
    }
    go(case.record(entry))
}

/// After an unknown outcome, when late deliveries are over: what can still be managed is put as it shall be once more, and
/// of what cannot the credential is tried.
pub(super) fn recheck(case: &Case, server: &Server, desired: &Desired, rng: &mut dyn CryptoRng) -> Flow {
    let Some((entry, current)) = case.current() else {
        return Ok(());
    };
    if entry.recheck_at.is_none_or(|at| at > case.state.now) {
        return Ok(());
    }
    let looked = LedgerEntry {
        recheck_at: None,
        ..entry.clone()
    };
    if !matches!(current.access, Access::Lost(_)) {
        return update::send(case, server, desired, rng);
    }
    if !can_be_tried(server, current) {
        return go(case.record(looked));
    }
    match &case.state.pass.verification {
        None => go(Step::Observe(Query::Token(current.into()))),
        Some(Verification::TokenIssued) => go(case.record(looked)),
        // Refused as a client and as a registration: it is gone, and is registered anew. But where the answer to a change was
        // lost, that may have held another secret and another access.
        Some(Verification::Rejected(_)) => {
            let candidate = register::candidate(case, &looked, server, desired, rng)?;
            let mut without = LedgerEntry {
                current: None,
                ..looked
            };
            if current.access == Access::Lost(Loss::WithAnswer) {
                let now = case.state.now;
                let owed = Obligation::of_registration(current.clone(), now, now);
                without.obligations.push(owed);
            }
            register::begin(case, server, without, candidate, None, rng)
        }
        Some(Verification::Unknown(_)) => end(Decision::Blocked(Wake::Backoff)),
    }
}

fn can_be_tried(server: &Server, current: &Registration) -> bool {
    server.capabilities.can_verify && current.credential.client_secret.is_some()
}

/// Registers a client in place of the current one, which can be changed no more. One rotation serves what is due.
pub(super) fn replace(case: &Case, server: &Server, desired: &Desired, rng: &mut dyn CryptoRng) -> Flow {
    let Some((entry, current)) = case.current() else {
        return Ok(());
    };
    if !desired.client_id_may_change {
        return case.blocked(cannot_be_changed(server, current));
    }
    keep::rehearse(case, entry)?;
    let candidate = register::candidate(case, entry, server, desired, rng)?;
    let rotation = Rotation {
        annotation: entry.served.unserved(case.client.rotate.as_ref()).cloned(),
        overlap_seconds: desired.overlap_seconds,
    };
    register::begin(case, server, entry.clone(), candidate, Some(rotation), rng)
}

/// Says that the current client waits for a change or a rotation, since its last change may or may not be in effect.
pub(super) fn tell_of_loss(case: &Case, next_rotation: Option<Timestamp>) -> Flow {
    match case.current() {
        Some((entry, current)) if current.access == Access::Lost(Loss::WithAnswer) => case.blocked_until(
            changed_or_not(entry, current),
            next_rotation.map_or(Wake::OnChange, Wake::At),
        ),
        Some(_) | None => Ok(()),
    }
}

/// Each registration whose answer was lost may have left a client that nobody can find, so there are few of them.
pub(super) fn few_are_lost(case: &Case, server: &Server, entry: &LedgerEntry, trouble: Trouble) -> Flow {
    let untraceable = |lost: &Candidate| lost.trace == Trace::None;
    let lost: Vec<&Candidate> = (entry.obligations.iter())
        .filter_map(|owed| owed.lost.as_ref().filter(|lost| untraceable(lost)))
        .collect();
    let Some(latest) = lost.last().filter(|_| lost.len() >= LOST_AT_MOST) else {
        return Ok(());
    };
    let (on, reason) = match trouble {
        Trouble::Spec | Trouble::Background => (ClientCondition::Registered, ClientReason::OutcomeUnknown),
        // What was registered before works on, and is what it shall be.
        Trouble::Rotation => (ClientCondition::Rotating, ClientReason::NotPossible),
    };
    case.blocked(Obstacle {
        on,
        reason,
        message: format!(
            "{} gave no answer to {} registrations, and each may have made a client. Platform team: look there for clients \
             with software_id {}, remove what nobody uses, then discharge them with kubectl oauthclient discharge {}. Nothing \
             more is registered until then.",
            server.key.name,
            lost.len(),
            latest.marker.software_id(),
            entry.client()
        ),
        stalled: true,
    })
}

fn cannot_be_changed(server: &Server, current: &Registration) -> Obstacle {
    Obstacle {
        on: ClientCondition::Registered,
        reason: ClientReason::Unmanageable,
        message: format!(
            "client {} at {} cannot be changed any more, as its registration access token is of no use, and \
             rotation.clientIDChange is Forbidden. Application team: allow it, and a new client is registered in its place; \
             or put the old spec back. The credential works on.",
            current.credential.client_id, server.key.name
        ),
        stalled: true,
    }
}

fn changed_or_not(entry: &LedgerEntry, current: &Registration) -> Obstacle {
    Obstacle {
        on: ClientCondition::Registered,
        reason: ClientReason::Unmanageable,
        message: format!(
            "the answer of {} to the last change of client {} was lost, and with it the registration access token: the change \
             may or may not be in effect, and this client cannot be changed any more. Its credential works on. Application \
             team: rotate (a new value of the annotation oauthclient.dev/rotate) when it suits you, or change the spec; then \
             a new client is registered as the spec asks, and its id and secret are published.",
            entry.server.name, current.credential.client_id
        ),
        stalled: true,
    }
}
