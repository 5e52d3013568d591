//! What changes something. A PUT holds only what is to be changed: what it leaves out stays as it is. Its answer is empty, and
//! it may have given the client another secret (see [`super::secrets`]), so the client is read after each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use tokio::time::Instant;

use super::super::http::{Body, Call, Reply};
use super::super::wire::{json, no_such_call};
use super::super::{in_time, time_for};
use super::scopes::{self, Moves};
use super::wire::{Client, Written};
use super::{CLIENT_ID_LIMIT, CLIENTS, Keycloak, secrets, terms};
use crate::model::{
    Answer, Candidate, ClientMetadata, Confidential, Credential, Fault, Field, Handle, Target,
};

impl Keycloak {
    pub(super) async fn register(&self, candidate: &Candidate, within: Duration) -> Result<Answer, Fault> {
        const WHAT: &str = "the registration";
        let (Some(id), Some(secret)) = (&candidate.client_id, &candidate.client_secret) else {
            return Err(no_such_call());
        };
        terms::possible(&candidate.metadata)?;
        // Keycloak answers 500 to what is longer, which would leave open whether something was done.
        if id.chars().count() > CLIENT_ID_LIMIT || secret.expose().chars().count() > 255 {
            return Err(Fault::Invalid(format!(
                "nothing is sent: a client id has at most {CLIENT_ID_LIMIT} characters here, and a secret 255"
            )));
        }
        let deadline = Instant::now() + within;
        let wanted = terms::new(&candidate.metadata);
        let asked = wanted.scopes.clone().unwrap_or_default();
        if !asked.is_empty() {
            scopes::are_there(&asked, &in_time(deadline, self.client_scopes()).await?)?;
        }
        let realm = self.given(deadline).await?;
        let mut written = Written {
            client_id: Some(id),
            name: Some(&candidate.name),
            // Where a protocol is named, Keycloak makes a client public that does not say otherwise.
            public_client: Some(false),
            secret: Some(secret.expose()),
            ..Written::default()
        };
        written.set(terms::MARKER, candidate.marker.text());
        terms::write(&mut written, &wanted.said(), &wanted, std::iter::empty());
        terms::write_scopes(&mut written, &asked, &realm);
        secrets::begin(&mut written, None, Timestamp::now());
        let secrets = [secret];
        let call = Call {
            secrets: &secrets,
            ..Call::change(
                Method::POST,
                WHAT,
                &[CLIENTS],
                json(&written)?,
                time_for(WHAT, deadline)?,
            )
        };
        let reply = self.send(&call).await?;
        match reply.status {
            StatusCode::CREATED => {}
            status if status.is_success() => return Err(self.api.absurd(&call, "its status is not 201")),
            _ => return Err(self.refused(&call, &reply)),
        }
        let Some(handle) = reply.made() else {
            return Err(self.api.absurd(&call, "it does not say where the client is"));
        };
        match in_time(deadline, self.find(&handle)).await {
            Ok(Some(client)) if client.client_id == *id => Ok(Answer::Client(client.into_remote())),
            Ok(_) => Err(self.api.absurd(&call, "the client is not where it says")),
            Err(_) => Err(self
                .api
                .absurd(&call, "it does not show the client, and a read failed")),
        }
    }

    /// What is asked for, where the client has something else: one PUT, and one call for each scope.
    pub(super) async fn update(
        &self,
        target: &Target,
        metadata: &ClientMetadata,
        unset: &BTreeSet<Field>,
        within: Duration,
    ) -> Result<Answer, Fault> {
        terms::possible(metadata)?;
        let deadline = Instant::now() + within;
        let client = self.there(&target.handle, deadline).await?;
        let has = terms::of(&client);
        let then = terms::changed(&has, metadata, unset);
        let mut fields: BTreeSet<Field> = then.differences(&has);
        fields.extend(has.differences(&then));
        let mut written = Written::change(&client);
        terms::write(&mut written, &fields, &then, client.mappers());
        let (mut moves, mut ids) = (Moves::default(), BTreeMap::new());
        let mut is_put = fields.iter().any(|field| *field != Field::Scopes);
        // A note that somebody took away is put back; another one is never replaced.
        if let (None, Some(marker)) = (client.attribute(terms::MARKER), &target.marker) {
            written.set(terms::MARKER, marker.text());
            is_put = true;
        }
        if fields.contains(&Field::Scopes) {
            let wanted = then.scopes.clone().unwrap_or_default();
            ids = in_time(deadline, self.client_scopes()).await?;
            scopes::are_there(&wanted, &ids)?;
            moves = Moves::new(&client, &wanted, &self.given(deadline).await?);
            if moves.given != client.given() {
                written.set(terms::GIVEN, terms::listed(moves.given.iter()));
                is_put = true;
            }
        }
        if is_put {
            secrets::begin(&mut written, Some(&client), Timestamp::now());
            self.put(&target.handle, "the change", &written, &[], deadline)
                .await?;
        }
        if self
            .move_scopes(&target.handle, &moves, &ids, is_put, deadline)
            .await?
        {
            return self.told(&target.handle, "the change", deadline).await;
        }
        Ok(Answer::Client(client.into_remote()))
    }

