//! The token endpoint: whether a credential is accepted.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::http::{Authorization, Body, Call, Http, Reply};
use super::super::percent;
use super::wire;
use crate::model::{Confidential, Credential, Fault, Verification};

/// RFC 6749 section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// How the client authenticates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Basic,
    Post,
}

/// Asks for a token: with HTTP Basic, and where that is refused, once more with the credential in the body, since it
/// is not documented which of them the server takes.
pub(super) async fn verify(http: &Http, credential: &Credential, timeout: Duration) -> Verification {
    let Some(secret) = &credential.client_secret else {
        return Verification::Unknown("there is no secret to ask with".to_owned());
    };
    match ask(http, &credential.client_id, secret, Manner::Basic, timeout).await {
        Asked::Refused { .. } => {
            match ask(http, &credential.client_id, secret, Manner::Post, timeout).await {
                Asked::Issued => Verification::TokenIssued,
                Asked::Refused { client: true, text } => Verification::Rejected(text),
                Asked::Refused { text, .. } | Asked::Unclear(text) => Verification::Unknown(text),
            }
        }
        Asked::Issued => Verification::TokenIssued,
        Asked::Unclear(text) => Verification::Unknown(text),
    }
}

enum Asked {
    Issued,
    /// `client`: it is the client's credential that was refused, not something else about the request.
    Refused {
        client: bool,
        text: String,
    },
    Unclear(String),
}

async fn ask(http: &Http, id: &str, secret: &Confidential, manner: Manner, timeout: Duration) -> Asked {
    let encoded = Confidential::new(percent::form(secret.expose()));
    let basic = Authorization::basic(&percent::form(id), &encoded);
    let mut form = Zeroizing::new("grant_type=client_credentials".to_owned());
    if manner == Manner::Post {
        form.push_str(&format!(
            "&client_id={}&client_secret={}",
            percent::form(id),
            encoded.expose()
        ));
    }
    let secrets = [secret, &encoded];
    let call = Call {
        method: Method::POST,
        body: Body::Form(form),
        authorization: (manner == Manner::Basic).then_some(&basic),
        secrets: &secrets,
        ..Call::read("the token request", &[], timeout)
    };
    let reply = match http.send(&call).await {
        Ok(reply) => reply,
        Err(fault) => return Asked::Unclear(text(&fault)),
    };
    if reply.status.is_success() {
        return match reply.object::<wire::Token>() {
            Ok(token) if token.is_there() => Asked::Issued,
            Ok(_) => Asked::Unclear("the token is empty".to_owned()),
            Err(why) => Asked::Unclear(text(&http.absurd(&call, &why))),
        };
    }
    let said = text(&http.refused(&call, &reply));
    match reply.status {
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Asked::Refused {
            client: is_about_the_client(&reply),
            text: said,
        },
        _ => Asked::Unclear(said),
    }
}

/// The standard's word, or where the body has none the standard's status.
fn is_about_the_client(reply: &Reply) -> bool {
    match reply.object::<Refusal>() {
        Ok(refusal) if refusal.error == "invalid_client" => true,
        Ok(refusal) if refusal.error.chars().all(|c| c.is_ascii_lowercase() || c == '_') => false,
        _ => reply.status == StatusCode::UNAUTHORIZED,
    }
}

/// The fault's own words, without those that speak of the management API.
fn text(fault: &Fault) -> String {
    match fault {
        Fault::Denied(_, text)
        | Fault::Conflict(text)
        | Fault::Invalid(text)
        | Fault::Unmanageable(text)
        | Fault::Unavailable(text)
        | Fault::OutcomeUnknown(text) => text.clone(),
        Fault::Throttled(_) | Fault::NotFound => fault.to_string(),
    }
}
