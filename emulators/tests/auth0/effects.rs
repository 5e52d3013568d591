//! No switch and no value of a switch is without effect: a long conversation goes otherwise for each of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::collections::BTreeSet;

use authserver_emulator::auth0::{Config, Switches};
use authserver_emulator::switch::SwitchInfo;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::caller::{
    API, Caller, GRANT, OPERATOR, attached, config, credentials, encoded, read, wish, with_keys,
};
use crate::key::{claims, key};
use crate::support::Read;
use crate::support::effects::each_value_makes_a_difference;
use crate::support::transcript::Transcript;

const TENANT: &str = "https://tenant.example";
const RANDOM: [&str; 5] = ["id", "client_id", "client_secret", "access_token", "next"];

/// The beginnings of the names of switches that say what happens to those who come too often.
const LIMITS: [&str; 5] = ["plan", "rate_", "retry_after", "token_rate", "token_limit"];

/// Numbers that show something; the samples of the other switches are all their values.
fn samples(info: &SwitchInfo) -> Vec<String> {
    let chosen: &[&str] = match info.name {
        "client_limit" => &["0", "8"],
        "checkpoint_seconds" => &["86400", "0"],
        "management_token_seconds" => &["86400", "60"],
        "read_lag_ms" | "token_lag_ms" | "spread_ms" => &["0", "600000"],
        "rate_per_second" => &["10", "1000"],
        "rate_burst" => &["20", "3"],
        "token_rate" => &["30", "1000"],
        _ => return info.samples.clone(),
    };
    chosen.iter().map(ToString::to_string).collect()
}

struct Conversation<'a> {
    caller: Caller,
    said: Transcript,
    tested: (&'a str, &'a str),
}

/// A text of an answer, or one that means nothing: with some switches there is none.
fn text(answer: &Read, name: &str) -> String {
    let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
    body[name].as_str().unwrap_or("nothing").to_owned()
}

