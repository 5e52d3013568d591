//! Somebody changes things at the server behind the operator's back.

use serde_json::{Value, json};

use crate::stage::until::{MUCH_LATER, holds};
use crate::stage::{App, Pair, Scene, World};

/// The most frequent check that the schema takes.
fn often() -> Value {
    json!({"driftCheck": {"periodSeconds": 60}})
}

async fn soon_after_the_check<T>(
    app: &App<'_>,
    what: &str,
    look: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    app.until_within(MUCH_LATER, what, look).await
}

pub async fn a_client_that_was_deleted_at_the_server(world: &'static World) {
    let scene = Scene::with(world, "drift-deleted", often()).await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let before = app.assert_sound("read").await;
    scene.emulator.edit_clients(Vec::clear);
    let after = soon_after_the_check(&app, "it is registered again", async || {
        let pair = app.sound("read").await?;
        holds(pair != before, "it is as before")?;
        Ok(pair)
    })
    .await;
    scene.assert_accepted(&after).await;
    assert_eq!(scene.calls("register"), 2);
}

pub async fn a_client_that_was_edited_at_the_server(world: &'static World) {
    let scene = Scene::with(world, "drift-edited", often()).await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let before = app.assert_sound("read").await;
    scene.emulator.edit_clients(|clients| {
        for client in clients {
            "read admin".clone_into(&mut client.scope);
        }
    });
    let after = soon_after_the_check(&app, "it is put right", async || app.sound("read").await).await;
    assert_eq!(after, before);
    assert_eq!((scene.calls("put"), scene.mutations()), (1, 2));
}

pub async fn a_credential_that_was_replaced_at_the_server(world: &'static World) {
    let scene = Scene::with(world, "drift-replaced", often()).await;
    let app = scene.app("billing").await.ready(json!({})).await;
    scene.emulator.edit_clients(|clients| {
        for client in clients {
            "replaced-by-hand".clone_into(&mut client.client_id);
        }
    });
    let after: Pair = soon_after_the_check(&app, "it is published", async || app.sound("read").await).await;
    assert_eq!(after.id, "replaced-by-hand");
    assert_eq!(
        scene.mutations(),
        1,
        "there is nothing to put right at the server"
    );
}
