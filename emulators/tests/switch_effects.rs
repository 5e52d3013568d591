//! No switch and no value of a switch is without effect: a long conversation goes otherwise for each of them.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod support;

use std::collections::BTreeMap;

use authserver_emulator::digitalroute::{Auth, Config, Switches};
use authserver_emulator::switch::SwitchInfo;
use serde_json::{Value, json};
use support::{Api, GRANT, PASSWORD, Read, USER};

/// Numbers and texts that show something; the samples of the other switches are all their values.
fn samples(info: &SwitchInfo) -> Vec<String> {
    let chosen: &[&str] = match info.name {
        "name_limit" => &["0", "2", "5"],
        "list_limit" => &["0", "1", "2"],
        "read_lag_ms" => &["0", "600000"],
        "old_pair_seconds" => &["0", "600"],
        "token_expiry_seconds" => &["1800", "60"],
        "scope_refused" => &["", "d", "d e"],
        _ => return info.samples.clone(),
    };
    chosen.iter().map(ToString::to_string).collect()
}

/// What was said, with random values replaced by their place of first mention.
#[derive(Default)]
struct Transcript {
    lines: Vec<String>,
    seen: BTreeMap<String, usize>,
}

impl Transcript {
    fn note(&mut self, label: &str, read: &Read) {
        let body = match serde_json::from_str(&read.text) {
            Ok(value) => {
                let blanks = read.text.len() - read.text.trim().len();
                format!("{} +{blanks}", self.plain(value))
            }
            Err(_) => read.text.clone(),
        };
        self.lines.push(format!(
            "{label}: {} {:?} {} {body}",
            read.status, read.content_type, read.challenged
        ));
    }

    fn plain(&mut self, value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.plain(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.into_iter().filter(|(key, _)| key != "timestamp");
                fields
                    .map(|(key, value)| (key.clone(), self.field(&key, value)))
                    .collect()
            }
            other => other,
        }
    }

    fn field(&mut self, key: &str, value: Value) -> Value {
        match (key, value) {
            ("client_id" | "client_secret" | "access_token", Value::String(text))
                if !text.contains("****") =>
            {
                let odd = text.chars().any(|char| "\"\\%&".contains(char));
                let kind = if odd {
                    "symbols"
                } else if text.ends_with("==") {
                    "base64"
                } else {
                    "safe"
                };
                let next = self.seen.len();
                json!(format!("{kind} #{}", self.seen.entry(text).or_insert(next)))
            }
            (_, value) => self.plain(value),
        }
    }
}

