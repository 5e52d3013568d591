//! Clients that authenticate with `private_key_jwt`: assertions of RFC 7523 section 2.2, verified with the keys that
//! the client was registered with. Keys at a `jwks_uri` are not fetched, so no assertion is good with them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::TOKEN_PATH;
use super::keys::Key;
use super::state::{Client, Store};
use super::voice::Voice;
use crate::token::{Form, Refusal};

/// The algorithm of a client that is registered for none.
const USUAL_ALGORITHM: &str = "RS256";

/// What 2.3.0 says of an assertion that has expired or is not good yet.
const UNRECOGNIZABLE: Refusal = Refusal {
    error: "error",
    message: "The error is unrecognizable",
    status: 500,
};

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    exp: Option<i64>,
    nbf: Option<i64>,
    jti: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn has(&self, url: &str) -> bool {
        match self {
            Self::One(audience) => audience == url,
            Self::Many(audiences) => audiences.iter().any(|audience| audience == url),
        }
    }
}

/// A JWT that was taken apart and not believed yet.
#[derive(Debug)]
struct Assertion<'a> {
    header: Header,
    claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Assertion<'a> {
    /// Takes a JWT apart: RFC 7515 section 3.1.
    fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: part(header)?,
            claims: part(claims)?,
            signed,
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    /// Checks everything but whether it was used before.
    fn check(&self, client: &Client, token_url: &str) -> Result<(), Refusal> {
        let Self { header, claims, .. } = self;
        if client.auth_method() != "private_key_jwt" {
            return Err(refused(
                "the client is registered for another method of authentication",
            ));
        }
        let algorithm = client.text("token_endpoint_auth_signing_alg");
        if header.alg != algorithm.unwrap_or(USUAL_ALGORITHM) {
            return Err(refused("the client is registered for another algorithm"));
        }
        let key = self.key(client).ok_or(Refusal::new(
            "invalid_request",
            "the client has no such key for signatures",
        ))?;
        if !key.verifies(&header.alg, self.signed.as_bytes(), &self.signature) {
            return Err(refused("the signature of the assertion is wrong"));
        }
        let now = Timestamp::now().as_second();
        let is_client = |id: &Option<String>| id.as_ref() == Some(&client.client_id);
        if claims.exp.is_none() {
            return Err(refused("the assertion has no exp"));
        }
        if claims.exp.is_some_and(|exp| exp <= now) || claims.nbf.is_some_and(|nbf| now < nbf) {
            return Err(UNRECOGNIZABLE);
        }
        if !is_client(&claims.iss) || !is_client(&claims.sub) {
            return Err(refused("iss and sub of the assertion must be the client"));
        }
        if claims.jti.as_ref().is_none_or(String::is_empty) {
            return Err(refused("the assertion has no jti"));
        }
        if !claims.aud.as_ref().is_some_and(|aud| aud.has(token_url)) {
            return Err(refused("aud of the assertion must be the token endpoint"));
        }
        Ok(())
    }

    /// The key for signatures that is named; where none is, the first that fits.
    fn key(&self, client: &Client) -> Option<Key> {
        let Header { alg, kid } = &self.header;
        let keys = client.document.get("jwks")?.get("keys")?.as_array()?;
        let mut keys = keys.iter().filter_map(Key::read);
        keys.find(|key| key.signs && key.is_for(alg) && (kid.is_none() || key.kid == *kid))
    }
}

fn part<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

const fn refused(message: &'static str) -> Refusal {
    Refusal {
        message,
        ..Refusal::INVALID_CLIENT
    }
}

/// Whom an assertion is about, believed or not.
pub fn subject(assertion: &str) -> Option<String> {
    Assertion::read(assertion)?.claims.sub
}

/// The client that an assertion is good for. Each is good once.
pub fn authenticate(store: &mut Store, voice: Voice<'_>, form: &Form) -> Result<Client, Refusal> {
    let text = form.get("client_assertion").unwrap_or_default();
    if text.is_empty() {
        return Err(Refusal::new("invalid_request", "client_assertion is missing"));
    }
    let assertion = Assertion::read(text).ok_or(refused("the assertion cannot be read"))?;
    let id = form.get("client_id").or(assertion.claims.sub.as_deref());
    let client = store.find(voice.switches, id.unwrap_or_default());
    let client = client.ok_or(Refusal::INVALID_CLIENT)?.clone();
    assertion.check(&client, &format!("{}{TOKEN_PATH}", voice.public_url))?;
    if !store.assertions.insert(assertion.claims.jti.unwrap_or_default()) {
        return Err(Refusal::new("jti_known", "the assertion was used before"));
    }
    Ok(client)
}
