use std::time::Duration;

use super::*;
use crate::model::ClientKey;

fn subject(namespace: &str, name: &str) -> Subject {
    Subject {
        client: ClientKey {
            namespace: namespace.into(),
            name: name.into(),
        },
        namespace_uid: namespace.into(),
    }
}

async fn next(queue: &Queue) -> Option<Subject> {
    queue.next(usize::MAX, |_| None).await
}

async fn drain(queue: &Queue, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..count {
        let subject = next(queue).await.unwrap();
        names.push(subject.to_string());
        queue.done(&subject);
    }
    names
}

#[tokio::test(start_paused = true)]
async fn namespaces_take_turns() {
    let queue = Queue::default();
    for name in ["1", "2", "3"] {
        queue.push(subject("crowd", name), Urgency::Change);
    }
    queue.push(subject("lone", "1"), Urgency::Change);
    assert_eq!(
        drain(&queue, 4).await,
        ["crowd/1", "lone/1", "crowd/2", "crowd/3"]
    );
}

#[tokio::test(start_paused = true)]
async fn changes_come_before_background_work() {
    let queue = Queue::default();
    queue.push(subject("a", "old"), Urgency::Background);
    queue.push(subject("a", "both"), Urgency::Background);
    queue.push(subject("a", "both"), Urgency::Change);
    queue.push(subject("a", "both"), Urgency::Background);
    assert_eq!(drain(&queue, 2).await, ["a/both", "a/old"]);
    assert_eq!(queue.depth(), 0, "nothing is in twice");
}

#[tokio::test(start_paused = true)]
async fn a_subject_is_never_in_two_hands() {
    let queue = Queue::default();
    queue.push(subject("a", "1"), Urgency::Change);
    let first = next(&queue).await.unwrap();
    queue.push(first.clone(), Urgency::Change);
    let second = tokio::time::timeout(Duration::from_secs(1), next(&queue)).await;
    assert!(second.is_err(), "it is still in the first worker's hands");
    queue.done(&first);
    assert_eq!(
        next(&queue).await.unwrap(),
        first,
        "and comes back, as it was asked for meanwhile"
    );
}

#[tokio::test(start_paused = true)]
async fn timers_ring_in_time_and_a_change_overtakes_them() {
    let queue = Queue::default();
    let start = Instant::now();
    queue.push_at(subject("a", "late"), start + Duration::from_secs(60));
    queue.push_at(subject("a", "soon"), start + Duration::from_secs(5));
    queue.push_at(subject("a", "soon"), start + Duration::from_secs(50));
    assert_eq!(drain(&queue, 1).await, ["a/soon"]);
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    queue.push(subject("a", "late"), Urgency::Change);
    assert_eq!(drain(&queue, 1).await, ["a/late"]);
    let nothing = tokio::time::timeout(Duration::from_secs(600), next(&queue)).await;
    assert!(nothing.is_err(), "its timer is spent");
}

#[tokio::test(start_paused = true)]
async fn while_it_is_held_nothing_is_given_out_and_nothing_is_lost() {
    let queue = std::sync::Arc::new(Queue::default());
    queue.hold(true);
    queue.push(subject("a", "asked"), Urgency::Change);
    queue.push_at(subject("a", "timed"), Instant::now() + Duration::from_secs(5));
    let nothing = tokio::time::timeout(Duration::from_secs(60), next(&queue)).await;
    assert!(nothing.is_err());
    queue.hold(false);
    assert_eq!(drain(&queue, 2).await, ["a/asked", "a/timed"]);
    queue.hold(true);
    let worker = tokio::spawn({
        let queue = queue.clone();
        async move { next(&queue).await }
    });
    tokio::task::yield_now().await;
    queue.close();
    assert_eq!(worker.await.unwrap(), None, "a stop ends the wait");
}

#[tokio::test(start_paused = true)]
async fn closing_sends_everybody_home() {
    let queue = std::sync::Arc::new(Queue::default());
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { next(&queue).await })
        })
        .collect();
    tokio::task::yield_now().await;
    queue.close();
    for worker in workers {
        assert_eq!(worker.await.unwrap(), None);
    }
}

