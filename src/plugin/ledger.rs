//! The operator's records, all of them, read and written with the rights of whoever calls, and by the operator's code.

use std::collections::BTreeMap;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};

use crate::api::SECRET_TYPE_LEDGER_ENTRY;
use crate::cluster::{ApiServer, Cluster as _, KubeCluster, LedgerRead, Unread, secrets};
use crate::model::{ClusterId, LedgerEntry, Record, Refusal, Subject, Uid, Unreadable, Version};

/// Where the records are.
pub struct Ledger {
    api: ApiServer,
    namespace: String,
    port: KubeCluster,
}

/// A record that can be read, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The name of its Secret.
    pub secret: String,
    /// What it says.
    pub entry: LedgerEntry,
    /// Which version this is.
    pub version: Version,
}

/// A record that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The name of its Secret.
    pub secret: String,
    /// Why.
    pub why: Unreadable,
}

/// All records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    /// Those that can be read, by namespace, name and UID of the namespace.
    pub kept: Vec<Kept>,
    /// Those that cannot, by name.
    pub unusable: Vec<Unusable>,
}

impl Book {
    /// The records in these Secrets.
    pub fn of(secrets: impl IntoIterator<Item = Secret>) -> Self {
        let mut book = Self::default();
        for secret in secrets {
            let name = secret.name_any();
            match secrets::decoded(&secret) {
                Ok((entry, version)) if entry.subject.entry_name() == name => book.kept.push(Kept {
                    secret: name,
                    entry,
                    version,
                }),
                Ok((entry, _)) => book.unusable.push(Unusable {
                    secret: name,
                    why: Unreadable::Malformed(format!(
                        "it is about {}, whose record has another name",
                        entry.subject
                    )),
                }),
                Err(why) => book.unusable.push(Unusable { secret: name, why }),
            }
        }
        book.kept
            .sort_by(|one, other| one.entry.subject.cmp(&other.entry.subject));
        book.unusable.sort_by(|one, other| one.secret.cmp(&other.secret));
        book
    }

    /// The record of a subject.
    pub fn of_subject(&self, subject: &Subject) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.entry.subject == *subject)
    }

    /// How many records each other cluster has here.
    pub fn foreign(&self, here: &ClusterId) -> BTreeMap<&ClusterId, usize> {
        let mut counts = BTreeMap::new();
        for kept in &self.kept {
            if kept.entry.cluster_id != *here {
                *counts.entry(&kept.entry.cluster_id).or_default() += 1;
            }
        }
        counts
    }
}

impl Ledger {
    /// The records in this namespace.
    pub fn new(api: &ApiServer, namespace: &str) -> Self {
        Self {
            api: api.clone(),
            namespace: namespace.to_owned(),
            // The plugin sends no Events, so nobody reads who their reporter would be.
            port: KubeCluster::new(api.clone(), namespace, "kubectl-oauthclient"),
        }
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// All records.
    pub async fn all(&self) -> anyhow::Result<Book> {
        let secrets: Api<Secret> = Api::namespaced(self.api.client(), &self.namespace);
        let of_type = ListParams::default().fields(&format!("type={SECRET_TYPE_LEDGER_ENTRY}"));
        let found = self.api.call(|| secrets.list(&of_type)).await;
        let found = found
            .map_err(|failure| anyhow::anyhow!("{failure}"))
            .with_context(|| {
                format!(
                    "the records of clients cannot be read (the right to list Secrets in namespace {} is needed; \
                     --operator-namespace names another one)",
                    self.namespace
                )
            })?;
        Ok(Book::of(found))
    }

    /// The record of one subject.
    pub async fn of(&self, subject: &Subject) -> Result<LedgerRead, Unread> {
        self.port.ledger(subject).await
    }

    /// The UID of a namespace, if there is one.
    pub async fn namespace_uid(&self, name: &str) -> Result<Option<Uid>, Unread> {
        self.port.namespace_uid(name).await
    }

    /// Writes a record: a new one, or exactly over the version that is named.
    pub async fn write(&self, entry: &LedgerEntry, replaces: Option<&Version>) -> Result<(), Refusal> {
        let record = Record::Write {
            entry: Box::new(entry.clone()),
            replaces: replaces.cloned(),
            call: None,
        };
        self.port.record(&entry.subject, &record).await.map(drop)
    }

    /// Removes exactly this version of a record.
    pub async fn remove(&self, subject: &Subject, version: &Version) -> Result<(), Refusal> {
        let record = Record::Remove {
            version: version.clone(),
        };
        self.port.record(subject, &record).await.map(drop)
    }
}

/// Why a record could not be written or removed, for a person.
pub fn refused(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Stale => "it was changed by somebody else in this moment; run this again".to_owned(),
        Refusal::Denied(why) => {
            format!(
                "{why}; the rights to create, update and delete Secrets in the operator's namespace are needed"
            )
        }
        Refusal::NamespaceTerminating => "the operator's namespace is not there, or being deleted".to_owned(),
        Refusal::Unavailable(why) => format!("{why}; whether it was done is not known: run this again"),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;

    use super::*;
    use crate::api::LEDGER_KEY;
    use crate::model::testing;

    fn secret(name: &str, text: &str) -> Secret {
        let mut secret = Secret {
            type_: Some(SECRET_TYPE_LEDGER_ENTRY.to_owned()),
            data: Some([(LEDGER_KEY.to_owned(), ByteString(text.as_bytes().to_vec()))].into()),
            ..Secret::default()
        };
        secret.metadata.name = Some(name.to_owned());
        secret.metadata.resource_version = Some("7".to_owned());
        secret
    }

    #[test]
    fn what_is_no_record_is_told_apart_and_never_dropped() {
        let entry = testing::settled_entry();
        let text = entry.encode().unwrap();
        let right = entry.subject.entry_name();
        let book = Book::of([
            secret("newer", r#"{"schema":99,"entry":{}}"#),
            secret("client-elsewhere", text.expose()),
            secret(&right, text.expose()),
        ]);
        assert_eq!(book.kept.len(), 1);
        assert_eq!((&book.kept[0].secret, &book.kept[0].entry), (&right, &entry));
        let told: Vec<_> = book
            .unusable
            .iter()
            .map(|unusable| (unusable.secret.as_str(), unusable.why.to_string()))
            .collect();
        assert_eq!(told[0].0, "client-elsewhere");
        assert!(told[0].1.contains("payments/billing"), "{told:?}");
        assert_eq!(told[1].0, "newer");
        assert!(told[1].1.contains("schema 99"), "{told:?}");
        assert_eq!(book.foreign(&"cluster-1".into()).len(), 0);
        assert_eq!(book.foreign(&"other".into()).values().sum::<usize>(), 1);
    }
}
