//! The credentials that a write holds, to be taken out of what is said of it: an admission webhook may quote what it
//! refuses.

use crate::api::keys;
use crate::model::{Confidential, LedgerEntry, Publication, Scrub};

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

/// Knows the credentials in a Secret. A value is public only if it stands under a key that is.
pub(super) fn publication(publication: &Publication) -> Scrub {
    let public = |value: &Confidential| {
        PUBLIC_KEYS
            .iter()
            .any(|key| publication.data.get(*key) == Some(value))
    };
    Scrub::new(publication.data.values().filter(|value| !public(value)))
}

/// Knows the credentials in a ledger entry.
pub(super) fn entry(entry: &LedgerEntry) -> Scrub {
    Scrub::new(entry.secrets())
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
        let scrub = super::publication(&publication);
        let told = r#"oauth2 billing: can"ary, {"x":"can\"ary"}, Y2FuImFyeQ== is weak"#;
        assert_eq!(scrub.clean(told), r#"oauth2 billing: …, {"x":"…"}, … is weak"#);
    }
}
