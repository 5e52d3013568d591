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
use crate::model::Confidential;

const WITHIN: Duration = Duration::from_secs(5);
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

fn adapter(emulator: &Emulator) -> Arc<dyn Provider> {
    let egress = EgressRules {
        allow_loopback: true,
        ..EgressRules::default()
    };
    connect(&spec(&emulator.url()), false, &secrets(), &egress).unwrap()
}

fn candidate(name: &str, scopes: &[&str]) -> Candidate {
    Candidate {
        name: name.to_owned(),
        name_is_proof: true,
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

#[tokio::test]
async fn one_life() {
    let emulator = emulator().await;
    let adapter = adapter(&emulator);
    adapter.check().await.unwrap();
    assert_eq!(adapter.scopes().await.unwrap(), set(&["read", "write"]));
    let asked = Request::ProvisionScopes(set(&["more"]));
    assert_eq!(
        adapter.perform(&asked, WITHIN).await.unwrap(),
        Answer::Scopes(set(&["more"]))
    );

    let candidate = candidate("ns.app.1", &["read", "more"]);
    assert_eq!(adapter.attempted(&candidate).await.unwrap(), None);
    let register = Request::Register(Box::new(candidate.clone()));
    let client = client_of(adapter.perform(&register, WITHIN).await.unwrap());
    assert_eq!(client.handle, "ns.app.1".into());
    assert_eq!(client.metadata.scopes, Some(set(&["more", "read"])));
    assert_eq!(adapter.attempted(&candidate).await.unwrap(), Some(client.clone()));
    assert_eq!(adapter.clients().await.unwrap(), vec![client.clone()]);
    assert_eq!(
        adapter.verify(&client.credential).await.unwrap(),
        Verification::TokenIssued
    );

    let handle = client.handle.clone();
    let update = Request::Update {
        handle: handle.clone(),
        metadata: metadata(&["write"]),
    };
    let updated = client_of(adapter.perform(&update, WITHIN).await.unwrap());
    assert_eq!(updated.credential, client.credential);
    assert_eq!(updated.metadata.scopes, Some(set(&["write"])));

    let rotate = Request::Rotate {
        handle: handle.clone(),
        candidate: None,
    };
    let rotated = client_of(adapter.perform(&rotate, WITHIN).await.unwrap());
    assert_ne!(rotated.credential, client.credential);
    assert_eq!(
        adapter.verify(&rotated.credential).await.unwrap(),
        Verification::TokenIssued
    );
    assert!(matches!(
        adapter.verify(&client.credential).await.unwrap(),
        Verification::Rejected(_)
    ));

    let delete = Request::Delete {
        handle: handle.clone(),
    };
    assert_eq!(adapter.perform(&delete, WITHIN).await.unwrap(), Answer::Done);
    assert_eq!(adapter.client(&handle).await.unwrap(), None);
    for gone in [delete, update, rotate] {
        assert_eq!(adapter.perform(&gone, WITHIN).await, Err(Fault::NotFound));
    }
}
