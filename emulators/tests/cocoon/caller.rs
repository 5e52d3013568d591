//! A caller that knows nothing of the emulator but its addresses.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use authserver_emulator::cocoon::state::{App, User};
use authserver_emulator::cocoon::{Config, Emulator};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};

use crate::support::{PASSWORD, Read, USER, http};

pub const BOOTSTRAP: (&str, &str) = ("bootstrap", "bootstrap-secret");

pub struct Caller {
    pub emulator: Emulator,
    pub http: reqwest::Client,
    /// The administrator's.
    pub token: String,
}

/// A user with the password `p`.
pub fn user(username: &str, administrator: bool, two_factor: bool) -> User {
    User {
        username: username.to_owned(),
        password: "p".to_owned(),
        administrator,
        two_factor,
    }
}

/// A request to register an app with the grant types `password` and `refresh_token`.
pub fn wish(client_id: &str) -> Value {
    json!({
        "appName": format!("App {client_id}"),
        "clientId": client_id,
        "clientSecret": format!("secret-of-{client_id}"),
        "authorizedGrantTypes": ["password", "refresh_token"],
        "accessTokenValiditySeconds": 300,
        "refreshTokenValiditySeconds": 3600,
    })
}

/// The same with more fields, or others; `null` takes one away.
pub fn with(document: &Value, more: &Value) -> Value {
    let mut fields: Map<String, Value> = document.as_object().unwrap().clone();
    fields.extend(more.as_object().unwrap().clone());
    fields.retain(|_, value| !value.is_null());
    Value::Object(fields)
}

impl Caller {
    /// With the users `ann`, and `two`, an administrator with a second factor.
    pub async fn start() -> Self {
        Self::switched(&[]).await
    }

    pub async fn switched(switches: &[(&str, &str)]) -> Self {
        let mut users = Config::default().users;
        users.extend([user("ann", false, false), user("two", true, true)]);
        let caller = Self::with(Config {
            users,
            ..Config::default()
        })
        .await;
        caller.set(switches);
        caller
    }

    /// Logs in before anything is turned.
    pub async fn with(config: Config) -> Self {
        let mut caller = Self {
            emulator: Emulator::start(config).await.unwrap(),
            http: http(),
            token: String::new(),
        };
        let login = caller.login(USER, PASSWORD).await;
        if login.status == 200 {
            caller.token = login.field("access_token");
        }
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

    pub async fn call(&self, method: &str, path: &str) -> Read {
        read(self.bare(method, path).bearer_auth(&self.token)).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Read {
        read(self.bare(method, path).bearer_auth(&self.token).json(body)).await
    }

    pub async fn register(&self, body: &Value) -> Read {
        self.send("POST", "/clientapps", body).await
    }

    /// An app that is there.
    pub async fn registered(&self, client_id: &str) -> App {
        let answer = self.register(&wish(client_id)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        self.there(client_id)
    }

    /// The app of an id as the server has it.
    pub fn there(&self, client_id: &str) -> App {
        self.emulator.clients_of(client_id).remove(0)
    }

    pub async fn list(&self) -> Read {
        self.call("GET", "/clientapps").await
    }

    pub async fn get(&self, info_id: &str) -> Read {
        self.call("GET", &app(info_id)).await
    }

    pub async fn update(&self, info_id: &str, body: &Value) -> Read {
        self.send("PUT", &app(info_id), body).await
    }

    pub async fn enable(&self, info_id: &str) -> Read {
        self.call("PUT", &(app(info_id) + "/enable")).await
    }

    pub async fn delete(&self, info_id: &str) -> Read {
        self.call("DELETE", &app(info_id)).await
    }

    /// A token request of an app, with Basic.
    pub async fn token(&self, (id, secret): (&str, &str), form: &[(&str, &str)]) -> Read {
        let request = self.http.post(self.emulator.token_url());
        read(request.basic_auth(id, Some(secret)).form(form)).await
    }

    /// A password by way of the bootstrap app.
    pub async fn login(&self, username: &str, password: &str) -> Read {
        self.login_with(BOOTSTRAP, username, password).await
    }

    pub async fn login_with(&self, pair: (&str, &str), username: &str, password: &str) -> Read {
        let form = [
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
        ];
        self.token(pair, &form).await
    }

    pub async fn refresh(&self, pair: (&str, &str), refresh_token: &str) -> Read {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        self.token(pair, &form).await
    }

    /// The status of a list with another token.
    pub async fn status_with(&self, token: &str) -> u16 {
        read(self.bare("GET", "/clientapps").bearer_auth(token))
            .await
            .status
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

/// The path of an app.
pub fn app(info_id: &str) -> String {
    format!("/clientapps/{info_id}")
}
