//! Answers that cannot be, and answers that say the same otherwise.

use authserver_emulator::misbehave::{Behaviour, Decoy, Rule};

use crate::operator::conformance::life::{Trouble, live};
use crate::operator::conformance::server::Manner;
use crate::operator::conformance::story::Story;
use crate::operator::conformance::verdict::{Checked, ensure, only_where};

/// So many clients are more than three pages of a list whose pages are not known.
const MANY: usize = 121;

/// Answers that cannot be those of any server, and those that cannot be of this one.
fn absurd(story: &Story) -> Vec<Behaviour> {
    let mut all = vec![
        Behaviour::Html { status: 200 },
        Behaviour::Truncate { keep: None },
        Behaviour::DuplicateKeys { decoy: Decoy::Last },
        Behaviour::DeepJson {
            depth: 100_000,
            as_field: false,
        },
        Behaviour::Redirect {
            status: 307,
            location: "/elsewhere".into(),
        },
    ];
    let bodies = ["this is not JSON", "null", "[]", "{}", "true"];
    all.extend(bodies.map(|body| Behaviour::NotJson { body: body.into() }));
    all.extend(story.server.absurd());
    all.retain(|behaviour| {
        story
            .server
            .weather()
            .is_some_and(|weather| weather.knows(behaviour))
    });
    all
}

/// Changes that are answered so are looked up, or made anew, and nothing absurd is published.
pub(super) async fn absurd_to_changes(story: &Story) -> Checked {
    story.weather()?;
    story.add_bystander("somebody-elses").await?;
    let absurd = absurd(story);
    for first in story.turns(absurd.len()) {
        let mut in_turn = absurd.clone();
        in_turn.rotate_left(first);
        live(story, &Trouble::in_turn(in_turn)).await?;
    }
    Ok(())
}

/// Reads that are answered so prove nothing: what was done stays done, no client is taken to be gone, and none is
/// registered twice.
pub(super) async fn absurd_to_reads(story: &Story) -> Checked {
    let (ours, weather) = (&story.ours, story.weather()?);
    story.add_bystander("somebody-elses").await?;
    story.registered().await?;
    let absurd = absurd(story);
    for number in story.turns(absurd.len()) {
        let behaviour = absurd[number].clone();
        let kind = behaviour.kind();
        story.scene(&format!(
            "the answer to a rotation is lost, and {kind} the one to reads"
        ));
        let (pair, calls) = (story.pair()?, ours.calls("Register"));
        weather.turn(Rule::on("read", behaviour)).await?;
        weather
            .turn(Rule::on("mutation", Behaviour::LoseAnswer).times(1))
            .await?;
        ours.cluster
            .annotate_rotate(ours.key(), Some(&format!("rotation {number}")));
        story.look(ours, 1, 3600).await?;
        ours.check_drift().await?;
        ours.pass().await?;
        ours.restart();
        ours.pass().await?;
        weather.clear().await?;
        story.comes_to_rest().await?;
        ensure!(story.pair()? != pair, "the rotation did not come to its end");
        let calls = ours.calls("Register") - calls;
        ensure!(
            !story.can().rotate_in_place || calls == 0,
            "it is registered again"
        );
    }
    Ok(())
}

/// What is only written otherwise is no difference.
pub(super) async fn otherwise(story: &Story) -> Checked {
    let ours = &story.ours;
    story.voice()?.speak(Manner::Otherwise).await?;
    story.add_bystander("somebody-elses").await?;
    story.registered().await?;
    if let Some(field) = story.changeable() {
        story.scene("something with several values is asked for");
        story.change(field);
        story.comes_to_rest().await?;
    }
    story.scene("it is looked at again and again");
    let before = ours.changes();
    for _ in 0..3 {
        ours.wait(3600).await;
        ours.check_drift().await?;
        ours.settle().await?;
    }
    let after = ours.changes();
    ensure!(
        before == after,
        "of what is only written otherwise it makes {} writes and {} calls",
        after.0 - before.0,
        after.1 - before.1
    );
    story.at_rest().await
}

/// A life at a server that says more than is documented.
pub(super) async fn with_more(story: &Story) -> Checked {
    story.voice()?.speak(Manner::WithMore).await?;
    story.add_bystander("somebody-elses").await?;
    live(story, &Trouble::None).await
}

/// Of many clients ours is found, wherever in the list it is.
pub(super) async fn pages(story: &Story) -> Checked {
    let ours = &story.ours;
    only_where(story.can().can_list, "can_list: there is no list")?;
    story.hands()?;
    let many = story.server.page_size().map_or(MANY, |page| 3 * page + 1);
    for number in 0..many / 2 {
        story.add_bystander(&format!("before-{number}")).await?;
    }
    story.registered().await?;
    for number in many / 2..many {
        story.add_bystander(&format!("after-{number}")).await?;
    }
    ours.wait(3600).await;
    let listed = ours
        .provider()
        .clients()
        .await
        .map_err(|fault| format!("the list: {fault}"))?;
    let there = story.records()?.clients().await?;
    ensure!(
        listed.len() == there.len() && listed.len() > many,
        "the list has {} clients of {}",
        listed.len(),
        there.len()
    );
    story.scene("the list is looked at");
    let before = ours.calls("ObserveClient");
    ours.check_drift().await?;
    ours.settle().await?;
    let reads = ours.calls("ObserveClient") - before;
    ensure!(
        reads == 0,
        "a list that shows all as it should be makes {reads} reads"
    );
    story.at_rest().await
}
