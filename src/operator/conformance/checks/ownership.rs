//! What is not ours stays as it is.

use crate::api::{AccessRule, ClientCondition, ClientReason};
use crate::model::Field;
use crate::operator::conformance::installation::Installation;
use crate::operator::conformance::story::Story;
use crate::operator::conformance::verdict::{Checked, ensure, only_where};

const NAME: &str = "billing";

/// A client that is to be called exactly so.
fn apply_exactly(story: &Story, installation: &Installation) {
    let rule: AccessRule = serde_json::from_value(serde_json::json!({
        "name": "all", "namespaces": { "from": "All" }, "scopes": ["*"], "naming": "Exact"
    }))
    .unwrap();
    installation.edit_server(|server| server.access_rules = Some(vec![rule]));
    let mut spec = story.spec();
    spec.client_name = Some(NAME.into());
    installation.cluster.create_client(installation.key(), spec);
}

fn knows_names(story: &Story) -> bool {
    story.can().honours.contains(&Field::ClientName)
}

const NO_NAMES: &str = "honours: a client has no name of its own";

/// A client of somebody else that has the very name is left alone: ours is refused, or is another one.
pub(super) async fn name_taken(story: &Story) -> Checked {
    only_where(knows_names(story), NO_NAMES)?;
    story.hands()?;
    let ours = &story.ours;
    story.scene("somebody has a client of the name, and ours is applied");
    let theirs = story.add_bystander(NAME).await?;
    ours.wait(1).await;
    apply_exactly(story, ours);
    story.look(ours, 3, 130).await?;
    if let Some(pair) = ours.published() {
        let other = theirs.is_some_and(|theirs| theirs.credential.client_id != pair.client_id);
        ensure!(other, "the client of somebody else was taken over");
        return story.comes_to_rest().await;
    }
    let reason = ours
        .condition(ClientCondition::Registered)
        .map(|found| found.reason);
    ensure!(
        reason == Some(ClientReason::NameTaken),
        "nobody is told why: {}",
        ours.said(ClientCondition::Registered)
    );
    story.harmless().await?;
    story.ends().await?;
    ensure!(
        ours.changing_calls() == 0,
        "the server was asked to change something"
    );
    Ok(())
}

/// Ours was removed behind our back, and somebody has made a client of the same name since: it is left alone, whatever
/// becomes of ours.
pub(super) async fn name_taken_over(story: &Story) -> Checked {
    only_where(knows_names(story), NO_NAMES)?;
    let (ours, hands) = (&story.ours, story.hands()?);
    story.add_bystander("somebody-elses").await?;
    story.scene("a client with an exact name is applied");
    apply_exactly(story, ours);
    story.comes_to_rest().await?;
    story.scene("it is removed, and somebody makes another one of its name");
    hands.remove(&story.handle()?).await?;
    story.add_bystander(NAME).await?;
    ours.wait(3600).await;
    ours.check_drift().await?;
    story.look(ours, 3, 130).await?;
    story.harmless().await?;
    story.ends().await
}

/// Two clusters use the server, with the same names for everything.
pub(super) async fn another_cluster(story: &Story) -> Checked {
    let ours = &story.ours;
    let theirs = story.another_cluster()?;
    story.scene("the same client is applied in both clusters");
    story.apply();
    theirs.cluster.create_client(theirs.key(), story.spec());
    story.comes_to_rest().await?;
    let (pair, their_pair) = (story.pair()?, theirs.published());
    let other = their_pair
        .as_ref()
        .is_some_and(|theirs| theirs.client_id != pair.client_id);
    ensure!(other, "both clusters have the same client");
    story.scene("ours is rotated, and deleted");
    ours.cluster.annotate_rotate(ours.key(), Some("one"));
    story.comes_to_rest().await?;
    story.ends().await?;
    ensure!(
        theirs.published() == their_pair,
        "what is done here changes something there"
    );
    story.at_rest().await
}

/// One exact name is asked for in two clusters: the second is refused, or has a client of its own, and takes nothing along
/// when it goes.
pub(super) async fn one_name_in_two_clusters(story: &Story) -> Checked {
    only_where(knows_names(story), NO_NAMES)?;
    let ours = &story.ours;
    let theirs = story.another_cluster()?;
    story.add_bystander("somebody-elses").await?;
    story.scene("a client with an exact name is applied");
    apply_exactly(story, ours);
    story.comes_to_rest().await?;
    let pair = story.pair()?;
    story.scene("another cluster applies one of that name, and deletes it again");
    apply_exactly(story, &theirs);
    story.look(&theirs, 3, 130).await?;
    let other = theirs
        .published()
        .is_none_or(|theirs| theirs.client_id != pair.client_id);
    ensure!(other, "both clusters have the same client");
    theirs.cluster.delete_client(theirs.key());
    story.comes_to_rest().await?;
    ensure!(story.pair()? == pair, "what is done there changes something here");
    ensure!(theirs.entry().is_none(), "its ledger still has its entry");
    Ok(())
}
