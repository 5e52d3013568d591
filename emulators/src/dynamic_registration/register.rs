//! POST to the registration endpoint: RFC 7591.

use serde_json::{Map, Value};

use super::choices::{Accept, RegisterSecret, RequestType};
use super::document::Shown;
use super::metadata::Policy;
use super::state::Store;
use super::voice::{Refusal, Voice};
use super::{Config, InitialToken};
use crate::Done;
use crate::http::Answer;
use crate::switch::Either::{Do, Refuse};

impl Voice<'_> {
    /// Refuses what is not asked for as JSON, where the switches say so.
    pub fn check_accept(&self) -> Result<(), Answer> {
        match self.switches.accept {
            Refuse(status) if !self.accepts_json() => {
                let refusal = Refusal::new(status, "invalid_request", "only application/json can be had");
                Err(self.refuse(&refusal))
            }
            Refuse(_) | Do(Accept::Ignored | Accept::HtmlErrors) => Ok(()),
        }
    }

    /// The body of a registration or an update.
    pub fn document(&self) -> Result<Map<String, Value>, Answer> {
        match self.switches.request_type {
            Refuse(status) if self.request.media_type() != "application/json" => {
                let refusal = Refusal::new(status, "invalid_request", "the body is not application/json");
                return Err(self.refuse(&refusal));
            }
            Refuse(_) | Do(RequestType::Any) => {}
        }
        serde_json::from_slice(&self.request.body)
            .map_err(|_| self.refuse(&Refusal::request("the body is not a JSON object")))
    }
}

/// Registers a client. A second one of the same metadata is another client: that is the standard.
pub fn register(
    store: &mut Store,
    initial: &mut InitialToken,
    config: &Config,
    voice: Voice<'_>,
) -> Result<Done, Answer> {
    let switches = voice.switches;
    if let Refuse(status) = switches.register {
        return Err(voice.not_allowed(status, ""));
    }
    if !initial.lets_in(switches, voice.request) {
        return Err(voice.unauthorized());
    }
    voice.check_accept()?;
    let document = voice.document()?;
    let limit = switches.client_limit;
    if limit > 0 && store.clients.len() as u64 >= limit {
        let status = switches.client_limit_status.0;
        let error = if status == 400 {
            "invalid_client_metadata"
        } else {
            "access_denied"
        };
        let message = format!("there are {limit} clients, and there may be no more");
        return Err(voice.refuse(&Refusal::new(status, error, message)));
    }
    let policy = Policy { switches, config };
    let metadata = policy.grant(document, None);
    let metadata = metadata.map_err(|refusal| voice.refuse(&refusal))?;
    let client = store.add(switches, metadata);
    initial.used += 1;
    let secret = match switches.register_secret {
        RegisterSecret::Shown => client.client_secret.as_deref(),
        RegisterSecret::Absent => None,
        RegisterSecret::Empty => client.client_secret.as_ref().map(|_| ""),
    };
    let document = voice.client(&client, Shown { secret, rat: true });
    Ok(Done::changed(voice.json(switches.register_status, &document)))
}
