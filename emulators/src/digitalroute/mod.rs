//! The Authorization Server of DigitalRoute MediationZone and Usage Engine Private Edition.
//!
//! Clients and scopes are managed with HTTP Basic; the name of a client is its handle; PATCH replaces id and
//! secret both. There is a token endpoint for `client_credentials`. Not emulated: TLS, other grants, storage.

mod admin;
pub mod choices;
mod clients;
mod emulator;
mod route;
mod scopes;
pub mod state;
mod switches;
mod token;
mod voice;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use emulator::Emulator;
pub use switches::Switches;

use crate::http::{Answer, Request};
use crate::{AuthServer, Call, Done, Operation};
use route::Target;
use state::{Client, Store};
use voice::Voice;

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
    /// GET `/clients/<name>`.
    pub const GET: Operation = read("get");
    /// POST `/clients`.
    pub const REGISTER: Operation = mutation("register");
    /// PUT `/clients/<name>`.
    pub const PUT: Operation = mutation("put");
    /// PATCH `/clients/<name>`.
    pub const ROTATE: Operation = mutation("rotate");
    /// DELETE `/clients/<name>`.
    pub const DELETE: Operation = mutation("delete");
    /// GET `/scope`.
    pub const SCOPE_GET: Operation = read("scope_get");
    /// POST `/scope`.
    pub const SCOPE_POST: Operation = mutation("scope_post");
    /// PATCH `/scope`.
    pub const SCOPE_PATCH: Operation = mutation("scope_patch");
    /// A token request.
    pub const TOKEN: Operation = read("token");
    /// Whatever else came: unknown paths and methods.
    pub const OTHER: Operation = read("other");
    /// All of them.
    pub const ALL: &[Operation] = &[
        LIST,
        GET,
        REGISTER,
        PUT,
        ROTATE,
        DELETE,
        SCOPE_GET,
        SCOPE_POST,
        SCOPE_PATCH,
        TOKEN,
        OTHER,
    ];
}

/// Who may call the management API.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// Everybody, as with `management-api.enable-basic-auth: false`.
    Open,
    /// One user with HTTP Basic.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: String,
    },
}

impl fmt::Debug for Auth {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => formatter.write_str("Open"),
            Self::Basic { username, .. } => write!(formatter, "Basic({username})"),
        }
    }
}

/// What an emulator is started with, and returns to on a reset.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// Who may call.
    pub auth: Auth,
    /// What comes before `/clients` and `/scope`: `/authserver/api` for recent releases, `/api` for MD 8 and 9.
    pub api_prefix: String,
    /// The token endpoint.
    pub token_path: String,
    /// Scopes that are provisioned from the start.
    pub scopes: Vec<String>,
    /// The switches.
    pub switches: Switches,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            auth: Auth::Basic {
                username: "operator".to_owned(),
                password: "operator-password".to_owned(),
            },
            api_prefix: "/authserver/api".to_owned(),
            token_path: "/authserver/token".to_owned(),
            scopes: Vec::new(),
            switches: Switches::default(),
        }
    }
}

/// The server, in memory.
#[derive(Debug)]
pub struct DigitalRoute {
    config: Config,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    switches: Switches,
    auth: Auth,
    store: Store,
}

impl Inner {
    fn new(config: &Config) -> Self {
        Self {
            switches: config.switches.clone(),
            auth: config.auth.clone(),
            store: Store::with_scopes(&config.scopes),
        }
    }

    fn lets_in(&self, request: &Request) -> bool {
        match &self.auth {
            Auth::Open => true,
            Auth::Basic { username, password } => request
                .basic()
                .is_some_and(|(user, word)| user == *username && word == *password),
        }
    }
}

impl DigitalRoute {
    /// A server as configured.
    pub fn new(config: Config) -> Self {
        let inner = Mutex::new(Inner::new(&config));
        Self { config, inner }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clients(&self) -> Vec<Client> {
        self.inner().store.clients.clone()
    }
}

impl AuthServer for DigitalRoute {
    fn operations(&self) -> &'static [Operation] {
        operations::ALL
    }

    fn classify(&self, request: &Request) -> Call {
        let inner = self.inner();
        let target = route::target(&self.config, &inner.switches, &request.path);
        let operation = route::operation(&target, &request.method);
        let name = match target {
            Target::Client(name) => Some(name),
            Target::Clients if operation == operations::REGISTER => route::name_in_body(request),
            Target::Token => crate::token::client_id(request).and_then(|id| inner.store.name_of(&id)),
            Target::Clients | Target::Scope | Target::Refused(_) | Target::Elsewhere => None,
        };
        Call { operation, name }
    }

    fn perform(&self, request: &Request) -> Done {
        let mut inner = self.inner();
        let Inner { switches, store, .. } = &mut *inner;
        let voice = Voice { switches, request };
        let target = route::target(&self.config, switches, &request.path);
        let operation = route::operation(&target, &request.method);
        if operation == operations::TOKEN {
            return Done::unchanged(token::token(store, voice));
        }
        match target {
            Target::Token => Done::unchanged(voice.refuse(405, "the method is not allowed")),
            Target::Elsewhere => Done::unchanged(voice.refuse(404, "there is nothing here")),
            target => inner.manage(&target, operation, request),
        }
    }

    fn control(&self, path: &[&str], request: &Request) -> Option<Answer> {
        admin::control(self, path, request)
    }

    fn state(&self) -> Value {
        let inner = self.inner();
        json!({
            "clients": inner.store.clients,
            "scopes": inner.store.scopes,
            "old_pairs": inner.store.old_pairs.iter().filter(|pair| pair.is_alive()).collect::<Vec<_>>(),
            "tokens_issued": inner.store.tokens.len(),
        })
    }

    fn reset(&self) {
        *self.inner() = Inner::new(&self.config);
    }
}

impl Inner {
    /// A call to the management API.
    fn manage(&mut self, target: &Target, operation: Operation, request: &Request) -> Done {
        let allowed = self.lets_in(request);
        let Self { switches, store, .. } = self;
        let voice = Voice { switches, request };
        if !allowed {
            return Done::unchanged(voice.unauthorized());
        }
        if let Err(refusal) = voice.check_body(operation) {
            return Done::unchanged(refusal);
        }
        let name = match target {
            Target::Client(name) => name.as_str(),
            _ => "",
        };
        match operation {
            operations::LIST => Done::unchanged(clients::list(store, voice)),
            operations::GET => Done::unchanged(clients::get(store, voice, name)),
            operations::REGISTER => Done::settled(clients::register(store, voice)),
            operations::PUT => Done::settled(clients::put(store, voice, name)),
            operations::ROTATE => Done::settled(clients::rotate(store, voice, name)),
            operations::DELETE => Done::settled(clients::delete(store, voice, name)),
            operations::SCOPE_GET => scopes::get(store, voice),
            operations::SCOPE_POST => Done::settled(scopes::post(store, voice)),
            operations::SCOPE_PATCH => Done::settled(scopes::patch(store, voice)),
            _ => match target {
                Target::Refused(status) => {
                    Done::unchanged(voice.refuse(*status, "this path is not accepted"))
                }
                _ => Done::unchanged(voice.refuse(405, "the method is not allowed")),
            },
        }
    }
}
