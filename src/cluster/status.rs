//! The status of an `OAuthClient` as the core has it and as the API server does. Times are whole seconds.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition as ApiCondition, Time};
use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, Resource};
use serde::Serialize;
use serde_json::json;

use super::MANAGER;
use super::apiserver::{ApiServer, Named};
use crate::api::{
    Binding, ClientCondition, ClientReason, ConditionStatus, DeletionPolicy, EffectiveSettings,
    OAuthClientStatus, RotationStatus,
};
use crate::model::{Condition, Effective, Refusal, Removal, RotationState, Scrub, Status, Uid};

/// The status to write. Its texts fit the schema by now: what is written must equal what the next report is compared with.
pub fn to_api(status: &Status) -> OAuthClientStatus {
    OAuthClientStatus {
        observed_generation: status.observed_generation,
        conditions: status
            .conditions
            .iter()
            .map(|(type_, condition)| ApiCondition {
                type_: type_.as_str().to_owned(),
                status: condition.status.as_str().to_owned(),
                reason: condition.reason.as_str().to_owned(),
                message: condition.message.clone(),
                last_transition_time: time(condition.since),
                observed_generation: Some(condition.observed_generation)
                    .filter(|generation| *generation != 0),
            })
            .collect(),
        client_id: status.client_id.clone(),
        client_name: status.client_name.clone(),
        binding: status.binding.clone().map(|name| Binding { name }),
        effective: status.effective.as_ref().map(effective_to_api),
        rotation: status.rotation.as_ref().map(|rotation| RotationStatus {
            last_handled_trigger: rotation.last_handled_trigger.clone(),
            last_rotation_time: rotation.last_rotation.map(time),
            next_rotation_time: rotation.next_rotation.map(time),
            overlap_end_time: rotation.overlap_end.map(time),
            previous_client_id: rotation.previous_client_id.clone(),
            credential_expiration_time: rotation.credential_expiration.map(time),
        }),
    }
}

fn effective_to_api(effective: &Effective) -> EffectiveSettings {
    EffectiveSettings {
        grant_types: list(&effective.grant_types),
        scopes: list(&effective.scopes),
        token_endpoint_auth_method: effective.token_endpoint_auth_method.clone(),
        access_token_validity_seconds: effective.access_token_validity_seconds.map(i64::from),
        refresh_token_validity_seconds: None,
        deletion_policy: effective.removal.map(|removal| match removal {
            Removal::Delete => DeletionPolicy::Delete,
            Removal::Disable => DeletionPolicy::Disable,
            Removal::Retain => DeletionPolicy::Retain,
        }),
    }
}

/// The status that was written last. A condition that this version does not know is left out, and so is written no
/// more the next time.
pub fn from_api(status: OAuthClientStatus) -> Status {
    Status {
        observed_generation: status.observed_generation,
        conditions: status.conditions.into_iter().filter_map(condition).collect(),
        client_id: status.client_id,
        client_name: status.client_name,
        binding: status.binding.map(|binding| binding.name),
        effective: status.effective.map(|effective| Effective {
            grant_types: effective.grant_types.unwrap_or_default(),
            scopes: effective.scopes.unwrap_or_default(),
            token_endpoint_auth_method: effective.token_endpoint_auth_method,
            access_token_validity_seconds: effective
                .access_token_validity_seconds
                .and_then(|seconds| u32::try_from(seconds).ok()),
            removal: effective.deletion_policy.map(|policy| match policy {
                DeletionPolicy::Delete => Removal::Delete,
                DeletionPolicy::Disable => Removal::Disable,
                DeletionPolicy::Retain => Removal::Retain,
            }),
        }),
        rotation: status.rotation.map(|rotation| RotationState {
            last_handled_trigger: rotation.last_handled_trigger,
            last_rotation: rotation.last_rotation_time.map(|time| time.0),
            next_rotation: rotation.next_rotation_time.map(|time| time.0),
            credential_expiration: rotation.credential_expiration_time.map(|time| time.0),
            overlap_end: rotation.overlap_end_time.map(|time| time.0),
            previous_client_id: rotation.previous_client_id,
        }),
    }
}

fn condition(condition: ApiCondition) -> Option<(ClientCondition, Condition)> {
    Some((
        ClientCondition::parse(&condition.type_)?,
        Condition {
            status: ConditionStatus::parse(&condition.status)?,
            reason: ClientReason::parse(&condition.reason)?,
            message: condition.message,
            since: condition.last_transition_time.0,
            observed_generation: condition.observed_generation.unwrap_or_default(),
        },
    ))
}

