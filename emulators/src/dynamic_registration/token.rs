//! The token endpoint.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::choices::TokenAuth;
use super::state::{Client, Store, Token};
use super::voice::{self, Voice};
use crate::http::Answer;
use crate::switch::Either::{Do, Refuse};
use crate::switch::Success;
use crate::token::{Form, Refusal, Way, Wording, answer, challenged, credentials, jwt, narrow};
use crate::token_choices::TokenErrorStatus;

/// Answers a token request.
pub fn token(store: &mut Store, voice: Voice<'_>) -> Answer {
    match issue(store, voice) {
        Ok(value) => voice.json(Success(200), &value),
        Err(refusal) => {
            let status = match voice.switches.token_error_status {
                Do(TokenErrorStatus::Standard) => refusal.status,
                Refuse(status) => status,
            };
            let refusal = voice::Refusal::new(status, refusal.error, refusal.message);
            challenged(
                voice.error(voice.switches.token_error_body, &refusal),
                voice.request,
            )
        }
    }
}

fn issue(store: &mut Store, voice: Voice<'_>) -> Result<Value, Refusal> {
    let switches = voice.switches;
    let form = Form::of(voice.request)?;
    let client = authenticate(store, voice, &form)?;
    if !client.may("client_credentials") {
        return Err(Refusal::new(
            "unauthorized_client",
            "the client is not registered for this grant type",
        ));
    }
    let scope = narrow(
        client.scope(),
        form.get("scope"),
        switches.token_scope_omitted,
        switches.token_scope_excess,
    )?;
    let client_id = client.client_id.clone();
    let text = jwt(&client_id, &scope, switches.token_expiry_seconds);
    let wording = Wording {
        expiry_seconds: switches.token_expiry_seconds,
        expires_in: switches.token_expires_in,
        token_type: switches.token_type,
        scope_shown: switches.token_scope_shown,
    };
    let said = answer(&text, &scope, wording);
    let expires = Instant::now() + Duration::from_secs(switches.token_expiry_seconds);
    store.credentials.push(text.clone());
    store.tokens.insert(
        text,
        Token {
            client_id,
            scope,
            expires,
        },
    );
    Ok(said)
}

fn authenticate<'a>(store: &'a Store, voice: Voice<'_>, form: &Form) -> Result<&'a Client, Refusal> {
    let (way, candidates) = credentials(voice.request, form, voice.switches.token_basic_decoding)?;
    let method = match way {
        Way::Basic => "client_secret_basic",
        Way::Body => "client_secret_post",
    };
    candidates
        .iter()
        .find_map(|(id, secret)| store.check_pair(id, secret))
        .filter(|client| voice.switches.token_auth == TokenAuth::Any || client.auth_method() == method)
        .ok_or(Refusal::INVALID_CLIENT)
}
