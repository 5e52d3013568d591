//! The token endpoint.

use std::time::{Duration, Instant};

use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde_json::{Value, json};

use super::state::{Store, Token};
use super::voice::Voice;
use crate::http::{Answer, title};
use crate::switch::Either::{Do, Refuse};
use crate::switch::Success;
use crate::token::{Form, Refusal, Way, Wording, answer, challenged, credentials, jwt, narrow};
use crate::token_choices::{TokenClientAuth, TokenErrorBody, TokenErrorStatus};

/// Answers a token request.
pub fn token(store: &mut Store, voice: Voice<'_>) -> Answer {
    match issue(store, voice) {
        Ok(value) => voice
            .json(Success(200), &value)
            .header(CACHE_CONTROL, HeaderValue::from_static("no-store")),
        Err(refusal) => refuse(voice, refusal),
    }
}

fn issue(store: &mut Store, voice: Voice<'_>) -> Result<Value, Refusal> {
    let switches = voice.switches;
    let form = Form::of(voice.request)?;
    let (client_name, client_id, granted) = authenticate(store, voice, &form)?;
    let scope = narrow(
        &granted,
        form.get("scope"),
        switches.token_scope_omitted,
        switches.token_scope_excess,
    )?;
    let expiry = switches.token_expiry_seconds;
    let text = jwt(&client_id, &scope, expiry);
    let wording = Wording {
        expiry_seconds: expiry,
        expires_in: switches.token_expires_in,
        token_type: switches.token_type,
        scope_shown: switches.token_scope_shown,
    };
    let said = answer(&text, &scope, wording);
    store.tokens.insert(
        text,
        Token {
            client_name,
            client_id,
            scope,
            expires: Instant::now() + Duration::from_secs(expiry),
        },
    );
    Ok(said)
}

/// The name, the id and the scope of the client that asks.
fn authenticate(store: &Store, voice: Voice<'_>, form: &Form) -> Result<(String, String, String), Refusal> {
    let (way, candidates) = credentials(voice.request, form, voice.switches.token_basic_decoding)?;
    let accepted = match voice.switches.token_client_auth {
        TokenClientAuth::Both => true,
        TokenClientAuth::Basic => way == Way::Basic,
        TokenClientAuth::Body => way == Way::Body,
    };
    let known = |(id, secret): (String, String)| {
        let (name, scope) = store.check_pair(&id, &secret)?;
        Some((name, id, scope))
    };
    let client = candidates.into_iter().find_map(known);
    client.filter(|_| accepted).ok_or(Refusal::INVALID_CLIENT)
}

fn refuse(voice: Voice<'_>, refusal: Refusal) -> Answer {
    let Refusal { error, message, .. } = refusal;
    let status = match voice.switches.token_error_status {
        Do(TokenErrorStatus::Standard) => refusal.status,
        Refuse(status) => status,
    };
    let answer = match voice.switches.token_error_body {
        TokenErrorBody::OAuth => voice.json(
            Success(status),
            &json!({ "error": error, "error_description": message }),
        ),
        TokenErrorBody::Framework => voice.json(Success(status), &voice.framework_error(status, message)),
        TokenErrorBody::Html => Answer::page(status, message),
        TokenErrorBody::Empty => Answer::empty(status),
        TokenErrorBody::Text => {
            Answer::with_body(status, "text/plain", format!("{}: {message}", title(status)))
        }
    };
    challenged(answer, voice.request)
}
