//! Nothing is lost at servers of other kinds than the soak's, each by itself: the operator is killed at random moments and
//! answers get lost. Afterwards every published pair gets a token, and every client at the server is one that is asked for;
//! or, where nothing can be looked up, one that was told of and can be found by what was told.
//!
//! To add a server: implement [`Remote`], as [`cocoon`] does for an emulator and [`oidc`] for a real server, and name a test
//! for it here and in `main.rs`.

mod cocoon;
mod oidc;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use oauth_client_operator::api::{ANNOTATION_ROTATE, API_VERSION, OAuthClient};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::plan::Plan;
use crate::stage::known::known;
use crate::stage::published::Pair;
use crate::stage::scene::MANAGER;
use crate::stage::until::{MUCH_LATER, holds, until};
use crate::stage::world::NAMESPACE;
use crate::stage::{Published, World, app};
use crate::support::merge;

/// As in the soak: nothing is late here, and each process goes to work at once.
const AT_ONCE: [&str; 2] = ["--late-delivery-seconds=15", "--leader-election=false"];
/// Between the start of the operator and the moment that it is killed, in milliseconds.
const ALIVE: std::ops::Range<u64> = 500..4_000;
/// Between two acts upon one client, in milliseconds.
const PAUSE: std::ops::Range<u64> = 100..700;

/// A server that clients are registered at.
trait Remote {
    /// A client that it has.
    type Client: Debug;

    /// What the objects of its test are called after.
    const NAME: &'static str;
    /// Whether what a lost answer leaves behind can be found and removed by an admin only.
    const LEAVES_BEHIND: bool = false;

    /// What is in the credential Secret.
    fn credential(&self) -> Value;

    /// `spec.provider` of the server object; the credential Secret is called so.
    fn provider(&self, secret: &str) -> Value;

    /// What its access rule allows.
    fn allows(&self) -> Value;

    /// What a client asks for: one thing, or the other.
    fn asks(&self, other: bool) -> Value;

    /// One of the next changes is done, and its answer lost. Which kind of change that is follows from the number.
    async fn lose_answer(&self, number: usize);

    /// Whether a token is issued for a pair; the status of the refusal if not.
    async fn token(&self, pair: &Pair) -> Result<(), u16>;

    /// The clients that were registered by the operator, as far as is known.
    async fn clients(&self) -> Vec<Self::Client>;

    /// The client id of one.
    fn id(client: &Self::Client) -> &str;

    /// Whether what an admin is told to remove leads to a client.
    fn leads_to(owed: &Value, client: &Self::Client) -> bool {
        owed["registration"]["credential"]["client_id"] == Self::id(client)
    }

    /// How many requests to register, change and remove a client came.
    async fn requests(&self) -> [usize; 3];
}

struct Client {
    name: String,
    there: bool,
    other: bool,
    triggers: usize,
}

struct Stage<S> {
    world: &'static World,
    server: S,
    /// The name of the server object and of the namespace.
    id: String,
    /// What was told as left behind until an admin discharged it.
    discharged: RefCell<Vec<Value>>,
}

pub async fn nothing_is_lost_at_a_real_server_without_lookup(world: &'static World) {
    nothing_is_lost(world, oidc::start(world)).await;
}

pub async fn nothing_is_lost_at_cocoon(world: &'static World) {
    nothing_is_lost(world, cocoon::start(world).await).await;
}

async fn nothing_is_lost<S: Remote>(world: &'static World, server: S) {
    let plan = Plan::read();
    let stage = Stage::start(world, server).await;
    assert!(world.operator.stop().await.success());
    world.operator.start_with(&AT_ONCE).await;
    let mut clients: Vec<Client> = (0..plan.clients / 2)
        .map(|number| Client {
            name: format!("app-{number}"),
            there: false,
            other: false,
            triggers: 0,
        })
        .collect();
    let over = Cell::new(false);
    let weather = async {
        let mut rng = StdRng::seed_from_u64(plan.seed + 3);
        for number in 0..plan.kills * 2 {
            tokio::time::sleep(Duration::from_millis(rng.random_range(ALIVE))).await;
            if number % 2 == 0 {
                stage.server.lose_answer(number / 2).await;
            } else {
                world.operator.kill();
                world.operator.start_with(&AT_ONCE).await;
            }
        }
        over.set(true);
    };
    let acts = clients.iter_mut().zip(0..).map(async |(client, number)| {
        let mut rng = StdRng::seed_from_u64(plan.seed + 1_000 + number);
        while !over.get() {
            stage.act(client, &mut rng).await;
            tokio::time::sleep(Duration::from_millis(rng.random_range(PAUSE))).await;
        }
    });
    tokio::join!(weather, join_all(acts));
    join_all(clients.iter_mut().map(|client| stage.wait_ended(client))).await;
    stage.judge(&clients, &plan).await;
    assert!(world.operator.stop().await.success());
    world.operator.start_and_wait().await;
}

