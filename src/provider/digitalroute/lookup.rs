//! Whether a client is there: see [`absence`](super::super::absence).

use reqwest::StatusCode;
use tokio::time::Instant;

use super::super::absence::{self, Item, ReadsOne};
use super::super::http::{Call, not_a_conflict};
use super::super::in_time;
use super::{CLIENTS, DigitalRoute, wire};
use crate::model::{Fault, Handle, RemoteClient};

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
        absence::proven(self, name, item, another.as_deref()).await?;
        Ok(None)
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
            Ok(false) | Err(_) => not_a_conflict(fault),
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
}

impl ReadsOne<str> for DigitalRoute {
    type Client = wire::Client;

    async fn item(&self, name: &str) -> Result<Item<wire::Client>, Fault> {
        let path = [CLIENTS, name];
        let call = Call::read("the client", &path, self.timeout);
        let reply = self.api.send(&call).await?;
        if !reply.status.is_success() {
            let fault = self.api.refused(&call, &reply);
            return Item::refused(reply.status, fault);
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
}
