//! Ory Hydra: its admin API and its token endpoint.
//!
//! The caller may choose id and secret of a client; the secret is shown when it is set, and never again. Clients
//! carry free metadata and lifespans of their own. Secrets can be rotated with an overlap where a switch says so.
//! Not emulated: TLS, client certificates, users and their grants, fetching of `jwks_uri` and
//! `sector_identifier_uri`, dynamic registration, other parts of the admin API.

mod admin;
mod assertion;
pub mod choices;
mod clients;
mod document;
mod emulator;
mod fields;
mod keys;
mod lifespan;
mod pages;
mod patch;
mod rotation;
mod route;
pub mod state;
mod switches;
mod token;
mod voice;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::header::{ALLOW, HeaderValue};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use emulator::Emulator;
pub use switches::Switches;

use crate::http::{Answer, Request, title};
use crate::management_choices::Feature;
use crate::switch::Either::{Do, Refuse};
use crate::{AuthServer, Call, Done, Operation};
use route::Target;
use state::{Client, Store};
use voice::{Refusal, Voice};

/// The token endpoint, below the public path.
const TOKEN_PATH: &str = "/oauth2/token";

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

    /// GET `/admin/clients`.
    pub const LIST: Operation = read("list");
    /// GET `/admin/clients/<client_id>`.
    pub const GET: Operation = read("get");
    /// POST `/admin/clients`.
    pub const REGISTER: Operation = mutation("register");
    /// PUT `/admin/clients/<client_id>`.
    pub const UPDATE: Operation = mutation("update");
    /// PATCH `/admin/clients/<client_id>`.
    pub const PATCH: Operation = mutation("patch");
    /// DELETE `/admin/clients/<client_id>`.
    pub const DELETE: Operation = mutation("delete");
    /// PUT `/admin/clients/<client_id>/lifespans`.
    pub const LIFESPANS: Operation = mutation("lifespans");
    /// POST `/admin/clients/<client_id>/secrets/rotate`.
    pub const ROTATE: Operation = mutation("rotate");
    /// DELETE `/admin/clients/<client_id>/secrets/rotate`.
    pub const CLEAR: Operation = mutation("clear");
    /// A token request.
    pub const TOKEN: Operation = read("token");
    /// Whatever else came: unknown paths and methods.
    pub const OTHER: Operation = read("other");
    /// All of them.
    pub const ALL: &[Operation] = &[
        LIST, GET, REGISTER, UPDATE, PATCH, DELETE, LIFESPANS, ROTATE, CLEAR, TOKEN, OTHER,
    ];
}

/// What an emulator is started with, and returns to on a reset.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 for any. The real server has two ports, this one has one for both APIs.
    pub listen: SocketAddr,
    /// What comes first in every path of the admin API, as a proxy may have it; empty for nothing.
    pub admin_path: String,
    /// What comes first in every path of the public API.
    pub public_path: String,
    /// How callers reach the public API, without a slash at the end, where that is not `http://`, the address that
    /// it listens on, and the public path.
    pub public_url: Option<String>,
    /// The token that the admin API needs, of what guards it; `None` for an open one, as the server itself is.
    pub bearer_token: Option<String>,
    /// Each the id of a client that somebody registered before; its secret is `secret-of-` and that.
    pub clients: Vec<String>,
    /// The switches.
    pub switches: Switches,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            admin_path: String::new(),
            public_path: String::new(),
            public_url: None,
            bearer_token: None,
            clients: Vec::new(),
            switches: Switches::default(),
        }
    }
}

/// The server, in memory.
pub struct Hydra {
    config: Config,
    public_url: String,
    inner: Mutex<Inner>,
}

struct Inner {
    switches: Switches,
    bearer_token: Option<String>,
    store: Store,
}

impl Inner {
    fn new(config: &Config) -> Self {
        let mut store = Store::default();
        for id in &config.clients {
            store.add(there_before(id));
        }
        store.clients.forget();
        Self {
            switches: config.switches.clone(),
            bearer_token: config.bearer_token.clone(),
            store,
        }
    }

    fn knows_pair(&self, client_id: &str, client_secret: &str) -> bool {
        let client = self.store.find(&self.switches, client_id);
        client.is_some_and(|client| client.has_secret() && client.knows(client_secret))
    }
}

