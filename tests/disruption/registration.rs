//! Nothing is lost at a real server that nothing can be looked up at: node oidc-provider, whose registration access tokens
//! change with each update. The operator is killed at random moments and answers get lost; what that may have left at the
//! server is in the ledger, and can be found there.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use oauth_client_operator::api::{
    ANNOTATION_ROTATE, API_VERSION, ClusterAuthorizationServer, LABEL_SERVER_CREDENTIALS, OAuthClient,
};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::plan::Plan;
use crate::stage::oidc::OidcProvider;
use crate::stage::scene::{MANAGER, SCENE_LABEL, data};
use crate::stage::until::{LATER, MUCH_LATER, holds, until};
use crate::stage::world::NAMESPACE;
use crate::stage::{Published, World, app};
use crate::support::namespace_named;

/// As in the soak: nothing is late here, and each process goes to work at once.
const AT_ONCE: [&str; 2] = ["--late-delivery-seconds=15", "--leader-election=false"];
/// Between the start of the operator and the moment that it is killed, in milliseconds.
const ALIVE: std::ops::Range<u64> = 500..4_000;
/// Between two acts upon one client, in milliseconds.
const PAUSE: std::ops::Range<u64> = 100..700;
/// Requests whose answers get lost, one after the other, and the path where it tells the kind.
const LOST: [(&str, Option<&str>); 3] = [("POST", Some("/reg")), ("PUT", None), ("DELETE", None)];

struct Client {
    name: String,
    there: bool,
    wide: bool,
    triggers: usize,
}

struct Stage {
    world: &'static World,
    server: OidcProvider,
    /// The name of the server object and of the namespace.
    id: String,
    /// What was told as left behind until an admin discharged it.
    discharged: RefCell<Vec<Value>>,
}

