//! Events about clients and servers. kube's recorder is not used: it takes Events that differ in their note only for one, and so
//! loses what the second one says, and it makes names that are too long for a long client name.

use std::collections::HashMap;
use std::fmt;

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
use crate::model::text::first_bytes;
use crate::model::{ClientKey, Happening, ServerKey, Uid, short_hash};

/// Longest note that the API server takes, in bytes.
const NOTE_MAX: usize = 1024;
/// Longest name of an instance that it takes.
const INSTANCE_MAX: usize = 128;
/// How much of the object's name an Event's name begins with.
const NAME_MAX: usize = 200;
/// The same Event within this time is counted on the one that is there.
const SERIES: SignedDuration = SignedDuration::from_mins(6);

/// Where the Events of objects without a namespace are; the API server takes them nowhere else.
const NOWHERE: &str = "default";

/// The object that an Event is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct About {
    kind: &'static str,
    namespace: Option<String>,
    name: String,
    uid: Uid,
}

impl About {
    /// A client.
    pub fn client(key: &ClientKey, uid: &Uid) -> Self {
        Self {
            kind: "OAuthClient",
            namespace: Some(key.namespace.clone()),
            name: key.name.clone(),
            uid: uid.clone(),
        }
    }

    /// A server object of either kind.
    pub fn server(key: &ServerKey, uid: &Uid) -> Self {
        Self {
            kind: match key.namespace {
                Some(_) => "AuthorizationServer",
                None => "ClusterAuthorizationServer",
            },
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            uid: uid.clone(),
        }
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// What an Event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// What it is about, as one word.
    pub reason: &'static str,
    /// In a sentence.
    pub note: String,
    /// Whether it is a warning.
    pub warning: bool,
}

impl From<&Happening> for News {
    fn from(happening: &Happening) -> Self {
        Self {
            reason: happening.reason(),
            note: happening.note(),
            warning: happening.is_warning(),
        }
    }
}

/// Sends Events.
pub struct Recorder {
    instance: String,
    sent: Mutex<HashMap<Key, Sent>>,
}

/// What makes two Events the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    about: About,
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
    /// Tells `instance` as the reporter, which is the pod's name or whatever else tells one process from another.
    pub fn new(instance: &str) -> Self {
        Self {
            instance: first_bytes(instance, INSTANCE_MAX).to_owned(),
            sent: Mutex::default(),
        }
    }

    /// Sends Events; how many could not be sent. A lost Event is logged and nothing else: it must be in the namespace of
    /// what it is about, and where that is gone, the log is what is left.
    pub async fn tell(&self, server: &ApiServer, about: &About, news: &[News]) -> u64 {
        let mut lost = 0;
        for news in news {
            if let Err(failure) = self.send(server, about, news).await {
                lost += 1;
                tracing::warn!(
                    %about,
                    reason = news.reason,
                    note = news.note,
                    error = %failure,
                    "an Event could not be sent"
                );
            }
        }
        lost
    }

