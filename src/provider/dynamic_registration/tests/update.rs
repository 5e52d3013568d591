//! Changes.

use super::*;

fn document() -> Value {
    json!({
        "client_id": "the-id",
        "client_name": "Payments",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "scope": "read",
        "token_endpoint_auth_method": "client_secret_basic",
        "x_kept": {"a": [1]},
        // As a server may have put them in, under whatever circumstances.
        "registration_access_token": "old",
        "registration_client_uri": "old",
        "client_secret_expires_at": 0,
        "client_id_issued_at": 1,
        "client_secret": "old",
        "contacts": null,
    })
}

fn changed(answer: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(answer)
}

#[tokio::test]
async fn all_that_was_told_is_sent_back_but_for_what_is_asked() {
    let bench = Bench::new().await;
    bench.answers("PUT", changed(&least())).await;
    let target = bench.target(&document());
    client_of(bench.change(&target, for_users()).await);
    client_of(bench.change(&target, scopes(&[])).await);
    let sent = bench.received().await;
    assert_eq!(sent[0].url.path(), "/reg/the-id");
    assert_eq!(bearer(&sent[0]), Some(ACCESS));
    assert_eq!(sent[0].headers["accept"], "application/json");
    assert_eq!(
        body(&sent[0]),
        json!({
            "client_id": "the-id",
            "client_secret": SECRET,
            "client_name": "Payments",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "redirect_uris": ["https://app.example.com/a", "https://app.example.com/b"],
            "scope": "read write",
            "token_endpoint_auth_method": "client_secret_post",
            "x_kept": {"a": [1]},
        })
    );
    assert_eq!(
        body(&sent[1]),
        json!({
            "client_id": "the-id",
            "client_secret": SECRET,
            "client_name": "Payments",
            "grant_types": ["client_credentials"],
            "response_types": [],
            "redirect_uris": [],
            "x_kept": {"a": [1]},
        })
    );
}

#[tokio::test]
async fn a_public_client_and_a_software_statement() {
    let bench = Bench::with(true, true).await;
    bench
        .answers("PUT", changed(&but(&json!({"client_secret": null}))))
        .await;
    let mut target = bench.target(&document());
    target.credential = None;
    let client = client_of(bench.change(&target, scopes(&[])).await);
    assert_eq!(client.credential.client_secret, None);
    let sent = body(&bench.received().await[0]);
    assert_eq!(sent.get("client_secret"), None);
    assert_eq!(sent["software_statement"], STATEMENT);
}

#[tokio::test]
async fn what_the_answer_replaces_and_what_it_leaves() {
    let bench = Bench::new().await;
    let target = bench.target(&document());
    let known = target.access.clone().unwrap();

    bench
        .answers(
            "PUT",
            changed(&json!({"client_id": "the-id", "scope": "read write"})),
        )
        .await;
    let client = client_of(bench.change(&target, scopes(&["write", "read"])).await);
    assert_eq!(
        client.credential.client_secret, None,
        "it is not told, so it stays"
    );
    assert_eq!(client.metadata.scopes, Some(set(&["read", "write"])));
    assert_eq!(client.metadata.grant_types, Some(set(&["client_credentials"])));
    let access = client.access.unwrap();
    assert_eq!((&access.uri, &access.token), (&known.uri, &known.token));
    let kept: Value = serde_json::from_str(&access.document).unwrap();
    assert_eq!(kept, json!({"client_id": "the-id", "scope": "read write"}));

    let new = json!({
        "client_id": "the-id",
        "client_secret": "canary-new-secret",
        "client_secret_expires_at": "1790000000",
        "registration_access_token": "canary-new-token",
        "registration_client_uri": "/elsewhere/the-id",
    });
    bench.answers("PUT", changed(&new)).await;
    let client = client_of(bench.change(&target, scopes(&[])).await);
    assert_eq!(
        client.credential.client_secret,
        Some(Confidential::new("canary-new-secret"))
    );
    assert_eq!(client.secret_expires_at.unwrap().as_second(), 1_790_000_000);
    let access = client.access.unwrap();
    assert_eq!(access.uri, format!("{}/elsewhere/the-id", bench.server.uri()));
    assert_eq!(access.token, Confidential::new("canary-new-token"));
    assert!(!access.document.contains("canary"), "{}", access.document);

    let foreign = but(&json!({"registration_client_uri": "https://evil.example.com/reg"}));
    bench.answers("PUT", changed(&foreign)).await;
    let client = client_of(bench.change(&target, scopes(&[])).await);
    assert_eq!(client.access.unwrap().uri, known.uri);
}

