//! What tells one server's address from another's.

use std::collections::BTreeSet;

use url::Url;

use super::configured;
use crate::api::{ProviderSpec, ServerSpec};

/// What tells this server's address from others: the kind of server, and where its clients are, in one spelling.
pub fn fingerprint(provider: &ProviderSpec) -> String {
    fingerprint_at(provider, provider.address(), &configured(provider).suffix())
}

/// The fingerprints of the addresses in `formerURLs`.
///
/// A former address may be one with the path of the API, since that path belongs to the fingerprint and may have
/// changed too, as between versions of a server.
pub fn former_fingerprints(spec: &ServerSpec) -> BTreeSet<String> {
    let server = configured(&spec.provider);
    let mut suffixes = BTreeSet::from([server.suffix(), String::new()]);
    suffixes.extend(server.former_suffixes().iter().map(ToString::to_string));
    let at = |url: &String| {
        let fingerprints = suffixes
            .iter()
            .map(|suffix| fingerprint_at(&spec.provider, url, suffix));
        fingerprints.collect::<Vec<_>>()
    };
    spec.former_urls.iter().flat_map(at).collect()
}

fn fingerprint_at(provider: &ProviderSpec, address: &str, suffix: &str) -> String {
    let text = configured(provider).url(address);
    let kind = provider.provider_type();
    match Url::parse(&text) {
        Ok(url) => {
            let host = url
                .host_str()
                .unwrap_or_default()
                .trim_end_matches('.')
                .to_owned();
            let port = url.port_or_known_default().unwrap_or_default();
            let path = url.path().trim_end_matches('/');
            format!("{kind} {}://{host}:{port}{path}{suffix}", url.scheme())
        }
        // Such a server cannot be connected to; the text still tells it from others.
        Err(_) => format!("{kind} {text}{suffix}"),
    }
}
