//! What is asked of a server.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderName, HeaderValue};
use url::Url;
use zeroize::Zeroizing;

use super::super::percent;
use super::ONE;
use crate::model::Confidential;

/// Whether a call changes something at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It does not: whatever goes wrong, nothing was done ([`Fault::Unavailable`]).
    Read,
    /// It does: unless it is certain that nothing was sent, or that the server refused it, it may have been done
    /// ([`Fault::OutcomeUnknown`]).
    Mutation,
}

/// HTTP Basic, a bearer token, or the cookies of a session. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Authorization {
    name: HeaderName,
    value: HeaderValue,
    /// What stands in another header, if anything has to.
    beside: Option<(HeaderName, HeaderValue)>,
    secrets: Vec<Confidential>,
}

impl Authorization {
    /// HTTP Basic (RFC 7617). Any text can be encoded; a user name with a colon would be read as another.
    pub fn basic(user: &str, password: &Confidential) -> Self {
        let pair = Zeroizing::new(format!("{user}:{}", password.expose()));
        let encoded = Confidential::new(BASE64_STANDARD.encode(pair.as_bytes()));
        let text = Zeroizing::new(format!("Basic {}", encoded.expose()));
        // Base64 is always good in a header; an empty value would be refused by the server.
        let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        Self {
            name: AUTHORIZATION,
            value,
            beside: None,
            secrets: vec![password.clone(), encoded],
        }
    }

    /// A client's id and secret (RFC 6749 section 2.3.1), which are encoded as in a form first.
    pub fn client(id: &str, secret: &Confidential) -> Self {
        let encoded = Confidential::new(percent::form(secret.expose()));
        let mut basic = Self::basic(&percent::form(id), &encoded);
        basic.secrets.push(secret.clone());
        basic
    }

    /// A bearer token (RFC 6750 section 2.1). None where it cannot stand in a header: it is empty, or has something else
    /// than visible ASCII characters.
    pub fn bearer(token: &Confidential) -> Option<Self> {
        let token = token.expose();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let text = Zeroizing::new(format!("Bearer {token}"));
        Some(Self {
            name: AUTHORIZATION,
            value: sensitive(&text)?,
            beside: None,
            secrets: vec![Confidential::new(token)],
        })
    }

    /// Cookies (RFC 6265 section 4.2) in place of the standard's header. None where there are none, or where they cannot
    /// stand in a header.
    pub fn cookies(cookies: &[(String, Confidential)]) -> Option<Self> {
        if cookies.is_empty() {
            return None;
        }
        let pairs = cookies
            .iter()
            .map(|(name, value)| format!("{name}={}", value.expose()));
        let text = Zeroizing::new(pairs.collect::<Vec<_>>().join("; "));
        Some(Self {
            name: COOKIE,
            value: sensitive(&text)?,
            beside: None,
            secrets: cookies.iter().map(|(_, value)| value.clone()).collect(),
        })
    }

    /// The same with a token in a header of its own. None where the token cannot stand in one.
    pub fn beside(mut self, name: HeaderName, token: Confidential) -> Option<Self> {
        self.beside = Some((name, sensitive(token.expose())?));
        self.secrets.push(token);
        Some(self)
    }

    /// As it stands in its header, marked as sensitive.
    pub fn header(&self) -> HeaderValue {
        self.value.clone()
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        [(self.name.clone(), self.value.clone())]
            .into_iter()
            .chain(self.beside.clone())
    }

    pub(super) fn secrets(&self) -> &[Confidential] {
        &self.secrets
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A request's body.
pub enum Body {
    /// None, and no content type.
    Empty,
    /// JSON.
    Json(Zeroizing<Vec<u8>>),
    /// A form.
    Form(Zeroizing<String>),
}

/// One request.
pub struct Call<'a> {
    /// Its method.
    pub method: Method,
    /// The segments of its path below the base, not encoded yet.
    pub path: &'a [&'a str],
    /// Names and values of its query, not encoded yet, in this order.
    pub query: &'a [(&'a str, &'a str)],
    /// In place of base, path and query: an address that the server itself gave. It must be of the client's own origin.
    pub at: Option<&'a Url>,
    /// Further headers, and others in place of the usual ones but for the authorization. A value that is marked as
    /// sensitive is taken for a secret, as a whole.
    pub headers: &'a [(HeaderName, HeaderValue)],
    /// Its body.
    pub body: Body,
    /// Whether it changes something.
    pub effect: Effect,
    /// The largest body of a good answer.
    pub limit: usize,
    /// The answer must be whole after this time.
    pub within: Duration,
    /// What it is for, as words that follow "for".
    pub what: &'static str,
    /// In place of the client's own.
    pub authorization: Option<&'a Authorization>,
    /// Secrets beyond the authorization that the request holds, or that an answer may quote.
    pub secrets: &'a [&'a Confidential],
}

impl<'a> Call<'a> {
    /// A read of one thing.
    pub fn read(what: &'static str, path: &'a [&'a str], within: Duration) -> Self {
        Self {
            method: Method::GET,
            path,
            query: &[],
            at: None,
            headers: &[],
            body: Body::Empty,
            effect: Effect::Read,
            limit: ONE,
            within,
            what,
            authorization: None,
            secrets: &[],
        }
    }

    /// A change.
    pub fn change(
        method: Method,
        what: &'static str,
        path: &'a [&'a str],
        body: Body,
        within: Duration,
    ) -> Self {
        Self {
            method,
            body,
            effect: Effect::Mutation,
            ..Self::read(what, path, within)
        }
    }
}
