//! Client scopes: objects of the realm, which are attached to clients one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use tokio::time::Instant;

use super::super::http::{Body, Call, Object};
use super::super::{in_time, time_for};
use super::terms::{OPENID, SERVICE_ACCOUNT};
use super::wire::{Client, Scope};
use super::{CLIENT_SCOPES, CLIENTS, Keycloak};
use crate::model::{Fault, Handle};

/// The client scopes that the realm gives to every new client.
const DEFAULTS: &str = "default-default-client-scopes";
const OPTIONALS: &str = "default-optional-client-scopes";
/// Where a client has those that a token has when asked for.
const OPTIONAL: &str = "optional-client-scopes";

/// What the realm gives to every new client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// What every token has.
    pub defaults: BTreeSet<String>,
    /// What a token has when asked for.
    pub optionals: BTreeSet<String>,
}

impl Given {
    /// All that a client can have without having asked for it. `openid` is no object, and every client can ask for it.
    pub fn all(&self) -> BTreeSet<String> {
        let own = [OPENID, SERVICE_ACCOUNT].map(str::to_owned);
        (self.defaults.iter().chain(&self.optionals).cloned())
            .chain(own)
            .collect()
    }
}

/// What is to be attached to a client, and what is to be taken off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    /// Names of client scopes.
    pub attach: BTreeSet<String>,
    /// The same.
    pub detach: BTreeSet<String>,
    /// What the client has of the realm from now on, without having asked for it.
    pub given: BTreeSet<String>,
}

impl Moves {
    /// From what a client has to what it shall have. What is asked for no more and comes from the realm stays, as the
    /// realm's.
    pub fn new(client: &Client, wanted: &BTreeSet<String>, realm: &Given) -> Self {
        let (has, given) = (client.attached(), client.given());
        let realm = realm.all();
        let over: BTreeSet<&String> = has
            .iter()
            .filter(|name| !given.contains(*name) && !wanted.contains(*name))
            .collect();
        let (stays, goes): (BTreeSet<&String>, BTreeSet<&String>) =
            over.into_iter().partition(|name| realm.contains(*name));
        Self {
            attach: wanted.difference(&has).cloned().collect(),
            detach: goes.into_iter().cloned().collect(),
            given: given.difference(wanted).chain(stays).cloned().collect(),
        }
    }

    fn are_none(&self) -> bool {
        self.attach.is_empty() && self.detach.is_empty()
    }
}

impl Keycloak {
    /// Every client scope of OpenID Connect by name, with its id.
    pub(super) async fn client_scopes(&self) -> Result<BTreeMap<String, String>, Fault> {
        self.read_scopes(CLIENT_SCOPES, self.timeout).await
    }

    /// What the realm gives to new clients.
    pub(super) async fn given(&self, deadline: Instant) -> Result<Given, Fault> {
        let read = async |path| {
            let within = time_for("the realm's scopes", deadline)?;
            let scopes = in_time(deadline, self.read_scopes(path, within)).await?;
            Ok::<BTreeSet<String>, Fault>(scopes.into_keys().collect())
        };
        Ok(Given {
            defaults: read(DEFAULTS).await?,
            optionals: read(OPTIONALS).await?,
        })
    }

    async fn read_scopes(&self, path: &str, within: Duration) -> Result<BTreeMap<String, String>, Fault> {
        let path = [path];
        let call = Call::read("the client scopes", &path, within);
        let reply = self.send(&call).await?;
        match reply.status {
            StatusCode::OK => {}
            status if status.is_success() => return Err(self.api.absurd(&call, "its status is not 200")),
            _ => return Err(self.refused(&call, &reply)),
        }
        let scopes: Vec<Object<Scope>> = reply.json().map_err(|why| self.api.absurd(&call, &why))?;
        let scopes = scopes.into_iter().map(|Object(scope)| scope);
        Ok(scopes
            .filter(Scope::is_openid_connect)
            .map(|scope| (scope.name, scope.id))
            .collect())
    }

    /// Attaches and takes off, one call each. Each is harmless when it is repeated; whatever goes wrong after the first one,
    /// the change is done in part.
    pub(super) async fn move_scopes(
        &self,
        handle: &Handle,
        moves: &Moves,
        ids: &BTreeMap<String, String>,
        mut changed: bool,
        deadline: Instant,
    ) -> Result<bool, Fault> {
        if moves.are_none() {
            return Ok(changed);
        }
        let attach = moves.attach.iter().map(|name| (Method::PUT, name));
        let detach = moves.detach.iter().map(|name| (Method::DELETE, name));
        for (method, name) in attach.chain(detach) {
            let Some(id) = ids.get(name) else { continue };
            self.move_one(handle, method, id, deadline)
                .await
                .map_err(|fault| if changed { in_part(fault) } else { fault })?;
            changed = true;
        }
        Ok(changed)
    }

    async fn move_one(
        &self,
        handle: &Handle,
        method: Method,
        scope: &str,
        deadline: Instant,
    ) -> Result<(), Fault> {
        const WHAT: &str = "the change of the scopes";
        let path = [CLIENTS, handle.0.as_str(), OPTIONAL, scope];
        let call = Call::change(method, WHAT, &path, Body::Empty, time_for(WHAT, deadline)?);
        let reply = self.send(&call).await?;
        self.done(&call, &reply, handle, deadline).await
    }
}

/// The names that no client scope has are refused: Keycloak drops them without a word.
pub fn are_there(wanted: &BTreeSet<String>, there: &BTreeMap<String, String>) -> Result<(), Fault> {
    let missing: Vec<&str> = wanted
        .iter()
        .map(String::as_str)
        .filter(|name| *name != OPENID && !there.contains_key(*name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Fault::Invalid(format!(
        "nothing is sent: the realm has no client scope {}",
        missing.join(", ")
    )))
}

/// A fault after something was done already.
fn in_part(fault: Fault) -> Fault {
    match fault {
        Fault::NotFound | Fault::OutcomeUnknown(_) => fault,
        fault => Fault::OutcomeUnknown(format!("the change is done in part, then: {fault}")),
    }
}
