//! Who may manage clients: Basic or a session, the CSRF token of changes, and the caller's rights.

use hyper::Method;
use hyper::header::{COOKIE, HeaderName, HeaderValue, SET_COOKIE};

use super::choices::{Caller, Csrf, Login};
use super::operations;
use super::state::{Session, Store};
use super::voice::Voice;
use crate::Operation;
use crate::http::{Answer, Request};
use crate::speech::unauthorized;

/// The header that a change needs in a session.
const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const CHALLENGE: &str = "Basic realm=\"api\"";
const SESSION_ENDED: &str = "Your session has expired. Please log in again.";

/// The user of the management API.
#[derive(Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The name.
    pub username: String,
    /// The password.
    pub password: String,
}

impl Administrator {
    fn is(&self, (username, password): &(String, String)) -> bool {
        self.username == *username && self.password == *password
    }
}

/// Refuses a call that the caller may not make.
pub fn check(
    administrator: &Administrator,
    store: &Store,
    voice: Voice<'_>,
    operation: Operation,
) -> Result<(), Answer> {
    let switches = voice.switches;
    let refuse = |status| voice.refuse(status, "Full authentication is required to access this resource");
    let with_basic = voice.request.basic().filter(|_| switches.login != Login::Session);
    let with_cookie = cookie(voice.request).filter(|_| switches.login != Login::Basic);
    let in_session = match (&with_basic, with_cookie) {
        (Some(pair), _) if administrator.is(pair) => None,
        (None, Some(cookie)) => {
            let session = store.session(cookie, switches.session_seconds);
            let ended = |status| voice.refuse(status, SESSION_ENDED);
            let refusal = || unauthorized(switches.session_ended, CHALLENGE, ended);
            Some(session.ok_or_else(refusal)?)
        }
        _ => return Err(unauthorized(switches.unauthorized, CHALLENGE, refuse)),
    };
    let needs_token = match switches.csrf {
        Csrf::Sessions => in_session.is_some(),
        Csrf::Always => true,
        Csrf::Off => false,
    };
    if needs_token && changes(&voice.request.method) && !has_csrf_token(store, voice, in_session) {
        return Err(voice.refuse(403, SESSION_ENDED));
    }
    let allowed = match switches.caller {
        Caller::Supervisor => true,
        Caller::TenantAdministrator => ![operations::LIST, operations::REGISTER].contains(&operation),
        Caller::User => false,
    };
    if allowed {
        Ok(())
    } else {
        Err(voice.refuse(403, "Access Denied"))
    }
}

fn changes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// With Basic the token of any session does.
fn has_csrf_token(store: &Store, voice: Voice<'_>, in_session: Option<&Session>) -> bool {
    let Some(token) = voice.request.header(&CSRF) else {
        return false;
    };
    match in_session {
        Some(session) => session.csrf_token == token,
        None => store.sessions.iter().any(|session| session.csrf_token == token),
    }
}

/// The value of the session's cookie.
fn cookie(request: &Request) -> Option<&str> {
    let cookies = request.header(&COOKIE)?;
    cookies
        .split(';')
        .find_map(|cookie| cookie.trim().strip_prefix("SESSION="))
}

/// The answer with a session that begins with it, where the switches say so.
pub fn offer_session(store: &mut Store, voice: Voice<'_>, mut answer: Answer) -> Answer {
    if !voice.switches.session_offered.0 || voice.request.basic().is_none() {
        return answer;
    }
    let session = store.begin_session();
    let cookie = format!("SESSION={}; Path=/; HttpOnly; SameSite=Lax", session.cookie);
    for (name, text) in [(SET_COOKIE, cookie), (CSRF, session.csrf_token)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            answer.headers.insert(name, value);
        }
    }
    answer
}
