//! What the tests of all adapters have in common: an adapter, as the operator connects it, at an emulator that knows the
//! truth, and each call held against that.
//!
//! A server is put on it by [`Truth`]. [`misbehaviour`] is what can go wrong on the way, at each call, and [`switches`] what
//! a server may do where its documents are silent.

pub mod misbehaviour;
pub mod switches;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use authserver_emulator::AuthServer;
use authserver_emulator::emulator::Emulator;
use authserver_emulator::switch::SwitchInfo;

use super::Provider;
use super::address::EgressRules;
use super::connect::{Secrets, connect};
use crate::api::ServerSpec;
use crate::model::{Answer, Candidate, Confidential, Fault, RemoteClient, Request, Target, Verification};

/// How long a call is waited for that is not meant to take long.
pub const WITHIN: Duration = Duration::from_secs(20);

/// An emulator as the truth about what it holds.
pub trait Truth: AuthServer + Sized {
    /// A client as the server has it.
    type Client;

    /// Whether the operator logs in for a token, and once more where one is refused.
    const LOGS_IN: bool = false;

    /// Starts one that the operator's credential is good for.
    fn start() -> impl Future<Output = Emulator<Self>>;

    /// The adapter of it; its reads take so long at most.
    fn adapter(emulator: &Emulator<Self>, within: Duration) -> Arc<dyn Provider>;

    /// Every switch that it has.
    fn switches() -> Vec<SwitchInfo>;

    /// Turns one.
    fn turn(emulator: &Emulator<Self>, switch: &str, value: &str);

    /// Somebody registers a client.
    fn add(emulator: &Emulator<Self>, name: &str);

    /// What addresses a client that was added.
    fn target(emulator: &Emulator<Self>, name: &str) -> Box<Target>;

    /// The handles of all clients.
    fn handles(emulator: &Emulator<Self>) -> Vec<String>;

    /// The clients that a handle leads to.
    fn handled(emulator: &Emulator<Self>, handle: &str) -> Vec<Self::Client>;

    /// The clients that an attempt to register may have made.
    fn attempted(emulator: &Emulator<Self>, candidate: &Candidate) -> Vec<Self::Client>;

    /// Whether what was told of a client is so.
    fn same(told: &RemoteClient, there: &Self::Client) -> bool;

    /// Whether a client is disabled.
    fn is_disabled(_: &Self::Client) -> bool {
        false
    }

    /// The scopes that are provisioned.
    fn scopes(_: &Emulator<Self>) -> BTreeSet<String> {
        BTreeSet::new()
    }
}

/// An adapter at an emulator.
pub struct Bench<S: Truth> {
    pub emulator: Emulator<S>,
    pub adapter: Arc<dyn Provider>,
    /// A call that is known not to be done may be done later all the same.
    pub delivers_late: bool,
    /// Reads may lack clients, or show what was.
    pub lies: bool,
}

impl<S: Truth> Bench<S> {
    pub async fn new() -> Self {
        Self::with(WITHIN).await
    }

    /// One whose reads take so long at most.
    pub async fn with(within: Duration) -> Self {
        let emulator = S::start().await;
        let adapter = S::adapter(&emulator, within);
        Self {
            emulator,
            adapter,
            delivers_late: false,
            lies: false,
        }
    }

    /// One of whose emulator a switch is turned.
    pub async fn turned(switch: &str, value: &str) -> Self {
        let bench = Self::new().await;
        bench.turn(switch, value);
        bench
    }

    pub fn turn(&self, switch: &str, value: &str) {
        S::turn(&self.emulator, switch, value);
    }

    /// A read fails as a read does, and tells the truth where it does not.
    pub async fn client(&self, handle: &str) -> Result<Option<RemoteClient>, Fault> {
        let found = as_a_read(self.adapter.client(&handle.into()).await);
        if let (Ok(told), false) = (&found, self.lies) {
            is_so::<S>(told.as_ref(), &S::handled(&self.emulator, handle), handle);
            let readable = self.adapter.capabilities().secret_readable;
            let shown = |client: &RemoteClient| client.credential.client_secret.is_some();
            assert!(
                !readable || told.as_ref().is_none_or(shown),
                "{handle} has no secret"
            );
        }
        found
    }

    /// The same of what an attempt made. Of several none is told.
    pub async fn attempted(&self, candidate: &Candidate) -> Result<Option<RemoteClient>, Fault> {
        let found = as_a_read(self.adapter.attempted(candidate).await);
        if let (Ok(told), false) = (&found, self.lies) {
            let there = S::attempted(&self.emulator, candidate);
            is_so::<S>(told.as_ref(), &there, &candidate.name);
            assert!(there.len() <= 1, "{} is there several times", candidate.name);
        }
        found
    }

