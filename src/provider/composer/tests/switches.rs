//! Every choice that the documentation leaves open, each in every value.

use super::bench::switches::each_value;
use super::bench::{shown, word};
use super::*;

#[tokio::test]
async fn each_value_of_each_switch() {
    // These make the server itself say what is not so.
    let untrue = ["read_lag_ms"];
    let lines = each_value(&untrue, async |bench: Bench| bench.story().await);
    insta::assert_snapshot!(lines.await);
}

/// 500 is believed to say "absent" only of a server that shows another client at the same time.
#[tokio::test]
async fn a_500_for_who_is_not_there() {
    let bench = Bench::turned("get_absent", "500").await;
    assert_eq!(word(bench.client("nobody").await.map(shown)), "Unavailable");
    bench.emulator.add_client("other", 300);
    assert_eq!(bench.client("nobody").await, Ok(None));
}

/// Switched off, everything is 404: nothing is gone, and nothing is done.
#[tokio::test]
async fn switched_off_is_not_gone() {
    let bench = Bench::new().await;
    bench.emulator.add_client("app", 300);
    let app = bench::Truth::target(&bench.emulator, "app");
    bench.turn("trusted_access", "off");
    for came in [
        bench.check().await,
        bench.client(&app.handle.0).await.map(drop),
        bench.clients().await.map(drop),
        bench.attempted(&candidate("app", None)).await.map(drop),
        bench.change(&register("new"), WITHIN).await.map(drop),
        bench.change(&update(app.clone(), 250), WITHIN).await.map(drop),
        bench
            .change(&Request::Delete { target: app.clone() }, WITHIN)
            .await
            .map(drop),
    ] {
        let Err(Fault::Unavailable(text)) = came else {
            panic!("{came:?}")
        };
        assert!(text.contains("Trusted Access"), "{text}");
    }
    bench.turn("trusted_access", "on");
    assert!(bench.client(&app.handle.0).await.unwrap().is_some());
}

/// The server may know a client in paths by the client id or by another one, and tell one of them only.
#[tokio::test]
async fn either_of_two_ids() {
    for path in ["client_id", "other_id", "client_id_of_two", "either"] {
        for read in ["client_id", "id"] {
            let bench = Bench::turned("handle", path).await;
            bench.turn("read_id", read);
            // A path that wants the client id, where reads show another one only, cannot be had after a lost answer.
            let told = client_of(bench.change(&register("app"), WITHIN).await.unwrap());
            let found = bench.client(&told.handle.0).await.unwrap();
            let found = found.unwrap_or_else(|| panic!("{path} {read}"));
            assert_eq!(
                (&found.handle, &found.credential.client_id),
                (&told.handle, &told.credential.client_id)
            );
            let app = || Box::<Target>::from(told.handle.clone());
            bench.change(&update(app(), 250), WITHIN).await.unwrap();
            let delete = Request::Delete { target: app() };
            assert_eq!(
                bench.change(&delete, WITHIN).await,
                Ok(Answer::Done),
                "{path} {read}"
            );
            assert_eq!(
                bench.change(&delete, WITHIN).await,
                Err(Fault::NotFound),
                "{path} {read}"
            );
        }
    }
}

/// A secret that ends, however its end is written.
#[tokio::test]
async fn when_a_secret_ends() {
    for (written, known) in [
        ("epoch", true),
        ("milliseconds", true),
        ("duration", true),
        ("null_for_never", true),
        ("absent", false),
    ] {
        for numbers in ["integer", "text"] {
            let bench = Bench {
                lies: !known,
                ..Bench::turned("secret_expires_at", written).await
            };
            bench.turn("numbers", numbers);
            bench.turn("secret_seconds", "86400");
            let told = client_of(bench.change(&register("app"), WITHIN).await.unwrap());
            assert_eq!(told.secret_expires_at.is_some(), known, "{written}");
            bench.turn("secret_seconds", "0");
            let told = client_of(bench.change(&register("new"), WITHIN).await.unwrap());
            assert_eq!(told.secret_expires_at, None, "{written}");
        }
    }
}

/// A validity that is cut down is told as it is, so that it is seen not to be honoured.
#[tokio::test]
async fn a_validity_that_is_not_taken() {
    let bench = Bench::turned("validity_limit", "100").await;
    let refused = bench.change(&register("app"), WITHIN).await;
    assert!(matches!(refused, Err(Fault::Invalid(_))), "{refused:?}");
    bench.turn("validity_excess", "cap");
    let told = client_of(bench.change(&register("app"), WITHIN).await.unwrap());
    assert_eq!(told.metadata.access_token_validity_seconds, Some(100));
    bench.turn("update_validity", "ignored");
    let told = bench.change(&update(told.handle.into(), 50), WITHIN).await;
    assert_eq!(
        client_of(told.unwrap()).metadata.access_token_validity_seconds,
        Some(100)
    );
}