/// A time in whole seconds.
pub(super) fn time(time: Timestamp) -> Time {
    Time(Timestamp::from_second(time.as_second()).unwrap_or(time))
}

fn list(values: &[String]) -> Option<Vec<String>> {
    (!values.is_empty()).then(|| values.to_vec())
}

/// Replaces the status of the object with this UID.
///
/// By JSON patch, whose test of the UID is a real precondition: in a server-side apply to the status subresource the
/// API server ignores the UID, so that the status of an object that is gone would land on its successor. And what
/// others wrote into the status goes, and no concurrent change of anything else is a conflict.
pub(super) async fn replace<K>(
    server: &ApiServer,
    namespace: Option<&str>,
    name: &str,
    uid: &Uid,
    status: &impl Serialize,
) -> Result<(), Refusal>
where
    K: Resource<DynamicType = ()>,
{
    let resource = ApiResource::erase::<K>(&());
    let objects: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(server.client(), namespace, &resource),
        None => Api::all_with(server.client(), &resource),
    };
    let operations = json!([
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "add", "path": "/status", "value": status},
    ]);
    let operations = serde_json::from_value(operations)
        .map_err(|error| Refusal::Denied(format!("the status cannot be written: {error}")))?;
    let parameters = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let patch = Patch::Json::<()>(operations);
    let object = Named {
        group: &resource.group,
        resource: &resource.plural,
        name,
    };
    match server
        .call(|| objects.patch_status(name, &parameters, &patch))
        .await
    {
        Ok(_) => Ok(()),
        Err(failure) if failure.says_test_failed() => Err(Refusal::Stale),
        Err(failure) => Err(failure.refusal(object, &Scrub::default())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn full() -> Status {
        let conditions: BTreeMap<_, _> = ClientCondition::ALL
            .iter()
            .zip(ClientReason::ALL)
            .map(|(type_, reason)| {
                let condition = Condition {
                    status: ConditionStatus::Unknown,
                    reason: *reason,
                    message: format!("about {type_}"),
                    since: at(1_700_000_000),
                    observed_generation: 3,
                };
                (*type_, condition)
            })
            .collect();
        Status {
            observed_generation: Some(3),
            conditions,
            client_id: Some("id".to_owned()),
            client_name: Some("name".to_owned()),
            binding: Some("secret".to_owned()),
            effective: Some(Effective {
                grant_types: vec!["client_credentials".to_owned()],
                scopes: vec!["a".to_owned(), "b".to_owned()],
                token_endpoint_auth_method: Some("client_secret_basic".to_owned()),
                access_token_validity_seconds: Some(u32::MAX),
                removal: Some(Removal::Disable),
            }),
            rotation: Some(RotationState {
                last_handled_trigger: Some("2026".to_owned()),
                last_rotation: Some(at(1)),
                next_rotation: Some(at(2)),
                credential_expiration: Some(at(4)),
                overlap_end: Some(at(3)),
                previous_client_id: Some("before".to_owned()),
            }),
        }
    }

    fn round_trip(status: &Status) -> Status {
        let wire = serde_json::to_string(&to_api(status)).unwrap();
        from_api(serde_json::from_str(&wire).unwrap())
    }

    #[test]
    fn nothing_is_lost_on_the_way() {
        assert_eq!(round_trip(&full()), full());
        assert_eq!(round_trip(&Status::default()), Status::default());
        let hollow = Status {
            effective: Some(Effective::default()),
            rotation: Some(RotationState::default()),
            ..Status::default()
        };
        assert_eq!(round_trip(&hollow), hollow);
    }

    #[test]
    fn times_are_whole_seconds() {
        let mut status = full();
        let ready = status.conditions.get_mut(&ClientCondition::Ready).unwrap();
        ready.since = Timestamp::from_millisecond(1_700_000_000_999).unwrap();
        let found = round_trip(&status);
        let ready = &found.conditions[&ClientCondition::Ready];
        assert_eq!(ready.since, at(1_700_000_000));
    }

    #[test]
    fn what_another_version_wrote_does_no_harm() {
        let mut status = to_api(&full());
        status.conditions[0].type_ = "Later".to_owned();
        status.conditions[1].reason = "Later".to_owned();
        assert_eq!(from_api(status).conditions.len(), ClientCondition::ALL.len() - 2);
    }
}
