//! A client is made and changed.

use std::collections::BTreeSet;

use serde_json::json;

use crate::stage::{Scene, World};

pub async fn create(world: &'static World) {
    let scene = Scene::start(world, "create").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    app.assert_sound("read").await;

    let secret = app.secret().await;
    let meaning = secret.meaning();
    assert_eq!(meaning.secret_type, "servicebinding.io/oauth2");
    assert_eq!(meaning.owners, ["OAuthClient/billing"]);
    assert_eq!(secret.text("type"), "oauth2");
    assert_eq!(secret.text("provider"), scene.id);
    assert_eq!(secret.text("token-uri"), scene.emulator.token_url());

    let object = app.get().await.unwrap();
    let status = object.status.unwrap();
    assert_eq!(
        status.client_id.as_deref(),
        Some(secret.text("client-id").as_str())
    );
    assert_eq!(status.binding.unwrap().name, "billing");
    assert_eq!(status.effective.unwrap().scopes.unwrap(), ["read"]);
    for (condition, wanted) in [
        ("Accepted", "True Accepted"),
        ("Registered", "True Registered"),
        ("SecretPublished", "True Published"),
        ("Verified", "True TokenIssued"),
    ] {
        app.wait_condition(condition, wanted).await;
    }
    let client = app.remote().remove(0);
    assert_eq!(
        app.wait_event("Registered").await,
        format!("client {} registered at {}", client.client_name, scene.id)
    );
    app.wait_event("SecretPublished").await;
    let told = app.events().await;
    let kinds: BTreeSet<&str> = told.iter().map(|(reason, _)| reason.as_str()).collect();
    assert_eq!(
        kinds,
        BTreeSet::from(["CredentialVerified", "Registered", "SecretPublished"])
    );
    assert_eq!(scene.mutations(), 1);
    // The happy path is told once, with no state in between.
    assert_eq!(status.observed_generation, Some(1));
}

pub async fn scopes_follow(world: &'static World) {
    let scene = Scene::start(world, "scopes").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let before = app.assert_sound("read").await;
    app.apply(json!({"scopes": ["write", "read"]})).await;
    let after = app.wait_sound("read write").await;
    assert!(before == after, "an edit is no rotation: {before:?}, {after:?}");
    app.apply(json!({"scopes": ["write"]})).await;
    app.wait_sound("write").await;
    assert_eq!((scene.calls("register"), scene.calls("put")), (1, 2));
}

pub async fn what_the_api_server_refuses_is_explained(world: &'static World) {
    let scene = Scene::bare(world, "refused").await;
    let app = scene.app("billing").await;
    for (spec, explained) in [
        (
            json!({"serverRef": {"kind": "ClusterAuthorizationServer", "name": "a/b"}}),
            "serverRef.name",
        ),
        (
            json!({"scopes": ["read write"]}),
            "give each scope as an item of its own",
        ),
        (
            json!({"grantTypes": ["password"]}),
            "use authorization_code with PKCE, or client_credentials",
        ),
        (json!({"scope": "read"}), "field not declared in schema"),
    ] {
        let refusal = app.try_apply(spec).await.unwrap_err().to_string();
        assert!(refusal.contains(explained), "{refusal}");
    }
    assert!(app.get().await.is_none());
}
