//! What each failure means to a read and to a change.

use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use super::raw::{Play, Raw};
use super::*;
use crate::model::Denial;

#[rstest]
#[case("200 OK", "Good", "Good")]
#[case("201 Created", "Good", "Good")]
#[case("301 Moved Permanently", "Unavailable", "OutcomeUnknown")]
#[case("302 Found", "Unavailable", "OutcomeUnknown")]
#[case("303 See Other", "Unavailable", "OutcomeUnknown")]
#[case("304 Not Modified", "Unavailable", "OutcomeUnknown")]
#[case("307 Temporary Redirect", "Unavailable", "OutcomeUnknown")]
#[case("308 Permanent Redirect", "Unavailable", "OutcomeUnknown")]
#[case("400 Bad Request", "Invalid", "Invalid")]
#[case("401 Unauthorized", "Denied", "Denied")]
#[case("403 Forbidden", "Denied", "Denied")]
#[case("404 Not Found", "Invalid", "Invalid")]
#[case("405 Method Not Allowed", "Invalid", "Invalid")]
#[case("408 Request Timeout", "Unavailable", "OutcomeUnknown")]
#[case("409 Conflict", "Invalid", "Conflict")]
#[case("410 Gone", "Invalid", "Invalid")]
#[case("413 Payload Too Large", "Invalid", "Invalid")]
#[case("422 Unprocessable Content", "Invalid", "Invalid")]
#[case("429 Too Many Requests", "Throttled", "Throttled")]
#[case("499 Whatever", "Invalid", "Invalid")]
#[case("500 Internal Server Error", "Unavailable", "OutcomeUnknown")]
#[case("502 Bad Gateway", "Unavailable", "OutcomeUnknown")]
#[case("503 Service Unavailable", "Unavailable", "OutcomeUnknown")]
#[case("504 Gateway Timeout", "Unavailable", "OutcomeUnknown")]
#[case("599 Whatever", "Unavailable", "OutcomeUnknown")]
#[case("999 Whatever", "Unavailable", "OutcomeUnknown")]
#[tokio::test]
async fn of_each_status(#[case] status: &str, #[case] of_read: &str, #[case] of_change: &str) {
    let server = Raw::always(Play::json(status, r#"{"message":"said so"}"#)).await;
    let http = http(&server.url());
    assert_eq!(kind(&http, &read()).await, of_read);
    assert_eq!(kind(&http, &change()).await, of_change);
    assert_eq!(server.requests().len(), 2);
}

#[rstest]
#[case("429 Too Many Requests", "7", Some(7))]
#[case("429 Too Many Requests", "0", Some(0))]
#[case("429 Too Many Requests", "86400", Some(3600))]
#[case("429 Too Many Requests", "soon", None)]
#[case("429 Too Many Requests", "Thu, 01 Jan 2099 00:00:00 GMT", Some(3600))]
#[case("503 Service Unavailable", "7", Some(7))]
#[tokio::test]
async fn of_retry_after(#[case] status: &str, #[case] value: &str, #[case] seconds: Option<i64>) {
    let server = Raw::always(Play::answer(status, &format!("retry-after: {value}\r\n"), "")).await;
    let fault = fault(&http(&server.url()), &read()).await.unwrap();
    let Fault::Throttled(until) = fault else {
        panic!("{fault:?}")
    };
    let wait = until.map(|until| {
        until
            .duration_since(Timestamp::now())
            .round(jiff::Unit::Second)
            .unwrap()
    });
    assert_eq!(wait, seconds.map(SignedDuration::from_secs));
}

/// A 503 says that the server is overloaded, not that it has done nothing.
#[tokio::test]
async fn a_change_is_not_known_undone_after_503() {
    let server = Raw::always(Play::answer("503 Busy", "retry-after: 7\r\n", "")).await;
    assert_eq!(kind(&http(&server.url()), &change()).await, "OutcomeUnknown");
    let server = Raw::always(Play::answer("503 Busy", "retry-after: soon\r\n", "")).await;
    assert_eq!(kind(&http(&server.url()), &read()).await, "Unavailable");
}

fn head(more: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{more}\r\n")
}

#[rstest]
#[case::closed(Play::Close)]
#[case::reset(Play::Reset)]
#[case::silent(Play::Hang)]
#[case::no_http(Play::SayAndClose(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()))]
#[case::half_a_head(Play::SayAndClose(b"HTTP/1.1 200 OK\r\ncontent-".to_vec()))]
#[case::half_a_body(Play::SayAndClose(format!("{}{{\"a\":", head("content-length: 99\r\n")).into()))]
#[case::half_a_chunk(Play::SayAndClose(format!("{}99\r\n{{\"a\":", head("transfer-encoding: chunked\r\n")).into()))]
#[case::chunks_without_end(Play::SayAndClose(format!("{}2\r\n{{}}\r\n", head("transfer-encoding: chunked\r\n")).into()))]
#[case::two_lengths(Play::Say(format!("{}{{}}", head("content-length: 2\r\ncontent-length: 3\r\n")).into()))]
#[case::dripping_head(Play::Drip(head("").into(), Duration::from_millis(100)))]
#[case::dripping_body(Play::Drip(format!("{}{{}}", head("content-length: 40\r\n")).into(), Duration::from_millis(100)))]
#[case::endless_head(Play::Endless(b"HTTP/1.1 200 OK\r\nx: ".to_vec()))]
#[case::too_many_headers(Play::Say(format!("{}{{}}", head(&("x: y\r\n".repeat(70) + "content-length: 2\r\n"))).into()))]
#[case::endless_body(Play::Endless(head("").into()))]
#[case::announced_too_large(Play::Say(head("content-length: 1048577\r\n").into()))]
#[case::not_json(Play::json("200 OK", "hello"))]
#[case::half_json(Play::json("200 OK", "{\"a\":"))]
#[case::empty(Play::json("200 OK", ""))]
#[case::deep(Play::json("200 OK", &"[".repeat(100_000)))]
#[case::two_values(Play::json("200 OK", "{}{}"))]
#[case::page(Play::answer("200 OK", "content-type: text/html\r\n", "{}"))]
#[case::xml(Play::answer("200 OK", "content-type: application/xml\r\n", "{}"))]
#[case::image(Play::answer("200 OK", "content-type: image/png\r\n", "{}"))]
#[case::compressed(Play::answer("200 OK", "content-encoding: gzip\r\n", "{}"))]
#[case::switching(Play::answer("101 Switching Protocols", "upgrade: x\r\nconnection: upgrade\r\n", ""))]
#[tokio::test]
async fn of_each_bad_answer(#[case] play: Play) {
    let server = Raw::always(play).await;
    let http = http(&server.url());
    let begin = std::time::Instant::now();
    let read = Call {
        within: SOON,
        ..read()
    };
    assert_eq!(kind(&http, &read).await, "Unavailable");
    let before = server.requests().len();
    assert_eq!(kind(&http, &change_within(SOON)).await, "OutcomeUnknown");
    assert_eq!(server.requests().len() - before, 1);
    assert!(begin.elapsed() < SOON * 2 + Duration::from_secs(3));
}

#[rstest]
#[case("application/json")]
#[case("application/json;charset=UTF-8")]
#[case("APPLICATION/JSON")]
#[case("application/problem+json")]
#[case("text/plain")]
#[case("application/octet-stream")]
#[tokio::test]
async fn of_no_media_type_that_json_may_come_under(#[case] media_type: &str) {
    let headers = format!("content-type: {media_type}\r\n");
    let server = Raw::always(Play::answer("200 OK", &headers, " {} \r\n")).await;
    assert_eq!(kind(&http(&server.url()), &change()).await, "Good");
    let server = Raw::always(Play::answer("200 OK", "", "{}")).await;
    assert_eq!(kind(&http(&server.url()), &change()).await, "Good");
}

/// A body of exactly the limit is read.
#[tokio::test]
async fn of_the_limit() {
    let body = format!("{}{{}}", " ".repeat(ONE - 2));
    let server = Raw::always(Play::json("200 OK", &body)).await;
    assert_eq!(kind(&http(&server.url()), &change()).await, "Good");
    let server = Raw::always(Play::json("200 OK", &format!(" {body}"))).await;
    assert_eq!(kind(&http(&server.url()), &change()).await, "OutcomeUnknown");
    let list = Call {
        limit: LIST,
        ..read()
    };
    assert_eq!(kind(&http(&server.url()), &list).await, "Good");
}

/// Of a refusal the status says all; what is wrong with its body does not matter.
#[rstest]
#[case(Play::SayAndClose(b"HTTP/1.1 409 Conflict\r\ncontent-length: 99\r\n\r\n{".to_vec()))]
#[case(Play::Endless(b"HTTP/1.1 409 Conflict\r\n\r\n".to_vec()))]
#[tokio::test]
async fn of_a_refusal_with_a_bad_body(#[case] play: Play) {
    let server = Raw::always(play).await;
    assert_eq!(kind(&http(&server.url()), &change()).await, "Conflict");
}

#[tokio::test]
async fn of_no_connection() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let http = http(&format!("http://{address}"));
    for call in [read(), change()] {
        let fault = fault(&http, &call).await.unwrap();
        let Fault::Unavailable(text) = fault else {
            panic!("{fault:?}")
        };
        assert!(text.ends_with("connection refused"), "{text}");
    }
}

/// The connection that never comes to be: nothing can have been sent, so nothing has to be found out later.
#[tokio::test]
async fn of_a_handshake_that_does_not_end() {
    let server = Raw::always(Play::Hang).await;
    let http = http(&server.url().replace("http:", "https:"));
    let fault = fault(&http, &change_within(SOON)).await.unwrap();
    assert!(matches!(fault, Fault::Unavailable(_)), "{fault:?}");
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn of_a_name_that_leads_nowhere() {
    for call in [read(), change()] {
        let http = http("http://there-is-no-such-host.invalid");
        assert_eq!(kind(&http, &call).await, "Unavailable");
    }
}

/// Names are judged by what they resolve to.
#[tokio::test]
async fn of_a_name_that_leads_to_a_refused_address() {
    let server = Raw::always(Play::json("200 OK", "{}")).await;
    let url = format!("http://localhost:{}", server.address.port());
    let (none, trust) = (EgressRules::default(), Trust::default());
    let target = Target {
        url: &url,
        prefix: "",
        namespaced: false,
        egress: &none,
        trust: &trust,
    };
    let http = Http::new(&target, None).unwrap();
    for call in [read(), change()] {
        let fault = fault(&http, &call).await.unwrap();
        let Fault::Unavailable(text) = fault else {
            panic!("{fault:?}")
        };
        assert!(text.contains("--allow-loopback"), "{text}");
    }
    assert_eq!(server.connections(), 0);
    let allowed = loopback();
    let target = Target {
        egress: &allowed,
        ..target
    };
    assert_eq!(kind(&Http::new(&target, None).unwrap(), &change()).await, "Good");
}

/// Who is not known and who may not do it are two things for whoever has to mend it.
#[rstest]
#[case("401 Unauthorized", Denial::Credential)]
#[case("403 Forbidden", Denial::Right)]
#[tokio::test]
async fn of_a_refused_credential_and_of_a_missing_right(#[case] status: &str, #[case] meant: Denial) {
    let server = Raw::always(Play::json(status, r#"{"error":"insufficient_scope"}"#)).await;
    let http = http(&server.url());
    for call in [read(), change()] {
        let Some(Fault::Denied(denial, text)) = fault(&http, &call).await else {
            panic!("{status} is a refusal")
        };
        assert_eq!(denial, meant);
        assert!(
            text.starts_with(status) && text.ends_with("insufficient_scope"),
            "{text}"
        );
    }
}
