//! How the server speaks: JSON answers, clients, and refusals in the manner that the switches choose.

use hyper::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, PRAGMA, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use super::choices::{Accept, ContentType, ErrorBody, Unauthorized};
use super::switches::Switches;
use crate::http::{Answer, Request, title};
use crate::switch::{Either, Success};

/// One request and how it is to be answered.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    /// The switches.
    pub switches: &'a Switches,
    /// The request.
    pub request: &'a Request,
    /// Scheme, host and port of the issuer.
    pub origin: &'a str,
    /// The path of the issuer.
    pub issuer_path: &'a str,
}

/// Why something is refused: RFC 7591 section 3.2.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The code.
    pub error: &'static str,
    /// The description.
    pub message: String,
}

impl Refusal {
    /// The metadata of a client cannot be accepted.
    pub fn metadata(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_client_metadata", message)
    }

    /// The request makes no sense.
    pub fn request(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", message)
    }

    /// Any other.
    pub fn new(status: u16, error: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            error,
            message: message.into(),
        }
    }
}

impl Voice<'_> {
    /// A JSON answer that nobody may store. 204 goes without its body.
    pub fn json(&self, Success(status): Success, value: &Value) -> Answer {
        let mut answer = Answer::empty(status);
        if status != 204 {
            let content_type = match self.switches.content_type {
                ContentType::Json => Some("application/json"),
                ContentType::JsonUtf8 => Some("application/json;charset=UTF-8"),
                ContentType::Text => Some("text/plain"),
                ContentType::Absent => None,
            };
            if let Some(content_type) = content_type {
                answer
                    .headers
                    .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
            }
            answer.body = value.to_string().into();
        }
        not_stored(answer)
    }

    /// A refusal of registration or management.
    pub fn refuse(&self, refusal: &Refusal) -> Answer {
        let page = self.switches.accept == Either::Do(Accept::HtmlErrors) && !self.accepts_json();
        let body = if page {
            ErrorBody::Html
        } else {
            self.switches.error_body
        };
        self.error(body, refusal)
    }

    /// A refusal with a body of this kind.
    pub fn error(&self, body: ErrorBody, refusal: &Refusal) -> Answer {
        let Refusal {
            status,
            error,
            message,
        } = refusal;
        match body {
            ErrorBody::OAuth => {
                let value = json!({ "error": error, "error_description": message });
                self.json(Success(*status), &value)
            }
            ErrorBody::CodeOnly => self.json(Success(*status), &json!({ "error": error })),
            ErrorBody::Problem => {
                let title = title(*status);
                let value =
                    json!({ "type": "about:blank", "title": title, "status": status, "detail": message });
                Answer::with_body(*status, "application/problem+json", value.to_string())
            }
            ErrorBody::Html => Answer::page(*status, message),
            ErrorBody::Empty => Answer::empty(*status),
        }
    }

    /// The answer to a wrong bearer token or none.
    pub fn unauthorized(&self) -> Answer {
        let status = match self.switches.unauthorized {
            Unauthorized::Challenge | Unauthorized::Bare => 401,
            Unauthorized::Forbidden => 403,
        };
        let message = "the access token is missing, unknown or expired";
        let answer = self.refuse(&Refusal::new(status, "invalid_token", message));
        if self.switches.unauthorized != Unauthorized::Challenge {
            return answer;
        }
        // RFC 6750: without a credential there is no error code.
        let challenge = if self.request.bearer().is_some() {
            "Bearer realm=\"registration\", error=\"invalid_token\""
        } else {
            "Bearer realm=\"registration\""
        };
        answer.header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
    }

    /// A method that there is not, beside those that there are.
    pub fn not_allowed(&self, status: u16, allowed: &str) -> Answer {
        let refusal = Refusal::new(status, "invalid_request", "this cannot be done here");
        let answer = self.refuse(&refusal);
        match HeaderValue::from_str(allowed) {
            Ok(allowed) if status == 405 => answer.header(ALLOW, allowed),
            _ => answer,
        }
    }

    /// Whether the caller says that it wants JSON.
    pub fn accepts_json(&self) -> bool {
        let accepted = self.request.header(&ACCEPT).unwrap_or_default();
        accepted
            .split(',')
            .filter_map(|range| range.split(';').next())
            .any(|range| range.trim().eq_ignore_ascii_case("application/json"))
    }
}

/// With what RFC 7591 demands of answers with credentials in them.
fn not_stored(answer: Answer) -> Answer {
    answer
        .header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .header(PRAGMA, HeaderValue::from_static("no-cache"))
}
