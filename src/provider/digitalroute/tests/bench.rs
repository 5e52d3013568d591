//! An adapter at an emulator that knows the truth: each call is held against it.

use std::fmt::Write as _;

use super::*;

pub struct Bench {
    pub emulator: Emulator,
    pub adapter: Arc<dyn Provider>,
    /// A call that is known not to be done may be done later all the same.
    pub delivers_late: bool,
    /// The list may lack clients, or show what was.
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

    /// A read fails as a read does, and tells the truth where it does not.
    pub async fn client(&self, name: &str) -> Result<Option<RemoteClient>, Fault> {
        let found = as_a_read(self.adapter.client(&name.into()).await);
        let there = self.emulator.clients_named(name);
        match &found {
            Ok(Some(client)) if !self.lies => {
                assert!(
                    there.iter().any(|there| same(client, there)),
                    "{client:?} is not there"
                );
                assert!(client.credential.client_secret.is_some());
            }
            Ok(None) if !self.lies => assert!(there.is_empty(), "{name} is there"),
            _ => {}
        }
        found
    }

    pub async fn clients(&self) -> Result<Vec<RemoteClient>, Fault> {
        let found = as_a_read(self.adapter.clients().await);
        if let Ok(found) = &found
            && !self.lies
        {
            let names = |names: Vec<String>| {
                let mut names = names;
                names.sort();
                names
            };
            let there = self.emulator.clients().into_iter().map(|c| c.client_name);
            assert_eq!(
                names(found.iter().map(|client| client.handle.0.clone()).collect()),
                names(there.collect())
            );
        }
        found
    }

    pub async fn scopes(&self) -> Result<BTreeSet<String>, Fault> {
        let found = as_a_read(self.adapter.scopes().await);
        if let Ok(found) = &found {
            assert_eq!(*found, self.emulator.scopes().into_iter().collect());
        }
        found
    }

    pub async fn check(&self) -> Result<(), Fault> {
        as_a_read(self.adapter.check().await)
    }

    /// A change is sent once at most, and what is said of it is so.
    pub async fn change(&self, request: &Request, within: Duration) -> Result<Answer, Fault> {
        // By method: the emulator does not count what it does not know the path of.
        let posted = || {
            self.emulator
                .requests()
                .into_iter()
                .filter(|entry| entry.method != "GET")
        };
        let (sent, before) = (posted().count(), self.emulator.counters());
        let answer = self.adapter.perform(request, within).await;
        let (sent, after) = (posted().count() - sent, self.emulator.counters());
        assert!(sent <= 1, "{request:?} was sent {sent} times");
        let name = match request {
            Request::Register(candidate) => candidate.name.as_str(),
            Request::Update { target, .. }
            | Request::Rotate { target, .. }
            | Request::RetireSecret { target }
            | Request::Delete { target }
            | Request::Disable { target } => target.handle.0.as_str(),
            Request::ProvisionScopes(_) => "",
        };
        let there = self.emulator.clients_named(name);
        match &answer {
            Ok(Answer::Client(client)) => {
                assert!(there.iter().any(|there| same(client, there)), "{client:?}");
                assert_eq!(client.handle.0, name);
            }
            Ok(Answer::Done) => assert!(there.is_empty(), "{name} is there"),
            Ok(Answer::Scopes(scopes)) => {
                let known: BTreeSet<String> = self.emulator.scopes().into_iter().collect();
                assert!(scopes.is_subset(&known));
            }
            Err(Fault::OutcomeUnknown(_)) => assert_eq!(sent, 1),
            Err(Fault::NotFound) if !self.lies => assert!(there.is_empty(), "{name} is there"),
            Err(fault) => {
                // A DELETE whose answer was lost on the way back and whose client is gone is NotFound: not here.
                let changed = after.changes - before.changes;
                assert!(
                    changed == 0 || self.delivers_late,
                    "{fault:?} although it was done"
                );
            }
        }
        answer
    }

    /// Every call of the port once and some twice, in a few words.
    pub async fn story(&self) -> String {
        let mut story = String::new();
        let mut tell = |what: &str, came: String| {
            let _ = write!(story, " {what}={came}");
        };
        let other = self.emulator.add_client("other", "read");
        tell("check", word(self.check().await.map(|()| "ok")));
        tell("scopes", word(self.scopes().await.map(|_| "ok")));
        tell("absent", word(self.client("nobody").await.map(shown)));
        let register = Request::Register(Box::new(candidate("app", &["read"])));
        tell(
            "register",
            word(self.change(&register, WITHIN).await.map(answered)),
        );
        tell("read", word(self.client("app").await.map(shown)));
        tell("list", word(self.clients().await.map(|_| "ok")));
        tell("again", word(self.change(&register, WITHIN).await.map(answered)));
        let update = |name: &str| Request::Update {
            target: name.into(),
            metadata: metadata(&["write"]),
            unset: std::collections::BTreeSet::new(),
        };
        let rotate = |name: &str| Request::Rotate {
            target: name.into(),
            candidate: None,
            keep_previous: false,
        };
        let delete = |name: &str| Request::Delete { target: name.into() };
        tell(
            "update",
            word(self.change(&update("app"), WITHIN).await.map(answered)),
        );
        let puts = self.emulator.counters().of("put");
        let same = self.change(&update("app"), WITHIN).await.map(answered);
        let sent = self.emulator.counters().of("put") - puts;
        tell("same", word(same) + if sent == 0 { "" } else { "(sent)" });
        let rotated = self.change(&rotate("app"), WITHIN).await;
        if let Ok(Answer::Client(client)) = &rotated {
            let verified = self.adapter.verify(&(&client.credential).into()).await.unwrap();
            tell("token", verdict(&verified).to_owned());
        }
        tell("rotate", word(rotated.map(answered)));
        for (what, request) in [
            ("no-update", update("nobody")),
            ("no-rotate", rotate("nobody")),
            ("no-delete", delete("nobody")),
            ("delete", delete("app")),
            ("deleted", delete("app")),
        ] {
            tell(what, word(self.change(&request, WITHIN).await.map(answered)));
        }
        for (what, name, scopes) in [
            ("unknown-scope", "odd", &["read", "unknown"][..]),
            ("no-scope", "none", &[]),
            ("name", "a/b +%c ü", &["read"]),
        ] {
            let register = Request::Register(Box::new(candidate(name, scopes)));
            tell(what, word(self.change(&register, WITHIN).await.map(answered)));
        }
        tell("by-name", word(self.client("a/b +%c ü").await.map(shown)));
        let by_name = self.change(&delete("a/b +%c ü"), WITHIN).await.map(answered);
        tell("delete-by-name", word(by_name));
        let provision = Request::ProvisionScopes(set(&["read", "more"]));
        tell(
            "provision",
            word(self.change(&provision, WITHIN).await.map(answered)),
        );
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
    }
    result
}

fn same(client: &RemoteClient, there: &authserver_emulator::digitalroute::state::Client) -> bool {
    let scopes = there.scope.split_whitespace().map(str::to_owned).collect();
    client.credential.client_id == there.client_id
        && client
            .credential
            .client_secret
            .as_ref()
            .is_none_or(|secret| secret.expose() == there.client_secret)
        && client.metadata.scopes == Some(scopes)
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

pub fn verdict(verification: &Verification) -> &'static str {
    match verification {
        Verification::TokenIssued => "issued",
        Verification::Rejected(_) => "rejected",
        Verification::Unknown(_) => "unknown",
    }
}
