//! An adapter at an emulator that knows the truth: each call is held against it.

use std::fmt::Write as _;

use authserver_emulator::cocoon::state::App;

use super::*;

pub struct Bench {
    pub emulator: Emulator,
    pub adapter: Arc<dyn Provider>,
    /// A call that is known not to be done may be done later all the same.
    pub delivers_late: bool,
    /// Reads may lack apps, or show what was.
    pub lies: bool,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(WITHIN).await
    }

    /// One whose reads take so long at most.
    pub async fn with(within: Duration) -> Self {
        let emulator = emulator().await;
        let adapter = adapter(&emulator, within);
        Self {
            emulator,
            adapter,
            delivers_late: false,
            lies: false,
        }
    }

    /// One of whose emulator a switch is turned.
    pub async fn turned(name: &str, value: &str) -> Self {
        let bench = Self::new().await;
        bench.turn(name, value);
        bench
    }

    pub fn turn(&self, name: &str, value: &str) {
        self.emulator
            .switch(|switches| switches.set(name, value).unwrap());
    }

    /// An app that is there.
    pub fn add(&self, id: &str, secret: &str) -> Box<Target> {
        let app = self.emulator.add_client(id, secret);
        target(&app.client_info_id, id, secret)
    }

    /// The only app of an id.
    pub fn app(&self, id: &str) -> App {
        let mut apps = self.emulator.clients_of(id);
        assert_eq!(apps.len(), 1, "{apps:?}");
        apps.remove(0)
    }

    /// A read fails as a read does, and tells the truth where it does not.
    pub async fn client(&self, handle: &str) -> Result<Option<RemoteClient>, Fault> {
        let found = as_a_read(self.adapter.client(&handle.into()).await);
        let there = self.there(handle);
        match &found {
            Ok(Some(client)) if !self.lies => assert!(there.is_some_and(|there| same(client, &there))),
            Ok(None) if !self.lies => assert!(there.is_none(), "{handle} is there"),
            _ => {}
        }
        found
    }

    pub async fn attempted(&self, id: &str) -> Result<Option<RemoteClient>, Fault> {
        let candidate = candidate(id, ClientMetadata::default());
        let found = as_a_read(self.adapter.attempted(&candidate).await);
        let there = self.emulator.clients_of(id);
        match &found {
            Ok(Some(client)) if !self.lies => assert!(same(client, &there[0]) && there.len() == 1),
            Ok(None) if !self.lies => assert!(there.is_empty(), "{id} is there"),
            _ => {}
        }
        found
    }

    pub async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        let found = as_a_read(self.adapter.clients().await);
        if let Ok(found) = &found
            && !self.lies
        {
            let there = self.emulator.clients().into_iter().map(|app| app.client_info_id);
            let handles: BTreeSet<String> = found.iter().map(|client| client.handle.0.clone()).collect();
            assert_eq!(handles, there.collect());
        }
        found
    }

    pub async fn check(&self) -> Result<(), Fault> {
        as_a_read(self.adapter.check().await)
    }

    /// How many changes were sent, but for those that were sent again with another token.
    pub fn sent(&self) -> usize {
        let requests = self.emulator.requests();
        let is_change = |method: &str| method != "GET";
        let sent = requests.iter().filter(|entry| {
            is_change(&entry.method) && entry.operation != "token" && entry.status != Some(401)
        });
        sent.count()
    }

    /// A change is sent once at most, and what is said of it is so.
    pub async fn change(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        let (sent, before) = (self.sent(), self.emulator.counters());
        let answer = self.adapter.perform(request, within).await;
        let (sent, after) = (self.sent() - sent, self.emulator.counters());
        assert!(sent <= 1, "{request:?} was sent {sent} times");
        let there = match request {
            Request::Register(candidate) => {
                let id = candidate.client_id.clone().unwrap();
                self.emulator.clients_of(&id).pop()
            }
            Request::Update { target, .. }
            | Request::Rotate { target, .. }
            | Request::RetireSecret { target }
            | Request::Delete { target }
            | Request::Disable { target } => self.there(&target.handle.0),
            Request::ProvisionScopes(_) => None,
        };
        match &answer {
            Ok(Answer::Client(client)) if !self.lies => {
                assert!(there.is_some_and(|there| same(client, &there)), "{client:?}");
            }
            Ok(Answer::Done) if matches!(request, Request::Disable { .. }) => {
                assert!(there.is_some_and(|there| !there.enabled), "it is enabled");
            }
            Ok(Answer::Done) => assert!(there.is_none(), "it is there"),
            Err(Fault::NotFound) if !self.lies => assert!(there.is_none(), "it is there"),
            Ok(_) | Err(Fault::OutcomeUnknown(_)) => {}
            Err(fault) => {
                // A DELETE whose answer was lost on the way back and whose app is gone is NotFound: not here.
                let changed = after.changes - before.changes;
                assert!(
                    changed == 0 || self.delivers_late,
                    "{fault:?} although it was done"
                );
            }
        }
        if let Err(fault) = &answer {
            assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
        }
        answer
    }

    fn there(&self, handle: &str) -> Option<App> {
        let apps = self.emulator.clients();
        apps.into_iter().find(|app| app.client_info_id == handle)
    }

    /// Every call of the port once and some twice, in a few words.
    pub async fn story(&self) -> String {
        let mut story = String::new();
        let mut tell = |what: &str, came: String| {
            let _ = write!(story, " {what}={came}");
        };
        let other = self.emulator.add_client("other", "canary-of-another");
        tell("check", word(self.check().await.map(|()| "ok")));
        tell("absent", word(self.client("4711").await.map(shown)));
        tell("unknown-id", word(self.attempted("nobody").await.map(shown)));
        // Once more where the first one teaches how it is to be written.
        let registered = match self.change(&register("app"), WITHIN).await {
            Err(Fault::Invalid(_)) => {
                tell("register", "Invalid".to_owned());
                self.change(&register("app"), WITHIN).await
            }
            came => came,
        };
        let (handle, secret) = match self.emulator.clients_of("app").pop() {
            Some(app) => (app.client_info_id, app.client_secret),
            None => ("0815".to_owned(), String::new()),
        };
        tell("register", word(registered.map(answered)));
        tell("read", word(self.client(&handle).await.map(shown)));
        tell("by-id", word(self.attempted("app").await.map(shown)));
        tell("list", word(self.clients().await.map(|_| "ok")));
        tell(
            "again",
            word(self.change(&register("app"), WITHIN).await.map(answered)),
        );
        let app = || target(&handle, "app", &secret);
        for try_ in ["update", "update-2", "update-3"] {
            let came = self.change(&update(app(), wanted(900)), WITHIN).await;
            let over = !matches!(
                came,
                Err(Fault::Invalid(_) | Fault::OutcomeUnknown(_) | Fault::Denied(..))
            );
            tell(try_, word(came.map(answered)));
            if over {
                break;
            }
        }
        let sent = self.sent();
        let same = self
            .change(&update(app(), wanted(900)), WITHIN)
            .await
            .map(answered);
        let sent = self.sent() - sent;
        tell("same", word(same) + if sent == 0 { "" } else { "(sent)" });
        let new = rotate(app(), "app", "canary-of-a-new-secret");
        tell("rotate", word(self.change(&new, WITHIN).await.map(answered)));
        let accepted = self.emulator.verify_pair("app", "canary-of-a-new-secret");
        tell("accepted", accepted.to_string());
        for (what, request) in [
            ("disable", Request::Disable { target: app() }),
            ("disabled", Request::Disable { target: app() }),
            ("enable", update(app(), wanted(900))),
            ("no-update", update("4711".into(), wanted(900))),
            ("no-rotate", rotate("4711".into(), "app", SECRET)),
            (
                "no-disable",
                Request::Disable {
                    target: "4711".into(),
                },
            ),
            (
                "no-delete",
                Request::Delete {
                    target: "4711".into(),
                },
            ),
            ("delete", Request::Delete { target: app() }),
            ("deleted", Request::Delete { target: app() }),
        ] {
            tell(what, word(self.change(&request, WITHIN).await.map(answered)));
        }
        // Nothing of ours touches what is not ours.
        assert!(self.emulator.clients().contains(&other));
        story
    }
}

