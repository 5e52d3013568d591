//! What can go wrong with a call.

use hyper::header::HeaderValue;
use serde::{Deserialize, Serialize};

/// What goes wrong. As JSON: `{"kind":"delay","ms":500}`.
///
/// Behaviours that replace or spoil the answer either come before the work, as a proxy's refusal does, or
/// after it; [`Rule::work`](super::Rule::work) overrides which.
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
    pub(super) fn work_is_optional(&self) -> bool {
        matches!(
            self,
            Self::Status { .. }
                | Self::Html { .. }
                | Self::Redirect { .. }
                | Self::Deny { .. }
                | Self::Huge { .. }
        )
    }

    pub(super) fn check(&self) -> Result<(), String> {
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
