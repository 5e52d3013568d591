//! The calls under `/clientapps`.

use hyper::header::{HeaderValue, LOCATION};
use serde_json::{Value, json};

use super::choices::{Enable, Omitted, RegisterAnswer};
use super::document::{Wish, settle};
use super::state::{App, Store};
use super::voice::{Shown, Voice};
use crate::Done;
use crate::http::Answer;
use crate::listing::sort;
use crate::management_choices::{ChangeAnswer, DeleteAbsent, Duplicate, Field, Freed, GetAbsent};
use crate::speech::with_headers;
use crate::switch::Either::{self, Do, Refuse};
use crate::switch::Success;

const OK: Success = Success(200);
const ABSENT: &str = "there is no such app";
const TAKEN: &str = "an app with this clientId exists already";

/// GET `/clientapps`.
pub fn list(store: &Store, voice: Voice<'_>) -> Answer {
    let switches = voice.switches;
    let mut apps = store.apps.seen(switches.read_lag_ms).to_vec();
    sort(&mut apps, switches.list_order, |app| &app.app_name);
    let items: Vec<Value> = apps.iter().map(|app| voice.app(app, Shown::List)).collect();
    let page = voice.listing().page(&items, voice.request);
    with_headers(voice.json(OK, &page.body), page.headers)
}

/// GET `/dashboard/clients`.
pub fn dashboard(store: &Store, voice: Voice<'_>) -> Answer {
    let total = store.apps.seen(voice.switches.read_lag_ms).len();
    voice.json(OK, &json!({ "totalClientApps": total }))
}

/// GET `/clientapps/<clientInfoId>`.
pub fn get(store: &Store, voice: Voice<'_>, id: &str) -> Answer {
    let mut apps = store.apps.seen(voice.switches.read_lag_ms).iter();
    if let Some(app) = apps.find(|app| app.client_info_id == id) {
        return voice.json(OK, &voice.app(app, Shown::Read));
    }
    match voice.switches.get_absent {
        Refuse(status) => voice.refuse(status, ABSENT),
        Do(GetAbsent::Null) => voice.json(OK, &Value::Null),
        Do(GetAbsent::EmptyObject) => voice.json(OK, &json!({})),
        Do(GetAbsent::EmptyBody) => Answer::empty(200),
    }
}

/// POST `/clientapps`.
pub fn register(store: &mut Store, voice: Voice<'_>) -> Result<Done, Answer> {
    let switches = voice.switches;
    let app = Wish::read(voice)?.registered(voice)?;
    check_name(store, voice, &app, None)?;
    let taken = store.position_of(&app.client_id);
    if taken.is_none()
        && switches.deleted_client_id == Freed::Taken
        && store.known_ids.contains(&app.client_id)
    {
        let status = refusal_of(switches.duplicate_client_id);
        return Err(voice.refuse(status, "an app with this clientId was registered before"));
    }
    let (app, changed) = match (taken, switches.duplicate_client_id) {
        (None, _) | (Some(_), Do(Duplicate::Second)) => (store.add(switches, app), true),
        (Some(_), Refuse(status)) => return Err(voice.refuse(status, TAKEN)),
        (Some(index), Do(Duplicate::Keep)) => (store.apps.now()[index].clone(), false),
        (Some(index), Do(Duplicate::Overwrite)) => {
            let client_info_id = store.apps.now()[index].client_info_id.clone();
            let app = App {
                client_info_id,
                ..app
            };
            store.replace(switches, index, app.clone());
            (app, true)
        }
    };
    let answer = registered(voice, &app);
    Ok(Done { answer, changed })
}

fn registered(voice: Voice<'_>, app: &App) -> Answer {
    let status = voice.switches.register_status;
    let mut shown = voice.app(app, Shown::Registered);
    match voice.switches.register_answer {
        RegisterAnswer::App => {}
        RegisterAnswer::Ids => {
            shown = json!({ "clientInfoId": voice.info_id(&app.client_info_id), "clientId": app.client_id });
        }
        RegisterAnswer::WithoutInfoId => {
            if let Value::Object(fields) = &mut shown {
                fields.remove("clientInfoId");
            }
        }
        RegisterAnswer::Location => {
            let address = format!("{}/{}", voice.request.path, app.client_info_id);
            let location = HeaderValue::from_str(&address).ok();
            return with_headers(Answer::empty(status.0), location.map(|value| (LOCATION, value)));
        }
        RegisterAnswer::Nothing => return Answer::empty(status.0),
    }
    voice.json(status, &shown)
}

