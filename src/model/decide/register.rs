//! The registration of a client that has none.

use rand::CryptoRng;

use super::case::{Case, Flow, Trouble, attempt, go, record};
use super::{claim, entry::secret_owned, intent, keep, own_access};
use crate::api::{ClientCondition, ClientReason};
use crate::model::access::Desired;
use crate::model::capabilities::{ChosenBy, ScopeModel};
use crate::model::ledger::{Candidate, Chosen, Intent, LedgerEntry, Operation, Scheduled, Served, Trace};
use crate::model::metadata::{ClientMetadata, Marker};
use crate::model::names::{generated_name, owner_hash, random_id};
use crate::model::publication::secret_name;
use crate::model::report::Obstacle;
use crate::model::state::Server;
use crate::model::step::{Call, Query, Quota, Request, Step};

/// Registers the client: the Secret must be publishable and the scopes there; then the intent is recorded and,
/// in the next step, the call is sent.
pub(super) fn first(case: &Case, server: &Server, desired: &Desired, rng: &mut dyn CryptoRng) -> Flow {
    if case.current().is_some() {
        return Ok(());
    }
    let entry = match case.entry() {
        Some(entry) => entry.clone(),
        None => blank(case, server, desired, rng),
    };
    admitted(case, server, &entry, desired)?;
    keep::rehearse(case, &entry)?;
    scopes_there(case, server, &desired.metadata, Trouble::Spec)?;
    let candidate = candidate(case, &entry, server, desired, rng)?;
    if candidate.trace == Trace::ExactName {
        claim::free(case, server, &candidate)?;
    }
    if intent::is_anybodys(&entry, &candidate) {
        name_free(case, server, &entry, &candidate)?;
    }
    begin(case, server, entry, candidate, None, rng)
}

/// The rule that allows a client may allow a namespace only so many. What is still to be removed counts, or who makes
/// and deletes clients faster than the server removes them would have any number there.
fn admitted(case: &Case, server: &Server, entry: &LedgerEntry, desired: &Desired) -> Flow {
    let Some((at_most, rule)) = &desired.clients_at_most else {
        return Ok(());
    };
    match case.state.pass.admitted {
        Some(true) => Ok(()),
        None => go(Step::Admit(Quota::Clients {
            at_most: *at_most,
            own: u32::try_from(entry.obligations.len()).unwrap_or(u32::MAX),
        })),
        Some(false) => case.blocked_until(
            Obstacle {
                on: ClientCondition::Registered,
                reason: ClientReason::QuotaReached,
                message: format!(
                    "namespace {} has as many clients at {} as rule {rule} allows: {at_most}, with those that are still to \
                     be removed. Application team: delete one that is not needed, or ask the owner of {1}. Looked at again \
                     with growing pauses.",
                    case.state.subject.client.namespace, server.key.name
                ),
                stalled: true,
            },
            super::Wake::Backoff,
        ),
    }
}

/// Records the intent to register `candidate`; the call follows.
pub(super) fn begin(
    case: &Case,
    server: &Server,
    mut entry: LedgerEntry,
    candidate: Candidate,
    rotation: Option<crate::model::ledger::Rotation>,
    rng: &mut dyn CryptoRng,
) -> Flow {
    let operation = Operation::Register { candidate, rotation };
    let trouble = intent::trouble_of(&entry, &operation);
    own_access::few_are_lost(case, server, &entry, trouble)?;
    let attempt = attempt(case.state, rng, 0);
    let call = Some(attempt.id.clone());
    entry.next_number = entry.next_number.saturating_add(1);
    entry.intent = Some(Intent { operation, attempt });
    case.ask(&server.key, trouble, record(case.state, entry, call))
}

/// A candidate with every value that we choose, under the entry's next name.
pub(super) fn candidate(
    case: &Case,
    entry: &LedgerEntry,
    server: &Server,
    desired: &Desired,
    rng: &mut dyn CryptoRng,
) -> Flow<Candidate> {
    let capabilities = &server.capabilities;
    let (cluster, owner) = (&entry.cluster_id, &entry.owner);
    let number = entry.next_number;
    let generated = generated_name(
        &desired.client_name,
        cluster,
        owner,
        number,
        capabilities.name_limit,
    );
    let (client_id, anybodys) = match capabilities.client_id {
        // As unique as a generated name, and known before the call.
        ChosenBy::Caller => (
            Some(desired.client_id.clone().unwrap_or_else(|| generated.clone())),
            desired.client_id.is_some(),
        ),
        ChosenBy::Server => (None, desired.exact_name),
    };
    let trace = match (capabilities.can_look_up, capabilities.keeps_marker, anybodys) {
        (false, ..) => Trace::None,
        (true, true, _) => Trace::Marker,
        (true, false, true) => Trace::ExactName,
        (true, false, false) => Trace::GeneratedName,
    };
    let name = match (&client_id, trace) {
        // It is claimed by its name.
        (Some(id), Trace::ExactName) => id.clone(),
        (_, Trace::None) => desired.client_name.clone(),
        _ if desired.exact_name => desired.client_name.clone(),
        _ => generated,
    };
    Ok(Candidate {
        name,
        trace,
        marker: Marker {
            owner: owner_hash(cluster, owner),
            number,
            nonce: random_id(rng),
        },
        client_id,
        client_secret: case.secret_to_set(capabilities.client_secret, rng)?,
        metadata: desired.metadata.clone(),
    })
}

