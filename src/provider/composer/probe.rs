//! Whether a credential is accepted: a token is asked for and revoked at once.
//!
//! Tokens are for users, so there has to be one to ask for. Only `pull/tokens` is called, which is about a user who is
//! there; `push/tokens` would create or overwrite one, and of what came before release 7.5 that is not known.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use zeroize::Zeroizing;

use super::super::http::{Authorization, Body, Call, Http, Reply, hinted, words};
use super::super::percent;
use super::super::wire::{json, secret};
use crate::api::ComposerProbe;
use crate::model::{Confidential, Fault, TokenRequest, Verification};

const PULL: [&str; 2] = ["pull", "tokens"];
const TOKENS: &str = "tokens";
/// Which media type a token request has is not documented. What was taken once stays.
const JSON: [&str; 2] = ["application/json", "application/vnd.composer.v3+json"];
/// A client that nobody has.
const NOBODY: &str = "oauthclient.dev-nobody";
/// What the server says, with status 500, to a client that it does not know.
const STRANGER: &str = "can't get authentication";
/// Shorter texts are no token.
const TOKEN_MIN: usize = 16;

/// A user for whom tokens are asked for, and where.
#[derive(Debug)]
pub struct Probe {
    http: Http,
    user: ComposerProbe,
    timeout: Duration,
    /// The manner of a request that was accepted: one of [`JSON`], and beyond them a form.
    manner: AtomicUsize,
}

#[derive(Serialize)]
struct Pull<'a> {
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
}

/// An answer with a token, and with what the token may be called when it is revoked. None of that is documented.
#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "secret")]
    access_token: Option<Confidential>,
    #[serde(default, rename = "accessToken", deserialize_with = "secret")]
    camel_token: Option<Confidential>,
    #[serde(default, deserialize_with = "secret")]
    token: Option<Confidential>,
    #[serde(default)]
    token_id: Value,
    #[serde(default, rename = "tokenId")]
    camel_id: Value,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    jti: Value,
}

enum Asked {
    Accepted,
    Refused(String),
    Unclear(String),
}

impl Probe {
    /// Tokens for a user; `http` holds no authorization.
    pub fn new(http: Http, user: ComposerProbe, timeout: Duration) -> Self {
        Self {
            http,
            user,
            timeout,
            manner: AtomicUsize::new(0),
        }
    }

    /// Fails only with `Throttled`, which is about the server and not about the credential.
    pub async fn verify(&self, request: &TokenRequest) -> Result<Verification, Fault> {
        let id = &request.credential.client_id;
        let Some(secret) = &request.credential.client_secret else {
            return Ok(Verification::Unknown("there is no secret to ask with".to_owned()));
        };
        // As it is, and as the standard of OAuth has it: for most credentials that is the same.
        let (plain, encoded) = (
            Authorization::basic(id, secret),
            Authorization::client(id, secret),
        );
        let mut manners = vec![plain];
        if encoded.header() != manners[0].header() {
            manners.push(encoded);
        }
        let mut refused = String::new();
        for authorization in &manners {
            match self.ask(authorization).await? {
                Asked::Accepted => return Ok(Verification::TokenIssued),
                Asked::Unclear(text) => return Ok(Verification::Unknown(text)),
                Asked::Refused(text) => refused = text,
            }
        }
        // A licence that has run out is answered with 401 too, whoever asks.
        let nobody = Authorization::basic(NOBODY, &Confidential::new(NOBODY));
        let reply = self.pull(&nobody).await;
        Ok(match reply {
            Ok((_, reply)) if reply.status != StatusCode::UNAUTHORIZED => Verification::Rejected(refused),
            _ => Verification::Unknown(hinted(
                &refused,
                "so it answers to everybody: has the licence run out?",
            )),
        })
    }

