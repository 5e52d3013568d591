//! The token endpoint.
//!
//! Tokens look like the signed tokens of the real server, with RS256 in their header, but their signature is
//! random: only this emulator can tell whether it issued one.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::header::{CACHE_CONTROL, HeaderValue, WWW_AUTHENTICATE};
use jiff::Timestamp;
use rand::Rng as _;
use serde_json::{Value, json};

use super::state::{Store, Token};
use super::token_choices::{
    BasicDecoding, ExpiresIn, TokenClientAuth, TokenErrorBody, TokenErrorStatus, TokenScopeExcess,
    TokenScopeOmitted,
};
use super::voice::{Voice, html_error, title};
use crate::http::{Answer, Request};
use crate::switch::Either::{Do, Refuse};
use crate::switch::{Success, SwitchValue as _};

/// Bytes of an RS256 signature with a key of 2048 bits.
const SIGNATURE: usize = 256;

struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// An error of RFC 6749 section 5.2.
struct Refusal {
    error: &'static str,
    message: &'static str,
    status: u16,
}

const fn refusal(error: &'static str, message: &'static str) -> Refusal {
    Refusal {
        error,
        message,
        status: 400,
    }
}

const INVALID_CLIENT: Refusal = Refusal {
    error: "invalid_client",
    message: "client authentication failed",
    status: 401,
};

/// Answers a token request.
pub fn token(store: &mut Store, voice: Voice<'_>) -> Answer {
    match issue(store, voice) {
        Ok(value) => voice
            .json(Success(200), &value)
            .header(CACHE_CONTROL, HeaderValue::from_static("no-store")),
        Err(refusal) => refuse(voice, &refusal),
    }
}

fn issue(store: &mut Store, voice: Voice<'_>) -> Result<Value, Refusal> {
    if voice.request.media_type() != "application/x-www-form-urlencoded" {
        return Err(refusal("invalid_request", "the body is not a form"));
    }
    let form = Form(form_urlencoded::parse(&voice.request.body).into_owned().collect());
    match form.get("grant_type") {
        None => return Err(refusal("invalid_request", "grant_type is missing")),
        Some("client_credentials") => {}
        Some(_) => {
            return Err(refusal(
                "unsupported_grant_type",
                "only client_credentials is supported",
            ));
        }
    }
    let (client_name, client_id, granted) = authenticate(store, voice, &form)?;
    let scope = narrow(voice, &granted, form.get("scope"))?;
    let expiry = voice.switches.token_expiry_seconds;
    let text = jwt(&client_id, &scope, expiry);
    let expires = Instant::now() + Duration::from_secs(expiry);
    store.tokens.insert(
        text.clone(),
        Token {
            client_name,
            client_id,
            scope: scope.clone(),
            expires,
        },
    );

    let mut answer = json!({ "access_token": text, "token_type": voice.switches.token_type.text() });
    match voice.switches.token_expires_in {
        ExpiresIn::Number => answer["expires_in"] = json!(expiry),
        ExpiresIn::Text => answer["expires_in"] = json!(expiry.to_string()),
        ExpiresIn::Absent => {}
    }
    if voice.switches.token_scope_shown.0 {
        answer["scope"] = json!(scope);
    }
    Ok(answer)
}

/// The id that a token request comes with, believed or not.
pub fn client_id(request: &Request) -> Option<String> {
    let in_body = || form_urlencoded::parse(&request.body).find(|(key, _)| key == "client_id");
    request
        .basic()
        .map(|(id, _)| id)
        .or_else(|| in_body().map(|(_, id)| id.into_owned()))
}