    /// Sends one Event, or counts it on the one that is there already.
    async fn send(&self, server: &ApiServer, about: &About, news: &News) -> Result<(), Failure> {
        let now = Timestamp::now();
        let key = Key {
            about: about.clone(),
            reason: news.reason,
            note: first_bytes(&news.note, NOTE_MAX).to_owned(),
        };
        let namespace = about.namespace.as_deref().unwrap_or(NOWHERE);
        let before = {
            let mut sent = self.sent.lock().await;
            sent.retain(|_, sent| sent.last + SERIES > now);
            sent.get(&key).cloned()
        };
        let events: Api<Event> = Api::namespaced(server.client(), namespace);
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
        let event = self.event(&key, news.warning, now);
        let name = event.metadata.name.clone().unwrap_or_default();
        let parameters = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        match server.call(|| events.create(&parameters, &event)).await {
            Ok(_) => {}
            // The name is ours alone: it arrived, its answer was lost, and it was sent again.
            Err(failure) if failure.says_there(named(&name)) => {}
            Err(failure) => return Err(failure),
        }
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
        let unique = short_hash(
            &[&key.about.uid.0, key.reason, &key.note, &self.instance, &moment],
            16,
        );
        let stem = first_bytes(&key.about.name, NAME_MAX).trim_end_matches(['-', '.']);
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{stem}.{unique}")),
                namespace: Some(key.about.namespace.clone().unwrap_or_else(|| NOWHERE.to_owned())),
                ..ObjectMeta::default()
            },
            regarding: Some(ObjectReference {
                api_version: Some(API_VERSION.to_owned()),
                kind: Some(key.about.kind.to_owned()),
                namespace: key.about.namespace.clone(),
                name: Some(key.about.name.clone()),
                uid: (!key.about.uid.0.is_empty()).then(|| key.about.uid.0.clone()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_notes_fit() {
        let recorder = Recorder::new(&"i".repeat(300));
        let key = Key {
            about: About::client(
                &ClientKey {
                    namespace: "payments".to_owned(),
                    name: format!("{}-.{}", "a".repeat(199), "b".repeat(50)),
                },
                &"uid".into(),
            ),
            reason: "Registered",
            note: first_bytes(&"ä".repeat(600), NOTE_MAX).to_owned(),
        };
        let event = recorder.event(&key, true, Timestamp::UNIX_EPOCH);
        let name = event.metadata.name.unwrap();
        assert_eq!(name.len(), 199 + 1 + 16, "{name}");
        assert!(!name.contains("-."), "{name}");
        assert_eq!(event.note.unwrap().len(), NOTE_MAX);
        assert_eq!(event.reporting_instance.unwrap().len(), INSTANCE_MAX);
    }

    /// The answer to the first try is lost, and the second one meets what the first one made.
    #[tokio::test(start_paused = true)]
    async fn an_event_that_was_sent_twice_is_not_lost() {
        let names = std::sync::Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
        let seen = names.clone();
        let routes = axum::Router::new().fallback(move |body: String| async move {
            let event: serde_json::Value = serde_json::from_str(&body).unwrap();
            let name = event["metadata"]["name"].as_str().unwrap().to_owned();
            let mut seen = seen.lock().unwrap();
            let (code, reason) = if seen.contains(&name) {
                (409, "AlreadyExists")
            } else {
                (504, "Timeout")
            };
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code,
                "message": "the message",
                "details": {"group": "events.k8s.io", "kind": "events", "name": name},
            });
            seen.push(name);
            (
                axum::http::StatusCode::from_u16(code).unwrap(),
                status.to_string(),
            )
        });
        let server = ApiServer::new(kube::Client::new(routes, "default"));
        let key = ClientKey {
            namespace: "payments".to_owned(),
            name: "billing".to_owned(),
        };
        let news = [News {
            reason: "Registered",
            note: "it was registered".to_owned(),
            warning: false,
        }];
        let about = About::client(&key, &"uid".into());
        let lost = Recorder::new("i").tell(&server, &about, &news).await;
        assert_eq!(lost, 0);
        assert_eq!(names.lock().unwrap().len(), 2);
    }

    #[test]
    fn events_of_objects_without_a_namespace_are_in_default() {
        let key = |namespace: Option<&str>| ServerKey {
            namespace: namespace.map(ToOwned::to_owned),
            name: "corp".to_owned(),
        };
        let cases = [
            (key(None), "default", "ClusterAuthorizationServer"),
            (key(Some("payments")), "payments", "AuthorizationServer"),
        ];
        for (server, namespace, kind) in cases {
            let key = Key {
                about: About::server(&server, &"uid".into()),
                reason: "Unreachable",
                note: String::new(),
            };
            let event = Recorder::new("i").event(&key, true, Timestamp::UNIX_EPOCH);
            assert_eq!(event.metadata.namespace.as_deref(), Some(namespace));
            let regarding = event.regarding.unwrap();
            assert_eq!(regarding.kind.as_deref(), Some(kind));
            assert_eq!(regarding.namespace, server.namespace);
        }
    }
}
