mod absurd;
mod calls;
mod login;
mod misbehaviour;
mod register;
mod secrets;
mod story;
mod switches;
mod toggle;
mod truth;
mod update;

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::bench::{self, WITHIN, client_of, set};
use super::super::connect::Secrets;
use super::*;
use crate::api::{Cocoon as Spec, CocoonAuth, PasswordAuth, ProviderSpec, SecretRef, ServerSpec};
use crate::model::{ClientMetadata, Confidential, Credential, Target, Trace, testing};
use truth::Bench;

const PASSWORD: &str = "canary-of-the-admin-password";
const APP_SECRET: &str = "canary-of-the-bootstrap-secret";
const SECRET: &str = "canary-of-a-chosen-secret";

fn spec(url: &str) -> ServerSpec {
    let provider = ProviderSpec::Cocoon(Spec {
        url: url.to_owned(),
        auth: CocoonAuth::Password(PasswordAuth {
            secret_ref: SecretRef {
                name: "credential".to_owned(),
            },
            username_key: "username".to_owned(),
            password_key: "password".to_owned(),
            client_id_key: "client-id".to_owned(),
            client_secret_key: "client-secret".to_owned(),
        }),
    });
    ServerSpec::new(provider, None)
}

fn secrets() -> Secrets {
    bench::secrets(&[
        ("username", "operator"),
        ("password", PASSWORD),
        ("client-id", "bootstrap"),
        ("client-secret", APP_SECRET),
    ])
}

fn candidate(id: &str, metadata: ClientMetadata) -> Candidate {
    Candidate {
        name: format!("{id} by name"),
        trace: Trace::GeneratedName,
        marker: testing::marker(),
        client_id: Some(id.to_owned()),
        client_secret: Some(Confidential::new(SECRET)),
        metadata,
    }
}

fn wanted(access: u32) -> ClientMetadata {
    ClientMetadata {
        access_token_validity_seconds: Some(access),
        enabled: Some(true),
        ..ClientMetadata::default()
    }
}

fn register(id: &str) -> Request {
    Request::Register(Box::new(candidate(id, wanted(600))))
}

/// What addresses an app, with the secret that is known of it.
fn target(handle: &str, id: &str, secret: &str) -> Box<Target> {
    Box::new(Target {
        handle: handle.into(),
        marker: None,
        credential: Some(Credential {
            client_id: id.to_owned(),
            client_secret: Some(Confidential::new(secret)),
        }),
        access: None,
    })
}

fn update(target: Box<Target>, metadata: ClientMetadata) -> Request {
    Request::Update {
        target,
        metadata,
        unset: BTreeSet::new(),
    }
}

fn rotate(target: Box<Target>, id: &str, secret: &str) -> Request {
    Request::Rotate {
        target,
        candidate: Some(Credential {
            client_id: id.to_owned(),
            client_secret: Some(Confidential::new(secret)),
        }),
        keep_previous: false,
    }
}
