//! Real servers, each a process of its own, and HTTP beside the operator.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

/// A process that says in one line of JSON where it is. It ends when this is dropped, or with this process.
pub(super) struct Started {
    /// What it said.
    pub(super) said: Value,
    child: Mutex<Child>,
}

impl Started {
    /// Starts it, and waits until it has said so; nothing where it ended before.
    pub(super) fn by(command: &mut Command) -> Result<Self, String> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let stdout = child.stdout.take();
        // It is ended by this in any case.
        let mut started = Self {
            said: Value::Null,
            child: Mutex::new(child),
        };
        let mut line = String::new();
        if let Some(stdout) = stdout {
            let read = BufReader::new(stdout).read_line(&mut line);
            read.map_err(|error| error.to_string())?;
        }
        started.said = serde_json::from_str(&line).unwrap_or_default();
        Ok(started)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap();
        // It may have ended by itself.
        child.kill().ok();
        child.wait().ok();
    }
}

/// A client of this story's own: connections belong to the thread that made them.
pub(super) fn client() -> Result<reqwest::Client, String> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .timeout(Duration::from_secs(20))
        .build();
    client.map_err(|error| error.to_string())
}

/// A call, with its status and what it answers in JSON.
pub(super) async fn call(
    http: &reqwest::Client,
    method: &str,
    url: &str,
    body: Option<Value>,
    bearer: Option<&str>,
) -> Result<(u16, Value), String> {
    let method: reqwest::Method = method.parse().map_err(|_| "no such method".to_owned())?;
    let mut request = http.request(method, url);
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    if let Some(token) = bearer {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.map_err(|error| error.to_string())?;
    let status = answer.status().as_u16();
    let text = answer.text().await.map_err(|error| error.to_string())?;
    Ok((status, serde_json::from_str(&text).unwrap_or_default()))
}
