//! How everything stands when all is quiet, to be compared with the undisturbed end.

use std::collections::BTreeMap;

use super::invariants::{in_secret, pair, says_ready};
use super::stage::Stage;
use crate::model::{Access, LedgerEntry, Loss, RemoteClient, ServerView, Subject};

/// How everything stands when all is quiet, without ids, attempts, random values and times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) clients: BTreeMap<String, Vec<String>>,
}

impl End {
    /// What is otherwise than at the undisturbed end (L2). With `either`, clients may have changed places.
    pub(super) fn differs_from(&self, undisturbed: &Self, either: bool) -> Vec<String> {
        let sorted = |end: &Self| {
            let mut all: Vec<_> = end.clients.values().cloned().collect();
            all.sort();
            all
        };
        if self == undisturbed || (either && sorted(self) == sorted(undisturbed)) {
            return Vec::new();
        }
        let mut against = Vec::new();
        for (who, lines) in &undisturbed.clients {
            let found = self.clients.get(who).cloned().unwrap_or_default();
            let missing = lines.iter().filter(|line| !found.contains(line));
            against.extend(missing.map(|line| format!("L2: {who} ends without: {line}")));
            let more = found.iter().filter(|line| !lines.contains(line));
            against.extend(more.map(|line| format!("L2: {who} ends with: {line}")));
        }
        against
    }
}

/// How everything stands, and what S5 has against it.
pub(super) fn end(stage: &Stage) -> (End, Vec<String>) {
    let mut violations = Vec::new();
    let mut clients = BTreeMap::new();
    for subject in &stage.subjects {
        let (lines, against) = end_of(stage, subject);
        clients.insert(subject.to_string(), lines);
        violations.extend(against);
    }
    let left_behind = stage.left_behind();
    let mut remote: Vec<String> = stage
        .clients()
        .iter()
        .filter(|(handle, _)| !left_behind.contains(*handle))
        .map(|(_, client)| format!("{:?}", client.metadata))
        .collect();
    remote.sort();
    clients.insert("the server".into(), remote);
    (End { clients }, violations)
}

fn end_of(stage: &Stage, subject: &Subject) -> (Vec<String>, Vec<String>) {
    let mut lines = Vec::new();
    let mut against = Vec::new();
    let entry = stage.entry(subject);
    let client = stage.cluster.world().clients.get(&subject.client).cloned();
    let name = entry
        .as_ref()
        .map_or(&subject.client.name, |entry| &entry.secret_name);
    let secret = stage.cluster.found_secret(&subject.client.namespace, name);
    let remote = stage.clients();
    let accepted = secret.as_ref().and_then(in_secret).is_some_and(|credential| {
        remote
            .values()
            .any(|client| pair(&client.credential) == pair(&credential))
    });
    if let Some(client) = &client {
        for (on, condition) in &client.status.conditions {
            lines.push(format!("{on:?} {} {}", condition.status, condition.reason));
        }
        let observed = client.status.observed_generation == Some(client.generation);
        lines.push(format!("observed: {observed}"));
        if says_ready(client) {
            let current = entry.as_ref().and_then(|entry| entry.current.as_ref());
            let holds = current.zip(secret.as_ref()).is_some_and(|(current, secret)| {
                in_secret(secret).is_some_and(|published| pair(&published) == pair(&current.credential))
            });
            if !holds || !accepted {
                against.push(format!(
                    "S5: {subject} is ready; the Secret holds the ledger's credential: {holds}; it is accepted: {accepted}"
                ));
            }
            let usable = matches!(&*stage.server.lock().unwrap(), ServerView::Ready(_));
            let wanted = client
                .spec
                .scopes
                .clone()
                .map(|scopes| scopes.into_iter().collect());
            let there = current.and_then(|current| remote.get(&current.handle));
            let life = client.spec.access_token_validity_seconds;
            let other = |there: &RemoteClient| {
                there.metadata.scopes != wanted || there.metadata.access_token_validity_seconds != life
            };
            if usable && there.is_none_or(other) {
                against.push(format!("S5: {subject} is ready; the server has other metadata"));
            }
        }
    } else {
        lines.push("no client".into());
    }
    match &secret {
        None => lines.push("no Secret".into()),
        Some(secret) => lines.push(format!(
            "Secret {} keys {:?} owned {} accepted {accepted}",
            secret.secret_type,
            secret.data.keys().collect::<Vec<_>>(),
            !secret.owners.is_empty()
        )),
    }
    if let Some(current) = entry.as_ref().and_then(|entry| entry.current.as_ref())
        && current.access == Access::Lost(Loss::WithAnswer)
        && !accepted
    {
        against.push(format!(
            "S5: {subject} waits for a person with a credential that is refused"
        ));
    }
    let owed = |entry: &LedgerEntry| {
        let manageable = entry.obligations.iter().filter(|owed| !owed.is_unmanageable());
        manageable.count()
    };
    // A client that is there may have a record that names nothing yet; that of one that is gone may be kept for an admin,
    // who has been told.
    let names_nothing = |entry: &&LedgerEntry| {
        entry.current.is_none()
            && entry.previous.is_none()
            && entry.intent.is_none()
            && owed(entry) == 0
            && (client.is_some() || !entry.obligations.is_empty())
    };
    match entry.as_ref().filter(|entry| !names_nothing(entry)) {
        None => lines.push("no entry".into()),
        Some(entry) => lines.push(format!(
            "entry current {:?} previous {} intent {} recheck {} owed {} served {:?} removal {:?} at {} owner {}",
            entry
                .current
                .as_ref()
                .map(|current| (&current.asked, &current.told)),
            entry.previous.is_some(),
            entry.intent.is_some(),
            entry.recheck_at.is_some(),
            owed(entry),
            entry.served.annotation,
            entry.removal,
            entry.server_fingerprint,
            client.is_some_and(|client| client.uid == entry.owner),
        )),
    }
    (lines, against)
}
