//! Server objects of both kinds.

use std::fmt::Debug;

use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube::{Api, Resource, ResourceExt as _};
use serde::de::DeserializeOwned;

use crate::api::{
    AuthorizationServer, ClusterAuthorizationServer, GROUP, ServerCondition, ServerSpec, ServerStatus,
};
use crate::cluster::{ApiServer, Named, Unread};
use crate::model::ServerKey;

/// A server object that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerSeen {
    /// Which.
    pub key: ServerKey,
    /// What it says, and how it stands; or why this version cannot read it.
    pub content: Result<(ServerSpec, ServerStatus), String>,
}

/// How a server stands, if the API server says that there is such an object. One that the operator has not looked at yet
/// has an empty status.
pub async fn status(api: &ApiServer, key: &ServerKey) -> Result<Option<ServerStatus>, Unread> {
    if let Some(namespace) = &key.namespace {
        let servers: Api<AuthorizationServer> = Api::namespaced(api.client(), namespace);
        let found = read(api, &servers, &key.name).await?;
        Ok(found.map(|server| server.status.unwrap_or_default()))
    } else {
        let servers: Api<ClusterAuthorizationServer> = Api::all(api.client());
        let found = read(api, &servers, &key.name).await?;
        Ok(found.map(|server| server.status.unwrap_or_default()))
    }
}

async fn read<K>(api: &ApiServer, servers: &Api<K>, name: &str) -> Result<Option<K>, Unread>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let plural = K::plural(&());
    let object = Named {
        group: GROUP,
        resource: &plural,
        name,
    };
    api.read(object, || servers.get(name)).await
}

/// All server objects, the cluster's first.
pub async fn all(api: &ApiServer) -> Result<Vec<ServerSeen>, String> {
    let mut servers = list(api, |server: ClusterAuthorizationServer| {
        (server.spec.0, server.status)
    })
    .await?;
    servers.extend(list(api, |server: AuthorizationServer| (server.spec.0, server.status)).await?);
    Ok(servers)
}

async fn list<K>(
    api: &ApiServer,
    content: impl Fn(K) -> (ServerSpec, Option<ServerStatus>),
) -> Result<Vec<ServerSeen>, String>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    let servers: Api<DeserializeGuard<K>> = Api::all(api.client());
    let everything = ListParams::default();
    let found = api.call(|| servers.list(&everything)).await;
    let found = found.map_err(|failure| format!("{} cannot be read: {failure}", K::plural(&())))?;
    let seen = found.into_iter().map(|server| ServerSeen {
        key: ServerKey {
            namespace: server.namespace(),
            name: server.name_any(),
        },
        content: server
            .0
            .map(|server| {
                let (spec, status) = content(server);
                (spec, status.unwrap_or_default())
            })
            .map_err(|unreadable| unreadable.error),
    });
    Ok(seen.collect())
}

/// Whether a server is ready, its reason and its message. One without a condition was not looked at yet.
pub fn readiness(status: &ServerStatus) -> (bool, &str, &str) {
    let ready = ServerCondition::Ready.as_str();
    status
        .conditions
        .iter()
        .find(|condition| condition.type_ == ready)
        .map_or(
            (false, "Pending", "the operator has not looked at it yet"),
            |condition| {
                (
                    condition.status == "True",
                    condition.reason.as_str(),
                    condition.message.as_str(),
                )
            },
        )
}
