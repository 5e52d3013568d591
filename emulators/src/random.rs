//! Ids, secrets and tokens that are made up.

use rand::{Rng as _, RngExt as _};

use crate::choice;

choice! {
    /// What a secret consists of.
    Alphabet {
        /// Letters, digits, `-` and `_`.
        UrlSafe = "url_safe",
        /// Letters, digits, `+`, `/` and `=`.
        Base64 = "base64",
        /// Characters that need care in forms, JSON, YAML and shells.
        Symbols = "symbols",
    }
}

/// Letters, digits, `-` and `_`.
pub const URL_SAFE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SYMBOLS: &[u8] = b"abcABC123!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// A secret of so many characters, 6 at least.
pub fn secret(length: usize, alphabet: Alphabet) -> String {
    match alphabet {
        Alphabet::UrlSafe => random(length, URL_SAFE),
        Alphabet::Base64 => random(length.saturating_sub(2), BASE64) + "==",
        // Those that get lost most easily are always there.
        Alphabet::Symbols => random(length.saturating_sub(6), SYMBOLS) + "+%:&\"\\",
    }
}

/// Random text from an alphabet.
pub fn random(length: usize, alphabet: &[u8]) -> String {
    let mut rng = rand::rng();
    (0..length)
        .map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())]))
        .collect()
}

/// A random UUID, as text.
pub fn uuid() -> String {
    let digits = format!("{:016x}{:016x}", rand::rng().next_u64(), rand::rng().next_u64());
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}
