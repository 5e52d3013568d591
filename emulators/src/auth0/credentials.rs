//! The key credentials of a client: the calls under `/clients/<client_id>/credentials`, and what registrations and
//! changes of a client say of them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::choices::{AttachNone, CredentialList};
use super::clients::{NO_CONTENT, OK, deleted_before};
use super::document::METHODS;
use super::keys::{self, ALGORITHMS};
use super::paging::flag;
use super::refusal::Refusal;
use super::schema::{self, Field, Kind, field, nullable};
use super::state::{Client, Credential, Store, credential_id};
use super::voice::{Shown, Voice, said};
use crate::Done;
use crate::http::Answer;
use crate::listing::sort;
use crate::switch::Either::{Do, Refuse};
use crate::switch::Success;

/// The most credentials that a client authenticates with.
const ATTACHED: usize = 2;
/// The most credentials of a client.
const MOST: usize = 4;
const METHOD: &str = "private_key_jwt";

const FIELDS: &[Field] = &[
    field(
        "credential_type",
        Kind::Choice(&["public_key", "cert_subject_dn", "x509_cert"]),
    ),
    field("name", Kind::Text(0, 128)),
    field("pem", Kind::Text(1, 4096)),
    field("subject_dn", Kind::Text(1, 256)),
    field("alg", Kind::Choice(&ALGORITHMS)),
    field("kid", Kind::Text(10, 64)),
    field("parse_expiry_from_cert", Kind::Flag),
    nullable("expires_at", Kind::Text(1, 40)),
];

const REQUIRED: &[&str] = &["credential_type"];

fn not_there() -> Refusal {
    Refusal::absent("inexistent_credential", "The credential does not exist")
}

/// A credential as it is sent.
fn made(document: &Map<String, Value>) -> Result<Credential, Refusal> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    if text("credential_type") != Some("public_key") {
        let message = "Only public_key is emulated";
        return Err(Refusal::new(400, "operation_not_supported", message));
    }
    let pem = text("pem").ok_or_else(|| Refusal::body("'Missing required property: pem'"))?;
    let published = keys::read(pem);
    let published = published.ok_or_else(|| Refusal::body("'pem is not an RSA key of 2048 bits or more'"))?;
    let kid = text("kid").map_or_else(|| published.key.thumbprint(), str::to_owned);
    if !kid
        .chars()
        .all(|char| char.is_ascii_alphanumeric() || "-_".contains(char))
    {
        return Err(Refusal::body(
            "'String does not match pattern ^([0-9a-zA-Z-_]){10,64}$' on property kid",
        ));
    }
    let parsed = document.get("parse_expiry_from_cert") == Some(&json!(true));
    let now = Timestamp::now();
    Ok(Credential {
        id: credential_id(),
        kid,
        alg: text("alg").unwrap_or(ALGORITHMS[0]).to_owned(),
        name: text("name").map(str::to_owned),
        created_at: now,
        updated_at: now,
        expires_at: match end(document)? {
            None if parsed => published.not_after,
            end => end,
        },
        key: published.key,
    })
}

fn end(document: &Map<String, Value>) -> Result<Option<Timestamp>, Refusal> {
    let Some(Value::String(text)) = document.get("expires_at") else {
        return Ok(None);
    };
    let end = text.parse();
    end.map(Some).map_err(|_| {
        Refusal::body("'Object didn't pass validation for format date-time' on property expires_at")
    })
}

/// The credentials of `private_key_jwt` in a document.
fn listed(methods: &Value) -> Result<&[Value], Refusal> {
    let unknown = methods
        .as_object()
        .and_then(|methods| methods.keys().find(|name| *name != METHOD));
    if let Some(name) = unknown {
        let message = format!("{name} is not emulated");
        return Err(Refusal::new(400, "operation_not_supported", message));
    }
    let property = format!("on property {METHODS}.{METHOD}.credentials");
    let Some(credentials) = methods[METHOD]["credentials"].as_array() else {
        return Err(Refusal::body(format!("'Missing required property' {property}")));
    };
    let length = credentials.len();
    if length > ATTACHED {
        let what = format!("'Array is too long ({length}), maximum {ATTACHED}' {property}");
        return Err(Refusal::body(what));
    }
    Ok(credentials)
}

