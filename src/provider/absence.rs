//! Whether a client is there, where it is not documented what the server answers to an id that no client has, and where an
//! API that is switched off may answer 404 to everything. So absence needs two witnesses: an answer about the client that
//! does not show it, and a complete list without it.

use reqwest::StatusCode;

use super::http::not_a_conflict;
use crate::model::{Denial, Fault};

/// What a read of one client says.
pub enum Item<T> {
    /// Here it is.
    Here(T),
    /// Nothing that shows it: it may be absent.
    NotShown,
    /// The server failed. That may be its way to say that the client is absent.
    Failed(Fault),
}

impl<T> Item<T> {
    /// What an answer says that is no success.
    pub fn refused(status: StatusCode, fault: Fault) -> Result<Self, Fault> {
        match (&fault, status) {
            // Refused for whatever reason: the list tells, or is refused for the same reason.
            (Fault::Invalid(_) | Fault::Denied(..), _) => Ok(Self::NotShown),
            (Fault::Unavailable(_), StatusCode::INTERNAL_SERVER_ERROR) => Ok(Self::Failed(fault)),
            _ => Err(fault),
        }
    }
}

/// Who reads one client, by a key of this kind.
pub trait ReadsOne<K: ?Sized> {
    /// A client that is there.
    type Client;

    /// Reads it.
    fn item(&self, key: &K) -> impl Future<Output = Result<Item<Self::Client>, Fault>> + Send;
}

/// Of a client that is on no list, after it was read: nothing where both prove its absence, or a fault. A server may answer
/// 500 to keys that no client has: it does so again, while it shows another client well. Without another there is no telling.
pub async fn proven<K: ?Sized + Sync, R: ReadsOne<K> + Sync>(
    reader: &R,
    key: &K,
    item: Item<R::Client>,
    another: Option<&K>,
) -> Result<(), Fault> {
    let Item::Failed(fault) = item else {
        return Ok(());
    };
    let Some(another) = another else {
        return Err(fault);
    };
    let shown = matches!(reader.item(another).await?, Item::Here(_));
    if shown && matches!(reader.item(key).await?, Item::Failed(_)) {
        Ok(())
    } else {
        Err(fault)
    }
}

/// What a change means that was refused with this fault, beside a look at the client after it. A credential that was good
/// for the look lacks a right.
pub fn unless_absent<T>(found: Result<Option<T>, Fault>, status: StatusCode, fault: Fault) -> Fault {
    match (found, fault) {
        (Ok(None), _) => Fault::NotFound,
        (Ok(Some(_)), Fault::Denied(Denial::Credential, text)) => Fault::Denied(Denial::Right, text),
        // Nothing was done, and whether the client is there cannot be told now.
        (Err(unclear), _) if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) => unclear,
        (_, fault) => not_a_conflict(fault),
    }
}
