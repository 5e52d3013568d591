//! What a test does to the cluster, and what it sees there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use super::{Crd, Effect, MemoryCluster, Mishap, Namespace, Stored, World, Write, WriteKind};
use crate::api::{LABEL_SERVER_CREDENTIALS, LABEL_TRUE, OAuthClientSpec};
use crate::cluster::Unread;
use crate::model::{
    ClientKey, ClientObject, Closed, FoundSecret, LedgerEntry, NamespaceView, Refusal, Status, Subject, Uid,
};

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

    /// A copy of what can be read, without what was asked for and told so far.
    #[must_use]
    pub fn as_shown(&self) -> Self {
        let world = self.world();
        Self(Mutex::new(World {
            counter: world.counter,
            crd: world.crd.clone(),
            namespaces: world.namespaces.clone(),
            clients: world.clients.clone(),
            ledger: world.ledger.clone(),
            secrets: world.secrets.clone(),
            ..World::default()
        }))
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
            closed: None,
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

    /// Gives the operator a reason to leave a namespace alone, or none.
    pub fn close_namespace(&self, name: &str, why: Option<Closed>) {
        self.world().namespaces.get_mut(name).unwrap().closed = why;
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
                terminating: true,
                ..NamespaceView::default()
            },
            |found| NamespaceView {
                labels: found.labels.clone(),
                terminating: found.terminating,
                closed: found.closed.clone(),
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
            not_text: BTreeSet::new(),
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

    /// Somebody puts a secret of their own where an OAuthClient may refer to it.
    pub fn give_secret(&self, namespace: &str, name: &str, key: &str, value: &str) {
        self.put_foreign_secret(namespace, name, &[(key, value)]);
        self.edit_secret(namespace, name, |secret| {
            let labels = &mut secret.labels;
            labels.insert(LABEL_SERVER_CREDENTIALS.to_owned(), LABEL_TRUE.to_owned());
        });
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

    /// The operator has no right to read Secrets, until it has again.
    pub fn hide_secrets(&self, hidden: bool) {
        self.world().hidden = hidden;
    }

    /// The same for the Secrets of one namespace.
    pub fn hide_secrets_of(&self, namespace: &str, hidden: bool) {
        let hidden_in = &mut self.world().hidden_in;
        if hidden {
            hidden_in.insert(namespace.to_owned());
        } else {
            hidden_in.remove(namespace);
        }
    }

    /// How many writes of a kind took effect.
    pub fn written(&self, kind: WriteKind) -> usize {
        self.world()
            .journal
            .iter()
            .filter(|write| write.kind == kind && write.effect == Effect::Done)
            .count()
    }

    pub(super) fn write<T>(
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

    /// The same for Secrets.
    pub(super) fn shown(&self) -> Result<MutexGuard<'_, World>, Unread> {
        let world = self.readable()?;
        if world.hidden {
            return Err(no_right());
        }
        Ok(world)
    }

    pub(super) fn readable(&self) -> Result<MutexGuard<'_, World>, Unread> {
        let world = self.world();
        match &world.unreadable {
            Some(why) => Err(Unread::new(why.clone())),
            None => Ok(world),
        }
    }
}

pub(super) fn no_right() -> Unread {
    Unread {
        why: "secrets is forbidden (403)".to_owned(),
        denied: true,
    }
}
