//! The test of the test: deliberate mistakes, as wrappers around the ports of an operator that makes none.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::ports::Port;
use super::server::{SWITCHED_OFF, foreign_client};
use super::stage::Stage;
use crate::cluster::{Cluster, LedgerRead, Unread};
use crate::model::{
    Answer, Candidate, Capabilities, ClientKey, ClientObject, ClientView, Fault, FoundSecret, Handle,
    Happening, Publish, PublishMode, Record, Refusal, RemoteClient, Request, Status, Subject, TokenRequest,
    Uid, Verification, Version, publication,
};
use crate::provider::Provider;

/// What an operator must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Mistake {
    /// It calls without having recorded that it will.
    NoWriteAhead,
    /// It publishes an answer before it has stored it.
    PublishFirst,
    /// It takes "forbidden" for "gone".
    DeleteOnForbidden,
    /// It makes room for its client by deleting one with the name that it would like.
    DeleteByName,
    /// It removes the old client before the new one is published.
    RetireFirst,
    /// It forgets in a crash that a trigger was served.
    ServeAgain,
    /// It sends what it recorded long ago.
    StaleIntent,
    /// It writes over a Secret of somebody else.
    OverwriteForeign,
    /// It forgets an attempt whose answer was lost.
    ForgetAttempt,
    /// It forgets what it still has to remove.
    ForgetObligations,
    /// It writes over whatever is there by now, not over what it has seen.
    NoPrecondition,
    /// It takes the word of a cache that a client is gone.
    CachedEvidence,
    /// It takes the 404 of a server that is switched off for "gone".
    SwitchedOffIsGone,
    /// It does not look whether another client has the name.
    NoClaims,
}

pub(super) const ALL: [Mistake; 14] = [
    Mistake::NoWriteAhead,
    Mistake::PublishFirst,
    Mistake::DeleteOnForbidden,
    Mistake::DeleteByName,
    Mistake::RetireFirst,
    Mistake::ServeAgain,
    Mistake::StaleIntent,
    Mistake::OverwriteForeign,
    Mistake::ForgetAttempt,
    Mistake::ForgetObligations,
    Mistake::NoPrecondition,
    Mistake::SwitchedOffIsGone,
    Mistake::CachedEvidence,
    Mistake::NoClaims,
];

/// The ports of a process, with the stage's mistake wrapped around them if there is one.
pub(super) fn wrap(stage: &Stage, port: Arc<Port>) -> (Arc<dyn Cluster>, Arc<dyn Provider>) {
    match stage.mistake {
        None => (port.clone(), port),
        Some(mistake) => {
            let wrong = Arc::new(Wrong {
                mistake,
                port,
                skipped: Mutex::new(None),
            });
            (wrong.clone(), wrong)
        }
    }
}

/// The version that a record has which was never written.
const SKIPPED: &str = "skipped";

struct Wrong {
    mistake: Mistake,
    port: Arc<Port>,
    /// What the record that was never written would have replaced.
    skipped: Mutex<Option<Version>>,
}

impl Wrong {
    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    /// A look at a client that a switched off server answers with 404.
    fn gone(&self, found: Result<Option<RemoteClient>, Fault>) -> Result<Option<RemoteClient>, Fault> {
        match found {
            Err(Fault::Unavailable(text))
                if text == SWITCHED_OFF && self.makes(Mistake::SwitchedOffIsGone) =>
            {
                Ok(None)
            }
            found => found,
        }
    }
}

#[async_trait]
impl Cluster for Wrong {
    async fn client(&self, key: &ClientKey) -> Result<Option<ClientObject>, Unread> {
        match Cluster::client(&*self.port, key).await {
            Err(_) if self.makes(Mistake::DeleteOnForbidden) => Ok(None),
            found => found,
        }
    }

    async fn namespace_uid(&self, name: &str) -> Result<Option<Uid>, Unread> {
        self.port.namespace_uid(name).await
    }

    async fn served_crd(&self) -> Result<Uid, Unread> {
        self.port.served_crd().await
    }

    async fn presence(&self, key: &ClientKey, owner: &Uid) -> ClientView {
        let cached = self.port.client_was_read_from();
        if let Some(then) = cached.filter(|_| self.makes(Mistake::CachedEvidence)) {
            return then.cluster.presence(key, owner).await;
        }
        match self.port.presence(key, owner).await {
            ClientView::Unknown(_) | ClientView::Present(_) if self.makes(Mistake::DeleteOnForbidden) => {
                let crd_uid = self.port.stage.cluster.crd_uid();
                ClientView::Gone { crd_uid }
            }
            view => view,
        }
    }

    async fn ledger(&self, subject: &Subject) -> Result<LedgerRead, Unread> {
        let mut found = self.port.ledger(subject).await?;
        if let LedgerRead::Held(entry, _) = &mut found
            && self.makes(Mistake::ServeAgain)
            && self.port.actor > 1
        {
            entry.served.annotation = None;
        }
        Ok(found)
    }