    async fn ask(&self, authorization: &Authorization) -> Result<Asked, Fault> {
        let (what, reply) = match self.pull(authorization).await {
            Ok(answered) => answered,
            Err(fault) => return Ok(Asked::Unclear(words(&fault))),
        };
        let call = Call::read(what, &PULL, self.timeout);
        if reply.status.is_success() {
            return Ok(match names(&reply) {
                Ok(names) => {
                    self.revoke(authorization, &names).await;
                    Asked::Accepted
                }
                Err(why) => Asked::Unclear(words(&self.http.absurd(&call, &why))),
            });
        }
        let fault = self.http.refused(&call, &reply);
        if matches!(fault, Fault::Throttled(_)) {
            return Err(fault);
        }
        let text = words(&fault);
        let said = String::from_utf8_lossy(&reply.body).to_ascii_lowercase();
        let licence = said.contains("licen");
        let unclear = |hint: &str| Ok(Asked::Unclear(hinted(&text, hint)));
        match reply.status {
            StatusCode::UNAUTHORIZED if licence => unclear("it speaks of its licence"),
            StatusCode::UNAUTHORIZED => Ok(Asked::Refused(text)),
            StatusCode::INTERNAL_SERVER_ERROR if said.contains(STRANGER) => Ok(Asked::Refused(text)),
            StatusCode::NOT_FOUND => unclear("is Trusted Access switched on, and the release 7.5 or newer?"),
            StatusCode::BAD_REQUEST => unclear("is the user of probe there, and no supervisor?"),
            StatusCode::FORBIDDEN => unclear("is the client scoped to the account of the user of probe?"),
            _ => Ok(Asked::Unclear(text)),
        }
    }

    /// Asks for a token. Each media type is tried until one is taken.
    async fn pull(&self, authorization: &Authorization) -> Result<(&'static str, Reply), Fault> {
        let what = "the token request";
        let fields = Pull {
            username: &self.user.username,
            account: self.user.account.as_deref(),
        };
        let mut manner = self.manner.load(Ordering::Relaxed);
        loop {
            let media = JSON
                .get(manner)
                .map(|media| (CONTENT_TYPE, HeaderValue::from_static(media)));
            let headers: Vec<(HeaderName, HeaderValue)> = media.into_iter().collect();
            let body = match JSON.get(manner) {
                Some(_) => json(&fields)?,
                None => Body::Form(form(&fields)),
            };
            let call = Call {
                method: Method::POST,
                headers: &headers,
                body,
                authorization: Some(authorization),
                ..Call::read(what, &PULL, self.timeout)
            };
            let reply = self.http.send(&call).await?;
            if reply.status != StatusCode::UNSUPPORTED_MEDIA_TYPE || manner >= JSON.len() {
                if reply.status.is_success() {
                    self.manner.store(manner, Ordering::Relaxed);
                }
                return Ok((what, reply));
            }
            manner += 1;
        }
    }

    /// Ends a token as the client that got it. Before release 25 there may be no such call; then it ends by itself, within the
    /// validity of the client.
    async fn revoke(&self, authorization: &Authorization, names: &[Confidential]) {
        for name in names {
            let path = [TOKENS, name.expose()];
            let secrets = [name];
            let call = Call {
                method: Method::DELETE,
                authorization: Some(authorization),
                secrets: &secrets,
                ..Call::read("the end of the token", &path, self.timeout)
            };
            if self
                .http
                .send(&call)
                .await
                .is_ok_and(|reply| reply.status.is_success())
            {
                return;
            }
        }
    }
}

/// What the token in an answer may be called, by itself at the end. It is in a field of an object, or all there is.
fn names(reply: &Reply) -> Result<Vec<Confidential>, String> {
    let why = match reply.object::<Answer>() {
        Ok(answer) => {
            let tokens = [answer.access_token, answer.camel_token, answer.token];
            let token = tokens.into_iter().flatten().next().unwrap_or_default();
            if token.expose().is_empty() {
                return Err("the token is empty".to_owned());
            }
            let ids = [answer.token_id, answer.camel_id, answer.id, answer.jti];
            let ids = ids.into_iter().filter_map(|id| match id {
                Value::String(id) => Some(Confidential::new(id)),
                Value::Number(id) => Some(Confidential::new(id.to_string())),
                _ => None,
            });
            return Ok(ids.chain([token]).collect());
        }
        Err(why) => why,
    };
    let text = Zeroizing::new(String::from_utf8_lossy(&reply.body).into_owned());
    let text = text.trim();
    let is_token = text.len() >= TOKEN_MIN && text.bytes().all(|byte| byte.is_ascii_graphic());
    // What looks like JSON is none that was understood.
    if reply.media_type() == "text/plain" && is_token && !text.starts_with(['{', '[', '"', '<']) {
        return Ok(vec![Confidential::new(text)]);
    }
    Err(why)
}

fn form(fields: &Pull<'_>) -> Zeroizing<String> {
    let mut form = format!("username={}", percent::form(fields.username));
    if let Some(account) = fields.account {
        form.push_str(&format!("&account={}", percent::form(account)));
    }
    Zeroizing::new(form)
}
