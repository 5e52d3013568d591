//! Changes of what an app is registered with.

use super::*;

fn all() -> ClientMetadata {
    ClientMetadata {
        grant_types: Some(set(&["authorization_code", "refresh_token"])),
        redirect_uris: Some(set(&["https://app.example/a"])),
        access_token_validity_seconds: Some(600),
        refresh_token_validity_seconds: Some(7200),
        enabled: Some(true),
        ..ClientMetadata::default()
    }
}

/// Each field that is said to be honoured reaches the server, in a registration and in a change.
#[tokio::test]
async fn every_field_reaches_the_server() {
    let bench = Bench::new().await;
    let can = bench.adapter.capabilities().clone();
    let request = Request::Register(Box::new(candidate("app", all())));
    let handle = client_of(bench.change(&request, WITHIN).await.unwrap()).handle;
    let mut wanted = all();
    for field in &can.updates {
        match field {
            Field::GrantTypes => wanted.grant_types = Some(set(&["authorization_code", "password"])),
            Field::RedirectUris => {
                wanted.redirect_uris = Some(set(&["https://app.example/b", "com.example:/c"]));
            }
            Field::AccessTokenValidity => wanted.access_token_validity_seconds = Some(900),
            Field::RefreshTokenValidity => wanted.refresh_token_validity_seconds = Some(9000),
            Field::Enabled => {
                bench.emulator.edit_clients(|apps| apps[1].enabled = false);
            }
            field => panic!("{field:?} is in no test"),
        }
        let request = update(target(&handle.0, "app", SECRET), wanted.clone());
        let client = client_of(bench.change(&request, WITHIN).await.unwrap());
        assert!(wanted.differences(&client.metadata).is_empty(), "{field:?}");
    }
    let app = bench.app("app");
    assert_eq!(
        (app.app_name.as_str(), app.client_secret.as_str()),
        ("app by name", SECRET)
    );
    // What is honoured beyond that is chosen once, or is set by a rotation.
    let chosen: Vec<Field> = can.honours.difference(&can.updates).copied().collect();
    assert_eq!(
        chosen,
        [Field::ClientName, Field::ClientId, Field::ClientSecretRef]
    );
}

/// Administrators switch these on; they stand among the grant types.
#[tokio::test]
async fn switches_stay_as_they_are() {
    let bench = Bench::new().await;
    let app = bench.add("app", SECRET);
    bench.emulator.edit_clients(|apps| {
        apps[1].authorized_grant_types = ["mfa", "password", "device"].map(str::to_owned).to_vec();
    });
    let shown = bench.client(&app.handle.0).await.unwrap().unwrap();
    assert_eq!(shown.metadata.grant_types, Some(set(&["password"])));
    let requests = [
        update(
            app.clone(),
            ClientMetadata {
                grant_types: Some(set(&["password", "refresh_token"])),
                ..wanted(600)
            },
        ),
        rotate(app.clone(), "app", "canary-of-a-new-secret"),
        Request::Update {
            target: app.clone(),
            metadata: wanted(600),
            unset: BTreeSet::from([Field::GrantTypes]),
        },
    ];
    for request in requests {
        client_of(bench.change(&request, WITHIN).await.unwrap());
        let grants: BTreeSet<String> = bench.app("app").authorized_grant_types.into_iter().collect();
        assert!(grants.is_superset(&set(&["mfa", "device"])), "{grants:?}");
    }
}

/// Whatever becomes of what a change leaves out: nothing is left out.
#[tokio::test]
async fn a_change_takes_nothing_away() {
    for omitted in ["kept", "reset", "reset_secret", "400"] {
        let bench = Bench::turned("omitted_in_put", omitted).await;
        let request = Request::Register(Box::new(candidate("app", all())));
        let handle = client_of(bench.change(&request, WITHIN).await.unwrap()).handle;
        let change = update(
            target(&handle.0, "app", SECRET),
            ClientMetadata {
                access_token_validity_seconds: Some(900),
                ..ClientMetadata::default()
            },
        );
        let before = bench.app("app");
        client_of(bench.change(&change, WITHIN).await.unwrap());
        let after = bench.app("app");
        assert_eq!(after.access_token_validity_seconds, 900);
        assert_eq!(
            authserver_emulator::cocoon::state::App {
                access_token_validity_seconds: 600,
                ..after
            },
            before,
            "{omitted}"
        );
    }
}

#[tokio::test]
async fn what_is_asked_for_no_more_is_reset() {
    let bench = Bench::new().await;
    let request = Request::Register(Box::new(candidate("app", all())));
    let handle = client_of(bench.change(&request, WITHIN).await.unwrap()).handle;
    let request = Request::Update {
        target: target(&handle.0, "app", SECRET),
        metadata: ClientMetadata {
            enabled: Some(true),
            ..ClientMetadata::default()
        },
        unset: bench.adapter.capabilities().updates.clone(),
    };
    client_of(bench.change(&request, WITHIN).await.unwrap());
    let app = bench.app("app");
    assert_eq!(app.authorized_grant_types, ["password", "refresh_token"]);
    assert_eq!(app.registered_redirect_uris, Vec::<String>::new());
    assert_eq!(
        (
            app.access_token_validity_seconds,
            app.refresh_token_validity_seconds
        ),
        (3600, Some(86400))
    );
}

/// A server may refuse an app's own id, or its own secret, in a change; the next try does without.
#[tokio::test]
async fn what_is_refused_is_left_out() {
    for status in ["400", "401", "403", "404", "409", "500"] {
        for (switch, refusals) in [("put_client_id", 1), ("put_secret", 2)] {
            let bench = Bench::turned(switch, status).await;
            let app = bench.add("app", SECRET);
            for number in 0..refusals {
                let came = bench.change(&update(app.clone(), wanted(900)), WITHIN).await;
                assert!(came.is_err(), "{switch}={status}, {number}");
            }
            client_of(
                bench
                    .change(&update(app.clone(), wanted(900)), WITHIN)
                    .await
                    .unwrap(),
            );
            client_of(
                bench
                    .change(&update(app.clone(), wanted(950)), WITHIN)
                    .await
                    .unwrap(),
            );
            let kept = bench.app("app");
            assert_eq!(
                (kept.client_id.as_str(), kept.client_secret.as_str()),
                ("app", SECRET)
            );
        }
    }
}

#[tokio::test]
async fn a_refusal_of_what_is_there_is_no_absence() {
    for (status, kind) in [
        ("400", "Invalid"),
        ("401", "Denied"),
        ("403", "Denied"),
        ("404", "Invalid"),
        ("409", "Invalid"),
    ] {
        let bench = Bench::turned("put_client_id", status).await;
        let app = bench.add("app", SECRET);
        let fault = bench.change(&update(app, wanted(900)), WITHIN).await.unwrap_err();
        assert_eq!(fault.kind(), kind, "{status}: {fault:?}");
        assert!(
            !matches!(fault, Fault::Denied(Denial::Credential, _)),
            "a read takes it"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_is_not_sent() {
    let bench = Bench::new().await;
    let app = bench.add("app", SECRET);
    let short = ClientMetadata {
        refresh_token_validity_seconds: Some(300),
        ..ClientMetadata::default()
    };
    let fault = bench.change(&update(app, short), WITHIN).await.unwrap_err();
    assert!(
        fault.to_string().contains("300 is not greater than 600"),
        "{fault}"
    );
    assert_eq!(bench.sent(), 0);
}
