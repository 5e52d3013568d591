//! Fills a report in from what is known and what stands in the way.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Condition, Effective, Happening, Obstacle, Report, RotationState, Status, names};
use crate::api::{ClientCondition, ClientReason, ConditionStatus};
use crate::model::ledger::{LedgerEntry, Registration};
use crate::model::publication;
use crate::model::state::{ClientObject, ServerView, State};
use crate::model::step::Verification;

/// Writes the report of a client from what is known and what, if anything, is in the way.
pub fn report(
    state: &State,
    client: &ClientObject,
    obstacle: Option<&Obstacle>,
    next_rotation: Option<Timestamp>,
) -> Report {
    let entry = state.ledger.entry().filter(|entry| entry.owner == client.uid);
    let mut sheet = Sheet {
        client,
        now: whole_seconds(state.now),
        conditions: BTreeMap::new(),
    };

    sheet.accepted(obstacle);
    sheet.registered(entry, obstacle);
    sheet.secret_published(state, entry, obstacle);
    sheet.verified(state, entry);
    sheet.rotating(entry, obstacle);
    sheet.ready(entry, obstacle);
    if let Some(obstacle) = obstacle.filter(|obstacle| obstacle.stalled) {
        sheet.set(
            ClientCondition::Stalled,
            ConditionStatus::True,
            obstacle.reason,
            obstacle.message.clone(),
        );
    }

    let current = entry.and_then(|entry| entry.current.as_ref());
    let status = Status {
        observed_generation: Some(client.generation),
        conditions: sheet.conditions,
        client_id: current.map(|current| current.credential.client_id.clone()),
        client_name: current.map(|current| current.name.clone()),
        binding: current.and(entry).map(|entry| entry.secret_name.clone()),
        effective: current.zip(entry).map(|(current, entry)| Effective {
            grant_types: current.told.grant_types.iter().flatten().cloned().collect(),
            scopes: current.told.scopes.iter().flatten().cloned().collect(),
            token_endpoint_auth_method: current.told.token_endpoint_auth_method.clone(),
            access_token_validity_seconds: current.told.access_token_validity_seconds,
            removal: Some(entry.removal),
        }),
        rotation: current
            .and(entry)
            .and_then(|entry| rotation_state(entry, next_rotation)),
    }
    .fitted();
    let mut happenings = state.pass.happenings.clone();
    if let Some(obstacle) = obstacle
        && is_news(client, obstacle)
    {
        happenings.push(Happening::Blocked {
            reason: obstacle.reason,
            message: obstacle.message.clone(),
        });
    }
    if state.pass.verification == Some(Verification::TokenIssued)
        && client
            .status
            .conditions
            .get(&ClientCondition::Verified)
            .is_none_or(|old| {
                old.status != ConditionStatus::True || client.status.client_id != status.client_id
            })
    {
        happenings.push(Happening::CredentialVerified);
    }
    Report { status, happenings }
}

/// Writes the report of a client whose record or Secret Kubernetes does not let the operator read or keep: what was said
/// before still stands as far as it is known, and a person must act.
pub fn impeded(state: &State, client: &ClientObject, message: &str) -> Report {
    let obstacle = Obstacle {
        on: ClientCondition::Stalled,
        reason: ClientReason::WriteDenied,
        message: message.to_owned(),
        stalled: true,
    };
    let mut sheet = Sheet {
        client,
        now: whole_seconds(state.now),
        conditions: client.status.conditions.clone(),
    };
    let entry = state.ledger.entry().filter(|entry| entry.owner == client.uid);
    // A client that was found gone has lost its credential, whatever was said of it before.
    let has_all = client.status.observed_generation == Some(client.generation)
        && entry.is_none_or(|entry| entry.current.is_some())
        && sheet
            .conditions
            .get(&ClientCondition::Ready)
            .is_some_and(|ready| ready.status == ConditionStatus::True);
    let mut on = vec![(ClientCondition::Stalled, ConditionStatus::True)];
    on.extend((!has_all).then_some((ClientCondition::Ready, ConditionStatus::False)));
    for (on, status) in on {
        sheet.set(on, status, obstacle.reason, obstacle.message.clone());
    }
    let mut happenings = state.pass.happenings.clone();
    happenings.extend(is_news(client, &obstacle).then(|| Happening::Blocked {
        reason: obstacle.reason,
        message: obstacle.message.clone(),
    }));
    Report {
        status: Status {
            observed_generation: Some(client.generation),
            conditions: sheet.conditions,
            ..client.status.clone()
        }
        .fitted(),
        happenings,
    }
}

