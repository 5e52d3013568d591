//! What becomes of each record of the other cluster. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::model::{ClientKey, ClusterId, Handle, LedgerEntry, Subject, Uid};
use crate::plugin::ledger::{Book, Kept};
use crate::plugin::table::{Table, count};

/// A namespace as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Its UID.
    pub uid: Uid,
    /// It is being deleted.
    pub terminating: bool,
}

/// This cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// Its id.
    pub cluster_id: ClusterId,
    /// UID of its definition of OAuthClient, where that is there.
    pub crd_uid: Option<Uid>,
    /// Its namespaces, by name.
    pub namespaces: BTreeMap<String, Life>,
}

/// One record that is adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The record of the other cluster.
    pub old: Kept,
    /// The record as it is to be.
    pub entry: LedgerEntry,
    /// What is to be done.
    pub how: How,
    /// Whether the definition of OAuthClient is the one that the record knows. Then this is the same cluster, restored or
    /// with another id, and an OAuthClient that is not there was deleted.
    pub same_definition: bool,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The record is written over, under the name that it has.
    InPlace,
    /// The record is written under the name that it has here, then the old one is removed.
    UnderAnotherName,
    /// An earlier run has written the new record already: the old one is removed.
    OldOneOnly,
}

/// One record that is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The record.
    pub old: Kept,
    /// Why.
    pub why: Why,
}

/// Why a record is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its namespace is not there.
    NoNamespace,
    /// Its namespace is being deleted.
    NamespaceGoing,
    /// This cluster has another record of that client.
    AnotherRecord,
    /// Another record of this cluster answers for a client at the server that this one answers for too.
    SharedClient,
    /// It was adopted before, and the record here has gone on since: what this one tells may be more, or out of date.
    GoneOn,
    /// There are several of one client, from several lives of its namespace.
    OneOfSeveral,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoNamespace => "its namespace is not there. Make it, and run this again",
            Self::NamespaceGoing => "its namespace is being deleted",
            Self::AnotherRecord => {
                "this cluster has another record of that client, mostly as it was registered anew. To have the old registration \
                 back: delete the OAuthClient, wait until its record is gone, run this again, apply it again. Else remove the \
                 old client at the server by hand, then this Secret"
            }
            Self::SharedClient => {
                "another record of this cluster has the same client at the server, which belongs to one only. Delete the Secret of \
                 the one that is wrong, and run this again"
            }
            Self::GoneOn => {
                "it was adopted before, and the record here has gone on. Compare what the server has with kubectl oauthclient \
                 status, then delete this Secret"
            }
            Self::OneOfSeveral => {
                "another record of that client is as likely the right one. Delete the Secret of the one that is not, and run \
                 this again"
            }
        })
    }
}

/// What becomes of the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// From this cluster.
    pub from: ClusterId,
    /// To this one.
    pub here: Here,
    /// Those that are adopted.
    pub adoptions: Vec<Adoption>,
    /// Those that are left.
    pub left: Vec<Left>,
}

impl Plan {
    /// Decides for each record of the cluster `from`.
    pub fn new(book: &Book, from: &ClusterId, here: &Here) -> Self {
        let mut plan = Self {
            from: from.clone(),
            here: here.clone(),
            adoptions: Vec::new(),
            left: Vec::new(),
        };
        let taken = Taken::by(book, &here.cluster_id);
        let mut by_subject: BTreeMap<Subject, Vec<&Kept>> = BTreeMap::new();
        for old in book.kept.iter().filter(|kept| kept.entry.cluster_id == *from) {
            if here.crd_uid.as_ref() == Some(&old.entry.crd_uid) {
                plan.adopt_or_leave(old, &old.entry.subject, taken.unless(old, How::InPlace));
                continue;
            }
            match here.namespaces.get(&old.entry.client().namespace) {
                None => plan.leave(old, Why::NoNamespace),
                Some(life) if life.terminating => plan.leave(old, Why::NamespaceGoing),
                Some(life) => {
                    let client = old.entry.client().clone();
                    let namespace_uid = life.uid.clone();
                    let subject = Subject {
                        client,
                        namespace_uid,
                    };
                    by_subject.entry(subject).or_default().push(old);
                }
            }
        }
        for (subject, olds) in by_subject {
            let chosen = the_one(&olds);
            for old in olds {
                if chosen != Some(old) {
                    plan.leave(old, Why::OneOfSeveral);
                    continue;
                }
                let how = how(book, &subject, old, &here.cluster_id).and_then(|how| taken.unless(old, how));
                plan.adopt_or_leave(old, &subject, how);
            }
        }
        plan
    }

    /// Whether there is no such record.
    pub fn is_empty(&self) -> bool {
        self.adoptions.is_empty() && self.left.is_empty()
    }

    fn leave(&mut self, old: &Kept, why: Why) {
        let old = old.clone();
        self.left.push(Left { old, why });
    }

    fn adopt_or_leave(&mut self, old: &Kept, subject: &Subject, how: Result<How, Why>) {
        let how = match how {
            Ok(how) => how,
            Err(why) => return self.leave(old, why),
        };
        self.adoptions.push(Adoption {
            old: old.clone(),
            entry: adopted(&old.entry, subject, &self.here.cluster_id),
            how,
            same_definition: self.here.crd_uid.as_ref() == Some(&old.entry.crd_uid),
        });
    }

