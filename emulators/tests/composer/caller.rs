//! A caller that knows nothing of the emulator but its addresses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use authserver_emulator::composer::state::User;
use authserver_emulator::composer::{Config, Emulator};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Read, USER, http};

pub const V2: &str = "application/vnd.composer.v2+json";
pub const V3: &str = "application/vnd.composer.v3+json";

pub struct Caller {
    pub emulator: Emulator,
    pub http: reqwest::Client,
}

/// A user of an account.
pub fn user(username: &str, account: &str) -> User {
    User {
        username: username.to_owned(),
        account: account.to_owned(),
        supervisor: username == "boss",
        pushed: 0,
    }
}

/// A request to register a client.
pub fn wish(name: &str) -> Value {
    json!({ "client_name": name, "access_token_validity_seconds": 300 })
}

impl Caller {
    pub async fn with(config: Config) -> Self {
        Self {
            emulator: Emulator::start(config).await.unwrap(),
            http: http(),
        }
    }

    /// With the users `ann` and `boss`, who is a supervisor, and an account without users.
    pub async fn start() -> Self {
        Self::with(Config {
            users: vec![user("ann", "acme"), user("boss", "acme")],
            accounts: vec!["empty".to_owned()],
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

    /// A call without a credential.
    pub fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, self.emulator.api_url() + path)
    }

    /// A call to the management API with the right credential.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.bare(method, path).header("accept", V3);
        request.basic_auth(USER, Some(PASSWORD))
    }

    pub async fn call(&self, method: &str, path: &str) -> Read {
        read(self.request(method, path)).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Read {
        let request = self.request(method, path).header("content-type", V3);
        read(request.body(body.to_string())).await
    }

    pub async fn register(&self, name: &str) -> Read {
        self.send("POST", "/clients", &wish(name)).await
    }

    /// A client that is there.
    pub async fn registered(&self, name: &str) -> Value {
        let answer = self.register(name).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    pub async fn list(&self) -> Read {
        self.call("GET", "/clients").await
    }

    pub async fn get(&self, id: &str) -> Read {
        self.call("GET", &client(id)).await
    }

    pub async fn update(&self, id: &str, body: &Value) -> Read {
        self.send("PATCH", &client(id), body).await
    }

    pub async fn delete(&self, id: &str) -> Read {
        self.call("DELETE", &client(id)).await
    }

    /// A token request with JSON.
    pub async fn token(&self, call: &str, pair: &Value, body: &Value) -> Read {
        let [id, secret] = pair_of(pair);
        read(self.bare("POST", call).basic_auth(id, Some(secret)).json(body)).await
    }

    pub async fn pull(&self, pair: &Value, username: &str) -> Read {
        let body = json!({ "username": username });
        self.token("/pull/tokens", pair, &body).await
    }

    pub async fn push(&self, pair: &Value, username: &str, account: &str) -> Read {
        let body = json!({ "username": username, "account": account });
        self.token("/push/tokens", pair, &body).await
    }

    pub async fn revoke(&self, pair: &Value, token: &str) -> Read {
        let [id, secret] = pair_of(pair);
        let path = format!("/tokens/{}", encoded(token));
        read(self.bare("DELETE", &path).basic_auth(id, Some(secret))).await
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

/// Id and secret of an answer, a client or anything with both.
pub fn pair_of(pair: &Value) -> [&str; 2] {
    ["client_id", "client_secret"].map(|name| pair[name].as_str().unwrap_or("nothing"))
}

/// The path of a client.
pub fn client(id: &str) -> String {
    format!("/clients/{}", encoded(id))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// A text of an answer.
pub fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {answer}"))
}

/// The names of the fields of an object, in alphabetical order.
pub fn fields(value: &Value) -> Vec<&str> {
    let mut names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}
