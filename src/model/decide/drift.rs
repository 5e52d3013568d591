//! What the server was seen to hold, against what it should.

use rand::CryptoRng;

use super::case::{Case, Flow, Trouble, end, go};
use super::{Decision, Wake, intent::absorb, own_access, register, update};
use crate::api::{ClientCondition, ClientReason};
use crate::model::access::Desired;
use crate::model::capabilities::{HandleKind, ScopeModel};
use crate::model::ledger::{LedgerEntry, Obligation, Registration};
use crate::model::metadata::RemoteClient;
use crate::model::names::{Handle, looks_generated};
use crate::model::report::Obstacle;
use crate::model::state::Server;
use crate::model::step::{Query, Step, Verification};

/// Looks at the latest observation. A list only hints: what it shows is read again before anything is done.
pub(super) fn look(case: &Case, server: &Server, desired: &Desired, rng: &mut dyn CryptoRng) -> Flow {
    if !server.capabilities.can_look_up {
        return own_access::recheck(case, server, desired, rng);
    }
    let Some((entry, current)) = case.current() else {
        return Ok(());
    };
    let seen = case
        .state
        .seen
        .as_ref()
        .filter(|seen| seen.began_at >= current.as_of);
    // What was somebody else's stays so until a look at the server shows otherwise, and so does what was gone there and
    // waits for the secret that it is registered anew with.
    let was_told = |on, reason| {
        let told = case.client.status.conditions.get(&on);
        told.is_some_and(|told| told.reason == reason)
    };
    let was_impeded = was_told(ClientCondition::Registered, ClientReason::NameTaken)
        || was_told(ClientCondition::Ready, ClientReason::WaitingForSecret);
    let due = entry.recheck_at.is_some_and(|at| at <= case.state.now);
    let recheck = was_impeded || due;
    // A credential that is refused may have been replaced, by somebody or by a late delivery: the server can tell.
    let refused = server.capabilities.secret_readable
        && matches!(case.state.pass.verification, Some(Verification::Rejected(_)));
    let Some(seen) = seen else {
        return if recheck || refused {
            read_again(case, server, current)
        } else {
            Ok(())
        };
    };
    let suspicious = seen.client.as_ref().is_none_or(|remote| differs(current, remote));
    match &seen.client {
        _ if !seen.authoritative && (suspicious || recheck || refused) => read_again(case, server, current),
        None => register_anew(case, server, entry, current, desired, rng),
        Some(remote) if is_anothers(server, entry, current, remote) => {
            case.blocked_until(anothers(server, current), Wake::Backoff)
        }
        Some(remote) if suspicious => put_right(case, server, entry, remote, desired, rng),
        Some(_) if due => go(case.record(LedgerEntry {
            recheck_at: None,
            ..entry.clone()
        })),
        Some(_) => Ok(()),
    }
}

/// While changes are suspended: a call that was lost before may still have replaced the credential, and the Secret is
/// kept true all the same.
pub(super) fn recheck(case: &Case, server: &Server) -> Flow {
    let Some((entry, current)) = case.current() else {
        return Ok(());
    };
    if server.suspended
        || !server.capabilities.can_look_up
        || entry.intent.is_some()
        || entry.recheck_at.is_none_or(|at| at > case.state.now)
    {
        return Ok(());
    }
    let seen = case
        .state
        .seen
        .as_ref()
        .filter(|seen| seen.authoritative && seen.began_at >= current.as_of);
    let Some(seen) = seen else {
        return read_again(case, server, current);
    };
    if seen
        .client
        .as_ref()
        .is_some_and(|remote| is_anothers(server, entry, current, remote))
    {
        return case.blocked_until(anothers(server, current), Wake::Backoff);
    }
    let mut looked = LedgerEntry {
        recheck_at: None,
        ..entry.clone()
    };
    match (&seen.client, &mut looked.current) {
        (Some(remote), Some(current)) => {
            if remote.shows_other_credential(&current.credential) {
                absorb(current, remote, case.state.now);
            }
            go(case.record(looked))
        }
        // What is gone is registered again when changes are allowed again.
        _ => Ok(()),
    }
}

/// Whether a client differs from what the server told last: a difference that it told at once is not drift.
pub fn differs(current: &Registration, remote: &RemoteClient) -> bool {
    (current.marker.is_some() && current.marker != remote.marker)
        || remote.shows_other_credential(&current.credential)
        || (!current.asked.differences(&remote.metadata).is_empty()
            && !current.told.differences(&remote.metadata).is_empty())
}

