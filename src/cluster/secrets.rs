//! Secrets as the API server has them and as the core sees them.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use serde_json::{Map, Value, json};

use super::{LedgerRead, Unread};
use crate::api::{API_VERSION, LEDGER_KEY, SECRET_TYPE_LEDGER_ENTRY, SECRET_TYPE_PUBLISHED};
use crate::model::publication::MANAGED_BY_LABEL;
use crate::model::{
    Confidential, FoundSecret, LedgerEntry, Publication, Subject, Uid, Unreadable, Version, short_hash,
};

/// Label of ledger entries, for selection.
pub const LEDGER_LABEL: (&str, &str) = ("oauthclient.dev/ledger", "true");
/// Label of ledger entries with a hash of the server's kind, namespace and name, for selection.
pub const LEDGER_SERVER_LABEL: &str = "oauthclient.dev/server";

/// What a claim of an exact name is put behind, to be the key of a label.
const LEDGER_CLAIM_PREFIX: &str = "claim.oauthclient.dev/";

/// What selects the ledger entries with a claim.
pub(super) fn claim_selector(claim: &str) -> String {
    let (label, value) = LEDGER_LABEL;
    format!("{label}={value},{LEDGER_CLAIM_PREFIX}{claim}")
}

/// Value of [`LEDGER_SERVER_LABEL`] for the entries of a server.
pub fn server_label(server: &crate::model::ServerKey) -> String {
    let namespace = server.namespace.as_deref().unwrap_or_default();
    short_hash(&[server.kind(), namespace, &server.name], 40)
}

/// What the core needs to know of a Secret that is there.
pub(super) fn found(secret: Secret) -> Result<FoundSecret, Unread> {
    let metadata = secret.metadata;
    let (Some(name), Some(uid), Some(version)) = (metadata.name, metadata.uid, metadata.resource_version)
    else {
        return Err(Unread::new(
            "a Secret without name, UID or version was answered".to_owned(),
        ));
    };
    let mut data = BTreeMap::new();
    let mut not_text = BTreeSet::new();
    for (key, ByteString(bytes)) in secret.data.unwrap_or_default() {
        match String::from_utf8(bytes) {
            Ok(text) => {
                data.insert(key, Confidential::new(text));
            }
            Err(_) => {
                not_text.insert(key);
            }
        }
    }
    let owners = metadata
        .owner_references
        .unwrap_or_default()
        .into_iter()
        .map(|owner| (Uid(owner.uid), format!("{}/{}", owner.kind, owner.name)))
        .collect();
    Ok(FoundSecret {
        name,
        uid: Uid(uid),
        version: Version(version),
        secret_type: secret.type_.unwrap_or_default(),
        immutable: secret.immutable.unwrap_or_default(),
        terminating: metadata.deletion_timestamp.is_some(),
        data,
        not_text,
        labels: metadata.labels.unwrap_or_default(),
        annotations: metadata.annotations.unwrap_or_default(),
        owners,
    })
}

/// The Secret to create.
pub(super) fn to_create(namespace: &str, wanted: &Publication) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(wanted.name.clone()),
            namespace: Some(namespace.to_owned()),
            labels: Some(wanted.labels.clone()),
            annotations: Some(wanted.annotations.clone()),
            owner_references: wanted.owned.then(|| vec![owner(wanted)]),
            ..ObjectMeta::default()
        },
        type_: Some(SECRET_TYPE_PUBLISHED.to_owned()),
        data: Some(
            wanted
                .data
                .iter()
                .map(|(key, value)| (key.clone(), bytes(value)))
                .collect(),
        ),
        ..Secret::default()
    }
}

/// What turns exactly `seen` into what is wanted, as a strategic merge patch. UID and version are preconditions. In
/// this kind of patch the list of owners is merged by UID, so that others' references stay as they are, in full.
pub(super) fn to_change(wanted: &Publication, seen: &FoundSecret) -> Value {
    let outdated = seen.outdated_metadata(wanted);
    let metadata_of = |found: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>| {
        let gone = outdated.iter().filter(|key| found.contains_key(*key));
        gone.map(|key| (key.clone(), Value::Null))
            .chain(wanted.iter().map(|(key, value)| (key.clone(), json!(value))))
            .collect::<Map<_, _>>()
    };
    let mut metadata = json!({
        "uid": seen.uid,
        "resourceVersion": seen.version,
        "labels": metadata_of(&seen.labels, &wanted.labels),
        "annotations": metadata_of(&seen.annotations, &wanted.annotations),
    });
    match (seen.owners.contains_key(&wanted.owner.0), wanted.owned) {
        (false, true) => metadata["ownerReferences"] = json!([owner(wanted)]),
        (true, false) => {
            metadata["ownerReferences"] = json!([{"$patch": "delete", "uid": wanted.owner.0}]);
        }
        (true, true) | (false, false) => {}
    }
    let gone = seen.data.keys().chain(&seen.not_text);
    let data: Map<_, _> = gone
        .filter(|key| !wanted.data.contains_key(*key))
        .map(|key| (key.clone(), Value::Null))
        .chain(
            wanted
                .data
                .iter()
                .map(|(key, value)| (key.clone(), json!(bytes(value)))),
        )
        .collect();
    json!({"metadata": metadata, "type": SECRET_TYPE_PUBLISHED, "data": data})
}

