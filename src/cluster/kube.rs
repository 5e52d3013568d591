//! The port on the API server.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::core::{ApiResource, Request};
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::Value;

use super::apiserver::{ApiServer, Failure, Named};
use super::events::{About, News, Recorder};
use super::identity::{self, Definition};
use super::{Cluster, LedgerRead, MANAGER, Unread, scrub, secrets, status};
use crate::api::{ANNOTATION_ROTATE, GROUP, OAuthClient};
use crate::model::{
    ClientKey, ClientObject, ClientView, FoundSecret, Happening, Publication, Publish, PublishMode, Record,
    Refusal, Scrub, Status, Subject, Uid, Version,
};

/// Kubernetes through its API server.
pub struct KubeCluster {
    server: ApiServer,
    namespace: String,
    recorder: Recorder,
    lost_events: AtomicU64,
}

impl KubeCluster {
    /// With the ledger in `namespace`, the operator's own. Events tell `instance` as their reporter, which is the
    /// pod's name or whatever else tells one process from another.
    pub fn new(server: ApiServer, namespace: &str, instance: &str) -> Self {
        Self {
            server,
            namespace: namespace.to_owned(),
            recorder: Recorder::new(instance),
            lost_events: AtomicU64::new(0),
        }
    }

    fn secrets(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.server.client(), namespace)
    }

    async fn create(&self, namespace: &str, wanted: &Publication, dry_run: bool) -> Result<Secret, Failure> {
        let parameters = PostParams {
            dry_run,
            field_manager: Some(MANAGER.to_owned()),
        };
        let secret = secrets::to_create(namespace, wanted);
        let secrets = self.secrets(namespace);
        self.server.call(|| secrets.create(&parameters, &secret)).await
    }

    async fn change(
        &self,
        namespace: &str,
        wanted: &Publication,
        seen: &FoundSecret,
        dry_run: bool,
    ) -> Result<Secret, Failure> {
        let parameters = PatchParams {
            dry_run,
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let patch = Patch::Strategic(secrets::to_change(wanted, seen));
        let secrets = self.secrets(namespace);
        self.server
            .call(|| secrets.patch(&wanted.name, &parameters, &patch))
            .await
    }

    async fn delete(&self, namespace: &str, name: &str, preconditions: Preconditions) -> Result<(), Refusal> {
        let parameters = DeleteParams {
            preconditions: Some(preconditions),
            ..DeleteParams::background()
        };
        let object = Named::core("secrets", name);
        let secrets = self.secrets(namespace);
        match self.server.call(|| secrets.delete(name, &parameters)).await {
            Ok(_) => Ok(()),
            Err(failure) if failure.says_absent(object) => Ok(()),
            Err(failure) => Err(failure.refusal(object, &Scrub::default())),
        }
    }

    /// The CRD, if it may be part of a proof; else why not.
    async fn served(&self) -> Result<Definition, String> {
        match identity::definition(&self.server).await {
            Ok(Some(definition)) if definition.established && !definition.terminating => Ok(definition),
            Ok(Some(_)) => Err("the CRD of OAuthClient is not established or being deleted".to_owned()),
            Ok(None) => Err("the CRD of OAuthClient is not there".to_owned()),
            Err(unread) => Err(unread.why),
        }
    }
}

#[async_trait]
impl Cluster for KubeCluster {
    async fn client(&self, key: &ClientKey) -> Result<Option<ClientObject>, Unread> {
        let resource = ApiResource::erase::<OAuthClient>(&());
        let object = Named {
            group: GROUP,
            resource: &resource.plural,
            name: &key.name,
        };
        let request = Request::new(OAuthClient::url_path(&(), Some(&key.namespace)))
            .get(&key.name, &kube::api::GetParams::default())
            .map_err(|error| Unread::new(format!("{object} cannot be read: {error}")))?;
        let client = self.server.client();
        let found: Option<Value> = self
            .server
            .read(object, || client.request(request.clone()))
            .await?;
        found.map(|found| client_object(object, &found)).transpose()
    }

    async fn namespace_uid(&self, name: &str) -> Result<Option<Uid>, Unread> {
        let namespaces: Api<Namespace> = Api::all(self.server.client());
        let found = self
            .server
            .read(Named::core("namespaces", name), || namespaces.get(name))
            .await?;
        Ok(found.and_then(|namespace| namespace.metadata.uid).map(Uid))
    }

    async fn served_crd(&self) -> Result<Uid, Unread> {
        self.served()
            .await
            .map(|definition| definition.uid)
            .map_err(Unread::new)
    }

