//! What is measured, and how.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures::future::join_all;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};
use oauth_client_operator::api::SECRET_TYPE_LEDGER_ENTRY;

use crate::bare::Copy;
use crate::board::Board;
use crate::crowd::Crowd;
use crate::process::{self, Memory};
use crate::stage::World;
use crate::stage::requests::{Asked, requests, since};
use crate::stage::world::NAMESPACE;
use crate::support;

/// Nothing has happened for so long: it is at rest.
const REST: Duration = Duration::from_secs(20);
/// Of the clients that come one after the other.
const PACED: u32 = 300;
const BETWEEN: Duration = Duration::from_millis(100);
/// Secrets that are deleted.
const REPAIRS: usize = 50;
/// Foreign Secrets, of a megabyte each.
const FOREIGN: usize = 100;

/// How many clients, and how long the server takes for a call, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    pub clients: u32,
    pub delay: u32,
}

/// Requests at the API server, Leases apart.
pub type Requests = BTreeMap<Asked, i64>;

/// What came of many clients that are there when the operator starts.
pub struct CrowdResult {
    /// From the moment that the operator is ready until all clients are.
    pub took: Duration,
    pub requests: Requests,
    pub calls: BTreeMap<&'static str, u64>,
    pub cpu: Duration,
    /// Without clients, and when all are ready.
    pub memory: (Memory, Memory),
    /// The same writes and calls without an operator.
    pub bare: Duration,
    pub bare_requests: Requests,
    /// Writes while it is at rest.
    pub at_rest: i64,
    pub restart: Restart,
    /// Until nothing is left of clients that are deleted all at once.
    pub deleted: Duration,
}

/// A new process finds all clients settled.
pub struct Restart {
    /// From its start until it says that it is ready.
    pub ready: Duration,
    pub writes: i64,
    pub calls: u64,
    pub memory: Memory,
}

async fn asked(world: &World) -> Requests {
    let mut asked = requests(&world.kube).await;
    asked.retain(|asked, _| asked.resource != "leases");
    asked
}

pub fn writes(requests: &Requests) -> i64 {
    let writes = requests.iter().filter(|(asked, _)| asked.writes());
    writes.map(|(_, count)| count).sum()
}

pub async fn crowd(world: &'static World, way: Way) -> CrowdResult {
    let name = format!("crowd-{}-{}", way.clients, way.delay);
    let crowd = Crowd::gather(world, &name, way.clients, way.delay).await;
    let board = Board::new(&world.kube);
    let without = process::memory(world.operator.id());
    assert!(world.operator.stop().await.success());
    crowd.apply_all().await;

    let before = asked(world).await;
    crowd.scene.emulator.clear_requests();
    world.operator.start_and_wait().await;
    let began = Instant::now();
    board.wait_ready(crowd.keys.len()).await;
    let took = began.elapsed();
    // Events come after.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let requests = since(&before, asked(world).await);
    let calls = crowd.scene.emulator.counters().operations;
    let cpu = process::cpu(world.operator.id());
    let memory = (without, process::memory(world.operator.id()));

    let before = asked(world).await;
    tokio::time::sleep(REST).await;
    let at_rest = writes(&since(&before, asked(world).await));

    let copy = Copy::of(&crowd).await;
    let restart = restart(world, &crowd).await;
    let began = Instant::now();
    crowd.remove(&board).await;
    let deleted = began.elapsed();

    assert!(world.operator.stop().await.success());
    crowd.apply_all().await;
    let before = asked(world).await;
    let bare = copy.write(&crowd).await;
    let bare_requests = since(&before, asked(world).await);
    clear_away(&crowd, &board).await;
    world.operator.start_and_wait().await;
    CrowdResult {
        took,
        requests,
        calls,
        cpu,
        memory,
        bare,
        bare_requests,
        at_rest,
        restart,
        deleted,
    }
}

async fn restart(world: &World, crowd: &Crowd) -> Restart {
    assert!(world.operator.stop().await.success());
    crowd.scene.emulator.clear_requests();
    let before = asked(world).await;
    let began = Instant::now();
    world.operator.start_and_wait().await;
    let ready = began.elapsed();
    tokio::time::sleep(REST).await;
    Restart {
        ready,
        writes: writes(&since(&before, asked(world).await)),
        calls: crowd.scene.emulator.counters().operations.values().sum(),
        memory: process::memory(world.operator.id()),
    }
}

/// What the bare client has written has no operator that would remove it.
async fn clear_away(crowd: &Crowd, board: &Board) {
    crowd.delete_all().await;
    let records: Api<Secret> = Api::namespaced(crowd.scene.world.kube.clone(), NAMESPACE);
    let of_ledger = ListParams::default().fields(&format!("type={SECRET_TYPE_LEDGER_ENTRY}"));
    records
        .delete_collection(&DeleteParams::default(), &of_ledger)
        .await
        .unwrap();
    crowd.scene.emulator.edit_clients(Vec::clear);
    // The garbage collector removes what they owned.
    board.wait_secrets(0).await;
}

/// Clients that come at a steady pace, and Secrets that are deleted.
pub struct Pace {
    /// From the request that applies a client until its Secret is seen, sorted.
    pub created: Vec<Duration>,
    /// From the request that deletes a Secret until it is seen anew, sorted.
    pub repaired: Vec<Duration>,
}

pub async fn pace(world: &'static World) -> Pace {
    let crowd = Crowd::gather(world, "pace", PACED, 0).await;
    let board = Board::new(&world.kube);
    let began = tokio::time::Instant::now();
    let each = crowd.keys.iter().zip(0..).map(async |(key, number)| {
        tokio::time::sleep_until(began + BETWEEN * number).await;
        let sent = crowd.apply(key).await;
        board.wait_secret(key, sent).await - sent
    });
    let mut created = join_all(each).await;
    created.sort();
    board.wait_ready(crowd.keys.len()).await;
    let mut repaired = Vec::new();
    for key in crowd.keys.iter().take(REPAIRS) {
        let sent = Instant::now();
        let secrets = crowd.secrets(&key.0);
        secrets.delete(&key.1, &DeleteParams::default()).await.unwrap();
        repaired.push(board.wait_secret(key, sent).await - sent);
    }
    repaired.sort();
    crowd.remove(&board).await;
    Pace { created, repaired }
}

/// Of a sorted list, the value that so many of a hundred do not exceed.
pub fn percentile(sorted: &[Duration], of_100: usize) -> Duration {
    sorted[(sorted.len() * of_100).div_ceil(100) - 1]
}

/// The memory of a new process at rest: alone, and with many large Secrets of others in the cluster.
pub async fn memory(world: &'static World) -> [Memory; 2] {
    let alone = at_rest(world).await;
    let namespace = support::namespace(&world.kube, "foreign")
        .await
        .metadata
        .name
        .unwrap();
    let secrets: Api<Secret> = Api::namespaced(world.kube.clone(), &namespace);
    for number in 0..FOREIGN {
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(format!("large-{number}")),
                ..ObjectMeta::default()
            },
            data: Some([("data".to_owned(), ByteString(vec![b'x'; 1_000_000]))].into()),
            ..Secret::default()
        };
        secrets.create(&PostParams::default(), &secret).await.unwrap();
    }
    let beside = at_rest(world).await;
    let everything = ListParams::default();
    secrets
        .delete_collection(&DeleteParams::default(), &everything)
        .await
        .unwrap();
    [alone, beside]
}

async fn at_rest(world: &World) -> Memory {
    assert!(world.operator.stop().await.success());
    world.operator.start_and_wait().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    process::memory(world.operator.id())
}
