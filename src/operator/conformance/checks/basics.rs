//! Registration, observation, change, refusal.

use std::collections::BTreeSet;

use crate::api::{ClientCondition, ClientReason, ConditionStatus, DeletionPolicy, OAuthClientSpec};
use crate::model::{Field, Handle, RemoteClient, ScopeModel};
use crate::operator::conformance::fields::{self, Choice, ask};
use crate::operator::conformance::server::ServerUnderTest;
use crate::operator::conformance::story::Story;
use crate::operator::conformance::verdict::{Checked, ensure, failed, only_where};

/// One request, and the client is there as asked for.
pub(super) async fn register(story: &Story) -> Checked {
    let before = story.changing_requests().await?;
    story.registered().await?;
    as_asked(story).await?;
    // A process that knows nothing finds nothing to do.
    story.ours.restart();
    story.comes_to_rest().await?;
    let requests = story.changing_requests().await? - before;
    ensure!(
        (1..=1 + story.server.detours()).contains(&requests),
        "to register takes {requests} requests that change something"
    );
    Ok(())
}

/// The token endpoint can be asked whether a credential is good, in the way in which the adapter asks.
pub(super) async fn proven(story: &Story) -> Checked {
    only_where(
        story.can().can_verify,
        "can_verify: a token request proves nothing there",
    )?;
    story.registered().await?;
    ensure!(
        story.ours.is(ClientCondition::Verified, ConditionStatus::True),
        "a pair that gets tokens is not said to: {}",
        story.ours.said(ClientCondition::Verified)
    );
    Ok(())
}

/// What the adapter sees is what is there, and what is not there is absent.
pub(super) async fn observe(story: &Story) -> Checked {
    let (provider, can) = (story.ours.provider(), story.can());
    // There a read may bring another credential, which this one would not keep.
    only_where(
        can.can_look_up && can.can_list,
        "can_look_up, can_list: nothing is read there for curiosity",
    )?;
    story.registered().await?;
    let there = story.current().await?;
    let read = |what: &'static str| move |fault| format!("{what}: {fault}");
    provider.check().await.map_err(read("the check"))?;
    let Some(found) = provider.client(&there.handle).await.map_err(read("its client"))? else {
        return failed(format!("{} is registered and said to be absent", there.handle));
    };
    ensure!(
        found.handle == there.handle && found.metadata == there.metadata,
        "a read shows {:?}, and there is {:?}",
        found.metadata,
        there.metadata
    );
    let shows = found.credential.client_secret.is_some();
    ensure!(
        found.credential.client_id == there.credential.client_id
            && (!shows || found.credential == there.credential),
        "a read shows another credential than there is"
    );
    ensure!(
        shows == can.secret_readable,
        "secret_readable is {}, and a read says otherwise",
        can.secret_readable
    );
    let absent = Handle("nobody-has-this".into());
    let found = provider
        .client(&absent)
        .await
        .map_err(read("a client that is not there"))?;
    ensure!(found.is_none(), "a client that is not there is found");
    let listed = provider.clients().await.map_err(read("the list"))?;
    let handles = |all: Vec<RemoteClient>| -> BTreeSet<Handle> {
        all.into_iter().map(|client| client.handle).collect()
    };
    let there = story.records()?.clients().await?;
    ensure!(
        handles(listed) == handles(there),
        "the list is not what is registered"
    );
    story.at_rest().await
}

/// Field by field: one request each, and the pair stays, or what became of it is published.
pub(super) async fn update(story: &Story) -> Checked {
    let (ours, can) = (&story.ours, story.can());
    let fields: Vec<Field> = can
        .updates
        .into_iter()
        .filter(|field| fields::can_be_edited(*field))
        .collect();
    only_where(!fields.is_empty(), "updates: no field can be changed in place")?;
    story.scene("a client with all that it can ask for is applied");
    let mut spec = story.spec();
    for field in &fields {
        ask(&mut spec, *field, Choice::First, &*story.server);
    }
    ours.cluster.create_client(ours.key(), spec);
    story.comes_to_rest().await?;
    for field in fields {
        story.scene(&format!("{} is changed", field.name()));
        let before = story.changing_requests().await?;
        story.change(field);
        story.comes_to_rest().await?;
        as_asked(story).await?;
        let requests = story.changing_requests().await? - before;
        ensure!(
            (1..=1 + story.server.detours()).contains(&requests),
            "to change {} takes {requests} requests",
            field.name()
        );
    }
    Ok(())
}

