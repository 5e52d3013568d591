//! Key pairs, certificates and assertions.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use pem::Pem;
use serde_json::{Value, json};

/// Making keys takes long, so all tests share some.
static KEYS: LazyLock<[Key; 5]> = LazyLock::new(|| [0; 5].map(|_| Key::new()));

/// One of five keys.
pub fn key(number: usize) -> &'static Key {
    &KEYS[number]
}

pub struct Key {
    pair: KeyPair,
}

impl Key {
    fn new() -> Self {
        Self {
            pair: KeyPair::generate(KeySize::Rsa2048).unwrap(),
        }
    }

    /// As SPKI in PEM.
    pub fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().unwrap();
        pem::encode(&Pem::new("PUBLIC KEY", der.as_ref()))
    }

    /// As PKCS#1 in PEM.
    pub fn pkcs1(&self) -> String {
        pem::encode(&Pem::new("RSA PUBLIC KEY", self.pair.public_key().as_ref()))
    }

    /// In a certificate that ends when this year begins.
    pub fn certificate(&self, end: i32) -> String {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().unwrap();
        let pair =
            rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der.as_ref().into(), &rcgen::PKCS_RSA_SHA256);
        let mut parameters = rcgen::CertificateParams::default();
        parameters.not_after = rcgen::date_time_ymd(end, 1, 1);
        parameters.self_signed(&pair.unwrap()).unwrap().pem()
    }

    fn sign(&self, algorithm: &str, message: &str) -> Vec<u8> {
        let encoding: &dyn RsaEncoding = match algorithm {
            "RS384" => &RSA_PKCS1_SHA384,
            "PS256" => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        };
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(encoding, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .unwrap();
        signature
    }

    /// A JWT with this header and these claims.
    pub fn jwt(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.sign(header["alg"].as_str().unwrap(), &signed);
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// An assertion of a client for a tenant, good for a minute.
    pub fn assertion(&self, client_id: &str, tenant: &str) -> String {
        self.jwt(&json!({ "alg": "RS256" }), &claims(client_id, tenant))
    }
}

/// The claims of an assertion of a client for a tenant, good for a minute and never used before.
pub fn claims(client_id: &str, tenant: &str) -> Value {
    let now = Timestamp::now().as_second();
    json!({
        "iss": client_id, "sub": client_id, "aud": format!("{tenant}/"), "iat": now, "exp": now + 60,
        "jti": authserver_emulator::random::uuid(),
    })
}
