//! The calls under `/admin/clients`.

use hyper::header::{HeaderValue, LOCATION};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::choices::{Filters, PatchJwksUri, PatchType, Release, UpdateAnswer};
use super::document::Wish;
use super::state::{Client, Store};
use super::voice::{Refusal, Source, Voice};
use super::{fields, pages, patch};
use crate::Done;
use crate::http::Answer;
use crate::listing::sort;
use crate::management_choices::DeleteAbsent;
use crate::random::uuid;
use crate::speech::with_headers;
use crate::switch::Either::{Do, Refuse};
use crate::switch::Success;

const OK: Success = Success(200);
/// Everything but the characters that RFC 3986 calls unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// GET `/admin/clients`.
pub fn list(store: &Store, voice: Voice<'_>) -> Result<Answer, Refusal> {
    let switches = voice.switches;
    let mut clients = store.clients.seen(switches.read_lag_ms).to_vec();
    let total = clients.len();
    if switches.filters == Filters::Applied {
        for name in ["client_name", "owner"] {
            let asked = voice.request.parameter(name).filter(|asked| !asked.is_empty());
            clients.retain(|client| {
                asked
                    .as_ref()
                    .is_none_or(|asked| client.text(name) == Some(asked))
            });
        }
    }
    sort(&mut clients, switches.list_order, |client| &client.client_id);
    let page = pages::page(voice, &clients, total)?;
    let items = page
        .clients
        .iter()
        .map(|client| voice.client(client, Source::Store));
    let items = items.map(Value::Object).collect();
    let mut answer = voice.json(OK, &Value::Array(items));
    answer.headers.extend(page.headers);
    Ok(answer)
}

/// GET `/admin/clients/<client_id>`.
pub fn get(store: &Store, voice: Voice<'_>, id: &str) -> Result<Answer, Refusal> {
    let switches = voice.switches;
    let mut clients = store.clients.seen(switches.read_lag_ms).iter();
    let client = clients.find(|client| super::state::same_id(switches, &client.client_id, id));
    let client = client.ok_or_else(|| Refusal::absent(switches.absent.0))?;
    Ok(voice.json(OK, &Value::Object(voice.client(client, Source::Store))))
}

/// POST `/admin/clients`.
pub fn register(store: &mut Store, voice: Voice<'_>) -> Result<Done, Refusal> {
    let switches = voice.switches;
    let mut wish = Wish::read(voice)?;
    wish.settle(voice)?;
    let client_id = wish.client_id.unwrap_or_else(uuid);
    if store.position(switches, &client_id).is_some() {
        let error = "Unable to insert or update resource because a resource with that value exists already";
        return Err(Refusal::new(switches.duplicate_id.0, error, ""));
    }
    let now = Timestamp::now();
    let client = Client {
        client_id,
        client_secret: wish.client_secret.unwrap_or_else(Store::new_secret),
        rotated_secrets: Vec::new(),
        created_at: now,
        updated_at: now,
        document: wish.document,
    };
    let mut shown = voice.client(&client, Source::Request);
    if client.auth_method() != "none" {
        shown.insert("client_secret".to_owned(), json!(client.client_secret));
    }
    let id = utf8_percent_encode(&client.client_id, SEGMENT).to_string();
    let address = format!("{}/oauth2/register/{id}", voice.public_url);
    shown.insert("registration_access_token".to_owned(), json!(store.new_token()));
    shown.insert("registration_client_uri".to_owned(), json!(address));
    let path = match switches.release {
        Release::V1 => "/clients",
        Release::V2 | Release::V26 => "/admin/clients",
    };
    let location = HeaderValue::from_str(&format!("{path}/{id}")).ok();
    let answer = voice.json(switches.register_status, &Value::Object(shown));
    store.add(client);
    Ok(Done::changed(with_headers(
        answer,
        location.map(|location| (LOCATION, location)),
    )))
}

/// PUT `/admin/clients/<client_id>`: what the request does not say is unset, but for the secret.
pub fn update(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    let wish = Wish::read(voice)?;
    let said = (voice.switches.update_status, Source::Request);
    write(store, voice, id, wish, said)
}

