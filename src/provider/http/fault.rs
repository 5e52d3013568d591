//! What a failure means: to a read, and to a call that changes something.

use std::error::Error as StdError;
use std::io;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;

use super::super::address::Refused;
use super::text::{self, Scrub};
use super::{Effect, Reply, retry_after};
use crate::model::{Denial, Fault};

/// What is known about a call that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Nothing of it.
    Nothing,
    /// Some of it, or all.
    Perhaps,
}

/// No answer, or none that can be believed.
pub fn nothing_good(effect: Effect, sent: Sent, text: &str) -> Fault {
    let text = text::short(text);
    match (effect, sent) {
        (Effect::Read, _) | (Effect::Mutation, Sent::Nothing) => Fault::Unavailable(text),
        (Effect::Mutation, Sent::Perhaps) => Fault::OutcomeUnknown(text),
    }
}

/// What went wrong on the way.
pub fn on_the_way(effect: Effect, sent: Sent, what: &str, error: &reqwest::Error) -> Fault {
    // The far end ended the TLS handshake; with TLS 1.3 that comes after our side of it, beside the request, which
    // the far end has then not read.
    let sent = if refused_in_handshake(error) {
        Sent::Nothing
    } else {
        sent
    };
    let cause = root_cause(error);
    let text = match sent {
        Sent::Nothing => format!("no connection for {what}: {cause}"),
        Sent::Perhaps => format!("the connection broke during {what}: {cause}"),
    };
    nothing_good(effect, sent, &text)
}

/// What a status other than a success means.
pub fn refused(effect: Effect, what: &str, reply: &Reply, scrub: Option<&Scrub>) -> Fault {
    let status = reply.status;
    let said = scrub.and_then(|scrub| text::sentence(&reply.body, reply.media_type(), scrub));
    let mut text = format!("{} for {what}", named(status));
    if let Some(said) = said {
        text = format!("{text}: {said}");
    }
    let text = text::short(&text);
    match status.as_u16() {
        401 => Fault::Denied(Denial::Credential, text),
        403 => Fault::Denied(Denial::Right, text),
        429 => Fault::Throttled(wait(reply)),
        503 if effect == Effect::Read && wait(reply).is_some() => Fault::Throttled(wait(reply)),
        409 if effect == Effect::Mutation => Fault::Conflict(text),
        // The server gave up waiting for the request, or what stands before it did: it may have seen it whole.
        408 => nothing_good(effect, Sent::Perhaps, &text),
        400..=499 => Fault::Invalid(text),
        _ => nothing_good(effect, Sent::Perhaps, &text),
    }
}

/// What a conflict is where no name or id is asked for, so that none can be taken.
pub fn not_a_conflict(fault: Fault) -> Fault {
    match fault {
        Fault::Conflict(text) => Fault::Invalid(text),
        fault => fault,
    }
}

/// A fault's own words, without those that speak of whose fault it is.
pub fn words(fault: &Fault) -> String {
    match fault {
        Fault::Denied(_, text)
        | Fault::Conflict(text)
        | Fault::Invalid(text)
        | Fault::Quota(text)
        | Fault::Unmanageable(text)
        | Fault::Unavailable(text)
        | Fault::OutcomeUnknown(text) => text.clone(),
        Fault::Throttled(_) | Fault::NotFound => fault.to_string(),
    }
}

fn wait(reply: &Reply) -> Option<Timestamp> {
    retry_after::until(reply.header(RETRY_AFTER)?, Timestamp::now())
}

/// The status with its usual words; never the server's own.
fn named(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => format!("status {}", status.as_u16()),
    }
}

/// The innermost cause as a few words. No URL and no value of ours is in it.
pub fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    for cause in chain(error) {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return refused.to_string();
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return format!("TLS: {tls}");
        }
        innermost = cause;
    }
    if let Some(io) = innermost.downcast_ref::<io::Error>() {
        return io_cause(io);
    }
    innermost.to_string()
}

fn io_cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
        io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        _ => error.to_string(),
    }
}

fn refused_in_handshake(error: &reqwest::Error) -> bool {
    use rustls::AlertDescription as Alert;
    chain(error).any(|cause| {
        matches!(
            cause.downcast_ref::<rustls::Error>(),
            Some(rustls::Error::AlertReceived(
                Alert::CertificateRequired
                    | Alert::BadCertificate
                    | Alert::UnsupportedCertificate
                    | Alert::CertificateRevoked
                    | Alert::CertificateExpired
                    | Alert::CertificateUnknown
                    | Alert::UnknownCA
                    | Alert::HandshakeFailure
                    | Alert::DecryptError
            ))
        )
    })
}

/// The error and its causes. An `io::Error` hides the error that it carries from `source`, so that is looked into.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn StdError + 'static)| {
        let error: &'a (dyn StdError + 'static) = *error;
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match carried {
            Some(carried) => Some(carried as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}
