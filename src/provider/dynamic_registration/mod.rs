//! Dynamic client registration: RFC 7591, and RFC 7592 where the server has it.
//!
//! The server chooses id and secret and shows them once. Each registration is managed with an access of its own, an
//! address and a token that came with it; nothing can be looked up, and a read may already bring another secret, so none is
//! made. What cannot be managed is told as [`Fault::Unmanageable`].

mod capabilities;
mod configured;
mod discovery;
mod document;
mod refusal;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::http::{Authorization, Body, Call, Http, Reply, short, words};
use super::wire::no_such_call;
use super::{Provider, in_time, time_for, token};
use crate::model::{
    Answer, Candidate, Capabilities, ClientMetadata, Confidential, Denial, Endpoints, Fault, Handle,
    RegistrationAccess, RemoteClient, Request, Target, TokenRequest, Verification,
};
pub use discovery::Discovery;
use document::Distinct;
use wire::Told;

/// The largest answer about one client. It is kept, and sent back with a change.
const DOCUMENT_MAX: usize = 256 * 1024;
/// A credential that was refused counts no more after this time: who asked may be gone. Longer than the pause after which
/// a refused call is let through to see.
const REMEMBERED: Duration = Duration::from_mins(20);
/// Refusals of a token request that come after the client's credential was taken (RFC 6749 section 5.2). A client that
/// serves users has no token of its own.
const RECOGNISED: [&str; 3] = ["unauthorized_client", "invalid_scope", "unsupported_grant_type"];

/// What goes with every registration.
pub struct Admission {
    /// The initial access token.
    pub token: Option<Authorization>,
    /// The software statement.
    pub statement: Option<Confidential>,
}

/// One configured server.
pub struct DynamicRegistration {
    /// Its origin. It holds no authorization: each call has its own.
    api: Arc<Http>,
    /// Where its metadata says what is where. Without, clients are registered at the base of `api`.
    discovery: Option<Discovery>,
    admission: Admission,
    /// The token endpoint that the configuration gives.
    token: Option<Arc<Http>>,
    timeout: Duration,
    capabilities: Capabilities,
    /// How the last registration was refused for the operator's credential, as no read can tell.
    refused: Mutex<Option<(String, Instant)>>,
    /// The server refused a change that held the client's secret, which some want and others forbid, and which may be
    /// another one since an answer was lost.
    without_secret: AtomicBool,
    /// It refused a change without it as well.
    without_secret_in_vain: AtomicBool,
}

impl DynamicRegistration {
    /// An adapter over its connection.
    pub fn new(
        api: Arc<Http>,
        discovery: Option<Discovery>,
        admission: Admission,
        token: Option<Arc<Http>>,
        timeout: Duration,
    ) -> Self {
        let can_verify = token.is_some() || discovery.is_some();
        Self {
            api,
            discovery,
            admission,
            token,
            timeout,
            capabilities: capabilities::of(can_verify),
            refused: Mutex::default(),
            without_secret: AtomicBool::new(false),
            without_secret_in_vain: AtomicBool::new(false),
        }
    }

