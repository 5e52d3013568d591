mod delete;
mod discovery;
mod refusals;
mod register;
mod secrets;
mod told;
mod update;
mod verify;

use std::sync::Arc;

use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request as Received, ResponseTemplate};

use super::super::address::EgressRules;
use super::super::connect::{NotConnected, Secrets, connect};
use super::*;
use crate::api::{
    DynamicRegistration as Spec, DynamicRegistrationAuth, NoAuth, ProviderSpec, SecretRef, ServerSpec,
    SoftwareStatementRef, TokenAuth,
};
use crate::model::Credential;
use crate::model::{Field, Trace, testing};

const WITHIN: Duration = Duration::from_secs(20);
const INITIAL: &str = "canary-initial-access-token";
const STATEMENT: &str = "canary.software.statement";
const SECRET: &str = "canary-client-secret";
const ACCESS: &str = "canary-registration-access-token";

/// A server without metadata and its adapter, which has an initial access token.
struct Bench {
    server: MockServer,
    adapter: Arc<dyn Provider>,
}

impl Bench {
    async fn new() -> Self {
        Self::with(true, false).await
    }

    async fn with(token: bool, statement: bool) -> Self {
        let server = MockServer::start().await;
        let mut spec = by_uri(&server);
        if let ProviderSpec::DynamicRegistration(server) = &mut spec.provider {
            if !token {
                server.auth = DynamicRegistrationAuth::None(NoAuth {});
            }
            server.software_statement_secret_ref = statement.then(|| SoftwareStatementRef {
                name: "statement".to_owned(),
                key: "statement".to_owned(),
            });
        }
        let adapter = connected(&spec);
        Self { server, adapter }
    }

    async fn answers(&self, verb: &str, answer: ResponseTemplate) {
        self.server.reset().await;
        Mock::given(method(verb))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    async fn register(&self, metadata: ClientMetadata) -> Result<Answer, Fault> {
        let request = Request::Register(Box::new(candidate(metadata)));
        self.adapter.perform(&request, WITHIN).await
    }

    async fn change(&self, target: &Target, metadata: ClientMetadata) -> Result<Answer, Fault> {
        let target = target.clone();
        self.adapter
            .perform(
                &Request::Update {
                    target: Box::new(target),
                    metadata,
                    unset: std::collections::BTreeSet::new(),
                },
                WITHIN,
            )
            .await
    }

    async fn delete(&self, target: &Target) -> Result<Answer, Fault> {
        let target = target.clone();
        self.adapter
            .perform(
                &Request::Delete {
                    target: Box::new(target),
                },
                WITHIN,
            )
            .await
    }

    async fn received(&self) -> Vec<Received> {
        self.server.received_requests().await.unwrap()
    }

    /// The access to a registration here.
    fn target(&self, document: &Value) -> Target {
        Target {
            handle: "the-id".into(),
            marker: None,
            credential: Some(Credential {
                client_id: "the-id".to_owned(),
                client_secret: Some(Confidential::new(SECRET)),
            }),
            access: Some(RegistrationAccess {
                uri: format!("{}/reg/the-id", self.server.uri()),
                token: Confidential::new(ACCESS),
                document: document.to_string(),
            }),
        }
    }
}

fn spec(issuer: Option<String>, registration_uri: Option<String>) -> ServerSpec {
    let provider = ProviderSpec::DynamicRegistration(Spec {
        issuer,
        registration_uri,
        software_statement_secret_ref: None,
        auth: DynamicRegistrationAuth::InitialAccessToken(TokenAuth {
            secret_ref: SecretRef {
                name: "credential".to_owned(),
            },
            token_key: "token".to_owned(),
        }),
    });
    ServerSpec::new(provider, None)
}

fn by_uri(server: &MockServer) -> ServerSpec {
    spec(None, Some(format!("{}/reg", server.uri())))
}

fn connected(spec: &ServerSpec) -> Arc<dyn Provider> {
    try_connect(spec, false).unwrap()
}

fn try_connect(spec: &ServerSpec, namespaced: bool) -> Result<Arc<dyn Provider>, NotConnected> {
    let egress = EgressRules {
        allow_loopback: true,
        ..EgressRules::default()
    };
    let secret = |name: &str, key: &str, value: &str| {
        let value = (key.to_owned(), Confidential::new(value));
        (name.to_owned(), [value].into())
    };
    let secrets = Secrets::from([
        secret("credential", "token", INITIAL),
        secret("statement", "statement", STATEMENT),
    ]);
    connect(spec, namespaced, &secrets, &egress)
}

fn candidate(metadata: ClientMetadata) -> Candidate {
    Candidate {
        name: "payments.billing".to_owned(),
        trace: Trace::None,
        marker: testing::marker(),
        client_id: None,
        client_secret: None,
        metadata,
    }
}

fn set(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(ToString::to_string).collect()
}

fn scopes(values: &[&str]) -> ClientMetadata {
    ClientMetadata {
        scopes: Some(set(values)),
        ..ClientMetadata::default()
    }
}

fn for_users() -> ClientMetadata {
    ClientMetadata {
        grant_types: Some(set(&["refresh_token", "authorization_code"])),
        redirect_uris: Some(set(&["https://app.example.com/b", "https://app.example.com/a"])),
        token_endpoint_auth_method: Some("client_secret_post".to_owned()),
        ..scopes(&["write", "read"])
    }
}

/// As much of an answer as a server has to give.
fn least() -> Value {
    json!({"client_id": "the-id", "client_secret": SECRET, "client_secret_expires_at": 0})
}

/// `least` with other members; null takes one away.
fn but(changes: &Value) -> Value {
    let mut answer = least();
    for (name, value) in changes.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    answer
}

fn made(answer: &Value) -> ResponseTemplate {
    ResponseTemplate::new(201).set_body_json(answer)
}

fn client_of(answer: Result<Answer, Fault>) -> RemoteClient {
    match answer {
        Ok(Answer::Client(client)) => client,
        other => panic!("not a client: {other:?}"),
    }
}

fn kind<T: std::fmt::Debug>(answer: Result<T, Fault>) -> &'static str {
    answer.map_or_else(|fault| fault.kind(), |_| "Done")
}

