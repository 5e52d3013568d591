//! Queries, headers and media types: what is sent, and what is read.

use reqwest::header::{CONTENT_TYPE, COOKIE, HeaderName, HeaderValue};
use rstest::rstest;

use super::raw::{Play, Raw};
use super::*;

fn good() -> Play {
    Play::json("200 OK", "{}")
}

fn sensitive(text: &'static str) -> HeaderValue {
    let mut value = HeaderValue::from_static(text);
    value.set_sensitive(true);
    value
}

#[rstest]
#[case(&[], "")]
#[case(&[("a", "b")], "?a=b")]
#[case(&[("first", "0"), ("max", "100")], "?first=0&max=100")]
#[case(&[("q", "a b&c=d+e/f?g#h%20"), ("ü", "")], "?q=a%20b%26c%3Dd%2Be%2Ff%3Fg%23h%2520&%C3%BC=")]
#[case(&[("a", "'\r\n\"")], "?a=%27%0D%0A%22")]
#[tokio::test]
async fn a_query_is_encoded(#[case] query: &[(&str, &str)], #[case] encoded: &str) {
    let server = Raw::always(good()).await;
    let http = http(&server.url());
    for path in [&["clients", "a/b"][..], &[]] {
        let call = Call {
            query,
            ..Call::read("the list", path, WITHIN)
        };
        http.send(&call).await.unwrap();
    }
    let requests = server.requests();
    let lines: Vec<&str> = requests.iter().map(|text| text.lines().next().unwrap()).collect();
    let expected = [
        format!("GET /base/clients/a%2Fb{encoded} HTTP/1.1"),
        format!("GET /base{encoded} HTTP/1.1"),
    ];
    assert_eq!(lines, expected);
}

/// An address that the server gave has its query already.
#[tokio::test]
async fn a_query_is_not_mixed_with_that_of_an_address() {
    let server = Raw::always(good()).await;
    let http = http(&server.url());
    let at = http.address("/list?page=2", http.base()).unwrap();
    let call = Call {
        at: Some(&at),
        query: &[("page", "3")],
        ..read()
    };
    assert_eq!(kind(&http, &call).await, "Invalid");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn headers_of_a_call_and_another_media_type() {
    let server = Raw::always(good()).await;
    let basic = Authorization::basic("user", &Confidential::new("password"));
    let http = http_with(&server.url(), "", &Trust::default(), Some(basic)).unwrap();
    let media = "application/vnd.composer.v3+json";
    let http = http.speaking(HeaderValue::from_static(media));
    let headers = [
        (HeaderName::from_static("x-csrf-token"), sensitive("canary-csrf")),
        (COOKIE, sensitive("SESSION=canary-session")),
    ];
    let call = Call {
        headers: &headers,
        ..change()
    };
    http.send(&call).await.unwrap();
    let patch = [(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json-patch+json"),
    )];
    let call = Call {
        headers: &patch,
        ..change()
    };
    http.send(&call).await.unwrap();
    http.send(&read()).await.unwrap();
    http.beside(&server.url(), "", None)
        .unwrap()
        .send(&change())
        .await
        .unwrap();
    let requests = server.requests();
    let of = |index: usize, name: &str| -> Vec<&str> {
        let head = requests[index].split("\r\n\r\n").next().unwrap();
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(known, _)| *known == name)
            .map(|(_, value)| value)
            .collect()
    };
    for index in 0..3 {
        assert_eq!(of(index, "accept"), [media]);
        assert_eq!(of(index, "authorization"), ["Basic dXNlcjpwYXNzd29yZA=="]);
    }
    assert_eq!(of(0, "content-type"), [media]);
    assert_eq!(of(0, "x-csrf-token"), ["canary-csrf"]);
    assert_eq!(of(0, "cookie"), ["SESSION=canary-session"]);
    assert_eq!(of(1, "content-type"), ["application/json-patch+json"]);
    assert!(of(1, "cookie").is_empty());
    assert!(of(2, "content-type").is_empty());
    assert_eq!(of(3, "content-type"), ["application/json"]);
    assert_eq!(of(3, "accept"), ["application/json"]);
    assert!(of(3, "authorization").is_empty());
}

/// What was sent as a secret is not shown when it comes back, wherever it was.
#[tokio::test]
async fn no_secret_of_a_header_comes_back() {
    let body = r#"{"message":"bad: canary-csrf, canary-token-1, canary-token-2"}"#;
    let server = Raw::always(Play::json("400 Bad", body)).await;
    let bearer = |token: &str| Authorization::bearer(&Confidential::new(token)).unwrap();
    let http = http_with(
        &server.url(),
        "",
        &Trust::default(),
        Some(bearer("canary-token-2")),
    )
    .unwrap();
    let headers = [(HeaderName::from_static("x-csrf-token"), sensitive("canary-csrf"))];
    let call = Call {
        headers: &headers,
        ..change()
    };
    let token = bearer("canary-token-1");
    for (authorization, text) in [
        (None, "bad: …, canary-token-1, …"),
        (Some(&token), "bad: …, …, canary-token-2"),
    ] {
        let reply = http.send_as(&call, authorization, WITHIN).await.unwrap();
        assert_eq!(
            http.refused(&call, &reply),
            Fault::Invalid(format!("400 Bad Request for the change: {text}"))
        );
        assert_eq!(http.sentence(&call, &reply).as_deref(), Some(text));
    }
}

#[tokio::test]
async fn what_an_answer_says_in_its_headers() {
    let headers = "location: /base/thing/4711\r\nlink: </first>; rel=\"first\"\r\nlink: <?page=2>; rel=\"next\", \
                   </last>; rel=\"last\"\r\nX-RateLimit-Reset: 1795000000\r\nset-cookie: SESSION=canary-1; Path=/; \
                   HttpOnly\r\nset-cookie: a = b=c\r\nset-cookie: gone=\r\nset-cookie: nonsense\r\nset-cookie: =x\r\n\
                   x-odd: \u{fc}\r\n";
    let server = Raw::always(Play::answer("201 Created", headers, "")).await;
    let http = http(&server.url());
    let reply = http.send(&read()).await.unwrap();
    assert_eq!(reply.location(), Some("/base/thing/4711"));
    assert_eq!(reply.next_link(), Some("?page=2"));
    let next = http.address(reply.next_link().unwrap(), reply.at()).unwrap();
    assert_eq!(next.as_str(), format!("{}/base/thing?page=2", server.url()));
    assert_eq!(reply.header("x-ratelimit-reset"), Some("1795000000"));
    assert_eq!(reply.header("x-odd"), None);
    assert_eq!(reply.header("x-none"), None);
    let cookies = reply.set_cookies();
    let cookies: Vec<(&str, &str)> = cookies
        .iter()
        .map(|(name, value)| (name.as_str(), value.expose()))
        .collect();
    assert_eq!(cookies, [("SESSION", "canary-1"), ("a", "b=c"), ("gone", "")]);
    let debug = format!("{reply:?} {:?}", reply.set_cookies());
    assert!(!debug.contains("canary"), "{debug}");

    let plain = Raw::always(good()).await;
    let reply = super::http(&plain.url()).send(&read()).await.unwrap();
    assert_eq!((reply.location(), reply.next_link()), (None, None));
    assert!(reply.set_cookies().is_empty());
}
