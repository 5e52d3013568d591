//! The calls under `/clients`.

use serde_json::{Map, Value, json};

use super::choices::{Handle, ValidityExcess};
use super::state::{Client, Store};
use super::voice::{Shown, Voice};
use crate::Done;
use crate::http::Answer;
use crate::listing::sort;
use crate::management_choices::{ChangeAnswer, DeleteAbsent, Duplicate, Field, Freed, GetAbsent};
use crate::speech::with_headers;
use crate::switch::Either::{Do, Refuse};
use crate::switch::Success;

const OK: Success = Success(200);
const NAME: &str = "client_name";
const VALIDITY: &str = "access_token_validity_seconds";
const ABSENT: &str = "there is no such client";

/// GET `/clients`.
pub fn list(store: &Store, voice: Voice<'_>) -> Answer {
    let switches = voice.switches;
    let mut clients = store.clients.seen(switches.read_lag_ms).to_vec();
    sort(&mut clients, switches.list_order, |client| &client.client_name);
    let shown = |client| voice.client(client, Shown::List);
    let items: Vec<Value> = clients.iter().map(shown).collect();
    let page = voice.listing().page(&items, voice.request);
    with_headers(voice.json(OK, &page.body), page.headers)
}

/// GET `/clients/<id>`.
pub fn get(store: &Store, voice: Voice<'_>, id: &str) -> Answer {
    let switches = voice.switches;
    let mut clients = store.clients.seen(switches.read_lag_ms).iter();
    if let Some(client) = clients.find(|client| client.is_at(switches.handle, id)) {
        return voice.json(OK, &voice.client(client, Shown::Read));
    }
    match switches.get_absent {
        Refuse(status) => voice.refuse(status, ABSENT),
        Do(GetAbsent::Null) => voice.json(OK, &Value::Null),
        Do(GetAbsent::EmptyObject) => voice.json(OK, &json!({})),
        Do(GetAbsent::EmptyBody) => Answer::empty(200),
    }
}

/// POST `/clients`.
pub fn register(store: &mut Store, voice: Voice<'_>) -> Result<Done, Answer> {
    let switches = voice.switches;
    let fields = voice.document(&[NAME, VALIDITY])?;
    let name = name(voice, &fields)?.ok_or_else(|| voice.refuse(400, "client_name is missing"))?;
    let validity = validity(voice, &fields)?;
    let validity = validity.ok_or_else(|| voice.refuse(400, "access_token_validity_seconds is missing"))?;
    let created = |client: &Client| {
        let shown = voice.client(client, Shown::Registered);
        Done::changed(voice.json(switches.register_status, &shown))
    };
    let taken = store.position_named(switches.name_case, &name);
    let index = match (taken, switches.duplicate_register) {
        (None, _) if switches.deleted_name == Freed::Taken && store.knew_name(switches.name_case, &name) => {
            let status = match switches.duplicate_register {
                Refuse(status) => status,
                Do(_) => 409,
            };
            return Err(voice.refuse(status, "a client with this name was registered before"));
        }
        (None, _) | (Some(_), Do(Duplicate::Second)) => {
            return Ok(created(&store.add(switches, &name, validity)));
        }
        (Some(_), Refuse(status)) => {
            return Err(voice.refuse(status, "a client with this name exists already"));
        }
        (Some(index), Do(Duplicate::Keep)) => {
            // Its secret is not known any more.
            let shown = voice.client(&store.clients.now()[index], Shown::Read);
            return Ok(Done::unchanged(voice.json(switches.register_status, &shown)));
        }
        (Some(index), Do(Duplicate::Overwrite)) => index,
    };
    store.replace_secret(switches, index);
    let client = &mut store.clients.change()[index];
    client.access_token_validity_seconds = validity;
    Ok(created(client))
}

