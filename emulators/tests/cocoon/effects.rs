//! No switch and no value of a switch is without effect: a long conversation goes otherwise for each of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use authserver_emulator::cocoon::{Config, Switches};
use authserver_emulator::switch::SwitchInfo;
use serde_json::{Value, json};

use crate::caller::{BOOTSTRAP, Caller, read, user, wish, with};
use crate::support::effects::each_value_makes_a_difference;
use crate::support::transcript::Transcript;
use crate::support::{PASSWORD, Read, USER};

const RANDOM: [&str; 4] = ["access_token", "refresh_token", "jti", "clientSecret"];

/// Numbers and statuses that show something; the samples of the other switches are all their values.
fn samples(info: &SwitchInfo) -> Vec<String> {
    let chosen: &[&str] = match info.name {
        "old_secret_seconds" => &["0", "600"],
        "name_limit" => &["0", "4", "5"],
        "secret_least" => &["0", "3", "12"],
        "secret_limit" => &["0", "1", "11"],
        "page_size" => &["20", "1", "3"],
        "read_lag_ms" => &["0", "600000"],
        "request_type" => &["415", "400", "any"],
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

    /// An app that is there whatever the switches say of registrations; every path to it is the same.
    fn add(&self, client_id: &str) -> String {
        self.caller.emulator.add_client(client_id, "s1").client_info_id
    }

    async fn register(&mut self, client_id: &str, more: Value) {
        let body = with(&wish(client_id), &more);
        let answer = self.caller.register(&body).await;
        self.note(client_id, &answer);
    }

    async fn update(&mut self, id: &str, body: Value) {
        let answer = self.caller.update(id, &body).await;
        self.note("update", &answer);
    }

    async fn get(&mut self, id: &str) {
        let answer = self.caller.get(id).await;
        self.note("get", &answer);
    }

    async fn list(&mut self) {
        let answer = self.caller.list().await;
        self.note("list", &answer);
    }

    async fn logins(&mut self) {
        for (username, password) in [(USER, PASSWORD), ("ann", "p"), ("two", "p"), (USER, "wrong")] {
            let login = self.caller.login(username, password).await;
            self.note(username, &login);
            let said: Value = serde_json::from_str(&login.text).unwrap_or_default();
            let token = said["access_token"].as_str().unwrap_or("none");
            let list = read(self.caller.bare("GET", "/clientapps").bearer_auth(token)).await;
            self.note("with its token", &list);
            if let Some(token) = said["refresh_token"].as_str() {
                for _ in 0..2 {
                    let answer = self.caller.refresh(BOOTSTRAP, token).await;
                    self.note("refresh", &answer);
                }
            }
        }
        let form = [
            ("grant_type", "password"),
            ("username", USER),
            ("password", PASSWORD),
        ];
        let request = self
            .caller
            .http
            .post(self.caller.emulator.token_url())
            .form(&form);
        let slip = request.header("authentication", "Basic Ym9vdHN0cmFwOmJvb3RzdHJhcC1zZWNyZXQ=");
        let answer = read(slip).await;
        self.note("slip", &answer);
        self.caller.emulator.add_client("odd", "+%41:/");
        for secret in ["+%41:/", "%2B%2541%3A%2F", "wrong"] {
            let answer = self.caller.login_with(("odd", secret), "ann", "p").await;
            self.note(secret, &answer);
        }
        let stranger = read(self.caller.bare("GET", "/clientapps")).await;
        self.note("stranger", &stranger);
    }

    async fn registrations(&mut self) {
        let redirects = json!(["https://b.example", "https://a.example"]);
        let code = json!(["password", "authorization_code", "refresh_token"]);
        self.register(
            "x",
            json!({ "authorizedGrantTypes": code, "registeredRedirectUris": redirects }),
        )
        .await;
        self.register("x", json!({ "appName": "Other" })).await;
        self.register("y", json!({ "appName": "App x" })).await;
        self.register("more", json!({ "scope": "a" })).await;
        self.register(
            "text",
            json!({ "authorizedGrantTypes": "password, refresh_token" }),
        )
        .await;
        self.register("magic", json!({ "authorizedGrantTypes": ["password", "magic"] }))
            .await;
        let no_refresh = json!({ "authorizedGrantTypes": ["password"], "refreshTokenValiditySeconds": null });
        self.register("no refresh", no_refresh).await;
        self.register("short", json!({ "refreshTokenValiditySeconds": 200 }))
            .await;
        self.register("no redirects", json!({ "authorizedGrantTypes": ["implicit"] }))
            .await;
        let both = json!({
            "authorizedGrantTypes": ["implicit", "refresh_token"], "registeredRedirectUris": redirects,
        });
        self.register("both", both).await;
        self.register("redirects", json!({ "registeredRedirectUris": redirects }))
            .await;
        let untyped = self
            .caller
            .bare("POST", "/clientapps")
            .bearer_auth(&self.caller.token);
        let answer = read(untyped.body(wish("untyped").to_string())).await;
        self.note("untyped", &answer);
        self.list().await;
        let answer = self.caller.login_with(("x", "secret-of-x"), "ann", "p").await;
        self.note("its login", &answer);
        let id = self.add("gone");
        let answer = self.caller.delete(&id).await;
        self.note("delete", &answer);
        self.register("gone", json!({})).await;
    }

    async fn changes(&mut self) {
        let id = self.add("z");
        self.get(&id).await;
        self.update(
            &id,
            json!({ "appName": "n", "authorizedGrantTypes": ["password"] }),
        )
        .await;
        self.update(&id, json!({ "clientSecret": "s2" })).await;
        for secret in ["s1", "s2"] {
            let answer = self.caller.login_with(("z", secret), "ann", "p").await;
            self.note(secret, &answer);
        }
        self.update(&id, json!({ "clientId": "zz" })).await;
        self.update(&id, json!({ "enabled": false })).await;
        self.get(&id).await;
        for _ in 0..3 {
            let answer = self.caller.enable(&id).await;
            self.note("enable", &answer);
            self.get(&id).await;
            for client_id in ["z", "zz"] {
                let answer = self.caller.login_with((client_id, "s2"), "ann", "p").await;
                self.note("login", &answer);
            }
        }
        let answer = self.caller.delete(&id).await;
        self.note("delete", &answer);
        for id in ["7777", "gone"] {
            self.get(id).await;
            self.update(id, json!({ "appName": "n" })).await;
            let answer = self.caller.enable(id).await;
            self.note("enable", &answer);
            let answer = self.caller.delete(id).await;
            self.note("delete", &answer);
        }
    }

    async fn pages(&mut self) {
        for paging in ["none", "cut", "page", "offset", "next"] {
            self.turn(&[("paging", paging), ("page_size", "2")]);
            self.list().await;
            self.turn(&[("paging", paging)]);
            self.list().await;
        }
        self.turn(&[("list_shape", "data"), ("page_size", "2")]);
        let answer = self
            .caller
            .call("GET", "/clientapps?page=1&size=2&offset=1&limit=3&cursor=1")
            .await;
        self.note("piece", &answer);
        let answer = self.caller.call("GET", "/dashboard/clients").await;
        self.note("dashboard", &answer);
    }
}

async fn conversation(name: &str, value: &str) -> Vec<String> {
    let mut users = Config::default().users;
    users.extend([user("ann", false, false), user("two", true, true)]);
    let mut caller = Caller::with(Config {
        users,
        clients: ["q", "p", "r"].map(str::to_owned).to_vec(),
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
    conversation.logins().await;
    conversation.registrations().await;
    conversation.changes().await;
    conversation.pages().await;
    conversation.said.lines
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_of_each_switch_makes_a_difference() {
    let switches = Switches::info();
    assert!(switches.len() > 50);
    each_value_makes_a_difference(switches, samples, conversation).await;
}
