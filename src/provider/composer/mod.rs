//! Composer Trusted Access, of Zoomdata, Logi Composer, Symphony and Simba.
//!
//! The server chooses id and secret, shows the secret once, and cannot replace it; names are unique. A client has a name
//! and a validity, and its tokens are for users of the product. No status code is documented, and no error but a few, so
//! whatever is not plainly a success is judged beside a second look: see [`lookup`]. Where Trusted Access is switched off
//! everything answers 404, the list too.

mod changes;
mod configured;
mod lookup;
mod probe;
mod session;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;

use super::Provider;
use super::http::{Call, Http, Reply, hinted};
use super::wire::no_such_call;
use crate::model::{
    Answer, Candidate, Capabilities, Denial, Fault, Field, Handle, HandleKind, Overlap, RemoteClient,
    Request, ScopeModel, TokenRequest, Verification,
};
use probe::Probe;
use session::Access;

/// What comes between the context path and the paths of calls.
const API: &str = "/api/trusted-access";
const CLIENTS: &str = "clients";
/// The longest name that we give. None is documented; databases of this kind hold 255 characters.
const NAME_LIMIT: usize = 200;
/// The server wants a validity with each registration, and recommends one under 600.
const VALIDITY: u32 = 300;

/// One configured server.
#[derive(Debug)]
pub struct Composer {
    /// The management API. It holds no authorization.
    api: Http,
    access: Access,
    probe: Option<Probe>,
    timeout: Duration,
    ids: lookup::Ids,
    capabilities: Capabilities,
}

impl Composer {
    /// An adapter over its connections.
    pub fn new(api: Http, access: Access, probe: Option<Probe>, timeout: Duration) -> Self {
        let capabilities = capabilities(probe.is_some());
        Self {
            api,
            access,
            probe,
            timeout,
            ids: lookup::Ids::default(),
            capabilities,
        }
    }

    async fn send(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        self.access.send(&self.api, call).await
    }

    /// What an answer means that is not a success.
    fn refused(&self, call: &Call<'_>, reply: &Reply) -> Fault {
        let lacks_token = session::lacks_token(reply);
        match (reply.status, self.api.refused(call, reply)) {
            (_, Fault::Denied(Denial::Right, text)) => {
                let hint = match (lacks_token, self.access.is_by_session()) {
                    (true, false) => "changes need a CSRF token there: set auth.session",
                    (true, true) => "it gave no CSRF token with the session, or takes another one",
                    (false, _) => "is the user a global administrator or of the group Supervisors?",
                };
                Fault::Denied(Denial::Right, hinted(&text, hint))
            }
            // That is no matter of what was asked for, and the application team cannot mend it.
            (StatusCode::NOT_ACCEPTABLE | StatusCode::UNSUPPORTED_MEDIA_TYPE, Fault::Invalid(text)) => {
                Fault::Unavailable(hinted(&text, "is mediaType right?"))
            }
            (_, fault) => fault,
        }
    }

    /// The same of the collection, which is always there. If it is not, Trusted Access is switched off or somewhere else:
    /// that says nothing about what was asked.
    fn collection_refused(&self, call: &Call<'_>, reply: &Reply) -> Fault {
        match (reply.status, self.refused(call, reply)) {
            (
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE,
                Fault::Invalid(text),
            ) => {
                let hint = "is Trusted Access switched on, and contextPath right?";
                Fault::Unavailable(hinted(&text, hint))
            }
            (_, fault) => fault,
        }
    }
}

#[async_trait]
impl Provider for Composer {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self) -> Result<(), Fault> {
        self.first_piece().await
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        let found = self.find(handle).await?;
        Ok(found.and_then(|found| found.client.shown(Some(handle))))
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        let found = self.find_by_name(&candidate.name).await?;
        Ok(found.and_then(|client| client.shown(None)))
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        let list = self.list().await?;
        Ok(list.into_iter().filter_map(|client| client.shown(None)).collect())
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        Err(no_such_call())
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        match &self.probe {
            Some(probe) => probe.verify(request).await,
            None => Err(no_such_call()),
        }
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        match request {
            Request::Register(candidate) => self.register(candidate, within).await,
            Request::Update {
                target,
                metadata,
                unset,
            } => self.update(&target.handle, metadata, unset, within).await,
            Request::Delete { target } => self.delete(&target.handle, within).await,
            Request::Rotate { .. }
            | Request::RetireSecret { .. }
            | Request::Disable { .. }
            | Request::ProvisionScopes(_) => Err(no_such_call()),
        }
    }
}

fn capabilities(can_verify: bool) -> Capabilities {
    Capabilities {
        handle: HandleKind::ServerId,
        unique_names: true,
        overlap: Overlap::SecondClient,
        honours: BTreeSet::from([
            Field::ClientName,
            Field::TokenEndpointAuthMethod,
            Field::AccessTokenValidity,
        ]),
        updates: BTreeSet::from([Field::AccessTokenValidity]),
        scopes: ScopeModel::None,
        can_list: true,
        can_look_up: true,
        secrets_expire: true,
        can_verify,
        name_limit: NAME_LIMIT,
        ..Capabilities::least()
    }
}