    /// Sets the secret that was chosen.
    pub(super) async fn rotate(
        &self,
        target: &Target,
        candidate: &Credential,
        keep_previous: bool,
        within: Duration,
    ) -> Result<Answer, Fault> {
        const WHAT: &str = "the new secret";
        let Some(secret) = &candidate.client_secret else {
            return Err(no_such_call());
        };
        let deadline = Instant::now() + within;
        let client = self.there(&target.handle, deadline).await?;
        let known = target.credential.as_ref();
        let known = known.and_then(|known| known.client_secret.as_ref());
        let mut written = Written::change(&client);
        let now = Timestamp::now();
        match (keep_previous, known) {
            (true, Some(before)) if secrets::ends(&client).is_some() => {
                secrets::add(&mut written, &client, secret, before.expose(), now);
            }
            // Without the policy the secret before would be refused at once.
            (true, Some(_)) => {
                return Err(Fault::Invalid(
                    "nothing is sent: no policy of the realm has given the client's secret an end, so it cannot have an \
                     earlier one beside it (is secretRotationPolicy true in the server object, and the policy not for this \
                     client?)"
                        .to_owned(),
                ));
            }
            (true, None) => return Err(no_such_call()),
            (false, _) => secrets::replace(&mut written, &client, secret, now),
        }
        let secrets: Vec<&Confidential> = [Some(secret), known].into_iter().flatten().collect();
        self.put(&target.handle, WHAT, &written, &secrets, deadline)
            .await?;
        match self.told(&target.handle, WHAT, deadline).await? {
            Answer::Client(client) if client.credential.client_secret.as_ref() != Some(secret) => {
                Err(Fault::OutcomeUnknown(
                    "the new secret is answered as set, and a read shows another one".to_owned(),
                ))
            }
            answer => Ok(answer),
        }
    }

    /// Ends the earlier secret, where it is this one; another one was not ours, or has ended it.
    pub(super) async fn retire(&self, target: &Target, within: Duration) -> Result<Answer, Fault> {
        const WHAT: &str = "the end of the earlier secret";
        let deadline = Instant::now() + within;
        let client = self.there(&target.handle, deadline).await?;
        let known = target.credential.as_ref();
        let known = known.and_then(|known| known.client_secret.as_ref());
        let is_it = secrets::earlier(&client)
            .is_some_and(|earlier| known.is_none_or(|known| known.expose() == earlier));
        if !is_it {
            return Ok(Answer::Done);
        }
        let path = [CLIENTS, target.handle.0.as_str(), "client-secret", "rotated"];
        self.delete_at(&path, WHAT, &target.handle, deadline).await
    }

    pub(super) async fn delete(&self, handle: &Handle, within: Duration) -> Result<Answer, Fault> {
        let path = [CLIENTS, handle.0.as_str()];
        self.delete_at(&path, "the deletion", handle, Instant::now() + within)
            .await
    }

    pub(super) async fn disable(&self, handle: &Handle, within: Duration) -> Result<Answer, Fault> {
        let deadline = Instant::now() + within;
        let client = self.there(handle, deadline).await?;
        if client.enabled == Some(false) {
            return Ok(Answer::Done);
        }
        let written = Written {
            enabled: Some(false),
            ..Written::change(&client)
        };
        self.put(handle, "disabling", &written, &[], deadline).await?;
        Ok(Answer::Done)
    }

    async fn put(
        &self,
        handle: &Handle,
        what: &'static str,
        written: &Written<'_>,
        secrets: &[&Confidential],
        deadline: Instant,
    ) -> Result<(), Fault> {
        let path = [CLIENTS, handle.0.as_str()];
        let call = Call {
            secrets,
            ..Call::change(
                Method::PUT,
                what,
                &path,
                json(written)?,
                time_for(what, deadline)?,
            )
        };
        let reply = self.send(&call).await?;
        self.done(&call, &reply, handle, deadline).await
    }

    async fn delete_at(
        &self,
        path: &[&str],
        what: &'static str,
        handle: &Handle,
        deadline: Instant,
    ) -> Result<Answer, Fault> {
        let call = Call::change(Method::DELETE, what, path, Body::Empty, time_for(what, deadline)?);
        let reply = self.send(&call).await?;
        self.done(&call, &reply, handle, deadline).await?;
        Ok(Answer::Done)
    }

    /// A change is answered with nothing.
    pub(super) async fn done(
        &self,
        call: &Call<'_>,
        reply: &Reply,
        handle: &Handle,
        deadline: Instant,
    ) -> Result<(), Fault> {
        match reply.status {
            StatusCode::NO_CONTENT => Ok(()),
            status if status.is_success() => Err(self.api.absurd(call, "its status is not 204")),
            _ => Err(self.not_done(call, reply, handle, deadline).await),
        }
    }

    /// The client after a change.
    async fn told(&self, handle: &Handle, what: &str, deadline: Instant) -> Result<Answer, Fault> {
        let unclear = |why: &str| Fault::OutcomeUnknown(format!("{what} is answered as done, and {why}"));
        match in_time(deadline, self.find(handle)).await {
            Ok(Some(client)) => Ok(Answer::Client(Client::into_remote(client))),
            Ok(None) => Err(unclear("the client is not there")),
            Err(_) => Err(unclear("the client cannot be read")),
        }
    }
}
