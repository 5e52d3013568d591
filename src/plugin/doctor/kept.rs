//! The checks of what the operator keeps and serves: records, servers, credentials, clients. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt as _;
use kube::core::DeserializeGuard;

use super::finding::{Answer, Finding};
use crate::api::{
    ClientCondition, ClientReason, LABEL_SERVER_CREDENTIALS, LABEL_TRUE, OAuthClient, ServerSpec,
};
use crate::model::{ClusterId, SCHEMA, ServerKey};
use crate::plugin::ledger::Book;
use crate::plugin::moves::{Mover, named_in};
use crate::plugin::servers::{ServerSeen, readiness};
use crate::plugin::table::count;
use crate::provider::connect::{NeededKind, secrets_needed};

/// The operator looks at a new object within seconds.
const LOOKED_AT_WITHIN: SignedDuration = SignedDuration::from_mins(1);
/// More names are not listed in one line.
const NAMES: usize = 5;

/// The records can be read, are of this cluster, and owe nothing that nobody can do.
pub(super) fn ledger(answer: &Answer<Book>, here: &Answer<ClusterId>) -> Vec<Finding> {
    const ABOUT: &str = "ledger";
    let book = match answer {
        Ok(book) => book,
        Err(why) => return vec![Finding::not_read(ABOUT, why)],
    };
    let mut found = vec![Finding::good(
        ABOUT,
        format!("{} can be read", count(book.kept.len(), "record")),
    )];
    found.extend(book.unusable.iter().map(|unusable| {
        Finding::wrong(
            ABOUT,
            format!("Secret {} cannot be used: {}", unusable.secret, unusable.why),
            Mover::PlatformTeam,
            format!(
                "nothing is done for its client until then. Run the operator version that wrote it (this one reads schema \
                 {SCHEMA}), or restore it from a backup"
            ),
        )
    }));
    match here {
        Ok(here) => found.extend(book.foreign(here).into_iter().map(|(id, number)| {
            Finding::wrong(
                ABOUT,
                format!("{} written in cluster {id}, which is not this one ({here})", count(number, "record")),
                Mover::PlatformTeam,
                format!(
                    "if that cluster is gone for good: kubectl oauthclient adopt-ledger --from {id}. Else this is a clone, and \
                     nothing is done for them"
                ),
            )
        })),
        Err(why) if !book.kept.is_empty() => found.push(Finding::not_read(
            ABOUT,
            &format!("whether the records are of this cluster: {why}"),
        )),
        Err(_) => {}
    }
    let mut unmanageable: BTreeMap<String, usize> = BTreeMap::new();
    for kept in &book.kept {
        let left = kept
            .entry
            .obligations
            .iter()
            .filter(|owed| owed.is_unmanageable())
            .count();
        if left > 0 {
            *unmanageable.entry(kept.entry.client().to_string()).or_default() += left;
        }
    }
    if !unmanageable.is_empty() {
        let number = unmanageable.values().sum();
        let clients: BTreeSet<String> = unmanageable.into_keys().collect();
        found.push(Finding::wrong(
            ABOUT,
            format!("{} left at servers cannot be removed by the operator", count(number, "client")),
            Mover::PlatformTeam,
            format!(
                "kubectl oauthclient pending -A lists them; remove them there, then kubectl oauthclient discharge {}",
                names(&clients)
            ),
        ));
    }
    found
}

/// The servers are ready.
pub(super) fn servers(answer: &Answer<Vec<ServerSeen>>) -> Vec<Finding> {
    const ABOUT: &str = "servers";
    let servers = match answer {
        Ok(servers) => servers,
        Err(why) => return vec![Finding::not_read(ABOUT, why)],
    };
    let mut ready = 0;
    let mut found = Vec::new();
    for server in servers {
        let named = named(&server.key);
        match &server.content {
            Ok((_, status)) => match readiness(status) {
                (true, ..) => ready += 1,
                // The message says whose move it is.
                (false, reason, message) => {
                    found.push(Finding::told(ABOUT, format!("{named}: {reason}: {message}")));
                }
            },
            Err(why) => found.push(Finding::wrong(
                ABOUT,
                format!("{named} cannot be understood: {why}"),
                Mover::PlatformTeam,
                "mend it, or use the plugin of the operator's version",
            )),
        }
    }
    found.insert(0, Finding::ready(ABOUT, ready, servers.len()));
    found
}

fn named(server: &ServerKey) -> String {
    match &server.namespace {
        Some(namespace) => format!("{} {namespace}/{}", server.kind(), server.name),
        None => server.to_string(),
    }
}

/// A Secret that a server's connection needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CredentialNeeded {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Who needs it.
    server: String,
}

