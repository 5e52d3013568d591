//! Requests and answers as plain values, so that a server needs neither sockets nor futures.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A request that has been read to its end.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as it came: still percent-encoded, `.` and `..` left alone.
    pub path: String,
    /// What came after the question mark, if there was one.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Request {
    /// The value of a header, where it is readable text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type without its parameters, in lower case; empty when there is none.
    pub fn media_type(&self) -> String {
        let value = self.header(&CONTENT_TYPE).unwrap_or_default();
        value
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase()
    }

    /// User and password of HTTP Basic authentication.
    pub fn basic(&self) -> Option<(String, String)> {
        self.basic_in(&AUTHORIZATION)
    }

    /// User and password of HTTP Basic authentication that came in this header.
    pub fn basic_in(&self, header: &HeaderName) -> Option<(String, String)> {
        let (scheme, credential) = self.header(header)?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(BASE64_STANDARD.decode(credential.trim()).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    /// The token of bearer authentication.
    pub fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header(&AUTHORIZATION)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The first value of a parameter in the query, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.query.as_deref()?;
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        parameters
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The kind of authorization that came, never the credential.
    pub fn authorization_kind(&self) -> &'static str {
        let Some(value) = self.headers.get(AUTHORIZATION) else {
            return "none";
        };
        let scheme = value
            .as_bytes()
            .split(|byte| *byte == b' ')
            .next()
            .unwrap_or_default();
        match scheme.to_ascii_lowercase().as_slice() {
            b"basic" => "basic",
            b"bearer" => "bearer",
            _ => "other",
        }
    }

    /// The body as JSON of a known shape, or the answer to refuse it with. An empty body counts as `{}`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Answer> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        serde_json::from_slice(body).map_err(|error| Answer::problem(400, &error.to_string()))
    }
}

/// Percent-decodes one path segment; `None` when it is not UTF-8 afterwards.
pub fn decode_segment(segment: &str) -> Option<String> {
    percent_decode_str(segment)
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

/// An answer, not yet on the wire.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers; the length is added on the way out.
    pub headers: Box<HeaderMap>,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    /// An answer without a body. A number that is no status becomes 500.
    pub fn empty(status: u16) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: Box::default(),
            body: Bytes::new(),
        }
    }

    /// An answer with a body of the given media type.
    pub fn with_body(status: u16, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut answer = Self::empty(status);
        answer
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        answer.body = body.into();
        answer
    }

    /// A JSON answer.
    pub fn json(status: u16, value: &Value) -> Self {
        Self::with_body(status, "application/json", value.to_string())
    }

    /// A refusal as a page.
    pub fn page(status: u16, message: &str) -> Self {
        let title = title(status);
        let page =
            format!("<!DOCTYPE html><html><body><h1>{status} {title}</h1><p>{message}</p></body></html>\n");
        Self::with_body(status, "text/html;charset=utf-8", page)
    }

    /// A control call's answer when it cannot be done.
    pub fn problem(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "error": message }))
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// The usual words for a status.
pub fn title(status: u16) -> &'static str {
    StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error")
}