/// PATCH `/admin/clients/<client_id>`.
pub fn patch(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    let switches = voice.switches;
    let media_type = voice.request.media_type();
    let refused = match switches.patch_type {
        PatchType::Any => false,
        PatchType::Json => media_type != "application/json",
        PatchType::JsonPatch => media_type != "application/json-patch+json",
    };
    if refused {
        return Err(Refusal::new(415, "The media type is not supported", ""));
    }
    let client = &store.clients.now()[place(store, voice, id)?];
    let patched = patch::patched(switches, client, &voice.request.body);
    let patched = patched.ok_or_else(|| Refusal::unrecognizable(switches.patch_refused.0))?;
    let wish = Wish::of(voice, patched).map_err(|_| Refusal::unrecognizable(switches.patch_refused.0))?;
    check_jwks_uri(voice, &wish.document)?;
    // A patch that names another client changes that one.
    let id = wish.client_id.clone().unwrap_or_else(|| id.to_owned());
    write(store, voice, &id, wish, (switches.patch_status, Source::Store))
}

/// PUT `/admin/clients/<client_id>/lifespans`: those that the request does not say are unset.
pub fn set_lifespans(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    let switches = voice.switches;
    let index = place(store, voice, id)?;
    let lifespans = Wish::lifespans(voice)?;
    let mut client = store.clients.now()[index].clone();
    client
        .document
        .retain(|name, _| fields::lifespans(switches.release).all(|lifespan| lifespan.name != name));
    client.document.extend(lifespans.clone());
    check_jwks_uri(voice, &client.document)?;
    let change = Change {
        status: switches.lifespans_status,
        source: Source::Store,
        secret: None,
        sent: lifespans,
    };
    Ok(put(store, voice, index, client, change))
}

/// What comes from the store has keys, even if it has none.
fn check_jwks_uri(voice: Voice<'_>, document: &Map<String, Value>) -> Result<(), Refusal> {
    match voice.switches.patch_jwks_uri {
        Refuse(status) if document.contains_key("jwks_uri") => Err(Refusal::both_keys(status)),
        Refuse(_) | Do(PatchJwksUri::Accepted) => Ok(()),
    }
}

/// DELETE `/admin/clients/<client_id>`.
pub fn delete(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    let switches = voice.switches;
    match (store.position(switches, id), switches.delete_absent) {
        (Some(index), _) => {
            let client = store.remove(index);
            let shown = Value::Object(voice.client(&client, Source::Store));
            Ok(Done::changed(voice.json(switches.delete_status, &shown)))
        }
        (None, Refuse(status)) => Err(Refusal::absent(status)),
        (None, Do(DeleteAbsent::Success)) => Ok(Done::unchanged(Answer::empty(switches.delete_status.0))),
    }
}

/// Where the client of an id is.
pub fn place(store: &Store, voice: Voice<'_>, id: &str) -> Result<usize, Refusal> {
    let place = store.position(voice.switches, id);
    place.ok_or_else(|| Refusal::absent(voice.switches.absent.0))
}

/// What is to be said of a change.
struct Change {
    status: Success,
    source: Source,
    /// The secret that was set.
    secret: Option<String>,
    /// The fields that the request said.
    sent: Map<String, Value>,
}

/// Makes a client what a request wants it to be.
fn write(
    store: &mut Store,
    voice: Voice<'_>,
    id: &str,
    mut wish: Wish,
    (status, source): (Success, Source),
) -> Result<Done, Refusal> {
    let sent = wish.document.clone();
    wish.settle(voice)?;
    let index = place(store, voice, id)?;
    let mut client = Client {
        document: wish.document,
        ..store.clients.now()[index].clone()
    };
    if let Some(secret) = wish.client_secret.clone() {
        client.set_secret(secret);
    }
    let change = Change {
        status,
        source,
        secret: wish.client_secret,
        sent,
    };
    Ok(put(store, voice, index, client, change))
}

/// Puts a client in the place of the one before, and says so.
fn put(store: &mut Store, voice: Voice<'_>, index: usize, mut client: Client, change: Change) -> Done {
    let switches = voice.switches;
    client.updated_at = Timestamp::now();
    let mut shown = voice.client(&client, change.source);
    if switches.update_answer == UpdateAnswer::Sparse {
        shown.retain(|name, _| change.sent.contains_key(name) || name == "client_id");
    }
    if let Some(secret) = change.secret.filter(|_| switches.set_secret_shown.0) {
        shown.insert("client_secret".to_owned(), json!(secret));
    }
    let answer = match switches.update_answer {
        UpdateAnswer::Client | UpdateAnswer::Sparse => voice.json(change.status, &Value::Object(shown)),
        UpdateAnswer::EmptyObject => voice.json(change.status, &json!({})),
        UpdateAnswer::Nothing => Answer::empty(change.status.0),
    };
    let changed = !client.is_like(&store.clients.now()[index]);
    store.replace(index, client);
    Done { answer, changed }
}
