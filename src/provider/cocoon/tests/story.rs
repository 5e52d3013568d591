//! Every call of the port, one after the other.

use std::fmt::Write as _;

use super::bench::{answered, shown, word};
use super::*;

impl Bench {
    /// Every call of the port once and some twice, in a few words.
    pub async fn story(&self) -> String {
        let mut story = String::new();
        let mut tell = |what: &str, came: String| {
            let _ = write!(story, " {what}={came}");
        };
        let other = self.emulator.add_client("other", "canary-of-another");
        tell("check", word(self.check().await.map(|()| "ok")));
        tell("absent", word(self.client("4711").await.map(shown)));
        tell("unknown-id", word(self.by_id("nobody").await.map(shown)));
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
        tell("by-id", word(self.by_id("app").await.map(shown)));
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
