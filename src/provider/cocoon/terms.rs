//! What an app is registered with: what the spec asks for, what it has already, and for the rest defaults.

use std::collections::BTreeSet;

use crate::api::grant_types::{AUTHORIZATION_CODE, REFRESH_TOKEN};
use crate::model::{ClientMetadata, Fault, Field};

/// RFC 6749 section 4.3.
pub const PASSWORD: &str = "password";
/// RFC 6749 section 4.2.
pub const IMPLICIT: &str = "implicit";
/// All grant types that the server knows. It has no client credentials: rights are those of a user.
pub const GRANTS: [&str; 4] = [AUTHORIZATION_CODE, IMPLICIT, PASSWORD, REFRESH_TOKEN];
/// What stands among the grant types and is none: administrators switch it on for an app, and it stays as it is.
pub const SWITCHES: [&str; 2] = ["device", "mfa"];

/// The validity of access tokens where nobody says one, in seconds. The server wants one.
const ACCESS: u32 = 3600;
/// The least validity of refresh tokens where nobody says one, in seconds: a day.
const REFRESH: u32 = 24 * 3600;

/// What an app is registered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Grant types, and what is switched on.
    pub grants: BTreeSet<String>,
    /// Validity of access tokens, in seconds.
    pub access: u32,
    /// Validity of refresh tokens, in seconds.
    pub refresh: Option<u32>,
    /// Redirect URIs.
    pub redirects: BTreeSet<String>,
}

impl Terms {
    /// Those of a new app.
    pub fn new(wanted: &ClientMetadata) -> Result<Self, Fault> {
        Self::chosen(wanted, None, &BTreeSet::new())
    }

    /// Those of an app from now on: what is not asked for stays, but for what is asked for no more.
    pub fn changed(&self, wanted: &ClientMetadata, unset: &BTreeSet<Field>) -> Result<Self, Fault> {
        Self::chosen(wanted, Some(self), unset)
    }

    /// Whether an app with these would have to be changed to have what is wanted.
    pub fn differ(&self, then: &Self, wanted: &ClientMetadata) -> bool {
        let others = |terms: &Self| Self {
            refresh: None,
            ..terms.clone()
        };
        // A server may keep none for an app that gets no refresh tokens.
        let counts = wanted.refresh_token_validity_seconds.is_some() || self.refresh.is_some();
        others(self) != others(then) || (counts && self.refresh != then.refresh)
    }

    fn chosen(wanted: &ClientMetadata, has: Option<&Self>, unset: &BTreeSet<Field>) -> Result<Self, Fault> {
        let kept = |field: Field| has.filter(|_| !unset.contains(&field));
        let redirects = (wanted.redirect_uris.clone())
            .or_else(|| kept(Field::RedirectUris).map(|has| has.redirects.clone()))
            .unwrap_or_default();
        let (switches, _) = parted(has.map(|has| &has.grants));
        let mut grants = match &wanted.grant_types {
            Some(grants) => grants.clone(),
            None => kept(Field::GrantTypes)
                .and_then(Self::chosen_grants)
                .unwrap_or_else(|| by_default(&redirects)),
        };
        if grants.contains(IMPLICIT) && grants.contains(REFRESH_TOKEN) {
            return Err(refused("grant type implicit does not go with refresh_token"));
        }
        grants.extend(switches);
        let access = wanted
            .access_token_validity_seconds
            .or_else(|| kept(Field::AccessTokenValidity).map(|has| has.access));
        let said = access;
        let access = access.unwrap_or(ACCESS);
        // Wanted by 2.16 of every app.
        let refresh = wanted.refresh_token_validity_seconds.unwrap_or_else(|| {
            kept(Field::RefreshTokenValidity)
                .and_then(|has| has.refresh)
                .filter(|refresh| *refresh > access)
                .unwrap_or_else(|| REFRESH.max(access.saturating_mul(2)))
        });
        if refresh <= access {
            let by_default = if said.is_none() {
                ", as nobody says another"
            } else {
                ""
            };
            return Err(refused(&format!(
                "refreshTokenValiditySeconds must be greater than accessTokenValiditySeconds, and {refresh} is not \
                 greater than {access}{by_default}"
            )));
        }
        Ok(Self {
            grants,
            access,
            refresh: Some(refresh),
            redirects,
        })
    }

    /// Its grant types, unless they are those by default, which follow its redirect URIs.
    fn chosen_grants(&self) -> Option<BTreeSet<String>> {
        let (_, grants) = parted(Some(&self.grants));
        (!grants.is_empty() && grants != by_default(&self.redirects)).then_some(grants)
    }
}

/// What an app can do where nobody says what. A refresh token comes with it, as 2.16 wants its validity of every app.
fn by_default(redirects: &BTreeSet<String>) -> BTreeSet<String> {
    let first = if redirects.is_empty() {
        PASSWORD
    } else {
        AUTHORIZATION_CODE
    };
    BTreeSet::from([first, REFRESH_TOKEN].map(str::to_owned))
}

/// Switches, and grant types.
fn parted(words: Option<&BTreeSet<String>>) -> (BTreeSet<String>, BTreeSet<String>) {
    let words = words.into_iter().flatten().cloned();
    words.partition(|word| SWITCHES.contains(&word.as_str()))
}

