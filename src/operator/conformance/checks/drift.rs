//! What somebody does at the server is found, and put right.

use super::basics::as_asked;
use crate::operator::conformance::server::Edit;
use crate::operator::conformance::story::Story;
use crate::operator::conformance::verdict::{Checked, ensure, only_where};

/// The list shows what somebody did, and all comes to rest again.
async fn found(story: &Story) -> Checked {
    story.ours.wait(3600).await;
    story.ours.check_drift().await?;
    story.comes_to_rest().await
}

async fn begin(story: &Story) -> Checked {
    only_where(story.can().can_list, "can_list: there is no list to find it in")?;
    story.hands()?;
    story.add_bystander("somebody-elses").await?;
    story.registered().await
}

/// Other metadata are put right by one request, and the credential stays.
pub(super) async fn metadata(story: &Story) -> Checked {
    only_where(
        story.changeable().is_some(),
        "updates: nothing can be put right in place",
    )?;
    begin(story).await?;
    let requests = story.changing_requests().await?;
    story.scene("somebody edits the client");
    story.hands()?.edit(&story.handle()?, Edit::Metadata).await?;
    found(story).await?;
    as_asked(story).await?;
    let requests = story.changing_requests().await? - requests;
    ensure!(
        (1..=1 + story.server.detours()).contains(&requests),
        "to put it right takes {requests} requests"
    );
    story.scene("and all is well");
    found(story).await
}

/// Another credential is published, without a call.
pub(super) async fn credential(story: &Story) -> Checked {
    only_where(
        story.can().secret_readable,
        "secret_readable: another secret cannot be seen",
    )?;
    begin(story).await?;
    let (pair, requests) = (story.pair()?, story.changing_requests().await?);
    story.scene("somebody replaces the credential");
    story.hands()?.edit(&story.handle()?, Edit::Credential).await?;
    found(story).await?;
    ensure!(
        story.pair()? != pair,
        "the credential that works is not published"
    );
    let requests = story.changing_requests().await? - requests;
    ensure!(requests == 0, "the server was changed for it");
    Ok(())
}

/// A client that is gone is registered again: when the list shows it, or where there is none, with the next change.
pub(super) async fn removed(story: &Story) -> Checked {
    let can = story.can();
    if !can.can_list {
        only_where(
            can.can_verify,
            "can_list, can_verify: nothing tells that it is gone",
        )?;
        return removed_unseen(story).await;
    }
    begin(story).await?;
    let before = story.ours.calls("Register");
    story.scene("somebody removes the client");
    story.hands()?.remove(&story.handle()?).await?;
    found(story).await?;
    as_asked(story).await?;
    let calls = story.ours.calls("Register") - before;
    ensure!(
        (1..=1 + story.repeats()).contains(&calls),
        "it is registered {calls} times more"
    );
    Ok(())
}

async fn removed_unseen(story: &Story) -> Checked {
    let hands = story.hands()?;
    let Some(field) = story.changeable() else {
        return only_where(false, "can_list, updates: nothing tells that it is gone");
    };
    story.add_bystander("somebody-elses").await?;
    story.registered().await?;
    story.scene("somebody removes the client, and its spec is changed");
    hands.remove(&story.handle()?).await?;
    story.change(field);
    story.comes_to_rest().await?;
    as_asked(story).await?;
    let calls = story.ours.calls("Register");
    ensure!(calls == 2, "it is registered {calls} times");
    Ok(())
}
