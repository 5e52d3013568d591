//! The search for credentials where none may be: as they are, and in every coding in which they travel.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use url::form_urlencoded;

/// Shorter ones would be found everywhere.
const SHORTEST: usize = 8;

/// A credential in one coding.
struct Needle {
    coding: &'static str,
    text: String,
}

/// The search for many credentials at once.
pub struct Search {
    needles: Vec<Needle>,
    by_beginning: HashMap<[u8; SHORTEST], Vec<usize>>,
}

impl Search {
    /// For these credentials.
    pub fn new<'a>(credentials: impl IntoIterator<Item = &'a str>) -> Self {
        let mut seen = BTreeSet::new();
        let mut search = Self {
            needles: Vec::new(),
            by_beginning: HashMap::new(),
        };
        for credential in credentials {
            assert!(
                credential.len() >= SHORTEST + 2,
                "a credential of the tests is too short to be searched for"
            );
            for needle in codings(credential) {
                if seen.insert(needle.text.clone()) {
                    let beginning = beginning(needle.text.as_bytes());
                    search
                        .by_beginning
                        .entry(beginning)
                        .or_default()
                        .push(search.needles.len());
                    search.needles.push(needle);
                }
            }
        }
        search
    }

    /// Where a text shows a credential: the coding, and what stands before it. Never the credential.
    pub fn within(&self, text: &str) -> Vec<String> {
        let bytes = text.as_bytes();
        let mut found = BTreeMap::new();
        for (at, window) in bytes.windows(SHORTEST).enumerate() {
            let Some(candidates) = self.by_beginning.get(&beginning(window)) else {
                continue;
            };
            for needle in candidates.iter().map(|index| &self.needles[*index]) {
                if bytes[at..].starts_with(needle.text.as_bytes()) {
                    let before = String::from_utf8_lossy(&bytes[at.saturating_sub(80)..at]);
                    found
                        .entry(needle.coding)
                        .or_insert_with(|| format!("{}, after {before:?}", needle.coding));
                }
            }
        }
        found.into_values().collect()
    }
}

fn beginning(bytes: &[u8]) -> [u8; SHORTEST] {
    bytes[..SHORTEST].try_into().unwrap()
}

fn codings(credential: &str) -> Vec<Needle> {
    let mut needles = vec![
        ("as it is", credential.to_owned()),
        ("as JSON", json(credential)),
        ("as JSON in JSON", json(&json(credential))),
        ("percent-encoded", percent(credential, '\u{0}')),
        ("percent-encoded in lower case", percent(credential, 'a')),
        (
            "as a form field",
            form_urlencoded::byte_serialize(credential.as_bytes()).collect(),
        ),
    ];
    for offset in 0..3 {
        needles.push((
            "in base64",
            base64_at(&BASE64_STANDARD_NO_PAD, credential, offset),
        ));
        needles.push((
            "in base64 for URLs",
            base64_at(&BASE64_URL_SAFE_NO_PAD, credential, offset),
        ));
    }
    needles
        .into_iter()
        .map(|(coding, text)| Needle { coding, text })
        .collect()
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap();
    quoted[1..quoted.len() - 1].to_owned()
}

fn percent(text: &str, case: char) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ if case == 'a' => format!("%{byte:02x}"),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// What of the base64 text of something longer depends on the credential alone, when it begins so many bytes after a
/// multiple of three.
fn base64_at(engine: &base64::engine::GeneralPurpose, credential: &str, offset: usize) -> String {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(credential.as_bytes());
    let text = engine.encode(&bytes);
    let first = (offset * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    text[first..last].to_owned()
}

/// That the search finds what it should, in every coding.
pub fn finds_what_is_planted() {
    let planted = r#"p+q/r"s\t%u&v:canary-of-the-search"#;
    let search = Search::new([planted]);
    let basic = |name: &str| BASE64_STANDARD_NO_PAD.encode(format!("{name}:{planted}@host"));
    let traces = [
        format!("the secret is {planted}"),
        serde_json::json!({"message": planted}).to_string(),
        serde_json::json!({"line": serde_json::json!({"message": planted}).to_string()}).to_string(),
        format!("https://host/{}", percent(planted, 'A')),
        format!("https://host/{}", percent(planted, 'a')),
        form_urlencoded::Serializer::new(String::new())
            .append_pair("client_secret", planted)
            .finish(),
        format!("Basic {}", basic("a")),
        format!("Basic {}", basic("ab")),
        format!("Basic {}", basic("abc")),
        format!("eyJ{}", BASE64_URL_SAFE_NO_PAD.encode(planted)),
    ];
    for trace in traces {
        assert!(!search.within(&trace).is_empty(), "not found in {trace}");
    }
    assert!(search.within("canary-of-another-search, p+q/r").is_empty());
}
