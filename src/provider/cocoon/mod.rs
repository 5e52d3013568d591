//! Cocoon Data SafeShare, formerly the Covata Platform.
//!
//! A client is an app of the server's. It is called by an id of the server's in paths (`clientInfoId`), and known to its
//! users by an id and a secret that the operator chooses. The operator acts as an administrator, who logs in by way of an
//! app of its own. Success is documented, and little else: no error, no status of one, no media type of an answer. So
//! whatever is not plainly a success is judged beside a second look: see [`lookup`].

mod changes;
mod configured;
mod lookup;
mod manner;
mod terms;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::HeaderName;

use super::Provider;
use super::connect::Account;
use super::http::{Call, Http, Reply, hinted};
use super::login::{ClientAuth, Grant, Login};
use super::wire::no_such_call;
use crate::model::{
    Answer, Candidate, Capabilities, ChosenBy, Denial, Fault, Field, Handle, HandleKind, Overlap,
    RemoteClient, Request, ScopeModel, TokenRequest, Verification,
};
use manner::Manners;

/// What comes between the address of the access service and the paths of calls.
const API: &str = "/api/v1";
/// The token endpoint, below the address of the access service.
const TOKEN: &str = "/api/oauth/token";
const APPS: &str = "clientapps";
/// The header that the documents name for the client's id and secret at the token endpoint. It must be a slip, and is
/// sent beside the one of the standard in case it is none.
const AUTHENTICATION: HeaderName = HeaderName::from_static("authentication");
/// The longest name and client id that we give. None is documented; databases of this kind hold 255 characters.
const NAME_LIMIT: usize = 200;

/// One configured server.
#[derive(Debug)]
pub struct Cocoon {
    api: Http,
    login: Login,
    manners: Manners,
    timeout: Duration,
    capabilities: Capabilities,
}

impl Cocoon {
    /// An adapter over its connections: `endpoint` is the token endpoint, where `user` logs in by way of `app`.
    pub fn new(api: Http, endpoint: Http, user: Account, app: Account, timeout: Duration) -> Self {
        let login = Login::new(endpoint, ClientAuth::Basic(app), Grant::Password(user))
            .also_in(AUTHENTICATION)
            .unless(wire::restricted);
        Self {
            api,
            login,
            manners: Manners::default(),
            timeout,
            capabilities: capabilities(),
        }
    }

    async fn send(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        self.login.send(&self.api, call).await
    }

    /// What an answer means that is not a success.
    fn refused(&self, call: &Call<'_>, reply: &Reply) -> Fault {
        match self.api.refused(call, reply) {
            Fault::Denied(Denial::Right, text) => {
                let hint = "is the user an administrator, and without a second factor?";
                Fault::Denied(Denial::Right, hinted(&text, hint))
            }
            fault => fault,
        }
    }

    /// The same of the collection, which is always there. If it is not, the API is somewhere else or switched off: that
    /// says nothing about what was asked, and the application team cannot mend it.
    fn collection_refused(&self, call: &Call<'_>, reply: &Reply) -> Fault {
        match (reply.status, self.refused(call, reply)) {
            (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, Fault::Invalid(text)) => {
                let hint = "is that the address of the access service?";
                Fault::Unavailable(hinted(&text, hint))
            }
            (_, fault) => fault,
        }
    }
}

#[async_trait]
impl Provider for Cocoon {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self) -> Result<(), Fault> {
        self.first_page().await
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        Ok(self.find(handle).await?.map(lookup::shown))
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        let Some(client_id) = &candidate.client_id else {
            return Err(no_such_call());
        };
        Ok(self.find_by_id(client_id).await?.map(lookup::shown))
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        let apps = self.list().await?;
        Ok(apps.into_iter().map(wire::App::into_remote).collect())
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        Err(no_such_call())
    }

    async fn verify(&self, _: &TokenRequest) -> Result<Verification, Fault> {
        Err(no_such_call())
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        match request {
            Request::Register(candidate) => self.register(candidate, within).await,
            Request::Update {
                target,
                metadata,
                unset,
            } => self.update(target, metadata, unset, within).await,
            Request::Rotate {
                target,
                candidate: Some(candidate),
                keep_previous: false,
            } => self.rotate(target, candidate, within).await,
            Request::Delete { target } => self.delete(&target.handle, within).await,
            Request::Disable { target } => self.disable(&target.handle, within).await,
            Request::Rotate { .. } | Request::RetireSecret { .. } | Request::ProvisionScopes(_) => {
                Err(no_such_call())
            }
        }
    }
}

/// What it can do.
///
/// `secret_readable`: whether a read shows the secret is not known, and what stands in its place may be asterisks, a hash or
/// something else that cannot be told from one. So no read is believed to show one; it is only held against a secret that
/// was just set.
///
/// `idempotent_create`: that a `clientId` is unique is likely and not documented. A registration that is sent twice could
/// make two apps of one id, so one that cannot be found is given up for another, with another id.
fn capabilities() -> Capabilities {
    let updates = BTreeSet::from([
        Field::GrantTypes,
        Field::RedirectUris,
        Field::AccessTokenValidity,
        Field::RefreshTokenValidity,
        Field::Enabled,
    ]);
    let mut honours = updates.clone();
    honours.remove(&Field::Enabled);
    honours.extend([Field::ClientName, Field::ClientId, Field::ClientSecretRef]);
    Capabilities {
        client_id: ChosenBy::Caller,
        client_secret: ChosenBy::Caller,
        rotated_secret: ChosenBy::Caller,
        secret_readable: false,
        handle: HandleKind::ServerId,
        unique_names: false,
        idempotent_create: false,
        overlap: Overlap::SecondClient,
        rotate_in_place: true,
        client_id_stable: true,
        honours,
        grant_types: Some(terms::GRANTS.map(str::to_owned).into()),
        updates,
        scopes: ScopeModel::None,
        can_list: true,
        can_look_up: true,
        can_disable: true,
        can_verify: false,
        name_limit: NAME_LIMIT,
        ..Capabilities::least()
    }
}
