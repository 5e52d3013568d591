//! Tokens for users: pull, push and revocation.

use serde_json::{Map, Value, json};

use super::choices::{Licence, PullAccount, Supervisor, TokenAnswer, TokenId, TokenRequest, UnknownUser};
use super::state::{Client, Store, User};
use super::voice::Voice;
use crate::Done;
use crate::http::Answer;
use crate::switch::Either::{Do, Refuse};
use crate::token::decoded;

/// Attributes that a push may not set.
const RESERVED: [&str; 2] = ["composerUserName", "accountId"];

/// POST `/pull/tokens`: a token for a user that is there.
pub fn pull(store: &mut Store, voice: Voice<'_>) -> Result<Done, Answer> {
    let switches = voice.switches;
    let client = authenticate(store, voice)?;
    let fields = fields(voice)?;
    voice.check_fields(&fields, &["username", "account"])?;
    let username = text(voice, &fields, "username")?;
    let username = username.ok_or_else(|| voice.refuse(400, "username is missing"))?;
    let account = text(voice, &fields, "account")?;
    match (&account, switches.pull_account) {
        (Some(_), Refuse(status)) => return Err(voice.refuse(status, "account is not expected")),
        (None, Do(PullAccount::Required)) => return Err(voice.refuse(400, "account is missing")),
        _ => {}
    }
    let fits = |user: &&User| {
        user.username == username && account.as_ref().is_none_or(|account| user.account == *account)
    };
    match (store.users.iter().find(fits), switches.pull_unknown_user) {
        (Some(user), _) => check_target(voice, user)?,
        (None, Refuse(status)) => {
            return Err(voice.refuse(
                status,
                &format!("invalid_request: username: {username} does not exist"),
            ));
        }
        (None, Do(UnknownUser::Provision)) => store.users.push(User {
            username: username.clone(),
            account: account.unwrap_or_else(|| "default".to_owned()),
            supervisor: false,
            pushed: 0,
        }),
    }
    Ok(Done::unchanged(issue(store, voice, &client, &username)))
}

/// POST `/push/tokens`: a token for a user, who is created or overwritten first.
pub fn push(store: &mut Store, voice: Voice<'_>) -> Result<Done, Answer> {
    let client = authenticate(store, voice)?;
    let fields = fields(voice)?;
    let known = ["username", "account", "fullname", "email", "groups", "attributes"];
    voice.check_fields(&fields, &known)?;
    let required = |name| {
        let value = text(voice, &fields, name)?;
        value.ok_or_else(|| voice.refuse(400, &format!("{name} is missing")))
    };
    let (username, account) = (required("username")?, required("account")?);
    let attributes = fields.get("attributes").and_then(Value::as_object);
    if attributes.is_some_and(|attributes| RESERVED.iter().any(|name| attributes.contains_key(*name))) {
        return Err(voice.refuse(400, "invalid_request: attributes: a key is reserved"));
    }
    if !store.has_account(&account) {
        let message = format!("invalid_request: account: {account} does not exist");
        return Err(voice.refuse(400, &message));
    }
    match store.users.iter_mut().find(|user| user.username == username) {
        Some(user) => {
            check_target(voice, user)?;
            user.account = account;
            user.pushed += 1;
        }
        None => store.users.push(User {
            username: username.clone(),
            account,
            supervisor: false,
            pushed: 1,
        }),
    }
    Ok(Done::changed(issue(store, voice, &client, &username)))
}

