//! What the switches make of scopes.

mod support;

use serde_json::{Value, json};
use support::{Api, USER};

#[tokio::test]
async fn scopes_that_are_not_provisioned() {
    for (value, status, granted, provisioned) in [
        ("400", 400, None, "a b"),
        ("404", 404, None, "a b"),
        ("accept", 200, Some("a new"), "a b"),
        ("drop", 200, Some("a"), "a b"),
        ("provision", 200, Some("a new"), "a b new"),
    ] {
        let api = Api::switched(&[("unknown_scope", value)]).await;
        for answer in [api.register("x", "a new").await, api.put("y", "a new").await] {
            assert_eq!(answer.status, status, "{value}");
            if let Some(granted) = granted {
                assert_eq!(answer.field("scope"), granted);
            }
        }
        assert_eq!(api.call("GET", "/scope").await.field("scope"), provisioned);
        assert_eq!(
            api.emulator.clients().len(),
            if granted.is_some() { 2 } else { 0 }
        );
    }
    let api = Api::start().await;
    let before = api.register("x", "a").await.json();
    assert_eq!(api.put("x", "new").await.status, 400);
    assert_eq!(
        api.get("x").await.json(),
        before,
        "a refused change changes nothing"
    );
}

#[tokio::test]
async fn no_scope() {
    for (value, status, scope) in [("accept", 200, ""), ("all", 200, "a b"), ("400", 400, "")] {
        let api = Api::switched(&[("empty_scope", value)]).await;
        for body in [
            json!({ "client_name": "x", "scope": "" }),
            json!({ "client_name": "y" }),
        ] {
            let answer = api.send("POST", "/clients", &body).await;
            assert_eq!(answer.status, status, "{value}");
            if status == 200 {
                assert_eq!(answer.field("scope"), scope);
            }
        }
    }
    for (value, scope) in [
        ("empty", Some(json!(""))),
        ("null", Some(Value::Null)),
        ("absent", None),
    ] {
        let api = Api::switched(&[("empty_scope_text", value)]).await;
        assert_eq!(api.register("x", "").await.json().get("scope").cloned(), scope);
        api.emulator.set_scopes(&[]);
        assert_eq!(
            api.call("GET", "/scope").await.json().get("scope").cloned(),
            scope
        );
    }
}

#[tokio::test]
async fn how_scopes_are_written() {
    for (value, text) in [
        ("as_given", "b a b"),
        ("sorted", "a b b"),
        ("reversed", "b a b"),
        ("folded", "b a"),
        ("padded", " b  a  b "),
    ] {
        let api = Api::switched(&[("scope_text", value)]).await;
        assert_eq!(api.register("x", "b a b").await.field("scope"), text);
        assert_eq!(api.get("x").await.field("scope"), text);
        assert_eq!(
            api.emulator.clients()[0].scope,
            "b a b",
            "only the writing differs"
        );
    }
    let api = Api::switched(&[("scope_text", "reversed")]).await;
    assert_eq!(api.register("x", "a b").await.field("scope"), "b a");
}

#[tokio::test]
async fn provisioning_scopes() {
    let add = async |api: &Api, scope: &str| api.send("POST", "/scope", &json!({ "scope": scope })).await;
    for (value, status, listed) in [("listed", 200, "a c"), ("omitted", 200, "c"), ("409", 409, "")] {
        let api = Api::switched(&[("scope_existing", value)]).await;
        let answer = add(&api, "a c").await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert_eq!(answer.field("scope"), listed);
        }
        assert_eq!(api.emulator.scopes().contains(&"c".to_owned()), status == 200);
    }
    let api = Api::switched(&[("scope_refused", "d e")]).await;
    assert_eq!(add(&api, "c d e").await.field("scope"), "c");
    assert_eq!(api.emulator.scopes(), ["a", "b", "c"]);

    for (value, path) in [
        ("same", "/authserver/api/scope"),
        ("root", "/scope"),
        ("api", "/api/scope"),
    ] {
        let api = Api::switched(&[("scope_base", value)]).await;
        for other in ["/authserver/api/scope", "/scope", "/api/scope"] {
            let request = api
                .http
                .get(api.emulator.url() + other)
                .basic_auth(USER, Some(support::PASSWORD));
            let status = request.send().await.unwrap().status().as_u16();
            assert_eq!(status, if other == path { 200 } else { 404 }, "{value} {other}");
        }
    }
}

#[tokio::test]
async fn removing_scopes() {
    let remove = async |api: &Api, scope: &str| api.send("PATCH", "/scope", &json!({ "scope": scope })).await;
    for (value, status, listed) in [("omitted", 200, "a"), ("listed", 200, "a zz"), ("404", 404, "")] {
        let api = Api::switched(&[("scope_absent", value)]).await;
        let answer = remove(&api, "a zz").await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert_eq!(answer.field("scope"), listed);
        }
        assert_eq!(api.emulator.scopes().len(), if status == 200 { 1 } else { 2 });
    }
    for (value, status, listed, left, clients) in [
        ("remove", 200, "a b", "", "a b"),
        ("strip", 200, "a b", "", ""),
        ("keep", 200, "", "a b", "a b"),
        ("409", 409, "", "a b", "a b"),
    ] {
        let api = Api::switched(&[("scope_in_use", value)]).await;
        api.emulator.add_client("x", "a b");
        let answer = remove(&api, "a b").await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert_eq!(answer.field("scope"), listed, "{value}");
        }
        assert_eq!(
            (
                api.emulator.scopes().join(" "),
                api.emulator.clients()[0].scope.as_str()
            ),
            (left.to_owned(), clients)
        );
    }
}
