//! Calls to the API server: a deadline for each, and what a failure says about its effect.

use std::error::Error as _;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use kube::core::response::{Status, StatusCause};
use kube::{Client, Config};
use tokio::time::Instant;

use super::Unread;
use crate::model::{Refusal, Scrub};

/// No answer is waited for longer than this.
const LIMIT: Duration = Duration::from_secs(20);
/// A watch asks to be ended after so many seconds, and goes on where it was: silence for longer is a dead peer.
pub const WATCH_SECONDS: u32 = 40;
/// A connection is given up when nothing was read from it for this long.
const SILENCE: Duration = Duration::from_secs(50);
/// The pauses before a request is repeated, all within the limit of one call.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1_600),
];
/// Longest text of a failure that is passed on, in characters.
const TEXT_LIMIT: usize = 1_000;

/// A client as the operator wants it. kube's own retries are off: they go on for up to hours, below what the ledger
/// knows. And no connection may be silent for ever, which is kube's default.
pub fn client(mut config: Config) -> Result<Client, kube::Error> {
    config.default_retry = false;
    config.connect_timeout = Some(LIMIT);
    config.write_timeout = Some(LIMIT);
    config.read_timeout = Some(SILENCE);
    config.reset_reader_on_write = true;
    Client::try_from(config)
}

/// The API server.
#[derive(Clone)]
pub struct ApiServer {
    client: Client,
    limit: Duration,
}

impl ApiServer {
    /// Calls with this client.
    pub fn new(client: Client) -> Self {
        Self { client, limit: LIMIT }
    }

    /// The same with another deadline.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The client.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Waits for a call, but not for ever, and asks again a few times where that may help. Every write of ours names the
    /// version that it replaces, or comes to the same when it is done twice: so one whose answer was lost may be repeated,
    /// and at worst is refused as stale.
    pub async fn call<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        let began = Instant::now();
        let tries = async {
            let mut pauses = PAUSES.iter();
            loop {
                // A process that was stopped meanwhile sends nothing that was decided long ago.
                if began.elapsed() >= self.limit {
                    return Err(Failure::Late(self.limit));
                }
                let error = match call().await {
                    Ok(answer) => return Ok(answer),
                    Err(error) => error,
                };
                let pause = pauses
                    .next()
                    .filter(|_| may_pass(&error))
                    .map(|pause| asked_for(&error).max(*pause))
                    // Else nothing would come of the wait but that the answer is forgotten for "no answer".
                    .filter(|pause| *pause < self.limit.saturating_sub(began.elapsed()));
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(Failure::Kube(error)),
                }
            }
        };
        match tokio::time::timeout(self.limit, tries).await {
            Ok(ended) => ended,
            Err(_) => Err(Failure::Late(self.limit)),
        }
    }

    /// Reads one object; `None` only where the API server says that exactly this one is not there.
    pub async fn read<T, F>(&self, object: Named<'_>, call: impl FnMut() -> F) -> Result<Option<T>, Unread>
    where
        F: Future<Output = Result<T, kube::Error>>,
    {
        match self.call(call).await {
            Ok(found) => Ok(Some(found)),
            Err(failure) if failure.says_absent(object) => Ok(None),
            Err(failure) => Err(failure.unread(object)),
        }
    }
}

/// Whether the same request may succeed a moment later.
fn may_pass(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 429 || status.code >= 500,
        kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => true,
        _ => false,
    }
}

/// The pause that the API server asks for, which is none if it does not say.
fn asked_for(error: &kube::Error) -> Duration {
    let kube::Error::Api(status) = error else {
        return Duration::ZERO;
    };
    let seconds = status
        .details
        .as_ref()
        .map_or(0, |details| details.retry_after_seconds);
    Duration::from_secs(seconds.into())
}

/// One object, as the details of a Status name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Named<'a> {
    /// Its API group; empty for the core group.
    pub group: &'a str,
    /// Its resource, in the plural.
    pub resource: &'a str,
    /// Its name.
    pub name: &'a str,
}

impl<'a> Named<'a> {
    /// An object of the core group.
    pub fn core(resource: &'a str, name: &'a str) -> Self {
        Self {
            group: "",
            resource,
            name,
        }
    }
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.resource, self.name)
    }
}

/// Why a call failed.
#[derive(Debug)]
pub enum Failure {
    /// No answer in time.
    Late(Duration),
    /// An answer that says no, or none.
    Kube(kube::Error),
}

impl Failure {
    fn status(&self) -> Option<&Status> {
        match self {
            Self::Kube(kube::Error::Api(status)) => Some(status),
            Self::Kube(_) | Self::Late(_) => None,
        }
    }

