//! From what was read to what is said. Pure.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;
use serde::Serialize;

use super::seen::{Reading, RecordSeen, Seen};
use crate::api::{
    ANNOTATION_RELEASE_HELD_DELETIONS, ClientCondition, ClientReason, OAuthClient, OAuthClientStatus,
};
use crate::model::Happening;
use crate::plugin::moves::{Mover, named_in};
use crate::plugin::owed::{Owed, OwedState, ServerName};
use crate::plugin::servers::readiness;
use crate::plugin::table::{age, count, moment};

/// The operator looks at a new object within seconds; after this it is worth asking whether it runs.
const LOOKED_AT_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// What is said.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Explanation {
    pub(super) namespace: String,
    pub(super) name: String,
    /// In a few words.
    pub(super) summary: String,
    pub(super) wrong: Vec<Wrong>,
    /// Whose move it is.
    pub(super) moves: Vec<Mover>,
    /// What happens next.
    pub(super) next: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<ServerLine>,
    #[serde(rename = "clientID", skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<SecretLine>,
    pub(super) conditions: Vec<Condition>,
    pub(super) owed: Vec<Owed>,
    /// What could not be read, and why.
    pub(super) not_read: Vec<String>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Wrong {
    /// What, in a few words.
    pub(super) what: String,
    /// In a sentence or two.
    pub(super) message: String,
    /// Whose move it is.
    pub(super) moves: Vec<Mover>,
}

/// The server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct ServerLine {
    #[serde(flatten)]
    pub(super) name: ServerName,
    /// Not there: it was not read, or is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ready: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// The Secret.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct SecretLine {
    pub(super) name: String,
    pub(super) there: bool,
}

/// Explains what was seen.
pub(super) fn explain(seen: &Seen) -> Explanation {
    let owed = owed(seen);
    let wrong = wrong(seen);
    let mut moves = Vec::new();
    for mover in wrong.iter().flat_map(|wrong| &wrong.moves) {
        if !moves.contains(mover) {
            moves.push(*mover);
        }
    }
    if moves.is_empty() {
        moves.push(if owed.is_empty() {
            Mover::Nobody
        } else {
            Mover::Operator
        });
    }
    let status = seen
        .client
        .as_ref()
        .and_then(|client| client.status.clone())
        .unwrap_or_default();
    Explanation {
        namespace: seen.key.namespace.clone(),
        name: seen.key.name.clone(),
        summary: summary(seen, &status, &owed),
        next: next(seen, &status, &wrong, &owed),
        wrong,
        moves,
        server: server_line(seen),
        client_id: status.client_id,
        client_name: status.client_name,
        secret: match &seen.secret {
            Reading::Found(secret) => Some(SecretLine {
                name: secret.name.clone(),
                there: true,
            }),
            Reading::Absent => status.binding.map(|binding| SecretLine {
                name: binding.name,
                there: false,
            }),
            Reading::NotRead(_) => None,
        },
        conditions: status.conditions,
        owed,
        not_read: not_read(seen),
    }
}

fn condition(status: &OAuthClientStatus, type_: ClientCondition) -> Option<&Condition> {
    status
        .conditions
        .iter()
        .find(|condition| condition.type_ == type_.as_str())
}

fn is(condition: &Condition, reason: ClientReason) -> bool {
    condition.reason == reason.as_str()
}

fn summary(seen: &Seen, status: &OAuthClientStatus, owed: &[Owed]) -> String {
    let Some(client) = &seen.client else {
        return match owed.len() {
            0 => "gone; its record is still there".to_owned(),
            number => format!("gone; {} still to be removed", count(number, "client")),
        };
    };
    if client.metadata.deletion_timestamp.is_some() {
        return "being deleted".to_owned();
    }
    match condition(status, ClientCondition::Ready) {
        None => "not looked at yet".to_owned(),
        Some(ready) if is(ready, ClientReason::Pending) => "not looked at yet".to_owned(),
        Some(ready) => {
            let since = age(seen.now, ready.last_transition_time.0);
            match (
                ready.status.as_str(),
                status.observed_generation == client.metadata.generation,
            ) {
                ("True", true) => format!("ready for {since}"),
                ("True", false) => "ready, but its last change was not looked at yet".to_owned(),
                _ => format!("not ready for {since}: {}", ready.reason),
            }
        }
    }
}

/// Everything that is wrong, the most important first, and each only once: conditions share messages.
fn wrong(seen: &Seen) -> Vec<Wrong> {
    let mut all = Vec::new();
    if let Some(client) = &seen.client {
        all.extend(not_looked_at(seen.now, client));
        let status = client.status.clone().unwrap_or_default();
        all.extend(bad_conditions(&status));
        all.extend(missing_secret(seen, client, &status));
    }
    all.extend(bad_server(seen));
    all.extend(bad_record(seen));
    let mut wrong: Vec<Wrong> = Vec::new();
    for one in all {
        if !wrong.iter().any(|told| told.message.contains(&one.message)) {
            wrong.push(one);
        }
    }
    wrong
}

