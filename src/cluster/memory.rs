//! Kubernetes in memory, for tests: the same port, with the API server's preconditions and nothing of its timing.
//!
//! Everything is deterministic: UIDs and versions come from one counter. A clone is a copy of the whole world, so a
//! test can go on from one point in several ways; share one by reference or in an `Arc`.

#![expect(
    clippy::missing_panics_doc,
    reason = "a test that asks for what cannot be shall fail"
)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::{Cluster, LedgerRead, Unread};
use crate::api::{OAuthClientSpec, SECRET_TYPE_PUBLISHED};
use crate::model::{
    ClientKey, ClientObject, ClientView, FoundSecret, Happening, LedgerEntry, NamespaceView, Publication,
    Publish, PublishMode, Record, Refusal, Status, Subject, Uid, Unreadable, Version,
};

/// A cluster that lives in memory.
#[derive(Debug, Default)]
pub struct MemoryCluster(Mutex<World>);

impl Clone for MemoryCluster {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.world().clone()))
    }
}

/// All that is in the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    counter: u64,
    /// The CRD of OAuthClient.
    pub crd: Option<Crd>,
    /// The namespaces.
    pub namespaces: BTreeMap<String, Namespace>,
    /// The clients.
    pub clients: BTreeMap<ClientKey, ClientObject>,
    /// The ledger entries by name, as the text that is stored.
    pub ledger: BTreeMap<String, Stored>,
    /// The Secrets by namespace and name.
    pub secrets: BTreeMap<(String, String), FoundSecret>,
    /// The Events in the order they were sent.
    pub events: Vec<Told>,
    /// Every write that was asked for, in order.
    pub journal: Vec<Write>,
    mishaps: VecDeque<(WriteKind, Mishap)>,
    standing: BTreeMap<WriteKind, Refusal>,
    unreadable: Option<String>,
}

/// The CRD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crd {
    /// Its UID.
    pub uid: Uid,
    /// It is served.
    pub established: bool,
    /// It is being deleted.
    pub terminating: bool,
}

/// A namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    /// Its UID.
    pub uid: Uid,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// It is being deleted: nothing can be created in it.
    pub terminating: bool,
}

/// A ledger entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its version.
    pub version: Version,
    /// The subject that it was written for.
    pub subject: Subject,
    /// Its text.
    pub text: String,
    /// What the text says.
    pub entry: Result<LedgerEntry, Unreadable>,
}

/// An Event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// About this client.
    pub client: ClientKey,
    /// With this UID.
    pub uid: Uid,
    /// What happened.
    pub happening: Happening,
}

/// Kinds of writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteKind {
    /// A ledger entry is created or replaced.
    Ledger,
    /// A ledger entry is removed.
    LedgerRemoval,
    /// A Secret is created or changed.
    Secret,
    /// The dry run of that.
    Rehearsal,
    /// A Secret is deleted.
    SecretRemoval,
    /// A status is written.
    Status,
}

/// One write that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// What kind of write.
    pub kind: WriteKind,
    /// The client it was for.
    pub client: ClientKey,
    /// What it did; for a lost answer this is what was done, not what was told.
    pub effect: Effect,
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It was done.
    Done,
    /// Everything was so already: no new version, no watch event.
    Unchanged,
    /// Nothing.
    Refused(Refusal),
}

/// What shall befall the next write of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mishap {
    /// It is refused.
    Refused(Refusal),
    /// It is done, and the answer is lost.
    Lost,
    /// Nothing: a mishap that is set after this is for the write after it.
    Spared,
}

impl MemoryCluster {
    /// A cluster with the CRD.
    pub fn new() -> Self {
        let cluster = Self::default();
        cluster.install_crd();
        cluster
    }

    /// The world, to look at and to change as somebody else would; nobody may wait while holding it.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    /// Installs the CRD, with a new UID.
    pub fn install_crd(&self) -> Uid {
        let mut world = self.world();
        let uid = world.uid();
        world.crd = Some(Crd {
            uid: uid.clone(),
            established: true,
            terminating: false,
        });
        uid
    }

