//! What is sent, and how little of it.

use super::*;

fn made() -> ResponseTemplate {
    ResponseTemplate::new(201)
        .insert_header("location", format!("http://elsewhere.example{API}/clients/{ID}"))
}

fn scopes(names: &[&str]) -> ClientMetadata {
    ClientMetadata {
        scopes: Some(set(names)),
        ..ClientMetadata::default()
    }
}

#[tokio::test]
async fn a_registration_holds_what_is_asked_for_and_what_the_realm_gives() {
    let bench = Bench::new().await;
    bench.says("POST", &format!("{API}/clients"), made()).await;
    bench.has(&client()).await;
    let answer = bench
        .perform(&register(ClientMetadata {
            access_token_validity_seconds: Some(600),
            audiences: Some([("https://api.example".to_owned(), BTreeSet::new())].into()),
            ..scopes(&["read", "openid"])
        }))
        .await
        .unwrap();
    let Answer::Client(told) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(told.handle, ID.into());
    let sent = bench.sent().await;
    assert_eq!(sent["clientId"], "billing");
    assert_eq!(sent["secret"], SECRET);
    assert_eq!(sent["serviceAccountsEnabled"], true);
    assert_eq!(sent["publicClient"], false, "a public client has no secret");
    assert_eq!(sent["standardFlowEnabled"], false, "Keycloak's default is true");
    assert_eq!(sent["defaultClientScopes"], json!(["basic"]));
    assert_eq!(sent["optionalClientScopes"], json!(["profile", "read"]));
    let attributes = &sent["attributes"];
    assert_eq!(attributes["oauthclient.dev/marker"], testing::marker().text());
    assert_eq!(
        attributes["oauthclient.dev/realm-scopes"],
        "basic profile service_account"
    );
    assert_eq!(attributes["access.token.lifespan"], "600");
    let mapper = &sent["protocolMappers"][0];
    assert_eq!(
        mapper["config"]["included.custom.audience"],
        "https://api.example"
    );
    assert_eq!(
        sent.get("redirectUris"),
        None,
        "what is not asked for is not sent"
    );
}

#[tokio::test]
async fn a_scope_that_is_not_there_is_refused_by_name() {
    let bench = Bench::new().await;
    bench.has(&client()).await;
    for request in [
        register(scopes(&["read", "reed"])),
        update(scopes(&["reed"]), &[]),
    ] {
        let fault = bench.perform(&request).await.unwrap_err();
        let Fault::Invalid(text) = &fault else {
            panic!("{fault:?}")
        };
        assert!(text.contains("no client scope reed"), "{text}");
    }
    assert!(bench.changes().await.is_empty());
}

#[tokio::test]
async fn a_way_to_authenticate_that_is_not_supported_is_refused_by_name() {
    let bench = Bench::new().await;
    bench.has(&client()).await;
    for method in ["none", "private_key_jwt"] {
        let metadata = ClientMetadata {
            token_endpoint_auth_method: Some(method.to_owned()),
            ..ClientMetadata::default()
        };
        for request in [register(metadata.clone()), update(metadata, &[])] {
            let fault = bench.perform(&request).await.unwrap_err();
            assert!(
                matches!(&fault, Fault::Invalid(text) if text.contains(method)),
                "{fault:?}"
            );
        }
    }
    assert!(bench.changes().await.is_empty());
}

#[tokio::test]
async fn what_keycloak_answers_with_500_is_not_sent() {
    let bench = Bench::new().await;
    bench.has(&client()).await;
    let mut long = candidate(ClientMetadata::default());
    long.client_id = Some("x".repeat(240));
    let fault = bench
        .perform(&Request::Register(Box::new(long)))
        .await
        .unwrap_err();
    assert!(matches!(fault, Fault::Invalid(_)), "{fault:?}");
    assert!(bench.changes().await.is_empty());
}

#[tokio::test]
async fn a_put_holds_only_what_changes() {
    let bench = Bench::new().await;
    bench.has(&client()).await;
    let metadata = ClientMetadata {
        redirect_uris: Some(set(&["https://app.example/a"])),
        access_token_validity_seconds: Some(600),
        ..scopes(&["read"])
    };
    bench.perform(&update(metadata, &[])).await.unwrap();
    let mut sent = bench.sent().await;
    let attributes = sent["attributes"].as_object_mut().unwrap();
    let now = attributes.remove("client.secret.creation.time");
    assert!(now.is_some(), "from when a policy that comes counts");
    assert_eq!(
        sent,
        json!({
            "redirectUris": ["https://app.example/a"],
            "attributes": {
                "access.token.lifespan": "600",
                "oauthclient.dev/marker": testing::marker().text(),
            },
        })
    );
}

