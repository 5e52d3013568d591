//! An authorization server in memory, for tests of the core: names are handles, the server chooses the credential and
//! shows it again. Every mutating call can be made to fail, to lose its answer, or to be delivered late.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Provider;
use crate::model::{
    Answer, Candidate, Capabilities, ClientMetadata, Confidential, Credential, Fault, Field, Handle,
    HandleKind, Marker, RegistrationAccess, RemoteClient, Request, ScopeModel, Target, TokenRequest,
    Verification,
};

/// What becomes of a mutating call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is done, and the answer is lost.
    AnswerLost,
    /// It is not done, and nobody can tell.
    RequestLost,
    /// It is not done yet: [`MemoryProvider::deliver`] does it.
    Late,
    /// It fails with this.
    Fault(Fault),
}

/// A server in memory.
#[derive(Debug)]
pub struct MemoryProvider {
    capabilities: Capabilities,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    clients: BTreeMap<Handle, RemoteClient>,
    /// Earlier secrets that are still good.
    kept: BTreeMap<Handle, Vec<Credential>>,
    /// Who registered them, where nothing else tells.
    markers: BTreeMap<Handle, Marker>,
    capabilities: Option<Capabilities>,
    scopes: BTreeSet<String>,
    fates: VecDeque<Fate>,
    late: Vec<Request>,
    down: Option<Fault>,
    deaf_tokens: u32,
    gives_access: bool,
    /// Each change brings another registration access token, as with most servers.
    rotates_access: bool,
    /// Each change brings another secret.
    renews_secret: bool,
    secret_expires_at: Option<Timestamp>,
    /// What is registered cannot be used before a change.
    starts_disabled: bool,
    /// What a client gets that asks for no scope.
    scopes_by_default: BTreeSet<String>,
    /// What the last change was to reset.
    unset: BTreeSet<Field>,
    made: u32,
    calls: BTreeMap<&'static str, u32>,
}

