//! Changes of a client's metadata.

use std::collections::BTreeSet;

use rand::CryptoRng;

use super::case::{Case, Flow, Trouble, attempt, record};
use super::own_access;
use super::register::scopes_there;
use crate::api::{ClientCondition, ClientReason};
use crate::model::access::{self, Desired};
use crate::model::capabilities::{Field, ScopeModel};
use crate::model::ledger::{Access, Intent, LedgerEntry, Operation};
use crate::model::metadata::ClientMetadata;
use crate::model::report::{Obstacle, names};
use crate::model::state::Server;

/// Asks for what the spec says by now, where that is not what was asked for last.
pub(super) fn apply(case: &Case, server: &Server, desired: &Desired, rng: &mut dyn CryptoRng) -> Flow {
    match case.current() {
        Some((_, current)) if current.asked != desired.metadata => {
            leave_a_scope(case, server, &current.asked, &desired.metadata)?;
            send(case, server, desired, rng)
        }
        Some(_) | None => Ok(()),
    }
}

/// To ask for no scope is to ask for whatever the server gives then. Who has the credential already would have that at once,
/// so it is refused beforehand where not every scope is allowed.
fn leave_a_scope(case: &Case, server: &Server, asked: &ClientMetadata, wanted: &ClientMetadata) -> Flow {
    let has_one = |metadata: &ClientMetadata| metadata.scopes.iter().flatten().next().is_some();
    let key = &case.state.subject.client;
    if server.capabilities.scopes != ScopeModel::Free
        || !has_one(asked)
        || has_one(wanted)
        || access::may_have_every_scope(key, case.client, &case.state.namespace, server)
    {
        return Ok(());
    }
    case.blocked(Obstacle {
        on: ClientCondition::Accepted,
        reason: ClientReason::NotAllowedByPolicy,
        message: format!(
            "{} may give scopes of its own to a client that asks for none, and not every scope is allowed here. Application \
             team: leave a scope in the spec, or make this OAuthClient again.",
            server.key.name
        ),
        stalled: true,
    })
}

/// Records the intent to change the metadata; the call follows.
pub(super) fn send(case: &Case, server: &Server, desired: &Desired, rng: &mut dyn CryptoRng) -> Flow {
    let Some((entry, current)) = case.current() else {
        return Ok(());
    };
    let (wanted, asked) = (&desired.metadata, &current.asked);
    let changed: BTreeSet<Field> = wanted
        .differences(asked)
        .union(&asked.differences(wanted))
        .copied()
        .collect();
    let fixed: BTreeSet<Field> = changed
        .difference(&server.capabilities.updates)
        .copied()
        .collect();
    if matches!(current.access, Access::Lost(_)) {
        return own_access::replace(case, server, desired, rng);
    }
    if !fixed.is_empty() {
        return case.blocked(Obstacle {
            on: ClientCondition::Accepted,
            reason: ClientReason::FieldNotSupported,
            message: format!(
                "{} cannot change {} of a registered client. Application team: put the old value back, or make this \
                 OAuthClient again (its client id and secret will be others).",
                server.key.name,
                names(&fixed)
            ),
            stalled: true,
        });
    }
    scopes_there(case, server, wanted, Trouble::Spec)?;
    let tries = entry.intent.as_ref().map_or(0, |intent| intent.attempt.tries);
    let attempt = attempt(case.state, rng, tries);
    let call = Some(attempt.id.clone());
    let operation = Operation::Update {
        metadata: wanted.clone(),
        unset: no_more_said(entry, asked, wanted),
    };
    let entry = LedgerEntry {
        intent: Some(Intent { operation, attempt }),
        // Where there is no other way to look, this is the look, and its answer shows what there is.
        recheck_at: (entry.recheck_at).filter(|at| server.capabilities.can_look_up || *at > case.state.now),
        ..entry.clone()
    };
    case.ask(&server.key, Trouble::Spec, record(case.state, entry, call))
}

/// What was asked for once and is not any more. A change without a known outcome may have been done, and asked for things,
/// too.
fn no_more_said(entry: &LedgerEntry, asked: &ClientMetadata, wanted: &ClientMetadata) -> BTreeSet<Field> {
    let mut said = asked.said();
    if let Some(Operation::Update { metadata, unset }) = entry.intent.as_ref().map(|intent| &intent.operation)
    {
        said.extend(metadata.said());
        said.extend(unset);
    }
    said.difference(&wanted.said()).copied().collect()
}
