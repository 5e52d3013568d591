//! What a server object needs from the cluster: the objects that it refers to, and its status.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Api, Resource as _};

use super::Unread;
use super::apiserver::{ApiServer, Named};
use super::status::{self, time};
use crate::api::{
    AuthorizationServer, ClusterAuthorizationServer, ConditionStatus, GROUP, LABEL_SERVER_CREDENTIALS,
    LABEL_TRUE, MESSAGE_MAX, ServerCondition, ServerReason, ServerStatus,
};
use crate::model::text::first_chars;
use crate::model::{Confidential, Refusal, ServerKey, Uid, Version};

/// An object that a server refers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Its kind.
    pub kind: SourceKind,
    /// Its name.
    pub name: String,
}

/// The kind of such an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// A Secret; it needs the label of server credentials, so that nobody sends somebody else's Secret to a server of
    /// their own.
    Secret,
    /// A ConfigMap, which is for what anybody may read.
    ConfigMap,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            SourceKind::Secret => "Secret",
            SourceKind::ConfigMap => "ConfigMap",
        };
        write!(f, "{kind} {}", self.name)
    }
}

/// The values of an object under the keys that were asked for, and which object exactly it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Values {
    /// The values.
    pub data: BTreeMap<String, Confidential>,
    /// UID and version of the object, to tell whether it has changed.
    pub seen: (Uid, Version),
}

/// Why there are no values: a person must act.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Lack {
    /// There is no such object.
    #[error("{0} is not there")]
    Missing(Source),
    /// It has no such key, or its value is no text.
    #[error("{source_object} has no text under key {key}")]
    KeyMissing {
        /// The object.
        source_object: Source,
        /// The key.
        key: String,
    },
    /// It is not labelled as one that the operator may use.
    #[error("{0} lacks the label {LABEL_SERVER_CREDENTIALS}: \"{LABEL_TRUE}\", without which it is not used")]
    NotLabelled(Source),
}

/// Reads one object that a server refers to, in the namespace where the server's credentials are.
pub async fn values(
    server: &ApiServer,
    namespace: &str,
    source: &Source,
    keys: &BTreeSet<String>,
) -> Result<Result<Values, Lack>, Unread> {
    let read = match source.kind {
        SourceKind::Secret => secret(server, namespace, source).await?,
        SourceKind::ConfigMap => config_map(server, namespace, source).await?,
    };
    Ok(read.and_then(|(mut data, seen)| {
        let missing = keys.iter().find(|key| !data.contains_key(*key));
        if let Some(key) = missing {
            return Err(Lack::KeyMissing {
                source_object: source.clone(),
                key: key.clone(),
            });
        }
        data.retain(|key, _| keys.contains(key));
        Ok(Values { data, seen })
    }))
}

type Read = Result<(BTreeMap<String, Confidential>, (Uid, Version)), Lack>;

async fn secret(server: &ApiServer, namespace: &str, source: &Source) -> Result<Read, Unread> {
    let secrets: Api<Secret> = Api::namespaced(server.client(), namespace);
    let object = Named::core("secrets", &source.name);
    let Some(found) = server.read(object, || secrets.get(&source.name)).await? else {
        return Ok(Err(Lack::Missing(source.clone())));
    };
    let labels = found.metadata.labels.as_ref();
    if labels
        .and_then(|labels| labels.get(LABEL_SERVER_CREDENTIALS))
        .map(String::as_str)
        != Some(LABEL_TRUE)
    {
        return Ok(Err(Lack::NotLabelled(source.clone())));
    }
    let seen = (
        Uid(found.metadata.uid.unwrap_or_default()),
        Version(found.metadata.resource_version.unwrap_or_default()),
    );
    let text = |(key, bytes): (String, k8s_openapi::ByteString)| {
        let text = String::from_utf8(bytes.0).ok()?;
        Some((key, Confidential::new(text)))
    };
    let data = found.data.unwrap_or_default().into_iter().filter_map(text);
    Ok(Ok((data.collect(), seen)))
}

async fn config_map(server: &ApiServer, namespace: &str, source: &Source) -> Result<Read, Unread> {
    let config_maps: Api<ConfigMap> = Api::namespaced(server.client(), namespace);
    let object = Named::core("configmaps", &source.name);
    let Some(found) = server.read(object, || config_maps.get(&source.name)).await? else {
        return Ok(Err(Lack::Missing(source.clone())));
    };
    let seen = (
        Uid(found.metadata.uid.unwrap_or_default()),
        Version(found.metadata.resource_version.unwrap_or_default()),
    );
    let data = found.data.unwrap_or_default().into_iter();
    let data = data.map(|(key, text)| (key, Confidential::new(text)));
    Ok(Ok((data.collect(), seen)))
}

