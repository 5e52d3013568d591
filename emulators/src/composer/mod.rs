//! Composer Trusted Access, of Zoomdata, Logi Composer, Symphony and Simba.
//!
//! Clients are managed by an administrator with Basic or in a session; the server chooses id and secret, shows
//! the secret once and cannot replace it; names are unique. Tokens are for users of the product. Not emulated:
//! TLS, the login page, everything of the product that the tokens are good for.

mod access;
mod admin;
pub mod choices;
mod clients;
mod emulator;
mod route;
pub mod state;
mod switches;
mod tokens;
mod voice;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use emulator::Emulator;
pub use switches::Switches;

use crate::http::{Answer, Request};
use crate::{AuthServer, Call, Done, Operation};
use access::Administrator;
use choices::TrustedAccess;
use route::Target;
use state::{Client, Session, Store, User, made_up};
use voice::Voice;

/// What comes between the context path and `/clients`.
const API: &str = "/api/trusted-access";
/// The validity of clients that were there before, in seconds.
const SEED_VALIDITY: u32 = 300;

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

    /// GET `/clients`.
    pub const LIST: Operation = read("list");
    /// GET `/clients/<id>`.
    pub const GET: Operation = read("get");
    /// POST `/clients`.
    pub const REGISTER: Operation = mutation("register");
    /// PATCH `/clients/<id>`.
    pub const UPDATE: Operation = mutation("update");
    /// DELETE `/clients/<id>`.
    pub const DELETE: Operation = mutation("delete");
    /// POST `/pull/tokens`, or `/token` of an old release: a token, and no change of a client.
    pub const PULL: Operation = read("pull");
    /// POST `/push/tokens`, which writes a user.
    pub const PUSH: Operation = mutation("push");
    /// DELETE `/tokens/<id>`.
    pub const REVOKE: Operation = read("revoke");
    /// Whatever else came: unknown paths and methods.
    pub const OTHER: Operation = read("other");
    /// All of them.
    pub const ALL: &[Operation] = &[LIST, GET, REGISTER, UPDATE, DELETE, PULL, PUSH, REVOKE, OTHER];
}

/// What an emulator is started with, and returns to on a reset.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// What comes first in every path: `/composer`, `/zoomdata`, `/discovery`, or nothing.
    pub context_path: String,
    /// The user of the management API.
    pub username: String,
    /// The password of that user.
    pub password: String,
    /// A session that is there from the start, and lasts as the switches say: its cookie and its CSRF token.
    pub session: Option<(String, String)>,
    /// Users that are there.
    pub users: Vec<User>,
    /// Accounts that are there beside those of users.
    pub accounts: Vec<String>,
    /// Names of clients that somebody registered before.
    pub clients: Vec<String>,
    /// The switches.
    pub switches: Switches,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            context_path: "/composer".to_owned(),
            username: "operator".to_owned(),
            password: "operator-password".to_owned(),
            session: None,
            users: Vec::new(),
            accounts: Vec::new(),
            clients: Vec::new(),
            switches: Switches::default(),
        }
    }
}

/// The server, in memory.
pub struct Composer {
    config: Config,
    seeds: Vec<Client>,
    inner: Mutex<Inner>,
}

struct Inner {
    switches: Switches,
    administrator: Administrator,
    store: Store,
}

impl Inner {
    fn new(config: &Config, seeds: &[Client]) -> Self {
        let (users, accounts) = (config.users.clone(), config.accounts.clone());
        let mut store = Store::new(seeds.to_vec(), users, accounts);
        if let Some((cookie, csrf_token)) = config.session.clone() {
            store.keep_session(Session::new(cookie, csrf_token));
        }
        Self {
            switches: config.switches.clone(),
            administrator: Administrator {
                username: config.username.clone(),
                password: config.password.clone(),
            },
            store,
        }
    }

    fn knows_pair(&self, client_id: &str, client_secret: &str) -> bool {
        let mut clients = self.store.clients.now().iter();
        clients.any(|client| {
            client.client_id == client_id
                && client.client_secret == client_secret
                && !client.secret_has_expired()
        })
    }
}

