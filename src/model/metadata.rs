//! What is said of a client: the metadata that a spec asks for and a server answers, in one normal form.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::capabilities::Field;
use super::confidential::Confidential;
use super::names::Handle;

/// Client metadata (the words are those of RFC 7591). `None` means: not said, so the provider's default holds
/// and nothing is compared. Lists whose order means nothing are sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientMetadata {
    /// Grant types.
    pub grant_types: Option<BTreeSet<String>>,
    /// Scope values.
    pub scopes: Option<BTreeSet<String>>,
    /// Audiences (RFC 8707), each with the scopes of it, where audiences have scopes.
    #[serde(default)]
    pub audiences: Option<BTreeMap<String, BTreeSet<String>>>,
    /// Redirect URIs.
    pub redirect_uris: Option<BTreeSet<String>>,
    /// How the client authenticates at the token endpoint.
    pub token_endpoint_auth_method: Option<String>,
    /// Life of access tokens, in seconds.
    pub access_token_validity_seconds: Option<u32>,
    /// Life of refresh tokens, in seconds.
    pub refresh_token_validity_seconds: Option<u32>,
    /// Whether the client can be used, where clients can be disabled.
    #[serde(default)]
    pub enabled: Option<bool>,
}

impl ClientMetadata {
    /// The fields that are said here and that `found` says otherwise (or not at all): what a server did not
    /// honour, or what somebody changed.
    pub fn differences(&self, found: &Self) -> BTreeSet<Field> {
        fn differs<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_some() && wanted != found
        }
        [
            (
                Field::GrantTypes,
                differs(self.grant_types.as_ref(), found.grant_types.as_ref()),
            ),
            (
                Field::Scopes,
                differs(self.scopes.as_ref(), found.scopes.as_ref()),
            ),
            (
                Field::Audiences,
                differs(self.audiences.as_ref(), found.audiences.as_ref()),
            ),
            (
                Field::RedirectUris,
                differs(self.redirect_uris.as_ref(), found.redirect_uris.as_ref()),
            ),
            (
                Field::TokenEndpointAuthMethod,
                differs(
                    self.token_endpoint_auth_method.as_ref(),
                    found.token_endpoint_auth_method.as_ref(),
                ),
            ),
            (
                Field::AccessTokenValidity,
                differs(
                    self.access_token_validity_seconds.as_ref(),
                    found.access_token_validity_seconds.as_ref(),
                ),
            ),
            (
                Field::RefreshTokenValidity,
                differs(
                    self.refresh_token_validity_seconds.as_ref(),
                    found.refresh_token_validity_seconds.as_ref(),
                ),
            ),
            (
                Field::Enabled,
                differs(self.enabled.as_ref(), found.enabled.as_ref()),
            ),
        ]
        .into_iter()
        .filter_map(|(field, differs)| differs.then_some(field))
        .collect()
    }

    /// The fields that are said here.
    pub fn said(&self) -> BTreeSet<Field> {
        self.differences(&Self::default())
    }

    /// The scopes as one space-separated text (RFC 6749 section 3.3), sorted; empty where none are said.
    pub fn scope_text(&self) -> String {
        let scopes: Vec<&str> = self.scopes.iter().flatten().map(String::as_str).collect();
        scopes.join(" ")
    }
}

/// What a client authenticates with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The client id.
    pub client_id: String,
    /// The client secret; none for a public client, or where a server did not show it.
    #[serde(default, with = "super::confidential::in_ledger")]
    pub client_secret: Option<Confidential>,
}

/// A client's own access to its registration (RFC 7592, section 3), where a server hands one out. Whoever loses it can
/// never change or remove that client again, so it is stored before anything else is done with an answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationAccess {
    /// `registration_client_uri`
    pub uri: String,
    /// `registration_access_token`
    #[serde(with = "super::confidential::in_ledger_always")]
    pub token: Confidential,
    /// The client's metadata as the server returned it last, a JSON object without any credential: an update has to send
    /// all of it back.
    pub document: String,
}

