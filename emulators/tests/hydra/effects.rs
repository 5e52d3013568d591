//! No switch and no value of a switch is without effect: a long conversation goes otherwise for each of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use authserver_emulator::hydra::{Config, Emulator, Switches};
use authserver_emulator::switch::SwitchInfo;
use serde_json::{Value, json};

use crate::caller::{Caller, client, read, wish, with};
use crate::support::effects::each_value_makes_a_difference;
use crate::support::transcript::Transcript;
use crate::support::{GRANT, Read};

const LIFESPAN: &str = "client_credentials_grant_access_token_lifespan";
const RANDOM: [&str; 6] = [
    "access_token",
    "client_secret",
    "registration_access_token",
    "registration_client_uri",
    "created_at",
    "updated_at",
];

/// Numbers and statuses that show something; the samples of the other switches are all their values.
fn samples(info: &SwitchInfo) -> Vec<String> {
    let chosen: &[&str] = match info.name {
        "rotated_kept" => &["5", "0", "1"],
        "page_size" => &["100", "1", "3"],
        "page_size_limit" => &["500", "1", "3"],
        "page_token_seconds" => &["3600", "0"],
        "read_lag_ms" => &["0", "600000"],
        "token_seconds" => &["3600", "0", "600"],
        "default_scope" => &["offline_access offline openid", "", "a"],
        "rotation" => &["404", "405", "500", "offered"],
        "duplicate_id" => &["409", "400", "500"],
        _ => return info.samples.clone(),
    };
    chosen.iter().map(ToString::to_string).collect()
}

struct Conversation<'a> {
    caller: Caller,
    said: Transcript,
    tested: (&'a str, &'a str),
}

impl Conversation<'_> {
    /// Turns these switches and puts the others back, but for the tested one.
    fn turn(&self, companions: &[(&str, &str)]) {
        let (name, value) = self.tested;
        let mut switches = Switches::default();
        for (companion, value) in companions {
            switches.set(companion, value).unwrap();
        }
        switches.set(name, value).unwrap();
        self.caller.emulator.switch(|all| *all = switches);
    }

    fn note(&mut self, label: &str, answer: &Read) {
        self.said.note(label, answer);
    }

    async fn register(&mut self, body: Value) {
        let answer = self.caller.register(&body).await;
        self.note("register", &answer);
    }

    async fn get(&mut self, id: &str) {
        let answer = self.caller.get(id).await;
        self.note("get", &answer);
    }

    async fn tokens(&mut self, id: &str, secrets: &[&str]) {
        for secret in secrets {
            let answer = self.caller.token(id, secret, &[]).await;
            self.note(secret, &answer);
        }
    }

    async fn strangers(&mut self) {
        self.caller.emulator.set_bearer_token(Some("canary".to_owned()));
        let answer = self.caller.list().await;
        self.note("stranger", &answer);
        self.caller.emulator.set_bearer_token(None);
        let answer = self.caller.call("GET", "/nobody").await;
        self.note("nobody", &answer);
        for path in ["/clients", "/admin/clients"] {
            let answer = read(self.caller.request_to("GET", path)).await;
            self.said.note(path, &plain(&answer));
        }
    }

    async fn registrations(&mut self) {
        let lists = json!({ "contacts": ["b", "c", "a"], LIFESPAN: "90m" });
        self.register(with(&wish("x"), &lists)).await;
        self.get("x").await;
        self.register(wish("x")).await;
        self.register(wish("X")).await;
        self.register(json!({ "client_id": "bare", "client_secret": "secret" }))
            .await;
        self.get("bare").await;
        let long = "s".repeat(80);
        self.register(with(&wish("long"), &json!({ "client_secret": long })))
            .await;
        self.register(with(&wish("short"), &json!({ "client_secret": "s" })))
            .await;
        let answer = self.caller.list().await;
        self.said.note("list", &plain(&answer));
        self.tokens("x", &["secret-of-x", "wrong!"]).await;
        self.register(with(&wish("odd"), &json!({ "client_secret": "+%41:/ secret" })))
            .await;
        self.tokens("odd", &["+%41:/ secret"]).await;
        let plain = self.caller.http.post(self.caller.emulator.token_url());
        let plain = plain.basic_auth("odd", Some("+%41:/ secret")).form(&[GRANT]);
        let answer = read(plain).await;
        self.note("plain", &answer);
    }

    async fn changes(&mut self) {
        self.caller.emulator.add_client("z");
        let body =
            json!({ "client_name": "n", "client_secret": "second", "grant_types": ["client_credentials"] });
        let answer = self.caller.update("z", &body).await;
        self.note("update", &answer);
        for patch in [
            json!([{ "op": "add", "path": "/owner", "value": "o" }]),
            json!([{ "op": "remove", "path": "/owner" }]),
            json!([{ "op": "test", "path": "/owner", "value": "o" }]),
            json!([{ "op": "add", "path": "/client_secret", "value": "third-secret" }]),
        ] {
            let answer = self.caller.patch("z", &patch).await;
            self.note("patch", &answer);
            let typed = self.caller.request("PATCH", &client("z"));
            let typed = typed.header("content-type", "application/json-patch+json");
            let answer = read(typed.body(patch.to_string())).await;
            self.note("typed patch", &answer);
        }
        self.get("z").await;
        self.tokens("z", &["secret-of-z", "second", "third-secret"]).await;
        let answer = self.caller.set_lifespans("z", &json!({ LIFESPAN: "1h" })).await;
        self.note("lifespans", &answer);
        let keys =
            json!({ "client_id": "k", "client_secret": "secret", "jwks_uri": "https://a.example/keys" });
        self.register(keys).await;
        let answer = self.caller.patch("k", &json!([])).await;
        self.note("keys", &answer);
        for _ in 0..2 {
            let answer = self.caller.delete("z").await;
            self.note("delete", &answer);
        }
    }

    async fn rotations(&mut self) {
        self.turn(&[("rotation", "offered")]);
        self.caller.emulator.add_client("r");
        let path = client("r") + "/secrets/rotate";
        for body in [json!({ "client_secret": "chosen-secret" }), json!({}), json!({})] {
            let answer = self.caller.send("POST", &path, &body).await;
            self.note("rotate", &answer);
            self.tokens("r", &["secret-of-r", "chosen-secret"]).await;
        }
        let answer = self.caller.clear("r").await;
        self.note("clear", &answer);
        self.tokens("r", &["secret-of-r", "chosen-secret"]).await;
    }

    async fn pages(&mut self) {
        self.turn(&[("page_size", "2"), ("page_size_limit", "4")]);
        for query in [
            "",
            "?page_size=3",
            "?page_size=5",
            "?page_token=garbage",
            "?client_name=n",
            "?owner=us",
        ] {
            let answer = self.caller.call("GET", query).await;
            self.said.note(query, &plain(&answer));
            let links = answer.header("link").unwrap_or_default().to_owned();
            self.said.lines.push(form(&links));
            if let Some(next) = links.split(',').find(|link| link.contains("rel=\"next\"")) {
                let token = next.split("page_token=").nth(1).unwrap_or_default();
                let token = token.split(['>', '&']).next().unwrap_or_default();
                let answer = self.caller.call("GET", &format!("?page_token={token}")).await;
                self.said.note("next", &plain(&answer));
            }
        }
        let answer = self.caller.list().await;
        self.said.note("last", &plain(&answer));
    }
}

