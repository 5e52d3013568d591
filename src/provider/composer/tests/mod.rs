mod absurd;
mod access;
mod calls;
mod lists;
mod misbehaviour;
mod story;
mod switches;
mod truth;
mod verify;

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::bench::{self, WITHIN, client_of, connected};
use super::super::connect::Secrets;
use super::*;
use crate::api::{
    BasicAuth, Composer as Spec, ComposerAuth, ComposerProbe, ProviderSpec, SecretRef, ServerSpec,
};
use crate::model::{ClientMetadata, Confidential, Target, Trace, testing};
use truth::Bench;

const PASSWORD: &str = "canary-of-the-admin-password";
/// A user of the product, for whom tokens can be had.
const USER: &str = "probe";

fn auth() -> BasicAuth {
    BasicAuth {
        secret_ref: SecretRef {
            name: "credential".to_owned(),
        },
        username_key: "username".to_owned(),
        password_key: "password".to_owned(),
    }
}

fn probe() -> ComposerProbe {
    ComposerProbe {
        username: USER.to_owned(),
        account: None,
    }
}

fn spec(url: &str, auth: ComposerAuth, probe: Option<ComposerProbe>) -> ServerSpec {
    let provider = ProviderSpec::Composer(Spec {
        url: url.to_owned(),
        context_path: "/composer".to_owned(),
        media_type: "application/vnd.composer.v3+json".to_owned(),
        auth,
        probe,
    });
    ServerSpec::new(provider, None)
}

fn secrets() -> Secrets {
    bench::secrets(&[("username", "operator"), ("password", PASSWORD)])
}

fn candidate(name: &str, validity: Option<u32>) -> Candidate {
    Candidate {
        name: name.to_owned(),
        trace: Trace::GeneratedName,
        marker: testing::marker(),
        client_id: None,
        client_secret: None,
        metadata: wanted(validity),
    }
}

fn wanted(validity: Option<u32>) -> ClientMetadata {
    ClientMetadata {
        access_token_validity_seconds: validity,
        ..ClientMetadata::default()
    }
}

fn register(name: &str) -> Request {
    Request::Register(Box::new(candidate(name, Some(200))))
}

fn update(target: Box<Target>, validity: u32) -> Request {
    Request::Update {
        target,
        metadata: wanted(Some(validity)),
        unset: BTreeSet::new(),
    }
}