fn check_offered(voice: Voice<'_>) -> Result<(), Refusal> {
    match voice.switches.key_auth {
        Refuse(status) => Err(Refusal::not_offered(
            status,
            "Private Key JWT is not part of this subscription",
        )),
        Do(_) => Ok(()),
    }
}

fn check_none(voice: Voice<'_>, count: usize) -> Result<(), Refusal> {
    match voice.switches.attach_none {
        Refuse(status) if count == 0 => {
            Err(Refusal::body("'Array is too short (0), minimum 1'").with_status(status))
        }
        Refuse(_) | Do(AttachNone::Accepted) => Ok(()),
    }
}

fn check_others<'a>(
    voice: Voice<'_>,
    mut others: impl Iterator<Item = &'a Credential>,
    credential: &Credential,
) -> Result<(), Refusal> {
    if others.any(|other| other.key == credential.key) {
        let message = "credentials contains public keys that already exist in client";
        let status = voice.switches.duplicate_key.0;
        return Err(Refusal::new(status, "invalid_body", message));
    }
    Ok(())
}

/// Takes whole credentials out of a registration, and leaves their ids in their place.
pub fn sent_with(voice: Voice<'_>, sent: &mut Map<String, Value>) -> Result<Vec<Credential>, Refusal> {
    let Some(methods) = sent.get_mut(METHODS).filter(|methods| !methods.is_null()) else {
        return Ok(Vec::new());
    };
    check_offered(voice)?;
    let mut credentials: Vec<Credential> = Vec::new();
    for document in listed(methods)? {
        let credential = made(&schema::fit(voice, FIELDS, REQUIRED, document)?)?;
        check_others(voice, credentials.iter(), &credential)?;
        credentials.push(credential);
    }
    check_none(voice, credentials.len())?;
    let ids: Vec<_> = credentials
        .iter()
        .map(|credential| json!({ "id": credential.id }))
        .collect();
    methods[METHOD]["credentials"] = json!(ids);
    Ok(credentials)
}

/// Checks what a change of a client attaches: ids of credentials that are there.
pub fn check_attached(voice: Voice<'_>, client: &Client, methods: &Value) -> Result<(), Refusal> {
    if methods.is_null() {
        return Ok(());
    }
    check_offered(voice)?;
    let attached = listed(methods)?;
    check_none(voice, attached.len())?;
    attached.iter().try_for_each(|credential| {
        let fields = credential.as_object();
        let only_id = fields.is_some_and(|fields| fields.len() == 1 && fields.contains_key("id"));
        let known = |id: &str| client.credentials.iter().any(|credential| credential.id == id);
        if !only_id {
            return Err(Refusal::body("'A credential is attached by its id'"));
        }
        if credential["id"].as_str().is_some_and(known) {
            Ok(())
        } else {
            Err(not_there().with_status(400))
        }
    })
}

fn place(store: &Store, client_id: &str) -> Result<usize, Refusal> {
    store.position(client_id).ok_or_else(Refusal::no_client)
}

