//! How the server speaks: JSON answers and refusals in the manner that the switches choose.

use hyper::header::{CONTENT_TYPE, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::choices::{
    ContentType, EmptyScopeText, ErrorBody, ReadSecret, RequestBody, ScopeText, Unauthorized,
};
use super::operations;
use super::state::Client;
use super::switches::Switches;
use crate::Operation;
use crate::http::{Answer, Request, title};
use crate::switch::{Either, Success};

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
    /// In the list.
    List,
    /// In GET of one.
    Read,
    /// In the answer to a change, which always has the secret.
    Change,
}

/// What a client's request may say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// `client_name`.
    pub client_name: Option<String>,
    /// `scope`.
    pub scope: Option<String>,
}

impl Voice<'_> {
    /// A JSON answer. 204 goes without its body.
    pub fn json(&self, Success(status): Success, value: &Value) -> Answer {
        if status == 204 {
            return Answer::empty(204);
        }
        let blanks = if self.switches.trailing_whitespace.0 {
            " \r\n"
        } else {
            ""
        };
        let mut answer = Answer::empty(status);
        let content_type = match self.switches.content_type {
            ContentType::Json => Some("application/json"),
            ContentType::JsonUtf8 => Some("application/json;charset=UTF-8"),
            ContentType::Text => Some("text/plain"),
            ContentType::OctetStream => Some("application/octet-stream"),
            ContentType::Absent => None,
        };
        if let Some(content_type) = content_type {
            answer
                .headers
                .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        answer.body = format!("{blanks}{value}{blanks}").into();
        answer
    }

    /// A refusal.
    pub fn refuse(&self, status: u16, message: &str) -> Answer {
        self.refuse_because_of(status, message, None)
    }

    /// A refusal because of a client that is there.
    pub fn refuse_because_of(&self, status: u16, message: &str, client: Option<&Client>) -> Answer {
        let title = title(status);
        let failure = json!({ "status": "failure", "message": message });
        let value = match self.switches.error_body {
            ErrorBody::Framework => self.framework_error(status, message),
            ErrorBody::OAuth => json!({ "error": "invalid_request", "error_description": message }),
            ErrorBody::Failure => failure,
            ErrorBody::JsonString => json!(message),
            ErrorBody::EchoClient => match client {
                Some(client) => json!({ "status": "failure", "message": message, "client": client }),
                None => failure,
            },
            ErrorBody::Html => return Answer::page(status, message),
            ErrorBody::Empty => return Answer::empty(status),
            ErrorBody::Text => return Answer::with_body(status, "text/plain", format!("{title}: {message}")),
        };
        self.json(Success(status), &value)
    }

    /// The error of a usual web framework.
    pub fn framework_error(&self, status: u16, message: &str) -> Value {
        json!({
            "timestamp": Timestamp::now().to_string(),
            "status": status,
            "error": title(status),
            "message": message,
            "path": self.request.path,
        })
    }

    /// The answer to a management call with a wrong credential or none.
    pub fn unauthorized(&self) -> Answer {
        let message = "Full authentication is required";
        match self.switches.unauthorized {
            Unauthorized::Challenge => {
                let challenge = HeaderValue::from_static("Basic realm=\"authserver\"");
                self.refuse(401, message).header(WWW_AUTHENTICATE, challenge)
            }
            Unauthorized::Bare => self.refuse(401, message),
            Unauthorized::Forbidden => self.refuse(403, message),
            Unauthorized::LoginPage => {
                Answer::with_body(200, "text/html", "<html><form action=\"/login\"></form></html>")
            }
            Unauthorized::LoginRedirect => {
                Answer::empty(302).header(LOCATION, HeaderValue::from_static("/login"))
            }
        }
    }

    /// A client as JSON.
    pub fn client(&self, client: &Client, shown: Shown) -> Value {
        let mut fields = Map::new();
        fields.insert("client_name".to_owned(), json!(client.client_name));
        fields.insert("client_id".to_owned(), json!(client.client_id));
        let secret = match (self.switches.read_secret, shown) {
            (_, Shown::Change) | (ReadSecret::Shown, _) | (ReadSecret::NotInList, Shown::Read) => {
                Some(client.client_secret.as_str())
            }
            (ReadSecret::Masked, _) => Some("********"),
            (ReadSecret::Absent, _) | (ReadSecret::NotInList, Shown::List) => None,
        };
        if let Some(secret) = secret {
            fields.insert("client_secret".to_owned(), json!(secret));
        }
        self.insert_scope(&mut fields, &client.scope);
        if self.switches.extra_fields.0 {
            fields.insert("enabled".to_owned(), json!(true));
            fields.insert("grant_types".to_owned(), json!(["client_credentials"]));
            fields.insert(
                "links".to_owned(),
                json!({ "self": { "href": self.request.path } }),
            );
        }
        Value::Object(fields)
    }

    /// An object with scopes.
    pub fn scope(&self, scopes: &[String]) -> Value {
        let mut fields = Map::new();
        self.insert_scope(&mut fields, &scopes.join(" "));
        Value::Object(fields)
    }

    fn insert_scope(&self, fields: &mut Map<String, Value>, scope: &str) {
        let value = match self.switches.empty_scope_text {
            _ if !scope.is_empty() => json!(self.scope_text(scope)),
            EmptyScopeText::Empty => json!(""),
            EmptyScopeText::Null => Value::Null,
            EmptyScopeText::Absent => return,
        };
        fields.insert("scope".to_owned(), value);
    }

    fn scope_text(&self, scope: &str) -> String {
        let mut scopes: Vec<&str> = scope.split_whitespace().collect();
        match self.switches.scope_text {
            ScopeText::AsGiven => scope.to_owned(),
            ScopeText::Sorted => {
                scopes.sort_unstable();
                scopes.join(" ")
            }
            ScopeText::Reversed => {
                scopes.reverse();
                scopes.join(" ")
            }
            ScopeText::Folded => distinct(scopes.into_iter()).join(" "),
            ScopeText::Padded => format!(" {} ", scopes.join("  ")),
        }
    }

    /// Reads a request with a JSON body.
    pub fn read(&self, known: &[&str]) -> Result<Asked, Answer> {
        if let Either::Refuse(status) = self.switches.request_type
            && self.request.media_type() != "application/json"
        {
            return Err(self.refuse(status, "the content type is not supported"));
        }
        let Ok(Value::Object(fields)) = serde_json::from_slice(&self.request.body) else {
            return Err(self.refuse(400, "the body is not a JSON object"));
        };
        if let Either::Refuse(status) = self.switches.request_fields
            && let Some(name) = fields.keys().find(|name| !known.contains(&name.as_str()))
        {
            return Err(self.refuse(status, &format!("unrecognised field {name:?}")));
        }
        let text = |name: &str| match fields.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.refuse(400, &format!("{name} is not a string"))),
        };
        Ok(Asked {
            client_name: text("client_name")?,
            scope: text("scope")?,
        })
    }

    /// Refuses a body with a call that is documented without one, where the switches say so.
    pub fn check_body(&self, operation: Operation) -> Result<(), Answer> {
        let bodiless = [
            operations::LIST,
            operations::GET,
            operations::ROTATE,
            operations::DELETE,
            operations::SCOPE_GET,
        ];
        match self.switches.request_body {
            Either::Refuse(status) if bodiless.contains(&operation) && !self.request.body.is_empty() => {
                Err(self.refuse(status, "a body is not expected"))
            }
            Either::Refuse(_) | Either::Do(RequestBody::Ignore) => Ok(()),
        }
    }
}

/// Each once, in the order in which they come first.
pub fn distinct<'a>(scopes: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for scope in scopes {
        if !seen.contains(&scope) {
            seen.push(scope);
        }
    }
    seen
}
