//! Lists by page and by checkpoint.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use authserver_emulator::auth0::Config;
use serde_json::{Value, json};

use crate::caller::{Caller, config, fields, names, refused, text};

/// With so many clients that somebody registered before, beside the operator's and the global one.
async fn with(count: usize) -> Caller {
    let clients = (0..count).map(|number| format!("c{number:04}")).collect();
    Caller::with(Config { clients, ..config() }).await
}

#[tokio::test]
async fn a_list_shows_clients_as_they_are_and_the_global_one_last() {
    let caller = with(2).await;
    let list = caller.list("").await;
    assert_eq!(list.status, 200);
    let list = list.json();
    assert_eq!(names(&list), ["operator", "c0000", "c0001", "All Applications"]);
    let (one, global) = (&list[1], &list[3]);
    assert_eq!(
        (&one["tenant"], &one["global"]),
        (&json!("tenant"), &json!(false))
    );
    assert_eq!(global["global"], true);
    let mut read = caller.get(text(one, "client_id")).await.json();
    for field in ["tenant", "global"] {
        read[field] = one[field].clone();
    }
    assert_eq!(*one, read);
}

#[tokio::test]
async fn pages_are_numbered_from_0_and_have_50_items() {
    let caller = with(58).await;
    let usual = caller.list("").await.json();
    assert_eq!(
        (usual.as_array().unwrap().len(), &usual[49]["name"]),
        (50, &json!("c0048"))
    );
    let rest = caller.list("page=1").await.json();
    assert_eq!(
        (rest.as_array().unwrap().len(), &rest[0]["name"]),
        (10, &json!("c0049"))
    );
    let totals = caller.list("page=2&per_page=7&include_totals=true").await.json();
    assert_eq!(
        (&totals["total"], &totals["start"], &totals["limit"]),
        (&json!(60), &json!(14), &json!(7))
    );
    assert_eq!(names(&totals["clients"])[0], "c0013");
    assert_eq!(
        caller.list("per_page=100").await.json().as_array().unwrap().len(),
        60
    );
    assert_eq!(caller.list("page=9").await.json(), json!([]));
    assert_eq!(caller.list("include_totals=false").await.json(), usual);
    for (query, message) in [
        (
            "per_page=101",
            "'Value 101 is greater than maximum 100' on property per_page",
        ),
        ("page=x", "Expected type integer"),
        ("page=-1", "Expected type integer"),
        ("include_totals=1", "Expected type boolean"),
        (
            "take=101",
            "'Value 101 is greater than maximum 100' on property take",
        ),
    ] {
        refused(&caller.list(query).await, 400, "invalid_query_string", message);
    }
}

#[tokio::test]
async fn pages_end_at_1000_items() {
    let caller = with(1010).await;
    let last = caller.list("page=9&per_page=100").await.json();
    assert_eq!(last.as_array().unwrap().len(), 100);
    assert_eq!(caller.list("page=19").await.status, 200);
    for query in ["page=10&per_page=100", "page=20", "page=33&per_page=30"] {
        let message = "exceeds the allowed maximum of 1000 records";
        refused(&caller.list(query).await, 400, "invalid_paging", message);
    }
}

/// All names by checkpoint, and how many pages that took.
async fn walk(caller: &Caller, take: usize) -> (Vec<String>, usize) {
    let (mut all, mut query) = (Vec::new(), format!("take={take}"));
    for pages in 1.. {
        let page = caller.list(&query).await.json();
        all.extend(names(&page["clients"]).into_iter().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) if !next.is_empty() => query = format!("from={next}&take={take}"),
            _ => return (all, pages),
        }
    }
    unreachable!("there is always an end")
}

#[tokio::test]
async fn checkpoints_reach_everything() {
    let caller = with(1008).await;
    let (all, pages) = walk(&caller, 100).await;
    assert_eq!((all.len(), pages), (1010, 11));
    assert_eq!(
        (all[0].as_str(), all[1009].as_str()),
        ("operator", "All Applications")
    );
    let first = caller.list("take=3").await.json();
    assert_eq!(fields(&first), ["clients", "next"]);
    let whole = caller.list("take=100&app_type=non_interactive").await.json();
    assert_eq!(fields(&whole), ["clients"], "that is all");
    let both = caller
        .list("take=3&page=1&per_page=5&include_totals=true")
        .await
        .json();
    assert_eq!((names(&both["clients"]).len(), both.get("total")), (3, None));
    let usual = caller
        .list(&format!("from={}", text(&first, "next")))
        .await
        .json();
    assert_eq!(names(&usual["clients"]).len(), 50);
    refused(&caller.list("from=nonsense").await, 400, "invalid_paging", "from");
}

#[tokio::test]
async fn a_walk_bears_changes() {
    let caller = with(6).await;
    let first = caller.list("take=4").await.json();
    caller.delete(text(&first["clients"][3], "client_id")).await;
    caller.registered("new").await;
    let second = caller
        .list(&format!("from={}&take=50", text(&first, "next")))
        .await
        .json();
    assert_eq!(
        names(&second["clients"]),
        ["c0003", "c0004", "c0005", "new", "All Applications"]
    );
}

