//! The control API under `/_control`, on the same port and never part of the vendor's API.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::AuthServer;
use crate::http::{Answer, Request, decode_segment};
use crate::hub::Hub;
use crate::misbehave::Rule;

/// Where the control API lives.
pub const PREFIX: &str = "/_control";

/// The largest pause in which connections are refused; after that nobody could end it.
const LONGEST_REFUSAL: u64 = 60_000;

/// Whether a path belongs to the control API.
pub fn is_control(path: &str) -> bool {
    path.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a control call.
pub fn answer<S: AuthServer>(hub: &Hub<S>, request: &Request) -> Answer {
    let rest = request.path.strip_prefix(PREFIX).unwrap_or_default();
    let Some(segments) = rest
        .split('/')
        .skip(1)
        .map(decode_segment)
        .collect::<Option<Vec<_>>>()
    else {
        return Answer::problem(400, "the path is not UTF-8");
    };
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match common(hub, &path, request) {
        Ok(Some(answer)) | Err(answer) => answer,
        Ok(None) => hub
            .server
            .control(&path, request)
            .unwrap_or_else(|| Answer::problem(404, "there is no such control call")),
    }
}

fn common<S: AuthServer>(hub: &Hub<S>, path: &[&str], request: &Request) -> Result<Option<Answer>, Answer> {
    let answer = match (request.method.as_str(), path) {
        ("GET", ["state"]) => Answer::json(200, &hub.server.state()),
        ("POST", ["reset"]) => {
            hub.reset();
            Answer::json(200, &json!({ "reset": true }))
        }
        ("GET", ["requests"]) => Answer::json(200, &json!(hub.journal().entries())),
        ("DELETE", ["requests"]) => {
            hub.journal().clear();
            Answer::json(200, &json!({ "cleared": true }))
        }
        ("GET", ["counters"]) => Answer::json(200, &json!(hub.journal().counters())),
        ("GET", ["misbehave"]) => Answer::json(200, &json!(hub.rules().active())),
        ("POST", ["misbehave"]) => {
            let rule = Rule::from_json(&request.json()?);
            let id = rule.and_then(|rule| hub.rules().add(rule));
            let id = id.map_err(|error| Answer::problem(400, &error.to_string()))?;
            Answer::json(201, &json!({ "id": id }))
        }
        ("DELETE", ["misbehave"]) => {
            hub.rules().clear();
            Answer::json(200, &json!({ "cleared": true }))
        }
        ("DELETE", ["misbehave", id]) => {
            let id = id
                .parse()
                .map_err(|_| Answer::problem(400, "a rule's id is a number"))?;
            if hub.rules().remove(id) {
                Answer::json(200, &json!({ "removed": id }))
            } else {
                Answer::problem(404, "there is no such rule")
            }
        }
        ("POST", ["refuse"]) => {
            let Refuse { ms } = request.json()?;
            if ms > LONGEST_REFUSAL {
                return Err(Answer::problem(
                    400,
                    "60000 ms at most: meanwhile nobody can call it off",
                ));
            }
            hub.refuse_connections(Duration::from_millis(ms));
            Answer::json(202, &json!({ "refusing_ms": ms }))
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    ms: u64,
}
