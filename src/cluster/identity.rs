//! Who we are: which cluster this is, and the UIDs of what our proofs stand on.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{Api, CustomResourceExt as _};

use super::Unread;
use super::apiserver::{ApiServer, Named};
use crate::api::OAuthClient;
use crate::model::{ClusterId, Uid};

/// The namespace whose UID tells one cluster from another: it is there from the beginning and is never made again.
const CLUSTER_NAMESPACE: &str = "kube-system";

/// The CRD of OAuthClient, as far as a proof needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its UID.
    pub uid: Uid,
    /// OAuthClients are served.
    pub established: bool,
    /// It is being deleted.
    pub terminating: bool,
}

/// The id of this cluster: what the administrator chose, or the UID of `kube-system`.
pub async fn cluster_id(server: &ApiServer, chosen: Option<&str>) -> Result<ClusterId, Unread> {
    match chosen {
        Some(chosen) => Ok(ClusterId(chosen.to_owned())),
        None => Ok(ClusterId(namespace_uid(server, CLUSTER_NAMESPACE).await?.0)),
    }
}

/// The UID of a namespace that must be there, such as the operator's own.
pub async fn namespace_uid(server: &ApiServer, name: &str) -> Result<Uid, Unread> {
    let namespaces: Api<Namespace> = Api::all(server.client());
    let found = server
        .read(Named::core("namespaces", name), || namespaces.get(name))
        .await?;
    found
        .and_then(|namespace| namespace.metadata.uid)
        .map(Uid)
        .ok_or_else(|| Unread::new(format!("namespace {name} is not there")))
}

/// The CRD of OAuthClient, or `None` where the API server says that there is none.
pub async fn definition(server: &ApiServer) -> Result<Option<Definition>, Unread> {
    let name = OAuthClient::crd_name();
    let object = Named {
        group: "apiextensions.k8s.io",
        resource: "customresourcedefinitions",
        name,
    };
    let definitions: Api<CustomResourceDefinition> = Api::all(server.client());
    let Some(found) = server.read(object, || definitions.get(name)).await? else {
        return Ok(None);
    };
    let uid = found
        .metadata
        .uid
        .ok_or_else(|| Unread::new(format!("{object} has no UID")))?;
    let conditions = found.status.and_then(|status| status.conditions);
    Ok(Some(Definition {
        uid: Uid(uid),
        established: conditions
            .iter()
            .flatten()
            .any(|condition| condition.type_ == "Established" && condition.status == "True"),
        terminating: found.metadata.deletion_timestamp.is_some(),
    }))
}
