//! A server with a token endpoint and an API.

mod faults;
mod life;

use std::sync::Mutex as StdMutex;
use std::sync::atomic::AtomicUsize;

use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, Request as Received, ResponseTemplate};

use super::super::address::EgressRules;
use super::super::http::{Target, Trust};
use super::*;

const WITHIN: Duration = Duration::from_secs(20);
const PASSWORD: &str = "canary pass/word";
const SECRET: &str = "canary-secret+1";

fn account(name: &str, secret: &str) -> Account {
    Account {
        name: Confidential::new(name),
        secret: Confidential::new(secret),
    }
}

fn client() -> Account {
    account("the client", SECRET)
}

fn password() -> Grant {
    Grant::Password(account("admin", PASSWORD))
}

fn itself() -> Grant {
    Grant::ClientCredentials { audience: None }
}

/// A server with a token endpoint and an API, and what came to each.
struct Bench {
    server: MockServer,
    api: Http,
    login: Login,
}

type Answer = Box<dyn Fn(usize, &Received) -> ResponseTemplate + Send + Sync>;

/// By the number of the request, from 0.
struct Numbered(AtomicUsize, Answer);

impl wiremock::Respond for Numbered {
    fn respond(&self, request: &Received) -> ResponseTemplate {
        (self.1)(self.0.fetch_add(1, Ordering::SeqCst), request)
    }
}

impl Bench {
    async fn new(client: ClientAuth, grant: Grant) -> Self {
        let server = MockServer::start().await;
        let (egress, trust) = (
            EgressRules {
                allow_loopback: true,
                ..EgressRules::default()
            },
            Trust::default(),
        );
        let target = Target {
            url: &server.uri(),
            prefix: "/api",
            namespaced: false,
            egress: &egress,
            trust: &trust,
        };
        let api = Http::new(&target, None).unwrap();
        let endpoint = api.beside(&server.uri(), "/token", None).unwrap();
        let login = Login::new(endpoint, client, grant);
        Self { server, api, login }
    }

    async fn itself() -> Self {
        Self::new(ClientAuth::Post(client()), itself()).await
    }

    async fn user() -> Self {
        Self::new(ClientAuth::Basic(client()), password()).await
    }

    async fn answers(
        &self,
        at: &str,
        answer: impl Fn(usize, &Received) -> ResponseTemplate + Send + Sync + 'static,
    ) {
        let numbered = Numbered(AtomicUsize::new(0), Box::new(answer));
        Mock::given(path(at))
            .respond_with(numbered)
            .mount(&self.server)
            .await;
    }

    /// The API takes each token.
    async fn takes_all(&self) {
        self.answers("/api/thing", |_, _| ResponseTemplate::new(200))
            .await;
    }

    /// The forms that came to the token endpoint.
    async fn logins(&self) -> Vec<String> {
        let requests = self.received("/token").await;
        let text = |request: Received| String::from_utf8(request.body).unwrap();
        requests.into_iter().map(text).collect()
    }

    /// The tokens that came to the API.
    async fn tokens(&self) -> Vec<String> {
        let requests = self.received("/api/thing").await;
        let token = |request: &Received| request.headers["authorization"].to_str().unwrap().to_owned();
        requests.iter().map(token).collect()
    }

    async fn received(&self, at: &str) -> Vec<Received> {
        let mut requests = self.server.received_requests().await.unwrap();
        requests.retain(|request| request.url.path() == at);
        requests
    }

    async fn send(&self, call: &Call<'_>) -> Result<u16, Fault> {
        let sent = self.login.send(&self.api, call).await;
        if let Err(fault) = &sent {
            assert!(!matches!(fault, Fault::OutcomeUnknown(_)), "{fault:?}");
            assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
        }
        sent.map(|reply| reply.status.as_u16())
    }

    async fn read(&self) -> Result<u16, Fault> {
        self.send(&read()).await
    }

    async fn change(&self) -> Result<u16, Fault> {
        self.send(&change(WITHIN)).await
    }
}

fn read() -> Call<'static> {
    Call::read("the thing", &["thing"], WITHIN)
}

fn change(within: Duration) -> Call<'static> {
    Call::change(Method::DELETE, "the deletion", &["thing"], Body::Empty, within)
}

fn answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// Tokens with a number.
fn issue(number: usize) -> ResponseTemplate {
    answer(
        200,
        &json!({"access_token": format!("canary-token-{number}"), "token_type": "Bearer", "expires_in": 600}),
    )
}

/// The clock goes on by so much at once.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