/// Takes out what is another one each time and means nothing.
fn settle(value: &mut Value, ids: &BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| settle(item, ids)),
        Value::Object(fields) => {
            fields.retain(|name, _| !["created_at", "updated_at"].contains(&name.as_str()));
            for (name, value) in fields {
                match value {
                    Value::String(text) if !RANDOM.contains(&name.as_str()) => {
                        for id in ids.iter().filter(|id| text.contains(*id)).collect::<Vec<_>>() {
                            *text = text.replace(id, "ID");
                        }
                    }
                    value => settle(value, ids),
                }
            }
        }
        _ => {}
    }
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

    fn note(&mut self, label: &str, mut answer: Read) -> Read {
        if let Ok(mut body) = serde_json::from_str(&answer.text) {
            let clients = self.caller.emulator.clients().into_iter();
            settle(&mut body, &clients.map(|client| client.client_id).collect());
            answer.text = body.to_string();
        }
        self.said.note(label, &answer);
        answer
    }

    /// How often a list is asked for: an order that is another one each time shows itself in several.
    fn often(&self) -> usize {
        if self.tested.0.ends_with("_order") { 4 } else { 1 }
    }

    async fn call(&mut self, method: &str, path: &str) -> Read {
        let answer = self.caller.call(method, path).await;
        self.note(method, answer)
    }

    async fn send(&mut self, method: &str, path: &str, body: &Value) -> Read {
        let answer = self.caller.send(method, path, body).await;
        self.note(method, answer)
    }

    async fn register(&mut self, body: &Value) -> Read {
        self.send("POST", "/clients", body).await
    }

    /// A client that is there whatever is tested, with a grant.
    fn there(&self, name: &str) -> (String, String) {
        let client = self.caller.emulator.add_client(name);
        let like = self.caller.emulator.grants().remove(0);
        self.caller.emulator.edit_grants(|grants| {
            grants.push(authserver_emulator::auth0::state::Grant {
                id: format!("cgr_{name}"),
                client_id: client.client_id.clone(),
                audience: API.to_owned(),
                scope: ["read", "write", "more"].map(str::to_owned).to_vec(),
                ..like
            });
        });
        (client.client_id, client.client_secret)
    }

    async fn ask(&mut self, (id, secret): (&str, &str)) {
        let answer = self.caller.ask_by_secret(id, secret, API).await;
        self.note("token", answer);
    }

    async fn access(&mut self) {
        let stranger = read(self.caller.bare("GET", "/clients")).await;
        self.note("stranger", stranger);
        self.call("GET", "/clients/gone").await;
        self.register(&json!({})).await;
        let all = self.caller.emulator.grants()[0].scope.clone();
        let token = self.caller.token.clone();
        for scopes in [
            ["create:clients", "update:client_keys"],
            ["update:clients", "read:clients"],
        ] {
            self.caller
                .emulator
                .edit_grants(|grants| grants[0].scope = scopes.map(str::to_owned).to_vec());
            self.caller.token = text(&self.caller.login().await, "access_token");
            let (id, _) = self.there("scopes");
            self.register(&wish("with few scopes")).await;
            self.send(
                "PATCH",
                &crate::caller::client(&id),
                &json!({ "client_secret": "s", "name": "n" }),
            )
            .await;
        }
        self.caller.emulator.edit_grants(|grants| grants[0].scope = all);
        self.caller.token = token;
        let login = self.caller.login().await;
        self.note("login", login);
    }

    async fn clients(&mut self) {
        let made = self.register(&wish("x")).await;
        self.register(&json!({ "name": "bare" })).await;
        self.register(&json!({ "name": "mine", "client_secret": "mine" }))
            .await;
        self.register(&json!({ "name": "y", "nonsense": 1 })).await;
        let (id, secret) = self.there("z");
        let path = crate::caller::client(&id);
        self.send("PATCH", &path, &json!({ "name": "renamed" })).await;
        self.call("GET", &path).await;
        self.call("GET", &format!("{path}?fields=client_id")).await;
        self.ask((&id, &secret)).await;
        let rotated = self.call("POST", &format!("{path}/rotate-secret")).await;
        let (odd, chars) = (text(&rotated, "client_secret"), "=+%");
        self.said.lines.push(format!(
            "odd: {:?}",
            chars.split("").filter(|char| odd.contains(char)).count()
        ));
        self.call("DELETE", &path).await;
        self.call("DELETE", &path).await;
        let global = self.caller.emulator.clients_named("All Applications").remove(0);
        self.call("DELETE", &crate::caller::client(&global.client_id))
            .await;
        self.call("GET", "/client-grants").await;
        let bare = text(&made, "client_id");
        self.call("GET", &crate::caller::client(&bare)).await;
    }

    async fn keys(&mut self) {
        let (id, secret) = self.there("keys");
        let path = crate::caller::client(&id);
        for number in [1, 1, 2, 0] {
            let body = json!({ "credential_type": "public_key", "pem": key(number).pem(), "name": format!("n{number}") });
            self.send("POST", &credentials(&id), &body).await;
        }
        let client = self.caller.emulator.clients_named("keys").remove(0);
        let first = client
            .credentials
            .first()
            .map_or("nothing", |credential| credential.id.as_str());
        let end = json!({ "expires_at": "2120-01-01T00:00:00Z" });
        let one = format!("{}/{first}", credentials(&id));
        self.call("GET", &one).await;
        for query in ["", "?include_totals=true"] {
            for _ in 0..self.often() {
                self.call("GET", &(credentials(&id) + query)).await;
            }
        }
        self.send("PATCH", &one, &end).await;
        self.send("PATCH", &path, &attached(&[])).await;
        self.send("PATCH", &path, &attached(&[first])).await;
        self.call("POST", &format!("{path}/rotate-secret")).await;
        for (audience, again) in [("", true), ("/oauth/token", false)] {
            let mut claims = claims(&id, TENANT);
            claims["aud"] = json!(format!(
                "{TENANT}{}",
                if audience.is_empty() { "/" } else { audience }
            ));
            let assertion = key(1).jwt(&json!({ "alg": "RS256" }), &claims);
            for _ in 0..=usize::from(again) {
                let answer = self.caller.ask_with(&assertion, API).await;
                self.note("assertion", answer);
            }
        }
        let method = json!({ "token_endpoint_auth_method": "client_secret_post" });
        self.send("PATCH", &path, &method).await;
        let back = json!({ "client_authentication_methods": null, "token_endpoint_auth_method": "client_secret_post" });
        self.send("PATCH", &path, &back).await;
        self.ask((&id, &secret)).await;
        for alg in ["RS256", "HS256"] {
            let mut body = with_keys("made with keys", &[key(2)]);
            body["jwt_configuration"]["alg"] = json!(alg);
            self.register(&body).await;
        }
    }

    async fn lists(&mut self) {
        for query in [
            "",
            "include_totals=true",
            "fields=client_id",
            "take=3&per_page=2",
            "page=30",
        ] {
            for _ in 0..self.often() {
                self.call("GET", &format!("/clients?{query}")).await;
            }
        }
        let mut query = "take=4".to_owned();
        for _ in 0..8 {
            let page = self.caller.call("GET", &format!("/clients?{query}")).await;
            let next = text(&page, "next");
            self.note("walk", page);
            if next == "nothing" || next.is_empty() {
                break;
            }
            query = format!("take=4&from={next}");
        }
        if self.tested.0 == "offset_cap" {
            self.caller.emulator.edit_clients(|clients| {
                let many = vec![clients[0].clone(); 1010];
                clients.extend(many);
            });
            self.call("GET", "/clients?page=10&per_page=100").await;
        }
    }

    async fn grants_and_apis(&mut self) {
        let made = self.register(&wish("granted")).await;
        let id = text(&made, "client_id");
        for (client_id, audience) in [(id.as_str(), API), (&id, API), (&id, "urn:gone"), ("gone", API)] {
            let body = json!({ "client_id": client_id, "audience": audience, "scope": ["read"] });
            self.send("POST", "/client-grants", &body).await;
        }
        self.call("GET", &format!("/client-grants?client_id={id}")).await;
        let api = format!("/resource-servers/{}", encoded(API));
        self.send("PATCH", &api, &json!({ "name": "renamed" })).await;
    }

    async fn tokens(&mut self) {
        let (id, secret) = self.there("tokens");
        self.caller.emulator.edit_clients(|clients| {
            if let Some(client) = clients.last_mut() {
                "+%41:/".clone_into(&mut client.client_secret);
                client.document.insert(
                    "token_endpoint_auth_method".to_owned(),
                    json!("client_secret_post"),
                );
            }
        });
        self.ask((&id, &secret)).await;
        self.ask((&id, "+%41:/")).await;
        for secret in ["+%41:/", "%2B%2541%3A%2F"] {
            let request = self.caller.http.post(self.caller.emulator.token_url());
            let request = request.basic_auth(&id, Some(secret));
            let answer = read(request.form(&[GRANT, ("audience", API), ("scope", "write")])).await;
            self.note("basic", answer);
        }
        let no_audience = [GRANT, ("client_id", &id), ("client_secret", "+%41:/")];
        let answer = self.caller.ask(&no_audience).await;
        self.note("no audience", answer);
        self.ask(OPERATOR).await;
        self.turn(&[("spread_ms", "600000")]);
        let (id, old) = self.there("spreading");
        let path = crate::caller::client(&id);
        self.send("PATCH", &path, &json!({ "client_secret": "new" }))
            .await;
        for secret in [&old, "new", &old, "new", "new"] {
            self.ask((&id, secret)).await;
        }
        self.turn(&[]);
        self.ask((&id, &old)).await;
    }

    async fn limits(&mut self) {
        let headers = ["x-ratelimit-limit", "retry-after", "auth0-client-quota-limit"];
        let written = |answer: &Read| {
            let kinds = headers.map(|name| answer.header(name).map(|value| value.contains("GMT")));
            let limit = answer.header("x-ratelimit-limit").map(str::to_owned);
            let reset = answer
                .header("x-ratelimit-reset")
                .and_then(|at| at.parse::<i64>().ok());
            let reset = reset.map(|at| (at - Timestamp::now().as_second()) / 20);
            format!("{kinds:?} {limit:?} {reset:?}")
        };
        for companions in [
            &[][..],
            &[
                ("plan", "custom"),
                ("rate_per_second", "1"),
                ("rate_burst", "1000"),
            ],
            &[("plan", "custom"), ("rate_burst", "0"), ("token_rate", "0")],
            &[("plan", "custom")],
        ] {
            self.turn(companions);
            let mut calls = Vec::new();
            for _ in 0..45 {
                calls.push(self.caller.call("GET", "/client-grants").await);
            }
            let clients = self.caller.list("per_page=1").await;
            let token = self.caller.login().await;
            let refused = calls.iter().filter(|answer| answer.status == 429).count();
            self.said.lines.push(format!("limits: {}", refused > 0));
            for answer in [calls.pop().unwrap(), clients, token] {
                self.said.lines.push(written(&answer));
                if companions.iter().any(|(_, value)| *value == "0") {
                    self.note("refused", answer);
                }
            }
        }
        self.turn(&[
            ("plan", "custom"),
            ("rate_per_second", "100000"),
            ("rate_burst", "5"),
        ]);
        let mut refused = 0;
        for _ in 0..12 {
            refused += usize::from(self.caller.list("per_page=1").await.status == 429);
        }
        self.said.lines.push(format!("refill: {}", refused > 0));
        self.turn(&[]);
    }
}

async fn conversation(name: &str, value: &str) -> Vec<String> {
    let mut caller = Caller::with(Config {
        clients: ["r", "p", "q"].map(str::to_owned).to_vec(),
        tenant_url: Some(TENANT.to_owned()),
        ..config()
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
    conversation.keys().await;
    conversation.grants_and_apis().await;
    conversation.lists().await;
    conversation.tokens().await;
    if LIMITS.iter().any(|limit| name.starts_with(limit)) {
        conversation.limits().await;
    }
    conversation.said.lines
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_of_each_switch_makes_a_difference() {
    let switches = Switches::info();
    assert!(switches.len() > 60);
    each_value_makes_a_difference(switches, samples, conversation).await;
}
