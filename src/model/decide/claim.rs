//! Exact names: one holder at a time.
//!
//! An exact name proves nothing at the server, so the ledger decides whose it is. An open intent to register a name
//! claims it, and so does a registration until it is removed. A claim is recorded first and then looked for in all other
//! entries, and only who finds no other one calls: of two that are recorded at once at least one is seen by the other.

use jiff::Timestamp;

use super::Wake;
use super::case::{Case, Flow, go};
use crate::api::{ClientCondition, ClientReason};
use crate::model::ledger::{Candidate, Intent, LedgerEntry, Trace, claim};
use crate::model::report::Obstacle;
use crate::model::state::Server;
use crate::model::step::Step;

/// Another entry that claims the name has it: before anything is recorded, and when a client of that name is there after a
/// call whose answer was lost.
pub(super) fn free(case: &Case, server: &Server, candidate: &Candidate) -> Flow {
    if is_claimed(case, server, candidate)? {
        return case.blocked_until(taken(server, candidate), Wake::Backoff);
    }
    Ok(())
}

/// Right before the call of an attempt that this pass recorded. A claim that no call has used yet is withdrawn where
/// there is another one; both may do so, and then try again at different times.
pub(super) fn before_call(
    case: &Case,
    server: &Server,
    entry: &LedgerEntry,
    intent: &Intent,
    candidate: &Candidate,
) -> Flow {
    if candidate.trace != Trace::ExactName || !is_claimed(case, server, candidate)? {
        return Ok(());
    }
    if intent.attempt.tries > 1 {
        return case.blocked_until(taken(server, candidate), Wake::Backoff);
    }
    withdraw(case, entry)
}

/// Before a call without a known outcome is repeated. The claim may not have been looked for before that call, so
/// another one may be the older; ours is withdrawn only when the call can come no more.
pub(super) fn before_repeat(
    case: &Case,
    server: &Server,
    entry: &LedgerEntry,
    intent: &Intent,
    candidate: &Candidate,
) -> Flow {
    if candidate.trace != Trace::ExactName || !is_claimed(case, server, candidate)? {
        return Ok(());
    }
    let over = after_late_delivery(case, intent);
    if case.state.now < over {
        return case.blocked_until(taken(server, candidate), Wake::At(over));
    }
    withdraw(case, entry)
}

fn is_claimed(case: &Case, server: &Server, candidate: &Candidate) -> Flow<bool> {
    if let Some(claimed) = case.state.pass.claimed {
        return Ok(claimed);
    }
    // Another entry may still know the server by a former address.
    let fingerprints = server.former_fingerprints.iter().chain([&server.fingerprint]);
    let claims = fingerprints
        .map(|fingerprint| claim(fingerprint, &candidate.name))
        .collect();
    go(Step::FindClaim(claims))
}

fn withdraw(case: &Case, entry: &LedgerEntry) -> Flow {
    go(case.record(LedgerEntry {
        intent: None,
        ..entry.clone()
    }))
}

fn after_late_delivery(case: &Case, intent: &Intent) -> Timestamp {
    let sent = intent.attempt.at;
    sent.checked_add(case.state.here.timing.late_delivery)
        .unwrap_or(sent)
}

fn taken(server: &Server, candidate: &Candidate) -> Obstacle {
    Obstacle {
        on: ClientCondition::Registered,
        reason: ClientReason::NameTaken,
        message: format!(
            "another OAuthClient has the name {} at {}, and a name has one holder. Application team: make this \
             OAuthClient again with another clientName. Looked at again with growing pauses.",
            candidate.name, server.key.name
        ),
        stalled: true,
    }
}
