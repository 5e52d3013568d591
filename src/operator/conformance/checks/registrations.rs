//! Where a registration is all that there is: what the server told, and what it handed out.

use crate::api::{ClientCondition, ClientReason};
use crate::operator::conformance::fields::{self, Choice};
use crate::operator::conformance::server::{Manner, control};
use crate::operator::conformance::story::Story;
use crate::operator::conformance::verdict::{Checked, ensure, failed, only_where};

/// What the server registers otherwise than asked for is said, and not asked for again and again.
pub(super) async fn not_honoured(story: &Story) -> Checked {
    let ours = &story.ours;
    story.voice()?.speak(Manner::Less).await?;
    story.scene("a client is applied, and the server grants less");
    let mut spec = story.spec();
    if let Some(field) = fields::first(&story.can()) {
        fields::ask(&mut spec, field, Choice::Second, &*story.server);
    }
    ours.cluster.create_client(ours.key(), spec);
    story.look(ours, 3, 3600).await?;
    let said = ours.condition(ClientCondition::Ready).map(|found| found.reason);
    ensure!(
        said == Some(ClientReason::NotHonoured),
        "nobody is told: {}",
        ours.said(ClientCondition::Ready)
    );
    let calls = ours.changing_calls();
    ensure!(calls == 1, "it asks {calls} times");
    let published = ours.published();
    let accepted = match &published {
        Some(pair) => story.server.accepts(pair).await?,
        None => false,
    };
    ensure!(accepted, "what was registered is not published");
    story.harmless().await
}

/// An access that is refused is never tried again: the client is replaced with the next change, and what is left is told.
pub(super) async fn access_refused(story: &Story) -> Checked {
    let (ours, can) = (&story.ours, story.can());
    only_where(
        can.own_access,
        "own_access: every client is managed with the operator's own credential",
    )?;
    let locks = control(
        story.server.locks(),
        "the access to a registration cannot be made void",
    )?;
    let Some(field) = story.changeable() else {
        return only_where(false, "updates: nothing is changed in place");
    };
    story.registered().await?;
    let (pair, managed) = (story.pair()?, story.is_managed());
    story.scene("the access is void from now on, and the spec is changed");
    locks.change(&story.handle()?).await?;
    story.change(field);
    ours.settle().await?;
    let told = ours.left_behind();
    ensure!(
        told.contains(&format!("client {}", pair.client_id)),
        "nobody is told that {} is left behind",
        pair.client_id
    );
    let calls = [ours.calls("Update"), ours.calls("Delete")];
    ensure!(
        calls == [usize::from(managed), 0],
        "an access that is refused is tried again: {calls:?}"
    );
    ensure!(story.pair()?.client_id != pair.client_id, "it is not replaced");
    story.comes_to_rest().await
}

/// A secret that ends is replaced before it does.
pub(super) async fn secret_ends(story: &Story) -> Checked {
    let ours = &story.ours;
    only_where(
        story.can().secrets_expire,
        "secrets_expire: a secret is good for ever",
    )?;
    story.voice()?.speak(Manner::Ending).await?;
    story.registered().await?;
    let pair = story.pair()?;
    let ends = ours
        .entry()
        .and_then(|entry| entry.current)
        .and_then(|current| current.secret_expires_at);
    let Some(ends) = ends else {
        return failed("the end of the secret is not known");
    };
    story.scene("the secret is about to end");
    let rest = ends.duration_since(ours.time()).as_secs();
    ours.wait(rest - 600).await;
    story.comes_to_rest().await?;
    ensure!(story.pair()? != pair, "it is not replaced");
    Ok(())
}