/// A page without its links, which hold times.
fn plain(page: &Read) -> Read {
    let mut headers = page.headers.clone();
    headers.remove("link");
    Read {
        status: page.status,
        content_type: page.content_type.clone(),
        challenged: page.challenged,
        headers,
        text: page.text.clone(),
    }
}

/// What links look like, without tokens and ports.
fn form(links: &str) -> String {
    let mut form = String::new();
    for link in links.split(',') {
        let (address, rel) = link.split_once(';').unwrap_or((link, ""));
        let address = address.split("page_token=").next().unwrap_or_default();
        let address = address.replace(|char: char| char.is_ascii_digit(), "");
        form = format!("{form} {address}{rel}");
    }
    form
}

async fn conversation(http: &reqwest::Client, name: &str, value: &str) -> Vec<String> {
    let config = Config {
        clients: ["q", "p", "s"].map(str::to_owned).to_vec(),
        ..Config::default()
    };
    let caller = Caller {
        emulator: Emulator::start(config).await.unwrap(),
        http: http.clone(),
        token: None,
    };
    let said = Transcript::new(&RANDOM);
    let tested = (name, value);
    let mut conversation = Conversation { caller, said, tested };
    conversation.turn(&[]);
    conversation.strangers().await;
    conversation.registrations().await;
    conversation.changes().await;
    conversation.rotations().await;
    conversation.pages().await;
    conversation.said.lines
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_of_each_switch_makes_a_difference() {
    let switches = Switches::info();
    assert!(switches.len() > 45);
    // Connections are kept: nothing gets lost here, and there are many requests.
    let builder = reqwest::Client::builder().no_proxy();
    let http = builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let conversation = async |name: &str, value: &str| conversation(&http, name, value).await;
    each_value_makes_a_difference(switches, samples, conversation).await;
}
