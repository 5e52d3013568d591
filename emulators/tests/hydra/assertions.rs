//! Clients that authenticate with `private_key_jwt`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::caller::{Caller, wish, with};
use crate::support::Read;

const TYPE: (&str, &str) = (
    "client_assertion_type",
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
);

enum Signer {
    Elliptic(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

fn text(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn elliptic(algorithm: &'static EcdsaSigningAlgorithm) -> Signer {
    Signer::Elliptic(EcdsaKeyPair::generate(algorithm).unwrap())
}

impl Signer {
    fn rsa() -> Self {
        Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// Its public key.
    fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Elliptic(pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": curve, "kid": kid, "use": "sig", "x": text(x), "y": text(y) })
            }
            Self::Rsa(pair) => {
                // RFC 8017 appendix A.1.1: a sequence of the modulus, of 256 bytes behind a zero, and the exponent.
                let der = pair.public_key().as_ref();
                let (n, e) = (&der[9..265], &der[267..]);
                json!({ "kty": "RSA", "kid": kid, "use": "sig", "n": text(n), "e": text(e) })
            }
        }
    }

    fn sign(&self, message: &[u8], encoding: &'static dyn RsaEncoding) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Elliptic(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A signed JWT.
    fn assertion(&self, header: &Value, claims: &Value) -> String {
        let [head, body] = [header, claims].map(|part| text(part.to_string().as_bytes()));
        let signed = format!("{head}.{body}");
        let encoding: &'static dyn RsaEncoding = match header["alg"].as_str() {
            Some("PS256") => &RSA_PSS_SHA256,
            _ => &RSA_PKCS1_SHA256,
        };
        let signature = text(&self.sign(signed.as_bytes(), encoding));
        format!("{signed}.{signature}")
    }
}

/// What the client `x` says for the token endpoint of a caller.
fn claims(caller: &Caller, jti: &str) -> Value {
    json!({
        "iss": "x", "sub": "x", "aud": caller.emulator.token_url(), "jti": jti,
        "exp": Timestamp::now().as_second() + 60,
    })
}

async fn ask(caller: &Caller, assertion: &str) -> Read {
    caller
        .token_in_body(&[TYPE, ("client_assertion", assertion)])
        .await
}

async fn registered(algorithm: Option<&str>, keys: &[Value]) -> Caller {
    let caller = Caller::start().await;
    let more = json!({
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": keys },
        "token_endpoint_auth_signing_alg": algorithm,
    });
    let made = caller.register(&with(&wish("x"), &more)).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["jwks"]["keys"], json!(keys));
    caller
}

#[tokio::test]
async fn an_assertion_gets_a_token_once() {
    let rsa = Signer::rsa();
    for (algorithm, signer) in [
        (Some("ES256"), &elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING)),
        (Some("ES384"), &elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING)),
        (Some("RS256"), &rsa),
        (Some("PS256"), &rsa),
        (None, &rsa),
    ] {
        let other = elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let caller = registered(algorithm, &[other.jwk("other"), signer.jwk("k")]).await;
        let header = json!({ "alg": algorithm.unwrap_or("RS256"), "kid": "k" });
        let assertion = signer.assertion(&header, &claims(&caller, "1"));
        let answer = ask(&caller, &assertion).await;
        assert_eq!(answer.status, 200, "{algorithm:?}: {answer:?}");
        let again = ask(&caller, &assertion).await;
        assert_eq!((again.status, again.field("error").as_str()), (400, "jti_known"));
        let named = [
            TYPE,
            ("client_id", "x"),
            (
                "client_assertion",
                &signer.assertion(&header, &claims(&caller, "2")),
            ),
        ];
        assert_eq!(caller.token_in_body(&named).await.status, 200);
        let journal = caller.emulator.requests();
        assert_eq!(journal[1].client.as_deref(), Some("Client x"));
        assert!(
            !caller.emulator.verify_pair("x", "secret-of-x"),
            "it has no use for a secret"
        );
        assert_eq!(caller.token("x", "secret-of-x", &[]).await.status, 401);
    }
}

