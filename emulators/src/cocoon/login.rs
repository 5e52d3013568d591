//! The token endpoint: users log in by way of an app.

use hyper::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::choices::{RefreshUse, RestrictedMark, TokenHeader, TwoFactor};
use super::state::{App, Store, Token};
use super::voice::Voice;
use crate::http::{Answer, title};
use crate::random::uuid;
use crate::switch::Either::{Do, Refuse};
use crate::switch::{Success, Toggle};
use crate::token::{Form, Refusal, Wording, answer, challenged, decoded};
use crate::token_choices::{TokenErrorBody, TokenErrorStatus};

/// The header that the documentation names.
const AUTHENTICATION: HeaderName = HeaderName::from_static("authentication");
/// The validity of refresh tokens of an app that names none, in seconds.
const REFRESH_SECONDS: u32 = 3600;

const INVALID_GRANT: Refusal = Refusal::new("invalid_grant", "the credential is wrong or has ended");
const UNAUTHORIZED_CLIENT: Refusal = Refusal::new("unauthorized_client", "the app has not this grant type");

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
    let form = Form::read(voice.request)?;
    let app = authenticate(store, voice)?;
    let field = |name: &'static str| form.get(name).unwrap_or_default().to_owned();
    match form.get("grant_type") {
        None => Err(Refusal::new("invalid_request", "grant_type is missing")),
        Some("password") => {
            let (username, password) = (field("username"), field("password"));
            may(&app, "password")?;
            let user = store.user(&username).filter(|user| user.password == password);
            let user = user.ok_or(INVALID_GRANT)?;
            let restricted = user.two_factor || voice.switches.two_factor == TwoFactor::Everybody;
            Ok(grant(store, voice, &app, &username, restricted))
        }
        Some("refresh_token") => {
            may(&app, "refresh_token")?;
            refresh(store, voice, &app, &field("refresh_token"))
        }
        Some("authorization_code") => {
            may(&app, "authorization_code")?;
            let code = store.codes.remove(&field("code"));
            let code = code.filter(|code| code.client_id == app.client_id && code.is_alive());
            let username = code.ok_or(INVALID_GRANT)?.username;
            Ok(grant(store, voice, &app, &username, false))
        }
        Some(_) => Err(Refusal::new(
            "unsupported_grant_type",
            "there is no such grant type",
        )),
    }
}

/// The id and the secret that a request comes with.
pub fn pair(voice: Voice<'_>) -> Option<(String, String)> {
    let basic = |header: HeaderName| voice.request.basic_in(&header);
    match voice.switches.token_header {
        TokenHeader::Authorization => basic(AUTHORIZATION),
        TokenHeader::Authentication => basic(AUTHENTICATION),
        TokenHeader::Either => basic(AUTHORIZATION).or_else(|| basic(AUTHENTICATION)),
    }
}

fn authenticate(store: &Store, voice: Voice<'_>) -> Result<App, Refusal> {
    let switches = voice.switches;
    let (id, secret) = pair(voice).ok_or(Refusal::INVALID_CLIENT)?;
    let mut readings = decoded(switches.token_basic_decoding, id, secret).into_iter();
    let app = readings.find_map(|(id, secret)| store.authenticate(&id, &secret).cloned());
    let app = app.ok_or(Refusal::INVALID_CLIENT)?;
    if app.enabled {
        return Ok(app);
    }
    Err(Refusal {
        status: switches.disabled_app.0,
        message: "the app is disabled",
        ..Refusal::INVALID_CLIENT
    })
}

fn may(app: &App, grant: &str) -> Result<(), Refusal> {
    if app.may(grant) {
        Ok(())
    } else {
        Err(UNAUTHORIZED_CLIENT)
    }
}

/// A token, and a refresh token where the app may have one.
fn grant(store: &mut Store, voice: Voice<'_>, app: &App, username: &str, restricted: bool) -> Value {
    let mut said = access_token(store, voice, app, username, restricted);
    if app.may("refresh_token") && voice.switches.refresh_issued.0 && !restricted {
        said["refresh_token"] = json!(refresh_token(store, app, username));
    }
    said
}

fn refresh(store: &mut Store, voice: Voice<'_>, app: &App, text: &str) -> Result<Value, Refusal> {
    let known = store.refresh_tokens.get(text);
    let known = known.filter(|token| token.client_id == app.client_id && token.is_alive());
    let username = known.ok_or(INVALID_GRANT)?.username.clone();
    let mut said = access_token(store, voice, app, &username, false);
    match voice.switches.refresh_use {
        RefreshUse::Same => said["refresh_token"] = json!(text),
        RefreshUse::New => {
            store.refresh_tokens.remove(text);
            said["refresh_token"] = json!(refresh_token(store, app, &username));
        }
        RefreshUse::NotShown => {}
    }
    Ok(said)
}

fn access_token(store: &mut Store, voice: Voice<'_>, app: &App, username: &str, restricted: bool) -> Value {
    let switches = voice.switches;
    let seconds = app.access_token_validity_seconds;
    let wording = Wording {
        expiry_seconds: seconds.into(),
        expires_in: switches.token_expires_in,
        token_type: switches.token_type,
        scope_shown: Toggle(false),
    };
    let text = store.new_text();
    let mut said = answer(&text, "", wording);
    said["jti"] = json!(uuid());
    match switches.restricted_mark {
        RestrictedMark::Scope if restricted => said["scope"] = json!("restricted"),
        RestrictedMark::Field if restricted => said["mfaRequired"] = json!(true),
        _ => {}
    }
    let token = Token::new(&app.client_id, username, restricted, seconds);
    store.tokens.insert(text, token);
    said
}

fn refresh_token(store: &mut Store, app: &App, username: &str) -> String {
    let text = store.new_text();
    let seconds = app.refresh_token_validity_seconds.unwrap_or(REFRESH_SECONDS);
    let token = Token::new(&app.client_id, username, false, seconds);
    store.refresh_tokens.insert(text.clone(), token);
    text
}

fn refuse(voice: Voice<'_>, refusal: Refusal) -> Answer {
    let Refusal { error, message, .. } = refusal;
    let status = match voice.switches.token_error_status {
        Do(TokenErrorStatus::Standard) => refusal.status,
        Refuse(status) => status,
    };
    let answer = match voice.switches.token_error_body {
        TokenErrorBody::OAuth => {
            let body = json!({ "error": error, "error_description": message });
            voice.json(Success(status), &body)
        }
        TokenErrorBody::Framework => {
            let body = json!({
                "status": status, "error": title(status), "message": message, "path": voice.request.path,
            });
            voice.json(Success(status), &body)
        }
        TokenErrorBody::Html => Answer::page(status, message),
        TokenErrorBody::Empty => Answer::empty(status),
        TokenErrorBody::Text => {
            Answer::with_body(status, "text/plain", format!("{}: {message}", title(status)))
        }
    };
    challenged(answer, voice.request)
}
