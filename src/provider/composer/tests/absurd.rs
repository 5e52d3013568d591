//! Answers of the right form with a content that cannot be.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::bench::{Truth, answered, shown, word};
use super::*;

/// A client otherwise than it can be.
const NO_CLIENT: [&str; 13] = [
    r#"["a","app"]"#,
    "1",
    r#""app""#,
    "true",
    "[1]",
    r#"{"error":"no"}"#,
    r#"{"client_id":"a"}"#,
    r#"{"client_id":"","client_secret":"canary","client_name":"new"}"#,
    r#"{"client_id":"a b","client_secret":"canary","client_name":"new"}"#,
    r#"{"client_id":{},"client_secret":"canary","client_name":"new"}"#,
    r#"{"client_id":"a","client_secret":"canary","client_name":"another","access_token_validity_seconds":5}"#,
    r#"{"client_id":"a","client_id":"b","client_secret":"canary","client_name":"new"}"#,
    r#"{"client_id":"a","client_secret":7,"client_name":"new"}"#,
];

async fn bench(operation: &str, body: &str) -> (Bench, Box<Target>) {
    let bench = Bench::new().await;
    bench.emulator.add_client("app", 300);
    let app = Truth::target(&bench.emulator, "app");
    let body = body.to_owned();
    let rule = Rule::on(operation, Behaviour::NotJson { body });
    bench.emulator.misbehave(rule).unwrap();
    (bench, app)
}

/// An answer to a change that cannot be read is looked behind, where it may be one without a body; else it is unknown what
/// was done. The bench sees to it that what is told is so.
#[tokio::test]
async fn an_answer_to_a_change() {
    for body in NO_CLIENT.into_iter().chain(["{}", "[]", "null", " "]) {
        let (bench, app) = bench("mutation", body).await;
        let created = bench.change(&register("new"), WITHIN).await;
        assert_eq!(word(created.map(answered)), "OutcomeUnknown", "{body}");
        for request in [update(app.clone(), 250), Request::Delete { target: app.clone() }] {
            let came = word(bench.change(&request, WITHIN).await.map(answered));
            assert!(
                matches!(came.as_str(), "client" | "done" | "OutcomeUnknown"),
                "{body}: {came}"
            );
        }
    }
}

/// What stands for a secret is none, and so a registration without one.
#[tokio::test]
async fn a_registration_without_a_secret() {
    let hash = format!(
        r#"{{"client_id":"a","client_name":"new","client_secret":"$2a$10${}"}}"#,
        "x".repeat(53)
    );
    for body in [
        r#"{"client_id":"a","client_name":"new"}"#,
        r#"{"client_id":"a","client_name":"new","client_secret":null}"#,
        r#"{"client_id":"a","client_name":"new","client_secret":""}"#,
        r#"{"client_id":"a","client_name":"new","client_secret":"*****"}"#,
        r#"{"id":"a","client_name":"new","client_secret":"canary"}"#,
        &hash,
    ] {
        let (bench, _) = bench("register", body).await;
        let came = bench.change(&register("new"), WITHIN).await;
        assert_eq!(word(came.map(answered)), "OutcomeUnknown", "{body}");
    }
}

#[tokio::test]
async fn a_client() {
    for body in NO_CLIENT {
        let (bench, app) = bench("get", body).await;
        let came = word(bench.client(&app.handle.0).await.map(shown));
        assert_eq!(came, "Unavailable", "{body}");
        let came = bench.change(&update(app, 250), WITHIN).await.map(answered);
        assert_eq!((word(came).as_str(), bench.sent()), ("Unavailable", 0), "{body}");
    }
    // Nothing at all may be how the server says that it is not there; the list knows better.
    for body in ["", " ", "{}", "[ ]", "\nnull\n"] {
        let (bench, app) = bench("get", body).await;
        let came = word(bench.client(&app.handle.0).await.map(shown));
        assert_eq!(came, "Unavailable", "{body}");
        assert_eq!(bench.client("nobody").await, Ok(None), "{body}");
    }
}

/// A list that is not whole and well-formed is none, and so no proof.
#[tokio::test]
async fn a_list() {
    for body in [
        "{}",
        r#""""#,
        "1",
        "null",
        "[1]",
        "[null]",
        "[[]]",
        "[{}]",
        r#"{"content":[[]]}"#,
        r#"{"content":null}"#,
        r#"{"content":[],"data":[]}"#,
        r#"{"clients":[]}"#,
        r#"[{"client_id":"a"}]"#,
        r#"[{"client_name":"a"}]"#,
        r#"[{"client_id":"","client_name":"a"}]"#,
        r#"[{"client_id":"a","client_name":""}]"#,
        r#"[{"client_id":"a","client_name":"a"},{"client_id":"b"}]"#,
        r#"[{"client_id":"a","client_name":"a"},{"client_id":"a","client_name":"b"}]"#,
        // Not whole, as it says itself.
        r#"{"content":[],"totalElements":3}"#,
        r#"{"data":[],"total":"1"}"#,
        r#"{"content":[{"client_id":"a","client_name":"a"}],"totalElements":2,"number":0,"totalPages":2}"#,
        r#"{"content":[{"client_id":"a","client_name":"a"}],"next":"https://elsewhere.example.com/clients"}"#,
        r#"{"content":[{"client_id":"a","client_name":"a"}],"next":"?cursor=1"}"#,
    ] {
        let (bench, _) = bench("list", body).await;
        assert_eq!(word(bench.clients().await.map(|_| "ok")), "Unavailable", "{body}");
        assert_eq!(
            word(bench.client("nobody").await.map(shown)),
            "Unavailable",
            "{body}"
        );
        let found = bench.attempted(&candidate("app", None)).await.map(shown);
        assert_eq!(word(found), "Unavailable", "{body}");
        let came = bench.change(&register("new"), WITHIN).await.map(answered);
        assert_eq!((word(came).as_str(), bench.sent()), ("Unavailable", 0), "{body}");
    }
}