#[tokio::test]
async fn the_end_of_a_walk() {
    for (value, pages, last) in [
        ("no_next", 2, None),
        ("empty_follows", 3, None),
        ("null", 2, Some(Value::Null)),
        ("empty_text", 2, Some(json!(""))),
    ] {
        let caller = with(4).await;
        caller.set(&[("last_page", value)]);
        let (all, seen) = walk(&caller, 3).await;
        assert_eq!((all.len(), seen), (6, pages), "{value}");
        let whole = caller.list("take=50").await.json();
        if value == "empty_follows" {
            let empty = caller
                .list(&format!("from={}", text(&whole, "next")))
                .await
                .json();
            assert_eq!(empty, json!({ "clients": [] }));
        } else {
            assert_eq!(whole.get("next"), last.as_ref(), "{value}");
        }
    }
}

#[tokio::test]
async fn lists_can_be_filtered() {
    let caller = with(1).await;
    caller.registered("x").await;
    let third = json!({ "name": "third", "app_type": "spa", "is_first_party": false });
    caller.register(&third).await;
    for (query, expected) in [
        ("app_type=non_interactive", &["operator", "x"][..]),
        ("app_type=spa,non_interactive", &["operator", "x", "third"]),
        ("is_first_party=false", &["third"]),
        ("is_global=true", &["All Applications"]),
        ("is_global=false&app_type=spa", &["third"]),
    ] {
        assert_eq!(names(&caller.list(query).await.json()), expected, "{query}");
    }
    let by_name = caller.list("q=name:x").await;
    refused(&by_name, 400, "invalid_query_string", "q");
}

#[tokio::test]
async fn the_shape_and_order_of_lists() {
    let caller = with(2).await;
    for (value, plain, asked) in [
        ("as_asked", true, false),
        ("array", true, true),
        ("object", false, false),
    ] {
        caller.set(&[("list_shape", value)]);
        assert_eq!(caller.list("").await.json().is_array(), plain, "{value}");
        assert_eq!(
            caller.list("include_totals=true").await.json().is_array(),
            asked,
            "{value}"
        );
    }
    let caller = with(2).await;
    for (value, expected) in [
        ("insertion", ["operator", "c0000", "c0001", "All Applications"]),
        ("name", ["c0000", "c0001", "operator", "All Applications"]),
        ("reverse", ["c0001", "c0000", "operator", "All Applications"]),
    ] {
        caller.set(&[("list_order", value)]);
        assert_eq!(names(&caller.list("").await.json()), expected);
        assert_eq!(
            walk(&caller, 2).await.0[0],
            "operator",
            "a walk has its own order"
        );
    }
    caller.set(&[("list_order", "random")]);
    let mut seen = std::collections::HashSet::new();
    while seen.len() < 6 {
        seen.insert(caller.list("").await.text);
    }
}

#[tokio::test]
async fn where_the_global_client_is() {
    for (value, expected) in [
        ("last", &["operator", "All Applications"][..]),
        ("first", &["All Applications", "operator"]),
        ("absent", &["operator"]),
    ] {
        let caller = Caller::switched(&[("global_shown", value)]).await;
        assert_eq!(names(&caller.list("").await.json()), expected);
        assert_eq!(names(&caller.list("take=9").await.json()["clients"]), expected);
    }
}

#[tokio::test]
async fn switches_of_paging() {
    let caller = with(1010).await;
    for (value, length) in [("served", 12), ("empty", 0)] {
        caller.set(&[("offset_cap", value)]);
        let beyond = caller
            .list("page=10&per_page=100&include_totals=true")
            .await
            .json();
        assert_eq!(names(&beyond["clients"]).len(), length, "{value}");
        assert_eq!(beyond["total"], 1012);
    }
    caller.set(&[("offset_cap", "404"), ("checkpoint", "400")]);
    refused(
        &caller.list("page=10&per_page=100").await,
        404,
        "invalid_paging",
        "",
    );
    let unknown = caller.list("take=1").await;
    refused(
        &unknown,
        400,
        "invalid_query_string",
        "Additional properties not allowed: from,take",
    );
    caller.set(&[("checkpoint", "offered"), ("both_pagings", "page")]);
    assert!(caller.list("take=1&per_page=3").await.json().is_array());
    caller.set(&[("both_pagings", "400")]);
    refused(
        &caller.list("take=1&per_page=3").await,
        400,
        "invalid_query_string",
        "exclude",
    );
    let next = caller.list("take=1").await.field("next");
    caller.set(&[("checkpoint_seconds", "0")]);
    refused(
        &caller.list(&format!("from={next}")).await,
        400,
        "invalid_paging",
        "not any more",
    );
}

#[tokio::test]
async fn reads_may_lag_behind() {
    let caller = Caller::start().await;
    let made = caller.registered("x").await;
    let id = text(&made, "client_id");
    caller.set(&[("read_lag_ms", "600000")]);
    assert_eq!(caller.get(id).await.status, 404);
    assert_eq!(
        names(&caller.list("").await.json()),
        ["operator", "All Applications"]
    );
    assert_eq!(
        caller.call("GET", &crate::caller::credentials(id)).await.status,
        404
    );
    assert_eq!(
        caller.update(id, &json!({ "name": "y" })).await.status,
        200,
        "writes do not"
    );
}
