//! What nobody but an admin can remove: who is told of it, how it is found, and what is nobody's.

use std::collections::BTreeSet;

use super::installation::Installation;
use super::server::Records;
use super::story::Story;
use super::verdict::{Checked, ensure};
use crate::api::{ClientCondition, ClientReason};
use crate::model::{
    Access, Candidate, Handle, Happening, LedgerEntry, Loss, Marker, Obligation, Operation, RemoteClient,
    Trace,
};

impl Installation {
    /// What was told as left behind at the server, in words. An Event may be lost with the process; the ledger tells it
    /// still, to the plugin and the metrics.
    pub(super) fn left_behind(&self) -> BTreeSet<String> {
        let mut left = self.discharged.lock().unwrap().clone();
        if self.was_killed() {
            let owed = self.entry().into_iter().flat_map(|entry| entry.obligations);
            left.extend(
                owed.filter(Obligation::is_unmanageable)
                    .map(|owed| owed.described()),
            );
        }
        let events = self.cluster.world().events.clone();
        left.extend(events.into_iter().filter_map(|told| match told.happening {
            Happening::LeftBehind { what, .. } => Some(what),
            _ => None,
        }));
        left
    }

    /// What nobody but an admin can remove is forgotten: they have removed it, as they were told.
    pub(super) fn discharge(&self, owed: &[Obligation], entry: &LedgerEntry) -> Checked {
        let words = owed.iter().map(Obligation::described);
        self.discharged.lock().unwrap().extend(words);
        let text = entry.encode().map_err(|error| error.to_string())?;
        self.cluster.overwrite_entry(&self.subject, text.expose());
        Ok(())
    }

    /// The names of what nobody can prove to be ours, as was told.
    pub(super) fn possible_orphans(&self) -> BTreeSet<String> {
        let events = self.cluster.world().events.clone();
        let names = events.into_iter().filter_map(|told| match told.happening {
            Happening::PossibleOrphan { name, .. } => Some(name),
            _ => None,
        });
        names.collect()
    }

    /// The markers of what was told as left behind: what a person reads and looks for at the server.
    pub(super) fn markers_left_behind(&self) -> Vec<Marker> {
        let marker = |what: &String| {
            let (_, rest) = what.split_once("software_id oauthclient.dev/")?;
            let (owner, number) = rest.split_once(" and software_version ")?;
            Some(Marker {
                owner: owner.to_owned(),
                number: number.parse().ok()?,
                nonce: String::new(),
            })
        };
        self.left_behind().iter().filter_map(marker).collect()
    }

    /// Whether its last change may or may not be in effect, as is said, and only a rotation or another change helps.
    pub(super) fn waits_for_a_rotation(&self) -> bool {
        let current = self.entry().and_then(|entry| entry.current);
        let said = self
            .condition(ClientCondition::Registered)
            .is_some_and(|found| found.reason == ClientReason::Unmanageable);
        said && current.is_some_and(|current| current.access == Access::Lost(Loss::WithAnswer))
    }

    /// Whether nothing is left of a client that is gone but what an admin has to discharge.
    pub(super) fn waits_for_an_admin(&self) -> bool {
        let gone = !self.cluster.world().clients.contains_key(self.key());
        gone && self.entry().is_some_and(|entry| {
            entry.current.is_none()
                && entry.previous.is_none()
                && entry.intent.is_none()
                && entry.obligations.iter().all(Obligation::is_unmanageable)
        })
    }
}

