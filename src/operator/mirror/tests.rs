use super::*;

impl Placed for () {
    fn namespace(&self) -> Option<&str> {
        None
    }
}

const AWAY: Duration = Duration::from_secs(120);

#[tokio::test(start_paused = true)]
async fn a_watch_is_live_soon_after_the_api_server_was_away_for_long() {
    let began = Instant::now();
    let (mut expired, mut asked) = (false, 0_u32);
    let events = futures::stream::iter(std::iter::from_fn(|| {
        asked += 1;
        if began.elapsed() < AWAY {
            return Some(Err(watcher::Error::NoResourceVersion));
        }
        // Once more in vain: what it goes on from is no longer kept.
        if !std::mem::replace(&mut expired, true) {
            return Some(Err(watcher::Error::NoResourceVersion));
        }
        None::<watcher::Result<Event<()>>>
    }));
    let mirror = Mirror::<(), ()>::default();
    mirror.run(&Part::Whole, events, |()| ((), None), drop).await;
    let after = began.elapsed().saturating_sub(AWAY);
    assert!(after < Duration::from_secs(15), "live after {after:?}");
    assert!(asked < 60, "asked {asked} times within {AWAY:?}");
}

type Objects = Mirror<(String, String), u32>;

fn part(name: &str) -> Part {
    Part::Namespace(name.to_owned())
}

fn key(namespace: &str, name: &str) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}

type Found = ((String, String), u32);

fn forbidden() -> watcher::Error {
    let status = kube::core::response::Status::failure("no right", "Forbidden").with_code(403);
    watcher::Error::InitialListFailed(kube::Error::Api(status.boxed()))
}

/// Follows these events of one namespace to their end; what was told, as key and what is kept now.
async fn follow(
    mirror: &Objects,
    name: &str,
    events: Vec<watcher::Result<Event<Found>>>,
) -> Vec<((String, String), Option<u32>)> {
    let mut told = Vec::new();
    let reduce = |(key, value): &Found| (key.clone(), Some(*value));
    let hears = |change: Change<(String, String), u32>| told.push((change.key, change.after));
    mirror
        .run(&part(name), futures::stream::iter(events), reduce, hears)
        .await;
    told
}

fn list(found: &[(&str, &str, u32)]) -> Vec<watcher::Result<Event<Found>>> {
    let found = found
        .iter()
        .map(|(namespace, name, value)| Event::InitApply((key(namespace, name), *value)));
    let events = std::iter::once(Event::Init).chain(found).chain([Event::InitDone]);
    events.map(Ok).collect()
}

#[tokio::test]
async fn a_list_of_one_namespace_replaces_what_is_kept_of_it_alone() {
    let mirror = Objects::of([part("a"), part("b")]);
    follow(&mirror, "a", list(&[("a", "one", 1), ("a", "two", 2)])).await;
    assert!(mirror.has_seen(&part("a")) && !mirror.has_seen(&part("b")));
    assert!(!mirror.is_complete(), "nothing was seen of b");
    follow(&mirror, "b", list(&[("b", "one", 3)])).await;
    assert!(mirror.is_complete());

    let told = follow(&mirror, "a", list(&[("a", "two", 2)])).await;
    assert_eq!(told, [(key("a", "two"), Some(2)), (key("a", "one"), None)]);
    assert_eq!(mirror.get(&key("b", "one")), Some(3));
    assert_eq!(mirror.count(|_| true), 2);
}

#[tokio::test]
async fn the_end_of_a_part_forgets_it_and_tells_nobody() {
    let mirror = Objects::of([part("own")]).and_more();
    mirror.open(part("a"));
    follow(&mirror, "a", list(&[("a", "one", 1)])).await;
    follow(&mirror, "own", list(&[("own", "one", 2)])).await;
    assert!(!mirror.is_complete(), "there may be more parts");
    mirror.parts_are_known();
    assert!(mirror.is_complete());
    mirror.open(part("b"));
    assert!(!mirror.is_complete());
    mirror.keep_only(&["own".to_owned()].into());
    assert!(mirror.is_complete());
    assert_eq!(mirror.get(&key("a", "one")), None);
    assert_eq!(mirror.get(&key("own", "one")), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_refused_holds_nothing_up_and_one_in_trouble_does() {
    let mirror = Objects::of([part("a"), part("b")]);
    follow(&mirror, "a", list(&[])).await;
    assert_eq!((mirror.is_complete(), mirror.trouble()), (false, None));
    let began = Instant::now();
    follow(&mirror, "b", (0..6).map(|_| Err(forbidden())).collect()).await;
    let took = began.elapsed().as_secs();
    assert!((1 + 2 + 4 + 8 + 15 + 15..60).contains(&took), "{took} s");
    assert_eq!((mirror.is_complete(), mirror.trouble()), (true, None));
    assert_eq!(mirror.refused(), ["b"]);

    follow(&mirror, "b", vec![Err(watcher::Error::NoResourceVersion)]).await;
    let trouble = mirror.trouble().unwrap();
    assert!(trouble.starts_with("b: "), "{trouble}");
    assert!(!mirror.is_complete());
    follow(&mirror, "b", list(&[("b", "one", 1)])).await;
    assert_eq!((mirror.is_complete(), mirror.trouble()), (true, None));
    assert_eq!(mirror.refused(), Vec::<String>::new());

    let whole = Mirror::<(), ()>::default();
    let events = futures::stream::iter([Err::<Event<()>, _>(forbidden())]);
    whole.run(&Part::Whole, events, |()| ((), None), drop).await;
    assert!(
        !whole.is_complete() && whole.trouble().is_some(),
        "nothing works without it"
    );
}

#[tokio::test(start_paused = true)]
async fn the_watch_that_is_silent_for_longest_counts() {
    let mirror = Objects::of([part("a"), part("b")]);
    assert_eq!(mirror.silent_for(), None, "neither is under way");
    let silent = futures::stream::pending::<watcher::Result<Event<Found>>>;
    let reduce = |(key, value): &Found| (key.clone(), Some(*value));
    let (first, second) = (part("a"), part("b"));
    let a = mirror.run(&first, silent(), reduce, drop);
    let b = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        mirror.run(&second, silent(), reduce, drop).await;
    };
    let look = async {
        tokio::time::sleep(Duration::from_secs(25)).await;
        mirror.silent_for()
    };
    let found = tokio::select! {
        _ = futures::future::join(a, b) => unreachable!("they are silent"),
        found = look => found,
    };
    assert_eq!(found, Some(Duration::from_secs(25)));
}

#[test]
fn what_a_look_has_shown_stays_when_the_next_one_shows_nothing() {
    let mirror = Mirror::<String, u32>::of([part("a")]);
    assert!(mirror.looked_in_vain(&part("a"), "403".to_owned(), true), "news");
    assert!(
        !mirror.looked_in_vain(&part("a"), "403".to_owned(), true),
        "known"
    );
    assert!(mirror.is_complete(), "it is refused");
    let change = mirror.looked(&part("a"), ("a".to_owned(), 1));
    assert_eq!((change.before, change.after), (None, Some(1)));
    assert_eq!(mirror.refused(), Vec::<String>::new());
    assert!(mirror.looked_in_vain(&part("a"), "403".to_owned(), true));
    assert_eq!(mirror.get(&"a".to_owned()), Some(1));
}
