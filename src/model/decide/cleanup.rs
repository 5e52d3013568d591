//! What is left to do for a client that is gone. Nothing waits for it: no finalizer, no namespace.

use rand::CryptoRng;

use super::case::{Case, Flow, go, record};
use super::{Decision, Wake, obligations};
use crate::api::{ClientCondition, ClientReason};
use crate::model::ledger::{Intent, LedgerEntry, Obligation, Operation, Registration, Removal, Trace};
use crate::model::names::{Uid, looks_generated};
use crate::model::report::{Happening, Obstacle, Report, Status};
use crate::model::state::{ClientView, LedgerView, Server, ServerView, State};
use crate::model::step::{Quota, Refusal, Step};

/// A client that is proven to be gone. `crd_uid` is part of the proof: the entry must know the same CRD.
pub(super) fn gone(state: &State, crd_uid: &Uid, rng: &mut dyn CryptoRng) -> Flow<Decision> {
    let entry = match &state.ledger {
        LedgerView::Held { entry, .. } => entry,
        LedgerView::Absent => return finished(state),
        LedgerView::Unreadable(_) => return Ok(Decision::Blocked(Wake::OnChange)),
    };
    // A CRD that was made again, or another cluster's entry: no evidence that anybody deleted this client.
    if entry.cluster_id != state.here.cluster_id {
        return Ok(Decision::Blocked(Wake::OnChange));
    }
    if entry.crd_uid != *crd_uid {
        pending(
            state,
            "the CRD of OAuthClient was made again since this client was last seen, so nobody can tell whether it was \
             deleted. Platform team: apply the OAuthClient again (its credential is kept), and delete it if it is not \
             wanted"
                .to_owned(),
        )?;
        return Ok(Decision::Blocked(Wake::OnChange));
    }
    let rest = remove(state, entry, rng)?;
    if let Some(why) = rest.why {
        pending(state, why)?;
    }
    Ok(Decision::Blocked(rest.wake))
}

/// An `OAuthClient` of this name was made again with another server: what its predecessor left at the first one is
/// removed before anything new begins, and who waits for that is told so.
pub(super) fn predecessor(case: &Case, entry: &LedgerEntry, rng: &mut dyn CryptoRng) -> Flow {
    let rest = remove(case.state, entry, rng)?;
    let (server, wake) = (&entry.server.name, rest.wake);
    let why = match (rest.why, wake) {
        (Some(why), _) => why,
        (None, Wake::At(at)) => format!(
            "It is removed at {at:.0}, when the server's deletion delay and what may arrive late are over. Application \
             team: wait, or use another metadata.name"
        ),
        (None, _) => "Nobody has to act".to_owned(),
    };
    case.blocked_until(
        Obstacle {
            on: ClientCondition::Ready,
            reason: ClientReason::WaitingForServer,
            message: format!(
                "the OAuthClient that had this name before is still registered at {server}, and that is removed first. \
                 {why}. This client is registered at {} as soon as that is done.",
                case.client.spec.server_ref.name
            ),
            stalled: wake == Wake::OnChange,
        },
        wake,
    )
}

/// What is left when nothing more can be removed now.
struct Rest {
    wake: Wake,
    /// What is in the way, if it is more than time.
    why: Option<String>,
}

impl Rest {
    fn of(wake: Wake, why: Option<String>) -> Self {
        Self { wake, why }
    }
}

