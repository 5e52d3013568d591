//! Public keys of clients: JSON Web Keys of RFC 7517, and what they verify.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

/// What stands before the two numbers of a point on a curve.
const UNCOMPRESSED: u8 = 4;

/// The algorithms that a client may sign with.
pub const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
];

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    /// Modulus and exponent.
    Rsa { n: Vec<u8>, e: Vec<u8> },
    /// A point on one of three curves.
    Elliptic { curve: String, point: Vec<u8> },
}

/// A JSON Web Key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub kid: Option<String>,
    /// Whether it is meant for signatures.
    pub signs: bool,
    material: Material,
}

impl Key {
    /// Reads one; `None` when it is of a kind that is not known, or not whole.
    pub fn read(key: &Value) -> Option<Self> {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(text(name)?).ok()?;
            (!bytes.is_empty()).then_some(bytes)
        };
        let material = match text("kty")? {
            "RSA" => Material::Rsa {
                n: bytes("n")?,
                e: bytes("e")?,
            },
            "EC" => {
                let curve = text("crv")?;
                let size = match curve {
                    "P-256" => 32,
                    "P-384" => 48,
                    "P-521" => 66,
                    _ => return None,
                };
                let [x, y] = [bytes("x")?, bytes("y")?];
                if x.len() != size || y.len() != size {
                    return None;
                }
                Material::Elliptic {
                    curve: curve.to_owned(),
                    point: [&[UNCOMPRESSED], &x[..], &y[..]].concat(),
                }
            }
            _ => return None,
        };
        Some(Self {
            kid: text("kid").map(str::to_owned),
            signs: text("use") == Some("sig"),
            material,
        })
    }

    /// Whether it is of the kind that an algorithm needs.
    pub fn is_for(&self, algorithm: &str) -> bool {
        let elliptic = algorithm.starts_with("ES");
        matches!(self.material, Material::Elliptic { .. }) == elliptic
    }

    /// Whether a signature of a message is this key's.
    pub fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { n, e } => rsa(algorithm).is_some_and(|parameters| {
                let (n, e) = (n.as_slice(), e.as_slice());
                RsaPublicKeyComponents { n, e }
                    .verify(parameters, message, signature)
                    .is_ok()
            }),
            Material::Elliptic { curve, point } => {
                let parameters = match (algorithm, curve.as_str()) {
                    ("ES256", "P-256") => &ECDSA_P256_SHA256_FIXED,
                    ("ES384", "P-384") => &ECDSA_P384_SHA384_FIXED,
                    ("ES512", "P-521") => &ECDSA_P521_SHA512_FIXED,
                    _ => return false,
                };
                let key = UnparsedPublicKey::new(parameters, point);
                key.verify(message, signature).is_ok()
            }
        }
    }
}

fn rsa(algorithm: &str) -> Option<&'static RsaParameters> {
    match algorithm {
        "RS256" => Some(&RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Some(&RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Some(&RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Some(&RSA_PSS_2048_8192_SHA256),
        "PS384" => Some(&RSA_PSS_2048_8192_SHA384),
        "PS512" => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}