impl Composer {
    /// A server as configured.
    pub fn new(config: Config) -> Self {
        let names = config.clients.iter();
        let seeds: Vec<_> = names
            .map(|name| made_up(&config.switches, name, SEED_VALIDITY))
            .collect();
        let inner = Mutex::new(Inner::new(&config, &seeds));
        Self { config, seeds, inner }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuthServer for Composer {
    fn operations(&self) -> &'static [Operation] {
        operations::ALL
    }

    fn classify(&self, request: &Request) -> Call {
        let inner = self.inner();
        let target = route::target(&self.config.context_path, inner.switches.release, &request.path);
        let operation = route::operation(&target, &request.method);
        let name = match target {
            Target::Client(id) => inner.store.name_of(&id),
            Target::Clients if operation == operations::REGISTER => route::name_in_body(request),
            Target::Pull | Target::Push | Target::Token(_) => {
                request.basic().and_then(|(id, _)| inner.store.name_of(&id))
            }
            Target::Clients | Target::Elsewhere => None,
        };
        Call { operation, name }
    }

    fn perform(&self, request: &Request) -> Done {
        let mut inner = self.inner();
        let Inner {
            switches,
            administrator,
            store,
        } = &mut *inner;
        let voice = Voice { switches, request };
        let target = route::target(&self.config.context_path, switches.release, &request.path);
        let operation = route::operation(&target, &request.method);
        if switches.trusted_access == TrustedAccess::Off || target == Target::Elsewhere {
            let known = request
                .bearer()
                .is_some_and(|token| store.tokens.contains_key(token));
            let status = if known { 401 } else { 404 };
            return Done::unchanged(voice.refuse(status, "there is nothing here"));
        }
        match (&target, operation) {
            (_, operations::OTHER) => Done::unchanged(voice.refuse(405, "the method is not allowed")),
            (Target::Pull, _) => Done::settled(tokens::pull(store, voice)),
            (Target::Push, _) => Done::settled(tokens::push(store, voice)),
            (Target::Token(id), _) => Done::settled(tokens::revoke(store, voice, id)),
            _ => {
                if let Err(refusal) = access::check(administrator, store, voice, operation) {
                    return Done::unchanged(refusal);
                }
                let Done { answer, changed } = manage(store, voice, &target, operation);
                let answer = access::offer_session(store, voice, answer);
                Done { answer, changed }
            }
        }
    }

    fn control(&self, path: &[&str], request: &Request) -> Option<Answer> {
        admin::control(self, path, request)
    }

    fn state(&self) -> Value {
        let inner = self.inner();
        let sessions = inner.store.sessions.iter();
        let sessions: Vec<_> = sessions
            .map(|session| json!({ "session": session.cookie, "csrf_token": session.csrf_token }))
            .collect();
        json!({
            "clients": inner.store.clients.now(),
            "users": inner.store.users,
            "sessions": sessions,
            "tokens": inner.store.tokens.len(),
        })
    }

    fn reset(&self) {
        *self.inner() = Inner::new(&self.config, &self.seeds);
    }
}

/// A call under `/clients` of somebody who may make it.
fn manage(store: &mut Store, voice: Voice<'_>, target: &Target, operation: Operation) -> Done {
    let has_body = [operations::REGISTER, operations::UPDATE].contains(&operation);
    if let Err(refusal) = voice.check_media(has_body) {
        return Done::unchanged(refusal);
    }
    let id = match target {
        Target::Client(id) => id.as_str(),
        _ => "",
    };
    match operation {
        operations::LIST => Done::unchanged(clients::list(store, voice)),
        operations::REGISTER => Done::settled(clients::register(store, voice)),
        operations::UPDATE => Done::settled(clients::update(store, voice, id)),
        operations::DELETE => Done::settled(clients::delete(store, voice, id)),
        _ => Done::unchanged(clients::get(store, voice, id)),
    }
}
