//! The control calls that only this server has: an administrator behind everybody's back.

use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::access::Administrator;
use super::choices::Handle;
use super::state::User;
use super::{Composer, Inner};
use crate::http::{Answer, Request};

/// Answers a control call, or says that there is none.
pub fn control(server: &Composer, path: &[&str], request: &Request) -> Option<Answer> {
    let mut inner = server.inner();
    let result = match (request.method.as_str(), path) {
        ("POST", ["clients"]) => create(&mut inner, request),
        ("PUT", ["clients", id]) => edit(&mut inner, id, request),
        ("DELETE", ["clients", id]) => delete(&mut inner, id),
        ("PUT", ["users"]) => set_user(&mut inner, request),
        ("DELETE", ["users", name]) => delete_user(&mut inner, name),
        ("POST", ["sessions"]) => {
            let session = inner.store.begin_session();
            let begun = json!({ "session": session.cookie, "csrf_token": session.csrf_token });
            Ok(Answer::json(201, &begun))
        }
        ("DELETE", ["sessions"]) => {
            inner.store.sessions.clear();
            Ok(Answer::json(200, &json!({ "cleared": true })))
        }
        ("GET" | "PUT" | "DELETE", ["switches"]) => inner.switches.control(&server.config.switches, request),
        ("PUT", ["administrator"]) => set_administrator(&mut inner, request),
        ("POST", ["verify_token"]) => verify_token(&inner, request),
        ("POST", ["verify_pair"]) => verify_pair(&inner, request),
        _ => return None,
    };
    Some(result.unwrap_or_else(|refusal| refusal))
}

/// Name and validity; the rest is chosen unless given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClient {
    client_name: String,
    #[serde(default = "default_validity")]
    access_token_validity_seconds: u32,
    client_id: Option<String>,
    client_secret: Option<String>,
}

fn default_validity() -> u32 {
    super::SEED_VALIDITY
}

/// Always adds one, even if the name is taken: that is how a test gets two of the same name.
fn create(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let wish: NewClient = request.json()?;
    let validity = wish.access_token_validity_seconds;
    let mut client = inner.store.add(&inner.switches, &wish.client_name, validity);
    client.client_id = wish.client_id.unwrap_or(client.client_id);
    client.client_secret = wish.client_secret.unwrap_or(client.client_secret);
    if let Some(last) = inner.store.clients.change().last_mut() {
        last.clone_from(&client);
    }
    Ok(Answer::json(201, &json!(client)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    client_name: Option<String>,
    client_secret: Option<String>,
    access_token_validity_seconds: Option<u32>,
    client_secret_expires_at: Option<i64>,
    scoped: Option<bool>,
}

fn edit(inner: &mut Inner, id: &str, request: &Request) -> Result<Answer, Answer> {
    let edit: Edit = request.json()?;
    let index = place(inner, id)?;
    let client = &mut inner.store.clients.change()[index];
    client.client_name = edit
        .client_name
        .unwrap_or(std::mem::take(&mut client.client_name));
    client.client_secret = edit
        .client_secret
        .unwrap_or(std::mem::take(&mut client.client_secret));
    client.access_token_validity_seconds = edit
        .access_token_validity_seconds
        .unwrap_or(client.access_token_validity_seconds);
    client.client_secret_expires_at = edit
        .client_secret_expires_at
        .unwrap_or(client.client_secret_expires_at);
    client.scoped = edit.scoped.unwrap_or(client.scoped);
    Ok(Answer::json(200, &json!(client)))
}

fn delete(inner: &mut Inner, id: &str) -> Result<Answer, Answer> {
    let index = place(inner, id)?;
    inner.store.clients.change().remove(index);
    Ok(Answer::json(200, &json!({ "removed": true })))
}

/// The control API knows a client by either id, whatever the switches say.
fn place(inner: &Inner, id: &str) -> Result<usize, Answer> {
    let place = inner.store.position(Handle::Either, id);
    place.ok_or_else(|| Answer::problem(404, "there is no such client"))
}

fn set_user(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let user: User = request.json()?;
    inner.store.users.retain(|known| known.username != user.username);
    inner.store.users.push(user.clone());
    Ok(Answer::json(200, &json!(user)))
}

fn delete_user(inner: &mut Inner, name: &str) -> Result<Answer, Answer> {
    let before = inner.store.users.len();
    inner.store.users.retain(|user| user.username != name);
    if inner.store.users.len() == before {
        return Err(Answer::problem(404, "there is no such user"));
    }
    Ok(Answer::json(200, &json!({ "removed": true })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewAdministrator {
    username: String,
    password: String,
}

fn set_administrator(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let NewAdministrator { username, password } = request.json()?;
    inner.administrator = Administrator { username, password };
    let said = json!({ "username": inner.administrator.username });
    Ok(Answer::json(200, &said))
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
    let client = inner.store.position(Handle::ClientId, &token.client_id);
    let verdict = json!({
        "issued": true,
        "good": Instant::now() < token.expires && client.is_some(),
        "client_id": token.client_id,
        "client_name": inner.store.name_of(&token.client_id),
        "username": token.username,
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
    let verdict = json!({
        "good": inner.knows_pair(&client_id, &client_secret),
        "client_name": inner.store.name_of(&client_id),
    });
    Ok(Answer::json(200, &verdict))
}
