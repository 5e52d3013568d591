//! How the server speaks: clients and refusals in the manner that the switches choose.

use hyper::header::{CACHE_CONTROL, HeaderValue};
use serde_json::{Map, Value, json};

use super::choices::{
    ArrayOrder, ContentType, ErrorBody, LifespanForm, ScopeText, UnsetLifespans, UnsetLists, UnsetObjects,
};
use super::fields::{self, Field, Kind};
use super::lifespan::{self, SECOND};
use super::state::Client;
use super::switches::Switches;
use crate::http::{Answer, Request, title};
use crate::speech::{json_answer, unauthorized};
use crate::switch::Success;

/// What stands before every reason why a document is refused.
const METADATA: &str = "The value of one of the Client Metadata fields is invalid and the server has rejected this request. Note that an Authorization Server MAY choose to substitute a valid value for any requested parameter of a Client's Metadata.";

/// A refusal by the admin API.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// `error`: a code or a sentence.
    pub error: &'static str,
    /// `error_description`.
    pub description: String,
}

impl Refusal {
    /// One with a description.
    pub fn new(status: u16, error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            error,
            description: description.into(),
        }
    }

    /// A body or a parameter that cannot be read.
    pub fn malformed(description: &str) -> Self {
        let error = "The request was malformed or contained invalid parameters";
        Self::new(400, error, description)
    }

    /// A field of a document that will not do.
    pub fn metadata(reason: &str) -> Self {
        Self::new(400, "invalid_client_metadata", format!("{METADATA} {reason}"))
    }

    /// Keys, and an address of keys as well.
    pub fn both_keys(status: u16) -> Self {
        let reason = "Fields jwks and jwks_uri can not both be set, you must choose one.";
        Self {
            status,
            ..Self::metadata(reason)
        }
    }

    /// A redirect URI that will not do.
    pub fn redirect(reason: &str) -> Self {
        let description = format!("The value of one or more redirect_uris is invalid. {reason}");
        Self::new(400, "invalid_redirect_uri", description)
    }

    /// A client that is not there.
    pub fn absent(status: u16) -> Self {
        Self::new(status, "Unable to locate the resource", "")
    }

    /// What the server has no words for.
    pub fn unrecognizable(status: u16) -> Self {
        Self::new(status, "error", "The error is unrecognizable")
    }
}

/// Whence a client comes that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From a request that said all of it: POST and PUT.
    Request,
    /// From the store.
    Store,
}

/// One request and how it is to be answered.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    /// The switches.
    pub switches: &'a Switches,
    /// The request.
    pub request: &'a Request,
    /// Scheme and host under which the public API is known, and what follows before its paths.
    pub public_url: &'a str,
}

