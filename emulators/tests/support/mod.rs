//! A caller that knows nothing of the emulator but its addresses.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

pub mod effects;
pub mod transcript;

use std::error::Error;
use std::time::{Duration, Instant};

use authserver_emulator::digitalroute::{Config, Emulator};
use authserver_emulator::misbehave::{Behaviour, Rule};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Everything but the characters that RFC 3986 calls unreserved.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub const USER: &str = "operator";
pub const PASSWORD: &str = "operator-password";

pub struct Api {
    pub emulator: Emulator,
    pub http: Client,
}

/// An answer that was read to its end.
#[derive(Debug)]
pub struct Read {
    pub status: u16,
    pub content_type: Option<String>,
    /// Whether `WWW-Authenticate` came.
    pub challenged: bool,
    pub headers: HeaderMap,
    pub text: String,
}

impl Read {
    pub async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let challenged = response.headers().contains_key("www-authenticate");
        let header = response.headers().get("content-type");
        let content_type = header.map(|value| value.to_str().unwrap().to_owned());
        Self {
            status,
            content_type,
            challenged,
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn field(&self, name: &str) -> String {
        self.json()[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_owned()
    }
}

/// A client without redirects, proxies and connections that are kept.
pub fn http() -> Client {
    let builder = Client::builder().redirect(redirect::Policy::none()).no_proxy();
    builder.pool_max_idle_per_host(0).build().unwrap()
}

/// Percent-encodes a name for a path.
pub fn encoded(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

impl Api {
    pub async fn start() -> Self {
        Self::with(Config {
            scopes: vec!["a".to_owned(), "b".to_owned()],
            ..Config::default()
        })
        .await
    }

    /// With these switches.
    pub async fn switched(switches: &[(&str, &str)]) -> Self {
        let api = Self::start().await;
        api.set(switches);
        api
    }

    pub async fn with(config: Config) -> Self {
        Self {
            emulator: Emulator::start(config).await.unwrap(),
            http: http(),
        }
    }

    pub fn set(&self, switches: &[(&str, &str)]) {
        for (name, value) in switches {
            self.emulator.switch(|all| all.set(name, value).unwrap());
        }
    }

    /// A call to the management API with the right credential.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = self.emulator.api_url() + path;
        self.http.request(method, url).basic_auth(USER, Some(PASSWORD))
    }

    pub async fn call(&self, method: &str, path: &str) -> Read {
        Read::of(self.request(method, path).send().await.unwrap()).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Read {
        Read::of(self.request(method, path).json(body).send().await.unwrap()).await
    }

    pub async fn register(&self, name: &str, scope: &str) -> Read {
        self.send(
            "POST",
            "/clients",
            &json!({ "client_name": name, "scope": scope }),
        )
        .await
    }

    pub async fn get(&self, name: &str) -> Read {
        self.call("GET", &client(name)).await
    }

    pub async fn put(&self, name: &str, scope: &str) -> Read {
        self.send("PUT", &client(name), &json!({ "scope": scope })).await
    }

    pub async fn rotate(&self, name: &str) -> Read {
        self.call("PATCH", &client(name)).await
    }

    pub async fn delete(&self, name: &str) -> Read {
        self.call("DELETE", &client(name)).await
    }

    pub async fn list(&self) -> Read {
        self.call("GET", "/clients").await
    }

    /// A token request with Basic, id and secret as they are.
    pub async fn token(&self, id: &str, secret: &str, form: &[(&str, &str)]) -> Read {
        let request = self
            .http
            .post(self.emulator.token_url())
            .basic_auth(id, Some(secret))
            .form(form);
        Read::of(request.send().await.unwrap()).await
    }

    /// A token request with id and secret in the body.
    pub async fn token_in_body(&self, id: &str, secret: &str) -> Read {
        let form = [GRANT, ("client_id", id), ("client_secret", secret)];
        Read::of(
            self.http
                .post(self.emulator.token_url())
                .form(&form)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    pub async fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Read {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, self.emulator.control_url() + path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        Read::of(request.send().await.unwrap()).await
    }
}

pub const GRANT: (&str, &str) = ("grant_type", "client_credentials");

/// The path of a client.
pub fn client(name: &str) -> String {
    format!("/clients/{}", encoded(name))
}

/// Sends bytes, and reads whatever comes until the other side ends.
pub async fn raw(api: &Api, head: &str) -> String {
    let mut stream = TcpStream::connect(api.emulator.url().trim_start_matches("http://"))
        .await
        .unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// A request line with everything that a management call needs, for paths that a URL library would tidy up.
pub async fn raw_call(api: &Api, method: &str, path: &str) -> String {
    let credential = "b3BlcmF0b3I6b3BlcmF0b3ItcGFzc3dvcmQ=";
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credential}\r\nConnection: close\r\n\r\n"
    );
    raw(api, &head).await
}

/// PATCHes a client once with this behaviour.
pub async fn rotated_with(behaviour: Behaviour) -> (Api, Result<reqwest::Response, reqwest::Error>) {
    let api = Api::start().await;
    api.emulator.add_client("x", "a");
    api.emulator
        .misbehave(Rule::on("rotate", behaviour).times(1))
        .unwrap();
    let answer = api.request("PATCH", &client("x")).send().await;
    (api, answer)
}

/// The whole chain, since the reason is at its end.
pub fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

pub fn changes(api: &Api) -> u64 {
    api.emulator.counters().changes
}

/// Waits until something holds.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
