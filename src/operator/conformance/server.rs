//! A server that is put to the test, and what a test can do with it besides calling it through the operator.
//!
//! The checks are written against [`ServerUnderTest`]. What a test can do behind the operator's back are *controls*, each
//! a small trait of its own; a real server has few of them. A check that needs one that is missing does not apply and is
//! printed so.

use std::time::Duration;

use async_trait::async_trait;
use authserver_emulator::misbehave::{Behaviour, Rule};
use futures::future::BoxFuture;

use super::verdict::{Checked, does_not_apply};
use crate::api::{ServerSpec, grant_types};
use crate::model::{Credential, Handle, Marker, RemoteClient};
use crate::provider::connect::Secrets;

/// One kind of server in one of its ways, started anew for every story.
pub(super) struct Specimen {
    /// The server, as the table names its column.
    pub(super) server: &'static str,
    /// What is special about this one, such as a switch and its value.
    pub(super) variant: String,
    /// Where there are many variants that differ in one thing only: the number of this one. Of what is tried in turn it
    /// takes its own part; a specimen without a number takes all.
    pub(super) turn: Option<usize>,
    /// Starts it. A server that cannot be started twice lends itself to one story at a time.
    pub(super) start: Start,
    /// Checks that make no sense here, or are known to fail.
    pub(super) marks: Vec<Mark>,
}

/// Starts a server.
pub(super) type Start =
    Box<dyn Fn() -> BoxFuture<'static, Result<Box<dyn ServerUnderTest>, String>> + Send + Sync>;

/// What is known beforehand of some checks of a specimen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// The checks; none of them named means all.
    pub(super) checks: &'static [&'static str],
    /// Of all of them, these are not meant.
    pub(super) but: &'static [&'static str],
    /// What is known of them.
    pub(super) as_what: As,
}

/// What is known beforehand of a check, and why, for who reads the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// It makes no sense: the server itself says what is not so, or cannot be used as it is documented to be.
    Senseless(&'static str),
    /// It fails, as is known and not mended yet. Once it is mended the mark has to go.
    #[expect(
        dead_code,
        reason = "nothing is known to fail right now, and a failure that is found gets this mark first"
    )]
    Failing(&'static str),
}

impl Specimen {
    /// What is known beforehand of a check.
    pub(super) fn known(&self, check: &str) -> Option<As> {
        let about = |mark: &&Mark| {
            (mark.checks.is_empty() || mark.checks.contains(&check)) && !mark.but.contains(&check)
        };
        self.marks.iter().find(about).map(|mark| mark.as_what)
    }
}

/// A server that runs.
#[async_trait]
pub(super) trait ServerUnderTest: Send + Sync {
    /// What the platform engineer writes into the server object.
    fn spec(&self) -> ServerSpec;

    /// What is in the Secrets that it refers to.
    fn secrets(&self) -> Secrets;

    /// Three scopes that exist, where the server knows scopes at all.
    fn scopes(&self) -> [&'static str; 3] {
        ["read", "write", "admin"]
    }

    /// Two choices of grant types that the server knows. Who is registered with all that can be asked for has the first,
    /// and redirect URIs and a validity of refresh tokens with it.
    fn grant_types(&self) -> [&'static [&'static str]; 2] {
        [
            &[grant_types::CLIENT_CREDENTIALS],
            &[grant_types::CLIENT_CREDENTIALS, grant_types::REFRESH_TOKEN],
        ]
    }

    /// Whether a token is issued for this pair. Not by way of the adapter.
    async fn accepts(&self, pair: &Credential) -> Checked<bool>;

    /// How many clients one page of the list holds; none where lists have no pages that are known of.
    fn page_size(&self) -> Option<usize> {
        None
    }

    /// How long a change needs until every read shows it. It goes by in earnest whenever a story lets time go by.
    fn lag(&self) -> Duration {
        Duration::ZERO
    }

    /// So many more requests may one change take, in vain, where the server does not say beforehand what it offers.
    fn detours(&self) -> usize {
        0
    }

    /// Answers of this very server that cannot be, beside those that cannot be of any.
    fn absurd(&self) -> Vec<Behaviour> {
        Vec::new()
    }

    /// What is registered.
    fn records(&self) -> Option<&dyn Records> {
        None
    }

    /// Somebody else at work.
    fn hands(&self) -> Option<&dyn Hands> {
        None
    }

    /// Calls that go wrong.
    fn weather(&self) -> Option<&dyn Weather> {
        None
    }

    /// The operator's own credential.
    fn door(&self) -> Option<&dyn Door> {
        None
    }

    /// The session that the operator's own credential is exchanged for.
    fn sessions(&self) -> Option<&dyn Sessions> {
        None
    }

    /// Ways to answer.
    fn voice(&self) -> Option<&dyn Voice> {
        None
    }

    /// The access that each registration has of its own.
    fn locks(&self) -> Option<&dyn Locks> {
        None
    }
}

