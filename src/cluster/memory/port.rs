//! The port on the cluster in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::hands::no_right;
use super::{Effect, MemoryCluster, Told, WriteKind};
use crate::cluster::{Cluster, LedgerRead, Unread};
use crate::model::{
    ClientKey, ClientObject, ClientView, FoundSecret, Happening, LedgerEntry, Publish, PublishMode, Record,
    Refusal, Status, Subject, Uid, Unreadable, Version,
};

#[async_trait]
impl Cluster for MemoryCluster {
    async fn client(&self, key: &ClientKey) -> Result<Option<ClientObject>, Unread> {
        let world = self.readable()?;
        if world.crd.is_none() {
            return Err(Unread::new(
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
            .ok_or_else(|| Unread::new("the CRD is not served".to_owned()))
    }

    async fn presence(&self, key: &ClientKey, owner: &Uid) -> ClientView {
        let world = match self.readable() {
            Ok(world) => world,
            Err(unread) => return ClientView::Unknown(unread.why),
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
        let world = self.shown()?;
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
        if self.shown()?.hidden_in.contains(namespace) {
            return Err(no_right());
        }
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
