//! The calls under `/resource-servers`.

use serde_json::{Map, Value, json};

use super::clients::{NO_CONTENT, OK, deleted_before};
use super::paging::{self, Items};
use super::refusal::Refusal;
use super::schema::{self, Field, Kind, field, nullable};
use super::state::{Api, Store, api_id};
use super::voice::{Voice, said};
use crate::Done;
use crate::http::Answer;
use crate::switch::Success;

const LONG: usize = 4096;
/// What of the Management API itself can be changed.
const OF_SYSTEM: [&str; 2] = [
    "token_lifetime",
    "skip_consent_for_verifiable_first_party_clients",
];

const CHANGED: [Field; 15] = [
    field("name", Kind::Name),
    field("scopes", Kind::Objects),
    field("signing_alg", Kind::Choice(&["HS256", "RS256", "RS512", "PS256"])),
    field("signing_secret", Kind::Text(16, LONG)),
    field("allow_offline_access", Kind::Flag),
    field("token_lifetime", Kind::Number),
    field("token_lifetime_for_web", Kind::Number),
    field("token_dialect", Kind::Text(1, LONG)),
    field("skip_consent_for_verifiable_first_party_clients", Kind::Flag),
    field("enforce_policies", Kind::Flag),
    nullable("token_encryption", Kind::Object),
    nullable("consent_policy", Kind::Text(1, LONG)),
    nullable("authorization_details", Kind::Objects),
    nullable("proof_of_possession", Kind::Object),
    field("subject_type_authorization", Kind::Object),
];

fn not_there() -> Refusal {
    Refusal::absent("inexistent_resource_server", "The resource server does not exist")
}

fn shown(api: &Api) -> Value {
    let mut fields = api.document.clone();
    fields.insert("id".to_owned(), json!(api.id));
    fields.insert("identifier".to_owned(), json!(api.identifier));
    if api.is_system {
        fields.insert("is_system".to_owned(), json!(true));
    }
    Value::Object(fields)
}

/// An API with its defaults.
pub fn made_up(identifier: &str, sent: Map<String, Value>) -> Api {
    let mut document = sent;
    let mut default = |name: &str, value: Value| {
        document.entry(name).or_insert(value);
    };
    default("allow_offline_access", json!(false));
    default("skip_consent_for_verifiable_first_party_clients", json!(false));
    default("token_lifetime", json!(86_400));
    default("token_lifetime_for_web", json!(7200));
    default("signing_alg", json!("RS256"));
    Api {
        id: api_id(),
        identifier: identifier.to_owned(),
        is_system: false,
        document,
    }
}

/// The scopes of an API as its document has them.
pub fn scopes<T: AsRef<str>>(scopes: &[T]) -> Value {
    let scopes = scopes.iter();
    scopes.map(|scope| json!({ "value": scope.as_ref() })).collect()
}

/// GET `/resource-servers`.
pub fn list(store: &mut Store, voice: Voice<'_>) -> Result<Answer, Refusal> {
    voice.need(&["read:resource_servers"])?;
    let query = voice.request.query.as_deref().unwrap_or_default();
    let wanted: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "identifiers" || name == "identifiers[]")
        .map(|(_, value)| value.into_owned())
        .collect();
    let apis = store.apis.seen(voice.switches.read_lag_ms).iter();
    let apis = apis.filter(|api| wanted.is_empty() || wanted.contains(&api.identifier));
    let apis = apis.map(|api| (api.id.clone(), shown(api))).collect();
    let items = Items::new("resource_servers", apis);
    let body = paging::page(&mut store.checkpoints, voice, items)?;
    Ok(said(OK, &body))
}

/// GET `/resource-servers/<id or identifier>`.
pub fn get(store: &Store, voice: Voice<'_>, name: &str) -> Result<Answer, Refusal> {
    voice.need(&["read:resource_servers"])?;
    let mut apis = store.apis.seen(voice.switches.read_lag_ms).iter();
    let api = apis.find(|api| api.is(name)).ok_or_else(not_there)?;
    Ok(said(OK, &shown(api)))
}

fn check_scopes(sent: &Map<String, Value>) -> Result<(), Refusal> {
    let scopes = sent.get("scopes").and_then(Value::as_array);
    let named = |scope: &Value| scope["value"].as_str().is_some_and(|value| !value.is_empty());
    if scopes.is_some_and(|scopes| !scopes.iter().all(named)) {
        return Err(Refusal::body(
            "'Missing required property: value' on property scopes",
        ));
    }
    Ok(())
}

/// POST `/resource-servers`.
pub fn create(store: &mut Store, voice: Voice<'_>) -> Result<Done, Refusal> {
    voice.need(&["create:resource_servers"])?;
    let mut fields = vec![field("identifier", Kind::Text(1, 600))];
    fields.extend(CHANGED);
    let mut sent = schema::read(voice, &fields, &["identifier"])?;
    check_scopes(&sent)?;
    sent.retain(|_, value| !value.is_null());
    let identifier = sent.remove("identifier");
    let api = made_up(
        identifier.as_ref().and_then(Value::as_str).unwrap_or_default(),
        sent,
    );
    if store.api_position(&api.identifier).is_some() {
        let message = "A resource server with the same identifier already exists";
        return Err(Refusal::uncoded(409, message));
    }
    let answer = said(Success(201), &shown(&api));
    store.apis.change().push(api);
    Ok(Done::changed(answer))
}

/// PATCH `/resource-servers/<id or identifier>`.
pub fn update(store: &mut Store, voice: Voice<'_>, name: &str) -> Result<Done, Refusal> {
    voice.need(&["update:resource_servers"])?;
    let sent = schema::read_change(voice, &CHANGED)?;
    check_scopes(&sent)?;
    let index = store.api_position(name).ok_or_else(not_there)?;
    let before = store.apis.now()[index].clone();
    let mut api = before.clone();
    let fixed = sent
        .keys()
        .find(|name| api.is_system && !OF_SYSTEM.contains(&name.as_str()));
    if let Some(name) = fixed {
        return Err(Refusal::body(format!(
            "'Additional properties not allowed: {name}'"
        )));
    }
    for (name, value) in sent {
        match value {
            Value::Null => drop(api.document.remove(&name)),
            value => drop(api.document.insert(name, value)),
        }
    }
    let answer = said(voice.switches.api_update_status, &shown(&api));
    let changed = api != before;
    store.apis.change()[index] = api;
    Ok(Done { answer, changed })
}

/// DELETE `/resource-servers/<id or identifier>`, and its grants.
pub fn delete(store: &mut Store, voice: Voice<'_>, name: &str) -> Result<Done, Refusal> {
    voice.need(&["delete:resource_servers"])?;
    let Some(index) = store.api_position(name) else {
        return deleted_before(voice, not_there());
    };
    if store.apis.now()[index].is_system {
        let message = "A system API cannot be deleted";
        return Err(Refusal::new(400, "operation_not_supported", message));
    }
    let api = store.apis.change().remove(index);
    store
        .grants
        .change()
        .retain(|grant| grant.audience != api.identifier);
    Ok(Done::changed(Answer::empty(NO_CONTENT)))
}