fn blank(case: &Case, server: &Server, desired: &Desired, rng: &mut dyn CryptoRng) -> LedgerEntry {
    LedgerEntry {
        cluster_id: case.state.here.cluster_id.clone(),
        crd_uid: case.state.here.crd_uid.clone(),
        subject: case.state.subject.clone(),
        owner: case.client.uid.clone(),
        chosen: Chosen::by(&case.client.spec),
        server: server.key.clone(),
        server_fingerprint: server.fingerprint.clone(),
        secret_name: secret_name(&case.state.subject.client.name, &case.client.spec),
        publication_id: random_id(rng),
        endpoints: server.endpoints.clone(),
        secret_owned: secret_owned(server, desired.removal),
        removal: desired.removal,
        removal_delay: server.deletion_delay,
        next_number: 1,
        current: None,
        previous: None,
        intent: None,
        recheck_at: None,
        served: Served::at_creation(case.client.rotate.clone()),
        schedule: Scheduled::kept(None, &case.client.spec, case.state.now),
        obligations: Vec::new(),
        held: None,
    }
}

/// An exact name, or a client id that the spec chose, can be anybody's, so it must be free before it is asked for.
fn name_free(case: &Case, server: &Server, entry: &LedgerEntry, candidate: &Candidate) -> Flow {
    match case.state.seen.as_ref().filter(|seen| seen.authoritative) {
        None => {
            let look = Step::Observe(Query::Attempted(Box::new(candidate.clone())));
            case.ask(&server.key, Trouble::Spec, look)
        }
        Some(seen) if seen.client.is_none() => Ok(()),
        Some(_) => case.blocked_until(taken(server, entry, candidate), super::Wake::Backoff),
    }
}

/// What the client would be known by is another one's.
pub(super) fn taken(server: &Server, entry: &LedgerEntry, candidate: &Candidate) -> Obstacle {
    let (what, field) = match &candidate.client_id {
        Some(id) if entry.chosen.client_id.is_some() => (format!("with client id {id}"), "clientID"),
        _ => (format!("named {}", candidate.name), "clientName"),
    };
    Obstacle {
        on: ClientCondition::Registered,
        reason: ClientReason::NameTaken,
        message: format!(
            "{} has a client {what} already, which is left alone. Application team: make this OAuthClient again with \
             another {field}. Looked at again with growing pauses.",
            server.key.name
        ),
        stalled: true,
    }
}

/// Where scopes are provisioned server-wide, all that are asked for must be there first.
pub(super) fn scopes_there(
    case: &Case,
    server: &Server,
    metadata: &ClientMetadata,
    trouble: Trouble,
) -> Flow {
    let ScopeModel::Provisioned {
        may_create,
        to_let_create,
    } = server.capabilities.scopes
    else {
        return Ok(());
    };
    let Some(wanted) = metadata.scopes.as_ref().filter(|scopes| !scopes.is_empty()) else {
        return Ok(());
    };
    let Some(there) = &case.state.pass.scopes else {
        return case.ask(&server.key, trouble, Step::Observe(Query::Scopes));
    };
    let missing: std::collections::BTreeSet<String> = wanted.difference(there).cloned().collect();
    if missing.is_empty() {
        return Ok(());
    }
    if may_create && !case.state.pass.scopes_provisioned {
        let provision = Call {
            attempt: None,
            request: Request::ProvisionScopes(missing),
        };
        return case.ask(&server.key, trouble, Step::Call(provision));
    }
    if let Some(fault) = &case.state.pass.fault {
        return case.in_trouble(&server.key, trouble, fault);
    }
    let named = missing.into_iter().collect::<Vec<_>>().join(", ");
    let name = &server.key.name;
    let cure = if may_create {
        format!("{name} did not provision it when asked. Platform team: look there")
    } else {
        let or = to_let_create.map_or_else(String::new, |setting| format!(", or {setting}"));
        format!("Platform team: provision it at {name}{or}; application team: remove it")
    };
    case.blocked_until(
        Obstacle {
            on: ClientCondition::Registered,
            reason: ClientReason::ScopeNotFound,
            message: format!(
                "scope {named} does not exist at {name}. {cure}. Looked at again with growing pauses."
            ),
            stalled: true,
        },
        super::Wake::Backoff,
    )
}
