//! TLS in front of an emulator, which speaks none itself.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A listener with a certificate of an authority of its own.
pub struct TlsFront {
    /// `https://…`
    pub url: String,
    /// The authority, in PEM.
    pub authority: String,
}

impl TlsFront {
    /// Passes everything on to the server at `url`, for as long as the runtime lives.
    pub async fn before(url: &str) -> Self {
        let behind: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .unwrap()
            .signed_by(&key, &authority)
            .unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Who does not trust us goes away again.
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    if let Ok(mut behind) = TcpStream::connect(behind).await {
                        tokio::io::copy_bidirectional(&mut stream, &mut behind).await.ok();
                    }
                });
            }
        });
        Self {
            url,
            authority: authority.pem(),
        }
    }
}
