//! `docs/providers.md`: what each kind of server can do, written from what its adapter says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::address::EgressRules;
use super::connect::{NotConnected, Secrets, connect, secrets_needed};
use crate::api::{ProviderSpec, ProviderType, ServerSpec};
use crate::model::{Capabilities, ChosenBy, Confidential, Field, HandleKind, Overlap, ScopeModel};

/// The page, as Markdown; else why an adapter cannot be asked.
pub fn markdown() -> Result<String, String> {
    let mut page = String::from(
        "<!-- Generated from the adapters' capabilities; do not edit. -->\n\
         # Servers and what they can do\n\n\
         What a server cannot do is refused with a condition, never dropped silently. `status.capabilities` of a server \
         object shows the most important of it. Each line below is asked by the operator, and by the conformance suite \
         (`make conformance`), which prints what does not apply with the capability that says so.\n\n\
         | `spec.provider` | adapter |\n| --- | --- |\n",
    );
    let mut there = Vec::new();
    for provider in ProviderType::ALL {
        let found = capabilities(provider)?;
        let adapter = match found {
            Some(_) => format!("yes: [{0}](providers/{0}.md)", page_of(provider)),
            None => "not yet: a server object of this kind says `ProviderNotAvailable`".to_owned(),
        };
        line(&mut page, &[format!("`{provider}`"), adapter]);
        there.extend(found.map(|found| (provider, values(&found))));
    }
    page.push_str(
        "\nThe columns are of servers as they are configured by default, with a token endpoint that is known.\n\n",
    );
    let head = there.iter().map(|(provider, _)| format!("`{provider}`"));
    let head: Vec<String> = ["capability".to_owned()]
        .into_iter()
        .chain(head)
        .chain(["it means".to_owned()])
        .collect();
    line(&mut page, &head);
    line(&mut page, &vec!["---".to_owned(); head.len()]);
    for (number, (name, meaning)) in CAPABILITIES.into_iter().enumerate() {
        let values = there.iter().map(|(_, values)| values[number].clone());
        let cells: Vec<String> = [format!("`{name}`")]
            .into_iter()
            .chain(values)
            .chain([meaning.to_owned()])
            .collect();
        line(&mut page, &cells);
    }
    Ok(page)
}

fn line(page: &mut String, cells: &[String]) {
    // Writing to a string cannot fail.
    writeln!(page, "| {} |", cells.join(" | ")).ok();
}

/// Where the page of a provider is, below `docs/providers/`.
fn page_of(provider: ProviderType) -> &'static str {
    match provider {
        ProviderType::Composer => "composer",
        ProviderType::DigitalRoute => "digitalroute",
        ProviderType::Auth0 => "auth0",
        ProviderType::Cocoon => "cocoon",
        ProviderType::DynamicRegistration => "dynamic-registration",
        ProviderType::Keycloak => "keycloak",
        ProviderType::Hydra => "hydra",
    }
}

/// As little as a server of this kind needs.
fn example(provider: ProviderType) -> Value {
    let url = "https://server.example.com";
    let secret = json!({"secretRef": {"name": "credential"}});
    match provider {
        ProviderType::Composer | ProviderType::DigitalRoute => json!({"url": url, "auth": {"basic": secret}}),
        ProviderType::Auth0 => json!({"domain": "tenant.eu.auth0.com", "auth": {"clientSecret": secret}}),
        ProviderType::Cocoon => json!({"url": url, "auth": {"password": secret}}),
        ProviderType::DynamicRegistration => {
            json!({"issuer": url, "auth": {"initialAccessToken": secret}})
        }
        ProviderType::Keycloak => json!({"url": url, "realm": "apps", "auth": {"clientSecret": secret}}),
        ProviderType::Hydra => json!({"adminURL": url, "auth": {"bearerToken": secret}}),
    }
}

/// What the adapter says of a server as it is configured by default; none where there is none yet.
fn capabilities(provider: ProviderType) -> Result<Option<Capabilities>, String> {
    capabilities_with(provider, &json!({}))
}

/// The same of one that is configured with more fields.
pub(crate) fn capabilities_with(
    provider: ProviderType,
    more: &Value,
) -> Result<Option<Capabilities>, String> {
    let odd = |why: String| format!("the example of {provider} makes no sense: {why}");
    let mut example = example(provider);
    for (field, value) in more.as_object().into_iter().flatten() {
        example[field] = value.clone();
    }
    let example = json!({provider.as_str(): example});
    let spec: ProviderSpec = serde_json::from_value(example).map_err(|error| odd(error.to_string()))?;
    let spec = ServerSpec::new(spec, None);
    let secrets: Secrets = secrets_needed(&spec)
        .into_iter()
        .map(|needed| {
            let values = needed
                .keys
                .iter()
                .map(|key| (key.clone(), Confidential::new("example")));
            (needed.id(), values.collect())
        })
        .collect();
    match connect(&spec, false, &secrets, &EgressRules::default()) {
        Ok(adapter) => Ok(Some(adapter.capabilities().clone())),
        Err(NotConnected::ProviderNotAvailable(_)) => Ok(None),
        Err(why) => Err(odd(why.to_string())),
    }
}

