//! The Authorization Server of DigitalRoute MediationZone and Usage Engine Private Edition.
//!
//! A client's name is its handle. The server chooses id and secret and shows both in every answer; PATCH replaces
//! both. No status code and no error body is documented, so whatever is not plainly a success is judged beside a
//! second look: see [`lookup`].

mod configured;
mod lookup;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use tokio::time::Instant;

use super::http::{Body, Call, Http, LIST, Object, Reply};
use super::wire::no_such_call;
use super::{Provider, in_time, time_for, token};
use crate::api::grant_types;
use crate::model::{
    Answer, Candidate, Capabilities, ClientMetadata, Fault, Field, Handle, HandleKind, Overlap, RemoteClient,
    Request, ScopeModel, TokenRequest, Verification,
};

/// The longest name that we give. None is documented; databases of this kind hold 255 characters, and in a URL, where
/// one character can become twelve, a request line of 8 KiB holds 600. This leaves room in both.
const NAME_LIMIT: usize = 200;

const CLIENTS: &str = "clients";
const SCOPE: &str = "scope";

/// One configured server.
#[derive(Debug)]
pub struct DigitalRoute {
    /// The management API.
    api: Http,
    /// Where `/scope` may be besides the API's own base, which is tried first: its base is not documented to be that
    /// of `/clients`.
    elsewhere: Vec<Http>,
    /// Which of them it is, once one has answered.
    scope_at: OnceLock<usize>,
    /// The token endpoint.
    token: Http,
    timeout: Duration,
    capabilities: Capabilities,
}

impl DigitalRoute {
    /// An adapter over its connections.
    pub fn new(api: Http, elsewhere: Vec<Http>, token: Http, timeout: Duration, may_create: bool) -> Self {
        Self {
            api,
            elsewhere,
            scope_at: OnceLock::new(),
            token,
            timeout,
            capabilities: capabilities(may_create),
        }
    }

    /// All clients as they came, from a list that is complete and well-formed as far as can be told.
    async fn list(&self) -> Result<Vec<wire::Client>, Fault> {
        let call = Call {
            limit: LIST,
            ..Call::read("the list of clients", &[CLIENTS], self.timeout)
        };
        let reply = self.api.send(&call).await?;
        match reply.status {
            // A framework's way to say that there are none.
            StatusCode::NO_CONTENT => return Ok(Vec::new()),
            StatusCode::OK => {}
            status if status.is_success() => return Err(self.api.absurd(&call, "its status is not 200")),
            _ => return Err(collection_refused(&self.api, &call, &reply)),
        }
        let list: wire::List = reply.json().map_err(|why| self.api.absurd(&call, &why))?;
        let list: Vec<_> = list
            .unwrap_or_default()
            .into_iter()
            .map(|Object(client)| client)
            .collect();
        if list.iter().all(wire::Client::is_sound) {
            Ok(list)
        } else {
            Err(self.api.absurd(&call, "a client has no name or no id"))
        }
    }

    /// The scopes, and which connection knew them.
    async fn read_scopes(&self) -> Result<(&Http, BTreeSet<String>), Fault> {
        let all = 0..=self.elsewhere.len();
        let places = match self.scope_at.get() {
            Some(known) => *known..=*known,
            None => all,
        };
        let mut first = None;
        for index in places {
            let Some(http) = self.place(index) else { continue };
            let call = Call::read("the scopes", &[SCOPE], self.timeout);
            let reply = http.send(&call).await?;
            if !reply.status.is_success() {
                let fault = collection_refused(http, &call, &reply);
                if reply.status != StatusCode::NOT_FOUND {
                    return Err(fault);
                }
                first.get_or_insert(fault);
                continue;
            }
            let scopes: wire::Scopes = reply.object().map_err(|why| http.absurd(&call, &why))?;
            self.scope_at.set(index).ok();
            return Ok((http, scopes.set()));
        }
        Err(first.unwrap_or_else(|| Fault::Unavailable("it has no scopes".to_owned())))
    }

    fn place(&self, index: usize) -> Option<&Http> {
        match index.checked_sub(1) {
            None => Some(&self.api),
            Some(index) => self.elsewhere.get(index),
        }
    }