    /// Whether the API server says that exactly this object is not there. A proxy's 404, and that of a resource which
    /// is not served, name no object.
    pub(super) fn says_absent(&self, object: Named<'_>) -> bool {
        self.status().is_some_and(|status| {
            status.code == 404
                && status.reason == "NotFound"
                && status.details.as_ref().is_some_and(|details| {
                    details.name == object.name
                        && details.kind == object.resource
                        && details.group == object.group
                })
        })
    }

    /// Whether the API server says that exactly this object is there already.
    pub(super) fn says_there(&self, object: Named<'_>) -> bool {
        self.status().is_some_and(|status| {
            status.code == 409
                && status.reason == "AlreadyExists"
                && status
                    .details
                    .as_ref()
                    .is_some_and(|details| details.name == object.name && details.kind == object.resource)
        })
    }

    /// Whether a test in a JSON patch failed. The API server says so in no other way than by naming no field, which it
    /// does for all that it finds invalid.
    pub(super) fn says_test_failed(&self) -> bool {
        self.status().is_some_and(|status| {
            status.code == 422
                && status
                    .details
                    .as_ref()
                    .is_none_or(|details| details.causes.is_empty())
        })
    }

    /// A read that did not succeed.
    pub(super) fn unread(&self, object: Named<'_>) -> Unread {
        Unread {
            why: format!("{object} cannot be read: {self}"),
            denied: self.status().is_some_and(|status| status.code == 403),
        }
    }

    /// What a refused write says about its effect. The text is free of what `scrub` knows.
    pub(super) fn refusal(&self, object: Named<'_>, scrub: &Scrub) -> Refusal {
        let told = || scrub.clean(&self.to_string());
        let Some(status) = self.status() else {
            return Refusal::Unavailable(told());
        };
        match status.code {
            // Two writers of the quota's own count met.
            409 if about(status, "resourcequotas") => Refusal::Unavailable(told()),
            409 | 412 => Refusal::Stale,
            404 if about(status, "namespaces") => Refusal::NamespaceTerminating,
            404 if self.says_absent(object) => Refusal::Stale,
            403 if caused(status, |cause| cause.reason == "NamespaceTerminating") => {
                Refusal::NamespaceTerminating
            }
            // Of an update whose UID is not that of the object.
            422 if caused(status, |cause| cause.field == "metadata.uid") => Refusal::Stale,
            404 | 401 | 408 | 429 => Refusal::Unavailable(told()),
            400..=499 => Refusal::Denied(told()),
            _ => Refusal::Unavailable(told()),
        }
    }
}

fn about(status: &Status, resource: &str) -> bool {
    status
        .details
        .as_ref()
        .is_some_and(|details| details.kind == resource)
}

fn caused(status: &Status, by: impl Fn(&StatusCause) -> bool) -> bool {
    status
        .details
        .as_ref()
        .is_some_and(|details| details.causes.iter().any(by))
}