impl<S: Remote> Stage<S> {
    async fn start(world: &'static World, server: S) -> Self {
        let stage = Self {
            id: format!("{}-{}", S::NAME, world.run),
            world,
            server,
            discharged: RefCell::default(),
        };
        let (credential, provider) = (stage.server.credential(), stage.server.provider(&stage.id));
        known(world, &stage.id, &credential, &provider, &stage.server.allows()).await;
        stage
    }

    fn api(&self) -> Api<OAuthClient> {
        Api::namespaced(self.world.kube.clone(), &self.id)
    }

    async fn act(&self, client: &mut Client, rng: &mut StdRng) {
        let drawn = rng.random_range(0..100);
        if !client.there || drawn < 40 {
            client.other = !client.other;
            self.apply(client).await;
            client.there = true;
        } else if drawn < 70 {
            self.rotate(client).await;
        } else if drawn < 85 {
            let secrets: Api<Secret> = Api::namespaced(self.world.kube.clone(), &self.id);
            // It may not be there: nobody waits for the one before.
            let _ = secrets.delete(&client.name, &DeleteParams::default()).await;
        } else {
            self.api()
                .delete(&client.name, &DeleteParams::default())
                .await
                .unwrap();
            client.there = false;
        }
    }

    async fn apply(&self, client: &Client) {
        let mut object = json!({
            "apiVersion": API_VERSION, "kind": "OAuthClient", "metadata": {"name": client.name},
            "spec": {"serverRef": {"kind": "ClusterAuthorizationServer", "name": self.id}},
        });
        merge(&mut object["spec"], &self.server.asks(client.other));
        let parameters = PatchParams::apply(MANAGER).force();
        self.api()
            .patch(&client.name, &parameters, &Patch::Apply(object))
            .await
            .unwrap();
    }

    async fn rotate(&self, client: &mut Client) {
        client.triggers += 1;
        let value = format!("number-{}", client.triggers);
        let patch = Patch::Merge(json!({"metadata": {"annotations": {ANNOTATION_ROTATE: value}}}));
        self.api()
            .patch(&client.name, &PatchParams::default(), &patch)
            .await
            .unwrap();
    }

    /// It is ready, or nothing but what is left behind remains. Who is told that the last change may or may not be in
    /// effect rotates, as the message says.
    async fn wait_ended(&self, client: &mut Client) {
        let key = format!("{}/{}", self.id, client.name);
        let evidence = async || self.world.operator.log_about(&self.id, 25);
        if !client.there {
            until(
                MUCH_LATER,
                &format!("nothing of {key} is owed"),
                evidence,
                async || {
                    let entry = app::ledger(&self.world.kube).await.remove(&key);
                    let more = entry.map(|entry| left_behind(&entry).1);
                    holds(more.is_none_or(|more| !more), "there is more")
                },
            )
            .await;
            return;
        }
        let mut asked = false;
        until(MUCH_LATER, &format!("{key} is ready"), evidence, async || {
            let object = self
                .api()
                .get(&client.name)
                .await
                .map_err(|error| error.to_string())?;
            let status = object.status.unwrap_or_default();
            let current = status.observed_generation == object.metadata.generation;
            let ready = status
                .conditions
                .iter()
                .find(|condition| condition.type_ == "Ready");
            let said = ready
                .map(|found| format!("{} {}", found.status, found.reason))
                .unwrap_or_default();
            if said == "False Unmanageable" && current && !asked {
                asked = true;
                self.rotate(client).await;
            }
            if said == "False OutcomeUnknown" {
                self.discharge(client).await;
            }
            holds(current && said == "True Ready", said)
        })
        .await;
        if S::LEAVES_BEHIND {
            return;
        }
        until(MUCH_LATER, &format!("{key} owes nothing"), evidence, async || {
            let entry = app::ledger(&self.world.kube).await.remove(&key);
            let entry = entry.ok_or("there is no entry")?;
            let owes = !entry["previous"].is_null() || !owed(&entry).is_empty();
            holds(!owes, "it does")
        })
        .await;
    }

