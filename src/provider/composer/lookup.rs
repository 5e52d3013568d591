//! Whether a client is there: see [`absence`]. Where Trusted Access is switched off the server answers 404 to everything.

use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::StatusCode;
use tokio::time::Instant;
use url::Url;

use super::super::absence::{self, Item, ReadsOne};
use super::super::http::{Call, LIST, Reply};
use super::super::pages::{Pages, from_offset};
use super::super::{in_time, percent};
use super::wire::{self, Client, List, Next, Piece};
use super::{CLIENTS, Composer};
use crate::model::{Fault, Handle};

const THE_LIST: &str = "the list of clients";
/// Counts the clients where a list has no place for that.
const TOTAL: &str = "x-total-count";

/// Which of the two ids of a client stands in paths, where it has two. By the documents it is the client id, and the
/// list of calls has just an id; what has shown a client once is tried first from then on.
#[derive(Debug, Default)]
pub struct Ids {
    other_first: AtomicBool,
}

/// A client that is there.
pub struct Found {
    /// As GET shows it.
    pub client: Client,
    /// The id that stands for it in paths.
    pub id: String,
}

/// Where a piece of the list is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    Start,
    Address(Url),
    Page(usize),
    Offset(usize),
}

impl Composer {
    /// The client of a handle, or its proven absence.
    pub(super) async fn find(&self, handle: &Handle) -> Result<Option<Found>, Fault> {
        let item = self.item(handle).await?;
        if let Item::Here(found) = item {
            return Ok(Some(*found));
        }
        let list = self.list().await?;
        if list.iter().any(|client| client.is_at(handle)) {
            return Err(match item {
                Item::Failed(fault) => fault,
                _ => Fault::Unavailable("it lists a client that it does not show".to_owned()),
            });
        }
        let another = list.first().and_then(Client::handle);
        absence::proven(self, handle, item, another.as_ref()).await?;
        Ok(None)
    }