    /// Removes the CRD, and so every client.
    pub fn remove_crd(&self) {
        let mut world = self.world();
        world.crd = None;
        world.clients.clear();
    }

    /// UID of the CRD; empty when there is none.
    pub fn crd_uid(&self) -> Uid {
        self.world()
            .crd
            .as_ref()
            .map_or(Uid(String::new()), |crd| crd.uid.clone())
    }

    /// Creates a namespace.
    pub fn create_namespace(&self, name: &str, labels: &[(&str, &str)]) -> Uid {
        let mut world = self.world();
        let uid = world.uid();
        let labels = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let namespace = Namespace {
            uid: uid.clone(),
            labels,
            terminating: false,
        };
        assert!(
            world.namespaces.insert(name.to_owned(), namespace).is_none(),
            "there is a namespace {name}"
        );
        uid
    }

    /// Begins to delete a namespace.
    pub fn terminate_namespace(&self, name: &str) {
        self.world().namespaces.get_mut(name).unwrap().terminating = true;
    }

    /// Removes a namespace with all that is in it.
    pub fn remove_namespace(&self, name: &str) {
        let mut world = self.world();
        world.clients.retain(|key, _| key.namespace != name);
        world.secrets.retain(|(namespace, _), _| namespace != name);
        world.namespaces.remove(name);
    }

    /// A namespace as the operator's cache shows it.
    pub fn namespace(&self, name: &str) -> NamespaceView {
        self.world().namespaces.get(name).map_or(
            NamespaceView {
                labels: BTreeMap::new(),
                terminating: true,
            },
            |found| NamespaceView {
                labels: found.labels.clone(),
                terminating: found.terminating,
            },
        )
    }

    /// The subject of a client that may or may not be there; its namespace must be.
    pub fn subject(&self, namespace: &str, name: &str) -> Subject {
        Subject {
            client: ClientKey {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            },
            namespace_uid: self.world().namespaces[namespace].uid.clone(),
        }
    }

    /// Every subject that there is a client or a ledger entry of: what a restarted operator looks at.
    pub fn subjects(&self) -> Vec<Subject> {
        let world = self.world();
        let mut subjects: Vec<Subject> = world
            .clients
            .keys()
            .map(|key| Subject {
                client: key.clone(),
                namespace_uid: world.namespaces[&key.namespace].uid.clone(),
            })
            .chain(world.ledger.values().map(|stored| stored.subject.clone()))
            .collect();
        subjects.sort();
        subjects.dedup();
        subjects
    }

    /// Creates a client. Its namespace must be there and not terminating.
    pub fn create_client(&self, key: &ClientKey, spec: OAuthClientSpec) -> Uid {
        let mut world = self.world();
        assert!(world.crd.is_some(), "the CRD is not installed");
        assert!(
            !world.namespaces[&key.namespace].terminating,
            "{} is terminating",
            key.namespace
        );
        let uid = world.uid();
        let client = ClientObject {
            uid: uid.clone(),
            generation: 1,
            terminating: false,
            spec,
            rotate: None,
            status: Status::default(),
        };
        assert!(
            world.clients.insert(key.clone(), client).is_none(),
            "there is a client {key}"
        );
        uid
    }

    /// Changes a client's spec; the generation grows if that changes anything.
    pub fn change_spec(&self, key: &ClientKey, change: impl FnOnce(&mut OAuthClientSpec)) {
        let mut world = self.world();
        let client = world.clients.get_mut(key).unwrap();
        let before = client.spec.clone();
        change(&mut client.spec);
        if client.spec != before {
            client.generation += 1;
        }
    }

    /// Sets or removes the rotate annotation.
    pub fn annotate_rotate(&self, key: &ClientKey, value: Option<&str>) {
        self.world().clients.get_mut(key).unwrap().rotate = value.map(str::to_owned);
    }

    /// Begins to delete a client that somebody else's finalizer holds.
    pub fn terminate_client(&self, key: &ClientKey) {
        self.world().clients.get_mut(key).unwrap().terminating = true;
    }

