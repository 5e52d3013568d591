//! Cocoon Data SafeShare, formerly the Covata Platform.
//!
//! An administrator logs in by way of an app and manages apps with the token: the caller chooses id and secret,
//! the server an id for paths. Apps are switched on and off by a toggle. Not emulated: TLS, pages for users, the
//! step of the second factor, what else the product does.

mod admin;
mod apps;
pub mod choices;
mod document;
mod emulator;
mod login;
mod route;
pub mod state;
mod switches;
mod voice;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use emulator::Emulator;
pub use switches::Switches;

use crate::http::{Answer, Request};
use crate::{AuthServer, Call, Done, Operation};
use choices::Rights;
use route::Target;
use state::{App, Store, User};
use voice::Voice;

/// What comes between the context path and `/clientapps`.
const API: &str = "/api/v1";
/// The token endpoint, below the context path.
const TOKEN_PATH: &str = "/api/oauth/token";
/// How long tokens of apps are good that were there before, in seconds.
const SEED_VALIDITY: u32 = 600;
/// How long their refresh tokens are.
const SEED_REFRESH_VALIDITY: u32 = 3600;

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

    /// GET `/clientapps`.
    pub const LIST: Operation = read("list");
    /// GET `/clientapps/<clientInfoId>`.
    pub const GET: Operation = read("get");
    /// POST `/clientapps`.
    pub const REGISTER: Operation = mutation("register");
    /// PUT `/clientapps/<clientInfoId>`.
    pub const UPDATE: Operation = mutation("update");
    /// PUT `/clientapps/<clientInfoId>/enable`.
    pub const ENABLE: Operation = mutation("enable");
    /// DELETE `/clientapps/<clientInfoId>`.
    pub const DELETE: Operation = mutation("delete");
    /// GET `/dashboard/clients`.
    pub const DASHBOARD: Operation = read("dashboard");
    /// A token request, the administrator's login too.
    pub const TOKEN: Operation = read("token");
    /// Whatever else came: unknown paths and methods.
    pub const OTHER: Operation = read("other");
    /// All of them.
    pub const ALL: &[Operation] = &[
        LIST, GET, REGISTER, UPDATE, ENABLE, DELETE, DASHBOARD, TOKEN, OTHER,
    ];
}

/// What an emulator is started with, and returns to on a reset.
#[derive(Clone)]
pub struct Config {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// What comes first in every path; nothing by the documentation.
    pub context_path: String,
    /// The users, administrators and others.
    pub users: Vec<User>,
    /// Id and secret of the app that administrators log in with; it has `password` and `refresh_token`.
    pub bootstrap: (String, String),
    /// Each the `clientId` and `appName` of an app that somebody registered before; its secret is
    /// `secret-of-` and that.
    pub clients: Vec<String>,
    /// The switches.
    pub switches: Switches,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            context_path: String::new(),
            users: vec![User {
                username: "operator".to_owned(),
                password: "operator-password".to_owned(),
                administrator: true,
                two_factor: false,
            }],
            bootstrap: ("bootstrap".to_owned(), "bootstrap-secret".to_owned()),
            clients: Vec::new(),
            switches: Switches::default(),
        }
    }
}

/// The server, in memory.
pub struct Cocoon {
    config: Config,
    inner: Mutex<Inner>,
}

struct Inner {
    switches: Switches,
    store: Store,
}

impl Inner {
    fn new(config: &Config) -> Self {
        let switches = config.switches.clone();
        let mut store = Store::new(config.users.clone());
        let (id, secret) = &config.bootstrap;
        store.add(&switches, there_before(id, secret));
        for name in &config.clients {
            store.add(&switches, there_before(name, &secret_of(name)));
        }
        store.apps.forget();
        Self { switches, store }
    }

    fn knows_pair(&self, client_id: &str, client_secret: &str) -> bool {
        let app = self.store.authenticate(client_id, client_secret);
        app.is_some_and(|app| app.enabled)
    }
}

/// The secret of an app for which nobody chose one. Not its id: who looks for secrets where they must not be
/// would find that everywhere.
fn secret_of(client_id: &str) -> String {
    format!("secret-of-{client_id}")
}

