//! How a server stands: what its status says, and the objects that it needs.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::metrics::Counts;
use crate::api::{
    ANNOTATION_RELEASE_HELD_DELETIONS, CapabilitiesStatus, ChosenBy, ClientCounts, ConditionStatus,
    OverlapKind, ProviderType, ServerCondition, ServerReason, ServerStatus,
};
use crate::cluster::servers::{self, Lack, Source, SourceKind, values};
use crate::cluster::{About, ApiServer, News, Recorder, Unread};
use crate::model::{self, Capabilities, Denial, Fault, Overlap, Refusal, ServerKey, Uid};
use crate::provider::connect::{Needed, NeededKind, Secrets};

/// Whether a server can be used, as last tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It answers and takes our credential.
    Good,
    /// It refuses our credential, or a right.
    Denied(Denial, String),
    /// It does not answer.
    Unreachable(String),
}

/// Something that a connection needs and does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// Why, as one word.
    pub reason: ServerReason,
    /// What is wrong, and whose move it is.
    pub message: String,
    /// Whether to try again soon: it could not be read, which says nothing.
    pub retry: bool,
}

/// How a server stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// What it lacks.
    pub lacking: Option<Lacking>,
    /// How it answers; `None` until it was tried.
    pub health: Option<Health>,
    /// All calls are stopped.
    pub suspended: bool,
    /// Its clients.
    pub counts: Counts,
    /// Its kind.
    pub provider_type: Option<ProviderType>,
    /// What it can do.
    pub capabilities: Option<Capabilities>,
}

impl Standing {
    /// Whether clients can be registered.
    pub fn is_ready(&self) -> bool {
        self.lacking.is_none() && !self.suspended && self.health == Some(Health::Good)
    }

    fn conditions(&self, name: &str) -> Vec<servers::Standing> {
        use ConditionStatus::{False, True, Unknown};
        use ServerCondition::{Authenticated, Reachable, Ready};
        let condition = |condition, status, reason, message: &str| servers::Standing {
            condition,
            status,
            reason,
            message: message.to_owned(),
        };
        if let Some(lacking) = &self.lacking {
            return vec![condition(Ready, False, lacking.reason, &lacking.message)];
        }
        if self.suspended {
            let message = "spec.suspend is set: nothing is called until it is cleared";
            return vec![condition(Ready, False, ServerReason::Suspended, message)];
        }
        match &self.health {
            None => vec![condition(Ready, Unknown, ServerReason::Pending, "not tried yet")],
            Some(Health::Good) => vec![
                condition(Ready, True, ServerReason::Ready, "clients can be registered"),
                condition(
                    Reachable,
                    True,
                    ServerReason::Reachable,
                    "the management API answers",
                ),
                condition(
                    Authenticated,
                    True,
                    ServerReason::Authenticated,
                    "the credential is accepted",
                ),
            ],
            Some(Health::Denied(denial, why)) => {
                let (cure, authenticated) = match denial {
                    Denial::Credential => (
                        "mend the credential",
                        condition(Authenticated, False, ServerReason::ServerDenied, why),
                    ),
                    Denial::Right => (
                        "grant the right",
                        condition(
                            Authenticated,
                            True,
                            ServerReason::Authenticated,
                            "the credential is accepted",
                        ),
                    ),
                };
                let message = format!(
                    "{name} {}. Platform team: {cure}. The operator asks again at least every 10 minutes, and at once when the \
                     credential Secret or this object changes.",
                    Fault::Denied(*denial, why.clone())
                );
                vec![
                    condition(Ready, False, ServerReason::ServerDenied, &message),
                    condition(
                        Reachable,
                        True,
                        ServerReason::Reachable,
                        "the management API answers",
                    ),
                    authenticated,
                ]
            }
            Some(Health::Unreachable(why)) => {
                let message = format!(
                    "{name} {why}. Clients that are settled stay as they are. The operator asks again \
                     at least once a minute. Platform team: if it lasts, look at the server, its address and the way there."
                );
                vec![
                    condition(Ready, False, ServerReason::Unreachable, &message),
                    condition(Reachable, False, ServerReason::Unreachable, &message),
                ]
            }
        }
    }

    /// The status of the server object `name`, whose status was `old`.
    pub fn status(&self, name: &str, generation: i64, old: Option<&ServerStatus>) -> ServerStatus {
        let before = old.map(|old| old.conditions.as_slice()).unwrap_or_default();
        let mut conditions = self.conditions(name);
        conditions.extend(self.held(name, before));
        ServerStatus {
            observed_generation: Some(generation),
            conditions: servers::conditions(before, &conditions, generation, Timestamp::now()),
            provider_type: self.provider_type,
            capabilities: self.capabilities.as_ref().map(described),
            clients: Some(ClientCounts {
                registered: self.counts.registered,
                blocked: self.counts.blocked,
                pending_deletion: self.counts.pending_deletion,
                held_deletion: self.counts.held_deletion,
            }),
        }
    }
}

impl Standing {
    /// Told while deletions are held, and from then on that none are.
    fn held(&self, name: &str, before: &[Condition]) -> Option<servers::Standing> {
        let condition = ServerCondition::DeletionsHeld;
        let count = self.counts.held_deletion;
        let told = || before.iter().any(|old| old.type_ == condition.as_str());
        let (status, reason, message) = if count > 0 {
            let message = format!(
                "{count} deletions are held, as more clients were deleted within 10 minutes than deletion.maxBurst. Platform \
                 team: if they are not wanted any more, give the annotation {ANNOTATION_RELEASE_HELD_DELETIONS} of {name} a \
                 new value; else apply them again, and they keep their credentials."
            );
            (ConditionStatus::True, ServerReason::BurstExceeded, message)
        } else if told() {
            let message = "no deletion is held".to_owned();
            (ConditionStatus::False, ServerReason::NoneHeld, message)
        } else {
            return None;
        };
        Some(servers::Standing {
            condition,
            status,
            reason,
            message,
        })
    }
}