    async fn register(&self, candidate: &Candidate, within: Duration) -> Result<Answer, Fault> {
        if !super::percent::is_addressable(&candidate.name) {
            return Err(Fault::Invalid(
                "a client whose name is empty, . or .. could not be addressed".to_owned(),
            ));
        }
        let deadline = Instant::now() + within;
        let body = wire::registration(&candidate.name, &candidate.metadata)?;
        let call = Call::change(Method::POST, "the registration", &[CLIENTS], body, within);
        let reply = self.api.send(&call).await?;
        if reply.status.is_success() {
            return self.told(&call, &reply, &candidate.name).map(Answer::Client);
        }
        let fault = self.api.refused(&call, &reply);
        let (Fault::Invalid(text) | Fault::Conflict(text)) = &fault else {
            return Err(fault);
        };
        // How a taken name is refused is not documented, nor how anything else is.
        match in_time(deadline, self.find(&candidate.name)).await {
            Ok(Some(_)) => Err(Fault::Conflict(text.clone())),
            Ok(None) => Err(Fault::Invalid(text.clone())),
            Err(_) => Err(collection_refused(&self.api, &call, &reply)),
        }
    }

    /// PUT registers a client that is not there, so it is looked at first; and nothing is sent that changes nothing,
    /// since PUT may touch the credential.
    async fn update(
        &self,
        handle: &Handle,
        metadata: &ClientMetadata,
        within: Duration,
    ) -> Result<Answer, Fault> {
        let deadline = Instant::now() + within;
        let Some(client) = in_time(deadline, self.find(&handle.0)).await? else {
            return Err(Fault::NotFound);
        };
        let Some(scopes) = &metadata.scopes else {
            return Ok(Answer::Client(client));
        };
        if client.metadata.scopes.as_ref() == Some(scopes) {
            return Ok(Answer::Client(client));
        }
        let within = time_for("the change", deadline)?;
        let body = wire::scope(scopes)?;
        let path = [CLIENTS, handle.0.as_str()];
        let call = Call::change(Method::PUT, "the change of the scope", &path, body, within);
        let reply = self.api.send(&call).await?;
        if reply.status.is_success() {
            return self.told(&call, &reply, &handle.0).map(Answer::Client);
        }
        let fault = self.api.refused(&call, &reply);
        // What may have been done is not known undone because the client is not there: it may be on its way still.
        if matches!(fault, Fault::OutcomeUnknown(_)) {
            return Err(fault);
        }
        Err(self.unless_absent(handle, deadline, reply.status, fault).await)
    }

    async fn rotate(&self, handle: &Handle, within: Duration) -> Result<Answer, Fault> {
        let deadline = Instant::now() + within;
        let path = [CLIENTS, handle.0.as_str()];
        let call = Call::change(Method::PATCH, "the new credential", &path, Body::Empty, within);
        let reply = self.api.send(&call).await?;
        if reply.status.is_success() {
            return self.told(&call, &reply, &handle.0).map(Answer::Client);
        }
        let fault = self.api.refused(&call, &reply);
        // What may have been done is not known undone because the client is not there: it may be on its way still.
        if matches!(fault, Fault::OutcomeUnknown(_)) {
            return Err(fault);
        }
        Err(self.unless_absent(handle, deadline, reply.status, fault).await)
    }

    async fn delete(&self, handle: &Handle, within: Duration) -> Result<Answer, Fault> {
        let deadline = Instant::now() + within;
        let path = [CLIENTS, handle.0.as_str()];
        let call = Call::change(Method::DELETE, "the deletion", &path, Body::Empty, within);
        let reply = self.api.send(&call).await?;
        if !reply.status.is_success() {
            // Gone is gone, whatever the server makes of being asked for it.
            let fault = self.api.refused(&call, &reply);
            return Err(self.unless_absent(handle, deadline, reply.status, fault).await);
        }
        let said: Result<wire::Deleted, String> = reply.object();
        let plainly = match &said {
            Ok(said) => said.is_success(),
            Err(_) => reply.status == StatusCode::NO_CONTENT && reply.body.is_empty(),
        };
        // Names need not be unique there: another client of that name may be left.
        let is_left = || self.api.absurd(&call, "a client of that name is still there");
        if plainly {
            let still_there = in_time(deadline, self.is_shown(&handle.0)).await;
            return if still_there == Ok(true) {
                Err(is_left())
            } else {
                Ok(Answer::Done)
            };
        }
        match in_time(deadline, self.find(&handle.0)).await {
            Ok(None) => Ok(Answer::Done),
            Ok(Some(_)) => Err(is_left()),
            Err(_) => Err(self.api.absurd(&call, "it does not say that it is done")),
        }
    }

