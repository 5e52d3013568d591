//! What a decision starts from: the record, the client, its Secret and its server, read so that they fit together.

use jiff::SignedDuration;

use super::{Connection, World};
use crate::cluster::{Cluster, LedgerRead, Unread};
use crate::model::{
    ClientObject, ClientView, Closed, FoundSecret, GivenSecret, LedgerEntry, LedgerView, NamespaceView, Pass,
    Refusal, State, Subject, Unreadable, Version, Written, publication,
};

/// So often a record that changes while the rest is read is read again.
const GATHER_TRIES: u32 = 3;

/// Everything that a decision starts from.
enum Gathered {
    Nothing,
    /// The record was changed by another process in the meantime, so what was read does not fit together.
    Torn,
    Whole(Box<State>, Option<Connection>),
}

/// Reads everything that a decision starts from. `None`: there is neither a client nor a record of one.
pub(super) async fn gather(
    world: &dyn World,
    subject: &Subject,
) -> Result<Option<(State, Option<Connection>)>, Unread> {
    for _ in 0..GATHER_TRIES {
        match gather_once(world, subject).await? {
            Gathered::Nothing => return Ok(None),
            Gathered::Torn => {}
            Gathered::Whole(state, connection) => return Ok(Some((*state, connection))),
        }
    }
    Err(Unread::new(
        "the record of this client changes while it is read".to_owned(),
    ))
}

async fn gather_once(world: &dyn World, subject: &Subject) -> Result<Gathered, Unread> {
    let cluster = world.cluster();
    // First of all: a CRD that is known before the client is read is never newer than the client.
    let mut here = world.here();
    // What only a person can mend is told to the client, as far as that can be read.
    let mut not_read = None;
    let ledger = match cluster.ledger(subject).await {
        Err(unread) if unread.denied => {
            not_read = Some(unread.why.clone());
            LedgerView::Unreadable(Unreadable::NotShown(unread.why))
        }
        Err(unread) => return Err(unread),
        Ok(LedgerRead::Absent) => LedgerView::Absent,
        Ok(LedgerRead::Unreadable(why)) => LedgerView::Unreadable(why),
        Ok(LedgerRead::Held(entry, version)) => {
            let unchanged_for = world.unchanged_for(subject, &version);
            LedgerView::Held {
                entry,
                version,
                unchanged_for,
            }
        }
    };
    let closed = world.namespace(&subject.client.namespace).closed;
    let client = if let Some(Closed::OutOfSight(why)) = &closed {
        ClientView::Unknown(why.clone())
    } else {
        match client(cluster, subject, &ledger).await? {
            Some(client) => client,
            None => return Ok(Gathered::Nothing),
        }
    };
    let server_key = match (ledger.entry(), &client) {
        (Some(entry), _) => entry.server.clone(),
        (None, ClientView::Present(client)) => client.server(&subject.client),
        (None, ClientView::Gone { .. } | ClientView::Unknown(_)) => return Ok(Gathered::Nothing),
    };
    let secret_name = match (ledger.entry(), &client) {
        (Some(entry), _) => entry.secret_name.clone(),
        (None, ClientView::Present(client)) => publication::secret_name(&subject.client.name, &client.spec),
        (None, ClientView::Gone { .. } | ClientView::Unknown(_)) => return Ok(Gathered::Nothing),
    };
    let (secret, secret_hidden) = match secret(cluster, subject, closed.as_ref(), &secret_name).await? {
        Ok(found) => (found, None),
        Err(_) if is_gone(&client) && namespace_is_gone(cluster, subject).await => (None, None),
        Err(why) => (None, Some(why)),
    };
    if let Some(why) = &secret_hidden
        && closed.is_none()
        && !is_gone(&client)
    {
        not_read.get_or_insert(why.clone());
    }
    let given = given(cluster, subject, closed.as_ref(), &client).await?;
    if let LedgerView::Held { entry, version, .. } = &ledger
        && !matches!(&client, ClientView::Present(client) if is_published(client, entry, secret.as_ref()))
        && !is_still(cluster.ledger(subject).await?, version)
    {
        return Ok(Gathered::Torn);
    }
    let (server, connection) = world.server(&server_key);
    if let Some(limit) = connection
        .as_ref()
        .and_then(|way| SignedDuration::try_from(way.call_limit).ok())
    {
        here.timing.call_limit = limit;
        // Nothing that another process may still send arrives after late deliveries are over.
        let at_least = here.timing.take_over_after() + SignedDuration::from_secs(60);
        here.timing.late_delivery = here.timing.late_delivery.max(at_least);
    }
    let state = State {
        now: world.now(),
        here,
        subject: subject.clone(),
        client,
        namespace: NamespaceView {
            closed,
            ..world.namespace(&subject.client.namespace)
        },
        server,
        ledger,
        secret,
        secret_hidden,
        given,
        seen: world.seen(subject),
        pass: Pass {
            refusal: not_read.map(|why| (Written::NotRead, Refusal::Denied(why))),
            ..Pass::default()
        },
    };
    Ok(Gathered::Whole(Box::new(state), connection))
}

