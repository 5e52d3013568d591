//! `pending`: what the operator still has to remove at authorization servers.

use jiff::Timestamp;

use super::args::{self, Format};
use super::console::Console;
use super::installation;
use super::ledger::{Book, Ledger};
use super::owed::{self, Owed, OwedState};
use super::reach::Reach;
use super::table::count;
use crate::model::ClusterId;

/// Reads the records, and lists what they owe.
pub async fn run(reach: &Reach, arguments: &args::Pending, console: &mut dyn Console) -> anyhow::Result<()> {
    let namespace = (!arguments.all_namespaces).then(|| reach.namespace_or(arguments.namespace.as_ref()));
    let ledger = Ledger::new(&reach.api, &arguments.home.operator_namespace);
    let book = ledger.all().await?;
    let here = installation::cluster_id_in(&reach.api, ledger.namespace()).await;
    let now = Timestamp::now();
    let owed = list(&book, namespace.as_deref(), here.as_ref().ok(), now);
    match arguments.output.output {
        Some(Format::Json) => console.say(&serde_json::to_string_pretty(&owed)?)?,
        None if owed.is_empty() => {
            let of = namespace.map_or_else(String::new, |namespace| {
                format!(" of OAuthClients in namespace {namespace} (-A looks at all namespaces)")
            });
            console.note(&format!("Nothing{of} is still to be removed."))?;
        }
        None => console.say(&owed::table(&owed, now))?,
    }
    for note in notes(&book, &owed, here.as_ref()) {
        console.note(&note)?;
    }
    Ok(())
}

/// What the clients of a namespace, or of all, owe: the longest due first.
pub fn list(book: &Book, namespace: Option<&str>, here: Option<&ClusterId>, now: Timestamp) -> Vec<Owed> {
    let kept = book
        .kept
        .iter()
        .filter(|kept| namespace.is_none_or(|namespace| kept.entry.client().namespace == namespace));
    let mut owed: Vec<Owed> = kept.flat_map(|kept| Owed::by(kept, here, now)).collect();
    owed.sort_by_key(|owed| owed.not_before);
    owed
}

/// What is to be known beside the list.
fn notes(book: &Book, owed: &[Owed], here: Result<&ClusterId, &String>) -> Vec<String> {
    let mut notes = Vec::new();
    let has = |state| owed.iter().any(|owed| owed.state == state);
    if has(OwedState::Unmanageable) {
        notes.push(
            "Unmanageable: the operator has no way to remove it. Platform team: remove it at the server, then run kubectl \
             oauthclient discharge CLIENT."
                .to_owned(),
        );
    }
    if has(OwedState::OtherCluster) {
        notes.push(
            "Other cluster: nothing is done until the record is adopted. Platform team: kubectl oauthclient doctor says from \
             which."
                .to_owned(),
        );
    }
    if !book.unusable.is_empty() {
        notes.push(format!(
            "{} cannot be used, so what they owe is not listed. Platform team: kubectl oauthclient doctor says which.",
            count(book.unusable.len(), "record")
        ));
    }
    if let Err(why) = here.map(drop)
        && !owed.is_empty()
    {
        notes.push(format!(
            "Whether the records are of this cluster is not known: {why}."
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::testing::{book, now, owing};

    #[test]
    fn what_is_owed_is_listed_with_its_state_and_without_a_credential() {
        let book = book([owing()]);
        let here = ClusterId::from("cluster-1");
        let owed = list(&book, None, Some(&here), now());
        insta::assert_snapshot!("table", owed::table(&owed, now()));
        insta::assert_snapshot!("json", serde_json::to_string_pretty(&owed).unwrap());
        insta::assert_snapshot!("notes", notes(&book, &owed, Ok(&here)).join("\n"));
        let shown = format!("{}{owed:?}", serde_json::to_string(&owed).unwrap());
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn a_namespace_shows_only_its_own() {
        let book = book([owing()]);
        assert_eq!(list(&book, Some("orders"), None, now()).len(), 0);
        assert_eq!(list(&book, Some("payments"), None, now()).len(), 4);
    }

    #[test]
    fn what_another_cluster_recorded_is_held() {
        let owed = list(&book([owing()]), None, Some(&"other".into()), now());
        assert!(owed.iter().all(|owed| owed.state == OwedState::OtherCluster));
    }
}
