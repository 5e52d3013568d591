//! A text that must not be seen: client secrets, registration tokens, passwords.

use std::fmt;
use std::hash::{Hash, Hasher};

use rand::CryptoRng;
use zeroize::Zeroizing;

/// A secret text. It has no `Serialize` and no `Display`, its `Debug` is redacted, and its memory is
/// overwritten when it is dropped. [`Confidential::expose`] is the only way out, and easy to search for.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Confidential(Zeroizing<String>);

impl Confidential {
    /// Takes a text over.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the wire and for the Secret only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// 256 random bits as 43 base64url characters: more than the 160 bits that RFC 6749 section 10.10 asks
    /// for, no character that a shell, a URL or HTTP Basic minds, and below the 72 bytes that bcrypt reads.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        use base64::Engine as _;
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rng.fill_bytes(&mut *bytes);
        Self::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(*bytes))
    }
}

impl Hash for Confidential {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Serialisation for the ledger, named in full at each field that uses it (`#[serde(with = …)]`), so that no
/// other place can write a secret by accident.
pub(super) mod in_ledger {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Confidential;

    // The signature is what `#[serde(with)]` asks for.
    #[allow(clippy::ref_option)]
    pub(crate) fn serialize<S: Serializer>(secret: &Option<Confidential>, to: S) -> Result<S::Ok, S::Error> {
        match secret {
            Some(secret) => to.serialize_some(secret.expose()),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Confidential>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.map(Confidential::new))
    }
}

/// The same for a secret that is always there.
pub(super) mod in_ledger_always {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Confidential;

    pub(crate) fn serialize<S: Serializer>(secret: &Confidential, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(secret.expose())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Confidential, D::Error> {
        String::deserialize(from).map(Confidential::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_it() {
        let secret = Confidential::new("hunter2-hunter2");
        assert_eq!(format!("{secret:?}"), "[redacted]");
        assert_eq!(format!("{:#?}", Some(secret)), "Some(\n    [redacted],\n)");
    }

    #[test]
    fn generated_secrets_are_long_plain_and_different() {
        let mut rng = rand::rng();
        let (one, two) = (Confidential::generate(&mut rng), Confidential::generate(&mut rng));
        assert_ne!(one, two);
        assert_eq!(one.expose().len(), 43);
        assert!(
            one.expose()
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        );
    }
}
