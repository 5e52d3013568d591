//! What stands between the operator and Keycloak: it sends on what comes, counts it, and goes wrong as the emulators do.

use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use authserver_emulator::http::{Answer, Request};
use authserver_emulator::{AuthServer, Call, Done, Operation};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, LOCATION};
use serde_json::Value;
use tokio::runtime::Runtime;

const fn read(name: &'static str) -> Operation {
    Operation {
        name,
        mutating: false,
    }
}

const fn change(name: &'static str) -> Operation {
    Operation { name, mutating: true }
}

const LIST: Operation = read("list");
const GET: Operation = read("get");
const SCOPES: Operation = read("scopes");
const TOKEN: Operation = read("token");
const OTHER: Operation = read("other");
const REGISTER: Operation = change("register");
const UPDATE: Operation = change("update");
const DELETE: Operation = change("delete");
const OPERATIONS: [Operation; 8] = [LIST, GET, SCOPES, TOKEN, OTHER, REGISTER, UPDATE, DELETE];

/// The token endpoint, among the operations.
pub(super) const OF_TOKENS: &str = TOKEN.name;

/// Sends on to one Keycloak.
pub(super) struct Relay {
    /// Where it is.
    pub(super) url: String,
}

impl AuthServer for Relay {
    fn operations(&self) -> &'static [Operation] {
        &OPERATIONS
    }

    fn classify(&self, request: &Request) -> Call {
        let path = request.path.strip_prefix("/admin/realms/").unwrap_or_default();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let operation = match (request.method.as_str(), &segments[..]) {
            ("POST", []) if request.path.ends_with("/token") => TOKEN,
            ("GET", ["clients"]) => LIST,
            ("GET", ["clients", _]) => GET,
            ("GET", _) => SCOPES,
            ("POST", ["clients"]) => REGISTER,
            ("DELETE", ["clients", _]) => DELETE,
            ("PUT" | "DELETE" | "POST", ["clients", ..]) => UPDATE,
            _ => OTHER,
        };
        Call {
            operation,
            name: None,
        }
    }

    fn perform(&self, request: &Request) -> Done {
        let operation = self.classify(request).operation;
        let answer = self.sent_on(request);
        Done {
            changed: operation.mutating && answer.status.is_success(),
            answer,
        }
    }

    fn control(&self, _: &[&str], _: &Request) -> Option<Answer> {
        None
    }

    fn state(&self) -> Value {
        Value::Null
    }

    fn reset(&self) {}
}

impl Relay {
    /// Waits for the answer, which comes by way of a thread of its own.
    fn sent_on(&self, request: &Request) -> Answer {
        let query = request.query.as_ref().map(|query| format!("?{query}"));
        let url = format!("{}{}{}", self.url, request.path, query.unwrap_or_default());
        let (url, request) = (url, request.clone());
        let (tell, told) = mpsc::channel();
        runtime().spawn(async move {
            // Nobody waits any more where this fails.
            tell.send(ask(&url, &request).await).ok();
        });
        let broken = |why: &str| Answer::with_body(502, "text/plain", why.to_owned());
        match told.recv_timeout(Duration::from_secs(30)) {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => broken(&why),
            Err(_) => broken("Keycloak does not answer"),
        }
    }
}

/// Stories have a thread for several of them, which must not be waited for in its own runtime.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
    })
}

async fn ask(url: &str, request: &Request) -> Result<Answer, String> {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let text = |error: reqwest::Error| error.to_string();
    let client = if let Some(client) = CLIENT.get() {
        client
    } else {
        let made = super::super::process::client()?;
        CLIENT.get_or_init(|| made)
    };
    let mut sent = client
        .request(request.method.clone(), url)
        .body(request.body.clone());
    // The issuer is the address that was asked at.
    for name in [HOST, AUTHORIZATION, CONTENT_TYPE] {
        if let Some(value) = request.headers.get(&name) {
            sent = sent.header(name, value);
        }
    }
    let came = sent.send().await.map_err(text)?;
    let mut answer = Answer::empty(came.status().as_u16());
    let kept: [HeaderName; 2] = [CONTENT_TYPE, LOCATION];
    for name in kept {
        if let Some(value) = came.headers().get(&name) {
            answer.headers.insert(name, value.clone());
        }
    }
    answer.body = came.bytes().await.map_err(text)?;
    Ok(answer)
}
