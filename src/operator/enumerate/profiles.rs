//! The kinds of servers that every scene is tried with.

use crate::model::{Capabilities, Fault, testing};
use crate::operator::scenarios::servers::{
    auth0, cocoon, composer, dynamic_registration, hydra, hydra_with_two_secrets, keycloak,
    keycloak_with_two_secrets,
};

/// One kind of server. What sets a kind apart is said here, as data: a kind whose scenes need other acts or another
/// comparison gets a field for it, so that no scene asks for a name.
pub(super) struct Profile {
    pub(super) name: &'static str,
    pub(super) capabilities: fn() -> Capabilities,
    /// What an adapter makes of a mutating call that a switched off server answers with 404. Nothing was done, so the
    /// port allows both; never `NotFound`, as no list proves it.
    pub(super) switched_off: fn(String) -> Fault,
}

/// The kinds; the first one is what the scenes were written for, and is not named in theirs.
pub(super) const ALL: &[Profile] = &[
    Profile {
        name: "",
        capabilities: testing::capabilities,
        switched_off: Fault::Unavailable,
    },
    Profile {
        name: "cocoon",
        capabilities: cocoon,
        switched_off: Fault::Invalid,
    },
    Profile {
        name: "keycloak",
        capabilities: keycloak,
        switched_off: Fault::Unavailable,
    },
    Profile {
        name: "hydra",
        capabilities: hydra,
        switched_off: Fault::Invalid,
    },
    Profile {
        name: "keycloak-two-secrets",
        capabilities: keycloak_with_two_secrets,
        switched_off: Fault::Unavailable,
    },
    Profile {
        name: "hydra-two-secrets",
        capabilities: hydra_with_two_secrets,
        switched_off: Fault::Invalid,
    },
    Profile {
        name: "auth0",
        capabilities: auth0,
        switched_off: Fault::Invalid,
    },
    Profile {
        name: "composer",
        capabilities: composer,
        switched_off: Fault::Unavailable,
    },
    Profile {
        name: "registration",
        capabilities: dynamic_registration,
        switched_off: Fault::Unavailable,
    },
];
