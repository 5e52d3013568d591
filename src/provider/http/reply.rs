//! What a server answers.

use std::fmt;
use std::marker::PhantomData;

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// An answer that is whole. Its `Debug` does not show the body, which may hold secrets.
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    content_type: Option<String>,
    pub(super) retry_after: Option<String>,
    encoded: bool,
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
    pub(super) fn new(response: &Response) -> Self {
        let text = |name: HeaderName| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap_or("?").to_owned())
        };
        let encoding = text(CONTENT_ENCODING);
        Self {
            status: response.status(),
            content_type: text(CONTENT_TYPE),
            retry_after: text(RETRY_AFTER),
            encoded: encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")),
            body: Zeroizing::new(Vec::new()),
        }
    }

    /// The media type without its parameters; empty where none is given.
    pub fn media_type(&self) -> &str {
        let text = self.content_type.as_deref().unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim()
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
        if self.encoded {
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
