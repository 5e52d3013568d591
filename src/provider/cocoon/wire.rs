//! What goes over the wire, and what is made of it.
//!
//! Ids must make sense. Of the rest whatever makes no sense is taken for not told. How lists, numbers and booleans are
//! written is not documented (the documents of 2.16 print lists as text with commas), so all ways are read.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::super::http::{Body, Object, Reply};
use super::super::wire::{json, seconds, secret};
use super::manner::{Identity, Manner};
use super::terms::{SWITCHES, Terms};
use crate::model::{ClientMetadata, Confidential, Credential, Fault, Handle, RemoteClient};

/// An app, which is a client, as the server tells of it. A field that comes twice is an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    #[serde(default, rename = "clientInfoId", deserialize_with = "id")]
    info: Option<Handle>,
    /// `clientId`
    #[serde(default)]
    pub client_id: String,
    /// `appName`
    #[serde(default, rename = "appName")]
    pub name: Option<String>,
    /// `clientSecret`, or whatever stands there: asterisks, or a hash.
    #[serde(default, deserialize_with = "secret")]
    client_secret: Option<Confidential>,
    #[serde(default, deserialize_with = "words")]
    authorized_grant_types: Option<BTreeSet<String>>,
    #[serde(default, deserialize_with = "validity")]
    access_token_validity_seconds: Option<u32>,
    #[serde(default, deserialize_with = "validity")]
    refresh_token_validity_seconds: Option<u32>,
    #[serde(default, deserialize_with = "uris")]
    registered_redirect_uris: Option<BTreeSet<String>>,
    /// Whether it can be used; none where that is not shown.
    #[serde(default, deserialize_with = "boolean")]
    pub enabled: Option<bool>,
}

/// The list. No shape but the array is documented.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum List {
    /// `[…]`
    Bare(Vec<Object<App>>),
    /// `{"content":[…]}`
    Content(Object<Content>),
    /// `{"data":[…]}`
    Data(Object<Data>),
}

/// See [`List`].
#[derive(Deserialize)]
pub struct Content {
    content: Vec<Object<App>>,
}

/// See [`List`].
#[derive(Deserialize)]
pub struct Data {
    data: Vec<Object<App>>,
}

impl List {
    /// The apps that it has.
    pub fn apps(self) -> Vec<App> {
        let apps = match self {
            Self::Bare(apps) => apps,
            Self::Content(Object(list)) => list.content,
            Self::Data(Object(list)) => list.data,
        };
        apps.into_iter().map(|Object(app)| app).collect()
    }
}

/// How many apps there are, as the dashboard has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Count {
    total_client_apps: Value,
}

impl Count {
    /// The number.
    pub fn number(&self) -> Option<usize> {
        seconds(&self.total_client_apps).and_then(|number| usize::try_from(number).ok())
    }
}

/// What a token says that is good for nothing before a second factor was shown. How it does is not documented.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restricted {
    #[serde(default)]
    scope: Value,
    #[serde(default, rename = "restricted")]
    flag: Value,
    #[serde(default)]
    mfa_required: Value,
    #[serde(default)]
    two_factor_required: Value,
}

/// Why the token of an answer is of no use.
pub fn restricted(reply: &Reply) -> Option<&'static str> {
    let said: Restricted = reply.object().ok()?;
    let scope = list(&said.scope, " ,").unwrap_or_default();
    let marked = scope
        .iter()
        .any(|word| matches!(word.to_ascii_lowercase().as_str(), "restricted" | "mfa" | "2fa"));
    let flags = [said.flag, said.mfa_required, said.two_factor_required];
    (marked || flags.iter().any(|flag| truth(flag) == Some(true))).then_some(
        "the login brings a restricted token only, since the user has a second factor, which the operator cannot show; \
         give it an administrator without one",
    )
}

impl App {
    /// What it is called in paths; empty where that is not told.
    pub fn handle(&self) -> Handle {
        self.info.clone().unwrap_or_else(|| "".into())
    }

    /// Whether both ids are there.
    pub fn is_sound(&self) -> bool {
        !self.handle().0.is_empty() && !self.client_id.is_empty()
    }

    /// Whether it is told what it was registered with: a brief list leaves that out.
    pub fn is_whole(&self) -> bool {
        self.authorized_grant_types.is_some() && self.access_token_validity_seconds.is_some()
    }

    /// Whether its secret is shown, and is this one. What is shown may be no secret but stand for one, so that it differs
    /// says nothing.
    pub fn shows(&self, secret: &Confidential) -> bool {
        self.client_secret.as_ref() == Some(secret)
    }