    /// Deletes a client. What it owns stays until [`MemoryCluster::collect_garbage`].
    pub fn delete_client(&self, key: &ClientKey) {
        assert!(
            self.world().clients.remove(key).is_some(),
            "there is no client {key}"
        );
    }

    /// Does what the garbage collector does: removes references to owners that are gone, and what had no others.
    /// Owners of another kind are taken to be there.
    pub fn collect_garbage(&self) {
        let mut world = self.world();
        let living: Vec<Uid> = world.clients.values().map(|client| client.uid.clone()).collect();
        let gone = |uid: &Uid, owner: &String| owner.starts_with("OAuthClient/") && !living.contains(uid);
        world.secrets.retain(|_, secret| {
            let before = secret.owners.len();
            secret.owners.retain(|uid, owner| !gone(uid, owner));
            before == 0 || !secret.owners.is_empty()
        });
    }

    /// Puts a Secret there as somebody else would, with a new UID and version.
    pub fn put_foreign_secret(&self, namespace: &str, name: &str, data: &[(&str, &str)]) {
        let mut world = self.world();
        let secret = FoundSecret {
            name: name.to_owned(),
            uid: world.uid(),
            version: world.version(),
            secret_type: "Opaque".to_owned(),
            immutable: false,
            terminating: false,
            data: data
                .iter()
                .map(|(key, value)| ((*key).to_owned(), crate::model::Confidential::new(*value)))
                .collect(),
            not_text: std::collections::BTreeSet::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            owners: BTreeMap::new(),
        };
        world
            .secrets
            .insert((namespace.to_owned(), name.to_owned()), secret);
    }

    /// Changes a Secret behind our back; its version changes.
    pub fn edit_secret(&self, namespace: &str, name: &str, edit: impl FnOnce(&mut FoundSecret)) {
        let mut world = self.world();
        let version = world.version();
        let secret = world
            .secrets
            .get_mut(&(namespace.to_owned(), name.to_owned()))
            .unwrap();
        edit(secret);
        secret.version = version;
    }

    /// Deletes a Secret behind our back; whether it was there.
    pub fn delete_secret(&self, namespace: &str, name: &str) -> bool {
        self.world()
            .secrets
            .remove(&(namespace.to_owned(), name.to_owned()))
            .is_some()
    }

    /// A Secret that is there.
    pub fn found_secret(&self, namespace: &str, name: &str) -> Option<FoundSecret> {
        self.world()
            .secrets
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned()
    }

    /// The ledger entry of a subject; it must be readable.
    pub fn entry(&self, subject: &Subject) -> Option<LedgerEntry> {
        let world = self.world();
        let stored = world.ledger.get(&subject.entry_name())?;
        Some(stored.entry.clone().unwrap())
    }

    /// Puts a text into the ledger in place of an entry, or as one.
    pub fn overwrite_entry(&self, subject: &Subject, text: &str) {
        let mut world = self.world();
        let stored = Stored {
            version: world.version(),
            subject: subject.clone(),
            text: text.to_owned(),
            entry: LedgerEntry::decode(text),
        };
        world.ledger.insert(subject.entry_name(), stored);
    }

    /// Removes an entry as a clumsy administrator would.
    pub fn drop_entry(&self, subject: &Subject) {
        self.world().ledger.remove(&subject.entry_name());
    }

    /// The next write of this kind comes to grief. Several for one kind befall it one after the other.
    pub fn next(&self, kind: WriteKind, mishap: Mishap) {
        self.world().mishaps.push_back((kind, mishap));
    }

    /// Every write of this kind is refused, until `None` is said; mishaps that are set come first.
    pub fn refuse_all(&self, kind: WriteKind, refusal: Option<Refusal>) {
        let mut world = self.world();
        match refusal {
            Some(refusal) => world.standing.insert(kind, refusal),
            None => world.standing.remove(&kind),
        };
    }

    /// No read succeeds, until `None` is said.
    pub fn refuse_reads(&self, why: Option<&str>) {
        self.world().unreadable = why.map(str::to_owned);
    }