/// An app of somebody else, named like its id.
fn there_before(client_id: &str, client_secret: &str) -> App {
    App {
        client_info_id: String::new(),
        app_name: client_id.to_owned(),
        client_id: client_id.to_owned(),
        client_secret: client_secret.to_owned(),
        authorized_grant_types: ["password", "refresh_token"].map(str::to_owned).to_vec(),
        access_token_validity_seconds: SEED_VALIDITY,
        refresh_token_validity_seconds: Some(SEED_REFRESH_VALIDITY),
        registered_redirect_uris: Vec::new(),
        enabled: true,
    }
}

impl Cocoon {
    /// A server as configured.
    pub fn new(config: Config) -> Self {
        let inner = Mutex::new(Inner::new(&config));
        Self { config, inner }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AuthServer for Cocoon {
    fn operations(&self) -> &'static [Operation] {
        operations::ALL
    }

    fn classify(&self, request: &Request) -> Call {
        let inner = self.inner();
        let target = route::target(&self.config.context_path, &request.path);
        let operation = route::operation(&target, &request.method);
        let voice = Voice {
            switches: &inner.switches,
            request,
        };
        let name = match target {
            Target::App(id) | Target::Enable(id) => inner.store.name_of(&id),
            Target::Apps if operation == operations::REGISTER => route::name_in_body(request),
            Target::Token => login::pair(voice).and_then(|(id, _)| inner.store.name_of(&id)),
            Target::Apps | Target::Dashboard | Target::Elsewhere => None,
        };
        Call { operation, name }
    }

    fn perform(&self, request: &Request) -> Done {
        let mut inner = self.inner();
        let Inner { switches, store } = &mut *inner;
        let voice = Voice { switches, request };
        let target = route::target(&self.config.context_path, &request.path);
        let operation = route::operation(&target, &request.method);
        if target == Target::Elsewhere {
            return Done::unchanged(voice.refuse(404, "there is nothing here"));
        }
        match operation {
            operations::OTHER => Done::unchanged(voice.refuse(405, "the method is not allowed")),
            operations::TOKEN => Done::unchanged(login::token(store, voice)),
            _ => match check(store, voice, operation) {
                Err(refusal) => Done::unchanged(refusal),
                Ok(()) => manage(store, voice, &target, operation),
            },
        }
    }

    fn control(&self, path: &[&str], request: &Request) -> Option<Answer> {
        admin::control(self, path, request)
    }

    fn state(&self) -> Value {
        let inner = self.inner();
        let users = inner.store.users.iter().map(|user| &user.username);
        json!({
            "clients": inner.store.apps.now(),
            "users": users.collect::<Vec<_>>(),
            "tokens": inner.store.tokens.len(),
            "refresh_tokens": inner.store.refresh_tokens.len(),
        })
    }

    fn reset(&self) {
        *self.inner() = Inner::new(&self.config);
    }
}

/// Refuses a management call that the bearer of the token may not make.
fn check(store: &Store, voice: Voice<'_>, operation: Operation) -> Result<(), Answer> {
    let switches = voice.switches;
    let token = voice.request.bearer().and_then(|token| store.tokens.get(token));
    let token = token.filter(|token| token.is_alive());
    let token = token.ok_or_else(|| voice.unauthorized())?;
    let user = store.user(&token.username).ok_or_else(|| voice.unauthorized())?;
    if token.restricted {
        return Err(voice.refuse(switches.restricted_use.0, "the second factor is missing"));
    }
    let reads = switches.rights == Rights::EverybodyReads && !operation.mutating;
    if user.administrator || reads {
        Ok(())
    } else {
        Err(voice.refuse(403, "the user is not an administrator"))
    }
}

/// A management call of somebody who may make it.
fn manage(store: &mut Store, voice: Voice<'_>, target: &Target, operation: Operation) -> Done {
    let id = match target {
        Target::App(id) | Target::Enable(id) => id.as_str(),
        _ => "",
    };
    match operation {
        operations::LIST => Done::unchanged(apps::list(store, voice)),
        operations::DASHBOARD => Done::unchanged(apps::dashboard(store, voice)),
        operations::REGISTER => Done::settled(apps::register(store, voice)),
        operations::UPDATE => Done::settled(apps::update(store, voice, id)),
        operations::ENABLE => Done::settled(apps::enable(store, voice, id)),
        operations::DELETE => Done::settled(apps::delete(store, voice, id)),
        _ => Done::unchanged(apps::get(store, voice, id)),
    }
}
