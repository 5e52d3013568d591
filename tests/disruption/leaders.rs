//! Two operators: one works, the other one stands by.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use serde_json::json;

use crate::stage::until::{LATER, SOON, holds, throughout, until};
use crate::stage::world::{INSTALLED, NAMESPACE};
use crate::stage::{Scene, World, operator::Operator};

/// Longer than a Lease lasts and a standby may take to see that it has.
const TAKEN_OVER: Duration = Duration::from_secs(25);

async fn wait_for(operator: &Operator, word: &str) {
    let evidence = async || operator.log_end(10);
    until(LATER, &format!("it is {word}"), evidence, async || {
        let said = operator.readiness().await?;
        holds(said.contains(word), said)
    })
    .await;
}

async fn holder(world: &World) -> String {
    let leases: Api<Lease> = Api::namespaced(world.kube.clone(), NAMESPACE);
    let lease = leases.get(INSTALLED).await.unwrap();
    let holder = lease.spec.and_then(|spec| spec.holder_identity);
    holder.unwrap_or_default()
}

/// Calls at servers that the metrics of a process know of, and whether it leads.
async fn calls(operator: &Operator) -> (Vec<String>, bool) {
    let metrics = operator.metrics().await;
    let calls = metrics
        .lines()
        .filter(|line| line.starts_with("oauthclient_provider_calls_total{"));
    let leads = metrics.lines().any(|line| line == "oauthclient_leader 1");
    (calls.map(str::to_owned).collect(), leads)
}

pub async fn a_standby_takes_over_from_a_leader_that_is_paused(world: &'static World) {
    let scene = Scene::start(world, "leaders").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let before = app.assert_sound("read").await;
    let first = &world.operator;
    wait_for(first, "leading").await;
    let second = first.beside();
    second.start_and_wait().await;
    wait_for(&second, "standby").await;
    let holder_before = holder(world).await;

    // A standby is ready, and does nothing at all.
    app.rotate("one").await;
    app.until("the first serves it", async || {
        holds(scene.calls("rotate") == 1, "not yet")
    })
    .await;
    app.wait_sound("read").await;
    assert_eq!(calls(&second).await, (Vec::new(), false));

    first.pause(true);
    let paused = Instant::now();
    app.rotate("two").await;
    app.until_within(LATER, "the second serves it", async || {
        holds(scene.calls("rotate") == 2, "not yet")
    })
    .await;
    let took = paused.elapsed();
    let pair = app.wait_sound("read").await;
    assert_ne!(pair, before);
    assert_ne!(holder(world).await, holder_before);
    let (of_first, _) = {
        // Work that the first would have to do if it thought that it still leads.
        app.rotate("three").await;
        app.until("the second serves this too", async || {
            holds(scene.calls("rotate") == 3, "not yet")
        })
        .await;
        app.wait_sound("read").await;
        let mutations = scene.mutations();
        first.pause(false);
        wait_for(first, "standby").await;
        let evidence = async || first.log_end(20);
        throughout(Duration::from_secs(8), "the first rests", evidence, async || {
            holds(scene.mutations() == mutations, scene.journal())
        })
        .await;
        calls(first).await
    };
    let told = format!("{of_first:?}");
    first.lives().await.unwrap();
    app.assert_sound("read").await;
    assert_eq!(calls(first).await, (of_first, false), "nothing more: {told}");

    // And back again: the second gives its Lease back.
    assert!(second.stop().await.success());
    wait_for(first, "leading").await;
    app.rotate("four").await;
    app.until("the first serves it", async || {
        holds(scene.calls("rotate") == 4, "not yet")
    })
    .await;
    app.wait_sound("read").await;
    world.witness.see("the log of the second", &second.log());
    world.say(&format!(
        "the standby served a rotation {:.1} s after the leader was paused",
        took.as_secs_f64()
    ));
    assert!(took < TAKEN_OVER, "{took:?}");
}

pub async fn a_leader_that_is_told_to_stop_is_followed_at_once(world: &'static World) {
    let scene = Scene::start(world, "followed").await;
    let app = scene.app("billing").await.ready(json!({})).await;
    let second = world.operator.beside();
    second.start_and_wait().await;
    wait_for(&second, "standby").await;
    assert!(world.operator.stop().await.success());
    let stopped = Instant::now();
    wait_for(&second, "leading").await;
    let took = stopped.elapsed();
    app.rotate("one").await;
    let evidence = async || second.log_end(20);
    until(SOON, "the second serves it", evidence, async || {
        holds(scene.calls("rotate") == 1, "not yet")
    })
    .await;
    app.wait_sound("read").await;
    assert!(second.stop().await.success());
    world.witness.see("the log of the second", &second.log());
    world.operator.start_and_wait().await;
    world.say(&format!(
        "the standby leads {:.1} s after the leader has stopped",
        took.as_secs_f64()
    ));
    assert!(took < Duration::from_secs(10), "{took:?}");
}
