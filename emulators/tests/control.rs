//! The control API, as it is used over HTTP.

mod support;

use serde_json::{Value, json};
use support::{Api, GRANT, PASSWORD, Read, USER};

#[tokio::test]
async fn state_shows_everything() {
    let api = Api::switched(&[("old_pair_seconds", "600")]).await;
    let first = api.register("x", "a").await.json();
    let second = api.rotate("x").await.json();
    let state = api.control("GET", "/state", None).await.json();
    assert_eq!(state["clients"], json!([second]));
    assert_eq!(state["scopes"], json!(["a", "b"]));
    let old = json!([{
        "client_name": "x", "client_id": first["client_id"], "client_secret": first["client_secret"],
    }]);
    assert_eq!(state["old_pairs"], old);
    assert_eq!(state["tokens_issued"], 0);
}

#[tokio::test]
async fn reset_goes_back_to_the_start() {
    let api = Api::start().await;
    let before = api.control("GET", "/state", None).await.json();
    let switches = api.control("GET", "/switches", None).await.json();
    api.register("x", "a").await;
    api.send("POST", "/scope", &json!({ "scope": "c" })).await;
    api.control("PUT", "/switches", Some(&json!({ "get_absent": "200_null" })))
        .await;
    api.control("PUT", "/auth", Some(&json!({ "enabled": false })))
        .await;
    let rule = json!({ "behaviour": { "kind": "down" } });
    api.control("POST", "/misbehave", Some(&rule)).await;
    assert_eq!(
        api.control("POST", "/reset", None).await.json(),
        json!({ "reset": true })
    );
    assert_eq!(api.control("GET", "/state", None).await.json(), before);
    assert_eq!(api.control("GET", "/switches", None).await.json(), switches);
    assert_eq!(api.control("GET", "/misbehave", None).await.json(), json!([]));
    assert_eq!(api.control("GET", "/requests", None).await.json(), json!([]));
    assert_eq!(api.control("GET", "/counters", None).await.json()["mutations"], 0);
    let open = api
        .http
        .get(api.emulator.api_url() + "/clients")
        .send()
        .await
        .unwrap();
    assert_eq!(open.status().as_u16(), 401);
}

#[tokio::test]
async fn requests_tell_what_came() {
    let api = Api::start().await;
    api.register("Some App", "a").await;
    api.rotate("Some App").await;
    api.get("absent").await;
    let journal = api.control("GET", "/requests", None).await.json();
    let of = |index: usize, name: &str| journal[index][name].clone();
    assert_eq!(
        journal.as_array().unwrap().len(),
        3,
        "control calls are not in it"
    );
    assert_eq!(
        (of(0, "seq"), of(1, "seq"), of(2, "seq")),
        (json!(1), json!(2), json!(3))
    );
    let expected = json!({
        "seq": 2, "at": of(1, "at"), "at_ms": of(1, "at_ms"), "operation": "rotate", "method": "PATCH",
        "path": "/authserver/api/clients/Some%20App", "client": "Some App", "authorization": "basic",
        "request_bytes": 0, "status": 200, "outcome": "answered", "worked": true, "changed": true,
        "behaviour": null,
    });
    assert_eq!(journal[1], expected);
    assert_eq!(
        (of(2, "status"), of(2, "changed"), of(2, "client")),
        (json!(404), json!(false), json!("absent"))
    );
    assert!(of(0, "at_ms").as_u64() <= of(2, "at_ms").as_u64());
    api.control("DELETE", "/requests", None).await;
    assert_eq!(api.control("GET", "/requests", None).await.json(), json!([]));
    assert_eq!(api.emulator.clients().len(), 1, "only the journal was cleared");
}