/// One condition of a server, as it is found now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub condition: ServerCondition,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, as one word.
    pub reason: ServerReason,
    /// Why, for a person.
    pub message: String,
}

/// The conditions to write: those that are found now, each since when its status is what it is.
pub fn conditions(old: &[Condition], now: &[Standing], generation: i64, at: Timestamp) -> Vec<Condition> {
    let mut conditions: Vec<_> = now
        .iter()
        .map(|standing| {
            let (type_, status) = (standing.condition.as_str(), standing.status.as_str());
            let since = old
                .iter()
                .find(|old| old.type_ == type_ && old.status == status)
                .map_or(time(at), |old| old.last_transition_time.clone());
            Condition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                reason: standing.reason.as_str().to_owned(),
                message: first_chars(&standing.message, MESSAGE_MAX).to_owned(),
                last_transition_time: since,
                observed_generation: Some(generation),
            }
        })
        .collect();
    conditions.sort_by_key(|condition| ServerCondition::parse(&condition.type_));
    conditions
}

/// The status that a server object has now, if there is such an object.
pub async fn status(server: &ApiServer, key: &ServerKey) -> Result<Option<ServerStatus>, Unread> {
    let client = server.client();
    let object = |plural| Named {
        group: GROUP,
        resource: plural,
        name: &key.name,
    };
    if let Some(namespace) = &key.namespace {
        let servers: Api<AuthorizationServer> = Api::namespaced(client, namespace);
        let plural = AuthorizationServer::plural(&());
        let found = server.read(object(&plural), || servers.get(&key.name)).await?;
        Ok(found.and_then(|found| found.status))
    } else {
        let servers: Api<ClusterAuthorizationServer> = Api::all(client);
        let plural = ClusterAuthorizationServer::plural(&());
        let found = server.read(object(&plural), || servers.get(&key.name)).await?;
        Ok(found.and_then(|found| found.status))
    }
}

/// Writes the status of a server object if it is another one; whether it was written.
pub async fn report(
    server: &ApiServer,
    key: &ServerKey,
    uid: &Uid,
    old: Option<&ServerStatus>,
    new: &ServerStatus,
) -> Result<bool, Refusal> {
    if old == Some(new) {
        return Ok(false);
    }
    match &key.namespace {
        Some(namespace) => {
            status::replace::<AuthorizationServer>(server, Some(namespace), &key.name, uid, new).await?;
        }
        None => status::replace::<ClusterAuthorizationServer>(server, None, &key.name, uid, new).await?,
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(condition: ServerCondition, status: ConditionStatus, message: &str) -> Standing {
        Standing {
            condition,
            status,
            reason: ServerReason::Ready,
            message: message.to_owned(),
        }
    }

    #[test]
    fn the_time_moves_only_with_the_status() {
        use ConditionStatus::{False, True, Unknown};
        let at = |second| Timestamp::from_second(second).unwrap();
        let old = conditions(
            &[],
            &[standing(ServerCondition::Ready, True, "before")],
            1,
            at(100),
        );
        // What was, what is, and since when.
        let cases = [
            (&old[..], True, 100),
            (&old[..], False, 200),
            (&old[..], Unknown, 200),
            (&[], True, 200),
        ];
        for (old, status, since) in cases {
            let found = conditions(
                old,
                &[standing(ServerCondition::Ready, status, "now")],
                2,
                at(200),
            );
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].last_transition_time.0, at(since), "{status}");
            assert_eq!(
                (found[0].message.as_str(), found[0].observed_generation),
                ("now", Some(2))
            );
        }
    }

    #[test]
    fn conditions_are_sorted_and_what_is_not_found_now_goes() {
        let at = Timestamp::UNIX_EPOCH;
        let both = [
            standing(ServerCondition::Reachable, ConditionStatus::True, ""),
            standing(ServerCondition::Ready, ConditionStatus::True, ""),
        ];
        let found = conditions(&[], &both, 1, at);
        assert_eq!(found[0].type_, "Ready");
        let found = conditions(&found, &both[..1], 1, at);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].type_, "Reachable");
    }
}
