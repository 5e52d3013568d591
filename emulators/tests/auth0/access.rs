//! Who may call the Management API, and what it shows to whom.

use authserver_emulator::auth0::{Config, Management, SCOPES};
use serde_json::{Value, json};

use crate::caller::{
    API, ASSERTION, Caller, GRANT, OPERATOR, config, credentials, fields, read, refused, text, wish,
    with_scopes, without,
};
use crate::key::key;
use crate::support::Read;

#[tokio::test]
async fn the_operator_logs_in_with_its_secret() {
    let caller = Caller::start().await;
    let audience = caller.emulator.audience();
    assert_eq!(audience, format!("{}/api/v2/", caller.emulator.url()));
    let answer = caller.login().await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (200, Some("no-store"))
    );
    let token = answer.json();
    assert_eq!(
        fields(&token),
        ["access_token", "expires_in", "scope", "token_type"]
    );
    assert_eq!(
        (&token["expires_in"], &token["token_type"]),
        (&json!(86_400), &json!("Bearer"))
    );
    assert_eq!(token["scope"], json!(SCOPES.join(" ")));
    let body = json!({
        "grant_type": "client_credentials", "client_id": OPERATOR.0, "client_secret": OPERATOR.1,
        "audience": audience,
    });
    let as_json = read(caller.http.post(caller.emulator.token_url()).json(&body)).await;
    assert_eq!(as_json.status, 200);
    let without_slash = audience.trim_end_matches('/');
    let wrong = caller.ask_by_secret(OPERATOR.0, OPERATOR.1, without_slash).await;
    assert_eq!(
        (wrong.status, wrong.field("error").as_str()),
        (403, "access_denied")
    );
    assert!(
        wrong
            .field("error_description")
            .contains("Service not enabled within domain")
    );
}

#[tokio::test]
async fn the_operator_logs_in_with_its_key() {
    let management = Management {
        public_key: Some(key(0).pem()),
        ..Config::default().management
    };
    let caller = Caller {
        emulator: authserver_emulator::auth0::Emulator::start(Config {
            management,
            ..config()
        })
        .await
        .unwrap(),
        http: crate::support::http(),
        token: String::new(),
    };
    let audience = caller.emulator.audience();
    let assertion = key(0).assertion(OPERATOR.0, &caller.emulator.tenant_url());
    let token = caller.ask_with(&assertion, &audience).await;
    assert_eq!(token.status, 200, "{token:?}");
    let list = caller
        .bare("GET", "/clients")
        .bearer_auth(token.field("access_token"));
    assert_eq!(read(list).await.status, 200);
    assert_eq!(caller.login().await.status, 401, "the secret is good for nothing");
    let wrong = key(1).assertion(OPERATOR.0, &caller.emulator.tenant_url());
    assert_eq!(caller.ask_with(&wrong, &audience).await.status, 401);
    let no_key = Management {
        public_key: Some("none".to_owned()),
        ..Config::default().management
    };
    let config = Config {
        management: no_key,
        ..config()
    };
    assert!(authserver_emulator::auth0::Emulator::start(config).await.is_err());
}

#[tokio::test]
async fn a_tenant_may_have_another_address() {
    let tenant = "https://tenant.example";
    let caller = Caller::with(Config {
        tenant_url: Some(tenant.to_owned()),
        tenant: "mine".to_owned(),
        ..config()
    })
    .await;
    assert_eq!(caller.emulator.audience(), "https://tenant.example/api/v2/");
    let list = caller.list("").await.json();
    assert_eq!(list[0]["tenant"], "mine");
    let listened = format!("{}/api/v2/", caller.emulator.url());
    let wrong = caller.ask_by_secret(OPERATOR.0, OPERATOR.1, &listened).await;
    assert_eq!(wrong.status, 403);
    let client = caller.keyed("x", &[key(0)]).await;
    let id = text(&client, "client_id");
    for address in [tenant, &caller.emulator.url()] {
        let assertion = key(0).assertion(id, address);
        assert_eq!(caller.ask_with(&assertion, API).await.status, 200, "{address}");
    }
}

#[tokio::test]
async fn tokens_end_and_others_are_not_taken() {
    let mut caller = Caller::start().await;
    let client = caller.granted("x").await;
    let other = caller.ask_for(&client).await.field("access_token");
    caller.set(&[("management_token_seconds", "0")]);
    let short = caller.login().await;
    assert_eq!(short.json()["expires_in"], 0);
    let asked = |token: String| {
        let request = caller.bare("GET", "/clients").bearer_auth(token);
        read(request)
    };
    for (answer, message) in [
        (
            read(caller.bare("GET", "/clients")).await,
            "Missing authentication",
        ),
        (asked("nonsense".to_owned()).await, "Invalid token"),
        (asked(other).await, "Invalid token"),
        (
            asked(short.field("access_token")).await,
            "Expired token received for JSON Web Token validation",
        ),
    ] {
        refused(&answer, 401, "", message);
        assert!(answer.challenged, "{message}");
    }
    assert_eq!(caller.list("").await.status, 200);
    caller.emulator.end_tokens();
    refused(&caller.list("").await, 401, "", "Invalid token");
    caller.set(&[("challenge", "false"), ("management_token_seconds", "60")]);
    assert!(!caller.list("").await.challenged);
    caller.token = caller.login().await.field("access_token");
    assert_eq!(caller.list("").await.status, 200);
}

