//! How the server speaks: apps and refusals in the manner that the switches choose.

use serde_json::{Map, Value, json};

use super::choices::{
    Booleans, ChangeSecret, ContentType, EnabledShown, GrantsOrder, InfoId, ListFields, ListText, Unset,
};
use super::state::App;
use super::switches::Switches;
use crate::http::{Answer, Request};
use crate::listing::Listing;
use crate::management_choices::ReadSecret;
use crate::speech::{hidden, json_answer, number, refusal, unauthorized};
use crate::switch::Success;

/// One request and how it is to be answered.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    /// The switches.
    pub switches: &'a Switches,
    /// The request.
    pub request: &'a Request,
}

/// In which call an app is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In the list.
    List,
    /// In GET of one.
    Read,
    /// In the answer to its registration.
    Registered,
    /// In the answer to a change.
    Changed,
}

impl Voice<'_> {
    /// A JSON answer. 204 goes without its body.
    pub fn json(&self, Success(status): Success, value: &Value) -> Answer {
        json_answer(status, value, self.content_type())
    }

    /// A refusal.
    pub fn refuse(&self, status: u16, message: &str) -> Answer {
        let body = self.switches.error_body;
        refusal(body, status, message, self.request, self.content_type())
    }

    /// The answer to a token that does not do.
    pub fn unauthorized(&self) -> Answer {
        let refuse = |status| self.refuse(status, "the access token is missing, unknown or has expired");
        unauthorized(
            self.switches.unauthorized,
            "Bearer realm=\"access-service\"",
            refuse,
        )
    }

    fn content_type(&self) -> Option<&'static str> {
        match self.switches.content_type {
            ContentType::Json => Some("application/json"),
            ContentType::JsonUtf8 => Some("application/json;charset=UTF-8"),
            ContentType::Text => Some("text/plain"),
            ContentType::Absent => None,
        }
    }

    /// How the list is answered.
    pub fn listing(&self) -> Listing {
        Listing {
            shape: self.switches.list_shape,
            paging: self.switches.paging,
            page_size: self.switches.page_size,
        }
    }

    /// A `clientInfoId` as JSON.
    pub fn info_id(&self, id: &str) -> Value {
        match id.parse::<u64>() {
            Ok(number) if self.switches.info_id == InfoId::Number => json!(number),
            _ => json!(id),
        }
    }

    /// An app as JSON.
    pub fn app(&self, app: &App, shown: Shown) -> Value {
        let switches = self.switches;
        let mut fields = Map::new();
        let mut insert = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        insert("clientInfoId", self.info_id(&app.client_info_id));
        insert("clientId", json!(app.client_id));
        insert("appName", json!(app.app_name));
        let enabled_is_shown = match switches.enabled_shown {
            EnabledShown::Always => true,
            EnabledShown::GetOnly => shown == Shown::Read,
            EnabledShown::Never => false,
        };
        if enabled_is_shown {
            insert("enabled", boolean(switches.booleans, app.enabled));
        }
        if shown == Shown::List && switches.list_fields == ListFields::Brief {
            return Value::Object(fields);
        }
        let read = match shown {
            Shown::List | Shown::Read => switches.read_secret,
            Shown::Registered | Shown::Changed => match switches.change_secret {
                ChangeSecret::Absent => ReadSecret::Absent,
                ChangeSecret::AtRegistration if shown == Shown::Changed => ReadSecret::Absent,
                ChangeSecret::Shown | ChangeSecret::AtRegistration => ReadSecret::Shown,
                ChangeSecret::Masked => ReadSecret::Masked,
                ChangeSecret::Null => ReadSecret::Null,
            },
        };
        if let Some(secret) = hidden(read, &app.client_secret, shown == Shown::List) {
            insert("clientSecret", secret);
        }
        insert("authorizedGrantTypes", self.grants(&app.authorized_grant_types));
        let access = number(switches.numbers, app.access_token_validity_seconds.into());
        insert("accessTokenValiditySeconds", access);
        let refresh = app.refresh_token_validity_seconds;
        let refresh = refresh.map(|seconds| number(switches.numbers, seconds.into()));
        if let Some(value) = self.set_or_not(refresh, number(switches.numbers, 0)) {
            insert("refreshTokenValiditySeconds", value);
        }
        let uris = &app.registered_redirect_uris;
        let uris = (!uris.is_empty()).then(|| list(switches.redirects_text, uris));
        if let Some(value) = self.set_or_not(uris, list(switches.redirects_text, &[])) {
            insert("registeredRedirectUris", value);
        }
        if switches.extra_fields.0 {
            insert("createdDate", json!(1_767_225_600_000_u64));
            insert("owner", json!({ "name": "system", "groups": [] }));
        }
        Value::Object(fields)
    }

    fn set_or_not(&self, value: Option<Value>, empty: Value) -> Option<Value> {
        match (value, self.switches.unset) {
            (Some(value), _) => Some(value),
            (None, Unset::Empty) => Some(empty),
            (None, Unset::Null) => Some(Value::Null),
            (None, Unset::Absent) => None,
        }
    }

    fn grants(&self, grants: &[String]) -> Value {
        let mut grants = grants.to_vec();
        match self.switches.grants_order {
            GrantsOrder::AsGiven => {}
            GrantsOrder::Sorted => grants.sort_unstable(),
            GrantsOrder::Reversed => grants.reverse(),
        }
        list(self.switches.grants_text, &grants)
    }
}

fn list(text: ListText, items: &[String]) -> Value {
    match text {
        ListText::Array => json!(items),
        ListText::Comma => json!(items.join(",")),
        ListText::CommaBlank => json!(items.join(", ")),
    }
}

fn boolean(booleans: Booleans, value: bool) -> Value {
    match booleans {
        Booleans::Boolean => json!(value),
        Booleans::Text => json!(value.to_string()),
        Booleans::Number => json!(u8::from(value)),
    }
}
