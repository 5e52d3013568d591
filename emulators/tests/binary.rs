//! The program itself.

#![allow(clippy::expect_used, reason = "these are tests")]

#[path = "support/program.rs"]
mod process;

use std::io::Read as _;
use std::process::Command;

use authserver_emulator::switch::SwitchInfo;
use authserver_emulator::{auth0, cocoon, composer, digitalroute, dynamic_registration};
use process::{ends_after, server, start, stderr_of};
use serde_json::{Value, json};

fn program(arguments: &[&str]) -> Command {
    server("digitalroute", arguments)
}

async fn status(url: String, user: &str, password: &str) -> u16 {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client can be made");
    let answer = client
        .get(url)
        .basic_auth(user, Some(password))
        .send()
        .await
        .expect("it answers");
    answer.status().as_u16()
}

#[tokio::test]
async fn it_listens_before_it_says_so_and_stops_when_told() {
    let file = std::env::temp_dir().join(format!("authserver-emulator-password-{}", std::process::id()));
    std::fs::write(&file, "from a file\n").expect("a file can be written");
    let path = file.to_str().expect("the path is text");
    let arguments = [
        "--username",
        "me",
        "--password-file",
        path,
        "--api-prefix",
        "/api",
        "--switch",
        "list_limit=1",
    ];
    let (child, url) = start(&mut program(&arguments));
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(
        status(format!("{url}/api/clients"), "me", "from a file").await,
        200
    );
    assert_eq!(
        status(format!("{url}/api/clients"), "me", "from a file\n").await,
        401
    );
    let switches = reqwest::get(format!("{url}/_control/switches"))
        .await
        .expect("it answers");
    let switches: Value = switches.json().await.expect("that is JSON");
    assert_eq!(switches["list_limit"], "1");
    ends_after(child, "TERM");
    std::fs::remove_file(file).expect("the file is there");
}

#[tokio::test]
async fn the_password_can_come_from_the_environment() {
    let arguments = [
        "--password-env",
        "EMULATOR_PASSWORD",
        "--scope",
        "a",
        "--scope",
        "b",
    ];
    let (child, url) = start(program(&arguments).env("EMULATOR_PASSWORD", "secret"));
    assert_eq!(
        status(format!("{url}/authserver/api/scope"), "operator", "secret").await,
        200
    );
    let state = reqwest::get(format!("{url}/_control/state"))
        .await
        .expect("it answers");
    let state: Value = state.json().await.expect("that is JSON");
    assert_eq!(state["scopes"], json!(["a", "b"]));
    ends_after(child, "INT");
}

#[tokio::test]
async fn it_can_be_open() {
    let (child, url) = start(&mut program(&["--no-auth"]));
    assert_eq!(
        status(format!("{url}/authserver/api/clients"), "any", "body").await,
        200
    );
    ends_after(child, "TERM");
}

#[test]
fn it_lists_its_switches() {
    lists("auth0", &auth0::Switches::info());
    lists("cocoon", &cocoon::Switches::info());
    lists("composer", &composer::Switches::info());
    lists("digitalroute", &digitalroute::Switches::info());
    lists("dynamic-registration", &dynamic_registration::Switches::info());
}

fn lists(name: &str, switches: &[SwitchInfo]) {
    let mut child = server(name, &["--list-switches"]).spawn().expect("it starts");
    let mut table = String::new();
    child
        .stdout
        .take()
        .expect("its output is piped")
        .read_to_string(&mut table)
        .expect("it is text");
    assert!(child.wait().expect("it ends").success());
    for info in switches {
        let row = format!(
            "| {} | {} |",
            info.name,
            if info.default.is_empty() {
                "(empty)"
            } else {
                &info.default
            }
        );
        assert!(table.contains(&row), "{row}");
    }
    assert_eq!(table.lines().count(), switches.len() + 2);
}

