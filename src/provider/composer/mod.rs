//! Composer Trusted Access: what is known without an adapter.

use std::sync::Arc;

use super::Provider;
use super::connect::{Configured, NotConnected, Setup};
use crate::api::Composer;

impl Configured for Composer {
    /// None as long as there is no adapter.
    fn credentials(&self) -> Vec<(&str, Vec<&str>)> {
        Vec::new()
    }

    fn suffix(&self) -> String {
        self.context_path.clone()
    }

    fn connect(&self, setup: &Setup<'_>) -> Result<Arc<dyn Provider>, NotConnected> {
        Err(NotConnected::ProviderNotAvailable(
            setup.spec.provider.provider_type(),
        ))
    }
}
