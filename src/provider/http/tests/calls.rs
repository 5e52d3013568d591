//! What is sent, where, and how often.

use rstest::rstest;

use super::raw::{Play, Raw};
use super::*;

fn good() -> Play {
    Play::json("200 OK", "{}")
}

#[rstest]
#[case("plain", "plain")]
#[case("Some App", "Some%20App")]
#[case("a/b", "a%2Fb")]
#[case("../../admin", "..%2F..%2Fadmin")]
#[case("...", "...")]
#[case("%2e%2e", "%252e%252e")]
#[case("a%2Fb", "a%252Fb")]
#[case("a?b=c#d", "a%3Fb%3Dc%23d")]
#[case("a;b:c@d&e+f", "a%3Bb%3Ac%40d%26e%2Bf")]
#[case("über\u{202e}", "%C3%BCber%E2%80%AE")]
#[case("a\r\nHost: b\0", "a%0D%0AHost%3A%20b%00")]
#[case("\\..\\", "%5C..%5C")]
#[tokio::test]
async fn a_name_is_one_segment(#[case] name: &str, #[case] encoded: &str) {
    let server = Raw::always(good()).await;
    let path = ["clients", name];
    let http = http(&server.url());
    http.send(&Call::read("the client", &path, WITHIN)).await.unwrap();
    let request = server.requests().remove(0);
    let line = request.lines().next().unwrap();
    assert_eq!(line, format!("GET /base/clients/{encoded} HTTP/1.1"));
}

#[rstest]
#[case("")]
#[case(".")]
#[case("..")]
#[tokio::test]
async fn a_name_that_would_be_lost_is_not_sent(#[case] name: &str) {
    let server = Raw::always(good()).await;
    let path = ["clients", name];
    let call = Call::change(Method::DELETE, "the deletion", &path, Body::Empty, WITHIN);
    assert_eq!(kind(&http(&server.url()), &call).await, "Invalid");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn only_what_belongs_into_a_request_is_in_it() {
    let server = Raw::always(good()).await;
    let authorization = Authorization::basic("user", &Confidential::new("pässword"));
    let trust = Trust::default();
    let http = http_with(
        &format!("{}/a%20b/", server.url()),
        "/base",
        &trust,
        Some(authorization),
    )
    .unwrap();
    http.send(&change()).await.unwrap();
    let empty = Call::change(Method::PATCH, "the rotation", &["x"], Body::Empty, WITHIN);
    http.send(&empty).await.unwrap();
    let requests: Vec<String> = server
        .requests()
        .iter()
        .map(|request| {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            let mut lines: Vec<&str> = head.lines().collect();
            lines[1..].sort_unstable();
            lines.push(body);
            let version = env!("CARGO_PKG_VERSION");
            let host = server.address.to_string();
            lines
                .join("\n")
                .replace(version, "VERSION")
                .replace(&host, "HOST")
        })
        .collect();
    let common =
        "accept-encoding: identity\naccept: application/json\nauthorization: Basic dXNlcjpww6Rzc3dvcmQ=";
    let agent = "host: HOST\nuser-agent: oauth-client-operator/VERSION";
    assert_eq!(
        requests,
        [
            format!(
                "POST /a%20b/base/thing HTTP/1.1\n{common}\ncontent-length: 7\ncontent-type: application/json\n{agent}\n{{\"a\":1}}"
            ),
            format!("PATCH /a%20b/base/x HTTP/1.1\n{common}\n{agent}\n"),
        ]
    );
}

/// Nothing follows a redirect: neither a credential nor a body nor a second call.
#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let other = Raw::always(good()).await;
    for status in [301, 302, 303, 307, 308] {
        for target in [other.url(), "/base/other".to_owned(), "//evil.example".to_owned()] {
            let server = Raw::always(Play::answer(
                &format!("{status} Redirect"),
                &format!("location: {target}\r\n"),
                "",
            ))
            .await;
            let http = http(&server.url());
            assert_eq!(kind(&http, &read()).await, "Unavailable");
            assert_eq!(kind(&http, &change()).await, "OutcomeUnknown");
            assert_eq!(server.requests().len(), 2);
        }
    }
    assert_eq!(other.connections(), 0);
}

/// Each change has a connection of its own, so none is lost on a stale one and none is sent again.
#[rstest]
#[case(Play::Close)]
#[case(Play::Reset)]
#[case(Play::SayAndClose(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n{}".to_vec()))]
#[case(Play::json("503 Busy", ""))]
#[case(Play::json("421 Misdirected Request", ""))]
#[case(good())]
#[tokio::test]
async fn a_change_is_sent_once(#[case] play: Play) {
    let server = Raw::always(play).await;
    let http = http(&server.url());
    for count in 1..=5 {
        let _ = http.send(&change()).await;
        assert_eq!(server.requests().len(), count);
        assert_eq!(server.connections(), count);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.requests().len(), 5);
}

