//! Whether a client is there. What the server answers to a name that nobody registered is not documented, so absence
//! needs two witnesses: an answer about the client that does not show it, and a complete list without it.

use reqwest::StatusCode;
use tokio::time::Instant;

use super::super::http::Call;
use super::super::in_time;
use super::{CLIENTS, DigitalRoute, wire};
use crate::model::{Fault, Handle, RemoteClient};

/// What GET of one client says.
enum Item {
    /// Here it is.
    Here(wire::Client),
    /// Nothing that shows it: it may be absent.
    NotShown,
    /// The server failed. That may be its way to say that the client is absent.
    Failed(Fault),
}

impl DigitalRoute {
    /// The client of a name, or its proven absence.
    pub(super) async fn find(&self, name: &str) -> Result<Option<RemoteClient>, Fault> {
        let call = Call::read("the list of clients", &[CLIENTS], self.timeout);
        let item = if super::super::percent::is_addressable(name) {
            self.item(name).await?
        } else {
            Item::NotShown
        };
        if let Item::Here(client) = item {
            return Ok(Some(client.into_remote()));
        }
        let list = self.list().await?;
        let another = list.iter().map(wire::Client::name).find(|other| *other != name);
        let another = another.map(str::to_owned);
        let mut same = list.into_iter().filter(|client| client.name() == name);
        match (same.next(), same.next()) {
            (None, _) => {}
            (Some(_), Some(_)) => {
                return Err(self.api.absurd(&call, "it has several clients of the same name"));
            }
            // It is there and cannot be read by its name, as where a slash in a path is refused.
            (Some(client), None) if client.shows_secret() => return Ok(Some(client.into_remote())),
            (Some(_), None) => {
                return Err(self
                    .api
                    .absurd(&call, "it has a client that cannot be read by its name"));
            }
        }
        match item {
            Item::Failed(fault) if !self.fails_for_absent(name, another.as_deref()).await? => Err(fault),
            _ => Ok(None),
        }
    }

    /// The fault of a change, or `NotFound` where the client is proven not to be there.
    pub(super) async fn unless_absent(
        &self,
        handle: &Handle,
        deadline: Instant,
        status: StatusCode,
        fault: Fault,
    ) -> Fault {
        match self.is_absent(handle, deadline, &fault).await {
            Ok(true) => Fault::NotFound,
            // Nothing was done, and whether the client is there cannot be told now.
            Err(unclear) if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) => unclear,
            Ok(false) | Err(_) => match fault {
                // No name is asked for, so none is taken.
                Fault::Conflict(text) => Fault::Invalid(text),
                fault => fault,
            },
        }
    }

    /// Whether a change failed because the client is not there.
    async fn is_absent(&self, handle: &Handle, deadline: Instant, fault: &Fault) -> Result<bool, Fault> {
        match fault {
            Fault::Throttled(_) => return Ok(false),
            // Where it is our credential that is refused, one more try shows it.
            Fault::Denied(..) => drop(in_time(deadline, self.list()).await?),
            _ => {}
        }
        let found = in_time(deadline, self.find(&handle.0)).await?;
        Ok(found.is_none())
    }

    /// Whether GET shows the client.
    pub(super) async fn is_shown(&self, name: &str) -> Result<bool, Fault> {
        Ok(matches!(self.item(name).await?, Item::Here(_)))
    }

    async fn item(&self, name: &str) -> Result<Item, Fault> {
        let path = [CLIENTS, name];
        let call = Call::read("the client", &path, self.timeout);
        let reply = self.api.send(&call).await?;
        if !reply.status.is_success() {
            let fault = self.api.refused(&call, &reply);
            return match (&fault, reply.status) {
                // Refused for whatever reason: the list tells, or is refused for the same reason.
                (Fault::Invalid(_) | Fault::Denied(..), _) => Ok(Item::NotShown),
                (Fault::Unavailable(_), StatusCode::INTERNAL_SERVER_ERROR) => Ok(Item::Failed(fault)),
                _ => Err(fault),
            };
        }
        let client = match reply.object::<wire::Client>() {
            Ok(client) => client,
            Err(_) if reply.says_nothing() => return Ok(Item::NotShown),
            Err(why) => return Err(self.api.absurd(&call, &why)),
        };
        if client.name() != name {
            return Err(self.api.absurd(&call, "it is about another client"));
        }
        if !client.is_sound() || !client.shows_secret() {
            return Err(self.api.absurd(&call, "it has no client id or no secret"));
        }
        Ok(Item::Here(client))
    }

    /// Whether the server answers 500 to names that nobody registered: it does so again, while it shows another
    /// client well. Without another there is no telling.
    async fn fails_for_absent(&self, name: &str, another: Option<&str>) -> Result<bool, Fault> {
        let Some(another) = another else { return Ok(false) };
        let shown = matches!(self.item(another).await?, Item::Here(_));
        Ok(shown && matches!(self.item(name).await?, Item::Failed(_)))
    }
}