/// Every call, made as a caller who has these scopes; the ids are those of things that are there.
async fn calls(caller: &Caller, ids: &[String; 4]) -> Vec<(&'static str, Read)> {
    let [client, credential, grant, api] = ids;
    let path = crate::caller::client(client);
    let key_path = format!("{}/{credential}", credentials(client));
    let grant_path = format!("/client-grants/{grant}");
    let api_path = format!("/resource-servers/{api}");
    let name = json!({ "name": "y" });
    let end = json!({ "expires_at": null });
    let scope = json!({ "scope": [] });
    let new_grant = json!({ "client_id": client, "audience": API, "scope": [] });
    let new_api = json!({ "identifier": "urn:new" });
    let new_key = json!({ "credential_type": "public_key", "pem": key(1).pem() });
    vec![
        ("create:clients", caller.register(&name).await),
        ("read:clients", caller.list("").await),
        ("read:clients", caller.get(client).await),
        ("update:clients", caller.update(client, &name).await),
        (
            "update:client_keys",
            caller.update(client, &json!({ "client_secret": "s" })).await,
        ),
        ("update:client_keys", caller.rotate(client).await),
        (
            "read:client_credentials",
            caller.call("GET", &credentials(client)).await,
        ),
        ("read:client_credentials", caller.call("GET", &key_path).await),
        (
            "create:client_credentials",
            caller.send("POST", &credentials(client), &new_key).await,
        ),
        (
            "update:client_credentials",
            caller.send("PATCH", &key_path, &end).await,
        ),
        (
            "delete:client_credentials",
            caller.call("DELETE", &key_path).await,
        ),
        ("read:client_grants", caller.call("GET", "/client-grants").await),
        ("read:client_grants", caller.call("GET", &grant_path).await),
        (
            "create:client_grants",
            caller.send("POST", "/client-grants", &new_grant).await,
        ),
        (
            "update:client_grants",
            caller.send("PATCH", &grant_path, &scope).await,
        ),
        ("delete:client_grants", caller.call("DELETE", &grant_path).await),
        (
            "read:resource_servers",
            caller.call("GET", "/resource-servers").await,
        ),
        ("read:resource_servers", caller.call("GET", &api_path).await),
        (
            "create:resource_servers",
            caller.send("POST", "/resource-servers", &new_api).await,
        ),
        (
            "update:resource_servers",
            caller.send("PATCH", &api_path, &name).await,
        ),
        ("delete:resource_servers", caller.call("DELETE", &api_path).await),
        ("delete:clients", caller.call("DELETE", &path).await),
    ]
}

/// As an operator with these scopes, and the ids of things that are there: a client, its credential, another client's
/// grant, and an API.
async fn with(scopes: &[&str]) -> (Caller, [String; 4]) {
    let mut caller = Caller::start().await;
    let client = caller.registered("x").await["client_id"].clone();
    let client = client.as_str().unwrap_or_default().to_owned();
    let credential = caller.add_key(&client, key(0)).await.field("id");
    let other = caller.registered("other").await;
    let grant = caller.grant(&other, API, &["read"]).await.field("id");
    let api = caller.emulator.apis()[1].id.clone();
    caller.emulator.edit_grants(|grants| {
        grants[0].scope = scopes.iter().map(ToString::to_string).collect();
    });
    caller.token = caller.login().await.field("access_token");
    (caller, [client, credential, grant, api])
}

#[tokio::test]
async fn each_call_needs_its_scope() {
    let (caller, ids) = with(&SCOPES).await;
    for (scope, answer) in calls(&caller, &ids).await {
        assert!((200..300).contains(&answer.status), "{scope}: {answer:?}");
    }
    let (caller, ids) = with(&[]).await;
    let before = caller.emulator.state();
    for (scope, answer) in calls(&caller, &ids).await {
        refused(
            &answer,
            403,
            "insufficient_scope",
            "Insufficient scope, expected any of: ",
        );
        assert!(answer.text.contains(scope), "{scope}: {answer:?}");
    }
    assert_eq!(caller.emulator.state(), before);
    for scope in SCOPES {
        let (caller, ids) = with(&without(&[scope])).await;
        // Whoever may read keys may read clients.
        let others_do =
            scope.starts_with("read:client_") && scope != "read:client_grants" || scope == "read:clients";
        for (needed, answer) in calls(&caller, &ids).await {
            let denied = needed == scope && (!others_do || needed == "read:client_credentials");
            assert_eq!(answer.status == 403, denied, "{scope}: {needed} {answer:?}");
        }
    }
}

