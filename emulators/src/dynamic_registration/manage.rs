//! GET, PUT and DELETE of a client's configuration: RFC 7592.

use serde_json::{Map, Value};

use super::Config;
use super::document::Shown;
use super::manage_choices::{
    ForeignRat, RatOnGet, RatOnPut, Returned, SecretInPut, SecretOnGet, SecretOnPut,
};
use super::metadata::{ISSUED, Policy};
use super::state::{Client, Place, Store};
use super::voice::{Refusal, Voice};
use crate::Done;
use crate::http::Answer;
use crate::switch::Either::{self, Do, Refuse};
use crate::switch::Success;

/// The client at a place, when the registration access token of the request is good for it. A refusal may
/// destroy the token.
fn authorise(store: &mut Store, voice: Voice<'_>, place: &Place) -> Result<usize, Done> {
    let found = store.clients.iter().position(|client| client.place.is_at(place));
    let token = voice.request.bearer();
    if let (Some(index), Some(token)) = (found, token)
        && store.use_rat(voice.switches, index, token)
    {
        return Ok(index);
    }
    let destroys = match voice.switches.foreign_rat {
        ForeignRat::Kept => false,
        ForeignRat::DestroyedIfUnknown => found.is_none(),
        ForeignRat::Destroyed => true,
    };
    let changed = destroys && token.is_some_and(|token| store.destroy_rat(token));
    let answer = match voice.switches.unknown_client.0 {
        status if found.is_none() && status != 401 => voice.refuse(&Refusal::new(
            status,
            "invalid_request",
            "there is no such client",
        )),
        _ => voice.unauthorized(),
    };
    Err(Done { answer, changed })
}

/// The methods that a configuration has, as `Allow` lists them.
fn allowed(voice: Voice<'_>) -> String {
    let switches = voice.switches;
    let methods = [
        ("GET", switches.read),
        ("PUT", switches.update),
        ("DELETE", switches.delete),
    ];
    let allowed = methods.into_iter().filter(|(_, call)| matches!(call, Do(_)));
    allowed.map(|(method, _)| method).collect::<Vec<_>>().join(", ")
}

/// The answer to a method that a configuration does not have.
pub fn other(voice: Voice<'_>) -> Answer {
    voice.not_allowed(405, &allowed(voice))
}

fn is_returned(returned: Returned, changed: bool) -> bool {
    match returned {
        Returned::Always => true,
        Returned::Changed => changed,
        Returned::Never => false,
    }
}

/// The secret as an answer has it.
fn shown_secret(client: &Client, before: &Client, returned: Returned) -> Option<String> {
    let changed = client.client_secret != before.client_secret || !before.is_confidential();
    let shown = client.is_confidential() && is_returned(returned, changed);
    client.client_secret.clone().filter(|_| shown)
}

/// The client that is at an index now, written beside what it was.
fn answer(
    store: &Store,
    voice: Voice<'_>,
    index: usize,
    before: &Client,
    status: Success,
    [secret, rat]: [Returned; 2],
) -> Done {
    let client = &store.clients[index];
    let secret = shown_secret(client, before, secret);
    let new_rat = client.registration_access_token != before.registration_access_token;
    let shown = Shown {
        secret: secret.as_deref(),
        rat: is_returned(rat, new_rat),
    };
    Done {
        answer: voice.json(status, &voice.client(client, shown)),
        changed: client != before,
    }
}

/// GET: the client as it is registered, perhaps with new credentials.
pub fn read(store: &mut Store, voice: Voice<'_>, place: &Place) -> Done {
    let switches = voice.switches;
    if let Refuse(status) = switches.read {
        return Done::unchanged(voice.not_allowed(status, &allowed(voice)));
    }
    let index = match authorise(store, voice, place) {
        Ok(index) => index,
        Err(refused) => return refused,
    };
    if let Err(refusal) = voice.check_accept() {
        return Done::unchanged(refusal);
    }
    let before = store.clients[index].clone();
    if switches.secret_on_get == SecretOnGet::New && before.is_confidential() {
        store.replace_secret(switches, index);
    }
    match switches.rat_on_get {
        RatOnGet::Keep => {}
        RatOnGet::New => store.replace_rat(switches, index),
        RatOnGet::Resigned => store.resign_rat(switches, index),
    }
    let returned = [switches.secret_in_get_answer, switches.rat_in_get_answer];
    answer(store, voice, index, &before, Success(200), returned)
}

