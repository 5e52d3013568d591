//! Where attacks happen: an authorization server, a victim whose client works there, and the attacker's namespace
//! beside it; and what must be as it was afterwards.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use authserver_emulator::digitalroute::state::Client as RemoteClient;
use authserver_emulator::dynamic_registration::choices::ScopeOmitted;
use authserver_emulator::switch::Either;
use authserver_emulator::{cocoon, dynamic_registration};
use k8s_openapi::api::core::v1::Secret;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::actors;
use crate::stage::tls::TlsFront;
use crate::stage::until::{LATER, SOON, holds, until};
use crate::stage::world::NAMESPACE;
use crate::stage::{App, Pair, Scene, World};
use crate::table::{Actor, Words};

/// Long enough for what the operator does about something to have begun.
const QUIET: Duration = Duration::from_millis(1200);

/// Where attacks happen.
pub struct Ground {
    pub scene: Scene,
    pub words: tokio::sync::Mutex<Words>,
    /// The victim's credential.
    pair: Pair,
    /// Where nobody may connect to.
    trap: Trap,
    /// Servers of other kinds, at which rules are about what this one's do not know.
    registration: dynamic_registration::Emulator,
    cocoon: cocoon::Emulator,
    /// In front of the emulator, for who has a server of its own.
    _tls: TlsFront,
    acting: tokio::sync::Mutex<BTreeMap<Actor, Client>>,
}

/// A listener at another address of this host, which counts who comes.
pub struct Trap {
    pub port: u16,
    visits: Arc<AtomicUsize>,
}

impl Trap {
    pub async fn set() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let visits = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&visits);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, visits }
    }

    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

/// How everything was.
pub struct Before {
    at: Instant,
    secrets: Vec<(String, String)>,
    /// Those in the attacker's namespace.
    given: Vec<(String, String)>,
    client: String,
    record: Option<Value>,
    remote: Vec<RemoteClient>,
    requests: usize,
    elsewhere: u64,
}

impl Ground {
    /// A server that is ready, at which these clients are already, and a victim.
    pub async fn prepare(world: &'static World, name: &str, server: Value, clients: &[String]) -> Self {
        let scene = Scene::with(world, name, server).await;
        for client in clients {
            scene.emulator.add_client(client, "read");
        }
        let theirs = scene.namespace("theirs").await;
        let mine = scene.namespace("mine").await;
        let outside = scene.namespace_with("outside", json!({})).await;
        let victim = scene.app_in(&theirs, "billing").ready(json!({})).await;
        let pair = victim.secret().await.pair();
        // Where names are exact it is called otherwise.
        let mut remote = scene.emulator.clients();
        remote.retain(|client| Pair::of(client) == pair);
        let [remote] = remote.try_into().unwrap();
        let trap = Trap::set().await;
        let tls = TlsFront::before(&scene.emulator.url()).await;
        // It gives all that it has to who asks for nothing.
        let mut generous = dynamic_registration::Config {
            scopes: ["read", "write", "admin"].map(str::to_owned).to_vec(),
            ..dynamic_registration::Config::default()
        };
        generous.switches.scope_omitted = Either::Do(ScopeOmitted::All);
        let registration = dynamic_registration::Emulator::start(generous);
        let cocoon = cocoon::Emulator::start(cocoon::Config::default());
        let (registration, cocoon) = (registration.await.unwrap(), cocoon.await.unwrap());
        let words = [
            ("mine", mine),
            ("theirs", theirs.clone()),
            ("outside", outside),
            ("server", scene.id.clone()),
            ("operator", NAMESPACE.to_owned()),
            ("their_id", pair.id.clone()),
            ("their_name", remote.client_name),
            ("their_uid", victim.get().await.unwrap().uid().unwrap()),
            ("port", trap.port.to_string()),
            ("tls", tls.url.clone()),
            ("authority", tls.authority.clone()),
            ("password", scene.password.clone()),
            ("registration", registration.url()),
            ("cocoon", cocoon.url()),
        ];
        let words = words.map(|(word, text)| (word.to_owned(), text)).into();
        let ground = Self {
            scene,
            words: tokio::sync::Mutex::new(words),
            pair,
            trap,
            registration,
            cocoon,
            _tls: tls,
            acting: tokio::sync::Mutex::default(),
        };
        let touched = ground.touched(ground.scene.began, &theirs);
        assert!(
            !touched.is_empty(),
            "what the operator does to Secrets is not seen"
        );
        ground
    }

