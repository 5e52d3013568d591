//! What older releases do otherwise.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::caller::{Caller, ids, read, wish};
use crate::support::Read;

async fn at(caller: &Caller, method: &str, path: &str, body: Option<Value>) -> Read {
    let request = caller.request_to(method, path);
    read(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

#[tokio::test]
async fn paths() {
    for (release, admin, bare) in [("v1", 404, 201), ("v2", 201, 409), ("v26", 201, 409)] {
        let caller = Caller::switched(&[("release", release)]).await;
        let statuses = [
            at(&caller, "POST", "/admin/clients", Some(wish("x")))
                .await
                .status,
            at(&caller, "POST", "/clients", Some(wish("x"))).await.status,
        ];
        assert_eq!(statuses, [admin, bare], "{release}");
        assert_eq!(at(&caller, "GET", "/clients/x", None).await.status, 200);
    }
}

#[tokio::test]
async fn a_client_of_1_lives() {
    let caller = Caller::switched(&[("release", "v1"), ("rotation", "offered")]).await;
    let made = at(&caller, "POST", "/clients", Some(wish("x"))).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/clients/x")));
    let changed = at(
        &caller,
        "PUT",
        "/clients/x",
        Some(json!({ "client_name": "Other" })),
    )
    .await;
    assert_eq!(changed.json()["client_name"], "Other");
    let patch = json!([{ "op": "replace", "path": "/owner", "value": "o" }]);
    assert_eq!(
        at(&caller, "PATCH", "/clients/x", Some(patch)).await.json()["owner"],
        "o"
    );
    assert_eq!(
        caller.token("x", "secret-of-x", &[]).await.status,
        400,
        "it has no such grant now"
    );
    for (method, path) in [
        ("PUT", "/clients/x/lifespans"),
        ("POST", "/clients/x/secrets/rotate"),
    ] {
        assert_eq!(at(&caller, method, path, Some(json!({}))).await.status, 404);
    }
    assert_eq!(at(&caller, "DELETE", "/clients/x", None).await.status, 204);
}

#[tokio::test]
async fn an_id_with_a_slash_is_out_of_reach_of_old_routers() {
    for (release, found) in [("v1", 404), ("v2", 404), ("v26", 200)] {
        let caller = Caller::switched(&[("release", release)]).await;
        for (id, path, status) in [("a/b", "a%2Fb", found), ("a b", "a%20b", 200)] {
            caller.emulator.add_client(id);
            let answer = at(&caller, "GET", &format!("/clients/{path}"), None).await;
            assert_eq!(answer.status, status, "{release} {id}");
        }
    }
}

#[tokio::test]
async fn fields() {
    let [own, device] = [
        "client_credentials_grant_access",
        "device_authorization_grant_access",
    ]
    .map(|name| format!("{name}_token_lifespan"));
    for (release, has_own, has_device) in [("v1", false, false), ("v2", true, false), ("v26", true, true)] {
        let caller = Caller::switched(&[("release", release)]).await;
        let mut body = wish("x");
        body[&own] = json!("1h");
        body["access_token_strategy"] = json!("jwt");
        at(&caller, "POST", "/clients", Some(body)).await;
        let shown = at(&caller, "GET", "/clients/x", None).await.json();
        let has = |name: &str| shown.get(name).is_some();
        assert_eq!(
            [has(&own), has("skip_consent"), has("access_token_strategy")],
            [has_own; 3],
            "{release}"
        );
        assert_eq!(has(&device), has_device, "{release}");
    }
}

#[tokio::test]
async fn pages_of_2_as_2_3_0_names_them() {
    let caller = Caller::switched(&[("release", "v2"), ("page_size", "250")]).await;
    let empty = caller.call("GET", "?page_size=10").await;
    assert_eq!(empty.header("x-total-count"), Some("0"));
    assert!(
        empty.header("link").unwrap().contains("rel=\"next\""),
        "though there is none"
    );
    for number in 0..8 {
        caller.emulator.add_client(&format!("c{number}"));
    }
    let whole = caller.list().await;
    assert_eq!(
        whole.header("link"),
        Some("</admin/clients?page_size=8&page_token=eyJvZmZzZXQiOiIwIiwidiI6Mn0>; rel=\"first\"")
    );
    let first = caller.call("GET", "?page_size=3").await;
    assert_eq!(
        first.header("link"),
        Some(
            "</admin/clients?page_size=3&page_token=eyJvZmZzZXQiOiIzIiwidiI6Mn0>; rel=\"next\",\
             </admin/clients?page_size=3&page_token=eyJvZmZzZXQiOiI2IiwidiI6Mn0>; rel=\"last\""
        )
    );
    let second = caller
        .call("GET", "?page_size=3&page_token=eyJvZmZzZXQiOiIzIiwidiI6Mn0")
        .await;
    assert_eq!(ids(&second), ["c3", "c4", "c5"]);
    let rels = |page: &Read| {
        let links = page.header("link").unwrap().split("rel=\"").skip(1);
        links
            .map(|rel| rel.split('"').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(rels(&second), ["first", "next", "prev", "last"]);
    let last = caller
        .call("GET", "?page_size=3&page_token=eyJvZmZzZXQiOiI2IiwidiI6Mn0")
        .await;
    assert_eq!(
        (ids(&last), rels(&last)),
        (
            vec!["c6".to_owned(), "c7".to_owned()],
            vec!["first".into(), "prev".into()]
        )
    );
    let filtered = caller.call("GET", "?page_size=3&client_name=nobody").await;
    assert_eq!(
        filtered.header("x-total-count"),
        Some("8"),
        "filters do not count"
    );
    assert_eq!(caller.call("GET", "?page_size=x").await.status, 200);
}

#[tokio::test]
async fn pages_of_1_have_limit_and_offset() {
    let caller = Caller::switched(&[("release", "v1")]).await;
    for number in 0..8 {
        caller.emulator.add_client(&format!("c{number}"));
    }
    let list = async |query: &str| at(&caller, "GET", &format!("/clients{query}"), None).await;
    let first = list("?limit=3").await;
    assert_eq!(
        first.header("link"),
        Some("</clients?limit=3&offset=3>; rel=\"next\",</clients?limit=3&offset=6>; rel=\"last\"")
    );
    assert_eq!(first.header("x-total-count"), Some("8"));
    assert_eq!(ids(&list("?limit=3&offset=6").await), ["c6", "c7"]);
    assert_eq!(ids(&list("?limit=3&offset=nonsense").await), ["c0", "c1", "c2"]);
    assert_eq!(
        ids(&list("?page_size=3").await).len(),
        8,
        "which it does not know"
    );
}
