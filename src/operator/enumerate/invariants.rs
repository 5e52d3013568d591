//! What must hold after every operation, and when all is quiet. Names are those of the list of invariants.

use std::collections::{BTreeMap, BTreeSet};

use super::server::foreign_client;
use super::stage::Stage;
use crate::api::{ClientCondition, ConditionStatus, keys};
use crate::model::{
    AttemptId, Candidate, ClientKey, ClientObject, Credential, FoundSecret, Handle, LedgerEntry, Operation,
    Removal, Request, Status, Subject, Trace, Uid, Version, publication,
};

type Place = (String, String);

/// Looks at everything after every operation, and remembers what went before.
#[derive(Default)]
pub(super) struct Checker {
    /// A person is acting, so Secrets and clients may change.
    pub(super) free_hand: bool,
    /// A published credential must be accepted at every instant.
    pub(super) always_accepted: bool,
    entries: BTreeMap<String, (Version, LedgerEntry)>,
    foreign_secrets: BTreeMap<Place, FoundSecret>,
    published: BTreeMap<Place, (Version, Option<Credential>)>,
    accepted: BTreeSet<(String, Option<String>)>,
    released: BTreeSet<Handle>,
    may_be_deleted: BTreeSet<Handle>,
    recorded: BTreeMap<(&'static str, Handle), BTreeSet<AttemptId>>,
    sent: BTreeMap<(&'static str, Handle), usize>,
    served: BTreeMap<(String, String), u32>,
    /// What entries ever answered for, by their names.
    held: BTreeSet<(String, Handle)>,
    /// Credentials that entries held, each with the publication that it is for.
    stored: BTreeSet<(String, (String, Option<String>))>,
    /// What clients were told last, and how many Events were looked at.
    told: BTreeMap<ClientKey, (Uid, Status)>,
    events: usize,
    /// Whether the process that tells read something that was out of date, and so knows no better.
    pub(super) sees_the_past: bool,
    /// What was violated.
    pub(super) violations: Vec<String>,
}

/// The names of what an entry answers for: a registration that is sent once more finds its name in use.
fn names(entry: &LedgerEntry) -> impl Iterator<Item = Handle> {
    let previous = entry.previous.iter().map(|previous| &previous.registration);
    let owed = entry
        .obligations
        .iter()
        .filter_map(|owed| owed.registration.as_ref());
    let all = entry.current.iter().chain(previous).chain(owed);
    all.map(|registration| Handle(registration.name.clone()))
}

/// What tells one registration from others: its name, and where that tells nothing, its number too.
fn registered(candidate: &Candidate) -> Handle {
    match candidate.trace {
        Trace::Marker | Trace::GeneratedName | Trace::ExactName => Handle(candidate.name.clone()),
        Trace::None => Handle(format!("{} number {}", candidate.name, candidate.marker.number)),
    }
}

/// Who registers a candidate that only the server's note of it can tell.
fn marked(candidate: &Candidate) -> (String, u32) {
    (candidate.marker.owner.clone(), candidate.marker.number)
}

pub(super) fn pair(credential: &Credential) -> (String, Option<String>) {
    let secret = credential
        .client_secret
        .as_ref()
        .map(|secret| secret.expose().to_owned());
    (credential.client_id.clone(), secret)
}

pub(super) fn in_secret(secret: &FoundSecret) -> Option<Credential> {
    Some(Credential {
        client_id: secret.data.get(keys::CLIENT_ID)?.expose().to_owned(),
        client_secret: secret.data.get(keys::CLIENT_SECRET).cloned(),
    })
}

/// Whether a client says that it is ready as it is asked for now.
pub(super) fn says_ready(client: &ClientObject) -> bool {
    let ready = client.status.conditions.get(&ClientCondition::Ready);
    client.status.observed_generation == Some(client.generation)
        && ready.is_some_and(|ready| ready.status == ConditionStatus::True)
}

impl Checker {
    pub(super) fn violated(&mut self, what: String) {
        if self.violations.len() < 10 {
            self.violations.push(what);
        }
    }

    /// A mutating call is sent in a pass over this client.
    pub(super) fn sent(&mut self, subject: &Subject, request: &Request) {
        let (kind, handle) = match request {
            Request::Register(candidate) => ("Register", registered(candidate)),
            Request::Update { target, .. } => ("Update", target.handle.clone()),
            Request::Rotate { target, .. } => ("Rotate", target.handle.clone()),
            Request::Delete { target } | Request::Disable { target } => ("Delete", target.handle.clone()),
            Request::RetireSecret { target } => ("RetireSecret", target.handle.clone()),
            Request::ProvisionScopes(_) => return,
        };
        let place = (kind, handle.clone());
        let recorded = self.recorded.get(&place).map_or(0, BTreeSet::len);
        let sent = self.sent.entry(place).or_default();
        *sent += 1;
        if *sent > recorded {
            let sent = *sent;
            self.violated(format!(
                "R2: {kind} of {handle} is sent for the time number {sent}, and was recorded {recorded} times"
            ));
        }
        let current = |entry: &LedgerEntry| {
            entry
                .current
                .as_ref()
                .is_some_and(|current| current.handle == handle)
        };
        if kind != "Register" {
            let own = subject.entry_name();
            let is_own = self.held.contains(&(own.clone(), handle.clone()));
            let mut others = self.entries.iter().filter(|(name, _)| **name != own);
            if !is_own || others.any(|(_, (_, entry))| current(entry)) {
                self.violated(format!("S3: {kind} of {handle}, which is not that of {subject}"));
            }
        }
        let evident =
            self.may_be_deleted.contains(&handle) && !self.entries.values().any(|(_, entry)| current(entry));
        if kind == "Delete" && !evident {
            self.violated(format!("S9: {handle} is deleted without evidence"));
        }
        let in_overlap = |entry: &LedgerEntry| {
            let previous = entry.previous.as_ref().filter(|previous| previous.same_client);
            previous.is_some_and(|previous| previous.registration.handle == handle)
        };
        if kind == "RetireSecret" && self.entries.values().any(|(_, entry)| in_overlap(entry)) {
            self.violated(format!(
                "S7: an earlier secret of {handle} is retired in its overlap"
            ));
        }
    }

    /// Looks at everything.
    pub(super) fn look(&mut self, stage: &Stage) {
        self.look_at_ledger(stage);
        self.look_at_server(stage);
        self.look_at_secrets(stage);
        self.look_at_what_is_told(stage);
    }

    fn look_at_ledger(&mut self, stage: &Stage) {
        let stored: Vec<(String, Version, Option<LedgerEntry>)> = {
            let world = stage.cluster.world();
            let changed = |name: &String, version: &Version| {
                self.entries.get(name).is_none_or(|(known, _)| known != version)
            };
            world
                .ledger
                .iter()
                .map(|(name, stored)| {
                    let entry = changed(name, &stored.version).then(|| stored.entry.clone().unwrap());
                    (name.clone(), stored.version.clone(), entry)
                })
                .collect()
        };
        let names: BTreeSet<&String> = stored.iter().map(|(name, _, _)| name).collect();
        let removed: Vec<String> = self
            .entries
            .keys()
            .filter(|name| !names.contains(name))
            .cloned()
            .collect();
        for name in removed {
            let before = self.entries.remove(&name).map(|(_, entry)| entry);
            self.entry_changed(stage, before.as_ref(), None);
        }
        for (name, version, entry) in stored {
            let Some(entry) = entry else { continue };
            let before = self
                .entries
                .insert(name, (version, entry.clone()))
                .map(|(_, entry)| entry);
            self.entry_changed(stage, before.as_ref(), Some(&entry));
        }
    }

    fn entry_changed(&mut self, stage: &Stage, before: Option<&LedgerEntry>, after: Option<&LedgerEntry>) {
        let deleted = stage.inner().deleted.clone();
        if let Some(before) = before
            && before.removal == Removal::Retain
            && deleted.contains(&before.owner)
        {
            self.released.extend(before.handles().cloned());
            self.released.extend(names(before));
        }
        if let Some(before) = before
            && before.current.is_some()
            && after.is_none_or(|after| after.current.is_none() && after.intent.is_none())
            && !deleted.contains(&before.owner)
        {
            self.violated("S9: a client is given up without evidence that its resource is gone".into());
        }
        let Some(after) = after else { return };
        let name = after.subject.entry_name();
        self.held
            .extend(after.handles().map(|handle| (name.clone(), handle.clone())));
        let stored = after.current.iter();
        let stored = stored.map(|current| (after.publication_id.clone(), pair(&current.credential)));
        self.stored.extend(stored);
        // What was owed on good evidence stays owed, also when a successor takes the entry over.
        let owed_before = |handle: &Handle| {
            before.is_some_and(|before| before.obligations.iter().any(|owed| owed.handle == *handle))
        };
        for owed in &after.obligations {
            if owed.was_current && !deleted.contains(&after.owner) && !owed_before(&owed.handle) {
                let handle = &owed.handle;
                self.violated(format!(
                    "S9: {handle} is owed without evidence that its resource is gone"
                ));
            } else if !owed.only_secret {
                self.may_be_deleted.insert(owed.handle.clone());
            }
            if let Some(attempt) = &owed.attempt {
                let kind = if owed.only_secret {
                    "RetireSecret"
                } else {
                    "Delete"
                };
                let ids = self.recorded.entry((kind, owed.handle.clone())).or_default();
                ids.insert(attempt.id.clone());
            }
        }
        if let Some(intent) = &after.intent {
            let current = || after.current.as_ref().map(|current| current.handle.clone());
            let place = match &intent.operation {
                Operation::Register { candidate, .. } => Some(("Register", registered(candidate))),
                Operation::Update { .. } => current().map(|handle| ("Update", handle)),
                Operation::Rotate { .. } => current().map(|handle| ("Rotate", handle)),
            };
            if let Some(place) = place {
                let ids = self.recorded.entry(place).or_default();
                ids.insert(intent.attempt.id.clone());
            }
        }
        let Some(before) = before.filter(|before| before.owner == after.owner) else {
            return;
        };
        // A client that replaces one which can be changed no more serves no trigger.
        let untriggered = before.intent.as_ref().is_some_and(|intent| {
            matches!(&intent.operation, Operation::Register { rotation: Some(rotation), .. } if rotation.annotation.is_none())
        });
        if before.served.rotated_at != after.served.rotated_at
            && !untriggered
            && let Some(value) = &after.served.annotation
        {
            let times = self
                .served
                .entry((after.owner.0.clone(), value.clone()))
                .or_default();
            *times += 1;
            if *times > 1 {
                self.violated(format!("S10: the trigger {value} is recorded as served again"));
            }
        }
    }

    fn look_at_server(&mut self, stage: &Stage) {
        let mut holders: BTreeMap<&Handle, u32> = BTreeMap::new();
        let mut candidates: BTreeSet<Handle> = BTreeSet::new();
        let mut markers: BTreeSet<(String, u32)> = BTreeSet::new();
        for (_, entry) in self.entries.values() {
            let mut own: Vec<&Handle> = entry.handles().collect();
            own.sort();
            own.dedup();
            for handle in own {
                *holders.entry(handle).or_default() += 1;
            }
            candidates.extend(names(entry));
            let lost = entry.obligations.iter().filter_map(|owed| owed.lost.as_ref());
            markers.extend(lost.filter(|lost| lost.trace == Trace::None).map(marked));
            if let Some(Operation::Register { candidate, .. }) =
                entry.intent.as_ref().map(|intent| &intent.operation)
            {
                if candidate.trace == Trace::None {
                    markers.insert(marked(candidate));
                } else {
                    candidates.insert(Handle(candidate.name.clone()));
                }
            }
        }
        let mut found = Vec::new();
        for (handle, holders) in &holders {
            if *holders > 1 {
                found.push(format!("S2: {handle} belongs to {holders} entries"));
            }
        }
        let known = |handle: &Handle| {
            holders.contains_key(handle) || candidates.contains(handle) || self.released.contains(handle)
        };
        let theirs = foreign_client();
        let clients = stage.clients();
        for (handle, client) in clients.iter().filter(|(handle, _)| **handle != theirs.handle) {
            let by_marker = stage
                .provider
                .marker(handle)
                .is_some_and(|marker| markers.contains(&(marker.owner, marker.number)));
            // What was not found yet is known by its name.
            let by_name = client.name.clone().filter(|_| stage.looks_up()).map(Handle);
            if !known(handle) && !by_marker && !by_name.is_some_and(|name| known(&name)) {
                found.push(format!("S2: {handle} is an orphan"));
            }
        }
        for candidate in stage.under_way() {
            let known = match candidate.trace {
                Trace::None => markers.contains(&marked(&candidate)),
                Trace::Marker | Trace::GeneratedName | Trace::ExactName => {
                    known(&Handle(candidate.name.clone()))
                }
            };
            if !known {
                found.push(format!(
                    "S2: {} is under way and will be an orphan",
                    candidate.name
                ));
            }
        }
        if clients.get(&theirs.handle) != Some(&theirs) {
            found.push("S3: a client of somebody else was changed".into());
        }
        for what in found {
            self.violated(what);
        }
        self.accepted
            .extend(clients.values().map(|client| pair(&client.credential)));
    }

    fn look_at_secrets(&mut self, stage: &Stage) {
        let secrets = stage.cluster.world().secrets.clone();
        let ids: BTreeSet<&String> = self
            .entries
            .values()
            .map(|(_, entry)| &entry.publication_id)
            .collect();
        let publication = |secret: &FoundSecret| {
            let id = secret.annotations.get(publication::PUBLICATION_ANNOTATION);
            id.filter(|id| ids.contains(id)).cloned()
        };
        let mut found = Vec::new();
        if self.free_hand {
            self.foreign_secrets = secrets
                .iter()
                .filter(|(_, secret)| {
                    !secret
                        .annotations
                        .contains_key(publication::PUBLICATION_ANNOTATION)
                })
                .map(|(place, secret)| (place.clone(), secret.clone()))
                .collect();
        }
        for (place, secret) in &self.foreign_secrets {
            if secrets.get(place) != Some(secret) {
                found.push(format!("S4: the Secret {} of somebody else was changed", place.1));
            }
        }
        let accepts = |credential: &Credential| stage.provider.accepts(credential);
        for (place, secret) in &secrets {
            let Some(publication) = publication(secret) else {
                continue;
            };
            let before = self.published.get(place);
            let credential = in_secret(secret);
            let changed = before.is_none_or(|(version, _)| *version != secret.version);
            if changed && !self.free_hand {
                let known = credential
                    .as_ref()
                    .is_some_and(|credential| self.accepted.contains(&pair(credential)));
                let stored = credential
                    .as_ref()
                    .is_some_and(|credential| self.stored.contains(&(publication, pair(credential))));
                if !stored {
                    found.push(format!("R4: Secret {} has what its record never had", place.1));
                }
                if !known {
                    found.push(format!(
                        "S6: Secret {} has a credential that was never accepted",
                        place.1
                    ));
                }
            }
            if self.always_accepted && !self.free_hand && !credential.as_ref().is_some_and(accepts) {
                found.push(format!(
                    "S6: Secret {} has a credential that is not accepted",
                    place.1
                ));
            }
            self.published
                .insert(place.clone(), (secret.version.clone(), credential));
        }
        for what in found {
            self.violated(what);
        }
    }

    /// Every status and every Event, when it is told.
    fn look_at_what_is_told(&mut self, stage: &Stage) {
        let (news, events) = {
            let world = stage.cluster.world();
            let is_new = |(key, client): &(&ClientKey, &ClientObject)| {
                self.told
                    .get(key)
                    .is_none_or(|(uid, status)| *uid != client.uid || *status != client.status)
            };
            let news = world.clients.iter().filter(is_new);
            let news: Vec<(ClientKey, ClientObject)> =
                news.map(|(key, client)| (key.clone(), client.clone())).collect();
            let events = world.events.get(self.events..).unwrap_or_default();
            let events = (!events.is_empty()).then(|| format!("{events:?}"));
            self.events = world.events.len();
            (news, events)
        };
        let statuses = news.iter().map(|(_, client)| format!("{:?}", client.status));
        for told in statuses.chain(events) {
            let secrets = self.accepted.iter().filter_map(|(_, secret)| secret.as_ref());
            if told.contains("canary-") || secrets.into_iter().any(|secret| told.contains(secret)) {
                self.violated("S1: a credential is in a status or an Event".into());
            }
        }
        for (key, client) in news {
            if says_ready(&client) && !self.free_hand && !self.sees_the_past {
                self.look_at_what_is_ready(stage, &key);
            }
            self.told.insert(key, (client.uid, client.status));
        }
    }

    /// S5, whenever a client is told that it is ready: its Secret holds the credential of its record.
    fn look_at_what_is_ready(&mut self, stage: &Stage, key: &ClientKey) {
        let subject = stage.subjects.iter().find(|subject| subject.client == *key);
        let entry = subject.and_then(|subject| stage.entry(subject));
        let holds = entry.is_some_and(|entry| {
            let secret = stage.cluster.found_secret(&key.namespace, &entry.secret_name);
            let published = secret.as_ref().and_then(in_secret);
            let recorded = entry.current.as_ref().map(|current| pair(&current.credential));
            recorded.is_some() && published.as_ref().map(pair) == recorded
        });
        if !holds {
            self.violated(format!(
                "S5: {key} says that it is ready, and its Secret does not hold the credential of its record"
            ));
        }
    }
}