impl MemoryProvider {
    /// An empty server with these scopes.
    pub fn new(capabilities: Capabilities, scopes: &[&str]) -> Self {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        Self {
            capabilities: capabilities.clone(),
            inner: Mutex::new(Inner {
                capabilities: Some(capabilities),
                scopes,
                gives_access: true,
                rotates_access: true,
                ..Inner::default()
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next mutating call meets this fate, then the next one the next.
    pub fn next(&self, fate: Fate) {
        self.inner().fates.push_back(fate);
    }

    /// Every call fails with this until it is taken back.
    pub fn down(&self, fault: Option<Fault>) {
        self.inner().down = fault;
    }

    /// Whether a change brings another registration access token.
    pub fn rotates_access(&self, rotates: bool) {
        self.inner().rotates_access = rotates;
    }

    /// Whether a change brings another secret.
    pub fn renews_secret(&self, renews: bool) {
        self.inner().renews_secret = renews;
    }

    /// Whether a registration comes with an access of its own.
    pub fn gives_access(&self, gives: bool) {
        self.inner().gives_access = gives;
    }

    /// Secrets that are made from now on end to be good then.
    pub fn secrets_expire_at(&self, at: Option<Timestamp>) {
        self.inner().secret_expires_at = at;
    }

    /// Whether what is registered can be used only after a change.
    pub fn starts_disabled(&self, disabled: bool) {
        self.inner().starts_disabled = disabled;
    }

    /// What a client gets from now on that asks for no scope.
    pub fn gives_by_default(&self, scopes: &[&str]) {
        self.inner().scopes_by_default = scopes.iter().map(ToString::to_string).collect();
    }

    /// Does what was delivered late.
    pub fn deliver(&self) {
        let mut inner = self.inner();
        for request in std::mem::take(&mut inner.late) {
            let _ = inner.perform(&request);
        }
    }

    /// The clients that are there.
    pub fn held(&self) -> Vec<RemoteClient> {
        self.inner().clients.values().cloned().collect()
    }

    /// Who registered a client, as its `software_id` and `software_version` tell.
    pub fn marker(&self, handle: &Handle) -> Option<Marker> {
        self.inner().markers.get(handle).cloned()
    }

    /// What the last change was to reset.
    pub fn unset(&self) -> BTreeSet<Field> {
        self.inner().unset.clone()
    }

    /// Somebody does something behind our back.
    pub fn tamper(&self, change: impl FnOnce(&mut BTreeMap<Handle, RemoteClient>)) {
        change(&mut self.inner().clients);
    }

    /// So many token requests find nobody.
    pub fn tamper_tokens(&self, requests: u32) {
        self.inner().deaf_tokens = requests;
    }

    /// Whether a credential is good.
    pub fn accepts(&self, credential: &Credential) -> bool {
        let inner = self.inner();
        let current = inner.clients.values().map(|client| &client.credential);
        current
            .chain(inner.kept.values().flatten())
            .any(|good| good == credential)
    }

    /// How many calls of a kind there were.
    pub fn calls(&self, kind: &str) -> u32 {
        self.inner().calls.get(kind).copied().unwrap_or_default()
    }

    /// How many mutating calls there were.
    pub fn mutations(&self) -> u32 {
        let reads = ["check", "client", "attempted", "clients", "scopes", "verify"];
        self.inner()
            .calls
            .iter()
            .filter(|(kind, _)| !reads.contains(kind))
            .map(|(_, count)| count)
            .sum()
    }

    /// A client as a read shows it.
    pub fn shown(&self, client: &RemoteClient) -> RemoteClient {
        let mut shown = client.clone();
        shown.access = None;
        if !self.capabilities.secret_readable {
            shown.credential.client_secret = None;
        }
        shown
    }

    fn count(&self, kind: &'static str) -> Result<(), Fault> {
        let mut inner = self.inner();
        *inner.calls.entry(kind).or_default() += 1;
        inner.down.clone().map_or(Ok(()), Err)
    }
}

impl Inner {
    fn credential(&mut self) -> Credential {
        self.made += 1;
        Credential {
            client_id: format!("id-{}", self.made),
            client_secret: Some(Confidential::new(format!("canary-secret-{}", self.made))),
        }
    }

    fn new_access(&mut self) -> Option<RegistrationAccess> {
        if !self.gives_access || !self.capabilities.as_ref().is_some_and(|can| can.own_access) {
            return None;
        }
        self.made += 1;
        Some(RegistrationAccess {
            uri: format!("https://corp/register/{}", self.made),
            token: Confidential::new(format!("canary-access-{}", self.made)),
            document: "{}".to_owned(),
        })
    }

    /// RFC 7592: a token that is not the client's own, and a client that is not there, are answered alike.
    fn may_manage(&self, target: &Target) -> Result<(), Fault> {
        if !self.capabilities.as_ref().is_some_and(|can| can.own_access) {
            return Ok(());
        }
        let held = self
            .clients
            .get(&target.handle)
            .and_then(|client| client.access.as_ref());
        let token = |access: &RegistrationAccess| access.token.clone();
        match (held.map(token), target.access.as_ref().map(token)) {
            (Some(held), Some(shown)) if held == shown => Ok(()),
            _ => Err(Fault::Unmanageable("401 Unauthorized: invalid_token".into())),
        }
    }

    fn perform(&mut self, request: &Request) -> Result<Answer, Fault> {
        match request {
            Request::Register(candidate) => {
                if self.is_taken(candidate) {
                    return Err(Fault::Conflict("the name or the id is in use".into()));
                }
                self.scopes_known(&candidate.metadata)?;
                let made = self.credential();
                let credential = Credential {
                    client_id: candidate.client_id.clone().unwrap_or(made.client_id),
                    client_secret: candidate.client_secret.clone().or(made.client_secret),
                };
                let handle = match self.capabilities.as_ref().map(|can| can.handle) {
                    Some(HandleKind::ServerId) => Handle(format!("handle-{}", self.made)),
                    Some(HandleKind::ClientId) => Handle(credential.client_id.clone()),
                    Some(HandleKind::Name) | None => Handle(candidate.name.clone()),
                };
                let keeps_marker = self.capabilities.as_ref().is_some_and(|can| can.keeps_marker);
                let client = RemoteClient {
                    handle: handle.clone(),
                    name: Some(candidate.name.clone()),
                    marker: keeps_marker.then(|| candidate.marker.clone()),
                    credential,
                    metadata: self.as_registered(&candidate.metadata),
                    secret_expires_at: self.secret_expires_at,
                    access: self.new_access(),
                };
                self.markers.insert(handle.clone(), candidate.marker.clone());
                self.clients.insert(handle, client.clone());
                Ok(Answer::Client(client))
            }
            Request::Update {
                target,
                metadata,
                unset,
            } => {
                self.unset.clone_from(unset);
                self.scopes_known(metadata)?;
                self.may_manage(target)?;
                let renewed = self.rotates_access.then(|| self.new_access()).flatten();
                let credential = self.renews_secret.then(|| self.credential());
                let client = self.clients.get_mut(&target.handle).ok_or(Fault::NotFound)?;
                client.metadata = told(metadata);
                client.marker = client.marker.take().or_else(|| target.marker.clone());
                client.access = renewed.or(client.access.take());
                let told = credential.is_some();
                if let Some(credential) = credential {
                    client.credential.client_secret = credential.client_secret;
                }
                let mut answer = client.clone();
                if !told && self.capabilities.as_ref().is_some_and(|can| !can.secret_readable) {
                    answer.credential.client_secret = None;
                }
                Ok(Answer::Client(answer))
            }
            Request::Rotate {
                target,
                candidate,
                keep_previous,
            } => {
                let keeps_id = self.capabilities.as_ref().is_some_and(|can| can.client_id_stable);
                let mut credential = candidate.clone().unwrap_or_else(|| self.credential());
                let client = self.clients.get_mut(&target.handle).ok_or(Fault::NotFound)?;
                if keeps_id {
                    credential.client_id.clone_from(&client.credential.client_id);
                }
                let before = std::mem::replace(&mut client.credential, credential);
                let kept = self.kept.entry(target.handle.clone()).or_default();
                if *keep_previous {
                    kept.push(before);
                } else {
                    kept.clear();
                }
                Ok(Answer::Client(client.clone()))
            }
            Request::RetireSecret { target } => {
                self.clients.get(&target.handle).ok_or(Fault::NotFound)?;
                self.kept.remove(&target.handle);
                Ok(Answer::Done)
            }
            Request::Delete { target } | Request::Disable { target } => {
                self.may_manage(target)?;
                self.kept.remove(&target.handle);
                self.clients
                    .remove(&target.handle)
                    .map(|_| Answer::Done)
                    .ok_or(Fault::NotFound)
            }
            Request::ProvisionScopes(scopes) => {
                self.scopes.extend(scopes.iter().cloned());
                Ok(Answer::Scopes(scopes.clone()))
            }
        }
    }

    fn as_registered(&self, asked: &ClientMetadata) -> ClientMetadata {
        let told = told(asked);
        ClientMetadata {
            enabled: told.enabled.map(|enabled| enabled && !self.starts_disabled),
            scopes: told.scopes.map(|scopes| {
                if scopes.is_empty() {
                    self.scopes_by_default.clone()
                } else {
                    scopes
                }
            }),
            ..told
        }
    }

    fn is_taken(&self, candidate: &Candidate) -> bool {
        let has_its_id =
            |client: &RemoteClient| candidate.client_id.as_ref() == Some(&client.credential.client_id);
        let unique_names = (self.capabilities.as_ref()).is_none_or(|can| can.unique_names);
        self.clients.values().any(has_its_id)
            || (unique_names && named(&self.clients, &candidate.name).is_some())
    }

    /// What an adapter finds for a candidate: by its id where we chose that, else by who made it, else by its name.
    fn made_by(&self, candidate: &Candidate) -> Option<&RemoteClient> {
        let keeps_marker = self.capabilities.as_ref().is_some_and(|can| can.keeps_marker);
        let mut all = self.clients.values();
        match &candidate.client_id {
            Some(id) if candidate.client_secret.is_some() => {
                all.find(|client| client.credential.client_id == *id)
            }
            _ if keeps_marker => all.find(|client| client.marker.as_ref() == Some(&candidate.marker)),
            _ => named(&self.clients, &candidate.name),
        }
    }

    fn scopes_known(&self, metadata: &ClientMetadata) -> Result<(), Fault> {
        let provisioned = matches!(
            self.capabilities.as_ref().map(|can| can.scopes),
            Some(ScopeModel::Provisioned { .. }) | None
        );
        match metadata
            .scopes
            .iter()
            .flatten()
            .find(|scope| provisioned && !self.scopes.contains(*scope))
        {
            Some(scope) => Err(Fault::Invalid(format!("scope {scope} is not provisioned"))),
            None => Ok(()),
        }
    }
}

/// The client with a name.
pub fn named<'a>(clients: &'a BTreeMap<Handle, RemoteClient>, name: &str) -> Option<&'a RemoteClient> {
    clients
        .values()
        .find(|client| client.name.as_deref() == Some(name))
}

fn told(asked: &ClientMetadata) -> ClientMetadata {
    ClientMetadata {
        grant_types: Some(BTreeSet::from(["client_credentials".to_owned()])),
        ..asked.clone()
    }
}

#[async_trait]
impl Provider for MemoryProvider {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self) -> Result<(), Fault> {
        self.count("check")
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        self.count("client")?;
        Ok(self.inner().clients.get(handle).map(|client| self.shown(client)))
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        self.count("attempted")?;
        Ok(self.inner().made_by(candidate).map(|client| self.shown(client)))
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        self.count("clients")?;
        Ok(self.held().iter().map(|client| self.shown(client)).collect())
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        self.count("scopes")?;
        Ok(self.inner().scopes.clone())
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        self.count("verify")?;
        let mut inner = self.inner();
        if inner.deaf_tokens > 0 {
            inner.deaf_tokens -= 1;
            return Err(Fault::Unavailable("is away".into()));
        }
        drop(inner);
        let good = self.accepts(&request.credential);
        Ok(if good {
            Verification::TokenIssued
        } else {
            Verification::Rejected("invalid_client".into())
        })
    }

    async fn perform(&self, request: &Request, _within: Duration) -> Result<Answer, Fault> {
        self.count(request.kind())?;
        let mut inner = self.inner();
        let unknown = || Err(Fault::OutcomeUnknown("closed the connection".into()));
        match inner.fates.pop_front() {
            None => inner.perform(request),
            Some(Fate::AnswerLost) => {
                let _ = inner.perform(request);
                unknown()
            }
            Some(Fate::RequestLost) => unknown(),
            Some(Fate::Late) => {
                inner.late.push(request.clone());
                unknown()
            }
            Some(Fate::Fault(fault)) => Err(fault),
        }
    }
}
