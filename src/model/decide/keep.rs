//! The published Secret is kept true, whatever the server is doing.

use super::case::{Case, Flow, end, go};
use super::{Decision, Wake};
use crate::api::{self, ClientCondition, ClientReason};
use crate::model::access;
use crate::model::ledger::{Access, LedgerEntry, Registration};
use crate::model::metadata::Credential;
use crate::model::publication::{FoundSecret, Publication, secret_name, wanted};
use crate::model::report::Obstacle;
use crate::model::state::{Server, ServerView};
use crate::model::step::{Publish, PublishMode, Step};

/// Publishes the current credential where the Secret does not hold it.
pub(super) fn secret(case: &Case) -> Flow {
    let Some((entry, current)) = case.current().filter(|(_, current)| !current.is_to_be_enabled()) else {
        return Ok(());
    };
    let Some(wanted) = wanted(case.client, entry) else {
        return Ok(());
    };
    match &case.state.secret {
        None if is_beyond(case, current) => Ok(()),
        None => publish(wanted, PublishMode::Create),
        Some(found) if !found.is_of(entry) => {
            case.blocked_until(name_taken(&wanted.name, found), Wake::Backoff)
        }
        Some(found) if found.terminating => end(Decision::Blocked(Wake::Backoff)),
        Some(found) if found.holds(&wanted) => Ok(()),
        Some(found) if must_be_made_again(found, &wanted) => go(Step::Unpublish {
            uid: found.uid.clone(),
            version: found.version.clone(),
        }),
        Some(found) => publish(wanted, PublishMode::Apply(Box::new(found.clone()))),
    }
}

/// Says why the credential is not published, where the server gave it more than its rule allows.
pub(super) fn withheld(case: &Case, server: &Server) -> Flow {
    match (case.current(), &case.state.secret) {
        (Some((_, current)), None) if current.has_more_scopes() => {
            given(case, server, current).or_else(|beyond| case.blocked(beyond))
        }
        _ => Ok(()),
    }
}

/// Whether a credential that nobody has yet would bring more than a rule allows. Until the rules can be looked at it may.
fn is_beyond(case: &Case, current: &Registration) -> bool {
    current.has_more_scopes()
        && match &case.state.server {
            ServerView::Ready(server) => given(case, server, current).is_err(),
            ServerView::Missing(_) | ServerView::NotServed(_) | ServerView::NotReady(..) => true,
        }
}

fn given(case: &Case, server: &Server, current: &Registration) -> Result<(), Obstacle> {
    let key = &case.state.subject.client;
    access::given(key, case.client, &case.state.namespace, server, &current.told)
}

/// Before anything is minted: would the Secret be accepted?
pub(super) fn rehearse(case: &Case, entry: &LedgerEntry) -> Flow {
    let found = case.state.secret.as_ref();
    if let Some(found) = found.filter(|found| !found.is_of(entry)) {
        let name = secret_name(&case.state.subject.client.name, &case.client.spec);
        return case.blocked_until(name_taken(&name, found), Wake::Backoff);
    }
    if case.state.pass.rehearsed {
        return Ok(());
    }
    let mut entry = entry.clone();
    entry.current.get_or_insert_with(|| stand_in(case));
    match wanted(case.client, &entry) {
        None => Ok(()),
        Some(wanted) => publish(wanted, PublishMode::Rehearse(found.cloned().map(Box::new))),
    }
}

fn publish<T>(publication: Publication, mode: PublishMode) -> Flow<T> {
    go(Step::Publish(Box::new(Publish { publication, mode })))
}

/// Type and, of an immutable Secret, data cannot be changed.
fn must_be_made_again(found: &FoundSecret, wanted: &Publication) -> bool {
    found.secret_type != api::SECRET_TYPE_PUBLISHED || (found.immutable && !found.holds_data(wanted))
}

fn name_taken(name: &str, found: &FoundSecret) -> Obstacle {
    Obstacle {
        on: ClientCondition::SecretPublished,
        reason: ClientReason::SecretNameTaken,
        message: format!(
            "Secret {name} exists and is {}; it is left alone. Application team: {}make this OAuthClient again with \
             another spec.secret.name. Looked at again with growing pauses.",
            found.described_owner(),
            // Another client's Secret is in use.
            if found.other_client().is_some() {
                ""
            } else {
                "delete it, or "
            }
        ),
        stalled: true,
    }
}

/// Stands for the credential that does not exist yet in a dry run.
fn stand_in(case: &Case) -> Registration {
    Registration {
        handle: "dry-run".into(),
        name: "dry-run".into(),
        marker: None,
        credential: Credential {
            client_id: "dry-run".into(),
            client_secret: None,
        },
        asked: crate::model::metadata::ClientMetadata::default(),
        told: crate::model::metadata::ClientMetadata::default(),
        registered_at: case.state.now,
        as_of: case.state.now,
        secret_expires_at: None,
        access: Access::Operator,
    }
}