/// An obstacle is told once per generation and reason, and only if a person must act or it lasts.
fn is_news(client: &ClientObject, obstacle: &Obstacle) -> bool {
    let told = |condition: &Condition| {
        condition.reason == obstacle.reason && condition.observed_generation == client.generation
    };
    !client.status.conditions.get(&obstacle.on).is_some_and(told)
        && !matches!(
            obstacle.reason,
            ClientReason::Reconciling | ClientReason::Suspended
        )
}

fn rotation_state(entry: &LedgerEntry, next_rotation: Option<Timestamp>) -> Option<RotationState> {
    let state = RotationState {
        last_handled_trigger: entry.served.annotation.clone(),
        last_rotation: entry.served.rotated_at.map(whole_seconds),
        next_rotation: next_rotation.map(whole_seconds),
        overlap_end: entry
            .previous
            .as_ref()
            .and_then(|previous| previous.retire_at)
            .map(whole_seconds),
        previous_client_id: entry
            .previous
            .as_ref()
            .map(|previous| previous.registration.credential.client_id.clone()),
        credential_expiration: entry
            .current
            .as_ref()
            .and_then(|current| current.secret_expires_at)
            .map(whole_seconds),
    };
    (state != RotationState::default()).then_some(state)
}

fn cannot_verify(state: &State) -> bool {
    matches!(&state.server, ServerView::Ready(server) if !server.capabilities.can_verify)
}

/// A status holds whole seconds, as the API server would cut the rest and the next comparison would differ.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The conditions as they are written, one after the other.
struct Sheet<'a> {
    client: &'a ClientObject,
    now: Timestamp,
    conditions: BTreeMap<ClientCondition, Condition>,
}