/// The server is told by the beginning of the name.
fn server_of(subject: &Subject) -> Option<ServerKey> {
    let name = subject.client.name.split('-').next()?.to_owned();
    Some(ServerKey {
        namespace: None,
        name,
    })
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_calls_hang_keeps_no_worker_from_another_one() {
    let queue = std::sync::Arc::new(Queue::default());
    let served = std::sync::Arc::new(Mutex::new(Vec::new()));
    for number in 0..100 {
        queue.push(subject("a", &format!("hung-{number}")), Urgency::Change);
    }
    for _ in 0..8 {
        let (queue, served) = (queue.clone(), served.clone());
        tokio::spawn(async move {
            while let Some(subject) = queue.next(2, server_of).await {
                let work = if subject.client.name.starts_with("hung") {
                    30
                } else {
                    1
                };
                tokio::time::sleep(Duration::from_secs(work)).await;
                served.lock().unwrap().push(subject.client.name.clone());
                queue.done(&subject);
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(queue.depth(), 98, "two have a worker");
    // Even in the same namespace, and even if it is less urgent.
    queue.push(subject("a", "well-1"), Urgency::Background);
    queue.push(subject("b", "well-2"), Urgency::Change);
    tokio::time::sleep(Duration::from_secs(1)).await;
    tokio::time::sleep(Duration::from_millis(10)).await;
    let mut found = served.lock().unwrap().clone();
    found.sort();
    assert_eq!(found, ["well-1", "well-2"], "no later than their own work takes");
    // Who waits for the slow server is not forgotten: two at a time.
    tokio::time::sleep(Duration::from_secs(50 * 30)).await;
    assert_eq!(served.lock().unwrap().len(), 102);
    assert_eq!(queue.depth(), 0);
    assert!(queue.inner().lanes.is_empty());
}

/// With a server of its own in each namespace but one, and many in each.
#[tokio::test(start_paused = true)]
async fn tenants_with_slow_servers_keep_no_worker_from_those_of_the_cluster() {
    let server_of = |subject: &Subject| {
        let namespace = &subject.client.namespace;
        Some(ServerKey {
            namespace: (namespace != "bob").then(|| namespace.clone()),
            name: subject.client.name.clone(),
        })
    };
    let queue = Queue::default();
    for number in 0..60 {
        let subject = subject(&format!("tenant-{}", number % 6), &format!("slow-{number}"));
        queue.push(subject, Urgency::Change);
    }
    queue.push(subject("bob", "well"), Urgency::Change);
    // Of sixteen workers, with shares of four.
    let mut hands = Vec::new();
    while let Ok(next) = tokio::time::timeout(Duration::from_secs(1), queue.next(4, server_of)).await {
        hands.push(next.unwrap());
    }
    let of = |namespace: &str| {
        let taken = hands.iter();
        taken.filter(|taken| taken.client.namespace == namespace).count()
    };
    assert_eq!((hands.len(), of("bob")), (9, 1), "two shares, and bob");
    assert!((0..6).all(|n| of(&format!("tenant-{n}")) <= 4));
    // What they give back others of them get.
    for subject in &hands {
        queue.done(subject);
    }
    for _ in 0..52 {
        let next = queue.next(4, server_of).await.unwrap();
        queue.done(&next);
    }
    assert_eq!((queue.depth(), queue.inner().of_tenants), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_namespace_has_one_share_for_all_its_servers() {
    let server_of = |subject: &Subject| {
        Some(ServerKey {
            namespace: Some(subject.client.namespace.clone()),
            name: subject.client.name.clone(),
        })
    };
    let queue = Queue::default();
    for number in 0..20 {
        queue.push(subject("mallory", &number.to_string()), Urgency::Change);
    }
    queue.push(subject("bob", "well"), Urgency::Change);
    let mut hands = Vec::new();
    while let Ok(next) = tokio::time::timeout(Duration::from_secs(1), queue.next(4, server_of)).await {
        hands.push(next.unwrap().client.namespace);
    }
    hands.sort();
    assert_eq!(hands, ["bob", "mallory", "mallory", "mallory", "mallory"]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_server_is_there_once_and_a_change_goes_first() {
    let queue = Queue::default();
    for name in ["slow-1", "slow-2", "slow-3"] {
        queue.push(subject("a", name), Urgency::Background);
    }
    let first = queue.next(1, server_of).await.unwrap();
    let nothing = tokio::time::timeout(Duration::from_secs(1), queue.next(1, server_of)).await;
    assert!(nothing.is_err());
    queue.push(subject("a", "slow-3"), Urgency::Change);
    queue.push(subject("a", "slow-3"), Urgency::Background);
    assert_eq!(queue.depth(), 2);
    queue.done(&first);
    for expected in ["a/slow-3", "a/slow-2"] {
        let found = queue.next(1, server_of).await.unwrap();
        assert_eq!(found.to_string(), expected);
        queue.done(&found);
    }
    assert_eq!(queue.depth(), 0);
}

#[tokio::test]
async fn servers_take_turns() {
    let queue = Queue::default();
    for number in 0..8 * 400 {
        queue.push(
            subject(&format!("n{}", number % 7), &format!("s{}-{number}", number % 8)),
            Urgency::Background,
        );
    }
    let mut hands = VecDeque::new();
    for _ in 0..64 {
        hands.push_back(queue.next(16, server_of).await.unwrap());
    }
    let mut served: HashMap<ServerKey, usize> = HashMap::new();
    for _ in 0..1_600 {
        let subject = hands.pop_front().unwrap();
        *served.entry(server_of(&subject).unwrap()).or_default() += 1;
        queue.done(&subject);
        hands.push_back(queue.next(16, server_of).await.unwrap());
    }
    let (least, most) = (served.values().min().unwrap(), served.values().max().unwrap());
    assert!(served.len() == 8 && *least > 100 && *most < 300, "{served:?}");
}
