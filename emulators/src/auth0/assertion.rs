//! Client assertions: RFC 7523 section 2.2, as Auth0 wants them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::state::{Client, Credential};

/// The type of an assertion that is a JWT.
pub const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest life of an assertion, in seconds.
const LONGEST: i64 = 300;
/// How far clocks may differ, in seconds.
const SKEW: i64 = 10;
/// The most characters of `iss`, `sub` and `jti`.
const TEXT: usize = 64;

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
    jti: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn is_one_of(&self, accepted: &[String]) -> bool {
        match self {
            Self::One(audience) => accepted.contains(audience),
            Self::Many(audiences) => audiences.iter().any(|audience| accepted.contains(audience)),
        }
    }
}

/// A JWT that was taken apart and not believed yet.
#[derive(Debug)]
pub struct Assertion<'a> {
    header: Header,
    claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

impl<'a> Assertion<'a> {
    /// Takes a JWT apart: RFC 7515 section 3.1.
    pub fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: part(header)?,
            claims: part(claims)?,
            signed,
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// The client that it is of, by its own word.
    pub fn client_id(&self) -> &str {
        &self.claims.iss
    }

    /// What makes it another one than the others of its client.
    pub fn id(&self) -> &str {
        &self.claims.jti
    }

    /// Checks everything but whether it was used before.
    pub fn check(&self, client: &Client, audiences: &[String], now: Timestamp) -> Result<(), &'static str> {
        let Claims {
            iss,
            sub,
            aud,
            exp,
            iat,
            nbf,
            jti,
        } = &self.claims;
        let now = now.as_second();
        let demand = |holds: bool, complaint| if holds { Ok(()) } else { Err(complaint) };
        demand(
            iss == &client.client_id && sub == iss,
            "iss and sub must be the client",
        )?;
        demand(aud.is_one_of(audiences), "aud is not this tenant")?;
        demand(
            [iss, sub, jti].iter().all(|text| text.len() <= TEXT),
            "a claim is too long",
        )?;
        demand(!jti.is_empty(), "jti is missing")?;
        demand(*exp > now, "the assertion has expired")?;
        let begin = iat.unwrap_or(now);
        demand(
            exp.saturating_sub(begin) <= LONGEST,
            "the assertion is good for too long",
        )?;
        let from = begin.max(nbf.unwrap_or(begin));
        demand(from <= now.saturating_add(SKEW), "the assertion is not good yet")?;
        let mut attached = client.credentials.iter().filter(|credential| {
            client.attached().contains(&credential.id.as_str())
                && credential.expires_at.is_none_or(|end| end.as_second() > now)
        });
        demand(
            attached.any(|credential| self.is_signed_with(credential)),
            "no credential fits the signature",
        )
    }

    fn is_signed_with(&self, credential: &Credential) -> bool {
        let Header { alg, kid } = &self.header;
        kid.as_ref().is_none_or(|kid| *kid == credential.kid)
            && *alg == credential.alg
            && credential
                .key
                .verifies(alg, self.signed.as_bytes(), &self.signature)
    }
}
