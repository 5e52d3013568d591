//! What goes over the wire, and what is made of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use reqwest::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::super::http::Reply;
use super::super::wire::secret;
use super::secrets;
use super::terms::{self, GIVEN, MARKER, OPENID, SERVICE_ACCOUNT};
use crate::model::{Confidential, Credential, Handle, Marker, RemoteClient};

/// What a client that is not there is answered with, and nothing else is.
const NO_CLIENT: &str = "Could not find client";
/// What a client is told at the token endpoint whose secret is wrong, or that is not there.
const WRONG_SECRET: &str = "Invalid client or Invalid client credentials";

/// A client as the server tells of it; lists have those of other protocols, too.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "they are the server's names")]
pub struct Client {
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub client_id: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub enabled: Option<bool>,
    #[serde(default)]
    pub public_client: Option<bool>,
    #[serde(default)]
    pub client_authenticator_type: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    pub secret: Option<Confidential>,
    #[serde(default)]
    pub redirect_uris: Option<BTreeSet<String>>,
    #[serde(default)]
    pub standard_flow_enabled: Option<bool>,
    #[serde(default)]
    pub implicit_flow_enabled: Option<bool>,
    #[serde(default)]
    pub direct_access_grants_enabled: Option<bool>,
    #[serde(default)]
    pub service_accounts_enabled: Option<bool>,
    /// Among them is the earlier secret.
    #[serde(default, deserialize_with = "attributes")]
    attributes: Option<BTreeMap<String, Confidential>>,
    #[serde(default)]
    default_client_scopes: Option<BTreeSet<String>>,
    #[serde(default)]
    optional_client_scopes: Option<BTreeSet<String>>,
    #[serde(default)]
    protocol_mappers: Option<Vec<Value>>,
    #[serde(default)]
    access: Option<Access>,
}

/// What the operator may do with a client.
#[derive(Deserialize)]
struct Access {
    #[serde(default)]
    manage: bool,
}

/// A client scope. Those of other protocols are among them.
#[derive(Deserialize)]
pub struct Scope {
    pub id: String,
    pub name: String,
    #[serde(default)]
    protocol: Option<String>,
}

impl Scope {
    /// Whether a client of ours can have it.
    pub fn is_openid_connect(&self) -> bool {
        self.protocol
            .as_deref()
            .is_none_or(|protocol| protocol == "openid-connect")
    }
}

impl Client {
    /// Whether both ids are there.
    pub fn is_sound(&self) -> bool {
        !self.id.is_empty() && !self.client_id.is_empty()
    }

    /// Whether it is told what it was registered with.
    pub fn is_whole(&self) -> bool {
        self.is_sound() && self.enabled.is_some() && self.attributes.is_some()
    }

    /// Whether the operator may change it.
    pub fn may_manage(&self) -> bool {
        self.access.as_ref().is_some_and(|access| access.manage)
    }

    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.as_ref()?.get(name).map(Confidential::expose)
    }

    /// Every scope that it can ask for.
    pub fn attached(&self) -> BTreeSet<String> {
        let scopes = [&self.default_client_scopes, &self.optional_client_scopes];
        let scopes = scopes.into_iter().flatten().flatten().cloned();
        scopes.chain([OPENID.to_owned()]).collect()
    }

    /// Those of them that it has not asked for.
    pub fn given(&self) -> BTreeSet<String> {
        match self.attribute(GIVEN) {
            Some(names) => super::super::wire::scopes(names),
            None => [OPENID, SERVICE_ACCOUNT].map(str::to_owned).into(),
        }
    }

    /// Its mappers, which write claims into tokens.
    pub fn mappers(&self) -> impl Iterator<Item = &Value> {
        self.protocol_mappers.iter().flatten()
    }

    /// In the words of the model.
    pub fn into_remote(self) -> RemoteClient {
        RemoteClient {
            metadata: terms::of(&self),
            secret_expires_at: secrets::ends(&self),
            marker: self.attribute(MARKER).and_then(Marker::read),
            handle: Handle(self.id),
            name: self.name,
            credential: Credential {
                client_id: self.client_id,
                client_secret: self.secret,
            },
            access: None,
        }
    }
}

/// A registration or a change: what is not there stays as it is.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_client: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_authenticator_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_uris: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standard_flow_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub implicit_flow_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_access_grants_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_accounts_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_client_scopes: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional_client_scopes: Option<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_mappers: Option<Vec<Value>>,
    /// Merged with those that are there; an empty text takes one away. They are sent with every change, as one without any is
    /// answered with 500 where a secret has no end yet, or an end that is over.
    pub attributes: BTreeMap<&'static str, Cow<'a, str>>,
}

impl<'a> Written<'a> {
    /// A change of a client, with our marker as it is there.
    pub fn change(client: &Client) -> Self {
        let mut written = Self::default();
        if let Some(marker) = client.attribute(MARKER) {
            written.set(MARKER, marker.to_owned());
        }
        written
    }

    /// Sets an attribute; an empty text takes it away.
    pub fn set(&mut self, name: &'static str, value: impl Into<Cow<'a, str>>) {
        self.attributes.insert(name, value.into());
    }
}

/// Whether an answer says that the client is not there.
pub fn is_no_client(reply: &Reply) -> bool {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    reply.status == StatusCode::NOT_FOUND
        && reply
            .object::<Refusal>()
            .is_ok_and(|refusal| refusal.error == NO_CLIENT)
}

/// What a refusal of a token request says of the credential: a wrong secret and a client that may have no token of its own are
/// refused with the same status and the same word.
pub fn judged(reply: &Reply) -> Option<bool> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        error_description: Option<String>,
    }
    let refusal: Refusal = reply.object().ok()?;
    if reply.status != StatusCode::UNAUTHORIZED || refusal.error != "unauthorized_client" {
        return None;
    }
    Some(refusal.error_description? != WRONG_SECRET)
}

fn attributes<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<BTreeMap<String, Confidential>>, D::Error> {
    let attributes = Option::<BTreeMap<String, Option<String>>>::deserialize(from)?;
    Ok(attributes.map(|attributes| {
        let there = attributes.into_iter();
        there
            .filter_map(|(name, value)| Some((name, Confidential::new(value?))))
            .collect()
    }))
}
