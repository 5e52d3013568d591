//! `doctor`: checks an installation, and says of each thing that is wrong whose move it is.

mod finding;
mod installed;
mod kept;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::ListParams;
use kube::core::DeserializeGuard;
use kube::{Api, ResourceExt as _};

use self::finding::{Answer, Findings};
use super::args;
use super::console::{Console, told};
use super::installation::{self, Installed};
use super::ledger::Ledger;
use super::reach::Reach;
use super::servers;
use crate::api::{self, OAuthClient};
use crate::cluster::lease::{KubeLease, LeaseRecord, Leases as _};
use crate::cluster::{ApiServer, Named};

/// Whether all is well.
pub async fn run(reach: &Reach, arguments: &args::Doctor, console: &mut dyn Console) -> anyhow::Result<bool> {
    let findings = examine(&reach.api, &arguments.home.operator_namespace).await;
    console.say(&findings.to_string())?;
    Ok(findings.all_is_well())
}

/// Looks at everything. What cannot be read is a finding too.
async fn examine(api: &ApiServer, namespace: &str) -> Findings {
    let now = Timestamp::now();
    let mut found = vec![installed::definitions(&definitions(api).await)];

    let operators = installation::find(api, Some(namespace)).await;
    let elsewhere = match &operators {
        Ok(here) if here.is_empty() => installation::find(api, None).await.unwrap_or_default(),
        Ok(_) | Err(_) => Vec::new(),
    };
    found.extend(installed::operator(&operators, namespace, &elsewhere));
    let operator = operators.as_ref().ok().and_then(|found| found.first());
    if let Some((operator, name)) = operator.and_then(|operator| Some((operator, operator.lease()?))) {
        found.push(installed::lease(
            &lease(api, operator, name).await,
            name,
            operator,
            now,
        ));
    }

    let here = match operator {
        Some(operator) => installation::cluster_id(api, operator).await,
        None => Err("the operator's Deployment, which tells it, is not known".to_owned()),
    };
    let book = Ledger::new(api, namespace)
        .all()
        .await
        .map_err(|error| told(&error));
    found.extend(kept::ledger(&book, &here));

    let servers = servers::all(api).await;
    found.extend(kept::servers(&servers));
    let needed = servers
        .as_ref()
        .map(|servers| kept::credentials_needed(servers, namespace));
    for needed in needed.unwrap_or_default() {
        let labels = labels(api, &needed.namespace, &needed.name).await;
        found.push(kept::credential(&needed, &labels));
    }
    found.extend(kept::clients(&clients(api).await, now));
    Findings(found)
}

/// Each of our definitions, `None` where it is not there.
async fn definitions(api: &ApiServer) -> Answer<Vec<(String, Option<CustomResourceDefinition>)>> {
    let definitions: Api<CustomResourceDefinition> = Api::all(api.client());
    let mut found = Vec::new();
    for name in api::crds().iter().map(kube::ResourceExt::name_any) {
        let object = Named {
            group: "apiextensions.k8s.io",
            resource: "customresourcedefinitions",
            name: &name,
        };
        let read = api.read(object, || definitions.get(&name)).await;
        let definition = read.map_err(|unread| unread.why)?;
        found.push((name, definition));
    }
    Ok(found)
}

async fn lease(api: &ApiServer, operator: &Installed, name: &str) -> Answer<Option<LeaseRecord>> {
    let lease = KubeLease::new(api.clone(), &operator.namespace, name);
    let found = lease.read().await.map_err(|unread| unread.why)?;
    Ok(found.map(|seen| seen.record))
}

/// The labels of a Secret, `None` where it is not there. Its data is not asked for.
async fn labels(api: &ApiServer, namespace: &str, name: &str) -> Answer<Option<BTreeMap<String, String>>> {
    let secrets: Api<Secret> = Api::namespaced(api.client(), namespace);
    let found = api
        .read(Named::core("secrets", name), || secrets.get_metadata(name))
        .await
        .map_err(|unread| unread.why)?;
    Ok(found.map(|secret| secret.labels().clone()))
}

async fn clients(api: &ApiServer) -> Answer<Vec<DeserializeGuard<OAuthClient>>> {
    let clients: Api<DeserializeGuard<OAuthClient>> = Api::all(api.client());
    let everything = ListParams::default();
    let found = api.call(|| clients.list(&everything)).await;
    let found = found.map_err(|failure| format!("OAuthClients cannot be read: {failure}"))?;
    Ok(found.items)
}
