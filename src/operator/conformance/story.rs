//! One story: a server that was started for it, an operator or two, somebody else's client, and what must hold after
//! every scene.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::clock::{Clock, Log};
use super::fields;
use super::installation::Installation;
use super::mistakes::Mistake;
use super::server::{Hands, Records, ServerUnderTest, Specimen, Voice, Weather, control};
use super::verdict::{Checked, ensure, failed};
use crate::api::{ClientCondition, ConditionStatus, OAuthClientSpec};
use crate::model::{Access, Capabilities, Credential, Field, Handle, RemoteClient, testing};

/// After this many seconds nothing is delivered late any more.
const LATE: i64 = 130;

/// A story about one server.
pub(super) struct Story {
    pub(super) server: Box<dyn ServerUnderTest>,
    pub(super) ours: Arc<Installation>,
    others: Mutex<Vec<Arc<Installation>>>,
    /// Clients of somebody else: they stay as they are.
    pub(super) bystanders: Mutex<Vec<RemoteClient>>,
    /// So many of them, the first, were there before, and are needed for whatever it is.
    there_before: usize,
    mistake: Option<Mistake>,
    clock: Arc<Clock>,
    log: Arc<Log>,
    /// Which part of what is tried in turn it takes; all without.
    turn: Option<usize>,
}

impl Story {
    /// A server and an operator that have nothing to do with each other yet.
    pub(super) async fn begin(specimen: &Specimen, mistake: Option<Mistake>, log: Arc<Log>) -> Checked<Self> {
        let server = (specimen.start)().await?;
        let clock = Arc::new(Clock::new(server.lag()));
        let ours = Installation::new(&*server, mistake, clock.clone(), log.clone())?;
        // What was there before is somebody else's.
        let bystanders = match server.records() {
            Some(records) => records.clients().await?,
            None => Vec::new(),
        };
        Ok(Self {
            server,
            ours: Arc::new(ours),
            others: Mutex::default(),
            there_before: bystanders.len(),
            bystanders: Mutex::new(bystanders),
            mistake,
            clock,
            log,
            turn: specimen.turn,
        })
    }

    /// A heading in the log.
    pub(super) fn scene(&self, heading: &str) {
        self.log.write(format!("{heading}:"));
    }

    /// Another cluster with an operator of its own at the same server.
    pub(super) fn another_cluster(&self) -> Checked<Arc<Installation>> {
        let other = Installation::new(&*self.server, self.mistake, self.clock.clone(), self.log.clone())?;
        let other = Arc::new(other);
        self.others.lock().unwrap().push(other.clone());
        Ok(other)
    }

    pub(super) fn can(&self) -> Capabilities {
        self.ours.capabilities()
    }

    /// A spec that asks for what the server knows.
    pub(super) fn spec(&self) -> OAuthClientSpec {
        let mut spec = testing::spec(&[]);
        spec.scopes = None;
        if let Some(field) = fields::first(&self.can()) {
            fields::ask(&mut spec, field, fields::Choice::First, &*self.server);
        }
        spec
    }

    /// Somebody applies the client.
    pub(super) fn apply(&self) {
        self.ours.cluster.create_client(self.ours.key(), self.spec());
    }

    /// Somebody applies the client, and it is registered.
    pub(super) async fn registered(&self) -> Checked {
        self.scene("a client is applied");
        self.apply();
        self.comes_to_rest().await
    }

    /// Somebody deletes the client, and the garbage collector comes by.
    pub(super) fn delete(&self) {
        self.ours.cluster.delete_client(self.ours.key());
        self.ours.cluster.collect_garbage();
    }

    /// Somebody deletes the client, and nothing is left of it.
    pub(super) async fn ends(&self) -> Checked {
        self.scene("it is deleted");
        self.delete();
        self.settle().await?;
        self.settles_later().await?;
        self.is_gone().await
    }

    pub(super) fn weather(&self) -> Checked<&dyn Weather> {
        control(self.server.weather(), "its calls cannot be made to go wrong")
    }

    pub(super) fn hands(&self) -> Checked<&dyn Hands> {
        control(
            self.server.hands(),
            "its clients cannot be changed behind the operator's back",
        )
    }

    pub(super) fn records(&self) -> Checked<&dyn Records> {
        control(self.server.records(), "what is registered cannot be seen")
    }

    pub(super) fn voice(&self) -> Checked<&dyn Voice> {
        control(self.server.voice(), "it cannot be made to say the same otherwise")
    }

