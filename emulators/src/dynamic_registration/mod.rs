//! A server with dynamic client registration: RFC 7591, RFC 7592, and the discovery documents of RFC 8414 and
//! OpenID Connect.
//!
//! Clients register themselves with JSON; each is managed at an address of its own with a token of its own,
//! which answers may replace. There is a token endpoint for `client_credentials`. Not emulated: TLS, users,
//! other grants, keys, signatures of software statements.

mod admin;
pub mod choices;
mod discovery;
mod document;
mod emulator;
mod manage;
pub mod manage_choices;
mod metadata;
mod register;
mod route;
pub mod state;
mod switches;
mod token;
mod voice;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use emulator::Emulator;
pub use switches::Switches;

use crate::http::{Answer, Request};
use crate::{AuthServer, Call, Done, Operation};
use manage_choices::Management;
use route::Target;
use state::Store;
use voice::{Refusal, Voice};

/// The registration endpoint, below the issuer.
const REGISTER_PATH: &str = "/register";
/// The token endpoint, below the issuer.
const TOKEN_PATH: &str = "/token";

/// The operations that the journal counts.
pub mod operations {
    use crate::Operation;

    const fn read(name: &'static str) -> Operation {
        Operation {
            name,
            mutating: false,
        }
    }
    const fn mutation(name: &'static str) -> Operation {
        Operation { name, mutating: true }
    }

    /// GET of anything below `/.well-known/`, whether there is such a document or not.
    pub const DISCOVER: Operation = read("discover");
    /// POST to the registration endpoint.
    pub const REGISTER: Operation = mutation("register");
    /// GET of a client's configuration.
    pub const READ: Operation = read("read");
    /// PUT of a client's configuration.
    pub const UPDATE: Operation = mutation("update");
    /// DELETE of a client's configuration.
    pub const DELETE: Operation = mutation("delete");
    /// A token request.
    pub const TOKEN: Operation = read("token");
    /// Whatever else came: unknown paths and methods.
    pub const OTHER: Operation = read("other");
    /// All of them.
    pub const ALL: &[Operation] = &[DISCOVER, REGISTER, READ, UPDATE, DELETE, TOKEN, OTHER];
}

/// What an emulator is started with, and returns to on a reset.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// How callers reach it, without a slash at the end, where that is not `http://` and the address that it
    /// listens on: what it says of its addresses begins with this.
    pub public_url: Option<String>,
    /// What follows in the issuer identifier: empty, or a path such as `/tenants/a`.
    pub issuer_path: String,
    /// The token that a registration needs; `None` for a server that registers everybody.
    pub initial_access_token: Option<String>,
    /// The software statements that are approved. When there is one, a registration needs one.
    pub software_statements: Vec<String>,
    /// The scopes that the server knows; none for a server that knows every one.
    pub scopes: Vec<String>,
    /// The switches.
    pub switches: Switches,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            public_url: None,
            issuer_path: String::new(),
            initial_access_token: None,
            software_statements: Vec::new(),
            scopes: Vec::new(),
            switches: Switches::default(),
        }
    }
}

/// The token that a registration needs, and how often it was used.
struct InitialToken {
    token: Option<String>,
    used: u64,
}

impl InitialToken {
    fn new(token: Option<String>) -> Self {
        Self { token, used: 0 }
    }

    fn is_required(&self) -> bool {
        self.token.is_some()
    }

    fn lets_in(&self, switches: &Switches, request: &Request) -> bool {
        let uses = switches.initial_token_uses;
        match &self.token {
            None => true,
            Some(token) => request.bearer() == Some(token) && (uses == 0 || self.used < uses),
        }
    }
}

/// The server, in memory.
pub struct DynamicRegistration {
    config: Config,
    origin: String,
    inner: Mutex<Inner>,
}

struct Inner {
    switches: Switches,
    initial: InitialToken,
    store: Store,
}

