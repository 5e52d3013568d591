//! The test of the suite: adapters with a mistake, each of which it has to find.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::model::{
    Answer, Candidate, Capabilities, ClientMetadata, Confidential, Endpoints, Fault, Field, Handle,
    RemoteClient, Request, TokenRequest, Verification,
};
use crate::provider::Provider;

/// What an adapter must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    /// It sends a change again whose answer was lost.
    SendsAgain,
    /// It shows no secret although the server does.
    HidesTheSecret,
    /// It takes a read that failed for the proof that the client is not there.
    FailureIsAbsence,
    /// It does not send a change, and answers as if it had.
    DropsChanges,
    /// It does not send a rotation, and answers with a credential that it made up.
    MakesUpCredentials,
    /// Its list ends with the first page.
    FirstPageOnly,
    /// It says of a client that is not there that it cannot be removed.
    GoneIsInvalid,
    /// It forgets for how long the server wants to be left alone.
    ForgetsThePause,
    /// It shows what the server filled in as if it had been asked for.
    AddsDefaults,
    /// It answers a registration under a name that is taken with the client that has it.
    TakesOver,
    /// It says that a field is honoured which it does not send.
    ClaimsAField,
    /// It takes a refused credential for a server that is away.
    DeniedIsAway,
    /// It keeps the access to a registration that a change has replaced.
    KeepsTheOldAccess,
    /// It takes a removal for done whose answer was lost.
    UnknownIsGone,
    /// It does not tell when a secret ends.
    HidesTheEnd,
    /// It shows what stands in the place of a secret as if it were one.
    ShowsAMask,
    /// It calls a client by its client id, where the server has another id for that.
    MistakesTheId,
    /// It does not disable a client, and answers as if it had.
    DropsTheDisabling,
}

/// The mistakes, each at a server and in the way of it that shows it.
pub(super) const AT: [(&str, &str, &[Mistake]); 4] = [
    (
        "DigitalRoute (emulator)",
        "default",
        &[
            Mistake::SendsAgain,
            Mistake::HidesTheSecret,
            Mistake::FailureIsAbsence,
            Mistake::DropsChanges,
            Mistake::MakesUpCredentials,
            Mistake::FirstPageOnly,
            Mistake::GoneIsInvalid,
            Mistake::ForgetsThePause,
            Mistake::AddsDefaults,
            Mistake::TakesOver,
            Mistake::ClaimsAField,
            Mistake::DeniedIsAway,
        ],
    ),
    (
        "Cocoon (emulator)",
        "default",
        &[
            Mistake::SendsAgain,
            Mistake::FailureIsAbsence,
            Mistake::DropsChanges,
            Mistake::MakesUpCredentials,
            Mistake::FirstPageOnly,
            Mistake::GoneIsInvalid,
            Mistake::ForgetsThePause,
            Mistake::DeniedIsAway,
            Mistake::ShowsAMask,
            Mistake::MistakesTheId,
            Mistake::DropsTheDisabling,
        ],
    ),
    (
        "dynamic registration (emulator)",
        "rat_on_put=new",
        &[
            Mistake::KeepsTheOldAccess,
            Mistake::UnknownIsGone,
            Mistake::HidesTheEnd,
            Mistake::SendsAgain,
            Mistake::DropsChanges,
        ],
    ),
    (
        "Keycloak (real)",
        "secretRotationPolicy=off",
        &[Mistake::AddsDefaults, Mistake::HidesTheSecret],
    ),
];

impl Mistake {
    /// The adapter with this mistake.
    pub(super) fn made_by(self, adapter: Arc<dyn Provider>) -> Arc<dyn Provider> {
        let mut capabilities = adapter.capabilities().clone();
        if self == Self::ClaimsAField {
            capabilities.honours.insert(Field::AccessTokenValidity);
            capabilities.updates.insert(Field::AccessTokenValidity);
        }
        Arc::new(Wrong {
            mistake: self,
            adapter,
            capabilities,
        })
    }
}

struct Wrong {
    mistake: Mistake,
    adapter: Arc<dyn Provider>,
    capabilities: Capabilities,
}

impl Wrong {
    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    fn found(&self, found: Result<Option<RemoteClient>, Fault>) -> Result<Option<RemoteClient>, Fault> {
        match found {
            Err(_) if self.makes(Mistake::FailureIsAbsence) => Ok(None),
            Err(Fault::Denied(_, text)) if self.makes(Mistake::DeniedIsAway) => Err(Fault::Unavailable(text)),
            found => Ok(found?.map(|client| self.shown(client))),
        }
    }

