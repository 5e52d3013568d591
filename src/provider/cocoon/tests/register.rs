//! Registrations.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::*;

#[tokio::test]
async fn what_was_chosen_is_what_is_there() {
    let bench = Bench::new().await;
    let metadata = ClientMetadata {
        grant_types: Some(set(&["authorization_code", "refresh_token"])),
        redirect_uris: Some(set(&["https://app.example/b", "https://app.example/a"])),
        access_token_validity_seconds: Some(600),
        refresh_token_validity_seconds: Some(7200),
        enabled: Some(true),
        ..ClientMetadata::default()
    };
    let request = Request::Register(Box::new(candidate("app", metadata.clone())));
    let client = client_of(bench.change(&request, WITHIN).await.unwrap());
    assert!(
        metadata.differences(&client.metadata).is_empty(),
        "{:?}",
        client.metadata
    );
    let app = bench.app("app");
    assert_eq!(
        (app.app_name.as_str(), app.client_secret.as_str()),
        ("app by name", SECRET)
    );
    assert_eq!(
        set(&["authorization_code", "refresh_token"]),
        app.authorized_grant_types.into_iter().collect()
    );
}

/// However little the answer tells.
#[tokio::test]
async fn the_app_is_found_by_what_the_answer_tells() {
    for answer in ["app", "ids", "without_info_id", "location", "nothing"] {
        for status in ["200", "201", "202", "204"] {
            let bench = Bench::turned("register_answer", answer).await;
            bench.turn("register_status", status);
            let came = bench.change(&register("app"), WITHIN).await;
            let client = client_of(came.unwrap());
            assert_eq!(
                client.handle.0,
                bench.app("app").client_info_id,
                "{answer} {status}"
            );
        }
    }
    // Where it cannot be read then, nobody knows what it is called in paths.
    let bench = Bench::turned("register_answer", "nothing").await;
    let lost = Rule::on("list", Behaviour::Down).skip(1);
    bench.emulator.misbehave(lost).unwrap();
    let came = bench.change(&register("app"), WITHIN).await;
    assert!(matches!(came, Err(Fault::OutcomeUnknown(_))), "{came:?}");
    bench.emulator.behave();
    assert!(bench.by_id("app").await.unwrap().is_some());
}

/// An app of the id is there, whose secret nobody knows: whatever the server would make of a second one, none is sent.
#[tokio::test]
async fn an_id_that_is_taken_is_a_conflict() {
    for value in ["409", "400", "500", "keep", "overwrite", "second"] {
        let bench = Bench::turned("duplicate_client_id", value).await;
        bench.add("app", "canary-of-theirs");
        let fault = bench.change(&register("app"), WITHIN).await.unwrap_err();
        assert_eq!(fault.kind(), "Conflict", "{value}");
        assert_eq!(bench.sent(), 0);
        assert_eq!(bench.app("app").client_secret, "canary-of-theirs");
    }
    // Somebody was faster.
    let bench = Bench::turned("duplicate_client_id", "400").await;
    bench.add("app", "canary-of-theirs");
    let empty = Behaviour::NotJson {
        body: r#"[{"clientInfoId":1,"clientId":"bootstrap"}]"#.into(),
    };
    bench
        .emulator
        .misbehave(Rule::on("list", empty).times(1))
        .unwrap();
    let none = Behaviour::NotJson { body: "{}".into() };
    bench.emulator.misbehave(Rule::on("dashboard", none)).unwrap();
    let fault = bench.change(&register("app"), WITHIN).await.unwrap_err();
    assert_eq!((fault.kind(), bench.sent()), ("Conflict", 1));
}

/// Nothing tells which of two is meant, and nothing is guessed.
#[tokio::test]
async fn two_of_one_id_are_told() {
    let bench = Bench {
        lies: true,
        ..Bench::new().await
    };
    bench.add("app", "one");
    bench.add("app", "two");
    let fault = bench.by_id("app").await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Unavailable(text) if text.contains("several apps of client id app")),
        "{fault:?}"
    );
    assert_eq!(bench.clients().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_name_that_is_taken_is_told() {
    let bench = Bench::turned("duplicate_app_name", "409").await;
    bench
        .emulator
        .edit_clients(|apps| apps[0].app_name = "app by name".into());
    let fault = bench.change(&register("app"), WITHIN).await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Invalid(text) if text.contains("no two may have one name")),
        "{fault:?}"
    );
    // An id that was used before and is nowhere to be seen is still one that is taken.
    let bench = Bench::turned("deleted_client_id", "taken").await;
    let app = bench.add("app", SECRET);
    bench
        .change(&Request::Delete { target: app }, WITHIN)
        .await
        .unwrap();
    let fault = bench.change(&register("app"), WITHIN).await.unwrap_err();
    assert_eq!(fault.kind(), "Conflict");
}

/// How grant types are to be written shows itself in a refusal, and then stays.
#[tokio::test]
async fn grant_types_are_written_as_they_are_taken() {
    let bench = Bench::turned("grants_taken", "text").await;
    let fault = bench.change(&register("one"), WITHIN).await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Invalid(text) if text.contains("written otherwise")),
        "{fault:?}"
    );
    for id in ["one", "two"] {
        client_of(bench.change(&register(id), WITHIN).await.unwrap());
    }
    let refused = Behaviour::Deny { status: 400 };
    bench
        .emulator
        .misbehave(Rule::on("register", refused).times(1))
        .unwrap();
    let fault = bench.change(&register("three"), WITHIN).await.unwrap_err();
    assert!(!fault.to_string().contains("otherwise"), "{fault}");
    client_of(bench.change(&register("three"), WITHIN).await.unwrap());
}

#[tokio::test]
async fn what_cannot_be_is_not_sent() {
    let bench = Bench::new().await;
    let short = ClientMetadata {
        refresh_token_validity_seconds: Some(600),
        ..wanted(600)
    };
    let request = Request::Register(Box::new(candidate("app", short)));
    let fault = bench.change(&request, WITHIN).await.unwrap_err();
    assert_eq!(
        fault.to_string(),
        "refused the request: nothing is sent: refreshTokenValiditySeconds must be greater than \
         accessTokenValiditySeconds, and 600 is not greater than 600"
    );
    assert!(bench.emulator.requests().is_empty());
}

/// The validity of refresh tokens goes along with whatever grant types: 2.16 wants it of every app.
#[tokio::test]
async fn each_release_gets_what_it_wants() {
    for release in ["with_refresh_token", "always"] {
        for grants in [&["password"][..], &["password", "refresh_token"]] {
            let bench = Bench::turned("refresh_validity", release).await;
            let metadata = ClientMetadata {
                grant_types: Some(set(grants)),
                ..wanted(600)
            };
            let request = Request::Register(Box::new(candidate("app", metadata)));
            client_of(bench.change(&request, WITHIN).await.unwrap());
        }
    }
}
