//! What a server answers.

use std::fmt;
use std::marker::PhantomData;

use reqwest::header::{
    AsHeaderName, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, LINK, LOCATION, SET_COOKIE,
};
use reqwest::{Response, StatusCode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use url::Url;
use zeroize::Zeroizing;

use super::{Authorization, link};
use crate::model::{Confidential, Handle};

/// An answer that is whole. Its `Debug` shows neither body nor headers, which may hold secrets.
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    at: Url,
    headers: HeaderMap,
    /// What the request was authorized with, as the answer may quote it.
    pub(super) authorization: Option<Authorization>,
    /// Its body; of a refusal only the beginning, or what came of it.
    pub body: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl Reply {
    pub(super) fn new(response: &Response, authorization: Option<Authorization>) -> Self {
        Self {
            status: response.status(),
            at: response.url().clone(),
            headers: response.headers().clone(),
            authorization,
            body: Zeroizing::new(Vec::new()),
        }
    }

    /// Where it is from. What it says of addresses is to be seen from there: see [`super::Http::address`].
    pub fn at(&self) -> &Url {
        &self.at
    }

    /// The first header of a name, if it is visible ASCII.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `Location` (RFC 9110 section 10.2.2), as it was given: perhaps relative.
    pub fn location(&self) -> Option<&str> {
        self.header(LOCATION)
    }

    /// The id in the address of what was made: its last segment.
    pub fn made(&self) -> Option<Handle> {
        let path = self.location()?.split(['?', '#']).next()?;
        let last = path.trim_end_matches('/').rsplit('/').next()?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        (!last.is_empty() && last.chars().all(plain)).then(|| last.into())
    }

    /// The target of the first link to a next page (RFC 8288), as it was given: perhaps relative.
    pub fn next_link(&self) -> Option<&str> {
        let links = self.headers.get_all(LINK).into_iter();
        links
            .filter_map(|value| value.to_str().ok())
            .find_map(|links| link::to(links, "next"))
    }

    /// Names and values of the cookies that it sets (RFC 6265 section 4.1), without what it says about them. One with an
    /// empty value is there too: a server ends a session like that.
    pub fn set_cookies(&self) -> Vec<(String, Confidential)> {
        let set = self.headers.get_all(SET_COOKIE).into_iter();
        set.filter_map(|value| {
            let (name, value) = value.to_str().ok()?.split(';').next()?.split_once('=')?;
            let name = name.trim();
            (!name.is_empty()).then(|| (name.to_owned(), Confidential::new(value.trim())))
        })
        .collect()
    }

    /// The media type without its parameters; empty where none is given.
    pub fn media_type(&self) -> &str {
        let text = self.headers.get(CONTENT_TYPE);
        // What is no text is not that of JSON.
        let text = text.map_or("", |value| value.to_str().unwrap_or("?"));
        text.split(';').next().unwrap_or_default().trim()
    }

    fn is_encoded(&self) -> bool {
        let plain = |encoding: &HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
        self.headers
            .get(CONTENT_ENCODING)
            .is_some_and(|encoding| !plain(encoding))
    }

    /// Whether there is no text at all in it.
    pub fn is_blank(&self) -> bool {
        self.body.iter().all(u8::is_ascii_whitespace)
    }

    /// Whether it has nothing in it, as what frameworks send for what is not there.
    pub fn says_nothing(&self) -> bool {
        let text = self.body.iter().filter(|byte| !byte.is_ascii_whitespace());
        let text: Vec<u8> = text.copied().take(5).collect();
        text.is_empty() || (matches!(&text[..], b"null" | b"{}" | b"[]") && self.json::<IgnoredAny>().is_ok())
    }

    /// The word of an error body (RFC 6749 section 5.2, RFC 7591 section 3.2.2), if it has one in the standard's spelling.
    pub fn error_word(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Refusal {
            error: String,
        }
        let refusal = self.object::<Refusal>().ok()?;
        let standard = |c: char| c.is_ascii_lowercase() || c == '_';
        Some(refusal.error).filter(|word| word.chars().all(standard))
    }

    /// The body as a JSON object, or what is wrong with it in a few words.
    pub fn object<T: DeserializeOwned>(&self) -> Result<T, String> {
        self.json().map(|Object(fields)| fields)
    }

    /// The body as JSON of a type, or what is wrong with it in a few words. Media types that servers put on JSON for
    /// want of a better one are let pass; a page is not.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        let media_type = self.media_type().to_ascii_lowercase();
        let may_be_json = matches!(
            media_type.as_str(),
            "" | "application/json" | "text/json" | "text/plain" | "application/octet-stream"
        ) || (media_type.starts_with("application/") && media_type.ends_with("+json"));
        if media_type == "text/html" || media_type == "application/xhtml+xml" {
            return Err("it is a web page, as of a login or a proxy, and not JSON".to_owned());
        }
        if !may_be_json {
            return Err("its content type is not that of JSON".to_owned());
        }
        if self.is_encoded() {
            return Err("it is compressed although nobody asked for that".to_owned());
        }
        // The text of the error is not shown: it may quote the body.
        serde_json::from_slice(&self.body).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => "it is not the JSON that was expected".to_owned(),
            _ => "it is not JSON".to_owned(),
        })
    }
}

/// A JSON object, and nothing else: what is derived for a struct would take an array of its fields too.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        from.deserialize_map(Fields(PhantomData)).map(Self)
    }
}
