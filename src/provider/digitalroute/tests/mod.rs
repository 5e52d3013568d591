mod absurd;
mod bench;
mod calls;
mod life;
mod misbehaviour;
mod secrets;
mod switches;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use authserver_emulator::digitalroute::{Config, Emulator};

use super::super::address::EgressRules;
use super::super::connect::{Secrets, connect};
use super::*;
use crate::api::{
    BasicAuth, DigitalRoute as Spec, DigitalRouteAuth, ProviderSpec, ScopeProvisioning, SecretRef, ServerSpec,
};
use crate::model::{Confidential, Trace, testing};

const WITHIN: Duration = Duration::from_secs(20);
const PASSWORD: &str = "canary-of-the-admin-password";

async fn emulator() -> Emulator {
    Emulator::start(Config {
        auth: authserver_emulator::digitalroute::Auth::Basic {
            username: "operator".to_owned(),
            password: PASSWORD.to_owned(),
        },
        scopes: vec!["read".to_owned(), "write".to_owned()],
        ..Config::default()
    })
    .await
    .unwrap()
}

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
    let values = [("username", "operator"), ("password", PASSWORD)];
    let values = values.map(|(key, value)| (key.to_owned(), Confidential::new(value)));
    BTreeMap::from([("credential".to_owned(), BTreeMap::from(values))])
}

fn adapter(emulator: &Emulator, within: Duration) -> Arc<dyn Provider> {
    let egress = EgressRules {
        allow_loopback: true,
        ..EgressRules::default()
    };
    let mut spec = spec(&emulator.url());
    spec.limits.request_timeout_seconds = u32::try_from(within.as_secs()).unwrap();
    connect(&spec, false, &secrets(), &egress).unwrap()
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

fn set(scopes: &[&str]) -> BTreeSet<String> {
    scopes.iter().map(ToString::to_string).collect()
}

fn client_of(answer: Answer) -> RemoteClient {
    match answer {
        Answer::Client(client) => client,
        other => panic!("not a client: {other:?}"),
    }
}
