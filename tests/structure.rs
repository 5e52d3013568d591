//! The direction of modules: `api ← model ← provider, cluster ← operator ← main`. A module uses only what is to its
//! left, and the core does no I/O.

#![allow(clippy::unwrap_used)] // A test that cannot read the sources has failed.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the modules that it may use.
const MAY_USE: [(&str, &[&str]); 5] = [
    ("api", &[]),
    ("model", &["api"]),
    ("provider", &["api", "model"]),
    ("cluster", &["api", "model"]),
    ("operator", &["api", "model", "provider", "cluster"]),
];

/// What the core must not touch: I/O, clocks, tasks, the kube client.
const NOT_IN_THE_CORE: [&str; 10] = [
    "kube::",
    "reqwest",
    "tokio::",
    "std::net",
    "std::fs",
    "std::env",
    "Timestamp::now",
    "Instant::now",
    "rand::rng()",
    "Zoned::now",
];

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The code of a file: no comments, and no unit tests, which may use what they like.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_for_tests(path: &Path) -> bool {
    let text = path.to_string_lossy();
    [
        "/testing.rs",
        "/memory.rs",
        "/tests.rs",
        "/tests/",
        "/scenarios/",
        "/enumerate/",
    ]
    .iter()
    .any(|part| text.contains(part))
}

#[test]
fn modules_point_one_way() {
    let mut looked_at = 0;
    for (module, may_use) in MAY_USE {
        for path in rust_files(&Path::new("src").join(module)) {
            if is_for_tests(&path) {
                continue;
            }
            looked_at += 1;
            let code = code(&path);
            for (other, _) in MAY_USE
                .iter()
                .filter(|(other, _)| *other != module && !may_use.contains(other))
            {
                let uses = format!("crate::{other}");
                assert!(!code.contains(&uses), "{} uses {uses}", path.display());
            }
        }
    }
    assert!(looked_at > 30, "only {looked_at} files were looked at");
}

#[test]
fn the_core_does_no_io() {
    for path in rust_files(Path::new("src/model")) {
        if is_for_tests(&path) {
            continue;
        }
        let code = code(&path);
        for word in NOT_IN_THE_CORE {
            assert!(!code.contains(word), "{} has {word}", path.display());
        }
    }
}

#[test]
fn the_core_names_no_provider() {
    for path in rust_files(Path::new("src/model")) {
        let code = code(&path).to_lowercase();
        for name in ["digitalroute", "composer", "auth0", "cocoon", "keycloak", "hydra"] {
            assert!(
                is_for_tests(&path) || !code.contains(name),
                "{} names {name}",
                path.display()
            );
        }
    }
}
