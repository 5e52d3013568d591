//! How a client is written in answers.

use serde_json::{Map, Number, Value, json};

use super::choices::{ArrayOrder, Numbers, ScopeText, SecretExpiresAt, UnsetFields};
use super::manage_choices::Management;
use super::metadata::REGISTERED;
use super::route::client_uri;
use super::state::Client;
use super::voice::Voice;

/// Which credentials an answer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown<'a> {
    /// The secret as it is written, if it is.
    pub secret: Option<&'a str>,
    /// Whether the registration access token is there.
    pub rat: bool,
}

impl Voice<'_> {
    /// A client's whole document.
    pub fn client(&self, client: &Client, shown: Shown<'_>) -> Value {
        let mut fields = self.metadata(&client.metadata);
        let mut insert = |name: &str, value: Value| fields.insert(name.to_owned(), value);
        insert("client_id", json!(client.client_id));
        insert("client_id_issued_at", self.number(client.client_id_issued_at));
        if let Some(secret) = shown.secret {
            insert("client_secret", json!(secret));
        }
        if client.is_confidential()
            && let Some(expires) = self.secret_expires_at(client.client_secret_expires_at)
        {
            insert("client_secret_expires_at", expires);
        }
        let (has_uri, has_rat) = match self.switches.management {
            Management::Full => (true, shown.rat),
            Management::None => (false, false),
            Management::TokenOnly => (false, shown.rat),
            Management::UriOnly => (true, false),
        };
        let uri = client_uri(self.origin, self.issuer_path, &client.place);
        if has_uri {
            insert("registration_client_uri", json!(uri));
        }
        if has_rat && let Some(rat) = &client.registration_access_token {
            insert("registration_access_token", json!(rat));
        }
        if self.switches.extra_fields.0 {
            let link = json!({ "self": { "href": uri, "methods": ["GET", "PUT", "DELETE"] } });
            insert("_links", link);
            insert("enabled", json!(true));
            insert("owner", json!({ "id": 17, "groups": [{ "name": "clients" }] }));
            insert("revision", json!(1.5));
            insert("notes", Value::Null);
        }
        Value::Object(fields)
    }

    fn metadata(&self, registered: &Map<String, Value>) -> Map<String, Value> {
        let mut fields = Map::new();
        if self.switches.unset_fields == UnsetFields::Null {
            fields.extend(REGISTERED.map(|name| (name.to_owned(), Value::Null)));
        }
        for (name, value) in registered {
            let value = match value {
                Value::String(scope) if name == "scope" => match self.scope(scope) {
                    Some(scope) => json!(scope),
                    None => continue,
                },
                Value::Array(items) => Value::Array(self.ordered(items.clone())),
                Value::Number(number) => number.as_i64().map_or(Value::Null, |number| self.number(number)),
                other => other.clone(),
            };
            fields.insert(name.clone(), value);
        }
        fields
    }

    fn scope(&self, scope: &str) -> Option<String> {
        let mut scopes: Vec<&str> = scope.split_whitespace().collect();
        match self.switches.scope_text {
            ScopeText::AsGiven => Some(scope.to_owned()),
            ScopeText::Reversed => {
                scopes.reverse();
                Some(scopes.join(" "))
            }
            ScopeText::Padded => Some(format!(" {} ", scopes.join("  "))),
            ScopeText::Absent => None,
        }
    }

    fn ordered(&self, mut items: Vec<Value>) -> Vec<Value> {
        match self.switches.array_order {
            ArrayOrder::AsGiven => {}
            ArrayOrder::Sorted => items.sort_by_key(ToString::to_string),
            ArrayOrder::Reversed => items.reverse(),
        }
        items
    }

    #[allow(
        clippy::cast_precision_loss,
        reason = "times of this and the next thousand centuries are exact as floating point numbers"
    )]
    fn number(&self, number: i64) -> Value {
        match self.switches.numbers {
            Numbers::Integer => json!(number),
            Numbers::Text => json!(number.to_string()),
            Numbers::Fraction => Number::from_f64(number as f64).map_or(Value::Null, Value::Number),
        }
    }

    fn secret_expires_at(&self, seconds: i64) -> Option<Value> {
        match self.switches.secret_expires_at {
            SecretExpiresAt::Standard => Some(self.number(seconds)),
            SecretExpiresAt::Text => Some(json!(seconds.to_string())),
            SecretExpiresAt::Negative => Some(json!(-1)),
            SecretExpiresAt::Milliseconds => Some(json!(seconds.saturating_mul(1000))),
            SecretExpiresAt::Null => Some(Value::Null),
            SecretExpiresAt::Absent => None,
        }
    }
}