#[tokio::test]
async fn only_keys_scopes_show_what_authenticates() {
    let keys = ["client_authentication_methods", "client_secret", "signing_keys"];
    for (scopes, general, secret) in [
        (&["read:clients"][..], true, false),
        (&["read:client_keys"], true, true),
        (&["read:clients", "read:client_credentials"], true, true),
        (&["read:client_credentials"], false, true),
        (&["read:client_summary"], false, false),
    ] {
        let caller = Caller::with(with_scopes(scopes)).await;
        let client = caller.emulator.add_client("x");
        let read = caller.get(&client.client_id).await.json();
        let list = caller.list("").await.json();
        for shown in [&read, &list[1]] {
            assert_eq!(shown["name"], "x");
            assert_eq!(shown.get("grant_types").is_some(), general, "{scopes:?}");
            assert_eq!(
                shown["client_secret"] == json!(client.client_secret),
                secret,
                "{scopes:?}"
            );
            assert_eq!(
                keys.iter().any(|field| shown.get(field).is_some()),
                secret,
                "{scopes:?}"
            );
        }
    }
}

#[tokio::test]
async fn change_secret() {
    let scopes = [
        "create:clients",
        "read:clients",
        "update:clients",
        "update:client_keys",
    ];
    for (value, shown) in [("by_scope", false), ("always", true)] {
        let caller = Caller::with(with_scopes(&scopes)).await;
        caller.set(&[("change_secret", value)]);
        let made = caller.registered("x").await;
        let id = text(&made, "client_id");
        let rotated = caller.rotate(id).await.json();
        let changed = caller.update(id, &json!({ "name": "y" })).await.json();
        for answer in [&made, &rotated, &changed] {
            assert_eq!(answer.get("client_secret").is_some(), shown, "{value}");
            assert!(answer["grant_types"].is_array());
        }
        assert!(caller.get(id).await.json().get("client_secret").is_none());
    }
}

#[tokio::test]
async fn patch_scopes() {
    let name = json!({ "name": "y" });
    let secret = json!({ "client_secret": "s" });
    let methods = json!({ "client_authentication_methods": null });
    for (scope, allowed) in [
        ("update:clients", [true, false, false]),
        ("update:client_keys", [false, true, false]),
        ("update:client_credentials", [false, false, true]),
        ("read:clients", [false, false, false]),
    ] {
        let caller = Caller::with(with_scopes(&[scope])).await;
        let id = caller.emulator.add_client("x").client_id;
        for (change, allowed) in [&name, &secret, &methods].into_iter().zip(allowed) {
            let status = if allowed { 200 } else { 403 };
            assert_eq!(
                caller.update(&id, change).await.status,
                status,
                "{scope} {change}"
            );
        }
        caller.set(&[("patch_scopes", "any")]);
        let status = if scope == "read:clients" { 403 } else { 200 };
        for change in [&name, &secret, &methods] {
            assert_eq!(
                caller.update(&id, change).await.status,
                status,
                "{scope} {change}"
            );
        }
    }
}

#[tokio::test]
async fn a_token_keeps_the_scopes_it_was_issued_with() {
    let mut caller = Caller::start().await;
    let grant = json!({
        "client_id": OPERATOR.0, "audience": caller.emulator.audience(), "scope": ["read:clients"],
    });
    caller.control("PUT", "/grants", Some(&grant)).await;
    assert_eq!(caller.register(&wish("x")).await.status, 201);
    caller.token = caller.login().await.field("access_token");
    refused(
        &caller.register(&wish("y")).await,
        403,
        "insufficient_scope",
        "create:clients",
    );
    let empty: Value =
        json!({ "client_id": OPERATOR.0, "audience": caller.emulator.audience(), "scope": [] });
    caller.control("PUT", "/grants", Some(&empty)).await;
    let form = [
        GRANT,
        ("client_id", OPERATOR.0),
        ("client_secret", OPERATOR.1),
        ("audience", &caller.emulator.audience()),
    ];
    let none = caller.ask(&form).await;
    assert_eq!((none.status, none.json().get("scope")), (200, None));
    let wrong_type = [
        GRANT,
        ("client_assertion_type", ASSERTION),
        ("client_assertion", "x"),
    ];
    assert_eq!(caller.ask(&wrong_type).await.status, 401);
}