pub async fn nothing_is_lost_at_a_real_server_without_lookup(world: &'static World) {
    let plan = Plan::read();
    let stage = Stage::start(world).await;
    assert!(world.operator.stop().await.success());
    world.operator.start_with(&AT_ONCE).await;
    let mut clients: Vec<Client> = (0..plan.clients / 2)
        .map(|number| Client {
            name: format!("app-{number}"),
            there: false,
            wide: false,
            triggers: 0,
        })
        .collect();
    let over = Cell::new(false);
    let weather = async {
        let mut rng = StdRng::seed_from_u64(plan.seed + 3);
        for number in 0..plan.kills * 2 {
            tokio::time::sleep(Duration::from_millis(rng.random_range(ALIVE))).await;
            if number % 2 == 0 {
                let (method, path) = LOST[number / 2 % LOST.len()];
                stage.server.lose_answer(method, path).await;
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

impl Stage {
    async fn start(world: &'static World) -> Self {
        let server = OidcProvider::start(&["--rotate-registration-access-token", "on"]);
        world.witness.knows([server.initial_access_token.clone()]);
        let stage = Self {
            id: format!("oidc-{}", world.run),
            world,
            server,
            discharged: RefCell::default(),
        };
        namespace_named(&world.kube, &stage.id, json!({SCENE_LABEL: stage.id})).await;
        let secrets: Api<Secret> = Api::namespaced(world.kube.clone(), NAMESPACE);
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": stage.id, "labels": {LABEL_SERVER_CREDENTIALS: "true"}},
            "data": data(&json!({"token": stage.server.initial_access_token})),
        });
        let parameters = PatchParams::apply(MANAGER).force();
        secrets
            .patch(&stage.id, &parameters, &Patch::Apply(secret))
            .await
            .unwrap();
        let object = json!({
            "apiVersion": API_VERSION, "kind": "ClusterAuthorizationServer", "metadata": {"name": stage.id},
            "spec": {
                "provider": {"dynamicRegistration": {
                    "issuer": stage.server.url,
                    "auth": {"initialAccessToken": {"secretRef": {"name": stage.id}}},
                }},
                "accessRules": [{
                    "name": "everything",
                    "namespaces": {"from": "Selector", "selector": {"matchLabels": {SCENE_LABEL: stage.id}}},
                    "scopes": ["read", "write"],
                }],
                "limits": {"requestsPerMinute": 6000, "burst": 100, "requestTimeoutSeconds": 5},
                "deletion": {"maxBurst": 100_000},
            },
        });
        let servers: Api<ClusterAuthorizationServer> = Api::all(world.kube.clone());
        servers
            .patch(&stage.id, &parameters, &Patch::Apply(object))
            .await
            .unwrap();
        let evidence = async || world.operator.log_end(20);
        until(LATER, "the server is ready", evidence, async || {
            let server = servers.get(&stage.id).await.unwrap();
            let status = server.status.unwrap_or_default();
            let ready = status
                .conditions
                .iter()
                .find(|condition| condition.type_ == "Ready");
            let ready = ready.map(|found| format!("{} {}: {}", found.status, found.reason, found.message));
            holds(
                ready.as_ref().is_some_and(|ready| ready.starts_with("True")),
                format!("{ready:?}"),
            )
        })
        .await;
        stage
    }

    fn api(&self) -> Api<OAuthClient> {
        Api::namespaced(self.world.kube.clone(), &self.id)
    }

    async fn act(&self, client: &mut Client, rng: &mut StdRng) {
        let drawn = rng.random_range(0..100);
        if !client.there || drawn < 40 {
            client.wide = !client.wide;
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
        let scopes: &[&str] = if client.wide {
            &["read", "write"]
        } else {
            &["read"]
        };
        let object = json!({
            "apiVersion": API_VERSION, "kind": "OAuthClient", "metadata": {"name": client.name},
            "spec": {
                "serverRef": {"kind": "ClusterAuthorizationServer", "name": self.id},
                "scopes": scopes,
            },
        });
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
        let told_of = |client: &crate::stage::oidc::RemoteClient| {
            told.values().flatten().chain(discharged.iter()).any(|owed| {
                let marker = &owed["lost"]["marker"];
                let by_software = marker["owner"].as_str().is_some_and(|owner| {
                    client.software_id == format!("oauthclient.dev/{owner}")
                        && marker["number"] == client.software_version.parse::<u64>().unwrap_or_default()
                });
                by_software || owed["registration"]["credential"]["client_id"] == client.client_id.as_str()
            })
        };
        let all = self.server.clients().await;
        let strangers: Vec<_> = all
            .iter()
            .filter(|client| !current.contains(&client.client_id))
            .collect();
        let orphans: Vec<_> = strangers.iter().filter(|client| !told_of(client)).collect();
        let possible: usize = told.values().map(Vec::len).sum();
        let requests = async |method| self.server.requests(method, "/reg").await;
        self.world.say(&format!(
            "oidc-provider: {} kills, as many answers lost; {} registrations, {} updates and {} removals were asked for; {} \
             clients are there, {} Secrets refused; {} more clients at the server, {} of them not told of; {possible} are told as \
             left behind",
            plan.kills,
            requests("POST").await,
            requests("PUT").await,
            requests("DELETE").await,
            current.len(),
            refused.len(),
            strangers.len(),
            orphans.len(),
        ));
        assert!(refused.is_empty(), "refused: {refused:?}");
        assert!(orphans.is_empty(), "orphans: {orphans:#?}\n{told:#?}");
        assert!(
            !current.is_empty() && possible > 0,
            "something was lost and something is there"
        );
    }
}

/// What of an entry only an admin can end, and whether there is more in it.
fn left_behind(entry: &Value) -> (Vec<Value>, bool) {
    let owed = entry["obligations"].as_array().cloned().unwrap_or_default();
    let only_an_admin = |owed: &Value| {
        owed["lost"]["trace"] == "None" || owed["registration"]["access"].get("Lost").is_some()
    };
    let (left, more): (Vec<Value>, Vec<Value>) = owed.into_iter().partition(only_an_admin);
    let open = ["current", "previous", "intent"]
        .iter()
        .any(|part| !entry[*part].is_null());
    (left, open || !more.is_empty())
}
