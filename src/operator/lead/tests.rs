use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::cluster::lease::memory::MemoryLease;

/// A candidate in a task, and what its process asks.
struct Process {
    leadership: Arc<Leadership>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Process {
    fn start(name: &str, lease: &MemoryLease) -> Self {
        let leadership = Arc::new(Leadership::default());
        let candidate = Candidate::new(leadership.clone(), Box::new(lease.clone()), name.to_owned());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(candidate.run(async {
            stopped.await.ok();
        }));
        Self {
            leadership,
            stop: Some(stop),
            task,
        }
    }

    fn leads(&self) -> bool {
        self.leadership.is_current()
    }

    async fn wait_leads(&self) -> Duration {
        let began = Instant::now();
        tokio::time::timeout(Duration::from_secs(300), self.leadership.until(true))
            .await
            .unwrap();
        began.elapsed()
    }

    async fn stop(mut self) {
        drop(self.stop.take());
        self.task.await.unwrap();
        assert!(!self.leadership.is_current());
        assert_eq!(self.leadership.silent_for(), None);
    }

    /// Ends it in the middle of whatever it does.
    fn kill(self) {
        self.task.abort();
    }
}

/// Time goes by; at no time may both lead.
async fn pass_by(seconds: u64, processes: [&Process; 2]) {
    for _ in 0..seconds * 4 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert!(!(processes[0].leads() && processes[1].leads()), "both lead");
    }
}

fn holder(lease: &MemoryLease) -> Option<String> {
    lease.record().and_then(|record| record.holder)
}