/// PATCH `/clients/<id>`.
pub fn update(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Answer> {
    let switches = voice.switches;
    let fields = voice.document(&[NAME, VALIDITY])?;
    let validity = validity(voice, &fields)?.filter(|_| switches.update_validity == Field::Applied);
    let name = match (name(voice, &fields)?, switches.update_name) {
        (Some(_), Refuse(status)) => return Err(voice.refuse(status, "client_name cannot be changed")),
        (name, Do(Field::Applied)) => name,
        (_, Refuse(_) | Do(Field::Ignored)) => None,
    };
    let index = place(store, voice, id).ok_or_else(|| voice.refuse(switches.update_absent.0, ABSENT))?;
    if let Some(name) = &name
        && store
            .position_named(switches.name_case, name)
            .is_some_and(|other| other != index)
    {
        return Err(voice.refuse(409, "a client with this name exists already"));
    }
    let before = store.clients.now()[index].clone();
    let client = &mut store.clients.change()[index];
    client.access_token_validity_seconds = validity.unwrap_or(before.access_token_validity_seconds);
    client.client_name = name.unwrap_or_else(|| before.client_name.clone());
    Ok(Done {
        answer: changed(voice, switches.update_status, switches.update_answer, client),
        changed: *client != before,
    })
}

/// DELETE `/clients/<id>`.
pub fn delete(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Answer> {
    let switches = voice.switches;
    match (place(store, voice, id), switches.delete_absent) {
        (Some(index), _) => {
            let client = store.clients.change().remove(index);
            let answer = changed(voice, switches.delete_status, switches.delete_answer, &client);
            Ok(Done::changed(answer))
        }
        (None, Refuse(status)) => Err(voice.refuse(status, ABSENT)),
        (None, Do(DeleteAbsent::Success)) => Ok(Done::unchanged(Answer::empty(switches.delete_status.0))),
    }
}

fn place(store: &Store, voice: Voice<'_>, id: &str) -> Option<usize> {
    store.position(voice.switches.handle, id)
}

fn changed(voice: Voice<'_>, status: Success, answer: ChangeAnswer, client: &Client) -> Answer {
    match answer {
        ChangeAnswer::Client => voice.json(status, &voice.client(client, Shown::Read)),
        ChangeAnswer::EmptyObject => voice.json(status, &json!({})),
        ChangeAnswer::Nothing => Answer::empty(status.0),
    }
}

fn name(voice: Voice<'_>, fields: &Map<String, Value>) -> Result<Option<String>, Answer> {
    match fields.get(NAME) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) if !name.is_empty() => match usize::try_from(voice.switches.name_limit) {
            Ok(limit @ 1..) if name.chars().count() > limit => {
                Err(voice.refuse(400, "client_name is too long"))
            }
            _ => Ok(Some(name.clone())),
        },
        Some(_) => Err(voice.refuse(400, "client_name is not a name")),
    }
}

fn validity(voice: Voice<'_>, fields: &Map<String, Value>) -> Result<Option<u32>, Answer> {
    let Some(value) = fields.get(VALIDITY).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let seconds = value.as_i64().and_then(|seconds| i32::try_from(seconds).ok());
    let seconds = seconds.filter(|seconds| *seconds > 0).map(i32::unsigned_abs);
    let Some(seconds) = seconds else {
        return Err(voice.refuse(400, "access_token_validity_seconds is not a number of seconds"));
    };
    match (
        u32::try_from(voice.switches.validity_limit),
        voice.switches.validity_excess,
    ) {
        (Ok(limit @ 1..), Refuse(status)) if seconds > limit => {
            Err(voice.refuse(status, "access_token_validity_seconds is too long"))
        }
        (Ok(limit @ 1..), Do(ValidityExcess::Cap)) => Ok(Some(seconds.min(limit))),
        _ => Ok(Some(seconds)),
    }
}

/// The handle that paths have for a client.
pub fn handle_of(client: &Client, handle: Handle) -> &str {
    match handle {
        Handle::ClientId | Handle::ClientIdOfTwo | Handle::Either => &client.client_id,
        Handle::OtherId => &client.id,
    }
}