async fn conversation(name: &str, value: &str) -> Vec<String> {
    let mut switches = Switches::default();
    switches.set(name, value).unwrap();
    let scopes = ["a", "b", "c"].map(str::to_owned).to_vec();
    let auth = Auth::Basic {
        username: USER.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let api = Api::with(Config {
        scopes,
        switches,
        auth,
        ..Config::default()
    })
    .await;
    let mut said = Transcript::default();
    scope_calls(&api, &mut said).await;
    client_calls(&api, &mut said).await;
    odd_requests(&api, &mut said).await;
    same_names(&api, &mut said).await;
    token_calls(&api, &mut said).await;
    said.lines
}

async fn scope_calls(api: &Api, said: &mut Transcript) {
    said.note("empty list", &api.list().await);
    said.note(
        "add scopes",
        &api.send("POST", "/scope", &json!({ "scope": "d e" })).await,
    );
    said.note(
        "add again",
        &api.send("POST", "/scope", &json!({ "scope": "a" })).await,
    );
    said.note(
        "remove none",
        &api.send("PATCH", "/scope", &json!({ "scope": "zz" })).await,
    );
    for path in ["/authserver/api/scope", "/api/scope", "/scope"] {
        let request = api
            .http
            .get(api.emulator.url() + path)
            .basic_auth(USER, Some(PASSWORD));
        said.note(path, &Read::of(request.send().await.unwrap()).await);
    }
    let used = api.emulator.add_client("u", "a e b");
    said.note(
        "remove in use",
        &api.send("PATCH", "/scope", &json!({ "scope": "e" })).await,
    );
    said.note("user", &api.get("u").await);
    said.note("scopes", &api.call("GET", "/scope").await);
    let form = [GRANT, ("scope", "e")];
    said.note(
        "its token",
        &api.token(&used.client_id, &used.client_secret, &form).await,
    );
}

async fn client_calls(api: &Api, said: &mut Transcript) {
    said.note("register", &api.register("x", "b a b").await);
    said.note("read", &api.get("x").await);
    said.note("register again", &api.register("x", "c").await);
    said.note("register in capitals", &api.register("X", "c").await);
    said.note("long name", &api.register("abcdef", "c").await);
    said.note("shorter name", &api.register("abc", "c").await);
    said.note("unknown scope", &api.register("n", "nope a").await);
    said.note("scopes", &api.call("GET", "/scope").await);
    said.note("no scope", &api.register("e", "").await);
    said.note("put creates", &api.put("p", "a").await);
    said.note("put changes", &api.put("p", "b").await);
    let old = api.emulator.clients_named("p").remove(0);
    said.note("rotate", &api.rotate("p").await);
    said.note(
        "old pair",
        &api.token(&old.client_id, &old.client_secret, &[GRANT]).await,
    );
    for index in 0..9 {
        api.emulator.add_client(&format!("m{index}"), "a");
    }
    said.note("list", &api.list().await);
    said.note("delete", &api.delete("p").await);
    said.note("after delete", &api.get("p").await);
    for method in ["GET", "PATCH", "DELETE"] {
        said.note(method, &api.call(method, "/clients/gone").await);
    }
    said.note("gone", &api.get("gone").await);
}

async fn odd_requests(api: &Api, said: &mut Transcript) {
    let field = json!({ "client_name": "f", "scope": "a", "redirect_uris": [] });
    said.note("unknown field", &api.send("POST", "/clients", &field).await);
    let body = r#"{"client_name":"t","scope":"a"}"#;
    let untyped = api.request("POST", "/clients").body(body).send().await.unwrap();
    said.note("no media type", &Read::of(untyped).await);
    said.note(
        "body with PATCH",
        &api.send("PATCH", "/clients/t", &json!({})).await,
    );
    api.emulator.add_client("a/b", "a");
    api.emulator.add_client("a b", "a");
    said.note("slash", &api.call("GET", "/clients/a%2Fb").await);
    said.note("plus", &api.call("GET", "/clients/a+b").await);
    said.note("trailing slash", &api.call("GET", "/clients/").await);
    let stranger = api
        .http
        .get(api.emulator.api_url() + "/clients")
        .send()
        .await
        .unwrap();
    said.note("stranger", &Read::of(stranger).await);
}

async fn same_names(api: &Api, said: &mut Transcript) {
    api.emulator.add_client("s", "a");
    api.emulator.add_client("s", "b");
    said.note("one of two", &api.get("s").await);
    said.note("delete one of two", &api.delete("s").await);
    said.lines
        .push(format!("left: {}", api.emulator.clients_named("s").len()));
}

async fn token_calls(api: &Api, said: &mut Transcript) {
    let pair = json!({ "client_name": "k", "scope": "a b", "client_id": "k", "client_secret": "+%41:/" });
    api.control("POST", "/clients", Some(&pair)).await;
    said.note("plain", &api.token("k", "+%41:/", &[GRANT]).await);
    said.note("encoded", &api.token("k", "%2B%2541%3A%2F", &[GRANT]).await);
    let form = [GRANT, ("client_id", "k"), ("client_secret", "+%41:/")];
    let in_body = api
        .http
        .post(api.emulator.token_url())
        .form(&form)
        .send()
        .await
        .unwrap();
    said.note("in body", &Read::of(in_body).await);
    api.emulator.add_client("q", "a");
    let simple = api.emulator.clients_named("q").remove(0);
    said.note(
        "too much",
        &api.token("k", "%2B%2541%3A%2F", &[GRANT, ("scope", "b c")]).await,
    );
    said.note(
        "too much, plain",
        &api.token("k", "+%41:/", &[GRANT, ("scope", "b c")]).await,
    );
    said.note(
        "simple",
        &api.token(&simple.client_id, &simple.client_secret, &[GRANT])
            .await,
    );
    said.note("wrong", &api.token("k", "wrong", &[GRANT]).await);
    said.note(
        "other grant",
        &api.token("k", "+%41:/", &[("grant_type", "password")]).await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_of_each_switch_makes_a_difference() {
    let switches = Switches::info();
    assert!(switches.len() > 40);
    let usual = conversation("list_limit", "0").await;
    for info in switches {
        let mut heard: BTreeMap<Vec<String>, String> = BTreeMap::new();
        let mut as_usual = Vec::new();
        for value in samples(&info) {
            let said = conversation(info.name, &value).await;
            if said == usual {
                as_usual.push(value.clone());
            }
            if let Some(other) = heard.insert(said, value.clone()) {
                panic!("{} does the same for {value:?} as for {other:?}", info.name);
            }
        }
        assert_eq!(
            as_usual,
            [info.default],
            "only the default of {} changes nothing",
            info.name
        );
    }
}
