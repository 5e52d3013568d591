//! The port to the authorization server, with every operation counted and disturbed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use jiff::SignedDuration;

use super::disturbance::{Kind, Part, What};
use super::ports::{Port, stop};
use super::server::SWITCHED_OFF;
use crate::model::{
    Answer, Candidate, Capabilities, Denial, Fault, Handle, RemoteClient, Request, Timing, TokenRequest,
    Verification,
};
use crate::provider::Provider;
use crate::provider::memory::named;

impl Port {
    async fn query<T: Send>(
        &self,
        read: impl Fn(Option<BTreeMap<Handle, RemoteClient>>) -> Result<T, Fault> + Send,
    ) -> Result<T, Fault> {
        let ticket = self.enter(Kind::Query, (0, 0)).await;
        self.stage.asked();
        let answer = match ticket.what {
            Some(What::Old) => read(self.stage.old_clients()),
            what => match self.fault(what) {
                Some(fault) => Err(fault),
                None if self.stage.missing() == Some(Part::Everything) => {
                    Err(Fault::Unavailable(SWITCHED_OFF.into()))
                }
                None => read(None),
            },
        };
        self.leave(ticket).await;
        answer
    }

    fn fault(&self, what: Option<What>) -> Option<Fault> {
        Some(match what? {
            What::Unavailable => Fault::Unavailable("is away".into()),
            What::Denied => Fault::Denied(Denial::Right, "403".into()),
            What::Throttled => Fault::Throttled(Some(self.stage.now() + SignedDuration::from_secs(7))),
            What::Conflict => Fault::Conflict("409".into()),
            What::Invalid => Fault::Invalid("400".into()),
            What::NotFound => Fault::NotFound,
            _ => return None,
        })
    }

    /// One call. A process that is held while the call is on its way hears of it only if it wakes in time.
    async fn call(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        let unknown = || Err(Fault::OutcomeUnknown("closed the connection".into()));
        let timing = Timing::default();
        let recorded = self.pass().recorded.unwrap_or(self.stage.now());
        let deadline = recorded + timing.late_delivery - SignedDuration::from_millis(50);
        self.stage.inner().checker.sent(&self.subject(), request);
        let ticket = match self.stage.enter(self.actor, Kind::Call, (0, 0)) {
            Ok(ticket) => ticket,
            Err(ticket) if matches!(ticket.what, Some(What::CrashBefore)) => {
                stop().await;
                ticket
            }
            Err(ticket) => {
                let began = self.stage.now();
                let id = self.stage.send(request, None, deadline);
                stop().await;
                let waited = Duration::try_from(self.stage.now().duration_since(began)).unwrap_or_default();
                if waited > within || !self.stage.take_back(id) {
                    self.leave(ticket).await;
                    return unknown();
                }
                ticket
            }
        };
        self.stage.asked();
        let answer = match ticket.what {
            Some(What::Lost) => {
                let _ = self.stage.perform(request);
                unknown()
            }
            Some(What::Vanished) => unknown(),
            Some(What::Late(later)) => {
                let at = later.map(|later| ticket.number + later);
                self.stage.send(request, at, deadline);
                unknown()
            }
            // There the access of the one client is refused, not the operator's credential.
            Some(What::Denied)
                if self.capabilities().own_access && !matches!(request, Request::Register(_)) =>
            {
                Err(Fault::Unmanageable("401".into()))
            }
            what => match self.fault(what) {
                Some(fault) => Err(fault),
                None => self.stage.perform(request),
            },
        };
        self.leave(ticket).await;
        answer
    }
}

#[async_trait]
impl Provider for Port {
    fn capabilities(&self) -> &Capabilities {
        self.stage.provider.capabilities()
    }

    async fn check(&self) -> Result<(), Fault> {
        Ok(())
    }

    async fn client(&self, handle: &Handle) -> Result<Option<RemoteClient>, Fault> {
        self.query(|old| {
            let now = self.stage.provider.client(handle).now_or_never().unwrap()?;
            let shown = |client: &RemoteClient| self.stage.provider.shown(client);
            let found = old.map_or(now, |old| old.get(handle).map(shown));
            // A list tells whether the client is there, and shows its secret if a read of the client does.
            match (&found, self.stage.missing()) {
                (Some(_), Some(Part::Clients)) if !self.capabilities().secret_readable => {
                    Err(Fault::Unavailable("has a client that cannot be read".into()))
                }
                _ => Ok(found),
            }
        })
        .await
    }

    async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        self.query(|old| {
            let now = self.stage.provider.attempted(candidate).now_or_never().unwrap()?;
            let shown = |client: &RemoteClient| self.stage.provider.shown(client);
            Ok(old.map_or(now, |old| named(&old, &candidate.name).map(shown)))
        })
        .await
    }

    async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        self.stage.provider.clients().await
    }

    async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        self.query(|_| self.stage.provider.scopes().now_or_never().unwrap())
            .await
    }

    async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        let answer = self.query(|old| {
            let now = self.stage.provider.verify(request).now_or_never().unwrap()?;
            let refused = || Verification::Rejected("invalid_client".into());
            let known = |clients: BTreeMap<Handle, RemoteClient>| {
                clients
                    .values()
                    .any(|client| client.credential == request.credential)
            };
            Ok(match old.map(known) {
                None => now,
                Some(true) => Verification::TokenIssued,
                Some(false) => refused(),
            })
        });
        match answer.await {
            Err(Fault::Unavailable(text)) if text == SWITCHED_OFF => Ok(Verification::Unknown(text)),
            answer => answer,
        }
    }

    async fn perform(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        self.call(request, within).await
    }
}