/// GET `/clients/<client_id>/credentials`.
pub fn list(store: &Store, voice: Voice<'_>, client_id: &str) -> Result<Answer, Refusal> {
    voice.need(&["read:client_credentials"])?;
    let clients = store.clients.seen(voice.switches.read_lag_ms);
    let client = clients.iter().find(|client| client.client_id == client_id);
    let mut credentials = client.ok_or_else(Refusal::no_client)?.credentials.clone();
    sort(&mut credentials, voice.switches.credential_order, |credential| {
        credential.name.as_deref().unwrap_or_default()
    });
    let credentials = credentials.iter();
    let shown: Vec<_> = credentials
        .map(|credential| voice.credential(credential, Shown::Listed))
        .collect();
    let totals = flag(voice, "include_totals")?.unwrap_or(false);
    let body = match voice.switches.credential_list {
        CredentialList::AsAsked if totals => {
            json!({ "total": shown.len(), "start": 0, "limit": MOST, "credentials": shown })
        }
        CredentialList::Array | CredentialList::AsAsked => Value::Array(shown),
    };
    Ok(said(OK, &body))
}

/// GET `/clients/<client_id>/credentials/<id>`.
pub fn get(store: &Store, voice: Voice<'_>, client_id: &str, id: &str) -> Result<Answer, Refusal> {
    voice.need(&["read:client_credentials"])?;
    let clients = store.clients.seen(voice.switches.read_lag_ms);
    let client = clients.iter().find(|client| client.client_id == client_id);
    let mut credentials = client.ok_or_else(Refusal::no_client)?.credentials.iter();
    let credential = credentials
        .find(|credential| credential.id == id)
        .ok_or_else(not_there)?;
    Ok(said(OK, &voice.credential(credential, Shown::Read)))
}

/// POST `/clients/<client_id>/credentials`.
pub fn create(store: &mut Store, voice: Voice<'_>, client_id: &str) -> Result<Done, Refusal> {
    voice.need(&["create:client_credentials"])?;
    check_offered(voice)?;
    let sent = schema::read(voice, FIELDS, REQUIRED)?;
    let index = place(store, client_id)?;
    let mut client = store.clients.now()[index].clone();
    let credential = made(&sent)?;
    check_others(voice, client.credentials.iter(), &credential)?;
    if client.credentials.len() >= MOST {
        let message = format!("A client can have a maximum of {MOST} credentials.");
        return Err(Refusal::new(400, "invalid_body", message));
    }
    let shown = voice.credential(&credential, Shown::Registered);
    client.credentials.push(credential);
    store.replace(index, client);
    Ok(Done::changed(said(Success(201), &shown)))
}

/// PATCH `/clients/<client_id>/credentials/<id>`.
pub fn update(store: &mut Store, voice: Voice<'_>, client_id: &str, id: &str) -> Result<Done, Refusal> {
    voice.need(&["update:client_credentials"])?;
    let sent = schema::read_change(voice, &[nullable("expires_at", Kind::Text(1, 40))])?;
    let index = place(store, client_id)?;
    let mut client = store.clients.now()[index].clone();
    let mut credentials = client.credentials.iter_mut();
    let credential = credentials
        .find(|credential| credential.id == id)
        .ok_or_else(not_there)?;
    let end = end(&sent)?;
    if credential.expires_at != end {
        credential.expires_at = end;
        credential.updated_at = Timestamp::now();
    }
    let shown = voice.credential(credential, Shown::Changed);
    Ok(Done {
        changed: store.replace(index, client),
        answer: said(voice.switches.credential_update_status, &shown),
    })
}

/// DELETE `/clients/<client_id>/credentials/<id>`.
pub fn delete(store: &mut Store, voice: Voice<'_>, client_id: &str, id: &str) -> Result<Done, Refusal> {
    voice.need(&["delete:client_credentials"])?;
    let Ok(index) = place(store, client_id) else {
        return deleted_before(voice, Refusal::no_client());
    };
    let mut client = store.clients.now()[index].clone();
    if client.attached().contains(&id) {
        let message = "Cannot delete credential still associated with a client";
        return Err(Refusal::new(400, "operation_not_supported", message));
    }
    client.credentials.retain(|credential| credential.id != id);
    if store.replace(index, client) {
        return Ok(Done::changed(Answer::empty(NO_CONTENT)));
    }
    deleted_before(voice, not_there())
}
