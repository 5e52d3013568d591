//! The life of a client, from registration to removal, with something that befalls every call that changes anything.

use std::sync::atomic::{AtomicUsize, Ordering};

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::kills::Kills;
use super::story::Story;
use super::verdict::{Checked, ensure};
use crate::api::{ClientIdChange, Rotation};
use crate::model::{Credential, Overlap, ScopeModel};

/// The overlap of a rotation that has one, in seconds.
const OVERLAP: u32 = 600;

/// What befalls the calls of a life.
pub(super) enum Trouble {
    /// Nothing.
    None,
    /// The first call of each scene that changes something at the server meets this.
    Rule(Box<dyn Fn() -> Rule + Send + Sync>),
    /// The process is killed.
    Killed(Kills),
}

impl Trouble {
    /// The first call of each scene that changes something meets this behaviour.
    pub(super) fn of(behaviour: Behaviour) -> Self {
        Self::in_turn(vec![behaviour])
    }

    /// That of the first scene meets the first, that of the second scene the second, and so on, over and over.
    pub(super) fn in_turn(behaviours: Vec<Behaviour>) -> Self {
        let scene = AtomicUsize::new(0);
        Self::Rule(Box::new(move || {
            let turn = scene.fetch_add(1, Ordering::SeqCst) % behaviours.len();
            Rule::on("mutation", behaviours[turn].clone())
        }))
    }

    /// How many more requests a scene may take for it: the same again, and the removal of what cannot be used.
    fn allowance(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Rule(_) | Self::Killed(Kills::AfterEachCall) => 2,
            Self::Killed(_) => 3,
        }
    }

    fn kills(&self) -> Kills {
        match self {
            Self::Killed(kills) => *kills,
            Self::None | Self::Rule(_) => Kills::Never,
        }
    }
}

/// One scene: something is done, and the operator sees to it in spite of the trouble.
struct Scene<'a> {
    story: &'a Story,
    trouble: &'a Trouble,
}

impl Scene<'_> {
    /// `requests`: how many that change something it takes without trouble.
    async fn play(&self, heading: &str, requests: usize, act: impl FnOnce()) -> Checked {
        let story = self.story;
        story.scene(heading);
        let before = story.changing_requests().await?;
        if let Trouble::Rule(rule) = self.trouble {
            let weather = story.weather()?;
            let met = weather.met().await?;
            weather.turn(rule().times(1)).await?;
            act();
            story.ours.settle().await?;
            weather.clear().await?;
            let met = weather.met().await? - met;
            let expected = requests.min(1) as u64;
            ensure!(met == expected, "{heading}: the trouble was met {met} times");
            weather.delivered().await?;
        } else {
            act();
            story.ours.settle_under(self.trouble.kills()).await?;
        }
        story.settles_later().await?;
        let made = story.changing_requests().await? - before;
        let most = requests + self.trouble.allowance() + story.repeats();
        ensure!(
            (requests..=most).contains(&made),
            "{heading}: {made} requests that change something, {requests} to {most} would do"
        );
        Ok(())
    }

    async fn rotates(
        &self,
        heading: &str,
        requests: usize,
        value: &str,
    ) -> Checked<(Credential, Credential)> {
        let (story, before) = (self.story, self.story.pair()?);
        self.play(heading, requests, || {
            story.ours.cluster.annotate_rotate(story.ours.key(), Some(value));
        })
        .await?;
        story.stands().await?;
        let after = story.pair()?;
        ensure!(
            before.client_secret != after.client_secret,
            "{heading}: the secret is the same as before"
        );
        let served = story.ours.entry().and_then(|entry| entry.served.annotation);
        ensure!(
            served.as_deref() == Some(value),
            "{heading}: the trigger is not recorded as served"
        );
        Ok((before, after))
    }
}

/// A whole life. Everything that the server can do comes up.
pub(super) async fn live(story: &Story, trouble: &Trouble) -> Checked {
    let scene = Scene { story, trouble };
    scene.play("a client is applied", 1, || story.apply()).await?;
    story.at_rest().await?;
    live_on(story, trouble).await
}

/// The rest of the life of a client that is registered already.
pub(super) async fn live_on(story: &Story, trouble: &Trouble) -> Checked {
    let scene = Scene { story, trouble };
    let (ours, can) = (&story.ours, story.can());

    if let Some(field) = story.changeable() {
        scene
            .play("its spec is changed", 1, || story.change(field))
            .await?;
        story.stands().await?;
    }

    if matches!(can.scopes, ScopeModel::Provisioned { may_create: true, .. }) {
        // Two requests, and the first of them meets the trouble.
        let later = format!("later-{}", ours.changing_calls());
        let change = || {
            ours.cluster.change_spec(ours.key(), |spec| {
                spec.scopes = Some(vec![later]);
            });
        };
        scene
            .play("it asks for a scope that is not there yet", 2, change)
            .await?;
        story.stands().await?;
    }

    // Where there is no such call a second client takes the place of the first.
    let requests = if can.rotate_in_place {
        1
    } else {
        1 + story.removal()
    };
    let (before, _) = scene
        .rotates("its credential is rotated", requests, "one")
        .await?;
    let accepted = !can.rotate_in_place && story.server.accepts(&before).await?;
    ensure!(
        !accepted,
        "the credential of the client that was replaced still works"
    );

    if can.overlap == Overlap::SecondClient {
        rotate_with_overlap(&scene).await?;
    }

    story.at_rest().await?;
    let last = story.pair()?;
    scene
        .play("it is deleted", story.removal(), || story.delete())
        .await?;
    let accepted = story.server.accepts(&last).await?;
    ensure!(!accepted, "the credential of a client that is gone still works");
    story.is_gone().await
}

/// Both credentials work while both are promised, and the first no longer.
pub(super) async fn overlap(story: &Story) -> Checked {
    rotate_with_overlap(&Scene {
        story,
        trouble: &Trouble::None,
    })
    .await
}

async fn rotate_with_overlap(scene: &Scene<'_>) -> Checked {
    let (story, ours) = (scene.story, &scene.story.ours);
    ours.cluster.change_spec(ours.key(), |spec| {
        spec.rotation = Some(Rotation {
            overlap_seconds: Some(OVERLAP),
            client_id_change: Some(ClientIdChange::Allowed),
            ..Rotation::default()
        });
    });
    let removal = story.removal();
    let (before, _) = scene
        .rotates("it is rotated with an overlap", 1, "with overlap")
        .await?;
    let accepted = story.server.accepts(&before).await?;
    ensure!(
        accepted,
        "the previous credential does not work during the overlap"
    );
    ours.wait(OVERLAP.into()).await;
    scene.play("the overlap ends", removal, || ()).await?;
    story.stands().await?;
    let accepted = story.server.accepts(&before).await?;
    ensure!(!accepted, "the previous credential works after the overlap");
    Ok(())
}
