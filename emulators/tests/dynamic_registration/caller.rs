//! A caller that knows nothing of the emulator but its addresses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use authserver_emulator::dynamic_registration::state::Client;
use authserver_emulator::dynamic_registration::{Config, Emulator};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::support::{GRANT, Read, http};

pub struct Caller {
    pub emulator: Emulator,
    pub http: reqwest::Client,
}

/// A client without redirects, named.
pub fn machine(name: &str) -> Value {
    json!({
        "client_name": name,
        "scope": "a b",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "redirect_uris": [],
    })
}

/// The same with more fields, or others.
pub fn with(document: &Value, more: &Value) -> Value {
    let mut fields: Map<String, Value> = document.as_object().unwrap().clone();
    fields.extend(more.as_object().unwrap().clone());
    Value::Object(fields)
}

/// What an update may send of an answer.
pub fn sendable(answer: &Value) -> Value {
    let mut fields = answer.as_object().unwrap().clone();
    fields.retain(|name, _| {
        ![
            "registration_access_token",
            "registration_client_uri",
            "client_secret_expires_at",
            "client_id_issued_at",
        ]
        .contains(&name.as_str())
    });
    Value::Object(fields)
}

impl Caller {
    pub async fn with(config: Config) -> Self {
        Self {
            emulator: Emulator::start(config).await.unwrap(),
            http: http(),
        }
    }

    pub async fn start() -> Self {
        Self::with(Config {
            scopes: ["a", "b", "c"].map(str::to_owned).to_vec(),
            ..Config::default()
        })
        .await
    }

    pub async fn switched(switches: &[(&str, &str)]) -> Self {
        let caller = Self::start().await;
        caller.set(switches);
        caller
    }

    pub fn set(&self, switches: &[(&str, &str)]) {
        for (name, value) in switches {
            self.emulator.switch(|all| all.set(name, value).unwrap());
        }
    }

    pub fn request(&self, method: &str, url: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http
            .request(method, url)
            .header("accept", "application/json")
    }

    pub async fn get(&self, path: &str) -> Read {
        let request = self.request("GET", &(self.emulator.url() + path));
        Read::of(request.send().await.unwrap()).await
    }

    pub async fn register(&self, document: &Value) -> Read {
        let request = self.request("POST", &self.emulator.registration_url());
        Read::of(request.json(document).send().await.unwrap()).await
    }

    /// A client that is there.
    pub async fn registered(&self, name: &str) -> Value {
        let answer = self.register(&machine(name)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    pub async fn manage(&self, method: &str, url: &str, token: &str, body: Option<&Value>) -> Read {
        let request = self.request(method, url).bearer_auth(token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        Read::of(request.send().await.unwrap()).await
    }

    /// GET of a client with the address and the token of an answer.
    pub async fn read(&self, answer: &Value) -> Read {
        let (url, token) = place(answer);
        self.manage("GET", url, token, None).await
    }

    /// PUT in the same way.
    pub async fn update(&self, answer: &Value, document: &Value) -> Read {
        let (url, token) = place(answer);
        self.manage("PUT", url, token, Some(document)).await
    }

    /// DELETE in the same way.
    pub async fn delete(&self, answer: &Value) -> Read {
        let (url, token) = place(answer);
        self.manage("DELETE", url, token, None).await
    }

    /// The client of an answer as the server has it.
    pub fn there(&self, answer: &Value) -> Client {
        let mut clients = self.emulator.clients();
        clients.retain(|client| client.client_id == answer["client_id"]);
        clients.remove(0)
    }

    /// A token request with Basic, id and secret as they are.
    pub async fn token(&self, id: &str, secret: &str, form: &[(&str, &str)]) -> Read {
        let request = self.request("POST", &self.emulator.token_url());
        let request = request.basic_auth(id, Some(secret)).form(form);
        Read::of(request.send().await.unwrap()).await
    }

    /// A token request with id and secret in the body.
    pub async fn token_in_body(&self, id: &str, secret: &str) -> Read {
        let form = [GRANT, ("client_id", id), ("client_secret", secret)];
        let request = self.request("POST", &self.emulator.token_url());
        Read::of(request.form(&form).send().await.unwrap()).await
    }

    /// The status of a token request with the pair of an answer.
    pub async fn token_status(&self, answer: &Value) -> u16 {
        let [id, secret] = ["client_id", "client_secret"].map(|name| answer[name].as_str().unwrap());
        self.token(id, secret, &[GRANT]).await.status
    }

    pub async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Read {
        let request = self.request(method, &(self.emulator.control_url() + path));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        Read::of(request.send().await.unwrap()).await
    }
}

/// Address and token of an answer.
pub fn place(answer: &Value) -> (&str, &str) {
    let text = |name: &str| {
        answer[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {answer}"))
    };
    (text("registration_client_uri"), text("registration_access_token"))
}

/// Status and error code of a refusal.
pub fn refusal(answer: &Read) -> (u16, String) {
    (answer.status, answer.field("error"))
}
