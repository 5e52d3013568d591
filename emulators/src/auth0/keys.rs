//! Public keys of clients: how they come, what they are called, what they verify.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use yasna::models::ObjectIdentifier;
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, parse_der};

/// The algorithms that a key can be for.
pub const ALGORITHMS: [&str; 3] = ["RS256", "RS384", "PS256"];
/// The least size of a modulus in bytes.
const LEAST_MODULUS: usize = 256;
/// rsaEncryption, RFC 3279 section 2.3.1.
const RSA: [u64; 7] = [1, 2, 840, 113_549, 1, 1, 1];
/// The first byte of a certificate's version, which may be missing.
const VERSION: u8 = 0xa0;

/// An RSA key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The modulus, big-endian, without leading zeros.
    n: Vec<u8>,
    /// The exponent, likewise.
    e: Vec<u8>,
}

/// A key as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The key.
    pub key: PublicKey,
    /// When the certificate ends that it came in, if it came in one.
    pub not_after: Option<Timestamp>,
}

/// Reads PEM: SPKI, PKCS#1 or an X.509 certificate, with an RSA key of 2048 bits or more.
pub fn read(text: &str) -> Option<Published> {
    let pem = pem::parse(text).ok()?;
    let der = pem.contents();
    let published = match pem.tag() {
        "PUBLIC KEY" => Published {
            key: parse_der(der, spki).ok()?,
            not_after: None,
        },
        "RSA PUBLIC KEY" => Published {
            key: parse_der(der, pkcs1).ok()?,
            not_after: None,
        },
        "CERTIFICATE" => certificate(der)?,
        _ => return None,
    };
    (published.key.n.len() >= LEAST_MODULUS).then_some(published)
}

fn pkcs1(reader: BERReader<'_, '_>) -> ASN1Result<PublicKey> {
    reader.read_sequence(|reader| {
        let (n, _) = reader.next().read_bigint_bytes()?;
        let (e, _) = reader.next().read_bigint_bytes()?;
        let [n, e] = [n, e].map(|bytes| bytes.into_iter().skip_while(|byte| *byte == 0).collect());
        Ok(PublicKey { n, e })
    })
}

fn spki(reader: BERReader<'_, '_>) -> ASN1Result<PublicKey> {
    reader.read_sequence(|reader| {
        reader.next().read_sequence(|reader| {
            let algorithm = reader.next().read_oid()?;
            reader.read_optional(null)?;
            if algorithm == ObjectIdentifier::from_slice(&RSA) {
                Ok(())
            } else {
                Err(ASN1Error::new(ASN1ErrorKind::Invalid))
            }
        })?;
        let (key, _) = reader.next().read_bitvec_bytes()?;
        parse_der(&key, pkcs1)
    })
}

/// RFC 5280 section 4.1: what is signed comes first; in it, after the version, follow the serial number, the
/// algorithm, the issuer, the validity, the subject, and the key.
fn certificate(der: &[u8]) -> Option<Published> {
    let certificate = parts(der)?;
    let signed = parts(certificate.first()?)?;
    let first = usize::from(signed.first()?.first() == Some(&VERSION));
    let validity = parts(signed.get(first + 3)?)?;
    let key = parse_der(signed.get(first + 5)?, spki).ok()?;
    let not_after = Some(time(validity.get(1)?)?);
    Some(Published { key, not_after })
}

fn null(reader: BERReader<'_, '_>) -> ASN1Result<()> {
    reader.read_null()
}

fn element(reader: BERReader<'_, '_>) -> ASN1Result<Vec<u8>> {
    reader.read_der()
}

/// The elements of a sequence.
fn parts(der: &[u8]) -> Option<Vec<Vec<u8>>> {
    parse_der(der, |reader| reader.collect_sequence_of(element)).ok()
}

fn time(der: &[u8]) -> Option<Timestamp> {
    let short = parse_der(der, |reader| Ok(*reader.read_utctime()?.datetime()));
    let time = short.or_else(|_| parse_der(der, |reader| Ok(*reader.read_generalized_time()?.datetime())));
    Timestamp::from_second(time.ok()?.unix_timestamp()).ok()
}

impl PublicKey {
    /// Its thumbprint of RFC 7638, which is its `kid` when nobody names another.
    pub fn thumbprint(&self) -> String {
        let [n, e] = [&self.n, &self.e].map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes));
        let text = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
    }

    /// Whether a signature of a message is this key's.
    pub fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let parameters: &RsaParameters = match algorithm {
            "RS256" => &RSA_PKCS1_2048_8192_SHA256,
            "RS384" => &RSA_PKCS1_2048_8192_SHA384,
            "PS256" => &RSA_PSS_2048_8192_SHA256,
            _ => return false,
        };
        let (n, e) = (self.n.as_slice(), self.e.as_slice());
        RsaPublicKeyComponents { n, e }
            .verify(parameters, message, signature)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7638 section 3.1.
    #[test]
    fn a_key_is_called_by_its_thumbprint() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP\
                 ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY\
                 368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f\
                 M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PublicKey {
            n: BASE64_URL_SAFE_NO_PAD.decode(n).unwrap(),
            e: vec![1, 0, 1],
        };
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    /// The example of RFC 7515 appendix A.2.
    #[test]
    fn a_signature_of_others_is_verified() {
        let n = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4\
                 d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5re\
                 xMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxX\
                 FvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
        let message = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                       cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt\
                         _O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArL\
                         IARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7no\
                         OPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQ\
                         Ge77Rw";
        let key = PublicKey {
            n: BASE64_URL_SAFE_NO_PAD.decode(n).unwrap(),
            e: vec![1, 0, 1],
        };
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(key.verifies("RS256", message.as_bytes(), &signature));
        for (algorithm, message) in [
            ("RS384", message),
            ("PS256", message),
            ("none", message),
            ("RS256", "another"),
        ] {
            assert!(
                !key.verifies(algorithm, message.as_bytes(), &signature),
                "{algorithm}"
            );
        }
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        for text in [
            "",
            "no PEM",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
            "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
