//! Answers of the right form with a content that cannot be.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::bench::{answered, shown, word};
use super::*;

/// The client "app" otherwise than it can be.
const NO_CLIENT: [&str; 20] = [
    r#"["app","id","secret","read"]"#,
    r"1",
    r#""app""#,
    r"true",
    r"[1]",
    r#"[{"client_name":"app","client_id":"i","client_secret":"s"}]"#,
    r#"{"error":"no"}"#,
    r#"{"client_name":"app"}"#,
    r#"{"client_name":"app","client_id":"i"}"#,
    r#"{"client_name":"app","client_secret":"s"}"#,
    r#"{"client_id":"i","client_secret":"s"}"#,
    r#"{"client_name":"other","client_id":"i","client_secret":"s"}"#,
    r#"{"client_name":"APP","client_id":"i","client_secret":"s"}"#,
    r#"{"client_name":"app","client_id":"","client_secret":"s"}"#,
    r#"{"client_name":"app","client_id":null,"client_secret":"s"}"#,
    r#"{"client_name":"app","client_id":1,"client_secret":"s"}"#,
    r#"{"client_name":"app","client_id":"i","client_secret":""}"#,
    r#"{"client_name":"app","client_id":"i","client_secret":"********"}"#,
    r#"{"client_name":"app","client_id":"i","client_secret":"s","scope":["read"]}"#,
    r#"{"client_name":"app","client_id":"i","client_secret":"s","client_secret":"t"}"#,
];

async fn bench(operation: &str, body: &str) -> Bench {
    let bench = Bench::new().await;
    let body = body.to_owned();
    let rule = Rule::on(operation, Behaviour::NotJson { body });
    bench.emulator.misbehave(rule).unwrap();
    bench
}

#[tokio::test]
async fn a_client() {
    for body in NO_CLIENT.into_iter().chain(["{}", "[]", "null"]) {
        let changed = bench("mutation", body).await;
        let register = Request::Register(Box::new(candidate("app", &["read"])));
        let came = changed.change(&register, WITHIN).await.map(answered);
        assert_eq!(word(came), "OutcomeUnknown", "{body}");
        for request in [
            Request::Rotate {
                target: "app".into(),
                candidate: None,
                keep_previous: false,
            },
            Request::Update {
                target: "app".into(),
                metadata: metadata(&["write"]),
                unset: std::collections::BTreeSet::new(),
            },
        ] {
            let came = changed.change(&request, WITHIN).await.map(answered);
            assert_eq!(word(came), "OutcomeUnknown", "{body}");
        }
    }
    for body in NO_CLIENT {
        let read = bench("get", body).await;
        read.emulator.add_client("app", "read");
        assert_eq!(word(read.client("app").await.map(shown)), "Unavailable", "{body}");
    }
    // Nothing at all may be how the server says that it is not there; the list knows better.
    for body in ["", " ", "{}", "[ ]", "\nnull\n"] {
        let read = bench("get", body).await;
        read.emulator.add_client("app", "read");
        assert_eq!(word(read.client("app").await.map(shown)), "some", "{body}");
        assert_eq!(read.client("nobody").await, Ok(None), "{body}");
    }
}

/// A list that is not whole and well-formed is none, and so no proof.
#[tokio::test]
async fn a_list() {
    for body in [
        "{}",
        r#""""#,
        "1",
        "[1]",
        "[null]",
        "[[]]",
        r#"[["app","id","secret","read"]]"#,
        "[{}]",
        r#"{"content":[]}"#,
        r#"[{"client_name":"a"}]"#,
        r#"[{"client_id":"a"}]"#,
        r#"[{"client_name":"","client_id":"a"}]"#,
        r#"[{"client_name":"a","client_id":""}]"#,
        r#"[{"client_name":"a","client_id":"i"},{"client_name":"b"}]"#,
        r#"[{"client_name":"a","client_id":"i","scope":{}}]"#,
    ] {
        let bench = bench("list", body).await;
        assert_eq!(word(bench.clients().await.map(|_| "ok")), "Unavailable", "{body}");
        assert_eq!(
            word(bench.client("nobody").await.map(shown)),
            "Unavailable",
            "{body}"
        );
    }
}

#[tokio::test]
async fn scopes() {
    for body in [
        "[]",
        "null",
        r#""read""#,
        r#"{"scope":["read"]}"#,
        r#"{"scope":1}"#,
    ] {
        let read = bench("scope_get", body).await;
        assert_eq!(word(read.scopes().await.map(|_| "ok")), "Unavailable", "{body}");
        assert_eq!(word(read.check().await.map(|()| "ok")), "Unavailable", "{body}");
        let changed = bench("scope_post", body).await;
        let provision = Request::ProvisionScopes(set(&["more"]));
        let came = changed.change(&provision, WITHIN).await.map(answered);
        assert_eq!(word(came), "OutcomeUnknown", "{body}");
    }
}
