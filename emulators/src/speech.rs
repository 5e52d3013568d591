//! How management APIs speak, as far as they have it in common: JSON, refusals, numbers, hidden secrets.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use jiff::Timestamp;
use serde_json::{Number, Value, json};

use crate::http::{Answer, Request, title};
use crate::management_choices::{ErrorBody, Numbers, ReadSecret, Unauthorized};

/// Characters of a BCrypt hash after its cost.
const BCRYPT_LENGTH: u8 = 53;

/// A JSON answer with a media type or without one. 204 goes without its body.
pub fn json_answer(status: u16, value: &Value, content_type: Option<&'static str>) -> Answer {
    let mut answer = Answer::empty(status);
    if status == 204 {
        return answer;
    }
    if let Some(content_type) = content_type {
        answer
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer.body = value.to_string().into();
    answer
}

/// An answer with more headers.
pub fn with_headers(
    mut answer: Answer,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
) -> Answer {
    answer.headers.extend(headers);
    answer
}

/// A refusal with a body of this kind; JSON has the media type that is given.
pub fn refusal(
    body: ErrorBody,
    status: u16,
    message: &str,
    request: &Request,
    content_type: Option<&'static str>,
) -> Answer {
    let title = title(status);
    let value = match body {
        ErrorBody::Details => json!({ "error": title, "details": message }),
        ErrorBody::Framework => json!({
            "timestamp": Timestamp::now().to_string(),
            "status": status,
            "error": title,
            "message": message,
            "path": request.path,
        }),
        ErrorBody::OAuth => json!({ "error": "invalid_request", "error_description": message }),
        ErrorBody::Message => json!({ "message": message }),
        ErrorBody::JsonString => json!(message),
        ErrorBody::Html => return Answer::page(status, message),
        ErrorBody::Empty => return Answer::empty(status),
        ErrorBody::Text => return Answer::with_body(status, "text/plain", format!("{title}: {message}")),
    };
    json_answer(status, &value, content_type)
}

/// The answer to a credential that does not do; `refuse` says how the server refuses with a status.
pub fn unauthorized(
    manner: Unauthorized,
    challenge: &'static str,
    refuse: impl FnOnce(u16) -> Answer,
) -> Answer {
    match manner {
        Unauthorized::Challenge => refuse(401).header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge)),
        Unauthorized::Bare => refuse(401),
        Unauthorized::Forbidden => refuse(403),
        Unauthorized::LoginPage => {
            Answer::with_body(200, "text/html", "<html><form action=\"/login\"></form></html>")
        }
        Unauthorized::LoginRedirect => {
            Answer::empty(302).header(LOCATION, HeaderValue::from_static("/login"))
        }
    }
}

/// A number as the switches write it.
pub fn number(numbers: Numbers, number: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "seconds are far from 2^53")]
    let fraction = number as f64;
    match numbers {
        Numbers::Integer => json!(number),
        Numbers::Text => json!(number.to_string()),
        Numbers::Fraction => Number::from_f64(fraction).map_or(Value::Null, Value::Number),
    }
}

/// What is shown of a secret, in the list or elsewhere; `None` when the field is missing.
pub fn hidden(read: ReadSecret, secret: &str, in_list: bool) -> Option<Value> {
    match read {
        ReadSecret::Absent => None,
        ReadSecret::NotInList if in_list => None,
        ReadSecret::Shown | ReadSecret::NotInList => Some(json!(secret)),
        ReadSecret::Masked => Some(json!("********")),
        ReadSecret::Hash => Some(json!(hash(secret))),
        ReadSecret::Null => Some(Value::Null),
    }
}

/// What looks like the BCrypt hash of a secret, always the same one.
fn hash(secret: &str) -> String {
    let digit = |place: u8| {
        let mut hasher = DefaultHasher::new();
        (secret, place).hash(&mut hasher);
        char::from(b'a' + hasher.finish().to_le_bytes()[0] % 26)
    };
    (0..BCRYPT_LENGTH)
        .map(digit)
        .fold("$2a$10$".to_owned(), |mut text, digit| {
            text.push(digit);
            text
        })
}
