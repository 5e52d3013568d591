//! Every call of the port, one after the other.

use std::fmt::Write as _;

use super::bench::{answered, shown, verdict, word};
use super::*;

impl Bench {
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
