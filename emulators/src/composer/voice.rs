//! How the server speaks: clients and refusals in the manner that the switches choose.

use hyper::header::ACCEPT;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::choices::{
    Accept, ClientList, ContentType, Handle, ReadId, RegisterAnswer, RequestType, SecretExpiresAt,
};
use super::state::Client;
use super::switches::Switches;
use crate::http::{Answer, Request};
use crate::listing::Listing;
use crate::management_choices::ListShape;
use crate::speech::{hidden, json_answer, number, refusal};
use crate::switch::{Either, Success};

const V2: &str = "application/vnd.composer.v2+json";
const V3: &str = "application/vnd.composer.v3+json";
const JSON: &str = "application/json";

/// One request and how it is to be answered.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    /// The switches.
    pub switches: &'a Switches,
    /// The request.
    pub request: &'a Request,
}

/// In which call a client is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In the answer to its registration.
    Registered,
    /// In the list.
    List,
    /// In GET of one and in the answer to a change.
    Read,
}

impl Voice<'_> {
    /// A JSON answer. 204 goes without its body.
    pub fn json(&self, Success(status): Success, value: &Value) -> Answer {
        json_answer(status, value, self.content_type())
    }

    /// A refusal.
    pub fn refuse(&self, status: u16, message: &str) -> Answer {
        let body = self.switches.error_body;
        refusal(body, status, message, self.request, self.content_type())
    }

    fn content_type(&self) -> Option<&'static str> {
        match self.switches.content_type {
            ContentType::Vendor if self.accepts(V3) => Some(V3),
            ContentType::Vendor if self.accepts(V2) => Some(V2),
            ContentType::Vendor => Some(JSON),
            ContentType::Json => Some("application/json;charset=UTF-8"),
            ContentType::Text => Some("text/plain"),
            ContentType::Absent => None,
        }
    }

    fn accepts(&self, media_type: &str) -> bool {
        let accepted = self.request.header(&ACCEPT).unwrap_or_default();
        accepted
            .split(',')
            .filter_map(|range| range.split(';').next())
            .any(|range| range.trim().eq_ignore_ascii_case(media_type))
    }

    /// Refuses what the caller sends, or wants to be sent, where the switches say so.
    pub fn check_media(&self, has_body: bool) -> Result<(), Answer> {
        let media_type = self.request.media_type();
        let read = match self.switches.request_type {
            RequestType::VendorOrJson => [V2, V3, JSON].contains(&media_type.as_str()),
            RequestType::Vendor => [V2, V3].contains(&media_type.as_str()),
            RequestType::Version3 => media_type == V3,
            RequestType::Json => media_type == JSON,
            RequestType::Any => true,
        };
        if has_body && !read {
            return Err(self.refuse(415, "the content type is not supported"));
        }
        let written = match self.switches.accept {
            Accept::Any => true,
            Accept::Vendor => self.accepts(V2) || self.accepts(V3),
            Accept::Json => self.accepts(JSON),
        };
        if written {
            Ok(())
        } else {
            Err(self.refuse(406, "no acceptable representation could be found"))
        }
    }

    /// The body as a JSON object that has no other fields than these.
    pub fn document(&self, known: &[&str]) -> Result<Map<String, Value>, Answer> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(&self.request.body) else {
            return Err(self.refuse(400, "the body is not a JSON object"));
        };
        self.check_fields(&fields, known)?;
        Ok(fields)
    }

    /// Refuses fields that are not documented, where the switches say so.
    pub fn check_fields(&self, fields: &Map<String, Value>, known: &[&str]) -> Result<(), Answer> {
        match self.switches.request_fields {
            Either::Refuse(status) => match fields.keys().find(|name| !known.contains(&name.as_str())) {
                Some(name) => Err(self.refuse(status, &format!("unrecognised field {name:?}"))),
                None => Ok(()),
            },
            Either::Do(_) => Ok(()),
        }
    }

    /// How the list is answered.
    pub fn listing(&self) -> Listing {
        let shape = match self.switches.list_shape {
            ClientList::ByVersion if self.accepts(V3) => ListShape::Content,
            ClientList::ByVersion | ClientList::Array => ListShape::Array,
            ClientList::Content => ListShape::Content,
            ClientList::Data => ListShape::Data,
        };
        Listing {
            shape,
            paging: self.switches.paging,
            page_size: self.switches.page_size,
        }
    }

    /// A client as JSON.
    pub fn client(&self, client: &Client, shown: Shown) -> Value {
        let switches = self.switches;
        let registered = shown == Shown::Registered;
        let mut fields = self.ids(client, registered);
        let mut insert = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        if registered {
            insert("client_secret", json!(client.client_secret));
        } else if let Some(secret) = hidden(switches.read_secret, &client.client_secret, shown == Shown::List)
        {
            insert("client_secret", secret);
        }
        if registered && switches.register_answer == RegisterAnswer::Pair {
            return Value::Object(fields);
        }
        if let Some(expires) = self.secret_expires_at(client.client_secret_expires_at) {
            insert("client_secret_expires_at", expires);
        }
        insert("token_endpoint_auth_method", json!("client_secret_basic"));
        if !registered || switches.register_answer == RegisterAnswer::Client {
            let validity = number(switches.numbers, client.access_token_validity_seconds.into());
            insert("client_name", json!(client.client_name));
            insert("access_token_validity_seconds", validity);
        }
        if switches.extra_fields.0 {
            insert("created", json!("2026-01-01T00:00:00.000Z"));
            insert("links", json!([{ "rel": "self", "href": self.request.path }]));
        }
        Value::Object(fields)
    }

    fn ids(&self, client: &Client, registered: bool) -> Map<String, Value> {
        let has_other = self.switches.handle != Handle::ClientId;
        let only_id = !registered && self.switches.read_id == ReadId::Id;
        let id = if has_other { &client.id } else { &client.client_id };
        let mut fields = Map::new();
        if has_other || only_id {
            fields.insert("id".to_owned(), json!(id));
        }
        if !only_id {
            fields.insert("client_id".to_owned(), json!(client.client_id));
        }
        fields
    }

    fn secret_expires_at(&self, seconds: i64) -> Option<Value> {
        let written = |seconds| Some(number(self.switches.numbers, seconds));
        match self.switches.secret_expires_at {
            SecretExpiresAt::Absent => None,
            SecretExpiresAt::Null if seconds == 0 => Some(Value::Null),
            SecretExpiresAt::Epoch | SecretExpiresAt::Null => written(seconds),
            SecretExpiresAt::Milliseconds => written(seconds.saturating_mul(1000)),
            SecretExpiresAt::Duration if seconds == 0 => written(0),
            SecretExpiresAt::Duration => {
                // 0 would mean for ever.
                written(seconds.saturating_sub(Timestamp::now().as_second()).max(1))
            }
        }
    }
}
