//! Takes credentials out of texts that others wrote: an admission webhook may quote what it refuses.

use base64::Engine as _;
use zeroize::Zeroizing;

use crate::api::keys;
use crate::model::{Confidential, LedgerEntry, Publication};

/// What stands in place of a credential.
const REDACTED: &str = "[redacted]";

/// Default keys of a published Secret whose values anybody may see.
const PUBLIC_KEYS: [&str; 9] = [
    keys::TYPE,
    keys::PROVIDER,
    keys::CLIENT_ID,
    keys::ISSUER_URI,
    keys::TOKEN_URI,
    keys::SCOPE,
    keys::AUTHORIZATION_GRANT_TYPE,
    keys::CLIENT_AUTHENTICATION_METHOD,
    keys::PREVIOUS_CLIENT_ID,
];

/// The texts that must not be passed on, in every form in which they are sent; the longest first.
#[derive(Default)]
pub(super) struct Scrub(Vec<Zeroizing<String>>);

impl Scrub {
    /// The credentials in a Secret. A value is public only if it stands under a key that is.
    pub(super) fn publication(publication: &Publication) -> Self {
        let public = |value: &Confidential| {
            PUBLIC_KEYS
                .iter()
                .any(|key| publication.data.get(*key) == Some(value))
        };
        Self::new(publication.data.values().filter(|value| !public(value)))
    }

    /// The credentials in a ledger entry.
    pub(super) fn entry(entry: &LedgerEntry) -> Self {
        Self::new(entry.secrets())
    }

    fn new<'a>(secrets: impl Iterator<Item = &'a Confidential>) -> Self {
        let mut forms: Vec<_> = secrets
            .filter(|secret| !secret.expose().is_empty())
            .flat_map(|secret| {
                let text = secret.expose();
                let quoted = serde_json::Value::from(text).to_string();
                [
                    text.to_owned(),
                    quoted.trim_matches('"').to_owned(),
                    base64::engine::general_purpose::STANDARD.encode(text),
                ]
            })
            .map(Zeroizing::new)
            .collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        Self(forms)
    }

    /// The text without them.
    pub(super) fn clean(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, form| {
            text.replace(form.as_str(), REDACTED)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn credentials_go_and_what_is_public_stays() {
        let data = [
            ("type", "oauth2"),
            ("client-id", "billing"),
            ("client-secret", "can\"ary"),
            ("PASSWORD", "can\"ary"),
            ("ID", "billing"),
        ];
        let publication = Publication {
            name: "billing".to_owned(),
            data: data
                .iter()
                .map(|(key, value)| ((*key).to_owned(), Confidential::new(*value)))
                .collect(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            owned: false,
            owner: ("uid".into(), "billing".to_owned()),
        };
        let scrub = Scrub::publication(&publication);
        let told = r#"oauth2 billing: can"ary, {"x":"can\"ary"}, Y2FuImFyeQ== is weak"#;
        assert_eq!(
            scrub.clean(told),
            r#"oauth2 billing: [redacted], {"x":"[redacted]"}, [redacted] is weak"#
        );
    }
}
