//! The start of a rotation.

use jiff::Timestamp;
use rand::CryptoRng;

use super::case::{Case, Flow, Trouble, attempt, end, record};
use super::{Decision, Wake, keep, register};
use crate::api::{ClientCondition, ClientReason};
use crate::model::access::Desired;
use crate::model::capabilities::Overlap;
use crate::model::ledger::{Intent, LedgerEntry, Obligation, Operation};
use crate::model::metadata::Credential;
use crate::model::report::Obstacle;
use crate::model::rotation::{Method, NotPossible, method, triggers};
use crate::model::state::Server;

/// Begins a rotation if one is due; else tells when the next one will be.
pub(super) fn when_due(
    case: &Case,
    server: &Server,
    desired: &Desired,
    rng: &mut dyn CryptoRng,
) -> Flow<Option<Timestamp>> {
    let Some((entry, current)) = case.current() else {
        return Ok(None);
    };
    let found = match triggers(
        case.client,
        entry,
        current,
        desired,
        case.state.given.secret(),
        case.state.now,
    ) {
        Ok(found) => found,
        Err(why) => return case.blocked(not_possible(&why)),
    };
    let Some(rotation) = found.due else {
        return Ok(found.next);
    };
    // A late delivery of an earlier call could undo a rotation that starts now.
    if let Some(at) = entry.recheck_at {
        return end(Decision::Blocked(Wake::At(at)));
    }
    let method = match method(desired, &rotation, &server.capabilities) {
        Ok(method) => method,
        Err(why) => return case.blocked(not_possible(&why)),
    };
    if method == Method::SecondSecret {
        let in_overlap = entry.previous.as_ref().filter(|previous| previous.same_client);
        if let Some(previous) = in_overlap {
            // There are two slots and no third one, and what has an overlap keeps it.
            return Ok(previous.retire_at.or(found.next));
        }
        // To retire an earlier secret retires whatever is the earlier one when the call arrives.
        let retires = |owed: &&Obligation| owed.only_secret && owed.handle == current.handle;
        if let Some(owed) = entry.obligations.iter().find(retires) {
            return Ok(Some(owed.not_before));
        }
    }
    keep::rehearse(case, entry)?;
    match method {
        Method::InPlace | Method::SecondSecret => {
            let keep_previous = method == Method::SecondSecret;
            let chosen_by = match server.capabilities.overlap {
                Overlap::TwoSlots(chosen_by) if keep_previous => chosen_by,
                _ => server.capabilities.rotated_secret,
            };
            let candidate = case.secret_to_set(chosen_by, rng)?.map(|secret| Credential {
                client_id: current.credential.client_id.clone(),
                client_secret: Some(secret),
            });
            let attempt = attempt(case.state, rng, 0);
            let call = Some(attempt.id.clone());
            let intent = Some(Intent {
                operation: Operation::Rotate {
                    candidate,
                    keep_previous,
                    rotation,
                },
                attempt,
            });
            let entry = LedgerEntry {
                intent,
                ..entry.clone()
            };
            case.ask(&server.key, Trouble::Rotation, record(case.state, entry, call))
        }
        Method::Replacement => {
            register::scopes_there(case, server, &desired.metadata, Trouble::Rotation)?;
            let candidate = register::candidate(case, entry, server, desired, rng)?;
            register::begin(case, server, entry.clone(), candidate, Some(rotation), rng)?;
            Ok(None)
        }
    }
}

fn not_possible(why: &NotPossible) -> Obstacle {
    Obstacle {
        on: ClientCondition::Rotating,
        reason: ClientReason::NotPossible,
        message: format!(
            "{why}. Application team: {}. The credential stays as it is until then.",
            why.cure()
        ),
        stalled: true,
    }
}
