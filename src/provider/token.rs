//! Token endpoints: whether a credential is accepted.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::http::{Authorization, Body, Call, Http, Reply, words};
use super::percent;
use crate::model::{Confidential, Fault, TokenRequest, Verification};

/// What a refusal shows of the credential.
pub type Judged = fn(&Reply) -> Option<bool>;

/// A judgement by words that a server says only to a client whose credential it took. With 401 nothing but the client was
/// refused, whatever the word: some servers confuse the words.
pub fn by_words(reply: &Reply, recognised: &[&str]) -> Option<bool> {
    let may_tell = matches!(reply.status, StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN);
    let word = reply.error_word().filter(|_| may_tell)?;
    recognised.contains(&word.as_str()).then_some(true)
}

#[derive(Deserialize)]
struct Token {
    access_token: Option<String>,
}

/// How the client authenticates.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Basic,
    Post,
}

/// Asks for a token: with HTTP Basic, and where that is refused, once more with the credential in the body, since it
/// is not known which of them the server takes from this client. Where a request that names a scope is refused for
/// something else than the credential, the same without a scope.
///
/// `judged` says what a refusal shows of the credential, where this kind of server says so in words of its own: that it is
/// good, though the client may have no such token, or that it is not. None: the standard's words tell.
///
/// Fails only with `Throttled`, which is about the server and not about the credential.
pub async fn verify(
    http: &Http,
    request: &TokenRequest,
    judged: Judged,
    timeout: Duration,
) -> Result<Verification, Fault> {
    let Some(secret) = &request.credential.client_secret else {
        return Ok(Verification::Unknown("there is no secret to ask with".to_owned()));
    };
    let id = &request.credential.client_id;
    let ask = async |scope: Option<&str>| {
        let basic = ask(http, id, secret, Manner::Basic, scope, judged, timeout).await?;
        let Asked::Refused { client, .. } = basic else {
            return Ok(basic);
        };
        let post = ask(http, id, secret, Manner::Post, scope, judged, timeout).await?;
        Ok(match post {
            // With Basic it came further than that: the server takes this client in no other way.
            Asked::Refused { client: true, text } if !client => Asked::Unclear(text),
            asked => asked,
        })
    };
    let asked = match (ask(request.scope.as_deref()).await?, &request.scope) {
        (Asked::Refused { client: false, .. } | Asked::Unclear(_), Some(_)) => ask(None).await?,
        (asked, _) => asked,
    };
    Ok(match asked {
        Asked::Accepted => Verification::TokenIssued,
        Asked::Refused { client: true, text } => Verification::Rejected(text),
        Asked::Refused { text, .. } | Asked::Unclear(text) => Verification::Unknown(text),
    })
}

enum Asked {
    /// With a token, or with a refusal that shows that the credential is good.
    Accepted,
    /// `client`: it is the client's credential that was refused, not something else about the request.
    Refused {
        client: bool,
        text: String,
    },
    Unclear(String),
}

async fn ask(
    http: &Http,
    id: &str,
    secret: &Confidential,
    manner: Manner,
    scope: Option<&str>,
    judged: Judged,
    timeout: Duration,
) -> Result<Asked, Fault> {
    let basic = Authorization::client(id, secret);
    let mut form = Zeroizing::new("grant_type=client_credentials".to_owned());
    if manner == Manner::Post {
        form.push_str(&format!(
            "&client_id={}&client_secret={}",
            percent::form(id),
            percent::form(secret.expose())
        ));
    }
    if let Some(scope) = scope {
        form.push_str(&format!("&scope={}", percent::form(scope)));
    }
    let secrets = [secret];
    let call = Call {
        method: Method::POST,
        body: Body::Form(form),
        authorization: (manner == Manner::Basic).then_some(&basic),
        secrets: &secrets,
        ..Call::read("the token request", &[], timeout)
    };
    let reply = match http.send(&call).await {
        Ok(reply) => reply,
        Err(fault) => return Ok(Asked::Unclear(words(&fault))),
    };
    if reply.status.is_success() {
        // Only whether there is one is asked; it is dropped at once.
        return Ok(
            match reply
                .object::<Token>()
                .map(|token| token.access_token.map(Confidential::new))
            {
                Ok(Some(token)) if !token.expose().is_empty() => Asked::Accepted,
                Ok(_) => Asked::Unclear("the token is empty".to_owned()),
                Err(why) => Asked::Unclear(words(&http.absurd(&call, &why))),
            },
        );
    }
    let word = reply.error_word();
    let fault = http.refused(&call, &reply);
    if matches!(fault, Fault::Throttled(_)) {
        return Err(fault);
    }
    let text = words(&fault);
    Ok(match (judged(&reply), reply.status) {
        (Some(true), _) => Asked::Accepted,
        (Some(false), _) => Asked::Refused { client: true, text },
        (None, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            Asked::Refused {
                client: is_about_the_client(&reply, word.as_deref()),
                text,
            }
        }
        _ => Asked::Unclear(text),
    })
}

/// The standard's word, or where the body has none the standard's status.
fn is_about_the_client(reply: &Reply, word: Option<&str>) -> bool {
    match word {
        Some(word) => word == "invalid_client",
        None => reply.status == StatusCode::UNAUTHORIZED,
    }
}
