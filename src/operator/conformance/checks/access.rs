//! The operator's own credential. What always needs it is a registration.

use crate::api::{ClientCondition, ClientReason, ConditionStatus};
use crate::operator::conformance::server::{Door, control};
use crate::operator::conformance::story::Story;
use crate::operator::conformance::verdict::{Checked, ensure};

/// So many passes want something of a server that refuses the credential.
const PASSES: usize = 20;
/// So many requests may come of them: an account may get locked otherwise. One call with the looks that judge it, or
/// where the refusal does not look like one, a few calls.
const REQUESTS: u64 = 10;

fn door(story: &Story) -> Checked<&dyn Door> {
    control(
        story.server.door(),
        "the operator's own credential cannot be changed",
    )
}

/// A credential that is refused is tried rarely, and a new one is used at once.
pub(super) async fn credential_refused(story: &Story) -> Checked {
    let ours = &story.ours;
    let (door, records) = (door(story)?, story.records()?);
    story.add_bystander("somebody-elses").await?;
    story.scene("the credential is refused from now on, and a client is applied");
    ours.connect(&story.server.spec(), &story.server.secrets(), true)?;
    let secrets = door.change().await?;
    let before = records.requests().await?;
    story.apply();
    story.look(ours, PASSES, 5).await?;
    let requests = records.requests().await?.managing - before.managing;
    ensure!(
        (1..=REQUESTS).contains(&requests),
        "{PASSES} passes make {requests} requests with a credential that is refused"
    );
    ensure!(!ours.is_ready(), "it is said to be ready");
    story.harmless().await?;
    story.scene("the credential Secret has the new one");
    ours.connect(&story.server.spec(), &secrets, false)?;
    story.comes_to_rest().await
}

/// A credential that is refused is the platform team's business, and that is said. What is settled stays as it is.
pub(super) async fn refusal_said(story: &Story) -> Checked {
    let theirs = story.another_cluster()?;
    let door = door(story)?;
    story.registered().await?;
    story.scene("the credential is refused from now on, and a client is applied elsewhere");
    door.change().await?;
    theirs.cluster.create_client(theirs.key(), story.spec());
    theirs.pass().await?;
    let reason = theirs.condition(ClientCondition::Ready).map(|found| found.reason);
    let stalled = theirs.is(ClientCondition::Stalled, ConditionStatus::True);
    ensure!(
        reason == Some(ClientReason::ServerDenied) && stalled,
        "nobody is told: {}",
        theirs.said(ClientCondition::Ready)
    );
    story.ours.restart();
    story.ours.settle().await?;
    story.works(&story.ours).await?;
    story.harmless().await
}

/// A session that has ended costs one new login, and nobody notices.
pub(super) async fn session_ended(story: &Story) -> Checked {
    let sessions = control(
        story.server.sessions(),
        "no session is held: each request carries the credential itself",
    )?;
    let theirs = story.another_cluster()?;
    theirs.connect_as(&story.ours);
    story.registered().await?;
    story.scene("every session ends, and one more client is applied over the same connection");
    sessions.end().await?;
    let logins = sessions.logins().await?;
    theirs.cluster.create_client(theirs.key(), story.spec());
    story.comes_to_rest().await?;
    let logins = sessions.logins().await? - logins;
    ensure!(logins == 1, "{logins} logins for one session that ended");
    Ok(())
}