    /// The victim's client.
    pub async fn victim(&self) -> App<'_> {
        self.scene.app_in(&self.word("theirs").await, "billing")
    }

    async fn word(&self, word: &str) -> String {
        self.words.lock().await[word].clone()
    }

    /// The namespace in which an actor acts.
    pub async fn place(&self, actor: Actor) -> String {
        self.word(match actor {
            Actor::Victim => "theirs",
            Actor::Outsider => "outside",
            Actor::Tenant | Actor::ServerOwner | Actor::StatusWriter | Actor::Platform => "mine",
        })
        .await
    }

    /// A client that acts as somebody.
    pub async fn acting(&self, actor: Actor) -> Client {
        let namespace = self.place(actor).await;
        let mut acting = self.acting.lock().await;
        if let Some(client) = acting.get(&actor) {
            return client.clone();
        }
        let client = actors::enter(&self.scene.world.kube, actor, &namespace).await;
        acting.insert(actor, client.clone());
        client
    }

    /// Waits until the operator has nothing more to do here, and takes down how everything is.
    pub async fn before(&self) -> Before {
        let evidence = async || format!("{}\n{}", self.scene.journal(), self.scene.log());
        let theirs = self.word("theirs").await;
        until(SOON, "the operator is at rest", evidence, async || {
            let (since, asked) = (Instant::now(), self.asked());
            tokio::time::sleep(QUIET).await;
            holds(self.asked() == asked, "the server is asked")?;
            let touched = self.touched(since, &theirs);
            holds(touched.is_empty(), touched.join(", "))
        })
        .await;
        let victim = self.victim().await;
        Before {
            at: Instant::now(),
            secrets: self.secrets("theirs").await,
            given: self.secrets("mine").await,
            client: victim.version().await,
            record: victim.record().await,
            remote: self.scene.emulator.clients(),
            requests: self.asked(),
            elsewhere: self.changes_elsewhere(),
        }
    }

    /// That nothing has happened since: nothing at all, or with `own_clients` nothing but what concerns new clients.
    pub async fn nothing_since(&self, before: &Before, own_clients: bool) {
        tokio::time::sleep(QUIET).await;
        let theirs = self.word("theirs").await;
        let touched = self.touched(before.at, &theirs);
        assert!(
            touched.is_empty(),
            "the operator read or wrote Secrets of others: {touched:?}"
        );
        assert_eq!(
            self.secrets("theirs").await,
            before.secrets,
            "Secrets of others are not what they were"
        );
        let given = self.secrets("mine").await;
        for secret in &before.given {
            assert!(given.contains(secret), "Secret {} is not what it was", secret.0);
        }
        let victim = self.victim().await;
        assert_eq!(
            victim.version().await,
            before.client,
            "{}",
            victim.evidence().await
        );
        assert_eq!(
            victim.record().await,
            before.record,
            "the victim's ledger entry has changed"
        );
        let requests = self.scene.emulator.requests();
        let since = requests.get(before.requests..).unwrap_or_default();
        let others: Vec<&RemoteClient> = before.remote.iter().collect();
        let about_others = |name: &String| others.iter().any(|client| client.client_name == *name);
        if own_clients {
            let about_others: Vec<_> = since
                .iter()
                .filter(|entry| entry.changed && entry.client.as_ref().is_some_and(about_others))
                .collect();
            assert!(about_others.is_empty(), "{about_others:?}");
        } else {
            assert!(
                since.is_empty(),
                "the server was asked:\n{}",
                self.scene.journal()
            );
            let written = self.written(before.at).await;
            assert!(written.is_empty(), "the operator wrote Secrets: {written:?}");
            assert_eq!(
                self.changes_elsewhere(),
                before.elsewhere,
                "another server was changed"
            );
        }
        let now = self.scene.emulator.clients();
        for client in others {
            assert!(
                now.contains(client),
                "{} has changed\n{}",
                client.client_name,
                self.scene.journal()
            );
        }
        assert!(own_clients || now.len() == before.remote.len());
        assert_eq!(
            self.trap.visits(),
            0,
            "the operator connected to an address that is not allowed"
        );
        self.scene.assert_accepted(&self.pair).await;
    }

    fn asked(&self) -> usize {
        self.scene.emulator.requests().len()
    }

    fn changes_elsewhere(&self) -> u64 {
        self.registration.counters().mutations + self.cocoon.counters().mutations
    }

    /// Single Secrets of others that the operator has read or written: in the victim's namespace, and the server's
    /// credential.
    fn touched(&self, since: Instant, theirs: &str) -> Vec<String> {
        let passed = self.scene.world.proxy.passed_since(since).into_iter();
        let foreign = passed.filter(|passed| {
            passed.resource == "secrets"
                && !matches!(passed.verb, "list" | "watch")
                && (passed.namespace == theirs
                    || passed.namespace == NAMESPACE && passed.name == self.scene.id)
        });
        foreign
            .map(|passed| format!("{} {}/{}", passed.verb, passed.namespace, passed.name))
            .collect()
    }

    /// Secrets that the operator has written in the attacker's namespaces.
    async fn written(&self, since: Instant) -> Vec<String> {
        let places = [self.word("mine").await, self.word("outside").await];
        let passed = self.scene.world.proxy.passed_since(since).into_iter();
        let written = passed
            .filter(|passed| passed.resource == "secrets" && passed.writes())
            .filter(|passed| places.contains(&passed.namespace));
        written
            .map(|passed| format!("{} {}/{}", passed.verb, passed.namespace, passed.name))
            .collect()
    }

    /// Waits until the server has no other clients than it had.
    pub async fn own_clients_gone(&self, before: &Before) {
        let evidence = async || format!("{}\n{}", self.scene.journal(), self.scene.log());
        until(
            LATER,
            "the attacker's own clients are removed",
            evidence,
            async || {
                let now = self.scene.emulator.clients().len();
                holds(now == before.remote.len(), format!("{now} clients"))
            },
        )
        .await;
    }

    /// The Secrets of a namespace, each with its version; and with the victim's the operator's credential.
    async fn secrets(&self, place: &str) -> Vec<(String, String)> {
        let kube = self.scene.world.kube.clone();
        let there: Api<Secret> = Api::namespaced(kube.clone(), &self.word(place).await);
        let mut secrets = there.list(&ListParams::default()).await.unwrap().items;
        if place == "theirs" {
            let operators: Api<Secret> = Api::namespaced(kube, NAMESPACE);
            secrets.push(operators.get(&self.scene.id).await.unwrap());
        }
        let named = secrets.into_iter().map(|secret| {
            let version = secret.resource_version().unwrap_or_default();
            (secret.name_any(), version)
        });
        named.collect()
    }
}
