//! Tokens for management APIs: the operator logs in at a token endpoint (RFC 6749) and calls the API with what it gets.
//!
//! A token is kept until shortly before it expires. One call at a time logs in, and the others wait for it. A login is
//! asked for within the time of the call that needs it. As nothing is sent before it has succeeded, a login that fails
//! means the same to a read and to a change, that nothing was done: it is never `OutcomeUnknown`.
//!
//! A refused login is `Denied`, which closes the gate before the server for a growing pause, so that no account is locked
//! for being tried too often: see [`super::gate`]. Here it is only remembered for those who passed the gate before.

mod answer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::connect::Account;
use super::http::{Authorization, Body, Call, Http, Reply, words};
use super::{in_time, percent, time_for};
use crate::model::{Confidential, Denial, Fault};
use answer::Granted;

/// How long before its end a token is used no more, at most; of a short life a quarter is enough.
const MARGIN: Duration = Duration::from_secs(30);
/// A refusal is remembered for the calls that were under way. Shorter than the first pause of the gate, which decides
/// when the next try is.
const REMEMBERED: Duration = Duration::from_secs(3);
/// Words of a 400 (RFC 6749 section 5.2) that speak of the request and not of the account. Whatever else is said with
/// that status may count as a failed try.
const NOT_THE_ACCOUNT: [&str; 4] = [
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "unsupported_grant_type",
];
const WHAT: &str = "the operator's login";
/// The largest answer: it holds a few tokens, and one must fit into a header.
const ANSWER_MAX: usize = 256 * 1024;

/// How the operator's client shows that it is itself.
#[derive(Debug, Clone)]
pub enum ClientAuth {
    /// Id and secret in the header (RFC 6749 section 2.3.1).
    Basic(Account),
    /// Id and secret in the body.
    Post(Account),
}

/// What it asks a token for.
#[derive(Debug, Clone)]
pub enum Grant {
    /// Itself (RFC 6749 section 4.4).
    ClientCredentials {
        /// The API that the token is for, where the server wants to know it.
        audience: Option<String>,
    },
    /// A user (RFC 6749 section 4.3). A refresh token that comes with it is used for as long as the server takes it, so
    /// that the password is sent seldom.
    Password(Account),
}

/// The operator's login at one server.
pub struct Login {
    /// The token endpoint. It holds no authorization.
    endpoint: Http,
    client: ClientAuth,
    grant: Grant,
    /// Where the header of the client stands once more.
    also_in: Option<HeaderName>,
    /// Why what an answer grants is of no use, if it is not.
    unfit: fn(&Reply) -> Option<&'static str>,
    /// Whoever holds it may log in.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    session: Option<Session>,
    refused: Option<(Instant, Fault)>,
}

struct Session {
    token: Arc<Token>,
    refresh: Option<Confidential>,
}

/// An access token.
struct Token {
    authorization: Authorization,
    /// When the answer with it came.
    came: Instant,
    /// When it is used no more.
    stale: Instant,
    /// The API has answered 401 to it.
    refused: AtomicBool,
}

impl Login {
    /// A login at a token endpoint, which `endpoint` speaks to without any credential. Nothing is sent.
    pub fn new(endpoint: Http, client: ClientAuth, grant: Grant) -> Self {
        Self {
            endpoint,
            client,
            grant,
            also_in: None,
            unfit: |_| None,
            state: Mutex::default(),
        }
    }

    /// The same where what a client sends with HTTP Basic may have to stand in another header than the standard's: it
    /// stands in both.
    #[must_use]
    pub fn also_in(self, header: HeaderName) -> Self {
        Self {
            also_in: Some(header),
            ..self
        }
    }

    /// The same where a login can succeed and bring a token that is of no use: `unfit` says why, in a sentence that tells
    /// whose move it is. Such a token is not kept, and the login counts as refused.
    #[must_use]
    pub fn unless(self, unfit: fn(&Reply) -> Option<&'static str>) -> Self {
        Self { unfit, ..self }
    }

    /// Sends a call to the API with a token, all within the time of the call. A status is no failure here, as in
    /// [`Http::send`], but for a 401 to a token that was there before: it may have been withdrawn, or have ended early.
    /// Then a new one is asked for and the call is sent once more, whatever it does: who answers 401 has refused the
    /// request and done nothing of it.
    pub async fn send(&self, api: &Http, call: &Call<'_>) -> Result<Reply, Fault> {
        let began = Instant::now();
        let deadline = began + call.within;
        let (token, reply) = self.send_once(api, call, deadline).await?;
        // A token that came after this call began is not refused for its age: another would be no better.
        if reply.status != StatusCode::UNAUTHORIZED || token.came >= began {
            return Ok(reply);
        }
        let (_, reply) = self.send_once(api, call, deadline).await?;
        Ok(reply)
    }

    async fn send_once(
        &self,
        api: &Http,
        call: &Call<'_>,
        deadline: Instant,
    ) -> Result<(Arc<Token>, Reply), Fault> {
        let token = in_time(deadline, self.token(deadline)).await?;
        let within = time_for(call.what, deadline)?;
        let reply = api.send_as(call, Some(&token.authorization), within).await?;
        if reply.status == StatusCode::UNAUTHORIZED {
            token.refused.store(true, Ordering::Relaxed);
        }
        Ok((token, reply))
    }

