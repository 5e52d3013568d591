//! The calls as they are documented.

mod support;

use authserver_emulator::digitalroute::{Auth, Config};
use serde_json::json;
use support::{Api, GRANT, PASSWORD, Read, USER, raw_call};

fn is_url_safe(text: &str) -> bool {
    text.chars()
        .all(|char| char.is_ascii_alphanumeric() || char == '-' || char == '_')
}

#[tokio::test]
async fn scopes_are_provisioned_listed_and_removed() {
    let api = Api::with(Config::default()).await;
    assert_eq!(api.call("GET", "/scope").await.json(), json!({ "scope": "" }));
    let added = api.send("POST", "/scope", &json!({ "scope": "a b" })).await;
    assert_eq!((added.status, added.json()), (200, json!({ "scope": "a b" })));
    api.send("POST", "/scope", &json!({ "scope": "c" })).await;
    assert_eq!(
        api.call("GET", "/scope").await.json(),
        json!({ "scope": "a b c" })
    );
    let removed = api
        .send("PATCH", "/scope", &json!({ "scope": "b unknown" }))
        .await;
    assert_eq!((removed.status, removed.json()), (200, json!({ "scope": "b" })));
    assert_eq!(api.call("GET", "/scope").await.json(), json!({ "scope": "a c" }));
}

#[tokio::test]
async fn a_client_lives_as_documented() {
    let api = Api::start().await;
    let first = api.register("Some App", "a").await;
    assert_eq!(first.status, 200);
    assert_eq!(first.content_type.as_deref(), Some("application/json"));
    let fields: Vec<String> = first.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["client_id", "client_name", "client_secret", "scope"]);
    assert_eq!(
        (first.field("client_name").as_str(), first.field("scope").as_str()),
        ("Some App", "a")
    );
    assert!(first.field("client_id").len() == 36 && is_url_safe(&first.field("client_id")));
    assert_eq!(first.field("client_secret").len(), 50);

    assert_eq!(api.get("Some App").await.json(), first.json());
    assert_eq!(api.list().await.json(), json!([first.json()]));

    let wider = api.put("Some App", "a b").await;
    assert_eq!(wider.json()["scope"], "a b");
    assert_eq!(wider.json()["client_id"], first.json()["client_id"]);
    assert_eq!(wider.json()["client_secret"], first.json()["client_secret"]);

    let rotated = api.rotate("Some App").await;
    assert_eq!(rotated.json()["scope"], "a b");
    assert_ne!(rotated.json()["client_id"], first.json()["client_id"]);
    assert_ne!(rotated.json()["client_secret"], first.json()["client_secret"]);
    assert_eq!(api.get("Some App").await.json(), rotated.json());

    let deleted = api.delete("Some App").await;
    assert_eq!(
        (deleted.status, deleted.json()),
        (200, json!({ "status": "success" }))
    );
    assert_eq!(api.list().await.json(), json!([]));
    assert_eq!(api.get("Some App").await.status, 404);
}

#[tokio::test]
async fn put_registers_who_is_not_there() {
    let api = Api::start().await;
    let made = api.put("new", "b").await;
    assert_eq!(made.status, 200);
    assert_eq!(made.field("client_id").len(), 36);
    assert_eq!(api.get("new").await.json(), made.json());
}

#[tokio::test]
async fn nobody_comes_in_without_the_credential() {
    let api = Api::start().await;
    api.emulator.add_client("x", "a");
    let url = api.emulator.api_url();
    for (method, path) in [
        ("GET", "/clients"),
        ("POST", "/clients"),
        ("GET", "/clients/x"),
        ("PUT", "/clients/x"),
        ("PATCH", "/clients/x"),
        ("DELETE", "/clients/x"),
        ("GET", "/scope"),
        ("POST", "/scope"),
        ("PATCH", "/scope"),
    ] {
        let request = || {
            api.http
                .request(method.parse().unwrap(), format!("{url}{path}"))
                .body("{}")
        };
        for request in [
            request(),
            request().basic_auth(USER, Some("wrong")),
            request().basic_auth("wrong", Some(PASSWORD)),
            request().bearer_auth(PASSWORD),
            request().header("authorization", "Basic !!!"),
        ] {
            let response = request.send().await.unwrap();
            assert_eq!(response.status().as_u16(), 401, "{method} {path}");
            assert_eq!(
                response.headers()["www-authenticate"],
                "Basic realm=\"authserver\""
            );
            assert!(!response.text().await.unwrap().contains("client_secret"));
        }
    }
    assert_eq!(api.emulator.counters().changes, 0);
    assert_eq!(api.emulator.clients().len(), 1);
}

#[tokio::test]
async fn everybody_comes_in_when_it_is_open() {
    let api = Api::with(Config {
        auth: Auth::Open,
        ..Config::default()
    })
    .await;
    api.emulator.add_client("x", "a");
    let answer = api
        .http
        .get(api.emulator.api_url() + "/clients")
        .send()
        .await
        .unwrap();
    let listed = Read::of(answer).await;
    assert_eq!((listed.status, listed.json().as_array().unwrap().len()), (200, 1));
}