/// Reads fail in few ways.
fn as_a_read<T>(result: Result<T, Fault>) -> Result<T, Fault> {
    if let Err(fault) = &result {
        assert!(
            matches!(
                fault,
                Fault::Unavailable(_) | Fault::Denied(..) | Fault::Throttled(_) | Fault::Invalid(_)
            ),
            "{fault:?} of a read"
        );
        assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
    }
    result
}

fn same(client: &RemoteClient, there: &App) -> bool {
    let grants = there.authorized_grant_types.iter();
    let grants = grants.filter(|word| !matches!(word.as_str(), "mfa" | "device"));
    let told = &client.metadata;
    client.handle.0 == there.client_info_id
        && client.name.as_ref() == Some(&there.app_name)
        && client.credential.client_id == there.client_id
        && client.credential.client_secret.is_none()
        && told.grant_types == Some(grants.cloned().collect())
        && told.access_token_validity_seconds == Some(there.access_token_validity_seconds)
        && told.refresh_token_validity_seconds == there.refresh_token_validity_seconds
        && told.redirect_uris == Some(there.registered_redirect_uris.iter().cloned().collect())
        && told.enabled == Some(there.enabled)
}

pub fn word(result: Result<&'static str, Fault>) -> String {
    match result {
        Ok(word) => word.to_owned(),
        Err(fault) => fault.kind().to_owned(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map`")]
pub fn shown(client: Option<RemoteClient>) -> &'static str {
    if client.is_some() { "some" } else { "none" }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map`")]
pub fn answered(answer: Answer) -> &'static str {
    match answer {
        Answer::Client(_) => "client",
        Answer::Done => "done",
        Answer::Scopes(_) => "scopes",
    }
}