fn not_looked_at(now: Timestamp, client: &OAuthClient) -> Option<Wrong> {
    if client.metadata.deletion_timestamp.is_some() {
        let held_by = client.finalizers().join(", ");
        return Some(Wrong {
            what: "it is being deleted".to_owned(),
            message: format!(
                "finalizers of others hold it ({held_by}); the operator sets none. Nothing is published or registered any \
                 more. Application team: see who set them"
            ),
            moves: vec![Mover::ApplicationTeam],
        })
        .filter(|_| !held_by.is_empty());
    }
    let status = client.status.as_ref();
    let ready = status.and_then(|status| condition(status, ClientCondition::Ready));
    let pending = ready.is_none_or(|ready| is(ready, ClientReason::Pending));
    let outdated = status.and_then(|status| status.observed_generation) != client.metadata.generation;
    if !pending && !outdated {
        return None;
    }
    let created = client.creation_timestamp().map_or(now, |created| created.0);
    let long = pending && now.duration_since(created) > LOOKED_AT_WITHIN;
    let (what, subject) = if pending {
        ("nobody has looked at it", "it")
    } else {
        ("its status is out of date", "the last change of its spec")
    };
    Some(Wrong {
        what: what.to_owned(),
        message: format!(
            "the operator has not looked at {subject} yet, which it does within seconds where it runs. Platform team: if \
             this lasts, run kubectl oauthclient doctor"
        ),
        moves: vec![if long {
            Mover::PlatformTeam
        } else {
            Mover::Operator
        }],
    })
}

fn bad_conditions(status: &OAuthClientStatus) -> impl Iterator<Item = Wrong> {
    const FIRST: [ClientCondition; 2] = [ClientCondition::Stalled, ClientCondition::Ready];
    let rest = ClientCondition::ALL
        .iter()
        .copied()
        .filter(|type_| !FIRST.contains(type_));
    FIRST.into_iter().chain(rest).filter_map(|type_| {
        let found = condition(status, type_).filter(|found| is_bad(type_, found))?;
        Some(Wrong {
            what: format!("{} is {}: {}", found.type_, found.status, found.reason),
            message: found.message.clone(),
            moves: movers(type_, found),
        })
    })
}

fn is_bad(type_: ClientCondition, found: &Condition) -> bool {
    match type_ {
        ClientCondition::Stalled => found.status == "True",
        ClientCondition::Ready => found.status != "True" && !is(found, ClientReason::Pending),
        ClientCondition::Accepted | ClientCondition::Registered | ClientCondition::SecretPublished => {
            found.status != "True"
        }
        ClientCondition::Verified => found.status != "True" && !is(found, ClientReason::NotSupported),
        ClientCondition::Rotating => is(found, ClientReason::Failed) || is(found, ClientReason::NotPossible),
    }
}

fn movers(type_: ClientCondition, found: &Condition) -> Vec<Mover> {
    let named = named_in(&found.message);
    if !named.is_empty() {
        return named;
    }
    vec![match type_ {
        _ if is(found, ClientReason::Suspended) => Mover::WhoSuspended,
        ClientCondition::Stalled => Mover::Person,
        // The server does not take what it has given.
        ClientCondition::Verified => Mover::PlatformTeam,
        _ => Mover::Operator,
    }]
}

fn missing_secret(seen: &Seen, client: &OAuthClient, status: &OAuthClientStatus) -> Option<Wrong> {
    let published = condition(status, ClientCondition::SecretPublished)?;
    let name = &status.binding.as_ref()?.name;
    if published.status != "True" || client.metadata.deletion_timestamp.is_some() {
        return None;
    }
    match &seen.secret {
        Reading::Absent => Some(Wrong {
            what: format!("Secret {name} is not there"),
            message: format!(
                "somebody deleted Secret {name}. The operator publishes it again within seconds where it runs. Platform \
                 team: if this lasts, run kubectl oauthclient doctor"
            ),
            moves: vec![Mover::Operator],
        }),
        Reading::Found(secret) if secret.client.as_deref() != Some(&seen.key.name) => Some(Wrong {
            what: format!("Secret {name} is somebody else's"),
            message: format!(
                "Secret {name} does not say that it is of this client, so it is not what the operator published. \
                 Application team: delete it, and it is published again"
            ),
            moves: vec![Mover::ApplicationTeam],
        }),
        Reading::Found(_) | Reading::NotRead(_) => None,
    }
}

