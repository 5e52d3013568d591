//! The operator is killed at random moments under load, and started again.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::RngExt as _;
use serde_json::json;

use crate::stage::until::{MUCH_LATER, holds};
use crate::stage::{App, Scene, World};

const CLIENTS: usize = 20;
const KILLS: usize = 5;
/// After a lost answer nothing new is asked for until late deliveries are over. Here none is late, and nobody wants to
/// wait for two minutes.
/// And each process goes to work at once, instead of when the Lease of the one that was killed has run out.
const AT_ONCE: [&str; 2] = ["--late-delivery-seconds=15", "--leader-election=false"];

/// What happens to the client of a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Edited,
    Rotated,
    EditedAndRotated,
    Deleted,
    SecretDeleted,
}

impl Fate {
    fn of(number: usize) -> Self {
        let fates = [
            Self::Edited,
            Self::Rotated,
            Self::EditedAndRotated,
            Self::Deleted,
            Self::SecretDeleted,
        ];
        fates[number % fates.len()]
    }

    fn scopes(self) -> &'static str {
        match self {
            Self::Edited | Self::EditedAndRotated => "read write",
            Self::Rotated | Self::Deleted | Self::SecretDeleted => "read",
        }
    }

    fn rotates(self) -> bool {
        matches!(self, Self::Rotated | Self::EditedAndRotated)
    }

    async fn befall(self, app: &App<'_>) {
        if matches!(self, Self::Edited | Self::EditedAndRotated) {
            app.apply(json!({"scopes": ["read", "write"]})).await;
        }
        match self {
            Self::Rotated | Self::EditedAndRotated => app.rotate("once").await,
            Self::Deleted => app.delete().await,
            // It may not be there: nobody waits for the one before.
            Self::SecretDeleted => drop(
                app.secrets()
                    .delete(&app.name, &kube::api::DeleteParams::default())
                    .await,
            ),
            Self::Edited => {}
        }
    }
}

pub async fn the_operator_is_killed_at_random_moments(world: &'static World) {
    let scene = Scene::with(world, "kills", json!({"limits": {"requestTimeoutSeconds": 2}})).await;
    assert!(world.operator.stop().await.success());
    world.operator.start_with(&AT_ONCE).await;
    // Calls take a while, so that some of them are under way when the operator is killed.
    scene.misbehave(
        "mutation",
        authserver_emulator::misbehave::Behaviour::DelayAfter { ms: 150 },
    );
    let mut apps = Vec::new();
    for number in 0..CLIENTS {
        apps.push(scene.app(&format!("app-{number}")).await);
    }
    let load = async {
        for app in &apps {
            app.apply(json!({})).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for (number, app) in apps.iter().enumerate() {
            // What is asked of a client begins when there is one.
            let registered = async || holds(app.condition("Registered").await.is_ok(), "not yet");
            app.until_within(MUCH_LATER, "it is registered", registered).await;
            Fate::of(number).befall(app).await;
        }
    };
    let kills = async {
        let mut moments = Vec::new();
        for _ in 0..KILLS {
            let moment = rand::rng().random_range(200..2_500);
            tokio::time::sleep(Duration::from_millis(moment)).await;
            world.operator.kill();
            moments.push(moment);
            world.operator.start_with(&AT_ONCE).await;
        }
        world.say(&format!(
            "the operator was killed {KILLS} times, after {moments:?} ms"
        ));
    };
    tokio::join!(load, kills);

    for (number, app) in apps.iter().enumerate() {
        let fate = Fate::of(number);
        if fate == Fate::Deleted {
            app.wait_nothing_left().await;
            continue;
        }
        app.until_within(MUCH_LATER, "it ends as without any kill", async || {
            app.sound(fate.scopes()).await?;
            let status = app
                .get()
                .await
                .and_then(|object| object.status)
                .unwrap_or_default();
            let served = status.rotation.and_then(|rotation| rotation.last_handled_trigger);
            holds(fate.rotates() == served.is_some(), format!("served: {served:?}"))
        })
        .await;
    }
    let left = (0..CLIENTS)
        .filter(|number| Fate::of(*number) != Fate::Deleted)
        .count();
    assert_eq!(
        scene.emulator.clients().len(),
        left,
        "no orphan\n{}",
        scene.journal()
    );
    let mut rotations: BTreeMap<String, usize> = BTreeMap::new();
    for entry in scene.emulator.requests() {
        if entry.operation == "rotate" && entry.changed {
            *rotations.entry(entry.client.unwrap_or_default()).or_default() += 1;
        }
    }
    let rotated = (0..CLIENTS).filter(|number| Fate::of(*number).rotates()).count();
    assert_eq!(rotations.len(), rotated);
    assert!(
        rotations.values().all(|times| *times == 1),
        "served more than once: {rotations:?}"
    );
}
