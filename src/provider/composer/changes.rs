//! What changes something. Each sends one such call at most.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use tokio::time::Instant;

use super::super::http::{Body, Call, hinted};
use super::super::{in_time, time_for};
use super::lookup::Found;
use super::wire::{self, AUTH_METHOD, Client};
use super::{CLIENTS, Composer, VALIDITY};
use crate::model::{Answer, Candidate, ClientMetadata, Fault, Field, Handle, RemoteClient};

impl Composer {
    /// A client of that name is looked for first. That names are unique is documented, and not what a server makes of a
    /// second one: it may answer with the first, or give that another secret.
    pub(super) async fn register(&self, candidate: &Candidate, within: Duration) -> Result<Answer, Fault> {
        fits(&candidate.metadata)?;
        let deadline = Instant::now() + within;
        let name = candidate.name.as_str();
        let before = in_time(deadline, self.list()).await?;
        if before.iter().any(|client| client.name.as_deref() == Some(name)) {
            return Err(Fault::Conflict(format!("a client named {name}")));
        }
        let validity = candidate
            .metadata
            .access_token_validity_seconds
            .unwrap_or(VALIDITY);
        let body = wire::registration(name, validity)?;
        let what = "the registration";
        let within = time_for(what, deadline)?;
        let call = Call::change(Method::POST, what, &[CLIENTS], body, within);
        let reply = self.send(&call).await?;
        if reply.status.is_success() {
            let absurd = |why: &str| self.api.absurd(&call, why);
            let client: Client = reply.object().map_err(|why| absurd(&why))?;
            if client.name.as_deref().is_some_and(|told| told != name) {
                return Err(absurd("it is about another client"));
            }
            let client = client.registered(name, validity);
            return client
                .map(Answer::Client)
                .ok_or_else(|| absurd("it has no client id or no secret"));
        }
        let fault = self.collection_refused(&call, &reply);
        let (Fault::Invalid(text) | Fault::Conflict(text)) = &fault else {
            return Err(fault);
        };
        // How a taken name is refused is not documented, nor how anything else is.
        let Ok(after) = in_time(deadline, self.list()).await else {
            return Err(fault);
        };
        let mut names = after.iter().filter_map(|client| client.name.as_deref());
        if names.clone().any(|other| other == name) {
            return Err(Fault::Conflict(text.clone()));
        }
        Err(Fault::Invalid(
            if names.any(|other| other.to_lowercase() == name.to_lowercase()) {
                hinted(
                    text,
                    "a client of that name in other capital letters is there, and perhaps no two may be",
                )
            } else {
                text.clone()
            },
        ))
    }

    /// The validity is all that can be changed. Nothing is sent that changes nothing.
    pub(super) async fn update(
        &self,
        handle: &Handle,
        metadata: &ClientMetadata,
        unset: &BTreeSet<Field>,
        within: Duration,
    ) -> Result<Answer, Fault> {
        fits(metadata)?;
        let deadline = Instant::now() + within;
        let Some(Found { client, id }) = in_time(deadline, self.find(handle)).await? else {
            return Err(Fault::NotFound);
        };
        let reset = unset.contains(&Field::AccessTokenValidity).then_some(VALIDITY);
        let wanted = metadata.access_token_validity_seconds.or(reset);
        let Some(wanted) = wanted.filter(|wanted| client.validity() != Some(*wanted)) else {
            return client
                .shown(Some(handle))
                .map(Answer::Client)
                .ok_or(Fault::NotFound);
        };
        let what = "the change";
        let path = [CLIENTS, id.as_str()];
        let within = time_for(what, deadline)?;
        let call = Call::change(Method::PATCH, what, &path, wire::validity(wanted)?, within);
        let reply = self.send(&call).await?;
        if !reply.status.is_success() {
            let fault = self.refused(&call, &reply);
            // What may have been done is not known undone because the client is not there: it may be on its way still.
            return Err(match fault {
                Fault::OutcomeUnknown(_) => fault,
                fault => self.unless_absent(handle, deadline, reply.status, fault).await,
            });
        }
        let absurd = |why: &str| self.api.absurd(&call, why);
        let told = match reply.object::<Client>() {
            Ok(client) if client.handle().is_some() && !client.is_at(handle) => {
                return Err(absurd("it is about another client"));
            }
            Ok(client) if client.is_sound() && client.validity().is_some() => client.shown(Some(handle)),
            // Whether it shows the client is not documented.
            Ok(_) => None,
            Err(_) if reply.says_nothing() => None,
            Err(why) => return Err(absurd(&why)),
        };
        match told {
            Some(client) => Ok(Answer::Client(client)),
            None => self.read_back(handle, deadline, absurd).await,
        }
    }

    async fn read_back(
        &self,
        handle: &Handle,
        deadline: Instant,
        absurd: impl Fn(&str) -> Fault,
    ) -> Result<Answer, Fault> {
        let shown = |found: Found| found.client.shown(Some(handle));
        let found: Option<RemoteClient> = match in_time(deadline, self.find(handle)).await {
            Ok(found) => found.and_then(shown),
            Err(_) => return Err(absurd("it does not show the client, and a read failed")),
        };
        found
            .map(Answer::Client)
            .ok_or_else(|| absurd("the client is not there any more"))
    }

    pub(super) async fn delete(&self, handle: &Handle, within: Duration) -> Result<Answer, Fault> {
        let deadline = Instant::now() + within;
        // Which of two ids stands in paths only a read shows.
        let id = match wire::ids(handle).count() {
            1 => handle.0.clone(),
            _ => match in_time(deadline, self.find(handle)).await? {
                Some(found) => found.id,
                None => return Err(Fault::NotFound),
            },
        };
        let what = "the deletion";
        let path = [CLIENTS, id.as_str()];
        let within = time_for(what, deadline)?;
        let call = Call::change(Method::DELETE, what, &path, Body::Empty, within);
        let reply = self.send(&call).await?;
        if !reply.status.is_success() {
            // Gone is gone, whatever the server makes of being asked for it.
            let fault = self.refused(&call, &reply);
            return Err(self.unless_absent(handle, deadline, reply.status, fault).await);
        }
        let is_left = || self.api.absurd(&call, "the client is still there");
        let shows_it = reply.object::<Client>().is_ok_and(|client| client.is_at(handle));
        let plainly = shows_it || reply.says_nothing() || reply.status == StatusCode::NO_CONTENT;
        if plainly {
            let still_there = in_time(deadline, self.is_shown(handle)).await;
            return if still_there == Ok(true) {
                Err(is_left())
            } else {
                Ok(Answer::Done)
            };
        }
        match in_time(deadline, self.find(handle)).await {
            Ok(None) => Ok(Answer::Done),
            Ok(Some(_)) => Err(is_left()),
            Err(_) => Err(self.api.absurd(&call, "it does not say that it is done")),
        }
    }
}

/// Refuses before anything is sent what no client can have there.
fn fits(metadata: &ClientMetadata) -> Result<(), Fault> {
    match metadata.token_endpoint_auth_method.as_deref() {
        None | Some(AUTH_METHOD) => Ok(()),
        Some(other) => Err(Fault::Invalid(format!(
            "its clients authenticate by {AUTH_METHOD} and in no other way, so not by {other}"
        ))),
    }
}
