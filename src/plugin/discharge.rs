//! `discharge`: an admin says that nothing more is to be done about clients at a server, and the operator forgets them.
//!
//! Only what is in the record changes. What is at the server stays there, which is why it is shown and asked for.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::args;
use super::console::Console;
use super::ledger::{Book, Kept, Ledger, refused};
use super::owed::{self, Owed};
use super::reach::Reach;
use super::table::count;
use super::{installation, servers};
use crate::cluster::{ApiServer, LedgerRead};
use crate::model::{ClientKey, LedgerEntry, Obligation, Refusal, ServerKey};

/// So often a record that changes all the time is read again.
const TRIES: u32 = 5;

/// Which obligations are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Those that the operator has no way to end.
    Unmanageable,
    /// All of them: their server is gone for good.
    All,
}

impl Extent {
    fn covers(self, owed: &Obligation) -> bool {
        self == Self::All || owed.is_unmanageable()
    }
}

/// One record, and what is to be forgotten of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The record, as it was shown.
    pub kept: Kept,
    /// Which of its obligations.
    pub extent: Extent,
}

impl Target {
    /// The records of a client with something to forget. There is one for each life of its namespace.
    pub fn among(records: &[Kept], client: &ClientKey, extent: Extent) -> Vec<Self> {
        let theirs = records.iter().filter(|kept| kept.entry.client() == client);
        theirs
            .filter(|kept| kept.entry.obligations.iter().any(|owed| extent.covers(owed)))
            .map(|kept| Self {
                kept: kept.clone(),
                extent,
            })
            .collect()
    }

    /// What is forgotten.
    pub fn forgotten(&self) -> impl Iterator<Item = &Obligation> {
        let owed = self.kept.entry.obligations.iter();
        owed.filter(|owed| self.extent.covers(owed))
    }

    /// The record without it.
    fn discharged(&self) -> LedgerEntry {
        let mut entry = self.kept.entry.clone();
        entry.obligations.retain(|owed| !self.extent.covers(owed));
        entry
    }

    /// The same for the record as it is by now, if nothing is forgotten then that was not shown. That a removal was tried
    /// once more, or put off, is no difference.
    fn again(&self, kept: Kept) -> Option<Self> {
        let now = Self {
            kept,
            extent: self.extent,
        };
        let shown = |owed: &Obligation| self.forgotten().any(|shown| is_same(shown, owed));
        let all_shown = now.forgotten().all(shown);
        all_shown.then_some(now)
    }
}

