//! Its ways: by default, come to in other ways, with each value of each of its switches, and as products are.

use std::sync::atomic::AtomicU32;

use authserver_emulator::dynamic_registration::{Config, Emulator, Switches};
use futures::FutureExt as _;

use super::{Approach, Emulated, Place, SCOPES, STATEMENT, initial_access_token, known};
use crate::operator::conformance::emulated;
use crate::operator::conformance::server::{ServerUnderTest, Specimen};

const SERVER: &str = "dynamic registration (emulator)";

const BY_ISSUER: Approach = Approach {
    place: Place::Issuer,
    guarded: true,
    vouched: false,
};

/// Values of switches that stand for many: some of each more than the emulator's own samples have.
const MORE: [(&str, &str); 9] = [
    ("initial_token_uses", "100"),
    ("client_limit", "300"),
    ("refused_grants", "refresh_token"),
    ("dropped_fields", "client_name"),
    ("dropped_fields", "software_id software_version"),
    ("dropped_grants", "refresh_token"),
    ("secret_seconds", "86400"),
    ("old_secret_ms", "3600000"),
    ("rat_seconds", "3600"),
];

/// Switches of which the server cannot be found by its issuer.
const NOT_BY_ISSUER: [(&str, &str); 6] = [
    ("discovery", "none"),
    ("issuer_value", "trailing_slash"),
    ("issuer_value", "other"),
    ("issuer_value", "absent"),
    ("registration_endpoint", "absent"),
    ("registration_endpoint", "other_origin"),
];

/// Products, as far as they are known, each by the switches that make the emulator like it.
const PRODUCTS: [(&str, &[(&str, &str)]); 5] = [
    (
        "like Keycloak",
        &[
            ("rat_on_put", "new"),
            ("rat_on_get", "resigned"),
            ("rat_form", "jwt"),
            ("default_fields", "true"),
            ("secret_on_put", "new_if_expired"),
        ],
    ),
    (
        "like Ory Hydra",
        &[
            ("rat_on_put", "new"),
            ("rat_in_get_answer", "never"),
            ("secret_in_get_answer", "never"),
            ("secret_in_put", "403"),
            ("secret_in_put_answer", "changed"),
        ],
    ),
    (
        "like IBM Verify Access",
        &[
            ("rat_on_put", "new"),
            ("secret_on_put", "new"),
            ("secret_in_put", "demanded"),
        ],
    ),
    (
        "like Auth0",
        &[("management", "none"), ("update", "404"), ("delete", "404")],
    ),
    (
        "locked out by each change",
        &[("rat_on_put", "new"), ("rat_in_put_answer", "never")],
    ),
];

/// All of them.
pub(in super::super) fn specimens() -> Vec<Specimen> {
    let plain = |variant: &str, approach| specimen(variant.to_owned(), approach, Config::default());
    let mut all = vec![
        Specimen {
            turn: None,
            ..plain("default", BY_ISSUER)
        },
        plain(
            "without initial access token",
            Approach {
                guarded: false,
                ..BY_ISSUER
            },
        ),
        plain(
            "with a software statement",
            Approach {
                vouched: true,
                ..BY_ISSUER
            },
        ),
        plain(
            "registrationURI and tokenURI",
            Approach {
                place: Place::Endpoints,
                ..BY_ISSUER
            },
        ),
        plain(
            "registrationURI alone",
            Approach {
                place: Place::Registration,
                ..BY_ISSUER
            },
        ),
        specimen(
            "issuer with a path".to_owned(),
            BY_ISSUER,
            Config {
                issuer_path: "/tenants/a".to_owned(),
                ..Config::default()
            },
        ),
    ];
    for (switch, value) in emulated::turns(Switches::info(), &MORE) {
        let one = turned(format!("{switch}={value}"), &[(switch, &value)]);
        all.push(Specimen {
            marks: known::of(switch, &value),
            turn: Some(all.len()),
            ..one
        });
    }
    for (product, turns) in PRODUCTS {
        all.push(Specimen {
            marks: known::of(product, ""),
            turn: Some(all.len()),
            ..turned(product.to_owned(), turns)
        });
    }
    all
}

fn turned(variant: String, turns: &[(&str, &str)]) -> Specimen {
    let mut switches = Switches::default();
    for (switch, value) in turns {
        switches.set(switch, value).unwrap();
    }
    let by_endpoints = turns.iter().any(|turn| NOT_BY_ISSUER.contains(turn));
    let approach = Approach {
        place: if by_endpoints {
            Place::Endpoints
        } else {
            Place::Issuer
        },
        ..BY_ISSUER
    };
    let config = Config {
        // A path, where its place is what the switch is about.
        issuer_path: if turns.iter().any(|(switch, _)| *switch == "discovery_form") {
            "/tenants/a".to_owned()
        } else {
            String::new()
        },
        switches,
        ..Config::default()
    };
    specimen(variant, approach, config)
}

fn specimen(variant: String, approach: Approach, config: Config) -> Specimen {
    let marks = known::of(&variant, "");
    let config = Config {
        initial_access_token: approach.guarded.then(|| initial_access_token(1)),
        software_statements: if approach.vouched {
            vec![STATEMENT.to_owned()]
        } else {
            Vec::new()
        },
        scopes: SCOPES.map(str::to_owned).to_vec(),
        ..config
    };
    let start = move || {
        let config = config.clone();
        async move {
            let detours = detours(&config.switches);
            let emulator = Emulator::start(config).await.map_err(|error| error.to_string())?;
            let emulated = Emulated {
                emulator,
                approach,
                detours,
                token: AtomicU32::new(1),
            };
            Ok(Box::new(emulated) as Box<dyn ServerUnderTest>)
        }
        .boxed()
    };
    Specimen {
        server: SERVER,
        variant,
        turn: Some(0),
        start: Box::new(start),
        marks,
    }
}

/// A change that is refused is made by a new registration; one with the client's secret is tried without it first, and
/// then confirmed; and what was removed is removed again where that was not plainly said.
fn detours(switches: &Switches) -> usize {
    let map = switches.to_map();
    let is_refused = |switch: &str| map[switch].parse::<u16>().is_ok();
    let odd = |switch: &str, usual: &str| map[switch] != usual;
    let locked_out = odd("rat_on_put", "keep") && odd("rat_in_put_answer", "always");
    let twice = is_refused("update") || is_refused("delete") || is_refused("secret_in_put");
    let once = locked_out || odd("delete_status", "204") || odd("secret_on_put", "keep");
    2 * usize::from(twice) + usize::from(once)
}
