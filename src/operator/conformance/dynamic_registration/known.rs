//! What is known beforehand of its ways: checks that make no sense there, since the server itself does not say what is so.

use crate::operator::conformance::emulated::{self, Known, senseless, senseless_but};
use crate::operator::conformance::server::Mark;

const UPDATE: &[&str] = &["update each field that can change"];
/// Where its answers get lost after they were made.
const LOSES: &[&str] = &[
    "killed after every call",
    "killed after every step",
    "every answer lost",
    "every request delivered late",
    "failed though done",
    "absurd answers to changes",
    "absurd answers to reads",
];
/// Where the spec is changed.
const CHANGES: &[&str] = &[
    "update each field that can change",
    "killed after every call",
    "killed after every step",
    "every answer lost",
    "every request lost",
    "every request delivered late",
    "throttled",
    "denied",
    "failed though done",
    "feature switched off",
    "absurd answers to changes",
    "other order, defaults filled in",
    "unknown fields",
    "removed behind our back",
    "registration access refused",
];
/// Where a client is removed that is gone already, or is asked for.
const GONE: &[&str] = &[
    "delete what is gone already",
    "alone at the server",
    "killed after every call",
    "killed after every step",
    "every answer lost",
    "every request delivered late",
    "failed though done",
    "removed behind our back",
    "name taken over by somebody else",
];
/// Where nothing is removed.
const WITHOUT_REMOVAL: &[&str] = &[
    "register",
    "proven by a token request",
    "update each field that can change",
    "refuse what cannot be honoured",
    "what is not honoured is said",
    "other order, defaults filled in",
    "removed behind our back",
    "registration access refused",
    "name taken by somebody else",
    "admin credential refused: slow",
    "admin credential refused: said",
];
/// Where one registration is enough.
const ONE_REGISTRATION: &[&str] = &[
    "register",
    "proven by a token request",
    "refuse what cannot be honoured",
    "what is not honoured is said",
    "admin credential refused: said",
];

const KNOWN: &[Known] = &[
    ("register", &[], senseless(&[], "it registers nobody")),
    (
        "register_status",
        &["204"],
        senseless(
            &[],
            "no answer to a registration shows the client, so none can be used",
        ),
    ),
    (
        "register_secret",
        &[],
        senseless(
            &[],
            "no answer to a registration shows the secret, so no client can be used",
        ),
    ),
    (
        "initial_token_uses",
        &["1"],
        senseless_but(
            ONE_REGISTRATION,
            "one registration uses the operator's credential up",
        ),
    ),
    (
        "client_limit",
        &["1"],
        senseless_but(ONE_REGISTRATION, "it takes one client and no more"),
    ),
    (
        "refused_grants",
        &["refresh_token"],
        senseless(UPDATE, "it refuses a grant type that is asked for"),
    ),
    (
        "redirect_policy",
        &["none"],
        senseless(UPDATE, "it refuses redirect URIs"),
    ),
    (
        "dropped_grants",
        &["refresh_token"],
        senseless(UPDATE, "it drops a grant type that is asked for"),
    ),
    (
        "auth_method",
        &[],
        senseless(UPDATE, "it gives another authentication method than is asked for"),
    ),
    (
        "dropped_fields",
        &["software_id software_version"],
        senseless(
            LOSES,
            "it does not keep the software id by which a person finds what was left behind",
        ),
    ),
    (
        "scope_granted",
        &["one_less", "all"],
        senseless_but(
            &["what is not honoured is said"],
            "it grants other scopes than are asked for, so that no client is ever as it should be",
        ),
    ),
    (
        "scope_granted",
        &["none"],
        senseless(
            &[
                "register",
                "update each field that can change",
                "removed behind our back",
            ],
            "it grants no scope and does not say so: without a scope in an answer what was asked for is taken to be granted",
        ),
    ),
    (
        "scope_text",
        &["absent"],
        senseless(
            &["what is not honoured is said"],
            "it does not say which scopes it grants",
        ),
    ),
    (
        "numbers",
        &[],
        senseless(
            &["other order, defaults filled in"],
            "it refuses the numbers that it shows itself when they are sent back",
        ),
    ),
    (
        "unknown_metadata",
        &["400", "401", "403", "404", "409", "500"],
        senseless(
            &["unknown fields"],
            "it refuses the fields that it shows itself when they are sent back",
        ),
    ),
    (
        "secret_expires_at",
        &["negative", "milliseconds", "null", "absent"],
        senseless(&["secret that ends"], "it does not say when a secret ends"),
    ),
    (
        "secret_seconds",
        &["1"],
        senseless(
            &[],
            "a secret that is good for a second is never there to be used; a day stands for it",
        ),
    ),
    (
        "rat_seconds",
        &["1"],
        senseless(
            &[],
            "an access that ends within a second ends anywhere in a story; an hour, and the check of a refused access, stand \
             for it",
        ),
    ),
    (
        "update",
        &["400", "404", "409", "500"],
        senseless(
            CHANGES,
            "it refuses every change in a way that says nothing of the registration: the change waits, and nothing is given up",
        ),
    ),
    (
        "update",
        &["401", "403"],
        senseless(
            &["feature switched off"],
            "it refuses the access in every change, so each change needs a new registration",
        ),
    ),
    (
        "update",
        &["403"],
        senseless(
            &["registration access refused"],
            "it refuses the first change in the way in which others refuse the secret in it, so there is a second one",
        ),
    ),
    (
        "secret_in_put",
        &["401"],
        senseless(
            &["feature switched off"],
            "it refuses the access in every change that has the secret, so such a change needs a new registration",
        ),
    ),
    (
        "delete",
        &["400", "409", "500"],
        senseless_but(
            WITHOUT_REMOVAL,
            "it refuses every removal in a way that says nothing of the registration: it is tried again and again",
        ),
    ),
    (
        "unknown_client",
        &["400", "429", "500"],
        senseless(GONE, "it does not say that a client is not there"),
    ),
    (
        "unknown_client",
        &["404"],
        senseless(
            &["removed behind our back"],
            "a change that is answered with 404 says nothing of the registration: the change waits",
        ),
    ),
    (
        "token_error_status",
        &["404", "409", "500"],
        senseless(
            GONE,
            "its token endpoint does not say that a credential is refused, which is what shows that a client is gone",
        ),
    ),
    (
        "secret_in_put",
        &["404", "409", "500"],
        senseless(
            CHANGES,
            "it refuses a change with the client's secret in a way that says nothing of that: the change waits",
        ),
    ),
    (
        "like IBM Verify Access",
        &[],
        senseless(
            &["every request delivered late"],
            "which of a change and its repetition comes first is open, and in the one order the client is locked out",
        ),
    ),
];

/// What is known of a switch and one of its values, or of a product.
pub(in super::super) fn of(name: &str, value: &str) -> Vec<Mark> {
    emulated::marks(KNOWN, name, value)
}
