//! Whose ledger entry this is, and what it has to say before anything else is decided.

use rand::CryptoRng;

use super::case::{Case, Flow, end, go};
use super::{Decision, Wake, cleanup};
use crate::api::{ClientCondition, ClientReason};
use crate::model::access;
use crate::model::ledger::{Chosen, LedgerEntry, Removal, Scheduled, Served};
use crate::model::publication::secret_name;
use crate::model::report::Obstacle;
use crate::model::state::{LedgerView, Server, ServerView};
use crate::model::step::Step;

/// The entry must be readable, of this cluster, and of this very client; a client that was made again takes the
/// entry of its predecessor over.
pub(super) fn check(case: &Case, rng: &mut dyn CryptoRng) -> Flow {
    let entry = match &case.state.ledger {
        // The record of a predecessor with another server was just removed: look again with the right server.
        LedgerView::Absent if *case.state.server.key() != case.client.server(&case.state.subject.client) => {
            return end(Decision::Blocked(Wake::Now));
        }
        LedgerView::Absent => return Ok(()),
        LedgerView::Held { entry, .. } => entry,
        LedgerView::Unreadable(why) => {
            return case.blocked(unmanageable(format!(
                "the operator's record of this client cannot be used: {why}. Platform team: run the operator version \
                 that wrote it, or restore it from a backup. Nothing is changed until then."
            )));
        }
    };
    let here = &case.state.here;
    if entry.cluster_id != here.cluster_id {
        return case.blocked(unmanageable(format!(
            "the operator's record of this client was written in another cluster ({}). Platform team: if this cluster \
             replaces that one, set clusterID of the chart to it; else delete the record. Nothing is changed until then.",
            entry.cluster_id
        )));
    }
    if entry.owner == case.client.uid {
        if entry.crd_uid == here.crd_uid {
            return Ok(());
        }
        // The CRD was made again and the client with it: the evidence of a later deletion needs the new UID.
        return go(case.record(LedgerEntry {
            crd_uid: here.crd_uid.clone(),
            ..(**entry).clone()
        }));
    }
    if entry.server != case.client.server(&case.state.subject.client) {
        // The predecessor used another server. What it left there is removed first.
        return cleanup::predecessor(case, entry, rng);
    }
    let secret_name = secret_name(&case.state.subject.client.name, &case.client.spec);
    let other_client = entry.chosen != Chosen::by(&case.client.spec);
    if (other_client || entry.secret_name != secret_name)
        && let Some(found) = case.state.secret.as_ref().filter(|found| found.is_of(entry))
    {
        // The successor publishes under another name, or what is published is not what it asks for.
        return go(Step::Unpublish {
            uid: found.uid.clone(),
            version: found.version.clone(),
        });
    }
    let entry = if other_client {
        cleanup::tell_of_unproven(case.state, entry)?;
        left_behind(case, entry)
    } else {
        taken_over(case, entry)
    };
    go(case.record(LedgerEntry { secret_name, ..entry }))
}

/// The entry as the new owner has it who chose another name or id: what was registered is owed to its removal as that of
/// a client that is gone, and never comes back.
fn left_behind(case: &Case, entry: &LedgerEntry) -> LedgerEntry {
    let mut entry = cleanup::owed(case.state, entry);
    entry.held = None;
    for obligation in &mut entry.obligations {
        obligation.was_current = false;
    }
    entry.owner = case.client.uid.clone();
    entry.crd_uid = case.state.here.crd_uid.clone();
    entry.chosen = Chosen::by(&case.client.spec);
    entry.served = Served::at_creation(case.client.rotate.clone());
    entry
}

/// The entry as the new owner has it: the registration that was current is current again, unless its removal
/// has begun.
fn taken_over(case: &Case, entry: &LedgerEntry) -> LedgerEntry {
    let mut entry = entry.clone();
    entry.held = None;
    entry.owner = case.client.uid.clone();
    entry.crd_uid = case.state.here.crd_uid.clone();
    // As at every creation, the value that is there then rotates nothing.
    if let Some(value) = &case.client.rotate {
        entry.served.serve(value);
    }
    let back = entry
        .obligations
        .iter()
        .position(|o| o.was_current && o.attempt.is_none() && o.registration.is_some());
    if entry.current.is_none()
        && let Some(index) = back
    {
        entry.current = entry.obligations.remove(index).registration;
    }
    entry
}

/// A server whose address changed is not the same server until somebody says so.
pub(super) fn check_address(case: &Case, server: &Server) -> Flow {
    let Some(entry) = case.entry() else { return Ok(()) };
    if entry.server_fingerprint == server.fingerprint {
        return Ok(());
    }
    if server.former_fingerprints.contains(&entry.server_fingerprint) {
        let server_fingerprint = server.fingerprint.clone();
        return go(case.record(LedgerEntry {
            server_fingerprint,
            ..entry.clone()
        }));
    }
    case.blocked(Obstacle {
        on: ClientCondition::Registered,
        reason: ClientReason::ServerMoved,
        message: format!(
            "{} has another address than when this client was registered. Platform team: if it is the same server, add \
             the old URL to formerURLs; else put the old address back. Nothing is changed until then.",
            server.key.name
        ),
        stalled: true,
    })
}

/// Keeps in the entry what becomes of the client when the spec and the server object are no more. It waits for nothing
/// else that is in the way: a client that is suspended, or whose spec is refused, may be deleted the next moment.
pub(super) fn keep_removal(case: &Case) -> Flow {
    let (Some(entry), ServerView::Ready(server)) = (case.entry(), &case.state.server) else {
        return Ok(());
    };
    let Some(removal) = access::removal(case.client, &case.state.namespace, server) else {
        return Ok(());
    };
    let terms = LedgerEntry {
        removal,
        removal_delay: server.deletion_delay,
        secret_owned: secret_owned(server, removal),
        ..entry.clone()
    };
    if terms == *entry {
        Ok(())
    } else {
        go(case.record(terms))
    }
}

/// Keeps in the entry what the published Secret needs when the server object is no more, and since when the schedule is
/// what it is.
pub(super) fn keep_terms(case: &Case, server: &Server) -> Flow {
    let Some(entry) = case.entry() else { return Ok(()) };
    let mut terms = entry.clone();
    terms.endpoints = server.endpoints.clone();
    terms.schedule = Scheduled::kept(entry.schedule.as_ref(), &case.client.spec, case.state.now);
    if terms == *entry {
        Ok(())
    } else {
        go(case.record(terms))
    }
}

/// Whether the Secret may go together with the resource.
pub(super) fn secret_owned(server: &Server, removal: Removal) -> bool {
    removal == Removal::Delete && server.deletion_delay.is_zero()
}

fn unmanageable(message: String) -> Obstacle {
    Obstacle {
        on: ClientCondition::Registered,
        reason: ClientReason::Unmanageable,
        message,
        stalled: true,
    }
}