fn is_same(one: &Obligation, other: &Obligation) -> bool {
    one.handle == other.handle && one.lost == other.lost && one.described() == other.described()
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discharged {
    /// So many are forgotten now.
    Done(usize),
    /// There is nothing to forget any more.
    NothingLeft,
    /// Something else is owed by now: nothing was done.
    Changed,
    /// It could not be done.
    Failed(String),
}

/// Shows what is to be forgotten, asks, and has it forgotten.
pub async fn run(
    reach: &Reach,
    arguments: &args::Discharge,
    console: &mut dyn Console,
) -> anyhow::Result<()> {
    let client = client(reach, arguments)?;
    let extent = if arguments.all {
        Extent::All
    } else {
        Extent::Unmanageable
    };
    let ledger = Ledger::new(&reach.api, &arguments.home.operator_namespace);
    let book = ledger.all().await?;
    let targets = Target::among(&book.kept, &client, extent);
    if targets.is_empty() {
        console.say(&nothing_to_do(&book, &client))?;
        return Ok(());
    }
    if let Ok(here) = installation::cluster_id_in(&reach.api, ledger.namespace()).await
        && let Some(other) = targets.iter().find(|target| target.kept.entry.cluster_id != here)
    {
        anyhow::bail!(
            "the record of {client} was written in cluster {0}: adopt it first (kubectl oauthclient adopt-ledger --from {0}), \
             or delete Secret {1} if it is not wanted",
            other.kept.entry.cluster_id,
            other.kept.secret
        );
    }
    if extent == Extent::All {
        all_gone(&reach.api, &targets).await?;
    }
    console.say(&shown(&targets, Timestamp::now()))?;
    if !arguments.yes && !console.confirms("Shall the operator forget this?")? {
        anyhow::bail!("nothing was done");
    }
    for target in targets {
        match carry_out(&ledger, target).await {
            Discharged::Done(number) => console.say(&format!(
                "{} of {client} discharged. The operator looks at the record within seconds, and removes it where its \
                 OAuthClient is gone and nothing else is owed.",
                count(number, "client")
            ))?,
            Discharged::NothingLeft => console.say("Nothing is left to be discharged.")?,
            Discharged::Changed => {
                anyhow::bail!("something else is owed by now, so nothing was done: run this again and look")
            }
            Discharged::Failed(why) => anyhow::bail!("the record of {client} was not changed: {why}"),
        }
    }
    Ok(())
}

/// Has it forgotten. Where the operator changed the record meanwhile, that is done over, unless something is meant now that
/// was not shown.
pub async fn carry_out(ledger: &Ledger, mut target: Target) -> Discharged {
    for _ in 0..TRIES {
        let written = ledger
            .write(&target.discharged(), Some(&target.kept.version))
            .await;
        match written {
            Ok(()) => return Discharged::Done(target.forgotten().count()),
            Err(Refusal::Stale) => {}
            Err(refusal) => return Discharged::Failed(refused(&refusal)),
        }
        let kept = match ledger.of(&target.kept.entry.subject).await {
            Ok(LedgerRead::Held(entry, version)) => Kept {
                entry: *entry,
                version,
                ..target.kept.clone()
            },
            Ok(LedgerRead::Absent) => return Discharged::NothingLeft,
            Ok(LedgerRead::Unreadable(why)) => return Discharged::Failed(why.to_string()),
            Err(unread) => return Discharged::Failed(unread.why),
        };
        match target.again(kept) {
            Some(again) if again.forgotten().next().is_none() => return Discharged::NothingLeft,
            Some(again) => target = again,
            None => return Discharged::Changed,
        }
    }
    Discharged::Failed(refused(&Refusal::Stale))
}

fn client(reach: &Reach, arguments: &args::Discharge) -> anyhow::Result<ClientKey> {
    let (namespace, name) = match arguments.client.split_once('/') {
        Some((namespace, name)) => (namespace.to_owned(), name),
        None => (
            reach.namespace_or(arguments.namespace.as_ref()),
            arguments.client.as_str(),
        ),
    };
    let contradicts = |named: &String| arguments.client.contains('/') && *named != namespace;
    if name.is_empty()
        || namespace.is_empty()
        || name.contains('/')
        || arguments.namespace.as_ref().is_some_and(contradicts)
    {
        anyhow::bail!("name one OAuthClient: NAMESPACE/NAME, or NAME with --namespace");
    }
    Ok(ClientKey {
        namespace,
        name: name.to_owned(),
    })
}

fn nothing_to_do(book: &Book, client: &ClientKey) -> String {
    let theirs: Vec<&Kept> = book
        .kept
        .iter()
        .filter(|kept| kept.entry.client() == client)
        .collect();
    let owed: usize = theirs.iter().map(|kept| kept.entry.obligations.len()).sum();
    let unread = match book.unusable.len() {
        0 => String::new(),
        number => format!(
            " {} cannot be read: kubectl oauthclient doctor says which.",
            count(number, "record")
        ),
    };
    match (theirs.len(), owed) {
        (0, _) => format!("There is no record of {client}, so nothing is to be discharged.{unread}"),
        (_, 0) => format!("Nothing is owed for {client}, so nothing is to be discharged."),
        (_, owed) => format!(
            "Nothing is to be discharged: the operator can remove the {} of {client} itself (kubectl oauthclient pending says \
             when). If their server is gone for good, delete its object and say --all.",
            count(owed, "client")
        ),
    }
}

/// Everything may be forgotten only where nothing can be removed any more.
async fn all_gone(api: &ApiServer, targets: &[Target]) -> anyhow::Result<()> {
    let servers: BTreeSet<&ServerKey> = targets.iter().map(|target| &target.kept.entry.server).collect();
    for server in servers {
        match servers::status(api, server).await {
            Ok(None) => {}
            Ok(Some(_)) => anyhow::bail!(
                "{server} is there, so the operator removes what is owed: leave --all out. If the server behind it is gone for \
                 good, delete {server} first"
            ),
            Err(unread) => anyhow::bail!("whether {server} is gone is not known: {unread}"),
        }
    }
    Ok(())
}

/// What is forgotten, and what that means.
fn shown(targets: &[Target], now: Timestamp) -> String {
    let mut owed = Vec::new();
    let mut servers = BTreeSet::new();
    let mut kept_back = 0;
    for target in targets {
        kept_back += target.discharged().obligations.len();
        servers.insert(target.kept.entry.server.to_string());
        let only = Kept {
            entry: LedgerEntry {
                obligations: target.forgotten().cloned().collect(),
                ..target.kept.entry.clone()
            },
            ..target.kept.clone()
        };
        owed.extend(Owed::by(&only, None, now));
    }
    let servers: Vec<String> = servers.into_iter().collect();
    let mut text = owed::table(&owed, now);
    text += &format!(
        "\nThe operator forgets {}, and nothing is changed at {}: whatever is there stays registered, and its credential goes \
         on working, until somebody removes it there. Afterwards nothing in this cluster tells of it, so note the client ids.\n",
        count(owed.len(), "client"),
        servers.join(" and ")
    );
    if kept_back > 0 {
        text += &format!(
            "The operator goes on removing the other {}.\n",
            count(kept_back, "client")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;
    use crate::plugin::testing::{book, kept, now, obligation, out_of_reach, owing, possible_orphan};

    fn billing() -> ClientKey {
        testing::subject().client
    }

    fn target(obligations: Vec<Obligation>, extent: Extent) -> Target {
        let entry = LedgerEntry {
            obligations,
            ..testing::settled_entry()
        };
        Target {
            kept: kept(entry),
            extent,
        }
    }

    #[test]
    fn only_what_cannot_end_by_itself_is_forgotten() {
        let records = [kept(owing())];
        let found = Target::among(&records, &billing(), Extent::Unmanageable);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].forgotten().count(), 2);
        let left = found[0].discharged();
        assert_eq!(left.obligations, owing().obligations[..2]);
        assert_eq!(
            LedgerEntry {
                obligations: owing().obligations,
                ..left
            },
            owing(),
            "nothing else changes"
        );
        let all = Target::among(&records, &billing(), Extent::All);
        assert_eq!(all[0].discharged().obligations, []);
    }

    #[test]
    fn what_was_not_shown_is_not_forgotten() {
        let shown = target(vec![out_of_reach(1)], Extent::Unmanageable);
        let now = |obligations: Vec<Obligation>| kept(target(obligations, Extent::All).kept.entry);
        assert!(shown.again(now(vec![out_of_reach(1), obligation(2)])).is_some());
        assert!(shown.again(now(vec![])).is_some());
        assert!(shown.again(now(vec![out_of_reach(1), out_of_reach(2)])).is_none());
        assert!(shown.again(now(vec![possible_orphan(1)])).is_none());

        let shown = target(vec![obligation(1)], Extent::All);
        let later = Obligation {
            not_before: testing::at(9_000),
            ..obligation(1)
        };
        assert!(shown.again(now(vec![later])).is_some(), "only put off");
        assert!(shown.again(now(vec![obligation(1), obligation(2)])).is_none());
    }

    #[test]
    fn what_is_forgotten_and_what_stays_is_said() {
        let some = Target::among(&[kept(owing())], &billing(), Extent::Unmanageable);
        insta::assert_snapshot!("unmanageable", shown(&some, now()));
        let all = Target::among(&[kept(owing())], &billing(), Extent::All);
        insta::assert_snapshot!("all", shown(&all, now()));
        assert!(!shown(&all, now()).contains("canary"));
    }

    #[test]
    fn why_there_is_nothing_to_do_is_said() {
        let manageable = target(vec![obligation(1)], Extent::All).kept.entry;
        let cases = [
            (vec![], "no record"),
            (vec![testing::settled_entry()], "Nothing is owed"),
            (vec![manageable], "say --all"),
        ];
        for (records, expected) in cases {
            let said = nothing_to_do(&book(records), &billing());
            assert!(said.contains(expected), "{said}");
        }
    }
}