#[tokio::test]
async fn requests_hold_no_credential() {
    let api = Api::start().await;
    let client = api.register("x", "a").await;
    let (id, secret) = (client.field("client_id"), client.field("client_secret"));
    api.token(&id, &secret, &[GRANT]).await;
    let form = [
        GRANT,
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
    ];
    api.http
        .post(api.emulator.token_url())
        .form(&form)
        .send()
        .await
        .unwrap();
    let query = format!("{}?client_secret={secret}", api.emulator.token_url());
    api.http
        .post(query)
        .basic_auth(USER, Some(PASSWORD))
        .send()
        .await
        .unwrap();
    api.http
        .get(api.emulator.api_url())
        .bearer_auth(&secret)
        .send()
        .await
        .unwrap();
    let journal = api.control("GET", "/requests", None).await;
    assert_eq!(journal.json().as_array().unwrap().len(), 5);
    let basic = "b3BlcmF0b3I6b3BlcmF0b3ItcGFzc3dvcmQ=";
    for credential in [secret.as_str(), PASSWORD, basic] {
        assert!(
            !journal.text.contains(credential),
            "{credential} in {}",
            journal.text
        );
    }
    assert_eq!(journal.json()[4]["authorization"], "bearer");
}

#[tokio::test]
async fn counters_count_by_operation() {
    let api = Api::start().await;
    let client = api.register("x", "a").await;
    api.register("x", "a").await;
    api.put("x", "a").await;
    api.put("x", "b").await;
    api.rotate("x").await;
    api.get("x").await;
    api.list().await;
    api.call("GET", "/scope").await;
    api.send("POST", "/scope", &json!({ "scope": "c" })).await;
    api.send("PATCH", "/scope", &json!({ "scope": "c" })).await;
    api.token(&client.field("client_id"), "wrong", &[GRANT]).await;
    api.delete("x").await;
    api.delete("x").await;
    api.call("GET", "/nothing").await;
    let expected = json!({
        "operations": {
            "list": 1, "get": 1, "register": 2, "put": 2, "rotate": 1, "delete": 2, "scope_get": 1,
            "scope_post": 1, "scope_patch": 1, "token": 1, "other": 1,
        },
        "mutations": 9,
        "changes": 6,
    });
    assert_eq!(api.control("GET", "/counters", None).await.json(), expected);
}

#[tokio::test]
async fn an_admin_works_behind_everybodys_back() {
    let api = Api::start().await;
    let made = api
        .control("POST", "/clients", Some(&json!({ "client_name": "a/b" })))
        .await;
    assert_eq!(
        (made.status, made.field("client_id").len(), made.field("scope")),
        (201, 36, String::new())
    );
    let wish = json!({ "client_name": "given", "scope": "unknown", "client_id": "i", "client_secret": "s" });
    let given = api.control("POST", "/clients", Some(&wish)).await;
    assert_eq!(given.json(), wish);
    api.control("POST", "/clients", Some(&wish)).await;
    assert_eq!(api.emulator.clients_named("given").len(), 2, "names may be taken");

    let edited = api
        .control("PUT", "/clients/a%2Fb", Some(&json!({ "scope": "b" })))
        .await
        .json();
    assert_eq!(
        (&edited["scope"], &edited["client_secret"]),
        (&json!("b"), &made.json()["client_secret"])
    );
    let edited = api
        .control("PUT", "/clients/a%2Fb", Some(&json!({ "client_secret": "s2" })))
        .await;
    assert_eq!(
        (
            edited.field("scope").as_str(),
            edited.field("client_secret").as_str()
        ),
        ("b", "s2")
    );
    let rotated = api.control("POST", "/clients/a%2Fb/rotate", None).await;
    assert_ne!(rotated.json()["client_id"], made.json()["client_id"]);
    assert_eq!(api.get("a/b").await.json(), rotated.json());

    let deleted = api.control("DELETE", "/clients/given", None).await;
    assert_eq!(deleted.json(), json!({ "removed": 2 }));
    let scopes = api
        .control("PUT", "/scopes", Some(&json!({ "scope": "x y" })))
        .await
        .json();
    assert_eq!(scopes, api.call("GET", "/scope").await.json());
    for (method, path) in [
        ("PUT", "/clients/no"),
        ("POST", "/clients/no/rotate"),
        ("DELETE", "/clients/no"),
    ] {
        assert_eq!(
            api.control(method, path, None).await.status,
            404,
            "{method} {path}"
        );
    }
    assert_eq!(
        api.emulator.counters().mutations,
        0,
        "none of this counts as a request"
    );
}

