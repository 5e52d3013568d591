//! The kinds of servers that every scene is tried with.

use crate::model::{Capabilities, testing};
use crate::operator::scenarios::servers::{auth0, cocoon, composer, dynamic_registration, hydra, keycloak};

/// One kind of server.
pub(super) struct Profile {
    pub(super) name: &'static str,
    pub(super) capabilities: fn() -> Capabilities,
}

/// The kinds; the first one is what the scenes were written for, and is not named in theirs.
pub(super) const ALL: &[Profile] = &[
    Profile {
        name: "",
        capabilities: testing::capabilities,
    },
    Profile {
        name: "cocoon",
        capabilities: cocoon,
    },
    Profile {
        name: "keycloak",
        capabilities: keycloak,
    },
    Profile {
        name: "hydra",
        capabilities: hydra,
    },
    Profile {
        name: "auth0",
        capabilities: auth0,
    },
    Profile {
        name: "composer",
        capabilities: composer,
    },
    Profile {
        name: "registration",
        capabilities: dynamic_registration,
    },
];
