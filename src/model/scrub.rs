//! Takes credentials out of texts that others wrote: a server, or an admission webhook, may quote what it refuses.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use zeroize::Zeroizing;

use super::confidential::Confidential;
use super::percent;

/// A secret shorter than this could be part of any word.
const SECRET_MIN: usize = 6;

/// Takes known secrets out of texts, in each form in which they can come back.
#[derive(Clone, Default)]
pub struct Scrub {
    forms: Vec<Zeroizing<String>>,
    short: bool,
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
            self.short = true;
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

    /// Whether a secret is so short that it could be part of any word, so that a text without it says what it is.
    pub fn knows_a_short_one(&self) -> bool {
        self.short
    }

    /// The text without them.
    #[must_use]
    pub fn clean(&self, text: &str) -> String {
        self.forms
            .iter()
            .fold(text.to_owned(), |text, form| text.replace(form.as_str(), "…"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_go_in_each_form() {
        let text = "pa\"ss wörd/1";
        let scrub = Scrub::new([&Confidential::new(text)]);
        assert!(!scrub.knows_a_short_one());
        for form in [
            text.to_owned(),
            text.replace('"', "\\\""),
            percent::segment(text),
            percent::form(text),
            BASE64_STANDARD.encode(text),
            BASE64_URL_SAFE_NO_PAD.encode(text),
        ] {
            assert_eq!(scrub.clean(&format!("bad: {form}!")), "bad: …!", "{form}");
        }
    }

    #[test]
    fn a_short_secret_is_told() {
        assert!(Scrub::new([&Confidential::new("abc")]).knows_a_short_one());
        assert!(!Scrub::new([&Confidential::new("")]).knows_a_short_one());
    }
}