/// A client of somebody else. Its secret is not its id: who looks for secrets where they must not be would find
/// that everywhere.
fn there_before(client_id: &str) -> Client {
    let now = Timestamp::now();
    let document = json!({
        "grant_types": ["client_credentials"],
        "scope": "read",
        "token_endpoint_auth_method": "client_secret_basic",
        "subject_type": "public",
        "userinfo_signed_response_alg": "none",
    });
    Client {
        client_id: client_id.to_owned(),
        client_secret: format!("secret-of-{client_id}"),
        rotated_secrets: Vec::new(),
        created_at: now,
        updated_at: now,
        document: fields_of(document),
    }
}

fn fields_of(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

impl Hydra {
    /// A server as configured, which is listened for at an address.
    pub fn new(config: Config, address: SocketAddr) -> Self {
        let inner = Mutex::new(Inner::new(&config));
        let public_url = config.public_url.clone();
        let public_url = public_url.unwrap_or_else(|| format!("http://{address}{}", config.public_path));
        Self {
            config,
            public_url,
            inner,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuthServer for Hydra {
    fn operations(&self) -> &'static [Operation] {
        operations::ALL
    }

    fn classify(&self, request: &Request) -> Call {
        let inner = self.inner();
        let target = route::target(&self.config, inner.switches.release, &request.path);
        let operation = route::operation(&target, &request.method);
        let name = match &target {
            Target::Clients if operation == operations::REGISTER => route::name_in_body(request),
            Target::Token => token::client_id(request).and_then(|id| inner.store.name_of(&id)),
            target => target.client_id().and_then(|id| inner.store.name_of(id)),
        };
        Call { operation, name }
    }

    fn perform(&self, request: &Request) -> Done {
        let mut inner = self.inner();
        let Inner {
            switches,
            bearer_token,
            store,
        } = &mut *inner;
        let voice = Voice {
            switches,
            request,
            public_url: &self.public_url,
        };
        let target = route::target(&self.config, switches.release, &request.path);
        let operation = route::operation(&target, &request.method);
        if operation == operations::TOKEN {
            return Done::unchanged(token::token(store, voice));
        }
        let is_let_in = bearer_token.is_none() || request.bearer() == bearer_token.as_deref();
        if target != Target::Token && !is_let_in {
            return Done::unchanged(voice.unauthorized());
        }
        if let Some(refusal) = misrouted(switches, &target, operation) {
            return Done::unchanged(refusal);
        }
        let id = target.client_id().unwrap_or_default();
        let done = manage(store, voice, id, operation);
        Done::settled(done.map_err(|refusal| voice.refuse(&refusal)))
    }

    fn control(&self, path: &[&str], request: &Request) -> Option<Answer> {
        admin::control(self, path, request)
    }

    fn state(&self) -> Value {
        let inner = self.inner();
        json!({
            "clients": inner.store.clients.now(),
            "bearer_token": inner.bearer_token,
            "tokens": inner.store.tokens.len(),
        })
    }

    fn reset(&self) {
        *self.inner() = Inner::new(&self.config);
    }
}

/// What the router says to a request that leads nowhere.
fn misrouted(switches: &Switches, target: &Target, operation: Operation) -> Option<Answer> {
    let status = match (target, switches.rotation) {
        (Target::Elsewhere, _) => 404,
        (Target::Rotation(_), Refuse(status)) => status,
        (_, Refuse(_) | Do(Feature::Offered)) if operation == operations::OTHER => 405,
        _ => return None,
    };
    if status != 405 {
        return Some(Answer::page(status, "The requested route does not exist."));
    }
    let answer = Answer::with_body(405, "text/plain; charset=utf-8", format!("{}\n", title(405)));
    let allowed = HeaderValue::from_static(target.allowed());
    Some(answer.header(ALLOW, allowed))
}

/// A call to the admin API of somebody who may make it.
fn manage(store: &mut Store, voice: Voice<'_>, id: &str, operation: Operation) -> Result<Done, Refusal> {
    match operation {
        operations::LIST => clients::list(store, voice).map(Done::unchanged),
        operations::REGISTER => clients::register(store, voice),
        operations::UPDATE => clients::update(store, voice, id),
        operations::PATCH => clients::patch(store, voice, id),
        operations::DELETE => clients::delete(store, voice, id),
        operations::LIFESPANS => clients::set_lifespans(store, voice, id),
        operations::ROTATE => rotation::rotate(store, voice, id),
        operations::CLEAR => rotation::clear(store, voice, id),
        _ => clients::get(store, voice, id).map(Done::unchanged),
    }
}
