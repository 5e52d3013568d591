//! Which calls misbehave.

mod support;

use authserver_emulator::misbehave::{Behaviour, BodyKind, Rule};
use serde_json::json;
use support::{Api, GRANT};

#[tokio::test]
async fn rules_match_by_operation_and_name_and_count() {
    let api = Api::start().await;
    for name in ["x", "y"] {
        api.emulator.add_client(name, "a");
    }
    let teapot = || Behaviour::Status {
        status: 418,
        retry_after: None,
        body: BodyKind::Empty,
    };
    api.emulator
        .misbehave(Rule::on("rotate", teapot()).named("x").skip(1).times(2))
        .unwrap();
    let mut statuses = Vec::new();
    for name in ["y", "x", "x", "y", "x", "x"] {
        statuses.push(api.rotate(name).await.status);
    }
    assert_eq!(statuses, [200, 200, 418, 200, 418, 200]);
    assert_eq!(api.get("x").await.status, 200, "another operation");

    api.emulator.behave();
    api.emulator
        .misbehave(Rule::on("mutation", teapot()).times(1))
        .unwrap();
    assert_eq!(
        (api.get("x").await.status, api.delete("x").await.status),
        (200, 418)
    );
    api.emulator.behave();
    api.emulator
        .misbehave(Rule::on("read", teapot()).times(1))
        .unwrap();
    assert_eq!(
        (api.rotate("x").await.status, api.get("x").await.status),
        (200, 418)
    );

    api.emulator.behave();
    api.emulator
        .misbehave(Rule::on("register", teapot()).named("new"))
        .unwrap();
    assert_eq!(
        (
            api.register("old", "a").await.status,
            api.register("new", "a").await.status
        ),
        (200, 418)
    );
    api.emulator
        .misbehave(Rule::on("token", teapot()).named("y"))
        .unwrap();
    let clients = api.emulator.clients();
    for client in &clients {
        let status = api
            .token(&client.client_id, &client.client_secret, &[GRANT])
            .await
            .status;
        assert_eq!(status, if client.client_name == "y" { 418 } else { 200 });
    }
}

#[tokio::test]
async fn the_first_rule_that_fits_counts() {
    let api = Api::start().await;
    let status = |status| Behaviour::Status {
        status,
        retry_after: None,
        body: BodyKind::Empty,
    };
    api.emulator
        .misbehave(Rule::on("list", status(500)).times(1))
        .unwrap();
    api.emulator
        .misbehave(Rule::on("any", status(503)).times(1))
        .unwrap();
    let statuses = [
        api.list().await.status,
        api.list().await.status,
        api.list().await.status,
    ];
    assert_eq!(statuses, [500, 503, 200]);
}

#[tokio::test]
async fn rules_that_make_no_sense_are_refused() {
    let api = Api::start().await;
    let status = |status| Behaviour::Status {
        status,
        retry_after: None,
        body: BodyKind::Empty,
    };
    let header = "a\r\nb".to_owned();
    for rule in [
        Rule::on("registre", Behaviour::LoseAnswer),
        Rule::on("any", Behaviour::LoseAnswer).work(false),
        Rule::on("any", status(42)),
        Rule::on("any", status(700)),
        Rule::on(
            "any",
            Behaviour::Redirect {
                status: 302,
                location: header.clone(),
            },
        ),
        Rule::on("any", Behaviour::WrongContentType { content_type: header }),
    ] {
        assert!(api.emulator.misbehave(rule.clone()).is_err(), "{rule:?}");
    }
    assert_eq!(api.list().await.status, 200);
}

#[tokio::test]
async fn misbehaviour_is_added_listed_and_removed() {
    let api = Api::start().await;
    let rule = json!({
        "match": { "operation": "list" }, "behaviour": { "kind": "status", "status": 503 }, "times": 5, "skip": 1,
    });
    let added = api.control("POST", "/misbehave", Some(&rule)).await;
    assert_eq!((added.status, added.json()), (201, json!({ "id": 1 })));
    let everywhere = json!({ "behaviour": { "kind": "lose_answer" }, "times": 0 });
    assert_eq!(
        api.control("POST", "/misbehave", Some(&everywhere)).await.json(),
        json!({ "id": 2 })
    );
    assert_eq!([api.list().await.status, api.list().await.status], [200, 503]);
    let listed = api.control("GET", "/misbehave", None).await.json();
    let expected = json!({
        "id": 1, "match": { "operation": "list", "name": null },
        "behaviour": { "kind": "status", "status": 503, "retry_after": null, "body": "json" },
        "times": 4, "skip": 0, "work": null, "hits": 1,
    });
    assert_eq!(listed[0], expected);
    assert_eq!(
        api.control("DELETE", "/misbehave/1", None).await.json(),
        json!({ "removed": 1 })
    );
    assert_eq!(api.control("DELETE", "/misbehave/1", None).await.status, 404);
    assert_eq!(api.list().await.status, 200);
    api.control("DELETE", "/misbehave", None).await;
    assert_eq!(api.control("GET", "/misbehave", None).await.json(), json!([]));
}

#[tokio::test]
async fn every_behaviour_can_be_asked_for_in_json() {
    let api = Api::start().await;
    for behaviour in [
        json!({ "kind": "delay", "ms": 1 }),
        json!({ "kind": "delay_after", "ms": 1 }),
        json!({ "kind": "status", "status": 429, "retry_after": "date:+5", "body": "html" }),
        json!({ "kind": "rate_limit", "requests": 1, "window_ms": 1 }),
        json!({ "kind": "lose_answer" }),
        json!({ "kind": "lose_request" }),
        json!({ "kind": "deliver_late", "ms": 1 }),
        json!({ "kind": "truncate" }),
        json!({ "kind": "huge", "megabytes": 1 }),
        json!({ "kind": "html" }),
        json!({ "kind": "redirect" }),
        json!({ "kind": "drip", "interval_ms": 1 }),
        json!({ "kind": "wrong_content_type" }),
        json!({ "kind": "not_json" }),
        json!({ "kind": "deep_json" }),
        json!({ "kind": "duplicate_keys", "decoy": "first" }),
        json!({ "kind": "gzip_bomb", "megabytes": 1 }),
        json!({ "kind": "not_found_everything" }),
        json!({ "kind": "down" }),
        json!({ "kind": "deny", "status": 403 }),
    ] {
        let rule = json!({ "match": { "operation": "token" }, "behaviour": behaviour });
        let added = api.control("POST", "/misbehave", Some(&rule)).await;
        assert_eq!(added.status, 201, "{behaviour}: {}", added.text);
        let listed = api.control("GET", "/misbehave", None).await.json();
        assert_eq!(
            listed.as_array().unwrap().last().unwrap()["behaviour"]["kind"],
            behaviour["kind"]
        );
    }
    for rule in [
        json!({}),
        json!({ "behaviour": { "kind": "explode" } }),
        json!({ "behaviour": { "kind": "lose_answer", "ms": 1 } }),
        json!({ "behaviour": { "kind": "delay" } }),
        json!({ "behaviour": { "kind": "lose_answer" }, "time": 1 }),
        json!({ "match": { "operations": "get" }, "behaviour": { "kind": "lose_answer" } }),
        json!({ "match": { "operation": "gett" }, "behaviour": { "kind": "lose_answer" } }),
    ] {
        assert_eq!(
            api.control("POST", "/misbehave", Some(&rule)).await.status,
            400,
            "{rule}"
        );
    }
}
