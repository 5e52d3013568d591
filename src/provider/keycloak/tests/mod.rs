//! The adapter at a server that answers what it is told to. What Keycloak itself does is in `testcluster/keycloak`.

mod calls;
mod changes;
mod mapping;
mod reads;
mod secret;

use std::sync::Arc;

use serde_json::{Value, json};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request as Received, ResponseTemplate};

use super::super::bench::{connected, secrets, set};
use super::*;
use crate::api::{ClientSecretAuth, Keycloak as Spec, KeycloakAuth, ProviderSpec, SecretRef, ServerSpec};
use crate::model::{ClientMetadata, Confidential, Credential, Target, Trace, testing};

const WITHIN: Duration = Duration::from_secs(10);
const API: &str = "/admin/realms/apps";
const TOKEN: &str = "/realms/apps/protocol/openid-connect/token";
const ID: &str = "0e2f9a54-0000-4000-8000-000000000001";
const SECRET: &str = "canary-secret-of-client";
const NEXT: &str = "canary-secret-that-is-next";

struct Bench {
    server: MockServer,
    adapter: Arc<dyn Provider>,
}

impl Bench {
    async fn new() -> Self {
        Self::with(false).await
    }

    async fn with(secret_rotation_policy: bool) -> Self {
        let server = MockServer::start().await;
        let spec = ServerSpec::new(
            ProviderSpec::Keycloak(Spec {
                url: server.uri(),
                realm: "apps".to_owned(),
                auth_realm: None,
                secret_rotation_policy,
                auth: KeycloakAuth::ClientSecret(ClientSecretAuth {
                    secret_ref: SecretRef {
                        name: "credential".to_owned(),
                    },
                    client_id_key: "client-id".to_owned(),
                    client_secret_key: "client-secret".to_owned(),
                }),
            }),
            None,
        );
        let secrets = secrets(&[("client-id", "operator"), ("client-secret", "canary-of-operator")]);
        let adapter = connected(spec, &secrets, WITHIN);
        let bench = Self { server, adapter };
        let token = json!({"access_token": "canary-token", "token_type": "Bearer", "expires_in": 300});
        bench
            .says("POST", TOKEN, ResponseTemplate::new(200).set_body_json(token))
            .await;
        bench
    }

    /// What is said first holds, so a test begins with what is special about it.
    async fn says(&self, verb: &str, at: &str, answer: ResponseTemplate) {
        Mock::given(method(verb))
            .and(path(at))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    /// The client is there, and the realm has what every realm has.
    async fn has(&self, client: &Value) {
        let item = format!("{API}/clients/{ID}");
        self.says("GET", &item, answer(200, client)).await;
        self.says("GET", &format!("{API}/clients"), answer(200, &json!([client])))
            .await;
        self.realm().await;
        for verb in ["PUT", "DELETE"] {
            Mock::given(method(verb))
                .and(path_regex(format!("^{API}/clients/{ID}")))
                .respond_with(ResponseTemplate::new(204))
                .mount(&self.server)
                .await;
        }
    }

    async fn realm(&self) {
        for (at, names) in [
            ("client-scopes", &["basic", "profile", "read", "write"][..]),
            ("default-default-client-scopes", &["basic"]),
            ("default-optional-client-scopes", &["profile"]),
        ] {
            let scope = |name: &&str| json!({"id": format!("id-of-{name}"), "name": name, "protocol": "openid-connect"});
            let mut scopes: Vec<Value> = names.iter().map(scope).collect();
            scopes.push(json!({"id": "id-of-saml", "name": "saml", "protocol": "saml"}));
            let scopes = Value::Array(scopes);
            self.says("GET", &format!("{API}/{at}"), answer(200, &scopes))
                .await;
        }
    }

    async fn perform(&self, request: &Request) -> Result<Answer, Fault> {
        self.adapter.perform(request, WITHIN).await
    }

    /// The requests that were meant to change something.
    async fn changes(&self) -> Vec<Received> {
        let mut received = self.server.received_requests().await.unwrap();
        received.retain(|request| request.method != "GET" && request.url.path() != TOKEN);
        received
    }

    /// The body of the only one.
    async fn sent(&self) -> Value {
        let changes = self.changes().await;
        assert_eq!(changes.len(), 1);
        changes[0].body_json().unwrap()
    }
}

fn answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn no_client() -> ResponseTemplate {
    answer(404, &json!({"error": "Could not find client"}))
}

/// A client as Keycloak shows one of ours.
fn client() -> Value {
    json!({
        "id": ID, "clientId": "billing", "name": "billing", "enabled": true, "publicClient": false,
        "clientAuthenticatorType": "client-secret", "secret": SECRET, "redirectUris": [],
        "standardFlowEnabled": false, "implicitFlowEnabled": false, "directAccessGrantsEnabled": false,
        "serviceAccountsEnabled": true, "protocol": "openid-connect",
        "attributes": {
            "oauthclient.dev/marker": testing::marker().text(),
            "oauthclient.dev/realm-scopes": "basic openid profile service_account",
            "use.refresh.tokens": "false",
        },
        "defaultClientScopes": ["basic", "service_account"], "optionalClientScopes": ["profile", "read"],
        "access": {"view": true, "configure": true, "manage": true},
    })
}

/// The same in a realm with a policy: made an hour ago, for a day.
fn expiring(now: i64) -> Value {
    let mut client = client();
    client["attributes"]["client.secret.creation.time"] = json!((now - 3600).to_string());
    client["attributes"]["client.secret.expiration.time"] = json!((now - 3600 + 86_400).to_string());
    client
}

fn candidate(metadata: ClientMetadata) -> Candidate {
    Candidate {
        name: "billing".to_owned(),
        trace: Trace::Marker,
        marker: testing::marker(),
        client_id: Some("billing".to_owned()),
        client_secret: Some(Confidential::new(SECRET)),
        metadata,
    }
}

fn register(metadata: ClientMetadata) -> Request {
    Request::Register(Box::new(candidate(metadata)))
}

fn credential(secret: &str) -> Credential {
    Credential {
        client_id: "billing".to_owned(),
        client_secret: Some(Confidential::new(secret)),
    }
}

fn target() -> Box<Target> {
    Box::new(Target {
        handle: ID.into(),
        marker: Some(testing::marker()),
        credential: Some(credential(SECRET)),
        access: None,
    })
}

fn update(metadata: ClientMetadata, unset: &[Field]) -> Request {
    Request::Update {
        target: target(),
        metadata,
        unset: unset.iter().copied().collect(),
    }
}

fn rotate(keep_previous: bool) -> Request {
    Request::Rotate {
        target: target(),
        candidate: Some(credential(NEXT)),
        keep_previous,
    }
}

fn read(value: &Value) -> wire::Client {
    serde_json::from_value(value.clone()).unwrap()
}
