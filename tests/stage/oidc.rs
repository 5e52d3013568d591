//! node oidc-provider as a process of the tests: a real server with dynamic client registration.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use authserver_emulator::digitalroute::state::random;
use serde::Deserialize;
use serde_json::{Value, json};

use super::published::Pair;

/// The variable that the initial access token is handed over in.
const TOKEN: &str = "INITIAL_ACCESS_TOKEN";

/// The process. It is killed when this is dropped.
pub struct OidcProvider {
    /// Where it is, and its issuer.
    pub url: String,
    /// The operator's credential there.
    pub initial_access_token: String,
    http: reqwest::Client,
    child: Mutex<Child>,
}

/// A client that it has.
#[derive(Clone, Debug, Deserialize)]
pub struct RemoteClient {
    pub client_id: String,
    #[serde(default)]
    pub scope: String,
    #[serde(default)]
    pub software_id: String,
    #[serde(default)]
    pub software_version: String,
}

impl OidcProvider {
    /// Starts it, installed before if it has to be, with scopes `read` and `write`.
    pub fn start(more: &[&str]) -> Self {
        let initial_access_token = random(32, b"abcdefghkmnpqrstuvwxyz23456789");
        let mut child = Command::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/testcluster/oidc-provider/run"
        ))
        .args([
            "--initial-access-token-env",
            TOKEN,
            "--scope",
            "read",
            "--scope",
            "write",
        ])
        .args(more)
        .env(TOKEN, &initial_access_token)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("it says {line:?}"));
        Self {
            url: said["url"].as_str().unwrap().to_owned(),
            initial_access_token,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            child: Mutex::new(child),
        }
    }

    fn control(&self, path: &str) -> String {
        format!("{}/_control/{path}", self.url)
    }

    /// The clients that it has.
    pub async fn clients(&self) -> Vec<RemoteClient> {
        let answer = self.http.get(self.control("clients")).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// The next request like this is done, and its answer lost.
    pub async fn lose_answer(&self, method: &str, path: Option<&str>) {
        let mut wish = json!({"method": method});
        if let Some(path) = path {
            wish["path"] = json!(path);
        }
        let told = self.http.post(self.control("lose_answer"));
        let told = told
            .header("content-type", "application/json")
            .body(wish.to_string());
        assert!(told.send().await.unwrap().status().is_success());
    }

    /// How many requests of this kind it has answered, or was about to.
    pub async fn requests(&self, method: &str, beginning: &str) -> usize {
        let answer = self.http.get(self.control("requests")).send().await.unwrap();
        let all: Vec<Value> = answer.json().await.unwrap();
        let is = |request: &&Value| {
            request["method"] == method
                && request["path"]
                    .as_str()
                    .is_some_and(|path| path.starts_with(beginning))
        };
        all.iter().filter(is).count()
    }

    /// Whether it issues a token for a pair; the status of the refusal if not.
    pub async fn token(&self, pair: &Pair) -> Result<(), u16> {
        let request = self.http.post(format!("{}/token", self.url));
        let request = request.basic_auth(&pair.id, Some(&pair.secret));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request
            .body("grant_type=client_credentials")
            .send()
            .await
            .unwrap();
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(answer.status().as_u16())
        }
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        let child = self
            .child
            .get_mut()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // It may have ended by itself, which a test has seen then.
        let _ = child.kill();
        let _ = child.wait();
    }
}
