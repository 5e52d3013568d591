//! Something that the operator needs goes away and comes back, or the operator itself is told to go.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use authserver_emulator::misbehave::{Behaviour, Rule};
use futures::FutureExt as _;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::component::{API_SERVER, wait_answers};
use crate::stage::until::{SOON, holds, throughout, until};
use crate::stage::world::{INSTALLED, NAMESPACE};
use crate::stage::{App, Scene, World};

pub async fn a_stop_lets_a_call_in_flight_finish(world: &'static World) {
    let scene = Scene::start(world, "stop").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let before = app.assert_sound("read").await;
    let slow = Behaviour::DelayAfter { ms: 2_000 };
    scene.emulator.misbehave(Rule::on("rotate", slow)).unwrap();
    app.rotate("one").await;
    app.until("the rotation is under way", async || {
        holds(scene.calls("rotate") == 1, "it is not")
    })
    .await;
    let status = world.operator.stop().await;
    assert!(status.success(), "{status}\n{}", world.operator.log_end(20));
    // What the server answered is kept: nothing has to be found out when it starts again.
    let record = app.record().await.unwrap();
    assert!(record["intent"].is_null(), "the outcome was not recorded");
    world.operator.start_and_wait().await;
    assert_ne!(app.wait_sound("read").await, before);
    assert_eq!(scene.calls("rotate"), 1);
}

pub async fn rights_are_taken_away_for_a_while(world: &'static World) {
    let scene = Scene::start(world, "rights").await;
    let settled = scene.app("settled").await.ready(json!({})).await;
    let process = world.operator.id();
    let cluster: Api<ClusterRoleBinding> = Api::all(world.kube.clone());
    let own: Api<RoleBinding> = Api::namespaced(world.kube.clone(), NAMESPACE);

    // All that it may do outside of its own namespace.
    let app = scene.app("during").await;
    without(&cluster, async {
        settled.delete_secret().await;
        app.apply(json!({})).await;
        nothing_breaks(&app).await;
        assert!(app.find_secret().await.is_none());
    })
    .await;
    app.wait_sound("read").await;
    settled.wait_sound("read").await;

    // The records of what is registered cannot be kept up.
    let app = scene.app("without-ledger").await;
    let before = scene.mutations();
    without(&own, async {
        app.apply(json!({})).await;
        let message = app.wait_condition("Stalled", "True WriteDenied").await;
        assert!(message.contains("Platform team"), "{message}");
        app.wait_event("WriteDenied").await;
        nothing_breaks(&app).await;
        assert!(scene.mutations() - before <= 3, "{}", scene.journal());
        // A registration without a record would be an orphan.
        assert!(app.remote().is_empty() || app.record().await.is_some());
    })
    .await;
    app.wait_sound("read").await;
    assert_eq!(world.operator.id(), process);
    assert_eq!(scene.emulator.clients().len(), 3);
}

async fn nothing_breaks(app: &App<'_>) {
    let operator = &app.scene.world.operator;
    let evidence = async || operator.log_end(20);
    throughout(
        Duration::from_secs(8),
        "the operator lives on",
        evidence,
        async || {
            operator.alive()?;
            operator.lives().await
        },
    )
    .await;
}

/// Takes the operator's binding away for as long as `meanwhile` takes, however that ends.
async fn without<K>(bindings: &Api<K>, meanwhile: impl Future<Output = ()>)
where
    K: kube::Resource + Clone + DeserializeOwned + Serialize + std::fmt::Debug,
{
    let mut binding = bindings.get(INSTALLED).await.unwrap();
    bindings
        .delete(INSTALLED, &DeleteParams::default())
        .await
        .unwrap();
    let ended = AssertUnwindSafe(meanwhile).catch_unwind().await;
    binding.meta_mut().resource_version = None;
    binding.meta_mut().uid = None;
    bindings.create(&PostParams::default(), &binding).await.unwrap();
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}

pub async fn the_api_server_is_restarted(world: &'static World) {
    let scene = Scene::start(world, "restart").await;
    let settled = scene.app("settled").await.ready(json!({})).await;
    let pair = settled.assert_sound("read").await;
    let process = world.operator.id();

    API_SERVER.kill();
    // Long enough for every watch and every retry to have failed.
    let evidence = async || world.operator.log_end(20);
    throughout(
        Duration::from_secs(6),
        "the operator lives on",
        evidence,
        async || {
            world.operator.alive()?;
            world.operator.lives().await
        },
    )
    .await;
    API_SERVER.start();
    wait_answers(world).await;

    let app = until(SOON, "a client is applied", evidence, async || {
        let app = scene.app("after").await;
        app.try_apply(json!({}))
            .await
            .map_err(|error| error.to_string())?;
        Ok(app)
    })
    .await;
    app.wait_sound("read").await;
    settled.delete_secret().await;
    assert_eq!(settled.wait_sound("read").await, pair);
    world.operator.wait_ready().await;
    assert_eq!(world.operator.id(), process, "it was not restarted for it");
    assert_eq!((scene.calls("register"), scene.mutations()), (2, 2));
}
