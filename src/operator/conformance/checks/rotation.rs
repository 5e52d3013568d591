//! Rotations of the family that the capabilities name.

use crate::api::{ClientCondition, ClientReason};
use crate::cluster::memory::WriteKind;
use crate::model::{Field, Overlap};
use crate::operator::conformance::fields::{self, Choice, OWN_SECRET};
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

/// A secret that the application brings is waited for, and followed by a rotation when it changes; none is made in its place.
pub(super) async fn given(story: &Story) -> Checked {
    let (ours, can) = (&story.ours, story.can());
    only_where(
        can.honours.contains(&Field::ClientSecretRef),
        "honours: an application cannot bring a secret of its own",
    )?;
    story.add_bystander("somebody-elses").await?;
    story.scene("a client is applied that brings its own secret, which is not there yet");
    let mut spec = story.spec();
    fields::ask(&mut spec, Field::ClientSecretRef, Choice::First, &*story.server);
    ours.cluster.create_client(ours.key(), spec);
    story.look(ours, 3, 30).await?;
    let reason = ours.condition(ClientCondition::Ready).map(|found| found.reason);
    ensure!(
        reason == Some(ClientReason::WaitingForSecret) && ours.changing_calls() == 0,
        "it is not waited for: {}",
        ours.said(ClientCondition::Ready)
    );
    let (name, key) = OWN_SECRET;
    for number in 1..=2 {
        story.scene("the application puts a secret there");
        let before = ours.published();
        let own = format!("canary-of-the-applications-own-secret-{number}");
        ours.cluster.give_secret(&ours.key().namespace, name, key, &own);
        story.comes_to_rest().await?;
        let after = story.pair()?;
        let is_own = after
            .client_secret
            .as_ref()
            .is_some_and(|secret| secret.expose() == own);
        ensure!(is_own, "another secret is published than the application's own");
        let Some(before) = before else { continue };
        ensure!(
            before.client_id == after.client_id || !(can.rotate_in_place && can.client_id_stable),
            "client_id_stable: the client id changes all the same"
        );
    }
    story.ends().await
}
