//! Cocoon's emulator as the authorization server of a test: id and secret are chosen by the operator, or the secret by the
//! application, and nothing shows it again.

use authserver_emulator::cocoon::state::{App, User};
use authserver_emulator::cocoon::{Config, Emulator};
use authserver_emulator::digitalroute::state::random;
use serde_json::{Value, json};

use super::published::Pair;
use super::world::World;

const ADMIN: &str = "operator";
const ADA: &str = "ada";
/// The app that the operator logs in with.
const BOOTSTRAP: &str = "bootstrap";

/// The emulator, and what is known of it.
pub struct Cocoon {
    world: &'static World,
    pub emulator: Emulator,
    /// Of the administrator, of the user, and of the app that the operator logs in with.
    password: String,
}

impl Cocoon {
    pub async fn start(world: &'static World) -> Self {
        let password = random(32, b"abcdefghkmnpqrstuvwxyz23456789");
        world.witness.knows([password.clone()]);
        let user = |name: &str| User {
            username: name.to_owned(),
            password: password.clone(),
            administrator: name == ADMIN,
            two_factor: false,
        };
        let config = Config {
            users: vec![user(ADMIN), user(ADA)],
            bootstrap: (BOOTSTRAP.to_owned(), password.clone()),
            ..Config::default()
        };
        Self {
            world,
            emulator: Emulator::start(config).await.unwrap(),
            password,
        }
    }

    /// What is in the credential Secret.
    pub fn credential(&self) -> Value {
        json!({
            "username": ADMIN, "password": self.password, "client-id": BOOTSTRAP, "client-secret": self.password,
        })
    }

    /// `spec.provider` of the server object; the credential Secret is called so.
    pub fn provider(&self, secret: &str) -> Value {
        json!({"cocoon": {
            "url": self.emulator.base_url(),
            "auth": {"password": {"secretRef": {"name": secret}}},
        }})
    }

    /// Whether a token is issued for a pair, with the password of a user, as an app that nobody asks more of has that
    /// grant; the status of the refusal if not.
    pub async fn token(&self, pair: &Pair) -> Result<(), u16> {
        let request = self.world.http.post(self.emulator.token_url());
        let request = request.basic_auth(&pair.id, Some(&pair.secret));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let form = format!("grant_type=password&username={ADA}&password={}", self.password);
        let answer = request.body(form).send().await.unwrap();
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(answer.status().as_u16())
        }
    }

    /// The apps that it has, but for the one that the operator logs in with.
    pub fn apps(&self) -> Vec<App> {
        let mut apps = self.emulator.clients();
        apps.retain(|app| app.client_id != BOOTSTRAP);
        apps
    }
}

impl Drop for Cocoon {
    fn drop(&mut self) {
        self.world.witness.knows(self.emulator.credentials());
    }
}