impl Story {
    /// An admin looks at the server for what is told to be left behind, removes it there and discharges it, as the message
    /// says. What nobody can remove must have been told.
    pub(super) async fn discharge(&self, installation: &Installation) -> Checked {
        let Some(mut entry) = installation.entry() else {
            return Ok(());
        };
        let (left, rest): (Vec<_>, Vec<_>) =
            (entry.obligations.into_iter()).partition(Obligation::is_unmanageable);
        entry.obligations = rest;
        if left.is_empty() {
            return Ok(());
        }
        self.scene("an admin looks for what was left behind, and discharges it");
        self.unharmed().await?;
        for owed in &left {
            let told = installation.left_behind();
            ensure!(
                told.contains(&owed.described()),
                "{} is left behind, and nobody was told",
                owed.described()
            );
            if let (Some(hands), Some(records)) = (self.server.hands(), self.server.records()) {
                let found = match &owed.lost {
                    Some(lost) => records.marked(&lost.marker).await?,
                    None => vec![owed.handle.clone()],
                };
                for handle in found {
                    ensure!(
                        !handles_known(&entry).contains(&handle),
                        "what was told as left behind leads to {handle}, which is in use"
                    );
                    hands.remove(&handle).await?;
                }
            }
        }
        installation.discharge(&left, &entry)?;
        installation.settle().await
    }

    /// Every client of ours is in a ledger entry, or was told as left behind, so that a person finds it: by its name, its
    /// client id, or the marker that it carries.
    pub(super) async fn no_orphans(&self, records: &dyn Records, clients: &[RemoteClient]) -> Checked {
        let (mut handles, mut names) = (BTreeSet::new(), BTreeSet::new());
        for installation in self.everybody() {
            let entry = installation.entry();
            handles.extend(entry.iter().flat_map(handles_known));
            names.extend(entry.iter().flat_map(names_answered_for));
            names.extend(installation.possible_orphans());
            for marker in installation.markers_left_behind() {
                handles.extend(records.marked(&marker).await?);
            }
            if let Some(marker) = entry.as_ref().and_then(marker_under_way) {
                handles.extend(records.marked(marker).await?);
            }
            let told = installation.left_behind();
            let is_told =
                |client: &&RemoteClient| told.contains(&format!("client {}", client.credential.client_id));
            handles.extend(clients.iter().filter(is_told).map(|client| client.handle.clone()));
        }
        let bystanders = self.bystanders.lock().unwrap().clone();
        for client in clients.iter().filter(|client| !bystanders.contains(client)) {
            let by_name = client.name.as_ref().is_some_and(|name| names.contains(name))
                || names.contains(&client.handle.0);
            ensure!(
                by_name || handles.contains(&client.handle),
                "{} is an orphan: no ledger entry knows it, and nobody was told",
                client.handle
            );
        }
        Ok(())
    }
}

/// The names at the server that an entry answers for, where a name leads to a client.
fn names_answered_for(entry: &LedgerEntry) -> Vec<String> {
    let lost = (entry.obligations.iter()).filter_map(|owed| owed.lost.as_ref());
    let traceable = under_way(entry).into_iter().chain(lost);
    let traceable = traceable.filter(|candidate| candidate.trace != Trace::None);
    traceable.map(|candidate| candidate.name.clone()).collect()
}

/// The handles of all that an entry knows at the server. Of an attempt whose answer was lost it knows none.
fn handles_known(entry: &LedgerEntry) -> Vec<Handle> {
    let known = entry.obligations.iter().filter(|owed| owed.lost.is_none());
    let owed = known.map(|owed| &owed.handle);
    let previous = entry.previous.iter().map(|previous| &previous.registration);
    let registered = entry.current.iter().chain(previous);
    let registered = registered.map(|registration| &registration.handle);
    registered.chain(owed).cloned().collect()
}

/// What is being registered.
fn under_way(entry: &LedgerEntry) -> Option<&Candidate> {
    match entry.intent.as_ref().map(|intent| &intent.operation) {
        Some(Operation::Register { candidate, .. }) => Some(candidate),
        _ => None,
    }
}

/// The marker of what is being registered, where nothing else leads to it.
fn marker_under_way(entry: &LedgerEntry) -> Option<&Marker> {
    let candidate = under_way(entry).filter(|candidate| candidate.trace == Trace::None);
    candidate.map(|candidate| &candidate.marker)
}