/// DELETE `/tokens/<id>`.
pub fn revoke(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Answer> {
    let switches = voice.switches;
    if let Refuse(status) = switches.revoke {
        return Err(voice.refuse(status, "tokens cannot be revoked"));
    }
    let client = authenticate(store, voice)?;
    let before = store.tokens.len();
    store.tokens.retain(|text, token| {
        let name = match switches.token_id {
            TokenId::Token => text,
            TokenId::TokenId | TokenId::Id | TokenId::Jti => &token.id,
        };
        token.client_id != client.client_id || name != id
    });
    if store.tokens.len() == before {
        return Err(voice.refuse(switches.revoke_absent.0, "there is no such token"));
    }
    Ok(Done::unchanged(voice.json(switches.revoke_status, &json!({}))))
}

/// The client that asks.
fn authenticate(store: &Store, voice: Voice<'_>) -> Result<Client, Answer> {
    let switches = voice.switches;
    if switches.licence == Licence::Expired {
        return Err(voice.refuse(401, "the license has expired"));
    }
    let Some((id, secret)) = voice.request.basic() else {
        return Err(voice.refuse(401, "Full authentication is required to access this resource"));
    };
    let readings = decoded(switches.token_basic_decoding, id, secret);
    let of = |id: &str| store.clients.now().iter().find(|client| client.client_id == id);
    let mut known = readings
        .iter()
        .filter_map(|(id, secret)| Some((of(id)?, secret)))
        .peekable();
    if known.peek().is_none() {
        return Err(voice.refuse(switches.unknown_client.0, "can't get authentication"));
    }
    let client =
        known.find(|(client, secret)| client.client_secret == **secret && !client.secret_has_expired());
    let Some((client, _)) = client else {
        return Err(voice.refuse(switches.wrong_secret.0, "Bad credentials"));
    };
    match switches.account_scope {
        Refuse(status) if !client.scoped => {
            Err(voice.refuse(status, "the client is not scoped to the account"))
        }
        Refuse(_) | Do(_) => Ok(client.clone()),
    }
}

fn check_target(voice: Voice<'_>, user: &User) -> Result<(), Answer> {
    match voice.switches.supervisor_target {
        Refuse(status) if user.supervisor => Err(voice.refuse(
            status,
            "invalid_request: username: a supervisor cannot have a token",
        )),
        Refuse(_) | Do(Supervisor::Issued) => Ok(()),
    }
}

/// The fields of a token request, JSON or a form.
fn fields(voice: Voice<'_>) -> Result<Map<String, Value>, Answer> {
    let media_type = voice.request.media_type();
    let is_form = media_type == "application/x-www-form-urlencoded";
    let is_json = media_type == "application/json" || media_type.ends_with("+json");
    match voice.switches.token_request {
        TokenRequest::Any | TokenRequest::Form if is_form => {
            let pairs = form_urlencoded::parse(&voice.request.body).into_owned();
            Ok(pairs.map(|(name, value)| (name, Value::String(value))).collect())
        }
        TokenRequest::Any | TokenRequest::Json if is_json => {
            let value = serde_json::from_slice(&voice.request.body);
            value.map_err(|_| voice.refuse(400, "the body is not a JSON object"))
        }
        _ => Err(voice.refuse(415, "the content type is not supported")),
    }
}

fn text(voice: Voice<'_>, fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Answer> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(voice.refuse(400, &format!("{name} is not a name"))),
    }
}

fn issue(store: &mut Store, voice: Voice<'_>, client: &Client, username: &str) -> Answer {
    let switches = voice.switches;
    let (token, id) = store.issue(client, username);
    let seconds = client.access_token_validity_seconds;
    let mut answer = match switches.token_answer {
        TokenAnswer::OAuth => {
            json!({ "access_token": token, "token_type": "bearer", "expires_in": seconds })
        }
        TokenAnswer::Camel => json!({ "accessToken": token, "tokenType": "bearer", "expiresIn": seconds }),
        TokenAnswer::Token => json!({ "token": token }),
        TokenAnswer::Text => return Answer::with_body(switches.token_status.0, "text/plain", token),
    };
    match switches.token_id {
        TokenId::Token => {}
        TokenId::TokenId => answer["token_id"] = json!(id),
        TokenId::Id => answer["id"] = json!(id),
        TokenId::Jti => answer["jti"] = json!(id),
    }
    voice.json(switches.token_status, &answer)
}
