//! A caller that knows nothing of the emulator but its addresses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use authserver_emulator::auth0::{Config, Emulator, Management, SCOPES};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::key::Key;
use crate::support::{Read, http};

pub const API: &str = "https://api.example/";
pub const OPERATOR: (&str, &str) = ("operator", "operator-secret");

pub struct Caller {
    pub emulator: Emulator,
    pub http: reqwest::Client,
    /// The operator's.
    pub token: String,
}

/// Everything as it is usual here: an API with the scopes `read` and `write`.
pub fn config() -> Config {
    Config {
        apis: vec![(API.to_owned(), ["read", "write"].map(str::to_owned).to_vec())],
        ..Config::default()
    }
}

/// The same for an operator who has some scopes only.
pub fn with_scopes(scopes: &[&str]) -> Config {
    let scopes = scopes.iter().map(ToString::to_string).collect();
    Config {
        management: Management {
            scopes,
            ..Config::default().management
        },
        ..config()
    }
}

/// All scopes but these.
pub fn without(scopes: &[&str]) -> Vec<&'static str> {
    SCOPES
        .into_iter()
        .filter(|scope| !scopes.contains(scope))
        .collect()
}

impl Caller {
    /// Logs in at once.
    pub async fn with(config: Config) -> Self {
        let mut caller = Self {
            emulator: Emulator::start(config).await.unwrap(),
            http: http(),
            token: String::new(),
        };
        caller.token = caller.login().await.field("access_token");
        caller
    }

    pub async fn start() -> Self {
        Self::with(config()).await
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

    /// A token request with a form.
    pub async fn ask(&self, form: &[(&str, &str)]) -> Read {
        read(self.http.post(self.emulator.token_url()).form(form)).await
    }

    pub async fn login(&self) -> Read {
        self.ask_by_secret(OPERATOR.0, OPERATOR.1, &self.emulator.audience())
            .await
    }

    /// A token request with id and secret in the body.
    pub async fn ask_by_secret(&self, id: &str, secret: &str, audience: &str) -> Read {
        let form = [
            GRANT,
            ("client_id", id),
            ("client_secret", secret),
            ("audience", audience),
        ];
        self.ask(&form).await
    }

    /// A token request of a client for the API.
    pub async fn ask_for(&self, client: &Value) -> Read {
        self.ask_by_secret(text(client, "client_id"), text(client, "client_secret"), API)
            .await
    }

    /// A token request with an assertion.
    pub async fn ask_with(&self, assertion: &str, audience: &str) -> Read {
        let form = [
            GRANT,
            ("client_assertion_type", ASSERTION),
            ("client_assertion", assertion),
            ("audience", audience),
        ];
        self.ask(&form).await
    }

    /// A call without a token.
    pub fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.http.request(method, self.emulator.api_url() + path)
    }

    pub async fn call(&self, method: &str, path: &str) -> Read {
        read(self.bare(method, path).bearer_auth(&self.token)).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Read {
        read(self.bare(method, path).bearer_auth(&self.token).json(body)).await
    }

    pub async fn register(&self, body: &Value) -> Read {
        self.send("POST", "/clients", body).await
    }

    /// A client of that name, for machines.
    pub async fn registered(&self, name: &str) -> Value {
        let answer = self.register(&wish(name)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    /// The same with a grant for `read` at the API.
    pub async fn granted(&self, name: &str) -> Value {
        let client = self.registered(name).await;
        let answer = self.grant(&client, API, &["read"]).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        client
    }

    /// The same with a key.
    pub async fn keyed(&self, name: &str, keys: &[&Key]) -> Value {
        let answer = self.register(&with_keys(name, keys)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let client = answer.json();
        self.grant(&client, API, &["read"]).await;
        client
    }

    pub async fn get(&self, id: &str) -> Read {
        self.call("GET", &client(id)).await
    }

    pub async fn update(&self, id: &str, body: &Value) -> Read {
        self.send("PATCH", &client(id), body).await
    }

    pub async fn rotate(&self, id: &str) -> Read {
        self.call("POST", &format!("{}/rotate-secret", client(id))).await
    }

    pub async fn delete(&self, id: &str) -> Read {
        self.call("DELETE", &client(id)).await
    }

    pub async fn list(&self, query: &str) -> Read {
        self.call("GET", &format!("/clients?{query}")).await
    }

    pub async fn grant(&self, client: &Value, audience: &str, scope: &[&str]) -> Read {
        let body = json!({ "client_id": client["client_id"], "audience": audience, "scope": scope });
        self.send("POST", "/client-grants", &body).await
    }

    pub async fn add_key(&self, id: &str, key: &Key) -> Read {
        let body = json!({ "credential_type": "public_key", "pem": key.pem() });
        self.send("POST", &credentials(id), &body).await
    }

    /// Attaches these credentials to a client, and no others.
    pub async fn attach(&self, id: &str, ids: &[&str]) -> Read {
        self.update(id, &attached(ids)).await
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

pub const GRANT: (&str, &str) = ("grant_type", "client_credentials");
pub const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A request to register a client for machines.
pub fn wish(name: &str) -> Value {
    json!({ "name": name, "app_type": "non_interactive", "token_endpoint_auth_method": "client_secret_post" })
}

/// A request to register a client with keys.
pub fn with_keys(name: &str, keys: &[&Key]) -> Value {
    let keys: Vec<_> = keys
        .iter()
        .map(|key| json!({ "credential_type": "public_key", "pem": key.pem() }))
        .collect();
    json!({
        "name": name,
        "jwt_configuration": { "alg": "RS256" },
        "client_authentication_methods": { "private_key_jwt": { "credentials": keys } },
    })
}

/// A change that attaches credentials.
pub fn attached(ids: &[&str]) -> Value {
    let ids: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
    json!({
        "client_authentication_methods": { "private_key_jwt": { "credentials": ids } },
        "token_endpoint_auth_method": null,
        "jwt_configuration": { "alg": "RS256" },
    })
}

pub async fn read(request: RequestBuilder) -> Read {
    Read::of(request.send().await.unwrap()).await
}

/// The path of a client.
pub fn client(id: &str) -> String {
    format!("/clients/{}", encoded(id))
}

/// The path of a client's credentials.
pub fn credentials(id: &str) -> String {
    format!("{}/credentials", client(id))
}

pub fn encoded(text: &str) -> String {
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

/// The names of the things in a list.
pub fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|item| text(item, "name"))
        .collect()
}

/// Asserts that an answer is a refusal as Auth0 writes it.
#[track_caller]
pub fn refused(answer: &Read, status: u16, code: &str, message: &str) {
    let body = answer.json();
    assert_eq!(
        (answer.status, &body["statusCode"]),
        (status, &json!(status)),
        "{answer:?}"
    );
    assert_eq!(body["errorCode"].as_str().unwrap_or_default(), code, "{answer:?}");
    assert!(text(&body, "message").contains(message), "{message}: {answer:?}");
    assert!(body["error"].is_string());
}