    /// The client of a name, or its proven absence. That no two have one name is documented, and how strictly is not.
    pub(super) async fn find_by_name(&self, name: &str) -> Result<Option<Client>, Fault> {
        let mut list = self.list().await?;
        list.retain(|client| client.name.as_deref() == Some(name));
        match (list.pop(), list.pop()) {
            (_, Some(_)) => Err(Fault::Unavailable(format!(
                "it has several clients named {name}, and nothing tells which of them is meant; delete those that nobody uses"
            ))),
            (client, None) => Ok(client),
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
        if matches!(fault, Fault::Throttled(_)) {
            return fault;
        }
        let found = in_time(deadline, self.find(handle)).await;
        absence::unless_absent(found, status, fault)
    }

    /// Whether GET shows the client.
    pub(super) async fn is_shown(&self, handle: &Handle) -> Result<bool, Fault> {
        Ok(matches!(self.item(handle).await?, Item::Here(_)))
    }

    async fn item_at(&self, handle: &Handle, id: &str) -> Result<Item<Box<Found>>, Fault> {
        let path = [CLIENTS, id];
        let call = Call::read("the client", &path, self.timeout);
        let reply = self.send(&call).await?;
        if !reply.status.is_success() {
            let fault = self.refused(&call, &reply);
            return Item::refused(reply.status, fault);
        }
        if reply.says_nothing() {
            return Ok(Item::NotShown);
        }
        let client: Client = reply.object().map_err(|why| self.api.absurd(&call, &why))?;
        if client.handle().is_none() {
            return Err(self.api.absurd(&call, "it has no id"));
        }
        if !client.is_at(handle) {
            return Err(self.api.absurd(&call, "it is about another client"));
        }
        if !client.is_sound() || client.validity().is_none() {
            let why = "it does not tell what the client is registered with";
            return Err(self.api.absurd(&call, why));
        }
        let id = id.to_owned();
        Ok(Item::Here(Box::new(Found { client, id })))
    }

    /// The cheapest read that shows that clients can be managed.
    pub(super) async fn first_piece(&self) -> Result<(), Fault> {
        let call = Call {
            limit: LIST,
            ..Call::read(THE_LIST, &[CLIENTS], self.timeout)
        };
        let reply = self.send(&call).await?;
        self.piece(&call, &reply).map(drop)
    }

    /// All clients, from a list that is complete and well-formed as far as can be told. No pages are documented; if it comes
    /// in pieces and says so, they are followed.
    pub(super) async fn list(&self) -> Result<Vec<Client>, Fault> {
        let mut pages = Pages::new(THE_LIST, At::Start, Instant::now() + self.timeout);
        let mut told = None;
        while let Some((at, within)) = pages.next()? {
            let number = match &at {
                At::Page(page) => page.to_string(),
                At::Offset(offset) => from_offset(*offset).to_string(),
                At::Start | At::Address(_) => String::new(),
            };
            let (path, query): (&[&str], &[(&str, &str)]) = match &at {
                At::Start => (&[CLIENTS], &[]),
                At::Address(_) => (&[], &[]),
                At::Page(_) => (&[CLIENTS], &[("page", &number)]),
                At::Offset(_) => (&[CLIENTS], &[("offset", &number)]),
            };
            let address = match &at {
                At::Address(address) => Some(address),
                _ => None,
            };
            let call = Call {
                at: address,
                query,
                limit: LIST,
                ..Call::read(THE_LIST, path, within)
            };
            let reply = self.send(&call).await?;
            let absurd = |why: &str| self.api.absurd(&call, why);
            let mut piece = self.piece(&call, &reply)?;
            if told.is_some_and(|told| piece.total != Some(told)) {
                return Err(absurd("it changed while it was read"));
            }
            told = piece.total;
            if let At::Offset(_) = at {
                // It moves up when something before is removed, so each piece begins with the last client of the one before.
                let last = pages.last().and_then(Client::handle);
                if piece.clients.first().and_then(Client::handle) != last {
                    return Err(absurd("it changed while it was read"));
                }
                piece.clients.remove(0);
            }
            let next = match piece.next {
                // Some link pages without end, and then to nothing.
                Some(_) if piece.clients.is_empty() => None,
                Some(Next::Address(given)) => {
                    let next = self.api.address(&given, reply.at());
                    Some(At::Address(
                        next.ok_or_else(|| absurd("it goes on at another server"))?,
                    ))
                }
                Some(Next::Page(page)) => Some(At::Page(page)),
                Some(Next::Offset(offset)) => Some(At::Offset(offset)),
                None => None,
            };
            pages.add(reply.body.len(), piece.clients, Client::handle, next)?;
        }
        let clients = pages.whole()?;
        match told {
            Some(told) if told != clients.len() => Err(Fault::Unavailable(format!(
                "it lists {} clients, and says that there are {told}: the list is not whole",
                clients.len()
            ))),
            _ => Ok(clients),
        }
    }

    fn piece(&self, call: &Call<'_>, reply: &Reply) -> Result<Piece, Fault> {
        let absurd = |why: &str| self.api.absurd(call, why);
        match reply.status {
            // A framework's way to say that there are none.
            StatusCode::NO_CONTENT => {
                return Ok(Piece {
                    clients: Vec::new(),
                    total: None,
                    next: None,
                });
            }
            StatusCode::OK => {}
            status if status.is_success() => return Err(absurd("its status is not 200")),
            _ => return Err(self.collection_refused(call, reply)),
        }
        let list: List = reply.json().map_err(|why| absurd(&why))?;
        let piece = list
            .piece()
            .ok_or_else(|| absurd("it is not the JSON that was expected"))?;
        if !piece.clients.iter().all(Client::is_sound) {
            return Err(absurd("a client has no id or no name"));
        }
        let counted = reply.header(TOTAL).and_then(|text| text.trim().parse().ok());
        let linked = reply.next_link().map(|link| Next::Address(link.to_owned()));
        Ok(Piece {
            total: piece.total.or(counted),
            next: piece.next.or(linked),
            ..piece
        })
    }
}

impl ReadsOne<Handle> for Composer {
    type Client = Box<Found>;

    async fn item(&self, handle: &Handle) -> Result<Item<Box<Found>>, Fault> {
        let mut ids: Vec<&str> = wire::ids(handle).collect();
        if self.ids.other_first.load(Ordering::Relaxed) {
            ids.reverse();
        }
        let mut item = Item::NotShown;
        for id in ids.into_iter().filter(|id| percent::is_addressable(id)) {
            match self.item_at(handle, id).await? {
                Item::Here(found) => {
                    let other = wire::ids(handle).nth(1) == Some(id);
                    self.ids.other_first.store(other, Ordering::Relaxed);
                    return Ok(Item::Here(found));
                }
                Item::NotShown => {}
                failed @ Item::Failed(_) => item = failed,
            }
        }
        Ok(item)
    }
}