fn bearer(request: &Received) -> Option<&str> {
    let header = request.headers.get("authorization")?;
    header.to_str().unwrap().strip_prefix("Bearer ")
}

fn body(request: &Received) -> Value {
    request.body_json().unwrap()
}

/// Nothing can be looked up, and nothing is read for curiosity.
#[tokio::test]
async fn what_there_is_no_call_for_is_not_asked() {
    let bench = Bench::new().await;
    let adapter = &bench.adapter;
    assert_eq!(kind(adapter.client(&"a".into()).await), "Invalid");
    assert_eq!(kind(adapter.attempted(&candidate(scopes(&[]))).await), "Invalid");
    assert_eq!(kind(adapter.clients().await), "Invalid");
    assert_eq!(kind(adapter.scopes().await), "Invalid");
    let target = bench.target(&json!({}));
    for request in [
        Request::Rotate {
            target: Box::new(target.clone()),
            candidate: None,
            keep_previous: false,
        },
        Request::Disable {
            target: Box::new(target),
        },
        Request::ProvisionScopes(set(&["read"])),
    ] {
        assert_eq!(kind(adapter.perform(&request, WITHIN).await), "Invalid");
    }
    assert_eq!(adapter.check().await, Ok(()));
    assert!(bench.received().await.is_empty());
}

#[tokio::test]
async fn what_it_can_do() {
    let server = MockServer::start().await;
    let can = |spec: &ServerSpec| connected(spec).capabilities().clone();
    let by_issuer = can(&spec(Some(server.uri()), None));
    assert!(by_issuer.can_verify && by_issuer.own_access && by_issuer.secrets_expire);
    assert!(!by_issuer.can_look_up && !by_issuer.can_list && !by_issuer.idempotent_create);
    assert_eq!(
        by_issuer
            .honours
            .difference(&by_issuer.updates)
            .collect::<Vec<_>>(),
        [&Field::ClientName]
    );
    let mut by_uri = by_uri(&server);
    assert!(!can(&by_uri).can_verify);
    by_uri.endpoints = Some(crate::api::Endpoints {
        token_uri: Some("https://issuer.example.com/token".to_owned()),
        ..crate::api::Endpoints::default()
    });
    assert!(can(&by_uri).can_verify);
}
