//! The servers as passes see them; each server object is tended by a task of its own, the [`Tender`].

mod listing;
mod permits;
mod tender;
mod view;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::tender::Tender;
use super::pass::Connection;
use crate::api::ServerSpec;
use crate::model::{ServerKey, ServerView, Uid};

/// Why a server cannot be used that was not asked yet.
pub(super) const CONNECTING: &str = "it is being connected to.";

/// What is kept of a server object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerObject {
    /// Its UID.
    pub uid: Uid,
    /// Its generation.
    pub generation: i64,
    /// What it says.
    pub spec: Arc<ServerSpec>,
    /// The value of the annotation that releases held deletions.
    pub release: Option<String>,
}

/// The servers as a pass sees them.
#[derive(Default)]
pub struct Servers {
    known: Mutex<HashMap<ServerKey, (ServerView, Option<Connection>)>>,
}

impl Servers {
    fn known(&self) -> MutexGuard<'_, HashMap<ServerKey, (ServerView, Option<Connection>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A server, and the way to it if it can be used.
    pub fn get(&self, key: &ServerKey) -> (ServerView, Option<Connection>) {
        self.known()
            .get(key)
            .cloned()
            .unwrap_or_else(|| (ServerView::Missing(key.clone()), None))
    }

    pub(super) fn put(&self, key: &ServerKey, view: ServerView, connection: Option<Connection>) {
        self.known().insert(key.clone(), (view, connection));
    }

    pub(super) fn remove(&self, key: &ServerKey) {
        self.known().remove(key);
    }
}