impl Voice<'_> {
    /// A JSON answer. 204 goes without its body.
    pub fn json(&self, Success(status): Success, value: &Value) -> Answer {
        uncached(json_answer(status, value, self.content_type()))
    }

    /// A refusal.
    pub fn refuse(&self, refusal: &Refusal) -> Answer {
        let Refusal {
            status,
            error,
            description,
        } = refusal;
        let value = match self.switches.error_body {
            ErrorBody::OAuth => json!({ "error": error, "error_description": description }),
            ErrorBody::RequestId => json!({
                "error": error, "error_description": description, "request_id": self.request_id(),
            }),
            ErrorBody::Nested => json!({ "error": {
                "code": status, "status": title(*status), "message": error, "reason": description,
                "request": self.request_id(),
            } }),
            ErrorBody::Html => return Answer::page(*status, error),
            ErrorBody::Empty => return Answer::empty(*status),
            ErrorBody::Text => {
                return Answer::with_body(*status, "text/plain", format!("{error}: {description}"));
            }
        };
        uncached(json_answer(*status, &value, Some("application/json")))
    }

    fn request_id(&self) -> String {
        let id = self.request.headers.get("x-request-id");
        let id = id.and_then(|value| value.to_str().ok());
        id.unwrap_or_default().to_owned()
    }

    /// The answer to a token that does not do.
    pub fn unauthorized(&self) -> Answer {
        let refuse = |status| {
            let error = "The request could not be authorized";
            self.refuse(&Refusal::new(status, error, "Access credentials are invalid"))
        };
        unauthorized(self.switches.unauthorized, "Bearer realm=\"admin\"", refuse)
    }

    fn content_type(&self) -> Option<&'static str> {
        match self.switches.content_type {
            ContentType::JsonUtf8 => Some("application/json; charset=utf-8"),
            ContentType::Json => Some("application/json"),
            ContentType::Text => Some("text/plain"),
            ContentType::Absent => None,
        }
    }

    /// A client as JSON, without a secret.
    pub fn client(&self, client: &Client, source: Source) -> Map<String, Value> {
        let mut shown = Map::new();
        let mut insert = |name: &str, value: Value| shown.insert(name.to_owned(), value);
        insert("client_id", json!(client.client_id));
        insert("client_secret_expires_at", json!(0));
        insert("created_at", json!(client.created_at));
        insert("updated_at", json!(client.updated_at));
        if self.switches.extra_fields.0 {
            insert("nid", json!("00000000-0000-4000-8000-000000000000"));
            insert("trust", json!({ "level": 1.5, "by": ["operator"] }));
            insert("notes", Value::Null);
        }
        for field in fields::of(self.switches.release) {
            let value = match client.document.get(field.name) {
                Some(value) => self.set(field, value),
                None => self.unset(field, source),
            };
            if let Some(value) = value {
                shown.insert(field.name.to_owned(), value);
            }
        }
        shown
    }

    /// A field that is set.
    fn set(&self, field: &Field, value: &Value) -> Option<Value> {
        match (field.kind, value) {
            (Kind::List, Value::Array(items)) => Some(Value::Array(self.ordered(items))),
            (Kind::Text, Value::String(scope)) if field.name == "scope" => Some(json!(self.scope(scope))),
            (Kind::Lifespan, Value::String(text)) => self.lifespan(text),
            (_, value) => Some(value.clone()),
        }
    }

    /// A field that was never set, where it is shown at all.
    fn unset(&self, field: &Field, source: Source) -> Option<Value> {
        let switches = self.switches;
        if !field.always {
            return None;
        }
        match field.kind {
            Kind::Text => Some(json!("")),
            Kind::Flag => Some(json!(false)),
            Kind::NullableFlag => Some(Value::Null),
            Kind::List => {
                let never_null = ["audience", "allowed_cors_origins"].contains(&field.name);
                match switches.unset_lists {
                    UnsetLists::ByCall if source == Source::Request && !never_null => Some(Value::Null),
                    UnsetLists::ByCall | UnsetLists::Empty => Some(json!([])),
                    UnsetLists::Null => Some(Value::Null),
                    UnsetLists::Absent => None,
                }
            }
            Kind::Keys | Kind::Free => match switches.unset_objects {
                UnsetObjects::Empty => Some(json!({})),
                UnsetObjects::Null => Some(Value::Null),
                UnsetObjects::Absent => None,
            },
            Kind::Lifespan => match switches.unset_lifespans {
                UnsetLifespans::Null => Some(Value::Null),
                UnsetLifespans::Absent => None,
                UnsetLifespans::Zero => Some(json!("0s")),
            },
        }
    }

    fn ordered(&self, items: &[Value]) -> Vec<Value> {
        let mut items = items.to_vec();
        match self.switches.array_order {
            ArrayOrder::AsGiven => {}
            ArrayOrder::Sorted => items.sort_by_key(ToString::to_string),
            ArrayOrder::Reversed => items.reverse(),
        }
        items
    }

    fn scope(&self, scope: &str) -> String {
        let mut scopes: Vec<&str> = scope.split_whitespace().collect();
        match self.switches.scope_text {
            ScopeText::AsGiven => scope.to_owned(),
            ScopeText::Reversed => {
                scopes.reverse();
                scopes.join(" ")
            }
            ScopeText::Padded => format!(" {} ", scopes.join("  ")),
        }
    }

    fn lifespan(&self, text: &str) -> Option<Value> {
        let nanoseconds = lifespan::parse(text).unwrap_or_default();
        match self.switches.lifespan_form {
            LifespanForm::Normal => Some(json!(lifespan::format(nanoseconds))),
            LifespanForm::AsSent => Some(json!(text)),
            LifespanForm::Seconds => i64::try_from(i128::from(nanoseconds) / SECOND)
                .ok()
                .map(|seconds| json!(seconds)),
            LifespanForm::Nanoseconds => Some(json!(nanoseconds)),
            LifespanForm::Absent => None,
        }
    }
}

fn uncached(answer: Answer) -> Answer {
    let never = HeaderValue::from_static("private, no-cache, no-store, must-revalidate");
    answer.header(CACHE_CONTROL, never)
}