    /// The client is looked at so often, with so many seconds in between, whatever comes of it.
    pub(super) async fn look(&self, installation: &Installation, times: usize, seconds: i64) -> Checked {
        for _ in 0..times {
            installation.pass().await?;
            self.clock.wait(seconds).await;
        }
        Ok(())
    }

    /// The field that a client is registered with, where it can be changed.
    pub(super) fn changeable(&self) -> Option<Field> {
        let can = self.can();
        fields::first(&can).filter(|field| can.updates.contains(field))
    }

    /// Somebody asks for the other value of a field.
    pub(super) fn change(&self, field: Field) {
        self.ours.cluster.change_spec(self.ours.key(), |spec| {
            fields::ask(spec, field, fields::Choice::Second, &*self.server);
        });
    }

    /// The parts of what is tried in turn that fall to this specimen: the places at which `all` of them begin.
    pub(super) fn turns(&self, all: usize) -> Vec<usize> {
        match self.turn {
            None => (0..all).collect(),
            Some(turn) => vec![turn % all],
        }
    }

    /// Somebody else has a client of this name, where a test can make one.
    pub(super) async fn add_bystander(&self, name: &str) -> Checked<Option<RemoteClient>> {
        let Some(hands) = self.server.hands() else {
            return Ok(None);
        };
        let client = hands.add(name).await?;
        self.bystanders.lock().unwrap().push(client.clone());
        Ok(Some(client))
    }

    /// Somebody else removes all clients that they have added.
    pub(super) async fn remove_bystanders(&self) -> Checked {
        let hands = self.hands()?;
        let added = self.bystanders.lock().unwrap().split_off(self.there_before);
        for bystander in added {
            hands.remove(&bystander.handle).await?;
        }
        Ok(())
    }

    /// The client at the server that the ledger calls current, as it really is.
    pub(super) async fn current(&self) -> Checked<RemoteClient> {
        let (handle, clients) = (self.handle()?, self.records()?.clients().await?);
        match clients.into_iter().find(|client| client.handle == handle) {
            Some(client) => Ok(client),
            None => failed(format!("{handle} is not at the server")),
        }
    }

    /// The handle of the client that the ledger calls current.
    pub(super) fn handle(&self) -> Checked<Handle> {
        match self.ours.entry().and_then(|entry| entry.current) {
            Some(current) => Ok(current.handle),
            None => failed("nothing is registered"),
        }
    }

    /// The pair that applications read.
    pub(super) fn pair(&self) -> Checked<Credential> {
        match self.ours.published() {
            Some(pair) => Ok(pair),
            None => failed("no pair is published"),
        }
    }

    pub(super) fn everybody(&self) -> Vec<Arc<Installation>> {
        let others = self.others.lock().unwrap();
        std::iter::once(&self.ours)
            .chain(others.iter())
            .cloned()
            .collect()
    }

    /// Everybody does what there is to do, time goes by until nothing can come late any more, and then all is at rest.
    pub(super) async fn comes_to_rest(&self) -> Checked {
        self.settle().await?;
        self.settles_later().await?;
        self.at_rest().await
    }

    /// Everybody does what there is to do, and an admin what the operator cannot do.
    pub(super) async fn settle(&self) -> Checked {
        for installation in self.everybody() {
            installation.settle().await?;
            self.discharge(&installation).await?;
        }
        Ok(())
    }

    /// Everybody does what there is to do when nothing can come late any more.
    pub(super) async fn settles_later(&self) -> Checked {
        self.clock.wait(LATE).await;
        self.settle().await
    }

    /// How many requests so far were meant to change something: as the server counts them, or else as we do.
    pub(super) async fn changing_requests(&self) -> Checked<usize> {
        if let Some(records) = self.server.records() {
            return Ok(usize::try_from(records.requests().await?.changing).unwrap_or(usize::MAX));
        }
        Ok(self.everybody().iter().map(|one| one.changing_calls()).sum())
    }

    /// So many more requests are no mistake: where reads show what was, what was done may look undone; and where the server
    /// does not say what it offers, it is tried.
    pub(super) fn repeats(&self) -> usize {
        usize::from(!self.server.lag().is_zero()) + self.server.detours()
    }

    /// Whether what is registered can be changed and removed, as far as is known: where each registration has an access of
    /// its own it may be of no use any more.
    pub(super) fn is_managed(&self) -> bool {
        let current = self.ours.entry().and_then(|entry| entry.current);
        current.is_some_and(|current| !matches!(current.access, Access::Lost(_)))
    }

    /// How many requests it takes to remove what is registered.
    pub(super) fn removal(&self) -> usize {
        usize::from(self.is_managed())
    }