/// Whether what has our name is somebody else's: another note of who made it is there than ours; or an exact name, which
/// proves nothing, is all there is where it addresses the client, and no call of ours can have brought the id that is there.
fn is_anothers(server: &Server, entry: &LedgerEntry, current: &Registration, remote: &RemoteClient) -> bool {
    let may_be_ours =
        entry.intent.is_some() || (!server.capabilities.client_id_stable && entry.recheck_at.is_some());
    let has_other_id = remote.credential.client_id != current.credential.client_id;
    match (&current.marker, &remote.marker) {
        (Some(ours), Some(found)) => ours != found,
        (Some(_), None) => is_all(server, &current.handle),
        (None, _) => is_all(server, &current.handle) && has_other_id && !may_be_ours,
    }
}

/// Whether a client is addressed by a name, or a client id, that anybody could have given to another one.
pub(super) fn is_all(server: &Server, handle: &Handle) -> bool {
    match server.capabilities.handle {
        HandleKind::Name | HandleKind::ClientId => !looks_generated(&handle.0),
        HandleKind::ServerId => false,
    }
}

fn anothers(server: &Server, current: &Registration) -> Obstacle {
    Obstacle {
        on: ClientCondition::Registered,
        reason: ClientReason::NameTaken,
        message: format!(
            "{} at {} has another {} than the one that was registered, so it is taken for somebody else's and left alone. \
             Platform team: look there; if nobody uses it, delete it, and it is registered anew. Application team: else \
             make this OAuthClient again with another clientName or clientID. Looked at again with growing pauses.",
            match current.marker {
                Some(_) => format!("client {}", current.credential.client_id),
                None => format!("the client named {}", current.name),
            },
            server.key.name,
            if current.marker.is_some() {
                "note of who made it"
            } else {
                "client id"
            },
        ),
        stalled: true,
    }
}

fn read_again(case: &Case, server: &Server, current: &Registration) -> Flow {
    case.ask(
        &server.key,
        Trouble::Background,
        Step::Observe(Query::Client(current.handle.clone())),
    )
}

/// Another credential is taken over and published; other metadata is put right, or reported.
fn put_right(
    case: &Case,
    server: &Server,
    entry: &LedgerEntry,
    remote: &RemoteClient,
    desired: &Desired,
    rng: &mut dyn CryptoRng,
) -> Flow {
    let mut seen = LedgerEntry {
        // What was found may not be the last that arrives late.
        recheck_at: entry.recheck_at.filter(|at| *at > case.state.now),
        ..entry.clone()
    };
    let Some(current) = &mut seen.current else {
        return Ok(());
    };
    let other_credential = remote.shows_other_credential(&current.credential);
    if other_credential || !server.repair_drift {
        absorb(current, remote, case.state.now);
        return go(case.record(seen));
    }
    update::send(case, server, desired, rng)
}

/// The client is gone at the server. It is registered again under the next name; should it turn up after all, it
/// is removed.
fn register_anew(
    case: &Case,
    server: &Server,
    entry: &LedgerEntry,
    current: &Registration,
    desired: &Desired,
    rng: &mut dyn CryptoRng,
) -> Flow {
    let state = case.state;
    let settled_at = current
        .registered_at
        .checked_add(state.here.timing.settling)
        .unwrap_or(current.registered_at);
    if state.now < settled_at {
        return end(Decision::Blocked(Wake::At(settled_at)));
    }
    let desired_metadata = match server.capabilities.scopes {
        ScopeModel::Provisioned { .. } => Some(&desired.metadata),
        ScopeModel::None | ScopeModel::Free => None,
    };
    if let Some(metadata) = desired_metadata {
        register::scopes_there(case, server, metadata, Trouble::Spec)?;
    }
    let mut entry = entry.clone();
    let candidate = register::candidate(case, &entry, server, desired, rng)?;
    let same_handle = match server.capabilities.handle {
        HandleKind::Name => candidate.name == current.name,
        HandleKind::ClientId => candidate.client_id.as_ref() == Some(&current.credential.client_id),
        HandleKind::ServerId => false,
    };
    if let Some(lost) = entry.current.take().filter(|_| !same_handle) {
        let late = state
            .now
            .checked_add(state.here.timing.late_delivery)
            .unwrap_or(state.now);
        entry
            .obligations
            .push(Obligation::of_registration(lost, state.now, late));
    }
    entry.recheck_at = None;
    // With the client went its earlier secret.
    entry.previous = entry.previous.filter(|previous| !previous.same_client);
    register::begin(case, server, entry, candidate, None, rng)
}
