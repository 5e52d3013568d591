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
        let other = self.emulator.add_client("other", 300);
        tell("check", word(self.check().await.map(|()| "ok")));
        tell("absent", word(self.client("nobody").await.map(shown)));
        let by_name = || candidate("app", None);
        tell("unknown-name", word(self.attempted(&by_name()).await.map(shown)));
        let registered = self.change(&register("app"), WITHIN).await;
        let mut handle = Handle::from("0815");
        if let Ok(Answer::Client(client)) = &registered {
            handle = client.handle.clone();
            let verified = self.adapter.verify(&(&client.credential).into()).await;
            let verified = verified.map(|verified| verdict(&verified));
            tell(
                "token",
                word(verified) + if self.emulator.tokens() == 0 { "" } else { "(left)" },
            );
        }
        tell("register", word(registered.map(answered)));
        tell("read", word(self.client(&handle.0).await.map(shown)));
        tell("by-name", word(self.attempted(&by_name()).await.map(shown)));
        tell("list", word(self.clients().await.map(|_| "ok")));
        let again = self.change(&register("app"), WITHIN).await.map(answered);
        tell("again", word(again));
        let app = || Box::<Target>::from(handle.clone());
        let updated = self.change(&update(app(), 250), WITHIN).await.map(answered);
        tell("update", word(updated));
        let sent = self.sent();
        let same = self.change(&update(app(), 250), WITHIN).await.map(answered);
        let sent = self.sent() - sent;
        tell("same", word(same) + if sent == 0 { "" } else { "(sent)" });
        for (what, request) in [
            ("no-update", update("nobody".into(), 250)),
            (
                "no-delete",
                Request::Delete {
                    target: "nobody".into(),
                },
            ),
            ("delete", Request::Delete { target: app() }),
            ("deleted", Request::Delete { target: app() }),
            ("name", register("a/b +%c ü")),
        ] {
            tell(what, word(self.change(&request, WITHIN).await.map(answered)));
        }
        // Nothing of ours touches what is not ours, and no user is written.
        assert!(self.emulator.clients().contains(&other));
        assert_eq!(self.emulator.counters().of("push"), 0);
        story
    }
}
