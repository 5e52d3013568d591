//! Token requests with `client_credentials` (RFC 6749), as far as servers agree on them.
//!
//! Tokens look like the signed tokens of a real server, with RS256 in their header, but their signature is
//! random: only the emulator can tell whether it issued one.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use jiff::Timestamp;
use rand::Rng as _;
use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::switch::Either::{self, Do, Refuse};
use crate::switch::{SwitchValue as _, Toggle};
use crate::token_choices::{BasicDecoding, ExpiresIn, TokenScopeExcess, TokenScopeOmitted, TokenType};

/// Bytes of an RS256 signature with a key of 2048 bits.
const SIGNATURE: usize = 256;

/// An error of RFC 6749 section 5.2.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// Its code.
    pub error: &'static str,
    /// Its description.
    pub message: &'static str,
    /// The status that the standard has for it.
    pub status: u16,
}

impl Refusal {
    /// The client, or its credential, is not known.
    pub const INVALID_CLIENT: Self = Self {
        error: "invalid_client",
        message: "client authentication failed",
        status: 401,
    };

    /// One with status 400.
    pub const fn new(error: &'static str, message: &'static str) -> Self {
        Self {
            error,
            message,
            status: 400,
        }
    }
}

/// The fields of a token request.
#[derive(Debug)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a request, whatever it is for.
    pub fn read(request: &Request) -> Result<Self, Refusal> {
        if request.media_type() != "application/x-www-form-urlencoded" {
            return Err(Refusal::new("invalid_request", "the body is not a form"));
        }
        Ok(Self(form_urlencoded::parse(&request.body).into_owned().collect()))
    }

    /// Reads a request, whatever it is for, that may be JSON too: an object of texts.
    pub fn or_json(request: &Request) -> Result<Self, Refusal> {
        if request.media_type() != "application/json" {
            return Self::read(request);
        }
        let fields = serde_json::from_slice::<BTreeMap<String, String>>(&request.body);
        let fields =
            fields.map_err(|_| Refusal::new("invalid_request", "the body is not an object of texts"))?;
        Ok(Self(fields.into_iter().collect()))
    }

    /// Reads a request for `client_credentials`, and refuses any other.
    pub fn of(request: &Request) -> Result<Self, Refusal> {
        let form = Self::read(request)?;
        match form.get("grant_type") {
            None => Err(Refusal::new("invalid_request", "grant_type is missing")),
            Some("client_credentials") => Ok(form),
            Some(_) => Err(Refusal::new(
                "unsupported_grant_type",
                "only client_credentials is supported",
            )),
        }
    }

    /// The first value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// How a client authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Body,
}

/// How the client authenticates, and what its id and secret may be: Basic can be read in two ways.
pub fn credentials(
    request: &Request,
    form: &Form,
    decoding: BasicDecoding,
) -> Result<(Way, Vec<(String, String)>), Refusal> {
    let body = form
        .get("client_secret")
        .map(|secret| (form.get("client_id").unwrap_or_default(), secret));
    match (request.basic(), body) {
        (Some(_), Some(_)) => Err(Refusal::new(
            "invalid_request",
            "more than one client authentication",
        )),
        (Some((id, secret)), None) => Ok((Way::Basic, decoded(decoding, id, secret))),
        (None, Some((id, secret))) => Ok((Way::Body, vec![(id.to_owned(), secret.to_owned())])),
        (None, None) => Err(Refusal::INVALID_CLIENT),
    }
}

/// What id and secret in Basic may mean.
pub fn decoded(decoding: BasicDecoding, id: String, secret: String) -> Vec<(String, String)> {
    let form = (form_decoded(&id), form_decoded(&secret));
    match decoding {
        BasicDecoding::Plain => vec![(id, secret)],
        BasicDecoding::Form => vec![form],
        BasicDecoding::Either => vec![(id, secret), form],
    }
}

