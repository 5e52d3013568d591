//! Answers that are not what they should be.

mod support;

use std::io::Read as _;
use std::time::{Duration, Instant};

use authserver_emulator::journal::Outcome;
use authserver_emulator::misbehave::{Behaviour, BodyKind, Decoy, Rule};
use flate2::read::MultiGzDecoder;
use serde_json::{Value, json};
use support::{Api, GRANT, Read, changes, rotated_with};

const MEGABYTE: usize = 1024 * 1024;

#[tokio::test]
async fn status_answers_in_place_of_the_work() {
    for (status, body) in [
        (429, BodyKind::Json),
        (500, BodyKind::Html),
        (502, BodyKind::Empty),
        (503, BodyKind::Text),
    ] {
        let behaviour = Behaviour::Status {
            status,
            retry_after: Some("7".to_owned()),
            body,
        };
        let (api, answer) = rotated_with(behaviour).await;
        let answer = answer.unwrap();
        assert_eq!(answer.headers()["retry-after"], "7");
        let answer = Read::of(answer).await;
        assert_eq!((answer.status, changes(&api)), (status, 0));
        assert!(!api.emulator.requests()[0].worked);
        match body {
            BodyKind::Json => assert_eq!(answer.json()["status"], status),
            BodyKind::Html => assert!(answer.text.starts_with("<!DOCTYPE html>")),
            BodyKind::Empty => assert_eq!((answer.text.as_str(), answer.content_type), ("", None)),
            BodyKind::Text => assert_eq!(answer.content_type.as_deref(), Some("text/plain")),
        }
        assert_eq!(api.rotate("x").await.status, 200, "once only");
    }
}

#[tokio::test]
async fn status_can_come_after_the_work() {
    let api = Api::start().await;
    let behaviour = Behaviour::Status {
        status: 504,
        retry_after: None,
        body: BodyKind::Html,
    };
    api.emulator
        .misbehave(Rule::on("register", behaviour).work(true))
        .unwrap();
    assert_eq!(api.register("x", "a").await.status, 504);
    assert_eq!(api.emulator.clients_named("x").len(), 1);
}

#[tokio::test]
async fn retry_after_is_a_number_a_date_or_garbage() {
    for text in ["120", "-1", "soon", "99999999999999999999", ""] {
        let behaviour = Behaviour::Status {
            status: 429,
            retry_after: Some(text.to_owned()),
            body: BodyKind::Json,
        };
        let (_api, answer) = rotated_with(behaviour).await;
        assert_eq!(answer.unwrap().headers()["retry-after"], text);
    }
    let behaviour = Behaviour::Status {
        status: 429,
        retry_after: Some("date:+3600".to_owned()),
        body: BodyKind::Json,
    };
    let (_api, answer) = rotated_with(behaviour).await;
    let answer = answer.unwrap();
    let date = |name: &str| {
        let text = answer.headers()[name].to_str().unwrap();
        jiff::fmt::rfc2822::parse(text).unwrap().timestamp().as_second()
    };
    let ahead = date("retry-after") - date("date");
    assert!((3598..=3602).contains(&ahead), "{ahead}");
    assert!(
        answer.headers()["retry-after"]
            .to_str()
            .unwrap()
            .ends_with(" GMT")
    );
}

#[tokio::test]
async fn rate_limit_lets_some_pass() {
    let api = Api::start().await;
    let behaviour = Behaviour::RateLimit {
        requests: 2,
        window_ms: 600_000,
        retry_after: Some("1".to_owned()),
    };
    api.emulator.misbehave(Rule::on("any", behaviour)).unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(api.list().await.status);
    }
    assert_eq!(statuses, [200, 200, 429, 429]);
    api.emulator.behave();
    let behaviour = Behaviour::RateLimit {
        requests: 1,
        window_ms: 50,
        retry_after: None,
    };
    api.emulator.misbehave(Rule::on("any", behaviour)).unwrap();
    assert_eq!(api.list().await.status, 200);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(api.list().await.status, 200, "the window is over");
}

