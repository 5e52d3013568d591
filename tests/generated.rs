//! Generated files are in git; this compares them. `UPDATE_GENERATED=1` writes them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "attacks/table.rs"]
mod table;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use oauth_client_operator::{api, provider};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares one file, or writes it. Returns what to tell the reader.
fn check(path: &Path, expected: &str) -> Option<String> {
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, expected).unwrap();
        return None;
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    let line = found
        .lines()
        .zip(expected.lines())
        .position(|(a, b)| a != b)
        .map_or(0, |line| line + 1);
    (found != expected).then(|| format!("{} differs, first in line {line}", path.display()))
}

#[test]
fn crds_are_up_to_date() {
    let folder = root().join("crds");
    let files = api::crd_files().unwrap();
    let mut wrong: Vec<_> = files
        .iter()
        .filter_map(|(name, text)| check(&folder.join(name), text))
        .collect();
    let known: BTreeSet<_> = files.iter().map(|(name, _)| name.clone()).collect();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !known.contains(&name) {
            wrong.push(format!("crds/{name} is not generated: remove it"));
        }
    }
    assert!(
        wrong.is_empty(),
        "run UPDATE_GENERATED=1 cargo test --test generated:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn crds_are_the_same_every_time() {
    assert_eq!(api::crds_yaml().unwrap(), api::crds_yaml().unwrap());
}

#[test]
fn reference_is_up_to_date() {
    let wrong = check(&root().join("docs/resources.md"), &api::docs::markdown());
    assert!(
        wrong.is_none(),
        "run UPDATE_GENERATED=1 cargo test --test generated: {}",
        wrong.unwrap()
    );
}

#[test]
fn capabilities_are_up_to_date() {
    let page = provider::docs::markdown().unwrap();
    let wrong = check(&root().join("docs/providers.md"), &page);
    assert!(
        wrong.is_none(),
        "run UPDATE_GENERATED=1 cargo test --test generated: {}",
        wrong.unwrap()
    );
}

#[test]
fn attacks_are_up_to_date() {
    let wrong = check(&root().join("docs/attacks.md"), &table::page());
    assert!(
        wrong.is_none(),
        "run UPDATE_GENERATED=1 cargo test --test generated: {}",
        wrong.unwrap()
    );
}

/// So many attacks are made at least: a table that is cut short would pass otherwise.
const ATTACKS: usize = 80;

#[test]
fn the_table_of_attacks_is_whole() {
    let groups = table::groups();
    let rows: Vec<_> = groups.iter().flat_map(|group| &group.attacks).collect();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids.len(), rows.len(), "an id is there twice");
    assert!(rows.len() >= ATTACKS, "only {} attacks", rows.len());
    for row in rows {
        let sees = &row.sees;
        let ends = [&sees.refused, &sees.on, &sees.gone];
        let ends = ends.into_iter().filter(|end| end.is_some()).count();
        assert!(ends == 1 && !row.does.is_empty(), "{} shows nothing", row.id);
    }
}

/// A reference that is added to a server object is attacked, or this fails.
#[test]
fn every_reference_is_attacked() {
    fn references(schema: &serde_json::Value, path: &str, found: &mut BTreeSet<String>) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            if name.ends_with("Ref") {
                found.insert(path);
            } else {
                references(field, &path, found);
            }
        }
    }
    let definitions = serde_json::to_value(api::crds()).unwrap();
    let of = |kind: &str| {
        let mut found = BTreeSet::new();
        let is_it = |one: &&serde_json::Value| one["spec"]["names"]["kind"] == kind;
        let definition = definitions.as_array().unwrap().iter().find(is_it).unwrap();
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        references(&schema["properties"]["spec"], "spec", &mut found);
        found
    };
    let groups = table::groups();
    let group = groups.iter().find(|group| group.name == "references").unwrap();
    let mut tried: BTreeSet<String> = group.variants.keys().cloned().collect();
    // Of two kinds of objects, so it has rows of its own.
    tried.insert("spec.tls.caBundleRef".to_owned());
    assert_eq!(tried, of("AuthorizationServer"));
    assert_eq!(tried, of("ClusterAuthorizationServer"));
    // These have rows of their own, and so have spec.secret.name and spec.adoption.clientID.
    let of_clients = ["spec.serverRef", "spec.clientSecretRef"].map(str::to_owned);
    assert_eq!(of("OAuthClient"), of_clients.into());
}

/// Each adapter that is there has a page.
#[test]
fn every_adapter_has_a_page() {
    let page = provider::docs::markdown().unwrap();
    let links = page.split("(providers/").skip(1);
    for link in links.filter_map(|rest| rest.split(')').next()) {
        let path = root().join("docs/providers").join(link);
        assert!(path.exists(), "docs/providers/{link} is not there");
    }
}

/// Whoever sees a word looks it up in one page.
#[test]
fn every_word_is_explained() {
    let page = fs::read_to_string(root().join("docs/operations.md")).unwrap();
    // What a healthy object says needs no table.
    let at_rest = [
        "Accepted",
        "Registered",
        "Published",
        "TokenIssued",
        "Ready",
        "Completed",
        "Overlap",
        "Reachable",
        "Authenticated",
        "NoneHeld",
        "NotSupported",
    ];
    // In the schema, and not said by this version.
    let later = ["WaitingForSecret", "AddressChanged"];
    let clients = api::ClientReason::ALL.iter().map(ToString::to_string);
    let servers = api::ServerReason::ALL.iter().map(ToString::to_string);
    let words = clients
        .chain(servers)
        .filter(|word| !at_rest.contains(&word.as_str()) && !later.contains(&word.as_str()));
    let source = fs::read_to_string(root().join("src/operator/metrics.rs")).unwrap();
    let metrics = source.split("registry.register(").skip(1).map(|rest| {
        let name = rest.split('"').nth(1).unwrap();
        format!("oauthclient_{name}")
    });
    let source = fs::read_to_string(root().join("src/model/report.rs")).unwrap();
    let events = source
        .split("} => \"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().to_owned());
    let missing: BTreeSet<String> = words
        .chain(metrics)
        .chain(events.filter(|word| word.chars().all(char::is_alphanumeric)))
        .filter(|word| !page.contains(&format!("`{word}")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/operations.md does not say what these are: {missing:?}"
    );
}
