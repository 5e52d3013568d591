//! The drift check: when the clients of a server are listed, and what comes of it.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Observation, ServerKey, differs};
use crate::operator::index::comparable;
use crate::operator::pass::{Connection, World};
use crate::operator::queue::Urgency;
use crate::operator::world::Operator;

/// When a server is listed next. Kept beyond a connection: where that is made anew more often than the server is to be
/// listed, the list would never come.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The period that was asked for, and the time that follows from it.
    planned: Option<(Duration, Instant)>,
}

impl Listing {
    /// When the next list is due, with this period.
    pub(super) fn due(&mut self, period: Duration) -> Instant {
        match self.planned {
            Some((planned, at)) if planned == period => at,
            _ => {
                // Spread over the period, so that servers are not all listed at once after a start.
                let at = Instant::now() + period.mul_f64(0.5 + 0.5 * rand::random::<f64>());
                self.planned = Some((period, at));
                at
            }
        }
    }

    /// A list was begun now.
    pub(super) fn begun(&mut self, period: Duration) {
        self.planned = Some((period, Instant::now() + period));
    }
}

/// One list, compared with what the ledger says: what differs is looked at.
pub(super) async fn list(operator: &Operator, key: &ServerKey, connection: &Connection) {
    if !connection.provider.capabilities().can_list {
        return;
    }
    let began_at = operator.now();
    let Ok(permit) = connection.permits.permit("").await else {
        return;
    };
    if !operator.leads() {
        return;
    }
    let listed = connection.provider.clients().await;
    permit.done(listed.as_ref().err());
    let clients = match listed {
        Ok(clients) => clients,
        Err(fault) => {
            tracing::warn!(server = %key, %fault, "the drift check could not list the clients");
            return;
        }
    };
    let by_handle: HashMap<_, _> = clients
        .into_iter()
        .map(|client| (client.handle.clone(), client))
        .collect();
    let known = operator.entries.select(|_, facts| {
        facts
            .known
            .as_ref()
            .is_some_and(|known| known.server == *key && known.current.is_some())
    });
    for known in known.into_iter().filter_map(|(_, facts)| facts.known) {
        let Some(current) = &known.current else { continue };
        let client = by_handle.get(&current.handle);
        if client.is_none_or(|client| differs(current, &comparable(client))) {
            let seen = Observation {
                began_at,
                authoritative: false,
                client: client.cloned(),
            };
            operator.note_seen(known.subject.clone(), seen);
            operator.queue.push(known.subject, Urgency::Background);
        }
    }
}
