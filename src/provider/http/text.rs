//! What a server said, as a short text for a person: without credentials, markup and control characters.

use serde_json::Value;

pub use crate::model::Scrub;

/// The longest text of a fault, in characters: it stands in a condition beside other sentences.
pub const TEXT_MAX: usize = 300;
/// A run of letters and digits this long is taken for a credential that we do not know.
const RUN_MAX: usize = 32;
/// Fields of an error body that hold a sentence, best first. Others are not shown: they may hold a whole client.
const SENTENCES: [&str; 8] = [
    "error_description",
    "errorMessage",
    "message",
    "error",
    "details",
    "detail",
    "title",
    "status",
];

/// The sentence in an error body, if there is one that can be shown.
pub fn sentence(body: &[u8], media_type: &str, scrub: &Scrub) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let said = match serde_json::from_str::<Value>(&text) {
        Ok(Value::Object(fields)) => {
            let known = |name: &&str| fields.get(*name).and_then(Value::as_str);
            SENTENCES
                .iter()
                .find_map(known)
                .filter(|said| !said.is_empty())?
                .to_owned()
        }
        Ok(Value::String(said)) => said,
        Err(_) if media_type == "text/plain" => text.into_owned(),
        Ok(_) | Err(_) => return None,
    };
    // Taking a very short secret out would show by its gaps what it is.
    if scrub.knows_a_short_one() {
        return None;
    }
    let said = short(&without_credentials(&scrub.clean(&said)));
    (!said.is_empty()).then_some(said)
}

/// What a server said, with what a person may look at.
pub fn hinted(text: &str, hint: &str) -> String {
    short(&format!("{text} ({hint})"))
}

/// One line of at most [`TEXT_MAX`] characters, without control and formatting characters, and without the full stop
/// at its end, since it stands inside a sentence.
pub fn short(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|c| {
            if c.is_control() || c.is_whitespace() {
                ' '
            } else {
                c
            }
        })
        .filter(|c| !is_invisible(*c))
        .collect();
    let mut line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > TEXT_MAX {
        line = line.chars().take(TEXT_MAX - 1).collect();
        line.push('…');
    }
    line.truncate(line.trim_end_matches('.').len());
    line
}

/// Characters that are not seen but change how the rest is read, such as those that turn its direction round.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Takes out what looks like a credential that we do not know: a server's error may quote another client's.
fn without_credentials(text: &str) -> String {
    let belongs = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/' | '=' | '~');
    let mut clean = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().map(Some).chain([None]) {
        if let Some(c) = c.filter(|c| belongs(*c)) {
            run.push(c);
            continue;
        }
        let mixed =
            run.contains(|c: char| c.is_ascii_digit()) && run.contains(|c: char| c.is_ascii_alphabetic());
        let credential = run.len() >= RUN_MAX && mixed;
        clean.push_str(if credential { "…" } else { &run });
        run.clear();
        clean.extend(c);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Confidential;

    #[test]
    fn only_sentences_are_shown() {
        let scrub = Scrub::default();
        let json = br#"{"client":{"client_secret":"x"},"message":"name is\ntaken."}"#;
        assert_eq!(
            sentence(json, "application/json", &scrub).as_deref(),
            Some("name is taken")
        );
        assert_eq!(sentence(b"[1]", "application/json", &scrub), None);
        assert_eq!(sentence(b"<p>x</p>", "text/html", &scrub), None);
        assert_eq!(
            sentence(b"a\0b\x1b[31m \xe2\x80\xaec", "text/plain", &scrub).as_deref(),
            Some("a b [31m c")
        );
    }

    #[test]
    fn a_very_short_secret_switches_the_text_off() {
        let scrub = Scrub::new([&Confidential::new("abc")]);
        assert_eq!(sentence(b"anything", "text/plain", &scrub), None);
    }

    #[test]
    fn what_looks_like_a_credential_goes_and_names_stay() {
        let secret = "Zx3vQ9pL0aW8mK2nB7cR5tY1uE6iO4sD_fG-hJkLq3wErTyUiOp";
        assert_eq!(
            without_credentials(&format!("got {secret}, sorry")),
            "got …, sorry"
        );
        let name = "client payments.prod-1.ab12cd34ef.2 of realm-number-1 exists";
        assert_eq!(without_credentials(name), name);
    }

    #[test]
    fn texts_are_bounded() {
        let long = short(&"wörd ".repeat(1000));
        assert_eq!(long.chars().count(), TEXT_MAX);
    }
}
