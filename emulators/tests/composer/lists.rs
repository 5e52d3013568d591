//! The list: its shape, its order, its pages.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{Caller, V2, V3, read};
use crate::support::{PASSWORD, Read, USER};

async fn filled(switches: &[(&str, &str)], count: u32) -> Caller {
    let caller = Caller::switched(switches).await;
    for number in 0..count {
        // So that neither order is that of insertion: 3, 4, 0, 1, 2.
        caller.emulator.add_client(&format!("c{}", (number + 3) % 5), 300);
    }
    caller
}

fn names(items: &Value) -> Vec<String> {
    let items = items.as_array().unwrap().iter();
    items
        .map(|item| item["client_name"].as_str().unwrap().to_owned())
        .collect()
}

async fn list_accepting(caller: &Caller, accept: &str) -> Read {
    let request = caller.bare("GET", "/clients").basic_auth(USER, Some(PASSWORD));
    read(request.header("accept", accept)).await
}

#[tokio::test]
async fn list_shape() {
    for (value, v3, v2) in [
        ("by_version", Some("content"), None),
        ("array", None, None),
        ("content", Some("content"), Some("content")),
        ("data", Some("data"), Some("data")),
    ] {
        for count in [0, 2] {
            let caller = filled(&[("list_shape", value)], count).await;
            for (accept, key) in [(V3, v3), (V2, v2), ("application/json", v2), ("*/*", v2)] {
                let list = list_accepting(&caller, accept).await.json();
                let items = key.map_or(&list, |key| &list[key]);
                assert_eq!(names(items).len(), count as usize, "{value} {accept}");
            }
        }
    }
}

#[tokio::test]
async fn list_order() {
    for (value, order) in [
        ("insertion", ["c3", "c4", "c0", "c1"]),
        ("name", ["c0", "c1", "c3", "c4"]),
        ("reverse", ["c1", "c0", "c4", "c3"]),
    ] {
        let caller = filled(&[("list_order", value)], 4).await;
        assert_eq!(names(&caller.list().await.json()["content"]), order, "{value}");
    }
    let caller = filled(&[("list_order", "random")], 5).await;
    let first = caller.list().await.text;
    let mut others = 0;
    for _ in 0..20 {
        others += u32::from(caller.list().await.text != first);
    }
    assert!(others > 0);
}

/// All names, page by page as a paging says; and how many pages there were.
async fn pages(caller: &Caller, paging: &str) -> (Vec<String>, usize) {
    let mut all = Vec::new();
    for number in 0..10 {
        let query = match paging {
            "page" => format!("?page={number}&size=2"),
            "offset" => format!("?offset={}&limit=2", number * 2),
            _ => format!("?cursor={}", number * 2),
        };
        let page = caller.call("GET", &format!("/clients{query}")).await;
        let list = page.json();
        all.extend(names(&list["content"]));
        let ended = match paging {
            "page" => list["last"] == json!(true),
            "offset" => all.len() == list["total"],
            _ => {
                let link = page.header("link").is_some();
                assert_eq!(link, list.get("next").is_some());
                !link
            }
        };
        if ended {
            return (all, number + 1);
        }
    }
    panic!("no end of it");
}

#[tokio::test]
async fn paging() {
    let everybody = ["c3", "c4", "c0", "c1", "c2"];
    for value in ["page", "offset", "next"] {
        let caller = filled(&[("paging", value), ("page_size", "2")], 5).await;
        assert_eq!(
            names(&caller.list().await.json()["content"]),
            &everybody[..2],
            "{value}"
        );
        assert_eq!(
            pages(&caller, value).await,
            (everybody.map(str::to_owned).to_vec(), 3),
            "{value}"
        );
    }
    let caller = filled(&[("paging", "cut"), ("page_size", "2")], 5).await;
    let cut = caller.list().await;
    assert_eq!(names(&cut.json()["content"]), &everybody[..2]);
    assert_eq!(cut.header("link"), None);
    caller.set(&[("paging", "none")]);
    assert_eq!(names(&caller.list().await.json()["content"]), everybody);
}

#[tokio::test]
async fn pages_without_an_end() {
    for (value, third, beyond) in [
        ("next", vec!["c2"], vec![]),
        ("endless", vec!["c2"], vec![]),
        ("repeats", vec!["c3", "c4"], vec!["c3", "c4"]),
    ] {
        let caller = filled(&[("paging", value), ("page_size", "2")], 5).await;
        for (cursor, expected) in [(4, third), (400, beyond)] {
            let page = caller.call("GET", &format!("/clients?cursor={cursor}")).await;
            assert_eq!(names(&page.json()["content"]), expected, "{value}");
            let next = format!("/composer/api/trusted-access/clients?cursor={}", cursor + 2);
            let link = (value != "next").then(|| format!("<{next}>; rel=\"next\""));
            assert_eq!(page.header("link"), link.as_deref(), "{value}");
            assert_eq!(page.json()["next"] == next, value != "next", "{value}");
        }
    }
}

#[tokio::test]
async fn marks_of_a_page() {
    let caller = filled(&[("paging", "page"), ("page_size", "3")], 5).await;
    let mut page = caller.call("GET", "/clients?page=1&size=100").await.json();
    page.as_object_mut().unwrap().remove("content");
    assert_eq!(
        page,
        json!({ "totalElements": 5, "totalPages": 2, "number": 1, "size": 3, "last": true }),
        "no page is larger than the server has it"
    );
    caller.set(&[("list_shape", "array")]);
    let bare = caller.list().await;
    assert_eq!(
        (names(&bare.json()).len(), bare.header("x-total-count")),
        (3, Some("5"))
    );
    let beyond = caller.call("GET", "/clients?page=18446744073709551615").await;
    assert_eq!(beyond.json(), json!([]));
}

#[tokio::test]
async fn page_size() {
    for (size, first) in [("0", 1), ("1", 1), ("4", 4), ("20", 5)] {
        let caller = filled(&[("paging", "cut"), ("page_size", size)], 5).await;
        assert_eq!(names(&caller.list().await.json()["content"]).len(), first);
    }
}

#[tokio::test]
async fn read_lag_ms() {
    let caller = Caller::switched(&[("read_lag_ms", "600000")]).await;
    let made = caller.registered("x").await;
    let id = made["client_id"].as_str().unwrap();
    assert_eq!(caller.list().await.json(), json!({ "content": [] }));
    assert_eq!(caller.get(id).await.status, 404);
    let update = json!({ "access_token_validity_seconds": 60 });
    assert_eq!(caller.update(id, &update).await.status, 200, "changes see it");
    assert_eq!(caller.register("x").await.status, 409);
    assert_eq!(caller.pull(&made, "ann").await.status, 200);
    caller.set(&[("read_lag_ms", "0")]);
    assert_eq!(caller.get(id).await.json()["access_token_validity_seconds"], 60);
}
