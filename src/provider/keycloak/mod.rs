//! Keycloak, by its admin API.
//!
//! A client is called by a UUID in paths, and known to its users by an id and a secret that the operator chooses. Every
//! client has attributes, which keep our marker. Grant types are switches, scopes are objects of the realm that are attached
//! to a client, and audiences are mappers: see [`terms`]. The operator acts as a service account.
//!
//! A realm may have a policy by which secrets end, and each client can have an earlier secret beside its own: see
//! [`secrets`].

mod changes;
mod configured;
mod lookup;
mod scopes;
mod secrets;
mod terms;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;

use super::http::{Call, Http, Reply, hinted};
use super::login::Login;
use super::wire::no_such_call;
use super::{Provider, token};
use crate::model::{
    Answer, Candidate, Capabilities, ChosenBy, Denial, Fault, Field, Handle, HandleKind, Overlap,
    RemoteClient, Request, ScopeModel, TokenRequest, Verification,
};

const CLIENTS: &str = "clients";
const CLIENT_SCOPES: &str = "client-scopes";
/// The longest name that we give. Keycloak holds 255 characters, and answers 500 to more.
const NAME_LIMIT: usize = 200;
/// The longest client id: the account of the client is called by it, with 16 characters before.
const CLIENT_ID_LIMIT: usize = 239;
/// What a refusal for want of a right leads to.
const ROLE: &str = "has the service account the role manage-clients of realm-management?";

/// One configured realm.
#[derive(Debug)]
pub struct Keycloak {
    /// The admin API of the realm.
    api: Http,
    login: Login,
    /// The token endpoint of the realm.
    token: Http,
    timeout: Duration,
    capabilities: Capabilities,
}

impl Keycloak {
    /// An adapter over its connections. `two_secrets`: a policy of the realm lets a client have two.
    pub fn new(api: Http, login: Login, token: Http, timeout: Duration, two_secrets: bool) -> Self {
        Self {
            api,
            login,
            token,
            timeout,
            capabilities: capabilities(two_secrets),
        }
    }

    async fn send(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        self.login.send(&self.api, call).await
    }

    /// What an answer means that is not a success. A path that is not there says nothing about what was asked: that a client
    /// is not there has words of its own, see [`wire::is_no_client`].
    fn refused(&self, call: &Call<'_>, reply: &Reply) -> Fault {
        match (reply.status, self.api.refused(call, reply)) {
            (_, Fault::Denied(Denial::Right, text)) => Fault::Denied(Denial::Right, hinted(&text, ROLE)),
            (StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, Fault::Invalid(text)) => {
                Fault::Unavailable(hinted(
                    &text,
                    "is that the URL of Keycloak, and is the realm there?",
                ))
            }
            (_, fault) => fault,
        }
    }
}

#[async_trait]
impl Provider for Keycloak {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn check(&self) -> Result<(), Fault> {
        self.may_manage().await
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        Ok(self.find(handle).await?.map(wire::Client::into_remote))
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        let Some(client_id) = &candidate.client_id else {
            return Err(no_such_call());
        };
        Ok(self.find_by_id(client_id).await?.map(wire::Client::into_remote))
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        let clients = self.list().await?;
        Ok(clients.into_iter().map(wire::Client::into_remote).collect())
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        let mut names: BTreeSet<String> = self.client_scopes().await?.into_keys().collect();
        names.insert(terms::OPENID.to_owned());
        Ok(names)
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        token::verify(&self.token, request, wire::judged, self.timeout).await
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
                keep_previous,
            } => self.rotate(target, candidate, *keep_previous, within).await,
            Request::RetireSecret { target } => self.retire(target, within).await,
            Request::Delete { target } => self.delete(&target.handle, within).await,
            Request::Disable { target } => self.disable(&target.handle, within).await,
            Request::Rotate { .. } | Request::ProvisionScopes(_) => Err(no_such_call()),
        }
    }
}

/// What it can do.
///
/// `unique_names`: the name is for people; it is the client id that is there once.
///
/// `secrets_expire`: a realm can get its policy at any time, and each client tells whether its secret ends.
fn capabilities(two_secrets: bool) -> Capabilities {
    let updates = BTreeSet::from([
        Field::GrantTypes,
        Field::Scopes,
        Field::Audiences,
        Field::RedirectUris,
        Field::TokenEndpointAuthMethod,
        Field::AccessTokenValidity,
        Field::RefreshTokenValidity,
        Field::Enabled,
    ]);
    let mut honours = updates.clone();
    honours.remove(&Field::Enabled);
    honours.extend([Field::ClientName, Field::ClientId]);
    Capabilities {
        client_id: ChosenBy::Caller,
        client_secret: ChosenBy::Caller,
        rotated_secret: ChosenBy::Caller,
        secret_readable: true,
        handle: HandleKind::ServerId,
        unique_names: false,
        keeps_marker: true,
        idempotent_create: true,
        overlap: if two_secrets {
            Overlap::TwoSlots(ChosenBy::Caller)
        } else {
            Overlap::SecondClient
        },
        rotate_in_place: true,
        client_id_stable: true,
        honours,
        grant_types: Some(terms::GRANTS.map(str::to_owned).into()),
        updates,
        scopes: ScopeModel::Provisioned {
            may_create: false,
            to_let_create: None,
        },
        can_list: true,
        can_look_up: true,
        secrets_expire: true,
        can_disable: true,
        can_verify: true,
        name_limit: NAME_LIMIT,
        ..Capabilities::least()
    }
}
