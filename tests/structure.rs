//! The direction of modules: `api ← model ← provider, cluster ← operator, plugin ← main`. A module uses only what is to
//! its left, and the core does no I/O.

#![allow(clippy::unwrap_used)] // A test that cannot read the sources has failed.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module with the modules that it may use.
const MAY_USE: [(&str, &[&str]); 6] = [
    ("api", &[]),
    ("model", &["api"]),
    ("provider", &["api", "model"]),
    ("cluster", &["api", "model"]),
    ("operator", &["api", "model", "provider", "cluster"]),
    ("plugin", &["api", "model", "provider", "cluster"]),
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

/// Identifiers, `::`, and every other character but blanks by itself.
fn tokens(code: &str) -> Vec<&str> {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut tokens = Vec::new();
    let mut rest = code.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if is_word(first) {
            rest.find(|character| !is_word(character)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after.trim_start();
    }
    tokens
}

/// The names that the code of a module takes from the root of the crate, in any way of writing: `crate::a`,
/// `crate::{a::…, b}`, `super::super::a`. `depth` is how far below the root the module is. `*` and `self` are such names
/// too: by them everything can be taken.
fn names_from_root(code: &str, depth: usize) -> Vec<&str> {
    let tokens = tokens(code);
    let mut names = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        // Where a path begins, so not in the middle of another one.
        let begins = at == 0 || tokens[at - 1] != "::";
        if begins && matches!(tokens[at], "crate" | "super" | "self") && tokens.get(at + 1) == Some(&"::") {
            at = tree(&tokens, at, depth, false, &mut names);
        } else {
            at += 1;
        }
    }
    names
}

/// Reads a path, or a tree of them, of a module that is `above` levels below the root, or at the root already, and
/// returns what follows its first name.
fn tree<'a>(
    tokens: &[&'a str],
    mut at: usize,
    mut above: usize,
    mut rooted: bool,
    names: &mut Vec<&'a str>,
) -> usize {
    while tokens.get(at + 1) == Some(&"::") && matches!(tokens[at], "crate" | "super" | "self") {
        // In a module within the file one more would be needed for the root: too much is seen rather than too little.
        above -= usize::from(tokens[at] == "super" && above > 0);
        rooted |= tokens[at] == "crate" || above == 0;
        at += 2;
    }
    // A comma at the end of a list has nothing behind it.
    if tokens.get(at) == Some(&"}") {
        return at;
    }
    if tokens.get(at) != Some(&"{") {
        names.extend(tokens.get(at).filter(|_| rooted));
        return at + 1;
    }
    while at < tokens.len() && tokens[at] != "}" {
        at = tree(tokens, at + 1, above, rooted, names);
        let mut within = 0;
        while at < tokens.len() && !(within == 0 && matches!(tokens[at], "," | "}")) {
            within += usize::from(tokens[at] == "{");
            within -= usize::from(tokens[at] == "}");
            at += 1;
        }
    }
    at + 1
}

/// What a module takes from the root although it is not to its left.
fn wrong_way<'a>(code: &'a str, depth: usize, module: &str, may_use: &[&str]) -> Vec<&'a str> {
    let mut names = names_from_root(code, depth);
    names.retain(|name| *name != module && !may_use.contains(name));
    names
}

/// How far below the root the module of a file is.
fn depth(path: &Path) -> usize {
    path.components().count() - 1 - usize::from(path.ends_with("mod.rs"))
}

#[test]
fn modules_point_one_way() {
    let (mut looked_at, mut uses) = (0, 0);
    for (module, may_use) in MAY_USE {
        for path in rust_files(&Path::new("src").join(module)) {
            if is_for_tests(&path) {
                continue;
            }
            looked_at += 1;
            let code = code(&path);
            uses += names_from_root(&code, depth(&path)).len();
            let wrong = wrong_way(&code, depth(&path), module, may_use);
            assert!(wrong.is_empty(), "{} uses {wrong:?} of the crate", path.display());
        }
    }
    assert!(looked_at > 30, "only {looked_at} files were looked at");
    assert!(uses > 100, "only {uses} uses were found");
}

#[test]
fn a_module_that_points_the_wrong_way_is_seen() {
    let core = |code| wrong_way(code, 2, "model", &["api"]);
    for planted in [
        "use crate::operator::Clock;",
        "use crate::{operator::{clock, run}, api};",
        "use crate::{\n    api::{self, Spec},\n    operator,\n};",
        "use crate::{{api}, {model::state, operator}};",
        "use super::super::operator::Clock;",
        "use super::{state, super::{api, operator}};",
        "use self::super::super::operator;",
        "fn f() { let _ = crate :: operator :: now(); }",
        "macro_rules! m { () => { $crate::operator::now() } }",
    ] {
        assert_eq!(core(planted), ["operator"], "{planted}");
    }
    assert_eq!(core("use crate::*;"), ["*"]);
    assert_eq!(core("use crate::{self as all};"), ["self"]);
    assert_eq!(
        wrong_way("use super::operator;", 1, "model", &["api"]),
        ["operator"]
    );
    for allowed in [
        "use crate::{api::{self, Spec}, model::operator};",
        "use crate::model::{state::{self, State}, operator, super_::x};",
        "use super::{operator, state::operator::{run}};",
        "use super::super::{api, model};",
        "pub(crate) fn operator() { self::operator(); other::crate_::operator() }",
        "pub(in crate::model) struct Operator;",
    ] {
        assert_eq!(core(allowed), Vec::<&str>::new(), "{allowed}");
    }
    assert_eq!(depth(Path::new("src/model/mod.rs")), 1);
    assert_eq!(depth(Path::new("src/model/state.rs")), 2);
    assert_eq!(depth(Path::new("src/model/decide/case.rs")), 3);
}

/// What a test prints past the witness is not looked through for credentials.
#[test]
fn tests_speak_through_the_witness() {
    let prints = |code: &str| {
        let tokens = tokens(code);
        let is_print =
            |pair: &[&str]| matches!(pair, ["print" | "println" | "eprint" | "eprintln" | "dbg", "!"]);
        tokens.windows(2).any(is_print)
    };
    assert!(prints("fn f() { println!(\"a secret\"); }"));
    assert!(!prints("fn f() { world.say(\"println\"); }"));
    let mut looked_at = 0;
    for suite in ["e2e", "disruption", "situations"] {
        for path in rust_files(&Path::new("tests").join(suite)) {
            looked_at += 1;
            assert!(!prints(&code(&path)), "{} prints: use world.say", path.display());
        }
    }
    assert!(looked_at > 15, "only {looked_at} files were looked at");
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
