//! A caller that knows nothing of the emulator but its addresses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use authserver_emulator::hydra::state::Client;
use authserver_emulator::hydra::{Config, Emulator};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::support::{GRANT, Read, encoded, http};

pub struct Caller {
    pub emulator: Emulator,
    pub http: reqwest::Client,
    /// What the admin API is called with, if anything.
    pub token: Option<String>,
}

/// A request to register a client with `client_credentials`.
pub fn wish(client_id: &str) -> Value {
    json!({
        "client_id": client_id,
        "client_secret": secret(client_id),
        "client_name": format!("Client {client_id}"),
        "grant_types": ["client_credentials"],
        "scope": "read write",
        "owner": "us",
        "metadata": { "attempt": 1 },
    })
}

/// The secret of a client that was registered so.
pub fn secret(client_id: &str) -> String {
    format!("secret-of-{client_id}")
}

/// The same with more fields, or others; `null` takes one away.
pub fn with(document: &Value, more: &Value) -> Value {
    let mut fields: Map<String, Value> = document.as_object().unwrap().clone();
    fields.extend(more.as_object().unwrap().clone());
    fields.retain(|_, value| !value.is_null());
    Value::Object(fields)
}

impl Caller {
    pub async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub async fn switched(switches: &[(&str, &str)]) -> Self {
        let caller = Self::start().await;
        caller.set(switches);
        caller
    }

    pub async fn with(config: Config) -> Self {
        Self {
            token: config.bearer_token.clone(),
            emulator: Emulator::start(config).await.unwrap(),
            http: http(),
        }
    }

    pub fn set(&self, switches: &[(&str, &str)]) {
        for (name, value) in switches {
            self.emulator.switch(|all| all.set(name, value).unwrap());
        }
    }

    /// A call to the admin API, below `/admin/clients`.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.request_to(method, &format!("/admin/clients{path}"))
    }

    /// A call to the admin API.
    pub fn request_to(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, self.emulator.admin_url() + path);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn call(&self, method: &str, path: &str) -> Read {
        read(self.request(method, path)).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Read {
        read(self.request(method, path).json(body)).await
    }

    pub async fn register(&self, body: &Value) -> Read {
        self.send("POST", "", body).await
    }

    /// A client that is there.
    pub async fn registered(&self, client_id: &str) -> Client {
        let answer = self.register(&wish(client_id)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        self.there(client_id)
    }

    /// The client of an id as the server has it.
    pub fn there(&self, client_id: &str) -> Client {
        self.emulator.client(client_id).unwrap()
    }

    pub async fn list(&self) -> Read {
        self.call("GET", "").await
    }

    pub async fn get(&self, client_id: &str) -> Read {
        self.call("GET", &client(client_id)).await
    }

    pub async fn update(&self, client_id: &str, body: &Value) -> Read {
        self.send("PUT", &client(client_id), body).await
    }

    pub async fn patch(&self, client_id: &str, operations: &Value) -> Read {
        self.send("PATCH", &client(client_id), operations).await
    }

    pub async fn set_lifespans(&self, client_id: &str, body: &Value) -> Read {
        self.send("PUT", &(client(client_id) + "/lifespans"), body).await
    }

    pub async fn delete(&self, client_id: &str) -> Read {
        self.call("DELETE", &client(client_id)).await
    }

    pub async fn rotate(&self, client_id: &str) -> Read {
        self.call("POST", &(client(client_id) + "/secrets/rotate")).await
    }

    pub async fn clear(&self, client_id: &str) -> Read {
        self.call("DELETE", &(client(client_id) + "/secrets/rotate"))
            .await
    }

    /// A token request for `client_credentials` with Basic, id and secret form-encoded, and more fields.
    pub async fn token(&self, client_id: &str, secret: &str, more: &[(&str, &str)]) -> Read {
        let request = self.http.post(self.emulator.token_url());
        let request = request.basic_auth(encoded(client_id), Some(encoded(secret)));
        read(request.form(&[&[GRANT], more].concat())).await
    }

    /// A token request for `client_credentials` with everything in the body.
    pub async fn token_in_body(&self, fields: &[(&str, &str)]) -> Read {
        let request = self.http.post(self.emulator.token_url());
        read(request.form(&[&[GRANT], fields].concat())).await
    }

    /// Whether each of these secrets gets a token.
    pub async fn good<const N: usize>(&self, client_id: &str, secrets: [&str; N]) -> [bool; N] {
        let mut good = [false; N];
        for (good, secret) in good.iter_mut().zip(secrets) {
            *good = self.token(client_id, secret, &[]).await.status == 200;
        }
        good
    }

    pub async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Read {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, self.emulator.control_url() + path);
        read(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }
}

pub async fn read(request: RequestBuilder) -> Read {
    Read::of(request.send().await.unwrap()).await
}

/// The path of a client, below `/admin/clients`.
pub fn client(client_id: &str) -> String {
    format!("/{}", encoded(client_id))
}

/// The ids in a list.
pub fn ids(list: &Read) -> Vec<String> {
    let list = list.json();
    let clients = list.as_array().unwrap().iter();
    clients
        .map(|client| client["client_id"].as_str().unwrap().to_owned())
        .collect()
}
