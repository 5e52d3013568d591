//! Cocoon Data SafeShare: what is known without an adapter.

use std::sync::Arc;

use super::Provider;
use super::connect::{Configured, NotConnected, Setup};
use crate::api::Cocoon;

impl Configured for Cocoon {
    /// None as long as there is no adapter.
    fn credentials(&self) -> Vec<(&str, Vec<&str>)> {
        Vec::new()
    }

    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected> {
        Err(NotConnected::ProviderNotAvailable(
            setup.spec.provider.provider_type(),
        ))
    }
}
