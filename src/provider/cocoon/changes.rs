//! What changes something. Each sends one such call at most.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use tokio::time::Instant;

use super::super::http::{Body, Call, Reply, hinted};
use super::super::wire::no_such_call;
use super::super::{in_time, time_for};
use super::lookup::shown;
use super::terms::Terms;
use super::wire::{self, App};
use super::{APPS, Cocoon};
use crate::model::{
    Answer, Candidate, ClientMetadata, Confidential, Credential, Fault, Field, Handle, Target,
};

/// What was refused may be so for how it was written.
const OTHERWISE: &str = "the next try is written otherwise";
/// That names are unique is not documented.
const SAME_NAME: &str = "an app of that name is there, and perhaps no two may have one name";

/// A PUT of the whole app.
struct Change<'a> {
    what: &'static str,
    app: &'a App,
    terms: &'a Terms,
    secret: Option<&'a Confidential>,
    /// The secret is what is changed.
    sets_secret: bool,
}

impl Cocoon {
    /// An app of that client id is looked for first. What a server makes of a second one is not documented: it may answer
    /// with the first, whose secret is another one.
    pub(super) async fn register(&self, candidate: &Candidate, within: Duration) -> Result<Answer, Fault> {
        let (Some(id), Some(secret)) = (&candidate.client_id, &candidate.client_secret) else {
            return Err(no_such_call());
        };
        let terms = Terms::new(&candidate.metadata)?;
        let deadline = Instant::now() + within;
        let before = in_time(deadline, self.list()).await?;
        if before.iter().any(|app| app.client_id == *id) {
            return Err(Fault::Conflict(format!("an app with client id {id}")));
        }
        let manner = self.manners.now(true);
        let body = wire::registration(&candidate.name, id, secret, &terms, manner)?;
        let secrets = [secret];
        let call = Call {
            secrets: &secrets,
            ..Call::change(
                Method::POST,
                "the registration",
                &[APPS],
                body,
                time_for("the registration", deadline)?,
            )
        };
        let reply = self.send(&call).await?;
        if reply.status.is_success() {
            self.manners.registration_accepted();
            return self.registered(&call, &reply, id, deadline).await;
        }
        let fault = self.collection_refused(&call, &reply);
        let (Fault::Invalid(text) | Fault::Conflict(text)) = &fault else {
            return Err(fault);
        };
        // How an id that is taken is refused is not documented, nor how anything else is.
        let Ok(after) = in_time(deadline, self.list()).await else {
            return Err(fault);
        };
        if after.iter().any(|app| app.client_id == *id) {
            return Err(Fault::Conflict(text.clone()));
        }
        let same_name = after.iter().any(|app| app.name.as_ref() == Some(&candidate.name));
        Err(match fault {
            Fault::Invalid(text) if self.manners.registration_refused(manner) => {
                Fault::Invalid(hinted(&text, OTHERWISE))
            }
            Fault::Invalid(text) | Fault::Conflict(text) if same_name => {
                Fault::Invalid(hinted(&text, SAME_NAME))
            }
            fault => fault,
        })
    }

    /// The app that a registration has made. The answer may show it, or only where it is, or nothing.
    async fn registered(
        &self,
        call: &Call<'_>,
        reply: &Reply,
        client_id: &str,
        deadline: Instant,
    ) -> Result<Answer, Fault> {
        let absurd = |why: &str| self.api.absurd(call, why);
        let told: Option<App> = match reply.object() {
            Ok(app) => Some(app),
            Err(_) if reply.is_blank() => None,
            Err(why) => return Err(absurd(&why)),
        };
        if let Some(app) = &told
            && !app.client_id.is_empty()
            && app.client_id != client_id
        {
            return Err(absurd("it is about another app"));
        }
        let handle = told
            .as_ref()
            .map(App::handle)
            .filter(|handle| !handle.0.is_empty());
        if let Some(app) = told.filter(tells_all) {
            return Ok(Answer::Client(shown(app)));
        }
        let handle = handle.or_else(|| reply.made());
        let look = async {
            match &handle {
                Some(handle) => self.find(handle).await,
                None => self.find_by_id(client_id).await,
            }
        };
        match in_time(deadline, Box::pin(look)).await {
            Ok(Some(app)) if app.client_id == client_id => Ok(Answer::Client(shown(app))),
            Ok(_) => Err(absurd("it does not show the app, nor does a read")),
            Err(_) => Err(absurd("it does not show the app, and a read failed")),
        }
    }

