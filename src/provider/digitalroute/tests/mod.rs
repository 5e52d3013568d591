mod absurd;
mod calls;
mod life;
mod misbehaviour;
mod secrets;
mod story;
mod switches;
mod truth;
mod verify;

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::bench::{self, WITHIN, client_of, set};
use super::super::connect::Secrets;
use super::*;
use crate::api::{
    BasicAuth, DigitalRoute as Spec, DigitalRouteAuth, ProviderSpec, ScopeProvisioning, SecretRef, ServerSpec,
};
use crate::model::{Confidential, Trace, testing};
use truth::Bench;

const PASSWORD: &str = "canary-of-the-admin-password";

fn spec(url: &str) -> ServerSpec {
    let provider = ProviderSpec::DigitalRoute(Spec {
        url: url.to_owned(),
        api_prefix: "/authserver/api".to_owned(),
        token_path: "/authserver/token".to_owned(),
        scope_provisioning: ScopeProvisioning::Create,
        auth: DigitalRouteAuth::Basic(BasicAuth {
            secret_ref: SecretRef {
                name: "credential".to_owned(),
            },
            username_key: "username".to_owned(),
            password_key: "password".to_owned(),
        }),
    });
    ServerSpec::new(provider, None)
}

fn secrets() -> Secrets {
    bench::secrets(&[("username", "operator"), ("password", PASSWORD)])
}

fn candidate(name: &str, scopes: &[&str]) -> Candidate {
    Candidate {
        name: name.to_owned(),
        trace: Trace::GeneratedName,
        marker: testing::marker(),
        client_id: None,
        client_secret: None,
        metadata: metadata(scopes),
    }
}

fn metadata(scopes: &[&str]) -> ClientMetadata {
    ClientMetadata {
        scopes: Some(set(scopes)),
        ..ClientMetadata::default()
    }
}
