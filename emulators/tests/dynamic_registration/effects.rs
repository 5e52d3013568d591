//! No switch and no value of a switch is without effect: a long conversation goes otherwise for each of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use authserver_emulator::dynamic_registration::state::Client;
use authserver_emulator::dynamic_registration::{Config, Switches};
use authserver_emulator::switch::SwitchInfo;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::caller::{Caller, machine, with};
use crate::support::effects::each_value_makes_a_difference;
use crate::support::{GRANT, Read};

/// Numbers and texts that show something; the samples of the other switches are all their values.
fn samples(info: &SwitchInfo) -> Vec<String> {
    let chosen: &[&str] = match info.name {
        "client_limit" => &["0", "1", "4"],
        "refused_grants" | "dropped_grants" => &["", "refresh_token", "refresh_token client_credentials"],
        "dropped_fields" => &["", "contacts", "contacts software_id"],
        "secret_seconds" => &["0", "3600"],
        "old_secret_ms" => &["0", "600000"],
        "token_expiry_seconds" => &["600", "60"],
        _ => return info.samples.clone(),
    };
    chosen.iter().map(ToString::to_string).collect()
}

/// What was said, with random values replaced by their place of first mention.
#[derive(Default)]
struct Transcript {
    lines: Vec<String>,
    seen: BTreeMap<String, usize>,
    url: String,
}

impl Transcript {
    fn note(&mut self, label: &str, read: &Read) {
        let body = match serde_json::from_str(&read.text) {
            Ok(value) => self.plain("", value).to_string(),
            Err(_) => read.text.clone(),
        };
        let headers =
            ["content-type", "allow", "www-authenticate", "cache-control"].map(|name| read.header(name));
        self.lines
            .push(format!("{label}: {} {headers:?} {body}", read.status));
    }

    fn plain(&mut self, key: &str, value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.plain(key, item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(key, value)| (key.clone(), self.plain(&key, value)))
                .collect(),
            Value::String(text) => self.text(key, text),
            Value::Number(number) => {
                let kind = if number.is_f64() { "float" } else { "integer" };
                number.as_f64().map_or(Value::Null, |seconds| time(kind, seconds))
            }
            other => other,
        }
    }

    fn text(&mut self, key: &str, text: String) -> Value {
        match key {
            "client_id" | "client_secret" | "registration_access_token" | "access_token"
                if !text.is_empty() =>
            {
                let kind = if text.contains('.') && text.len() > 300 {
                    "jwt"
                } else if text.chars().any(|char| "\"\\%&".contains(char)) {
                    "symbols"
                } else if text.ends_with("==") {
                    "base64"
                } else {
                    "safe"
                };
                let next = self.seen.len();
                json!(format!("{kind} #{}", self.seen.entry(text).or_insert(next)))
            }
            "registration_client_uri" | "href" => {
                let text = text.replace(&self.url, "ORIGIN");
                let shape = match text.split_once("client_id=") {
                    Some((before, _)) => format!("{before}client_id=ID"),
                    None => match text.strip_suffix("/client") {
                        Some(handle) => cut(handle) + "/client",
                        None => cut(&text),
                    },
                };
                json!(shape)
            }
            _ => match text.parse::<i64>() {
                Ok(seconds) if seconds > 1_000_000 => {
                    time("text", f64::from(u32::try_from(seconds).unwrap()))
                }
                _ => json!(text.replace(&self.url, "ORIGIN")),
            },
        }
    }
}

/// Without the last segment.
fn cut(path: &str) -> String {
    path.rsplit_once('/').unwrap().0.to_owned() + "/ID"
}

/// A time as its distance from now, roughly; other numbers as they are.
fn time(kind: &str, number: f64) -> Value {
    let now = f64::from(u32::try_from(Timestamp::now().as_second()).unwrap());
    if number > 1e12 {
        return json!(format!("{kind} of milliseconds"));
    }
    if number > 1e6 {
        // 0 is added so that there is no negative zero.
        return json!(format!(
            "{kind} now+{}",
            ((number - now) / 100.0).round() * 100.0 + 0.0
        ));
    }
    json!(format!("{kind} {number}"))
}

