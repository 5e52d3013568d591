//! A mixed load: clients are created, edited, rotated and deleted, and Secrets deleted, in any order, whatever else
//! happens meanwhile. What each client should end as, and what was done to it, is remembered.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use authserver_emulator::journal::Entry;
use futures::future::join_all;
use jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams};
use oauth_client_operator::api::ANNOTATION_ROTATE;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use crate::stage::until::{MUCH_LATER, holds, until};
use crate::stage::{App, Scene};

/// So many people work at once.
const PEOPLE: usize = 4;
/// Between two acts of one of them, in milliseconds.
const PAUSE: std::ops::Range<u64> = 100..600;
/// A request of ours that takes longer is made again.
const PATIENCE: Duration = Duration::from_secs(20);

/// What has become of a wish for a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Open,
    Served,
    /// The client was deleted before anybody saw that it is served.
    Abandoned,
}

/// A wish for a rotation.
#[derive(Clone, Debug)]
pub struct Trigger {
    pub value: String,
    pub at: Timestamp,
    pub ended: Ended,
}

/// One client under load.
pub struct Subject<'a> {
    pub app: App<'a>,
    /// Whether it should be there.
    pub there: bool,
    /// Whether it asks for both scopes.
    pub wide: bool,
    pub triggers: Vec<Trigger>,
    /// What was done to it.
    pub notes: Vec<(Instant, &'static str)>,
}

impl<'a> Subject<'a> {
    pub fn new(app: App<'a>) -> Self {
        Self {
            app,
            there: false,
            wide: false,
            triggers: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// As in `namespace/name`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.app.namespace, self.app.name)
    }

    /// The scopes that it asks for.
    pub fn scopes(&self) -> &'static str {
        if self.wide { "read write" } else { "read" }
    }

    async fn act(&mut self, rng: &mut StdRng) {
        let drawn = rng.random_range(0..100);
        let asked_for = Instant::now();
        let act = if !self.there {
            self.wide = rng.random();
            self.apply().await;
            self.there = true;
            "created"
        } else if drawn < 30 && self.may_rotate().await {
            self.rotate().await;
            "rotated"
        } else if drawn < 60 {
            self.wide = !self.wide;
            self.apply().await;
            "edited"
        } else if drawn < 88 {
            self.delete_secret().await;
            "Secret deleted"
        } else {
            self.delete().await;
            "deleted"
        };
        self.notes.push((asked_for, act));
    }

    async fn apply(&self) {
        let scopes: Vec<&str> = self.scopes().split(' ').collect();
        persist(async || self.app.try_apply(json!({"scopes": scopes})).await.map(drop)).await;
    }

    /// What is asked of a client begins when there is one; and a wish is followed by another one only when it is served.
    async fn may_rotate(&mut self) -> bool {
        let registered = self.look().await;
        registered && self.trigger().is_none_or(|trigger| trigger.ended != Ended::Open)
    }

    /// Sees whether the last wish is served, and says whether there is a client at the server.
    async fn look(&mut self) -> bool {
        let object = persist(async || self.app.api().get_opt(&self.app.name).await).await;
        let status = object.and_then(|object| object.status).unwrap_or_default();
        let served = status.rotation.and_then(|rotation| rotation.last_handled_trigger);
        self.settle_trigger(served.as_deref());
        let mut conditions = status.conditions.iter();
        conditions.any(|condition| condition.type_ == "Registered" && condition.status == "True")
    }

    /// Takes a note of what was served last.
    fn settle_trigger(&mut self, served: Option<&str>) {
        if let Some(trigger) = self.triggers.last_mut()
            && trigger.ended == Ended::Open
            && served == Some(trigger.value.as_str())
        {
            trigger.ended = Ended::Served;
        }
    }

    fn trigger(&self) -> Option<&Trigger> {
        self.triggers.last()
    }

    async fn rotate(&mut self) {
        let value = format!("number-{}", self.triggers.len() + 1);
        let patch = Patch::Merge(json!({"metadata": {"annotations": {ANNOTATION_ROTATE: value}}}));
        self.triggers.push(Trigger {
            value,
            at: Timestamp::now(),
            ended: Ended::Open,
        });
        let (api, parameters) = (self.app.api(), PatchParams::default());
        persist(async || api.patch(&self.app.name, &parameters, &patch).await.map(drop)).await;
    }

    /// It may not be there: nobody waits for the one before.
    async fn delete_secret(&self) {
        let (api, parameters) = (self.app.secrets(), DeleteParams::default());
        persist(async || gone(api.delete(&self.app.name, &parameters).await)).await;
    }

