//! From its configuration to the adapter.

use std::sync::Arc;

use super::super::Provider;
use super::super::connect::{Configured, Keys, NotConnected, Setup, named};
use super::super::http::Http;
use super::{API, Cocoon as Adapter, TOKEN};
use crate::api::{Cocoon, CocoonAuth};
use crate::model::Endpoints;

impl Configured for Cocoon {
    fn credentials(&self) -> Vec<(&str, Vec<&str>)> {
        let CocoonAuth::Password(password) = &self.auth;
        vec![password.keys()]
    }

    fn endpoints(&self) -> Endpoints {
        let token_uri = format!("{}{TOKEN}", self.url.trim_end_matches('/'));
        Endpoints {
            token_uri: Some(token_uri),
            ..Endpoints::default()
        }
    }

    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected> {
        let CocoonAuth::Password(password) = &self.auth;
        let (user, app) = setup.user_and_client(password)?;
        let trust = setup.trust()?;
        let unfit = |unfit| named("url", unfit);
        let api = Http::new(&setup.target(&self.url, API, &trust), None).map_err(unfit)?;
        // Where applications ask for tokens may be said to be elsewhere; the administrator's password goes here only.
        let endpoint = format!("{}{TOKEN}", self.url.trim_end_matches('/'));
        let endpoint = api.beside(&endpoint, "", None).map_err(unfit)?;
        Ok(Arc::new(Adapter::new(api, endpoint, user, app, setup.timeout())))
    }
}
