//! Discovery and registration as they are documented.

use authserver_emulator::dynamic_registration::Config;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::caller::{Caller, machine, place, refusal, with};
use crate::support::Read;

#[tokio::test]
async fn both_documents_name_the_endpoints() {
    let caller = Caller::start().await;
    let url = caller.emulator.url();
    assert_eq!(caller.emulator.issuer(), url);
    let oauth = caller.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(
        (oauth.status, oauth.content_type.as_deref()),
        (200, Some("application/json"))
    );
    let oauth = oauth.json();
    let openid = caller.get("/.well-known/openid-configuration").await.json();
    for document in [&oauth, &openid] {
        assert_eq!(document["issuer"], json!(url));
        assert_eq!(
            document["registration_endpoint"],
            json!(caller.emulator.registration_url())
        );
        assert_eq!(document["token_endpoint"], json!(caller.emulator.token_url()));
        assert_eq!(document["scopes_supported"], json!(["a", "b", "c"]));
        assert_eq!(
            document["token_endpoint_auth_methods_supported"],
            json!(["client_secret_basic", "client_secret_post", "none"])
        );
    }
    assert!(openid["id_token_signing_alg_values_supported"].is_array());
    assert!(oauth.get("id_token_signing_alg_values_supported").is_none());
    assert_eq!(caller.emulator.counters().of("discover"), 2);
    assert_eq!(caller.emulator.counters().changes, 0);
}

#[tokio::test]
async fn an_issuer_with_a_path_has_its_documents_where_the_standards_say() {
    let caller = Caller::with(Config {
        issuer_path: "/tenants/a".to_owned(),
        ..Config::default()
    })
    .await;
    let issuer = caller.emulator.url() + "/tenants/a";
    assert_eq!(caller.emulator.issuer(), issuer);
    assert_eq!(caller.emulator.registration_url(), issuer.clone() + "/register");
    for path in [
        "/.well-known/oauth-authorization-server/tenants/a",
        "/tenants/a/.well-known/openid-configuration",
    ] {
        let answer = caller.get(path).await;
        assert_eq!(
            (answer.status, answer.field("issuer")),
            (200, issuer.clone()),
            "{path}"
        );
    }
    for path in [
        "/tenants/a/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration/tenants/a",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        assert_eq!(caller.get(path).await.status, 404, "{path}");
    }
    assert_eq!(caller.emulator.counters().of("discover"), 6);
    assert_eq!(caller.emulator.counters().of("other"), 0);
    caller.registered("x").await;
    let outside = caller.request("POST", &(caller.emulator.url() + "/register"));
    let outside = outside.json(&machine("y")).send().await.unwrap();
    assert_eq!(outside.status().as_u16(), 404);
}

