//! Where a server is.

use url::Url;

use super::super::address::EgressRules;
use super::Http;
use super::connection::{Trust, Unfit};

/// Where a server is and who may go there.
pub struct Target<'a> {
    /// Its address, `http` or `https`, without user info, query and fragment.
    pub url: &'a str,
    /// What comes between the address and the paths of calls: empty, or segments that each begin with a slash.
    pub prefix: &'a str,
    /// Whether a tenant chose it: then the text of answers is never shown, and private addresses are refused.
    pub namespaced: bool,
    /// What the operator's flags allow.
    pub egress: &'a EgressRules,
    /// Whom to trust, and who we are.
    pub trust: &'a Trust,
}

/// How an address is gone to that becomes known only later.
#[derive(Clone)]
pub struct Reach {
    /// As in [`Target`].
    pub namespaced: bool,
    /// What the operator's flags allow.
    pub egress: EgressRules,
    /// Whom to trust, and who we are at the management API.
    pub trust: Trust,
}

impl Reach {
    /// The client for the token endpoint of the server that `api` speaks to. It gets the credentials of clients, never ours;
    /// our certificate only where it is the same server.
    pub fn token_endpoint(&self, api: &Http, uri: &str) -> Result<Http, Unfit> {
        if api.is_origin_of(uri) {
            return api.beside(uri, "", None);
        }
        let trust = Trust {
            client_certificate: None,
            ..self.trust.clone()
        };
        let target = Target {
            url: uri,
            prefix: "",
            namespaced: self.namespaced,
            egress: &self.egress,
            trust: &trust,
        };
        Http::new(&target, None)
    }
}

/// What the paths of calls come below of.
pub fn base(url: &str, prefix: &str) -> Result<Url, Unfit> {
    let unfit = |text: &str| Unfit::Configuration(text.to_owned());
    let mut url = Url::parse(url).map_err(|_| unfit("the URL cannot be read"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(unfit("the URL must begin with https:// or http:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unfit("the URL must not hold user info"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unfit("the URL must not hold a query or a fragment"));
    }
    if !prefix.is_empty() && !prefix.starts_with('/') {
        return Err(unfit("a path must begin with a slash"));
    }
    let path = url.path().to_owned();
    if !prefix.is_empty() {
        let full = format!("{}{}", path.trim_end_matches('/'), prefix);
        url.set_path(&full);
        if url.path() != full || url.query().is_some() {
            return Err(unfit(
                "the path must be segments without . and .. and special characters",
            ));
        }
    }
    Ok(url)
}
