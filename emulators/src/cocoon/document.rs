//! What a request wants an app to be.

use serde_json::{Map, Value};

use super::choices::{GrantsTaken, ImplicitWithRefresh, NoRedirects, RefreshValidity, ShortRefresh};
use super::state::App;
use super::voice::Voice;
use crate::http::Answer;
use crate::management_choices::Field;
use crate::switch::Either::{Do, Refuse};

/// Everything that a request may say.
const KNOWN: [&str; 8] = [
    "appName",
    "clientId",
    "clientSecret",
    "authorizedGrantTypes",
    "accessTokenValiditySeconds",
    "refreshTokenValiditySeconds",
    "registeredRedirectUris",
    "enabled",
];
/// What an app can be authorised for; the last three are switches rather than grant types.
const GRANTS: [&str; 6] = [
    "authorization_code",
    "implicit",
    "password",
    "refresh_token",
    "mfa",
    "device",
];

/// What a request says; `null` counts as nothing.
#[derive(Debug, Default)]
pub struct Wish {
    /// `appName`.
    pub app_name: Option<String>,
    /// `clientId`.
    pub client_id: Option<String>,
    /// `clientSecret`.
    pub client_secret: Option<String>,
    /// `authorizedGrantTypes`.
    pub grants: Option<Vec<String>>,
    /// `accessTokenValiditySeconds`.
    pub access: Option<u32>,
    /// `refreshTokenValiditySeconds`.
    pub refresh: Option<u32>,
    /// `registeredRedirectUris`.
    pub redirects: Option<Vec<String>>,
    /// `enabled`.
    pub enabled: Option<bool>,
}

/// Reads the fields of one request.
struct Reader<'a> {
    voice: Voice<'a>,
    fields: Map<String, Value>,
}

impl Reader<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str) -> Answer {
        self.voice.refuse(400, &format!("{name} cannot be read"))
    }

    fn text(&self, name: &str) -> Result<Option<String>, Answer> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let text = value.as_str().filter(|text| !text.is_empty());
        text.map(|text| Some(text.to_owned()))
            .ok_or_else(|| self.wrong(name))
    }

    fn seconds(&self, name: &str) -> Result<Option<u32>, Answer> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let seconds = value.as_i64().and_then(|seconds| i32::try_from(seconds).ok());
        let seconds = seconds.filter(|seconds| *seconds > 0).map(i32::unsigned_abs);
        seconds.map(Some).ok_or_else(|| self.wrong(name))
    }

    /// A list, written in one of the ways that are taken.
    fn list(&self, name: &str, taken: GrantsTaken) -> Result<Option<Vec<String>>, Answer> {
        let items = match self.value(name) {
            None => return Ok(None),
            Some(Value::Array(items)) if taken != GrantsTaken::Text => {
                let items = items.iter().map(|item| item.as_str().map(str::to_owned));
                items.collect()
            }
            Some(Value::String(text)) if taken != GrantsTaken::Array => {
                let items = text.split(',').map(|item| item.trim().to_owned());
                Some(items.filter(|item| !item.is_empty()).collect())
            }
            Some(_) => None,
        };
        items.map(Some).ok_or_else(|| self.wrong(name))
    }

    fn boolean(&self, name: &str) -> Result<Option<bool>, Answer> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        value.as_bool().map(Some).ok_or_else(|| self.wrong(name))
    }
}

impl Wish {
    /// Reads a request.
    pub fn read(voice: Voice<'_>) -> Result<Self, Answer> {
        let switches = voice.switches;
        if let Refuse(status) = switches.request_type
            && voice.request.media_type() != "application/json"
        {
            return Err(voice.refuse(status, "the content type is not supported"));
        }
        let Ok(Value::Object(fields)) = serde_json::from_slice(&voice.request.body) else {
            return Err(voice.refuse(400, "the body is not a JSON object"));
        };
        if let Refuse(status) = switches.request_fields
            && let Some(name) = fields.keys().find(|name| !KNOWN.contains(&name.as_str()))
        {
            return Err(voice.refuse(status, &format!("unrecognised field {name:?}")));
        }
        let reader = Reader { voice, fields };
        let wish = Self {
            app_name: reader.text("appName")?,
            client_id: reader.text("clientId")?,
            client_secret: reader.text("clientSecret")?,
            grants: reader.list("authorizedGrantTypes", switches.grants_taken)?,
            access: reader.seconds("accessTokenValiditySeconds")?,
            refresh: reader.seconds("refreshTokenValiditySeconds")?,
            redirects: reader.list("registeredRedirectUris", GrantsTaken::Either)?,
            enabled: reader.boolean("enabled")?,
        };
        wish.check_lengths(voice)?;
        Ok(wish)
    }

    fn check_lengths(&self, voice: Voice<'_>) -> Result<(), Answer> {
        let switches = voice.switches;
        let longer = |text: &Option<String>, limit: u64| {
            let length = text.as_ref().map_or(0, |text| text.chars().count() as u64);
            limit > 0 && length > limit
        };
        if longer(&self.app_name, switches.name_limit) {
            return Err(voice.refuse(400, "appName is too long"));
        }
        let short = |secret: &String| (secret.chars().count() as u64) < switches.secret_least;
        if longer(&self.client_secret, switches.secret_limit)
            || self.client_secret.as_ref().is_some_and(short)
        {
            return Err(voice.refuse(400, "clientSecret has not the right length"));
        }
        Ok(())
    }

