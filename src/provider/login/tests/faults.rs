//! What goes wrong, and what that means to the call.

use rstest::rstest;

use super::*;

/// A token that was withdrawn: one new login, one more try, of a change too.
#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    let bench = Bench::user().await;
    bench
        .answers("/token", |number, _| {
            answer(
                200,
                &json!({"access_token": format!("t{number}"), "expires_in": 600, "refresh_token": "r"}),
            )
        })
        .await;
    let good = std::sync::Arc::new(StdMutex::new("Bearer t0"));
    let known = std::sync::Arc::clone(&good);
    bench
        .answers("/api/thing", move |_, request| {
            let known = *known.lock().unwrap();
            ResponseTemplate::new(if request.headers["authorization"] == known {
                204
            } else {
                401
            })
        })
        .await;
    assert_eq!(bench.change().await, Ok(204));
    *good.lock().unwrap() = "Bearer t1";
    assert_eq!(bench.change().await, Ok(204));
    assert_eq!(bench.tokens().await, ["Bearer t0", "Bearer t0", "Bearer t1"]);
    // The session was refused, so it is not renewed.
    assert!(
        bench
            .logins()
            .await
            .iter()
            .all(|form| form.starts_with("grant_type=password"))
    );

    *good.lock().unwrap() = "none";
    assert_eq!(bench.change().await, Ok(401));
    assert_eq!(bench.tokens().await[3..], ["Bearer t1", "Bearer t2"]);
    assert_eq!(bench.change().await, Ok(401));
    assert_eq!(
        bench.tokens().await[5..],
        ["Bearer t3"],
        "a new token is not tried twice"
    );
    assert_eq!(bench.logins().await.len(), 4);
}

/// Many calls whose token is refused at once.
#[tokio::test]
async fn a_refused_token_is_replaced_by_one() {
    let bench = Bench::itself().await;
    bench.answers("/token", |number, _| issue(number)).await;
    bench
        .answers("/api/thing", |number, request| {
            let old = request.headers["authorization"] == "Bearer canary-token-0";
            ResponseTemplate::new(if old && number > 0 { 401 } else { 200 })
                .set_delay(Duration::from_millis(if old { 100 } else { 0 }))
        })
        .await;
    assert_eq!(bench.read().await, Ok(200));
    let all = futures::future::join_all((0..8).map(|_| bench.change())).await;
    assert_eq!(all, vec![Ok(200); 8]);
    assert_eq!(bench.logins().await.len(), 2);
}

/// What the API says of a token is said without it.
#[tokio::test]
async fn the_token_is_not_shown() {
    let bench = Bench::itself().await;
    bench.answers("/token", |number, _| issue(number)).await;
    let body = json!({"message": "bad: Bearer canary-token-0"});
    bench.answers("/api/thing", move |_, _| answer(400, &body)).await;
    let call = change(WITHIN);
    let reply = bench.login.send(&bench.api, &call).await.unwrap();
    assert_eq!(
        bench.api.refused(&call, &reply),
        Fault::Invalid("400 Bad Request for the deletion: bad: Bearer …".into())
    );
    assert!(!format!("{reply:?}").contains("canary"));
}

fn denied(text: &str) -> Fault {
    Fault::Denied(Denial::Credential, format!("{text} for {WHAT}"))
}

fn unavailable(text: &str) -> Fault {
    Fault::Unavailable(format!("{text} for {WHAT}"))
}

#[rstest]
#[case(400, json!({"error": "invalid_grant"}), denied("400 Bad Request"))]
#[case(400, json!({"error": "invalid_client"}), denied("400 Bad Request"))]
#[case(400, json!({"error": "unauthorized_client"}), denied("400 Bad Request"))]
#[case(400, json!({}), denied("400 Bad Request"))]
#[case(400, json!({"error": "invalid_scope"}), unavailable("400 Bad Request"))]
#[case(400, json!({"error": "unsupported_grant_type"}), unavailable("400 Bad Request"))]
#[case(401, json!({"error": "invalid_client"}), denied("401 Unauthorized"))]
#[case(401, json!(null), denied("401 Unauthorized"))]
#[case(403, json!({"error": "invalid_grant"}), denied("403 Forbidden"))]
#[case(404, json!({}), unavailable("404 Not Found"))]
#[case(302, json!({}), unavailable("302 Found"))]
#[case(429, json!({}), Fault::Throttled(None))]
#[case(500, json!({}), unavailable("500 Internal Server Error"))]
#[case(503, json!({}), unavailable("503 Service Unavailable"))]
#[tokio::test]
async fn a_refused_login(#[case] status: u16, #[case] body: Value, #[case] expected: Fault) {
    let bench = Bench::user().await;
    bench.answers("/token", move |_, _| answer(status, &body)).await;
    bench.takes_all().await;
    let without_words = |fault: Fault| match fault {
        Fault::Denied(denial, text) => {
            Fault::Denied(denial, text.split(": ").next().unwrap_or_default().to_owned())
        }
        Fault::Unavailable(text) => {
            Fault::Unavailable(text.split(": ").next().unwrap_or_default().to_owned())
        }
        fault => fault,
    };
    for came in [bench.change().await, bench.read().await] {
        assert_eq!(came.map_err(without_words), Err(expected.clone()));
    }
    assert!(bench.tokens().await.is_empty());
}