/// The Secrets that the servers need; those of the cluster kind are in the operator's namespace.
pub(super) fn credentials_needed(
    servers: &[ServerSeen],
    operator_namespace: &str,
) -> BTreeSet<CredentialNeeded> {
    let of = |server: &ServerSeen, spec: &ServerSpec| {
        let namespace = server
            .key
            .namespace
            .as_deref()
            .unwrap_or(operator_namespace)
            .to_owned();
        let server = named(&server.key);
        let secrets = secrets_needed(spec)
            .into_iter()
            .filter(|needed| needed.kind == NeededKind::Secret);
        let needed = secrets.map(|needed| CredentialNeeded {
            namespace: namespace.clone(),
            name: needed.name,
            server: server.clone(),
        });
        needed.collect::<Vec<_>>()
    };
    let readable = servers
        .iter()
        .filter_map(|server| Some((server, &server.content.as_ref().ok()?.0)));
    readable.flat_map(|(server, spec)| of(server, spec)).collect()
}

/// A credential is there, and labelled as one that may be used.
pub(super) fn credential(
    needed: &CredentialNeeded,
    answer: &Answer<Option<BTreeMap<String, String>>>,
) -> Finding {
    const ABOUT: &str = "credentials";
    let CredentialNeeded {
        namespace,
        name,
        server,
    } = needed;
    let secret = format!("Secret {namespace}/{name} of {server}");
    match answer {
        Ok(Some(labels))
            if labels
                .get(LABEL_SERVER_CREDENTIALS)
                .is_some_and(|value| value == LABEL_TRUE) =>
        {
            Finding::good(ABOUT, format!("{secret} is there and labelled"))
        }
        Ok(Some(_)) => Finding::wrong(
            ABOUT,
            format!("{secret} lacks the label that allows its use"),
            Mover::PlatformTeam,
            format!("kubectl label secret {name} -n {namespace} {LABEL_SERVER_CREDENTIALS}={LABEL_TRUE}"),
        ),
        Ok(None) => Finding::wrong(
            ABOUT,
            format!("{secret} is not there"),
            Mover::PlatformTeam,
            format!("make it, with the label {LABEL_SERVER_CREDENTIALS}: \"{LABEL_TRUE}\""),
        ),
        Err(why) => Finding::not_read(ABOUT, why),
    }
}

/// Clients that wait for a person, by reason; and those that nobody looks at.
pub(super) fn clients(answer: &Answer<Vec<DeserializeGuard<OAuthClient>>>, now: Timestamp) -> Vec<Finding> {
    const ABOUT: &str = "clients";
    let clients = match answer {
        Ok(clients) => clients,
        Err(why) => return vec![Finding::not_read(ABOUT, why)],
    };
    let mut ready = 0;
    let mut stalled: BTreeMap<String, (BTreeSet<String>, Option<Mover>)> = BTreeMap::new();
    let (mut unseen, mut unreadable) = (BTreeSet::new(), BTreeSet::new());
    for guarded in clients {
        let name = format!(
            "{}/{}",
            guarded.namespace().unwrap_or_default(),
            guarded.name_any()
        );
        let Ok(client) = &guarded.0 else {
            unreadable.insert(name);
            continue;
        };
        let conditions = client.status.iter().flat_map(|status| &status.conditions);
        let find = |type_: ClientCondition| conditions.clone().find(|found| found.type_ == type_.as_str());
        let is_ready = find(ClientCondition::Ready).is_some_and(|found| found.status == "True");
        ready += usize::from(is_ready);
        if let Some(found) = find(ClientCondition::Stalled).filter(|found| found.status == "True") {
            let (names, mover) = stalled.entry(found.reason.clone()).or_default();
            names.insert(name);
            *mover = mover.or_else(|| named_in(&found.message).first().copied());
        } else if find(ClientCondition::Ready)
            .is_none_or(|found| found.reason == ClientReason::Pending.as_str())
            && client
                .creation_timestamp()
                .is_some_and(|created| now.duration_since(created.0) > LOOKED_AT_WITHIN)
        {
            unseen.insert(name);
        }
    }
    let mut found = vec![Finding::ready(ABOUT, ready, clients.len())];
    found.extend(stalled.into_iter().map(|(reason, (names_of, mover))| {
        Finding::wrong(
            ABOUT,
            format!("{} stalled: {reason}: {}", names_of.len(), names(&names_of)),
            mover.unwrap_or(Mover::Person),
            "kubectl oauthclient status NAME -n NAMESPACE says what to do",
        )
    }));
    if !unseen.is_empty() {
        found.push(Finding::wrong(
            ABOUT,
            format!(
                "{} not looked at by any operator: {}",
                unseen.len(),
                names(&unseen)
            ),
            Mover::PlatformTeam,
            "see whether the operator runs, and leads",
        ));
    }
    if !unreadable.is_empty() {
        found.push(Finding::wrong(
            ABOUT,
            format!(
                "{} cannot be understood: {}",
                unreadable.len(),
                names(&unreadable)
            ),
            Mover::PlatformTeam,
            "use the plugin of the operator's version",
        ));
    }
    found
}

/// The first of them.
fn names(all: &BTreeSet<String>) -> String {
    let first: Vec<&str> = all.iter().take(NAMES).map(String::as_str).collect();
    let rest = all.len().saturating_sub(NAMES);
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    first.join(", ") + &more
}
