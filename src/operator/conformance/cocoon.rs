//! Cocoon's emulator, by default and with each value of each of its switches, one at a time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use authserver_emulator::cocoon::choices::GrantsTaken;
use authserver_emulator::cocoon::state::{App, User};
use authserver_emulator::cocoon::{Config, Emulator, Switches};
use authserver_emulator::management_choices::Field;
use authserver_emulator::misbehave::Behaviour;
use authserver_emulator::switch::Either;
use futures::FutureExt as _;

use super::emulated::{self, Known, senseless};
use super::server::{
    Door, Edit, Hands, Manner, Records, Requests, ServerUnderTest, Sessions, Specimen, Voice, Weather,
};
use super::verdict::{Checked, does_not_apply, failed};
use crate::api::{
    Cocoon as Spec, CocoonAuth, PasswordAuth, ProviderSpec, SecretRef, ServerSpec, grant_types,
};
use crate::model::{ClientMetadata, Confidential, Credential, Handle, RemoteClient};
use crate::provider::connect::Secrets;

const SERVER: &str = "Cocoon (emulator)";
const USER: &str = "operator";
const APP: &str = "bootstrap";
const APP_SECRET: &str = "canary-of-the-bootstrap-secret";
/// A validity that no check asks for.
const OTHER_VALIDITY: u32 = 777;

const PAGES: &[&str] = &["more than three pages"];
const DISABLING: &[&str] = &["disable instead of delete"];
/// Where a secret is replaced in place.
const ROTATIONS: &[&str] = &[
    "rotate",
    "secret of the application's own",
    "killed after every call",
    "killed after every step",
    "every answer lost",
    "every request lost",
    "every request delivered late",
    "throttled",
    "denied",
    "failed though done",
    "absurd answers to changes",
    "absurd answers to reads",
    "unknown fields",
    "client of another cluster",
];

const KNOWN: &[Known] = &[
    (
        "two_factor",
        &["everybody"],
        senseless(
            &[],
            "no administrator can log in without a second factor, which the operator cannot show",
        ),
    ),
    (
        "name_limit",
        &["1"],
        senseless(
            &[],
            "no name fits into one character that tells whose a client is, so none is registered",
        ),
    ),
    (
        "secret_limit",
        &["1"],
        senseless(
            &[],
            "no secret fits into one character that cannot be guessed, so no client is registered",
        ),
    ),
    (
        "put_secret",
        &["ignored"],
        senseless(
            ROTATIONS,
            "it drops a new secret, says that it is done, and shows none: nothing can tell, as the page says",
        ),
    ),
    (
        "put_secret",
        &["400", "401", "403", "404", "409", "500"],
        senseless(
            ROTATIONS,
            "it takes no new secret, which is told; a rotation with an overlap registers another client",
        ),
    ),
    (
        "enable",
        &[],
        senseless(DISABLING, "it cannot disable a client, as it is documented to"),
    ),
    (
        "enabled_shown",
        &["never"],
        senseless(
            DISABLING,
            "it does not show whether a client is enabled, so the toggle is not touched",
        ),
    ),
    (
        "enabled_shown",
        &["get_only", "never"],
        senseless(PAGES, "its list does not show all of a client, so each is read"),
    ),
    (
        "list_fields",
        &["brief"],
        senseless(PAGES, "its list does not show all of a client, so each is read"),
    ),
    (
        "paging",
        &["cut", "page", "offset", "repeats"],
        senseless(
            PAGES,
            "its list ends early or repeats itself, its dashboard counts more clients, and so it is not believed",
        ),
    ),
    (
        "unauthorized",
        &["forbidden", "login_page", "login_redirect"],
        senseless(
            &["admin session ended: one login"],
            "what it says of a token that has ended is not that the token is no good",
        ),
    ),
    (
        "token_error_status",
        &["404", "409", "500"],
        senseless(
            &["admin credential refused: said"],
            "what it says of a wrong password is not that it is wrong",
        ),
    ),
    (
        "duplicate_app_name",
        &[],
        senseless(
            &["name taken by somebody else"],
            "that its names are unique is not documented: its own words are told, and that an app of the name is there",
        ),
    ),
];

/// Values of switches that stand for many: one of each more than the emulator's own samples have.
const MORE: [(&str, &str); 5] = [
    ("name_limit", "255"),
    ("secret_least", "32"),
    ("secret_limit", "64"),
    ("read_lag_ms", "20"),
    ("old_secret_seconds", "3600"),
];