fn refused(why: &str) -> Fault {
    Fault::Invalid(format!("nothing is sent: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(words: &[&str]) -> BTreeSet<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn terms(grants: &[&str], access: u32, refresh: u32, redirects: &[&str]) -> Terms {
        Terms {
            grants: set(grants),
            access,
            refresh: Some(refresh).filter(|seconds| *seconds > 0),
            redirects: set(redirects),
        }
    }

    fn wanted(access: Option<u32>, refresh: Option<u32>) -> ClientMetadata {
        ClientMetadata {
            access_token_validity_seconds: access,
            refresh_token_validity_seconds: refresh,
            ..ClientMetadata::default()
        }
    }

    fn why<T: std::fmt::Debug>(came: Result<T, Fault>) -> String {
        match came {
            Err(Fault::Invalid(why)) => why,
            came => panic!("{came:?}"),
        }
    }

    #[test]
    fn defaults() {
        let usual = terms(&["password", "refresh_token"], 3600, 86400, &[]);
        assert_eq!(Terms::new(&ClientMetadata::default()), Ok(usual));
        let web = ClientMetadata {
            redirect_uris: Some(set(&["https://a/b"])),
            ..ClientMetadata::default()
        };
        let by_code = terms(
            &["authorization_code", "refresh_token"],
            3600,
            86400,
            &["https://a/b"],
        );
        assert_eq!(Terms::new(&web), Ok(by_code));
        let long = Terms::new(&wanted(Some(100_000), None)).unwrap();
        assert_eq!((long.access, long.refresh), (100_000, Some(200_000)));
    }

    #[test]
    fn refresh_tokens_outlive_access_tokens() {
        for (access, refresh) in [(Some(600), Some(600)), (None, Some(3600)), (Some(u32::MAX), None)] {
            let text = why(Terms::new(&wanted(access, refresh)));
            assert!(text.contains("must be greater"), "{text}");
            assert_eq!(text.contains("nobody says"), access.is_none(), "{text}");
        }
        let there = terms(&["password", "refresh_token"], 600, 1200, &[]);
        let none = BTreeSet::new();
        // One that somebody chose stays while it can, and goes where it must.
        assert_eq!(
            there.changed(&wanted(Some(900), None), &none).unwrap().refresh,
            Some(1200)
        );
        assert_eq!(
            there.changed(&wanted(Some(1200), None), &none).unwrap().refresh,
            Some(86400)
        );
        let text = why(there.changed(&wanted(None, Some(600)), &none));
        assert!(
            text.contains("not greater than 600") && !text.contains("nobody"),
            "{text}"
        );
    }

    #[test]
    fn what_is_not_asked_for_stays() {
        let there = terms(&["mfa", "password"], 600, 1200, &["https://a/b"]);
        let same = there
            .changed(&ClientMetadata::default(), &BTreeSet::new())
            .unwrap();
        assert_eq!(same, there);
        let grants = ClientMetadata {
            grant_types: Some(set(&["implicit"])),
            ..ClientMetadata::default()
        };
        let changed = there.changed(&grants, &BTreeSet::new()).unwrap();
        assert_eq!(
            changed.grants,
            set(&["implicit", "mfa"]),
            "a switch stays what it is"
        );
        assert!(there.differ(&changed, &grants) && !there.differ(&there, &grants));
    }

    #[test]
    fn what_is_asked_for_no_more_is_reset() {
        let there = terms(&["device", "implicit"], 600, 1200, &["https://a/b"]);
        let reset = |field| {
            there
                .changed(&ClientMetadata::default(), &BTreeSet::from([field]))
                .unwrap()
        };
        let grants = reset(Field::GrantTypes).grants;
        assert_eq!(grants, set(&["authorization_code", "device", "refresh_token"]));
        assert_eq!(reset(Field::AccessTokenValidity).access, 3600);
        assert_eq!(reset(Field::RefreshTokenValidity).refresh, Some(86400));
        assert_eq!(reset(Field::RedirectUris).redirects, set(&[]));
    }

    #[test]
    fn grant_types_by_default_follow_the_redirect_uris() {
        let there = Terms::new(&ClientMetadata::default()).unwrap();
        let web = ClientMetadata {
            redirect_uris: Some(set(&["https://a/b"])),
            ..ClientMetadata::default()
        };
        let grants = |there: &Terms| there.changed(&web, &BTreeSet::new()).unwrap().grants;
        assert_eq!(grants(&there), set(&["authorization_code", "refresh_token"]));
        let chosen = terms(&["password"], 600, 1200, &[]);
        assert_eq!(grants(&chosen), set(&["password"]), "somebody chose them");
    }

    #[test]
    fn a_validity_that_no_app_needs_is_no_difference() {
        let without = terms(&["password"], 3600, 0, &[]);
        let then = without
            .changed(&ClientMetadata::default(), &BTreeSet::new())
            .unwrap();
        assert_eq!(then.refresh, Some(86400), "it is sent");
        assert!(
            !without.differ(&then, &ClientMetadata::default()),
            "but nothing is sent for it"
        );
        assert!(
            without.differ(&then, &wanted(None, Some(86400))),
            "unless it is asked for"
        );
    }

    #[test]
    fn implicit_goes_without_refresh_tokens() {
        let both = ClientMetadata {
            grant_types: Some(set(&["implicit", "refresh_token"])),
            ..ClientMetadata::default()
        };
        assert!(why(Terms::new(&both)).contains("implicit"));
    }
}
