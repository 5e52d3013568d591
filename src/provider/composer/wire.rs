//! What goes over the wire, and what is made of it.
//!
//! Ids and names must make sense. Of the rest whatever makes no sense is taken for not told. How the list is wrapped, what
//! an id is called and how numbers are written is not documented, so all ways are read.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::super::http::{Body, Object};
use super::super::wire::{json, seconds, secret};
use crate::model::{ClientMetadata, Confidential, Credential, Fault, Handle, RemoteClient};

/// How clients authenticate there. There is no other way.
pub const AUTH_METHOD: &str = "client_secret_basic";
/// Between the two ids of a client that has two. No id has one in it.
const BETWEEN: char = ' ';
/// Later than any time in seconds that is meant: then it is in milliseconds.
const MILLISECONDS: i64 = 100_000_000_000;
/// Earlier than any time that is meant: then it is how long the secret is still good.
const DURATION: i64 = 1_000_000_000;

/// A client as the server tells of it. A field that comes twice is an error.
#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "they are the server's names")]
pub struct Client {
    /// Another id than the client's own, or the only one.
    #[serde(default, deserialize_with = "id")]
    id: Option<String>,
    #[serde(default, deserialize_with = "id")]
    client_id: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    client_secret: Option<Confidential>,
    /// Its name.
    #[serde(default, rename = "client_name")]
    pub name: Option<String>,
    #[serde(default)]
    access_token_validity_seconds: Value,
    #[serde(default)]
    client_secret_expires_at: Value,
}

/// The list: an array, or one in `content` or `data`.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum List {
    /// `[…]`
    Bare(Vec<Object<Client>>),
    /// `{"content":[…]}` or `{"data":[…]}`
    Wrapped(Box<Object<Wrapped>>),
}

/// A list, and what may stand beside it where it comes in pieces.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wrapped {
    content: Option<Vec<Object<Client>>>,
    data: Option<Vec<Object<Client>>>,
    #[serde(default)]
    next: Value,
    #[serde(default)]
    last: Value,
    #[serde(default)]
    number: Value,
    #[serde(default)]
    total_pages: Value,
    #[serde(default)]
    total_elements: Value,
    #[serde(default)]
    offset: Value,
    #[serde(default)]
    total: Value,
}

/// One piece of the list.
pub struct Piece {
    /// The clients on it.
    pub clients: Vec<Client>,
    /// How many there are in all, where that is told.
    pub total: Option<usize>,
    /// Where the next one is, where that is told.
    pub next: Option<Next>,
}

/// Where the next piece is.
pub enum Next {
    /// At an address, as it was given.
    Address(String),
    /// It has this number.
    Page(usize),
    /// It begins with this client.
    Offset(usize),
}

impl List {
    /// As a piece; none where it is no list.
    pub fn piece(self) -> Option<Piece> {
        let plain = |objects: Vec<Object<Client>>| objects.into_iter().map(|Object(client)| client).collect();
        let list = match self {
            Self::Bare(clients) => {
                return Some(Piece {
                    clients: plain(clients),
                    total: None,
                    next: None,
                });
            }
            Self::Wrapped(list) => list.0,
        };
        let total = count(&list.total_elements).or_else(|| count(&list.total));
        let (is_last, number) = (list.last.as_bool(), count(&list.number));
        let (pages, offset) = (count(&list.total_pages), count(&list.offset));
        let clients: Vec<Client> = match (list.content, list.data) {
            (Some(clients), None) | (None, Some(clients)) => plain(clients),
            _ => return None,
        };
        let next = match (list.next, number, offset) {
            (Value::String(address), ..) => Some(Next::Address(address)),
            (_, Some(number), _) => {
                let more = pages.map_or(is_last == Some(false), |pages| number.saturating_add(1) < pages);
                more.then(|| Next::Page(number.saturating_add(1)))
            }
            (_, None, Some(offset)) => {
                let end = offset.saturating_add(clients.len());
                total
                    .is_some_and(|total| end < total)
                    .then_some(Next::Offset(end))
            }
            _ => None,
        };
        Some(Piece { clients, total, next })
    }
}

#[derive(Serialize)]
struct Registration<'a> {
    client_name: &'a str,
    access_token_validity_seconds: u32,
}

#[derive(Serialize)]
struct Validity {
    access_token_validity_seconds: u32,
}

/// The body of a registration.
pub fn registration(name: &str, validity: u32) -> Result<Body, Fault> {
    json(&Registration {
        client_name: name,
        access_token_validity_seconds: validity,
    })
}

/// The body of a change.
pub fn validity(seconds: u32) -> Result<Body, Fault> {
    json(&Validity {
        access_token_validity_seconds: seconds,
    })
}

/// The ids of a client in the order in which they are tried in paths: by the documents it is the client id.
pub fn ids(handle: &Handle) -> impl Iterator<Item = &str> {
    handle.0.split(BETWEEN)
}

impl Client {
    /// Both ids where it has two.
    pub fn handle(&self) -> Option<Handle> {
        Some(match (&self.client_id, &self.id) {
            (Some(client_id), Some(id)) if client_id != id => Handle(format!("{client_id}{BETWEEN}{id}")),
            (Some(id), _) | (None, Some(id)) => Handle(id.clone()),
            (None, None) => return None,
        })
    }

