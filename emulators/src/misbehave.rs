//! Misbehaviour on command: rules that say which calls go wrong, how, and how often.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use serde::{Deserialize, Serialize};

use crate::{Call, Operation};

/// What goes wrong. As JSON: `{"kind":"delay","ms":500}`.
///
/// Behaviours that replace or spoil the answer either come before the work, as a proxy's refusal does, or
/// after it; [`Rule::work`] overrides which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Behaviour {
    /// Waits, then works and answers. The work is done even if the caller has gone by then.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// Works at once, and answers later.
    DelayAfter {
        /// Milliseconds.
        ms: u64,
    },
    /// Another status. Not worked on, unless the rule says so.
    Status {
        /// The status.
        status: u16,
        /// The value of `Retry-After`, as it is; `date:+30` becomes the HTTP date in 30 seconds.
        #[serde(default)]
        retry_after: Option<String>,
        /// What the body is.
        #[serde(default)]
        body: BodyKind,
    },
    /// At most so many calls in a window of time, 429 for the rest.
    RateLimit {
        /// How many calls pass.
        requests: usize,
        /// The length of the sliding window in milliseconds.
        window_ms: u64,
        /// As in `status`.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Works, then closes the connection without an answer.
    LoseAnswer,
    /// Closes the connection; never worked on.
    LoseRequest,
    /// Closes the connection at once and does the work later.
    DeliverLate {
        /// Milliseconds until the work.
        ms: u64,
    },
    /// Works; sends a part of the body under the length of all, then closes the connection.
    Truncate {
        /// Bytes that are sent; half when not given.
        #[serde(default)]
        keep: Option<usize>,
    },
    /// Works; a huge JSON object in place of the answer.
    Huge {
        /// Its size.
        megabytes: usize,
        /// Whether `Content-Length` says so beforehand.
        #[serde(default)]
        announced: bool,
    },
    /// An HTML page, as a proxy or a login page in front would send. Not worked on, unless the rule says so.
    Html {
        /// Its status.
        #[serde(default = "ok")]
        status: u16,
    },
    /// A redirect. Not worked on, unless the rule says so.
    Redirect {
        /// 301, 302, 303, 307 or 308.
        #[serde(default = "temporary_redirect")]
        status: u16,
        /// Where to; the journal of an emulator there shows whether credentials came along.
        #[serde(default = "elsewhere")]
        location: String,
    },
    /// Works; the answer comes byte by byte.
    Drip {
        /// Milliseconds before each byte.
        interval_ms: u64,
    },
    /// Works; the right body under another media type.
    WrongContentType {
        /// Which.
        #[serde(default = "html_type")]
        content_type: String,
    },
    /// Works; a body that is not JSON although it says so.
    NotJson {
        /// The body.
        #[serde(default = "not_json")]
        body: String,
    },
    /// Works; JSON nested this deep in place of the answer.
    DeepJson {
        /// How deep.
        #[serde(default = "depth")]
        depth: usize,
        /// Puts it into an additional field of the right answer instead.
        #[serde(default)]
        as_field: bool,
    },
    /// Works; every field of the answer twice, once with another value.
    DuplicateKeys {
        /// Which of the two is the wrong one.
        #[serde(default)]
        decoy: Decoy,
    },
    /// Works; the right answer behind so many megabytes of blanks, compressed.
    GzipBomb {
        /// Its size when unpacked.
        megabytes: usize,
    },
    /// 404 for everything, as if the API were switched off or another server sat there. Not worked on.
    NotFoundEverything,
    /// Resets every open connection to the vendor's API; never worked on.
    Down,
    /// 401 or 403 for whatever reason. Not worked on, unless the rule says so.
    Deny {
        /// The status.
        status: u16,
    },
}

/// The body of an unwanted status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// A JSON object.
    #[default]
    Json,
    /// A page.
    Html,
    /// Nothing.
    Empty,
    /// A sentence.
    Text,
}

/// Which of two equal keys has the wrong value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decoy {
    /// The first.
    First,
    /// The last, which most readers take.
    #[default]
    Last,
}

