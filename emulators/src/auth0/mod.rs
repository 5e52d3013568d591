//! The Management API v2 of Auth0, and the token endpoint of a tenant.
//!
//! A management client asks for a token of the Management API by its secret or by `private_key_jwt`, and manages
//! clients, their key credentials, client grants and APIs within its scopes and within the rate limits of a plan.
//! The tenant's clients ask for tokens of the tenant's APIs in the same ways. Not emulated: TLS, users, other grants,
//! mutual TLS, everything of a client that only a login page needs.

mod admin;
mod apis;
mod assertion;
pub mod choices;
mod clients;
mod credentials;
mod document;
mod emulator;
mod grants;
mod keys;
mod limits;
pub mod operations;
mod paging;
mod refusal;
mod route;
mod schema;
mod seeds;
pub mod state;
mod switches;
mod token;
mod voice;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

pub use emulator::Emulator;
pub use switches::Switches;

use crate::http::{Answer, Request};
use crate::speech::with_headers;
use crate::{AuthServer, Call, Done, Operation};
use refusal::Refusal;
use route::Target;
use seeds::Seeds;
use state::Store;
use voice::Voice;

/// What comes before `/clients`.
const API: &str = "/api/v2";
/// Where tokens are asked for.
const TOKEN_PATH: &str = "/oauth/token";

/// The scopes of the Management API that the emulated calls need.
pub const SCOPES: [&str; 19] = [
    "create:clients",
    "read:clients",
    "update:clients",
    "delete:clients",
    "read:client_keys",
    "update:client_keys",
    "read:client_summary",
    "create:client_credentials",
    "read:client_credentials",
    "update:client_credentials",
    "delete:client_credentials",
    "create:client_grants",
    "read:client_grants",
    "update:client_grants",
    "delete:client_grants",
    "create:resource_servers",
    "read:resource_servers",
    "update:resource_servers",
    "delete:resource_servers",
];

/// The client that manages the tenant.
#[derive(Clone)]
pub struct Management {
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// A public key in PEM; with one it authenticates by `private_key_jwt` only.
    pub public_key: Option<String>,
    /// The scopes of the Management API that are granted to it.
    pub scopes: Vec<String>,
}

/// What an emulator is started with, and returns to on a reset.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// The tenant's own address, where it is listened at another one, a custom domain: scheme and host, without a
    /// slash at the end. Audiences have it.
    pub tenant_url: Option<String>,
    /// The name of the tenant.
    pub tenant: String,
    /// The client that manages it.
    pub management: Management,
    /// Names of clients that somebody registered before.
    pub clients: Vec<String>,
    /// APIs that are there: their identifiers and scopes.
    pub apis: Vec<(String, Vec<String>)>,
    /// The switches.
    pub switches: Switches,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tenant_url: None,
            tenant: "tenant".to_owned(),
            management: Management {
                client_id: "operator".to_owned(),
                client_secret: "operator-secret".to_owned(),
                public_key: None,
                scopes: SCOPES.map(str::to_owned).to_vec(),
            },
            clients: Vec::new(),
            apis: Vec::new(),
            switches: Switches::default(),
        }
    }
}

/// How the tenant is called, without a slash at the end.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Its own address.
    tenant: String,
    /// Where it is listened.
    listened: String,
}

impl Addresses {
    /// The audience of the Management API.
    fn management(&self) -> String {
        format!("{}{API}/", self.tenant)
    }
}

/// The server, in memory.
pub struct Auth0 {
    config: Config,
    addresses: Addresses,
    seeds: Seeds,
    inner: Mutex<Inner>,
}

struct Inner {
    switches: Switches,
    store: Store,
}

impl Inner {
    fn new(config: &Config, seeds: &Seeds) -> Self {
        let Seeds {
            clients,
            apis,
            grants,
        } = seeds;
        Self {
            switches: config.switches.clone(),
            store: Store::new(clients.clone(), apis.clone(), grants.clone()),
        }
    }

    fn knows_pair(&self, client_id: &str, client_secret: &str) -> bool {
        let Self { switches, store } = self;
        let mut clients = store.clients.seen(switches.token_lag_ms).iter();
        clients.any(|client| {
            client.client_id == client_id
                && client.uses_secret()
                && store
                    .good_secrets(switches, client)
                    .iter()
                    .any(|secret| secret == client_secret)
        })
    }
}