#[tokio::test]
async fn both_generations_of_addresses() {
    let config = Config {
        api_prefix: "/api".to_owned(),
        token_path: "/token".to_owned(),
        ..Config::default()
    };
    let api = Api::with(config).await;
    assert_eq!(api.register("x", "").await.status, 200);
    let client = &api.emulator.clients()[0];
    let token = api
        .token(&client.client_id, &client.client_secret, &[GRANT])
        .await;
    assert_eq!(token.status, 200);
    let elsewhere = api
        .http
        .get(api.emulator.url() + "/authserver/api/clients")
        .send()
        .await
        .unwrap();
    assert_eq!(elsewhere.status().as_u16(), 404);
}

#[tokio::test]
async fn names_are_one_segment_whatever_they_hold() {
    let api = Api::start().await;
    let names = [
        "Some App",
        "a/b",
        "/",
        "//x",
        "../x",
        "a/../b",
        "...",
        "ünï ☃ 名前",
        "100%",
        "%2F",
        "a+b",
        "a;b=c",
        "a?b#c",
        "x ",
        " x",
        "a\\b",
        "\"quoted\"",
        "line\nbreak",
        "clients",
    ];
    for name in names {
        let made = api.register(name, "a").await;
        assert_eq!((made.status, made.field("client_name").as_str()), (200, name));
    }
    for name in names {
        let read = api.get(name).await;
        assert_eq!((read.status, read.field("client_name").as_str()), (200, name));
        assert_eq!(api.put(name, "b").await.field("client_name"), name);
        assert_eq!(api.rotate(name).await.field("client_name"), name);
    }
    assert_eq!(
        api.emulator.clients().len(),
        names.len(),
        "PUT and PATCH met the clients that were there"
    );
    for name in names {
        assert_eq!(api.delete(name).await.status, 200, "{name}");
        assert!(api.emulator.clients_named(name).is_empty());
    }
}

#[tokio::test]
async fn dot_segments_are_names() {
    let api = Api::start().await;
    for name in [".", ".."] {
        api.emulator.add_client(name, "a");
    }
    for (path, name) in [("..", ".."), ("%2e%2e", ".."), (".", "."), ("%2E", ".")] {
        let answer = raw_call(&api, "GET", &format!("/authserver/api/clients/{path}")).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(
            answer.contains(&format!("\"client_name\":\"{name}\"")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn slashes_that_are_not_encoded_lead_elsewhere() {
    let api = Api::start().await;
    api.emulator.add_client("a/b", "a");
    for path in ["a/b", "a%2Fb/", "../clients", "a%2Fb/../a%2Fb"] {
        let answer = raw_call(&api, "DELETE", &format!("/authserver/api/clients/{path}")).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    assert_eq!(api.emulator.clients().len(), 1);
}

#[tokio::test]
async fn a_name_that_is_not_utf8_is_refused() {
    let api = Api::start().await;
    let answer = raw_call(&api, "PATCH", "/authserver/api/clients/%ff").await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let api = Api::start().await;
    for (method, path, status) in [
        ("DELETE", "/clients", 405),
        ("POST", "/clients/x", 405),
        ("PUT", "/scope", 405),
        ("HEAD", "/clients", 405),
        ("GET", "/client", 404),
        ("GET", "/clientsx", 404),
        ("GET", "", 404),
    ] {
        assert_eq!(api.call(method, path).await.status, status, "{method} {path}");
    }
    assert_eq!(api.emulator.counters().of("other"), 7);
}

#[tokio::test]
async fn bodies_that_make_no_sense_are_refused() {
    let api = Api::start().await;
    for body in [
        "",
        "[]",
        "null",
        "{",
        "\"x\"",
        "{\"client_name\":1}",
        "{\"client_name\":\"\"}",
        "{}",
    ] {
        let answer = Read::of(api.request("POST", "/clients").body(body).send().await.unwrap()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.json()["status"], 400);
    }
    let wrong_scope = api.send("PUT", "/clients/x", &json!({ "scope": ["a"] })).await;
    assert_eq!(wrong_scope.status, 400);
    assert!(api.emulator.clients().is_empty());
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let api = Api::start().await;
    let request = api.request("POST", "/clients").body(vec![b' '; 1024 * 1024 + 1]);
    assert_eq!(request.send().await.unwrap().status().as_u16(), 413);
}

#[tokio::test]
async fn of_many_at_once_one_wins() {
    let api = Api::start().await;
    let attempts = (0..20).map(|_| {
        let request = api
            .request("POST", "/clients")
            .json(&json!({ "client_name": "x", "scope": "a" }));
        tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 19);
    assert_eq!(api.emulator.clients().len(), 1);
}

#[tokio::test]
async fn many_changes_at_once_all_count() {
    let api = Api::start().await;
    let attempts = (0..40).map(|index| {
        let name = format!("client {}", index % 10);
        let request = api
            .request("PUT", &support::client(&name))
            .json(&json!({ "scope": "a" }));
        tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
    });
    for attempt in attempts.collect::<Vec<_>>() {
        assert_eq!(attempt.await.unwrap(), 200);
    }
    assert_eq!(api.emulator.clients().len(), 10, "one for each name");
    let counters = api.emulator.counters();
    assert_eq!(
        (counters.of("put"), counters.mutations, counters.changes),
        (40, 40, 10)
    );
}

#[tokio::test]
async fn emulators_know_nothing_of_each_other() {
    let (one, other) = (Api::start().await, Api::start().await);
    one.register("x", "a").await;
    assert_eq!(other.get("x").await.status, 404);
    assert_eq!(
        (
            one.emulator.counters().mutations,
            other.emulator.counters().mutations
        ),
        (1, 0)
    );
}
