//! The calls under `/client-grants`.

use serde_json::{Map, Value, json};

use super::clients::{NO_CONTENT, OK, deleted_before};
use super::paging::{self, Items};
use super::refusal::Refusal;
use super::schema::{self, Field, Kind, field, nullable};
use super::state::{Grant, Store, grant_id};
use super::voice::{Voice, said};
use crate::Done;
use crate::http::Answer;
use crate::switch::Success;

/// The most characters of a scope.
const SCOPE: usize = 280;
const SUBJECTS: Kind = Kind::Choice(&["client", "user"]);
const USAGES: Kind = Kind::Choice(&["deny", "allow", "require"]);

const CHANGED: [Field; 5] = [
    field("scope", Kind::Texts(SCOPE)),
    nullable("organization_usage", USAGES),
    field("allow_any_organization", Kind::Flag),
    field("authorization_details_types", Kind::Texts(255)),
    field("allow_all_scopes", Kind::Flag),
];

fn not_there() -> Refusal {
    Refusal::absent("inexistent_client_grant", "The client grant does not exist")
}

fn shown(voice: Voice<'_>, grant: &Grant) -> Value {
    let mut fields = grant.others.clone();
    fields.insert("id".to_owned(), json!(grant.id));
    fields.insert("client_id".to_owned(), json!(grant.client_id));
    fields.insert("audience".to_owned(), json!(grant.audience));
    fields.insert("scope".to_owned(), json!(grant.scope));
    if grant.subject_type.is_some() || voice.switches.subject_type_shown.0 {
        fields.insert("subject_type".to_owned(), json!(grant.subject_type()));
    }
    Value::Object(fields)
}

/// GET `/client-grants`.
pub fn list(store: &mut Store, voice: Voice<'_>) -> Result<Answer, Refusal> {
    voice.need(&["read:client_grants"])?;
    let asked = |name: &str| voice.request.parameter(name);
    let (client_id, audience, subject) = (asked("client_id"), asked("audience"), asked("subject_type"));
    let grants = store.grants.seen(voice.switches.read_lag_ms).iter();
    let grants = grants.filter(|grant| {
        client_id.as_ref().is_none_or(|id| grant.client_id == *id)
            && audience
                .as_ref()
                .is_none_or(|audience| grant.audience == *audience)
            && subject
                .as_ref()
                .is_none_or(|subject| grant.subject_type() == subject)
    });
    let grants = grants
        .map(|grant| (grant.id.clone(), shown(voice, grant)))
        .collect();
    let items = Items::new("client_grants", grants);
    let body = paging::page(&mut store.checkpoints, voice, items)?;
    Ok(said(OK, &body))
}

/// GET `/client-grants/<id>`.
pub fn get(store: &Store, voice: Voice<'_>, id: &str) -> Result<Answer, Refusal> {
    voice.need(&["read:client_grants"])?;
    let mut grants = store.grants.seen(voice.switches.read_lag_ms).iter();
    let grant = grants.find(|grant| grant.id == id).ok_or_else(not_there)?;
    Ok(said(OK, &shown(voice, grant)))
}

fn texts(value: Option<Value>) -> Option<Vec<String>> {
    let Some(Value::Array(items)) = value else {
        return None;
    };
    let items = items.into_iter();
    let texts = items.filter_map(|item| match item {
        Value::String(text) => Some(text),
        _ => None,
    });
    Some(texts.collect())
}

fn text(sent: &mut Map<String, Value>, name: &str) -> Option<String> {
    match sent.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// POST `/client-grants`. Whether the API knows the scopes is not looked at.
pub fn create(store: &mut Store, voice: Voice<'_>) -> Result<Done, Refusal> {
    voice.need(&["create:client_grants"])?;
    let mut fields = vec![
        field("client_id", Kind::Text(1, 64)),
        field("audience", Kind::Text(1, 600)),
        field("subject_type", SUBJECTS),
    ];
    fields.extend(CHANGED);
    let mut sent = schema::read(voice, &fields, &["client_id", "audience"])?;
    let scope = texts(sent.remove("scope"));
    if scope.is_none() && sent.get("allow_all_scopes") != Some(&json!(true)) {
        return Err(Refusal::body("'Missing required property: scope'"));
    }
    let grant = Grant {
        id: grant_id(),
        client_id: text(&mut sent, "client_id").unwrap_or_default(),
        audience: text(&mut sent, "audience").unwrap_or_default(),
        scope: scope.unwrap_or_default(),
        subject_type: text(&mut sent, "subject_type"),
        others: sent,
    };
    let missing = voice.switches.grant_target_absent.0;
    if store.position(&grant.client_id).is_none() {
        return Err(Refusal::no_client().with_status(missing));
    }
    if !store
        .apis
        .now()
        .iter()
        .any(|api| api.identifier == grant.audience)
    {
        let message = "The resource server does not exist";
        return Err(Refusal::new(missing, "inexistent_resource_server", message));
    }
    let taken = store.grants.now().iter().any(|other| {
        other.client_id == grant.client_id
            && other.audience == grant.audience
            && other.subject_type() == grant.subject_type()
    });
    if taken {
        let (client_id, audience) = (&grant.client_id, &grant.audience);
        let message = format!("A client grant already exists between {client_id} and {audience}");
        return Err(Refusal::uncoded(409, message));
    }
    let answer = said(Success(201), &shown(voice, &grant));
    store.grants.change().push(grant);
    Ok(Done::changed(answer))
}

/// PATCH `/client-grants/<id>`.
pub fn update(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    voice.need(&["update:client_grants"])?;
    let mut sent = schema::read_change(voice, &CHANGED)?;
    let mut grants = store.grants.now().iter();
    let index = grants.position(|grant| grant.id == id).ok_or_else(not_there)?;
    let before = store.grants.now()[index].clone();
    let mut grant = before.clone();
    grant.scope = texts(sent.remove("scope")).unwrap_or(grant.scope);
    for (name, value) in sent {
        match value {
            Value::Null => drop(grant.others.remove(&name)),
            value => drop(grant.others.insert(name, value)),
        }
    }
    let answer = said(OK, &shown(voice, &grant));
    let changed = grant != before;
    store.grants.change()[index] = grant;
    Ok(Done { answer, changed })
}

/// DELETE `/client-grants/<id>`.
pub fn delete(store: &mut Store, voice: Voice<'_>, id: &str) -> Result<Done, Refusal> {
    voice.need(&["delete:client_grants"])?;
    let mut grants = store.grants.now().iter();
    let Some(index) = grants.position(|grant| grant.id == id) else {
        return deleted_before(voice, not_there());
    };
    store.grants.change().remove(index);
    Ok(Done::changed(Answer::empty(NO_CONTENT)))
}