/// For people, on one line and of bounded length.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Late(limit) => format!("no answer within {} s", limit.as_secs()),
            Self::Kube(kube::Error::Api(status)) => format!("{} ({})", status.message, status.code),
            // What a credential plugin printed may hold a token.
            Self::Kube(kube::Error::Auth(_)) => "cannot authenticate to the API server".to_owned(),
            // serde quotes what it does not understand, and that may be a value of a Secret.
            Self::Kube(kube::Error::SerdeError(error)) => format!(
                "the answer makes no sense at line {} column {}",
                error.line(),
                error.column()
            ),
            Self::Kube(error) => {
                let mut text = error.to_string();
                let mut source = error.source();
                while let Some(cause) = source {
                    let cause_text = cause.to_string();
                    if !text.contains(&cause_text) {
                        text = format!("{text}: {cause_text}");
                    }
                    source = cause.source();
                }
                text
            }
        };
        let line = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(TEXT_LIMIT);
        f.write_str(&line.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use k8s_openapi::api::core::v1::Secret;
    use kube::core::response::StatusDetails;

    use super::*;

    const SECRET: Named<'static> = Named {
        group: "",
        resource: "secrets",
        name: "billing",
    };

    fn api(code: u16, reason: &str, details: Option<StatusDetails>) -> Failure {
        let mut status = Status::failure("the message", reason).with_code(code);
        status.details = details;
        Failure::Kube(kube::Error::Api(status.boxed()))
    }

    fn details(group: &str, kind: &str, name: &str) -> StatusDetails {
        StatusDetails {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            uid: String::new(),
            causes: Vec::new(),
            retry_after_seconds: 0,
        }
    }

    #[test]
    fn only_our_object_in_the_details_says_absent() {
        let not_found = |details| api(404, "NotFound", details).says_absent(SECRET);
        assert!(not_found(Some(details("", "secrets", "billing"))));
        assert!(!not_found(Some(details("", "secrets", "other"))));
        assert!(!not_found(Some(details("", "configmaps", "billing"))));
        assert!(!not_found(Some(details("example.com", "secrets", "billing"))));
        assert!(!not_found(None), "a resource that is not served");
        let proxy = api(404, "Failed to parse error data", None);
        assert!(!proxy.says_absent(SECRET));
    }

    /// A client of an API server that answers every request with this, and how often it was asked.
    fn answering(status: u16, body: serde_json::Value) -> (ApiServer, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let count = asked.clone();
        let status = axum::http::StatusCode::from_u16(status).unwrap();
        let routes = axum::Router::new().fallback(move || async move {
            count.fetch_add(1, Ordering::SeqCst);
            (status, body.to_string())
        });
        (ApiServer::new(Client::new(routes, "default")), asked)
    }

    async fn read_billing(api: &ApiServer) -> Result<Secret, Failure> {
        let secrets: kube::Api<Secret> = kube::Api::namespaced(api.client(), "payments");
        api.call(|| secrets.get("billing")).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_is_too_long_to_wait_for_is_told_at_once() {
        let throttled = |seconds: u32| {
            serde_json::json!({
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "slow down",
                "reason": "TooManyRequests", "code": 429, "details": {"retryAfterSeconds": seconds},
            })
        };
        for (seconds, takes, asks) in [(1, 1 + 1 + 1, 4), (15, 15, 2), (60, 0, 1)] {
            let (api, asked) = answering(429, throttled(seconds));
            let began = Instant::now();
            let failure = read_billing(&api).await.unwrap_err();
            assert_eq!(failure.to_string(), "slow down (429)");
            let waited = began.elapsed().as_secs();
            assert!((takes..takes + 2).contains(&waited), "{waited} s after {seconds}");
            assert_eq!(asked.load(Ordering::SeqCst), asks);
        }
    }

    #[test]
    fn only_our_object_in_the_details_says_there() {
        let there = |reason, details| api(409, reason, details).says_there(SECRET);
        assert!(there("AlreadyExists", Some(details("", "secrets", "billing"))));
        assert!(!there("AlreadyExists", Some(details("", "secrets", "other"))));
        assert!(!there("Conflict", Some(details("", "secrets", "billing"))));
        assert!(!there("AlreadyExists", None));
    }

    #[test]
    fn a_refusal_says_what_was_done() {
        let refused = |failure: Failure| failure.refusal(SECRET, &Scrub::default());
        let denied = Refusal::Denied("the message".to_owned());
        let mut going = details("", "secrets", "billing");
        going.causes.push(StatusCause {
            reason: "NamespaceTerminating".to_owned(),
            message: String::new(),
            field: String::new(),
        });
        let mut other_uid = details("", "Secret", "billing");
        other_uid.causes.push(StatusCause {
            reason: "FieldValueInvalid".to_owned(),
            message: String::new(),
            field: "metadata.uid".to_owned(),
        });
        let cases = [
            (api(409, "AlreadyExists", None), Refusal::Stale),
            (api(409, "Conflict", None), Refusal::Stale),
            (
                api(404, "NotFound", Some(details("", "secrets", "billing"))),
                Refusal::Stale,
            ),
            (
                api(404, "NotFound", Some(details("", "namespaces", "payments"))),
                Refusal::NamespaceTerminating,
            ),
            (api(403, "Forbidden", Some(going)), Refusal::NamespaceTerminating),
            (api(422, "Invalid", Some(other_uid)), Refusal::Stale),
            (api(403, "Forbidden", None), denied.clone()),
            (api(422, "Invalid", None), denied.clone()),
            (api(400, "BadRequest", None), denied.clone()),
            (api(413, "RequestEntityTooLarge", None), denied.clone()),
        ];
        for (failure, expected) in cases {
            let shown = format!("{failure:?}");
            let found = refused(failure);
            assert_eq!(
                std::mem::discriminant(&found),
                std::mem::discriminant(&expected),
                "{shown} is {found:?}"
            );
        }
        let quota_busy = details("", "resourcequotas", "quota");
        for failure in [
            api(409, "Conflict", Some(quota_busy)),
            api(404, "Failed to parse error data", None),
            api(401, "Unauthorized", None),
            api(429, "TooManyRequests", None),
            api(500, "InternalError", None),
            api(503, "ServiceUnavailable", None),
            Failure::Late(LIMIT),
        ] {
            let shown = format!("{failure:?}");
            assert!(matches!(refused(failure), Refusal::Unavailable(_)), "{shown}");
        }
    }

    #[test]
    fn a_text_is_one_bounded_line() {
        let status = Status::failure(&"a\nb".repeat(5_000), "Invalid").with_code(422);
        let text = Failure::Kube(kube::Error::Api(status.boxed())).to_string();
        assert_eq!(text.chars().count(), TEXT_LIMIT);
        assert!(!text.contains('\n'));
    }
}
