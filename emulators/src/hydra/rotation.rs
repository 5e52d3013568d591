//! POST and DELETE `/admin/clients/<client_id>/secrets/rotate`, which 26.2 does not have yet.

use serde::Deserialize;
use serde_json::{Value, json};

use super::clients::place;
use super::document::LEAST_SECRET;
use super::state::{Client, Store};
use super::voice::{Refusal, Source, Voice};
use crate::Done;
use crate::management_choices::Field;
use crate::switch::Either::{Do, Refuse};

/// What a rotation may bring with it.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    client_secret: Option<String>,
}

/// POST: a fresh secret; the one before stays good.
pub fn rotate(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    let switches = voice.switches;
    let index = place(store, voice, id)?;
    let mut client = store.clients.now()[index].clone();
    check(&client)?;
    let secret = chosen(voice)?.unwrap_or_else(Store::new_secret);
    client.rotate(secret.clone(), switches.rotated_kept);
    let mut shown = voice.client(&client, Source::Store);
    shown.insert("client_secret".to_owned(), json!(secret));
    store.replace(index, client);
    let answer = voice.json(switches.rotate_status, &Value::Object(shown));
    Ok(Done::changed(answer))
}

/// DELETE: only the newest secret stays good.
pub fn clear(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    let index = place(store, voice, id)?;
    let mut client = store.clients.now()[index].clone();
    check(&client)?;
    let changed = !client.rotated_secrets.is_empty();
    client.rotated_secrets.clear();
    let shown = Value::Object(voice.client(&client, Source::Store));
    store.replace(index, client);
    let answer = voice.json(voice.switches.clear_status, &shown);
    Ok(Done { answer, changed })
}

fn check(client: &Client) -> Result<(), Refusal> {
    if client.has_secret() {
        return Ok(());
    }
    Err(Refusal::malformed(
        "Only clients that authenticate with a secret can rotate it.",
    ))
}

/// The secret that the request brings with it, if that counts.
fn chosen(voice: Voice<'_>) -> Result<Option<String>, Refusal> {
    let body = match &voice.request.body[..] {
        [] => Body::default(),
        body => serde_json::from_slice(body).map_err(|error| Refusal::malformed(&error.to_string()))?,
    };
    let secret = body.client_secret.filter(|secret| !secret.is_empty());
    match (secret, voice.switches.rotate_chosen) {
        (Some(_), Refuse(status)) => Err(Refusal::new(
            status,
            "invalid_request",
            "the secret is not chosen",
        )),
        (Some(secret), Do(Field::Applied)) if secret.len() < LEAST_SECRET => Err(Refusal::malformed(
            "The client secret must be at least 6 characters long.",
        )),
        (secret, Do(Field::Applied)) => Ok(secret),
        (Some(_), Do(Field::Ignored)) | (None, _) => Ok(None),
    }
}
