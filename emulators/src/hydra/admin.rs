//! The control calls that only this server has: an administrator behind everybody's back.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::state::{Client, Store};
use super::{Hydra, Inner, there_before};
use crate::http::{Answer, Request};

/// Answers a control call, or says that there is none.
pub fn control(server: &Hydra, path: &[&str], request: &Request) -> Option<Answer> {
    let mut inner = server.inner();
    let result = match (request.method.as_str(), path) {
        ("POST", ["clients"]) => create(&mut inner, request),
        ("PUT", ["clients", id]) => edit(&mut inner, id, request),
        ("POST", ["clients", id, "rotate"]) => rotate(&mut inner, id),
        ("DELETE", ["clients", id]) => delete(&mut inner, id),
        ("PUT", ["bearer_token"]) => set_bearer_token(&mut inner, request),
        ("GET" | "PUT" | "DELETE", ["switches"]) => inner.switches.control(&server.config.switches, request),
        ("POST", ["verify_token"]) => verify_token(&inner, request),
        ("POST", ["verify_pair"]) => verify_pair(&inner, request),
        _ => return None,
    };
    Some(result.unwrap_or_else(|refusal| refusal))
}

/// The fields of a client that are given, unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    client_id: Option<String>,
    client_secret: Option<String>,
    rotated_secrets: Option<Vec<String>>,
    /// Field by field; `null` removes one.
    #[serde(default)]
    document: Map<String, Value>,
}

impl Edit {
    fn of(self, client: Client) -> Client {
        let mut document = client.document;
        document.extend(self.document);
        document.retain(|_, value| !value.is_null());
        Client {
            client_id: self.client_id.unwrap_or(client.client_id),
            client_secret: self.client_secret.unwrap_or(client.client_secret),
            rotated_secrets: self.rotated_secrets.unwrap_or(client.rotated_secrets),
            document,
            ..client
        }
    }
}

/// Always adds one, even if the id is taken.
fn create(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let wish: Edit = request.json()?;
    let Some(client_id) = wish.client_id.clone() else {
        return Err(Answer::problem(400, "client_id is missing"));
    };
    let client = wish.of(there_before(&client_id));
    inner.store.add(client.clone());
    Ok(Answer::json(201, &json!(client)))
}

fn edit(inner: &mut Inner, id: &str, request: &Request) -> Result<Answer, Answer> {
    let edit: Edit = request.json()?;
    let index = place(inner, id)?;
    let client = edit.of(inner.store.clients.now()[index].clone());
    inner.store.replace(index, client.clone());
    Ok(Answer::json(200, &json!(client)))
}

/// A new secret; the one before stays good, as a rotation has it.
fn rotate(inner: &mut Inner, id: &str) -> Result<Answer, Answer> {
    let index = place(inner, id)?;
    let mut client = inner.store.clients.now()[index].clone();
    client.rotate(Store::new_secret(), inner.switches.rotated_kept);
    inner.store.replace(index, client.clone());
    Ok(Answer::json(200, &json!(client)))
}

fn delete(inner: &mut Inner, id: &str) -> Result<Answer, Answer> {
    let index = place(inner, id)?;
    inner.store.remove(index);
    Ok(Answer::json(200, &json!({ "removed": true })))
}

fn place(inner: &Inner, id: &str) -> Result<usize, Answer> {
    let place = inner.store.position(&inner.switches, id);
    place.ok_or_else(|| Answer::problem(404, "there is no such client"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BearerToken {
    token: Value,
}

fn set_bearer_token(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let BearerToken { token } = request.json()?;
    inner.bearer_token = match token {
        Value::Null => None,
        Value::String(token) => Some(token),
        _ => return Err(Answer::problem(400, "token is text or null")),
    };
    Ok(Answer::json(
        200,
        &json!({ "required": inner.bearer_token.is_some() }),
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
        "good": token.is_alive(),
        "client_id": token.client_id,
        "scope": token.scope,
        "audience": token.audience,
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
    let client = inner.store.find(&inner.switches, &client_id);
    let verdict = json!({
        "good": inner.knows_pair(&client_id, &client_secret),
        "current": client.is_some_and(|client| client.client_secret == client_secret),
        "client_name": inner.store.name_of(&client_id),
    });
    Ok(Answer::json(200, &verdict))
}