    /// What a person sees before it is done. `clients`: the OAuthClients that are there.
    pub fn shown(&self, clients: &BTreeSet<ClientKey>) -> String {
        let mut text = String::new();
        if !self.adoptions.is_empty() {
            text += &format!(
                "To be adopted by this cluster, {}: {} of cluster {}.\n\n{}\n",
                self.here.cluster_id,
                count(self.adoptions.len(), "record"),
                self.from,
                self.adoption_table(clients)
            );
            text += "No server is called and no credential changes. But from then on the operator here manages these clients. If \
                     the operator of the other cluster runs, or ever runs again, both change and remove the same clients: stop it \
                     for good first.\n";
        }
        if !self.left.is_empty() {
            let mut table = Table::new(["CLIENT", "SERVER", "SECRET", "WHY"]);
            for left in &self.left {
                table.add([
                    left.old.entry.client().to_string(),
                    left.old.entry.server.name.clone(),
                    left.old.secret.clone(),
                    left.why.to_string(),
                ]);
            }
            text += &format!(
                "\nTo be left as they are: {}.\n\n{table}",
                count(self.left.len(), "record")
            );
        }
        text
    }

    fn adoption_table(&self, clients: &BTreeSet<ClientKey>) -> Table {
        let mut table = Table::new(["CLIENT", "SERVER", "CLIENT-ID", "OWED", "RECORD", "THEN"]);
        for adoption in &self.adoptions {
            let entry = &adoption.entry;
            let registration = entry.current.as_ref();
            let record = match adoption.how {
                How::InPlace => "rewritten",
                How::UnderAnotherName => "moved",
                How::OldOneOnly => "adopted already; the old one goes",
            };
            let then = match (clients.contains(entry.client()), adoption.same_definition) {
                (true, _) => "its OAuthClient goes on with it",
                (false, false) => "kept until its OAuthClient is applied; nothing is removed",
                (false, true) => "its OAuthClient was deleted: the client is removed at the server",
            };
            table.add([
                entry.client().to_string(),
                entry.server.name.clone(),
                registration.map_or_else(String::new, |current| current.credential.client_id.clone()),
                entry.obligations.len().to_string(),
                record.to_owned(),
                then.to_owned(),
            ]);
        }
        table
    }
}

/// The clients at servers that this cluster's records answer for: a client belongs to one record only.
struct Taken<'a>(BTreeSet<(&'a str, &'a Handle)>);

impl<'a> Taken<'a> {
    fn by(book: &'a Book, here: &ClusterId) -> Self {
        let ours = book.kept.iter().filter(|kept| kept.entry.cluster_id == *here);
        Self(ours.flat_map(|kept| clients_of(&kept.entry)).collect())
    }

    fn unless(&self, old: &Kept, how: How) -> Result<How, Why> {
        // There the record that has them is the one that was adopted.
        let its_own = how == How::OldOneOnly;
        let shared = !its_own && clients_of(&old.entry).any(|client| self.0.contains(&client));
        if shared { Err(Why::SharedClient) } else { Ok(how) }
    }
}

fn clients_of(entry: &LedgerEntry) -> impl Iterator<Item = (&str, &Handle)> {
    let server = entry.server_fingerprint.as_str();
    entry.handles().map(move |handle| (server, handle))
}

/// How a record gets the name that it has here, or why it cannot.
fn how(book: &Book, subject: &Subject, old: &Kept, here: &ClusterId) -> Result<How, Why> {
    if old.entry.subject == *subject {
        return Ok(How::InPlace);
    }
    let entry = adopted(&old.entry, subject, here);
    match book.of_subject(subject).map(|there| &there.entry) {
        None => Ok(How::UnderAnotherName),
        Some(there) if !is_same_record(there, &entry) => Err(Why::AnotherRecord),
        Some(there) if covers(there, &entry) => Ok(How::OldOneOnly),
        Some(_) => Err(Why::GoneOn),
    }
}

/// The record as this cluster has it.
pub(super) fn adopted(old: &LedgerEntry, subject: &Subject, here: &ClusterId) -> LedgerEntry {
    LedgerEntry {
        cluster_id: here.clone(),
        subject: subject.clone(),
        ..old.clone()
    }
}

/// Of several records of one client, the one that has a registration in use. The others are what earlier lives of its
/// namespace have left.
fn the_one<'a>(olds: &[&'a Kept]) -> Option<&'a Kept> {
    if let [only] = olds {
        return Some(only);
    }
    let mut in_use = olds.iter().filter(|old| old.entry.current.is_some());
    let first = in_use.next()?;
    in_use.next().is_none().then_some(*first)
}

/// Whether one comes of the other: the publication id is random and stays for the record's whole life.
fn is_same_record(there: &LedgerEntry, entry: &LedgerEntry) -> bool {
    there.cluster_id == entry.cluster_id && there.publication_id == entry.publication_id
}

/// Whether a record knows every client at the server that the other one knows, so that nothing is lost with the other one.
fn covers(there: &LedgerEntry, entry: &LedgerEntry) -> bool {
    let known: BTreeSet<&Handle> = there.handles().collect();
    there.next_number >= entry.next_number
        && entry.handles().all(|handle| known.contains(handle))
        && (entry.intent.is_none() || entry.intent == there.intent)
}