#[tokio::test]
async fn an_assertion_that_is_not_good_is_refused() {
    let signer = elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let caller = registered(Some("ES256"), &[signer.jwk("k")]).await;
    let header = json!({ "alg": "ES256", "kid": "k" });
    let now = Timestamp::now().as_second();
    for (claim, value) in [
        ("iss", json!("y")),
        ("sub", json!("y")),
        ("aud", json!(caller.emulator.public_url())),
        ("aud", json!(["https://a.example", "https://b.example"])),
        ("jti", json!("")),
        ("iss", Value::Null),
        ("exp", Value::Null),
        ("aud", Value::Null),
        ("jti", Value::Null),
    ] {
        let body = with(&claims(&caller, claim), &json!({ claim: value }));
        let answer = ask(&caller, &signer.assertion(&header, &body)).await;
        assert_eq!(
            (answer.status, answer.field("error").as_str()),
            (401, "invalid_client"),
            "{claim}: {value}"
        );
    }
    for (claim, value) in [("exp", now - 1), ("nbf", now + 60)] {
        let body = with(&claims(&caller, "late"), &json!({ claim: value }));
        let answer = ask(&caller, &signer.assertion(&header, &body)).await;
        assert_eq!(
            (answer.status, answer.field("error").as_str()),
            (500, "error"),
            "{claim}"
        );
    }
    let whole = claims(&caller, "1");
    let stranger = elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING);
    assert_eq!(
        ask(&caller, &stranger.assertion(&header, &whole)).await.status,
        401
    );
    let rsa = Signer::rsa();
    assert_eq!(
        ask(&caller, &rsa.assertion(&json!({ "alg": "RS256" }), &whole))
            .await
            .status,
        401
    );
    for kid in ["other", ""] {
        let answer = ask(
            &caller,
            &signer.assertion(&json!({ "alg": "ES256", "kid": kid }), &whole),
        )
        .await;
        assert_eq!(
            (answer.status, answer.field("error").as_str()),
            (400, "invalid_request")
        );
    }
    for broken in ["x", "a.b.c", "..", ""] {
        assert!(ask(&caller, broken).await.status >= 400, "{broken}");
    }
    let several = with(
        &whole,
        &json!({ "aud": ["https://a.example", caller.emulator.token_url()] }),
    );
    let unnamed = json!({ "alg": "ES256" });
    assert_eq!(
        ask(&caller, &signer.assertion(&unnamed, &several)).await.status,
        200,
        "1 is still free"
    );
}

#[tokio::test]
async fn keys_are_for_signatures_of_clients_that_are_registered_so() {
    let signer = elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let header = json!({ "alg": "ES256", "kid": "k" });
    for key in [
        with(&signer.jwk("k"), &json!({ "use": "enc" })),
        with(&signer.jwk("k"), &json!({ "use": null })),
    ] {
        let caller = registered(Some("ES256"), &[key]).await;
        let answer = ask(&caller, &signer.assertion(&header, &claims(&caller, "1"))).await;
        assert_eq!(answer.status, 400);
    }
    let caller = registered(Some("ES256"), &[signer.jwk("k")]).await;
    let assertion = signer.assertion(&header, &claims(&caller, "1"));
    let secret =
        json!([{ "op": "replace", "path": "/token_endpoint_auth_method", "value": "client_secret_basic" }]);
    assert_eq!(caller.patch("x", &secret).await.status, 200);
    assert_eq!(ask(&caller, &assertion).await.status, 401);
    assert_eq!(
        caller.token("x", "secret-of-x", &[]).await.status,
        200,
        "it had a secret all the time"
    );
    let wrong = json!({ "token_endpoint_auth_method": "private_key_jwt", "jwks": {}, "token_endpoint_auth_signing_alg": "HS256" });
    assert_eq!(caller.register(&with(&wish("y"), &wrong)).await.status, 400);
}

#[tokio::test]
async fn keys_are_changed_in_place() {
    let [first, second] = [(); 2].map(|()| elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING));
    let caller = registered(Some("ES256"), &[first.jwk("1")]).await;
    let good = async |signer: &Signer, kid: &str, jti: &str| {
        let header = json!({ "alg": "ES256", "kid": kid });
        ask(&caller, &signer.assertion(&header, &claims(&caller, jti)))
            .await
            .status
            == 200
    };
    let add = json!([{ "op": "add", "path": "/jwks/keys/-", "value": second.jwk("2") }]);
    assert_eq!(caller.patch("x", &add).await.status, 200);
    assert_eq!(
        [good(&first, "1", "a").await, good(&second, "2", "b").await],
        [true, true]
    );
    let remove = json!([{ "op": "remove", "path": "/jwks/keys/0" }]);
    assert_eq!(caller.patch("x", &remove).await.status, 200);
    assert_eq!(
        [good(&first, "1", "c").await, good(&second, "2", "d").await],
        [false, true]
    );
}
