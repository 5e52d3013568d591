//! Where a server's endpoints are: its metadata (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::super::http::{Call, Http, Reach, URL_MAX, short, words};
use super::super::in_time;
use super::document::Document;
use crate::model::{Endpoints, Fault};

const OPENID: &str = "/.well-known/openid-configuration";
const OAUTH: &str = "/.well-known/oauth-authorization-server";

/// What is known of a server from its metadata.
pub struct Metadata {
    /// Where clients are registered: of the configured origin.
    pub registration: Url,
    /// What is published.
    pub endpoints: Endpoints,
    /// The token endpoint, or why it cannot be asked.
    pub token: Result<Arc<Http>, String>,
}

/// The metadata of one issuer, read when it is needed and remembered from then on.
pub struct Discovery {
    http: Arc<Http>,
    issuer: String,
    reach: Reach,
    timeout: Duration,
    known: Mutex<Option<Arc<Metadata>>>,
    /// Only one looks at a time; when that ended, and what it saw.
    turn: tokio::sync::Mutex<Option<(Instant, Seen)>>,
}

/// What a look shows.
type Seen = Result<Arc<Metadata>, Fault>;

/// What one place says.
enum Place {
    /// Metadata that can be used.
    Here(Metadata),
    /// Nothing.
    Nothing(String),
    /// Something that cannot be used, and why.
    Unfit(String),
}

impl Discovery {
    /// Of this issuer, whose metadata is asked for with `http` without any credential.
    pub fn new(http: Arc<Http>, issuer: String, reach: Reach, timeout: Duration) -> Self {
        Self {
            http,
            issuer,
            reach,
            timeout,
            known: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Metadata>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known, without a look.
    pub fn known(&self) -> Option<Arc<Metadata>> {
        self.slot().clone()
    }

    /// What is known; else what a look shows.
    pub async fn get(&self) -> Seen {
        match self.known() {
            Some(known) => Ok(known),
            None => self.look().await,
        }
    }

    /// Looks at the server. What it shows is known from then on; where it shows nothing good, what was known stays so.
    /// Whoever comes while another looks waits for that.
    pub async fn look(&self) -> Seen {
        let came = Instant::now();
        let mut turn = self.turn.lock().await;
        if let Some((ended, seen)) = &*turn
            && *ended >= came
        {
            return seen.clone();
        }
        let seen = in_time(came + self.timeout, self.ask()).await;
        if let Ok(metadata) = &seen {
            *self.slot() = Some(Arc::clone(metadata));
        }
        *turn = Some((Instant::now(), seen.clone()));
        seen
    }

    async fn ask(&self) -> Seen {
        let (mut nothing, mut unfit) = (None, None);
        for place in places(self.http.base()) {
            match self.at(&place).await? {
                Place::Here(metadata) => return Ok(Arc::new(metadata)),
                Place::Nothing(text) => nothing = nothing.or(Some(text)),
                Place::Unfit(text) => unfit = unfit.or(Some(text)),
            }
        }
        let why = unfit.or(nothing).unwrap_or_default();
        Err(Fault::Unavailable(short(&why)))
    }

    async fn at(&self, place: &Url) -> Result<Place, Fault> {
        let call = Call {
            at: Some(place),
            ..Call::read("its metadata", &[], self.timeout)
        };
        let reply = self.http.send(&call).await?;
        if !reply.status.is_success() {
            let text = match self.http.refused(&call, &reply) {
                throttled @ Fault::Throttled(_) => return Err(throttled),
                fault => words(&fault),
            };
            return Ok(if reply.status.is_client_error() {
                Place::Nothing(format!(
                    "{text} (is issuer right? Platform team: a server without metadata needs registrationURI)"
                ))
            } else {
                Place::Unfit(text)
            });
        }
        Ok(match reply.object() {
            Ok(document) => match self.read(&document) {
                Ok(metadata) => Place::Here(metadata),
                Err(why) => Place::Unfit(why),
            },
            Err(why) => Place::Unfit(words(&self.http.absurd(&call, &why))),
        })
    }

    fn read(&self, document: &Document) -> Result<Metadata, String> {
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        // Both standards ask for the very same text, as tokens are compared with it.
        let issuer = text("issuer").unwrap_or_default();
        if issuer != self.issuer {
            return Err(format!(
                "its metadata is of another issuer{}. Platform team: issuer must be exactly what the metadata says",
                self.shown(issuer)
            ));
        }
        let registration = text("registration_endpoint").ok_or(
            "its metadata names no registration endpoint. Platform team: switch client registration on there, or set \
             registrationURI instead of issuer",
        )?;
        let base = self.http.base();
        let at = self.http.address(registration, base).ok_or_else(|| {
            format!(
                "its metadata names a registration endpoint of another server{}, and nothing is sent there. Platform team: \
                 if it is right, set it as registrationURI instead of issuer",
                self.shown(registration)
            )
        })?;
        let endpoints = Endpoints {
            issuer_uri: Some(issuer.to_owned()),
            token_uri: text("token_endpoint").and_then(|uri| self.published(uri)),
            authorization_uri: text("authorization_endpoint").and_then(|uri| self.published(uri)),
            jwks_uri: text("jwks_uri").and_then(|uri| self.published(uri)),
        };
        let token = match &endpoints.token_uri {
            Some(uri) => self
                .reach
                .token_endpoint(&self.http, uri)
                .map(Arc::new)
                .map_err(|unfit| format!("the token endpoint: {unfit}")),
            None => Err("its metadata names no token endpoint".to_owned()),
        };
        Ok(Metadata {
            registration: at,
            endpoints,
            token,
        })
    }

    /// An address as it is published to applications, who send credentials there: not with less security than ours.
    fn published(&self, uri: &str) -> Option<String> {
        let url = Url::parse(uri).ok()?;
        let secure =
            url.scheme() == "https" || (url.scheme() == "http" && self.http.base().scheme() == "http");
        let plain = url.username().is_empty() && url.password().is_none() && !uri.contains(char::is_control);
        (secure && plain && uri.len() <= URL_MAX).then(|| uri.to_owned())
    }

    /// A text of the server for a message, where it may be shown.
    fn shown(&self, text: &str) -> String {
        if self.http.may_show() && !text.is_empty() {
            format!(", {}", short(text))
        } else {
            String::new()
        }
    }
}

/// Where metadata can be, the most usual first: below the issuer as OpenID Connect has it, before its path as RFC 8414 has
/// it, and below it under that name, which some servers do.
fn places(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut paths = vec![format!("{path}{OPENID}"), format!("{OAUTH}{path}")];
    if !path.is_empty() {
        paths.push(format!("{path}{OAUTH}"));
    }
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    paths.into_iter().map(at).collect()
}