/// A server that keeps connections open and closes them just when the next call comes.
#[tokio::test]
async fn a_change_does_not_ride_on_the_connection_of_a_read() {
    let server = Raw::start(|number| if number == 0 { good() } else { Play::Reset }, None).await;
    let http = http(&server.url());
    assert_eq!(kind(&http, &read()).await, "Good");
    assert_eq!(kind(&http, &change()).await, "OutcomeUnknown");
    assert_eq!(server.requests().len(), 2);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn reads_share_connections() {
    let server = Raw::always(good()).await;
    let http = http(&server.url());
    for _ in 0..5 {
        assert_eq!(kind(&http, &read()).await, "Good");
    }
    assert_eq!(server.connections(), 1);
}

/// The environment's proxy is not asked. A second process shows it, as the environment of this one is not ours.
#[tokio::test]
async fn no_proxy_from_the_environment() {
    const SERVER: &str = "TEST_SERVER";
    if let Ok(url) = std::env::var(SERVER) {
        assert_eq!(kind(&http(&url), &change()).await, "Good");
        return;
    }
    let (server, proxy) = (Raw::always(good()).await, Raw::always(good()).await);
    let child = tokio::task::spawn_blocking({
        let (server, proxy) = (server.url(), proxy.url());
        move || {
            std::process::Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "provider::http::tests::calls::no_proxy_from_the_environment",
                ])
                .env(SERVER, server)
                .envs(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].map(|name| (name, &proxy)))
                .output()
                .unwrap()
        }
    });
    let output = child.await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!((server.connections(), proxy.connections()), (1, 0));
}

#[rstest]
#[case("ftp://host")]
#[case("host:80")]
#[case("")]
#[case("/path")]
#[case("https://")]
#[case("https://user@host")]
#[case("https://user:password-canary@host")]
#[case("https://host?query")]
#[case("https://host#fragment")]
#[case("https://host:99999")]
fn an_address_that_makes_no_sense_is_refused(#[case] url: &str) {
    let unfit = http_with(url, "", &Trust::default(), None).unwrap_err();
    assert!(matches!(&unfit, Unfit::Configuration(_)), "{unfit:?}");
    assert!(!unfit.to_string().contains("canary"));
}

#[rstest]
#[case("api")]
#[case("/a/../b")]
#[case("/a/%2e%2E/b")]
#[case("/a?b")]
#[case("/a#b")]
#[case("/a b")]
#[case("/a\\b")]
fn a_prefix_that_leads_elsewhere_is_refused(#[case] prefix: &str) {
    let unfit = http_with("https://host", prefix, &Trust::default(), None).unwrap_err();
    assert!(matches!(unfit, Unfit::Configuration(_)), "{unfit:?}");
}

#[rstest]
#[case("http://127.0.0.1", "--allow-loopback")]
#[case("http://0x7f.1", "--allow-loopback")]
#[case("http://[::1]:8080", "--allow-loopback")]
#[case("https://[::ffff:169.254.169.254]", "--allowed-cidrs")]
#[case("https://2852039166", "--allowed-cidrs")]
fn a_literal_that_is_refused_is_refused_at_once(#[case] url: &str, #[case] flag: &str) {
    let (egress, trust) = (EgressRules::default(), Trust::default());
    let target = Target {
        url,
        prefix: "",
        namespaced: false,
        egress: &egress,
        trust: &trust,
    };
    let unfit = Http::new(&target, None).unwrap_err();
    assert!(matches!(unfit, Unfit::Address(_)), "{unfit:?}");
    assert!(unfit.to_string().contains(flag), "{unfit}");
}

#[test]
fn a_tenant_may_not_have_plain_http_or_private_addresses() {
    let (egress, trust) = (EgressRules::default(), Trust::default());
    let connect = |url, namespaced| {
        let target = Target {
            url,
            prefix: "",
            namespaced,
            egress: &egress,
            trust: &trust,
        };
        Http::new(&target, None)
    };
    assert!(matches!(
        connect("http://example.com", true).unwrap_err(),
        Unfit::Configuration(_)
    ));
    assert!(connect("http://example.com", false).is_ok());
    assert!(matches!(
        connect("https://10.0.0.1", true).unwrap_err(),
        Unfit::Address(_)
    ));
    assert!(connect("https://10.0.0.1", false).is_ok());
}