#[tokio::test(start_paused = true)]
async fn one_of_two_leads_and_stays_the_one() {
    let lease = MemoryLease::default();
    let one = Process::start("one", &lease);
    one.wait_leads().await;
    let two = Process::start("two", &lease);
    let first = lease.record().unwrap();
    assert_eq!((first.duration_seconds, first.transitions), (Some(15), 0));
    pass_by(300, [&one, &two]).await;
    assert!(one.leads());
    assert_eq!(two.leadership.described(), "standby, one holds the Lease");
    let writes = lease.shared.lock().unwrap().writes;
    assert!((50..=70).contains(&writes), "{writes} renewals in 300 s");
    let last = lease.record().unwrap();
    assert_eq!((last.acquired, last.transitions), (first.acquired, 0));
    assert!(two.leadership.silent_for().unwrap() < Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn who_dies_is_followed_when_the_lease_has_run_out() {
    let lease = MemoryLease::default();
    let one = Process::start("one", &lease);
    one.wait_leads().await;
    let two = Process::start("two", &lease);
    tokio::time::sleep(Duration::from_secs(60)).await;
    one.kill();
    let took = two.wait_leads().await;
    assert!(
        (Duration::from_secs(9)..=Duration::from_secs(18)).contains(&took),
        "{took:?}"
    );
    assert_eq!(lease.record().unwrap().transitions, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_gives_the_lease_back() {
    let lease = MemoryLease::default();
    let one = Process::start("one", &lease);
    one.wait_leads().await;
    let two = Process::start("two", &lease);
    tokio::time::sleep(Duration::from_secs(6)).await;
    one.stop().await;
    let took = two.wait_leads().await;
    assert!(took < Duration::from_secs(3), "{took:?}");
    two.stop().await;
    assert_eq!(holder(&lease), None);
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_stops_leaves_the_lease_alone() {
    let lease = MemoryLease::default();
    let one = Process::start("one", &lease);
    one.wait_leads().await;
    let two = Process::start("two", &lease);
    tokio::time::sleep(Duration::from_secs(6)).await;
    two.stop().await;
    assert_eq!(holder(&lease).as_deref(), Some("one"));
    assert!(one.leads());
}

#[tokio::test(start_paused = true)]
async fn a_paused_leader_wakes_up_without_a_claim() {
    // Played by hand: a process that is stopped runs none of its tasks.
    let lease = MemoryLease::default();
    let leadership = Arc::new(Leadership::default());
    let mut one = Candidate::new(leadership.clone(), Box::new(lease.clone()), "one".to_owned());
    one.turn().await;
    assert!(leadership.is_current());
    let two = Process::start("two", &lease);
    two.wait_leads().await;
    // Before any of its tasks has run again.
    assert!(!leadership.is_current());
    one.turn().await;
    assert!(!leadership.is_current());
    assert_eq!(leadership.described(), "standby, two holds the Lease");
    assert!(two.leads());
}

#[tokio::test(start_paused = true)]
async fn a_claim_counts_from_before_the_renewal_was_sent() {
    let lease = MemoryLease::default();
    lease.shared.lock().unwrap().slow = Duration::from_secs(12);
    let leadership = Arc::new(Leadership::default());
    let mut one = Candidate::new(leadership.clone(), Box::new(lease.clone()), "one".to_owned());
    one.write(None).await.unwrap();
    assert!(leadership.is_current());
    tokio::time::sleep(Duration::from_millis(1_001)).await;
    assert!(!leadership.is_current());
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_by_days_do_not_matter() {
    for (skew_of_one, skew_of_two) in [(-72, 72), (72, -72)] {
        let lease = MemoryLease::default();
        let of_one = lease.skewed(SignedDuration::from_hours(skew_of_one));
        let of_two = lease.skewed(SignedDuration::from_hours(skew_of_two));
        let one = Process::start("one", &of_one);
        one.wait_leads().await;
        let two = Process::start("two", &of_two);
        pass_by(120, [&one, &two]).await;
        assert!(one.leads());
        one.kill();
        let took = two.wait_leads().await;
        assert!(took > Duration::from_secs(9), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_api_server_is_away_a_claim_ends_and_later_it_is_back() {
    let lease = MemoryLease::default();
    let one = Process::start("one", &lease);
    one.wait_leads().await;
    let two = Process::start("two", &lease);
    tokio::time::sleep(Duration::from_secs(30)).await;
    lease.shared.lock().unwrap().away = true;
    assert!(one.leads());
    tokio::time::sleep(CLAIM).await;
    assert!(!one.leads() && !two.leads());
    let trouble = one.leadership.trouble().unwrap();
    assert_eq!(trouble, "the API server is away");
    assert!(one.leadership.failures() > 0);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(one.leadership.silent_for().unwrap() < Duration::from_secs(5));
    lease.shared.lock().unwrap().away = false;
    pass_by(30, [&one, &two]).await;
    assert!(one.leads() || two.leads());
    assert_eq!(one.leadership.trouble().or(two.leadership.trouble()), None);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_whose_answer_was_lost_extends_nothing() {
    let lease = MemoryLease::default();
    let one = Process::start("one", &lease);
    one.wait_leads().await;
    lease.shared.lock().unwrap().loses_answers = true;
    tokio::time::sleep(Duration::from_secs(14)).await;
    assert!(!one.leads(), "nobody told it");
    lease.shared.lock().unwrap().loses_answers = false;
    let took = one.wait_leads().await;
    assert!(took < Duration::from_secs(4), "it is the holder still: {took:?}");
    assert_eq!(lease.record().unwrap().transitions, 0);
}

#[tokio::test(start_paused = true)]
async fn edits_by_hand_are_borne() {
    type Edit = fn(&mut LeaseRecord);
    let edits: [(&str, Edit); 5] = [
        ("no duration", |record| record.duration_seconds = None),
        ("none at all", |record| record.duration_seconds = Some(0)),
        ("a negative one", |record| record.duration_seconds = Some(-7)),
        ("68 years", |record| record.duration_seconds = Some(i32::MAX)),
        ("no times", |record| {
            record.renewed = None;
            record.acquired = None;
        }),
    ];
    for (name, edit) in edits {
        let lease = MemoryLease::default();
        let one = Process::start("one", &lease);
        one.wait_leads().await;
        let two = Process::start("two", &lease);
        tokio::time::sleep(Duration::from_secs(7)).await;
        lease.edit(edit);
        pass_by(60, [&one, &two]).await;
        assert!(one.leads(), "{name}: its holder goes on");
        one.kill();
        lease.edit(edit);
        let took = two.wait_leads().await;
        let limits = Duration::from_secs(14)..=Duration::from_secs(63);
        assert!(limits.contains(&took), "{name}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_of_another_name_ends_a_claim() {
    let lease = MemoryLease::default();
    let one = Process::start("one", &lease);
    one.wait_leads().await;
    lease.edit(|record| record.holder = Some("somebody".to_owned()));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(!one.leads());
    assert_eq!(one.leadership.described(), "standby, somebody holds the Lease");
    assert!(one.wait_leads().await > Duration::from_secs(8));
    assert_eq!(lease.record().unwrap().transitions, 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_without_a_holder_or_none_at_all_is_taken() {
    for forget in [
        (|lease: &MemoryLease| lease.edit(|record| record.holder = None)) as fn(&MemoryLease),
        |lease| lease.edit(|record| record.holder = Some(String::new())),
        MemoryLease::delete,
    ] {
        let lease = MemoryLease::default();
        let one = Process::start("one", &lease);
        one.wait_leads().await;
        let two = Process::start("two", &lease);
        tokio::time::sleep(Duration::from_secs(3)).await;
        forget(&lease);
        tokio::time::sleep(Duration::from_secs(8)).await;
        let holder = holder(&lease).unwrap();
        assert_eq!((one.leads(), two.leads()), (holder == "one", holder == "two"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_an_election_one_leads_for_ever() {
    let leadership = Leadership::default();
    assert!(!leadership.is_current());
    leadership.without_election("one");
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    assert!(leadership.is_current());
    assert_eq!(leadership.silent_for(), None);
}
