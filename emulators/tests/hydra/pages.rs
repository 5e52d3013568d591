//! The list: its pages, its order, its filters.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::time::Duration;

use serde_json::json;

use crate::caller::{Caller, ids, read, wish};
use crate::support::Read;

/// Clients `c00`, `c01` and so on, the newest first; every second one is ours.
async fn filled(switches: &[(&str, &str)], count: usize) -> Caller {
    let caller = Caller::switched(switches).await;
    for number in (0..count).rev() {
        let client = caller.emulator.add_client(&id(number));
        let fields =
            json!({ "client_name": format!("N{}", number % 2), "owner": format!("o{}", number % 3) });
        caller.emulator.edit_clients(|clients| {
            let last = clients.last_mut().unwrap();
            assert_eq!(last.client_id, client.client_id);
            last.document.extend(fields.as_object().unwrap().clone());
        });
    }
    caller
}

fn id(number: usize) -> String {
    format!("c{number:02}")
}

fn all(count: usize) -> Vec<String> {
    (0..count).map(id).collect()
}

/// The address that is named so in `Link`, as it is written there.
fn link(page: &Read, rel: &str) -> Option<String> {
    let links = page.header("link").unwrap_or_default();
    let wanted = format!("; rel=\"{rel}\"");
    let link = links.split(',').find_map(|link| link.strip_suffix(&*wanted))?;
    let link = link.strip_prefix('<').and_then(|link| link.strip_suffix('>'));
    Some(link.unwrap_or_else(|| panic!("{links}")).to_owned())
}

/// Follows the next page to the end, but no farther than 20 pages; says which clients came in how many pages.
async fn walk(caller: &Caller, query: &str) -> (Vec<String>, usize) {
    let base = reqwest::Url::parse(&(caller.emulator.admin_url() + "/admin/clients")).unwrap();
    let mut url = base.join(query).unwrap();
    let mut found = Vec::new();
    for number in 1..=20 {
        let page = read(caller.http.get(url)).await;
        assert_eq!(page.status, 200, "{page:?}");
        found.extend(ids(&page));
        let Some(next) = link(&page, "next") else {
            return (found, number);
        };
        url = base.join(&next).unwrap();
    }
    (found, 20)
}

#[tokio::test]
async fn a_list_comes_in_pages_by_id() {
    let caller = filled(&[], 11).await;
    assert_eq!(walk(&caller, "").await, (all(11), 1), "all fit into one");
    for (size, pages) in [(1, 11), (2, 6), (3, 4), (4, 3), (10, 2), (11, 1), (12, 1)] {
        assert_eq!(
            walk(&caller, &format!("?page_size={size}")).await,
            (all(11), pages),
            "{size}"
        );
    }
    let page = caller.call("GET", "?page_size=4").await;
    assert_eq!(page.header("x-total-count"), None);
    let first = link(&page, "first").unwrap();
    assert!(
        first.starts_with("/admin/clients?page_size=4&page_token="),
        "{first}"
    );
    let next = link(&page, "next").unwrap();
    let second = read(caller.request_to("GET", &next)).await;
    assert_eq!(ids(&second), all(11)[4..8]);
    let again = read(caller.request_to("GET", &link(&second, "first").unwrap())).await;
    assert_eq!(ids(&again), all(11)[..4]);
}

#[tokio::test]
async fn an_empty_list_is_one_page() {
    let caller = Caller::start().await;
    let list = caller.list().await;
    assert_eq!((list.json(), link(&list, "next")), (json!([]), None));
}

#[tokio::test]
async fn there_are_100_in_a_page_and_500_at_most() {
    let caller = Caller::start().await;
    for number in 0..620 {
        caller.emulator.add_client(&format!("c{number:03}"));
    }
    let count = async |query: &str| ids(&caller.call("GET", query).await).len();
    assert_eq!(count("").await, 100);
    assert_eq!(count("?page_size=500").await, 500);
    assert_eq!(count("?page_size=501").await, 500);
    assert_eq!(
        [count("?page_size=0").await, count("?page_size=-1").await],
        [1, 1]
    );
    let (found, pages) = walk(&caller, "").await;
    assert_eq!((found.len(), pages), (620, 7));
}