    /// The name of a field that a registration needs and that is not there.
    pub fn missing(&self) -> Option<&'static str> {
        let there = [
            self.app_name.is_some(),
            self.client_id.is_some(),
            self.client_secret.is_some(),
            self.grants.is_some(),
            self.access.is_some(),
        ];
        KNOWN
            .into_iter()
            .zip(there)
            .find(|(_, there)| !there)
            .map(|(name, _)| name)
    }

    /// Which fields are here.
    pub fn sent(&self) -> Sent {
        Sent {
            refresh: self.refresh.is_some(),
            redirects: self.redirects.is_some(),
        }
    }

    /// The app that a registration wants; the server gives it a `clientInfoId`.
    pub fn registered(self, voice: Voice<'_>) -> Result<App, Answer> {
        if let Some(name) = self.missing() {
            return Err(voice.refuse(400, &format!("{name} is missing")));
        }
        let sent = self.sent();
        let mut app = App {
            client_info_id: String::new(),
            app_name: self.app_name.unwrap_or_default(),
            client_id: self.client_id.unwrap_or_default(),
            client_secret: self.client_secret.unwrap_or_default(),
            authorized_grant_types: self.grants.unwrap_or_default(),
            access_token_validity_seconds: self.access.unwrap_or_default(),
            refresh_token_validity_seconds: self.refresh,
            registered_redirect_uris: self.redirects.unwrap_or_default(),
            enabled: voice.switches.starts_enabled.0,
        };
        settle(voice, &mut app, sent)?;
        Ok(app)
    }
}

/// Which of an app's fields are the request's, and not what was there before.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// The validity of refresh tokens.
    pub refresh: bool,
    /// The redirect URIs.
    pub redirects: bool,
}

/// Applies the rules about grant types to an app.
pub fn settle(voice: Voice<'_>, app: &mut App, sent: Sent) -> Result<(), Answer> {
    settle_grants(voice, app)?;
    settle_refresh(voice, app, sent.refresh)?;
    settle_redirects(voice, app, sent.redirects)
}

fn settle_grants(voice: Voice<'_>, app: &mut App) -> Result<(), Answer> {
    let switches = voice.switches;
    let is_known = |grant: &String| GRANTS.contains(&grant.as_str());
    let unknown = app.authorized_grant_types.iter().find(|grant| !is_known(grant));
    match (unknown, switches.unknown_grant) {
        (Some(grant), Refuse(status)) => {
            return Err(voice.refuse(status, &format!("there is no grant type {grant:?}")));
        }
        (Some(_), Do(Field::Ignored)) => app.authorized_grant_types.retain(is_known),
        (Some(_), Do(Field::Applied)) | (None, _) => {}
    }
    if app.authorized_grant_types.is_empty() {
        return Err(voice.refuse(400, "authorizedGrantTypes is empty"));
    }
    if app.may("implicit") && app.may("refresh_token") {
        match switches.implicit_with_refresh {
            Refuse(status) => return Err(voice.refuse(status, "implicit does not go with refresh_token")),
            Do(ImplicitWithRefresh::Accepted) => {}
            Do(ImplicitWithRefresh::Dropped) => {
                app.authorized_grant_types
                    .retain(|grant| grant != "refresh_token");
            }
        }
    }
    Ok(())
}

fn settle_refresh(voice: Voice<'_>, app: &mut App, sent: bool) -> Result<(), Answer> {
    let switches = voice.switches;
    let needed = app.may("refresh_token") || switches.refresh_validity == RefreshValidity::Always;
    match (app.refresh_token_validity_seconds, switches.refresh_unneeded) {
        (None, _) if needed => return Err(voice.refuse(400, "refreshTokenValiditySeconds is missing")),
        (Some(_), Refuse(status)) if !needed && sent => {
            return Err(voice.refuse(status, "refreshTokenValiditySeconds goes with refresh_token"));
        }
        (Some(_), Refuse(_) | Do(Field::Ignored)) if !needed => app.refresh_token_validity_seconds = None,
        _ => {}
    }
    let access = app.access_token_validity_seconds;
    if app
        .refresh_token_validity_seconds
        .is_none_or(|refresh| refresh > access)
    {
        return Ok(());
    }
    match switches.short_refresh {
        Refuse(status) => {
            let message = "refreshTokenValiditySeconds must be greater than accessTokenValiditySeconds";
            return Err(voice.refuse(status, message));
        }
        Do(ShortRefresh::Accepted) => {}
        Do(ShortRefresh::Raised) => app.refresh_token_validity_seconds = Some(access + 1),
    }
    Ok(())
}

fn settle_redirects(voice: Voice<'_>, app: &mut App, sent: bool) -> Result<(), Answer> {
    let switches = voice.switches;
    let needed = app.may("authorization_code") || app.may("implicit");
    let has_some = !app.registered_redirect_uris.is_empty();
    match (switches.redirects_missing, switches.redirects_unneeded) {
        (Refuse(status), _) if needed && !has_some => {
            Err(voice.refuse(status, "registeredRedirectUris is missing"))
        }
        (_, Refuse(status)) if !needed && has_some && sent => {
            Err(voice.refuse(status, "registeredRedirectUris is not expected"))
        }
        (_, Refuse(_) | Do(Field::Ignored)) if !needed => {
            app.registered_redirect_uris.clear();
            Ok(())
        }
        (Refuse(_) | Do(NoRedirects::Accepted), _) => Ok(()),
    }
}
