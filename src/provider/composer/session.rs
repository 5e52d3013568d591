//! Who the operator is at the management API: a user with HTTP Basic, or in a session that the user began.
//!
//! A session begins with one read of the list with HTTP Basic, whose answer sets the cookies and tells the CSRF token that
//! changes need. One call at a time begins one, and the others wait for it. A server that takes the user and begins no
//! session is called with HTTP Basic from then on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::StatusCode;
use reqwest::header::HeaderName;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::super::http::{Authorization, Call, Http, LIST, Reply};
use super::super::{in_time, time_for};
use super::CLIENTS;
use crate::model::{Confidential, Fault};

/// The header in which the token comes, and goes with changes.
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
/// Cookies in which it may come instead.
const CSRF_COOKIES: [&str; 2] = ["XSRF-TOKEN", "CSRF-TOKEN"];
/// What begins a session, as words that follow "for".
const WHAT: &str = "the session";

/// How calls are authorized.
#[derive(Debug)]
pub struct Access {
    user: Authorization,
    /// None where each call has HTTP Basic.
    session: Option<Mutex<Option<Arc<Session>>>>,
}

#[derive(Debug)]
struct Session {
    authorization: Authorization,
    /// When the answer came that began it.
    came: Instant,
    /// It has ended, as an answer tells.
    ended: AtomicBool,
}

/// A session to call in, or what came instead of one.
enum Begun {
    Session(Arc<Session>),
    Refused(Box<Reply>),
}

impl Access {
    /// HTTP Basic with each call.
    pub fn basic(user: Authorization) -> Self {
        Self { user, session: None }
    }

    /// Sessions.
    pub fn session(user: Authorization) -> Self {
        Self {
            user,
            session: Some(Mutex::default()),
        }
    }

    /// Whether calls are sent in sessions.
    pub fn is_by_session(&self) -> bool {
        self.session.is_some()
    }

    /// Sends a call, all within its time. A status is no failure here, but for one that tells that a session has ended: then
    /// another is begun and the call is sent once more, whatever it does: who asks for a login has done nothing.
    pub async fn send(&self, api: &Http, call: &Call<'_>) -> Result<Reply, Fault> {
        let Some(current) = &self.session else {
            return api.send_as(call, Some(&self.user), call.within).await;
        };
        let began = Instant::now();
        let deadline = began + call.within;
        for _ in 0..2 {
            let session = match in_time(deadline, self.begun(current, api, deadline)).await? {
                Begun::Session(session) => session,
                Begun::Refused(reply) => return Ok(*reply),
            };
            let within = time_for(call.what, deadline)?;
            let reply = api.send_as(call, Some(&session.authorization), within).await?;
            let asks_for_login = asks_for_login(&reply);
            if asks_for_login || shows_login(&reply) {
                session.ended.store(true, Ordering::Relaxed);
            }
            // One that is younger than this call is not refused for its age: another would be no better. A page or a redirect
            // may be something else than a login, and what was sent may have been done.
            if !asks_for_login || session.came >= began {
                return Ok(reply);
            }
        }
        Err(Fault::Unavailable("its sessions end at once".to_owned()))
    }

    /// The session that there is, or another one.
    async fn begun(
        &self,
        current: &Mutex<Option<Arc<Session>>>,
        api: &Http,
        deadline: Instant,
    ) -> Result<Begun, Fault> {
        let mut current = current.lock().await;
        if let Some(session) = &*current
            && !session.ended.load(Ordering::Relaxed)
        {
            return Ok(Begun::Session(Arc::clone(session)));
        }
        *current = None;
        let call = Call {
            limit: LIST,
            ..Call::read(WHAT, &[CLIENTS], time_for(WHAT, deadline)?)
        };
        let reply = api.send_as(&call, Some(&self.user), call.within).await?;
        let is_refusal = reply.status.is_client_error() && reply.status != StatusCode::REQUEST_TIMEOUT;
        if is_refusal {
            return Ok(Begun::Refused(Box::new(reply)));
        }
        if !reply.status.is_success() {
            // It is the read that failed: of what the call would do nothing was sent.
            return Err(api.refused(&call, &reply));
        }
        if shows_login(&reply) {
            return Err(api.absurd(&call, "it is a web page, as of a login or a proxy, and not JSON"));
        }
        let session = Arc::new(Session {
            authorization: self.authorization(&reply),
            came: Instant::now(),
            ended: AtomicBool::new(false),
        });
        *current = Some(Arc::clone(&session));
        Ok(Begun::Session(session))
    }

    fn authorization(&self, reply: &Reply) -> Authorization {
        let mut cookies = reply.set_cookies();
        cookies.retain(|(_, value)| !value.expose().is_empty());
        let in_cookie = cookies
            .iter()
            .find(|(name, _)| CSRF_COOKIES.contains(&name.as_str()));
        let token = match (reply.header(CSRF), in_cookie) {
            (Some(token), _) => Some(Confidential::new(token)),
            (None, Some((_, token))) => Some(token.clone()),
            (None, None) => None,
        };
        let authorization = Authorization::cookies(&cookies).unwrap_or_else(|| self.user.clone());
        let with_token = token.and_then(|token| authorization.clone().beside(CSRF, token));
        with_token.unwrap_or(authorization)
    }
}

/// Whether an answer says that there is no session any more, or no token of it: 401, or the 403 that talks about it.
fn asks_for_login(reply: &Reply) -> bool {
    reply.status == StatusCode::UNAUTHORIZED || lacks_token(reply)
}

/// A 403 that speaks of an expired session, or of CSRF: a change without a token.
pub fn lacks_token(reply: &Reply) -> bool {
    let text = String::from_utf8_lossy(&reply.body).to_ascii_lowercase();
    let speaks = (text.contains("session") && text.contains("expired")) || text.contains("csrf");
    reply.status == StatusCode::FORBIDDEN && speaks
}

/// A redirect, or a page where JSON was asked for.
fn shows_login(reply: &Reply) -> bool {
    let page = reply.status.is_success() && reply.media_type().eq_ignore_ascii_case("text/html");
    page || reply.status.is_redirection()
}
