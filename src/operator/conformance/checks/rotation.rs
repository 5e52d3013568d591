//! Rotations of the family that the capabilities name.

use crate::cluster::memory::WriteKind;
use crate::model::Overlap;
use crate::operator::conformance::life;
use crate::operator::conformance::story::Story;
use crate::operator::conformance::verdict::{Checked, ensure, only_where};

/// A trigger rotates once, and the id stays where it is said to.
pub(super) async fn without_overlap(story: &Story) -> Checked {
    story.registered().await?;
    let (ours, can) = (&story.ours, story.can());
    for value in ["one", "two"] {
        story.scene(&format!("the rotate annotation is set to {value}"));
        let (before, requests) = (story.pair()?, story.changing_requests().await?);
        let removal = story.removal();
        let written = ours.cluster.written(WriteKind::Secret);
        ours.cluster.annotate_rotate(ours.key(), Some(value));
        story.comes_to_rest().await?;
        let after = story.pair()?;
        ensure!(
            before.client_secret != after.client_secret,
            "the secret stays the same"
        );
        let written = ours.cluster.written(WriteKind::Secret) - written;
        ensure!(written == 1, "one rotation publishes {written} pairs");
        let keeps_id = can.rotate_in_place && can.client_id_stable;
        ensure!(
            !keeps_id || before.client_id == after.client_id,
            "client_id_stable: the client id changes all the same"
        );
        let requests = story.changing_requests().await? - requests;
        let expected = if can.rotate_in_place { 1 } else { 1 + removal };
        ensure!(
            (expected..=expected + story.server.detours()).contains(&requests),
            "a rotation takes {requests} requests that change something, not {expected}"
        );
        if !can.rotate_in_place {
            let accepted = story.server.accepts(&before).await?;
            ensure!(!accepted, "what was replaced still works");
        }
    }
    story.scene("the annotation goes back to one");
    let requests = story.changing_requests().await?;
    ours.cluster.annotate_rotate(ours.key(), Some("one"));
    story.comes_to_rest().await?;
    let requests = story.changing_requests().await? - requests;
    ensure!(requests == 0, "a trigger that was served rotates again");
    Ok(())
}

/// Both credentials work as long as promised, and no longer.
pub(super) async fn with_overlap(story: &Story) -> Checked {
    only_where(
        story.can().overlap == Overlap::SecondClient,
        "overlap: two credentials are never good at once, or need no second client",
    )?;
    story.add_bystander("somebody-elses").await?;
    story.registered().await?;
    life::overlap(story).await
}
