//! The control calls that only this server has: an administrator behind everybody's back.

use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::choices::RotateChanges;
use super::state::Client;
use super::{Auth, DigitalRoute, Inner};
use crate::http::{Answer, Request};

/// Answers a control call, or says that there is none.
pub fn control(server: &DigitalRoute, path: &[&str], request: &Request) -> Option<Answer> {
    let mut inner = server.inner();
    let result = match (request.method.as_str(), path) {
        ("POST", ["clients"]) => create(&mut inner, request),
        ("PUT", ["clients", name]) => edit(&mut inner, name, request),
        ("POST", ["clients", name, "rotate"]) => rotate(&mut inner, name),
        ("DELETE", ["clients", name]) => delete(&mut inner, name),
        ("PUT", ["scopes"]) => set_scopes(&mut inner, request),
        ("GET" | "PUT" | "DELETE", ["switches"]) => inner.switches.control(&server.config.switches, request),
        ("PUT", ["auth"]) => set_auth(&mut inner, request),
        ("POST", ["verify_token"]) => verify_token(&inner, request),
        ("POST", ["verify_pair"]) => verify_pair(&inner, request),
        _ => return None,
    };
    Some(result.unwrap_or_else(|refusal| refusal))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClient {
    client_name: String,
    #[serde(default)]
    scope: String,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Always adds one, even if the name is taken: that is how a test gets two of the same name.
fn create(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let wish: NewClient = request.json()?;
    inner.store.add(&inner.switches, &wish.client_name, wish.scope);
    let added = inner
        .store
        .clients
        .last_mut()
        .ok_or_else(|| Answer::problem(500, "it is not there"))?;
    added.client_id = wish.client_id.unwrap_or_else(|| added.client_id.clone());
    added.client_secret = wish.client_secret.unwrap_or_else(|| added.client_secret.clone());
    Ok(Answer::json(201, &json!(added)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

fn edit(inner: &mut Inner, name: &str, request: &Request) -> Result<Answer, Answer> {
    let Edit {
        scope,
        client_id,
        client_secret,
    } = request.json()?;
    let index = place(inner, name)?;
    inner.store.remember();
    let client = &mut inner.store.clients[index];
    *client = Client {
        client_name: client.client_name.clone(),
        client_id: client_id.unwrap_or_else(|| client.client_id.clone()),
        client_secret: client_secret.unwrap_or_else(|| client.client_secret.clone()),
        scope: scope.unwrap_or_else(|| client.scope.clone()),
    };
    Ok(Answer::json(200, &json!(client)))
}

fn rotate(inner: &mut Inner, name: &str) -> Result<Answer, Answer> {
    let index = place(inner, name)?;
    inner
        .store
        .replace_pair(&inner.switches, index, RotateChanges::Both);
    Ok(Answer::json(200, &json!(inner.store.clients[index])))
}

fn delete(inner: &mut Inner, name: &str) -> Result<Answer, Answer> {
    place(inner, name)?;
    let removed = inner.store.remove(|_, client| client.client_name == name);
    Ok(Answer::json(200, &json!({ "removed": removed })))
}

/// The control API takes names literally, whatever the switches say.
fn place(inner: &Inner, name: &str) -> Result<usize, Answer> {
    let place = inner
        .store
        .clients
        .iter()
        .position(|client| client.client_name == name);
    place.ok_or_else(|| Answer::problem(404, "there is no such client"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scopes {
    scope: String,
}

fn set_scopes(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let Scopes { scope } = request.json()?;
    inner.store.scopes = scope.split_whitespace().map(str::to_owned).collect();
    Ok(Answer::json(
        200,
        &json!({ "scope": inner.store.scopes.join(" ") }),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAuth {
    username: Option<String>,
    password: Option<String>,
    enabled: Option<bool>,
}

fn set_auth(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    inner.auth = match request.json()? {
        NewAuth {
            enabled: Some(false),
            username: None,
            password: None,
        } => Auth::Open,
        NewAuth {
            enabled: None | Some(true),
            username: Some(username),
            password: Some(password),
        } => Auth::Basic { username, password },
        _ => {
            return Err(Answer::problem(
                400,
                "give username and password, or enabled: false",
            ));
        }
    };
    Ok(Answer::json(200, &json!({ "enabled": inner.auth != Auth::Open })))
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
    let client = inner
        .store
        .clients
        .iter()
        .find(|client| client.client_name == token.client_name);
    Ok(Answer::json(
        200,
        &json!({
            "issued": true,
            "good": Instant::now() < token.expires,
            "client_name": token.client_name,
            "client_id": token.client_id,
            "scope": token.scope,
            "client_exists": client.is_some(),
            "id_is_current": client.is_some_and(|client| client.client_id == token.client_id),
        }),
    ))
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
    let is_current = |client: &Client| client.client_id == client_id && client.client_secret == client_secret;
    Ok(Answer::json(
        200,
        &json!({
            "good": found.is_some(),
            "current": inner.store.clients.iter().any(is_current),
            "client_name": found.map(|(name, _)| name),
        }),
    ))
}
