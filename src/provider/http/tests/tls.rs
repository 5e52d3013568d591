//! Whom we trust, and who we are.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::raw::{Play, Raw};
use super::*;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

struct Leaf {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

fn leaf(issuer: &Issuer, name: &str, valid: bool, purpose: ExtendedKeyUsagePurpose) -> Leaf {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.extended_key_usages = vec![purpose];
    if !valid {
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
    }
    let certificate = params.signed_by(&key, issuer).unwrap();
    Leaf { certificate, key }
}

fn server_leaf(issuer: &Issuer) -> Leaf {
    leaf(issuer, "127.0.0.1", true, ExtendedKeyUsagePurpose::ServerAuth)
}

async fn server(leaf: &Leaf, clients: Option<&Issuer>) -> Raw {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(issuer) => {
            let mut roots = RootCertStore::empty();
            roots.add(issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf.key.serialize_der()));
    let config = builder
        .with_single_cert(vec![leaf.certificate.der().clone()], key)
        .unwrap();
    Raw::start(
        |_| Play::json("200 OK", "{}"),
        Some(TlsAcceptor::from(Arc::new(config))),
    )
    .await
}

fn trusting(issuer: &Issuer) -> Trust {
    Trust {
        ca_bundle: Some(issuer.pem()),
        client_certificate: None,
    }
}

fn https(server: &Raw, trust: &Trust) -> Http {
    http_with(&format!("https://{}", server.address), "", trust, None).unwrap()
}

/// Nothing was sent, so a change is known not to be done; the text says why.
async fn refused(server: &Raw, trust: &Trust) -> String {
    let http = https(server, trust);
    let fault = fault(&http, &change()).await.unwrap();
    assert_eq!(kind(&http, &read()).await, "Unavailable");
    assert_eq!(server.requests().len(), 0);
    let Fault::Unavailable(text) = fault else {
        panic!("{fault:?}")
    };
    text
}

#[tokio::test]
async fn the_authority_of_the_bundle_is_trusted() {
    let (ours, other) = (authority(), authority());
    let server = server(&server_leaf(&ours), None).await;
    assert_eq!(kind(&https(&server, &trusting(&ours)), &change()).await, "Good");
    let both = Trust {
        ca_bundle: Some(format!("# two\n{}\n{}", other.pem(), ours.pem())),
        client_certificate: None,
    };
    assert_eq!(kind(&https(&server, &both), &change()).await, "Good");
}

#[tokio::test]
async fn another_authority_is_not() {
    let (ours, other) = (authority(), authority());
    let server = server(&server_leaf(&ours), None).await;
    let text = refused(&server, &trusting(&other)).await;
    assert!(text.contains("TLS: invalid peer certificate"), "{text}");
}

/// A bundle is in place of the system's roots, which do not know ours either.
#[tokio::test]
async fn the_system_does_not_know_ours() {
    let server = server(&server_leaf(&authority()), None).await;
    refused(&server, &Trust::default()).await;
}

#[tokio::test]
async fn another_name_is_refused() {
    let ours = authority();
    let leaf = leaf(&ours, "other.example", true, ExtendedKeyUsagePurpose::ServerAuth);
    let server = server(&leaf, None).await;
    let text = refused(&server, &trusting(&ours)).await;
    assert!(text.contains("not valid for name"), "{text}");
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    let ours = authority();
    let leaf = leaf(&ours, "127.0.0.1", false, ExtendedKeyUsagePurpose::ServerAuth);
    let server = server(&leaf, None).await;
    let text = refused(&server, &trusting(&ours)).await;
    assert!(text.contains("expired"), "{text}");
}

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let (ours, clients) = (authority(), authority());
    let server = server(&server_leaf(&ours), Some(&clients)).await;
    let client = leaf(&clients, "operator", true, ExtendedKeyUsagePurpose::ClientAuth);
    let trust = Trust {
        client_certificate: Some((
            Confidential::new(client.certificate.pem()),
            Confidential::new(client.key.serialize_pem()),
        )),
        ..trusting(&ours)
    };
    assert_eq!(kind(&https(&server, &trust), &change()).await, "Good");
}

/// With TLS 1.3 the refusal comes when our request is on its way; the far end has not read it all the same.
#[tokio::test]
async fn without_the_client_certificate_nothing_is_done() {
    let (ours, clients) = (authority(), authority());
    let server = server(&server_leaf(&ours), Some(&clients)).await;
    let text = refused(&server, &trusting(&ours)).await;
    assert!(text.contains("CertificateRequired"), "{text}");

    let stranger = leaf(
        &authority(),
        "operator",
        true,
        ExtendedKeyUsagePurpose::ClientAuth,
    );
    let trust = Trust {
        client_certificate: Some((
            Confidential::new(stranger.certificate.pem()),
            Confidential::new(stranger.key.serialize_pem()),
        )),
        ..trusting(&ours)
    };
    let text = refused(&server, &trust).await;
    assert!(text.contains("TLS: "), "{text}");
}

#[tokio::test]
async fn https_is_not_spoken_to_a_plain_server() {
    let server = Raw::always(Play::json("200 OK", "{}")).await;
    let http = https(&server, &Trust::default());
    assert_eq!(kind(&http, &change_within(SOON)).await, "Unavailable");
}

#[test]
fn certificates_that_cannot_be_read_are_refused() {
    let ours = authority();
    let leaf = server_leaf(&ours);
    let certificate = leaf.certificate.pem();
    let canary = "canary-private-key";
    let broken_key = format!("-----BEGIN PRIVATE KEY-----\n{canary}\n-----END PRIVATE KEY-----\n");
    let bundle = |pem: &str| Trust {
        ca_bundle: Some(pem.to_owned()),
        client_certificate: None,
    };
    let identity = |certificate: &str, key: &str| Trust {
        ca_bundle: None,
        client_certificate: Some((Confidential::new(certificate), Confidential::new(key))),
    };
    for trust in [
        bundle(""),
        bundle("hello"),
        bundle("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        bundle("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n"),
        identity("", ""),
        identity(&certificate, ""),
        identity("", &leaf.key.serialize_pem()),
        identity(&certificate, &broken_key),
        identity(&certificate, canary),
        identity(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            &leaf.key.serialize_pem(),
        ),
        // The key of another certificate.
        identity(&certificate, &KeyPair::generate().unwrap().serialize_pem()),
    ] {
        let unfit = http_with("https://host", "", &trust, None).unwrap_err();
        let Unfit::Configuration(text) = unfit else {
            panic!("{unfit:?}")
        };
        assert!(!text.contains("canary") && text.len() < 200, "{text}");
    }
}