/// Nothing is told, so nothing was replaced; what was sent is what is there.
#[tokio::test]
async fn an_answer_without_a_body() {
    let bench = Bench::new().await;
    let target = bench.target(&document());
    for answer in [ResponseTemplate::new(204), ResponseTemplate::new(200)] {
        bench.answers("PUT", answer).await;
        let client = client_of(bench.change(&target, scopes(&["write"])).await);
        assert_eq!(client.handle, Handle::from("the-id"));
        assert_eq!(client.metadata.scopes, Some(set(&["write"])));
        let (access, known) = (client.access.unwrap(), target.access.clone().unwrap());
        assert_eq!((&access.uri, &access.token), (&known.uri, &known.token));
        let kept: Value = serde_json::from_str(&access.document).unwrap();
        assert_eq!(
            (&kept["scope"], &kept["x_kept"]),
            (&json!("write"), &json!({"a": [1]}))
        );
        assert!(!access.document.contains("canary"), "{}", access.document);
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_leaves_the_outcome_open() {
    let bench = Bench::new().await;
    let target = bench.target(&document());
    for answer in [
        changed(&json!([])),
        changed(&json!({})),
        changed(&json!({"client_id": "another"})),
        changed(&but(&json!({"client_secret": "x".repeat(4097)}))),
        ResponseTemplate::new(200).set_body_raw("<html>", "text/html"),
        ResponseTemplate::new(200).set_body_raw("{", "application/json"),
        ResponseTemplate::new(202),
        ResponseTemplate::new(201),
        changed(&but(&json!({"x": "y".repeat(256 * 1024)}))),
    ] {
        bench.answers("PUT", answer).await;
        assert_eq!(kind(bench.change(&target, scopes(&[])).await), "OutcomeUnknown");
    }
    bench
        .answers("PUT", changed(&least()).set_delay(Duration::from_secs(5)))
        .await;
    let metadata = scopes(&[]);
    let request = Request::Update {
        target: Box::new(target),
        metadata,
        unset: std::collections::BTreeSet::new(),
    };
    let soon = Duration::from_millis(200);
    assert_eq!(
        kind(bench.adapter.perform(&request, soon).await),
        "OutcomeUnknown"
    );
}

#[tokio::test]
async fn without_access_nothing_is_sent() {
    let bench = Bench::new().await;
    let good = bench.target(&document());
    let with = |change: fn(&mut RegistrationAccess)| {
        let mut target = good.clone();
        change(target.access.as_mut().unwrap());
        target
    };
    let none = Target {
        access: None,
        ..good.clone()
    };
    for target in [
        none,
        with(|access| access.token = Confidential::new("canary with spaces")),
        with(|access| access.token = Confidential::new("")),
        with(|access| access.uri = "nowhere".to_owned()),
    ] {
        assert_eq!(kind(bench.change(&target, scopes(&[])).await), "Unmanageable");
        assert_eq!(kind(bench.delete(&target).await), "Unmanageable");
    }
    let unreadable = with(|access| access.document = "[]".to_owned());
    assert_eq!(kind(bench.change(&unreadable, scopes(&[])).await), "Unmanageable");
    assert!(bench.received().await.is_empty());
}

/// The access was given by the server where it was then. The token goes to the configured server and nowhere else.
#[tokio::test]
async fn a_server_that_moved() {
    let bench = Bench::new().await;
    bench.answers("PUT", changed(&least())).await;
    let mut target = bench.target(&document());
    let access = target.access.as_mut().unwrap();
    access.uri = "https://old.example.com/clients?id=the-id".to_owned();
    client_of(bench.change(&target, scopes(&[])).await);
    let sent = &bench.received().await[0];
    assert_eq!(sent.url.path(), "/clients");
    assert_eq!(sent.url.query(), Some("id=the-id"));
}

/// Some servers want the client's secret in a change and some forbid it.
#[tokio::test]
async fn a_server_that_forbids_the_secret_is_asked_without_it_the_next_time() {
    let bench = Bench::new().await;
    let target = bench.target(&document());
    let change = || bench.change(&target, scopes(&[]));
    bench.answers("PUT", ResponseTemplate::new(403)).await;
    let fault = change().await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Unavailable(text) if text.contains("leaves the client secret out")),
        "{fault}"
    );
    assert_eq!(body(&bench.received().await[0])["client_secret"], SECRET);

    bench.answers("PUT", changed(&least())).await;
    for _ in 0..2 {
        client_of(change().await);
    }
    for sent in bench.received().await {
        assert_eq!(body(&sent).get("client_secret"), None);
    }

    // Forbidden without it too: it was not the secret.
    bench.answers("PUT", ResponseTemplate::new(403)).await;
    assert_eq!(kind(change().await), "Unmanageable");
    bench.answers("PUT", changed(&least())).await;
    client_of(change().await);
    assert_eq!(body(&bench.received().await[0])["client_secret"], SECRET);
}

/// A server that wants the secret says "bad request" without it.
#[tokio::test]
async fn a_server_that_wants_the_secret_gets_it_again() {
    let bench = Bench::new().await;
    let target = bench.target(&document());
    let change = || bench.change(&target, scopes(&[]));
    for (status, expected) in [(403, "Unavailable"), (400, "Invalid")] {
        bench.answers("PUT", ResponseTemplate::new(status)).await;
        assert_eq!(kind(change().await), expected);
    }
    bench.answers("PUT", changed(&least())).await;
    client_of(change().await);
    assert_eq!(body(&bench.received().await[0])["client_secret"], SECRET);
}

/// A server that has replaced the secret in an answer that was lost calls the old one a bad request.
#[tokio::test]
async fn a_secret_that_is_not_the_current_one_is_left_out_the_next_time() {
    let bench = Bench::new().await;
    let target = bench.target(&document());
    let change = || bench.change(&target, scopes(&[]));
    let bad = ResponseTemplate::new(400).set_body_json(json!({"error": "invalid_request"}));
    bench.answers("PUT", bad.clone()).await;
    assert_eq!(kind(change().await), "Unavailable");
    let new = but(&json!({"client_secret": "canary-new-secret"}));
    bench.answers("PUT", changed(&new)).await;
    client_of(change().await);
    assert_eq!(body(&bench.received().await[0]).get("client_secret"), None);

    // Bad without it too: it is said so from then on, and not by turns.
    let bench = Bench::new().await;
    let target = bench.target(&document());
    bench.answers("PUT", bad).await;
    let mut said = Vec::new();
    for _ in 0..4 {
        said.push(kind(bench.change(&target, scopes(&[])).await));
    }
    assert_eq!(said, ["Unavailable", "Invalid", "Invalid", "Invalid"]);
}
