//! A server as passes see it, or why they do not.

use jiff::SignedDuration;

use super::ServerObject;
use crate::api::{DriftAction, ServerReason};
use crate::model::{Endpoints, Server, ServerKey};
use crate::operator::pass::Connection;
use crate::operator::standing::Lacking;
use crate::provider::connect::{NotConnected, endpoints, fingerprint, former_fingerprints};

/// A server that can be used, by its object and with the addresses that were `found`.
pub(super) fn described(
    key: &ServerKey,
    object: &ServerObject,
    connection: &Connection,
    found: Endpoints,
) -> Server {
    let spec = &object.spec;
    let defaults = spec.client_defaults.as_ref();
    Server {
        key: key.clone(),
        fingerprint: fingerprint(&spec.provider),
        former_fingerprints: former_fingerprints(spec),
        capabilities: connection.provider.capabilities().clone(),
        name_prefix: defaults
            .and_then(|defaults| defaults.name_prefix.clone())
            .unwrap_or_default(),
        access_token_validity_seconds: defaults.and_then(|defaults| defaults.access_token_validity_seconds),
        overlap_seconds: defaults.and_then(|defaults| defaults.overlap_seconds),
        // The cluster kind always has rules; without any, nobody may use it.
        access_rules: match (&spec.access_rules, &key.namespace) {
            (None, None) => Some(Vec::new()),
            (rules, _) => rules.clone(),
        },
        endpoints: endpoints(spec, found),
        repair_drift: spec.drift_check.action == DriftAction::Repair,
        deletion_delay: SignedDuration::from_secs(spec.deletion.delay_seconds.into()),
        removals_at_most: spec.deletion.max_burst,
        release: object.release.clone(),
        suspended: spec.suspend,
    }
}

/// Why a server cannot be connected to, and whose move it is.
pub(super) fn not_connected(why: &NotConnected) -> Lacking {
    let (reason, cure) = match why {
        NotConnected::ProviderNotAvailable(_) => (
            ServerReason::ProviderNotAvailable,
            "Platform team: use a version of the operator that has one.",
        ),
        NotConnected::CredentialMissing { .. } | NotConnected::CredentialEmpty { .. } => (
            ServerReason::CredentialMissing,
            "Platform team: put it in. Looked at again when it changes.",
        ),
        NotConnected::AddressNotAllowed(_) => (
            ServerReason::AddressNotAllowed,
            "Platform team: use another address.",
        ),
        NotConnected::BadConfiguration(_) => (
            ServerReason::InvalidConfiguration,
            "Platform team: mend the server object.",
        ),
    };
    Lacking {
        reason,
        message: format!("{why}. {cure}"),
        retry: false,
    }
}
