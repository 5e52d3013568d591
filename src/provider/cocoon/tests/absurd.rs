//! Answers of the right form with a content that cannot be.

use authserver_emulator::misbehave::{Behaviour, Rule};

use super::bench::{answered, shown, word};
use super::*;

/// The app with the id 2 otherwise than it can be.
const NO_APP: [&str; 16] = [
    r#"["2","app"]"#,
    r"1",
    r#""app""#,
    r"true",
    r"[1]",
    r#"{"error":"no"}"#,
    r#"{"clientInfoId":2}"#,
    r#"{"clientInfoId":2,"clientId":"app"}"#,
    r#"{"clientInfoId":3,"clientId":"app","authorizedGrantTypes":["password"],"accessTokenValiditySeconds":6}"#,
    r#"{"clientInfoId":2,"authorizedGrantTypes":["password"],"accessTokenValiditySeconds":6}"#,
    r#"{"clientId":"app","authorizedGrantTypes":["password"],"accessTokenValiditySeconds":6}"#,
    r#"{"clientInfoId":{},"clientId":"app","authorizedGrantTypes":["password"],"accessTokenValiditySeconds":6}"#,
    r#"{"clientInfoId":2,"clientId":7,"authorizedGrantTypes":["password"],"accessTokenValiditySeconds":6}"#,
    r#"{"clientInfoId":2,"clientId":"app","authorizedGrantTypes":{},"accessTokenValiditySeconds":6}"#,
    r#"{"clientInfoId":2,"clientId":"app","authorizedGrantTypes":["password"],"accessTokenValiditySeconds":-6}"#,
    r#"{"clientInfoId":2,"clientInfoId":2,"clientId":"app","authorizedGrantTypes":["password"],"accessTokenValiditySeconds":6}"#,
];

async fn bench(operation: &str, body: &str) -> (Bench, Box<Target>) {
    let bench = Bench::new().await;
    let app = bench.add("app", SECRET);
    assert_eq!(app.handle.0, "2");
    let body = body.to_owned();
    let rule = Rule::on(operation, Behaviour::NotJson { body });
    bench.emulator.misbehave(rule).unwrap();
    (bench, app)
}

/// An answer to a change that cannot be read is looked behind, where it may be one without a body; else it is unknown what
/// was done. Nothing absurd is told.
#[tokio::test]
async fn an_answer_to_a_change() {
    for body in NO_APP.into_iter().chain(["{}", "[]", "null", " "]) {
        let (bench, app) = bench("mutation", body).await;
        let requests = [
            update(app.clone(), wanted(900)),
            rotate(app.clone(), "app", "canary-of-a-new-secret"),
            register("new"),
            Request::Disable { target: app.clone() },
            Request::Delete { target: app.clone() },
        ];
        for request in requests {
            // The bench sees to it that what is told is so.
            let came = word(bench.change(&request, WITHIN).await.map(answered));
            assert!(
                matches!(came.as_str(), "client" | "done" | "OutcomeUnknown"),
                "{body}: {came}"
            );
        }
    }
}

#[tokio::test]
async fn an_app() {
    for body in NO_APP {
        let (bench, app) = bench("get", body).await;
        assert_eq!(
            word(bench.client(&app.handle.0).await.map(shown)),
            "Unavailable",
            "{body}"
        );
        let came = bench
            .change(&update(app, wanted(900)), WITHIN)
            .await
            .map(answered);
        assert_eq!((word(came).as_str(), bench.sent()), ("Unavailable", 0), "{body}");
    }
    // Nothing at all may be how the server says that it is not there; the list knows better.
    for body in ["", " ", "{}", "[ ]", "\nnull\n"] {
        let (bench, app) = bench("get", body).await;
        assert_eq!(
            word(bench.client(&app.handle.0).await.map(shown)),
            "Unavailable",
            "{body}"
        );
        assert_eq!(bench.client("4711").await, Ok(None), "{body}");
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
        r"[[[]]]",
        "[{}]",
        r#"{"content":[[]]}"#,
        r#"{"content":null}"#,
        r#"{"apps":[]}"#,
        r#"[{"clientInfoId":1}]"#,
        r#"[{"clientId":"a"}]"#,
        r#"[{"clientInfoId":"","clientId":"a"}]"#,
        r#"[{"clientInfoId":1,"clientId":""}]"#,
        r#"[{"clientInfoId":1,"clientId":"a"},{"clientInfoId":2}]"#,
        r#"[{"clientInfoId":1,"clientId":"a"},{"clientInfoId":1,"clientId":"b"}]"#,
        // Fewer than there are.
        "[]",
        r#"{"data":[]}"#,
    ] {
        let (bench, _) = bench("list", body).await;
        assert_eq!(word(bench.clients().await.map(|_| "ok")), "Unavailable", "{body}");
        assert_eq!(
            word(bench.client("4711").await.map(shown)),
            "Unavailable",
            "{body}"
        );
        assert_eq!(word(bench.by_id("app").await.map(shown)), "Unavailable", "{body}");
        let came = bench.change(&register("new"), WITHIN).await.map(answered);
        assert_eq!((word(came).as_str(), bench.sent()), ("Unavailable", 0), "{body}");
    }
}

/// What the dashboard says is used where it makes sense, and else does not matter.
#[tokio::test]
async fn a_count() {
    for body in [
        "{}",
        "[]",
        "x",
        r#"{"totalClientApps":-1}"#,
        r#"{"totalClientApps":"many"}"#,
        r#"{"totalClientApps":1}"#,
    ] {
        let (bench, _) = bench("dashboard", body).await;
        assert_eq!(bench.clients().await.unwrap().len(), 2, "{body}");
    }
    // That there are none at all is believed only where it says so too.
    for (body, listed) in [("[]", false), (r#"{"totalClientApps":0}"#, true)] {
        let (bench, _) = bench("dashboard", body).await;
        bench.check().await.unwrap();
        bench.emulator.edit_clients(Vec::clear);
        assert_eq!(bench.clients().await.is_ok(), listed, "{body}");
    }
    let (bench, _) = bench("dashboard", r#"{"totalClientApps":"3"}"#).await;
    assert_eq!(bench.clients().await.unwrap_err().kind(), "Unavailable");
}
