//! What a token endpoint grants (RFC 6749 section 5.1).

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::super::http::{Authorization, Reply};
use super::super::wire::{seconds, secret};
use crate::model::Confidential;

/// A token whose answer does not say how long it lives: short enough for most servers, and a 401 tells the rest.
const LIFE: i64 = 60;
/// Shorter ones would be asked for with every call.
const LIFE_MIN: i64 = 10;
/// No token is kept for longer.
const LIFE_MAX: i64 = 24 * 60 * 60;

/// What is used of an answer.
pub struct Granted {
    /// The access token as it is sent.
    pub authorization: Authorization,
    /// How long it lives from when it was asked for.
    pub life: Duration,
    /// The refresh token.
    pub refresh: Option<Confidential>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default, deserialize_with = "secret")]
    access_token: Option<Confidential>,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Value,
    #[serde(default, deserialize_with = "secret")]
    refresh_token: Option<Confidential>,
}

impl Granted {
    /// Reads an answer; else what is wrong with it in a few words.
    pub fn read(reply: &Reply) -> Result<Self, String> {
        let answer: Answer = reply.object()?;
        let bearer = |kind: &String| kind.eq_ignore_ascii_case("bearer");
        if !answer.token_type.as_ref().is_none_or(bearer) {
            return Err("its token is not a bearer token".to_owned());
        }
        let token = answer.access_token.unwrap_or_default();
        let authorization = Authorization::bearer(&token)
            .ok_or("its token is missing, or has spaces or other characters that no token has")?;
        let life = seconds(&answer.expires_in)
            .unwrap_or(LIFE)
            .clamp(LIFE_MIN, LIFE_MAX);
        Ok(Self {
            authorization,
            life: Duration::from_secs(life.unsigned_abs()),
            refresh: answer.refresh_token.filter(|token| !token.expose().is_empty()),
        })
    }
}