impl Sheet<'_> {
    fn set(&mut self, on: ClientCondition, status: ConditionStatus, reason: ClientReason, message: String) {
        let since = self
            .client
            .status
            .conditions
            .get(&on)
            .filter(|old| old.status == status)
            .map_or(self.now, |old| old.since);
        let observed_generation = self.client.generation;
        self.conditions.insert(
            on,
            Condition {
                status,
                reason,
                message,
                since,
                observed_generation,
            },
        );
    }

    fn blocked(&mut self, on: ClientCondition, obstacle: Option<&Obstacle>) -> bool {
        let Some(obstacle) = obstacle.filter(|obstacle| obstacle.on == on) else {
            return false;
        };
        let status = match obstacle.reason {
            ClientReason::OutcomeUnknown => ConditionStatus::Unknown,
            _ => ConditionStatus::False,
        };
        self.set(on, status, obstacle.reason, obstacle.message.clone());
        true
    }

    fn accepted(&mut self, obstacle: Option<&Obstacle>) {
        if self.blocked(ClientCondition::Accepted, obstacle) {
            return;
        }
        // What comes before the server's rules are looked at. What was said of them before still stands.
        let undecided = obstacle.is_some_and(|obstacle| {
            matches!(
                obstacle.reason,
                ClientReason::WaitingForServer | ClientReason::ServerMoved | ClientReason::SecretNameTaken
            )
        });
        if undecided {
            let before = self.client.status.conditions.get(&ClientCondition::Accepted);
            let before = before.cloned().map(|before| (ClientCondition::Accepted, before));
            self.conditions.extend(before);
        } else {
            let message = format!("{} takes this client", self.client.spec.server_ref.name);
            self.set(
                ClientCondition::Accepted,
                ConditionStatus::True,
                ClientReason::Accepted,
                message,
            );
        }
    }

    fn registered(&mut self, entry: Option<&LedgerEntry>, obstacle: Option<&Obstacle>) {
        if self.blocked(ClientCondition::Registered, obstacle) {
            return;
        }
        let Some((entry, current)) = entry.and_then(|entry| entry.current.as_ref().map(|c| (entry, c)))
        else {
            return;
        };
        let server = &entry.server.name;
        let dropped = current.asked.differences(&current.told);
        if dropped.is_empty() {
            let message = format!("registered at {server} as {}", current.name);
            self.set(
                ClientCondition::Registered,
                ConditionStatus::True,
                ClientReason::Registered,
                message,
            );
        } else {
            let message = format!(
                "{server} has something else than the spec asks for in: {}. Application team: change the spec to \
                 what {server} takes; nothing is tried again until then.",
                names(&dropped)
            );
            self.set(
                ClientCondition::Registered,
                ConditionStatus::False,
                ClientReason::NotHonoured,
                message,
            );
        }
    }

    fn secret_published(&mut self, state: &State, entry: Option<&LedgerEntry>, obstacle: Option<&Obstacle>) {
        if self.blocked(ClientCondition::SecretPublished, obstacle) {
            return;
        }
        let Some(entry) = entry else { return };
        if state.namespace.closed.is_some() {
            // Its Secrets are not read any more; what was said of this one is the last that is known.
            let on = ClientCondition::SecretPublished;
            self.conditions.extend(
                self.client
                    .status
                    .conditions
                    .get(&on)
                    .map(|told| (on, told.clone())),
            );
            return;
        }
        let published = publication::wanted(self.client, entry)
            .is_some_and(|wanted| state.secret.as_ref().is_some_and(|found| found.holds(&wanted)));
        if published {
            let message = format!("Secret {} holds the credential", entry.secret_name);
            self.set(
                ClientCondition::SecretPublished,
                ConditionStatus::True,
                ClientReason::Published,
                message,
            );
        }
    }

    fn verified(&mut self, state: &State, entry: Option<&LedgerEntry>) {
        let on = ClientCondition::Verified;
        match &state.pass.verification {
            Some(Verification::TokenIssued) => {
                let message = "a token was issued for the published credential".to_owned();
                self.set(on, ConditionStatus::True, ClientReason::TokenIssued, message);
            }
            Some(Verification::Rejected(why)) => {
                let message = format!("the token endpoint refused the published credential: {why}");
                self.set(on, ConditionStatus::False, ClientReason::Rejected, message);
            }
            Some(Verification::Unknown(why)) => {
                let message = format!("the token endpoint could not be asked: {why}");
                self.set(on, ConditionStatus::Unknown, ClientReason::NotVerified, message);
            }
            None if cannot_verify(state) && entry.is_some_and(|entry| entry.current.is_some()) => {
                let message = "the server gives no way to try a credential".to_owned();
                self.set(on, ConditionStatus::Unknown, ClientReason::NotSupported, message);
            }
            // What was proven of this very credential stays proven.
            None => {
                let current = entry.and_then(|entry| entry.current.as_ref());
                let named =
                    |current: &Registration| self.client.status.has_client_id(&current.credential.client_id);
                let same = !state.pass.unproven
                    && current.is_some_and(named)
                    && entry.and_then(|entry| entry.served.rotated_at).map(whole_seconds)
                        == self
                            .client
                            .status
                            .rotation
                            .as_ref()
                            .and_then(|rotation| rotation.last_rotation);
                if let Some(old) = self.client.status.conditions.get(&on).filter(|_| same) {
                    self.conditions.insert(on, old.clone());
                }
            }
        }
    }

    fn rotating(&mut self, entry: Option<&LedgerEntry>, obstacle: Option<&Obstacle>) {
        let on = ClientCondition::Rotating;
        if self.blocked(on, obstacle) {
            return;
        }
        let Some(entry) = entry else { return };
        if let Some(previous) = &entry.previous {
            let until = previous.retire_at.map_or_else(
                || {
                    "until the new one is published and proven (at most an hour where the token endpoint cannot be asked), \
                     and then for the overlap"
                        .to_owned()
                },
                |until| format!("until {until:.0}"),
            );
            let message = format!("the previous credential works {until}; restart consumers before then");
            self.set(on, ConditionStatus::True, ClientReason::Overlap, message);
        } else if let Some(at) = entry.served.rotated_at {
            let message = format!("the last rotation was completed at {at:.0}");
            self.set(on, ConditionStatus::False, ClientReason::Completed, message);
        }
    }

    fn ready(&mut self, entry: Option<&LedgerEntry>, obstacle: Option<&Obstacle>) {
        let on = ClientCondition::Ready;
        // A rotation that cannot be done leaves a credential that works.
        if let Some(obstacle) = obstacle.filter(|obstacle| obstacle.on != ClientCondition::Rotating) {
            self.set(
                on,
                ConditionStatus::False,
                obstacle.reason,
                obstacle.message.clone(),
            );
            return;
        }
        let lacking = [ClientCondition::Registered, ClientCondition::SecretPublished]
            .into_iter()
            .find(|on| {
                self.conditions
                    .get(on)
                    .is_none_or(|found| found.status != ConditionStatus::True)
            });
        match (lacking.map(|on| self.conditions.get(&on).cloned()), entry) {
            (None, Some(entry)) => {
                let message = format!(
                    "registered at {}; the credential is in Secret {}",
                    entry.server.name, entry.secret_name
                );
                self.set(on, ConditionStatus::True, ClientReason::Ready, message);
            }
            (Some(Some(lacking)), _) => {
                self.set(on, ConditionStatus::False, lacking.reason, lacking.message);
            }
            (Some(None), _) | (None, None) => {
                let message = "the operator is at work".to_owned();
                self.set(on, ConditionStatus::False, ClientReason::Reconciling, message);
            }
        }
    }
}
