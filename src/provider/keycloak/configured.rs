//! From its configuration to the adapter.

use std::sync::Arc;

use super::super::connect::{Configured, Keys, NotConnected, Setup, named};
use super::super::http::Http;
use super::super::login::{ClientAuth, Grant, Login};
use super::super::{Provider, percent};
use super::Keycloak as Adapter;
use crate::api::{Keycloak, KeycloakAuth};
use crate::model::Endpoints;

/// What OpenID Connect is below, in a realm.
const PROTOCOL: &str = "/protocol/openid-connect";

impl Configured for Keycloak {
    fn credentials(&self) -> Vec<(&str, Vec<&str>)> {
        let KeycloakAuth::ClientSecret(client) = &self.auth;
        vec![client.keys()]
    }

    fn endpoints(&self) -> Endpoints {
        let issuer = self.issuer(&self.realm);
        Endpoints {
            token_uri: Some(format!("{issuer}{PROTOCOL}/token")),
            authorization_uri: Some(format!("{issuer}{PROTOCOL}/auth")),
            jwks_uri: Some(format!("{issuer}{PROTOCOL}/certs")),
            issuer_uri: Some(issuer),
        }
    }

    fn suffix(&self) -> String {
        format!("/realms/{}", self.realm)
    }

    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected> {
        let KeycloakAuth::ClientSecret(client) = &self.auth;
        let client = setup.client(client)?;
        let trust = setup.trust()?;
        let unfit = |unfit| named("url", unfit);
        let prefix = format!("/admin/realms/{}", percent::segment(&self.realm));
        let api = Http::new(&setup.target(&self.url, &prefix, &trust), None).map_err(unfit)?;
        // Where applications ask for tokens may be said to be elsewhere; the operator's own secret goes here only.
        let realm = self.auth_realm.as_ref().unwrap_or(&self.realm);
        let own = format!("{}{PROTOCOL}/token", self.issuer(realm));
        let own = api.beside(&own, "", None).map_err(unfit)?;
        let grant = Grant::ClientCredentials { audience: None };
        let login = Login::new(own, ClientAuth::Basic(client), grant);
        let uri = setup.token_uri().unwrap_or_default();
        let token = setup.token_endpoint(&api, &trust, &uri)?;
        let timeout = setup.timeout();
        Ok(Arc::new(Adapter::new(
            api,
            login,
            token,
            timeout,
            self.secret_rotation_policy,
        )))
    }
}

impl Keycloak {
    /// Where a realm is, and its issuer unless the server was given another host name.
    fn issuer(&self, realm: &str) -> String {
        let url = self.url.trim_end_matches('/');
        format!("{url}/realms/{}", percent::segment(realm))
    }
}
