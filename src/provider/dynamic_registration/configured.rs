//! From its configuration to the adapter.

use std::sync::Arc;

use super::super::Provider;
use super::super::connect::{Configured, Keys, NotConnected, Setup, named};
use super::super::http::Http;
use super::{Admission, Discovery, DynamicRegistration as Adapter};
use crate::api::{DynamicRegistration, DynamicRegistrationAuth};

impl Configured for DynamicRegistration {
    fn credentials(&self) -> Vec<(&str, Vec<&str>)> {
        let token = match &self.auth {
            DynamicRegistrationAuth::InitialAccessToken(token) => Some(token.keys()),
            DynamicRegistrationAuth::None(_) => None,
        };
        let statement = self.software_statement_secret_ref.as_ref().map(Keys::keys);
        token.into_iter().chain(statement).collect()
    }

    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected> {
        let (field, url) = match (&self.issuer, &self.registration_uri) {
            (Some(issuer), None) => ("issuer", issuer),
            (None, Some(uri)) => ("registrationURI", uri),
            (None, None) | (Some(_), Some(_)) => {
                return Err(NotConnected::BadConfiguration(
                    "dynamicRegistration needs exactly one of issuer and registrationURI".to_owned(),
                ));
            }
        };
        let statement = self.software_statement_secret_ref.as_ref();
        let admission = Admission {
            token: match &self.auth {
                DynamicRegistrationAuth::InitialAccessToken(token) => Some(setup.bearer(token)?),
                DynamicRegistrationAuth::None(_) => None,
            },
            statement: statement
                .map(|statement| setup.credential(&statement.name, &statement.key))
                .transpose()?,
        };
        let trust = setup.trust()?;
        let api = Http::new(&setup.target(url, "", &trust), None).map_err(|unfit| named(field, unfit))?;
        let api = Arc::new(api);
        let token = match setup.token_uri() {
            Some(uri) => Some(Arc::new(setup.token_endpoint(&api, &trust, &uri)?)),
            None => None,
        };
        let issuer = self.issuer.clone();
        let (reach, timeout) = (setup.reach(&trust), setup.timeout());
        let discovery = issuer.map(|issuer| Discovery::new(Arc::clone(&api), issuer, reach, timeout));
        let adapter = Adapter::new(api, discovery, admission, token, timeout);
        Ok(Arc::new(adapter))
    }
}