    /// What it is registered with.
    pub fn terms(&self) -> Terms {
        Terms {
            grants: self.authorized_grant_types.clone().unwrap_or_default(),
            access: self.access_token_validity_seconds.unwrap_or_default(),
            refresh: self.refresh_token_validity_seconds.filter(|seconds| *seconds > 0),
            redirects: self.registered_redirect_uris.clone().unwrap_or_default(),
        }
    }

    /// In the words of the model. The secret is none of it: see [`super::capabilities`].
    pub fn into_remote(self) -> RemoteClient {
        let metadata = if self.is_whole() {
            let terms = self.terms();
            ClientMetadata {
                grant_types: Some(terms.grants.into_iter().filter(|word| is_grant(word)).collect()),
                redirect_uris: Some(terms.redirects),
                access_token_validity_seconds: Some(terms.access),
                refresh_token_validity_seconds: terms.refresh,
                enabled: self.enabled,
                ..ClientMetadata::default()
            }
        } else {
            ClientMetadata {
                enabled: self.enabled,
                ..ClientMetadata::default()
            }
        };
        RemoteClient {
            handle: self.handle(),
            name: self.name,
            marker: None,
            credential: Credential {
                client_id: self.client_id,
                client_secret: None,
            },
            metadata,
            secret_expires_at: None,
            access: None,
        }
    }
}

/// Whether it is a grant type and not a switch.
fn is_grant(word: &str) -> bool {
    !SWITCHES.contains(&word)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    authorized_grant_types: Grants<'a>,
    access_token_validity_seconds: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_validity_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registered_redirect_uris: Option<&'a BTreeSet<String>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Grants<'a> {
    List(&'a BTreeSet<String>),
    Text(String),
}

/// The body of a registration.
pub fn registration(
    name: &str,
    client_id: &str,
    secret: &Confidential,
    terms: &Terms,
    manner: Manner,
) -> Result<Body, Fault> {
    json(&Written {
        app_name: Some(name),
        client_id: Some(client_id),
        client_secret: Some(secret.expose()),
        registered_redirect_uris: Some(&terms.redirects).filter(|uris| !uris.is_empty()),
        ..written(terms, manner)
    })
}

/// The body of a change: the whole app, as nobody says what becomes of what is left out.
pub fn change(
    app: &App,
    secret: Option<&Confidential>,
    terms: &Terms,
    manner: Manner,
) -> Result<Body, Fault> {
    let known = app.registered_redirect_uris.iter().flatten().next().is_some();
    json(&Written {
        app_name: app.name.as_deref(),
        client_id: Some(app.client_id.as_str()).filter(|_| manner.identity == Identity::Whole),
        client_secret: secret
            .filter(|_| manner.identity != Identity::LeftOut)
            .map(Confidential::expose),
        registered_redirect_uris: Some(&terms.redirects).filter(|uris| known || !uris.is_empty()),
        ..written(terms, manner)
    })
}

fn written(terms: &Terms, manner: Manner) -> Written<'_> {
    let words = || terms.grants.iter().map(String::as_str).collect::<Vec<_>>();
    Written {
        app_name: None,
        client_id: None,
        client_secret: None,
        authorized_grant_types: if manner.grants_as_text {
            Grants::Text(words().join(","))
        } else {
            Grants::List(&terms.grants)
        },
        access_token_validity_seconds: terms.access,
        refresh_token_validity_seconds: terms.refresh,
        registered_redirect_uris: None,
    }
}

/// A number or a text; nothing else can be an id.
fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Handle>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) if !text.chars().any(char::is_control) => Ok(Some(Handle(text))),
        Value::Number(number) if number.is_u64() => Ok(Some(Handle(number.to_string()))),
        _ => Err(serde::de::Error::custom("not an id")),
    }
}

fn words<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BTreeSet<String>>, D::Error> {
    Ok(list(&Value::deserialize(from)?, ","))
}

fn uris<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BTreeSet<String>>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => Some(uris_in(&text)),
        value => list(&value, ","),
    })
}

fn validity<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let seconds = seconds(&Value::deserialize(from)?);
    Ok(seconds.and_then(|seconds| u32::try_from(seconds).ok()))
}

fn boolean<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(truth(&Value::deserialize(from)?))
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        Value::Number(number) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// An array, or a text with separators. Neither order nor repetition means anything.
fn list(value: &Value, separators: &str) -> Option<BTreeSet<String>> {
    match value {
        Value::Array(items) => (items.iter().map(Value::as_str))
            .map(|item| item.map(str::to_owned))
            .collect(),
        Value::String(text) => {
            let items = text.split(|c| separators.contains(c)).map(str::trim);
            Some(items.filter(|item| !item.is_empty()).map(str::to_owned).collect())
        }
        _ => None,
    }
}

