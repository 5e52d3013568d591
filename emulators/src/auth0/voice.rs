//! How the server speaks: refusals, clients and credentials in the manner that the switches choose.

use hyper::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};

use super::choices::{AbsentCode, ChangeSecret, ExpiresUnset, SecretWithKeys, TenantShown};
use super::document::{METHODS, SECRET};
use super::refusal::Refusal;
use super::state::{Client, Credential};
use super::switches::Switches;
use crate::http::{Answer, Request, title};
use crate::speech::json_answer;
use crate::switch::Success;

/// The media type of all answers.
const JSON: &str = "application/json; charset=utf-8";
/// What everybody sees of a client who may see anything of it.
const SUMMARY: [&str; 4] = ["client_id", "app_type", "name", "description"];
/// Who of these sees what authenticates a client.
const KEYS: [&str; 2] = ["read:client_keys", "read:client_credentials"];
const SIGNING_KEYS: &str = "signing_keys";
/// What nobody else sees.
const KEY_FIELDS: [&str; 3] = [SECRET, METHODS, SIGNING_KEYS];

/// One request, who makes it, and how it is to be answered.
#[derive(Clone, Copy)]
pub struct Voice<'a> {
    /// The switches.
    pub switches: &'a Switches,
    /// The request.
    pub request: &'a Request,
    /// The name of the tenant.
    pub tenant: &'a str,
    /// The scopes of the caller's token.
    pub scopes: &'a [String],
}

/// In which call a client or a credential is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In the answer to a registration.
    Registered,
    /// In the answer to a change.
    Changed,
    /// In GET of one.
    Read,
    /// In a list.
    Listed,
}

/// A JSON answer. 204 goes without its body.
pub fn said(Success(status): Success, value: &Value) -> Answer {
    json_answer(status, value, Some(JSON))
}

impl Voice<'_> {
    /// A refusal.
    pub fn refuse(&self, refusal: &Refusal) -> Answer {
        let Refusal {
            status,
            message,
            code,
        } = refusal;
        let mut body = json!({ "statusCode": status, "error": title(*status), "message": message });
        let code = match (code, self.switches.absent_code) {
            (Some(code), AbsentCode::NotFound) if code.starts_with("inexistent") => Some("not_found"),
            (Some(code), AbsentCode::Absent) if code.starts_with("inexistent") => None,
            (code, _) => *code,
        };
        if let Some(code) = code.filter(|_| self.switches.error_code.0) {
            body["errorCode"] = json!(code);
        }
        said(Success(*status), &body)
    }

    /// The answer to a token that does not do.
    pub fn unauthorized(&self, message: &str) -> Answer {
        let body = json!({
            "statusCode": 401, "error": "Unauthorized", "message": message, "attributes": { "error": message },
        });
        let answer = said(Success(401), &body);
        let challenge = HeaderValue::from_str(&format!("Bearer error=\"{message}\""));
        match challenge {
            Ok(challenge) if self.switches.challenge.0 => answer.header(WWW_AUTHENTICATE, challenge),
            _ => answer,
        }
    }

    /// Whether the caller has one of these scopes.
    pub fn has(&self, scopes: &[&str]) -> bool {
        self.scopes.iter().any(|scope| scopes.contains(&scope.as_str()))
    }

    /// Refuses a caller who has none of these scopes.
    pub fn need(&self, scopes: &[&str]) -> Result<(), Refusal> {
        if self.has(scopes) {
            Ok(())
        } else {
            Err(Refusal::scope(scopes))
        }
    }

    /// A client as JSON.
    pub fn client(&self, client: &Client, shown: Shown) -> Value {
        let switches = self.switches;
        let mut fields = client.document.clone();
        fields.insert("client_id".to_owned(), json!(client.client_id));
        let changing = matches!(shown, Shown::Registered | Shown::Changed);
        let sees_keys = self.has(&KEYS);
        let sees_secret = sees_keys || (changing && switches.change_secret == ChangeSecret::Always);
        let has_secret = !client.uses_keys() || switches.secret_with_keys == SecretWithKeys::Shown;
        if sees_secret && has_secret {
            fields.insert(SECRET.to_owned(), json!(client.client_secret));
        }
        if sees_keys {
            let cert = format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
                client.client_id
            );
            fields.insert(SIGNING_KEYS.to_owned(), json!([{ "cert": cert }]));
        } else {
            fields.remove(METHODS);
        }
        if let Some(methods) = fields.get_mut(METHODS).filter(|_| shown == Shown::Registered) {
            // Later answers tell their ids only.
            let credentials = client.credentials.iter();
            let credentials = credentials.map(|credential| self.credential(credential, shown));
            methods["private_key_jwt"]["credentials"] = credentials.collect();
        }
        if !changing && !self.has(&["read:clients", "read:client_keys"]) {
            fields.retain(|name, _| SUMMARY.contains(&name.as_str()) || KEY_FIELDS.contains(&name.as_str()));
        }
        let tells_tenant = shown == Shown::Listed || switches.tenant_shown == TenantShown::Always;
        if tells_tenant {
            fields.insert("tenant".to_owned(), json!(self.tenant));
        }
        if tells_tenant || client.global {
            fields.insert("global".to_owned(), json!(client.global));
        }
        if switches.extra_fields.0 {
            fields.insert("async_approval_notification_channels".to_owned(), json!([]));
            fields.insert("owners".to_owned(), json!([{ "id": "system", "groups": [] }]));
        }
        Value::Object(self.chosen(fields, shown))
    }

    /// The fields that the query chooses with `fields` and `include_fields`.
    fn chosen(&self, mut fields: Map<String, Value>, shown: Shown) -> Map<String, Value> {
        let reading = matches!(shown, Shown::Read | Shown::Listed);
        let Some(names) = self
            .request
            .parameter("fields")
            .filter(|names| reading && !names.is_empty())
        else {
            return fields;
        };
        let include = self.request.parameter("include_fields").as_deref() != Some("false");
        let extra = match shown {
            Shown::Listed => "tenant",
            _ => SIGNING_KEYS,
        };
        fields.retain(|field, _| {
            let chosen = names.split(',').any(|name| name.trim() == field);
            chosen == include || (include && self.switches.fields_extra.0 && field == extra)
        });
        fields
    }

    /// A credential as JSON.
    pub fn credential(&self, credential: &Credential, shown: Shown) -> Value {
        let mut fields = json!({
            "id": credential.id,
            "credential_type": "public_key",
            "kid": credential.kid,
            "alg": credential.alg,
            "created_at": time(credential.created_at),
            "updated_at": time(credential.updated_at),
        });
        if let Some(name) = &credential.name {
            fields["name"] = json!(name);
        }
        match (credential.expires_at, self.switches.expires_unset) {
            (Some(at), _) => fields["expires_at"] = json!(time(at)),
            (None, ExpiresUnset::Null) => fields["expires_at"] = Value::Null,
            (None, ExpiresUnset::NullInList) if shown == Shown::Listed => fields["expires_at"] = Value::Null,
            (None, ExpiresUnset::Absent | ExpiresUnset::NullInList) => {}
        }
        fields
    }
}

/// A time as Auth0 writes it.
fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