#[tokio::test]
async fn truncate_breaks_off() {
    for keep in [None, Some(0), Some(1), Some(10)] {
        let (api, answer) = rotated_with(Behaviour::Truncate { keep }).await;
        let mut answer = answer.unwrap();
        let announced = usize::try_from(answer.content_length().unwrap()).unwrap();
        let mut got = Vec::new();
        let error = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => got.extend(chunk),
                Ok(None) => panic!("it ended well"),
                Err(error) => break error,
            }
        };
        assert!(error.is_body() || error.is_decode(), "{error:?}");
        assert_eq!(got.len(), keep.unwrap_or(announced / 2));
        assert_eq!(
            (api.emulator.requests()[0].outcome, changes(&api)),
            (Outcome::Broken, 1)
        );
    }
}

#[tokio::test]
async fn huge_is_as_large_as_it_was_told() {
    for announced in [false, true] {
        let (_api, answer) = rotated_with(Behaviour::Huge {
            megabytes: 3,
            announced,
        })
        .await;
        let answer = answer.unwrap();
        let size = 3 * MEGABYTE + r#"{"padding":""}"#.len();
        assert_eq!(answer.content_length(), announced.then_some(size as u64));
        let body = answer.bytes().await.unwrap();
        assert_eq!(body.len(), size);
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["padding"].as_str().map(str::len), Some(3 * MEGABYTE));
    }
}

#[tokio::test]
async fn html_comes_in_place_of_the_work() {
    let (api, answer) = rotated_with(Behaviour::Html { status: 200 }).await;
    let answer = Read::of(answer.unwrap()).await;
    assert_eq!(
        (answer.status, answer.content_type.as_deref()),
        (200, Some("text/html"))
    );
    assert!(answer.text.contains("<html>"));
    assert_eq!(changes(&api), 0);
}

#[tokio::test]
async fn redirect_points_elsewhere_and_the_journal_there_tells_on_the_caller() {
    let target = Api::start().await;
    for status in [301, 302, 303, 307, 308] {
        let location = target.emulator.url() + "/elsewhere";
        let (api, answer) = rotated_with(Behaviour::Redirect {
            status,
            location: location.clone(),
        })
        .await;
        let answer = answer.unwrap();
        assert_eq!((answer.status().as_u16(), changes(&api)), (status, 0));
        assert_eq!(answer.headers()["location"].to_str().unwrap(), location);
    }
    let leak = target
        .http
        .put(target.emulator.url() + "/elsewhere")
        .basic_auth("u", Some("p"))
        .body("12345");
    assert_eq!(leak.send().await.unwrap().status().as_u16(), 404);
    let entry = target.emulator.requests().remove(0);
    assert_eq!(
        (entry.operation, entry.authorization, entry.request_bytes),
        ("other", "basic", 5)
    );
}

#[tokio::test]
async fn drip_comes_byte_by_byte() {
    let started = Instant::now();
    let (api, answer) = rotated_with(Behaviour::Drip { interval_ms: 2 }).await;
    let mut answer = answer.unwrap();
    let size = answer.content_length().unwrap();
    let mut chunks = 0;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        chunks += 1;
        body.extend(chunk);
    }
    assert!(chunks > 10, "{chunks} chunks");
    assert!(started.elapsed() >= Duration::from_millis(2 * size));
    let value: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        value["client_id"],
        api.emulator.clients()[0].client_id,
        "and is right in the end"
    );
}

#[tokio::test]
async fn wrong_content_type_is_only_that() {
    let behaviour = Behaviour::WrongContentType {
        content_type: "image/png".to_owned(),
    };
    let (api, answer) = rotated_with(behaviour).await;
    let answer = Read::of(answer.unwrap()).await;
    assert_eq!(answer.content_type.as_deref(), Some("image/png"));
    assert_eq!(answer.field("client_id"), api.emulator.clients()[0].client_id);
}

