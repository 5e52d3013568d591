//! The emulator as the truth about its clients.

use std::sync::Arc;

use authserver_emulator::composer::choices::{Handle as Path, ReadId};
use authserver_emulator::composer::state::{Client, User};
use authserver_emulator::composer::{self, Config, Emulator, Switches};
use authserver_emulator::switch::SwitchInfo;

use super::bench::Truth;
use super::*;

pub type Bench = bench::Bench<composer::Composer>;

impl Truth for composer::Composer {
    type Client = Client;

    async fn start() -> Emulator {
        let user = |username: &str, supervisor| User {
            username: username.to_owned(),
            account: "tenant".to_owned(),
            supervisor,
            pushed: 0,
        };
        Emulator::start(Config {
            username: "operator".to_owned(),
            password: PASSWORD.to_owned(),
            users: vec![user(USER, false), user("supervisor", true)],
            ..Config::default()
        })
        .await
        .unwrap()
    }

    fn adapter(emulator: &Emulator, within: Duration) -> Arc<dyn Provider> {
        let spec = spec(&emulator.url(), ComposerAuth::Basic(auth()), Some(probe()));
        connected(spec, &secrets(), within)
    }

    fn switches() -> Vec<SwitchInfo> {
        let mut switches = Switches::info();
        // A secret that is good for one second: what a story shows depends on how fast the machine is.
        switches.retain(|switch| switch.name != "secret_seconds");
        switches
    }

    fn turn(emulator: &Emulator, switch: &str, value: &str) {
        emulator.switch(|switches| switches.set(switch, value).unwrap());
    }

    fn add(emulator: &Emulator, name: &str) {
        emulator.add_client(name, 300);
    }

    fn target(emulator: &Emulator, name: &str) -> Box<Target> {
        let client = emulator.clients_named(name).remove(0);
        Handle(handle(emulator, &client)).into()
    }

    fn handles(emulator: &Emulator) -> Vec<String> {
        let clients = emulator.clients();
        clients.iter().map(|client| handle(emulator, client)).collect()
    }

    fn handled(emulator: &Emulator, handle: &str) -> Vec<Client> {
        let mut clients = emulator.clients();
        clients.retain(|client| is_of(handle, client));
        clients
    }

    fn attempted(emulator: &Emulator, candidate: &Candidate) -> Vec<Client> {
        emulator.clients_named(&candidate.name)
    }

    fn same(told: &RemoteClient, there: &Client) -> bool {
        let expires = told.secret_expires_at.map_or(0, jiff::Timestamp::as_second);
        let secret = told.credential.client_secret.as_ref();
        is_of(&told.handle.0, there)
            && is_of(&told.credential.client_id, there)
            && told.name.as_ref() == Some(&there.client_name)
            && secret.is_none_or(|secret| secret.expose() == there.client_secret)
            && told.metadata.access_token_validity_seconds == Some(there.access_token_validity_seconds)
            && told.metadata.token_endpoint_auth_method.as_deref() == Some("client_secret_basic")
            // Written as a duration it is a second less or more.
            && (expires - there.client_secret_expires_at).abs() <= 1
    }
}

fn is_of(handle: &str, client: &Client) -> bool {
    let mut ids = handle.split(' ');
    ids.all(|id| id == client.client_id || id == client.id)
}

/// The handle that the list shows.
fn handle(emulator: &Emulator, client: &Client) -> String {
    let mut shown = (true, false);
    emulator.switch(|switches| {
        let has_other = switches.handle != Path::ClientId;
        shown = (switches.read_id == ReadId::ClientId, has_other);
    });
    match shown {
        (true, true) => format!("{} {}", client.client_id, client.id),
        (false, true) => client.id.clone(),
        (_, false) => client.client_id.clone(),
    }
}
