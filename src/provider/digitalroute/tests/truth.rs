//! The emulator as the truth about its clients.

use std::sync::Arc;

use authserver_emulator::digitalroute::state::Client;
use authserver_emulator::digitalroute::{self, Auth, Config, Emulator, Switches};
use authserver_emulator::switch::SwitchInfo;

use super::bench::{Truth, connected};
use super::*;
use crate::model::Target;

pub type Bench = bench::Bench<digitalroute::DigitalRoute>;

impl Truth for digitalroute::DigitalRoute {
    type Client = Client;

    async fn start() -> Emulator {
        Emulator::start(Config {
            auth: Auth::Basic {
                username: "operator".to_owned(),
                password: PASSWORD.to_owned(),
            },
            scopes: vec!["read".to_owned(), "write".to_owned()],
            ..Config::default()
        })
        .await
        .unwrap()
    }

    fn adapter(emulator: &Emulator, within: Duration) -> Arc<dyn Provider> {
        connected(spec(&emulator.url()), &secrets(), within)
    }

    fn switches() -> Vec<SwitchInfo> {
        Switches::info()
    }

    fn turn(emulator: &Emulator, switch: &str, value: &str) {
        emulator.switch(|switches| switches.set(switch, value).unwrap());
    }

    fn add(emulator: &Emulator, name: &str) {
        emulator.add_client(name, "read");
    }

    fn target(_: &Emulator, name: &str) -> Box<Target> {
        name.into()
    }

    fn handles(emulator: &Emulator) -> Vec<String> {
        let clients = emulator.clients().into_iter();
        clients.map(|client| client.client_name).collect()
    }

    fn handled(emulator: &Emulator, handle: &str) -> Vec<Client> {
        emulator.clients_named(handle)
    }

    fn attempted(emulator: &Emulator, candidate: &Candidate) -> Vec<Client> {
        emulator.clients_named(&candidate.name)
    }

    fn same(told: &RemoteClient, there: &Client) -> bool {
        let scopes = there.scope.split_whitespace().map(str::to_owned).collect();
        let secret = told.credential.client_secret.as_ref();
        told.handle.0 == there.client_name
            && told.credential.client_id == there.client_id
            && secret.is_none_or(|secret| secret.expose() == there.client_secret)
            && told.metadata.scopes == Some(scopes)
    }

    fn scopes(emulator: &Emulator) -> BTreeSet<String> {
        emulator.scopes().into_iter().collect()
    }
}