#[tokio::test]
async fn filters_choose_clients_and_last_over_pages() {
    let caller = filled(&[], 13).await;
    let every = |step: usize, from: usize| all(13).into_iter().skip(from).step_by(step).collect::<Vec<_>>();
    assert_eq!(walk(&caller, "?client_name=N1").await.0, every(2, 1));
    assert_eq!(walk(&caller, "?owner=o1&page_size=1").await, (every(3, 1), 4));
    assert_eq!(
        walk(&caller, "?owner=o0&client_name=N0&page_size=2").await,
        (every(6, 0), 2)
    );
    assert_eq!(walk(&caller, "?owner=nobody").await.0, Vec::<String>::new());
    assert_eq!(walk(&caller, "?owner=").await.0, all(13), "an empty one is none");
    caller.set(&[("filters", "ignored")]);
    assert_eq!(walk(&caller, "?owner=o1").await.0, all(13));
}

#[tokio::test]
async fn a_page_goes_on_behind_the_last_id() {
    let caller = filled(&[], 6).await;
    let page = caller.call("GET", "?page_size=2").await;
    for gone in ["c00", "c01"] {
        caller.delete(gone).await;
    }
    let next = read(caller.request_to("GET", &link(&page, "next").unwrap())).await;
    assert_eq!(ids(&next), ["c02", "c03"], "nobody is left out");
    caller.set(&[("list_order", "insertion")]);
    let page = caller.call("GET", "?page_size=2").await;
    assert_eq!(ids(&page), ["c05", "c04"]);
    caller.delete("c05").await;
    let next = read(caller.request_to("GET", &link(&page, "next").unwrap())).await;
    assert_eq!(ids(&next), ["c02"], "where places are counted, somebody is");
}

#[tokio::test]
async fn list_order() {
    for (value, order) in [
        ("name", ["A", "b", "c"]),
        ("insertion", ["c", "A", "b"]),
        ("reverse", ["b", "A", "c"]),
    ] {
        let caller = Caller::switched(&[("list_order", value)]).await;
        for id in ["c", "A", "b"] {
            caller.register(&wish(id)).await;
        }
        assert_eq!(ids(&caller.list().await), order, "{value}");
        assert_eq!(walk(&caller, "?page_size=1").await.0, order, "{value}");
    }
    let caller = filled(&[("list_order", "random")], 6).await;
    let first = caller.list().await.text;
    let mut others = 0;
    for _ in 0..20 {
        others += u32::from(caller.list().await.text != first);
    }
    assert!(others > 0);
}

#[tokio::test]
async fn page_size_and_page_size_limit() {
    let caller = filled(&[("page_size", "3"), ("page_size_limit", "5")], 8).await;
    let count = async |query: &str| ids(&caller.call("GET", query).await).len();
    assert_eq!(
        [
            count("").await,
            count("?page_size=4").await,
            count("?page_size=9").await
        ],
        [3, 4, 5]
    );
    caller.set(&[("page_size", "0"), ("page_size_limit", "0")]);
    assert_eq!([count("").await, count("?page_size=4").await], [1, 1]);
}

#[tokio::test]
async fn page_size_asked() {
    let limits = [("page_size", "3"), ("page_size_limit", "5")];
    for (value, within, beyond) in [
        ("capped", 2, Some(5)),
        ("refused", 2, None),
        ("ignored", 3, Some(3)),
    ] {
        let caller = filled(&limits, 8).await;
        caller.set(&[("page_size_asked", value)]);
        assert_eq!(
            ids(&caller.call("GET", "?page_size=2").await).len(),
            within,
            "{value}"
        );
        let answer = caller.call("GET", "?page_size=9").await;
        match beyond {
            Some(count) => assert_eq!(ids(&answer).len(), count, "{value}"),
            None => assert_eq!(answer.status, 400),
        }
        if beyond.is_some() {
            assert_eq!(walk(&caller, "?page_size=2").await.0, all(8), "{value}");
        }
    }
    let caller = filled(&[], 3).await;
    assert_eq!(caller.call("GET", "?page_size=two").await.status, 400);
}

