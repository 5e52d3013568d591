//! The program itself.

#![allow(clippy::expect_used, reason = "these are tests")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use authserver_emulator::digitalroute::Switches;
use serde_json::Value;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authserver-emulator"));
    command
        .arg("digitalroute")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts it and reads the line that it prints when it is ready.
fn start(command: &mut Command) -> (Child, String) {
    let mut child = command.spawn().expect("it starts");
    let mut line = String::new();
    let out = child.stdout.as_mut().expect("its output is piped");
    BufReader::new(out)
        .read_line(&mut line)
        .expect("it prints a line");
    let ready: Value = serde_json::from_str(&line).expect("the line is JSON");
    assert_eq!(ready.as_object().map(serde_json::Map::len), Some(1));
    (
        child,
        ready["url"].as_str().expect("the line has an address").to_owned(),
    )
}

fn ends_after(mut child: Child, signal: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", signal, &id])
            .status()
            .expect("kill runs")
            .success()
    );
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(status) = child.try_wait().expect("it can be waited for") {
            assert!(status.success(), "{status}");
            return;
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn stderr_of(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
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
    assert_eq!(state["scopes"], serde_json::json!(["a", "b"]));
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
    let mut child = program(&["--list-switches"]).spawn().expect("it starts");
    let mut table = String::new();
    child
        .stdout
        .take()
        .expect("its output is piped")
        .read_to_string(&mut table)
        .expect("it is text");
    assert!(child.wait().expect("it ends").success());
    for info in Switches::info() {
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
    assert_eq!(table.lines().count(), Switches::info().len() + 2);
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