/// Who made a registration, for servers that keep a note of it. Nobody else's is the same, and no two of ours are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marker {
    /// A hash of cluster and UID of the `OAuthClient`: the same in all its registrations, and nobody else's.
    pub owner: String,
    /// Which of its registrations it is; no number is used twice, unless the ledger was lost.
    pub number: u32,
    /// Random: tells what this very candidate made from what one of the same number made before the ledger was lost.
    #[serde(default)]
    pub nonce: String,
}

impl Marker {
    /// Who we are, as `software_id` of RFC 7591: the same in all registrations of one `OAuthClient`. Its
    /// `software_version` is the number.
    pub fn software_id(&self) -> String {
        format!("oauthclient.dev/{}", self.owner)
    }

    /// The whole as one short text, for a server that keeps texts with a client.
    pub fn text(&self) -> String {
        format!("{}.{}.{}", self.owner, self.number, self.nonce)
    }

    /// What [`Marker::text`] wrote. What somebody else wrote there may make none.
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        Some(Self {
            owner: parts.next()?.to_owned(),
            number: parts.next()?.parse().ok()?,
            nonce: parts.next()?.to_owned(),
        })
    }
}

/// One client as a server tells of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RemoteClient {
    /// What addresses it.
    pub handle: Handle,
    /// The name it is registered under, where the server tells it.
    pub name: Option<String>,
    /// Who made it, where the server keeps a note of that and it has one.
    pub marker: Option<Marker>,
    /// Id and, where the answer shows it, secret.
    pub credential: Credential,
    /// What the server tells of it, normalised.
    pub metadata: ClientMetadata,
    /// When the secret ends to be good by itself; none where it does not, or where that is not told.
    pub secret_expires_at: Option<Timestamp>,
    /// The access to its registration, where it has one of its own: that of this answer, or the one that still holds.
    pub access: Option<RegistrationAccess>,
}

impl RemoteClient {
    /// Whether it shows another credential than `known`. A secret that is not shown says nothing.
    pub fn shows_other_credential(&self, known: &Credential) -> bool {
        self.credential.client_id != known.client_id
            || (self.credential.client_secret.is_some()
                && self.credential.client_secret != known.client_secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(values: &[&str]) -> ClientMetadata {
        ClientMetadata {
            scopes: Some(values.iter().map(ToString::to_string).collect()),
            ..ClientMetadata::default()
        }
    }

    #[test]
    fn only_what_is_said_is_compared() {
        let nothing = ClientMetadata::default();
        assert!(nothing.differences(&scopes(&["a"])).is_empty());
        assert_eq!(
            scopes(&["a"]).differences(&nothing),
            BTreeSet::from([Field::Scopes])
        );
        assert!(
            scopes(&["b", "a"])
                .differences(&scopes(&["a", "b", "a"]))
                .is_empty()
        );
    }

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let marker = Marker {
            owner: "0123456789".into(),
            number: 7,
            nonce: "ab.c".into(),
        };
        assert_eq!(Marker::read(&marker.text()), Some(marker));
        for other in ["", "billing", "a.b.c", "a.1", "a.-1.c"] {
            assert_eq!(Marker::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_secret_that_is_not_shown_is_no_difference() {
        let known = Credential {
            client_id: "id".into(),
            client_secret: Some(Confidential::new("s")),
        };
        let mut remote = RemoteClient {
            handle: "h".into(),
            name: None,
            marker: None,
            credential: Credential {
                client_id: "id".into(),
                client_secret: None,
            },
            metadata: ClientMetadata::default(),
            secret_expires_at: None,
            access: None,
        };
        assert!(!remote.shows_other_credential(&known));
        remote.credential.client_secret = Some(Confidential::new("t"));
        assert!(remote.shows_other_credential(&known));
    }
}