/// No finalizer waits for the Secret, so nothing is blocked by it; and others may be the controller.
fn owner(wanted: &Publication) -> OwnerReference {
    let (uid, name) = &wanted.owner;
    OwnerReference {
        api_version: API_VERSION.to_owned(),
        kind: "OAuthClient".to_owned(),
        name: name.clone(),
        uid: uid.0.clone(),
        controller: Some(false),
        block_owner_deletion: None,
    }
}

fn bytes(value: &Confidential) -> ByteString {
    ByteString(value.expose().as_bytes().to_vec())
}

/// The Secret that holds a ledger entry. With a version it replaces exactly that one.
pub(super) fn of_entry(
    namespace: &str,
    subject: &Subject,
    entry: &LedgerEntry,
    replaces: Option<&Version>,
) -> Result<Secret, Unreadable> {
    let labels = [
        (MANAGED_BY_LABEL.0, MANAGED_BY_LABEL.1.to_owned()),
        (LEDGER_LABEL.0, LEDGER_LABEL.1.to_owned()),
        (LEDGER_SERVER_LABEL, server_label(&entry.server)),
    ];
    let claims = entry
        .claims()
        .into_iter()
        .map(|claim| (format!("{LEDGER_CLAIM_PREFIX}{claim}"), String::new()));
    let labels = labels
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .chain(claims);
    Ok(Secret {
        metadata: ObjectMeta {
            name: Some(subject.entry_name()),
            namespace: Some(namespace.to_owned()),
            labels: Some(labels.collect()),
            resource_version: replaces.map(|version| version.0.clone()),
            ..ObjectMeta::default()
        },
        type_: Some(SECRET_TYPE_LEDGER_ENTRY.to_owned()),
        data: Some([(LEDGER_KEY.to_owned(), bytes(&entry.encode()?))].into()),
        ..Secret::default()
    })
}

/// The ledger entry that a Secret holds. What is not one is unreadable, never absent.
pub(super) fn entry(subject: &Subject, secret: &Secret) -> LedgerRead {
    match decoded(secret) {
        Ok((entry, _)) if entry.subject != *subject => {
            LedgerRead::Unreadable(Unreadable::Malformed("it is about another client".to_owned()))
        }
        Ok((entry, version)) => LedgerRead::Held(Box::new(entry), version),
        Err(why) => LedgerRead::Unreadable(why),
    }
}

/// The entry and the version of a Secret of the ledger.
pub fn decoded(secret: &Secret) -> Result<(LedgerEntry, Version), Unreadable> {
    let malformed = |what: &str| Unreadable::Malformed(what.to_owned());
    if secret.type_.as_deref() != Some(SECRET_TYPE_LEDGER_ENTRY) {
        return Err(malformed("its Secret is not of the ledger's type"));
    }
    let version = secret
        .metadata
        .resource_version
        .clone()
        .ok_or_else(|| malformed("its Secret has no version"))?;
    let ByteString(bytes) = secret
        .data
        .as_ref()
        .and_then(|data| data.get(LEDGER_KEY))
        .ok_or_else(|| malformed("its Secret has no key \"entry\""))?;
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not text"))?;
    Ok((LedgerEntry::decode(text)?, Version(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn publication(owned: bool) -> Publication {
        Publication {
            name: "billing".to_owned(),
            data: [("client-id".to_owned(), Confidential::new("new"))].into(),
            labels: [("kept".to_owned(), "1".to_owned())].into(),
            annotations: BTreeMap::new(),
            owned,
            owner: ("uid-1".into(), "billing".to_owned()),
        }
    }

    fn seen() -> FoundSecret {
        let mut secret = to_create("payments", &publication(true));
        secret.metadata.uid = Some("uid-2".to_owned());
        secret.metadata.resource_version = Some("7".to_owned());
        secret.metadata.labels = Some([("gone", "1"), ("foreign", "1")].map(owned).into());
        secret.metadata.annotations = Some(
            [("oauthclient.dev/metadata-keys", "gone elsewhere kept")]
                .map(owned)
                .into(),
        );
        let data = secret.data.as_mut().unwrap();
        data.insert("extra".to_owned(), ByteString(b"x".to_vec()));
        data.insert("binary".to_owned(), ByteString(vec![0xff]));
        found(secret).unwrap()
    }

    fn owned((key, value): (&str, &str)) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn a_change_takes_away_only_what_is_ours() {
        let patch = to_change(&publication(false), &seen());
        assert_eq!(
            patch,
            json!({
                "metadata": {
                    "uid": "uid-2",
                    "resourceVersion": "7",
                    "labels": {"gone": null, "kept": "1"},
                    "annotations": {"oauthclient.dev/metadata-keys": null},
                    "ownerReferences": [{"$patch": "delete", "uid": "uid-1"}],
                },
                "type": "servicebinding.io/oauth2",
                "data": {"binary": null, "extra": null, "client-id": "bmV3"},
            })
        );
        let patch = to_change(&publication(true), &seen());
        assert_eq!(patch["metadata"].get("ownerReferences"), None, "it is there");
    }

    #[test]
    fn what_is_not_text_is_told_apart() {
        let seen = seen();
        assert_eq!(seen.not_text, ["binary".to_owned()].into());
        let mut wanted = publication(true);
        wanted.data = seen.data.clone();
        assert!(!seen.holds_data(&wanted));
    }
}
