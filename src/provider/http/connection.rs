//! How connections are made: which addresses, which TLS, and whether one was made at all.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use url::{Host, Url};

use super::super::address::{self, EgressRules, Refused};
use crate::model::Confidential;

/// A connection that is not made in this time will not be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long data may be on its way without being acknowledged. It bounds how late a call can arrive after we have
/// stopped waiting for it.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);
/// Headers of one answer, in number. hyper bounds their size to about 400 KiB.
const HEADERS_MAX: usize = 64;
/// Idle connections for reads that are kept, and for how long: shorter than servers and balancers usually wait.
const IDLE_MAX: usize = 4;
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Whom to trust, and who we are.
#[derive(Clone, Default)]
pub struct Trust {
    /// Certificates of the authorities to trust, PEM, instead of the system's roots.
    pub ca_bundle: Option<String>,
    /// Our certificate with its chain, and its key; both PEM.
    pub client_certificate: Option<(Confidential, Confidential)>,
}

/// Why no client could be made from the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The address is a literal that is refused.
    #[error("{0}")]
    Address(#[from] Refused),
    /// Something in it makes no sense.
    #[error("{0}")]
    Configuration(String),
}

impl Unfit {
    fn configuration(text: &str) -> Self {
        Self::Configuration(text.to_owned())
    }
}

/// Whether connections are kept for later calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// They are. A call on a connection that the server has closed meanwhile may fail, or be sent once more on
    /// another if nothing of it was written.
    Kept,
    /// Each call has its own: it cannot be lost on a stale one, is never sent twice, and it is known whether
    /// anything of it can have been sent.
    Fresh,
}

tokio::task_local! {
    /// Whether the call that runs in this task has a connection. Until then nothing can have been sent.
    static CONNECTED: Arc<AtomicBool>;
}

/// Runs a call and tells whether it came to have a connection of its own.
pub async fn watched<F: Future>(connected: Arc<AtomicBool>, call: F) -> F::Output {
    CONNECTED.scope(connected, call).await
}

fn note_connected<C>(connection: C) -> C {
    // Outside of a call there is nobody to tell.
    CONNECTED
        .try_with(|connected| connected.store(true, Ordering::SeqCst))
        .ok();
    connection
}

/// A client for one origin.
pub fn client(
    origin: &Url,
    namespaced: bool,
    egress: &EgressRules,
    trust: &Trust,
    pooling: Pooling,
) -> Result<Client, Unfit> {
    let resolver = Resolver {
        namespaced,
        egress: egress.clone(),
        lookup: system_lookup,
    };
    client_resolving(origin, resolver, trust, pooling)
}

fn client_resolving(
    origin: &Url,
    resolver: Resolver,
    trust: &Trust,
    pooling: Pooling,
) -> Result<Client, Unfit> {
    check_literal(origin, resolver.namespaced, &resolver.egress)?;
    let builder = Client::builder()
        .user_agent(concat!("oauth-client-operator/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .http1_max_headers(HEADERS_MAX)
        .https_only(origin.scheme() == "https")
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connect_timeout(CONNECT_TIMEOUT)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(match pooling {
            Pooling::Kept => IDLE_MAX,
            Pooling::Fresh => 0,
        })
        .dns_resolver(Arc::new(resolver))
        .connector_layer(tower::util::MapResponseLayer::new(note_connected));
    // What the far end has not acknowledged by then is never delivered, even if we have closed the connection.
    #[cfg(target_os = "linux")]
    let builder = builder.tcp_user_timeout(UNACKNOWLEDGED);
    let builder = trusting(builder, origin, trust)?;
    // The error's text names no value of ours: it comes from the TLS library.
    builder.build().map_err(|error| {
        Unfit::Configuration(format!("cannot set up TLS: {}", super::fault::root_cause(&error)))
    })
}

fn trusting(mut builder: ClientBuilder, origin: &Url, trust: &Trust) -> Result<ClientBuilder, Unfit> {
    if origin.scheme() != "https" {
        // No TLS, so no roots either: an image without any can still speak to a plain server.
        return Ok(builder.tls_certs_only([]));
    }
    if let Some(pem) = &trust.ca_bundle {
        let certificates = Certificate::from_pem_bundle(pem.as_bytes())
            .map_err(|_| Unfit::configuration("the CA bundle is not PEM"))?;
        if certificates.is_empty() {
            return Err(Unfit::configuration("the CA bundle holds no certificate"));
        }
        builder = builder.tls_certs_only(certificates);
    }
    if let Some((certificate, key)) = &trust.client_certificate {
        let mut pem = zeroize::Zeroizing::new(String::from(certificate.expose()));
        pem.push('\n');
        pem.push_str(key.expose());
        let identity = Identity::from_pem(pem.as_bytes()).map_err(|_| {
            Unfit::configuration("the client certificate and its key cannot be read; both must be PEM")
        })?;
        builder = builder.identity(identity);
    }
    Ok(builder)
}

/// Names are judged when they are resolved; a literal is not resolved.
fn check_literal(origin: &Url, namespaced: bool, egress: &EgressRules) -> Result<(), Refused> {
    let literal = match origin.host() {
        Some(Host::Ipv4(v4)) => v4.into(),
        Some(Host::Ipv6(v6)) => v6.into(),
        Some(Host::Domain(_)) | None => return Ok(()),
    };
    address::check(literal, namespaced, egress)
}

/// The system's resolver, whose answers are judged. Only addresses that are allowed are connected to; where there is
/// none, the first that is not says why.
struct Resolver {
    namespaced: bool,
    egress: EgressRules,
    lookup: Lookup,
}

/// The addresses of a name, as they are just then; their port stands for the URL's.
type Lookup = fn(Name) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

fn system_lookup(name: Name) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    async move { Ok(tokio::net::lookup_host((name.as_str(), 0)).await?.collect()) }.boxed()
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (namespaced, egress) = (self.namespaced, self.egress.clone());
        let found = (self.lookup)(name);
        Box::pin(async move {
            let found = found.await?;
            // What is judged here is what is connected to: nobody asks for the name once more in between.
            Ok(Box::new(allowed(found, namespaced, &egress)?.into_iter()) as Addrs)
        })
    }
}

