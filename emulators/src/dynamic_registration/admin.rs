//! The control calls that only this server has: an administrator behind everybody's back.

use std::time::Instant;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::{DynamicRegistration, InitialToken, Inner};
use crate::http::{Answer, Request};

/// Answers a control call, or says that there is none.
pub fn control(server: &DynamicRegistration, path: &[&str], request: &Request) -> Option<Answer> {
    let mut inner = server.inner();
    let result = match (request.method.as_str(), path) {
        ("POST", ["clients"]) => create(&mut inner, request),
        ("PUT", ["clients", client_id]) => edit(&mut inner, client_id, request),
        ("POST", ["clients", client_id, "rotate"]) => rotate(&mut inner, client_id),
        ("DELETE", ["clients", client_id]) => delete(&mut inner, client_id),
        ("GET" | "PUT" | "DELETE", ["switches"]) => inner.switches.control(&server.config.switches, request),
        ("PUT", ["initial_access_token"]) => set_initial_token(&mut inner, request),
        ("POST", ["verify_token"]) => verify_token(&inner, request),
        ("POST", ["verify_pair"]) => verify_pair(&inner, request),
        _ => return None,
    };
    Some(result.unwrap_or_else(|refusal| refusal))
}

/// Registers whatever it is told, unchecked.
fn create(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let metadata: Map<String, Value> = request.json()?;
    let client = inner.store.add(&inner.switches, metadata);
    Ok(Answer::json(201, &json!(client)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    client_secret: Option<String>,
    client_secret_expires_at: Option<i64>,
    registration_access_token: Option<String>,
    /// Field by field; `null` removes one.
    #[serde(default)]
    metadata: Map<String, Value>,
}

fn edit(inner: &mut Inner, client_id: &str, request: &Request) -> Result<Answer, Answer> {
    let edit: Edit = request.json()?;
    let index = place(inner, client_id)?;
    let client = &mut inner.store.clients[index];
    client.client_secret = edit.client_secret.or(client.client_secret.take());
    client.client_secret_expires_at = edit
        .client_secret_expires_at
        .unwrap_or(client.client_secret_expires_at);
    client.registration_access_token = edit
        .registration_access_token
        .or(client.registration_access_token.take());
    client.metadata.extend(edit.metadata);
    client.metadata.retain(|_, value| !value.is_null());
    Ok(Answer::json(200, &json!(client)))
}

fn rotate(inner: &mut Inner, client_id: &str) -> Result<Answer, Answer> {
    let index = place(inner, client_id)?;
    inner.store.replace_secret(&inner.switches, index);
    Ok(Answer::json(200, &json!(inner.store.clients[index])))
}

fn delete(inner: &mut Inner, client_id: &str) -> Result<Answer, Answer> {
    place(inner, client_id)?;
    let removed = inner.store.remove(client_id);
    Ok(Answer::json(200, &json!({ "removed": removed })))
}

fn place(inner: &Inner, client_id: &str) -> Result<usize, Answer> {
    let place = inner.store.position(client_id);
    place.ok_or_else(|| Answer::problem(404, "there is no such client"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewInitialToken {
    // Through a function, so that it has to be there, be it null.
    #[serde(deserialize_with = "there")]
    token: Option<String>,
}

fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

fn set_initial_token(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let NewInitialToken { token } = request.json()?;
    inner.initial = InitialToken::new(token);
    Ok(Answer::json(
        200,
        &json!({ "required": inner.initial.is_required() }),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenText {
    token: String,
}

fn verify_token(inner: &Inner, request: &Request) -> Result<Answer, Answer> {
    let TokenText { token } = request.json()?;
    let Some(token) = inner.store.tokens.get(&token) else {
        return Ok(Answer::json(200, &json!({ "issued": false, "good": false })));
    };
    let verdict = json!({
        "issued": true,
        "good": Instant::now() < token.expires,
        "client_id": token.client_id,
        "scope": token.scope,
    });
    Ok(Answer::json(200, &verdict))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    client_id: String,
    client_secret: String,
}

fn verify_pair(inner: &Inner, request: &Request) -> Result<Answer, Answer> {
    let Pair {
        client_id,
        client_secret,
    } = request.json()?;
    let found = inner.store.check_pair(&client_id, &client_secret);
    let current = found.is_some_and(|client| client.client_secret.as_deref() == Some(client_secret.as_str()));
    let verdict = json!({
        "good": found.is_some(),
        "current": current,
        "client_name": found.and_then(|client| client.client_name()),
    });
    Ok(Answer::json(200, &verdict))
}