/// PUT: the client is registered with this document in place of the one before.
pub fn update(store: &mut Store, config: &Config, voice: Voice<'_>, place: &Place) -> Done {
    let switches = voice.switches;
    if let Refuse(status) = switches.update {
        return Done::unchanged(voice.not_allowed(status, &allowed(voice)));
    }
    let index = match authorise(store, voice, place) {
        Ok(index) => index,
        Err(refused) => return refused,
    };
    let before = store.clients[index].clone();
    let metadata = match wanted(config, voice, &before) {
        Ok(metadata) => metadata,
        Err(refusal) => return Done::unchanged(refusal),
    };
    store.clients[index].metadata = metadata;
    let client = &store.clients[index];
    let renew = match switches.secret_on_put {
        SecretOnPut::Keep => false,
        SecretOnPut::New => true,
        SecretOnPut::NewIfExpired => client.secret_has_expired(),
    };
    if client.is_confidential() && (renew || client.client_secret.is_none()) {
        store.replace_secret(switches, index);
    }
    match switches.rat_on_put {
        RatOnPut::Keep => {}
        RatOnPut::New => store.replace_rat(switches, index),
    }
    let returned = [switches.secret_in_put_answer, switches.rat_in_put_answer];
    answer(store, voice, index, &before, switches.update_status, returned)
}

/// The metadata that an update asks for, when it is one.
fn wanted(config: &Config, voice: Voice<'_>, client: &Client) -> Result<Map<String, Value>, Answer> {
    voice.check_accept()?;
    let document = voice.document()?;
    check_document(voice.switches.secret_in_put, &document, client)
        .and_then(|()| {
            let policy = Policy {
                switches: voice.switches,
                config,
            };
            policy.grant(document, Some(&client.metadata))
        })
        .map_err(|refusal| voice.refuse(&refusal))
}

/// What RFC 7592 section 2.2 says of the document beside its metadata.
fn check_document(
    secret_rule: Either<SecretInPut>,
    document: &Map<String, Value>,
    client: &Client,
) -> Result<(), Refusal> {
    if let Some(field) = ISSUED.iter().find(|field| document.contains_key(**field)) {
        return Err(Refusal::request(format!(
            "request MUST NOT include the {field} field"
        )));
    }
    match document.get("client_id") {
        None => return Err(Refusal::request("client_id is missing")),
        Some(id) if id != client.client_id.as_str() => {
            return Err(Refusal::request("client_id is not that of this client"));
        }
        Some(_) => {}
    }
    let sent = document.get("client_secret").filter(|secret| !secret.is_null());
    match (secret_rule, sent) {
        (Refuse(status), Some(_)) => Err(Refusal::new(
            status,
            "access_denied",
            "request MUST NOT include the client_secret field",
        )),
        (Do(SecretInPut::Demanded), None) if client.is_confidential() => {
            Err(Refusal::request("client_secret is missing"))
        }
        (_, Some(secret)) if secret.as_str() != client.client_secret.as_deref() => {
            Err(Refusal::request("client_secret is not the current one"))
        }
        _ => Ok(()),
    }
}

/// DELETE: the client with all that it has.
pub fn delete(store: &mut Store, voice: Voice<'_>, place: &Place) -> Done {
    if let Refuse(status) = voice.switches.delete {
        return Done::unchanged(voice.not_allowed(status, &allowed(voice)));
    }
    match authorise(store, voice, place) {
        Err(refused) => refused,
        Ok(index) => {
            let client_id = store.clients[index].client_id.clone();
            store.remove(&client_id);
            let body = Value::Object(Map::new());
            Done::changed(voice.json(voice.switches.delete_status, &body))
        }
    }
}