fn allowed(
    found: Vec<SocketAddr>,
    namespaced: bool,
    egress: &EgressRules,
) -> Result<Vec<SocketAddr>, Refused> {
    let mut refused = None;
    let mut good = Vec::new();
    for address in found {
        match address::check(address.ip(), namespaced, egress) {
            Ok(()) => good.push(address),
            Err(reason) => {
                refused.get_or_insert(reason);
            }
        }
    }
    match refused {
        Some(reason) if good.is_empty() => Err(reason),
        _ => Ok(good),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// How often the name was asked for.
    static ASKED: AtomicUsize = AtomicUsize::new(0);

    /// A name that is somewhere else each time: where it may be, where it may not be, at both, and within a metadata service.
    fn changing(_: Name) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let answers: [&[&str]; 4] = [
            &["127.13.0.1"],
            &["127.0.0.1"],
            &["127.0.0.1", "127.13.0.1"],
            &["169.254.169.254", "::ffff:127.0.0.1"],
        ];
        let answer = answers[ASKED.fetch_add(1, Ordering::SeqCst) % answers.len()];
        let addresses = answer
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 0));
        std::future::ready(Ok(addresses.collect())).boxed()
    }

    /// Two addresses, at one port that both have free: others may have it at one of them.
    async fn at_one_port(addresses: [&str; 2]) -> [tokio::net::TcpListener; 2] {
        for _ in 0..100 {
            let first = tokio::net::TcpListener::bind((addresses[0], 0)).await.unwrap();
            let port = first.local_addr().unwrap().port();
            if let Ok(second) = tokio::net::TcpListener::bind((addresses[1], port)).await {
                return [first, second];
            }
        }
        panic!("no port is free at both of {addresses:?}");
    }

    /// Answers, and counts who comes.
    fn answer_at(listener: tokio::net::TcpListener) -> (u16, Arc<AtomicUsize>) {
        let port = listener.local_addr().unwrap().port();
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = visits.clone();
        let answer = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::ready("here")
        };
        let router = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        (port, visits)
    }

    #[tokio::test]
    async fn a_name_that_changes_its_answer_leads_nowhere_else() {
        let [allowed, refused] = at_one_port(["127.13.0.1", "127.0.0.1"]).await;
        let (port, visits) = answer_at(allowed);
        let (_, forbidden) = answer_at(refused);
        let resolver = Resolver {
            namespaced: true,
            egress: EgressRules {
                allow_loopback: false,
                allowed_cidrs: vec!["127.13.0.0/16".parse().unwrap()],
            },
            lookup: changing,
        };
        let url = Url::parse(&format!("http://rebinding.example.com:{port}/")).unwrap();
        let client = client_resolving(&url, resolver, &Trust::default(), Pooling::Fresh).unwrap();
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(match client.get(url.clone()).send().await {
                Ok(answer) => answer.status().to_string(),
                Err(error) => super::super::fault::root_cause(&error),
            });
        }
        assert!(seen[0] == "200 OK" && seen[2] == "200 OK", "{seen:?}");
        assert!(
            seen[1].starts_with("its address 127.0.0.1 is a loopback address"),
            "{seen:?}"
        );
        assert!(
            seen[3].starts_with("its address 169.254.169.254 is the address of"),
            "{seen:?}"
        );
        assert_eq!(visits.load(Ordering::SeqCst), 2);
        assert_eq!(
            forbidden.load(Ordering::SeqCst),
            0,
            "nobody came where nobody may"
        );
    }

    /// A name that says in its first label, in hexadecimal, where it is.
    #[expect(clippy::needless_pass_by_value, reason = "as every lookup has it")]
    fn telling(name: Name) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
        let label = name.as_str().split('.').next().unwrap();
        let ip: std::net::IpAddr = if label.len() == 8 {
            std::net::Ipv4Addr::from(u32::from_str_radix(label, 16).unwrap()).into()
        } else {
            std::net::Ipv6Addr::from(u128::from_str_radix(label, 16).unwrap()).into()
        };
        std::future::ready(Ok(vec![SocketAddr::new(ip, 0)])).boxed()
    }

    fn name_of(address: &str) -> String {
        let label = match address.parse().unwrap() {
            std::net::IpAddr::V4(v4) => format!("{:08x}", u32::from(v4)),
            std::net::IpAddr::V6(v6) => format!("{:032x}", u128::from(v6)),
        };
        format!("{label}.rebinding.example.com")
    }

    /// A name is as good a disguise as any other: what it resolves to is judged as a literal would be.
    #[rstest::rstest]
    #[case("127.0.0.1", "a loopback address", true)]
    #[case("::1", "a loopback address", true)]
    #[case("::ffff:127.0.0.1", "a loopback address", true)]
    #[case("::ffff:0:127.0.0.1", "a loopback address", true)]
    #[case("64:ff9b::7f00:1", "a loopback address", true)]
    #[case("2002:7f00:1::1", "a loopback address", true)]
    #[case("169.254.169.254", "the address of a cloud's metadata service", true)]
    #[case("::ffff:169.254.169.254", "the address of a cloud's metadata service", true)]
    #[case("64:ff9b::a9fe:a9fe", "the address of a cloud's metadata service", true)]
    #[case("fd00:ec2::254", "the address of a cloud's metadata service", true)]
    #[case("169.254.1.1", "a link-local address", true)]
    #[case("fe80::1", "a link-local address", true)]
    #[case("0.0.0.0", "an unspecified address", true)]
    #[case("64:ff9b:1::1", "an address of local translation to IPv4", true)]
    #[case("10.0.0.1", "a private address", false)]
    #[case("::ffff:192.168.0.1", "a private address", false)]
    #[case("64:ff9b::a00:1", "a private address", false)]
    #[case("fd12::1", "a private address", false)]
    #[tokio::test]
    async fn a_name_leads_nowhere_that_a_literal_does_not(
        #[case] address: &str,
        #[case] expected: &str,
        #[case] for_everybody: bool,
    ) {
        let url = Url::parse(&format!("http://{}:9/", name_of(address))).unwrap();
        let resolver = |namespaced| Resolver {
            namespaced,
            egress: EgressRules::default(),
            lookup: telling,
        };
        let client = client_resolving(&url, resolver(true), &Trust::default(), Pooling::Fresh).unwrap();
        let error = client.get(url).send().await.unwrap_err();
        let told = super::super::fault::root_cause(&error);
        assert!(told.contains(expected), "{told}");
        let found = vec![SocketAddr::new(address.parse().unwrap(), 9)];
        let of_the_cluster = allowed(found, false, &EgressRules::default());
        assert_eq!(of_the_cluster.is_err(), for_everybody, "{of_the_cluster:?}");
    }

    #[test]
    fn only_allowed_addresses_of_a_name_are_used() {
        let addresses = |texts: &[&str]| -> Vec<SocketAddr> {
            texts
                .iter()
                .map(|text| SocketAddr::new(text.parse().unwrap(), 0))
                .collect()
        };
        let none = EgressRules::default();
        assert_eq!(
            allowed(addresses(&["10.0.0.1", "8.8.8.8"]), true, &none).unwrap(),
            addresses(&["8.8.8.8"])
        );
        assert_eq!(
            allowed(addresses(&["169.254.169.254", "::1"]), false, &none)
                .unwrap_err()
                .kind,
            address::Kind::Metadata
        );
        assert!(allowed(Vec::new(), true, &none).unwrap().is_empty());
    }
}