/// A field that is not honoured, or cannot be changed, is refused with a condition, and nothing is sent.
pub(super) async fn refuse(story: &Story) -> Checked {
    let ours = &story.ours;
    let odd = not_honoured(story);
    only_where(!odd.is_empty(), "honours: every field is honoured")?;
    for (what, edit) in &odd {
        story.scene(&format!("{what} is asked for"));
        let mut spec = story.spec();
        edit(&mut spec, &*story.server);
        ours.cluster.create_client(ours.key(), spec);
        refused(story, what).await?;
        ensure!(
            ours.all_calls() == 0,
            "{what} is refused, and the server was called"
        );
        ours.cluster.delete_client(ours.key());
    }
    story.registered().await?;
    let before = story.changing_requests().await?;
    let can = story.can();
    for field in fields::ALL
        .into_iter()
        .filter(|field| fields::can_be_edited(*field))
    {
        if !can.honours.contains(&field) || can.updates.contains(&field) {
            continue;
        }
        story.scene(&format!("{} is changed", field.name()));
        let good = ours.cluster.world().clients[ours.key()].spec.clone();
        for choice in [Choice::First, Choice::Second] {
            let mut spec = good.clone();
            ask(&mut spec, field, choice, &*story.server);
            if spec != good {
                ours.cluster.change_spec(ours.key(), |now| *now = spec);
                refused(story, field.name()).await?;
            }
        }
        ours.cluster.change_spec(ours.key(), |spec| *spec = good);
        story.comes_to_rest().await?;
    }
    let requests = story.changing_requests().await? - before;
    ensure!(requests == 0, "what is refused was sent");
    Ok(())
}

type Edit = Box<dyn Fn(&mut OAuthClientSpec, &dyn ServerUnderTest) + Send + Sync>;

/// What the server does not honour, each with how to ask for it.
fn not_honoured(story: &Story) -> Vec<(&'static str, Edit)> {
    let can = story.can();
    let mut odd: Vec<(&'static str, Edit)> = Vec::new();
    for field in fields::ALL
        .into_iter()
        .filter(|field| !can.honours.contains(field))
    {
        odd.push((
            field.name(),
            Box::new(move |spec, server| ask(spec, field, Choice::First, server)),
        ));
    }
    if can.honours.contains(&Field::GrantTypes) && can.grant_types.is_some() {
        let unknown: Edit = Box::new(|spec, _| spec.grant_types = Some(vec!["urn:example:unknown".into()]));
        odd.push(("a grant type that is not known", unknown));
    }
    if !can.can_disable {
        let disable: Edit = Box::new(|spec, _| spec.deletion_policy = DeletionPolicy::Disable);
        odd.push(("deletionPolicy Disable", disable));
    }
    odd
}

async fn refused(story: &Story, what: &str) -> Checked {
    let ours = &story.ours;
    ours.pass().await?;
    let reason = ours
        .condition(ClientCondition::Accepted)
        .map(|found| found.reason);
    ensure!(
        reason == Some(ClientReason::FieldNotSupported) && !ours.is_ready(),
        "{what} is not refused: {}",
        ours.said(ClientCondition::Accepted)
    );
    story.harmless().await
}

/// A scope that does not exist is provisioned where that is allowed, and else refused.
pub(super) async fn scopes(story: &Story) -> Checked {
    let ours = &story.ours;
    let ScopeModel::Provisioned { may_create, .. } = story.can().scopes else {
        return only_where(false, "scopes: they are not provisioned server-wide");
    };
    story.scene("a client asks for a scope that is not there");
    let mut spec = story.spec();
    spec.scopes = Some(vec!["not-there".into()]);
    ours.cluster.create_client(ours.key(), spec);
    if !may_create {
        ours.pass().await?;
        let reason = ours
            .condition(ClientCondition::Registered)
            .map(|found| found.reason);
        ensure!(
            reason == Some(ClientReason::ScopeNotFound) && ours.changing_calls() == 0,
            "the scope is not refused: {}",
            ours.said(ClientCondition::Registered)
        );
        story.harmless().await?;
        ours.cluster.change_spec(ours.key(), |spec| {
            spec.scopes = Some(vec![story.server.scopes()[0].into()]);
        });
    }
    story.comes_to_rest().await?;
    let calls = ours.calls("ProvisionScopes");
    ensure!(
        calls == usize::from(may_create),
        "scopes are provisioned in {calls} calls"
    );
    as_asked(story).await
}

/// The server holds what was asked for, as far as it can be seen.
pub(super) async fn as_asked(story: &Story) -> Checked {
    if story.server.records().is_none() {
        return Ok(());
    }
    let Some(current) = story.ours.entry().and_then(|entry| entry.current) else {
        return failed("nothing is registered");
    };
    let other = current.asked.differences(&story.current().await?.metadata);
    ensure!(
        other.is_empty(),
        "the server has something else than was asked for: {other:?}"
    );
    Ok(())
}