    /// A token that can be used.
    async fn token(&self, deadline: Instant) -> Result<Arc<Token>, Fault> {
        let mut state = self.state.lock().await;
        if let Some(Session { token, .. }) = &state.session
            && !token.is_refused()
            && Instant::now() < token.stale
        {
            return Ok(Arc::clone(token));
        }
        if let Some((at, fault)) = &state.refused
            && at.elapsed() < REMEMBERED
        {
            return Err(fault.clone());
        }
        // What could renew a session whose token was refused may be refused likewise, or bring another such token.
        let last = state.session.take().filter(|last| !last.token.is_refused());
        match self.log_in(last, deadline).await {
            Ok(session) => {
                let token = Arc::clone(&session.token);
                *state = State {
                    session: Some(session),
                    refused: None,
                };
                Ok(token)
            }
            Err(fault) => {
                // Whatever else went wrong may be due to the time that this very call had left.
                if matches!(fault, Fault::Denied(..) | Fault::Throttled(_)) {
                    state.refused = Some((Instant::now(), fault.clone()));
                }
                Err(fault)
            }
        }
    }

    /// Asks for a token: with the refresh token of the last session where there is one.
    async fn log_in(&self, last: Option<Session>, deadline: Instant) -> Result<Session, Fault> {
        if let Some(refresh) = last.and_then(|session| session.refresh) {
            let form = self.form(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh.expose()),
            ]);
            match self.ask(form, Some(&refresh), deadline).await {
                // Servers rotate it, or let it live on.
                Ok(session) => {
                    return Ok(Session {
                        refresh: session.refresh.or(Some(refresh)),
                        ..session
                    });
                }
                // The session has ended. The account itself was not tried.
                Err(Fault::Denied(..)) => {}
                Err(fault) => return Err(fault),
            }
        }
        let form = match &self.grant {
            Grant::ClientCredentials { audience } => {
                let audience = audience.as_deref().map(|audience| ("audience", audience));
                let pairs = [("grant_type", "client_credentials")].into_iter().chain(audience);
                self.form(&pairs.collect::<Vec<_>>())
            }
            Grant::Password(user) => self.form(&[
                ("grant_type", "password"),
                ("username", user.name.expose()),
                ("password", user.secret.expose()),
            ]),
        };
        let session = self.ask(form, None, deadline).await?;
        Ok(match self.grant {
            Grant::Password(_) => session,
            // A client needs none to ask again (RFC 6749 section 4.4.3).
            Grant::ClientCredentials { .. } => Session {
                refresh: None,
                ..session
            },
        })
    }

    fn form(&self, pairs: &[(&str, &str)]) -> Zeroizing<String> {
        let own = match &self.client {
            ClientAuth::Basic(_) => None,
            ClientAuth::Post(client) => Some([
                ("client_id", client.name.expose()),
                ("client_secret", client.secret.expose()),
            ]),
        };
        let mut form = Zeroizing::new(String::new());
        for (name, value) in pairs.iter().copied().chain(own.into_iter().flatten()) {
            if !form.is_empty() {
                form.push('&');
            }
            form.push_str(name);
            form.push('=');
            form.push_str(&Zeroizing::new(percent::form(value)));
        }
        form
    }

    async fn ask(
        &self,
        form: Zeroizing<String>,
        refresh: Option<&Confidential>,
        deadline: Instant,
    ) -> Result<Session, Fault> {
        let (ClientAuth::Basic(client) | ClientAuth::Post(client)) = &self.client;
        let basic = match &self.client {
            ClientAuth::Basic(client) => Some(Authorization::client(client.name.expose(), &client.secret)),
            ClientAuth::Post(_) => None,
        };
        let password = match &self.grant {
            Grant::Password(user) => Some(&user.secret),
            Grant::ClientCredentials { .. } => None,
        };
        let secrets: Vec<&Confidential> = [Some(&client.secret), password, refresh]
            .into_iter()
            .flatten()
            .collect();
        let headers: Vec<(HeaderName, HeaderValue)> = (self.also_in.iter().zip(&basic))
            .map(|(name, basic)| (name.clone(), basic.header()))
            .collect();
        let asked = Instant::now();
        // A read: a login that came to nothing has done nothing.
        let call = Call {
            method: Method::POST,
            body: Body::Form(form),
            authorization: basic.as_ref(),
            headers: &headers,
            secrets: &secrets,
            limit: ANSWER_MAX,
            ..Call::read(WHAT, &[], time_for(WHAT, deadline)?)
        };
        let reply = self.endpoint.send(&call).await?;
        if !reply.status.is_success() {
            return Err(self.refused(&call, &reply));
        }
        let absurd = |why: String| self.endpoint.absurd(&call, &why);
        let granted = Granted::read(&reply).map_err(absurd)?;
        if let Some(why) = (self.unfit)(&reply) {
            return Err(Fault::Denied(Denial::Credential, why.to_owned()));
        }
        let margin = MARGIN.min(granted.life / 4);
        Ok(Session {
            token: Arc::new(Token {
                authorization: granted.authorization,
                came: Instant::now(),
                stale: asked + granted.life.saturating_sub(margin),
                refused: AtomicBool::new(false),
            }),
            refresh: granted.refresh,
        })
    }

    fn refused(&self, call: &Call<'_>, reply: &Reply) -> Fault {
        let fault = self.endpoint.refused(call, reply);
        if matches!(fault, Fault::Throttled(_)) {
            return fault;
        }
        let text = words(&fault);
        let word = reply.error_word();
        let of_the_account = match reply.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => true,
            StatusCode::BAD_REQUEST => !word.is_some_and(|word| NOT_THE_ACCOUNT.contains(&word.as_str())),
            _ => false,
        };
        if of_the_account {
            Fault::Denied(Denial::Credential, text)
        } else {
            Fault::Unavailable(text)
        }
    }
}

impl Token {
    fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
