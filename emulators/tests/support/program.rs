//! The program as a process.

#![allow(clippy::expect_used, reason = "these are tests")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The program with a server and its arguments.
pub fn server(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authserver-emulator"));
    command
        .arg(name)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Starts it and reads the line that it prints when it is ready.
pub fn start(command: &mut Command) -> (Child, String) {
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

/// Ends it with a signal.
pub fn ends_after(mut child: Child, signal: &str) {
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

/// What it complains of.
pub fn stderr_of(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}
