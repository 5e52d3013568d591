//! Auth0: what is known without an adapter.

use std::sync::Arc;

use super::Provider;
use super::connect::{Configured, NotConnected, Setup};
use crate::api::Auth0;

impl Configured for Auth0 {
    /// None as long as there is no adapter.
    fn credentials(&self) -> Vec<(&str, Vec<&str>)> {
        Vec::new()
    }

    /// Its address is a domain; a former one may be a URL.
    fn url(&self, address: &str) -> String {
        if address.contains("://") {
            address.to_owned()
        } else {
            format!("https://{address}")
        }
    }

    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected> {
        Err(NotConnected::ProviderNotAvailable(
            setup.spec.provider.provider_type(),
        ))
    }
}
