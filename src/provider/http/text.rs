//! What a server said, as a short text for a person: without credentials, markup and control characters.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use zeroize::Zeroizing;

use super::super::percent;
use crate::model::Confidential;

/// The longest text of a fault, in characters: it stands in a condition beside other sentences.
pub const TEXT_MAX: usize = 300;
/// A secret shorter than this could be part of any word, so nothing of the server's text is shown at all.
const SECRET_MIN: usize = 6;
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

/// Takes known secrets out of texts, in each form in which they can come back.
#[derive(Clone, Default)]
pub struct Scrub {
    forms: Vec<Zeroizing<String>>,
    hopeless: bool,
}

impl Scrub {
    /// Knows these secrets.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Confidential>) -> Self {
        let mut scrub = Self::default();
        for secret in secrets {
            scrub.add(secret.expose());
        }
        scrub
    }

    /// Knows one more.
    pub fn add(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        if secret.chars().count() < SECRET_MIN {
            self.hopeless = true;
        }
        let json = Value::from(secret).to_string();
        let forms = [
            secret.to_owned(),
            json.trim_matches('"').to_owned(),
            percent::segment(secret),
            percent::form(secret),
            BASE64_STANDARD.encode(secret),
            BASE64_URL_SAFE_NO_PAD.encode(secret),
        ];
        for form in forms {
            if !self.forms.iter().any(|known| **known == form) {
                self.forms.push(Zeroizing::new(form));
            }
        }
        // The longest first, so that no form leaves a part of another behind.
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The text without them; nothing where that cannot be done.
    fn clean(&self, text: &str) -> Option<String> {
        if self.hopeless {
            return None;
        }
        let mut text = text.to_owned();
        for form in &self.forms {
            if text.contains(form.as_str()) {
                text = text.replace(form.as_str(), "…");
            }
        }
        Some(text)
    }
}

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
    let said = short(&without_credentials(&scrub.clean(&said)?));
    (!said.is_empty()).then_some(said)
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
    fn known_secrets_go_in_each_form() {
        let secret = Confidential::new("pa\"ss wörd/1");
        let scrub = Scrub::new([&secret]);
        for form in [
            "pa\"ss wörd/1".to_owned(),
            "pa\\\"ss wörd/1".to_owned(),
            percent::segment("pa\"ss wörd/1"),
            percent::form("pa\"ss wörd/1"),
            BASE64_STANDARD.encode("pa\"ss wörd/1"),
        ] {
            let said = sentence(format!("bad: {form}!").as_bytes(), "text/plain", &scrub);
            assert_eq!(said.as_deref(), Some("bad: …!"), "{form}");
        }
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
