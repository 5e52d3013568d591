//! The control calls that only this server has: an administrator behind everybody's back.

use serde::Deserialize;
use serde_json::json;

use super::state::{App, Token, User};
use super::{Cocoon, Inner, secret_of, there_before};
use crate::http::{Answer, Request};

/// How long an authorization code is good, in seconds.
const CODE_SECONDS: u32 = 60;

/// Answers a control call, or says that there is none.
pub fn control(server: &Cocoon, path: &[&str], request: &Request) -> Option<Answer> {
    let mut inner = server.inner();
    let result = match (request.method.as_str(), path) {
        ("POST", ["clients"]) => create(&mut inner, request),
        ("PUT", ["clients", id]) => edit(&mut inner, id, request),
        ("DELETE", ["clients", id]) => delete(&mut inner, id),
        ("PUT", ["users"]) => set_user(&mut inner, request),
        ("DELETE", ["users", name]) => delete_user(&mut inner, name),
        ("DELETE", ["tokens"]) => {
            inner.end_tokens(true);
            Ok(Answer::json(200, &json!({ "cleared": true })))
        }
        ("DELETE", ["access_tokens"]) => {
            inner.end_tokens(false);
            Ok(Answer::json(200, &json!({ "cleared": true })))
        }
        ("POST", ["codes"]) => issue_code(&mut inner, request),
        ("GET" | "PUT" | "DELETE", ["switches"]) => inner.switches.control(&server.config.switches, request),
        ("POST", ["verify_token"]) => verify_token(&inner, request),
        ("POST", ["verify_pair"]) => verify_pair(&inner, request),
        _ => return None,
    };
    Some(result.unwrap_or_else(|refusal| refusal))
}

impl Inner {
    /// Ends all access tokens, and refresh tokens if that is wanted.
    pub fn end_tokens(&mut self, refresh_tokens: bool) {
        self.store.tokens.clear();
        if refresh_tokens {
            self.store.refresh_tokens.clear();
        }
    }
}

/// The fields of an app that are given, unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Edit {
    app_name: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
    authorized_grant_types: Option<Vec<String>>,
    access_token_validity_seconds: Option<u32>,
    refresh_token_validity_seconds: Option<u32>,
    registered_redirect_uris: Option<Vec<String>>,
    enabled: Option<bool>,
}

impl Edit {
    fn of(self, app: App) -> App {
        App {
            client_info_id: app.client_info_id,
            app_name: self.app_name.unwrap_or(app.app_name),
            client_id: self.client_id.unwrap_or(app.client_id),
            client_secret: self.client_secret.unwrap_or(app.client_secret),
            authorized_grant_types: self.authorized_grant_types.unwrap_or(app.authorized_grant_types),
            access_token_validity_seconds: self
                .access_token_validity_seconds
                .unwrap_or(app.access_token_validity_seconds),
            refresh_token_validity_seconds: self
                .refresh_token_validity_seconds
                .or(app.refresh_token_validity_seconds),
            registered_redirect_uris: self
                .registered_redirect_uris
                .unwrap_or(app.registered_redirect_uris),
            enabled: self.enabled.unwrap_or(app.enabled),
        }
    }
}

/// Always adds one, even if the id is taken: that is how a test gets two of the same id.
fn create(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let wish: Edit = request.json()?;
    let Some(client_id) = wish.client_id.clone() else {
        return Err(Answer::problem(400, "clientId is missing"));
    };
    let app = wish.of(there_before(&client_id, &secret_of(&client_id)));
    let app = inner.store.add(&inner.switches, app);
    Ok(Answer::json(201, &json!(app)))
}

fn edit(inner: &mut Inner, id: &str, request: &Request) -> Result<Answer, Answer> {
    let edit: Edit = request.json()?;
    let index = place(inner, id)?;
    let app = edit.of(inner.store.apps.now()[index].clone());
    inner.store.replace(&inner.switches, index, app.clone());
    Ok(Answer::json(200, &json!(app)))
}

fn delete(inner: &mut Inner, id: &str) -> Result<Answer, Answer> {
    let index = place(inner, id)?;
    inner.store.apps.change().remove(index);
    Ok(Answer::json(200, &json!({ "removed": true })))
}

/// The control API knows an app by either id.
fn place(inner: &Inner, id: &str) -> Result<usize, Answer> {
    let place = inner.store.position(id).or_else(|| inner.store.position_of(id));
    place.ok_or_else(|| Answer::problem(404, "there is no such app"))
}

fn set_user(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let user: User = request.json()?;
    let said = json!({
        "username": user.username, "administrator": user.administrator, "two_factor": user.two_factor,
    });
    inner.store.users.retain(|known| known.username != user.username);
    inner.store.users.push(user);
    Ok(Answer::json(200, &said))
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
struct NewCode {
    client_id: String,
    username: String,
}

/// As if a user had agreed on the product's page.
fn issue_code(inner: &mut Inner, request: &Request) -> Result<Answer, Answer> {
    let NewCode { client_id, username } = request.json()?;
    let code = inner.store.new_text();
    let token = Token::new(&client_id, &username, false, CODE_SECONDS);
    inner.store.codes.insert(code.clone(), token);
    Ok(Answer::json(201, &json!({ "code": code })))
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
        "good": token.is_alive() && !token.restricted,
        "client_id": token.client_id,
        "username": token.username,
        "restricted": token.restricted,
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
    let mut apps = inner.store.apps.now().iter();
    let current = apps.any(|app| app.client_id == client_id && app.client_secret == client_secret);
    let verdict = json!({
        "good": inner.knows_pair(&client_id, &client_secret),
        "current": current && !client_secret.is_empty(),
        "client_name": inner.store.name_of(&client_id),
    });
    Ok(Answer::json(200, &verdict))
}