#[tokio::test]
async fn not_json_claims_to_be() {
    let (api, answer) = rotated_with(Behaviour::NotJson {
        body: "{\"client_id\":".to_owned(),
    })
    .await;
    let answer = Read::of(answer.unwrap()).await;
    assert_eq!(
        (answer.status, answer.content_type.as_deref()),
        (200, Some("application/json"))
    );
    assert_eq!((answer.text.as_str(), changes(&api)), ("{\"client_id\":", 1));
}

#[tokio::test]
async fn deep_json_is_deep() {
    let (_api, answer) = rotated_with(Behaviour::DeepJson {
        depth: 50_000,
        as_field: false,
    })
    .await;
    let text = Read::of(answer.unwrap()).await.text;
    assert_eq!(
        (text.len(), text.trim_matches('[').trim_matches(']')),
        (100_000, "")
    );
    let (api, answer) = rotated_with(Behaviour::DeepJson {
        depth: 3,
        as_field: true,
    })
    .await;
    let answer = Read::of(answer.unwrap()).await;
    assert_eq!(answer.json()["deep"], json!([[[]]]));
    assert_eq!(answer.field("client_id"), api.emulator.clients()[0].client_id);
}

#[tokio::test]
async fn duplicate_keys_hold_the_decoy_where_it_was_told() {
    for decoy in [Decoy::First, Decoy::Last] {
        let (api, answer) = rotated_with(Behaviour::DuplicateKeys { decoy }).await;
        let answer = Read::of(answer.unwrap()).await;
        assert_eq!(answer.text.matches("\"client_secret\":").count(), 2);
        // The reader of this test takes the last.
        let right = api.emulator.clients()[0].client_secret.clone();
        let expected = if decoy == Decoy::First {
            right.as_str()
        } else {
            "decoy"
        };
        assert_eq!(answer.field("client_secret"), expected);
    }
    let api = Api::start().await;
    api.emulator.add_client("x", "a");
    let behaviour = Behaviour::DuplicateKeys { decoy: Decoy::Last };
    api.emulator.misbehave(Rule::on("list", behaviour)).unwrap();
    assert_eq!(
        api.list().await.text.matches("\"client_name\":").count(),
        2,
        "within a list too"
    );
}

#[tokio::test]
async fn gzip_bomb_is_small_until_it_is_unpacked() {
    let (api, answer) = rotated_with(Behaviour::GzipBomb { megabytes: 20 }).await;
    let answer = answer.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let packed = answer.bytes().await.unwrap();
    assert!(packed.len() < MEGABYTE / 10, "{} bytes", packed.len());
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(packed.as_ref())
        .read_to_end(&mut unpacked)
        .unwrap();
    assert!(unpacked.len() > 20 * MEGABYTE);
    let value: Value = serde_json::from_slice(&unpacked).unwrap();
    assert_eq!(value["client_id"], api.emulator.clients()[0].client_id);
}

#[tokio::test]
async fn not_found_everything_hides_all() {
    let api = Api::start().await;
    let client = api.emulator.add_client("x", "a");
    api.emulator
        .misbehave(Rule::on("any", Behaviour::NotFoundEverything))
        .unwrap();
    for answer in [
        api.list().await,
        api.get("x").await,
        api.rotate("x").await,
        api.call("GET", "/scope").await,
        api.token(&client.client_id, &client.client_secret, &[GRANT])
            .await,
    ] {
        assert_eq!(answer.status, 404);
    }
    assert_eq!(changes(&api), 0);
    assert_eq!(
        api.control("GET", "/counters", None).await.status,
        200,
        "but the control API is there"
    );
}

#[tokio::test]
async fn deny_refuses_the_right_credential() {
    for status in [401, 403] {
        let (api, answer) = rotated_with(Behaviour::Deny { status }).await;
        assert_eq!((answer.unwrap().status().as_u16(), changes(&api)), (status, 0));
    }
}
