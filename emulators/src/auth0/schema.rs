//! Closed schemas: which fields a body may have, and of what kind each is.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::voice::Voice;
use crate::switch::Either::{Do, Refuse};

/// What kind of value a field has.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text of this many characters at least and at most.
    Text(usize, usize),
    /// A text of one character or more, without `<` and `>`.
    Name,
    /// Yes or no.
    Flag,
    /// A whole number, 0 or more.
    Number,
    /// A list of texts, each of this many characters at most.
    Texts(usize),
    /// One of these texts.
    Choice(&'static [&'static str]),
    /// An object.
    Object,
    /// A list of objects.
    Objects,
}

/// A field that a body may have.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Whether `null` unsets it.
    pub nullable: bool,
}

/// A field that cannot be unset.
pub const fn field(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        nullable: false,
    }
}

/// A field that `null` unsets.
pub const fn nullable(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        nullable: true,
    }
}

/// Reads a body with these fields, of which some are required.
pub fn read(voice: Voice<'_>, fields: &[Field], required: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let body = serde_json::from_slice::<Value>(&voice.request.body);
    let body = body.map_err(|_| Refusal::new(400, "invalid_body", "Invalid request payload JSON format"))?;
    fit(voice, fields, required, &body)
}

/// Reads an object with these fields, of which some are required.
pub fn fit(
    voice: Voice<'_>,
    fields: &[Field],
    required: &[&str],
    object: &Value,
) -> Result<Map<String, Value>, Refusal> {
    let Value::Object(mut body) = object.clone() else {
        return Err(Refusal::body("'Expected type object'"));
    };
    let known = |name: &str| fields.iter().find(|field| field.name == name);
    let unknown: Vec<_> = body
        .keys()
        .filter(|name| known(name).is_none())
        .cloned()
        .collect();
    match voice.switches.request_fields {
        Refuse(status) if !unknown.is_empty() => {
            let unknown = unknown.join(",");
            let refusal = Refusal::body(format!("'Additional properties not allowed: {unknown}'"));
            return Err(refusal.with_status(status));
        }
        Refuse(_) => {}
        Do(_) => body.retain(|name, _| known(name).is_some()),
    }
    if let Some(name) = required.iter().find(|name| !body.contains_key(**name)) {
        return Err(Refusal::body(format!("'Missing required property: {name}'")));
    }
    for (name, value) in &body {
        if let Some(field) = known(name) {
            check(*field, value)?;
        }
    }
    Ok(body)
}

/// Reads a body for a change, which has one field at least.
pub fn read_change(voice: Voice<'_>, fields: &[Field]) -> Result<Map<String, Value>, Refusal> {
    let body = read(voice, fields, &[])?;
    if body.is_empty() {
        return Err(Refusal::body("'Too few properties defined (0), minimum 1'"));
    }
    Ok(body)
}

fn check(field: Field, value: &Value) -> Result<(), Refusal> {
    let wrong = |what: &str| Refusal::body(format!("'{what}' on property {}", field.name));
    let expected = |kind: &str| wrong(&format!("Expected type {kind} but found type {}", kind_of(value)));
    match (field.kind, value) {
        (_, Value::Null) if field.nullable => Ok(()),
        (Kind::Text(least, most), Value::String(text)) => {
            within(text, least, most).map_err(|what| wrong(&what))
        }
        (Kind::Name, Value::String(text)) if text.is_empty() || text.contains(['<', '>']) => {
            Err(wrong("String does not match pattern ^[^<>]+$"))
        }
        (Kind::Name, Value::String(_)) | (Kind::Flag, Value::Bool(_)) | (Kind::Object, Value::Object(_)) => {
            Ok(())
        }
        (Kind::Number, Value::Number(number)) if number.is_u64() => Ok(()),
        (Kind::Choice(choices), Value::String(text)) if choices.contains(&text.as_str()) => Ok(()),
        (Kind::Choice(_), Value::String(text)) => Err(wrong(&format!("No enum match for: {text}"))),
        (Kind::Texts(most), Value::Array(items)) => items.iter().try_for_each(|item| match item {
            Value::String(text) => within(text, 0, most).map_err(|what| wrong(&what)),
            _ => Err(wrong("Expected type string")),
        }),
        (Kind::Objects, Value::Array(items)) if items.iter().all(Value::is_object) => Ok(()),
        (Kind::Text(..) | Kind::Name | Kind::Choice(_), _) => Err(expected("string")),
        (Kind::Flag, _) => Err(expected("boolean")),
        (Kind::Number, _) => Err(expected("integer")),
        (Kind::Texts(_) | Kind::Objects, _) => Err(expected("array")),
        (Kind::Object, _) => Err(expected("object")),
    }
}

fn within(text: &str, least: usize, most: usize) -> Result<(), String> {
    match text.chars().count() {
        length if length < least => Err(format!("String is too short ({length} chars), minimum {least}")),
        length if length > most => Err(format!("String is too long ({length} chars), maximum {most}")),
        _ => Ok(()),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
