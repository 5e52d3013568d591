//! The calls under `/clients`.

use serde_json::{Map, Value};

use super::choices::{GrantsOfDeleted, PatchScopes, SecretAfterKeys};
use super::credentials;
use super::document::{self, FIELDS, METHODS, SECRET};
use super::paging::{self, Items, flag};
use super::refusal::Refusal;
use super::schema;
use super::state::{Client, Store, made_up, new_secret};
use super::voice::{Shown, Voice, said};
use crate::Done;
use crate::http::Answer;
use crate::management_choices::{DeleteAbsent, Field, ListOrder};
use crate::switch::Either::{Do, Refuse};
use crate::switch::Success;

/// Status of what has no switch for it.
pub const OK: Success = Success(200);
/// Status of a DELETE.
pub const NO_CONTENT: u16 = 204;

/// Who may read clients.
pub const READ: [&str; 4] = [
    "read:clients",
    "read:client_keys",
    "read:client_credentials",
    "read:client_summary",
];
const UPDATE: &str = "update:clients";
const UPDATE_KEYS: &str = "update:client_keys";
const UPDATE_CREDENTIALS: &str = "update:client_credentials";

/// GET `/clients`.
pub fn list(store: &mut Store, voice: Voice<'_>) -> Result<Answer, Refusal> {
    voice.need(&READ)?;
    let wanted = wanted(voice)?;
    let shown = |clients: Vec<Client>| -> Vec<_> {
        let clients = clients.iter().filter(|client| wanted.fits(client));
        clients
            .map(|client| (client.client_id.clone(), voice.client(client, Shown::Listed)))
            .collect()
    };
    let switches = voice.switches;
    let items = Items {
        key: "clients",
        paged: shown(store.listed(switches, switches.list_order)),
        walked: shown(store.listed(switches, ListOrder::Insertion)),
    };
    let body = paging::page(&mut store.checkpoints, voice, items)?;
    Ok(said(OK, &body))
}

/// The filters of a list.
struct Wanted {
    app_types: Option<String>,
    global: Option<bool>,
    first_party: Option<bool>,
}

fn wanted(voice: Voice<'_>) -> Result<Wanted, Refusal> {
    if voice.request.parameter("q").is_some() {
        return Err(Refusal::query("'No such query is permitted' on property q"));
    }
    Ok(Wanted {
        app_types: voice.request.parameter("app_type"),
        global: flag(voice, "is_global")?,
        first_party: flag(voice, "is_first_party")?,
    })
}

impl Wanted {
    fn fits(&self, client: &Client) -> bool {
        let field = |name: &str| client.document.get(name).unwrap_or(&Value::Null);
        let app_type = field("app_type").as_str().unwrap_or_default();
        let of_type = |types: &String| types.split(',').any(|one| one.trim() == app_type);
        self.app_types.as_ref().is_none_or(of_type)
            && self.global.is_none_or(|global| client.global == global)
            && self
                .first_party
                .is_none_or(|first| field("is_first_party").as_bool() == Some(first))
    }
}

/// GET `/clients/<client_id>`.
pub fn get(store: &Store, voice: Voice<'_>, id: &str) -> Result<Answer, Refusal> {
    voice.need(&READ)?;
    let mut clients = store.clients.seen(voice.switches.read_lag_ms).iter();
    let client = clients.find(|client| client.client_id == id);
    let client = client.ok_or_else(Refusal::no_client)?;
    Ok(said(OK, &voice.client(client, Shown::Read)))
}

