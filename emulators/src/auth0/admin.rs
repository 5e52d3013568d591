//! The control calls that only this server has: an administrator behind everybody's back.

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::document::{METHODS, SECRET};
use super::seeds::named;
use super::state::{Client, Grant, grant_id};
use super::{Auth0, Inner, apis};
use crate::http::{Answer, Request};

/// Answers a control call, or says that there is none.
pub fn control(server: &Auth0, path: &[&str], request: &Request) -> Option<Answer> {
    let mut inner = server.inner();
    let result = match (request.method.as_str(), path) {
        ("POST", ["clients"]) => create(&mut inner, request),
        ("PUT", ["clients", id]) => edit(&mut inner, id, request),
        ("DELETE", ["clients", id]) => delete(&mut inner, id),
        ("PUT", ["grants"]) => set_grant(&mut inner, request),
        ("DELETE", ["grants", id]) => {
            inner.store.grants.change().retain(|grant| grant.id != *id);
            Ok(Answer::json(200, &json!({ "removed": true })))
        }
        ("PUT", ["apis"]) => set_api(&mut inner, request),
        ("DELETE", ["tokens"]) => {
            inner.store.end_tokens();
            Ok(Answer::json(200, &json!({ "cleared": true })))
        }
        ("GET" | "PUT" | "DELETE", ["switches"]) => inner.switches.control(&server.config.switches, request),
        ("POST", ["verify_token"]) => verify_token(&inner, request),
        ("POST", ["verify_pair"]) => verify_pair(&inner, request),
        _ => return None,
    };
    Some(result.unwrap_or_else(|refusal| refusal))
}

fn set(client: &mut Client, fields: Map<String, Value>) {
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("client_id", Value::String(id)) => client.client_id = id,
            (SECRET, Value::String(secret)) => client.client_secret = secret,
            (_, Value::Null) => drop(client.document.remove(&name)),
            (_, value) => drop(client.document.insert(name, value)),
        }
    }
}

/// Any fields, unchecked, but for the credentials.
fn fields(request: &Request) -> Result<Map<String, Value>, Answer> {
    let fields: Map<String, Value> = request.json()?;
    if fields.get(METHODS).is_some_and(|methods| !methods.is_null()) {
        return Err(Answer::problem(400, "credentials are made by the Management API"));
    }
    Ok(fields)
}

fn create(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let mut client = named(&inner.switches, "foreign");
    set(&mut client, fields(request)?);
    inner.store.add(client.clone());
    Ok(Answer::json(201, &json!(client)))
}

fn edit(inner: &mut Inner, id: &str, request: &Request) -> Result<Answer, Answer> {
    let fields = fields(request)?;
    let index = place(inner, id)?;
    let mut client = inner.store.clients.now()[index].clone();
    set(&mut client, fields);
    let shown = json!(client);
    inner.store.replace(index, client);
    Ok(Answer::json(200, &shown))
}

fn delete(inner: &mut Inner, id: &str) -> Result<Answer, Answer> {
    let index = place(inner, id)?;
    inner.store.clients.change().remove(index);
    Ok(Answer::json(200, &json!({ "removed": true })))
}

fn place(inner: &Inner, id: &str) -> Result<usize, Answer> {
    let place = inner.store.position(id);
    place.ok_or_else(|| Answer::problem(404, "there is no such client"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewGrant {
    client_id: String,
    audience: String,
    scope: Vec<String>,
}

/// A grant, in the place of the one between the same two.
fn set_grant(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let NewGrant {
        client_id,
        audience,
        scope,
    } = request.json()?;
    let grants = inner.store.grants.change();
    let mut there = grants
        .iter()
        .filter(|grant| grant.client_id == client_id && grant.audience == audience);
    let id = there.next().map_or_else(grant_id, |grant| grant.id.clone());
    grants.retain(|grant| grant.id != id);
    let grant = Grant {
        id,
        client_id,
        audience,
        scope,
        subject_type: None,
        others: Map::new(),
    };
    grants.push(grant.clone());
    Ok(Answer::json(200, &json!(grant)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewApi {
    identifier: String,
    scopes: Vec<String>,
}

/// An API with these scopes, a new one or one that is there.
fn set_api(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let NewApi { identifier, scopes } = request.json()?;
    let place = inner.store.api_position(&identifier);
    let apis = inner.store.apis.change();
    let index = place.unwrap_or(apis.len());
    if place.is_none() {
        let name = Map::from_iter([("name".to_owned(), json!(identifier))]);
        apis.push(apis::made_up(&identifier, name));
    }
    let api = &mut apis[index];
    api.document.insert("scopes".to_owned(), apis::scopes(&scopes));
    Ok(Answer::json(200, &json!(api)))
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
        "client_name": inner.store.name_of(&token.client_id),
        "audience": token.audience,
        "scope": token.scopes.join(" "),
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
