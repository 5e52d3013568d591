//! Answers as they should not be.

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::http::Answer;
use crate::misbehave::{Behaviour, BodyKind, Decoy};
use crate::wire::{Delivery, MEGABYTE};

/// What is sent in place of `answer`, which is the server's own, or an empty one where it did no work.
pub fn spoil(behaviour: &Behaviour, answer: Answer) -> (Answer, Delivery) {
    let whole = |answer| (answer, Delivery::Whole);
    match behaviour {
        Behaviour::Status {
            status,
            retry_after,
            body,
        } => whole(refusal(*status, retry_after.as_deref(), *body)),
        Behaviour::RateLimit { retry_after, .. } => {
            whole(refusal(429, retry_after.as_deref(), BodyKind::Json))
        }
        Behaviour::Deny { status } => {
            let challenge = HeaderValue::from_static("Basic realm=\"denied\"");
            whole(refusal(*status, None, BodyKind::Json).header(WWW_AUTHENTICATE, challenge))
        }
        Behaviour::NotFoundEverything => whole(refusal(404, None, BodyKind::Html)),
        Behaviour::Html { status } => whole(refusal(*status, None, BodyKind::Html)),
        Behaviour::Redirect { status, location } => {
            whole(with_text(Answer::empty(*status), LOCATION, location))
        }
        Behaviour::WrongContentType { content_type } => whole(with_text(answer, CONTENT_TYPE, content_type)),
        Behaviour::NotJson { body } => whole(with_json_body(answer, body.clone())),
        Behaviour::DeepJson { depth, as_field } => whole(deep(answer, *depth, *as_field)),
        Behaviour::DuplicateKeys { decoy } => whole(twice(answer, *decoy)),
        Behaviour::GzipBomb { megabytes } => whole(bomb(answer, *megabytes)),
        Behaviour::Truncate { keep } => (answer, Delivery::Truncated(*keep)),
        Behaviour::Drip { interval_ms } => (answer, Delivery::Drip(Duration::from_millis(*interval_ms))),
        Behaviour::Huge { megabytes, announced } => (
            with_json_body(answer, ""),
            Delivery::Huge {
                megabytes: *megabytes,
                announced: *announced,
            },
        ),
        Behaviour::Delay { .. }
        | Behaviour::DelayAfter { .. }
        | Behaviour::LoseAnswer
        | Behaviour::LoseRequest
        | Behaviour::DeliverLate { .. }
        | Behaviour::Down => whole(answer),
    }
}

fn with_text(mut answer: Answer, name: HeaderName, text: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(text) {
        answer.headers.insert(name, value);
    }
    answer
}

fn with_json_body(mut answer: Answer, body: impl Into<bytes::Bytes>) -> Answer {
    answer
        .headers
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.body = body.into();
    answer
}

fn refusal(status: u16, retry_after: Option<&str>, body: BodyKind) -> Answer {
    let message = format!("this call was answered {status} on command");
    let answer = match body {
        BodyKind::Json => Answer::json(status, &json!({ "status": status, "message": message })),
        BodyKind::Html => {
            let page =
                format!("<!DOCTYPE html><html><body><h1>{status}</h1><p>{message}</p></body></html>\n");
            Answer::with_body(status, "text/html", page)
        }
        BodyKind::Empty => Answer::empty(status),
        BodyKind::Text => Answer::with_body(status, "text/plain", message),
    };
    match retry_after {
        Some(text) => with_text(answer, RETRY_AFTER, &retry_text(text)),
        None => answer,
    }
}

/// `date:+30` is the HTTP date in 30 seconds; anything else is sent as it is.
fn retry_text(text: &str) -> String {
    let seconds = text
        .strip_prefix("date:")
        .and_then(|seconds| seconds.parse::<i64>().ok());
    seconds.map_or_else(
        || text.to_owned(),
        |seconds| {
            let at = Timestamp::now() + SignedDuration::from_secs(seconds);
            at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
        },
    )
}

fn deep(answer: Answer, depth: usize, as_field: bool) -> Answer {
    let nested = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let text = String::from_utf8_lossy(&answer.body).trim().to_owned();
    match text.strip_prefix('{') {
        Some("}") if as_field => with_json_body(answer, format!("{{\"deep\":{nested}}}")),
        Some(rest) if as_field => with_json_body(answer, format!("{{\"deep\":{nested},{rest}")),
        _ => with_json_body(answer, nested),
    }
}

fn twice(answer: Answer, decoy: Decoy) -> Answer {
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(value) => {
            let body = doubled(&value, decoy);
            with_json_body(answer, body)
        }
        Err(_) => answer,
    }
}

fn doubled(value: &Value, decoy: Decoy) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| doubled(item, decoy)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|(key, value)| field(key, value, decoy))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        other => other.to_string(),
    }
}

fn field(key: &str, value: &Value, decoy: Decoy) -> String {
    let key = json!(key);
    let (right, wrong) = (doubled(value, decoy), json!("decoy"));
    match decoy {
        Decoy::First => format!("{key}:{wrong},{key}:{right}"),
        Decoy::Last => format!("{key}:{right},{key}:{wrong}"),
    }
}

fn bomb(answer: Answer, megabytes: usize) -> Answer {
    // Each megabyte of blanks is a gzip member of its own; a reader joins them.
    let blanks = gzip(&vec![b' '; MEGABYTE]);
    let mut body = blanks.repeat(megabytes);
    body.extend(gzip(&answer.body));
    with_json_body(answer, body).header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail; if it did, an empty body would be wrong enough for its purpose.
    if encoder.write_all(bytes).is_err() {
        return Vec::new();
    }
    encoder.finish().unwrap_or_default()
}