impl Inner {
    fn new(config: &Config) -> Self {
        Self {
            switches: config.switches.clone(),
            initial: InitialToken::new(config.initial_access_token.clone()),
            store: Store::default(),
        }
    }
}

impl DynamicRegistration {
    /// A server as configured, which is listened for at an address.
    pub fn new(config: Config, address: SocketAddr) -> Self {
        let inner = Mutex::new(Inner::new(&config));
        let origin = config.public_url.clone();
        let origin = origin.unwrap_or_else(|| format!("http://{address}"));
        Self {
            config,
            origin,
            inner,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn issuer(&self) -> String {
        format!("{}{}", self.origin, self.config.issuer_path)
    }
}

impl AuthServer for DynamicRegistration {
    fn operations(&self) -> &'static [Operation] {
        operations::ALL
    }

    fn classify(&self, request: &Request) -> Call {
        let inner = self.inner();
        let target = route::target(&self.config.issuer_path, &inner.switches, request);
        let operation = route::operation(&target, &request.method);
        let name = match &target {
            Target::Register => name_in_body(request),
            Target::Client(place) => {
                let client = inner
                    .store
                    .clients
                    .iter()
                    .find(|client| client.place.is_at(place));
                let id = client.map_or(place.key.as_str(), |client| client.client_id.as_str());
                inner.store.name_of(id).map(str::to_owned)
            }
            Target::Token => {
                crate::token::client_id(request).and_then(|id| inner.store.name_of(&id).map(str::to_owned))
            }
            Target::Discovery(_) | Target::Elsewhere => None,
        };
        Call { operation, name }
    }

    fn perform(&self, request: &Request) -> Done {
        let mut inner = self.inner();
        let Inner {
            switches,
            initial,
            store,
        } = &mut *inner;
        let config = &self.config;
        let voice = Voice {
            switches,
            request,
            origin: &self.origin,
            issuer_path: &config.issuer_path,
        };
        let nothing = || voice.refuse(&Refusal::new(404, "not_found", "there is nothing here"));
        let target = route::target(&config.issuer_path, switches, request);
        let operation = route::operation(&target, &request.method);
        match target {
            Target::Discovery(Some(document)) if operation == operations::DISCOVER => {
                Done::unchanged(discovery::answer(voice, document, &config.scopes))
            }
            Target::Discovery(Some(_)) => Done::unchanged(voice.not_allowed(405, "GET")),
            Target::Register if operation == operations::REGISTER => {
                Done::settled(register::register(store, initial, config, voice))
            }
            Target::Token if operation == operations::TOKEN => Done::unchanged(token::token(store, voice)),
            Target::Register | Target::Token => Done::unchanged(voice.not_allowed(405, "POST")),
            Target::Client(place) if switches.management != Management::None => match operation {
                operations::READ => manage::read(store, voice, &place),
                operations::UPDATE => manage::update(store, config, voice, &place),
                operations::DELETE => manage::delete(store, voice, &place),
                _ => Done::unchanged(manage::other(voice)),
            },
            Target::Client(_) | Target::Discovery(None) | Target::Elsewhere => Done::unchanged(nothing()),
        }
    }

    fn control(&self, path: &[&str], request: &Request) -> Option<Answer> {
        admin::control(self, path, request)
    }

    fn state(&self) -> Value {
        let inner = self.inner();
        let store = &inner.store;
        let old_secrets = store.old_secrets.iter().filter(|old| old.is_alive());
        json!({
            "issuer": self.issuer(),
            "clients": store.clients,
            "old_secrets": old_secrets.collect::<Vec<_>>(),
            "old_registration_access_tokens": store.old_rats,
            "initial_access_token": inner.initial.token,
            "initial_access_token_used": inner.initial.used,
            "tokens_issued": store.tokens.len(),
        })
    }

    fn reset(&self) {
        *self.inner() = Inner::new(&self.config);
    }
}

/// The name in the body of a registration.
fn name_in_body(request: &Request) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body.get("client_name")?.as_str().map(str::to_owned)
}
