//! The calls under `/clients`.

use rand::seq::SliceRandom as _;
use serde_json::{Value, json};

use super::choices::{
    DeleteAbsent, DuplicateRegister, EmptyList, EmptyScope, GetAbsent, ListOrder, PutPair, RotateAbsent,
    RotateChanges, SameNameDelete, UnknownScope,
};
use super::state::{Ambiguous, Store, find};
use super::voice::{Shown, Voice};
use crate::Done;
use crate::http::Answer;
use crate::switch::Either::{Do, Refuse};
use crate::switch::Success;

const OK: Success = Success(200);
const ABSENT: &str = "there is no such client";

impl Voice<'_> {
    fn ambiguous(&self, Ambiguous(status): &Ambiguous) -> Answer {
        self.refuse(*status, "the query did not return a unique result")
    }
}

/// GET `/clients`.
pub fn list(store: &Store, voice: Voice<'_>) -> Answer {
    let switches = voice.switches;
    let mut clients = store.visible(switches.read_lag_ms).to_vec();
    if clients.is_empty() {
        return match switches.empty_list {
            Do(EmptyList::Array) => voice.json(OK, &json!([])),
            Do(EmptyList::Null) => voice.json(OK, &Value::Null),
            Do(EmptyList::NoContent) => Answer::empty(204),
            Refuse(status) => voice.refuse(status, "there are no clients"),
        };
    }
    match switches.list_order {
        ListOrder::Insertion => {}
        ListOrder::Name => clients.sort_by(|one, other| one.client_name.cmp(&other.client_name)),
        ListOrder::Reverse => clients.reverse(),
        ListOrder::Random => clients.shuffle(&mut rand::rng()),
    }
    if let Ok(limit @ 1..) = usize::try_from(switches.list_limit) {
        clients.truncate(limit);
    }
    let shown: Vec<_> = clients
        .iter()
        .map(|client| voice.client(client, Shown::List))
        .collect();
    voice.json(OK, &Value::Array(shown))
}

/// GET `/clients/<name>`.
pub fn get(store: &Store, voice: Voice<'_>, name: &str) -> Answer {
    let clients = store.visible(voice.switches.read_lag_ms);
    let index = match find(clients, voice.switches, name) {
        Ok(index) => index,
        Err(ambiguous) => return voice.ambiguous(&ambiguous),
    };
    if let Some(client) = index.and_then(|index| clients.get(index)) {
        return voice.json(OK, &voice.client(client, Shown::Read));
    }
    match voice.switches.get_absent {
        Refuse(status) => voice.refuse(status, ABSENT),
        Do(GetAbsent::EmptyObject) => voice.json(OK, &json!({})),
        Do(GetAbsent::Null) => voice.json(OK, &Value::Null),
        Do(GetAbsent::EmptyArray) => voice.json(OK, &json!([])),
        Do(GetAbsent::EmptyBody) => Answer::empty(200),
    }
}

/// POST `/clients`.
pub fn register(store: &mut Store, voice: Voice<'_>) -> Result<Done, Answer> {
    let switches = voice.switches;
    let asked = voice.read(&["client_name", "scope"])?;
    let name = asked.client_name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| voice.refuse(400, "client_name is missing"))?;
    check_name(voice, &name)?;
    let taken = find(&store.clients, switches, &name).map_err(|error| voice.ambiguous(&error))?;
    let Some(index) = taken else {
        return create(
            store,
            voice,
            &name,
            asked.scope.as_deref(),
            switches.register_status,
        );
    };
    match switches.duplicate_register {
        Refuse(status) => {
            let message = format!("a client with the name {name:?} exists already");
            Err(voice.refuse_because_of(status, &message, store.clients.get(index)))
        }
        Do(DuplicateRegister::Keep) => Ok(Done::unchanged(show(
            store,
            voice,
            index,
            switches.register_status,
        ))),
        Do(DuplicateRegister::Second) => create(
            store,
            voice,
            &name,
            asked.scope.as_deref(),
            switches.register_status,
        ),
        Do(DuplicateRegister::Overwrite) => {
            let scope = grantable(store, voice, asked.scope.as_deref())?;
            store.replace_pair(switches, index, RotateChanges::Both);
            store.clients[index].scope = scope;
            Ok(Done::changed(show(store, voice, index, switches.register_status)))
        }
    }
}

/// PUT `/clients/<name>`: registers the client, or changes its scope.
pub fn put(store: &mut Store, voice: Voice<'_>, name: &str) -> Result<Done, Answer> {
    let switches = voice.switches;
    let asked = voice.read(&["scope"])?;
    check_name(voice, name)?;
    let index = find(&store.clients, switches, name).map_err(|error| voice.ambiguous(&error))?;
    let Some(index) = index else {
        return create(
            store,
            voice,
            name,
            asked.scope.as_deref(),
            switches.put_create_status,
        );
    };
    let scope = grantable(store, voice, asked.scope.as_deref())?;
    let before = store.clients[index].clone();
    store.remember();
    store.clients[index].scope = scope;
    match switches.put_pair {
        PutPair::Keep => {}
        PutPair::NewSecret => store.replace_pair(switches, index, RotateChanges::SecretOnly),
        PutPair::NewPair => store.replace_pair(switches, index, RotateChanges::Both),
    }
    let changed = before != store.clients[index];
    Ok(Done {
        answer: show(store, voice, index, switches.put_change_status),
        changed,
    })
}