#[tokio::test]
async fn switches_are_turned_all_or_none() {
    let api = Api::start().await;
    let wishes = json!({ "extra_fields": true, "list_limit": 3, "get_absent": 400, "put_pair": "new_pair" });
    let now = api.control("PUT", "/switches", Some(&wishes)).await.json();
    let expected = json!(["true", "3", "400", "new_pair"]);
    assert_eq!(
        json!([
            now["extra_fields"],
            now["list_limit"],
            now["get_absent"],
            now["put_pair"]
        ]),
        expected
    );
    assert_eq!(api.get("absent").await.status, 400);
    for wishes in [
        json!({ "list_limit": 9, "nonsense": 1 }),
        json!({ "list_limit": 9, "put_pair": "no" }),
    ] {
        let refused = api.control("PUT", "/switches", Some(&wishes)).await;
        assert_eq!(refused.status, 400);
        assert_eq!(
            api.control("GET", "/switches", None).await.json(),
            now,
            "{}",
            refused.text
        );
    }
    let start = api.control("DELETE", "/switches", None).await.json();
    assert_eq!(
        (&start["list_limit"], &start["get_absent"]),
        (&json!("0"), &json!("404"))
    );
}

#[tokio::test]
async fn the_credential_changes_while_it_runs() {
    let api = Api::start().await;
    let auth = json!({ "username": "new", "password": "word:with:colons" });
    assert_eq!(
        api.control("PUT", "/auth", Some(&auth)).await.json(),
        json!({ "enabled": true })
    );
    assert_eq!(api.list().await.status, 401);
    let url = api.emulator.api_url() + "/clients";
    let new = api
        .http
        .get(&url)
        .basic_auth("new", Some("word:with:colons"))
        .send()
        .await
        .unwrap();
    assert_eq!(new.status().as_u16(), 200);
    api.control("PUT", "/auth", Some(&json!({ "enabled": false })))
        .await;
    assert_eq!(api.http.get(&url).send().await.unwrap().status().as_u16(), 200);
    for nonsense in [json!({}), json!({ "username": "x" }), json!({ "enabled": true })] {
        assert_eq!(api.control("PUT", "/auth", Some(&nonsense)).await.status, 400);
    }
}

#[tokio::test]
async fn pairs_can_be_verified() {
    let api = Api::switched(&[("old_pair_seconds", "600")]).await;
    let first = api.emulator.add_client("x", "a");
    api.rotate("x").await;
    let second = api.emulator.clients().remove(0);
    let verify = async |id: &str, secret: &str| {
        let pair = json!({ "client_id": id, "client_secret": secret });
        api.control("POST", "/verify_pair", Some(&pair)).await.json()
    };
    let good = |current| json!({ "good": true, "current": current, "client_name": "x" });
    assert_eq!(verify(&second.client_id, &second.client_secret).await, good(true));
    assert_eq!(verify(&first.client_id, &first.client_secret).await, good(false));
    let bad = json!({ "good": false, "current": false, "client_name": null });
    assert_eq!(verify(&first.client_id, &second.client_secret).await, bad);
    assert_eq!(api.emulator.counters().of("token"), 0);
}

#[tokio::test]
async fn refusing_is_bounded() {
    let api = Api::start().await;
    let too_long = api
        .control("POST", "/refuse", Some(&json!({ "ms": 60_001 })))
        .await;
    assert_eq!(too_long.status, 400);
    let short = api.control("POST", "/refuse", Some(&json!({ "ms": 1 }))).await;
    assert_eq!((short.status, short.json()), (202, json!({ "refusing_ms": 1 })));
}

#[tokio::test]
async fn what_is_no_control_call_is_said_to_be_none() {
    let api = Api::start().await;
    for (method, path) in [
        ("GET", ""),
        ("GET", "/"),
        ("PUT", "/state"),
        ("GET", "/state/x"),
        ("GET", "/%ff"),
    ] {
        let answer = api.control(method, path, None).await;
        assert!([400, 404].contains(&answer.status), "{method} {path}");
        assert!(answer.json()["error"].is_string());
    }
    let vendor = Read::of(
        api.http
            .get(api.emulator.url() + "/_controlled")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (vendor.status, vendor.json()["error"].clone()),
        (404, json!("Not Found"))
    );
    assert_eq!(api.emulator.counters().of("other"), 1);
    let body: Value = api.control("POST", "/verify_pair", Some(&json!([]))).await.json();
    assert!(body["error"].is_string());
}
