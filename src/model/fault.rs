//! What can go wrong at an authorization server, as far as a decision depends on it.

use std::fmt;

use jiff::Timestamp;

/// The one error type of a provider call. Each variant says what is known about the *effect* of the call, as
/// that is what the next decision needs; the texts are for people and hold no credential.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The client is proven not to be there: an item's 404 beside a complete, well-formed list without it.
    NotFound,
    /// The server refused us. Nothing was done. It never means that something is not there.
    Denied(Denial, String),
    /// Too many requests. Nothing was done; not before the time given, if the server gave one.
    Throttled(Option<Timestamp>),
    /// Something of that name or id is there already. Nothing was done.
    Conflict(String),
    /// The server refused what was asked (400, 422 and the like). Nothing was done, and the same request will
    /// be refused again.
    Invalid(String),
    /// The server has no room for another client. Nothing was done.
    Quota(String),
    /// The server does not let this one client be managed: it refuses the access to its registration, or has no such call.
    /// Nothing was done, and the same request will be refused again. Whether the client is still there it does not say.
    Unmanageable(String),
    /// The server could not be reached or answered nonsense to a read. Nothing was done.
    Unavailable(String),
    /// A mutating call was sent and no trustworthy answer came: it may have been done, may be done later, or
    /// never.
    OutcomeUnknown(String),
}

/// What the server refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Denial {
    /// The operator's credential: it does not know it, or takes it no more (401).
    Credential,
    /// What was asked for: it knows the credential, and that lacks a right (403).
    Right,
}

impl Fault {
    /// The fault's kind as a word of bounded number, for metric labels.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotFound => "NotFound",
            Self::Denied(..) => "Denied",
            Self::Throttled(_) => "Throttled",
            Self::Conflict(_) => "Conflict",
            Self::Invalid(_) => "Invalid",
            Self::Quota(_) => "Quota",
            Self::Unmanageable(_) => "Unmanageable",
            Self::Unavailable(_) => "Unavailable",
            Self::OutcomeUnknown(_) => "OutcomeUnknown",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("the client is not there"),
            Self::Denied(Denial::Credential, text) => write!(f, "refused the operator's credential: {text}"),
            Self::Denied(Denial::Right, text) => {
                write!(f, "takes the operator's credential, which lacks a right: {text}")
            }
            Self::Throttled(Some(until)) => write!(f, "asks to wait until {until:.0}"),
            Self::Throttled(None) => f.write_str("asks for fewer requests"),
            Self::Conflict(text) => write!(f, "has such a client already: {text}"),
            Self::Invalid(text) => write!(f, "refused the request: {text}"),
            Self::Quota(text) => write!(f, "has no room for another client: {text}"),
            Self::Unmanageable(text) => write!(f, "does not let this client be managed: {text}"),
            Self::Unavailable(text) => write!(f, "cannot be used: {text}"),
            Self::OutcomeUnknown(text) => write!(f, "gave no trustworthy answer: {text}"),
        }
    }
}

impl std::error::Error for Fault {}