    /// After three registrations whose answers were lost nothing more is registered before an admin has looked, and has said
    /// so with the plugin. What is discharged is kept, as it was told.
    async fn discharge(&self, client: &Client) {
        let key = format!("{}/{}", self.id, client.name);
        let entry = app::ledger(&self.world.kube).await.remove(&key);
        let told = entry.map(|entry| left_behind(&entry).0).unwrap_or_default();
        if told.is_empty() {
            return;
        }
        self.world
            .say(&format!("an admin discharges {} of {key}", told.len()));
        self.discharged.borrow_mut().extend(told);
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-oauthclient"));
        command
            .args(["discharge", &key, "--yes", "--operator-namespace", NAMESPACE])
            .stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output());
        let said = output.await.unwrap().unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    }

    async fn judge(&self, clients: &[Client], plan: &Plan) {
        let (mut current, mut refused) = (BTreeSet::new(), Vec::new());
        let secrets: Api<Secret> = Api::namespaced(self.world.kube.clone(), &self.id);
        for client in clients.iter().filter(|client| client.there) {
            let pair = Published(secrets.get(&client.name).await.unwrap()).pair();
            if let Err(status) = self.server.token(&pair).await {
                refused.push((client.name.clone(), status));
            }
            self.world.witness.knows([pair.secret]);
            current.insert(pair.id);
        }
        let ledger = app::ledger(&self.world.kube).await;
        let tokens = ledger
            .values()
            .filter_map(|entry| entry["current"]["access"]["Own"]["token"].as_str());
        self.world
            .witness
            .knows(tokens.map(str::to_owned).collect::<Vec<_>>());
        let ours = ledger
            .iter()
            .filter(|(subject, _)| subject.starts_with(&format!("{}/", self.id)));
        let told: BTreeMap<String, Vec<Value>> = ours
            .map(|(subject, entry)| (subject.clone(), left_behind(entry).0))
            .collect();
        let discharged = self.discharged.borrow().clone();
        let told_of = |client: &S::Client| {
            let mut all = told.values().flatten().chain(discharged.iter());
            all.any(|owed| S::leads_to(owed, client))
        };
        let all = self.server.clients().await;
        let strangers: Vec<_> = all
            .iter()
            .filter(|client| !current.contains(S::id(client)))
            .collect();
        let orphans: Vec<_> = strangers.iter().filter(|client| !told_of(client)).collect();
        let possible: usize = told.values().map(Vec::len).sum();
        let [registrations, updates, removals] = self.server.requests().await;
        self.world.say(&format!(
            "{}: {} kills, as many answers lost; {registrations} registrations, {updates} updates and {removals} removals were \
             asked for; {} clients are there, {} Secrets refused; {} more clients at the server, {} of them not told of; \
             {possible} are told as left behind",
            S::NAME,
            plan.kills,
            current.len(),
            refused.len(),
            strangers.len(),
            orphans.len(),
        ));
        assert!(refused.is_empty(), "refused: {refused:?}");
        assert!(orphans.is_empty(), "orphans: {orphans:#?}\n{told:#?}");
        assert!(!current.is_empty(), "something is there");
        assert_eq!(
            possible > 0,
            S::LEAVES_BEHIND,
            "something is left behind, or nothing ever is"
        );
    }
}

/// What an entry owes.
fn owed(entry: &Value) -> Vec<Value> {
    entry["obligations"].as_array().cloned().unwrap_or_default()
}

/// What of an entry only an admin can end, and whether there is more in it.
fn left_behind(entry: &Value) -> (Vec<Value>, bool) {
    let only_an_admin = |owed: &Value| {
        owed["lost"]["trace"] == "None" || owed["registration"]["access"].get("Lost").is_some()
    };
    let (left, more): (Vec<Value>, Vec<Value>) = owed(entry).into_iter().partition(only_an_admin);
    let open = ["current", "previous", "intent"]
        .iter()
        .any(|part| !entry[*part].is_null());
    (left, open || !more.is_empty())
}
