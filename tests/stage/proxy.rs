//! A proxy between the operator and the API server that makes bad weather on command, and counts what passes.
//!
//! Identities pass through: the operator's token goes to the API server as it came.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use kube::config::Kubeconfig;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};

/// Closes the connection.
type Failure = io::Error;
type Body = UnsyncBoxBody<Bytes, Failure>;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// This status comes at once, with `Retry-After` in seconds where given; the API server sees nothing of it.
    Refused(u16, Option<u64>),
    /// The connection is closed; the API server sees nothing of it.
    Lost,
    /// The API server does it, and the connection is closed without an answer.
    AnswerLost,
    /// It is passed on after this time.
    Late(Duration),
}

/// Which requests a fault befalls: of a verb (`write` for all that write) and a resource (`*` for all; a
/// subresource belongs to it as in `oauthclients/status`).
#[derive(Clone, Debug)]
struct Rule {
    verb: &'static str,
    resource: &'static str,
    fault: Fault,
    /// Every so many-th request: 1 for each.
    every: u64,
    seen: u64,
    left: Option<u64>,
}

/// What has become of the watches of a resource.
#[derive(Clone, Copy, Debug, Default)]
struct Watches {
    /// Streams opened before this moment (a count of openings) are ended cleanly.
    ended: u64,
    /// … are ended with an ERROR event that says 410 Gone.
    expired: u64,
    /// … stay open and never say anything more.
    silent: u64,
    /// So many of the next events are swallowed.
    swallow: u64,
    /// Events come later by this.
    lag: Duration,
}

/// A request that has passed, or should have.
#[derive(Clone, Debug)]
pub struct Passed {
    pub at: Instant,
    /// As RBAC calls it: get, list, watch, create, update, patch, delete, deletecollection.
    pub verb: &'static str,
    /// With the subresource behind a slash.
    pub resource: String,
    pub namespace: String,
    pub name: String,
    pub dry_run: bool,
}

impl Passed {
    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        !self.dry_run && !matches!(self.verb, "get" | "list" | "watch")
    }
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    watches: BTreeMap<String, Watches>,
    opened: u64,
    passed: Vec<Passed>,
}

/// The proxy. It lives as long as the process.
#[derive(Clone)]
pub struct Proxy {
    /// Where the operator finds it.
    pub url: String,
    state: Arc<Mutex<State>>,
    news: watch::Sender<u64>,
    upstream: Arc<Upstream>,
}

struct Upstream {
    url: String,
    http: reqwest::Client,
}

impl Proxy {
    /// In front of the API server of `kubeconfig`.
    pub async fn start(kubeconfig: &Kubeconfig) -> Result<Self, String> {
        let cluster = kubeconfig
            .clusters
            .first()
            .and_then(|named| named.cluster.as_ref());
        let cluster = cluster.ok_or("the kubeconfig names no cluster")?;
        let url = cluster.server.clone().ok_or("the kubeconfig has no server")?;
        let mut http = reqwest::Client::builder().no_proxy().http1_only();
        if let Some(authority) = &cluster.certificate_authority_data {
            let pem = BASE64_STANDARD
                .decode(authority)
                .map_err(|error| error.to_string())?;
            let authority = reqwest::Certificate::from_pem(&pem).map_err(|error| error.to_string())?;
            http = http.tls_certs_only([authority]);
        }
        let http = http.build().map_err(|error| error.to_string())?;
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let proxy = Self {
            url: format!("http://{address}"),
            state: Arc::default(),
            news: watch::Sender::new(0),
            upstream: Arc::new(Upstream { url, http }),
        };
        tokio::spawn(proxy.clone().serve(listener));
        Ok(proxy)
    }

    /// From now on every such request goes wrong.
    pub fn fault(&self, verb: &'static str, resource: &'static str, fault: Fault) {
        self.rule(verb, resource, fault, 1, None);
    }

    /// The next so many such requests go wrong.
    pub fn fault_times(&self, times: u64, verb: &'static str, resource: &'static str, fault: Fault) {
        self.rule(verb, resource, fault, 1, Some(times));
    }

    /// Of such requests every so many-th goes wrong.
    pub fn fault_every(&self, every: u64, verb: &'static str, resource: &'static str, fault: Fault) {
        self.rule(verb, resource, fault, every, None);
    }

    fn rule(&self, verb: &'static str, resource: &'static str, fault: Fault, every: u64, left: Option<u64>) {
        self.state.lock().unwrap().rules.push(Rule {
            verb,
            resource,
            fault,
            every,
            seen: 0,
            left,
        });
    }

