//! Secrets: what is set, what is shown, and that none is told.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::*;

const NEW: &str = "canary-of-a-new-secret";

/// Nothing that a read shows is taken for a secret: it may be none.
#[tokio::test]
async fn no_read_is_believed_to_show_one() {
    for shown in ["absent", "shown", "not_in_list", "masked", "hash", "null"] {
        let bench = Bench::turned("read_secret", shown).await;
        let app = bench.add("app", SECRET);
        let read = bench.client(&app.handle.0).await.unwrap().unwrap();
        let listed = bench.clients().await.unwrap();
        let found = bench.by_id("app").await.unwrap().unwrap();
        for client in listed.into_iter().chain([read, found]) {
            assert_eq!(client.credential.client_secret, None, "{shown}");
        }
    }
}

/// A secret that the server does not take is told where the server shows it; elsewhere nothing can tell.
#[tokio::test]
async fn a_secret_that_is_ignored() {
    for (read, answer, came, why) in [
        ("shown", "absent", "OutcomeUnknown", "a read shows the one before"),
        (
            "not_in_list",
            "absent",
            "OutcomeUnknown",
            "a read shows the one before",
        ),
        (
            "absent",
            "shown",
            "Invalid",
            "the answer for the new secret shows the one before",
        ),
        ("absent", "absent", "", ""),
        ("masked", "masked", "", ""),
        ("hash", "null", "", ""),
    ] {
        let bench = Bench::turned("put_secret", "ignored").await;
        bench.turn("read_secret", read);
        bench.turn("change_secret", answer);
        let app = bench.add("app", SECRET);
        match bench.change(&rotate(app, "app", NEW), WITHIN).await {
            Ok(answer) => assert!(came.is_empty(), "{answer:?}"),
            Err(fault) => {
                assert_eq!(fault.kind(), came);
                assert!(
                    fault.to_string().contains(why) && fault.to_string().contains("overlap"),
                    "{fault}"
                );
            }
        }
        assert_eq!(bench.app("app").client_secret, SECRET);
    }
}

#[tokio::test]
async fn a_secret_that_is_taken() {
    for (read, answer) in [
        ("shown", "absent"),
        ("absent", "shown"),
        ("absent", "absent"),
        ("masked", "masked"),
        ("hash", "at_registration"),
    ] {
        let bench = Bench::turned("read_secret", read).await;
        bench.turn("change_secret", answer);
        let app = bench.add("app", SECRET);
        for _ in 0..2 {
            // Once more, as after an answer that was lost.
            let client = client_of(
                bench
                    .change(&rotate(app.clone(), "app", NEW), WITHIN)
                    .await
                    .unwrap(),
            );
            assert_eq!(client.credential.client_id, "app");
        }
        assert_eq!(bench.app("app").client_secret, NEW);
        assert!(bench.emulator.verify_pair("app", NEW) && !bench.emulator.verify_pair("app", SECRET));
    }
}

/// Whether it was taken cannot be read now: that is told as not known, and repeated with the same secret.
#[tokio::test]
async fn a_secret_that_cannot_be_looked_at() {
    let bench = Bench::new().await;
    let app = bench.add("app", SECRET);
    bench
        .emulator
        .misbehave(Rule::on("get", Behaviour::Down).skip(1))
        .unwrap();
    let came = bench.change(&rotate(app.clone(), "app", NEW), WITHIN).await;
    assert!(matches!(came, Err(Fault::OutcomeUnknown(_))), "{came:?}");
    bench.emulator.behave();
    client_of(bench.change(&rotate(app, "app", NEW), WITHIN).await.unwrap());
}

/// A change that is no rotation sets the secret that is known, so that one who has changed it is put right.
#[tokio::test]
async fn a_change_keeps_the_secret_that_is_known() {
    let bench = Bench::new().await;
    let app = bench.add("app", "canary-of-somebody");
    let known = target(&app.handle.0, "app", SECRET);
    client_of(bench.change(&update(known, wanted(900)), WITHIN).await.unwrap());
    assert_eq!(bench.app("app").client_secret, SECRET);
    // Of an app whose secret nobody knows it is left as it is.
    client_of(
        bench
            .change(&update(app.handle.0.as_str().into(), wanted(950)), WITHIN)
            .await
            .unwrap(),
    );
    assert_eq!(bench.app("app").client_secret, SECRET);
}

/// A server may quote what it was sent.
#[tokio::test]
async fn no_text_has_a_secret() {
    let bench = Bench::new().await;
    let app = bench.add("app", SECRET);
    for body in [
        format!("bad secret {NEW}"),
        format!("user operator, password {PASSWORD}, {APP_SECRET}, {SECRET}"),
    ] {
        for status in [400, 403, 409, 500] {
            let quoted = Behaviour::Status {
                status,
                retry_after: None,
                body: authserver_emulator::misbehave::BodyKind::Text,
            };
            bench
                .emulator
                .misbehave(Rule::on("mutation", quoted).times(1))
                .unwrap();
            let fault = bench
                .change(&rotate(app.clone(), "app", NEW), WITHIN)
                .await
                .unwrap_err();
            assert!(!format!("{fault:?}").contains("canary"), "{fault:?} {body}");
        }
    }
    let text = format!("{:?} {:?}", bench.adapter.capabilities(), bench.clients().await);
    assert!(!text.contains("canary"));
}