    fn refused(&self) -> MutexGuard<'_, Option<(String, Instant)>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn endpoint(&self) -> Result<Url, Fault> {
        Ok(match &self.discovery {
            Some(discovery) => discovery.get().await?.registration.clone(),
            None => self.api.base().clone(),
        })
    }

    async fn token_endpoint(&self) -> Result<Arc<Http>, String> {
        match (&self.token, &self.discovery) {
            (Some(http), _) => Ok(Arc::clone(http)),
            (None, Some(discovery)) => match discovery.get().await {
                Ok(metadata) => metadata.token.clone(),
                Err(fault) => Err(words(&fault)),
            },
            (None, None) => Err("no token endpoint is known".to_owned()),
        }
    }

    async fn register(&self, candidate: &Candidate, within: Duration) -> Result<Answer, Fault> {
        document::check(&candidate.metadata).map_err(Fault::Invalid)?;
        let deadline = Instant::now() + within;
        let endpoint = in_time(deadline, self.endpoint()).await?;
        let within = time_for("the registration", deadline)?;
        let statement = self.admission.statement.as_ref();
        let body = document::registration(candidate, statement)?;
        let secrets: Vec<&Confidential> = statement.into_iter().collect();
        let call = Call {
            at: Some(&endpoint),
            authorization: self.admission.token.as_ref(),
            limit: DOCUMENT_MAX,
            secrets: &secrets,
            ..Call::change(Method::POST, "the registration", &[], body, within)
        };
        let reply = self.api.send(&call).await?;
        if !reply.status.is_success() {
            let fault = refusal::of_registration(&self.api, &call, &reply);
            match &fault {
                Fault::Denied(Denial::Credential, text) => {
                    *self.refused() = Some((text.clone(), Instant::now()));
                }
                // The credential was taken.
                Fault::Denied(Denial::Right, _) | Fault::Invalid(_) => *self.refused() = None,
                _ => {}
            }
            return Err(fault);
        }
        *self.refused() = None;
        // Whatever success it is: a client that is told of is one to keep.
        let absurd = |why: String| self.api.absurd(&call, &why);
        let told = Told::read(&reply, &secrets).map_err(absurd)?;
        let access = self.access(&told, &endpoint, None);
        let client = told.into_remote(document::as_sent(&candidate.metadata), access);
        if client.credential.client_secret.is_none() && wire::needs_secret(&client.metadata) {
            return Err(absurd("it has no client secret".to_owned()));
        }
        Ok(Answer::Client(client))
    }

    async fn update(
        &self,
        target: &Target,
        metadata: &ClientMetadata,
        within: Duration,
    ) -> Result<Answer, Fault> {
        document::check(metadata).map_err(Fault::Invalid)?;
        let (access, at, bearer) = self.managed(target)?;
        let known = target
            .credential
            .as_ref()
            .and_then(|known| known.client_secret.as_ref());
        let secret = known.filter(|_| !self.without_secret.load(Ordering::Relaxed));
        let statement = self.admission.statement.as_ref();
        let document = document::changed(access, &target.handle, metadata).map_err(Fault::Unmanageable)?;
        let body = document::change(&document, secret, statement)?;
        let secrets: Vec<&Confidential> = known.into_iter().chain(statement).collect();
        let call = Call {
            at: Some(&at),
            authorization: Some(&bearer),
            limit: DOCUMENT_MAX,
            secrets: &secrets,
            ..Call::change(Method::PUT, "the change", &[], body, within)
        };
        let reply = self.api.send(&call).await?;
        if !reply.status.is_success() {
            return Err(self.change_refused(&call, &reply, secret.is_some()));
        }
        self.without_secret_in_vain.store(false, Ordering::Relaxed);
        let sent = document::as_sent(metadata);
        let told = match reply.status {
            // Nothing was told, so nothing was replaced.
            StatusCode::OK | StatusCode::NO_CONTENT if reply.is_blank() => {
                Told::nothing(&target.handle, &document)
            }
            StatusCode::OK | StatusCode::CREATED | StatusCode::ACCEPTED => {
                let secrets: Vec<_> = secrets.iter().copied().chain([&access.token]).collect();
                Told::read(&reply, &secrets).map_err(|why| self.api.absurd(&call, &why))?
            }
            _ => return Err(self.api.absurd(&call, "its status is not 200")),
        };
        if told.id != target.handle.0 {
            return Err(self.api.absurd(&call, "it is about another client"));
        }
        let access = self.access(&told, &at, Some(access));
        Ok(Answer::Client(told.into_remote(sent, access)))
    }

    /// The client's secret in a change is wanted by some servers and forbidden by others, who say no more than "forbidden";
    /// and one that the server has replaced, in an answer that was lost, makes a bad request. Then the next change goes
    /// without; if that is refused too, it was not the secret.
    fn change_refused(&self, call: &Call<'_>, reply: &Reply, with_secret: bool) -> Fault {
        let bad_request = refusal::is_bad_request(reply);
        let perhaps_the_secret = with_secret
            && (refusal::is_plainly_forbidden(reply)
                || bad_request && !self.without_secret_in_vain.load(Ordering::Relaxed));
        if matches!(reply.status, StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN) {
            self.without_secret.store(perhaps_the_secret, Ordering::Relaxed);
        }
        if bad_request && !with_secret {
            self.without_secret_in_vain.store(true, Ordering::Relaxed);
        }
        if perhaps_the_secret {
            let said = words(&self.api.refused(call, reply));
            return Fault::Unavailable(short(&format!(
                "{said} (the next try leaves the client secret out)"
            )));
        }
        refusal::of_change(&self.api, call, reply)
    }

    async fn delete(&self, target: &Target, within: Duration) -> Result<Answer, Fault> {
        let (_, at, bearer) = self.managed(target)?;
        let known = target
            .credential
            .as_ref()
            .and_then(|known| known.client_secret.as_ref());
        let secrets: Vec<&Confidential> = known.into_iter().collect();
        let call = Call {
            at: Some(&at),
            authorization: Some(&bearer),
            secrets: &secrets,
            ..Call::change(Method::DELETE, "the deletion", &[], Body::Empty, within)
        };
        let reply = self.api.send(&call).await?;
        match reply.status {
            StatusCode::NO_CONTENT => Ok(Answer::Done),
            // A page, as of a login or a proxy, removes nothing.
            StatusCode::OK if reply.is_blank() => Ok(Answer::Done),
            StatusCode::OK => match reply.object::<Distinct>() {
                Ok(_) => Ok(Answer::Done),
                Err(why) => Err(self.api.absurd(&call, &why)),
            },
            status if status.is_success() => Err(self.api.absurd(&call, "its status is not 204")),
            _ => Err(refusal::of_management(&self.api, &call, &reply)),
        }
    }

    /// What a client is managed with: its access, where that is, and the token as it is sent.
    fn managed<'t>(&self, target: &'t Target) -> Result<(&'t RegistrationAccess, Url, Authorization), Fault> {
        let unmanageable = |text: &str| Fault::Unmanageable(text.to_owned());
        let Some(access) = &target.access else {
            return Err(unmanageable("no registration access token is known"));
        };
        let at = self.api.at_home(&access.uri);
        let at = at.ok_or_else(|| unmanageable("the address of its registration cannot be read"))?;
        let bearer = Authorization::bearer(&access.token);
        let bearer = bearer.ok_or_else(|| unmanageable("its registration access token cannot be sent"))?;
        Ok((access, at, bearer))
    }

    /// The access of an answer from `at`. What it leaves out stays as it was.
    fn access(
        &self,
        told: &Told,
        at: &Url,
        known: Option<&RegistrationAccess>,
    ) -> Option<RegistrationAccess> {
        let given = told.uri.as_deref().and_then(|uri| self.api.address(uri, at));
        let token = told
            .token
            .clone()
            .filter(|token| Authorization::bearer(token).is_some());
        Some(RegistrationAccess {
            uri: given
                .map(String::from)
                .or_else(|| known.map(|known| known.uri.clone()))?,
            token: token.or_else(|| known.map(|known| known.token.clone()))?,
            document: told.document.clone(),
        })
    }
}

