//! `status`: explains one client to whoever may see it, be that a tenant who sees nothing but the own namespace.

mod explain;
mod seen;
mod shown;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Resource as _};

use self::explain::explain;
use self::seen::{Reading, RecordSeen, SecretSeen, Seen};
use super::args::{self, Format};
use super::console::Console;
use super::installation;
use super::ledger::{Kept, Ledger};
use super::reach::Reach;
use super::servers;
use crate::api::{GROUP, OAuthClient};
use crate::cluster::{LedgerRead, Named, Unread};
use crate::model::{ClientKey, ServerKey, Subject, publication};

/// Reads what the caller may read, and explains it.
pub async fn run(reach: &Reach, arguments: &args::Status, console: &mut dyn Console) -> anyhow::Result<()> {
    let key = ClientKey {
        namespace: reach.namespace_or(arguments.namespace.as_ref()),
        name: arguments.name.clone(),
    };
    let seen = look(reach, key, &arguments.home.operator_namespace).await?;
    let explanation = explain(&seen);
    match arguments.output.output {
        Some(Format::Json) => console.say(&serde_json::to_string_pretty(&explanation)?)?,
        None => console.say(&shown::text(&explanation, seen.now))?,
    }
    Ok(())
}

async fn look(reach: &Reach, key: ClientKey, operator_namespace: &str) -> anyhow::Result<Seen> {
    let clients: Api<OAuthClient> = Api::namespaced(reach.api.client(), &key.namespace);
    let plural = OAuthClient::plural(&());
    let object = Named {
        group: GROUP,
        resource: &plural,
        name: &key.name,
    };
    let client = reach.api.read(object, || clients.get(&key.name)).await?;
    let record = record(reach, &key, operator_namespace).await;
    if client.is_none() && !matches!(record, Reading::Found(_)) {
        let why = match &record {
            Reading::NotRead(_) => "; whether a record of it is left cannot be seen with your rights",
            Reading::Found(_) | Reading::Absent => ", and no record of it",
        };
        anyhow::bail!(
            "there is no OAuthClient {} in namespace {}{why}",
            key.name,
            key.namespace
        );
    }
    let server_key = match (&client, &record) {
        (Some(client), _) => Some(ServerKey::referred_to(&client.spec.server_ref, &key)),
        (None, Reading::Found(RecordSeen::Kept(kept, _))) => Some(kept.entry.server.clone()),
        (None, _) => None,
    };
    let server = match &server_key {
        Some(server) => servers::status(&reach.api, server).await.into(),
        None => Reading::Absent,
    };
    let secret = match &client {
        Some(client) => secret(reach, &key, client).await,
        None => Reading::Absent,
    };
    Ok(Seen {
        now: Timestamp::now(),
        key,
        client,
        server_key,
        server,
        secret,
        record,
    })
}

/// Whether the Secret is there. Its data is not asked for.
async fn secret(reach: &Reach, key: &ClientKey, client: &OAuthClient) -> Reading<SecretSeen> {
    let status = client.status.as_ref();
    let name = status.and_then(|status| status.binding.clone()).map_or_else(
        || publication::secret_name(&key.name, &client.spec),
        |binding| binding.name,
    );
    let secrets: Api<Secret> = Api::namespaced(reach.api.client(), &key.namespace);
    let found = reach
        .api
        .read(Named::core("secrets", &name), || secrets.get_metadata(&name))
        .await;
    let found = found.map(|found| {
        found.map(|secret| SecretSeen {
            name: name.clone(),
            client: secret
                .metadata
                .annotations
                .and_then(|mut annotations| annotations.remove(publication::CLIENT_ANNOTATION)),
        })
    });
    found.into()
}

async fn record(reach: &Reach, key: &ClientKey, operator_namespace: &str) -> Reading<RecordSeen> {
    match read_record(reach, key, operator_namespace).await {
        Ok(LedgerRead::Absent) => Reading::Absent,
        Ok(LedgerRead::Unreadable(why)) => Reading::Found(RecordSeen::Unusable(why)),
        Ok(LedgerRead::Held(entry, version)) => {
            let here = installation::cluster_id_in(&reach.api, operator_namespace)
                .await
                .ok();
            let kept = Kept {
                secret: entry.subject.entry_name(),
                entry: *entry,
                version,
            };
            Reading::Found(RecordSeen::Kept(Box::new(kept), here))
        }
        Err(unread) => Reading::NotRead(unread.why),
    }
}

async fn read_record(reach: &Reach, key: &ClientKey, operator_namespace: &str) -> Result<LedgerRead, Unread> {
    let ledger = Ledger::new(&reach.api, operator_namespace);
    let Some(namespace_uid) = ledger.namespace_uid(&key.namespace).await? else {
        return Ok(LedgerRead::Absent);
    };
    let client = key.clone();
    ledger
        .of(&Subject {
            client,
            namespace_uid,
        })
        .await
}