fn bad_server(seen: &Seen) -> Option<Wrong> {
    let server = ServerName::from(seen.server_key.as_ref()?);
    let (what, message) = match &seen.server {
        Reading::NotRead(_) => return None,
        Reading::Absent if seen.client.is_some() => (
            "its server is not there".to_owned(),
            // As the operator puts it where it has looked.
            format!("there is no {server}. Platform team: create the server object"),
        ),
        Reading::Absent => (
            "its server is not there any more".to_owned(),
            format!(
                "without {server} nothing can be removed there. Platform team: make it again or, if the server is gone for \
                 good, run kubectl oauthclient discharge {} --all",
                seen.key
            ),
        ),
        Reading::Found(status) => match readiness(status) {
            (true, ..) => return None,
            (false, reason, message) => (format!("its server is not ready: {reason}"), message.to_owned()),
        },
    };
    let mut moves = named_in(&message);
    if moves.is_empty() {
        moves.push(Mover::Operator);
    }
    Some(Wrong { what, message, moves })
}

fn bad_record(seen: &Seen) -> Vec<Wrong> {
    let by_platform_team = |what: &str, message: String| Wrong {
        what: what.to_owned(),
        message,
        moves: vec![Mover::PlatformTeam],
    };
    match &seen.record {
        Reading::Found(RecordSeen::Unusable(why)) => vec![by_platform_team(
            "the operator's record of it cannot be used",
            format!(
                "{why}. Platform team: run the operator version that wrote it, or restore it from a backup"
            ),
        )],
        Reading::Found(RecordSeen::Kept(kept, here)) => {
            let entry = &kept.entry;
            let elsewhere = here.as_ref().filter(|here| **here != entry.cluster_id).map(|_| {
                by_platform_team(
                    "the operator's record of it is another cluster's",
                    format!(
                        "it was written in cluster {0}. Platform team: if that cluster is gone for good, run kubectl \
                         oauthclient adopt-ledger --from {0}",
                        entry.cluster_id
                    ),
                )
            });
            let left = entry
                .obligations
                .iter()
                .filter(|owed| owed.is_unmanageable())
                .map(|owed| {
                    let told = Happening::LeftBehind {
                        what: owed.described(),
                        server: entry.server.name.clone(),
                        client: entry.client().clone(),
                    };
                    by_platform_team("a client is left at the server", told.note())
                });
            elsewhere.into_iter().chain(left).collect()
        }
        Reading::Absent | Reading::NotRead(_) => Vec::new(),
    }
}

fn owed(seen: &Seen) -> Vec<Owed> {
    match &seen.record {
        Reading::Found(RecordSeen::Kept(kept, here)) => Owed::by(kept, here.as_ref(), seen.now),
        Reading::Found(RecordSeen::Unusable(_)) | Reading::Absent | Reading::NotRead(_) => Vec::new(),
    }
}

fn server_line(seen: &Seen) -> Option<ServerLine> {
    let (ready, reason) = match &seen.server {
        Reading::Found(status) => {
            let (ready, reason, _) = readiness(status);
            (Some(ready), Some(reason.to_owned()))
        }
        Reading::Absent | Reading::NotRead(_) => (None, None),
    };
    Some(ServerLine {
        name: ServerName::from(seen.server_key.as_ref()?),
        ready,
        reason,
    })
}

fn next(seen: &Seen, status: &OAuthClientStatus, wrong: &[Wrong], owed: &[Owed]) -> Vec<String> {
    let now = seen.now;
    let mut next = Vec::new();
    if wrong
        .iter()
        .flat_map(|wrong| &wrong.moves)
        .any(|mover| mover.is_person())
    {
        next.push("the operator goes on by itself as soon as that is done".to_owned());
    } else if !wrong.is_empty() {
        next.push("the operator goes on by itself; nobody has to act unless it lasts".to_owned());
    }
    if let Some(rotation) = &status.rotation {
        let times = [
            (
                &rotation.overlap_end_time,
                "the previous credential stops working",
            ),
            (&rotation.next_rotation_time, "the credential is rotated"),
            (
                &rotation.credential_expiration_time,
                "the credential expires at the server",
            ),
        ];
        next.extend(
            times
                .into_iter()
                .filter_map(|(at, what)| Some(format!("{what} at {}", moment(now, at.as_ref()?.0)))),
        );
    }
    for owed in owed {
        let what = format!("client {} at {} is removed", owed.remote_client, owed.server.name);
        match owed.state {
            OwedState::Due => next.push(format!("{what} as soon as the server lets us")),
            OwedState::Waiting => next.push(format!("{what} at {}", moment(now, owed.not_before))),
            OwedState::Held => next.push(format!(
                "{what} once the server's annotation {ANNOTATION_RELEASE_HELD_DELETIONS} has a new value"
            )),
            OwedState::Unmanageable | OwedState::OtherCluster => {}
        }
    }
    if next.is_empty() {
        next.push("nothing: all is as it should be".to_owned());
    }
    next
}

fn not_read(seen: &Seen) -> Vec<String> {
    let mut told = Vec::new();
    if let Reading::NotRead(why) = &seen.secret {
        told.push(format!("whether the Secret is there: {why}"));
    }
    if let Reading::NotRead(why) = &seen.server {
        told.push(format!("the server object: {why}"));
    }
    if let Reading::NotRead(why) = &seen.record {
        told.push(format!(
            "the operator's record, for what is still to be removed: {why}"
        ));
    }
    told
}
