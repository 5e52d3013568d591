//! Keycloak: what is known without an adapter.

use std::sync::Arc;

use super::Provider;
use super::connect::{Configured, NotConnected, Setup};
use crate::api::Keycloak;

impl Configured for Keycloak {
    /// None as long as there is no adapter.
    fn credentials(&self) -> Vec<(&str, Vec<&str>)> {
        Vec::new()
    }

    fn suffix(&self) -> String {
        format!("/realms/{}", self.realm)
    }

    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected> {
        Err(NotConnected::ProviderNotAvailable(
            setup.spec.provider.provider_type(),
        ))
    }
}