#[tokio::test]
async fn what_a_server_says_is_told_without_secrets_and_to_nobody_of_another_namespace() {
    let password = Confidential::new("canary-password");
    let sent = Confidential::new("canary sent/secret");
    let body = r#"{"message":"no: canary-password, Basic dXNlcjpjYW5hcnktcGFzc3dvcmQ=, canary sent/secret, canary+sent%2Fsecret\nbye"}"#;
    let server = Raw::always(Play::json("400 Bad", body)).await;
    let authorization = Authorization::basic("user", &password);
    let http = http_with(&server.url(), "", &Trust::default(), Some(authorization)).unwrap();
    let secrets = [&sent];
    let call = Call {
        secrets: &secrets,
        ..change()
    };
    let fault = fault(&http, &call).await.unwrap();
    assert_eq!(
        fault,
        Fault::Invalid("400 Bad Request for the change: no: …, Basic …, …, … bye".into())
    );
    let debug = format!("{http:?} {:?}", http.send(&call).await);
    assert!(!debug.contains("canary") && !debug.contains("dXNlcjp"), "{debug}");

    let silent = Http { echo: false, ..http };
    assert_eq!(
        super::fault(&silent, &call).await,
        Some(Fault::Invalid("400 Bad Request for the change".into()))
    );
}

#[tokio::test]
async fn texts_stay_short() {
    let body = format!(r#"{{"message":"{}"}}"#, "word ".repeat(5000));
    let server = Raw::always(Play::json("400 Bad", &body)).await;
    let Some(Fault::Invalid(text)) = fault(&http(&server.url()), &change()).await else {
        panic!()
    };
    assert_eq!(text.chars().count(), TEXT_MAX);
}

/// The same connections never lead to another origin, and never with a credential that was not given.
#[tokio::test]
async fn a_second_base_is_of_the_same_origin() {
    let server = Raw::always(good()).await;
    let authorization = Authorization::basic("user", &Confidential::new("password"));
    let http = http_with(&server.url(), "", &Trust::default(), Some(authorization)).unwrap();
    let beside = http.beside(&server.url(), "/other", None).unwrap();
    assert_eq!(kind(&beside, &change()).await, "Good");
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /other/thing "), "{request}");
    assert!(!request.contains("authorization"), "{request}");

    let port = server.address.port();
    for elsewhere in [
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        "http://127.0.0.1:1".to_owned(),
        "nonsense".to_owned(),
    ] {
        assert!(http.beside(&elsewhere, "", None).is_err(), "{elsewhere}");
        assert!(!http.is_origin_of(&elsewhere), "{elsewhere}");
    }
}

/// An address that the server gave, exactly as it is, with what the call is authorised with.
#[tokio::test]
async fn an_address_of_the_server_itself() {
    let server = Raw::always(good()).await;
    let http = http(&server.url());
    let at = http.address("/reg?id=a%20b&x#there", http.base()).unwrap();
    let token = Authorization::bearer(&Confidential::new("token")).unwrap();
    let call = Call {
        at: Some(&at),
        authorization: Some(&token),
        ..read()
    };
    http.send(&call).await.unwrap();
    let request = server.requests().remove(0);
    assert!(request.starts_with("GET /reg?id=a%20b&x HTTP/1.1"), "{request}");
    assert!(request.contains("authorization: Bearer token\r\n"), "{request}");
}

#[rstest]
#[case("https://evil.example.com/")]
#[case("//evil.example.com/")]
#[case("http://127.0.0.1:1/")]
#[case("data:text/plain,x")]
#[case("http://user:password@HOST/")]
#[case("http://user@HOST/")]
#[tokio::test]
async fn nothing_is_sent_elsewhere(#[case] address: &str) {
    let server = Raw::always(good()).await;
    let http = http(&server.url());
    let address = address.replace("HOST", &server.address.to_string());
    assert_eq!(http.address(&address, http.base()), None);
    let at = Url::parse(&address)
        .or_else(|_| http.base().join(&address))
        .unwrap();
    let call = Call {
        at: Some(&at),
        ..change()
    };
    assert_eq!(kind(&http, &call).await, "Invalid");
    assert_eq!(server.connections(), 0);
}

#[test]
fn what_can_be_a_bearer_token() {
    let bearer = |token: &str| Authorization::bearer(&Confidential::new(token));
    assert_eq!(
        bearer("a.b-c_d~e+f/g==").unwrap().header(),
        "Bearer a.b-c_d~e+f/g=="
    );
    assert_eq!(format!("{:?}", bearer("canary")), "Some([redacted])");
    for token in ["", " ", "a b", "a\r\nb", "ä", "a\u{7f}"] {
        assert!(bearer(token).is_none(), "{token:?}");
    }
}