    /// How many writes of a kind took effect.
    pub fn written(&self, kind: WriteKind) -> usize {
        self.world()
            .journal
            .iter()
            .filter(|write| write.kind == kind && write.effect == Effect::Done)
            .count()
    }

    fn write<T>(
        &self,
        kind: WriteKind,
        client: &ClientKey,
        act: impl FnOnce(&mut World) -> Result<(T, Effect), Refusal>,
    ) -> Result<T, Refusal> {
        let mut world = self.world();
        let planned = world.mishaps.iter().position(|(planned, _)| *planned == kind);
        let mishap = planned
            .and_then(|place| world.mishaps.remove(place))
            .map(|(_, mishap)| mishap)
            .or_else(|| world.standing.get(&kind).cloned().map(Mishap::Refused));
        let (answer, effect) = match mishap {
            Some(Mishap::Refused(refusal)) => (Err(refusal.clone()), Effect::Refused(refusal)),
            other => match act(&mut world) {
                Err(refusal) => (Err(refusal.clone()), Effect::Refused(refusal)),
                Ok((_, effect)) if other == Some(Mishap::Lost) => (
                    Err(Refusal::Unavailable("the answer was lost".to_owned())),
                    effect,
                ),
                Ok((answer, effect)) => (Ok(answer), effect),
            },
        };
        world.journal.push(Write {
            kind,
            client: client.clone(),
            effect,
        });
        answer
    }

    fn readable(&self) -> Result<MutexGuard<'_, World>, Unread> {
        let world = self.world();
        match &world.unreadable {
            Some(why) => Err(Unread(why.clone())),
            None => Ok(world),
        }
    }
}

impl World {
    fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    fn uid(&mut self) -> Uid {
        Uid(format!("uid-{}", self.next_number()))
    }

    fn version(&mut self) -> Version {
        Version(self.next_number().to_string())
    }

    fn write_entry(
        &mut self,
        subject: &Subject,
        entry: &LedgerEntry,
        replaces: Option<&Version>,
    ) -> Result<(Option<Version>, Effect), Refusal> {
        let name = subject.entry_name();
        let held = self.ledger.get(&name);
        if held.map(|stored| &stored.version) != replaces {
            return Err(Refusal::Stale);
        }
        let text = entry
            .encode()
            .map_err(|why| Refusal::Denied(why.to_string()))?
            .expose()
            .to_owned();
        if let Some(held) = held.filter(|held| held.text == text) {
            return Ok((Some(held.version.clone()), Effect::Unchanged));
        }
        let version = self.version();
        let stored = Stored {
            version: version.clone(),
            subject: subject.clone(),
            text,
            entry: Ok(entry.clone()),
        };
        self.ledger.insert(name, stored);
        Ok((Some(version), Effect::Done))
    }

    /// The Secret as it would be after the write.
    fn published(
        &mut self,
        namespace: &str,
        wanted: &Publication,
        seen: Option<&FoundSecret>,
    ) -> Result<FoundSecret, Refusal> {
        let there = self.secrets.get(&(namespace.to_owned(), wanted.name.clone()));
        let Some(seen) = seen else {
            // The API server looks at the namespace before it looks for the name.
            match self.namespaces.get(namespace) {
                Some(found) if !found.terminating => {}
                _ => return Err(Refusal::NamespaceTerminating),
            }
            if there.is_some() {
                return Err(Refusal::Stale);
            }
            let (uid, version) = (self.uid(), self.version());
            return Ok(FoundSecret {
                name: wanted.name.clone(),
                uid,
                version,
                secret_type: SECRET_TYPE_PUBLISHED.to_owned(),
                immutable: false,
                terminating: false,
                data: wanted.data.clone(),
                not_text: std::collections::BTreeSet::new(),
                labels: wanted.labels.clone(),
                annotations: wanted.annotations.clone(),
                owners: owner(wanted).into_iter().collect(),
            });
        };
        let there = there
            .filter(|there| there.uid == seen.uid && there.version == seen.version)
            .ok_or(Refusal::Stale)?
            .clone();
        if there.secret_type != SECRET_TYPE_PUBLISHED {
            return Err(Refusal::Denied("type: field is immutable".to_owned()));
        }
        if there.immutable && !there.holds_data(wanted) {
            return Err(Refusal::Denied(
                "data: field is immutable when `immutable` is set".to_owned(),
            ));
        }
        let outdated = there.outdated_metadata(wanted);
        let mut next = there.clone();
        for metadata in [&mut next.labels, &mut next.annotations] {
            metadata.retain(|key, _| !outdated.contains(key));
        }
        next.labels.extend(wanted.labels.clone());
        next.annotations.extend(wanted.annotations.clone());
        next.data.clone_from(&wanted.data);
        next.not_text.clear();
        next.owners.remove(&wanted.owner.0);
        next.owners.extend(owner(wanted));
        if next != there {
            next.version = self.version();
        }
        Ok(next)
    }
}