/// All of them.
pub(super) fn specimens() -> Vec<Specimen> {
    let mut all = vec![Specimen {
        turn: None,
        ..specimen("default".to_owned(), Switches::default())
    }];
    for (switch, value) in emulated::turns(Switches::info(), &MORE) {
        let mut switches = Switches::default();
        switches.set(switch, &value).unwrap();
        all.push(Specimen {
            marks: emulated::marks(KNOWN, switch, &value),
            turn: Some(all.len()),
            ..specimen(format!("{switch}={value}"), switches)
        });
    }
    all
}

fn specimen(variant: String, switches: Switches) -> Specimen {
    let start = move || {
        let lag = Duration::from_millis(switches.read_lag_ms);
        let detours = detours(&switches);
        let config = Config {
            users: vec![User {
                username: USER.to_owned(),
                password: password(1),
                administrator: true,
                two_factor: false,
            }],
            bootstrap: (APP.to_owned(), APP_SECRET.to_owned()),
            switches: switches.clone(),
            ..Config::default()
        };
        async move {
            let emulator = Emulator::start(config).await.map_err(|error| error.to_string())?;
            let emulated = Emulated {
                emulator,
                password: AtomicU32::new(1),
                lag,
                detours,
            };
            Ok(Box::new(emulated) as Box<dyn ServerUnderTest>)
        }
        .boxed()
    };
    Specimen {
        server: SERVER,
        variant,
        turn: Some(0),
        start: Box::new(start),
        marks: Vec::new(),
    }
}

/// The administrator's password, of which there is one after the other.
fn password(number: u32) -> String {
    format!("canary-of-admin-password-{number}")
}

struct Emulated {
    emulator: Emulator,
    password: AtomicU32,
    lag: Duration,
    detours: usize,
}

/// What is refused is tried once more in other words: with grant types as text; without the client id, and then without the
/// secret. And what begins disabled has to be enabled.
fn detours(switches: &Switches) -> usize {
    let refuses = |field: Either<Field>| usize::from(matches!(field, Either::Refuse(_)));
    usize::from(switches.grants_taken == GrantsTaken::Text)
        + usize::from(!switches.starts_enabled.0)
        + refuses(switches.put_client_id)
        + 2 * refuses(switches.put_secret)
}

fn remote(app: &App) -> RemoteClient {
    // The other two are switches, not grants.
    let grants = app.authorized_grant_types.iter();
    let grants = grants.filter(|grant| !matches!(grant.as_str(), "mfa" | "device"));
    RemoteClient {
        handle: Handle(app.client_info_id.clone()),
        name: Some(app.app_name.clone()),
        marker: None,
        credential: Credential {
            client_id: app.client_id.clone(),
            client_secret: Some(Confidential::new(app.client_secret.clone())),
        },
        metadata: ClientMetadata {
            grant_types: Some(grants.cloned().collect()),
            redirect_uris: Some(app.registered_redirect_uris.iter().cloned().collect()),
            access_token_validity_seconds: Some(app.access_token_validity_seconds),
            refresh_token_validity_seconds: app.refresh_token_validity_seconds,
            enabled: Some(app.enabled),
            ..ClientMetadata::default()
        },
        secret_expires_at: None,
        access: None,
    }
}

#[async_trait]
impl ServerUnderTest for Emulated {
    fn spec(&self) -> ServerSpec {
        let provider = ProviderSpec::Cocoon(Spec {
            url: self.emulator.base_url(),
            auth: CocoonAuth::Password(PasswordAuth {
                secret_ref: SecretRef {
                    name: "credential".to_owned(),
                },
                username_key: "username".to_owned(),
                password_key: "password".to_owned(),
                client_id_key: "client-id".to_owned(),
                client_secret_key: "client-secret".to_owned(),
            }),
        });
        ServerSpec::new(provider, None)
    }

    fn secrets(&self) -> Secrets {
        let password = password(self.password.load(Ordering::SeqCst));
        let values = [
            ("username", USER),
            ("password", password.as_str()),
            ("client-id", APP),
            ("client-secret", APP_SECRET),
        ];
        let values = values.map(|(key, value)| (key.to_owned(), Confidential::new(value)));
        BTreeMap::from([("credential".to_owned(), BTreeMap::from(values))])
    }

    async fn accepts(&self, pair: &Credential) -> Checked<bool> {
        let secret = pair.client_secret.as_ref();
        Ok(secret.is_some_and(|secret| self.emulator.verify_pair(&pair.client_id, secret.expose())))
    }

    fn lag(&self) -> Duration {
        self.lag
    }

    fn detours(&self) -> usize {
        self.detours
    }

