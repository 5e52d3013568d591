//! The end of a rotation: the new credential is proven, and the one before it retired when its time has come.

use jiff::{SignedDuration, Timestamp};

use super::case::{Case, Flow, go};
use super::intent::retiring;
use crate::api::{ClientCondition, ConditionStatus};
use crate::model::ledger::{LedgerEntry, Previous};
use crate::model::state::{Server, ServerView};
use crate::model::step::{Query, Step, Verification};

/// Where the token endpoint cannot be asked, its word is waited for so long: the previous credential may be known to
/// somebody who should not have it. While the endpoint refuses the new one, the previous one stays.
const PROOF_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// Proves the published credential where the server allows it, and retires the previous one.
///
/// The Secret holds the current credential by now, if that can be used: an earlier stage has seen to that.
pub(super) fn wind_up(case: &Case, server: &Server) -> Flow {
    if case.entry().is_some_and(|entry| entry.intent.is_some()) {
        return Ok(());
    }
    let Some((entry, current)) = case.current().filter(|(_, current)| !current.is_to_be_enabled()) else {
        return Ok(());
    };
    if spread_at(case).is_some() {
        return Ok(());
    }
    let can_verify = server.capabilities.can_verify && current.credential.client_secret.is_some();
    if can_verify && case.state.pass.verification.is_none() && !is_proven(case, entry) {
        return go(Step::Observe(Query::Token(current.into())));
    }
    let Some(previous) = &entry.previous else {
        return Ok(());
    };
    let now = case.state.now;
    match previous.retire_at {
        None => {
            let proven = match (&case.state.pass.verification, previous.unproven_since) {
                _ if !can_verify => true,
                (Some(Verification::TokenIssued), _) => true,
                (Some(Verification::Unknown(_)), None) => return unproven(case, entry, previous),
                (Some(Verification::Unknown(_)), Some(since)) => now.duration_since(since) >= PROOF_WITHIN,
                (Some(Verification::Rejected(_)) | None, _) => false,
            };
            if !proven {
                return Ok(());
            }
            let overlap = SignedDuration::from_secs(previous.overlap_seconds.into());
            let retire_at = Some(now.checked_add(overlap).unwrap_or(now));
            let previous = Some(Previous {
                retire_at,
                ..previous.clone()
            });
            go(case.record(LedgerEntry {
                previous,
                ..entry.clone()
            }))
        }
        Some(at) if at <= now => {
            let mut entry = entry.clone();
            if let Some(previous) = entry.previous.take() {
                entry.obligations.push(retiring(previous, now));
            }
            go(case.record(entry))
        }
        Some(_) => Ok(()),
    }
}

/// When a rotation in place has spread at the server, if that is still to come: until then either credential may work, and
/// a token request proves nothing.
pub(super) fn spread_at(case: &Case) -> Option<Timestamp> {
    let (entry, current) = case.current()?;
    let ServerView::Ready(server) = &case.state.server else {
        return None;
    };
    let spread = SignedDuration::from_secs(server.capabilities.spread_seconds.into());
    let rotated_at = entry.served.rotated_at.filter(|at| *at > current.registered_at)?;
    (rotated_at.checked_add(spread).ok()).filter(|at| *at > case.state.now)
}

/// The token endpoint cannot be asked for the first time since the new credential is published.
fn unproven(case: &Case, entry: &LedgerEntry, previous: &Previous) -> Flow {
    let previous = Some(Previous {
        unproven_since: Some(case.state.now),
        ..previous.clone()
    });
    go(case.record(LedgerEntry {
        previous,
        ..entry.clone()
    }))
}

/// Whether the status says of this very credential that it was proven. To try again costs one token request and
/// changes nothing, so a status is good enough to know from; before a credential is retired it is not.
fn is_proven(case: &Case, entry: &LedgerEntry) -> bool {
    let waits_for_proof = entry
        .previous
        .as_ref()
        .is_some_and(|previous| previous.retire_at.is_none());
    let status = &case.client.status;
    let whole = |time: jiff::Timestamp| time.as_second();
    !waits_for_proof
        && !case.state.pass.unproven
        && status
            .conditions
            .get(&ClientCondition::Verified)
            .is_some_and(|verified| verified.status == ConditionStatus::True)
        && entry
            .current
            .as_ref()
            .is_some_and(|current| status.has_client_id(&current.credential.client_id))
        && status
            .rotation
            .as_ref()
            .and_then(|rotation| rotation.last_rotation)
            .map(whole)
            == entry.served.rotated_at.map(whole)
}
