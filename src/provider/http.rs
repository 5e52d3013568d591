//! The one HTTP client of all adapters.
//!
//! It speaks to one origin, to paths below one base and to addresses that the server itself gave, so a credential cannot go
//! elsewhere. A call ends within its
//! time whatever the server does, nothing is sent twice, and nothing is unpacked or followed. Each failure says what
//! it means: see [`Effect`].

mod call;
mod connection;
mod fault;
mod link;
mod reply;
mod retry_after;
mod target;
mod text;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response};
use url::Url;

pub use call::{Authorization, Body, Call, Effect};
pub use connection::{Trust, Unfit};
pub use fault::{not_a_conflict, words};
pub use reply::{Object, Reply};
pub use target::{Reach, Target};
pub use text::{Scrub, TEXT_MAX, hinted, short};

use super::percent;
use crate::model::Fault;
use connection::Pooling;
use fault::Sent;

/// The largest body of an answer about one thing. A client with thousands of scopes fits; nothing larger is meant.
pub const ONE: usize = 1024 * 1024;
/// The largest body of a list: some hundred thousand clients at a few hundred bytes each. It is held in memory once
/// per server at a time, and a pod must live through it.
pub const LIST: usize = 64 * 1024 * 1024;
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// Of a refusal only the beginning is read: a sentence is looked for.
const REFUSAL: usize = 64 * 1024;
const REFUSAL_TIME: Duration = Duration::from_secs(2);
/// The longest address that a server may give.
pub const URL_MAX: usize = 2048;

