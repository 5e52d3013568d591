//! What happens at the authorization server: calls, calls on their way, and what is shown.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt as _;
use jiff::Timestamp;

use super::disturbance::{Part, Span};
use super::stage::Stage;
use crate::model::{
    Answer, Candidate, Credential, Fault, Handle, Observation, RemoteClient, Request, Timing, testing,
};
use crate::provider::Provider as _;

/// What an adapter says of a server that is switched off.
pub(super) const SWITCHED_OFF: &str = "404 for everything";

/// A call on its way.
pub(super) struct Late {
    id: u32,
    request: Request,
    pub(super) at_operation: Option<u32>,
    deadline: Timestamp,
}

/// The server says 404.
#[derive(Clone, Copy)]
pub(super) struct Missing {
    part: Part,
    ends: Ends,
}

/// When it says so no more.
#[derive(Clone, Copy)]
enum Ends {
    After(u32),
    At(Timestamp),
    WhenTold,
}

impl Stage {
    /// From now on the server says 404.
    pub(super) fn begin_missing(&self, part: Part, span: Span) {
        let mut inner = self.inner();
        let ends = match span {
            Span::Operations(operations) => Ends::After(operations),
            Span::Minutes => Ends::At(inner.now + Timing::default().late_delivery * 5),
            Span::UntilTold => Ends::WhenTold,
        };
        inner.missing = Some(Missing { part, ends });
    }

    /// The server is as it was.
    pub(super) fn end_missing(&self) {
        self.inner().missing = None;
    }

    /// Waits until the server is as it was, should it say 404 now.
    pub(super) fn wait_for_missing(&self) -> bool {
        let missing = self.inner().missing;
        match missing.map(|missing| missing.ends) {
            None => return false,
            Some(Ends::At(end)) => self.advance(end),
            Some(Ends::After(_) | Ends::WhenTold) => {}
        }
        self.end_missing();
        self.write(|| "== the server is as it was".to_owned());
        true
    }

    /// The server is asked something.
    pub(super) fn asked(&self) {
        let missing = &mut self.inner().missing;
        match missing {
            Some(Missing {
                ends: Ends::After(0), ..
            }) => *missing = None,
            Some(Missing {
                ends: Ends::After(left),
                ..
            }) => *left -= 1,
            Some(_) | None => {}
        }
    }

    /// What the server says 404 to now.
    pub(super) fn missing(&self) -> Option<Part> {
        let inner = self.inner();
        let over = |missing: &Missing| matches!(missing.ends, Ends::At(end) if end <= inner.now);
        inner
            .missing
            .filter(|missing| !over(missing))
            .map(|missing| missing.part)
    }

    /// What an adapter makes of the server's 404 to a call. Only that a client is not in the list either proves anything.
    fn refusal(&self, request: &Request) -> Option<Fault> {
        let switched_off = SWITCHED_OFF.to_owned();
        match (self.missing()?, request) {
            (Part::Everything, Request::ProvisionScopes(_)) => Some(Fault::Unavailable(switched_off)),
            (Part::Everything, _) => Some((self.profile.switched_off)(switched_off)),
            (
                Part::Clients,
                Request::Update { target, .. }
                | Request::Rotate { target, .. }
                | Request::Delete { target }
                | Request::RetireSecret { target }
                | Request::Disable { target },
            ) => Some(if self.clients().contains_key(&target.handle) {
                Fault::Invalid("404 for the client".to_owned())
            } else {
                Fault::NotFound
            }),
            (Part::Clients, Request::Register(_) | Request::ProvisionScopes(_)) => None,
        }
    }

    /// The server does a call.
    pub(super) fn perform(&self, request: &Request) -> Result<Answer, Fault> {
        if let Some(fault) = self.refusal(request) {
            self.write(|| format!("   server: {} 404", request.kind()));
            return Err(fault);
        }
        let before = self.clients();
        let answer = self
            .provider
            .perform(request, std::time::Duration::from_secs(1))
            .now_or_never()
            .unwrap();
        let mut inner = self.inner();
        inner.performed += 1;
        if answer.is_ok() {
            *inner.done.entry(request.kind()).or_default() += 1;
            let now = inner.now;
            inner.before_last_call = Some((now, before));
        }
        drop(inner);
        let word = answer.as_ref().map_or_else(Fault::kind, |_| "done");
        self.write(|| format!("   server: {} {word}", request.kind()));
        answer
    }