impl Auth0 {
    /// A server as configured that is listened at this address, which has no slash at the end.
    pub fn new(config: Config, listened: String) -> io::Result<Self> {
        let tenant = config.tenant_url.clone().unwrap_or_else(|| listened.clone());
        let addresses = Addresses { tenant, listened };
        let seeds = Seeds::new(&config, &addresses)?;
        let inner = Mutex::new(Inner::new(&config, &seeds));
        Ok(Self {
            config,
            addresses,
            seeds,
            inner,
        })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuthServer for Auth0 {
    fn operations(&self) -> &'static [Operation] {
        operations::ALL
    }

    fn classify(&self, request: &Request) -> Call {
        let store = &self.inner().store;
        let target = route::target(&request.path);
        let mut operation = route::operation(&target, &request.method);
        let name = match target {
            Target::Token => {
                let (audience, client_id) = token::claimed(request);
                if operation == operations::TOKEN && audience == Some(self.addresses.management()) {
                    operation = operations::LOGIN;
                }
                client_id.and_then(|id| store.name_of(&id))
            }
            Target::Client(id)
            | Target::Rotation(id)
            | Target::Credentials(id)
            | Target::Credential(id, _) => store.name_of(&id),
            Target::Clients if operation == operations::REGISTER => route::in_body(request, "name"),
            Target::Grants => {
                let in_query = || request.parameter("client_id");
                let id = route::in_body(request, "client_id").or_else(in_query);
                id.and_then(|id| store.name_of(&id))
            }
            Target::Grant(id) => {
                let grant = store.grants.now().iter().find(|grant| grant.id == id);
                grant.and_then(|grant| store.name_of(&grant.client_id))
            }
            Target::Clients | Target::Apis | Target::Api(_) | Target::Elsewhere => None,
        };
        Call { operation, name }
    }

    fn perform(&self, request: &Request) -> Done {
        let mut inner = self.inner();
        let Inner { switches, store } = &mut *inner;
        let target = route::target(&request.path);
        let operation = route::operation(&target, &request.method);
        let addresses = &self.addresses;
        if operation == operations::TOKEN {
            let call = token::Call {
                switches,
                request,
                addresses,
            };
            return Done::unchanged(token::token(store, call));
        }
        let voice = Voice {
            switches,
            request,
            tenant: &self.config.tenant,
            scopes: &[],
        };
        let measured = limits::call(&mut store.buckets, switches, operation);
        let done = if measured.passes {
            manage(store, voice, addresses, &target, operation)
        } else {
            let refusal = Refusal::new(429, "too_many_requests", "Global limit has been reached");
            Done::unchanged(voice.refuse(&refusal))
        };
        Done {
            answer: with_headers(done.answer, measured.headers),
            ..done
        }
    }

    fn control(&self, path: &[&str], request: &Request) -> Option<Answer> {
        admin::control(self, path, request)
    }

    fn state(&self) -> Value {
        let store = &self.inner().store;
        json!({
            "tenant": self.addresses.tenant,
            "audience": self.addresses.management(),
            "clients": store.clients.now(),
            "apis": store.apis.now(),
            "grants": store.grants.now(),
            "tokens": store.tokens.len(),
        })
    }

    fn reset(&self) {
        *self.inner() = Inner::new(&self.config, &self.seeds);
    }
}

/// A call of the Management API within the rate limits.
fn manage(
    store: &mut Store,
    voice: Voice<'_>,
    addresses: &Addresses,
    target: &Target,
    operation: Operation,
) -> Done {
    let Some(text) = voice.request.bearer() else {
        return Done::unchanged(voice.unauthorized("Missing authentication"));
    };
    let token = store.tokens.get(text).cloned();
    let Some(token) = token.filter(|token| token.audience == Some(addresses.management())) else {
        return Done::unchanged(voice.unauthorized("Invalid token"));
    };
    if token.expires <= Instant::now() {
        return Done::unchanged(voice.unauthorized("Expired token received for JSON Web Token validation"));
    }
    let scopes = token.scopes.as_slice();
    let voice = Voice { scopes, ..voice };
    let result = match (target, operation) {
        (_, operations::OTHER) => Err(Refusal::uncoded(404, "Not Found")),
        (Target::Client(id), operations::GET) => clients::get(store, voice, id).map(Done::unchanged),
        (Target::Client(id), operations::UPDATE) => clients::update(store, voice, id),
        (Target::Client(id), _) => clients::delete(store, voice, id),
        (Target::Rotation(id), _) => clients::rotate(store, voice, id),
        (Target::Credentials(id), operations::CREATE_CREDENTIAL) => credentials::create(store, voice, id),
        (Target::Credentials(id), _) => credentials::list(store, voice, id).map(Done::unchanged),
        (Target::Credential(id, key), operations::GET_CREDENTIAL) => {
            credentials::get(store, voice, id, key).map(Done::unchanged)
        }
        (Target::Credential(id, key), operations::UPDATE_CREDENTIAL) => {
            credentials::update(store, voice, id, key)
        }
        (Target::Credential(id, key), _) => credentials::delete(store, voice, id, key),
        (Target::Grants, operations::CREATE_GRANT) => grants::create(store, voice),
        (Target::Grants, _) => grants::list(store, voice).map(Done::unchanged),
        (Target::Grant(id), operations::GET_GRANT) => grants::get(store, voice, id).map(Done::unchanged),
        (Target::Grant(id), operations::UPDATE_GRANT) => grants::update(store, voice, id),
        (Target::Grant(id), _) => grants::delete(store, voice, id),
        (Target::Apis, operations::CREATE_API) => apis::create(store, voice),
        (Target::Apis, _) => apis::list(store, voice).map(Done::unchanged),
        (Target::Api(name), operations::GET_API) => apis::get(store, voice, name).map(Done::unchanged),
        (Target::Api(name), operations::UPDATE_API) => apis::update(store, voice, name),
        (Target::Api(name), _) => apis::delete(store, voice, name),
        (_, operations::REGISTER) => clients::register(store, voice),
        _ => clients::list(store, voice).map(Done::unchanged),
    };
    Done::settled(result.map_err(|refusal| voice.refuse(&refusal)))
}