/// The client.
pub struct Http {
    base: Url,
    reads: Client,
    changes: Client,
    authorization: Option<Authorization>,
    media: HeaderValue,
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
        let base = target::base(target.url, target.prefix)?;
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
            media: HeaderValue::from_static(JSON),
            echo: !target.namespaced,
        })
    }

    /// The client with another media type than `application/json`: for JSON that it sends, and for what it accepts.
    #[must_use]
    pub fn speaking(self, media: HeaderValue) -> Self {
        Self { media, ..self }
    }

    /// The same connections for another base of the same origin, where JSON is spoken.
    pub fn beside(
        &self,
        url: &str,
        prefix: &str,
        authorization: Option<Authorization>,
    ) -> Result<Self, Unfit> {
        let base = target::base(url, prefix)?;
        if base.origin() != self.base.origin() {
            return Err(Unfit::Configuration(
                "the URL is that of another server".to_owned(),
            ));
        }
        Ok(Self {
            base,
            reads: self.reads.clone(),
            changes: self.changes.clone(),
            authorization,
            media: HeaderValue::from_static(JSON),
            echo: self.echo,
        })
    }

    /// What the paths of calls are below.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// Whether an address is of the origin that this client speaks to.
    pub fn is_origin_of(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| self.is_own(&url))
    }

    /// An address that the server gave, seen from `from` if it is relative. None where it makes no sense or is not of the
    /// origin that this client speaks to.
    pub fn address(&self, given: &str, from: &Url) -> Option<Url> {
        let mut url = from.join(given).ok().filter(|url| self.is_own(url))?;
        url.set_fragment(None);
        (url.as_str().len() <= URL_MAX).then_some(url)
    }

    /// Path and query of an address, at the origin that this client speaks to: the server may have moved since it gave it.
    pub fn at_home(&self, given: &str) -> Option<Url> {
        let given = Url::parse(given).ok().filter(Url::has_host)?;
        let mut url = self.base.clone();
        url.set_path(given.path());
        url.set_query(given.query());
        Some(url)
    }

    /// Whether texts of the server may be shown.
    pub fn may_show(&self) -> bool {
        self.echo
    }

    fn is_own(&self, url: &Url) -> bool {
        url.origin() == self.base.origin() && url.username().is_empty() && url.password().is_none()
    }

    /// Sends one request and reads its answer. A status is no failure here: see [`Http::refused`].
    pub async fn send(&self, call: &Call<'_>) -> Result<Reply, Fault> {
        self.send_as(call, call.authorization, call.within).await
    }

    /// The same with an authorization and a time that are known only now.
    pub async fn send_as(
        &self,
        call: &Call<'_>,
        authorization: Option<&Authorization>,
        within: Duration,
    ) -> Result<Reply, Fault> {
        let authorization = authorization.or(self.authorization.as_ref());
        let url = self.url(call)?;
        let client = match call.effect {
            Effect::Read => &self.reads,
            Effect::Mutation => &self.changes,
        };
        let request = client
            .request(call.method.clone(), url)
            .headers(self.headers(call, authorization));
        let request = match &call.body {
            Body::Empty => request,
            Body::Json(json) => request.body(json.to_vec()),
            Body::Form(form) => request.body(form.to_string()),
        };
        let connected = Arc::new(AtomicBool::new(false));
        // On the heap: it is large, and part of whatever a caller does around it.
        let exchange = Box::pin(exchange(call, request, authorization));
        let exchange = connection::watched(Arc::clone(&connected), exchange);
        let sent = || {
            if connected.load(Ordering::SeqCst) {
                Sent::Perhaps
            } else {
                Sent::Nothing
            }
        };
        match tokio::time::timeout(within, exchange).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(Broken::Error(error))) => Err(fault::on_the_way(call.effect, sent(), call.what, &error)),
            Ok(Err(Broken::TooLarge)) => {
                let text = format!("the answer for {} is larger than {} bytes", call.what, call.limit);
                Err(fault::nothing_good(call.effect, Sent::Perhaps, &text))
            }
            Err(_) => {
                let seconds = within.as_secs_f32();
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
        let scrub = self.echo.then(|| scrub(call, reply));
        fault::refused(call.effect, call.what, reply, scrub.as_ref())
    }

    /// What an answer means that says it is a success and cannot be believed.
    pub fn absurd(&self, call: &Call<'_>, why: &str) -> Fault {
        let text = format!("the answer for {} makes no sense: {why}", call.what);
        fault::nothing_good(call.effect, Sent::Perhaps, &text)
    }

    /// The sentence that an answer holds, where it may be shown.
    pub fn sentence(&self, call: &Call<'_>, reply: &Reply) -> Option<String> {
        let scrub = self.echo.then(|| scrub(call, reply))?;
        text::sentence(&reply.body, reply.media_type(), &scrub)
    }

    fn headers(&self, call: &Call<'_>, authorization: Option<&Authorization>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, self.media.clone());
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let content = match &call.body {
            Body::Empty => None,
            Body::Json(_) => Some(self.media.clone()),
            Body::Form(_) => Some(HeaderValue::from_static(FORM)),
        };
        headers.extend(content.map(|content| (CONTENT_TYPE, content)));
        for (name, value) in call.headers {
            headers.insert(name, value.clone());
        }
        for (name, value) in authorization.into_iter().flat_map(Authorization::headers) {
            headers.insert(name, value);
        }
        headers
    }

    /// Where a call goes.
    fn url(&self, call: &Call<'_>) -> Result<Url, Fault> {
        let what = call.what;
        match call.at {
            Some(_) if !call.query.is_empty() => Err(Fault::Invalid(format!(
                "nothing is sent for {what}: its address has a query of its own"
            ))),
            Some(at) if self.is_own(at) => Ok(at.clone()),
            Some(_) => Err(Fault::Invalid(format!(
                "nothing is sent for {what}: its address is not of the configured server"
            ))),
            None => {
                let mut url = self.below(call.path).ok_or_else(|| {
                    Fault::Invalid(format!(
                        "{what} cannot be addressed: a name must not be empty, . or .."
                    ))
                })?;
                url.set_query(query(call.query).as_deref());
                Ok(url)
            }
        }
    }

    /// The URL of a path below the base, exactly as it was put together.
    fn below(&self, path: &[&str]) -> Option<Url> {
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

/// A query, encoded so that each reader of queries reads the same.
fn query(pairs: &[(&str, &str)]) -> Option<String> {
    let encoded = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", percent::segment(name), percent::segment(value)));
    (!pairs.is_empty()).then(|| encoded.collect::<Vec<_>>().join("&"))
}

/// All that a text of the server must not show again.
fn scrub(call: &Call<'_>, reply: &Reply) -> Scrub {
    let authorization = reply.authorization.iter().flat_map(Authorization::secrets);
    let mut scrub = Scrub::new(authorization.chain(call.secrets.iter().copied()));
    for (_, value) in call.headers.iter().filter(|(_, value)| value.is_sensitive()) {
        scrub.add(&String::from_utf8_lossy(value.as_bytes()));
    }
    scrub
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

async fn exchange(
    call: &Call<'_>,
    request: reqwest::RequestBuilder,
    authorization: Option<&Authorization>,
) -> Result<Reply, Broken> {
    let mut response = request.send().await?;
    let mut reply = Reply::new(&response, authorization.cloned());
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