    pub async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        let found = as_a_read(self.adapter.clients().await);
        if let (Ok(found), false) = (&found, self.lies) {
            let sorted = |mut handles: Vec<String>| {
                handles.sort();
                handles
            };
            let told = found.iter().map(|client| client.handle.0.clone()).collect();
            assert_eq!(sorted(told), sorted(S::handles(&self.emulator)));
        }
        found
    }

    pub async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        let found = as_a_read(self.adapter.scopes().await);
        if let Ok(found) = &found {
            assert_eq!(*found, S::scopes(&self.emulator));
        }
        found
    }

    pub async fn check(&self) -> Result<(), Fault> {
        as_a_read(self.adapter.check().await)
    }

    /// How many changes were sent, but for those that were sent again with another token. By method: the emulator does not
    /// count what it does not know the path of.
    pub fn sent(&self) -> usize {
        let again = |status| S::LOGS_IN && status == Some(401);
        let requests = self.emulator.requests();
        let sent = requests
            .iter()
            .filter(|entry| entry.method != "GET" && entry.operation != "token" && !again(entry.status));
        sent.count()
    }

    /// A change is sent once at most, and what is said of it is so.
    pub async fn change(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        let (sent, before) = (self.sent(), self.emulator.counters());
        let answer = self.adapter.perform(request, within).await;
        let (sent, after) = (self.sent() - sent, self.emulator.counters());
        assert!(sent <= 1, "{request:?} was sent {sent} times");
        let there = match request {
            Request::Register(candidate) => S::attempted(&self.emulator, candidate),
            Request::Update { target, .. }
            | Request::Rotate { target, .. }
            | Request::RetireSecret { target }
            | Request::Delete { target }
            | Request::Disable { target } => S::handled(&self.emulator, &target.handle.0),
            Request::ProvisionScopes(_) => Vec::new(),
        };
        match &answer {
            Ok(Answer::Client(_) | Answer::Done) | Err(Fault::NotFound) if self.lies => {}
            Ok(Answer::Client(client)) => {
                assert!(there.iter().any(|there| S::same(client, there)), "{client:?}");
            }
            Ok(Answer::Done) if matches!(request, Request::Disable { .. }) => {
                assert!(
                    !there.is_empty() && there.iter().all(S::is_disabled),
                    "it is enabled"
                );
            }
            Ok(Answer::Done) | Err(Fault::NotFound) => assert!(there.is_empty(), "it is there"),
            Ok(Answer::Scopes(scopes)) => assert!(scopes.is_subset(&S::scopes(&self.emulator))),
            Err(Fault::OutcomeUnknown(_)) => assert_eq!(sent, 1),
            Err(fault) => {
                // A DELETE whose answer was lost on the way back and whose client is gone is NotFound: not here.
                let changed = after.changes - before.changes;
                assert!(
                    changed == 0 || self.delivers_late,
                    "{fault:?} although it was done"
                );
            }
        }
        if let Err(fault) = &answer {
            assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
        }
        answer
    }
}

/// What was told of one client is so.
fn is_so<S: Truth>(told: Option<&RemoteClient>, there: &[S::Client], what: &str) {
    match told {
        Some(client) => {
            assert!(
                there.iter().any(|there| S::same(client, there)),
                "{client:?} is not there"
            );
        }
        None => assert!(there.is_empty(), "{what} is there"),
    }
}

/// Reads fail in few ways.
fn as_a_read<T>(result: Result<T, Fault>) -> Result<T, Fault> {
    if let Err(fault) = &result {
        assert!(
            matches!(
                fault,
                Fault::Unavailable(_) | Fault::Denied(..) | Fault::Throttled(_) | Fault::Invalid(_)
            ),
            "{fault:?} of a read"
        );
        assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
    }
    result
}

/// The adapter as the operator connects it to a server on this machine; a call takes so long at most.
pub fn connected(mut spec: ServerSpec, secrets: &Secrets, within: Duration) -> Arc<dyn Provider> {
    spec.limits.request_timeout_seconds = u32::try_from(within.as_secs()).unwrap();
    connect(&spec, false, secrets, &loopback()).unwrap()
}

/// Servers of tests are on this machine.
pub fn loopback() -> EgressRules {
    EgressRules {
        allow_loopback: true,
        ..EgressRules::default()
    }
}

/// A Secret named `credential`.
pub fn secrets(values: &[(&str, &str)]) -> Secrets {
    let values = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Confidential::new(*value)));
    BTreeMap::from([("credential".to_owned(), values.collect())])
}

pub fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(ToString::to_string).collect()
}

pub fn client_of(answer: Answer) -> RemoteClient {
    match answer {
        Answer::Client(client) => client,
        other => panic!("not a client: {other:?}"),
    }
}

pub fn word(result: Result<&'static str, Fault>) -> String {
    match result {
        Ok(word) => word.to_owned(),
        Err(fault) => fault.kind().to_owned(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map`")]
pub fn shown(client: Option<RemoteClient>) -> &'static str {
    if client.is_some() { "some" } else { "none" }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map`")]
pub fn answered(answer: Answer) -> &'static str {
    match answer {
        Answer::Client(_) => "client",
        Answer::Done => "done",
        Answer::Scopes(_) => "scopes",
    }
}

pub fn verdict(verification: &Verification) -> &'static str {
    match verification {
        Verification::TokenIssued => "issued",
        Verification::Rejected(_) => "rejected",
        Verification::Unknown(_) => "unknown",
    }
}