    async fn provision(&self, scopes: &BTreeSet<String>, within: Duration) -> Result<Answer, Fault> {
        let deadline = Instant::now() + within;
        let http = match self.scope_at.get().and_then(|index| self.place(*index)) {
            Some(http) => http,
            None => in_time(deadline, self.read_scopes()).await?.0,
        };
        let body = wire::scope(scopes)?;
        let within = deadline.saturating_duration_since(Instant::now());
        let call = Call::change(Method::POST, "the scopes to provision", &[SCOPE], body, within);
        let reply = http.send(&call).await?;
        if !reply.status.is_success() {
            return Err(match collection_refused(http, &call, &reply) {
                // Another was faster with one of them; the next look shows which.
                Fault::Conflict(text) => Fault::Unavailable(text),
                fault => fault,
            });
        }
        let mut there = BTreeSet::new();
        if reply.status != StatusCode::NO_CONTENT {
            let answer: wire::Scopes = reply.object().map_err(|why| http.absurd(&call, &why))?;
            there = answer.set();
        }
        // What was there already need not be in the answer.
        if !scopes.is_subset(&there)
            && let Ok((_, now)) = in_time(deadline, self.read_scopes()).await
        {
            there.extend(scopes.intersection(&now).cloned());
        }
        Ok(Answer::Scopes(there))
    }

    /// The client in the answer to a change. It must be the one that was asked about and show its credential.
    fn told(&self, call: &Call<'_>, reply: &Reply, name: &str) -> Result<RemoteClient, Fault> {
        let client: wire::Client = reply.object().map_err(|why| self.api.absurd(call, &why))?;
        if client.name() != name {
            return Err(self.api.absurd(call, "it is about another client"));
        }
        if !client.is_sound() || !client.shows_secret() {
            return Err(self.api.absurd(call, "it has no client id or no secret"));
        }
        Ok(client.into_remote())
    }
}

#[async_trait]
impl Provider for DigitalRoute {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self) -> Result<(), Fault> {
        self.read_scopes().await.map(|_| ())
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        self.find(&handle.0).await
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        self.find(&candidate.name).await
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        let list = self.list().await?;
        Ok(list.into_iter().map(wire::Client::into_remote).collect())
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        self.read_scopes().await.map(|(_, scopes)| scopes)
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        token::verify(&self.token, request, |_| None, self.timeout).await
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        match request {
            Request::Register(candidate) => self.register(candidate, within).await,
            Request::Update { target, metadata, .. } => self.update(&target.handle, metadata, within).await,
            Request::Rotate {
                target,
                candidate: None,
                keep_previous: false,
            } => self.rotate(&target.handle, within).await,
            Request::Delete { target } => self.delete(&target.handle, within).await,
            Request::ProvisionScopes(scopes) => self.provision(scopes, within).await,
            Request::Rotate { .. } | Request::RetireSecret { .. } | Request::Disable { .. } => {
                Err(no_such_call())
            }
        }
    }
}

/// A collection is always there. If it is not, the API is switched off or somewhere else: that says nothing about what
/// was asked, and the application team cannot mend it.
fn collection_refused(http: &Http, call: &Call<'_>, reply: &Reply) -> Fault {
    match (reply.status, http.refused(call, reply)) {
        (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, Fault::Invalid(text)) => {
            let hint = format!("{text} (is the management API there, and apiPrefix right?)");
            Fault::Unavailable(super::http::short(&hint))
        }
        (_, fault) => fault,
    }
}

fn capabilities(may_create: bool) -> Capabilities {
    Capabilities {
        secret_readable: true,
        handle: HandleKind::Name,
        unique_names: true,
        idempotent_create: true,
        overlap: Overlap::SecondClient,
        rotate_in_place: true,
        honours: BTreeSet::from([Field::ClientName, Field::GrantTypes, Field::Scopes]),
        grant_types: Some(BTreeSet::from([grant_types::CLIENT_CREDENTIALS.to_owned()])),
        updates: BTreeSet::from([Field::Scopes]),
        scopes: ScopeModel::Provisioned {
            may_create,
            to_let_create: Some("set scopeProvisioning to Create"),
        },
        can_list: true,
        can_look_up: true,
        can_verify: true,
        name_limit: NAME_LIMIT,
        ..Capabilities::least()
    }
}