/// Every capability in the order of the page, and what it means.
const CAPABILITIES: [(&str, &str); 24] = [
    (
        "client_id",
        "who chooses the client id; only where it is the operator can `clientID` be asked for",
    ),
    (
        "client_secret",
        "who chooses the secret; what the operator chooses is in the ledger before it is sent",
    ),
    ("rotated_secret", "who chooses the secret in a rotation in place"),
    (
        "secret_readable",
        "a read shows the secret again, so a lost answer costs nothing",
    ),
    ("handle", "what addresses a client in the management API"),
    ("unique_names", "there are no two clients of one name"),
    (
        "keeps_marker",
        "a note with the client tells who made it, and so whether it is ours",
    ),
    (
        "name_limit",
        "the longest name that is given to a client, in characters",
    ),
    (
        "idempotent_create",
        "a registration that is repeated makes no second client",
    ),
    (
        "can_look_up",
        "what a lost registration made can be looked for; elsewhere it may be left behind, and is reported",
    ),
    (
        "can_list",
        "there is a list of all clients, with which drift is found",
    ),
    (
        "own_access",
        "each registration is changed and removed with an access of its own, which can be lost",
    ),
    (
        "honours",
        "what a spec may ask for; the rest is refused as `FieldNotSupported`",
    ),
    ("updates", "what can be changed without a new client"),
    ("grant_types", "the grant types that the server knows"),
    ("scopes", "what a scope is to the server"),
    ("audience_scopes", "an audience has scopes of its own"),
    (
        "rotate_in_place",
        "a call replaces the secret of a client; elsewhere a rotation registers another client",
    ),
    ("client_id_stable", "a rotation keeps the client id"),
    (
        "overlap",
        "how the old credential goes on working for `overlapSeconds`",
    ),
    (
        "secrets_expire",
        "secrets may end by themselves, and are renewed before; see `renewBeforeSeconds`",
    ),
    (
        "can_verify",
        "a token request proves a credential before the one before it is removed",
    ),
    (
        "spread_seconds",
        "so long after a rotation in place a token request proves nothing",
    ),
    ("can_disable", "`deletionPolicy: Disable` is possible"),
];

/// The values of [`CAPABILITIES`] of one server.
fn values(can: &Capabilities) -> [String; 24] {
    let Capabilities {
        client_id,
        client_secret,
        rotated_secret,
        secret_readable,
        handle,
        unique_names,
        keeps_marker,
        idempotent_create,
        overlap,
        rotate_in_place,
        client_id_stable,
        honours,
        grant_types,
        updates,
        scopes,
        audience_scopes,
        can_list,
        can_look_up,
        own_access,
        secrets_expire,
        can_disable,
        can_verify,
        spread_seconds,
        name_limit,
    } = can;
    [
        chosen_by(*client_id).to_owned(),
        chosen_by(*client_secret).to_owned(),
        if *rotate_in_place {
            chosen_by(*rotated_secret).to_owned()
        } else {
            "—".to_owned()
        },
        yes(*secret_readable).to_owned(),
        addressed_by(*handle).to_owned(),
        yes(*unique_names).to_owned(),
        yes(*keeps_marker).to_owned(),
        name_limit.to_string(),
        yes(*idempotent_create).to_owned(),
        yes(*can_look_up).to_owned(),
        yes(*can_list).to_owned(),
        yes(*own_access).to_owned(),
        fields(honours),
        fields(updates),
        known_grant_types(honours, grant_types.as_ref()),
        scopes_are(*scopes).to_owned(),
        yes(*audience_scopes).to_owned(),
        yes(*rotate_in_place).to_owned(),
        yes(*client_id_stable).to_owned(),
        overlaps(*overlap).to_owned(),
        yes(*secrets_expire).to_owned(),
        yes(*can_verify).to_owned(),
        spread_seconds.to_string(),
        yes(*can_disable).to_owned(),
    ]
}

fn addressed_by(handle: HandleKind) -> &'static str {
    match handle {
        HandleKind::Name => "the name",
        HandleKind::ClientId => "the client id",
        HandleKind::ServerId => "an id of the server",
    }
}

fn known_grant_types(honours: &BTreeSet<Field>, known: Option<&BTreeSet<String>>) -> String {
    match known {
        _ if !honours.contains(&Field::GrantTypes) => "—".to_owned(),
        Some(known) => quoted(known.iter().map(String::as_str)),
        None => "any may be tried".to_owned(),
    }
}

fn scopes_are(scopes: ScopeModel) -> &'static str {
    match scopes {
        ScopeModel::None => "none",
        ScopeModel::Free => "any text",
        ScopeModel::Provisioned { may_create: true, .. } => "those of the server; missing ones are created",
        ScopeModel::Provisioned {
            may_create: false, ..
        } => "those of the server; missing ones are refused",
    }
}

fn overlaps(overlap: Overlap) -> &'static str {
    match overlap {
        Overlap::None => "none",
        Overlap::TwoSlots(_) => "two secrets of one client",
        Overlap::SecondClient => "by a second client: the client id changes",
    }
}

fn chosen_by(chosen: ChosenBy) -> &'static str {
    match chosen {
        ChosenBy::Caller => "the operator",
        ChosenBy::Server => "the server",
    }
}

fn yes(holds: bool) -> &'static str {
    if holds { "yes" } else { "no" }
}

fn fields(fields: &BTreeSet<Field>) -> String {
    quoted(fields.iter().map(|field| field.name()))
}

fn quoted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    if quoted.is_empty() {
        "none".to_owned()
    } else {
        quoted.join(", ")
    }
}
