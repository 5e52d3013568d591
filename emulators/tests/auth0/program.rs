//! The program.

#![allow(clippy::expect_used, reason = "these are tests")]

use serde_json::{Value, json};

use crate::process::{ends_after, server, start, stderr_of};

#[tokio::test]
async fn it_is_an_auth0() {
    let arguments = [
        "--client-id",
        "me",
        "--client-secret-env",
        "SECRET",
        "--tenant",
        "mine",
        "--tenant-url",
        "https://tenant.example",
        "--scope",
        "read:clients",
        "--client",
        "theirs",
        "--api",
        "https://api.example/?a=b=read,write",
        "--api",
        "urn:bare",
        "--switch",
        "last_page=null",
    ];
    let (child, url) = start(server("auth0", &arguments).env("SECRET", "s"));
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client can be made");
    let login = json!({
        "grant_type": "client_credentials", "client_id": "me", "client_secret": "s",
        "audience": "https://tenant.example/api/v2/",
    });
    let answer = client
        .post(format!("{url}/oauth/token"))
        .json(&login)
        .send()
        .await;
    let token: Value = answer.expect("it answers").json().await.expect("that is JSON");
    assert_eq!(token["scope"], "read:clients");
    let token = token["access_token"].as_str().expect("there is a token");
    let list = client
        .get(format!("{url}/api/v2/clients?take=2"))
        .bearer_auth(token)
        .send()
        .await;
    let list: Value = list.expect("it answers").json().await.expect("that is JSON");
    assert_eq!(list["clients"][1]["name"], "theirs");
    assert_eq!(list["clients"][1]["tenant"], "mine");
    let state = reqwest::get(format!("{url}/_control/state"))
        .await
        .expect("it answers");
    let state: Value = state.json().await.expect("that is JSON");
    assert_eq!(state["apis"][1]["identifier"], "https://api.example/?a=b");
    assert_eq!(
        state["apis"][1]["scopes"],
        json!([{ "value": "read" }, { "value": "write" }])
    );
    assert_eq!(state["apis"][2]["scopes"], json!([]));
    ends_after(child, "TERM");
}

#[test]
fn it_says_what_is_wrong_with_the_arguments_for_an_auth0() {
    let key = std::env::temp_dir().join(format!("authserver-emulator-key-{}", std::process::id()));
    std::fs::write(&key, "no key").expect("a file can be written");
    let key = key.to_str().expect("the path is text");
    let whole = ["--client-secret-env", "PATH"];
    for (arguments, complaint) in [
        (vec![], "--public-key-file"),
        (vec!["--client-secret-env", "SURELY_NOT_SET"], "SURELY_NOT_SET"),
        (vec!["--public-key-file", "/does/not/exist"], "/does/not/exist"),
        (vec!["--public-key-file", key], "not an RSA key"),
        (
            [&whole[..], &["--public-key-file", key]].concat(),
            "cannot be used with",
        ),
        (
            [&whole[..], &["--tenant-url", "tenant.example"]].concat(),
            "scheme",
        ),
        (
            [&whole[..], &["--tenant-url", "https://tenant.example/"]].concat(),
            "slash",
        ),
        (vec!["--switch", "plan=gold"], "unlimited, free, self_service"),
    ] {
        let said = stderr_of(&mut server("auth0", &arguments));
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
    std::fs::remove_file(key).expect("the file is there");
}
