//! Removal.

use std::time::Duration;

use authserver_emulator::misbehave::{Behaviour, Rule};

use crate::api::DeletionPolicy;
use crate::model::{Fault, Request};
use crate::operator::conformance::story::Story;
use crate::operator::conformance::verdict::{Checked, ensure, failed, only_where};

/// One request, and nothing is left but what is somebody else's.
pub(super) async fn delete(story: &Story) -> Checked {
    story.add_bystander("somebody-elses").await?;
    story.registered().await?;
    let (pair, requests) = (story.pair()?, story.changing_requests().await?);
    let removal = story.removal();
    story.ends().await?;
    let accepted = story.server.accepts(&pair).await?;
    ensure!(!accepted, "the credential of a client that is gone still works");
    let requests = story.changing_requests().await? - requests;
    ensure!(
        (removal..=removal + story.repeats()).contains(&requests),
        "a removal takes {requests} requests that change something"
    );
    Ok(())
}

/// What somebody removed already is as good as removed, and one more removal by hand harms nobody.
pub(super) async fn delete_again(story: &Story) -> Checked {
    story.add_bystander("somebody-elses").await?;
    story.registered().await?;
    story.scene("it is removed by hand");
    let Some(current) = story.ours.entry().and_then(|entry| entry.current) else {
        return failed("nothing is registered");
    };
    let target = (&current).into();
    let (by_hand, within) = (Request::Delete { target }, Duration::from_secs(10));
    story
        .ours
        .provider()
        .perform(&by_hand, within)
        .await
        .or_else(gone_or_seems_there)?;
    story.ours.wait(1).await;
    story.ends().await?;
    story.scene("and once more by hand");
    story
        .ours
        .provider()
        .perform(&by_hand, within)
        .await
        .or_else(gone_or_seems_there)?;
    story.harmless().await
}

/// That it is not there, or is there still where a read may be late, or that nobody may touch it, which is what a server says
/// of it where each registration has an access of its own: all are true.
fn gone_or_seems_there(fault: Fault) -> Checked<crate::model::Answer> {
    match fault {
        Fault::NotFound | Fault::OutcomeUnknown(_) | Fault::Unmanageable(_) => Ok(crate::model::Answer::Done),
        fault => Err(format!("a removal by hand: {fault}").into()),
    }
}

/// A client that is only disabled is still there, and works no more.
pub(super) async fn disable(story: &Story) -> Checked {
    only_where(
        story.can().can_disable,
        "can_disable: a client cannot be disabled",
    )?;
    let ours = &story.ours;
    story.registered().await?;
    story.scene("its policy is to be disabled");
    ours.cluster
        .change_spec(ours.key(), |spec| spec.deletion_policy = DeletionPolicy::Disable);
    story.comes_to_rest().await?;
    let (pair, handle) = (story.pair()?, story.handle()?);
    story.scene("it is deleted");
    story.delete();
    ours.settle().await?;
    ensure!(ours.entry().is_none(), "the ledger still has its entry");
    let calls = ours.calls("Disable");
    ensure!(
        (1..=1 + story.repeats()).contains(&calls) && ours.calls("Delete") == 0,
        "it is not disabled in one call but in {calls}"
    );
    let accepted = story.server.accepts(&pair).await?;
    ensure!(!accepted, "a disabled client still works");
    if let Some(records) = story.server.records() {
        let clients = records.clients().await?;
        let there = clients.iter().any(|client| client.handle == handle);
        ensure!(there, "a client that was to be disabled is gone");
    }
    Ok(())
}

/// The first client of a server, and the last one: whatever a server says when it has none, a lost call comes to its end,
/// at the latest when there is any other client.
pub(super) async fn alone(story: &Story) -> Checked {
    let (ours, weather) = (&story.ours, story.weather()?);
    story.hands()?;
    story.scene("the request to register the first client is lost");
    weather
        .turn(Rule::on("mutation", Behaviour::LoseRequest).times(1))
        .await?;
    story.apply();
    if ours.settle().await.is_err() {
        story.scene("somebody else registers a client");
        story.add_bystander("somebody-elses").await?;
    }
    story.comes_to_rest().await?;
    story.remove_bystanders().await?;
    story.scene("the answer to the removal of the last one is lost");
    weather
        .turn(Rule::on("mutation", Behaviour::LoseAnswer).times(1))
        .await?;
    story.delete();
    if ours.settle().await.is_err() {
        story.scene("somebody else registers a client");
        story.add_bystander("somebody-elses").await?;
    }
    story.settle().await?;
    story.is_gone().await
}
