//! The published Secret is kept true.

use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::stage::until::{SOON, holds, until};
use crate::stage::{App, Scene, World};

const REPAIRS: usize = 50;

pub async fn fifty_deleted_secrets(world: &'static World) {
    let scene = Scene::start(world, "repairs").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    let mutations = scene.mutations();
    let mut times = Vec::new();
    for _ in 0..REPAIRS {
        let before = app.secret().await.uid();
        app.delete_secret().await;
        let deleted = Instant::now();
        loop {
            match app.find_secret().await {
                Some(secret) if secret.uid() != before => break assert!(secret.pair() == pair),
                _ if deleted.elapsed() > SOON => panic!("not repaired\n{}", app.evidence().await),
                _ => tokio::time::sleep(Duration::from_millis(3)).await,
            }
        }
        times.push(deleted.elapsed());
    }
    times.sort();
    let percentile = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    world.say(&format!(
        "repair of a deleted Secret, {REPAIRS} times: median {:?}, 99th percentile {:?}, longest {:?}",
        percentile(50),
        percentile(99),
        percentile(100)
    ));
    assert!(percentile(99) < Duration::from_secs(1));
    app.wait_sound("read").await;
    assert_eq!(
        scene.mutations(),
        mutations,
        "nothing is asked of the server for it"
    );
}

pub async fn an_altered_secret(world: &'static World) {
    let scene = Scene::start(world, "altered").await;
    let template = json!({"secret": {"labels": {"team": "payments"}, "annotations": {"note": "ours"}}});
    let app = scene.app("billing").await.ready(template).await;
    let before = app.secret().await;
    let label = |key: &str, value: Value| json!({"metadata": {"labels": {key: value}}});
    let annotation = |key: &str, value: Value| json!({"metadata": {"annotations": {key: value}}});
    for (what, alteration) in [
        ("a value", json!({"stringData": {"client-secret": "forged"}})),
        (
            "a value that is not text",
            json!({"data": {"client-secret": "/////w=="}}),
        ),
        ("a missing key", json!({"data": {"client-id": null}})),
        ("no data at all", json!({"data": null})),
        ("a key too many", json!({"stringData": {"extra": "x"}})),
        ("our label", label("app.kubernetes.io/managed-by", Value::Null)),
        (
            "another value of our label",
            label("app.kubernetes.io/managed-by", json!("Helm")),
        ),
        ("a label of the spec", label("team", Value::Null)),
        ("an annotation of the spec", annotation("note", json!("theirs"))),
        (
            "our annotation",
            annotation("oauthclient.dev/client", Value::Null),
        ),
        ("no owner", json!({"metadata": {"ownerReferences": null}})),
    ] {
        app.alter_secret(alteration).await;
        app.until(&format!("repaired: {what}"), async || {
            let now = app.find_secret().await.ok_or("there is no Secret")?;
            holds(now.uid() == before.uid(), "it is another Secret")?;
            match before.meaning().difference(&now.meaning()) {
                None => Ok(()),
                Some(difference) => Err(difference),
            }
        })
        .await;
    }
    // What others have added beside it is theirs.
    app.alter_secret(label("their", json!("label"))).await;
    app.alter_secret(json!({"stringData": {"client-secret": "forged"}}))
        .await;
    app.until("repaired, with their label", async || {
        let now = app.secret().await;
        holds(now.pair() == before.pair(), "not repaired")?;
        holds(now.meaning().labels.contains_key("their"), "their label is gone")
    })
    .await;
    app.wait_sound("read").await;
    assert_eq!(scene.mutations(), 1);

    // The API server does not let anybody change the type.
    let parameters = kube::api::PatchParams::default();
    let patch = kube::api::Patch::Merge(json!({"type": "Opaque"}));
    let refused = app.secrets().patch("billing", &parameters, &patch).await;
    assert!(refused.unwrap_err().to_string().contains("field is immutable"));
}

pub async fn a_secret_without_its_proof_is_somebody_elses(world: &'static World) {
    let scene = Scene::start(world, "no-proof").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    let altered = json!({
        "metadata": {"annotations": {"oauthclient.dev/publication": null}},
        "stringData": {"client-secret": "forged"},
    });
    app.alter_secret(altered).await;
    app.wait_condition("Ready", "False SecretNameTaken").await;
    assert_eq!(
        app.secret().await.text("client-secret"),
        "forged",
        "it is left alone"
    );
    app.delete_secret().await;
    assert_eq!(app.wait_sound("read").await, pair);
    assert_eq!(scene.mutations(), 1);
}

pub async fn an_immutable_secret_that_was_altered(world: &'static World) {
    let scene = Scene::start(world, "immutable").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    let before = app.secret().await.uid();
    app.alter_secret(json!({"immutable": true, "data": {"client-id": null}}))
        .await;
    wait_made_again(&app, &before).await;
    assert_eq!(app.wait_sound("read").await, pair);
    assert_eq!(scene.mutations(), 1);

    // A rotation cannot write into an immutable one either.
    app.alter_secret(json!({"immutable": true})).await;
    app.rotate("one").await;
    app.until("it is rotated", async || {
        let now = app.sound("read").await?;
        holds(now != pair, "it is not")
    })
    .await;
}

pub async fn a_secret_of_another_type_in_its_place(world: &'static World) {
    let scene = Scene::start(world, "other-type").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let pair = app.assert_sound("read").await;
    // Restored by a tool that keeps annotations and drops the type, while the operator looks away.
    app.apply(json!({"suspend": true})).await;
    let mut copy: Secret = app.secret().await.0;
    copy.type_ = Some("Opaque".to_owned());
    copy.metadata.resource_version = None;
    copy.metadata.uid = None;
    let made = until(
        SOON,
        "the copy is in its place",
        async || app.evidence().await,
        async || {
            app.delete_secret().await;
            let made = app.secrets().create(&PostParams::default(), &copy).await;
            made.map_err(|error| error.to_string())
        },
    )
    .await;
    app.apply(json!({})).await;
    wait_made_again(&app, &made.metadata.uid.unwrap()).await;
    assert_eq!(app.wait_sound("read").await, pair);
    assert_eq!(
        app.secret().await.meaning().secret_type,
        "servicebinding.io/oauth2"
    );
}

async fn wait_made_again(app: &App<'_>, before: &str) {
    app.until("the Secret is made again", async || {
        let now = app.find_secret().await.ok_or("it is away")?;
        holds(now.uid() != before, "it is the same")
    })
    .await;
}