    fn shown(&self, mut client: RemoteClient) -> RemoteClient {
        if self.makes(Mistake::HidesTheSecret) {
            client.credential.client_secret = None;
        }
        if self.makes(Mistake::ShowsAMask) {
            client.credential.client_secret = Some(Confidential::new("********"));
        }
        if self.makes(Mistake::MistakesTheId) {
            client.handle = Handle(client.credential.client_id.clone());
        }
        if self.makes(Mistake::HidesTheEnd) {
            client.secret_expires_at = None;
        }
        if self.makes(Mistake::AddsDefaults)
            && let Some(scopes) = &mut client.metadata.scopes
        {
            scopes.insert("default".into());
        }
        client
    }

    /// The client as a change of nothing shows it.
    async fn as_it_is(&self, handle: &Handle) -> Result<RemoteClient, Fault> {
        self.adapter.client(handle).await?.ok_or(Fault::NotFound)
    }

    async fn answer(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        match (self.mistake, request) {
            (Mistake::DropsChanges, Request::Update { target, metadata, .. }) if target.access.is_some() => {
                Ok(Answer::Client(RemoteClient {
                    handle: target.handle.clone(),
                    name: None,
                    marker: None,
                    credential: target.credential.clone().ok_or(Fault::NotFound)?,
                    metadata: metadata.clone(),
                    secret_expires_at: None,
                    access: target.access.clone(),
                }))
            }
            (Mistake::DropsChanges, Request::Update { target, metadata, .. }) => {
                let client = self.as_it_is(&target.handle).await?;
                let metadata = metadata.clone();
                Ok(Answer::Client(RemoteClient { metadata, ..client }))
            }
            (Mistake::KeepsTheOldAccess, Request::Update { target, .. }) => {
                let known = target.access.clone();
                match self.adapter.perform(request, within).await? {
                    Answer::Client(client) => Ok(Answer::Client(RemoteClient {
                        access: known,
                        ..client
                    })),
                    other => Ok(other),
                }
            }
            (Mistake::DropsTheDisabling, Request::Disable { .. }) => Ok(Answer::Done),
            (Mistake::MakesUpCredentials, Request::Rotate { target, .. }) => {
                let mut client = self.as_it_is(&target.handle).await?;
                client.credential.client_secret = Some(Confidential::new("made-up"));
                Ok(Answer::Client(client))
            }
            (Mistake::TakesOver, Request::Register(candidate)) => {
                match self.adapter.attempted(candidate).await? {
                    Some(there) => Ok(Answer::Client(there)),
                    None => self.adapter.perform(request, within).await,
                }
            }
            _ => self.adapter.perform(request, within).await,
        }
    }
}

#[async_trait]
impl Provider for Wrong {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn endpoints(&self) -> Option<Endpoints> {
        self.adapter.endpoints()
    }

    async fn check(&self) -> Result<(), Fault> {
        self.adapter.check().await
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        self.found(self.adapter.client(handle).await)
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        if self.makes(Mistake::TakesOver) && candidate.trace == crate::model::Trace::ExactName {
            return Ok(None);
        }
        self.found(self.adapter.attempted(candidate).await)
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        let mut clients = self.adapter.clients().await?;
        if self.makes(Mistake::FirstPageOnly) {
            clients.truncate(100);
        }
        Ok(clients.into_iter().map(|client| self.shown(client)).collect())
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        self.adapter.scopes().await
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        self.adapter.verify(request).await
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        match self.answer(request, within).await {
            Err(Fault::OutcomeUnknown(_)) if self.makes(Mistake::SendsAgain) => {
                self.adapter.perform(request, within).await
            }
            Err(Fault::OutcomeUnknown(_))
                if self.makes(Mistake::UnknownIsGone) && matches!(request, Request::Delete { .. }) =>
            {
                Ok(Answer::Done)
            }
            Err(Fault::NotFound) if self.makes(Mistake::GoneIsInvalid) => Err(Fault::Invalid("404".into())),
            Err(Fault::Throttled(_)) if self.makes(Mistake::ForgetsThePause) => Err(Fault::Throttled(None)),
            Err(Fault::Denied(_, text)) if self.makes(Mistake::DeniedIsAway) => Err(Fault::Unavailable(text)),
            Ok(Answer::Client(client)) if !self.makes(Mistake::HidesTheSecret) => {
                Ok(Answer::Client(self.shown(claimed(self.mistake, request, client))))
            }
            other => other,
        }
    }
}

/// What an adapter tells that claims to honour a field: what was asked for.
fn claimed(mistake: Mistake, request: &Request, mut client: RemoteClient) -> RemoteClient {
    if let (Mistake::ClaimsAField, Request::Update { metadata, .. }) = (mistake, request) {
        let ClientMetadata {
            access_token_validity_seconds,
            ..
        } = metadata;
        client.metadata.access_token_validity_seconds = *access_token_validity_seconds;
    }
    client
}