#[tokio::test]
async fn what_is_so_already_is_not_sent() {
    let bench = Bench::new().await;
    bench.has(&client()).await;
    let metadata = ClientMetadata {
        grant_types: Some(set(&["client_credentials"])),
        enabled: Some(true),
        ..scopes(&["read"])
    };
    let unset = [Field::AccessTokenValidity, Field::Audiences, Field::RedirectUris];
    let answer = bench.perform(&update(metadata, &unset)).await.unwrap();
    assert!(matches!(answer, Answer::Client(_)));
    assert!(bench.changes().await.is_empty());
}

/// A note that was taken away is put back, and one of somebody else stays.
#[tokio::test]
async fn the_marker() {
    let another = "abcdef0123.7.another";
    for (there, sent) in [(None, Some(testing::marker().text())), (Some(another), None)] {
        let bench = Bench::new().await;
        let mut has = client();
        match there {
            Some(another) => has["attributes"][terms::MARKER] = json!(another),
            None => drop(has["attributes"].as_object_mut().unwrap().remove(terms::MARKER)),
        }
        bench.has(&has).await;
        bench.perform(&update(scopes(&["read"]), &[])).await.unwrap();
        let changes = bench.changes().await;
        let marker = changes.first().map(|change| {
            let body: Value = change.body_json().unwrap();
            body["attributes"][terms::MARKER].as_str().unwrap().to_owned()
        });
        assert_eq!(marker, sent);
    }
}

#[tokio::test]
async fn mappers_of_others_stay() {
    let mapper = |name: &str, kind: &str, audience: &str| {
        json!({
            "id": name, "name": name, "protocol": "openid-connect", "protocolMapper": kind,
            "config": {"included.custom.audience": audience, "access.token.claim": "true"},
        })
    };
    let bench = Bench::new().await;
    let mut has = client();
    has["protocolMappers"] = json!([
        mapper("a", "oidc-audience-mapper", "old"),
        mapper("b", "oidc-audience-mapper", "kept"),
        mapper("c", "oidc-hardcoded-claim-mapper", "old"),
    ]);
    bench.has(&has).await;
    let metadata = ClientMetadata {
        audiences: Some(
            ["kept", "new"]
                .map(|name| (name.to_owned(), BTreeSet::new()))
                .into(),
        ),
        ..ClientMetadata::default()
    };
    bench.perform(&update(metadata, &[])).await.unwrap();
    let sent = bench.sent().await;
    let mappers = sent["protocolMappers"].as_array().unwrap();
    let ids: Vec<&str> = mappers
        .iter()
        .filter_map(|mapper| mapper["id"].as_str())
        .collect();
    assert_eq!(ids, ["b", "c"]);
    assert_eq!(mappers.len(), 3);
    assert_eq!(mappers[2]["config"]["included.custom.audience"], "new");
}

#[tokio::test]
async fn scopes_are_moved_one_by_one() {
    let bench = Bench::new().await;
    bench.has(&client()).await;
    bench.perform(&update(scopes(&["write"]), &[])).await.unwrap();
    let moves: Vec<String> = (bench.changes().await.iter())
        .map(|request| format!("{} {}", request.method, request.url.path()))
        .collect();
    let at = format!("{API}/clients/{ID}/optional-client-scopes");
    assert_eq!(
        moves,
        [format!("PUT {at}/id-of-write"), format!("DELETE {at}/id-of-read")]
    );
}

/// Of two calls the first one is done: so it is not known that nothing was done.
#[tokio::test]
async fn a_change_that_is_done_in_part_is_not_said_to_be_not_done() {
    let bench = Bench::new().await;
    let detach = format!("{API}/clients/{ID}/optional-client-scopes/id-of-read");
    bench.says("DELETE", &detach, ResponseTemplate::new(403)).await;
    bench.has(&client()).await;
    let fault = bench.perform(&update(scopes(&["write"]), &[])).await.unwrap_err();
    assert!(matches!(fault, Fault::OutcomeUnknown(_)), "{fault:?}");

    let bench = Bench::new().await;
    let attach = format!("{API}/clients/{ID}/optional-client-scopes/id-of-write");
    bench.says("PUT", &attach, ResponseTemplate::new(403)).await;
    bench.has(&client()).await;
    let fault = bench.perform(&update(scopes(&["write"]), &[])).await.unwrap_err();
    assert!(matches!(fault, Fault::Denied(Denial::Right, _)), "{fault:?}");
}

#[tokio::test]
async fn disabling_is_done_once() {
    let bench = Bench::new().await;
    bench.has(&client()).await;
    let disable = Request::Disable { target: target() };
    assert_eq!(bench.perform(&disable).await, Ok(Answer::Done));
    assert_eq!(bench.sent().await["enabled"], false);

    let bench = Bench::new().await;
    let mut disabled = client();
    disabled["enabled"] = json!(false);
    bench.has(&disabled).await;
    assert_eq!(bench.perform(&disable).await, Ok(Answer::Done));
    assert!(bench.changes().await.is_empty());
}