fn remove(state: &State, entry: &LedgerEntry, rng: &mut dyn CryptoRng) -> Flow<Rest> {
    match &state.pass.refusal {
        None => {}
        Some((_, Refusal::Stale)) => return Ok(Rest::of(Wake::Now, None)),
        Some((written, Refusal::Denied(why))) => {
            return Ok(Rest::of(
                Wake::Backoff,
                Some(super::without_rights(*written, why)),
            ));
        }
        Some(_) => return Ok(Rest::of(Wake::Backoff, None)),
    }
    obligations::store_answer(state)?;
    if state.pass.recorded_attempt.is_none() {
        obligations::give_names_up(state)?;
    }
    let server = usable(state, entry);
    if entry.current.is_some() || entry.previous.is_some() || entry.intent.is_some() {
        tell_of_unproven(state, entry)?;
        let mut owed = owed(state, entry);
        let server = server.ok();
        if let Some(server) = server {
            owed.held = held(state, server, &owed)?;
        }
        let call = server
            .filter(|_| state.pass.removal_fault.is_none() && owed.held.is_none())
            .and_then(|_| obligations::begin(state, &mut owed, rng));
        return go(record(state, owed, call));
    }
    let kept_for_undo = entry
        .obligations
        .iter()
        .any(|owed| owed.was_current && owed.attempt.is_none() && owed.not_before > state.now);
    if let Some(found) = state
        .secret
        .as_ref()
        .filter(|found| found.is_of(entry) && !found.terminating)
        && !kept_for_undo
    {
        return go(Step::Unpublish {
            uid: found.uid.clone(),
            version: found.version.clone(),
        });
    }
    if !entry.obligations.is_empty() && entry.obligations.iter().all(Obligation::is_unmanageable) {
        let why = obligations::unmanageable(entry);
        return Ok(Rest::of(Wake::OnChange, Some(why)));
    }
    match server {
        Ok(server) => {
            let held = held(state, server, entry)?;
            if held != entry.held {
                return go(record(
                    state,
                    LedgerEntry {
                        held,
                        ..entry.clone()
                    },
                    None,
                ));
            }
            if held.is_some_and(|at| at == server.release.as_deref().unwrap_or_default()) {
                return Ok(Rest::of(Wake::OnChange, Some(told_of_held(server))));
            }
            obligations::discharge(state, server, rng)?;
            if let Some(fault) = &state.pass.removal_fault {
                let why = obligations::described(fault, &server.key.name);
                return Ok(Rest::of(Wake::Backoff, Some(why)));
            }
        }
        Err(why) => {
            if !entry.obligations.is_empty() {
                let why = format!("{why} The client there is removed as soon as that is mended");
                return Ok(Rest::of(Wake::OnChange, Some(why)));
            }
        }
    }
    match (entry.next_obligation(), obligations::secret_left(state, entry)) {
        (Some(at), _) => Ok(Rest::of(Wake::At(at), None)),
        (None, Some(why)) => {
            let why = format!(
                "nothing is left at {}, and whether Secret {} is gone cannot be seen: {why} This record is kept until then",
                entry.server.name, entry.secret_name
            );
            Ok(Rest::of(Wake::Backoff, Some(why)))
        }
        (None, None) => go(obligations::written_or_removed(state, entry.clone())),
    }
}

/// Whether the removal of a client that is gone waits, as too many went at once: somebody may have deleted more than was
/// meant. What the ledger keeps while it waits is the value that the releasing annotation of the server has.
///
/// A removal that was tried goes on, and one that was let go is not held later.
fn held(state: &State, server: &Server, entry: &LedgerEntry) -> Flow<Option<String>> {
    if entry.held.is_some() {
        return Ok(entry.held.clone());
    }
    let Some(owed) = (entry.obligations.iter()).find(|owed| owed.was_current && owed.attempt.is_none())
    else {
        return Ok(None);
    };
    match state.pass.admitted {
        None => go(Step::Admit(Quota::Removals {
            since: owed.since,
            at_most: server.removals_at_most,
        })),
        Some(true) => Ok(None),
        Some(false) => Ok(Some(server.release.clone().unwrap_or_default())),
    }
}

fn told_of_held(server: &Server) -> String {
    format!(
        "more than {} clients at {} were deleted within 10 minutes, so this removal is held. Platform team: if they are not \
         wanted any more, give the annotation oauthclient.dev/release-held-deletions of {1} a new value; else apply them \
         again, and they keep their credentials",
        server.removals_at_most, server.key.name
    )
}

fn finished(state: &State) -> Flow<Decision> {
    tell(state, state.pass.happenings.clone())?;
    Ok(Decision::Settled(Wake::OnChange))
}

/// The server, if what is owed there can be done now.
fn usable<'a>(state: &'a State, entry: &LedgerEntry) -> Result<&'a Server, String> {
    match &state.server {
        ServerView::Missing(key) => Err(format!(
            "there is no {key} any more. Platform team: make it again."
        )),
        ServerView::NotServed(key) => Err(format!(
            "this operator does not serve cluster-wide servers, so it knows no {key}. Platform team: set \
             clusterServers.enabled of its chart to true."
        )),
        ServerView::NotReady(key, why) => Err(format!("{} cannot be used: {why}", key.name)),
        ServerView::Ready(server) if server.suspended => Err(format!(
            "{} is suspended. Platform team: clear its spec.suspend.",
            server.key.name
        )),
        ServerView::Ready(server)
            if server.fingerprint != entry.server_fingerprint
                && !server.former_fingerprints.contains(&entry.server_fingerprint) =>
        {
            Err(format!(
                "{} has another address than it had, and formerURLs does not name it. Platform team: add the old URL if it \
                 is the same server.",
                server.key.name
            ))
        }
        ServerView::Ready(server) => Ok(server),
    }
}