    /// What is asked for, and what the app has besides. Enabling is a call of its own, so it waits for another try where
    /// something else is to be changed too.
    pub(super) async fn update(
        &self,
        target: &Target,
        metadata: &ClientMetadata,
        unset: &BTreeSet<Field>,
        within: Duration,
    ) -> Result<Answer, Fault> {
        let deadline = Instant::now() + within;
        let app = self.there(&target.handle, deadline).await?;
        let (has, then) = (app.terms(), app.terms().changed(metadata, unset)?);
        let is_to_be_enabled = |app: &App| metadata.enabled == Some(true) && app.enabled == Some(false);
        if !has.differ(&then, metadata) {
            return Ok(Answer::Client(shown(if is_to_be_enabled(&app) {
                self.toggle(&target.handle, true, deadline).await?
            } else {
                app
            })));
        }
        let known = target.credential.as_ref();
        let change = Change {
            what: "the change",
            app: &app,
            terms: &then,
            secret: known.and_then(|known| known.client_secret.as_ref()),
            sets_secret: false,
        };
        let app = self.put(&target.handle, &change, deadline).await?;
        if is_to_be_enabled(&app) {
            let text = "the change is made, and the app is disabled; the next try enables it";
            return Err(Fault::OutcomeUnknown(text.to_owned()));
        }
        Ok(Answer::Client(shown(app)))
    }

    /// Sets the secret that was chosen, beside everything that the app has. Where the server shows secrets, it shows
    /// whether it took this one.
    pub(super) async fn rotate(
        &self,
        target: &Target,
        candidate: &Credential,
        within: Duration,
    ) -> Result<Answer, Fault> {
        let Some(secret) = &candidate.client_secret else {
            return Err(no_such_call());
        };
        let deadline = Instant::now() + within;
        let app = self.there(&target.handle, deadline).await?;
        let terms = app.terms();
        let change = Change {
            what: "the new secret",
            app: &app,
            terms: &terms,
            secret: Some(secret),
            sets_secret: true,
        };
        let told = self.put(&target.handle, &change, deadline).await?;
        let before = target.credential.as_ref();
        let before = before.and_then(|known| known.client_secret.as_ref());
        let kept = |app: &App| before.is_some_and(|before| before != secret && app.shows(before));
        let hint =
            "it lets no secret be changed, it seems: rotate with an overlap, which registers another app";
        if kept(&told) {
            let text = format!("the answer for the new secret shows the one before ({hint})");
            return Err(Fault::Invalid(text));
        }
        if told.shows(secret) {
            return Ok(Answer::Client(shown(told)));
        }
        let unclear =
            |why: String| Fault::OutcomeUnknown(format!("the new secret is answered as set, and {why}"));
        match in_time(deadline, self.find(&target.handle)).await {
            Ok(Some(app)) if kept(&app) => Err(unclear(format!("a read shows the one before ({hint})"))),
            Ok(Some(app)) => Ok(Answer::Client(shown(app))),
            Ok(None) => Err(unclear("the app is not there".to_owned())),
            Err(_) => Err(unclear("the app cannot be read".to_owned())),
        }
    }

    /// Disables what is enabled; nothing is sent where it is not, as that would enable it.
    pub(super) async fn disable(&self, handle: &Handle, within: Duration) -> Result<Answer, Fault> {
        let deadline = Instant::now() + within;
        match self.there(handle, deadline).await?.enabled {
            Some(false) => Ok(Answer::Done),
            Some(true) => self.toggle(handle, false, deadline).await.map(|_| Answer::Done),
            None => Err(Fault::Invalid(
                "nothing is sent: it does not show whether the app is enabled, and what disables an app enables one that \
                 is disabled"
                    .to_owned(),
            )),
        }
    }