/// The control that sees what is so.
#[async_trait]
pub(super) trait Records: Send + Sync {
    /// Every client that is registered, with its secret, in the words of the model.
    async fn clients(&self) -> Checked<Vec<RemoteClient>>;

    /// The clients that carry this marker, where the server keeps it: as somebody would look for them.
    async fn marked(&self, _marker: &Marker) -> Checked<Vec<Handle>> {
        Ok(Vec::new())
    }

    /// How many requests came: all of them, and those that were meant to change something.
    async fn requests(&self) -> Checked<Requests>;
}

/// How many requests a server got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Requests {
    /// To its management API.
    pub(super) managing: u64,
    /// Those of them that were meant to change something, whatever became of them.
    pub(super) changing: u64,
}

/// The control that changes clients as somebody else would.
#[async_trait]
pub(super) trait Hands: Send + Sync {
    /// Registers a client under a name.
    async fn add(&self, name: &str) -> Checked<RemoteClient>;

    /// Changes one.
    async fn edit(&self, handle: &Handle, edit: Edit) -> Checked;

    /// Removes one.
    async fn remove(&self, handle: &Handle) -> Checked;
}

/// What somebody changes of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// Its metadata: something that the operator asks for.
    Metadata,
    /// Its id or its secret, as the server's own rotation would.
    Credential,
}

/// The control that makes calls go wrong. Rules are those of the emulators.
#[async_trait]
pub(super) trait Weather: Send + Sync {
    /// Whether it can make calls go wrong in this way.
    fn knows(&self, _behaviour: &Behaviour) -> bool {
        true
    }

    /// From now on.
    async fn turn(&self, rule: Rule) -> Checked;

    /// No rule is in force any more.
    async fn clear(&self) -> Checked;

    /// How many calls have met a rule since the start.
    async fn met(&self) -> Checked<u64>;

    /// Waits until whatever was to be delivered late has been.
    async fn delivered(&self) -> Checked;
}

/// The control that changes the operator's own credential.
#[async_trait]
pub(super) trait Door: Send + Sync {
    /// The credential that was good is refused from now on. Returns what is in the Secrets with the new one.
    async fn change(&self) -> Checked<Secrets>;
}

/// The control that ends sessions, for servers where the operator logs in for one.
#[async_trait]
pub(super) trait Sessions: Send + Sync {
    /// Every session ends, and the credential stays good.
    async fn end(&self) -> Checked;

    /// How many logins there were.
    async fn logins(&self) -> Checked<u64>;
}

/// The control that chooses among ways to answer.
#[async_trait]
pub(super) trait Voice: Send + Sync {
    /// From now on. The check ends where the server has no such way.
    async fn speak(&self, manner: Manner) -> Checked;
}

/// The control that makes the access to registrations void, where each has one of its own.
#[async_trait]
pub(super) trait Locks: Send + Sync {
    /// The access that was handed out for this client is refused from now on.
    async fn change(&self, handle: &Handle) -> Checked;
}

/// A way to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// Lists and sets come in another order, and what was not said comes with its default.
    Otherwise,
    /// With fields that nobody documents.
    WithMore,
    /// It registers less than is asked for, and says so.
    Less,
    /// Secrets that are registered from now on are good for a day.
    Ending,
}

/// A control, or the end of a check that needs it.
pub(super) fn control<'a, C: ?Sized>(found: Option<&'a C>, what: &str) -> Checked<&'a C> {
    match found {
        Some(control) => Ok(control),
        None => does_not_apply(format!("no control: {what}")),
    }
}

/// The controls that a server has, for the table.
pub(super) fn controls(server: &dyn ServerUnderTest) -> String {
    let all = [
        ("records", server.records().is_some()),
        ("hands", server.hands().is_some()),
        ("weather", server.weather().is_some()),
        ("door", server.door().is_some()),
        ("sessions", server.sessions().is_some()),
        ("voice", server.voice().is_some()),
        ("locks", server.locks().is_some()),
    ];
    let has = all.into_iter().filter_map(|(name, has)| has.then_some(name));
    has.collect::<Vec<_>>().join(", ")
}