    /// A call will be done later.
    pub(super) fn send(&self, request: &Request, at_operation: Option<u32>, deadline: Timestamp) -> u32 {
        let mut inner = self.inner();
        let id = inner.operation;
        inner.late.push(Late {
            id,
            request: request.clone(),
            at_operation,
            deadline,
        });
        id
    }

    /// Takes a call back from its way, if it is still on it.
    pub(super) fn take_back(&self, id: u32) -> bool {
        let mut inner = self.inner();
        let before = inner.late.len();
        inner.late.retain(|late| late.id != id);
        inner.late.len() < before
    }

    pub(super) fn deliver(&self, due: impl Fn(&Late) -> bool) {
        let (ready, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.inner().late).into_iter().partition(&due);
        self.inner().late = rest;
        for late in ready {
            self.write(|| format!("   a late {} arrives", late.request.kind()));
            let _ = self.perform(&late.request);
            self.check();
        }
    }

    /// What calls on their way would register.
    pub(super) fn under_way(&self) -> Vec<Candidate> {
        let inner = self.inner();
        let candidate = |late: &Late| match &late.request {
            Request::Register(candidate) => Some((**candidate).clone()),
            _ => None,
        };
        inner.late.iter().filter_map(candidate).collect()
    }

    /// Whether what a lost attempt made can be looked for.
    pub(super) fn looks_up(&self) -> bool {
        self.provider.capabilities().can_look_up
    }

    /// The clients that an admin has been told to look at, as nothing else can.
    pub(super) fn left_behind(&self) -> BTreeSet<Handle> {
        let world = self.cluster.world();
        let entries = world
            .ledger
            .values()
            .filter_map(|stored| stored.entry.as_ref().ok());
        let owed = entries.flat_map(|entry| &entry.obligations);
        let left: Vec<_> = owed.filter(|owed| owed.is_unmanageable()).cloned().collect();
        drop(world);
        let clients = self.clients().into_keys();
        clients
            .filter(|handle| {
                let marker = self.provider.marker(handle);
                left.iter().any(|owed| match &owed.lost {
                    Some(lost) => marker.as_ref() == Some(&lost.marker),
                    None => owed.handle == *handle,
                })
            })
            .collect()
    }

    /// When the next of the calls on their way arrives at the latest.
    pub(super) fn next_delivery(&self) -> Option<Timestamp> {
        self.inner().late.iter().map(|late| late.deadline).min()
    }

    /// Those that cannot be later than that arrive.
    pub(super) fn deliver_until(&self, time: Timestamp) {
        self.deliver(|late| late.deadline <= time);
    }

    pub(super) fn last_delivery(&self) -> Option<Timestamp> {
        self.inner().late.iter().map(|late| late.deadline).max()
    }

    pub(super) fn clients(&self) -> BTreeMap<Handle, RemoteClient> {
        let mut all = BTreeMap::new();
        self.provider.tamper(|held| all.clone_from(held));
        all
    }

    /// What a read showed before the last call, if that is not long ago.
    pub(super) fn old_clients(&self) -> Option<BTreeMap<Handle, RemoteClient>> {
        let inner = self.inner();
        let settling = Timing::default().settling;
        inner
            .before_last_call
            .as_ref()
            .filter(|(at, _)| inner.now.duration_since(*at) < settling)
            .map(|(_, clients)| clients.clone())
    }

    /// The drift check sees the list as it is now, if there is one.
    pub(super) fn list(&self) {
        if self.missing() == Some(Part::Everything) {
            return;
        }
        let now = self.now();
        let clients = self.clients();
        for subject in &self.subjects {
            let Some(current) = self.entry(subject).and_then(|entry| entry.current) else {
                continue;
            };
            let seen = Observation {
                began_at: now,
                authoritative: false,
                client: clients
                    .get(&current.handle)
                    .map(|client| self.provider.shown(client)),
            };
            self.inner().seen.insert(subject.clone(), seen);
        }
    }
}

/// A client at the server that somebody else made.
pub(super) fn foreign_client() -> RemoteClient {
    RemoteClient {
        handle: "payments.billing".into(),
        name: Some("payments.billing".into()),
        marker: None,
        credential: Credential {
            client_id: "theirs".into(),
            client_secret: None,
        },
        metadata: testing::scopes(&["admin"]),
        secret_expires_at: None,
        access: None,
    }
}