    /// Whether a handle is of this client.
    pub fn is_at(&self, handle: &Handle) -> bool {
        ids(handle).any(|id| self.client_id.as_deref() == Some(id) || self.id.as_deref() == Some(id))
    }

    /// Whether all that is documented of a client in the list is there.
    pub fn is_sound(&self) -> bool {
        self.handle().is_some() && self.name.as_ref().is_some_and(|name| !name.is_empty())
    }

    /// How long its tokens are good, where that is told.
    pub fn validity(&self) -> Option<u32> {
        seconds(&self.access_token_validity_seconds).and_then(|seconds| u32::try_from(seconds).ok())
    }

    /// In the words of the model, as a read shows it: what it holds of a secret is no secret. `known` is what it was asked
    /// for by.
    pub fn shown(self, known: Option<&Handle>) -> Option<RemoteClient> {
        let handle = known.cloned().or_else(|| self.handle())?;
        let client_id = self
            .client_id
            .clone()
            .or_else(|| ids(&handle).next().map(str::to_owned))?;
        let validity = self.validity();
        Some(RemoteClient {
            handle,
            name: self.name,
            marker: None,
            credential: Credential {
                client_id,
                client_secret: None,
            },
            metadata: ClientMetadata {
                token_endpoint_auth_method: Some(AUTH_METHOD.to_owned()),
                access_token_validity_seconds: validity,
                ..ClientMetadata::default()
            },
            secret_expires_at: expiry(&self.client_secret_expires_at, Timestamp::now()),
            access: None,
        })
    }

    /// The same as the answer to a registration shows it, which may tell no more than what the server chose. None where it
    /// lacks an id or the secret.
    pub fn registered(mut self, name: &str, validity: u32) -> Option<RemoteClient> {
        let secret = self
            .client_secret
            .take()
            .filter(|secret| is_secret(secret.expose()))?;
        self.client_id.as_ref()?;
        let mut client = self.shown(None)?;
        client.credential.client_secret = Some(secret);
        client.name.get_or_insert_with(|| name.to_owned());
        client
            .metadata
            .access_token_validity_seconds
            .get_or_insert(validity);
        Some(client)
    }
}

/// Asterisks and a BCrypt hash, as the server keeps it, stand for a secret.
fn is_secret(text: &str) -> bool {
    let masked = text.chars().all(|c| matches!(c, '*' | '•'));
    let hashed = text.len() == 60 && text.starts_with("$2") && text.get(3..4) == Some("$");
    !masked && !hashed
}

/// An id: a text without spaces, or a number.
fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text).filter(|text| is_id(text)),
        _ => None,
    })
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn count(value: &Value) -> Option<usize> {
    seconds(value).and_then(|count| usize::try_from(count).ok())
}

/// When a secret ends: by the name of the field in seconds since 1970, and as it may be written, in milliseconds or from
/// now on. 0 is never.
fn expiry(value: &Value, now: Timestamp) -> Option<Timestamp> {
    match seconds(value).filter(|number| *number > 0)? {
        number @ MILLISECONDS.. => Timestamp::from_millisecond(number).ok(),
        number @ DURATION.. => Timestamp::from_second(number).ok(),
        number => now.checked_add(SignedDuration::from_secs(number)).ok(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!(0), None)]
    #[case(json!(null), None)]
    #[case(json!("never"), None)]
    #[case(json!(-5), None)]
    #[case(json!(i64::MAX), None)]
    #[case(json!(1_900_000_000), Some(1_900_000_000))]
    #[case(json!("1900000000"), Some(1_900_000_000))]
    #[case(json!(1_900_000_000_000_i64), Some(1_900_000_000))]
    #[case(json!(86_400), Some(1_800_086_400))]
    fn ends(#[case] value: Value, #[case] at: Option<i64>) {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        assert_eq!(expiry(&value, now).map(Timestamp::as_second), at);
    }

    #[test]
    fn what_stands_for_a_secret_is_none() {
        assert!(is_secret("canary"));
        assert!(!is_secret("") && !is_secret("****"));
        let hash = format!("$2a$10${}", "x".repeat(53));
        assert!(!is_secret(&hash) && is_secret(&hash[1..]));
    }

    #[test]
    fn a_client_may_have_two_ids() {
        let read = |value: Value| serde_json::from_value::<Client>(value).unwrap();
        let both = read(json!({"id": 7, "client_id": "a"}));
        let handle = both.handle().unwrap();
        assert_eq!(ids(&handle).collect::<Vec<_>>(), ["a", "7"]);
        for one in [json!({"id": "7"}), json!({"client_id": "a"}), json!({"id": "a"})] {
            assert!(read(one).is_at(&handle));
        }
        assert!(!read(json!({"id": "b"})).is_at(&handle));
        assert_eq!(
            read(json!({"id": "a", "client_id": "a"})).handle(),
            Some("a".into())
        );
        for none in [
            json!({}),
            json!({"id": ""}),
            json!({"id": "a b"}),
            json!({"client_id": {}}),
        ] {
            assert_eq!(read(none).handle(), None);
        }
        // A read may call the id otherwise; the handle knows which one it is.
        let read = read(json!({"id": "7"})).shown(Some(&handle)).unwrap();
        assert_eq!((read.credential.client_id.as_str(), &read.handle), ("a", &handle));
    }
}
