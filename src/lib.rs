//! oauth-client-operator: an OAuth client is a Kubernetes resource.
pub mod api;
