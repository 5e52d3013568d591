//! From its configuration to the adapter.

use std::sync::Arc;

use super::super::Provider;
use super::super::connect::{Configured, Keys, NotConnected, Setup, named};
use super::super::http::Http;
use super::DigitalRoute as Adapter;
use crate::api::{DigitalRoute, DigitalRouteAuth, ScopeProvisioning};
use crate::model::Endpoints;

/// The base of the API on older versions, beside the default of today.
const PREFIXES: [&str; 2] = ["/authserver/api", "/api"];

impl Configured for DigitalRoute {
    fn credentials(&self) -> Vec<(&str, Vec<&str>)> {
        match &self.auth {
            DigitalRouteAuth::Basic(basic) => vec![basic.keys()],
            DigitalRouteAuth::None(_) => Vec::new(),
        }
    }

    fn endpoints(&self) -> Endpoints {
        let token_uri = format!("{}{}", self.url.trim_end_matches('/'), self.token_path);
        Endpoints {
            token_uri: Some(token_uri),
            ..Endpoints::default()
        }
    }

    fn suffix(&self) -> String {
        self.api_prefix.clone()
    }

    fn former_suffixes(&self) -> &'static [&'static str] {
        &PREFIXES
    }

    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected> {
        let authorization = match &self.auth {
            DigitalRouteAuth::Basic(basic) => Some(setup.basic(basic)?),
            DigitalRouteAuth::None(_) => None,
        };
        let trust = setup.trust()?;
        let unfit = |unfit| named("url", unfit);
        let target = setup.target(&self.url, &self.api_prefix, &trust);
        let api = Http::new(&target, authorization.clone()).map_err(unfit)?;
        let elsewhere = ["", "/api"]
            .into_iter()
            .filter(|prefix| *prefix != self.api_prefix);
        let elsewhere = elsewhere
            .map(|prefix| api.beside(&self.url, prefix, authorization.clone()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unfit)?;
        let uri = setup.token_uri().unwrap_or_default();
        let token = setup.token_endpoint(&api, &trust, &uri)?;
        let may_create = self.scope_provisioning == ScopeProvisioning::Create;
        let adapter = Adapter::new(api, elsewhere, token, setup.timeout(), may_create);
        Ok(Arc::new(adapter))
    }
}