fn ok() -> u16 {
    200
}
fn temporary_redirect() -> u16 {
    307
}
fn elsewhere() -> String {
    "/elsewhere".to_owned()
}
fn html_type() -> String {
    "text/html".to_owned()
}
fn not_json() -> String {
    "this is not JSON".to_owned()
}
fn depth() -> usize {
    100_000
}

impl Behaviour {
    /// Its `kind`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Delay { .. } => "delay",
            Self::DelayAfter { .. } => "delay_after",
            Self::Status { .. } => "status",
            Self::RateLimit { .. } => "rate_limit",
            Self::LoseAnswer => "lose_answer",
            Self::LoseRequest => "lose_request",
            Self::DeliverLate { .. } => "deliver_late",
            Self::Truncate { .. } => "truncate",
            Self::Huge { .. } => "huge",
            Self::Html { .. } => "html",
            Self::Redirect { .. } => "redirect",
            Self::Drip { .. } => "drip",
            Self::WrongContentType { .. } => "wrong_content_type",
            Self::NotJson { .. } => "not_json",
            Self::DeepJson { .. } => "deep_json",
            Self::DuplicateKeys { .. } => "duplicate_keys",
            Self::GzipBomb { .. } => "gzip_bomb",
            Self::NotFoundEverything => "not_found_everything",
            Self::Down => "down",
            Self::Deny { .. } => "deny",
        }
    }

    /// Whether the work is done when the rule does not say.
    pub fn works(&self) -> bool {
        !matches!(
            self,
            Self::Status { .. }
                | Self::RateLimit { .. }
                | Self::LoseRequest
                | Self::Html { .. }
                | Self::Redirect { .. }
                | Self::NotFoundEverything
                | Self::Down
                | Self::Deny { .. }
        )
    }

    /// Whether a rule may say otherwise: only where an answer of our own replaces the server's.
    fn work_is_optional(&self) -> bool {
        matches!(
            self,
            Self::Status { .. }
                | Self::Html { .. }
                | Self::Redirect { .. }
                | Self::Deny { .. }
                | Self::Huge { .. }
        )
    }

    fn check(&self) -> Result<(), String> {
        let status = match self {
            Self::Status { status, .. }
            | Self::Html { status }
            | Self::Redirect { status, .. }
            | Self::Deny { status } => *status,
            _ => 200,
        };
        if !(200..=599).contains(&status) {
            return Err(format!("{status} cannot be the status of an answer"));
        }
        let header = match self {
            Self::Status { retry_after, .. } | Self::RateLimit { retry_after, .. } => retry_after.as_deref(),
            Self::Redirect { location, .. } => Some(location.as_str()),
            Self::WrongContentType { content_type } => Some(content_type.as_str()),
            _ => None,
        };
        if header.is_some_and(|text| HeaderValue::from_str(text).is_err()) {
            return Err("that text cannot be sent in a header".to_owned());
        }
        Ok(())
    }
}

/// Which calls a rule is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The name of an operation, `any`, or `mutation` or `read` for all of that kind.
    #[serde(default = "any")]
    pub operation: String,
    /// The name of the client; any when not given.
    #[serde(default)]
    pub name: Option<String>,
}

fn any() -> String {
    "any".to_owned()
}

impl Default for Match {
    fn default() -> Self {
        Self {
            operation: any(),
            name: None,
        }
    }
}

impl Match {
    fn fits(&self, call: &Call) -> bool {
        let operation = match self.operation.as_str() {
            "any" => true,
            "mutation" => call.operation.mutating,
            "read" => !call.operation.mutating,
            name => name == call.operation.name,
        };
        operation
            && self
                .name
                .as_ref()
                .is_none_or(|name| call.name.as_ref() == Some(name))
    }
}

/// Which calls go wrong, how, and how often.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which calls.
    #[serde(rename = "match", default)]
    pub matching: Match,
    /// How.
    pub behaviour: Behaviour,
    /// How many calls; without an end when not given.
    #[serde(default)]
    pub times: Option<u64>,
    /// How many matching calls pass unharmed first.
    #[serde(default)]
    pub skip: u64,
    /// Whether the work is done, where the behaviour leaves that open.
    #[serde(default)]
    pub work: Option<bool>,
}