#[async_trait]
impl Provider for DynamicRegistration {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn endpoints(&self) -> Option<Endpoints> {
        match &self.discovery {
            Some(discovery) => discovery.known().map(|metadata| metadata.endpoints.clone()),
            None => Some(Endpoints::default()),
        }
    }

    /// The metadata is all that can be read without harm; without metadata nothing can. Whether the credential is good
    /// shows itself in registrations only.
    async fn check(&self) -> Result<(), Fault> {
        if let Some(discovery) = &self.discovery {
            discovery.look().await?;
        }
        let refused = self.refused().clone().filter(|(_, at)| at.elapsed() < REMEMBERED);
        match refused {
            Some((text, _)) => Err(Fault::Denied(Denial::Credential, text)),
            None => Ok(()),
        }
    }

    async fn client(&self, _: &Handle) -> Result<Option<RemoteClient>, Fault> {
        Err(no_such_call())
    }

    async fn attempted(&self, _: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        Err(no_such_call())
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        Err(no_such_call())
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        Err(no_such_call())
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        match self.token_endpoint().await {
            Ok(http) => token::verify(&http, request, recognised, self.timeout).await,
            Err(why) => Ok(Verification::Unknown(why)),
        }
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        match request {
            Request::Register(candidate) => self.register(candidate, within).await,
            Request::Update { target, metadata, .. } => self.update(target, metadata, within).await,
            Request::Delete { target } => self.delete(target, within).await,
            Request::Rotate { .. }
            | Request::RetireSecret { .. }
            | Request::Disable { .. }
            | Request::ProvisionScopes(_) => Err(no_such_call()),
        }
    }
}

fn recognised(reply: &Reply) -> Option<bool> {
    token::by_words(reply, &RECOGNISED)
}