#[test]
fn it_says_what_is_wrong_with_its_arguments() {
    for (arguments, complaint) in [
        (&[][..], "--no-auth"),
        (
            &["--no-auth", "--switch", "put_pair=maybe"],
            "keep, new_secret, new_pair",
        ),
        (&["--no-auth", "--switch", "nonsense=1"], "nonsense"),
        (&["--no-auth", "--switch", "put_pair"], "name=value"),
        (&["--no-auth", "--api-prefix", "api"], "slash"),
        (&["--no-auth", "--api-prefix", "/api/"], "slash"),
        (&["--no-auth", "--password-env", "X"], "cannot be used with"),
        (&["--password-env", "SURELY_NOT_SET"], "SURELY_NOT_SET"),
        (&["--password-file", "/does/not/exist"], "/does/not/exist"),
        (&["--no-auth", "--listen", "192.0.2.1:1"], "192.0.2.1:1"),
    ] {
        let said = stderr_of(&mut program(arguments));
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
}

async fn registered(issuer: &str, token: Option<&str>, document: &Value) -> u16 {
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client can be made");
    let request = client.post(format!("{issuer}/register")).json(document);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await.expect("it answers").status().as_u16()
}

#[tokio::test]
async fn it_registers_clients() {
    let folder = std::env::temp_dir();
    let [token, statement] = ["token", "statement"].map(|name| {
        let file = folder.join(format!("authserver-emulator-{name}-{}", std::process::id()));
        file.to_str().expect("the path is text").to_owned()
    });
    std::fs::write(&token, "canary\n").expect("a file can be written");
    std::fs::write(&statement, "e30.e30.c2ln\n").expect("a file can be written");
    let arguments = [
        "--initial-access-token-file",
        &token,
        "--software-statement-file",
        &statement,
        "--issuer-path",
        "/tenants/a",
        "--scope",
        "a",
        "--switch",
        "register_status=200",
    ];
    let (child, url) = start(&mut server("dynamic-registration", &arguments));
    let document = json!({
        "grant_types": ["client_credentials"], "scope": "a", "software_statement": "e30.e30.c2ln",
    });
    let issuer = format!("{url}/tenants/a");
    assert_eq!(registered(&issuer, None, &document).await, 401);
    assert_eq!(registered(&issuer, Some("canary"), &document).await, 200);
    assert_eq!(registered(&issuer, Some("canary"), &json!({})).await, 400);
    ends_after(child, "TERM");
    for file in [token, statement] {
        std::fs::remove_file(file).expect("the file is there");
    }

    let arguments = [
        "--initial-access-token-env",
        "TOKEN",
        "--public-url",
        "https://a.example",
    ];
    let (child, url) = start(server("dynamic-registration", &arguments).env("TOKEN", "canary"));
    let document = json!({ "grant_types": ["client_credentials"] });
    assert_eq!(registered(&url, Some("canary"), &document).await, 201);
    let state = reqwest::get(format!("{url}/_control/state"))
        .await
        .expect("it answers");
    let state: Value = state.json().await.expect("that is JSON");
    assert_eq!(state["issuer"], "https://a.example");
    ends_after(child, "INT");

    let (child, url) = start(&mut server("dynamic-registration", &[]));
    assert_eq!(registered(&url, None, &document).await, 201);
    ends_after(child, "TERM");
}

#[test]
fn it_says_what_is_wrong_with_the_arguments_for_registration() {
    for (arguments, complaint) in [
        (&["--switch", "uri_form=maybe"][..], "path, query, other_path"),
        (&["--switch", "nonsense=1"], "nonsense"),
        (&["--issuer-path", "a"], "slash"),
        (&["--public-url", "a.example"], "scheme"),
        (&["--public-url", "https://a.example/"], "slash"),
        (
            &["--initial-access-token-env", "SURELY_NOT_SET"],
            "SURELY_NOT_SET",
        ),
        (
            &["--initial-access-token-file", "/does/not/exist"],
            "/does/not/exist",
        ),
        (
            &["--software-statement-file", "/does/not/exist"],
            "/does/not/exist",
        ),
        (&["--listen", "192.0.2.1:1"], "192.0.2.1:1"),
    ] {
        let said = stderr_of(&mut server("dynamic-registration", arguments));
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn it_is_a_composer() {
    let arguments = [
        "--password-env",
        "PASSWORD",
        "--session-env",
        "SESSION",
        "--csrf-token-env",
        "CSRF_TOKEN",
        "--context-path",
        "/zoomdata",
        "--user",
        "acme/ann",
        "--supervisor",
        "acme/boss",
        "--account",
        "empty",
        "--client",
        "theirs",
        "--switch",
        "list_shape=data",
    ];
    let mut command = server("composer", &arguments);
    command
        .env("PASSWORD", "p")
        .env("SESSION", "s")
        .env("CSRF_TOKEN", "c");
    let (child, url) = start(&mut command);
    let clients = format!("{url}/zoomdata/api/trusted-access/clients");
    assert_eq!(status(clients.clone(), "operator", "p").await, 200);
    assert_eq!(status(clients, "operator", "wrong").await, 401);
    let state = reqwest::get(format!("{url}/_control/state"))
        .await
        .expect("it answers");
    let state: Value = state.json().await.expect("that is JSON");
    assert_eq!(state["clients"][0]["client_name"], "theirs");
    assert_eq!(
        state["users"],
        json!([
            { "username": "ann", "account": "acme", "supervisor": false, "pushed": 0 },
            { "username": "boss", "account": "acme", "supervisor": true, "pushed": 0 },
        ])
    );
    assert_eq!(state["sessions"], json!([{ "session": "s", "csrf_token": "c" }]));
    ends_after(child, "TERM");
}

#[test]
fn it_says_what_is_wrong_with_the_arguments_for_a_composer() {
    for (arguments, complaint) in [
        (&[][..], "--password-file or --password-env"),
        (&["--password-env", "SURELY_NOT_SET"], "SURELY_NOT_SET"),
        (&["--switch", "paging=maybe"], "none, cut, page"),
        (&["--context-path", "composer"], "slash"),
        (&["--session-env", "X"], "--csrf-token-env"),
        (&["--password-env", "PATH", "--user", "ann"], "account/name"),
        (
            &["--password-env", "PATH", "--supervisor", "/ann"],
            "account/name",
        ),
    ] {
        let said = stderr_of(&mut server("composer", arguments));
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn it_is_a_cocoon() {
    let arguments = [
        "--password-env",
        "PASSWORD",
        "--bootstrap-id",
        "app",
        "--bootstrap-secret-env",
        "BOOTSTRAP_SECRET",
        "--two-factor",
        "--context-path",
        "/access",
        "--user-env",
        "ANN",
        "--client",
        "theirs",
        "--switch",
        "restricted_mark=field",
    ];
    let mut command = server("cocoon", &arguments);
    command
        .env("PASSWORD", "p")
        .env("BOOTSTRAP_SECRET", "b")
        .env("ANN", "ann/a/b");
    let (child, url) = start(&mut command);
    let client = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client can be made");
    for (username, password, restricted) in [("operator", "p", true), ("ann", "a/b", false)] {
        let form = [
            ("grant_type", "password"),
            ("username", username),
            ("password", password),
        ];
        let request = client.post(format!("{url}/access/api/oauth/token"));
        let answer = request.basic_auth("app", Some("b")).form(&form).send().await;
        let token: Value = answer.expect("it answers").json().await.expect("that is JSON");
        assert!(token["access_token"].is_string(), "{username}");
        assert_eq!(token["mfaRequired"] == true, restricted, "{username}");
    }
    let state = reqwest::get(format!("{url}/_control/state"))
        .await
        .expect("it answers");
    let state: Value = state.json().await.expect("that is JSON");
    assert_eq!(state["clients"][1]["appName"], "theirs");
    ends_after(child, "TERM");
}

#[test]
fn it_says_what_is_wrong_with_the_arguments_for_a_cocoon() {
    let whole = ["--password-env", "PATH", "--bootstrap-secret-env", "PATH"];
    for (arguments, complaint) in [
        (&[][..], "--password-file or --password-env"),
        (&["--password-env", "PATH"], "--bootstrap-secret-file"),
        (&["--password-env", "SURELY_NOT_SET"], "SURELY_NOT_SET"),
        (&["--switch", "info_id=roman"], "number, text, uuid"),
        (&["--context-path", "access/"], "slash"),
        (
            &[&whole[..], &["--user-env", "NAMELESS"]].concat(),
            "name/password",
        ),
    ] {
        let said = stderr_of(server("cocoon", arguments).env("NAMELESS", "ann"));
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
}