/// POST `/clients`.
pub fn register(store: &mut Store, voice: Voice<'_>) -> Result<Done, Refusal> {
    voice.need(&["create:clients"])?;
    let switches = voice.switches;
    let mut sent = schema::read(voice, FIELDS, &["name"])?;
    let secret = match (sent.remove(SECRET), switches.secret_at_create) {
        (Some(_), Refuse(status)) => {
            let refusal = Refusal::body(format!("'Additional properties not allowed: {SECRET}'"));
            return Err(refusal.with_status(status));
        }
        (secret, Do(Field::Applied)) => secret,
        (_, Refuse(_) | Do(Field::Ignored)) => None,
    };
    let keys = credentials::sent_with(voice, &mut sent)?;
    let most = usize::try_from(switches.client_limit).unwrap_or(usize::MAX);
    let there = store.clients.now().iter().filter(|client| !client.global).count();
    if most > 0 && there >= most {
        let message = "You reached the limit of entities of this type for this tenant.";
        return Err(Refusal::new(403, "too_many_entities", message));
    }
    let mut client = made_up(switches, document::registered(switches, sent)?);
    client.credentials = keys;
    if let Some(Value::String(secret)) = secret {
        client.client_secret = secret;
    }
    let shown = voice.client(&client, Shown::Registered);
    store.add(client);
    Ok(Done::changed(said(switches.register_status, &shown)))
}

/// PATCH `/clients/<client_id>`.
pub fn update(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    voice.need(&[UPDATE, UPDATE_KEYS, UPDATE_CREDENTIALS])?;
    let switches = voice.switches;
    let mut sent = schema::read_change(voice, FIELDS)?;
    if switches.patch_scopes == PatchScopes::PerField {
        check_scopes(voice, &sent)?;
    }
    let index = store.position(id).ok_or_else(Refusal::no_client)?;
    let before = &store.clients.now()[index];
    let secret = sent.remove(SECRET);
    if let Some(methods) = sent.get(METHODS) {
        credentials::check_attached(voice, before, methods)?;
    }
    let mut client = Client {
        document: document::changed(switches, &before.document, sent)?,
        ..before.clone()
    };
    if before.uses_keys() && !client.uses_keys() && switches.secret_after_keys == SecretAfterKeys::New {
        client.client_secret = new_secret(switches);
    }
    if let Some(Value::String(secret)) = secret {
        client.client_secret = secret;
    }
    let shown = voice.client(&client, Shown::Changed);
    Ok(Done {
        changed: store.replace(index, client),
        answer: said(switches.update_status, &shown),
    })
}

fn check_scopes(voice: Voice<'_>, sent: &Map<String, Value>) -> Result<(), Refusal> {
    sent.keys().try_for_each(|name| match name.as_str() {
        SECRET => voice.need(&[UPDATE_KEYS]),
        METHODS => voice.need(&[UPDATE_CREDENTIALS]),
        _ => voice.need(&[UPDATE]),
    })
}

/// POST `/clients/<client_id>/rotate-secret`.
pub fn rotate(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    voice.need(&[UPDATE_KEYS])?;
    let index = store.position(id).ok_or_else(Refusal::no_client)?;
    let mut client = store.clients.now()[index].clone();
    if client.uses_keys() {
        let message = "The secret of a client that uses private_key_jwt cannot be rotated";
        let status = voice.switches.rotate_with_keys.0;
        return Err(Refusal::new(status, "operation_not_supported", message));
    }
    client.client_secret = new_secret(voice.switches);
    let shown = voice.client(&client, Shown::Changed);
    Ok(Done {
        changed: store.replace(index, client),
        answer: said(OK, &shown),
    })
}

/// DELETE `/clients/<client_id>`.
pub fn delete(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    voice.need(&["delete:clients"])?;
    let Some(index) = store.position(id) else {
        return deleted_before(voice, Refusal::no_client());
    };
    if store.clients.now()[index].global {
        let status = voice.switches.delete_global.0;
        let message = "The global client cannot be deleted";
        return Err(Refusal::new(status, "operation_not_supported", message));
    }
    store.clients.change().remove(index);
    if voice.switches.grants_of_deleted == GrantsOfDeleted::Removed {
        store.grants.change().retain(|grant| grant.client_id != id);
    }
    Ok(Done::changed(Answer::empty(NO_CONTENT)))
}

/// The answer to a DELETE of what is not there.
pub fn deleted_before(voice: Voice<'_>, absent: Refusal) -> Result<Done, Refusal> {
    match voice.switches.delete_absent {
        Refuse(status) => Err(absent.with_status(status)),
        Do(DeleteAbsent::Success) => Ok(Done::unchanged(Answer::empty(NO_CONTENT))),
    }
}
