//! What a write does, with the API server's preconditions.

use std::collections::BTreeSet;

use super::{Effect, Stored, World};
use crate::api::SECRET_TYPE_PUBLISHED;
use crate::model::{FoundSecret, LedgerEntry, Publication, Refusal, Subject, Uid, Version};

impl World {
    fn next_number(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    pub(super) fn uid(&mut self) -> Uid {
        Uid(format!("uid-{}", self.next_number()))
    }

    pub(super) fn version(&mut self) -> Version {
        Version(self.next_number().to_string())
    }

    pub(super) fn write_entry(
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
    pub(super) fn published(
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
                not_text: BTreeSet::new(),
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
