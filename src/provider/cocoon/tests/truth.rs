//! The emulator as the truth about its apps.

use std::sync::Arc;

use authserver_emulator::cocoon::state::{App, User};
use authserver_emulator::cocoon::{self, Config, Emulator, Switches};
use authserver_emulator::switch::SwitchInfo;

use super::bench::{Truth, connected};
use super::*;

pub type Bench = bench::Bench<cocoon::Cocoon>;

impl Truth for cocoon::Cocoon {
    type Client = App;

    const LOGS_IN: bool = true;

    async fn start() -> Emulator {
        Emulator::start(Config {
            users: vec![User {
                username: "operator".to_owned(),
                password: PASSWORD.to_owned(),
                administrator: true,
                two_factor: false,
            }],
            bootstrap: ("bootstrap".to_owned(), APP_SECRET.to_owned()),
            ..Config::default()
        })
        .await
        .unwrap()
    }

    fn adapter(emulator: &Emulator, within: Duration) -> Arc<dyn Provider> {
        connected(spec(&emulator.base_url()), &secrets(), within)
    }

    fn switches() -> Vec<SwitchInfo> {
        Switches::info()
    }

    fn turn(emulator: &Emulator, switch: &str, value: &str) {
        emulator.switch(|switches| switches.set(switch, value).unwrap());
    }

    fn add(emulator: &Emulator, name: &str) {
        emulator.add_client(name, SECRET);
    }

    fn target(emulator: &Emulator, name: &str) -> Box<Target> {
        let app = emulator.clients_of(name).remove(0);
        target(&app.client_info_id, name, &app.client_secret)
    }

    fn handles(emulator: &Emulator) -> Vec<String> {
        let apps = emulator.clients().into_iter();
        apps.map(|app| app.client_info_id).collect()
    }

    fn handled(emulator: &Emulator, handle: &str) -> Vec<App> {
        let mut apps = emulator.clients();
        apps.retain(|app| app.client_info_id == handle);
        apps
    }

    fn attempted(emulator: &Emulator, candidate: &Candidate) -> Vec<App> {
        emulator.clients_of(candidate.client_id.as_ref().unwrap())
    }

    fn same(told: &RemoteClient, there: &App) -> bool {
        let grants = there.authorized_grant_types.iter();
        let grants = grants.filter(|word| !matches!(word.as_str(), "mfa" | "device"));
        let metadata = &told.metadata;
        told.handle.0 == there.client_info_id
            && told.name.as_ref() == Some(&there.app_name)
            && told.credential.client_id == there.client_id
            && told.credential.client_secret.is_none()
            && metadata.grant_types == Some(grants.cloned().collect())
            && metadata.access_token_validity_seconds == Some(there.access_token_validity_seconds)
            && metadata.refresh_token_validity_seconds == there.refresh_token_validity_seconds
            && metadata.redirect_uris == Some(there.registered_redirect_uris.iter().cloned().collect())
            && metadata.enabled == Some(there.enabled)
    }

    fn is_disabled(app: &App) -> bool {
        !app.enabled
    }
}

impl Bench {
    /// An app that is there.
    pub fn add(&self, id: &str, secret: &str) -> Box<Target> {
        let app = self.emulator.add_client(id, secret);
        target(&app.client_info_id, id, secret)
    }

    /// The only app of an id.
    pub fn app(&self, id: &str) -> App {
        let mut apps = self.emulator.clients_of(id);
        assert_eq!(apps.len(), 1, "{apps:?}");
        apps.remove(0)
    }

    /// What an attempt to register this id made.
    pub async fn by_id(&self, id: &str) -> Result<Option<RemoteClient>, Fault> {
        self.attempted(&candidate(id, ClientMetadata::default())).await
    }
}