/// A conversation while one switch is turned.
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

    async fn register(&mut self, label: &str, document: &Value) {
        let answer = self.caller.register(document).await;
        self.said.note(label, &answer);
    }

    /// A management call with what the server takes for the address and the token.
    async fn manage(&mut self, method: &str, client: &Client, body: Option<&Value>) {
        let mut clients = self.caller.emulator.clients();
        clients.retain(|there| there.client_id == client.client_id);
        let token = clients.pop().and_then(|there| there.registration_access_token);
        let token = token.unwrap_or_else(|| "gone".to_owned());
        self.manage_with(method, client, &token, body).await;
    }

    async fn manage_with(&mut self, method: &str, client: &Client, token: &str, body: Option<&Value>) {
        let nowhere = || self.caller.emulator.registration_url() + "/gone";
        let url = self
            .caller
            .emulator
            .management_url(&client.client_id)
            .unwrap_or_else(nowhere);
        let answer = self.caller.manage(method, &url, token, body).await;
        self.said.note(method, &answer);
    }

    async fn token(&mut self, client: &Client, more: &[(&str, &str)]) {
        let secret = client.client_secret.clone().unwrap_or_default();
        let form = [&[GRANT], more].concat();
        let answer = self.caller.token(&client.client_id, &secret, &form).await;
        self.said.note("token", &answer);
    }

    /// A client that is there whatever the switches say of registrations.
    fn add(&self, more: &Value) -> Client {
        let document = with(&with(&machine("added"), &json!({ "scope": "b a" })), more);
        self.caller
            .emulator
            .add_client(document.as_object().unwrap().clone())
    }

    fn there(&self, client: &Client) -> Client {
        let clients = self.caller.emulator.clients();
        clients
            .into_iter()
            .find(|there| there.client_id == client.client_id)
            .unwrap()
    }

    async fn discover(&mut self) {
        for name in ["openid-configuration", "oauth-authorization-server"] {
            for path in [
                format!("/tenants/a/.well-known/{name}"),
                format!("/.well-known/{name}/tenants/a"),
            ] {
                let answer = self.caller.get(&path).await;
                self.said.note(&path, &answer);
            }
        }
    }

    async fn registrations(&mut self) {
        let more = json!({
            "scope": "b a", "grant_types": ["client_credentials", "refresh_token"], "contacts": ["z", "y", "w", "x"],
            "software_id": "soft", "default_max_age": 60, "x_unknown": 1,
        });
        self.register("machine", &with(&machine("x"), &more)).await;
        self.register(
            "web",
            &json!({ "redirect_uris": ["https://a.example"], "token_endpoint_auth_method": "none" }),
        )
        .await;
        self.register(
            "local",
            &json!({ "redirect_uris": ["http://[::1]"], "token_endpoint_auth_method": "client_secret_post" }),
        )
        .await;
        self.register("bare", &json!({ "grant_types": ["client_credentials"] }))
            .await;
        self.register(
            "unknown scope",
            &with(&machine("u"), &json!({ "scope": "b nope" })),
        )
        .await;
        self.register("nonsense", &json!({ "grant_types": ["magic"] }))
            .await;
        let url = self.caller.emulator.registration_url();
        let untyped = self.caller.request("POST", &url).body(machine("t").to_string());
        self.said
            .note("untyped", &Read::of(untyped.send().await.unwrap()).await);
        let page = self.caller.http.post(&url).json(&json!({}));
        self.said
            .note("page", &Read::of(page.send().await.unwrap()).await);
        self.turn(&[("client_limit", "1")]);
        self.register("limit", &machine("l")).await;
        self.turn(&[("secret_seconds", "7200")]);
        self.register("expiring", &machine("e")).await;
        self.turn(&[]);
        self.caller.emulator.set_initial_access_token(Some("initial"));
        self.register("no token", &machine("i")).await;
        for _ in 0..3 {
            let request = self
                .caller
                .request("POST", &url)
                .bearer_auth("initial")
                .json(&machine("i"));
            self.said
                .note("initial", &Read::of(request.send().await.unwrap()).await);
        }
        self.caller.emulator.set_initial_access_token(None);
    }

    async fn management(&mut self) {
        let client = self.add(&json!({ "contacts": ["z", "y", "w", "x"] }));
        let secret = client.client_secret.clone().unwrap();
        self.manage("GET", &client, None).await;
        let update =
            json!({ "client_id": client.client_id, "grant_types": ["client_credentials"], "scope": "c" });
        self.manage("PUT", &client, Some(&update)).await;
        let current = self.there(&client).client_secret;
        let with_secret = with(&update, &json!({ "client_secret": current }));
        self.manage("PUT", &client, Some(&with_secret)).await;
        self.manage(
            "PUT",
            &client,
            Some(&with(&update, &json!({ "client_id_issued_at": 1 }))),
        )
        .await;
        let past = Timestamp::now().as_second() - 3600;
        self.caller
            .emulator
            .edit_client(&client.client_id, |client| client.client_secret_expires_at = past);
        let current = self.there(&client).client_secret;
        self.manage(
            "PUT",
            &client,
            Some(&with(&update, &json!({ "client_secret": current }))),
        )
        .await;
        let answer = self.caller.token(&client.client_id, &secret, &[GRANT]).await;
        self.said.note("first secret", &answer);
        self.manage("PATCH", &client, None).await;
        self.manage_with("GET", &client, "wrong", None).await;
        self.manage("DELETE", &client, None).await;
        self.caller.emulator.remove_client(&client.client_id);
        self.manage("GET", &client, None).await;
    }

    async fn renewal(&mut self) {
        let everything = [
            ("rat_on_get", "new"),
            ("rat_on_put", "new"),
            ("secret_on_get", "new"),
            ("secret_on_put", "new"),
        ];
        for companions in [&everything[..], &everything[1..2], &everything[..1]] {
            self.turn(companions);
            let client = self.add(&json!({}));
            let update =
                json!({ "client_id": client.client_id, "grant_types": ["client_credentials"], "scope": "a" });
            self.manage("PUT", &client, Some(&update)).await;
            let token = client.registration_access_token.clone().unwrap();
            self.manage_with("GET", &client, &token, None).await;
            self.token(&client, &[]).await;
            let client = self.there(&client);
            self.manage("GET", &client, None).await;
            let token = client.registration_access_token.clone().unwrap();
            self.manage_with("GET", &client, &token, None).await;
            self.token(&client, &[]).await;
        }
        self.turn(&[]);
        let [one, other, third] = [json!({}), json!({}), json!({})].map(|more| self.add(&more));
        let foreign = other.registration_access_token.clone().unwrap();
        self.manage_with("GET", &one, &foreign, None).await;
        self.manage("GET", &other, None).await;
        self.caller.emulator.remove_client(&one.client_id);
        let foreign = third.registration_access_token.clone().unwrap();
        self.manage_with("GET", &one, &foreign, None).await;
        self.manage("GET", &third, None).await;
    }

    /// Last, since only one switch needs it.
    async fn wait(&mut self) {
        let client = self.add(&json!({}));
        tokio::time::sleep(Duration::from_millis(1050)).await;
        self.manage("GET", &client, None).await;
    }

    async fn tokens(&mut self) {
        let client = self.add(&json!({}));
        self.token(&client, &[]).await;
        self.token(&client, &[("scope", "b c")]).await;
        self.token(&client, &[("grant_type", "password")]).await;
        let post = self.add(&json!({ "token_endpoint_auth_method": "client_secret_post" }));
        self.token(&post, &[]).await;
        self.caller.emulator.edit_client(&client.client_id, |client| {
            client.client_secret = Some("+%41:/".to_owned());
        });
        for secret in ["+%41:/", "%2B%2541%3A%2F", "wrong"] {
            let answer = self.caller.token(&client.client_id, secret, &[GRANT]).await;
            self.said.note(secret, &answer);
        }
        self.said
            .lines
            .push(format!("{} left", self.caller.emulator.clients().len()));
    }
}

async fn conversation(name: &str, value: &str) -> Vec<String> {
    let mut caller = Caller::with(Config {
        issuer_path: "/tenants/a".to_owned(),
        scopes: ["a", "b", "c"].map(str::to_owned).to_vec(),
        ..Config::default()
    })
    .await;
    // Connections are kept: nothing gets lost here, and there are many requests.
    caller.http = reqwest::Client::builder().no_proxy().build().unwrap();
    let said = Transcript {
        url: caller.emulator.url(),
        ..Transcript::default()
    };
    let mut conversation = Conversation {
        caller,
        said,
        tested: (name, value),
    };
    conversation.turn(&[]);
    conversation.discover().await;
    conversation.registrations().await;
    conversation.management().await;
    conversation.renewal().await;
    conversation.tokens().await;
    if name == "rat_seconds" {
        conversation.wait().await;
    }
    conversation.said.lines
}

#[tokio::test(flavor = "multi_thread")]
async fn each_value_of_each_switch_makes_a_difference() {
    let switches = Switches::info();
    assert!(switches.len() > 60);
    each_value_makes_a_difference(switches, samples, conversation).await;
}