impl Rule {
    /// A rule for every call of an operation (or `any`, `mutation`, `read`), without an end.
    pub fn on(operation: &str, behaviour: Behaviour) -> Self {
        let matching = Match {
            operation: operation.to_owned(),
            name: None,
        };
        Self {
            matching,
            behaviour,
            times: None,
            skip: 0,
            work: None,
        }
    }

    /// The same for calls about one client only.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.matching.name = Some(name.to_owned());
        self
    }

    /// The same for so many calls.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// The same after so many calls.
    #[must_use]
    pub fn skip(mut self, skip: u64) -> Self {
        self.skip = skip;
        self
    }

    /// The same, with or without the work being done.
    #[must_use]
    pub fn work(mut self, work: bool) -> Self {
        self.work = Some(work);
        self
    }
}

/// A rule in force.
#[derive(Debug, Serialize)]
pub struct Active {
    /// Given out when the rule was added.
    pub id: u64,
    /// The rule; `skip` and `times` count down.
    #[serde(flatten)]
    pub rule: Rule,
    /// How many calls it was applied to.
    pub hits: u64,
    #[serde(skip)]
    passed: VecDeque<Instant>,
}

/// What happens to one call.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// The behaviour.
    pub behaviour: Behaviour,
    /// Whether the work is done.
    pub work: bool,
}

/// A rule that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadRule(String);

/// All rules in force. The first that fits a call is applied.
#[derive(Debug)]
pub struct Rules {
    operations: &'static [Operation],
    active: Vec<Active>,
    last_id: u64,
}

impl Rules {
    /// No rules.
    pub fn new(operations: &'static [Operation]) -> Self {
        Self {
            operations,
            active: Vec::new(),
            last_id: 0,
        }
    }

    /// Adds a rule behind the others.
    pub fn add(&mut self, rule: Rule) -> Result<u64, BadRule> {
        let operation = rule.matching.operation.as_str();
        let known = ["any", "mutation", "read"].contains(&operation)
            || self.operations.iter().any(|known| known.name == operation);
        if !known {
            return Err(BadRule(format!("there is no operation {operation:?}")));
        }
        if rule.work.is_some() && !rule.behaviour.work_is_optional() {
            return Err(BadRule(format!(
                "`work` means nothing for {}",
                rule.behaviour.kind()
            )));
        }
        rule.behaviour.check().map_err(BadRule)?;
        self.last_id += 1;
        self.active.push(Active {
            id: self.last_id,
            rule,
            hits: 0,
            passed: VecDeque::new(),
        });
        Ok(self.last_id)
    }

    /// Removes all rules.
    pub fn clear(&mut self) {
        self.active.clear();
    }

    /// Removes one rule; says whether there was one.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.active.len();
        self.active.retain(|active| active.id != id);
        before != self.active.len()
    }

    /// The rules in force, used-up ones included.
    pub fn active(&self) -> &[Active] {
        &self.active
    }

    /// What happens to this call, if anything. Counts.
    pub fn judge(&mut self, call: &Call) -> Option<Sentence> {
        self.active.iter_mut().find_map(|active| active.judge(call))
    }
}

impl Active {
    fn judge(&mut self, call: &Call) -> Option<Sentence> {
        if self.rule.times == Some(0) || !self.rule.matching.fits(call) {
            return None;
        }
        if self.rule.skip > 0 {
            self.rule.skip -= 1;
            return None;
        }
        if let Behaviour::RateLimit {
            requests, window_ms, ..
        } = self.rule.behaviour
        {
            let window = Duration::from_millis(window_ms);
            self.passed.retain(|at| at.elapsed() < window);
            if self.passed.len() < requests {
                self.passed.push_back(Instant::now());
                return None;
            }
        }
        self.hits += 1;
        self.rule.times = self.rule.times.map(|times| times - 1);
        let behaviour = self.rule.behaviour.clone();
        let work = self.rule.work.unwrap_or_else(|| behaviour.works());
        Some(Sentence { behaviour, work })
    }
}
