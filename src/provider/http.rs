//! The one HTTP client of all adapters.
//!
//! It speaks to one origin and to paths below one base, so a credential cannot go elsewhere. A call ends within its
//! time whatever the server does, nothing is sent twice, and nothing is unpacked or followed. Each failure says what
//! it means: see [`Effect`].

mod connection;
mod fault;
mod retry_after;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, Method, Response, StatusCode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use url::Url;
use zeroize::Zeroizing;

pub use connection::{Trust, Unfit};
pub use text::{Scrub, TEXT_MAX, short};

use super::address::EgressRules;
use super::percent;
use crate::model::{Confidential, Fault};
use connection::Pooling;
use fault::Sent;

/// The largest body of an answer about one thing. A client with thousands of scopes fits; nothing larger is meant.
pub const ONE: usize = 1024 * 1024;
/// The largest body of a list: some hundred thousand clients at a few hundred bytes each. It is held in memory once
/// per server at a time, and a pod must live through it.
pub const LIST: usize = 64 * 1024 * 1024;
/// Of a refusal only the beginning is read: a sentence is looked for.
const REFUSAL: usize = 64 * 1024;
const REFUSAL_TIME: Duration = Duration::from_secs(2);

/// Whether a call changes something at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It does not: whatever goes wrong, nothing was done ([`Fault::Unavailable`]).
    Read,
    /// It does: unless it is certain that nothing was sent, or that the server refused it, it may have been done
    /// ([`Fault::OutcomeUnknown`]).
    Mutation,
}

/// Where a server is and who may go there.
pub struct Target<'a> {
    /// Its address, `http` or `https`, without user info, query and fragment.
    pub url: &'a str,
    /// What comes between the address and the paths of calls: empty, or segments that each begin with a slash.
    pub prefix: &'a str,
    /// Whether a tenant chose it: then the text of answers is never shown, and private addresses are refused.
    pub namespaced: bool,
    /// What the operator's flags allow.
    pub egress: &'a EgressRules,
    /// Whom to trust, and who we are.
    pub trust: &'a Trust,
}

/// HTTP Basic, or the like. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct Authorization {
    value: HeaderValue,
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
            value,
            secrets: vec![password.clone(), encoded],
        }
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
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

/// An answer that is whole. Its `Debug` does not show the body, which may hold secrets.
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    content_type: Option<String>,
    retry_after: Option<String>,
    encoded: bool,
    /// Its body; of a refusal only the beginning, or what came of it.
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Reply {
    fn new(response: &Response) -> Self {
        let text = |name: HeaderName| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap_or("?").to_owned())
        };
        let encoding = text(CONTENT_ENCODING);
        Self {
            status: response.status(),
            content_type: text(CONTENT_TYPE),
            retry_after: text(RETRY_AFTER),
            encoded: encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")),
            body: Zeroizing::new(Vec::new()),
        }
    }

    /// The media type without its parameters; empty where none is given.
    pub fn media_type(&self) -> &str {
        let text = self.content_type.as_deref().unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim()
    }

    /// The body as a JSON object, or what is wrong with it in a few words.
    pub fn object<T: DeserializeOwned>(&self) -> Result<T, String> {
        self.json().map(|Object(fields)| fields)
    }

    /// The body as JSON of a type, or what is wrong with it in a few words. Media types that servers put on JSON for
    /// want of a better one are let pass; a page is not.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        let media_type = self.media_type().to_ascii_lowercase();
        let may_be_json = matches!(
            media_type.as_str(),
            "" | "application/json" | "text/json" | "text/plain" | "application/octet-stream"
        ) || (media_type.starts_with("application/") && media_type.ends_with("+json"));
        if media_type == "text/html" || media_type == "application/xhtml+xml" {
            return Err("it is a web page, as of a login or a proxy, and not JSON".to_owned());
        }
        if !may_be_json {
            return Err("its content type is not that of JSON".to_owned());
        }
        if self.encoded {
            return Err("it is compressed although nobody asked for that".to_owned());
        }
        // The text of the error is not shown: it may quote the body.
        serde_json::from_slice(&self.body).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => "it is not the JSON that was expected".to_owned(),
            _ => "it is not JSON".to_owned(),
        })
    }
}

/// A JSON object, and nothing else: what is derived for a struct would take an array of its fields too.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        from.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

