//! What `status` has read.

use jiff::Timestamp;

use crate::api::{OAuthClient, ServerStatus};
use crate::cluster::Unread;
use crate::model::{ClientKey, ClusterId, ServerKey, Unreadable};
use crate::plugin::ledger::Kept;

/// What a read has shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading<T> {
    /// This.
    Found(T),
    /// The API server says that there is none.
    Absent,
    /// Nothing, and why: mostly that the caller has no right to it.
    NotRead(String),
}

impl<T> From<Result<Option<T>, Unread>> for Reading<T> {
    fn from(read: Result<Option<T>, Unread>) -> Self {
        match read {
            Ok(Some(found)) => Self::Found(found),
            Ok(None) => Self::Absent,
            Err(unread) => Self::NotRead(unread.why),
        }
    }
}

/// A Secret that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SecretSeen {
    pub(super) name: String,
    /// The client that it says it is of.
    pub(super) client: Option<String>,
}

/// The record that is there.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum RecordSeen {
    /// One that can be read; and this cluster's id, where that is known.
    Kept(Box<Kept>, Option<ClusterId>),
    /// One that cannot be used.
    Unusable(Unreadable),
}

/// Everything that was read.
pub(super) struct Seen {
    pub(super) now: Timestamp,
    pub(super) key: ClientKey,
    pub(super) client: Option<OAuthClient>,
    /// The server that the client refers to or, when it is gone, that of its record.
    pub(super) server_key: Option<ServerKey>,
    pub(super) server: Reading<ServerStatus>,
    pub(super) secret: Reading<SecretSeen>,
    pub(super) record: Reading<RecordSeen>,
}