    async fn presence(&self, key: &ClientKey, owner: &Uid) -> ClientView {
        let before = match self.served().await {
            Ok(definition) => definition,
            Err(why) => return ClientView::Unknown(why),
        };
        match self.client(key).await {
            Err(unread) => ClientView::Unknown(unread.why),
            Ok(Some(client)) if client.uid == *owner => ClientView::Present(Box::new(client)),
            Ok(Some(_)) => ClientView::Unknown(format!("there is another OAuthClient {key} now")),
            Ok(None) => match self.served().await {
                Ok(after) if after.uid == before.uid => ClientView::Gone { crd_uid: after.uid },
                Ok(_) => ClientView::Unknown("the CRD of OAuthClient was made again".to_owned()),
                Err(why) => ClientView::Unknown(why),
            },
        }
    }

    async fn ledger(&self, subject: &Subject) -> Result<LedgerRead, Unread> {
        let name = subject.entry_name();
        let secrets = self.secrets(&self.namespace);
        let found = self
            .server
            .read(Named::core("secrets", &name), || secrets.get(&name))
            .await?;
        Ok(found.map_or(LedgerRead::Absent, |secret| secrets::entry(subject, &secret)))
    }

    async fn is_claimed(&self, subject: &Subject, claims: &BTreeSet<String>) -> Result<bool, Unread> {
        let (secrets, own) = (self.secrets(&self.namespace), subject.entry_name());
        for claim in claims {
            let selected = ListParams::default().labels(&secrets::claim_selector(claim));
            let found = self
                .server
                .call(|| secrets.list_metadata(&selected))
                .await
                .map_err(|failure| Unread::new(format!("the ledger cannot be searched: {failure}")))?;
            if found.iter().any(|entry| entry.name_any() != own) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<FoundSecret>, Unread> {
        let secrets = self.secrets(namespace);
        let found = self
            .server
            .read(Named::core("secrets", name), || secrets.get(name))
            .await?;
        found.map(secrets::found).transpose()
    }

    async fn record(&self, subject: &Subject, record: &Record) -> Result<Option<Version>, Refusal> {
        let name = subject.entry_name();
        let (entry, replaces) = match record {
            Record::Write { entry, replaces, .. } => (entry, replaces.as_ref()),
            Record::Remove { version } => {
                let preconditions = Preconditions {
                    resource_version: Some(version.0.clone()),
                    uid: None,
                };
                self.delete(&self.namespace, &name, preconditions).await?;
                return Ok(None);
            }
        };
        let secret = secrets::of_entry(&self.namespace, subject, entry, replaces)
            .map_err(|why| Refusal::Denied(format!("the entry cannot be written: {why}")))?;
        let secrets = self.secrets(&self.namespace);
        let parameters = PostParams {
            dry_run: false,
            field_manager: Some(MANAGER.to_owned()),
        };
        let written = match replaces {
            None => self.server.call(|| secrets.create(&parameters, &secret)).await,
            Some(_) => {
                self.server
                    .call(|| secrets.replace(&name, &parameters, &secret))
                    .await
            }
        };
        match written {
            Ok(secret) => match secret.metadata.resource_version {
                Some(version) => Ok(Some(Version(version))),
                None => Err(Refusal::Unavailable("the answer shows no version".to_owned())),
            },
            Err(failure) => Err(failure.refusal(Named::core("secrets", &name), &scrub::entry(entry))),
        }
    }

    async fn publish(&self, key: &ClientKey, publish: &Publish) -> Result<Option<FoundSecret>, Refusal> {
        let wanted = &publish.publication;
        let (seen, dry_run) = match &publish.mode {
            PublishMode::Rehearse(seen) => (seen.as_deref(), true),
            PublishMode::Create => (None, false),
            PublishMode::Apply(seen) => (Some(seen.as_ref()), false),
        };
        let written = match seen {
            None => self.create(&key.namespace, wanted, dry_run).await,
            Some(seen) => self.change(&key.namespace, wanted, seen, dry_run).await,
        };
        match written {
            Ok(_) if dry_run => Ok(None),
            Ok(secret) => match secrets::found(secret) {
                Ok(found) => Ok(Some(found)),
                Err(unread) => Err(Refusal::Unavailable(unread.why)),
            },
            Err(failure) => {
                let object = Named::core("secrets", &wanted.name);
                Err(failure.refusal(object, &scrub::publication(wanted)))
            }
        }
    }

    async fn unpublish(
        &self,
        namespace: &str,
        name: &str,
        uid: &Uid,
        version: &Version,
    ) -> Result<(), Refusal> {
        let preconditions = Preconditions {
            resource_version: Some(version.0.clone()),
            uid: Some(uid.0.clone()),
        };
        self.delete(namespace, name, preconditions).await
    }

    async fn report(&self, key: &ClientKey, uid: &Uid, status: &Status) -> Result<(), Refusal> {
        let status = status::to_api(status);
        status::replace::<OAuthClient>(&self.server, Some(&key.namespace), &key.name, uid, &status).await
    }

    fn lost_events(&self) -> u64 {
        self.lost_events.load(Ordering::Relaxed)
    }

    async fn tell(&self, key: &ClientKey, uid: &Uid, happenings: &[Happening]) {
        let about = About::client(key, uid);
        let news: Vec<_> = happenings.iter().map(News::from).collect();
        let lost = self.recorder.tell(&self.server, &about, &news).await;
        self.lost_events.fetch_add(lost, Ordering::Relaxed);
    }
}

/// The client as a decision needs it. What cannot be read is told with the name of the field.
fn client_object(object: Named<'_>, found: &Value) -> Result<ClientObject, Unread> {
    let unread = |why: &str| Unread::new(format!("{object} is there and cannot be understood: {why}"));
    let client: OAuthClient =
        serde_path_to_error::deserialize(found).map_err(|error| unread(&error.to_string()))?;
    let metadata = client.metadata;
    let uid = metadata.uid.ok_or_else(|| unread("metadata.uid: it has none"))?;
    Ok(ClientObject {
        uid: Uid(uid),
        generation: metadata.generation.unwrap_or_default(),
        terminating: metadata.deletion_timestamp.is_some(),
        rotate: metadata
            .annotations
            .and_then(|mut annotations| annotations.remove(ANNOTATION_ROTATE)),
        spec: client.spec,
        status: client.status.map(status::from_api).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    const OBJECT: Named<'static> = Named {
        group: GROUP,
        resource: "oauthclients",
        name: "billing",
    };

    /// A port to an API server that answers everything alike, and takes its time.
    fn answering(code: u16, body: &'static str, after: Duration) -> KubeCluster {
        let answer = move || async move {
            tokio::time::sleep(after).await;
            (axum::http::StatusCode::from_u16(code).unwrap(), body)
        };
        let client = kube::Client::new(axum::Router::new().fallback(answer), "default");
        let server = ApiServer::new(client).with_limit(Duration::from_millis(200));
        KubeCluster::new(server, "operator", "test-0")
    }

    fn subject() -> Subject {
        Subject {
            client: ClientKey {
                namespace: "payments".to_owned(),
                name: "billing".to_owned(),
            },
            namespace_uid: "ns".into(),
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_of_the_api_server_is_no_evidence() {
        let (subject, owner, at_once) = (subject(), Uid::from("owner"), Duration::ZERO);
        let status = r#"{"kind":"Status","code":404,"reason":"NotFound","message":"the server could not find the requested resource","details":{}}"#;
        let ports = [
            answering(404, "<html>not found</html>", at_once),
            answering(404, status, at_once),
            answering(403, "{}", at_once),
            answering(500, "", at_once),
            answering(503, "", at_once),
            answering(200, "<html>log in</html>", at_once),
            answering(200, "{}", Duration::from_mins(1)),
        ];
        for port in ports {
            assert!(port.client(&subject.client).await.is_err());
            assert!(port.ledger(&subject).await.is_err());
            assert!(port.secret("payments", "billing").await.is_err());
            let view = port.presence(&subject.client, &owner).await;
            assert!(matches!(view, ClientView::Unknown(_)), "{view:?}");
            let removed = Record::Remove { version: "1".into() };
            let removed = port.record(&subject, &removed).await;
            assert!(
                matches!(removed, Err(Refusal::Unavailable(_) | Refusal::Denied(_))),
                "{removed:?}"
            );
        }
    }

    #[tokio::test]
    async fn no_answer_in_time_is_an_unknown_outcome() {
        let port = answering(200, "{}", Duration::from_mins(1));
        let gone = port
            .unpublish("payments", "billing", &"uid".into(), &"1".into())
            .await;
        assert!(
            matches!(&gone, Err(Refusal::Unavailable(text)) if text.contains("no answer")),
            "{gone:?}"
        );
        port.tell(&subject().client, &"uid".into(), &[Happening::CredentialVerified])
            .await;
        assert_eq!(port.lost_events(), 1);
    }

    #[test]
    fn a_field_that_cannot_be_read_is_named() {
        let found = json!({
            "apiVersion": "oauthclient.dev/v1alpha1",
            "kind": "OAuthClient",
            "metadata": {"name": "billing", "uid": "u"},
            "spec": {"serverRef": {"kind": "Later", "name": "corp"}},
        });
        let unread = client_object(OBJECT, &found).unwrap_err();
        assert!(unread.why.contains("spec.serverRef.kind"), "{unread}");
    }
}
