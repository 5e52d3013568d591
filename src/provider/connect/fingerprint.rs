//! What tells one server's address from another's.

use std::collections::BTreeSet;

use url::Url;

use crate::api::{ProviderSpec, ServerSpec};

/// The API's base on older versions of DigitalRoute, beside the default of today.
const DIGITAL_ROUTE_PREFIXES: [&str; 2] = ["/authserver/api", "/api"];

/// What tells this server's address from others: the kind of server, and where its clients are, in one spelling.
pub fn fingerprint(provider: &ProviderSpec) -> String {
    fingerprint_at(provider, provider.address(), &suffix(provider))
}

/// The fingerprints of the addresses in `formerURLs`.
///
/// A former address may be one with the path of the API, since that path belongs to the fingerprint and may have
/// changed too (DigitalRoute's did between versions).
pub fn former_fingerprints(spec: &ServerSpec) -> BTreeSet<String> {
    let mut suffixes = BTreeSet::from([suffix(&spec.provider), String::new()]);
    if matches!(spec.provider, ProviderSpec::DigitalRoute(_)) {
        suffixes.extend(DIGITAL_ROUTE_PREFIXES.map(str::to_owned));
    }
    let at = |url: &String| {
        let fingerprints = suffixes
            .iter()
            .map(|suffix| fingerprint_at(&spec.provider, url, suffix));
        fingerprints.collect::<Vec<_>>()
    };
    spec.former_urls.iter().flat_map(at).collect()
}

/// What belongs to a server's address besides the URL.
fn suffix(provider: &ProviderSpec) -> String {
    match provider {
        ProviderSpec::DigitalRoute(server) => server.api_prefix.clone(),
        ProviderSpec::Composer(server) => server.context_path.clone(),
        ProviderSpec::Keycloak(server) => format!("/realms/{}", server.realm),
        ProviderSpec::Auth0(_)
        | ProviderSpec::Cocoon(_)
        | ProviderSpec::DynamicRegistration(_)
        | ProviderSpec::Hydra(_) => String::new(),
    }
}

fn fingerprint_at(provider: &ProviderSpec, address: &str, suffix: &str) -> String {
    let text = match provider {
        ProviderSpec::Auth0(_) if !address.contains("://") => format!("https://{address}"),
        _ => address.to_owned(),
    };
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