/// The name, the id and the scope of the client that asks.
fn authenticate(store: &Store, voice: Voice<'_>, form: &Form) -> Result<(String, String, String), Refusal> {
    let basic = voice.request.basic();
    let body = form
        .get("client_secret")
        .map(|secret| (form.get("client_id").unwrap_or_default(), secret));
    let accepted = voice.switches.token_client_auth;
    let candidates = match (basic, body) {
        (Some(_), Some(_)) => return Err(refusal("invalid_request", "more than one client authentication")),
        (Some((id, secret)), None) if accepted != TokenClientAuth::Body => decoded(voice, &id, &secret),
        (None, Some((id, secret))) if accepted != TokenClientAuth::Basic => {
            vec![(id.to_owned(), secret.to_owned())]
        }
        _ => return Err(INVALID_CLIENT),
    };
    candidates
        .into_iter()
        .find_map(|(id, secret)| {
            store
                .check_pair(&id, &secret)
                .map(|(name, scope)| (name, id, scope))
        })
        .ok_or(INVALID_CLIENT)
}

/// What id and secret in Basic may mean.
fn decoded(voice: Voice<'_>, id: &str, secret: &str) -> Vec<(String, String)> {
    let plain = (id.to_owned(), secret.to_owned());
    let form = (form_decoded(id), form_decoded(secret));
    match voice.switches.token_basic_decoding {
        BasicDecoding::Plain => vec![plain],
        BasicDecoding::Form => vec![form],
        BasicDecoding::Either => vec![plain, form],
    }
}

fn form_decoded(text: &str) -> String {
    let pair = format!("v={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The scope of the token.
fn narrow(voice: Voice<'_>, granted: &str, asked: Option<&str>) -> Result<String, Refusal> {
    let granted: Vec<&str> = granted.split_whitespace().collect();
    let asked: Vec<&str> = asked.unwrap_or_default().split_whitespace().collect();
    if asked.is_empty() {
        return match voice.switches.token_scope_omitted {
            Do(TokenScopeOmitted::All) => Ok(granted.join(" ")),
            Do(TokenScopeOmitted::None) => Ok(String::new()),
            Refuse(status) => Err(Refusal {
                status,
                ..refusal("invalid_scope", "scope is missing")
            }),
        };
    }
    let held: Vec<&str> = asked
        .iter()
        .copied()
        .filter(|scope| granted.contains(scope))
        .collect();
    match voice.switches.token_scope_excess {
        Refuse(status) if held.len() < asked.len() => Err(Refusal {
            status,
            ..refusal("invalid_scope", "the client does not have all of these scopes")
        }),
        Refuse(_) | Do(TokenScopeExcess::Narrow) => Ok(held.join(" ")),
    }
}

fn refuse(
    voice: Voice<'_>,
    Refusal {
        error,
        message,
        status,
    }: &Refusal,
) -> Answer {
    let status = match voice.switches.token_error_status {
        Do(TokenErrorStatus::Standard) => *status,
        Refuse(status) => status,
    };
    let answer = match voice.switches.token_error_body {
        TokenErrorBody::OAuth => voice.json(
            Success(status),
            &json!({ "error": error, "error_description": message }),
        ),
        TokenErrorBody::Framework => voice.json(Success(status), &voice.framework_error(status, message)),
        TokenErrorBody::Html => html_error(status, message),
        TokenErrorBody::Empty => Answer::empty(status),
        TokenErrorBody::Text => {
            Answer::with_body(status, "text/plain", format!("{}: {message}", title(status)))
        }
    };
    if status == 401 && voice.request.authorization_kind() == "basic" {
        return answer.header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"token\""),
        );
    }
    answer
}

fn jwt(client_id: &str, scope: &str, expiry: u64) -> String {
    let mut rng = rand::rng();
    let mut signature = [0; SIGNATURE];
    rng.fill_bytes(&mut signature);
    let issued = Timestamp::now().as_second();
    let header = json!({ "alg": "RS256", "kid": "emulator", "typ": "JWT" });
    let claims = json!({
        "iss": "authserver-emulator",
        "sub": client_id,
        "client_id": client_id,
        "scope": scope,
        "iat": issued,
        "exp": issued.saturating_add_unsigned(expiry),
        "jti": format!("{:032x}", rng.next_u64()),
    });
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let [header, claims] = [header, claims].map(|value| part(value.to_string().as_bytes()));
    format!("{header}.{claims}.{}", part(&signature))
}
