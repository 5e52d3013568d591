//! No switch and no value of a switch is without effect: a long conversation goes otherwise for each of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::time::Duration;

use authserver_emulator::composer::state::Client;
use authserver_emulator::composer::{Config, Switches};
use authserver_emulator::switch::SwitchInfo;
use serde_json::{Value, json};

use crate::caller::{Caller, V2, V3, read, user, wish};
use crate::support::effects::each_value_makes_a_difference;
use crate::support::transcript::Transcript;
use crate::support::{PASSWORD, Read, USER};

const RANDOM: [&str; 8] = [
    "id",
    "client_id",
    "client_secret",
    "access_token",
    "accessToken",
    "token",
    "token_id",
    "jti",
];

/// Numbers that show something; the samples of the other switches are all their values.
fn samples(info: &SwitchInfo) -> Vec<String> {
    let chosen: &[&str] = match info.name {
        "session_seconds" => &["0", "1"],
        "secret_seconds" => &["0", "3600"],
        "name_limit" => &["0", "2", "5"],
        "validity_limit" => &["0", "250"],
        "page_size" => &["20", "1", "3"],
        "read_lag_ms" => &["0", "600000"],
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

    fn there(&self, name: &str) -> Client {
        self.caller.emulator.clients_named(name).remove(0)
    }

    async fn register(&mut self, name: &str) {
        let answer = self.caller.register(name).await;
        self.note("register", &answer);
    }

    async fn get(&mut self, id: &str) {
        let answer = self.caller.get(id).await;
        self.note("get", &answer);
    }

    async fn update(&mut self, id: &str, body: Value) {
        let answer = self.caller.update(id, &body).await;
        self.note("update", &answer);
    }

    async fn delete(&mut self, id: &str) {
        let answer = self.caller.delete(id).await;
        self.note("delete", &answer);
    }

    async fn list(&mut self) {
        for accept in [V3, V2, "application/json", "*/*"] {
            let request = self
                .caller
                .bare("GET", "/clients")
                .basic_auth(USER, Some(PASSWORD));
            let answer = read(request.header("accept", accept)).await;
            self.note("list", &answer);
        }
    }

    async fn access(&mut self) {
        let stranger = read(self.caller.bare("GET", "/clients")).await;
        self.note("stranger", &stranger);
        let session = self.caller.emulator.begin_session();
        let cookie = format!("SESSION={}", session.cookie);
        let call = |caller: &Caller, method| {
            let request = caller.bare(method, "/clients").header("cookie", &cookie);
            request
                .header("content-type", V3)
                .body(wish("in session").to_string())
        };
        for method in ["GET", "POST"] {
            let answer = read(call(&self.caller, method)).await;
            self.note(method, &answer);
        }
        let answer = read(call(&self.caller, "POST").header("x-csrf-token", session.csrf_token)).await;
        self.note("with token", &answer);
        self.caller.emulator.end_sessions();
        let answer = read(call(&self.caller, "GET")).await;
        self.note("session ended", &answer);
        for media_type in [V2, "application/json", "text/plain"] {
            let request = self
                .caller
                .request("POST", "/clients")
                .header("content-type", media_type);
            let answer = read(request.body(wish(media_type).to_string())).await;
            self.note(media_type, &answer);
        }
    }

    async fn clients(&mut self) {
        self.register("x").await;
        self.register("x").await;
        self.register("X").await;
        self.register("name").await;
        self.register("long name").await;
        let more = json!({ "client_name": "m", "access_token_validity_seconds": 300, "scope": "a" });
        let answer = self.caller.send("POST", "/clients", &more).await;
        self.note("more fields", &answer);
        self.caller.emulator.add_client("a", 300);
        let client = self.there("a");
        for id in [&client.client_id, &client.id] {
            self.get(id).await;
            self.update(id, json!({ "access_token_validity_seconds": 60 }))
                .await;
            self.update(id, json!({ "client_name": "renamed" })).await;
            self.update(id, json!({ "scope": "a" })).await;
            self.get(id).await;
        }
        self.list().await;
        let id = self.caller.emulator.handle(&client);
        self.delete(&id).await;
        for _ in 0..2 {
            self.get("gone").await;
            self.update("gone", json!({})).await;
            self.delete("gone").await;
        }
        self.register("renamed").await;
        self.register("a").await;
        self.turn(&[("delete_status", "200")]);
        self.caller.emulator.add_client("d", 300);
        let client = self.there("d");
        let id = self.caller.emulator.handle(&client);
        self.delete(&id).await;
        self.turn(&[("validity_limit", "200")]);
        self.register("too long").await;
        self.turn(&[("secret_seconds", "7200")]);
        self.register("expiring").await;
        self.turn(&[]);
    }

    async fn pages(&mut self) {
        for paging in ["none", "cut", "page", "offset", "next"] {
            self.turn(&[("paging", paging), ("page_size", "2")]);
            self.list().await;
            self.turn(&[("paging", paging)]);
            self.list().await;
        }
        self.turn(&[]);
        let answer = self
            .caller
            .call("GET", "/clients?page=1&size=2&offset=1&limit=3&cursor=1")
            .await;
        self.note("piece", &answer);
    }

    async fn tokens(&mut self) {
        let client = self.caller.emulator.add_client("t", 300);
        let (id, secret) = (client.client_id.as_str(), client.client_secret.as_str());
        let pair = json!({ "client_id": "simple", "client_secret": "+%41:/" });
        self.caller.emulator.edit_clients(|clients| {
            if let Some(client) = clients.last_mut() {
                "simple".clone_into(&mut client.client_id);
                "+%41:/".clone_into(&mut client.client_secret);
            }
        });
        let encoded = json!({ "client_id": "simple", "client_secret": "%2B%2541%3A%2F" });
        let stranger = json!({ "client_id": id, "client_secret": secret });
        let wrong = json!({ "client_id": "simple", "client_secret": "wrong" });
        for pair in [&pair, &encoded, &stranger, &wrong] {
            for username in ["ann", "boss", "nobody"] {
                let answer = self.caller.pull(pair, username).await;
                self.note(username, &answer);
            }
        }
        for credential in [&pair, &encoded] {
            let body = json!({ "username": "ann", "account": "acme" });
            let answer = self.caller.token("/pull/tokens", credential, &body).await;
            self.note("with account", &answer);
            let answer = self.caller.token("/token", credential, &body).await;
            self.note("old call", &answer);
            let request = self.caller.bare("POST", "/pull/tokens");
            let [id, secret] = crate::caller::pair_of(credential);
            let answer = read(request.basic_auth(id, Some(secret)).form(&[("username", "ann")])).await;
            self.note("form", &answer);
            let issued = self.caller.pull(credential, "ann").await;
            let token = serde_json::from_str::<Value>(&issued.text).unwrap_or_default();
            for name in ["access_token", "token_id", "id", "jti"] {
                let answer = self
                    .caller
                    .revoke(credential, token[name].as_str().unwrap_or("gone"))
                    .await;
                self.note(name, &answer);
            }
        }
    }

    /// Last, since only one switch needs it.
    async fn wait(&mut self) {
        let session = self.caller.emulator.begin_session();
        tokio::time::sleep(Duration::from_millis(1050)).await;
        let cookie = format!("SESSION={}", session.cookie);
        let answer = read(self.caller.bare("GET", "/clients").header("cookie", cookie)).await;
        self.note("after a while", &answer);
    }
}

async fn conversation(name: &str, value: &str) -> Vec<String> {
    let mut caller = Caller::with(Config {
        users: vec![user("ann", "acme"), user("boss", "acme")],
        clients: ["p", "q", "r", "s", "o"].map(str::to_owned).to_vec(),
        ..Config::default()
    })
    .await;
    // Connections are kept: nothing gets lost here, and there are many requests.
    let builder = reqwest::Client::builder().no_proxy();
    caller.http = builder
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let said = Transcript::new(&RANDOM);
    let tested = (name, value);
    let mut conversation = Conversation { caller, said, tested };
    conversation.turn(&[]);
    conversation.access().await;
    conversation.clients().await;
    conversation.pages().await;
    conversation.tokens().await;
    if name == "session_seconds" {
        conversation.wait().await;
    }
    conversation.said.lines
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_of_each_switch_makes_a_difference() {
    let switches = Switches::info();
    assert!(switches.len() > 50);
    each_value_makes_a_difference(switches, samples, conversation).await;
}
