//! `adopt-ledger`: the records that the operator of another cluster wrote become this cluster's.
//!
//! A record is bound to the cluster that wrote it and, by its name, to one life of a namespace. Adopted, it names this
//! cluster and the namespace as it is here; nothing else of it changes. Its owner stays the OAuthClient of the old
//! cluster, so the operator takes it for that of a client that came back, and hands it to the OAuthClient of that name.
//! The UID of the definition stays that of the old cluster too, so a client that is not there counts as not applied yet
//! and not as deleted: nothing is removed for it.
//!
//! Where the definition here is the very one that the record knows, this is the same cluster under another id (its etcd
//! was restored, or its `clusterID` changed). Then namespaces are the same too, and only the id is rewritten.

pub mod plan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, ResourceExt as _};

use self::plan::{Adoption, Here, How, Life, Plan};
use super::args;
use super::console::Console;
use super::installation;
use super::ledger::{Book, Ledger, refused};
use super::reach::Reach;
use super::table::count;
use crate::api::OAuthClient;
use crate::cluster::{ApiServer, identity};
use crate::model::{ClientKey, ClusterId, Uid};

/// Shows what would happen, asks, and does it.
pub async fn run(
    reach: &Reach,
    arguments: &args::AdoptLedger,
    console: &mut dyn Console,
) -> anyhow::Result<()> {
    let from = ClusterId(arguments.from.clone());
    let ledger = Ledger::new(&reach.api, &arguments.home.operator_namespace);
    let cluster_id = match &arguments.cluster_id {
        Some(chosen) => ClusterId(chosen.clone()),
        None => cluster_id(&reach.api, ledger.namespace()).await?,
    };
    if from == cluster_id {
        anyhow::bail!(
            "{from} is the id of this very cluster: --from takes that of the cluster that wrote the records"
        );
    }
    let book = ledger.all().await?;
    let here = here(&reach.api, cluster_id).await?;
    let plan = Plan::new(&book, &from, &here);
    if plan.is_empty() {
        console.say(&nothing_to_adopt(&book, &from, &here.cluster_id))?;
        return Ok(());
    }
    console.say(&plan.shown(&clients(&reach.api).await?))?;
    if plan.adoptions.is_empty() {
        anyhow::bail!("no record can be adopted as it is");
    }
    if !arguments.yes
        && !console.confirms(&format!(
            "Is the operator of cluster {from} stopped for good, and shall this be done?"
        ))?
    {
        anyhow::bail!("nothing was done");
    }
    let mut failed = 0;
    for adoption in &plan.adoptions {
        if let Err(why) = carry_out(&ledger, adoption).await {
            failed += 1;
            console.note(&format!("{}: not adopted: {why}", adoption.entry.client()))?;
        }
    }
    let done = plan.adoptions.len() - failed;
    console.say(&format!(
        "{} adopted. The operator looks at them within seconds: kubectl get oauthclients -A shows how they are.",
        count(done, "record")
    ))?;
    if failed > 0 {
        anyhow::bail!("{} not adopted, see above", count(failed, "record"));
    }
    Ok(())
}

/// Does it for one record. Each step can be repeated, and a crash between two leaves both records, which a second run
/// finds: the new one is there before the old one goes.
pub async fn carry_out(ledger: &Ledger, adoption: &Adoption) -> Result<(), String> {
    let told = |refusal| refused(&refusal);
    let (old, entry) = (&adoption.old, &adoption.entry);
    match adoption.how {
        How::InPlace => ledger.write(entry, Some(&old.version)).await.map_err(told),
        How::UnderAnotherName => {
            ledger.write(entry, None).await.map_err(told)?;
            ledger
                .remove(&old.entry.subject, &old.version)
                .await
                .map_err(told)
        }
        How::OldOneOnly => ledger
            .remove(&old.entry.subject, &old.version)
            .await
            .map_err(told),
    }
}

/// This cluster's id. To guess it would be to adopt for a cluster that does not exist.
async fn cluster_id(api: &ApiServer, namespace: &str) -> anyhow::Result<ClusterId> {
    installation::cluster_id_in(api, namespace).await.map_err(|why| {
        anyhow::anyhow!(
            "the id of this cluster is not known: {why}. Name the operator's namespace with --operator-namespace, or the id with \
             --cluster-id"
        )
    })
}

/// This cluster as it is now.
pub async fn here(api: &ApiServer, cluster_id: ClusterId) -> anyhow::Result<Here> {
    Ok(Here {
        cluster_id,
        crd_uid: identity::definition(api).await?.map(|definition| definition.uid),
        namespaces: namespaces(api).await?,
    })
}

async fn namespaces(api: &ApiServer) -> anyhow::Result<BTreeMap<String, Life>> {
    let namespaces: Api<Namespace> = Api::all(api.client());
    let all = ListParams::default();
    let found = api.call(|| namespaces.list_metadata(&all)).await;
    let found = found.map_err(|failure| anyhow::anyhow!("the namespaces cannot be read: {failure}"))?;
    let life = |namespace: &kube::core::PartialObjectMeta<Namespace>| Life {
        uid: Uid(namespace.uid().unwrap_or_default()),
        terminating: namespace.metadata.deletion_timestamp.is_some(),
    };
    Ok(found
        .iter()
        .map(|namespace| (namespace.name_any(), life(namespace)))
        .collect())
}

async fn clients(api: &ApiServer) -> anyhow::Result<BTreeSet<ClientKey>> {
    let clients: Api<OAuthClient> = Api::all(api.client());
    let all = ListParams::default();
    let found = api.call(|| clients.list_metadata(&all)).await;
    let found = found.map_err(|failure| anyhow::anyhow!("the OAuthClients cannot be read: {failure}"))?;
    let key = |client: &kube::core::PartialObjectMeta<OAuthClient>| ClientKey {
        namespace: client.namespace().unwrap_or_default(),
        name: client.name_any(),
    };
    Ok(found.iter().map(key).collect())
}

fn nothing_to_adopt(book: &Book, from: &ClusterId, here: &ClusterId) -> String {
    let others: Vec<String> = book
        .foreign(here)
        .into_iter()
        .map(|(id, number)| format!("{} of {id}", count(number, "record")))
        .collect();
    let others = if others.is_empty() {
        "all that can be read are this cluster's".to_owned()
    } else {
        format!("there are {}", others.join(", "))
    };
    format!("There is no record of cluster {from} to adopt: {others}.")
}