    /// Fair weather again, but for streams that are spoilt already.
    pub fn clear(&self) {
        let mut state = self.state.lock().unwrap();
        state.rules.clear();
        for watches in state.watches.values_mut() {
            watches.swallow = 0;
            watches.lag = Duration::ZERO;
        }
    }

    /// Ends the watches of a resource that are open, in good order.
    pub fn end_watches(&self, resource: &str) {
        self.change(resource, |watches, opened| watches.ended = opened);
    }

    /// Ends the watches of a resource that are open: what they ask for is no longer kept.
    pub fn expire_watches(&self, resource: &str) {
        self.change(resource, |watches, opened| watches.expired = opened);
    }

    /// The watches of a resource that are open say nothing more, and stay open.
    pub fn silence_watches(&self, resource: &str) {
        self.change(resource, |watches, opened| watches.silent = opened);
    }

    /// The next so many events about a resource never come.
    pub fn swallow_events(&self, resource: &str, events: u64) {
        self.change(resource, |watches, _| watches.swallow = events);
    }

    /// Events about a resource come later.
    pub fn delay_events(&self, resource: &str, lag: Duration) {
        self.change(resource, |watches, _| watches.lag = lag);
    }

    fn change(&self, resource: &str, change: impl FnOnce(&mut Watches, u64)) {
        let mut state = self.state.lock().unwrap();
        let opened = state.opened;
        change(state.watches.entry(resource.to_owned()).or_default(), opened);
        drop(state);
        self.news.send_modify(|count| *count += 1);
    }

    /// What has passed since a moment.
    pub fn passed_since(&self, moment: Instant) -> Vec<Passed> {
        let state = self.state.lock().unwrap();
        state
            .passed
            .iter()
            .filter(|passed| passed.at >= moment)
            .cloned()
            .collect()
    }

    async fn serve(self, listener: TcpListener) {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.clone().connection(stream));
            }
        }
    }

    async fn connection(self, stream: TcpStream) {
        let service = service_fn(move |request| {
            let proxy = self.clone();
            async move { proxy.answer(request).await }
        });
        // It ends in an error whenever a fault closes it.
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await
            .ok();
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Failure> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let asked = asked(&parts, &body);
        let fault = self.note(&asked);
        match fault {
            Some(Fault::Refused(status, retry_after)) => return refusal(status, retry_after),
            Some(Fault::Lost) => return Err(io::Error::other("lost on its way")),
            Some(Fault::Late(by)) => tokio::time::sleep(by).await,
            Some(Fault::AnswerLost) | None => {}
        }
        let answer = self.forward(parts, body).await?;
        if matches!(fault, Some(Fault::AnswerLost)) {
            answer.bytes().await.map_err(io::Error::other)?;
            return Err(io::Error::other("its answer is lost"));
        }
        let mut response = Response::builder().status(answer.status());
        if let Some(kind) = answer.headers().get(CONTENT_TYPE) {
            response = response.header(CONTENT_TYPE, kind);
        }
        if let Some(seconds) = answer.headers().get(RETRY_AFTER) {
            response = response.header(RETRY_AFTER, seconds);
        }
        let body = if asked.verb == "watch" && answer.status().is_success() {
            self.stream(asked.resource, answer)
        } else {
            let whole = Full::new(answer.bytes().await.map_err(io::Error::other)?);
            whole.map_err(|never: Infallible| match never {}).boxed_unsync()
        };
        response.body(body).map_err(io::Error::other)
    }

    /// Takes a note of a request, and finds what goes wrong with it.
    fn note(&self, asked: &Passed) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        state.passed.push(asked.clone());
        state.rules.iter_mut().find_map(|rule| {
            let verb = rule.verb == asked.verb || rule.verb == "write" && asked.writes() || rule.verb == "*";
            let resource = rule.resource == "*" || rule.resource == asked.resource;
            if !verb || !resource || rule.left == Some(0) {
                return None;
            }
            rule.seen += 1;
            if rule.seen % rule.every != 0 {
                return None;
            }
            if let Some(left) = &mut rule.left {
                *left -= 1;
            }
            Some(rule.fault)
        })
    }

    async fn forward(&self, parts: Parts, body: Bytes) -> Result<reqwest::Response, Failure> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers;
        headers.remove(HOST);
        self.upstream
            .http
            .request(parts.method, format!("{}{path}", self.upstream.url))
            .headers(headers)
            .body(body)
            .send()
            .await
            .map_err(io::Error::other)
    }

    /// The stream of a watch, as long as nothing happens to it.
    fn stream(&self, resource: String, mut answer: reqwest::Response) -> Body {
        let opened = {
            let mut state = self.state.lock().unwrap();
            state.opened += 1;
            state.opened
        };
        let (out, events) = mpsc::channel::<Bytes>(16);
        let (state, mut news) = (Arc::clone(&self.state), self.news.subscribe());
        tokio::spawn(async move {
            let mut half = Vec::new();
            loop {
                let watches = {
                    let state = state.lock().unwrap();
                    state.watches.get(&resource).copied().unwrap_or_default()
                };
                if opened <= watches.silent {
                    // Until the other side gives up.
                    out.closed().await;
                    return;
                }
                if opened <= watches.expired {
                    out.send(expired()).await.ok();
                    return;
                }
                if opened <= watches.ended {
                    return;
                }
                let chunk = tokio::select! {
                    chunk = answer.chunk() => chunk,
                    _ = news.changed() => continue,
                    () = out.closed() => return,
                };
                let Ok(Some(chunk)) = chunk else { return };
                half.extend_from_slice(&chunk);
                while let Some(end) = half.iter().position(|byte| *byte == b'\n') {
                    let event: Vec<u8> = half.drain(..=end).collect();
                    let lag = {
                        let mut state = state.lock().unwrap();
                        let watches = state.watches.entry(resource.clone()).or_default();
                        if watches.swallow > 0 {
                            watches.swallow -= 1;
                            continue;
                        }
                        watches.lag
                    };
                    tokio::time::sleep(lag).await;
                    if out.send(event.into()).await.is_err() {
                        return;
                    }
                }
            }
        });
        let frames = futures::stream::unfold(events, |mut events| async {
            let event = events.recv().await?;
            Some((Ok::<_, Failure>(Frame::data(event)), events))
        });
        StreamBody::new(frames).boxed_unsync()
    }
}