#[tokio::test]
async fn pages_end() {
    for (value, expected) in [
        ("ends", (all(5), 3)),
        ("endless", (all(5), 20)),
        (
            "repeats",
            (
                ["c00", "c01"].repeat(20).into_iter().map(str::to_owned).collect(),
                20,
            ),
        ),
    ] {
        let caller = filled(&[("pages_end", value)], 5).await;
        assert_eq!(walk(&caller, "?page_size=2").await, expected, "{value}");
        let empty = Caller::switched(&[("pages_end", value)]).await;
        let (found, pages) = walk(&empty, "").await;
        assert_eq!(
            (found.len(), pages),
            (0, if value == "ends" { 1 } else { 20 }),
            "{value}"
        );
    }
}

#[tokio::test]
async fn link_form() {
    for (value, start) in [
        ("path", "/admin/clients?"),
        ("absolute", "http://127.0.0.1:"),
        ("other_origin", "http://hydra-admin.internal:4445/admin/clients?"),
        ("query", "?"),
    ] {
        let caller = filled(&[("link_form", value)], 7).await;
        let page = caller.call("GET", "?owner=o0&page_size=1").await;
        let next = link(&page, "next").unwrap();
        assert!(next.starts_with(start), "{next}");
        assert!(next.contains("?owner=o0&page_size=1&page_token="), "{next}");
        if value != "other_origin" {
            assert_eq!(walk(&caller, "?page_size=2").await, (all(7), 4), "{value}");
        }
    }
}

#[tokio::test]
async fn page_tokens_end_and_are_checked() {
    let caller = filled(&[("page_token_seconds", "0")], 4).await;
    let next = link(&caller.call("GET", "?page_size=2").await, "next").unwrap();
    let ended = read(caller.request_to("GET", &next)).await;
    assert_eq!(ended.status, 400);
    assert!(ended.field("error_description").contains("page token"));
    caller.set(&[("page_token_seconds", "1")]);
    let next = link(&caller.call("GET", "?page_size=2").await, "next").unwrap();
    assert_eq!(ids(&read(caller.request_to("GET", &next)).await), ["c02", "c03"]);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(read(caller.request_to("GET", &next)).await.status, 400);

    for (value, status) in [("400", 400), ("404", 404), ("first_page", 200)] {
        caller.set(&[("wrong_page_token", value)]);
        for token in ["garbage", "e30x", "bm9uc2Vuc2U"] {
            let answer = caller
                .call("GET", &format!("?page_size=2&page_token={token}"))
                .await;
            assert_eq!(answer.status, status, "{value} {token}");
            assert!(status != 200 || ids(&answer) == ["c00", "c01"]);
        }
    }
    assert_eq!(
        ids(&caller.call("GET", "?page_size=2&page_token=").await),
        ["c00", "c01"]
    );
}

#[tokio::test]
async fn read_lag_ms() {
    let caller = Caller::switched(&[("read_lag_ms", "600000")]).await;
    caller.registered("x").await;
    assert_eq!(caller.list().await.json(), json!([]));
    assert_eq!(caller.get("x").await.status, 404);
    assert_eq!(caller.register(&wish("x")).await.status, 409, "changes see it");
    assert_eq!(caller.update("x", &wish("x")).await.status, 200);
    assert_eq!(caller.token("x", "secret-of-x", &[]).await.status, 200);
    caller.set(&[("read_lag_ms", "0")]);
    assert_eq!(caller.get("x").await.status, 200);
}