/// PATCH `/clients/<name>`: a new pair.
pub fn rotate(store: &mut Store, voice: Voice<'_>, name: &str) -> Result<Done, Answer> {
    let switches = voice.switches;
    let index = find(&store.clients, switches, name).map_err(|error| voice.ambiguous(&error))?;
    let Some(index) = index else {
        return match switches.rotate_absent {
            Refuse(status) => Err(voice.refuse(status, ABSENT)),
            Do(RotateAbsent::EmptyObject) => Ok(Done::unchanged(voice.json(OK, &json!({})))),
            Do(RotateAbsent::Null) => Ok(Done::unchanged(voice.json(OK, &Value::Null))),
            Do(RotateAbsent::Register) => create(store, voice, name, None, switches.rotate_status),
        };
    };
    store.replace_pair(switches, index, switches.rotate_changes);
    Ok(Done::changed(show(store, voice, index, switches.rotate_status)))
}

/// DELETE `/clients/<name>`.
pub fn delete(store: &mut Store, voice: Voice<'_>, name: &str) -> Result<Done, Answer> {
    let switches = voice.switches;
    let meant = find(&store.clients, switches, name).map_err(|error| voice.ambiguous(&error))?;
    let Some(meant) = meant else {
        return match switches.delete_absent {
            Refuse(status) => Err(voice.refuse(status, ABSENT)),
            Do(DeleteAbsent::Success) => Ok(Done::unchanged(
                voice.json(switches.delete_status, &json!({ "status": "success" })),
            )),
            Do(DeleteAbsent::Failure) => Ok(Done::unchanged(voice.json(OK, &json!({ "status": "failure" })))),
        };
    };
    let whole_name = store.clients[meant].client_name.clone();
    match switches.same_name_delete {
        SameNameDelete::One => store.remove(|index, _| index == meant),
        SameNameDelete::All => store.remove(|_, client| client.client_name == whole_name),
    };
    Ok(Done::changed(
        voice.json(switches.delete_status, &json!({ "status": "success" })),
    ))
}

fn create(
    store: &mut Store,
    voice: Voice<'_>,
    name: &str,
    scope: Option<&str>,
    status: Success,
) -> Result<Done, Answer> {
    let scope = grantable(store, voice, scope)?;
    let client = store.add(voice.switches, name, scope);
    Ok(Done::changed(
        voice.json(status, &voice.client(&client, Shown::Change)),
    ))
}

fn show(store: &Store, voice: Voice<'_>, index: usize, status: Success) -> Answer {
    match store.clients.get(index) {
        Some(client) => voice.json(status, &voice.client(client, Shown::Change)),
        None => voice.refuse(500, ABSENT),
    }
}

fn check_name(voice: Voice<'_>, name: &str) -> Result<(), Answer> {
    match usize::try_from(voice.switches.name_limit) {
        Ok(limit @ 1..) if name.chars().count() > limit => Err(voice.refuse(400, "client_name is too long")),
        _ => Ok(()),
    }
}

/// The scope that a client gets when it asks for this one.
fn grantable(store: &mut Store, voice: Voice<'_>, asked: Option<&str>) -> Result<String, Answer> {
    let asked = asked.unwrap_or_default();
    let scopes: Vec<&str> = asked.split_whitespace().collect();
    if scopes.is_empty() {
        return match voice.switches.empty_scope {
            Refuse(status) => Err(voice.refuse(status, "scope is missing")),
            Do(EmptyScope::Accept) => Ok(String::new()),
            Do(EmptyScope::All) => Ok(store.scopes.join(" ")),
        };
    }
    let known = |scope: &str| store.scopes.iter().any(|known| known == scope);
    let unknown: Vec<String> = scopes
        .iter()
        .filter(|scope| !known(scope))
        .map(ToString::to_string)
        .collect();
    if unknown.is_empty() {
        return Ok(asked.to_owned());
    }
    match voice.switches.unknown_scope {
        Refuse(status) => Err(voice.refuse(
            status,
            &format!("these scopes are not provisioned: {}", unknown.join(" ")),
        )),
        Do(UnknownScope::Accept) => Ok(asked.to_owned()),
        Do(UnknownScope::Drop) => {
            let kept: Vec<&str> = scopes.into_iter().filter(|scope| known(scope)).collect();
            Ok(kept.join(" "))
        }
        Do(UnknownScope::Provision) => {
            for scope in unknown {
                if !store.scopes.contains(&scope) {
                    store.scopes.push(scope);
                }
            }
            Ok(asked.to_owned())
        }
    }
}
