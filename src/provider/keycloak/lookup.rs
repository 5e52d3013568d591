//! Whether a client is there. An id that no client has is answered with 404 and words of its own; who may not list gets an
//! empty list, or 403. So absence needs two witnesses: an answer about the client, and the list of all of them, in which
//! every realm has some of its own.

use reqwest::StatusCode;
use tokio::time::Instant;

use super::super::http::{Call, LIST, Object, Reply, not_a_conflict};
use super::super::pages::{Pages, from_offset};
use super::super::{in_time, percent};
use super::wire::{self, Client};
use super::{CLIENTS, Keycloak, ROLE};
use crate::model::{Denial, Fault, Handle};

const THE_LIST: &str = "the list of clients";
/// How many clients are asked for at a time.
const PAGE: &str = "200";

impl Keycloak {
    /// The client of a UUID, or its proven absence.
    pub(super) async fn find(&self, handle: &Handle) -> Result<Option<Client>, Fault> {
        if percent::is_addressable(&handle.0)
            && let Some(client) = self.item(handle).await?
        {
            return Ok(Some(client));
        }
        if self.list().await?.iter().any(|client| client.id == handle.0) {
            return Err(Fault::Unavailable(
                "it lists a client that it does not show".to_owned(),
            ));
        }
        Ok(None)
    }

    /// The client of a client id, or its proven absence.
    pub(super) async fn find_by_id(&self, client_id: &str) -> Result<Option<Client>, Fault> {
        let query = [("clientId", client_id)];
        let call = Call {
            query: &query,
            ..Call::read("the client of an id", &[CLIENTS], self.timeout)
        };
        let reply = self.send(&call).await?;
        let mut found = self.page(&call, &reply)?;
        if found.iter().any(|client| client.client_id != client_id) || found.len() > 1 {
            return Err(self.api.absurd(&call, "it is about other clients"));
        }
        if let Some(client) = found.pop() {
            return Ok(Some(client));
        }
        let mut list = self.list().await?;
        list.retain(|client| client.client_id == client_id);
        Ok(list.pop())
    }

    /// The client that is to be changed.
    pub(super) async fn there(&self, handle: &Handle, deadline: Instant) -> Result<Client, Fault> {
        in_time(deadline, self.find(handle)).await?.ok_or(Fault::NotFound)
    }

    /// Whether clients may be managed, asked of one of those that every realm has.
    pub(super) async fn may_manage(&self) -> Result<(), Fault> {
        let query = [("first", "0"), ("max", "1")];
        let call = Call {
            query: &query,
            ..Call::read(THE_LIST, &[CLIENTS], self.timeout)
        };
        let reply = self.send(&call).await?;
        match self.page(&call, &reply)?.first() {
            Some(client) if client.may_manage() => Ok(()),
            Some(_) => Err(no_right("clients may be seen and not managed")),
            None => Err(no_right("no client may be seen")),
        }
    }

    /// All clients, from a list that is whole as far as can be told.
    pub(super) async fn list(&self) -> Result<Vec<Client>, Fault> {
        let deadline = Instant::now() + self.timeout;
        let mut pages = Pages::new(THE_LIST, 0_usize, deadline);
        while let Some((at, within)) = pages.next()? {
            let first = from_offset(at).to_string();
            let query = [("first", first.as_str()), ("max", PAGE)];
            let call = Call {
                query: &query,
                limit: LIST,
                ..Call::read(THE_LIST, &[CLIENTS], within)
            };
            let reply = self.send(&call).await?;
            let clients = self.page(&call, &reply)?;
            pages.add_from_offset(reply.body.len(), clients, |client| client.id.clone())?;
        }
        let clients = pages.whole()?;
        if clients.is_empty() {
            return Err(no_right("no client may be seen, and every realm has some"));
        }
        Ok(clients)
    }

    fn page(&self, call: &Call<'_>, reply: &Reply) -> Result<Vec<Client>, Fault> {
        match reply.status {
            StatusCode::OK => {}
            status if status.is_success() => return Err(self.api.absurd(call, "its status is not 200")),
            _ => return Err(self.refused(call, reply)),
        }
        let list: Vec<Object<Client>> = reply.json().map_err(|why| self.api.absurd(call, &why))?;
        let clients: Vec<Client> = list.into_iter().map(|Object(client)| client).collect();
        if clients.iter().all(Client::is_sound) {
            Ok(clients)
        } else {
            Err(self.api.absurd(call, "a client lacks one of its ids"))
        }
    }

    async fn item(&self, handle: &Handle) -> Result<Option<Client>, Fault> {
        let path = [CLIENTS, handle.0.as_str()];
        let call = Call::read("the client", &path, self.timeout);
        let reply = self.send(&call).await?;
        if wire::is_no_client(&reply) {
            return Ok(None);
        }
        match reply.status {
            StatusCode::OK => {}
            status if status.is_success() => return Err(self.api.absurd(&call, "its status is not 200")),
            _ => return Err(self.refused(&call, &reply)),
        }
        let client: Client = reply.object().map_err(|why| self.api.absurd(&call, &why))?;
        if client.id != handle.0 {
            return Err(self.api.absurd(&call, "it is about another client"));
        }
        if !client.is_whole() {
            return Err(self
                .api
                .absurd(&call, "it does not tell what the client is registered with"));
        }
        Ok(Some(client))
    }

    /// What the refusal of a change means. Who says that the client is not there has done nothing, and is believed beside a
    /// second look.
    pub(super) async fn not_done(
        &self,
        call: &Call<'_>,
        reply: &Reply,
        handle: &Handle,
        deadline: Instant,
    ) -> Fault {
        if wire::is_no_client(reply) {
            return match in_time(deadline, self.find(handle)).await {
                Ok(None) => Fault::NotFound,
                Ok(Some(_)) => Fault::Unavailable("it shows a client that it does not change".to_owned()),
                Err(unclear) => unclear,
            };
        }
        not_a_conflict(self.refused(call, reply))
    }
}

fn no_right(what: &str) -> Fault {
    Fault::Denied(Denial::Right, format!("{what} ({ROLE})"))
}