fn owner(wanted: &Publication) -> Option<(Uid, String)> {
    let (uid, name) = &wanted.owner;
    wanted.owned.then(|| (uid.clone(), format!("OAuthClient/{name}")))
}

#[async_trait]
impl Cluster for MemoryCluster {
    async fn client(&self, key: &ClientKey) -> Result<Option<ClientObject>, Unread> {
        let world = self.readable()?;
        if world.crd.is_none() {
            return Err(Unread(
                "OAuthClients are not served: the CRD is missing".to_owned(),
            ));
        }
        Ok(world.clients.get(key).cloned())
    }

    async fn namespace_uid(&self, name: &str) -> Result<Option<Uid>, Unread> {
        Ok(self
            .readable()?
            .namespaces
            .get(name)
            .map(|namespace| namespace.uid.clone()))
    }

    async fn served_crd(&self) -> Result<Uid, Unread> {
        let world = self.readable()?;
        let served = world
            .crd
            .as_ref()
            .filter(|crd| crd.established && !crd.terminating);
        served
            .map(|crd| crd.uid.clone())
            .ok_or_else(|| Unread("the CRD is not served".to_owned()))
    }

    async fn presence(&self, key: &ClientKey, owner: &Uid) -> ClientView {
        let world = match self.readable() {
            Ok(world) => world,
            Err(unread) => return ClientView::Unknown(unread.0),
        };
        let Some(crd) = world
            .crd
            .as_ref()
            .filter(|crd| crd.established && !crd.terminating)
        else {
            return ClientView::Unknown("the CRD is missing, not established or terminating".to_owned());
        };
        match world.clients.get(key) {
            None => ClientView::Gone {
                crd_uid: crd.uid.clone(),
            },
            Some(client) if client.uid == *owner => ClientView::Present(Box::new(client.clone())),
            Some(_) => ClientView::Unknown("there is another object of that name now".to_owned()),
        }
    }

    async fn ledger(&self, subject: &Subject) -> Result<LedgerRead, Unread> {
        let world = self.readable()?;
        Ok(match world.ledger.get(&subject.entry_name()) {
            None => LedgerRead::Absent,
            Some(stored) => match stored.entry.clone() {
                Ok(entry) if entry.subject != *subject => {
                    LedgerRead::Unreadable(Unreadable::Malformed("it is about another client".to_owned()))
                }
                Ok(entry) => LedgerRead::Held(Box::new(entry), stored.version.clone()),
                Err(why) => LedgerRead::Unreadable(why),
            },
        })
    }