/// The client of a subject, or the proof that it is gone. `None`: there is neither a client nor a record of one.
async fn client(
    cluster: &dyn Cluster,
    subject: &Subject,
    ledger: &LedgerView,
) -> Result<Option<ClientView>, Unread> {
    let found = cluster.client(&subject.client).await?;
    Ok(match (found, ledger.entry()) {
        // A new client, or another object of that name: is this still the namespace that the subject means?
        (Some(client), entry) if entry.is_none_or(|entry| entry.owner != client.uid) => {
            match (in_its_namespace(cluster, subject, client).await?, entry) {
                (ClientView::Present(client), _) => Some(ClientView::Present(client)),
                (_, None) => None,
                (gone, Some(_)) => Some(gone),
            }
        }
        (Some(client), _) => Some(ClientView::Present(Box::new(client))),
        (None, Some(entry)) => Some(cluster.presence(&subject.client, &entry.owner).await),
        (None, None) => None,
    })
}

/// The Secret of a client, or why it cannot be seen, which only a person can mend. Where the operator has nothing to do it
/// reads no Secret.
async fn secret(
    cluster: &dyn Cluster,
    subject: &Subject,
    closed: Option<&Closed>,
    name: &str,
) -> Result<Result<Option<FoundSecret>, String>, Unread> {
    if let Some(closed) = closed {
        return Ok(Err(closed.why().to_owned()));
    }
    match cluster.secret(&subject.client.namespace, name).await {
        Ok(found) => Ok(Ok(found)),
        Err(unread) if unread.denied => Ok(Err(unread.why)),
        Err(unread) => Err(unread),
    }
}

/// The client secret that the spec refers to.
async fn given(
    cluster: &dyn Cluster,
    subject: &Subject,
    closed: Option<&Closed>,
    client: &ClientView,
) -> Result<GivenSecret, Unread> {
    let ClientView::Present(client) = client else {
        return Ok(GivenSecret::NotAsked);
    };
    let Some(wanted) = &client.spec.client_secret_ref else {
        return Ok(GivenSecret::NotAsked);
    };
    Ok(match secret(cluster, subject, closed, &wanted.name).await? {
        Ok(found) => GivenSecret::of(wanted, found.as_ref()),
        Err(why) => GivenSecret::Missing(why),
    })
}

fn is_gone(client: &ClientView) -> bool {
    matches!(client, ClientView::Gone { .. })
}

/// Whether the namespace that the subject means is gone, and so all that was in it.
async fn namespace_is_gone(cluster: &dyn Cluster, subject: &Subject) -> bool {
    let there = cluster.namespace_uid(&subject.client.namespace).await;
    there.is_ok_and(|uid| uid.as_ref() != Some(&subject.namespace_uid))
}

/// The client, if the subject's namespace is the one it lives in. A namespace that was made again has emptied the first
/// one: there the subject's client is gone, whoever is there under its name by now.
async fn in_its_namespace(
    cluster: &dyn Cluster,
    subject: &Subject,
    client: ClientObject,
) -> Result<ClientView, Unread> {
    let before = cluster.served_crd().await?;
    let namespace = cluster.namespace_uid(&subject.client.namespace).await?;
    if namespace.as_ref() == Some(&subject.namespace_uid) {
        return Ok(ClientView::Present(Box::new(client)));
    }
    let after = cluster.served_crd().await?;
    Ok(match namespace {
        Some(_) if before == after => ClientView::Gone { crd_uid: after },
        Some(_) => ClientView::Unknown("the CRD of OAuthClient was made again".to_owned()),
        None => ClientView::Unknown("the namespace is not there any more".to_owned()),
    })
}

/// Whether the Secret needs no write. Where it needs one, its version alone does not protect it: it may be newer than
/// the record that was read before it.
fn is_published(client: &ClientObject, entry: &LedgerEntry, secret: Option<&FoundSecret>) -> bool {
    publication::wanted(client, entry)
        .zip(secret)
        .is_some_and(|(wanted, found)| found.holds(&wanted))
}

fn is_still(ledger: LedgerRead, version: &Version) -> bool {
    matches!(ledger, LedgerRead::Held(_, now) if now == *version)
}