    /// All that was asked for is there and works, and nothing more happens.
    pub(super) async fn at_rest(&self) -> Checked {
        for installation in self.everybody() {
            self.works(&installation).await?;
        }
        self.harmless().await
    }

    /// The published pair is the ledger's, a token is issued for it, and it is said to be ready.
    pub(super) async fn works(&self, installation: &Installation) -> Checked {
        let there = installation
            .cluster
            .world()
            .clients
            .contains_key(installation.key());
        if !there {
            return Ok(());
        }
        let said = installation.said(ClientCondition::Ready);
        let waits = installation.waits_for_a_rotation();
        ensure!(installation.is_ready() || waits, "it is not ready: {said}");
        let current = installation.entry().and_then(|entry| entry.current);
        let published = installation.published();
        let (Some(current), Some(published)) = (current, published) else {
            return failed("it is ready, and nothing is registered or published");
        };
        ensure!(
            published == current.credential,
            "the Secret holds another pair than the ledger"
        );
        let accepted = self.server.accepts(&published).await?;
        ensure!(accepted, "the published pair gets no token");
        Ok(())
    }

    /// The same but for a further look: in the middle of a longer story.
    pub(super) async fn stands(&self) -> Checked {
        for installation in self.everybody() {
            self.works(&installation).await?;
        }
        self.unharmed().await
    }

    /// Whether it is ready or not: nobody is harmed, and a further look does nothing.
    pub(super) async fn harmless(&self) -> Checked {
        for installation in self.everybody() {
            Self::is_quiet(&installation).await?;
        }
        self.unharmed().await
    }

    /// Nothing of ours is at the server that the ledger does not know, nothing of somebody else was changed, no credential
    /// was told, and no call was sent twice.
    pub(super) async fn unharmed(&self) -> Checked {
        self.no_secret_was_told()?;
        let Some(records) = self.server.records() else {
            return Ok(());
        };
        let (clients, requests) = (records.clients().await?, records.requests().await?);
        self.bystanders_are_unchanged(&clients)?;
        self.no_orphans(records, &clients).await?;
        let calls: usize = self.everybody().iter().map(|one| one.changing_calls()).sum();
        ensure!(
            requests.changing <= calls as u64,
            "{calls} calls that change something made {} requests",
            requests.changing
        );
        Ok(())
    }

    async fn is_quiet(installation: &Installation) -> Checked {
        let ready = installation.is_ready();
        let (changes, calls) = (installation.changes(), installation.all_calls());
        installation.pass().await?;
        let after = installation.changes();
        ensure!(
            !ready || changes == after,
            "of what was at rest a further look makes {} writes and {} changing calls",
            after.0 - changes.0,
            after.1 - changes.1
        );
        let proven = installation.is(ClientCondition::Verified, ConditionStatus::True);
        let asked = installation.all_calls() - calls;
        ensure!(
            !ready || !proven || asked == 0,
            "a further look makes {asked} calls"
        );
        Ok(())
    }

    fn bystanders_are_unchanged(&self, clients: &[RemoteClient]) -> Checked {
        for bystander in self.bystanders.lock().unwrap().iter() {
            ensure!(
                clients.contains(bystander),
                "the client {} of somebody else was changed or removed",
                bystander.handle
            );
        }
        Ok(())
    }

    fn no_secret_was_told(&self) -> Checked {
        let mut secrets: BTreeSet<String> = BTreeSet::new();
        for values in self.server.secrets().values() {
            secrets.extend(values.values().map(|value| value.expose().to_owned()));
        }
        let mut told = String::new();
        for installation in self.everybody() {
            let world = installation.cluster.world();
            for stored in world.ledger.values() {
                let entry = stored.entry.as_ref();
                secrets.extend(
                    entry
                        .iter()
                        .flat_map(|entry| entry.secrets())
                        .map(|s| s.expose().to_owned()),
                );
            }
            let statuses: Vec<_> = world.clients.values().map(|client| &client.status).collect();
            told.push_str(&format!("{statuses:?} {:?}", world.events));
        }
        // Words such as a user's name are no secrets.
        let found = secrets
            .iter()
            .any(|secret| secret.len() > 12 && told.contains(secret.as_str()));
        ensure!(!found, "a credential is in a status or an Event");
        Ok(())
    }

    /// Nothing is left of the client that was there: no record, no Secret, and at the server only what is somebody else's.
    pub(super) async fn is_gone(&self) -> Checked {
        ensure!(self.ours.entry().is_none(), "the ledger still has its entry");
        ensure!(self.ours.published().is_none(), "its Secret is still there");
        self.harmless().await
    }
}