    fn grant_types(&self) -> [&'static [&'static str]; 2] {
        [
            &[grant_types::AUTHORIZATION_CODE, grant_types::REFRESH_TOKEN],
            &[
                grant_types::AUTHORIZATION_CODE,
                grant_types::REFRESH_TOKEN,
                "password",
            ],
        ]
    }

    fn absurd(&self) -> Vec<Behaviour> {
        let another = r#"{"clientInfoId":"4711","appName":"another","clientId":"i","enabled":true,
            "authorizedGrantTypes":["password"],"accessTokenValiditySeconds":600,"registeredRedirectUris":[]}"#;
        let without_id = r#"{"appName":"another","clientId":"i","enabled":true}"#;
        let odd = r#"{"clientInfoId":["1"],"clientId":17,"enabled":"perhaps"}"#;
        emulated::answers([another, without_id, odd])
    }

    fn records(&self) -> Option<&dyn Records> {
        Some(self)
    }

    fn hands(&self) -> Option<&dyn Hands> {
        Some(self)
    }

    fn weather(&self) -> Option<&dyn Weather> {
        Some(&self.emulator)
    }

    fn door(&self) -> Option<&dyn Door> {
        Some(self)
    }

    fn sessions(&self) -> Option<&dyn Sessions> {
        Some(self)
    }

    fn voice(&self) -> Option<&dyn Voice> {
        Some(self)
    }
}

#[async_trait]
impl Records for Emulated {
    async fn clients(&self) -> Checked<Vec<RemoteClient>> {
        Ok(self.emulator.clients().iter().map(remote).collect())
    }

    async fn requests(&self) -> Checked<Requests> {
        Ok(Requests {
            // Logins too: a password that is refused gets no further.
            managing: self.emulator.counters().operations.values().sum(),
            changing: emulated::changing_requests(&self.emulator, "token"),
        })
    }
}

#[async_trait]
impl Hands for Emulated {
    async fn add(&self, name: &str) -> Checked<RemoteClient> {
        let secret = format!("canary-of-somebody-elses-{name}");
        Ok(remote(&self.emulator.add_client(name, &secret)))
    }

    async fn edit(&self, handle: &Handle, edit: Edit) -> Checked {
        let mut found = false;
        self.emulator.edit_clients(|apps| {
            for app in apps.iter_mut().filter(|app| app.client_info_id == handle.0) {
                found = true;
                match edit {
                    Edit::Metadata => app.access_token_validity_seconds = OTHER_VALIDITY,
                    Edit::Credential => app.client_secret.push_str("-replaced"),
                }
            }
        });
        if found {
            Ok(())
        } else {
            failed(format!("there is no {handle} to edit"))
        }
    }

    async fn remove(&self, handle: &Handle) -> Checked {
        self.emulator
            .edit_clients(|apps| apps.retain(|app| app.client_info_id != handle.0));
        Ok(())
    }
}

#[async_trait]
impl Door for Emulated {
    async fn change(&self) -> Checked<Secrets> {
        let number = self.password.fetch_add(1, Ordering::SeqCst) + 1;
        self.emulator.edit_users(|users| {
            for user in users.iter_mut().filter(|user| user.username == USER) {
                user.password = password(number);
            }
        });
        self.emulator.end_tokens(true);
        Ok(self.secrets())
    }
}

#[async_trait]
impl Sessions for Emulated {
    async fn end(&self) -> Checked {
        self.emulator.end_tokens(true);
        Ok(())
    }

    /// Those that came to a session: where a refresh token is of no use any more, the password follows.
    async fn logins(&self) -> Checked<u64> {
        let requests = self.emulator.requests();
        let good = |status: Option<u16>| status.is_some_and(|status| (200..300).contains(&status));
        let logins = requests
            .iter()
            .filter(|entry| entry.operation == "token" && good(entry.status));
        Ok(logins.count() as u64)
    }
}

#[async_trait]
impl Voice for Emulated {
    async fn speak(&self, manner: Manner) -> Checked {
        let turns: &[(&str, &str)] = match manner {
            Manner::Otherwise => &[
                ("grants_order", "reversed"),
                ("grants_text", "comma_blank"),
                ("redirects_text", "comma"),
                ("numbers", "text"),
                ("booleans", "text"),
                ("unset", "null"),
                ("list_order", "random"),
            ],
            Manner::WithMore => &[("extra_fields", "true"), ("change_secret", "shown")],
            Manner::Less => return does_not_apply("no control: it registers what is asked for, or nothing"),
            Manner::Ending => return does_not_apply("no control: its secrets do not end"),
        };
        let mut said = Ok(());
        self.emulator.switch(|switches| {
            said = emulated::turn_all(turns, |switch, value| switches.set(switch, value));
        });
        said
    }
}