fn form_decoded(text: &str) -> String {
    let pair = format!("v={}", text.replace('&', "%26"));
    form_urlencoded::parse(pair.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The id that a token request comes with, believed or not.
pub fn client_id(request: &Request) -> Option<String> {
    let in_body = || form_urlencoded::parse(&request.body).find(|(key, _)| key == "client_id");
    request
        .basic()
        .map(|(id, _)| id)
        .or_else(|| in_body().map(|(_, id)| id.into_owned()))
}

/// The scope of the token of a client that has `granted` and asks for `asked`.
pub fn narrow(
    granted: &str,
    asked: Option<&str>,
    omitted: Either<TokenScopeOmitted>,
    excess: Either<TokenScopeExcess>,
) -> Result<String, Refusal> {
    let granted: Vec<&str> = granted.split_whitespace().collect();
    let asked: Vec<&str> = asked.unwrap_or_default().split_whitespace().collect();
    if asked.is_empty() {
        return match omitted {
            Do(TokenScopeOmitted::All) => Ok(granted.join(" ")),
            Do(TokenScopeOmitted::None) => Ok(String::new()),
            Refuse(status) => Err(Refusal {
                status,
                ..Refusal::new("invalid_scope", "scope is missing")
            }),
        };
    }
    let held: Vec<&str> = asked
        .iter()
        .copied()
        .filter(|scope| granted.contains(scope))
        .collect();
    match excess {
        Refuse(status) if held.len() < asked.len() => Err(Refusal {
            status,
            ..Refusal::new("invalid_scope", "the client does not have all of these scopes")
        }),
        Refuse(_) | Do(TokenScopeExcess::Narrow) => Ok(held.join(" ")),
    }
}

/// How the answer with a token is written.
#[derive(Clone, Copy, Debug)]
pub struct Wording {
    /// How long the token is good, in seconds.
    pub expiry_seconds: u64,
    /// How `expires_in` is written.
    pub expires_in: ExpiresIn,
    /// How `token_type` is written.
    pub token_type: TokenType,
    /// Whether there is a scope field.
    pub scope_shown: Toggle,
}

/// The answer with a token.
pub fn answer(token: &str, scope: &str, wording: Wording) -> Value {
    let expiry = wording.expiry_seconds;
    let mut answer = json!({ "access_token": token, "token_type": wording.token_type.text() });
    match wording.expires_in {
        ExpiresIn::Number => answer["expires_in"] = json!(expiry),
        ExpiresIn::Text => answer["expires_in"] = json!(expiry.to_string()),
        ExpiresIn::Absent => {}
    }
    if wording.scope_shown.0 {
        answer["scope"] = json!(scope);
    }
    answer
}

/// With the challenge that belongs to a 401 for a client that came with Basic.
pub fn challenged(answer: Answer, request: &Request) -> Answer {
    if answer.status == 401 && request.authorization_kind() == "basic" {
        return answer.header(
            WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"token\""),
        );
    }
    answer
}

/// What looks like a signed token of a client, good for so many seconds.
pub fn jwt(client_id: &str, scope: &str, expiry_seconds: u64) -> String {
    let claims = json!({
        "iss": "authserver-emulator",
        "sub": client_id,
        "client_id": client_id,
        "scope": scope,
        "jti": format!("{:032x}", rand::rng().next_u64()),
    });
    jwt_of(claims, expiry_seconds)
}

/// What looks like a signed token with these claims, issued now and good for so many seconds.
pub fn jwt_of(mut claims: Value, expiry_seconds: u64) -> String {
    let mut signature = [0; SIGNATURE];
    rand::rng().fill_bytes(&mut signature);
    let issued = Timestamp::now().as_second();
    claims["iat"] = json!(issued);
    claims["exp"] = json!(issued.saturating_add_unsigned(expiry_seconds));
    let header = json!({ "alg": "RS256", "kid": "emulator", "typ": "JWT" });
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let [header, claims] = [header, claims].map(|value| part(value.to_string().as_bytes()));
    format!("{header}.{claims}.{}", part(&signature))
}