/// Whoever passed the gate before it closed does not try the account once more; who comes after the gate's pause does.
#[tokio::test]
async fn a_refusal_is_told_to_those_who_are_under_way() {
    let bench = Bench::user().await;
    bench
        .answers("/token", |_, _| {
            let said = format!("no: {PASSWORD}, {SECRET}, canary+pass%2Fword");
            answer(401, &json!({"error": "invalid_grant", "error_description": said}))
                .set_delay(Duration::from_millis(50))
        })
        .await;
    let expected = denied("401 Unauthorized").to_string() + ": no: …, …, …";
    let all = futures::future::join_all((0..10).map(|_| bench.change())).await;
    for came in all.into_iter().chain([bench.read().await]) {
        assert_eq!(came.unwrap_err().to_string(), expected);
    }
    assert_eq!(bench.logins().await.len(), 1);
    pass(Duration::from_secs(4)).await;
    assert!(bench.read().await.is_err());
    assert_eq!(bench.logins().await.len(), 2);
}

/// It goes on as soon as the server takes the login.
#[tokio::test]
async fn an_outage_ends() {
    let bench = Bench::itself().await;
    bench
        .answers("/token", |number, _| {
            if number == 0 {
                ResponseTemplate::new(500)
            } else {
                issue(number)
            }
        })
        .await;
    bench.takes_all().await;
    assert_eq!(
        bench.change().await,
        Err(unavailable("500 Internal Server Error"))
    );
    assert_eq!(bench.change().await, Ok(200));
}

#[rstest]
#[case("[]")]
#[case("{}")]
#[case("")]
#[case("<html>")]
#[case(r#"{"access_token":""}"#)]
#[case(r#"{"access_token":null}"#)]
#[case(r#"{"access_token":1}"#)]
#[case(r#"{"access_token":"canary token"}"#)]
#[case(r#"{"access_token":"canary\r\nx: y"}"#)]
#[case(r#"{"access_token":"cänary"}"#)]
#[case(r#"{"access_token":"canary","token_type":"mac"}"#)]
#[case(r#"{"access_token":"canary","token_type":1}"#)]
#[case(r#"{"error":"invalid_grant"}"#)]
#[tokio::test]
async fn an_answer_that_makes_no_sense(#[case] body: &'static str) {
    let bench = Bench::itself().await;
    bench
        .answers("/token", move |_, _| {
            ResponseTemplate::new(200).set_body_raw(body, "application/json")
        })
        .await;
    bench.takes_all().await;
    let came = bench.change().await.unwrap_err();
    assert!(
        matches!(&came, Fault::Unavailable(text) if text.contains(WHAT)),
        "{came:?}"
    );
    assert!(bench.tokens().await.is_empty());
}

/// The login and the call share the time of the call.
#[tokio::test]
async fn all_is_done_within_the_time_of_the_call() {
    let bench = Bench::itself().await;
    bench
        .answers("/token", |number, _| {
            issue(number).set_delay(Duration::from_millis(300))
        })
        .await;
    bench
        .answers("/api/thing", |_, _| {
            ResponseTemplate::new(200).set_delay(Duration::from_millis(400))
        })
        .await;
    let began = std::time::Instant::now();
    let call = change(Duration::from_millis(500));
    let came = bench.login.send(&bench.api, &call).await.map(drop);
    // The change was on its way.
    assert!(matches!(came, Err(Fault::OutcomeUnknown(_))), "{came:?}");
    assert!(began.elapsed() < Duration::from_millis(900));
    let came = bench.send(&change(Duration::ZERO)).await;
    assert!(matches!(came, Err(Fault::Unavailable(_))), "{came:?}");
}

/// A login may succeed and bring what is of no use: it is no session, and is told by whoever knows the server.
#[tokio::test]
async fn a_token_of_no_use_is_none() {
    let bench = Bench::user().await;
    let login = bench
        .login
        .unless(|reply| reply.object::<Limited>().is_ok().then_some("it is limited"));
    let bench = Bench { login, ..bench };
    bench
        .answers("/token", |number, _| {
            let body = json!({"access_token": format!("canary-token-{number}"), "limited": true});
            answer(
                200,
                &if number == 0 {
                    body
                } else {
                    json!({"access_token": "t1"})
                },
            )
        })
        .await;
    bench.takes_all().await;
    assert_eq!(
        bench.read().await,
        Err(Fault::Denied(Denial::Credential, "it is limited".to_owned()))
    );
    assert!(bench.tokens().await.is_empty());
    pass(REMEMBERED + Duration::from_secs(1)).await;
    assert_eq!(bench.read().await, Ok(200));
    assert_eq!(bench.tokens().await, ["Bearer t1"]);
}

#[derive(serde::Deserialize)]
struct Limited {
    #[serde(rename = "limited")]
    _limited: bool,
}

/// Some documents spell the header otherwise than the standard.
#[tokio::test]
async fn the_client_shows_itself_in_another_header_too() {
    let bench = Bench::user().await;
    let login = bench.login.also_in(HeaderName::from_static("authentication"));
    let bench = Bench { login, ..bench };
    bench.answers("/token", |number, _| issue(number)).await;
    bench.takes_all().await;
    assert_eq!(bench.read().await, Ok(200));
    let sent = bench.received("/token").await;
    let (usual, other) = (
        &sent[0].headers["authorization"],
        &sent[0].headers["authentication"],
    );
    assert!(usual == other && usual.to_str().unwrap().starts_with("Basic "));
    let called = bench.received("/api/thing").await;
    assert!(
        !called[0].headers.contains_key("authentication"),
        "a token is not shown there"
    );
}
