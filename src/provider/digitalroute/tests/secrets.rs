//! No credential is seen where people look.

use authserver_emulator::digitalroute::Auth;
use authserver_emulator::misbehave::{Behaviour, Rule};

use super::*;
use crate::model::Credential;

/// What no text may hold: the password, alone and as it goes over the wire, and all that the server knows.
fn canaries(bench: &Bench) -> Vec<String> {
    use base64::Engine as _;
    let encode = |text: String| base64::prelude::BASE64_STANDARD.encode(text);
    let mut canaries = vec![PASSWORD.to_owned(), encode(format!("operator:{PASSWORD}"))];
    for client in bench.emulator.clients() {
        canaries.push(encode(format!("{}:{}", client.client_id, client.client_secret)));
        canaries.push(client.client_secret);
    }
    canaries
}

fn assert_clean(text: &str, canaries: &[String]) {
    for canary in canaries {
        assert!(!text.contains(canary), "{canary} in {text}");
    }
}

/// Everything that is said: the fault's text and its `Debug`.
async fn said(bench: &Bench) -> String {
    let mut said = format!("{:?}", bench.adapter.capabilities());
    let mut hear = |fault: Option<Fault>| {
        if let Some(fault) = fault {
            said.push_str(&format!("{fault} {fault:?}\n"));
        }
    };
    let app: Handle = "app".into();
    hear(bench.adapter.check().await.err());
    hear(bench.adapter.client(&app).await.err());
    hear(bench.adapter.clients().await.err());
    hear(bench.adapter.scopes().await.err());
    for request in [
        Request::Register(Box::new(candidate("app", &["unknown"]))),
        Request::Register(Box::new(candidate("app", &["read"]))),
        Request::Update {
            target: app.clone().into(),
            metadata: metadata(&["unknown"]),
            unset: std::collections::BTreeSet::new(),
        },
        Request::Rotate {
            target: "nobody".into(),
            candidate: None,
            keep_previous: false,
        },
        Request::Delete {
            target: "nobody".into(),
        },
        Request::ProvisionScopes(set(&["read"])),
    ] {
        hear(bench.adapter.perform(&request, WITHIN).await.err());
    }
    for client in bench.emulator.clients() {
        for secret in [client.client_secret, "x".into()] {
            let credential = Credential {
                client_id: client.client_id.clone(),
                client_secret: Some(Confidential::new(secret)),
            };
            let verified = bench.adapter.verify(&(&credential).into()).await.unwrap();
            said.push_str(&format!("{verified:?} {credential:?}\n"));
        }
    }
    said
}

#[tokio::test]
async fn in_no_text_of_a_refusal() {
    let bodies = [
        "framework",
        "oauth",
        "failure",
        "json_string",
        "html",
        "empty",
        "text",
        "echo_client",
    ];
    for body in bodies {
        for alphabet in ["url_safe", "base64", "symbols"] {
            let bench = Bench::new().await;
            bench.emulator.switch(|switches| {
                switches.set("error_body", body).unwrap();
                switches.set("token_error_body", "text").unwrap();
                switches.set("secret_alphabet", alphabet).unwrap();
            });
            bench.emulator.add_client("app", "read");
            let mut text = said(&bench).await;
            bench.emulator.set_auth(Auth::Basic {
                username: "operator".into(),
                password: "another-password".into(),
            });
            text.push_str(&said(&bench).await);
            assert!(text.contains("refused"), "{text}");
            assert_clean(&text, &canaries(&bench));
        }
    }
}

/// Servers and proxies that send back what they were sent, or somebody else's secret.
#[tokio::test]
async fn in_no_text_that_a_server_sends_back() {
    let bench = Bench::new().await;
    let client = bench.emulator.add_client("app", "read");
    let canaries = canaries(&bench);
    let echo = canaries.join(" and ");
    for template in [
        r#"{"message":"ECHO"}"#,
        r#"{"error":"ECHO","error_description":"ECHO"}"#,
        r#""ECHO""#,
        r#"{"client_secret":"ECHO","message":"x"}"#,
        "ECHO",
        "<html>ECHO</html>",
        r#"[{"client_name":"ECHO","client_id":1}]"#,
        r#"{"client_name":"app","client_id":"ECHO","client_id":"ECHO"}"#,
    ] {
        let body = template.replace("ECHO", &echo);
        bench.emulator.behave();
        bench
            .emulator
            .misbehave(Rule::on("any", Behaviour::NotJson { body }))
            .unwrap();
        assert_clean(&said(&bench).await, &canaries);
    }
    assert_eq!(client.client_name, "app");
}

/// The adapter itself may be in a log.
#[tokio::test]
async fn in_no_debug_output() {
    let bench = Bench::new().await;
    let egress = bench::loopback();
    let trust = crate::provider::http::Trust::default();
    let url = bench.emulator.url();
    let target = crate::provider::http::Target {
        url: &url,
        prefix: "",
        namespaced: false,
        egress: &egress,
        trust: &trust,
    };
    let authorization = crate::provider::http::Authorization::basic("operator", &Confidential::new(PASSWORD));
    let text = format!("{authorization:?}");
    let http = || Http::new(&target, Some(authorization.clone())).unwrap();
    let adapter = DigitalRoute::new(http(), Vec::new(), http(), WITHIN, true);
    assert_clean(&format!("{text} {adapter:?}"), &canaries(&bench));
}
