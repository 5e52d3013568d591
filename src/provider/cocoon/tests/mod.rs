mod absurd;
mod bench;
mod calls;
mod login;
mod misbehaviour;
mod register;
mod secrets;
mod switches;
mod toggle;
mod update;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use authserver_emulator::cocoon::state::User;
use authserver_emulator::cocoon::{Config, Emulator};

use super::super::address::EgressRules;
use super::super::connect::{Secrets, connect};
use super::*;
use crate::api::{Cocoon as Spec, CocoonAuth, PasswordAuth, ProviderSpec, SecretRef, ServerSpec};
use crate::model::{ClientMetadata, Confidential, Credential, Target, Trace, testing};

const WITHIN: Duration = Duration::from_secs(20);
const PASSWORD: &str = "canary-of-the-admin-password";
const APP_SECRET: &str = "canary-of-the-bootstrap-secret";
const SECRET: &str = "canary-of-a-chosen-secret";

async fn emulator() -> Emulator {
    Emulator::start(Config {
        users: vec![User {
            username: "operator".to_owned(),
            password: PASSWORD.to_owned(),
            administrator: true,
            two_factor: false,
        }],
        bootstrap: ("bootstrap".to_owned(), APP_SECRET.to_owned()),
        ..Config::default()
    })
    .await
    .unwrap()
}

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
    let values = [
        ("username", "operator"),
        ("password", PASSWORD),
        ("client-id", "bootstrap"),
        ("client-secret", APP_SECRET),
    ];
    let values = values.map(|(key, value)| (key.to_owned(), Confidential::new(value)));
    BTreeMap::from([("credential".to_owned(), BTreeMap::from(values))])
}

fn adapter(emulator: &Emulator, within: Duration) -> Arc<dyn Provider> {
    let egress = EgressRules {
        allow_loopback: true,
        ..EgressRules::default()
    };
    let mut spec = spec(&emulator.base_url());
    spec.limits.request_timeout_seconds = u32::try_from(within.as_secs()).unwrap();
    connect(&spec, false, &secrets(), &egress).unwrap()
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

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(ToString::to_string).collect()
}

fn client_of(answer: Answer) -> RemoteClient {
    match answer {
        Answer::Client(client) => client,
        other => panic!("not a client: {other:?}"),
    }
}
