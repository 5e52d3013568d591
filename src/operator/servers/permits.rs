//! The limits of a server as a pass meets them.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::model::Fault;
use crate::operator::pass::{Permit, Permits};
use crate::provider::gate::{self, Gate, NoEntry};

/// A permit is waited for no longer than this: the pass comes again.
const PERMIT_WAIT: Duration = Duration::from_secs(5);

/// The limits of a server, which call its task when a call comes to grief.
pub(super) struct Limits {
    pub(super) gate: Gate,
    pub(super) trouble: Arc<Notify>,
}

#[async_trait]
impl Permits for Limits {
    async fn permit(&self, party: &str) -> Result<Box<dyn Permit>, NoEntry> {
        let permit = self.gate.enter(party, PERMIT_WAIT).await?;
        Ok(Box::new(Admitted {
            permit,
            trouble: self.trouble.clone(),
        }))
    }
}

struct Admitted {
    permit: gate::Permit,
    trouble: Arc<Notify>,
}

impl Permit for Admitted {
    fn done(self: Box<Self>, fault: Option<&Fault>) {
        self.permit
            .done(&fault.map_or(Ok(()), |fault| Err(fault.clone())));
        if matches!(
            fault,
            Some(Fault::Denied(..) | Fault::Unavailable(_) | Fault::OutcomeUnknown(_))
        ) {
            self.trouble.notify_one();
        }
    }
}
