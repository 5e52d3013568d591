//! The process, and what is particular to it.

use std::process::Command;

use authserver_emulator::misbehave::Behaviour;
use serde_json::{Value, json};

use super::SCOPES;
use crate::operator::conformance::process::Started;

/// What a registration needs where it needs something.
pub(super) const INITIAL_ACCESS_TOKEN: &str = "canary-of-initial-access-token";
/// The variable that it is handed over in.
const VARIABLE: &str = "INITIAL_ACCESS_TOKEN";
/// What starts the server, from the root of the repository.
const RUN: &str = "testcluster/oidc-provider/run";

/// It ends when this is dropped, or with this process.
pub(super) struct Process {
    /// Where it is, and its issuer.
    pub(super) url: String,
    _started: Started,
}

impl Process {
    /// Starts it, installed before if it has to be.
    pub(super) fn start(guarded: bool, rotates: bool) -> Result<Self, String> {
        let cannot = |why: String| {
            format!(
                "node oidc-provider does not start: {why}. It needs Node.js 20 and npm, and a package registry for the first \
                 time; what {RUN} says is on stderr. make conformance SERVER='dynamic registration (emulator)' tries the adapter \
                 without it"
            )
        };
        let mut command = Command::new(format!("{}/{RUN}", env!("CARGO_MANIFEST_DIR")));
        command
            .args(SCOPES.iter().flat_map(|scope| ["--scope", scope]))
            // With it the server knows the grant refresh_token.
            .args(["--scope", "offline_access"])
            .args([
                "--rotate-registration-access-token",
                if rotates { "on" } else { "off" },
            ])
            .arg("--end-with-stdin")
            .env(VARIABLE, INITIAL_ACCESS_TOKEN);
        if guarded {
            command.args(["--initial-access-token-env", VARIABLE]);
        }
        let started = Started::by(&mut command).map_err(cannot)?;
        match started.said["url"].as_str() {
            Some(url) => Ok(Self {
                url: url.to_owned(),
                _started: started,
            }),
            None => Err(cannot("it does not say where it listens".to_owned())),
        }
    }
}

/// Whether a token is issued for a pair.
pub(super) async fn token(
    http: &reqwest::Client,
    url: &str,
    id: &str,
    secret: &str,
    in_body: bool,
) -> Result<bool, String> {
    let mut request = http.post(format!("{url}/token"));
    let mut form = "grant_type=client_credentials".to_owned();
    if in_body {
        // Ids and secrets of this server have no characters that would have to be encoded.
        form.push_str(&format!("&client_id={id}&client_secret={secret}"));
    } else {
        request = request.basic_auth(id, Some(secret));
    }
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    let answer = request.send().await.map_err(|error| error.to_string())?;
    Ok(answer.status().is_success())
}

/// A behaviour of the emulators in the words of the server's control, where it can behave so.
pub(super) fn spoiled(behaviour: &Behaviour) -> Option<Value> {
    let json = "application/json";
    let said = |status: u16, media_type: &str, body: &str, work: bool| {
        let headers = json!({"content-type": media_type});
        json!({"how": "answer", "status": status, "headers": headers, "body": body, "work": work})
    };
    let error = |status: u16| said(status, json, r#"{"error":"as_told"}"#, false);
    Some(match behaviour {
        Behaviour::LoseAnswer => json!({"how": "lose", "work": true}),
        Behaviour::LoseRequest => json!({"how": "lose", "work": false}),
        Behaviour::DeliverLate { ms } => json!({"how": "late", "ms": ms}),
        Behaviour::Status {
            status, retry_after, ..
        } => {
            let mut spoil = error(*status);
            if let Some(seconds) = retry_after {
                spoil["headers"]["retry-after"] = json!(seconds);
            }
            spoil
        }
        Behaviour::Deny { status } => error(*status),
        Behaviour::NotFoundEverything => said(404, "text/plain", "Not Found", false),
        Behaviour::Html { status } => said(*status, "text/html", "<!doctype html><p>Sign in</p>", false),
        Behaviour::Redirect { status, location } => {
            let mut spoil = said(*status, "text/plain", "", false);
            spoil["headers"]["location"] = json!(location);
            spoil
        }
        Behaviour::NotJson { body } => said(200, json, body, true),
        _ => return None,
    })
}
