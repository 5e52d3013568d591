//! oauth-client-operator: an OAuth client is a Kubernetes resource.
pub mod api;
pub mod cluster;
pub mod model;
pub mod operator;
pub mod plugin;
pub mod provider;