fn pending(state: &State, why: String) -> Flow {
    if state.pass.told {
        return Ok(());
    }
    let mut happenings = state.pass.happenings.clone();
    happenings.push(Happening::CleanupPending { why });
    tell(state, happenings)
}

fn tell(state: &State, happenings: Vec<Happening>) -> Flow {
    if happenings.is_empty() || state.pass.told {
        return Ok(());
    }
    // The status of a successor is its own business.
    let status = match &state.client {
        ClientView::Present(client) => client.status.clone(),
        ClientView::Gone { .. } | ClientView::Unknown(_) => Status::default(),
    };
    go(Step::Report(Box::new(Report { status, happenings })))
}

/// Says which client may be left at the server: a registration under an exact name whose outcome is not known is given
/// up, as nobody can prove what has that name. It is told before it is forgotten.
pub(super) fn tell_of_unproven(state: &State, entry: &LedgerEntry) -> Flow {
    match entry.intent.as_ref().map(|intent| &intent.operation) {
        Some(Operation::Register { candidate, .. }) if candidate.trace == Trace::ExactName => {
            let mut happenings = state.pass.happenings.clone();
            happenings.push(Happening::PossibleOrphan {
                name: candidate.name.clone(),
                server: entry.server.name.clone(),
            });
            tell(state, happenings)
        }
        Some(_) | None => Ok(()),
    }
}

/// Everything that the entry answers for, as obligations.
pub(super) fn owed(state: &State, entry: &LedgerEntry) -> LedgerEntry {
    let mut entry = entry.clone();
    let now = state.now;
    let after = |wait| now.checked_add(wait).unwrap_or(now);
    let delay = entry.removal_delay;
    if let Some(current) = entry.current.take()
        && entry.removal != Removal::Retain
    {
        // A registration that was tried more than once may be delivered once more until then.
        let not_before = after(delay).max(entry.recheck_at.unwrap_or(now));
        entry.obligations.push(Obligation {
            removal: entry.removal,
            was_current: true,
            ..Obligation::of_registration(current, now, not_before)
        });
    }
    if let Some(previous) = entry.previous.take() {
        entry.obligations.push(Obligation {
            not_before: after(delay),
            ..super::intent::retiring(previous, now)
        });
    }
    // Its id may be another by then: it is removed by its name, as it is, and cannot come back.
    if may_have_another_id(state, &entry) {
        let by_name_alone =
            |known: &Registration| known.handle.0 == known.name && !looks_generated(&known.name);
        for owed in &mut entry.obligations {
            if owed.was_current && owed.registration.as_ref().is_some_and(by_name_alone) {
                owed.registration = None;
            }
        }
    }
    // A change without a known outcome may still arrive, and where it does it may bring the client back.
    if let Some(Operation::Update { .. } | Operation::Rotate { .. }) =
        entry.intent.as_ref().map(|intent| &intent.operation)
    {
        let over = after(state.here.timing.late_delivery);
        for owed in &mut entry.obligations {
            owed.not_before = owed.not_before.max(over);
        }
        // Where the client comes back first, it is looked at when nothing more can arrive.
        entry.recheck_at = entry.recheck_at.max(Some(over));
    }
    // A registration whose answer was lost may still come to be. Under an exact name it could be anybody's.
    if let Some(intent) = entry.intent.take()
        && let Operation::Register { candidate, .. } = intent.operation
        && candidate.trace != Trace::ExactName
    {
        entry.obligations.push(super::intent::lost(state, candidate));
    }
    entry
}

/// Whether a rotation that is delivered late may give the client another id.
fn may_have_another_id(state: &State, entry: &LedgerEntry) -> bool {
    let rotates = |intent: &Intent| matches!(intent.operation, Operation::Rotate { .. });
    let stable = match &state.server {
        ServerView::Ready(server) => server.capabilities.client_id_stable,
        ServerView::Missing(_) | ServerView::NotServed(_) | ServerView::NotReady(..) => false,
    };
    entry.intent.as_ref().is_some_and(rotates) || (entry.recheck_at.is_some() && !stable)
}
