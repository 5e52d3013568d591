//! The token endpoint: `client_credentials`, with each client's own way to authenticate.

use std::time::{Duration, Instant};

use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde_json::{Value, json};

use super::assertion;
use super::state::{Client, Store, Token};
use super::voice::Voice;
use crate::http::{Answer, Request};
use crate::speech::json_answer;
use crate::switch::Either::Refuse;
use crate::token::{Form, Refusal, Way, Wording, answer, decoded, jwt, narrow};

/// What an assertion says that it is.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const WRONG_METHOD: Refusal = Refusal {
    message: "the client is registered for another method of authentication",
    ..Refusal::INVALID_CLIENT
};

/// Answers a token request.
pub fn token(store: &mut Store, voice: Voice<'_>) -> Answer {
    let said = issue(store, voice);
    let (status, body) = match said {
        Ok(body) => (200, body),
        Err(refusal) => {
            let body = json!({ "error": refusal.error, "error_description": refusal.message });
            (refusal.status, body)
        }
    };
    json_answer(status, &body, Some("application/json;charset=UTF-8"))
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// The id that a request comes with, believed or not.
pub fn client_id(request: &Request) -> Option<String> {
    crate::token::client_id(request).or_else(|| {
        let form = Form::read(request).ok()?;
        assertion::subject(form.get("client_assertion")?)
    })
}

fn issue(store: &mut Store, voice: Voice<'_>) -> Result<Value, Refusal> {
    let switches = voice.switches;
    let form = Form::read(voice.request)?;
    let client = authenticate(store, voice, &form)?;
    if form.get("grant_type") != Some("client_credentials") {
        return Err(Refusal::new("invalid_request", "there is no such grant type"));
    }
    if client.auth_method() == "none" {
        let message = "the client is public and cannot use client_credentials";
        return Err(Refusal::new("invalid_grant", message));
    }
    if !client
        .texts("grant_types")
        .any(|grant| grant == "client_credentials")
    {
        let message = "the client is not registered for client_credentials";
        return Err(Refusal::new("unauthorized_client", message));
    }
    let granted = client.text("scope").unwrap_or_default();
    let excess = Refuse(400);
    let scope = narrow(granted, form.get("scope"), switches.token_scope_omitted, excess)?;
    let audience = audience(&client, &form)?;
    let seconds = client.token_seconds(switches.token_seconds);
    let text = match client.text("access_token_strategy") {
        Some("jwt") => jwt(&client.client_id, &scope, seconds),
        _ => store.new_token(),
    };
    let wording = Wording {
        // What is left of the last second does not count, and something of it has gone always.
        expiry_seconds: seconds.saturating_sub(1),
        expires_in: switches.token_expires_in,
        token_type: switches.token_type,
        scope_shown: switches.token_scope_shown,
    };
    let said = answer(&text, &scope, wording);
    store.credentials.push(text.clone());
    let token = Token {
        client_id: client.client_id,
        scope,
        audience,
        expires: Instant::now() + Duration::from_secs(seconds),
    };
    store.tokens.insert(text, token);
    Ok(said)
}

fn authenticate(store: &mut Store, voice: Voice<'_>, form: &Form) -> Result<Client, Refusal> {
    match form.get("client_assertion_type") {
        Some(ASSERTION_TYPE) => return assertion::authenticate(store, voice, form),
        Some(_) => return Err(Refusal::new("invalid_request", "unknown client_assertion_type")),
        None => {}
    }
    let in_body = |name| form.get(name).unwrap_or_default().to_owned();
    let (way, candidates) = match voice.request.basic() {
        Some((id, secret)) => (
            Way::Basic,
            decoded(voice.switches.token_basic_decoding, id, secret),
        ),
        None => (Way::Body, vec![(in_body("client_id"), in_body("client_secret"))]),
    };
    if candidates.iter().all(|(id, _)| id.is_empty()) {
        let message = "the credentials of the client are missing";
        return Err(Refusal::new("invalid_request", message));
    }
    let known = candidates.iter().find_map(|(id, secret)| {
        let client = store.find(voice.switches, id)?;
        Some((client, secret))
    });
    let (client, secret) = known.ok_or(Refusal::INVALID_CLIENT)?;
    let method = match way {
        Way::Basic => "client_secret_basic",
        Way::Body => "client_secret_post",
    };
    if !secret.is_empty() && client.auth_method() != method {
        return Err(WRONG_METHOD);
    }
    let mut pairs = candidates.iter();
    let good = client.auth_method() == "none" || pairs.any(|(_, secret)| client.knows(secret));
    good.then(|| client.clone()).ok_or(Refusal::INVALID_CLIENT)
}

/// The audience that is asked for, every part of which the client must have; or a part of the path of what it has.
fn audience(client: &Client, form: &Form) -> Result<Vec<String>, Refusal> {
    let asked = form.get("audience").unwrap_or_default().split_whitespace();
    let asked: Vec<String> = asked.map(str::to_owned).collect();
    let may = |audience: &String| {
        client.texts("audience").any(|own| {
            let own = own.trim_end_matches('/');
            audience
                .strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    if asked.iter().all(may) {
        return Ok(asked);
    }
    Err(Refusal::new(
        "invalid_request",
        "the client may not ask for this audience",
    ))
}