fn described(capabilities: &Capabilities) -> CapabilitiesStatus {
    CapabilitiesStatus {
        client_id_chosen_by: match capabilities.client_id {
            model::ChosenBy::Caller => ChosenBy::Caller,
            model::ChosenBy::Server => ChosenBy::Server,
        },
        secret_readable: capabilities.secret_readable,
        overlap: match capabilities.overlap {
            Overlap::None => OverlapKind::None,
            Overlap::TwoSlots(_) => OverlapKind::TwoSlots,
            Overlap::SecondClient => OverlapKind::SecondClient,
        },
        client_id_stable: capabilities.client_id_stable,
        can_disable: capabilities.can_disable,
        can_verify: capabilities.can_verify,
    }
}

/// Reads what servers need, and writes how they stand.
pub struct ServerObjects {
    api: ApiServer,
    recorder: Recorder,
    /// The operator's namespace, where the credentials of the cluster kind are.
    pub namespace: String,
}

impl ServerObjects {
    /// Through this API server. Events tell `instance` as their reporter.
    pub fn new(api: ApiServer, namespace: &str, instance: &str) -> Self {
        Self {
            api,
            recorder: Recorder::new(instance),
            namespace: namespace.to_owned(),
        }
    }

    /// The values of the objects that a server needs.
    pub async fn read(&self, server: &ServerKey, needed: &[Needed]) -> Result<Secrets, Lacking> {
        let namespace = server.namespace.as_deref().unwrap_or(&self.namespace);
        let mut secrets = Secrets::new();
        for needed in needed {
            let kind = match needed.kind {
                NeededKind::Secret => SourceKind::Secret,
                NeededKind::ConfigMap => SourceKind::ConfigMap,
            };
            let source = Source {
                kind,
                name: needed.name.clone(),
            };
            let found = values(&self.api, namespace, &source, &needed.keys)
                .await
                .map_err(|why| unread(&why))?;
            let values = found.map_err(|lack| lacking(namespace, &lack))?;
            secrets.insert(needed.id(), values.data);
        }
        Ok(secrets)
    }

    /// The status that a server object has now.
    pub async fn status(&self, key: &ServerKey) -> Result<Option<ServerStatus>, String> {
        servers::status(&self.api, key).await.map_err(|unread| unread.why)
    }

    /// Sends Events about a server object.
    pub async fn tell(&self, key: &ServerKey, uid: &Uid, news: &[News]) {
        let _lost = self
            .recorder
            .tell(&self.api, &About::server(key, uid), news)
            .await;
    }

    /// Writes how a server stands if that is news; what is in the status then.
    pub async fn report(
        &self,
        key: &ServerKey,
        uid: &Uid,
        generation: i64,
        old: Option<&ServerStatus>,
        standing: &Standing,
    ) -> Result<ServerStatus, Refusal> {
        let new = standing.status(&key.name, generation, old);
        servers::report(&self.api, key, uid, old, &new).await?;
        Ok(new)
    }
}

fn unread(why: &Unread) -> Lacking {
    Lacking {
        reason: ServerReason::CredentialMissing,
        message: format!(
            "what the connection needs could not be read: {why}. The operator looks again every 15 seconds."
        ),
        retry: true,
    }
}

fn lacking(namespace: &str, lack: &Lack) -> Lacking {
    let reason = match lack {
        Lack::NotLabelled(_) => ServerReason::CredentialNotLabelled,
        Lack::Missing(_) | Lack::KeyMissing { .. } => ServerReason::CredentialMissing,
    };
    let message = format!(
        "{lack} (namespace {namespace}). Platform team: mend it. The operator looks again every 15 seconds."
    );
    Lacking {
        reason,
        message,
        retry: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_lacks_something_says_nothing_of_its_reachability() {
        let lacking = Lacking {
            reason: ServerReason::CredentialMissing,
            message: "m".into(),
            retry: false,
        };
        let standing = Standing {
            lacking: Some(lacking),
            health: Some(Health::Good),
            ..Standing::default()
        };
        let found = standing.conditions("corp");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].reason, ServerReason::CredentialMissing);
        assert!(!standing.is_ready());
    }

    #[test]
    fn a_credential_that_is_not_known_and_one_that_lacks_a_right_are_told_apart() {
        let cases = [
            (
                Denial::Credential,
                "401 Unauthorized for the check",
                "False ServerDenied",
            ),
            (Denial::Right, "403 Forbidden for the check", "True Authenticated"),
        ];
        for (denial, why, authenticated) in cases {
            let standing = Standing {
                health: Some(Health::Denied(denial, why.into())),
                ..Standing::default()
            };
            let found = standing.conditions("corp");
            let reads = |on| {
                let found = found.iter().find(|standing| standing.condition == on).unwrap();
                format!("{} {}", found.status, found.reason)
            };
            assert_eq!(reads(ServerCondition::Reachable), "True Reachable");
            assert_eq!(reads(ServerCondition::Authenticated), authenticated);
            assert_eq!(reads(ServerCondition::Ready), "False ServerDenied");
            let message = &found[0].message;
            assert!(
                message.contains(why) && message.contains("at least every 10 minutes"),
                "{message}"
            );
        }
    }
}