    async fn is_claimed(&self, subject: &Subject, claims: &BTreeSet<String>) -> Result<bool, Unread> {
        let claimed = self.port.is_claimed(subject, claims).await?;
        Ok(claimed && !self.makes(Mistake::NoClaims))
    }

    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<FoundSecret>, Unread> {
        let found = self.port.secret(namespace, name).await?;
        let ours = |secret: &FoundSecret| {
            secret
                .annotations
                .contains_key(publication::PUBLICATION_ANNOTATION)
        };
        Ok(found.filter(|secret| !self.makes(Mistake::OverwriteForeign) || ours(secret)))
    }

    async fn record(&self, subject: &Subject, record: &Record) -> Result<Option<Version>, Refusal> {
        let mut record = record.clone();
        if self.makes(Mistake::NoPrecondition) {
            let now = self.port.stage.cluster.ledger(subject).await;
            let now = match now {
                Ok(LedgerRead::Held(_, version)) => Some(version),
                Ok(LedgerRead::Absent | LedgerRead::Unreadable(_)) | Err(_) => None,
            };
            match (&mut record, now) {
                (Record::Write { replaces, .. }, now) => *replaces = now,
                (Record::Remove { version }, Some(now)) => *version = now,
                (Record::Remove { .. }, None) => {}
            }
        }
        if let Record::Write {
            entry,
            replaces,
            call,
        } = &mut record
        {
            if self.makes(Mistake::NoWriteAhead) {
                if replaces.as_ref() == Some(&Version::from(SKIPPED)) {
                    *replaces = self.skipped.lock().unwrap().clone();
                }
                if call.is_some() {
                    self.skipped.lock().unwrap().clone_from(replaces);
                    return Ok(Some(SKIPPED.into()));
                }
            }
            if self.makes(Mistake::ForgetAttempt)
                && call.is_none()
                && let (Some(held), None) = (self.port.stage.entry(subject), &entry.intent)
                && held.intent.is_some()
            {
                entry.current = held.current;
            }
            if self.makes(Mistake::ForgetObligations) && call.is_none() {
                entry.obligations.clear();
            }
        }
        self.port.record(subject, &record).await
    }

    async fn publish(&self, key: &ClientKey, publish: &Publish) -> Result<Option<FoundSecret>, Refusal> {
        if self.makes(Mistake::OverwriteForeign) && publish.mode == PublishMode::Create {
            let cluster = &self.port.stage.cluster;
            cluster.delete_secret(&key.namespace, &publish.publication.name);
        }
        let mut publish = publish.clone();
        if self.makes(Mistake::NoPrecondition)
            && let PublishMode::Apply(seen) = &mut publish.mode
            && let Some(now) = self.port.stage.cluster.found_secret(&key.namespace, &seen.name)
        {
            **seen = now;
        }
        self.port.publish(key, &publish).await
    }

    async fn unpublish(
        &self,
        namespace: &str,
        name: &str,
        uid: &Uid,
        version: &Version,
    ) -> Result<(), Refusal> {
        self.port.unpublish(namespace, name, uid, version).await
    }

    async fn report(&self, key: &ClientKey, uid: &Uid, status: &Status) -> Result<(), Refusal> {
        self.port.report(key, uid, status).await
    }

    async fn tell(&self, key: &ClientKey, uid: &Uid, happenings: &[Happening]) {
        self.port.tell(key, uid, happenings).await;
    }
}

#[async_trait]
impl Provider for Wrong {
    fn capabilities(&self) -> &Capabilities {
        self.port.capabilities()
    }

    async fn check(&self) -> Result<(), Fault> {
        self.port.check().await
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        self.gone(Provider::client(&*self.port, handle).await)
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        self.gone(self.port.attempted(candidate).await)
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        self.port.clients().await
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        self.port.scopes().await
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        self.port.verify(request).await
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        let stage = &self.port.stage;
        if let Request::Register(candidate) = request {
            let wished = foreign_client().handle;
            if self.makes(Mistake::DeleteByName) && candidate.name.starts_with(&wished.0) {
                stage.provider.tamper(|clients| {
                    clients.remove(&wished);
                });
            }
            if self.makes(Mistake::RetireFirst) {
                stage.provider.tamper(|clients| {
                    clients.retain(|handle, _| *handle == wished);
                });
            }
        }
        let answer = match self.port.perform(request, within).await {
            Err(Fault::Unavailable(text) | Fault::Invalid(text))
                if text == SWITCHED_OFF && self.makes(Mistake::SwitchedOffIsGone) =>
            {
                Err(Fault::NotFound)
            }
            answer => answer,
        };
        if self.makes(Mistake::PublishFirst)
            && let Ok(Answer::Client(client)) = &answer
            && let Some(value) = &client.credential.client_secret
            && stage.cluster.found_secret("payments", "billing").is_some()
        {
            stage.cluster.edit_secret("payments", "billing", |secret| {
                let id = crate::model::Confidential::new(client.credential.client_id.clone());
                secret.data.insert("client-id".into(), id);
                secret.data.insert("client-secret".into(), value.clone());
            });
        }
        answer
    }
}