/// PUT `/clientapps/<clientInfoId>`.
pub fn update(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Answer> {
    let switches = voice.switches;
    let wish = Wish::read(voice)?;
    let index = place(store, voice, id)?;
    let before = store.apps.now()[index].clone();
    let mut app = before.clone();
    match switches.omitted_in_put {
        Refuse(status) => {
            if let Some(name) = wish.missing() {
                return Err(voice.refuse(status, &format!("{name} is missing")));
            }
            reset(&mut app);
        }
        Do(Omitted::Kept) => {}
        Do(Omitted::Reset) => reset(&mut app),
        Do(Omitted::ResetSecret) => {
            reset(&mut app);
            app.client_secret.clear();
        }
    }
    let sent = wish.sent();
    take(
        voice,
        switches.put_client_id,
        "clientId",
        wish.client_id,
        &mut app.client_id,
    )?;
    // A secret that is ignored stays, even where one that is left out is removed.
    let kept = wish.client_secret.is_some().then(|| before.client_secret.clone());
    app.client_secret = kept.unwrap_or(app.client_secret);
    take(
        voice,
        switches.put_secret,
        "clientSecret",
        wish.client_secret,
        &mut app.client_secret,
    )?;
    take(
        voice,
        switches.put_enabled,
        "enabled",
        wish.enabled,
        &mut app.enabled,
    )?;
    app.app_name = wish.app_name.unwrap_or(app.app_name);
    app.authorized_grant_types = wish.grants.unwrap_or(app.authorized_grant_types);
    app.access_token_validity_seconds = wish.access.unwrap_or(app.access_token_validity_seconds);
    app.refresh_token_validity_seconds = wish.refresh.or(app.refresh_token_validity_seconds);
    app.registered_redirect_uris = wish.redirects.unwrap_or(app.registered_redirect_uris);
    settle(voice, &mut app, sent)?;
    check_name(store, voice, &app, Some(index))?;
    if app.client_id != before.client_id && store.position_of(&app.client_id).is_some() {
        return Err(voice.refuse(refusal_of(switches.duplicate_client_id), TAKEN));
    }
    let changed = app != before;
    let answer = said(voice, switches.update_status, switches.update_answer, &app);
    store.replace(switches, index, app);
    Ok(Done { answer, changed })
}

/// PUT `/clientapps/<clientInfoId>/enable`.
pub fn enable(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Answer> {
    let switches = voice.switches;
    let index = place(store, voice, id)?;
    let before = store.apps.now()[index].enabled;
    let enabled = match switches.enable {
        Refuse(status) => return Err(voice.refuse(status, "apps cannot be enabled here")),
        Do(Enable::Toggles) => !before,
        Do(Enable::Enables) => true,
    };
    let app = &mut store.apps.change()[index];
    app.enabled = enabled;
    Ok(Done {
        answer: said(voice, switches.enable_status, switches.enable_answer, app),
        changed: enabled != before,
    })
}

/// DELETE `/clientapps/<clientInfoId>`.
pub fn delete(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Answer> {
    let switches = voice.switches;
    match (store.position(id), switches.delete_absent) {
        (Some(index), _) => {
            let app = store.apps.change().remove(index);
            Ok(Done::changed(said(
                voice,
                switches.delete_status,
                switches.delete_answer,
                &app,
            )))
        }
        (None, Refuse(status)) => Err(voice.refuse(status, ABSENT)),
        (None, Do(DeleteAbsent::Success)) => Ok(Done::unchanged(Answer::empty(switches.delete_status.0))),
    }
}

fn place(store: &Store, voice: Voice<'_>, id: &str) -> Result<usize, Answer> {
    let place = store.position(id);
    place.ok_or_else(|| voice.refuse(voice.switches.update_absent.0, ABSENT))
}

/// Removes what need not be set.
fn reset(app: &mut App) {
    app.refresh_token_validity_seconds = None;
    app.registered_redirect_uris.clear();
}

/// Takes a field that PUT may not be meant to have, as a switch says.
fn take<T>(
    voice: Voice<'_>,
    rule: Either<Field>,
    name: &str,
    sent: Option<T>,
    field: &mut T,
) -> Result<(), Answer> {
    match (sent, rule) {
        (Some(_), Refuse(status)) => return Err(voice.refuse(status, &format!("{name} cannot be changed"))),
        (Some(value), Do(Field::Applied)) => *field = value,
        (Some(_), Do(Field::Ignored)) | (None, _) => {}
    }
    Ok(())
}

fn check_name(store: &Store, voice: Voice<'_>, app: &App, own: Option<usize>) -> Result<(), Answer> {
    let mut others = store.apps.now().iter().enumerate();
    let taken = others.any(|(index, other)| {
        Some(index) != own && other.app_name == app.app_name && other.client_id != app.client_id
    });
    match voice.switches.duplicate_app_name {
        Refuse(status) if taken => Err(voice.refuse(status, "an app with this appName exists already")),
        Refuse(_) | Do(_) => Ok(()),
    }
}

fn refusal_of(duplicate: Either<Duplicate>) -> u16 {
    match duplicate {
        Refuse(status) => status,
        Do(_) => 409,
    }
}

fn said(voice: Voice<'_>, status: Success, answer: ChangeAnswer, app: &App) -> Answer {
    match answer {
        ChangeAnswer::Client => voice.json(status, &voice.app(app, Shown::Changed)),
        ChangeAnswer::EmptyObject => voice.json(status, &json!({})),
        ChangeAnswer::Nothing => Answer::empty(status.0),
    }
}