    pub(super) async fn delete(&self, handle: &Handle, within: Duration) -> Result<Answer, Fault> {
        let deadline = Instant::now() + within;
        let path = [APPS, handle.0.as_str()];
        let call = Call::change(Method::DELETE, "the deletion", &path, Body::Empty, within);
        let reply = self.send(&call).await?;
        if !reply.status.is_success() {
            // Gone is gone, whatever the server makes of being asked for it.
            let fault = self.refused(&call, &reply);
            return Err(self.unless_absent(handle, deadline, reply.status, fault).await);
        }
        let plainly = reply.says_nothing() || reply.object::<App>().is_ok_and(|app| app.handle() == *handle);
        if plainly {
            return Ok(Answer::Done);
        }
        match in_time(deadline, self.find(handle)).await {
            Ok(None) => Ok(Answer::Done),
            Ok(Some(_)) => Err(self.api.absurd(&call, "the app is still there")),
            Err(_) => Err(self.api.absurd(&call, "it does not say that it is done")),
        }
    }

    /// The app that is to be changed.
    async fn there(&self, handle: &Handle, deadline: Instant) -> Result<App, Fault> {
        in_time(deadline, self.find(handle)).await?.ok_or(Fault::NotFound)
    }

    /// Changes an app, and returns it as it is then.
    async fn put(&self, handle: &Handle, change: &Change<'_>, deadline: Instant) -> Result<App, Fault> {
        let manner = self.manners.now(change.sets_secret);
        let body = wire::change(change.app, change.secret, change.terms, manner)?;
        let secrets: Vec<&Confidential> = change.secret.into_iter().collect();
        let path = [APPS, handle.0.as_str()];
        let call = Call {
            secrets: &secrets,
            ..Call::change(
                Method::PUT,
                change.what,
                &path,
                body,
                time_for(change.what, deadline)?,
            )
        };
        let reply = self.send(&call).await?;
        if reply.status.is_success() {
            self.manners.change_accepted();
            return self.told(&call, &reply, handle, deadline).await;
        }
        let fault = self.refused(&call, &reply);
        let is_answer = !matches!(
            reply.status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        ) && (reply.status.is_client_error()
            || reply.status == StatusCode::INTERNAL_SERVER_ERROR);
        let turned = is_answer && self.manners.change_refused(manner);
        // What may have been done is not known undone because the app is not there: it may be on its way still.
        if matches!(fault, Fault::OutcomeUnknown(_)) {
            return Err(fault);
        }
        match self.unless_absent(handle, deadline, reply.status, fault).await {
            Fault::Invalid(text) if turned => Err(Fault::Invalid(hinted(&text, OTHERWISE))),
            fault => Err(fault),
        }
    }

    /// Enables or disables an app of which a read shows that it is not so, and looks again.
    async fn toggle(&self, handle: &Handle, enabled: bool, deadline: Instant) -> Result<App, Fault> {
        let what = if enabled { "enabling" } else { "disabling" };
        let path = [APPS, handle.0.as_str(), "enable"];
        let call = Call::change(Method::PUT, what, &path, Body::Empty, time_for(what, deadline)?);
        let reply = self.send(&call).await?;
        if !reply.status.is_success() {
            let fault = self.refused(&call, &reply);
            return Err(match fault {
                Fault::OutcomeUnknown(_) => fault,
                fault => self.unless_absent(handle, deadline, reply.status, fault).await,
            });
        }
        let app = self.told(&call, &reply, handle, deadline).await?;
        match app.enabled {
            Some(now) if now == enabled => Ok(app),
            _ => Err(self
                .api
                .absurd(&call, "it says that it is done, and a read does not")),
        }
    }

    /// The app after a change: as the answer tells it, or else as a read shows it.
    async fn told(
        &self,
        call: &Call<'_>,
        reply: &Reply,
        handle: &Handle,
        deadline: Instant,
    ) -> Result<App, Fault> {
        match reply.object::<App>() {
            Ok(app) if !app.handle().0.is_empty() && app.handle() != *handle => {
                return Err(self.api.absurd(call, "it is about another app"));
            }
            Ok(app) if app.handle() == *handle && tells_all(&app) => return Ok(app),
            Ok(_) => {}
            Err(_) if reply.is_blank() || reply.says_nothing() => {}
            Err(why) => return Err(self.api.absurd(call, &why)),
        }
        match in_time(deadline, self.find(handle)).await {
            Ok(Some(app)) => Ok(app),
            Ok(None) => Err(self.api.absurd(call, "the app is not there any more")),
            Err(_) => Err(self
                .api
                .absurd(call, "it does not show the app, and a read failed")),
        }
    }
}

/// Whether an answer shows all that is asked for.
fn tells_all(app: &App) -> bool {
    app.is_sound() && app.is_whole() && app.enabled.is_some()
}