    async fn is_claimed(&self, subject: &Subject, claims: &BTreeSet<String>) -> Result<bool, Unread> {
        let (world, own) = (self.readable()?, subject.entry_name());
        let mut others = world.ledger.iter().filter(|(name, _)| **name != own);
        Ok(others.any(|(_, stored)| {
            let theirs = stored.entry.as_ref().map(LedgerEntry::claims);
            theirs.is_ok_and(|theirs| !theirs.is_disjoint(claims))
        }))
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<FoundSecret>, Unread> {
        drop(self.readable()?);
        Ok(self.found_secret(namespace, name))
    }

    async fn record(&self, subject: &Subject, record: &Record) -> Result<Option<Version>, Refusal> {
        match record {
            Record::Write { entry, replaces, .. } => {
                self.write(WriteKind::Ledger, &subject.client, |world| {
                    world.write_entry(subject, entry, replaces.as_ref())
                })
            }
            Record::Remove { version } => self.write(WriteKind::LedgerRemoval, &subject.client, |world| {
                let name = subject.entry_name();
                match world.ledger.get(&name) {
                    None => Ok((None, Effect::Unchanged)),
                    Some(stored) if stored.version == *version => {
                        world.ledger.remove(&name);
                        Ok((None, Effect::Done))
                    }
                    Some(_) => Err(Refusal::Stale),
                }
            }),
        }
    }

    async fn publish(&self, key: &ClientKey, publish: &Publish) -> Result<Option<FoundSecret>, Refusal> {
        let Publish { publication, mode } = publish;
        let (kind, seen) = match mode {
            PublishMode::Rehearse(seen) => (WriteKind::Rehearsal, seen.as_deref()),
            PublishMode::Create => (WriteKind::Secret, None),
            PublishMode::Apply(seen) => (WriteKind::Secret, Some(seen.as_ref())),
        };
        self.write(kind, key, |world| {
            if kind == WriteKind::Rehearsal {
                world.clone().published(&key.namespace, publication, seen)?;
                return Ok((None, Effect::Done));
            }
            let next = world.published(&key.namespace, publication, seen)?;
            let place = (key.namespace.clone(), publication.name.clone());
            let before = world.secrets.insert(place, next.clone());
            let effect = if before.as_ref() == Some(&next) {
                Effect::Unchanged
            } else {
                Effect::Done
            };
            Ok((Some(next), effect))
        })
    }

    async fn unpublish(
        &self,
        namespace: &str,
        name: &str,
        uid: &Uid,
        version: &Version,
    ) -> Result<(), Refusal> {
        let key = ClientKey {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        self.write(WriteKind::SecretRemoval, &key, |world| {
            let place = (namespace.to_owned(), name.to_owned());
            match world.secrets.get(&place) {
                None => Ok(((), Effect::Unchanged)),
                Some(found) if found.uid == *uid && found.version == *version => {
                    world.secrets.remove(&place);
                    Ok(((), Effect::Done))
                }
                Some(_) => Err(Refusal::Stale),
            }
        })
    }

    async fn report(&self, key: &ClientKey, uid: &Uid, status: &Status) -> Result<(), Refusal> {
        self.write(WriteKind::Status, key, |world| {
            let client = world
                .clients
                .get_mut(key)
                .filter(|client| client.uid == *uid)
                .ok_or(Refusal::Stale)?;
            if client.status == *status {
                return Ok(((), Effect::Unchanged));
            }
            client.status = status.clone();
            Ok(((), Effect::Done))
        })
    }

    async fn tell(&self, key: &ClientKey, uid: &Uid, happenings: &[Happening]) {
        let told = happenings.iter().map(|happening| Told {
            client: key.clone(),
            uid: uid.clone(),
            happening: happening.clone(),
        });
        self.world().events.extend(told);
    }
}

mod tests {
    use super::*;
    use crate::api::{ServerKind, ServerRef};
    use crate::model::Confidential;

    fn spec() -> OAuthClientSpec {
        OAuthClientSpec::new(ServerRef {
            kind: ServerKind::ClusterAuthorizationServer,
            name: "corp".to_owned(),
        })
    }

    fn publication(owner: &Uid, secret: &str) -> Publication {
        Publication {
            name: "billing".to_owned(),
            data: BTreeMap::from([("client-secret".to_owned(), Confidential::new(secret))]),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            owned: true,
            owner: (owner.clone(), "billing".to_owned()),
        }
    }

    fn create(publication: &Publication) -> Publish {
        Publish {
            publication: publication.clone(),
            mode: PublishMode::Create,
        }
    }

    fn apply(publication: &Publication, found: &FoundSecret) -> Publish {
        Publish {
            publication: publication.clone(),
            mode: PublishMode::Apply(Box::new(found.clone())),
        }
    }

    /// A cluster with one client, its key and UID.
    fn one_client() -> (MemoryCluster, ClientKey, Uid) {
        let cluster = MemoryCluster::new();
        cluster.create_namespace("payments", &[("team", "payments")]);
        let key = cluster.subject("payments", "billing").client;
        let uid = cluster.create_client(&key, spec());
        (cluster, key, uid)
    }

    #[tokio::test]
    async fn a_secret_is_changed_only_as_it_was_seen() {
        let (cluster, key, uid) = one_client();
        let first = publication(&uid, "one");
        let found = cluster.publish(&key, &create(&first)).await.unwrap().unwrap();
        assert!(found.holds(&first));
        assert_eq!(cluster.publish(&key, &create(&first)).await, Err(Refusal::Stale));

        let second = publication(&uid, "two");
        let changed = cluster
            .publish(&key, &apply(&second, &found))
            .await
            .unwrap()
            .unwrap();
        assert!(changed.holds(&second) && changed.uid == found.uid && changed.version != found.version);
        assert_eq!(
            cluster.publish(&key, &apply(&first, &found)).await,
            Err(Refusal::Stale)
        );
        let again = cluster
            .publish(&key, &apply(&second, &changed))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(again, changed, "nothing changed, so neither did the version");
        assert_eq!(cluster.written(WriteKind::Secret), 2);
    }

    #[tokio::test]
    async fn a_lost_answer_is_a_write_that_was_done() {
        let (cluster, key, uid) = one_client();
        cluster.next(WriteKind::Secret, Mishap::Lost);
        let wanted = publication(&uid, "one");
        let answer = cluster.publish(&key, &create(&wanted)).await;
        assert!(matches!(answer, Err(Refusal::Unavailable(_))));
        let found = cluster.secret("payments", "billing").await.unwrap().unwrap();
        assert!(found.holds(&wanted));
    }

    #[tokio::test]
    async fn a_dry_run_changes_nothing_and_finds_what_stands_in_the_way() {
        let (cluster, key, uid) = one_client();
        let rehearsal = Publish {
            publication: publication(&uid, "one"),
            mode: PublishMode::Rehearse(None),
        };
        let before = cluster.world().clone();
        assert_eq!(cluster.publish(&key, &rehearsal).await, Ok(None));
        let mut after = cluster.world().clone();
        after.journal.clear();
        assert_eq!(after, before);

        cluster.terminate_namespace("payments");
        assert_eq!(
            cluster.publish(&key, &rehearsal).await,
            Err(Refusal::NamespaceTerminating)
        );
    }

    #[tokio::test]
    async fn the_garbage_collector_takes_what_only_the_client_owned() {
        let (cluster, key, uid) = one_client();
        let wanted = publication(&uid, "one");
        cluster.publish(&key, &create(&wanted)).await.unwrap();
        cluster.put_foreign_secret("payments", "foreign", &[]);
        cluster.delete_client(&key);
        assert!(matches!(
            cluster.presence(&key, &uid).await,
            ClientView::Gone { .. }
        ));
        cluster.collect_garbage();
        assert_eq!(cluster.found_secret("payments", "billing"), None);
        assert!(cluster.found_secret("payments", "foreign").is_some());
    }

    #[tokio::test]
    async fn a_missing_crd_is_no_evidence() {
        let (cluster, key, uid) = one_client();
        cluster.remove_crd();
        assert!(cluster.client(&key).await.is_err());
        assert!(matches!(
            cluster.presence(&key, &uid).await,
            ClientView::Unknown(_)
        ));
    }

    #[tokio::test]
    async fn a_copy_goes_its_own_way() {
        let (cluster, key, _) = one_client();
        let copy = cluster.clone();
        copy.delete_client(&key);
        assert!(cluster.client(&key).await.unwrap().is_some());
    }
}
