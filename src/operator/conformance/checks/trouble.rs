//! Whole lives in trouble.

use authserver_emulator::misbehave::{Behaviour, BodyKind, Rule};
use jiff::SignedDuration;

use crate::api::{ClientCondition, ClientReason, ConditionStatus};
use crate::model::Wake;
use crate::operator::conformance::kills::Kills;
use crate::operator::conformance::life::{Trouble, live, live_on};
use crate::operator::conformance::story::Story;
use crate::operator::conformance::verdict::{Checked, ensure, failed};
use crate::operator::pass::World as _;

async fn life(story: &Story, trouble: Trouble) -> Checked {
    story.add_bystander("somebody-elses").await?;
    live(story, &trouble).await
}

/// The process is killed once after each kind of call, before it has kept the answer.
pub(super) async fn killed_after_calls(story: &Story) -> Checked {
    life(story, Trouble::Killed(Kills::AfterEachCall)).await
}

/// The process is killed after its first step, then after its second one, and so on.
pub(super) async fn killed_after_steps(story: &Story) -> Checked {
    life(story, Trouble::Killed(Kills::EverLater)).await
}

/// Each call is done, and its answer lost.
pub(super) async fn answer_lost(story: &Story) -> Checked {
    life(story, Trouble::of(Behaviour::LoseAnswer)).await
}

/// Each call is lost on the way.
pub(super) async fn request_lost(story: &Story) -> Checked {
    life(story, Trouble::of(Behaviour::LoseRequest)).await
}

/// Each call is done after nobody waits for it any more, and perhaps after it was repeated.
pub(super) async fn delivered_late(story: &Story) -> Checked {
    life(story, Trouble::of(Behaviour::DeliverLate { ms: 30 })).await
}

/// Each call is done, and the answer says that it failed.
pub(super) async fn failed_though_done(story: &Story) -> Checked {
    let failure = || Rule::on("mutation", status(503, None)).work(true);
    life(story, Trouble::Rule(Box::new(failure))).await
}

/// "Too many requests" is waited for as long as the server asks, and no longer.
pub(super) async fn throttled(story: &Story) -> Checked {
    let ours = &story.ours;
    story.add_bystander("somebody-elses").await?;
    story.scene("a client is applied while the server asks to wait for 7 s");
    story
        .weather()?
        .turn(Rule::on("mutation", status(429, Some("7"))).times(1))
        .await?;
    story.apply();
    let ended = ours.pass().await?;
    let Wake::At(at) = ended.wake else {
        return failed(format!("it does not wait until a time, but {:?}", ended.wake));
    };
    let pause = at.duration_since(ours.now());
    let about_7_s = SignedDuration::from_secs(4)..=SignedDuration::from_secs(8);
    ensure!(about_7_s.contains(&pause), "it waits for {pause:#}, not for 7 s");
    story.harmless().await?;
    story.comes_to_rest().await?;
    live_on(story, &Trouble::of(status(429, Some("7")))).await
}

/// A refusal is told to whose move it is, changes nothing, and is over when it is over.
pub(super) async fn denied(story: &Story) -> Checked {
    let (ours, weather) = (&story.ours, story.weather()?);
    story.add_bystander("somebody-elses").await?;
    story.scene("a client is applied, and every change is forbidden");
    weather
        .turn(Rule::on("mutation", Behaviour::Deny { status: 403 }))
        .await?;
    story.apply();
    let passes = 4;
    story.look(ours, passes, 5).await?;
    let told = ours
        .condition(ClientCondition::Registered)
        .map(|found| found.reason);
    let stalled = ours.is(ClientCondition::Stalled, ConditionStatus::True);
    ensure!(
        told == Some(ClientReason::ServerDenied) && stalled,
        "nobody is told: {}",
        ours.said(ClientCondition::Registered)
    );
    let calls = ours.changing_calls();
    ensure!(calls <= passes, "{passes} passes make {calls} calls");
    story.harmless().await?;
    weather.clear().await?;
    story.comes_to_rest().await?;
    let both = [401, 403].map(|status| Behaviour::Deny { status });
    live_on(story, &Trouble::in_turn(both.to_vec())).await
}

/// An API that is switched off answers 404 to everything. Nothing is taken to be gone for that.
pub(super) async fn switched_off(story: &Story) -> Checked {
    let (ours, weather) = (&story.ours, story.weather()?);
    let off = || Rule::on("any", Behaviour::NotFoundEverything);
    story.add_bystander("somebody-elses").await?;
    story.registered().await?;
    let (pair, managed) = (story.pair()?, story.is_managed());
    let registered = ours.calls("Register");

    story.scene("the API is switched off");
    weather.turn(off()).await?;
    ours.wait(3600).await;
    ours.check_drift().await?;
    ours.pass().await?;
    ensure!(
        ours.is_ready(),
        "a settled client is not ready: {}",
        ours.said(ClientCondition::Ready)
    );
    if let Some(field) = story.changeable() {
        story.change(field);
        story.look(ours, 2, 5).await?;
        ensure!(
            !ours.is_ready(),
            "a change that cannot be made is said to be made"
        );
    }
    story.scene("it is switched on again");
    weather.clear().await?;
    story.comes_to_rest().await?;
    ensure!(
        !managed || ours.calls("Register") == registered,
        "a client was taken to be gone, and registered again"
    );
    ensure!(
        story.pair()?.client_id == pair.client_id || !story.can().client_id_stable,
        "the client id is another one"
    );

    story.scene("it is switched off, and the client is deleted");
    weather.turn(off()).await?;
    story.delete();
    story.look(ours, 3, 130).await?;
    ensure!(
        ours.entry().is_some(),
        "what is owed is forgotten although nothing was proven"
    );
    weather.clear().await?;
    story.settle().await?;
    story.is_gone().await?;

    story.scene("it is switched off, and a client is applied");
    weather.turn(off()).await?;
    story.apply();
    ours.pass().await?;
    ensure!(
        !ours.is_ready(),
        "a client is ready that cannot have been registered"
    );
    story.harmless().await?;
    weather.clear().await?;
    story.comes_to_rest().await
}

fn status(status: u16, retry_after: Option<&str>) -> Behaviour {
    Behaviour::Status {
        status,
        retry_after: retry_after.map(str::to_owned),
        body: BodyKind::Json,
    }
}