/// The client.
pub struct Http {
    base: Url,
    reads: Client,
    changes: Client,
    authorization: Option<Authorization>,
    echo: bool,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl Http {
    /// A client for one base address.
    pub fn new(target: &Target<'_>, authorization: Option<Authorization>) -> Result<Self, Unfit> {
        let base = base(target)?;
        if target.namespaced && base.scheme() != "https" {
            return Err(Unfit::Configuration(
                "the URL of a server of one namespace must begin with https".to_owned(),
            ));
        }
        let client =
            |pooling| connection::client(&base, target.namespaced, target.egress, target.trust, pooling);
        Ok(Self {
            reads: client(Pooling::Kept)?,
            changes: client(Pooling::Fresh)?,
            base,
            authorization,
            echo: !target.namespaced,
        })
    }

    /// Sends one request and reads its answer. A status is no failure here: see [`Http::refused`].
    pub async fn send(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        let Some(url) = self.url(call.path) else {
            return Err(Fault::Invalid(format!(
                "{} cannot be addressed: a name must not be empty, . or ..",
                call.what
            )));
        };
        let client = match call.effect {
            Effect::Read => &self.reads,
            Effect::Mutation => &self.changes,
        };
        let mut request = client
            .request(call.method.clone(), url)
            .headers(self.headers(call));
        request = match &call.body {
            Body::Empty => request,
            Body::Json(json) => request
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(json.to_vec()),
            Body::Form(form) => request
                .header(
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/x-www-form-urlencoded"),
                )
                .body(form.to_string()),
        };
        let connected = Arc::new(AtomicBool::new(false));
        let exchange = connection::watched(Arc::clone(&connected), exchange(call, request));
        let sent = || {
            if connected.load(Ordering::SeqCst) {
                Sent::Perhaps
            } else {
                Sent::Nothing
            }
        };
        match tokio::time::timeout(call.within, exchange).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(Broken::Error(error))) => Err(fault::on_the_way(call.effect, sent(), call.what, &error)),
            Ok(Err(Broken::TooLarge)) => {
                let text = format!("the answer for {} is larger than {} bytes", call.what, call.limit);
                Err(fault::nothing_good(call.effect, Sent::Perhaps, &text))
            }
            Err(_) => {
                let seconds = call.within.as_secs_f32();
                let text = match sent() {
                    Sent::Nothing => format!("no connection for {} within {seconds:.0} s", call.what),
                    Sent::Perhaps => format!("no whole answer for {} within {seconds:.0} s", call.what),
                };
                Err(fault::nothing_good(call.effect, sent(), &text))
            }
        }
    }

    /// What an answer means that is not a success.
    pub fn refused(&self, call: &Call<'_>, reply: &Reply) -> Fault {
        let scrub = self.echo.then(|| self.scrub(call));
        fault::refused(call.effect, call.what, reply, scrub.as_ref())
    }

    /// What an answer means that says it is a success and cannot be believed.
    pub fn absurd(&self, call: &Call<'_>, why: &str) -> Fault {
        let text = format!("the answer for {} makes no sense: {why}", call.what);
        fault::nothing_good(call.effect, Sent::Perhaps, &text)
    }

    /// The sentence that an answer holds, where it may be shown.
    pub fn sentence(&self, call: &Call<'_>, reply: &Reply) -> Option<String> {
        let scrub = self.echo.then(|| self.scrub(call))?;
        text::sentence(&reply.body, reply.media_type(), &scrub)
    }

    fn scrub(&self, call: &Call<'_>) -> Scrub {
        let authorizations = [self.authorization.as_ref(), call.authorization];
        let known = authorizations.into_iter().flatten().flat_map(|a| &a.secrets);
        Scrub::new(known.chain(call.secrets.iter().copied()))
    }

    fn headers(&self, call: &Call<'_>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(authorization) = call.authorization.or(self.authorization.as_ref()) {
            headers.insert(AUTHORIZATION, authorization.value.clone());
        }
        headers
    }

    /// The URL of a path below the base, exactly as it was put together.
    fn url(&self, path: &[&str]) -> Option<Url> {
        let mut full = self.base.path().trim_end_matches('/').to_owned();
        for segment in path {
            if !percent::is_addressable(segment) {
                return None;
            }
            full.push('/');
            full.push_str(&percent::segment(segment));
        }
        let mut url = self.base.clone();
        if !path.is_empty() {
            url.set_path(&full);
        }
        (path.is_empty() || url.path() == full).then_some(url)
    }
}

enum Broken {
    Error(reqwest::Error),
    TooLarge,
}

impl From<reqwest::Error> for Broken {
    fn from(error: reqwest::Error) -> Self {
        Self::Error(error.without_url())
    }
}

async fn exchange(call: &Call<'_>, request: reqwest::RequestBuilder) -> Result<Reply, Broken> {
    let mut response = request.send().await?;
    let mut reply = Reply::new(&response);
    if !reply.status.is_success() {
        // The status says all that matters; of the text we take what comes.
        let body = &mut reply.body;
        tokio::time::timeout(REFUSAL_TIME, beginning(&mut response, body))
            .await
            .ok();
        return Ok(reply);
    }
    let too_large = |length: u64| usize::try_from(length).map_or(true, |length| length > call.limit);
    if response.content_length().is_some_and(too_large) {
        return Err(Broken::TooLarge);
    }
    while let Some(chunk) = response.chunk().await? {
        if reply.body.len() + chunk.len() > call.limit {
            return Err(Broken::TooLarge);
        }
        reply.body.extend_from_slice(&chunk);
    }
    Ok(reply)
}

async fn beginning(response: &mut Response, body: &mut Vec<u8>) {
    while body.len() < REFUSAL
        && let Ok(Some(chunk)) = response.chunk().await
    {
        let room = REFUSAL - body.len();
        body.extend(chunk.iter().take(room));
    }
}

fn base(target: &Target<'_>) -> Result<Url, Unfit> {
    let unfit = |text: &str| Unfit::Configuration(text.to_owned());
    let mut url = Url::parse(target.url).map_err(|_| unfit("the URL cannot be read"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(unfit("the URL must begin with https:// or http:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unfit("the URL must not hold user info"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unfit("the URL must not hold a query or a fragment"));
    }
    if !target.prefix.is_empty() && !target.prefix.starts_with('/') {
        return Err(unfit("a path must begin with a slash"));
    }
    let path = url.path().to_owned();
    if !target.prefix.is_empty() {
        let full = format!("{}{}", path.trim_end_matches('/'), target.prefix);
        url.set_path(&full);
        if url.path() != full || url.query().is_some() {
            return Err(unfit(
                "the path must be segments without . and .. and special characters",
            ));
        }
    }
    Ok(url)
}
