//! The program, started for this server.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use authserver_emulator::hydra::Switches;
use serde_json::{Value, json};

use crate::caller::read;
use crate::support::http;

/// The program while it runs.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authserver-emulator"));
    command.arg("hydra").args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn it_is_a_hydra() {
    let arguments = [
        "--bearer-token-env",
        "TOKEN",
        "--admin-path",
        "/hydra",
        "--public-path",
        "/auth",
        "--public-url",
        "https://auth.example",
        "--client",
        "theirs",
        "--switch",
        "release=v2",
        "--switch",
        "page_size=1",
    ];
    let mut program = Program(command(&arguments).env("TOKEN", "canary").spawn().unwrap());
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let url = ready["url"].as_str().unwrap();
    let admin = format!("{url}/hydra/admin/clients");
    assert_eq!(read(http().get(&admin)).await.status, 401);
    let made = read(
        http()
            .post(&admin)
            .bearer_auth("canary")
            .json(&json!({ "client_id": "x" })),
    )
    .await;
    assert_eq!(
        made.field("registration_client_uri"),
        "https://auth.example/oauth2/register/x"
    );
    let list = read(http().get(&admin).bearer_auth("canary")).await;
    assert_eq!(list.json()[0]["client_id"], "theirs");
    assert_eq!(list.header("x-total-count"), Some("2"));
    let token = http().post(format!("{url}/auth/oauth2/token"));
    let token = token.basic_auth("theirs", Some("secret-of-theirs"));
    assert_eq!(read(token.form(&[crate::support::GRANT])).await.status, 200);
}

#[test]
fn it_lists_its_switches() {
    let output = command(&["--list-switches"]).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let switches = Switches::info();
    assert_eq!(table.lines().count(), switches.len() + 2);
    for info in switches {
        assert!(
            table.contains(&format!("| {} | {} |", info.name, info.default)),
            "{}",
            info.name
        );
    }
}

#[test]
fn it_says_what_is_wrong_with_its_arguments() {
    for (arguments, complaint) in [
        (&["--switch", "release=v3"][..], "v1, v2, v26"),
        (&["--switch", "nonsense=1"], "nonsense"),
        (&["--admin-path", "hydra"], "slash"),
        (&["--public-path", "/auth/"], "slash"),
        (&["--public-url", "auth.example"], "scheme"),
        (&["--public-url", "https://auth.example/"], "slash"),
        (&["--bearer-token-env", "SURELY_NOT_SET"], "SURELY_NOT_SET"),
        (&["--bearer-token-file", "/does/not/exist"], "/does/not/exist"),
        (
            &["--bearer-token-file", "x", "--bearer-token-env", "X"],
            "cannot be used with",
        ),
        (&["--listen", "192.0.2.1:1"], "192.0.2.1:1"),
    ] {
        let output = command(arguments).output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(complaint), "{arguments:?}: {said}");
    }
}