#[tokio::test]
async fn its_addresses_begin_with_the_public_one() {
    let caller = Caller::with(Config {
        public_url: Some("https://login.example".to_owned()),
        issuer_path: "/a".to_owned(),
        ..Config::default()
    })
    .await;
    assert_eq!(
        caller.emulator.registration_url(),
        "https://login.example/a/register"
    );
    let document = caller.get("/a/.well-known/openid-configuration").await;
    assert_eq!(document.field("issuer"), "https://login.example/a");
    let client = caller.request("POST", &(caller.emulator.url() + "/a/register"));
    let client: Value = client
        .json(&machine("x"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let id = client["client_id"].as_str().unwrap();
    assert_eq!(
        client["registration_client_uri"],
        json!(format!("https://login.example/a/register/{id}"))
    );
    let here = caller.emulator.management_url(id).unwrap();
    assert_eq!(here, format!("{}/a/register/{id}", caller.emulator.url()));
}

#[tokio::test]
async fn a_client_is_registered_as_documented() {
    let caller = Caller::start().await;
    let document = with(
        &machine("x"),
        &json!({ "software_id": "soft", "software_version": "7", "contacts": ["me@example.com"], "client_name#ja": "x" }),
    );
    let answer = caller.register(&document).await;
    assert_eq!(
        (answer.status, answer.content_type.as_deref()),
        (201, Some("application/json"))
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let body = answer.json();
    for (name, value) in document.as_object().unwrap() {
        assert_eq!(&body[name], value, "{name}");
    }
    assert_eq!(body["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(body["client_secret_expires_at"], 0);
    let age = Timestamp::now().as_second() - body["client_id_issued_at"].as_i64().unwrap();
    assert!((0..60).contains(&age), "{age}");
    let id = answer.field("client_id");
    assert_eq!(
        answer.field("registration_client_uri"),
        format!("{}/{id}", caller.emulator.registration_url())
    );
    assert_eq!(
        body.as_object().unwrap().len(),
        document.as_object().unwrap().len() + 7
    );

    let client = caller.there(&body);
    assert_eq!(client.client_secret, Some(answer.field("client_secret")));
    assert_eq!(
        client.registration_access_token,
        Some(answer.field("registration_access_token"))
    );
    assert_eq!(
        (
            client.client_name(),
            client.software_id(),
            client.software_version()
        ),
        (Some("x"), Some("soft"), Some("7"))
    );
    assert_eq!(client.metadata["contacts"], json!(["me@example.com"]));
    assert!(caller.emulator.verify_pair(&id, &answer.field("client_secret")));
}

#[tokio::test]
async fn the_same_again_makes_a_second_client() {
    let caller = Caller::start().await;
    let document = with(&machine("x"), &json!({ "software_id": "soft" }));
    let first = caller.register(&document).await;
    let second = caller.register(&document).await;
    assert_eq!((first.status, second.status), (201, 201));
    for field in ["client_id", "client_secret", "registration_access_token"] {
        assert_ne!(first.field(field), second.field(field));
    }
    caller.registered("other").await;
    assert_eq!(caller.emulator.clients_of_software("soft").len(), 2);
    assert_eq!(caller.emulator.clients().len(), 3);
    assert_eq!(caller.emulator.counters().of("register"), 3);
    assert_eq!(caller.emulator.requests()[0].client.as_deref(), Some("x"));
}

#[tokio::test]
async fn id_and_secret_are_the_servers_choice() {
    let caller = Caller::start().await;
    let wish = json!({
        "client_id": "mine", "client_secret": "mine", "registration_access_token": "mine", "client_id_issued_at": 1,
    });
    let answer = caller.register(&with(&machine("x"), &wish)).await;
    assert_eq!(answer.status, 201);
    assert!(!answer.text.contains("mine"), "{}", answer.text);
}

#[tokio::test]
async fn a_public_client_has_no_secret() {
    let caller = Caller::start().await;
    let public = json!({ "token_endpoint_auth_method": "none", "redirect_uris": ["https://app.example/cb"] });
    let answer = caller.register(&public).await;
    assert_eq!(answer.status, 201);
    let body = answer.json();
    assert!(body.get("client_secret").is_none() && body.get("client_secret_expires_at").is_none());
    assert_eq!(body["grant_types"], json!(["authorization_code"]));
    assert_eq!(body["response_types"], json!(["code"]));
    assert_eq!(caller.there(&body).client_secret, None);
    assert_eq!(
        caller.emulator.requests()[0].client,
        None,
        "it has no name yet that it could be told by"
    );
    caller.read(&body).await;
    assert_eq!(
        caller.emulator.requests()[1].client.as_deref(),
        body["client_id"].as_str(),
        "a client without a name goes by its id"
    );
}

#[tokio::test]
async fn a_registration_may_need_an_initial_access_token() {
    let caller = Caller::with(Config {
        initial_access_token: Some("initial".to_owned()),
        ..Config::default()
    })
    .await;
    let url = caller.emulator.registration_url();
    let post = async |token: Option<&str>| {
        let request = caller.request("POST", &url).json(&machine("x"));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        Read::of(request.send().await.unwrap()).await
    };
    let nobody = post(None).await;
    assert_eq!(refusal(&nobody), (401, "invalid_token".to_owned()));
    assert_eq!(
        nobody.header("www-authenticate"),
        Some("Bearer realm=\"registration\"")
    );
    let wrong = post(Some("wrong")).await;
    assert_eq!(wrong.status, 401);
    assert!(
        wrong
            .header("www-authenticate")
            .unwrap()
            .contains("error=\"invalid_token\"")
    );
    for _ in 0..2 {
        assert_eq!(post(Some("initial")).await.status, 201, "it is not used up");
    }
    caller.emulator.set_initial_access_token(Some("new"));
    assert_eq!(post(Some("initial")).await.status, 401);
    assert_eq!(post(Some("new")).await.status, 201);
    caller.emulator.set_initial_access_token(None);
    assert_eq!(post(None).await.status, 201);
    caller.emulator.reset();
    assert_eq!(post(None).await.status, 401);
    assert_eq!(post(Some("initial")).await.status, 201);
}

#[tokio::test]
async fn a_registration_may_need_a_software_statement() {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let statement = |claims: &Value| format!("{}.{}.c2ln", part(&json!({ "alg": "none" })), part(claims));
    let approved = statement(&json!({ "software_id": "stated", "client_name": "stated", "iss": "x" }));
    let caller = Caller::with(Config {
        software_statements: vec![approved.clone()],
        ..Config::default()
    })
    .await;
    let register = async |statement: &Value| {
        let more = json!({ "software_statement": statement, "software_id": "said" });
        caller.register(&with(&machine("said"), &more)).await
    };
    let answer = register(&json!(approved)).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.field("software_statement"), approved);
    assert_eq!(
        answer.field("software_id"),
        "stated",
        "a statement goes before what stands beside it"
    );
    assert!(answer.json().get("iss").is_none());
    let other = statement(&json!({ "software_id": "other" }));
    for (statement, error) in [
        (Value::Null, "invalid_software_statement"),
        (json!("nonsense"), "invalid_software_statement"),
        (json!("a.b.c"), "invalid_software_statement"),
        (json!(7), "invalid_software_statement"),
        (json!(other), "unapproved_software_statement"),
    ] {
        let answer = register(&statement).await;
        assert_eq!(refusal(&answer), (400, error.to_owned()), "{statement}");
    }
    let open = Caller::start().await;
    let answer = open
        .register(&with(&machine("x"), &json!({ "software_statement": approved })))
        .await;
    assert_eq!(answer.status, 201);
    assert!(
        answer.json().get("software_statement").is_none(),
        "ignored where it is not supported"
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let caller = Caller::start().await;
    for path in [
        "/",
        "/register/",
        "/register/a/b",
        "/authorize",
        "/manage//client",
        "/manage/x",
    ] {
        assert_eq!(caller.get(path).await.status, 404, "{path}");
    }
    for (path, allowed) in [("/register", "POST"), ("/token", "POST")] {
        let answer = caller.get(path).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allowed)),
            "{path}"
        );
    }
    let client = caller.registered("x").await;
    let (url, token) = place(&client);
    let patch = caller.manage("PATCH", url, token, None).await;
    assert_eq!(
        (patch.status, patch.header("allow")),
        (405, Some("GET, PUT, DELETE"))
    );
    let discovery = caller.emulator.url() + "/.well-known/openid-configuration";
    let post = caller.request("POST", &discovery).send().await.unwrap();
    assert_eq!(post.status().as_u16(), 405);
}