/// URIs with commas between them. One may hold a comma itself, so what does not begin with a scheme goes on with the one
/// before.
fn uris_in(text: &str) -> BTreeSet<String> {
    let mut uris: Vec<String> = Vec::new();
    for piece in text.split(',') {
        let begins = piece.trim_start().split_once(':').is_some_and(|(scheme, _)| {
            let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
            scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(letters)
        });
        match uris.last_mut() {
            Some(last) if !begins => {
                last.push(',');
                last.push_str(piece);
            }
            _ => uris.push(piece.to_owned()),
        }
    }
    let trimmed = uris.iter().map(|uri| uri.trim());
    trimmed.filter(|uri| !uri.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn app(fields: Value) -> Option<App> {
        serde_json::from_value::<App>(fields).ok()
    }

    #[rstest]
    #[case(json!(7), Some("7"))]
    #[case(json!("7"), Some("7"))]
    #[case(json!("4f-2"), Some("4f-2"))]
    #[case(json!(null), Some(""))]
    #[case(json!(-1), None)]
    #[case(json!(7.0), None)]
    #[case(json!("a\n"), None)]
    #[case(json!([7]), None)]
    #[case(json!(true), None)]
    fn ids(#[case] value: Value, #[case] handle: Option<&str>) {
        let app = app(json!({ "clientInfoId": value }));
        assert_eq!(app.map(|app| app.handle().0).as_deref(), handle);
    }

    #[rstest]
    #[case(json!(["password", "mfa"]), Some(set(&["mfa", "password"])))]
    #[case(json!("password,mfa"), Some(set(&["mfa", "password"])))]
    #[case(json!(" mfa , password ,"), Some(set(&["mfa", "password"])))]
    #[case(json!(1), None)]
    #[case(json!([1]), None)]
    #[case(json!(null), None)]
    fn grant_types(#[case] value: Value, #[case] words: Option<BTreeSet<String>>) {
        let app = app(json!({ "authorizedGrantTypes": value, "accessTokenValiditySeconds": 1 })).unwrap();
        assert_eq!(app.is_whole(), words.is_some());
        assert_eq!(app.authorized_grant_types, words);
        let told = app.into_remote().metadata.grant_types;
        assert_eq!(
            told,
            words.map(|_| set(&["password"])),
            "a switch is no grant type"
        );
    }

    #[rstest]
    #[case("", &[])]
    #[case("https://a/b", &["https://a/b"])]
    #[case("https://a/b, com.example:/c", &["https://a/b", "com.example:/c"])]
    #[case("https://a/b?c=1,2,https://d", &["https://a/b?c=1,2", "https://d"])]
    fn redirect_uris(#[case] text: &str, #[case] uris: &[&str]) {
        assert_eq!(uris_in(text), set(uris));
    }

    #[rstest]
    #[case(json!(true), Some(true))]
    #[case(json!("TRUE"), Some(true))]
    #[case(json!(1), Some(true))]
    #[case(json!(false), Some(false))]
    #[case(json!("false"), Some(false))]
    #[case(json!(0), Some(false))]
    #[case(json!(2), None)]
    #[case(json!("yes"), None)]
    #[case(json!(null), None)]
    fn truths(#[case] value: Value, #[case] truth: Option<bool>) {
        assert_eq!(app(json!({ "enabled": value })).unwrap().enabled, truth);
    }

    #[test]
    fn lists() {
        let read = |value: Value| serde_json::from_value::<List>(value).map(|list| list.apps().len());
        let one = json!([{"clientInfoId": 1, "clientId": "a"}]);
        for list in [
            one.clone(),
            json!({"content": one, "last": true}),
            json!({"data": one}),
        ] {
            assert_eq!(read(list).unwrap(), 1);
        }
        for absurd in [
            json!({}),
            json!([[]]),
            json!([[one]]),
            json!([null]),
            json!({"content": null}),
            json!(""),
        ] {
            assert!(read(absurd.clone()).is_err(), "{absurd}");
        }
    }

    #[test]
    fn what_stands_for_a_secret_is_none() {
        let secret = Confidential::new("canary");
        let shown = app(json!({"clientSecret": "canary"})).unwrap();
        assert!(shown.shows(&secret));
        assert_eq!(shown.into_remote().credential.client_secret, None);
        for other in [json!("******"), json!(null)] {
            assert!(!app(json!({"clientSecret": other})).unwrap().shows(&secret));
        }
    }
}
