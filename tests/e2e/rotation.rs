//! A credential is replaced when the annotation says so.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use kube::runtime::watcher;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::stage::until::holds;
use crate::stage::{App, Pair, Published, Scene, World};

/// Every pair that a Secret ever held, as a watch sees it.
struct Held {
    pairs: Arc<Mutex<Vec<Pair>>>,
    watching: JoinHandle<()>,
}

impl Held {
    async fn by(app: &App<'_>) -> Self {
        let pairs = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&pairs);
        let config = watcher::Config::default().fields(&format!("metadata.name={}", app.name));
        let mut changes = Box::pin(watcher(app.secrets(), config));
        let watching = tokio::spawn(async move {
            while let Some(Ok(change)) = changes.next().await {
                if let watcher::Event::Apply(secret) | watcher::Event::InitApply(secret) = change {
                    notes.lock().unwrap().push(Published(secret).pair());
                }
            }
        });
        let held = Self { pairs, watching };
        app.until("the watch has begun", async || {
            holds(!held.pairs().is_empty(), "nothing yet")
        })
        .await;
        held
    }

    fn pairs(&self) -> BTreeSet<(String, String)> {
        let pairs = self.pairs.lock().unwrap();
        pairs
            .iter()
            .map(|pair| (pair.id.clone(), pair.secret.clone()))
            .collect()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

pub async fn in_place(world: &'static World) {
    let scene = Scene::start(world, "in-place").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let old = app.assert_sound("read").await;
    let held = Held::by(&app).await;

    app.rotate("one").await;
    let new = app
        .until("another credential is published", async || {
            let pair = app.sound("read").await?;
            holds(pair != old, "it is the old one")?;
            holds(held.pairs().len() > 1, "the watch has not seen it")?;
            Ok(pair)
        })
        .await;
    assert!(
        old.id != new.id && old.secret != new.secret,
        "here a rotation replaces both"
    );
    scene.assert_accepted(&new).await;
    scene.assert_refused(&old).await;
    // Nobody could ever read the one's id with the other's secret.
    assert_eq!(held.pairs().len(), 2);

    // The status comes after the Secret.
    let rotation = app
        .until("the rotation is told", async || {
            let status = app.get().await.unwrap().status;
            let told = status.and_then(|status| status.rotation);
            told.ok_or_else(|| "it is not".to_owned())
        })
        .await;
    assert_eq!(rotation.last_handled_trigger.as_deref(), Some("one"));
    assert!(rotation.last_rotation_time.is_some());
    app.wait_event("RotationStarted").await;

    // The same value again asks for nothing; another one does.
    app.patch(json!({"metadata": {"annotations": {"oauthclient.dev/rotate": null}}}))
        .await;
    app.rotate("one").await;
    app.rotate("two").await;
    app.until("the next value is served", async || {
        let pair = app.sound("read").await?;
        holds(pair != new, "it is the one before")
    })
    .await;
    assert_eq!((scene.calls("rotate"), scene.calls("register")), (2, 1));
}

pub async fn with_an_overlap(world: &'static World) {
    const OVERLAP: Duration = Duration::from_secs(8);
    // Times are told in whole seconds, and it takes a moment to see them.
    const LEAST: Duration = Duration::from_secs(6);
    let scene = Scene::start(world, "overlap").await;
    let rotation = json!({"rotation": {"overlapSeconds": OVERLAP.as_secs()}});
    let app = scene.app("billing").await.ready(rotation).await;
    let old = app.assert_sound("read").await;

    app.rotate("one").await;
    let message = app.wait_condition("Rotating", "True Overlap").await;
    assert!(message.contains("restart consumers before then"), "{message}");
    let seen = Instant::now();
    app.wait_condition("Ready", "True Ready").await;
    let new = app.secret().await.pair();
    assert_ne!(new, old);
    scene.assert_accepted(&new).await;
    scene.assert_accepted(&old).await;
    let status = app.get().await.unwrap().status.unwrap().rotation.unwrap();
    assert_eq!(status.previous_client_id.as_deref(), Some(old.id.as_str()));
    assert!(status.overlap_end_time.is_some());

    app.wait_condition("Rotating", "False Completed").await;
    app.until("the previous client is removed", async || {
        holds(app.remote().len() == 1, "both are there")
    })
    .await;
    assert!(
        seen.elapsed() >= LEAST,
        "removed after {:?}, promised: {OVERLAP:?}",
        seen.elapsed()
    );
    assert_eq!(app.wait_sound("read").await, new);
    scene.assert_refused(&old).await;
}

pub async fn the_value_at_creation_rotates_nothing(world: &'static World) {
    let scene = Scene::start(world, "at-creation").await;
    // Nobody looks at it yet: no server of that name is there.
    scene.delete_server().await;
    let app = scene.app("billing").await;
    app.apply(json!({})).await;
    app.rotate("was there").await;
    scene.apply_server(json!({})).await;
    let first = app.wait_sound("read").await;
    // An edit makes the operator look again at everything.
    app.apply(json!({"scopes": ["read", "write"]})).await;
    let second = app.wait_sound("read write").await;
    assert_eq!(first, second);
    assert_eq!(scene.calls("rotate"), 0);
}
