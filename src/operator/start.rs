//! What must be known before anything is begun: in which cluster we are, and that our definitions are there.

use std::time::Duration;

use super::pass::World as _;
use super::world::Operator;
use crate::cluster::{ApiServer, identity};
use crate::model::{ClusterId, Uid};

/// The CRD is looked at this often: whether it is there yet, and whether it is still the same.
const CRD_LOOK: Duration = Duration::from_secs(15);

/// Waits until the cluster's identity and our CRD can be read: an API server that is away or a CRD that is not
/// installed yet is no reason to crash.
pub async fn who_we_are(api: &ApiServer, chosen: Option<&str>) -> (ClusterId, Uid) {
    loop {
        match (
            identity::cluster_id(api, chosen).await,
            identity::definition(api).await,
        ) {
            (Ok(cluster_id), Ok(Some(crd))) if crd.established => return (cluster_id, crd.uid),
            (Ok(_), Ok(_)) => tracing::warn!("the CRD of OAuthClient is not there yet; waiting for it"),
            (Err(why), _) | (_, Err(why)) => {
                tracing::warn!(%why, "the API server cannot be used yet; waiting for it");
            }
        }
        tokio::time::sleep(CRD_LOOK / 5).await;
    }
}

/// Waits until every watch has seen everything.
pub async fn all_watches_complete(operator: &Operator) {
    while !operator.waiting_for().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A CRD that is made again has another UID, which proofs of deletion depend on.
pub async fn follow_crd(operator: &Operator, api: &ApiServer) {
    // What the decisions go by, from the first look on: one that is made again before the second look is another one.
    let mut known = operator.here().crd_uid;
    loop {
        tokio::time::sleep(CRD_LOOK).await;
        if let Ok(Some(crd)) = identity::definition(api).await
            && known != crd.uid
        {
            operator.crd_is(crd.uid.clone());
            operator.look_at_everything();
            known = crd.uid;
        }
    }
}
