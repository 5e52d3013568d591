//! Who may have what: the server's rules, and what is switched off.

use serde_json::json;

use crate::stage::until::{holds, throughout};
use crate::stage::{Scene, World};
use crate::support::namespace_named;

pub async fn a_namespace_that_no_rule_selects(world: &'static World) {
    let scene = Scene::start(world, "ns-not-allowed").await;
    let namespace = scene
        .namespace_with("elsewhere", json!({"team": "payments"}))
        .await;
    let app = scene.app_in(&namespace, "billing");
    app.apply(json!({})).await;
    let message = app.wait_condition("Ready", "False NamespaceNotAllowed").await;
    assert!(
        message.contains(&format!(
            "no access rule of {} is for namespace {namespace}",
            scene.id
        )),
        "{message}"
    );
    app.wait_condition("Accepted", "False NamespaceNotAllowed").await;
    app.wait_condition("Stalled", "True NamespaceNotAllowed").await;
    assert_eq!(scene.mutations(), 0);

    // The platform team labels the namespace.
    let labels = json!({"e2e.example.com/scene": scene.id});
    namespace_named(&world.kube, &namespace, labels).await;
    app.wait_sound("read").await;
}

pub async fn a_scope_that_no_rule_allows(world: &'static World) {
    let scene = Scene::start(world, "scope-not-allowed").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    let secret = app.secret().await.version();

    app.apply(json!({"scopes": ["read", "admin"]})).await;
    let message = app.wait_condition("Ready", "False NotAllowedByPolicy").await;
    assert!(
        message.contains("scope admin is not allowed here; allowed: read, write"),
        "{message}"
    );
    assert!(
        message.contains(&format!("ask the owner of {}", scene.id)),
        "{message}"
    );
    // What was there before works on.
    assert_eq!(app.secret().await.version(), secret);
    assert_eq!(app.remote()[0].scope, "read");
    scene.assert_accepted(&pair).await;
    let warnings = async || {
        let events = app.events().await;
        events
            .iter()
            .filter(|(reason, _)| reason == "NotAllowedByPolicy")
            .count()
    };
    app.wait_event("NotAllowedByPolicy").await;
    assert_eq!(warnings().await, 1, "one for a generation");

    app.apply(json!({"scopes": ["write"]})).await;
    assert_eq!(app.wait_sound("write").await, pair);
}

pub async fn a_scope_that_the_server_does_not_have(world: &'static World) {
    let rules = json!([{"name": "all", "namespaces": {"from": "All"}, "scopes": ["*"]}]);
    let scene = Scene::with(world, "scope-missing", json!({"accessRules": rules})).await;
    let app = scene.app("billing").await;
    app.apply(json!({"scopes": ["read", "fresh"]})).await;
    let message = app.wait_condition("Ready", "False ScopeNotFound").await;
    assert!(message.contains("scope fresh does not exist"), "{message}");
    assert_eq!(scene.mutations(), 0);

    let provider = json!({"digitalRoute": {"scopeProvisioning": "Create"}});
    scene
        .apply_server(json!({"accessRules": rules, "provider": provider}))
        .await;
    app.wait_sound("fresh read").await;
    assert!(scene.emulator.scopes().contains(&"fresh".to_owned()));
}

pub async fn suspend_stops_changes_and_not_repair(world: &'static World) {
    let scene = Scene::start(world, "suspend").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    app.apply(json!({"suspend": true, "scopes": ["write"]})).await;
    app.rotate("one").await;
    app.wait_condition("Ready", "False Suspended").await;
    app.delete_secret().await;
    app.until("the Secret comes back", async || {
        let secret = app.find_secret().await.ok_or("it is away")?;
        holds(secret.pair() == pair, "it holds another pair")
    })
    .await;
    let evidence = async || app.evidence().await;
    throughout(
        std::time::Duration::from_secs(5),
        "nothing is changed",
        evidence,
        async || holds(scene.mutations() == 1, format!("{} mutations", scene.mutations())),
    )
    .await;
    app.apply(json!({"suspend": false, "scopes": ["write"]})).await;
    app.until("what has waited is done", async || {
        let now = app.sound("write").await?;
        holds(now != pair, "it was not rotated")
    })
    .await;
    assert_eq!(scene.calls("rotate"), 1);
}