    async fn delete(&mut self) {
        self.look().await;
        let (api, parameters) = (self.app.api(), DeleteParams::default());
        persist(async || gone(api.delete(&self.app.name, &parameters).await)).await;
        self.there = false;
        if let Some(trigger) = self.triggers.last_mut()
            && trigger.ended == Ended::Open
        {
            trigger.ended = Ended::Abandoned;
        }
    }

    /// It has ended as without any disturbance: sound with the scopes that it asks for and its last wish served, or
    /// nothing is left of it.
    pub async fn wait_ended(&mut self) {
        if !self.there {
            self.app.wait_nothing_left().await;
            return;
        }
        let wanted = self.trigger().filter(|trigger| trigger.ended == Ended::Open);
        let wanted = wanted.map(|trigger| trigger.value.clone());
        self.app
            .until_within(MUCH_LATER, "it ends as undisturbed", async || {
                self.app.sound(self.scopes()).await?;
                let served = self.app.served().await;
                holds(
                    wanted.is_none() || served == wanted,
                    format!("served: {served:?}"),
                )
            })
            .await;
        self.settle_trigger(wanted.as_deref());
    }

    /// The rotations at the server, by trigger; and those from before the first one.
    pub fn rotations<'e>(&self, entries: &'e [Entry]) -> (Vec<&'e Entry>, Vec<(&Trigger, Vec<&'e Entry>)>) {
        let key = self.key();
        let ours = entries
            .iter()
            .filter(|entry| entry.operation == "rotate" && entry.changed && subject_of(entry) == key);
        let (mut before, mut by_trigger) = (Vec::new(), Vec::new());
        for trigger in &self.triggers {
            by_trigger.push((trigger, Vec::new()));
        }
        for entry in ours {
            let of = by_trigger.iter_mut().rfind(|(trigger, _)| trigger.at <= entry.at);
            of.map_or(&mut before, |(_, entries)| entries).push(entry);
        }
        (before, by_trigger)
    }
}

/// Which client a call at the server was about: the beginning of names is `namespace.name`.
pub fn subject_of(entry: &Entry) -> String {
    let name = entry.client.as_deref().unwrap_or_default();
    let parts: Vec<&str> = name.split('.').take(2).collect();
    parts.join("/")
}

/// Clients in namespaces, none of them applied yet.
pub async fn subjects(scene: &Scene, clients: usize, namespaces: usize) -> Vec<Subject<'_>> {
    let mut names = Vec::new();
    for number in 0..namespaces {
        names.push(scene.namespace(&format!("n{number}")).await);
    }
    let names = names.iter().cycle().take(clients).enumerate();
    names
        .map(|(number, namespace)| Subject::new(scene.app_in(namespace, &format!("app-{number}"))))
        .collect()
}

/// Goes on until it is over, and until something was done to each client.
pub async fn mixed(subjects: &mut [Subject<'_>], seed: u64, over: &Cell<bool>) {
    let share = subjects.len().div_ceil(PEOPLE).max(1);
    let people = subjects.chunks_mut(share).zip(0..).map(async |(share, number)| {
        let mut rng = StdRng::seed_from_u64(seed.wrapping_add(number));
        for subject in &mut *share {
            subject.act(&mut rng).await;
            tokio::time::sleep(Duration::from_millis(rng.random_range(PAUSE) / 2)).await;
        }
        while !over.get() {
            let chosen = rng.random_range(0..share.len());
            share[chosen].act(&mut rng).await;
            tokio::time::sleep(Duration::from_millis(rng.random_range(PAUSE))).await;
        }
    });
    join_all(people).await;
}

/// How often what was done.
pub fn acts(subjects: &[Subject<'_>]) -> BTreeMap<&'static str, usize> {
    let mut acts = BTreeMap::new();
    for (_, act) in subjects.iter().flat_map(|subject| &subject.notes) {
        *acts.entry(*act).or_default() += 1;
    }
    acts
}

/// People try again when the API server is away.
pub async fn persist<T>(request: impl AsyncFn() -> kube::Result<T>) -> T {
    let evidence = async || String::new();
    until(MUCH_LATER, "the API server takes it", evidence, async || {
        let answer = tokio::time::timeout(PATIENCE, request()).await;
        let answer = answer.map_err(|_| "no answer".to_owned())?;
        answer.map_err(|error| error.to_string())
    })
    .await
}

fn gone<T>(answer: kube::Result<T>) -> kube::Result<()> {
    match answer {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        answer => answer.map(drop),
    }
}