fn refusal(status: u16, retry_after: Option<u64>) -> Result<Response<Body>, Failure> {
    let status = StatusCode::from_u16(status).map_err(io::Error::other)?;
    let reason = match status.as_u16() {
        403 => "Forbidden",
        409 => "Conflict",
        410 => "Expired",
        429 => "TooManyRequests",
        500 => "InternalError",
        _ => "ServiceUnavailable",
    };
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "made by the proxy of the tests", "reason": reason, "code": status.as_u16(),
    });
    let whole = Full::new(Bytes::from(body.to_string()));
    let body = whole.map_err(|never: Infallible| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(seconds) = retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

fn expired() -> Bytes {
    let event = json!({"type": "ERROR", "object": {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "too old resource version", "reason": "Expired", "code": 410,
    }});
    Bytes::from(format!("{event}\n"))
}

/// What is created is named in the body only. Of an Event what it is about tells more than its own name.
fn named(body: &[u8]) -> Option<String> {
    let object: Value = serde_json::from_slice(body).ok()?;
    let mut names = [&object["regarding"]["name"], &object["metadata"]["name"]].into_iter();
    names.find_map(Value::as_str).map(str::to_owned)
}

/// What a request asks for, in the words of RBAC.
fn asked(request: &Parts, body: &[u8]) -> Passed {
    let query = request.uri.query().unwrap_or_default();
    let has = |name: &str| query.split('&').any(|pair| pair.starts_with(name));
    let mut parts = request.uri.path().split('/').filter(|part| !part.is_empty());
    // /api/v1/… or /apis/GROUP/VERSION/…
    let skipped = if parts.next() == Some("apis") { 2 } else { 1 };
    let parts: Vec<&str> = parts.skip(skipped).collect();
    let (namespace, rest) = match parts.as_slice() {
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
        rest => ("", rest),
    };
    let name = rest.get(1).copied().unwrap_or_default();
    let mut resource = rest.first().copied().unwrap_or_default().to_owned();
    if let Some(subresource) = rest.get(2) {
        resource = format!("{resource}/{subresource}");
    }
    let verb = match request.method.as_str() {
        "GET" if has("watch=") => "watch",
        "GET" if name.is_empty() => "list",
        "GET" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if name.is_empty() => "deletecollection",
        "DELETE" => "delete",
        _ => "other",
    };
    let created = (verb == "create").then(|| named(body)).flatten();
    Passed {
        at: Instant::now(),
        verb,
        resource,
        namespace: namespace.to_owned(),
        name: created.unwrap_or_else(|| name.to_owned()),
        dry_run: has("dryRun="),
    }
}
