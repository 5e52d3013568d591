//! What is sent, and what is told of it.

use super::bench::Truth;
use super::*;

#[tokio::test]
async fn one_life() {
    let bench = Bench::new().await;
    bench.check().await.unwrap();
    let candidate = candidate("ns.app.1", Some(200));
    assert_eq!(bench.attempted(&candidate).await, Ok(None));
    let registered = client_of(bench.change(&register("ns.app.1"), WITHIN).await.unwrap());
    let secret = registered.credential.client_secret.clone().unwrap();
    assert!(
        bench
            .emulator
            .verify_pair(&registered.credential.client_id, secret.expose())
    );
    // It is shown once.
    let found = bench.attempted(&candidate).await.unwrap().unwrap();
    assert_eq!(found.credential.client_secret, None);
    assert_eq!(bench.clients().await.unwrap(), vec![found.clone()]);
    assert_eq!(bench.client(&found.handle.0).await, Ok(Some(found.clone())));

    let app = || Box::<Target>::from(found.handle.clone());
    let updated = client_of(bench.change(&update(app(), 250), WITHIN).await.unwrap());
    assert_eq!(updated.metadata.access_token_validity_seconds, Some(250));
    assert_eq!(updated.credential, found.credential);
    let delete = Request::Delete { target: app() };
    assert_eq!(bench.change(&delete, WITHIN).await, Ok(Answer::Done));
    assert_eq!(bench.client(&found.handle.0).await, Ok(None));
    for gone in [delete, update(app(), 300)] {
        assert_eq!(bench.change(&gone, WITHIN).await, Err(Fault::NotFound));
    }
}

/// Name and validity are all that a registration holds, in the media type that is configured; without a validity in the
/// spec one is sent all the same, since the server wants it.
#[tokio::test]
async fn what_a_registration_holds() {
    let bench = Bench::turned("request_fields", "400").await;
    bench.turn("request_type", "v3");
    bench.turn("accept", "vendor");
    let request = Request::Register(Box::new(candidate("app", None)));
    let told = client_of(bench.change(&request, WITHIN).await.unwrap());
    assert_eq!(told.metadata.access_token_validity_seconds, Some(VALIDITY));
    // What is in the spec no more is that again.
    let app = || Box::<Target>::from(told.handle.clone());
    bench.change(&update(app(), 250), WITHIN).await.unwrap();
    let reset = Request::Update {
        target: app(),
        metadata: wanted(None),
        unset: BTreeSet::from([Field::AccessTokenValidity]),
    };
    let told = client_of(bench.change(&reset, WITHIN).await.unwrap());
    assert_eq!(told.metadata.access_token_validity_seconds, Some(VALIDITY));
    // Nothing is said, and nothing is sent.
    let sent = bench.sent();
    let nothing = Request::Update {
        target: app(),
        metadata: wanted(None),
        unset: BTreeSet::new(),
    };
    client_of(bench.change(&nothing, WITHIN).await.unwrap());
    assert_eq!(bench.sent(), sent);
}

/// A media type that the server does not take is the platform team's matter.
#[tokio::test]
async fn another_media_type() {
    for (switch, value) in [("request_type", "json"), ("accept", "json")] {
        let bench = Bench::turned(switch, value).await;
        let fault = bench.change(&register("app"), WITHIN).await.unwrap_err();
        assert!(
            matches!(&fault, Fault::Unavailable(text) if text.contains("mediaType")),
            "{switch}: {fault:?}"
        );
        let mut spec = spec(&bench.emulator.url(), ComposerAuth::Basic(auth()), None);
        let ProviderSpec::Composer(composer) = &mut spec.provider else {
            panic!("{spec:?}")
        };
        composer.media_type = "application/json".to_owned();
        let adapter = connected(spec, &secrets(), WITHIN);
        adapter.perform(&register("app"), WITHIN).await.unwrap();
    }
}

/// Names are unique, and how a second one is answered is not documented: it is looked for before anything is sent, so that
/// nobody's secret is replaced.
#[tokio::test]
async fn a_name_that_is_taken() {
    for value in ["keep", "overwrite", "second", "400", "409", "500"] {
        let bench = Bench::turned("duplicate_register", value).await;
        let there = bench.emulator.add_client("app", 300);
        let came = bench.change(&register("app"), WITHIN).await;
        assert!(matches!(came, Err(Fault::Conflict(_))), "{value}: {came:?}");
        assert_eq!(bench.sent(), 0);
        assert_eq!(bench.emulator.clients(), [there]);
    }
    // In other letters only the server knows.
    let bench = Bench::turned("name_case", "fold").await;
    bench.emulator.add_client("App", 300);
    let came = bench.change(&register("app"), WITHIN).await;
    assert!(
        matches!(&came, Err(Fault::Invalid(text)) if text.contains("capital letters")),
        "{came:?}"
    );
}

/// What a client cannot be there is refused with the reason, and nothing is sent.
#[tokio::test]
async fn another_way_to_authenticate() {
    let bench = Bench::new().await;
    bench.emulator.add_client("app", 300);
    for (method, fits) in [
        ("client_secret_basic", true),
        ("client_secret_post", false),
        ("none", false),
    ] {
        let metadata = ClientMetadata {
            token_endpoint_auth_method: Some(method.to_owned()),
            ..wanted(Some(200))
        };
        let register = Request::Register(Box::new(Candidate {
            metadata: metadata.clone(),
            ..candidate("new", None)
        }));
        let update = Request::Update {
            target: Truth::target(&bench.emulator, "app"),
            metadata,
            unset: BTreeSet::new(),
        };
        for request in [register, update] {
            let sent = bench.sent();
            match bench.change(&request, WITHIN).await {
                Ok(_) => assert!(fits, "{method}"),
                Err(Fault::Invalid(text)) => assert!(!fits && text.contains("client_secret_basic"), "{text}"),
                other => panic!("{method}: {other:?}"),
            }
            assert_eq!(bench.sent() - sent, usize::from(fits));
        }
    }
}

#[tokio::test]
async fn what_it_cannot_do() {
    let bench = Bench::new().await;
    let rotate = Request::Rotate {
        target: "a".into(),
        candidate: None,
        keep_previous: false,
    };
    for request in [
        rotate,
        Request::Disable { target: "a".into() },
        Request::RetireSecret { target: "a".into() },
        Request::ProvisionScopes(BTreeSet::new()),
    ] {
        let came = bench.adapter.perform(&request, WITHIN).await;
        assert!(matches!(came, Err(Fault::Invalid(_))), "{came:?}");
    }
    assert_eq!(bench.scopes().await.unwrap_err().kind(), "Invalid");
    assert!(bench.emulator.requests().is_empty());
}
