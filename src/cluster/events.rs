//! Events about clients. kube's recorder is not used: it takes Events that differ in their note only for one, and so
//! loses what the second one says, and it makes names that are too long for a long client name.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::sync::Mutex;

use super::MANAGER;
use super::apiserver::{ApiServer, Failure, Named};
use crate::api::API_VERSION;
use crate::model::{ClientKey, Happening, Uid, short_hash};

/// Longest note that the API server takes, in bytes.
const NOTE_MAX: usize = 1024;
/// Longest name of an instance that it takes.
const INSTANCE_MAX: usize = 128;
/// How much of the client's name an Event's name begins with.
const NAME_MAX: usize = 200;
/// The same Event within this time is counted on the one that is there.
const SERIES: SignedDuration = SignedDuration::from_mins(6);

/// Sends Events.
pub(super) struct Recorder {
    instance: String,
    sent: Mutex<HashMap<Key, Sent>>,
}

/// What makes two Events the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    client: ClientKey,
    uid: Uid,
    reason: &'static str,
    note: String,
}

#[derive(Debug, Clone)]
struct Sent {
    name: String,
    count: i32,
    last: Timestamp,
}

impl Recorder {
    pub(super) fn new(instance: &str) -> Self {
        Self {
            instance: cut(instance, INSTANCE_MAX).to_owned(),
            sent: Mutex::default(),
        }
    }

    /// Sends one Event, or counts it on the one that is there already.
    pub(super) async fn send(
        &self,
        server: &ApiServer,
        client: &ClientKey,
        uid: &Uid,
        happening: &Happening,
    ) -> Result<(), Failure> {
        let now = Timestamp::now();
        let key = Key {
            client: client.clone(),
            uid: uid.clone(),
            reason: happening.reason(),
            note: cut(&happening.note(), NOTE_MAX).to_owned(),
        };
        let before = {
            let mut sent = self.sent.lock().await;
            sent.retain(|_, sent| sent.last + SERIES > now);
            sent.get(&key).cloned()
        };
        let events: Api<Event> = Api::namespaced(server.client(), &client.namespace);
        if let Some(mut before) = before {
            before.count = before.count.saturating_add(1);
            before.last = now;
            let series = EventSeries {
                count: before.count,
                last_observed_time: MicroTime(now),
            };
            let patch = Patch::Merge(json!({ "series": series }));
            let parameters = PatchParams {
                field_manager: Some(MANAGER.to_owned()),
                ..PatchParams::default()
            };
            match server
                .call(|| events.patch(&before.name, &parameters, &patch))
                .await
            {
                Ok(_) => {
                    self.sent.lock().await.insert(key, before);
                    return Ok(());
                }
                // It has expired, or somebody removed it.
                Err(failure) if failure.says_absent(named(&before.name)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let event = self.event(&key, happening.is_warning(), now);
        let name = event.metadata.name.clone().unwrap_or_default();
        let parameters = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        server.call(|| events.create(&parameters, &event)).await?;
        let sent = Sent {
            name,
            count: 1,
            last: now,
        };
        self.sent.lock().await.insert(key, sent);
        Ok(())
    }

    fn event(&self, key: &Key, warning: bool, now: Timestamp) -> Event {
        let moment = now.as_nanosecond().to_string();
        let unique = short_hash(&[&key.uid.0, key.reason, &key.note, &self.instance, &moment], 16);
        let stem = cut(&key.client.name, NAME_MAX).trim_end_matches(['-', '.']);
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{stem}.{unique}")),
                namespace: Some(key.client.namespace.clone()),
                ..ObjectMeta::default()
            },
            regarding: Some(ObjectReference {
                api_version: Some(API_VERSION.to_owned()),
                kind: Some("OAuthClient".to_owned()),
                namespace: Some(key.client.namespace.clone()),
                name: Some(key.client.name.clone()),
                uid: (!key.uid.0.is_empty()).then(|| key.uid.0.clone()),
                ..ObjectReference::default()
            }),
            action: Some("Reconcile".to_owned()),
            reason: Some(key.reason.to_owned()),
            note: Some(key.note.clone()),
            type_: Some(if warning { "Warning" } else { "Normal" }.to_owned()),
            event_time: Some(MicroTime(now)),
            reporting_controller: Some(MANAGER.to_owned()),
            reporting_instance: Some(self.instance.clone()),
            ..Event::default()
        }
    }
}

fn named(name: &str) -> Named<'_> {
    Named {
        group: "events.k8s.io",
        resource: "events",
        name,
    }
}

/// The beginning of a text, at most `limit` bytes.
fn cut(text: &str, limit: usize) -> &str {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_notes_fit() {
        let recorder = Recorder::new(&"i".repeat(300));
        let key = Key {
            client: ClientKey {
                namespace: "payments".to_owned(),
                name: format!("{}-.{}", "a".repeat(199), "b".repeat(50)),
            },
            uid: "uid".into(),
            reason: "Registered",
            note: cut(&"ä".repeat(600), NOTE_MAX).to_owned(),
        };
        let event = recorder.event(&key, true, Timestamp::UNIX_EPOCH);
        let name = event.metadata.name.unwrap();
        assert_eq!(name.len(), 199 + 1 + 16, "{name}");
        assert!(!name.contains("-."), "{name}");
        assert_eq!(event.note.unwrap().len(), NOTE_MAX);
        assert_eq!(event.reporting_instance.unwrap().len(), INSTANCE_MAX);
        assert_eq!(cut("aä", 2), "a");
    }
}
